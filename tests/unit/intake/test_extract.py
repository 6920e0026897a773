"""Reading a form out of a workbook: cells, tables wherever they stand, layouts by content."""

import pickle
import unicodedata
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.domain.forms import FUNDING, GRID, REGISTER, REMARKS, TASKS
from ocop_pipeline.intake.cells import LARGEST_NUMBER, STATES, clean, fold, is_dash, read_day, read_number
from ocop_pipeline.intake.extract import TEXT_END, Extract, extract
from ocop_pipeline.intake.grid import CellError, Sheet, Workbook, address
from ocop_pipeline.intake.workbook import read_bytes
from tests.unit.intake.filled import PRODUCT, SOUND_VALUES, shipped, shipped_spec, sound


@pytest.fixture(scope="module")
def catalogue():
    """The shipped catalogue."""
    return shipped()


@pytest.fixture(scope="module")
def spec(catalogue):
    """What the reading children know."""
    return shipped_spec()


def cells(spec, found: Extract):
    """(part, line key or row, field) -> (address, state, number, text, day)."""
    slots = next(layout.slots for layout in spec.layouts if layout.code == found.layout)
    filled = [at for at, has_text in enumerate(found.has_text) if has_text]
    texts = dict(zip(filled, found.texts.split(TEXT_END), strict=True)) if filled else {}
    days, keys = dict(zip(found.day_at, found.days, strict=True)), dict(found.keys)
    read = {}
    for at, slot in enumerate(found.slots):
        part, line, name = slots[slot]
        key = keys.get(at) or line or str(found.rows[at])
        day = date.fromordinal(days[at]) if at in days else None
        where = address(found.rows[at] - 1, found.columns[at])
        read[part, key, name] = (where, STATES[found.states[at]], found.numbers[at], texts.get(at), day)
    return read


def codes(found: Extract):
    """(code, cell) of what is wrong with the workbook's shape."""
    return [(seen.code, seen.cell) for seen in found.findings]


# ----------------------------------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("text", "number", "other"),
    [
        ("04", 4, None),
        ("1234567", 1234567, None),
        ("1.234.567", 1234567, None),
        ("1.234.567,5", 1234567.5, None),
        ("1,234,567.5", 1234567.5, None),
        ("1.234,5", 1234.5, None),
        ("1,234.5", 1234.5, None),
        ("1.234", 1234, 1.234),
        ("1,234", 1.234, 1234),
        ("0,234", 0.234, None),
        ("12,5", 12.5, None),
        ("12.5", 12.5, None),
        ("1 234 567", 1234567, None),
        ("−5", -5, None),
        ("+7", 7, None),
    ],
)
def test_numbers_as_text_are_read_the_vietnamese_way_unless_only_another_is_possible(text, number, other):
    """One separator before three digits can be read both ways; everything else in one way only."""
    shows = read_number(text)
    assert shows is not None
    assert (shows.number, shows.other) == (number, other)


@pytest.mark.parametrize(
    "text", ["khoảng 20", "20 người", "(5)", "1.2.3", "12,34,5", "1e5", "", "٣", "1 2", "5%"]
)
def test_words_units_and_odd_grouping_are_no_numbers(text):
    """Nothing is stripped from a text to make a number of it."""
    assert read_number(text) is None


@given(st.integers(-(10**14), 10**14))
def test_every_whole_number_survives_vietnamese_grouping(number):
    """What formatting with points writes, reading gives back."""
    shows = read_number(f"{number:,}".replace(",", "."))
    assert shows is not None
    assert shows.number == number


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (datetime(2026, 10, 5), date(2026, 10, 5)),  # noqa: DTZ001 - workbooks know no time zones
        (date(2026, 10, 5), date(2026, 10, 5)),
        (46300.0, date(2026, 10, 5)),
        ("46300", date(2026, 10, 5)),
        ("05/10/2026", date(2026, 10, 5)),
        ("5/10/2026", date(2026, 10, 5)),
        ("5.10.2026", date(2026, 10, 5)),
        ("2026-10-05", date(2026, 10, 5)),
        ("31/02/2026", None),
        ("tháng 10", None),
        (2026.0, None),
        (True, None),
        (None, None),
    ],
)
def test_days_come_as_dates_serial_numbers_or_text(value, day):
    """The ways of the register F3; day before month; what is no day is none."""
    assert read_day(value) == day


@given(st.text())
def test_folding_ignores_case_form_and_folding_again(text):
    """A header is the same header in NFC, NFD and capitals, and its key folds to itself."""
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_stored_text_is_one_nfc_line(text):
    """Text that goes on to tables and paper has one form and no line ends."""
    kept = clean(text)
    assert unicodedata.is_normalized("NFC", kept)
    assert kept == " ".join(kept.split())


@pytest.mark.parametrize("text", ["-", "–", "—", " - ", "--", "- -", "/"])
def test_dashes_stand_for_nothing(text):
    """All dashes that keyboards and spreadsheet programs write."""
    assert is_dash(text)


@pytest.mark.parametrize("text", ["", ".", "-5", "a-b", "..."])
def test_other_texts_are_no_dashes(text):
    """A dash alone, not a dash somewhere."""
    assert not is_dash(text)


# ----------------------------------------------------------------------------------------- lines


def test_a_real_workbook_gives_every_value_with_its_address(catalogue, spec):
    """From bytes of a spreadsheet to values: all of them, each where it stands."""
    form = sound(catalogue, register=[PRODUCT])
    found = extract(spec, read_bytes(form.xlsx(), "x.xlsx"))
    assert (found.layout, found.findings) == ("xa-2026", ())
    read = cells(spec, found)
    for (part, line, name), value in SOUND_VALUES.items():
        where, state, number, _, _ = read[part, line, name]
        assert where == form.address_of(part, line, name)
        expected = {str: {"có": "yes", "Có": "yes"}.get(value, "nothing")}.get(type(value), "number")
        assert state == expected
        if expected == "number":
            assert number == value
    assert read[REGISTER, "4", "product_name"][:2] == ("B4", "text")
    assert read[REGISTER, "4", "first_date"] == ("M4", "day", 0.0, None, date(2026, 10, 1))


def test_asked_cells_left_blank_have_their_place_and_others_have_none(catalogue, spec):
    """Silence is stated where the form asks, so that a finding can point to it."""
    form = sound(catalogue)
    read = cells(spec, extract(spec, form.workbook()))
    assert read[GRID, "TT06", "in_period"][:2] == (form.address_of(GRID, "TT06", "in_period"), "blank")
    assert (GRID, "TT06", "closing") not in read


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (0, "number"),
        ("0", "number"),
        ("không phát sinh", "nothing"),
        ("Không", "nothing"),
        (unicodedata.normalize("NFD", "không phát sinh"), "nothing"),
        ("-", "nothing"),
        ("k", "nothing"),
        ("   ", "blank"),
        ("khoảng 20", "text"),
        (datetime(2026, 1, 2), "day"),  # noqa: DTZ001 - as above
        (CellError("#REF!"), "error"),
        (1e300, "text"),
        (float("nan"), "text"),
        (float("-inf"), "text"),
        (True, "text"),
    ],
)
def test_blank_nought_and_nothing_to_report_stay_apart(catalogue, spec, value, state):
    """What a cell says is kept as it says it."""
    read = cells(
        spec, extract(spec, sound(catalogue, values={(GRID, "TT04", "in_period"): value}).workbook())
    )
    assert read[GRID, "TT04", "in_period"][1] == state


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("có", "yes"),
        ("x", "yes"),
        (1, "yes"),
        (True, "yes"),
        ("không", "no"),
        ("Chưa", "no"),
        (0, "no"),
        ("-", "blank"),
        ("?", "text"),
        (7, "text"),
    ],
)
def test_yes_and_no_are_read_where_the_form_asks_for_them(catalogue, spec, value, state):
    """On such a line "không" is an answer and not nothing."""
    read = cells(spec, extract(spec, sound(catalogue, values={(GRID, "CD01", "closing"): value}).workbook()))
    assert read[GRID, "CD01", "closing"][1] == state


@pytest.mark.parametrize("dash", ["-", "–", " - "])
def test_a_dash_where_yes_or_no_is_asked_is_no_answer_and_asked_about(catalogue, spec, dash):
    """Silence is not no: the line is blank, and its cell is named."""
    form = sound(catalogue, values={(GRID, "CD01", "closing"): dash})
    found = extract(spec, form.workbook())
    assert cells(spec, found)[GRID, "CD01", "closing"][1] == "blank"
    (asked,) = found.findings
    assert (asked.code, asked.sheet, asked.cell) == (
        "ANSWER_IS_DASH", "BM01 Tiến độ", form.address_of(GRID, "CD01", "closing"),
    )  # fmt: skip


def test_a_formula_without_a_result_is_not_blank(catalogue, spec):
    """The sender wrote something there; it must not read as silence."""
    form = sound(catalogue)
    book = form.workbook()
    sheets = [
        Sheet(s.name, False, s.rows, uncomputed=frozenset({(8, 3)})) if s.name == "BM01 Tiến độ" else s
        for s in book.sheets
    ]
    rows = sheets[1].rows
    rows[8][3] = None
    read = cells(spec, extract(spec, Workbook("xlsx", tuple(sheets))))
    assert [key for key, cell in read.items() if cell[1] == "uncomputed"] == [(GRID, rows[8][0], "in_period")]


def test_the_files_own_numbers_settle_what_a_point_means(catalogue, spec):
    """1.234 is a thousand and more, unless other numbers of the file use the point for decimals."""
    ambiguous = {(GRID, "XT06", "in_period"): "1.234"}
    vietnamese = cells(spec, extract(spec, sound(catalogue, values=ambiguous).workbook()))
    assert vietnamese[GRID, "XT06", "in_period"][2] == 1234
    english = ambiguous | {(GRID, "KT01", "in_period"): "12.5"}
    assert (
        cells(spec, extract(spec, sound(catalogue, values=english).workbook()))[GRID, "XT06", "in_period"][2]
        == 1.234
    )
    both = english | {(GRID, "TT04", "in_period"): "1.234.567"}
    assert (
        cells(spec, extract(spec, sound(catalogue, values=both).workbook()))[GRID, "XT06", "in_period"][2]
        == 1234
    )


def test_moved_headers_and_extra_columns_change_addresses_only(catalogue, spec):
    """Tables are found by their headers, wherever rows and columns were inserted."""
    plain = cells(spec, extract(spec, sound(catalogue, register=[PRODUCT]).workbook()))
    moved_form = sound(catalogue, register=[PRODUCT], lead_rows={GRID: 7, FUNDING: 5}, extra_columns=2)
    moved = cells(spec, extract(spec, moved_form.workbook()))
    assert {key: cell[1:] for key, cell in plain.items()} == {key: cell[1:] for key, cell in moved.items()}
    assert plain[GRID, "TT04", "in_period"][0] == "D9"
    assert moved[GRID, "TT04", "in_period"][0] == "F14"


def test_decomposed_unicode_everywhere_changes_nothing(catalogue, spec):
    """Headers, sheet names, labels and values in NFD read as in NFC."""

    def nfd(value):
        return unicodedata.normalize("NFD", value) if isinstance(value, str) else value

    book = sound(catalogue, register=[PRODUCT]).workbook()
    decomposed = Workbook(
        "xlsx",
        tuple(Sheet(nfd(s.name), False, [[nfd(v) for v in row] for row in s.rows]) for s in book.sheets),
    )
    assert extract(spec, decomposed) == extract(spec, book)


def test_a_line_twice_is_told_and_counted_once(catalogue, spec):
    """Of two lines of one key nobody may pick: the file goes back with the second line's address."""
    book = sound(catalogue).workbook()
    grid = book.sheets[1].rows
    grid.append(list(grid[8]))
    found = extract(spec, book)
    assert codes(found) == [("DUPLICATE_LINE", f"A{len(grid)}")]


def test_numbers_on_unknown_lines_are_kept_under_the_key_as_written(catalogue, spec):
    """A line added by hand is not dropped in silence; a heading without numbers is no line."""
    book = sound(catalogue).workbook()
    grid = book.sheets[1].rows
    width = len(grid[2])
    grid.append((["ZZ9", "Chỉ tiêu thêm", "người", 5.0] + [None] * width)[:width])
    grid.append((["XI", "Phần khác"] + [None] * width)[:width])
    grid.append(([None, "Tổng", None, 7.0] + [None] * width)[:width])
    read = cells(spec, extract(spec, book))
    last = len(grid)
    unknown = {key[1]: cell[0] for key, cell in read.items() if key[1].startswith("?")}
    assert unknown == {"?ZZ9": f"D{last - 2}", "?Tổng": f"D{last}"}


def test_the_row_that_numbers_the_columns_is_no_line(catalogue, spec):
    """(1) (2) (3) under a header carries no values."""
    book = sound(catalogue).workbook()
    for sheet in (book.sheets[1], book.sheets[3]):
        sheet.rows.insert(3, [f"({n})" for n in range(1, len(sheet.rows[2]) + 1)])
    found = extract(spec, book)
    assert not any(key[1].startswith("?") for key in cells(spec, found))


def test_line_numbers_typed_as_numbers_keep_their_last_nought(catalogue, spec):
    """Typed as a number 1.10 is stored as 1.1; met a second time it is the tenth line, not the first."""
    form = sound(catalogue, "xa-2025", on=date(2025, 12, 14))
    book = form.workbook()
    grid = next(sheet for sheet in book.sheets if sheet.name == "Biểu 1")
    for row in grid.rows[3:]:
        row[0] = float(row[0])
    found = extract(spec, book)
    texts = cells(spec, extract(spec, form.workbook()))
    assert found.findings == ()
    assert cells(spec, found).keys() == texts.keys()


# -------------------------------------------------------------------------------------- register


def register(catalogue, spec, rows, footer=(), merged=()):
    """The register of a form as {row: {field: (address, text)}}."""
    book = sound(catalogue, register=rows, footer={REGISTER: list(footer)}).workbook()
    sheets = tuple(
        Sheet(s.name, False, s.rows, merged=tuple(merged)) if s.name == "BM02 Sổ sản phẩm" else s
        for s in book.sheets
    )
    read = cells(spec, extract(spec, Workbook("xlsx", sheets)))
    found: dict[str, dict] = {}
    for (part, row, name), (where, _, _, text, _) in read.items():
        if part == REGISTER:
            found.setdefault(row, {})[name] = (where, text)
    return found


def test_a_blank_producer_is_the_producer_above_with_all_that_belongs_to_it(catalogue, spec):
    """Entity cells merged over several products (F3): each product gets its producer, at its own cell."""
    second = {"product_name": "Bột Lá Sương", "first_star": "4 sao", "first_date": date(2026, 10, 2)}
    rows = register(catalogue, spec, [PRODUCT | {"address": "Tổ 1"}, second])
    assert rows["5"]["producer_name"] == ("E5", "HTX Lá Sương")
    assert rows["5"]["producer_type"][1] == "HTX"
    assert rows["5"]["address"][1] == "Tổ 1"


def test_a_new_producer_inherits_nothing_unless_its_cell_is_merged(catalogue, spec):
    """A blank beside another producer's name is a blank; inside a merged range it is the range's value."""
    other = PRODUCT | {"product_name": "Mật Gió", "producer_name": "Hộ Gió", "commune_name": None}
    assert "commune_name" not in register(catalogue, spec, [PRODUCT, other])["5"]
    merged = register(catalogue, spec, [PRODUCT, other], merged=[(3, 5, 4, 5)])
    assert merged["5"]["commune_name"] == ("F5", "Lâm Viên - Đà Lạt")


def test_totals_and_footers_below_the_register_are_no_products(catalogue, spec):
    """Only numbered or plainly filled rows are products."""
    footer = [
        [None, "Tổng cộng", None, None, None, None, None, None, None, "3 sao"],
        ["Cộng", None, None, None, None, None, None, None, None, 5.0],
        [],
        [None, "Người lập biểu"],
        [None, None, None, None, None, None, None, None, "TM. ỦY BAN NHÂN DÂN"],
    ]
    assert list(register(catalogue, spec, [PRODUCT], footer)) == ["4"]


@pytest.mark.parametrize("code", ["NV05", None])
@pytest.mark.parametrize(("text", "is_task"), [
    ("công tác xúc tiến thương mại", True), ("Cộng tác viên được tập huấn", True), ("Tổng sơ kết Chương trình", True),
    ("Cộng", False), ("CONG", False), ("Tổng cộng các nhiệm vụ", False),
])  # fmt: skip
def test_a_task_may_begin_like_a_total(catalogue, spec, code, text, is_task):
    """Without its accents "công tác" begins like "cộng"; the row is a task all the same, coded or not."""
    task = {"task_code": code, "task_text": text, "task_state": "Đang thực hiện"}
    read = cells(spec, extract(spec, sound(catalogue, tasks=[task]).workbook()))
    assert any(part == TASKS and field == "task_text" for part, _, field in read) is is_task


def test_a_product_without_a_number_is_a_product_when_its_decision_stands_there(catalogue, spec):
    """A forgotten TT must not lose a recognition."""
    assert list(register(catalogue, spec, [PRODUCT | {"row_no": None}])) == ["4"]


def test_rows_numbered_in_advance_but_empty_are_no_products(catalogue, spec):
    """The form as issued carries numbers on empty rows."""
    assert list(register(catalogue, spec, [PRODUCT, {}, {}])) == ["4"]


def test_personal_data_never_leaves_the_reading_process(catalogue, spec):
    """Representatives and telephone numbers are not read out of the file at all."""
    secret = PRODUCT | {"representative": "AI-DO", "phone": "SO-MAY"}
    found = pickle.dumps(extract(spec, sound(catalogue, register=[secret]).workbook()))
    assert b"AI-DO" not in found
    assert b"SO-MAY" not in found


def test_remarks_keep_their_paragraphs(catalogue, spec):
    """A list of difficulties stays a list."""
    form = sound(catalogue, remarks={"difficulties": "- Một\n\n-  Hai", "proposals": "Không"})
    read = cells(spec, extract(spec, form.workbook()))
    assert read[REMARKS, "difficulties", "difficulties"][3] == "- Một\n- Hai"
    assert read[REMARKS, "proposals", "proposals"][1] == "nothing"


# --------------------------------------------------------------------------------------- layouts


@pytest.mark.parametrize("code", ["xa-2026", "xa-2025", "hu-2025", "hu-2024", "ti-2026", "ti-2025"])
def test_every_layout_is_known_by_its_content(catalogue, spec, code):
    """Each shipped layout is told from all others, also when only its own sheets and labels speak."""
    layout = next(layout for layout in catalogue.layouts if layout.code == code)
    form = sound(catalogue, code, info={"form": layout.form}, on=date(2024, 6, 14))
    assert extract(spec, form.workbook()).layout == code
    form.info["form"] = None
    assert extract(spec, form.workbook()).layout == code


def test_renamed_sheets_are_known_by_what_is_in_them(catalogue, spec):
    """Sheet names may be anything as long as headers and labels are the form's."""
    names = {
        "info": "Bìa",
        "grid": "Sheet2",
        "register": "Sheet3",
        "funding": "Sheet4",
        "tasks": "5",
        "remarks": "6",
    }
    plain = extract(spec, sound(catalogue, register=[PRODUCT]).workbook())
    renamed = extract(spec, sound(catalogue, register=[PRODUCT], rename=names).workbook())
    assert renamed.layout == "xa-2026"
    assert (renamed.slots, renamed.numbers, renamed.findings) == (plain.slots, plain.numbers, ())
    assert renamed.sheet_names[GRID] == "Sheet2"


def test_another_workbook_is_no_form(catalogue, spec):
    """A file that shows too little of any form is not forced into one; what was seen is told."""
    found = extract(spec, Workbook("xlsx", (Sheet("Danh bạ", False, [["Tên", "Số"], ["A", 1.0]]),)))
    assert found.layout == ""
    assert [seen.code for seen in found.findings] == ["FORM_UNRECOGNISED"]
    assert found.findings[0].args["sheets"] == "Danh bạ"


def test_missing_sheets_columns_and_headers_are_named(catalogue, spec):
    """Each missing part is a finding of its own, with what is missing."""
    found = extract(spec, sound(catalogue, without=("funding",)).workbook())
    assert [(seen.code, seen.args) for seen in found.findings] == [
        ("MISSING_SHEET", {"part": "funding", "name": "BM03 Kinh phí"})
    ]
    book = sound(catalogue).workbook()
    grid, funding = book.sheets[1].rows, book.sheets[3].rows
    grid[2][grid[2].index("Cuối kỳ")] = "Cột khác"
    funding[2][:] = [None] * len(funding[2])
    found = extract(spec, book)
    assert [(seen.code, seen.sheet) for seen in found.findings] == [
        ("MISSING_COLUMN", "BM01 Tiến độ"),
        ("HEADER_NOT_FOUND", "BM03 Kinh phí"),
    ]
    assert found.findings[0].args == {"header": "Cuối kỳ"}


def test_a_required_line_that_was_deleted_is_missed(catalogue, spec):
    """Deleting the line is no way around it; optional lines may go."""
    book = sound(catalogue).workbook()
    grid = book.sheets[1].rows
    grid[:] = [row for row in grid if row[0] not in ("TT04", "TT05")]
    found = extract(spec, book)
    assert [(seen.code, seen.sheet, seen.args) for seen in found.findings] == [
        ("MISSING_LINE", "BM01 Tiến độ", {"line": "TT04"})
    ]


def test_a_hidden_copy_of_a_sheet_does_not_win(catalogue, spec):
    """Of two sheets of one name the visible one is read."""
    book = sound(catalogue).workbook()
    old = Sheet("bm01  TIẾN ĐỘ", True, [["Mã", "Trong kỳ", "Cuối kỳ"], ["TT04", 999.0, None]])
    read = cells(spec, extract(spec, Workbook("xlsx", (old, *book.sheets))))
    assert read[GRID, "TT04", "in_period"][2] == 3


def test_an_extract_travels_between_processes(catalogue, spec):
    """What a child answers arrives whole."""
    found = extract(spec, sound(catalogue, register=[PRODUCT]).workbook())
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301 - our own bytes


@settings(deadline=None)
@given(st.data())
def test_no_grid_stops_the_reading(data):
    """Whatever stands in a workbook, reading it ends with an extract whose columns are equally long."""
    catalogue = shipped()
    value = (
        st.none()
        | st.floats()
        | st.text(max_size=8)
        | st.booleans()
        | st.dates()
        | st.builds(CellError, st.text(max_size=3))
    )
    book = sound(catalogue, register=[PRODUCT]).workbook()
    for _ in range(data.draw(st.integers(0, 12))):
        rows = data.draw(st.sampled_from([sheet.rows for sheet in book.sheets]))
        row = data.draw(st.sampled_from(rows))
        if row:
            row[data.draw(st.integers(0, len(row) - 1))] = data.draw(value)
    found = extract(shipped_spec(), book)
    assert (
        len(found.slots) == len(found.rows) == len(found.columns) == len(found.states) == len(found.numbers)
    )
    assert sum(found.has_text) == len(found.texts.split(TEXT_END))
    assert all(abs(number) < LARGEST_NUMBER for number in found.numbers)
