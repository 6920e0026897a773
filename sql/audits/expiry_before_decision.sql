-- Expiry dates on or before the first recognition.
-- Source: a certificate ends after it begins (QĐ 148/QĐ-TTg: 36 months from the decision).
SELECT g.submission_id, g.sheet, c.cell, JSON_OBJECT('expiry', g.expiry_date, 'day', g.first_date) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key
    AND c.field = 'expiry_date'
WHERE g.expiry_date <= g.first_date
