-- One row per month, task of a plan in force and report that speaks of it: what it says, its least advanced line where it has
-- several. Plans number their tasks alike (NV01, NV02, …), so a line of a report means one task only: of the plans in force
-- above the sender the one whose words it repeats, else the nearest.
WITH tasks AS (
    SELECT p.period, t.plan, t.task, UPPER(t.task) AS task_key, t.unit_id, LOWER(TRIM(t.task_text_vi)) AS task_text
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN catalogue.plan_tasks AS t ON p.year BETWEEN t.first_year AND t.last_year
    JOIN core.unit_ancestors AS a ON a.period = p.period AND a.unit_id = t.unit_id AND a.distance = 0
),

lines AS (
    SELECT
        s.period, s.submission_id, s.unit_id, s.agency, c.sheet, c.line_key,
        MAX(CASE WHEN c.field = 'task_code' THEN UPPER(TRIM(c.text)) END) AS task_key,
        MAX(CASE WHEN c.field = 'task_text' THEN LOWER(TRIM(c.text)) END) AS task_text,
        -- Compared without case, diacritics and punctuation, as the rule CODE_NOT_IN_LIST does.
        MAX(CASE WHEN c.field = 'task_state' THEN TRIM(REGEXP_REPLACE(TRANSLATE(
            LOWER(c.text),
            'àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ',
            'aaaaaaaaaaaaaaaaaeeeeeeeeeeeiiiiiooooooooooooooooouuuuuuuuuuuyyyyyd'
        ), '[^a-z0-9]+', ' ', 'g')) END) AS state_word,
        MAX(CASE WHEN c.field = 'progress' THEN c.number END) AS progress_pct
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN staging.cells AS c ON c.submission_id = s.submission_id AND c.part = 'tasks'
    GROUP BY s.period, s.submission_id, s.unit_id, s.agency, c.sheet, c.line_key
),

state_words AS (
    SELECT
        TRIM(REGEXP_REPLACE(TRANSLATE(
            LOWER(i.name_vi),
            'àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ',
            'aaaaaaaaaaaaaaaaaeeeeeeeeeeeiiiiiooooooooooooooooouuuuuuuuuuuyyyyyd'
        ), '[^a-z0-9]+', ' ', 'g')) AS word,
        CASE COALESCE(REPLACE(i.stands_for, 'task_state.', ''), i.code)
            WHEN 'not_started' THEN 1 WHEN 'in_progress' THEN 2 WHEN 'done' THEN 3 WHEN 'cancelled' THEN 4
        END AS stage
    FROM catalogue.code_items AS i
    WHERE i.code_list IN ('task_state', 'task_state_alias')
),

stages AS (
    SELECT s.word, MIN(s.stage) AS stage FROM state_words AS s GROUP BY s.word
),

meant AS (
    SELECT
        l.period, l.submission_id, l.unit_id, l.agency, l.progress_pct, w.stage, t.plan, t.task,
        ROW_NUMBER() OVER (
            PARTITION BY l.submission_id, l.sheet, l.line_key
            ORDER BY CASE WHEN l.task_text = t.task_text THEN 0 ELSE 1 END, a.distance, t.plan
        ) AS place
    FROM lines AS l
    JOIN core.unit_ancestors AS a ON a.period = l.period AND a.unit_id = l.unit_id
    JOIN tasks AS t ON t.period = l.period AND t.unit_id = a.ancestor_id AND t.task_key = l.task_key
    LEFT JOIN stages AS w ON w.word = l.state_word
)

SELECT
    m.period, m.plan, m.task, m.submission_id, m.unit_id, m.agency,
    CASE MIN(m.stage) WHEN 1 THEN 'not_started' WHEN 2 THEN 'in_progress' WHEN 3 THEN 'done' WHEN 4 THEN 'cancelled' END
        AS task_state,
    CAST(SUM(m.progress_pct) / NULLIF(COUNT(m.progress_pct), 0) AS DECIMAL(28, 4)) AS progress_pct
FROM meant AS m
WHERE m.place = 1
GROUP BY m.period, m.plan, m.task, m.submission_id, m.unit_id, m.agency
