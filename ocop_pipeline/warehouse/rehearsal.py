"""What events about units would change before they go live: months, units, plans, reports, documents, figures.

Belongs here: comparing the catalogue as it is with the catalogue and the events, and reading what is published on the
last map before them. Does not: what an event does to the map (`domain/unit_events.py`), nor the words people read.
Nothing is written.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.restatement import Weight
from ocop_pipeline.domain.forms import Form
from ocop_pipeline.domain.indicators import Indicator, Kind
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.restatement import Way, all_ways, ground_days, shared_out, ways
from ocop_pipeline.domain.unit_events import UnitEvent
from ocop_pipeline.domain.unit_finder import covering
from ocop_pipeline.domain.units import Tier, UnitLedger, UnitVersion
from ocop_pipeline.warehouse.ledger import IssueRecord
from ocop_pipeline.warehouse.maps import told_ways
from ocop_pipeline.warehouse.reference import NATION, scope_units

MAIN_INDICATORS = ("SP01", "SP03", "CH01", "CT02", "KT01", "KT02")
"""Flows, stocks and distinct counts a reader knows a province by; asked for otherwise with an option."""

_ONE_DAY = timedelta(days=1)
_ADDED = (Kind.FLOW, Kind.STOCK, Kind.YEAR_STOCK)
_COUNTED = {"SP03": "product_id", "CH01": "producer_id"}
"""Distinct counts that can be told product by product: valid products, and producers with one."""


@dataclass(frozen=True, slots=True)
class Change:
    """A unit that ends, begins or changes: before or after is None where it does not stand; what covers the place."""

    before: UnitVersion | None
    after: UnitVersion | None
    elsewhere: tuple[UnitVersion, ...]


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A plan whose unit ends (`successors`) or that binds another number of communes from the day on."""

    plan: str
    title_vi: str
    is_sample: bool
    unit: UnitVersion
    ends: bool
    successors: tuple[UnitVersion, ...]
    communes_before: int
    communes_after: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Reports of one form that a province is expected to send in a month, before and after."""

    province: UnitVersion
    form: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure of the last month before the event, on the map before and after it.

    Attributes:
        unit: A commune that takes over ground, or a unit above whose total changes.
        indicator: Code of the indicator.
        before: What the unit had; None where it did not stand, or nothing is known of it.
        after: What it would have; None where it does not stand any more, or nothing is known of it.
        estimated: How much of `after` is shared out.
        weighed_by: By what: "population", "area" or "equal", two of them joined by ", " where both are in it; blank
            where nothing is an estimate.
    """

    unit: UnitVersion
    indicator: str
    before: Decimal | None
    after: Decimal | None
    estimated: Decimal
    weighed_by: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What events would change.

    Attributes:
        events: The events that are not in force yet, by day.
        first_day: Day of the first of them.
        first_month: The first month on a new map; it closes on or after that day.
        published: Months already published that would be published again, oldest first.
        ended, new, changed: Units; `changed` keep their place under another name, type, code or unit above.
        moves_ground: Whether any ground goes to another unit, so that figures before the day are carried over.
        plans: Plans concerned.
        expected: Reports expected a month, of the provinces concerned that are served.
        documents: Reports issued that would be issued again, by month.
        figures_of: Month of `figures`: the last one published on the map before the events; None where there is none.
        figures: Main figures of the new communes, then of the units above that are concerned.
    """

    events: tuple[UnitEvent, ...]
    first_day: date
    first_month: Period
    published: tuple[str, ...]
    ended: tuple[Change, ...]
    new: tuple[Change, ...]
    changed: tuple[Change, ...]
    moves_ground: bool
    plans: tuple[PlanChange, ...]
    expected: tuple[Expected, ...]
    documents: tuple[IssueRecord, ...]
    figures_of: str | None
    figures: tuple[FigureChange, ...]


def rehearse(
    now: Catalogue,
    then: Catalogue,
    scope: Sequence[str],
    connection: duckdb.DuckDBPyConnection | None = None,
    issued: Iterable[IssueRecord] = (),
    indicators: Sequence[str] = MAIN_INDICATORS,
) -> Rehearsal:
    """Compare the catalogue as it is with the catalogue and the events.

    Args:
        now: The catalogue in force.
        then: The same with more events.
        scope: The provinces served, as for `scope_units`.
        connection: The warehouse, for reading; None where there is none yet.
        issued: Documents released so far.
        indicators: Codes of the figures to show; those that add up, SP03 and CH01.

    Raises:
        ValueError: `then` has no event that `now` lacks, or an indicator cannot be carried from map to map.
    """
    known = {event.event_id for event in now.unit_events}
    events = tuple(event for event in then.unit_events if event.event_id not in known)
    if not events:
        raise ValueError("there is no event that is not in force already")
    _refuse_others(then, indicators)
    eve, last_day = events[0].effective_date - _ONE_DAY, events[-1].effective_date
    maps = _Maps(now.units, then.units, eve, last_day)
    first_month = Period.of_date(events[0].effective_date)
    published = _published(connection)
    figures_of = _last_on_map(now.units, eve, [month for month in published if month < first_month.key])
    concerned = maps.concerned()
    documents = [each for each in issued if each.period >= first_month.key and each.unit_id in concerned]
    return Rehearsal(
        events=events,
        first_day=events[0].effective_date,
        first_month=first_month,
        published=tuple(month for month in published if month >= first_month.key),
        ended=tuple(maps.ended()),
        new=tuple(maps.new()),
        changed=tuple(maps.changed()),
        moves_ground=maps.moves_ground,
        plans=tuple(_plans(now, maps)),
        expected=tuple(_expected(now, maps, concerned & _served(now, then, scope, maps))),
        documents=tuple(sorted(documents, key=lambda each: (each.period, each.unit_id, each.number))),
        figures_of=figures_of,
        figures=tuple(_figures(then, maps, connection, figures_of, indicators))
        if connection is not None and figures_of is not None
        else (),
    )


class _Maps:
    """The map of the eve and that of the last event's day."""

    def __init__(self, now: UnitLedger, then: UnitLedger, eve: date, day: date) -> None:
        self.units, self.eve, self.day = then, eve, day
        self.before = {unit.unit_id: unit for unit in now.units(eve)}
        self.after = {unit.unit_id: unit for unit in then.units(day)}
        self.ways = ways(then, eve, day)

    @property
    def moves_ground(self) -> bool:
        return any(found[0].target_id != unit_id for unit_id, found in self.ways.items())

    def ended(self) -> Iterator[Change]:
        for unit_id in sorted(self.before.keys() - self.after.keys()):
            last = self.units.versions(unit_id)[-1]
            yield Change(self.before[unit_id], None, covering(self.units, last, self.day))

    def new(self) -> Iterator[Change]:
        for unit_id in sorted(self.after.keys() - self.before.keys()):
            yield Change(None, self.after[unit_id], covering(self.units, self.after[unit_id], self.eve))

    def changed(self) -> Iterator[Change]:
        for unit_id in sorted(self.before.keys() & self.after.keys()):
            before, after = self.before[unit_id], self.after[unit_id]
            if _seen(before) != _seen(after):
                yield Change(before, after, ())

    def concerned(self) -> AbstractSet[str]:
        """Ids of all units that end, begin or change, and of those above them on either map."""
        direct = {
            unit.unit_id
            for change in (*self.ended(), *self.new(), *self.changed())
            for unit in (change.before, change.after)
            if unit is not None
        }
        above = {
            each.unit_id
            for unit_id in direct
            for day, stands in ((self.eve, self.before), (self.day, self.after))
            if unit_id in stands
            for each in self.units.ancestors(unit_id, day)
        }
        return direct | above

    def of_interest(self) -> list[UnitVersion]:
        """Units whose figures may be others: new communes, then all units above communes that are concerned."""
        stands = self.before | self.after
        new = [unit for unit_id, unit in self.after.items() if unit_id not in self.before]
        communes = [unit for unit in new if unit.tier is Tier.COMMUNE]
        above = [
            stands[unit_id]
            for unit_id in self.concerned() & stands.keys()
            if stands[unit_id].tier in (Tier.DISTRICT, Tier.PROVINCE)
        ]
        return [*_sorted(communes), *_sorted(above)]

    def below(self, unit_id: str, *, after: bool) -> AbstractSet[str]:
        """Ids of a unit and of all below it, before or after; none where it does not stand."""
        if unit_id not in (self.after if after else self.before):
            return frozenset()
        on = self.day if after else self.eve
        return frozenset((unit_id, *(unit.unit_id for unit in self.units.descendants(unit_id, on))))

    def communes(self, unit_id: str, *, after: bool) -> int:
        """How many communes lie in a unit, before or after; none where it does not stand."""
        if unit_id not in (self.after if after else self.before):
            return 0
        on = self.day if after else self.eve
        unit = self.units.get(unit_id, on)
        below = self.units.descendants(unit_id, on, Tier.COMMUNE)
        return 1 if unit.tier is Tier.COMMUNE else len(below)


def _sorted(units: Iterable[UnitVersion]) -> list[UnitVersion]:
    return sorted(units, key=lambda unit: (unit.code, unit.unit_id))


def _seen(unit: UnitVersion) -> tuple[str, str, str | None]:
    """What people see of a unit."""
    return unit.full_name, unit.code, unit.parent_id


def _published(connection: duckdb.DuckDBPyConnection | None) -> list[str]:
    """The months whose reports were asked for, oldest first."""
    if connection is None:
        return []
    known = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'core' AND table_name = 'coverage'"
    ).fetchone()
    if known is None:
        return []
    rows = connection.execute("SELECT DISTINCT period FROM core.coverage ORDER BY period").fetchall()
    return [month for (month,) in rows]


def _last_on_map(units: UnitLedger, eve: date, months: Sequence[str]) -> str | None:
    """The last month that closed on the map of the eve: figures of an older map would have to be carried twice."""
    first_day = max((day for day in ground_days(units) if day <= eve), default=date.min)
    return next((month for month in reversed(months) if Period(month).end >= first_day), None)


def _served(now: Catalogue, then: Catalogue, scope: Sequence[str], maps: _Maps) -> AbstractSet[str]:
    """Ids of the provinces served on either map: those of the scope, and those that take over ground of theirs."""
    if NATION in scope:
        return maps.before.keys() | maps.after.keys()
    served = {*scope_units(now, scope), *scope_units(then, scope)}
    heirs = {
        unit.unit_id
        for unit in maps.after.values()
        if unit.tier is Tier.PROVINCE
        and any(each.unit_id in served for each in covering(maps.units, unit, maps.eve))
    }
    return served | heirs


def _plans(catalogue: Catalogue, maps: _Maps) -> Iterator[PlanChange]:
    """Plans of the day's reporting year or later whose unit ends, or below which communes become more or fewer."""
    for plan in catalogue.plans.values():
        bound = catalogue.units.find_code(plan.unit_code, plan.unit_on, plan.tier)
        if (
            bound is None
            or bound.unit_id not in maps.before
            or plan.years[-1] < Period.of_date(maps.day).year
        ):
            continue
        unit = maps.before[bound.unit_id]
        ends = unit.unit_id not in maps.after
        communes = maps.communes(unit.unit_id, after=False), maps.communes(unit.unit_id, after=True)
        if ends or communes[0] != communes[1]:
            last = maps.units.versions(unit.unit_id)[-1]
            heirs = covering(maps.units, last, maps.day) if ends else ()
            yield PlanChange(plan.code, plan.title_vi, plan.is_sample, unit, ends, heirs, *communes)


def _expected(catalogue: Catalogue, maps: _Maps, concerned: AbstractSet[str]) -> Iterator[Expected]:
    """Of each province concerned and form in force, how many reports a month asks for."""
    stands = maps.before | maps.after
    provinces = [unit for unit in stands.values() if unit.tier is Tier.PROVINCE and unit.unit_id in concerned]
    for province in _sorted(provinces):
        for form in catalogue.forms.values():
            counts = [
                _senders(catalogue, maps, province.unit_id, form, after=after)
                if form.in_force(maps.day)
                else 0
                for after in (False, True)
            ]
            if any(counts):
                yield Expected(province, form.code, *counts)


def _senders(catalogue: Catalogue, maps: _Maps, province_id: str, form: Form, *, after: bool) -> int:
    """How many reports of a form a month asks of a province and what is below it."""
    if province_id not in (maps.after if after else maps.before):
        return 0
    on = maps.day if after else maps.eve
    tier = Tier(form.sender_tier)
    members = 1 if tier is Tier.PROVINCE else len(maps.units.descendants(province_id, on, tier))
    return members * (len(catalogue.agencies_on(on)) if form.by_agency else 1)


# ---------------------------------------------------------------------------------------- figures


def _refuse_others(catalogue: Catalogue, indicators: Sequence[str]) -> None:
    """Only what adds up over units, or can be counted product by product, can be told for a map nobody reported on."""
    for code in indicators:
        kind = catalogue.indicators[code].kind
        if code not in _COUNTED and kind not in _ADDED:
            raise ValueError(f"{code} is a {kind}: only flows, stocks, SP03 and CH01 can be carried")


@dataclass(frozen=True, slots=True)
class _Held:
    """What one unit had: a number, or the things it counted (so that one thing counts once in a union)."""

    value: Decimal
    things: AbstractSet[str] = frozenset()


def _figures(
    catalogue: Catalogue,
    maps: _Maps,
    connection: duckdb.DuckDBPyConnection,
    month: str,
    indicators: Sequence[str],
) -> Iterator[FigureChange]:
    """The figures of a month for new communes and for the units above whose totals change."""
    equal = all_ways(maps.units, maps.eve, maps.day)
    for code in indicators:
        indicator = catalogue.indicators[code]
        counted = _COUNTED.get(code)
        held = _counted(connection, month, counted) if counted else _reported(connection, month, code)
        weight = catalogue.restatement_weights[indicator.section]
        told = told_ways(maps.units, maps.eve, maps.day, weight)
        way_of = equal | told
        parts = {
            unit_id: (
                ways_out,
                shared_out(has.value, [way.share for way in ways_out], _digits(has.value, indicator)),
            )
            for unit_id, has in held.items()
            for ways_out in (way_of.get(unit_id, ()),)
            if ways_out
        }
        for unit in maps.of_interest():
            before = _total(held, maps.below(unit.unit_id, after=False))
            after, estimated, divided = _carried(held, parts, maps.below(unit.unit_id, after=True))
            if before != after or estimated:
                weights = {str(weight if unit_id in told else Weight.EQUAL) for unit_id in divided}
                weighed_by = ", ".join(sorted(weights)) if estimated else ""
                yield FigureChange(unit, code, before, after, estimated, weighed_by)


def _digits(value: Decimal, indicator: Indicator) -> int:
    """Digits behind the point that parts of a figure are written with; never fewer than the figure itself has."""
    exponent = value.normalize().as_tuple().exponent
    return max(indicator.decimals, -exponent if isinstance(exponent, int) else 0)


def _carried(
    held: Mapping[str, _Held],
    parts: Mapping[str, tuple[Sequence[Way], Sequence[Decimal]]],
    inside: AbstractSet[str],
) -> tuple[Decimal | None, Decimal, AbstractSet[str]]:
    """What the units of the later map have of what others had: the figure, how much of it is shared out, and whose."""
    whole: set[str] = set()
    divided: set[str] = set()
    estimated = Decimal(0)
    for unit_id, (ways_out, shares) in parts.items():
        within = [share for way, share in zip(ways_out, shares, strict=True) if way.target_id in inside]
        if len(within) == len(shares):
            whole.add(unit_id)
        elif within:
            divided.add(unit_id)
            estimated += sum(within, Decimal(0))
    known = _total(held, whole)
    if known is None and not divided:
        return None, estimated, divided
    return (known or Decimal(0)) + estimated, estimated, divided


def _total(held: Mapping[str, _Held], units: AbstractSet[str]) -> Decimal | None:
    """What units have together; None where none of them has anything to tell."""
    found = [held[unit_id] for unit_id in units & held.keys()]
    if not found:
        return None
    things = frozenset[str]().union(*(each.things for each in found))
    return Decimal(len(things)) if things else sum((each.value for each in found), Decimal(0))


def _reported(connection: duckdb.DuckDBPyConnection, month: str, indicator: str) -> dict[str, _Held]:
    rows = connection.execute(
        "SELECT unit_id, SUM(value) FROM core.indicator_values "
        "WHERE period = ? AND indicator = ? AND breakdown = '' AND value IS NOT NULL GROUP BY unit_id",
        [month, indicator],
    ).fetchall()
    return {unit_id: _Held(value.normalize()) for unit_id, value in rows}


def _counted(connection: duckdb.DuckDBPyConnection, month: str, column: str) -> dict[str, _Held]:
    """The products of each unit valid on the month's closing day, or their producers.

    Read from the history, because `core.product_status` is kept for the months of reports only.
    """
    day = Period(month).end
    rows = connection.execute(
        f"SELECT DISTINCT w.unit_id, h.{column} FROM core.product_history AS h "
        "JOIN core.product_places AS w "
        "ON w.product_id = h.product_id AND w.home_id = h.home_id AND $day BETWEEN w.valid_from AND w.valid_to "
        "WHERE h.event_date <= $day AND (h.next_event_date IS NULL OR h.next_event_date > $day) "
        f"AND h.ending_kind IS NULL AND h.expiry_date > $day AND h.{column} IS NOT NULL",
        {"day": day},
    ).fetchall()
    things: defaultdict[str, set[str]] = defaultdict(set)
    for unit_id, thing in rows:
        things[unit_id].add(thing)
    return {unit_id: _Held(Decimal(len(found)), frozenset(found)) for unit_id, found in things.items()}
