-- Reports whose every figure on the progress sheet is that of the month before, with at least ten above nought.
-- Source: ours; a month in which nothing at all changed is rare, a file sent again under a new date is not. A warning.
-- Needs: the month before.
WITH compared AS (
    SELECT
        v.submission_id, MIN(v.sheet) AS sheet, COUNT(*) AS figures, COUNT(CASE WHEN v.value <> 0 THEN 1 END) AS filled,
        COUNT(CASE WHEN e.value = v.value THEN 1 END) AS equal
    FROM staging.form_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    JOIN catalogue.periods AS now ON now.period = v.period
    JOIN catalogue.indicators AS i ON i.indicator = v.indicator AND i.source = 'form'
    LEFT JOIN core.indicator_values AS e
        ON e.period = now.previous_period AND e.unit_id = v.unit_id AND e.agency = v.agency AND e.form = v.form
        AND e.indicator = v.indicator AND e.breakdown = v.breakdown AND e.state = 'number'
    WHERE v.part = 'grid' AND v.state = 'number'
    GROUP BY v.submission_id
)

SELECT submission_id, sheet, '' AS cell, JSON_OBJECT('count', figures) AS args
FROM compared
WHERE equal = figures AND filled >= 10
