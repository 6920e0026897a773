-- One row per month, unit, indicator and breakdown with events in the register: recognitions decided within the
-- month (SP01) and certificates that lapsed in it without a renewal (SP04).
WITH recognised AS (
    SELECT
        r.period, e.unit_id, 'SP01' AS indicator, e.product_id, e.star, g.product_group, e.recognising_level,
        -- Reports tell three kinds apart: recognised again is recognised again, with fewer stars too.
        CASE e.recognition_kind WHEN 'downgrade' THEN 'again' ELSE e.recognition_kind END AS recognition_kind
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN core.recognitions AS e ON e.decision_date BETWEEN p.start_date AND p.end_date
    LEFT JOIN catalogue.group_lists AS v ON p.end_date BETWEEN v.valid_from AND v.valid_to
    LEFT JOIN core.recognition_groups AS g
        ON g.product_id = e.product_id AND g.decision_date = e.decision_date AND g.unit_id = e.unit_id
        AND g.list_version = v.list_version
    -- What a later commune lists again happened in the commune of that month.
    JOIN catalogue.units AS u ON u.unit_id = e.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
),

lapsed AS (
    SELECT
        r.period, s.unit_id, 'SP04' AS indicator, s.product_id, s.star
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN core.product_status AS s ON s.period = r.period AND s.expiry_date BETWEEN p.start_date AND p.end_date
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
    SELECT period, unit_id, indicator, '', product_id FROM lapsed
    UNION ALL
    SELECT period, unit_id, indicator, 'star=' || star, product_id FROM lapsed
)

SELECT
    split.period, split.unit_id, split.indicator, split.breakdown, CAST(COUNT(*) AS INTEGER) AS events_count
FROM split
WHERE split.breakdown IS NOT NULL
GROUP BY split.period, split.unit_id, split.indicator, split.breakdown
