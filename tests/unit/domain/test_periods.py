"""Reporting periods: their days, how they tile, what they are called."""

import pickle
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.domain.periods import (
    ADMINISTRATIVE,
    MONTHS_IN,
    STATISTICAL,
    Calendar,
    Grain,
    Period,
    PeriodError,
)

ONE_DAY = timedelta(days=1)
CLOSING_DAYS = (None, 1, 10, 14, 20, 27)

calendars = st.sampled_from(CLOSING_DAYS).map(lambda day: Calendar(f"closes_{day}", day))
days = st.dates(date(1950, 1, 1), date(2200, 12, 31))
parts = st.sampled_from(
    ["", *(f"-{month:02d}" for month in range(1, 13)), "-Q1", "-Q2", "-Q3", "-Q4", "-H1", "-H2", "-9M"]
)
keys = st.builds(lambda year, part: f"{year}{part}", st.integers(1950, 2200), parts)
periods = st.builds(Period, keys, calendars)
tiling_grains = st.sampled_from([Grain.MONTH, Grain.QUARTER, Grain.HALF, Grain.YEAR])


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("2026-11", date(2026, 10, 15), date(2026, 11, 14)),
        ("2026-01", date(2025, 12, 15), date(2026, 1, 14)),
        ("2026-03", date(2026, 2, 15), date(2026, 3, 14)),
        ("2026-Q4", date(2026, 9, 15), date(2026, 12, 14)),
        ("2026-Q1", date(2025, 12, 15), date(2026, 3, 14)),
        ("2026-H1", date(2025, 12, 15), date(2026, 6, 14)),
        ("2026-H2", date(2026, 6, 15), date(2026, 12, 14)),
        ("2026-9M", date(2025, 12, 15), date(2026, 9, 14)),
        ("2026", date(2025, 12, 15), date(2026, 12, 14)),
    ],
)
def test_administrative_windows(key: str, start: date, end: date) -> None:
    """Administrative periods run from the 15th to the 14th (decree 09/2019/NĐ-CP, article 12)."""
    period = Period.parse(key)
    assert (period.start, period.end) == (start, end)
    assert period.calendar is ADMINISTRATIVE


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-H1", date(2026, 1, 1), date(2026, 6, 30)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_statistical_windows(key: str, start: date, end: date) -> None:
    """Statistical periods are the months of the calendar (decree 60/2018/NĐ-CP)."""
    period = Period.parse(key, STATISTICAL)
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("2026-10", "tháng 10 năm 2026"),
        ("2026-01", "tháng 1 năm 2026"),
        ("2026-Q1", "quý I năm 2026"),
        ("2026-Q2", "quý II năm 2026"),
        ("2026-Q3", "quý III năm 2026"),
        ("2026-Q4", "quý IV năm 2026"),
        ("2026-H1", "6 tháng đầu năm 2026"),
        ("2026-H2", "6 tháng cuối năm 2026"),
        ("2026-9M", "9 tháng năm 2026"),
        ("2026", "năm 2026"),
    ],
)
def test_vietnamese_labels(key: str, label: str) -> None:
    """A period is called in Vietnamese as administrative documents call it."""
    assert Period(key).label_vi() == label


@pytest.mark.parametrize(
    "key",
    ["", "26", "2026-13", "2026-00", "2026-1", "2026-Q0", "2026-Q5", "2026-H3", "2026-6M", "2026-q3", " 2026",
     "2026-10 ", "2026/10", "10/2026", "2026-10-01", "1899", "3000", "２０２６", "2026-10\n", "năm 2026"],
)  # fmt: skip
def test_bad_keys_are_refused_with_the_way_to_write_them(key: str) -> None:
    """A key that is no period is refused, and the message shows how one is written."""
    with pytest.raises(PeriodError, match="2026-Q3"):
        Period.parse(key)


@pytest.mark.parametrize("close_day", [0, 28, 31, -1])
def test_a_calendar_closes_on_a_day_every_month_has(close_day: int) -> None:
    """A closing day that February lacks, or whose morrow it lacks, is refused."""
    with pytest.raises(PeriodError, match="closing day"):
        Calendar("odd", close_day)


@given(periods)
def test_months_tile_every_period(period: Period) -> None:
    """The months of a period cover its days once each: no gap, no overlap, nothing over."""
    months = period.months
    assert len(months) == MONTHS_IN[period.grain]
    assert months[0].start == period.start
    assert months[-1].end == period.end
    assert all(one.end + ONE_DAY == two.start for one, two in pairwise(months))
    assert all(period.contains(month) for month in months)


@given(st.integers(1950, 2200), calendars)
def test_quarters_and_halves_tile_the_year(year: int, calendar: Calendar) -> None:
    """Four quarters, two halves, or nine months and the last quarter make up the year exactly."""
    whole = Period(f"{year}", calendar)
    for names in (("Q1", "Q2", "Q3", "Q4"), ("H1", "H2"), ("9M", "Q4")):
        pieces = [Period(f"{year}-{name}", calendar) for name in names]
        assert pieces[0].start == whole.start
        assert pieces[-1].end == whole.end
        assert all(one.end + ONE_DAY == two.start for one, two in pairwise(pieces))


@given(periods)
def test_previous_and_next_undo_each_other(period: Period) -> None:
    """Previous and next are inverse, keep grain and calendar, and adjoin except for nine months."""
    assert period.next().previous() == period
    assert period.previous().next() == period
    before = period.previous()
    assert (before.grain, before.calendar) == (period.grain, period.calendar)
    if period.grain is Grain.NINE_MONTHS:
        assert before == period.same_last_year()
    else:
        assert before.end + ONE_DAY == period.start


@given(periods)
def test_same_last_year_is_the_same_part_of_the_year_before(period: Period) -> None:
    """The same period last year has the same name but for the year."""
    before = period.same_last_year()
    assert before.year == period.year - 1
    assert before.key[4:] == period.key[4:]


@given(days, tiling_grains, calendars)
def test_every_day_lies_in_exactly_one_period_of_a_grain(day: date, grain: Grain, calendar: Calendar) -> None:
    """The period of a day contains it; its neighbours do not."""
    period = Period.of_date(day, grain, calendar)
    assert period.grain is grain
    assert period.contains(day)
    assert not period.previous().contains(day)
    assert not period.next().contains(day)


@given(days, st.sampled_from(list(Grain)), calendars)
def test_the_last_closed_period_is_the_latest_that_ended(day: date, grain: Grain, calendar: Calendar) -> None:
    """The last closed period ended before the day, and the one after it has not."""
    period = Period.last_closed(day, grain, calendar)
    assert period.grain is grain
    assert period.end < day <= period.next().end


def test_the_closing_day_itself_is_not_closed() -> None:
    """On the 14th the month is still open; on the 15th it is the last closed one."""
    assert Period.last_closed(date(2026, 10, 14)).key == "2026-09"
    assert Period.last_closed(date(2026, 10, 15)).key == "2026-10"


def test_no_nine_months_in_the_last_quarter() -> None:
    """A day of the last quarter has no nine-month period, and is not given another one."""
    assert Period.of_date(date(2026, 9, 14), Grain.NINE_MONTHS).key == "2026-9M"
    with pytest.raises(PeriodError, match="September"):
        Period.of_date(date(2026, 9, 15), Grain.NINE_MONTHS)


@given(periods)
def test_to_date_ends_with_the_period(period: Period) -> None:
    """Quarter and year to date run from the quarter's or year's first day to the period's last."""
    quarter, year = period.quarter_to_date(), period.year_to_date()
    assert quarter[-1].end == year[-1].end == period.end
    assert quarter[0].start == Period.of_date(period.end, Grain.QUARTER, period.calendar).start
    assert year[0].start == Period(str(period.year), period.calendar).start
    assert 1 <= len(quarter) <= 3
    assert all(month.year == period.year for month in year)


def test_to_date_of_a_month() -> None:
    """August has two months of its quarter and eight of its year behind it, itself included."""
    month = Period("2026-08")
    assert [str(found) for found in month.quarter_to_date()] == ["2026-07", "2026-08"]
    assert [str(found) for found in month.year_to_date()] == [f"2026-{number:02d}" for number in range(1, 9)]


@given(periods, periods)
def test_containing_is_about_days(one: Period, other: Period) -> None:
    """A period contains another exactly when it contains its first and last day, in whatever calendar."""
    assert one.contains(other) == (one.contains(other.start) and one.contains(other.end))


@given(st.lists(periods, max_size=8))
def test_order_is_total_and_by_closing(found: list[Period]) -> None:
    """Periods sort by closing day; what closes together sorts from short to long."""
    ordered = sorted(found)
    backwards = found[::-1]
    assert ordered == sorted(backwards)
    for one, two in pairwise(ordered):
        assert (one.end, MONTHS_IN[one.grain]) <= (two.end, MONTHS_IN[two.grain])


def test_a_year_end_sorts_month_quarter_half_year() -> None:
    """December, the last quarter, the second half and the year close together, in that order."""
    names = ["2026", "2026-H2", "2026-12", "2026-Q4", "2026-11"]
    assert [str(period) for period in sorted(map(Period, names))] == [
        "2026-11",
        "2026-12",
        "2026-Q4",
        "2026-H2",
        "2026",
    ]


def test_the_calendar_is_part_of_the_identity() -> None:
    """October of one calendar is not October of the other, in sets as in comparisons."""
    assert Period("2026-10") == Period.parse("2026-10", ADMINISTRATIVE)
    assert len({Period("2026-10"), Period("2026-10", STATISTICAL), Period.parse("2026-10")}) == 2


def test_periods_travel_between_processes() -> None:
    """A period survives pickling whole."""
    period = Period("2026-Q3")
    again = pickle.loads(pickle.dumps(period))  # noqa: S301 - our own bytes
    assert again == period
    assert (again.start, again.grain) == (period.start, period.grain)


def test_the_first_year_has_no_year_before() -> None:
    """Walking past the years that can be written raises, never wraps."""
    with pytest.raises(PeriodError):
        Period("1900").previous()
