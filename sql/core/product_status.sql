-- One row per product and month: what its certificate is worth on the month's closing day. A product is counted
-- once however often it was recognised; the recognition in force is the latest one decided by that day, of several of one
-- day the one with the highest star. Its group is that of the list in force on the closing day (core.recognition_groups).
WITH known AS (
    SELECT
        r.period, e.product_id, e.product_name, e.producer_id, e.producer_name, e.producer_type,
        e.unit_id AS listed_unit_id, e.star, e.recognising_level, e.issuing_body, e.decision_no, e.decision_date, e.expiry_date,
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
)

SELECT
    known.period, known.product_id, known.product_name, known.producer_id, known.producer_name, known.producer_type,
    g.product_group, g.group_line, w.unit_id,
    known.star, known.recognising_level,
    known.issuing_body, known.decision_no, known.decision_date, known.first_decision_date, known.expiry_date,
    CASE WHEN known.expiry_date > known.end_date THEN 'valid' ELSE 'expired' END AS certificate_state,
    CASE WHEN known.expiry_date <= known.end_date THEN known.expiry_date END AS ended_on,
    CAST(NULL AS VARCHAR) AS ending_decision_no
FROM known
JOIN core.product_places AS w ON w.period = known.period AND w.product_id = known.product_id
LEFT JOIN catalogue.group_lists AS v ON known.end_date BETWEEN v.valid_from AND v.valid_to
LEFT JOIN core.recognition_groups AS g
    ON g.product_id = known.product_id AND g.decision_date = known.decision_date AND g.unit_id = known.listed_unit_id
    AND g.list_version = v.list_version
WHERE known.recency = 1
