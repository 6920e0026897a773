"""Several units' reports in one workbook: each is told apart, judged by itself and found again, or none is guessed."""

import hashlib
import io
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import xlsxwriter

from ocop_pipeline.domain.forms import FUNDING, GRID, INFO, REGISTER, TASKS
from ocop_pipeline.intake.answer import answer, is_settled, together
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.extract import Extract, extract
from ocop_pipeline.intake.grid import Workbook
from ocop_pipeline.intake.parts import PartOf, Parts, part_bytes, read_part, read_reports
from ocop_pipeline.intake.process import check, files_of_parts, rebuild, take_in, waiting_periods
from ocop_pipeline.intake.review_queue import Decision, Kind, Waiting, send_back
from ocop_pipeline.settings import load_settings
from ocop_pipeline.warehouse.ledger import Ledger
from tests.unit.intake.filled import shipped, shipped_spec, sound

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
OTHER = {"unit_code": "24787", "unit_name": None}
BAD = {(GRID, "TT01", "closing"): 26}


def _names(end):
    """The form's sheet names with something behind each."""
    layout = sound(shipped()).layout
    return {sheet.part: f"{sheet.name}{end}" for sheet in layout.sheets}


def _both(first, second, order=None):
    """The sheets of two forms in one workbook, in an order of (form, part)."""
    books = [first.workbook(), second.workbook()]
    if order is None:
        sheets = [sheet for book in books for sheet in book.sheets]
    else:
        named = {(at, sheet.name): sheet for at, book in enumerate(books) for sheet in book.sheets}
        forms = (first, second)
        sheets = [
            named[at, forms[at].rename.get(part, forms[at].layout.sheet(part).name)] for at, part in order
        ]
    return Workbook("xlsx", tuple(sheets))


def _xlsx(*forms):
    """The bytes of one workbook with the sheets of all forms."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    for form in forms:
        for name, rows in form.grids().items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write(number, column, value)
    book.close()
    return stream.getvalue()


def _two(**changes):
    """Two communes' forms, the second under names with "(2)" behind."""
    return sound(shipped()), sound(shipped(), info=OTHER, rename=_names(" (2)"), **changes)


def test_two_communes_are_two_reports_each_as_if_it_came_alone():
    """Sheets in the order of their communes: what each part says is what its own workbook would say."""
    first, second = _two(values={(GRID, "TT01", "in_period"): 3})
    found = read_reports(shipped_spec(), _both(first, second))
    assert isinstance(found, Parts)
    assert [part.sheets[0] for part in found.parts] == ["Thông tin chung", "Thông tin chung (2)"]
    alone = [extract(shipped_spec(), form.workbook()) for form in (first, second)]
    assert [part.extract for part in found.parts] == alone
    assert alone[0].numbers != alone[1].numbers


@pytest.mark.parametrize("end", [" (2)", " - Tân Hà", "_P. 2", " Phường Xuân Hương"])
def test_names_tell_what_belongs_together_in_any_order(end):
    """Sheets sorted by part and not by commune are told by what stands beside the form's names."""
    first, second = sound(shipped()), sound(shipped(), info=OTHER, rename=_names(end))
    order = [(at, sheet.part) for sheet in first.layout.sheets for at in (1, 0)]
    found = read_reports(shipped_spec(), _both(first, second, order))
    assert isinstance(found, Parts)
    codes = {part.sheets[0]: part.extract.info["unit_code"].text for part in found.parts}
    assert codes == {"Thông tin chung": "24778", f"Thông tin chung{end}": "24787"}
    alone = extract(shipped_spec(), second.workbook())
    assert found.of(found.parts[0].sheets).numbers == alone.numbers


def test_order_tells_where_names_do_not():
    """Sheets under names of their own are told by their content, and belong to the cover sheet before them."""
    first, second = (
        sound(shipped(), rename={INFO: "A1", GRID: "A2", REGISTER: "A3", FUNDING: "A4", TASKS: "A5"}),
        sound(
            shipped(), info=OTHER, rename={INFO: "B1", GRID: "B2", REGISTER: "B3", FUNDING: "B4", TASKS: "B5"}
        ),
    )
    found = read_reports(shipped_spec(), _both(first, second))
    assert isinstance(found, Parts)
    assert [part.extract.info["unit_code"].text for part in found.parts] == ["24778", "24787"]


def test_what_cannot_be_told_apart_is_not_guessed():
    """Two cover sheets, and sheets before the first that no name gives to either: no figure is taken."""
    first, second = (
        sound(shipped(), rename={GRID: "Tiến độ A"}),
        sound(
            shipped(),
            info=OTHER,
            rename={INFO: "Bìa B", GRID: "Tiến độ B"},
            without=(REGISTER, FUNDING, TASKS),
        ),
    )
    order = [(0, GRID), (1, GRID), (0, INFO), (1, INFO), (0, REGISTER), (0, FUNDING), (0, TASKS)]
    book = _both(first, second, order)
    book = replace(book, sheets=(*book.sheets, *_padding(book, 4)))
    found = read_reports(shipped_spec(), book)
    assert isinstance(found, Extract)
    assert [seen.code for seen in found.findings] == ["SEVERAL_REPORTS"]
    assert not found.slots


def _padding(book, count):
    """Sheets of no interest, so that there are enough for two reports."""
    return [replace(book.sheets[0], name=f"Khác {number}", rows=[["x"]]) for number in range(count)]


def test_an_old_copy_of_ones_own_sheets_is_no_second_report():
    """Two sets of sheets of one sender: the one under the form's names is read, the other named."""
    first = sound(shipped())
    copy = sound(shipped(), info={"period": "09/2026"}, rename=_names(" (2)"))
    found = read_reports(shipped_spec(), _both(first, copy))
    assert isinstance(found, Extract)
    assert found.info["period"].text == "10/2026"
    left = [seen.sheet for seen in found.findings if seen.code == "SHEET_NOT_READ"]
    assert left == [f"{sheet.name} (2)" for sheet in first.layout.sheets]


def test_a_hidden_copy_is_passed_over():
    """Hidden sheets are no report, and nobody is told of them."""
    first, second = _two()
    book = _both(first, second)
    sheets = [replace(sheet, hidden=sheet.name.endswith("(2)")) for sheet in book.sheets]
    found = read_reports(shipped_spec(), Workbook("xlsx", tuple(sheets)))
    assert found == extract(shipped_spec(), first.workbook())


def test_what_the_archive_holds_for_a_part_says_which_it_is():
    """The bytes of a part are the same for the same part, and say the workbook and the sheets."""
    part = PartOf("ab" * 32, ("Bìa (2)", "Tiến độ"))
    assert read_part(part_bytes(part)) == part
    assert part_bytes(part) != part_bytes(PartOf("ab" * 32, ("Bìa", "Tiến độ")))
    with pytest.raises((ValueError, KeyError)):
        read_part(b'{"sheets": []}')


@pytest.fixture
def site(tmp_path):
    """A site with one workbook of two communes in its inbox, the second with an error."""
    (tmp_path / "inbox").mkdir()
    path = tmp_path / "inbox" / "tong-hop.xlsx"
    path.write_bytes(_xlsx(*_two(values=BAD)))
    os.utime(path, (1_790_000_000, 1_790_000_000))
    return tmp_path


def _look(site, now=NOW):
    with Ledger.open(site / "ledger.sqlite") as ledger:
        return take_in(site / "inbox", Archive(site / "archive"), ledger, shipped(), now, workers=1)


def test_each_report_is_accepted_or_returned_by_itself(site):
    """The first commune's report counts, the second's is returned at its sheet; the workbook needs nothing."""
    taken = _look(site)
    told = {each.display_name: each for each in taken.judgements}
    assert {name: str(each.verdict) for name, each in told.items()} == {
        "tong-hop.xlsx": "set_aside",
        "tong-hop.xlsx › Thông tin chung": "accepted",
        "tong-hop.xlsx › Thông tin chung (2)": "returned",
    }
    workbook = told["tong-hop.xlsx"]
    assert [(each.code, each.args["count"]) for each in workbook.findings] == [("SPLIT_INTO_PARTS", "2")]
    assert is_settled(answer(workbook))
    bad = told["tong-hop.xlsx › Thông tin chung (2)"]
    assert not is_settled(answer(bad))
    assert [(each.code, each.sheet) for each in bad.findings] == [("PART_EXCEEDS_WHOLE", "BM01 Tiến độ (2)")]
    assert bad.identity.unit_id != told["tong-hop.xlsx › Thông tin chung"].identity.unit_id
    assert sorted(taken.submissions["verdict"].to_pylist()) == ["accepted", "returned"]
    assert len(set(taken.cells["submission_id"].to_pylist())) == 2


def _rows(cells):
    return sorted(map(str, cells.to_pylist()))


def test_a_second_look_and_a_rebuild_find_the_same(site):
    """Nothing is taken apart twice, and the archive gives every part back as it was."""
    taken = _look(site)
    assert _look(site).judgements == ()
    with Ledger.open(site / "ledger.sqlite") as ledger:
        archive = Archive(site / "archive")
        restored = rebuild(archive, ledger, shipped(), workers=1)
        files = files_of_parts(archive, ledger)
    assert _rows(restored.cells) == _rows(taken.cells)
    assert set(files.values()) == {
        hashlib.sha256((site / "inbox" / "tong-hop.xlsx").read_bytes()).hexdigest()
    }
    assert len(files) == 2
    for sha256 in files:
        archive.path(sha256).chmod(0o600)
        archive.path(sha256).write_bytes(b"rot")
    with Ledger.open(site / "ledger.sqlite") as ledger:
        assert files_of_parts(archive, ledger) == {}


def test_a_run_stopped_before_the_verdicts_is_made_good(site, monkeypatch):
    """Parts that arrived without a verdict are read again from their workbook, and judged."""
    with monkeypatch.context() as broken:

        def stop(*_args, **_kwargs):
            raise KeyboardInterrupt

        broken.setattr("ocop_pipeline.intake.process.judge", stop)
        with pytest.raises(KeyboardInterrupt):
            _look(site)
    with Ledger.open(site / "ledger.sqlite") as ledger:
        assert len(ledger.unjudged()) == 3
    assert sorted(str(each.verdict) for each in _look(site).judgements) == [
        "accepted",
        "returned",
        "set_aside",
    ]


def test_a_workbook_that_is_gone_takes_its_parts_aside(site, monkeypatch):
    """Parts whose workbook no longer has its bytes are set aside as damaged, not lost."""
    with monkeypatch.context() as broken:
        broken.setattr("ocop_pipeline.intake.process.judge", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            _look(site)
    archive = Archive(site / "archive")
    original = archive.path(hashlib.sha256((site / "inbox" / "tong-hop.xlsx").read_bytes()).hexdigest())
    original.chmod(0o600)
    original.write_bytes(b"rot")
    codes = [finding.code for each in _look(site).judgements for finding in each.findings]
    assert codes == ["ARCHIVE_DAMAGED"] * 3


def test_a_part_that_a_person_returned_and_comes_again_is_answered(site):
    """What comes again is the whole workbook: the returned part is told, once, and its neighbour hears nothing."""
    judged = {str(each.verdict): each.submission_id for each in _look(site).judgements}
    part, neighbour = judged["accepted"], judged["returned"]
    with Ledger.open(site / "ledger.sqlite") as ledger:
        (standing,) = ledger.current_submissions()
        item = Waiting(Kind.WARNING, standing, ledger.arrivals({part})[0], ())
        send_back(ledger, item, Decision("Lan", "sai kỳ", NOW + timedelta(hours=1)))
    again = site / "inbox" / "gui-lai.xlsx"
    again.write_bytes((site / "inbox" / "tong-hop.xlsx").read_bytes())
    os.utime(again, (1_790_000_000, 1_790_000_000))
    for hours in (2, 3):
        _look(site, NOW + timedelta(hours=hours))
        with Ledger.open(site / "ledger.sqlite") as ledger:
            told = ledger.verdicts_of(part)
            assert [each.code for each in told[-1].findings] == [
                "RETURNED_FILE_SENT_AGAIN",
                "RETURNED_BY_REVIEW",
            ]
            assert len(told) == 3
            assert len(ledger.verdicts_of(neighbour)) == 1
            assert ledger.current_submissions() == []


def test_the_sensor_knows_the_months_of_the_parts(site):
    """What waits in the inbox is known by the month of each report in it."""
    settings = replace(load_settings(site), inbox=site / "inbox", settle_seconds=0.0)
    with Ledger.open(site / "ledger.sqlite") as ledger:
        waiting = waiting_periods(settings, shipped(), ledger, NOW)
    assert sorted(waiting.values()) == ["", "2026-10", "2026-10"]


def test_check_tells_all_parts_and_marks_them_in_one_workbook(site):
    """A check before sending gives the judgements of the parts with that of the file; marks go in together."""
    path = site / "inbox" / "tong-hop.xlsx"
    (judged,) = check([path], shipped(), date(2026, 11, 22), workers=1)
    assert [str(each.verdict) for each in judged.parts] == ["accepted", "returned"]
    joined = together([answer(each) for each in (judged, *judged.parts)])
    assert [each["code"] for each in joined["findings"]] == ["SPLIT_INTO_PARTS", "PART_EXCEEDS_WHOLE"]
    assert joined["unit_name"] is None
