-- Negative counts or amounts.
-- Source: every indicator of the form counts or measures something that cannot be below nought.
SELECT
    s.submission_id, c.sheet, c.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'value', c.number) AS args
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
WHERE c.state = 'number' AND c.number < 0
