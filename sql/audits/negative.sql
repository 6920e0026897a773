-- Negative counts or amounts.
-- Source: every indicator of the form counts or measures something that cannot be below nought.
SELECT
    v.submission_id, v.sheet, v.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'value', v.value) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
WHERE v.value < 0
