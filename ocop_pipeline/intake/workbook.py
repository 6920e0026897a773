"""Bytes of one file in, grids of typed cells out, or the reason why not.

The kind of a file is decided by its content; the name only tells a CSV from other plain text. This is the one
door to the workbook reader (python-calamine). It can abort the process on a hostile file, so outside tests it
is called in a reading child (`sandbox`). Recognising forms and judging values is not done here.
"""

import io
import re
from datetime import date, datetime, time, timedelta
from itertools import chain
from math import isfinite
from typing import cast

import python_calamine as calamine

from ocop_pipeline.intake.biff import read_biff
from ocop_pipeline.intake.biff12 import WORKBOOK_PART, read_biff12
from ocop_pipeline.intake.compound import CompoundFile
from ocop_pipeline.intake.delimited import decode, has_marker, is_table, read_delimited
from ocop_pipeline.intake.grid import (
    Area,
    CellError,
    CellValue,
    Limits,
    Position,
    RefusedFileError,
    Sheet,
    Unreadable,
    UnreadableCode,
    Workbook,
    address,
    column_index,
    column_letters,
)
from ocop_pipeline.intake.jsonform import read_json
from ocop_pipeline.intake.opendocument import read_opendocument
from ocop_pipeline.intake.package import Package, is_plain, refuse_doctype, refuse_malformed
from ocop_pipeline.intake.sheetxml import SheetMarks, is_sheet, refuse_false_count, scan_sheet, sheet_parts

__all__ = [
    "Area",
    "CellError",
    "CellValue",
    "Limits",
    "Position",
    "Sheet",
    "Unreadable",
    "UnreadableCode",
    "Workbook",
    "address",
    "column_index",
    "column_letters",
    "read_bytes",
]

DEFAULT_LIMITS = Limits()

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Records without a container: Excel 2 to 4, and 5 or later as some programs write them.
_OLD_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_BIFF_ALONE = (b"\x09\x08\x08\x00\x00\x05", b"\x09\x08\x10\x00\x00\x06")
_OTHER = {
    b"%PDF": "PDF",
    b"{\\rtf": "RTF",
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x1f\x8b": "gzip",
    b"PK\x05\x06": "zip",
    b"PK\x07\x08": "zip",
}
# What the cell reader reads besides the sheets.
_TEXTS_PART = "xl/sharedstrings.xml"
_READ_PARTS = frozenset((_TEXTS_PART, "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"))
_PLAIN_KINDS = frozenset((str, float, int, bool, date, datetime))
_Read = str | int | float | bool | date | datetime | time | timedelta
_CSV_NAMES = (".csv", ".tsv", ".txt")
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|meta|table|style|div)\b",
    re.IGNORECASE | re.DOTALL,
)


def read_bytes(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Workbook | Unreadable:
    """Read one file.

    Args:
        data: the whole file.
        name: its name as it arrived; only its ending is looked at, and only to tell a CSV from other text.
        limits: how large it may be.

    Returns:
        The workbook, or the reason it cannot be read. Any reader breakdown short of the death of the process
        is a reason, too.
    """
    try:
        return _read(data, name, limits)
    except RefusedFileError as refused:
        return Unreadable(refused.code, refused.args_for_people)
    except MemoryError:
        return Unreadable(UnreadableCode.OUT_OF_MEMORY, {"limit": limits.memory_bytes})
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as crash:  # noqa: BLE001 - a panic of the Rust reader is no Exception
        return Unreadable(UnreadableCode.READER_CRASH, {"detail": f"{type(crash).__name__}: {crash}"[:500]})


def _read(data: bytes, name: str, limits: Limits) -> Workbook:
    if len(data) > limits.file_bytes:
        raise RefusedFileError(UnreadableCode.TOO_LARGE_FILE, bytes=len(data), limit=limits.file_bytes)
    if data.startswith(_ZIP):
        return _read_package(data, limits)
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise RefusedFileError(UnreadableCode.EMPTY_FILE)
    if data.startswith(_OLE):
        return _read_compound(CompoundFile(data, limits), limits)
    if data.startswith(_BIFF_ALONE):
        return read_biff(data, limits)
    if data.startswith(_OLD_BIFF):
        raise RefusedFileError(UnreadableCode.OLD_XLS)
    for magic, found in _OTHER.items():
        if data.startswith(magic):
            raise RefusedFileError(UnreadableCode.NOT_A_WORKBOOK, found=found)
    return _read_text(data, name, limits)


def _read_compound(file: CompoundFile, limits: Limits) -> Workbook:
    if "encryptedpackage" in file.names:
        raise RefusedFileError(UnreadableCode.PASSWORD_PROTECTED)
    for name in ("workbook", "book"):  # a file for Excel 5 and for Excel 97 at once has both
        if name in file.names:
            return read_biff(file.stream(name), limits)
    raise RefusedFileError(
        UnreadableCode.NOT_A_WORKBOOK, found="DOC" if "worddocument" in file.names else "OLE"
    )


def _read_text(data: bytes, name: str, limits: Limits) -> Workbook:
    head = data[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    if _HTML.match(head) or head.lstrip()[:13].lower() == b"mime-version:":
        raise RefusedFileError(UnreadableCode.HTML_AS_XLS)
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        raise RefusedFileError(UnreadableCode.UNSUPPORTED_FORMAT, found="XML 2003")
    named_csv = name.lower().endswith(_CSV_NAMES)
    try:
        text = decode(data)
    except RefusedFileError:
        if named_csv:
            raise
        raise RefusedFileError(UnreadableCode.NOT_A_WORKBOOK) from None
    if text.lstrip().startswith(("{", "[{")) and not named_csv:
        return read_json(text, limits)
    if not named_csv and not has_marker(text) and not is_table(text):
        raise RefusedFileError(UnreadableCode.NOT_A_WORKBOOK, found="text")
    return read_delimited(text, limits)


def _read_package(data: bytes, limits: Limits) -> Workbook:
    package = Package(data, limits)
    if _is_opendocument(package):
        return _read_opendocument(package, limits)
    if WORKBOOK_PART in package.names:
        return read_biff12(package, limits)
    _refuse_other_packages(package)
    marks = _scan_parts(package, limits)
    names = sheet_parts(package.part("xl/workbook.xml"), package.part("xl/_rels/workbook.xml.rels"))
    by_sheet = {sheet: marks[part] for sheet, part in names.items() if part in marks}
    _refuse_wide(by_sheet, limits)
    sheets = _read_sheets(data, by_sheet, limits)
    for sheet in sheets:
        if not sheet.rows and sheet.name in names and sheet.name not in by_sheet:
            # Damage the reader shows as an empty sheet.
            raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"no grid in {names[sheet.name]}")
    if not any(sheet.rows or sheet.uncomputed for sheet in sheets):
        raise RefusedFileError(UnreadableCode.NO_SHEETS)
    linked = any(name.startswith("xl/externallinks/") for name in package.names)
    return Workbook("xlsx", sheets, linked)


def _is_opendocument(package: Package) -> bool:
    return "mimetype" in package.names and b"opendocument.spreadsheet" in package.part("mimetype")[:200]


def _read_opendocument(package: Package, limits: Limits) -> Workbook:
    manifest = "meta-inf/manifest.xml"
    encrypted = manifest in package.names and b"encryption-data" in package.part(manifest)
    if encrypted or "encrypted-package" in package.names:
        raise RefusedFileError(UnreadableCode.PASSWORD_PROTECTED)
    if "content.xml" not in package.names:
        raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP, part="content.xml")
    # The only part that is parsed: others (Basic macros, settings) may hold a DOCTYPE and are left alone.
    content = package.part("content.xml")
    refuse_doctype(content, "content.xml")
    return read_opendocument(content, limits)


def _refuse_other_packages(package: Package) -> None:
    names = package.names
    # Macros (xl/vbaProject.bin, macro sheets) are not looked at: nothing here could run them.
    if {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return
    found = "DOCX" if "word/document.xml" in names else "PPTX" if "ppt/presentation.xml" in names else "zip"
    raise RefusedFileError(UnreadableCode.NOT_A_WORKBOOK, found=found)


def _scan_parts(package: Package, limits: Limits) -> dict[str, SheetMarks]:
    """Refuse a DOCTYPE anywhere; return what the sheet parts show that the reader does not."""
    marks: dict[str, SheetMarks] = {}
    for name in package.xml_names():
        part = package.part(name)
        plain = is_plain(part)
        if not plain:
            refuse_doctype(part, name)
        has_cells = is_sheet(part, plain=plain)
        if has_cells or name in _READ_PARTS:
            refuse_malformed(part, name)
        if name == _TEXTS_PART:
            refuse_false_count(part)
        if has_cells:
            marks[name] = scan_sheet(part, plain=plain)
    if len(marks) > limits.sheets:
        raise RefusedFileError(UnreadableCode.TOO_MANY_SHEETS, limit=limits.sheets)
    return marks


def _refuse_wide(by_sheet: dict[str, SheetMarks], limits: Limits) -> None:
    for name, marks in by_sheet.items():
        row, col = marks.last or (0, 0)
        if (row + 1) * (col + 1) > limits.cells:
            raise _too_many_cells(name, (row, col), limits)


def _too_many_cells(sheet: str, last: Position, limits: Limits) -> RefusedFileError:
    return RefusedFileError(
        UnreadableCode.TOO_MANY_CELLS, sheet=sheet, cell=address(*last), limit=limits.cells
    )


def _read_sheets(data: bytes, by_sheet: dict[str, SheetMarks], limits: Limits) -> tuple[Sheet, ...]:
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        if len(set(workbook.sheet_names)) < len(workbook.sheet_names):
            # The reader finds sheets by name, so one would be read twice and the other never.
            raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail="two sheets of one name")
        if len(workbook.sheets_metadata) > limits.sheets:
            raise RefusedFileError(UnreadableCode.TOO_MANY_SHEETS, limit=limits.sheets)
        cells_left = limits.cells
        sheets = []
        for index, about in enumerate(workbook.sheets_metadata):
            if about.typ is not calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = _read_sheet(workbook.get_sheet_by_index(index), about, by_sheet, cells_left, limits)
            cells_left -= sum(map(len, sheet.rows))
            sheets.append(sheet)
        return tuple(sheets)
    except calamine.PasswordError as error:
        raise RefusedFileError(UnreadableCode.PASSWORD_PROTECTED) from error
    except calamine.ZipError as error:
        raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP) from error
    except calamine.CalamineError as error:
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=str(error)[:500]) from error


def _read_sheet(
    source: calamine.CalamineSheet,
    about: calamine.SheetMetadata,
    by_sheet: dict[str, SheetMarks],
    cells_left: int,
    limits: Limits,
) -> Sheet:
    if source.end is not None:
        row, col = source.end
        if (row + 1) * (col + 1) > cells_left:
            raise _too_many_cells(about.name, source.end, limits)
    rows = _plain_rows(source.to_python(skip_empty_area=False)) if source.end else []
    marks = by_sheet.get(about.name, SheetMarks())
    _set_errors(rows, marks.errors)
    return Sheet(
        name=about.name,
        hidden=about.visible is not calamine.SheetVisibleEnum.Visible,
        rows=_trim(rows),
        uncomputed=frozenset(marks.uncomputed),
        formulas=frozenset(marks.formulas),
        merged=tuple(marks.merged),
    )


def _plain_rows(rows: list[list[_Read]]) -> list[list[CellValue]]:
    kinds = set(map(type, chain.from_iterable(rows)))
    # A sum is finite unless one of its numbers is not (or all are beyond any meaning): one test a sheet.
    numbers = [cell for row in rows for cell in row if type(cell) is float]
    if kinds <= _PLAIN_KINDS and isfinite(sum(numbers)):
        # Asking whether a cell is empty costs less than comparing it; only zeros and False are asked twice.
        plain = [[cell if cell else (None if cell == "" else cell) for cell in row] for row in rows]  # noqa: FURB110 - `or` is a third slower here
        return cast("list[list[CellValue]]", plain)
    return [list(map(_plain, row)) for row in rows]


def _plain(value: _Read) -> CellValue:
    if isinstance(value, time | timedelta):
        # No form asks for a time of day: it is a number someone formatted by accident, and is shown as
        # it looks.
        return str(value)
    if isinstance(value, float) and not isfinite(value):
        return CellError("#NUM!")
    return None if value == "" else value


def _set_errors(rows: list[list[CellValue]], errors: dict[Position, CellError]) -> None:
    """Put back the error cells, which the reader gives as empty, wherever they lie."""
    for (row, col), error in errors.items():
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend([None] * (col + 1 - len(rows[row])))
        rows[row][col] = error
    if errors:
        width = max(map(len, rows))
        for values in rows:
            values.extend([None] * (width - len(values)))


def _trim(rows: list[list[CellValue]]) -> list[list[CellValue]]:
    """Drop the empty rows and columns at the end (cells that hold an empty text count as empty)."""
    while rows and rows[-1].count(None) == len(rows[-1]):
        rows.pop()
    width = len(rows[0]) if rows else 0
    while width and all(row[width - 1] is None for row in rows):
        width -= 1
    if rows and width < len(rows[0]):
        for row in rows:
            del row[width:]
    return rows
