-- One row per product and month: what its certificate is worth on the month's closing day. A product is counted
-- once however often it was recognised; the recognition in force is the latest one decided by that day. Its sector is
-- that of the list in force on the closing day, where that list has one of the same name (Thực phẩm, Đồ uống). It is of
-- the commune that lists it on the map of that day, else of the successor of one that did: a certificate outlives the
-- commune (36 months), silence of the successor does not end it.
WITH known AS (
    SELECT
        r.period, e.product_id, e.product_name, e.producer_id, e.producer_name, e.producer_type, e.product_group,
        e.unit_id, e.star, e.recognising_level, e.issuing_body, e.decision_no, e.decision_date, e.expiry_date,
        p.end_date,
        MIN(e.decision_date) OVER (PARTITION BY r.period, e.product_id) AS first_decision_date,
        ROW_NUMBER() OVER (
            PARTITION BY r.period, e.product_id
            ORDER BY e.decision_date DESC, e.submission_id DESC, e.sheet DESC, e.cell DESC
        ) AS recency
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN core.recognitions AS e ON e.decision_date <= p.end_date
),

-- Units a product may be of: where it is listed, the successor of that, the province that took over its district.
candidates AS (
    SELECT e.product_id, e.unit_id, 1 AS choice FROM core.recognitions AS e
    UNION ALL
    SELECT e.product_id, s.successor_id, 2
    FROM core.recognitions AS e
    JOIN catalogue.successions AS s ON s.predecessor_id = e.unit_id AND s.is_default
    UNION ALL
    SELECT e.product_id, s.successor_id, 3
    FROM core.recognitions AS e
    JOIN catalogue.units AS d ON d.unit_id = e.unit_id AND d.tier = 'district'
    JOIN catalogue.successions AS s ON s.predecessor_id = d.parent_id AND s.is_default
),

on_the_map AS (
    SELECT
        r.period, c.product_id, c.unit_id,
        ROW_NUMBER() OVER (PARTITION BY r.period, c.product_id ORDER BY c.choice, c.unit_id) AS place
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN candidates AS c ON TRUE
    JOIN catalogue.units AS u ON u.unit_id = c.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
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
    COALESCE(n.code, known.product_group) AS product_group, COALESCE(m.unit_id, known.unit_id) AS unit_id,
    known.star, known.recognising_level,
    known.issuing_body, known.decision_no, known.decision_date, known.first_decision_date, known.expiry_date,
    CASE WHEN known.expiry_date > known.end_date THEN 'valid' ELSE 'expired' END AS certificate_state
FROM known
LEFT JOIN same_names AS n
    ON n.old_code = known.product_group AND known.end_date BETWEEN n.valid_from AND n.valid_to
LEFT JOIN on_the_map AS m ON m.period = known.period AND m.product_id = known.product_id AND m.place = 1
WHERE known.recency = 1
