-- Recognitions that earlier registers or lists of the unit told with another star, or the same decision (number, year) with
-- another day. A star that was put right is the right one; what should never have been recognised is known no more.
-- Source: ours; a warning: a register may put an earlier one right, and the later word counts.
-- Needs: recognitions known before.
WITH lines AS (
    SELECT
        g.submission_id, g.sheet, g.row_no, g.product_name, g.first_star_code, g.first_date, g.first_decision,
        g.first_body, g.first_cell, g.second_star_code, g.second_date, g.second_decision, g.second_body, g.second_cell,
        COALESCE(product.spelling_key, LOWER(TRIM(g.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(g.producer_name)), '') AS producer_key,
        COALESCE(n.unit_id, s.unit_id) AS unit_id
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = g.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = g.producer_name
    LEFT JOIN raw.import_lines AS n
        ON n.submission_id = g.submission_id AND n.sheet = g.sheet AND n.line_key = g.line_key
    WHERE g.product_name IS NOT NULL
),

claims AS (
    SELECT
        submission_id, sheet, row_no, 1 AS slot, product_name, product_key, producer_key, unit_id, first_star_code AS star,
        first_date AS decided, first_decision AS decision_no, first_cell AS cell,
        REGEXP_EXTRACT(first_decision, '[0-9]+') AS number, LOWER(TRIM(first_body)) AS body
    FROM lines
    WHERE first_star_code IN ('3', '4', 'potential_5', '5') AND first_date IS NOT NULL
    UNION ALL
    SELECT
        submission_id, sheet, row_no, 2, product_name, product_key, producer_key, unit_id, second_star_code, second_date,
        second_decision, second_cell, REGEXP_EXTRACT(second_decision, '[0-9]+'), LOWER(TRIM(second_body))
    FROM lines
    WHERE second_star_code IN ('3', '4', 'potential_5', '5') AND second_date IS NOT NULL
),

known AS (
    SELECT
        e.unit_id, COALESCE(c.star, e.star) AS star, e.decision_date AS decided, e.decision_no,
        REGEXP_EXTRACT(e.decision_no, '[0-9]+') AS number,
        COALESCE(product.spelling_key, LOWER(TRIM(e.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(e.producer_name)), '') AS producer_key
    FROM core.recognitions AS e
    LEFT JOIN core.certificates AS c ON c.product_id = e.product_id AND c.decision_date = e.decision_date
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = e.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = e.producer_name
    WHERE COALESCE(c.ending_kind, '') <> 'correction'
),

-- Told as it is known.
agreed AS (
    SELECT DISTINCT b.submission_id, b.sheet, b.row_no, b.slot
    FROM claims AS b
    JOIN known AS a
        ON a.unit_id = b.unit_id AND a.product_key = b.product_key AND a.producer_key = b.producer_key
        AND a.decided = b.decided AND a.star = b.star
),

others AS (
    SELECT
        b.submission_id, b.sheet, b.row_no, b.slot, a.star AS other_star, a.decided AS other_decided,
        a.decision_no AS other_decision_no
    FROM claims AS b
    JOIN known AS a
        ON a.unit_id = b.unit_id AND a.product_key = b.product_key AND a.producer_key = b.producer_key
        AND a.decided = b.decided AND a.star <> b.star
    UNION ALL
    SELECT b.submission_id, b.sheet, b.row_no, b.slot, a.star, a.decided, a.decision_no
    FROM claims AS b
    JOIN known AS a
        ON a.unit_id = b.unit_id AND a.product_key = b.product_key AND a.producer_key = b.producer_key
        AND a.number = b.number AND EXTRACT(YEAR FROM a.decided) = EXTRACT(YEAR FROM b.decided)
    WHERE b.number <> '' AND a.decided <> b.decided
),

pairs AS (
    SELECT
        b.submission_id, b.sheet, b.cell, b.product_name, b.star, b.decided, b.decision_no, o.other_star, o.other_decided,
        o.other_decision_no,
        ROW_NUMBER() OVER (
            PARTITION BY b.submission_id, b.sheet, b.row_no, b.slot ORDER BY o.other_decided, o.other_star
        ) AS place
    FROM claims AS b
    JOIN others AS o
        ON o.submission_id = b.submission_id AND o.sheet = b.sheet AND o.row_no = b.row_no AND o.slot = b.slot
    LEFT JOIN agreed AS g
        ON g.submission_id = b.submission_id AND g.sheet = b.sheet AND g.row_no = b.row_no AND g.slot = b.slot
    WHERE g.submission_id IS NULL
)

SELECT
    p.submission_id, p.sheet, p.cell,
    JSON_OBJECT(
        'product', p.product_name, 'star', CONCAT('star_', p.star), 'day', p.decided,
        'decision', COALESCE(p.decision_no, 'no_number'), 'other_star', CONCAT('star_', p.other_star),
        'other_day', p.other_decided, 'other_decision', COALESCE(p.other_decision_no, 'no_number')
    ) AS args
FROM pairs AS p
WHERE p.place = 1
