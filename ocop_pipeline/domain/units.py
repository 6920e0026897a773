"""Administrative units in time: who held which code, name and parent on a day, and who came after whom.

Here are the ledger of units, its invariants and the comparison of Vietnamese unit names. Reading the
units from a file is the business of the catalogue; deciding which unit a workbook means is the business
of intake, which gets every candidate from here and never a guess.

A unit is a place. It keeps its `unit_id` while its name, type, code or parent change (each change is a
new `UnitVersion`), and it ends when it is merged or divided. Codes do not identify places: the
reorganisation of 1 July 2025 gave most old commune codes to a larger successor, so a code means
something only together with a date.
"""

import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import Literal, TypeVar

from ocop_pipeline.domain.spelling import decomposed, tone_last, without_accents

__all__ = [
    "NameMatch",
    "Relation",
    "Succession",
    "Tier",
    "UnitLedger",
    "UnitLedgerError",
    "UnitVersion",
    "UnknownUnitError",
    "accent_free_key",
    "name_key",
    "named_type",
]


class Tier(StrEnum):
    """Level of government of a unit, from the nation down; districts ended on 30 June 2025."""

    NATION = "nation"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class Relation(StrEnum):
    """What happened to a unit at a reorganisation, seen from the unit that went into it."""

    CONTINUES = "continues"
    """The same place under the same name and type."""
    RENAMED = "renamed"
    """The same place under another name or type."""
    MERGED_INTO = "merged_into"
    """The whole of it became a part of the successor."""
    DIVIDED_INTO = "divided_into"
    """A part of it went to this successor, other parts went to others."""


@dataclass(frozen=True, slots=True)
class UnitVersion:
    """One unit as it stood over one span of days.

    Attributes:
        unit_id: Our own stable key of the place.
        code: Official code of the General Statistics Office (2, 3 or 5 digits; "VN" for the nation).
        tier: Level of government.
        type: Vietnamese type in lower case, such as "xã" or "thành phố".
        name: Name without the type: "Đức Trọng"; of a numbered ward only the number.
        full_name: Name as it is written in official texts: "Xã Đức Trọng".
        parent_id: Unit directly above; None for the nation only.
        valid_from: First day; None where the beginning is earlier than the source knows.
        valid_to: Last day, inclusive; None while in force.
        latitude: Degrees north of the unit's middle point, where known.
        longitude: Degrees east of the unit's middle point, where known.
        area_km2: Natural area in square kilometres, where known.
    """

    unit_id: str
    code: str
    tier: Tier
    type: str
    name: str
    full_name: str
    parent_id: str | None
    valid_from: date | None
    valid_to: date | None
    latitude: float | None = None
    longitude: float | None = None
    area_km2: float | None = None

    @property
    def first_day(self) -> date:
        """First day in force; `date.min` where the beginning is unknown."""
        return self.valid_from or date.min

    @property
    def last_day(self) -> date:
        """Last day in force; `date.max` while in force."""
        return self.valid_to or date.max

    def in_force(self, on: date) -> bool:
        """Tell whether this version stood on the day `on`."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Succession:
    """One link from a unit to a unit that took over the whole or a part of it.

    A place that keeps its id over a reorganisation has a link to itself, so that every unit of the old
    map has at least one successor. `is_default` marks, for each predecessor, the one successor to take
    when nothing tells which part is meant. `event_id` is the event that made the link, blank for the units' own
    data file; `shares` is the part of the predecessor that went this way, by what is measured, where a decree or a site
    tells: exact, and of one predecessor they make 1. `share_sources` says where a share was read, by what is measured,
    where that is not the decree.
    """

    predecessor_id: str
    successor_id: str
    effective_date: date
    relation: Relation
    is_default: bool
    event_id: str = ""
    shares: Mapping[str, Decimal | Fraction] = field(default_factory=dict)
    share_sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A unit whose name matches a text, and whether its diacritics agreed too."""

    unit: UnitVersion
    match: Literal["exact", "accent_free"]


class UnitLedgerError(ValueError):
    """The units contradict each other.

    Attributes:
        table: "versions" or "successions".
        position: Zero-based position of the offending row in that table as it was given.
        reason: What is wrong with it.
    """

    def __init__(self, table: Literal["versions", "successions"], position: int, reason: str) -> None:
        self.table = table
        self.position = position
        self.reason = reason
        super().__init__(f"{table}[{position}]: {reason}")


class UnknownUnitError(KeyError):
    """No unit of this id exists, or none on the day asked for."""

    def __init__(self, unit_id: str, on: date | None = None) -> None:
        self.unit_id = unit_id
        self.on = on
        super().__init__(unit_id, on)

    def __str__(self) -> str:
        when = "" if self.on is None else f" on {self.on.isoformat()}"
        return f"unknown unit {self.unit_id!r}{when}"


# ---------------------------------------------------------------------------------------- names

_WORD = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")
_APOSTROPHE = re.compile("['`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u2032] ?")
_TYPES = ("thị trấn", "thị xã", "thành phố", "đặc khu", "phường", "huyện", "quận", "tỉnh", "xã")
_SHORT_TYPES = {
    "tp": "thành phố",
    "tx": "thị xã",
    "tt": "thị trấn",
    "x": "xã",
    "p": "phường",
    "h": "huyện",
    "q": "quận",
    "t": "tỉnh",
}
_SHORT_TYPE = r"(?P<long>tp|tx|tt)(?:\.|(?= ))|(?P<single>[xphqt])\.|(?P<numbered>[pq])(?=\d)"


def _decomposed(text: str) -> str:
    """Fold a unit's name; its apostrophes go too, with a space behind them (Đạ K' Nàng)."""
    return _APOSTROPHE.sub("", decomposed(text))


def _type_pattern(spell: Callable[[str], str]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Make the pattern of a leading type word, and the table from its spelling to the type."""
    spelled = {spell(unicodedata.normalize("NFD", word)): word for word in _TYPES}
    words = "|".join(map(re.escape, spelled))
    pattern = re.compile(rf"\W*(?:(?P<word>{words})(?![\w\u0300-\u036f])|{_SHORT_TYPE})\W*")
    return pattern, spelled | _SHORT_TYPES


_EXACT_TYPE, _EXACT_TYPES = _type_pattern(str)
_PLAIN_TYPE, _PLAIN_TYPES = _type_pattern(without_accents)


def _split_type(text: str, pattern: re.Pattern[str], types: Mapping[str, str]) -> tuple[str | None, str]:
    """Split a leading type word off a decomposed text; a text that is only a type word keeps it."""
    found = pattern.match(text)
    if found is None or not _WORD.search(text, found.end()):
        return None, text
    spelled = found["word"] or found["long"] or found["single"] or found["numbered"]
    return types[spelled], text[found.end() :]


def _words_key(folded: str) -> str:
    """Join the words of a folded text; numbers lose leading zeros ("Phường 01" is "Phường 1")."""
    words = (tone_last(word) for word in _WORD.findall(folded))
    return " ".join(word.lstrip("0") or "0" if word.isdecimal() else word for word in words)


@functools.lru_cache(maxsize=1 << 15)  # the names of all units of both eras; asked for again at every judging
def name_key(text: str) -> str:
    """Return the key under which two spellings of one unit's name are the same; diacritics count.

    Made equal: case, NFC and NFD, the place of the tone mark (Hòa and Hoà, Thủy and Thuỷ), spaces,
    punctuation and apostrophes, Đ and its look-alikes, leading zeros of numbers, and a leading type word
    or its abbreviation (xã, phường, thị trấn, đặc khu, huyện, quận, thị xã, thành phố, tỉnh; X., P., TT.,
    H., Q., TX., TP., T., also "P1", "Q1").

    Vietnamese has one tone mark a syllable, and old and new orthography differ only in the vowel that
    carries it; so the mark is taken off its vowel and put at the end of the syllable.

    Args:
        text: A unit's name as somebody wrote it.

    Returns:
        An opaque key, for comparison only: decomposed and not fit to be shown. Empty for a text without
        a letter or digit.
    """
    _, name = _split_type(_decomposed(text), _EXACT_TYPE, _EXACT_TYPES)
    return _words_key(name)


def accent_free_key(text: str) -> str:
    """Return the key of `name_key` without diacritics, with d for đ: "Đức Trọng" becomes "duc trong".

    Type words are recognised with their diacritics only: without them "xa phien" may be Xã Phiên or the
    name Xà Phiên.
    """
    return without_accents(name_key(text))


def named_type(text: str) -> str | None:
    """Return the type a text begins with, abbreviated or not ("P. Bến Nghé" gives "phường"); None where it names none.

    Type words are recognised with their diacritics only, as by `accent_free_key`.
    """
    return _split_type(_decomposed(text), _EXACT_TYPE, _EXACT_TYPES)[0]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a text: a key of a name, and the type the text names, if any."""

    key: str
    type: str | None


def _exact_readings(text: str) -> tuple[_Reading, ...]:
    whole = _decomposed(text)
    kind, name = _split_type(whole, _EXACT_TYPE, _EXACT_TYPES)
    return (_Reading(_words_key(name), kind), _Reading(_words_key(whole), None))


def _accent_free_readings(text: str) -> tuple[_Reading, ...]:
    accented_kind, accented_name = _split_type(_decomposed(text), _EXACT_TYPE, _EXACT_TYPES)
    if accented_kind is not None:
        return (_Reading(_words_key(without_accents(accented_name)), accented_kind),)
    whole = without_accents(_decomposed(text))
    kind, name = _split_type(whole, _PLAIN_TYPE, _PLAIN_TYPES)
    return (_Reading(_words_key(name), kind), _Reading(_words_key(whole), None))


# --------------------------------------------------------------------------------------- ledger

_RANK = {tier: rank for rank, tier in enumerate(Tier)}
_ONE_DAY = timedelta(days=1)
_SAME_PLACE = (Relation.CONTINUES, Relation.RENAMED)
_Key = TypeVar("_Key", bound=Hashable)
_Row = TypeVar("_Row")


def _grouped(rows: Iterable[_Row], key: Callable[[_Row], _Key]) -> dict[_Key, list[_Row]]:
    """Group rows by a key, keeping their order."""
    groups: defaultdict[_Key, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


class UnitLedger:
    """All units of all times, checked for contradictions once and then only read.

    Args:
        versions: The units' versions in any order.
        successions: The links between units over reorganisations.

    Raises:
        UnitLedgerError: If a span ends before it begins; two versions of a unit overlap or differ in tier; a
            code is held by two units on one day (of whatever tier, so that code and day always find at most
            one unit); a parent is missing, not valid over the whole span of the child, or not of a higher
            tier (which excludes cycles); or a succession names an unknown unit, one not in force on its side
            of the effective date, contradicts its relation, or lacks exactly one default.
    """

    def __init__(self, versions: Iterable[UnitVersion], successions: Iterable[Succession] = ()) -> None:
        self._versions = tuple(versions)
        self._successions = tuple(successions)
        self._by_id = _grouped(self._versions, attrgetter("unit_id"))
        self._by_code = _grouped(self._versions, attrgetter("code"))
        self._links_from = _grouped(self._successions, attrgetter("predecessor_id"))
        _check_versions(self._versions, self._by_id, self._by_code)
        _check_successions(self._successions, self._versions, self._by_id, self._links_from)

    @property
    def all_versions(self) -> tuple[UnitVersion, ...]:
        """Every version of every unit, in the order given."""
        return self._versions

    @property
    def all_successions(self) -> tuple[Succession, ...]:
        """Every succession, in the order given."""
        return self._successions

    def versions(self, unit_id: str) -> tuple[UnitVersion, ...]:
        """Return all versions of a unit, oldest first; raises UnknownUnitError."""
        try:
            return tuple(sorted(self._by_id[unit_id], key=lambda version: version.first_day))
        except KeyError:
            raise UnknownUnitError(unit_id) from None

    def get(self, unit_id: str, on: date) -> UnitVersion:
        """Return the unit as it stood on the day `on`; raises UnknownUnitError if it did not exist then."""
        for version in self._by_id.get(unit_id, ()):
            if version.in_force(on):
                return version
        raise UnknownUnitError(unit_id, on)

    def find_code(self, code: str, on: date, tier: Tier | None = None) -> UnitVersion | None:
        """Return the unit that held the official code on the day `on`, or None.

        Args:
            code: Official code with its leading zeros.
            on: Day of reference.
            tier: If given, a unit of another tier is not returned.
        """
        for version in self._by_code.get(code, ()):
            if version.in_force(on):
                return version if tier in (None, version.tier) else None
        return None

    def held_code_before(self, code: str, on: date) -> tuple[UnitVersion, ...]:
        """Return the last versions of other units that held the code and lost it before `on`, latest first.

        With this a code from an out-of-date list can be explained: "00004 was Phường Trúc Bạch until
        30/06/2025". The unit that holds the code on `on` is left out.
        """
        holder = self.find_code(code, on)
        past = [version for version in self._by_code.get(code, ()) if version.last_day < on]
        past.sort(key=lambda version: version.last_day, reverse=True)
        latest: dict[str, UnitVersion] = {}
        for version in past:
            if holder is None or version.unit_id != holder.unit_id:
                latest.setdefault(version.unit_id, version)
        return tuple(latest.values())

    def units(self, on: date, tier: Tier | None = None) -> tuple[UnitVersion, ...]:
        """Return all units in force on the day `on`, of one tier or of all."""
        return tuple(row for row in self._versions if tier in (None, row.tier) and row.in_force(on))

    def children(self, unit_id: str, on: date) -> tuple[UnitVersion, ...]:
        """Return the units directly below on the day `on`; raises UnknownUnitError."""
        self.get(unit_id, on)
        return self._children(unit_id, on)

    def ancestors(self, unit_id: str, on: date) -> tuple[UnitVersion, ...]:
        """Return the units above on the day `on`, nearest first, the nation last; raises UnknownUnitError."""
        return tuple(self._ancestors(self.get(unit_id, on), on))

    def descendants(self, unit_id: str, on: date, tier: Tier | None = None) -> tuple[UnitVersion, ...]:
        """Return all units below on the day `on`, each before its own children; raises UnknownUnitError."""
        self.get(unit_id, on)
        below = self._descendants(unit_id, on)
        return tuple(version for version in below if tier in (None, version.tier))

    def predecessors(self, unit_id: str) -> tuple[Succession, ...]:
        """Return the links to the units this one came from; raises UnknownUnitError.

        A place that kept its id over a reorganisation is its own predecessor there.
        """
        return self._links(self._links_to, unit_id)

    def successors(self, unit_id: str) -> tuple[Succession, ...]:
        """Return the links to the units that took this one over; raises UnknownUnitError.

        Empty for a unit that never changed and for the districts, which were abolished without a successor
        (except the five islands without communes, which became special zones).
        """
        return self._links(self._links_from, unit_id)

    def origins(self, unit_id: str) -> frozenset[str]:
        """Return the ids of a unit and of all units that went into it, wholly or in part, over any number of changes.

        Raises:
            UnknownUnitError: If no unit has the id.
        """
        found, waiting = {unit_id}, [unit_id]
        while waiting:
            new = {link.predecessor_id for link in self.predecessors(waiting.pop())} - found
            found |= new
            waiting.extend(new)
        return frozenset(found)

    def find_name(
        self, text: str, on: date, within: str | None = None, tier: Tier | None = None
    ) -> tuple[NameMatch, ...]:
        """Return every unit on the day `on` that the text may name; never picks one of several.

        Names that agree with their diacritics (`name_key`) come alone; only if there is none, names that
        agree without them (`accent_free_key`). A type word in the text narrows the answer to that type where
        the name has a unit of it; otherwise (a town that has since become a commune) it is disregarded.

        Args:
            text: Name as somebody wrote it, with or without its type.
            on: Day of reference.
            within: Id of a unit; only units below it are considered.
            tier: If given, only units of this tier are considered.

        Raises:
            UnknownUnitError: If `within` does not exist on that day.
        """
        if within is not None:
            self.get(within, on)

        def eligible(version: UnitVersion) -> bool:
            return (
                version.in_force(on)
                and tier in (None, version.tier)
                and (within is None or any(a.unit_id == within for a in self._ancestors(version, on)))
            )

        exact = _candidates(_exact_readings(text), self._by_name_key, eligible)
        if exact:
            return tuple(NameMatch(unit, "exact") for unit in exact)
        loose = _candidates(_accent_free_readings(text), self._by_accent_free_key, eligible)
        return tuple(NameMatch(unit, "accent_free") for unit in loose)

    # The indexes below are made when first asked for: those by name take as long as all the rest, and a
    # run that is given codes needs none of them.

    @cached_property
    def _by_parent(self) -> dict[str | None, list[UnitVersion]]:
        return _grouped(self._versions, attrgetter("parent_id"))

    @cached_property
    def _links_to(self) -> dict[str, list[Succession]]:
        return _grouped(self._successions, attrgetter("successor_id"))

    @cached_property
    def _by_name_key(self) -> dict[str, list[UnitVersion]]:
        keys = {name: _words_key(_decomposed(name)) for name in {row.name for row in self._versions}}
        return _grouped(self._versions, lambda row: keys[row.name])

    @cached_property
    def _by_accent_free_key(self) -> dict[str, list[UnitVersion]]:
        groups: defaultdict[str, list[UnitVersion]] = defaultdict(list)
        for key, rows in self._by_name_key.items():
            groups[without_accents(key)].extend(rows)
        return dict(groups)

    def _children(self, unit_id: str, on: date) -> tuple[UnitVersion, ...]:
        return tuple(version for version in self._by_parent.get(unit_id, ()) if version.in_force(on))

    def _descendants(self, unit_id: str, on: date) -> Iterator[UnitVersion]:
        for child in self._children(unit_id, on):
            yield child
            yield from self._descendants(child.unit_id, on)

    def _ancestors(self, version: UnitVersion, on: date) -> Iterator[UnitVersion]:
        while version.parent_id is not None:
            version = self.get(version.parent_id, on)
            yield version

    def _links(self, links: Mapping[str, Sequence[Succession]], unit_id: str) -> tuple[Succession, ...]:
        if unit_id not in self._by_id:
            raise UnknownUnitError(unit_id)
        return tuple(links.get(unit_id, ()))


def _candidates(
    readings: Sequence[_Reading],
    index: Mapping[str, Sequence[UnitVersion]],
    eligible: Callable[[UnitVersion], bool],
) -> tuple[UnitVersion, ...]:
    """Collect the units of all readings once each; a reading's type narrows only its own units."""
    found: dict[str, UnitVersion] = {}
    for reading in readings:
        units = [version for version in index.get(reading.key, ()) if eligible(version)]
        of_type = [version for version in units if version.type == reading.type]
        # A second reading may know less than the first one: it adds units only if the first found none of
        # the type that stands in the text.
        for version in of_type or units:
            found.setdefault(version.unit_id, version)
    return tuple(found.values())


def _check_versions(
    versions: Sequence[UnitVersion],
    by_id: Mapping[str, Sequence[UnitVersion]],
    by_code: Mapping[str, Sequence[UnitVersion]],
) -> None:
    # Units of one parent, tier and span are sound together: thousands of rows, hundreds of such groups.
    sound: set[tuple[str | None, Tier, date | None, date | None]] = set()
    for version in versions:
        group_key = (version.parent_id, version.tier, version.valid_from, version.valid_to)
        if group_key in sound:
            continue
        reason = _fault(version, by_id)
        if reason is not None:
            raise UnitLedgerError("versions", _position(versions, version), reason)
        sound.add(group_key)
    for unit_id, group in by_id.items():
        if len(group) > 1:
            _refuse_overlap(versions, group, f"unit {unit_id} has two versions")
            if len({version.tier for version in group}) > 1:
                reason = f"unit {unit_id} changes its tier"
                raise UnitLedgerError("versions", _position(versions, group[-1]), reason)
    for code, group in by_code.items():
        if len(group) > 1:
            _refuse_overlap(
                versions,
                group,
                f"code {code} is held by two units ({', '.join(row.unit_id for row in group)})",
            )


def _position(rows: Sequence[_Row], wanted: _Row) -> int:
    # By identity: a row given twice is equal to its first appearance.
    return next(position for position, row in enumerate(rows) if row is wanted)


def _refuse_overlap(versions: Sequence[UnitVersion], group: Sequence[UnitVersion], what: str) -> None:
    for earlier, later in pairwise(sorted(group, key=attrgetter("first_day"))):
        if later.first_day <= earlier.last_day:
            since = "the beginning" if later.valid_from is None else later.valid_from.isoformat()
            reason = f"{what} from {since} on"
            raise UnitLedgerError("versions", _position(versions, later), reason)


def _fault(version: UnitVersion, by_id: Mapping[str, Sequence[UnitVersion]]) -> str | None:
    """Say what is wrong with a version's span or parent; None if nothing is."""
    if version.last_day < version.first_day:
        return f"unit {version.unit_id} ends before it begins"
    if (version.parent_id is None) != (version.tier is Tier.NATION):
        return f"unit {version.unit_id}: the nation, and nothing else, has no parent"
    if version.parent_id is None:
        return None
    parents = by_id.get(version.parent_id)
    if parents is None:
        fault = "is unknown"
    elif _RANK[parents[0].tier] >= _RANK[version.tier]:
        fault = "is not of a higher tier"
    elif not _covered(version, parents):
        fault = "is not in force all the while"
    else:
        return None
    return f"unit {version.unit_id} has a parent {version.parent_id} that {fault}"


def _covered(version: UnitVersion, parents: Sequence[UnitVersion]) -> bool:
    """Tell whether the parent's versions, laid end to end, span every day of the child's version."""
    day, last_day = version.first_day, version.last_day
    for parent in parents if len(parents) == 1 else sorted(parents, key=attrgetter("first_day")):
        if parent.first_day > day:
            return False
        if parent.last_day >= last_day:
            return True
        if parent.last_day >= day:
            day = parent.last_day + _ONE_DAY
    return False


def _check_successions(
    links: Sequence[Succession],
    versions: Sequence[UnitVersion],
    by_id: Mapping[str, Sequence[UnitVersion]],
    by_predecessor: Mapping[str, Sequence[Succession]],
) -> None:
    dates = {link.effective_date for link in links}
    days = dates | {day - _ONE_DAY for day in dates}
    standing = {day: {version.unit_id for version in versions if version.in_force(day)} for day in days}
    for day in dates:
        before, after = standing[day - _ONE_DAY], standing[day]
        for link in links:
            if link.effective_date == day and not (
                link.predecessor_id in before and link.successor_id in after
            ):
                reason = _end_fault(link, by_id, before)
                raise UnitLedgerError("successions", _position(links, link), reason)
    for of_unit in by_predecessor.values():
        same_day = (
            [of_unit] if len(of_unit) == 1 else _grouped(of_unit, attrgetter("effective_date")).values()
        )
        for siblings in same_day:
            fault = _siblings_fault(siblings)
            if fault is not None:
                raise UnitLedgerError("successions", _position(links, siblings[-1]), fault)


def _end_fault(link: Succession, by_id: Mapping[str, Sequence[UnitVersion]], before: set[str]) -> str:
    """Say which end of a succession does not stand on its side of the effective date."""
    role, unit_id, day = "successor", link.successor_id, link.effective_date
    if link.predecessor_id not in before:
        role, unit_id, day = "predecessor", link.predecessor_id, link.effective_date - _ONE_DAY
    fault = f"is not in force on {day.isoformat()}" if unit_id in by_id else "is unknown"
    return f"{role} {unit_id} {fault}"


def _siblings_fault(siblings: Sequence[Succession]) -> str | None:
    """Say what is wrong with the links of one unit on one date; None if nothing is."""
    divided = len(siblings) > 1
    if divided and len({link.successor_id for link in siblings}) < len(siblings):
        return f"{siblings[0].predecessor_id} goes to the same successor twice"
    for link in siblings:
        if (link.relation is Relation.DIVIDED_INTO) != divided:
            return f"{link.predecessor_id} has {len(siblings)} successor(s) and relation {link.relation}"
        if link.predecessor_id == link.successor_id and link.relation not in _SAME_PLACE:
            return f"{link.predecessor_id} succeeds itself with relation {link.relation}"
    if [link.is_default for link in siblings].count(True) != 1:
        return f"{siblings[0].predecessor_id} must have one default successor"
    return None
