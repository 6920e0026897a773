-- Communes named in a register that are neither the reporting unit nor below it on the closing day. Names of communes
-- that have ended are let pass: certificates older than the reorganisation of 2025 bear them.
-- Source: the list of units; a warning, because a commune's products are counted for the commune that reports them.
-- Compared without case, diacritics, punctuation, type word and leading noughts of numbered wards.
WITH written AS (
    SELECT c.submission_id, c.sheet, c.cell, c.text, s.unit_id, s.period_end
    FROM staging.cells AS c
    JOIN staging.submissions AS s ON s.submission_id = c.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE c.part = 'register' AND c.field = 'commune_name' AND c.state IN ('text', 'number')
),

folded AS (
    SELECT
        w.text, w.unit_id, w.period_end,
        TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(w.text)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')) AS word
    FROM (SELECT DISTINCT text, unit_id, period_end FROM written) AS w
),

-- "Xa Lọ" may be a name as it stands or the commune "Lọ", "P1" is the ward 1: all readings are looked for.
readings AS (
    SELECT text, unit_id, period_end, REPLACE(word, ' ', '') AS reading FROM folded
    UNION
    SELECT
        text, unit_id, period_end,
        LTRIM(
            REPLACE(REGEXP_REPLACE(word, '^((xa|phuong|thi tran|dac khu|tt|p|x) |p([0-9]))', '\3'), ' ', ''), '0'
        )
    FROM folded
),

names AS (
    SELECT
        u.unit_id, u.parent_id, u.valid_from, u.valid_to,
        TRANSLATE(STRIP_ACCENTS(LOWER(u.name)), 'đ -.,''’', 'd') AS reading
    FROM catalogue.units AS u
    WHERE u.tier = 'commune'
),

known AS (
    SELECT DISTINCT w.text, w.unit_id
    FROM readings AS w
    JOIN names AS n ON n.reading = w.reading
    WHERE
        n.valid_to < w.period_end
        OR (w.period_end BETWEEN n.valid_from AND n.valid_to AND w.unit_id IN (n.unit_id, n.parent_id))
)

SELECT w.submission_id, w.sheet, w.cell, JSON_OBJECT('text', w.text) AS args
FROM written AS w
LEFT JOIN known AS k ON k.text = w.text AND k.unit_id = w.unit_id
WHERE k.text IS NULL
