"""The demonstration of a plan: the units it binds, made up, run, and compared with what was planned and planted.

Belongs here: one plan from empty folder to comparison. The demonstration of a month is `demonstration.py`; how plan and
actual are printed is `plans.py`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.cli import demonstration
from ocop_pipeline.cli.console import Site, messages, open_site, out, progress_bar, refuse, say, tell
from ocop_pipeline.cli.plans import print_status, status_json
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.plans import Plan
from ocop_pipeline.generator import Options, OptionsError, Truth
from ocop_pipeline.generator.plans import plan_options, plan_unit, target_truths, task_truths
from ocop_pipeline.runs import TIME_ZONE, RunOutcome, run_month
from ocop_pipeline.warehouse.connection import open_reader, rows_reader
from ocop_pipeline.warehouse.progress import PlanTarget, PlanTask, plan_targets, plan_tasks

ALL = "all"


@dataclass(frozen=True, slots=True)
class PlanComparison:
    """Published progress of a plan against the generator's truth and the unit's report.

    Attributes:
        targets, tasks: How many the plan has.
        wrong_targets, wrong_tasks: What is published for those that differ, and what should be.
        unprinted: Codes of targets and tasks that the unit's report does not print.
    """

    targets: int
    tasks: int
    wrong_targets: tuple[str, ...]
    wrong_tasks: tuple[str, ...]
    unprinted: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs and nothing is missing."""
        return not (self.wrong_targets or self.wrong_tasks or self.unprinted)

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return {
            "targets": self.targets,
            "targets_agreed": self.targets - len(self.wrong_targets),
            "tasks": self.tasks,
            "tasks_agreed": self.tasks - len(self.wrong_tasks),
            "different": [*self.wrong_targets, *self.wrong_tasks],
            "unprinted": list(self.unprinted),
            "agrees": self.agrees,
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """One plan that has been demonstrated."""

    place: Site
    plan: Plan
    options: Options
    truth: Truth
    outcome: RunOutcome
    seconds: dict[str, float]


def codes_of(catalogue: Catalogue, code: str) -> list[str]:
    """The plans a wish means: one, or all that are no samples."""
    return [each.code for each in catalogue.plans.values() if not each.is_sample] if code == ALL else [code]


def show_plan(code: str, folder: Path, period: Period | None, seed: int) -> Shown:
    """Make the country of a plan in a fresh folder and run its last month.

    Args:
        code: Code of the plan.
        folder: The demonstration's site; an earlier demonstration in it is removed.
        period: The month to run; the plan's last by default.
        seed: The same seed makes the same country.
    """
    start = time.perf_counter()
    settings = demonstration.prepare_site(folder)
    place = open_site(settings.site, settings.state)
    try:
        options = plan_options(place.catalogue, code, period, seed=seed, workers=settings.workers)
    except OptionsError as error:
        raise refuse("error.period", reason=error) from error
    demonstration.write_settings(folder, options.province_code)
    place = open_site(settings.site, settings.state)
    with progress_bar(messages().say("step.generate")) as move:
        truth = demonstration.generate_inbox(place.catalogue, place.settings, options, move)
    generated = time.perf_counter()
    with progress_bar(messages().say("step.run")) as move:
        outcome = run_month(place.settings, options.period, move, place.catalogue)
    seconds = {"generate": round(generated - start, 1), "run": round(time.perf_counter() - generated, 1)}
    return Shown(place, place.catalogue.plans[code], options, truth, outcome, seconds)


def shown_json(shown: Shown) -> dict[str, Any]:
    """The documented shape of a demonstration of a plan (docs/cli.md)."""
    month = Period(shown.options.period)
    result: dict[str, Any] = {
        "plan": shown.plan.code,
        "months": [each.key for each in shown.options.months],
        "files": len(shown.truth.files),
        "succeeded": shown.outcome.succeeded,
        "reason": shown.outcome.reason,
        "status": None,
        "truth": None,
        "seconds": shown.seconds,
    }
    if shown.outcome.succeeded:
        targets, tasks = _published(shown)
        result["status"] = status_json(shown.place.catalogue, month, targets, tasks)
        result["truth"] = compare_plan(shown, targets, tasks).as_json()
    return result


def print_shown(shown: Shown, documents: Sequence[Path]) -> bool:
    """Print what a demonstration came to; whether it ran and everything agrees."""
    months, unit = shown.options.months, plan_unit(shown.place.catalogue, shown.plan)
    say(
        "demo.plan_title", plan=shown.plan.code, unit=unit.full_name, months=len(months), first=months[0].key,
        last=months[-1].key, files=len(shown.truth.files),
    )  # fmt: skip
    say("demo.plan_silent")
    if not shown.outcome.succeeded:
        say("run.failed", reason=shown.outcome.reason)
        return False
    targets, tasks = _published(shown)
    print_status(shown.place.catalogue, months[-1], targets, tasks)
    comparison = compare_plan(shown, targets, tasks)
    _print_comparison(comparison)
    out().print(messages().say("run.documents"))
    for path in documents:
        tell(f"  {path}")
    say("demo.seconds", **shown.seconds)
    return comparison.agrees


def _published(shown: Shown) -> tuple[list[PlanTarget], list[PlanTask]]:
    with open_reader(shown.place.settings.warehouse) as connection:
        return (
            plan_targets(connection, shown.options.period, shown.plan.code),
            plan_tasks(connection, shown.options.period, shown.plan.code),
        )


def compare_plan(shown: Shown, targets: Sequence[PlanTarget], tasks: Sequence[PlanTask]) -> PlanComparison:
    """Hold every target and task, as published and as printed, against the truth."""
    month = Period(shown.options.period)
    known_targets = target_truths(shown.truth, shown.place.catalogue, shown.plan, month)
    known_tasks = task_truths(shown.truth, shown.plan, month)
    found_targets = {
        each.target: (each.actual, each.units_bound, each.units_reached, each.result) for each in targets
    }
    found_tasks = {each.task: (each.state or "", each.progress_pct, each.reports) for each in tasks}
    return PlanComparison(
        targets=len(known_targets),
        tasks=len(known_tasks),
        wrong_targets=_different(
            found_targets,
            {
                each.target: (each.actual, each.units_bound, each.units_reached, each.result)
                for each in known_targets
            },
        ),
        wrong_tasks=_different(
            found_tasks, {each.task: (each.state, each.progress, each.reports) for each in known_tasks}
        ),
        unprinted=_unprinted(shown),
    )


def _different(found: dict[str, Any], known: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{code}: {_plain(found.get(code))}, not {_plain(known.get(code))}"
        for code in dict.fromkeys((*known, *found))
        if found.get(code) != known.get(code)
    )


def _plain(values: tuple[object, ...] | None) -> str:
    return "nothing" if values is None else " ".join(str(value) for value in values)


def _unprinted(shown: Shown) -> tuple[str, ...]:
    """Targets and tasks of the plan that no table of the unit's report has a row for."""
    from ocop_pipeline.reporting.document import Table  # noqa: PLC0415 - only this command prints
    from ocop_pipeline.reporting.issuing import report_document  # noqa: PLC0415

    place, unit = shown.place, plan_unit(shown.place.catalogue, shown.plan)
    with open_reader(place.settings.warehouse) as connection:
        document = report_document(
            rows_reader(connection), place.catalogue, place.settings, unit.unit_id, Period(shown.options.period),
            datetime.now(TIME_ZONE).date(),
        )  # fmt: skip
    printed = {
        (row.cells[0].text, row.cells[1].text)
        for annex in document.annexes
        for block in annex.blocks
        if isinstance(block, Table)
        for row in block.rows
        if len(row.cells) > 1
    }
    bound = [(target.code, target.text_vi) for target in shown.plan.targets]
    bound += [(task.code, task.text_vi) for task in shown.plan.tasks]
    return tuple(code for code, text in bound if (code, text) not in printed)


def _print_comparison(comparison: PlanComparison) -> None:
    wrong = [*comparison.wrong_targets, *comparison.wrong_tasks]
    if wrong:
        say(
            "demo.plan_truth_bad", targets=comparison.targets, tasks=comparison.tasks,
            targets_ok=comparison.targets - len(comparison.wrong_targets),
            tasks_ok=comparison.tasks - len(comparison.wrong_tasks), wrong="; ".join(wrong),
        )  # fmt: skip
    else:
        say("demo.plan_truth_ok", targets=comparison.targets, tasks=comparison.tasks)
    if comparison.unprinted:
        say("demo.plan_report_bad", missing=", ".join(comparison.unprinted))
    else:
        say("demo.plan_report_ok", count=comparison.targets + comparison.tasks)
