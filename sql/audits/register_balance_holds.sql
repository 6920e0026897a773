-- Opening + newly recognised + returned + moved up, down and in + corrected in − moved up, down and out − corrected out
-- − expired − revoked = closing, for every unit and star: a product that is nowhere accounted for is a wrong total.
SELECT
    b.period, b.unit_id, b.star, b.closing_count,
    b.opening_count + b.first_count + b.regained_count + b.upgraded_in_count - b.upgraded_out_count
    + b.downgraded_in_count - b.downgraded_out_count + b.moved_in_count - b.moved_out_count + b.corrected_in_count
    - b.corrected_out_count - b.expired_count - b.revoked_count
        AS accounted_count
FROM core.register_balance AS b
JOIN meta.run_periods AS r ON r.period = b.period
WHERE b.closing_count
    <> b.opening_count + b.first_count + b.regained_count + b.upgraded_in_count - b.upgraded_out_count
    + b.downgraded_in_count - b.downgraded_out_count + b.moved_in_count - b.moved_out_count + b.corrected_in_count
    - b.corrected_out_count - b.expired_count - b.revoked_count
