-- Lines that ask for a number and hold words or a day instead ("khoảng 20").
-- Source: the form; a value that cannot be added must not be guessed.
SELECT
    v.submission_id, v.sheet, v.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'text', COALESCE(c.text, CAST(c.day AS VARCHAR))) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
JOIN staging.cells AS c ON c.submission_id = v.submission_id AND c.sheet = v.sheet AND c.cell = v.cell
WHERE v.value_type = 'number' AND v.state IN ('text', 'day', 'yes', 'no')
