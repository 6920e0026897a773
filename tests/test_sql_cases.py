"""SQL cases: given rows, a run's periods, expected rows; a YAML file each, no Python per case.

`tests/sql/<layer>/<table>/<case>.yml` is a case of a model, `tests/sql/audits/<audit>/<case>.yml` of an
audit. Only the tables the SQL reads are built, so a dependency the factory missed fails as a missing table.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ocop_pipeline import paths
from ocop_pipeline.catalogue.tables import read_text, read_yaml
from ocop_pipeline.warehouse.models import RUN_PERIODS, parse_select, tables_read
from tests.source_tables import layout_of, make_table, models

CASES = Path(__file__).parent / "sql"
_FIELDS = {"why", "given", "periods", "expect"}


def case_files() -> list[Path]:
    """Every case, in the order of their paths."""
    return sorted(CASES.glob("*/*/*.yml"))


def subject(path: Path) -> str:
    """What a case is about: `layer.table` or `audits.name`."""
    return f"{path.parent.parent.name}.{path.parent.name}"


def _select(name: str) -> tuple[str, tuple[str, ...], Mapping[str, str]]:
    """The SQL of a subject, what it reads, and the types of its columns where they are declared."""
    if name.startswith("audits."):
        sql = read_text(paths.SQL / "audits" / f"{name.removeprefix('audits.')}.sql")
        return sql.strip().removesuffix(";"), tables_read(parse_select(sql)), {}
    model = models()[name]
    return model.sql, model.dependencies, dict(layout_of(name))


def _rows(case: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    rows = case.get(field) or []
    assert isinstance(rows, list), f"{field!r} is a list of rows"
    return rows


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database."""
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.parametrize("path", case_files(), ids=lambda path: f"{subject(path)}-{path.stem}")
def test_case(connection, path):
    """The given rows give the expected rows, neither more nor fewer; its `why` says the rule."""
    case = read_yaml(path)
    assert set(case) <= _FIELDS, f"unknown fields: {sorted(set(case) - _FIELDS)}"
    assert case.get("why"), "a case says why it is there"
    sql, reads, types = _select(subject(path))
    given = case.get("given") or {}
    assert set(given) <= set(reads), f"not read by this SQL: {sorted(set(given) - set(reads))}"
    for table in reads:
        make_table(connection, table, given.get(table) or ())
    for period in case.get("periods") or ():
        connection.execute(f"INSERT INTO {RUN_PERIODS} VALUES (?)", [period])
    found, expected = _compared(connection, sql, types, _rows(case, "expect"))
    assert found == expected


def _compared(connection, sql, types, rows) -> tuple[list[Any], list[Any]]:
    """Found and expected rows, sorted, in the columns the expectation names and in their declared types."""
    columns = sorted({name for row in rows for name in row})
    if not columns:
        return connection.execute(sql).fetchall(), []
    given = dict(connection.sql(f"DESCRIBE ({sql}\n)").project("column_name, column_type").fetchall())
    assert set(columns) <= set(given), f"no such columns: {sorted(set(columns) - set(given))}"
    kinds = {name: types.get(name, given[name]) for name in columns}
    casts = ", ".join(f'CAST(q."{name}" AS {kind}) AS "{name}"' for name, kind in kinds.items())
    found = connection.execute(f"SELECT {casts} FROM (\n{sql}\n) AS q").fetchall()
    values = ", ".join(f"CAST(? AS {kind})" for kind in kinds.values())
    expected = [
        connection.execute(f"SELECT {values}", [row.get(name) for name in columns]).fetchone() for row in rows
    ]
    return _sorted(columns, found), _sorted(columns, expected)


def _sorted(columns, rows) -> list[dict[str, str | None]]:
    """Rows as text by column, in an order of their own: SQL without ORDER BY promises none."""
    shown = [
        {name: None if value is None else str(value) for name, value in zip(columns, row, strict=True)}
        for row in rows
    ]
    return sorted(shown, key=lambda row: [(value is None, value or "") for value in row.values()])
