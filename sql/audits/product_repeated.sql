-- The same product of the same producer on more than one line of a register; the later lines are shown, with the cell of
-- the first. Certain spellings of a name are one name.
-- Source: ours; a warning, because a product is counted once all the same.
WITH lines AS (
    SELECT
        g.submission_id, g.sheet, g.row_no, g.product_name, g.producer_name, g.product_cell,
        COALESCE(product.spelling_key, LOWER(TRIM(g.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(g.producer_name))) AS producer_key,
        COALESCE(LOWER(TRIM(g.commune_name)), '') AS commune
    FROM staging.register_rows AS g
    JOIN meta.run_periods AS r ON r.period = g.period
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = g.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = g.producer_name
    WHERE g.product_name IS NOT NULL AND g.producer_name IS NOT NULL
),

placed AS (
    SELECT
        l.submission_id, l.sheet, l.product_name, l.producer_name, l.product_cell,
        ROW_NUMBER() OVER (
            PARTITION BY l.submission_id, l.product_key, l.producer_key, l.commune ORDER BY l.sheet, l.row_no
        ) AS place,
        FIRST_VALUE(l.product_cell) OVER (
            PARTITION BY l.submission_id, l.product_key, l.producer_key, l.commune ORDER BY l.sheet, l.row_no
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS first_cell
    FROM lines AS l
)

SELECT
    p.submission_id, p.sheet, p.product_cell AS cell,
    JSON_OBJECT('product', p.product_name, 'producer', p.producer_name, 'first', p.first_cell) AS args
FROM placed AS p
WHERE p.place > 1
