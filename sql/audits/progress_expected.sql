-- Progress of a task that is no per cent: words ("khoảng 45%"), or a number below 0 or above 100.
-- Source: the form (% hoàn thành); the plan's progress is the mean of what its units report.
SELECT
    c.submission_id, c.sheet, c.cell,
    JSON_OBJECT(
        'text',
        COALESCE(c.text, CAST(c.day AS VARCHAR), TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(c.number AS VARCHAR))))
    ) AS args
FROM staging.cells AS c
JOIN meta.run_periods AS r ON r.period = c.period
WHERE c.part = 'tasks' AND c.field = 'progress'
    AND (c.state IN ('text', 'day') OR (c.state = 'number' AND (c.number < 0 OR c.number > 100)))
