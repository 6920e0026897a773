"""What the headings in a list say, and for which of its lines: "I. Sản phẩm 4 sao", "Nhóm: Thực phẩm", "Xã Tân Hà".

Belongs here: understanding a heading's words and telling how far it reaches. Does not: finding headings in a sheet
(`lists`), what a line itself says (`list_reading`). Nothing is guessed: a heading is understood as a whole or not at
all, and what nobody understands only ends what stood above it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.imports import ListWords
from ocop_pipeline.intake.lists import HeadingRow

STAR, GROUP, COMMUNE, DISTRICT = "star", "product_group", "commune", "district"
"""What a heading can speak of."""
_LONGEST_STAR_WORDS: Final = 6
_TITLE: Final = -1
"""The rank of what stands above the header."""
_NUMERALS: Final = frozenset("IVXLCDM")


@dataclass(slots=True)
class Heading:
    """A heading that was understood.

    Attributes:
        sheet: name of its sheet.
        cell: its address; of a sheet's name that of the header below it.
        column: the column of that cell, from 0.
        text: what it says.
        speaks_of: a constant of this module.
        value: the star's code, the group's name, the name of the unit.
        told: how many products it says to have below it; None where it says nothing.
        rows: the lines it speaks for.
        filled: those of them that took its value, because they say nothing themselves.
        contradicted: (row, cell, text) of those that say something else; their own word counts.
    """

    sheet: str
    cell: str
    column: int
    text: str
    speaks_of: str
    value: str
    told: int | None = None
    rows: list[int] = field(default_factory=list)
    filled: list[int] = field(default_factory=list)
    contradicted: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def count_differs(self) -> bool:
        """Whether it tells another number of products than there are lines below it."""
        return self.told is not None and self.told != len(self.rows)


@dataclass(frozen=True, slots=True)
class _Open:
    """A heading that speaks for the line at hand, how deep it lies, and whether it is numbered itself.

    One without a number lies below the numbered one it stands under, and below nothing where there is none.
    """

    heading: Heading
    level: int
    is_numbered: bool


class HeadingReader:
    """Understands headings of the lists of one unit.

    Args:
        catalogue: stars and product groups by their wordings.
        words: what headings use beside.
        is_commune: tells whether a text names exactly one commune of the unit.
        find_group: the name of the product group a text means; blank where it means none.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        words: ListWords,
        is_commune: Callable[[str], bool],
        find_group: Callable[[str], str],
    ) -> None:
        self._catalogue = catalogue
        self._words = words
        self._is_commune = is_commune
        self._find_group = find_group
        counted = "|".join(map(re.escape, sorted(words.count, key=len, reverse=True)))
        self._count = re.compile(
            rf"[(:–-]?\s*\b([0-9]{{1,5}})\s*(?:{counted})\b\s*\)?|\(\s*([0-9]{{1,5}})\s*\)", re.IGNORECASE
        )

    def read(self, sheet: str, row: HeadingRow) -> Heading | None:
        """What a row says as a heading; None where it is not understood."""
        text = unicodedata.normalize("NFC", row.text).strip()
        told, rest = self._told(text)
        found = self._meaning(rest, is_marked=bool(row.marker), is_title=row.is_title)
        return Heading(sheet, row.cell, row.column, text, *found, told=told) if found else None

    def _told(self, text: str) -> tuple[int | None, str]:
        """The number of products a heading tells, and its text without it; a star's number is none."""
        found = self._count.search(text)
        if found is None:
            return None, text
        rest = f"{text[: found.start()]} {text[found.end() :]}"
        return int(found[1] or found[2]), rest

    def _meaning(self, text: str, *, is_marked: bool, is_title: bool) -> tuple[str, str] | None:
        rest = text.strip(" :;,.–-")
        star = self._star(rest)
        if star:
            return STAR, star
        for tier, types in ((COMMUNE, self._words.commune), (DISTRICT, self._words.district)):
            if any(_begins(rest, kind) for kind in types):
                return tier, rest
        if is_title:
            # Titles say much; only these readings are certain.
            return None
        group = self._find_group(_without(rest, self._words.group))
        if group:
            return GROUP, group
        return (COMMUNE, rest) if is_marked and self._is_commune(rest) else None

    def _star(self, text: str) -> str:
        """The one star of a text whose other words say nothing; blank where there is none, or any other word."""
        words = re.findall(r"[^\s:;,.()]+", text)
        for length in range(min(_LONGEST_STAR_WORDS, len(words)), 0, -1):
            for first in range(len(words) - length + 1):
                phrase = " ".join(words[first : first + length])
                if "sao" not in phrase.casefold() and "*" not in phrase:
                    continue
                item = self._catalogue.code_lists.find("star", phrase)
                if item is None:
                    continue
                others = [*words[:first], *words[first + length :]]
                is_alone = all(word.casefold() in self._words.star_filler for word in others)
                return item.code if is_alone else ""
        return ""


@dataclass(frozen=True, slots=True)
class Reach:
    """The headings of a sheet.

    Attributes:
        headings: those that were understood, the name of the sheet first where it says something.
        above: row of a line -> the headings that speak for it, by what they speak of; only lines that have some.
        not_understood: rows that are no lines and say nothing of any.
    """

    headings: list[Heading] = field(default_factory=list)
    above: dict[int, dict[str, Heading]] = field(default_factory=dict)
    not_understood: list[HeadingRow] = field(default_factory=list)


def reach(
    sheet: str, name: HeadingRow, rows: Sequence[HeadingRow], lines: Iterable[int], reader: HeadingReader
) -> Reach:
    """Tell for each line of a sheet which headings speak for it.

    A heading speaks for the lines below it until the next one of its kind. It ends earlier where the section does that
    it stands in: at a numbered heading of higher rank (A over I over 1 over a over what is not numbered), and at one of
    its own rank that nobody understands. A new district ends the commune.

    Args:
        sheet: name of the sheet.
        name: the same as a heading over all its lines.
        rows: its headings.
        lines: rows of its lines.
        reader: understands headings.
    """
    found = Reach()
    open_now: dict[str, _Open] = {}
    places: list[tuple[int, HeadingRow | None]] = [(0, name), *((row.row, row) for row in rows)]
    places += [(row, None) for row in lines]
    for at, row in sorted(places, key=itemgetter(0)):
        if row is None:
            if open_now:
                found.above[at] = {kind: each.heading for kind, each in open_now.items()}
            for each in open_now.values():
                each.heading.rows.append(at)
            continue
        heading, level = reader.read(sheet, row), _TITLE if row.is_title else _level(row.marker)
        if heading is not None:
            found.headings.append(heading)
            open_now = _with(open_now, heading, level)
        elif not row.is_title:
            found.not_understood.append(row)
            open_now = _without_section(open_now, level)
    return found


def _with(open_now: dict[str, _Open], heading: Heading, level: int | None) -> dict[str, _Open]:
    """What speaks below a heading: itself, and what is not deeper than it."""
    is_numbered = level is not None
    if level is None:
        kept = dict(open_now)
        level = 1 + max((each.level for each in open_now.values() if each.is_numbered), default=_TITLE)
    else:
        kept = {kind: each for kind, each in open_now.items() if each.level <= level}
    if heading.speaks_of == DISTRICT:
        kept.pop(COMMUNE, None)
    return kept | {heading.speaks_of: _Open(heading, level, is_numbered)}


def _without_section(open_now: dict[str, _Open], level: int | None) -> dict[str, _Open]:
    """What still speaks below a heading that nobody understands: all of higher rank, or numbered where it is not."""
    return {
        kind: each
        for kind, each in open_now.items()
        if (each.is_numbered if level is None else each.level < level)
    }


def _level(marker: str) -> int | None:
    """How deep a heading lies by its numbering: A 0, I 10, 1 20, 1.1 21, a 30; None where it has none."""
    if not marker:
        return None
    if set(marker) <= _NUMERALS and (len(marker) > 1 or marker in "IVX"):
        return 10
    if marker[0].isdigit():
        return 20 + marker.count(".")
    return 0 if marker.isupper() else 30


def _begins(text: str, kind: str) -> bool:
    return text.casefold().startswith(f"{kind} ")


def _without(text: str, starts: Iterable[str]) -> str:
    """A text without the word it begins with, the longest that fits, and the colon behind it."""
    for start in sorted(starts, key=len, reverse=True):
        rest = text[len(start) :]
        if text.casefold().startswith(start) and rest[:1] in (" ", ":"):
            return rest.strip(" :")
    return text
