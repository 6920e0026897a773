"""Write, audit, publish: what stands after a publication that succeeded, failed or was interrupted."""

import dataclasses
import datetime as dt
import json
import logging
from collections import Counter

import duckdb
import pytest

from ocop_pipeline.catalogue.columns import Column
from ocop_pipeline.quality.audit import CheckResult
from ocop_pipeline.quality.contracts import Check, CheckSeverity
from ocop_pipeline.warehouse.models import ModelError, discover
from ocop_pipeline.warehouse.publish import (
    AuditFailedError,
    Judge,
    Stamp,
    publish,
    record_results,
    set_run_periods,
)

_TYPES = {"period": "VARCHAR", "unit_id": "VARCHAR", "value": "DECIMAL(20,4)", "note": "VARCHAR"}
DICTIONARY = {name: Column(name, kind, "meaning", "nhãn") for name, kind in _TYPES.items()}
_BY_PERIOD = "SELECT c.period, c.unit_id, c.number AS value FROM raw.cells AS c JOIN meta.run_periods AS r ON r.period = c.period"  # noqa: E501 - one line reads best in a failure
_WHOLE = "SELECT c.period, c.unit_id, c.number AS value FROM raw.cells AS c"
_CHECKS = """checks:
  - {expect: column_values_to_be_between, column: value, min_value: 0, severity: critical}
  - {expect: column_values_to_not_be_null, column: value, severity: warning}
"""
_AT = dt.datetime(2026, 10, 15, 8)  # noqa: DTZ001 - as stored
SEPTEMBER, OCTOBER = "2026-09", "2026-10"


@pytest.fixture
def connection():
    """A warehouse with arrivals of two months."""
    with duckdb.connect() as opened:
        opened.execute("CREATE SCHEMA raw")
        opened.execute("CREATE TABLE raw.cells (period VARCHAR, unit_id VARCHAR, number DOUBLE)")
        opened.execute(
            "INSERT INTO raw.cells VALUES ('2026-09', 'b', 2), ('2026-09', 'a', 1), ('2026-10', 'b', 4), ('2026-10', 'a', 3)"  # noqa: E501
        )
        yield opened


@pytest.fixture
def model(tmp_path):
    """Makes a model `core.figures` out of a SELECT."""

    def make(sql=_BY_PERIOD, refresh="by_period", columns="period, unit_id, value"):
        folder = tmp_path / "core"
        folder.mkdir(exist_ok=True)
        (folder / "figures.sql").write_text(f"-- One row per figure.\n{sql}\n", encoding="utf-8")
        contract = f"grain: [period, unit_id]\nrefresh: {refresh}\ncolumns: [{columns}]\n{_CHECKS}"
        (folder / "figures.yml").write_text(contract, encoding="utf-8")
        return discover(tmp_path, DICTIONARY)["core.figures"]

    return make


def _publish(connection, model, *periods, **options):
    set_run_periods(connection, periods)
    return publish(connection, model, periods, **options)


def _rows(connection):
    return connection.execute("SELECT period, unit_id, CAST(value AS INTEGER) FROM core.figures").fetchall()


def _results(connection, columns="check_name, passed"):
    return connection.execute(f"SELECT {columns} FROM meta.check_results").fetchall()


def test_a_first_publication_makes_the_table_as_declared(connection, model):
    """Types are the dictionary's, not the query's; rows stand in the order of the grain."""
    published = _publish(connection, model(), SEPTEMBER, OCTOBER)
    assert published.rows == 4
    assert published.seconds > 0
    assert [each.passed for each in published.results] == [True] * 5
    described = connection.execute("SELECT column_name, column_type FROM (DESCRIBE core.figures)").fetchall()
    assert described == [("period", "VARCHAR"), ("unit_id", "VARCHAR"), ("value", "DECIMAL(20,4)")]
    assert _rows(connection) == [
        ("2026-09", "a", 1),
        ("2026-09", "b", 2),
        ("2026-10", "a", 3),
        ("2026-10", "b", 4),
    ]


def test_a_period_is_replaced_and_the_others_stay(connection, model):
    """Publishing October again changes October only, even when September's source has changed too."""
    _publish(connection, model(), SEPTEMBER, OCTOBER)
    connection.execute("UPDATE raw.cells SET number = number * 10")
    connection.execute("DELETE FROM raw.cells WHERE period = '2026-10' AND unit_id = 'a'")
    assert _publish(connection, model(), OCTOBER).rows == 1
    assert sorted(_rows(connection)) == [("2026-09", "a", 1), ("2026-09", "b", 2), ("2026-10", "b", 40)]


def test_publishing_twice_changes_nothing(connection, model):
    """The same inputs give the same table, row by row."""
    _publish(connection, model(), OCTOBER)
    first = _rows(connection)
    _publish(connection, model(), OCTOBER)
    assert _rows(connection) == first


def test_a_whole_table_is_replaced_whole(connection, model):
    """Rows whose source is gone are gone, whatever the run's periods are."""
    whole = model(_WHOLE, "whole")
    assert _publish(connection, whole, OCTOBER).rows == 4
    connection.execute("DELETE FROM raw.cells WHERE period = '2026-09'")
    assert _publish(connection, whole, OCTOBER).rows == 2
    assert len(_rows(connection)) == 2


def test_a_critical_finding_leaves_the_last_good_numbers(connection, model):
    """Nothing is published, the old rows stand, and the record says which check found what where."""
    _publish(connection, model(), OCTOBER)
    connection.execute("UPDATE raw.cells SET number = -1 WHERE unit_id = 'a'")
    with pytest.raises(AuditFailedError, match=r"core\.figures was not published: .*_value \(1\)") as failed:
        _publish(connection, model(), OCTOBER, run_id="r2")
    assert _rows(connection) == [("2026-10", "a", 3), ("2026-10", "b", 4)]
    assert [each.name for each in failed.value.critical] == ["column_values_to_be_between_value"]
    columns = "run_id, table_name, periods, check_name, severity, violations, sample"
    stored = connection.execute(f"SELECT {columns} FROM meta.check_results WHERE NOT passed").fetchall()
    sample = json.dumps([{"period": "2026-10", "unit_id": "a"}])
    name = "column_values_to_be_between_value"
    assert stored == [("r2", "core.figures", "2026-10", name, "critical", 1, sample)]


def test_a_first_publication_that_fails_leaves_no_table(connection, model):
    """A table nobody could trust is not left behind half made."""
    connection.execute("UPDATE raw.cells SET number = -1")
    with pytest.raises(AuditFailedError):
        _publish(connection, model(), OCTOBER)
    with pytest.raises(duckdb.CatalogException):
        _rows(connection)
    assert len(_results(connection)) == 5


def test_a_warning_publishes_and_is_recorded(connection, model):
    """A flagged table stands, with the flag beside it."""
    connection.execute("UPDATE raw.cells SET number = NULL WHERE period = '2026-10' AND unit_id = 'b'")
    published = _publish(connection, model(), OCTOBER, run_id="r1", checked_at=_AT)
    assert [each.name for each in published.results if not each.passed] == [
        "column_values_to_not_be_null_value"
    ]
    assert len(_rows(connection)) == 2
    assert set(_results(connection, "run_id, checked_at")) == {("r1", _AT)}


def test_a_run_is_not_judged_by_the_months_before_it(connection, model):
    """A fault published as a warning last month does not flag this month again."""
    connection.execute("UPDATE raw.cells SET number = NULL WHERE period = '2026-09'")
    _publish(connection, model(), SEPTEMBER)
    assert all(each.passed for each in _publish(connection, model(), OCTOBER).results)


def test_a_broken_grain_is_never_published(connection, model):
    """Two rows for one unit and month stop the publication."""
    connection.execute("INSERT INTO raw.cells VALUES ('2026-10', 'a', 3)")
    with pytest.raises(AuditFailedError, match=r"grain_unique \(2\)"):
        _publish(connection, model(), OCTOBER)


def test_a_failing_statement_comes_back_with_its_sql(connection, model):
    """The message carries the statement, and the table is as it was."""
    _publish(connection, model(), OCTOBER)
    connection.execute("UPDATE raw.cells SET number = 1e30")
    with pytest.raises(ModelError, match=r"(?s)core\.figures: .*INSERT INTO .*FROM raw\.cells"):
        _publish(connection, model(), OCTOBER)
    assert _rows(connection) == [("2026-10", "a", 3), ("2026-10", "b", 4)]
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_rows_outside_the_run_are_refused(connection, model):
    """A model that joins the run's periods but gives other months would double them at the next run."""
    sql = f"{_WHOLE} WHERE EXISTS (SELECT 1 FROM meta.run_periods AS r)"
    with pytest.raises(ModelError, match="2 rows outside the periods of this run"):
        _publish(connection, model(sql), OCTOBER)


def test_rows_without_a_period_are_refused(connection, model):
    """A row of no month could never be replaced."""
    sql = _BY_PERIOD.replace("SELECT c.period", "SELECT NULL AS period")
    with pytest.raises(ModelError, match="outside the periods"):
        _publish(connection, model(sql), OCTOBER)


def test_the_periods_must_be_those_the_models_see(connection, model):
    """What is recorded and what is computed cannot differ."""
    set_run_periods(connection, [SEPTEMBER])
    with pytest.raises(ModelError, match="call set_run_periods first"):
        publish(connection, model(), [OCTOBER])


def test_a_changed_layout_rebuilds_the_table_and_says_what_is_lost(connection, model, caplog):
    """Months of the old layout fall away loudly: they are named, to be published again."""
    _publish(connection, model(), SEPTEMBER, OCTOBER)
    wider = model(
        _BY_PERIOD.replace("AS value", "AS value, 'x' AS note"), columns="period, unit_id, value, note"
    )
    with caplog.at_level(logging.WARNING):
        published = _publish(connection, wider, OCTOBER)
    assert published.lost_periods == (SEPTEMBER,)
    assert "layout changed" in caplog.text
    assert len(_rows(connection)) == 2
    assert _publish(connection, wider, SEPTEMBER, OCTOBER).lost_periods == ()
    assert len(_rows(connection)) == 4


def test_a_changed_layout_that_fails_its_audit_keeps_the_old_table(connection, model):
    """Dropping the old table is part of the transaction."""
    _publish(connection, model(), SEPTEMBER, OCTOBER)
    wider = model(
        _BY_PERIOD.replace("AS value", "- 100 AS value, 'x' AS note"), columns="period, unit_id, value, note"
    )
    with pytest.raises(AuditFailedError):
        _publish(connection, wider, OCTOBER)
    assert len(_rows(connection)) == 4


def test_an_interrupt_rolls_back(connection, model, monkeypatch):
    """Ctrl-C between writing and judging leaves the last good numbers and a usable connection."""
    _publish(connection, model(), OCTOBER)
    connection.execute("UPDATE raw.cells SET number = 99")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ocop_pipeline.warehouse.publish.audit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _publish(connection, model(), OCTOBER)
    assert _rows(connection) == [("2026-10", "a", 3), ("2026-10", "b", 4)]
    assert len(_results(connection)) == 5


def test_the_second_judge_is_handed_the_rows_of_the_run(connection, model):
    """It gets the rows of the month the run is for, as Arrow, once they stand."""
    seen = []

    def hand_over(contract, rows):
        seen.append((contract.table, rows.column("period").to_pylist(), len(_results(connection))))

    _publish(connection, model(), SEPTEMBER)
    _publish(connection, model(), SEPTEMBER, OCTOBER, hand_over=hand_over)
    assert seen == [("core.figures", [OCTOBER, OCTOBER], 10)]


def test_the_second_judge_is_not_asked_about_what_has_failed(connection, model):
    """A table that was not published has no rows to judge."""
    connection.execute("UPDATE raw.cells SET number = -1")

    def hand_over(*_):
        pytest.fail("asked")

    with pytest.raises(AuditFailedError):
        _publish(connection, model(), OCTOBER, hand_over=hand_over)


def test_results_say_who_judged(connection, model):
    """Both judges' results lie in one table, told apart."""
    published = _publish(connection, model(), OCTOBER, run_id="r1", checked_at=_AT)
    stamp = Stamp("r1", _AT, "core.figures", (OCTOBER,), Judge.GREAT_EXPECTATIONS)
    record_results(connection, stamp, published.results[:1])
    record_results(connection, stamp, ())
    assert Counter(_results(connection, "judge")) == {("sql",): 5, ("great_expectations",): 1}
    assert set(_results(connection, "periods, checked_at")) == {(OCTOBER, _AT)}


def test_a_check_whose_sql_fails_names_it(connection, model):
    """An audit that cannot run is an error with its SQL, not a pass."""
    base = model()
    broken = Check("broken", CheckSeverity.WARNING, violations="SELECT f.colour FROM core.figures AS f")
    contract = dataclasses.replace(base.contract, checks=(broken,))
    with pytest.raises(ModelError, match=r"(?s)core\.figures: a check failed to run: .*colour.*WITH audited"):
        _publish(connection, dataclasses.replace(base, contract=contract), OCTOBER)


def test_a_result_carries_sql_a_person_can_run(connection, model):
    """The SQL beside a finding shows every offending row of the published table."""
    connection.execute("UPDATE raw.cells SET number = NULL WHERE unit_id = 'b'")
    published = _publish(connection, model(), SEPTEMBER, OCTOBER)
    found: CheckResult = next(each for each in published.results if not each.passed)
    rows = connection.execute(found.sql).fetchall()
    assert sorted(row[:2] for row in rows) == [("2026-09", "b"), ("2026-10", "b")]
