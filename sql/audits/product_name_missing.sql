-- Lines of the register without a product: a recognition of nothing.
-- Source: the register's form (F3).
SELECT g.submission_id, g.sheet, g.product_cell AS cell, JSON_OBJECT() AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
WHERE g.product_name IS NULL
