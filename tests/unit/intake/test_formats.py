"""Files that are no XLSX: the same cells come out of each, and what is hostile is refused."""

import io
import json
import zipfile
from datetime import date

import pytest

from ocop_pipeline.intake.grid import CellError, Sheet, Unreadable, UnreadableCode, Workbook
from ocop_pipeline.intake.workbook import read_bytes
from tests.unit.intake import hostile

CODE = UnreadableCode
_NAMES = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)


def ods(rows: str, manifest: str = "<manifest/>", doctype: str = "") -> bytes:
    """An ODS whose only sheet has these row elements."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", manifest)
        package.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<office:document-content{_NAMES}><office:body>'
            f'<office:spreadsheet><table:table table:name="S">{rows}</table:table></office:spreadsheet>'
            "</office:body></office:document-content>",
        )
    return target.getvalue()


def row(*cells: str, repeat: int = 1) -> str:
    """A row of cell elements."""
    return f'<table:table-row table:number-rows-repeated="{repeat}">{"".join(cells)}</table:table-row>'


def cell(attributes: str = "", text: str = "") -> str:
    """A cell element."""
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def number(value: str, attributes: str = "") -> str:
    """A cell of a number."""
    return cell(f'office:value-type="float" office:value="{value}" {attributes}', value)


def one(data: bytes) -> Sheet:
    """The only sheet of a file that must be readable."""
    book = read_bytes(data, "a")
    assert isinstance(book, Workbook), book
    return book.sheets[0]


def test_cells_of_an_ods():
    """Numbers, percents, days, texts, errors, merged and uncomputed cells arrive as from an XLSX."""
    day = 'office:value-type="date" office:date-value="2026-10-15"'
    part = 'office:value-type="percentage" office:value="0.45"'
    formula = 'table:formula="of:=[.A9]" office:value-type="float"'
    sheet = one(
        ods(
            row(cell('office:value-type="string" table:number-columns-spanned="2"', "Xã"), number("2.5"))
            + row(
                cell(day), cell(part), cell('table:formula="of:=1/0" office:value-type="string"', "#DIV/0!")
            )
            + row('<table:table-cell table:formula="of:=[.A1]"/>', number("0"))
            + row(cell('table:formula="of:=[.A9]"'), cell(formula), f"<table:table-cell {formula}/>")
            + row("<table:table-cell/>", repeat=1_000_000)
        )
    )
    assert sheet.rows == [
        ["Xã", 2.5, None],
        [date(2026, 10, 15), 0.45, CellError("#DIV/0!")],
        [None, 0.0, None],
    ]
    # A blank result that is shown is a result; a type without a value, or nothing at all, is none.
    assert (sheet.merged, sheet.uncomputed) == (((0, 0, 0, 1),), {(2, 0), (3, 1), (3, 2)})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ods(row(number("1", 'table:number-columns-repeated="999999999"'))), CODE.TOO_MANY_CELLS),
        (ods(row(number("1"), repeat=999_999_999)), CODE.TOO_MANY_CELLS),
        (ods(row(number("1"), repeat=10**40)), CODE.CORRUPT_XML),
        (ods(row(number("x"))), CODE.CORRUPT_XML),
        (ods(row(f"<x>{number('1')}</x>")), CODE.CORRUPT_XML),
        (ods(f"<x>{row(number('1'))}</x>"), CODE.CORRUPT_XML),
        (ods(number("1")), CODE.CORRUPT_XML),
        (ods(row(f"<table:table-cell>{number('1')}</table:table-cell>")), CODE.CORRUPT_XML),
        (ods("", "<x><encryption-data/></x>"), CODE.PASSWORD_PROTECTED),
        (ods(row(number("1")), doctype='<!DOCTYPE x [<!ENTITY a "b">]>'), CODE.XML_ENTITIES),
        (b'{"sheets": ' + b"[" * 100_000, CODE.CORRUPT_JSON),
        (b'{"sheets": [], "sheets": []}', CODE.CORRUPT_JSON),
        (b'{"sheets": [{"name": "A", "rows": [[NaN]]}]}', CODE.CORRUPT_JSON),
        (b'{"sheets": [' + b"[]," * 2_000_000, CODE.TOO_MANY_CELLS),
    ],
)
def test_hostile_files_are_refused(data, code):
    """Repeats without end, entities, passwords and broken nesting are refused before they cost anything."""
    answer = read_bytes(data, "a")
    assert isinstance(answer, Unreadable)
    assert answer.code is code


def test_cells_of_a_json():
    """Rows stand as they are; the keys of lines become the heading; days are days, numbers are numbers."""
    lines = [{"x": 1, "y": "2026-10-15"}, {"x": None, "z": True}]
    sheet = one(json.dumps({"sheets": [{"name": "A", "lines": lines}]}).encode())
    assert sheet.rows == [["x", "y", "z"], [1.0, date(2026, 10, 15), None], [None, None, True]]
    assert one(json.dumps({"sheets": [{"name": "A", "rows": [["x"], [1, 2]]}]}).encode()).rows == [
        ["x", None],
        [1.0, 2.0],
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_a_csv(encoding):
    """Vietnamese text arrives the same from every Unicode encoding, with or without a mark."""
    assert one("Xã;Số lượng\nLạc Dương;2\n".encode(encoding)).rows[1] == ["Lạc Dương", "2"]


def test_windows_encodings_of_a_csv():
    """Windows-1258 is known by its tone marks, Windows-1252 by letters that Vietnamese has."""
    assert one(b"X\xe3;S\xf4\xec l\xfd\xf5\xf2ng\n1;2\n").rows[0][1] == "Số lượng"
    assert one("bà;xã\n1;2\n".encode("cp1252")).rows[0] == ["bà", "xã"]


def test_macros_are_ignored():
    """A workbook with macros is read like any other; they are never looked at."""
    assert one(hostile.with_part("xl/vbaProject.bin", b"x")).rows == one(hostile.sound()).rows
