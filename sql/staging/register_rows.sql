-- One row per product line of the register sheet (BM02) of a report that counts: the 22 columns of the form, typed,
-- personal data left out. Codes are filled where the wording is known; the wording itself is kept beside. Wordings are
-- compared without case, diacritics and punctuation, as intake folds them.
-- Lines of imported lists are among them. A decision that recognises is the first recognition of its lines, with the
-- decision told for the list, and where a line has no star with the star of its points, or the one told for all lines.
-- The lines of any other decision say whose product it is and nothing about a recognition: `staging.register_events`. Of
-- a correction that is all but the right star, found in the same way. A line of a list that names no product is none:
-- intake leaves it out, an earlier version took it in (audits/list_line_without_product.sql).
WITH wide AS (
    SELECT
        c.submission_id, c.period, c.sheet, c.line_key, MIN(c.row_no) AS row_no,
        MAX(CASE WHEN c.field = 'product_name' AND c.state IN ('text', 'number') THEN c.text END) AS product_name,
        MAX(CASE WHEN c.field = 'product_group' AND c.state IN ('text', 'number') THEN c.text END) AS product_group,
        MAX(CASE WHEN c.field = 'producer_type' AND c.state IN ('text', 'number') THEN c.text END) AS producer_type,
        MAX(CASE WHEN c.field = 'producer_name' AND c.state IN ('text', 'number') THEN c.text END) AS producer_name,
        MAX(CASE WHEN c.field = 'commune_name' AND c.state IN ('text', 'number') THEN c.text END) AS commune_name,
        MAX(CASE WHEN c.field = 'current_star' AND c.state IN ('text', 'number') THEN c.text END) AS current_star,
        MAX(CASE WHEN c.field = 'expiry_date' THEN c.day END) AS expiry_date,
        MAX(CASE WHEN c.field = 'first_star' AND c.state IN ('text', 'number') THEN c.text END) AS first_star,
        MAX(CASE WHEN c.field = 'first_date' THEN c.day END) AS first_date,
        MAX(CASE WHEN c.field = 'first_year' AND c.state = 'number' THEN c.number END) AS first_year,
        MAX(CASE WHEN c.field = 'first_decision' AND c.state IN ('text', 'number') THEN c.text END) AS first_decision,
        MAX(CASE WHEN c.field = 'first_body' AND c.state IN ('text', 'number') THEN c.text END) AS first_body,
        MAX(CASE WHEN c.field = 'second_star' AND c.state IN ('text', 'number') THEN c.text END) AS second_star,
        MAX(CASE WHEN c.field = 'second_date' THEN c.day END) AS second_date,
        MAX(CASE WHEN c.field = 'second_year' AND c.state = 'number' THEN c.number END) AS second_year,
        MAX(CASE WHEN c.field = 'second_decision' AND c.state IN ('text', 'number') THEN c.text END) AS second_decision,
        MAX(CASE WHEN c.field = 'second_body' AND c.state IN ('text', 'number') THEN c.text END) AS second_body,
        MAX(CASE WHEN c.field = 'score' AND c.state = 'number' THEN c.number END) AS score,
        MAX(CASE WHEN c.field = 'score_a' AND c.state = 'number' THEN c.number END) AS score_a,
        MAX(CASE WHEN c.field = 'score_b' AND c.state = 'number' THEN c.number END) AS score_b,
        MAX(CASE WHEN c.field = 'score_c' AND c.state = 'number' THEN c.number END) AS score_c,
        MAX(CASE WHEN c.field = 'product_name' THEN c.cell END) AS product_cell,
        MAX(CASE WHEN c.field = 'first_date' THEN c.cell END) AS first_cell,
        MAX(CASE WHEN c.field = 'first_star' THEN c.cell END) AS first_star_cell,
        MAX(CASE WHEN c.field = 'score' THEN c.cell END) AS score_cell,
        MAX(CASE WHEN c.field = 'second_date' THEN c.cell END) AS second_cell
    FROM staging.cells AS c
    JOIN meta.run_periods AS r ON r.period = c.period
    WHERE c.part = 'register'
    GROUP BY c.submission_id, c.period, c.sheet, c.line_key
),

words AS (
    SELECT
        REPLACE(i.code_list, '_alias', '') AS code_list,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(i.name_vi)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')) AS word,
        COALESCE(SPLIT_PART(i.stands_for, '.', 2), i.code) AS code
    FROM catalogue.code_items AS i
    WHERE i.code_list IN ('star', 'star_alias', 'producer_type', 'producer_type_alias')
    UNION
    SELECT i.code_list, i.code, i.code FROM catalogue.code_items AS i WHERE i.code_list = 'star'
),

-- Few wordings stand in many rows: each is folded and looked up once.
wordings AS (
    SELECT DISTINCT CASE WHEN c.field = 'producer_type' THEN 'producer_type' ELSE 'star' END AS code_list, c.text
    FROM staging.cells AS c
    JOIN meta.run_periods AS r ON r.period = c.period
    WHERE
        c.part = 'register' AND c.state IN ('text', 'number')
        AND c.field IN ('producer_type', 'current_star', 'first_star', 'second_star')
),

known AS (
    SELECT w.code_list, w.text, MIN(k.code) AS code
    FROM wordings AS w
    JOIN words AS k
        ON k.code_list = w.code_list
        AND k.word = TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(w.text)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g'))
    GROUP BY w.code_list, w.text
)

SELECT
    w.period, w.submission_id, w.sheet, w.line_key, w.row_no,
    w.product_name, w.product_group, w.producer_type, t.code AS producer_type_code, w.producer_name, w.commune_name,
    w.current_star, s0.code AS current_star_code,
    CASE WHEN COALESCE(i.event_kind, 'register') IN ('register', 'recognition') THEN w.expiry_date END AS expiry_date,
    CASE
        WHEN COALESCE(i.event_kind, 'register') = 'register' THEN w.first_star
        WHEN i.event_kind = 'recognition' THEN COALESCE(w.first_star, n.points_star, i.told_star)
    END AS first_star,
    CASE
        WHEN COALESCE(i.event_kind, 'register') = 'register' OR w.first_star IS NOT NULL AND i.event_kind = 'recognition'
            THEN s1.code
        WHEN i.event_kind = 'recognition' THEN COALESCE(n.points_star, i.told_star)
    END AS first_star_code,
    CASE
        WHEN COALESCE(i.event_kind, 'register') = 'register' THEN w.first_date
        WHEN i.event_kind = 'recognition' THEN i.decision_date
    END AS first_date,
    -- What can be no year is 0, which agrees with no day; one cell must not stop the judging of all files.
    CASE
        WHEN w.first_year BETWEEN 0 AND 9999 THEN CAST(w.first_year AS INTEGER)
        WHEN w.first_year IS NOT NULL THEN 0
    END AS first_year,
    CASE
        WHEN COALESCE(i.event_kind, 'register') = 'register' THEN w.first_decision
        WHEN i.event_kind = 'recognition' THEN i.decision_no
    END AS first_decision,
    CASE
        WHEN COALESCE(i.event_kind, 'register') = 'register' THEN w.first_body
        WHEN i.event_kind = 'recognition' THEN i.issuing_body
    END AS first_body,
    CASE
        WHEN i.event_kind = 'correction' AND w.first_star IS NOT NULL THEN s1.code
        WHEN i.event_kind = 'correction' THEN COALESCE(n.points_star, i.told_star)
    END AS corrected_star,
    w.second_star, s2.code AS second_star_code, w.second_date,
    CASE
        WHEN w.second_year BETWEEN 0 AND 9999 THEN CAST(w.second_year AS INTEGER)
        WHEN w.second_year IS NOT NULL THEN 0
    END AS second_year,
    w.second_decision, w.second_body, i.issuing_level, w.score, w.score_a, w.score_b, w.score_c,
    w.product_cell, COALESCE(w.first_cell, w.first_star_cell, w.score_cell) AS first_cell, w.second_cell
FROM wide AS w
LEFT JOIN raw.imports AS i ON i.submission_id = w.submission_id
LEFT JOIN raw.import_lines AS n
    ON n.submission_id = w.submission_id AND n.sheet = w.sheet AND n.line_key = w.line_key
LEFT JOIN known AS t ON t.code_list = 'producer_type' AND t.text = w.producer_type
LEFT JOIN known AS s0 ON s0.code_list = 'star' AND s0.text = w.current_star
LEFT JOIN known AS s1 ON s1.code_list = 'star' AND s1.text = w.first_star
LEFT JOIN known AS s2 ON s2.code_list = 'star' AND s2.text = w.second_star
WHERE i.submission_id IS NULL OR w.product_name IS NOT NULL
