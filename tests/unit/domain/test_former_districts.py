"""The ground of the former districts: from which of them every commune of today came."""

from collections import Counter
from datetime import date

import pytest

from ocop_pipeline.domain.former_districts import former_districts, last_district_day
from ocop_pipeline.domain.restatement import all_ways
from ocop_pipeline.domain.units import Tier, UnitLedger, UnitVersion

TODAY = date(2026, 10, 14)


@pytest.fixture(scope="module")
def found(catalogue):
    """The former districts of the whole country."""
    eve = last_district_day(catalogue.units)
    ways = all_ways(catalogue.units, eve, TODAY)
    return former_districts(
        catalogue.units, [(unit, way.target_id) for unit, targets in ways.items() for way in targets]
    )


def test_the_day_is_the_ledgers(catalogue):
    """The districts ended on 30 June 2025; nobody wrote that day into the code."""
    assert last_district_day(catalogue.units) == date(2025, 6, 30)


def test_there_is_no_such_day_while_there_are_districts():
    """A ledger whose districts stand, or that never had any, has nothing to group by."""
    nation = UnitVersion("vn", "VN", Tier.NATION, "", "Việt Nam", "Việt Nam", None, None, None)
    district = UnitVersion("d1.1", "001", Tier.DISTRICT, "huyện", "Một", "Huyện Một", "vn", None, None)
    for versions in ([nation, district], [nation]):
        ledger = UnitLedger(versions, [])
        assert last_district_day(ledger) is None
        assert former_districts(ledger, [("d1.1", "d1.1")]) == {}


def test_every_commune_of_today_lies_on_former_districts(catalogue, found):
    """All 3,321 communes, the island districts that had no communes among them; most on one district's ground."""
    communes = {unit.unit_id for unit in catalogue.units.units(TODAY, Tier.COMMUNE)}
    assert set(found) == communes
    districts = {district for each in found.values() for district in each}
    eve = last_district_day(catalogue.units)
    assert districts == {unit.unit_id for unit in catalogue.units.units(eve, Tier.DISTRICT)}
    alone = Counter(len(each) for each in found.values())[1]
    assert 3000 < alone < len(communes)


def test_the_parts_are_the_communes_that_went_there(catalogue, found):
    """Counted afresh from the links of the reform: old communes of a district that went into one of today's."""
    eve = last_district_day(catalogue.units)
    for commune in sorted(found)[::97]:
        parents = Counter(
            catalogue.units.get(link.predecessor_id, eve).parent_id
            for link in catalogue.units.predecessors(commune)
            if link.effective_date == date(2025, 7, 1)
            and catalogue.units.get(link.predecessor_id, eve).tier is Tier.COMMUNE
        )
        if parents:
            assert found[commune] == dict(parents)
