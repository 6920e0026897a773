-- One row per month of a report, month it compares with on another map of units, and product known in that month: the
-- unit of the report's map it was in. Where its unit of then went wholly into one, that one; where it was divided, the part
-- the product is in today; where that is not known, the largest part. So counts of products are exact on every map.
WITH published AS (
    SELECT DISTINCT period FROM core.unit_ancestors
),

-- A month in which nobody reported has nothing to carry.
wanted AS (
    SELECT s.period, s.month, s.from_map, s.to_map, p.end_date
    FROM meta.run_periods AS r
    JOIN catalogue.restatements AS s ON s.period = r.period
    JOIN catalogue.periods AS p ON p.period = s.month
    JOIN published AS m ON m.period = s.month
),

-- Read from the history, not from core.product_status: that is made for the months of a report alone.
known AS (
    SELECT w.period, w.month, w.from_map, w.to_map, h.product_id, u.unit_id
    FROM wanted AS w
    JOIN core.product_history AS h
        ON h.event_date <= w.end_date AND (h.next_event_date IS NULL OR h.next_event_date > w.end_date)
    JOIN core.product_places AS u
        ON u.product_id = h.product_id AND u.home_id = h.home_id AND w.end_date BETWEEN u.valid_from AND u.valid_to
    WHERE h.ending_kind IS NULL OR h.ending_kind = 'revocation'
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
    k.period, k.month, k.product_id, k.unit_id AS source_id,
    COALESCE(here.target_id, largest.target_id, now.unit_id, k.unit_id) AS unit_id
FROM known AS k
LEFT JOIN core.product_status AS now ON now.period = k.period AND now.product_id = k.product_id
LEFT JOIN ways AS here
    ON here.from_map = k.from_map AND here.to_map = k.to_map AND here.unit_id = k.unit_id
    AND here.target_id = now.unit_id
LEFT JOIN ways AS largest
    ON largest.from_map = k.from_map AND largest.to_map = k.to_map AND largest.unit_id = k.unit_id
    AND largest.place = 1
