-- One row per value that an accepted report was asked for, at the unit that reported it. Silence is not zero:
-- `blank` (asked, left empty, or its line taken out of the file), `nothing` (không phát sinh, counts as 0) and
-- `not_collected` (the layout the file was made of has no place for it) stay apart. What is counted from the register is not here, whatever the grid says of it
-- (core.register_flows, core.register_counts).
SELECT
    s.period, s.unit_id, s.agency, s.form, l.indicator, l.breakdown,
    CAST(
        CASE
            WHEN c.state = 'number' THEN c.number
            WHEN c.state = 'yes' THEN 1
            WHEN c.state IN ('no', 'nothing') THEN 0
        END AS DECIMAL(28, 4)
    ) AS value,
    CASE
        WHEN c.state IS NULL AND g.layout IS NOT NULL THEN 'not_collected'
        WHEN c.state IN ('number', 'yes', 'no') THEN 'number'
        WHEN c.state = 'nothing' THEN 'nothing'
        ELSE 'blank'
    END AS state,
    s.submission_id, c.sheet, c.cell
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period
JOIN catalogue.indicators AS i ON i.indicator = l.indicator
LEFT JOIN staging.cells AS c
    ON c.submission_id = s.submission_id AND c.part = l.part AND c.line_key = l.line_code AND c.field = l.field
LEFT JOIN catalogue.layout_gaps AS g
    ON g.layout = s.layout AND g.part = l.part AND g.line_code = l.line_code AND g.field = l.field
WHERE i.source = 'form'
