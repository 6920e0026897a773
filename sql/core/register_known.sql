-- One row per month and unit whose register is known at its end: the unit, or one below it, has reported by then, or a decision's
-- list names a product there. Of such a unit nothing is nought; of any other there is no figure.
SELECT a.period, a.ancestor_id AS unit_id
FROM core.unit_ancestors AS a
JOIN meta.run_periods AS r ON r.period = a.period
JOIN staging.submissions AS s ON s.unit_id = a.unit_id AND s.agency = '' AND s.period <= a.period
UNION
SELECT a.period, a.ancestor_id
FROM core.product_status AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id
