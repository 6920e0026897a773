"""A unit's changes over time, each with the decree behind it and what it means for figures.

Here: putting together the ledger's links, the events and the list of decrees. Not here: what a link or an event is
(`domain/`), nor the words people read (`cli/units.py`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from ocop_pipeline.catalogue.unit_events import Decree
from ocop_pipeline.domain.restatement import direction
from ocop_pipeline.domain.unit_events import UnitEvent
from ocop_pipeline.domain.units import Relation, Succession, Tier, UnitLedger, UnitVersion

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ground:
    """The decree behind a change: its number as written, day of signing, where it was read and how sure that is."""

    decree: str
    decree_date: date | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class UnitStep:
    """One link between a unit and what it became, or stayed, on a day.

    Attributes:
        day: First day of the new map.
        before: The unit as it stood on the eve.
        after: What it, or a part of it, became on the day.
        relation: What happened, seen from the unit before.
        carries: In which direction figures may be carried over the link without an estimate: "both", "forward",
            "backward" or "none".
        is_default: Whether `after` is the one to take where nothing tells which part is meant.
        shares: Part of `before` that went this way, by what is measured, where a decree or a site tells.
        share_sources: Where the site read a share, by what is measured; nothing where the decree tells it.
        ground: The decree; None where the catalogue knows none.
    """

    day: date
    before: UnitVersion
    after: UnitVersion
    relation: Relation
    carries: str
    is_default: bool
    shares: Mapping[str, Decimal | Fraction]
    share_sources: Mapping[str, str]
    ground: Ground | None

    @property
    def is_exact_forward(self) -> bool:
        """Whether a figure of the unit before belongs wholly to the unit after."""
        return self.carries in ("both", "forward")

    @property
    def is_exact_backward(self) -> bool:
        """Whether a figure of the unit after belongs wholly to the unit before."""
        return self.carries in ("both", "backward")


class UnitHistory:
    """Answers what happened to a unit, over several changes in both directions of time.

    Args:
        units: The units, with all events.
        events: The events.
        decrees: The decrees behind the changes that are no events.
    """

    def __init__(self, units: UnitLedger, events: Iterable[UnitEvent], decrees: Sequence[Decree]) -> None:
        self._units = units
        self._events = {event.event_id: event for event in events}
        self._decrees = decrees

    def changes(self, unit_id: str) -> tuple[UnitStep, ...]:
        """Every link of a unit, of all it came from and of all it became, oldest first; raises UnknownUnitError."""
        before = self._closure(unit_id, self._units.predecessors, "predecessor_id")
        after = self._closure(unit_id, self._units.successors, "successor_id")
        links = {
            (link.effective_date, link.predecessor_id, link.successor_id): link for link in (*before, *after)
        }
        return tuple(self._change(links[key]) for key in sorted(links))

    def began_by(self, version: UnitVersion) -> Ground | None:
        """The decree by which a version of a unit began; None where its beginning is unknown."""
        if version.valid_from is None:
            return None
        links = [
            link
            for link in self._units.predecessors(version.unit_id)
            if link.effective_date == version.valid_from
        ]
        event = links[0].event_id if links else ""
        return self._ground(event, version.tier, version.valid_from, version)

    def ended_by(self, version: UnitVersion) -> Ground | None:
        """The decree by which a version of a unit ended; None while it stands."""
        if version.valid_to is None:
            return None
        day = version.valid_to + _ONE_DAY
        links = [link for link in self._units.successors(version.unit_id) if link.effective_date == day]
        if not links:
            return self._ground("", version.tier, day, None)
        heir = next(link for link in links if link.is_default)
        return self._ground(heir.event_id, version.tier, day, self._units.get(heir.successor_id, day))

    def _closure(
        self, unit_id: str, links_of: Callable[[str], Sequence[Succession]], end: str
    ) -> list[Succession]:
        found: list[Succession] = []
        seen, waiting = {unit_id}, [unit_id]
        while waiting:
            links = links_of(waiting.pop())
            found.extend(links)
            new = {getattr(link, end) for link in links} - seen
            seen |= new
            waiting.extend(new)
        return found

    def _change(self, link: Succession) -> UnitStep:
        after = self._units.get(link.successor_id, link.effective_date)
        return UnitStep(
            day=link.effective_date,
            before=self._units.get(link.predecessor_id, link.effective_date - _ONE_DAY),
            after=after,
            relation=link.relation,
            carries=direction(self._units, link),
            is_default=link.is_default,
            shares=link.shares,
            share_sources=link.share_sources,
            ground=self._ground(link.event_id, after.tier, link.effective_date, after),
        )

    def _ground(self, event_id: str, tier: Tier, day: date, unit: UnitVersion | None) -> Ground | None:
        """The event's decree, else the one listed for the tier and day, and the province on the new map."""
        event = self._events.get(event_id)
        if event is not None:
            return Ground(event.decree, event.decree_date, event.source, event.confidence)
        province = None if unit is None else self._province(unit, day)
        for each in self._decrees:
            of_province = each.province_code in (None, province)
            if each.tier is tier and each.effective_date == day and of_province:
                return Ground(each.decree, each.decree_date, each.source, each.confidence)
        return None

    def _province(self, unit: UnitVersion, day: date) -> str | None:
        line = (unit, *self._units.ancestors(unit.unit_id, day))
        return next((each.code for each in line if each.tier is Tier.PROVINCE), None)
