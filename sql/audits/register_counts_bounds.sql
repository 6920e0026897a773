-- Register counts that cannot be: more products valid than ever recognised, more communes with a product than
-- communes, more producers than products.
WITH wide AS (
    SELECT
        c.period, c.month, c.unit_id,
        MAX(CASE WHEN c.indicator = 'SP02' THEN c.value END) AS ever,
        MAX(CASE WHEN c.indicator = 'SP03' THEN c.value END) AS valid,
        MAX(CASE WHEN c.indicator = 'SP07A' THEN c.value END) AS with_product,
        MAX(CASE WHEN c.indicator = 'SP07B' THEN c.value END) AS communes,
        MAX(CASE WHEN c.indicator = 'CH01' THEN c.value END) AS producers
    FROM core.register_counts AS c
    JOIN meta.run_periods AS r ON r.period = c.period
    WHERE c.breakdown = ''
    GROUP BY c.period, c.month, c.unit_id
)

SELECT period, month, unit_id FROM wide WHERE valid > ever OR with_product > communes OR producers > valid
