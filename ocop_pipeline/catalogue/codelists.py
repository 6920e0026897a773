"""The closed lists of answers a form allows: stars, kinds of producer, sources of funds and the like.

Here: loading `code_lists.csv` and finding the code of a wording. Not here: product groups, which are a
dated tree (`groups.py`), and administrative units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ocop_pipeline.catalogue.tables import Row, read_csv, refuse_repeats
from ocop_pipeline.domain.units import name_key
from ocop_pipeline.paths import CATALOGUE_DATA

CODE_LIST_COLUMNS = (
    "list",
    "code",
    "name_vi",
    "name_en",
    "order",
    "stands_for",
    "valid_from",
    "valid_to",
    "source",
    "confidence",
)
ALIASES = "_alias"
"""A list of this ending holds further wordings of the list before it; each names its ``list.code``."""


@dataclass(frozen=True, slots=True)
class CodeItem:
    """One allowed answer.

    Attributes:
        list: The list it belongs to.
        code: What is stored: lower case ASCII.
        name_vi: What is printed.
        name_en: The same in English.
        order: Its place in the list.
        stands_for: In a list of aliases, the ``list.code`` meant; None elsewhere.
        valid_from: First day on which it may be given; None when always.
        valid_to: Last day on which it may be given; None when still.
        source: Where it comes from.
        confidence: Mark of `tables.CONFIDENCE`.
    """

    list: str
    code: str
    name_vi: str
    name_en: str
    order: int
    stands_for: str | None
    valid_from: date | None
    valid_to: date | None
    source: str
    confidence: str

    def in_force(self, on: date) -> bool:
        """Whether the answer may be given on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


class CodeLists:
    """All lists, each in its order."""

    def __init__(self, items: Sequence[CodeItem]) -> None:
        """Index items that `load_code_lists` has checked."""
        lists: dict[str, list[CodeItem]] = {}
        for item in sorted(items, key=lambda item: (item.list, item.order)):
            lists.setdefault(item.list, []).append(item)
        self._lists: Mapping[str, tuple[CodeItem, ...]] = {
            name: tuple(found) for name, found in lists.items()
        }
        self._wordings = _wordings(items)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the lists, aliases not among them."""
        return tuple(name for name in self._lists if not name.endswith(ALIASES))

    def items(self, name: str, on: date | None = None) -> tuple[CodeItem, ...]:
        """The items of a list in order; only those in force on a day, when one is given.

        Raises:
            KeyError: when there is no such list.
        """
        return tuple(item for item in self._lists[name] if on is None or item.in_force(on))

    def codes(self, name: str, on: date | None = None) -> tuple[str, ...]:
        """The codes of a list in order (see `items`)."""
        return tuple(item.code for item in self.items(name, on))

    def item(self, name: str, code: str) -> CodeItem:
        """One item of a list.

        Raises:
            KeyError: when there is no such list or no such code in it.
        """
        for item in self._lists[name]:
            if item.code == code:
                return item
        raise KeyError(f"{name}.{code}")

    def find(self, name: str, wording: str, on: date | None = None) -> CodeItem | None:
        """The item of a list that a wording means: by its code, its Vietnamese name or an alias.

        Case, spacing, punctuation and the place of tone marks do not matter; diacritics do. Nothing is
        guessed: an unknown wording, or one not in force on the day, gives None.
        """
        item = self._wordings.get((name, name_key(wording)))
        return item if item is not None and (on is None or item.in_force(on)) else None


def load_code_lists(path: Path = CATALOGUE_DATA / "code_lists.csv") -> CodeLists:
    """Load and check the code lists.

    Raises:
        CatalogueError: a malformed row, a repeated code or place in a list, an alias that stands for
            nothing, a wording that would mean two things.
    """
    rows = read_csv(path, CODE_LIST_COLUMNS)
    refuse_repeats(rows, "list", "code")
    refuse_repeats(rows, "list", "order")
    items = [_item(row) for row in rows]
    known = {f"{item.list}.{item.code}": item for item in items}
    meanings: dict[tuple[str, str], str] = {}
    for row, item in zip(rows, items, strict=True):
        _check_alias(row, item, known)
        name = item.list.removesuffix(ALIASES)
        code = f"{name}.{item.code}" if item.stands_for is None else item.stands_for
        for wording in (item.name_vi,) if item.stands_for else (item.name_vi, item.code):
            meant = meanings.setdefault((name, name_key(wording)), code)
            if meant != code:
                raise row.error(f"{wording!r} would mean both {meant} and {code}", "name_vi")
    return CodeLists(items)


def _item(row: Row) -> CodeItem:
    valid_from, valid_to = row.validity()
    return CodeItem(
        list=row.code("list"),
        code=row.code("code"),
        name_vi=row.text("name_vi"),
        name_en=row.text("name_en"),
        order=row.integer("order", 1),
        stands_for=row.optional("stands_for"),
        valid_from=valid_from,
        valid_to=valid_to,
        source=row.text("source"),
        confidence=row.confidence(),
    )


def _check_alias(row: Row, item: CodeItem, known: Mapping[str, CodeItem]) -> None:
    if not item.list.endswith(ALIASES):
        if item.stands_for is not None:
            raise row.error(f"only a list named …{ALIASES} has 'stands_for'", "stands_for")
        return
    target = known.get(item.stands_for or "")
    if target is None or target.list != item.list.removesuffix(ALIASES):
        raise row.error(
            f"'stands_for' must name an item of {item.list.removesuffix(ALIASES)}, not {item.stands_for}",
            "stands_for",
        )


def _wordings(items: Sequence[CodeItem]) -> dict[tuple[str, str], CodeItem]:
    known = {f"{item.list}.{item.code}": item for item in items}
    wordings: dict[tuple[str, str], CodeItem] = {}
    for item in items:
        if item.stands_for is None:
            wordings[item.list, name_key(item.name_vi)] = item
            wordings[item.list, name_key(item.code)] = item
        else:
            target = known[item.stands_for]
            wordings[target.list, name_key(item.name_vi)] = target
    return wordings
