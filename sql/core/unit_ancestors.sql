-- One row per unit and each unit above it (itself included, distance 0) on the last day of a month, for the units
-- in the site's scope. The only place that climbs the hierarchy: tiers come from dated data, never from columns.
WITH units_on AS (
    SELECT p.period, u.unit_id, u.tier, u.parent_id
    FROM meta.run_periods AS r
    JOIN catalogue.periods AS p ON p.period = r.period
    JOIN catalogue.units AS u ON p.end_date BETWEEN u.valid_from AND u.valid_to
),

climbed AS (
    SELECT u.period, u.unit_id, u.tier AS unit_tier, u.unit_id AS ancestor_id, u.tier AS ancestor_tier, 0 AS distance
    FROM units_on AS u
    UNION ALL
    SELECT u.period, u.unit_id, u.tier, a.unit_id, a.tier, 1
    FROM units_on AS u
    JOIN units_on AS a ON a.period = u.period AND a.unit_id = u.parent_id
    UNION ALL
    SELECT u.period, u.unit_id, u.tier, b.unit_id, b.tier, 2
    FROM units_on AS u
    JOIN units_on AS a ON a.period = u.period AND a.unit_id = u.parent_id
    JOIN units_on AS b ON b.period = a.period AND b.unit_id = a.parent_id
    UNION ALL
    SELECT u.period, u.unit_id, u.tier, c.unit_id, c.tier, 3
    FROM units_on AS u
    JOIN units_on AS a ON a.period = u.period AND a.unit_id = u.parent_id
    JOIN units_on AS b ON b.period = a.period AND b.unit_id = a.parent_id
    JOIN units_on AS c ON c.period = b.period AND c.unit_id = b.parent_id
),

in_scope AS (
    SELECT DISTINCT climbed.period, climbed.unit_id
    FROM climbed
    JOIN catalogue.scope AS s ON s.unit_id = climbed.ancestor_id
)

SELECT
    climbed.period, climbed.unit_id, climbed.unit_tier, climbed.ancestor_id, climbed.ancestor_tier,
    CAST(climbed.distance AS INTEGER) AS distance
FROM climbed
JOIN in_scope AS low ON low.period = climbed.period AND low.unit_id = climbed.unit_id
-- What is above the scope is left out: a nation's total made of one province would be a wrong total.
JOIN in_scope AS high ON high.period = climbed.period AND high.unit_id = climbed.ancestor_id
