-- Counts with a fraction: people, meetings and products are whole; only money has decimals.
-- Source: the indicator list (column decimals). Kept to four decimals, so the noise of a formula does not count.
SELECT
    v.submission_id, v.sheet, v.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'value', v.value, 'unit', l.unit_vi) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
WHERE v.whole_number AND v.value <> ROUND(v.value, 0)
