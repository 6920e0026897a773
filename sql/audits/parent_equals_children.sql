-- Totals that differ from the unit's own reports plus the totals of the units directly below it.
WITH own AS (
    SELECT v.period, v.unit_id, v.indicator, v.breakdown, SUM(v.value) AS value
    FROM core.indicator_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    GROUP BY v.period, v.unit_id, v.indicator, v.breakdown
),

below AS (
    SELECT t.period, a.ancestor_id AS unit_id, t.indicator, t.breakdown, SUM(t.value) AS value
    FROM core.monthly_totals AS t
    JOIN meta.run_periods AS r ON r.period = t.period
    JOIN core.unit_ancestors AS a ON a.period = t.period AND a.unit_id = t.unit_id AND a.distance = 1
    GROUP BY t.period, a.ancestor_id, t.indicator, t.breakdown
)

SELECT t.period, t.unit_id, t.indicator, t.breakdown
FROM core.monthly_totals AS t
JOIN meta.run_periods AS r ON r.period = t.period
LEFT JOIN own
    ON own.period = t.period AND own.unit_id = t.unit_id AND own.indicator = t.indicator AND own.breakdown = t.breakdown
LEFT JOIN below
    ON below.period = t.period AND below.unit_id = t.unit_id AND below.indicator = t.indicator
    AND below.breakdown = t.breakdown
-- A total of silence is no nought, and a nought no silence.
WHERE t.value IS DISTINCT FROM COALESCE(own.value + below.value, own.value, below.value)
