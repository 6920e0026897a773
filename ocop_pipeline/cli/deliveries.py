"""Commands about deliveries that wait for a person: deliveries list, deliveries settle."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli.console import (
    FINDINGS,
    FINE,
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
from ocop_pipeline.delivery import (
    NothingToSettleError,
    Parcel,
    Undecided,
    alone,
    is_under_way,
    pending_review,
    settle,
)
from ocop_pipeline.domain.periods import Period, PeriodError
from ocop_pipeline.runs import TIME_ZONE
from ocop_pipeline.warehouse.ledger import Ledger

_HELP = load_messages()
_NUMBER_DIGITS = 10
"""As many digits of a document's id as its mail quotes."""


def list_waiting(*, as_json: JsonOption = False, site: SiteOption = None, state: StateOption = None) -> None:
    """Print what waits for a person; exit code 1 when something does."""
    place = open_site(site, state)
    with open_ledger(place) as ledger:
        waiting = pending_review(ledger, under_way=is_under_way(place.settings.state))
        rows = _described(place, ledger, waiting) if waiting else []
    if as_json:
        print_json(rows)
    elif rows:
        _print_rows(rows)
    else:
        say("deliveries.none")
    raise typer.Exit(FINDINGS if rows else FINE)


def settle_one(
    document: Annotated[str, typer.Argument(help=_HELP.both("help.option.document"))],
    recipient: Annotated[str, typer.Argument(help=_HELP.both("help.option.recipient"))],
    why: Annotated[str, typer.Option("--why", help=_HELP.both("help.option.why"))],
    *,
    arrived: Annotated[bool, typer.Option("--arrived", help=_HELP.both("help.option.arrived"))] = False,
    send_again: Annotated[
        bool, typer.Option("--send-again", help=_HELP.both("help.option.send_again"))
    ] = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Record what a person found out about a delivery that waits."""
    if arrived == send_again:
        raise refuse("deliveries.one_of_two")
    if not why.strip():
        raise refuse("deliveries.why_blank")
    place = open_site(site, state)
    # Not beside a run that delivers: a mail just being sent would look like one that was interrupted.
    with open_ledger(place) as ledger, alone(place.settings.state):
        item = _chosen(pending_review(ledger), document, recipient)
        try:
            settle(ledger, item, arrived=arrived, why=why.strip(), now=datetime.now(TIME_ZONE))
        except NothingToSettleError:  # somebody else has just settled it
            raise refuse("deliveries.not_waiting", number=document, recipient=recipient) from None
    answer = "deliveries.arrived" if arrived else "deliveries.send_again"
    say(answer, number=item.document_id[:_NUMBER_DIGITS], recipient=item.recipient)


def _chosen(waiting: Sequence[Undecided], document: str, recipient: str) -> Undecided:
    """The one delivery that is meant; refused when it is none or could be several."""
    number, address = document.strip().lower(), recipient.strip().casefold()
    found = [item for item in waiting if item.document_id.startswith(number) and item.recipient == address]
    if not number or not found:
        raise refuse("deliveries.not_waiting", number=document, recipient=recipient)
    if len(found) > 1:
        numbers = ", ".join(item.document_id for item in found)
        raise refuse("deliveries.ambiguous", count=len(found), numbers=numbers)
    return found[0]


def _described(place: Site, ledger: Ledger, waiting: Sequence[Undecided]) -> list[dict[str, Any]]:
    """The documented shape of what waits (docs/cli.md)."""
    from assets.parcels import known_parcels  # noqa: PLC0415 - loads the printer; only this command asks

    known = known_parcels(ledger, place.catalogue, place.settings, {item.document_id for item in waiting})
    return [_item_json(place, item, known.get(item.document_id)) for item in waiting]


def _item_json(place: Site, item: Undecided, parcel: Parcel | None) -> dict[str, Any]:
    period = _period(parcel)
    unit = (
        place.catalogue.units.get(parcel.unit_id, period.end)
        if parcel and parcel.unit_id and period
        else None
    )
    return {
        "document_id": item.document_id,
        "kind": str(parcel.kind) if parcel else None,
        "title": parcel.title if parcel else None,
        "period": period.key if period else None,
        "unit_id": (parcel.unit_id or None) if parcel else None,
        "unit_name": unit.full_name if unit else None,
        "channel": item.channel,
        "recipient": item.recipient,
        "state": str(item.state),
        "since": item.since.astimezone(TIME_ZONE),
        "detail": item.detail,
    }


def _period(parcel: Parcel | None) -> Period | None:
    try:
        return Period.parse(parcel.period) if parcel else None
    except PeriodError:  # the notice of a file whose month could not be told
        return None


def _print_rows(rows: Sequence[dict[str, Any]]) -> None:
    words = messages()
    shown = [
        (
            row["document_id"][:_NUMBER_DIGITS], row["title"] or words.say("deliveries.unknown"), row["unit_name"],
            row["recipient"], words.say(f"deliveries.{row['state']}"), row["since"].strftime("%d/%m/%Y %H:%M"),
            row["detail"],
        )
        for row in rows
    ]  # fmt: skip
    print_table(headers_of("number", "document", "unit", "recipient", "status", "since", "what"), shown)
    say("deliveries.next")


def register(app: typer.Typer) -> None:
    """Add the commands of this module, as a group."""
    group = typer.Typer(help=help_of("deliveries"), no_args_is_help=True)
    group.command("list", help=help_of("deliveries.list"))(list_waiting)
    group.command("settle", help=help_of("deliveries.settle"))(settle_one)
    app.add_typer(group, name="deliveries")
