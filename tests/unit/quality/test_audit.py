"""The fast path: checks as SQL, counted in one statement, with all offending keys."""

import datetime as dt
from decimal import Decimal

import duckdb
import pytest

from ocop_pipeline.quality.audit import audit, count_sql, literal, offending
from ocop_pipeline.quality.contracts import Check, CheckSeverity, Contract, Refresh

CRITICAL, WARNING = CheckSeverity.CRITICAL, CheckSeverity.WARNING


@pytest.fixture
def connection():
    """A database with 60 rows: values 0 … 59, every third one null, unit ids u00 … u59."""
    with duckdb.connect() as opened:
        opened.execute("CREATE SCHEMA core")
        opened.execute(
            "CREATE TABLE core.figures AS SELECT '2026-10' AS period, printf('u%02d', n) AS unit_id, "
            "CAST(CASE WHEN n % 3 <> 0 THEN n END AS DECIMAL(20, 4)) AS value FROM range(60) AS t(n)"
        )
        yield opened


def _contract(*checks: Check) -> Contract:
    return Contract(
        "core.figures", ("period", "unit_id"), Refresh.WHOLE, ("period", "unit_id", "value"), checks
    )


def _select(connection, log=None):
    def select(sql):
        if log is not None:
            log.append(sql)
        return connection.execute(sql).fetchall()

    return select


_BELOW_FIFTY = Check(
    "small", CRITICAL, "column_values_to_be_between", {"column": "value", "max_value": Decimal(49)}
)
_FILLED = Check("filled", WARNING, "column_values_to_not_be_null", {"column": "value"})


def test_results_keep_the_contracts_order_and_severity(connection):
    """One result a check, in the order written, each with its own severity."""
    results = audit(_select(connection), _contract(_FILLED, _BELOW_FIFTY))
    assert [(each.name, each.severity, each.passed) for each in results] == [
        ("filled", WARNING, False),
        ("small", CRITICAL, False),
    ]


def test_a_sound_table_costs_one_statement(connection):
    """All checks are counted by a single SELECT; keys are asked for only where something offends."""
    log = []
    connection.execute("DELETE FROM core.figures WHERE value IS NULL OR value > 49")
    results = audit(_select(connection, log), _contract(_FILLED, _BELOW_FIFTY))
    assert all(each.passed and each.violations == 0 and each.sample == () for each in results)
    assert len(log) == 1


def test_the_count_is_true_even_where_keys_are_capped(connection):
    """A sample of three still reports all twenty nulls, and `offending` gives every key, in grain order."""
    contract = _contract(_FILLED)
    result = audit(_select(connection), contract, sample=3)[0]
    assert result.violations == 20
    assert [key["unit_id"] for key in result.sample] == ["u00", "u03", "u06"]
    assert [key["unit_id"] for key in offending(_select(connection), contract, _FILLED)] == [
        f"u{n:02d}" for n in range(0, 60, 3)
    ]


def test_a_null_offends_only_where_null_is_checked(connection):
    """Silence is not a wrong number: bounds pass over nulls."""
    result = audit(_select(connection), _contract(_BELOW_FIFTY))[0]
    assert result.violations == 7  # 50, 52, 53, 55, 56, 58, 59


def test_the_relation_limits_what_is_judged(connection):
    """A run judges what it has written, given as a subquery, in counts, keys and the SQL shown to people."""
    part = "(SELECT * FROM core.figures WHERE unit_id < 'u10')"
    result = audit(_select(connection), _contract(_FILLED), part)[0]
    assert (result.violations, len(result.sample)) == (4, 4)
    assert len(connection.execute(result.sql).fetchall()) == 4


def test_every_row_of_a_repeated_key_offends_and_null_keys_are_alike(connection):
    """Rows sharing a compound key all count, and two null keys are one key: a broken grain never passes."""
    connection.execute("DELETE FROM core.figures")
    connection.execute(
        "INSERT INTO core.figures VALUES ('p', 'a', 1), ('p', 'a', 2), ('p', NULL, 3), ('p', NULL, 4)"
    )
    check = Check(
        "grain_unique", CRITICAL, "compound_columns_to_be_unique", {"column_list": ("period", "unit_id")}
    )
    result = audit(_select(connection), _contract(check))[0]
    assert result.violations == 4
    assert [key["unit_id"] for key in result.sample] == ["a", "a", None, None]


def test_a_check_in_sql_offends_by_the_rows_it_returns(connection):
    """Zero rows pass; otherwise rows are counted and shown as returned, a last comment does no harm."""
    sql = "SELECT f.unit_id, f.value, f.value > 5 AS big FROM core.figures AS f WHERE f.value < 3 -- small"
    result = audit(_select(connection), _contract(Check("odd", WARNING, violations=sql)))[0]
    assert result.violations == 2
    assert result.sample[0] == {"unit_id": "u01", "value": "1.0000", "big": "False"}
    none = Check("odd", WARNING, violations=sql.replace("< 3", "< 0") + "\n;\n")
    assert audit(_select(connection), _contract(none))[0].passed


def test_a_row_count_outside_its_bounds_is_one_violation(connection):
    """A table too small or too large is one fault, without keys."""
    few = Check("few", WARNING, "table_row_count_to_be_between", {"min_value": 1, "max_value": 59})
    many = Check("many", WARNING, "table_row_count_to_be_between", {"min_value": 60})
    results = audit(_select(connection), _contract(few, many))
    assert [(each.violations, each.sample) for each in results] == [(1, ()), (0, ())]
    connection.execute("DELETE FROM core.figures")
    assert [each.violations for each in audit(_select(connection), _contract(few, many))] == [1, 1]


@pytest.mark.parametrize(
    "value",
    ["O'Brien'); DROP TABLE core.figures; --", "đồng", "", 7, -7, 2.5, Decimal("12.5000"), Decimal("1E+3"),
     True, dt.date(2026, 10, 14), dt.datetime(2026, 10, 14, 8, 30)],  # noqa: DTZ001 - as the warehouse stores it
)  # fmt: skip
def test_a_literal_comes_back_as_it_went_in(connection, value):
    """Any plain value written into SQL is read back equal; text never becomes SQL."""
    assert connection.execute(f"SELECT {literal(value)}").fetchone()[0] == value


def test_the_counting_statement_scans_the_rows_once(connection):
    """Row checks share one scan of the table, however many there are."""
    checks = [
        Check(f"c{n}", WARNING, "column_values_to_be_between", {"column": "value", "max_value": Decimal(n)})
        for n in range(12)
    ]
    sql = count_sql(_contract(*checks), "core.figures")
    plan = connection.execute(f"EXPLAIN {sql}").fetchall()[0][1]
    assert plan.count("core.figures") == 1, plan


def test_an_empty_table_is_judged_too(connection):
    """No rows still give one result a check, whatever kinds of checks the contract has."""
    connection.execute("DELETE FROM core.figures")
    unique = Check("unique", CRITICAL, "column_values_to_be_unique", {"column": "unit_id"})
    for checks in ([unique], [Check("odd", WARNING, violations="SELECT 1 AS x")], [_FILLED, unique]):
        assert len(audit(_select(connection), _contract(*checks))) == len(checks)
