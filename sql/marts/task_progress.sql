-- One row per month and task of a plan in force: how the reports of that month describe it (core.task_reports). The state shown is
-- the least advanced one reported, with the number of reports in each beside it; a task nobody mentioned has no state.
WITH tasks AS (
    SELECT p.period, t.plan, t.task
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN catalogue.plan_tasks AS t ON p.year BETWEEN t.first_year AND t.last_year
    JOIN core.unit_ancestors AS a ON a.period = p.period AND a.unit_id = t.unit_id AND a.distance = 0
),

told AS (
    SELECT
        t.period, t.plan, t.task, COUNT(e.submission_id) AS reports_count,
        SUM(CASE WHEN e.task_state = 'not_started' THEN 1 ELSE 0 END) AS not_started_count,
        SUM(CASE WHEN e.task_state = 'in_progress' THEN 1 ELSE 0 END) AS in_progress_count,
        SUM(CASE WHEN e.task_state = 'done' THEN 1 ELSE 0 END) AS done_count,
        SUM(CASE WHEN e.task_state = 'cancelled' THEN 1 ELSE 0 END) AS cancelled_count,
        CAST(SUM(e.progress_pct) / NULLIF(COUNT(e.progress_pct), 0) AS DECIMAL(28, 4)) AS progress_pct
    FROM tasks AS t
    LEFT JOIN core.task_reports AS e ON e.period = t.period AND e.plan = t.plan AND e.task = t.task
    GROUP BY t.period, t.plan, t.task
)

SELECT
    p.period, p.plan, p.task, t.unit_id, t.plan_number, t.plan_name_vi, t.is_sample, t.task_text_vi, t.lead_agency,
    t.due_date,
    CASE
        WHEN p.not_started_count > 0 THEN 'not_started'
        WHEN p.in_progress_count > 0 THEN 'in_progress'
        WHEN p.done_count > 0 THEN 'done'
        WHEN p.cancelled_count > 0 THEN 'cancelled'
    END AS task_state,
    p.progress_pct, CAST(p.reports_count AS INTEGER) AS reports_count, t.position,
    CAST(p.not_started_count AS INTEGER) AS not_started_count,
    CAST(p.in_progress_count AS INTEGER) AS in_progress_count,
    CAST(p.done_count AS INTEGER) AS done_count,
    CAST(p.cancelled_count AS INTEGER) AS cancelled_count
FROM told AS p
JOIN catalogue.plan_tasks AS t ON t.plan = p.plan AND t.task = p.task
