-- One row per month, unit and star: the stock of valid products at the beginning, everything that entered and left it, and
-- the stock at the end. The end is counted from the products' status, the beginning from their history on the day before,
-- the flows from movements: that they agree is checked (audits/register_balance_holds.sql), not arranged. A unit has what
-- the units below it have, but for moves between two of them: of these nothing moves for it.
WITH months AS (
    SELECT r.period, CAST(p.start_date - INTERVAL '1' DAY AS DATE) AS eve
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
),

movements AS (
    SELECT m.period, w.unit_id, h.star, 'opening' AS movement, CAST(NULL AS VARCHAR) AS other_unit_id
    FROM months AS m
    JOIN core.product_history AS h
        ON h.event_date <= m.eve AND (h.next_event_date IS NULL OR h.next_event_date > m.eve) AND h.expiry_date > m.eve
    JOIN core.product_places AS w
        ON w.product_id = h.product_id AND w.home_id = h.home_id AND m.eve BETWEEN w.valid_from AND w.valid_to
    WHERE h.ending_kind IS NULL
    UNION ALL
    SELECT s.period, s.unit_id, s.star, 'closing', CAST(NULL AS VARCHAR)
    FROM months AS m
    JOIN core.product_status AS s ON s.period = m.period
    WHERE s.certificate_state = 'valid'
    UNION ALL
    SELECT v.period, v.unit_id, v.star, v.movement, v.other_unit_id
    FROM months AS m
    JOIN core.register_movements AS v ON v.period = m.period
),

-- Rows of the units of before a new map (their stock moves out) hang below what is above them on the day before.
above AS (
    SELECT a.period, a.unit_id, a.ancestor_id FROM core.unit_ancestors AS a
    UNION
    SELECT m.period, m.unit_id, m.unit_id FROM movements AS m
    UNION
    SELECT m.period, m.other_unit_id, m.other_unit_id FROM movements AS m WHERE m.other_unit_id IS NOT NULL
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
LEFT JOIN above AS o ON o.period = m.period AND o.unit_id = m.other_unit_id AND o.ancestor_id = a.ancestor_id
WHERE o.unit_id IS NULL
GROUP BY m.period, a.ancestor_id, m.star
