-- Expiry dates that are not 36 months after the latest recognition, give or take a day (some count the last day in).
-- Source: QĐ 1048/QĐ-TTg, QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg. A warning: reports compute the expiry themselves.
WITH dated AS (
    SELECT
        g.submission_id, g.sheet, g.line_key, g.expiry_date,
        CASE WHEN g.second_date > g.first_date THEN g.second_date ELSE g.first_date END AS decided
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE g.expiry_date > g.first_date AND (g.second_date IS NOT NULL OR g.second_star IS NULL)
)

SELECT g.submission_id, g.sheet, c.cell, JSON_OBJECT('expiry', g.expiry_date, 'day', g.decided) AS args
FROM dated AS g
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key
    AND c.field = 'expiry_date'
WHERE ABS(DATE_DIFF('day', CAST(g.decided + INTERVAL '36' MONTH AS DATE), g.expiry_date)) > 1
