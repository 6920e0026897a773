-- Recognitions with a date but no star.
-- Source: the register's form (F3); a decision recognises at a star.
SELECT g.submission_id, g.sheet, c.cell, JSON_OBJECT('product', g.product_name) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = 'first_star'
WHERE g.first_date IS NOT NULL AND g.first_star IS NULL
UNION ALL
SELECT g.submission_id, g.sheet, c.cell, JSON_OBJECT('product', g.product_name) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = 'second_star'
WHERE g.second_date IS NOT NULL AND g.second_star IS NULL
