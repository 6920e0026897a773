"""What clumsy and hostile senders write that once was taken wrongly without a word, lost, or read without end."""

import hashlib
import os
import time
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.domain.forms import FUNDING, GRID, INFO, REGISTER, REMARKS, TASKS
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.cells import STATES, read_day
from ocop_pipeline.intake.extract import TEXT_END, Extract, extract
from ocop_pipeline.intake.grid import Sheet, Workbook
from ocop_pipeline.intake.judge import judge
from ocop_pipeline.intake.parts import PartOf, part_bytes, read_reports
from ocop_pipeline.intake.process import take_in
from ocop_pipeline.intake.reasons import Reason, ReasonHeaders, read_reasons, with_reasons
from ocop_pipeline.intake.recognise import identify, identify_as
from ocop_pipeline.intake.tables import Candidate
from ocop_pipeline.warehouse.ledger import Ledger, ReviewRecord
from tests.unit.intake.filled import PRODUCT, shipped, shipped_spec, sound
from tests.unit.intake.test_parts import _xlsx

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)

AMOUNT = (GRID, "KT01", "in_period")
PLANNED = (FUNDING, "KP", "planned")


def _changed(form, part, change):
    """The workbook of a form with the rows of one part changed in place."""
    sheet = form.layout.sheet(part)
    name, book = form.rename.get(part, sheet.name), form.workbook()
    for each in book.sheets:
        if each.name == name:
            change(each.rows)
    return book


def _money(found, form, line=PLANNED):
    """State and number at a line of the form, and the codes of findings."""
    layout = next(each for each in shipped_spec().layouts if each.code == found.layout)
    key = form._key_of(line[0], line[1])
    slots = [at for at, slot in enumerate(found.slots) if layout.slots[slot] == (line[0], key, line[2])]
    codes = [each.code for each in found.findings]
    return [(STATES[found.states[at]], found.numbers[at]) for at in slots], codes


@pytest.mark.parametrize(
    ("unit", "read"),
    [
        ("tỷ VNĐ", 150500.0), ("Nghìn VNĐ", 0.1505), ("1.000 đ", 0.1505), ("1000đ", 0.1505), ("triệu đ", 150.5),
        ("Tr.đồng", 150.5), ("1.000.000 đồng", 150.5), ("triệu VND", 150.5), ("tỷ đ", 150500.0), ("10.000 đ", 1.505),
    ],
)  # fmt: skip
def test_a_unit_of_money_is_known_however_it_is_written(unit, read):
    """The unit cell of a line, a header and a caption scale the money whichever word they use for đồng."""
    form = sound(shipped(), values={PLANNED: 150.5, AMOUNT: 150.5})
    lines = _money(extract(shipped_spec(), _in_unit_cell(form, unit)), form, AMOUNT)
    assert lines == ([("number", read)], [])

    def in_header(rows):
        rows[2][rows[2].index("Kế hoạch năm")] = f"Kế hoạch năm (ĐVT: {unit})"

    def in_caption(rows):
        rows[1][0] = f"Đơn vị tính: {unit}"

    for change in (in_header, in_caption):
        found = extract(shipped_spec(), _changed(form, FUNDING, change))
        assert _money(found, form) == ([("number", read)], []), change.__name__


FOREIGN = ["USD", "triệu USD", "nghìn đô la Mỹ", "EUR", "1.000 €", "$", "%", "tấn", "sản phẩm"]


@pytest.mark.parametrize("unit", [*FOREIGN, "bao"])
def test_money_in_a_unit_nobody_knows_is_no_figure(unit):
    """What is not đồng is not taken for triệu đồng; the cell is named."""
    form = sound(shipped(), values={AMOUNT: 150.5})
    assert _money(extract(shipped_spec(), _in_unit_cell(form, unit)), form, AMOUNT) == (
        [("text", 0.0)], ["MONEY_UNIT_FOREIGN"],
    )  # fmt: skip


def _headed(text):
    def change(rows):
        rows[2][rows[2].index("Kế hoạch năm")] = text

    return change


def _captioned(text):
    def change(rows):
        rows[1][0] = text

    return change


def _below(text):
    def change(rows):
        below = [None] * len(rows[2])
        below[rows[2].index("Kế hoạch năm")] = text
        rows.insert(3, below)

    return change


WAYS = [
    lambda unit: _headed(f"Kế hoạch năm ({unit})"),
    lambda unit: _headed(f"Kế hoạch năm: {unit}"),
    lambda unit: _headed(f"Kế hoạch năm (ĐVT: {unit})"),
    lambda unit: _captioned(f"Đơn vị tính: {unit}"),
    lambda unit: _captioned(f"Biểu kinh phí (đơn vị tính: {unit})"),
    lambda unit: _below(f"({unit})"),
    _below,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("unit", FOREIGN)
def test_a_heading_in_another_currency_or_quantity_is_an_error_that_says_so(unit, way):
    """Dollars, per cent and tonnes are not converted and not taken for triệu đồng; nought of them is nought."""
    form = sound(shipped(), values={PLANNED: 150.5})
    found = extract(shipped_spec(), _changed(form, FUNDING, way(unit)))
    values, codes = _money(found, form)
    assert (values, set(codes)) == ([("text", 0.0)], {"MONEY_UNIT_FOREIGN"})
    assert found.findings[0].args == {"text": "150,5", "unit": unit}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("unit", "read"), [("triệu đồng", 150.5), ("tỷ đồng", 150500.0), ("nghìn đồng", 0.1505)]
)
def test_a_heading_in_dong_scales_its_amounts(unit, read, way):
    """Wherever the heading says it."""
    form = sound(shipped(), values={PLANNED: 150.5})
    found = extract(shipped_spec(), _changed(form, FUNDING, way(unit)))
    assert _money(found, form) == ([("number", read)], [])


@pytest.mark.parametrize(
    "heading",
    ["Kế hoạch năm (1)", "Kế hoạch năm (ngân sách xã)", "Kế hoạch năm (lũy kế)", "Kế hoạch năm (tỉnh, xã)"],
)
def test_brackets_that_name_no_unit_change_nothing(heading):
    """A number of a column, or whose money it is."""
    form = sound(shipped(), values={PLANNED: 150.5})
    found = extract(shipped_spec(), _changed(form, FUNDING, _headed(heading)))
    assert _money(found, form) == ([("number", 150.5)], [])


def test_a_cell_that_says_dong_itself_is_believed_under_a_foreign_heading():
    """What stands in the cell comes first, as everywhere."""
    form = sound(shipped(), values={PLANNED: "150,5 triệu đồng"})
    found = extract(shipped_spec(), _changed(form, FUNDING, _headed("Kế hoạch năm (USD)")))
    assert _money(found, form)[0] == [("number", 150.5)]


def test_a_title_that_speaks_of_dollars_names_no_unit():
    """Only a unit alone in brackets, or behind "Đơn vị tính", stands for the table."""
    form = sound(shipped(), values={PLANNED: 150.5})
    title = "Kinh phí (dự án vay 2 triệu USD của ngân hàng, đơn vị nhận: xã)"
    found = extract(shipped_spec(), _changed(form, FUNDING, _captioned(title)))
    assert _money(found, form) == ([("number", 150.5)], [])


def _in_unit_cell(form, unit):
    key = form._key_of(*AMOUNT[:2])

    def change(rows):
        row = next(row for row in rows if row[0] == key)
        row[rows[2].index("Đơn vị tính")] = unit

    return _changed(form, GRID, change)


def _in_dong(form):
    def change(rows):
        rows[2][rows[2].index("Kế hoạch năm")] = "Kế hoạch năm (đồng)"

    return extract(shipped_spec(), _changed(form, FUNDING, change))


def test_of_two_readings_of_an_amount_in_dong_the_whole_and_larger_counts():
    """There is no part of a đồng: 150.000 in such a column is 0,15 triệu though the file writes 2.5 elsewhere."""
    form = sound(shipped(), values={PLANNED: "150.000", AMOUNT: "2.5"})
    assert _money(_in_dong(form), form)[0] == [("number", 0.15)]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_breaks_no_reading(number):
    """Neither endless nor undefined amounts stop the file, or count."""
    form = sound(shipped(), values={PLANNED: number})
    ((state, _),), _ = _money(_in_dong(form), form)
    assert state == "text"


MANY = 6_000


def _timed(form):
    begun = time.process_time()
    found = extract(shipped_spec(), form.workbook())
    assert time.process_time() - begun < 4
    return found


def test_doubtful_cells_in_thousands_are_settled_in_time():
    """Dates, shares and numbers that can be read two ways cost no more each the more of them there are."""
    days = [dict(PRODUCT) | {"first_date": "03/04/2026", "first_year": "2.026"} for _ in range(MANY)]
    days[0]["first_date"] = "10/25/2025"
    tasks = [{"task_text": "Tập huấn", "progress": 0.5} for _ in range(MANY)]
    tasks[0]["progress"] = 45
    _timed(sound(shipped(), register=days))
    found = _timed(sound(shipped(), tasks=tasks))
    assert sum(each.code == "PERCENT_UNCLEAR" for each in found.findings) == MANY - 1


COVERS = {
    INFO: "Trang 1",
    GRID: "Trang 2",
    REGISTER: "Trang 3",
    FUNDING: "Trang 4",
    TASKS: "Trang 5",
    REMARKS: "Trang 6",
}


def _joined(*forms):
    return Workbook("xlsx", tuple(sheet for form in forms for sheet in form.workbook().sheets))


def test_a_second_report_under_the_same_sender_is_never_dropped_in_silence():
    """A copied cover whose unit was not changed leaves two reports of one unit; the one not read is named."""
    names = {part: name.replace("Trang", "Sheet") for part, name in COVERS.items()}
    first = sound(shipped(), rename=COVERS)
    second = sound(shipped(), rename=names, values={(GRID, "TT04", "in_period"): 7})
    found = read_reports(shipped_spec(), _joined(first, second))
    assert isinstance(found, Extract)
    left = {each.sheet for each in found.findings if each.code == "SHEET_NOT_READ"}
    assert left == set(names.values())


OTHER = {"unit_code": "24787", "unit_name": None}


def _is_unclear(*sheets):
    found = read_reports(shipped_spec(), Workbook("xlsx", sheets))
    return isinstance(found, Extract) and [each.code for each in found.findings] == ["SEVERAL_REPORTS"]


def test_no_figures_are_given_to_the_unit_of_another_cover():
    """A lone cover of another unit before a report, or all covers before all sheets: nobody can tell whose they are."""
    names = {part: name.replace("Trang", "Sheet") for part, name in COVERS.items()}
    first = sound(shipped(), rename=COVERS).workbook().sheets
    second = sound(shipped(), rename=names, info=OTHER).workbook().sheets
    assert _is_unclear(second[0], *first)
    assert _is_unclear(first[0], second[0], *first[1:], *second[1:])
    copy = sound(shipped(), rename=names, info={"period": "09/2026"}).workbook().sheets
    assert not _is_unclear(copy[0], *first), "one's own old cover is no other unit's"


def test_a_sender_told_for_a_month_without_the_form_is_refused():
    """A person's slip in the month stops no run: the file waits again and says why."""
    read = extract(shipped_spec(), sound(shipped()).workbook())
    unit = identify(read, shipped(), date(2026, 11, 1)).identity.unit_id
    for period in ("2019-03", "2031-01"):
        known = identify_as(
            read, shipped(), ReviewRecord("", "accept", "", "", NOW, unit, "", period), NOW.date()
        )
        assert known.identity is None, period
        assert [each.code for each in known.findings] == ["SENDER_TOLD_CANNOT_BE"]


def test_bytes_that_name_a_part_do_not_take_its_place(tmp_path):
    """Whoever sends the few bytes that stand for a part before the workbook itself loses no report of it."""
    (tmp_path / "inbox").mkdir()
    names = {part: f"{sound(shipped()).layout.sheet(part).name} (2)" for part in COVERS}
    data = _xlsx(sound(shipped()), sound(shipped(), rename=names, info=OTHER))
    first = tuple(sheet.name for sheet in sound(shipped()).layout.sheets)

    def look(name, sent):
        path = tmp_path / "inbox" / name
        path.write_bytes(sent)
        os.utime(path, (1_790_000_000, 1_790_000_000))
        with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
            archive = Archive(tmp_path / "archive")
            return take_in(tmp_path / "inbox", archive, ledger, shipped(), NOW, workers=1)

    look("truoc.json", part_bytes(PartOf(hashlib.sha256(data).hexdigest(), first)))
    taken = look("tong-hop.xlsx", data)
    assert sorted(str(each.verdict) for each in taken.judgements) == ["accepted", "accepted", "set_aside"]


def test_a_dash_is_no_reason_and_a_sheet_of_ones_own_hides_none():
    """Ticks, dashes and numbers answer nothing, in either place; a sheet that is only called alike is passed over."""
    headers = ReasonHeaders("can sua", "trang", "o", "ly do")
    rows = [
        ["Trang", "Ô", "Lý do"],
        ["A", "B2", "-"],
        ["A", "B3", "x"],
        ["A", "B4", 1.0],
        ["A", "B5", "Đúng"],
    ]
    own = Sheet("Cần sửa chữa nhà", hidden=False, rows=[["x", None, None]])
    read = read_reasons(headers, [own, Sheet("Cần sửa", hidden=False, rows=rows)])
    assert read == (Reason("A", "B5", "Đúng"),)
    warning = Finding("UNKNOWN_LINE", Severity.WARNING, "A", "B9")
    assert [each.reason for each in with_reasons([warning], read, {("A", 9): "–"})] == [""]
    assert [each.reason for each in with_reasons([warning], read, {("A", 9): "Xã mới"})] == ["Xã mới"]


def test_the_day_of_a_report_is_read_as_its_other_days_are():
    """A file that writes the month first does so on its cover too: what is told of a repair is what counts."""
    rows = [dict(PRODUCT) | {"first_date": "10/25/2025"}]
    form = sound(shipped(), register=rows, info={"reported_on": "03/04/2026"})
    found = extract(shipped_spec(), form.workbook())
    told = [each for each in found.repairs if each.before == "03/04/2026"]
    assert [each.after for each in told] == ["04/03/2026"]
    assert date.fromordinal(found.info["reported_on"].day) == date(2026, 3, 4)


def _beside(rows, header, values):
    """Put a column of this header before the column "Trong kỳ"; its lines say what `values` makes of that column."""
    top = next(number for number, row in enumerate(rows) if "Trong kỳ" in row)
    at = rows[top].index("Trong kỳ")
    for number, row in enumerate(rows):
        row.insert(at, header if number == top else values(row[at]) if number > top else None)


@pytest.mark.parametrize("header", ["Trong kỳ", "TRONG KỲ (tháng 9)", "Trong kỳ: T9"])
@pytest.mark.parametrize("seen", [False, True])
def test_a_header_that_stands_twice_is_asked_about(header, seen):
    """Of two columns of one name with different figures none is taken; an empty one, or the same again, is harmless."""
    form = sound(shipped())
    older = (
        (lambda value: value + 7 if isinstance(value, float) else value) if seen else (lambda value: value)
    )
    found = extract(shipped_spec(), _changed(form, GRID, lambda rows: _beside(rows, header, older)))
    held, codes = _money(found, form, (GRID, "TT05", "in_period"))
    if seen:
        (told,) = found.findings
        assert (held, codes, told.cell) == ([], ["DUPLICATE_COLUMN"], "E3")
        assert told.args == {"headers": "“Trong kỳ”", "first": "D3"}
    else:
        assert (held, codes) == ([("number", 120.0)], [])


def test_a_second_table_beside_the_first_is_asked_about():
    """Last month's table left of this month's is not read in its place."""
    form = sound(shipped())

    def older_left(rows):
        for row in rows:
            row[:0] = [value + 1 if isinstance(value, float) else value for value in row]

    found = extract(shipped_spec(), _changed(form, GRID, older_left))
    assert [(each.code, each.args["headers"]) for each in found.findings] == [
        ("DUPLICATE_COLUMN", "“Trong kỳ”, “Cuối kỳ”")
    ]


def test_a_sheet_of_another_name_with_the_columns_of_the_form_is_named():
    """Whoever works on a copy called "Tháng 10" is told that the sheet of the form's own name was read."""
    form = sound(shipped())
    book = form.workbook()
    grid = next(sheet for sheet in book.sheets if sheet.name == "BM01 Tiến độ")
    copy, lists = (
        Sheet("Tháng 10", False, grid.rows),
        Sheet("Danh sách", False, [["Chỉ tiêu", "Trong kỳ"], ["a", 1.0]]),
    )
    found = read_reports(shipped_spec(), Workbook("xlsx", (*book.sheets, copy, lists)))
    assert [(each.code, each.sheet) for each in found.findings] == [("SHEET_NOT_READ", "Tháng 10")]


def test_a_line_without_its_code_is_named_by_its_words():
    """Whoever deleted the code of a line is told which line's figure is not counted."""
    form = sound(shipped())

    def without_code(rows):
        line = next(row for row in rows if row and row[0] == "TT05")
        line[0] = None

    found = extract(shipped_spec(), _changed(form, GRID, without_code))
    assert [key for _, key in found.keys] == ["?Lượt người dự tuyên truyền"]


@pytest.mark.parametrize(
    ("low", "codes"), [("TT05", ["MERGED_OVER_LINES"]), ("TT04", [])], ids=["over two lines", "within one"]
)
def test_one_figure_merged_over_two_lines_is_asked_about(low, codes):
    """A figure over several lines is nobody's; a cell merged with a heading or over one line is that line's."""
    form = sound(shipped(), values={(GRID, "TT05", "in_period"): None})
    book = form.workbook()
    grid = next(sheet for sheet in book.sheets if sheet.name == "BM01 Tiến độ")
    top = next(number for number, row in enumerate(grid.rows) if row[0] == "TT04")
    last = next(number for number, row in enumerate(grid.rows) if row[0] == low)
    grid = replace(grid, merged=((top, 3, last, 3), (0, 0, top - 1, 2)))
    sheets = tuple(grid if sheet.name == grid.name else sheet for sheet in book.sheets)
    found = extract(shipped_spec(), replace(book, sheets=sheets))
    assert [each.code for each in found.findings] == codes
    if codes:
        assert found.findings[0].args == {"cells": f"D{top + 1}:D{last + 1}"}


def test_a_table_that_stands_again_below_is_told_once():
    """A hundred lines pasted below a second time are one sentence, at the first of them; a few are named each."""
    form = sound(shipped())
    lines = form.grids()["BM01 Tiến độ"][3:]
    again = extract(shipped_spec(), sound(shipped(), footer={GRID: lines}).workbook())
    (told,) = again.findings
    assert (told.code, told.cell, told.args) == (
        "TABLE_REPEATED", f"A{3 + len(lines) + 1}", {"line": "CD01", "count": str(len(lines))},
    )  # fmt: skip
    few = extract(shipped_spec(), sound(shipped(), footer={GRID: lines[:2]}).workbook())
    assert [each.args["line"] for each in few.findings] == ["CD01", "CD02"]


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "Cộng rong biển"), ("1", "Cộng rong biển"), ("1.", "Tổng số 9"), (None, "Cộng đồng Homestay")],
)
def test_a_product_called_like_a_total_is_a_product(number, name):
    """What bears a number is a line of the register, whatever its name begins with; a total has none."""
    rows = [
        PRODUCT | {"row_no": number, "product_name": name},
        PRODUCT | {"row_no": None, "product_name": "Cộng"},
    ]
    found = extract(shipped_spec(), sound(shipped(), register=rows).workbook())
    assert name in found.texts.split("\x1f")
    assert "Cộng" not in found.texts.split("\x1f")


def test_a_header_of_two_rows_is_read():
    """Where the key is merged over two rows and the second names the columns, both rows are the header."""
    form = sound(shipped())

    def in_two_rows(rows):
        header = rows[2]
        rows[2:3] = [
            [header[0], header[1], header[2], "Năm 2026", None, header[5]],
            [None, None, None, header[3], header[4], None],
        ]

    found = extract(shipped_spec(), _changed(form, GRID, in_two_rows))
    assert _money(found, form, (GRID, "TT05", "in_period")) == ([("number", 120.0)], [])
    assert len(found.rows) == len(extract(shipped_spec(), form.workbook()).rows)


def test_money_too_little_for_its_heading_has_one_sentence():
    """Amounts in triệu đồng under a heading of đồng are asked about once, as their sender sees them."""
    form = sound(shipped(), values={PLANNED: 150.5})

    def in_dong(rows):
        rows[2][rows[2].index("Kế hoạch năm")] = "Kế hoạch năm (đồng)"

    extracted = extract(shipped_spec(), _changed(form, FUNDING, in_dong))
    known = identify(extracted, shipped(), date(2026, 11, 22))
    candidate = Candidate("0" * 64, "x", "", NOW, known.identity, extracted, known.findings)
    (judged,) = judge([candidate], shipped_spec(), shipped()).judgements
    first = form.address_of(*PLANNED)
    assert [(each.code, each.args["text"]) for each in judged.findings if each.cell == first] == [
        ("MONEY_TOO_LITTLE", "150,5")
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Ngày 08 tháng 10 năm 2026", date(2026, 10, 8)), ("8 tháng 10 năm 2026", date(2026, 10, 8)),
        ("2026/10/08", date(2026, 10, 8)), ("2026-10/08", None), ("08/10/0026", None), ("tháng 10 năm 2026", None),
        ("ngày 31 tháng 02 năm 2026", None),
    ],
)  # fmt: skip
def test_days_in_words_are_read_and_impossible_years_are_not(text, day):
    """A day as official letters write it is a day; a year with its century forgotten is none."""
    assert read_day(text) == day


def _remarks(rows):
    """What a form says on its sheet of remarks when its rows begin with these, by field; and the cells asked about."""
    form = sound(shipped(), remarks={"proposals": "Thêm vốn"})
    found = extract(
        shipped_spec(), _changed(form, REMARKS, lambda known: known.__setitem__(slice(2, 4), rows))
    )
    layout = next(each for each in shipped_spec().layouts if each.code == found.layout)
    texts = iter(found.texts.split(TEXT_END))
    said = {}
    for at, slot in enumerate(found.slots):
        text = next(texts) if found.has_text[at] else ""
        if layout.slots[slot][0] == REMARKS and text:
            said[layout.slots[slot][2]] = text
    assert said.pop("proposals") == "Thêm vốn"
    return said, [(each.code, each.cell) for each in found.findings]


def test_a_remark_that_goes_on_is_read_to_its_end():
    """Rows below, cells further right and a text under its label belong to the remark; none is lost."""
    difficulties, causes = "Khó khăn, vướng mắc", "Nguyên nhân"
    assert _remarks([[difficulties, "Thiếu vốn"], [None, "Thiếu người"], [None, 2026.0], [causes, "Giá"]]) == (
        {"difficulties": "Thiếu vốn\nThiếu người\n2026", "causes": "Giá"}, [],
    )  # fmt: skip
    assert _remarks([[difficulties, "Thiếu vốn", "thiếu đất"], [causes, None]]) == (
        {"difficulties": "Thiếu vốn\nthiếu đất"}, [],
    )  # fmt: skip
    assert _remarks([[f"{difficulties}:", None], ["Thiếu vốn"], ["Thiếu đất"], [causes, None]]) == (
        {"difficulties": "Thiếu vốn"}, [("REMARK_NOT_READ", "A5")],
    )  # fmt: skip
    assert _remarks([[difficulties, "Thiếu vốn"], [], [None, "Người lập"], [causes, None]]) == (
        {"difficulties": "Thiếu vốn"}, [],
    )  # fmt: skip


def test_a_header_again_within_the_register_is_no_product():
    """The header that a printed register repeats on each page is passed over."""
    form = sound(shipped(), register=[PRODUCT, PRODUCT | {"product_name": "Trà Mây"}])

    def on_each_page(rows):
        rows.insert(4, list(rows[2]))

    found = extract(shipped_spec(), _changed(form, REGISTER, on_each_page))
    said = found.texts.split(TEXT_END)
    assert "Tên sản phẩm" not in said
    assert {"Trà Lá Sương", "Trà Mây"} <= set(said)


@pytest.mark.parametrize("addition", ["lũy kế từ đầu năm", "tháng trước", "cùng kỳ năm trước"])
def test_a_header_that_says_other_figures_is_not_the_forms(addition):
    """What a header adds in brackets may make its column another: it stands for none of the form's."""
    form = sound(shipped())

    def alone(rows):
        rows[2][rows[2].index("Trong kỳ")] = f"Trong kỳ ({addition})"

    found = extract(shipped_spec(), _changed(form, GRID, alone))
    assert [(each.code, each.args["header"]) for each in found.findings] == [("MISSING_COLUMN", "Trong kỳ")]
    older = f"Trong kỳ ({addition})", lambda value: value + 7 if isinstance(value, float) else value
    both = extract(shipped_spec(), _changed(form, GRID, lambda rows: _beside(rows, *older)))
    assert _money(both, form, (GRID, "TT05", "in_period")) == ([("number", 120.0)], [])


def test_a_header_may_say_again_what_its_figures_are():
    """Added "(từ đầu năm)" behind cumulated figures, "(lũy kế)" behind a closing figure, change nothing."""
    form = sound(shipped())

    def more(rows):
        header = rows[2]
        for text, addition in (("Giải ngân lũy kế", "từ đầu năm"), ("Cuối kỳ", "lũy kế đến cuối kỳ")):
            if text in header:
                header[header.index(text)] = f"{text} ({addition})"

    for part in (GRID, FUNDING):
        found = extract(shipped_spec(), _changed(form, part, more))
        assert (found.findings, len(found.rows)) == ((), len(extract(shipped_spec(), form.workbook()).rows))


@pytest.mark.parametrize("ditto", ["nt", "Như trên", '"', "〃", "-nt-"])
def test_as_above_in_a_register_is_what_stands_above(ditto):
    """A producer, a kind or a decision given as "nt" is the one above, and nobody is called so."""
    fields = ("producer_name", "producer_type", "commune_name", "first_decision", "product_group")
    again = PRODUCT | {"product_name": "Trà Mây"} | dict.fromkeys(fields, ditto)
    said = extract(shipped_spec(), sound(shipped(), register=[PRODUCT, again]).workbook()).texts.split(
        TEXT_END
    )
    assert ditto not in said
    assert said.count("HTX Lá Sương") == said.count("01/QĐ-UBND") == 2


def test_as_above_under_nothing_stays_what_it_is():
    """In the first row of a register there is nothing above: the rules ask what "nt" is."""
    first = extract(shipped_spec(), sound(shipped(), register=[PRODUCT | {"producer_type": "nt"}]).workbook())
    assert "nt" in first.texts.split(TEXT_END)
