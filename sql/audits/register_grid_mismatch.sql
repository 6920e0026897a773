-- Recognitions of the period on the progress sheet (SP01, in all and by star) against the decisions in the register
-- that are dated within the period's window.
-- Source: indicators.csv, SP01: counted from the register by date of decision; the grid is a cross-check.
WITH decisions AS (
    SELECT g.submission_id, g.first_star_code AS star, g.first_date AS decided
    FROM staging.register_rows AS g
    UNION ALL
    SELECT g.submission_id, g.second_star_code, g.second_date
    FROM staging.register_rows AS g
),

counted AS (
    SELECT s.submission_id, d.star
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN decisions AS d ON d.submission_id = s.submission_id AND d.decided BETWEEN s.period_start AND s.period_end
    WHERE d.star IS NULL OR d.star <> 'none'
),

counts AS (
    SELECT submission_id, '' AS breakdown, COUNT(*) AS decisions_count FROM counted GROUP BY submission_id
    UNION ALL
    SELECT submission_id, CONCAT('star=', star), COUNT(*)
    FROM counted
    WHERE star IS NOT NULL
    GROUP BY submission_id, star
)

SELECT
    s.submission_id, c.sheet, c.cell,
    JSON_OBJECT(
        'line', l.line_code, 'label', l.label_vi, 'grid', CASE c.state WHEN 'number' THEN c.number ELSE 0 END,
        'register', COALESCE(k.decisions_count, 0)
    ) AS args
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period AND l.indicator = 'SP01'
JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
    AND c.state IN ('number', 'nothing')
LEFT JOIN counts AS k ON k.submission_id = s.submission_id AND k.breakdown = l.breakdown
WHERE CASE c.state WHEN 'number' THEN c.number ELSE 0 END <> COALESCE(k.decisions_count, 0)
