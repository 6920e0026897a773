-- One row per product and month: the unit it is of on the month's closing day, and on the day before the month began.
-- It is of the commune that lists it on the map of that day, else of the successor of one that did, else of the province
-- that took over its district: a certificate outlives the commune (36 months), silence of the successor does not end it.
WITH candidates AS (
    SELECT e.product_id, e.unit_id, 1 AS choice FROM core.recognitions AS e
    UNION ALL
    SELECT e.product_id, s.successor_id, 2
    FROM core.recognitions AS e
    JOIN catalogue.successions AS s ON s.predecessor_id = e.unit_id AND s.is_default
    UNION ALL
    SELECT e.product_id, s.successor_id, 3
    FROM core.recognitions AS e
    JOIN catalogue.units AS d ON d.unit_id = e.unit_id AND d.tier = 'district'
    JOIN catalogue.successions AS s ON s.predecessor_id = d.parent_id AND s.is_default
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

found AS (
    SELECT
        d.period, d.place_kind, c.product_id, c.unit_id,
        ROW_NUMBER() OVER (
            PARTITION BY d.period, d.place_kind, c.product_id ORDER BY c.choice, c.unit_id
        ) AS place
    FROM days AS d
    JOIN candidates AS c ON TRUE
    JOIN catalogue.units AS u ON u.unit_id = c.unit_id AND d.map_date BETWEEN u.valid_from AND u.valid_to
),

-- Where no unit of a product stands on the map, it stays with the first one that listed it.
listed AS (
    SELECT product_id, MIN(unit_id) AS unit_id FROM core.recognitions GROUP BY product_id
)

SELECT
    r.period, l.product_id,
    COALESCE(closing.unit_id, l.unit_id) AS unit_id,
    COALESCE(opening.unit_id, closing.unit_id, l.unit_id) AS opening_unit_id
FROM meta.run_periods AS r
JOIN listed AS l ON TRUE
LEFT JOIN found AS closing
    ON closing.period = r.period AND closing.product_id = l.product_id AND closing.place = 1
    AND closing.place_kind = 'closing'
LEFT JOIN found AS opening
    ON opening.period = r.period AND opening.product_id = l.product_id AND opening.place = 1
    AND opening.place_kind = 'opening'
