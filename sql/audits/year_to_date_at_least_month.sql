-- Flows whose longer span is less than a shorter one that it contains.
WITH wide AS (
    SELECT
        t.period, t.unit_id, t.indicator, t.breakdown,
        MAX(CASE WHEN t.span = 'month' THEN t.value END) AS month_value,
        MAX(CASE WHEN t.span = 'quarter_to_date' THEN t.value END) AS quarter_value,
        MAX(CASE WHEN t.span = 'year_to_date' THEN t.value END) AS year_value
    FROM core.rollups AS t
    JOIN meta.run_periods AS r ON r.period = t.period
    JOIN catalogue.indicators AS i ON i.indicator = t.indicator AND i.kind = 'flow'
    GROUP BY t.period, t.unit_id, t.indicator, t.breakdown
)

SELECT period, unit_id, indicator, breakdown FROM wide
WHERE COALESCE(month_value, 0) > COALESCE(quarter_value, 0) OR COALESCE(quarter_value, 0) > COALESCE(year_value, 0)
