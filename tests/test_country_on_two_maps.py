"""The whole country's year 2024, reported by the communes of 63 provinces, on the map of 34: nothing is lost."""

from datetime import date

import duckdb
import pytest

from ocop_pipeline.domain.units import Relation, Tier
from ocop_pipeline.warehouse.models import RUN_PERIODS
from ocop_pipeline.warehouse.publish import set_run_periods
from ocop_pipeline.warehouse.raw import store_reference
from ocop_pipeline.warehouse.reference import NATION, reference_tables
from tests.source_tables import make_table, models

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)
INDICATORS = ("TT04", "KT01")
PERIOD = "2025-12"
"""Its report compares with all of 2024."""
_REFERENCE = {"units", "scope", "periods", "restatements", "unit_ways", "indicators"}
_TOLD = """
    INSERT INTO core.indicator_values (period, unit_id, agency, form, indicator, breakdown, value, state)
    SELECT m.month, u.unit_id, '', 'OCOP-XA', i.indicator, '', HASH(m.month, u.unit_id, i.indicator) % 1000, 'number'
    FROM (SELECT DISTINCT month FROM catalogue.restatements WHERE month LIKE '2024-%') AS m
    CROSS JOIN (SELECT * FROM (VALUES ('TT04'), ('KT01')) AS x (indicator)) AS i
    JOIN catalogue.units AS u ON u.tier = 'commune' AND DATE '2024-06-30' BETWEEN u.valid_from AND u.valid_to
"""


_MODELS = ("core.unit_ancestors", "core.restated_values", "core.restated_totals")


@pytest.fixture(scope="module")
def country(catalogue):
    """What restates, run on two flows of every commune in every month of 2024."""
    with duckdb.connect() as connection:
        reference = reference_tables(catalogue, [NATION], [PERIOD], _REFERENCE)
        store_reference(connection, {each.name: each.rows for each in reference})
        set_run_periods(connection, [PERIOD])
        read = {table for name in _MODELS for table in models()[name].dependencies}
        for table in sorted({*read, *_MODELS} - {f"catalogue.{name}" for name in _REFERENCE} - {RUN_PERIODS}):
            make_table(connection, table)
        connection.execute(_TOLD)
        connection.execute(
            "INSERT INTO core.expected_reports (period, form, unit_id, agency) "
            "SELECT DISTINCT period, form, unit_id, '' FROM core.indicator_values"
        )
        connection.execute(
            "INSERT INTO catalogue.asked_lines (period, form, indicator, breakdown) "
            "SELECT DISTINCT period, form, indicator, '' FROM core.indicator_values"
        )
        for name in _MODELS:
            connection.execute(f"INSERT INTO {name} BY NAME {models()[name].sql}")
        yield connection


def _year(connection, table, condition="TRUE"):
    """(unit, indicator) -> the year's sum of a table's values."""
    rows = connection.execute(
        f"SELECT unit_id, indicator, SUM(value) FROM {table} WHERE {condition} GROUP BY ALL"
    )
    return {(unit_id, indicator): value for unit_id, indicator, value in rows.fetchall()}


def test_every_commune_of_then_is_in_the_sum(country, catalogue):
    """The premise: 10,035 communes, twelve months, two figures."""
    ((rows, communes, months),) = country.execute(
        "SELECT COUNT(*), COUNT(DISTINCT unit_id), COUNT(DISTINCT period) FROM core.indicator_values"
    ).fetchall()
    assert (rows, communes, months) == (10_035 * 12 * 2, 10_035, 12)
    assert communes == len(list(catalogue.units.units(BEFORE, Tier.COMMUNE)))


def test_the_nation_and_every_province_have_what_was_reported(country, catalogue):
    """On the new map each of the 34 provinces has the sum of the communes of its old provinces, exactly."""
    told, carried = _year(country, "core.indicator_values"), _year(country, "core.restated_totals")
    provinces = catalogue.units.units(AFTER, Tier.PROVINCE)
    merged = {}
    for link in catalogue.units.all_successions:
        if link.effective_date == AFTER and link.predecessor_id.startswith("p"):
            merged.setdefault(link.successor_id, set()).add(link.predecessor_id)
    assert len(provinces) == 34
    assert sum(map(len, merged.values())) == 63
    nation = dict.fromkeys(INDICATORS, 0)
    for province in provinces:
        communes = [
            unit.unit_id
            for unit in catalogue.units.units(BEFORE, Tier.COMMUNE)
            if any(
                each.unit_id in merged[province.unit_id]
                for each in catalogue.units.ancestors(unit.unit_id, BEFORE)
            )
        ]
        for indicator in INDICATORS:
            expected = sum(told[commune, indicator] for commune in communes)
            nation[indicator] += expected
            assert carried[province.unit_id, indicator] == expected
    assert {indicator: carried["VN", indicator] for indicator in INDICATORS} == nation
    assert nation == {
        indicator: sum(value for (_, each), value in told.items() if each == indicator)
        for indicator in INDICATORS
    }


def test_nothing_is_an_estimate_at_a_province(country):
    """All parts of every divided commune lie in one province."""
    estimated = _year(country, "core.restated_totals", "estimated_value > 0 AND unit_id NOT LIKE 'c%'")
    assert estimated == {}


def test_a_commune_of_whole_units_has_their_sum_and_no_other_is_called_exact(country, catalogue):
    """2,907 communes are made of whole units and 414 have a part of a divided one, by the ledger's own links."""
    told, carried = _year(country, "core.indicator_values"), _year(country, "core.restated_totals")
    parts, divided = {}, set()
    for link in catalogue.units.all_successions:
        if link.effective_date == AFTER and link.successor_id.startswith("c"):
            parts.setdefault(link.successor_id, set()).add(link.predecessor_id)
            if link.relation is Relation.DIVIDED_INTO:
                divided.add(link.successor_id)
    whole = {
        commune
        for commune in parts
        if commune not in divided and any(p.startswith("c") for p in parts[commune])
    }
    for commune in whole:
        for indicator in INDICATORS:
            expected = sum(told.get((part, indicator), 0) for part in parts[commune])
            assert carried[commune, indicator] == expected
    estimated = {
        unit_id
        for unit_id, _ in _year(country, "core.restated_totals", "estimated_value > 0 AND unit_id LIKE 'c%'")
    }
    islands = {commune for commune in parts if not any(part.startswith("c") for part in parts[commune])}
    unchanged = {commune for commune in parts if parts[commune] == {commune}}
    assert estimated == divided
    assert (len(whole) + len(islands), len(estimated), len(unchanged)) == (2_907, 414, 132)


@pytest.mark.parametrize("code", ["00004", "26740"])
def test_a_code_names_two_communes(catalogue, code):
    """A recycled code means something only with a date."""
    before, after = (catalogue.units.find_code(code, day, Tier.COMMUNE) for day in (BEFORE, AFTER))
    assert before.unit_id != after.unit_id
    assert before.full_name != after.full_name
