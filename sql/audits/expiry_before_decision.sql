-- Expiry dates on or before the first recognition of their line.
-- Source: a certificate ends after it begins (QĐ 148/QĐ-TTg: 36 months from the decision). An expiry between the first
-- and the second recognition is that of the certificate before (EXPIRY_NOT_36_MONTHS).
WITH dated AS (
    SELECT
        g.submission_id, g.sheet, g.line_key, g.expiry_date,
        LEAST(COALESCE(g.first_date, g.second_date), COALESCE(g.second_date, g.first_date)) AS decided
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
)

SELECT g.submission_id, g.sheet, c.cell, JSON_OBJECT('expiry', g.expiry_date, 'day', g.decided) AS args
FROM dated AS g
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = 'expiry_date'
WHERE g.expiry_date <= g.decided
