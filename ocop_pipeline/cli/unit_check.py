"""The command that checks units and events: `ocop units check`.

Belongs here: printing counts. The rules are the loader's; the counts are `domain/unit_counts.py`'s.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ocop_pipeline.catalogue import Catalogue, CatalogueError
from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.catalogue.unit_parts import KINDS
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
from ocop_pipeline.cli.unit_words import event_json, exactly, with_events, written
from ocop_pipeline.domain.unit_counts import Carried, Era, carried, divided, eras, told
from ocop_pipeline.domain.units import Tier

_HELP = load_messages()
_TIERS = (Tier.PROVINCE, Tier.DISTRICT, Tier.COMMUNE)


def check(
    file: Annotated[Path | None, typer.Argument(help=_HELP.both("help.argument.events"))] = None,
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Check units and events, and print their counts by era, tier and way of carrying figures."""
    place = open_site(site, state)
    try:
        catalogue = place.catalogue if file is None else with_events(place, file)
    except CatalogueError as error:
        _print_fault(error, as_json=as_json)
        raise typer.Exit(FINDINGS) from error
    by_ways, by_links = carried(catalogue.units), told(catalogue.units)
    if as_json:
        print_json(_checked_json(catalogue, by_ways, by_links))
    else:
        _print_check(catalogue, by_ways, by_links)
    raise typer.Exit(FINE if by_ways == by_links else FINDINGS)


def _print_fault(error: CatalogueError, *, as_json: bool) -> None:
    """What is wrong with the file asked about; that is what the command was called for, so it is no error of use."""
    if as_json:
        print_json({"file": error.file, "row": error.row, "reason": error.reason})
    else:
        say("error.catalogue", reason=error)


def _checked_json(
    catalogue: Catalogue, by_ways: Sequence[Carried], by_links: Sequence[Carried]
) -> dict[str, Any]:
    return {
        **_counts(catalogue),
        "events": [event_json(each) for each in catalogue.unit_events],
        "eras": [_era_json(each) for each in eras(catalogue.units)],
        "carried": [
            {
                "day": each.day,
                "forward": each.forward,
                "unchanged": each.unchanged,
                "kept": each.kept,
                "exact": each.exact,
                "whole": each.whole,
                "estimated": each.estimated,
                "agrees": each == other,
            }
            for each, other in zip(by_ways, by_links, strict=True)
        ],
        "divided": [
            {"day": each.day, "units": each.units, "told": dict(each.told)}
            for each in divided(catalogue.units, KINDS)
        ],
    }


def _counts(catalogue: Catalogue) -> dict[str, int]:
    return {
        "units": len({version.unit_id for version in catalogue.units.all_versions}),
        "versions": len(catalogue.units.all_versions),
        "links": len(catalogue.units.all_successions),
        "decrees": len(catalogue.decrees),
    }


def _era_json(era: Era) -> dict[str, Any]:
    by_tier: dict[str, dict[str, int]] = {}
    for (tier, kind), count in era.counts.items():
        by_tier.setdefault(str(tier), {})[kind] = count
    return {"first_day": era.first_day, "counts": by_tier}


def _print_check(catalogue: Catalogue, by_ways: Sequence[Carried], by_links: Sequence[Carried]) -> None:
    counts = {name: exactly(count) for name, count in _counts(catalogue).items()}
    say("units.checked", **counts, events=exactly(len(catalogue.unit_events)))
    words = [messages().say(f"tier.{tier}") for tier in _TIERS]
    rows = [[_since(era), *(_of_tier(era, tier) for tier in _TIERS)] for era in eras(catalogue.units)]
    print_table([*headers_of("from"), *words], rows, messages().say("units.eras"))
    both = list(zip(by_ways, by_links, strict=True))
    for day in dict.fromkeys(each.day for each in by_ways):
        of_day = [(each, other) for each, other in both if each.day == day]
        ways_words = (
            messages().say("units.forward" if each.forward else "units.backward") for each, _ in of_day
        )
        title = messages().say("units.carried", day=written(day))
        print_table([*headers_of("item"), *ways_words], _carried_rows(of_day), title)
    for each in divided(catalogue.units, KINDS):
        of_kind = {kind: exactly(count) for kind, count in each.told.items()}
        say("units.divided_told", day=written(each.day), units=exactly(each.units), **of_kind)


def _since(era: Era) -> str:
    return written(era.first_day) or messages().say("units.unknown_beginning")


def _of_tier(era: Era, tier: Tier) -> str:
    kinds = [f"{exactly(count)} {kind}" for (each, kind), count in sorted(era.counts.items()) if each is tier]
    return f"{exactly(era.of_tier(tier))} ({', '.join(kinds)})" if kinds else "0"


def _carried_rows(of_day: Sequence[tuple[Carried, Carried]]) -> list[list[str]]:
    """A row a kind, a column a direction; what the ledger's own links count is said last."""
    word = messages().say
    rows = [
        [word(f"units.carried_{kind}"), *(exactly(getattr(each, kind)) for each, _ in of_day)]
        for kind in ("unchanged", "kept", "exact", "whole", "estimated")
    ]
    verdicts = (word("units.agrees" if each == other else "units.differs") for each, other in of_day)
    return [*rows, [word("units.carried_told"), *verdicts]]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("check", help=help_of("units.check"))(check)
