"""What a line of one list of product groups is in a later one, and whether a series joins over the change.

Here: loading `group_mappings.csv` (lines between adjacent lists), converting a line to a later list, the verdict
on a series. Not here: the lists themselves (`groups.py`), products and figures (the warehouse). No decision
prints such a table: a line is as sure as its mark, and what is ambiguous stays unconverted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Final

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.groups import GroupList, ProductGroup, ProductGroups
from ocop_pipeline.catalogue.tables import CONFIDENCE, Row, read_csv
from ocop_pipeline.paths import CATALOGUE_DATA

GROUP_MAPPING_COLUMNS = (
    "old_list",
    "old_code",
    "new_list",
    "new_code",
    "relation",
    "effective_date",
    "note_vi",
    "source",
    "confidence",
)
UNCONVERTED: Final = "unconverted"
"""Stands for the group of a product whose line of an old list may be several groups of the list asked."""
UNKNOWN_GROUP: Final = "unknown"
"""Stands for the group of a product of which no line tells a group that any list has."""

_Line = tuple[str, str]
_SUREST_FIRST = tuple(CONFIDENCE)


class Relation(StrEnum):
    """What became of a line at a change of list."""

    SAME = "same"
    """All of the old line, and nothing else, is the new one."""
    MERGED = "merged"
    """All of the old line is in the new one, with others (n to 1)."""
    SPLIT = "split"
    """A part of the old line is in the new one, of the sector it always was in (1 to n)."""
    MOVED = "moved"
    """The old line, or a part of it, went to another sector."""
    ENDED = "ended"
    """The new list has nothing of the old line."""
    NEW = "new"
    """The old list had nothing of the new line."""


_WHOLE = (Relation.SAME, Relation.MERGED)
_BREAKS = (Relation.SPLIT, Relation.MOVED, Relation.ENDED, Relation.NEW)
"""Relations that break a series, and hence say why in Vietnamese."""


@dataclass(frozen=True, slots=True)
class GroupMapping:
    """One line between two adjacent lists.

    Attributes:
        old_list: Version of the earlier list.
        old_code: Its line; None where the new line had no predecessor.
        new_list: Version of the list that followed it.
        new_code: Its line; None where the old line ended.
        relation: What became of the line.
        effective_date: First day of the new list.
        note_vi: Why a series breaks here; blank where it does not.
        source: The decisions, or the practice it is read from.
        confidence: Mark of `tables.CONFIDENCE`.
    """

    old_list: str
    old_code: str | None
    new_list: str
    new_code: str | None
    relation: Relation
    effective_date: date
    note_vi: str
    source: str
    confidence: str


class Joins(StrEnum):
    """Whether figures of a group before and after a change of list may be put side by side."""

    EXACT = "exact"
    """What the group is now is what whole lines of the earlier list were."""
    PARTLY = "partly"
    """A part came from elsewhere, went elsewhere or ended."""
    NOT = "not"
    """The earlier list had nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Series:
    """The verdict on the series of one group between two days.

    Attributes:
        joins: Whether it joins.
        reasons: Why not, in Vietnamese, without a full stop at the end; empty where it joins exactly.
        since: First days of the lists that came in force between the two days.
        confidence: The least sure mark of all lines it rests on; "S" where no list changed.
    """

    joins: Joins
    reasons: tuple[str, ...]
    since: tuple[date, ...]
    confidence: str


class GroupMappings:
    """All lines between the lists, followed from earlier lists to later ones and back."""

    def __init__(self, groups: ProductGroups, mappings: Sequence[GroupMapping]) -> None:
        """Index mappings that `load_group_mappings` has checked."""
        self.all: tuple[GroupMapping, ...] = tuple(mappings)
        self._groups = groups
        self._from: defaultdict[_Line, list[GroupMapping]] = defaultdict(list)
        self._children: defaultdict[_Line, list[str]] = defaultdict(list)
        for mapping in mappings:
            if mapping.old_code is not None:
                self._from[mapping.old_list, mapping.old_code].append(mapping)
        for group in groups.all:
            if group.parent_code is not None:
                self._children[group.list_version, group.parent_code].append(group.code)

    def candidates(self, line: ProductGroup, list_version: str) -> tuple[ProductGroup, ...]:
        """The lines of a list that a line may be, in the list's order.

        Args:
            line: A line of any list.
            list_version: The list asked.

        Returns:
            The line itself in its own list; none where nothing of it is in the list asked.
        """
        versions = [each.version for each in self._groups.lists]
        first, last = versions.index(line.list_version), versions.index(list_version)
        codes = {line.code}
        for version in versions[first:last]:
            codes = {row.new_code for code in codes for row in self._from[version, code] if row.new_code}
        for version in reversed(versions[last + 1 : first + 1]):
            codes = set().union(*(self._origins(version, code) for code in codes))
        found = (group for group in self._groups.all if group.list_version == list_version)
        return tuple(group for group in found if group.code in codes)

    def _origins(self, version: str, code: str) -> set[str]:
        """The lines of the list before that a line may have been.

        Told by its name alone it may be anything below it, and any part of what is said of the lines above it.
        """
        ours = self._below(GroupList(version, None, None), [code])
        above = {each.code for each in self._groups.path(self._groups.line(version, code))[:-1]}
        into = [each for each in self.all if each.new_list == version and each.old_code]
        direct = {each.old_code: each.old_list for each in into if each.old_code and each.new_code in ours}
        known = {
            step.code
            for old_code, old_list in direct.items()
            for step in self._groups.path(self._groups.line(old_list, old_code))
        }
        parts = {each.old_code for each in into if each.new_code in above and each.relation not in _WHOLE}
        old_lists = {each.old_list for each in into}
        topmost = set().union(*(self._topmost(old_list, set(direct)) for old_list in old_lists))
        return topmost | {each for each in parts if each and each not in known}

    def convert(self, line: ProductGroup, list_version: str) -> ProductGroup | None:
        """The deepest line of a list that a line certainly is; None where not even its sector is certain."""
        paths = [self._groups.path(each) for each in self.candidates(line, list_version)]
        common = [level[0] for level in zip(*paths, strict=False) if len(set(level)) == 1]
        return common[-1] if common else None

    def series(self, code: str, since: date, until: date) -> Series:
        """Whether the series of a group joins between two days.

        Args:
            code: A line of the list in force on `until`, at any level.
            since: The earlier day.
            until: The later day.

        Raises:
            KeyError: the list of `until` has no such line, or no list is in force on one of the days.
        """
        latest = self._groups.get(code, until)
        first = self._groups.version_on(since)
        lists = [each for each in self._groups.lists if each.valid_from is None or each.valid_from <= until]
        between = lists[[each.version for each in lists].index(first or _none(since)) :]
        codes, joins, reasons, marks = {latest.code}, Joins.EXACT, dict[str, None](), {"S"}
        for old, new in reversed(list(pairwise(between))):
            step = self._step(new.version, codes)
            codes = {
                each.old_code for each in step if each.old_code and each.new_code in self._below(new, codes)
            }
            breaks = [each for each in step if each.relation in _BREAKS]
            reasons |= dict.fromkeys(each.note_vi for each in breaks)
            marks |= {each.confidence for each in step}
            joins = Joins.PARTLY if breaks else joins
            if not codes:
                joins = Joins.NOT
                break
            codes = self._topmost(old.version, codes)
        days = tuple(each.valid_from for each in between[1:] if each.valid_from is not None)
        return Series(joins, tuple(reasons), days, max(marks, key=_SUREST_FIRST.index))

    def _below(self, one: GroupList, codes: Iterable[str]) -> set[str]:
        """The codes with all that is below them in a list."""
        found: set[str] = set()
        for code in codes:
            found |= {code} | self._below(one, self._children[one.version, code])
        return found

    def _topmost(self, version: str, codes: set[str]) -> set[str]:
        return {
            code
            for code in codes
            if not codes & {each.code for each in self._groups.path(self._groups.line(version, code))[:-1]}
        }

    def _step(self, new_list: str, codes: Iterable[str]) -> list[GroupMapping]:
        """What the lines came from at the change to a list, and whatever else came of those."""
        ours = self._below(GroupList(new_list, None, None), codes)
        into = [each for each in self.all if each.new_list == new_list and each.new_code in ours]
        if not into:
            return []
        whole = {each.old_code for each in into if each.old_code and each.relation in _WHOLE}
        sources = self._below(GroupList(into[0].old_list, None, None), whole)
        sources |= {each.old_code for each in into if each.old_code and each.relation is Relation.SPLIT}
        others = [each for each in self.all if each.new_list == new_list and each.old_code in sources]
        wanted = dict.fromkeys((*into, *others))
        # A part that stays within the group is no break of it: honey that went from raw to processed food.
        return [
            each
            for each in wanted
            if each.relation is not Relation.SPLIT
            or not all(other.new_code in ours for other in self._from[each.old_list, each.old_code or ""])
        ]


def _none(on: date) -> str:
    raise KeyError(f"no list of product groups was in force on {on}")


def load_group_mappings(
    groups: ProductGroups, path: Path = CATALOGUE_DATA / "group_mappings.csv"
) -> GroupMappings:
    """Load and check the lines between the lists.

    Args:
        groups: All lists.
        path: The file.

    Raises:
        CatalogueError: a malformed row; lists that do not follow each other or another day than the new list's
            first; a code that its list lacks; a line of an old list without a row, a line of a new one without
            origin; a relation that its codes or the number of rows belie; a child that goes where its parent is
            not said to go. As every row leads to the following list, no line can lead back to itself.
    """
    rows = read_csv(path, GROUP_MAPPING_COLUMNS)
    read = [_mapping(row, groups) for row in rows]
    for row, mapping in zip(rows, read, strict=True):
        _check_counts(row, mapping, read)
        _check_sector(row, mapping, read, groups)
        _check_parent(row, mapping, read, groups)
    for old, new in pairwise(groups.lists):
        _check_complete(path.name, read, groups, old, new)
    return GroupMappings(groups, read)


def _mapping(row: Row, groups: ProductGroups) -> GroupMapping:
    mapping = GroupMapping(
        old_list=row.text("old_list"),
        old_code=row.optional("old_code"),
        new_list=row.text("new_list"),
        new_code=row.optional("new_code"),
        relation=Relation(row.choice("relation", tuple(Relation))),
        effective_date=row.date("effective_date"),
        note_vi=row.optional("note_vi") or "",
        source=row.text("source"),
        confidence=row.confidence(),
    )
    _check_lists(row, mapping, groups)
    _check_codes(row, mapping, groups)
    if bool(mapping.note_vi) != (mapping.relation in _BREAKS):
        raise row.error(
            f"the reason why a series breaks is wanted where it does, not at {mapping.relation}", "note_vi"
        )
    return mapping


def _check_lists(row: Row, mapping: GroupMapping, groups: ProductGroups) -> None:
    following = {new.version: (old.version, new.valid_from) for old, new in pairwise(groups.lists)}
    old, first_day = following.get(mapping.new_list, (None, None))
    if old is None or old != mapping.old_list:
        raise row.error(f"list {mapping.new_list} does not follow list {mapping.old_list}", "new_list")
    if mapping.effective_date != first_day:
        raise row.error(f"list {mapping.new_list} is in force from {first_day}", "effective_date")


def _check_codes(row: Row, mapping: GroupMapping, groups: ProductGroups) -> None:
    sides = {
        "old_code": (mapping.old_list, mapping.old_code, Relation.NEW),
        "new_code": (mapping.new_list, mapping.new_code, Relation.ENDED),
    }
    for column, (version, code, blank_in) in sides.items():
        if (code is None) != (mapping.relation is blank_in):
            raise row.error(f"{column!r} is blank where the relation is {blank_in}, and only there", column)
        try:
            groups.line(version, code or "")
        except KeyError:
            if code is not None:
                raise row.error(f"list {version} has no line {code!r}", column) from None


def _rows_of(mapping: GroupMapping, read: Iterable[GroupMapping]) -> tuple[int, int]:
    """How many rows the old line has, and how many the new one."""
    step = [each for each in read if each.new_list == mapping.new_list]
    return (
        sum(each.old_code == mapping.old_code for each in step if each.old_code),
        sum(each.new_code == mapping.new_code for each in step if each.new_code),
    )


def _check_counts(row: Row, mapping: GroupMapping, read: Sequence[GroupMapping]) -> None:
    leave, arrive = _rows_of(mapping, read)
    wrong = {
        Relation.SAME: leave != 1 or arrive != 1,
        Relation.MERGED: leave != 1 or arrive < 2,
        Relation.SPLIT: leave < 2,
        Relation.MOVED: False,
        Relation.ENDED: leave != 1,
        Relation.NEW: arrive != 1,
    }
    if wrong[mapping.relation]:
        raise row.error(
            f"{mapping.relation} does not go with {leave} rows of the old line and {arrive} of the new one",
            "relation",
        )


def _check_sector(
    row: Row, mapping: GroupMapping, read: Sequence[GroupMapping], groups: ProductGroups
) -> None:
    """Refuse a line that changes its sector without saying so, or says so and does not (a whole sector cannot)."""
    if mapping.old_code is None or mapping.new_code is None:
        return
    sector = groups.path(groups.line(mapping.old_list, mapping.old_code))[0].code
    became = {
        each.new_code
        for each in read
        if (each.old_list, each.old_code) == (mapping.old_list, sector)
        and each.relation is not Relation.MOVED
    }
    target = groups.path(groups.line(mapping.new_list, mapping.new_code))[0].code
    if (target in became or not became) == (mapping.relation is Relation.MOVED):
        raise row.error(
            f"sector {sector} became {', '.join(sorted(filter(None, became))) or 'nothing'}:"
            f" {mapping.relation} does not lead to {target}",
            "relation",
        )


def _check_parent(
    row: Row, mapping: GroupMapping, read: Sequence[GroupMapping], groups: ProductGroups
) -> None:
    """Refuse a child that goes where its parent does not: a product told by the parent alone may be that child."""
    if mapping.old_code is None or mapping.new_code is None:
        return
    parent = groups.line(mapping.old_list, mapping.old_code).parent_code
    if parent is None:
        return
    above = {each.code for each in groups.path(groups.line(mapping.new_list, mapping.new_code))}
    if not any(
        each.old_list == mapping.old_list and each.old_code == parent and each.new_code in above
        for each in read
    ):
        raise row.error(
            f"{parent}, to which {mapping.old_code} belongs, is not said to be in {mapping.new_code}"
        )


def _check_complete(
    file: str, read: Iterable[GroupMapping], groups: ProductGroups, old: GroupList, new: GroupList
) -> None:
    step = [each for each in read if each.new_list == new.version]
    for version, codes in (
        (old.version, {each.old_code for each in step}),
        (new.version, {each.new_code for each in step}),
    ):
        for group in _lines(groups, version):
            if group.code not in codes:
                raise CatalogueError(
                    file,
                    None,
                    f"line {group.code} of list {version} has no row from {old.version} to {new.version}",
                )


def _lines(groups: ProductGroups, version: str) -> Iterator[ProductGroup]:
    return (group for group in groups.all if group.list_version == version)
