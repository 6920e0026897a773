-- Recognitions with a star or the number of a decision but no date; a line whose current star stands alone lacks the
-- date of its first recognition. Where the register has no such column the line's product is shown.
-- Source: the register's form (F3); validity and the period of a recognition follow from the date of its decision.
WITH undated AS (
    SELECT g.submission_id, g.sheet, g.line_key, g.product_name, g.product_cell, 'first_date' AS field
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE
        g.first_date IS NULL AND COALESCE(g.first_star, g.current_star, g.first_decision) IS NOT NULL
        AND COALESCE(g.first_star_code, CASE WHEN g.first_star IS NULL THEN g.current_star_code END, '') <> 'none'
    UNION ALL
    SELECT g.submission_id, g.sheet, g.line_key, g.product_name, g.product_cell, 'second_date'
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE
        g.second_date IS NULL AND COALESCE(g.second_star, g.second_decision) IS NOT NULL
        AND COALESCE(g.second_star_code, '') <> 'none'
)

SELECT u.submission_id, u.sheet, COALESCE(c.cell, u.product_cell) AS cell, JSON_OBJECT('product', u.product_name) AS args
FROM undated AS u
LEFT JOIN staging.cells AS c
    ON c.submission_id = u.submission_id AND c.part = 'register' AND c.line_key = u.line_key AND c.sheet = u.sheet
    AND c.field = u.field
WHERE c.cell IS NULL OR c.state IN ('blank', 'nothing')
