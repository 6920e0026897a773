-- Products still valid on the progress sheet (SP03, in all and by star) against what the registers received so far say,
-- where any register of the unit is known. A certificate is good for 36 months from its decision; of one product the
-- latest decision counts.
-- Source: QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg (36 months). A warning: older registers may be unknown here.
WITH asked AS (
    SELECT s.submission_id, s.unit_id, s.period_end
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
),

decisions AS (
    SELECT
        a.submission_id, a.period_end, LOWER(TRIM(e.producer_name)) AS producer, LOWER(TRIM(e.product_name)) AS product,
        e.star, e.decision_date
    FROM asked AS a
    JOIN core.recognitions AS e ON e.unit_id = a.unit_id
    UNION
    SELECT
        a.submission_id, a.period_end, LOWER(TRIM(g.producer_name)), LOWER(TRIM(g.product_name)), g.first_star_code,
        g.first_date
    FROM asked AS a
    JOIN staging.register_rows AS g ON g.submission_id = a.submission_id
    UNION
    SELECT
        a.submission_id, a.period_end, LOWER(TRIM(g.producer_name)), LOWER(TRIM(g.product_name)), g.second_star_code,
        g.second_date
    FROM asked AS a
    JOIN staging.register_rows AS g ON g.submission_id = a.submission_id
),

latest AS (
    SELECT
        d.submission_id, d.period_end, d.producer, d.product, MAX(d.decision_date) AS decided,
        ARG_MAX(d.star, d.decision_date) AS star
    FROM decisions AS d
    WHERE d.star IN ('3', '4', 'potential_5', '5') AND d.decision_date <= d.period_end
    GROUP BY d.submission_id, d.period_end, d.producer, d.product
),

valid AS (
    SELECT submission_id, star FROM latest WHERE CAST(decided + INTERVAL '36' MONTH AS DATE) > period_end
),

counts AS (
    SELECT submission_id, '' AS breakdown, COUNT(*) AS products_count FROM valid GROUP BY submission_id
    UNION ALL
    SELECT submission_id, CONCAT('star=', star), COUNT(*) FROM valid GROUP BY submission_id, star
),

-- A decision without a date is asked for (DECISION_DATE_MISSING); until then there is nothing to compare with.
known AS (
    SELECT DISTINCT l.submission_id
    FROM latest AS l
    WHERE NOT EXISTS (
        SELECT 1
        FROM decisions AS d
        WHERE d.submission_id = l.submission_id AND d.decision_date IS NULL AND d.star IN ('3', '4', 'potential_5', '5')
    )
)

SELECT
    v.submission_id, v.sheet, v.cell,
    JSON_OBJECT(
        'line', l.line_code, 'label', l.label_vi, 'grid', v.value, 'register', COALESCE(k.products_count, 0)
    ) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
JOIN known ON known.submission_id = v.submission_id
LEFT JOIN counts AS k ON k.submission_id = v.submission_id AND k.breakdown = v.breakdown
WHERE v.indicator = 'SP03' AND v.value <> COALESCE(k.products_count, 0)
