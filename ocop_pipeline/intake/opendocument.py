"""The cells of an OpenDocument spreadsheet (ODS), from its ``content.xml``.

Read here and not by the cell reader, because a handful of bytes may say "repeat this cell a billion times":
repeats are counted before anything is laid out, empty ones never are. Formulas are not run, links and DDE not
followed; the stored results are used. Container and DOCTYPE are looked at before (`package`).
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from math import isfinite
from xml.parsers import expat

from ocop_pipeline.intake.grid import (
    Area,
    CellError,
    CellValue,
    Limits,
    Position,
    RefusedFileError,
    Sheet,
    UnreadableCode,
    Workbook,
    address,
)

_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns:"
_SHORT = {
    f"{_NAMESPACE}table:1.0": "table",
    f"{_NAMESPACE}office:1.0": "office",
    f"{_NAMESPACE}text:1.0": "text",
    f"{_NAMESPACE}style:1.0": "style",
    "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0": "calcext",
}
_CELLS = frozenset(("table:table-cell", "table:covered-table-cell"))
_ASIDE = frozenset(("office:annotation", "table:shapes", "draw", "table:tracked-changes", "table:dde-links"))
# Where rows may stand. What other elements hold is skipped by the office programs (OpenDocument 1.3, part 3, 2.2.1).
_ROW_PARENTS = frozenset(
    (
        "table:table",
        "table:table-rows",
        "table:table-header-rows",
        "table:table-row-group",
        "table:table-source",
    )
)
_NUMBERS = frozenset(("float", "percentage", "currency"))
_RESULTS = tuple(f"office:{name}value" for name in ("", "date-", "boolean-", "time-", "string-"))
_DURATION = re.compile(r"PT(\d{1,9})H(\d{1,2})M(\d{1,2})(?:[.,]\d*)?S")
_ERRORS = frozenset(("#REF!", "#DIV/0!", "#N/A", "#NAME?", "#VALUE!", "#NUM!", "#NULL!"))
_SHOWN_ERROR = re.compile(r"#REF!|#DIV/0!|#N/A|#NAME\?|#VALUE!|#NUM!|#NULL!|Err:\d{3}")


def read_opendocument(content: bytes, limits: Limits) -> Workbook:
    """Read the sheets of an ODS.

    Args:
        content: the part ``content.xml``, already found to be without DOCTYPE.
        limits: caps on cells and sheets.

    Raises:
        RefusedFileError: CORRUPT_XML, TOO_MANY_CELLS, TOO_MANY_SHEETS or NO_SHEETS.
    """
    reader = _Reader(limits)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"content.xml: {error}") from error
    return reader.finish()


@dataclass(slots=True)
class _Table:
    """A sheet while its cells are collected: only the filled ones, by position."""

    name: str
    style: str
    cells: dict[Position, CellValue] = field(default_factory=dict)
    uncomputed: set[Position] = field(default_factory=set)
    formulas: set[Position] = field(default_factory=set)
    merged: list[Area] = field(default_factory=list)
    row: int = 0
    col: int = 0
    row_repeat: int = 1
    last: Position = (-1, -1)


class _Reader:
    """Follows the elements of the part; one table open at a time (tables in cells are not cells)."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.cells
        self._table: _Table | None = None
        self._tables: list[_Table] = []
        self._linked = False
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._around: list[str] = []  # the open elements down to a row, not those in it
        self._aside = 0
        self._cell: dict[str, str] | None = None
        self._paragraphs: list[list[str]] = []
        self._in_text = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Handle an opening tag."""
        name = _short(tag)
        if self._aside or name in _ASIDE or (self._cell is not None and name == "table:table"):
            self._linked = self._linked or name == "table:dde-links"
            self._aside += 1
            return
        if self._cell is not None:
            self._start_in_cell(name, attributes)
        elif self._around and self._around[-1] == "table:table-row":
            _refuse_misplaced(name, name in _CELLS)
            self._cell = {_short(key): value for key, value in attributes.items()}
            self._paragraphs = []
        else:
            self._start_outside(name, {_short(key): value for key, value in attributes.items()})

    def _start_outside(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table" and self._table is not None:
            self._aside += 1  # a table in a table is no part of the grid
            return
        if self._table is not None and (name in _CELLS or name == "table:table-row"):
            _refuse_misplaced(name, name not in _CELLS and self._around[-1] in _ROW_PARENTS)
        self._around.append(name)
        if name == "table:table-row" and self._table is not None:
            self._table.col = 0
            self._table.row_repeat = _repeat(attributes, "rows")
        elif name == "table:table":
            self._table = _Table(attributes.get("table:name", ""), attributes.get("table:style-name", ""))
        elif name == "table:table-source":
            # The kept copy of another file's sheet: not the sender's figures.
            self._linked = True
            self._table = _Table("", "", row=-1)
        elif name == "style:style":
            self._style = attributes.get("style:name", "")
        elif name == "style:table-properties" and attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)

    def _start_in_cell(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("text:p", "text:h"):
            self._in_text += 1
            self._paragraphs.append([])
        elif self._in_text and name == "text:s":
            count = attributes.get(f"{_NAMESPACE}text:1.0 c", "1")
            self._paragraphs[-1].append(" " * min(_count(count), 1000))
        elif self._in_text and name in ("text:tab", "text:line-break"):
            self._paragraphs[-1].append("\t" if name == "text:tab" else "\n")
        elif name == "table:cell-range-source":
            self._linked = True
        else:
            _refuse_misplaced(name, name not in _CELLS)

    def text(self, data: str) -> None:
        """Handle character data."""
        if self._in_text and not self._aside:
            self._paragraphs[-1].append(data)

    def end(self, tag: str) -> None:
        """Handle a closing tag."""
        name = _short(tag)
        if self._aside:
            self._aside -= 1
        elif self._cell is not None:
            if name in ("text:p", "text:h"):
                self._in_text -= 1
            elif name in _CELLS:
                self._close_cell(name, self._cell)
                self._cell = None
        else:
            self._around.pop()
            if name == "table:table-row" and self._table and self._table.row >= 0:
                self._table.row += self._table.row_repeat
            elif name == "table:table" and self._table:
                self._close_table(self._table)

    def _close_table(self, table: _Table) -> None:
        self._table = None
        if table.row < 0:
            return
        self._tables.append(table)
        if len(self._tables) > self._limits.sheets:
            raise RefusedFileError(UnreadableCode.TOO_MANY_SHEETS, limit=self._limits.sheets)
        self._left -= (table.last[0] + 1) * (table.last[1] + 1)

    def _close_cell(self, name: str, cell: dict[str, str]) -> None:
        table = self._table
        if table is None or table.row < 0:
            return
        repeat = _repeat(cell, "columns")
        shown = "\n".join(map("".join, self._paragraphs)) if self._paragraphs else ""
        uncomputed = "table:formula" in cell and not _has_result(cell, paragraph=bool(self._paragraphs))
        value = None if name == "table:covered-table-cell" or uncomputed else _value(cell, shown)
        if "table:formula" in cell:
            table.formulas.add((table.row, table.col))
        if value is not None or uncomputed:
            self._put(table, value, repeat, uncomputed=uncomputed)
        if "table:number-columns-spanned" in cell or "table:number-rows-spanned" in cell:
            wide = _count(cell.get("table:number-columns-spanned", "1"))
            high = _count(cell.get("table:number-rows-spanned", "1"))
            if wide * high > 1 and value is not None:
                table.merged.append((table.row, table.col, table.row + high - 1, table.col + wide - 1))
        table.col += repeat

    def _put(self, table: _Table, value: CellValue, repeat: int, *, uncomputed: bool) -> None:
        rows, cols = table.row + table.row_repeat, table.col + repeat
        last_row, last_col = table.last
        if rows > last_row + 1 or cols > last_col + 1:
            table.last = last_row, last_col = max(last_row, rows - 1), max(last_col, cols - 1)
        if (last_row + 1) * (last_col + 1) > self._left:
            raise RefusedFileError(
                UnreadableCode.TOO_MANY_CELLS,
                sheet=table.name,
                cell=address(*table.last),
                limit=self._limits.cells,
            )
        for row in range(table.row, rows):
            for col in range(table.col, cols):
                if uncomputed:
                    table.uncomputed.add((row, col))
                else:
                    table.cells[row, col] = value

    def finish(self) -> Workbook:
        """The workbook, when the part is at its end."""
        names = [table.name for table in self._tables]
        if len(set(names)) < len(names):
            raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail="two sheets of one name")
        if not any(table.cells or table.uncomputed for table in self._tables):
            raise RefusedFileError(UnreadableCode.NO_SHEETS)
        sheets = tuple(self._sheet(table) for table in self._tables)
        return Workbook("ods", sheets, self._linked)

    def _sheet(self, table: _Table) -> Sheet:
        high = max((row for row, _ in table.cells), default=-1) + 1
        wide = max((col for _, col in table.cells), default=-1) + 1
        rows: list[list[CellValue]] = [[None] * wide for _ in range(high)]
        for (row, col), value in table.cells.items():
            rows[row][col] = value
        return Sheet(
            name=table.name,
            hidden=table.style in self._hidden_styles,
            rows=rows,
            uncomputed=frozenset(table.uncomputed),
            formulas=frozenset(table.formulas),
            merged=tuple(table.merged),
        )


def _refuse_misplaced(name: str, is_placed: bool) -> None:  # noqa: FBT001 - the question is in the name
    """Refuse what stands where no program writes it: some would show those cells, others not."""
    if not is_placed:
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"content.xml: {name[:60]} out of place")


@lru_cache(maxsize=1000)  # asked for every tag and attribute
def _short(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    return f"{_SHORT[namespace]}:{local}" if namespace in _SHORT else local


def _count(text: str) -> int:
    """A count from an attribute: 1 where it is nonsense, and never more than a sheet can be."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _repeat(attributes: dict[str, str], what: str) -> int:
    text = attributes.get(f"table:number-{what}-repeated")
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"number-{what}-repeated is {text[:40]}")
    return max(1, int(text))


def _has_result(cell: dict[str, str], *, paragraph: bool) -> bool:
    """Whether a formula's cell stores a result: a blank one may show by its type or its empty paragraph only."""
    kind = cell.get("office:value-type", "")
    return kind == "string" or any(name in cell for name in _RESULTS) or (paragraph and not kind)


def _value(cell: dict[str, str], shown: str) -> CellValue:
    kind = cell.get("office:value-type", "")
    if cell.get("calcext:value-type") == "error" or ("table:formula" in cell and _is_error(kind, shown)):
        # What the cell shows is the error; the stored value is an empty text or zero.
        return CellError(shown if shown in _ERRORS else "#VALUE!")
    if kind in _NUMBERS:
        number = float(cell["office:value"])
        return number if isfinite(number) else CellError("#NUM!")
    if kind == "date":
        return _date(cell["office:date-value"])
    if kind == "boolean":
        return cell["office:boolean-value"] == "true"
    if kind == "time":
        return _clock(cell.get("office:time-value", ""), shown)
    return cell.get("office:string-value", shown) or None


def _is_error(kind: str, shown: str) -> bool:
    return kind in ("", "string", "float") and _SHOWN_ERROR.fullmatch(shown) is not None


def _date(text: str) -> date | datetime:
    moment = datetime.fromisoformat(text)
    if "T" not in text or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return moment.date()
    return moment.replace(tzinfo=None, microsecond=0)


def _clock(text: str, shown: str) -> str:
    parts = _DURATION.fullmatch(text)
    return f"{int(parts[1]):02}:{int(parts[2]):02}:{int(parts[3]):02}" if parts else shown
