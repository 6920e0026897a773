"""What a decree does to units: events in rows, and the map that results from them.

Here: the kinds of change, what each row has to say, and how a day's changes turn the map of the day before into a new
one with its links. Not here: the file they are read from (`catalogue/unit_events.py`) and the invariants every map has
to keep, however it came about (`domain/units.py`).

All changes of one day happen at once, whatever events and rows they come from: the order in which they are given is
irrelevant. A unit is a place, so what keeps its ground keeps its id (rename, retype, recode, move), and what gains or
loses ground is a new unit, even under its old name and code.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Final

from ocop_pipeline.domain.units import Relation, Succession, Tier, UnitLedger, UnitVersion

__all__ = ["ChangeKind", "UnitChange", "UnitEvent", "UnitEventError", "with_events"]

_ONE_DAY = timedelta(days=1)


class ChangeKind(StrEnum):
    """What a row of an event does to its unit."""

    RENAME = "rename"
    """Another name (đổi tên)."""
    RETYPE = "retype"
    """Another type at the same tier (xã thành phường, tỉnh thành thành phố)."""
    RECODE = "recode"
    """Another official code."""
    MOVE = "move"
    """Another unit above, with all its ground (chuyển về)."""
    MERGE = "merge"
    """The whole of it becomes a part of a new unit (nhập)."""
    SPLIT = "split"
    """It is divided into new units that take nothing else in (chia, tách)."""
    TRANSFER = "transfer"
    """It is divided, and a part goes to a unit that takes in other ground too (điều chỉnh địa giới)."""
    PROMOTE = "promote"
    """The same ground at another tier (huyện đảo thành đặc khu)."""
    ABOLISH_TIER = "abolish_tier"
    """All units of its tier end, and what is below them hangs one tier higher (bỏ cấp)."""


_KEEPS_ITS_PLACE: Final = frozenset(
    {ChangeKind.RENAME, ChangeKind.RETYPE, ChangeKind.RECODE, ChangeKind.MOVE}
)
_DIVIDES: Final = frozenset({ChangeKind.SPLIT, ChangeKind.TRANSFER})


@dataclass(frozen=True, slots=True)
class UnitChange:
    """One row: what becomes of one unit, or of a part of it.

    Attributes:
        kind: What happens.
        unit: Code or own id of the unit on the day before; of `ABOLISH_TIER` the tier.
        to_code: Code afterwards; of a rename, retype or move blank.
        to_tier: Tier afterwards; of `PROMOTE` only.
        to_type: Type afterwards ("phường"), in lower case.
        to_name: Name afterwards, without its type.
        to_parent: Code or own id, on the day itself, of the unit above; blank where that stays.
        shares: What part of the unit goes this way, by what is measured ("population", "area"): between 0 and 1.
    """

    kind: ChangeKind
    unit: str
    to_code: str = ""
    to_tier: Tier | None = None
    to_type: str = ""
    to_name: str = ""
    to_parent: str = ""
    shares: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnitEvent:
    """What one decree changes on one day.

    Attributes:
        event_id: Short name, unique.
        effective_date: First day of the new map.
        decree: Number of the decree as written; its day is `decree_date`, None where not known.
        decree_date: Day on which it was signed.
        changes: The rows, in the order of the file.
        source: Where it was read.
        confidence: How sure it is (`catalogue/tables.py`).
    """

    event_id: str
    effective_date: date
    decree: str
    decree_date: date | None
    changes: tuple[UnitChange, ...]
    source: str = ""
    confidence: str = ""


class UnitEventError(ValueError):
    """An event that cannot be.

    Attributes:
        event_id: The event.
        position: Place of the change in it, from 0; None where the event as a whole is meant.
        reason: What is wrong.
    """

    def __init__(self, event_id: str, position: int | None, reason: str) -> None:
        super().__init__(f"{event_id}: {reason}")
        self.event_id = event_id
        self.position = position
        self.reason = reason


def with_events(ledger: UnitLedger, events: Iterable[UnitEvent]) -> UnitLedger:
    """The ledger with events added; the given one stays as it is.

    Args:
        ledger: Units up to some day.
        events: In any order. None may lie on or before the last change the ledger knows.

    Returns:
        A new ledger, checked like any other. Units that keep their place get a link to themselves, so that the
        history of a unit shows every event that touched it.

    Raises:
        UnitEventError: when a row names no unit of the day before, asks for something twice, leaves a unit without a
            unit above, divides into shares that do not make a whole, or is of another kind than it says.
        UnitLedgerError: when the resulting map contradicts itself.
    """
    ordered = sorted(events, key=lambda event: (event.effective_date, event.event_id))
    if not ordered:
        return ledger
    _refuse_early(ledger, ordered)
    versions = list(ledger.all_versions)
    links = list(ledger.all_successions)
    for day, of_day in groupby(ordered, key=attrgetter("effective_date")):
        new_map = _Day(day, versions).after([_Row(event, i) for event in of_day for i in _rows(event)])
        versions, links = new_map.versions, [*links, *new_map.links]
    return UnitLedger(versions, links)


def _rows(event: UnitEvent) -> range:
    return range(len(event.changes))


def _refuse_early(ledger: UnitLedger, events: Sequence[UnitEvent]) -> None:
    seen: set[str] = set()
    last = max((link.effective_date for link in ledger.all_successions), default=date.min)
    for event in events:
        if event.event_id in seen:
            raise UnitEventError(event.event_id, None, "two events have this name")
        seen.add(event.event_id)
        if event.effective_date <= last:
            reason = f"{event.effective_date} is not after {last}, the last change of the units themselves"
            raise UnitEventError(event.event_id, None, reason)
        if event.decree_date is not None and event.decree_date > event.effective_date:
            reason = f"the decree of {event.decree_date} is later than what it changes"
            raise UnitEventError(event.event_id, None, reason)


@dataclass(frozen=True, slots=True)
class _Row:
    """A change with the place it was given at, for what has to be said about it."""

    event: UnitEvent
    position: int

    @property
    def change(self) -> UnitChange:
        return self.event.changes[self.position]

    def error(self, reason: str) -> UnitEventError:
        return UnitEventError(self.event.event_id, self.position, reason)


@dataclass(frozen=True, slots=True)
class _NewMap:
    versions: list[UnitVersion]
    links: list[Succession]


class _Day:
    """The map of the eve of a day, and what the day's changes make of it."""

    def __init__(self, day: date, versions: Sequence[UnitVersion]) -> None:
        self._day = day
        self._eve = day - _ONE_DAY
        self._all = list(versions)
        self._before = {each.unit_id: each for each in versions if each.in_force(self._eve)}
        self._by_code = {each.code: each for each in self._before.values()}
        self._holders: defaultdict[tuple[Tier, str], set[str]] = defaultdict(set)
        for each in versions:
            self._holders[each.tier, _first_code(each)].add(each.unit_id)

    def after(self, rows: Sequence[_Row]) -> _NewMap:
        kept = [row for row in rows if row.change.kind in _KEEPS_ITS_PLACE]
        moved = [row for row in rows if row.change.kind not in {*_KEEPS_ITS_PLACE, ChangeKind.ABOLISH_TIER}]
        abolished = self._abolished([row for row in rows if row.change.kind is ChangeKind.ABOLISH_TIER])
        parts = _grouped(moved, self._unit_of)
        targets = _grouped(moved, lambda row: row.change.to_code)
        self._check_structure(parts, targets, kept, abolished)
        made = {code: self._made(of_target) for code, of_target in targets.items()}
        changed = {
            unit_id: self._changed(unit_id, of_unit)
            for unit_id, of_unit in _grouped(kept, self._unit_of).items()
        }
        gone = {*parts, *abolished}
        standing = self._standing(made, changed, gone, rows)
        return _NewMap(self._versions(standing), self._links(parts, made, kept))

    # ------------------------------------------------------------------ reading the rows

    def _unit_of(self, row: _Row) -> str:
        """Id of the unit a row is about."""
        text = row.change.unit
        unit = self._before.get(text) or self._by_code.get(text)
        if unit is None:
            raise row.error(f"no unit {text!r} stands on {self._eve}")
        return unit.unit_id

    def _abolished(self, rows: Sequence[_Row]) -> dict[str, _Row]:
        found: dict[str, _Row] = {}
        for row in rows:
            if row.change.unit not in set(Tier) - {Tier.NATION, Tier.COMMUNE}:
                raise row.error(f"{row.change.unit!r} is no tier between nation and commune")
            found |= {each.unit_id: row for each in self._before.values() if each.tier == row.change.unit}
        return found

    # ------------------------------------------------------------------ what may not be

    def _check_structure(
        self,
        parts: Mapping[str, Sequence[_Row]],
        targets: Mapping[str, Sequence[_Row]],
        kept: Sequence[_Row],
        abolished: Mapping[str, _Row],
    ) -> None:
        for row in kept:
            if self._unit_of(row) in parts:
                raise row.error(
                    f"{row.change.unit} is merged or divided on the same day: say it of what comes after"
                )
        for unit_id, rows in parts.items():
            if unit_id in abolished and rows[0].change.kind is not ChangeKind.PROMOTE:
                raise rows[0].error(f"{rows[0].change.unit} ends with its tier")
            _check_parts(rows)
        for rows in targets.values():
            _check_target(rows, [len(parts[self._unit_of(row)]) for row in rows])

    # ------------------------------------------------------------------ what comes after

    def _made(self, rows: Sequence[_Row]) -> UnitVersion:
        """The new unit of one code, told by the rows that lead to it."""
        first = rows[0]
        of = [self._before[self._unit_of(row)] for row in rows]
        told = {name: _agreed(rows, name) for name in ("to_type", "to_name", "to_parent")}
        tier = first.change.to_tier or of[0].tier
        if first.change.kind is not ChangeKind.PROMOTE and len({each.tier for each in of}) > 1:
            raise first.error(f"{first.change.to_code} is made of units of several tiers")
        whole = all(row.change.kind in {ChangeKind.MERGE, ChangeKind.PROMOTE} for row in rows)
        points = [(each.latitude, each.longitude) for each in of]
        known = [(lat, lon) for lat, lon in points if lat is not None and lon is not None]
        areas = [each.area_km2 for each in of]
        return UnitVersion(
            unit_id=self._new_id(tier, first.change.to_code),
            code=first.change.to_code,
            tier=tier,
            type=told["to_type"],
            name=told["to_name"],
            full_name=_full_name(told["to_type"], told["to_name"]),
            parent_id=told["to_parent"] or _only(first, {each.parent_id or "" for each in of}),
            valid_from=self._day,
            valid_to=None,
            # The middle of what went into it, for a dot on a map; nobody measures with it.
            latitude=sum(lat for lat, _ in known) / len(known) if known else None,
            longitude=sum(lon for _, lon in known) / len(known) if known else None,
            area_km2=sum(area for area in areas if area) if whole and all(areas) else None,
        )

    def _new_id(self, tier: Tier, code: str) -> str:
        return f"{_LETTERS[tier]}{code}.{len(self._holders[tier, code]) + 1}"

    def _changed(self, unit_id: str, rows: Sequence[_Row]) -> UnitVersion:
        """A unit that keeps its place, with what the rows say of it."""
        before = self._before[unit_id]
        fields: dict[str, str] = {}
        for row in rows:
            for name, value in _told(row):
                if fields.setdefault(name, value) != value:
                    raise row.error(f"{row.change.unit} is told two values of {name!r} on one day")
        kind, name = fields.get("type", before.type), fields.get("name", before.name)
        return replace(
            before,
            type=kind,
            name=name,
            full_name=_full_name(kind, name) if {"type", "name"} & fields.keys() else before.full_name,
            code=fields.get("code", before.code),
            parent_id=fields.get("parent", before.parent_id or "") or None,
        )

    def _standing(
        self,
        made: Mapping[str, UnitVersion],
        changed: Mapping[str, UnitVersion],
        gone: Iterable[str],
        rows: Sequence[_Row],
    ) -> dict[str, UnitVersion]:
        """The units of the day by id, each below a unit that stands."""
        ended = set(gone)
        after = {
            unit_id: changed.get(unit_id, each)
            for unit_id, each in self._before.items()
            if unit_id not in ended
        }
        after |= {each.unit_id: each for each in made.values()}
        by_code: dict[str, str] = {}
        for each in after.values():
            if by_code.setdefault(each.code, each.unit_id) != each.unit_id:
                raise _blamed(rows, each.code).error(f"code {each.code} would be held by two units")
        for unit_id, each in after.items():
            parent = self._parent(each, after, by_code, made, rows)
            if parent != each.parent_id:
                after[unit_id] = replace(each, parent_id=parent)
            if parent is not None and _RANKS[after[parent].tier] >= _RANKS[each.tier]:
                raise _blamed(rows, each.code, unit_id).error(
                    f"{each.full_name} ({each.code}) cannot lie below {after[parent].full_name}, "
                    "which is of no higher tier"
                )
        return after

    def _parent(
        self,
        unit: UnitVersion,
        after: Mapping[str, UnitVersion],
        by_code: Mapping[str, str],
        made: Mapping[str, UnitVersion],
        rows: Sequence[_Row],
    ) -> str | None:
        """The unit above on the day: the one told, the one of before, or what the one of before became."""
        if unit.tier is Tier.NATION:
            return None
        named = unit.parent_id or ""
        if named in after:
            return named
        if named in by_code:
            return by_code[named]
        heirs = {
            made[row.change.to_code].unit_id
            for row in rows
            if row.change.to_code in made and self._names(row, named)
        }
        if len(heirs) == 1:
            return heirs.pop()
        above = self._before.get(named)
        if above is not None and not heirs and self._is_abolished(above, rows):
            return self._parent(replace(unit, parent_id=above.parent_id), after, by_code, made, rows)
        raise _blamed(rows, unit.code, named).error(
            f"{unit.full_name} ({unit.code}) would have no unit above it: {named!r} does not stand on {self._day}; "
            "a row with to_parent says where it goes"
        )

    def _names(self, row: _Row, unit_id: str) -> bool:
        unit = self._before.get(unit_id)
        return unit is not None and row.change.unit in (unit.unit_id, unit.code)

    @staticmethod
    def _is_abolished(unit: UnitVersion, rows: Iterable[_Row]) -> bool:
        return any(
            each.change.kind is ChangeKind.ABOLISH_TIER and each.change.unit == unit.tier for each in rows
        )

    def _versions(self, standing: Mapping[str, UnitVersion]) -> list[UnitVersion]:
        """All versions: what is no more or no longer so ends on the eve, what is new begins on the day."""
        past, begun = [], []
        for version in self._all:
            after = standing.get(version.unit_id)
            if not version.in_force(self._eve) or version == after:
                past.append(version)
                continue
            past.append(replace(version, valid_to=self._eve))
            if after is not None:
                begun.append(replace(after, valid_from=self._day, valid_to=version.valid_to))
        new = [each for unit_id, each in standing.items() if unit_id not in self._before]
        return [*past, *begun, *new]

    def _links(
        self,
        parts: Mapping[str, Sequence[_Row]],
        made: Mapping[str, UnitVersion],
        kept: Sequence[_Row],
    ) -> list[Succession]:
        found = []
        for unit_id, rows in parts.items():
            divided = len(rows) > 1
            default = _largest(rows)
            for row in rows:
                relation = Relation.DIVIDED_INTO if divided else _whole(row)
                found.append(
                    Succession(
                        unit_id, made[row.change.to_code].unit_id, self._day, relation, row is default,
                        row.event.event_id, dict(row.change.shares),
                    )
                )  # fmt: skip
        for unit_id, rows in _grouped(kept, self._unit_of).items():
            moved_only = all(row.change.kind in {ChangeKind.MOVE, ChangeKind.RECODE} for row in rows)
            relation = Relation.CONTINUES if moved_only else Relation.RENAMED
            found.append(
                Succession(
                    unit_id, unit_id, self._day, relation, is_default=True, event_id=rows[0].event.event_id
                )
            )
        return found


_RANKS: Final = {tier: rank for rank, tier in enumerate(Tier)}
_LETTERS: Final = {Tier.PROVINCE: "p", Tier.DISTRICT: "d", Tier.COMMUNE: "c"}


def _first_code(version: UnitVersion) -> str:
    """The code in a unit's own id: the one it began with."""
    return version.unit_id[1:].rsplit(".", 1)[0]


def _full_name(kind: str, name: str) -> str:
    return f"{kind[:1].upper()}{kind[1:]} {name}"


def _grouped(rows: Iterable[_Row], key: Callable[[_Row], str]) -> dict[str, list[_Row]]:
    groups: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def _told(row: _Row) -> Iterator[tuple[str, str]]:
    """What a row that keeps its unit's place says of it, as (field, value)."""
    said = {
        "name": row.change.to_name,
        "type": row.change.to_type,
        "code": row.change.to_code,
        "parent": row.change.to_parent,
    }
    wanted = _SAYS[row.change.kind]
    for name, value in said.items():
        if (name == wanted) != bool(value):
            fault = "is missing" if not value else f"belongs to no {row.change.kind}"
            raise row.error(f"to_{name} {fault}")
        if value:
            yield name, value


_SAYS: Final = {
    ChangeKind.RENAME: "name",
    ChangeKind.RETYPE: "type",
    ChangeKind.RECODE: "code",
    ChangeKind.MOVE: "parent",
}


def _agreed(rows: Sequence[_Row], name: str) -> str:
    """What the rows of one new unit say of it; those after the first may leave it blank."""
    value: str = getattr(rows[0].change, name)
    if not value and name != "to_parent":
        raise rows[0].error(f"{name} is missing: {rows[0].change.to_code} is a new unit")
    for row in rows[1:]:
        if getattr(row.change, name) not in ("", value):
            raise row.error(f"{name} differs from what an earlier row says of {row.change.to_code}")
    return value


def _only(row: _Row, parents: set[str]) -> str:
    if len(parents) > 1:
        raise row.error(f"{row.change.to_code} comes from under several units: to_parent has to say which")
    return parents.pop()


def _check_parts(rows: Sequence[_Row]) -> None:
    """The rows of one unit that ends: one way for the whole of it, or several for its parts."""
    divided = len(rows) > 1
    for row in rows:
        if not row.change.to_code:
            raise row.error(f"to_code is missing: {row.change.unit} becomes or joins a new unit")
        if (row.change.kind in _DIVIDES) != divided:
            raise row.error(
                f"{row.change.unit} goes {len(rows)} way(s), and the row says {row.change.kind.value!r}"
            )
        if row.change.shares and not divided:
            raise row.error(f"{row.change.unit} goes as a whole and has no shares")
    if len({row.change.to_code for row in rows}) < len(rows):
        raise rows[-1].error(f"{rows[0].change.unit} goes to {rows[-1].change.to_code} twice")
    for kind in {kind: None for row in rows for kind in row.change.shares}:
        shares = [row.change.shares.get(kind) for row in rows]
        if None in shares:
            raise rows[shares.index(None)].error(f"the share of {kind} is told for some parts only")
        if sum(share for share in shares if share is not None) != 1:
            raise rows[-1].error(
                f"the shares of {kind} of {rows[0].change.unit} make "
                f"{sum(share for share in shares if share is not None)}, not 1"
            )


def _check_target(rows: Sequence[_Row], ways: Sequence[int]) -> None:
    """The rows that lead to one new unit: their kinds have to be those of its making.

    Args:
        rows: The rows.
        ways: For each, into how many parts its unit goes.
    """
    alone = len(rows) == 1
    for row, count in zip(rows, ways, strict=True):
        kind = row.change.kind
        if kind is ChangeKind.PROMOTE:
            if not alone or row.change.to_tier is None:
                raise row.error(
                    f"a promotion gives {row.change.to_code} the ground of one unit and a to_tier"
                )
        elif row.change.to_tier is not None:
            raise row.error(f"to_tier belongs to no {kind.value}")
        elif kind is ChangeKind.MERGE and alone:
            raise row.error(f"nothing else goes to {row.change.to_code}: that is a rename, retype or recode")
        elif kind is ChangeKind.SPLIT and not alone:
            raise row.error(f"{row.change.to_code} takes in other ground too: that is a transfer, no split")
        elif kind is ChangeKind.TRANSFER and alone and count < 2:
            raise row.error(f"{row.change.unit} goes to one unit: that is no transfer of a part")


def _whole(row: _Row) -> Relation:
    return Relation.RENAMED if row.change.kind is ChangeKind.PROMOTE else Relation.MERGED_INTO


def _largest(rows: Sequence[_Row]) -> _Row:
    """The way the largest part goes, by the first kind of share told; the first row where none is."""
    kinds = list(rows[0].change.shares)
    return max(rows, key=lambda row: row.change.shares[kinds[0]]) if kinds else rows[0]


def _blamed(rows: Iterable[_Row], *texts: str) -> _Row:
    """The row to show for a fault of the resulting map: one that names what is concerned, else the first."""
    listed = list(rows)
    named = (
        row for row in listed if {row.change.unit, row.change.to_code, row.change.to_parent} & set(texts)
    )
    return next(named, listed[0])
