-- One row per decision on a product's stars and unit whose register tells of it: recognised, or evaluated without a
-- recognition (star none). A register is a snapshot that is sent again every month, with two decisions a line at most: what
-- no longer stands in it is not forgotten, and of several lines about one decision the latest accepted one stands, a
-- district's only where no other speaks. A decision is known by its day. Where a later line gives the same number
-- another day, the decision is that day's in every line. Numbers begin anew each year, and a product is evaluated again
-- after about three: one number within 24 months (ours) is one decision, except where a line has it in another column.
WITH told AS (
    SELECT
        l.submission_id, l.sheet, l.line_key, l.form, l.sequence, l.unit_id, l.home_id, l.product_name, l.producer_name,
        l.listed_product_id, l.listed_producer_id, COALESCE(g.first_cell, g.product_cell) AS cell, g.producer_type_code,
        w.product_group, CASE WHEN l.form = 'DS-QD' THEN '' ELSE 'first' END AS slot, g.first_star_code AS star,
        CAST(NULL AS VARCHAR) AS star_before, g.first_date AS decision_date, g.first_decision AS decision_no,
        g.first_body AS issuing_body, g.issuing_level,
        CASE WHEN g.second_date IS NULL THEN g.score END AS score,
        CASE WHEN g.second_date IS NULL THEN g.score_a END AS score_a,
        CASE WHEN g.second_date IS NULL THEN g.score_b END AS score_b,
        CASE WHEN g.second_date IS NULL THEN g.score_c END AS score_c
    FROM core.listings AS l
    JOIN staging.register_rows AS g
        ON g.submission_id = l.submission_id AND g.sheet = l.sheet AND g.line_key = l.line_key
    JOIN staging.register_places AS w
        ON w.submission_id = l.submission_id AND w.sheet = l.sheet AND w.line_key = l.line_key
    WHERE g.first_date IS NOT NULL AND g.first_star_code IS NOT NULL
    UNION ALL
    SELECT
        l.submission_id, l.sheet, l.line_key, l.form, l.sequence, l.unit_id, l.home_id, l.product_name, l.producer_name,
        l.listed_product_id, l.listed_producer_id, COALESCE(g.second_cell, g.product_cell), g.producer_type_code,
        w.product_group, 'second', g.second_star_code, g.first_star_code, g.second_date, g.second_decision,
        g.second_body, CAST(NULL AS VARCHAR), g.score, g.score_a, g.score_b, g.score_c
    FROM core.listings AS l
    JOIN staging.register_rows AS g
        ON g.submission_id = l.submission_id AND g.sheet = l.sheet AND g.line_key = l.line_key
    JOIN staging.register_places AS w
        ON w.submission_id = l.submission_id AND w.sheet = l.sheet AND w.line_key = l.line_key
    WHERE g.second_date IS NOT NULL AND g.second_star_code IS NOT NULL
),

known AS (
    SELECT
        t.submission_id, t.sheet, t.line_key, t.sequence, t.unit_id, t.home_id, t.product_name, t.producer_name, t.cell,
        t.producer_type_code, t.product_group, t.slot, t.star, t.star_before, t.decision_date, t.decision_no,
        t.issuing_body, t.issuing_level, t.score, t.score_a, t.score_b, t.score_c,
        COALESCE(product.identity_id, t.listed_product_id) AS product_id,
        COALESCE(producer.identity_id, t.listed_producer_id) AS producer_id,
        CASE WHEN t.form = 'OCOP-HU' THEN 1 ELSE 0 END AS yields,
        NULLIF(REPLACE(LOWER(t.decision_no), ' ', ''), '') AS number,
        CASE t.star WHEN '5' THEN 4 WHEN 'potential_5' THEN 3 WHEN '4' THEN 2 WHEN '3' THEN 1 ELSE 0 END AS star_rank
    FROM told AS t
    LEFT JOIN register.identities AS product
        ON product.name_kind = 'product' AND product.listed_id = t.listed_product_id
    LEFT JOIN register.identities AS producer
        ON producer.name_kind = 'producer' AND producer.listed_id = t.listed_producer_id
),

-- The days that the lines give one number; only numbers with several days need a second look.
moved_numbers AS (
    SELECT product_id, number
    FROM known
    WHERE number IS NOT NULL
    GROUP BY product_id, number
    HAVING COUNT(DISTINCT decision_date) > 1
),

numbered AS (
    SELECT
        k.product_id, k.number, k.slot, k.decision_date, k.yields, k.sequence, k.submission_id, k.sheet, k.cell
    FROM known AS k
    JOIN moved_numbers AS m ON m.product_id = k.product_id AND m.number = k.number
),

latest_days AS (
    SELECT
        a.product_id, a.number, a.slot, a.decision_date, b.decision_date AS latest_date,
        ROW_NUMBER() OVER (
            PARTITION BY a.product_id, a.number, a.slot, a.decision_date
            ORDER BY b.yields, b.sequence DESC, b.decision_date DESC, b.submission_id, b.sheet, b.cell
        ) AS place
    FROM (SELECT DISTINCT product_id, number, slot, decision_date FROM numbered) AS a
    JOIN numbered AS b
        ON b.product_id = a.product_id AND b.number = a.number AND (b.slot = a.slot OR a.slot = '' OR b.slot = '')
),

right_days AS (
    SELECT d.product_id, d.number, d.slot, d.decision_date, d.latest_date
    FROM latest_days AS d
    WHERE
        d.place = 1 AND d.latest_date < d.decision_date + INTERVAL '24' MONTH
        AND d.decision_date < d.latest_date + INTERVAL '24' MONTH
),

dated AS (
    SELECT
        k.submission_id, k.sheet, k.line_key, k.sequence, k.unit_id, k.home_id, k.product_name, k.producer_name, k.cell,
        k.producer_type_code, k.product_group, k.star, k.star_before,
        COALESCE(d.latest_date, k.decision_date) AS decision_date, k.decision_no, k.issuing_body, k.issuing_level,
        k.score, k.score_a, k.score_b, k.score_c, k.product_id, k.producer_id, k.yields, k.star_rank
    FROM known AS k
    LEFT JOIN right_days AS d
        ON d.product_id = k.product_id AND d.number = k.number AND d.slot = k.slot AND d.decision_date = k.decision_date
),

ranked AS (
    SELECT
        d.submission_id, d.sheet, d.line_key, d.sequence, d.unit_id, d.home_id, d.product_name, d.producer_name, d.cell,
        d.producer_type_code, d.product_group, d.star, d.star_before, d.decision_date, d.decision_no, d.issuing_body,
        d.issuing_level, d.score, d.score_a, d.score_b, d.score_c, d.product_id, d.producer_id, d.yields,
        ROW_NUMBER() OVER (
            PARTITION BY d.product_id, d.decision_date, d.unit_id
            ORDER BY d.yields, d.sequence DESC, d.star_rank DESC, d.submission_id, d.sheet, d.cell
        ) AS place
    FROM dated AS d
),

standing AS (
    SELECT r.product_id, r.decision_date, r.unit_id, r.home_id, r.yields, r.sequence, r.star
    FROM ranked AS r
    WHERE r.place = 1
),

-- The unit whose line tells of it: the commune a unit went into, where it has put the star right since.
sources AS (
    SELECT
        r.product_id, r.decision_date, r.unit_id,
        CASE
            WHEN h.star <> r.star AND (h.yields < r.yields OR (h.yields = r.yields AND h.sequence > r.sequence))
                THEN h.unit_id
            ELSE r.unit_id
        END AS source_id
    FROM standing AS r
    LEFT JOIN standing AS h
        ON h.product_id = r.product_id AND h.decision_date = r.decision_date AND h.unit_id = r.home_id
        AND h.unit_id <> r.unit_id
)

SELECT
    r.product_id, r.decision_date, s.unit_id, r.home_id, r.product_name, r.producer_id, r.producer_name,
    r.producer_type_code AS producer_type, r.product_group AS group_word, r.star, r.star_before, r.decision_no, r.issuing_body,
    r.issuing_level, r.score, r.score_a, r.score_b, r.score_c, r.submission_id, r.sheet, r.line_key, r.cell
FROM ranked AS r
JOIN sources AS s ON s.product_id = r.product_id AND s.decision_date = r.decision_date AND s.source_id = r.unit_id
WHERE r.place = 1
