-- One row per month of a report, month counted, unit, indicator, breakdown and product with an event in the register: recognitions
-- decided within the month (SP01), certificates that lapsed in it and were not renewed by the day of the lapse (SP04), and
-- certificates revoked in it (SP05). A lapse is the balance's: recognised again later within the month it has lapsed all the
-- same. Units and product groups are those of the report's closing day, so a year that had two maps is counted exactly on one.
-- The months are those the report compares, run or not, and those its plans add up: a register tells of its past.
WITH months AS (
    SELECT DISTINCT r.period, q.end_date AS closing_date, s.month, p.start_date, p.end_date
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS q ON q.period = r.period
    JOIN catalogue.spans AS s ON s.period = r.period
    JOIN catalogue.periods AS p ON p.period = s.month
    UNION
    SELECT r.period, q.end_date, p.period, p.start_date, p.end_date
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS q ON q.period = r.period
    JOIN catalogue.plan_targets AS t ON t.measure = 'cumulative' AND q.year BETWEEN t.first_year AND t.last_year
    JOIN catalogue.periods AS p ON p.period BETWEEN t.first_month AND r.period
),

recognised AS (
    SELECT
        m.period, m.month, w.unit_id, 'SP01' AS indicator, e.product_id, e.star, g.product_group, e.recognising_level,
        -- Reports tell three kinds apart: recognised again is recognised again, with fewer stars too.
        CASE c.recognition_kind WHEN 'downgrade' THEN 'again' ELSE c.recognition_kind END AS recognition_kind
    FROM months AS m
    JOIN core.product_history AS h ON h.is_recognition AND h.event_date BETWEEN m.start_date AND m.end_date
    JOIN core.recognitions AS e
        ON e.product_id = h.product_id AND e.decision_date = h.event_date AND e.unit_id = h.listed_unit_id
    JOIN core.certificates AS c ON c.product_id = e.product_id AND c.decision_date = e.decision_date
    JOIN core.product_places AS w
        ON w.product_id = h.product_id AND w.home_id = h.home_id AND m.closing_date BETWEEN w.valid_from AND w.valid_to
    LEFT JOIN catalogue.group_lists AS v ON m.closing_date BETWEEN v.valid_from AND v.valid_to
    LEFT JOIN core.recognition_groups AS g
        ON g.product_id = e.product_id AND g.decision_date = e.decision_date AND g.unit_id = e.unit_id
        AND g.list_version = v.list_version
),

ended AS (
    SELECT
        m.period, m.month, w.unit_id, CASE c.movement WHEN 'expired' THEN 'SP04' ELSE 'SP05' END AS indicator,
        c.product_id, c.star
    FROM months AS m
    JOIN core.product_changes AS c
        ON c.event_date BETWEEN m.start_date AND m.end_date AND c.movement IN ('expired', 'revoked')
    JOIN core.product_places AS w
        ON w.product_id = c.product_id AND w.home_id = c.home_id AND m.closing_date BETWEEN w.valid_from AND w.valid_to
),

split AS (
    SELECT period, month, unit_id, indicator, '' AS breakdown, product_id FROM recognised
    UNION ALL
    SELECT period, month, unit_id, indicator, 'star=' || star, product_id FROM recognised
    UNION ALL
    SELECT period, month, unit_id, indicator, 'recognition_kind=' || recognition_kind, product_id FROM recognised
    UNION ALL
    SELECT period, month, unit_id, indicator, 'product_group=' || product_group, product_id FROM recognised
    UNION ALL
    SELECT period, month, unit_id, indicator, 'recognising_level=' || recognising_level, product_id FROM recognised
    UNION ALL
    SELECT period, month, unit_id, indicator, '', product_id FROM ended
    UNION ALL
    SELECT period, month, unit_id, indicator, 'star=' || star, product_id FROM ended
)

SELECT
    split.period, split.month, split.unit_id, split.indicator, split.breakdown, split.product_id,
    CAST(COUNT(*) AS INTEGER) AS events_count
FROM split
WHERE split.breakdown IS NOT NULL
GROUP BY split.period, split.month, split.unit_id, split.indicator, split.breakdown, split.product_id
