-- The same product of the same producer on more than one line of a register; the later lines are shown.
-- Source: ours; a warning, because a product is counted once all the same.
WITH products AS (
    SELECT
        g.submission_id, LOWER(TRIM(g.product_name)) AS product, LOWER(TRIM(g.producer_name)) AS producer,
        LOWER(TRIM(g.commune_name)) AS commune, MIN(g.row_no) AS first_row
    FROM staging.register_rows AS g
    JOIN meta.run_periods AS r ON r.period = g.period
    WHERE g.product_name IS NOT NULL AND g.producer_name IS NOT NULL
    GROUP BY ALL
    HAVING COUNT(*) > 1
)

SELECT
    g.submission_id, g.sheet, g.product_cell AS cell,
    JSON_OBJECT('product', g.product_name, 'producer', g.producer_name) AS args
FROM products AS p
JOIN staging.register_rows AS g
    ON g.submission_id = p.submission_id AND g.row_no > p.first_row AND LOWER(TRIM(g.product_name)) = p.product
    AND LOWER(TRIM(g.producer_name)) = p.producer AND LOWER(TRIM(g.commune_name)) IS NOT DISTINCT FROM p.commune
