-- One row per month of a report, span, unit and indicator: the figure, and the figure a year before, of the same
-- reporters on the report's map of units. A unit counts in a month in which all its reports gave the figure, in this year
-- and in the year before. Where the map changed between the two, it is the same reporter only if it is made of whole units
-- of then that all gave it: who holds a part of a divided one had nobody to report for him. So growth is of what was
-- measured twice; nothing of it is an estimate. Stocks and shares are compared by month, distinct counts stand in the register.
WITH compared AS (
    SELECT s.period, s.span, s.month, p.same_last_year AS month_before
    FROM meta.run_periods AS r
    JOIN catalogue.spans AS s ON s.period = r.period
    JOIN catalogue.periods AS p ON p.period = s.month
    WHERE s.span IN ('month', 'year_to_date')
),

wanted AS (
    SELECT c.period, c.month
    FROM compared AS c
    UNION
    SELECT c.period, c.month_before
    FROM compared AS c
),

asked AS (
    SELECT e.period AS month, e.unit_id, l.indicator, COUNT(*) AS expected_count
    FROM core.expected_reports AS e
    JOIN catalogue.asked_lines AS l ON l.period = e.period AND l.form = e.form
    WHERE l.breakdown = '' AND e.period IN (SELECT w.month FROM wanted AS w)
    GROUP BY e.period, e.unit_id, l.indicator
),

heard AS (
    SELECT v.period AS month, v.unit_id, v.indicator, SUM(v.value) AS value, COUNT(*) AS reported_count
    FROM core.indicator_values AS v
    WHERE v.breakdown = '' AND v.state IN ('number', 'nothing') AND v.period IN (SELECT w.month FROM wanted AS w)
    GROUP BY v.period, v.unit_id, v.indicator
),

told AS (
    SELECT
        a.month, a.unit_id, a.indicator, CASE WHEN h.reported_count = a.expected_count THEN h.value END AS value
    FROM asked AS a
    LEFT JOIN heard AS h ON h.month = a.month AND h.unit_id = a.unit_id AND h.indicator = a.indicator
),

tiers AS (
    SELECT DISTINCT u.unit_id, u.tier
    FROM catalogue.units AS u
),

-- Null where not all that is needed was told.
placed AS (
    SELECT w.period, w.month, t.unit_id, t.indicator, t.value
    FROM wanted AS w
    LEFT JOIN catalogue.restatements AS s ON s.period = w.period AND s.month = w.month
    JOIN told AS t ON t.month = w.month
    WHERE s.period IS NULL
    UNION ALL
    SELECT
        s.period, s.month, y.target_id, t.indicator,
        CASE WHEN COUNT(*) = COUNT(t.value) AND MAX(y.ways_count) = 1 THEN SUM(t.value) END
    FROM wanted AS w
    JOIN catalogue.restatements AS s ON s.period = w.period AND s.month = w.month
    JOIN catalogue.unit_ways AS y ON y.from_map = s.from_map AND y.to_map = s.to_map
    JOIN tiers AS source ON source.unit_id = y.unit_id
    JOIN tiers AS target ON target.unit_id = y.target_id AND target.tier = source.tier
    JOIN told AS t ON t.month = s.month AND t.unit_id = y.unit_id
    GROUP BY s.period, s.month, y.target_id, t.indicator
),

paired AS (
    SELECT c.period, c.span, c.month, now.unit_id, now.indicator, now.value, before.value AS last_year_value
    FROM compared AS c
    JOIN placed AS now ON now.period = c.period AND now.month = c.month
    JOIN placed AS before
        ON before.period = c.period AND before.month = c.month_before AND before.unit_id = now.unit_id
        AND before.indicator = now.indicator
    JOIN catalogue.indicators AS i ON i.indicator = now.indicator
    WHERE now.value IS NOT NULL AND before.value IS NOT NULL AND (i.kind = 'flow' OR c.span = 'month')
),

added AS (
    SELECT
        p.period, p.span, a.ancestor_id AS unit_id, p.indicator, SUM(p.value) AS value,
        SUM(p.last_year_value) AS last_year_value, COUNT(DISTINCT p.unit_id) AS reporters_count
    FROM paired AS p
    JOIN core.unit_ancestors AS a ON a.period = p.period AND a.unit_id = p.unit_id
    GROUP BY p.period, p.span, a.ancestor_id, p.indicator
),

-- A ratio is of those who gave both of its parts both times.
divided AS (
    SELECT
        n.period, n.span, a.ancestor_id AS unit_id, i.indicator,
        SUM(n.value) AS numerator, SUM(d.value) AS denominator,
        SUM(n.last_year_value) AS last_year_numerator, SUM(d.last_year_value) AS last_year_denominator,
        COUNT(DISTINCT n.unit_id) AS reporters_count
    FROM paired AS n
    JOIN catalogue.indicators AS i ON i.kind = 'ratio' AND i.numerator = n.indicator
    JOIN paired AS d
        ON d.period = n.period AND d.span = n.span AND d.month = n.month AND d.unit_id = n.unit_id
        AND d.indicator = i.denominator
    JOIN core.unit_ancestors AS a ON a.period = n.period AND a.unit_id = n.unit_id
    GROUP BY n.period, n.span, a.ancestor_id, i.indicator
)

SELECT
    added.period, added.span, added.unit_id, added.indicator,
    CAST(added.value AS DECIMAL(28, 4)) AS value, CAST(added.last_year_value AS DECIMAL(28, 4)) AS last_year_value,
    CAST(added.reporters_count AS INTEGER) AS reporters_count
FROM added
UNION ALL
SELECT
    divided.period, divided.span, divided.unit_id, divided.indicator,
    CAST(ROUND(divided.numerator * 100 / divided.denominator, 4) AS DECIMAL(28, 4)),
    CAST(ROUND(divided.last_year_numerator * 100 / divided.last_year_denominator, 4) AS DECIMAL(28, 4)),
    CAST(divided.reporters_count AS INTEGER)
FROM divided
WHERE divided.denominator > 0 AND divided.last_year_denominator > 0
