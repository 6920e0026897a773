"""A contract's checks as Dagster asset checks: their specifications and their results, from the same list."""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from ocop_pipeline.quality.audit import CheckResult
from ocop_pipeline.quality.contracts import CheckSeverity, Contract

_SEVERITY = {
    CheckSeverity.CRITICAL: dg.AssetCheckSeverity.ERROR,
    CheckSeverity.WARNING: dg.AssetCheckSeverity.WARN,
}


def check_specs(key: dg.AssetKey, contract: Contract) -> list[dg.AssetCheckSpec]:
    """One specification a check; a critical one stops what is downstream."""
    shown = dict.fromkeys((_shown(check.name), check.severity) for check in contract.checks)
    return [
        dg.AssetCheckSpec(name, asset=key, blocking=severity is CheckSeverity.CRITICAL)
        for name, severity in shown
    ]


def check_results(key: dg.AssetKey, results: Sequence[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """One result a specification, with how many rows offend and the first of them."""
    for name in dict.fromkeys(_shown(result.name) for result in results):
        found = [result for result in results if _shown(result.name) == name]
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
    return [dg.AssetCheckSpec(_suite_name(table), asset=key, blocking=True) for table in tables]


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


def _suite_name(table: str) -> str:
    return table.replace(".", "_")


def _shown(name: str) -> str:
    """What a check is called in Dagster: the checks that a grain implies are one there, they fail for one reason."""
    return "grain" if name.startswith("grain_") else name
