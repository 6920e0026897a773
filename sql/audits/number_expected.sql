-- Lines that ask for a number and hold words or a day instead ("khoảng 20").
-- Source: the form; a value that cannot be added must not be guessed.
SELECT
    s.submission_id, c.sheet, c.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'text', COALESCE(c.text, CAST(c.day AS VARCHAR))) AS args
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
WHERE l.value_type = 'number' AND c.state IN ('text', 'day', 'yes', 'no')
