"""Writers of old and binary workbooks for the tests: the container, the records, whole small workbooks.

Written from the published layouts ([MS-CFB], [MS-XLS], [MS-XLSB]); just enough for values, days, percents and merged
cells. Run as a script it makes the fixtures of `tests/data/formats` with LibreOffice.
"""

import csv
import gzip
import io
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from ocop_pipeline.intake.grid import CellError, CellValue, Sheet, Workbook
from ocop_pipeline.intake.serials import ERRORS

FREE, END, TABLE, LIST = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
NONE = 0xFFFFFFFF
SECTOR = 512
STORAGE, STREAM, ROOT = 1, 2, 5
ERROR_CODES = {shown: code for code, shown in ERRORS.items()}
# Cell formats of the written workbooks: plain, a day, a day with its time, a percent.
PLAIN, DAY, MOMENT, PERCENT = 0, 1, 2, 3
FORMATS = {164: "dd/mm/yyyy", 165: 'dd/mm/yyyy\\ hh:mm;"m"@', 166: '0.0%" d"'}
CELL_FORMATS = (0, 164, 165, 166)
_SPREADSHEET = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


# --- compound files


def entry(
    name: str,
    kind: int,
    start: int = 0,
    size: int = 0,
    left: int = NONE,
    right: int = NONE,
    child: int = NONE,
) -> bytes:
    """One line of a directory ([MS-CFB] 2.6)."""
    text = (name + "\0").encode("utf-16-le") if name else b""
    return struct.pack("<64sHBB3I36xIQ", text, len(text), kind, 1, left, right, child, start, size)


def compound(
    streams: Mapping[str, bytes], *, storages: Mapping[str, Mapping[str, bytes]] | None = None
) -> bytes:
    """A compound file of these streams below its root, and of storages with streams of their own."""
    entries: list[tuple[str, int, bytes]] = [(name, STREAM, content) for name, content in streams.items()]
    children: dict[str, tuple[int, int]] = {}
    for storage, inner in (storages or {}).items():
        first = len(entries) + 1
        entries += [(name, STREAM, content) for name, content in inner.items()]
        children[storage] = (first, len(entries))
    top = [*range(1, len(streams) + 1)]
    for storage in storages or {}:
        entries.append((storage, STORAGE, b""))
        top.append(len(entries))
    # What is shorter than 4,096 bytes would belong into the mini stream: padded, so that there need be none.
    padded = [content.ljust(4096, b"\0") if content else b"" for _, _, content in entries]
    sizes = [-(-len(content) // SECTOR) for content in padded]
    directory_sectors = -(-(len(entries) + 1) // 4)
    data_sectors = directory_sectors + sum(sizes)
    tables = further = 0
    while tables * (SECTOR // 4) < tables + further + data_sectors:
        tables += 1
        further = max(
            0, -(-(tables - 109) // (SECTOR // 4 - 1))
        )  # lists of tables that the header has no room for
    table = [TABLE] * tables + [LIST] * further
    starts = []
    for count in (directory_sectors, *sizes):
        starts.append(len(table) if count else END)
        table += [*range(len(table) + 1, len(table) + count), END] if count else []
    table += [FREE] * (tables * (SECTOR // 4) - len(table))
    after = {one: following or NONE for one, following in zip(top, [*top[1:], 0], strict=True)}
    after |= {
        one: one + 1 if one < last else NONE
        for first, last in children.values()
        for one in range(first, last + 1)
    }
    lines = [entry("Root Entry", ROOT, END, child=top[0] if top else NONE)]
    for number, (name, kind, _) in enumerate(entries, start=1):
        child = children[name][0] if kind == STORAGE else NONE
        start = starts[number] if kind == STREAM else 0
        lines.append(entry(name, kind, start, len(padded[number - 1]), right=after[number], child=child))
    directory = b"".join(lines).ljust(directory_sectors * SECTOR, b"\0")
    body = b"".join(content.ljust(size * SECTOR, b"\0") for content, size in zip(padded, sizes, strict=True))
    lists = b""
    for number in range(further):
        first = 109 + number * (SECTOR // 4 - 1)
        part = [*range(first, min(first + SECTOR // 4 - 1, tables))]
        part += [FREE] * (SECTOR // 4 - 1 - len(part)) + [
            tables + number + 1 if number + 1 < further else END
        ]
        lists += struct.pack("<128I", *part)
    head = header(tables, tables + further, [*range(tables)], tables if further else END, further)
    return head + struct.pack(f"<{len(table)}I", *table) + lists + directory + body


def small_compound(name: str, content: bytes) -> bytes:
    """A compound file of one stream that lies in the mini stream, as streams below 4,096 bytes do."""
    minis = -(-len(content) // 64)
    sectors = -(-minis * 64 // SECTOR)
    # Sector 0 is the table, 1 the directory, 2 the table of the mini stream, which is in 3 and on.
    table = [TABLE, END, END, *range(4, 3 + sectors), END]
    table += [FREE] * (SECTOR // 4 - len(table))
    mini_table = [*range(1, minis), END]
    mini_table += [FREE] * (SECTOR // 4 - len(mini_table))
    lines = entry("Root Entry", ROOT, 3, minis * 64, child=1) + entry(name, STREAM, 0, len(content))
    head = bytearray(header(1, 1, [0]))
    struct.pack_into("<2I", head, 60, 2, 1)
    return (
        bytes(head)
        + struct.pack("<128I", *table)
        + lines.ljust(SECTOR, b"\0")
        + struct.pack("<128I", *mini_table)
        + content.ljust(sectors * SECTOR, b"\0")
    )


def header(tables: int, directory: int, first: Sequence[int], difat: int = END, difats: int = 0) -> bytes:
    """Header of a compound file ([MS-CFB] 2.2): its sector tables, the start of its directory, further tables."""
    head = struct.pack("<8s16xHHHHH6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, tables, directory, 0, 4096, END, 0, difat, difats)
    return head + struct.pack("<109I", *[*first, *[FREE] * 109][:109])


# --- XLS


def record(kind: int, data: bytes = b"") -> bytes:
    """One record of an XLS."""
    return struct.pack("<HH", kind, len(data)) + data


BOF8 = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
SHEET8 = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0))
BOF5 = record(0x0809, struct.pack("<HHHH", 0x0500, 5, 0, 0))
SHEET5 = record(0x0809, struct.pack("<HHHH", 0x0500, 0x10, 0, 0))
EOF = record(0x000A)


def xls_stream(
    sheets: Mapping[str, Iterable[bytes]],
    *,
    unicode: bool = True,
    globals_: Iterable[bytes] = (),
    page: int = 1258,
) -> bytes:
    """The stream of an XLS whose sheets have these records."""
    head = BOF8 if unicode else BOF5
    head += record(0x0042, struct.pack("<H", 1200 if unicode else page))
    codec = f"cp{page}"
    for number, code in FORMATS.items():
        text = code.encode()
        length = struct.pack("<HB", len(text), 0) if unicode else struct.pack("<B", len(text))
        head += record(0x041E, struct.pack("<H", number) + length + text)
    head += b"".join(record(0x00E0, struct.pack("<HH16x", 0, number)) for number in CELL_FORMATS)
    head += b"".join(globals_)
    bodies = [(SHEET8 if unicode else SHEET5) + b"".join(records) + EOF for records in sheets.values()]
    names = [name.encode("utf-16-le" if unicode else codec) for name in sheets]
    at = len(head) + sum(4 + 8 + len(name) - (0 if unicode else 1) for name in names) + len(EOF)
    for name, text, body in zip(sheets, names, bodies, strict=True):
        mark = struct.pack("<BB", len(name), 1) if unicode else struct.pack("<B", len(text))
        head += record(0x0085, struct.pack("<IBB", at, 0, 0) + mark + text)
        at += len(body)
    return head + EOF + b"".join(bodies)


def number8(row: int, col: int, number: float, cell_format: int = PLAIN) -> bytes:
    """A record of a number."""
    return record(0x0203, struct.pack("<HHHd", row, col, cell_format, number))


def label(row: int, col: int, text: str, codec: str | None = None) -> bytes:
    """A record of a text: Unicode, or in a code page."""
    letters = text.encode(codec or "utf-16-le")
    length = struct.pack("<H", len(letters)) if codec else struct.pack("<HB", len(text), 1)
    return record(0x0204, struct.pack("<HHH", row, col, PLAIN) + length + letters)


def formula(row: int, col: int, result: bytes, marks: int = 0, tokens: bytes = b"") -> bytes:
    """A record of a formula and its stored result of eight bytes."""
    return record(0x0006, struct.pack("<HHH8sHIH", row, col, PLAIN, result, marks, 0, len(tokens)) + tokens)


LIBREOFFICE = record(0x005C, b"\4\0\0Calc".ljust(112))
"""The record by which LibreOffice says that it wrote an XLS."""


def dimensions(rows: int, cols: int) -> bytes:
    """A record that claims how far a sheet reaches."""
    return record(0x0200, struct.pack("<IIHHH", 0, rows, 0, cols, 0))


def xls(sheets: Mapping[str, Iterable[bytes]]) -> bytes:
    """An XLS in its container, whose sheets have these records."""
    return compound({"Workbook": xls_stream(sheets)})


# --- XLSB


def record12(kind: int, data: bytes = b"") -> bytes:
    """One record of an XLSB: kind and size in bytes of seven bits."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(data)
    while size > 127:
        head += bytes([size & 0x7F | 0x80])
        size >>= 7
    return head + bytes([size]) + data


def text12(text: str) -> bytes:
    """A text of an XLSB."""
    letters = text.encode("utf-16-le")
    return struct.pack("<I", len(letters) // 2) + letters


def cell12(col: int, value: CellValue) -> bytes:
    """The record of one cell."""
    place = struct.Struct("<II")
    if isinstance(value, bool):
        return record12(4, place.pack(col, PLAIN) + bytes([value]))
    if isinstance(value, CellError):
        return record12(3, place.pack(col, PLAIN) + bytes([ERROR_CODES[value.code]]))
    if isinstance(value, date):
        is_moment = isinstance(value, datetime)
        moment = value if is_moment else datetime(value.year, value.month, value.day)  # noqa: DTZ001
        days = (moment - datetime(1899, 12, 30)).total_seconds() / 86400  # noqa: DTZ001
        if is_moment:
            return record12(5, place.pack(col, MOMENT) + struct.pack("<d", days))
        # A whole number in four bytes, as Excel writes days.
        return record12(2, place.pack(col, DAY) + struct.pack("<I", int(days) << 2 | 2))
    if isinstance(value, float | int):
        return record12(9 if value % 7 == 0 else 5, place.pack(col, PLAIN) + struct.pack("<dHI", value, 0, 0))
    return record12(6, place.pack(col, PLAIN) + text12(str(value)))


def sheet12(sheet: Sheet, shared: dict[str, int], every: int = 2) -> bytes:
    """The part of one sheet; texts of every second column, or of every one, are shared ones."""
    part = record12(129) + record12(148, struct.pack("<4I", 0, 1_048_575, 0, 16_383)) + record12(145)
    for number, row in enumerate(sheet.rows):
        part += record12(0, struct.pack("<I13x", number))
        for col, value in enumerate(row):
            if isinstance(value, str) and col % every == every - 1:
                index = shared.setdefault(value, len(shared))
                part += record12(7, struct.pack("<III", col, PLAIN, index))
            elif value is not None:
                part += cell12(col, value)
    part += record12(146)
    for top, left, low, right in sheet.merged:
        part += record12(176, struct.pack("<4I", top, low, left, right))
    return part + record12(130)


def xlsb(sheets: Sequence[Sheet], parts: Mapping[str, bytes] | None = None, every: int = 2) -> bytes:
    """An XLSB of these sheets, with further or other parts."""
    shared: dict[str, int] = {}
    written = {
        f"xl/worksheets/sheet{n}.bin": sheet12(sheet, shared, every)
        for n, sheet in enumerate(sheets, start=1)
    }
    book = record12(131) + record12(153, struct.pack("<II", 0, 0) + text12("")) + record12(143)
    links = ""
    for number, sheet in enumerate(sheets, start=1):
        state = struct.pack("<II", 2 if sheet.hidden else 0, number)
        book += record12(156, state + text12(f"rId{number}") + text12(sheet.name))
        links += _link(number, "worksheet", f"worksheets/sheet{number}.bin")
    links += _link(len(sheets) + 1, "styles", "styles.bin") + _link(
        len(sheets) + 2, "sharedStrings", "sharedStrings.bin"
    )
    written |= {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/workbook.bin": book + record12(144) + record12(157) + record12(132),
        "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>'.encode(),
        "xl/sharedStrings.bin": record12(159, struct.pack("<II", len(shared), len(shared)))
        + b"".join(record12(19, b"\0" + text12(text)) for text in shared)
        + record12(160),
        "xl/styles.bin": record12(615, struct.pack("<I", len(FORMATS)))
        + b"".join(record12(44, struct.pack("<H", n) + text12(code)) for n, code in FORMATS.items())
        + record12(616)
        + record12(617, struct.pack("<I", len(CELL_FORMATS)))
        + b"".join(record12(47, struct.pack("<HH12x", 0, number)) for number in CELL_FORMATS)
        + record12(618),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in (written | dict(parts or {})).items():
            package.writestr(name, content)
    return target.getvalue()


def _link(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_SPREADSHEET}/{kind}" Target="{target}"/>'


# --- JSON and CSV


def as_json(book: Workbook) -> bytes:
    """The sheets of a workbook as JSON."""
    sheets = [
        {
            "name": sheet.name,
            "hidden": sheet.hidden,
            "rows": [
                [str(value) if isinstance(value, date) else value for value in row] for row in sheet.rows
            ],
        }
        for sheet in book.sheets
    ]
    return json.dumps({"sheets": sheets}, ensure_ascii=False).encode()


def as_csv(book: Workbook) -> bytes:
    """The sheets of a workbook as CSV, one after another, as people see the values."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";")
    for sheet in book.sheets:
        writer.writerow([f"[{sheet.name}]"])
        writer.writerows([[_seen(value) for value in row] for row in sheet.rows])
    return target.getvalue().encode()


def _seen(value: CellValue) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return f"{value:g}".replace(".", ",") if isinstance(value, float) else str(value)


# --- fixtures

FIXTURES = Path(__file__).parents[2] / "data" / "formats"


def fixture(name: str) -> bytes:
    """A committed file, unpacked."""
    path = FIXTURES / name
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def make_fixtures(office: str, form: bytes, cells: bytes) -> None:
    """Write both workbooks as XLSX, and what LibreOffice makes of them as XLS and ODS."""
    FIXTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("form", form), ("cells", cells)):
            source = Path(folder, f"{name}.xlsx")
            source.write_bytes(content)
            shutil.copy(source, FIXTURES)
            for kind in ("xls", "ods"):
                profile = f"-env:UserInstallation={Path(folder, 'profile').as_uri()}"
                command = [
                    office,
                    profile,
                    "--headless",
                    "--convert-to",
                    kind,
                    "--outdir",
                    folder,
                    str(source),
                ]
                subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
                made = Path(folder, f"{name}.{kind}").read_bytes()
                packed = kind == "xls"  # an ODS is packed already
                target = FIXTURES / f"{name}.{kind}{'.gz' if packed else ''}"
                target.write_bytes(gzip.compress(made, mtime=0) if packed else made)


def _cells() -> bytes:
    from tests.unit.intake import hostile

    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    day, moment, percent, hours = (
        book.add_format({"num_format": code}) for code in ("dd/mm/yyyy", "dd/mm/yyyy hh:mm", "0.0%", "hh:mm")
    )
    sheet = book.add_worksheet("Các ô")
    sheet.write_row(0, 0, ["Chữ", 5, -2.5, 0, 150000000, 1234567.891, 0.1, True, False])
    sheet.write_number(1, 0, 46310, day)
    sheet.write_number(1, 1, 46310.5, moment)
    sheet.write_number(1, 2, 0.455, percent)
    sheet.write_number(1, 3, 0.25, hours)
    for col, error in enumerate(("#DIV/0!", "#N/A", "#NAME?", "#VALUE!")):
        sheet.write_formula(
            2,
            col,
            {"#DIV/0!": "=1/0", "#N/A": "=NA()", "#NAME?": "=KHONGCO()"}.get(error, '="a"+1'),
            None,
            error,
        )
    sheet.write_formula(3, 0, "=B1+1", None, 6)
    sheet.write_formula(3, 1, '=IF(B1>0,"","x")', None, "")
    sheet.write_formula(3, 2, "=SUM(B1:C1)", None, 2.5)
    sheet.merge_range(4, 0, 5, 1, "Gộp ô")
    sheet.write_rich_string(6, 0, "Trà ", book.add_format({"bold": True}), "Lá Sương", " (3 sao)")
    sheet.set_row(7, None, None, {"hidden": True})
    sheet.write_row(7, 0, ["dòng ẩn", 7])
    sheet.write_column(8, 2, ["ắ" * 9000, "x" * 20000, "ộ" * 3, "dòng một\ndòng hai"])
    # Totals that are blank while their parts are, in cells that show numbers; totals of totals; one of noughts.
    total = 'IF(COUNT({0})=0,"",SUM({0}))'
    number = book.add_format({"num_format": "#,##0"})
    for cell, parts in {"A14": "A16", "B14": "B15:B20", "A15": "A14,B14", "C14": "A10,C9"}.items():
        sheet.write_formula(cell, f"={total.format(parts)}", number, "")
    sheet.write_formula("E14", f"={total.format('D1,A16')}", number, 0)
    sheet.write_formula("F14", "=A20", number, 0)
    sheet.write_formula("G14", "=A14", number, "")
    hidden = book.add_worksheet("Ẩn")
    hidden.hide()
    hidden.write_row(0, 0, [1, 2, 3])
    book.close()
    # The library leaves out that the result is a text; Excel writes it.
    blank = re.compile(rb'<c r="(\w+)"( s="\d+")?><f>([^<]*)</f><v></v>')
    return hostile.edited(
        target.getvalue(), lambda _, part: blank.sub(rb'<c r="\1"\2 t="str"><f>\3</f><v></v>', part)
    )


if __name__ == "__main__":
    from tests.unit.intake.filled import PRODUCT, shipped, sound

    products = [PRODUCT | {"product_name": f"Trà {n}"} for n in range(1, 6)]
    make_fixtures(sys.argv[1], sound(shipped(), register=products).xlsx(), _cells())
