"""Walking a published figure back to the cells of archived workbooks it was made of.

Belongs here: from a figure (unit, month, span, indicator, breakdown) to its source cells, by the same
months, units and reports the SQL models add up. Opening the archived file is intake's work.
"""

from dataclasses import dataclass
from decimal import Decimal

import duckdb


class UntraceableError(Exception):
    """The figure's indicator, month or span is unknown; the message says which."""


@dataclass(frozen=True, slots=True)
class SourceCell:
    """One cell behind a figure.

    Attributes:
        period: Month the cell was reported for, or for the register the month it counts in.
        unit_id, unit_name: Unit it counts for, by its name on the month's last day.
        agency: Department that reported it, blank for the unit itself.
        indicator: The figure's own, or for a ratio the numerator's or denominator's.
        submission_id, file_name: The archived file.
        sheet, cell: The place in it; None where the layout in use has no such line, or the sender took it out.
        state: number, nothing, blank or not_collected, so that silence shows; for the register counted.
        value: What the cell adds, in the indicator's unit; None for silence and for the register.
        product_name: For the register the product of the line, else None.
    """

    period: str
    unit_id: str
    unit_name: str
    agency: str
    indicator: str
    submission_id: str
    file_name: str
    sheet: str | None
    cell: str | None
    state: str
    value: Decimal | None
    product_name: str | None


# Flows add the months of the span; everything else stands as of the last month.
_MONTHS = """
    SELECT s.month AS period, p.start_date, p.end_date
    FROM catalogue.spans AS s
    JOIN catalogue.periods AS p ON p.period = s.month
    WHERE s.period = $period AND s.span = $span AND ($is_flow OR s.is_last)
"""

# The units of each month that the figure's unit holds: those below it then, or where the month had another map of
# units, those that went into it or have a part in it.
_UNDER = """
    SELECT m.period, a.unit_id
    FROM months AS m
    JOIN core.unit_ancestors AS a ON a.period = m.period AND a.ancestor_id = $unit_id
    WHERE NOT EXISTS (
        SELECT 1 FROM catalogue.restatements AS t WHERE t.period = $period AND t.month = m.period)
    UNION
    SELECT m.period, y.unit_id
    FROM months AS m
    JOIN catalogue.restatements AS t ON t.period = $period AND t.month = m.period
    JOIN catalogue.unit_ways AS y ON y.from_map = t.from_map AND y.to_map = t.to_map
    JOIN core.unit_ancestors AS a
        ON a.period = $period AND a.unit_id = y.target_id AND a.ancestor_id = $unit_id
"""


def _counted_as(breakdown: str, month: str) -> str:
    """SQL: whether a sector of a month's list counts as the breakdown asked for, in the list of the asked month."""
    return f"""EXISTS (
        SELECT 1 FROM catalogue.sector_changes AS c
        JOIN catalogue.periods AS asked ON asked.period = $period
        WHERE c.breakdown = {breakdown} AND c.as_breakdown = $breakdown
            AND {month}.end_date BETWEEN c.valid_from AND c.valid_to
            AND asked.end_date BETWEEN c.asked_from AND c.asked_to)"""


_REPORTED = f"""
WITH months AS ({_MONTHS}),

under AS ({_UNDER})

SELECT
    v.period, v.unit_id, u.full_name, v.agency, v.indicator, v.submission_id, s.file_name, v.sheet, v.cell,
    v.state, v.value, NULL
FROM core.indicator_values AS v
JOIN months AS m ON m.period = v.period
JOIN under AS a ON a.period = v.period AND a.unit_id = v.unit_id
JOIN raw.submissions AS s ON s.submission_id = v.submission_id
JOIN catalogue.units AS u ON u.unit_id = v.unit_id AND m.end_date BETWEEN u.valid_from AND u.valid_to
WHERE v.indicator = $indicator AND (v.breakdown = $breakdown OR {_counted_as("v.breakdown", "m")}) AND (
    $other IS NULL OR v.state IN ('number', 'nothing') AND EXISTS (
        SELECT 1 FROM core.indicator_values AS o
        WHERE o.period = v.period AND o.unit_id = v.unit_id AND o.agency = v.agency AND o.form = v.form
            AND o.indicator = $other AND o.breakdown = v.breakdown AND o.state IN ('number', 'nothing')))
ORDER BY v.period, u.code, v.unit_id, v.agency, v.form
"""
# The register counts products: recognitions decided within the months (SP01), certificates that lapse in them
# (SP04) or are revoked (SP05), where the products are on the map of the month asked; else what stands on the
# closing day, of which all but the products ever recognised (SP02) must be valid. Producers and communes are
# counted once each, yet every line that makes one count is shown: that of the recognition, of a revocation that
# of the list that revokes.
_COUNTED = f"""
WITH months AS ({_MONTHS}),

under AS (
    {_UNDER}
    UNION
    SELECT a.period, a.unit_id FROM core.unit_ancestors AS a WHERE a.period = $period AND a.ancestor_id = $unit_id
),

asked AS (SELECT p.period, p.end_date FROM catalogue.periods AS p WHERE p.period = $period),

lines AS (
    SELECT
        m.period, asked.period AS on_map_of, asked.end_date, w.unit_id, e.unit_id AS listed_id, e.product_id,
        e.decision_date, e.star, k.recognition_kind, g.product_group, e.recognising_level, e.producer_type,
        NULL::DATE AS revoked_on
    FROM months AS m
    JOIN asked ON TRUE
    JOIN core.product_history AS h ON h.is_recognition AND h.event_date BETWEEN m.start_date AND m.end_date
    JOIN core.recognitions AS e
        ON e.product_id = h.product_id AND e.decision_date = h.event_date AND e.unit_id = h.listed_unit_id
    JOIN core.certificates AS k ON k.product_id = e.product_id AND k.decision_date = e.decision_date
    JOIN core.product_places AS w
        ON w.product_id = h.product_id AND w.home_id = h.home_id
        AND asked.end_date BETWEEN w.valid_from AND w.valid_to
    JOIN catalogue.group_lists AS v ON asked.end_date BETWEEN v.valid_from AND v.valid_to
    LEFT JOIN core.recognition_groups AS g
        ON g.product_id = e.product_id AND g.decision_date = e.decision_date AND g.unit_id = e.unit_id
        AND g.list_version = v.list_version
    WHERE $indicator = 'SP01'
    UNION ALL
    SELECT
        m.period, asked.period, asked.end_date, w.unit_id, h.listed_unit_id, c.product_id, h.decision_date, c.star,
        NULL, NULL, NULL, NULL, CASE c.movement WHEN 'revoked' THEN c.event_date END
    FROM months AS m
    JOIN asked ON TRUE
    JOIN core.product_changes AS c ON c.event_date BETWEEN m.start_date AND m.end_date
    JOIN core.product_history AS h
        ON h.product_id = c.product_id AND h.event_date <= c.event_date
        AND (h.next_event_date IS NULL OR h.next_event_date > c.event_date)
    JOIN core.product_places AS w
        ON w.product_id = c.product_id AND w.home_id = c.home_id
        AND asked.end_date BETWEEN w.valid_from AND w.valid_to
    WHERE CASE c.movement WHEN 'expired' THEN $indicator = 'SP04' WHEN 'revoked' THEN $indicator = 'SP05' END
    UNION ALL
    SELECT
        m.period, m.period, m.end_date, s.unit_id,
        -- A certificate outlives the commune that listed it: then its line stands in the old commune's file.
        (SELECT ARG_MIN(x.unit_id, CASE WHEN x.unit_id = s.unit_id THEN '' ELSE x.unit_id END)
            FROM core.recognitions AS x WHERE x.product_id = s.product_id AND x.decision_date = s.decision_date),
        s.product_id, s.decision_date, s.star, NULL, s.product_group, s.recognising_level, s.producer_type,
        NULL
    FROM months AS m
    JOIN core.product_status AS s ON s.period = m.period
    WHERE CASE $indicator
        WHEN 'SP01' THEN FALSE
        WHEN 'SP04' THEN FALSE
        WHEN 'SP05' THEN FALSE
        WHEN 'SP02' THEN TRUE
        WHEN 'SP06' THEN s.certificate_state = 'valid' AND s.expiry_date <= m.end_date + TO_MONTHS(
            COALESCE(TRY_CAST(REGEXP_EXTRACT($breakdown, '=within_([0-9]+)_months$', 1) AS INTEGER), 12))
        ELSE s.certificate_state = 'valid'
    END
),

revocations AS (
    SELECT
        x.product_id, x.event_date, MIN(x.submission_id) AS submission_id,
        ARG_MIN(x.sheet, x.submission_id) AS sheet, ARG_MIN(x.cell, x.submission_id) AS cell
    FROM core.product_events AS x
    WHERE x.event_kind = 'revocation'
    GROUP BY x.product_id, x.event_date
)

SELECT
    l.period, l.unit_id, u.full_name, '', $indicator, s.submission_id, s.file_name,
    CASE WHEN x.product_id IS NULL THEN e.sheet ELSE x.sheet END,
    CASE WHEN x.product_id IS NULL THEN e.cell ELSE x.cell END, 'counted', NULL, e.product_name
FROM lines AS l
JOIN core.recognitions AS e
    ON e.product_id = l.product_id AND e.decision_date = l.decision_date AND e.unit_id = l.listed_id
JOIN under AS a ON a.period = l.on_map_of AND a.unit_id = l.unit_id
LEFT JOIN revocations AS x ON x.product_id = l.product_id AND x.event_date = l.revoked_on
JOIN raw.submissions AS s ON s.submission_id = COALESCE(x.submission_id, e.submission_id)
JOIN catalogue.units AS u ON u.unit_id = l.unit_id AND l.end_date BETWEEN u.valid_from AND u.valid_to
WHERE CASE SPLIT_PART($breakdown, '=', 1)
    WHEN '' THEN TRUE
    WHEN 'horizon' THEN TRUE
    WHEN 'star' THEN l.star = SPLIT_PART($breakdown, '=', 2)
    WHEN 'recognition_kind'
        THEN CASE l.recognition_kind WHEN 'downgrade' THEN 'again' ELSE l.recognition_kind END
            = SPLIT_PART($breakdown, '=', 2)
    WHEN 'product_group' THEN l.product_group = SPLIT_PART($breakdown, '=', 2)
        OR {_counted_as("CONCAT('product_group=', l.product_group)", "l")}
    WHEN 'recognising_level' THEN l.recognising_level = SPLIT_PART($breakdown, '=', 2)
    WHEN 'producer_type' THEN l.producer_type = SPLIT_PART($breakdown, '=', 2)
END
ORDER BY l.period, u.code, l.unit_id, e.product_name, e.decision_date
"""


def trace(
    connection: duckdb.DuckDBPyConnection,
    unit_id: str,
    period: str,
    indicator: str,
    breakdown: str = "",
    span: str = "month",
) -> list[SourceCell]:
    """Every cell behind one figure of `core.rollups`, silent ones included.

    For flows, stocks and shares the values add up to the figure; for a ratio those of both its parts do; for
    counts of the register each line is one thing counted. Where the figure holds parts of units that were divided, the
    cells of those units are shown whole: what of them counts here is an estimate (`core.restated_values`).

    Args:
        connection: A connection to the warehouse.
        unit_id: The unit whose figure it is; all below it count.
        period: Month key of the figure.
        indicator: Its code.
        breakdown: Blank for the total.
        span: month, quarter_to_date, year_to_date, month_last_year or year_to_date_last_year.

    Returns:
        The cells in the order of month, unit code and department; empty where nothing was reported.

    Raises:
        UntraceableError: an unknown indicator, month or span.
    """
    kind, source, numerator, denominator = _indicator(connection, indicator)
    _check_span(connection, period, span)
    where = {"unit_id": unit_id, "period": period, "span": span, "breakdown": breakdown}
    if kind != "ratio":
        return _cells(connection, source, where, indicator, None, is_flow=kind == "flow")
    is_flow = _indicator(connection, numerator)[0] == "flow"
    cells = []
    for part, other in ((numerator, denominator), (denominator, numerator)):
        part_source = _indicator(connection, part)[1]
        cells += _cells(connection, part_source, where, part, other, is_flow=is_flow)
    return cells


def _cells(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    where: dict[str, str],
    indicator: str,
    other: str | None,
    *,
    is_flow: bool,
) -> list[SourceCell]:
    parameters: dict[str, object] = {**where, "indicator": indicator, "is_flow": is_flow}
    if source == "register":
        rows = connection.execute(_COUNTED, parameters).fetchall()
    else:
        rows = connection.execute(_REPORTED, {**parameters, "other": other}).fetchall()
    return [SourceCell(*row) for row in rows]


def _indicator(connection: duckdb.DuckDBPyConnection, code: str) -> tuple[str, str, str, str]:
    sql = "SELECT kind, source, numerator, denominator FROM catalogue.indicators WHERE indicator = ?"
    row = connection.execute(sql, [code]).fetchone()
    if row is None:
        raise UntraceableError(f"there is no indicator {code!r}")
    return row


def _check_span(connection: duckdb.DuckDBPyConnection, period: str, span: str) -> None:
    sql = "SELECT COUNT(*) FROM catalogue.spans WHERE period = ? AND span = ?"
    if connection.execute(sql, [period, span]).fetchone() == (0,):
        raise UntraceableError(f"there is no span {span!r} of a month {period!r}")
