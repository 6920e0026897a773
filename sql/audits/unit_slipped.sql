-- Amounts of money a thousand or a million times what the sender, or where little is known of it its neighbours, usually
-- reports: written in đồng or nghìn đồng; or as many times less, below all it ever reported: written in tỷ.
-- Source: ours; a warning. Of one sender's totals the largest month is seldom thirty times the middle one, so what is off
-- by 200 to 20,000 (or 200,000 to 20 million) is nearer a slip than a month like that; less than three months tell nothing.
-- Needs: three months, or five neighbours, that tell what is usual.
WITH compared AS (
    SELECT
        v.submission_id, v.sheet, v.cell, l.line_code, l.label_vi, v.value,
        CASE WHEN own.months_count >= 3 AND own.usual > 0 THEN own.usual ELSE near.usual END AS usual,
        CASE WHEN own.months_count >= 3 AND own.usual > 0 THEN own.least END AS least
    FROM staging.form_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    JOIN catalogue.form_lines AS l
        ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code
        AND l.field = v.field
    JOIN catalogue.periods AS p ON p.period = v.period
    JOIN catalogue.units AS u ON u.unit_id = v.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
    LEFT JOIN meta.usual_values AS own
        ON own.unit_id = v.unit_id AND own.agency = v.agency AND own.form = v.form AND own.indicator = v.indicator
    LEFT JOIN meta.usual_nearby AS near
        ON near.parent_id = u.parent_id AND near.agency = v.agency AND near.form = v.form
        AND near.indicator = v.indicator AND near.units_count >= 5 AND near.usual > 0
    WHERE v.breakdown = '' AND v.state = 'number' AND v.value > 0 AND l.unit_vi = 'triệu đồng'
),

slipped AS (
    SELECT
        submission_id, sheet, cell, line_code, label_vi, value, usual,
        CASE
            WHEN value >= 200000 * usual AND value < 20000000 * usual THEN 'dong'
            WHEN value >= 200 * usual AND value < 20000 * usual THEN 'nghin_dong'
            WHEN 200 * value <= usual AND 20000 * value > usual AND 100 * value < least THEN 'ty_dong'
        END AS suspected
    FROM compared
    WHERE usual IS NOT NULL
)

SELECT
    s.submission_id, s.sheet, s.cell,
    JSON_OBJECT(
        'line', s.line_code, 'label', s.label_vi, 'value', s.value, 'usual', CAST(s.usual AS DECIMAL(20, 4)),
        'unit', s.suspected
    ) AS args
FROM slipped AS s
WHERE s.suspected IS NOT NULL
