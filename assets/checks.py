"""A contract's checks as Dagster asset checks: their specifications and their results, from the same list.

Belongs here: what a check is called and said to promise where an operator reads it. Does not: what it promises
(`quality.contracts`) or whether that holds (`quality.audit`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from ocop_pipeline.quality.audit import CheckResult
from ocop_pipeline.quality.contracts import Check, CheckSeverity, Contract
from ocop_pipeline.warehouse.models import description_of

_SEVERITY = {
    CheckSeverity.CRITICAL: dg.AssetCheckSeverity.ERROR,
    CheckSeverity.WARNING: dg.AssetCheckSeverity.WARN,
}
_GRAIN = "grain"
# Expectation -> what its check is called and what it promises; the names Great Expectations gives fill a screen.
_WORDS: Mapping[str, tuple[str, str]] = {
    "column_values_to_not_be_null": ("{column}_not_null", "{column} is never null."),
    "column_values_to_be_null": ("{column}_null", "{column} is always null."),
    "column_values_to_be_unique": ("{column}_unique", "No two rows have the same {column}."),
    "compound_columns_to_be_unique": ("{columns}_unique", "No two rows have the same {listed}."),
    "column_values_to_be_in_set": ("{column}_in_set", "{column} is one of {values}."),
    "column_values_to_not_be_in_set": ("{column}_not_in_set", "{column} is none of {values}."),
    "column_values_to_be_between": ("{column}_between", "{column} is {bounds}."),
    "column_values_to_match_regex": ("{column}_matches", "{column} matches {regex}."),
    "column_values_to_not_match_regex": ("{column}_matches_not", "{column} does not match {regex}."),
    "column_value_lengths_to_be_between": ("{column}_length", "The length of {column} is {bounds}."),
    "column_pair_values_a_to_be_greater_than_b": (
        "{a}_over_{b}", "{column_A} is {greater} {column_B}.",
    ),
    "column_pair_values_to_be_equal": ("{a}_equals_{b}", "{column_A} equals {column_B}."),
    "table_row_count_to_be_between": ("row_count", "The number of rows is {bounds}."),
}  # fmt: skip
_BOUNDS = (
    ("min_value", "strict_min", "more than", "at least"),
    ("max_value", "strict_max", "less than", "at most"),
)


def check_specs(key: dg.AssetKey, contract: Contract) -> list[dg.AssetCheckSpec]:
    """One specification a check; a critical one stops what is downstream."""
    shown = {shown_name(check): check for check in contract.checks}
    return [
        dg.AssetCheckSpec(
            name,
            asset=key,
            description=_promise(check, contract),
            blocking=check.severity is CheckSeverity.CRITICAL,
        )
        for name, check in shown.items()
    ]


def check_results(
    key: dg.AssetKey, contract: Contract, results: Sequence[CheckResult]
) -> Iterator[dg.AssetCheckResult]:
    """One result a specification, with how many rows offend and the first of them."""
    names = {check.name: shown_name(check) for check in contract.checks}
    for name in dict.fromkeys(names[result.name] for result in results):
        found = [result for result in results if names[result.name] == name]
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=name,
            passed=all(result.passed for result in found),
            severity=_SEVERITY[found[0].severity],
            metadata={
                "violations": sum(result.violations for result in found),
                "sample": [str(offender) for result in found for offender in result.sample],
            },
        )


def suite_specs(key: dg.AssetKey, tables: Iterable[str]) -> list[dg.AssetCheckSpec]:
    """One specification a table that the second judge is asked about."""
    return [
        dg.AssetCheckSpec(
            _suite_name(table),
            asset=key,
            description=f"Great Expectations finds the contract of {table} kept.",
            blocking=True,
        )
        for table in tables
    ]


def suite_result(key: dg.AssetKey, table: str, results: Sequence[CheckResult]) -> dg.AssetCheckResult:
    """The second judge's verdict on a table, as severe as the worst of what it found."""
    failed = [result for result in results if not result.passed]
    critical = any(result.severity is CheckSeverity.CRITICAL for result in failed)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=_suite_name(table),
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if critical or not failed else dg.AssetCheckSeverity.WARN,
        metadata={
            "expectations": len(results),
            **{result.name: f"{result.violations}: {list(result.sample)}" for result in failed},
        },
    )


def shown_name(check: Check) -> str:
    """What a check is called in Dagster: short, unlike the name it bears in `meta.check_results`.

    The checks that a grain implies are one there, because they fail for one reason. A name that a contract gives is
    kept.
    """
    if check.name.startswith("grain_"):
        return _GRAIN
    if not check.expect or check.name != check.default_name:
        return check.name
    return _WORDS[check.expect][0].format_map(_parts(check)).lower()


def _promise(check: Check, contract: Contract) -> str:
    """What a check promises, in a sentence; of one written in SQL what its first comment says."""
    if shown_name(check) == _GRAIN:
        return f"What one row is: {', '.join(contract.grain)}. Never null, and no two rows share it."
    if check.expect:
        return _WORDS[check.expect][1].format_map(_parts(check))
    return f"No row may be found. {description_of(check.violations)}"


def _parts(check: Check) -> dict[str, Any]:
    given = check.arguments
    a, b = _without_common_end(given.get("column_A", ""), given.get("column_B", ""))
    return {
        **given,
        "a": a,
        "b": b,
        "columns": "_".join(check.columns),
        "listed": ", ".join(check.columns),
        "values": ", ".join(str(value) for value in given.get("value_set", ())),
        "bounds": " and ".join(
            f"{strict if given.get(flag) else lax} {given[name]}"
            for name, flag, strict, lax in _BOUNDS
            if name in given
        ),
        "greater": "at least" if given.get("or_equal") else "greater than",
    }


def _without_common_end(a: str, b: str) -> tuple[str, str]:
    """Two columns without the last word where they share it: the list of checks shows some 25 letters."""
    (one, _, end), (other, _, other_end) = a.rpartition("_"), b.rpartition("_")
    return (one, other) if one and other and end == other_end else (a, b)


def _suite_name(table: str) -> str:
    return table.replace(".", "_")
