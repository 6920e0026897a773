-- One row per month of a report, month, unit, ratio indicator and breakdown: numerator and denominator added over the
-- reports that gave both, on the report's map of units. A report that gives only one of them would bend the ratio, so it is left out and the count says so.
WITH paired AS (
    SELECT
        n.period, n.unit_id, i.indicator, n.breakdown, n.value AS numerator, d.value AS denominator
    FROM core.indicator_values AS n
    JOIN meta.run_periods AS r ON r.period = n.period
    JOIN catalogue.indicators AS i ON i.kind = 'ratio' AND i.numerator = n.indicator
    JOIN core.indicator_values AS d
        ON d.period = n.period AND d.unit_id = n.unit_id AND d.agency = n.agency AND d.form = n.form
        AND d.indicator = i.denominator AND d.breakdown = n.breakdown
    -- A month that is asked for on another map than its own comes restated.
    LEFT JOIN catalogue.restatements AS o ON o.period = n.period AND o.month = n.period
    WHERE o.period IS NULL AND n.state IN ('number', 'nothing') AND d.state IN ('number', 'nothing')
)

SELECT
    paired.period, paired.period AS month, a.ancestor_id AS unit_id, paired.indicator, paired.breakdown,
    CAST(SUM(paired.numerator) AS DECIMAL(28, 4)) AS numerator,
    CAST(SUM(paired.denominator) AS DECIMAL(28, 4)) AS denominator,
    CAST(COUNT(*) AS INTEGER) AS reported_count
FROM paired
JOIN core.unit_ancestors AS a ON a.period = paired.period AND a.unit_id = paired.unit_id
GROUP BY paired.period, a.ancestor_id, paired.indicator, paired.breakdown
UNION ALL
SELECT
    n.period, n.month, a.ancestor_id, i.indicator, n.breakdown,
    CAST(SUM(n.value) AS DECIMAL(28, 4)), CAST(SUM(d.value) AS DECIMAL(28, 4)),
    CAST(COUNT(DISTINCT n.source_id) AS INTEGER)
FROM meta.run_periods AS r
JOIN core.restated_values AS n ON n.period = r.period
JOIN catalogue.indicators AS i ON i.kind = 'ratio' AND i.numerator = n.indicator
JOIN core.restated_values AS d
    ON d.period = n.period AND d.month = n.month AND d.source_id = n.source_id AND d.unit_id = n.unit_id
    AND d.indicator = i.denominator AND d.breakdown = n.breakdown
JOIN core.unit_ancestors AS a ON a.period = n.period AND a.unit_id = n.unit_id
GROUP BY n.period, n.month, a.ancestor_id, i.indicator, n.breakdown
