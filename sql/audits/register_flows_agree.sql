-- What a report prints of lapses and revocations is what the balance of its annex shows, in all and by star, whoever
-- reported. Each row is one disagreement with both numbers.
WITH moved AS (
    SELECT
        m.period, a.ancestor_id AS unit_id, CASE m.movement WHEN 'expired' THEN 'SP04' ELSE 'SP05' END AS indicator, m.star
    FROM core.register_movements AS m
    JOIN meta.run_periods AS r ON r.period = m.period
    JOIN core.unit_ancestors AS a ON a.period = m.period AND a.unit_id = m.unit_id
    WHERE m.movement IN ('expired', 'revoked')
),

counted AS (
    SELECT period, unit_id, indicator, '' AS breakdown, COUNT(*) AS items
    FROM moved GROUP BY period, unit_id, indicator
    UNION ALL
    SELECT period, unit_id, indicator, CONCAT('star=', star), COUNT(*)
    FROM moved GROUP BY period, unit_id, indicator, star
)

SELECT i.period, i.unit_id, i.indicator, i.breakdown, COALESCE(c.items, 0) AS counted, i.month_value AS published
FROM marts.indicator_summary AS i
JOIN meta.run_periods AS r ON r.period = i.period
LEFT JOIN counted AS c
    ON c.period = i.period AND c.unit_id = i.unit_id AND c.indicator = i.indicator AND c.breakdown = i.breakdown
WHERE i.indicator IN ('SP04', 'SP05') AND COALESCE(c.items, 0) <> COALESCE(i.month_value, 0)
