"""What one cell of a form says: a number, nothing to report, yes or no, a day, text, or nothing at all.

Belongs here: typing single cells. Where cells stand is `extract`; whether a value may be is a rule. Runs in
the reading children, so: standard library only.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from ocop_pipeline.intake.grid import CellError, CellValue

STATES: Final = ("blank", "number", "nothing", "text", "day", "yes", "no", "error", "uncomputed")
"""What a cell can be. Children send the position in this tuple."""
BLANK, NUMBER, NOTHING, TEXT, DAY, YES, NO, ERROR, UNCOMPUTED = range(len(STATES))

LARGEST_NUMBER: Final = 1e15
"""Numbers from here on do not fit DECIMAL(20, 4) exactly and count nothing; they are kept as text."""
LONGEST_TEXT: Final = 20_000
"""Characters kept of a cell; a spreadsheet allows 32,767, a CSV any number."""

# Day 1 of the spreadsheet calendar is 31/12/1899 for days after February 1900; years 1954 to 2100 are
# believed.
_SERIAL_ZERO = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 73_415

# Spaces among the control characters (tab, line ends) are left to be collapsed. Those from 80 on stay: text in a wrong
# encoding has letters there.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_WORDS = re.compile(r"[a-z0-9]+")
_MARKS = re.compile("[\u0300-\u036f]")
_DASHES = re.compile(
    "[-\u2010-\u2015\u2212\uff0d./ ]*[-\u2010-\u2015\u2212\uff0d/][-\u2010-\u2015\u2212\uff0d./ ]*"
)
_GAP_IN_NUMBER = re.compile("(?<=[0-9])[ \u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_PLAIN = re.compile(r"[+-]?[0-9]{1,15}")
_GROUPED_BY_POINT = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]{1,10})?")
_GROUPED_BY_COMMA = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]{1,10})?")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}([.,])[0-9]{1,10}")
_ONE_SEPARATOR = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})(?:[T ]00:00(?::00)?)?")
_DAY_IN_WORDS = re.compile(r"(?:ngay )?([0-9]{1,2}) thang ([0-9]{1,2}) nam ([0-9]{4})")
_FIRST_YEAR = 1900


class Shows(NamedTuple):
    """A number written as text, and what the writing shows about the separators of the file.

    `other` is the number under the other reading, for texts that can be read both ways ("1.234").
    """

    number: float
    other: float | None
    point_is_decimal: bool | None


def clean(text: str) -> str:
    """One line of text as it is stored: NFC, without invisible characters, spaces collapsed, not endless."""
    return _clean_short(text) if len(text) <= _SHORT else _clean(text)


def _clean(text: str) -> str:
    # Nearly every text is stored as it came; telling so takes a third of the time of making it anew.
    if len(text) <= LONGEST_TEXT and text.isprintable() and unicodedata.is_normalized("NFC", text):
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text[: 2 * LONGEST_TEXT]))
    return " ".join(text[:LONGEST_TEXT].split())


def visible(text: str) -> str:
    """A text in which nothing steers the terminal or hides: such characters show as their code points."""
    if text.isprintable():
        return text
    return "".join(
        f"[U+{ord(each):04X}]" if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Cs") else each
        for each in text
    )


_SHORT = 60
# Names of groups, producers and offices come again in every row and file; long texts hardly ever do.
_clean_short = lru_cache(maxsize=1 << 14)(_clean)


@lru_cache(maxsize=1 << 14)
def fold(text: str) -> str:
    """The key under which labels, headers and words are compared: ASCII words in lower case.

    Made equal: case, NFC and NFD, diacritics, đ and its look-alikes, punctuation, spaces. The same folding is
    done in SQL where names are looked up (`sql/staging/register_rows.sql`).
    """
    lower = unicodedata.normalize("NFD", text[:500].translate(_LOOKALIKES).casefold())
    return " ".join(_WORDS.findall(_MARKS.sub("", lower)))


def begins_with(text: str, words: str) -> bool:
    """Whether a text begins with some words, written with their own accents or with none ("CONG", not "công")."""
    wanted = words.split()
    if not fold(text).startswith(fold(words)):
        return False
    begin = _ANY_WORDS.findall(unicodedata.normalize("NFC", text[:500]).casefold())[: len(wanted)]
    return begin in (wanted, fold(words).split())


_ANY_WORDS = re.compile(r"\w+")
_LOOKALIKES = str.maketrans({"đ": "d", "Đ": "d", "Ð": "d", "ð": "d", "Ɖ": "d", "ɖ": "d"})


def is_dash(text: str) -> bool:
    """Whether a text is only dashes, the usual sign for nothing to report ("-", "–", "- -")."""
    return _DASHES.fullmatch(text) is not None


@lru_cache(maxsize=1 << 14)
def says_nothing(text: str, words: frozenset[str]) -> bool:
    """Whether a cleaned text stands for nothing to report: only dashes, or one of these folded words."""
    return is_dash(text) or fold(text) in words


@lru_cache(maxsize=1 << 14)
def read_number(text: str) -> Shows | None:
    """Read a number written as text in the Vietnamese or the English way; None when it is none.

    "1.234.567,8" and "1,234,567.8" can be read one way only. A single separator before three digits can be
    either; it is then read the Vietnamese way (point groups thousands, comma is decimal) and `other` holds
    the rest. Words, units and brackets are never stripped: "khoảng 20" is no number.
    """
    text = _GAP_IN_NUMBER.sub("", text.strip()).replace("\u2212", "-")
    if _PLAIN.fullmatch(text):
        return Shows(float(text), None, None)
    if _ONE_SEPARATOR.fullmatch(text):
        grouped, decimal = float(text.replace(".", "").replace(",", "")), float(text.replace(",", "."))
        return Shows(grouped, decimal, None) if "." in text else Shows(decimal, grouped, None)
    if _GROUPED_BY_POINT.fullmatch(text):
        return Shows(float(text.replace(".", "").replace(",", ".")), None, False)
    if _GROUPED_BY_COMMA.fullmatch(text):
        return Shows(float(text.replace(",", "")), None, True)
    found = _DECIMAL.fullmatch(text)
    if found:
        return Shows(float(text.replace(",", ".")), None, found[1] == ".")
    return None


def read_day(value: CellValue) -> date | None:
    """The day a cell names: a date, a serial number of a spreadsheet, or text dd/mm/yyyy, yyyy-mm-dd or in words."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        serial = int(value)
        return _SERIAL_ZERO + timedelta(days=serial) if _FIRST_SERIAL <= serial <= _LAST_SERIAL else None
    return _day_of_text(clean(value)) if isinstance(value, str) else None


def _day_of_text(text: str) -> date | None:
    found = _DAY_FIRST.fullmatch(text)
    parts = (found[3], found[2], found[1]) if found else None
    if found and int(found[2]) > 12 >= int(found[1]):
        parts = (found[3], found[1], found[2])  # there is no month 25: 10/25/2026 is month first
    if parts is None:
        found = _YEAR_FIRST.fullmatch(text)
        parts = (found[1], found[3], found[4]) if found else None
    if parts is None and len(text) < _SHORT:
        found = _DAY_IN_WORDS.fullmatch(fold(text))
        parts = (found[3], found[2], found[1]) if found else None
    if parts is None:
        plain = read_number(text) if text.isascii() and text.isdigit() else None
        return read_day(plain.number) if plain else None
    try:
        day = date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return None
    return day if day.year >= _FIRST_YEAR else None


def day_order(text: str) -> bool | None:
    """Whether a day written as text has its day first (25/10) or its month (10/25); None where it does not tell."""
    found = _DAY_FIRST.fullmatch(text)
    if found is None or (int(found[1]) <= 12 and int(found[2]) <= 12):
        return None
    return int(found[1]) > 12


def other_day(text: str) -> date | None:
    """The day a text names where its month is written first (03/04 is the fourth of March), if that is another day."""
    found = _DAY_FIRST.fullmatch(text)
    if found is None:
        return None
    month, day, year = int(found[1]), int(found[2]), int(found[3])
    return date(year, month, day) if month != day and 1 <= month <= 12 and 1 <= day <= 12 and year else None


def shown(value: CellValue) -> str:
    """A cell's value as one line of text, numbers without a needless fraction."""
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    if isinstance(value, CellError):
        return value.code
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < LARGEST_NUMBER else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value)
