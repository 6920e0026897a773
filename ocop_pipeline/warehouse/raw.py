"""What intake and the catalogue hand over: the tables of schemas `raw` and `catalogue`.

Belongs here: storing them whole or not at all. Nothing is judged or changed here; everything can be rebuilt from
the archive, the ledger and the catalogue.
"""

from collections.abc import Collection, Mapping

import duckdb
import pyarrow as pa

_TABLES = {
    "submissions": """
        submission_id VARCHAR, form VARCHAR, layout VARCHAR, unit_id VARCHAR, agency VARCHAR, period VARCHAR,
        verdict VARCHAR, received_at TIMESTAMP, sequence BIGINT, file_name VARCHAR, reported_on DATE""",
    "cells": """
        submission_id VARCHAR, period VARCHAR, part VARCHAR, line_key VARCHAR, field VARCHAR, sheet VARCHAR,
        cell VARCHAR, row_no INTEGER, state VARCHAR, number DECIMAL(20,4), text VARCHAR, day DATE""",
    "imports": """
        submission_id VARCHAR, period VARCHAR, list_key VARCHAR, event_kind VARCHAR, decision_no VARCHAR,
        decision_date DATE, issuing_body VARCHAR, issuing_level VARCHAR, told_star VARCHAR, extended_to DATE,
        extended_months INTEGER, extended_days INTEGER, new_producer_name VARCHAR""",
    "import_lines": """
        submission_id VARCHAR, period VARCHAR, sheet VARCHAR, line_key VARCHAR, unit_id VARCHAR, points_star VARCHAR,
        new_unit_id VARCHAR""",
}
"""Table of schema `raw` -> its columns. The last two are of lists that a person handed over: what was told with the
file, and what its lines mean by the catalogue (the commune named, the star its points are worth, the commune a product
is transferred to)."""
WITHDRAWN = "withdrawn"
"""Verdict on an imported list that somebody took back: its rows stay, and no model reads them."""
RETURNED_LATER = "returned_later"
"""Verdict on a report that was accepted and that a person returned afterwards: it may have been published, so its month
is published again."""
_ADDED = (("import_lines", "new_unit_id", "VARCHAR"),)
"""(table, column, type) of columns that a warehouse made by an earlier version may lack."""


def prepare_raw(connection: duckdb.DuckDBPyConnection) -> None:
    """Make schema `raw` and its empty tables where they are not there yet."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    _make(connection, _TABLES)


def prepare_imports(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables of imports in schema `raw`, for a warehouse that has no other table of it."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    _make(connection, ("imports", "import_lines"))


def _make(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    for table in tables:
        connection.execute(f"CREATE TABLE IF NOT EXISTS raw.{table} ({_TABLES[table]})")
    for table, column, kind in _ADDED:
        if table in tables:
            connection.execute(f"ALTER TABLE raw.{table} ADD COLUMN IF NOT EXISTS {column} {kind}")


def store_raw(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    """Add submissions with their cells; a submission stored before is replaced, so storing twice changes nothing.

    Args:
        connection: A writing connection.
        tables: `submissions`, `cells` and, for imports, `imports` and `import_lines`, with the columns of schema
            `raw` by name.
    """
    prepare_raw(connection)
    connection.execute("BEGIN")
    try:
        ids = tables["submissions"].select(["submission_id"])
        connection.register("incoming_ids", ids)
        for name in _TABLES:
            connection.execute(
                f"DELETE FROM raw.{name} WHERE submission_id IN (SELECT submission_id FROM incoming_ids)"
            )
            if name not in tables:
                continue
            connection.register("incoming", tables[name])
            connection.execute(f"INSERT INTO raw.{name} BY NAME SELECT * FROM incoming")
            connection.unregister("incoming")
        connection.unregister("incoming_ids")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def missing_submissions(connection: duckdb.DuckDBPyConnection, judged: Collection[str]) -> set[str]:
    """Those of the judged submissions that the warehouse does not hold: a run was stopped before it stored them."""
    prepare_raw(connection)
    stored = {row[0] for row in connection.execute("SELECT submission_id FROM raw.submissions").fetchall()}
    return set(judged) - stored


def mark_withdrawn(connection: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> None:
    """Let imported lists count no more; those that do not count already are left as they are."""
    prepare_raw(connection)
    connection.execute(
        "UPDATE raw.submissions SET verdict = ? WHERE verdict <> ? AND LIST_CONTAINS(?, submission_id)",
        [WITHDRAWN, WITHDRAWN, sorted(submission_ids)],
    )


def mark_returned_later(connection: duckdb.DuckDBPyConnection, submission_ids: Collection[str]) -> None:
    """Let reports that a person returned after they were accepted count no more, and those accepted again count."""
    prepare_raw(connection)
    connection.execute(
        "UPDATE raw.submissions SET verdict = 'accepted' WHERE verdict = ? AND NOT LIST_CONTAINS(?, submission_id)",
        [RETURNED_LATER, sorted(submission_ids)],
    )
    connection.execute(
        "UPDATE raw.submissions SET verdict = ? WHERE verdict <> ? AND LIST_CONTAINS(?, submission_id)",
        [RETURNED_LATER, RETURNED_LATER, sorted(submission_ids)],
    )


def store_reference(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    """Replace the tables of schema `catalogue`, all or none."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS catalogue")
    connection.execute("BEGIN")
    try:
        for name, rows in tables.items():
            connection.register("incoming", rows)
            connection.execute(f"CREATE OR REPLACE TABLE catalogue.{name} AS SELECT * FROM incoming")
            connection.unregister("incoming")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
