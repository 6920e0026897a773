-- One row per month of a report, month it compares with on another map of units, and product known in that month: the unit it
-- was in then, and the unit of the report's map it was in: where its commune of then stands on the closing day
-- (core.product_places), as everything else of the register is placed. So counts of products are exact on every map.
WITH published AS (
    SELECT DISTINCT period FROM core.unit_ancestors
)

SELECT s.period, s.month, h.product_id, was.unit_id AS source_id, now.unit_id
FROM meta.run_periods AS r
JOIN catalogue.restatements AS s ON s.period = r.period
JOIN catalogue.periods AS q ON q.period = s.period
JOIN catalogue.periods AS p ON p.period = s.month
-- A month in which nobody reported has nothing to carry.
JOIN published AS m ON m.period = s.month
-- Read from the history, not from core.product_status: that is made for the months of a report alone.
JOIN core.product_history AS h
    ON h.event_date <= p.end_date AND (h.next_event_date IS NULL OR h.next_event_date > p.end_date)
JOIN core.product_places AS was
    ON was.product_id = h.product_id AND was.home_id = h.home_id AND p.end_date BETWEEN was.valid_from AND was.valid_to
JOIN core.product_places AS now
    ON now.product_id = h.product_id AND now.home_id = h.home_id AND q.end_date BETWEEN now.valid_from AND now.valid_to
WHERE h.ending_kind IS NULL OR h.ending_kind = 'revocation'
