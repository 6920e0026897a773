"""From the grid of a workbook to the lines of a list that was not made by us: an old register, a decision's annex.

Belongs here: finding the lists by their headers (in one row or up to four), telling lines from totals, headings and
footers, filling in what a line says to be as above, and keeping what was left out. Does not: what a heading says
(`headings`), which unit a line is of, whether its values are right (`list_reading`). Runs in the reading children, so:
standard library only, everything picklable.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ocop_pipeline.domain.forms import REGISTER
from ocop_pipeline.intake.cells import clean, fold, read_number, shown
from ocop_pipeline.intake.extract import (
    HEADER_ROWS,
    Extract,
    Field,
    LayoutSpec,
    Reading,
    SheetSpec,
    Words,
    carry,
    is_numbering,
)
from ocop_pipeline.intake.grid import CellValue, Sheet, Workbook, address

EMPTY, HEADER, NO_NUMBER, NO_PRODUCT, TOTAL = "empty", "header", "no_number", "no_product", "total"
"""Why a row below the header is no line. Words for people: `finding_words.csv`, as `left_out_…`."""
_SHOWN: Final = 80
_HEADING: Final = "heading"
_LONGEST_HEADING: Final = 300
_REACH: Final = 3
"""A header that stands over several rows is looked for in this many rows above the last one."""
_LEAST_SHARE: Final = 0.5
"""A further sheet is of the same list when it has at least this share of the columns of the one with most."""
_LEAST_BY_POSITION: Final = 20
"""A sheet without headers is read by position when it has about as many columns as the form (22, the note may lack)."""


@dataclass(frozen=True, slots=True)
class HeaderGroup:
    """A heading over several columns; all texts folded."""

    headings: frozenset[str]
    columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class ListSpec:
    """All a reading child has to know of a list.

    Attributes:
        layout: code, slots and the one sheet, for `Reading`.
        groups: headings over several columns.
        needs: of each set of fields one must have a column.
        by_position: fields of the columns A, B, … of a sheet without known headers.
        words: words that stand for nothing, and how a total begins.
        ditto: folded words for "as above".
        ditto_signs: marks for it, as they are.
        heading_starts: in lower case with accents and what comes behind: how a heading begins that names a unit or a
            group.
        unit_starts: those of them that begin a unit's name.
        sheet: folded name of the sheet wanted; empty: every visible one that holds lines.
    """

    layout: LayoutSpec
    groups: tuple[HeaderGroup, ...]
    needs: tuple[frozenset[str], ...]
    by_position: tuple[str, ...]
    words: Words
    ditto: frozenset[str] = frozenset()
    ditto_signs: frozenset[str] = frozenset()
    heading_starts: tuple[str, ...] = ()
    unit_starts: tuple[str, ...] = ()
    sheet: str = ""

    @property
    def table(self) -> SheetSpec:
        """The one sheet."""
        return self.layout.sheets[0]


class LeftOut(NamedTuple):
    """A row that was not taken: its cell, the reason (a constant of this module), the beginning of its text."""

    cell: str
    reason: str
    text: str


class OtherSheet(NamedTuple):
    """A sheet that was not read, and how many filled rows it has."""

    name: str
    rows: int


class HeadingRow(NamedTuple):
    """A row that may speak for the lines below it.

    Attributes:
        row: its row in the sheet, from 1.
        column: column of its text, from 0.
        text: what it says, its numbering left out.
        marker: its numbering ("I", "A", "2"); empty where it has none.
        is_title: whether it stands above the header.
        as_left_out: the whole row, as it is told where it speaks for nothing.
    """

    row: int
    column: int
    text: str
    marker: str
    is_title: bool
    as_left_out: LeftOut

    @property
    def cell(self) -> str:
        """The address of its text."""
        return address(self.row - 1, self.column)


@dataclass(frozen=True, slots=True)
class SheetExtract:
    """One sheet of a list.

    Attributes:
        extract: the cells of its lines.
        name: its name; no two of a file have the same.
        header: address of the header row's first cell.
        columns: field -> position of its column, from 0.
        unread: texts of headers nobody knows.
        left_out: rows below the header that are no lines and no headings.
        headings: rows that may speak for the lines below them, from top to bottom.
        by_position: whether the columns were told by their position only.
    """

    extract: Extract
    name: str
    header: str
    columns: tuple[tuple[str, int], ...]
    unread: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    headings: tuple[HeadingRow, ...]
    by_position: bool


@dataclass(frozen=True, slots=True)
class ListExtract:
    """What a file says.

    Attributes:
        sheets: the sheets that hold lines, in their order; none where no list was found.
        other_sheets: sheets with content that were not read.
    """

    sheets: tuple[SheetExtract, ...] = ()
    other_sheets: tuple[OtherSheet, ...] = ()


class _Found(NamedTuple):
    """Where a list stands in its sheet; rows are positions in `Sheet.rows`."""

    sheet: Sheet
    header: int
    first: int
    columns: dict[str, int]
    by_position: bool = False


def read_list(spec: ListSpec, workbook: Workbook) -> ListExtract:
    """Read the lines of a list out of a workbook.

    A list may go over several sheets: one for each commune, year or star. Hidden sheets are drafts and copies as often
    as not, and are read only when they are named; hidden rows and columns are read, because a filter hides them too.

    Args:
        spec: the form (see `register_import.list_spec`).
        workbook: the sheets of one file.

    Returns:
        The lines with their cells, sheet by sheet. Where no sheet has the headers needed, nothing but the sheets seen.
    """
    wanted = [
        sheet
        for sheet in workbook.sheets
        if sheet.rows and (spec.sheet == fold(sheet.name) if spec.sheet else not sheet.hidden)
    ]
    found = _of_one_list([each for sheet in wanted if (each := _find(sheet, spec)) is not None])
    names = _names(each.sheet for each in found)
    sheets = tuple(_read_sheet(each, name, spec) for each, name in zip(found, names, strict=True))
    return ListExtract(sheets, _others(workbook, [each.sheet for each in found]))


def _read_sheet(found: _Found, name: str, spec: ListSpec) -> SheetExtract:
    reading = _ListReading(spec)
    reading.read_lines(found, name)
    return SheetExtract(
        extract=reading.finish(spec.layout.code),
        name=name,
        header=found.sheet.address(found.header, 0),
        columns=tuple((field, found.sheet.first_col + at) for field, at in found.columns.items()),
        unread=() if found.by_position else tuple(_unread(found, spec)),
        left_out=tuple(reading.left_out),
        headings=tuple(reading.headings),
        by_position=found.by_position,
    )


# ------------------------------------------------------------------------------------ finding it


def _of_one_list(found: Sequence[_Found]) -> list[_Found]:
    """The sheets that hold one list: those with headers before those without, and none with far fewer columns.

    A summary beside a list has a column or two of its headers; lines are not made of it.
    """
    with_headers = [each for each in found if not each.by_position]
    alike = with_headers or list(found)
    most = max((len(each.columns) for each in alike), default=0)
    return [each for each in alike if len(each.columns) >= _LEAST_SHARE * most]


def _names(sheets: Iterable[Sheet]) -> list[str]:
    """The names of sheets as they are stored; where cleaning makes two alike, the second gets a number."""
    names: list[str] = []
    for sheet in sheets:
        name = clean(sheet.name)
        names.append(name if name not in names else f"{name} ({1 + len(names)})")
    return names


def _others(workbook: Workbook, taken: Sequence[Sheet]) -> tuple[OtherSheet, ...]:
    read = set(map(id, taken))
    counted = [
        OtherSheet(clean(sheet.name), sum(any(cell is not None for cell in row) for row in sheet.rows))
        for sheet in workbook.sheets
        if id(sheet) not in read
    ]
    return tuple(sheet for sheet in counted if sheet.rows)


def _find(sheet: Sheet, spec: ListSpec) -> _Found | None:
    best: dict[str, int] = {}
    header = -1
    for number in range(min(HEADER_ROWS, len(sheet.rows))):
        columns = _columns(sheet, number, spec)
        if len(columns) > len(best):
            best, header = columns, number
    if not all(any(field in best for field in fields) for fields in spec.needs):
        return _find_by_position(sheet, spec)
    first = header + 1
    if first < len(sheet.rows) and is_numbering(sheet.rows[first]):
        first += 1
    return _Found(sheet, header, first, best)


def _columns(sheet: Sheet, number: int, spec: ListSpec) -> dict[str, int]:
    """The fields whose headers stand in a row, or reach down into it from the rows above."""
    row = sheet.rows[number]
    above = sheet.rows[max(number - _REACH, 0) : number][::-1]
    own = {at: key for at, value in enumerate(row) if isinstance(value, str) and (key := fold(value))}
    if not own:
        return {}
    columns: dict[str, int] = {}
    group: HeaderGroup | None = None
    for at in range(len(row)):
        upper = next((value for cells in above if isinstance(value := cells[at], str)), None)
        heading = fold(upper) if upper is not None else ""
        if heading:
            group = next((each for each in spec.groups if heading in each.headings), None)
        field = group.columns.get(own[at]) if group is not None and at in own else None
        if field is None:
            field = spec.table.headers.get(own.get(at, heading if row[at] is None else ""))
        if field is not None:
            columns.setdefault(field, at)
    return columns


def _find_by_position(sheet: Sheet, spec: ListSpec) -> _Found | None:
    """A sheet without known headers but with the columns of the form, in their order, from its first column."""
    if not spec.by_position or sheet.first_col or len(sheet.rows[0]) < _LEAST_BY_POSITION:
        return None
    first = next((at for at, row in enumerate(sheet.rows[:HEADER_ROWS]) if _starts_lines(row)), None)
    if first is None:
        return None
    width = len(sheet.rows[0])
    columns = {
        field: at for at, field in enumerate(spec.by_position) if at < width and field in spec.table.slots
    }
    return _Found(sheet, max(first - 1, 0), first, columns, by_position=True)


def _starts_lines(row: Sequence[CellValue]) -> bool:
    """A number, and a name that is no number beside it: the first line of a list, not a row that numbers columns."""
    name = row[1]
    return (
        _is_number(row[0]) and isinstance(name, str) and bool(fold(name)) and read_number(clean(name)) is None
    )


def _is_number(value: CellValue) -> bool:
    return type(value) is float or read_number(shown(value).rstrip(".")) is not None


def _unread(found: _Found, spec: ListSpec) -> list[str]:
    """Headers nobody knows, so that a reader sees what was not taken."""
    taken = set(found.columns.values())
    return [
        clean(value)[:_SHOWN]
        for at, value in enumerate(found.sheet.rows[found.header])
        if at not in taken
        and isinstance(value, str)
        and fold(value)
        and fold(value) not in spec.table.headers
    ]


# -------------------------------------------------------------------------------------- its lines

_MARKER = re.compile(
    r"([IVXLCDM]{1,6}|[A-Za-zĐđ]|[0-9]{1,2}(?:\.[0-9]{1,2}){0,3})\s*[.)/:]+\s*(?=\S)|([-–+*•])\s*"
)
_MARKER_CELL = re.compile(r"([IVXLCDM]{1,6}|[A-Za-zĐđ])[.)/]?")


class _ListReading(Reading):
    """The cells of one sheet while they are collected, and the rows that are none of its lines."""

    def __init__(self, spec: ListSpec) -> None:
        super().__init__(spec.words, ())
        self._spec = spec
        self.left_out: list[LeftOut] = []
        self.headings: list[HeadingRow] = []
        self._uncomputed_rows: frozenset[int] = frozenset()
        self._dittos: dict[str, bool] = {}
        self._total_letters = frozenset(fold(word)[:1] for word in spec.words.total)
        self._total_letters |= frozenset(word[:1] for word in spec.words.total)

    def read_lines(self, found: _Found, name: str) -> None:
        """Every row below the header is taken, is a heading, or is left out."""
        sheet, at, table = found.sheet, found.columns, self._spec.table
        self._sheet_names[REGISTER] = name
        self._uncomputed_rows = frozenset(row for row, _ in sheet.uncomputed)
        fields = [
            Field(at[name], table.slots[name], table.kinds[name], name in table.addressed)
            for name in table.slots
            if name in at
        ]
        self._read_titles(found)
        carried = [at[name] for name in table.carried if name in at]
        repeated = [each.column for each in fields if each.column not in self._own_columns(at)]
        above: Sequence[CellValue] = ()
        last: Sequence[CellValue] = ()
        for number in range(found.first, len(sheet.rows)):
            row: Sequence[CellValue] = sheet.rows[number]
            reason = self._reason(found, number, row)
            if reason:
                if reason == _HEADING:
                    self.headings.append(_heading(sheet, number, found.columns.get(table.key_field or "")))
                else:
                    self.left_out.append(_left_out(sheet, number, reason))
                # A merged cell does not reach over a heading: what stands below it is somebody else's.
                above = () if reason in (_HEADING, NO_PRODUCT, TOTAL) else above
                continue
            if reason is None:
                continue
            row = self._filled_in(row, last, repeated, carried if above else ())
            if carried and above:
                row = carry(sheet, carried, number, row, above)
            above = last = row
            self._put_row(sheet, fields, sheet.first_row + number, row)

    def _own_columns(self, columns: dict[str, int]) -> set[int]:
        """The columns of number and name, which no line has from another."""
        names = (self._spec.table.anchor or "", self._spec.table.key_field or "")
        return {columns[name] for name in names if name in columns}

    def _filled_in(
        self,
        row: Sequence[CellValue],
        last: Sequence[CellValue],
        columns: Sequence[int],
        carried: Sequence[int],
    ) -> Sequence[CellValue]:
        """A row whose cells that say "as above" have what the line above has; its cells keep their addresses.

        What belongs to the producer is left blank for `carry`, which brings all that belongs to it.
        """
        said = [
            at
            for at in columns
            # Nearly every text is longer than the longest of these words.
            if type(value := row[at]) is str and len(value) <= _LONGEST_DITTO and self._is_ditto(value)
        ]
        if not said:
            return row
        filled = list(row)
        for at in said:
            filled[at] = last[at] if last and at not in carried else None
        return filled

    def _is_ditto(self, text: str) -> bool:
        known = self._dittos.get(text)
        if known is None:
            known = clean(text) in self._spec.ditto_signs or fold(text) in self._spec.ditto
            self._dittos[text] = known
        return known

    def _reason(self, found: _Found, number: int, row: Sequence[CellValue]) -> str | None:
        """Why a row is no line; empty where it is one, None where it is blank.

        In the registers of provinces only numbered rows are products; totals and footers carry no number.
        """
        sheet, columns, table = found.sheet, found.columns, self._spec.table
        if not any(shown(cell) for cell in row) and sheet.first_row + number not in self._uncomputed_rows:
            return None
        name = shown(row[columns[table.anchor or ""]]) if table.anchor in columns else ""
        key_at = columns.get(table.key_field or "")
        key = "" if key_at is None else shown(row[key_at])
        is_header = row == sheet.rows[found.header] or _numbers_columns(row)
        if is_header or self._begins_total(name) or self._begins_total(key):
            return HEADER if is_header else TOTAL
        if key_at is None:
            return self._reason_by_name(found, number, name, is_alone=not self._told_besides(columns, row))
        position = (sheet.first_row + number, sheet.first_col + key_at)
        if not (_is_number(row[key_at]) or position in sheet.uncomputed):
            return _reason_unnumbered(name, key, self._told_besides(columns, row))
        is_told = bool(name) and not _begins(name, self._spec.unit_starts)
        if is_told or self._told_besides(columns, row):
            return ""
        return _HEADING if name else EMPTY

    def _told_besides(self, columns: dict[str, int], row: Sequence[CellValue]) -> list[CellValue]:
        """What the columns of a row say besides number and name."""
        own = self._own_columns(columns)
        return [value for at in columns.values() if at not in own and shown(value := row[at])]

    def _begins_total(self, text: str) -> bool:
        """As `_is_total`; nearly every text is told apart by its first letter, a tenth of the work."""
        first = text[:1]
        return (not first.isalnum() or first.casefold() in self._total_letters) and self._is_total(text)

    def _reason_by_name(self, found: _Found, number: int, name: str, *, is_alone: bool) -> str:
        """The same where no column numbers the lines: a heading is a text alone that looks like one."""
        if not name:
            return _HEADING if is_alone else NO_PRODUCT
        if not is_alone or len(found.columns) < 2:
            return ""
        at_row = found.sheet.first_row + number
        is_wide = any(top == at_row and right > left for top, left, _, right in found.sheet.merged)
        marked = _MARKER.match(name)
        is_marked = marked is not None and bool(marked[1]) and not marked[1].isdigit()
        return _HEADING if is_wide or is_marked or _begins(name, self._spec.heading_starts) else ""

    def _read_titles(self, found: _Found) -> None:
        """What stands alone in a row above the header may speak for the whole sheet."""
        for number in range(found.header):
            filled = [value for value in found.sheet.rows[number] if value is not None]
            if len(filled) == 1 and isinstance(filled[0], str) and clean(filled[0]):
                self.headings.append(_heading(found.sheet, number, None)._replace(is_title=True))


_LONGEST_DITTO: Final = 12
_LONGEST_NUMBERING: Final = 12


def _numbers_columns(row: Sequence[CellValue]) -> bool:
    """As `is_numbering`, which looks at every cell; a long text in the row tells as much."""
    return not any(type(value) is str and len(value) > _LONGEST_NUMBERING for value in row) and is_numbering(
        row
    )


def _begins(text: str, starts: tuple[str, ...]) -> bool:
    """Whether a text, its numbering left out, begins with one of some words and says more."""
    if text.casefold().startswith(starts):
        return True
    marked = _MARKER.match(text)
    return marked is not None and text[marked.end() :].casefold().startswith(starts)


def _reason_unnumbered(name: str, key: str, more: Sequence[CellValue]) -> str:
    """What a row is whose number is none: a heading is a text alone, or numbered otherwise with a sum beside it."""
    if not more:
        return _HEADING
    is_marked = bool(name) and _MARKER_CELL.fullmatch(key) is not None
    if is_marked and not any(isinstance(value, str) for value in more):
        return _HEADING
    return NO_NUMBER if name else NO_PRODUCT


def _left_out(sheet: Sheet, number: int, reason: str) -> LeftOut:
    row = sheet.rows[number]
    at = next((place for place, value in enumerate(row) if value is not None), 0)
    text = " | ".join(shown(value) for value in row if value is not None)
    return LeftOut(sheet.address(number, at), reason, clean(text)[:_SHOWN])


def _heading(sheet: Sheet, number: int, key_at: int | None) -> HeadingRow:
    """A row as a heading: its numbering in the column of numbers or before its text."""
    row = sheet.rows[number]
    filled = [at for at, value in enumerate(row) if isinstance(value, str) and clean(value)]
    filled = filled or [at for at, value in enumerate(row) if value is not None]
    marker = ""
    if len(filled) > 1 and filled[0] == key_at:
        marker = shown(row[filled.pop(0)]).rstrip(".)/:")
    elif key_at is not None and _is_number(row[key_at]):
        marker = shown(row[key_at]).rstrip(".)/:")
    at = filled[0] if filled else 0
    text = shown(row[at])[:_LONGEST_HEADING]
    written = _MARKER.match(text)
    if written is not None:
        marker = marker or written[1] or ""
        text = text[written.end() :]
    return HeadingRow(
        row=sheet.first_row + number + 1,
        column=sheet.first_col + at,
        text=text,
        marker=marker,
        is_title=False,
        as_left_out=_left_out(sheet, number, NO_PRODUCT),
    )
