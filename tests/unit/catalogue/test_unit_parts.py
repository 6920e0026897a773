"""What a site knows of the parts of its divided units: what is refused, and that figures are shared out by it."""

from datetime import date
from fractions import Fraction

import pytest

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.unit_parts import COLUMNS, KINDS, divided_units, with_parts
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.unit_counts import divided as counted
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.warehouse.maps import map_on, way_rows

DAY = date(2025, 7, 1)


@pytest.fixture(scope="module")
def units(catalogue):
    """The shipped units."""
    return catalogue.units


@pytest.fixture(scope="module")
def divided(units):
    """Two communes divided in two on 1 July 2025: (old code, codes of its parts)."""
    found = [
        (units.get(unit_id, date(2025, 6, 30)), [units.get(link.successor_id, DAY).code for link in links])
        for (unit_id, day), links in sorted(divided_units(units).items())
        if day == DAY and len(links) == 2
    ]
    return [(unit.code, codes) for unit, codes in found if unit.tier is Tier.COMMUNE][:2]


def _file(folder, *rows):
    usual = {"effective_date": "2025-07-01", "source": "Chi cục Thống kê", "confidence": "S"}
    lines = [",".join((usual | row).get(column, "") for column in COLUMNS) for row in rows]
    path = folder / "unit_parts.csv"
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    return [path]


def _weights(units):
    """(old unit, new unit) -> equal, population and area weight, over the reform."""
    pair = (map_on(units, Period("2025-05").end).map_id, map_on(units, DAY).map_id)
    return {
        (row["unit_id"], row["target_id"]): (row["weight"], row["population_weight"], row["area_weight"])
        for row in way_rows(units, {pair}).to_pylist()
    }


def test_without_a_file_the_units_are_as_they_are(units):
    """A site that knows nothing more changes nothing."""
    assert with_parts(units, []) is units


def test_figures_are_shared_out_by_the_people_of_the_parts(units, divided, tmp_path):
    """Amounts become exact shares of the unit told; of every other unit nothing is claimed."""
    (old, (first, second)), _ = divided
    told = with_parts(
        units,
        _file(
            tmp_path,
            {"unit": old, "successor": first, "population": "1200", "area_km2": "2.5"},
            {"unit": old, "successor": second, "population": "2400", "area_km2": "7.5"},
        ),
    )
    unit = units.find_code(old, date(2025, 6, 30)).unit_id
    shares = {link.successor_id: link.shares for link in told.successors(unit)}
    one, other = units.find_code(first, DAY).unit_id, units.find_code(second, DAY).unit_id
    assert shares[one] == {"population": Fraction(1, 3), "area": Fraction(1, 4)}
    weights = _weights(told)
    assert weights[unit, one] == (1, 1, 1)
    assert weights[unit, other] == (1, 2, 3)
    others = [each for (source, _), each in weights.items() if source != unit]
    assert len(others) > 10_000
    assert all(population is None and area is None for _, population, area in others)
    assert all(population is None for _, population, _ in _weights(units).values())


def test_blank_amounts_say_nothing(units, divided, tmp_path):
    """The list as it was written out, filled in for one unit, is read; what is blank stays shared out equally."""
    (old, codes), (blank, others) = divided
    rows = [{"unit": old, "successor": code, "population": "10"} for code in codes]
    rows += [{"unit": blank, "successor": code, "source": "", "confidence": ""} for code in others]
    told = with_parts(units, _file(tmp_path, *rows))
    unit = units.find_code(blank, date(2025, 6, 30)).unit_id
    assert all(not link.shares for link in told.successors(unit))


def test_an_id_names_a_unit_too(units, divided, tmp_path):
    """Codes were recycled, ids never are."""
    (old, codes), _ = divided
    unit = units.find_code(old, date(2025, 6, 30)).unit_id
    told = with_parts(
        units, _file(tmp_path, *({"unit": unit, "successor": code, "area_km2": "1"} for code in codes))
    )
    assert {link.shares["area"] for link in told.successors(unit)} == {Fraction(1, 2)}


@pytest.mark.parametrize(
    ("change", "row", "reason"),
    [
        ({0: {"unit": "99999"}}, 2, "no unit has the code or id '99999' on 2025-06-30"),
        ({0: {"effective_date": "2025-05-01"}}, 2, "was not divided on 2025-05-01"),
        ({1: {"successor": "00004"}}, 3, "did not go to"),
        ({1: {"successor": None, "population": "11"}}, 3, "this part stands twice"),
        ({1: {"population": ""}}, 3, "population is told of some parts"),
        ({0: {"population": "10.5"}}, 2, "population counts people"),
        ({0: {"effective_date": "0001-01-01"}}, 2, "on 0001-01-01"),
        ({0: {"population": "0"}}, 2, "must be more than nought"),
        ({0: {"population": "-3"}}, 2, "must be more than nought"),
        ({0: {"population": "khoảng 20"}}, 2, "population"),
        ({1: {"source": ""}}, 3, "source"),
    ],
)
def test_what_cannot_be_is_refused(units, divided, tmp_path, change, row, reason):
    """With file, row and what is wrong."""
    (old, (first, second)), _ = divided
    rows = [{"unit": old, "successor": each, "population": "10"} for each in (first, second)]
    for number, fields in change.items():
        rows[number] |= {name: first if value is None else value for name, value in fields.items()}
    with pytest.raises(CatalogueError) as refused:
        with_parts(units, _file(tmp_path, *rows))
    assert f"unit_parts.csv:{row}:" in str(refused.value)
    assert reason in str(refused.value)


def test_a_part_left_out_is_named(units, divided, tmp_path):
    """Where no row tells a part, the refusal names it by its code."""
    (old, (first, second)), _ = divided
    with pytest.raises(CatalogueError, match=f"of some parts of .* only, not of {second}"):
        with_parts(units, _file(tmp_path, {"unit": old, "successor": first, "population": "10"}))


def test_a_share_of_the_site_has_its_own_source(units, divided, tmp_path):
    """What the site tells is not said to be the decree's; a kind it does not tell has no source."""
    (old, codes), _ = divided
    told = with_parts(
        units, _file(tmp_path, *({"unit": old, "successor": code, "area_km2": "1"} for code in codes))
    )
    unit = units.find_code(old, date(2025, 6, 30)).unit_id
    assert [link.share_sources for link in told.successors(unit)] == [{"area": "Chi cục Thống kê"}] * 2
    assert not any(link.share_sources for link in units.all_successions)


def test_the_units_told_are_counted(units, divided, tmp_path):
    """Of the 442 communes divided by the reform, as many as the site tells all parts of."""
    assert [(each.units, each.told) for each in counted(units, KINDS)] == [
        (442, {"population": 0, "area": 0})
    ]
    (old, codes), _ = divided
    told = with_parts(
        units, _file(tmp_path, *({"unit": old, "successor": code, "area_km2": "1"} for code in codes))
    )
    assert [(each.day, each.told) for each in counted(told, KINDS)] == [(DAY, {"population": 0, "area": 1})]


def test_ground_told_ever_so_finely_has_weights_that_fit(units, divided, tmp_path):
    """Shares finer than a 64-bit number can tell are rounded; a part that is told never becomes nothing."""
    (old, (first, second)), _ = divided
    rows = [
        {"unit": old, "successor": first, "area_km2": "0.0000000000000000000000001"},
        {"unit": old, "successor": second, "area_km2": "12.1234567890123456789012345"},
    ]
    weights = _weights(with_parts(units, _file(tmp_path, *rows)))
    unit = units.find_code(old, date(2025, 6, 30)).unit_id
    found = [area for (source, _), (_, _, area) in weights.items() if source == unit]
    assert sorted(found) == [1, 10**15]
