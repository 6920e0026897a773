"""The door to Great Expectations: late, silent, and never mistaking an error for a pass."""

import subprocess
import sys

import duckdb
import pyarrow as pa
import pytest

from ocop_pipeline.quality.contracts import Check, CheckSeverity, Contract, Refresh
from ocop_pipeline.quality.suites import SuiteError, validate

_NOT_NULL = Check("filled", CheckSeverity.WARNING, "column_values_to_not_be_null", {"column": "value"})


def _contract(*checks):
    return Contract("core.figures", ("unit_id",), Refresh.WHOLE, ("unit_id", "value"), checks)


def _no_sql(sql):
    raise AssertionError(sql)


def test_the_door_opens_late():
    """Importing the package's rooms loads neither Great Expectations nor pandas: both cost seconds."""
    code = (
        "import sys, ocop_pipeline.quality.suites, ocop_pipeline.warehouse.publish\n"
        "print([name for name in ('great_expectations', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_judging_is_silent_and_reports_to_nobody():
    """No progress bar, no remark on stderr, analytics off before the library is imported."""
    code = (
        "import os, pyarrow as pa\n"
        "os.environ.pop('GX_ANALYTICS_ENABLED', None)\n"
        "from ocop_pipeline.quality.contracts import *\n"
        "from ocop_pipeline.quality.suites import validate\n"
        "silent = ('column_values_to_not_be_null', {'column': 'value'})\n"
        "check = Check('filled', CheckSeverity.WARNING, *silent)\n"
        "contract = Contract('core.t', ('unit_id',), Refresh.WHOLE, ('unit_id', 'value'), (check,))\n"
        "rows = pa.table({'unit_id': ['a', 'b'], 'value': [1, None]})\n"
        "print(validate(rows, contract, None)[0].violations, os.environ['GX_ANALYTICS_ENABLED'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "1 false"
    assert [line for line in done.stderr.splitlines() if "nanobind" not in line] == []


def test_an_expectation_that_raises_is_an_error_not_a_pass():
    """A column that is not there cannot be judged, and says so by name."""
    missing = Check(
        "elsewhere", CheckSeverity.WARNING, "column_values_to_not_be_null", {"column": "elsewhere"}
    )
    rows = pa.table({"unit_id": ["a"], "value": [1]})
    with pytest.raises(SuiteError, match=r"core\.figures, check elsewhere: .*elsewhere"):
        validate(rows, _contract(_NOT_NULL, missing), _no_sql)


def test_a_null_of_each_type_is_a_null_and_an_integer_stays_whole():
    """Arrow's types go through untouched: nulls count as nulls, and 2^53 + 1 is not rounded."""
    big = 2**53 + 1
    rows = pa.table({"unit_id": ["a", "b", "c"], "value": pa.array([big, None, big], pa.int64())})
    allowed = Check(
        "exact",
        CheckSeverity.WARNING,
        "column_values_to_be_in_set",
        {"column": "value", "value_set": (big - 1,)},
    )
    found = validate(rows, _contract(_NOT_NULL, allowed), _no_sql)
    assert [each.violations for each in found] == [1, 2]
    assert found[0].sample == ({"unit_id": "b"},)


def test_a_check_in_sql_runs_where_the_rows_came_from():
    """What is declared as a SELECT of offending rows is judged by that SELECT, in its place in the order."""
    odd = Check("odd", CheckSeverity.CRITICAL, violations="SELECT 'a' AS unit_id")
    rows = pa.table({"unit_id": ["a"], "value": [1]})
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE figures AS SELECT 'a' AS unit_id, 1 AS value")
        contract = _contract(odd, _NOT_NULL)
        found = validate(rows, contract, lambda sql: connection.execute(sql).fetchall(), "figures")
    assert [(each.name, each.violations, each.sample) for each in found] == [
        ("odd", 1, ({"unit_id": "a"},)),
        ("filled", 0, ()),
    ]


def test_judging_twice_gives_the_same_and_keeps_nothing():
    """The next table is judged by its own rows, not by those before it."""
    first = validate(
        pa.table({"unit_id": ["a"], "value": pa.array([None], pa.int64())}), _contract(_NOT_NULL), _no_sql
    )
    second = validate(pa.table({"unit_id": ["a"], "value": [1]}), _contract(_NOT_NULL), _no_sql)
    assert [first[0].violations, second[0].violations] == [1, 0]
