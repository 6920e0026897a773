"""A contract's checks as Dagster asset checks: their specifications and their results, from the same list."""

from collections.abc import Iterator, Sequence

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


def _shown(name: str) -> str:
    """What a check is called in Dagster: the checks that a grain implies are one there, they fail for one reason."""
    return "grain" if name.startswith("grain_") else name
