-- Cells of the register that ask for a day and hold words.
-- Source: the register's form (F3): dates come as dates, serial numbers or dd/mm/yyyy; anything else is no date.
SELECT c.submission_id, c.sheet, c.cell, JSON_OBJECT('text', c.text) AS args
FROM staging.cells AS c
JOIN meta.run_periods AS r ON r.period = c.period
WHERE c.part = 'register' AND c.field IN ('first_date', 'second_date', 'expiry_date', 'extended_to') AND c.state = 'text'
