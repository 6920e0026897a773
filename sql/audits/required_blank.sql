-- Required lines left blank. "Không phát sinh" and 0 are answers, blank is none.
-- Source: the indicator list (column required). A value in the line's other column is WRONG_COLUMN's business.
SELECT
    v.submission_id, v.sheet, v.cell, JSON_OBJECT('line', l.line_code, 'label', l.label_vi) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
LEFT JOIN staging.cells AS beside
    ON beside.submission_id = v.submission_id AND beside.part = 'grid' AND v.part = 'grid'
    AND beside.line_key = v.line_code AND beside.field <> v.field AND beside.field IN ('in_period', 'closing')
    AND beside.state = 'number' AND beside.number <> 0
WHERE v.required AND v.state = 'blank' AND beside.cell IS NULL
