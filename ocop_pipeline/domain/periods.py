"""Reporting periods: what a period is called, which days it covers, and how periods fit together.

Two calendars are known. The administrative one closes on the 14th (decree 09/2019/NĐ-CP, article 12):
October 2026 runs from 15/09 to 14/10/2026, the year 2026 from 15/12/2025 to 14/12/2026. The statistical
one follows the months of the calendar (decree 60/2018/NĐ-CP). In both, months tile the quarters,
half-years and years without gap or overlap. When a report is due is not decided here but in the
catalogue (`catalogue/calendar.py`).
"""

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import total_ordering
from typing import Final

_KEY = re.compile(r"(?P<year>[0-9]{4})(-(?P<part>0[1-9]|1[0-2]|Q[1-4]|H[12]|9M))?")
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_HOW_TO_WRITE = (
    "write a month as 2026-10, a quarter 2026-Q3, a half-year 2026-H1, nine months 2026-9M, a year 2026"
)
_ROMAN = ("I", "II", "III", "IV")
_LATEST_CLOSE = 27


class PeriodError(ValueError):
    """A period that does not exist or is not written as periods are."""


class Grain(StrEnum):
    """The length of a period."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    NINE_MONTHS = "nine_months"
    YEAR = "year"


MONTHS_IN: Final = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.HALF: 6, Grain.NINE_MONTHS: 9, Grain.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Calendar:
    """A rule that says on which day a month's figures close.

    Attributes:
        code: Short name, used wherever the calendar is stored.
        close_day: The last day of a month's window (14: from the 15th of the month before to the 14th);
            None when windows are the months of the calendar.
    """

    code: str
    close_day: int | None

    def __post_init__(self) -> None:
        """Refuse a closing day that some month does not have, or whose morrow it does not have."""
        if self.close_day is not None and not 1 <= self.close_day <= _LATEST_CLOSE:
            raise PeriodError(
                f"closing day {self.close_day} of calendar {self.code!r}: must be 1 to {_LATEST_CLOSE}"
            )

    def month_end(self, year: int, month: int) -> date:
        """The last day of the window of a month (month may run over either end of the year)."""
        year, month = _carry(year, month)
        return date(year, month, self.close_day or monthrange(year, month)[1])

    def month_start(self, year: int, month: int) -> date:
        """The first day of the window of a month: the day after the month before closed."""
        return self.month_end(year, month - 1) + timedelta(days=1)


ADMINISTRATIVE: Final = Calendar("administrative", 14)
"""Decree 09/2019/NĐ-CP, article 12: periods close on the 14th."""

STATISTICAL: Final = Calendar("statistical", None)
"""Decree 60/2018/NĐ-CP: periods are months of the calendar."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Period:
    """One reporting period of one calendar, e.g. ``Period("2026-10")``.

    Periods sort by the day they close, the shorter first (a quarter comes after its last month).

    Attributes:
        key: How the period is written: ``2026-10``, ``2026-Q3``, ``2026-H1``, ``2026-9M``, ``2026``.
        calendar: The calendar whose days it covers.
        grain: Its length.
        year: The reporting year it belongs to (the administrative year 2026 begins on 15/12/2025).
    """

    key: str
    calendar: Calendar = ADMINISTRATIVE
    grain: Grain = field(init=False, compare=False)
    year: int = field(init=False, compare=False)
    _first_month: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Read the key.

        Raises:
            PeriodError: when the key is not written as a period is.
        """
        match = _KEY.fullmatch(self.key)
        year = int(match["year"]) if match else 0
        if match is None or not _FIRST_YEAR <= year <= _LAST_YEAR:
            raise PeriodError(f"{self.key!r} is no period; {_HOW_TO_WRITE}")
        grain, first_month = _part(match["part"])
        object.__setattr__(self, "grain", grain)
        object.__setattr__(self, "year", year)
        object.__setattr__(self, "_first_month", first_month)

    @classmethod
    def parse(cls, key: str, calendar: Calendar = ADMINISTRATIVE) -> "Period":
        """The period a key names; raises `PeriodError` that says how to write one."""
        return cls(key, calendar)

    @classmethod
    def of_date(cls, day: date, grain: Grain = Grain.MONTH, calendar: Calendar = ADMINISTRATIVE) -> "Period":
        """The period of this grain whose window holds a day.

        Raises:
            PeriodError: for nine months, when the day lies in the last quarter: no such period holds it.
        """
        year, month = day.year, day.month
        if calendar.close_day is not None and day.day > calendar.close_day:
            year, month = _carry(year, month + 1)
        if grain is Grain.NINE_MONTHS and month > MONTHS_IN[grain]:
            raise PeriodError(f"no nine-month period holds {day}: it ends with September")
        return cls(_key(year, month, grain), calendar)

    @classmethod
    def last_closed(
        cls, day: date, grain: Grain = Grain.MONTH, calendar: Calendar = ADMINISTRATIVE
    ) -> "Period":
        """The latest period of this grain whose last day lies before `day`: the one a run on `day` is for."""
        if grain is Grain.NINE_MONTHS:
            this_year = cls(_key(cls.of_date(day, Grain.YEAR, calendar).year, 1, grain), calendar)
            return this_year if this_year.end < day else this_year.previous()
        return cls.of_date(day, grain, calendar).previous()

    @property
    def start(self) -> date:
        """The first day, inclusive."""
        return self.calendar.month_start(self.year, self._first_month)

    @property
    def end(self) -> date:
        """The last day, inclusive: the day the figures close."""
        return self.calendar.month_end(self.year, self._last_month)

    @property
    def months(self) -> tuple["Period", ...]:
        """The monthly periods that make it up, in order; a month is made of itself."""
        return self._months(self._first_month)

    def contains(self, other: "Period | date") -> bool:
        """Whether every day of `other` lies in this period, whatever calendar `other` follows."""
        if isinstance(other, Period):
            return self.start <= other.start and other.end <= self.end
        return self.start <= other <= self.end

    def previous(self) -> "Period":
        """The period of the same grain before it; for nine months, those of the year before."""
        return self._step(-1)

    def next(self) -> "Period":
        """The period of the same grain after it; for nine months, those of the year after."""
        return self._step(1)

    def same_last_year(self) -> "Period":
        """The same period of the year before (cùng kỳ năm trước)."""
        return Period(_key(self.year - 1, self._last_month, self.grain), self.calendar)

    def quarter_to_date(self) -> tuple["Period", ...]:
        """The months of the quarter in which it ends, up to its last month."""
        return self._months(self._last_month - (self._last_month - 1) % 3)

    def year_to_date(self) -> tuple["Period", ...]:
        """The months of its reporting year up to its last month (lũy kế từ đầu năm)."""
        return self._months(1)

    def label_vi(self) -> str:
        """What the period is called in the middle of a Vietnamese sentence."""
        if self.grain is Grain.MONTH:
            return f"tháng {self._last_month} năm {self.year}"
        if self.grain is Grain.QUARTER:
            return f"quý {_ROMAN[self._last_month // 3 - 1]} năm {self.year}"
        if self.grain is Grain.HALF:
            return f"6 tháng {'đầu' if self._first_month == 1 else 'cuối'} năm {self.year}"
        if self.grain is Grain.NINE_MONTHS:
            return f"9 tháng năm {self.year}"
        return f"năm {self.year}"

    def __str__(self) -> str:
        return self.key

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Period):
            return NotImplemented
        return self._order < other._order

    @property
    def _order(self) -> tuple[date, int, str, int, str]:
        return self.end, MONTHS_IN[self.grain], self.calendar.code, self.calendar.close_day or 0, self.key

    @property
    def _last_month(self) -> int:
        return self._first_month + MONTHS_IN[self.grain] - 1

    def _months(self, first: int) -> tuple["Period", ...]:
        months = range(first, self._last_month + 1)
        return tuple(Period(_key(self.year, month, Grain.MONTH), self.calendar) for month in months)

    def _step(self, direction: int) -> "Period":
        length = 12 if self.grain is Grain.NINE_MONTHS else MONTHS_IN[self.grain]
        year, month = _carry(self.year, self._last_month + direction * length)
        return Period(_key(year, month, self.grain), self.calendar)


def _carry(year: int, month: int) -> tuple[int, int]:
    """The year and month (1-12) that `month` months from the start of `year` stand for."""
    years, zero_based = divmod(month - 1, 12)
    return year + years, zero_based + 1


def _part(part: str | None) -> tuple[Grain, int]:
    """The grain and first month named by the part of a key after the year."""
    if part is None:
        return Grain.YEAR, 1
    if part == "9M":
        return Grain.NINE_MONTHS, 1
    if part.startswith("Q"):
        return Grain.QUARTER, 3 * int(part[1]) - 2
    if part.startswith("H"):
        return Grain.HALF, 6 * int(part[1]) - 5
    return Grain.MONTH, int(part)


def _key(year: int, month: int, grain: Grain) -> str:
    """The key of the period of this grain that holds a month."""
    part = {
        Grain.MONTH: f"-{month:02d}",
        Grain.QUARTER: f"-Q{(month + 2) // 3}",
        Grain.HALF: f"-H{(month + 5) // 6}",
        Grain.NINE_MONTHS: "-9M",
        Grain.YEAR: "",
    }[grain]
    return f"{year:04d}{part}"
