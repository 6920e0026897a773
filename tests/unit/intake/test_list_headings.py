"""Headings in a list that speak for the lines below them: what they say, how far they reach, who wins."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
import xlsxwriter

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.catalogue.imports import list_words
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.headings import COMMUNE, DISTRICT, GROUP, STAR, HeadingReader
from ocop_pipeline.intake.list_reading import Told
from ocop_pipeline.intake.lists import HeadingRow, LeftOut
from ocop_pipeline.intake.register_import import import_tables, keep, read_file, restore
from ocop_pipeline.warehouse.ledger import Ledger

TODAY, NOW = date(2026, 10, 20), datetime(2026, 10, 20, 8, tzinfo=UTC)
ON, OLD = date(2026, 8, 5), date(2025, 6, 19)
HEADER = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Sao"]


@pytest.fixture
def lam_dong(catalogue):
    """The province of today."""
    return catalogue.units.find_code("68", ON).unit_id


def _csv(*rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _book(**sheets):
    """A workbook of sheets: name -> rows."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name.replace("_", " "))
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return out.getvalue()


def _read(catalogue, unit_id, data, name="ds.csv", kind="recognition", on=ON, **told):
    told = {"decision_no": "1/QĐ-UBND", "decided_on": on, "listed_on": on} | told
    return read_file(data, name, Told(kind, unit_id, **told), catalogue, TODAY)


def _stars(reading):
    return [line.star for read in reading.lists for line in read.lines]


def _text(line, name):
    cell = line.line.get(name)
    return cell.text if cell else ""


# ------------------------------------------------------------------------------------- what it says


def _heading(catalogue, text, marker="", *, is_title=False):
    groups = catalogue.groups
    reader = HeadingReader(
        catalogue,
        list_words(),
        lambda name: name == "Tân Hà",
        lambda name: found.name_vi if (found := groups.read(name, ON)) else "",
    )
    found = reader.read("Loc", HeadingRow(3, 1, text, marker, is_title, LeftOut("", "", "")))
    return (found.speaks_of, found.value, found.told) if found else None


@pytest.mark.parametrize(
    ("text", "marker", "meaning"),
    [
        ("Sản phẩm 4 sao", "I", (STAR, "4", None)),
        ("SẢN PHẨM ĐẠT 3 SAO (12 sản phẩm)", "II", (STAR, "3", 12)),
        ("12 sản phẩm đạt hạng 3 sao", "", (STAR, "3", 12)),
        ("Các sản phẩm OCOP được công nhận 5 sao: 04 SP", "", (STAR, "5", 4)),
        ("Sản phẩm tiềm năng 5 sao", "III", (STAR, "potential_5", None)),
        ("Nhóm: Thực phẩm", "", (GROUP, "Thực phẩm", None)),
        ("Nhóm đồ uống (3)", "1", (GROUP, "Đồ uống", 3)),
        ("Đồ uống", "", (GROUP, "Đồ uống", None)),
        ("Xã Tân Hà", "", (COMMUNE, "Xã Tân Hà", None)),
        ("Tân Hà", "IV", (COMMUNE, "Tân Hà", None)),
        ("Đặc khu Phú Quý: 5 sản phẩm", "", (COMMUNE, "Đặc khu Phú Quý", 5)),
        ("Huyện Đức Trọng", "A", (DISTRICT, "Huyện Đức Trọng", None)),
        ("THÀNH PHỐ ĐÀ LẠT", "", (DISTRICT, "THÀNH PHỐ ĐÀ LẠT", None)),
        # Not certain, so not understood.
        ("Sản phẩm đạt 3 sao trở lên", "I", None),
        ("Sản phẩm không đạt 3 sao", "I", None),
        ("Sản phẩm 3 sao và 4 sao", "I", None),
        ("Sản phẩm 4 sao đề nghị nâng hạng 5 sao", "I", None),
        ("Sản phẩm 6 sao", "I", None),
        ("Tân Hà", "", None),
        ("Nhóm hàng lạ", "II", None),
        ("Người lập biểu", "", None),
    ],
)
def test_a_heading_is_understood_as_a_whole_or_not_at_all(catalogue, text, marker, meaning):
    """A star with words that say nothing, a known group, a unit with its type; anything else is no heading."""
    assert _heading(catalogue, text, marker) == meaning


def test_a_title_names_a_star_or_a_unit_and_nothing_else(catalogue):
    """Above the header a word that is a group by chance stays a word."""
    assert _heading(catalogue, "DANH SÁCH SẢN PHẨM OCOP ĐẠT 4 SAO", is_title=True) == (STAR, "4", None)
    assert _heading(catalogue, "Đồ uống", is_title=True) is None


# ----------------------------------------------------------------------------------- how far it reaches


def test_a_star_of_a_heading_holds_to_the_next_one_of_its_kind(catalogue, lam_dong):
    """Lines take the star of the section they stand in; a group heading between does not end it."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            HEADER,
            ["I", "Sản phẩm 4 sao", "", "", ""],
            ["1", "Trà", "HTX Một", "Lạc Dương", ""],
            ["", "Nhóm: Đồ uống", "", "", ""],
            ["2", "Cà phê", "HTX Hai", "Lạc Dương", ""],
            ["II. Sản phẩm đạt 3 sao (2 sản phẩm)", "", "", "", ""],
            ["3", "Bún", "HTX Ba", "Lạc Dương", ""],
            ["4", "Miến", "HTX Ba", "Lạc Dương", "-"],
        ),
    )
    assert _stars(reading)[:3] == ["4", "4", "3"]
    groups = [_text(line, "product_group") for line in reading.lists[0].lines]
    # Drinks are a part of section I: what section II holds nobody says.
    assert groups == ["", "Đồ uống", "", ""]
    assert reading.left_out == ()
    told = [(each.cell, each.value, each.told, len(each.rows), len(each.filled)) for each in reading.headings]
    assert told == [("B2", "4", None, 2, 2), ("B4", "Đồ uống", None, 1, 1), ("A6", "3", 2, 2, 1)]


def test_a_section_ends_what_is_numbered_below_it(catalogue, lam_dong):
    """A over I over 1 over a: what a part of section I says is not said of section II."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            HEADER,
            ["A", "Xã Lạc Dương", "", "", ""],
            ["I", "Sản phẩm 4 sao", "", "", ""],
            ["1", "Trà", "HTX Một", "", ""],
            ["B", "Phường Phan Thiết", "", "", ""],
            ["2", "Bún", "HTX Hai", "", ""],
        ),
    )
    names = [catalogue.units.get(line.place.unit_id, ON).full_name for line in reading.lists[0].lines]
    assert names == ["Xã Lạc Dương", "Phường Phan Thiết"]
    assert _stars(reading) == ["4", ""]


def test_a_heading_over_numbered_sections_holds_for_all_of_them(catalogue, lam_dong):
    """A group named before the sections begin is not a part of any of them."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            HEADER,
            ["", "Nhóm: Đồ uống", "", "", ""],
            ["I", "Sản phẩm 4 sao", "", "", ""],
            ["1", "Trà", "HTX Một", "Lạc Dương", ""],
            ["II", "Sản phẩm 3 sao", "", "", ""],
            ["2", "Rượu", "HTX Hai", "Lạc Dương", ""],
        ),
    )
    assert [_text(line, "product_group") for line in reading.lists[0].lines] == ["Đồ uống", "Đồ uống"]
    assert _stars(reading) == ["4", "3"]


def test_a_heading_nobody_understands_ends_its_section_and_is_named(catalogue, lam_dong):
    """Below "III. Sản phẩm khác" nobody knows the star; the row is left out with its cell, as before."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            HEADER,
            ["II", "Sản phẩm 4 sao", "", "", ""],
            ["1", "Trà", "HTX Một", "Lạc Dương", ""],
            ["III", "Sản phẩm khác", "", "", ""],
            ["2", "Bún", "HTX Hai", "Lạc Dương", ""],
        ),
    )
    assert _stars(reading) == ["4", ""]
    assert [(left.cell, left.reason) for left in reading.left_out] == [("A4", "no_product")]


def test_a_district_ends_the_commune_and_tells_communes_of_one_name_apart(catalogue):
    """Communes hang below their district: the heading of the next district ends them."""
    dak_nong = catalogue.units.find_code("67", OLD).unit_id
    reading = _read(
        catalogue,
        dak_nong,
        _csv(
            ["TT", "Sản phẩm", "Chủ thể", "Sao"],
            ["", "Huyện Đắk Song", "", ""],
            ["", "Xã Thuận Hà", "", ""],
            ["1", "Trà", "HTX Một", "3"],
            ["", "Huyện Cư Jút", "", ""],
            ["2", "Bún", "HTX Hai", "3"],
        ),
        on=OLD,
    )
    first, second = reading.lists[0].lines
    assert catalogue.units.get(first.place.unit_id, OLD).full_name == "Xã Thuận Hà"
    assert (second.place.unit_id, second.place.doubt) == (None, "missing")
    assert [_text(line, "district_name") for line in (first, second)] == ["Huyện Đắk Song", "Huyện Cư Jút"]


def test_numbered_communes_over_their_products_are_headings(catalogue, lam_dong):
    """A row "1. Xã Lạc Dương" with 1.1 and 1.2 below is a heading, and a producer above it does not reach over it."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            HEADER,
            ["1", "Xã Lạc Dương", "", "", ""],
            ["1.1", "Trà", "HTX Một", "", "3"],
            ["1.2", "Cao", "", "", "3"],
            ["2", "Phường Phan Thiết", "", "", ""],
            ["2.1", "Bún", "", "", "3"],
        ),
    )
    assert [_text(line, "producer_name") for line in reading.lists[0].lines] == ["HTX Một", "HTX Một", ""]
    assert reading.lists[0].communes_found == 3
    assert [each.value for each in reading.headings] == ["Xã Lạc Dương", "Phường Phan Thiết"]


def test_a_list_without_numbers_has_headings_that_look_like_some(catalogue, lam_dong):
    """A product alone in its row stays a product; a numbered text or one that names a unit is a heading."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            ["Sản phẩm", "Chủ thể", "Xã", "Sao"],
            ["I. Sản phẩm 4 sao", "", "", ""],
            ["Trà", "HTX Một", "Lạc Dương", ""],
            ["Xã Lạc Dương", "", "", ""],
            ["Bún khô", "", "", ""],
        ),
    )
    names = [_text(line, "product_name") for line in reading.lists[0].lines]
    assert (names, _stars(reading)) == (["Trà", "Bún khô"], ["4", "4"])


# -------------------------------------------------------------------------------------------- who wins


def test_what_a_line_says_itself_wins_and_the_contradiction_is_known(catalogue, lam_dong):
    """A star, a group of another sector and a commune that a line names count; the heading knows who differs."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            [*HEADER, "Nhóm"],
            ["I", "Sản phẩm 4 sao", "", "", "", ""],
            ["", "Nhóm: Đồ uống", "", "", "", ""],
            ["", "Xã Lạc Dương", "", "", "", ""],
            ["1", "Trà", "HTX Một", "Phan Thiết", "3 sao", "Thực phẩm"],
            ["2", "Rượu", "HTX Hai", "Lạc Dương", "Hạng 4 sao", "Đồ uống có cồn"],
        ),
    )
    first, second = reading.lists[0].lines
    assert (first.star, second.star) == ("3", "4")
    assert catalogue.units.get(first.place.unit_id, ON).full_name == "Phường Phan Thiết"
    differ = {each.speaks_of: each.contradicted for each in reading.headings}
    assert differ == {
        STAR: [(5, "E5", "3 sao")],
        GROUP: [(5, "F5", "Thực phẩm")],
        COMMUNE: [(5, "D5", "Phan Thiết")],
    }
    found = {finding.cell: finding for finding in reading.findings if finding.code == "HEADING_CONTRADICTED"}
    assert {cell: each.args["heading_cell"] for cell, each in found.items()} == {
        "D5": "B4",
        "E5": "B2",
        "F5": "B3",
    }
    assert "nằm dưới tiêu đề “Sản phẩm 4 sao” (ô B2)" in finding_types().message(found["E5"])


def test_an_address_is_a_line_s_own_word_where_it_names_a_commune(catalogue, lam_dong):
    """Only where the address names none does the heading say whose product it is."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            ["TT", "Sản phẩm", "Chủ thể", "Địa chỉ", "Sao"],
            ["", "Xã Lạc Dương", "", "", ""],
            ["1", "Trà", "HTX Một", "thôn 2, phường Phan Thiết", "3"],
            ["2", "Bún", "HTX Hai", "thôn 2", "3"],
        ),
    )
    places = [line.place.unit_id for line in reading.lists[0].lines]
    names = [catalogue.units.get(unit, ON).full_name for unit in places]
    assert names == ["Phường Phan Thiết", "Xã Lạc Dương"]


def test_a_number_told_in_a_heading_is_compared_with_the_lines_below(catalogue, lam_dong):
    """Twelve products told and one found: the difference is known, and so is a heading with nothing below it."""
    reading = _read(
        catalogue,
        lam_dong,
        _csv(
            HEADER,
            ["I", "Sản phẩm 4 sao (12 sản phẩm)", "", "", ""],
            ["1", "Trà", "HTX Một", "Lạc Dương", ""],
            ["II", "Sản phẩm 3 sao (01 sản phẩm)", "", "", ""],
            ["2", "Bún", "HTX Một", "Lạc Dương", ""],
            ["III", "Sản phẩm 5 sao: 2 sản phẩm", "", "", ""],
        ),
    )
    assert [(each.told, len(each.rows), each.count_differs) for each in reading.headings] == [
        (12, 1, True),
        (1, 1, False),
        (2, 0, True),
    ]
    found = [finding for finding in reading.findings if finding.code == "HEADING_COUNT_DIFFERS"]
    assert [finding.cell for finding in found] == ["B2", "B6"]
    assert "ghi 12 sản phẩm, nhưng bên dưới có 1 dòng sản phẩm" in finding_types().message(found[0])


# --------------------------------------------------------------------------------------- what is stored


def test_what_a_heading_gives_is_stored_with_the_heading_s_cell_and_survives_a_rebuild(
    catalogue, lam_dong, tmp_path
):
    """The source is the area from the heading down to the line: every cell of a file has one value still."""
    data = _csv(
        [*HEADER, "Nhóm"],
        ["I", "Sản phẩm 4 sao", "", "", "", ""],
        ["", "Xã Lạc Dương", "", "", "", ""],
        ["1", "Trà", "HTX Một", "", "", ""],
        ["", "Nhóm: Đồ uống", "", "", "", ""],
        ["2", "Bún", "HTX Hai", "", "3 sao", ""],
    )
    reading = _read(catalogue, lam_dong, data)
    archive = Archive(tmp_path / "archive")
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        (kept,) = keep(reading, data, archive, ledger, catalogue, NOW)
        tables = import_tables([(kept.record, reading.lists[0])], catalogue)
        again, lost = restore(archive, ledger, catalogue)
    rows = tables["cells"].to_pylist()
    cells = {(cell["row_no"], cell["field"]): cell for cell in rows}
    assert cells[4, "first_star"]["cell"] == "B2:B4"
    assert (cells[4, "first_star"]["text"], cells[4, "first_star"]["state"]) == ("4 sao", "text")
    assert cells[4, "commune_name"]["cell"] == "B3:B4"
    assert cells[6, "commune_name"]["cell"] == "B3:B6"
    assert cells[6, "product_group"]["cell"] == "B5:B6"
    assert cells[6, "first_star"]["cell"] == "E6"
    places = [(cell["sheet"], cell["cell"]) for cell in rows]
    assert len(set(places)) == len(places) == len(cells)
    assert lost == []
    assert sorted(map(str, again["cells"].to_pylist())) == sorted(map(str, rows))


def test_the_star_of_a_heading_in_a_register_is_that_of_the_latest_recognition(catalogue, lam_dong):
    """In the register of two recognitions it goes where the date is; without a date it is the star of now."""
    header = [
        "TT", "Tên sản phẩm", "Tên chủ thể", "Xã/phường", "Hạng sao hiện tại", "Lần 1 Ngày công nhận",
        "Lần 2 Ngày công nhận",
    ]  # fmt: skip
    data = _csv(
        header,
        ["I", "Sản phẩm 4 sao", "", "", "", "", ""],
        ["1", "Trà", "HTX Một", "Lạc Dương", "", "01/06/2024", ""],
        ["2", "Bún", "HTX Một", "Lạc Dương", "", "01/06/2022", "01/06/2025"],
        ["3", "Miến", "HTX Một", "Lạc Dương", "", "", ""],
    )
    told = Told("register", lam_dong, listed_on=ON)
    lines = read_file(data, "so.csv", told, catalogue, TODAY).lists[0].lines
    names = ("current_star", "first_star", "second_star")
    assert [[name for name in names if _text(line, name)] for line in lines] == [
        ["first_star"],
        ["second_star"],
        ["current_star"],
    ]


# ------------------------------------------------------------------------------------------------ sheets


def test_a_register_of_one_sheet_a_commune_is_one_list(catalogue, lam_dong, tmp_path):
    """Every sheet with its headers is read; a sheet named after a commune says whose its lines are."""
    data = _book(
        Xã_Lạc_Dương=[HEADER, ["1", "Trà", "HTX Một", "", "3"]],
        Phan_Thiết=[["TT", "Sản phẩm", "Chủ thể", "Địa chỉ", "Sao"], ["1", "Mắm", "HTX Hai", "phường Phan Thiết", "4"]],
        Tổng_hợp=[["Sản phẩm", "Số lượng"], ["Trà", 1], ["Mắm", 1]],
        Ghi_chú=[["Sổ lập ngày 5/8"]],
    )  # fmt: skip
    reading = _read(catalogue, lam_dong, data, "ds.xlsx")
    (read,) = reading.lists
    assert [(line.sheet, line.row, line.star) for line in read.lines] == [
        ("Xã Lạc Dương", 2, "3"),
        ("Phan Thiết", 2, "4"),
    ]
    assert read.communes_found == 2
    assert [(sheet.name, sheet.rows) for sheet in reading.other_sheets] == [("Tổng hợp", 3), ("Ghi chú", 1)]
    assert [found.sheet for found in reading.findings if found.code == "SHEET_LEFT_OUT"] == [
        "Tổng hợp",
        "Ghi chú",
    ]
    archive = Archive(tmp_path / "archive")
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        (kept,) = keep(reading, data, archive, ledger, catalogue, NOW)
        tables = import_tables([(kept.record, read)], catalogue)
        again, _ = restore(archive, ledger, catalogue)
    assert tables["submissions"].num_rows == 1
    lines = [(row["sheet"], row["line_key"]) for row in tables["import_lines"].to_pylist()]
    assert lines == [("Xã Lạc Dương", "2"), ("Phan Thiết", "2")]
    cells = tables["cells"].to_pylist()
    communes = {cell["sheet"]: cell["cell"] for cell in cells if cell["field"] == "commune_name"}
    assert communes == {"Xã Lạc Dương": "A1:A2"}
    assert sorted(map(str, again["cells"].to_pylist())) == sorted(map(str, cells))


def test_decisions_may_stand_on_lines_of_several_sheets(catalogue, lam_dong):
    """A decision's lines are one list wherever they stand; what is left out is named with its sheet."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Sao", "Số quyết định", "Ngày quyết định"]
    row = ["1", "Trà", "HTX Một", "Lạc Dương", "3", "11/QĐ-UBND", "01/06/2026"]
    other = ["2", "Bún", "HTX Một", "Lạc Dương", "3", "12/QĐ-UBND", "02/06/2026"]
    nobody = ["3", "Miến", "HTX Một", "Lạc Dương", "3", "", "02/06/2026"]
    data = _book(**{"2025": [header, row], "2026": [header, other, ["2", "Cao", *row[2:]], nobody]})
    reading = _read(catalogue, lam_dong, data, "ds.xlsx", decision_no="", decided_on=None)
    found = [(read.told.decision_no, [(part.sheet) for part in read.parts]) for read in reading.lists]
    assert found == [("11/QĐ-UBND", ["2025", "2026"]), ("12/QĐ-UBND", ["2026"])]
    assert [
        (sheet.name, [left.cell for left in sheet.left_out]) for sheet in reading.sheets
    ] == [("2025", []), ("2026", ["F4"])]  # fmt: skip


def test_a_named_sheet_is_read_alone_and_a_hidden_one_only_then(catalogue, lam_dong):
    """Hidden sheets are drafts as often as not: they are named, and read when they are asked for."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for name, product in (("Chính", "Trà"), ("Nháp", "Bún")):
            page = book.add_worksheet(name)
            page.write_row(0, 0, HEADER)
            page.write_row(1, 0, ["1", product, "HTX Một", "Lạc Dương", "3"])
        page.hide()
    data = out.getvalue()
    names = {}
    for sheet in ("", "nháp"):
        reading = _read(catalogue, lam_dong, data, "ds.xlsx", sheet=sheet)
        names[sheet] = [_text(line, "product_name") for line in reading.lists[0].lines]
        assert [each.name for each in reading.other_sheets] == (["Chính"] if sheet else ["Nháp"])
    assert names == {"": ["Trà"], "nháp": ["Bún"]}
