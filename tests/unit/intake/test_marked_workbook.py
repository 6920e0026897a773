"""The sender's own workbook given back: only what must change changes, and what is marked is what was wrong."""

import io
import zipfile

import openpyxl
import pytest
import xlsxwriter

from ocop_pipeline.intake.grid import Limits
from ocop_pipeline.intake.marked_cover import Cover, Mark
from ocop_pipeline.intake.marked_workbook import mark_workbook
from ocop_pipeline.intake.workbook import read_bytes

COVER = Cover(
    "Cần sửa",
    ("CẦN SỬA", "Số biên nhận: 0123456789"),
    ("TT", "Mức", "Trang", "Ô", "Cần sửa", "Lý do"),
    {"error": "Lỗi", "warning": "Cảnh báo"},
)
MARKS = (
    Mark("error", "", "", "Thiếu trang."),
    Mark("error", "Biểu 1", "B2", "Ô cần là số <12> & không phải “chữ”."),
    Mark("warning", "Biểu 1", "B2", "=HYPERLINK()"),
    Mark("warning", "Biểu 1", "D9", "Ô chưa có gì."),
    Mark("warning", "O'Sổ", "A1", "Ô của trang khác."),
    Mark("error", "Biểu 1", "C5", "Ô trống trong dòng có sẵn."),
)
RED, YELLOW = "FFF8C9C4", "FFFFF0B3"


@pytest.fixture
def sent():
    """A workbook with what people put into theirs: formulas, a picture of data, lists, notes, names, a second sheet."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    money = book.add_format({"num_format": "#,##0.00", "bold": True, "bg_color": "#DDEEFF", "border": 1})
    sheet = book.add_worksheet("Biểu 1")
    sheet.write("A1", "Chỉ tiêu")
    sheet.write("B2", "khoảng 20", money)
    sheet.write_formula("B3", "=1+1", money, 2)
    sheet.write("A5", "x")
    sheet.write("E5", "y")
    sheet.write("A12", "cuối")
    sheet.set_column("D:D", 20, book.add_format({"italic": True}))
    sheet.data_validation("B2:B9", {"validate": "integer", "criteria": ">=", "value": 0})
    sheet.conditional_format("B2:B9", {"type": "cell", "criteria": ">", "value": 5, "format": money})
    sheet.write_comment("A1", "ghi chú của xã")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "='Biểu 1'!$B$2:$B$3"})
    sheet.insert_chart("G2", chart)
    sheet.print_area("A1:E12")
    other = book.add_worksheet("O'Sổ")
    other.write("A1", 5)
    other.activate()
    book.add_worksheet("Trống")
    book.define_name("Ten", "='Biểu 1'!$A$1")
    book.close()
    return target.getvalue()


@pytest.fixture
def given_back(sent):
    """The same with marks."""
    marked = mark_workbook(sent, MARKS, COVER, Limits())
    assert marked is not None
    return marked


def _parts(data):
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_only_what_must_change_changes(sent, given_back):
    """Charts, notes, texts, themes are the sender's, byte for byte; new are first sheet and notes where none are."""
    before, after = _parts(sent), _parts(given_back)
    assert set(after) - set(before) == {
        "xl/worksheets/sheet4.xml", "xl/worksheets/_rels/sheet2.xml.rels", "xl/comments_can_sua2.xml",
        "xl/drawings/can_sua2.vml",
    }  # fmt: skip
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml",
    }  # fmt: skip


def test_marked_cells_are_coloured_and_keep_their_look(sent, given_back):
    """An error is red, also where a warning stands beside it; number format, font and border stay as they were."""
    before = openpyxl.load_workbook(io.BytesIO(sent))
    after = openpyxl.load_workbook(io.BytesIO(given_back))
    sheet = after["Biểu 1"]
    marked = {"B2": RED, "C5": RED, "D9": YELLOW}
    for where, colour in marked.items():
        assert sheet[where].fill.fgColor.rgb == colour
    assert after["O'Sổ"]["A1"].fill.fgColor.rgb == YELLOW
    was = before["Biểu 1"]["B2"]
    assert sheet["B2"].number_format == was.number_format == "#,##0.00"
    assert (sheet["B2"].font.b, sheet["B2"].border.left.style) == (True, "thin")
    assert sheet["D9"].font.i
    for row in before["Biểu 1"].iter_rows():
        for cell in row:
            same = sheet[cell.coordinate]
            assert same.value == cell.value
            if cell.coordinate not in marked:
                assert same.fill.fgColor.rgb == cell.fill.fgColor.rgb
                assert (same.font.name, same.font.b) == (cell.font.name, cell.font.b)


def test_results_of_formulas_lists_names_and_notes_stay(given_back):
    """Nothing has to be computed anew; what belongs to a sheet by its place still belongs to it."""
    kept = openpyxl.load_workbook(io.BytesIO(given_back), data_only=True)
    assert kept["Biểu 1"]["B3"].value == 2
    book = openpyxl.load_workbook(io.BytesIO(given_back))
    sheet = book["Biểu 1"]
    assert sheet["A1"].comment.text == "ghi chú của xã"
    assert len(sheet.data_validations.dataValidation) == 1
    assert book.defined_names["Ten"].value == "'Biểu 1'!$A$1"
    assert sheet.print_area == "'Biểu 1'!$A$1:$E$12"
    assert len(sheet._charts) == 1


def test_the_first_sheet_leads_to_every_cell(given_back):
    """A line for each mark, a link where there is a cell; it is the one that is open, and no other with it."""
    book = openpyxl.load_workbook(io.BytesIO(given_back))
    assert book.sheetnames[0] == "Cần sửa"
    assert book.active.title == "Cần sửa"
    assert not any(sheet.sheet_view.tabSelected for sheet in book.worksheets[1:])
    sheet = book["Cần sửa"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert rows[0] == list(COVER.headers)
    assert rows[2] == ["2", "Lỗi", "Biểu 1", "B2", "Ô cần là số <12> & không phải “chữ”.", ""]
    assert (rows[3][4], sheet["E7"].data_type) == ("=HYPERLINK()", "s")
    targets = {cell.coordinate: cell.hyperlink.location for (cell,) in sheet["D5:D10"] if cell.hyperlink}
    assert targets == {
        "D6": "'Biểu 1'!B2", "D7": "'Biểu 1'!B2", "D8": "'Biểu 1'!D9", "D9": "'O''Sổ'!A1", "D10": "'Biểu 1'!C5",
    }  # fmt: skip


def test_our_own_reader_reads_the_same(sent, given_back):
    """Marks count as nothing: the sheets behind the first one are read as they were sent."""
    before, after = read_bytes(sent, "a.xlsx"), read_bytes(given_back, "a.xlsx")
    assert [sheet.name for sheet in after.sheets] == ["Cần sửa", *(sheet.name for sheet in before.sheets)]
    for one, other in zip(before.sheets, after.sheets[1:], strict=True):
        read = {
            (one.first_row + i, one.first_col + j): value
            for i, row in enumerate(one.rows)
            for j, value in enumerate(row)
        }
        again = {
            (other.first_row + i, other.first_col + j): value
            for i, row in enumerate(other.rows)
            for j, value in enumerate(row)
        }
        assert {at: value for at, value in read.items() if value is not None} == {
            at: value for at, value in again.items() if value is not None
        }


def test_a_taken_name_is_numbered(sent):
    """A sender may have a sheet of that name already."""
    book = openpyxl.load_workbook(io.BytesIO(sent))
    book.create_sheet("cần SỬA")
    target = io.BytesIO()
    book.save(target)
    marked = mark_workbook(target.getvalue(), MARKS, COVER, Limits())
    assert openpyxl.load_workbook(io.BytesIO(marked)).sheetnames[0] == "Cần sửa (2)"


@pytest.mark.parametrize("blank", ["A1", "XFD1048576", "B3"])
def test_a_cell_of_an_empty_sheet(sent, blank):
    """Also a sheet without a single row gets its cell."""
    marked = mark_workbook(sent, [Mark("error", "Trống", blank, "x")], COVER, Limits())
    assert openpyxl.load_workbook(io.BytesIO(marked))["Trống"][blank].fill.fgColor.rgb == RED


def test_what_cannot_be_changed_safely_is_left_alone(sent):
    """Another encoding, no styles, no package: no workbook comes back, rather than a damaged one."""
    parts = _parts(sent)

    def packed(changed):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as package:
            for name, content in (parts | changed).items():
                if content is not None:
                    package.writestr(name, content)
        return target.getvalue()

    utf_16 = parts["xl/worksheets/sheet1.xml"].decode().replace("UTF-8", "UTF-16").encode("utf-16")
    for damage in (
        {"xl/worksheets/sheet1.xml": utf_16},
        {"xl/styles.xml": None},
        {"xl/styles.xml": b"<styleSheet"},
    ):
        assert mark_workbook(packed(damage), MARKS, COVER, Limits()) is None
    assert mark_workbook(b"PK\x03\x04nothing", MARKS, COVER, Limits()) is None


def test_sent_again_with_old_marks_it_gets_new_ones_only(sent, given_back):
    """What was put right loses its mark and has its own ground again; the first sheet is replaced, not added to."""
    before = openpyxl.load_workbook(io.BytesIO(sent))
    again = mark_workbook(given_back, [Mark("error", "Biểu 1", "A12", "Dòng cuối.")], COVER, Limits())
    book = openpyxl.load_workbook(io.BytesIO(again))
    assert book.sheetnames == ["Cần sửa", "Biểu 1", "O'Sổ", "Trống"]
    assert [cell.value for cell in book["Cần sửa"][5]] == ["1", "Lỗi", "Biểu 1", "A12", "Dòng cuối.", ""]
    assert book["Cần sửa"].max_row == 5
    assert book["Biểu 1"]["A12"].fill.fgColor.rgb == RED
    for where in ("B2", "C5", "D9"):
        assert book["Biểu 1"][where].fill.fgColor.rgb == before["Biểu 1"][where].fill.fgColor.rgb
    assert book["Biểu 1"]["B2"].fill.patternType == "solid"
    assert book["O'Sổ"]["A1"].fill.patternType is None
    assert book.active.title == "Cần sửa"
    assert book.defined_names["Ten"].value == "'Biểu 1'!$A$1"


def test_old_marks_are_known_after_another_program_saved_the_file(given_back):
    """Style numbers and part names change when a file is saved; the hidden name and the colours stay."""
    saved = io.BytesIO()
    openpyxl.load_workbook(io.BytesIO(given_back)).save(saved)
    again = mark_workbook(saved.getvalue(), [Mark("warning", "Biểu 1", "A5", "x")], COVER, Limits())
    book = openpyxl.load_workbook(io.BytesIO(again))
    assert book.sheetnames == ["Cần sửa", "Biểu 1", "O'Sổ", "Trống"]
    assert book["Biểu 1"]["A5"].fill.fgColor.rgb == YELLOW
    assert book["Biểu 1"]["B2"].fill.fgColor.rgb == "FFDDEEFF"


def test_a_workbook_without_names_and_one_that_links_to_others():
    """The hidden name goes where the format wants it: behind the sheets, and behind links to other files."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    book.add_worksheet("A").write("A1", 1)
    book.close()
    marked = mark_workbook(target.getvalue(), [Mark("error", "A", "A1", "x")], COVER, Limits())
    part = _parts(marked)["xl/workbook.xml"].decode()
    assert part.index("</sheets>") < part.index("<definedNames>") < part.index("<calcPr")
    assert openpyxl.load_workbook(io.BytesIO(marked))["A"]["A1"].fill.fgColor.rgb == RED


def test_notes_at_the_cells_of_a_sheet_without_any(sent, given_back):
    """What is wrong stands at the cell, several things in one note; where the sender has notes, only these."""
    book = openpyxl.load_workbook(io.BytesIO(given_back))
    assert book["O'Sổ"]["A1"].comment.text == "Ô của trang khác."
    assert book["Biểu 1"]["B2"].comment is None
    assert book["Biểu 1"]["A1"].comment.text == "ghi chú của xã"
    marks = [Mark("error", "Trống", "B2", "Một."), Mark("warning", "Trống", "B2", "Hai & <ba>.")]
    twice = openpyxl.load_workbook(io.BytesIO(mark_workbook(sent, marks, COVER, Limits())))
    assert twice["Trống"]["B2"].comment.text == "Một.\nHai & <ba>."


@pytest.mark.parametrize("by_another_program", [False, True])
def test_old_notes_go_with_old_marks(given_back, by_another_program):
    """Sent again, a cell has the note of this answer or none; the sender's own notes stay, whoever saved the file."""
    if by_another_program:
        saved = io.BytesIO()
        openpyxl.load_workbook(io.BytesIO(given_back)).save(saved)
        given_back = saved.getvalue()
    marked = mark_workbook(given_back, [Mark("error", "O'Sổ", "B7", "Mới.")], COVER, Limits())
    book = openpyxl.load_workbook(io.BytesIO(marked))
    assert book["O'Sổ"]["A1"].comment is None
    assert book["O'Sổ"]["B7"].comment.text == "Mới."
    assert book["Biểu 1"]["A1"].comment.text == "ghi chú của xã"
    none = mark_workbook(marked, [Mark("error", "Trống", "A1", "x")], COVER, Limits())
    assert openpyxl.load_workbook(io.BytesIO(none))["O'Sổ"]["B7"].comment is None
