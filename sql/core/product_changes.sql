-- One row per product, day and change of the stock of valid certificates: by which movement which home and star gained or lost
-- the product. Days are compared by how they end, so what one day does and undoes is none. Of a move the other home is told
-- too; whether it crosses a boundary depends on the map of units, so on the month asked (core.register_movements).
-- The rules are those of `movements` in ocop_pipeline/domain/certificates.py.
WITH neighbours AS (
    SELECT
        h.product_id, h.event_date, h.next_event_date, h.star, h.expiry_date, h.ending_kind, h.home_id, h.is_recognition,
        MIN(h.star) OVER (
            PARTITION BY h.product_id ORDER BY h.event_date ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
        ) AS star_before,
        MIN(h.expiry_date) OVER (
            PARTITION BY h.product_id ORDER BY h.event_date ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
        ) AS expiry_before,
        MIN(h.ending_kind) OVER (
            PARTITION BY h.product_id ORDER BY h.event_date ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
        ) AS ending_before,
        MIN(h.home_id) OVER (
            PARTITION BY h.product_id ORDER BY h.event_date ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
        ) AS home_before
    FROM core.product_history AS h
),

-- Whether the product was valid at the end of the day before, and is at the end of this one.
days AS (
    SELECT
        n.product_id, n.event_date, n.star, n.star_before, n.expiry_date, n.expiry_before, n.ending_kind,
        n.is_recognition, n.home_id, COALESCE(n.home_before, n.home_id) AS home_before,
        n.star_before IS NOT NULL AND n.ending_before IS NULL AND n.event_date <= n.expiry_before AS was_valid,
        n.ending_kind IS NULL AND n.event_date < n.expiry_date AS is_valid
    FROM neighbours AS n
),

star_ranks AS (
    SELECT '3' AS star, 1 AS star_rank
    UNION ALL SELECT '4', 2
    UNION ALL SELECT 'potential_5', 3
    UNION ALL SELECT '5', 4
),

restarred AS (
    SELECT
        d.product_id, d.event_date, d.home_id, d.star, d.star_before,
        CASE
            WHEN NOT d.is_recognition THEN 'corrected'
            WHEN now.star_rank > was.star_rank THEN 'upgraded'
            ELSE 'downgraded'
        END AS movement
    FROM days AS d
    JOIN star_ranks AS now ON now.star = d.star
    JOIN star_ranks AS was ON was.star = d.star_before
    WHERE d.was_valid AND d.is_valid AND d.star <> d.star_before
),

changes AS (
    SELECT
        d.product_id, d.event_date,
        CASE
            WHEN NOT d.is_recognition THEN 'corrected_in'
            WHEN d.star_before IS NULL THEN 'first'
            ELSE 'regained'
        END AS movement,
        d.home_id, d.star, CAST(NULL AS VARCHAR) AS other_home_id
    FROM days AS d
    WHERE d.is_valid AND NOT d.was_valid
    UNION ALL
    SELECT
        d.product_id, d.event_date,
        CASE
            WHEN d.ending_kind = 'revocation' THEN 'revoked'
            WHEN d.ending_kind = 'correction' OR d.expiry_date <> d.expiry_before THEN 'corrected_out'
            ELSE 'expired'
        END,
        d.home_before, d.star_before, CAST(NULL AS VARCHAR)
    FROM days AS d
    WHERE d.was_valid AND NOT d.is_valid
    UNION ALL
    SELECT d.product_id, d.event_date, 'moved_out', d.home_before, d.star_before, d.home_id
    FROM days AS d
    WHERE d.was_valid AND d.is_valid AND d.home_before <> d.home_id
    UNION ALL
    SELECT d.product_id, d.event_date, 'moved_in', d.home_id, d.star_before, d.home_before
    FROM days AS d
    WHERE d.was_valid AND d.is_valid AND d.home_before <> d.home_id
    UNION ALL
    SELECT s.product_id, s.event_date, CONCAT(s.movement, '_in'), s.home_id, s.star, CAST(NULL AS VARCHAR)
    FROM restarred AS s
    UNION ALL
    SELECT s.product_id, s.event_date, CONCAT(s.movement, '_out'), s.home_id, s.star_before, CAST(NULL AS VARCHAR)
    FROM restarred AS s
    UNION ALL
    -- On the day of a decision it is not sure yet: what comes on the day of the expiry comes in time.
    SELECT n.product_id, n.expiry_date, 'expired', n.home_id, n.star, CAST(NULL AS VARCHAR)
    FROM neighbours AS n
    WHERE n.ending_kind IS NULL AND n.expiry_date > n.event_date
        AND (n.next_event_date IS NULL OR n.next_event_date > n.expiry_date)
)

SELECT c.product_id, c.event_date, c.movement, c.home_id, c.star, c.other_home_id FROM changes AS c
