-- Totals whose breakdown was given by every reporter of the total but does not add up to it (lines that must be
-- parts of the total, see catalogue.breakdowns; "trong đó" lines may overlap and are not compared).
WITH parts AS (
    SELECT t.period, t.unit_id, t.indicator, b.dimension, SUM(t.value) AS value, MIN(t.reported_count) AS fewest
    FROM core.monthly_totals AS t
    JOIN meta.run_periods AS r ON r.period = t.period
    JOIN catalogue.breakdowns AS b
        ON b.indicator = t.indicator AND b.part_rule = 'parts'
        AND b.dimension = SUBSTR(t.breakdown, 1, LENGTH(b.dimension)) AND t.breakdown LIKE CONCAT(b.dimension, '=%')
    GROUP BY t.period, t.unit_id, t.indicator, b.dimension
)

SELECT t.period, t.unit_id, t.indicator, t.breakdown
FROM core.monthly_totals AS t
JOIN parts ON parts.period = t.period AND parts.unit_id = t.unit_id AND parts.indicator = t.indicator
WHERE t.breakdown = '' AND parts.fewest = t.reported_count AND parts.value <> t.value
