-- One row per month of a report, month counted, unit, indicator and breakdown, counted afresh from the register at every
-- tier: products, producers and communes counted once each, whatever lies below. Never a sum of the rows of lower units.
-- Where no unit of it ever sent a register there is no figure: silence is not nought. The month counted is the report's
-- own, or the same month of the year before where that had another map of units: then on the report's map.
WITH located AS (
    SELECT
        s.period, s.period AS month, a.ancestor_id AS unit_id, s.product_id, s.producer_id, s.producer_type, s.product_group, s.star,
        CASE WHEN a.unit_tier = 'commune' THEN s.unit_id END AS commune_id, s.certificate_state, s.expiry_date,
        p.end_date
    FROM core.product_status AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN catalogue.periods AS p ON p.period = s.period
    JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id
    UNION ALL
    SELECT
        w.period, w.month, a.ancestor_id, s.product_id, s.producer_id, s.producer_type, s.product_group, s.star,
        CASE WHEN a.unit_tier = 'commune' THEN w.unit_id END, s.certificate_state, s.expiry_date, p.end_date
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS q ON q.period = r.period
    JOIN core.restated_places AS w ON w.period = r.period AND w.month = q.same_last_year
    JOIN core.product_status AS s ON s.period = w.month AND s.product_id = w.product_id
    JOIN catalogue.periods AS p ON p.period = w.month
    JOIN core.unit_ancestors AS a ON a.period = w.period AND a.unit_id = w.unit_id
),

valid AS (
    SELECT
        period, month, unit_id, product_id, producer_id, producer_type, product_group, star, commune_id, expiry_date, end_date
    FROM located
    WHERE certificate_state = 'valid'
),

counted AS (
    SELECT period, month, unit_id, 'SP02' AS indicator, '' AS breakdown, COUNT(DISTINCT product_id) AS items
    FROM located GROUP BY period, month, unit_id
    UNION ALL
    SELECT period, month, unit_id, 'SP02', 'star=' || star, COUNT(DISTINCT product_id)
    FROM located GROUP BY period, month, unit_id, star
    UNION ALL
    SELECT period, month, unit_id, 'SP02', 'product_group=' || product_group, COUNT(DISTINCT product_id)
    FROM located GROUP BY period, month, unit_id, product_group
    UNION ALL
    SELECT period, month, unit_id, 'SP03', '', COUNT(DISTINCT product_id)
    FROM valid GROUP BY period, month, unit_id
    UNION ALL
    SELECT period, month, unit_id, 'SP03', 'star=' || star, COUNT(DISTINCT product_id)
    FROM valid GROUP BY period, month, unit_id, star
    UNION ALL
    SELECT period, month, unit_id, 'SP03', 'product_group=' || product_group, COUNT(DISTINCT product_id)
    FROM valid GROUP BY period, month, unit_id, product_group
    UNION ALL
    SELECT period, month, unit_id, 'SP06', 'horizon=within_3_months', COUNT(DISTINCT product_id)
    FROM valid WHERE expiry_date <= end_date + INTERVAL '3' MONTH GROUP BY period, month, unit_id
    UNION ALL
    SELECT period, month, unit_id, 'SP06', 'horizon=within_6_months', COUNT(DISTINCT product_id)
    FROM valid WHERE expiry_date <= end_date + INTERVAL '6' MONTH GROUP BY period, month, unit_id
    UNION ALL
    SELECT period, month, unit_id, 'SP06', 'horizon=within_12_months', COUNT(DISTINCT product_id)
    FROM valid WHERE expiry_date <= end_date + INTERVAL '12' MONTH GROUP BY period, month, unit_id
    UNION ALL
    -- Nested parts: the whole is the widest of them.
    SELECT period, month, unit_id, 'SP06', '', COUNT(DISTINCT product_id)
    FROM valid WHERE expiry_date <= end_date + INTERVAL '12' MONTH GROUP BY period, month, unit_id
    UNION ALL
    SELECT period, month, unit_id, 'SP07A', '', COUNT(DISTINCT commune_id)
    FROM valid GROUP BY period, month, unit_id
    UNION ALL
    SELECT period, month, unit_id, 'CH01', '', COUNT(DISTINCT producer_id)
    FROM valid GROUP BY period, month, unit_id
    UNION ALL
    SELECT period, month, unit_id, 'CH01', 'producer_type=' || producer_type, COUNT(DISTINCT producer_id)
    FROM valid GROUP BY period, month, unit_id, producer_type
),

counted_months AS (
    SELECT r.period, r.period AS month FROM meta.run_periods AS r
    UNION ALL
    SELECT s.period, s.month
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN catalogue.restatements AS s ON s.period = r.period AND s.month = p.same_last_year
),

lines AS (
    SELECT DISTINCT m.period, m.month, a.ancestor_id AS unit_id, l.indicator, l.breakdown
    FROM counted_months AS m
    JOIN core.unit_ancestors AS a ON a.period = m.period
    JOIN catalogue.count_lines AS l ON l.period = m.month
),

-- Units of the month counted, as they lie in units of the report.
heard AS (
    SELECT k.period, k.period AS month, k.unit_id
    FROM core.register_known AS k
    JOIN meta.run_periods AS r ON r.period = k.period
    UNION
    SELECT m.period, m.month, a.ancestor_id
    FROM counted_months AS m
    JOIN catalogue.restatements AS t ON t.period = m.period AND t.month = m.month
    JOIN catalogue.unit_ways AS y ON y.from_map = t.from_map AND y.to_map = t.to_map
    JOIN staging.submissions AS s ON s.unit_id = y.unit_id AND s.agency = '' AND s.period <= m.month
    JOIN core.unit_ancestors AS a ON a.period = m.period AND a.unit_id = y.target_id
    UNION
    SELECT period, month, unit_id FROM located
),

communes AS (
    SELECT m.period, m.month, a.ancestor_id AS unit_id, COUNT(*) AS items
    FROM counted_months AS m
    JOIN core.unit_ancestors AS a ON a.period = m.period
    WHERE a.unit_tier = 'commune'
    GROUP BY m.period, m.month, a.ancestor_id
)

SELECT
    lines.period, lines.month, lines.unit_id, lines.indicator, lines.breakdown,
    CASE WHEN heard.unit_id IS NOT NULL THEN CAST(COALESCE(counted.items, 0) AS DECIMAL(28, 4)) END AS value
FROM lines
LEFT JOIN heard ON heard.period = lines.period AND heard.month = lines.month AND heard.unit_id = lines.unit_id
LEFT JOIN counted
    ON counted.period = lines.period AND counted.month = lines.month AND counted.unit_id = lines.unit_id
    AND counted.indicator = lines.indicator AND counted.breakdown = lines.breakdown
UNION ALL
SELECT communes.period, communes.month, communes.unit_id, 'SP07B', '', CAST(communes.items AS DECIMAL(28, 4))
FROM communes
