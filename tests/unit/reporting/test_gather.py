"""What a report reads from the published tables."""

from datetime import date
from decimal import Decimal

import pytest
from synthetic import LAM_DONG, OLD_LAM_DONG, Marts, add_plan, catalogue, fill

from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnknownUnitError
from ocop_pipeline.reporting.gather import LikeForLike, NoFiguresError, gather

OCTOBER, MAY = Period("2026-10"), Period("2025-05")
REFORM = date(2025, 7, 1)


def test_figures_are_the_published_ones():
    """A figure reaches the report exactly as the mart has it, its coverage with it."""
    marts = Marts()
    fill(marts, LAM_DONG, OCTOBER, communes=3)
    marts.change(
        "UPDATE marts.indicator_summary SET month_value = 1234.5678, reported_count = 2"
        " WHERE unit_id = ? AND indicator = 'KT01' AND breakdown = ''",
        [LAM_DONG],
    )
    summary = gather(marts.query, catalogue(), LAM_DONG, OCTOBER).summary("KT01")
    assert summary is not None
    assert (summary.month, summary.reported, summary.expected) == (Decimal("1234.5678"), 2, 3)


def test_only_the_wanted_figures_of_the_units_below_are_read():
    """A report may ask for a few figures of the units below; of its own unit it always has all."""
    marts = Marts()
    communes = fill(marts, LAM_DONG, OCTOBER, communes=2)
    data = gather(
        marts.query, catalogue(), LAM_DONG, OCTOBER, {("TT04", ""), ("SP06", "horizon=within_3_months")}
    )
    below = {key for key in data.summaries if key[0] == communes[0].unit_id}
    assert {key[1:] for key in below} == {("TT04", ""), ("SP06", "horizon=within_3_months")}
    assert data.summary("SP01", "star=3") is not None
    none = gather(marts.query, catalogue(), LAM_DONG, OCTOBER, ())
    assert {unit_id for unit_id, _, _ in none.summaries} == {LAM_DONG}


def test_only_the_unit_and_what_is_below_it_is_read():
    """A district's report holds its own communes' figures and reports, and nobody else's."""
    marts = Marts()
    fill(marts, OLD_LAM_DONG, MAY, communes=2)
    district = catalogue().units.children(OLD_LAM_DONG, MAY.end)[0]
    data = gather(marts.query, catalogue(), district.unit_id, MAY)
    own = {district.unit_id} | {unit.unit_id for unit in data.below}
    assert {unit_id for unit_id, _, _ in data.summaries} <= own
    assert {status.unit_id for status in data.statuses} <= own
    assert {unit.tier for unit in data.below} == {Tier.COMMUNE}


def test_districts_stand_before_their_communes():
    """In a three-tier month each district is followed by its own communes, in the order of codes."""
    marts = Marts()
    fill(marts, OLD_LAM_DONG, MAY, communes=1)
    below = gather(marts.query, catalogue(), OLD_LAM_DONG, MAY).below
    head = None
    for unit in below:
        if unit.tier is Tier.DISTRICT:
            assert head is None or head.code < unit.code
            head = unit
        else:
            assert head is not None
            assert unit.parent_id == head.unit_id


def test_wards_of_one_name_are_told_apart():
    """In a province of districts a commune is named with its district: two cities have a "Phường 2"."""
    marts = Marts()
    fill(marts, OLD_LAM_DONG, MAY)
    data = gather(marts.query, catalogue(), OLD_LAM_DONG, MAY)
    senders = [status.sender for status in data.statuses if not status.agency]
    assert {"Phường 2, thành phố Đà Lạt", "Phường 2, thành phố Bảo Lộc"} <= set(senders)
    assert len(set(senders)) == len(senders)
    district = catalogue().units.children(OLD_LAM_DONG, MAY.end)[0]
    own = gather(marts.query, catalogue(), district.unit_id, MAY).statuses
    assert not any("," in status.sender for status in own)


def test_the_year_before_comes_with_its_reports_its_estimates_and_those_who_reported_twice():
    """What a comparison stands on is read beside it; without any of it nothing is said."""
    marts = Marts()
    fill(marts, LAM_DONG, OCTOBER, communes=2)
    bare = gather(marts.query, catalogue(), LAM_DONG, OCTOBER).summary("TT04")
    assert (bare.last_year_expected, bare.last_year_estimated, bare.like_month, bare.like_year) == (None,) * 4
    marts.change(
        "UPDATE marts.indicator_summary SET year_to_date_last_year_expected_count = 20,"
        " year_to_date_last_year_reported_count = 18, year_to_date_last_year_estimated_value = 7,"
        " like_for_like_month_value = 3, like_for_like_month_last_year_value = 2,"
        " like_for_like_month_reporters_count = 1 WHERE indicator = 'TT04'"
    )
    summary = gather(marts.query, catalogue(), LAM_DONG, OCTOBER).summary("TT04")
    assert (summary.last_year_expected, summary.last_year_reported) == (20, 18)
    assert summary.last_year_estimated == 7
    assert summary.like_month == LikeForLike(Decimal(3), Decimal(2), 1)
    assert summary.like_year is None


def test_a_change_of_the_map_is_told_where_it_changed_something():
    """The reform of 01/07/2025 is told while a month before it is compared with; a change elsewhere never is."""
    marts = Marts()
    for period in (OCTOBER, Period("2026-06"), Period("2027-01")):
        fill(marts, LAM_DONG, period, communes=2)
    told = {
        p: gather(marts.query, catalogue(), LAM_DONG, Period(p)).map_changes
        for p in ("2026-06", "2026-10", "2027-01")
    }
    assert told == {"2026-06": (REFORM,), "2026-10": (REFORM,), "2027-01": ()}


def test_sources_are_the_submissions_of_the_year_to_date():
    """The manifest can name every accepted submission behind the month and the year to date."""
    marts = Marts()
    fill(marts, LAM_DONG, Period("2026-09"), communes=2)
    communes = fill(marts, LAM_DONG, OCTOBER, communes=2, missing=())
    data = gather(marts.query, catalogue(), LAM_DONG, OCTOBER)
    assert f"{communes[0].unit_id}2026-09" in data.submissions
    assert data.month_submissions == 5  # two communes, three departments
    assert len(data.submissions) == 10
    assert [month.period for month in data.months] == ["2026-09", "2026-10"]


def test_plans_of_the_unit_only():
    """A report compares with the plans that bind its unit, not with another unit's."""
    marts = Marts()
    communes = fill(marts, LAM_DONG, OCTOBER, communes=2)
    results = {target.code: ("no_data", None) for target in catalogue().plans["xuan-loc-2019"].targets}
    add_plan(marts, "xuan-loc-2019", communes[0].unit_id, OCTOBER, results)
    assert gather(marts.query, catalogue(), LAM_DONG, OCTOBER).targets == ()


def test_unpublished_month_is_refused():
    """A report on nothing is an error with the unit's name, not an empty report."""
    marts = Marts()
    fill(marts, LAM_DONG, OCTOBER, communes=1)
    with pytest.raises(NoFiguresError, match="Lâm Đồng"):
        gather(marts.query, catalogue(), LAM_DONG, Period("2026-09"))


def test_unit_of_another_time_is_refused():
    """The province of before 01/07/2025 has no report on a month after it."""
    with pytest.raises(UnknownUnitError):
        gather(Marts().query, catalogue(), OLD_LAM_DONG, OCTOBER)
