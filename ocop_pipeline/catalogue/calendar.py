"""When reports are due: the calendars in use, the deadline of each sender, working days and holidays.

Here: loading and checking `calendar.yml` and `holidays.csv`, and counting working days. Not here: which
days a period covers (`domain/periods.py`) and who sent what when (the ledger of the warehouse).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import Row, read_csv, read_document, refuse_repeats
from ocop_pipeline.domain.periods import ADMINISTRATIVE, STATISTICAL, Calendar, Period, PeriodError
from ocop_pipeline.paths import CATALOGUE_DATA

HOLIDAY_COLUMNS = ("date", "kind", "name_vi", "source", "confidence")
PROVINCE_LATEST_DAY = 25
"""Decree 09/2019/NĐ-CP, article 13: provinces report to the Government by this day."""
WORKING_DAYS_AFTER_CLOSE = 1
"""Decree 09/2019/NĐ-CP, article 8 (5): working days a deadline must leave after the close."""

_FRIDAY = 4
_ONE_DAY = timedelta(days=1)
_OFF, _WORK = "off", "work"
_YEARS_OF_EVERY_SHAPE = tuple(range(2024, 2035))
"""Years that begin on each day of the week, for a site that lists no days off."""


class Sender(StrEnum):
    """Who owes a report; a department reports to its own province."""

    COMMUNE = "commune"
    DISTRICT = "district"
    DEPARTMENT = "department"
    PROVINCE = "province"


class DayOff(StrEnum):
    """Where a deadline goes that falls on a day off."""

    NEXT = "next"
    PREVIOUS = "previous"
    KEEP = "keep"


class NoDeadlineError(LookupError):
    """The calendar sets no deadline for this sender."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One rule of the division of days between the close and the Government's day 25.

    Attributes:
        calendar: Code of the calendar whose periods it is for.
        sender: Who must have sent by then.
        day: Day of the month.
        month_offset: Months after the last month of the period (0: in that month).
        on_day_off: Where it goes when that day is no working day.
        source: The document that sets it.
        confidence: Mark of `tables.CONFIDENCE`.
        row: Line of the file, for messages.
    """

    calendar: str
    sender: Sender
    day: int
    month_offset: int
    on_day_off: DayOff
    source: str
    confidence: str
    row: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """A weekday off, or (kind ``work``) a Saturday or Sunday worked in exchange."""

    day: date
    kind: str
    name_vi: str
    source: str
    confidence: str


class ReportingCalendar:
    """The calendars of a site with their deadlines and days off.

    Monday to Friday are working days unless a holiday says otherwise; a Saturday or Sunday is one only
    where it is worked in exchange. Years outside `holiday_years` know weekends only.
    """

    def __init__(
        self,
        calendars: Iterable[Calendar],
        deadlines: Iterable[Deadline],
        holidays: Iterable[Holiday],
        file: str,
    ) -> None:
        """Hold what was loaded; `file` names the source of the deadlines in messages."""
        self.file = file
        self.calendars: Mapping[str, Calendar] = {calendar.code: calendar for calendar in calendars}
        self.deadlines: Mapping[tuple[str, Sender], Deadline] = {
            (rule.calendar, rule.sender): rule for rule in deadlines
        }
        self.holidays: Mapping[date, Holiday] = {holiday.day: holiday for holiday in holidays}

    @property
    def holiday_years(self) -> tuple[int, ...]:
        """The years for which days off are known, in order."""
        return tuple(sorted({day.year for day in self.holidays}))

    def deadline(self, sender: Sender, period: Period) -> date:
        """The last day on which the report of `sender` for `period` is in time.

        Raises:
            NoDeadlineError: when no deadline is set for this sender in the period's calendar.
        """
        rule = self.deadlines.get((period.calendar.code, Sender(sender)))
        if rule is None:
            raise NoDeadlineError(
                f"no deadline for {sender} in the {period.calendar.code} calendar ({self.file})"
            )
        zero_based = period.end.year * 12 + period.end.month - 1 + rule.month_offset
        day = date(zero_based // 12, zero_based % 12 + 1, rule.day)
        if rule.on_day_off is DayOff.KEEP or self.is_working_day(day):
            return day
        return self.add_working_days(day, 1 if rule.on_day_off is DayOff.NEXT else -1)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on that day."""
        holiday = self.holidays.get(day)
        if holiday is not None:
            return holiday.kind == _WORK
        return day.weekday() <= _FRIDAY

    def add_working_days(self, day: date, count: int) -> date:
        """The day `count` working days after `day` (before it, when negative); 0 gives `day` itself."""
        step = _ONE_DAY if count > 0 else -_ONE_DAY
        for _ in range(abs(count)):
            day += step
            while not self.is_working_day(day):
                day += step
        return day

    def working_days_late(self, arrival_date: date, deadline: date) -> int:
        """Working days from the deadline to the arrival; 0 when in time.

        An arrival on a day off counts with the next working day: late is never less than 1.
        """
        if arrival_date <= deadline:
            return 0
        counted = (
            arrival_date if self.is_working_day(arrival_date) else self.add_working_days(arrival_date, 1)
        )
        days = range(1, (counted - deadline).days + 1)
        return sum(self.is_working_day(deadline + timedelta(days=after)) for after in days)


def load_calendar(
    path: Path = CATALOGUE_DATA / "calendar.yml", holidays: Path = CATALOGUE_DATA / "holidays.csv"
) -> ReportingCalendar:
    """Load and check the calendars, deadlines and days off of a site.

    Raises:
        CatalogueError: for anything malformed, and for what `check_calendar` refuses.
    """
    document = read_document(path)
    document.only("calendars", "deadlines")
    calendars = _calendars(document)
    deadlines = _deadlines(document, calendars)
    calendar = ReportingCalendar(calendars.values(), deadlines, _holidays(holidays), path.name)
    check_calendar(calendar)
    return calendar


def check_calendar(calendar: ReportingCalendar) -> None:
    """Refuse deadlines that break decree 09/2019/NĐ-CP in some month of the years whose days off are known.

    Checked in every calendar but the statistical one, which the decree does not cover (article 1): a
    deadline leaves at least one working day after the close (article 8 (5)); the province's is not later
    than day 25 of the last month (article 13); no sender is due after the province that consolidates it.

    Raises:
        CatalogueError: naming the line of the deadline and the first month that breaks the rule.
    """
    for rule in calendar.deadlines.values():
        if rule.calendar == STATISTICAL.code:
            continue
        for year in calendar.holiday_years or _YEARS_OF_EVERY_SHAPE:
            for month in Period(str(year), calendar.calendars[rule.calendar]).months:
                reason = _fault(calendar, rule, month)
                if reason:
                    raise CatalogueError(calendar.file, rule.row, f"{rule.sender} in {month}: {reason}")


def _fault(calendar: ReportingCalendar, rule: Deadline, month: Period) -> str | None:
    due = calendar.deadline(rule.sender, month)
    earliest = calendar.add_working_days(month.end, WORKING_DAYS_AFTER_CLOSE)
    if due < earliest:
        return (
            f"due {due}, before {earliest}: it must leave {WORKING_DAYS_AFTER_CLOSE} working day "
            f"after the close of {month.end} (decree 09/2019/NĐ-CP, article 8.5)"
        )
    if rule.sender is Sender.PROVINCE:
        latest = month.end.replace(day=PROVINCE_LATEST_DAY)
        return f"due {due}, after {latest} (decree 09/2019/NĐ-CP, article 13)" if due > latest else None
    if (rule.calendar, Sender.PROVINCE) in calendar.deadlines:
        above = calendar.deadline(Sender.PROVINCE, month)
        return f"due {due}, after its province on {above}" if due > above else None
    return None


def _calendars(document: Row) -> dict[str, Calendar]:
    rows = document.rows("calendars")
    refuse_repeats(rows, "code")
    calendars = {}
    for row in rows:
        row.only("code", "name_vi", "close_day", "source", "confidence")
        row.text("name_vi")
        row.text("source")
        row.confidence()
        try:
            calendar = Calendar(row.code("code"), row.optional_integer("close_day"))
        except PeriodError as error:
            raise row.error(str(error), "close_day") from error
        for fixed in (ADMINISTRATIVE, STATISTICAL):
            if calendar.code == fixed.code and calendar != fixed:
                raise row.error(
                    f"the {fixed.code} calendar closes as the law says; use a code of your own", "code"
                )
        calendars[calendar.code] = calendar
    if ADMINISTRATIVE.code not in calendars:
        raise document.error("the administrative calendar is missing", "calendars")
    return calendars


def _deadlines(document: Row, calendars: Mapping[str, Calendar]) -> list[Deadline]:
    rows = document.rows("deadlines")
    refuse_repeats(rows, "calendar", "sender")
    deadlines = []
    for row in rows:
        row.only("calendar", "sender", "day", "month_offset", "on_day_off", "source", "confidence")
        deadlines.append(
            Deadline(
                calendar=row.choice("calendar", tuple(calendars)),
                sender=Sender(row.choice("sender", tuple(Sender))),
                day=row.integer("day", 1, 28),
                month_offset=row.integer("month_offset", 0, 12),
                on_day_off=DayOff(row.choice("on_day_off", tuple(DayOff))),
                source=row.text("source"),
                confidence=row.confidence(),
                row=row.number,
            )
        )
    return deadlines


def _holidays(path: Path) -> list[Holiday]:
    rows = read_csv(path, HOLIDAY_COLUMNS)
    refuse_repeats(rows, "date")
    holidays = []
    for row in rows:
        holiday = Holiday(
            day=row.date("date"),
            kind=row.choice("kind", (_OFF, _WORK)),
            name_vi=row.text("name_vi"),
            source=row.text("source"),
            confidence=row.confidence(),
        )
        if holiday.kind == _WORK and holiday.day.weekday() <= _FRIDAY:
            raise row.error(
                f"{holiday.day} is a working day anyway; kind {_WORK!r} is for a weekend day worked"
            )
        holidays.append(holiday)
    return holidays
