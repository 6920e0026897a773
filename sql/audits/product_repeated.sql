-- The same product of the same producer on more than one line of a register; the later lines are shown.
-- Source: ours; a warning, because a product is counted once all the same.
WITH ranked AS (
    SELECT
        g.submission_id, g.sheet, g.product_cell, g.product_name, g.producer_name,
        ROW_NUMBER() OVER (
            PARTITION BY g.submission_id, LOWER(TRIM(g.product_name)), LOWER(TRIM(g.producer_name)),
                LOWER(TRIM(g.commune_name))
            ORDER BY g.row_no
        ) AS place
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE g.product_name IS NOT NULL AND g.producer_name IS NOT NULL
)

SELECT
    submission_id, sheet, product_cell AS cell,
    JSON_OBJECT('product', product_name, 'producer', producer_name) AS args
FROM ranked
WHERE place > 1
