"""The commands `ocop register imports` and `ocop register withdraw`: the lists handed over, and taking one back.

Belongs here: showing what the ledger knows of them, writing down who takes one back and why. Does not: taking a list
over (`register_import`). Nothing is deleted: what is withdrawn stays on record and counts no more from the next run on.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli.console import (
    JsonOption,
    Site,
    SiteOption,
    StateOption,
    headers_of,
    help_of,
    messages,
    open_ledger,
    open_site,
    print_json,
    print_table,
    refuse,
    say,
)
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.list_reading import decision_number
from ocop_pipeline.runs import TIME_ZONE
from ocop_pipeline.warehouse.ledger import ImportRecord, LedgerError, WithdrawalRecord

_HELP = load_messages()
_ID_DIGITS = 10
_LEAST_DIGITS = 6
"""Fewer digits of an id may as well be the number of a decision."""
_STANDS, _SUPERSEDED, _WITHDRAWN = "stands", "superseded", "withdrawn"


def list_imports(*, as_json: JsonOption = False, site: SiteOption = None, state: StateOption = None) -> None:
    """Print every list that was handed over, oldest first, and whether it counts."""
    place = open_site(site, state)
    with open_ledger(place) as ledger:
        known, withdrawn = ledger.imports(), ledger.withdrawals()
        standing = {each.submission_id for each in ledger.standing_imports().values()}
    states = {each.submission_id: _state(each, standing, withdrawn) for each in known}
    if as_json:
        print_json([_json(each, states[each.submission_id], withdrawn) for each in known])
        return
    rows = [_row(place, each, _standing_words(states[each.submission_id], each, withdrawn)) for each in known]
    print_table(headers_of("import_id", "list", "unit", "month", "file", "state"), rows)


def withdraw(
    wanted: Annotated[str, typer.Argument(help=_HELP.both("help.option.withdrawn"), metavar="ID|DECISION")],
    by: Annotated[str, typer.Option("--by", help=_HELP.both("help.option.decided_by"))],
    reason: Annotated[str, typer.Option("--reason", "--why", help=_HELP.both("help.option.why"))],
    *,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Take back a list that was handed over, with every earlier import of it; the next run counts it no more."""
    if not by.strip() or not reason.strip():
        raise refuse("import.by_reason_blank")
    place = open_site(site, state)
    now = datetime.now(TIME_ZONE)
    with open_ledger(place) as ledger:
        chosen = _chosen(place, list(ledger.standing_imports().values()), wanted)
        withdrawn = ledger.withdrawals()
        # An earlier import of the list would stand again otherwise: it was replaced, nobody asked for it back.
        same = [
            each
            for each in ledger.imports()
            if each.duty == chosen.duty and each.submission_id not in withdrawn
        ]
        try:
            ledger.record_withdrawals(
                WithdrawalRecord(each.submission_id, by.strip(), reason.strip(), now) for each in same
            )
        except LedgerError as error:
            raise refuse("error.ledger", reason=error) from error
        issued = {each.period for each in ledger.issues()}
    say(
        "import.withdrawn", list=_list_words(chosen), file=chosen.display_name, unit=_unit_name(place, chosen)
    )
    say_next([chosen.period], issued, now.date())


def say_next(months: Collection[str], issued: Collection[str], today: date) -> None:
    """Which run takes in what was handed over or withdrawn, and which issued reports it does not touch.

    Args:
        months: keys of the months the lists count from.
        issued: months of which a report was issued.
        today: the present.
    """
    # The run of an old decision's own month would make a report in which everybody is missing.
    say("import.next", period=max(*months, Period.last_closed(today).key))
    reported = sorted({month for month in issued if month >= min(months)})
    if reported:
        shown = ", ".join(f"{month[5:]}/{month[:4]}" for month in reported)
        say("import.reported", months=shown, period=reported[0])


def register(group: typer.Typer) -> None:
    """Add the commands to the group of the register."""
    group.command("imports", help=help_of("register.imports"))(list_imports)
    group.command("withdraw", help=help_of("register.withdraw"))(withdraw)


def _chosen(place: Site, standing: Sequence[ImportRecord], text: str) -> ImportRecord:
    """The one list that counts and is meant by the beginning of its id, or by the number of its decision."""
    key = decision_number(text)
    found = [each for each in standing if decision_number(_number(each)).upper() == key.upper() and key]
    if not found and len(key) >= _LEAST_DIGITS:
        found = [each for each in standing if each.submission_id.startswith(key.lower())]
    if not found:
        raise refuse("import.none_such", text=text)
    if len(found) > 1:
        lists = "; ".join(
            f"{each.submission_id[:_ID_DIGITS]} ({_list_words(each)}, {_unit_name(place, each)})"
            for each in found
        )
        raise refuse("import.several", count=len(found), lists=lists)
    return found[0]


def _number(record: ImportRecord) -> str:
    """The number of the decision; a list of several names it in its key only."""
    if not record.list_key:
        return ""
    return record.told.get("decision_no", "") or record.list_key.split(" ")[1]


def _state(record: ImportRecord, standing: set[str], withdrawn: Mapping[str, WithdrawalRecord]) -> str:
    if record.submission_id in withdrawn:
        return _WITHDRAWN
    return _STANDS if record.submission_id in standing else _SUPERSEDED


def _json(record: ImportRecord, state: str, withdrawn: Mapping[str, WithdrawalRecord]) -> dict[str, Any]:
    taken_back = withdrawn.get(record.submission_id)
    return {
        "submission_id": record.submission_id,
        "state": state,
        "file": record.display_name,
        "imported_at": record.imported_at.astimezone(TIME_ZONE),
        "form": record.form,
        "kind": record.told.get("kind"),
        "unit_id": record.unit_id,
        "period": record.period,
        "decision_no": _number(record) or None,
        "decided_on": record.told.get("decided_on"),
        "withdrawn_by": taken_back.withdrawn_by if taken_back else None,
        "withdrawn_at": taken_back.withdrawn_at.astimezone(TIME_ZONE) if taken_back else None,
        "reason": taken_back.reason if taken_back else None,
    }


def _row(place: Site, record: ImportRecord, state: str) -> tuple[str, ...]:
    month = f"{record.period[5:]}/{record.period[:4]}"
    return (
        record.submission_id[:_ID_DIGITS], _list_words(record), _unit_name(place, record), month,
        record.display_name, state,
    )  # fmt: skip


def _standing_words(state: str, record: ImportRecord, withdrawn: Mapping[str, WithdrawalRecord]) -> str:
    words = messages()
    if state != _WITHDRAWN:
        return words.say(f"import.state.{state}")
    taken_back = withdrawn[record.submission_id]
    day = taken_back.withdrawn_at.astimezone(TIME_ZONE).strftime("%d/%m/%Y")
    return words.say("import.state.withdrawn", day=day, by=taken_back.withdrawn_by, reason=taken_back.reason)


def _list_words(record: ImportRecord) -> str:
    kind = messages().say(f"import.kind.{record.told.get('kind', 'register')}")
    return f"{kind} {_number(record)}".strip()


def _unit_name(place: Site, record: ImportRecord) -> str:
    return place.catalogue.units.versions(record.unit_id)[-1].full_name
