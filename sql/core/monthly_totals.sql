-- One row per month, unit, indicator and breakdown: what the unit itself and all below it reported that month,
-- added over units (every kind adds over units here; ratios and distinct counts are not in this table).
-- Each report enters once at its own tier and once at every tier above. Coverage stands beside every total: of a report
-- that did not come nothing is known, but that no layout in force has the line (`not_collected`: no silence of the sender's).
WITH reported AS (
    SELECT
        v.period, a.ancestor_id AS unit_id, v.indicator, v.breakdown,
        CAST(SUM(v.value) AS DECIMAL(28, 4)) AS value,
        SUM(CASE WHEN v.state IN ('number', 'nothing') THEN 1 ELSE 0 END) AS reported_count,
        SUM(CASE WHEN v.state = 'nothing' THEN 1 ELSE 0 END) AS nothing_count,
        SUM(CASE WHEN v.state = 'blank' THEN 1 ELSE 0 END) AS blank_count,
        SUM(CASE WHEN v.state = 'not_collected' THEN 1 ELSE 0 END) AS not_collected_count
    FROM core.indicator_values AS v
    JOIN meta.run_periods AS r ON r.period = v.period
    JOIN core.unit_ancestors AS a ON a.period = v.period AND a.unit_id = v.unit_id
    GROUP BY v.period, a.ancestor_id, v.indicator, v.breakdown
),

expected AS (
    SELECT
        e.period, a.ancestor_id AS unit_id, l.indicator, l.breakdown, COUNT(*) AS expected_count,
        SUM(CASE WHEN s.submission_id IS NULL AND NOT l.is_laid_out THEN 1 ELSE 0 END) AS without_place_count
    FROM core.expected_reports AS e
    JOIN meta.run_periods AS r ON r.period = e.period
    JOIN catalogue.asked_lines AS l ON l.period = e.period AND l.form = e.form
    JOIN core.unit_ancestors AS a ON a.period = e.period AND a.unit_id = e.unit_id
    LEFT JOIN staging.submissions AS s
        ON s.period = e.period AND s.form = e.form AND s.unit_id = e.unit_id AND s.agency = e.agency
    GROUP BY e.period, a.ancestor_id, l.indicator, l.breakdown
)

SELECT
    expected.period, expected.unit_id, expected.indicator, expected.breakdown,
    reported.value,
    CAST(expected.expected_count AS INTEGER) AS expected_count,
    CAST(COALESCE(reported.reported_count, 0) AS INTEGER) AS reported_count,
    CAST(COALESCE(reported.nothing_count, 0) AS INTEGER) AS nothing_count,
    CAST(COALESCE(reported.blank_count, 0) AS INTEGER) AS blank_count,
    CAST(COALESCE(reported.not_collected_count, 0) + expected.without_place_count AS INTEGER) AS not_collected_count
FROM expected
LEFT JOIN reported
    ON reported.period = expected.period AND reported.unit_id = expected.unit_id
    AND reported.indicator = expected.indicator AND reported.breakdown = expected.breakdown
