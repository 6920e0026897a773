-- Flows far from what the sender usually reports, and beyond all it reported in two years, each season included; of a
-- sender of whom less than six months are known, or who mostly reports nought, far beyond all its neighbours report.
-- Source: ours; a warning. Median and median absolute deviation (Hampel's identifier: 1.4826 MAD stands for a standard
-- deviation), six of them, because one month in a thousand may be asked about and not one in twenty; a tenth of the median
-- and five units (20 million đồng) at least, so that small and steady counts may move. Slips of a unit are UNIT_SLIPPED.
-- Needs: six months, or ten neighbours, that tell what is usual.
WITH compared AS (
    SELECT
        v.submission_id, v.sheet, v.cell, l.line_code, l.label_vi, v.value,
        CASE WHEN own.months_count >= 6 AND own.usual > 0 THEN 'own' ELSE 'near' END AS whose,
        CASE WHEN own.months_count >= 6 AND own.usual > 0 THEN own.usual ELSE near.usual END AS usual,
        CASE WHEN own.months_count >= 6 AND own.usual > 0 THEN own.spread ELSE near.spread END AS spread,
        CASE WHEN own.months_count >= 6 AND own.usual > 0 THEN own.least END AS least,
        CASE WHEN own.months_count >= 6 AND own.usual > 0 THEN 1.5 * own.largest ELSE 3 * near.largest END AS most,
        CASE WHEN l.unit_vi = 'triệu đồng' THEN 20 ELSE 5 END AS grain,
        CASE WHEN l.unit_vi = 'triệu đồng' THEN 200 ELSE 1000000 END AS slip
    FROM staging.form_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    JOIN catalogue.form_lines AS l
        ON l.form = v.form AND l.period = v.period AND l.part = v.part AND l.line_code = v.line_code
        AND l.field = v.field
    JOIN catalogue.indicators AS i ON i.indicator = v.indicator AND i.kind = 'flow'
    JOIN catalogue.periods AS p ON p.period = v.period
    JOIN catalogue.units AS u ON u.unit_id = v.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
    LEFT JOIN meta.usual_values AS own
        ON own.unit_id = v.unit_id AND own.agency = v.agency AND own.form = v.form AND own.indicator = v.indicator
    LEFT JOIN meta.usual_nearby AS near
        ON near.parent_id = u.parent_id AND near.agency = v.agency AND near.form = v.form
        AND near.indicator = v.indicator AND near.units_count >= 10
    WHERE v.breakdown = '' AND v.state = 'number'
),

far AS (
    SELECT
        submission_id, sheet, cell, line_code, label_vi, value, whose, usual, least, most, grain,
        6 * GREATEST(1.4826 * spread, 0.1 * usual, grain) AS far_off
    FROM compared
    WHERE usual IS NOT NULL AND NOT (usual > 0 AND value >= slip * usual)
)

SELECT
    f.submission_id, f.sheet, f.cell,
    JSON_OBJECT(
        'line', f.line_code, 'label', f.label_vi, 'value', f.value, 'usual', CAST(f.usual AS DECIMAL(20, 4)),
        'whose', CONCAT('usual_', f.whose)
    ) AS args
FROM far AS f
WHERE
    (f.value - f.usual > f.far_off AND f.value > f.most + f.grain)
    OR (f.usual - f.value > f.far_off AND 1.5 * f.value + f.grain < f.least)
