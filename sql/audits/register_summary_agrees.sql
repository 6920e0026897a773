-- The annexes of the register and the indicators of the same report may not disagree: every count of a line equals the
-- published figure of the same meaning, the families make the whole, and the parts of every split make the total. Each
-- row is one disagreement with both numbers.
WITH lines AS (
    SELECT
        s.period, s.unit_id, s.breakdown, s.month_recognised_count, s.year_recognised_count, s.ever_recognised_count,
        s.valid_3_count, s.valid_4_count, s.valid_potential_5_count, s.valid_5_count, s.valid_count, s.now_expired_count,
        s.now_revoked_count, s.producers_count
    FROM marts.register_summary AS s
    JOIN meta.run_periods AS r ON r.period = s.period
),

counted AS (
    SELECT period, unit_id, 'SP01' AS indicator, breakdown, month_recognised_count AS items
    FROM lines WHERE breakdown = '' OR (breakdown LIKE 'product_group=%' AND breakdown NOT LIKE '%;%')
    UNION ALL
    SELECT period, unit_id, 'SP01 year', breakdown, year_recognised_count
    FROM lines WHERE breakdown = '' OR (breakdown LIKE 'product_group=%' AND breakdown NOT LIKE '%;%')
    UNION ALL
    SELECT period, unit_id, 'SP02', breakdown, ever_recognised_count
    FROM lines WHERE breakdown = '' OR (breakdown LIKE 'product_group=%' AND breakdown NOT LIKE '%;%')
    UNION ALL
    SELECT period, unit_id, 'SP03', breakdown, valid_count
    FROM lines WHERE breakdown = '' OR (breakdown LIKE 'product_group=%' AND breakdown NOT LIKE '%;%')
    UNION ALL
    SELECT period, unit_id, 'SP03', 'star=3', valid_3_count FROM lines WHERE breakdown = ''
    UNION ALL
    SELECT period, unit_id, 'SP03', 'star=4', valid_4_count FROM lines WHERE breakdown = ''
    UNION ALL
    SELECT period, unit_id, 'SP03', 'star=potential_5', valid_potential_5_count FROM lines WHERE breakdown = ''
    UNION ALL
    SELECT period, unit_id, 'SP03', 'star=5', valid_5_count FROM lines WHERE breakdown = ''
    UNION ALL
    SELECT period, unit_id, 'CH01', breakdown, producers_count
    FROM lines WHERE breakdown = '' OR breakdown LIKE 'producer_type=_%'
),

published AS (
    SELECT i.period, i.unit_id, i.indicator, i.breakdown, i.month_value AS figure
    FROM marts.indicator_summary AS i
    WHERE i.indicator IN ('SP01', 'SP02', 'SP03', 'CH01')
    UNION ALL
    SELECT i.period, i.unit_id, 'SP01 year', i.breakdown, i.year_to_date_value
    FROM marts.indicator_summary AS i
    WHERE i.indicator = 'SP01'
),

splits AS (
    SELECT
        period, unit_id,
        CASE
            WHEN breakdown LIKE '%;%' THEN 'group_line'
            WHEN breakdown LIKE 'product_group=%' THEN 'product_group'
            ELSE 'producer_type'
        END AS split,
        SUM(month_recognised_count) AS month_items, SUM(year_recognised_count) AS year_items,
        SUM(ever_recognised_count) AS ever_items, SUM(valid_count) AS valid_items
    FROM lines
    WHERE breakdown LIKE 'product_group=%' OR breakdown LIKE 'producer_type=%'
    GROUP BY
        period, unit_id,
        CASE
            WHEN breakdown LIKE '%;%' THEN 'group_line'
            WHEN breakdown LIKE 'product_group=%' THEN 'product_group'
            ELSE 'producer_type'
        END
)

SELECT c.period, c.unit_id, c.indicator, c.breakdown, c.items AS counted, CAST(p.figure AS BIGINT) AS published
FROM counted AS c
JOIN published AS p
    ON p.period = c.period AND p.unit_id = c.unit_id AND p.indicator = c.indicator AND p.breakdown = c.breakdown
WHERE c.items <> p.figure
UNION ALL
SELECT p.period, p.unit_id, p.indicator, p.breakdown, 0, CAST(p.figure AS BIGINT)
FROM published AS p
JOIN meta.run_periods AS r ON r.period = p.period
LEFT JOIN lines AS l ON l.period = p.period AND l.unit_id = p.unit_id AND l.breakdown = p.breakdown
WHERE p.figure > 0 AND l.breakdown IS NULL
    AND (
        p.breakdown = '' OR p.breakdown LIKE 'product_group=%' OR p.breakdown LIKE 'producer_type=%'
    )
UNION ALL
SELECT period, unit_id, 'ever', breakdown, valid_count + now_expired_count + now_revoked_count, ever_recognised_count
FROM lines
WHERE ever_recognised_count <> valid_count + now_expired_count + now_revoked_count
UNION ALL
SELECT period, unit_id, 'stars', breakdown, valid_3_count + valid_4_count + valid_potential_5_count + valid_5_count, valid_count
FROM lines
WHERE valid_count <> valid_3_count + valid_4_count + valid_potential_5_count + valid_5_count
UNION ALL
SELECT t.period, t.unit_id, 'parts', s.split, CAST(s.valid_items AS BIGINT), t.valid_count
FROM lines AS t
JOIN splits AS s ON s.period = t.period AND s.unit_id = t.unit_id
WHERE t.breakdown = '' AND (
    s.month_items <> t.month_recognised_count OR s.year_items <> t.year_recognised_count
    OR s.ever_items <> t.ever_recognised_count OR s.valid_items <> t.valid_count
)
