-- Products without a producer, after merged cells were carried down.
-- Source: the register's form (F3); producers are counted, and a product is known by its producer.
SELECT g.submission_id, g.sheet, c.cell, JSON_OBJECT('product', g.product_name) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = 'producer_name'
WHERE g.product_name IS NOT NULL AND g.producer_name IS NULL
