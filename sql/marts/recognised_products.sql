-- One row per product recognised within the month in a unit of the map of that month: the list a report prints, with
-- where and by whom, under the names kept. What several communes list, one of them later, is not a second one.
SELECT
    p.period, e.product_id, e.decision_date, COALESCE(n.kept_name, e.product_name) AS product_name,
    COALESCE(o.kept_name, e.producer_name) AS producer_name, e.producer_type, e.product_group,
    w.unit_id, u.name AS unit_name, u.full_name AS unit_full_name, e.star, c.recognition_kind, e.recognising_level,
    e.issuing_body, e.decision_no, e.expiry_date, e.submission_id, e.sheet, e.cell
FROM meta.run_periods AS r
JOIN catalogue.periods AS p ON p.period = r.period
JOIN core.product_history AS h ON h.is_recognition AND h.event_date BETWEEN p.start_date AND p.end_date
JOIN core.recognitions AS e
    ON e.product_id = h.product_id AND e.decision_date = h.event_date AND e.unit_id = h.listed_unit_id
JOIN core.certificates AS c ON c.product_id = e.product_id AND c.decision_date = e.decision_date
JOIN core.product_places AS w
    ON w.product_id = h.product_id AND w.home_id = h.home_id AND p.end_date BETWEEN w.valid_from AND w.valid_to
JOIN catalogue.units AS u ON u.unit_id = w.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
LEFT JOIN core.kept_names AS n ON n.name_kind = 'product' AND n.identity_id = e.product_id
LEFT JOIN core.kept_names AS o ON o.name_kind = 'producer' AND o.identity_id = e.producer_id
