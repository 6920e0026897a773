-- Lines on which more was disbursed than planned for the year.
-- Source: the funding sheet (BM03); a warning, because advances and transfers between years exist.
SELECT
    more.submission_id, more.sheet, more.cell,
    JSON_OBJECT('label', l.label_vi, 'value', more.value, 'plan', less.value) AS args
FROM staging.form_values AS more
JOIN meta.run_periods AS r ON r.period = more.period
JOIN staging.form_values AS less
    ON less.submission_id = more.submission_id AND less.part = 'funding' AND less.line_code = more.line_code
    AND less.field = 'planned'
JOIN catalogue.form_lines AS l
    ON l.form = more.form AND l.period = more.period AND l.part = more.part AND l.line_code = more.line_code
    AND l.field = more.field
WHERE more.part = 'funding' AND more.field = 'disbursed' AND more.value > less.value
