-- Cells that hold a spreadsheet error (#REF!, #DIV/0!, …): their value is unknown, not zero.
-- Source: QĐ 41/2019/QĐ-UBND Quảng Trị and its like: figures must be consistent in concept and method.
SELECT c.submission_id, c.sheet, c.cell, JSON_OBJECT('text', c.text) AS args
FROM staging.cells AS c
JOIN meta.run_periods AS r ON r.period = c.period
WHERE c.state = 'error'
