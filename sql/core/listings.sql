-- One row per line of a register that counts: whose product it is, before anybody has decided that two names are one.
-- A product is one producer's product of one name in one commune; a producer is one name within the area in which names
-- of its legal form are unique. Certain spellings of a name share its key (`register.spellings`); nothing else is
-- matched here. A product keeps its id when its commune goes into another one and that lists it again: it is named after
-- the commune of today. No line is lost because a district's line names its commune in an unknown way. A line of a
-- transfer says besides under which ids its product is listed from then on, by the new producer or in the new commune.
WITH RECURSIVE descents AS (
    -- What units went into, through any number of changes, each later than the one before. By default: all the way.
    SELECT s.predecessor_id AS unit_id, s.successor_id AS heir_id, s.effective_date, s.is_default
    FROM catalogue.successions AS s
    WHERE s.predecessor_id <> s.successor_id
    UNION
    SELECT d.unit_id, s.successor_id, s.effective_date, d.is_default AND s.is_default
    FROM descents AS d
    JOIN catalogue.successions AS s
        ON s.predecessor_id = d.heir_id AND s.predecessor_id <> s.successor_id AND s.effective_date > d.effective_date
),

ended AS (
    SELECT DISTINCT s.predecessor_id AS unit_id
    FROM catalogue.successions AS s
    WHERE s.is_default AND s.predecessor_id <> s.successor_id
),

-- The unit of today that a unit became.
default_heirs AS (
    SELECT d.unit_id, MIN(d.heir_id) AS heir_id
    FROM descents AS d
    WHERE d.is_default AND d.heir_id NOT IN (SELECT e.unit_id FROM ended AS e)
    GROUP BY d.unit_id
),

keyed AS (
    SELECT
        g.submission_id, g.sheet, g.line_key, s.form, s.sequence, s.unit_id AS reporter_id, w.unit_id, p.end_date,
        g.product_name, g.producer_name, product.spelling_key AS product_key,
        COALESCE(producer.spelling_key, '') AS producer_key,
        COALESCE(producer.name_unique_within, 'commune') AS name_unique_within,
        t.new_unit_id, t.new_producer_name, COALESCE(successor.spelling_key, '') AS new_producer_key,
        COALESCE(successor.name_unique_within, 'commune') AS new_name_unique_within
    FROM staging.register_rows AS g
    JOIN staging.register_places AS w
        ON w.submission_id = g.submission_id AND w.sheet = g.sheet AND w.line_key = g.line_key
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN catalogue.periods AS p ON p.period = g.period
    JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = g.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = g.producer_name
    LEFT JOIN staging.register_events AS t
        ON t.submission_id = g.submission_id AND t.sheet = g.sheet AND t.line_key = g.line_key
        AND t.event_kind = 'transfer'
    LEFT JOIN register.spellings AS successor
        ON successor.name_kind = 'producer' AND successor.name = t.new_producer_name
),

-- Where a commune below the district lists the same product itself, that is where a district's line belongs.
listed AS (
    SELECT u.parent_id, k.producer_key, k.product_key, MIN(k.unit_id) AS unit_id
    FROM keyed AS k
    JOIN catalogue.units AS u ON u.unit_id = k.unit_id AND k.end_date BETWEEN u.valid_from AND u.valid_to
    WHERE k.form = 'OCOP-XA'
    GROUP BY u.parent_id, k.producer_key, k.product_key
),

located AS (
    SELECT
        k.submission_id, k.sheet, k.line_key, k.form, k.sequence, k.product_name, k.producer_name, k.product_key,
        k.producer_key, k.name_unique_within, COALESCE(k.unit_id, o.unit_id, k.reporter_id) AS unit_id,
        k.new_unit_id, k.new_producer_name, k.new_producer_key, k.new_name_unique_within
    FROM keyed AS k
    LEFT JOIN listed AS o
        ON o.parent_id = k.reporter_id AND o.producer_key = k.producer_key AND o.product_key = k.product_key
),

provinces_later AS (
    SELECT u.unit_id, u.unit_id AS heir_id FROM catalogue.units AS u WHERE u.tier = 'province'
    UNION
    SELECT d.unit_id, d.heir_id FROM descents AS d
),

-- Where a product may be listed after its unit ended: in what that went into, at any step; of a district, in any commune of
-- the province it went into.
later_units AS (
    SELECT d.unit_id, d.heir_id FROM descents AS d
    UNION
    SELECT u.unit_id, c.unit_id
    FROM catalogue.units AS u
    JOIN provinces_later AS p ON p.unit_id = u.parent_id
    JOIN catalogue.units AS c ON c.tier = 'commune' AND c.parent_id = p.heir_id
    WHERE u.tier = 'district'
),

-- The successor that lists the product itself: one of today, else what the one that did became.
heirs AS (
    SELECT
        l.unit_id, l.producer_key, l.product_key,
        COALESCE(
            MIN(CASE WHEN e.unit_id IS NULL THEN h.unit_id END), MIN(COALESCE(f.heir_id, h.unit_id))
        ) AS heir_id
    FROM located AS l
    JOIN later_units AS n ON n.unit_id = l.unit_id
    JOIN located AS h
        ON h.unit_id = n.heir_id AND h.producer_key = l.producer_key AND h.product_key = l.product_key
    LEFT JOIN ended AS e ON e.unit_id = h.unit_id
    LEFT JOIN default_heirs AS f ON f.unit_id = h.unit_id
    GROUP BY l.unit_id, l.producer_key, l.product_key
),

homes AS (
    SELECT
        l.unit_id, l.producer_key, l.product_key, COALESCE(MIN(h.heir_id), MIN(f.heir_id), l.unit_id) AS home_id
    FROM located AS l
    LEFT JOIN heirs AS h
        ON h.unit_id = l.unit_id AND h.producer_key = l.producer_key AND h.product_key = l.product_key
    LEFT JOIN default_heirs AS f ON f.unit_id = l.unit_id
    GROUP BY l.unit_id, l.producer_key, l.product_key
),

latest AS (
    SELECT
        u.unit_id, u.tier, u.parent_id, ROW_NUMBER() OVER (PARTITION BY u.unit_id ORDER BY u.valid_to DESC) AS recency
    FROM catalogue.units AS u
),

-- The province a home is in: its parent, or its district's.
provinces AS (
    SELECT
        u.unit_id,
        CASE p.tier WHEN 'province' THEN p.unit_id WHEN 'district' THEN p.parent_id ELSE u.unit_id END AS province_id
    FROM latest AS u
    LEFT JOIN latest AS p ON p.unit_id = u.parent_id AND p.recency = 1
    WHERE u.recency = 1
),

-- Where a transferred product goes: the unit named, or what that became where it is no more.
targets AS (
    SELECT l.new_unit_id, COALESCE(MIN(f.heir_id), l.new_unit_id) AS new_home_id
    FROM located AS l
    LEFT JOIN default_heirs AS f ON f.unit_id = l.new_unit_id
    WHERE l.new_unit_id IS NOT NULL
    GROUP BY l.new_unit_id
),

scoped AS (
    SELECT
        l.submission_id, l.sheet, l.line_key, l.form, l.sequence, l.unit_id, h.home_id, l.product_name, l.product_key,
        l.producer_name, l.producer_key, t.new_home_id, l.new_producer_name,
        COALESCE(t.new_home_id, h.home_id) AS target_id,
        CASE WHEN l.new_producer_name IS NULL THEN l.producer_key ELSE l.new_producer_key END AS target_key,
        CASE l.new_name_unique_within
            WHEN 'nation' THEN ''
            WHEN 'province' THEN COALESCE(q.province_id, p.province_id, t.new_home_id, h.home_id)
            ELSE COALESCE(t.new_home_id, h.home_id)
        END AS new_producer_area,
        CASE l.name_unique_within
            WHEN 'nation' THEN '' WHEN 'province' THEN COALESCE(p.province_id, h.home_id) ELSE h.home_id
        END AS producer_area
    FROM located AS l
    JOIN homes AS h
        ON h.unit_id = l.unit_id AND h.producer_key = l.producer_key AND h.product_key = l.product_key
    LEFT JOIN provinces AS p ON p.unit_id = h.home_id
    LEFT JOIN targets AS t ON t.new_unit_id = l.new_unit_id
    LEFT JOIN provinces AS q ON q.unit_id = t.new_home_id
)

SELECT
    s.submission_id, s.sheet, s.line_key, s.form, s.sequence, s.unit_id, s.home_id,
    s.product_name, s.product_key, s.producer_name, s.producer_key, s.producer_area,
    MD5(CONCAT(s.home_id, '|', s.producer_key, '|', s.product_key)) AS listed_product_id,
    MD5(CONCAT(s.producer_area, '|', s.producer_key)) AS listed_producer_id,
    s.new_home_id,
    CASE
        WHEN s.new_home_id IS NOT NULL OR s.new_producer_name IS NOT NULL
            THEN MD5(CONCAT(s.target_id, '|', s.target_key, '|', s.product_key))
    END AS new_product_id,
    CASE WHEN s.new_producer_name IS NOT NULL THEN MD5(CONCAT(s.new_producer_area, '|', s.target_key)) END
        AS new_producer_id
FROM scoped AS s
