"""From the grid of a workbook to the lines of a list that was not made by us: an old register, a decision's annex.

Belongs here: finding the list by its headers (in one row or two), telling lines from totals, headings and footers, and
keeping what was left out. Does not: which unit a line is of, whether its values are right (`register_import`). Runs in
the reading children, so: standard library only, everything picklable.
"""

from collections.abc import Sequence
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
from ocop_pipeline.intake.grid import CellValue, Sheet, Workbook

EMPTY, HEADER, NO_NUMBER, NO_PRODUCT, TOTAL = "empty", "header", "no_number", "no_product", "total"
"""Why a row below the header is no line. Words for people: `finding_words.csv`, as `left_out_…`."""
_SHOWN: Final = 80
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
        sheet: folded name of the sheet wanted; empty: the one with most headers.
    """

    layout: LayoutSpec
    groups: tuple[HeaderGroup, ...]
    needs: tuple[frozenset[str], ...]
    by_position: tuple[str, ...]
    words: Words
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


@dataclass(frozen=True, slots=True)
class ListExtract:
    """What a file says.

    Attributes:
        extract: the cells of its lines; `layout` is empty where no list was found.
        sheet: name of the sheet read.
        header: address of the header row's first cell.
        columns: field -> position of its column, from 0.
        unread: texts of headers nobody knows.
        left_out: rows below the header that are no lines.
        other_sheets: sheets with content that were not read.
        by_position: whether the columns were told by their position only.
    """

    extract: Extract
    sheet: str = ""
    header: str = ""
    columns: tuple[tuple[str, int], ...] = ()
    unread: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    other_sheets: tuple[OtherSheet, ...] = ()
    by_position: bool = False


class _Found(NamedTuple):
    """Where a list stands in its sheet; rows are positions in `Sheet.rows`."""

    sheet: Sheet
    header: int
    first: int
    columns: dict[str, int]
    by_position: bool = False


def read_list(spec: ListSpec, workbook: Workbook) -> ListExtract:
    """Read the lines of a list out of a workbook.

    Args:
        spec: the form (see `register_import.list_spec`).
        workbook: the sheets of one file.

    Returns:
        The lines with their cells. Where no sheet has the headers needed, nothing but the sheets that were seen.
    """
    sheets = [sheet for sheet in workbook.sheets if sheet.rows and spec.sheet in ("", fold(sheet.name))]
    found = _best([each for sheet in sheets if (each := _find(sheet, spec)) is not None])
    reading = _ListReading(spec)
    if found is None:
        return ListExtract(reading.finish(""), other_sheets=_others(workbook, None))
    reading.read_lines(found)
    return ListExtract(
        extract=reading.finish(spec.layout.code),
        sheet=clean(found.sheet.name),
        header=found.sheet.address(found.header, 0),
        columns=tuple((field, found.sheet.first_col + at) for field, at in found.columns.items()),
        unread=() if found.by_position else tuple(_unread(found, spec)),
        left_out=tuple(reading.left_out),
        other_sheets=_others(workbook, found.sheet),
        by_position=found.by_position,
    )


# ------------------------------------------------------------------------------------ finding it


def _best(found: Sequence[_Found]) -> _Found | None:
    """The list with most columns; of equals the longest, then the first."""
    return max(found, key=lambda each: (len(each.columns), len(each.sheet.rows)), default=None)


def _others(workbook: Workbook, taken: Sheet | None) -> tuple[OtherSheet, ...]:
    counted = [
        OtherSheet(clean(sheet.name), sum(any(cell is not None for cell in row) for row in sheet.rows))
        for sheet in workbook.sheets
        if sheet is not taken
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
    """The fields whose headers stand in a row, or reach down into it from the row above."""
    row = sheet.rows[number]
    above: Sequence[CellValue] = sheet.rows[number - 1] if number else ()
    own = {at: key for at, value in enumerate(row) if isinstance(value, str) and (key := fold(value))}
    if not own:
        return {}
    columns: dict[str, int] = {}
    group: HeaderGroup | None = None
    for at in range(len(row)):
        upper = above[at] if above else None
        heading = fold(upper) if isinstance(upper, str) else ""
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
    return read_number(shown(value).rstrip(".")) is not None


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


class _ListReading(Reading):
    """The cells of one list while they are collected, and the rows that are none of its lines."""

    def __init__(self, spec: ListSpec) -> None:
        super().__init__(spec.words, ())
        self._spec = spec
        self.left_out: list[LeftOut] = []
        self._uncomputed_rows: frozenset[int] = frozenset()

    def read_lines(self, found: _Found) -> None:
        """Every row below the header is taken or left out."""
        sheet, at, table = found.sheet, found.columns, self._spec.table
        self._sheet_names[REGISTER] = clean(sheet.name)
        self._uncomputed_rows = frozenset(row for row, _ in sheet.uncomputed)
        fields = [
            Field(at[name], table.slots[name], table.kinds[name], name in table.addressed)
            for name in table.slots
            if name in at
        ]
        carried = [at[name] for name in table.carried if name in at]
        above: Sequence[CellValue] = ()
        for number in range(found.first, len(sheet.rows)):
            row: Sequence[CellValue] = sheet.rows[number]
            reason = self._reason(found, number, row)
            if reason:
                self._leave_out(found, number, reason)
                # A merged cell does not reach over a heading: what stands below it is somebody else's.
                above = () if reason == NO_PRODUCT else above
                continue
            if reason is None:
                continue
            if carried and above:
                row = carry(sheet, carried, number, row, above)
            above = row
            self._put_row(sheet, fields, sheet.first_row + number, row)

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
        if row == sheet.rows[found.header] or is_numbering(row):
            return HEADER
        if self._is_total(name) or self._is_total(key):
            return TOTAL
        told = [at for field, at in columns.items() if field not in (table.anchor, table.key_field)]
        more = any(shown(row[at]) for at in told)
        if key_at is None:
            return "" if name else NO_PRODUCT
        position = (sheet.first_row + number, sheet.first_col + key_at)
        if not (_is_number(row[key_at]) or position in sheet.uncomputed):
            return NO_NUMBER if name and more else NO_PRODUCT
        return "" if name or more else EMPTY

    def _leave_out(self, found: _Found, number: int, reason: str) -> None:
        row = found.sheet.rows[number]
        at = next((place for place, value in enumerate(row) if value is not None), 0)
        text = " | ".join(shown(value) for value in row if value is not None)
        self.left_out.append(LeftOut(found.sheet.address(number, at), reason, clean(text)[:_SHOWN]))
