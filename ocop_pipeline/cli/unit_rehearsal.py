"""The command that rehearses events before they go live: `ocop units rehearse`.

Belongs here: printing what `warehouse/rehearsal.py` compares. Nothing is decided here, and nothing is written.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue import Catalogue, CatalogueError
from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli.console import (
    FINE,
    JsonOption,
    Language,
    Site,
    SiteOption,
    StateOption,
    headers_of,
    help_of,
    messages,
    open_ledger,
    open_site,
    out,
    print_json,
    print_table,
    refuse,
    say,
    warehouse_errors,
)
from ocop_pipeline.cli.unit_words import (
    NOTHING,
    event_json,
    exactly,
    listed,
    short_json,
    with_events,
    written,
)
from ocop_pipeline.domain.units import UnitVersion
from ocop_pipeline.reporting.issuing import REPORT_OF_TIER
from ocop_pipeline.warehouse import rehearsal
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.ledger import IssueRecord

_HELP = load_messages()
_MOST_ROWS = 20
"""Rows of one table; the rest is counted, and all of them are in the JSON."""


def rehearse(
    file: Annotated[Path, typer.Argument(help=_HELP.both("help.argument.events"))],
    indicator: Annotated[
        list[str] | None, typer.Option("--indicator", help=_HELP.both("help.option.rehearse_indicator"))
    ] = None,
    parts: Annotated[
        Path | None, typer.Option("--parts", help=_HELP.both("help.option.rehearse_parts"))
    ] = None,
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print what events would change before they go live; nothing is written."""
    place = open_site(site, state)
    try:
        then = with_events(place, file, parts)
    except CatalogueError as error:
        raise refuse("error.catalogue", reason=error) from error
    codes = tuple(indicator or rehearsal.MAIN_INDICATORS)
    unknown = [code for code in codes if code not in then.indicators]
    if unknown:
        raise refuse("units.unknown_indicator", code=unknown[0])
    try:
        found = _rehearsed(place, then, codes)
    except ValueError as error:
        raise refuse("units.no_rehearsal", reason=error) from error
    if as_json:
        print_json(_rehearsal_json(then, found))
    else:
        _print_rehearsal(then, found)
    raise typer.Exit(FINE)


def _rehearsed(place: Site, then: Catalogue, codes: Sequence[str]) -> rehearsal.Rehearsal:
    """The comparison, with what is issued and published where this folder has run a month already."""
    issued: list[IssueRecord] = []
    if place.settings.ledger.is_file():
        with open_ledger(place) as ledger:
            issued = ledger.issues()
    asked = (place.catalogue, then, place.settings.scope)
    if not place.settings.warehouse.is_file():
        return rehearsal.rehearse(*asked, None, issued, codes)
    with warehouse_errors(), open_reader(place.settings.warehouse) as connection:
        return rehearsal.rehearse(*asked, connection, issued, codes)


# -------------------------------------------------------------------------------------------- JSON


def _rehearsal_json(catalogue: Catalogue, found: rehearsal.Rehearsal) -> dict[str, Any]:
    return {
        "events": [event_json(each) for each in found.events],
        "first_day": found.first_day,
        "months": {"first": found.first_month.key, "published": list(found.published)},
        "moves_ground": found.moves_ground,
        "units": {
            "ended": [_change_json(each) for each in found.ended],
            "new": [_change_json(each) for each in found.new],
            "changed": [_change_json(each) for each in found.changed],
        },
        "plans": [_plan_json(each) for each in found.plans],
        "expected": [
            {
                "province": short_json(each.province),
                "form": each.form,
                "before": each.before,
                "after": each.after,
            }
            for each in found.expected
        ],
        "reports": [
            {"what": what, "unit": short_json(unit), "report": REPORT_OF_TIER[unit.tier]}
            for what, unit in _own_reports(found)
        ],
        "documents": [
            {
                "period": each.period,
                "unit_id": each.unit_id,
                "report": each.report,
                "number": each.number,
            }
            for each in found.documents
        ],
        "figures": {
            "period": found.figures_of,
            "rows": [_figure_json(catalogue, each) for each in found.figures],
        },
    }


def _change_json(change: rehearsal.Change) -> dict[str, Any]:
    return {
        "before": short_json(change.before) if change.before else None,
        "after": short_json(change.after) if change.after else None,
        "elsewhere": [short_json(unit) for unit in change.elsewhere],
    }


def _plan_json(plan: rehearsal.PlanChange) -> dict[str, Any]:
    return {
        "plan": plan.plan,
        "name": plan.title_vi,
        "is_sample": plan.is_sample,
        "unit": short_json(plan.unit),
        "ends": plan.ends,
        "successors": [short_json(unit) for unit in plan.successors],
        "communes": {"before": plan.communes_before, "after": plan.communes_after},
    }


def _figure_json(catalogue: Catalogue, figure: rehearsal.FigureChange) -> dict[str, Any]:
    return {
        "unit": short_json(figure.unit),
        "indicator": figure.indicator,
        "unit_vi": catalogue.indicators[figure.indicator].unit_vi,
        "before": figure.before,
        "after": figure.after,
        "estimated": figure.estimated,
        "weighed_by": figure.weighed_by or None,
    }


# ---------------------------------------------------------------------------------------- terminal


def _print_rehearsal(catalogue: Catalogue, found: rehearsal.Rehearsal) -> None:
    for event in found.events:
        signed, day = written(event.decree_date), written(event.effective_date)
        say("units.event", event=event.event_id, decree=event.decree, signed=signed, day=day)
    month = found.first_month
    say("units.first_month", month=month.label_vi() if Language.chosen == "vi" else month.key)
    if found.published:
        say("units.republished", months=", ".join(found.published))
    _print_units(catalogue, found)
    rows: list[list[object]] = [[each.plan, each.unit.full_name, _plan_text(each)] for each in found.plans]
    _print_rows("units.plans", headers_of("plan", "unit", "what"), rows)
    rows = [
        [each.province.full_name, each.form, each.before, each.after, f"{each.after - each.before:+d}"]
        for each in found.expected
    ]
    _print_rows("units.expected", headers_of("unit", "form", "before", "after", "difference"), rows)
    rows = [[unit.full_name, messages().say(f"units.report_{what}")] for what, unit in _own_reports(found)]
    _print_rows("units.reports", headers_of("unit", "what"), rows)
    rows = [
        [each.period, catalogue.units.versions(each.unit_id)[-1].full_name, each.report, each.number]
        for each in found.documents
    ]
    _print_rows("units.documents", headers_of("period", "unit", "document", "release"), rows)
    _print_figures(catalogue, found)


def _print_units(catalogue: Catalogue, found: rehearsal.Rehearsal) -> None:
    ended = [[listed([each.before]), listed(each.elsewhere)] for each in found.ended if each.before]
    new = [[listed(each.elsewhere), listed([each.after])] for each in found.new if each.after]
    both = [(each.before, each.after) for each in found.changed if each.before and each.after]
    named = [(before, after) for before, after in both if listed([before]) != listed([after])]
    changed = [[listed([before]), listed([after])] for before, after in named]
    for key, rows in (("ended", ended), ("new", new), ("changed", changed)):
        _print_rows(f"units.{key}", headers_of("before", "after"), rows)
    _print_rows("units.moved", headers_of("before", "after", "units"), _moves(catalogue, found, both))


def _moves(
    catalogue: Catalogue, found: rehearsal.Rehearsal, both: Sequence[tuple[UnitVersion, UnitVersion]]
) -> list[list[object]]:
    """Who takes units over from whom, and how many: all communes of a merged province would be a long list."""
    eve, day = found.first_day - timedelta(days=1), found.events[-1].effective_date
    moved = Counter((before.parent_id, after.parent_id) for before, after in both)
    return [
        [listed([catalogue.units.get(giver, eve)]), listed([catalogue.units.get(taker, day)]), exactly(count)]
        for (giver, taker), count in moved.items()
        if giver and taker and giver != taker
    ]


def _plan_text(plan: rehearsal.PlanChange) -> str:
    if plan.ends:
        return messages().say("units.plan_ends", units=listed(plan.successors))
    return messages().say("units.plan_binds", before=plan.communes_before, after=plan.communes_after)


def _own_reports(found: rehearsal.Rehearsal) -> Iterator[tuple[str, UnitVersion]]:
    """Units whose own report ends, begins or bears another name from the first month on."""
    units = {
        "ends": [each.before for each in found.ended],
        "begins": [each.after for each in found.new],
        "renamed": [each.after for each in found.changed],
    }
    for what, of_kind in units.items():
        yield from ((what, unit) for unit in of_kind if unit is not None and unit.tier in REPORT_OF_TIER)


def _print_figures(catalogue: Catalogue, found: rehearsal.Rehearsal) -> None:
    if found.figures_of is None:
        say("units.no_figures")
        return
    if not found.figures:
        say("units.same_figures", month=found.figures_of)
        return
    rows = [
        [
            each.unit.full_name,
            f"{each.indicator} ({catalogue.indicators[each.indicator].unit_vi})",
            exactly(each.before),
            exactly(each.after),
            _estimated(each),
            _weights(each) or NOTHING,
        ]
        for each in found.figures
    ]
    headers = headers_of("unit", "indicator", "before", "after", "estimated", "weight")
    _print_rows("units.figures", headers, rows, month=found.figures_of)


def _weights(figure: rehearsal.FigureChange) -> str:
    """By what a figure was shared out, in words; blank where nothing was."""
    names = filter(None, figure.weighed_by.split(", "))
    return ", ".join(messages().say(f"units.weight_{each}") for each in names)


def _estimated(figure: rehearsal.FigureChange) -> str:
    """The share of a figure that is an estimate, in whole per cent."""
    if not figure.after:
        return NOTHING
    return f"{exactly(round(figure.estimated / figure.after * Decimal(100)))}%"


def _print_rows(
    title: str, headers: Sequence[str], rows: Sequence[Sequence[object]], **values: object
) -> None:
    """A table under its title, cut where it is long; one line where there is nothing to show."""
    out().print()
    if not rows:
        say("units.nothing", what=messages().say(title, count=0, **values))
        return
    print_table(headers, rows[:_MOST_ROWS], messages().say(title, count=len(rows), **values))
    if len(rows) > _MOST_ROWS:
        say("units.more", count=len(rows) - _MOST_ROWS)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("rehearse", help=help_of("units.rehearse"))(rehearse)
