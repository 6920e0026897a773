-- Products still valid on the progress sheet (SP03, in all and by star) against what the registers received so far say,
-- this one included, where any register of the unit is known. Of one product the latest decision counts; its certificate
-- lasts for the months of the regime of its day, or as extensions, revocations and corrections known have it. Told are the
-- products counted, first those this register does not list, and where the sheet has more, those that are near: lapsed
-- within a year, of another star, decided up to 92 days after the closing day.
-- Source: QĐ 148/QĐ-TTg, QĐ 26/2026/QĐ-TTg (36 months; certificates.csv). A warning: older registers may be unknown here.
WITH asked AS (
    SELECT DISTINCT s.submission_id, s.unit_id, s.period_end
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN staging.form_values AS v ON v.submission_id = s.submission_id AND v.indicator = 'SP03' AND v.value IS NOT NULL
),

lines AS (
    SELECT
        a.submission_id, a.unit_id, a.period_end, g.sheet, g.product_name, g.producer_name, g.first_star_code, g.first_date,
        g.first_decision, g.first_cell, g.second_star_code, g.second_date, g.second_decision, g.second_cell,
        COALESCE(product.spelling_key, LOWER(TRIM(g.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(g.producer_name)), '') AS producer_key
    FROM asked AS a
    JOIN staging.register_rows AS g ON g.submission_id = a.submission_id
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = g.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = g.producer_name
),

listed AS (
    SELECT
        submission_id, unit_id, period_end, sheet, first_cell AS cell, product_key, producer_key, product_name,
        producer_name, first_star_code AS star, first_date AS decided, first_decision AS decision_no
    FROM lines
    UNION ALL
    SELECT
        submission_id, unit_id, period_end, sheet, second_cell, product_key, producer_key, product_name, producer_name,
        second_star_code, second_date, second_decision
    FROM lines
),

-- A decision without a date is asked for (DECISION_DATE_MISSING); until then there is nothing to compare with.
undated AS (
    SELECT DISTINCT submission_id
    FROM listed
    WHERE decided IS NULL AND star IN ('3', '4', 'potential_5', '5')
),

known AS (
    SELECT
        a.submission_id, a.unit_id, a.period_end, e.product_id, e.product_name, e.producer_name,
        COALESCE(c.star, e.star) AS star, e.decision_date AS decided, e.decision_no, c.expiry_date,
        COALESCE(product.spelling_key, LOWER(TRIM(e.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(e.producer_name)), '') AS producer_key
    FROM asked AS a
    JOIN core.recognitions AS e ON e.unit_id = a.unit_id
    LEFT JOIN core.certificates AS c ON c.product_id = e.product_id AND c.decision_date = e.decision_date
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = e.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = e.producer_name
),

-- Names that people have said are one have one product_id.
identities AS (
    SELECT submission_id, product_key, producer_key, MIN(product_id) AS product_id
    FROM known
    WHERE product_id IS NOT NULL
    GROUP BY submission_id, product_key, producer_key
),

facts AS (
    SELECT submission_id, period_end, product_key, producer_key, product_name, producer_name, star, decided, decision_no,
        CAST(NULL AS DATE) AS expiry_date, sheet, cell
    FROM listed
    UNION ALL
    SELECT submission_id, period_end, product_key, producer_key, product_name, producer_name, star, decided, decision_no,
        expiry_date, NULL, NULL
    FROM known
),

-- One row a product and day of decision: the star as this register has it, the end as it is known.
decisions AS (
    SELECT
        f.submission_id, f.period_end, COALESCE(i.product_id, CONCAT(f.producer_key, '|', f.product_key)) AS product_id,
        f.decided, f.expiry_date, f.star, f.product_name, f.producer_name, f.decision_no, f.sheet, f.cell,
        CASE WHEN f.cell IS NULL THEN 1 ELSE 0 END AS is_known
    FROM facts AS f
    LEFT JOIN identities AS i
        ON i.submission_id = f.submission_id AND i.product_key = f.product_key AND i.producer_key = f.producer_key
    WHERE f.decided IS NOT NULL AND f.star IN ('3', '4', 'potential_5', '5')
),

latest AS (
    SELECT
        d.submission_id, d.period_end, d.product_id, d.decided, d.star, d.product_name, d.producer_name, d.decision_no,
        d.sheet, d.cell,
        MAX(d.expiry_date) OVER (PARTITION BY d.submission_id, d.product_id, d.decided) AS known_expiry,
        MIN(d.is_known) OVER (PARTITION BY d.submission_id, d.product_id) AS not_listed,
        ROW_NUMBER() OVER (
            PARTITION BY d.submission_id, d.product_id, CASE WHEN d.decided <= d.period_end THEN 1 ELSE 0 END
            ORDER BY d.decided DESC, d.is_known, d.star DESC, d.cell
        ) AS place
    FROM decisions AS d
),

products AS (
    SELECT
        l.submission_id, l.period_end, l.product_id, l.decided, l.star, l.product_name, l.producer_name, l.decision_no,
        l.sheet, l.cell, l.not_listed,
        COALESCE(l.known_expiry, CAST(l.decided + t.months * INTERVAL '1' MONTH AS DATE)) AS expires
    FROM latest AS l
    JOIN catalogue.certificate_regimes AS t ON l.decided BETWEEN t.valid_from AND t.valid_to
    WHERE l.place = 1
),

counts AS (
    SELECT submission_id, '' AS breakdown, COUNT(*) AS products_count
    FROM products
    WHERE decided <= period_end AND expires > period_end
    GROUP BY submission_id
    UNION ALL
    SELECT submission_id, CONCAT('star=', star), COUNT(*)
    FROM products
    WHERE decided <= period_end AND expires > period_end
    GROUP BY submission_id, star
),

mismatched AS (
    SELECT
        v.submission_id, v.sheet, v.cell, v.breakdown, v.value, l.line_code, l.label_vi,
        COALESCE(k.products_count, 0) AS products_count
    FROM staging.form_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    JOIN catalogue.form_lines AS l
        ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code
        AND l.field = v.field
    JOIN (SELECT DISTINCT submission_id FROM products WHERE decided <= period_end) AS p
        ON p.submission_id = v.submission_id
    LEFT JOIN undated AS n ON n.submission_id = v.submission_id
    LEFT JOIN counts AS k ON k.submission_id = v.submission_id AND k.breakdown = v.breakdown
    WHERE v.indicator = 'SP03' AND n.submission_id IS NULL AND v.value <> COALESCE(k.products_count, 0)
),

told AS (
    SELECT
        m.submission_id, m.cell AS row_cell,
        CASE WHEN p.decided <= p.period_end AND p.expires > p.period_end AND m.breakdown IN ('', CONCAT('star=', p.star))
            THEN 'valid' ELSE 'not_valid' END AS list,
        CASE
            WHEN p.decided > p.period_end THEN 'decided_later'
            WHEN p.expires <= p.period_end THEN 'lapsed'
            WHEN m.breakdown NOT IN ('', CONCAT('star=', p.star)) THEN 'valid_other_star'
            WHEN p.not_listed = 1 THEN 'valid_not_listed'
            ELSE 'valid_listed'
        END AS say,
        p.product_name, p.producer_name, p.star, p.decided, p.decision_no, p.expires, p.sheet, p.cell,
        CASE
            WHEN p.decided > p.period_end THEN DATE_DIFF('day', p.period_end, p.decided)
            WHEN p.expires <= p.period_end THEN DATE_DIFF('day', p.expires, p.period_end)
            ELSE -p.not_listed
        END AS days_off
    FROM mismatched AS m
    JOIN products AS p ON p.submission_id = m.submission_id
    WHERE
        (p.decided <= p.period_end AND p.expires > p.period_end)
        OR (
            m.breakdown IN ('', CONCAT('star=', p.star)) AND p.decided <= p.period_end + INTERVAL '92' DAY
            AND p.expires > p.period_end - INTERVAL '366' DAY
        )
),

-- A thousand of each are more than anybody reads and bound what a hostile file can make us keep.
placed AS (
    SELECT
        t.submission_id, t.row_cell, t.list, t.say, t.product_name, t.producer_name, t.star, t.decided, t.decision_no,
        t.expires, t.sheet, t.cell,
        ROW_NUMBER() OVER (
            PARTITION BY t.submission_id, t.row_cell, t.list
            ORDER BY t.days_off, t.expires, t.product_name, t.producer_name, t.cell
        ) AS place
    FROM told AS t
),

lists AS (
    SELECT
        p.submission_id, p.row_cell, p.list,
        CONCAT('[', STRING_AGG(
            CAST(JSON_OBJECT(
                'say', p.say, 'product', LEFT(p.product_name, 200),
                'producer', COALESCE(LEFT(p.producer_name, 200), 'no_producer'),
                'star', CONCAT('star_', p.star), 'decision', COALESCE(LEFT(p.decision_no, 200), 'no_number'),
                'day', p.decided, 'expiry', p.expires, 'sheet', p.sheet, 'cell', p.cell
            ) AS VARCHAR), ',' ORDER BY p.place
        ), ']') AS items
    FROM placed AS p
    WHERE p.place <= 1000
    GROUP BY p.submission_id, p.row_cell, p.list
)

SELECT
    m.submission_id, m.sheet, m.cell,
    JSON_OBJECT(
        'line', m.line_code, 'label', m.label_vi, 'grid', m.value, 'register', m.products_count,
        'valid', CAST(COALESCE(v.items, '[]') AS JSON),
        'not_valid', CASE WHEN m.value > m.products_count THEN CAST(COALESCE(n.items, '[]') AS JSON) END
    ) AS args
FROM mismatched AS m
LEFT JOIN lists AS v ON v.submission_id = m.submission_id AND v.row_cell = m.cell AND v.list = 'valid'
LEFT JOIN lists AS n ON n.submission_id = m.submission_id AND n.row_cell = m.cell AND n.list = 'not_valid'
