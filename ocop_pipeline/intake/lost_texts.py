"""What the formulas of an XLS say about their own stored results: noughts that were texts, texts that are none.

LibreOffice stores nought for a formula whose result is a text (an empty one, too) where the cell is formatted as a
number. A total that is blank while its parts are would arrive as nought, and silence is not nought. So for its files
the cells such a formula looks at are asked. Other programs store an empty text for what they did not calculate, which
a sum cannot give. Formulas are not calculated here.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from ocop_pipeline.intake.grid import Area, Position
from ocop_pipeline.intake.sparse import SparseSheet

# Bytes behind each token of a formula ([MS-XLS] 2.5.198), without the three that tell their own size.
_SIZES = {
    **dict.fromkeys(range(0x03, 0x17), 0),
    0x01: 4,
    0x02: 4,
    0x1C: 1,
    0x1D: 1,
    0x1E: 2,
    0x1F: 8,
    0x20: 7,
    0x21: 2,
    0x22: 3,
    0x23: 4,
    0x24: 4,
    0x25: 8,
    0x26: 6,
    0x27: 6,
    0x28: 6,
    0x29: 2,
    0x2A: 4,
    0x2B: 8,
    0x2C: 4,
    0x2D: 8,
    0x39: 6,
    0x3A: 6,
    0x3B: 10,
    0x3C: 6,
    0x3D: 10,
}
_CONCATENATE, _TEXT, _ATTRIBUTES = 0x08, 0x17, 0x19
_FUNCTION, _FUNCTION_OF_SEVERAL, _CELL, _CELLS = 0x21, 0x22, 0x24, 0x25
_ELSEWHERE = frozenset((0x01, 0x02, 0x23, 0x2C, 0x2D, 0x39, 0x3A, 0x3B))
_COUNT = 0
# MID, CHAR, LOWER, UPPER, PROPER, LEFT, RIGHT, TRIM, REPLACE, SUBSTITUTE, T, CONCATENATE, REPT, TEXT, FIXED, DOLLAR
_TEXT_FUNCTIONS = frozenset((31, 111, 112, 113, 114, 115, 116, 118, 119, 120, 130, 336, 30, 48, 14, 13))
# COUNT, SUM, AVERAGE, MIN, MAX, ABS, INT, ROUND, COUNTA, PRODUCT, SUMPRODUCT, SUBTOTAL, SUMIF, COUNTIF, COUNTBLANK
_NUMBER_FUNCTIONS = frozenset((0, 4, 5, 6, 7, 24, 25, 27, 169, 183, 228, 344, 345, 346, 347))
_OPERATORS = frozenset((0x03, 0x04, 0x05, 0x06, 0x07, 0x12, 0x13, 0x14))
_BRACKETS, _ADDS_UP = 0x15, 0x10
_UNKNOWN = -1
_COLUMN = 0x3FFF


class Doubt(NamedTuple):
    """A formula that may have given a text.

    Attributes:
        inputs: the cells of its sheet that it looks at.
        counts: it counts numbers, so texts are nothing to it.
        plain: it is nothing but a reference to a cell.
        elsewhere: it looks at cells that are not known here.
    """

    inputs: tuple[Area, ...]
    counts: bool
    plain: bool
    elsewhere: bool


class _Verdict(Enum):
    NOUGHT = "nought"
    BLANK = "blank"
    LOST = "lost"
    LATER = "later"


def doubt_of(formula: bytes) -> Doubt | None:
    """What to ask about a formula whose stored result is nought; None where it cannot have given a text.

    Args:
        formula: its tokens, as in an XLS since Excel 97.
    """
    inputs: list[Area] = []
    tokens: set[int] = set()
    functions: set[int] = set()
    for token, data in _tokens(formula):
        tokens.add(token)
        if token == _CELL:
            row, col = struct.unpack("<HH", data)
            inputs.append((row, col & _COLUMN, row, col & _COLUMN))
        elif token == _CELLS:
            top, low, left, right = struct.unpack("<4H", data)
            inputs.append((top, left & _COLUMN, low, right & _COLUMN))
        elif token in (_FUNCTION, _FUNCTION_OF_SEVERAL):
            functions.add(int.from_bytes(data[-2:], "little"))
    if _UNKNOWN in tokens:
        return Doubt((), counts=False, plain=False, elsewhere=True)
    plain = tokens == {_CELL}
    if not (plain or tokens & {_TEXT, _CONCATENATE} or functions & _TEXT_FUNCTIONS):
        return None
    return Doubt(tuple(inputs), _COUNT in functions, plain, bool(tokens & _ELSEWHERE))


def gives_number(formula: bytes) -> bool:
    """Whether a formula cannot but give a number (or an error): its last step calculates, counts or adds up.

    Args:
        formula: its tokens, as in an XLS since Excel 97.
    """
    last, data = 0, b""
    for token, its_data in _tokens(formula):
        is_sum = token == _ATTRIBUTES and its_data[0] & _ADDS_UP
        if is_sum or token not in (_BRACKETS, _ATTRIBUTES):
            last, data = token, its_data
    if last in (_FUNCTION, _FUNCTION_OF_SEVERAL):
        return int.from_bytes(data[-2:], "little") in _NUMBER_FUNCTIONS
    return last in _OPERATORS or last == _ATTRIBUTES


def _tokens(formula: bytes) -> Iterator[tuple[int, bytes]]:
    """The tokens of a formula and what stands behind each; the last is `_UNKNOWN` where one cannot be told."""
    at = 0
    while at < len(formula):
        token = formula[at] if formula[at] < 0x20 else 0x20 | formula[at] & 0x1F
        try:
            size = _size(token, formula, at + 1)
        except (KeyError, IndexError):
            size = len(formula)
        data = formula[at + 1 : at + 1 + size]
        if len(data) < size:
            yield _UNKNOWN, b""
            return
        yield token, data
        at += 1 + size


def _size(token: int, formula: bytes, at: int) -> int:
    if token == _TEXT:
        return 2 + formula[at] * (2 if formula[at + 1] & 1 else 1)
    if token == _ATTRIBUTES:
        choices = int.from_bytes(formula[at + 1 : at + 3], "little") + 1 if formula[at] & 0x4 else 0
        return 3 + 2 * choices
    return _SIZES[token]


def settle(sheet: SparseSheet, doubts: Mapping[Position, Doubt], most: int) -> None:
    """Clear the noughts of a sheet that were texts, and tell those of which that cannot be known.

    Nothing to look at gives nothing; noughts give nought; anything else should not have given nought, so the
    result is told as uncomputed.

    Args:
        sheet: all its cells are filled.
        doubts: by cell that shows nought.
        most: how many cells may be looked at.
    """
    asked = _Asked(sheet, doubts, most)
    decided = True
    while asked.pending and decided:
        decided = False
        for at in list(asked.pending):
            verdict = asked.verdict(asked.pending[at])
            if verdict is not _Verdict.LATER:
                decided = True
                asked.decide(at, verdict)
    for at in list(asked.pending):
        asked.decide(at, _Verdict.LOST)  # they look at each other


class _Asked:
    """The cells of a sheet that are still in doubt, and those found to be blank."""

    def __init__(self, sheet: SparseSheet, doubts: Mapping[Position, Doubt], most: int) -> None:
        self._sheet = sheet
        self.pending = dict(doubts)
        self._blank: set[Position] = set()
        self._left = most

    def decide(self, at: Position, verdict: _Verdict) -> None:
        """Put a verdict into the sheet."""
        del self.pending[at]
        if verdict is _Verdict.NOUGHT:
            return
        self._sheet.clear(*at)
        if verdict is _Verdict.BLANK:
            self._blank.add(at)
        else:
            self._sheet.leave_uncomputed(*at)

    def verdict(self, doubt: Doubt) -> _Verdict:
        """What the nought of a formula was, by what it looks at."""
        if doubt.elsewhere:
            return _Verdict.LOST
        texts = noughts = blanks = 0
        for place in _places(doubt.inputs):
            self._left -= 1
            if place in self.pending and self._left >= 0:
                return _Verdict.LATER
            value = self._sheet.get(*place)
            is_text = isinstance(value, str)
            is_more = value is not None and value != 0 and not is_text
            if self._left < 0 or is_more or place in self._sheet.uncomputed:
                return _Verdict.LOST
            texts += is_text
            noughts += value == 0
            blanks += place in self._blank
        if texts and not noughts:
            return _Verdict.BLANK if doubt.counts else _Verdict.LOST
        # A reference to an empty cell gives nought, one to an empty text gives that.
        return _Verdict.NOUGHT if noughts or (doubt.plain and not blanks) else _Verdict.BLANK


def _places(areas: Iterable[Area]) -> Iterator[Position]:
    for top, left, low, right in areas:
        for row in range(top, low + 1):
            for col in range(left, right + 1):
                yield row, col
