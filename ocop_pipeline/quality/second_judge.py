"""The second judge: Great Expectations in a process of its own, asked about published rows while the run goes on.

Belongs here: handing rows over and collecting the verdicts. What is judged how is `suites.py`.

Great Expectations needs five seconds to import and some four for a month's tables. Beside the run they cost nothing
but the other core; inside it they would be a third of it.
"""

import functools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from ocop_pipeline.quality.audit import CheckResult
from ocop_pipeline.quality.contracts import Contract
from ocop_pipeline.quality.suites import SuiteError, prepare, validate


@dataclass(slots=True)
class SecondJudge:
    """What one run has handed over and not yet collected."""

    _waiting: dict[str, Future[list[CheckResult]]] = field(default_factory=dict)

    def start(self) -> None:
        """Begin the import now, so that it is done when the first table is ready."""
        _process().submit(prepare)

    def hand_over(self, contract: Contract, rows: pa.Table) -> None:
        """Ask for a verdict on a table's rows; checks written in SQL are the fast path's alone."""
        checks = tuple(check for check in contract.checks if check.expect)
        self._waiting[contract.table] = _process().submit(_verdict, rows, replace(contract, checks=checks))

    def verdicts(self) -> dict[str, list[CheckResult]]:
        """Wait for every verdict asked for: table -> one result a check, in the contract's order.

        Raises:
            SuiteError: an expectation could not be evaluated, or the process died; nothing may be read as passed.
        """
        waiting, self._waiting = self._waiting, {}
        try:
            return {table: future.result() for table, future in waiting.items()}
        except BrokenProcessPool as error:
            _process.cache_clear()  # the next run gets a new process
            raise SuiteError(
                "the process of Great Expectations ended before its verdict (out of memory?)"
            ) from error


@functools.cache
def _process() -> ProcessPoolExecutor:
    """One for the life of this process; spawned, because a forked child would inherit open databases."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _verdict(rows: pa.Table, contract: Contract) -> list[CheckResult]:
    return validate(rows, contract, _no_sql)


def _no_sql(sql: str) -> Sequence[tuple[Any, ...]]:
    raise SuiteError(f"the second judge has no database to run this in: {sql}")
