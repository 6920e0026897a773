-- One row per month of a report, month it compares with on another map of units, and product known in that month: the
-- unit of the report's map it was in. Where its unit of then went wholly into one, that one; where it was divided, the part
-- the product is in today; where that is not known, the largest part. So counts of products are exact on every map.
WITH wanted AS (
    SELECT s.period, s.month, s.from_map, s.to_map
    FROM meta.run_periods AS r
    JOIN catalogue.restatements AS s ON s.period = r.period
),

ways AS (
    SELECT
        y.from_map, y.to_map, y.unit_id, y.target_id,
        ROW_NUMBER() OVER (
            PARTITION BY y.from_map, y.to_map, y.unit_id ORDER BY y.weight DESC, y.target_id
        ) AS place
    FROM catalogue.unit_ways AS y
)

SELECT
    w.period, w.month, s.product_id,
    COALESCE(here.target_id, largest.target_id, now.unit_id, s.unit_id) AS unit_id
FROM wanted AS w
JOIN core.product_status AS s ON s.period = w.month
LEFT JOIN core.product_status AS now ON now.period = w.period AND now.product_id = s.product_id
LEFT JOIN ways AS here
    ON here.from_map = w.from_map AND here.to_map = w.to_map AND here.unit_id = s.unit_id
    AND here.target_id = now.unit_id
LEFT JOIN ways AS largest
    ON largest.from_map = w.from_map AND largest.to_map = w.to_map AND largest.unit_id = s.unit_id
    AND largest.place = 1
