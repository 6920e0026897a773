"""Commands about the register of products: list, show, expiring, review.

`register_app` is the group; another module may hang further commands into it.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.group_mappings import UNCONVERTED, UNKNOWN_GROUP
from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli.console import (
    FINDINGS,
    FINE,
    JsonOption,
    Language,
    Site,
    SiteOption,
    StateOption,
    as_mapping,
    headers_of,
    help_of,
    messages,
    open_ledger,
    open_site,
    parse_day,
    parse_period,
    print_json,
    print_table,
    refuse,
    say,
    warehouse_errors,
)
from ocop_pipeline.domain.certificates import RECOGNISED, CertificateState, Star
from ocop_pipeline.register.book import (
    STATES,
    Book,
    Entry,
    Happening,
    Hit,
    Lapse,
    Listed,
    Places,
    Selection,
    Source,
)
from ocop_pipeline.register.identity import PRODUCER, PRODUCT
from ocop_pipeline.register.review import Decided, OpenDoubt, Review, Side, decision
from ocop_pipeline.register.work_list import By, Workload, counts, workloads
from ocop_pipeline.runs import TIME_ZONE
from ocop_pipeline.warehouse.connection import open_reader, rows_reader
from ocop_pipeline.warehouse.ledger import ListedName

_HELP = load_messages()
_ID_DIGITS = 10
_LONGEST = 36
"""Months a look ahead may reach: no certificate of today lasts longer."""
_ANY = "all"

OnOption = Annotated[str, typer.Option("--on", help=_HELP.both("help.option.on"))]
OneUnitOption = Annotated[str, typer.Option("--unit", help=_HELP.both("help.option.unit"))]

register_app = typer.Typer(help=help_of("register"), no_args_is_help=True)
review_app = typer.Typer(help=help_of("register.review"), invoke_without_command=True)


@register_app.command("list", help=help_of("register.list"))
def list_products(
    unit: OneUnitOption = "",
    on: OnOption = "",
    period: Annotated[str, typer.Option("--period", help=_HELP.both("help.option.period"))] = "",
    certificate: Annotated[
        str, typer.Option("--certificate", help=_HELP.both("help.option.certificate"))
    ] = _ANY,
    star: Annotated[str, typer.Option("--star", help=_HELP.both("help.option.star"))] = "",
    group: Annotated[str, typer.Option("--group", help=_HELP.both("help.option.group"))] = "",
    producer_type: Annotated[
        str, typer.Option("--producer-type", help=_HELP.both("help.option.producer_type"))
    ] = "",
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print the products of a unit and all below it, as of a day."""
    if on and period:
        raise refuse("register.one_day")
    place = open_site(site, state)
    day = parse_period(period).end if period else _day(on)
    wanted = Selection(
        unit_id=_unit_id(place, unit, day),
        state=_certificate(certificate),
        star=_star(place.catalogue, star),
        product_group=_sector(place.catalogue, group, day),
        producer_type=_code(place.catalogue, "producer_type", producer_type, "help.option.producer_type"),
    )
    with _book(place) as book:
        found = book.entries(day, wanted)
    if as_json:
        print_json([_entry_json(each) for each in found])
        return
    _print_entries(place.catalogue, found)
    _say_totals(found, day)
    if wanted.state is CertificateState.REVOKED and not found:
        say("register.none_revoked")


@register_app.command("show", help=help_of("register.show"))
def show(
    name: Annotated[str, typer.Argument(help=_HELP.both("help.option.register_name"))],
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print one product or producer with everything known; candidates where the text may mean several."""
    place, today = open_site(site, state), _day("")
    with _book(place) as book, _review(place) as review:
        found = book.find(name, today)
        if len(found.certain) == 1:
            sheet = _sheet(place, book, review, found.certain[0], today)
            candidates: tuple[Hit, ...] = ()
        else:
            sheet, candidates = None, found.certain or found.similar
    if as_json:
        kinds = {kind: sheet if sheet and sheet["kind"] == kind else None for kind in (PRODUCT, PRODUCER)}
        print_json({**kinds, "candidates": [as_mapping(each) for each in candidates]})
    elif sheet:
        _print_sheet(place.catalogue, sheet)
    else:
        _print_candidates(candidates, certain=bool(found.certain))
    raise typer.Exit(FINE if sheet else FINDINGS)


@register_app.command("expiring", help=help_of("register.expiring"))
def expiring(
    unit: OneUnitOption = "",
    within: Annotated[
        int, typer.Option("--within", min=1, max=_LONGEST, help=_HELP.both("help.option.within_months"))
    ] = 12,
    on: OnOption = "",
    by: Annotated[By | None, typer.Option("--by", help=_HELP.both("help.option.expiring_by"))] = None,
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print what lapses within some months, with the evaluation round that still fits."""
    place, day = open_site(site, state), _day(on)
    unit_id = _unit_id(place, unit, day)
    with _book(place) as book:
        found = book.expiring(day, within, unit_id)
    grouped = workloads(found, by, day, within) if by else []
    if as_json:
        print_json([_workload_json(each, by) for each in grouped] if by else list(map(_lapse_json, found)))
        return
    if by:
        _print_workloads(grouped, by)
    else:
        _print_lapses(place.catalogue, found)
    told = "; ".join(
        messages().say("register.expiring_count", months=months, count=count)
        for months, count in counts(found, day, within)
    )
    if any(each.round_known and each.round_date is None for each in found):
        say("register.rounds_note")
    say("register.expiring_total", count=len(found), within=within, on=_shown(day), counts=told)


def _print_lapses(catalogue: Catalogue, found: Sequence[Lapse]) -> None:
    rows = [
        (
            each.entry.unit_name, each.entry.producer_name, each.entry.product_name,
            _star_name(catalogue, each.entry.star), _shown(each.entry.expiry_date),
            messages().say("register.months", count=each.within_months), _round(each),
            each.entry.product_id[:_ID_DIGITS],
        )
        for each in found
    ]  # fmt: skip
    if rows:
        headers = ("unit", "producer", "product", "star", "expiry", "within_months", "round", "number")
        print_table(headers_of(*headers), rows)


def _print_workloads(found: Sequence[Workload], by: By) -> None:
    """Who has something to do: how many by when, and the first round that still fits one of them."""
    if not found:
        return
    months = [messages().say("register.within", months=months) for months, _ in found[0].counts]
    rows = [
        (
            each.name, *(() if by is By.UNIT else ("; ".join(name for _, name in each.units),)),
            *(count for _, count in each.counts), _shown(each.first_expiry),
            _shown(each.next_round) if each.next_round else "", each.too_late or "", each.undated or "",
        )
        for each in found
    ]  # fmt: skip
    first = headers_of("unit") if by is By.UNIT else headers_of("producer", "unit")
    print_table([*first, *months, *headers_of("first_expiry", "next_round", "too_late", "undated")], rows)


@review_app.callback()
def review_list(
    context: typer.Context,
    unit: OneUnitOption = "",
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print the doubts that wait for a person; exit code 1 when one does."""
    if context.invoked_subcommand:
        return
    place, today = open_site(site, state), _day("")
    places = Places(place.catalogue.units, today)
    unit_id = _unit_id(place, unit, today)
    with _review(place) as review:
        found = review.waiting(places.within(unit_id) if unit_id else None, places)
        answered = review.answered()
    if as_json:
        print_json([_doubt_json(each, places) for each in found])
    else:
        _print_doubts(found, places)
        if answered:
            say("register.answered", count=answered)
    raise typer.Exit(FINDINGS if found else FINE)


@review_app.command("decide", help=help_of("register.review.decide"))
def decide(
    doubt: Annotated[str, typer.Argument(help=_HELP.both("help.option.doubt"))],
    by: Annotated[str, typer.Option("--by", help=_HELP.both("help.option.decided_by"))],
    why: Annotated[str, typer.Option("--why", help=_HELP.both("help.option.why"))],
    *,
    same: Annotated[bool, typer.Option("--same", help=_HELP.both("help.option.same"))] = False,
    different: Annotated[bool, typer.Option("--different", help=_HELP.both("help.option.different"))] = False,
    keep: Annotated[str, typer.Option("--keep", help=_HELP.both("help.option.keep"))] = "",
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Write down what a person decided on two names; the next run applies it."""
    if same == different:
        raise refuse("register.one_of_two")
    if keep not in ("", "left", "right") or (keep and different):
        raise refuse("register.keep_what")
    if not by.strip() or not why.strip():
        raise refuse("register.by_why_blank")
    place = open_site(site, state)
    with _review(place) as review:
        chosen = _chosen(review, doubt)
    answer = decision(
        chosen, is_same=same, keep_right=keep == "right", decided_by=by.strip(), reason=why.strip(),
        now=datetime.now(TIME_ZONE),
    )  # fmt: skip
    with open_ledger(place) as ledger:
        ledger.record_name_decision(answer)
    left, right = (_written(each) for each in (answer.left, answer.right))
    say("register.recorded_same" if same else "register.recorded_different", left=left, right=right)


def register(app: typer.Typer) -> None:
    """Add the commands of this module, as a group."""
    app.add_typer(register_app, name="register")


register_app.add_typer(review_app, name="review")

# ------------------------------------------------------------------------------------- opening


@contextlib.contextmanager
def _book(place: Site) -> Iterator[Book]:
    with warehouse_errors(), open_reader(place.settings.warehouse) as connection:
        yield Book(rows_reader(connection), place.catalogue)


@contextlib.contextmanager
def _review(place: Site) -> Iterator[Review]:
    """The doubts of the warehouse with the decisions of the ledger."""
    with open_ledger(place) as ledger:
        decisions = ledger.name_decisions()
    with warehouse_errors(), open_reader(place.settings.warehouse) as connection:
        yield Review(rows_reader(connection), decisions, place.catalogue.names)


# ------------------------------------------------------------------------------------- asking


def _day(text: str) -> date:
    return parse_day(text) if text else datetime.now(TIME_ZONE).date()


def _unit_id(place: Site, text: str, on: date) -> str | None:
    return place.unit_on(text, on).unit_id if text else None


def _certificate(text: str) -> CertificateState | None:
    if text not in (_ANY, *STATES):
        raise refuse("help.option.certificate")
    return None if text == _ANY else CertificateState(text)


def _star(catalogue: Catalogue, text: str) -> Star | None:
    code = _code(catalogue, "star", text, "help.option.star")
    if code is not None and code not in RECOGNISED:
        raise refuse("help.option.star")
    return Star(code) if code else None


def _code(catalogue: Catalogue, name: str, text: str, problem: str) -> str | None:
    """The code a wording means in a list; refused when it means none."""
    if not text:
        return None
    item = catalogue.code_lists.find(name, text)
    if item is None:
        raise refuse(problem)
    return item.code


def _sector(catalogue: Catalogue, text: str, on: date) -> str | None:
    """The sector of the day's list that a code or a name means, or what stands for none; else refused."""
    if not text:
        return None
    if text in (UNCONVERTED, UNKNOWN_GROUP):
        return text
    groups = catalogue.groups
    found = groups.find(text, on)
    try:
        return groups.sector_of(found.code if found else text, on).code
    except KeyError:
        raise refuse("register.no_group", group=text, on=_shown(on)) from None


def _chosen(review: Review, text: str) -> OpenDoubt:
    """The one doubt that is meant; refused when it is none or could be several."""
    found = list(review.meant(text).values())
    if not found:
        raise refuse("register.no_doubt", number=text)
    if len(found) > 1:
        raise refuse(
            "register.doubts_ambiguous", count=len(found), numbers=", ".join(each.doubt_id for each in found)
        )
    return found[0]


# ------------------------------------------------------------------------------------- shapes of docs/cli.md


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {**as_mapping(entry), "source": _source_json(entry.source)}


def _source_json(source: Source) -> dict[str, Any]:
    return dict(as_mapping(source))


def _lapse_json(lapse: Lapse) -> dict[str, Any]:
    return {
        **_entry_json(lapse.entry),
        "within_months": lapse.within_months,
        "evaluation_level": lapse.level,
        "round_date": lapse.round_date,
        "round_known": lapse.round_known,
    }


def _workload_json(workload: Workload, by: By | None) -> dict[str, Any]:
    name = workload.name or None
    return {
        f"{by}_id": workload.identity,
        f"{by}_name": name,
        "units": [{"unit_id": unit_id, "unit_name": unit_name} for unit_id, unit_name in workload.units],
        "counts": [{"within_months": months, "count": count} for months, count in workload.counts],
        "first_expiry": workload.first_expiry,
        "next_round": workload.next_round,
        "too_late": workload.too_late,
        "undated": workload.undated,
    }


def _doubt_json(doubt: OpenDoubt, places: Places) -> dict[str, Any]:
    return {
        "doubt_id": doubt.doubt_id,
        "kind": doubt.name_kind,
        "reason": doubt.reason,
        "similarity": doubt.similarity,
        "left": _side_json(doubt.left, places),
        "right": _side_json(doubt.right, places),
    }


def _side_json(side: Side, places: Places) -> dict[str, Any]:
    return {"id": side.identity, **_name_json(side.name, places)}


def _name_json(name: ListedName, places: Places) -> dict[str, Any]:
    return {
        "product_name": name.product or None,
        "producer_name": name.producer or None,
        "unit_id": name.unit_id,
        "unit_name": places.name(name.unit_id),
    }


def _decided_json(decided: Decided, places: Places) -> dict[str, Any]:
    told = decided.decision
    return {
        "decision_id": decided.decision_id,
        "kind": told.name_kind,
        "verdict": "same" if told.is_same else "different",
        "kept": _name_json(told.left, places),
        "other": _name_json(told.right, places),
        "decided_by": told.decided_by,
        "reason": told.reason,
        "decided_at": told.decided_at.astimezone(TIME_ZONE),
        "stands": decided.stands,
    }


def _happening_json(each: Happening) -> dict[str, Any]:
    return {**as_mapping(each), "sources": [_source_json(source) for source in each.sources]}


def _names_json(lines: Sequence[Listed], places: Places) -> list[dict[str, Any]]:
    return [
        {
            "product_name": each.product_name,
            "producer_name": each.producer_name or None,
            "unit_id": each.unit_id,
            "unit_name": places.name(each.unit_id),
            "line_count": each.line_count,
        }
        for each in lines
    ]


def _sheet(place: Site, book: Book, review: Review, hit: Hit, today: date) -> dict[str, Any]:
    """Everything known of one product or producer."""
    places = Places(place.catalogue.units, today)
    lines = [each for each in book.listed if each.id_of(hit.kind) == hit.identity]
    common = {
        "kind": hit.kind,
        "id": hit.identity,
        "name": hit.name,
        "on": today,
        "names": _names_json(lines, places),
        "decisions": [_decided_json(each, places) for each in review.decisions_on(hit.kind, lines)],
        "doubts": [_doubt_json(each, places) for each in review.doubts_of(hit.identity)],
    }
    if hit.kind == PRODUCER:
        return {**common, "products": [_entry_json(each) for each in book.entries_of(hit.identity, today)]}
    entry = book.entry_of(hit.identity, today)
    return {
        **common,
        "entry": _entry_json(entry) if entry else None,
        "history": [_happening_json(each) for each in book.history(hit.identity)],
    }


# ------------------------------------------------------------------------------------- tables for people


def _shown(day: date) -> str:
    return day.strftime("%d/%m/%Y")


def _star_name(catalogue: Catalogue, code: str) -> str:
    item = catalogue.code_lists.item("star", code)
    return item.name_vi if Language.chosen == "vi" else item.name_en


def _state_name(state: str) -> str:
    return messages().say(f"register.state.{state}")


def _standing(state: str, ended_on: date | None, decision_no: str | None) -> str:
    """The state; of a revoked certificate since when and by which decision."""
    if state != CertificateState.REVOKED or ended_on is None:
        return _state_name(state)
    key = "register.revoked_by" if decision_no else "register.revoked"
    return messages().say(key, day=_shown(ended_on), number=decision_no or "")


def _happened(each: dict[str, Any]) -> str:
    """What kind of event it was, and when it changed nothing."""
    told = messages().say(f"register.event.{each['kind']}")
    return told if each["has_effect"] else messages().say("register.without_effect", event=told)


def _level_name(level: str | None) -> str:
    return messages().say(f"register.level.{level}") if level else ""


def _body(entry: Entry | Happening) -> str:
    """Who decided: the body as written, and its level."""
    return ", ".join(filter(None, (entry.issuing_body, _level_name(entry.recognising_level))))


def _place(source: Source) -> str:
    where = "!".join(filter(None, (source.sheet, source.cell)))
    return ": ".join(filter(None, (source.file or source.submission_id[:_ID_DIGITS], where)))


def _print_entries(catalogue: Catalogue, found: Sequence[Entry]) -> None:
    rows = [
        (
            each.product_name, each.producer_name, each.unit_name, _star_name(catalogue, each.star),
            each.decision_no, _shown(each.decision_date), _body(each), _shown(each.expiry_date),
            _standing(each.state, each.ended_on, each.ending_decision_no), each.product_id[:_ID_DIGITS],
            _place(each.source),
        )
        for each in found
    ]  # fmt: skip
    if rows:
        headers = (
            "product", "producer", "unit", "star", "decision", "decided_on", "body", "expiry", "status",
            "number", "source",
        )  # fmt: skip
        print_table(headers_of(*headers), rows)


def _say_totals(found: Sequence[Entry], on: date) -> None:
    """The totals by state, because a certificate that lapsed must not be counted with those in force."""
    by_state = Counter(each.state for each in found)
    told = "; ".join(f"{_state_name(each)}: {by_state[each]}" for each in STATES)
    say("register.total", count=len(found), on=_shown(on), states=told)


def _round(lapse: Lapse) -> str:
    if lapse.round_date:
        return messages().say("register.round", day=_shown(lapse.round_date), level=_level_name(lapse.level))
    return messages().say("register.round_none_fits" if lapse.round_known else "register.round_unknown")


def _print_candidates(candidates: Sequence[Hit], *, certain: bool) -> None:
    if not candidates:
        say("register.nothing")
        return
    rows = [
        (
            messages().say(f"register.kind.{each.kind}"), each.name, each.producer_name, each.unit_name,
            each.identity[:_ID_DIGITS],
        )
        for each in candidates
    ]  # fmt: skip
    print_table(headers_of("what", "name", "producer", "unit", "number"), rows)
    say("register.several" if certain else "register.similar", count=len(candidates))


def _print_doubts(found: Sequence[OpenDoubt], places: Places) -> None:
    if not found:
        say("register.no_doubts")
        return
    rows = [
        (
            each.doubt_id[:_ID_DIGITS], messages().say(f"register.kind.{each.name_kind}"),
            _described(each.left.name, places), _described(each.right.name, places),
            messages().say(f"register.reason.{each.reason}"), f"{each.similarity:.0%}",
        )
        for each in found
    ]  # fmt: skip
    print_table(headers_of("number", "what", "left", "right", "reason", "similarity"), rows)
    say("register.review_next")


def _written(name: ListedName) -> str:
    return ", ".join(filter(None, (name.product, name.producer)))


def _described(name: ListedName, places: Places) -> str:
    return ", ".join(filter(None, (_written(name), places.name(name.unit_id))))


def _print_sheet(catalogue: Catalogue, sheet: dict[str, Any]) -> None:
    words = messages()
    kind = words.say(f"register.kind.{sheet['kind']}")
    say("register.sheet", kind=kind, name=sheet["name"], number=sheet["id"])
    names = [
        (each["product_name"], each["producer_name"], each["unit_name"], each["line_count"])
        for each in sheet["names"]
    ]
    print_table(headers_of("product", "producer", "unit", "lines"), names, words.say("register.names"))
    if sheet["kind"] == PRODUCT:
        _print_history(catalogue, sheet)
    else:
        _print_products(catalogue, sheet)
    if sheet["decisions"]:
        _print_decisions(sheet["decisions"])
    if sheet["doubts"]:
        rows = [
            (
                each["doubt_id"][:_ID_DIGITS], _joined(each["left"]), _joined(each["right"]),
                words.say(f"register.reason.{each['reason']}"),
            )
            for each in sheet["doubts"]
        ]  # fmt: skip
        print_table(headers_of("number", "left", "right", "reason"), rows, words.say("register.doubts"))


def _print_history(catalogue: Catalogue, sheet: dict[str, Any]) -> None:
    words, entry = messages(), sheet["entry"]
    rows = [
        (
            _happened(each), _star_name(catalogue, each["star"]) if each["star"] else "",
            _shown(each["decision_date"]), each["decision_no"],
            _shown(each["expiry_date"]) if each["expiry_date"] else "",
            ", ".join(filter(None, (each["issuing_body"], _level_name(each["recognising_level"])))),
            each["producer_name"], each["unit_name"],
            "; ".join(_place(Source(**source)) for source in each["sources"]),
        )
        for each in sheet["history"]
    ]  # fmt: skip
    headers = headers_of(
        "what", "star", "decided_on", "decision", "expiry", "body", "producer", "unit", "source"
    )
    print_table(headers, rows, words.say("register.history"))
    if entry is None:
        say("register.not_recognised", on=_shown(sheet["on"]))
    else:
        say(
            "register.today_revoked" if entry["state"] == CertificateState.REVOKED else "register.today",
            on=_shown(sheet["on"]),
            state=_standing(entry["state"], entry["ended_on"], entry["ending_decision_no"]),
            star=_star_name(catalogue, entry["star"]), expiry=_shown(entry["expiry_date"]),
            unit=entry["unit_name"],
        )  # fmt: skip


def _print_products(catalogue: Catalogue, sheet: dict[str, Any]) -> None:
    rows = [
        (
            each["product_name"], each["unit_name"], _star_name(catalogue, each["star"]), each["decision_no"],
            _shown(each["decision_date"]), _shown(each["expiry_date"]),
            _standing(each["state"], each["ended_on"], each["ending_decision_no"]),
            each["product_id"][:_ID_DIGITS],
        )
        for each in sheet["products"]
    ]  # fmt: skip
    headers = ("product", "unit", "star", "decision", "decided_on", "expiry", "status", "number")
    print_table(headers_of(*headers), rows, messages().say("register.products", on=_shown(sheet["on"])))


def _print_decisions(decisions: Sequence[dict[str, Any]]) -> None:
    words = messages()
    rows = [
        (
            each["decision_id"][:_ID_DIGITS],
            words.say(f"register.verdict.{each['verdict']}")
            + ("" if each["stands"] else f" ({words.say('register.replaced')})"),
            _joined(each["kept"]), _joined(each["other"]), each["decided_by"], each["reason"],
            each["decided_at"].strftime("%d/%m/%Y %H:%M"),
        )
        for each in decisions
    ]  # fmt: skip
    headers = headers_of("number", "verdict", "left", "right", "decided_by", "reason", "decided_on")
    print_table(headers, rows, words.say("register.decisions"))


def _joined(name: dict[str, Any]) -> str:
    return ", ".join(filter(None, (name["product_name"], name["producer_name"], name["unit_name"])))
