"""Bytes that are no workbook, as they do arrive: cut short, empty, a web page, locked with a password.

Belongs here: making such bytes. Which sender sends them, and what the intake must say, is in `faults.py`.
"""

import html
import io
import struct
import zlib
from collections.abc import Callable

import xlsxwriter

from ocop_pipeline.generator.wording import words
from ocop_pipeline.templates.workbook import CREATED

_MOST_NULS = 8192
_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_ROOT, _STREAM, _NONE = 5, 2, 0xFFFFFFFF
_STREAM_SECTORS = 8  # 4,096 bytes: the least that is kept outside the container's mini stream


def cut_short(data: bytes) -> bytes:
    """The first three fifths of a file: an upload that broke off."""
    return data[: len(data) * 3 // 5]


def emptied(data: bytes) -> bytes:
    """An upload that was never filled: NUL bytes, of another number for every file."""
    return bytes(zlib.crc32(data) % _MOST_NULS)


def as_web_page(data: bytes) -> bytes:
    """A table in HTML under the name of a workbook, as web systems export it."""
    texts = [*words()["form_words"]["other_header"], str(zlib.crc32(data))]
    cells = "".join(f"<td>{html.escape(text)}</td>" for text in texts)
    table = f"<table><tr>{cells}</tr></table>"
    return f"<html><head><meta charset='utf-8'></head><body>{table}</body></html>".encode()


def locked(data: bytes) -> bytes:
    """A compound file with the streams of a locked workbook (MS-OFFCRYPTO); the content is noise."""
    payload = (data * (1 + _STREAM_SECTORS * _SECTOR // max(1, len(data))))[: _STREAM_SECTORS * _SECTOR]
    noise = bytes(byte ^ 0xA5 for byte in payload)
    first, second = 2, 2 + _STREAM_SECTORS
    fat = [_FAT, _END, *_chain(first), *_chain(second)]
    fat += [_FREE] * (_SECTOR // 4 - len(fat))
    directory = (
        _entry("Root Entry", _ROOT, child=1, start=_END, size=0)
        + _entry("EncryptedPackage", _STREAM, left=2, start=first, size=len(noise))
        + _entry("EncryptionInfo", _STREAM, start=second, size=len(noise))
        + _entry("", 0, start=0, size=0)
    )
    return _header() + struct.pack(f"<{len(fat)}I", *fat) + directory + noise + noise


def other_workbook(data: bytes) -> bytes:
    """A sound workbook that is no form of the programme: a list of meetings."""
    text = words()["form_words"]
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"created": CREATED})
    sheet = book.add_worksheet("Sheet1")
    sheet.write_string(0, 0, text["other_title"])
    for column, header in enumerate(text["other_header"]):
        sheet.write_string(2, column, header)
    for row, meeting in enumerate(text["other_rows"], start=3):
        sheet.write_number(row, 0, row - 2)
        sheet.write_string(row, 1, meeting)
    sheet.write_number(row + 2, 1, zlib.crc32(data))
    book.close()
    return target.getvalue()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": cut_short,
    "empty": emptied,
    "html_as_xls": as_web_page,
    "password": locked,
    "unknown_form": other_workbook,
}
"""Kind of fault to what it does to the bytes of a sound file; two files never come out alike."""


def _chain(first: int) -> list[int]:
    return [*range(first + 1, first + _STREAM_SECTORS), _END]


def _header() -> bytes:
    """Header of a compound file, version 3 (MS-CFB 2.2): one FAT sector (0), directory in sector 1."""
    head = (
        bytes.fromhex("D0CF11E0A1B11AE1")
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    return head + struct.pack("<109I", 0, *[_FREE] * 108)


def _entry(name: str, kind: int, *, start: int, size: int, left: int = _NONE, child: int = _NONE) -> bytes:
    """A directory entry (MS-CFB 2.6)."""
    text = name.encode("utf-16-le")
    length = len(text) + 2 if name else 0
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", length, kind, 1, left, _NONE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)
