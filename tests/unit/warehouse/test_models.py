"""SQL models: what is read out of a SELECT, in which order models stand, and what is refused."""

import pytest

from ocop_pipeline.catalogue.columns import Column
from ocop_pipeline.warehouse.models import ModelError, discover, parse_select, tables_read, upstream

_NAMES = ("period", "unit_id", "value", "total", "number", "name", "ancestor_id", "rows_count")
DICTIONARY = {name: Column(name, "VARCHAR", "meaning", "nhãn") for name in _NAMES}


class Folder:
    """A folder of models under construction."""

    def __init__(self, path):
        self.path = path

    def add(self, table, sql, columns, refresh="whole", checks=()):
        """Write a model and its contract; the first column is the grain."""
        layer, name = table.split(".")
        folder = self.path / layer
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.sql").write_text(f"-- One row per thing.\n{sql}\n", encoding="utf-8")
        lines = [
            f"grain: [{columns.split(', ')[0]}]",
            f"refresh: {refresh}",
            f"columns: [{columns}]",
            "checks:",
        ]
        lines += [f"  - {{violations: audits/{check}.sql, severity: critical}}" for check in checks]
        (folder / f"{name}.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self

    def audit(self, name, sql):
        """Write an audit."""
        folder = self.path / "audits"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.sql").write_text(f"-- Finds nothing.\n{sql}\n", encoding="utf-8")
        return self

    def discover(self):
        """The models of this folder."""
        return discover(self.path, DICTIONARY)


@pytest.fixture
def folder(tmp_path):
    """An empty folder of models."""
    return Folder(tmp_path / "sql")


def _lineage(folder, sql, columns="value"):
    return folder.add("core.figures", sql, columns).discover()["core.figures"].lineage


def test_a_model_is_its_file(folder):
    """Folder is schema, file is table, the first comment describes, a closing semicolon is dropped."""
    sql = "-- And why.\nSELECT c.value\nFROM raw.cells AS c;"
    model = folder.add("staging.cells", sql, "value").discover()["staging.cells"]
    assert (model.schema, model.table, model.name) == ("staging", "cells", "staging.cells")
    assert model.description == "One row per thing. And why."
    assert model.sql.endswith("FROM raw.cells AS c")
    assert [(column.name, column.type) for column in model.columns] == [("value", "VARCHAR")]


def test_models_stand_after_what_they_read(folder):
    """The order of the result is an order in which everything can be built, the same every time."""
    folder.add("core.a", "SELECT z.value FROM core.z AS z", "value")
    folder.add("core.z", "SELECT c.value FROM staging.cells AS c", "value")
    folder.add("marts.first", "SELECT a.value FROM core.a AS a", "value")
    folder.add("staging.cells", "SELECT c.value FROM raw.cells AS c", "value")
    assert list(folder.discover()) == ["staging.cells", "core.z", "core.a", "marts.first"]
    assert upstream("marts.first", folder.discover()) == {"core.a", "core.z", "staging.cells", "raw.cells"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT c.value FROM raw.cells AS c WHERE c.value IN (SELECT h.value FROM raw.hidden AS h)",
        "WITH cells AS (SELECT h.value FROM raw.hidden AS h) SELECT cells.value FROM cells, raw.cells AS c",
        "SELECT c.value FROM raw.cells AS c UNION ALL SELECT h.value FROM raw.hidden AS h",
        "SELECT p.value FROM (PIVOT raw.hidden ON unit_id USING SUM(value)) AS p, raw.cells AS c",
        "SELECT (SELECT MAX(h.value) FROM raw.hidden AS h) AS value FROM raw.cells AS c",
        "FROM raw.cells AS c JOIN raw.hidden AS h ON h.value = c.value SELECT c.value",
    ],
)
def test_no_table_hides(sql):
    """Tables in subqueries, CTEs, unions, pivots and scalar places are all read; a CTE is none."""
    assert tables_read(parse_select(sql)) == ("raw.cells", "raw.hidden")


def test_lineage_goes_through_ctes_joins_and_unions_to_the_tables(folder):
    """Each column names the table columns its value comes from, conditions of a CASE included."""
    sql = """
    WITH sums AS (SELECT c.unit_id, SUM(c.number) AS total FROM raw.cells AS c GROUP BY c.unit_id)
    SELECT u.name, CASE WHEN u.period = '1' THEN s.total END AS value, COUNT(*) AS rows_count
    FROM sums AS s JOIN catalogue.units AS u ON u.unit_id = s.unit_id GROUP BY ALL
    UNION ALL
    SELECT 'x', v.value, 1 FROM staging.extras AS v
    """
    folder.add("staging.extras", "SELECT c.value FROM raw.cells AS c", "value")
    assert _lineage(folder, sql, "name, value, rows_count") == {
        "name": (("catalogue.units", "name"),),
        "value": (("catalogue.units", "period"), ("raw.cells", "number"), ("staging.extras", "value")),
        "rows_count": (),
    }


def test_lineage_knows_unqualified_columns_of_models(folder):
    """Columns written without their table are traced where the contract of a model tells whose they are."""
    folder.add("staging.a", "SELECT c.unit_id, c.value FROM raw.cells AS c", "unit_id, value")
    folder.add("staging.b", "SELECT c.unit_id, c.name FROM raw.cells AS c", "unit_id, name")
    sql = "SELECT name, value FROM staging.a AS a JOIN staging.b AS b ON a.unit_id = b.unit_id"
    assert _lineage(folder, sql, "name, value") == {
        "name": (("staging.b", "name"),),
        "value": (("staging.a", "value"),),
    }


def test_the_code_version_is_the_meaning_not_the_layout(folder):
    """Comments, spaces and the case of keywords change nothing; a changed number does."""

    def version(sql):
        return folder.add("core.figures", sql, "value").discover()["core.figures"].code_version

    first = version("SELECT c.value FROM raw.cells AS c WHERE c.number > 1")
    assert version("-- why\nselect  c.value\nfrom raw.cells as c -- here\nwhere c.number > 1;") == first
    assert version("SELECT c.value FROM raw.cells AS c WHERE c.number > 2") != first


_REFUSED = {
    "SELECT c.* FROM raw.cells AS c": "star",
    "SELECT * FROM raw.cells": "star",
    "SELECT c.value FROM raw.cells AS c UNION ALL SELECT * FROM raw.cells": "star",
    "WITH w AS (SELECT * FROM raw.cells) SELECT w.value FROM w": "star",
    "SELECT COLUMNS('value') FROM raw.cells": "star",
    "SELECT c.unit_id FROM raw.cells AS c": "gives unit_id as column 1; its contract says value",
    "SELECT c.value, c.unit_id FROM raw.cells AS c": "gives unit_id as column 2; its contract says nothing",
    "SELECT c.value FROM cells AS c": "schema.table",
    "SELECT c.value FROM other.raw.cells AS c": "schema.table",
    "SELECT c.value FROM '/etc/passwd' AS c": "schema.table",
    "SELECT c.value FROM read_csv('/etc/passwd') AS c": "never a function that reads",
    "SELECT c.value FROM query_table('raw.cells') AS c": "never a function that reads",
    "SELECT c.value FROM marts.totals AS c": "core may not read marts.totals",
    "SELECT c.value FROM main.cells AS c": "core may not read main.cells",
    "SELECT c.value FROM core.nowhere AS c": "reads core.nowhere, which no model makes",
    "SELECT c.value FROM raw.cells AS c; SELECT 1": "exactly one SELECT",
    "DELETE FROM raw.cells": "exactly one SELECT",
    "CREATE TABLE core.x AS SELECT c.value FROM raw.cells AS c": "exactly one SELECT",
    "SELECT c.value FROM raw.cells AS c WHERE (": "not SQL",
    "SELECT r.period AS value FROM meta.run_periods AS r": "refreshed by period",
    "SELECT s.value FROM staging.cells AS s WHERE s.colour = 'red'": "colour",
}


@pytest.mark.parametrize("sql", _REFUSED)
def test_a_faulty_model_is_refused_by_name(folder, sql):
    """What cannot be built, traced or trusted never becomes a table; the message names the model."""
    folder.add("staging.cells", "SELECT c.value FROM raw.cells AS c", "value")
    folder.add("marts.totals", "SELECT 1 AS value", "value")
    with pytest.raises(ModelError) as refused:
        folder.add("core.figures", sql, "value").discover()
    assert "core.figures" in str(refused.value)
    assert _REFUSED[sql] in str(refused.value)


@pytest.mark.parametrize(
    ("table", "reads", "allowed"),
    [
        ("staging.x", "raw.cells", True),
        ("staging.x", "staging.y", True),
        ("staging.x", "core.y", False),
        ("core.x", "staging.y", True),
        ("core.x", "marts.y", False),
        ("marts.x", "core.y", True),
        ("marts.x", "staging.y", True),
        ("marts.x", "raw.cells", False),
    ],
)
def test_layers_only_look_down(folder, table, reads, allowed):
    """Staging reads what Python wrote, core reads staging, marts read core; nothing reads up."""
    if not reads.startswith("raw"):
        folder.add(reads, "SELECT p.value FROM catalogue.periods AS p", "value")
    folder.add(table, f"SELECT c.value FROM {reads} AS c", "value")
    if allowed:
        assert table in folder.discover()
    else:
        with pytest.raises(ModelError, match="only look down"):
            folder.discover()


def test_a_table_refreshed_by_period_joins_the_runs_periods(folder):
    """Without the join, a run for one month would write every month again."""
    folder.add("core.figures", "SELECT c.period FROM raw.cells AS c", "period", "by_period")
    with pytest.raises(ModelError, match=r"joins meta\.run_periods"):
        folder.discover()


def test_a_circle_is_refused(folder):
    """Two models that read each other have no first."""
    folder.add("core.a", "SELECT b.value FROM core.b AS b", "value")
    folder.add("core.b", "SELECT a.value FROM core.a AS a", "value")
    with pytest.raises(ModelError, match=r"circle: core\.. -> core\.. -> core\.."):
        folder.discover()


def test_a_model_needs_its_contract_and_its_comment(folder):
    """What one row is and what is promised is never optional."""
    folder.add("core.figures", "SELECT c.value FROM raw.cells AS c", "value")
    (folder.path / "core" / "figures.sql").write_text(
        "SELECT c.value FROM raw.cells AS c\n", encoding="utf-8"
    )
    with pytest.raises(ModelError, match=r"core\.figures: opens with a comment"):
        folder.discover()
    (folder.path / "core" / "figures.yml").unlink()
    with pytest.raises(ModelError, match=r"core\.figures: no contract figures\.yml"):
        folder.discover()


def test_an_audit_reads_its_own_table_what_is_upstream_and_the_catalogue(folder):
    """An audit that looked sideways could fail before what it reads is built."""
    folder.add("staging.cells", "SELECT c.value FROM raw.cells AS c", "value")
    folder.add("core.side", "SELECT c.value FROM staging.cells AS c", "value")
    sql = "SELECT c.value FROM staging.cells AS c"
    tables = "core.figures AS f, staging.cells AS s, raw.cells AS r, catalogue.units AS u"
    folder.audit("fine", f"SELECT f.value FROM {tables}").audit(
        "sideways", "SELECT s.value FROM core.side AS s"
    )
    assert "core.figures" in folder.add("core.figures", sql, "value", checks=["fine"]).discover()
    with pytest.raises(ModelError, match=r"core\.figures, check sideways: reads core\.side"):
        folder.add("core.figures", sql, "value", checks=["fine", "sideways"]).discover()


def test_audits_are_no_models(folder):
    """The folder of audits is not a layer."""
    folder.audit("fine", "SELECT 1 AS value")
    assert folder.add("core.figures", "SELECT c.value FROM raw.cells AS c", "value").discover().keys() == {
        "core.figures"
    }
