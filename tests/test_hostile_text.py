"""What a sender writes stays text in everything that is given back: no formula, no markup, no order to a terminal."""

import io
import re
import zipfile
from datetime import UTC, datetime

import openpyxl
import pytest
from typer.testing import CliRunner

from assets.parcels import notice_answers
from ocop_pipeline.cli.app import app
from ocop_pipeline.domain.forms import FUNDING
from ocop_pipeline.intake.answer_text import answer_text
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.cells import clean, visible
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.reporting.html import write_html
from ocop_pipeline.reporting.issuing import file_notices
from ocop_pipeline.reporting.notices import compose_notice, load_notice_spec, write_text
from ocop_pipeline.reporting.paper import write_pdf
from ocop_pipeline.reporting.spec import Issuer
from ocop_pipeline.templates.workbook import new_book
from tests.test_review import OVER, Desk
from tests.unit.intake.filled import PRODUCT

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
STARTS = ("=", "+", "-", "@", "\t", "\r")
MARKUP = '<script>alert(1)</script> #eval("1+1") $x$ *b* \\u{41} ]]> &amp; [red]x[/red]'
STEERING = "\x1b[2J\x1b]0;x\x07\x9b31m\u202e\x00\r\n"
ISSUER = Issuer("", "Sở Nông nghiệp", "BC-SNNMT", "Lâm Đồng", "", "", "", (), (), is_sample=True)


@pytest.fixture
def desk(tmp_path, catalogue):
    """An empty site."""
    return Desk(tmp_path, catalogue)


def _hostile(start):
    return f'{start}HYPERLINK("http://127.0.0.1:9/",1){MARKUP}{STEERING}'


def _sent(desk, start):
    """A report returned for a product without a producer, with a warning that is answered; its file and answer."""
    text = _hostile(start)
    product = dict(PRODUCT) | {"product_name": text, "producer_name": None, "first_star": text}
    note = {(FUNDING, "KP.content=production;source=central", "note"): text}
    ((sha256, verdict),) = desk.send(register=[product], values={**OVER, **note}).items()
    assert verdict == "returned"
    with desk.ledger() as ledger:
        ((_, answer),) = notice_answers(ledger, desk.catalogue)
    shown = [each for each in answer["findings"] if "HYPERLINK" in each["message_vi"]]
    assert shown, "the hostile text has to reach what the sender is told"
    assert any("HYPERLINK" in each["reason"] for each in answer["findings"]), "as a reason too"
    return sha256, answer


@pytest.mark.parametrize("start", STARTS)
def test_a_marked_workbook_has_no_formula_of_ours(desk, start):
    """First sheet, marks and notes hold texts only; what the sender had as text is text still."""
    sha256, answer = _sent(desk, start)
    sent = Archive(desk.settings.archive).read(sha256)
    marked = marked_answer(sent, answer, desk.catalogue.template_words)
    assert marked is not None
    book = openpyxl.load_workbook(io.BytesIO(marked))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [
        cell.coordinate for cell in cells if cell.data_type == "f" and "HYPERLINK" in str(cell.value)
    ] == []
    assert any("HYPERLINK" in str(cell.value) for cell in book.worksheets[0]["E"])
    assert any(cell.comment and "HYPERLINK" in cell.comment.text for cell in cells)
    with zipfile.ZipFile(io.BytesIO(marked)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert not any(b"<script" in part for part in parts.values())
    assert not any(b"<f>" in part or b"<f " in part for part in parts.values())
    assert not any(b"TargetMode" in part for part in parts.values())


@pytest.mark.parametrize("start", STARTS)
def test_texts_begin_no_line_with_a_formula_and_steer_nothing(desk, start):
    """The answer and the notice as plain text: lines of ours around it, no control characters but line ends."""
    _, answer = _sent(desk, start)
    notice = compose_notice({**answer, "received_on": None}, load_notice_spec(), ISSUER, NOW.date())
    for text in (answer_text(answer, desk.catalogue.template_words), write_text(notice)):
        assert "HYPERLINK" in text
        assert [line for line in text.split("\n") if line.startswith(("=", "+", "@", "\t", "-HYPER"))] == []
        assert visible(text) == text


def test_pages_and_paper_show_markup_as_text(desk):
    """HTML is escaped, and Typst sets what it is given as words."""
    _, answer = _sent(desk, "=")
    page = write_html(compose_notice({**answer, "received_on": None}, load_notice_spec(), ISSUER, NOW.date()))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert visible(page) == page
    notice = compose_notice({**answer, "received_on": None}, load_notice_spec(), ISSUER, NOW.date())
    assert write_pdf(notice).startswith(b"%PDF")


def test_filed_notices_have_the_same(desk):
    """What a run writes to the folder, whatever the file was called."""
    _, answer = _sent(desk, "=")
    named = {**answer, "file": _hostile("=")}
    (page,) = file_notices([named], desk.catalogue, desk.settings, NOW)
    for path in (page, page.with_suffix(".txt")):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text or path.suffix == ".txt"
        assert visible(text) == text
    assert re.search(r"^[=+@\t]", text, re.MULTILINE) is None


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_terminal_gets_no_orders(desk, language):
    """Lists, single reports and what a reviewer wrote: escape sequences arrive as code points or not at all."""
    text = _hostile("=")
    note = {(FUNDING, "KP.content=production;source=central", "note"): text}
    ((sha256, _),) = desk.send(values={**OVER, **note}).items()
    desk.give_back(sha256, text)
    for words in (["show", sha256[:10]], ["list"]):
        shown = desk.run(*words, language=language).output
        assert visible(shown) == shown
    shown = desk.run("show", sha256[:10], language=language).output
    assert "[U+001B]" in shown, "what the reviewer wrote is shown as it is"
    assert "[red]x[/red]" in shown, "and is no markup"


def test_a_check_on_the_terminal_gives_no_orders(desk, tmp_path):
    """`ocop check` shows findings and reasons of a file as text."""
    sha256, _ = _sent(desk, "=")
    path = tmp_path / "bao-cao.xlsx"
    path.write_bytes(Archive(desk.settings.archive).read(sha256))
    shown = CliRunner().invoke(app, ["check", str(path), "--site", str(desk.site)]).output
    assert "HYPERLINK" in shown
    assert visible(shown) == shown


@pytest.mark.parametrize("start", STARTS)
def test_a_workbook_that_is_sent_out_has_names_as_text(start):
    """What templates are filled with beforehand, such as the names of products, is no formula and no link."""
    target = io.BytesIO()
    book = new_book(target)
    book.add_worksheet("Sổ").write(0, 0, f"{start}HYPERLINK(1)")
    book.worksheets()[0].write(1, 0, "http://127.0.0.1:9/")
    book.close()
    sheet = openpyxl.load_workbook(target).worksheets[0]
    assert [sheet.cell(row, 1).data_type for row in (1, 2)] == ["s", "s"]
    assert sheet.cell(2, 1).hyperlink is None


def test_stored_text_has_no_control_characters():
    """None that steers a terminal or a printer is kept of a cell; line ends and tabs are spaces, as ever."""
    assert clean("a\x1b[31mb\x07\x00c\x7f") == "a[31mbc"
    assert clean("ệ\x1b\u202e\u2066x") == "ệx"
    assert clean("a\tb\r\nc") == "a b c"
    assert clean("ệ á»\x87") == "ệ á»\x87", "letters of a text in a wrong encoding"
