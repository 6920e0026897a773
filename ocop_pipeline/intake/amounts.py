"""Numbers with words around them: money in đồng or tỷ, the line's own unit of measure, a percent sign.

Belongs here: what is no plain number (`cells.read_number`) and yet one number beyond doubt. Does not: plain
numbers, which nearly all are and which never come here. Runs in the reading children: standard library only.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from ocop_pipeline.intake.cells import LARGEST_NUMBER, Shows, clean, fold, read_number

MONEY: Final = "triệu đồng"
"""The unit in which every form asks for money."""
KEPT: Final = Decimal("0.0001")
"""Digits that a stored number has: 100 đồng where the unit is triệu đồng."""
DONG: Final = Decimal("0.000001")
"""A đồng in the unit of the forms."""
_SCALES = {
    "dong": DONG, "d": DONG, "vnd": DONG, "dong viet nam": DONG,
    "nghin": Decimal("0.001"), "ngan": Decimal("0.001"), "nghin dong": Decimal("0.001"),
    "ngan dong": Decimal("0.001"), "1000 dong": Decimal("0.001"), "1 000 dong": Decimal("0.001"),
    "trieu": Decimal(1), "trieu dong": Decimal(1), "tr": Decimal(1), "trd": Decimal(1), "tr dong": Decimal(1),
    "tr d": Decimal(1),
    "ty": Decimal(1000), "ti": Decimal(1000), "ty dong": Decimal(1000), "ti dong": Decimal(1000),
}  # fmt: skip
_WORDED = re.compile(r"([+-]?[0-9](?:[0-9., ]*[0-9])?) ?([^\W\d_][^\d]{0,40}|[₫%])")
_WIDE = str.maketrans("０１２３４５６７８９．，－＋％", "0123456789.,-+%")
_APOSTROPHES = "'’‘`"
_CAPTION = re.compile(r"\b(?:don vi tinh|don vi|dvt)\b(.*)")
_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]")


class Amount(NamedTuple):
    """A number that was written with something around it; `other` as in `cells.Shows`."""

    number: float
    other: float | None
    rule: str
    point_is_decimal: bool | None


@lru_cache(maxsize=1 << 10)
def money_scale(words: str) -> Decimal | None:
    """How many triệu đồng one of a unit of money is; None for words that are none."""
    return DONG if words.strip() == "₫" else _SCALES.get(fold(words))


@lru_cache(maxsize=1 << 10)
def header_scale(text: str) -> Decimal | None:
    """The unit of money that a header names in brackets, or a caption after "Đơn vị tính"; None without one."""
    for inside in _BRACKET.findall(text):
        scale = money_scale(inside) or _captioned(inside)
        if scale is not None:
            return scale
    return _captioned(text)


def _captioned(text: str) -> Decimal | None:
    found = _CAPTION.search(fold(text))
    return _SCALES.get(found[1].strip()) if found else None


def scaled(number: float, scale: Decimal) -> float:
    """A number in another unit of money as triệu đồng, without the drift of binary fractions."""
    return float((Decimal(repr(number)) * scale).quantize(KEPT)) if abs(number) < LARGEST_NUMBER else number


@lru_cache(maxsize=1 << 12)
def read_amount(text: str, unit: str) -> Amount | None:
    """Read a number with its unit of measure behind it, full-width digits, or an apostrophe before it.

    Args:
        text: a cleaned text that `read_number` does not know.
        unit: the unit of the line; empty where it has none.

    Returns:
        The number in the line's unit; None when there is no number or its unit is another.
    """
    plain = clean(text.translate(_WIDE))
    rule = "digits" if plain != text else "unit_dropped"
    if plain[:1] in _APOSTROPHES:
        plain, rule = plain[1:].strip(), "apostrophe"
    how = read_number(plain)
    if how is not None:
        return Amount(how.number, how.other, rule, how.point_is_decimal)
    found = _WORDED.fullmatch(plain)
    how = read_number(found[1]) if found else None
    if found is None or how is None:
        return None
    words = found[2].rstrip(". ")
    if unit == MONEY:
        return _money(how, words)
    if unit and (words == unit or (fold(words) and fold(words) == fold(unit))):
        return Amount(
            how.number, how.other, "percent_sign" if unit == "%" else "unit_dropped", how.point_is_decimal
        )
    return None


def _money(how: Shows, words: str) -> Amount | None:
    scale = money_scale(words)
    number, other = how.number, how.other
    if scale is None or abs(number) >= LARGEST_NUMBER:
        return None
    if scale == DONG:
        # There is no part of a đồng: of two readings the whole one is meant, and of two whole ones the larger.
        whole = [each for each in (number, other) if each is not None and each.is_integer()]
        if not whole:
            return None
        number, other = max(whole), None
    amount, rest = scaled(number, scale), None if other is None else scaled(other, scale)
    if number and not amount:
        return None  # too little to be kept must not become nothing
    return Amount(amount, rest, "money_unit", how.point_is_decimal)
