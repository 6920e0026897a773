"""One contract, two judges: the fast path in SQL and Great Expectations say the same of the same rows."""

import datetime as dt
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocop_pipeline.quality.audit import audit
from ocop_pipeline.quality.contracts import EXPECTATIONS, Check, CheckSeverity, Contract, Refresh
from ocop_pipeline.quality.suites import suite, validate

_TYPES = {
    "unit_id": "VARCHAR",
    "period": "VARCHAR",
    "text": "VARCHAR",
    "value": "DECIMAL(20,4)",
    "planned": "DECIMAL(28,4)",
    "reports_count": "INTEGER",
    "share": "DOUBLE",
    "day": "DATE",
    "at": "TIMESTAMP",
    "is_late": "BOOLEAN",
}
_LATEST = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001
_DAY, _AT = dt.date(2026, 10, 14), dt.datetime(2026, 10, 14, 8, 30)  # noqa: DTZ001 - as the warehouse stores it

# One case or more for every expectation of the closed list, over every type it may be used on.
_CASES: tuple[tuple[str, dict], ...] = (
    ("column_values_to_not_be_null", {"column": "value"}),
    ("column_values_to_not_be_null", {"column": "text"}),
    ("column_values_to_be_null", {"column": "day"}),
    ("column_values_to_be_unique", {"column": "text"}),
    ("column_values_to_be_unique", {"column": "value"}),
    ("compound_columns_to_be_unique", {"column_list": ("text", "reports_count")}),
    ("compound_columns_to_be_unique", {"column_list": ("value", "day", "is_late")}),
    ("column_values_to_be_in_set", {"column": "text", "value_set": ("number", "nothing", "")}),
    ("column_values_to_be_in_set", {"column": "reports_count", "value_set": (0, 1)}),
    ("column_values_to_be_in_set", {"column": "value", "value_set": (Decimal("0.0000"), Decimal("1.5000"))}),
    ("column_values_to_be_in_set", {"column": "day", "value_set": (_DAY,)}),
    ("column_values_to_be_in_set", {"column": "is_late", "value_set": (True,)}),
    ("column_values_to_not_be_in_set", {"column": "text", "value_set": ("đồng", "O'B")}),
    ("column_values_to_be_between", {"column": "value", "min_value": Decimal("0.0000")}),
    ("column_values_to_be_between", {"column": "value", "max_value": Decimal("1.5000"), "strict_max": True}),
    ("column_values_to_be_between", {"column": "reports_count", "min_value": 0, "max_value": 2}),
    ("column_values_to_be_between", {"column": "share", "min_value": 0.0, "strict_min": True}),
    ("column_values_to_be_between", {"column": "day", "min_value": _DAY, "strict_min": True}),
    ("column_values_to_match_regex", {"column": "text", "regex": r"^(number|n\w+|đ.*)$"}),
    ("column_values_to_not_match_regex", {"column": "text", "regex": r"^n[a-z]*$"}),
    ("column_value_lengths_to_be_between", {"column": "text", "min_value": 1, "max_value": 4}),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "planned", "column_B": "value"}),
    (
        "column_pair_values_a_to_be_greater_than_b",
        {"column_A": "planned", "column_B": "value", "or_equal": True},
    ),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "planned", "column_B": "reports_count"}),
    ("column_pair_values_to_be_equal", {"column_A": "planned", "column_B": "value"}),
    ("column_pair_values_to_be_equal", {"column_A": "unit_id", "column_B": "text"}),
    ("table_row_count_to_be_between", {"min_value": 2, "max_value": 8}),
)
_CRITICAL = CheckSeverity.CRITICAL
_GRAIN = (
    Check("grain_not_null_unit_id", _CRITICAL, "column_values_to_not_be_null", {"column": "unit_id"}),
    Check("grain_not_null_period", _CRITICAL, "column_values_to_not_be_null", {"column": "period"}),
    Check("grain_unique", _CRITICAL, "compound_columns_to_be_unique", {"column_list": ("unit_id", "period")}),
)
_SQL = Check(
    "late_reports_count",
    CheckSeverity.WARNING,
    violations="SELECT unit_id, reports_count FROM core.figures WHERE is_late AND reports_count > 0",
)
CONTRACT = Contract(
    "core.figures",
    ("unit_id", "period"),
    Refresh.WHOLE,
    tuple(_TYPES),
    (*_GRAIN, *(Check(f"case_{n}", CheckSeverity.WARNING, *case) for n, case in enumerate(_CASES)), _SQL),
)

_SOUND = ("u1", "2026-10", "number", Decimal("0.5"), Decimal("1.0"), 1, 0.5, None, _AT, True)
_PLANTED = (
    _SOUND,
    ("u2", "2026-10", "nothing", Decimal("-0.0001"), Decimal("-0.0001"), -1, -0.5, _DAY, _AT, False),
    ("u3", "2026-10", "number\n", Decimal("1.5"), Decimal("1.4999"), 3, 0.0, _DAY, None, True),
    ("u3", "2026-10", "đồng", None, Decimal(7), 1, None, dt.date(2026, 10, 13), _AT, None),
    (None, "2026-10", None, Decimal("99999999999999.9999"), None, None, 1e300, None, _LATEST, True),
    (None, "2026-10", "", None, None, None, None, None, None, None),
    ("u4", None, "O'B", Decimal("1.5"), Decimal("1.5"), 2, 0.1, _DAY, dt.datetime(1, 1, 1), True),  # noqa: DTZ001
    ("u4", "2026-09", "O'B", Decimal("1.5"), Decimal("1.5"), 2, -0.0, _DAY, _AT, True),
    ("number", "2026-09", "number", Decimal(0), Decimal(0), 0, 5e-324, _DAY, _AT, False),
    ("Ấ", "2026-09", "Ấp Đông 🦆", Decimal(2), Decimal(1), 2, 3.5, dt.date(2026, 12, 31), _AT, True),
    ("u9", "2026-09", "nn\r\n", None, None, 2, 3.5, None, _AT, True),
)


def _both(rows):
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA core")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in _TYPES.items())
        connection.execute(f"CREATE TABLE core.figures ({columns})")
        for row in rows:
            connection.execute(f"INSERT INTO core.figures VALUES ({', '.join('?' * len(row))})", list(row))

        def select(sql):
            return connection.execute(sql).fetchall()

        fast = audit(select, CONTRACT, sample=1000)
        table = connection.sql("SELECT * FROM core.figures").to_arrow_table()
        return fast, validate(table, CONTRACT, select, sample=1000)


def _assert_agree(fast, reviewed):
    for ours, theirs, check in zip(fast, reviewed, CONTRACT.checks, strict=True):
        assert ours == theirs, (check.expect, check.arguments)


def test_every_expectation_of_the_closed_list_is_compared():
    """An expectation enters the closed list only together with a case here."""
    assert {name for name, _ in _CASES} == set(EXPECTATIONS)


def test_both_judges_agree_on_planted_faults():
    """Names, order, severities, verdicts, counts and every key are equal; each case has a fault to find."""
    fast, reviewed = _both(_PLANTED)
    _assert_agree(fast, reviewed)
    blind = [check.arguments for check, each in zip(CONTRACT.checks, fast, strict=True) if each.passed]
    assert blind == []


def test_both_judges_agree_on_an_empty_table():
    """No rows: nothing offends but the row count."""
    fast, reviewed = _both(())
    _assert_agree(fast, reviewed)
    assert [each.name for each in fast if not each.passed] == [f"case_{len(_CASES) - 1}"]


def test_both_judges_agree_on_sound_rows():
    """A sound row is found sound by both, but where the case wants what it does not have."""
    fast, reviewed = _both((_SOUND,))
    _assert_agree(fast, reviewed)
    assert all(each.passed for each in fast[:3])


_TEXTS = st.none() | st.sampled_from(["number", "nothing", "", "n", "đồng", "O'B", "nn\n"]) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
)  # fmt: skip
_NUMBERS = st.none() | st.decimals(-3, 3, places=4)
_ROWS = st.tuples(
    st.none() | st.sampled_from(["u1", "u2", "number"]),
    st.none() | st.sampled_from(["2026-09", "2026-10"]),
    _TEXTS,
    _NUMBERS,
    _NUMBERS,
    st.none() | st.integers(-2, 4),
    st.none() | st.floats(allow_nan=False, width=64),
    st.none() | st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)),
    st.none() | st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)),  # noqa: DTZ001
    st.none() | st.booleans(),
)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_ROWS, max_size=12))
def test_both_judges_agree_on_any_rows(rows):
    """Whatever the rows, nulls and all, the fast path and Great Expectations give equal results."""
    _assert_agree(*_both(rows))


def test_the_suite_has_the_contracts_names_in_its_order():
    """Great Expectations is given every declared expectation, each once, in the contract's order."""
    declared = [(f"expect_{check.expect}", check.name) for check in CONTRACT.checks if check.expect]
    expectations = suite(CONTRACT).expectations
    assert [(each.expectation_type, each.meta["check"]) for each in expectations] == declared


@pytest.mark.parametrize("size", [25, 3000])
def test_no_key_is_capped(size):
    """Great Expectations returns every offending key, not the first twenty (nor any other number)."""
    rows = [(f"u{n:05d}", "2026-10", None, None, None, None, None, None, None, None) for n in range(size)]
    fast, reviewed = _both(rows) if size < 100 else _bulk(size)
    found = next(each for each in reviewed if each.name == "case_0")
    assert (found.violations, len(found.sample)) == (size, size)
    assert found == next(each for each in fast if each.name == "case_0")


def _bulk(size):
    contract = Contract("core.figures", CONTRACT.grain, Refresh.WHOLE, tuple(_TYPES), CONTRACT.checks[:4])
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA core")
        nothing = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in list(_TYPES.items())[2:])
        connection.execute(
            f"CREATE TABLE core.figures AS SELECT printf('u%05d', n) AS unit_id, '2026-10' AS period, "
            f"{nothing} FROM range({size}) AS t(n)"
        )

        def select(sql):
            return connection.execute(sql).fetchall()

        table = connection.sql("SELECT * FROM core.figures").to_arrow_table()
        return audit(select, contract, sample=size), validate(table, contract, select, sample=size)
