"""Contracts as Great Expectations suites: the reviewed judge of the tables, beside the fast path.

The only file that imports great_expectations and pandas, and only inside functions: the import takes seconds
and 250 MB, which neither intake nor the command line shall pay. What the checks are stands in `contracts.py`.
"""

import contextlib
import functools
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ocop_pipeline.quality.audit import SAMPLE, CheckResult, Key, Select, as_key, audit, result
from ocop_pipeline.quality.contracts import Check, Contract

_CHECK = "check"


class SuiteError(Exception):
    """Great Expectations could not evaluate an expectation; never to be read as passed."""


def prepare() -> None:
    """Import the library and make its context, before there is anything to judge."""
    _switch_off_analytics()
    _batch_definition()


def suite(contract: Contract) -> Any:
    """A contract as a `great_expectations.ExpectationSuite`, in the contract's order.

    Checks written in SQL are left out: on a dataframe there is nothing to run them against, and `validate`
    runs them where the rows came from.
    """
    _switch_off_analytics()
    import great_expectations as gx  # noqa: PLC0415 - seconds of import, see the module's docstring

    expectations = [_expectation(check) for check in contract.checks if check.expect]
    return gx.ExpectationSuite(name=contract.table, expectations=expectations)


def validate(
    rows: pa.Table, contract: Contract, select: Select, relation: str | None = None, sample: int = SAMPLE
) -> list[CheckResult]:
    """Judge rows by Great Expectations; checks written in SQL by SQL, where no row may come back.

    Args:
        rows: The rows in question, at least the contract's columns, typed as declared.
        contract: The promises.
        select: Runs one SQL text where `relation` stands.
        relation: Where the rows came from; the contract's table when None.
        sample: Offending keys per result at most.

    Returns:
        One result a check: names, order, counts and keys as `audit.audit` gives them.

    Raises:
        SuiteError: an expectation raised instead of judging.
    """
    place = relation or contract.table
    outcomes = _outcomes(rows, contract)
    results = []
    for check in contract.checks:
        if check.violations:
            results += audit(select, _only(contract, check), place, sample)
        else:
            count, keys = _count_and_keys(outcomes[check.name], contract)
            results.append(result(contract, check, count, keys[:sample], place))
    return results


def _only(contract: Contract, check: Check) -> Contract:
    return Contract(contract.table, contract.grain, contract.refresh, contract.columns, (check,))


def _switch_off_analytics() -> None:
    # Not a setting of ours: the library reads this once, on import, and nothing we compute may be reported to
    # anybody. Set here because this is its only door.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"


def _expectation(check: Check) -> Any:
    import great_expectations.expectations as gxe  # noqa: PLC0415 - as in suite()

    name = "".join(part.capitalize() for part in ("expect", *check.expect.split("_")))
    return getattr(gxe, name)(**_arguments(check), meta={_CHECK: check.name})


def _arguments(check: Check) -> dict[str, Any]:
    """The contract's arguments, with what Great Expectations would otherwise decide by itself."""
    arguments = {
        name: list(each) if isinstance(each, tuple) else each for name, each in check.arguments.items()
    }
    if check.expect.startswith("compound_columns"):
        arguments["ignore_row_if"] = "never"  # two rows whose key is null are two rows with the same key
    if check.expect.startswith("column_pair"):
        arguments["ignore_row_if"] = "either_value_is_missing"
    if "regex" in arguments:
        # Python's $ also matches before a last line break; \Z is the end, as $ is in DuckDB.
        arguments["regex"] = str(arguments["regex"]).removesuffix("$") + r"\Z"
    return arguments


def _outcomes(rows: pa.Table, contract: Contract) -> dict[str, Any]:
    """Check name -> Great Expectations' result for it (its own order is not the suite's)."""
    expectations = suite(contract)
    with _quietly():
        batch = _batch(rows.select(_columns_judged(rows, contract)))
        found = batch.validate(expectations, result_format=_result_format(rows, contract))
    outcomes = {}
    for each in found.results:
        name = each.expectation_config.meta[_CHECK]
        if reasons := _raised(each.exception_info or {}):
            raise SuiteError(f"{contract.table}, check {name}: {'; '.join(reasons)}")
        outcomes[name] = each
    return outcomes


def _raised(info: dict[str, Any]) -> list[str]:
    """The messages of what was raised; the information stands flat, or once for each metric."""
    parts = [info, *(part for part in info.values() if isinstance(part, dict))]
    return [str(part.get("exception_message")) for part in parts if part.get("raised_exception")]


def _result_format(rows: pa.Table, contract: Contract) -> dict[str, Any]:
    # Without the large number some engines return 20 keys in silence, however many offend.
    return {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": list(contract.grain),
        "partial_unexpected_count": max(rows.num_rows, 1),
    }


def _columns_judged(rows: pa.Table, contract: Contract) -> list[str]:
    """The columns the checks look at and the keys they report: every batch is hashed whole, twice.

    A column that is not there is left to the expectation, which says which check wanted it.
    """
    judged = (name for check in contract.checks for name in check.columns)
    there = set(rows.column_names)
    return [name for name in dict.fromkeys((*contract.grain, *judged)) if name in there]


def _batch(rows: pa.Table) -> Any:
    import pandas as pd  # noqa: PLC0415 - as in suite()

    # Arrow types keep nulls apart from NaN and integers whole; pandas' own would turn both into floats.
    return _batch_definition().get_batch({"dataframe": rows.to_pandas(types_mapper=pd.ArrowDtype)})


@functools.cache
def _batch_definition() -> Any:
    """One for the process: every ephemeral context makes a folder in the temporary directory."""
    import great_expectations as gx  # noqa: PLC0415 - as in suite()

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("published").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("all")


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Great Expectations' own remarks (it warns about columns it never uses) are no news to an operator."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _count_and_keys(outcome: Any, contract: Contract) -> tuple[int, list[Key]]:
    """Violations and the offending keys, nulls last, as the fast path orders them."""
    if "unexpected_count" not in outcome.result:
        return (0 if outcome.success else 1), []
    entries = [_plain(entry, contract) for entry in outcome.result.get("unexpected_index_list") or ()]
    entries.sort(key=lambda entry: [(value is None, value) for value in entry.values()])
    return int(outcome.result["unexpected_count"]), [as_key(entry) for entry in entries]


def _plain(entry: dict[str, Any], contract: Contract) -> dict[str, Any]:
    import pandas as pd  # noqa: PLC0415 - as in suite()

    return {name: None if pd.isna(entry[name]) else entry[name] for name in contract.grain}
