-- One row per producer that a register names: its class as the latest line says that tells one.
WITH named AS (
    SELECT
        COALESCE(i.identity_id, l.listed_producer_id) AS producer_id, g.producer_type_code AS producer_type,
        l.submission_id, l.sheet, l.line_key, l.sequence
    FROM core.listings AS l
    JOIN staging.register_rows AS g
        ON g.submission_id = l.submission_id AND g.sheet = l.sheet AND g.line_key = l.line_key
    LEFT JOIN register.identities AS i ON i.name_kind = 'producer' AND i.listed_id = l.listed_producer_id
),

ranked AS (
    SELECT
        n.producer_id, n.producer_type,
        ROW_NUMBER() OVER (
            PARTITION BY n.producer_id
            ORDER BY
                CASE WHEN n.producer_type IS NULL THEN 1 ELSE 0 END, n.sequence DESC, n.submission_id, n.sheet, n.line_key
        ) AS place
    FROM named AS n
)

SELECT r.producer_id, r.producer_type FROM ranked AS r WHERE r.place = 1
