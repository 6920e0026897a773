-- One row per month, unit, indicator, breakdown and product with an event in the register: recognitions decided within the
-- month (SP01), certificates that lapsed in it and were not renewed by the day of the lapse (SP04), and certificates revoked in
-- it (SP05). A lapse is the balance's: recognised again later within the month it has lapsed all the same.
WITH recognised AS (
    SELECT
        r.period, w.unit_id, 'SP01' AS indicator, e.product_id, e.star, g.product_group, e.recognising_level,
        -- Reports tell three kinds apart: recognised again is recognised again, with fewer stars too.
        CASE e.recognition_kind WHEN 'downgrade' THEN 'again' ELSE e.recognition_kind END AS recognition_kind
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN core.product_history AS h ON h.is_recognition AND h.event_date BETWEEN p.start_date AND p.end_date
    JOIN core.recognitions AS e
        ON e.product_id = h.product_id AND e.decision_date = h.event_date AND e.unit_id = h.listed_unit_id
    JOIN core.product_places AS w
        ON w.product_id = h.product_id AND w.home_id = h.home_id AND p.end_date BETWEEN w.valid_from AND w.valid_to
    LEFT JOIN catalogue.group_lists AS v ON p.end_date BETWEEN v.valid_from AND v.valid_to
    LEFT JOIN core.recognition_groups AS g
        ON g.product_id = e.product_id AND g.decision_date = e.decision_date AND g.unit_id = e.unit_id
        AND g.list_version = v.list_version
    -- What a later commune lists again happened in the commune of that month.
    JOIN catalogue.units AS u ON u.unit_id = w.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
),

ended AS (
    SELECT
        m.period, m.unit_id, CASE m.movement WHEN 'expired' THEN 'SP04' ELSE 'SP05' END AS indicator, m.product_id, m.star
    FROM meta.run_periods AS r
    JOIN core.register_movements AS m ON m.period = r.period
    WHERE m.movement IN ('expired', 'revoked')
),

split AS (
    SELECT period, unit_id, indicator, '' AS breakdown, product_id FROM recognised
    UNION ALL
    SELECT period, unit_id, indicator, 'star=' || star, product_id FROM recognised
    UNION ALL
    SELECT period, unit_id, indicator, 'recognition_kind=' || recognition_kind, product_id FROM recognised
    UNION ALL
    SELECT period, unit_id, indicator, 'product_group=' || product_group, product_id FROM recognised
    UNION ALL
    SELECT period, unit_id, indicator, 'recognising_level=' || recognising_level, product_id FROM recognised
    UNION ALL
    SELECT period, unit_id, indicator, '', product_id FROM ended
    UNION ALL
    SELECT period, unit_id, indicator, 'star=' || star, product_id FROM ended
)

SELECT
    split.period, split.unit_id, split.indicator, split.breakdown, split.product_id,
    CAST(COUNT(*) AS INTEGER) AS events_count
FROM split
WHERE split.breakdown IS NOT NULL
GROUP BY split.period, split.unit_id, split.indicator, split.breakdown, split.product_id
