-- One row per cell of a report that counts: what stood where, typed, blank cells of asked lines included.
SELECT
    c.submission_id, c.period, c.part, c.line_key, c.field, c.sheet, c.cell, c.row_no, c.state, c.number,
    c.text, c.day
FROM raw.cells AS c
JOIN staging.submissions AS s ON s.submission_id = c.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
