-- Numbers on lines that the form does not have in that period: lines added by hand, or groups of another list.
-- Source: the form; a warning, because such numbers enter no total and nobody should believe they do.
SELECT
    c.submission_id, c.sheet, c.cell,
    JSON_OBJECT('line', TRIM(LEADING '?' FROM c.line_key), 'value', c.number) AS args
FROM staging.cells AS c
JOIN staging.submissions AS s ON s.submission_id = c.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
LEFT JOIN catalogue.form_lines AS l
    ON l.form = s.form AND l.period = s.period AND l.part = c.part AND l.line_code = c.line_key
WHERE c.part IN ('grid', 'funding') AND c.state = 'number' AND c.number <> 0 AND l.line_code IS NULL
