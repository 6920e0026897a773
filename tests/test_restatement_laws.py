"""Figures carried to another map in SQL against the pure functions of `domain/restatement.py`, on random maps."""

from datetime import date
from decimal import Decimal

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.domain.restatement import restated, ways
from ocop_pipeline.domain.unit_events import with_events
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.warehouse.maps import map_on, way_rows
from tests.source_tables import make_table, models
from tests.unit.domain.test_restatement import histories

_MODEL = models()["core.restated_values"]
_DECIMALS = 1


@settings(max_examples=25)
@given(histories(), st.data())
def test_sql_carries_figures_as_the_pure_functions_do(history, data):
    """Figure by figure, whole or shared out, forward or backward in time."""
    ledger = with_events(*history)
    years = st.integers(2025, 2031).map(lambda year: date(year, 6, 1))
    since, until = data.draw(years), data.draw(years)
    one, other = map_on(ledger, since), map_on(ledger, until)
    if one == other:
        return
    units = sorted(unit.unit_id for unit in ledger.units(since, Tier.COMMUNE))
    figures = {unit: Decimal(data.draw(st.integers(0, 10**7))).scaleb(-_DECIMALS) for unit in units}
    expected = restated(figures, ways(ledger, since, until), _DECIMALS)
    found = _by_sql(figures, way_rows(ledger, {(one.map_id, other.map_id)}), one.map_id, other.map_id)
    assert found == {target: each.value for target, each in expected.items()}


def _by_sql(figures, rows, from_map, to_map):
    given_rows = {
        "meta.run_periods": [{"period": "r"}],
        "catalogue.restatements": [{"period": "r", "month": "m", "from_map": from_map, "to_map": to_map}],
        "catalogue.indicators": [
            {"indicator": "TT04", "source": "form", "decimals": _DECIMALS, "restated_by": "products"}
        ],
        "catalogue.unit_ways": rows.to_pylist(),
        "core.indicator_values": [
            {"period": "m", "unit_id": unit, "indicator": "TT04", "breakdown": "", "value": value}
            for unit, value in figures.items()
        ],
    }
    with duckdb.connect() as connection:
        for table in sorted(set(_MODEL.dependencies)):
            make_table(connection, table, given_rows.get(table, ()))
        total = f"SELECT unit_id, SUM(value) FROM ({_MODEL.sql}) AS carried GROUP BY unit_id"
        return dict(connection.execute(total).fetchall())
