-- One row per product, month and commune of today it has ever been of: the unit that is on the closing day, and was on the
-- day before the month began. It is of the commune that lists it on the map of that day, else of the successor of one that
-- did, else of the province that took over its district: a certificate outlives the commune (36 months), silence of the
-- successor does not end it. Which of its communes a product is of on a day is core.product_history.
WITH listed AS (
    SELECT product_id, home_id, unit_id FROM core.recognitions
    UNION
    SELECT product_id, new_home_id, COALESCE(new_unit_id, new_home_id)
    FROM core.product_events
    WHERE event_kind = 'transfer' AND new_home_id IS NOT NULL
),

days AS (
    SELECT r.period, 'closing' AS place_kind, p.end_date AS map_date
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    UNION ALL
    SELECT r.period, 'opening', CAST(p.start_date - INTERVAL '1' DAY AS DATE)
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
),

units AS (
    SELECT DISTINCT unit_id FROM listed
),

candidates AS (
    SELECT u.unit_id AS listed_id, u.unit_id, 1 AS choice FROM units AS u
    UNION ALL
    SELECT u.unit_id, s.successor_id, 2
    FROM units AS u
    JOIN catalogue.successions AS s ON s.predecessor_id = u.unit_id AND s.is_default
    UNION ALL
    SELECT u.unit_id, s.successor_id, 3
    FROM units AS u
    JOIN catalogue.units AS d ON d.unit_id = u.unit_id AND d.tier = 'district'
    JOIN catalogue.successions AS s ON s.predecessor_id = d.parent_id AND s.is_default
),

standing AS (
    SELECT d.period, d.place_kind, c.listed_id, c.unit_id, c.choice
    FROM days AS d
    JOIN candidates AS c ON TRUE
    JOIN catalogue.units AS u ON u.unit_id = c.unit_id AND d.map_date BETWEEN u.valid_from AND u.valid_to
),

found AS (
    SELECT
        s.period, s.place_kind, l.product_id, l.home_id, s.unit_id,
        ROW_NUMBER() OVER (
            PARTITION BY s.period, s.place_kind, l.product_id, l.home_id ORDER BY s.choice, s.unit_id
        ) AS place
    FROM standing AS s
    JOIN listed AS l ON l.unit_id = s.listed_id
),

-- Where no unit of a product stands on the map, it stays with the first one that listed it.
homes AS (
    SELECT product_id, home_id, MIN(unit_id) AS unit_id FROM listed GROUP BY product_id, home_id
)

SELECT
    r.period, h.product_id, h.home_id,
    COALESCE(closing.unit_id, h.unit_id) AS unit_id,
    COALESCE(opening.unit_id, closing.unit_id, h.unit_id) AS opening_unit_id
FROM meta.run_periods AS r
JOIN homes AS h ON TRUE
LEFT JOIN found AS closing
    ON closing.period = r.period AND closing.product_id = h.product_id AND closing.home_id = h.home_id
    AND closing.place = 1 AND closing.place_kind = 'closing'
LEFT JOIN found AS opening
    ON opening.period = r.period AND opening.product_id = h.product_id AND opening.home_id = h.home_id
    AND opening.place = 1 AND opening.place_kind = 'opening'
