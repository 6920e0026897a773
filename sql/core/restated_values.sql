-- One row per month of a report, month it compares with on another map of units, unit of the report's own map, indicator
-- and breakdown: what the units of the other map reported, carried to where their ground is now. A unit that went wholly
-- into one carries its figure there; the figure of a divided unit is shared out by the weight of its section, in whole
-- steps of the indicator's last digit with nothing lost (largest remainder), and each part says by what. What is counted
-- from the register is not carried but counted afresh (core.register_flows, core.register_counts).
WITH wanted AS (
    SELECT s.period, s.month, s.from_map, s.to_map
    FROM meta.run_periods AS r
    JOIN catalogue.restatements AS s ON s.period = r.period
),

own AS (
    SELECT v.period AS month, v.unit_id, v.indicator, v.breakdown, SUM(v.value) AS value
    FROM core.indicator_values AS v
    WHERE v.value IS NOT NULL AND v.period IN (SELECT w.month FROM wanted AS w)
    GROUP BY v.period, v.unit_id, v.indicator, v.breakdown
),

-- Products of a unit by where they are on the other map.
products AS (
    SELECT w.from_map, w.to_map, was.source_id AS unit_id, now.unit_id AS target_id, COUNT(DISTINCT was.product_id) AS products_count
    FROM wanted AS w
    JOIN core.restated_places AS was ON was.period = w.period AND was.month = w.month
    JOIN core.product_status AS now ON now.period = w.period AND now.product_id = was.product_id
    GROUP BY w.from_map, w.to_map, was.source_id, now.unit_id
),

with_products AS (
    SELECT y.from_map, y.to_map, y.unit_id, SUM(p.products_count) AS products_count
    FROM catalogue.unit_ways AS y
    JOIN products AS p
        ON p.from_map = y.from_map AND p.to_map = y.to_map AND p.unit_id = y.unit_id AND p.target_id = y.target_id
    GROUP BY y.from_map, y.to_map, y.unit_id
),

weighed AS (
    SELECT
        w.period, w.month, o.unit_id, o.indicator, o.breakdown, y.target_id, y.ways_count,
        CASE
            WHEN i.restated_by = 'products' AND k.products_count > 0 THEN 'products'
            WHEN i.restated_by = 'population' AND y.population_weight IS NOT NULL THEN 'population'
            WHEN i.restated_by = 'area' AND y.area_weight IS NOT NULL THEN 'area'
            ELSE 'equal'
        END AS weighed_by,
        p.products_count, y.population_weight, y.area_weight, y.weight,
        -- Whole steps of the last digit.
        CAST(o.value * POWER(10, i.decimals) AS DECIMAL(38, 0)) AS steps, i.decimals
    FROM wanted AS w
    JOIN own AS o ON o.month = w.month
    JOIN catalogue.indicators AS i ON i.indicator = o.indicator
    JOIN catalogue.unit_ways AS y ON y.from_map = w.from_map AND y.to_map = w.to_map AND y.unit_id = o.unit_id
    LEFT JOIN with_products AS k ON k.from_map = w.from_map AND k.to_map = w.to_map AND k.unit_id = o.unit_id
    LEFT JOIN products AS p
        ON p.from_map = y.from_map AND p.to_map = y.to_map AND p.unit_id = y.unit_id AND p.target_id = y.target_id
    WHERE y.ways_count > 1
),

shares AS (
    SELECT
        w.period, w.month, w.unit_id, w.indicator, w.breakdown, w.target_id, w.ways_count, w.weighed_by, w.steps,
        w.decimals,
        CAST(
            CASE w.weighed_by
                WHEN 'products' THEN COALESCE(w.products_count, 0)
                WHEN 'population' THEN w.population_weight
                WHEN 'area' THEN w.area_weight
                ELSE w.weight
            END AS DECIMAL(18, 0)
        ) AS weight
    FROM weighed AS w
),

totals AS (
    SELECT
        s.period, s.month, s.unit_id, s.indicator, s.breakdown, s.target_id, s.ways_count, s.weighed_by, s.steps,
        s.decimals, s.weight,
        SUM(s.weight) OVER (PARTITION BY s.period, s.month, s.unit_id, s.indicator, s.breakdown) AS weights
    FROM shares AS s
),

floors AS (
    SELECT
        t.period, t.month, t.unit_id, t.indicator, t.breakdown, t.target_id, t.ways_count, t.weighed_by, t.steps,
        t.decimals, MOD(t.steps * t.weight, t.weights) AS remainder,
        CAST((t.steps * t.weight - MOD(t.steps * t.weight, t.weights)) / t.weights AS DECIMAL(38, 0)) AS whole_steps
    FROM totals AS t
),

ranked AS (
    SELECT
        f.period, f.month, f.unit_id, f.indicator, f.breakdown, f.target_id, f.ways_count, f.weighed_by, f.decimals,
        f.whole_steps,
        f.steps - SUM(f.whole_steps) OVER (
            PARTITION BY f.period, f.month, f.unit_id, f.indicator, f.breakdown
        ) AS left_over,
        ROW_NUMBER() OVER (
            PARTITION BY f.period, f.month, f.unit_id, f.indicator, f.breakdown
            ORDER BY f.remainder DESC, f.target_id
        ) AS place
    FROM floors AS f
)

SELECT
    w.period, w.month, o.unit_id AS source_id, y.target_id AS unit_id, o.indicator, o.breakdown,
    CAST(o.value AS DECIMAL(28, 4)) AS value, 1 AS ways_count, 'whole' AS weighed_by
FROM wanted AS w
JOIN own AS o ON o.month = w.month
JOIN catalogue.unit_ways AS y
    ON y.from_map = w.from_map AND y.to_map = w.to_map AND y.unit_id = o.unit_id AND y.ways_count = 1
UNION ALL
SELECT
    k.period, k.month, k.unit_id, k.target_id, k.indicator, k.breakdown,
    CAST(
        (k.whole_steps + CASE WHEN k.place <= k.left_over THEN 1 ELSE 0 END) / POWER(10, k.decimals) AS DECIMAL(28, 4)
    ) AS value,
    k.ways_count, k.weighed_by
FROM ranked AS k
