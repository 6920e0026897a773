-- One row per product and month: what its certificate is worth on the month's closing day. A product is counted
-- once however often it was recognised; the recognition in force is the latest one decided by that day, of several of one
-- day the one with the highest star. Its sector is that of the list in force on the closing day, where that list has one of
-- the same name (Thực phẩm, Đồ uống).
WITH known AS (
    SELECT
        r.period, e.product_id, e.product_name, e.producer_id, e.producer_name, e.producer_type, e.product_group,
        e.star, e.recognising_level, e.issuing_body, e.decision_no, e.decision_date, e.expiry_date,
        p.end_date,
        MIN(e.decision_date) OVER (PARTITION BY r.period, e.product_id) AS first_decision_date,
        ROW_NUMBER() OVER (
            PARTITION BY r.period, e.product_id
            ORDER BY
                e.decision_date DESC,
                CASE e.star WHEN '5' THEN 4 WHEN 'potential_5' THEN 3 WHEN '4' THEN 2 ELSE 1 END DESC,
                e.submission_id DESC, e.sheet DESC, e.cell DESC
        ) AS recency
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN core.recognitions AS e ON e.decision_date <= p.end_date
),

-- Sector of any list -> the sector of the same name in another list.
same_names AS (
    SELECT was.code AS old_code, now.valid_from, now.valid_to, MIN(now.code) AS code
    FROM catalogue.code_items AS was
    JOIN catalogue.code_items AS now
        ON now.code_list = 'product_sector' AND LOWER(now.name_vi) = LOWER(was.name_vi)
    WHERE was.code_list = 'product_group'
    GROUP BY was.code, now.valid_from, now.valid_to
)

SELECT
    known.period, known.product_id, known.product_name, known.producer_id, known.producer_name, known.producer_type,
    COALESCE(n.code, known.product_group) AS product_group, w.unit_id,
    known.star, known.recognising_level,
    known.issuing_body, known.decision_no, known.decision_date, known.first_decision_date, known.expiry_date,
    CASE WHEN known.expiry_date > known.end_date THEN 'valid' ELSE 'expired' END AS certificate_state,
    CASE WHEN known.expiry_date <= known.end_date THEN known.expiry_date END AS ended_on,
    CAST(NULL AS VARCHAR) AS ending_decision_no
FROM known
JOIN core.product_places AS w ON w.period = known.period AND w.product_id = known.product_id
LEFT JOIN same_names AS n
    ON n.old_code = known.product_group AND known.end_date BETWEEN n.valid_from AND n.valid_to
WHERE known.recency = 1
