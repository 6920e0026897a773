"""The SQL models: every `sql/<layer>/<table>.sql` with what it reads, gives and promises.

Belongs here: finding, parsing and ordering them. Running them is `publish.py`, wiring them is the shell's.
No templating, no third refresh kind, under 250 lines of code together with the wiring: beyond that the answer
is a tool made for it, not a bigger factory.
"""

import functools
import graphlib
import hashlib
import itertools
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import MappingSchema

from ocop_pipeline import paths
from ocop_pipeline.catalogue.columns import Column, load_columns
from ocop_pipeline.catalogue.tables import read_text
from ocop_pipeline.quality.contracts import Contract, Refresh, load_contract

RUN_PERIODS = "meta.run_periods"
SOURCES = ("raw", "catalogue", "register", "meta")
"""Schemas written by Python; every other schema is a layer of models."""
MAY_READ: Mapping[str, tuple[str, ...]] = {
    "staging": (*SOURCES, "staging"),
    "core": (*SOURCES, "staging", "core"),  # raw too: coverage counts what was returned
    "marts": ("catalogue", "meta", "staging", "core", "marts"),
}
_UNDERLINE = re.compile(r"\x1b\[[0-9;]*m")  # sqlglot marks the place for terminals; this also goes into logs
Lineage: TypeAlias = Mapping[str, tuple[tuple[str, str], ...]]
"""Column -> the (table, column) pairs its value comes from."""
_ROW_MAKERS = (exp.Unnest, exp.GenerateSeries)


class ModelError(Exception):
    """A model is refused, or its SQL failed; the message names it."""


@dataclass(frozen=True, slots=True)
class SqlModel:
    """One table made by one SELECT.

    Attributes:
        schema: Its layer, which is its folder.
        table: Its name, which is its file.
        path: The file.
        sql: The text, without a closing semicolon.
        description: The first comment: what one row is and why the table exists.
        dependencies: Every table read, `schema.table`, sorted, its own left out (there is none).
        columns: What it gives, in order, as the dictionary defines them.
        lineage: Column -> the (table, column) pairs its value comes from; none for constants and row counts.
        code_version: Changes when the meaning of the SQL may have changed; not with comments or layout.
        contract: What it promises.
    """

    schema: str
    table: str
    path: Path
    sql: str
    description: str
    dependencies: tuple[str, ...]
    columns: tuple[Column, ...]
    lineage: Lineage
    code_version: str
    contract: Contract

    @property
    def name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.table}"


def discover(
    folder: Path | None = None, dictionary: Mapping[str, Column] | None = None
) -> dict[str, SqlModel]:
    """Every model of the folder by name, each after all it reads.

    Args:
        folder: Holds a folder per layer and `audits/`; the package's own when None.
        dictionary: Every known column; the catalogue's when None.

    Raises:
        ModelError: a model without contract or comment, one that reads upward or an unknown table, a star,
            columns that differ from the contract's, an audit that reads what is not upstream, a cycle.
        CatalogueError: a faulty contract, dictionary or text file.
    """
    if folder is None and dictionary is None:
        return dict(_package_models())
    return _discover(folder or paths.SQL, dictionary)


@functools.cache
def _package_models() -> dict[str, SqlModel]:
    return _discover(
        paths.SQL, None
    )  # parsing them takes half a second, and they do not change under a process


def _discover(folder: Path, dictionary: Mapping[str, Column] | None) -> dict[str, SqlModel]:
    known = load_columns(paths.CATALOGUE_DATA / "columns.csv") if dictionary is None else dictionary
    paths_found = [path for layer in MAY_READ for path in sorted((folder / layer).glob("*.sql"))]
    files = {f"{path.parent.name}.{path.stem}": path for path in paths_found}
    contracts = {name: _contract(name, path.with_suffix(".yml"), known) for name, path in files.items()}
    schema = MappingSchema(dialect="duckdb")
    for name, contract in contracts.items():
        schema.add_table(name, {column: known[column].type for column in contract.columns})
    models = {name: _model(path, contracts, known, schema) for name, path in files.items()}
    ordered = {name: models[name] for name in _order(models)}
    for model in ordered.values():
        _check_audits(model, ordered)
    return ordered


def code_version(models: Mapping[str, SqlModel]) -> str:
    """One name for the meaning of all models together."""
    return hashlib.sha256("".join(model.code_version for model in models.values()).encode()).hexdigest()[:16]


def upstream(name: str, models: Mapping[str, SqlModel]) -> set[str]:
    """Every table a model's rows can come from, through any number of models; itself left out."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        model = models.get(waiting.pop())
        fresh = set(model.dependencies) - found if model else set()
        found |= fresh
        waiting += fresh
    return found


def parse_select(sql: str) -> exp.Query:
    """The tree of a text that is exactly one SELECT.

    Raises:
        ModelError: anything else.
    """
    try:
        trees = sqlglot.parse(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ModelError(f"not SQL: {_UNDERLINE.sub('', str(error))}") from error
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query):
        raise ModelError("must be exactly one SELECT")
    return tree


def tables_read(tree: exp.Query) -> tuple[str, ...]:
    """Every `schema.table` in a tree, sorted; of all nodes, since a scope hides what a PIVOT reads.

    Raises:
        ModelError: a table without schema that is no CTE, one of another database, a function that reads.
    """
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    found = set()
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func) and not isinstance(table.this, _ROW_MAKERS):
            raise ModelError(f"{table.sql('duckdb')}: a model reads tables, never a function that reads")
        if table.catalog or (not table.db and table.name and table.name not in local):
            raise ModelError(f"{table.sql('duckdb')}: a table is always written schema.table")
        if table.db:
            found.add(f"{table.db}.{table.name}")
    return tuple(sorted(found))


def description_of(sql: str) -> str:
    """The comment lines a text opens with, as one line."""
    lines = itertools.takewhile(lambda line: line.startswith("--"), sql.splitlines())
    return " ".join(line.removeprefix("--").strip() for line in lines)


def _contract(name: str, path: Path, known: Mapping[str, Column]) -> Contract:
    if not path.is_file():
        raise ModelError(f"{name}: no contract {path.name} beside it")
    return load_contract(path, known)


def _model(
    path: Path, contracts: Mapping[str, Contract], known: Mapping[str, Column], schema: MappingSchema
) -> SqlModel:
    name = f"{path.parent.name}.{path.stem}"
    contract = contracts[name]
    sql = read_text(path).strip().removesuffix(";")
    try:
        tree = parse_select(sql)
        dependencies = tables_read(tree)
        _check_reads(contract, dependencies, contracts)
        _check_shape(sql, tree, contract)
        lines = _lineage(tree, contract.columns, schema)
    except (ModelError, sqlglot.errors.SqlglotError) as error:
        raise ModelError(f"{name}: {error}") from error
    version = hashlib.sha256(tree.sql(dialect="duckdb", comments=False).encode()).hexdigest()[:16]
    columns = tuple(known[column] for column in contract.columns)
    return SqlModel(
        schema=path.parent.name,
        table=path.stem,
        path=path,
        sql=sql,
        description=description_of(sql),
        dependencies=dependencies,
        columns=columns,
        lineage=lines,
        code_version=version,
        contract=contract,
    )


def _check_reads(contract: Contract, reads: Sequence[str], made: Container[str]) -> None:
    layer = contract.table.partition(".")[0]
    for table in reads:
        below = table.partition(".")[0]
        if below not in MAY_READ[layer]:
            raise ModelError(f"{layer} may not read {table}; layers only look down")
        if below not in SOURCES and table not in made:
            raise ModelError(f"reads {table}, which no model makes")
    if (RUN_PERIODS in reads) != (contract.refresh is Refresh.BY_PERIOD):
        raise ModelError(f"a model joins {RUN_PERIODS} if it is refreshed by period, and only then")


def _check_shape(sql: str, tree: exp.Query, contract: Contract) -> None:
    if not description_of(sql):
        raise ModelError("opens with a comment: what one row is and why the table exists")
    for select in tree.find_all(exp.Select):
        if select.is_star or any(isinstance(each.unalias(), exp.Columns) for each in select.selects):
            raise ModelError("has a star; write the columns out")
    pairs = itertools.zip_longest(tree.named_selects, contract.columns, fillvalue="nothing")
    for place, (given, declared) in enumerate(pairs, start=1):
        if given != declared:
            raise ModelError(f"gives {given} as column {place}; its contract says {declared}")


def _lineage(tree: exp.Query, columns: Iterable[str], schema: MappingSchema) -> Lineage:
    # Sources written by Python have no contract: their columns are those the SQL names as table.column.
    qualified = qualify(tree.copy(), schema=schema, dialect="duckdb", validate_qualify_columns=False)
    nodes = lineage(None, qualified, schema, scope=build_scope(qualified), trim_selects=False, copy=False)
    found = {}
    for column in columns:
        leaves = [leaf for leaf in nodes[column].walk() if isinstance(leaf.source, exp.Table)]
        pairs = {(f"{leaf.source.db}.{leaf.source.name}", exp.to_column(leaf.name).name) for leaf in leaves}
        found[column] = tuple(sorted(pairs))
    return found


def _order(models: Mapping[str, SqlModel]) -> list[str]:
    graph = {name: [each for each in model.dependencies if each in models] for name, model in models.items()}
    try:
        return list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        raise ModelError(f"models read each other in a circle: {' -> '.join(error.args[1])}") from error


def _check_audits(model: SqlModel, models: Mapping[str, SqlModel]) -> None:
    allowed = upstream(model.name, models) | {model.name}
    for check in model.contract.checks:
        if not check.violations:
            continue
        try:
            read = tables_read(parse_select(check.violations))
        except ModelError as error:
            raise ModelError(f"{model.name}, check {check.name}: {error}") from error
        for table in read:  # the catalogue and the run's periods stand before any model runs
            if table not in allowed and not table.startswith(("catalogue.", "meta.")):
                raise ModelError(f"{model.name}, check {check.name}: reads {table}, which is not upstream")
