-- Recognitions of the period on the progress sheet (SP01, in all and by star) against the decisions in the register
-- that are dated within the period's window, each once. Told are the decisions counted and, where the sheet has more,
-- those that are near: of another star, not reached, dated up to 92 days outside the window, or on a list of a
-- decision and not in this register.
-- Source: indicators.csv, SP01: counted from the register by date of decision; the grid is a cross-check. Where a
-- decision in the register has no date, the date is asked for (DECISION_DATE_MISSING) and nothing is compared. The 92
-- days (a quarter) are ours.
WITH lines AS (
    SELECT
        g.submission_id, g.sheet, g.product_name, g.producer_name, g.first_star_code, g.first_date, g.first_decision,
        g.first_cell, g.second_star_code, g.second_date, g.second_decision, g.second_cell,
        COALESCE(product.spelling_key, LOWER(TRIM(g.product_name)), CONCAT('?', g.line_key)) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(g.producer_name)), '') AS producer_key
    FROM staging.register_rows AS g
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = g.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = g.producer_name
),

slots AS (
    SELECT
        submission_id, sheet, product_name, producer_name, product_key, producer_key, first_star_code AS star,
        first_date AS decided, first_decision AS decision_no, first_cell AS cell
    FROM lines
    UNION ALL
    SELECT
        submission_id, sheet, product_name, producer_name, product_key, producer_key, second_star_code, second_date,
        second_decision, second_cell
    FROM lines
),

decisions AS (
    SELECT
        submission_id, product_key, producer_key, star, decided, MIN(sheet) AS sheet, MIN(cell) AS cell,
        MIN(product_name) AS product_name, MIN(producer_name) AS producer_name, MIN(decision_no) AS decision_no
    FROM slots
    WHERE decided IS NOT NULL
    GROUP BY submission_id, product_key, producer_key, star, decided
),

counted AS (
    SELECT s.submission_id, d.star
    FROM staging.submissions AS s
    JOIN meta.run_periods AS r ON r.period = s.period
    JOIN decisions AS d ON d.submission_id = s.submission_id AND d.decided BETWEEN s.period_start AND s.period_end
    WHERE d.star IS NULL OR d.star <> 'none'
),

undated AS (
    SELECT DISTINCT submission_id FROM slots WHERE decided IS NULL AND star IS NOT NULL AND star <> 'none'
),

counts AS (
    SELECT submission_id, '' AS breakdown, COUNT(*) AS decisions_count FROM counted GROUP BY submission_id
    UNION ALL
    SELECT submission_id, CONCAT('star=', star), COUNT(*)
    FROM counted
    WHERE star IS NOT NULL
    GROUP BY submission_id, star
),

mismatched AS (
    SELECT
        v.submission_id, v.sheet, v.cell, v.breakdown, v.value, l.line_code, l.label_vi, s.unit_id, s.period_start,
        s.period_end, COALESCE(k.decisions_count, 0) AS decisions_count
    FROM staging.form_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    JOIN staging.submissions AS s ON s.submission_id = v.submission_id
    JOIN catalogue.form_lines AS l
        ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code
        AND l.field = v.field
    LEFT JOIN counts AS k ON k.submission_id = v.submission_id AND k.breakdown = v.breakdown
    LEFT JOIN undated AS n ON n.submission_id = v.submission_id
    WHERE v.indicator = 'SP01' AND n.submission_id IS NULL AND v.value <> COALESCE(k.decisions_count, 0)
),

-- What lists of decisions, or earlier registers, say of the unit's period and this register does not.
known AS (
    SELECT
        m.submission_id, m.cell AS row_cell, e.product_name, e.producer_name, e.star, e.decision_date AS decided,
        e.decision_no,
        COALESCE(product.spelling_key, LOWER(TRIM(e.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(e.producer_name)), '') AS producer_key
    FROM mismatched AS m
    JOIN core.recognitions AS e
        ON e.unit_id = m.unit_id AND e.decision_date BETWEEN m.period_start AND m.period_end
        AND m.breakdown IN ('', CONCAT('star=', e.star))
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = e.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = e.producer_name
    WHERE m.value > m.decisions_count
),

told AS (
    SELECT
        m.submission_id, m.cell AS row_cell,
        CASE
            WHEN d.decided < m.period_start OR d.decided > m.period_end OR COALESCE(d.star, '') = 'none'
                OR m.breakdown NOT IN ('', CONCAT('star=', COALESCE(d.star, ''))) THEN 'near' ELSE 'decided'
        END AS list,
        CASE
            WHEN d.decided < m.period_start THEN 'decided_earlier'
            WHEN d.decided > m.period_end THEN 'decided_later'
            WHEN d.star = 'none' THEN 'decided_not_reached'
            WHEN m.breakdown NOT IN ('', CONCAT('star=', COALESCE(d.star, ''))) THEN 'decided_other_star'
            ELSE 'decided_in_period'
        END AS say,
        d.product_name, d.producer_name, d.star, d.decided, d.decision_no, d.sheet, d.cell,
        GREATEST(DATE_DIFF('day', d.decided, m.period_start), DATE_DIFF('day', m.period_end, d.decided), 0) AS days_off
    FROM mismatched AS m
    JOIN decisions AS d
        ON d.submission_id = m.submission_id
        AND d.decided BETWEEN m.period_start - INTERVAL '92' DAY AND m.period_end + INTERVAL '92' DAY
        AND (
            d.decided BETWEEN m.period_start AND m.period_end
            OR (COALESCE(d.star, '') <> 'none' AND m.breakdown IN ('', CONCAT('star=', COALESCE(d.star, ''))))
        )
    UNION ALL
    SELECT
        k.submission_id, k.row_cell, 'near', 'decided_not_listed', k.product_name, k.producer_name, k.star, k.decided,
        k.decision_no, NULL, NULL, 0
    FROM known AS k
    LEFT JOIN decisions AS d
        ON d.submission_id = k.submission_id AND d.product_key = k.product_key AND d.producer_key = k.producer_key
        AND d.decided = k.decided
    WHERE d.submission_id IS NULL
),

-- A thousand of each are more than anybody reads and bound what a hostile file can make us keep.
placed AS (
    SELECT
        t.submission_id, t.row_cell, t.list, t.say, t.product_name, t.producer_name, t.star, t.decided, t.decision_no,
        t.sheet, t.cell,
        ROW_NUMBER() OVER (
            PARTITION BY t.submission_id, t.row_cell, t.list
            ORDER BY t.days_off, t.decided, t.product_name, t.producer_name, t.cell
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
                'star', CONCAT('star_', COALESCE(p.star, 'unknown')),
                'decision', COALESCE(LEFT(p.decision_no, 200), 'no_number'),
                'day', p.decided, 'sheet', p.sheet, 'cell', p.cell
            ) AS VARCHAR), ',' ORDER BY p.place
        ), ']') AS items
    FROM placed AS p
    WHERE p.place <= 1000
    GROUP BY p.submission_id, p.row_cell, p.list
)

SELECT
    m.submission_id, m.sheet, m.cell,
    JSON_OBJECT(
        'line', m.line_code, 'label', m.label_vi, 'grid', m.value, 'register', m.decisions_count,
        'start', m.period_start, 'end', m.period_end, 'decided', CAST(COALESCE(d.items, '[]') AS JSON),
        'near', CASE WHEN m.value > m.decisions_count THEN CAST(COALESCE(n.items, '[]') AS JSON) END
    ) AS args
FROM mismatched AS m
LEFT JOIN lists AS d ON d.submission_id = m.submission_id AND d.row_cell = m.cell AND d.list = 'decided'
LEFT JOIN lists AS n ON n.submission_id = m.submission_id AND n.row_cell = m.cell AND n.list = 'near'
