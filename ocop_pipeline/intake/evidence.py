"""What the cells of one file may mean, kept until all its evidence is in: "1.234", 03/04, 0,45 and money in đồng.

Belongs here: collecting what can be read two ways and what was read otherwise than written, and settling it. A reading
that stays a guess is told as a finding; nothing is guessed silently. Runs in the reading children: standard library
only.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Final, NamedTuple

from ocop_pipeline.domain.findings import Repair
from ocop_pipeline.intake.amounts import DONG, Amount, Foreign, scaled
from ocop_pipeline.intake.cells import DAY, NUMBER, TEXT, Shows, clean, day_order, other_day, shown
from ocop_pipeline.intake.encodings import NAMES, Change
from ocop_pipeline.intake.grid import address

Cell = tuple[int, int, int, int, float]
"""Slot, row (from 1), column (from 0), state and number of a cell."""
Find = Callable[..., None]

GUESSES: Final = {
    "separator": "NUMBER_GUESSED",
    "percent_share": "PERCENT_GUESSED",
    "day_month": "DAY_GUESSED",
    "tcvn3": "ENCODING_GUESSED",
    "vni": "ENCODING_GUESSED",
}
"""Rules of repairs that can be guesses, and the finding that asks to confirm them."""
_LONGEST_SHOWN: Final = 200
_LEAST: Final = Decimal("0.001")
"""1,000 đồng, in triệu đồng."""
_HUNDRED: Final = Decimal(100)


class _TwoWays(NamedTuple):
    """A number that can be read another way; `whole` says that only whole numbers make sense there."""

    at: int
    other: float
    whole: bool


class Evidence:
    """The open questions of one file.

    It shares the lists of the reading: cells, (position, text), (position, day as ordinal); it settles them in place.
    """

    def __init__(
        self, cells: list[Cell], texts: list[tuple[int, str]], days: list[tuple[int, int]], find: Find
    ) -> None:
        """Begin with what is read, and the door by which findings go out (code, sheet, cell, arguments)."""
        self._cells, self._texts, self._days, self._find = cells, texts, days, find
        self._sheets: dict[int, str] = {}
        self._two_ways: list[_TwoWays] = []
        self._point_is_decimal: set[bool] = set()
        self._other_days: list[tuple[int, date]] = []
        self._day_is_first: set[bool] = set()
        self._percents: list[int] = []
        # (position, rule, what was written, whether it is a guess): what came out is told when all is settled.
        self._changed: list[tuple[int, str, str, bool]] = []
        # Texts of cells that turned out to be no numbers, and, while settling, what is written in each.
        self._made: dict[int, str] = {}
        self._written: dict[int, str] = {}

    # ---------------------------------------------------------------------------------- collecting

    def number(self, at: int, sheet: str, how: Shows | Amount | None, *, whole: bool) -> None:
        """A number written as text, and what it shows of the separators of the file."""
        if how is not None and how.other is not None:
            self._sheets[at] = sheet
            self._two_ways.append(_TwoWays(at, how.other, whole))
        elif how is not None and how.point_is_decimal is not None:
            self._point_is_decimal.add(how.point_is_decimal)

    def changed(self, at: int, sheet: str, rule: str, before: str) -> None:
        """A cell that was read otherwise than it is written, for sure."""
        self._sheets[at] = sheet
        self._changed.append((at, rule, before, False))

    def is_changed(self, at: int) -> bool:
        """Whether a cell says itself what it means."""
        return any(each == at for each, *_ in self._changed)

    def day(self, at: int, sheet: str, text: str) -> None:
        """A day written as text, and what it shows of the order of day and month."""
        order, other = day_order(text), other_day(text)
        if order is not None:
            self._day_is_first.add(order)
            if not order:
                self.changed(at, sheet, "month_first", text)
        elif other is not None:
            self._sheets[at] = sheet
            self._other_days.append((at, other))

    def percent(self, at: int, sheet: str) -> None:
        """A percent without its sign."""
        self._sheets[at] = sheet
        self._percents.append(at)

    def rescale(self, at: int, sheet: str, scale: Decimal | Foreign | None, text: str) -> None:
        """An amount of money in a unit that header or unit cell name.

        No number where that unit is no đồng, where those two disagree (None), or where the amount makes no sense in
        it: parts of a đồng, or less than any note is worth, were not written in đồng.
        """
        slot, row, column, state, number = self._cells[at]
        if not isfinite(number):
            return  # refused with all that is too large
        if isinstance(scale, Foreign):
            self._make_text(at, text)
            self._two_ways = [each for each in self._two_ways if each.at != at]
            self._find("MONEY_UNIT_FOREIGN", sheet, address(row - 1, column), text=text, unit=scale.unit)
            return
        two_ways = [each for each in self._two_ways if each.at == at]
        self._two_ways = [each for each in self._two_ways if each.at != at]
        if scale == DONG and two_ways:
            # As in one cell (`amounts`): there is no part of a đồng, and of two whole amounts the larger is meant.
            number, two_ways = max(each for each in (number, two_ways[0].other) if each.is_integer()), []
        too_little = scale is not None and 0 < abs(Decimal(repr(number))) * scale < _LEAST
        part_of_dong = scale == DONG and not number.is_integer() and not two_ways
        if scale is None or too_little or part_of_dong:
            self._make_text(at, text)
            code = "MONEY_UNIT_UNCLEAR" if scale is None else "MONEY_TOO_LITTLE"
            self._find(code, sheet, address(row - 1, column), text=text)
            return
        self._cells[at] = (slot, row, column, state, scaled(number, scale))
        self._two_ways += [each._replace(other=scaled(each.other, scale)) for each in two_ways]
        self.changed(at, sheet, "money_header", text)

    # ------------------------------------------------------------------------------------ settling

    def settle(self) -> list[Repair]:
        """Decide every open question by what the file shows; what stays a guess becomes a finding besides."""
        if self._two_ways or self._other_days:
            self._written = dict(self._texts)
        self._settle_separators()
        self._settle_days()
        self._settle_percents()
        if self._made:
            self._texts[:] = sorted({**dict(self._texts), **self._made}.items())
        days = dict(self._days) if self._changed else {}
        repairs = []
        for at, rule, before, is_guess in self._changed:
            _, row, column, state, number = self._cells[at]
            if state not in (NUMBER, DAY):
                continue
            after = f"{date.fromordinal(days[at]):%d/%m/%Y}" if state == DAY else written(number)
            place = self._sheets[at], address(row - 1, column)
            repairs.append(self.told(Repair(*place, rule, before[:_LONGEST_SHOWN], after, is_guess)))
        return repairs

    def told(self, repair: Repair) -> Repair:
        """Ask to confirm a guess."""
        if repair.is_guess:
            code = GUESSES[repair.rule]
            self._find(code, repair.sheet, repair.cell, before=repair.before, after=repair.after)
        return repair

    def _settle_separators(self) -> None:
        """Read "1.234" as the file's other numbers show; where they do not tell, as makes sense, else a guess."""
        for at, other, whole in self._two_ways:
            slot, row, column, state, number = self._cells[at]
            is_told = len(self._point_is_decimal) == 1
            makes_sense = whole and number.is_integer() != other.is_integer()
            # Of two whole numbers, 12 and 12,000, the larger is meant: nobody writes the decimals of a count.
            takes_other = (
                self._point_is_decimal == {True}
                if is_told
                else whole and other.is_integer() and (makes_sense or other > number)
            )
            if takes_other:
                self._cells[at] = (slot, row, column, state, other)
            if takes_other or not (is_told or makes_sense):
                self._changed.append(
                    (at, "separator", self._written.get(at, ""), not (is_told or makes_sense))
                )

    def _settle_days(self) -> None:
        """Read 03/04 as the third of April, unless the file's other days can only be month first."""
        if not self._other_days or False not in self._day_is_first:
            return
        days = dict(self._days)
        is_guess = True in self._day_is_first
        for at, other in self._other_days:
            written_as = self._written.get(at) or f"{date.fromordinal(days[at]):%d/%m/%Y}"
            self._changed.append((at, "day_month" if is_guess else "month_first", written_as, is_guess))
            if not is_guess:
                days[at] = other.toordinal()
        self._days[:] = sorted(days.items())

    def _settle_percents(self) -> None:
        """Percents of a file that are all at most 1 are shares: 0,45 is 45 %; with others above 1 nobody knows."""
        numbers = {at: self._cells[at][4] for at in self._percents}
        if not any(0 < number <= 1 for number in numbers.values()):
            return
        above = any(number > 1 for number in numbers.values())
        shares = any(0 < number < 1 for number in numbers.values())
        for at, number in numbers.items():
            slot, row, column, state, _ = self._cells[at]
            if above and 0 < number < 1:
                self._make_text(at, shown(number))
                self._find(
                    "PERCENT_UNCLEAR", self._sheets[at], address(row - 1, column), text=written(number)
                )
            elif not above and 0 < number <= 1:
                if shares:
                    self._cells[at] = (slot, row, column, state, scaled(number, _HUNDRED))
                self._changed.append((at, "percent_share", written(number), True))

    def _make_text(self, at: int, text: str) -> None:
        """Keep what stood there, and no number."""
        slot, row, column, _, _ = self._cells[at]
        self._cells[at] = (slot, row, column, TEXT, 0.0)
        self._made[at] = text


def encoding_repairs(
    changes: dict[tuple[str, int, int], Change], cells: Sequence[Cell], sheet_of: Callable[[int], str]
) -> list[Repair]:
    """Texts that were in a legacy encoding: those taken from the form by their cell, the others by their sheet.

    What is not taken, such as personal data, is not told either.

    Args:
        changes: What was converted at (sheet, row, column), rows and columns from 0.
        cells: The cells that were taken.
        sheet_of: Slot -> name of the sheet it is on.
    """
    sheets = {(clean(sheet), change.rule) for (sheet, _, _), change in changes.items()}
    repairs = [Repair(sheet, "", rule, NAMES[rule], "Unicode") for sheet, rule in sorted(sheets)]
    by_place = {(clean(sheet), row, column): change for (sheet, row, column), change in changes.items()}
    for slot, row, column, _, _ in cells:
        sheet = sheet_of(slot)
        change = by_place.pop((sheet, row - 1, column), None)
        if change is not None:
            before, after = (clean(text)[:_LONGEST_SHOWN] for text in (change.before, change.after))
            place = sheet, address(row - 1, column)
            repairs.append(Repair(*place, change.rule, before, after, change.is_guess))
    return repairs


def written(number: float) -> str:
    """A number as Vietnamese forms write it, without grouping."""
    return shown(number).replace(".", ",")
