-- One row per expected report: accepted, returned (all that came was returned, or returned after it was accepted) or
-- missing; and when it came.
-- Three clocks: first arrival, first accepted arrival, and the accepted one that counts.
WITH arrivals AS (
    SELECT
        s.form, s.unit_id, s.agency, s.period,
        MIN(s.received_at) AS first_received_at,
        MIN(CASE WHEN s.verdict = 'accepted' THEN s.received_at END) AS first_accepted_at,
        COUNT(*) AS submissions_count,
        MAX(CASE WHEN s.verdict IN ('returned', 'returned_later') THEN s.sequence END) AS last_returned_sequence
    FROM raw.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    GROUP BY s.form, s.unit_id, s.agency, s.period
)

SELECT
    e.period, e.form, e.unit_id, e.agency, e.due_date,
    CASE
        WHEN s.submission_id IS NOT NULL THEN 'accepted'
        WHEN a.submissions_count IS NOT NULL THEN 'returned'
        ELSE 'missing'
    END AS status,
    s.submission_id,
    a.first_received_at, a.first_accepted_at,
    CAST(COALESCE(a.submissions_count, 0) AS INTEGER) AS submissions_count,
    COALESCE(CAST(a.first_accepted_at AS DATE) > e.due_date, FALSE) AS is_late,
    COALESCE(a.last_returned_sequence > s.sequence, FALSE) AS has_returned_correction
FROM core.expected_reports AS e
JOIN meta.run_periods AS r ON r.period = e.period
LEFT JOIN staging.submissions AS s
    ON s.period = e.period AND s.form = e.form AND s.unit_id = e.unit_id AND s.agency = e.agency
LEFT JOIN arrivals AS a
    ON a.period = e.period AND a.form = e.form AND a.unit_id = e.unit_id AND a.agency = e.agency
