-- Cells with a formula whose result was never stored: they read as empty, and silence is not zero.
-- Source: the file format; programs that write workbooks without calculating leave such cells.
SELECT c.submission_id, c.sheet, c.cell, JSON_OBJECT() AS args
FROM staging.cells AS c
JOIN meta.run_periods AS r ON r.period = c.period
WHERE c.state = 'uncomputed'
