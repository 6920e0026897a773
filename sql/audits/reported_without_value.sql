-- Values whose state and number contradict each other: a reported or known value without a number, a silence with one; and
-- those of a report that is not named.
SELECT v.period, v.unit_id, v.agency, v.form, v.indicator, v.breakdown
FROM core.indicator_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
WHERE
    (v.state IN ('number', 'nothing', 'known')) <> (v.value IS NOT NULL)
    OR (v.state = 'known') <> (v.submission_id IS NULL)
