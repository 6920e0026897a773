"""Lists handed over once: what is taken, what is doubted, what is left out, and that it can be made again.

The lists here are made up. Real ones are not ours to ship: three public lists are tried where the variable
`OCOP_PUBLIC_LISTS` names their folder.
"""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.list_reading import Told
from ocop_pipeline.intake.process import rebuild, take_in
from ocop_pipeline.intake.register_import import import_tables, keep, read_file, restore
from ocop_pipeline.warehouse.ledger import Ledger

TODAY = date(2026, 10, 20)
NOW = datetime(2026, 10, 20, 8, tzinfo=UTC)
ON = date(2026, 8, 5)
OLD = date(2025, 6, 19)
DECISION = {
    "decision_no": "3981/QĐ-UBND", "decided_on": ON, "listed_on": ON, "issuing_body": "UBND tỉnh Lâm Đồng",
}  # fmt: skip

UPPER = [
    "TT", "Tên sản phẩm", "Nhóm sản phẩm", "Loại hình kinh doanh của chủ thể", "Tên chủ thể", "Xã/phường", "Địa chỉ",
    "Người đại diện", "Điện thoại", "Hạng sao hiện tại", "Ngày hết hạn", "Đánh giá lần 1", "", "", "", "",
    "Đánh giá lần 2 / nâng hạng", "", "", "", "", "Ghi chú",
]  # fmt: skip
LOWER = ["Hạng sao", "Ngày công nhận", "Năm công nhận", "Số quyết định", "Cơ quan ban hành"]


@pytest.fixture
def lam_dong(catalogue):
    """The province of today."""
    return catalogue.units.find_code("68", ON).unit_id


def _codes(found):
    return sorted((finding.code, finding.cell) for finding in found)


def _list(header, *rows, sep=","):
    """A CSV as bytes."""
    out = io.StringIO()
    csv.writer(out, delimiter=sep).writerows([header, *rows])
    return out.getvalue().encode()


def _line(**cells):
    """A line of the register of 22 columns: its fields by the letter of their column."""
    row = [None] * 22
    for letter, value in cells.items():
        row[ord(letter) - ord("A")] = value
    return row


def _register(lines, *, merged=(), formulas=(), headers=True, sheet="Loc", extra=None):
    """A workbook as provinces keep it: a title, headers in rows 3 and 4, data from row 5."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        if extra:
            book.add_worksheet(extra).write("A1", "Ghi nhớ của phòng")
        page = book.add_worksheet(sheet)
        page.write("A1", "SỔ THEO DÕI SẢN PHẨM")
        if headers:
            page.write_row("A3", UPPER)
            for first in (11, 16):
                page.write_row(3, first, LOWER)
        dated = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, line in enumerate(lines):
            for column, value in enumerate(line):
                if isinstance(value, date):
                    midnight = datetime.combine(value, datetime.min.time())
                    page.write_datetime(4 + number, column, midnight, dated)
                elif value is not None:
                    page.write(4 + number, column, value)
        for area, value in merged:
            page.merge_range(area, value)
        for cell, formula, value in formulas:
            page.write_formula(cell, formula, None, value)
    return out.getvalue()


def _read(catalogue, data, told, name="danh-sach.csv", scope=None):
    return read_file(data, name, told, catalogue, TODAY, scope)


def _cells(reading, catalogue, tmp_path):
    """Rows of raw.cells as (row, field) -> cell, after the file was kept."""
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        kept = keep(reading, b"x", Archive(tmp_path / "archive"), ledger, catalogue, NOW)
    tables = import_tables(
        [(each.record, read) for each, read in zip(kept, reading.lists, strict=True)], catalogue
    )
    return {(cell["row_no"], cell["field"]): cell for cell in tables["cells"].to_pylist()}


# ------------------------------------------------------------------------------------- the register


def test_a_register_of_22_columns_is_read_with_its_habits(catalogue, lam_dong, tmp_path):
    """Two header rows, merged producers, serial and text dates, cached formulas, names without type: all are taken."""
    data = _register(
        [
            _line(A=1, B="Mắm nêm Biển Xanh", C="Thực phẩm", D="HTX", F="Phan Thiết", G="Số 8", H="Người A", J=4,
                  K=date(2028, 6, 1), L=3, M=date(2022, 5, 20), N=2022, O="11/QĐ-UBND", P="UBND tỉnh Bình Thuận",
                  Q="4 sao", R="01/06/2025", S=2025, T="22/QĐ-UBND", U="UBND tỉnh Bình Thuận"),
            _line(A=2, B="Mắm ruốc Biển Xanh", C="Thực phẩm", J=3, L=3, M=45000, N=2023, O="12/QĐ-UBND"),
            _line(A="3.", B="Cao Atisô", C="Thực phẩm", D="Công ty", E="Công ty Hoa Sen", F="Lạc Dương", J=3, L=3,
                  M=date(2024, 1, 2), N=2023, O="13/QĐ-UBND"),
            _line(B="Tổng cộng", J=3),
            _line(B="Người lập biểu"),
        ],
        merged=[("E5:E6", "Hợp tác xã Biển Xanh")],
        formulas=[("P7", "=P5", "UBND tỉnh Lâm Đồng"), ("N6", "=YEAR(M6)", 2023)],
    )  # fmt: skip
    reading = _read(catalogue, data, Told("register", lam_dong, listed_on=ON), "so.xlsx")
    (read,) = reading.lists
    assert reading.sheet == "Loc"
    assert [line.row for line in read.lines] == [5, 6, 7]
    assert (read.period, read.list_key) == ("2026-08", "")
    assert [(left.cell, left.reason) for left in reading.left_out] == [("B8", "total"), ("B9", "no_product")]
    cells = _cells(reading, catalogue, tmp_path)
    assert cells[6, "producer_name"]["text"] == "Hợp tác xã Biển Xanh"
    assert cells[6, "producer_type"]["text"] == "HTX"
    assert cells[6, "commune_name"]["text"] == "Phan Thiết"
    assert cells[6, "first_date"]["day"] == date(2023, 3, 15)
    assert cells[5, "second_date"]["day"] == date(2025, 6, 1)
    assert cells[7, "first_body"]["text"] == "UBND tỉnh Lâm Đồng"
    assert cells[5, "second_date"]["cell"] == "R5"
    assert not {field for _, field in cells} & {"representative", "phone"}
    assert read.communes_found == 3
    assert ("YEAR_DISAGREES", "N7") in _codes(reading.findings)


def test_doubts_of_a_register_name_their_cells_and_keep_the_lines(catalogue, lam_dong):
    """A star of no list, an expiry before its decision, a current star that is not the latest: findings, all taken."""
    data = _register(
        [
            _line(A=1, B="Trà", C="Nhóm lạ", E="HTX Một", F="Phan Thiết", J="6 sao", K=date(2020, 1, 1), L=3,
                  M=date(2024, 1, 2)),
            _line(A=2, B="Bún", C="Thực phẩm", E="HTX Hai", F="Phan Thiết", J=4, L=3, M=date(2024, 1, 2)),
            _line(A=3, B="Gạo", C="Thực phẩm", E="HTX Ba", F="Nơi Không Có", J=3, L=3, M="tháng 5"),
            _line(A=4, B="Miến", C="Thực phẩm", E="HTX Bốn", L=3, M=date(2024, 1, 2)),
        ],
        formulas=[("M8", "=NOW()", "")],
    )  # fmt: skip
    reading = _read(catalogue, data, Told("register", lam_dong, listed_on=ON), "so.xlsx")
    assert len(reading.lists[0].lines) == 4
    found = {finding.cell: finding.code for finding in reading.findings}
    assert found["C5"] == "CODE_NOT_IN_LIST"
    assert found["J5"] == "CODE_NOT_IN_LIST"
    assert found["K5"] == "EXPIRY_BEFORE_DECISION"
    assert found["J6"] == "STAR_DISAGREES"
    assert found["F7"] == "PLACE_UNKNOWN"
    assert found["M7"] == "DATE_EXPECTED"
    assert found["B8"] == "PLACE_MISSING"
    assert found["M8"] == "FORMULA_NOT_COMPUTED"


def test_a_register_without_known_headers_is_read_by_position(catalogue, lam_dong):
    """Data from some row in the 22 columns is enough; that the columns were told by position only is said."""
    lines = [
        _line(A=n, B=f"Trà {n}", E="HTX Một", F="Phan Thiết", J=3, L=3, M=date(2024, 1, 2), V="-")
        for n in (1, 2)
    ]
    reading = _read(
        catalogue, _register(lines, headers=False), Told("register", lam_dong, listed_on=ON), "so.xlsx"
    )
    assert [line.row for line in reading.lists[0].lines] == [5, 6]
    assert reading.columns["first_body"] == "P"
    assert "READ_BY_POSITION" in {finding.code for finding in reading.findings}


def test_a_sheet_that_was_not_read_and_a_line_without_number_are_told(catalogue, lam_dong):
    """Nothing is dropped in silence: other sheets and unnumbered products are findings with their place."""
    data = _register(
        [
            _line(A=1, B="Trà", E="HTX Một", F="Phan Thiết", J=3, L=3, M=date(2024, 1, 2)),
            _line(B="Bún", E="HTX Hai", F="Phan Thiết", J=3),
            _line(A=3),
        ],
        extra="Nháp",
    )
    reading = _read(catalogue, data, Told("register", lam_dong, listed_on=ON), "so.xlsx")
    assert [(left.cell, left.reason) for left in reading.left_out] == [("B6", "no_number"), ("A7", "empty")]
    places = [(finding.code, finding.sheet, finding.cell) for finding in reading.findings]
    assert ("SHEET_LEFT_OUT", "Nháp", "") in places
    assert ("LINE_LEFT_OUT", "Loc", "B6") in places
    wanted = Told("register", lam_dong, listed_on=ON, sheet="nháp")
    assert [finding.code for finding in _read(catalogue, data, wanted, "so.xlsx").refused] == [
        "HEADER_NOT_FOUND"
    ]


def test_a_merged_producer_does_not_reach_over_a_heading(catalogue, lam_dong):
    """What stands below a heading belongs to nobody above it."""
    data = _list(
        ["TT", "Sản phẩm", "Chủ thể", "Địa chỉ", "Điểm"],
        ["1", "Trà", "HTX Một", "xã Lạc Dương", "71"],
        ["2", "Bún", "", "", "72"],
        ["", "II. Đồ uống", "", "", ""],
        ["3", "Miến", "", "xã Lạc Dương", "73"],
    )
    read = _read(catalogue, data, Told("recognition", lam_dong, **DECISION)).lists[0]
    assert [line.line["producer_name"].text for line in read.lines] == ["HTX Một", "HTX Một", ""]
    assert read.communes_found == 3


# -------------------------------------------------------------------------------- lists of decisions


def test_points_are_worth_a_star_and_doubted_against_the_written_one(catalogue, lam_dong):
    """Points alone give the star; points that contradict the star, their parts or the scale are findings."""
    header = [
        "TT",
        "Sản phẩm",
        "Chủ thể",
        "Địa chỉ",
        "Hạng sao",
        "Điểm",
        "Điểm phần A",
        "Điểm phần B",
        "Điểm phần C",
    ]
    where = "thôn 2, xã Lạc Dương, tỉnh Lâm Đồng"
    data = _list(
        header,
        ["1", "Trà", "HTX Một", where, "", "69,99", "", "", ""],
        ["2", "Bún", "HTX Hai", where, "", "90", "36", "22", "32"],
        ["3", "Gạo", "HTX Ba", where, "4 sao", "61,5", "", "", ""],
        ["4", "Miến", "HTX Bốn", where, "3 sao", "55", "20", "20", "20"],
        ["5", "Mắm", "HTX Năm", where, "", "khoảng 60", "", "", ""],
        ["6", "Cao", "HTX Sáu", where, "", "49", "", "", ""],
        ["7", "Dầu", "HTX Bảy", where, "", "170", "", "", ""],
        sep=";",
    )
    read = _read(catalogue, data, Told("recognition", lam_dong, issuing_level="province", **DECISION)).lists[
        0
    ]
    assert [line.star for line in read.lines] == ["3", "potential_5", "4", "3", "", "none", ""]
    assert [code for code, cell in _codes(read.findings) if cell.startswith("F")] == [
        "SCORE_BELOW_RECOGNITION", "SCORE_CONTRADICTS_STAR", "SCORE_NOT_PARTS", "SCORE_OUT_OF_RANGE",
        "SCORE_UNREADABLE",
    ]  # fmt: skip
    contradiction = next(finding for finding in read.findings if finding.code == "SCORE_CONTRADICTS_STAR")
    assert "61,5" in finding_types().message(contradiction)
    assert contradiction.cell == "F4"


def test_points_of_the_ministry_are_worth_five_stars(catalogue, lam_dong):
    """Ninety points are 5 stars only where the body that recognises these gave them."""
    data = _list(["TT", "Sản phẩm", "Địa chỉ", "Điểm"], ["1", "Trà", "xã Lạc Dương", "91,14"])
    told = Told("recognition", lam_dong, **(DECISION | {"issuing_body": "Bộ Nông nghiệp và Môi trường"}))
    read = _read(catalogue, data, told).lists[0]
    assert (read.level, read.lines[0].star) == ("ministry", "5")


@pytest.mark.parametrize(
    ("body", "on", "level"),
    [
        ("UBND huyện Đắk Song", OLD, "district"),
        ("UBND thành phố Đà Lạt", OLD, "district"),
        ("UBND thành phố Hà Nội", OLD, "province"),
        ("Chủ tịch UBND tỉnh Đắk Nông", OLD, "province"),
        ("Bộ Nông nghiệp và Môi trường", ON, "ministry"),
        ("Hội đồng", ON, ""),
    ],
)
def test_the_level_of_a_body_follows_from_its_name_and_day(catalogue, lam_dong, body, on, level):
    """A city under a province is a district, a city of its own a province, by the map of the day."""
    data = _list(["TT", "Sản phẩm", "Sao"], ["1", "Trà", "3"])
    told = Told("recognition", lam_dong, listed_on=ON, decision_no="1/QĐ", decided_on=on, issuing_body=body)
    assert _read(catalogue, data, told).lists[0].level == level


def test_decisions_named_on_the_lines_are_told_apart(catalogue, lam_dong):
    """One file, three decisions, three lists; a line that tells none is left out with its cell."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Sao", "Số quyết định", "Ngày quyết định", "Cơ quan"]
    data = _list(
        header,
        ["1", "Trà", "HTX Một", "Lạc Dương", "3", "858/QĐ-UBND", "19/06/2025", "UBND tỉnh Đắk Nông"],
        ["2", "Bún", "HTX Hai", "Lạc Dương", "3", "858 / QĐ-UBND", "2025-06-19", ""],
        ["3", "Gạo", "HTX Ba", "Lạc Dương", "3", "768/QĐ-UBND", "07/05/2025", "UBND huyện Cư Jút"],
        ["4", "Miến", "HTX Bốn", "Lạc Dương", "3", "", "07/05/2025", ""],
        ["5", "Mắm", "HTX Năm", "Lạc Dương", "3", "768/QĐ-UBND", "tháng 5", ""],
    )
    reading = _read(catalogue, data, Told("recognition", lam_dong, listed_on=ON))
    assert [
        (each.told.decision_no, each.told.decided_on, each.period, len(each.lines)) for each in reading.lists
    ] == [
        ("858/QĐ-UBND", date(2025, 6, 19), "2025-07", 2),
        ("768/QĐ-UBND", date(2025, 5, 7), "2025-05", 1),
    ]
    assert [each.level for each in reading.lists] == ["province", "district"]
    assert [(left.cell, left.reason) for left in reading.left_out] == [
        ("F5", "no_decision"),
        ("G6", "no_date"),
    ]
    one = _read(catalogue, data, Told("recognition", lam_dong, listed_on=ON, decision_no="768/qđ-ubnd"))
    assert [(each.told.decision_no, len(each.lines)) for each in one.lists] == [("768/QĐ-UBND", 1)]
    assert [left.reason for left in one.left_out].count("other_decision") == 2


def test_an_event_has_the_decision_told_not_the_one_of_its_certificate(catalogue, lam_dong):
    """On the lines of a revocation number and day are those of the certificate that is revoked."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Số quyết định", "Ngày quyết định"]
    data = _list(header, ["1", "Trà", "HTX Một", "Lạc Dương", "858/QĐ-UBND", "19/06/2025"])
    read = _read(catalogue, data, Told("revocation", lam_dong, **DECISION)).lists[0]
    assert (read.told.decision_no, read.told.decided_on) == ("3981/QĐ-UBND", ON)
    assert read.list_key == "revocation 3981/QĐ-UBND 2026-08-05"


def test_a_transfer_without_new_producer_is_doubted(catalogue, lam_dong):
    """Who gets the product stands on its line or is told for all."""
    data = _list(
        ["TT", "Sản phẩm", "Chủ thể", "Xã", "Chủ thể mới"],
        ["1", "Trà", "HTX Một", "Lạc Dương", "HTX Hai"],
        ["2", "Bún", "HTX Một", "Lạc Dương", ""],
    )
    told = Told("transfer", lam_dong, **DECISION)
    assert _codes(_read(catalogue, data, told).findings) == [("NEW_PRODUCER_MISSING", "E3")]
    told = Told("transfer", lam_dong, new_producer="HTX Ba", **DECISION)
    assert _read(catalogue, data, told).findings == ()


def test_an_evaluation_without_recognition_may_have_one_or_two_stars(catalogue, lam_dong):
    """Stars below three are the reason for no recognition and no doubt; points that reach three are one."""
    data = _list(
        ["TT", "Sản phẩm", "Chủ thể", "Xã", "Sao", "Điểm"],
        ["1", "Trà", "HTX Một", "Lạc Dương", "2 sao", "48"],
        ["2", "Bún", "HTX Hai", "Lạc Dương", "2 sao", "58"],
    )
    reading = _read(catalogue, data, Told("not_recognised", lam_dong, **DECISION))
    assert _codes(reading.findings) == [("SCORE_CONTRADICTS_STAR", "F3")]


def test_a_list_without_stars_takes_the_one_told(catalogue, lam_dong):
    """Where neither star nor points stand, the star told is that of all lines; without it each line is doubted."""
    data = _list(["TT", "Sản phẩm", "Chủ thể", "Xã"], ["1", "Trà", "HTX Một", "Lạc Dương"])
    assert _codes(_read(catalogue, data, Told("recognition", lam_dong, **DECISION)).findings) == [
        ("STAR_MISSING", "B2")
    ]
    told = Told("recognition", lam_dong, star="3", **DECISION)
    reading = _read(catalogue, data, told)
    assert (reading.findings, reading.lists[0].stars) == ((), {"3": 1})


# -------------------------------------------------------------------------------------------- places


def _place(catalogue, unit_id, on, **cells):
    """Place and doubts of a list of one line."""
    header = {"commune": "Xã", "before": "Xã cũ", "district": "Huyện", "address": "Địa chỉ"}
    data = _list(
        ["TT", "Sản phẩm", "Sao", *(header[name] for name in cells)], ["1", "Trà", "3", *cells.values()]
    )
    told = Told(
        "recognition", unit_id, listed_on=on, decision_no="1/QĐ", decided_on=on, issuing_body="UBND tỉnh"
    )
    reading = _read(catalogue, data, told)
    place = reading.lists[0].lines[0].place
    name = place.unit_id and catalogue.units.versions(place.unit_id)[-1].full_name
    return name, place.doubt


def test_communes_are_found_by_name_or_address_on_the_map_of_the_list(catalogue, lam_dong):
    """With or without type, with another spelling of the tone, in an address: one unit answers, or none is taken."""
    assert _place(catalogue, lam_dong, ON, commune="phường Phan Thiết") == ("Phường Phan Thiết", "")
    assert _place(catalogue, lam_dong, ON, commune="PHAN THIẾT") == ("Phường Phan Thiết", "")
    assert _place(
        catalogue, lam_dong, ON, address="Số 8 Phan Đình Phùng, phường Phan Thiết, tỉnh Lâm Đồng"
    ) == (
        "Phường Phan Thiết",
        "",
    )
    assert _place(catalogue, lam_dong, ON, address="Thôn Lạc Dương, tỉnh Lâm Đồng") == (None, "missing")
    assert _place(catalogue, lam_dong, ON, commune="Nơi Không Có") == (None, "unknown")


def test_an_old_commune_is_found_on_the_map_before_the_change(catalogue, lam_dong):
    """Names the map of the list does not have any more are those of a map before; the commune stays the old one."""
    name, doubt = _place(catalogue, lam_dong, ON, commune="xã Thuận Hà", district="huyện Đắk Song")
    assert (name, doubt) == ("Xã Thuận Hà", "")


@pytest.mark.parametrize(
    ("written", "name", "doubt"),
    [
        ("xã Tân Hà, huyện Lâm Hà", "Xã Tân Hà", ""),
        ("X. Tân Hà - H. Lâm Hà - Lâm Đồng", "Xã Tân Hà", ""),
        ("24916", "Xã Tân Hà Lâm Hà", ""),
        # Divided: the commune of that name today may be meant, and so may its neighbour.
        ("Hòa Thắng, huyện Bắc Bình", None, "ambiguous"),
        ("Tân Hà, huyện Tân Châu", None, "unknown"),
        ("26740", None, "unknown"),
    ],
)  # fmt: skip
def test_a_cell_may_say_more_than_a_name(catalogue, lam_dong, written, name, doubt):
    """With its district in the cell, or by code, one commune of the province is found; of several, none."""
    assert _place(catalogue, lam_dong, ON, commune=written) == (name, doubt)


def test_of_two_names_the_one_of_the_map_counts(catalogue, lam_dong):
    """A list with the commune of today and the one before: the day of the list decides which is read."""
    dak_nong = catalogue.units.find_code("67", OLD).unit_id
    names = {"commune": "xã Thuận Hạnh", "before": "xã Thuận Hà"}
    assert _place(catalogue, dak_nong, OLD, **names) == ("Xã Thuận Hà", "")
    assert _place(catalogue, lam_dong, ON, **names) == ("Xã Thuận Hạnh", "")


def test_of_several_communes_of_one_name_the_district_decides(catalogue):
    """Two communes of one name in a province are two candidates until a district tells them apart."""
    units = catalogue.units
    named = {}
    for unit in units.units(OLD, Tier.COMMUNE):
        province = next(above for above in units.ancestors(unit.unit_id, OLD) if above.tier is Tier.PROVINCE)
        named.setdefault((province.unit_id, unit.full_name), []).append(unit)
    (province_id, name), twins = next((key, found) for key, found in sorted(named.items()) if len(found) == 2)
    assert _place(catalogue, province_id, OLD, commune=name) == (None, "ambiguous")
    district = units.get(twins[1].parent_id, OLD).full_name
    data = _list(["TT", "Sản phẩm", "Sao", "Xã", "Huyện"], ["1", "Trà", "3", name, district])
    told = Told("recognition", province_id, listed_on=OLD, decision_no="1/QĐ", decided_on=OLD)
    assert _read(catalogue, data, told).lists[0].lines[0].place.unit_id == twins[1].unit_id


def test_a_list_of_a_commune_is_its_own(catalogue):
    """Whatever its lines name, the list a commune hands over is the commune's."""
    commune = catalogue.units.find_name("phường Phan Thiết", ON, tier=Tier.COMMUNE)[0].unit
    assert _place(catalogue, commune.unit_id, ON, commune="") == ("Phường Phan Thiết", "")


# ------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("data", "told", "code"),
    [
        (b"\x00" * 40, {}, "EMPTY_FILE"),
        (b"%PDF-1.7 " + b"x" * 40, {}, "NOT_A_WORKBOOK"),
        (_list(["Họ tên", "Ngày sinh"], ["A", "B"]), {}, "HEADER_NOT_FOUND"),
        (_list(["TT", "Sản phẩm"], ["", "Cộng"]), {}, "NO_LINES"),
        (_list(["TT", "Sản phẩm"], ["1", "Trà"]), {"decision_no": ""}, "DECISION_NOT_TOLD"),
        (_list(["TT", "Sản phẩm"], ["1", "Trà"]), {"decided_on": None}, "DECISION_NOT_TOLD"),
        (_list(["TT", "Sản phẩm"], ["1", "Trà"]), {"decided_on": date(2027, 1, 1)}, "LIST_IN_FUTURE"),
        (_list(["TT", "Sản phẩm"], ["1", "Trà"]), {"decided_on": date(2017, 1, 1)}, "LIST_TOO_EARLY"),
        (_list(["TT", "Sản phẩm"], ["1", "Trà"]), {"listed_on": OLD}, "UNIT_NOT_SERVED"),
    ],
)
def test_what_holds_no_list_is_refused_with_its_reason(catalogue, tmp_path, lam_dong, data, told, code):
    """A file that is none, a list without lines or without decision, a day or unit that cannot be: nothing is kept."""
    reading = _read(catalogue, data, Told("recognition", lam_dong, **(DECISION | told)))
    assert [finding.code for finding in reading.refused] == [code]
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger, pytest.raises(ValueError, match="refused"):
        keep(reading, data, Archive(tmp_path / "archive"), ledger, catalogue, NOW)


def test_a_unit_outside_the_area_served_is_refused(catalogue, lam_dong):
    """A deployment takes lists of its own provinces only."""
    data = _list(["TT", "Sản phẩm"], ["1", "Trà"])
    told = Told("recognition", lam_dong, **DECISION)
    assert [f.code for f in _read(catalogue, data, told, scope=["p01.1"]).refused] == ["UNIT_NOT_SERVED"]
    assert _read(catalogue, data, told, scope=[lam_dong]).refused == ()


# ------------------------------------------------------------------------------------- what is kept


ONE = _list(["TT", "Sản phẩm", "Chủ thể", "Xã", "Điểm"], ["1", "Trà", "HTX Một", "Lạc Dương", "71"])
CORRECTED = _list(["TT", "Sản phẩm", "Chủ thể", "Xã", "Điểm"], ["1", "Trà", "HTX Một", "Lạc Dương", "61"])


@pytest.fixture
def site(tmp_path):
    """An archive and a ledger."""
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        yield Archive(tmp_path / "archive"), ledger


def test_the_same_file_of_the_same_decision_twice_is_one_import(catalogue, lam_dong, site):
    """Handing a list over again changes nothing; told otherwise it is another import."""
    told = Told("recognition", lam_dong, **DECISION)
    reading = _read(catalogue, ONE, told)
    first = keep(reading, ONE, *site, catalogue, NOW)
    again = keep(reading, ONE, *site, catalogue, NOW)
    assert [each.fresh for each in (*first, *again)] == [True, False]
    assert again[0].record == first[0].record
    other = _read(catalogue, ONE, Told("not_recognised", lam_dong, **DECISION))
    assert keep(other, ONE, *site, catalogue, NOW)[0].fresh
    assert len({record.submission_id for record in site[1].imports()}) == 2


def test_a_corrected_file_comes_after_the_first_and_the_first_may_come_back(catalogue, lam_dong, site):
    """The later import of a decision stands; an earlier one handed over again is a new import that comes last."""
    told = Told("recognition", lam_dong, **DECISION)
    for data in (ONE, CORRECTED, ONE):
        assert keep(_read(catalogue, data, told), data, *site, catalogue, NOW)[0].fresh
    records = site[1].imports()
    assert len({record.submission_id for record in records}) == 3
    assert len({record.duty for record in records}) == 1
    assert records[0].sha256 == records[-1].sha256


def test_what_was_told_survives_a_rebuild(catalogue, lam_dong, site):
    """Archive, ledger and catalogue give the same rows again, for every decision of a file by itself."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Điểm", "Số quyết định", "Ngày quyết định", "Cơ quan"]
    data = _list(
        header,
        ["1", "Trà", "HTX Một", "Lạc Dương", "71", "858/QĐ-UBND", "19/06/2025", "UBND tỉnh Đắk Nông"],
        ["2", "Bún", "HTX Hai", "Thuận Hà", "51", "768/QĐ-UBND", "07/05/2025", "UBND huyện Cư Jút"],
    )
    extension = Told("extension", lam_dong, extended_to=date(2027, 1, 1), extended_months=6, **DECISION)
    pairs = []
    for bytes_, told in ((data, Told("recognition", lam_dong, listed_on=ON)), (ONE, extension)):
        reading = _read(catalogue, bytes_, told)
        kept = keep(reading, bytes_, *site, catalogue, NOW)
        pairs += [(each.record, read) for each, read in zip(kept, reading.lists, strict=True)]
    assert len(pairs) == 3
    before = import_tables(pairs, catalogue)
    after, lost = restore(*site, catalogue)
    assert lost == []
    for name, table in before.items():
        assert _rows(after[name]) == _rows(table), name
    told = {row["decision_no"]: row for row in after["imports"].to_pylist()}
    assert told["3981/QĐ-UBND"]["extended_to"] == date(2027, 1, 1)
    assert told["3981/QĐ-UBND"]["extended_months"] == 6
    assert told["768/QĐ-UBND"]["issuing_level"] == "district"
    one, _ = restore(*site, catalogue, only=[pairs[0][0].submission_id])
    assert one["submissions"].num_rows == 1


def _rows(table):
    return sorted(map(str, table.to_pylist()))


def test_a_rebuild_restores_reports_and_lists_and_the_inbox_never_sees_a_list(
    catalogue, lam_dong, site, tmp_path
):
    """An imported list is no arrival: no run judges it, and a rebuild makes its rows all the same."""
    reading = _read(catalogue, ONE, Told("recognition", lam_dong, **DECISION))
    (kept,) = keep(reading, ONE, *site, catalogue, NOW)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "danh-sach.csv").write_bytes(ONE)
    archive, ledger = site
    assert ledger.unjudged() == []
    taken = take_in(tmp_path / "inbox", archive, ledger, catalogue, NOW, settle_seconds=0)
    assert [judgement.verdict for judgement in taken.judgements] == [Verdict.SET_ASIDE]
    restored = rebuild(archive, ledger, catalogue)
    assert restored.submissions["submission_id"].to_pylist() == [kept.record.submission_id]
    assert set(restored.tables) == {"submissions", "cells", "imports", "import_lines"}
    assert restored.submissions["verdict"].to_pylist() == ["accepted"]


def test_a_list_whose_bytes_are_gone_is_named_and_stops_nothing(catalogue, lam_dong, site):
    """A damaged archive costs the lists it held, not the others."""
    archive = site[0]
    for data in (ONE, CORRECTED):
        told = Told("recognition", lam_dong, **(DECISION | {"decision_no": f"{len(data) + data[-3]}/QĐ"}))
        keep(_read(catalogue, data, told), data, *site, catalogue, NOW)
    first, second = site[1].imports()
    archive.path(first.sha256).chmod(0o600)
    archive.path(first.sha256).write_bytes(b"x")
    tables, lost = restore(*site, catalogue)
    assert lost == [first.submission_id]
    assert tables["submissions"]["submission_id"].to_pylist() == [second.submission_id]


# ---------------------------------------------------------------------------------- real lists


PUBLIC = Path(__file__).parents[2] / "data" / "public_lists"


@pytest.mark.parametrize(
    ("name", "code", "on", "told"),
    [
        ("lam-dong-2026-decision-3981.csv", "68", ON, DECISION),
        ("dak-nong-2025-three-decisions.csv", "67", date(2025, 6, 30), {}),
        ("dak-nong-2025-three-decisions.csv", "68", ON, {}),
        ("duc-trong-2025-products.csv", "68", OLD, {"decision_no": "1/QĐ", "decided_on": OLD, "star": "3"}),
        ("duc-trong-2025-products.csv", "68", ON, {"decision_no": "1/QĐ", "decided_on": OLD, "star": "3"}),
    ],
)
def test_public_lists_load_as_they_are(catalogue, tmp_path, name, code, on, told):
    """Lists nobody edited: every line is taken, every commune found, and the totals are those counted by hand."""
    data = (PUBLIC / name).read_bytes()
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    unit_id = catalogue.units.find_code(code, on).unit_id
    reading = _read(
        catalogue, data, Told("recognition", unit_id, **({"listed_on": on} | told | {"listed_on": on}))
    )
    lines = [(each, line) for each in reading.lists for line in each.lines]
    assert reading.left_out == ()
    assert Counter(line.star for _, line in lines) == Counter(row["star"] or "3" for row in rows)
    by_type = Counter(line.line["producer_type"].text for _, line in lines)
    assert by_type == Counter(row["entity_type"] for row in rows)
    decisions = Counter((each.told.decision_no, each.told.decided_on) for each, _ in lines)
    written = Counter(
        (row.get("decision_no") or "1/QĐ", row.get("decision_date") or OLD.isoformat()) for row in rows
    )
    assert decisions == Counter(
        {(number, date.fromisoformat(day)): count for (number, day), count in written.items()}
    )
    column = "commune_old" if on < date(2025, 7, 1) else "commune_2025"
    communes = Counter(row[column].casefold() for row in rows)
    found = Counter(catalogue.units.get(line.place.unit_id, on).full_name.casefold() for _, line in lines)
    assert found == communes
    assert {finding.code for finding in reading.findings} <= {"STAR_MISSING"}
    cells = _cells(reading, catalogue, tmp_path)
    assert {cell["text"] for (_, field), cell in cells.items() if field == "producer_name"} == {
        row["entity_name"] for row in rows
    }
