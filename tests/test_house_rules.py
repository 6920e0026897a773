"""House rules of the SQL: what is universal is checked for every file, so that nothing becomes optional."""

import io
import tokenize
import unicodedata
from pathlib import Path

import duckdb
import pytest
import sqlglot

from ocop_pipeline import paths
from ocop_pipeline.catalogue.columns import load_columns
from ocop_pipeline.catalogue.tables import read_text, read_yaml
from ocop_pipeline.warehouse.models import (
    MAY_READ,
    RUN_PERIODS,
    SOURCES,
    description_of,
    parse_select,
    tables_read,
    upstream,
)
from ocop_pipeline.warehouse.publish import insert_sql
from tests.source_tables import layout_of, make_table, models, source_layouts
from tests.test_sql_cases import case_files, subject

LAYERS = tuple(MAY_READ)
SQL_FILES = sorted(paths.SQL.rglob("*.sql"))
AUDITS = sorted((paths.SQL / "audits").glob("*.sql"))
MODEL_NAMES = sorted(f"{path.parent.name}.{path.stem}" for path in SQL_FILES if path.parent.name in LAYERS)
# What a rule of the forms may read beside staging: the published past, whose lines an imported list's are, and how
# names are spelled one way; and what is usual.
RULE_READS = (
    "core.indicator_values",
    "core.recognitions",
    "core.certificates",
    "raw.import_lines",
    "register.spellings",
    "meta.usual_values",
    "meta.usual_nearby",
    RUN_PERIODS,
)
# In the list of indicators these two hold the code of an indicator, elsewhere the figure itself.
_TWO_MEANINGS = {"catalogue.indicators.numerator", "catalogue.indicators.denominator"}
_CODE_LINES = 250


def _contract_audits() -> dict[str, set[str]]:
    """Audit -> the models whose contracts name it."""
    found: dict[str, set[str]] = {}
    for name in MODEL_NAMES:
        layer, table = name.split(".")
        for check in read_yaml(paths.SQL / layer / f"{table}.yml").get("checks") or ():
            if "violations" in check:
                found.setdefault(Path(check["violations"]).stem, set()).add(name)
    return found


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_sql_files_stand_in_a_known_folder(path):
    """A file outside the layers and audits would never run, and nobody would notice."""
    assert path.parent.parent == paths.SQL
    assert path.parent.name in (*LAYERS, "audits")


def test_every_model_is_discovered():
    """Every SELECT of a layer is a model with a contract, and every contract belongs to one."""
    assert sorted(models()) == MODEL_NAMES
    contracts = {f"{path.parent.name}.{path.stem}" for path in paths.SQL.rglob("*.yml")}
    assert contracts == set(MODEL_NAMES)


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_model_has_a_case(name):
    """Given rows, expected rows: at least one case a model, with at least one expected row."""
    cases = [path for path in case_files() if subject(path) == name]
    assert any(read_yaml(path).get("expect") for path in cases), (
        f"no case in tests/sql/{name.replace('.', '/')}/"
    )


@pytest.mark.parametrize("audit", sorted(_contract_audits()))
def test_every_audit_of_a_table_has_a_fault_it_finds_and_one_it_passes(audit):
    """An audit that cannot fail guards nothing; one that cannot pass stops everything."""
    cases = [read_yaml(path) for path in case_files() if subject(path) == f"audits.{audit}"]
    assert any(case.get("expect") for case in cases), "no case with an offending row"
    assert any(not case.get("expect") for case in cases), "no case without one"


@pytest.mark.parametrize("path", case_files(), ids=lambda path: f"{subject(path)}-{path.stem}")
def test_every_case_has_its_sql(path):
    """A case of a model that is gone proves nothing."""
    layer, name = subject(path).split(".")
    assert (paths.SQL / layer / f"{name}.sql").is_file()


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_model_gives_its_declared_types_in_the_engine(name):
    """The SELECT binds against tables of the declared layouts, and its insert runs on none of their rows."""
    with duckdb.connect() as connection:
        for table in models()[name].dependencies:
            make_table(connection, table)
        make_table(connection, name)
        connection.execute(insert_sql(models()[name]))
        assert connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone() is not None


@pytest.mark.parametrize("path", AUDITS, ids=lambda path: path.stem)
def test_an_audit_is_one_select_that_binds_and_says_why(path):
    """Every audit runs on tables of the declared layouts and opens with what it finds."""
    sql = read_text(path)
    assert description_of(sql), "opens with a comment: what it finds and the source of the rule"
    with duckdb.connect() as connection:
        for table in tables_read(parse_select(sql)):
            make_table(connection, table)
        connection.execute(sql).fetchall()


@pytest.mark.parametrize("path", AUDITS, ids=lambda path: path.stem)
def test_an_audit_reads_only_what_stands_when_it_runs(path):
    """A form rule reads the batch and the published past; a table's audit its table and what is upstream."""
    reads = {
        table for table in tables_read(parse_select(read_text(path))) if not table.startswith("catalogue.")
    }
    users = _contract_audits().get(path.stem)
    if users is None:
        assert {table for table in reads if not table.startswith("staging.")} <= set(RULE_READS)
    for user in users or ():
        assert reads <= {user, RUN_PERIODS, *upstream(user, models())}


@pytest.mark.parametrize("path", AUDITS, ids=lambda path: path.stem)
def test_a_form_rule_gives_the_place_and_the_arguments(path):
    """A rule that is no table's audit returns submission, sheet, cell and the arguments of its sentence."""
    if path.stem in _contract_audits():
        return
    columns = parse_select(read_text(path)).named_selects
    assert columns == ["submission_id", "sheet", "cell", "args"]


def test_every_audit_is_used():
    """An audit that neither a contract nor the list of findings names never runs."""
    findings = (paths.CATALOGUE_DATA / "findings.csv").read_text(encoding="utf-8")
    codes = {line.split(",")[0].lower() for line in findings.splitlines()[1:]}
    assert {path.stem for path in AUDITS} <= codes | set(_contract_audits())


def test_every_column_is_defined_once_and_used():
    """The dictionary defines what tables have, and nothing no table has."""
    defined = set(load_columns(paths.CATALOGUE_DATA / "columns.csv"))
    used = {column for name in MODEL_NAMES for column, _ in layout_of(name)}
    sources = {column for layout in source_layouts().values() for column, _ in layout}
    assert used <= defined
    assert defined <= used | sources, sorted(defined - used - sources)


def test_a_name_has_one_type_in_sources_and_models():
    """Where a source and the dictionary use the same name they mean the same type."""
    dictionary = load_columns(paths.CATALOGUE_DATA / "columns.csv")
    differing = [
        f"{table}.{column}: {kind}, not {dictionary[column].type}"
        for table, layout in source_layouts().items()
        for column, kind in layout
        if column in dictionary
        and dictionary[column].type != kind
        and f"{table}.{column}" not in _TWO_MEANINGS
    ]
    assert differing == []


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_column_a_model_reads_is_traced(name):
    """Lineage names only tables the model reads and columns that exist in them."""
    model = models()[name]
    for sources in model.lineage.values():
        for table, column in sources:
            assert table in model.dependencies
            assert column in dict(layout_of(table)), f"{table} has no {column}"


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_layers_only_look_down(name):
    """Staging reads what Python wrote, core reads staging, marts read core; nothing reads up."""
    model = models()[name]
    order = (*SOURCES, *LAYERS)
    assert all(order.index(table.split(".")[0]) <= order.index(model.schema) for table in model.dependencies)


@pytest.mark.parametrize("name", [name for name in MODEL_NAMES if not name.startswith("staging.")])
def test_core_and_marts_keep_to_sql_that_can_move(name):
    """No QUALIFY, lambdas, pivots or stars: the subset that Spark runs with equal results."""
    tree = parse_select(models()[name].sql)
    for node in (sqlglot.exp.Qualify, sqlglot.exp.Lambda, sqlglot.exp.Pivot, sqlglot.exp.Columns):
        assert tree.find(node) is None, node.__name__
    assert sqlglot.transpile(models()[name].sql, read="duckdb", write="spark")


_TEXT_FILES = [
    *SQL_FILES,
    *sorted(paths.SQL.rglob("*.yml")),
    *case_files(),
    paths.CATALOGUE_DATA / "columns.csv",
]


@pytest.mark.parametrize("path", _TEXT_FILES, ids=lambda path: f"{path.parent.name}.{path.name}")
def test_text_is_nfc_without_tabs_or_ends(path):
    """Vietnamese in one form, lines without trailing spaces, no tabs."""
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert "\t" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def _code_lines(path: Path) -> int:
    """Lines that hold code: no blank lines, comments or docstrings."""
    lines: set[int] = set()
    skipped = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    previous = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        is_docstring = token.type == tokenize.STRING and previous in (
            tokenize.NEWLINE,
            tokenize.INDENT,
            tokenize.DEDENT,
        )
        if token.type not in skipped and not is_docstring:
            lines.update(range(token.start[0], token.end[0] + 1))
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            previous = token.type
    return len(lines)


def test_the_factory_stays_small():
    """Beyond 250 lines of code the answer is a tool made for SQL models, not a bigger factory."""
    here = paths.PACKAGE.parent
    files = (paths.PACKAGE / "warehouse" / "models.py", here / "assets" / "models.py")
    assert sum(_code_lines(path) for path in files) < _CODE_LINES
