-- One row per month of a report, month it compares with on another map of units, unit of the report's own map, indicator
-- and breakdown: the figure of that month as if it had been reported by the units of today's map. `estimated_value` is
-- what of it was shared out and is not whole again: where a unit holds all parts of a divided one, nothing is an estimate.
-- Coverage is that of the reports the figure stands on; a report shared out counts wherever a part of it does.
WITH wanted AS (
    SELECT s.period, s.month, s.from_map, s.to_map
    FROM meta.run_periods AS r
    JOIN catalogue.restatements AS s ON s.period = r.period
),

parts AS (
    SELECT
        v.period, v.month, a.ancestor_id AS unit_id, v.source_id, v.indicator, v.breakdown, SUM(v.value) AS value,
        CASE WHEN COUNT(*) = MAX(v.ways_count) THEN 0 ELSE SUM(v.value) END AS estimated_value
    FROM core.restated_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    JOIN core.unit_ancestors AS a ON a.period = v.period AND a.unit_id = v.unit_id
    GROUP BY v.period, v.month, a.ancestor_id, v.source_id, v.indicator, v.breakdown
),

added AS (
    SELECT
        p.period, p.month, p.unit_id, p.indicator, p.breakdown, SUM(p.value) AS value,
        SUM(p.estimated_value) AS estimated_value
    FROM parts AS p
    GROUP BY p.period, p.month, p.unit_id, p.indicator, p.breakdown
),

-- Units of the other map below each unit of this one.
below AS (
    SELECT DISTINCT w.period, w.month, a.ancestor_id AS unit_id, y.unit_id AS source_id
    FROM wanted AS w
    JOIN catalogue.unit_ways AS y ON y.from_map = w.from_map AND y.to_map = w.to_map
    JOIN core.unit_ancestors AS a ON a.period = w.period AND a.unit_id = y.target_id
),

asked AS (
    SELECT
        e.period AS month, e.unit_id, l.indicator, l.breakdown, COUNT(*) AS expected_count,
        SUM(CASE WHEN s.submission_id IS NULL AND NOT l.is_laid_out THEN 1 ELSE 0 END) AS without_place_count
    FROM core.expected_reports AS e
    JOIN catalogue.asked_lines AS l ON l.period = e.period AND l.form = e.form
    LEFT JOIN staging.submissions AS s
        ON s.period = e.period AND s.form = e.form AND s.unit_id = e.unit_id AND s.agency = e.agency
    WHERE e.period IN (SELECT w.month FROM wanted AS w)
    GROUP BY e.period, e.unit_id, l.indicator, l.breakdown
),

heard AS (
    SELECT
        v.period AS month, v.unit_id, v.indicator, v.breakdown,
        SUM(CASE WHEN v.state IN ('number', 'nothing') THEN 1 ELSE 0 END) AS reported_count,
        SUM(CASE WHEN v.state = 'nothing' THEN 1 ELSE 0 END) AS nothing_count,
        SUM(CASE WHEN v.state = 'blank' THEN 1 ELSE 0 END) AS blank_count,
        SUM(CASE WHEN v.state = 'not_collected' THEN 1 ELSE 0 END) AS not_collected_count
    FROM core.indicator_values AS v
    WHERE v.period IN (SELECT w.month FROM wanted AS w)
    GROUP BY v.period, v.unit_id, v.indicator, v.breakdown
),

covered AS (
    SELECT
        b.period, b.month, b.unit_id, q.indicator, q.breakdown, SUM(q.expected_count) AS expected_count,
        SUM(h.reported_count) AS reported_count, SUM(h.nothing_count) AS nothing_count,
        SUM(h.blank_count) AS blank_count,
        SUM(COALESCE(h.not_collected_count, 0) + q.without_place_count) AS not_collected_count
    FROM below AS b
    JOIN asked AS q ON q.month = b.month AND q.unit_id = b.source_id
    LEFT JOIN heard AS h
        ON h.month = q.month AND h.unit_id = q.unit_id AND h.indicator = q.indicator AND h.breakdown = q.breakdown
    GROUP BY b.period, b.month, b.unit_id, q.indicator, q.breakdown
)

SELECT
    c.period, c.month, c.unit_id, c.indicator, c.breakdown,
    CAST(t.value AS DECIMAL(28, 4)) AS value, CAST(t.estimated_value AS DECIMAL(28, 4)) AS estimated_value,
    CAST(c.expected_count AS INTEGER) AS expected_count,
    CAST(COALESCE(c.reported_count, 0) AS INTEGER) AS reported_count,
    CAST(COALESCE(c.nothing_count, 0) AS INTEGER) AS nothing_count,
    CAST(COALESCE(c.blank_count, 0) AS INTEGER) AS blank_count,
    CAST(COALESCE(c.not_collected_count, 0) AS INTEGER) AS not_collected_count
FROM covered AS c
LEFT JOIN added AS t
    ON t.period = c.period AND t.month = c.month AND t.unit_id = c.unit_id AND t.indicator = c.indicator
    AND t.breakdown = c.breakdown
