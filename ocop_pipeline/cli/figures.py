"""Commands that read what is published: value, sql."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli import former_districts
from ocop_pipeline.cli.console import (
    JsonOption,
    PeriodOption,
    SiteOption,
    StateOption,
    UnitOption,
    help_of,
    messages,
    open_site,
    parse_month,
    print_json,
    print_table,
    refuse,
    say,
    warehouse_errors,
)
from ocop_pipeline.cli.maps import AS_REPORTED, TODAY, MapOption, map_day, open_on_map
from ocop_pipeline.cli.series import Series, months_between, print_series, shown
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.warehouse import figures
from ocop_pipeline.warehouse.connection import open_reader, typed_query
from ocop_pipeline.warehouse.trace import trace

_HELP = load_messages()
_BY = ("", "unit", "breakdown", "source", former_districts.BY)


def value(
    period: PeriodOption,
    unit: UnitOption,
    indicator: Annotated[str, typer.Option("--indicator", help=_HELP.both("help.option.indicator"))],
    breakdown: Annotated[str, typer.Option("--breakdown", help=_HELP.both("help.option.breakdown"))] = "",
    span: Annotated[str, typer.Option("--span", help=_HELP.both("help.option.span"))] = "month",
    by: Annotated[str, typer.Option("--by", help=_HELP.both("help.option.by"))] = "",
    on_map: MapOption = AS_REPORTED,
    since: Annotated[str, typer.Option("--since", help=_HELP.both("help.option.since"))] = "",
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print one figure, the figures or cells it is made of, or its series month by month."""
    if span not in figures.SPANS or by not in _BY:
        raise refuse("help.option.span" if span not in figures.SPANS else "help.option.by")
    place = open_site(site, state)
    month = parse_month(period)
    if indicator not in place.catalogue.indicators:
        raise refuse("error.no_indicator", indicator=indicator)
    months = _months_asked(since, month, by)
    if by in ("source", former_districts.BY) and on_map != AS_REPORTED:
        raise refuse("error.map_of_sources")
    if by == former_districts.BY:
        ground = former_districts.figures_by_former_district(place, unit, month, indicator, breakdown, span)
        _print_found(*ground[:2], by, ground[2].isoformat(), as_json=as_json)
        return
    day = map_day(on_map, month)
    where = place.unit_on(unit, day)
    with warehouse_errors(), open_on_map(place, month, on_map, day, months[0]) as connection:
        if since:
            asked = Series(where, months, indicator, breakdown, span, on_map, day)
            print_series(connection, asked, as_json=as_json)
            return
        if by == "source":
            cells = trace(connection, where.unit_id, month.key, indicator, breakdown, span)
            _print_sources([_source(cell) for cell in cells], as_json=as_json)
            return
        if by == "unit":
            found = figures.by_child(connection, where.unit_id, month.key, indicator, breakdown, span)
        elif by == "breakdown":
            found = figures.by_breakdown(connection, where.unit_id, month.key, indicator, span)
        else:
            found = [figures.figure(connection, where.unit_id, month.key, indicator, breakdown, span)]
        weighed_by = figures.weights(connection, where.unit_id, month.key, indicator, breakdown)
    found = [replace(each, map_date=day) for each in found]
    _print_found(found, weighed_by, by, on_map, as_json=as_json)


def _print_found(
    found: Sequence[figures.Figure], weighed_by: Sequence[str], by: str, on_map: str, *, as_json: bool
) -> None:
    if as_json:
        documents = [figure_json(each, on_map) for each in found]
        print_json(documents if by else documents[0])
        return
    for each in found:
        _print_figure(each, weighed_by)


def _months_asked(since: str, month: Period, by: str) -> list[Period]:
    """The months of a series, or the one month; refused where the series is empty or asked for with its parts."""
    if not since:
        return [month]
    if by:
        raise refuse("error.series_by")
    months = months_between(parse_month(since), month)
    if not months:
        raise refuse("error.series_ends", since=since, period=month.key)
    return months


def figure_json(each: figures.Figure, on_map: str = AS_REPORTED) -> dict[str, Any]:
    """The documented shape of a figure (docs/cli.md)."""
    return {
        "period": each.period,
        "unit_id": each.unit_id,
        "unit_name": each.unit_name,
        "indicator": each.indicator,
        "name_vi": each.name_vi,
        "kind": each.kind,
        "breakdown": each.breakdown,
        "span": each.span,
        "value": each.value,
        "state": each.state,
        "estimated": each.estimated,
        "unit": each.unit_vi,
        "coverage": each.coverage,
        "map": {"kind": on_map if on_map in (AS_REPORTED, TODAY) else "date", "date": each.map_date},
    }


def _print_figure(each: figures.Figure, weighed_by: Sequence[str] = ()) -> None:
    say(
        "value.line", name=each.name_vi, indicator=each.indicator,
        breakdown=f" {each.breakdown}" if each.breakdown else "", unit=each.unit_name, period=each.period,
        span=messages().say(f"value.span_{each.span}"),
        value=f"{shown(each)} {each.unit_vi}" if each.state == "number" else shown(each),
    )  # fmt: skip
    say(
        "value.coverage",
        reported=each.reported,
        expected=each.expected,
        map=each.map_date.strftime("%d/%m/%Y"),
    )
    if each.estimated and each.value:
        say(
            "value.estimated", value=f"{each.estimated.normalize():f}", unit_vi=each.unit_vi,
            share=f"{each.estimated * 100 / each.value:.1f}",
            weights=", ".join(messages().say(f"weight.{weight}") for weight in weighed_by),
        )  # fmt: skip


def _source(cell: Any) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in cell.__slots__}


def _print_sources(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    print_table(list(rows[0]) if rows else ["-"], [list(row.values()) for row in rows])


def sql(
    query: Annotated[str, typer.Option("--query", help=_HELP.both("help.option.query"))] = "",
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Run one SELECT, or a small shell; the connection cannot write and the engine cannot reach files."""
    place = open_site(site, state)
    with warehouse_errors(), open_reader(place.settings.warehouse) as connection:
        if query:
            _run_query(connection, query, as_json=as_json)
            return
        say("sql.prompt_help")
        text = ""
        for line in sys.stdin:
            if line.strip() in (".quit", ".exit"):
                break
            text += line
            if text.rstrip().endswith(";"):
                with _shown_errors():
                    _run_query(connection, text, as_json=as_json)
                text = ""


def _run_query(connection: Any, query: str, *, as_json: bool) -> None:
    names, rows = typed_query(connection, query)
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table(names, rows)


class _shown_errors:  # noqa: N801 - used as a statement
    """In the shell an error is shown and the next line read."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        sys.stderr.write(f"{error}\n")
        return True


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("value", help=help_of("value"))(value)
    app.command("sql", help=help_of("sql"))(sql)
