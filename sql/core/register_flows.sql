-- One row per month, unit, indicator and breakdown with events in the register (core.register_flow_products), counted.
SELECT
    e.period, e.unit_id, e.indicator, e.breakdown, CAST(SUM(e.events_count) AS INTEGER) AS events_count
FROM meta.run_periods AS r
JOIN core.register_flow_products AS e ON e.period = r.period
GROUP BY e.period, e.unit_id, e.indicator, e.breakdown
