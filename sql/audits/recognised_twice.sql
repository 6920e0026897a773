-- Two decisions that give one product the same star within twelve months, in one register or in what is known of the unit:
-- one recognition entered twice, with another day or number, or two decisions that claim the same upgrade.
-- Source: QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg: a certificate lasts 36 months, and is renewed when it nears its end. The twelve
-- months are ours; a warning, because a province may renew early.
WITH lines AS (
    SELECT
        g.submission_id, g.sheet, g.row_no, g.product_name, g.first_star_code, g.first_date, g.first_decision,
        g.first_body, g.first_cell, g.second_star_code, g.second_date, g.second_decision, g.second_body, g.second_cell,
        COALESCE(product.spelling_key, LOWER(TRIM(g.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(g.producer_name)), '') AS producer_key,
        COALESCE(n.unit_id, s.unit_id) AS unit_id, COALESCE(LOWER(TRIM(g.commune_name)), '') AS commune
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = g.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = g.producer_name
    LEFT JOIN raw.import_lines AS n
        ON n.submission_id = g.submission_id AND n.sheet = g.sheet AND n.line_key = g.line_key
    WHERE g.product_name IS NOT NULL
),

claims AS (
    SELECT
        submission_id, sheet, row_no, 1 AS slot, product_name, product_key, producer_key, unit_id, commune,
        first_star_code AS star, first_date AS decided, first_decision AS decision_no, first_cell AS cell,
        REGEXP_EXTRACT(first_decision, '[0-9]+') AS number, LOWER(TRIM(first_body)) AS body
    FROM lines
    WHERE first_star_code IN ('3', '4', 'potential_5', '5') AND first_date IS NOT NULL
    UNION ALL
    SELECT
        submission_id, sheet, row_no, 2, product_name, product_key, producer_key, unit_id, commune,
        second_star_code, second_date, second_decision, second_cell, REGEXP_EXTRACT(second_decision, '[0-9]+'), LOWER(TRIM(second_body))
    FROM lines
    WHERE second_star_code IN ('3', '4', 'potential_5', '5') AND second_date IS NOT NULL
),

known AS (
    SELECT
        e.unit_id, e.star, e.decision_date AS decided, e.decision_no, REGEXP_EXTRACT(e.decision_no, '[0-9]+') AS number,
        COALESCE(product.spelling_key, LOWER(TRIM(e.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(e.producer_name)), '') AS producer_key
    FROM core.recognitions AS e
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = e.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = e.producer_name
),

others AS (
    SELECT
        a.submission_id, a.sheet, a.row_no, a.slot, a.unit_id, a.commune, a.product_key, a.producer_key, a.star,
        a.decided, a.decision_no, a.number, a.cell
    FROM claims AS a
    UNION ALL
    SELECT
        NULL, NULL, NULL, NULL, k.unit_id, NULL, k.product_key, k.producer_key, k.star, k.decided, k.decision_no, k.number,
        NULL
    FROM known AS k
),

-- A recognition known from before and repeated here is no second one.
pairs AS (
    SELECT
        b.submission_id, b.sheet, b.cell, b.product_name, b.star, b.decided, b.decision_no,
        a.decided AS other_decided, a.decision_no AS other_decision_no, a.cell AS other_cell,
        ROW_NUMBER() OVER (
            PARTITION BY b.submission_id, b.sheet, b.row_no, b.slot
            ORDER BY CASE WHEN a.submission_id IS NULL THEN 1 ELSE 0 END, a.sheet, a.row_no, a.slot, a.decided
        ) AS place
    FROM claims AS b
    JOIN others AS a
        ON a.unit_id = b.unit_id AND a.product_key = b.product_key AND a.producer_key = b.producer_key
        AND (
            a.submission_id IS NULL
            OR (
                a.submission_id = b.submission_id AND a.commune = b.commune
                AND (a.sheet < b.sheet OR (a.sheet = b.sheet AND (a.row_no, a.slot) < (b.row_no, b.slot)))
            )
        )
    LEFT JOIN known AS k
        ON a.submission_id IS NULL AND k.unit_id = b.unit_id AND k.product_key = b.product_key
        AND k.producer_key = b.producer_key AND k.decided = b.decided
    WHERE
        k.unit_id IS NULL AND a.star = b.star AND a.decided <> b.decided
        AND (
            COALESCE(a.number, '') = '' OR COALESCE(b.number, '') = '' OR a.number <> b.number
            OR EXTRACT(YEAR FROM a.decided) <> EXTRACT(YEAR FROM b.decided)
        )
        AND b.decided < CAST(a.decided + INTERVAL '12' MONTH AS DATE)
        AND a.decided < CAST(b.decided + INTERVAL '12' MONTH AS DATE)
)

SELECT
    p.submission_id, p.sheet, p.cell,
    JSON_OBJECT(
        'product', p.product_name, 'star', CONCAT('star_', p.star), 'day', p.decided,
        'decision', COALESCE(p.decision_no, 'no_number'), 'other_day', p.other_decided,
        'other_decision', COALESCE(p.other_decision_no, 'no_number'), 'other_cell', p.other_cell
    ) AS args
FROM pairs AS p
WHERE p.place = 1
