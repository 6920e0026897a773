-- One row per month, unit and star: the stock of valid products at the beginning, everything that entered and left it, and
-- the stock at the end. The end is counted from the products' status, the beginning from the certificates in force on the
-- day before, the flows from decisions and lapses: that they agree is checked (audits/register_balance_holds.sql), not
-- arranged. A unit has the sum of the units below it, so what moves inside a province shows on both sides.
WITH months AS (
    SELECT r.period, p.start_date, p.end_date, CAST(p.start_date - INTERVAL '1' DAY AS DATE) AS eve
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
),

-- A certificate counts at the beginning when it was decided by then, had not lapsed and not been replaced.
stocks AS (
    SELECT m.period, w.opening_unit_id AS unit_id, c.star, 'opening' AS movement, c.product_id
    FROM months AS m
    JOIN core.certificates AS c
        ON c.decision_date <= m.eve AND c.expiry_date > m.eve
        AND (c.next_decision_date IS NULL OR c.next_decision_date > m.eve)
    JOIN core.product_places AS w ON w.period = m.period AND w.product_id = c.product_id
    UNION ALL
    SELECT s.period, s.unit_id, s.star, 'closing', s.product_id
    FROM months AS m
    JOIN core.product_status AS s ON s.period = m.period
    WHERE s.certificate_state = 'valid'
),

star_ranks AS (
    SELECT '3' AS star, 1 AS star_rank
    UNION ALL SELECT '4', 2
    UNION ALL SELECT 'potential_5', 3
    UNION ALL SELECT '5', 4
),

decided AS (
    SELECT
        m.period, w.unit_id, c.star, c.previous_star, c.product_id,
        CASE
            WHEN c.previous_star IS NULL THEN 'first'
            WHEN c.previous_expiry_date < c.decision_date THEN 'regained'
            WHEN c.previous_star = c.star THEN 'renewed'
            WHEN now.star_rank > was.star_rank THEN 'upgraded'
            ELSE 'downgraded'
        END AS movement
    FROM months AS m
    JOIN core.certificates AS c ON c.decision_date BETWEEN m.start_date AND m.end_date
    JOIN core.product_places AS w ON w.period = m.period AND w.product_id = c.product_id
    LEFT JOIN star_ranks AS now ON now.star = c.star
    LEFT JOIN star_ranks AS was ON was.star = c.previous_star
),

movements AS (
    SELECT period, unit_id, star, movement, product_id FROM stocks
    UNION ALL
    SELECT period, unit_id, star, movement, product_id FROM decided WHERE movement IN ('first', 'regained')
    UNION ALL
    SELECT period, unit_id, star, CONCAT(movement, '_in'), product_id
    FROM decided WHERE movement IN ('upgraded', 'downgraded')
    UNION ALL
    SELECT period, unit_id, previous_star, CONCAT(movement, '_out'), product_id
    FROM decided WHERE movement IN ('upgraded', 'downgraded')
    UNION ALL
    SELECT m.period, w.unit_id, c.star, 'expired', c.product_id
    FROM months AS m
    JOIN core.certificates AS c
        ON c.expiry_date BETWEEN m.start_date AND m.end_date
        AND (c.next_decision_date IS NULL OR c.next_decision_date > c.expiry_date)
    JOIN core.product_places AS w ON w.period = m.period AND w.product_id = c.product_id
    UNION ALL
    -- A new map moves the stock of its first day.
    SELECT s.period, w.opening_unit_id, s.star, 'moved_out', s.product_id
    FROM stocks AS s
    JOIN core.product_places AS w ON w.period = s.period AND w.product_id = s.product_id
    WHERE s.movement = 'opening' AND w.opening_unit_id <> w.unit_id
    UNION ALL
    SELECT s.period, w.unit_id, s.star, 'moved_in', s.product_id
    FROM stocks AS s
    JOIN core.product_places AS w ON w.period = s.period AND w.product_id = s.product_id
    WHERE s.movement = 'opening' AND w.opening_unit_id <> w.unit_id
),

-- Rows of the units of before a new map (their stock moves out) hang below what is above them on the day before.
above AS (
    SELECT a.period, a.unit_id, a.ancestor_id FROM core.unit_ancestors AS a
    UNION
    SELECT m.period, m.unit_id, m.unit_id FROM movements AS m
)

SELECT
    m.period, a.ancestor_id AS unit_id, m.star,
    CAST(SUM(CASE WHEN m.movement = 'opening' THEN 1 ELSE 0 END) AS INTEGER) AS opening_count,
    CAST(SUM(CASE WHEN m.movement = 'first' THEN 1 ELSE 0 END) AS INTEGER) AS first_count,
    CAST(SUM(CASE WHEN m.movement = 'regained' THEN 1 ELSE 0 END) AS INTEGER) AS regained_count,
    CAST(SUM(CASE WHEN m.movement = 'upgraded_in' THEN 1 ELSE 0 END) AS INTEGER) AS upgraded_in_count,
    CAST(SUM(CASE WHEN m.movement = 'upgraded_out' THEN 1 ELSE 0 END) AS INTEGER) AS upgraded_out_count,
    CAST(SUM(CASE WHEN m.movement = 'downgraded_in' THEN 1 ELSE 0 END) AS INTEGER) AS downgraded_in_count,
    CAST(SUM(CASE WHEN m.movement = 'downgraded_out' THEN 1 ELSE 0 END) AS INTEGER) AS downgraded_out_count,
    CAST(SUM(CASE WHEN m.movement = 'expired' THEN 1 ELSE 0 END) AS INTEGER) AS expired_count,
    CAST(SUM(CASE WHEN m.movement = 'revoked' THEN 1 ELSE 0 END) AS INTEGER) AS revoked_count,
    CAST(SUM(CASE WHEN m.movement = 'corrected_in' THEN 1 ELSE 0 END) AS INTEGER) AS corrected_in_count,
    CAST(SUM(CASE WHEN m.movement = 'corrected_out' THEN 1 ELSE 0 END) AS INTEGER) AS corrected_out_count,
    CAST(SUM(CASE WHEN m.movement = 'moved_in' THEN 1 ELSE 0 END) AS INTEGER) AS moved_in_count,
    CAST(SUM(CASE WHEN m.movement = 'moved_out' THEN 1 ELSE 0 END) AS INTEGER) AS moved_out_count,
    CAST(SUM(CASE WHEN m.movement = 'closing' THEN 1 ELSE 0 END) AS INTEGER) AS closing_count
FROM movements AS m
JOIN above AS a ON a.period = m.period AND a.unit_id = m.unit_id
GROUP BY m.period, a.ancestor_id, m.star
