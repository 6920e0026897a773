-- One row per month of a report, month counted, unit of any tier, indicator and breakdown with events in the register of the unit
-- or of one below it (core.register_flow_products), counted.
SELECT
    e.period, e.month, a.ancestor_id AS unit_id, e.indicator, e.breakdown,
    CAST(SUM(e.events_count) AS INTEGER) AS events_count
FROM meta.run_periods AS r
JOIN core.register_flow_products AS e ON e.period = r.period
JOIN core.unit_ancestors AS a ON a.period = e.period AND a.unit_id = e.unit_id
GROUP BY e.period, e.month, a.ancestor_id, e.indicator, e.breakdown
