-- One row per report that counts: the latest accepted submission of a form, unit, agency and period.
-- A correction supersedes only once it is accepted, so returned files never hide an accepted one.
WITH ranked AS (
    SELECT
        s.submission_id, s.form, s.layout, s.unit_id, s.agency, s.period, s.received_at, s.sequence,
        s.file_name, s.reported_on,
        ROW_NUMBER() OVER (PARTITION BY s.form, s.unit_id, s.agency, s.period ORDER BY s.sequence DESC) AS recency
    FROM raw.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE s.verdict = 'accepted'
)
SELECT
    ranked.submission_id, ranked.form, ranked.layout, ranked.unit_id, ranked.agency, ranked.period,
    p.start_date AS period_start, p.end_date AS period_end,
    ranked.received_at, ranked.sequence, ranked.file_name, ranked.reported_on
FROM ranked
JOIN catalogue.periods AS p ON p.period = ranked.period
WHERE ranked.recency = 1
