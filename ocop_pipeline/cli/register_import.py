"""The command `ocop register import`: a list handed over once, with what the person says of it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue.imports import IMPORT_KINDS, RECOGNITION_KIND, REGISTER_KIND
from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli.console import (
    FINDINGS,
    FINE,
    USAGE,
    JsonOption,
    Site,
    SiteOption,
    StateOption,
    UnitOption,
    headers_of,
    help_of,
    messages,
    open_ledger,
    open_site,
    parse_day,
    print_json,
    print_table,
    refuse,
    say,
)
from ocop_pipeline.cli.months import published
from ocop_pipeline.cli.register_imports import say_next
from ocop_pipeline.domain.certificates import RECOGNISED, EventKind, Level, Star
from ocop_pipeline.domain.findings import Finding
from ocop_pipeline.domain.standing import standing
from ocop_pipeline.intake.answer import answer_finding
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.grid import Limits
from ocop_pipeline.intake.headings import Heading
from ocop_pipeline.intake.inbox import display_name
from ocop_pipeline.intake.list_reading import FileReading, ReadList, SheetReading, Told
from ocop_pipeline.intake.register_import import Kept, keep, read_file
from ocop_pipeline.register.spelling import speller
from ocop_pipeline.runs import TIME_ZONE
from ocop_pipeline.warehouse.ledger import Ledger, LedgerError
from ocop_pipeline.warehouse.reference import scope_units

_HELP = load_messages()
# Ten years: what reaches further is a slip of the pen.
_MOST_MONTHS, _MOST_DAYS = 120, 3660
_NEW, _KNOWN, _NOT_WRITTEN = "new", "known", "not_written"


def _option(name: str, key: str = "") -> Any:
    return typer.Option(f"--{name}", help=_HELP.both(f"help.option.import.{key or name}"))


def import_list(  # noqa: PLR0917 - as many options as there are things to say of a list
    file: Annotated[Path, typer.Argument(help=_HELP.both("help.option.import.file"))],
    unit: UnitOption,
    on: Annotated[str, _option("on")],
    kind: Annotated[str, _option("kind")] = REGISTER_KIND,
    decision: Annotated[str, _option("decision")] = "",
    decided: Annotated[str, _option("decided")] = "",
    body: Annotated[str, _option("body")] = "",
    level: Annotated[str, _option("level")] = "",
    star: Annotated[str, _option("star")] = "",
    until: Annotated[str, _option("until")] = "",
    months: Annotated[int, _option("months")] = 0,
    days: Annotated[int, _option("days")] = 0,
    producer: Annotated[str, _option("producer")] = "",
    sheet: Annotated[str, _option("sheet")] = "",
    *,
    dry_run: Annotated[bool, _option("dry-run", "dry_run")] = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Take over a register or the list of a decision; show all that was read, doubted and left out."""
    place = open_site(site, state)
    listed_on = _day(on, "on")
    told = Told(
        kind=_one_of(kind.replace("-", "_"), IMPORT_KINDS, "kind"),
        unit_id=place.unit_on(unit, listed_on).unit_id,
        listed_on=listed_on,
        decision_no=decision,
        decided_on=_day(decided, "decided") if decided else None,
        issuing_body=body,
        issuing_level=_one_of(level, ("", *map(str, Level)), "level"),
        star=_one_of(star, _stars_of(kind), "star"),
        extended_to=_day(until, "until") if until else None,
        extended_months=months,
        extended_days=days,
        new_producer=producer,
        sheet=sheet,
    )
    _refuse_misplaced(told)
    data = _bytes(file)
    now = datetime.now(TIME_ZONE)
    scope = None if place.settings.scope == ("*",) else scope_units(place.catalogue, place.settings.scope)
    reading = read_file(
        data, display_name(file.name), told, place.catalogue, now.date(), scope,
        previous=published(place, ()), spell=speller(place.catalogue.names),
    )  # fmt: skip
    kept = [] if reading.refused or dry_run else _keep(place, reading, data, now)
    if as_json:
        print_json(_json(reading, kept))
    else:
        _print(reading, kept, _issued(place) if kept else (), now.date(), dry_run=dry_run)
    if reading.refused:
        raise typer.Exit(USAGE)
    raise typer.Exit(FINDINGS if reading.findings else FINE)


def register(group: typer.Typer) -> None:
    """Add the command to the group of the register."""
    group.command("import", help=help_of("register.import"))(import_list)


def _refuse_misplaced(told: Told) -> None:
    """What means nothing for this kind of list, or reaches too far, is refused and never dropped in silence."""
    of_decision = (told.decision_no, told.decided_on, told.issuing_body, told.issuing_level)
    extension = (told.extended_to, told.extended_months, told.extended_days)
    misplaced = {
        "kind": told.kind == REGISTER_KIND and any(of_decision),
        "star": bool(told.star) and told.kind not in (RECOGNITION_KIND, EventKind.CORRECTION),
        "until": told.kind != EventKind.EXTENSION and any(extension),
        "months": not 0 <= told.extended_months <= _MOST_MONTHS,
        "days": not 0 <= told.extended_days <= _MOST_DAYS,
        "producer": told.kind != EventKind.TRANSFER and bool(told.new_producer),
    }
    for name, wrong in misplaced.items():
        if wrong:
            raise refuse(f"help.option.import.{name}")


def _keep(place: Site, reading: FileReading, data: bytes, now: datetime) -> list[Kept]:
    try:
        with Ledger.open(place.settings.ledger) as ledger:
            _refuse_known_elsewhere(place, reading, ledger, now.date())
            return keep(reading, data, Archive(place.settings.archive), ledger, place.catalogue, now)
    except (LedgerError, OSError) as error:
        raise refuse("error.ledger", reason=error) from error


def _issued(place: Site) -> set[str]:
    """The months of which a report was issued."""
    with open_ledger(place) as ledger:
        return {each.period for each in ledger.issues()}


def _refuse_known_elsewhere(place: Site, reading: FileReading, ledger: Ledger, today: date) -> None:
    """A decision handed over for the province of then and for that of today would count twice: the person says which.

    Lists of two old provinces with one number may be two decisions, and are let pass.
    """
    units = place.catalogue.units
    known = {(each.form, each.list_key): each for each in ledger.standing_imports().values() if each.list_key}
    for read in reading.lists:
        before = known.get((read.form, read.list_key))
        if before is None or before.unit_id == read.told.unit_id:
            continue
        now_of = {each: standing(units, each, today).unit_id for each in (before.unit_id, read.told.unit_id)}
        if now_of[before.unit_id] == read.told.unit_id or now_of[read.told.unit_id] == before.unit_id:
            raise refuse(
                "error.decision_elsewhere",
                file=before.display_name,
                day=before.imported_at.strftime("%d/%m/%Y"),
                unit=units.versions(before.unit_id)[-1].full_name,
                on=before.told.get("listed_on") or before.told.get("decided_on", ""),
            )


def _bytes(file: Path) -> bytes:
    """The file, and one byte more than is ever read: what is larger is refused by the reader, not swallowed here."""
    try:
        with file.open("rb") as stream:
            return stream.read(Limits().file_bytes + 1)
    except OSError as error:
        raise refuse("error.no_file", file=file) from error


def _day(text: str, name: str) -> date:
    if not text:
        raise refuse(f"help.option.import.{name}")
    return parse_day(text)


def _stars_of(kind: str) -> tuple[str, ...]:
    """What may be told of all lines; only a correction can say that there should have been no recognition."""
    none = (str(Star.NONE),) if kind == EventKind.CORRECTION else ()
    return ("", *map(str, RECOGNISED), *none)


def _one_of(text: str, known: Sequence[str], name: str) -> str:
    if text not in known:
        raise refuse(f"help.option.import.{name}")
    return text


# ------------------------------------------------------------------------------------------ showing


def _json(reading: FileReading, kept: Sequence[Kept]) -> dict[str, Any]:
    """The documented shape (docs/cli.md)."""
    return {
        "file": reading.display_name,
        "sha256": reading.sha256,
        "sheets": [_sheet_json(sheet) for sheet in reading.sheets],
        "left_out": [
            {"sheet": sheet.name, **left._asdict()} for sheet in reading.sheets for left in sheet.left_out
        ],
        "other_sheets": [sheet._asdict() for sheet in reading.other_sheets],
        "refused": [dict(answer_finding(finding)) for finding in reading.refused],
        "lists": [
            _list_json(each, kept[place] if kept else None) for place, each in enumerate(reading.lists)
        ],
    }


def _sheet_json(sheet: SheetReading) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "columns": dict(sheet.columns),
        "by_position": sheet.by_position,
        "unread_columns": list(sheet.unread),
        "headings": [_heading_json(heading) for heading in sheet.headings],
    }


def _heading_json(heading: Heading) -> dict[str, Any]:
    return {
        "cell": heading.cell,
        "text": heading.text,
        "speaks_of": heading.speaks_of,
        "value": heading.value,
        "told": heading.told,
        "lines": len(heading.rows),
        "filled": len(heading.filled),
        "contradicted": [{"cell": cell, "text": text} for _, cell, text in heading.contradicted],
    }


def _list_json(each: ReadList, kept: Kept | None) -> dict[str, Any]:
    return {
        "submission_id": kept.record.submission_id if kept else None,
        "state": _NOT_WRITTEN if kept is None else _NEW if kept.fresh else _KNOWN,
        "form": each.form,
        "kind": each.told.kind,
        "unit_id": each.told.unit_id,
        "period": each.period,
        "decision_no": each.told.decision_no or None,
        "decided_on": each.told.decided_on,
        "issuing_body": each.told.issuing_body or None,
        "level": each.level or None,
        "lines": len(each.lines),
        "communes_found": each.communes_found,
        "stars": {star or "unknown": count for star, count in sorted(each.stars.items())},
        "findings": [dict(answer_finding(finding)) for finding in each.findings],
    }


def _print(
    reading: FileReading, kept: Sequence[Kept], issued: Collection[str], today: date, *, dry_run: bool
) -> None:
    for finding in reading.refused:
        say("import.refused", reason=_sentence(finding))
    if reading.refused:
        return
    for sheet in reading.sheets:
        say("import.read", file=reading.display_name, sheet=sheet.name or "–", columns=len(sheet.columns))
        if sheet.unread:
            say("import.unread", columns="; ".join(sheet.unread))
    for at, each in enumerate(reading.lists):
        state = "import.dry_run" if dry_run else f"import.{_NEW if kept[at].fresh else _KNOWN}"
        _print_list(each, messages().say(state))
    if reading.findings:
        rows = [
            (f"{found.sheet}!{found.cell}" if found.sheet and found.cell else found.cell or found.sheet,
             _sentence(found))
            for found in reading.findings
        ]  # fmt: skip
        print_table(headers_of("place", "what"), rows, messages().say("import.doubts", count=len(rows)))
    if not dry_run:
        say_next([each.period for each in reading.lists], issued, today)


def _print_list(each: ReadList, status: str) -> None:
    words, told = messages(), each.told
    level = words.say(f"register.level.{each.level}") if each.level else ""
    say(
        "import.list",
        kind=words.say(f"import.kind.{told.kind}"),
        number=told.decision_no,
        on=(told.decided_on or told.listed_on or date.min).strftime("%d/%m/%Y"),
        body=", ".join(filter(None, (told.issuing_body, level))) or "–",
        period=each.period,
        lines=len(each.lines),
        found=each.communes_found,
        stars=", ".join(f"{star or '?'}: {count}" for star, count in sorted(each.stars.items())),
        status=status,
    )


def _sentence(finding: Finding) -> str:
    answer = answer_finding(finding)
    return answer["message_vi"] if messages().language == "vi" else answer["message_en"]
