-- One row per recognition of a product: the certificate it gave, by all that is known today. Its term, the expiry that
-- extensions and corrections made of it, the star that was put right, what ended it before its term, and the next
-- decision on the product, which replaces it. Its expiry is the first day it is worth nothing, whatever the reason. Its kind
-- is told by the certificate before, with the star it had in the end: the first, a higher star, a lower one, the same
-- again; one that should never have been is passed over. Where the history begins with a re-evaluation, the line of the
-- register tells the star before. What it was worth on a day of the past is core.product_history.
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
),

star_ranks AS (
    SELECT '3' AS star, 1 AS star_rank
    UNION ALL SELECT '4', 2
    UNION ALL SELECT 'potential_5', 3
    UNION ALL SELECT '5', 4
),

sequences AS (
    SELECT
        l.product_id, l.decision_date,
        MAX(CASE WHEN l.ending_kind = 'correction' THEN NULL ELSE l.decision_date END) OVER (
            PARTITION BY l.product_id ORDER BY l.decision_date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS decision_before
    FROM latest AS l
),

-- The star before as the lines tell it, of the units that list the decision the highest.
told AS (
    SELECT e.product_id, e.decision_date, MAX(r.star_rank) AS rank_before
    FROM core.recognitions AS e
    JOIN star_ranks AS r ON r.star = e.star_before
    GROUP BY e.product_id, e.decision_date
),

kinds AS (
    SELECT s.product_id, s.decision_date, COALESCE(r.star_rank, t.rank_before) AS rank_before
    FROM sequences AS s
    LEFT JOIN latest AS b ON b.product_id = s.product_id AND b.decision_date = s.decision_before
    LEFT JOIN star_ranks AS r ON r.star = b.star
    LEFT JOIN told AS t ON t.product_id = s.product_id AND t.decision_date = s.decision_date
)

SELECT
    l.product_id, l.decision_date, e.star AS recognised_star, e.expiry_date AS term_expiry_date, l.star,
    CASE WHEN l.ended_on < l.expiry_date THEN l.ended_on ELSE l.expiry_date END AS expiry_date,
    l.ending_kind, l.ended_on, l.ending_decision_no, l.next_decision_date,
    CASE
        WHEN k.rank_before IS NULL THEN 'first'
        WHEN now.star_rank > k.rank_before THEN 'upgrade'
        WHEN now.star_rank < k.rank_before THEN 'downgrade'
        ELSE 'again'
    END AS recognition_kind
FROM latest AS l
JOIN core.recognitions AS e
    ON e.product_id = l.product_id AND e.decision_date = l.decision_date AND e.unit_id = l.listed_unit_id
JOIN star_ranks AS now ON now.star = e.star
JOIN kinds AS k ON k.product_id = l.product_id AND k.decision_date = l.decision_date
