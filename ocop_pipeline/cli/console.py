"""What all commands share: options, language, printing, errors to exit codes.

Belongs here: the terminal. Nothing is computed.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from ocop_pipeline.catalogue import Catalogue, CatalogueError, load_catalogue
from ocop_pipeline.catalogue.messages import LANGUAGES, Messages, load_messages
from ocop_pipeline.domain.periods import Grain, Period, PeriodError
from ocop_pipeline.domain.units import UnitVersion
from ocop_pipeline.intake.cells import visible
from ocop_pipeline.settings import Settings, SettingsError, load_settings
from ocop_pipeline.warehouse.connection import (
    QueryError,
    WarehouseBusyError,
    WarehouseError,
    WarehouseMissingError,
)
from ocop_pipeline.warehouse.figures import NoRegisterError, NotPublishedError
from ocop_pipeline.warehouse.ledger import Ledger, LedgerError
from ocop_pipeline.warehouse.trace import UntraceableError

FINE, FINDINGS, USAGE = 0, 1, 2
_CANDIDATES = 6

_PADDING = 3
"""Cells a column of a table needs beside its text: a border and a space at each side."""
_EASY_WIDTH = 18
"""A column of sentences narrower than this is a tower of single words."""
_INDENT = "    "
_MONTHS_SHOWN = 12

_HELP = load_messages()
SiteOption = Annotated[
    Path | None, typer.Option("--site", help=_HELP.both("help.option.site"), file_okay=False)
]
StateOption = Annotated[
    Path | None, typer.Option("--state", help=_HELP.both("help.option.state"), file_okay=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help=_HELP.both("help.option.json"))]
PeriodOption = Annotated[str, typer.Option("--period", help=_HELP.both("help.option.period"))]
UnitOption = Annotated[str, typer.Option("--unit", help=_HELP.both("help.option.unit"))]


def help_of(key: str) -> str:
    """A help text in both languages."""
    return _HELP.both(f"help.{key}")


class Language:
    """The language chosen with `--lang`, for the life of the process."""

    chosen = LANGUAGES[0]


def messages() -> Messages:
    """The sentences in the chosen language."""
    return load_messages(Language.chosen)


def out() -> Console:
    """Where results go. Made anew: tests and pipes change the stream."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def tell(text: str) -> None:
    """Print a text that may hold anything; it is never markup."""
    out().print(visible(text), markup=False)


def say(key: str, **values: object) -> None:
    """Print a sentence; what fills it can never be markup, nor steer the terminal."""
    tell(messages().say(key, **values))


def refuse(key: str, **values: object) -> typer.Exit:
    """Print a sentence on the error stream and leave with the code of a usage error."""
    Console(stderr=True, highlight=False).print(
        f"[red]{escape(visible(messages().say(key, **values)))}[/red]"
    )
    return typer.Exit(USAGE)


@dataclass(frozen=True, slots=True)
class Site:
    """A deployment opened by a command."""

    settings: Settings
    catalogue: Catalogue

    def unit(self, text: str, period: Period) -> UnitVersion:
        """The one unit that an id, a code or a name means at the end of a period; refused when it is not one."""
        return self.unit_on(text, period.end)

    def unit_on(self, text: str, on: date) -> UnitVersion:
        """The one unit of a day that a text means (`domain/unit_finder.py`); refused when none does, or several do."""
        answer = self.catalogue.unit_finder.find(text, on)
        if answer.meant is not None:
            return answer.meant
        day = on.strftime("%d/%m/%Y")
        if answer.ended is not None:
            now = candidates_of(answer.ended.covering) or "–"
            raise refuse("units.not_then", unit=answer.ended.unit.full_name, on=day, units=now)
        found = [each.unit for each in (*answer.standing, *answer.other_days)]
        if not found:
            raise refuse("units.none", unit=text, on=day)
        raise refuse("units.ambiguous", count=len(found), names=candidates_of(found))


def candidates_of(units: Sequence[UnitVersion]) -> str:
    """The first units of several that fit, with the ids by which one can be asked for."""
    return "; ".join(f"{unit.full_name} ({unit.unit_id})" for unit in units[:_CANDIDATES])


def open_site(site: Path | None, state: Path | None) -> Site:
    """Settings and catalogue of a deployment; a mistake in either is said and ends the command."""
    try:
        settings = load_settings(site, state)
    except SettingsError as error:
        raise refuse("error.settings", reason=error) from error
    try:
        return Site(settings, load_catalogue(settings.site))
    except CatalogueError as error:
        raise refuse("error.catalogue", reason=error) from error


@contextlib.contextmanager
def open_ledger(place: Site) -> Iterator[Ledger]:
    """The ledger of a deployment; a folder without one is a mistyped folder more often than a fresh one."""
    path = place.settings.ledger
    if not path.is_file():
        raise refuse("error.no_ledger", path=path)
    try:
        with Ledger.open(path) as ledger:
            yield ledger
    except LedgerError as error:
        raise refuse("error.ledger", reason=error) from error


def parse_period(text: str) -> Period:
    """A period as typed."""
    try:
        return Period.parse(text)
    except PeriodError as error:
        raise refuse("error.no_period", period=text) from error


def parse_month(text: str) -> Period:
    """A month as typed; a longer period is refused, because runs and reports are monthly."""
    period = parse_period(text)
    if period.grain is not Grain.MONTH:
        raise refuse("error.no_month", period=text)
    return period


def parse_day(text: str) -> date:
    """A day as typed."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise refuse("error.no_day", day=text) from error


def require_run(months: Sequence[str], month: Period) -> None:
    """Refuse a month that has not been run, and say which have been."""
    if month.key not in months:
        shown = ", ".join(months[-_MONTHS_SHOWN:]) or messages().say("error.none_run")
        raise refuse("error.month_not_run", period=month.key, months=shown)


@contextlib.contextmanager
def warehouse_errors() -> Iterator[None]:
    """Say what a locked or missing warehouse, or an unpublished figure, means."""
    try:
        yield
    except NoRegisterError as error:
        raise refuse("error.no_register", missing=error.missing) from error
    except (NotPublishedError, UntraceableError) as error:
        raise refuse("error.not_published", reason=error) from error
    except WarehouseMissingError as error:
        raise refuse("error.no_warehouse", path=error.path) from error
    except WarehouseBusyError as error:
        raise refuse("error.warehouse_busy", reason=error) from error
    except QueryError as error:
        raise refuse("error.query", reason=error) from error
    except WarehouseError as error:
        raise refuse("error.warehouse", reason=error) from error


@contextlib.contextmanager
def progress_bar(description: str) -> Iterator[Any]:
    """A bar on the error stream; call it with (done, total) or (what, done, total)."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task(escape(description), total=None)

        def move(*where: Any) -> None:
            *what, done, total = where
            label = f"{description}: {what[0]}" if what else description
            bar.update(task, description=escape(label), completed=done, total=total)

        yield move


def print_json(value: Any) -> None:
    """The documented JSON: UTF-8, two spaces, numbers as numbers."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """A plain table; every cell is text, never markup, and no cell is ever cut.

    On a terminal that is too narrow for whole words in every column, a list: a row's first cell, then the
    others with their headers. In a pipe or a file, as wide as the longest row needs.
    """
    cells = [[visible(" ".join(str("" if cell is None else cell).split())) for cell in row] for row in rows]
    console = out()
    if console.is_terminal and 1 + sum(_least_widths(headers, cells)) > console.width:
        _print_list(console, headers, cells, title)
        return
    table = Table(title=escape(title) or None, title_justify="left", show_lines=False)
    for header, width in zip(headers, _least_widths(headers, cells), strict=True):
        table.add_column(escape(header), min_width=width - _PADDING, overflow="fold")
    for row in cells:
        table.add_row(*map(escape, row))
    if not console.is_terminal:
        console.width = 1 + sum(
            _PADDING + max(map(cell_len, column)) for column in zip(headers, *cells, strict=True)
        )
    console.print(table)


def _least_widths(headers: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    """For every column the width, with its border, at which no word breaks and a text is still read easily."""
    columns = zip(headers, *cells, strict=True)
    return [
        _PADDING
        + max(
            min(_EASY_WIDTH, max(map(cell_len, column))),
            *(cell_len(word) for cell in column for word in cell.split() or [""]),
        )
        for column in columns
    ]


def _print_list(console: Console, headers: Sequence[str], cells: Sequence[Sequence[str]], title: str) -> None:
    """Rows as paragraphs. A header and its value stay together where a line can hold both."""
    if title:
        console.print(escape(title))
    for first, *others in cells:
        console.print(escape(first or "-"), style="bold")
        told = [f"{header}: {cell}" for header, cell in zip(headers[1:], others, strict=True) if cell]
        for line in _packed(told, console.width - len(_INDENT)):
            console.print(Padding(escape(line), (0, 0, 0, len(_INDENT))))


def _packed(parts: Sequence[str], width: int) -> list[str]:
    """Parts put behind one another, as many as a line holds."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]} | {part}" if lines else part
        if lines and cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines


def headers_of(*keys: str) -> list[str]:
    """Column headers in the chosen language."""
    return [messages().say(f"column.{key}") for key in keys]


def as_mapping(value: Any) -> Mapping[str, Any]:
    """A flat frozen dataclass as a mapping, in the order of its fields."""
    return {name: getattr(value, name) for name in value.__slots__}
