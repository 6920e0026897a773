-- One row per month, unit, indicator and breakdown: what a report prints. In month, quarter to date, year to date,
-- and the same spans a year before, all on the map of units of the month: what was reported on another map is restated,
-- with the part of it that is estimated. A year to date of last year is shown only where as many of its months are known
-- as of this year's. Coverage beside each, and of every total the growth of the same reporters (core.like_for_like).
-- Each span says what there is to say of it (`*_state`); of a month of last year that was run but that no form asked for
-- the figure, that it was not collected. Where nothing is known of then there is no state either.
WITH wide AS (
    SELECT
        t.period, t.unit_id, t.indicator, t.breakdown,
        MAX(CASE WHEN t.span = 'month' THEN t.value END) AS month_value,
        MAX(CASE WHEN t.span = 'month' THEN t.estimated_value END) AS month_estimated_value,
        MAX(CASE WHEN t.span = 'quarter_to_date' THEN t.value END) AS quarter_to_date_value,
        MAX(CASE WHEN t.span = 'quarter_to_date' THEN t.estimated_value END) AS quarter_to_date_estimated_value,
        MAX(CASE WHEN t.span = 'year_to_date' THEN t.value END) AS year_to_date_value,
        MAX(CASE WHEN t.span = 'year_to_date' THEN t.estimated_value END) AS year_to_date_estimated_value,
        MAX(CASE WHEN t.span = 'month' THEN t.figure_state END) AS month_state,
        MAX(CASE WHEN t.span = 'quarter_to_date' THEN t.figure_state END) AS quarter_to_date_state,
        MAX(CASE WHEN t.span = 'year_to_date' THEN t.figure_state END) AS year_to_date_state,
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
    JOIN meta.run_periods AS r ON r.period = t.period
    WHERE t.span IN ('month', 'quarter_to_date', 'year_to_date')
    GROUP BY t.period, t.unit_id, t.indicator, t.breakdown
),

-- Of which spans of last year anything was asked of a unit.
known AS (
    SELECT t.period, t.unit_id, t.span, MAX(t.months_count) AS months_count
    FROM core.rollups AS t
    JOIN meta.run_periods AS r ON r.period = t.period
    WHERE t.span IN ('month_last_year', 'year_to_date_last_year')
    GROUP BY t.period, t.unit_id, t.span
)

SELECT
    w.period, w.unit_id, w.indicator, w.breakdown,
    w.month_value, w.quarter_to_date_value, w.year_to_date_value,
    last_month.value AS same_month_last_year_value,
    CASE WHEN last_year.months_count = w.year_to_date_months_count THEN last_year.value END
        AS year_to_date_last_year_value,
    w.month_estimated_value, w.quarter_to_date_estimated_value, w.year_to_date_estimated_value, last_month.estimated_value AS same_month_last_year_estimated_value,
    last_year.estimated_value AS year_to_date_last_year_estimated_value,
    w.month_state, w.quarter_to_date_state, w.year_to_date_state,
    COALESCE(last_month.figure_state, CASE WHEN month_known.unit_id IS NOT NULL THEN 'not_collected' END)
        AS same_month_last_year_state,
    CASE
        WHEN last_year.months_count = w.year_to_date_months_count THEN last_year.figure_state
        WHEN last_year.unit_id IS NULL AND year_known.months_count >= w.year_to_date_months_count THEN 'not_collected'
    END AS year_to_date_last_year_state,
    w.numerator, w.denominator,
    w.expected_count, w.reported_count, w.nothing_count, w.blank_count, w.not_collected_count,
    w.year_to_date_expected_count, w.year_to_date_reported_count,
    last_month.expected_count AS same_month_last_year_expected_count,
    last_month.reported_count AS same_month_last_year_reported_count,
    last_year.expected_count AS year_to_date_last_year_expected_count,
    last_year.reported_count AS year_to_date_last_year_reported_count,
    like_month.value AS like_for_like_month_value, like_month.last_year_value AS like_for_like_month_last_year_value,
    like_month.reporters_count AS like_for_like_month_reporters_count,
    like_year.value AS like_for_like_year_to_date_value,
    like_year.last_year_value AS like_for_like_year_to_date_last_year_value,
    like_year.reporters_count AS like_for_like_year_to_date_reporters_count
FROM wide AS w
LEFT JOIN core.rollups AS last_month
    ON last_month.period = w.period AND last_month.span = 'month_last_year' AND last_month.unit_id = w.unit_id
    AND last_month.indicator = w.indicator AND last_month.breakdown = w.breakdown
LEFT JOIN core.rollups AS last_year
    ON last_year.period = w.period AND last_year.span = 'year_to_date_last_year' AND last_year.unit_id = w.unit_id
    AND last_year.indicator = w.indicator AND last_year.breakdown = w.breakdown
LEFT JOIN known AS month_known
    ON month_known.period = w.period AND month_known.unit_id = w.unit_id AND month_known.span = 'month_last_year'
LEFT JOIN known AS year_known
    ON year_known.period = w.period AND year_known.unit_id = w.unit_id AND year_known.span = 'year_to_date_last_year'
LEFT JOIN core.like_for_like AS like_month
    ON like_month.period = w.period AND like_month.span = 'month' AND like_month.unit_id = w.unit_id
    AND like_month.indicator = w.indicator AND w.breakdown = ''
LEFT JOIN core.like_for_like AS like_year
    ON like_year.period = w.period AND like_year.span = 'year_to_date' AND like_year.unit_id = w.unit_id
    AND like_year.indicator = w.indicator AND w.breakdown = ''
