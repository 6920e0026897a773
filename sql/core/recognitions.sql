-- One row per recognition of a product: the first one and, where the register shows one, the re-evaluation (nâng hạng,
-- công nhận lại). The same event reported again, by another form or in another month, is one row: the first report of
-- it stands. A product is one producer's product of one name in one commune; its spelling is folded.
WITH lines AS (
    SELECT
        g.submission_id, g.period, s.form, s.sequence, s.unit_id AS reporter_id, p.end_date, g.sheet,
        g.product_name, g.producer_name, g.producer_type_code, g.product_group, g.commune_name,
        g.first_star_code, g.first_date, g.first_decision, g.first_body, g.first_cell,
        g.second_star_code, g.second_date, g.second_decision, g.second_body, g.second_cell, g.product_cell
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN catalogue.periods AS p ON p.period = g.period
),

located AS (
    SELECT
        l.submission_id, l.period, l.form, l.sequence, l.sheet, l.product_name, l.producer_name,
        l.producer_type_code, l.product_group, l.first_star_code, l.first_date, l.first_decision, l.first_body,
        l.first_cell, l.second_star_code, l.second_date, l.second_decision, l.second_body, l.second_cell,
        l.product_cell,
        CASE WHEN l.form = 'OCOP-XA' THEN l.reporter_id ELSE u.unit_id END AS unit_id
    FROM lines AS l
    -- A district's register names the commune, with or without its type.
    LEFT JOIN catalogue.units AS u
        ON l.form <> 'OCOP-XA' AND u.parent_id = l.reporter_id AND l.end_date BETWEEN u.valid_from AND u.valid_to
        AND LOWER(TRIM(l.commune_name)) IN (LOWER(u.name), LOWER(u.full_name))
),

events AS (
    SELECT
        submission_id, form, sequence, sheet, first_cell AS cell, product_cell, product_name, producer_name,
        producer_type_code, product_group, unit_id, first_star_code AS star, first_date AS decision_date,
        first_decision AS decision_no, first_body AS issuing_body, 'first' AS recognition_kind
    FROM located
    UNION ALL
    SELECT
        submission_id, form, sequence, sheet, second_cell, product_cell, product_name, producer_name,
        producer_type_code, product_group, unit_id, second_star_code, second_date, second_decision, second_body,
        CASE
            WHEN CASE second_star_code WHEN '3' THEN 3 WHEN '4' THEN 4 WHEN 'potential_5' THEN 5 WHEN '5' THEN 6 END
                > CASE first_star_code WHEN '3' THEN 3 WHEN '4' THEN 4 WHEN 'potential_5' THEN 5 WHEN '5' THEN 6 END
                THEN 'upgrade'
            ELSE 'again'
        END
    FROM located
),

folded AS (
    SELECT
        e.submission_id, e.form, e.sequence, e.sheet, COALESCE(e.cell, e.product_cell) AS cell, e.product_name,
        e.producer_name, e.producer_type_code, e.product_group, e.unit_id, e.star, e.decision_date, e.decision_no,
        e.issuing_body, e.recognition_kind,
        MD5(CONCAT(e.unit_id, '|', LOWER(TRIM(e.producer_name)), '|', LOWER(TRIM(e.product_name)))) AS product_id,
        MD5(LOWER(TRIM(e.producer_name))) AS producer_id
    FROM events AS e
    WHERE e.decision_date IS NOT NULL AND e.unit_id IS NOT NULL AND e.star IN ('3', '4', 'potential_5', '5')
),

ranked AS (
    SELECT
        f.submission_id, f.sheet, f.cell, f.product_id, f.product_name, f.producer_id, f.producer_name,
        f.producer_type_code, f.product_group, f.unit_id, f.star, f.decision_date, f.decision_no, f.issuing_body,
        f.recognition_kind,
        ROW_NUMBER() OVER (
            PARTITION BY f.product_id, f.decision_date
            ORDER BY CASE WHEN f.form = 'OCOP-XA' THEN 0 ELSE 1 END, f.sequence, f.sheet, f.cell
        ) AS place
    FROM folded AS f
),

sectors AS (
    SELECT LOWER(i.name_vi) AS word, i.valid_from, i.valid_to, MIN(i.code) AS code
    FROM catalogue.code_items AS i
    WHERE i.code_list = 'product_sector'
    GROUP BY LOWER(i.name_vi), i.valid_from, i.valid_to
)

SELECT
    k.product_id, k.decision_date, k.product_name, k.producer_id, k.producer_name,
    k.producer_type_code AS producer_type, COALESCE(g.code, latest.code) AS product_group, k.unit_id, k.star,
    k.recognition_kind,
    CASE
        WHEN LOWER(k.issuing_body) LIKE '%huyện%' OR LOWER(k.issuing_body) LIKE '%quận%'
            OR LOWER(k.issuing_body) LIKE '%thị xã%' THEN 'district'
        WHEN LOWER(k.issuing_body) LIKE 'bộ %' THEN 'ministry'
        WHEN k.issuing_body IS NOT NULL THEN 'province'
    END AS recognising_level,
    k.issuing_body, k.decision_no,
    -- 36 months from the decision, in every regime (QĐ 1048/QĐ-TTg, QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg).
    CAST(k.decision_date + INTERVAL '36' MONTH AS DATE) AS expiry_date,
    k.submission_id, k.sheet, k.cell
FROM ranked AS k
LEFT JOIN sectors AS g
    ON g.word = LOWER(TRIM(k.product_group)) AND k.decision_date BETWEEN g.valid_from AND g.valid_to
LEFT JOIN sectors AS latest ON latest.word = LOWER(TRIM(k.product_group)) AND latest.valid_to = DATE '9999-12-31'
WHERE k.place = 1
