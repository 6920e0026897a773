"""Tables for SQL tests: sources as the package itself makes them, models as their contracts declare them.

No test here; `test_sql_cases.py`, `test_house_rules.py` and the tests of the warehouse build on it.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.warehouse.models import RUN_PERIODS, SqlModel, discover
from ocop_pipeline.warehouse.publish import set_run_periods
from ocop_pipeline.warehouse.raw import prepare_raw, store_reference
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.register import prepare_register
from ocop_pipeline.warehouse.scratch import prepare_usual

Layout = tuple[tuple[str, str], ...]


@functools.cache
def models() -> Mapping[str, SqlModel]:
    """The package's models."""
    return discover()


@functools.cache
def source_layouts() -> Mapping[str, Layout]:
    """Source table -> its (column, type) pairs, read from the tables the package makes."""
    with duckdb.connect() as connection:
        prepare_raw(connection)
        prepare_register(connection)
        prepare_usual(connection)
        set_run_periods(connection, [])
        store_reference(connection, {each.name: each.rows for each in _reference()})
        found: dict[str, list[tuple[str, str]]] = {}
        columns = connection.execute(
            "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY schema_name, table_name, column_index"
        ).fetchall()
    for table, column, kind in columns:
        found.setdefault(table, []).append((column, kind))
    return {table: tuple(layout) for table, layout in found.items()}


@functools.cache
def _reference():
    return reference_tables(load_catalogue(), ["68"], ["2026-10"])


def layout_of(table: str) -> Layout:
    """The (column, type) pairs of a model's table or of a source.

    Raises:
        LookupError: no model and no source makes such a table.
    """
    if table in models():
        return tuple((column.name, column.type) for column in models()[table].columns)
    if table not in source_layouts():
        raise LookupError(f"nothing makes {table}")
    return source_layouts()[table]


def make_table(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Make a table with rows; columns left out are null, a column it does not have is an error."""
    layout = dict(layout_of(table))
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.split('.', maxsplit=1)[0]}")
    if table == RUN_PERIODS:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (period VARCHAR)")
    else:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in layout.items())
        connection.execute(f"CREATE TABLE {table} ({columns})")
    fill_table(connection, table, layout, rows)


def fill_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    layout: Mapping[str, str],
    rows: Iterable[Mapping[str, Any]],
) -> None:
    """Add rows; values may be written as text and are read as the column's type."""
    for row in rows:
        if unknown := set(row) - set(layout):
            raise LookupError(f"{table} has no column {', '.join(sorted(unknown))}")
        names = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f"CAST(? AS {layout[name]})" for name in row)
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", list(row.values()))
