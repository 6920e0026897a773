"""CSV files of a form: one text file that holds the sheets one after another.

Each sheet starts with a line whose first cell is ``[Sheet name]`` and whose other cells are empty. Here:
encoding, separator, rows. Values stay text exactly as written; what they mean is decided where a workbook's
cells are.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ocop_pipeline.intake.grid import (
    CellValue,
    Limits,
    RefusedFileError,
    Sheet,
    UnreadableCode,
    Workbook,
    address,
)

# In this order: where a semicolon or a tab could be the separator, commas are decimal commas.
SEPARATORS = (";", "\t", ",")
_MARKER = re.compile(r"\s*\[(.+)\]\s*", re.DOTALL)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f]")
_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_MARKS = "\\s!-~\u00a0\u00b0\u00b2\u00b3\u00ab\u00bb\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ab"
_LATIN = re.compile("[\t\n\r -~\u00a0-\u036f\u1ea0-\u1ef9\u2010-\u20bf]+")
_FOREIGN_1258 = re.compile(f"[^{_MARKS}\u1ea0-\u1ef9ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư]")
_FOREIGN_1252 = re.compile(f"[^{_MARKS}ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúý]")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def decode(data: bytes) -> str:
    """Text of UTF-8, UTF-16 (with or without byte order mark), or Windows-1258 or -1252 by evidence.

    The two Windows encodings share most bytes. It is 1258 where its tone marks stand, each on a vowel that
    takes it; it is 1252 where every foreign letter is one that Vietnamese has. Anything else is not guessed.

    Raises:
        RefusedFileError: ENCODING_UNKNOWN, or NOT_A_WORKBOOK when control characters show it is no text.
    """
    encoding = _wide_encoding(data) or "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if _looks_binary(data):
            raise RefusedFileError(UnreadableCode.NOT_A_WORKBOOK) from error
        return _decode_windows(data)
    if _BINARY.search(text):
        raise RefusedFileError(UnreadableCode.NOT_A_WORKBOOK)
    return text


def _wide_encoding(data: bytes) -> str | None:
    """The UTF-16 that the data is in, by its mark or by where its NUL bytes stand."""
    if data.startswith(codecs.BOM_UTF32_LE):
        return None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:4096]
    even, odd = head[::2].count(0), head[1::2].count(0)
    # Every separator and digit has a NUL beside it, and no character of a text is a NUL on both sides.
    if len(data) % 2 == 0 and 5 * max(even, odd) >= len(head) // 2 and not min(even, odd):
        encoding = "utf-16-be" if even else "utf-16-le"
        # Half a character too early or too late, and the text is Chinese and worse.
        return encoding if _LATIN.fullmatch(head.decode(encoding, errors="replace")) else None
    return None


def _decode_windows(data: bytes) -> str:
    with suppress(UnicodeDecodeError):
        raw = data.decode("cp1258")
        text = unicodedata.normalize("NFC", raw)
        if _TONE.search(raw) and not _TONE.search(text) and _FOREIGN_1258.search(text) is None:
            return text
    with suppress(UnicodeDecodeError):
        text = data.decode("cp1252")
        if _FOREIGN_1252.search(text) is None:
            return text
    raise RefusedFileError(UnreadableCode.ENCODING_UNKNOWN)


def _looks_binary(data: bytes) -> bool:
    return bool(_BINARY.search(data[:4096].decode("latin-1")))


def has_marker(text: str) -> bool:
    """Whether some line starts a sheet, so that the text is ours even without the name of a CSV."""
    return re.search(r'^"?\[[^\]\r\n]+\]"?[;,\t]*\r?$', text, re.MULTILINE) is not None


def is_table(text: str) -> bool:
    """Whether text without a marker is a table: most of its filled lines have one number of cells, above 1.

    A letter has commas, too, but not the same number in line after line.
    """
    sample = text[: 64 * 1024]
    lines = sum(1 for line in sample.splitlines() if line.strip())
    announced = _SEPARATOR_LINE.match(text)
    most = _evenness(sample, announced[1] if announced else sniff_separator(text))[1]
    return announced is not None or most >= max(2, (lines * 3 + 4) // 5)


def read_delimited(text: str, limits: Limits) -> Workbook:
    """Read the sheets of a CSV.

    Addresses count rows as a spreadsheet program shows them when it opens the file, which is the line number
    of the file except below a quoted cell that spans lines.

    Args:
        text: the decoded file.
        limits: caps on cells and sheets.

    Raises:
        RefusedFileError: CORRUPT_CSV, TOO_MANY_CELLS, TOO_MANY_SHEETS or NO_SHEETS.
    """
    rows = _rows(text, limits)
    sheets = [sheet for draft in _drafts(rows) if (sheet := draft.finish()) is not None]
    if len(sheets) > limits.sheets:
        raise RefusedFileError(UnreadableCode.TOO_MANY_SHEETS, limit=limits.sheets)
    if not any(sheet.rows for sheet in sheets):
        raise RefusedFileError(UnreadableCode.NO_SHEETS)
    cells = 0
    for sheet in sheets:
        width = len(sheet.rows[0]) if sheet.rows else 0
        cells += len(sheet.rows) * width  # rows are filled up to one width: count before people pay for it
        if cells > limits.cells:
            last = address(sheet.first_row + len(sheet.rows) - 1, width - 1)
            raise RefusedFileError(
                UnreadableCode.TOO_MANY_CELLS, sheet=sheet.name, cell=last, limit=limits.cells
            )
    return Workbook("csv", tuple(sheets))


def _rows(text: str, limits: Limits) -> list[list[str]]:
    announced = _SEPARATOR_LINE.match(text)
    separator = announced[1] if announced else sniff_separator(text)
    rows: list[list[str]] = []
    cells = 0
    for row in _records(text, separator):
        rows.append(row)
        cells += len(row)
        if cells > limits.cells or len(rows) > limits.cells:
            raise RefusedFileError(
                UnreadableCode.TOO_MANY_CELLS, sheet="", cell=address(len(rows) - 1, 0), limit=limits.cells
            )
    if announced:
        rows[0] = []
    return rows


def _records(text: str, separator: str) -> Iterator[list[str]]:
    # Strict: an unclosed quote would otherwise swallow the rest of the file into one cell, silently.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise RefusedFileError(UnreadableCode.CORRUPT_CSV, line=reader.line_num) from error


def sniff_separator(text: str) -> str:
    """The separator of a CSV: the one that splits most rows, then the one that splits them most evenly."""
    sample = text[: 64 * 1024]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    # Of equals, max keeps the first.
    return max(SEPARATORS, key=lambda separator: _evenness(sample, separator))


def _evenness(sample: str, separator: str) -> tuple[int, int]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    widths: Counter[int] = Counter()
    with suppress(csv.Error):  # a field beyond the module's own limit: judged by the rows before it
        widths.update(len(row) for row in reader if len(row) > 1)
    return widths.total(), max(widths.values(), default=0)


@dataclass(slots=True)
class _Draft:
    """A sheet while its rows are collected."""

    name: str
    first_row: int
    rows: list[list[str]]

    def finish(self) -> Sheet | None:
        """The finished sheet; None for an unnamed one without content (blanks before the first marker)."""
        while self.rows and not any(self.rows[-1]):
            self.rows.pop()
        if not self.rows and not self.name:
            return None
        width = max((_filled_width(row) for row in self.rows), default=0)
        return Sheet(self.name, False, [_fill_up(row, width) for row in self.rows], self.first_row)


def _drafts(rows: list[list[str]]) -> list[_Draft]:
    drafts = [_Draft("", 0, [])]
    for number, row in enumerate(rows):
        marker = _MARKER.fullmatch(row[0]) if row and not any(row[1:]) else None
        if marker:
            drafts.append(_Draft(marker[1].strip(), number + 1, []))
        else:
            drafts[-1].rows.append(row)
    return drafts


def _filled_width(row: list[str]) -> int:
    return max((i for i, value in enumerate(row, 1) if value), default=0)


def _fill_up(row: list[str], width: int) -> list[CellValue]:
    values: list[CellValue] = [value or None for value in row[:width]]
    values.extend([None] * (width - len(values)))
    return values
