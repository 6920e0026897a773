-- One row per recognition of a product and commune that lists it, as the line that stands tells of it (core.evaluations).
-- What kind of recognition it is (first, upgrade, ...) follows from the product's own history, not from the column it was
-- written in: core.certificates. Its producer is the one of its day: where a transfer is known, the registers
-- name the new producer, or the same one in its new commune, beside the old decision from then on.
WITH transfers AS (
    SELECT
        t.product_id, t.event_date, t.producer_id, t.producer_name,
        ROW_NUMBER() OVER (
            PARTITION BY t.product_id, t.event_date
            ORDER BY t.decision_no DESC, t.new_producer_id DESC, t.submission_id, t.sheet, t.cell
        ) AS place
    FROM core.product_events AS t
    WHERE t.event_kind = 'transfer'
),

-- A transfer of the very day came after the recognition.
following AS (
    SELECT
        v.product_id, v.decision_date, v.unit_id, t.producer_id, t.producer_name,
        ROW_NUMBER() OVER (
            PARTITION BY v.product_id, v.decision_date, v.unit_id ORDER BY t.event_date
        ) AS place
    FROM core.evaluations AS v
    JOIN transfers AS t ON t.product_id = v.product_id AND t.event_date >= v.decision_date AND t.place = 1
),

recognised AS (
    SELECT
        v.product_id, v.decision_date, v.unit_id, v.home_id, v.product_name, v.group_word, v.star, v.star_before,
        v.decision_no, v.issuing_body, v.issuing_level, v.score, v.score_a, v.score_b, v.score_c, v.submission_id, v.sheet,
        v.cell, COALESCE(f.producer_id, v.producer_id) AS producer_id,
        CASE WHEN f.producer_id <> v.producer_id THEN f.producer_name ELSE v.producer_name END AS producer_name,
        CASE WHEN f.producer_id <> v.producer_id THEN o.producer_type ELSE v.producer_type END AS producer_type,
        REGEXP_REPLACE(LOWER(v.issuing_body), '(^| )tp[. ]+', ' thành phố ') AS body,
        CONCAT(' ', REPLACE(LOWER(v.issuing_body), 'thị xã', 'huyện')) AS body_words
    FROM core.evaluations AS v
    LEFT JOIN following AS f
        ON f.product_id = v.product_id AND f.decision_date = v.decision_date AND f.unit_id = v.unit_id AND f.place = 1
    LEFT JOIN core.producers AS o ON o.producer_id = f.producer_id
    WHERE v.star IN ('3', '4', 'potential_5', '5')
),

-- Cities under a province (Đà Lạt, Huế until 2024) are districts, cities of their own (Hà Nội) are provinces.
district_cities AS (
    SELECT DISTINCT b.body, b.decision_date
    FROM (SELECT DISTINCT body, decision_date FROM recognised) AS b
    JOIN catalogue.units AS u
        ON u.tier = 'district' AND b.decision_date BETWEEN u.valid_from AND u.valid_to
        AND LOWER(u.full_name) LIKE 'thành phố %' AND b.body LIKE CONCAT('%', LOWER(u.full_name), '%')
)

SELECT
    k.product_id, k.decision_date, k.product_name, k.producer_id, k.producer_name,
    k.producer_type, g.sector AS product_group, g.list_version AS group_list, g.code AS group_line,
    k.unit_id, k.home_id, k.star,
    k.star_before,
    CASE
        WHEN k.issuing_level IS NOT NULL THEN k.issuing_level
        -- Communes recognise under no regime: what names one is not known, whatever is named behind it.
        WHEN
            k.body_words LIKE '% xã %' OR k.body_words LIKE '% phường %' OR k.body_words LIKE '% thị trấn %'
            OR k.body_words LIKE '% đặc khu %' THEN NULL
        WHEN k.body LIKE '%huyện%' OR k.body LIKE '%quận%' OR k.body LIKE '%thị xã%' OR c.body IS NOT NULL
            THEN 'district'
        WHEN k.body LIKE 'bộ %' OR k.body LIKE '%trung ương%' THEN 'ministry'
        WHEN k.body LIKE '%tỉnh%' OR k.body LIKE '%thành phố%' THEN 'province'
    END AS recognising_level,
    k.issuing_body, k.decision_no,
    CAST(k.decision_date + m.months * INTERVAL '1' MONTH AS DATE) AS expiry_date,
    k.score, k.score_a, k.score_b, k.score_c, k.submission_id, k.sheet, k.cell
FROM recognised AS k
JOIN catalogue.certificate_regimes AS m ON k.decision_date BETWEEN m.valid_from AND m.valid_to
LEFT JOIN catalogue.group_words AS g
    ON g.word = LOWER(k.group_word) AND k.decision_date BETWEEN g.valid_from AND g.valid_to
LEFT JOIN district_cities AS c ON c.body = k.body AND c.decision_date = k.decision_date
