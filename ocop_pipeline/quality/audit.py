"""The fast path: a contract's checks as DuckDB SQL, counted in one statement.

Belongs here: compiling checks and reading what they found. No database is opened here: the caller hands in a
`select` bound to whatever holds the rows (an open transaction, a scratch database, a test).

Nulls follow Great Expectations: a null is an offence only where null itself is checked; in a compound key two
nulls are alike.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from ocop_pipeline.quality.contracts import Check, CheckSeverity, Contract

Select: TypeAlias = Callable[[str], Sequence[tuple[Any, ...]]]
"""Runs one SQL text and gives all its rows."""
Key: TypeAlias = dict[str, str | None]
"""The grain of one offending row, values as text; for a check written in SQL the row it returned."""

SAMPLE = 20
"""How many offending keys a result carries; `offending` gives all of them."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    Attributes:
        name: The check's name in its contract.
        severity: What follows when it failed.
        passed: Whether no row offends.
        violations: How many rows offend, never capped (for a row count: 0 or 1).
        sample: The first offending keys in the order of the grain.
        sql: A SELECT of every offending row, to be run by a person.
    """

    name: str
    severity: CheckSeverity
    passed: bool
    violations: int
    sample: tuple[Key, ...]
    sql: str


def audit(
    select: Select, contract: Contract, relation: str | None = None, sample: int = SAMPLE
) -> list[CheckResult]:
    """Run every check of a contract.

    Args:
        select: Runs one SQL text.
        contract: The promises.
        relation: What to judge, as it may stand after FROM; the contract's table when None.
        sample: Offending keys per result at most; the count is always the true one.

    Returns:
        One result a check, in the contract's order.
    """
    relation = relation or contract.table
    _, *counts = select(count_sql(contract, relation))[0]
    results = []
    for check, count in zip(contract.checks, counts, strict=True):
        keys = offending(select, contract, check, relation, sample) if count else []
        results.append(result(contract, check, int(count), keys, relation))
    return results


def offending(
    select: Select, contract: Contract, check: Check, relation: str | None = None, limit: int | None = None
) -> list[Key]:
    """The keys of the rows that break one check, in the order of the grain; none for a row count."""
    if _counts_rows(check):
        return []
    end = "" if limit is None else f" LIMIT {limit}"
    if check.violations:
        rows = select(f"SELECT CAST(to_json(v) AS VARCHAR) AS v FROM {_subquery(check)} AS v ORDER BY 1{end}")
        return [as_key(json.loads(row[0], parse_int=str, parse_float=str)) for row in rows]
    grain = ", ".join(_quoted(name) for name in contract.grain)
    rows = select(f"{_rows_sql(check, grain, relation or contract.table)} ORDER BY {grain}{end}")
    return [as_key(dict(zip(contract.grain, row, strict=True))) for row in rows]


def result(
    contract: Contract, check: Check, violations: int, keys: Sequence[Key], relation: str
) -> CheckResult:
    """A result from a count and the first keys."""
    return CheckResult(
        name=check.name,
        severity=check.severity,
        passed=violations == 0,
        violations=violations,
        sample=tuple(keys),
        sql=_person_sql(check, relation or contract.table),
    )


def count_sql(contract: Contract, relation: str) -> str:
    """One SELECT of one row: the number of rows, then each check's violations in the contract's order."""
    # Counting the rows makes it an aggregate even where every check is a subquery: one row, never none.
    counts = ",\n  ".join(
        [
            "COUNT(*) AS row_count",
            *(f"{_count(check)} AS check_{n}" for n, check in enumerate(contract.checks)),
        ]
    )
    return f"WITH audited AS (SELECT * FROM {relation})\nSELECT\n  {counts}\nFROM audited"


def as_key(values: dict[str, Any]) -> Key:
    """Grain values as text, null as None: the form in which keys are compared, stored and shown."""
    return {name: None if value is None else str(value) for name, value in values.items()}


def _count(check: Check) -> str:
    if check.violations:
        return f"(SELECT COUNT(*) FROM {_subquery(check)} AS v)"
    if _counts_rows(check):
        return f"CASE WHEN {_bounds('COUNT(*)', check)} THEN 1 ELSE 0 END"
    if not _is_unique(check):
        return f"COUNT(*) FILTER (WHERE {_condition(check)})"
    columns = ", ".join(_quoted(name) for name in check.columns)
    groups = f"SELECT COUNT(*) AS n FROM audited{_present(check)} GROUP BY {columns} HAVING COUNT(*) > 1"
    return f"(SELECT COALESCE(SUM(n), 0) FROM ({groups}))"


def _rows_sql(check: Check, columns: str, relation: str) -> str:
    start = f"SELECT {columns} FROM {relation} AS audited"
    if not _is_unique(check):
        return f"{start} WHERE {_condition(check)}"
    keys = ", ".join(_quoted(name) for name in check.columns)
    return f"{start}{_present(check)} QUALIFY COUNT(*) OVER (PARTITION BY {keys}) > 1"


def _person_sql(check: Check, relation: str) -> str:
    if check.violations:
        return check.violations
    if _counts_rows(check):
        return f"SELECT COUNT(*) FROM {relation} AS audited"
    return _rows_sql(check, "*", relation)


def _condition(check: Check) -> str:
    """The SQL of "this row breaks the check"; null means it does not."""
    return _CONDITIONS[check.expect](check)


def _bounds(measured: str, check: Check) -> str:
    low, high = check.arguments.get("min_value"), check.arguments.get("max_value")
    broken = []
    if low is not None:
        broken.append(f"{measured} {'<=' if check.arguments.get('strict_min') else '<'} {literal(low)}")
    if high is not None:
        broken.append(f"{measured} {'>=' if check.arguments.get('strict_max') else '>'} {literal(high)}")
    return f"({' OR '.join(broken)})"


def _counts_rows(check: Check) -> bool:
    return check.expect == "table_row_count_to_be_between"


def _is_unique(check: Check) -> bool:
    return check.expect.endswith("to_be_unique")


def _present(check: Check) -> str:
    """Single values: nulls do not collide. Compound keys: they do, or a broken grain would pass unseen."""
    if check.expect == "column_values_to_be_unique":
        return f" WHERE {_quoted(check.columns[0])} IS NOT NULL"
    return ""


def _subquery(check: Check) -> str:
    return f"(\n{check.violations.strip().rstrip(';')}\n)"  # the line break ends a comment on the last line


def _in_set(check: Check, broken: str) -> str:
    values = ", ".join(literal(each) for each in check.arguments["value_set"])
    return f"{_quoted(check.columns[0])} {broken} ({values})"


def _matches(check: Check) -> str:
    return f"regexp_matches({_quoted(check.columns[0])}, {literal(check.arguments['regex'])})"


def _not_greater(check: Check) -> str:
    one, other = (_quoted(name) for name in check.columns)
    return f"{one} {'<' if check.arguments.get('or_equal') else '<='} {other}"


def literal(value: Any) -> str:
    """A plain value as a SQL literal; text is quoted, so it can never become SQL."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    text = str(value).replace("'", "''")
    return f"'{text}'"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


_CONDITIONS: Mapping[str, Callable[[Check], str]] = {
    "column_values_to_not_be_null": lambda check: f"{_quoted(check.columns[0])} IS NULL",
    "column_values_to_be_null": lambda check: f"{_quoted(check.columns[0])} IS NOT NULL",
    "column_values_to_be_in_set": lambda check: _in_set(check, "NOT IN"),
    "column_values_to_not_be_in_set": lambda check: _in_set(check, "IN"),
    "column_values_to_be_between": lambda check: _bounds(_quoted(check.columns[0]), check),
    "column_values_to_match_regex": lambda check: f"NOT {_matches(check)}",
    "column_values_to_not_match_regex": _matches,
    "column_value_lengths_to_be_between": lambda check: _bounds(
        f"length({_quoted(check.columns[0])})", check
    ),
    "column_pair_values_a_to_be_greater_than_b": _not_greater,
    "column_pair_values_to_be_equal": lambda check: " <> ".join(_quoted(name) for name in check.columns),
}
