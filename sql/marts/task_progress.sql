-- One row per month and task of a plan in force: how the reports of that month describe it. The state shown is the
-- least advanced one reported; a task nobody mentioned has no state.
WITH tasks AS (
    SELECT p.period, t.plan, t.task, t.unit_id
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN catalogue.plan_tasks AS t ON p.year BETWEEN t.first_year AND t.last_year
    JOIN core.unit_ancestors AS a ON a.period = p.period AND a.unit_id = t.unit_id AND a.distance = 0
),

said AS (
    SELECT
        s.period, s.submission_id, s.unit_id, c.line_key,
        MAX(CASE WHEN c.field = 'task_code' THEN c.text END) AS task,
        MAX(CASE WHEN c.field = 'task_state' THEN i.code END) AS task_state,
        MAX(CASE WHEN c.field = 'progress' THEN c.number END) AS progress_pct
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN staging.cells AS c ON c.submission_id = s.submission_id AND c.part = 'tasks'
    LEFT JOIN catalogue.code_items AS i
        ON i.code_list = 'task_state' AND c.field = 'task_state' AND LOWER(i.name_vi) = LOWER(TRIM(c.text))
    GROUP BY s.period, s.submission_id, s.unit_id, c.line_key
),

per_task AS (
    SELECT
        t.period, t.plan, t.task,
        COUNT(said.submission_id) AS reports_count,
        MIN(
            CASE said.task_state
                WHEN 'not_started' THEN 1 WHEN 'in_progress' THEN 2 WHEN 'done' THEN 3 WHEN 'cancelled' THEN 4
            END
        ) AS stage,
        CAST(SUM(said.progress_pct) / NULLIF(COUNT(said.progress_pct), 0) AS DECIMAL(28, 4)) AS progress_pct
    FROM tasks AS t
    LEFT JOIN core.unit_ancestors AS a ON a.period = t.period AND a.ancestor_id = t.unit_id
    LEFT JOIN said ON said.period = t.period AND said.unit_id = a.unit_id AND said.task = t.task
    GROUP BY t.period, t.plan, t.task
)

SELECT
    p.period, p.plan, p.task, t.unit_id, t.plan_number, t.plan_name_vi, t.is_sample, t.task_text_vi, t.lead_agency,
    t.due_date,
    CASE p.stage WHEN 1 THEN 'not_started' WHEN 2 THEN 'in_progress' WHEN 3 THEN 'done' WHEN 4 THEN 'cancelled' END
        AS task_state,
    p.progress_pct, CAST(p.reports_count AS INTEGER) AS reports_count, t.position
FROM per_task AS p
JOIN catalogue.plan_tasks AS t ON t.plan = p.plan AND t.task = p.task
