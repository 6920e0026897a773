-- Revocations of the period on the progress sheet (SP05) against the certificates of the unit's products that decisions
-- handed over have revoked within the period's window.
-- Source: indicators.csv, SP05: counted from the register by date of decision; the grid is a cross-check. The register of
-- a report has no column for revocations, so what is missing is the decision.
WITH revoked AS (
    SELECT DISTINCT s.submission_id, e.product_id
    FROM staging.submissions AS s
    JOIN core.recognitions AS e ON e.unit_id = s.unit_id
    JOIN core.certificates AS c
        ON c.product_id = e.product_id AND c.decision_date = e.decision_date AND c.ending_kind = 'revocation'
        AND c.ended_on BETWEEN s.period_start AND s.period_end
),

counts AS (
    SELECT submission_id, COUNT(*) AS revoked_count FROM revoked GROUP BY submission_id
)

SELECT
    v.submission_id, v.sheet, v.cell,
    JSON_OBJECT(
        'line', l.line_code, 'label', l.label_vi, 'grid', v.value, 'register', COALESCE(k.revoked_count, 0),
        'start', s.period_start, 'end', s.period_end
    ) AS args
FROM staging.form_values AS v
JOIN meta.run_periods AS r ON r.period = v.period
JOIN staging.submissions AS s ON s.submission_id = v.submission_id
JOIN catalogue.form_lines AS l
    ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code AND l.field = v.field
LEFT JOIN counts AS k ON k.submission_id = v.submission_id
WHERE v.indicator = 'SP05' AND v.breakdown = '' AND v.value <> COALESCE(k.revoked_count, 0)
