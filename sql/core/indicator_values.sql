-- One row per value that an accepted report was asked for, at the unit that reported it. Silence is not zero:
-- `blank` (asked, left empty), `nothing` (không phát sinh, counts as 0) and `not_collected` (the layout in use does
-- not have the line) stay apart. Register-based flows are counted from the register, not read from the grid.
WITH asked AS (
    SELECT
        s.period, s.unit_id, s.agency, s.form, l.indicator, l.breakdown, l.part, l.line_code, l.field, s.submission_id
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN catalogue.form_lines AS l ON l.form = s.form AND l.period = s.period
    JOIN catalogue.indicators AS i ON i.indicator = l.indicator
    WHERE i.source = 'form'
),

from_forms AS (
    SELECT
        asked.period, asked.unit_id, asked.agency, asked.form, asked.indicator, asked.breakdown,
        CASE
            WHEN c.state = 'number' THEN c.number
            WHEN c.state = 'yes' THEN CAST(1 AS DECIMAL(28, 4))
            WHEN c.state IN ('no', 'nothing') THEN CAST(0 AS DECIMAL(28, 4))
        END AS value,
        CASE
            WHEN c.state IS NULL THEN 'not_collected'
            WHEN c.state IN ('number', 'yes', 'no') THEN 'number'
            WHEN c.state = 'nothing' THEN 'nothing'
            ELSE 'blank'
        END AS state,
        asked.submission_id, c.sheet, c.cell
    FROM asked
    LEFT JOIN staging.cells AS c
        ON c.submission_id = asked.submission_id AND c.part = asked.part AND c.line_key = asked.line_code
        AND c.field = asked.field
),

register_flows AS (
    SELECT e.period, e.unit_id, e.indicator, e.breakdown, e.events_count
    FROM core.register_flows AS e
    JOIN meta.run_periods AS r ON r.period = e.period
),

from_register AS (
    SELECT
        s.period, s.unit_id, s.agency, s.form, l.indicator, l.breakdown,
        CAST(COALESCE(e.events_count, 0) AS DECIMAL(28, 4)) AS value,
        'number' AS state,
        s.submission_id,
        CAST(NULL AS VARCHAR) AS sheet, CAST(NULL AS VARCHAR) AS cell
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN catalogue.register_lines AS l ON l.period = s.period AND l.form = s.form
    LEFT JOIN register_flows AS e
        ON e.period = s.period AND e.unit_id = s.unit_id AND e.indicator = l.indicator AND e.breakdown = l.breakdown
),

known AS (
    SELECT e.period, e.unit_id, l.form, e.indicator, e.breakdown, CAST(e.events_count AS DECIMAL(28, 4)) AS value
    FROM register_flows AS e
    JOIN catalogue.register_lines AS l
        ON l.period = e.period AND l.indicator = e.indicator AND l.breakdown = e.breakdown
    LEFT JOIN from_register AS told
        ON told.period = e.period AND told.unit_id = e.unit_id AND told.indicator = e.indicator
        AND told.breakdown = e.breakdown
    WHERE told.unit_id IS NULL
)

SELECT
    from_forms.period, from_forms.unit_id, from_forms.agency, from_forms.form, from_forms.indicator,
    from_forms.breakdown, CAST(from_forms.value AS DECIMAL(28, 4)) AS value, from_forms.state,
    from_forms.submission_id, from_forms.sheet, from_forms.cell
FROM from_forms
UNION ALL
SELECT
    from_register.period, from_register.unit_id, from_register.agency, from_register.form, from_register.indicator,
    from_register.breakdown, from_register.value, from_register.state,
    from_register.submission_id, from_register.sheet, from_register.cell
FROM from_register
UNION ALL
SELECT
    known.period, known.unit_id, '', MIN(known.form), known.indicator, known.breakdown, MIN(known.value), 'known',
    CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR)
FROM known
GROUP BY known.period, known.unit_id, known.indicator, known.breakdown
