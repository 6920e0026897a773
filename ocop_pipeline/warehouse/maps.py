"""The maps of units as tables: which map a day has, the ways of each unit from one to another, and who stands for whom.

Belongs here: turning units in time into rows that SQL can restate figures with. Does not: what a way is
(`domain/restatement.py`), nor any figure.
"""

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import lcm
from typing import Any

import polars as pl
import pyarrow as pa

from ocop_pipeline.domain.former_districts import former_districts, last_district_day
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.restatement import Way, all_ways, ground_days
from ocop_pipeline.domain.standing import standing
from ocop_pipeline.domain.units import Succession, UnitLedger

_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Map:
    """The days between two changes of the ground; changes of names draw no new map.

    Attributes:
        map_id: Its first day, written YYYY-MM-DD.
        first_day: First day; 1900-01-01 stands for an unknown beginning.
        last_day: Last day; 9999-12-31 while in force.
    """

    map_id: str
    first_day: date
    last_day: date


@functools.lru_cache(maxsize=4)  # a catalogue's units never change once loaded
def maps(units: UnitLedger) -> tuple[Map, ...]:
    """All maps, oldest first; they follow each other without gap."""
    first = (_FIRST_DAY, *ground_days(units))
    last = (*(day - timedelta(days=1) for day in first[1:]), _LAST_DAY)
    return tuple(Map(day.isoformat(), day, end) for day, end in zip(first, last, strict=True))


def map_on(units: UnitLedger, day: date) -> Map:
    """The map of a day."""
    return next(each for each in maps(units) if each.first_day <= day <= each.last_day)


def map_rows(units: UnitLedger) -> pa.Table:
    """`catalogue.maps`: a row a map."""
    rows = [(each.map_id, each.first_day, each.last_day) for each in maps(units)]
    return _table({"map_id": pl.String, "first_day": pl.Date, "last_day": pl.Date}, rows)


def restatement_rows(units: UnitLedger, months: Iterable[Period]) -> pa.Table:
    """`catalogue.restatements`: for each month, the months its report compares with that have another map.

    Those are the months of its year to date, and of the same span of the year before. A row says from which map to
    which the figures of `month` are carried in the report of `period`.
    """
    rows = []
    for period in months:
        to_map = map_on(units, period.end).map_id
        compared = {*period.year_to_date(), *period.same_last_year().year_to_date()}
        for month in sorted(compared, key=lambda each: each.key):
            from_map = map_on(units, month.end).map_id
            if from_map != to_map:
                rows.append((period.key, month.key, from_map, to_map))
    return _restatements(rows)


def _restatements(rows: Sequence[tuple[str, str, str, str]]) -> pa.Table:
    text = pl.String
    return _table({"period": text, "month": text, "from_map": text, "to_map": text}, rows)


def carried_rows(
    units: UnitLedger, periods: Iterable[Period], day: date
) -> tuple[pa.Table, set[tuple[str, str]]]:
    """As `restatement_rows` on the map of a day, each report's own month among the compared; and the pairs of maps."""
    to_map = map_on(units, day).map_id
    rows = []
    for period in periods:
        compared = {*period.year_to_date(), *period.same_last_year().year_to_date()}
        from_maps = {month.key: map_on(units, month.end).map_id for month in compared}
        rows += [
            (period.key, month, each, to_map) for month, each in sorted(from_maps.items()) if each != to_map
        ]
    return _restatements(rows), {(row[2], row[3]) for row in rows}


def way_rows(units: UnitLedger, pairs: Collection[tuple[str, str]]) -> pa.Table:
    """`catalogue.unit_ways`: for each pair of maps, a row for each unit and each unit it goes to.

    Weights are whole numbers; a unit's weights over their sum are its shares. `weight` counts parts equally,
    `population_weight` and `area_weight` are null where neither a decree nor the site tells a share. `ways_count` is 1
    where the unit goes there wholly.
    """
    parts = [_ways(units, *pair) for pair in sorted(pairs)]
    return pl.concat([_NO_WAYS, *parts]).to_arrow()


def former_district_rows(units: UnitLedger, months: Iterable[Period]) -> pa.Table:
    """`catalogue.former_districts`: for each map without districts that some months are on, its communes' former ones.

    A row a commune and former district, with the number of that district's communes its ground came from.
    """
    eve = last_district_day(units)
    wanted = {map_on(units, month.end).map_id for month in months if eve is not None and month.end > eve}
    rows = [row for map_id in sorted(wanted) for row in _former_districts(units, map_id)]
    text = pl.String
    return _table({"map_id": text, "unit_id": text, "district_id": text, "parts_count": pl.Int32}, rows)


@functools.lru_cache(maxsize=4)
def _former_districts(units: UnitLedger, map_id: str) -> list[tuple[str, str, str, int]]:
    eve = last_district_day(units)
    if eve is None:
        return []
    ways = _ways(units, map_on(units, eve).map_id, map_id).select("unit_id", "target_id").rows()
    return [
        (map_id, commune, district, parts)
        for commune, districts in sorted(former_districts(units, ways).items())
        for district, parts in sorted(districts.items())
    ]


@functools.lru_cache(maxsize=2)  # a catalogue's units never change once loaded
def place_rows(units: UnitLedger) -> pa.Table:
    """`catalogue.unit_places`: for each unit of any time, the unit that stands for it, by spans that cover all days.

    `choice` is the rank of `domain.standing.Choice`: where several units may stand for one thing, the least is taken.
    """
    days = _days_of_change(units)
    rows = [
        (unit_id, *span)
        for unit_id in sorted({version.unit_id for version in units.all_versions})
        for span in _spans(units, unit_id, days)
    ]
    text, day = pl.String, pl.Date
    schema = {"unit_id": text, "valid_from": day, "valid_to": day, "place_id": text, "choice": pl.Int32}
    return _table(schema, rows)


def _days_of_change(units: UnitLedger) -> list[date]:
    """The first day, and every day on which a unit begins or has just ended."""
    begun = {version.valid_from for version in units.all_versions if version.valid_from}
    ended = {version.valid_to + timedelta(days=1) for version in units.all_versions if version.valid_to}
    return sorted({_FIRST_DAY, *begun, *ended})


def _spans(units: UnitLedger, unit_id: str, days: Sequence[date]) -> list[tuple[date, date, str, int]]:
    found: list[tuple[date, date, str, int]] = []
    for first, end in zip(days, (*(day - timedelta(days=1) for day in days[1:]), _LAST_DAY), strict=True):
        place = standing(units, unit_id, first)
        same = found and found[-1][2:] == (place.unit_id, int(place.choice))
        begun = found.pop()[0] if same else first
        found.append((begun, end, place.unit_id, int(place.choice)))
    return found


_WAY_SCHEMA = {
    "from_map": pl.String, "to_map": pl.String, "unit_id": pl.String, "target_id": pl.String, "ways_count": pl.Int32,
    "weight": pl.Int64, "population_weight": pl.Int64, "area_weight": pl.Int64,
}  # fmt: skip
_NO_WAYS = pl.DataFrame(schema=_WAY_SCHEMA)
_FINEST = 10**15
"""Weights of a unit make no more than about this: they are 64-bit numbers, and SQL multiplies figures by them."""


@functools.lru_cache(maxsize=8)
def _ways(units: UnitLedger, from_map: str, to_map: str) -> pl.DataFrame:
    by_id = {each.map_id: each for each in maps(units)}
    since, until = by_id[from_map], by_id[to_map]
    # The last day of the earlier map and the first of the later one stand for all days of theirs.
    days = (
        (since.last_day, until.first_day)
        if since.first_day < until.first_day
        else (since.first_day, until.last_day)
    )
    equal = all_ways(units, *days)
    told = {kind: _told_weights(units, *days, kind) for kind in ("population", "area")}
    rows = [
        (
            from_map,
            to_map,
            unit_id,
            way.target_id,
            len(ways),
            weight,
            *(of_kind.get((unit_id, way.target_id)) for of_kind in told.values()),
        )
        for unit_id, ways in equal.items()
        for way, weight in zip(ways, _weights(ways), strict=True)
    ]
    return pl.DataFrame(rows, schema=_WAY_SCHEMA, orient="row")


def _told_weights(units: UnitLedger, since: date, until: date, kind: str) -> dict[tuple[str, str], int]:
    return {
        (unit_id, way.target_id): weight
        for unit_id, ways in told_ways(units, since, until, kind).items()
        for way, weight in zip(ways, _weights(ways), strict=True)
    }


def told_ways(units: UnitLedger, since: date, until: date, kind: str) -> dict[str, tuple[Way, ...]]:
    """The ways of the units of which every division between two days is told, by shares that decrees or a site tell.

    None from a later map to an earlier one: a share says what part of the old unit went a way, not what part of the new
    unit that is.

    Args:
        units: The units, with what is told of their parts.
        since: Day of the map the figures are of.
        until: Day of the map they are wanted on.
        kind: What the parts are weighed by, "population" or "area"; of another nothing is told.
    """
    links = [link for link in units.all_successions if since < link.effective_date <= until]
    told = _told_units(links, kind)
    if not told:
        return {}
    found = all_ways(units, since, until, lambda link: Fraction(link.shares.get(kind, 1)))
    return {unit_id: ways for unit_id, ways in found.items() if unit_id in told}


def _told_units(links: Sequence[Succession], kind: str) -> set[str]:
    """The units of which some division is told, and none is not told, on any of their ways."""
    ways: defaultdict[str, defaultdict[date, list[Succession]]] = defaultdict(lambda: defaultdict(list))
    for link in links:
        ways[link.predecessor_id][link.effective_date].append(link)
    divided = {unit: [each for each in days.values() if len(each) > 1] for unit, days in ways.items()}
    told = {
        unit for unit, found in divided.items() if any(kind in link.shares for each in found for link in each)
    }
    untold = {
        unit
        for unit, found in divided.items()
        if any(kind not in link.shares for each in found for link in each)
    }
    for day in sorted({link.effective_date for link in links}, reverse=True):
        for unit, days in ways.items():
            later = {link.successor_id for link in days.get(day, ())} - {unit}
            told |= {unit} if later & told else set()
            untold |= {unit} if later & untold else set()
    return told - untold


def _weights(ways: Iterable[Way]) -> list[int]:
    """The least whole numbers with these shares; shares too fine for the column are rounded, none to nothing."""
    shares = [way.share for way in ways]
    whole = min(lcm(*(share.denominator for share in shares)), _FINEST)
    return [max(1, round(share * whole)) for share in shares]


def _table(schema: dict[str, Any], rows: Sequence[tuple[object, ...]]) -> pa.Table:
    return pl.DataFrame(rows, schema=schema, orient="row").to_arrow()
