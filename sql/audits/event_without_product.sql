-- Revocations, extensions, transfers and corrections that meet no product recognised by their day: the decision changes
-- nothing, and nobody would see that it did not. Told with its line, so that the name or the missing list is found.
-- Source: ours; a warning, because the list that recognised the product may come later, and then the decision acts.
-- What the import says of the same (EVENT_WITHOUT_PRODUCT) is of its day only.
WITH first_days AS (
    SELECT e.product_id, MIN(e.decision_date) AS first_day FROM core.recognitions AS e GROUP BY e.product_id
)

SELECT
    'EVENT_WITHOUT_PRODUCT' AS code, e.event_kind, e.decision_no, e.event_date, e.product_name, e.producer_name,
    s.file_name, e.sheet, e.cell
FROM core.product_events AS e
LEFT JOIN first_days AS f ON f.product_id = e.product_id
LEFT JOIN raw.submissions AS s ON s.submission_id = e.submission_id
WHERE
    e.event_kind IN ('revocation', 'extension', 'transfer', 'correction')
    AND (f.first_day IS NULL OR f.first_day > e.event_date)
