"""Which months a run publishes: its window.

Belongs here: deciding when published figures are still good. Publishing itself is `publish.py`.

A month is published because somebody reported in it, or because a run was asked for. A list that a person handed over
counts from the month of its decision, but nobody was asked to report in that month: its lines are staged, so that every
model that reads the whole history has them, and no figures of the month are made. Taking over a register of eight years
would otherwise publish a hundred months in which every report is missing.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import duckdb

from ocop_pipeline.domain.periods import Period
from ocop_pipeline.quality.contracts import Contract, Months
from ocop_pipeline.warehouse.models import RUN_PERIODS
from ocop_pipeline.warehouse.publish import set_run_periods
from ocop_pipeline.warehouse.raw import RETURNED_LATER, WITHDRAWN, prepare_raw

_STAGING = "staging."


class RunMonths(NamedTuple):
    """The months of a run, oldest first.

    Attributes:
        published: Months whose figures are made.
        listed: Further months that only lists handed over count from: their lines are staged, nothing else is made.
    """

    published: tuple[str, ...]
    listed: tuple[str, ...] = ()


def set_months(connection: duckdb.DuckDBPyConnection, contract: Contract, period: str) -> tuple[str, ...]:
    """Make `meta.run_periods` the months a table is written for in the run under way, and give them.

    Args:
        connection: A writing connection.
        contract: The table's promise.
        period: The month the run is for.
    """
    staged = contract.table.startswith(_STAGING)
    rows = connection.execute(
        "SELECT period FROM meta.window WHERE is_published OR ? ORDER BY period", [staged]
    ).fetchall()
    months = months_written(contract.months, period, [month for (month,) in rows])
    set_run_periods(connection, months)
    return months


def months_written(kind: Months, period: str, window: Iterable[str]) -> tuple[str, ...]:
    """Those of a run's months that a table of this kind is written for, in the order given.

    Args:
        kind: What the table's contract says.
        period: The month the run is for.
        window: Months of the run.
    """
    if kind is Months.WINDOW:
        return tuple(window)
    years_back = 2 if kind is Months.COMPARED else 1
    wanted = [Period.parse(period)]
    for _ in range(years_back):
        wanted.append(wanted[-1].same_last_year())
    keys = {month.key for month in wanted}
    return tuple(month for month in window if month in keys)


def set_window(connection: duckdb.DuckDBPyConnection, months: RunMonths) -> None:
    """Remember the months of the run under way."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS meta")
    connection.execute("CREATE OR REPLACE TABLE meta.window (period VARCHAR, is_published BOOLEAN)")
    rows = [[month, True] for month in months.published] + [[month, False] for month in months.listed]
    connection.executemany("INSERT INTO meta.window VALUES (?, ?)", rows)


def current_months(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The months of the run under way, oldest first, as `publish.set_run_periods` wrote them."""
    rows = connection.execute(f"SELECT period FROM {RUN_PERIODS} ORDER BY period").fetchall()
    return tuple(period for (period,) in rows)


def run_months(connection: duckdb.DuckDBPyConnection, period: str, version: str) -> RunMonths:
    """The months of a run for `period`.

    Always the period itself is published. When anything that could move its figures has changed since they were last
    published (an accepted submission or list of any month up to it, the catalogue, the models), so is every month up
    to it with accepted reports or with ones that were returned after that: a register line sent late can belong to an
    earlier month, and year-to-date figures and last year's stand on those months. The months that only lists count
    from are staged then, those whose lists were all withdrawn too: what was staged of them has to go.

    Args:
        connection: A connection to the warehouse.
        period: Month key of the run.
        version: Names the catalogue and the code that a publication stands on.
    """
    _prepare(connection)
    if _fingerprint(connection, period, version) == _stored(connection, period):
        return RunMonths((period,))
    rows = connection.execute(
        "SELECT s.period, BOOL_AND(i.submission_id IS NOT NULL) FROM raw.submissions AS s "
        "LEFT JOIN raw.imports AS i ON i.submission_id = s.submission_id "
        "WHERE s.verdict IN ('accepted', ?, ?) AND s.period <= ? GROUP BY s.period",
        [WITHDRAWN, RETURNED_LATER, period],
    ).fetchall()
    known = {month for month, is_listed in rows if not is_listed} | {period}
    last_year = Period.parse(period).same_last_year().key
    known |= {last_year} if last_year > min(known) else set()
    return RunMonths(tuple(sorted(known)), tuple(sorted({month for month, _ in rows} - known)))


def known_months(connection: duckdb.DuckDBPyConnection, period: str) -> tuple[str, ...]:
    """Every month a report was sent for, the run's own and the same month of the year before, oldest first.

    What the catalogue says of months depends on this and not on the window, so that a run with nothing new, or a
    rebuilt warehouse, has the same tables.
    """
    prepare_raw(connection)
    sent = connection.execute(
        "SELECT DISTINCT s.period FROM raw.submissions AS s "
        "WHERE NOT EXISTS (SELECT 1 FROM raw.imports AS i WHERE i.submission_id = s.submission_id)"
    ).fetchall()
    return tuple(sorted({month for (month,) in sent} | {period, Period.parse(period).same_last_year().key}))


def mark_published(connection: duckdb.DuckDBPyConnection, period: str, version: str) -> None:
    """Remember what the figures of a period stand on, once every model of the run is published."""
    connection.execute("DELETE FROM meta.published_runs WHERE period = ?", [period])
    connection.execute(
        "INSERT INTO meta.published_runs VALUES (?, ?)", [period, _fingerprint(connection, period, version)]
    )


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    prepare_raw(connection)
    connection.execute("CREATE SCHEMA IF NOT EXISTS meta")
    connection.execute("CREATE TABLE IF NOT EXISTS meta.published_runs (period VARCHAR, fingerprint VARCHAR)")


def _fingerprint(connection: duckdb.DuckDBPyConnection, period: str, version: str) -> str:
    ids = connection.execute(
        "SELECT submission_id FROM raw.submissions WHERE verdict = 'accepted' AND period <= ? ORDER BY 1",
        [period],
    ).fetchall()
    sha = hashlib.sha256(version.encode())
    for (submission_id,) in ids:
        sha.update(submission_id.encode())
    return sha.hexdigest()


def _stored(connection: duckdb.DuckDBPyConnection, period: str) -> str | None:
    row = connection.execute(
        "SELECT fingerprint FROM meta.published_runs WHERE period = ?", [period]
    ).fetchone()
    return str(row[0]) if row else None
