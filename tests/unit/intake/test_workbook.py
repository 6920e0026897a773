"""Reading one file: what is read, and why what is not read is not."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date, datetime, time

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.intake.sheetxml import _parse, scan_sheet, sheet_parts
from ocop_pipeline.intake.workbook import (
    CellError,
    Limits,
    Sheet,
    Unreadable,
    UnreadableCode,
    Workbook,
    address,
    column_index,
    column_letters,
    read_bytes,
)
from tests.unit.intake import hostile, writers
from tests.unit.intake.writers import fixture

CODE = UnreadableCode
NOON = datetime(2026, 10, 15, 12)  # noqa: DTZ001 - cells of a workbook know no time zone


def read(data: bytes, name: str = "a.xlsx", limits: Limits | None = None) -> Workbook:
    """The workbook, which must be readable."""
    result = read_bytes(data, name, limits or Limits())
    assert isinstance(result, Workbook), result
    return result


def refused(data: bytes, name: str = "a.xlsx", limits: Limits | None = None) -> Unreadable:
    """The refusal, which must be one."""
    result = read_bytes(data, name, limits or Limits())
    assert isinstance(result, Unreadable), "was read"
    return result


def one(data: bytes, name: str = "a.xlsx") -> Sheet:
    """The only sheet of a workbook."""
    (sheet,) = read(data, name).sheets
    return sheet


# --- addresses


@pytest.mark.parametrize(
    ("position", "shown"), [((6, 1), "B7"), ((0, 0), "A1"), ((1048575, 16383), "XFD1048576")]
)
def test_address(position, shown):
    """A position counted from 0 is shown as spreadsheets show it."""
    assert address(*position) == shown


@given(st.integers(0, 20_000))
def test_column_letters_and_index_are_inverse(col):
    """Letters of a column lead back to the column."""
    assert column_index(column_letters(col)) == col


# --- values


def test_values_keep_their_types():
    """Numbers, texts, yes/no and dates arrive as such; empty cells and texts are None; zero is zero."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    clock = book.add_format({"num_format": "hh:mm"})
    sheet = book.add_worksheet("Số liệu")
    sheet.write_row(0, 0, ["Xã", 5, 2.5, 0, True, False])
    sheet.write_datetime(1, 0, NOON.replace(hour=0), day)
    sheet.write_datetime(1, 1, NOON, day)
    sheet.write_datetime(1, 2, time(3, 4), clock)
    sheet.write_formula(1, 3, "=A1", None, "")
    sheet.write_formula(1, 4, "=A1", None, "có")
    book.close()
    rows = one(target.getvalue()).rows
    assert rows == [
        ["Xã", 5.0, 2.5, 0.0, True, False],
        [date(2026, 10, 15), NOON, "03:04:00", None, "có", None],
    ]
    assert [type(cell) for cell in rows[0]] == [str, float, float, float, bool, bool]


def test_positions_are_those_of_the_file():
    """Empty rows and columns before the first value stay: row and column of the grid are the file's."""
    sheet = one(hostile.sound({"S": [[], [], [None, None, "x"]]}))
    assert sheet.rows[2][2] == "x"
    assert sheet.address(2, 2) == "C3"


def test_empty_end_is_trimmed():
    """Rows and columns at the end that hold nothing, or empty texts only, are left out."""
    blank = '<c r="{}" t="str"><f>IF(1,"")</f><v></v></c>'
    rows = f'<row r="1"><c r="A1"><v>1</v></c>{blank.format("C1")}</row><row r="5">{blank.format("A5")}</row>'
    assert one(hostile.with_rows(rows)).rows == [[1.0]]


def test_dates_of_the_1904_calendar():
    """A workbook that counts days from 1904 (old Macs) gives the same dates."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"date_1904": True})
    book.add_worksheet("A").write_datetime(0, 0, NOON, book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))
    book.close()
    assert one(target.getvalue()).rows == [[NOON]]


@pytest.mark.parametrize("code", ["#REF!", "#DIV/0!", "#N/A", "#NAME?", "#VALUE!", "#NUM!", "#NULL!"])
def test_error_cells_are_errors(code):
    """A cell that shows an error is neither empty nor text, at whatever place it stands."""
    rows = (
        f'<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="e"><v>{code}</v></c></row>'
        f'<row r="4"><c r="D4" t="e"><f>1/0</f><v>{code}</v></c></row>'
    )
    grid = one(hostile.with_rows(rows)).rows
    assert grid[0] == [1.0, CellError(code), None, None]
    assert grid[3] == [None, None, None, CellError(code)]


@pytest.mark.parametrize("number", ["NaN", "1e999", "-1e999"])
def test_numbers_beyond_numbers_are_errors(number):
    """What is no finite number never gets out as one."""
    rows = f'<row r="1"><c r="A1"><v>{number}</v></c><c r="B1"><v>2</v></c></row>'
    assert one(hostile.with_rows(rows)).rows == [[CellError("#NUM!"), 2.0]]


def test_text_that_looks_like_xml_is_text():
    """A text that speaks of errors or formulas is a text."""
    rows = '<row r="1"><c r="A1" t="str"><f>B1</f><v>x t="e" &lt;f&gt;</v></c><c r="B1" t="e"/></row>'
    sheet = one(hostile.with_rows(rows))
    assert sheet.rows == [['x t="e" <f>']]
    assert not sheet.uncomputed


def test_hidden_sheets_are_marked():
    """A hidden sheet is read and known to be hidden."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    book.add_worksheet("A").write(0, 0, 1)
    for name, hide in (("B", "hide"), ("C", "very_hidden")):
        sheet = book.add_worksheet(name)
        sheet.write(0, 0, 1)
        getattr(sheet, hide)()
    book.close()
    assert [(s.name, s.hidden) for s in read(target.getvalue()).sheets] == [
        ("A", False),
        ("B", True),
        ("C", True),
    ]


def test_merged_ranges_are_reported():
    """The value of a merged range stands in its first cell, and the range is known."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet("A")
    sheet.merge_range(1, 1, 2, 1, "HTX")
    sheet.write_column(1, 2, ["Mật ong", "Cà phê"])
    book.close()
    result = one(target.getvalue())
    assert result.merged == ((1, 1, 2, 1),)
    assert result.rows[1:] == [[None, "HTX", "Mật ong"], [None, None, "Cà phê"]]


# --- formulas without values


def test_uncomputed_formulas_are_reported():
    """A formula nobody calculated is not a blank; one that gave an empty text is."""
    sheet = one(hostile.uncomputed())
    assert {address(*at) for at in sheet.uncomputed} == {"B1", "C1", "C2", "E2"}
    assert sheet.rows == [[1.0], [1.0]]


def test_openpyxl_formulas_are_uncomputed():
    """A workbook written by openpyxl has formulas without results, also when it holds nothing else."""
    book = openpyxl.Workbook()
    book.active["B3"] = "=SUM(B1:B2)"
    target = io.BytesIO()
    book.save(target)
    sheet = one(target.getvalue())
    assert sheet.uncomputed == frozenset({(2, 1)})
    assert sheet.rows == []


def test_marks_belong_to_their_sheet():
    """Uncomputed cells are found on the sheet they stand on, whatever the parts are called."""
    book = openpyxl.Workbook()
    book.active.title = "Một"
    book.active["A1"] = 1
    book.create_sheet("Hai")["C4"] = "=1+1"
    target = io.BytesIO()
    book.save(target)
    swapped = hostile.edited(
        target.getvalue(),
        lambda name, part: (
            part.replace(b"sheet1.xml", b"sheetX.xml")
            .replace(b"sheet2.xml", b"sheet1.xml")
            .replace(b"sheetX", b"sheet2")
            if name.endswith("workbook.xml.rels")
            else part
        ),
    )
    for data, expected in ((target.getvalue(), [set(), {(3, 2)}]), (swapped, [{(3, 2)}, set()])):
        assert [set(sheet.uncomputed) for sheet in read(data).sheets] == expected


# --- the two ways of searching a sheet

CELL = st.sampled_from(
    [
        "<v>5</v>",
        "<f>A1</f>",
        "<f>A1</f><v></v>",
        "<f>A1</f><v>5</v>",
        '<f t="shared" si="0"/>',
        "",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60),
            st.integers(0, 800),
            CELL,
            st.sampled_from(["", ' s="3"', ' t="str"', ' s="1" t="e"']),
        ),
        max_size=12,
        unique_by=lambda cell: cell[:2],
    )
)
def test_quick_and_slow_search_agree(cells):
    """The quick search of a usual sheet finds exactly what a real XML parser finds."""
    body = "".join(
        f'<row r="{row + 1}"><c r="{address(row, col)}"{attributes}'
        + (f">{content}</c></row>" if content else "/></row>")
        for row, col, content, attributes in sorted(cells)
    )
    part = f'<worksheet xmlns="{hostile.SPREADSHEET}"><sheetData>{body}</sheetData></worksheet>'.encode()
    quick, slow = scan_sheet(part, plain=True), _parse(part)
    assert quick.uncomputed == slow.uncomputed
    assert quick.errors == slow.errors


ODD_SHEETS = {
    "prefixed": '<x:worksheet xmlns:x="{ns}"><x:sheetData><x:row r="2"><x:c r="B2"><x:v>1</x:v></x:c>'
    '<x:c r="C2"><x:f>B2</x:f></x:c></x:row></x:sheetData></x:worksheet>',
    "single quotes": "<worksheet xmlns='{ns}'><sheetData><row r='2'><c r='B2'><v>1</v></c>"
    "<c r='C2'><f>B2</f></c></row>"
    "</sheetData></worksheet>",
    "style first": '<worksheet xmlns="{ns}"><sheetData><row r="2"><c s="0" r="B2"><v>1</v></c>'
    '<c s="0" r="C2"><f>B2</f></c></row></sheetData></worksheet>',
    "no references": '<worksheet xmlns="{ns}"><sheetData><row/><row><c/><c><v>1</v></c><c><f>B2</f></c></row>'
    "</sheetData></worksheet>",
    "comment": '<worksheet xmlns="{ns}"><!-- x --><sheetData><row r="2"><c r="B2"><v>1</v></c>'
    '<c r="C2"><f>B2</f></c></row></sheetData></worksheet>',
}


@pytest.mark.parametrize("xml", ODD_SHEETS.values(), ids=ODD_SHEETS)
def test_unusually_written_sheets_are_read_alike(xml):
    """Prefixes, quotes, order, comments and missing references change nothing in what is read or found."""
    sheet = one(hostile.with_sheet_xml(xml.replace("{ns}", hostile.SPREADSHEET)))
    assert sheet.rows == [[None, None], [None, 1.0]]
    assert sheet.uncomputed == frozenset({(1, 2)})


# --- refused files

REFUSED = {
    "empty": (b"", CODE.EMPTY_FILE),
    "blanks": (b" \r\n\t ", CODE.EMPTY_FILE),
    "only NUL": (bytes(4096), CODE.EMPTY_FILE),
    "truncated": (hostile.truncated(), CODE.TRUNCATED_ZIP),
    "damaged part": (hostile.bad_crc(), CODE.TRUNCATED_ZIP),
    "stream without end": (hostile.deflate_without_end(), CODE.TRUNCATED_ZIP),
    "password": (hostile.compound("EncryptedPackage", "EncryptionInfo"), CODE.PASSWORD_PROTECTED),
    "zip password": (hostile.zip_encrypted(), CODE.PASSWORD_PROTECTED),
    "xls without records": (hostile.compound("Workbook"), CODE.CORRUPT_XML),
    "xls of Excel 2": (b"\x09\x00\x04\x00\x02\x00\x10\x00" + bytes(100), CODE.OLD_XLS),
    "html": (hostile.html(), CODE.HTML_AS_XLS),
    "html with blanks": (b"\xef\xbb\xbf \r\n<!-- x -->\n<TABLE border=1>", CODE.HTML_AS_XLS),
    "html in UTF-16": (hostile.html().decode().encode("utf-16"), CODE.HTML_AS_XLS),
    "web archive": (b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n", CODE.HTML_AS_XLS),
    "xml 2003": (
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        CODE.UNSUPPORTED_FORMAT,
    ),
    "many parts": (hostile.many_parts(2500), CODE.ZIP_BOMB),
    "lying sheet": (hostile.lying_sheet(), CODE.UNSAFE_ZIP),
    "overlap": (hostile.overlapping(), CODE.UNSAFE_ZIP),
    "parent path": (hostile.renamed_part("xl/media/abc.bin", "../media/abc.bin"), CODE.UNSAFE_ZIP),
    "absolute path": (hostile.renamed_part("xl/media/abc.bin", "/l/media/abc.bin"), CODE.UNSAFE_ZIP),
    "drive": (hostile.renamed_part("xl/media/abc.bin", "C:/media/abc.bin"), CODE.UNSAFE_ZIP),
    "same name twice": (hostile.renamed_part("xl/workbooX.xml", "XL/WORKBOOK.XML"), CODE.UNSAFE_ZIP),
    "bzip2": (hostile.bzip2_part(), CODE.UNSAFE_ZIP),
    "entities in a sheet": (hostile.entities(), CODE.XML_ENTITIES),
    "entities in the texts": (hostile.entities("xl/sharedStrings.xml"), CODE.XML_ENTITIES),
    "entities in a relation": (hostile.entities("xl/_rels/workbook.xml.rels"), CODE.XML_ENTITIES),
    "entities in UTF-16": (hostile.entities_utf16(), CODE.XML_ENTITIES),
    "two extremes": (hostile.two_extremes(), CODE.TOO_MANY_CELLS),
    "broken xml": (hostile.with_sheet_xml("<worksheet><sheetData><row><c r='A1'>"), CODE.CORRUPT_XML),
    "no such text": (
        hostile.with_rows('<row r="1"><c r="A1" t="s"><v>99999</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "a text by no number": (
        hostile.with_rows('<row r="1"><c r="A1" t="s"><v>x</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "the same, otherwise written": (
        hostile.with_rows('<row r="1"><c t="s" r="A1"><v>-1</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "a number in place of a text": (
        hostile.with_rows('<row r="1"><c r="A1" t="inlineStr"><v>100</v></c><c r="B1"><v>1</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "a figure in two pieces": (
        hostile.with_rows('<row r="1"><c r="A1"><v>14<![CDATA[5]]></v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "a cell at no address": (
        hostile.with_rows('<row r="1"><c r="AAAAAA1"><v>1</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "a number that is none": (
        hostile.with_rows('<row r="1"><c r="A1"><v>1</v></c><c r="B1" s="0"><v>12a</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "the same, otherwise written too": (
        hostile.with_rows('<row r="1"><c t="n" r="B1"><v>12a</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "a sheet without a grid": (
        hostile.edited(
            hostile.sound({"A": [[1]], "B": [[2]]}),
            lambda name, part: b"<worksheet/>" if name == "xl/worksheets/sheet2.xml" else part,
        ),
        CODE.CORRUPT_XML,
    ),
    "a sheet in UTF-16": (
        hostile.with_sheet_xml(
            '<?xml version="1.0" encoding="UTF-16"?><worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
            "</sheetData></worksheet>".encode("utf-16")
        ),
        CODE.CORRUPT_XML,
    ),
    "a tag that is not closed": (
        hostile.with_rows('<row r="1"><c r="A1"><v>1</v></c><c r="B1"><x><v>2</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "an attribute without quotes": (
        hostile.with_rows('<row r="1"><c r="A1"><v>1</v></c><c r="B1" s=3><v>2</v></c></row>'),
        CODE.CORRUPT_XML,
    ),
    "texts that run into one another": (
        hostile.with_texts('count="1"', "<si><t>a</t><si><t>b</t></si>"),
        CODE.CORRUPT_XML,
    ),
    "more texts claimed than there can be": (
        hostile.with_texts('count="1" uniqueCount="4000000000"', "<si><t>a</t></si>"),
        CODE.CORRUPT_XML,
    ),
    "other figures than were packed": (hostile.other_figures(), CODE.TRUNCATED_ZIP),
    "nothing in it": (hostile.sound({"A": [], "B": []}), CODE.NO_SHEETS),
    "pdf": (b"%PDF-1.7\n...", CODE.NOT_A_WORKBOOK),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), CODE.NOT_A_WORKBOOK),
    "old letter": (hostile.compound("WordDocument"), CODE.NOT_A_WORKBOOK),
    "plain text": ("Kính gửi quý cơ quan".encode(), CODE.NOT_A_WORKBOOK),
    "random": (bytes(range(1, 256)) * 4, CODE.NOT_A_WORKBOOK),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_refused_with_its_reason(data, code):
    """Each hostile or foreign file is refused for its own reason, and never raises."""
    assert refused(data).code is code


@pytest.mark.parametrize("bomb", [hostile.declared_bomb, hostile.lying_bomb])
def test_zip_bomb(bomb):
    """A container that unpacks to more than the cap is refused, whether its headers admit it or lie."""
    assert refused(bomb()).code is CODE.ZIP_BOMB


def other_package(*names: str) -> bytes:
    """A container with these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name in names:
            package.writestr(
                name, b"application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else b"<x/>"
            )
    return target.getvalue()


@pytest.mark.parametrize(
    ("names", "code", "found"),
    [
        (["word/document.xml"], CODE.NOT_A_WORKBOOK, "DOCX"),
        (["photo.jpg"], CODE.NOT_A_WORKBOOK, "zip"),
    ],
)
def test_other_containers_are_named(names, code, found):
    """A container that is no XLSX is refused by what it is."""
    assert refused(other_package(*names)) == Unreadable(code, {"found": found})


def test_far_cell_is_named():
    """The refusal of a sheet that reaches too far names the sheet and the furthest cell."""
    args = refused(hostile.two_extremes()).args
    assert (args["sheet"], args["cell"]) == ("BM01", "XFD1048576")


def test_million_empty_rows_are_read():
    """Formatting dragged to the end of the sheet costs nothing but time: the filled cells are read."""
    assert one(hostile.million_empty_rows()).rows == [[7.0, None], [None, "x"]]


def test_cap_on_cells_is_for_all_sheets():
    """Sheets that are each under the cap are refused where together they are above it."""
    data = hostile.sound({f"S{i}": [[1] * 10] * 10 for i in range(3)})
    assert len(read(data, limits=replace(Limits(), cells=300)).sheets) == 3
    assert refused(data, limits=replace(Limits(), cells=299)).code is CODE.TOO_MANY_CELLS


def test_caps_on_file_and_sheets():
    """The caps on bytes and on sheets are exact."""
    data = hostile.sound({"A": [[1]], "B": [[2]]})
    assert read(data, limits=replace(Limits(), file_bytes=len(data), sheets=2))
    assert refused(data, limits=replace(Limits(), file_bytes=len(data) - 1)).code is CODE.TOO_LARGE_FILE
    assert refused(data, limits=replace(Limits(), sheets=1)).code is CODE.TOO_MANY_SHEETS


def test_external_links_are_reported_not_followed():
    """A workbook that refers to other files is read with its stored values, and says so."""
    assert read(hostile.external_links()).external_links
    assert not read(hostile.sound()).external_links


def test_name_does_not_decide():
    """A workbook is read whatever its name says, and old Excel is old Excel under the name of new."""
    assert read(hostile.sound(), "bao-cao.xls").kind == "xlsx"
    assert read(hostile.sound(), "bao-cao.csv").kind == "xlsx"
    assert read(fixture("cells.xls.gz"), "bao-cao.xlsx").kind == "xls"
    assert read(writers.xlsb([Sheet("A", False, [["x"]])]), "bao-cao.xlsx").kind == "xlsb"


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damaged_bytes_never_raise(at, patch):
    """A workbook with some bytes overwritten is read or refused; nothing else happens."""
    book = bytearray(hostile.sound())
    at %= len(book)
    book[at : at + len(patch)] = patch
    assert isinstance(read_bytes(bytes(book), "a.xlsx", Limits()), Workbook | Unreadable)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a.xlsx", "a.csv"]))
def test_any_bytes_never_raise(data, name):
    """Any bytes under any name are read or refused."""
    assert isinstance(read_bytes(data, name, Limits()), Workbook | Unreadable)


# --- CSV

CSV = (
    "[BM01];;\r\nChỉ tiêu;Trong kỳ;Ghi chú\r\nLớp tập huấn;1,5;\r\n\r\n"
    '[BM02];;\r\n\r\n1;"Mật ong; rừng";x\r\n'
)


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode(),
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.encode("utf-16"),
        b"\xfe\xff" + CSV.encode("utf-16-be"),
        CSV.replace("\r\n", "\n").encode(),
        CSV.replace(";", "\t").replace("Mật ong\t", "Mật ong;").encode(),
    ],
    ids=["utf-8", "bom", "utf-16-le", "utf-16-be", "unix lines", "tabs"],
)
def test_csv(data):
    """A CSV in any of its encodings, line ends and separators gives the same sheets, texts and addresses."""
    book = read(data, "a.csv")
    first, second = book.sheets
    assert book.kind == "csv"
    assert (first.name, second.name) == ("BM01", "BM02")
    assert first.rows == [["Chỉ tiêu", "Trong kỳ", "Ghi chú"], ["Lớp tập huấn", "1,5", None]]
    assert second.rows == [[None] * 3, ["1", "Mật ong; rừng", "x"]]
    assert first.address(1, 1) == "B3"
    assert second.address(1, 1) == "B7"


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,5\t2,5\n", "\t"),
        ("tên;địa chỉ\nx;xã A, tỉnh B, nước C\ny;z\n", ";"),
        ('tên,giá\n"a;b;c",1\nd,2\n', ","),
        ("sep=,\na,b;c\n", ","),
    ],
)
def test_csv_separator(text, separator):
    """Decimal commas and commas in addresses do not pass for separators."""
    rows = one(text.encode(), "a.csv").rows
    last = text.strip().splitlines()[-1]
    assert rows[-1] == next(csv.reader([last], delimiter=separator))


def test_csv_announced_separator_keeps_addresses():
    """The line that announces the separator is no data, yet counts as a line."""
    sheet = one(b"sep=;\n1;2\n", "a.csv")
    assert sheet.rows == [[None, None], ["1", "2"]]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'a;b\n"open;1\n2;3\n', CODE.CORRUPT_CSV),
        ("tổng;số lượng".encode("utf-16-le")[1:] + b"\xe9;\xf4", CODE.NOT_A_WORKBOOK),
        ("ViÖt;§µ".encode("cp1252"), CODE.ENCODING_UNKNOWN),
        ("a;b".encode("utf-32"), CODE.NOT_A_WORKBOOK),
        (b"a;b\x00c\n", CODE.NOT_A_WORKBOOK),
        (b"[BM01]\n;;;\n", CODE.NO_SHEETS),
        (b"\xef\xbb\xbf\r\n", CODE.EMPTY_FILE),
    ],
)
def test_csv_refused(data, code):
    """A CSV that would be misread is refused with its reason."""
    assert refused(data, "a.csv").code is code


def test_csv_marker_makes_a_csv_of_any_name():
    """Text is ours where a line starts a sheet, whatever the file is called."""
    assert read(CSV.encode(), "bao-cao").kind == "csv"
    assert read(b"a;b\n1;2\n", "bao-cao").kind == "csv"
    assert refused("Kính gửi, quý cơ quan\nrất, mong, nhận".encode(), "thu").code is CODE.NOT_A_WORKBOOK


def test_csv_content_before_the_first_marker_is_kept():
    """Lines before the first sheet are a sheet without a name: nothing is dropped."""
    first, second = read(b"x;1\n[BM01]\ny;2\n", "a.csv").sheets
    assert (first.name, first.rows) == ("", [["x", "1"]])
    assert (second.name, second.rows, second.first_row) == ("BM01", [["y", "2"]], 2)


def test_csv_cap_on_cells():
    """One long line does not make a huge rectangle of many short ones."""
    data = b"a;" * 999 + b"a\n" + b"b\n" * 1000
    assert refused(data, "a.csv", replace(Limits(), cells=100_000)).code is CODE.TOO_MANY_CELLS


def test_compound_directory_is_matched_exactly():
    """A name that only contains the name of a stream, or an entry outside the directory, does not decide."""
    out_of_place = hostile.compound("WordDocument") + writers.entry("Workbook", writers.STREAM)
    assert refused(out_of_place).code is CODE.NOT_A_WORKBOOK
    assert refused(hostile.compound("Workbooks")).code is CODE.NOT_A_WORKBOOK


_WORKBOOK = (
    b'<workbook><sheets><sheet name="A" sheetId="1" r:id="rId1"/><sheet name="B" sheetId="2" state="hidden" '
    b'r:id="rId2"/></sheets></workbook>'
)
_LINKS = (
    b'<Relationships><Relationship Id="rId1" Type="t" Target="worksheets/sheet1.xml"/>'
    b'<Relationship Id="rId2" Type="t" Target="/xl/worksheets/sheet2.xml"/></Relationships>'
)
_R = b'<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text,
        lambda text: text.replace(b"<sheets>", b'<sheets><!-- <sheet name="A" sheetId="9" r:id="rId2"/> -->'),
        lambda text: text.replace(b'name="A" sheetId="1"', b'sheetId="1" name="A"'),
        lambda text: text.replace(b'name="A"', b'name="&#65;"'),
        lambda text: text.replace(b'"A"', b"'A'"),
        lambda text: b"\xff\xfe" + text.decode().encode("utf-16-le"),
    ],
)
def test_sheets_are_found_however_they_are_written(changed):
    """The quick reading of the list of sheets and the real parser give the same, for any writing of it."""
    workbook = changed(_WORKBOOK.replace(b"<workbook>", _R))
    assert sheet_parts(workbook, _LINKS) == {"A": "xl/worksheets/sheet1.xml", "B": "xl/worksheets/sheet2.xml"}
