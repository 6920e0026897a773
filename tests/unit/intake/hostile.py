"""Makers of sound and of hostile files for the tests of the intake. All content is invented."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

import xlsxwriter

from tests.unit.intake import writers

SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET1 = "xl/worksheets/sheet1.xml"
BOMB_BYTES = 200 * 1024 * 1024

Cells = Sequence[Sequence[object]]


def sound(sheets: dict[str, Cells] | None = None) -> bytes:
    """A workbook as any spreadsheet program could have saved it."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    for name, rows in (sheets or {"BM01": [["Chỉ tiêu", "Trong kỳ"], ["Lớp tập huấn", 3]]}).items():
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    book.close()
    return target.getvalue()


def edited(book: bytes, edit: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> bytes:
    """The workbook with its parts passed through `edit` and further parts added."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for name in source.namelist():
            copy.writestr(name, edit(name, source.read(name)))
        for name, content in (extra or {}).items():
            copy.writestr(name, content)
    return target.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    """A sound workbook with one more part."""
    return edited(sound(), lambda _, part: part, {name: content})


def with_sheet_xml(xml: bytes | str) -> bytes:
    """A sound workbook whose only sheet part is `xml`, as it stands."""
    content = xml.encode() if isinstance(xml, str) else xml
    return edited(sound(), lambda name, part: content if name == SHEET1 else part)


def with_rows(rows: str, after: str = "") -> bytes:
    """A sound workbook whose only sheet has these row elements, and `after` behind the sheet data."""
    return with_sheet_xml(
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{SPREADSHEET}">'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    )


def truncated() -> bytes:
    """An upload that broke off."""
    book = sound()
    return book[: len(book) * 2 // 3]


def compound(*streams: str) -> bytes:
    """A compound file (the container of old Excel and of encrypted workbooks) with these streams, empty."""
    return writers.compound(dict.fromkeys(streams, b""))


def html() -> bytes:
    """What many web systems call an Excel export."""
    return '<html><meta charset="utf-8"><body><table><tr><td>Xã</td></tr></table></body></html>'.encode()


def declared_bomb() -> bytes:
    """A workbook with a part that unpacks to 200 MB, as its header says."""
    return with_part("xl/media/image1.png", bytes(BOMB_BYTES))


def lying_bomb() -> bytes:
    """The same, but every header says the part has 1,000 bytes."""
    bomb = declared_bomb()
    truth, lie = struct.pack("<I", BOMB_BYTES), struct.pack("<I", 1000)
    return bomb.replace(truth, lie)


def lying_sheet() -> bytes:
    """A small workbook whose sheet is longer than its headers say."""
    rows = '<row r="1"><c r="A1"><v>1</v></c></row>' * 3000
    book = with_rows(rows)
    size = next(e.file_size for e in zipfile.ZipFile(io.BytesIO(book)).infolist() if e.filename == SHEET1)
    return book.replace(struct.pack("<I", size), struct.pack("<I", 1000))


def many_parts(count: int) -> bytes:
    """A workbook with very many empty parts."""
    return edited(sound(), lambda _, part: part, {f"xl/media/{i}": b"" for i in range(count)})


def overlapping() -> bytes:
    """A container whose directory points twice at the same packed bytes: small file, endless content."""
    book = with_part("xl/media/b.bin", b"x" * 5000)
    end = book.rindex(b"PK\x05\x06")
    size, start = struct.unpack_from("<II", book, end + 12)
    directory = book[start : start + size]
    last = directory[directory.rindex(b"PK\x01\x02") :]
    again = last.replace(b"xl/media/b.bin", b"xl/media/c.bin")
    count = struct.unpack_from("<H", book, end + 10)[0] + 1
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, size + len(again), start, 0)
    return book[:start] + directory + again + tail


def renamed_part(old: str, new: str) -> bytes:
    """A workbook with a part of a nasty name of the same length."""
    book = with_part(old, b"x")
    assert len(old) == len(new)
    return book.replace(old.encode(), new.encode())


def bzip2_part() -> bytes:
    """A container that uses a method whose growth has no small bound."""
    target = io.BytesIO(sound())
    with zipfile.ZipFile(target, "a", zipfile.ZIP_BZIP2) as book:
        book.writestr("xl/media/a.bin", b"x" * 100)
    return target.getvalue()


def zip_encrypted() -> bytes:
    """A container whose parts are marked as encrypted by the zip program."""
    book = bytearray(sound())
    at = book.find(b"PK\x01\x02")
    while at >= 0:
        book[at + 8] |= 1
        at = book.find(b"PK\x01\x02", at + 1)
    return bytes(book)


def million_empty_rows() -> bytes:
    """Two filled rows, then formatting dragged to the end of the sheet: 1,048,576 rows."""
    filled = '<row r="1"><c r="A1"><v>7</v></c></row>'
    filled += '<row r="2"><c r="B2" t="inlineStr"><is><t>x</t></is></c></row>'
    empty = "".join(
        f'<row r="{r}" spans="1:8" ht="15" customHeight="1"><c r="A{r}" s="1"/></row>'
        for r in range(3, 1048577)
    )
    return with_rows(filled + empty)


def two_extremes() -> bytes:
    """One value in the first and one in the very last cell a sheet can have."""
    return with_rows(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    )


def hidden_extremes() -> bytes:
    """The same, the far address in an attribute given twice, where a quick look does not see it."""
    return with_rows('<row r="1"><c r="A1"><v>1</v></c><c r="B1" r="XFD1048576"><v>2</v></c></row>')


def multiplied_text(length: int, cells: int) -> bytes:
    """One long text, stored once and shown in many cells."""
    xml = "".join(f'<row r="{r}"><c r="A{r}" t="s"><v>0</v></c></row>' for r in range(1, cells + 1))
    texts = f'<sst xmlns="{SPREADSHEET}" count="1" uniqueCount="1"><si><t>{"a" * length}</t></si></sst>'
    return edited(
        with_rows(xml), lambda name, part: texts.encode() if name == "xl/sharedStrings.xml" else part
    )


def with_texts(attributes: str, items: str) -> bytes:
    """A text in A1, the list of texts written by hand."""
    texts = f'<sst xmlns="{SPREADSHEET}" {attributes}>{items}</sst>'.encode()
    book = with_rows('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')
    return edited(book, lambda name, part: texts if name == "xl/sharedStrings.xml" else part)


def entities(part: str = SHEET1) -> bytes:
    """The billion laughs, in some part of the workbook."""
    lols = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    doctype = f'<!DOCTYPE worksheet [<!ENTITY l0 "lol">{lols}]>'.encode()

    def edit(name: str, content: bytes) -> bytes:
        if name != part:
            return content
        declaration, end, rest = content.partition(b"?>")
        return declaration + end + doctype + rest

    return edited(sound(), edit)


def entities_utf16() -> bytes:
    """A DOCTYPE in a part in UTF-16, where a search for ASCII letters finds nothing."""
    xml = (
        f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE w [<!ENTITY a "b">]>'
        f'<worksheet xmlns="{SPREADSHEET}">'
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>'
    )
    return with_sheet_xml(xml.encode("utf-16"))


def uncomputed() -> bytes:
    """Formulas as written by programs that never calculate, and one calculated to an empty text."""
    return with_rows(
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>A1*2</f></c><c r="C1"><f>A1*3</f><v></v></c></row>'
        '<row r="2"><c r="A2"><f>A1</f><v>1</v></c><c r="B2" t="str"><f>""</f><v></v></c>'
        '<c r="C2"><f t="shared" si="0"/><v/></c><c r="E2"><v></v><f>A1</f></c></row>'
    )


def external_links() -> bytes:
    """A workbook that refers to a file on somebody's share."""
    return with_part(
        "xl/externalLinks/externalLink1.xml",
        f'<externalLink xmlns="{SPREADSHEET}"><externalBook/></externalLink>'.encode(),
    )


def bad_crc() -> bytes:
    """A workbook whose shared strings were damaged after packing."""
    book = bytearray(sound({"BM01": [[f"chuỗi số {i}"] for i in range(500)]}))
    entry = zipfile.ZipFile(io.BytesIO(bytes(book))).getinfo("xl/sharedStrings.xml")
    middle = entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2
    book[middle] ^= 0xFF
    return bytes(book)


def other_figures() -> bytes:
    """A workbook in which a 3 has become a 7 on its way: sound XML, and only the checksum tells."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound())) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            copy.writestr(name, source.read(name))
    book = target.getvalue()
    assert book.count(b"<v>3</v>") == 1
    return book.replace(b"<v>3</v>", b"<v>7</v>")


def deflate_without_end() -> bytes:
    """A part whose packed bytes stop before the stream does."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"a" * 1000) + packer.flush(zlib.Z_SYNC_FLUSH)
    name = b"xl/notes.xml"
    book = with_part(name.decode(), b"y" * len(packed))
    entry = zipfile.ZipFile(io.BytesIO(book)).getinfo(name.decode())
    start = entry.header_offset + 30 + len(name)
    out = bytearray(book[:start] + packed + book[start + entry.compress_size :])
    shift = len(packed) - entry.compress_size
    end = out.rindex(b"PK\x05\x06")
    struct.pack_into("<I", out, end + 16, struct.unpack_from("<I", out, end + 16)[0] + shift)
    at = out.rindex(b"PK\x01\x02")
    struct.pack_into("<II", out, at + 20, len(packed), 1000)
    return bytes(out)
