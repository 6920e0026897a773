-- Issuing bodies named after a district or province that was no more on the day of the decision: the body or the date is
-- wrong.
-- Source: the list of units; districts ended on 30/06/2025 (Luật Tổ chức chính quyền địa phương 2025). A warning: the
-- decision may have been signed under an old name. Full names only ("huyện Đức Trọng"); an abbreviation is not guessed.
WITH slots AS (
    SELECT g.submission_id, g.sheet, g.line_key, 'first_body' AS field, g.first_body AS body, g.first_date AS decided
    FROM staging.register_rows AS g
    UNION ALL
    SELECT g.submission_id, g.sheet, g.line_key, 'second_body', g.second_body, g.second_date
    FROM staging.register_rows AS g
),

bodies AS (
    SELECT body, CONCAT(' ', REGEXP_REPLACE(LOWER(body), '[^\p{L}\p{M}\p{N}]+', ' ', 'g'), ' ') AS words
    FROM (SELECT DISTINCT body FROM slots WHERE body IS NOT NULL AND decided IS NOT NULL) AS b
),

-- A name counts as ended when no unit of any tier has borne it since.
names AS (
    SELECT
        CONCAT('% ', REGEXP_REPLACE(LOWER(u.full_name), '[^\p{L}\p{M}\p{N}]+', ' ', 'g'), ' %') AS pattern,
        MIN(u.full_name) AS full_name, MAX(u.valid_to) AS last_day
    FROM catalogue.units AS u
    WHERE u.tier IN ('district', 'province')
    GROUP BY CONCAT('% ', REGEXP_REPLACE(LOWER(u.full_name), '[^\p{L}\p{M}\p{N}]+', ' ', 'g'), ' %')
),

named AS (
    SELECT b.body, n.full_name, n.last_day
    FROM bodies AS b
    JOIN names AS n ON b.words LIKE n.pattern AND n.last_day < DATE '9999-12-31'
),

-- "huyện Đức Trọng, tỉnh Bình Thuận" names two units: the one that ended first is told.
ended AS (
    SELECT
        g.submission_id, g.sheet, g.line_key, g.field, g.body, g.decided, n.full_name, n.last_day,
        ROW_NUMBER() OVER (
            PARTITION BY g.submission_id, g.sheet, g.line_key, g.field ORDER BY n.last_day, n.full_name
        ) AS place
    FROM named AS n
    JOIN slots AS g ON g.body = n.body AND g.decided > n.last_day
)

SELECT
    g.submission_id, g.sheet, c.cell,
    JSON_OBJECT('text', g.body, 'unit', g.full_name, 'last_day', g.last_day, 'day', g.decided) AS args
FROM ended AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = g.field
WHERE g.place = 1
