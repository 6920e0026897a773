"""What people write about a unit, and what it means on a day."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.domain.spelling import without_accents
from ocop_pipeline.domain.unit_finder import Basis, covering
from ocop_pipeline.domain.units import Tier, UnknownUnitError, accent_free_key

CATALOGUE = load_catalogue()
UNITS, FINDER = CATALOGUE.units, CATALOGUE.unit_finder
OLD, NEW, TODAY = date(2025, 6, 30), date(2025, 7, 1), date(2026, 10, 31)
STANDING = {day: UNITS.units(day) for day in (OLD, NEW, TODAY)}


def named(units):
    """Codes and names, for reading."""
    return [f"{unit.code} {unit.full_name}" for unit in units]


@pytest.mark.parametrize(
    ("text", "day", "meant"),
    [
        ("00004", OLD, "00004 Phường Trúc Bạch"),
        ("00004", NEW, "00004 Phường Ba Đình"),
        ("26740", OLD, "26740 Phường Bến Nghé"),
        ("26740", NEW, "26740 Phường Sài Gòn"),
        ("4", OLD, None),
        ("0004", OLD, "00004 Phường Trúc Bạch"),
        ("68", OLD, "68 Tỉnh Lâm Đồng"),
        ("VN", TODAY, "VN Việt Nam"),
        ("c24976.2", TODAY, "24976 Xã Tân Hội"),
        ("xã Tân Hà, huyện Lâm Hà, Lâm Đồng", OLD, "24916 Xã Tân Hà"),
        ("Lâm Đồng, Lâm Hà, Tân Hà", OLD, "24916 Xã Tân Hà"),
        ("Lâm Đồng - Lâm Hà - Tân Hà", OLD, "24916 Xã Tân Hà"),
        ("Xã Tân Hà (huyện Lâm Hà)", OLD, "24916 Xã Tân Hà"),
        ("P. Bến Nghé Q1 TP HCM", OLD, "26740 Phường Bến Nghé"),
        ("phường bến nghé quận 1 tphcm", OLD, "26740 Phường Bến Nghé"),
        ("Hoà Thắng, Lâm Đồng", TODAY, "23053 Xã Hòa Thắng"),
        ("HÒA THẮNG, tỉnh Lâm Đồng", TODAY, "23053 Xã Hòa Thắng"),
        ("Tan Ha Lam Ha", TODAY, "24916 Xã Tân Hà Lâm Hà"),
        ("UBND xã Đức Trọng", TODAY, "24958 Xã Đức Trọng"),
        ("Phường Lang Biang - Đà Lạt, Lâm Đồng", TODAY, "24846 Phường Lang Biang - Đà Lạt"),
        ("Xã Trảng Bom", TODAY, "26248 Phường Trảng Bom"),
        ("Phường Trảng Bom", date(2026, 4, 29), "26248 Xã Trảng Bom"),
        ("tỉnh Bắc Ninh", TODAY, "24 Thành phố Bắc Ninh"),
        ("Thừa Thiên Huế", OLD, "46 Thành phố Huế"),
        ("phường Mũi Né, Phan Thiết", TODAY, "22918 Phường Mũi Né"),
        ("xã Tân Hội, huyện Đức Trọng", TODAY, "24976 Xã Tân Hội"),
    ],
)  # fmt: skip
def test_what_one_unit_is_meant_by(text, day, meant):
    """Codes by date; names with and without type, tone-mark variants, abbreviations, units around them."""
    found = FINDER.find(text, day).meant
    assert (found and f"{found.code} {found.full_name}") == meant


@pytest.mark.parametrize(
    ("text", "day", "last_day", "now"),
    [
        ("xã Tân Hà, huyện Lâm Hà, Lâm Đồng", TODAY, "2025-06-30", ["24916 Xã Tân Hà Lâm Hà"]),
        ("P. Bến Nghé Q1 TP HCM", TODAY, "2025-06-30", ["26740 Phường Sài Gòn"]),
        ("tỉnh Bình Thuận", TODAY, "2025-06-30", ["68 Tỉnh Lâm Đồng"]),
        ("c24916.1", TODAY, "2025-06-30", ["24916 Xã Tân Hà Lâm Hà"]),
        ("Xã Hòa Thắng, huyện Bắc Bình", NEW, "2025-06-30", ["23053 Xã Hòa Thắng", "23041 Xã Hồng Thái"]),
    ],
)  # fmt: skip
def test_a_unit_of_another_day_is_told_with_what_covers_it(text, day, last_day, now):
    """What no longer stands is found on its own map; its successors are named, the default one first."""
    answer = FINDER.find(text, day)
    [former] = answer.other_days
    assert former.unit.last_day.isoformat() == last_day
    assert named(former.covering) == now
    assert answer.meant is None


def test_a_district_is_told_by_its_communes():
    """A "huyện" is no commune of that name: it ended without successor, its ground is in communes."""
    answer = FINDER.find("huyện Đức Trọng", TODAY)
    assert answer.standing == ()
    assert answer.ended is not None
    assert answer.ended.unit.unit_id == "d678.1"
    assert {unit.tier for unit in answer.ended.covering} == {Tier.COMMUNE}
    assert "24958 Xã Đức Trọng" in named(answer.ended.covering)


def test_a_code_tells_what_it_meant_before():
    """The holder of the day is meant; the former one is told beside it."""
    answer = FINDER.find("00004", TODAY)
    assert [each.basis for each in answer.standing] == [Basis.CODE]
    assert named(each.unit for each in answer.other_days) == ["00004 Phường Trúc Bạch"]


def test_a_later_unit_is_told_on_an_earlier_day():
    """A commune of 2025 asked for in 2024 is found, with the communes it was made of."""
    answer = FINDER.find("Xã Tân Hà Lâm Hà", date(2024, 5, 31))
    assert answer.ended is not None
    assert answer.ended.unit.first_day == NEW
    assert "24916 Xã Tân Hà" in named(answer.ended.covering)


def test_several_candidates_are_shown_and_none_is_meant():
    """Four old communes of one name, none of today; and wards of one number in one town and the next."""
    answer = FINDER.find("xã Tân Hà", TODAY)
    assert len(answer.other_days) > 1
    assert (answer.meant, answer.ended) == (None, None)
    assert FINDER.find("phường 1", OLD).meant is None


def test_a_name_by_an_old_district_is_meant_only_where_its_unit_went_there_wholly():
    """Hòa Thắng of Bắc Bình was divided: the commune of that name today is a candidate, not the answer."""
    answer = FINDER.find("xã Hòa Thắng, Bắc Bình", TODAY)
    assert named(each.unit for each in answer.standing) == ["23053 Xã Hòa Thắng"]
    assert not answer.standing[0].is_around
    assert answer.meant is None


def test_words_that_name_no_unit():
    """A hamlet before a commune is passed over and told; an unknown name never becomes the district behind it."""
    answer = FINDER.find("Thôn 5, xã Đức Trọng, Lâm Đồng", TODAY)
    assert (answer.unread, answer.meant and answer.meant.code) == (("Thôn 5",), "24958")
    nothing = FINDER.find("Không Có Thật, Lâm Hà", OLD)
    assert (nothing.standing, nothing.other_days, nothing.elsewhere) == ((), (), ())


@pytest.mark.parametrize(
    "text",
    [
        " - ".join(f"xã b{number} huyện c" for number in range(18)),
        ", ".join(f"xã {number} huyện {number} tỉnh {number}" for number in range(8)),
        ",".join("a" for _ in range(150)),
        "xã a " * 60,
        "ubnd " * 60,
        "x" * 32_000,
        " - ".join(f"xã b{number} huyện c" for number in range(2_000)),
    ],
    ids=lambda text: f"{text[:8]} {len(text)}",
)
def test_hostile_text_costs_little(text):
    """However a cell is filled, the answer is nothing and comes within seconds, not after all ways to part it."""
    begun = time.perf_counter()
    answer = FINDER.find(text, TODAY)
    assert (answer.standing, answer.other_days, answer.meant) == ((), (), None)
    assert time.perf_counter() - begun < 5


def test_a_name_elsewhere_is_a_hint_and_no_answer():
    """A commune that is not in the province named is shown as being elsewhere."""
    answer = FINDER.find("xã Đức Trọng, tỉnh Cà Mau", TODAY)
    assert answer.standing == ()
    assert named(answer.elsewhere) == ["24958 Xã Đức Trọng"]


def test_within_and_tier_narrow():
    """A unit of any day may be the area, whether the unit lies in it or what it came from did."""
    assert FINDER.find("Tân Hội", TODAY, within="p68.2").meant.code == "24976"
    assert FINDER.find("Tân Hội", TODAY, within="d678.1").meant.code == "24976"
    assert FINDER.find("Huế", OLD, tier=Tier.DISTRICT).standing == ()
    with pytest.raises(UnknownUnitError):
        FINDER.find("Tân Hội", TODAY, within="p99.9")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_full_name_with_its_province_always_finds_its_unit(data):
    """On every map: the unit is among those found, and meant where no other unit below the province bears its name."""
    day = data.draw(st.sampled_from(sorted(STANDING)))
    unit = data.draw(
        st.sampled_from([each for each in STANDING[day] if each.tier in (Tier.DISTRICT, Tier.COMMUNE)])
    )
    above = UNITS.ancestors(unit.unit_id, day)
    province = next(each for each in above if each.tier is Tier.PROVINCE)
    joint = data.draw(st.sampled_from([", ", " - ", " "]))
    answer = FINDER.find(f"{unit.full_name}{joint}{province.full_name}", day)
    found = {each.unit.unit_id for each in answer.standing}
    assert unit.unit_id in found
    assert answer.meant == (unit if len(found) == 1 else None)
    with_all = ", ".join(
        [unit.full_name, *(each.full_name for each in above if each.tier is not Tier.NATION)]
    )
    assert FINDER.find(with_all, day).meant == unit


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_accents_off_never_finds_one_of_two_in_silence(data):
    """A name without diacritics means a unit only where no other of the day bears it."""
    day = data.draw(st.sampled_from(sorted(STANDING)))
    unit = data.draw(st.sampled_from(STANDING[day]))
    answer = FINDER.find(without_accents(unit.name), day)
    fitting = {
        each.unit_id for each in STANDING[day] if accent_free_key(each.name) == accent_free_key(unit.name)
    }
    if any(each.basis is Basis.ACCENT_FREE for each in answer.standing):
        assert {each.unit.unit_id for each in answer.standing} >= fitting
        assert answer.meant is None or fitting == {answer.meant.unit_id}


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_covers_a_unit_lies_on_the_map_of_the_day(data):
    """The units that cover a place stand on the day; on its own days it covers itself; the way leads back."""
    unit = data.draw(st.sampled_from(UNITS.all_versions))
    until = data.draw(st.sampled_from(sorted(STANDING)))
    units = covering(UNITS, unit, until)
    assert all(each.in_force(until) for each in units)
    assert units
    if unit.in_force(until):
        assert units == (unit,)
    for each in units:
        back = covering(UNITS, each, max(unit.first_day, min(unit.last_day, until)))
        if each.tier == unit.tier:
            assert unit.unit_id in {one.unit_id for one in back}
