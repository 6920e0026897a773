-- Coverage rows whose parts do not make up what was expected.
SELECT c.period, c.unit_id, c.form
FROM core.coverage AS c
JOIN meta.run_periods AS r ON r.period = c.period
WHERE c.expected_count <> c.accepted_count + c.returned_count + c.missing_count
