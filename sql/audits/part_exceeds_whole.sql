-- Parts greater than their whole: "trong đó" lines against their total, and the numerator of a share against its
-- denominator (officials informed against all officials, TT01 ≤ TT02).
-- Source: the indicator list (rule "of_which"; numerator and denominator of ratios of stocks).
WITH asked AS (
    SELECT
        s.submission_id, l.part, l.line_code, l.total_line_code, l.field, l.part_rule, l.label_vi, l.breakdown,
        l.indicator, c.sheet, c.cell,
        CASE c.state WHEN 'number' THEN c.number WHEN 'nothing' THEN CAST(0 AS DECIMAL(20, 4)) END AS value
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period
    JOIN staging.cells AS c
        ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
    WHERE c.state IN ('number', 'nothing')
),

pairs AS (
    SELECT
        p.submission_id, p.sheet, p.cell, p.line_code, p.label_vi, p.value, w.line_code AS whole_line,
        w.label_vi AS whole_label, w.value AS whole
    FROM asked AS p
    JOIN asked AS w
        ON w.submission_id = p.submission_id AND w.part = p.part AND w.line_code = p.total_line_code
        AND w.field = p.field
    WHERE p.part_rule = 'of_which'
    UNION ALL
    SELECT
        n.submission_id, n.sheet, n.cell, n.line_code, n.label_vi, n.value, d.line_code, d.label_vi, d.value
    FROM catalogue.indicators AS i
    JOIN catalogue.indicators AS numerator ON numerator.indicator = i.numerator AND numerator.kind = 'stock'
    JOIN asked AS n ON n.indicator = i.numerator AND n.breakdown = ''
    JOIN asked AS d ON d.submission_id = n.submission_id AND d.indicator = i.denominator AND d.breakdown = ''
    WHERE i.kind = 'ratio'
)

SELECT
    submission_id, sheet, cell,
    JSON_OBJECT(
        'line', line_code, 'label', label_vi, 'part', value, 'whole', whole, 'whole_line', whole_line,
        'whole_label', whole_label
    ) AS args
FROM pairs
WHERE value > whole
