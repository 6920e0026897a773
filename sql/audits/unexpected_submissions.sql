-- Accepted submissions that no expectation covers (a unit outside the scope, a form not in force): they would
-- enter no total, so somebody must look.
SELECT s.period, s.form, s.unit_id, s.agency
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
LEFT JOIN core.expected_reports AS e
    ON e.period = s.period AND e.form = s.form AND e.unit_id = s.unit_id AND e.agency = s.agency
WHERE e.unit_id IS NULL
