"""XLS and XLSB: the same cells as from an XLSX, and hostile files of every format refused or read unharmed."""

import io
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
import python_calamine
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.intake.extract import Extract, extract
from ocop_pipeline.intake.grid import MEBIBYTE, CellError, Limits, Unreadable, UnreadableCode, Workbook
from ocop_pipeline.intake.sandbox import Item, read_many
from ocop_pipeline.intake.serials import Shown, format_shows, number_of_rk, value_of
from ocop_pipeline.intake.workbook import read_bytes
from tests.unit.intake import hostile, hostile_formats, writers
from tests.unit.intake.filled import shipped_spec
from tests.unit.intake.writers import fixture, number8, record

CODE = UnreadableCode


def read(data: bytes) -> Workbook:
    """The workbook, which must be readable."""
    book = read_bytes(data, "a")
    assert isinstance(book, Workbook), book
    return book


def same(book: Workbook, other: Workbook) -> None:
    """Compare sheet by sheet, types included; LibreOffice makes formulas of yes and no."""
    assert [sheet.name for sheet in book.sheets] == [sheet.name for sheet in other.sheets]
    for one, two in zip(book.sheets, other.sheets, strict=True):
        assert replace(one, formulas=frozenset()) == replace(two, formulas=frozenset())
        kinds = [[type(cell) for cell in row] for row in one.rows]
        assert kinds == [[type(cell) for cell in row] for row in two.rows]


# --- one workbook, every format


@pytest.fixture(scope="module")
def form() -> Workbook:
    """A filled form as its XLSX has it."""
    return read(fixture("form.xlsx"))


def with_macros(data: bytes) -> bytes:
    """The same workbook as XLSM."""
    return hostile.edited(data, lambda _, part: part, {"xl/vbaProject.bin": b"macros"})


FORMATS: dict[str, Callable[[Workbook], bytes]] = {
    "xlsm": lambda _: with_macros(fixture("form.xlsx")),
    "xlsb": lambda book: writers.xlsb(book.sheets),
    "xls": lambda _: fixture("form.xls.gz"),
    "ods": lambda _: fixture("form.ods"),
    "json": writers.as_json,
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_form_says_the_same_in_every_format(form, kind):
    """A filled form gives the same extract, cell by cell with addresses, in whatever format it comes."""
    book = read(FORMATS[kind](form))
    assert book.kind == ("xlsx" if kind == "xlsm" else kind)
    expected = extract(shipped_spec(), form)
    assert expected.layout == "xa-2026"
    assert len(expected.slots) > 100
    assert extract(shipped_spec(), book) == expected


def values(found: Extract):
    """What an extract says, without where it stands."""
    return (
        found.layout,
        {name: cell.day or cell.text for name, cell in found.info.items()},
        found.slots,
        found.columns,
        found.states,
        found.numbers,
        found.days,
    )


def test_a_form_says_the_same_as_csv(form):
    """A CSV has texts only and its sheets below each other; numbers, days and answers are the same."""
    assert values(extract(shipped_spec(), read(writers.as_csv(form)))) == values(
        extract(shipped_spec(), form)
    )


def test_cells_of_an_xls():
    """Texts of any length, numbers, days, percents, errors, formulas, merged, hidden: as from an XLSX."""
    same(read(fixture("cells.xls.gz")), read(fixture("cells.xlsx")))


def test_cells_of_an_ods():
    """The same of an ODS; LibreOffice itself makes numbers of yes and no."""
    found, expected = read(fixture("cells.ods")), read(fixture("cells.xlsx"))
    row = expected.sheets[0].rows[0]
    row[:] = [float(cell) if isinstance(cell, bool) else cell for cell in row]
    same(found, expected)


def test_cells_of_an_xlsb():
    """The same of an XLSB, which the cell reader, too, takes for a workbook."""
    cells = read(fixture("cells.xlsx"))
    data = writers.xlsb(cells.sheets)
    same(read(data), cells)
    other = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert other.sheet_names == [sheet.name for sheet in cells.sheets]
    assert other.get_sheet_by_index(0).to_python()[0] == cells.sheets[0].rows[0]


def test_cells_of_excel_95():
    """Before Unicode, texts are in the workbook's code page; the tone marks of Windows-1258 are put together."""
    names = unicodedata.normalize("NFC", "Cà phê")
    codes = unicodedata.normalize("NFD", names).replace("a\u0300", "à").replace("e\u0302", "ê")
    rows = [
        number8(0, 0, 46310, writers.DAY),
        number8(0, 1, 0.5, writers.PERCENT),
        writers.label(0, 2, codes, "cp1258"),
        record(0x00BD, struct.pack("<HHHIHIH", 1, 0, 0, 7 << 2 | 2, 0, 150 << 2 | 3, 1)),
    ]
    stream = writers.xls_stream({"Biểu".replace("ể", "ê\u0309"): rows}, unicode=False)
    (sheet,) = read(writers.compound({"Book": stream})).sheets
    assert (sheet.name, sheet.rows) == (
        "Biểu",
        [[date(2026, 10, 15), 0.5, "Cà phê"], [7.0, 1.5, None]],
    )


def test_both_streams_of_two_versions():
    """A file saved for Excel 5 and 97 at once is read as Excel 97; embedded workbooks are not taken for it."""
    book, old, inner = (writers.xls_stream({name: [number8(0, 0, 1)]}) for name in ("A", "B", "C"))
    assert read(writers.compound({"Book": old, "Workbook": book})).sheets[0].name == "A"
    data = writers.compound({"Workbook": book}, storages={"MBD00": {"Workbook": inner}})
    assert read(data).sheets[0].name == "A"
    alone = writers.compound({"x": b""}, storages={"MBD00": {"Workbook": inner}})
    assert read_bytes(alone, "a.xls") == Unreadable(CODE.NOT_A_WORKBOOK, {"found": "OLE"})


@pytest.mark.parametrize("size", [0, 7_200_000])
def test_small_and_large_streams(size):
    """A stream may lie in the mini stream, or be so large that the header has no room for the list of its tables."""
    note = record(0x001C, bytes(8000))
    stream = writers.xls_stream({"A": [number8(0, 0, 1), *[note] * (size // len(note)), number8(0, 1, 2)]})
    small = len(stream) < 4096
    data = writers.small_compound("Workbook", stream) if small else writers.compound({"Workbook": stream})
    assert read(data).sheets[0].rows == [[1.0, 2.0]]


def test_records_without_container():
    """Some programs write the records of an XLS as they are."""
    assert read(writers.xls_stream({"A": [number8(0, 0, 1)]})).sheets[0].rows == [[1.0]]


def cell_token(row: int, col: int) -> bytes:
    """The token of a reference to a cell."""
    return b"\x24" + struct.pack("<HH", row, col | 0xC000)


A2, B2, C2 = (cell_token(1, col) for col in range(3))
TEXT, JOIN, COUNT, SUM = b"\x17\1\0x", b"\x08", b"\x42\1\0\0", b"\x42\1\4\0"
SUMS = (
    A2 + SUM,
    A2 + B2 + b"\x03",
    A2 + b"\x19\x10\0\0" + b"\x15",
    A2 + b"\x41" + struct.pack("<H", 24),
    A2 + B2 + b"\x05" + b"\x19\x40\0\1",
)
OTHERS = (A2, A2 + B2 + b"\x08", A2 + TEXT + b"\x42\3\1\0", b"", b"\x7f", A2 + b"\x42\3\x66\0")


def test_formulas_nobody_calculated():
    """A stored nought or nothing that asks for calculation, nothing as a sum, or a text that is not there."""
    nothing = b"\3" + bytes(5) + b"\xff\xff"
    rows = [
        writers.formula(0, 0, struct.pack("<d", 0), marks=3),
        writers.formula(0, 1, nothing, marks=2),
        writers.formula(0, 2, nothing),
        writers.formula(0, 3, struct.pack("<d", 0)),
        writers.formula(0, 4, struct.pack("<d", 4), marks=2),
        writers.formula(0, 5, b"\0" + nothing[1:]),
        *(writers.formula(1, col, nothing, tokens=tokens) for col, tokens in enumerate(SUMS)),
        *(writers.formula(2, col, nothing, tokens=tokens) for col, tokens in enumerate(OTHERS)),
    ]
    (sheet,) = read(writers.xls({"A": rows})).sheets
    assert sheet.rows == [[None, None, None, 0.0, 4.0]]
    assert sheet.uncomputed == {(0, 0), (0, 1), (0, 5), *((1, col) for col in range(len(SUMS)))}


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [
        (A2, 0.0),
        (B2, "?"),
        (C2, "?"),
        (cell_token(5, 5), 0.0),
        (A2 + SUM, 0.0),
        (C2 + SUM, 0.0),
        (A2 + COUNT + TEXT, 0.0),
        (B2 + COUNT + TEXT, None),
        (cell_token(5, 5) + COUNT + TEXT, None),
        (C2 + COUNT + TEXT, "?"),
        (B2 + TEXT, "?"),
        (B2 + TEXT + JOIN, "?"),
        (b"\x25" + struct.pack("<4H", 1, 1, 0, 1) + TEXT, 0.0),
        (b"\x5a" + bytes(6) + TEXT, "?"),
        (cell_token(0, 0) + TEXT, "?"),
        (b"\x17\xff\1x", "?"),
        (b"\x7f", "?"),
    ],
)
def test_noughts_that_were_texts(tokens, shown):
    """LibreOffice stores nought for a text in a cell of numbers: nought, blank or uncomputed, by what it looks at."""
    cells = [
        writers.formula(0, 0, bytes(8), tokens=tokens),
        number8(1, 0, 0),
        writers.label(1, 1, "không"),
        number8(1, 2, 5),
    ]
    stream = writers.xls_stream({"A": cells}, globals_=[writers.LIBREOFFICE])
    (sheet,) = read(writers.compound({"Workbook": stream})).sheets
    assert ("?" if sheet.uncomputed else sheet.rows[0][0]) == shown
    assert read(writers.xls({"A": cells})).sheets[0].rows[0][0] == 0.0


def test_texts_that_go_on_in_further_records():
    """A shared text may be divided anywhere, its letters narrow in one record and wide in the next."""
    head = struct.pack("<II", 3, 3)
    first = head + struct.pack("<HB", 4, 0) + b"ab"
    second = b"\1" + "ắộ".encode("utf-16-le") + struct.pack("<HBH", 2, 8, 1) + b"xy" + b"\0\0"
    third = b"\0\0" + struct.pack("<HBI", 1, 5, 3) + "đ".encode("utf-16-le") + b"ext"
    shared = [record(0x00FC, first), record(0x003C, second), record(0x003C, third)]
    cells = [record(0x00FD, struct.pack("<HHHI", 0, n, 0, n)) for n in range(3)]
    data = writers.compound({"Workbook": writers.xls_stream({"A": cells}, globals_=shared)})
    assert read(data).sheets[0].rows == [["abắộ", "xy", "đ"]]


@pytest.mark.parametrize(
    ("packed", "number"),
    [(7 << 2 | 2, 7), (-7 << 2 & 0xFFFFFFFF | 2, -7), (150 << 2 | 3, 1.5), (0x3FF00000, 1)],
)
def test_numbers_in_four_bytes(packed, number):
    """Whole numbers, negative ones, hundredths and halves of doubles."""
    assert number_of_rk(packed) == number


CODES = st.lists(
    st.sampled_from(
        [
            "d",
            "mm",
            "yyyy",
            "h",
            "[h]",
            "[mm]",
            "s",
            "0",
            "#,##0",
            ".",
            ";",
            '"ngày"',
            "\\d",
            "_y",
            "*m",
            "[Red]",
            "%",
            " ",
        ]
    ),
    min_size=1,
    max_size=5,
).map("".join)


@settings(max_examples=30, deadline=None)
@given(
    CODES, st.sampled_from([0.25, 1, 59, 60, 46310, 46310.5, 46310.123456, 2958465, 2958466]), st.booleans()
)
def test_numbers_are_shown_as_in_an_xlsx(code, number, from_1904):
    """Whatever the number format, a stored number is the day, the time or the number that an XLSX says it is."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"date_1904": from_1904})
    sheet = book.add_worksheet("A")
    sheet.write_number(0, 0, number, book.add_format({"num_format": code}))
    book.close()
    expected = read(target.getvalue()).sheets[0].rows[0][0]
    found = value_of(float(number), format_shows(code), from_1904=from_1904)
    assert (type(found), found) == (type(expected), expected)


def test_numbers_beyond_any_day():
    """A number no calendar reaches stays a number, whatever its format."""
    assert value_of(1e300, Shown.ELAPSED, from_1904=False) == 1e300
    assert value_of(float("nan"), Shown.MOMENT, from_1904=False) == CellError("#NUM!")


# --- hostile files


LIMITS = replace(
    Limits(), cells=100_000, unpacked_bytes=16 * MEBIBYTE, seconds=5, memory_bytes=512 * MEBIBYTE
)


def test_hostile_files_cost_nothing_but_themselves():
    """Each file is refused for its own reason or read right, in 5 s and 512 MiB, one after the other in a child."""
    items = [Item(name, make(), "a.xls") for name, (make, _) in hostile_formats.REFUSED.items()]
    items += [Item(name, make(), "a.xls") for name, make in hostile_formats.READ.items()]
    items.append(Item("wide formulas", hostile_formats.wide_formulas(), "a.xls"))
    results = dict(read_many(items, limits=LIMITS, workers=1))
    assert len(results["wide formulas"].sheets[0].uncomputed) == 20_000
    codes = {name: result.code for name, result in results.items() if isinstance(result, Unreadable)}
    assert codes == {name: code for name, (_, code) in hostile_formats.REFUSED.items()}
    for name in hostile_formats.READ:
        (sheet,) = results[name].sheets
        assert (sheet.name, sheet.rows) == ("A", [[7.0, "=cmd|'/c calc'!A1"]]), name
        assert results[name].external_links is (name in hostile_formats.LINKED), name


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["xls", "xlsb"]), st.integers(0, 100_000), st.binary(min_size=1, max_size=8))
def test_damaged_bytes_never_raise(kind, at, patch):
    """An XLS or the parts of an XLSB with some bytes overwritten are read or refused for a known reason."""
    if kind == "xls":
        book = bytearray(fixture("cells.xls.gz"))
        at %= len(book)
        book[at : at + len(patch)] = patch
    else:
        book = hostile.edited(XLSB, lambda _, part: overwritten(part, at, patch))
    result = read_bytes(bytes(book), "a")
    assert isinstance(result, Workbook) or result.code not in (CODE.READER_CRASH, CODE.OUT_OF_MEMORY)


def overwritten(part: bytes, at: int, patch: bytes) -> bytes:
    """A part with some bytes changed."""
    at %= len(part)
    return part[:at] + patch + part[at + len(patch) :]


XLSB = writers.xlsb(read(fixture("cells.xlsx")).sheets[:1])
