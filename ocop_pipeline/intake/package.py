"""The zip container of an Office workbook, looked at before any reader touches it.

Here: is the directory honest, how much does it unpack to, does any part declare a DOCTYPE. Not here: what the
parts mean (`sheetxml`), reading cells (`workbook`).
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from ocop_pipeline.intake.grid import Limits, RefusedFileError, UnreadableCode

# Deflate codes at most 258 bytes in two bits, so no stream grows by more than this (zlib's technical notes).
DEFLATE_MAX_RATIO = 1032
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED_FLAG = 0x1
_XML_SUFFIXES = (".xml", ".rels", ".vml")
_SLICE = 256 * 1024
_USUAL_STARTS = (
    b'<?xml version="1.0" encoding="UTF-8"',
    b'<?xml version="1.0" encoding="utf-8"',
    b"<?xml version='1.0' encoding='UTF-8'",
)


class Package:
    """An opened container whose directory was found sound and whose unpacked size is within the limit."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Check the container.

        Args:
            data: the whole file, starting with a local zip header.
            limits: caps on entries and unpacked size.

        Raises:
            RefusedFileError: the container is damaged, encrypted, unsafe or too large once unpacked.
        """
        self._data = memoryview(data)
        self._limits = limits
        entries = _directory(data, limits)
        self._spans = _honest_spans(data, entries)
        self.names = frozenset(self._spans)
        if len(data) * DEFLATE_MAX_RATIO > limits.unpacked_bytes:
            self._measure()

    def xml_names(self) -> Iterator[str]:
        """Names (lower case) of the parts that hold XML."""
        return (name for name in self._spans if name.endswith(_XML_SUFFIXES))

    def part(self, name: str) -> bytes:
        """The unpacked bytes of one part, by its name in lower case.

        Raises:
            KeyError: there is no such part.
            RefusedFileError: it is damaged, or larger than it may be.
        """
        return b"".join(self._unpack(name, self._limits.unpacked_bytes))

    def _measure(self) -> None:
        """Unpack everything once, slice by slice, because sizes written in headers may lie."""
        left = self._limits.unpacked_bytes
        for name in self._spans:
            left -= sum(map(len, self._unpack(name, left)))

    def _unpack(self, name: str, cap: int) -> Iterator[memoryview | bytes]:
        entry, start, end = self._spans[name]
        if entry.file_size > cap:
            raise RefusedFileError(UnreadableCode.ZIP_BOMB, limit=self._limits.unpacked_bytes)
        size = crc = 0
        for piece in _pieces(self._data[start:end], entry, name):
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            if size > cap:
                raise RefusedFileError(UnreadableCode.ZIP_BOMB, limit=self._limits.unpacked_bytes)
            yield piece
        if size != entry.file_size:
            raise RefusedFileError(UnreadableCode.UNSAFE_ZIP, what="size", part=name)
        if crc != entry.CRC:
            # The cell reader stops at the end of the XML, before it would notice that other figures stand in it.
            raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP, part=name)


def _pieces(packed: memoryview, entry: zipfile.ZipInfo, name: str) -> Iterator[memoryview | bytes]:
    if entry.compress_type == zipfile.ZIP_STORED:
        yield packed
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    rest: memoryview | bytes = packed
    try:
        while True:
            # The slice bounds memory, whatever size is declared; one of several is no dearer than one large.
            yield inflater.decompress(rest, _SLICE)
            rest = inflater.unconsumed_tail
            if inflater.eof:
                return
            if not rest:
                raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP, part=name)
    except zlib.error as error:
        raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP, part=name) from error


def _directory(data: bytes, limits: Limits) -> list[zipfile.ZipInfo]:
    if data.count(b"PK\x01\x02") > limits.entries:  # before a directory of a million lines is parsed
        raise RefusedFileError(UnreadableCode.ZIP_BOMB, limit=limits.entries)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            entries = container.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError, struct.error) as error:
        raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP) from error
    return entries


def _honest_spans(data: bytes, entries: list[zipfile.ZipInfo]) -> dict[str, tuple[zipfile.ZipInfo, int, int]]:
    """Where the packed bytes of each part lie, by lower-case name (part names ignore case in this format)."""
    spans: dict[str, tuple[zipfile.ZipInfo, int, int]] = {}
    taken_to = 0
    for entry in sorted(entries, key=_offset):
        _check_entry(entry)
        name = entry.filename.lower()
        if name in spans:
            raise RefusedFileError(UnreadableCode.UNSAFE_ZIP, what="duplicate", part=entry.filename)
        start = _data_start(data, entry)
        end = start + entry.compress_size
        if entry.header_offset < taken_to:
            raise RefusedFileError(UnreadableCode.UNSAFE_ZIP, what="overlap", part=entry.filename)
        if end > len(data):
            raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP, part=entry.filename)
        spans[name] = (entry, start, end)
        taken_to = end
    return spans


def _offset(entry: zipfile.ZipInfo) -> int:
    return entry.header_offset


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & _ENCRYPTED_FLAG:
        raise RefusedFileError(UnreadableCode.PASSWORD_PROTECTED)
    name = entry.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise RefusedFileError(UnreadableCode.UNSAFE_ZIP, what="name", part=entry.filename)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Office formats allow no other method, and the size bound above holds for deflate only.
        raise RefusedFileError(UnreadableCode.UNSAFE_ZIP, what="method", part=entry.filename)


def _data_start(data: bytes, entry: zipfile.ZipInfo) -> int:
    try:
        header = _LOCAL_HEADER.unpack_from(data, entry.header_offset)
    except struct.error as error:
        raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP, part=entry.filename) from error
    if header[0] != b"PK\x03\x04":
        raise RefusedFileError(UnreadableCode.TRUNCATED_ZIP, part=entry.filename)
    return entry.header_offset + _LOCAL_HEADER.size + int(header[9]) + int(header[10])


def is_plain(part: bytes) -> bool:
    """Whether an XML part is UTF-8 without declarations, comments and CDATA (all start with ``<!``)."""
    return b"<!" not in part and is_utf8(part)


def is_utf8(part: bytes) -> bool:
    """Whether an XML part says, or leaves it understood, that it is UTF-8."""
    if part.startswith(_USUAL_STARTS):
        return True
    head = part[:200].lower()
    if head.startswith(b"\xef\xbb\xbf"):
        head = head[3:]
    if not head.lstrip().startswith(b"<") or b"\0" in head:
        return False
    declaration = head.partition(b"?>")[0] if head.startswith(b"<?xml") else b""
    return b"encoding" not in declaration or b"utf-8" in declaration


def refuse_malformed(part: bytes, name: str) -> None:
    """Refuse a part that is not well-formed XML, as Excel does, or not UTF-8, as nobody writes it.

    The cell reader reads on past what is wrong and leaves cells out in silence, or takes a text for another; a sheet
    in UTF-16 it shows as an empty one.

    Args:
        part: XML already found to be without DOCTYPE.
        name: named in the refusal.

    Raises:
        RefusedFileError: CORRUPT_XML.
    """
    if not is_utf8(part):
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"{name} is not UTF-8")
    try:
        expat.ParserCreate().Parse(part, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"{name}: {error}") from error


def refuse_doctype(part: bytes, name: str) -> None:
    """Refuse a part that declares a DOCTYPE: no spreadsheet program writes one, and entities live there.

    Args:
        part: XML in any encoding, well-formed or not. A part that `is_plain` declares none and need not be
            asked.
        name: named in the refusal.

    Raises:
        RefusedFileError: XML_ENTITIES.
    """

    def refuse(*_: object) -> None:
        raise RefusedFileError(UnreadableCode.XML_ENTITIES, part=name)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(part, True)
    except (expat.ExpatError, ValueError, LookupError):
        # Not well-formed: whether that matters is for the reader to say, a DOCTYPE matters in any case.
        if b"<!doctype" in part.replace(b"\0", b"").lower():
            refuse()
