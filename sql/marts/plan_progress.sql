-- One row per month and target of a plan in force: what was planned, what was done, and whether that is enough. Measured
-- at the tier and on the map the plan binds: on its own unit, or on each unit below it. A cumulative target counts from
-- the first month of the plan's first year; where the measure is `own`, only what the bound unit itself reported counts,
-- not what stands below it. A target of words is printed with the figure of the plan's unit, never judged. A percentage
-- of two indicators that have a ratio is that ratio: only reports that gave both parts may bend it.
WITH targets AS (
    SELECT
        p.period, p.end_date, t.plan, t.target, t.unit_id,
        CASE WHEN t.shape = 'qualitative' THEN '' ELSE t.bound_tier END AS measured_tier,
        t.shape, t.measure, t.indicator, t.breakdown, t.base_indicator, t.planned_low, t.planned_high, t.due_date, t.first_month, i.kind,
        COALESCE(q.indicator, t.indicator) AS standing_indicator, COALESCE(q.kind, i.kind) AS standing_kind
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN catalogue.plan_targets AS t ON p.year BETWEEN t.first_year AND t.last_year
    LEFT JOIN catalogue.indicators AS i ON i.indicator = t.indicator
    LEFT JOIN catalogue.indicators AS q
        ON q.kind = 'ratio' AND q.numerator = t.indicator AND q.denominator = t.base_indicator
        AND t.shape = 'percent_of_base'
),

bound AS (
    SELECT t.period, t.plan, t.target, a.unit_id
    FROM targets AS t
    JOIN core.unit_ancestors AS a ON a.period = t.period AND a.ancestor_id = t.unit_id
    LEFT JOIN catalogue.plan_exceptions AS x ON x.plan = t.plan AND x.target = t.target AND x.unit_id = a.unit_id
    WHERE x.unit_id IS NULL
        AND ((t.measured_tier = '' AND a.distance = 0) OR (t.measured_tier <> '' AND a.unit_tier = t.measured_tier))
),

summed AS (
    SELECT
        t.period, t.plan, t.target, b.unit_id,
        CAST(SUM(m.value) AS DECIMAL(28, 4)) AS value,
        SUM(m.expected_count) AS expected_count, SUM(m.reported_count) AS reported_count
    FROM targets AS t
    JOIN bound AS b ON b.period = t.period AND b.plan = t.plan AND b.target = t.target
    JOIN core.monthly_totals AS m
        ON m.unit_id = b.unit_id AND m.indicator = t.indicator AND m.breakdown = t.breakdown
        AND m.period BETWEEN t.first_month AND t.period
    WHERE t.measure = 'cumulative' AND t.kind = 'flow'
    GROUP BY t.period, t.plan, t.target, b.unit_id
),

-- What the register counts is told of every month since the plan's first, run or not, where the register is known.
summed_events AS (
    SELECT
        t.period, t.plan, t.target, b.unit_id,
        CASE WHEN MAX(m.value) IS NOT NULL THEN CAST(COALESCE(SUM(e.events_count), 0) AS DECIMAL(28, 4)) END AS value,
        MAX(m.expected_count) AS expected_count, MAX(m.reported_count) AS reported_count
    FROM targets AS t
    JOIN catalogue.indicators AS i ON i.indicator = t.indicator AND i.source = 'register'
    JOIN bound AS b ON b.period = t.period AND b.plan = t.plan AND b.target = t.target
    JOIN core.rollups AS m
        ON m.period = t.period AND m.span = 'month' AND m.unit_id = b.unit_id AND m.indicator = t.indicator
        AND m.breakdown = t.breakdown
    LEFT JOIN core.register_flows AS e
        ON e.period = t.period AND e.unit_id = b.unit_id AND e.indicator = t.indicator AND e.breakdown = t.breakdown
        AND e.month BETWEEN t.first_month AND t.period
    WHERE t.measure = 'cumulative' AND t.kind = 'flow'
    GROUP BY t.period, t.plan, t.target, b.unit_id
),

standing AS (
    SELECT
        t.period, t.plan, t.target, b.unit_id,
        CASE
            WHEN t.shape = 'percent_of_base' AND t.standing_kind <> 'ratio'
                THEN CASE
                    WHEN base.value > 0 THEN CAST(ROUND(m.value * 100 / base.value, 4) AS DECIMAL(28, 4))
                END
            ELSE m.value
        END AS value,
        COALESCE(m.denominator, base.value) AS base_value,
        m.expected_count, m.reported_count
    FROM targets AS t
    JOIN bound AS b ON b.period = t.period AND b.plan = t.plan AND b.target = t.target
    JOIN core.rollups AS m
        ON m.period = t.period AND m.span = 'month' AND m.unit_id = b.unit_id
        AND m.indicator = t.standing_indicator AND m.breakdown = t.breakdown
    LEFT JOIN core.rollups AS base
        ON base.period = t.period AND base.span = 'month' AND base.unit_id = b.unit_id
        AND base.indicator = t.base_indicator AND base.breakdown = ''
    WHERE t.shape <> 'named_products' AND COALESCE(t.measure, '') <> 'own'
        AND (t.measure IS NULL OR t.measure <> 'cumulative' OR t.kind <> 'flow')
),

own_reports AS (
    SELECT e.period, e.unit_id, l.indicator, l.breakdown, COUNT(*) AS expected_count
    FROM core.expected_reports AS e
    JOIN meta.run_periods AS r ON r.period = e.period
    JOIN catalogue.asked_lines AS l ON l.period = e.period AND l.form = e.form
    GROUP BY e.period, e.unit_id, l.indicator, l.breakdown
),

own_values AS (
    SELECT
        v.period, v.unit_id, v.indicator, v.breakdown, CAST(SUM(v.value) AS DECIMAL(28, 4)) AS value,
        SUM(CASE WHEN v.state IN ('number', 'nothing') THEN 1 ELSE 0 END) AS reported_count
    FROM core.indicator_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    GROUP BY v.period, v.unit_id, v.indicator, v.breakdown
),

own AS (
    SELECT
        t.period, t.plan, t.target, b.unit_id, v.value, e.expected_count,
        COALESCE(v.reported_count, 0) AS reported_count
    FROM targets AS t
    JOIN bound AS b ON b.period = t.period AND b.plan = t.plan AND b.target = t.target
    JOIN own_reports AS e
        ON e.period = t.period AND e.unit_id = b.unit_id AND e.indicator = t.indicator AND e.breakdown = t.breakdown
    LEFT JOIN own_values AS v
        ON v.period = t.period AND v.unit_id = b.unit_id AND v.indicator = t.indicator AND v.breakdown = t.breakdown
    WHERE t.measure = 'own'
),

-- Of the products a plan names, those with a valid certificate in the unit; told by the registers that tell SP03.
valid_names AS (
    SELECT DISTINCT s.period, a.ancestor_id AS unit_id, n.plan, n.target, n.product_name
    FROM core.plan_products AS n
    JOIN core.product_status AS s ON s.product_id = n.product_id AND s.certificate_state = 'valid'
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id
),

named AS (
    SELECT
        t.period, t.plan, t.target, b.unit_id, CAST(COUNT(v.product_name) AS DECIMAL(28, 4)) AS value,
        m.expected_count, m.reported_count
    FROM targets AS t
    JOIN bound AS b ON b.period = t.period AND b.plan = t.plan AND b.target = t.target
    JOIN core.rollups AS m
        ON m.period = t.period AND m.span = 'month' AND m.unit_id = b.unit_id AND m.indicator = 'SP03'
        AND m.breakdown = ''
    LEFT JOIN valid_names AS v
        ON v.period = t.period AND v.plan = t.plan AND v.target = t.target AND v.unit_id = b.unit_id
    WHERE t.shape = 'named_products'
    GROUP BY t.period, t.plan, t.target, b.unit_id, m.expected_count, m.reported_count
),

measured AS (
    SELECT
        summed.period, summed.plan, summed.target, summed.unit_id, summed.value,
        CAST(NULL AS DECIMAL(28, 4)) AS base_value, summed.expected_count, summed.reported_count
    FROM summed
    UNION ALL
    SELECT
        summed_events.period, summed_events.plan, summed_events.target, summed_events.unit_id, summed_events.value,
        CAST(NULL AS DECIMAL(28, 4)), summed_events.expected_count, summed_events.reported_count
    FROM summed_events
    UNION ALL
    SELECT
        standing.period, standing.plan, standing.target, standing.unit_id, standing.value, standing.base_value,
        standing.expected_count, standing.reported_count
    FROM standing
    UNION ALL
    SELECT
        named.period, named.plan, named.target, named.unit_id, named.value, CAST(NULL AS DECIMAL(28, 4)),
        named.expected_count, named.reported_count
    FROM named
    UNION ALL
    SELECT
        own.period, own.plan, own.target, own.unit_id, own.value, CAST(NULL AS DECIMAL(28, 4)),
        own.expected_count, own.reported_count
    FROM own
),

per_target AS (
    SELECT
        t.period, t.plan, t.target,
        COUNT(b.unit_id) AS units_bound_count,
        SUM(CASE WHEN m.value >= t.planned_low THEN 1 ELSE 0 END) AS units_reached_count,
        MAX(CASE WHEN t.measured_tier = '' THEN m.value END) AS own_value,
        MAX(CASE WHEN t.measured_tier = '' THEN m.base_value END) AS base_value,
        SUM(m.expected_count) AS expected_count, SUM(m.reported_count) AS reported_count
    FROM targets AS t
    JOIN bound AS b ON b.period = t.period AND b.plan = t.plan AND b.target = t.target
    LEFT JOIN measured AS m
        ON m.period = b.period AND m.plan = b.plan AND m.target = b.target AND m.unit_id = b.unit_id
    GROUP BY t.period, t.plan, t.target
),

judged AS (
    SELECT
        t.period, t.plan, t.target, t.end_date, t.due_date, t.shape, t.planned_low,
        CASE
            WHEN t.measured_tier <> '' THEN CAST(p.units_reached_count AS DECIMAL(28, 4))
            ELSE p.own_value
        END AS actual_value,
        CASE
            WHEN t.measured_tier <> '' THEN CAST(p.units_bound_count AS DECIMAL(28, 4))
            ELSE p.base_value
        END AS base_value,
        CASE
            WHEN t.measured_tier <> '' THEN CAST(p.units_bound_count AS DECIMAL(28, 4))
            ELSE t.planned_low
        END AS enough,
        p.units_bound_count, p.units_reached_count, p.expected_count, p.reported_count
    FROM targets AS t
    JOIN per_target AS p ON p.period = t.period AND p.plan = t.plan AND p.target = t.target
)

SELECT
    j.period, j.plan, j.target, t.unit_id, t.plan_number, t.plan_name_vi, t.is_sample, t.target_text_vi, t.indicator,
    t.breakdown, t.shape, t.bound_tier, t.planned_low, t.planned_high, j.base_value, j.actual_value,
    CASE
        WHEN j.enough > 0 AND j.planned_low IS NOT NULL THEN CAST(ROUND(j.actual_value * 100 / j.enough, 1) AS DECIMAL(28, 4))
    END AS achieved_pct,
    CASE
        WHEN j.shape = 'qualitative' OR j.planned_low IS NULL THEN 'not_measured'
        WHEN j.actual_value IS NULL OR COALESCE(j.reported_count, 0) = 0 THEN 'no_data'
        WHEN j.actual_value >= j.enough THEN 'reached'
        WHEN j.due_date > j.end_date THEN 'not_due'
        ELSE 'not_reached'
    END AS result,
    CAST(j.units_bound_count AS INTEGER) AS units_bound_count,
    CAST(j.units_reached_count AS INTEGER) AS units_reached_count,
    CAST(j.expected_count AS INTEGER) AS expected_count,
    CAST(j.reported_count AS INTEGER) AS reported_count,
    j.due_date, t.unit_vi, t.position
FROM judged AS j
JOIN catalogue.plan_targets AS t ON t.plan = j.plan AND t.target = j.target
