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
_TIMES = {
    "nghin": Decimal(1_000), "ngan": Decimal(1_000), "trieu": Decimal(1_000_000), "tr": Decimal(1_000_000),
    "ty": Decimal(1_000_000_000), "ti": Decimal(1_000_000_000),
}  # fmt: skip
_SCALE = re.compile(
    r"(?:(1(?: ?0){1,9})(?: |(?=[a-z])))?(?:(nghin|ngan|trieu|tr|ty|ti) ?)?(dong viet nam|viet nam dong|vnd|dong|d)?"
)
"""A folded unit of money: "1 000 dong", "tr d", "ty vnd"."""
_SCALE_BEFORE_MORE = re.compile(
    r"(?:1(?: ?0){1,9} ?|(?:nghin|ngan|trieu|ty|ti) )(?:dong viet nam|dong|vnd)\b"
)
"""The same with more words behind it; of a single word nobody knows what it is ("Đơn vị: Đồng Tháp")."""
_WORDED = re.compile(r"([+-]?[0-9](?:[0-9., ]*[0-9])?) ?([^\W\d_][^\d]{0,40}|[₫%])")
_WIDE = str.maketrans("０１２３４５６７８９．，－＋％", "0123456789.,-+%")
_APOSTROPHES = "'’‘`"
_CURRENCY = re.compile(
    r"\b(?:usd|us dollars?|dollars?|do ?la|eur|euro|jpy|yen nhat|cny|rmb|ndt|nhan dan te|gbp|krw|thb|lak|ngoai te)\b"
)
_CURRENCY_SIGNS = frozenset("$€£¥₩")
_QUANTITY = re.compile(
    r"(?:(?:1(?: ?0){1,9}|nghin|ngan|trieu|ty|ti) )?"
    r"(?:phan tram|tan|ta|yen|kg|kilogam|gam|lit|ha|m2|m3|km|san pham|chu the|co so|nguoi|ho|luot|lop|cai|chiec|gio)"
)
"""Folded words that measure something else than money. "xã" and "tỉnh" are none: those tell whose money it is."""
_CAPTION = re.compile(r"\b(?:don vi tinh|don vi|dvt)\b(.*)")
_CAPTION_WRITTEN = re.compile(
    r"^.*?(?:đơn vị tính|đơn vị|đvt|don vi tinh|don vi|dvt)[\s:.–-]*", re.IGNORECASE | re.DOTALL
)
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
    return _scale(fold(words.replace("₫", " đồng")))


def _scale(folded: str) -> Decimal | None:
    found = _SCALE.fullmatch(folded)
    if found is None or not (found[2] or found[3]):
        return None
    count = Decimal(found[1].replace(" ", "")) if found[1] else Decimal(1)
    return count * _TIMES.get(found[2] or "", Decimal(1)) * DONG


class Foreign(NamedTuple):
    """A unit beside money that is no đồng, as it was written; nobody knows how many triệu đồng one of it is.

    `is_currency` tells dollars from tonnes.
    """

    unit: str
    is_currency: bool


@lru_cache(maxsize=1 << 10)
def header_unit(text: str) -> Decimal | Foreign | None:
    """The unit that the header of a column names: in brackets, after a colon or "Đơn vị tính"; None without one.

    Returns:
        How many triệu đồng one of it is, or the unit where it is no đồng.
    """
    named = [*_BRACKET.findall(text), *text.split(":")[1:]]
    scales = (money_scale(inside) or _captioned(inside) for inside in named)
    found = next((scale for scale in scales if scale is not None), None) or _captioned(text)
    if found is not None:
        return found
    units = (_foreign_caption(inside) or foreign_unit(inside) for inside in (*named, text))
    return next((unit for unit in units if unit is not None), None)


@lru_cache(maxsize=1 << 10)
def caption_unit(text: str) -> Decimal | Foreign | None:
    """The same of a text above the table: a title may speak of much, so that only a unit alone counts."""
    for inside in _BRACKET.findall(text):
        found = money_scale(inside) or _captioned(inside) or _foreign_caption(inside)
        if found is not None or (_names_currency(inside) and len(fold(inside).split()) <= _MOST_UNIT_WORDS):
            return found if found is not None else foreign_unit(inside)
    return _captioned(text) or _foreign_caption(text)


_MOST_UNIT_WORDS: Final = 4
"""Words of "triệu đô la Mỹ"."""


def foreign_unit(words: str) -> Foreign | None:
    """The unit that some words name where it is no đồng: "triệu USD", "%", "tấn"; None for other words."""
    shown_words, folded = clean(words).strip(" :,;."), fold(words)
    if _names_currency(words):
        return Foreign(shown_words, is_currency=True)
    is_quantity = shown_words == "%" or _QUANTITY.fullmatch(folded) is not None
    return Foreign(shown_words, is_currency=False) if is_quantity else None


def _names_currency(words: str) -> bool:
    return not _CURRENCY_SIGNS.isdisjoint(words) or _CURRENCY.search(fold(words)) is not None


def _captioned(text: str) -> Decimal | None:
    found = _CAPTION.search(fold(text))
    if found is None:
        return None
    words = found[1].strip()
    before = _SCALE_BEFORE_MORE.match(words)
    return _scale(before[0] if before else words)


def _foreign_caption(text: str) -> Foreign | None:
    """The unit after "Đơn vị tính" where it is no đồng."""
    if _CAPTION.search(fold(text)) is None:
        return None
    return foreign_unit(_CAPTION_WRITTEN.sub("", text))


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
