-- Required lines left blank. "Không phát sinh" and 0 are answers, blank is none.
-- Source: the indicator list (column required). A value in the line's other column is WRONG_COLUMN's business.
SELECT
    s.submission_id, c.sheet, c.cell, JSON_OBJECT('line', l.line_code, 'label', l.label_vi) AS args
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
LEFT JOIN staging.cells AS beside
    ON beside.submission_id = c.submission_id AND beside.part = 'grid' AND c.part = 'grid'
    AND beside.line_key = c.line_key AND beside.field <> c.field AND beside.field IN ('in_period', 'closing')
    AND beside.state = 'number' AND beside.number <> 0
WHERE l.required AND c.state = 'blank' AND beside.cell IS NULL
