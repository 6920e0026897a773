"""The building blocks: forms as templates, and addresses that hold in both formats."""

import csv
import io
from datetime import date

import openpyxl
import pytest

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.generator import Answers, Appearance, csv_bytes, draft_sheets, xlsx_bytes
from ocop_pipeline.templates.workbook import addresses

ON = date(2026, 10, 14)


def drafts(catalogue: Catalogue, code: str, answers: Answers, appearance: Appearance | None = None):
    """A layout laid out as on its last day in force."""
    layout = next(layout for layout in catalogue.layouts if layout.code == code)
    on = min(ON, layout.valid_to or ON)
    return draft_sheets(
        layout,
        catalogue.lines(layout.form, on),
        catalogue.template_words,
        answers,
        appearance or Appearance(),
    )


@pytest.mark.parametrize("code", ["xa-2026", "xa-2025", "hu-2025", "hu-2024", "ti-2026", "ti-2025"])
def test_template_of_every_layout(catalogue: Catalogue, code: str) -> None:
    """Without answers every layout makes a workbook with its sheets, labels and headers, and no answer."""
    made = drafts(catalogue, code, Answers())
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(made)))
    layout = next(layout for layout in catalogue.layouts if layout.code == code)
    assert book.sheetnames == [sheet.name for sheet in layout.sheets]
    for draft in made:
        for row, column in draft.places.values():
            assert book[draft.name].cell(row + 1, column + 1).value is None
    for sheet in layout.sheets:
        texts = {cell.value for row in book[sheet.name].iter_rows() for cell in row}
        assert {label for _, label in sheet.columns} <= texts


def test_addresses_hold_in_both_formats(catalogue: Catalogue) -> None:
    """The address of an answer leads to it in the workbook, and in the CSV by line and column."""
    place = ("grid", "TT04", "in_period")
    info = ("info", "", "unit_code")
    answers = Answers(pairs={"info": {"unit_code": "24787"}}, lines={place: 17})
    for appearance in (
        Appearance(),
        Appearance(top=3, left=1, shuffled=4, extra_columns=("Người nhập",), extra_value="Phòng"),
    ):
        made = drafts(catalogue, "xa-2026", answers, appearance)
        book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(made)))
        for at, value in ((place, 17), (info, "24787")):
            sheet, cell = addresses(made)[at]
            assert book[sheet][cell].value == value
            lines = list(csv.reader(io.StringIO(csv_bytes(made).decode("utf-8-sig"))))
            _, cell = addresses(made, as_csv=True)[at]
            column, row = openpyxl.utils.cell.coordinate_from_string(cell)
            found = lines[row - 1][openpyxl.utils.column_index_from_string(column) - 1]
            assert found == str(value)


def test_text_never_becomes_a_formula(catalogue: Catalogue) -> None:
    """Text that looks like a formula, a link or a number is written as text."""
    hostile = ["=1+1", "http://example.org", "0012", "+84", "@SUM(A1)"]
    rows = [{"product_name": text} for text in hostile]
    made = drafts(catalogue, "xa-2026", Answers(rows={"register": rows}, subtitle="x"))
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(made)))["BM02 Sổ sản phẩm"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value in hostile]
    assert [cell.value for cell in cells] == hostile
    assert all(cell.data_type == "s" and cell.hyperlink is None for cell in cells)


def test_vietnamese_csv(catalogue: Catalogue) -> None:
    """With Vietnamese settings cells are parted by semicolons and decimals by a comma."""
    from decimal import Decimal

    made = drafts(catalogue, "xa-2026", Answers(lines={("grid", "XT06", "in_period"): Decimal("12.50")}))
    lines = csv_bytes(made, vietnamese=True).decode("utf-8-sig").split("\r\n")
    assert any(line.startswith("XT06;") and ";12,50" in line for line in lines)
