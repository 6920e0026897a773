-- One row per expected report with the names people use: who has sent, who was returned, who is missing.
SELECT
    s.period, s.form, s.unit_id, s.agency, u.name AS unit_name, u.full_name AS unit_full_name, u.parent_id,
    g.name_vi AS agency_name, s.status, s.due_date, s.first_received_at, s.first_accepted_at, s.submissions_count,
    s.is_late, s.has_returned_correction, s.submission_id
FROM core.report_status AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.periods AS p ON p.period = s.period
JOIN catalogue.units AS u ON u.unit_id = s.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
LEFT JOIN catalogue.agencies AS g ON g.agency = s.agency AND p.end_date BETWEEN g.valid_from AND g.valid_to
