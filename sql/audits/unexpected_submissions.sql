-- Accepted submissions that no expectation covers (a unit outside the scope, a form not in force): they would
-- enter no total, so somebody must look. Lists that a person handed over are expected by no calendar.
SELECT s.period, s.form, s.unit_id, s.agency
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
LEFT JOIN core.expected_reports AS e
    ON e.period = s.period AND e.form = s.form AND e.unit_id = s.unit_id AND e.agency = s.agency
LEFT JOIN raw.imports AS i ON i.submission_id = s.submission_id
WHERE e.unit_id IS NULL AND i.submission_id IS NULL
