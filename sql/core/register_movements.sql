-- One row per month and change of where a product with a valid certificate is counted: by which movement which unit and
-- star gained or lost it, on which day (core.product_changes). Units are those of the closing day; the stock of the month's first
-- day moves to them when the map changes. Of a move between units the other one is told, so that nothing moves for who holds both.
WITH months AS (
    SELECT r.period, p.start_date, p.end_date, CAST(p.start_date - INTERVAL '1' DAY AS DATE) AS eve
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
),

changed AS (
    SELECT m.period, c.product_id, c.event_date, c.movement, w.unit_id, c.star, o.unit_id AS other_unit_id
    FROM months AS m
    JOIN core.product_changes AS c ON c.event_date BETWEEN m.start_date AND m.end_date
    JOIN core.product_places AS w
        ON w.product_id = c.product_id AND w.home_id = c.home_id AND m.end_date BETWEEN w.valid_from AND w.valid_to
    LEFT JOIN core.product_places AS o
        ON o.product_id = c.product_id AND o.home_id = c.other_home_id AND m.end_date BETWEEN o.valid_from AND o.valid_to
),

relocated AS (
    SELECT m.period, m.start_date AS event_date, h.product_id, h.star, b.unit_id AS unit_before, w.unit_id
    FROM months AS m
    JOIN core.product_places AS w
        ON w.valid_from BETWEEN m.start_date AND m.end_date AND w.valid_to >= m.end_date
    JOIN core.product_places AS b
        ON b.product_id = w.product_id AND b.home_id = w.home_id AND m.eve BETWEEN b.valid_from AND b.valid_to
        AND b.unit_id <> w.unit_id
    JOIN core.product_history AS h
        ON h.product_id = w.product_id AND h.home_id = w.home_id AND h.event_date <= m.eve
        AND (h.next_event_date IS NULL OR h.next_event_date > m.eve)
    WHERE h.ending_kind IS NULL AND h.expiry_date > m.eve
),

movements AS (
    SELECT c.period, c.product_id, c.event_date, c.movement, c.unit_id, c.star, c.other_unit_id
    FROM changed AS c
    WHERE c.other_unit_id IS NULL OR c.other_unit_id <> c.unit_id
    UNION ALL
    SELECT period, product_id, event_date, 'moved_out', unit_before, star, unit_id FROM relocated
    UNION ALL
    SELECT period, product_id, event_date, 'moved_in', unit_id, star, unit_before FROM relocated
)

SELECT m.period, m.product_id, m.event_date, m.movement, m.unit_id, m.star, m.other_unit_id FROM movements AS m
