"""Which unit stands for another on a day: on real units and on random histories."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.domain.standing import Choice, standing
from ocop_pipeline.domain.unit_events import with_events
from ocop_pipeline.domain.units import Tier
from tests.unit.domain.test_restatement import histories

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)


def _unit(units, name, on, tier, above):
    (found,) = (
        unit
        for unit in units.units(on, tier)
        if unit.full_name == name
        and any(each.full_name == above for each in units.ancestors(unit.unit_id, on))
    )
    return found.unit_id


def test_a_commune_of_today_was_in_the_district_that_held_all_it_came_from(catalogue):
    """Xã Lạc Dương came from Lạc Dương town and two communes of huyện Lạc Dương: before, that district is sure."""
    units = catalogue.units
    commune = _unit(units, "Xã Lạc Dương", AFTER, Tier.COMMUNE, "Tỉnh Lâm Đồng")
    found = standing(units, commune, BEFORE)
    assert found.choice is Choice.AROUND
    assert units.get(found.unit_id, BEFORE).full_name == "Huyện Lạc Dương"


def test_an_ended_commune_is_its_default_successor_and_a_district_its_province_of_today(catalogue):
    """A certificate outlives the commune and the district that listed it."""
    units = catalogue.units
    for commune in units.units(BEFORE, Tier.COMMUNE)[:200]:
        (default,) = (link for link in units.successors(commune.unit_id) if link.is_default)
        assert standing(units, commune.unit_id, AFTER).unit_id == default.successor_id
    district = _unit(units, "Huyện Lạc Dương", BEFORE, Tier.DISTRICT, "Tỉnh Lâm Đồng")
    found = standing(units, district, AFTER)
    assert (found.choice, units.get(found.unit_id, AFTER).full_name) == (Choice.ABOVE, "Tỉnh Lâm Đồng")


@pytest.mark.parametrize("on", [BEFORE, AFTER])
def test_every_unit_of_any_time_is_somewhere_in_a_province(catalogue, on):
    """Nothing falls off the map: whatever lists a product has a place in a province on both sides of the reform."""
    units = catalogue.units
    standing_on = {unit.unit_id for unit in units.units(on)}
    for version in units.all_versions:
        if version.tier in (Tier.NATION, Tier.PROVINCE):
            continue
        found = standing(units, version.unit_id, on).unit_id
        assert found in standing_on
        assert not found.startswith("VN")


def test_a_commune_stays_within_what_its_province_was(catalogue):
    """What stands for a commune of today before the reform is in one of the provinces that its own came from."""
    units = catalogue.units
    for commune in units.units(AFTER, Tier.COMMUNE):
        found = standing(units, commune.unit_id, BEFORE).unit_id
        chain = {found, *(unit.unit_id for unit in units.ancestors(found, BEFORE))}
        assert chain & {link.predecessor_id for link in units.predecessors(commune.parent_id)}


@given(histories(), st.integers(2024, 2032), st.integers(0, 364))
def test_a_unit_on_the_map_stands_for_itself_and_any_other_is_stood_for_by_one_on_the_map(history, year, day):
    """On random trees of events, any number of changes apart, in both directions."""
    ledger = with_events(*history)
    on = date(year, 1, 1) + timedelta(days=day)
    there = {unit.unit_id for unit in ledger.units(on)}
    for unit_id in {version.unit_id for version in ledger.all_versions}:
        found = standing(ledger, unit_id, on)
        assert found.unit_id in there
        assert (found.choice is Choice.ITSELF) == (unit_id in there)
