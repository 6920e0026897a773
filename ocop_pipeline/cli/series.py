"""A figure month by month, all on one map of units or each month on its own: `ocop value --since`.

Belongs here: the months of a series and how they are told. The figures are `warehouse.figures`', the map `cli.maps`'.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ocop_pipeline.cli.console import headers_of, messages, print_json, print_table, say
from ocop_pipeline.cli.maps import AS_REPORTED, TODAY
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import UnitVersion
from ocop_pipeline.warehouse import figures
from ocop_pipeline.warehouse.connection import Connection

PUBLISHED, NOT_RUN, NO_FIGURE = "published", "not_run", "no_figure"
"""States of a month: it has a figure (which may be silence), it was not run, the unit did not stand in it."""


@dataclass(frozen=True, slots=True)
class Series:
    """What is asked: a figure of a unit from one month to another, on a map.

    Attributes:
        unit: The unit, as it is on the map of the last month or of the day asked for.
        months: Every month from the first to the last, run or not.
        on_map: `as-reported`, `today`, or the day as written.
        day: The day whose map the figures are on; each month's own last day where they are as reported.
    """

    unit: UnitVersion
    months: Sequence[Period]
    indicator: str
    breakdown: str
    span: str
    on_map: str
    day: date


def months_between(since: Period, until: Period) -> list[Period]:
    """Every month from one to another, both included; none where the first comes after the last."""
    months = []
    month = since
    while month <= until:
        months.append(month)
        month = month.next()
    return months


def print_series(connection: Connection, asked: Series, *, as_json: bool) -> None:
    """Print the figure of every month, and of the months without one, why they have none."""
    first, last = asked.months[0].key, asked.months[-1].key
    what = (asked.indicator, asked.breakdown)
    found = figures.series(connection, asked.unit.unit_id, first, last, *what, asked.span)
    if asked.on_map != AS_REPORTED:
        found = {key: replace(each, map_date=asked.day) for key, each in found.items()}
    if not found:
        raise figures.NotPublishedError(
            f"{asked.indicator} {asked.breakdown} of {asked.unit.unit_id} is not published from {first} to {last}"
        )
    run = set(figures.months_run(connection))
    states = {
        month.key: PUBLISHED if month.key in found else NO_FIGURE if month.key in run else NOT_RUN
        for month in asked.months
    }
    if as_json:
        print_json(_document(asked, found, states))
        return
    weighed_by = figures.weights(connection, asked.unit.unit_id, last, *what, since=first)
    _print(asked, found, states, weighed_by)


def _document(
    asked: Series, found: Mapping[str, figures.Figure], states: Mapping[str, str]
) -> dict[str, Any]:
    """The documented shape of a series (docs/cli.md)."""
    some = next(iter(found.values()))
    return {
        "unit_id": asked.unit.unit_id, "unit_name": asked.unit.full_name, "indicator": asked.indicator,
        "name_vi": some.name_vi, "kind": some.kind, "breakdown": asked.breakdown, "span": asked.span,
        "unit": some.unit_vi,
        "map": {
            "kind": asked.on_map if asked.on_map in (AS_REPORTED, TODAY) else "date",
            "date": None if asked.on_map == AS_REPORTED else asked.day,
        },
        "months": [_month(key, state, found.get(key)) for key, state in states.items()],
    }  # fmt: skip


def _month(key: str, state: str, each: figures.Figure | None) -> dict[str, Any]:
    told: dict[str, Any] = {"period": key, "state": state, "figure_state": each.state if each else None}
    if each is None:
        return told | {"value": None, "estimated": None, "map_date": None, "coverage": None}
    return told | {
        "value": each.value, "estimated": each.estimated, "map_date": each.map_date, "coverage": each.coverage
    }  # fmt: skip


def shown(each: figures.Figure) -> str:
    """A figure as it is told: the number, or why there is none."""
    if each.state == "number" and each.value is not None:
        return f"{each.value.normalize():f}"
    return messages().say(f"value.{each.state}")


def _print(
    asked: Series, found: Mapping[str, figures.Figure], states: Mapping[str, str], weighed_by: Sequence[str]
) -> None:
    some = next(iter(found.values()))
    of_map = "as_reported" if asked.on_map == AS_REPORTED else "one_map"
    title = messages().say(
        f"series.{of_map}", name=some.name_vi, indicator=some.indicator,
        breakdown=f" {some.breakdown}" if some.breakdown else "", unit=asked.unit.full_name,
        span=messages().say(f"value.span_{asked.span}"), unit_vi=some.unit_vi, map=f"{asked.day:%d/%m/%Y}",
    )  # fmt: skip
    headers = headers_of("period", "value", "estimated", "reports_in")
    print_table(headers, [list(_row(key, state, found.get(key))) for key, state in states.items()], title)
    if any(each.estimated for each in found.values()):
        say("series.estimated", weights=", ".join(messages().say(f"weight.{each}") for each in weighed_by))
    if asked.on_map == AS_REPORTED and NO_FIGURE in states.values():
        say("series.other_map")


def _row(key: str, state: str, each: figures.Figure | None) -> Iterator[str]:
    yield key
    if each is None:
        yield from (messages().say(f"series.{state}"), "", "")
        return
    yield shown(each)
    yield f"{each.estimated.normalize():f}" if each.estimated else ""
    yield f"{each.reported}/{each.expected}"
