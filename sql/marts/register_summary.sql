-- One row per month, unit and line of the register's annexes: the four families side by side, counted afresh at every
-- tier and never added: recognised in the month and in the year to date, ever recognised, valid by star, and no longer
-- valid. A line is all products of the unit, a sector, a group within it, a type of producer, or what is the unit's own
-- and no lower unit's. A unit whose register is not known has no row: silence is not nought. A recognition counts
-- in the month of its decision, as in SP01.
WITH months AS (
    SELECT r.period, p.end_date, v.list_version
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    LEFT JOIN catalogue.group_lists AS v ON p.end_date BETWEEN v.valid_from AND v.valid_to
),

known AS (
    SELECT i.period, i.unit_id
    FROM marts.indicator_summary AS i
    JOIN meta.run_periods AS r ON r.period = i.period
    WHERE i.indicator = 'SP02' AND i.breakdown = '' AND i.month_value IS NOT NULL
),

products AS (
    SELECT
        s.period, a.ancestor_id AS unit_id, s.certificate_state AS family, s.star, s.producer_id, s.producer_type,
        s.product_group, n.group_code, a.distance = 0 AND a.unit_tier <> 'commune' AS is_own
    FROM core.product_status AS s
    JOIN months AS m ON m.period = s.period
    JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id
    LEFT JOIN catalogue.group_conversions AS n
        ON n.list_version = m.list_version AND n.to_list = m.list_version AND n.code = s.group_line
),

-- Recognitions as SP01 counts them: all the register knows of the year's months, on the report's map of units and in its
-- list of sectors.
recognitions AS (
    SELECT
        m.period, a.ancestor_id AS unit_id, CASE WHEN c.is_last THEN 'recognised_now' ELSE 'recognised_before' END AS family,
        e.breakdown, e.events_count, s.producer_type, s.product_group, n.group_code,
        a.distance = 0 AND a.unit_tier <> 'commune' AS is_own
    FROM months AS m
    JOIN catalogue.spans AS c ON c.period = m.period AND c.span = 'year_to_date'
    JOIN core.register_flow_products AS e
        ON e.period = m.period AND e.month = c.month AND e.indicator = 'SP01'
        AND (e.breakdown = '' OR e.breakdown LIKE 'product_group=%')
    JOIN core.unit_ancestors AS a ON a.period = e.period AND a.unit_id = e.unit_id
    LEFT JOIN core.product_status AS s ON s.period = m.period AND s.product_id = e.product_id
    LEFT JOIN catalogue.group_conversions AS n
        ON n.list_version = m.list_version AND n.to_list = m.list_version AND n.code = s.group_line
),

-- Below a sector: the group, or blank where the register tells the sector alone.
lines AS (
    SELECT period, unit_id, '' AS breakdown, family, star, producer_id, 1 AS items FROM products
    UNION ALL
    SELECT period, unit_id, CONCAT('product_group=', COALESCE(product_group, 'unknown')), family, star, producer_id, 1
    FROM products
    UNION ALL
    SELECT
        period, unit_id,
        CONCAT('product_group=', COALESCE(product_group, 'unknown'), ';group_line=', COALESCE(group_code, '')),
        family, star, producer_id, 1
    FROM products
    UNION ALL
    SELECT period, unit_id, CONCAT('producer_type=', COALESCE(producer_type, '')), family, star, producer_id, 1
    FROM products
    UNION ALL
    SELECT period, unit_id, 'place=own', family, star, producer_id, 1 FROM products WHERE is_own
    UNION ALL
    SELECT period, unit_id, breakdown, family, NULL, NULL, events_count FROM recognitions
    UNION ALL
    SELECT
        period, unit_id,
        CONCAT(
            breakdown, ';group_line=',
            CASE WHEN CONCAT('product_group=', product_group) = breakdown THEN COALESCE(group_code, '') ELSE '' END
        ),
        family, NULL, NULL, events_count
    FROM recognitions WHERE breakdown <> ''
    UNION ALL
    SELECT period, unit_id, CONCAT('producer_type=', COALESCE(producer_type, '')), family, NULL, NULL, events_count
    FROM recognitions WHERE breakdown = ''
    UNION ALL
    SELECT period, unit_id, 'place=own', family, NULL, NULL, events_count FROM recognitions WHERE breakdown = '' AND is_own
    UNION ALL
    SELECT period, unit_id, '', NULL, NULL, NULL, 0 FROM known
)

SELECT
    l.period, l.unit_id, l.breakdown,
    CAST(SUM(CASE WHEN l.family = 'recognised_now' THEN l.items ELSE 0 END) AS INTEGER) AS month_recognised_count,
    CAST(SUM(CASE WHEN l.family IN ('recognised_now', 'recognised_before') THEN l.items ELSE 0 END) AS INTEGER)
        AS year_recognised_count,
    CAST(SUM(CASE WHEN l.family IN ('valid', 'expired', 'revoked') THEN l.items ELSE 0 END) AS INTEGER) AS ever_recognised_count,
    CAST(SUM(CASE WHEN l.family = 'valid' AND l.star = '3' THEN l.items ELSE 0 END) AS INTEGER) AS valid_3_count,
    CAST(SUM(CASE WHEN l.family = 'valid' AND l.star = '4' THEN l.items ELSE 0 END) AS INTEGER) AS valid_4_count,
    CAST(SUM(CASE WHEN l.family = 'valid' AND l.star = 'potential_5' THEN l.items ELSE 0 END) AS INTEGER)
        AS valid_potential_5_count,
    CAST(SUM(CASE WHEN l.family = 'valid' AND l.star = '5' THEN l.items ELSE 0 END) AS INTEGER) AS valid_5_count,
    CAST(SUM(CASE WHEN l.family = 'valid' THEN l.items ELSE 0 END) AS INTEGER) AS valid_count,
    CAST(SUM(CASE WHEN l.family = 'expired' THEN l.items ELSE 0 END) AS INTEGER) AS now_expired_count,
    CAST(SUM(CASE WHEN l.family = 'revoked' THEN l.items ELSE 0 END) AS INTEGER) AS now_revoked_count,
    CAST(COUNT(DISTINCT CASE WHEN l.family = 'valid' THEN l.producer_id END) AS INTEGER) AS producers_count
FROM lines AS l
GROUP BY l.period, l.unit_id, l.breakdown
