-- One row per recognition of a product: from which day to which its certificate is worth something, and what came before
-- and after. A certificate lasts to the first day without validity (36 months after its decision), or until the next
-- decision on the product, which replaces it. A decision taken on the last day's morrow, the day of the lapse itself,
-- comes in time. Of several decisions of one day the highest star stands.
WITH star_ranks AS (
    SELECT '3' AS star, 1 AS star_rank
    UNION ALL SELECT '4', 2
    UNION ALL SELECT 'potential_5', 3
    UNION ALL SELECT '5', 4
),

ranked AS (
    SELECT e.product_id, e.decision_date, MAX(r.star_rank) AS star_rank, MAX(e.expiry_date) AS expiry_date
    FROM core.recognitions AS e
    JOIN star_ranks AS r ON r.star = e.star
    GROUP BY e.product_id, e.decision_date
),

decisions AS (
    SELECT k.product_id, k.decision_date, r.star, k.expiry_date
    FROM ranked AS k
    JOIN star_ranks AS r ON r.star_rank = k.star_rank
)

SELECT
    d.product_id, d.decision_date, d.star, d.expiry_date,
    MIN(d.decision_date) OVER (
        PARTITION BY d.product_id ORDER BY d.decision_date ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
    ) AS next_decision_date,
    MIN(d.star) OVER (
        PARTITION BY d.product_id ORDER BY d.decision_date ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
    ) AS previous_star,
    MIN(d.expiry_date) OVER (
        PARTITION BY d.product_id ORDER BY d.decision_date ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING
    ) AS previous_expiry_date
FROM decisions AS d
