-- One row per product, commune of today it has ever been of, and span of days through which it is of one unit there: of the
-- commune that lists it while that is on the map, else of the successor of one that did, else of the province that took over
-- its district: a certificate outlives the commune (36 months), silence of the successor does not end it. Before a commune
-- that alone lists it began, it is of what that came from: the one unit, or the lowest that held all of them. The spans of a
-- product and commune of today cover all days. Which of its communes a product is of on a day is core.product_history.
WITH listed AS (
    SELECT product_id, home_id, unit_id FROM core.recognitions
    UNION
    SELECT product_id, new_home_id, COALESCE(new_unit_id, new_home_id)
    FROM core.product_events
    WHERE event_kind = 'transfer' AND new_home_id IS NOT NULL
),

-- What stands for each of them on which days (domain/standing.py): the unit itself while it is on the map, else what it
-- went into, what is above it now, or what it came from.
standing AS (
    SELECT DISTINCT l.product_id, l.home_id, p.place_id AS unit_id, p.choice, p.valid_from, p.valid_to
    FROM listed AS l
    JOIN catalogue.unit_places AS p ON p.unit_id = l.unit_id
),

-- Where no unit of a product stands on the map, it stays with the first one that listed it.
homes AS (
    SELECT product_id, home_id, MIN(unit_id) AS unit_id FROM listed GROUP BY product_id, home_id
),

days AS (
    SELECT product_id, home_id, DATE '1900-01-01' AS first_day FROM homes
    UNION
    SELECT product_id, home_id, valid_from FROM standing
    UNION
    SELECT product_id, home_id, CAST(valid_to + INTERVAL '1' DAY AS DATE)
    FROM standing
    WHERE valid_to < DATE '9999-12-31'
),

found AS (
    SELECT
        d.product_id, d.home_id, d.first_day, COALESCE(s.unit_id, h.unit_id) AS unit_id,
        ROW_NUMBER() OVER (
            PARTITION BY d.product_id, d.home_id, d.first_day ORDER BY s.choice, s.unit_id
        ) AS place
    FROM days AS d
    JOIN homes AS h ON h.product_id = d.product_id AND h.home_id = d.home_id
    LEFT JOIN standing AS s
        ON s.product_id = d.product_id AND s.home_id = d.home_id AND d.first_day BETWEEN s.valid_from AND s.valid_to
),

neighbours AS (
    SELECT
        f.product_id, f.home_id, f.first_day, f.unit_id,
        MIN(f.unit_id) OVER (
            PARTITION BY f.product_id, f.home_id ORDER BY f.first_day ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
        ) AS unit_before
    FROM found AS f
    WHERE f.place = 1
)

SELECT
    n.product_id, n.home_id, n.first_day AS valid_from,
    COALESCE(
        CAST(
            MIN(n.first_day) OVER (
                PARTITION BY n.product_id, n.home_id ORDER BY n.first_day ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
            ) - INTERVAL '1' DAY AS DATE
        ),
        DATE '9999-12-31'
    ) AS valid_to,
    n.unit_id
FROM neighbours AS n
WHERE n.unit_before IS NULL OR n.unit_before <> n.unit_id
