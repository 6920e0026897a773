-- Totals left blank above parts that are given: the total would be missing from every sum.
-- Source: the form; a breakdown splits a total that is itself reported.
WITH asked AS (
    SELECT
        s.submission_id, l.part, l.line_code, l.total_line_code, l.field, l.dimension, l.part_rule, l.label_vi,
        l.breakdown, l.whole_number, c.sheet, c.cell, c.state,
        CASE c.state WHEN 'number' THEN c.number WHEN 'nothing' THEN CAST(0 AS DECIMAL(20, 4)) END AS value
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period
    JOIN staging.cells AS c
        ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
),

parts AS (
    SELECT
        submission_id, part, total_line_code, field, dimension, SUM(value) AS value,
        COUNT(CASE WHEN state = 'number' THEN 1 END) AS filled
    FROM asked
    WHERE part_rule = 'parts'
    GROUP BY submission_id, part, total_line_code, field, dimension
)

SELECT
    t.submission_id, t.sheet, t.cell,
    JSON_OBJECT('line', t.line_code, 'label', t.label_vi, 'sum', p.value) AS args
FROM asked AS t
JOIN parts AS p
    ON p.submission_id = t.submission_id AND p.part = t.part AND p.total_line_code = t.line_code AND p.field = t.field
WHERE t.breakdown = '' AND t.state = 'blank' AND p.value <> 0
