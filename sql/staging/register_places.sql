-- One row per product line of a register: the commune it is of, and its product group in the spelling of the lists.
-- A commune's lines are its own; a district's line is of the commune it names, by the best reading of the name, and of
-- none where the name is not known or two communes of the district answer to it. A line of an imported list is of the
-- commune intake found for it, by name or address, on the map of the list. Wordings are compared without case, diacritics
-- and punctuation, as intake folds them.
WITH written AS (
    SELECT
        g.period, g.submission_id, g.sheet, g.line_key, s.form, s.unit_id AS reporter_id, s.period_end,
        LOWER(g.commune_name) AS name, g.product_group,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(g.product_group)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g'))
            AS group_word,
        REGEXP_REPLACE(
            REGEXP_REPLACE(
                REGEXP_REPLACE(
                    TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(g.commune_name)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')),
                    '^tt ', 'thi tran '
                ),
                '^p ', 'phuong '
            ),
            '^x ', 'xa '
        ) AS word
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = g.period
),

communes AS (
    SELECT
        u.unit_id, u.parent_id, u.valid_from, u.valid_to, LOWER(u.full_name) AS full_name, LOWER(u.name) AS name,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(u.full_name)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g'))
            AS full_word,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(u.name)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')) AS word
    FROM catalogue.units AS u
    WHERE u.tier = 'commune'
),

-- Best reading first: as the unit is written, without its type, without diacritics, without both.
named AS (
    SELECT
        w.submission_id, w.sheet, w.line_key, c.unit_id,
        CASE
            WHEN w.name = c.full_name THEN 1 WHEN w.name = c.name THEN 2 WHEN w.word = c.full_word THEN 3 ELSE 4
        END AS reading
    FROM written AS w
    JOIN communes AS c
        ON c.parent_id = w.reporter_id AND w.period_end BETWEEN c.valid_from AND c.valid_to
        AND w.word IN (c.full_word, c.word)
    LEFT JOIN raw.imports AS i ON i.submission_id = w.submission_id
    WHERE w.form <> 'OCOP-XA' AND i.submission_id IS NULL
),

best AS (
    SELECT
        submission_id, sheet, line_key, unit_id, reading,
        MIN(reading) OVER (PARTITION BY submission_id, sheet, line_key) AS best_reading
    FROM named
),

placed AS (
    SELECT submission_id, sheet, line_key, MIN(unit_id) AS unit_id
    FROM best
    WHERE reading = best_reading
    GROUP BY submission_id, sheet, line_key
    HAVING COUNT(*) = 1
),

spelled_groups AS (
    SELECT
        i.name_vi,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(i.name_vi)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')) AS word
    FROM catalogue.code_items AS i
    WHERE i.code_list = 'product_sector'
),

group_words AS (
    SELECT word, MIN(name_vi) AS name_vi FROM spelled_groups GROUP BY word
)

SELECT
    w.period, w.submission_id, w.sheet, w.line_key,
    CASE WHEN w.form = 'OCOP-XA' THEN w.reporter_id ELSE COALESCE(n.unit_id, p.unit_id) END AS unit_id,
    COALESCE(g.name_vi, w.product_group) AS product_group
FROM written AS w
LEFT JOIN placed AS p ON p.submission_id = w.submission_id AND p.sheet = w.sheet AND p.line_key = w.line_key
LEFT JOIN raw.import_lines AS n
    ON n.submission_id = w.submission_id AND n.sheet = w.sheet AND n.line_key = w.line_key
LEFT JOIN group_words AS g ON g.word = w.group_word
