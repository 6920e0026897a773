-- One row per recognition of a product and commune that lists it: the first one and, where the register shows one, the
-- re-evaluation. The same event reported again, by another form or in another month, is one row: the first report of it
-- stands. What kind of event it is follows from the product's own history, not from the column it was written in: the
-- first, a higher star, a lower one, the same again.
WITH events AS (
    SELECT
        l.submission_id, l.sheet, l.line_key, l.form, l.sequence, l.unit_id, l.product_name, l.producer_name,
        l.listed_product_id, l.listed_producer_id, g.first_cell AS cell, g.product_cell, g.producer_type_code,
        w.product_group, g.first_star_code AS star, CAST(NULL AS VARCHAR) AS star_before, g.first_date AS decision_date,
        g.first_decision AS decision_no, g.first_body AS issuing_body
    FROM core.listings AS l
    JOIN staging.register_rows AS g
        ON g.submission_id = l.submission_id AND g.sheet = l.sheet AND g.line_key = l.line_key
    JOIN staging.register_places AS w
        ON w.submission_id = l.submission_id AND w.sheet = l.sheet AND w.line_key = l.line_key
    UNION ALL
    SELECT
        l.submission_id, l.sheet, l.line_key, l.form, l.sequence, l.unit_id, l.product_name, l.producer_name,
        l.listed_product_id, l.listed_producer_id, g.second_cell, g.product_cell, g.producer_type_code,
        w.product_group, g.second_star_code, g.first_star_code, g.second_date, g.second_decision, g.second_body
    FROM core.listings AS l
    JOIN staging.register_rows AS g
        ON g.submission_id = l.submission_id AND g.sheet = l.sheet AND g.line_key = l.line_key
    JOIN staging.register_places AS w
        ON w.submission_id = l.submission_id AND w.sheet = l.sheet AND w.line_key = l.line_key
),

folded AS (
    SELECT
        e.submission_id, e.form, e.sequence, e.sheet, COALESCE(e.cell, e.product_cell) AS cell, e.product_name,
        e.producer_name, e.producer_type_code, e.product_group, e.unit_id, e.star, e.star_before, e.decision_date,
        e.decision_no, e.issuing_body,
        COALESCE(product.identity_id, e.listed_product_id) AS product_id,
        COALESCE(producer.identity_id, e.listed_producer_id) AS producer_id,
        REGEXP_REPLACE(LOWER(e.issuing_body), '(^| )tp[. ]+', ' thành phố ') AS body
    FROM events AS e
    LEFT JOIN register.identities AS product
        ON product.name_kind = 'product' AND product.listed_id = e.listed_product_id
    LEFT JOIN register.identities AS producer
        ON producer.name_kind = 'producer' AND producer.listed_id = e.listed_producer_id
    WHERE e.decision_date IS NOT NULL AND e.star IN ('3', '4', 'potential_5', '5')
),

ranked AS (
    SELECT
        f.submission_id, f.sheet, f.cell, f.product_id, f.product_name, f.producer_id, f.producer_name,
        f.producer_type_code, f.product_group, f.unit_id, f.star, f.star_before, f.decision_date, f.decision_no,
        f.issuing_body, f.body,
        ROW_NUMBER() OVER (
            PARTITION BY f.product_id, f.decision_date, f.unit_id
            ORDER BY CASE WHEN f.form = 'OCOP-XA' THEN 0 ELSE 1 END, f.sequence, f.sheet, f.cell
        ) AS place
    FROM folded AS f
),

star_ranks AS (
    SELECT '3' AS star, 1 AS star_rank
    UNION ALL SELECT '4', 2
    UNION ALL SELECT 'potential_5', 3
    UNION ALL SELECT '5', 4
),

-- The star of the decision before, as the product's own history has it; where that begins with a re-evaluation, as the
-- line of the register says.
decisions AS (
    SELECT
        k.product_id, k.decision_date, MAX(now.star_rank) AS star_rank, MAX(was.star_rank) AS rank_before
    FROM ranked AS k
    JOIN star_ranks AS now ON now.star = k.star
    LEFT JOIN star_ranks AS was ON was.star = k.star_before
    WHERE k.place = 1
    GROUP BY k.product_id, k.decision_date
),

histories AS (
    SELECT
        d.product_id, d.decision_date,
        COALESCE(
            MIN(d.star_rank) OVER (
                PARTITION BY d.product_id ORDER BY d.decision_date ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
            ),
            d.rank_before
        ) AS last_rank
    FROM decisions AS d
),

-- Cities under a province (Đà Lạt, Huế until 2024) are districts, cities of their own (Hà Nội) are provinces.
district_cities AS (
    SELECT DISTINCT b.body, b.decision_date
    FROM (SELECT DISTINCT body, decision_date FROM ranked WHERE place = 1) AS b
    JOIN catalogue.units AS u
        ON u.tier = 'district' AND b.decision_date BETWEEN u.valid_from AND u.valid_to
        AND LOWER(u.full_name) LIKE 'thành phố %' AND b.body LIKE CONCAT('%', LOWER(u.full_name), '%')
)

SELECT
    k.product_id, k.decision_date, k.product_name, k.producer_id, k.producer_name,
    k.producer_type_code AS producer_type, g.sector AS product_group, g.list_version AS group_list, g.code AS group_line,
    k.unit_id, k.star,
    CASE
        WHEN h.last_rank IS NULL THEN 'first'
        WHEN now.star_rank > h.last_rank THEN 'upgrade'
        WHEN now.star_rank < h.last_rank THEN 'downgrade'
        ELSE 'again'
    END AS recognition_kind,
    CASE
        WHEN k.body LIKE '%huyện%' OR k.body LIKE '%quận%' OR k.body LIKE '%thị xã%' OR c.body IS NOT NULL
            THEN 'district'
        WHEN k.body LIKE 'bộ %' OR k.body LIKE '%trung ương%' THEN 'ministry'
        WHEN k.body IS NOT NULL THEN 'province'
    END AS recognising_level,
    k.issuing_body, k.decision_no,
    -- 36 months from the decision, in every regime (QĐ 1048/QĐ-TTg, QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg).
    CAST(k.decision_date + INTERVAL '36' MONTH AS DATE) AS expiry_date,
    k.submission_id, k.sheet, k.cell
FROM ranked AS k
JOIN histories AS h ON h.product_id = k.product_id AND h.decision_date = k.decision_date
JOIN star_ranks AS now ON now.star = k.star
LEFT JOIN catalogue.group_words AS g
    ON g.word = LOWER(k.product_group) AND k.decision_date BETWEEN g.valid_from AND g.valid_to
LEFT JOIN district_cities AS c ON c.body = k.body AND c.decision_date = k.decision_date
WHERE k.place = 1
