"""A province's report after a change of the map: what was reported on the old one is in it, to the last unit."""

from datetime import date
from decimal import Decimal

import pytest

from ocop_pipeline.domain.units import Relation, Tier
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.trace import trace
from tests.province import run_province

_OLD, _NEW, _BEFORE = "2025-05", "2025-08", "2024-08"


@pytest.fixture(scope="module")
def changed(catalogue, tmp_path_factory):
    """Cà Mau before and after 01/07/2025: of two provinces, whose 164 communes became 64, 19 of them divided."""
    folder = tmp_path_factory.mktemp("changed")
    province = run_province(
        catalogue, folder, "96", _NEW, faults={"missing": 1}, history=(_BEFORE, _OLD), share=0.4
    )
    assert province.outcome.succeeded, province.outcome.reason
    return province


def _rows(province, sql, *values):
    with open_reader(province.settings.warehouse) as connection:
        return connection.execute(sql, list(values)).fetchall()


def test_the_provinces_year_holds_both_maps(changed):
    """Every reported flow of the year is what old and new units gave together, and nothing is an estimate."""
    rows = _rows(
        changed,
        "SELECT t.unit_id, t.indicator, t.breakdown, t.value, t.estimated_value FROM core.rollups AS t "
        "JOIN catalogue.indicators AS i "
        "ON i.indicator = t.indicator AND i.kind = 'flow' AND i.source = 'form' "
        "WHERE t.period = ? AND t.span = 'year_to_date' AND t.unit_id LIKE 'p%'",
        _NEW,
    )
    months = {
        (indicator, breakdown): value
        for indicator, breakdown, value in _rows(
            changed,
            "SELECT t.indicator, t.breakdown, SUM(t.value) FROM core.monthly_totals AS t "
            "WHERE t.period IN (?, ?) AND t.unit_id LIKE 'p%' GROUP BY ALL",
            _OLD, _NEW,
        )
    }  # fmt: skip
    assert len(rows) > 70
    assert any(value for *_, value, _ in rows)
    assert [row for row in rows if row[3] != months[row[1], row[2]]] == []
    assert [row for row in rows if row[4]] == []


def test_the_register_tells_of_the_whole_year_on_todays_map(changed):
    """Recognitions of the year to date are those of every month, run or not, each counted in one commune of today."""
    ((counted,),) = _rows(
        changed,
        "SELECT COUNT(*) FROM core.product_history WHERE is_recognition AND event_date BETWEEN "
        "(SELECT MIN(p.start_date) FROM catalogue.spans AS s JOIN catalogue.periods AS p ON p.period = s.month "
        "WHERE s.period = ? AND s.span = 'year_to_date') "
        "AND (SELECT end_date FROM catalogue.periods WHERE period = ?)",
        _NEW,
        _NEW,
    )
    totals = dict(
        _rows(
            changed,
            "SELECT a.unit_tier, CAST(SUM(t.value) AS INTEGER) FROM core.rollups AS t JOIN core.unit_ancestors AS a "
            "ON a.period = t.period AND a.unit_id = t.unit_id AND a.distance = 0 "
            "WHERE t.period = ? AND t.span = 'year_to_date' AND t.indicator = 'SP01' AND t.breakdown = '' "
            "GROUP BY a.unit_tier",
            _NEW,
        )
    )
    assert counted > 0
    assert totals == {"commune": counted, "province": counted}


def test_communes_add_up_and_say_what_is_estimated(changed):
    """What communes of today have of the old month makes what was reported; parts are estimates."""
    ((exact, estimated),) = _rows(
        changed,
        "SELECT COUNT(*) FILTER (t.estimated_value = 0), COUNT(*) FILTER (t.estimated_value > 0) "
        "FROM core.restated_totals AS t JOIN core.unit_ancestors AS a "
        "ON a.period = t.period AND a.unit_id = t.unit_id AND a.distance = 0 AND a.unit_tier = 'commune' "
        "WHERE t.value > 0 AND t.month = ?",
        _OLD,
    )
    assert exact > estimated > 0
    ((difference,),) = _rows(
        changed,
        "SELECT (SELECT SUM(v.value) FROM core.restated_values AS v) "
        "- (SELECT SUM(v.value) FROM core.indicator_values AS v WHERE v.period IN (?, ?))",
        _BEFORE,
        _OLD,
    )
    assert difference == 0


def test_products_of_then_are_counted_on_the_map_of_today(changed):
    """Products known in the old month are in a commune of today each, and as many as they were."""
    ((then, placed),) = _rows(
        changed,
        "SELECT (SELECT COUNT(DISTINCT h.product_id) FROM core.product_history AS h "
        "JOIN catalogue.periods AS p ON p.period = ? AND h.event_date <= p.end_date), "
        "(SELECT COUNT(*) FROM core.restated_places AS p JOIN core.unit_ancestors AS a "
        "ON a.period = p.period AND a.unit_id = p.unit_id AND a.distance = 0 AND p.month = ?)",
        _OLD,
        _OLD,
    )
    assert then == placed > 0


def test_a_figure_over_the_change_is_walked_back_to_its_cells(changed, catalogue):
    """The cells behind the year to date are those of old and new units, and make the figure."""
    province = catalogue.units.find_code("96", date(2025, 8, 14), Tier.PROVINCE)
    with open_reader(changed.settings.warehouse) as connection:
        (value,) = connection.execute(
            "SELECT value FROM core.rollups WHERE period = ? AND span = 'year_to_date' AND unit_id = ? "
            "AND indicator = 'TT04' AND breakdown = ''",
            [_NEW, province.unit_id],
        ).fetchone()
        cells = trace(connection, province.unit_id, _NEW, "TT04", "", "year_to_date")
    assert {cell.period for cell in cells} == {_OLD, _NEW}
    assert sum(cell.value for cell in cells if cell.value is not None) == value


def test_growth_is_of_communes_that_are_whole_and_reported_both_times(changed, catalogue):
    """Counted by hand: new communes made of whole old ones, all of which told the figure a year before."""
    told = {
        period: dict(
            _rows(
                changed,
                "SELECT v.unit_id, v.value FROM core.indicator_values AS v WHERE v.period = ? AND v.indicator = 'TT04' "
                "AND v.breakdown = '' AND v.state IN ('number', 'nothing') AND v.unit_id LIKE 'c%'",
                period,
            )
        )
        for period in (_BEFORE, _NEW)
    }
    links = [link for link in catalogue.units.all_successions if link.successor_id in told[_NEW]]
    divided = {
        link.predecessor_id
        for link in catalogue.units.all_successions
        if link.relation is Relation.DIVIDED_INTO
    }
    now = before = Decimal(0)
    counted = 0
    for commune, value in told[_NEW].items():
        parts = {link.predecessor_id for link in links if link.successor_id == commune}
        if parts <= told[_BEFORE].keys() - divided:
            counted, now, before = (
                counted + 1,
                now + value,
                before + sum(told[_BEFORE][part] for part in parts),
            )
    ((value, last_year, reporters),) = _rows(
        changed,
        "SELECT value, last_year_value, reporters_count FROM core.like_for_like "
        "WHERE period = ? AND span = 'month' AND indicator = 'TT04' AND unit_id LIKE 'p%'",
        _NEW,
    )
    assert (value, last_year, reporters) == (now, before, counted)
    assert 0 < reporters < len(told[_NEW])
