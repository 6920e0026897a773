-- One row per line of an imported decision that recognises nothing: what happened to which product, on what day, by
-- whose decision. Evaluated and not recognised, revoked, extended (to a day, or by months or days; where the decision
-- says neither, by what its regime grants), transferred to another producer or commune, put right (the star, or none
-- where there should have been no recognition; the expiry). Whose product it is stands in
-- staging.register_rows and staging.register_places under the same line. What a line names goes before what was told for
-- the whole list.
WITH named AS (
    SELECT
        c.submission_id, c.sheet, c.line_key,
        MAX(CASE WHEN c.field = 'first_star' AND c.state IN ('text', 'number') THEN c.text END) AS current_star,
        MAX(CASE WHEN c.field = 'extended_to' THEN c.day END) AS extended_to,
        MAX(CASE WHEN c.field = 'expiry_date' THEN c.day END) AS expiry_date,
        MAX(CASE WHEN c.field = 'new_producer_name' AND c.state IN ('text', 'number') THEN c.text END)
            AS new_producer_name
    FROM staging.cells AS c
    JOIN meta.run_periods AS r ON r.period = c.period
    JOIN raw.imports AS i ON i.submission_id = c.submission_id
    WHERE c.part = 'register'
    GROUP BY c.submission_id, c.sheet, c.line_key
)

SELECT
    g.period, g.submission_id, g.sheet, g.line_key, g.row_no, p.unit_id, g.product_name, g.producer_name,
    g.commune_name, i.event_kind, i.decision_date AS event_date, i.decision_no, i.issuing_body, i.issuing_level,
    CASE WHEN i.event_kind = 'transfer' THEN COALESCE(w.new_producer_name, i.new_producer_name) END
        AS new_producer_name,
    CASE WHEN i.event_kind = 'extension' THEN COALESCE(w.extended_to, w.expiry_date, i.extended_to) END
        AS extended_to,
    CASE WHEN i.event_kind = 'extension' THEN i.extended_months END AS extended_months,
    CASE WHEN i.event_kind = 'extension' THEN i.extended_days END AS extended_days,
    CASE WHEN i.event_kind = 'transfer' THEN n.new_unit_id END AS new_unit_id,
    g.corrected_star, CASE WHEN i.event_kind = 'correction' THEN w.expiry_date END AS corrected_expiry,
    w.current_star, g.score, g.score_a, g.score_b, g.score_c, g.product_cell AS cell
FROM staging.register_rows AS g
JOIN meta.run_periods AS r ON r.period = g.period
JOIN raw.imports AS i ON i.submission_id = g.submission_id
JOIN staging.register_places AS p
    ON p.submission_id = g.submission_id AND p.sheet = g.sheet AND p.line_key = g.line_key
JOIN named AS w ON w.submission_id = g.submission_id AND w.sheet = g.sheet AND w.line_key = g.line_key
LEFT JOIN raw.import_lines AS n
    ON n.submission_id = g.submission_id AND n.sheet = g.sheet AND n.line_key = g.line_key
WHERE i.event_kind IN ('not_recognised', 'revocation', 'extension', 'transfer', 'correction')
