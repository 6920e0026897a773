-- What a unit reported, carried to another map of units, makes what it reported: not a step more or less.
WITH reported AS (
    SELECT v.period AS month, v.unit_id, v.indicator, v.breakdown, SUM(v.value) AS value
    FROM core.indicator_values AS v
    GROUP BY v.period, v.unit_id, v.indicator, v.breakdown
),

carried AS (
    SELECT v.period, v.month, v.source_id, v.indicator, v.breakdown, SUM(v.value) AS value
    FROM core.restated_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    GROUP BY v.period, v.month, v.source_id, v.indicator, v.breakdown
)

SELECT
    c.period, c.month, c.source_id, c.indicator, c.breakdown, c.value AS carried_value, o.value AS reported_value
FROM carried AS c
JOIN reported AS o
    ON o.month = c.month AND o.unit_id = c.source_id AND o.indicator = c.indicator AND o.breakdown = c.breakdown
WHERE c.value <> o.value
