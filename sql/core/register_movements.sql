-- One row per month and change of where a product with a valid certificate is counted: by which movement which unit and
-- star gained or lost it, on which day. Days are compared by how they end, so what one day does and undoes is none. Units
-- are those of the closing day; the stock of the month's first day moves to them when the map changes. The rules are those
-- of `movements` in ocop_pipeline/domain/certificates.py.
WITH months AS (
    SELECT r.period, p.start_date, p.end_date, CAST(p.start_date - INTERVAL '1' DAY AS DATE) AS eve
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
),

neighbours AS (
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
changes AS (
    SELECT
        m.period, n.product_id, n.event_date, n.star, n.star_before, n.expiry_date, n.expiry_before, n.ending_kind,
        n.is_recognition, w.unit_id, COALESCE(b.unit_id, w.unit_id) AS unit_before,
        n.star_before IS NOT NULL AND n.ending_before IS NULL AND n.event_date <= n.expiry_before AS was_valid,
        n.ending_kind IS NULL AND n.event_date < n.expiry_date AS is_valid
    FROM months AS m
    JOIN neighbours AS n ON n.event_date BETWEEN m.start_date AND m.end_date
    JOIN core.product_places AS w
        ON w.product_id = n.product_id AND w.home_id = n.home_id AND m.end_date BETWEEN w.valid_from AND w.valid_to
    LEFT JOIN core.product_places AS b
        ON b.product_id = n.product_id AND b.home_id = n.home_before AND m.end_date BETWEEN b.valid_from AND b.valid_to
),

star_ranks AS (
    SELECT '3' AS star, 1 AS star_rank
    UNION ALL SELECT '4', 2
    UNION ALL SELECT 'potential_5', 3
    UNION ALL SELECT '5', 4
),

restarred AS (
    SELECT
        c.period, c.product_id, c.event_date, c.unit_id, c.star, c.star_before,
        CASE
            WHEN NOT c.is_recognition THEN 'corrected'
            WHEN now.star_rank > was.star_rank THEN 'upgraded'
            ELSE 'downgraded'
        END AS movement
    FROM changes AS c
    JOIN star_ranks AS now ON now.star = c.star
    JOIN star_ranks AS was ON was.star = c.star_before
    WHERE c.was_valid AND c.is_valid AND c.star <> c.star_before
),

relocated AS (
    SELECT m.period, m.start_date AS event_date, h.product_id, h.star, b.unit_id AS unit_before, w.unit_id
    FROM months AS m
    JOIN core.product_places AS w
        ON w.valid_from BETWEEN m.start_date AND m.end_date AND w.valid_to >= m.end_date
    JOIN core.product_places AS b
        ON b.product_id = w.product_id AND b.home_id = w.home_id AND m.eve BETWEEN b.valid_from AND b.valid_to
        AND b.unit_id <> w.unit_id
    JOIN core.product_history AS h
        ON h.product_id = w.product_id AND h.home_id = w.home_id AND h.event_date <= m.eve
        AND (h.next_event_date IS NULL OR h.next_event_date > m.eve)
    WHERE h.ending_kind IS NULL AND h.expiry_date > m.eve
),

movements AS (
    SELECT
        c.period, c.product_id, c.event_date,
        CASE
            WHEN NOT c.is_recognition THEN 'corrected_in'
            WHEN c.star_before IS NULL THEN 'first'
            ELSE 'regained'
        END AS movement,
        c.unit_id, c.star
    FROM changes AS c
    WHERE c.is_valid AND NOT c.was_valid
    UNION ALL
    SELECT
        c.period, c.product_id, c.event_date,
        CASE
            WHEN c.ending_kind = 'revocation' THEN 'revoked'
            WHEN c.ending_kind = 'correction' OR c.expiry_date <> c.expiry_before THEN 'corrected_out'
            ELSE 'expired'
        END,
        c.unit_before, c.star_before
    FROM changes AS c
    WHERE c.was_valid AND NOT c.is_valid
    UNION ALL
    SELECT c.period, c.product_id, c.event_date, 'moved_out', c.unit_before, c.star_before
    FROM changes AS c
    WHERE c.was_valid AND c.is_valid AND c.unit_before <> c.unit_id
    UNION ALL
    SELECT c.period, c.product_id, c.event_date, 'moved_in', c.unit_id, c.star_before
    FROM changes AS c
    WHERE c.was_valid AND c.is_valid AND c.unit_before <> c.unit_id
    UNION ALL
    SELECT s.period, s.product_id, s.event_date, CONCAT(s.movement, '_in'), s.unit_id, s.star FROM restarred AS s
    UNION ALL
    SELECT s.period, s.product_id, s.event_date, CONCAT(s.movement, '_out'), s.unit_id, s.star_before
    FROM restarred AS s
    UNION ALL
    -- On the day of a decision it is not sure yet: what comes on the day of the expiry comes in time.
    SELECT m.period, n.product_id, n.expiry_date, 'expired', w.unit_id, n.star
    FROM months AS m
    JOIN neighbours AS n
        ON n.expiry_date BETWEEN m.start_date AND m.end_date AND n.expiry_date > n.event_date
        AND (n.next_event_date IS NULL OR n.next_event_date > n.expiry_date)
    JOIN core.product_places AS w
        ON w.product_id = n.product_id AND w.home_id = n.home_id AND m.end_date BETWEEN w.valid_from AND w.valid_to
    WHERE n.ending_kind IS NULL
    UNION ALL
    SELECT period, product_id, event_date, 'moved_out', unit_before, star FROM relocated
    UNION ALL
    SELECT period, product_id, event_date, 'moved_in', unit_id, star FROM relocated
)

SELECT m.period, m.product_id, m.event_date, m.movement, m.unit_id, m.star FROM movements AS m
