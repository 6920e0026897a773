"""Load what a site knows of the parts of its divided units: how many people, how much ground went which way.

Here: the form of `unit_parts.csv` and what it may say. The decrees of the reform divide communes without telling in
which parts, so figures are shared out equally until somebody who knows says better: a province's statistics office.
Only a site has this file; what it says wins over a decree's share. How figures are shared out is
`domain/restatement.py`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final

from ocop_pipeline.catalogue.tables import Row, read_all
from ocop_pipeline.catalogue.units import garbage_collection_paused
from ocop_pipeline.domain.units import Succession, UnitLedger, UnitVersion, UnknownUnitError

COLUMNS: Final = (
    "effective_date", "unit", "unit_name", "successor", "successor_name", "population", "area_km2", "source",
    "confidence",
)  # fmt: skip
"""The names are for people: units are told by code or id, of the day before and of the day."""
KINDS: Final[Mapping[str, str]] = {"population": "population", "area": "area_km2"}
"""What is measured -> the column of its amounts: people, square kilometres."""
_Link = tuple[str, str, date]
_SECOND_DAY: Final = date.min + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UnitPart:
    """One part of a divided unit: its link, and what is told of it."""

    link: _Link
    amounts: Mapping[str, Decimal]
    row: Row


def with_parts(ledger: UnitLedger, paths: Sequence[Path]) -> UnitLedger:
    """The units with what a site's files tell of the parts of divided ones; without a file, the units as they are.

    Args:
        ledger: The units with all events.
        paths: The site's file, if it has one, and more of the kind.

    Raises:
        CatalogueError: with file, row and reason: a unit that is none on the day, one that was not divided, a successor
            it did not go to, a part twice, amounts of some parts only, one that is not positive, or fractions of
            people.
    """
    rows = read_all(paths, COLUMNS)
    if not rows:
        return ledger
    links = divided_units(ledger)
    parts = [_part(ledger, links, row) for row in rows]
    shares = _shares(ledger, links, parts)
    sources = {part.link: dict.fromkeys(part.amounts, part.row.optional("source") or "") for part in parts}
    found = [
        replace(link, shares={**link.shares, **shares[_key(link)]}, share_sources=sources[_key(link)])
        if _key(link) in shares
        else link
        for link in ledger.all_successions
    ]
    with garbage_collection_paused():
        return UnitLedger(ledger.all_versions, found)


def divided_units(ledger: UnitLedger) -> dict[tuple[str, date], list[Succession]]:
    """(unit, day of the change) -> its parts, of every unit that went several ways."""
    found: defaultdict[tuple[str, date], list[Succession]] = defaultdict(list)
    for link in ledger.all_successions:
        found[link.predecessor_id, link.effective_date].append(link)
    return {key: links for key, links in found.items() if len(links) > 1}


def _key(link: Succession) -> _Link:
    return link.predecessor_id, link.successor_id, link.effective_date


def _part(ledger: UnitLedger, divided: Mapping[tuple[str, date], list[Succession]], row: Row) -> UnitPart:
    day = row.date("effective_date")
    unit = _unit(ledger, row, "unit", max(day, _SECOND_DAY) - timedelta(days=1))
    successor = _unit(ledger, row, "successor", day)
    links = divided.get((unit.unit_id, day))
    if links is None:
        raise row.error(f"{unit.full_name} was not divided on {day}: it has no parts to tell", "unit")
    if successor.unit_id not in {link.successor_id for link in links}:
        ways = ", ".join(sorted(ledger.get(link.successor_id, day).code for link in links))
        raise row.error(
            f"{unit.full_name} did not go to {successor.full_name}; it went to {ways}", "successor"
        )
    amounts = {}
    for kind, column in KINDS.items():
        amount = row.optional_decimal(column)
        if amount is not None and amount <= 0:
            raise row.error(f"{column} must be more than nought, not {amount}", column)
        if kind == "population" and amount is not None and amount % 1:
            raise row.error(f"{column} counts people: a whole number, not {amount}", column)
        if amount is not None:
            amounts[kind] = amount
    if amounts:
        row.text("source")
        row.confidence()
    return UnitPart((unit.unit_id, successor.unit_id, day), amounts, row)


def _unit(ledger: UnitLedger, row: Row, column: str, on: date) -> UnitVersion:
    """The unit of a day that a code or one of our ids names."""
    text = row.text(column)
    found = ledger.find_code(text, on)
    if found is None:
        try:
            return ledger.get(text, on)
        except UnknownUnitError as error:
            raise row.error(f"no unit has the code or id {text!r} on {on}", column) from error
    return found


def _shares(
    ledger: UnitLedger, divided: Mapping[tuple[str, date], list[Succession]], parts: Iterable[UnitPart]
) -> dict[_Link, dict[str, Fraction]]:
    """Link -> the share that went this way, by what is measured; of a unit all parts are told or none."""
    told: defaultdict[tuple[str, date], dict[str, UnitPart]] = defaultdict(dict)
    for part in parts:
        unit, successor, day = part.link
        if successor in told[unit, day]:
            raise part.row.error("this part stands twice", "successor")
        told[unit, day][successor] = part
    found: defaultdict[_Link, dict[str, Fraction]] = defaultdict(dict)
    for (unit, day), by_successor in told.items():
        for kind, column in KINDS.items():
            amounts = {
                name: Fraction(part.amounts[kind])
                for name, part in by_successor.items()
                if kind in part.amounts
            }
            if not amounts:
                continue
            missing = [link.successor_id for link in divided[unit, day] if link.successor_id not in amounts]
            if missing:
                blank = next((by_successor[each] for each in missing if each in by_successor), None)
                at = blank or next(iter(by_successor.values()))
                codes = ", ".join(sorted(ledger.get(each, day).code for each in missing))
                raise at.row.error(f"{column} is told of some parts of {unit} only, not of {codes}", column)
            for successor, amount in amounts.items():
                found[unit, successor, day][kind] = amount / sum(amounts.values())
    return found
