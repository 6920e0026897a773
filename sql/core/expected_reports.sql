-- One row per report that a month asks for: every unit of the form's tier in scope, and for department forms every
-- department in force. The expectation is dated like the units, so that a later reform never rewrites a past rate.
SELECT
    a.period, f.form, a.unit_id, '' AS agency, d.due_date
FROM core.unit_ancestors AS a
JOIN meta.run_periods AS r ON r.period = a.period
JOIN catalogue.periods AS p ON p.period = a.period
JOIN catalogue.forms AS f
    ON f.sender_tier = a.unit_tier AND NOT f.by_agency AND p.end_date BETWEEN f.valid_from AND f.valid_to
LEFT JOIN catalogue.deadlines AS d ON d.period = a.period AND d.sender = a.unit_tier
WHERE a.distance = 0
UNION ALL
SELECT
    a.period, f.form, a.unit_id, g.agency, d.due_date
FROM core.unit_ancestors AS a
JOIN meta.run_periods AS r ON r.period = a.period
JOIN catalogue.periods AS p ON p.period = a.period
JOIN catalogue.forms AS f
    ON f.sender_tier = a.unit_tier AND f.by_agency AND p.end_date BETWEEN f.valid_from AND f.valid_to
JOIN catalogue.agencies AS g ON g.tier = a.unit_tier AND p.end_date BETWEEN g.valid_from AND g.valid_to
LEFT JOIN catalogue.deadlines AS d ON d.period = a.period AND d.sender = 'agency'
WHERE a.distance = 0
