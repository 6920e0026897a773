-- Stocks more than half away from last month's and by more than 20: rarely true, often a slip of the keyboard.
-- Source: ours; a warning, the threshold is a first guess.
SELECT
    s.submission_id, c.sheet, c.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'value', c.number, 'before', v.value) AS args
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.periods AS now ON now.period = s.period
JOIN core.indicator_values AS v
    ON v.period = now.previous_period AND v.unit_id = s.unit_id AND v.agency = s.agency AND v.form = s.form
    AND v.state = 'number' AND v.breakdown = ''
JOIN catalogue.indicators AS i ON i.indicator = v.indicator AND i.kind = 'stock'
JOIN catalogue.form_lines AS l
    ON l.form = s.form AND l.period = s.period AND l.indicator = v.indicator AND l.breakdown = v.breakdown
JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
WHERE c.state = 'number' AND ABS(c.number - v.value) > 20 AND 2 * ABS(c.number - v.value) > GREATEST(c.number, v.value)
