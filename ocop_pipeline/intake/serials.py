"""Numbers as old and binary workbooks store them: which number format shows a day, and which day it is.

For the readers of cells that are our own (`biff`, `biff12`). The rules are those of the reader that reads XLSX,
so that a cell says the same in every format. Whether a field wants a day is decided elsewhere.
"""

import re
import struct
from datetime import datetime, timedelta
from enum import Enum
from math import isfinite

from ocop_pipeline.intake.grid import CellError, CellValue

ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
"""What a stored error is shown as; others are newer and told as ``#VALUE!``."""

_LITERAL = re.compile(r'[\\_*].|"[^"]*"?', re.DOTALL)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")
_DAY_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
_DOUBLE = struct.Struct("<d")
_ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - cells of a workbook know no time zone
_MOST_DAYS = 3_000_000


class Shown(Enum):
    """What a number format makes of a number."""

    NUMBER = "number"
    MOMENT = "moment"
    ELAPSED = "elapsed"


def builtin_format(number: int) -> Shown:
    """What the formats show that every workbook has without writing them ([MS-XLS] 2.4.126)."""
    if 14 <= number <= 22 or number in (45, 47):
        return Shown.MOMENT
    return Shown.ELAPSED if number == 46 else Shown.NUMBER


def format_shows(code: str) -> Shown:
    """What a written number format shows, by its first section: ``dd/mm/yyyy`` a day, ``[h]:mm`` hours gone by."""
    first = _LITERAL.sub("", code).partition(";")[0]
    day = _DAY_LETTERS.search(_BRACKETS.sub(lambda found: " " * len(found[0]), first))
    elapsed = _ELAPSED.search(first)
    if elapsed and (day is None or elapsed.start() < day.start()):
        return Shown.ELAPSED
    return Shown.MOMENT if day else Shown.NUMBER


def value_of(number: float, shows: Shown, *, from_1904: bool) -> CellValue:
    """The value of a stored number.

    Args:
        number: days since the workbook's first day where it is a moment or a time gone by.
        shows: what its format makes of it.
        from_1904: the workbook counts days from 01/01/1904 and not from 1900.

    Returns:
        A day, a day with its time, a time of day or gone by as text (no form asks for one), or the number.
    """
    if not isfinite(number):
        return CellError("#NUM!")
    if shows is Shown.NUMBER or abs(number) > _MOST_DAYS:
        return number
    if shows is Shown.ELAPSED:
        return str(timedelta(milliseconds=round(number * 86_400_000)))
    return _moment(number, from_1904=from_1904)


def _moment(number: float, *, from_1904: bool) -> CellValue:
    passed = timedelta(milliseconds=round(number * 86_400_000))
    if number < 1:
        return str((_ANY_DAY + passed % timedelta(days=1)).time())
    # 1900 is counted as a leap year: up to its 29 February, which there was not, all numbers are one too high.
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 if number >= 60 else 31)  # noqa: DTZ001 - cells of a workbook know no time zone
    try:
        moment = first + passed
    except OverflowError:
        return number
    return moment if number % 1 else moment.date()


def number_of_rk(packed: int) -> float:
    """The number in four bytes: whole or the upper half of a double, perhaps hundredths ([MS-XLS] 2.5.217)."""
    if packed & 2:
        signed = packed - 0x1_0000_0000 if packed & 0x8000_0000 else packed
        number = float(signed >> 2)
    else:
        number = _DOUBLE.unpack(struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return number / 100 if packed & 1 else number
