"""The cells of a binary workbook (XLSB): a container as of an XLSX, whose parts hold records and not XML.

Read here and not by the cell reader, which takes whole-number days for numbers in this format. As in `biff`, every
length is held against the bytes there are, only cells that are there count, formulas are not parsed and their stored
results used. The container was looked at before (`package`); layout of the records: [MS-XLSB].
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from ocop_pipeline.intake.grid import (
    CellError,
    CellValue,
    Limits,
    RefusedFileError,
    Sheet,
    UnreadableCode,
    Workbook,
)
from ocop_pipeline.intake.package import Package, is_plain, refuse_doctype
from ocop_pipeline.intake.serials import ERRORS, Shown, builtin_format, format_shows, number_of_rk, value_of
from ocop_pipeline.intake.sheetxml import part_name
from ocop_pipeline.intake.sparse import RECORDS_PER_CELL, SparseSheet, refuse_repeated

WORKBOOK_PART = "xl/workbook.bin"
_RELATIONS_PART = "xl/_rels/workbook.bin.rels"
_ROW = 0
_CELL_RK, _CELL_ERROR, _CELL_BOOL, _CELL_REAL, _CELL_TEXT, _CELL_SHARED = 2, 3, 4, 5, 6, 7
_FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR = 8, 9, 10, 11
_RICH_TEXT = 62
_SHARED_TEXT, _FORMAT, _CELL_FORMAT = 19, 44, 47
_BEGIN_FUTURE, _END_FUTURE = 35, 36
_BEGIN_CELLS, _END_CELLS = 145, 146
_WORKBOOK_PROPERTIES, _SHEET = 153, 156
_MERGED = 176
_BEGIN_CELL_FORMATS, _END_CELL_FORMATS = 617, 618
_LAST_ROW, _LAST_COL = 1_048_575, 16_383
_PLACE = struct.Struct("<II")
_AREA = struct.Struct("<4I")
_DOUBLE = struct.Struct("<d")


def read_biff12(package: Package, limits: Limits) -> Workbook:
    """Read the sheets of an XLSB.

    Args:
        package: its container, found sound.
        limits: caps on cells and sheets.

    Raises:
        RefusedFileError: XML_ENTITIES, CORRUPT_XML, TOO_MANY_CELLS, TOO_MANY_SHEETS, NO_SHEETS, or what is wrong
            with the container.
    """
    try:
        return _Reader(package, limits).read()
    except (struct.error, IndexError) as error:
        raise _corrupt(f"a record is shorter than its content: {error}") from error


@dataclass(slots=True)
class _Told:
    """What the workbook tells once for all its sheets.

    Attributes:
        from_1904: days are counted from 1904.
        shows: what the number format of each cell format shows.
        texts: the shared texts.
        sheets: relation, whether it is hidden, name.
    """

    from_1904: bool = False
    shows: list[Shown] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    sheets: list[tuple[str, bool, str]] = field(default_factory=list)


class _Reader:
    """Goes through the parts of the workbook: the list of sheets, formats, texts, then each sheet."""

    def __init__(self, package: Package, limits: Limits) -> None:
        self._package = package
        self._limits = limits
        self._records_left = limits.cells * RECORDS_PER_CELL
        self._told = _Told()

    def read(self) -> Workbook:
        """The workbook."""
        relations = self._relations()
        self._read_workbook()
        told = self._told
        refuse_repeated([name for *_, name in told.sheets])
        if len(told.sheets) > self._limits.sheets:
            raise RefusedFileError(UnreadableCode.TOO_MANY_SHEETS, limit=self._limits.sheets)
        for kind, part in relations.values():
            if kind == "styles":
                self._read_styles(part)
            elif kind == "sharedStrings":
                self._read_texts(part)
        sheets = self._read_sheets(relations)
        if not any(sheet.rows or sheet.uncomputed for sheet in sheets):
            raise RefusedFileError(UnreadableCode.NO_SHEETS)
        linked = any(name.startswith("xl/externallinks/") for name in self._package.names)
        return Workbook("xlsb", tuple(sheets), linked)

    def _relations(self) -> dict[str, tuple[str, str]]:
        """Last word of the type and part, by relation."""
        part = self._package.part(_RELATIONS_PART) if _RELATIONS_PART in self._package.names else b"<x/>"
        if not is_plain(part):
            refuse_doctype(part, _RELATIONS_PART)
        try:
            return {
                found.get("Id", ""): (
                    found.get("Type", "").rpartition("/")[2],
                    part_name(found.get("Target", "")),
                )
                for found in ET.fromstring(part)  # noqa: S314 - a part with a DOCTYPE was refused before
            }
        except (ET.ParseError, ValueError, LookupError) as error:
            raise _corrupt(f"{_RELATIONS_PART}: {error}") from error

    def _read_workbook(self) -> None:
        for kind, data in self._records(WORKBOOK_PART):
            if kind == _WORKBOOK_PROPERTIES:
                self._told.from_1904 = bool(data[0] & 1)
            elif kind == _SHEET:
                relation, end = _text(data, 8)
                name, _ = _text(data, end)
                self._told.sheets.append((relation, data[0] != 0, name))

    def _read_styles(self, part: str) -> None:
        formats: dict[int, Shown] = {}
        numbers: list[int] = []
        inside = False
        for kind, data in self._records(part):
            if kind == _FORMAT:
                formats[int.from_bytes(data[:2], "little")] = format_shows(_text(data, 2)[0])
            elif kind == _CELL_FORMAT and inside:
                numbers.append(int.from_bytes(data[2:4], "little"))
            elif kind in (_BEGIN_CELL_FORMATS, _END_CELL_FORMATS):
                inside = kind == _BEGIN_CELL_FORMATS
        self._told.shows = [formats.get(number, builtin_format(number)) for number in numbers]

    def _read_texts(self, part: str) -> None:
        texts = self._told.texts
        for kind, data in self._records(part):
            if kind == _SHARED_TEXT:
                texts.append(_text(data, 1)[0])
                if len(texts) > self._limits.cells:
                    raise self._too_many()

    def _too_many(self) -> RefusedFileError:
        return RefusedFileError(UnreadableCode.TOO_MANY_CELLS, sheet="", cell="", limit=self._limits.cells)

    def _read_sheets(self, relations: dict[str, tuple[str, str]]) -> list[Sheet]:
        sheets: list[Sheet] = []
        left = self._limits.cells
        read: set[str] = set()
        for relation, hidden, name in self._told.sheets:
            kind, part = relations.get(relation, ("", ""))
            if kind != "worksheet":
                continue
            if part in read:
                raise _corrupt("two sheets in one part")
            read.add(part)
            sheet = SparseSheet(name, self._limits, left, hidden=hidden)
            self._read_sheet(sheet, part)
            left -= sheet.span
            sheets.append(sheet.finish())
        return sheets

    def _records(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Kind and data of the records of a part, without those of newer programs, which stand in blocks."""
        if name not in self._package.names:
            raise _corrupt(f"{name} is missing")
        part = self._package.part(name)
        at, left, end, future = 0, self._records_left, len(part), 0
        while at < end:
            kind = part[at]
            at += 1
            if kind & 0x80:
                kind = (kind & 0x7F) | (part[at] & 0x7F) << 7
                at += 1
            size = part[at]
            at += 1
            if size & 0x80:
                size, at = _long_size(part, at - 1)
            begin = at
            at += size
            left -= 1
            if at > end:
                raise _corrupt(f"{name}: a record reaches beyond its part")
            if left < 0:
                raise self._too_many()
            if kind in (_BEGIN_FUTURE, _END_FUTURE):
                future += 1 if kind == _BEGIN_FUTURE else -1
            elif future <= 0:
                yield kind, part[begin:at]
        self._records_left = left

    def _read_sheet(self, sheet: SparseSheet, part: str) -> None:
        row, col, inside, has_cells = -1, -1, False, False
        for kind, data in self._records(part):
            if kind == _ROW and inside:
                row, before = int.from_bytes(data[:4], "little"), row
                if not before < row <= _LAST_ROW:
                    raise _corrupt(f"{part}: row {row}")
                col = -1
            elif (kind <= _FORMULA_ERROR or kind == _RICH_TEXT) and inside:
                before = col
                col, cell_format = _PLACE.unpack_from(data)
                if not before < col <= _LAST_COL or row < 0:
                    raise _corrupt(f"{part}: column {col}")
                if _FORMULA_TEXT <= kind <= _FORMULA_ERROR:
                    sheet.formulas.add((row, col))
                sheet.put(row, col, self._value(kind, data, cell_format & 0xFFFFFF))
            elif kind in (_BEGIN_CELLS, _END_CELLS):
                inside = kind == _BEGIN_CELLS
            elif kind == _MERGED:
                first_row, last_row, first_col, last_col = _AREA.unpack_from(data)
                sheet.merge((first_row, first_col, last_row, last_col))
            has_cells = has_cells or kind == _BEGIN_CELLS
        if inside or not has_cells:
            raise _corrupt(f"{part}: no grid, or one without an end")

    def _value(self, kind: int, data: bytes, cell_format: int) -> CellValue:
        value: CellValue = None
        if kind in (_CELL_REAL, _FORMULA_NUMBER):
            value = self._number(_DOUBLE.unpack_from(data, 8)[0], cell_format)
        elif kind == _CELL_RK:
            value = self._number(number_of_rk(int.from_bytes(data[8:12], "little")), cell_format)
        elif kind == _CELL_SHARED:
            number = int.from_bytes(data[8:12], "little")
            if number >= len(self._told.texts):
                raise _corrupt("a cell names a text that is not there")
            value = self._told.texts[number]
        elif kind in (_CELL_TEXT, _FORMULA_TEXT, _RICH_TEXT):
            value, end = _text(data, 9 if kind == _RICH_TEXT else 8)
            if kind == _CELL_TEXT and end != len(data):
                raise _corrupt("a text is shorter than its record")
        elif kind in (_CELL_BOOL, _FORMULA_BOOL):
            value = data[8] != 0
        elif kind in (_CELL_ERROR, _FORMULA_ERROR):
            value = CellError(ERRORS.get(data[8], "#VALUE!"))
        return value

    def _number(self, number: float, cell_format: int) -> CellValue:
        shows = self._told.shows
        shown = shows[cell_format] if cell_format < len(shows) else Shown.NUMBER
        return value_of(number, shown, from_1904=self._told.from_1904)


def _long_size(part: bytes, at: int) -> tuple[int, int]:
    """A size of up to four bytes of seven bits, and where its record's data begins."""
    size = 0
    for place in range(4):
        byte = part[at + place]
        size |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return size, at + place + 1
    return size, at + 4


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A text with its length in front, and where it ends; no text at all is an empty one."""
    length = int.from_bytes(data[at : at + 4], "little")
    if length == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * length
    if end > len(data):
        raise _corrupt("a text is longer than its record")
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def _corrupt(detail: str) -> RefusedFileError:
    return RefusedFileError(UnreadableCode.CORRUPT_XML, detail=detail[:500])
