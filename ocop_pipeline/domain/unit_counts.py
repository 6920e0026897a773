"""Counts of units, and of how figures may be carried over a change of the map, told in two independent ways.

Here: counting. By the ways (`domain/restatement.py`), which figures take, and by the ledger's own links and their
relations; the two have to agree. Not here: any figure, nor what a change is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
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
        kept: Of these, communes that are the same unit on both maps.
        exact: Communes that are made of whole units.
        estimated: Communes that get a share of some unit.
    """

    day: date
    forward: bool
    unchanged: int
    kept: int
    exact: int
    estimated: int

    @property
    def whole(self) -> int:
        """Communes that get whole figures only: the exact unions of units, of one or of several."""
        return self.unchanged + self.exact


@dataclass(frozen=True, slots=True)
class Divided:
    """Units that went several ways on a day, and of how many of them the parts are told, by what is measured."""

    day: date
    units: int
    told: Mapping[str, int]


def divided(ledger: UnitLedger, kinds: Iterable[str]) -> list[Divided]:
    """The units divided on each day, oldest first; `kinds` as in `Succession.shares`."""
    parts: defaultdict[date, defaultdict[str, list[Succession]]] = defaultdict(lambda: defaultdict(list))
    for link in ledger.all_successions:
        parts[link.effective_date][link.predecessor_id].append(link)
    asked, found = tuple(kinds), []
    for day in sorted(parts):
        units = [links for links in parts[day].values() if len(links) > 1]
        told_of = {kind: sum(all(kind in link.shares for link in links) for links in units) for kind in asked}
        if units:
            found.append(Divided(day, len(units), told_of))
    return found


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


_KEPT, _UNCHANGED, _EXACT, _ESTIMATED = "kept", "unchanged", "exact", "estimated"


def _counted(day: date, kinds: Iterable[str], *, forward: bool) -> Carried:
    found = Counter(kinds)
    unchanged = found[_KEPT] + found[_UNCHANGED]
    return Carried(day, forward, unchanged, found[_KEPT], found[_EXACT], found[_ESTIMATED])


def _by_ways(ledger: UnitLedger, day: date, *, forward: bool) -> Carried:
    since, until = (day - _ONE_DAY, day) if forward else (day, day - _ONE_DAY)
    parts: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for unit_id, found in ways(ledger, since, until).items():
        for way in found:
            parts[way.target_id][unit_id] = way.share == 1
    communes = ledger.units(until, Tier.COMMUNE)
    return _counted(day, (_kind(unit.unit_id, parts[unit.unit_id]) for unit in communes), forward=forward)


def _kind(unit_id: str, parts: Mapping[str, bool]) -> str:
    """What a unit gets from the units of another map, each of which goes there wholly or not."""
    if not all(parts.values()):
        return _ESTIMATED
    if len(parts) > 1:
        return _EXACT
    return _KEPT if unit_id in parts else _UNCHANGED


def _by_links(ledger: UnitLedger, day: date, *, forward: bool) -> Carried:
    kind_of = _kind_forward if forward else _kind_backward
    communes = ledger.units(day if forward else day - _ONE_DAY, Tier.COMMUNE)
    return _counted(day, (kind_of(ledger, unit.unit_id, day) for unit in communes), forward=forward)


def _kind_forward(ledger: UnitLedger, unit_id: str, day: date) -> str:
    links = _of_day(ledger.predecessors(unit_id), day)
    if not links:
        return _KEPT
    if [link.relation in _SAME_PLACE for link in links] == [True]:
        return _KEPT if links[0].predecessor_id == unit_id else _UNCHANGED
    return _ESTIMATED if any(link.relation is Relation.DIVIDED_INTO for link in links) else _EXACT


def _kind_backward(ledger: UnitLedger, unit_id: str, day: date) -> str:
    links = _of_day(ledger.successors(unit_id), day)
    if not links:
        return _KEPT
    if [link.relation in _SAME_PLACE for link in links] == [True]:
        return _KEPT if links[0].successor_id == unit_id else _UNCHANGED
    # A part of a union has no figure of its own in the union's; a unit divided cleanly is the sum of its parts.
    mixed = any(len(_of_day(ledger.predecessors(link.successor_id), day)) > 1 for link in links)
    return _ESTIMATED if mixed else _EXACT


def _of_day(links: Iterable[Succession], day: date) -> list[Succession]:
    return [link for link in links if link.effective_date == day]
