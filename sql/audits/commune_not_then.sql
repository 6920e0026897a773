-- Communes named in a register whose latest decision was taken when no commune of that name was the reporting unit or
-- below it any more: the name or the date is wrong. Only names that have ended are looked at; others are
-- COMMUNE_UNKNOWN's business, and a commune of today bears the decisions of those it was made of.
-- Source: the list of units (Nghị quyết 202/2025/QH15 and those of the provinces); a warning, because old names live on in
-- decisions. Compared as in COMMUNE_UNKNOWN.
WITH written AS (
    SELECT
        g.submission_id, g.sheet, g.line_key, g.commune_name AS text, s.unit_id,
        GREATEST(COALESCE(g.first_date, g.second_date), COALESCE(g.second_date, g.first_date)) AS decided
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE g.commune_name IS NOT NULL AND COALESCE(g.first_date, g.second_date) IS NOT NULL
),

folded AS (
    SELECT
        w.text, TRIM(REGEXP_REPLACE(REPLACE(STRIP_ACCENTS(LOWER(w.text)), 'đ', 'd'), '[^a-z0-9]+', ' ', 'g')) AS word
    FROM (SELECT DISTINCT text FROM written) AS w
),

readings AS (
    SELECT text, REPLACE(word, ' ', '') AS reading FROM folded
    UNION
    SELECT
        text,
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

ended AS (
    SELECT w.text, MIN(n.valid_to) AS last_day
    FROM readings AS w
    JOIN names AS n ON n.reading = w.reading AND n.valid_to < DATE '9999-12-31'
    GROUP BY w.text
),

doubtful AS (
    SELECT w.submission_id, w.sheet, w.line_key, w.text, w.unit_id, w.decided
    FROM written AS w
    JOIN ended AS e ON e.text = w.text AND e.last_day < w.decided
),

there AS (
    SELECT DISTINCT w.text, w.unit_id, w.decided
    FROM (SELECT DISTINCT text, unit_id, decided FROM doubtful) AS w
    JOIN readings AS i ON i.text = w.text
    JOIN names AS n ON n.reading = i.reading AND w.decided BETWEEN n.valid_from AND n.valid_to
    LEFT JOIN catalogue.units AS above
        ON above.unit_id = n.parent_id AND w.decided BETWEEN above.valid_from AND above.valid_to
    WHERE w.unit_id IN (n.unit_id, n.parent_id, above.parent_id)
)

SELECT w.submission_id, w.sheet, c.cell, JSON_OBJECT('text', w.text, 'day', w.decided) AS args
FROM doubtful AS w
LEFT JOIN there AS t ON t.text = w.text AND t.unit_id = w.unit_id AND t.decided = w.decided
JOIN staging.cells AS c
    ON c.submission_id = w.submission_id AND c.part = 'register' AND c.line_key = w.line_key AND c.sheet = w.sheet
    AND c.field = 'commune_name'
WHERE t.text IS NULL
