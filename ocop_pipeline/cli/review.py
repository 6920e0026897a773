"""The commands `ocop review list|show|accept|return`: reports that wait for a person, and what a person decides.

Belongs here: showing what waits, choosing one by its receipt, writing a decision down. Does not: which wait, and what a
decision does (`intake/review_queue.py`).
"""

from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

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
    parse_month,
    print_json,
    print_table,
    refuse,
    say,
    tell,
)
from ocop_pipeline.cli.register_imports import say_next
from ocop_pipeline.cli.unit_words import one_unit, written
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.intake.answer import Answer, recorded_answer
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.process import form_of
from ocop_pipeline.intake.review_queue import (
    Decision,
    Kind,
    ReviewError,
    Waiting,
    accept,
    decisions_on,
    is_returned,
    returned_by_review,
    send_back,
    waiting,
)
from ocop_pipeline.runs import TIME_ZONE
from ocop_pipeline.warehouse.ledger import Ledger, ReviewRecord
from ocop_pipeline.warehouse.reference import scope_units

_HELP = load_messages()
_ID_DIGITS = 10
_LEAST_DIGITS = 4

IdArgument = Annotated[str, typer.Argument(help=_HELP.both("help.option.review_id"), metavar="ID")]
ByOption = Annotated[str, typer.Option("--by", help=_HELP.both("help.option.decided_by"))]


def list_waiting(
    period: Annotated[str | None, typer.Option("--period", help=_HELP.both("help.option.period"))] = None,
    province: Annotated[
        str | None, typer.Option("--province", help=_HELP.both("help.option.review_province"))
    ] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help=_HELP.both("help.option.review_kind"))] = None,
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print what waits for a person; exit code 1 when something does."""
    place = open_site(site, state)
    month = parse_month(period).key if period else ""
    inside = one_unit(place, province, _today())[0].unit_id if province else ""
    with open_ledger(place) as ledger:
        items = [
            item
            for item in waiting(ledger)
            if month in ("", item.verdict.period)
            and kind in (None, item.kind)
            and (not inside or _is_inside(place, item, inside))
        ]
    answers = [recorded_answer(item.arrival, item.verdict, place.catalogue) for item in items]
    if as_json:
        print_json([_json(item, each) for item, each in zip(items, answers, strict=True)])
    elif items:
        headers = headers_of(
            "receipt", "why_waiting", "unit", "month", "doubts", "answered", "received", "file"
        )
        rows = [_row(item, each) for item, each in zip(items, answers, strict=True)]
        print_table(headers, rows, messages().say("review.title", count=len(items)))
    else:
        say("review.none")
    raise typer.Exit(FINDINGS if items else FINE)


def show(
    wanted: IdArgument, *, as_json: JsonOption = False, site: SiteOption = None, state: StateOption = None
) -> None:
    """Print everything about one report that waits."""
    place = open_site(site, state)
    with open_ledger(place) as ledger:
        item = _chosen(ledger, wanted)
        before = decisions_on(ledger.reviews(), item.verdict.sha256)
    answer = recorded_answer(item.arrival, item.verdict, place.catalogue)
    if as_json:
        print_json({**_json(item, answer), "decisions": [_decision_json(each) for each in before]})
        return
    words = messages()
    print_table(headers_of("item", "value"), _about(item, answer), words.say("review.one"))
    found = [
        (words.say(f"severity.{each['severity']}"),
         each["message_vi"] if words.language == "vi" else each["message_en"], each["reason"])
        for each in answer["findings"]
    ]  # fmt: skip
    print_table(headers_of("severity", "what", "reason"), found)
    if answer["repairs"]:
        repairs = [(each["sheet"], each["cell"], each["before"], each["after"]) for each in answer["repairs"]]
        print_table(headers_of("sheet", "cell", "written", "understood"), repairs)
    for each in before:
        tell(_decision_words(each))


def accept_one(
    wanted: IdArgument,
    by: ByOption,
    reason: Annotated[
        str, typer.Option("--reason", "--why", help=_HELP.both("help.option.review_reason"))
    ] = "",
    unit: Annotated[str | None, typer.Option("--unit", help=_HELP.both("help.option.review_unit"))] = None,
    period: Annotated[
        str | None, typer.Option("--period", help=_HELP.both("help.option.review_period"))
    ] = None,
    agency: Annotated[str, typer.Option("--agency", help=_HELP.both("help.option.review_agency"))] = "",
    *,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Let a report count as it is, or say whose it is."""
    if not by.strip():
        raise refuse("review.by_blank")
    place = open_site(site, state)
    now = datetime.now(TIME_ZONE)
    with open_ledger(place) as ledger:
        item = _chosen(ledger, wanted)
        is_telling = item.kind is Kind.SENDER or unit is not None
        told = _told(place, item, unit, period, agency) if is_telling else _Told()
        try:
            accept(ledger, item, Decision(by.strip(), reason.strip(), now, *told[:3]))
        except ReviewError as error:
            raise refuse(error.code) from error
        issued = {each.period for each in ledger.issues()}
        answer = recorded_answer(item.arrival, item.verdict, place.catalogue)
        say("review.accepted", file=answer["file"])
        _say_other_report(ledger, item, told)
    if item.kind is Kind.SENDER or answer["verdict"] == "returned":
        say_next([told.period or item.verdict.period], issued, now.date())


def return_one(
    wanted: IdArgument,
    by: ByOption,
    reason: Annotated[str, typer.Option("--reason", "--why", help=_HELP.both("help.option.review_reason"))],
    *,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Return a report to its sender; from the next run on it counts no more."""
    if not by.strip() or not reason.strip():
        raise refuse("review.by_reason_blank")
    place = open_site(site, state)
    now = datetime.now(TIME_ZONE)
    with open_ledger(place) as ledger:
        item = _chosen(ledger, wanted)
        if is_returned(item.verdict):
            raise refuse("review.returned_already")
        send_back(ledger, item, Decision(by.strip(), reason.strip(), now))
        issued = {each.period for each in ledger.issues()}
    say("review.returned", file=item.arrival.display_name)
    if item.verdict.period and item.kind is not Kind.SENDER:
        say_next([item.verdict.period], issued, now.date())


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help=help_of("review"), no_args_is_help=True)
    group.command("list", help=help_of("review.list"))(list_waiting)
    group.command("show", help=help_of("review.show"))(show)
    group.command("accept", help=help_of("review.accept"))(accept_one)
    group.command("return", help=help_of("review.return"))(return_one)
    app.add_typer(group, name="review")


def _today() -> date:
    return datetime.now(TIME_ZONE).date()


def _chosen(ledger: Ledger, text: str) -> Waiting:
    """The one file meant by its receipt; one that a review returned can be chosen too, to be accepted again."""
    key = text.strip().lower()
    items = [*waiting(ledger), *returned_by_review(ledger)]
    found = [item for item in items if len(key) >= _LEAST_DIGITS and item.verdict.sha256.startswith(key)]
    if not found:
        raise refuse("review.none_such", text=text)
    if len(found) > 1:
        ids = ", ".join(item.verdict.sha256[:_ID_DIGITS] for item in found)
        raise refuse("review.several", text=text, ids=ids)
    return found[0]


class _Told(NamedTuple):
    """Whose report a person says a file is, and the form the file has; blank where nothing was told."""

    unit_id: str = ""
    agency: str = ""
    period: str = ""
    form: str = ""


def _told(place: Site, item: Waiting, unit: str | None, period: str | None, agency: str) -> _Told:
    """Unit, department and month a person tells, checked against the form the file has and the area served here."""
    month = Period.parse(item.verdict.period) if item.verdict.period and not period else None
    if month is None and not period:
        raise refuse("review.sender_needed")
    month = month or parse_month(period or "")
    if unit is None and (not item.verdict.unit_id or item.verdict.verdict == Verdict.RETURNED):
        raise refuse("review.sender_needed" if not item.verdict.unit_id else "review.unit_needed")
    meant, on = (
        one_unit(place, unit, month.end)
        if unit
        else (place.catalogue.units.get(item.verdict.unit_id, month.end), month.end)
    )
    if on != month.end:
        raise refuse("review.unit_not_then", unit=meant.full_name, period=month.key, day=written(month.end))
    if month.start > _today():
        raise refuse("review.month_not_begun", period=month.key)
    if not _is_served(place, meant.unit_id, on):
        raise refuse("review.not_served", unit=meant.full_name, period=month.key)
    code = form_of(Archive(place.settings.archive), item.arrival, place.catalogue)
    form = place.catalogue.forms.get(code)
    known = {each.code for each in place.catalogue.agencies_on(month.end)}
    agency = agency or item.verdict.agency
    if form is None or meant.tier != Tier(form.sender_tier) or (form.by_agency != bool(agency)):
        raise refuse("review.sender_cannot_be", form=code or "–", unit=meant.full_name)
    if agency and agency not in known:
        raise refuse("review.agency_unknown", agency=agency, known=", ".join(sorted(known)))
    return _Told(meant.unit_id, agency, month.key, code)


def _is_served(place: Site, unit_id: str, on: date) -> bool:
    """Whether the unit lies, on that day, in a province this site serves."""
    scope = scope_units(place.catalogue, place.settings.scope)
    above = place.catalogue.units.ancestors(unit_id, on)
    return any(each in scope for each in (unit_id, *(unit.unit_id for unit in above)))


def _say_other_report(ledger: Ledger, item: Waiting, told: _Told) -> None:
    """Tell of another file that counts already for the same unit, form and month, and which of the two will."""
    duty = (told.form, told.unit_id, told.agency, told.period)
    for other in ledger.current_submissions(told.period):
        if other.duty == duty and other.sha256 != item.verdict.sha256:
            (arrival,) = ledger.arrivals({other.sha256})
            is_later = item.verdict.sequence > other.sequence
            say(
                "review.replaces" if is_later else "review.replaced",
                file=item.arrival.display_name,
                other=arrival.display_name,
                receipt=other.sha256[:_ID_DIGITS],
                day=written(arrival.received_at.astimezone(TIME_ZONE).date()),
            )


def _is_inside(place: Site, item: Waiting, province_id: str) -> bool:
    if not item.verdict.unit_id or not item.verdict.period:
        return False
    end = Period.parse(item.verdict.period).end
    above = place.catalogue.units.ancestors(item.verdict.unit_id, end)
    return province_id in {item.verdict.unit_id, *(unit.unit_id for unit in above)}


def _row(item: Waiting, answer: Answer) -> list[object]:
    return [
        item.verdict.sha256[:_ID_DIGITS], messages().say(f"review.kind_{item.kind}"), _whose(answer),
        answer["period"] or "", len(item.doubts), item.answered,
        item.arrival.received_at.astimezone(TIME_ZONE).strftime("%d/%m/%Y"), answer["file"],
    ]  # fmt: skip


def _whose(answer: Answer) -> str:
    return ", ".join(filter(None, (answer["agency_name"], answer["unit_name"])))


def _about(item: Waiting, answer: Answer) -> list[tuple[str, str]]:
    words = messages()
    rows = {
        "receipt": item.verdict.sha256[:_ID_DIGITS],
        "why_waiting": words.say(f"review.kind_{item.kind}"),
        "unit": _whose(answer),
        "month": answer["period"] or "",
        "form": answer["form"] or "",
        "received": item.arrival.received_at.astimezone(TIME_ZONE).strftime("%d/%m/%Y %H:%M"),
        "file": answer["file"],
    }
    return [(words.say(f"column.{name}"), value) for name, value in rows.items()]


def _json(item: Waiting, answer: Answer) -> dict[str, Any]:
    return {
        "kind": str(item.kind),
        "received_at": item.arrival.received_at.astimezone(TIME_ZONE),
        "doubts": len(item.doubts),
        "answered": item.answered,
        **answer,
    }


def _decision_json(review: ReviewRecord) -> dict[str, Any]:
    return {
        "decision": review.decision,
        "decided_by": review.decided_by,
        "reason": review.reason,
        "decided_at": review.decided_at.astimezone(TIME_ZONE),
        "unit_id": review.unit_id or None,
        "agency": review.agency or None,
        "period": review.period or None,
    }


def _decision_words(review: ReviewRecord) -> str:
    return messages().say(
        f"review.decided_{review.decision}", by=review.decided_by, reason=review.reason or "–",
        at=review.decided_at.astimezone(TIME_ZONE).strftime("%d/%m/%Y %H:%M"),
    )  # fmt: skip
