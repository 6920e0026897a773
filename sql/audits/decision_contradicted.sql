-- Two recognitions of one product in one register that cannot both be: one decision (number, year, body) with two days or
-- two stars, or two decisions of one day with one star. Of a number only its first digits are compared: people write
-- "3981", "3981/QĐ-UBND" and "QĐ 3981".
-- Source: the register's form (F3): each slot is one decision, and a decision has one day and gives a product one star.
WITH lines AS (
    SELECT
        g.submission_id, g.sheet, g.row_no, g.product_name, g.first_star_code, g.first_date, g.first_decision,
        g.first_body, g.first_cell, g.second_star_code, g.second_date, g.second_decision, g.second_body, g.second_cell,
        COALESCE(product.spelling_key, LOWER(TRIM(g.product_name))) AS product_key,
        COALESCE(producer.spelling_key, LOWER(TRIM(g.producer_name)), '') AS producer_key,
        COALESCE(LOWER(TRIM(g.commune_name)), '') AS commune
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    JOIN meta.run_periods AS r ON r.period = s.period
    LEFT JOIN register.spellings AS product ON product.name_kind = 'product' AND product.name = g.product_name
    LEFT JOIN register.spellings AS producer ON producer.name_kind = 'producer' AND producer.name = g.producer_name
    WHERE g.product_name IS NOT NULL
),

claims AS (
    SELECT
        submission_id, sheet, row_no, 1 AS slot, product_name, product_key, producer_key, commune, first_star_code AS star,
        first_date AS decided, first_decision AS decision_no, first_cell AS cell,
        REGEXP_EXTRACT(first_decision, '[0-9]+') AS number, LOWER(TRIM(first_body)) AS body
    FROM lines
    WHERE first_star_code IN ('3', '4', 'potential_5', '5') AND first_date IS NOT NULL
    UNION ALL
    SELECT
        submission_id, sheet, row_no, 2, product_name, product_key, producer_key, commune, second_star_code, second_date,
        second_decision, second_cell, REGEXP_EXTRACT(second_decision, '[0-9]+'), LOWER(TRIM(second_body))
    FROM lines
    WHERE second_star_code IN ('3', '4', 'potential_5', '5') AND second_date IS NOT NULL
),

-- Each claim with those before it, in the order of the register: the later one is shown.
pairs AS (
    SELECT
        b.submission_id, b.sheet, b.cell, b.product_name, b.star, b.decided, b.decision_no, b.number, b.body,
        a.star AS other_star, a.decided AS other_decided, a.decision_no AS other_decision_no, a.number AS other_number,
        a.body AS other_body, a.cell AS other_cell,
        ROW_NUMBER() OVER (
            PARTITION BY b.submission_id, b.sheet, b.row_no, b.slot ORDER BY a.sheet, a.row_no, a.slot
        ) AS place
    FROM claims AS b
    JOIN claims AS a
        ON a.submission_id = b.submission_id AND a.product_key = b.product_key AND a.producer_key = b.producer_key
        AND a.commune = b.commune
        AND (a.sheet < b.sheet OR (a.sheet = b.sheet AND (a.row_no, a.slot) < (b.row_no, b.slot)))
    WHERE
        (
            a.number = b.number AND a.number <> '' AND EXTRACT(YEAR FROM a.decided) = EXTRACT(YEAR FROM b.decided)
            AND COALESCE(a.body, b.body, '') = COALESCE(b.body, a.body, '')
            AND (a.decided <> b.decided OR a.star <> b.star)
        )
        OR (
            a.decided = b.decided AND a.star = b.star AND a.number <> b.number AND a.number <> '' AND b.number <> ''
        )
)

SELECT
    p.submission_id, p.sheet, p.cell,
    JSON_OBJECT(
        'product', p.product_name, 'star', CONCAT('star_', p.star), 'day', p.decided,
        'decision', COALESCE(p.decision_no, 'no_number'), 'other_star', CONCAT('star_', p.other_star),
        'other_day', p.other_decided, 'other_decision', COALESCE(p.other_decision_no, 'no_number'),
        'other_cell', p.other_cell
    ) AS args
FROM pairs AS p
WHERE p.place = 1
