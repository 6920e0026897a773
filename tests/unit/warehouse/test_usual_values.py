"""What is usual: medians and deviations of each sender's totals over two years, and of the senders around it."""

from collections.abc import Iterator

import duckdb
import pytest

from ocop_pipeline.warehouse.scratch import published_before


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with the two tables that are asked."""
    with duckdb.connect(":memory:") as made:
        made.execute("CREATE SCHEMA core")
        made.execute(
            "CREATE TABLE core.indicator_values (period VARCHAR, unit_id VARCHAR, agency VARCHAR, form VARCHAR, "
            "indicator VARCHAR, breakdown VARCHAR, value DECIMAL(20, 4), state VARCHAR)"
        )
        made.execute(
            "CREATE TABLE core.unit_ancestors (period VARCHAR, unit_id VARCHAR, ancestor_id VARCHAR, distance INTEGER)"
        )
        yield made


def _report(connection, unit, values, state="number", breakdown=""):
    for period, value in values.items():
        connection.execute(
            "INSERT INTO core.indicator_values VALUES (?, ?, '', 'F', 'TT05', ?, ?, ?)",
            [period, unit, breakdown, value, state],
        )
        connection.execute(
            "INSERT INTO core.unit_ancestors VALUES (?, ?, 'p', 1), (?, ?, 'n', 2)", [period, unit] * 2
        )


def test_medians_deviations_and_ends_of_totals(connection):
    """Only numbers of totals count; months long past do not."""
    _report(connection, "a", {"2026-06": 10, "2026-07": 12, "2026-08": 50, "2024-01": 9_999})
    _report(connection, "a", {"2026-05": 77}, state="blank")
    _report(connection, "a", {"2026-06": 1_000}, breakdown="channel=press")
    _report(connection, "b", {"2026-06": 4, "2026-07": 4})
    known = published_before(connection, ["2026-08"])
    assert known.usual is not None
    rows = {row["unit_id"]: row for row in known.usual.to_pylist()}
    told = ("months_count", "usual", "spread", "least", "largest")
    assert tuple(rows["a"][name] for name in told) == (3, 12.0, 2.0, 10.0, 50.0)
    assert tuple(rows["b"][name] for name in told) == (2, 4.0, 0.0, 4.0, 4.0)
    assert known.nearby is not None
    (nearby,) = known.nearby.to_pylist()
    assert (nearby["parent_id"], nearby["units_count"], nearby["usual"], nearby["largest"]) == (
        "p",
        2,
        8.0,
        50.0,
    )


def test_a_new_warehouse_knows_nothing_usual(connection):
    """Without months before, or without tables, nothing is told."""
    assert published_before(connection, []).usual is None
    with duckdb.connect(":memory:") as empty:
        known = published_before(empty, ["2026-08"])
    assert (known.usual, known.nearby, known.values) == (None, None, None)
