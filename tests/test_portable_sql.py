"""Models of core and marts stay within the SQL that a cluster runs with equal results."""

import pytest
import sqlglot
from sqlglot import exp

from tests.source_tables import models

PORTABLE = sorted(name for name in models() if name.startswith(("core.", "marts.")))
# LAG counts rows, not months: where a month is missing it would compare with another one. The rest differ
# in their results between engines, or do not exist elsewhere.
_REFUSED = (
    exp.Qualify,
    exp.Lambda,
    exp.Lag,
    exp.Lead,
    exp.List,
    exp.Pivot,
    exp.ArrayAgg,
    exp.ArgMax,
    exp.ArgMin,
)
_REFUSED_NAMES = {"STRIP_ACCENTS", "ANY_VALUE", "LIST_AGGREGATE", "STRUCT_PACK"}


@pytest.mark.parametrize("name", PORTABLE)
def test_a_model_carries_to_spark(name):
    """Every construct has a counterpart: nothing is dropped or passed on with a warning."""
    carried = sqlglot.transpile(
        models()[name].sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    assert len(carried) == 1
    assert sqlglot.parse_one(carried[0], read="spark").named_selects == [
        column.name for column in models()[name].columns
    ]


@pytest.mark.parametrize("name", PORTABLE)
def test_a_model_uses_nothing_that_differs_between_engines(name):
    """No QUALIFY, list or lambda, no LAG over months that may be missing, no function of one engine only."""
    tree = sqlglot.parse_one(models()[name].sql, read="duckdb")
    assert [node.sql() for node in tree.find_all(*_REFUSED)] == []
    named = {node.name.upper() for node in tree.find_all(exp.Anonymous)} | {
        node.sql_name() for node in tree.find_all(exp.Func)
    }
    assert named & _REFUSED_NAMES == set()


@pytest.mark.parametrize("name", PORTABLE)
def test_a_ranking_says_its_order(name):
    """A rank without an order, or a frame left to the engine, may differ from run to run."""
    tree = sqlglot.parse_one(models()[name].sql, read="duckdb")
    for window in tree.find_all(exp.Window):
        if isinstance(window.this, exp.RowNumber):
            assert window.args.get("order"), window.sql()
        elif window.args.get("order"):
            assert window.args.get("spec"), f"frame not written: {window.sql()}"


def test_a_refused_construct_is_seen():
    """The check itself finds what it refuses."""
    for sql in (
        "SELECT LAG(value) OVER (ORDER BY period) FROM t",
        "SELECT LIST_TRANSFORM([1], x -> x + 1)",
        "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1",
    ):
        assert list(sqlglot.parse_one(sql, read="duckdb").find_all(*_REFUSED)), sql
