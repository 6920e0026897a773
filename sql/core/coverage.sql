-- One row per month, unit and form: how many reports were asked of it and of all below it, and what came of them.
SELECT
    s.period, a.ancestor_id AS unit_id, s.form,
    CAST(COUNT(*) AS INTEGER) AS expected_count,
    CAST(SUM(CASE WHEN s.status = 'accepted' THEN 1 ELSE 0 END) AS INTEGER) AS accepted_count,
    CAST(SUM(CASE WHEN s.status = 'returned' THEN 1 ELSE 0 END) AS INTEGER) AS returned_count,
    CAST(SUM(CASE WHEN s.status = 'missing' THEN 1 ELSE 0 END) AS INTEGER) AS missing_count,
    CAST(SUM(CASE WHEN s.is_late THEN 1 ELSE 0 END) AS INTEGER) AS late_count
FROM core.report_status AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id
GROUP BY s.period, a.ancestor_id, s.form
