"""Figures of one map on another: which unit goes where, in which shares, and what of it is an estimate.

Here: the ways from the units of one day to those of another, over every change between them and in both directions of
time, and the sharing out of a figure in whole steps of its unit of measure. Not here: which figures are asked for (the
warehouse, whose SQL is proven equal to this) and what changed when (`domain/units.py`).

A figure stays with the unit that reported it; restating is a question asked of it. Where a unit goes wholly into one,
its figure goes there exactly. Where it goes several ways, its figure is shared out by a weight and every part is an
estimate, until a unit above holds all parts again: there it is exact once more.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from ocop_pipeline.domain.units import Succession, Tier, UnitLedger

__all__ = [
    "Restated",
    "Way",
    "Weigh",
    "direction",
    "equally",
    "ground_days",
    "restated",
    "shared_out",
    "ways",
]

Weigh = Callable[[Succession], Fraction]
"""How much of the ground of a link's two units goes over it, compared with its siblings; 0 or more."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a part of a unit is on another map; a unit with one way is there wholly."""

    target_id: str
    share: Fraction


@dataclass(frozen=True, slots=True)
class Restated:
    """A figure on another map.

    Attributes:
        value: The figure, in its unit of measure.
        estimated: How much of it came over ways that share a unit out; 0 is exact.
    """

    value: Decimal
    estimated: Decimal


def equally(_: Succession) -> Fraction:
    """Every part counts the same: the weight where nothing better is known."""
    return Fraction(1)


def direction(ledger: UnitLedger, link: Succession) -> str:
    """In which direction of time a figure may be carried over a link without an estimate.

    Returns:
        "both" (the same ground), "forward" (a part of a union), "backward" (a part of a division that took nothing
        else in) or "none" (redistributed). The types are those of FEWS NET's unit relationships.
    """
    ways_out = [
        each for each in ledger.successors(link.predecessor_id) if each.effective_date == link.effective_date
    ]
    ways_in = [
        each for each in ledger.predecessors(link.successor_id) if each.effective_date == link.effective_date
    ]
    forward, backward = len(ways_out) == 1, len(ways_in) == 1
    if forward and backward:
        return "both"
    return "forward" if forward else "backward" if backward else "none"


@functools.lru_cache(maxsize=4)  # a catalogue's units never change once loaded, and every list asks
def ground_days(ledger: UnitLedger) -> tuple[date, ...]:
    """The first days of the maps: days on which some ground went to another unit, oldest first.

    A change of names, types, codes or of the unit above draws no new map.
    """
    return tuple(
        sorted(
            {
                link.effective_date
                for link in ledger.all_successions
                if link.predecessor_id != link.successor_id
            }
        )
    )


def ways(ledger: UnitLedger, since: date, until: date, weigh: Weigh = equally) -> dict[str, tuple[Way, ...]]:
    """The ways of all units at the bottom of one day's map to those of another day's.

    Args:
        ledger: The units.
        since: Day of the map the figures are of.
        until: Day of the map they are wanted on, earlier or later.
        weigh: Weight of a link; where all siblings weigh 0, they count equally.

    Returns:
        Unit of `since` -> its ways, by id of the target; shares are positive and make 1. A unit of a day without a
        change is its own way.
    """
    found = {unit_id: {unit_id: Fraction(1)} for unit_id in _bottom(ledger, since)}
    forward = until >= since
    steps = _steps(ledger, min(since, until), max(since, until), forward=forward)
    for links in steps:
        shares = {unit_id: _shares(of_unit, weigh, forward=forward) for unit_id, of_unit in links.items()}
        found = {unit_id: _carried(reached, shares) for unit_id, reached in found.items()}
    return {
        unit_id: tuple(Way(target, share) for target, share in sorted(reached.items()))
        for unit_id, reached in found.items()
    }


def all_ways(
    ledger: UnitLedger, since: date, until: date, weigh: Weigh = equally
) -> dict[str, tuple[Way, ...]]:
    """The ways of all units of one day, those above the bottom too, to units of another day.

    What a unit above the bottom reports of itself belongs to no place below it. It goes to the units of its own tier
    that now hold its ground, where there are such, else to those one tier higher (a district's figure of 2024 to its
    province of 2026), in shares by the number of bottom units.
    """
    bottom = ways(ledger, since, until, weigh)
    above = _tiers_above(ledger, until)
    ground: defaultdict[str, list[str]] = defaultdict(list)
    for unit_id in bottom:
        for unit in ledger.ancestors(unit_id, since):
            ground[unit.unit_id].append(unit_id)
    found = dict(bottom)
    for unit_id, below in ground.items():
        tier = ledger.get(unit_id, since).tier
        shares: defaultdict[str, Fraction] = defaultdict(Fraction)
        for each in below:
            for way in bottom[each]:
                shares[_at_tier(above[way.target_id], tier)] += way.share / len(below)
        found[unit_id] = tuple(Way(target, share) for target, share in sorted(shares.items()))
    return found


def restated(
    figures: Mapping[str, Decimal], ways_of: Mapping[str, Sequence[Way]], decimals: int = 0
) -> dict[str, Restated]:
    """Figures of units that add over units, on another map.

    Args:
        figures: Unit -> figure, in its unit of measure, with at most `decimals` digits behind the point.
        ways_of: Unit -> its ways, as `ways` gives them.
        decimals: Digits behind the point; parts are whole steps of the last one.

    Returns:
        Target -> figure. The sum over all targets is that of the figures, to the last digit.
    """
    values: defaultdict[str, Decimal] = defaultdict(Decimal)
    estimated: defaultdict[str, Decimal] = defaultdict(Decimal)
    for unit_id, figure in figures.items():
        of_unit = ways_of[unit_id]
        for way, part in zip(
            of_unit, shared_out(figure, [way.share for way in of_unit], decimals), strict=True
        ):
            values[way.target_id] += part
            if len(of_unit) > 1:
                estimated[way.target_id] += abs(part)
    return {target: Restated(value, estimated[target]) for target, value in values.items()}


def shared_out(figure: Decimal, shares: Sequence[Fraction], decimals: int = 0) -> list[Decimal]:
    """A figure in parts by shares that make 1, in whole steps, nothing lost (largest remainder, Hamilton 1792).

    Of equal remainders the earlier part gets the step, so that the same question has the same answer.
    """
    if len(shares) == 1:
        return [figure]
    step = Decimal(1).scaleb(-decimals)
    steps = Fraction(figure) / Fraction(step)
    if steps.denominator != 1:
        raise ValueError(f"{figure} has more than {decimals} digits behind the point")
    sign = -1 if steps < 0 else 1
    exact = [abs(steps) * share for share in shares]
    whole = [part.numerator // part.denominator for part in exact]
    left = int(abs(steps)) - sum(whole)
    first = sorted(range(len(shares)), key=lambda place: (whole[place] - exact[place], place))
    for place in first[:left]:
        whole[place] += 1
    return [step * sign * part for part in whole]


def _bottom(ledger: UnitLedger, on: date) -> list[str]:
    """The units of a day with none below: all communes, and the islands that had none."""
    standing = ledger.units(on)
    above = {unit.parent_id for unit in standing}
    return [unit.unit_id for unit in standing if unit.unit_id not in above]


def _tiers_above(ledger: UnitLedger, on: date) -> dict[str, dict[Tier, str]]:
    """Bottom unit of a day -> tier -> the unit of that tier it lies in."""
    return {
        unit_id: {unit.tier: unit.unit_id for unit in ledger.ancestors(unit_id, on)}
        for unit_id in _bottom(ledger, on)
    }


def _at_tier(above: Mapping[Tier, str], tier: Tier) -> str:
    """The unit of a tier, else of the nearest higher one that the map has."""
    higher = list(Tier)[: list(Tier).index(tier) + 1]
    return next(above[each] for each in reversed(higher) if each in above)


def _steps(
    ledger: UnitLedger, first: date, last: date, *, forward: bool
) -> Iterable[dict[str, list[Succession]]]:
    """The links of each change between two days, by the unit they are left from, in the order they are walked."""
    by_day: defaultdict[date, dict[str, list[Succession]]] = defaultdict(dict)
    for link in ledger.all_successions:
        if first < link.effective_date <= last:
            left = link.predecessor_id if forward else link.successor_id
            by_day[link.effective_date].setdefault(left, []).append(link)
    return [by_day[day] for day in sorted(by_day, reverse=not forward)]


def _shares(links: Sequence[Succession], weigh: Weigh, *, forward: bool) -> dict[str, Fraction]:
    if len(links) == 1:
        return {links[0].successor_id if forward else links[0].predecessor_id: Fraction(1)}
    weights = [weigh(link) for link in links]
    total = sum(weights)
    if not total:
        weights, total = [Fraction(1)] * len(links), Fraction(len(links))
    return {
        (link.successor_id if forward else link.predecessor_id): weight / total
        for link, weight in zip(links, weights, strict=True)
        if weight
    }


def _carried(
    reached: Mapping[str, Fraction], shares: Mapping[str, Mapping[str, Fraction]]
) -> dict[str, Fraction]:
    """The ways of one unit after one more change."""
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for unit_id, share in reached.items():
        for target, part in shares.get(unit_id, {unit_id: Fraction(1)}).items():
            found[target] += share * part
    return dict(found)
