"""CSV files of a form: one text file that holds the sheets one after another.

Each sheet starts with a line whose first cell is ``[Sheet name]`` and whose other cells are empty. Here:
encoding, separator, rows. Values stay text exactly as written; what they mean is decided where a workbook's
cells are.
"""

import codecs
import csv
import io
import re
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
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def decode(data: bytes) -> str:
    """Text of UTF-8 (with or without byte order mark) or UTF-16 (with one).

    Raises:
        RefusedFileError: ENCODING_UNKNOWN, or NOT_A_WORKBOOK when control characters show it is no text.
    """
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not data.startswith(
        codecs.BOM_UTF32_LE
    ):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if _looks_binary(data):
            raise RefusedFileError(UnreadableCode.NOT_A_WORKBOOK) from error
        raise RefusedFileError(UnreadableCode.ENCODING_UNKNOWN) from error
    if _BINARY.search(text):
        raise RefusedFileError(UnreadableCode.NOT_A_WORKBOOK)
    return text


def _looks_binary(data: bytes) -> bool:
    return bool(_BINARY.search(data[:4096].decode("latin-1")))


def has_marker(text: str) -> bool:
    """Whether some line starts a sheet, so that the text is ours even without the name of a CSV."""
    return re.search(r'^"?\[[^\]\r\n]+\]"?[;,\t]*\r?$', text, re.MULTILINE) is not None


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
