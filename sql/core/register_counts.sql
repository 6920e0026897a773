-- One row per month, unit, indicator and breakdown counted afresh from the register at every tier: products,
-- producers and communes counted once each, whatever lies below. Never a sum of the rows of lower units. Where no unit
-- of it ever sent a register there is no figure: silence is not nought.
WITH located AS (
    SELECT
        s.period, a.ancestor_id AS unit_id, s.product_id, s.producer_id, s.producer_type, s.product_group, s.star,
        CASE WHEN a.unit_tier = 'commune' THEN s.unit_id END AS commune_id, s.certificate_state, s.expiry_date,
        p.end_date
    FROM core.product_status AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN catalogue.periods AS p ON p.period = s.period
    JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id
),

valid AS (
    SELECT
        period, unit_id, product_id, producer_id, producer_type, product_group, star, commune_id, expiry_date, end_date
    FROM located
    WHERE certificate_state = 'valid'
),

counted AS (
    SELECT period, unit_id, 'SP02' AS indicator, '' AS breakdown, COUNT(DISTINCT product_id) AS items
    FROM located GROUP BY period, unit_id
    UNION ALL
    SELECT period, unit_id, 'SP02', 'star=' || star, COUNT(DISTINCT product_id)
    FROM located GROUP BY period, unit_id, star
    UNION ALL
    SELECT period, unit_id, 'SP02', 'product_group=' || product_group, COUNT(DISTINCT product_id)
    FROM located GROUP BY period, unit_id, product_group
    UNION ALL
    SELECT period, unit_id, 'SP03', '', COUNT(DISTINCT product_id)
    FROM valid GROUP BY period, unit_id
    UNION ALL
    SELECT period, unit_id, 'SP03', 'star=' || star, COUNT(DISTINCT product_id)
    FROM valid GROUP BY period, unit_id, star
    UNION ALL
    SELECT period, unit_id, 'SP03', 'product_group=' || product_group, COUNT(DISTINCT product_id)
    FROM valid GROUP BY period, unit_id, product_group
    UNION ALL
    SELECT period, unit_id, 'SP06', 'horizon=within_3_months', COUNT(DISTINCT product_id)
    FROM valid WHERE expiry_date <= end_date + INTERVAL '3' MONTH GROUP BY period, unit_id
    UNION ALL
    SELECT period, unit_id, 'SP06', 'horizon=within_6_months', COUNT(DISTINCT product_id)
    FROM valid WHERE expiry_date <= end_date + INTERVAL '6' MONTH GROUP BY period, unit_id
    UNION ALL
    SELECT period, unit_id, 'SP06', 'horizon=within_12_months', COUNT(DISTINCT product_id)
    FROM valid WHERE expiry_date <= end_date + INTERVAL '12' MONTH GROUP BY period, unit_id
    UNION ALL
    -- Nested parts: the whole is the widest of them.
    SELECT period, unit_id, 'SP06', '', COUNT(DISTINCT product_id)
    FROM valid WHERE expiry_date <= end_date + INTERVAL '12' MONTH GROUP BY period, unit_id
    UNION ALL
    SELECT period, unit_id, 'SP07A', '', COUNT(DISTINCT commune_id)
    FROM valid GROUP BY period, unit_id
    UNION ALL
    SELECT period, unit_id, 'CH01', '', COUNT(DISTINCT producer_id)
    FROM valid GROUP BY period, unit_id
    UNION ALL
    SELECT period, unit_id, 'CH01', 'producer_type=' || producer_type, COUNT(DISTINCT producer_id)
    FROM valid GROUP BY period, unit_id, producer_type
),

lines AS (
    SELECT DISTINCT a.period, a.ancestor_id AS unit_id, l.indicator, l.breakdown
    FROM core.unit_ancestors AS a
    JOIN meta.run_periods AS r ON r.period = a.period
    JOIN catalogue.count_lines AS l ON l.period = a.period
),

heard AS (
    SELECT a.period, a.ancestor_id AS unit_id
    FROM core.unit_ancestors AS a
    JOIN meta.run_periods AS r ON r.period = a.period
    JOIN staging.submissions AS s ON s.unit_id = a.unit_id AND s.agency = '' AND s.period <= a.period
    UNION
    SELECT period, unit_id FROM located
),

communes AS (
    SELECT a.period, a.ancestor_id AS unit_id, COUNT(*) AS items
    FROM core.unit_ancestors AS a
    JOIN meta.run_periods AS r ON r.period = a.period
    WHERE a.unit_tier = 'commune'
    GROUP BY a.period, a.ancestor_id
)

SELECT
    lines.period, lines.unit_id, lines.indicator, lines.breakdown,
    CASE WHEN heard.unit_id IS NOT NULL THEN CAST(COALESCE(counted.items, 0) AS DECIMAL(28, 4)) END AS value
FROM lines
LEFT JOIN heard ON heard.period = lines.period AND heard.unit_id = lines.unit_id
LEFT JOIN counted
    ON counted.period = lines.period AND counted.unit_id = lines.unit_id AND counted.indicator = lines.indicator
    AND counted.breakdown = lines.breakdown
UNION ALL
SELECT communes.period, communes.unit_id, 'SP07B', '', CAST(communes.items AS DECIMAL(28, 4))
FROM communes
