"""Which unit stands for another on a day on which that one is not on the map.

Here: the rule, for any number of changes between the two days and in both directions of time. Not here: figures shared
out among units (`domain/restatement.py`); what is asked here is where one thing is, a product or a person, and the
answer is one unit, the smallest that is sure to hold it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from ocop_pipeline.domain.units import Succession, Tier, UnitLedger, UnitVersion


class Choice(IntEnum):
    """How a unit came to stand for another; of several units a lesser choice is the better one."""

    ITSELF = 1
    SUCCESSOR = 2
    """What it went into, by the default successor of each change."""
    ABOVE = 3
    """It ended without a successor (a district): what the unit above it is now."""
    PREDECESSOR = 4
    """It did not exist yet and came from one unit."""
    AROUND = 5
    """It did not exist yet and came from several: the lowest unit that held them all."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The unit that stands for another on a day, and how."""

    unit_id: str
    choice: Choice


def standing(ledger: UnitLedger, unit_id: str, on: date) -> Standing:
    """Find the unit that stands for another on a day.

    Args:
        ledger: The units.
        unit_id: Our id of a unit, of any time.
        on: The day.

    Returns:
        A unit that is on the map of the day, unless nothing of the unit ever led to one: then the unit itself.

    Raises:
        UnknownUnitError: no such unit at any time.
    """
    versions = ledger.versions(unit_id)
    if any(version.in_force(on) for version in versions):
        return Standing(unit_id, Choice.ITSELF)
    if on < versions[0].first_day:
        return _before(ledger, versions[0], on)
    return _after(
        ledger, max((each for each in versions if each.last_day < on), key=lambda each: each.last_day), on
    )


def _after(ledger: UnitLedger, ended: UnitVersion, on: date) -> Standing:
    heirs = [
        link
        for link in _others(ledger.successors(ended.unit_id))
        if link.is_default and link.effective_date <= on
    ]
    if heirs:
        first = min(heirs, key=lambda link: (link.effective_date, link.successor_id))
        return Standing(standing(ledger, first.successor_id, on).unit_id, Choice.SUCCESSOR)
    if ended.parent_id is None:
        return Standing(ended.unit_id, Choice.ITSELF)
    return Standing(standing(ledger, ended.parent_id, on).unit_id, Choice.ABOVE)


def _before(ledger: UnitLedger, begun: UnitVersion, on: date) -> Standing:
    origins = {
        standing(ledger, link.predecessor_id, on).unit_id
        for link in _others(ledger.predecessors(begun.unit_id))
        if link.effective_date <= begun.first_day
    }
    if len(origins) == 1:
        return Standing(origins.pop(), Choice.PREDECESSOR)
    if origins:
        return Standing(_around(ledger, origins, on), Choice.AROUND)
    if begun.parent_id is None:
        return Standing(begun.unit_id, Choice.ITSELF)
    return Standing(standing(ledger, begun.parent_id, on).unit_id, Choice.AROUND)


def _others(links: Iterable[Succession]) -> list[Succession]:
    """Links to other units; a unit that keeps its id over a change is its own successor there."""
    return [link for link in links if link.predecessor_id != link.successor_id]


def _around(ledger: UnitLedger, unit_ids: Iterable[str], on: date) -> str:
    """The lowest unit of the day below the nation that is, or is above, each of some units.

    Where only the nation held them all (23 communes of 2025 are made of units of two provinces), the province that held
    most of them: what is there is counted in one province rather than in none.
    """
    chains = [
        [unit_id, *(unit.unit_id for unit in ledger.ancestors(unit_id, on) if unit.tier is not Tier.NATION)]
        for unit_id in sorted(unit_ids)
    ]
    shared = next((each for each in chains[0] if all(each in chain for chain in chains)), None)
    if shared is not None:
        return shared
    tops = Counter(chain[-1] for chain in chains)
    return min(tops, key=lambda each: (-tops[each], each))
