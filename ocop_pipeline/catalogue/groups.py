"""The product groups of the programme: three dated lists (2019, 2023, 2026), each a tree.

Here: loading `product_groups.csv`, the list in force on a day, finding a group by its name. Not here: what a
line of one list is in another (`group_mappings.py`). The list of 2019 shares names with that of 2023 but not
content (its drinks held tea and coffee), hence codes of its own; those of 2023 and 2026 share theirs.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from ocop_pipeline.catalogue.tables import Row, read_csv, refuse_repeats
from ocop_pipeline.domain.units import name_key
from ocop_pipeline.paths import CATALOGUE_DATA

PRODUCT_GROUP_COLUMNS = (
    "list_version",
    "code",
    "parent_code",
    "level",
    "name_vi",
    "name_en",
    "lead_ministry",
    "valid_from",
    "valid_to",
    "source",
    "confidence",
)
_ENUMERATION = re.compile(r"^\s*(?:[IVX]+|[0-9]+|[a-zđ])\s*[.):]\s*", re.IGNORECASE)
_KIND_OF_GROUP = re.compile(
    r"^\s*(?:phân nhóm|nhóm|ngành hàng|ngành|bộ sản phẩm)(?: sản phẩm)?\s*:?\s+(?=\S)", re.IGNORECASE
)


class Level(StrEnum):
    """The depth of a group: ngành, nhóm, bộ (phân nhóm)."""

    SECTOR = "sector"
    GROUP = "group"
    SET = "set"


_PARENT_LEVEL = {Level.SECTOR: None, Level.GROUP: Level.SECTOR, Level.SET: Level.GROUP}


@dataclass(frozen=True, slots=True)
class ProductGroup:
    """One line of one list.

    Attributes:
        list_version: The list: 2019, 2023 or 2026.
        code: What is stored; unique within the list.
        parent_code: The line it belongs to; None for a sector.
        level: Its depth.
        name_vi: Name as printed in the decision.
        name_en: The same in English.
        lead_ministries: The ministries in charge (bộ chủ trì quản lý), sets only.
        valid_from: First day of the list.
        valid_to: Last day of the list; None while in force.
        source: The decision.
        confidence: Mark of `tables.CONFIDENCE`.
    """

    list_version: str
    code: str
    parent_code: str | None
    level: Level
    name_vi: str
    name_en: str
    lead_ministries: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    source: str
    confidence: str

    def in_force(self, on: date) -> bool:
        """Whether its list is in force on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class GroupList:
    """One list as a whole: its version and the days it is in force (None is open)."""

    version: str
    valid_from: date | None
    valid_to: date | None


class ProductGroups:
    """All lists; every question needs a day, because the day decides which list answers."""

    def __init__(self, groups: Sequence[ProductGroup]) -> None:
        """Index groups that `load_product_groups` has checked."""
        self.all: tuple[ProductGroup, ...] = tuple(groups)
        self._by_code: Mapping[tuple[str, str], ProductGroup] = {
            (group.list_version, group.code): group for group in groups
        }
        self.lists: tuple[GroupList, ...] = tuple(
            sorted(
                {GroupList(group.list_version, group.valid_from, group.valid_to) for group in groups},
                key=lambda each: each.valid_from or date.min,
            )
        )
        # In file order a set comes after the group and sector of the same name, and so takes their place.
        self._by_name: Mapping[tuple[str, str], ProductGroup] = {
            (group.list_version, name_key(group.name_vi)): group for group in groups
        }

    def version_on(self, on: date) -> str | None:
        """Which list is in force on a day; None before the programme began."""
        return next((group.list_version for group in self.all if group.in_force(on)), None)

    def list_on(self, on: date) -> tuple[ProductGroup, ...]:
        """The lines of the list in force on a day, as printed; none before the programme began."""
        return tuple(group for group in self.all if group.in_force(on))

    def line(self, list_version: str, code: str) -> ProductGroup:
        """The line of a code in a list, whatever the day. Raises KeyError when the list has no such line."""
        return self._by_code[list_version, code]

    def path(self, group: ProductGroup) -> tuple[ProductGroup, ...]:
        """The sector, the group and the set a line belongs to, down to the line itself: one to three lines."""
        if group.parent_code is None:
            return (group,)
        return (*self.path(self._by_code[group.list_version, group.parent_code]), group)

    def get(self, code: str, on: date) -> ProductGroup:
        """The line of a code in the list in force on a day.

        Raises:
            KeyError: when that list has no such code, or no list is in force.
        """
        return self._by_code[self.version_on(on) or "", code]

    def sector_of(self, code: str, on: date) -> ProductGroup:
        """The sector (ngành) a code belongs to; a sector belongs to itself. Raises KeyError as `get`."""
        return self.path(self.get(code, on))[0]

    def find(self, name: str, on: date) -> ProductGroup | None:
        """The line a wording means in the list in force on a day, the deepest of that name.

        Case, spacing, punctuation, the place of tone marks, a leading number and a leading "Nhóm:" do not
        matter; diacritics do. Nothing is guessed: an unknown name gives None.
        """
        return self._named(name, self.version_on(on) or "")

    def read(self, name: str, on: date) -> ProductGroup | None:
        """As `find`, but a wording the list of the day lacks is looked for in the others too.

        A register may describe a certificate in the words of a later list, or of the list it grew up with:
        the later lists are asked first, the nearest of them before the others, then the earlier ones.
        """
        versions = [each.version for each in self.lists]
        ended = sum(each.valid_to is not None and each.valid_to < on for each in self.lists)
        nearest = (*versions[ended:], *reversed(versions[:ended]))
        return next((found for version in nearest if (found := self._named(name, version))), None)

    def _named(self, name: str, version: str) -> ProductGroup | None:
        for wording in (name, _without_heading(name)):
            found = self._by_name.get((version, name_key(wording)))
            if found is not None:
                return found
        return None


def load_product_groups(path: Path = CATALOGUE_DATA / "product_groups.csv") -> ProductGroups:
    """Load and check the product groups.

    Raises:
        CatalogueError: a malformed row, a repeated code, a parent that is missing, stands below its child
            or is of the wrong level, rows of one list with different validity, lists that overlap, one name
            in two branches of a list.
    """
    rows = read_csv(path, PRODUCT_GROUP_COLUMNS)
    refuse_repeats(rows, "list_version", "code")
    seen: dict[tuple[str, str], ProductGroup] = {}
    named: dict[tuple[str, str], ProductGroup] = {}
    versions: dict[str, ProductGroup] = {}
    for row in rows:
        group = _group(row)
        _check_parent(row, group, seen)
        _check_version(row, group, versions)
        key = group.list_version, name_key(group.name_vi)
        if key in named and named[key].code != group.parent_code:
            raise row.error(
                f"{group.name_vi!r} names {named[key].code} already, in another branch", "name_vi"
            )
        named[key] = seen[group.list_version, group.code] = group
    return ProductGroups(tuple(seen.values()))


def _group(row: Row) -> ProductGroup:
    valid_from, valid_to = row.validity()
    level = Level(row.choice("level", tuple(Level)))
    ministries = row.optional("lead_ministry")
    if (level is Level.SET) != (ministries is not None):
        raise row.error("a set, and only a set, names its lead ministry", "lead_ministry")
    return ProductGroup(
        list_version=row.text("list_version"),
        code=row.code("code"),
        parent_code=row.optional("parent_code"),
        level=level,
        name_vi=row.text("name_vi"),
        name_en=row.text("name_en"),
        lead_ministries=tuple(ministries.split("; ")) if ministries else (),
        valid_from=valid_from,
        valid_to=valid_to,
        source=row.text("source"),
        confidence=row.confidence(),
    )


def _check_parent(row: Row, group: ProductGroup, seen: Mapping[tuple[str, str], ProductGroup]) -> None:
    wanted = _PARENT_LEVEL[group.level]
    if wanted is None:
        if group.parent_code is not None:
            raise row.error("a sector has no parent", "parent_code")
        return
    parent = seen.get((group.list_version, group.parent_code or ""))
    if parent is None or parent.level is not wanted:
        raise row.error(f"the parent of a {group.level} must be a {wanted} above it, not {group.parent_code}")


def _check_version(row: Row, group: ProductGroup, versions: dict[str, ProductGroup]) -> None:
    first = versions.setdefault(group.list_version, group)
    if (first.valid_from, first.valid_to) != (group.valid_from, group.valid_to):
        raise row.error(
            f"all lines of list {group.list_version} must be valid over the same days", "valid_from"
        )
    for other in versions.values():
        if other is not first and _overlap(other, first):
            raise row.error(
                f"lists {other.list_version} and {first.list_version} are in force together", "valid_from"
            )


def _overlap(one: ProductGroup, other: ProductGroup) -> bool:
    starts = (one.valid_from or date.min, other.valid_from or date.min)
    ends = (one.valid_to or date.max, other.valid_to or date.max)
    return max(starts) <= min(ends)


def _without_heading(name: str) -> str:
    """The name without "I.", "1." or "Nhóm:" before it."""
    composed = unicodedata.normalize("NFC", name)
    return _KIND_OF_GROUP.sub("", _ENUMERATION.sub("", composed, count=1), count=1)
