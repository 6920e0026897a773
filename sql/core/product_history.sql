-- One row per product and day on which a decision says something new of it, from its first recognition on: what its
-- certificate is from that day to the day before the next row, whose it is and where. Status, balance and flows of any
-- month are read from here, so that the answer for a day is the same told from the beginning or led on from any other.
-- The rules are those of ocop_pipeline/domain/certificates.py, which tests hold against this table. A decision finds the
-- certificate as it stood at the end of the day before; of one day corrections come first, then extensions, a
-- revocation, recognitions, transfers. Whatever else happens on the day of a recognition is undone by it. Each extension,
-- revocation and correction depends on what those before it left: these few certificates are walked event by event.
WITH RECURSIVE star_ranks AS (
    SELECT '3' AS star, 1 AS star_rank
    UNION ALL SELECT '4', 2
    UNION ALL SELECT 'potential_5', 3
    UNION ALL SELECT '5', 4
),

-- Of several units that tell of one day's decision the highest star stands.
told AS (
    SELECT
        e.product_id, e.decision_date, e.unit_id AS listed_unit_id, e.home_id, e.producer_id, e.producer_name,
        r.star_rank, e.expiry_date,
        ROW_NUMBER() OVER (
            PARTITION BY e.product_id, e.decision_date
            ORDER BY r.star_rank DESC, e.unit_id DESC, e.submission_id DESC, e.sheet DESC, e.cell DESC
        ) AS place
    FROM core.recognitions AS e
    JOIN star_ranks AS r ON r.star = e.star
),

-- Registers of the commune a product was transferred to list its earlier decisions too: until then it was where the transfer
-- found it.
places_before AS (
    SELECT
        t.product_id, t.decision_date, e.home_id,
        ROW_NUMBER() OVER (
            PARTITION BY t.product_id, t.decision_date
            ORDER BY e.event_date, e.decision_no DESC, e.submission_id, e.sheet, e.cell
        ) AS place
    FROM told AS t
    JOIN core.product_events AS e
        ON e.product_id = t.product_id AND e.event_kind = 'transfer' AND e.new_home_id IS NOT NULL
        AND e.event_date >= t.decision_date
    WHERE t.place = 1
),

recognised AS (
    SELECT
        t.product_id, t.decision_date, t.listed_unit_id, COALESCE(b.home_id, t.home_id) AS home_id, t.producer_id, t.producer_name, t.star_rank,
        t.expiry_date,
        MIN(t.decision_date) OVER (PARTITION BY t.product_id) AS first_decision_date,
        MIN(t.decision_date) OVER (
            PARTITION BY t.product_id ORDER BY t.decision_date ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
        ) AS next_decision_date
    FROM told AS t
    LEFT JOIN places_before AS b
        ON b.product_id = t.product_id AND b.decision_date = t.decision_date AND b.place = 1
    WHERE t.place = 1
),

days_of_change AS (
    SELECT
        c.product_id, c.decision_date, e.event_date,
        MAX(CASE WHEN e.event_kind = 'correction' AND e.star = 'none' THEN 1 ELSE 0 END) AS is_annulled,
        MAX(CASE WHEN e.event_kind = 'correction' THEN r.star_rank END) AS corrected_rank,
        MAX(e.corrected_expiry) AS corrected_expiry,
        MAX(e.extended_to) AS extended_to,
        MAX(e.extended_months) AS extended_months,
        MAX(e.extended_days) AS extended_days,
        MAX(CASE WHEN e.event_kind = 'revocation' THEN 1 ELSE 0 END) AS is_revoked,
        MAX(CASE WHEN e.event_kind = 'revocation' THEN e.decision_no END) AS revocation_no
    FROM core.product_events AS e
    JOIN recognised AS c
        ON c.product_id = e.product_id AND c.decision_date < e.event_date
        AND (c.next_decision_date IS NULL OR e.event_date < c.next_decision_date)
    LEFT JOIN star_ranks AS r ON r.star = e.star
    WHERE e.event_kind IN ('correction', 'extension', 'revocation')
    GROUP BY c.product_id, c.decision_date, e.event_date
),

changes AS (
    SELECT
        d.product_id, d.decision_date, d.event_date, d.is_annulled, d.corrected_rank, d.corrected_expiry, d.extended_to,
        d.extended_months, d.extended_days, d.is_revoked, d.revocation_no,
        ROW_NUMBER() OVER (PARTITION BY d.product_id, d.decision_date ORDER BY d.event_date) AS ordinal
    FROM days_of_change AS d
),

walked AS (
    SELECT
        c.product_id, c.decision_date, CAST(0 AS BIGINT) AS ordinal, c.decision_date AS event_date, c.star_rank,
        c.expiry_date, CAST(NULL AS VARCHAR) AS ending_kind, CAST(NULL AS DATE) AS ended_on,
        CAST(NULL AS VARCHAR) AS ending_decision_no
    FROM recognised AS c
    JOIN changes AS f ON f.product_id = c.product_id AND f.decision_date = c.decision_date AND f.ordinal = 1
    UNION ALL
    SELECT
        s.product_id, s.decision_date, s.ordinal, s.event_date, s.star_rank,
        CASE
            WHEN s.ending_kind IS NULL AND s.event_date <= s.expiry_date
                THEN GREATEST(
                    s.expiry_date, COALESCE(s.extended_to, s.expiry_date),
                    CAST(s.expiry_date + COALESCE(s.extended_months, 0) * INTERVAL '1' MONTH AS DATE),
                    CAST(s.expiry_date + COALESCE(s.extended_days, 0) * INTERVAL '1' DAY AS DATE)
                )
            ELSE s.expiry_date
        END,
        CASE
            WHEN s.ending_kind IS NULL AND s.event_date <= s.expiry_date AND s.is_revoked = 1 THEN 'revocation'
            ELSE s.ending_kind
        END,
        CASE
            WHEN s.ending_kind IS NULL AND s.event_date <= s.expiry_date AND s.is_revoked = 1 THEN s.event_date
            ELSE s.ended_on
        END,
        CASE
            WHEN s.ending_kind IS NULL AND s.event_date <= s.expiry_date AND s.is_revoked = 1 THEN s.revocation_no
            ELSE s.ending_decision_no
        END
    FROM (
        -- The certificate as the day's corrections put it; one that has ended is beyond correction.
        SELECT
            w.product_id, w.decision_date, n.ordinal, n.event_date, n.extended_to, n.extended_months, n.extended_days,
            n.is_revoked, n.revocation_no, w.ending_decision_no,
            CASE
                WHEN w.ending_kind IS NULL AND n.is_annulled = 0 THEN COALESCE(n.corrected_rank, w.star_rank)
                ELSE w.star_rank
            END AS star_rank,
            CASE
                WHEN w.ending_kind IS NULL AND n.is_annulled = 0 THEN COALESCE(n.corrected_expiry, w.expiry_date)
                ELSE w.expiry_date
            END AS expiry_date,
            CASE WHEN w.ending_kind IS NULL AND n.is_annulled = 1 THEN 'correction' ELSE w.ending_kind END
                AS ending_kind,
            CASE WHEN w.ending_kind IS NULL AND n.is_annulled = 1 THEN n.event_date ELSE w.ended_on END AS ended_on
        FROM walked AS w
        JOIN changes AS n
            ON n.product_id = w.product_id AND n.decision_date = w.decision_date AND n.ordinal = w.ordinal + 1
    ) AS s
),

states AS (
    SELECT
        c.product_id, c.decision_date AS event_date, c.decision_date, c.listed_unit_id, c.star_rank, c.expiry_date,
        CAST(NULL AS VARCHAR) AS ending_kind, CAST(NULL AS DATE) AS ended_on,
        CAST(NULL AS VARCHAR) AS ending_decision_no, c.producer_id, c.producer_name, c.home_id, 1 AS is_recognition
    FROM recognised AS c
    UNION ALL
    SELECT
        w.product_id, w.event_date, w.decision_date, c.listed_unit_id, w.star_rank, w.expiry_date, w.ending_kind,
        w.ended_on, w.ending_decision_no, CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), 0
    FROM walked AS w
    JOIN recognised AS c ON c.product_id = w.product_id AND c.decision_date = w.decision_date
    WHERE w.ordinal > 0
),

transfers AS (
    SELECT
        e.product_id, e.event_date, e.new_producer_id, e.new_producer_name, e.new_home_id,
        ROW_NUMBER() OVER (
            PARTITION BY e.product_id, e.event_date
            ORDER BY e.decision_no DESC, e.new_home_id DESC, e.new_producer_id DESC, e.submission_id, e.sheet, e.cell
        ) AS place
    FROM core.product_events AS e
    JOIN recognised AS f
        ON f.product_id = e.product_id AND f.decision_date = f.first_decision_date AND f.decision_date <= e.event_date
    WHERE e.event_kind = 'transfer'
),

-- A day's transfer says whose the product is at its end, and where; what it does not say stays.
moves AS (
    SELECT
        COALESCE(s.product_id, t.product_id) AS product_id, COALESCE(s.event_date, t.event_date) AS event_date,
        s.decision_date, s.listed_unit_id, s.star_rank, s.expiry_date, s.ending_kind, s.ended_on, s.ending_decision_no,
        COALESCE(t.new_producer_id, s.producer_id) AS producer_id,
        CASE WHEN t.new_producer_id IS NULL THEN s.producer_name ELSE t.new_producer_name END AS producer_name,
        COALESCE(t.new_home_id, s.home_id) AS home_id, COALESCE(s.is_recognition, 0) AS is_recognition
    FROM states AS s
    FULL JOIN (
        SELECT product_id, event_date, new_producer_id, new_producer_name, new_home_id FROM transfers WHERE place = 1
    ) AS t ON t.product_id = s.product_id AND t.event_date = s.event_date
),

-- Of each row the day on which its state, its producer and its place were last said.
said AS (
    SELECT
        m.product_id, m.event_date, m.is_recognition,
        MIN(m.event_date) OVER (
            PARTITION BY m.product_id ORDER BY m.event_date ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
        ) AS next_event_date,
        MIN(m.decision_date) OVER (
            PARTITION BY m.product_id ORDER BY m.event_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS first_decision_date,
        MAX(CASE WHEN m.decision_date IS NOT NULL THEN m.event_date END) OVER (
            PARTITION BY m.product_id ORDER BY m.event_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS state_day,
        MAX(CASE WHEN m.producer_id IS NOT NULL THEN m.event_date END) OVER (
            PARTITION BY m.product_id ORDER BY m.event_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS producer_day,
        MAX(CASE WHEN m.home_id IS NOT NULL THEN m.event_date END) OVER (
            PARTITION BY m.product_id ORDER BY m.event_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS home_day
    FROM moves AS m
)

SELECT
    d.product_id, d.event_date, d.next_event_date, s.decision_date, d.first_decision_date, s.listed_unit_id,
    r.star, s.expiry_date, s.ending_kind, s.ended_on, s.ending_decision_no, p.producer_id, p.producer_name, h.home_id,
    d.is_recognition = 1 AS is_recognition
FROM said AS d
JOIN moves AS s ON s.product_id = d.product_id AND s.event_date = d.state_day
JOIN star_ranks AS r ON r.star_rank = s.star_rank
LEFT JOIN moves AS p ON p.product_id = d.product_id AND p.event_date = d.producer_day
LEFT JOIN moves AS h ON h.product_id = d.product_id AND h.event_date = d.home_day
