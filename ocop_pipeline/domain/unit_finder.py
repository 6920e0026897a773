"""Which unit a text means on a day: an id, a code, a name with or without type, accents and the units around it.

Here: reading such a text and telling everything it may mean, on the map of the day and on the maps of other days, with
what covers the same ground on the day asked for. Not here: comparing two names (`domain/units.py`), and what to do
about a doubt (whoever asks). Nothing is guessed: `Answer.meant` is a unit only where one alone fits.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import combinations, islice, pairwise, product
from typing import Final

from ocop_pipeline.domain.units import (
    NameMatch,
    Tier,
    UnitLedger,
    UnitVersion,
    UnknownUnitError,
    name_key,
    named_type,
)

__all__ = ["Answer", "Basis", "Found", "UnitFinder", "covering"]

_SEPARATORS: Final = re.compile(r"[,;()/\n]+")
_DASH: Final = re.compile(r"\s[-–—]\s")
# A type word or its abbreviation inside a part begins another one: no unit's name has one in it.
_NEXT_TYPE: Final = re.compile(
    r"(?<=\S)\s+(?=(?:thị trấn|thị xã|thành phố|đặc khu|phường|huyện|quận|tỉnh|xã)\s|(?:tp|tx|tt)[. ]|tphcm"
    r"|[xphqt]\.|[pq]\s?\d)",
    re.IGNORECASE,
)
_OFFICE: Final = re.compile(r"\s*(?:ubnd|u[ỷy]\s+ban\s+nhân\s+dân|ủy\s+ban\s+nhân\s+dân)\s+", re.IGNORECASE)
_CODE: Final = re.compile(r"[0-9]{2,5}")
_CODE_DIGITS: Final = 5
_LONGEST: Final = 300
_MOST_PARTS: Final = 8
_MOST_CUTS: Final = 4
_MOST_WAYS: Final = 64
"""Characters of a text, its parts, the ways to part it: a cell of free text must not cost more than some look-ups."""
_TIERS_OF_TYPE: Final = {
    "quốc gia": {Tier.NATION},
    "tỉnh": {Tier.PROVINCE},
    "thành phố": {Tier.PROVINCE, Tier.DISTRICT},
    "huyện": {Tier.DISTRICT},
    "quận": {Tier.DISTRICT},
    "thị xã": {Tier.DISTRICT},
    "thị trấn": {Tier.COMMUNE},
    "xã": {Tier.COMMUNE},
    "phường": {Tier.COMMUNE},
    "đặc khu": {Tier.COMMUNE},
}
"""A unit changes its type within its tier; "huyện Đức Trọng" never means the commune of that name."""


class Basis(StrEnum):
    """By what a unit fits a text."""

    ID = "id"
    CODE = "code"
    NAME = "name"
    """Its name, diacritics and all."""
    ACCENT_FREE = "accent_free"
    """Its name, once diacritics are left out."""


@dataclass(frozen=True, slots=True)
class Found:
    """A unit a text may mean.

    Attributes:
        unit: The unit as it stood on the day `on`.
        on: Day of the map it was found on: the one asked for, else the nearest on which it fits.
        basis: By what it fits.
        is_around: Whether all units named around it are above it on that very map, and not only above what it was made
            of or became.
        has_type: Whether it is of the type named, if one is.
        covering: What covers its ground on the day asked for: itself where it stands, else its successors (or, for a
            later unit, its predecessors); the default one first. Of a unit without successors, as the districts, those
            of the units below it. Empty where nothing is known.
    """

    unit: UnitVersion
    on: date
    basis: Basis
    is_around: bool = True
    has_type: bool = True
    covering: tuple[UnitVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a text may mean.

    Attributes:
        text: The text as it was asked.
        on: The day asked for.
        standing: Units of the day that fit.
        other_days: Units of other days that fit, looked for unless a unit of the day fits in every respect; of a code,
            always.
        elsewhere: Units of the day that bear the name but lie elsewhere, where nothing fits.
        unread: Leading parts of the text that name no unit ("Thôn 5").
    """

    text: str
    on: date
    standing: tuple[Found, ...] = ()
    other_days: tuple[Found, ...] = ()
    elsewhere: tuple[UnitVersion, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def meant(self) -> UnitVersion | None:
        """The one unit of the day the text means; None where none fits, several do, or another day speaks against it.

        A code means its holder of the day, whatever it meant before. Where a name fits by what a unit was made of only,
        the unit of the other day has to have gone wholly into it.
        """
        if len(self.standing) != 1:
            return None
        [found] = self.standing
        if found.basis in (Basis.ID, Basis.CODE):
            return found.unit
        wholly = {found.unit.unit_id}
        agree = all({each.unit_id for each in other.covering} == wholly for other in self.other_days)
        return found.unit if agree else None

    @property
    def ended(self) -> Found | None:
        """The one unit of another day the text means, where none of the day fits."""
        return self.other_days[0] if not self.standing and len(self.other_days) == 1 else None


def covering(ledger: UnitLedger, unit: UnitVersion, until: date) -> tuple[UnitVersion, ...]:
    """The units of a day that hold the ground of a unit: itself, its successors or its predecessors.

    Args:
        ledger: The units.
        unit: A version of the unit.
        until: The day, before or after the unit's own.

    Returns:
        The default successor first, then the rest by code; predecessors by code. A unit that ended without successor (a
        district) is told by what became of the units below it. Empty where nothing is known.
    """
    forward = unit.first_day <= until
    found = list(dict.fromkeys(_reached(ledger, unit.unit_id, until, forward=forward)))
    if not found:
        edge = unit.last_day if forward else unit.first_day
        below = ledger.children(unit.unit_id, edge)
        found = sorted({each.unit_id for child in below for each in covering(ledger, child, until)})
    units = [ledger.get(unit_id, until) for unit_id in found]
    first = units[:1] if forward else []
    return (*first, *sorted(units[len(first) :], key=lambda each: each.code))


def _reached(ledger: UnitLedger, unit_id: str, until: date, *, forward: bool) -> Iterator[str]:
    """The ids a unit's ground goes to by a day, the default way first."""
    if any(version.in_force(until) for version in ledger.versions(unit_id)):
        yield unit_id
        return
    if forward:
        links = sorted(ledger.successors(unit_id), key=lambda link: not link.is_default)
        ends = [link.successor_id for link in links]
    else:
        ends = sorted(link.predecessor_id for link in ledger.predecessors(unit_id))
    for end in ends:
        if end != unit_id:
            yield from _reached(ledger, end, until, forward=forward)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question beside the text; `areas` are sets of ids, of each of which the unit has to lie in one."""

    on: date
    tier: Tier | None
    areas: tuple[AbstractSet[str], ...]


_Search = Callable[[date], Iterable[tuple[UnitVersion, Basis]]]


class UnitFinder:
    """Finds units by what people write.

    Args:
        ledger: The units.
        aliases: Key of a name (`name_key`) -> the name it stands for: "hcm" is "Thành phố Hồ Chí Minh".
    """

    def __init__(self, ledger: UnitLedger, aliases: Mapping[str, str] | None = None) -> None:
        self._ledger = ledger
        self._aliases = aliases or {}
        self._days = _days_of_change(ledger)
        self._named: dict[str, AbstractSet[str]] = {}
        self._kin: dict[str, AbstractSet[str]] = {}

    def find(self, text: str, on: date, within: str | None = None, tier: Tier | None = None) -> Answer:
        """Tell everything a text may mean on a day.

        Args:
            text: An id, an official code, or a name with or without its type, abbreviated or without diacritics, with
                or without the units around it: "P. Bến Nghé Q1 TP HCM", "xã Tân Hà, huyện Lâm Hà, Lâm Đồng".
            on: Day of reference.
            within: Id of a unit of any day; what does not lie there is left out.
            tier: If given, units of other tiers are left out.

        Raises:
            UnknownUnitError: `within` is no unit's id.
        """
        if within is not None:
            self._ledger.versions(within)
        if len(text) > _LONGEST:
            return Answer(text, on)
        asked = _Asked(on, tier, () if within is None else (frozenset({within}),))
        stripped = _OFFICE.sub("", unicodedata.normalize("NFC", text), count=1).strip()
        answer = (
            self._by_id(stripped, asked)
            or self._by_code(stripped, asked)
            or self._by_name(stripped, asked)
            or Answer(text, on, elsewhere=self._elsewhere(stripped, asked))
        )
        return replace(answer, text=text)

    def knows_area(self, text: str) -> bool:
        """Whether a text names units above the communes, on whatever day."""
        return bool(self._units_named(text))

    def _by_id(self, text: str, asked: _Asked) -> Answer | None:
        try:
            versions = self._ledger.versions(text)
        except UnknownUnitError:
            return None
        nearest = min(versions, key=lambda version: abs(_nearest_day(version, asked.on) - asked.on))
        day = _nearest_day(nearest, asked.on)
        found = Found(nearest, day, Basis.ID, covering=covering(self._ledger, nearest, asked.on))
        if day == asked.on:
            return Answer(text, asked.on, standing=(found,))
        return Answer(text, asked.on, other_days=(found,))

    def _by_code(self, text: str, asked: _Asked) -> Answer | None:
        """A code means its holder; who else held it is told, because codes outlive the places they stood for."""
        if not _CODE.fullmatch(text):
            return None
        # A number cell loses the leading zero of a commune's code.
        code = text.zfill(_CODE_DIGITS) if len(text) == _CODE_DIGITS - 1 else text

        def search(day: date) -> Iterator[tuple[UnitVersion, Basis]]:
            unit = self._ledger.find_code(code, day, asked.tier)
            if unit is not None and self._lies(unit, day, asked.areas):
                yield unit, Basis.CODE

        return self._collected(asked, search)

    def _by_name(self, text: str, asked: _Asked) -> Answer | None:
        for unread, parts in _readings(text):
            answer = self._read(parts, asked) or self._read_alias(parts, asked)
            if answer is not None and unread:
                answer = _communes_only(answer, unread) if named_type(parts[0]) else None
            if answer is not None:
                return answer
        return None

    def _read(self, parts: Sequence[str], asked: _Asked) -> Answer | None:
        """What one way to part a text gives; None where nothing fits."""
        areas = (*map(self._units_named, parts[1:]), *asked.areas)
        if not all(areas):
            return None
        name, kind = parts[0], named_type(parts[0])
        tiers = _TIERS_OF_TYPE.get(kind or "", set(Tier))

        def search(day: date) -> Iterator[tuple[UnitVersion, Basis]]:
            return (each for each in self._matches(name, day, areas, asked.tier) if each[0].tier in tiers)

        return self._collected(asked, search, areas, kind)

    def _read_alias(self, parts: Sequence[str], asked: _Asked) -> Answer | None:
        """The same where the unit's name is an alias; a unit that bears the alias as its name goes before."""
        name = self._aliases.get(name_key(parts[0]))
        return None if name is None else self._read((name, *parts[1:]), asked)

    def _collected(
        self, asked: _Asked, search: _Search, areas: Sequence[AbstractSet[str]] = (), kind: str | None = None
    ) -> Answer | None:
        """Units of the day and, unless one of them fits in every respect, those of other days, the nearest first."""

        def found_on(day: date) -> list[Found]:
            found = [self._found(unit, basis, day, asked.on, areas, kind) for unit, basis in search(day)]
            return [each for each in found if each.is_around] or found

        standing = found_on(asked.on)
        others: dict[str, Found] = {}
        if not any(_fits(each) for each in standing):
            for day in sorted(self._days, key=lambda day: abs(day - asked.on)):
                for each in found_on(day):
                    others.setdefault(each.unit.unit_id, each)
        for each in standing:
            others.pop(each.unit.unit_id, None)
        certain = tuple(each for each in others.values() if each.basis is not Basis.ACCENT_FREE)
        kept = certain if standing or certain else tuple(others.values())
        return Answer("", asked.on, tuple(standing), kept) if standing or kept else None

    def _found(
        self,
        unit: UnitVersion,
        basis: Basis,
        day: date,
        until: date,
        areas: Sequence[AbstractSet[str]],
        kind: str | None,
    ) -> Found:
        above = {each.unit_id for each in self._ledger.ancestors(unit.unit_id, day)}
        return Found(
            unit, day, basis,
            is_around=all(above & area for area in areas),
            has_type=kind in (None, unit.type),
            covering=covering(self._ledger, unit, until),
        )  # fmt: skip

    def _matches(
        self, name: str, day: date, areas: Sequence[AbstractSet[str]], tier: Tier | None
    ) -> Iterator[tuple[UnitVersion, Basis]]:
        """Units of a day that bear a name in all areas: by the name in the country, else by the nearest of one area.

        A name that is exact somewhere in the country may be meant without its diacritics in the area named.
        """
        found = self._lying(self._ledger.find_name(name, day, tier=tier), day, areas)
        if not found and areas:
            standing = (unit_id for unit_id in sorted(areas[0]) if self._stands(unit_id, day))
            for unit_id in standing:
                found |= self._lying(self._ledger.find_name(name, day, unit_id, tier), day, areas)
        exact = {unit_id: each for unit_id, each in found.items() if each[1] is Basis.NAME}
        return iter((exact or found).values())

    def _lying(
        self, matches: Iterable[NameMatch], day: date, areas: Sequence[AbstractSet[str]]
    ) -> dict[str, tuple[UnitVersion, Basis]]:
        return {
            each.unit.unit_id: (each.unit, Basis.NAME if each.match == "exact" else Basis.ACCENT_FREE)
            for each in matches
            if self._lies(each.unit, day, areas)
        }

    def _lies(self, unit: UnitVersion, day: date, areas: Sequence[AbstractSet[str]]) -> bool:
        """Whether a unit lies in one unit of each area, on the day or as what it came from or became lay there."""
        if not areas:
            return True
        above = {each.unit_id for each in self._ledger.ancestors(unit.unit_id, day)}
        return all(above & area or self._kin_of(unit.unit_id) & area for area in areas)

    def _kin_of(self, unit_id: str) -> AbstractSet[str]:
        """The units in which a unit, what it came from and what it became have ever lain."""
        if unit_id not in self._kin:
            line = {
                *_closure(
                    unit_id, lambda each: [link.successor_id for link in self._ledger.successors(each)]
                ),
                *_closure(
                    unit_id, lambda each: [link.predecessor_id for link in self._ledger.predecessors(each)]
                ),
            }
            self._kin[unit_id] = frozenset(
                above.unit_id
                for each in line
                for version in self._ledger.versions(each)
                for day in (version.first_day, version.last_day)
                for above in self._ledger.ancestors(each, day)
            )
        return self._kin[unit_id]

    def _units_named(self, part: str) -> AbstractSet[str]:
        """The ids of all units above the communes that a part of a text names, on whatever day."""
        if part not in self._named:
            alias = self._aliases.get(name_key(part))
            self._named[part] = self._areas_of(part) or (
                frozenset() if alias is None else self._areas_of(alias)
            )
        return self._named[part]

    def _areas_of(self, name: str) -> AbstractSet[str]:
        matches = [
            match
            for day in self._days
            for tier in (Tier.NATION, Tier.PROVINCE, Tier.DISTRICT)
            for match in self._ledger.find_name(name, day, tier=tier)
        ]
        # "Thành phố Cao Bằng" is the city, though the province of that name would answer where there was none.
        kind = named_type(name)
        exact = [match for match in matches if match.match == "exact"] or matches
        of_type = [match for match in exact if match.unit.type == kind] or exact
        return frozenset(match.unit.unit_id for match in of_type)

    def _stands(self, unit_id: str, day: date) -> bool:
        return any(version.in_force(day) for version in self._ledger.versions(unit_id))

    def _elsewhere(self, text: str, asked: _Asked) -> tuple[UnitVersion, ...]:
        """Units of the day that bear the first name of the text, wherever they lie."""
        _, parts = next(_readings(text), ((), ("",)))
        matches = self._ledger.find_name(parts[0], asked.on, tier=asked.tier)
        return tuple(match.unit for match in matches)


def _fits(found: Found) -> bool:
    """Whether nothing about a unit of the day needs another map to explain it; a code always may."""
    return found.basis is Basis.NAME and found.is_around and found.has_type


def _communes_only(answer: Answer, unread: tuple[str, ...]) -> Answer | None:
    """Behind words that name no unit only a commune counts: a hamlet before a district must not become the district."""
    standing = tuple(each for each in answer.standing if each.unit.tier is Tier.COMMUNE)
    others = tuple(each for each in answer.other_days if each.unit.tier is Tier.COMMUNE)
    if not standing and not others:
        return None
    return replace(answer, standing=standing, other_days=others, unread=unread)


def _readings(text: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The ways to part a text into a unit's name and those around it, the likeliest first: (leading words, parts)."""
    split = _stripped(_SEPARATORS.split(text))
    by_dash = _stripped(part for whole in split for part in _DASH.split(whole))
    by_type = [
        tuple(piece for pieces in chosen for piece in pieces)
        for base in (split, by_dash)
        if len(base) <= _MOST_PARTS
        for chosen in islice(product(*(_by_type(part) for part in base)), _MOST_WAYS)
    ]
    all_ways = dict.fromkeys(way for way in (split, *by_type, by_dash) if 0 < len(way) <= _MOST_PARTS)
    ways = list(all_ways)[:_MOST_WAYS]
    for way in (*ways, *(way[::-1] for way in ways if len(way) > 1)):
        yield (), way
    for way in ways:
        for first in range(1, len(way)):
            yield way[:first], way[first:]


def _by_type(part: str) -> list[tuple[str, ...]]:
    """The ways to part a text before type words, most cuts first: in "Xã Tứ Quận tỉnh Tuyên Quang" one is no type."""
    cuts = [found.start() for found in _NEXT_TYPE.finditer(part)][:_MOST_CUTS]
    chosen = (each for count in range(len(cuts), -1, -1) for each in combinations(cuts, count))
    return [_stripped(_cut(part, places)) for places in chosen]


def _cut(text: str, places: Sequence[int]) -> Iterator[str]:
    for begin, end in pairwise((0, *places, len(text))):
        yield text[begin:end]


def _stripped(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for part in parts if part.strip())


def _days_of_change(ledger: UnitLedger) -> tuple[date, ...]:
    """The days on which every version there ever was can be seen: first and last days of versions, oldest first."""
    ends = {version.valid_to for version in ledger.all_versions}
    begins = {version.valid_from for version in ledger.all_versions}
    return tuple(sorted(day for day in ends | begins if day is not None))


def _nearest_day(version: UnitVersion, on: date) -> date:
    """The day of a version's span that lies nearest to a day."""
    return min(max(version.first_day, on), version.last_day)


def _closure(unit_id: str, next_of: Callable[[str], Iterable[str]]) -> set[str]:
    """A unit and everything that follows from it step by step."""
    found, waiting = {unit_id}, [unit_id]
    while waiting:
        new = set(next_of(waiting.pop())) - found
        found |= new
        waiting.extend(new)
    return found
