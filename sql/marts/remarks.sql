-- One row per difficulty, cause, proposal or coming task that an accepted report wrote down, in its own words.
SELECT
    s.period, s.form, s.unit_id, s.agency, u.name AS unit_name, u.full_name AS unit_full_name,
    g.name_vi AS agency_name, c.field AS remark_kind, c.text AS remark, s.submission_id, c.sheet, c.cell
FROM staging.submissions AS s
JOIN meta.run_periods AS r ON r.period = s.period
JOIN catalogue.periods AS p ON p.period = s.period
JOIN staging.cells AS c ON c.submission_id = s.submission_id AND c.part = 'remarks' AND c.state = 'text'
JOIN catalogue.units AS u ON u.unit_id = s.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
LEFT JOIN catalogue.agencies AS g ON g.agency = s.agency AND p.end_date BETWEEN g.valid_from AND g.valid_to
