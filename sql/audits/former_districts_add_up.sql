-- The products on the ground of the former districts of a province are all its products, and its recognitions all of its:
-- nothing is counted twice or left out by the grouping. Each row is a province with both numbers.
WITH counts AS (
    SELECT
        f.period, f.unit_id, SUM(f.month_recognised_count) AS month_recognised, SUM(f.year_recognised_count) AS year_recognised,
        SUM(f.ever_recognised_count) AS ever_recognised, SUM(f.valid_count) AS valid, SUM(f.now_expired_count) AS now_expired,
        SUM(f.now_revoked_count) AS now_revoked,
        SUM(f.valid_3_count + f.valid_4_count + f.valid_potential_5_count + f.valid_5_count) AS valid_by_star
    FROM marts.former_districts AS f
    GROUP BY f.period, f.unit_id
)

SELECT c.period, c.unit_id, c.valid AS by_former_district, s.valid_count AS of_the_province
FROM counts AS c
JOIN marts.register_summary AS s ON s.period = c.period AND s.unit_id = c.unit_id AND s.breakdown = ''
JOIN meta.run_periods AS r ON r.period = c.period
WHERE
    c.month_recognised IS DISTINCT FROM s.month_recognised_count
    OR c.year_recognised IS DISTINCT FROM s.year_recognised_count
    OR c.ever_recognised IS DISTINCT FROM s.ever_recognised_count
    OR c.valid IS DISTINCT FROM s.valid_count
    OR c.valid_by_star IS DISTINCT FROM s.valid_count
    OR c.now_expired IS DISTINCT FROM s.now_expired_count
    OR c.now_revoked IS DISTINCT FROM s.now_revoked_count
