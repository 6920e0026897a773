-- Expiry dates that are not the end of the latest recognition's term, with or without one extension, give or take a day
-- (some count the last day in). The register has no column for extensions, so an extended term is let pass.
-- Source: QĐ 1048/QĐ-TTg, QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg: 36 months in each (certificates.csv, by day of decision); an
-- extension is 180 days in the last. A warning: reports compute the expiry themselves.
WITH dated AS (
    SELECT
        g.submission_id, g.sheet, g.line_key, g.expiry_date,
        GREATEST(COALESCE(g.first_date, g.second_date), COALESCE(g.second_date, g.first_date)) AS decided
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    WHERE
        g.expiry_date > LEAST(COALESCE(g.first_date, g.second_date), COALESCE(g.second_date, g.first_date))
        AND (g.second_date IS NOT NULL OR g.second_star IS NULL)
),

terms AS (
    SELECT
        g.submission_id, g.sheet, g.line_key, g.expiry_date, g.decided, t.months,
        CAST(g.decided + t.months * INTERVAL '1' MONTH AS DATE) AS term_end
    FROM dated AS g
    JOIN catalogue.certificate_regimes AS t ON g.decided BETWEEN t.valid_from AND t.valid_to
)

SELECT
    g.submission_id, g.sheet, c.cell, JSON_OBJECT('expiry', g.expiry_date, 'day', g.decided, 'months', g.months) AS args
FROM terms AS g
JOIN catalogue.certificate_regimes AS x ON g.term_end BETWEEN x.valid_from AND x.valid_to
JOIN staging.cells AS c
    ON c.submission_id = g.submission_id AND c.part = 'register' AND c.line_key = g.line_key AND c.sheet = g.sheet
    AND c.field = 'expiry_date'
WHERE
    ABS(DATE_DIFF('day', g.term_end, g.expiry_date)) > 1
    AND ABS(DATE_DIFF('day', g.term_end, g.expiry_date) - COALESCE(x.extension_days, 0)) > 1
