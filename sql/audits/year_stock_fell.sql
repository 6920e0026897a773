-- Amounts cumulated since the year began that are less than in an earlier month of the same reporting year.
-- Source: the indicator list (kind year_stock); the latest month known is compared, months not reported are no nought.
WITH before AS (
    SELECT
        s.submission_id, v.indicator, v.breakdown, ARG_MAX(v.value, v.period) AS value, MAX(v.period) AS period
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN catalogue.periods AS now ON now.period = s.period
    JOIN catalogue.periods AS earlier ON earlier.year = now.year AND earlier.period < now.period
    JOIN core.indicator_values AS v
        ON v.period = earlier.period AND v.unit_id = s.unit_id AND v.agency = s.agency AND v.form = s.form
    JOIN catalogue.indicators AS i ON i.indicator = v.indicator AND i.kind = 'year_stock'
    WHERE v.state IN ('number', 'nothing')
    GROUP BY s.submission_id, v.indicator, v.breakdown
)

SELECT
    c.submission_id, c.sheet, c.cell,
    JSON_OBJECT(
        'line', l.line_code, 'label', l.label_vi, 'value', c.number, 'before', b.value, 'before_period', b.period
    ) AS args
FROM before AS b
JOIN staging.submissions AS s ON s.submission_id = b.submission_id
JOIN catalogue.form_lines AS l
    ON l.form = s.form AND l.period = s.period AND l.indicator = b.indicator AND l.breakdown = b.breakdown
JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
WHERE c.state = 'number' AND c.number < b.value
