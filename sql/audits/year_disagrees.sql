-- Years of recognition that are not the year of the date beside them.
-- Source: the register's form (F3), where both stand; a warning, the date is used.
SELECT
    g.submission_id, g.sheet, c.cell, JSON_OBJECT('year', g.first_year, 'day', g.first_date) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = 'first_year'
WHERE g.first_year <> EXTRACT(YEAR FROM g.first_date)
UNION ALL
SELECT
    g.submission_id, g.sheet, c.cell, JSON_OBJECT('year', g.second_year, 'day', g.second_date) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = 'second_year'
WHERE g.second_year <> EXTRACT(YEAR FROM g.second_date)
