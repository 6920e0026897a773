-- Recognitions of the period on the progress sheet (SP01, in all and by star) against the decisions in the register
-- that are dated within the period's window.
-- Source: indicators.csv, SP01: counted from the register by date of decision; the grid is a cross-check. Where a
-- decision in the register has no date, the date is asked for (DECISION_DATE_MISSING) and nothing is compared.
WITH decisions AS (
    SELECT g.submission_id, g.first_star_code AS star, g.first_date AS decided
    FROM staging.register_rows AS g
    UNION ALL
    SELECT g.submission_id, g.second_star_code, g.second_date
    FROM staging.register_rows AS g
),

counted AS (
    SELECT s.submission_id, d.star
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN decisions AS d ON d.submission_id = s.submission_id AND d.decided BETWEEN s.period_start AND s.period_end
    WHERE d.star IS NULL OR d.star <> 'none'
),

undated AS (
    SELECT DISTINCT submission_id FROM decisions WHERE decided IS NULL AND star IS NOT NULL AND star <> 'none'
),

counts AS (
    SELECT submission_id, '' AS breakdown, COUNT(*) AS decisions_count FROM counted GROUP BY submission_id
    UNION ALL
    SELECT submission_id, CONCAT('star=', star), COUNT(*)
    FROM counted
    WHERE star IS NOT NULL
    GROUP BY submission_id, star
)

SELECT
    v.submission_id, v.sheet, v.cell,
    JSON_OBJECT(
        'line', l.line_code, 'label', l.label_vi, 'grid', v.value, 'register', COALESCE(k.decisions_count, 0)
    ) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
LEFT JOIN counts AS k ON k.submission_id = v.submission_id AND k.breakdown = v.breakdown
LEFT JOIN undated AS n ON n.submission_id = v.submission_id
WHERE v.indicator = 'SP01' AND n.submission_id IS NULL AND v.value <> COALESCE(k.decisions_count, 0)
