-- Wordings that no code list knows: stars, kinds of producer, product groups (any list since 2019: a certificate keeps
-- the group of its time), states of tasks. Compared without case, diacritics and punctuation.
-- Source: code_lists.csv and product_groups.csv (QĐ 1048/QĐ-TTg, QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg).
WITH fields AS (
    SELECT * FROM (
        VALUES
            ('register', 'current_star', 'star'), ('register', 'first_star', 'star'),
            ('register', 'second_star', 'star'), ('register', 'producer_type', 'producer_type'),
            ('register', 'product_group', 'product_group'), ('tasks', 'task_state', 'task_state')
    ) AS f (part, field, code_list)
),

-- Few wordings stand in many cells: each is folded once.
wordings AS (
    SELECT DISTINCT f.code_list, c.text
    FROM staging.cells AS c
    JOIN fields AS f ON f.part = c.part AND f.field = c.field
    JOIN meta.run_periods AS r ON r.period = c.period
    WHERE c.state IN ('text', 'number')
),

known AS (
    SELECT
        REPLACE(i.code_list, '_alias', '') AS code_list,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(i.name_vi)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')) AS word
    FROM catalogue.code_items AS i
    UNION
    SELECT i.code_list, i.code FROM catalogue.code_items AS i WHERE i.code_list = 'star'
),

unknown AS (
    SELECT w.code_list, w.text
    FROM wordings AS w
    LEFT JOIN known AS k
        ON k.code_list = w.code_list
        AND k.word = TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(w.text)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g'))
    WHERE k.word IS NULL
)

SELECT c.submission_id, c.sheet, c.cell, JSON_OBJECT('text', c.text, 'list', u.code_list) AS args
FROM unknown AS u
JOIN fields AS f ON f.code_list = u.code_list
JOIN staging.cells AS c
    ON c.part = f.part AND c.field = f.field AND c.text = u.text AND c.state IN ('text', 'number')
JOIN meta.run_periods AS r ON r.period = c.period
