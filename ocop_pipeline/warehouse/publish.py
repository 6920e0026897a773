"""Write, audit, publish: a model's rows are replaced and judged inside one transaction.

Belongs here: the transaction, the layout of a published table, the record of what its checks found. What is
checked stands in the contract; deciding what to publish when is the shell's work.

A critical finding rolls everything back: the last good numbers stay, and the record says why.
"""

import datetime as dt
import itertools
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from ocop_pipeline.quality.audit import CheckResult, audit
from ocop_pipeline.quality.contracts import CheckSeverity, Contract, Refresh
from ocop_pipeline.warehouse.models import RUN_PERIODS, ModelError, SqlModel

logger = logging.getLogger(__name__)

HandOver: TypeAlias = Callable[[Contract, pa.Table], None]
"""Takes published rows to a second judge of the same contract (`quality/second_judge.py`)."""

_IN_RUN = f"period IN (SELECT period FROM {RUN_PERIODS})"
_META = (
    "CREATE SCHEMA IF NOT EXISTS meta",
    f"CREATE TABLE IF NOT EXISTS {RUN_PERIODS} (period VARCHAR)",
    """CREATE TABLE IF NOT EXISTS meta.check_results (
        run_id VARCHAR, checked_at TIMESTAMP, table_name VARCHAR, periods VARCHAR, check_name VARCHAR,
        severity VARCHAR, passed BOOLEAN, violations BIGINT, sample VARCHAR, judge VARCHAR)""",
)


class Judge(StrEnum):
    """Who found what stands in `meta.check_results`."""

    SQL = "sql"
    GREAT_EXPECTATIONS = "great_expectations"


@dataclass(frozen=True, slots=True)
class Published:
    """What one publication did.

    Attributes:
        table: `schema.table`.
        rows: Rows written (of the run's periods, or of the whole table).
        results: One per check, in the contract's order; only warnings can have failed.
        seconds: Wall-clock time.
        lost_periods: Periods whose rows fell away because the table's layout had changed; they have to be
            published again.
    """

    table: str
    rows: int
    results: tuple[CheckResult, ...]
    seconds: float
    lost_periods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every result of one judging shares.

    Attributes:
        run_id: The run.
        checked_at: When, with its zone; stored in UTC.
        table: `schema.table`.
        periods: Month keys judged.
        judge: Who judged.
    """

    run_id: str
    checked_at: dt.datetime
    table: str
    periods: tuple[str, ...]
    judge: Judge = Judge.SQL


class AuditFailedError(Exception):
    """A critical check failed; the table stands as it was before.

    Attributes:
        table: `schema.table`.
        results: One per check, passed ones too.
    """

    def __init__(self, table: str, results: Sequence[CheckResult]) -> None:
        self.table = table
        self.results = tuple(results)
        broken = ", ".join(f"{each.name} ({each.violations})" for each in self.critical)
        super().__init__(f"{table} was not published: {broken}")

    @property
    def critical(self) -> tuple[CheckResult, ...]:
        """The results that stopped the publication."""
        return tuple(each for each in self.results if _stops(each))


def set_run_periods(connection: duckdb.DuckDBPyConnection, periods: Sequence[str]) -> None:
    """Say which month keys are being published, in `meta.run_periods`; models join it."""
    for statement in _META:
        connection.execute(statement)
    with _transaction(connection):
        # Made anew: the planner counts deleted rows too. With every model of a run it would take the months for
        # more, until it joined them last and worked out every month of the calendar first.
        connection.execute(f"CREATE OR REPLACE TABLE {RUN_PERIODS} (period VARCHAR)")
        for period in sorted(set(periods)):
            connection.execute(f"INSERT INTO {RUN_PERIODS} VALUES (?)", [period])


def publish(
    connection: duckdb.DuckDBPyConnection,
    model: SqlModel,
    periods: Sequence[str],
    hand_over: HandOver | None = None,
    *,
    run_id: str = "",
    checked_at: dt.datetime | None = None,
) -> Published:
    """Replace a model's rows for the run's periods (or all of them), judge them, keep or undo.

    Args:
        connection: A writing connection without an open transaction.
        model: What to publish.
        periods: The run's periods, as set by `set_run_periods`.
        hand_over: Given the rows of the run's last month (of a table refreshed whole, all) once they stand: the
            second judge holds rows in memory and needs seconds for a million.
        run_id: Stored with the results.
        checked_at: Stored with the results; now when None.

    Raises:
        AuditFailedError: a critical check failed. Its results are stored, the table is as before.
        ModelError: the SQL failed (the message carries it), rows lie outside the run's periods, or `periods`
            are not those of `meta.run_periods`. The table is as before.
    """
    start = time.perf_counter()
    stamp = Stamp(run_id, checked_at or dt.datetime.now(dt.UTC), model.name, tuple(sorted(periods)))
    _check_run_periods(connection, periods)
    found = _layout(connection, model)  # before the transaction: a table that is not there would end it
    try:
        with _transaction(connection):
            lost = _prepare(connection, model, found)
            rows = _replace_rows(connection, model)
            results = _judge(connection, model)
            _refuse_broken(model, results)
            record_results(connection, stamp, results)
    except AuditFailedError as failure:
        record_results(connection, stamp, failure.results)
        raise
    if hand_over is not None:
        rows_judged = connection.sql(f"SELECT * FROM {judged_relation(model)}").to_arrow_table()
        hand_over(model.contract, rows_judged)
    return Published(model.name, rows, tuple(results), time.perf_counter() - start, lost)


def record_results(
    connection: duckdb.DuckDBPyConnection, stamp: Stamp, results: Sequence[CheckResult]
) -> None:
    """Keep what a judging found in `meta.check_results`, passed checks too."""
    when = (
        stamp.checked_at.astimezone(dt.UTC).replace(tzinfo=None)
        if stamp.checked_at.tzinfo
        else stamp.checked_at
    )
    shared = (stamp.run_id, when, stamp.table, ",".join(stamp.periods))
    values = [
        (*shared, each.name, each.severity.value, each.passed, each.violations,
         json.dumps(each.sample, ensure_ascii=False), stamp.judge.value)
        for each in results
    ]  # fmt: skip
    if not values:
        return
    row = f"({', '.join('?' * len(values[0]))})"
    # One statement: a statement a row costs more than the audit it records.
    connection.execute(
        f"INSERT INTO meta.check_results VALUES {', '.join([row] * len(values))}",
        list(itertools.chain.from_iterable(values)),
    )


class _transaction:  # noqa: N801 - used as a statement, like contextlib's own
    """BEGIN … COMMIT, or ROLLBACK when the block raises anything at all (an interrupt too)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("ROLLBACK" if kind else "COMMIT")


def _check_run_periods(connection: duckdb.DuckDBPyConnection, periods: Sequence[str]) -> None:
    stored = [
        row[0] for row in connection.execute(f"SELECT period FROM {RUN_PERIODS} ORDER BY period").fetchall()
    ]
    if stored != sorted(set(periods)):
        raise ModelError(
            f"{RUN_PERIODS} holds {stored}, not {sorted(set(periods))}; call set_run_periods first"
        )


def _prepare(
    connection: duckdb.DuckDBPyConnection, model: SqlModel, found: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """Make the table as declared; a table of another layout is dropped. Gives the periods lost by that."""
    declared = [(column.name, column.type) for column in model.columns]
    if found == declared:
        return ()
    lost = _periods_beyond_run(connection, model) if ("period", "VARCHAR") in found else ()
    if found:
        logger.warning(
            "%s: layout changed, table rebuilt; to be published again: %s", model.name, lost or "none"
        )
        connection.execute(f"DROP TABLE {_quoted(model)}")
    columns = ", ".join(f'"{name}" {kind}' for name, kind in declared)
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{model.schema}"')
    connection.execute(f"CREATE TABLE {_quoted(model)} ({columns})")
    return lost


def _layout(connection: duckdb.DuckDBPyConnection, model: SqlModel) -> list[tuple[str, str]]:
    """Name and type of every column there is; none where there is no such table."""
    try:
        # Not duckdb_columns(): it goes through every table of the file to answer for one.
        described = connection.execute(f"DESCRIBE {_quoted(model)}").fetchall()
    except duckdb.CatalogException:
        return []
    return [(name, kind) for name, kind, *_ in described]


def _periods_beyond_run(connection: duckdb.DuckDBPyConnection, model: SqlModel) -> tuple[str, ...]:
    if model.contract.refresh is Refresh.WHOLE:
        return ()
    sql = f"SELECT DISTINCT period FROM {_quoted(model)} WHERE NOT {_IN_RUN} ORDER BY period"
    return tuple(row[0] for row in connection.execute(sql).fetchall())


def _replace_rows(connection: duckdb.DuckDBPyConnection, model: SqlModel) -> int:
    by_period = model.contract.refresh is Refresh.BY_PERIOD
    connection.execute(f"DELETE FROM {_quoted(model)}{f' WHERE {_IN_RUN}' if by_period else ''}")
    before = _outside_run(connection, model) if by_period else 0
    sql = insert_sql(model)
    try:
        written = connection.execute(sql).fetchone()
    except duckdb.Error as error:
        raise ModelError(f"{model.name}: {error}\n{sql}") from error
    if by_period and (stray := _outside_run(connection, model) - before):
        raise ModelError(f"{model.name}: {stray} rows outside the periods of this run; join {RUN_PERIODS}")
    return int(written[0]) if written else 0


def insert_sql(model: SqlModel) -> str:
    """The statement that fills the table: declared types, and rows in the order of the grain.

    The order makes a warehouse rebuilt from the archive equal to the first one, row by row.
    """
    names = ", ".join(f'"{column.name}"' for column in model.columns)
    casts = ", ".join(
        f'CAST(model."{column.name}" AS {column.type}) AS "{column.name}"' for column in model.columns
    )
    grain = ", ".join(f'"{name}"' for name in model.contract.grain)
    select = f"SELECT {casts}\nFROM (\n{model.sql}\n) AS model\nORDER BY {grain}"
    return f"INSERT INTO {_quoted(model)} ({names})\n{select}"


def _outside_run(connection: duckdb.DuckDBPyConnection, model: SqlModel) -> int:
    sql = f"SELECT COUNT(*) FROM {_quoted(model)} WHERE period IS NULL OR NOT {_IN_RUN}"
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _judge(connection: duckdb.DuckDBPyConnection, model: SqlModel) -> list[CheckResult]:
    def select(sql: str) -> list[tuple[Any, ...]]:
        try:
            return connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise ModelError(f"{model.name}: a check failed to run: {error}\n{sql}") from error

    return audit(select, model.contract, published_relation(model))


def published_relation(model: SqlModel) -> str:
    """What a run judges: the rows it has written, not the periods published before."""
    if model.contract.refresh is Refresh.WHOLE:
        return _quoted(model)
    return f"(SELECT * FROM {_quoted(model)} WHERE {_IN_RUN})"


def judged_relation(model: SqlModel) -> str:
    """What the second judge sees: the rows of the run's last month, or all of a table refreshed whole."""
    if model.contract.refresh is Refresh.WHOLE:
        return _quoted(model)
    return f"(SELECT * FROM {_quoted(model)} WHERE period = (SELECT MAX(period) FROM {RUN_PERIODS}))"


def _refuse_broken(model: SqlModel, results: Sequence[CheckResult]) -> None:
    if any(_stops(each) for each in results):
        raise AuditFailedError(model.name, results)


def _stops(each: CheckResult) -> bool:
    return not each.passed and each.severity is CheckSeverity.CRITICAL


def _quoted(model: SqlModel) -> str:
    return f'"{model.schema}"."{model.table}"'
