-- One row per event of a product that is no recognition: revoked, extended, transferred, put right, or evaluated without a
-- recognition; what it sets, and the line that tells of it. Of one decision told several times the latest line stands. An
-- extension without a term of its own has what the rules of its day grant; a slip of the pen for one (no term reaches
-- further than a hundred years) must not leave the calendar. What an event does to a certificate is
-- core.product_history.
WITH listed AS (
    SELECT
        e.submission_id, e.sheet, e.line_key, l.sequence, l.unit_id, l.home_id, l.product_name, l.producer_name,
        e.event_kind, e.event_date, e.decision_no, e.issuing_body, e.issuing_level, e.corrected_star, e.new_producer_name,
        e.new_unit_id, l.new_home_id, e.corrected_expiry, e.extended_to, e.extended_months, e.extended_days, e.score,
        e.score_a, e.score_b, e.score_c, e.cell,
        COALESCE(product.identity_id, l.listed_product_id) AS product_id,
        COALESCE(producer.identity_id, l.listed_producer_id) AS producer_id,
        COALESCE(successor.identity_id, l.new_producer_id) AS new_producer_id
    FROM core.listings AS l
    JOIN staging.register_events AS e
        ON e.submission_id = l.submission_id AND e.sheet = l.sheet AND e.line_key = l.line_key
    LEFT JOIN register.identities AS product
        ON product.name_kind = 'product' AND product.listed_id = l.listed_product_id
    LEFT JOIN register.identities AS producer
        ON producer.name_kind = 'producer' AND producer.listed_id = l.listed_producer_id
    LEFT JOIN register.identities AS successor
        ON successor.name_kind = 'producer' AND successor.listed_id = l.new_producer_id
),

ranked AS (
    SELECT
        l.submission_id, l.sheet, l.line_key, l.unit_id, l.home_id, l.product_name, l.producer_name, l.event_kind,
        l.event_date, l.decision_no, l.issuing_body, l.issuing_level, l.corrected_star, l.new_producer_name,
        l.new_unit_id, l.new_home_id, l.corrected_expiry, l.extended_to, l.extended_months, l.extended_days, l.score,
        l.score_a, l.score_b, l.score_c, l.cell, l.product_id, l.producer_id, l.new_producer_id,
        ROW_NUMBER() OVER (
            PARTITION BY l.product_id, l.event_kind, l.event_date, REPLACE(LOWER(l.decision_no), ' ', '')
            ORDER BY l.sequence DESC, l.submission_id, l.sheet, l.line_key
        ) AS place
    FROM listed AS l
)

SELECT
    k.product_id, k.event_kind, k.event_date, k.decision_no, k.issuing_body, k.issuing_level, k.unit_id, k.home_id,
    k.product_name, k.producer_id, k.producer_name,
    CASE WHEN k.event_kind = 'not_recognised' THEN 'none' ELSE k.corrected_star END AS star,
    k.corrected_expiry, k.extended_to,
    CASE
        WHEN k.extended_to IS NULL AND k.extended_months > 1200 THEN 1200
        WHEN k.extended_to IS NULL THEN k.extended_months
    END AS extended_months,
    CASE
        WHEN k.event_kind = 'extension' AND k.extended_to IS NULL AND k.extended_months IS NULL
            THEN CASE WHEN k.extended_days > 36500 THEN 36500 ELSE COALESCE(k.extended_days, r.extension_days) END
    END AS extended_days,
    k.new_producer_id, k.new_producer_name, k.new_unit_id, k.new_home_id, k.score, k.score_a, k.score_b, k.score_c,
    k.submission_id, k.sheet, k.line_key, k.cell
FROM ranked AS k
LEFT JOIN catalogue.certificate_regimes AS r ON k.event_date BETWEEN r.valid_from AND r.valid_to
WHERE k.place = 1
UNION ALL
SELECT
    v.product_id, 'not_recognised', v.decision_date, v.decision_no, v.issuing_body, v.issuing_level, v.unit_id, v.home_id,
    v.product_name, v.producer_id, v.producer_name, v.star, CAST(NULL AS DATE), CAST(NULL AS DATE),
    CAST(NULL AS INTEGER), CAST(NULL AS INTEGER), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR),
    CAST(NULL AS VARCHAR), v.score, v.score_a, v.score_b, v.score_c, v.submission_id, v.sheet, v.line_key, v.cell
FROM core.evaluations AS v
WHERE v.star = 'none'
