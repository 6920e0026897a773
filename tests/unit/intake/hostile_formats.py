"""Hostile files of every format but XLSX (those are in `hostile`): name -> bytes and what the intake must say.

All content is invented. Nothing here is dangerous to a reader that does not follow what a file asks for.
"""

import io
import struct
import zipfile
from collections.abc import Callable

from ocop_pipeline.intake.grid import Sheet, UnreadableCode
from tests.unit.intake import hostile, writers
from tests.unit.intake.writers import END, FREE, ROOT, SECTOR, STREAM, entry, label, number8, record, record12

CODE = UnreadableCode
_ONE = [number8(0, 0, 7)]
_DDE = "=cmd|'/c calc'!A1"


# --- the container of XLS

# In the container of `_plain` sector 0 is the table, 1 the directory, 2 and on the stream.
_TABLE_AT, _DIRECTORY_AT = SECTOR, 2 * SECTOR


def _plain() -> bytes:
    return writers.xls({"A": _ONE})


def _with_table(sector: int, following: int) -> bytes:
    data = bytearray(_plain())
    struct.pack_into("<I", data, _TABLE_AT + 4 * sector, following)
    return bytes(data)


def _with_entry(number: int, line: bytes) -> bytes:
    data = bytearray(_plain())
    data[_DIRECTORY_AT + 128 * number : _DIRECTORY_AT + 128 * (number + 1)] = line
    return bytes(data)


def looping_chain() -> bytes:
    """A stream whose third sector leads back to its first."""
    return _with_table(4, 2)


def _looping_difat() -> bytes:
    # Sector 1 lists further tables: none, and then itself.
    return (
        writers.header(1, 0, [], difat=1, difats=1) + bytes(SECTOR) + struct.pack("<128I", *[FREE] * 127, 1)
    )


def _difat_of_one_table() -> bytes:
    return writers.header(100, 1, [0] * 109) + _plain()[SECTOR:]


def _wide_directory() -> bytes:
    return writers.compound({f"s{n}": b"" for n in range(2100)})


def _odd_sectors() -> bytes:
    data = bytearray(_plain())
    struct.pack_into("<H", data, 30, 40)
    return bytes(data)


# --- the records of XLS


def _stream(stream: bytes) -> bytes:
    return writers.compound({"Workbook": stream})


def _second_sheet_in_place_of_the_first() -> bytes:
    stream = writers.xls_stream({"A": _ONE, "B": _ONE})
    first = stream.index(b"\x85\0") + 4
    second = stream.index(b"\x85\0", first) + 4
    return _stream(stream[:second] + stream[first : first + 4] + stream[second + 4 :])


def _sheet_beyond_the_end() -> bytes:
    stream = writers.xls_stream({"A": _ONE})
    at = stream.index(b"\x85\0") + 4
    return _stream(stream[:at] + struct.pack("<I", 0x7FFFFFFF) + stream[at + 4 :])


def _lying_record() -> bytes:
    return writers.xls({"A": [struct.pack("<HH", 0x0203, 60_000) + bytes(14)]})


def _lying_text() -> bytes:
    return writers.xls({"A": [record(0x0204, struct.pack("<HHHHB", 0, 0, 0, 60_000, 1) + b"x")]})


def _lying_shared_texts() -> bytes:
    shared = record(0x00FC, struct.pack("<iI", 0x7FFFFFFF, 0x7FFFFFFF))
    return _stream(writers.xls_stream({"A": _ONE}, globals_=[shared]))


def _locked() -> bytes:
    return _stream(
        writers.xls_stream({"A": _ONE}, globals_=[record(0x002F, struct.pack("<H", 1) + bytes(52))])
    )


def _tiny_records() -> bytes:
    return writers.xls({"A": [record(0x0201) * 450_000]})


def _unclosed() -> bytes:
    return writers.xls({"A": [writers.SHEET8 * 1000]})


def wide_formulas() -> bytes:
    """20,000 formulas of LibreOffice that each look at a whole sheet."""
    tokens = b"\x25" + struct.pack("<4H", 0, 65_535, 1, 255) + b"\x17\0\0\x08"
    formulas = [writers.formula(row, 0, bytes(8), tokens=tokens) for row in range(20_000)]
    return _stream(writers.xls_stream({"A": formulas}, globals_=[writers.LIBREOFFICE]))


def xls_with_everything() -> bytes:
    """One number, and beside it macros, an embedded workbook, a DDE link and the formula that asks it."""
    dde = record(0x01AE, struct.pack("<HHB", 0, 11, 0) + b"cmd\x03/c calc")
    stream = writers.xls_stream({"A": [*_ONE, label(0, 1, _DDE)]}, globals_=[dde])
    inner = writers.xls_stream({"Ẩn": [number8(0, 0, 666)]})
    return writers.compound(
        {"Workbook": stream, "\1CompObj": b"x"},
        storages={
            "_VBA_PROJECT_CUR": {"dir": b'Sub Auto_Open(): Shell "calc": End Sub'},
            "MBD0001": {"Workbook": inner, "\1Ole10Native": b"MZ"},
        },
    )


# --- XLSB


def _sheet12(body: bytes) -> bytes:
    part = record12(129) + record12(145) + body + record12(146) + record12(130)
    return writers.xlsb([Sheet("A", False, [["x"]])], {"xl/worksheets/sheet1.bin": part})


def _row12(number: int, col: int = 0) -> bytes:
    return record12(0, struct.pack("<I", number)) + record12(5, struct.pack("<IId", col, 0, 1))


def _relations12(change: Callable[[bytes], bytes]) -> bytes:
    name = "xl/_rels/workbook.bin.rels"
    book = writers.xlsb([Sheet("A", False, [["x"]]), Sheet("B", False, [["y"]])])
    return hostile.edited(book, lambda part, content: change(content) if part == name else content)


def xlsb_with_everything() -> bytes:
    """One number, and beside it macros, an object, an external link."""
    return writers.xlsb(
        [Sheet("A", False, [[7.0, _DDE]])],
        {
            "xl/vbaProject.bin": b'Sub Auto_Open(): Shell "calc": End Sub',
            "xl/embeddings/oleObject1.bin": b"MZ",
            "xl/externalLinks/externalLink1.bin": b"cmd|/c calc",
            "xl/macrosheets/sheet1.bin": b"=EXEC()",
        },
    )


# --- ODS

_NAMES = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)


def _ods(table: str, after: str = "", parts: dict[str, bytes] | None = None, fill: int = 0) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{_NAMES} '
            'xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:spreadsheet>'
            f'<table:table table:name="A">{table}</table:table>{after}</office:spreadsheet></office:body>'
            f"</office:document-content>{' ' * fill}",
        )
        for name, content in (parts or {}).items():
            package.writestr(name, content)
    return target.getvalue()


def _ods_row(repeat_rows: int = 1, repeat_cols: int = 1) -> str:
    return (
        f'<table:table-row table:number-rows-repeated="{repeat_rows}"><table:table-cell '
        f'table:number-columns-repeated="{repeat_cols}" office:value-type="float" office:value="7"/>'
        "</table:table-row>"
    )


def _ods_corners() -> str:
    gap = '<table:table-row table:number-rows-repeated="1048574"/>'
    far = '<table:table-row><table:table-cell table:number-columns-repeated="16383"/>'
    return (
        _ods_row()
        + gap
        + far
        + '<table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
    )


def ods_with_everything() -> bytes:
    """One number, and beside it Basic macros (their parts have a DOCTYPE), an object, DDE and an external sheet."""
    source = (
        '<table:table table:name="\'file:///etc/passwd\'#$A"><table:table-source xlink:href="file:///etc/passwd"/>'
        f"{_ods_row()}</table:table>"
    )
    dde = (
        '<table:dde-links><table:dde-link><office:dde-source office:dde-application="cmd" '
        'office:dde-topic="/c calc" office:dde-item="x"/><table:table>'
        f"{_ods_row()}</table:table></table:dde-link></table:dde-links>"
    )
    row = (
        '<table:table-row><table:table-cell office:value-type="float" office:value="7"/><table:table-cell '
        'table:formula="of:=DDE(&quot;cmd&quot;;&quot;/c calc&quot;;&quot;x&quot;)" office:value-type="string" '
        f'office:string-value="{_DDE}"/></table:table-row>'
    )
    macro = b'<?xml version="1.0"?><!DOCTYPE m PUBLIC "x" "module.dtd"><m>Shell("calc")</m>'
    return _ods(row, source + dde, {"Basic/Standard/Module1.xml": macro, "Object 1/content.xml": b"<x/>"})


def xlsx_with_everything() -> bytes:
    """One number, and beside it macros, an object, a DDE link, a data connection."""
    book = hostile.sound({"A": [[7, "'" + _DDE]]})
    link = f'<externalLink xmlns="{hostile.SPREADSHEET}"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    connection = '<connection id="1" type="4" refreshOnLoad="1"/>'
    return hostile.edited(
        book,
        lambda _, part: part.replace(b"'=cmd", b"=cmd"),
        {
            "xl/vbaProject.bin": b'Sub Auto_Open(): Shell "calc": End Sub',
            "xl/embeddings/oleObject1.bin": b"MZ",
            "xl/externalLinks/externalLink1.xml": link.encode(),
            "xl/connections.xml": f'<connections xmlns="{hostile.SPREADSHEET}">{connection}</connections>'.encode(),
        },
    )


REFUSED: dict[str, tuple[Callable[[], bytes], UnreadableCode]] = {
    "xls: chain loops": (looping_chain, CODE.UNSAFE_ZIP),
    "xls: directory loops": (lambda: _with_table(1, 1), CODE.UNSAFE_ZIP),
    "xls: list of tables loops": (_looping_difat, CODE.UNSAFE_ZIP),
    "xls: one table again and again": (_difat_of_one_table, CODE.UNSAFE_ZIP),
    "xls: entries loop": (
        lambda: _with_entry(1, entry("Workbook", STREAM, 2, 4096, left=1)),
        CODE.UNSAFE_ZIP,
    ),
    "xls: entry beyond the directory": (
        lambda: _with_entry(0, entry("Root Entry", ROOT, END, child=4_000_000)),
        CODE.TRUNCATED_ZIP,
    ),
    "xls: no root": (lambda: _with_entry(0, bytes(128)), CODE.TRUNCATED_ZIP),
    "xls: sector beyond the end": (lambda: _with_table(3, 0x00FFFFFF), CODE.TRUNCATED_ZIP),
    "xls: chain ends early": (lambda: _with_table(3, END), CODE.TRUNCATED_ZIP),
    "xls: stream of 100 MB": (
        lambda: _with_entry(1, entry("Workbook", STREAM, 2, 100 * 1024 * 1024)),
        CODE.TRUNCATED_ZIP,
    ),
    "xls: small stream, no table for it": (
        lambda: _with_entry(1, entry("Workbook", STREAM, 2, 100)),
        CODE.TRUNCATED_ZIP,
    ),
    "xls: 2,100 streams": (_wide_directory, CODE.ZIP_BOMB),
    "xls: sectors of a terabyte": (_odd_sectors, CODE.TRUNCATED_ZIP),
    "xls: header only": (lambda: _plain()[:300], CODE.TRUNCATED_ZIP),
    "xls: cut short": (lambda: _plain()[: 3 * SECTOR], CODE.TRUNCATED_ZIP),
    "xls: record longer than its sheet": (_lying_record, CODE.CORRUPT_XML),
    "xls: text longer than its record": (_lying_text, CODE.CORRUPT_XML),
    "xls: two thousand million texts": (_lying_shared_texts, CODE.CORRUPT_XML),
    "xls: 100,001 texts": (
        lambda: _stream(
            writers.xls_stream(
                {"A": _ONE},
                globals_=[
                    record(0x00FC, struct.pack("<II", 100_001, 100_001)),
                    *[record(0x003C, struct.pack("<HBB", 1, 0, 97) * 2000)] * 51,
                ],
            )
        ),
        CODE.TOO_MANY_CELLS,
    ),
    "xls: text that is not there": (
        lambda: writers.xls({"A": [record(0x00FD, struct.pack("<HHHI", 0, 0, 0, 9))]}),
        CODE.CORRUPT_XML,
    ),
    "xls: two sheets in one place": (_second_sheet_in_place_of_the_first, CODE.CORRUPT_XML),
    "xls: sheet beyond the end": (_sheet_beyond_the_end, CODE.CORRUPT_XML),
    "xls: sheets within sheets": (_unclosed, CODE.CORRUPT_XML),
    "xls: password": (_locked, CODE.PASSWORD_PROTECTED),
    "xls: of Excel 4": (
        lambda: _stream(record(0x0809, struct.pack("<HH", 0x0400, 5)) + writers.EOF),
        CODE.OLD_XLS,
    ),
    "xls: two corners": (
        lambda: writers.xls({"A": [*_ONE, number8(65_535, 255, 1)]}),
        CODE.TOO_MANY_CELLS,
    ),
    "xls: a formula far away": (
        lambda: writers.xls({"A": [writers.formula(65_535, 255, bytes(8), marks=2)]}),
        CODE.TOO_MANY_CELLS,
    ),
    "xls: column 257": (lambda: writers.xls({"A": [number8(0, 256, 1)]}), CODE.CORRUPT_XML),
    "xls: a format that is not there": (lambda: writers.xls({"A": [number8(0, 0, 1, 99)]}), CODE.CORRUPT_XML),
    "xls: a cell twice": (
        lambda: writers.xls({"A": [number8(0, 0, 1), label(0, 0, "2")]}),
        CODE.CORRUPT_XML,
    ),
    "xls: numbers that end elsewhere": (
        lambda: writers.xls({"A": [record(0x00BD, struct.pack("<HHHIHIH", 0, 0, 0, 6, 0, 10, 2))]}),
        CODE.CORRUPT_XML,
    ),
    "xls: a text that is none": (
        lambda: writers.xls({"A": [*_ONE, label(0, 1, "Xã \ufffe\uffff")]}),
        CODE.CORRUPT_XML,
    ),
    "xls: a record of Excel 2": (
        lambda: writers.xls({"A": [*_ONE, record(0x0000, b"\0" * 8)]}),
        CODE.CORRUPT_XML,
    ),
    "xls: a text with marks that none has": (
        lambda: writers.xls({"A": [record(0x0204, struct.pack("<HHHHB", 0, 0, 0, 1, 8) + b"A")]}),
        CODE.CORRUPT_XML,
    ),
    "xls: a record of no kind": (lambda: writers.xls({"A": [*_ONE, record(0xFFFD, b"")]}), CODE.CORRUPT_XML),
    "xls: 450,000 records of nothing": (_tiny_records, CODE.TOO_MANY_CELLS),
    "xls: 201 sheets": (lambda: writers.xls({str(n): _ONE for n in range(201)}), CODE.TOO_MANY_SHEETS),
    "xls: claims, but no cell": (
        lambda: writers.xls({"A": [writers.dimensions(65_536, 256)]}),
        CODE.NO_SHEETS,
    ),
    "xlsb: bomb": (
        lambda: writers.xlsb([Sheet("A", False, [["x"]])], {"xl/worksheets/sheet1.bin": bytes(20_000_000)}),
        CODE.ZIP_BOMB,
    ),
    "xlsb: rows out of order": (lambda: _sheet12(_row12(1) + _row12(0)), CODE.CORRUPT_XML),
    "xlsb: a cell twice": (
        lambda: _sheet12(_row12(0) + writers.cell12(0, 2.0)),
        CODE.CORRUPT_XML,
    ),
    "xlsb: a cell in no row": (lambda: _sheet12(writers.cell12(0, 2.0)), CODE.CORRUPT_XML),
    "xlsb: text shorter than its record": (
        lambda: _sheet12(record12(0, struct.pack("<I", 0)) + record12(6, struct.pack("<IIII", 0, 0, 0, 0))),
        CODE.CORRUPT_XML,
    ),
    "xlsb: no grid": (
        lambda: writers.xlsb([Sheet("A", False, [["x"]])], {"xl/worksheets/sheet1.bin": record12(129)}),
        CODE.CORRUPT_XML,
    ),
    "xlsb: records of nothing": (lambda: _sheet12(b"\x25\0" * 450_000), CODE.TOO_MANY_CELLS),
    "xlsb: 100,001 texts": (
        lambda: writers.xlsb(
            [], {"xl/sharedStrings.bin": record12(19, b"\0" + writers.text12("x")) * 100_001}
        ),
        CODE.TOO_MANY_CELLS,
    ),
    "xlsb: row 1,048,577": (lambda: _sheet12(_row12(2**20)), CODE.CORRUPT_XML),
    "xlsb: column 16,385": (lambda: _sheet12(_row12(0, 2**14)), CODE.CORRUPT_XML),
    "xlsb: two corners": (lambda: _sheet12(_row12(0) + _row12(2**20 - 1, 2**14 - 1)), CODE.TOO_MANY_CELLS),
    "xlsb: record longer than its part": (lambda: _sheet12(b"\5\xff\xff\xff\x7f"), CODE.CORRUPT_XML),
    "xlsb: part ends in a record": (lambda: _sheet12(record12(5, b"")), CODE.CORRUPT_XML),
    "xlsb: text longer than its record": (
        lambda: _sheet12(record12(6, struct.pack("<III", 0, 0, 2**31))),
        CODE.CORRUPT_XML,
    ),
    "xlsb: text that is not there": (
        lambda: _sheet12(record12(7, struct.pack("<III", 0, 0, 9))),
        CODE.CORRUPT_XML,
    ),
    "xlsb: two sheets in one part": (
        lambda: _relations12(lambda part: part.replace(b"sheet2.bin", b"sheet1.bin")),
        CODE.CORRUPT_XML,
    ),
    "xlsb: sheet outside the file": (
        lambda: _relations12(lambda part: part.replace(b"worksheets/sheet2.bin", b"file:///etc/passwd")),
        CODE.CORRUPT_XML,
    ),
    "xlsb: entities": (
        lambda: _relations12(lambda part: b'<!DOCTYPE x [<!ENTITY a "b">]>' + part),
        CODE.XML_ENTITIES,
    ),
    "ods: bomb": (lambda: _ods(_ods_row(), fill=20_000_000), CODE.ZIP_BOMB),
    "ods: repeated rows": (lambda: _ods(_ods_row(repeat_rows=1_048_576)), CODE.TOO_MANY_CELLS),
    "ods: repeated columns": (lambda: _ods(_ods_row(repeat_cols=999_999_999)), CODE.TOO_MANY_CELLS),
    "ods: both": (lambda: _ods(_ods_row(2000, 2000)), CODE.TOO_MANY_CELLS),
    "ods: two corners": (lambda: _ods(_ods_corners()), CODE.TOO_MANY_CELLS),
}
"""Files that are refused: how they are made, and for what reason. Caps there: 100,000 cells, 16 MiB unpacked."""

READ: dict[str, Callable[[], bytes]] = {
    "xls: claims more than it has": lambda: writers.xls(
        {"A": [writers.dimensions(65_536, 256), *_ONE, label(0, 1, _DDE)]}
    ),
    "xls: everything": xls_with_everything,
    "xlsb: everything": xlsb_with_everything,
    "ods: everything": ods_with_everything,
    "xlsx: everything": xlsx_with_everything,
    "json: formula": lambda: b'{"sheets": [{"name": "A", "rows": [[7, "=cmd|\'/c calc\'!A1"]]}]}',
}
"""Files that are read: a 7 and a text that looks like a formula in sheet A, and nothing of what is beside them."""
LINKED = frozenset(("xls: everything", "xlsb: everything", "ods: everything", "xlsx: everything"))
