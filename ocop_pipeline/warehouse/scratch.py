"""A warehouse in memory for one batch of arrivals: the tables the rules read, with what is not yet accepted.

Belongs here: opening it, its tables, bulk loading, and what an accepted month leaves for the next. Does not:
which rules there are (`quality.rules`) or what a verdict is (intake). Nothing is written to disk.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import duckdb
import pyarrow as pa

from ocop_pipeline.domain.periods import Period
from ocop_pipeline.paths import SQL
from ocop_pipeline.warehouse.raw import prepare_imports
from ocop_pipeline.warehouse.register import prepare_register, store_register

Spell = Callable[[str, str], str]
"""(product or producer, name as written) -> key that all certain spellings of the name share."""

_HANDS = 2
# As for the warehouse file: no text of a workbook can become a path or a download.
_CLOSED_DOORS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
    "preserve_insertion_order": False,
}
_TABLES = {
    "core.indicator_values": (
        "period VARCHAR, unit_id VARCHAR, agency VARCHAR, form VARCHAR, indicator VARCHAR, "
        "breakdown VARCHAR, value DECIMAL(20, 4), state VARCHAR, submission_id VARCHAR, "
        "sheet VARCHAR, cell VARCHAR"
    ),
    "core.recognitions": (
        "product_id VARCHAR, decision_date DATE, product_name VARCHAR, producer_id VARCHAR, "
        "producer_name VARCHAR, producer_type VARCHAR, product_group VARCHAR, unit_id VARCHAR, star VARCHAR, "
        "recognition_kind VARCHAR, recognising_level VARCHAR, issuing_body VARCHAR, "
        "decision_no VARCHAR, expiry_date DATE, submission_id VARCHAR, sheet VARCHAR, cell VARCHAR"
    ),
    "core.certificates": (
        "product_id VARCHAR, decision_date DATE, star VARCHAR, expiry_date DATE, ending_kind VARCHAR, ended_on DATE"
    ),
    "meta.run_periods": "period VARCHAR",
}
_USUAL_TABLES = {
    "meta.usual_values": (
        "unit_id VARCHAR, agency VARCHAR, form VARCHAR, indicator VARCHAR, months_count INTEGER, usual DOUBLE, "
        "spread DOUBLE, least DOUBLE, largest DOUBLE"
    ),
    "meta.usual_nearby": (
        "parent_id VARCHAR, agency VARCHAR, form VARCHAR, indicator VARCHAR, units_count INTEGER, usual DOUBLE, "
        "spread DOUBLE, least DOUBLE, largest DOUBLE"
    ),
}
"""What is usual, by sender and by the senders around it: made for the judging, no model makes them."""
# What the rules of a later month need of an accepted one; the published tables are made by the SQL models.
_REMEMBER_VALUES = """
INSERT INTO core.indicator_values
SELECT
    v.period, v.unit_id, v.agency, v.form, v.indicator, v.breakdown, v.value,
    CASE WHEN v.state IN ('number', 'nothing') THEN v.state ELSE 'blank' END, v.submission_id, v.sheet, v.cell
FROM staging.form_values AS v
JOIN accepted ON accepted.submission_id = v.submission_id
"""
_REMEMBER_RECOGNITIONS = """
INSERT INTO core.recognitions BY NAME
SELECT
    s.unit_id, s.submission_id, g.product_name, g.producer_name, g.{which}_star_code AS star,
    g.{which}_date AS decision_date, g.{which}_decision AS decision_no
FROM staging.register_rows AS g
JOIN staging.submissions AS s ON s.submission_id = g.submission_id
JOIN accepted ON accepted.submission_id = s.submission_id
WHERE g.{which}_date IS NOT NULL
"""
# Spelling a name takes as long as judging a line, and nearly all names are written as they were last month: only where
# a unit has several wordings of what may be one product are they spelled. Two names with one key are alike here too.
_TO_SPELL = """
WITH arrived AS (
    SELECT DISTINCT COALESCE(n.unit_id, s.unit_id) AS unit_id, g.product_name, g.producer_name
    FROM staging.register_rows AS g
    JOIN staging.submissions AS s ON s.submission_id = g.submission_id
    LEFT JOIN raw.import_lines AS n
        ON n.submission_id = g.submission_id AND n.sheet = g.sheet AND n.line_key = g.line_key
),

written AS (
    SELECT unit_id, product_name, producer_name FROM arrived
    UNION
    SELECT e.unit_id, e.product_name, e.producer_name
    FROM core.recognitions AS e
    WHERE e.unit_id IN (SELECT unit_id FROM arrived)
),

folded AS (
    SELECT
        w.unit_id, w.product_name, w.producer_name,
        REGEXP_REPLACE(
            REPLACE(REPLACE(STRIP_ACCENTS(LOWER(w.product_name)), 'đ', 'd'), '&', 'va'), '[^a-z0-9]+', '', 'g'
        ) AS word
    FROM written AS w
    WHERE w.product_name IS NOT NULL
),

doubtful AS (
    SELECT f.product_name, f.producer_name
    FROM folded AS f
    JOIN (SELECT unit_id, word FROM folded GROUP BY unit_id, word HAVING COUNT(*) > 1) AS several
        ON several.unit_id = f.unit_id AND several.word = f.word
)

SELECT 'product', product_name FROM doubtful
UNION
SELECT 'producer', producer_name FROM doubtful WHERE producer_name IS NOT NULL
"""


class Scratch:
    """The tables of one judging, see `open_scratch`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._hands = [connection, *(connection.cursor() for _ in range(_HANDS - 1))]

    def close(self) -> None:
        """Close the connections opened besides the one given; each keeps the tables in memory as long as it is open."""
        for hand in self._hands[1:]:
            hand.close()

    def select_all(self, sqls: Sequence[str]) -> list[Sequence[Sequence[Any]]]:
        """The rows of each SELECT.

        Each is too small for DuckDB to use a second core for, so several run at once.
        """
        idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        for hand in self._hands:
            idle.put(hand)

        def rows(sql: str) -> Sequence[Sequence[Any]]:
            hand = idle.get()
            try:
                return hand.execute(sql).fetchall()
            finally:
                idle.put(hand)

        with ThreadPoolExecutor(len(self._hands)) as threads:
            return list(threads.map(rows, sqls))

    def load_reference(self, tables: Collection[tuple[str, pa.Table]]) -> None:
        """Put the catalogue's tables, by name, into schema `catalogue`."""
        for name, rows in tables:
            self._copy("CREATE OR REPLACE TABLE", f"catalogue.{name}", rows)

    def load_previous(self, known: Mapping[str, pa.Table | None]) -> None:
        """Put what the warehouse knows of earlier months into tables of `core` (columns by name, missing ones null)."""
        for name, rows in known.items():
            if rows is not None and rows.num_rows:
                self._copy("INSERT INTO", name, rows, by_name=True)

    def load_imports(self, imports: pa.Table, import_lines: pa.Table) -> None:
        """Put what was told of lists, and what their lines mean, into `raw`; before their batch is loaded."""
        for name, rows in (("raw.imports", imports), ("raw.import_lines", import_lines)):
            self._copy("INSERT INTO", name, rows, by_name=True)

    def load_batch(
        self, periods: Sequence[str], submissions: pa.Table, cells: pa.Table, form_values: pa.Table
    ) -> None:
        """Make the arrivals of some periods the content of `staging`, and those periods the run's.

        The tables are read where they lie: with their dictionaries the rules run faster than on a copy.
        """
        execute = self._connection.execute
        execute("TRUNCATE meta.run_periods")
        self._connection.executemany(
            "INSERT INTO meta.run_periods VALUES (?)", [[period] for period in periods]
        )
        for name, rows in (("submissions", submissions), ("cells", cells), ("form_values", form_values)):
            for hand in self._hands:  # what is registered belongs to one connection, the view to all
                hand.register(f"batch_{name}", rows)
            execute(f"CREATE OR REPLACE VIEW staging.{name} AS SELECT * FROM batch_{name}")
        register_rows = (SQL / "staging" / "register_rows.sql").read_text(encoding="utf-8")
        execute(f"CREATE OR REPLACE TABLE staging.register_rows AS {register_rows}")

    def spell(self, key_of: Spell) -> None:
        """Give the names of registers their keys, where a unit has more than one wording of what may be one product."""
        names = self._connection.execute(_TO_SPELL).fetchall()
        rows = [(kind, name, key_of(kind, name), "", "") for kind, name in names]
        store_register(self._connection, "spellings", rows)

    def remember(self, submission_ids: Collection[str]) -> None:
        """Keep what these submissions of the batch say, as the month before of the next period judged."""
        self._connection.execute("CREATE OR REPLACE TEMP TABLE accepted (submission_id VARCHAR)")
        if submission_ids:
            self._connection.execute("INSERT INTO accepted SELECT UNNEST(?)", [list(submission_ids)])
        self._connection.execute(
            "DELETE FROM core.indicator_values AS v USING staging.submissions AS s, accepted AS a "
            "WHERE a.submission_id = s.submission_id AND v.period = s.period AND v.form = s.form "
            "AND v.unit_id = s.unit_id AND v.agency = s.agency"
        )
        self._connection.execute(_REMEMBER_VALUES)
        for which in ("first", "second"):
            self._connection.execute(_REMEMBER_RECOGNITIONS.format(which=which))

    def _copy(self, how: str, name: str, rows: pa.Table, *, by_name: bool = False) -> None:
        self._connection.register("loading", rows)
        by = " BY NAME" if by_name else (" AS" if how.startswith("CREATE") else "")
        self._connection.execute(f"{how} {name}{by} SELECT * FROM loading")
        self._connection.unregister("loading")


@contextlib.contextmanager
def open_scratch(threads: int | None = None) -> Iterator[Scratch]:
    """An empty warehouse in memory with the tables that form rules read.

    Args:
        threads: worker threads; DuckDB's own choice when None.
    """
    config = dict(_CLOSED_DOORS)
    if threads is not None:
        config["threads"] = threads
    with contextlib.closing(duckdb.connect(":memory:", config=config)) as connection:
        for schema in ("staging", "catalogue", "core", "meta"):
            connection.execute(f"CREATE SCHEMA {schema}")
        for name, columns in _TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
        prepare_usual(connection)
        prepare_imports(connection)
        prepare_register(connection)
        with contextlib.closing(Scratch(connection)) as scratch:
            yield scratch


def prepare_usual(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables of what is usual."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS meta")
    for name, columns in _USUAL_TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")


@dataclass(frozen=True, slots=True)
class Published:
    """What a warehouse holds of earlier months; None for a table not made yet.

    Attributes:
        values: rows of core.indicator_values of the months asked for.
        recognitions: rows of core.recognitions.
        certificates: rows of core.certificates; their expiry is the first day they are worth nothing, by whatever
            ended them.
        usual: meta.usual_values: what each sender reported in the months before, in the middle and at the ends.
        nearby: meta.usual_nearby: the same of the senders under one unit, by what each usually reports.
    """

    values: pa.Table | None = None
    recognitions: pa.Table | None = None
    certificates: pa.Table | None = None
    usual: pa.Table | None = None
    nearby: pa.Table | None = None


_HISTORY = 25
"""Months looked back on: two years and a month, so that every season was seen twice."""
# Totals only: parts that are off make a total that is off, or one that does not add up.
_USUAL = """
SELECT
    unit_id, agency, form, indicator, CAST(COUNT(*) AS INTEGER) AS months_count,
    CAST(MEDIAN(value) AS DOUBLE) AS usual, CAST(MAD(value) AS DOUBLE) AS spread,
    CAST(MIN(value) AS DOUBLE) AS least, CAST(MAX(value) AS DOUBLE) AS largest
FROM core.indicator_values
WHERE state = 'number' AND breakdown = '' AND period >= ?
GROUP BY unit_id, agency, form, indicator
"""
_NEARBY = """
SELECT
    a.ancestor_id AS parent_id, u.agency, u.form, u.indicator, CAST(COUNT(*) AS INTEGER) AS units_count,
    MEDIAN(u.usual) AS usual, MAD(u.usual) AS spread, MIN(u.least) AS least, MAX(u.largest) AS largest
FROM usual AS u
JOIN (SELECT DISTINCT unit_id, ancestor_id FROM core.unit_ancestors WHERE distance = 1) AS a ON a.unit_id = u.unit_id
GROUP BY a.ancestor_id, u.agency, u.form, u.indicator
"""


def published_before(connection: duckdb.DuckDBPyConnection, months: Collection[str]) -> Published:
    """What the warehouse holds of earlier months, for `Scratch.load_previous`.

    Args:
        connection: a connection to the warehouse.
        months: keys of the months whose values are wanted.
    """
    made = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables()"
        ).fetchall()
    }
    values = recognitions = certificates = usual = nearby = None
    if "core.indicator_values" in made and months:
        values = connection.sql(
            "SELECT period, unit_id, agency, form, indicator, breakdown, value, state "
            "FROM core.indicator_values WHERE list_contains(?, period)",
            params=[sorted(months)],
        ).to_arrow_table()
        usual = connection.sql(_USUAL, params=[_months_back(max(months))]).to_arrow_table()
    if usual is not None and "core.unit_ancestors" in made:
        connection.register("usual", usual)
        nearby = connection.sql(_NEARBY).to_arrow_table()
        connection.unregister("usual")
    if "core.recognitions" in made:
        recognitions = connection.sql(
            "SELECT product_id, unit_id, producer_name, product_name, star, decision_date, decision_no"
            " FROM core.recognitions"
        ).to_arrow_table()
    columns = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'core' AND table_name = 'certificates'"
    ).fetchall()
    if ("ended_on",) in columns:  # a table of an earlier version is made anew by the next run
        certificates = connection.sql(
            "SELECT product_id, decision_date, star, expiry_date, ending_kind, ended_on FROM core.certificates"
        ).to_arrow_table()
    return Published(values, recognitions, certificates, usual, nearby)


def _months_back(key: str) -> str:
    month = Period.parse(key)
    for _ in range(_HISTORY):
        month = month.previous()
    return month.key
