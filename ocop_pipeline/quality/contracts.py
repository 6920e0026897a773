"""What a warehouse table promises: its grain, how it is refreshed, its columns and its checks.

Belongs here: the contract and the strict reading of `sql/<layer>/<table>.yml`. Running the checks does not:
`audit.py` runs them in SQL, `suites.py` through Great Expectations, both from the same `Contract`.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from ocop_pipeline.catalogue.columns import Column, names_unknown
from ocop_pipeline.catalogue.tables import Row, read_document, read_text

# The closed list: expectations whose verdict, count and keys both engines give alike, as
# tests/test_checks_agree.py proves for each. Without `expect_` -> (arguments that must stand, that may).
EXPECTATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "column_values_to_not_be_null": (("column",), ()),
    "column_values_to_be_null": (("column",), ()),
    "column_values_to_be_unique": (("column",), ()),
    "compound_columns_to_be_unique": (("column_list",), ()),
    "column_values_to_be_in_set": (("column", "value_set"), ()),
    "column_values_to_not_be_in_set": (("column", "value_set"), ()),
    "column_values_to_be_between": (("column",), ("min_value", "max_value", "strict_min", "strict_max")),
    "column_values_to_match_regex": (("column", "regex"), ()),
    "column_values_to_not_match_regex": (("column", "regex"), ()),
    "column_value_lengths_to_be_between": (("column",), ("min_value", "max_value")),
    "column_pair_values_a_to_be_greater_than_b": (("column_A", "column_B"), ("or_equal",)),
    "column_pair_values_to_be_equal": (("column_A", "column_B"), ()),
    "table_row_count_to_be_between": ((), ("min_value", "max_value")),
}
_COLUMN_ARGUMENTS = ("column", "column_list", "column_A", "column_B")
_FLAGS = ("strict_min", "strict_max", "or_equal")
_TEXT_ONLY = ("match_regex", "not_match_regex", "value_lengths")
_NAME = re.compile(r"[a-z][a-z0-9_]*")

_READERS: Mapping[str, Callable[[str], Any]] = {
    "VARCHAR": str,
    "BOOLEAN": {"true": True, "false": False}.__getitem__,
    "INTEGER": int,
    "BIGINT": int,
    "DOUBLE": float,
    "DATE": dt.date.fromisoformat,
    "TIMESTAMP": dt.datetime.fromisoformat,
}


class Refresh(StrEnum):
    """How a table is replaced. There is no third way (docs/models.md)."""

    WHOLE = "whole"
    BY_PERIOD = "by_period"


class Months(StrEnum):
    """Which months of a run a table refreshed by period is written for."""

    WINDOW = "window"
    """Every month the run's figures stand on: what other models add up over months."""
    TARGET = "target"
    """The month the run is for and the same month of the year before: what is read of one month at a time."""
    COMPARED = "compared"
    """Those two and the same month a year before each: what tables of the target are compared with."""


class CheckSeverity(StrEnum):
    """`critical`: nothing is published; `warning`: published and flagged."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Check:
    """One promise about the rows of a table.

    Attributes:
        name: Unique in its contract; letters, digits and underscores, fit for an orchestrator's check name.
        severity: What follows when it fails.
        expect: Great Expectations name without `expect_`; blank for a check written in SQL.
        arguments: The expectation's arguments, values typed as the column they are compared with.
        violations: For a check written in SQL: the SELECT of the offending rows; blank otherwise.
    """

    name: str
    severity: CheckSeverity
    expect: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    violations: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns an expectation looks at, in the order written."""
        found: list[str] = []
        for name in _COLUMN_ARGUMENTS:
            value = self.arguments.get(name, ())
            found.extend((value,) if isinstance(value, str) else value)
        return tuple(found)

    @property
    def default_name(self) -> str:
        """What an expectation is named when its contract gives no name: by what it expects, of which columns."""
        return "_".join((self.expect, *self.columns)).lower()


@dataclass(frozen=True, slots=True)
class Contract:
    """The promise of one table.

    Attributes:
        table: `schema.table`.
        grain: Columns that together name one row: never null, unique together.
        refresh: Whether a run replaces the whole table or the run's periods.
        months: For a table refreshed by period, which of the run's months it is written for.
        columns: Every column, in order; types and meanings stand in the column dictionary.
        checks: Those the grain implies first, then the written ones in their order.
    """

    table: str
    grain: tuple[str, ...]
    refresh: Refresh
    columns: tuple[str, ...]
    checks: tuple[Check, ...]
    months: Months = Months.WINDOW


def load_contract(path: Path, dictionary: Mapping[str, Column]) -> Contract:
    """Read the contract `<sql folder>/<layer>/<table>.yml`.

    Args:
        path: The file; folder and stem give the table's name, the folder above holds `audits/`.
        dictionary: Every known column.

    Raises:
        CatalogueError: naming file and line: an unknown field, column, expectation, argument or severity, a
            value that does not fit its column's type, two checks alike, a missing audit file.
    """
    row = read_document(path)
    row.only("grain", "refresh", "months", "columns", "checks")
    columns = _names(row, "columns")
    if unknown := names_unknown(columns, dictionary):
        raise row.error(f"not in the column dictionary: {', '.join(unknown)}", "columns")
    own = {name: dictionary[name] for name in columns}
    grain = _names(row, "grain")
    if foreign := names_unknown(grain, own):
        raise row.error(f"not among the columns of this table: {', '.join(foreign)}", "grain")
    refresh = Refresh(row.choice("refresh", tuple(Refresh)))
    if refresh is Refresh.BY_PERIOD and "period" not in columns:
        raise row.error("a table refreshed by period has a column 'period'", "refresh")
    checks = list(_grain_checks(grain))
    for written in row.rows("checks"):
        check = _check(written, own, path.parent.parent)
        _refuse_alike(written, check, checks)
        checks.append(check)
    months = Months(row.choice("months", tuple(Months))) if row.has("months") else Months.WINDOW
    return Contract(f"{path.parent.name}.{path.stem}", grain, refresh, columns, tuple(checks), months)


def _names(row: Row, name: str) -> tuple[str, ...]:
    names = row.texts(name)
    if not names:
        raise row.error(f"{name!r} is blank", name)
    if len(set(names)) < len(names):
        raise row.error(f"a name stands twice in {name!r}", name)
    return names


def _grain_checks(grain: tuple[str, ...]) -> list[Check]:
    checks = [
        Check(
            f"grain_not_null_{name}", CheckSeverity.CRITICAL, "column_values_to_not_be_null", {"column": name}
        )
        for name in grain
    ]
    expect = "compound_columns_to_be_unique"
    arguments: dict[str, Any] = {"column_list": grain}
    if len(grain) == 1:  # the compound form wants two columns at least
        expect, arguments = "column_values_to_be_unique", {"column": grain[0]}
    return [*checks, Check("grain_unique", CheckSeverity.CRITICAL, expect, arguments)]


def _check(row: Row, own: Mapping[str, Column], root: Path) -> Check:
    severity = CheckSeverity(row.choice("severity", tuple(CheckSeverity)))
    if row.has("violations"):
        row.only("violations", "severity", "name")
        return Check(
            name=_name(row, Path(row.text("violations")).stem),
            severity=severity,
            violations=_audit_sql(row, root),
        )
    expect = row.text("expect")
    if expect not in EXPECTATIONS:
        known = ", ".join(EXPECTATIONS)
        raise row.error(f"expectation {expect!r} is not one of those both engines support: {known}", "expect")
    needed, allowed = EXPECTATIONS[expect]
    row.only("expect", "severity", "name", *needed, *allowed)
    for name in needed:
        if name not in row.cells:
            raise row.error(f"{expect} needs {name!r}", "expect")
    check = Check("", severity, expect, _arguments(row, expect, own))
    return Check(_name(row, check.default_name), severity, expect, check.arguments)


def _name(row: Row, default: str) -> str:
    name = row.optional("name") or default
    if not _NAME.fullmatch(name):
        raise row.error(f"a check is named in lower case ASCII with underscores, not {name!r}", "name")
    return name


def _audit_sql(row: Row, root: Path) -> str:
    """The text of an audit; only files directly in `audits/` can be named."""
    written = row.text("violations")
    found = re.fullmatch(r"audits/([a-z][a-z0-9_]*\.sql)", written)
    if not found:
        raise row.error(f"an audit is named audits/<name>.sql, not {written!r}", "violations")
    path = root / "audits" / found[1]
    if not path.is_file():
        raise row.error(f"there is no {written}", "violations")
    return read_text(path)


def _arguments(row: Row, expect: str, own: Mapping[str, Column]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name in (name for name in row.cells if name not in ("expect", "severity", "name")):
        arguments[name] = _argument(row, name, expect, own)
    if expect.endswith("between") and not {"min_value", "max_value"} & arguments.keys():
        raise row.error(f"{expect} needs 'min_value' or 'max_value'", "expect")
    if {"min_value", "max_value"} <= arguments.keys() and arguments["min_value"] > arguments["max_value"]:
        raise row.error("'min_value' is greater than 'max_value'", "min_value")
    if any(part in expect for part in _TEXT_ONLY) and own[arguments["column"]].type != "VARCHAR":
        raise row.error(f"{expect} is for VARCHAR columns", "column")
    if "column_A" in arguments:
        _refuse_unlike(row, own[arguments["column_A"]], own[arguments["column_B"]])
    return arguments


def _argument(row: Row, name: str, expect: str, own: Mapping[str, Column]) -> Any:
    if name == "column_list":
        names = _names(row, name)
        if len(names) < 2:
            raise row.error("'column_list' names two columns at least", name)
        return tuple(_column(row, name, each, own) for each in names)
    if name in _COLUMN_ARGUMENTS:
        return _column(row, name, row.text(name), own)
    if name in _FLAGS:
        return row.flag(name)
    if name == "regex":
        return _regex(row)
    if expect.startswith(("table_", "column_value_lengths")):
        return row.integer(name, low=0)
    column = own[_column(row, "column", row.text("column"), own)]
    return _value_set(row, column) if name == "value_set" else _bound(row, name, column)


def _column(row: Row, name: str, written: str, own: Mapping[str, Column]) -> str:
    if written not in own:
        raise row.error(f"{written!r} is not among the columns of this table", name)
    return written


def _regex(row: Row) -> str:
    """A pattern for the whole text: `^...$`, since the engines differ on a `$` before a last line break."""
    pattern = row.text("regex")
    if not re.fullmatch(r"\^.*(?<!\\)(\\\\)*\$", pattern):
        raise row.error("a regex is written for the whole text: ^...$", "regex")
    try:
        re.compile(pattern)
    except re.error as error:
        raise row.error(f"no regular expression: {error}", "regex") from error
    return pattern


def _value_set(row: Row, column: Column) -> tuple[Any, ...]:
    written = row.cells["value_set"]
    if not isinstance(written, tuple) or not written or not all(isinstance(each, str) for each in written):
        raise row.error("'value_set' must be a list of values", "value_set")
    return tuple(_value(row, "value_set", str(each), column) for each in written)


def _bound(row: Row, name: str, column: Column) -> Any:
    """A bound of numbers or dates; Great Expectations turns numbers into floats, so only exact ones serve."""
    if not column.is_numeric and column.type != "DATE":
        raise row.error(f"bounds are for numbers and dates; {column.name} is {column.type}", name)
    value = _value(row, name, row.text(name), column)
    if column.is_numeric and Decimal(float(value)) != value:
        raise row.error(f"{value} has no exact float; write this check as violations: audits/…", name)
    return value


def _value(row: Row, name: str, written: str, column: Column) -> Any:
    """A written value as the type of its column; a decimal to the column's own scale."""
    try:
        if column.scale is not None:
            return _exactly(Decimal(written), column.scale)
        return _READERS[column.type](written)
    except (KeyError, ValueError, InvalidOperation) as error:
        raise row.error(f"{written!r} does not fit {column.name} ({column.type})", name) from error


def _exactly(number: Decimal, scale: int) -> Decimal:
    fitted = number.quantize(Decimal(1).scaleb(-scale))
    if fitted != number:
        raise ValueError(number)
    return fitted


def _refuse_unlike(row: Row, one: Column, other: Column) -> None:
    if one.type != other.type and not (one.is_numeric and other.is_numeric):
        raise row.error(
            f"{one.name} ({one.type}) and {other.name} ({other.type}) cannot be compared", "column_A"
        )


def _refuse_alike(row: Row, check: Check, checks: list[Check]) -> None:
    for other in checks:
        if other.name == check.name:
            raise row.error(f"two checks are called {check.name}; give this one a 'name'")
        if check.expect and (other.expect, other.arguments) == (check.expect, check.arguments):
            raise row.error(f"says the same as {other.name}")
