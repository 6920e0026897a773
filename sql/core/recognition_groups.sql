-- One row per recognition and list of product groups: what group the product is of in that list. Reports count a product
-- by the list in force on their closing day. A wording that may be several groups there (drinks of 2019 may be tea, a
-- food today) is narrowed by whatever other lines of the registers say of the same product; where they do not tell, the
-- product is counted as not converted and nothing is guessed. Levels on which the lines disagree are left blank.
WITH written AS (
    SELECT
        COALESCE(i.identity_id, l.listed_product_id) AS product_id, LOWER(w.product_group) AS word, g.first_date,
        g.second_date, s.period_end
    FROM core.listings AS l
    JOIN staging.register_rows AS g
        ON g.submission_id = l.submission_id AND g.sheet = l.sheet AND g.line_key = l.line_key
    JOIN staging.register_places AS w
        ON w.submission_id = l.submission_id AND w.sheet = l.sheet AND w.line_key = l.line_key
    JOIN staging.submissions AS s ON s.submission_id = l.submission_id
    LEFT JOIN register.identities AS i ON i.name_kind = 'product' AND i.listed_id = l.listed_product_id
    WHERE w.product_group IS NOT NULL
),

-- A wording speaks the language of the list of the decision it stands beside.
dated AS (
    SELECT product_id, word, first_date AS spoken_on FROM written WHERE first_date IS NOT NULL
    UNION
    SELECT product_id, word, second_date FROM written WHERE second_date IS NOT NULL
    UNION
    SELECT product_id, word, period_end FROM written WHERE first_date IS NULL AND second_date IS NULL
),

told AS (
    SELECT d.product_id, m.list_version, m.code
    FROM dated AS d
    JOIN catalogue.group_words AS m ON m.word = d.word AND d.spoken_on BETWEEN m.valid_from AND m.valid_to
    UNION
    SELECT product_id, group_list, group_line FROM core.recognitions WHERE group_line IS NOT NULL
),

certain AS (
    SELECT DISTINCT t.product_id, c.to_list, c.sector, c.group_code, c.set_code
    FROM told AS t
    JOIN catalogue.group_conversions AS c
        ON c.list_version = t.list_version AND c.code = t.code AND c.is_certain
),

-- What the recognition's own line leaves open; without a line of its own anything.
left_open AS (
    SELECT
        r.product_id, r.decision_date, r.unit_id, l.list_version, r.group_line, c.sector, c.group_code, c.set_code
    FROM core.recognitions AS r
    CROSS JOIN catalogue.group_lists AS l
    LEFT JOIN catalogue.group_conversions AS c
        ON c.list_version = r.group_list AND c.code = r.group_line AND c.to_list = l.list_version
),

-- What the lines say is agreed on where the first of it is the last.
agreed AS (
    SELECT
        o.product_id, o.decision_date, o.unit_id, o.list_version, MIN(o.group_line) AS group_line,
        MIN(e.sector) AS sector, MAX(e.sector) AS last_sector,
        MIN(e.group_code) AS group_code, MAX(e.group_code) AS last_group_code,
        MIN(e.set_code) AS set_code, MAX(e.set_code) AS last_set_code
    FROM left_open AS o
    LEFT JOIN certain AS e
        ON e.product_id = o.product_id AND e.to_list = o.list_version
        AND (o.group_line IS NULL OR e.sector = o.sector)
        AND (o.group_code IS NULL OR e.group_code IS NULL OR e.group_code = o.group_code)
        AND (o.set_code IS NULL OR e.set_code IS NULL OR e.set_code = o.set_code)
    GROUP BY o.product_id, o.decision_date, o.unit_id, o.list_version
)

SELECT
    a.product_id, a.decision_date, a.unit_id, a.list_version,
    CASE
        WHEN a.sector = a.last_sector THEN a.sector
        WHEN a.sector IS NULL AND a.group_line IS NULL THEN 'unknown'
        ELSE 'unconverted'
    END AS product_group,
    CASE
        WHEN a.sector = a.last_sector AND a.group_code = a.last_group_code AND a.set_code = a.last_set_code
            THEN a.set_code
        WHEN a.sector = a.last_sector AND a.group_code = a.last_group_code THEN a.group_code
        WHEN a.sector = a.last_sector THEN a.sector
    END AS group_line
FROM agreed AS a
