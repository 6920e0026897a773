-- One row per recognition of a product: from which day to which its certificate is worth something, and what came before
-- and after. A certificate lasts to the first day without validity (36 months after its decision), or until the next
-- decision on the product, which replaces it. A decision taken on the last day's morrow, the day of the lapse itself,
-- comes in time.
WITH decisions AS (
    SELECT e.product_id, e.decision_date, MAX(e.star) AS star, MAX(e.expiry_date) AS expiry_date
    FROM core.recognitions AS e
    GROUP BY e.product_id, e.decision_date
)

SELECT
    d.product_id, d.decision_date, d.star, d.expiry_date,
    LEAD(d.decision_date) OVER (PARTITION BY d.product_id ORDER BY d.decision_date) AS next_decision_date,
    LAG(d.star) OVER (PARTITION BY d.product_id ORDER BY d.decision_date) AS previous_star,
    LAG(d.expiry_date) OVER (PARTITION BY d.product_id ORDER BY d.decision_date) AS previous_expiry_date
FROM decisions AS d
