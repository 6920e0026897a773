-- One row per recognition of a product and commune that lists it: the first one and, where the register shows one, the
-- re-evaluation (nâng hạng, công nhận lại). The same event reported again, by another form or in another month, is one
-- row: the first report of it stands. A product keeps its id when its commune goes into another one and that lists it
-- again: it is named after the commune of today. A product is one producer's product of one name in one commune; case and the place of tone marks (hòa,
-- hoà) make no other name. No recognition is lost because a district's line names its commune in an unknown way.
WITH lines AS (
    SELECT
        g.submission_id, s.form, s.sequence, s.unit_id AS reporter_id, w.unit_id, p.end_date, g.sheet,
        g.product_name, g.producer_name, g.producer_type_code, w.product_group,
        g.first_star_code, g.first_date, g.first_decision, g.first_body, g.first_cell,
        g.second_star_code, g.second_date, g.second_decision, g.second_body, g.second_cell, g.product_cell
    FROM staging.register_rows AS g
    JOIN staging.register_places AS w
        ON w.submission_id = g.submission_id AND w.sheet = g.sheet AND w.line_key = g.line_key
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN catalogue.periods AS p ON p.period = g.period
),

names AS (
    SELECT product_name AS name FROM lines
    UNION
    SELECT producer_name FROM lines
),

-- Old and new orthography differ in the vowel that carries the tone in oa, oe and uy only.
spelled AS (
    SELECT
        n.name,
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
        REPLACE(REPLACE(LOWER(TRIM(n.name)),
            'òa', 'oà'), 'óa', 'oá'), 'ỏa', 'oả'), 'õa', 'oã'), 'ọa', 'oạ'),
            'òe', 'oè'), 'óe', 'oé'), 'ỏe', 'oẻ'), 'õe', 'oẽ'), 'ọe', 'oẹ'),
            'ùy', 'uỳ'), 'úy', 'uý'), 'ủy', 'uỷ'), 'ũy', 'uỹ'), 'ụy', 'uỵ') AS spelling
    FROM names AS n
),

keyed AS (
    SELECT
        l.submission_id, l.form, l.sequence, l.reporter_id, l.unit_id, l.end_date, l.sheet, l.product_name,
        l.producer_name, l.producer_type_code, l.product_group,
        l.first_star_code, l.first_date, l.first_decision, l.first_body, l.first_cell,
        l.second_star_code, l.second_date, l.second_decision, l.second_body, l.second_cell, l.product_cell,
        product.spelling AS product_key, COALESCE(producer.spelling, '') AS producer_key
    FROM lines AS l
    JOIN spelled AS product ON product.name = l.product_name
    LEFT JOIN spelled AS producer ON producer.name = l.producer_name
),

-- Where a commune below the district lists the same product itself, that is where a district's line belongs.
listed AS (
    SELECT u.parent_id, k.producer_key, k.product_key, MIN(k.unit_id) AS unit_id
    FROM keyed AS k
    JOIN catalogue.units AS u ON u.unit_id = k.unit_id AND k.end_date BETWEEN u.valid_from AND u.valid_to
    WHERE k.form = 'OCOP-XA'
    GROUP BY u.parent_id, k.producer_key, k.product_key
),

located AS (
    SELECT
        k.submission_id, k.form, k.sequence, k.sheet, k.product_name, k.producer_name, k.producer_type_code,
        k.product_group, k.first_star_code, k.first_date, k.first_decision, k.first_body, k.first_cell,
        k.second_star_code, k.second_date, k.second_decision, k.second_body, k.second_cell, k.product_cell,
        k.product_key, k.producer_key, COALESCE(k.unit_id, o.unit_id, k.reporter_id) AS unit_id
    FROM keyed AS k
    LEFT JOIN listed AS o
        ON o.parent_id = k.reporter_id AND o.producer_key = k.producer_key AND o.product_key = k.product_key
),

-- The successor that lists the product itself; of a district, any commune of the province it went into.
heirs AS (
    SELECT l.unit_id, l.producer_key, l.product_key, MIN(h.unit_id) AS heir_id
    FROM located AS l
    JOIN catalogue.successions AS s ON s.predecessor_id = l.unit_id
    JOIN located AS h
        ON h.unit_id = s.successor_id AND h.producer_key = l.producer_key AND h.product_key = l.product_key
    GROUP BY l.unit_id, l.producer_key, l.product_key
    UNION ALL
    SELECT l.unit_id, l.producer_key, l.product_key, MIN(h.unit_id)
    FROM located AS l
    JOIN catalogue.units AS d ON d.unit_id = l.unit_id AND d.tier = 'district'
    JOIN catalogue.successions AS s ON s.predecessor_id = d.parent_id
    JOIN catalogue.units AS c ON c.tier = 'commune' AND c.parent_id = s.successor_id
    JOIN located AS h
        ON h.unit_id = c.unit_id AND h.producer_key = l.producer_key AND h.product_key = l.product_key
    GROUP BY l.unit_id, l.producer_key, l.product_key
),

homes AS (
    SELECT
        l.unit_id, l.producer_key, l.product_key,
        COALESCE(MIN(h.heir_id), MIN(s.successor_id), l.unit_id) AS home_id
    FROM located AS l
    LEFT JOIN heirs AS h
        ON h.unit_id = l.unit_id AND h.producer_key = l.producer_key AND h.product_key = l.product_key
    LEFT JOIN catalogue.successions AS s ON s.predecessor_id = l.unit_id AND s.is_default
    GROUP BY l.unit_id, l.producer_key, l.product_key
),

events AS (
    SELECT
        submission_id, form, sequence, sheet, first_cell AS cell, product_cell, product_name, producer_name,
        producer_type_code, product_group, product_key, producer_key, unit_id, first_star_code AS star,
        first_date AS decision_date, first_decision AS decision_no, first_body AS issuing_body,
        'first' AS recognition_kind
    FROM located
    UNION ALL
    SELECT
        submission_id, form, sequence, sheet, second_cell, product_cell, product_name, producer_name,
        producer_type_code, product_group, product_key, producer_key, unit_id, second_star_code, second_date,
        second_decision, second_body,
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
        MD5(CONCAT(h.home_id, '|', e.producer_key, '|', e.product_key)) AS product_id,
        MD5(e.producer_key) AS producer_id,
        REGEXP_REPLACE(LOWER(e.issuing_body), '(^| )tp[. ]+', ' thành phố ') AS body
    FROM events AS e
    JOIN homes AS h
        ON h.unit_id = e.unit_id AND h.producer_key = e.producer_key AND h.product_key = e.product_key
    WHERE e.decision_date IS NOT NULL AND e.star IN ('3', '4', 'potential_5', '5')
),

ranked AS (
    SELECT
        f.submission_id, f.sheet, f.cell, f.product_id, f.product_name, f.producer_id, f.producer_name,
        f.producer_type_code, f.product_group, f.unit_id, f.star, f.decision_date, f.decision_no, f.issuing_body,
        f.recognition_kind, f.body,
        ROW_NUMBER() OVER (
            PARTITION BY f.product_id, f.decision_date, f.unit_id
            ORDER BY CASE WHEN f.form = 'OCOP-XA' THEN 0 ELSE 1 END, f.sequence, f.sheet, f.cell
        ) AS place
    FROM folded AS f
),

sectors AS (
    SELECT LOWER(i.name_vi) AS word, i.valid_from, i.valid_to, MIN(i.code) AS code
    FROM catalogue.code_items AS i
    WHERE i.code_list = 'product_sector'
    GROUP BY LOWER(i.name_vi), i.valid_from, i.valid_to
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
    k.producer_type_code AS producer_type, COALESCE(g.code, latest.code) AS product_group, k.unit_id, k.star,
    k.recognition_kind,
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
LEFT JOIN sectors AS g
    ON g.word = LOWER(k.product_group) AND k.decision_date BETWEEN g.valid_from AND g.valid_to
LEFT JOIN sectors AS latest ON latest.word = LOWER(k.product_group) AND latest.valid_to = DATE '9999-12-31'
LEFT JOIN district_cities AS c ON c.body = k.body AND c.decision_date = k.decision_date
WHERE k.place = 1
