"""Workbooks opened and saved by an office program (LibreOffice, where it is installed) before they come back."""

import io
import shutil
import subprocess
from datetime import date

import openpyxl
import pytest

from ocop_pipeline.catalogue.senders import senders_of
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.intake.answer import answer
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.intake.process import check
from ocop_pipeline.templates.template import template
from ocop_pipeline.warehouse.last_reported import Known

MONTH, TODAY, KEY = Period("2026-10"), date(2026, 10, 20), b"k" * 32
GRID = "BM01 Tiến độ"
OFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")


def _saved_by_office(folder, data):
    """The workbook as LibreOffice computes and saves it."""
    given, out = folder / "in.xlsx", folder / "out"
    given.write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    asked = [OFFICE, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(given)]
    subprocess.run(asked, check=True, capture_output=True, timeout=300)  # noqa: S603 - found on the path, our own file
    return (out / "in.xlsx").read_bytes()


def _rows(book):
    sheet = book[GRID]
    return sheet, {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}


def _bytes(book):
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_filled_in_and_saved_by_an_office_program(catalogue, tmp_path):
    """Sums are computed, the template is known by its signature, and after one round of marks it is accepted."""
    province = catalogue.units.find_code("68", MONTH.end, Tier.PROVINCE)
    sender = next(each for each in senders_of(catalogue, [province], MONTH) if each.form == "OCOP-XA")
    book = openpyxl.load_workbook(io.BytesIO(template(catalogue, sender, MONTH, Known(), KEY, "n")))
    sheet, rows = _rows(book)
    for code in ("CD01", "CD02"):
        sheet.cell(rows[code], 5).value = "Có"
    sheet.cell(rows["CD03"], 5).value = 2
    sheet.cell(rows["TT04"], 4).value = "khoảng 20"
    for code, value in {"DT01.content=management": 2, "DT01.content=trade": 3, "SP01.star=3": 0}.items():
        sheet.cell(rows[code], 4).value = value
    sheet.cell(rows["SP03.star=3"], 5).value = 0
    for code in rows:
        if str(code).startswith("CT02."):
            sheet.cell(rows[code], 4).value = "không phát sinh"
    book["Thông tin chung"].cell(8, 2).value = None

    sent = tmp_path / "sent.xlsx"
    sent.write_bytes(_saved_by_office(tmp_path, _bytes(book)))
    judged = check([sent], catalogue, TODAY, key=KEY)[0]
    assert judged.identity.unit_id == sender.unit.unit_id
    errors = {(each.sheet, each.cell) for each in judged.findings if str(each.severity) == "error"}
    given_back = openpyxl.load_workbook(
        io.BytesIO(marked_answer(sent.read_bytes(), answer(judged), catalogue.template_words)),
        data_only=False,
    )
    sheet, rows = _rows(given_back)
    assert (GRID, f"D{rows['TT04']}") in errors
    assert str(sheet.cell(rows["DT01"], 4).value).startswith("=IF(COUNT(")
    values = openpyxl.load_workbook(sent, data_only=True)[GRID]
    assert values.cell(rows["DT01"], 4).value == 5
    assert values.cell(rows["DT02"], 4).value in (None, "")
    # Every part says that there is nothing: so does the total, and nobody is asked for it.
    assert values.cell(rows["CT02"], 4).value == "không phát sinh"
    assert (GRID, f"D{rows['CT02']}") not in errors

    for place, cell in errors:
        assert given_back[place][cell].fill.fgColor.rgb == "FFF8C9C4"
        given_back[place][cell].value = 4
    sent.write_bytes(_saved_by_office(tmp_path, _bytes(given_back)))
    again = check([sent], catalogue, TODAY, key=KEY)[0]
    assert [each.code for each in again.findings if str(each.severity) == "error"] == []
    assert again.identity.unit_id == sender.unit.unit_id
