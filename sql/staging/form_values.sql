-- One row per cell that a form asks for and that stands in a report that counts, with what the form says about it. Made
-- once so that the rules of the forms need not join cells and lines again each. "Không phát sinh" counts as nought;
-- a blank cell has no value.
SELECT
    s.period, s.submission_id, s.form, s.unit_id, s.agency, l.part, l.line_code, l.field, l.indicator, l.breakdown,
    l.dimension, l.part_rule, l.total_line_code, l.value_type, l.required, l.whole_number, c.sheet, c.cell, c.state,
    CASE c.state WHEN 'number' THEN c.number WHEN 'nothing' THEN CAST(0 AS DECIMAL(20, 4)) END AS value
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
