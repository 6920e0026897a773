-- What a report prints of recognitions, lapses and revocations, in month and year to date, in all and by star, is what the
-- history of the products tells, counted here by another way, of every unit whose register is known, whoever reported: nought
-- is printed as nought. Of other units nothing is printed. Each row is one disagreement with both numbers.
WITH spans AS (
    SELECT s.period, s.span, q.end_date AS closing_date, MIN(p.start_date) AS start_date
    FROM meta.run_periods AS r
    JOIN catalogue.spans AS s ON s.period = r.period AND s.span IN ('month', 'year_to_date')
    JOIN catalogue.periods AS p ON p.period = s.month
    JOIN catalogue.periods AS q ON q.period = s.period
    GROUP BY s.period, s.span, q.end_date
),

events AS (
    SELECT h.product_id, h.home_id, h.event_date, h.star, 'SP01' AS indicator
    FROM core.product_history AS h
    WHERE h.is_recognition
    UNION ALL
    SELECT c.product_id, c.home_id, c.event_date, c.star, CASE c.movement WHEN 'expired' THEN 'SP04' ELSE 'SP05' END
    FROM core.product_changes AS c
    WHERE c.movement IN ('expired', 'revoked')
),

happened AS (
    SELECT s.period, s.span, a.ancestor_id AS unit_id, e.indicator, e.star
    FROM spans AS s
    JOIN events AS e ON e.event_date BETWEEN s.start_date AND s.closing_date
    JOIN core.product_places AS w
        ON w.product_id = e.product_id AND w.home_id = e.home_id AND s.closing_date BETWEEN w.valid_from AND w.valid_to
    JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = w.unit_id
),

counted AS (
    SELECT period, span, unit_id, indicator, '' AS breakdown, COUNT(*) AS items
    FROM happened GROUP BY period, span, unit_id, indicator
    UNION ALL
    SELECT period, span, unit_id, indicator, CONCAT('star=', star), COUNT(*)
    FROM happened GROUP BY period, span, unit_id, indicator, star
),

printed AS (
    SELECT i.period, 'month' AS span, i.unit_id, i.indicator, i.breakdown, i.month_value AS value
    FROM marts.indicator_summary AS i
    JOIN meta.run_periods AS r ON r.period = i.period
    UNION ALL
    SELECT i.period, 'year_to_date', i.unit_id, i.indicator, i.breakdown, i.year_to_date_value
    FROM marts.indicator_summary AS i
    JOIN meta.run_periods AS r ON r.period = i.period
),

lines AS (
    SELECT s.period, s.span, l.indicator, l.breakdown
    FROM spans AS s
    JOIN catalogue.register_lines AS l ON l.period = s.period
    WHERE l.breakdown = '' OR l.breakdown LIKE 'star=%'
)

SELECT
    l.period, l.span, k.unit_id, l.indicator, l.breakdown, COALESCE(c.items, 0) AS counted, p.value AS published
FROM lines AS l
JOIN core.register_known AS k ON k.period = l.period
LEFT JOIN counted AS c
    ON c.period = l.period AND c.span = l.span AND c.unit_id = k.unit_id AND c.indicator = l.indicator
    AND c.breakdown = l.breakdown
LEFT JOIN printed AS p
    ON p.period = l.period AND p.span = l.span AND p.unit_id = k.unit_id AND p.indicator = l.indicator
    AND p.breakdown = l.breakdown
WHERE p.value IS DISTINCT FROM COALESCE(c.items, 0)
UNION ALL
SELECT l.period, l.span, p.unit_id, l.indicator, l.breakdown, NULL, p.value
FROM lines AS l
JOIN printed AS p
    ON p.period = l.period AND p.span = l.span AND p.indicator = l.indicator AND p.breakdown = l.breakdown
LEFT JOIN core.register_known AS k ON k.period = p.period AND k.unit_id = p.unit_id
WHERE k.unit_id IS NULL AND p.value IS NOT NULL
