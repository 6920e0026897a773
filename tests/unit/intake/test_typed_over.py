"""Live totals of a template that were typed over: told, whatever the number is."""

import io
import random
import re
import struct
from datetime import date

import openpyxl
import pytest

from benchmarks.filled_templates import KEY, computed, filled, reports, saved
from ocop_pipeline.domain.findings import Severity
from ocop_pipeline.domain.manifest import SHEET
from ocop_pipeline.intake.process import check
from ocop_pipeline.intake.workbook import read_bytes
from tests.unit.intake import hostile, writers
from tests.unit.intake.filled import shipped
from tests.unit.intake.test_formats import ods, row

GRID, FUNDS = "BM01 Tiến độ", "BM03 Kinh phí"
CODES = ("SUM_TYPED_OVER", "SUMS_TYPED_OVER")


@pytest.fixture(scope="module")
def sound() -> bytes:
    """A commune's template of October 2026, filled in."""
    told = reports(shipped(), "68", "2026-10", 7, 0.05)
    report = next(each for each in told if each.sender.form == "OCOP-XA")
    return filled(shipped(), report, random.Random(1), known=True)  # noqa: S311 - repeatable, not secret


def _told(folder, data):
    path = folder / "a.xlsx"
    path.write_bytes(data)
    (judged,) = check([path], shipped(), date(2026, 11, 5), key=KEY)
    return [(each.code, each.sheet, each.cell) for each in judged.findings if each.code in CODES], judged


def _typed(data, change):
    """The workbook with totals changed by sheet, and all of them: (sheet, cell)."""
    book, results = (openpyxl.load_workbook(io.BytesIO(data), data_only=seen) for seen in (False, True))
    totals = [
        cell
        for sheet in book
        for line in sheet.iter_rows()
        for cell in line
        if cell.data_type == "f" and results[sheet.title][cell.coordinate].value not in (None, "")
    ]
    for cell in totals:
        change(cell, results[cell.parent.title][cell.coordinate].value)
    return computed(saved(book)), totals, book


def test_a_total_typed_over_is_told_even_where_it_is_its_parts(sound, tmp_path):
    """One cell, one warning, and the report is accepted; untouched totals say nothing."""
    assert _told(tmp_path, sound)[0] == []

    def first(cell, value):
        if (cell.parent.title, cell.coordinate) == place:
            cell.value = value

    place = next((cell.parent.title, cell.coordinate) for cell in _typed(sound, lambda *_: None)[1])
    found, judged = _told(tmp_path, _typed(sound, first)[0])
    assert found == [("SUM_TYPED_OVER", *place)]
    assert {each.severity for each in judged.findings} == {Severity.WARNING}


def test_a_total_whose_parts_are_not_known_may_be_written(sound, tmp_path):
    """Whoever knows only the total writes over the formula, as the template says: nothing to tell."""
    book = openpyxl.load_workbook(io.BytesIO(sound))
    cell = next(cell for line in book[GRID].iter_rows() for cell in line if cell.data_type == "f")
    for part in re.findall(r"[A-Z]+[0-9]+", cell.value):
        book[GRID][part].value = None
    cell.value = 12
    assert _told(tmp_path, computed(saved(book)))[0] == []


def test_a_sheet_without_any_formula_is_told_once(sound, tmp_path):
    """A program that keeps no formulas gives one warning a sheet; a workbook of one's own none."""

    def pasted(cell, value):
        cell.value = value

    data, totals, book = _typed(sound, pasted)
    assert len(totals) > 2
    assert _told(tmp_path, data)[0] == [("SUMS_TYPED_OVER", name, "") for name in (GRID, FUNDS)]
    del book[SHEET]
    assert _told(tmp_path, saved(book))[0] == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xlsx", hostile.with_rows('<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><v>2</v></c></row>')),
        ("a.xlsx", hostile.with_rows("<row r='1'><c r='A1'><f>1+1</f><v>2</v></c><c r='B1'><v>2</v></c></row>")),
        (
            "a.ods",
            ods(
                row(
                    '<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="2"/>'
                    '<table:table-cell office:value-type="float" office:value="2"/>'
                )
            ),
        ),
        (
            "a.xls",
            writers.xls({"A": [writers.formula(0, 0, struct.pack("<d", 2)), writers.number8(0, 1, 2)]}),
        ),
        (
            "a.xlsb",
            writers.xlsb(
                [writers.Sheet("A", False, [["x"]])],
                {
                    "xl/worksheets/sheet1.bin": b"".join([
                        writers.record12(129), writers.record12(145), writers.record12(0, bytes(17)),
                        writers.record12(9, struct.pack("<IIdHI", 0, 0, 2, 0, 0)),
                        writers.record12(5, struct.pack("<IId", 1, 0, 2)), writers.record12(146),
                        writers.record12(130),
                    ])
                },
            ),
        ),
    ],
)  # fmt: skip
def test_every_format_tells_formulas_from_numbers(name, data):
    """The cell a formula gave is known, and only that."""
    sheet = read_bytes(data, name).sheets[0]
    assert sheet.rows == [[2.0, 2.0]]
    assert sheet.formulas == {(0, 0)}
