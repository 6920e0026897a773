"""Habits of the registers that provinces keep: each is read, or is a finding with its cell; no line is lost."""

import io
from datetime import date, datetime

import pyarrow as pa
import pytest
import xlsxwriter

from ocop_pipeline.intake.judge import Previous
from ocop_pipeline.intake.list_reading import Told
from ocop_pipeline.intake.register_import import read_file

TODAY, ON = date(2026, 10, 20), date(2026, 8, 5)
HEADER = [
    "TT", "Tên sản phẩm", "Nhóm sản phẩm", "Loại hình", "Tên chủ thể", "Xã/phường", "Hạng sao hiện tại", "Ngày hết hạn",
    "Lần 1 Hạng sao", "Lần 1 Ngày công nhận", "Lần 1 Năm công nhận", "Lần 1 Số quyết định",
]  # fmt: skip
FIELDS = (
    "row_no", "product_name", "product_group", "producer_type", "producer_name", "commune_name", "current_star",
    "expiry_date", "first_star", "first_date", "first_year", "first_decision",
)  # fmt: skip
FIRST = {
    "product_group": "Thực phẩm", "producer_type": "HTX", "producer_name": "Hợp tác xã Biển Xanh",
    "commune_name": "Phan Thiết", "first_star": "3 sao", "first_date": "15/03/2023", "first_year": 2023,
    "first_decision": "11/QĐ-UBND",
}  # fmt: skip


@pytest.fixture
def lam_dong(catalogue):
    """The province of today."""
    return catalogue.units.find_code("68", ON).unit_id


def _line(number, name, **cells):
    told = {"row_no": number, "product_name": name} | cells
    return [told.get(field) for field in FIELDS]


def _book(rows, *, header=(HEADER,), formulas=(), merged=(), hide=None):
    """A workbook of header rows and lines."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet("Loc")
        dated = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, row in enumerate([*header, *rows]):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(number, column, datetime.combine(value, datetime.min.time()), dated)
                elif value is not None:
                    page.write(number, column, value)
        for cell, formula, value in formulas:
            page.write_formula(cell, formula, None, value)
        for area, value in merged:
            page.merge_range(area, value)
        if hide:
            hide(page)
    return out.getvalue()


def _read(catalogue, unit_id, data, kind="register", previous=None, **told):
    return read_file(
        data, "so.xlsx", Told(kind, unit_id, listed_on=ON, **told), catalogue, TODAY, previous=previous
    )


def _lines(reading):
    return [line.line for read in reading.lists for line in read.lines]


def _texts(reading, name):
    return [line[name].text if name in line else "" for line in _lines(reading)]


def _found(reading):
    return {(finding.code, finding.cell) for finding in reading.findings}


def test_as_above_is_what_the_line_above_has(catalogue, lam_dong):
    """Every way of writing it takes text, date and number of the line above; a cell keeps its own address."""
    ways = ["nt", "-nt-", "Như trên", "n/t", '"', "″", "NT.", '-"-']
    rows = [_line(2 + at, f"Mắm {at}", **dict.fromkeys(FIRST, ditto)) for at, ditto in enumerate(ways)]
    reading = _read(catalogue, lam_dong, _book([_line(1, "Mắm", **FIRST), *rows]))
    count = 1 + len(ways)
    for name in (
        "producer_name",
        "producer_type",
        "commune_name",
        "product_group",
        "first_decision",
        "first_star",
    ):
        assert _texts(reading, name) == [FIRST[name]] * count, name
    assert [line["first_date"].day for line in _lines(reading)] == [date(2023, 3, 15)] * count
    assert [line["first_year"].number for line in _lines(reading)] == [2023.0] * count
    assert reading.lists[0].lines[2].address("first_date") == "J4"
    assert reading.findings == ()


def test_as_above_brings_all_that_belongs_to_the_producer(catalogue, lam_dong):
    """A producer "nt" is the one above with its commune; behind a heading it is still the last line's."""
    data = _book(
        [
            _line(1, "Mắm", **FIRST),
            _line(2, "Ruốc", producer_name="nt", first_star="3 sao"),
            _line(None, "II. Đồ uống"),
            _line(3, "Rượu", producer_name="nt", commune_name="nt"),
        ]
    )
    reading = _read(catalogue, lam_dong, data)
    assert _texts(reading, "producer_name") == ["Hợp tác xã Biển Xanh"] * 3
    assert _texts(reading, "commune_name") == ["Phan Thiết"] * 3


def test_as_above_with_nothing_above_says_nothing(catalogue, lam_dong):
    """On the first line it is a blank cell, and a finding as any blank producer is."""
    reading = _read(catalogue, lam_dong, _book([_line(1, "Mắm", **(FIRST | {"producer_name": "nt"}))]))
    assert _texts(reading, "producer_name") == [""]
    assert ("PRODUCER_MISSING", "E2") in _found(reading)


DAYS = (date(2023, 3, 15), 45000, "45000", "15/3/2023", "15-03-2023", "15.03.2023", "2023-03-15")
NO_DAYS = (2023, "2023", "Năm 2023", "T6/2023", "6/2023", "tháng 6 năm 2023", "31/02/2023")


def test_a_day_is_read_and_a_month_or_a_year_is_none(catalogue, lam_dong):
    """Dates, serial numbers and written days are days; a year or month is a finding, and the line is kept."""
    rows = [
        _line(1 + at, f"Mắm {at}", **(FIRST | {"first_date": written}))
        for at, written in enumerate((*DAYS, *NO_DAYS))
    ]
    reading = _read(catalogue, lam_dong, _book(rows))
    days = [line["first_date"].day for line in _lines(reading)]
    assert days == [date(2023, 3, 15)] * len(DAYS) + [None] * len(NO_DAYS)
    expected = {("DATE_EXPECTED", f"J{2 + at}") for at in range(len(DAYS), len(rows))}
    assert {found for found in _found(reading) if found[0] == "DATE_EXPECTED"} == expected
    assert reading.left_out == ()


def test_a_year_that_is_not_the_date_s_is_a_finding(catalogue, lam_dong):
    """Both are kept, the date counts."""
    reading = _read(catalogue, lam_dong, _book([_line(1, "Mắm", **(FIRST | {"first_year": 2022}))]))
    assert _found(reading) == {("YEAR_DISAGREES", "K2")}


def test_subtotals_in_the_middle_are_named_and_end_a_merged_producer(catalogue, lam_dong):
    """A sum is no product, and what stands below it is not of the producer above it."""
    data = _book(
        [
            _line(1, "Mắm", **FIRST),
            _line(2, "Ruốc"),
            _line(None, "Cộng xã Phan Thiết", first_star=2),
            _line(3, "Trà", commune_name="Lạc Dương"),
            _line(None, "Tổng cộng: 3 sản phẩm"),
        ]
    )
    reading = _read(catalogue, lam_dong, data)
    assert _texts(reading, "producer_name") == ["Hợp tác xã Biển Xanh", "Hợp tác xã Biển Xanh", ""]
    assert [(left.cell, left.reason) for left in reading.left_out] == [("B4", "total"), ("B6", "total")]
    assert ("PRODUCER_MISSING", "E5") in _found(reading)


def test_a_producer_merged_over_its_products_is_that_of_all(catalogue, lam_dong):
    """With its kind and commune, over as many rows as the cell covers."""
    rows = [_line(number, f"Mắm {number}", first_star="3 sao") for number in (1, 2, 3)]
    data = _book(rows, merged=[("E2:E4", "HTX Một"), ("F2:F4", "Phan Thiết"), ("D2:D4", "HTX")])
    reading = _read(catalogue, lam_dong, data)
    for name, text in (
        ("producer_name", "HTX Một"),
        ("commune_name", "Phan Thiết"),
        ("producer_type", "HTX"),
    ):
        assert _texts(reading, name) == [text] * 3


def test_headers_in_three_rows_and_repeated_on_every_page(catalogue, lam_dong):
    """Cells merged downwards reach the last row of the header; its repetition and its numbering are no lines."""
    top = ["TT", "Tên sản phẩm", "Tên chủ thể", "Xã/phường", "Kết quả", None, None, None]
    middle = [None, None, None, None, "Đánh giá lần 1", None, "Đánh giá lần 2", None]
    low = [None, None, None, None, "Hạng sao", "Ngày công nhận", "Hạng sao", "Ngày công nhận"]
    numbers = [f"({at})" for at in range(1, 9)]
    rows = [
        [1, "Mắm", "HTX Một", "Phan Thiết", 3, "15/03/2020", 4, "15/03/2023"],
        low,
        numbers,
        [2, "Trà", "HTX Hai", "Lạc Dương", 3, "15/03/2024", None, None],
    ]
    title = ["SỔ THEO DÕI SẢN PHẨM OCOP"]
    reading = _read(catalogue, lam_dong, _book(rows, header=(title, top, middle, low, numbers)))
    assert reading.columns == dict(
        zip(
            ("row_no", "product_name", "producer_name", "commune_name", "first_star", "first_date", "second_star",
             "second_date"),
            "ABCDEFGH",
            strict=True,
        )
    )  # fmt: skip
    assert [line.row for line in reading.lists[0].lines] == [6, 9]
    assert [(left.cell, left.reason) for left in reading.left_out] == [("E7", "header"), ("A8", "header")]


def test_a_doubt_of_one_sheet_points_to_no_other(catalogue, lam_dong):
    """Rows of two sheets have the same numbers: a rule looks for a line's cell in the line's own sheet."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for name, told in (("A", FIRST | {"first_year": 2022}), ("B", FIRST | {"producer_name": None})):
            page = book.add_worksheet(name)
            page.write_row(0, 0, HEADER)
            page.write_row(1, 0, _line(1, f"Mắm {name}", **told))
    reading = _read(catalogue, lam_dong, out.getvalue())
    places = {(finding.code, finding.sheet, finding.cell) for finding in reading.findings}
    assert places == {("YEAR_DISAGREES", "A", "K2"), ("PRODUCER_MISSING", "B", "E2")}


def test_hidden_rows_and_columns_are_read(catalogue, lam_dong):
    """A filter hides rows of a register; they are products all the same, and so are values in hidden columns."""
    rows = [_line(number, f"Mắm {number}", **FIRST) for number in (1, 2)]

    def hide(page):
        page.set_row(2, None, None, {"hidden": True})
        page.set_column(8, 9, None, None, {"hidden": True})

    reading = _read(catalogue, lam_dong, _book(rows, hide=hide))
    assert _texts(reading, "product_name") == ["Mắm 1", "Mắm 2"]
    assert _texts(reading, "first_star") == ["3 sao", "3 sao"]


def test_formulas_give_their_stored_result_and_none_is_a_finding(catalogue, lam_dong):
    """A number column of formulas numbers lines too; what was never calculated is pointed to."""
    rows = [_line(None, "Mắm", **FIRST), _line(None, "Ruốc", **(FIRST | {"first_year": None}))]
    formulas = [
        ("A2", "=ROW()-1", 1),
        ("A3", "=ROW()-1", ""),
        ("K3", "=YEAR(J3)", 2023),
        ("H3", "=J3+1096", ""),
    ]
    reading = _read(catalogue, lam_dong, _book(rows, formulas=formulas))
    assert _texts(reading, "product_name") == ["Mắm", "Ruốc"]
    assert _lines(reading)[1]["first_year"].number == 2023
    assert _found(reading) == {("FORMULA_NOT_COMPUTED", "H3"), ("FORMULA_NOT_COMPUTED", "A3")}


# --------------------------------------------------------------------------- corrections and moves


DECIDED = {"decision_no": "9/QĐ-UBND", "decided_on": ON, "issuing_body": "UBND tỉnh Lâm Đồng"}


def test_a_correction_has_its_star_and_expiry_on_the_line(catalogue, lam_dong):
    """The decision is the one told; number and day on the lines are those of the certificate put right."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Hạng sao đúng", "Ngày hết hạn đúng", "Số quyết định"]
    rows = [
        [1, "Trà", "HTX Một", "Lạc Dương", "4 sao", None, "11/QĐ-UBND"],
        [2, "Bún", "HTX Một", "Lạc Dương", "Không công nhận", None, "11/QĐ-UBND"],
        [3, "Cao", "HTX Một", "Lạc Dương", None, "01/06/2027", "11/QĐ-UBND"],
        [4, "Mắm", "HTX Một", "Lạc Dương", None, None, "11/QĐ-UBND"],
        [5, "Ruốc", "HTX Một", "Lạc Dương", "6 sao", None, "11/QĐ-UBND"],
    ]
    reading = _read(catalogue, lam_dong, _book(rows, header=(header,)), "correction", **DECIDED)
    (read,) = reading.lists
    assert (read.told.kind, read.list_key) == ("correction", "correction 9/QĐ-UBND 2026-08-05")
    assert [line.star for line in read.lines] == ["4", "none", "", "", ""]
    assert read.lines[2].line["expiry_date"].day == date(2027, 6, 1)
    assert _found(reading) == {("CORRECTION_EMPTY", "B5"), ("CODE_NOT_IN_LIST", "E6")}


def test_a_move_names_the_new_commune_within_the_province(catalogue, lam_dong):
    """It is looked for on the map of the list; one that is not there is a finding at its cell, the line is kept."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Chủ thể mới", "Xã mới"]
    rows = [
        [1, "Trà", "HTX Một", "Lạc Dương", "HTX Hai", "phường Phan Thiết"],
        [2, "Bún", "HTX Một", "Lạc Dương", "HTX Hai", "Nơi Không Có"],
        [3, "Cao", "HTX Một", "Lạc Dương", "HTX Hai", None],
        [4, "Mắm", "HTX Một", "Lạc Dương", None, "Lạc Dương"],
        [5, "Ruốc", "HTX Một", "Lạc Dương", None, None],
    ]
    data = _book(rows, header=(header,))
    reading = _read(catalogue, lam_dong, data, "transfer", **DECIDED)
    moved = [line.new_place for line in reading.lists[0].lines]
    assert catalogue.units.get(moved[0].unit_id, ON).full_name == "Phường Phan Thiết"
    assert [place and place.unit_id for place in moved[1:3]] == [None, None]
    assert _found(reading) == {("COMMUNE_UNKNOWN", "F3"), ("NEW_PRODUCER_MISSING", "E6")}
    commune = reading.lists[0].lines[0].place.unit_id
    of_commune = _read(catalogue, commune, data, "transfer", **DECIDED).lists[0].lines[0]
    assert (of_commune.place.unit_id, of_commune.new_place.unit_id) == (commune, moved[0].unit_id)


def test_a_numbered_line_without_a_product_is_named_and_stops_nothing(catalogue, lam_dong):
    """A line that says everything but the product is left out with its cell; the other lines come in."""
    rows = [_line(1, "Trà Một", **FIRST), _line(2, None, **FIRST), _line(3, "Trà Ba", **FIRST)]
    reading = _read(catalogue, lam_dong, _book(rows))
    assert [(left.cell, left.reason) for left in reading.left_out] == [("B3", "no_product")]
    (found,) = reading.lists
    assert len(found.lines) == 2


TOLD = {"decision_no": "99/QĐ-UBND", "decided_on": date(2026, 7, 1)}


def test_one_mistyped_year_is_that_lines_alone(catalogue, lam_dong):
    """A day that has not come, or lies before the programme, leaves its line out at its cell; the others come in."""
    header = [
        "TT",
        "Tên sản phẩm",
        "Tên chủ thể",
        "Xã/phường",
        "Hạng sao",
        "Số quyết định",
        "Ngày quyết định",
    ]
    lines = [
        [n, f"Trà {n}", "HTX Một", "Lạc Dương", "3 sao", "9/QĐ-UBND", day]
        for n, day in enumerate(("10/05/2026", "10/05/2035", "10/05/1926"), start=1)
    ]
    reading = _read(catalogue, lam_dong, _book(lines, header=(header,)), kind="recognition")
    assert [(left.cell, left.reason) for left in reading.left_out] == [
        ("G3", "date_not_come"), ("G4", "date_too_early"),
    ]  # fmt: skip
    assert [len(each.lines) for each in reading.lists] == [1]
    assert {finding.cell for finding in reading.findings if finding.code == "LINE_LEFT_OUT"} == {"G3", "G4"}


@pytest.mark.parametrize(
    ("body", "star", "code"),
    [
        ("UBND tỉnh Lâm Đồng", "5 sao", "LEVEL_BELOW_STAR"),
        ("UBND tỉnh Lâm Đồng", "Tiềm năng 5 sao", None),
        ("UBND tỉnh Lâm Đồng", "4 sao", None),
        ("Bộ Nông nghiệp và Môi trường", "5 sao", None),
        ("UBND xã Lạc Dương", "3 sao", "BODY_UNKNOWN"),
        ("UBND xã Lạc Dương, tỉnh Lâm Đồng", "3 sao", "BODY_UNKNOWN"),
        ("UBND tỉnh", "4 sao", None),
        ("UBND huyện Không Có", "5 sao", "BODY_UNKNOWN"),
    ],
)
def test_a_star_is_held_against_who_may_recognise_it(catalogue, lam_dong, body, star, code):
    """Five stars are the ministry's, potential five the province's; a body of no known level is doubted at the star."""
    header = ["TT", "Tên sản phẩm", "Tên chủ thể", "Xã/phường", "Hạng sao"]
    data = _book([[1, "Trà", "HTX Một", "Lạc Dương", star]], header=(header,))
    found = _found(_read(catalogue, lam_dong, data, kind="recognition", issuing_body=body, **TOLD))
    assert {each for each in found if each[0] in {"LEVEL_BELOW_STAR", "BODY_UNKNOWN"}} == (
        {(code, "E2")} if code else set()
    )


def test_a_decision_on_a_product_that_no_register_lists_is_told(catalogue, lam_dong):
    """A misspelt name acts on nothing; case and spaces do not matter, and where nothing is known nothing is said."""
    known = pa.table({"product_name": ["Trà ô long", "Cà phê"], "producer_name": ["HTX Một", None]})
    header = ["TT", "Tên sản phẩm", "Tên chủ thể", "Xã/phường"]
    lines = [
        [1, "TRÀ Ô LONG", "HTX Một", "Lạc Dương"], [2, "Trà ô lông", "HTX Một", "Lạc Dương"],
        [3, "Trà ô long", "HTX Hai", "Lạc Dương"],
    ]  # fmt: skip
    data = _book(lines, header=(header,))

    def told(previous):
        reading = _read(catalogue, lam_dong, data, kind="revocation", previous=previous, **TOLD)
        return {cell for code, cell in _found(reading) if code == "EVENT_WITHOUT_PRODUCT"}

    assert told(_previous(known)) == {"B3", "B4"}
    assert told(None) == told(_previous(known.slice(0, 0))) == set()


def _previous(names):
    """What is known, when only the names of products and producers matter."""
    empty = pa.table({name: pa.array([], pa.string()) for name in ("product_id",)})
    return Previous(None, names, empty)


def test_an_extension_before_the_certificates_own_end_is_doubted(catalogue, lam_dong):
    """Held against the recognition the line names, or the certificate known; one day later says nothing."""
    header = ["TT", "Tên sản phẩm", "Tên chủ thể", "Xã/phường", "Ngày quyết định", "Gia hạn đến"]
    lines = [
        [1, "Trà", "HTX Một", "Lạc Dương", date(2023, 9, 1), date(2026, 8, 31)],
        [2, "Bún", "HTX Một", "Lạc Dương", date(2023, 9, 1), date(2026, 9, 2)],
        [3, "Mắm", "HTX Một", "Lạc Dương", None, date(2026, 11, 30)],
        [4, "Rượu", "HTX Một", "Lạc Dương", None, date(2027, 11, 30)],
    ]
    names = pa.table(
        {"product_id": ["m", "r"], "product_name": ["Mắm", "Rượu"], "producer_name": ["HTX Một"] * 2}
    )
    ends = pa.table(
        {
            "product_id": ["m", "r"], "decision_date": [date(2023, 12, 1)] * 2,
            "expiry_date": [date(2026, 12, 1)] * 2,
        }
    )  # fmt: skip
    data = _book(lines, header=(header,))
    previous = Previous(None, names, ends)
    reading = _read(catalogue, lam_dong, data, kind="extension", previous=previous, **TOLD)
    found = [each for each in reading.findings if each.code == "EXTENSION_BEFORE_END"]
    assert [(each.cell, each.args["until"], each.args["end"]) for each in found] == [
        ("F2", "2026-08-31", "2026-09-01"), ("F4", "2026-11-30", "2026-12-01"),
    ]  # fmt: skip


def test_two_decisions_of_one_file_on_one_recognition_are_doubted(catalogue, lam_dong):
    """The later one is shown with the other's number and cell; a year later, or with another star, it is none."""
    header = [
        "TT",
        "Tên sản phẩm",
        "Tên chủ thể",
        "Xã/phường",
        "Hạng sao",
        "Số quyết định",
        "Ngày quyết định",
    ]
    told = [
        ("Trà", "3 sao", "9/QĐ-UBND", "10/05/2025"), ("TRÀ", "3 sao", "11/QĐ-UBND", "09/05/2026"),
        ("Bún", "3 sao", "9/QĐ-UBND", "10/05/2025"), ("Bún", "3 sao", "12/QĐ-UBND", "10/05/2026"),
        ("Mắm", "3 sao", "9/QĐ-UBND", "10/05/2025"), ("Mắm", "4 sao", "11/QĐ-UBND", "09/05/2026"),
    ]  # fmt: skip
    lines = [[at, name, "HTX Một", "Lạc Dương", *rest] for at, (name, *rest) in enumerate(told, start=1)]
    reading = _read(catalogue, lam_dong, _book(lines, header=(header,)), kind="recognition")
    (found,) = [each for each in reading.findings if each.code == "RECOGNISED_TWICE"]
    assert (found.cell, found.args["other_cell"], found.args["other_decision"]) == ("E3", "E2", "9/QĐ-UBND")


def test_a_second_recognition_before_the_first_is_doubted(catalogue, lam_dong):
    """In the register of 22 columns, at the cell of the later date, with both days."""
    fields = catalogue.imports["SO-22"].by_position
    told = FIRST | {"second_star": "4 sao", "second_decision": "12/QĐ-UBND"}
    lines = [
        told | {"row_no": 1, "product_name": "Trà", "second_date": "14/03/2023"},
        told | {"row_no": 2, "product_name": "Bún", "second_date": "16/03/2026"},
    ]
    rows = [[line.get(name) for name in fields] for line in lines]
    reading = _read(catalogue, lam_dong, _book(rows, header=([f"Cột {at}" for at in range(len(fields))],)))
    (found,) = [each for each in reading.findings if each.code == "SECOND_BEFORE_FIRST"]
    assert (found.cell[-1], found.args["first"], found.args["second"]) == ("2", "2023-03-15", "2023-03-14")


def test_todays_commune_names_in_an_old_list_are_read_on_the_later_map(catalogue):
    """A name only a later map has is that unit, and told; a commune of another old province's ground is not taken."""
    old = date(2024, 5, 20)
    header = ["TT", "Tên sản phẩm", "Tên chủ thể", "Xã/phường", "Hạng sao"]
    lines = [
        [1, "Trà", "HTX Một", "Phường Xuân Hương - Đà Lạt", "3 sao"],
        [2, "Mắm", "HTX Một", "Phường Mũi Né", "3 sao"],
        [3, "Bún", "HTX Một", "Xã Không Có", "3 sao"],
    ]
    told = Told(
        "recognition", catalogue.units.find_code("68", old).unit_id, listed_on=old, decision_no="9/QĐ-UBND",
        decided_on=old, issuing_body="UBND tỉnh Lâm Đồng",
    )  # fmt: skip
    reading = read_file(_book(lines, header=(header,)), "so.xlsx", told, catalogue, TODAY)
    first, *others = (line.place for line in reading.lists[0].lines)
    assert catalogue.units.get(first.unit_id, ON).full_name == "Phường Xuân Hương - Đà Lạt"
    assert first.since == date(2025, 7, 1)
    assert [place.unit_id for place in others] == [None, None]
    assert _found(reading) == {("PLACE_OF_LATER_MAP", "D2"), ("PLACE_UNKNOWN", "D3"), ("PLACE_UNKNOWN", "D4")}
