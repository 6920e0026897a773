-- One row per month, unit, indicator and breakdown: what a report prints. In month, quarter to date, year to date,
-- and the same spans a year before on the units as they were then; a span of last year is shown only if the unit
-- existed in as many of its months as this year's span has (units changed on 01/07/2025). Coverage beside each.
WITH wide AS (
    SELECT
        t.period, t.unit_id, t.indicator, t.breakdown,
        MAX(CASE WHEN t.span = 'month' THEN t.value END) AS month_value,
        MAX(CASE WHEN t.span = 'quarter_to_date' THEN t.value END) AS quarter_to_date_value,
        MAX(CASE WHEN t.span = 'year_to_date' THEN t.value END) AS year_to_date_value,
        MAX(CASE WHEN t.span = 'month' THEN t.numerator END) AS numerator,
        MAX(CASE WHEN t.span = 'month' THEN t.denominator END) AS denominator,
        MAX(CASE WHEN t.span = 'month' THEN t.expected_count END) AS expected_count,
        MAX(CASE WHEN t.span = 'month' THEN t.reported_count END) AS reported_count,
        MAX(CASE WHEN t.span = 'month' THEN t.nothing_count END) AS nothing_count,
        MAX(CASE WHEN t.span = 'month' THEN t.blank_count END) AS blank_count,
        MAX(CASE WHEN t.span = 'month' THEN t.not_collected_count END) AS not_collected_count,
        MAX(CASE WHEN t.span = 'year_to_date' THEN t.expected_count END) AS year_to_date_expected_count,
        MAX(CASE WHEN t.span = 'year_to_date' THEN t.reported_count END) AS year_to_date_reported_count,
        MAX(CASE WHEN t.span = 'year_to_date' THEN t.months_count END) AS year_to_date_months_count
    FROM core.rollups AS t
    JOIN catalogue.periods AS p ON p.period = t.period
    JOIN meta.run_periods AS r ON r.period = t.period
    GROUP BY t.period, t.unit_id, t.indicator, t.breakdown
),

-- The year before, its sectors as what they are in the list of this month (catalogue.sector_changes).
earlier AS (
    SELECT
        p.period, t.span, t.unit_id, t.indicator, COALESCE(c.as_breakdown, t.breakdown) AS breakdown,
        CAST(SUM(t.value) AS DECIMAL(28, 4)) AS value, MAX(t.expected_count) AS expected_count,
        MIN(t.reported_count) AS reported_count, MAX(t.months_count) AS months_count
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN core.rollups AS t ON t.period = p.same_last_year AND t.span IN ('month', 'year_to_date')
    LEFT JOIN catalogue.periods AS counted_in ON counted_in.period = p.same_last_year
    LEFT JOIN catalogue.sector_changes AS c
        ON c.breakdown = t.breakdown AND counted_in.end_date BETWEEN c.valid_from AND c.valid_to
        AND p.end_date BETWEEN c.asked_from AND c.asked_to
    GROUP BY p.period, t.span, t.unit_id, t.indicator, COALESCE(c.as_breakdown, t.breakdown)
)

SELECT
    w.period, w.unit_id, w.indicator, w.breakdown,
    w.month_value, w.quarter_to_date_value, w.year_to_date_value,
    last_month.value AS same_month_last_year_value,
    CASE WHEN last_year.months_count = w.year_to_date_months_count THEN last_year.value END
        AS year_to_date_last_year_value,
    w.numerator, w.denominator,
    w.expected_count, w.reported_count, w.nothing_count, w.blank_count, w.not_collected_count,
    w.year_to_date_expected_count, w.year_to_date_reported_count,
    last_month.expected_count AS same_month_last_year_expected_count,
    last_month.reported_count AS same_month_last_year_reported_count
FROM wide AS w
LEFT JOIN earlier AS last_month
    ON last_month.period = w.period AND last_month.span = 'month' AND last_month.unit_id = w.unit_id
    AND last_month.indicator = w.indicator AND last_month.breakdown = w.breakdown
LEFT JOIN earlier AS last_year
    ON last_year.period = w.period AND last_year.span = 'year_to_date' AND last_year.unit_id = w.unit_id
    AND last_year.indicator = w.indicator AND last_year.breakdown = w.breakdown
