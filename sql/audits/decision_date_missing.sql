-- Recognitions with a star but no date; a line whose current star stands alone lacks the date of its first recognition.
-- Source: the register's form (F3); validity and the period of a recognition follow from the date of its decision.
SELECT g.submission_id, g.sheet, c.cell, JSON_OBJECT('product', g.product_name) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key
    AND c.field = 'first_date'
WHERE
    g.first_date IS NULL AND COALESCE(g.first_star_code, g.current_star_code, 'none') <> 'none'
    AND c.state IN ('blank', 'nothing')
UNION ALL
SELECT g.submission_id, g.sheet, c.cell, JSON_OBJECT('product', g.product_name) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key
    AND c.field = 'second_date'
WHERE
    g.second_date IS NULL AND COALESCE(g.second_star_code, 'none') <> 'none'
    AND c.state IN ('blank', 'nothing')
