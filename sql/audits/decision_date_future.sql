-- Recognitions decided after the closing day of the period reported.
-- Source: NĐ 09/2019/NĐ-CP, Điều 12: a report covers what happened until its data closed.
SELECT
    g.submission_id, g.sheet, g.first_cell AS cell, JSON_OBJECT('day', g.first_date, 'end', s.period_end) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
WHERE g.first_date > s.period_end
UNION ALL
SELECT
    g.submission_id, g.sheet, g.second_cell AS cell, JSON_OBJECT('day', g.second_date, 'end', s.period_end) AS args
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN meta.run_periods AS r ON r.period = s.period
WHERE g.second_date > s.period_end
