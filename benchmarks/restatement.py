"""(j) Five years of every commune's figures carried to another map of units, against one GROUP BY over the same rows.

What is made is the table reports stand on (`core.restated_values`), from 60 months × 10,035 communes × 60 indicators, a
month at a time. It runs in a process of its own, whose greatest memory is reported.
"""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.warehouse.models import SqlModel, discover
from ocop_pipeline.warehouse.publish import set_run_periods
from ocop_pipeline.warehouse.raw import store_reference
from ocop_pipeline.warehouse.reference import NATION, reference_tables

MONTHS, INDICATORS = 60, 60
REPORT, LAST = "2025-12", Period("2025-06")
MEMORY = "3GB"
"""What the engine may keep; the process has the interpreter, the catalogue and the engine's own needs besides."""
_REFERENCE = ("units", "restatements", "unit_ways", "indicators")
_MODEL = "core.restated_values"
_EMPTY = ("core.product_status", "core.register_flow_products", "core.restated_places")
_VALUES = """
    CREATE TABLE core.indicator_values AS
    SELECT
        m.period, u.unit_id, i.indicator, i.breakdown,
        CAST(HASH(m.period, u.unit_id, i.indicator, i.breakdown) % 1000 AS DECIMAL(28, 4)) AS value
    FROM UNNEST(?) AS m (period)
    CROSS JOIN (
        SELECT n.indicator, b.breakdown
        FROM catalogue.indicators AS n, UNNEST(['', 'part=one']) AS b (breakdown)
        WHERE n.source <> 'register'
        ORDER BY b.breakdown, n.indicator
        LIMIT ?
    ) AS i
    JOIN catalogue.units AS u ON u.tier = 'commune' AND DATE '2025-06-30' BETWEEN u.valid_from AND u.valid_to
"""
_GROUP_BY = """
    CREATE OR REPLACE TABLE grouped AS
    SELECT period, unit_id, indicator, breakdown, SUM(value) AS value
    FROM core.indicator_values
    GROUP BY period, unit_id, indicator, breakdown
"""


def measure(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Restate all months and group the same rows, in turn, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (folder, runs))


def _measure(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    ratios, months = [], []
    with _figures(folder) as (connection, maps):
        model = discover()[_MODEL]
        ((rows,),) = connection.execute("SELECT COUNT(*) FROM core.indicator_values").fetchall()
        for _ in range(runs + 1):
            bare = _seconds(lambda: connection.execute(_GROUP_BY))
            connection.execute("DROP TABLE grouped")
            taken = list(_restate(connection, model, maps))
            ratios.append(sum(taken) / bare)
            months.append(statistics.median(taken))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    what = f"{rows / 1e6:.1f} million figures carried to the map of today"
    return [
        (f"{what} ÷ one GROUP BY of them", ratios[1:], "×", "≤ 3"),
        ("one month of them", months[1:], "s", "< 2"),
        (f"{what}: peak memory of the process", [peak], "GiB", "< 4"),
    ]


@contextmanager
def _figures(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[str, str]]]:
    """A warehouse with a figure of each commune of the old map for each month, and the two maps."""
    catalogue, months = load_catalogue(), [LAST]
    while len(months) < MONTHS:
        months.append(months[-1].previous())
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(folder / "figures.duckdb", config={"memory_limit": MEMORY}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        reference = reference_tables(catalogue, [NATION], [REPORT], _REFERENCE)
        store_reference(connection, {each.name: each.rows for each in reference})
        set_run_periods(connection, [REPORT])
        connection.execute("CREATE SCHEMA core")
        for name in (*_EMPTY, _MODEL):
            columns = ", ".join(f"{column.name} {column.type}" for column in discover()[name].columns)
            connection.execute(f"CREATE TABLE {name} ({columns})")
        connection.execute(_VALUES, [[month.key for month in months], INDICATORS])
        maps = connection.execute("SELECT DISTINCT from_map, to_map FROM catalogue.restatements").fetchall()
        yield connection, maps[0]


def _restate(
    connection: duckdb.DuckDBPyConnection, model: SqlModel, maps: tuple[str, str]
) -> Iterator[float]:
    """Restate month after month, as they come; the seconds each took."""
    connection.execute(f"DELETE FROM {_MODEL}")
    months = connection.execute(
        "SELECT DISTINCT period FROM core.indicator_values ORDER BY period"
    ).fetchall()
    for (month,) in months:
        connection.execute("DELETE FROM catalogue.restatements")
        connection.execute("INSERT INTO catalogue.restatements VALUES (?, ?, ?, ?)", [REPORT, month, *maps])
        yield _seconds(lambda: connection.execute(f"INSERT INTO {_MODEL} BY NAME {model.sql}"))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
