-- Figures whose state and value contradict each other: a number without a value, or a silence with one that is not nought.
-- Nothing to report is nought, or for a ratio no value; the register may know of none where nobody has reported yet.
SELECT t.period, t.span, t.unit_id, t.indicator, t.breakdown
FROM core.rollups AS t
JOIN meta.run_periods AS r ON r.period = t.period
WHERE (t.figure_state = 'number' AND t.value IS NULL) OR (t.figure_state <> 'number' AND t.value <> 0)
