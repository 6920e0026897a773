"""One published figure, or a few, with its kind, unit of measure, coverage and map: what `ocop value` answers.

Belongs here: reading published tables by unit and indicator. Where a figure comes from, cell by cell, is `trace.py`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

SPANS = ("month", "quarter_to_date", "year_to_date")

_FIGURES = """
    SELECT
        t.period, t.unit_id, u.full_name, t.indicator, i.name_vi, i.kind, i.unit_vi, t.breakdown, t.span, t.value,
        t.expected_count, t.reported_count, t.nothing_count, t.blank_count, t.not_collected_count, p.end_date,
        t.estimated_value, t.figure_state
    FROM core.rollups AS t
    JOIN catalogue.periods AS p ON p.period = t.period
    JOIN catalogue.indicators AS i ON i.indicator = t.indicator
    JOIN catalogue.units AS u ON u.unit_id = t.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
    WHERE t.period BETWEEN $since AND $period AND t.indicator = $indicator AND t.span = $span
"""


class NotPublishedError(Exception):
    """The warehouse has no such figure; the message says which part is unknown."""


class NoRegisterError(NotPublishedError):
    """No run has made the register yet."""

    def __init__(self, missing: Collection[str]) -> None:
        """Keep the names of the tables that are missing."""
        self.missing = ", ".join(sorted(missing))
        super().__init__(f"{self.missing}: no run has made the register yet")


def months_run(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Keys of the months that have been run, oldest first; none in a warehouse whose first run did not end."""
    has_marts = connection.execute(
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'marts' AND table_name = 'report_status'"
    ).fetchone()
    if has_marts == (0,):
        return []
    rows = connection.execute("SELECT DISTINCT period FROM marts.report_status ORDER BY period").fetchall()
    return [str(period) for (period,) in rows]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it may be published.

    Attributes:
        period: Month key; `span` ends with it.
        value: In `unit_vi`; None when no report gave it (silence is not zero).
        state: What there is to say: `number`, `nothing`, `not_reported` or `not_collected`.
        expected, reported: Reports from which it was expected, and those that gave it.
        nothing, blank, not_collected: Of the reports: wrote không phát sinh; left it blank; had no place for it.
        map_date: Day of the map of units the figure is on: as reported.
        estimated: How much of the value was shared out from units that were divided; None where there is no value.
    """

    period: str
    unit_id: str
    unit_name: str
    indicator: str
    name_vi: str
    kind: str
    unit_vi: str
    breakdown: str
    span: str
    value: Decimal | None
    expected: int
    reported: int
    nothing: int
    blank: int
    not_collected: int
    map_date: date
    estimated: Decimal | None = None
    state: str = "number"

    @property
    def coverage(self) -> dict[str, int]:
        """The counts of reports."""
        return {
            "expected": self.expected, "reported": self.reported, "nothing": self.nothing, "blank": self.blank,
            "not_collected": self.not_collected,
        }  # fmt: skip


def figure(
    connection: duckdb.DuckDBPyConnection,
    unit_id: str,
    period: str,
    indicator: str,
    breakdown: str = "",
    span: str = "month",
) -> Figure:
    """One figure.

    Raises:
        NotPublishedError: nothing is published for this unit, month and indicator.
    """
    found = list(
        _read(connection, "AND t.unit_id = $unit_id AND t.breakdown = $breakdown", period, indicator, span,
              unit_id=unit_id, breakdown=breakdown)
    )  # fmt: skip
    if not found:
        raise NotPublishedError(f"{indicator} {breakdown} of {unit_id} is not published for {period}")
    return found[0]


def series(
    connection: duckdb.DuckDBPyConnection,
    unit_id: str,
    since: str,
    period: str,
    indicator: str,
    breakdown: str = "",
    span: str = "month",
) -> dict[str, Figure]:
    """One figure month by month: month key -> figure, for the months that have been run and in which the unit stood."""
    where = "AND t.unit_id = $unit_id AND t.breakdown = $breakdown"
    found = _read(
        connection, where, period, indicator, span, since=since, unit_id=unit_id, breakdown=breakdown
    )
    return {each.period: each for each in found}


def weights(
    connection: duckdb.DuckDBPyConnection,
    unit_id: str,
    period: str,
    indicator: str,
    breakdown: str = "",
    since: str = "",
) -> tuple[str, ...]:
    """By what the estimated parts of a unit's figures were shared out: products, population, area or equal.

    Of the month, or of all months from `since` to it.
    """
    rows = connection.execute(
        "SELECT DISTINCT v.weighed_by FROM core.restated_values AS v JOIN core.unit_ancestors AS a "
        "ON a.period = v.period AND a.unit_id = v.unit_id AND a.ancestor_id = $unit_id "
        "WHERE v.period BETWEEN $since AND $period AND v.indicator = $indicator AND v.breakdown = $breakdown "
        "AND v.weighed_by <> 'whole' ORDER BY v.weighed_by",
        {
            "unit_id": unit_id,
            "since": since or period,
            "period": period,
            "indicator": indicator,
            "breakdown": breakdown,
        },
    ).fetchall()
    return tuple(weight for (weight,) in rows)


def by_breakdown(
    connection: duckdb.DuckDBPyConnection, unit_id: str, period: str, indicator: str, span: str = "month"
) -> list[Figure]:
    """The figure of a unit with all its breakdowns, the total first."""
    return list(_read(connection, "AND t.unit_id = $unit_id", period, indicator, span, unit_id=unit_id))


def by_child(
    connection: duckdb.DuckDBPyConnection,
    unit_id: str,
    period: str,
    indicator: str,
    breakdown: str = "",
    span: str = "month",
) -> list[Figure]:
    """The same figure of every unit directly below a unit.

    For flows and stocks they and the unit's own reports add up to its figure; for ratios and distinct counts not.
    """
    where = """
        AND t.breakdown = $breakdown AND EXISTS (
            SELECT 1 FROM core.unit_ancestors AS a
            WHERE a.period = t.period AND a.unit_id = t.unit_id AND a.ancestor_id = $unit_id AND a.distance = 1)"""
    return list(_read(connection, where, period, indicator, span, unit_id=unit_id, breakdown=breakdown))


def reporting_units(connection: duckdb.DuckDBPyConnection, period: str, tiers: Sequence[str]) -> list[str]:
    """Ids of the units in scope on a month's last day that are of these tiers, by code."""
    rows = connection.execute(
        "SELECT a.unit_id FROM core.unit_ancestors AS a WHERE a.period = ? AND a.distance = 0 "
        "AND list_contains(?, a.unit_tier) ORDER BY a.unit_tier DESC, a.unit_id",
        [period, list(tiers)],
    ).fetchall()
    return [unit_id for (unit_id,) in rows]


def _read(
    connection: duckdb.DuckDBPyConnection, where: str, period: str, indicator: str, span: str, **more: str
) -> Iterator[Figure]:
    parameters = {"since": period, "period": period, "indicator": indicator, "span": span, **more}
    rows = connection.execute(
        f"{_FIGURES} {where} ORDER BY t.period, u.code, t.breakdown", parameters
    ).fetchall()
    return (Figure(*row) for row in rows)


def coverage(connection: duckdb.DuckDBPyConnection, period: str) -> list[dict[str, Any]]:
    """Reports expected and received by every unit above the communes, one row a unit and form."""
    rows = connection.execute(
        "SELECT c.unit_id, u.full_name, c.form, c.expected_count, c.accepted_count, c.returned_count, "
        "c.missing_count, c.late_count "
        "FROM core.coverage AS c "
        "JOIN catalogue.periods AS p ON p.period = c.period "
        "JOIN catalogue.units AS u ON u.unit_id = c.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to "
        "WHERE c.period = ? AND u.tier IN ('nation', 'province', 'district') ORDER BY c.unit_id, c.form",
        [period],
    ).fetchall()
    names = ("unit_id", "unit_name", "form", "expected", "accepted", "returned", "missing", "late")
    return [dict(zip(names, row, strict=True)) for row in rows]


def report_status(connection: duckdb.DuckDBPyConnection, period: str) -> list[dict[str, Any]]:
    """Every expected report of a month with its state, due date and first accepted arrival.

    Raises:
        NotPublishedError: the month has not been run.
    """
    rows = connection.execute(
        "SELECT form, unit_id, unit_full_name, agency_name, status, due_date, first_accepted_at, is_late "
        "FROM marts.report_status WHERE period = ? ORDER BY form, unit_id, agency",
        [period],
    ).fetchall()
    if not rows:
        raise NotPublishedError(f"no month {period} has been run")
    names = ("form", "unit_id", "unit_name", "agency", "status", "due_date", "received_at", "is_late")
    return [dict(zip(names, row, strict=True)) for row in rows]
