-- A flow of the same reporters that is more than the figure of all reporters, in this year or in the year before.
SELECT s.period, s.unit_id, s.indicator, s.breakdown
FROM marts.indicator_summary AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.indicators AS i ON i.indicator = s.indicator AND i.kind = 'flow'
WHERE
    s.like_for_like_month_value > s.month_value
    OR s.like_for_like_month_last_year_value > s.same_month_last_year_value
    OR s.like_for_like_year_to_date_value > s.year_to_date_value
    OR s.like_for_like_year_to_date_last_year_value > s.year_to_date_last_year_value
