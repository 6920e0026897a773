"""The workbook a sender gets: what stands in it, what may be written where, and that our own reader knows it."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from ocop_pipeline.catalogue.senders import Duty, senders_of
from ocop_pipeline.domain.manifest import SHEET, verified
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.intake.process import check
from ocop_pipeline.settings import load_settings
from ocop_pipeline.templates.sheets import LINE_POINTS
from ocop_pipeline.templates.site_key import known_key, site_key
from ocop_pipeline.templates.template import layout_for, template
from ocop_pipeline.warehouse.last_reported import Figures, Known, KnownProduct, Recognition

MONTH, KEY, NONCE = Period("2026-10"), b"k" * 32, "0123456789abcdef"
TODAY = date(2026, 10, 20)


@pytest.fixture(scope="module")
def senders(catalogue):
    """Everybody in Lâm Đồng who reports."""
    province = catalogue.units.find_code("68", MONTH.end, Tier.PROVINCE)
    return senders_of(catalogue, [province], MONTH)


@pytest.fixture(scope="module")
def commune(senders):
    """A commune with a task of a plan."""
    found = next(each for each in senders if each.form == "OCOP-XA")
    return replace(found, tasks=(Duty("p", "NV01", "Rà soát sản phẩm"),))


def _known(sender):
    first = Recognition("3", date(2023, 11, 2), "12/QĐ-UBND", "UBND tỉnh Lâm Đồng")
    lapsing = KnownProduct(
        "Cà phê bột", "HTX Tân Hà", "cooperative", "food", "3", date(2026, 11, 2), first, first, "Thôn 2"
    )
    again = Recognition("4", date(2026, 5, 20), "9/QĐ-UBND", "UBND tỉnh Lâm Đồng")
    upgraded = KnownProduct(
        "=Chè xanh", "Hộ A", "household", "drink", "4", date(2029, 5, 20), first, again, None
    )
    unit = sender.unit.unit_id
    values: Figures = {
        ("CD03", ""): Decimal(3), ("TT04", ""): Decimal(5), ("CD01", ""): Decimal(1), ("XT04", ""): Decimal(0),
        ("CT01", ""): "blank", ("XT03", ""): "nothing", ("CL02", ""): "blank", ("XT05", ""): "not_collected",
    }  # fmt: skip
    return Known(
        {sender.key: ("2026-09", values)},
        {unit: [lapsing, upgraded]},
        {(unit, "", "p", "NV01"): ("in_progress", Decimal(40))},
    )


@pytest.fixture(scope="module")
def made(catalogue, commune):
    """The commune's workbook, as bytes."""
    return template(catalogue, commune, MONTH, _known(commune), KEY, NONCE)


@pytest.fixture
def book(made):
    """The same, opened."""
    return openpyxl.load_workbook(io.BytesIO(made))


def _filled(book, answers):
    """The workbook with answers written in cells found by line code, all the required ones besides."""
    sheet = book["BM01 Tiến độ"]
    rows = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    for code in ("CD01", "CD02"):
        sheet.cell(rows[code], 5).value = "Có"
    for code, value in answers.items():
        sheet.cell(rows[code], 4 if sheet.cell(rows[code], 4).protection.locked is False else 5).value = value
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _judged(catalogue, tmp_path, data):
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    return check([path], catalogue, TODAY)[0]


def test_every_sender_has_a_workbook(catalogue, senders):
    """Communes and departments, each of its own layout; districts in the months in which they reported."""
    for sender in (senders[0], next(each for each in senders if each.agency)):
        data = template(catalogue, sender, MONTH, Known(), KEY, NONCE)
        names = openpyxl.load_workbook(io.BytesIO(data)).sheetnames
        layout = layout_for(catalogue, sender.form, MONTH)
        words = catalogue.template_words
        assert names == [
            *(sheet.name for sheet in layout.sheets),
            words.guide_sheet,
            words.lists_sheet,
            SHEET,
        ]
    may = Period("2025-05")
    province = catalogue.units.find_code("68", may.end, Tier.PROVINCE)
    district = next(each for each in senders_of(catalogue, [province], may) if each.form == "OCOP-HU")
    assert template(catalogue, district, may, Known(), KEY, NONCE)


def test_the_same_copy_has_the_same_bytes(catalogue, commune, made):
    """Nothing in it depends on the clock or on chance but the nonce."""
    assert template(catalogue, commune, MONTH, _known(commune), KEY, NONCE) == made
    assert template(catalogue, commune, MONTH, _known(commune), KEY, "other") != made


def test_figures_of_the_month_are_blank_and_those_of_the_last_stand_beside(book):
    """What stands from month to month is shown, what happened in the month before is not; nothing is filled in."""
    sheet = book["BM01 Tiến độ"]
    rows = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    header = next(row for row in range(1, 12) if sheet.cell(row, 1).value == "Mã")
    beside = sheet.max_column
    assert sheet.cell(header, beside).value == "Số kỳ trước (để đối chiếu)"
    assert sheet.row_dimensions[header].height > LINE_POINTS  # its header is longer than its column is wide
    assert sheet.cell(rows["CD03"], beside).value == 3
    assert sheet.cell(rows["CD01"], beside).value == "Có"
    assert sheet.cell(rows["TT04"], beside).value is None
    # Nought, nothing to report, left blank and not collected look different.
    stocks = ("XT04", "XT03", "CL02", "XT05")
    assert [sheet.cell(rows[code], beside).value for code in stocks] == [0, "không phát sinh", "…", "x"]
    assert "“…” là kỳ trước để trống" in str([cell.value for row in book["Hướng dẫn"] for cell in row])
    for row in rows.values():
        for column in (4, 5):
            value = sheet.cell(row, column).value
            assert value is None or row <= header or str(value).startswith("=IF(COUNT(")


def test_only_what_is_to_be_filled_in_is_open(book):
    """Every sheet is protected; answers and notes are open, labels and the figures beside are not."""
    for sheet in book.worksheets:
        assert sheet.protection.sheet
    sheet = book["BM01 Tiến độ"]
    rows = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    assert not sheet.cell(rows["CD03"], 5).protection.locked
    assert not sheet.cell(rows["CD03"], 6).protection.locked
    assert sheet.cell(rows["CD03"], 4).protection.locked
    for column in (1, 2, 3, sheet.max_column):
        assert sheet.cell(rows["CD03"], column).protection.locked
    cover = book["Thông tin chung"]
    assert [cover.cell(row, 2).protection.locked for row in range(4, 11)] == [
        True,
        True,
        False,
        False,
        True,
        True,
        True,
    ]


def test_limits_and_lists_stand_on_every_answer(catalogue, book):
    """Each answer has its limit; names come from the lists in force; a name the list lacks is let through."""
    grid = book["BM01 Tiến độ"]
    rules = grid.data_validations.dataValidation
    covered = {cell for rule in rules for area in rule.sqref.ranges for cell in area.cells}
    asked = [line for line in catalogue.lines("OCOP-XA", MONTH.end) if line.part == "grid"]
    assert (
        len(covered)
        == len(asked)
        == sum(len(list(area.cells)) for rule in rules for area in rule.sqref.ranges)
    )
    # A rule of several cells speaks of the first one; the others are meant by their distance from it.
    many = [rule for rule in rules if ":" in str(rule.sqref) and rule.type == "custom"]
    assert many
    assert all(f"ISNUMBER({str(rule.sqref).partition(':')[0]})" in rule.formula1 for rule in many)
    register = book["BM02 Sổ sản phẩm"]
    lists = [rule for rule in register.data_validations.dataValidation if rule.type == "list"]
    assert len(lists) == 5
    assert {rule.errorStyle for rule in lists} == {"warning"}
    items = book["Danh mục"]
    stars = [items.cell(row, 3).value for row in range(1, 7)]
    assert stars == ["star", "3 sao", "4 sao", "Tiềm năng 5 sao", "5 sao", "Không đạt hoặc chưa đánh giá"]


def test_the_register_and_the_tasks_are_filled_in(book):
    """Products as they are known, a text that begins with = as text; the task with its state."""
    sheet = book["BM02 Sổ sản phẩm"]
    header = next(row for row in range(1, 12) if sheet.cell(row, 1).value == "TT")
    assert [sheet.cell(header + 1, column).value for column in (1, 2, 3, 10)] == [
        1,
        "Cà phê bột",
        "Thực phẩm",
        "3 sao",
    ]
    assert sheet.cell(header + 1, 11).value.date() == date(2026, 11, 2)
    assert sheet.cell(header + 1, 17).value is None
    assert (sheet.cell(header + 2, 2).value, sheet.cell(header + 2, 2).data_type) == ("=Chè xanh", "s")
    assert sheet.cell(header + 2, 17).value == "4 sao"
    tasks = book["BM04 Nhiệm vụ"]
    assert [tasks.cell(5, column).value for column in (1, 2, 3, 4)] == [
        "NV01",
        "Rà soát sản phẩm",
        "Đang thực hiện",
        40,
    ]


def test_the_guide_names_what_lapses_and_what_each_line_counts(catalogue, book):
    """A certificate that lapses within half a year is named; every key leads to its explanation."""
    guide = book["Hướng dẫn"]
    texts = [str(cell.value) for row in guide.iter_rows() for cell in row if cell.value]
    assert "Cà phê bột" in texts
    assert "=Chè xanh" not in texts
    assert any("14/10/2026" in text for text in texts)
    grid = book["BM01 Tiến độ"]
    row = next(row for row in range(1, grid.max_row + 1) if grid.cell(row, 1).value == "TT04")
    target = grid.cell(row, 1).hyperlink.location
    assert guide[target.split("!")[1]].value == "TT04"


def test_a_basis_known_second_hand_is_not_printed(catalogue):
    """Of the criteria of 2026 only a copy was read: until a site confirms it, no form rests on it."""
    words = catalogue.template_words
    assert any(not each.is_read for each in words.basis)
    assert all("26/2026" not in text for text in words.basis_on(MONTH.end))
    assert any("148/QĐ-TTg" in text for text in words.basis_on(date(2025, 1, 14)))


def test_totals_are_live_and_blank_while_their_parts_are(made):
    """A total adds its own parts up, of which only; without a part it stays blank, which is not nought."""
    book = openpyxl.load_workbook(io.BytesIO(made))
    grid = book["BM01 Tiến độ"]
    rows = {grid.cell(row, 1).value: row for row in range(1, grid.max_row + 1)}
    formula = grid.cell(rows["DT02"], 4).value
    parts = [rows[code] for code in rows if str(code).startswith("DT02.group=")]
    assert formula.startswith("=IF(COUNT(")
    assert all(f"D{row}" in formula for row in parts)
    women = rows["DT02.mark=women"]
    assert f"D{women}" not in formula


def test_the_manifest_is_hidden_signed_and_no_other_key_signs_alike(book, commune):
    """It names form, layout, unit and month; a changed word or another key makes it worth nothing."""
    sheet = book[SHEET]
    assert sheet.sheet_state == "veryHidden"
    fields = {sheet.cell(row, 1).value: sheet.cell(row, 2).value or "" for row in range(1, sheet.max_row + 1)}
    found = verified(fields, KEY)
    assert (found.form, found.layout, found.unit_id, found.period) == (
        "OCOP-XA", "xa-2026", commune.unit.unit_id, "2026-10",
    )  # fmt: skip
    assert verified(fields, b"x" * 32) is None
    assert verified(fields | {"unit_id": "c00004.2"}, KEY) is None
    assert verified({}, KEY) is None


def test_filled_in_it_is_accepted(catalogue, book, commune, tmp_path):
    """Our own reader knows whose it is and takes the figures, the prefilled rows and nothing of the other sheets."""
    judged = _judged(
        catalogue, tmp_path, _filled(book, {"CD03": 2, "TT04": "không phát sinh", **_totals(book)})
    )
    assert [finding for finding in judged.findings if finding.severity == "error"] == []
    assert judged.identity.unit_id == commune.unit.unit_id
    assert judged.identity.layout == "xa-2026"


def _totals(book):
    """Noughts over the formulas, which openpyxl does not compute."""
    grid = book["BM01 Tiến độ"]
    found = {}
    for row in range(1, grid.max_row + 1):
        if any(str(grid.cell(row, column).value).startswith("=IF(") for column in (4, 5)):
            found[grid.cell(row, 1).value] = 0
    funds = book["BM03 Kinh phí"]
    for row in funds.iter_rows():
        for cell in row:
            if str(cell.value).startswith("=IF("):
                cell.value = 0
    return found


def test_sent_back_untouched_it_is_returned(catalogue, made, tmp_path):
    """A template nobody filled in is no report: what is required is asked for, at its cell."""
    judged = _judged(catalogue, tmp_path, made)
    assert str(judged.verdict) == "returned"
    assert {finding.code for finding in judged.findings if finding.severity == "error"} >= {"REQUIRED_BLANK"}


def test_printable_on_a4(catalogue, book):
    """Every sheet that is printed is A4."""
    hidden = {catalogue.template_words.lists_sheet, SHEET}
    sizes = [sheet.page_setup.paperSize for sheet in book.worksheets if sheet.title not in hidden]
    assert sizes == [9] * 7


# ------------------------------------------------------------------------------------- it comes back


def _back(catalogue, tmp_path, book, key=KEY):
    """What is found in a filled-in workbook that comes back, by code."""
    path = tmp_path / "back.xlsx"
    path.write_bytes(_filled(book, {"CD03": 2, "TT04": 1, **_totals(book)}))
    judged = check([path], catalogue, TODAY, key=key)[0]
    return judged, {finding.code: finding for finding in judged.findings}


def _cover(book):
    """The cells of the cover sheet, by label."""
    sheet = book["Thông tin chung"]
    return {sheet.cell(row, 1).value: sheet.cell(row, 2) for row in range(1, 12)}


def test_a_template_that_comes_back_is_known(catalogue, book, commune, tmp_path):
    """Filled in as it was sent out there is nothing to say of it."""
    judged, found = _back(catalogue, tmp_path, book)
    assert judged.identity.unit_id == commune.unit.unit_id
    assert not {code for code in found if code.startswith("TEMPLATE")}


def test_what_the_cover_leaves_blank_the_template_knows(catalogue, book, commune, tmp_path):
    """Unit and month wiped from the cover sheet are those it was made for; without the key nobody would know."""
    for label in ("Kỳ báo cáo", "Mã đơn vị hành chính", "Đơn vị báo cáo"):
        _cover(book)[label].value = None
    judged, found = _back(catalogue, tmp_path, book)
    assert (judged.identity.unit_id, judged.identity.period) == (commune.unit.unit_id, MONTH.key)
    assert "UNIT_CODE_MISSING" not in found
    unknown, _ = _back(catalogue, tmp_path, book, key=None)
    assert unknown.identity is None


def test_a_neighbours_template_is_asked_about_at_its_cell(catalogue, book, senders, commune, tmp_path):
    """The cover decides whose report it is; that the workbook was made for another is a warning with both names."""
    other = next(each for each in senders if each.form == "OCOP-XA" and each.unit != commune.unit)
    _cover(book)["Mã đơn vị hành chính"].value = other.unit.code
    _cover(book)["Đơn vị báo cáo"].value = other.unit.full_name
    judged, found = _back(catalogue, tmp_path, book)
    finding = found["TEMPLATE_OF_OTHER_SENDER"]
    assert judged.identity.unit_id == other.unit.unit_id
    assert (str(finding.severity), finding.sheet, finding.cell) == ("warning", "Thông tin chung", "B8")
    assert commune.unit.full_name in str(finding.args)
    assert other.unit.full_name in str(finding.args)


def test_last_months_template_typed_over_is_asked_about(catalogue, book, tmp_path):
    """A month written over the one it was made for: the figures may be old."""
    _cover(book)["Kỳ báo cáo"].value = "09/2026"
    judged, found = _back(catalogue, tmp_path, book)
    assert judged.identity.period == "2026-09"
    assert found["TEMPLATE_OF_OTHER_MONTH"].cell == "B5"


def test_a_department_by_its_own_template(catalogue, senders, tmp_path):
    """A department's name wiped from the cover sheet is the one the workbook was made for."""
    sender = next(each for each in senders if each.agency)
    book = openpyxl.load_workbook(io.BytesIO(template(catalogue, sender, MONTH, Known(), KEY, NONCE)))
    sheet = book.worksheets[0]
    label = next(row for row in range(1, 15) if str(sheet.cell(row, 2).value) == sender.agency_name)
    sheet.cell(label, 2).value = None
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert check([path], catalogue, TODAY, key=KEY)[0].identity.agency == sender.agency
    assert check([path], catalogue, TODAY)[0].identity is None


@pytest.mark.parametrize("change", [("unit_id", "c00004.2"), ("period", "2026-09"), ("signature", "0" * 32)])
def test_a_changed_manifest_is_worth_nothing(catalogue, book, commune, tmp_path, change):
    """Whoever changes the hidden sheet is told by the signature: the cover alone counts, and it is said."""
    name, text = change
    sheet = book[SHEET]
    next(sheet.cell(row, 2) for row in range(1, 12) if sheet.cell(row, 1).value == name).value = text
    judged, found = _back(catalogue, tmp_path, book)
    assert judged.identity.unit_id == commune.unit.unit_id
    assert judged.identity.period == MONTH.key
    assert str(found["TEMPLATE_NOT_OURS"].severity) == "warning"


def test_a_site_that_sends_out_none_asks_nothing(catalogue, book, tmp_path):
    """Without a key of its own a site cannot tell whose signature it is, and does not guess."""
    _, found = _back(catalogue, tmp_path, book, key=None)
    assert not {code for code in found if code.startswith("TEMPLATE")}


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    """The same key for every template of a site; nothing there before the first."""
    settings = load_settings(tmp_path, environment={})
    assert known_key(settings) is None
    key = site_key(settings)
    assert len(key) == 32
    assert site_key(settings) == key == known_key(settings)
    assert (settings.state / "template.key").stat().st_mode & 0o077 == 0
