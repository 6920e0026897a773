"""A sender's own workbook comes back marked; with only the marked cells put right it is accepted."""

import io
import json
import re
from datetime import date

import openpyxl
import pytest
from typer.testing import CliRunner

from benchmarks.filled_templates import computed, saved
from ocop_pipeline.catalogue.senders import senders_of
from ocop_pipeline.cli.app import app
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.intake.answer import answer
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.intake.process import check
from ocop_pipeline.templates.template import template
from ocop_pipeline.warehouse.last_reported import Known

MONTH, TODAY = Period("2026-10"), date(2026, 10, 20)
GRID = "BM01 Tiến độ"


@pytest.fixture
def book(catalogue):
    """A commune's template, filled in within the rules."""
    province = catalogue.units.find_code("68", MONTH.end, Tier.PROVINCE)
    sender = next(each for each in senders_of(catalogue, [province], MONTH) if each.form == "OCOP-XA")
    made = openpyxl.load_workbook(io.BytesIO(template(catalogue, sender, MONTH, Known(), b"k", "n")))
    for sheet in made.worksheets:
        totals = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        for part in re.findall(r"[A-Z]+[0-9]+", " ".join(totals)):
            sheet[part].value = 0
    for code, value in {"CD01": "Có", "CD02": "Có", "CD03": 2, "TT04": 3}.items():
        _answer(made, code).value = value
    return made


def _answer(book, code):
    """The cell to be filled in of a line."""
    sheet = book[GRID]
    row = next(row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 1).value == code)
    return next(sheet.cell(row, column) for column in (4, 5) if not sheet.cell(row, column).protection.locked)


def _saved(book):
    """As an office program saves it, its totals computed."""
    return computed(saved(book))


def _judged(catalogue, folder, data):
    path = folder / "bao-cao.xlsx"
    path.write_bytes(data)
    return check([path], catalogue, TODAY)[0]


FAULTS = {"TT04": ("khoảng 20", 4), "CD03": (-1, 2), "CD01": ("chưa rõ", "Không"), "TT01": (2.5, 2)}


def test_fix_only_what_is_marked_and_it_is_accepted(catalogue, book, tmp_path):
    """Every planted fault is a marked cell and a line with a link; put right in the file itself, nothing is left."""
    places = {}
    for code, (wrong, _) in FAULTS.items():
        cell = _answer(book, code)
        cell.value, places[code] = wrong, cell.coordinate
    sent = _saved(book)
    judged = _judged(catalogue, tmp_path, sent)
    assert str(judged.verdict) == "returned"
    marked = marked_answer(sent, answer(judged), catalogue.template_words)
    given_back = openpyxl.load_workbook(io.BytesIO(marked))
    cover = given_back["Cần sửa"]
    links = {row[3].hyperlink.location for row in cover.iter_rows() if row[3].hyperlink}
    assert links == {f"'{GRID}'!{place}" for place in places.values()}
    assert any(judged.submission_id[:10] in str(row[0].value) for row in cover.iter_rows())
    for code, (_, right) in FAULTS.items():
        assert given_back[GRID][places[code]].fill.fgColor.rgb == "FFF8C9C4"
        given_back[GRID][places[code]].value = right
    again = _judged(catalogue, tmp_path, _saved(given_back))
    assert [finding.code for finding in again.findings if str(finding.severity) == "error"] == []
    assert again.identity == judged.identity


def test_a_sound_file_and_a_strange_one_are_not_marked(catalogue, book, tmp_path):
    """There is nothing to give back where nothing is wrong, and no workbook is made of what is none."""
    sound = _saved(book)
    judged = _judged(catalogue, tmp_path, sound)
    assert not judged.findings
    assert marked_answer(sound, answer(judged), catalogue.template_words) is None
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1;2\n", encoding="utf-8")
    strange = check([path], catalogue, TODAY)[0]
    assert strange.findings
    assert marked_answer(path.read_bytes(), answer(strange), catalogue.template_words) is None


def test_check_writes_the_marked_file_and_never_over_another(book, tmp_path):
    """`ocop check --annotate` names what it wrote, in words and as JSON; a second time gives a second file."""
    _answer(book, "TT04").value = "khoảng 20"
    path = tmp_path / "xa.xlsx"
    path.write_bytes(_saved(book))
    other = tmp_path / "b.csv"
    other.write_text("a;b\n1;2\n", encoding="utf-8")
    asked = ["check", str(path), str(other), "--annotate", str(tmp_path / "out"), "--site", str(tmp_path)]
    told = CliRunner().invoke(app, [*asked, "--json"])
    assert told.exit_code == 1, told.output
    written = [(each["annotated"], each["answer_text"]) for each in json.loads(told.stdout)]
    out = tmp_path / "out"
    assert written == [
        (str(out / "xa.can-sua.xlsx"), str(out / "xa.can-sua.txt")),
        (None, str(out / "b.can-sua.txt")),
    ]
    shown = CliRunner().invoke(app, asked)
    assert "xa.can-sua-2.xlsx" in shown.stdout
    assert "Không đánh dấu được" in shown.stdout
    assert sorted(each.name for each in out.iterdir()) == [
        "b.can-sua-2.txt",
        "b.can-sua.txt",
        "xa.can-sua-2.txt",
        "xa.can-sua-2.xlsx",
        "xa.can-sua.txt",
        "xa.can-sua.xlsx",
    ]
