-- Wordings that no code list knows: stars, kinds of producer, product groups (any list since 2019: a certificate keeps
-- the group of its time), states of tasks. Compared without case, diacritics and punctuation.
-- Source: code_lists.csv and product_groups.csv (QĐ 1048/QĐ-TTg, QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg).
WITH written AS (
    SELECT
        c.submission_id, c.sheet, c.cell, c.text,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(c.text)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')) AS word,
        CASE
            WHEN c.field IN ('current_star', 'first_star', 'second_star') THEN 'star'
            WHEN c.field = 'producer_type' THEN 'producer_type'
            WHEN c.field = 'product_group' THEN 'product_group'
            WHEN c.field = 'task_state' THEN 'task_state'
        END AS code_list
    FROM staging.cells AS c
    JOIN meta.run_periods AS r ON r.period = c.period
    WHERE
        c.part IN ('register', 'tasks') AND c.state IN ('text', 'number')
        AND c.field IN ('current_star', 'first_star', 'second_star', 'producer_type', 'product_group', 'task_state')
),

known AS (
    SELECT
        REPLACE(i.code_list, '_alias', '') AS code_list,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(i.name_vi)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')) AS word
    FROM catalogue.code_items AS i
    UNION
    SELECT i.code_list, i.code FROM catalogue.code_items AS i WHERE i.code_list = 'star'
)

SELECT
    w.submission_id, w.sheet, w.cell,
    JSON_OBJECT(
        'text', w.text,
        'list', w.code_list
    ) AS args
FROM written AS w
LEFT JOIN known AS k ON k.code_list = w.code_list AND k.word = w.word
WHERE k.word IS NULL
