"""How numbers, dates and periods are written in a Vietnamese administrative document.

Pure functions: a value in, text out; nothing is looked up, nothing is computed but rounding. The few
Vietnamese words here are the grammar of the formats; sentences and labels belong to `report_templates/`.
Sources: decree 30/2020/NĐ-CP, appendix I (number and place-date line); the administrative habit of "." for
thousands, "," for decimals and a leading zero on small counts.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

# Decimals a measured unit is printed with. Units not named here are counted things: never rounded.
DECIMALS: Mapping[str, int] = MappingProxyType({"%": 1, "triệu đồng": 1, "tỷ đồng": 2})

_ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
_PERIOD = re.compile(r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])|-Q(?P<quarter>[1-4])|-H(?P<half>[12]))?")
_HALVES = {"1": "6 tháng đầu năm", "2": "6 tháng cuối năm"}


def number(value: Decimal | int, decimals: int = 0) -> str:
    """Write a number with "." for thousands and "," for decimals, rounded half up.

    Args:
        value: an exact number; floats are refused because their rounding surprises.
        decimals: digits after the comma, 0 or more.

    Returns:
        For example "1.234,5"; a negative number has a leading "-", and what rounds to zero has none.

    Raises:
        TypeError: the value is a float or a bool.
        ValueError: the value is not finite, or decimals is negative.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"number() takes Decimal or int, not {type(value).__name__}")
    exact = Decimal(value)
    if not exact.is_finite() or decimals < 0:
        raise ValueError(f"cannot write {value!r} with {decimals} decimals")
    sign, digits = _rounded_digits(exact, decimals)
    whole, fraction = (digits[:-decimals], digits[-decimals:]) if decimals else (digits, "")
    grouped = f"{int(whole):,}".replace(",", ".")
    return f"{sign}{grouped},{fraction}" if fraction else f"{sign}{grouped}"


def _rounded_digits(value: Decimal, decimals: int) -> tuple[str, str]:
    """Round half up at any magnitude (Decimal.quantize stops at the context's 28 digits)."""
    numerator, denominator = value.copy_abs().as_integer_ratio()  # abs() would round to the context
    scaled = (2 * numerator * 10**decimals + denominator) // (2 * denominator)
    sign = "-" if value < 0 and scaled else ""
    return sign, str(scaled).rjust(decimals + 1, "0")


def quantity(value: Decimal | int, unit: str) -> str:
    """Write a number with the decimals its unit is printed with (`DECIMALS`), without the unit.

    A counted thing is never rounded: should 2.5 products arrive, "2,5" is printed and seen.

    Args:
        value: an exact number in that unit.
        unit: the unit's Vietnamese name, for example "sản phẩm", "triệu đồng", "%".

    Returns:
        The number as text.
    """
    if unit in DECIMALS:
        return number(value, DECIMALS[unit])
    exponent = Decimal(value).normalize().as_tuple().exponent
    return number(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def percent(value: Decimal | int, decimals: int = 1, *, trim: bool = False) -> str:
    """Write a percentage given in per cent (66.67 becomes "66,7%").

    Args:
        value: the percentage, already multiplied by 100.
        decimals: digits after the comma.
        trim: drop a fraction of zeros, as running text does ("100%", not "100,0%").

    Returns:
        The percentage with its sign attached.
    """
    text = number(value, decimals)
    if trim and "," in text:
        text = text.rstrip("0").rstrip(",")
    return f"{text}%"


def count(value: int) -> str:
    """Write a count for running text: 1 to 9 with a leading zero ("04 sản phẩm"), others as `number`."""
    return f"0{value}" if 0 < value < 10 else number(value)


def short_date(day: date) -> str:
    """Write a date as dd/mm/yyyy."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def long_date(day: date) -> str:
    """Write "ngày 05 tháng 02 năm 2026": days below 10 and months 1 and 2 with a leading zero.

    Source: decree 30/2020/NĐ-CP, appendix I, the place-date line.
    """
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year:04d}"


def place_and_date(place: str, issued: date | None, drafted: date) -> str:
    """Write the place-date line; before the day of issue is known, the day and month stay open.

    Args:
        place: the name of the place, for example "Lâm Đồng".
        issued: the day of issue, or None.
        drafted: the day of drafting, which gives the year of an open line.

    Returns:
        For example "Lâm Đồng, ngày 14 tháng 11 năm 2026".
    """
    gap = "\u00a0" * 6
    day = long_date(issued) if issued else f"ngày{gap}tháng{gap}năm {drafted.year:04d}"
    return f"{place}, {day}"


def document_number(sequence: int | None, symbol: str) -> str:
    """Write number and symbol, "05/BC-UBND"; a number not yet given leaves its room open.

    Source: decree 30/2020/NĐ-CP, appendix I: no spaces around "/" and "-", numbers below 10 with a zero.

    Raises:
        ValueError: the number is not positive.
    """
    if sequence is not None and sequence < 1:
        raise ValueError(f"a document number starts at 1, not {sequence}")
    written = "\u00a0" * 8 if sequence is None else f"{sequence:02d}"
    return f"{written}/{symbol}"


def period(key: str) -> str:
    """Write a period's name from its key.

    Args:
        key: "2026-09", "2026-Q3", "2026-H1" or "2026".

    Returns:
        "tháng 9 năm 2026", "quý III năm 2026", "6 tháng đầu năm 2026" or "năm 2026".

    Raises:
        ValueError: the key has none of these shapes.
    """
    match = _PERIOD.fullmatch(key)
    if match is None:
        raise ValueError(f"not a period key: {key!r}")
    year = match["year"]
    if match["month"]:
        return f"tháng {int(match['month'])} năm {year}"
    if match["quarter"]:
        return f"quý {roman(int(match['quarter']))} năm {year}"
    return f"{_HALVES[match['half']]} {year}" if match["half"] else f"năm {year}"


def window(first: date, last: date) -> str:
    """Write the days a period covers: "từ ngày 15/10/2026 đến ngày 14/11/2026"."""
    return f"từ ngày {short_date(first)} đến ngày {short_date(last)}"


def roman(value: int) -> str:
    """Write 1 to 39 in Roman numerals, as annexes and quarters are numbered.

    Raises:
        ValueError: the value is outside 1 to 39.
    """
    if not 1 <= value <= 39:
        raise ValueError(f"no Roman numeral for {value} here (1 to 39)")
    text = ""
    for weight, letters in _ROMAN:
        while value >= weight:
            text += letters
            value -= weight
    return text
