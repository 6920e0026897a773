"""Ways to spoil a file: its bytes, its container, its XML parts, its cells, its encoding.

Here: one function a kind of spoiling, each from bytes and a random source to bytes. Not here: which files, and
what must come of them (`fuzz_intake`).
"""

import io
import json
import random
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, Final

Mutation = Callable[[bytes, random.Random], bytes]
PACKAGES: Final = ("xlsx", "xlsm", "xlsb", "ods")
"""Formats that are zip containers; the others are one stream of bytes."""

_TAG = re.compile(rb"<[A-Za-z][^<>]*>")
_ATTRIBUTE = re.compile(rb'\s[A-Za-z:]+="[^"]*"')
_CELL = re.compile(
    rb"<c [^<>]*?(?:/>|>.*?</c>)|<table:table-cell[^<>]*?(?:/>|>.*?</table:table-cell>)", re.DOTALL
)
_ROW = re.compile(rb"<row .*?</row>|<table:table-row.*?</table:table-row>", re.DOTALL)
_NUMBER = re.compile(rb'(?<=<v>)[^<]*(?=</v>)|(?<=office:value=")[^"]*(?=")')
_TYPE = re.compile(rb' t="[a-zA-Z]*"|office:value-type="[a-z]*"')
_STYLE = re.compile(rb' s="\d+"|table:style-name="[^"]*"')
_PLACE = re.compile(rb' r="[A-Z]*\d+"')
_REPEAT = re.compile(rb'(?<=repeated=")\d+(?=")')
_NUMBERS: Final = (
    b"", b"0", b"-1", b"7", b"1e308", b"1e400", b"-0", b"NaN", b"INF", b"0x1F", b"1,5", b" 5 ", b"5e3", b"+3", b"1_000",
    b"99999999999999999999", b"0.1e-320", "١٢".encode(), "３".encode(), b"4294967296", b"-2147483649", b"1.2.3", b"abc",
)  # fmt: skip
_TYPES: Final = (
    b"",
    b' t="s"',
    b' t="b"',
    b' t="e"',
    b' t="str"',
    b' t="d"',
    b' t="inlineStr"',
    b' t="n"',
    b' t="?"',
)
_ODS_TYPES: Final = tuple(
    b'office:value-type="%s"' % kind
    for kind in (b"float", b"string", b"date", b"boolean", b"percentage", b"currency", b"time", b"", b"void")
)
_PLACES: Final = (
    b' r="A1"', b' r="XFD1048576"', b' r="D9"', b' r="9"', b' r="0"', b' r="A0"', b' r="AAAAAA1"', b' r="A99999999999"',
    b' r="C12"', b' r="E20"', b"", b' r=""', b' r="-1"',
)  # fmt: skip
_ENTITIES: Final = (
    b"&amp;", b"&lt;", b"&lol;", b"&#0;", b"&#xFFFF;", b"&#9999999999;", b"&", b"<![CDATA[5]]>", b"<!--x-->",
    b"<?x y?>", b"_x0000_", b"&#x35;", b"\0", b"\xff\xfe",
)  # fmt: skip
_FIELDS: Final = (0, 1, 2, 3, 7, 255, 256, 1000, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
_SECTOR: Final = 512
# Records of numbers and texts of an XLS.
_RECORD: Final = re.compile(rb"\x03\x02\x0e\x00|\x04\x02[\x00-\xff]\x00")
_WORTH: Final = {
    b"sheet": 6,
    b"sharedstrings": 3,
    b"content.xml": 12,
    b"workbook.xml": 2,
    b"styles": 2,
    b"rels": 1,
}


# ---------------------------------------------------------------------------------------------- any bytes


def flip(data: bytes, chance: random.Random) -> bytes:
    """Some bytes are others."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8, 64))):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def cut(data: bytes, chance: random.Random) -> bytes:
    """The end, or a piece in the middle, is missing."""
    start = chance.randrange(len(data))
    return data[:start] if chance.random() < 0.3 else data[:start] + data[start + chance.randint(1, 400) :]


def insert(data: bytes, chance: random.Random) -> bytes:
    """Bytes of the file itself, or any, stand where none stood."""
    at, source = chance.randrange(len(data)), chance.randrange(len(data))
    more = data[source : source + chance.randint(1, 300)] if chance.random() < 0.6 else chance.randbytes(12)
    return data[:at] + more + data[at:]


def field(data: bytes, chance: random.Random) -> bytes:
    """A number of two, four or eight bytes is another: a length, a count, a place, a figure."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        way = chance.choice(("<H", "<I", "<d"))
        size = struct.calcsize(way)
        if len(out) <= size:
            break
        at = chance.randrange(0, len(out) - size)
        value = (
            chance.choice(_FIELDS) if way != "<d" else chance.choice((0.0, -1.0, 1e300, float("nan"), 7.5))
        )
        struct.pack_into(way, out, at, value if way == "<d" else int(value) % (1 << 8 * size))
    return bytes(out)


def block(data: bytes, chance: random.Random) -> bytes:
    """A sector of a compound file stands where another stood."""
    count = len(data) // _SECTOR
    if count < 2:
        return flip(data, chance)
    source, to = (_SECTOR * chance.randrange(count) for _ in range(2))
    return data[:to] + data[source : source + _SECTOR] + data[to + _SECTOR :]


def record(data: bytes, chance: random.Random) -> bytes:
    """A record of a cell is another kind, elsewhere, longer than it is, there twice or missing."""
    found = list(_RECORD.finditer(data))
    if not found:
        return field(data, chance)
    at, way = chance.choice(found).start(), chance.randrange(4)
    out = bytearray(data)
    size = 4 + struct.unpack_from("<H", out, at + 2)[0]
    if way == 0:
        struct.pack_into(
            "<H", out, at, chance.choice((0x0203, 0x0204, 0x0205, 0x027E, 0x0006, 0x00BD, 0x00FD, 0x0201))
        )
    elif way == 1:
        struct.pack_into("<H", out, at + 2, chance.choice((0, 6, 14, 18, 8224, 0xFFFF)))
    elif way == 2:
        struct.pack_into(
            "<H", out, at + 4 + 2 * chance.randrange(3), chance.choice((0, 1, 3, 9, 255, 256, 0xFFFF))
        )
    else:
        other = chance.choice(found).start()
        out[at : at + size] = data[other : other + size]
    return bytes(out)


# ------------------------------------------------------------------------------------------- the container


def directory(data: bytes, chance: random.Random) -> bytes:
    """A field of a zip header says something else."""
    starts = [m.start() for m in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", data)]
    if not starts:
        return flip(data, chance)
    out = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.choice(starts) + 4 + 2 * chance.randrange(22)
        value = chance.choice((0, 1, 0xFFFF, 0xFFFE, 8, 99, chance.randrange(65536)))
        if at + 2 <= len(out):
            struct.pack_into("<H", out, at, value)
    return bytes(out)


def entries(data: bytes, chance: random.Random) -> bytes:
    """A part is missing, there twice, empty, under another name, or has another part's content."""
    parts = _unpack(data)
    if not parts:
        return flip(data, chance)
    at = chance.randrange(len(parts))
    name, content = parts[at]
    changed = chance.choice((
        [], [(name, content), (name, content)], [(name, b"")], [(name.upper(), content)], [("../" + name, content)],
        [(name, chance.choice(parts)[1])], [(name, content), ("xl/externalLinks/externalLink1.xml", content)],
    ))  # fmt: skip
    return _pack([*parts[:at], *changed, *parts[at + 1 :]])


def _unpack(data: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return [(name, package.read(name)) for name in package.namelist()]
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        OSError,
        ValueError,
        KeyError,
        RuntimeError,
    ):
        return []  # spoiled by an earlier mutation


def _pack(parts: list[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        warnings.simplefilter("ignore")  # that a name is there twice is meant
        for name, content in parts:
            package.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


# -------------------------------------------------------------------------------------------- inside a part


def _replaced(pattern: re.Pattern[bytes], choices: Callable[[bytes, random.Random], bytes]) -> Mutation:
    """A mutation that puts something else where the pattern stands, once to a few times."""

    def mutate(part: bytes, chance: random.Random) -> bytes:
        for _ in range(chance.choice((1, 1, 2, 5))):
            found = list(pattern.finditer(part))
            if not found:
                return part
            where = chance.choice(found)
            part = part[: where.start()] + choices(where.group(), chance) + part[where.end() :]
        return part

    return mutate


def _other_attribute(attribute: bytes, chance: random.Random) -> bytes:
    name = attribute.partition(b"=")[0]
    value = chance.choice(
        (b"", b"-1", b"0", b"1e9", b"999999999999", b"x" * 50, b"true", b"A1:XFD1048576", b"very")
    )
    return chance.choice(
        (b"", attribute * 2, name + b'="' + value + b'"', attribute.replace(b'"', b"'"), name)
    )


def _other_cell(cell: bytes, chance: random.Random) -> bytes:
    return chance.choice((b"", cell * 2, cell + cell.replace(b"<v>", b"<v>1"), b"<x>" + cell + b"</x>"))


def _other_tag(tag: bytes, chance: random.Random) -> bytes:
    return chance.choice((b"", tag * 2, tag.replace(b"<", b"<x:", 1), tag.lower(), tag + b"<x/>", tag[:-1]))


def _other_index(style: bytes, chance: random.Random) -> bytes:
    return re.sub(rb'"[^"]*"', b'"%d"' % chance.choice((0, 1, 3, 7, 9999, 4294967295)), style)


def swap(part: bytes, chance: random.Random) -> bytes:
    """Two cells, or two rows, have changed places."""
    found = list(chance.choice((_CELL, _ROW)).finditer(part))
    if len(found) < 2:
        return flip(part, chance)
    first, second = sorted(chance.sample(found, 2), key=lambda match: match.start())
    pieces = (part[: first.start()], second.group(), part[first.end() : second.start()], first.group())
    return b"".join(pieces) + part[second.end() :]


def merge(part: bytes, chance: random.Random) -> bytes:
    """Cells are merged that were not."""
    top, left = chance.randint(1, 30), chance.randrange(8)
    area = f"{'ABCDEFGH'[left]}{top}:{'ABCDEFGHIJKL'[left + chance.randrange(4)]}{top + chance.randrange(4)}"
    return part.replace(
        b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="%s"/></mergeCells>' % area.encode()
    )


def namespace(part: bytes, chance: random.Random) -> bytes:
    """A namespace is another, missing, or has a prefix."""
    found = list(re.finditer(rb'xmlns(?::\w+)?="[^"]*"', part))
    if not found:
        return part
    where = chance.choice(found)
    other = chance.choice(
        (b"", b'xmlns="urn:x"', where.group().replace(b"xmlns=", b"xmlns:q="), where.group() * 2)
    )
    return part[: where.start()] + other + part[where.end() :]


def doctype(part: bytes, chance: random.Random) -> bytes:
    """Entities are declared, or only used."""
    declared = b'<!DOCTYPE x [<!ENTITY lol "5"><!ENTITY e SYSTEM "file:///etc/passwd">]>'
    return part.replace(b"?>", b"?>" + declared, 1) if chance.random() < 0.5 else entity(part, chance)


def recode(part: bytes, chance: random.Random) -> bytes:
    """The text is in another encoding, declared or not."""
    try:
        text = part.decode()
    except UnicodeDecodeError:
        return part
    to = chance.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1", "cp1258", "utf-32", "utf-7")
    )
    if chance.random() < 0.5:
        text = re.sub(r"encoding=(['\"])[^'\"]*['\"]", f'encoding="{to}"', text, count=1)
    return text.encode(to, "replace")


entity: Mutation = _replaced(
    re.compile(rb"(?<=>)[^<]+(?=<)"), lambda text, chance: text + chance.choice(_ENTITIES)
)
PART_MUTATIONS: Final[dict[str, Mutation]] = {
    "part bytes": lambda part, chance: chance.choice((flip, cut, insert))(part, chance),
    "part fields": field,
    "attribute": _replaced(_ATTRIBUTE, _other_attribute),
    "tag": _replaced(_TAG, _other_tag),
    "cell": _replaced(_CELL, _other_cell),
    "row": _replaced(_ROW, _other_cell),
    "order": swap,
    "number": _replaced(_NUMBER, lambda _, chance: chance.choice(_NUMBERS)),
    "cell type": _replaced(
        _TYPE, lambda was, chance: chance.choice(_ODS_TYPES if was.startswith(b"office") else _TYPES)
    ),
    "style index": _replaced(_STYLE, _other_index),
    "place": _replaced(_PLACE, lambda _, chance: chance.choice(_PLACES)),
    "repeat": _replaced(
        _REPEAT, lambda _, chance: chance.choice((b"0", b"2", b"3", b"-1", b"1000000000", b"x"))
    ),
    "merge": merge,
    "namespace": namespace,
    "entity": entity,
    "doctype": doctype,
    "encoding": recode,
}
"""What is done to one part of a container."""


def part_of_package(kind: str) -> Mutation:
    """The mutation that does `kind` to a part, more often to one that holds cells."""
    spoil = PART_MUTATIONS[kind]

    def mutate(data: bytes, chance: random.Random) -> bytes:
        parts = [(name, content) for name, content in _unpack(data) if content]
        if not parts:
            return flip(data, chance)
        weights = [
            next((worth for sign, worth in _WORTH.items() if sign in name.lower().encode()), 0.3)
            for name, _ in parts
        ]
        for _ in range(8):  # a kind may have nothing to work on in the part drawn
            at = chance.choices(range(len(parts)), weights)[0]
            name, content = parts[at]
            spoiled = spoil(content, chance)
            if spoiled != content:
                return _pack([*parts[:at], (name, spoiled), *parts[at + 1 :]])
        return flip(data, chance)

    return mutate


# ------------------------------------------------------------------------------------------------ plain text


def lines(data: bytes, chance: random.Random) -> bytes:
    """A line is missing, there twice, or elsewhere."""
    found = data.splitlines(keepends=True)
    line = found.pop(chance.randrange(len(found)))
    for _ in range(chance.randrange(3)):
        found.insert(chance.randint(0, len(found)), line)
    return b"".join(found)


def signs(data: bytes, chance: random.Random) -> bytes:
    """A separator, quote, bracket or line end stands where none stood, or is another."""
    sign = chance.choice(
        (
            b'"',
            b";",
            b",",
            b"\t",
            b"\r",
            b"\n",
            b"'",
            b"[",
            b"]",
            b"{",
            b"}",
            b"\0",
            b"\xa0",
            b"=",
            b"sep=,\n",
        )
    )
    at = chance.randrange(len(data))
    return data[:at] + sign + data[at + chance.randrange(2) :]


digits: Mutation = _replaced(
    re.compile(rb"(?<=[;,\t: \[\"])\d[\d.]*(?=[;,\t\s\]\"])"), lambda _, chance: chance.choice(_NUMBERS)
)


def json_value(data: bytes, chance: random.Random) -> bytes:
    """A value of the JSON is of another type, huge, nested, or under a key given twice."""
    try:
        document = json.loads(data)
        rows = chance.choice(document["sheets"])["rows"]
        row = chance.choice([row for row in rows if row])
    except (ValueError, KeyError, IndexError, TypeError):
        return flip(data, chance)
    values: tuple[Any, ...] = (
        None,
        True,
        False,
        -1,
        1e300,
        10**30,
        0.1,
        "5",
        " 7 ",
        "2026-10-15",
        [],
        {},
        "x" * 40_000,
    )
    row[chance.randrange(len(row))] = chance.choice(values)
    return json.dumps(document, ensure_ascii=chance.random() < 0.5).encode()


BYTES: Final[dict[str, Mutation]] = {"bytes flipped": flip, "bytes cut": cut, "bytes inserted": insert}
PACKAGE: Final[dict[str, Mutation]] = {"zip fields": directory, "zip entries": entries} | {
    kind: part_of_package(kind) for kind in PART_MUTATIONS
}
BINARY_PACKAGE: Final[dict[str, Mutation]] = {"zip fields": directory, "zip entries": entries} | {
    kind: part_of_package(kind) for kind in ("part bytes", "part fields", "namespace", "attribute", "doctype")
}
COMPOUND: Final[dict[str, Mutation]] = {"fields": field, "blocks": block, "records": record}
TEXT: Final[dict[str, Mutation]] = {"lines": lines, "signs": signs, "digits": digits, "encoding": recode}


def mutations(kind: str) -> dict[str, Mutation]:
    """The ways to spoil a file of a format, by name."""
    if kind in PACKAGES:
        return BYTES | (BINARY_PACKAGE if kind == "xlsb" else PACKAGE)
    if kind == "xls":
        return BYTES | COMPOUND
    return BYTES | (TEXT | {"json value": json_value} if kind == "json" else TEXT if kind == "csv" else {})
