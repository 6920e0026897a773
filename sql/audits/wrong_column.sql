-- Values written in the column the line does not ask for, while the asked one is blank: what happened in the month
-- under "cuối kỳ", or a state of affairs under "trong kỳ".
-- Source: the kind of each indicator; a flow belongs to the period, a stock to its end.
SELECT
    v.submission_id, c.sheet, c.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'value', c.number) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
JOIN staging.cells AS c
    ON c.submission_id = v.submission_id AND c.part = 'grid' AND c.line_key = v.line_code AND c.field <> v.field
    AND c.field IN ('in_period', 'closing') AND c.state = 'number' AND c.number <> 0
WHERE v.part = 'grid' AND v.state = 'blank'
