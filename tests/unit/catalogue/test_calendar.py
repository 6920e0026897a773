"""Deadlines and working days: decree 09/2019/NĐ-CP kept, everything else configuration."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.catalogue.calendar import (
    PROVINCE_LATEST_DAY,
    NoDeadlineError,
    ReportingCalendar,
    Sender,
    load_calendar,
)
from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.domain.periods import ADMINISTRATIVE, STATISTICAL, Period
from ocop_pipeline.paths import CATALOGUE_DATA

SHIPPED = load_calendar()
MONTHS = [Period(f"{year}-{month:02d}") for year in SHIPPED.holiday_years for month in range(1, 13)]
HOLIDAYS = "date,kind,name_vi,source,confidence\n"
OFF = "2026-09-02,off,Quốc khánh,Luật,G\n"

days = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def load_changed(
    folder: Path, old: str = "", new: str = "", holidays: str | None = None
) -> ReportingCalendar:
    """The shipped calendar with one passage changed (its first occurrence), or with other holidays."""
    text = (CATALOGUE_DATA / "calendar.yml").read_text(encoding="utf-8")
    assert old in text
    path = folder / "calendar.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    days_off = folder / "holidays.csv"
    shipped = (CATALOGUE_DATA / "holidays.csv").read_text(encoding="utf-8")
    days_off.write_text(shipped if holidays is None else holidays, encoding="utf-8")
    return load_calendar(path, days_off)


def block(sender: str, day: int) -> str:
    """The lines of the shipped file that give a sender its day."""
    return f"sender: {sender}\n    day: {day}\n"


KEEP = ("    month_offset: 0\n    on_day_off: next\n", "    month_offset: 0\n    on_day_off: keep\n")
COMMUNE, PROVINCE = block("commune", 16), block("province", 20)


def test_the_two_calendars_of_the_law_are_shipped() -> None:
    """The administrative calendar closes on the 14th, the statistical one follows the months."""
    assert SHIPPED.calendars["administrative"] == ADMINISTRATIVE
    assert SHIPPED.calendars["statistical"] == STATISTICAL


def test_shipped_days_are_marked_as_assumptions() -> None:
    """No official division of days was found, so every shipped deadline says it is an assumption."""
    assert {rule.sender for rule in SHIPPED.deadlines.values()} == set(Sender)
    assert {rule.confidence for rule in SHIPPED.deadlines.values()} == {"A"}


@pytest.mark.parametrize(
    ("sender", "key", "due"),
    [
        (Sender.COMMUNE, "2026-10", date(2026, 10, 16)),
        (Sender.COMMUNE, "2026-08", date(2026, 8, 17)),
        (Sender.COMMUNE, "2026-02", date(2026, 2, 23)),
        (Sender.DISTRICT, "2025-05", date(2025, 5, 19)),
        (Sender.DEPARTMENT, "2026-10", date(2026, 10, 19)),
        (Sender.PROVINCE, "2026-10", date(2026, 10, 20)),
        (Sender.PROVINCE, "2026-Q4", date(2026, 12, 21)),
        (Sender.PROVINCE, "2026", date(2026, 12, 21)),
    ],
)
def test_deadlines_fall_on_working_days(sender: Sender, key: str, due: date) -> None:
    """A deadline stands on its day, or moves over weekends and Tết to the next working day."""
    assert SHIPPED.deadline(sender, Period(key)) == due


@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_shipped_deadlines_keep_the_law_every_month(month: Period) -> None:
    """One working day after the close (art. 8.5), the province by day 25 (art. 13), nobody after it."""
    province = SHIPPED.deadline(Sender.PROVINCE, month)
    assert province <= month.end.replace(day=PROVINCE_LATEST_DAY)
    for sender in Sender:
        due = SHIPPED.deadline(sender, month)
        worked = [month.end + timedelta(days=n) for n in range(1, (due - month.end).days + 1)]
        assert any(SHIPPED.is_working_day(day) for day in worked)
        assert due <= province


def test_a_sender_without_a_deadline_is_an_error_not_a_guess() -> None:
    """The statistical calendar ships no deadline, and none is borrowed from the other one."""
    with pytest.raises(NoDeadlineError, match="statistical"):
        SHIPPED.deadline(Sender.COMMUNE, Period("2026-10", STATISTICAL))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 10, 14), True),
        (date(2026, 10, 17), False),
        (date(2026, 10, 18), False),
        (date(2026, 2, 18), False),
        (date(2026, 2, 23), True),
        (date(2025, 5, 2), False),
        (date(2025, 4, 26), True),
        (date(2026, 1, 10), True),
        (date(2026, 4, 27), False),
    ],
)
def test_working_days(day: date, *, works: bool) -> None:
    """Weekdays work but for holidays; a Saturday works only in exchange for a day off."""
    assert SHIPPED.is_working_day(day) is works


@given(days, st.integers(1, 30))
def test_adding_working_days_counts_working_days(day: date, count: int) -> None:
    """Between a day and the n-th working day after it lie exactly n working days, the last included."""
    later = SHIPPED.add_working_days(day, count)
    passed = [day + timedelta(days=n) for n in range(1, (later - day).days + 1)]
    assert sum(map(SHIPPED.is_working_day, passed)) == count
    assert SHIPPED.is_working_day(later)
    earlier = SHIPPED.add_working_days(day, -count)
    before = [day - timedelta(days=n) for n in range(1, (day - earlier).days + 1)]
    assert sum(map(SHIPPED.is_working_day, before)) == count


@given(days, days)
def test_lateness_is_zero_in_time_and_at_least_one_after(arrival: date, deadline: date) -> None:
    """In time is 0; late is at least 1, and never more than the days that passed or fewer the later it is."""
    late = SHIPPED.working_days_late(arrival, deadline)
    if arrival <= deadline:
        assert late == 0
    else:
        assert 1 <= late <= max(1, (arrival - deadline).days)
        assert late <= SHIPPED.working_days_late(arrival + timedelta(days=1), deadline)


def test_lateness_skips_days_off() -> None:
    """A report due on Friday that comes on Saturday, Sunday or Monday is one working day late."""
    friday = date(2026, 10, 16)
    late = [SHIPPED.working_days_late(friday + timedelta(days=n), friday) for n in range(6)]
    assert late == [0, 1, 1, 1, 2, 3]


def test_day_15_is_lawful_when_it_moves_off_weekends(tmp_path: Path) -> None:
    """The first working day after the close is enough: day 15, moved on when it is a day off."""
    calendar = load_changed(tmp_path, COMMUNE, block("commune", 15))
    assert calendar.deadline(Sender.COMMUNE, Period("2026-11")) == date(2026, 11, 16)


def test_years_without_known_holidays_know_weekends(tmp_path: Path) -> None:
    """A site may list no days off; deadlines are then checked against weekends alone."""
    calendar = load_changed(tmp_path, holidays=HOLIDAYS)
    assert calendar.holiday_years == ()
    assert calendar.is_working_day(date(2026, 9, 2))


def test_a_site_may_add_a_calendar_of_its_own(tmp_path: Path) -> None:
    """Another closing day is a calendar with a code of its own, beside those of the law."""
    own = (
        "calendars:\n  - {code: own, name_vi: Kỳ riêng, close_day: 20, source: QĐ của tỉnh, confidence: S}\n"
    )
    calendar = load_changed(tmp_path, "calendars:\n", own)
    assert Period("2026-10", calendar.calendars["own"]).end == date(2026, 10, 20)


def test_a_report_may_be_due_in_the_month_after(tmp_path: Path) -> None:
    """month_offset counts months after the last month of the period, over the end of a year too."""
    rule = (
        "deadlines:\n  - {calendar: statistical, sender: commune, day: 5, month_offset: 1, on_day_off: keep, "
        "source: QĐ của tỉnh, confidence: S}\n"
    )
    calendar = load_changed(tmp_path, "deadlines:\n", rule)
    assert calendar.deadline(Sender.COMMUNE, Period("2026", STATISTICAL)) == date(2027, 1, 5)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (COMMUNE, block("commune", 14), "article 8.5"),
        (COMMUNE + KEEP[0], block("commune", 15) + KEEP[1], "article 8.5"),
        (COMMUNE, block("commune", 27), "after its province"),
        (COMMUNE, block("commune", 31), "from 1 to 28"),
        (COMMUNE, block("hamlet", 16), "'sender' must be one of"),
        (PROVINCE, block("province", 26), "article 13"),
        (PROVINCE, block("province", 25), "article 13"),
        ("    month_offset: 0", "    month_offset: 1", "after its province"),
        ("    on_day_off: next", "    on_day_off: previous", "article 8.5"),
        ("    on_day_off: next", "    on_day_off: later", "'on_day_off' must be one of"),
        ("sender: district", "sender: commune", "stands already"),
        ("calendar: administrative", "calendar: lunar", "'calendar' must be one of"),
        ("close_day: 14", "close_day: 15", "closes as the law says"),
        ("close_day: 14", "close_day: 31", "must be 1 to 27"),
        ("code: statistical", "code: administrative", "stands already"),
        ("code: administrative", "code: monthly", "administrative calendar is missing"),
        ("    confidence: S", "    confidence: sure", "'confidence' must be one of"),
        ("source: Nghị định 09/2019/NĐ-CP, Điều 12", "source:", "'source' is blank"),
        ("day: 16", "days: 16", "unknown field 'days'"),
    ],
)
def test_bad_calendars_are_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """A calendar that breaks the decree, or is malformed, is refused at its line with the reason."""
    with pytest.raises(CatalogueError, match=reason) as caught:
        load_changed(tmp_path, old, new)
    assert caught.value.file == "calendar.yml"
    assert (caught.value.row or 0) > 1


@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        (OFF + OFF.replace("Luật", "Khác"), 3, "stands already in line 2"),
        ("02/09/2026,off,Quốc khánh,Luật,G\n", 2, "YYYY-MM-DD"),
        ("2026-09-02,holiday,Quốc khánh,Luật,G\n", 2, "'kind' must be one of"),
        ("2026-09-03,work,Làm bù,Luật,G\n", 2, "a working day anyway"),
        ("2026-09-02,off,,Luật,G\n", 2, "'name_vi' is blank"),
        ("2026-09-02,off,Quốc khánh,,G\n", 2, "'source' is blank"),
    ],
)
def test_bad_holidays_are_refused(tmp_path: Path, rows: str, row: int, reason: str) -> None:
    """A day off that is repeated, malformed or without source is refused at its line."""
    with pytest.raises(CatalogueError, match=reason) as caught:
        load_changed(tmp_path, holidays=HOLIDAYS + rows)
    assert (caught.value.file, caught.value.row) == ("holidays.csv", row)


def test_a_holiday_can_make_a_deadline_unlawful(tmp_path: Path) -> None:
    """The check runs over the days off of every known year: one that pushes a province past day 25."""
    closed = "".join(f"2026-03-{day},off,Nghỉ,Ví dụ,G\n" for day in range(16, 26))
    with pytest.raises(CatalogueError, match=r"province in 2026-03: due 2026-03-26.*article 13"):
        load_changed(tmp_path, holidays=HOLIDAYS + closed)
