-- Values whose state and number contradict each other: a reported value without a number, a silence with one.
SELECT v.period, v.unit_id, v.agency, v.form, v.indicator, v.breakdown
FROM core.indicator_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
WHERE (v.state IN ('number', 'nothing')) <> (v.value IS NOT NULL)
