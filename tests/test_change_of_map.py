"""A province's report after a change of the map: what was reported on the old one is in it, to the last unit."""

import json
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Relation, Tier
from ocop_pipeline.reporting.gather import gather
from ocop_pipeline.warehouse.connection import open_reader, rows_reader
from ocop_pipeline.warehouse.other_map import on_map
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


_ROLLUPS = (
    "SELECT t.span, t.unit_id, t.indicator, t.breakdown, t.value, t.estimated_value, t.expected_count, "
    "t.reported_count, t.months_count FROM core.rollups AS t WHERE t.period = ? ORDER BY ALL"
)


@pytest.mark.parametrize("month", [_BEFORE, _NEW])
def test_on_its_own_map_a_month_is_what_was_published(changed, catalogue, month):
    """Asking for the map of the closing day changes no figure of any span."""
    period = Period(month)
    with on_map(changed.settings.warehouse, catalogue, [period], period.end) as connection:
        found = connection.execute(_ROLLUPS, [month]).fetchall()
    published = _rows(changed, _ROLLUPS, month)
    assert len(published) > 1000
    assert found == published


def test_on_todays_map_an_old_month_is_what_the_new_one_compares_with(changed, catalogue):
    """The old month on the new map has the figures that the new month's report carried over, estimates included."""
    with on_map(changed.settings.warehouse, catalogue, [Period(_OLD)], Period(_NEW).end) as connection:
        found = connection.execute(
            "SELECT unit_id, indicator, breakdown, value, estimated_value, expected_count, reported_count "
            "FROM core.restated_totals WHERE period = ? AND month = ? ORDER BY ALL",
            [_OLD, _OLD],
        ).fetchall()
    carried = _rows(
        changed,
        "SELECT unit_id, indicator, breakdown, value, estimated_value, expected_count, reported_count "
        "FROM core.restated_totals WHERE period = ? AND month = ? ORDER BY ALL",
        _NEW, _OLD,
    )  # fmt: skip
    assert len(found) > 1000
    assert found == carried


@pytest.mark.parametrize(("month", "day"), [(_NEW, Period(_OLD).end), (_BEFORE, Period(_NEW).end)])
def test_on_every_map_the_whole_is_the_same(changed, catalogue, month, day):
    """What adds up has one total over the provinces of any map, reports and register, to the last unit."""
    sql = (
        "SELECT t.span, t.indicator, t.breakdown, SUM(t.value) FROM core.rollups AS t JOIN core.unit_ancestors AS a "
        "ON a.period = t.period AND a.unit_id = t.unit_id AND a.distance = 0 AND a.unit_tier = 'province' "
        "JOIN catalogue.indicators AS i ON i.indicator = t.indicator AND i.kind NOT IN ('ratio', 'distinct') "
        "WHERE t.period = ? AND t.span IN ('month', 'year_to_date') AND t.value IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL"
    )
    with on_map(changed.settings.warehouse, catalogue, [Period(month)], day) as connection:
        found = connection.execute(sql, [month]).fetchall()
    published = _rows(changed, sql, month)
    assert sum(value > 0 for *_, value in published) > 50
    assert found == published


def test_value_on_another_map(changed):
    """`ocop value --map` gives each old province its part of the merged one's month, and says the map."""
    asked = ["value", "--site", str(changed.settings.site), "--period", _NEW, "--indicator", "TT04", "--json"]
    parts = []
    for code in ("95", "96"):
        answer = CliRunner().invoke(app, [*asked, "--unit", code, "--map", "2025-06-30"])
        assert answer.exit_code == 0, answer.output
        part = json.loads(answer.stdout)
        assert part["map"] == {"kind": "date", "date": "2025-06-30"}
        assert part["unit_id"] == f"p{code}.1"
        parts.append(part)
    whole = json.loads(CliRunner().invoke(app, [*asked, "--unit", "96"]).stdout)
    assert whole["map"]["kind"] == "as-reported"
    assert sum(part["value"] for part in parts) == whole["value"] > 0
    assert CliRunner().invoke(app, [*asked, "--unit", "96", "--map", "hôm qua"]).exit_code == 2
    assert (
        CliRunner().invoke(app, [*asked, "--unit", "96", "--map", "today", "--by", "source"]).exit_code == 2
    )


def test_a_report_on_another_map_is_a_table_of_figures_and_says_so(changed, tmp_path):
    """`ocop report --map`: the old province has figures and register, nobody signs, and what is estimated is marked."""
    asked = [
        "report",
        "--site",
        str(changed.settings.site),
        "--period",
        _NEW,
        "--unit",
        "95",
        "--format",
        "json",
    ]
    answer = CliRunner().invoke(app, [*asked, "--map", "2025-06-30", "--out", str(tmp_path / "map.json")])
    assert answer.exit_code == 0, answer.output
    text = (tmp_path / "map.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert (document["kind"], document["signature"]["capacity"]) == ("BẢNG SỐ LIỆU", [])
    assert "đã quy về địa giới ngày 30/06/2025" in json.dumps(document["body"], ensure_ascii=False)
    assert document["map_note"] == "đơn vị hành chính tại ngày 30/06/2025."
    titles = [annex["title"].lower() for annex in document["annexes"]]
    assert any("sổ sản phẩm" in title for title in titles)
    assert not any("chưa báo cáo" in title or "kế hoạch" in title for title in titles)
    assert "≈" in text
    assert CliRunner().invoke(app, asked).exit_code == 2


def test_the_year_knows_the_months_and_reports_of_the_units_before(changed, catalogue):
    """A province that began within the year counts the months and reports of those that went into it, once."""
    with open_reader(changed.settings.warehouse) as connection:
        data = gather(rows_reader(connection), catalogue, "p96.2", Period(_NEW))
        reports = connection.execute(
            "SELECT COUNT(*) FROM staging.submissions WHERE period IN (?, ?)", [_OLD, _NEW]
        ).fetchone()
        asked = connection.execute(
            "SELECT SUM(expected_count) FROM core.coverage WHERE period = ? AND unit_id IN ('p95.1', 'p96.1')",
            [_OLD],
        ).fetchone()
    assert [month.period for month in data.months] == [_OLD, _NEW]
    assert data.months[0].expected == asked[0]
    assert len(data.submissions) == reports[0]


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


def _series(province, *more):
    asked = ["value", "--site", str(province.settings.site), "--period", _NEW, "--since", _BEFORE, *more]
    return CliRunner().invoke(app, asked)


def test_a_series_on_one_map(changed):
    """Every month of a series is on the map asked for, as that month alone is; months that were not run are told."""
    asked = ("--indicator", "TT04", "--unit", "p96.2", "--json")
    answer = _series(changed, *asked, "--map", "today")
    assert answer.exit_code == 0, answer.output
    series = json.loads(answer.stdout)
    months = {month["period"]: month for month in series["months"]}
    assert [month["state"] for month in months.values()] == ["published", *["not_run"] * 11, "published"]
    for key in (_BEFORE, _NEW):
        alone = ["value", "--site", str(changed.settings.site), "--period", key, *asked, "--map", "today"]
        figure = json.loads(CliRunner().invoke(app, alone).stdout)
        assert {name: figure[name] for name in ("value", "estimated", "coverage")} == {
            name: months[key][name] for name in ("value", "estimated", "coverage")
        }
        assert figure["value"] > 0
    ((reported,),) = _rows(
        changed,
        "SELECT SUM(value) FROM core.rollups WHERE period = ? AND span = 'month' AND indicator = 'TT04' "
        "AND breakdown = '' AND unit_id IN ('p95.1', 'p96.1')",
        _BEFORE,
    )
    assert months[_BEFORE]["value"] == reported


def test_a_series_as_reported_says_in_which_months_the_unit_did_not_stand(changed):
    """The merged province has no figure of its own before the merger, and the page says how to see one."""
    answer = _series(changed, "--indicator", "TT04", "--unit", "p96.2", "--json")
    states = [month["state"] for month in json.loads(answer.stdout)["months"]]
    assert states == ["no_figure", *["not_run"] * 11, "published"]
    shown = _series(changed, "--indicator", "TT04", "--unit", "p96.2")
    assert "không có đơn vị này" in shown.stdout
    assert "--map today" in shown.stdout


def test_a_series_that_cannot_be_is_refused(changed):
    """A series with parts, or one that ends before it begins."""
    for more in (("--by", "unit"), ("--since", "2026-01")):
        answer = _series(changed, "--indicator", "TT04", "--unit", "p96.2", *more)
        assert answer.exit_code == 2, answer.output


def test_months_together_on_a_map_are_what_each_is_alone(changed, catalogue):
    """A series shares nothing between its months; of a year before that is in it, who reported is told besides."""
    sql = _ROLLUPS.replace("WHERE", "WHERE t.span NOT LIKE '%last_year' AND")
    day = Period(_NEW).end
    months = [Period(_BEFORE), Period(_NEW)]
    with on_map(changed.settings.warehouse, catalogue, months, day) as connection:
        together = {month.key: connection.execute(sql, [month.key]).fetchall() for month in months}
    for month in months:
        with on_map(changed.settings.warehouse, catalogue, [month], day) as connection:
            alone = connection.execute(sql, [month.key]).fetchall()
        assert len(alone) > 1000
        assert together[month.key] == alone


def test_former_districts_hold_all_of_the_province(changed):
    """By the ground of the former districts: every product once, and all that communes reported of a flow."""
    rows = _rows(
        changed,
        "SELECT f.district_id, f.valid_count FROM marts.former_districts AS f "
        "WHERE f.period = ? AND f.unit_id = 'p96.2'",
        _NEW,
    )
    ((valid,),) = _rows(
        changed,
        "SELECT CAST(t.value AS INTEGER) FROM core.rollups AS t WHERE t.period = ? AND t.span = 'month' "
        "AND t.unit_id = 'p96.2' AND t.indicator = 'SP03' AND t.breakdown = ''",
        _NEW,
    )
    assert len(rows) == 16
    assert sum(count for _, count in rows) == valid > 0
    asked = [
        "value",
        "--site",
        str(changed.settings.site),
        "--period",
        _NEW,
        "--indicator",
        "TT04",
        "--unit",
        "96",
    ]
    answer = CliRunner().invoke(app, [*asked, "--by", "former-district", "--json"])
    assert answer.exit_code == 0, answer.output
    grounds = json.loads(answer.stdout)
    assert {each["unit_id"] for each in grounds} == {district for district, _ in rows}
    assert all(each["unit_name"].startswith("Địa bàn ") for each in grounds)
    ((reported,),) = _rows(
        changed,
        "SELECT CAST(SUM(v.value) AS INTEGER) FROM core.indicator_values AS v WHERE v.period = ? "
        "AND v.indicator = 'TT04' AND v.breakdown = '' AND v.unit_id LIKE 'c%'",
        _NEW,
    )
    assert sum(each["value"] or 0 for each in grounds) == reported


@pytest.mark.parametrize(
    ("unit", "period", "more"), [("96", _BEFORE, ()), ("31825", _NEW, ()), ("96", _NEW, ("--map", "today"))]
)
def test_former_districts_are_of_provinces_after_the_districts(changed, unit, period, more):
    """Of a month that had districts, of a commune, and on a map besides their own, there are none."""
    asked = ["value", "--site", str(changed.settings.site), "--period", period, "--indicator", "TT04"]
    answer = CliRunner().invoke(app, [*asked, "--unit", unit, "--by", "former-district", *more])
    assert answer.exit_code == 2
