-- Values written in the column the line does not ask for, while the asked one is blank: what happened in the month
-- under "cuối kỳ", or a state of affairs under "trong kỳ".
-- Source: the kind of each indicator; a flow belongs to the period, a stock to its end.
SELECT
    s.submission_id, c.sheet, c.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'value', c.number) AS args
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period AND l.part = 'grid'
JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = 'grid' AND c.line_key = l.line_code AND c.field <> l.field
    AND c.field IN ('in_period', 'closing') AND c.state = 'number' AND c.number <> 0
JOIN staging.cells AS asked
    ON asked.submission_id = s.submission_id AND asked.part = 'grid' AND asked.line_key = l.line_code
    AND asked.field = l.field AND asked.state = 'blank'
