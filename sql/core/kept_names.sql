-- One row per product or producer that several listed ones are known as: the name that is kept, as the registers that list
-- the one whose id was kept write it most often. Which one that is, people and transfers have said (register.identities);
-- whoever prints a name prints this one, so that a product has one name on every page.
WITH kept AS (
    SELECT DISTINCT i.name_kind, i.identity_id FROM register.identities AS i
),

written AS (
    SELECT k.name_kind, k.identity_id, l.product_name AS kept_name, COUNT(*) AS lines_count
    FROM kept AS k
    JOIN core.listings AS l ON l.listed_product_id = k.identity_id
    WHERE k.name_kind = 'product' AND l.product_name IS NOT NULL
    GROUP BY k.name_kind, k.identity_id, l.product_name
    UNION ALL
    SELECT k.name_kind, k.identity_id, l.producer_name, COUNT(*)
    FROM kept AS k
    JOIN core.listings AS l ON l.listed_producer_id = k.identity_id
    WHERE k.name_kind = 'producer' AND l.producer_name IS NOT NULL
    GROUP BY k.name_kind, k.identity_id, l.producer_name
),

ranked AS (
    SELECT
        w.name_kind, w.identity_id, w.kept_name,
        ROW_NUMBER() OVER (PARTITION BY w.name_kind, w.identity_id ORDER BY w.lines_count DESC, w.kept_name) AS place
    FROM written AS w
)

SELECT r.name_kind, r.identity_id, r.kept_name FROM ranked AS r WHERE r.place = 1
