-- One row per recognition of a product: the certificate it gave, by all that is known today. Its term, the expiry that
-- extensions and corrections made of it, the star that was put right, what ended it before its term, and the next
-- decision on the product, which replaces it. Its expiry is the first day it is worth nothing, whatever the reason. What it was worth on a day of the past is core.product_history.
WITH ranked AS (
    SELECT
        h.product_id, h.decision_date, h.listed_unit_id, h.star, h.expiry_date, h.ending_kind, h.ended_on,
        h.ending_decision_no,
        ROW_NUMBER() OVER (PARTITION BY h.product_id, h.decision_date ORDER BY h.event_date DESC) AS recency
    FROM core.product_history AS h
),

latest AS (
    SELECT
        k.product_id, k.decision_date, k.listed_unit_id, k.star, k.expiry_date, k.ending_kind, k.ended_on,
        k.ending_decision_no,
        MIN(k.decision_date) OVER (
            PARTITION BY k.product_id ORDER BY k.decision_date ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
        ) AS next_decision_date
    FROM ranked AS k
    WHERE k.recency = 1
)

SELECT
    l.product_id, l.decision_date, e.star AS recognised_star, e.expiry_date AS term_expiry_date, l.star,
    CASE WHEN l.ended_on < l.expiry_date THEN l.ended_on ELSE l.expiry_date END AS expiry_date,
    l.ending_kind, l.ended_on, l.ending_decision_no, l.next_decision_date
FROM latest AS l
JOIN core.recognitions AS e
    ON e.product_id = l.product_id AND e.decision_date = l.decision_date AND e.unit_id = l.listed_unit_id
