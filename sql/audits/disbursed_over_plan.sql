-- Lines on which more was disbursed than planned for the year.
-- Source: the funding sheet (BM03); a warning, because advances and transfers between years exist.
SELECT
    s.submission_id, more.sheet, more.cell,
    JSON_OBJECT('label', l.label_vi, 'value', more.number, 'plan', less.number) AS args
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.form_lines AS l
    ON l.form = s.form AND l.period = s.period AND l.part = 'funding' AND l.field = 'disbursed'
JOIN staging.cells AS more
    ON more.submission_id = s.submission_id AND more.part = 'funding' AND more.line_key = l.line_code
    AND more.field = 'disbursed' AND more.state = 'number'
JOIN staging.cells AS less
    ON less.submission_id = s.submission_id AND less.part = 'funding' AND less.line_key = l.line_code
    AND less.field = 'planned' AND less.state = 'number'
WHERE more.number > less.number
