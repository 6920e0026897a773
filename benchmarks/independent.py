"""The cells of a file as other programs see them: what a mutated file really says.

Here: grids by openpyxl (XLSX, XLSM), python-calamine (ODS), xlrd (XLS), pyxlsb (XLSB) and the standard library (CSV,
JSON, the bare XML), with no line of the intake's readers. Not here: what the cells mean.
"""

import csv
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from xml.etree import ElementTree as ET

import openpyxl
import python_calamine
import pyxlsb
import xlrd
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string

from ocop_pipeline.intake.grid import CellError, CellValue, Sheet, Workbook

_WIDEST: Final = 2_000_000


class UnreadableElsewhereError(Exception):
    """No other program reads this file either."""


def independent(data: bytes, kind: str) -> list[Workbook]:
    """The file as each of the other programs that can read it sees it.

    Raises:
        UnreadableElsewhereError: none can.
    """
    found = []
    for reader in _READERS[kind]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.append(Workbook("xlsx", tuple(reader(data))))
        except Exception:  # noqa: BLE001, S112 - whatever another program stumbles over, the next one is asked
            continue
    if not found:
        raise UnreadableElsewhereError
    return found


def _openpyxl(data: bytes) -> Iterable[Sheet]:
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    for sheet in book.worksheets:
        _refuse_wide(sheet.max_row, sheet.max_column)
        merged = tuple(
            (r.min_row - 1, r.min_col - 1, r.max_row - 1, r.max_col - 1) for r in sheet.merged_cells.ranges
        )
        rows = [
            [CellError(str(cell.value)) if cell.data_type == "e" else _plain(cell.value) for cell in row]
            for row in sheet.iter_rows(min_row=1, min_col=1)
        ]
        yield _sheet(sheet.title, sheet.sheet_state != "visible", rows, merged)


def _plain_xml(data: bytes) -> Iterable[Sheet]:
    """By the XML alone, whatever its namespaces, styles and properties. Days stay numbers."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = {name.lower(): package.read(name) for name in package.namelist()}
    targets = {each.get("Id"): each.get("Target", "") for each in _tree(parts["xl/_rels/workbook.xml.rels"])}
    texts = [
        "".join(text.text or "" for text in item.iter("t"))
        for item in _tree(parts.get("xl/sharedstrings.xml", b"<x/>")).iter("si")
    ]
    for sheet in _tree(parts["xl/workbook.xml"]).iter("sheet"):
        target = targets[sheet.get("id")].lstrip("/").removeprefix("xl/").lower()
        cells: dict[tuple[int, int], CellValue] = {}
        rows = _tree(parts[f"xl/{target}"]).iter("row")
        for number, row in enumerate(rows, start=1):
            for place, cell in enumerate(row.iter("c")):
                letters, at_row = coordinate_from_string(cell.get("r") or f"A{number}")
                column = column_index_from_string(letters) - 1 if cell.get("r") else place
                value = _xml_value(cell, texts)
                if value is not None:
                    cells[at_row - 1, column] = value
        yield _sheet(sheet.get("name", ""), sheet.get("state", "visible") != "visible", _laid_out(cells))


def _tree(part: bytes) -> ET.Element:
    root = ET.fromstring(part)  # noqa: S314 - only what the intake accepted comes here
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in element.attrib if "}" in name]:
            element.set(name.rpartition("}")[2], element.attrib.pop(name))
    return root


def _xml_value(cell: ET.Element, texts: Sequence[str]) -> CellValue:
    kind, stored = cell.get("t", "n"), cell.findtext("v")
    if kind == "inlineStr":
        return "".join(text.text or "" for text in cell.iter("t")) or None
    if stored is None or not stored.strip():
        return None
    if kind == "s":
        return texts[int(stored)]
    if kind == "b":
        return stored.strip() in ("1", "true")
    return CellError(stored) if kind == "e" else stored if kind in ("str", "d") else float(stored)


def _laid_out(cells: dict[tuple[int, int], CellValue]) -> list[list[CellValue]]:
    height = 1 + max((row for row, _ in cells), default=-1)
    width = 1 + max((column for _, column in cells), default=-1)
    _refuse_wide(height, width)
    return [[cells.get((row, column)) for column in range(width)] for row in range(height)]


def _refuse_wide(height: int, width: int) -> None:
    if height * width > _WIDEST:  # this process has no cap on its memory
        raise UnreadableElsewhereError


def _calamine(data: bytes) -> Iterable[Sheet]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    for about in book.sheets_metadata:
        sheet = book.get_sheet_by_name(about.name)
        _refuse_wide(*sheet.end or (0, 0))
        rows = [[_plain(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
        yield _sheet(about.name, about.visible is not python_calamine.SheetVisibleEnum.Visible, rows)


def _plain_ods(data: bytes) -> Iterable[Sheet]:
    """By the XML alone. Days stay texts, as they are written."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        content = _tree(package.read("content.xml"))
    for table in content.iter("table"):
        cells: dict[tuple[int, int], CellValue] = {}
        at_row = 0
        for row in table.iter("table-row"):
            column, high = 0, int(row.get("number-rows-repeated", 1))
            for cell in row:
                wide, value = int(cell.get("number-columns-repeated", 1)), _ods_value(cell)
                if value is not None:
                    _refuse_wide(at_row + high, column + wide)
                    places = (
                        (at_row + down, column + right) for down in range(high) for right in range(wide)
                    )
                    cells |= dict.fromkeys(places, value)
                column += wide
            at_row += high
        yield _sheet(table.get("name", ""), False, _laid_out(cells))


def _ods_value(cell: ET.Element) -> CellValue:
    kind = cell.get("value-type", "")
    if kind in ("float", "percentage", "currency"):
        return float(cell.get("value", ""))
    if kind == "date":
        return _json_value(cell.get("date-value", ""))
    if kind == "boolean":
        return cell.get("boolean-value") == "true"
    return cell.get("string-value") or "\n".join("".join(text.itertext()) for text in cell.iter("p")) or None


def _xlrd(data: bytes) -> Iterable[Sheet]:
    book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO())
    for sheet in book.sheets():
        _refuse_wide(sheet.nrows, sheet.ncols)
        rows = [[_xls_value(cell, book.datemode) for cell in row] for row in sheet.get_rows()]
        yield _sheet(sheet.name, sheet.visibility != 0, rows)


def _xls_value(cell: Any, datemode: int) -> CellValue:
    if cell.ctype == xlrd.XL_CELL_DATE:
        moment: datetime = xlrd.xldate.xldate_as_datetime(cell.value, datemode)
        return moment if cell.value % 1 else moment.date()
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return CellError(xlrd.error_text_from_code.get(cell.value, "#VALUE!"))
    return bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else _plain(cell.value)


def _pyxlsb(data: bytes) -> Iterable[Sheet]:
    """Days stay numbers: this program does not look at formats."""
    with pyxlsb.open_workbook(io.BytesIO(data)) as book:
        for name in book.sheets:
            cells = {}
            with book.get_sheet(name) as sheet:
                for row in sheet.rows(sparse=True):
                    for cell in row:
                        if cell.v is not None:
                            cells[cell.r, cell.c] = _xlsb_value(cell.v)
            yield _sheet(name, False, _laid_out(cells))


def _xlsb_value(value: Any) -> CellValue:
    is_error = isinstance(value, str) and value.startswith("0x")
    return CellError("#VALUE!") if is_error else _plain(value)


def _json(data: bytes) -> Iterable[Sheet]:
    for sheet in json.loads(data.decode(json.detect_encoding(data)))["sheets"]:
        rows = [[_json_value(value) for value in row] for row in sheet["rows"]]
        yield _sheet(sheet["name"], bool(sheet.get("hidden")), rows)


def _json_value(value: Any) -> CellValue:
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return _plain(value)


def _csv(data: bytes) -> Iterable[Sheet]:
    text = _decoded(data)
    separator = max(";,\t", key=text.count)
    if text.startswith("sep="):
        separator, text = text[4], text.partition("\n")[2]
    name, first, rows = "", int(text != _decoded(data)), list[list[CellValue]]()
    for number, row in enumerate(
        csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), start=first + 1
    ):
        filled = [cell for cell in row if cell.strip()]
        if len(filled) == 1 and filled[0].strip().startswith("[") and filled[0].strip().endswith("]"):
            if rows:
                yield replace(_sheet(name, False, rows), first_row=first)
            name, first, rows = filled[0].strip()[1:-1], number, []
        else:
            rows.append([cell or None for cell in row])
    yield replace(_sheet(name, False, rows), first_row=first)


def _decoded(data: bytes) -> str:
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
    marked = next((to for mark, to in marks.items() if data.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "utf-16-le", "utf-16-be", "cp1258", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableElsewhereError


def _sheet(name: str, hidden: bool, rows: list[list[CellValue]], merged: Any = ()) -> Sheet:  # noqa: FBT001
    width = max(map(len, rows), default=0)
    return Sheet(name, hidden, [row + [None] * (width - len(row)) for row in rows], merged=merged)


def _plain(value: Any) -> CellValue:
    if isinstance(value, time | timedelta):
        return str(value)
    if type(value) is int:
        return float(value)
    if isinstance(value, str | float | bool | date | datetime):
        return None if value == "" else value
    return None if value is None else str(value)


_READERS: Final[dict[str, tuple[Callable[[bytes], Iterable[Sheet]], ...]]] = {
    "xlsx": (_openpyxl, _plain_xml),
    "xlsm": (_openpyxl, _plain_xml),
    "xlsb": (_pyxlsb,),
    "xls": (_xlrd,),
    "ods": (_calamine, _plain_ods),
    "json": (_json,),
    "csv": (_csv,),
}
