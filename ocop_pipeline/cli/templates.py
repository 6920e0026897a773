"""Commands that write the workbooks senders fill in: template, templates.

Belongs here: whose workbooks are wanted and where they go. What is in them is `ocop_pipeline.templates`.
"""

import secrets
from pathlib import Path
from typing import Annotated, Final

import typer

from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.catalogue.senders import Sender, senders_of
from ocop_pipeline.cli.console import (
    JsonOption,
    PeriodOption,
    Site,
    SiteOption,
    StateOption,
    UnitOption,
    help_of,
    messages,
    open_site,
    parse_month,
    print_json,
    progress_bar,
    refuse,
    say,
)
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitVersion, accent_free_key
from ocop_pipeline.templates.site_key import site_key
from ocop_pipeline.templates.template import template as workbook
from ocop_pipeline.warehouse.connection import WarehouseError, open_reader
from ocop_pipeline.warehouse.last_reported import Known, known_before

_HELP = load_messages()
_NONCE_BYTES: Final = 8


def template(
    unit: UnitOption,
    period: PeriodOption,
    agency: Annotated[str, typer.Option("--agency", help=_HELP.both("help.option.template_agency"))] = "",
    out: Annotated[Path, typer.Option("--out", help=_HELP.both("help.option.template_out"))] = Path(),
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Write the workbook of one sender."""
    place = open_site(site, state)
    month = parse_month(period)
    where = place.unit(unit, month)
    province = _province(place, where, month)
    senders = [
        each for each in senders_of(place.catalogue, [province], month) if each.unit.unit_id == where.unit_id
    ]
    if agency:
        senders = [each for each in senders if each.agency == agency]
    if not senders:
        raise refuse("template.no_sender", unit=where.full_name, period=month.key)
    _write(place, month, senders, out, as_json=as_json)


def templates(
    province: Annotated[str, typer.Option("--province", help=_HELP.both("help.option.template_province"))],
    period: PeriodOption,
    out: Annotated[Path, typer.Option("--out", help=_HELP.both("help.option.template_out"))],
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Write the workbooks of everybody in a province who owes a report."""
    place = open_site(site, state)
    month = parse_month(period)
    where = place.unit(province, month)
    if where.tier is not Tier.PROVINCE:
        raise refuse("template.no_province", unit=where.full_name)
    _write(place, month, senders_of(place.catalogue, [where], month), out, as_json=as_json)


def _province(place: Site, unit: UnitVersion, month: Period) -> UnitVersion:
    above = place.catalogue.units.ancestors(unit.unit_id, month.end)
    found = next((each for each in (unit, *above) if each.tier is Tier.PROVINCE), None)
    if found is None:
        raise refuse("template.no_sender", unit=unit.full_name, period=month.key)
    return found


def _write(place: Site, month: Period, senders: list[Sender], out: Path, *, as_json: bool) -> None:
    known = _known(place, month, senders)
    key = site_key(place.settings)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with progress_bar(messages().say("template.writing")) as told:
        for number, sender in enumerate(senders, start=1):
            path = out / file_name(sender, month)
            path.write_bytes(
                workbook(place.catalogue, sender, month, known, key, secrets.token_hex(_NONCE_BYTES))
            )
            written.append(
                {"unit_id": sender.unit.unit_id, "agency": sender.agency, "form": sender.form, "file": path}
            )
            told(number, len(senders))
    if as_json:
        print_json(written)
    elif len(written) == 1:
        say("template.written", file=written[0]["file"])
    else:
        say("template.all_written", count=len(written), folder=out)


def _known(place: Site, month: Period, senders: list[Sender]) -> Known:
    """What the warehouse knows of the senders; nothing where there is none."""
    since = Period(f"{month.year - 1:04d}-{month.months[-1].end.month:02d}")
    units = {sender.unit.unit_id for sender in senders}
    try:
        with open_reader(place.settings.warehouse) as connection:
            return known_before(connection, units, month.key, since.key, month.end)
    except WarehouseError:
        return Known()


def file_name(sender: Sender, month: Period) -> str:
    """The name of a sender's file: plain letters, so that it survives any system it is sent through."""
    name = accent_free_key(sender.name).replace(" ", "-")
    code = f"{sender.unit.code}-{sender.agency}" if sender.agency else sender.unit.code
    return f"{sender.form}_{month.key}_{code}_{name}.xlsx"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("template", help=help_of("template"))(template)
    app.command("templates", help=help_of("templates"))(templates)
