-- Two recognitions of one product in one register that cannot both be: one decision (number, year, body) with two days or
-- two stars, or two decisions of one day with one star. Of a number only its first digits are compared: people write
-- "3981", "3981/QĐ-UBND" and "QĐ 3981". Each claim is compared with the first of its decision or day, so that a register
-- that repeats one product without end takes no longer.
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

-- Most products are told once a register: only the others are compared.
several AS (
    SELECT submission_id, product_key, producer_key, commune
    FROM claims
    GROUP BY submission_id, product_key, producer_key, commune
    HAVING COUNT(*) > 1
),

-- Beside each claim the first of the same decision, and the first of the same day and star.
firsts AS (
    SELECT
        c.submission_id, c.sheet, c.row_no, c.slot, c.cell, c.product_name, c.star, c.decided, c.decision_no, c.number, c.body,
        FIRST_VALUE(c.star) OVER of_decision AS told_star, FIRST_VALUE(c.decided) OVER of_decision AS told_decided,
        FIRST_VALUE(c.decision_no) OVER of_decision AS told_decision_no, FIRST_VALUE(c.body) OVER of_decision AS told_body,
        FIRST_VALUE(c.cell) OVER of_decision AS told_cell, FIRST_VALUE(c.number) OVER of_day AS day_number,
        FIRST_VALUE(c.decision_no) OVER of_day AS day_decision_no, FIRST_VALUE(c.cell) OVER of_day AS day_cell
    FROM claims AS c
    JOIN several AS m
        ON m.submission_id = c.submission_id AND m.product_key = c.product_key AND m.producer_key = c.producer_key
        AND m.commune = c.commune
    WHERE c.number <> ''
    WINDOW
        of_decision AS (
            PARTITION BY c.submission_id, c.product_key, c.producer_key, c.commune, c.number, EXTRACT(YEAR FROM c.decided)
            ORDER BY c.sheet, c.row_no, c.slot ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ),
        of_day AS (
            PARTITION BY c.submission_id, c.product_key, c.producer_key, c.commune, c.decided, c.star
            ORDER BY c.sheet, c.row_no, c.slot ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )
),

contradictions AS (
    SELECT
        submission_id, sheet, cell, product_name, star, decided, decision_no, told_star AS other_star,
        told_decided AS other_decided, told_decision_no AS other_decision_no, told_cell AS other_cell
    FROM firsts
    WHERE
        (told_decided <> decided OR told_star <> star)
        AND COALESCE(told_body, body, '') = COALESCE(body, told_body, '')
    UNION ALL
    SELECT
        submission_id, sheet, cell, product_name, star, decided, decision_no, star, decided, day_decision_no, day_cell
    FROM firsts
    WHERE day_number <> number
),

placed AS (
    SELECT
        c.submission_id, c.sheet, c.cell, c.product_name, c.star, c.decided, c.decision_no, c.other_star, c.other_decided,
        c.other_decision_no, c.other_cell,
        ROW_NUMBER() OVER (
            PARTITION BY c.submission_id, c.sheet, c.cell ORDER BY c.other_decided, c.other_star, c.other_cell
        ) AS place
    FROM contradictions AS c
)

SELECT
    p.submission_id, p.sheet, p.cell,
    JSON_OBJECT(
        'product', p.product_name, 'star', CONCAT('star_', p.star), 'day', p.decided,
        'decision', COALESCE(p.decision_no, 'no_number'), 'other_star', CONCAT('star_', p.other_star),
        'other_day', p.other_decided, 'other_decision', COALESCE(p.other_decision_no, 'no_number'),
        'other_cell', p.other_cell
    ) AS args
FROM placed AS p
WHERE p.place = 1
