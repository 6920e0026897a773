-- Lines of imported lists that name no product: they are left out of every table, and told with file, sheet and cell.
-- Source: the register's form (F3); intake leaves such lines out itself (LINE_LEFT_OUT), an earlier version did not.
SELECT s.file_name, c.sheet, MIN(c.cell) AS cell, c.submission_id, c.line_key
FROM staging.cells AS c
JOIN meta.run_periods AS r ON r.period = c.period
JOIN raw.imports AS i ON i.submission_id = c.submission_id
JOIN staging.submissions AS s ON s.submission_id = c.submission_id
WHERE c.part = 'register'
GROUP BY s.file_name, c.sheet, c.submission_id, c.line_key
HAVING COUNT(CASE WHEN c.field = 'product_name' AND c.state IN ('text', 'number') AND c.text IS NOT NULL THEN 1 END) = 0
