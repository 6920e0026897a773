-- One row per product and month of a report, or compared with one: what its certificate is worth on the month's closing
-- day, whose it is and where. A product is counted once however often it was recognised; the recognition in force is the
-- latest one decided by that day, as later decisions extended, revoked or corrected it (core.product_history). One that a
-- correction found never to have been recognised has no row. Its group is that of the list in force on the closing day
-- (core.recognition_groups).
WITH known AS (
    SELECT
        r.period, p.end_date, h.product_id, h.decision_date, h.first_decision_date, h.listed_unit_id, h.star,
        h.expiry_date, h.ending_kind, h.ended_on, h.ending_decision_no, h.producer_id, h.producer_name, h.home_id
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN core.product_history AS h
        ON h.event_date <= p.end_date AND (h.next_event_date IS NULL OR h.next_event_date > p.end_date)
    WHERE h.ending_kind IS NULL OR h.ending_kind = 'revocation'
)

SELECT
    k.period, k.product_id, e.product_name, k.producer_id, k.producer_name,
    CASE WHEN k.producer_id = e.producer_id THEN e.producer_type ELSE o.producer_type END AS producer_type,
    g.product_group, g.group_line, w.unit_id, k.star, e.recognising_level, e.issuing_body, e.decision_no,
    k.decision_date, k.first_decision_date, k.expiry_date,
    CASE
        WHEN k.ending_kind IS NOT NULL THEN 'revoked'
        WHEN k.expiry_date > k.end_date THEN 'valid'
        ELSE 'expired'
    END AS certificate_state,
    CASE
        WHEN k.ending_kind IS NOT NULL THEN k.ended_on
        WHEN k.expiry_date <= k.end_date THEN k.expiry_date
    END AS ended_on,
    k.ending_decision_no
FROM known AS k
JOIN core.recognitions AS e
    ON e.product_id = k.product_id AND e.decision_date = k.decision_date AND e.unit_id = k.listed_unit_id
JOIN core.product_places AS w
    ON w.product_id = k.product_id AND w.home_id = k.home_id AND k.end_date BETWEEN w.valid_from AND w.valid_to
LEFT JOIN core.producers AS o ON o.producer_id = k.producer_id
LEFT JOIN catalogue.group_lists AS v ON k.end_date BETWEEN v.valid_from AND v.valid_to
LEFT JOIN core.recognition_groups AS g
    ON g.product_id = k.product_id AND g.decision_date = k.decision_date AND g.unit_id = k.listed_unit_id
    AND g.list_version = v.list_version
