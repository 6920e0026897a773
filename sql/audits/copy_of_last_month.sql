-- Reports whose every figure on the progress sheet is that of the month before, with at least ten above nought.
-- Source: ours; a month in which nothing at all changed is rare, a file sent again under a new date is not. A warning.
WITH compared AS (
    SELECT
        s.submission_id, COUNT(*) AS figures, COUNT(CASE WHEN c.number <> 0 THEN 1 END) AS filled,
        COUNT(CASE WHEN v.state = 'number' AND v.value = c.number THEN 1 END) AS equal, MIN(c.sheet) AS sheet
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN catalogue.periods AS now ON now.period = s.period
    JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period AND l.part = 'grid'
    JOIN catalogue.indicators AS i ON i.indicator = l.indicator AND i.source = 'form'
    JOIN staging.cells AS c
        ON c.submission_id = s.submission_id AND c.part = 'grid' AND c.line_key = l.line_code AND c.field = l.field
        AND c.state = 'number'
    LEFT JOIN core.indicator_values AS v
        ON v.period = now.previous_period AND v.unit_id = s.unit_id AND v.agency = s.agency AND v.form = s.form
        AND v.indicator = l.indicator AND v.breakdown = l.breakdown
    GROUP BY s.submission_id
)

SELECT submission_id, sheet, '' AS cell, JSON_OBJECT('count', figures) AS args
FROM compared
WHERE equal = figures AND filled >= 10
