-- Totals left blank above parts that are given: the total would be missing from every sum.
-- Source: the form; a breakdown splits a total that is itself reported.
WITH parts AS (
    SELECT
        v.submission_id, v.part, v.total_line_code, v.field, v.dimension, SUM(v.value) AS value,
        COUNT(CASE WHEN v.state = 'number' THEN 1 END) AS filled,
        COUNT(CASE WHEN v.state <> 'blank' THEN 1 END) AS answered
    FROM staging.form_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    WHERE v.part_rule = 'parts'
    GROUP BY v.submission_id, v.part, v.total_line_code, v.field, v.dimension
)

SELECT
    t.submission_id, t.sheet, t.cell,
    JSON_OBJECT('line', l.line_code, 'label', l.label_vi, 'sum', p.value) AS args
FROM staging.form_values AS t
JOIN parts AS p
    ON p.submission_id = t.submission_id AND p.part = t.part AND p.total_line_code = t.line_code AND p.field = t.field
JOIN catalogue.form_lines AS l
    ON l.form = t.form AND l.period = t.period AND l.part = t.part AND l.line_code = t.line_code
    AND l.field = t.field
WHERE t.breakdown = '' AND t.state = 'blank' AND p.value <> 0
