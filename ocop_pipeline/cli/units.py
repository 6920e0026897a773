"""Commands that answer about units in time: find, show, history.

Belongs here: printing what the finder, the ledger and the history say. Nothing is decided here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.catalogue.unit_history import Ground, UnitHistory, UnitStep
from ocop_pipeline.cli.console import (
    FINDINGS,
    FINE,
    JsonOption,
    SiteOption,
    StateOption,
    headers_of,
    help_of,
    messages,
    open_site,
    print_json,
    print_table,
    say,
)
from ocop_pipeline.cli.unit_words import (
    NOTHING,
    chosen_day,
    exactly,
    listed,
    one_unit,
    short_json,
    unit_json,
    within,
    written,
)
from ocop_pipeline.domain.unit_finder import Answer, Found, covering
from ocop_pipeline.domain.units import Relation, Tier, UnitVersion

_HELP = load_messages()
_ONE_DAY = timedelta(days=1)
UnitArgument = Annotated[str, typer.Argument(help=_HELP.both("help.argument.unit"))]
OnOption = Annotated[str, typer.Option("--on", help=_HELP.both("help.option.on"))]


# -------------------------------------------------------------------------------------------- find


def find(
    text: UnitArgument,
    on: OnOption = "",
    within_unit: Annotated[str, typer.Option("--within", help=_HELP.both("help.option.within"))] = "",
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print everything a text may mean; ambiguity is shown, never guessed away."""
    place, day = open_site(site, state), chosen_day(on)
    inside = one_unit(place, within_unit, day)[0].unit_id if within_unit else None
    answer = place.catalogue.unit_finder.find(text, day, inside)
    if as_json:
        print_json(_answer_json(place.catalogue, answer))
    else:
        _print_answer(place.catalogue, answer)
    raise typer.Exit(FINE if answer.meant is not None else FINDINGS)


def _answer_json(catalogue: Catalogue, answer: Answer) -> dict[str, Any]:
    meant = answer.meant
    return {
        "text": answer.text,
        "on": answer.on,
        "meant": meant.unit_id if meant else None,
        "units": [_found_json(catalogue, each) for each in answer.standing],
        "other_days": [_found_json(catalogue, each) for each in answer.other_days],
        "elsewhere": [unit_json(catalogue, unit, answer.on) for unit in answer.elsewhere],
        "unread": list(answer.unread),
    }


def _found_json(catalogue: Catalogue, found: Found) -> dict[str, Any]:
    return {
        **unit_json(catalogue, found.unit, found.on),
        "on": found.on,
        "basis": str(found.basis),
        "is_around": found.is_around,
        "has_type": found.has_type,
        "covering": [short_json(unit) for unit in found.covering],
    }


def _print_answer(catalogue: Catalogue, answer: Answer) -> None:
    day = written(answer.on)
    if answer.unread:
        say("units.unread", text=", ".join(answer.unread))
    if not answer.standing:
        say("units.none", unit=answer.text, on=day)
    if answer.elsewhere:
        say("units.elsewhere", units=listed(answer.elsewhere))
    if answer.standing:
        rows = [[*_cells(catalogue, each), _reason(each)] for each in answer.standing]
        print_table(["id", *headers_of("code", "unit", "span", "reason")], rows)
    if answer.other_days:
        headers = ["id", *headers_of("code", "unit", "span"), messages().say("units.covering", on=day)]
        rows = [[*_cells(catalogue, each), listed(each.covering)] for each in answer.other_days]
        print_table(headers, rows, messages().say("units.other_days", on=day))
    count = len(answer.standing) + len(answer.other_days)
    if answer.meant is None and count > 1:
        say("units.not_one", count=count)


def _cells(catalogue: Catalogue, found: Found) -> list[str]:
    unit = found.unit
    names = filter(None, (unit.full_name, within(catalogue, unit, found.on)))
    return [unit.unit_id, unit.code, ", ".join(names), _span(unit)]


def _span(unit: UnitVersion) -> str:
    """From when until when a unit stood as it is shown."""
    known = {"since": unit.valid_from, "until": unit.valid_to}
    key = "_".join(name for name, day in known.items() if day)
    days = {name: written(day) for name, day in known.items()}
    return messages().say(f"units.span_{key}", **days) if key else NOTHING


def _reason(found: Found) -> str:
    words = [messages().say(f"units.by_{found.basis}")]
    words += [] if found.is_around else [messages().say("units.lay_around")]
    words += [] if found.has_type else [messages().say("units.other_type")]
    return "; ".join(words)


# -------------------------------------------------------------------------------------------- show


def show(
    unit: UnitArgument,
    on: OnOption = "",
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print everything known of a unit on a day."""
    place, asked = open_site(site, state), chosen_day(on)
    version, day = one_unit(place, unit, asked)
    known = _shown_json(place.catalogue, version, day)
    if as_json:
        print_json(known)
        return
    if day != asked:
        say("units.shown_as_of", unit=version.full_name, on=written(asked), shown=written(day))
    print_table(headers_of("item", "what"), list(_shown_rows(known)))


def _shown_json(catalogue: Catalogue, unit: UnitVersion, on: date) -> dict[str, Any]:
    units, history = catalogue.units, _history(catalogue)
    below = units.descendants(unit.unit_id, on)
    counts = {str(tier): sum(each.tier is tier for each in below) for tier in Tier}
    came_from = covering(units, unit, unit.valid_from - _ONE_DAY) if unit.valid_from else ()
    became = covering(units, unit, unit.valid_to + _ONE_DAY) if unit.valid_to else ()
    return {
        "unit_id": unit.unit_id,
        "on": on,
        "code": unit.code,
        "tier": str(unit.tier),
        "type": unit.type,
        "name": unit.name,
        "full_name": unit.full_name,
        "above": [short_json(each) for each in units.ancestors(unit.unit_id, on)],
        "below": {tier: count for tier, count in counts.items() if count},
        "latitude": unit.latitude,
        "longitude": unit.longitude,
        "area_km2": unit.area_km2,
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
        "began_by": _ground_json(history.began_by(unit)),
        "ended_by": _ground_json(history.ended_by(unit)),
        "came_from": [short_json(each) for each in came_from],
        "became": [short_json(each) for each in became],
        "code_elsewhen": [_found_json(catalogue, each) for each in _code_elsewhen(catalogue, unit, on)],
    }


def _code_elsewhen(catalogue: Catalogue, unit: UnitVersion, on: date) -> tuple[Found, ...]:
    """Other units that held or hold the unit's code on other days."""
    found = catalogue.unit_finder.find(unit.code, on).other_days if unit.code.isdigit() else ()
    return tuple(each for each in found if each.unit.unit_id != unit.unit_id)


def _shown_rows(known: Mapping[str, Any]) -> Iterator[list[str]]:
    word = messages().say
    yield ["id", known["unit_id"]]
    yield [word("column.code"), known["code"]]
    yield [word("column.unit"), known["full_name"]]
    yield [word("column.tier"), word(f"tier.{known['tier']}")]
    yield [word("units.type"), known["type"]]
    yield [word("column.within"), ", ".join(each["name"] for each in known["above"]) or NOTHING]
    below = (f"{exactly(count)} {word(f'tier.{tier}')}" for tier, count in known["below"].items())
    yield [word("units.below"), "; ".join(below) or NOTHING]
    yield [word("units.point"), _point(known)]
    yield [word("units.area"), NOTHING if known["area_km2"] is None else f"{exactly(known['area_km2'])} km²"]
    yield [word("column.from"), written(known["valid_from"]) or word("units.unknown_beginning")]
    if known["valid_from"] is not None:
        yield [word("units.began_by"), _ground_text(known["began_by"])]
        yield [word("units.came_from"), _names(known["came_from"])]
    yield [word("column.to"), written(known["valid_to"]) or word("units.in_force")]
    if known["valid_to"] is not None:
        yield [word("units.ended_by"), _ground_text(known["ended_by"])]
        yield [word("units.became"), _names(known["became"])]
    for each in known["code_elsewhen"]:
        yield [word("units.code_elsewhen", code=known["code"]), _holder(each)]


def _point(known: Mapping[str, Any]) -> str:
    """Degrees north and east, with a point as maps on the web take them."""
    return NOTHING if known["latitude"] is None else f"{known['latitude']}, {known['longitude']}"


def _holder(found: Mapping[str, Any]) -> str:
    """Who held a code, and until or since when."""
    key = "units.until" if found["valid_to"] else "units.since"
    names = ", ".join(filter(None, (found["name"], found["within"])))
    return messages().say(key, unit=names, day=written(found["valid_to"] or found["valid_from"]))


# ----------------------------------------------------------------------------------------- history


def history(
    unit: UnitArgument,
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print a unit's versions and all changes before and after."""
    place, today = open_site(site, state), chosen_day("")
    version, day = one_unit(place, unit, today)
    versions = place.catalogue.units.versions(version.unit_id)
    steps = _history(place.catalogue).changes(version.unit_id)
    elsewhen = [_found_json(place.catalogue, each) for each in _code_elsewhen(place.catalogue, version, day)]
    if as_json:
        print_json(
            {
                "unit_id": version.unit_id,
                "versions": [unit_json(place.catalogue, each, _own_day(each, today)) for each in versions],
                "changes": [_step_json(each) for each in steps],
                "code_elsewhen": elsewhen,
            }
        )
        return
    rows = [
        [each.code, each.full_name, within(place.catalogue, each, _own_day(each, today)), _span(each)]
        for each in versions
    ]
    print_table(headers_of("code", "unit", "within", "span"), rows, version.unit_id)
    _print_steps(steps)
    for each in elsewhen:
        say("units.code_was", code=version.code, unit=_holder(each))


def _print_steps(steps: Sequence[UnitStep]) -> None:
    """The changes, and each decree once: a merger has many rows."""
    if not steps:
        say("units.never_changed")
        return
    print_table(headers_of("day", "change", "carries"), [_step_row(each) for each in steps])
    grounds = {(each.day, each.ground): None for each in steps if each.ground is not None}
    for day, ground in grounds:
        say("units.by_decree", day=written(day), decree=_ground_text(_ground_json(ground)))
    sources = {(kind, source): None for each in steps for kind, source in each.share_sources.items()}
    for kind, source in sources:
        say("units.share_source", kind=messages().say(f"units.share_{kind}"), source=source)


def _own_day(unit: UnitVersion, today: date) -> date:
    """A day of a version on which the units above it can be told."""
    return min(unit.last_day, max(today, unit.first_day))


def _step_json(step: UnitStep) -> dict[str, Any]:
    return {
        "day": step.day,
        "before": short_json(step.before),
        "after": short_json(step.after),
        "relation": str(step.relation),
        "carries": step.carries,
        "is_exact_forward": step.is_exact_forward,
        "is_exact_backward": step.is_exact_backward,
        "is_default": step.is_default,
        "shares": {kind: _decimal(part) for kind, part in step.shares.items()},
        "share_sources": dict(step.share_sources),
        "decree": _ground_json(step.ground),
    }


def _step_row(step: UnitStep) -> list[str]:
    say_it = messages().say
    change = say_it(f"units.{step.relation}", before=listed([step.before]), after=listed([step.after]))
    if step.relation is Relation.DIVIDED_INTO and step.is_default:
        change = f"{change} {say_it('units.default_part')}"
    shares = [
        f"{say_it(f'units.share_{kind}')} {exactly(_decimal(part) * 100)}%"
        for kind, part in step.shares.items()
    ]
    carries = "; ".join((say_it(f"units.carries_{step.carries}"), *shares))
    return [written(step.day), change, carries]


def _decimal(share: Decimal | Fraction) -> Decimal:
    """A share as it is shown: a site's is a quotient, which may have no last digit."""
    if isinstance(share, Decimal):
        return share
    return (Decimal(share.numerator) / Decimal(share.denominator)).quantize(Decimal("0.000001"))


def _history(catalogue: Catalogue) -> UnitHistory:
    return UnitHistory(catalogue.units, catalogue.unit_events, catalogue.decrees)


def _ground_json(ground: Ground | None) -> dict[str, Any] | None:
    if ground is None:
        return None
    return {
        "decree": ground.decree,
        "decree_date": ground.decree_date,
        "source": ground.source,
        "confidence": ground.confidence,
    }


def _ground_text(ground: Mapping[str, Any] | None) -> str:
    """A decree and its day; said when it was not read itself."""
    if ground is None:
        return NOTHING
    signed = ground["decree_date"]
    text: str = ground["decree"]
    if signed is not None:
        text = messages().say("units.decree", decree=text, day=written(signed))
    return text if ground["confidence"] == "S" else f"{text} {messages().say('units.not_read')}"


def _names(units: Iterable[Mapping[str, Any]]) -> str:
    return "; ".join(f"{unit['name']} ({unit['code']})" for unit in units) or NOTHING


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("find", help=help_of("units.find"))(find)
    app.command("show", help=help_of("units.show"))(show)
    app.command("history", help=help_of("units.history"))(history)
