-- One row per report that counts: the latest accepted submission of a form, unit, agency and period; of lists that a
-- person handed over, the latest of each decision, so that several decisions of one month stand side by side.
-- A correction supersedes only once it is accepted, so returned files never hide an accepted one.
WITH ranked AS (
    SELECT
        s.submission_id, s.form, s.layout, s.unit_id, s.agency, s.period, COALESCE(i.list_key, '') AS list_key,
        s.received_at, s.sequence, s.file_name, s.reported_on,
        ROW_NUMBER() OVER (
            PARTITION BY s.form, s.unit_id, s.agency, s.period, i.list_key ORDER BY s.sequence DESC
        ) AS recency
    FROM raw.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    LEFT JOIN raw.imports AS i ON i.submission_id = s.submission_id
    WHERE s.verdict = 'accepted'
)
SELECT
    ranked.submission_id, ranked.form, ranked.layout, ranked.unit_id, ranked.agency, ranked.period, ranked.list_key,
    p.start_date AS period_start, p.end_date AS period_end,
    ranked.received_at, ranked.sequence, ranked.file_name, ranked.reported_on
FROM ranked
JOIN catalogue.periods AS p ON p.period = ranked.period
WHERE ranked.recency = 1
