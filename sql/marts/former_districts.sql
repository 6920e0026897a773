-- One row per month after the districts ended, province and former district whose ground is in it ("địa bàn huyện cũ"): the
-- communes on that ground, and the four families of its products, each counted once, by where the product itself was on the
-- last day of the districts: exact where a commune has ground of several. A product first listed by a commune made of several
-- districts tells none: such are counted under a blank district, so that the lines add up to the province. Where no commune
-- on the ground ever sent a register the counts are null, and a province whose register is not known has no row: silence is
-- not nought.
WITH eve AS (
    SELECT MAX(u.valid_to) AS last_day FROM catalogue.units AS u WHERE u.tier = 'district'
),

months AS (
    SELECT r.period, p.start_date, p.end_date, m.map_id
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN catalogue.maps AS m ON p.end_date BETWEEN m.first_day AND m.last_day
    JOIN eve AS e ON p.end_date > e.last_day
),

years AS (
    SELECT m.period, MIN(p.start_date) AS start_date
    FROM months AS m
    JOIN catalogue.spans AS s ON s.period = m.period AND s.span = 'year_to_date'
    JOIN catalogue.periods AS p ON p.period = s.month
    GROUP BY m.period
),

-- The province of every unit in scope; a province is its own.
provinces AS (
    SELECT a.period, a.unit_id, a.ancestor_id AS province_id
    FROM months AS m
    JOIN core.unit_ancestors AS a ON a.period = m.period AND a.ancestor_tier = 'province'
),

-- The former district of every unit that stood on the last day of the districts.
former AS (
    SELECT u.unit_id, CASE u.tier WHEN 'district' THEN u.unit_id ELSE u.parent_id END AS district_id
    FROM eve AS e
    JOIN catalogue.units AS u ON e.last_day BETWEEN u.valid_from AND u.valid_to AND u.tier IN ('district', 'commune')
),

shared AS (
    SELECT f.map_id, f.unit_id, COUNT(*) AS districts_count
    FROM catalogue.former_districts AS f
    GROUP BY f.map_id, f.unit_id
),

accepted AS (
    SELECT s.period, s.unit_id
    FROM months AS m
    JOIN core.report_status AS s ON s.period = m.period AND s.agency = '' AND s.status = 'accepted'
    GROUP BY s.period, s.unit_id
),

ground AS (
    SELECT
        m.period, v.province_id, f.district_id, COUNT(*) AS communes_count,
        SUM(CASE WHEN h.districts_count > 1 THEN 1 ELSE 0 END) AS shared_communes_count,
        SUM(CASE WHEN a.unit_id IS NULL THEN 0 ELSE 1 END) AS reported_communes_count,
        SUM(CASE WHEN k.unit_id IS NULL THEN 0 ELSE 1 END) AS known_communes_count
    FROM months AS m
    JOIN catalogue.former_districts AS f ON f.map_id = m.map_id
    JOIN provinces AS v ON v.period = m.period AND v.unit_id = f.unit_id
    JOIN shared AS h ON h.map_id = f.map_id AND h.unit_id = f.unit_id
    LEFT JOIN accepted AS a ON a.period = m.period AND a.unit_id = f.unit_id
    LEFT JOIN core.register_known AS k ON k.period = m.period AND k.unit_id = f.unit_id
    GROUP BY m.period, v.province_id, f.district_id
),

products AS (
    SELECT s.period, v.province_id, COALESCE(f.district_id, '') AS district_id, s.certificate_state AS family, s.star
    FROM months AS m
    JOIN core.product_status AS s ON s.period = m.period
    JOIN provinces AS v ON v.period = s.period AND v.unit_id = s.unit_id
    JOIN core.product_history AS h
        ON h.product_id = s.product_id AND h.event_date <= m.end_date
        AND (h.next_event_date IS NULL OR h.next_event_date > m.end_date)
    CROSS JOIN eve AS e
    JOIN core.product_places AS w
        ON w.product_id = h.product_id AND w.home_id = h.home_id AND e.last_day BETWEEN w.valid_from AND w.valid_to
    LEFT JOIN former AS f ON f.unit_id = w.unit_id
),

-- Recognitions as SP01 counts them: in the month of their decision, on the report's map.
recognitions AS (
    SELECT
        m.period, v.province_id, COALESCE(f.district_id, '') AS district_id,
        CASE WHEN h.event_date >= m.start_date THEN 'recognised_now' ELSE 'recognised_before' END AS family
    FROM months AS m
    JOIN years AS y ON y.period = m.period
    JOIN core.product_history AS h ON h.is_recognition AND h.event_date BETWEEN y.start_date AND m.end_date
    JOIN core.product_places AS n
        ON n.product_id = h.product_id AND n.home_id = h.home_id AND m.end_date BETWEEN n.valid_from AND n.valid_to
    JOIN provinces AS v ON v.period = m.period AND v.unit_id = n.unit_id
    CROSS JOIN eve AS e
    JOIN core.product_places AS w
        ON w.product_id = h.product_id AND w.home_id = h.home_id AND e.last_day BETWEEN w.valid_from AND w.valid_to
    LEFT JOIN former AS f ON f.unit_id = w.unit_id
),

counted AS (
    SELECT period, province_id, district_id, family, star FROM products
    UNION ALL
    SELECT period, province_id, district_id, family, NULL FROM recognitions
),

sums AS (
    SELECT
        c.period, c.province_id, c.district_id,
        SUM(CASE WHEN c.family = 'recognised_now' THEN 1 ELSE 0 END) AS month_recognised_count,
        SUM(CASE WHEN c.family IN ('recognised_now', 'recognised_before') THEN 1 ELSE 0 END) AS year_recognised_count,
        SUM(CASE WHEN c.family IN ('valid', 'expired', 'revoked') THEN 1 ELSE 0 END) AS ever_recognised_count,
        SUM(CASE WHEN c.family = 'valid' AND c.star = '3' THEN 1 ELSE 0 END) AS valid_3_count,
        SUM(CASE WHEN c.family = 'valid' AND c.star = '4' THEN 1 ELSE 0 END) AS valid_4_count,
        SUM(CASE WHEN c.family = 'valid' AND c.star = 'potential_5' THEN 1 ELSE 0 END) AS valid_potential_5_count,
        SUM(CASE WHEN c.family = 'valid' AND c.star = '5' THEN 1 ELSE 0 END) AS valid_5_count,
        SUM(CASE WHEN c.family = 'valid' THEN 1 ELSE 0 END) AS valid_count,
        SUM(CASE WHEN c.family = 'expired' THEN 1 ELSE 0 END) AS now_expired_count,
        SUM(CASE WHEN c.family = 'revoked' THEN 1 ELSE 0 END) AS now_revoked_count
    FROM counted AS c
    GROUP BY c.period, c.province_id, c.district_id
),

lines AS (
    SELECT g.period, g.province_id, g.district_id FROM ground AS g
    UNION
    SELECT s.period, s.province_id, s.district_id FROM sums AS s
),

-- Where a register is known, what it does not list is nought.
told AS (
    SELECT
        l.period, l.province_id, l.district_id, COALESCE(g.communes_count, 0) AS communes_count,
        COALESCE(g.shared_communes_count, 0) AS shared_communes_count,
        COALESCE(g.reported_communes_count, 0) AS reported_communes_count,
        CASE WHEN s.district_id IS NOT NULL OR g.known_communes_count > 0 THEN 0 END AS nought,
        s.month_recognised_count, s.year_recognised_count, s.ever_recognised_count, s.valid_3_count, s.valid_4_count,
        s.valid_potential_5_count, s.valid_5_count, s.valid_count, s.now_expired_count, s.now_revoked_count
    FROM lines AS l
    LEFT JOIN ground AS g ON g.period = l.period AND g.province_id = l.province_id AND g.district_id = l.district_id
    LEFT JOIN sums AS s ON s.period = l.period AND s.province_id = l.province_id AND s.district_id = l.district_id
)

SELECT
    t.period, t.province_id AS unit_id, t.district_id, COALESCE(d.full_name, '') AS district_name,
    CAST(t.communes_count AS INTEGER) AS communes_count,
    CAST(t.shared_communes_count AS INTEGER) AS shared_communes_count,
    CAST(t.reported_communes_count AS INTEGER) AS reported_communes_count,
    CAST(COALESCE(t.month_recognised_count, t.nought) AS INTEGER) AS month_recognised_count,
    CAST(COALESCE(t.year_recognised_count, t.nought) AS INTEGER) AS year_recognised_count,
    CAST(COALESCE(t.ever_recognised_count, t.nought) AS INTEGER) AS ever_recognised_count,
    CAST(COALESCE(t.valid_3_count, t.nought) AS INTEGER) AS valid_3_count,
    CAST(COALESCE(t.valid_4_count, t.nought) AS INTEGER) AS valid_4_count,
    CAST(COALESCE(t.valid_potential_5_count, t.nought) AS INTEGER) AS valid_potential_5_count,
    CAST(COALESCE(t.valid_5_count, t.nought) AS INTEGER) AS valid_5_count,
    CAST(COALESCE(t.valid_count, t.nought) AS INTEGER) AS valid_count,
    CAST(COALESCE(t.now_expired_count, t.nought) AS INTEGER) AS now_expired_count,
    CAST(COALESCE(t.now_revoked_count, t.nought) AS INTEGER) AS now_revoked_count
FROM told AS t
JOIN marts.register_summary AS w ON w.period = t.period AND w.unit_id = t.province_id AND w.breakdown = ''
CROSS JOIN eve AS e
LEFT JOIN catalogue.units AS d ON d.unit_id = t.district_id AND e.last_day BETWEEN d.valid_from AND d.valid_to
