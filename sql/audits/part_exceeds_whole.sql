-- Parts greater than their whole: "trong đó" lines against their total, and the numerator of a share against its
-- denominator (officials informed against all officials, TT01 ≤ TT02).
-- Source: the indicator list (rule "of_which"; numerator and denominator of ratios of stocks).
WITH pairs AS (
    SELECT
        p.period, p.form, p.submission_id, p.sheet, p.cell, p.part, p.line_code, p.field, p.value,
        w.line_code AS whole_line, w.field AS whole_field, w.value AS whole
    FROM staging.form_values AS p
    JOIN staging.form_values AS w
        ON w.submission_id = p.submission_id AND w.part = p.part AND w.line_code = p.total_line_code
        AND w.field = p.field
    WHERE p.part_rule = 'of_which' AND p.value > w.value
    UNION ALL
    SELECT
        n.period, n.form, n.submission_id, n.sheet, n.cell, n.part, n.line_code, n.field, n.value,
        d.line_code, d.field, d.value
    FROM catalogue.indicators AS i
    JOIN catalogue.indicators AS numerator ON numerator.indicator = i.numerator AND numerator.kind = 'stock'
    JOIN staging.form_values AS n ON n.indicator = i.numerator AND n.breakdown = ''
    JOIN staging.form_values AS d
        ON d.submission_id = n.submission_id AND d.indicator = i.denominator AND d.breakdown = ''
    WHERE i.kind = 'ratio' AND n.value > d.value
)

SELECT
    p.submission_id, p.sheet, p.cell,
    JSON_OBJECT(
        'line', p.line_code, 'label', l.label_vi, 'part', p.value, 'whole', p.whole, 'whole_line', p.whole_line,
        'whole_label', m.label_vi
    ) AS args
FROM pairs AS p
JOIN meta.run_periods AS r ON r.period = p.period
JOIN catalogue.form_lines AS l
    ON l.form = p.form AND l.period = p.period AND l.part = p.part AND l.line_code = p.line_code
    AND l.field = p.field
JOIN catalogue.form_lines AS m
    ON m.form = p.form AND m.period = p.period AND m.part = p.part AND m.line_code = p.whole_line
    AND m.field = p.whole_field
