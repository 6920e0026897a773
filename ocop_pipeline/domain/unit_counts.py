"""Counts of units, and of how figures may be carried over a change of the map, told in two independent ways.

Here: counting. By the ways (`domain/restatement.py`), which figures take, and by the ledger's own links and their
relations; the two have to agree. Not here: any figure, nor what a change is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ocop_pipeline.domain.restatement import ground_days, ways
from ocop_pipeline.domain.units import Relation, Succession, Tier, UnitLedger

_ONE_DAY = timedelta(days=1)
_SAME_PLACE = (Relation.CONTINUES, Relation.RENAMED)


@dataclass(frozen=True, slots=True)
class Era:
    """The units between two changes of whatever kind: first day (None: unknown) and counts by tier and type."""

    first_day: date | None
    counts: Mapping[tuple[Tier, str], int]

    def of_tier(self, tier: Tier) -> int:
        """All units of a tier."""
        return sum(count for (each, _), count in self.counts.items() if each is tier)


@dataclass(frozen=True, slots=True)
class Carried:
    """What the communes of a map get when figures of the map before, or after, are carried to it.

    Attributes:
        day: First day of the later map.
        forward: Whether figures of the earlier map are carried to the later one.
        unchanged: Communes with the ground of one unit, whose figures are taken as they are.
        exact: Communes that are made of whole units.
        estimated: Communes that get a share of some unit.
    """

    day: date
    forward: bool
    unchanged: int
    exact: int
    estimated: int


def eras(ledger: UnitLedger) -> list[Era]:
    """The units of every time between two changes, oldest first."""
    begins = {version.valid_from for version in ledger.all_versions}
    days = [None, *sorted(day for day in begins if day is not None)]
    first_change = min((day for day in days if day is not None), default=date.max)
    return [
        Era(day, Counter((unit.tier, unit.type) for unit in ledger.units(day or first_change - _ONE_DAY)))
        for day in days
    ]


def carried(ledger: UnitLedger) -> list[Carried]:
    """Over each change of the ground and in both directions, by the ways that figures take."""
    return [
        _by_ways(ledger, day, forward=forward) for day in ground_days(ledger) for forward in (True, False)
    ]


def told(ledger: UnitLedger) -> list[Carried]:
    """The same by the links of the ledger and their relations alone."""
    return [
        _by_links(ledger, day, forward=forward) for day in ground_days(ledger) for forward in (True, False)
    ]


def _by_ways(ledger: UnitLedger, day: date, *, forward: bool) -> Carried:
    since, until = (day - _ONE_DAY, day) if forward else (day, day - _ONE_DAY)
    of_source = ways(ledger, since, until)
    parts: defaultdict[str, list[bool]] = defaultdict(list)
    for found in of_source.values():
        for way in found:
            parts[way.target_id].append(way.share == 1)
    kinds = Counter(
        "estimated"
        if not all(parts[unit.unit_id])
        else "exact"
        if len(parts[unit.unit_id]) > 1
        else "unchanged"
        for unit in ledger.units(until, Tier.COMMUNE)
    )
    return Carried(day, forward, kinds["unchanged"], kinds["exact"], kinds["estimated"])


def _by_links(ledger: UnitLedger, day: date, *, forward: bool) -> Carried:
    kind_of = _kind_forward if forward else _kind_backward
    on = day if forward else day - _ONE_DAY
    kinds = Counter(kind_of(ledger, unit.unit_id, day) for unit in ledger.units(on, Tier.COMMUNE))
    return Carried(day, forward, kinds["unchanged"], kinds["exact"], kinds["estimated"])


def _kind_forward(ledger: UnitLedger, unit_id: str, day: date) -> str:
    links = list(_of_day(ledger.predecessors(unit_id), day))
    if not links or [link.relation in _SAME_PLACE for link in links] == [True]:
        return "unchanged"
    return "estimated" if any(link.relation is Relation.DIVIDED_INTO for link in links) else "exact"


def _kind_backward(ledger: UnitLedger, unit_id: str, day: date) -> str:
    links = list(_of_day(ledger.successors(unit_id), day))
    if not links or [link.relation in _SAME_PLACE for link in links] == [True]:
        return "unchanged"
    # A part of a union has no figure of its own in the union's; a unit divided cleanly is the sum of its parts.
    mixed = any(len(list(_of_day(ledger.predecessors(link.successor_id), day))) > 1 for link in links)
    return "estimated" if mixed else "exact"


def _of_day(links: tuple[Succession, ...], day: date) -> Iterator[Succession]:
    return (link for link in links if link.effective_date == day)
