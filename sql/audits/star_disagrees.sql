-- Current stars that are not those of the latest recognition.
-- Source: the register's form (F3): the current star is that of the latest decision.
WITH latest AS (
    SELECT
        g.submission_id, g.sheet, g.line_key, g.current_star, g.current_star_code,
        CASE WHEN g.second_date >= COALESCE(g.first_date, g.second_date) THEN g.second_star ELSE g.first_star END AS star,
        CASE
            WHEN g.second_date >= COALESCE(g.first_date, g.second_date) THEN g.second_star_code ELSE g.first_star_code
        END AS star_code
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE g.current_star_code IS NOT NULL
)

-- A star told for a whole list stands as its code: people are told its word.
SELECT
    g.submission_id, g.sheet, c.cell,
    JSON_OBJECT(
        'current', g.current_star, 'latest', CASE WHEN g.star = g.star_code THEN CONCAT('star_', g.star) ELSE g.star END
    ) AS args
FROM latest AS g
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = 'current_star'
WHERE g.star_code <> g.current_star_code
