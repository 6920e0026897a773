"""Figures of one month or of several on another map of units than their own: today's, or that of any day.

Belongs here: the models of the published figures run once more, in memory, with one day's map put in place of each
month's own. What was reported is carried over as in any comparison across maps (`core.restated_values`), what the
register counts is counted where its products are on that day. Nothing of it is published, the file is only read.
"""

import contextlib
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.warehouse.connection import open_overlay
from ocop_pipeline.warehouse.maps import carried_rows, way_rows
from ocop_pipeline.warehouse.models import discover

PUBLISHED: Final = "published"
"""The warehouse file, beside the tables made here."""

# One day's map for all days. Whatever the month asks for then is on it.
_UNITS = """
    SELECT * REPLACE (DATE '1900-01-01' AS valid_from, DATE '9999-12-31' AS valid_to)
    FROM published.catalogue.units WHERE $day BETWEEN valid_from AND valid_to
"""
_PLACES = """
    SELECT * REPLACE (DATE '1900-01-01' AS valid_from, DATE '9999-12-31' AS valid_to)
    FROM published.core.product_places WHERE $day BETWEEN valid_from AND valid_to
"""
# Where each product was on the map of each month, and where it is on the day's.
_RESTATED_PLACES = """
    SELECT r.period, r.month, h.product_id, was.unit_id AS source_id, now.unit_id
    FROM catalogue.restatements AS r
    JOIN catalogue.periods AS p ON p.period = r.month
    JOIN (SELECT DISTINCT period FROM published.core.unit_ancestors) AS m ON m.period = r.month
    JOIN core.product_history AS h
        ON h.event_date <= p.end_date AND (h.next_event_date IS NULL OR h.next_event_date > p.end_date)
    JOIN published.core.product_places AS was
        ON was.product_id = h.product_id AND was.home_id = h.home_id
        AND p.end_date BETWEEN was.valid_from AND was.valid_to
    JOIN core.product_places AS now ON now.product_id = h.product_id AND now.home_id = h.home_id
    WHERE h.ending_kind IS NULL OR h.ending_kind = 'revocation'
"""
# Units of the month, and those of the day that hold them or a part of them.
_CARRIED_UNITS = """
    SELECT u.period, u.unit_id, COALESCE(y.target_id, u.unit_id) AS target_id
    FROM meta.run_periods AS m
    JOIN published.core.unit_ancestors AS u ON u.period = m.period AND u.distance = 0
    LEFT JOIN catalogue.restatements AS r ON r.period = u.period AND r.month = u.period
    LEFT JOIN catalogue.unit_ways AS y ON y.from_map = r.from_map AND y.to_map = r.to_map AND y.unit_id = u.unit_id
"""
_REGISTER_KNOWN = f"""
    WITH carried AS ({_CARRIED_UNITS})

    SELECT a.period, a.ancestor_id AS unit_id
    FROM carried AS c
    JOIN staging.submissions AS s ON s.unit_id = c.unit_id AND s.agency = '' AND s.period <= c.period
    JOIN core.unit_ancestors AS a ON a.period = c.period AND a.unit_id = c.target_id
    UNION
    SELECT a.period, a.ancestor_id
    FROM core.product_status AS s
    JOIN meta.run_periods AS m ON m.period = s.period
    JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id
"""
# A report shared out counts wherever a part of it does, once a unit.
_COVERAGE = f"""
    WITH carried AS ({_CARRIED_UNITS}),

    reports AS (
        SELECT DISTINCT s.period, a.ancestor_id, s.form, s.unit_id, s.agency, s.status, s.is_late
        FROM core.report_status AS s
        JOIN carried AS c ON c.period = s.period AND c.unit_id = s.unit_id
        JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = c.target_id
    )

    SELECT
        period, ancestor_id AS unit_id, form, CAST(COUNT(*) AS INTEGER) AS expected_count,
        CAST(COUNT(*) FILTER (status = 'accepted') AS INTEGER) AS accepted_count,
        CAST(COUNT(*) FILTER (status = 'returned') AS INTEGER) AS returned_count,
        CAST(COUNT(*) FILTER (status = 'missing') AS INTEGER) AS missing_count,
        CAST(COUNT(*) FILTER (is_late) AS INTEGER) AS late_count
    FROM reports GROUP BY period, ancestor_id, form
"""
_OWN: Final = {
    "core.restated_places": _RESTATED_PLACES, "core.register_known": _REGISTER_KNOWN, "core.coverage": _COVERAGE,
}  # fmt: skip
"""Tables that the models make from the month's own map, and that are made otherwise on another."""
_MADE: Final = (
    "core.unit_ancestors", "core.product_status", "core.restated_places", "core.register_known", "core.coverage",
    "core.register_flow_products", "core.register_flows", "core.register_counts", "core.restated_values",
    "core.restated_totals", "core.ratio_parts", "core.rollups", "core.like_for_like", "core.register_movements",
    "core.register_balance", "marts.indicator_summary", "marts.recognised_products", "marts.register_summary",
)  # fmt: skip
"""What is made anew, each after those it reads."""


@contextlib.contextmanager
def on_map(
    warehouse: Path, catalogue: Catalogue, periods: Collection[Period], day: date
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which the figures of some months, and their registers, are on the map of one day.

    What is told of reports (their state, remarks, tasks, plans) stays with the units that stood when they were sent.

    Args:
        warehouse: The warehouse file.
        catalogue: The catalogue it was made with.
        periods: Months that have been run; all others stay as they were published.
        day: Any day of the catalogue's maps.

    Raises:
        WarehouseError: the file cannot be read.
    """
    restatements, pairs = carried_rows(catalogue.units, periods, day)
    with open_overlay(warehouse, PUBLISHED) as connection:
        _mirror(connection)
        _put(connection, "catalogue.restatements", restatements)
        _put(connection, "catalogue.unit_ways", way_rows(catalogue.units, pairs))
        _make(connection, "catalogue.units", _UNITS, day=day)
        _make(connection, "core.product_places", _PLACES, day=day)
        keys = [period.key for period in periods]
        _make(connection, "meta.run_periods", "SELECT UNNEST($periods) AS period", periods=keys)
        for name in _MADE:
            _remake(connection, name)
        yield connection


def _mirror(connection: duckdb.DuckDBPyConnection) -> None:
    """Show every published table under its own name; what is made anew takes the place of its view."""
    names = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [PUBLISHED]
    ).fetchall()
    for schema in {schema for schema, _ in names}:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    for schema, table in names:
        connection.execute(
            f'CREATE VIEW "{schema}"."{table}" AS SELECT * FROM {PUBLISHED}."{schema}"."{table}"'
        )


def _remake(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make a table for the months, with the published rows of all others beside them."""
    _make(connection, name, _OWN.get(name) or discover()[name].sql)
    if name != "core.unit_ancestors":
        connection.execute(
            f"INSERT INTO {name} BY NAME SELECT * FROM {PUBLISHED}.{name} "
            "WHERE period NOT IN (SELECT m.period FROM meta.run_periods AS m)"
        )


def _make(connection: duckdb.DuckDBPyConnection, name: str, sql: str, **values: object) -> None:
    connection.execute(f"DROP VIEW IF EXISTS {name}")
    connection.execute(f"CREATE TABLE {name} AS {sql}", values)


def _put(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    connection.execute(f"DROP VIEW IF EXISTS {name}")
    connection.register("putting", rows)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM putting")
    connection.unregister("putting")
