-- One row per product that a plan names and product of the registers of that name, however it is spelled. Plans name
-- no producer: every producer's product of the name is the one meant.
SELECT DISTINCT n.plan, n.target, n.product_name, COALESCE(i.identity_id, l.listed_product_id) AS product_id
FROM catalogue.plan_products AS n
JOIN register.spellings AS k ON k.name_kind = 'product' AND k.name = n.product_name
JOIN core.listings AS l ON l.product_key = k.spelling_key
LEFT JOIN register.identities AS i ON i.name_kind = 'product' AND i.listed_id = l.listed_product_id
