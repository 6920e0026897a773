-- Two decisions that give one product the same star within twelve months, in one register or in what is known of the unit:
-- one recognition entered twice, with another day and number, or two decisions that claim the same upgrade. Each is
-- compared with the one before it; shown is the later, or the one that was not known before. Where both were known, it
-- was said when the second of them came: registers are sent again every month, and the doubt is not repeated with them.
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
        e.unit_id, COALESCE(c.star, e.star) AS star, e.decision_date AS decided, e.decision_no,
        REGEXP_EXTRACT(e.decision_no, '[0-9]+') AS number,
        COALESCE(product.spelling_key, LOWER(TRIM(e.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(e.producer_name)), '') AS producer_key
    FROM core.recognitions AS e
    LEFT JOIN core.certificates AS c ON c.product_id = e.product_id AND c.decision_date = e.decision_date
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = e.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = e.producer_name
    WHERE COALESCE(c.ending_kind, '') <> 'correction'
),

told AS (
    SELECT
        submission_id, unit_id, commune, product_key, producer_key, star, decided, product_name, decision_no, number, sheet,
        cell, 0 AS is_known
    FROM claims
    UNION ALL
    SELECT
        c.submission_id, k.unit_id, c.commune, k.product_key, k.producer_key, k.star, k.decided, NULL, k.decision_no,
        k.number, NULL, NULL, 1
    FROM known AS k
    JOIN (SELECT DISTINCT submission_id, unit_id, commune, product_key, producer_key FROM claims) AS c
        ON c.unit_id = k.unit_id AND c.product_key = k.product_key AND c.producer_key = k.producer_key
),

-- One row a day; told here and known before is both.
days AS (
    SELECT
        submission_id, unit_id, commune, product_key, producer_key, star, decided, MIN(product_name) AS product_name,
        MIN(decision_no) AS decision_no, MIN(number) AS number, MIN(sheet) AS sheet, MIN(cell) AS cell,
        MAX(is_known) AS is_known, MIN(is_known) AS not_listed
    FROM told
    GROUP BY submission_id, unit_id, commune, product_key, producer_key, star, decided
),

-- Most products have a star once: only the others are compared.
several AS (
    SELECT submission_id, unit_id, commune, product_key, producer_key, star
    FROM days
    GROUP BY submission_id, unit_id, commune, product_key, producer_key, star
    HAVING COUNT(*) > 1
),

pairs AS (
    SELECT
        d.submission_id, d.star, d.product_name, d.sheet, d.cell, d.decided, d.decision_no, d.number, d.is_known, d.not_listed,
        MIN(d.product_name) OVER before AS other_product_name, MIN(d.sheet) OVER before AS other_sheet,
        MIN(d.cell) OVER before AS other_cell, MIN(d.decided) OVER before AS other_decided,
        MIN(d.decision_no) OVER before AS other_decision_no, MIN(d.number) OVER before AS other_number,
        MIN(d.is_known) OVER before AS other_is_known, MIN(d.not_listed) OVER before AS other_not_listed
    FROM days AS d
    JOIN several AS m
        ON m.submission_id = d.submission_id AND m.unit_id = d.unit_id AND m.commune = d.commune
        AND m.product_key = d.product_key AND m.producer_key = d.producer_key AND m.star = d.star
    WINDOW before AS (
        PARTITION BY d.submission_id, d.unit_id, d.commune, d.product_key, d.producer_key, d.star
        ORDER BY d.decided ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
    )
),

close AS (
    SELECT
        submission_id, star, product_name, sheet, cell, decided, decision_no, is_known, not_listed, other_product_name,
        other_sheet, other_cell, other_decided, other_decision_no, other_is_known, other_not_listed
    FROM pairs
    WHERE
        decided < CAST(other_decided + INTERVAL '12' MONTH AS DATE)
        AND (
            COALESCE(number, '') = '' OR COALESCE(other_number, '') = '' OR number <> other_number
            OR EXTRACT(YEAR FROM decided) <> EXTRACT(YEAR FROM other_decided)
        )
)

SELECT
    c.submission_id, c.sheet, c.cell,
    JSON_OBJECT(
        'product', c.product_name, 'star', CONCAT('star_', c.star), 'day', c.decided,
        'decision', COALESCE(c.decision_no, 'no_number'), 'other_day', c.other_decided,
        'other_decision', COALESCE(c.other_decision_no, 'no_number'), 'other_cell', c.other_cell
    ) AS args
FROM close AS c
WHERE c.not_listed = 0 AND (c.is_known = 0 OR (c.other_not_listed = 0 AND c.other_is_known = 0))
UNION ALL
SELECT
    c.submission_id, c.other_sheet, c.other_cell,
    JSON_OBJECT(
        'product', c.other_product_name, 'star', CONCAT('star_', c.star), 'day', c.other_decided,
        'decision', COALESCE(c.other_decision_no, 'no_number'), 'other_day', c.decided,
        'other_decision', COALESCE(c.decision_no, 'no_number'), 'other_cell', NULL
    ) AS args
FROM close AS c
WHERE c.not_listed = 1 AND c.other_not_listed = 0 AND c.other_is_known = 0
