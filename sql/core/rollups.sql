-- One row per period, span, unit, indicator and breakdown: the figure as it may be published. The span is the month,
-- the quarter to date or the year to date (luỹ kế), or month and year to date of the year before. All of it is on the map
-- of units of the period: months of another map come restated (core.restated_totals), with what of them is estimated. How months combine is the indicator's kind: flows add; stocks and
-- shares stand as of the last month; ratios are recomputed from their parts; distinct counts and the flows of products come
-- from the register, which tells of months that were never run too. The year before is compared only where all of it was run:
-- registers kept since tell the latest decision on a product, not all of those before it.
-- A ratio that was asked for and that nobody gave in both parts has a row without a value, like any other silence.
-- `figure_state` says once for all readers what there is to say (docs/models.md, "Four things that are not alike"):
-- `number`; `nothing` (all who gave it wrote không phát sinh, or a ratio of nought); `not_reported` (nobody gave it);
-- `not_collected` (no report had a place for it).
WITH spans AS (
    SELECT s.period, s.span, s.month, s.is_last
    FROM meta.run_periods AS r
    JOIN catalogue.spans AS s ON s.period = r.period
),

-- Sectors of an older list count as what they are in the list in force at the end of the span (catalogue.sector_changes);
-- where two became one, a report is expected once and speaks for the sum only with both.
months AS (
    SELECT
        t.period AS month, '' AS on_map_of, t.unit_id, t.indicator, t.breakdown, t.value, CAST(0 AS DECIMAL(28, 4)) AS estimated_value,
        t.expected_count, t.reported_count, t.nothing_count, t.blank_count, t.not_collected_count
    FROM core.monthly_totals AS t
    UNION ALL
    SELECT
        t.month, t.period, t.unit_id, t.indicator, t.breakdown, t.value, t.estimated_value,
        t.expected_count, t.reported_count, t.nothing_count, t.blank_count, t.not_collected_count
    FROM core.restated_totals AS t
),

by_month AS (
    SELECT
        s.period, s.span, s.month, t.unit_id, t.indicator, COALESCE(c.as_breakdown, t.breakdown) AS breakdown,
        SUM(t.value) AS value, SUM(t.estimated_value) AS estimated_value,
        MAX(t.expected_count) AS expected_count, MIN(t.reported_count) AS reported_count,
        MIN(t.nothing_count) AS nothing_count, MAX(t.blank_count) AS blank_count,
        MAX(t.not_collected_count) AS not_collected_count
    FROM spans AS s
    LEFT JOIN catalogue.restatements AS o ON o.period = s.period AND o.month = s.month
    JOIN months AS t ON t.month = s.month AND t.on_map_of = COALESCE(o.period, '')
    JOIN catalogue.indicators AS i ON i.indicator = t.indicator
    LEFT JOIN catalogue.periods AS counted_in ON counted_in.period = s.month
    LEFT JOIN catalogue.periods AS asked_in ON asked_in.period = s.period
    LEFT JOIN catalogue.sector_changes AS c
        ON c.breakdown = t.breakdown AND counted_in.end_date BETWEEN c.valid_from AND c.valid_to
        AND asked_in.end_date BETWEEN c.asked_from AND c.asked_to
    WHERE i.kind = 'flow' OR s.is_last
    GROUP BY s.period, s.span, s.month, t.unit_id, t.indicator, COALESCE(c.as_breakdown, t.breakdown)
),

added AS (
    SELECT
        m.period, m.span, m.unit_id, m.indicator, m.breakdown,
        CAST(SUM(m.value) AS DECIMAL(28, 4)) AS value,
        CAST(SUM(m.estimated_value) AS DECIMAL(28, 4)) AS estimated_value,
        CAST(SUM(m.expected_count) AS INTEGER) AS expected_count,
        CAST(SUM(m.reported_count) AS INTEGER) AS reported_count,
        CAST(SUM(m.nothing_count) AS INTEGER) AS nothing_count,
        CAST(SUM(m.blank_count) AS INTEGER) AS blank_count,
        CAST(SUM(m.not_collected_count) AS INTEGER) AS not_collected_count,
        CAST(COUNT(*) AS INTEGER) AS months_count,
        CASE
            WHEN SUM(m.value) <> 0 THEN 'number'
            -- A nought of which a part is silent is no nought: of two sectors that became one, one was told.
            WHEN SUM(m.value) = 0 AND SUM(m.reported_count) > 0 THEN
                CASE WHEN SUM(m.nothing_count) = SUM(m.reported_count) THEN 'nothing' ELSE 'number' END
            WHEN SUM(m.not_collected_count) = SUM(m.expected_count) THEN 'not_collected'
            ELSE 'not_reported'
        END AS figure_state
    FROM by_month AS m
    GROUP BY m.period, m.span, m.unit_id, m.indicator, m.breakdown
),

counted AS (
    SELECT
        s.period, s.span, c.unit_id, c.indicator, c.breakdown,
        CAST(c.value AS DECIMAL(28, 4)) AS value, CAST(0 AS DECIMAL(28, 4)) AS estimated_value,
        v.expected_count, v.accepted_count AS reported_count,
        0 AS nothing_count, 0 AS blank_count, 0 AS not_collected_count, 1 AS months_count,
        CASE WHEN c.value IS NULL THEN 'not_reported' ELSE 'number' END AS figure_state
    FROM spans AS s
    LEFT JOIN catalogue.restatements AS o ON o.period = s.period AND o.month = s.month
    JOIN core.register_counts AS c ON c.month = s.month AND c.period = COALESCE(o.period, s.month)
    LEFT JOIN core.coverage AS v
        ON v.period = c.period AND c.period = c.month AND v.unit_id = c.unit_id AND v.form = 'OCOP-XA'
    WHERE s.is_last
),

-- Spans that flows of the register are told for.
told_spans AS (
    SELECT s.period, s.span, MAX(CASE WHEN s.is_last THEN s.month END) AS last_month, COUNT(*) AS months_count
    FROM spans AS s
    LEFT JOIN (SELECT DISTINCT period FROM core.coverage) AS c ON c.period = s.month
    GROUP BY s.period, s.span
    HAVING s.span NOT IN ('month_last_year', 'year_to_date_last_year') OR COUNT(*) = COUNT(c.period)
),

events AS (
    SELECT s.period, s.span, e.unit_id, e.indicator, e.breakdown, SUM(e.events_count) AS items
    FROM spans AS s
    JOIN core.register_flows AS e ON e.period = s.period AND e.month = s.month
    GROUP BY s.period, s.span, e.unit_id, e.indicator, e.breakdown
),

register_flows AS (
    SELECT
        s.period, s.span, a.ancestor_id AS unit_id, l.indicator, l.breakdown,
        CASE WHEN k.unit_id IS NOT NULL THEN CAST(COALESCE(e.items, 0) AS DECIMAL(28, 4)) END AS value,
        CAST(0 AS DECIMAL(28, 4)) AS estimated_value,
        v.expected_count, v.accepted_count AS reported_count,
        0 AS nothing_count, 0 AS blank_count, 0 AS not_collected_count, s.months_count,
        CASE
            WHEN k.unit_id IS NULL THEN 'not_reported'
            -- That a silent unit recognised or lost nothing this month is not known before it, or a decision, says so;
            -- certificates lapse by the calendar.
            WHEN
                s.span IN ('month', 'month_last_year') AND l.indicator IN ('SP01', 'SP05')
                AND COALESCE(e.items, 0) = 0 AND COALESCE(v.accepted_count, 0) = 0
                THEN 'not_reported'
            ELSE 'number'
        END AS figure_state
    FROM told_spans AS s
    JOIN (SELECT DISTINCT period, ancestor_id FROM core.unit_ancestors) AS a ON a.period = s.period
    JOIN catalogue.register_lines AS l ON l.period = s.period
    LEFT JOIN core.register_known AS k ON k.period = s.period AND k.unit_id = a.ancestor_id
    LEFT JOIN events AS e
        ON e.period = s.period AND e.span = s.span AND e.unit_id = a.ancestor_id AND e.indicator = l.indicator
        AND e.breakdown = l.breakdown
    LEFT JOIN core.coverage AS v
        ON v.period = s.last_month AND v.unit_id = a.ancestor_id AND v.form = 'OCOP-XA'
),

plain AS (
    SELECT
        period, span, unit_id, indicator, breakdown, value, estimated_value, expected_count, reported_count, nothing_count,
        blank_count, not_collected_count, months_count, figure_state
    FROM added
    UNION ALL
    SELECT
        period, span, unit_id, indicator, breakdown, value, estimated_value, expected_count, reported_count, nothing_count,
        blank_count, not_collected_count, months_count, figure_state
    FROM counted
    UNION ALL
    SELECT
        period, span, unit_id, indicator, breakdown, value, estimated_value, expected_count, reported_count, nothing_count,
        blank_count, not_collected_count, CAST(months_count AS INTEGER), figure_state
    FROM register_flows
),

ratio_sums AS (
    SELECT
        s.period, s.span, p.unit_id, p.indicator, p.breakdown,
        CAST(SUM(p.numerator) AS DECIMAL(28, 4)) AS numerator,
        CAST(SUM(p.denominator) AS DECIMAL(28, 4)) AS denominator,
        CAST(SUM(p.reported_count) AS INTEGER) AS reported_count
    FROM spans AS s
    LEFT JOIN catalogue.restatements AS o ON o.period = s.period AND o.month = s.month
    JOIN core.ratio_parts AS p ON p.month = s.month AND p.period = COALESCE(o.period, s.month)
    JOIN catalogue.indicators AS i ON i.indicator = p.indicator
    JOIN catalogue.indicators AS n ON n.indicator = i.numerator
    WHERE n.kind = 'flow' OR s.is_last
    GROUP BY s.period, s.span, p.unit_id, p.indicator, p.breakdown
    UNION ALL
    SELECT
        n.period, n.span, n.unit_id, i.indicator, n.breakdown, n.value, d.value, n.reported_count
    FROM counted AS n
    JOIN catalogue.indicators AS i ON i.kind = 'ratio' AND i.numerator = n.indicator
    JOIN counted AS d
        ON d.period = n.period AND d.span = n.span AND d.unit_id = n.unit_id AND d.indicator = i.denominator
        AND d.breakdown = n.breakdown
),

ratios AS (
    SELECT
        n.period, n.span, n.unit_id, i.indicator, n.breakdown,
        CASE
            WHEN q.denominator > 0 THEN CAST(ROUND(q.numerator * 100 / q.denominator, 4) AS DECIMAL(28, 4))
        END AS value,
        q.numerator, q.denominator, CAST(GREATEST(n.estimated_value, d.estimated_value) AS DECIMAL(28, 4)) AS parts_estimated,
        d.expected_count,
        CAST(COALESCE(q.reported_count, 0) AS INTEGER) AS reported_count, n.months_count,
        -- At least as many lack the ratio as lack the part that more of them lack.
        CAST(GREATEST(n.blank_count, d.blank_count) AS INTEGER) AS blank_count,
        CAST(GREATEST(n.not_collected_count, d.not_collected_count) AS INTEGER) AS not_collected_count,
        CASE
            WHEN q.denominator > 0 AND q.numerator IS NOT NULL THEN 'number'
            -- Both parts were told and there is nothing to divide by.
            WHEN q.denominator = 0 AND q.reported_count > 0 THEN 'nothing'
            WHEN n.figure_state = 'not_collected' OR d.figure_state = 'not_collected' THEN 'not_collected'
            ELSE 'not_reported'
        END AS figure_state
    FROM plain AS n
    JOIN catalogue.indicators AS i ON i.kind = 'ratio' AND i.numerator = n.indicator
    JOIN plain AS d
        ON d.period = n.period AND d.span = n.span AND d.unit_id = n.unit_id AND d.indicator = i.denominator
        AND d.breakdown = n.breakdown
    LEFT JOIN ratio_sums AS q
        ON q.period = n.period AND q.span = n.span AND q.unit_id = n.unit_id AND q.indicator = i.indicator
        AND q.breakdown = n.breakdown
)

SELECT
    plain.period, plain.span, plain.unit_id, plain.indicator, plain.breakdown, plain.value, plain.estimated_value,
    CAST(NULL AS DECIMAL(28, 4)) AS numerator, CAST(NULL AS DECIMAL(28, 4)) AS denominator, plain.figure_state,
    plain.expected_count, plain.reported_count, plain.nothing_count, plain.blank_count, plain.not_collected_count,
    plain.months_count
FROM plain
UNION ALL
SELECT
    ratios.period, ratios.span, ratios.unit_id, ratios.indicator, ratios.breakdown, ratios.value,
    -- A ratio is as much an estimate as its parts: all of it or nothing.
    CASE WHEN ratios.parts_estimated > 0 THEN ratios.value ELSE CAST(0 AS DECIMAL(28, 4)) END,
    ratios.numerator, ratios.denominator, ratios.figure_state,
    ratios.expected_count, ratios.reported_count, 0, ratios.blank_count, ratios.not_collected_count, ratios.months_count
FROM ratios
