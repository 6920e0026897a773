"""Schema `register`: what Python knows of names that SQL cannot, as tables the models read.

Belongs here: the layouts, storing them whole or not at all, and reading back what identities are made from. How a name
is spelled the same way and which names are one is decided in the room `register`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pyarrow as pa

_TEXT, _SHARE = pl.String, pl.Float64
_LAYOUTS: Mapping[str, Mapping[str, Any]] = {
    "spellings": {
        "name_kind": _TEXT, "name": _TEXT, "spelling_key": _TEXT, "legal_form": _TEXT, "name_unique_within": _TEXT,
    },
    "identities": {"name_kind": _TEXT, "listed_id": _TEXT, "identity_id": _TEXT},
    "doubts": {
        "doubt_id": _TEXT, "name_kind": _TEXT, "reason": _TEXT, "similarity": _SHARE,
        "left_id": _TEXT, "left_product": _TEXT, "left_producer": _TEXT, "left_unit_id": _TEXT,
        "right_id": _TEXT, "right_product": _TEXT, "right_producer": _TEXT, "right_unit_id": _TEXT,
    },
}  # fmt: skip
"""Table of schema `register` -> its columns. A doubt is two products (or producers) that may be one."""


class Listing(NamedTuple):
    """A product as registers list it, one a commune of today: what identities are decided on."""

    listed_product_id: str
    listed_producer_id: str
    unit_id: str
    home_id: str
    product_name: str
    product_key: str
    producer_name: str
    producer_key: str
    producer_area: str


def prepare_register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make schema `register` and its empty tables where they are not there yet."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS register")
    for name in _LAYOUTS:
        connection.register("incoming", _table(name, []))
        connection.execute(f"CREATE TABLE IF NOT EXISTS register.{name} AS SELECT * FROM incoming")
        connection.unregister("incoming")


def store_register(connection: duckdb.DuckDBPyConnection, name: str, rows: Iterable[Sequence[Any]]) -> int:
    """Replace a table of schema `register`; gives the number of rows.

    Args:
        connection: A writing connection.
        name: One of the tables of this module.
        rows: Values in the order of its columns.
    """
    table = _table(name, list(rows))
    connection.execute("CREATE SCHEMA IF NOT EXISTS register")
    connection.register("incoming", table)
    try:
        connection.execute(f"CREATE OR REPLACE TABLE register.{name} AS SELECT * FROM incoming ORDER BY ALL")
    finally:
        connection.unregister("incoming")
    return int(table.num_rows)


def written_names(connection: duckdb.DuckDBPyConnection) -> tuple[list[str], list[str]]:
    """Every way a product's and a producer's name is written in the registers that count, or by a plan.

    The new producers of transfers are among them.
    """
    products = "SELECT product_name FROM staging.register_rows UNION SELECT product_name FROM catalogue.plan_products"
    producers = (
        "SELECT producer_name FROM staging.register_rows UNION "
        "SELECT new_producer_name FROM staging.register_events"
    )
    found = []
    for written in (products, producers):
        sql = f"SELECT DISTINCT t.name FROM ({written}) AS t(name) WHERE t.name IS NOT NULL ORDER BY 1"
        found.append([name for (name,) in connection.execute(sql).fetchall()])
    return found[0], found[1]


def listings(connection: duckdb.DuckDBPyConnection) -> list[Listing]:
    """Every listed product once a commune that lists it, in a fixed order."""
    sql = """
        SELECT
            listed_product_id, listed_producer_id, unit_id, home_id, MIN(product_name), product_key,
            COALESCE(MIN(producer_name), ''), producer_key, producer_area
        FROM core.listings
        GROUP BY
            listed_product_id, listed_producer_id, unit_id, home_id, product_key, producer_key, producer_area
        ORDER BY ALL"""
    return [Listing(*row) for row in connection.execute(sql).fetchall()]


def transfers(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """The listed ids that transfers make one: (kind, as listed before, as listed from then on).

    A product is the same under its new producer or in its new commune. A producer whose name belongs to one commune
    only, and who goes to another with a product, is the same there, unless that commune had decisions on other products
    of a producer of this name before: these may be two, and people are asked.
    """
    sql = """
        WITH moves AS (
            SELECT DISTINCT
                l.listed_producer_id AS producer_id, h.listed_producer_id AS new_producer_id, e.event_date
            FROM core.listings AS l
            JOIN staging.register_events AS e
                ON e.submission_id = l.submission_id AND e.sheet = l.sheet AND e.line_key = l.line_key
            JOIN core.listings AS h ON h.listed_product_id = l.new_product_id
            WHERE l.new_producer_id IS NULL AND l.producer_key <> '' AND h.listed_producer_id <> l.listed_producer_id
        ),

        others AS (
            SELECT l.listed_producer_id AS producer_id, MIN(LEAST(g.first_date, g.second_date)) AS first_day
            FROM core.listings AS l
            JOIN (SELECT DISTINCT new_producer_id FROM moves) AS m ON m.new_producer_id = l.listed_producer_id
            JOIN staging.register_rows AS g
                ON g.submission_id = l.submission_id AND g.sheet = l.sheet AND g.line_key = l.line_key
            WHERE l.listed_product_id NOT IN (
                SELECT t.new_product_id FROM core.listings AS t WHERE t.new_product_id IS NOT NULL
            )
            GROUP BY l.listed_producer_id
        )

        SELECT DISTINCT 'product', listed_product_id, new_product_id
        FROM core.listings
        WHERE new_product_id <> listed_product_id
        UNION ALL
        SELECT DISTINCT 'producer', m.producer_id, m.new_producer_id
        FROM moves AS m
        LEFT JOIN others AS o ON o.producer_id = m.new_producer_id
        WHERE o.first_day IS NULL OR o.first_day >= m.event_date
        ORDER BY ALL"""
    return [(kind, before, after) for kind, before, after in connection.execute(sql).fetchall()]


def _table(name: str, rows: list[Sequence[Any]]) -> pa.Table:
    # Built by Polars: building Arrow arrays from Python values makes pyarrow import pandas, a second for nothing.
    return pl.DataFrame(rows, schema=dict(_LAYOUTS[name]), orient="row").to_arrow()
