-- Amounts cumulated since the year began that are less than in an earlier month of the same reporting year.
-- Source: the indicator list (kind year_stock); the latest month known is compared, months not reported are no nought.
-- Needs: an earlier month of the year.
WITH now AS (
    SELECT v.period, v.submission_id, v.form, v.unit_id, v.agency, v.part, v.line_code, v.field, v.indicator,
        v.breakdown, v.sheet, v.cell, v.value, p.year
    FROM staging.form_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    JOIN catalogue.periods AS p ON p.period = v.period
    JOIN catalogue.indicators AS i ON i.indicator = v.indicator AND i.kind = 'year_stock'
    WHERE v.state = 'number'
),

before AS (
    SELECT
        now.submission_id, now.line_code, now.field, ARG_MAX(e.value, e.period) AS value, MAX(e.period) AS period
    FROM now
    JOIN core.indicator_values AS e
        ON e.unit_id = now.unit_id AND e.agency = now.agency AND e.form = now.form AND e.indicator = now.indicator
        AND e.breakdown = now.breakdown AND e.state IN ('number', 'nothing') AND e.period < now.period
    JOIN catalogue.periods AS earlier ON earlier.period = e.period AND earlier.year = now.year
    GROUP BY now.submission_id, now.line_code, now.field
)

SELECT
    n.submission_id, n.sheet, n.cell,
    JSON_OBJECT(
        'line', l.line_code, 'label', l.label_vi, 'value', n.value, 'before', b.value, 'before_period', b.period
    ) AS args
FROM now AS n
JOIN before AS b ON b.submission_id = n.submission_id AND b.line_code = n.line_code AND b.field = n.field
JOIN catalogue.form_lines AS l
    ON l.form = n.form AND l.period = n.period AND l.part = n.part AND l.line_code = n.line_code
    AND l.field = n.field
WHERE n.value < b.value
