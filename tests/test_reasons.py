"""A warning answered with a reason: typed beside the marked cell, it comes back with the finding and stays with it."""

import io
from datetime import UTC, date, datetime

import openpyxl
import pytest

from ocop_pipeline.domain.findings import Severity
from ocop_pipeline.domain.forms import FUNDING, GRID
from ocop_pipeline.intake.answer import answer
from ocop_pipeline.intake.answer_text import answer_text
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.intake.process import check, take_in
from ocop_pipeline.intake.reasons import LONGEST, MOST
from ocop_pipeline.warehouse.ledger import Ledger
from tests.unit.intake.filled import sound

TODAY = date(2026, 11, 22)
WHY = "Chi trước từ nguồn dự phòng theo Quyết định 12/QĐ-UBND"
OVER = {
    (FUNDING, "KP.content=production;source=central", "disbursed"): 120.5,
    (FUNDING, "KP", "disbursed"): 120.5,
}


def _judged(catalogue, folder, data):
    path = folder / "bao-cao.xlsx"
    path.write_bytes(data)
    return check([path], catalogue, TODAY, workers=1)[0]


def _asked(judged):
    """The warnings about money spent beyond the plan."""
    return [finding for finding in judged.findings if finding.code == "DISBURSED_OVER_PLAN"]


@pytest.fixture
def sent(catalogue):
    """A form that is accepted with a warning."""
    return sound(catalogue, values=OVER).xlsx()


def _cover(data):
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["Cần sửa"]
    header = next(row for row in sheet.iter_rows() if row[0].value == "TT")
    return book, sheet, header[0].row


def _saved(book):
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_reason_on_the_first_sheet_comes_back_with_its_warning(catalogue, sent, tmp_path):
    """Marked, a reason typed beside the warning, sent again: the finding has it, and so has the next answer."""
    judged = _judged(catalogue, tmp_path, sent)
    (asked,) = _asked(judged)
    assert asked.reason == ""
    book, sheet, header = _cover(marked_answer(sent, answer(judged), catalogue.template_words))
    row = next(r for r in range(header + 1, sheet.max_row + 1) if sheet.cell(r, 4).value == asked.cell)
    sheet.cell(row, 6).value = f"  {WHY} "
    again = _judged(catalogue, tmp_path, _saved(book))
    assert [finding.reason for finding in _asked(again)] == [WHY]
    assert [finding.reason for finding in again.findings if finding.code != "DISBURSED_OVER_PLAN"] == [""] * (
        len(again.findings) - 1
    )
    told = answer(again)
    assert f"Lý do đã ghi: {WHY}" in answer_text(told, catalogue.template_words)
    _, sheet, header = _cover(marked_answer(_saved(book), told, catalogue.template_words))
    assert WHY in [sheet.cell(r, 6).value for r in range(header + 1, sheet.max_row + 1)]


def test_a_note_beside_the_figure_is_a_reason(catalogue, tmp_path):
    """The column of notes of the line is the marked cell's neighbour; what stands there travels with the warning."""
    line = (FUNDING, "KP.content=production;source=central", "note")
    judged = _judged(catalogue, tmp_path, sound(catalogue, values={**OVER, line: WHY}).xlsx())
    reasons = {finding.cell: finding.reason for finding in _asked(judged)}
    assert WHY in reasons.values()


def test_an_error_is_not_reasoned_away(catalogue, tmp_path):
    """A note beside a wrong figure changes nothing: the file is returned, and the finding has no reason."""
    values = {(GRID, "TT01", "closing"): 26, (GRID, "TT01", "note"): WHY}
    judged = _judged(catalogue, tmp_path, sound(catalogue, values=values).xlsx())
    (error,) = [finding for finding in judged.findings if finding.severity is Severity.ERROR]
    assert (str(judged.verdict), error.code, error.reason) == ("returned", "PART_EXCEEDS_WHOLE", "")


def test_reasons_are_cut_and_counted(catalogue, sent, tmp_path):
    """An endless text, or endlessly many, is not carried on."""
    book, sheet, header = _cover(
        marked_answer(sent, answer(_judged(catalogue, tmp_path, sent)), catalogue.template_words)
    )
    where = sheet.cell(header + 1, 3).value, sheet.cell(header + 1, 4).value
    sheet.cell(header + 1, 6).value = "x" * 5_000
    for row in range(header + 2, header + 2 + MOST + 5):
        for column, value in ((3, where[0]), (4, f"Z{row}"), (6, "y")):
            sheet.cell(row, column).value = value
    again = _judged(catalogue, tmp_path, _saved(book))
    assert [finding.reason for finding in _asked(again)] == ["x" * LONGEST]


def test_the_ledger_keeps_reasons_and_repairs(catalogue, tmp_path):
    """What the sender wrote, and what was read otherwise than written, is there when the verdict is looked up."""
    line = (FUNDING, "KP.content=production;source=central", "note")
    values = {**OVER, line: WHY, (GRID, "TT04", "in_period"): "3 buổi"}
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.xlsx").write_bytes(sound(catalogue, values=values).xlsx())
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        taken = take_in(
            tmp_path / "inbox",
            Archive(tmp_path / "archive"),
            ledger,
            catalogue,
            now,
            workers=1,
            settle_seconds=-1e9,
        )
        (kept,) = ledger.latest_verdicts()
    assert kept.findings == taken.judgements[0].findings
    assert WHY in [finding.reason for finding in kept.findings]
    assert kept.repairs == taken.judgements[0].repairs
    assert [repair.rule for repair in kept.repairs] == ["unit_dropped"]
