-- Stocks more than half away from last month's and by more than 20: rarely true, often a slip of the keyboard.
-- Source: ours; a warning, the threshold is a first guess.
-- Needs: the month before.
SELECT
    v.submission_id, v.sheet, v.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'value', v.value, 'before', e.value) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
JOIN catalogue.periods AS now ON now.period = v.period
JOIN catalogue.indicators AS i ON i.indicator = v.indicator AND i.kind = 'stock'
JOIN core.indicator_values AS e
    ON e.period = now.previous_period AND e.unit_id = v.unit_id AND e.agency = v.agency AND e.form = v.form
    AND e.indicator = v.indicator AND e.breakdown = v.breakdown AND e.state = 'number'
WHERE
    v.breakdown = '' AND v.state = 'number' AND ABS(v.value - e.value) > 20
    AND 2 * ABS(v.value - e.value) > GREATEST(v.value, e.value)
