"""Command: units parts, the list in which a province tells how its divided units were divided.

Belongs here: writing the list with blank amounts. What it may say once it is filled in is `catalogue/unit_parts.py`.
"""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.catalogue.unit_parts import COLUMNS, divided_units
from ocop_pipeline.cli.console import SiteOption, StateOption, help_of, open_site, refuse, say
from ocop_pipeline.domain.units import Tier, UnitLedger

_HELP = load_messages()
_ONE_DAY = timedelta(days=1)


def parts(
    province: Annotated[str, typer.Option("--province", help=_HELP.both("help.option.template_province"))],
    out: Annotated[Path, typer.Option("--out", help=_HELP.both("help.option.parts_out"), dir_okay=False)],
    *,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Write the divided units of a province with a line for each part and blank amounts; never over a file."""
    place = open_site(site, state)
    units, today = place.catalogue.units, date.today()  # noqa: DTZ011 - a calendar day of whoever asks
    where = place.unit_on(province, today)
    if where.tier is not Tier.PROVINCE:
        raise refuse("template.no_province", unit=where.full_name)
    rows = _rows(units, where.unit_id, today)
    try:
        with out.open("x", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows)
    except FileExistsError as error:
        raise refuse("error.file_exists", file=out) from error
    say("units.parts_written", count=len({row[:2] for row in rows}), parts=len(rows), file=out)


def _rows(units: UnitLedger, province_id: str, today: date) -> list[tuple[str, ...]]:
    """The parts of every unit of which one went to a commune now in the province."""
    inside = {unit.unit_id for unit in units.descendants(province_id, today, Tier.COMMUNE)}
    origins = {origin for unit in inside for origin in units.origins(unit)}
    return sorted(
        (
            f"{day:%Y-%m-%d}", old.code, old.full_name, new.code, new.full_name,
            "", "", "", "",
        )
        for (unit_id, day), links in divided_units(units).items()
        if unit_id in origins
        for link in links
        for old, new in [(units.get(unit_id, day - _ONE_DAY), units.get(link.successor_id, day))]
    )  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("parts", help=help_of("units.parts"))(parts)
