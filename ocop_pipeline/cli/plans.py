"""Commands about plans: what was planned against what was done, and the tasks with their state.

Belongs here: printing what `warehouse.progress` reads. Nothing is judged here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.markup import escape

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.catalogue.units import is_on_later_map
from ocop_pipeline.cli.console import (
    FINDINGS,
    FINE,
    JsonOption,
    Language,
    SiteOption,
    StateOption,
    headers_of,
    help_of,
    messages,
    open_site,
    out,
    parse_month,
    print_json,
    print_table,
    refuse,
    require_run,
    say,
    warehouse_errors,
)
from ocop_pipeline.domain.indicators import Indicator, Kind
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import name_key
from ocop_pipeline.reporting import formats
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.figures import months_run
from ocop_pipeline.warehouse.progress import (
    PlanTarget,
    PlanTask,
    TaskReport,
    by_agency,
    newest_month,
    plan_targets,
    plan_tasks,
    task_reports,
)

_HELP = load_messages()
_DAY = "%d/%m/%Y"


def status(
    plan: Annotated[str | None, typer.Option("--plan", help=_HELP.both("help.option.plan"))] = None,
    period: Annotated[
        str | None, typer.Option("--period", help=_HELP.both("help.option.plan_period"))
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help=_HELP.both("help.option.plan_task"))] = None,
    *,
    as_json: JsonOption = False,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Print plan versus actual for every target and every task by agency; of one task who reported what."""
    place = open_site(site, state)
    if plan is not None and plan not in place.catalogue.plans:
        raise refuse("plans.unknown", plan=plan, plans=", ".join(place.catalogue.plans))
    month = parse_month(period) if period else None
    with warehouse_errors(), open_reader(place.settings.warehouse) as connection:
        months = months_run(connection)
        if not months:
            raise refuse("error.nothing_run")
        month = month or Period(newest_month(connection))
        require_run(months, month)
        targets = plan_targets(connection, month.key, plan)
        tasks = plan_tasks(connection, month.key, plan)
        reports = task_reports(connection, month.key, task, plan) if task else []
    if plan is not None and not (targets or tasks):
        raise refuse("plans.not_in_force", plan=plan, period=month.key)
    if task is not None:
        raise typer.Exit(
            _task(month, [each for each in tasks if each.task == task.upper()], reports, as_json=as_json)
        )
    if as_json:
        print_json(status_json(place.catalogue, month, targets, tasks))
    else:
        print_status(place.catalogue, month, targets, tasks)
    missed = any(each.is_missed for each in targets) or any(each.is_overdue for each in tasks)
    raise typer.Exit(FINDINGS if missed else FINE)


def _task(month: Period, tasks: Sequence[PlanTask], reports: Sequence[TaskReport], *, as_json: bool) -> int:
    """Print who reported what of one task; findings where it is overdue."""
    if not tasks:
        raise refuse("plans.task_unknown", period=month.key)
    if as_json:
        found = [{**_task_json(each), "plan": each.plan, "told": _told(each, reports)} for each in tasks]
        print_json({"period": month.key, "tasks": found})
    else:
        for each in tasks:
            _print_task(each, [told for told in reports if told.plan == each.plan])
    return FINDINGS if any(each.is_overdue for each in tasks) else FINE


def _told(task: PlanTask, reports: Sequence[TaskReport]) -> list[dict[str, Any]]:
    return [
        {
            "unit_id": each.unit_id, "unit_name": each.unit_name, "agency": each.agency, "state": each.state,
            "progress_pct": each.progress_pct, "is_overdue": each.is_overdue, "submission_id": each.submission_id,
        }
        for each in reports
        if each.plan == task.plan
    ]  # fmt: skip


def _print_task(task: PlanTask, reports: Sequence[TaskReport]) -> None:
    words = messages()
    due = words.say("plans.due", day=task.due_date.strftime(_DAY)) if task.due_date else ""
    out().print(escape(" | ".join(filter(None, (f"{task.task} {task.text}", task.lead_agency, due)))))
    if not reports:
        say("plans.task_untold")
        return
    rows = [
        (
            each.agency or each.unit_name, words.say(f"task_state.{each.state or 'none'}"),
            _number(each.progress_pct), words.say("plans.late") if each.is_overdue else "",
        )
        for each in reports
    ]  # fmt: skip
    print_table(headers_of("unit", "status", "progress", "until"), rows)


def status_json(
    catalogue: Catalogue, month: Period, targets: Sequence[PlanTarget], tasks: Sequence[PlanTask]
) -> dict[str, Any]:
    """The documented shape (docs/cli.md)."""
    return {
        "period": month.key,
        "plans": [_plan_json(catalogue, month, *each) for each in _grouped(targets, tasks)],
    }


def _grouped(
    targets: Sequence[PlanTarget], tasks: Sequence[PlanTask]
) -> list[tuple[list[PlanTarget], list[PlanTask]]]:
    """Targets and tasks of each plan; a plan may have only one of them."""
    plans = dict.fromkeys([each.plan for each in targets] + [each.plan for each in tasks])
    return [
        ([each for each in targets if each.plan == plan], [each for each in tasks if each.plan == plan])
        for plan in plans
    ]


def _first(targets: Sequence[PlanTarget], tasks: Sequence[PlanTask]) -> PlanTarget | PlanTask:
    """Any of them tells which plan and unit all are of."""
    return targets[0] if targets else tasks[0]


def _plan_json(
    catalogue: Catalogue, month: Period, targets: Sequence[PlanTarget], tasks: Sequence[PlanTask]
) -> dict[str, Any]:
    first = _first(targets, tasks)
    return {
        "plan": first.plan,
        "number": first.plan_number,
        "name": first.plan_name,
        "is_sample": first.is_sample,
        "unit_id": first.unit_id,
        "unit_name": first.unit_name,
        "unit_name_in_plan": catalogue.plans[first.plan].unit_name_vi,
        "tier": first.tier,
        "map": {
            "kind": "as-reported",
            "date": month.end,
            "is_later_map": is_on_later_map(catalogue.units.get(first.unit_id, month.end), month.end),
        },
        "results": dict(Counter(each.result for each in targets)),
        "targets": [_target_json(each) for each in targets],
        "tasks": [_task_json(each) for each in tasks],
        "overdue": [each.task for each in tasks if each.is_overdue],
    }


def _target_json(target: PlanTarget) -> dict[str, Any]:
    return {
        "target": target.target,
        "text": target.text,
        "indicator": target.indicator,
        "breakdown": target.breakdown,
        "shape": target.shape,
        "tier": target.bound_tier,
        "each": target.each,
        "unit": target.unit_vi,
        "planned": {"low": target.low, "high": target.high},
        "base": target.base,
        "actual": target.actual,
        "achieved_pct": target.achieved_pct,
        "result": target.result,
        "units": {"bound": target.units_bound, "reached": target.units_reached},
        "coverage": {"expected": target.expected, "reported": target.reported},
        "due_date": target.due_date,
    }


def _task_json(task: PlanTask) -> dict[str, Any]:
    return {
        "task": task.task,
        "text": task.text,
        "lead_agency": task.lead_agency,
        "state": task.state,
        "states": task.states,
        "progress_pct": task.progress_pct,
        "reports": task.reports,
        "due_date": task.due_date,
        "is_overdue": task.is_overdue,
    }


def print_status(
    catalogue: Catalogue, month: Period, targets: Sequence[PlanTarget], tasks: Sequence[PlanTask]
) -> None:
    """The status for people."""
    grouped = _grouped(targets, tasks)
    if not grouped:
        say("plans.none", period=month.key)
    for its_targets, its_tasks in grouped:
        first = _first(its_targets, its_tasks)
        number = f" ({first.plan_number})" if first.plan_number else ""
        say(
            "plans.title",
            plan=f"{first.plan_name}{number}",
            unit=first.unit_name,
            map=month.end.strftime(_DAY),
        )
        if first.is_sample:
            say("plans.sample")
        if is_on_later_map(catalogue.units.get(first.unit_id, month.end), month.end):
            say("plans.later_map")
        then = catalogue.plans[first.plan].unit_name_vi
        if name_key(then) != name_key(first.unit_name):
            say("plans.other_name", then=then, unit=first.unit_name)
        _print_targets(its_targets, catalogue.indicators)
        _print_tasks(its_tasks)
        out().print()


def _print_targets(targets: Sequence[PlanTarget], indicators: Mapping[str, Indicator]) -> None:
    words = messages()
    if not targets:
        say("plans.no_targets")
        return
    for each in targets:
        # Two lines a target: sentences of plans are too long for a column beside eight others.
        out().print(escape(f"{each.target} {each.text}"))
        indicator = indicators.get(each.indicator or "")
        facts = (
            words.say(f"tier.{each.bound_tier}"),
            _planned(each, indicator),
            _done(each, indicator),
            "" if each.achieved_pct is None or each.result == "not_measured" else f"{_number(each.achieved_pct)} %",
            words.say(f"plan_result.{each.result}"),
            words.say("plans.coverage", reported=each.reported or 0, expected=each.expected)
            if each.expected else "",
            words.say("plans.due", day=each.due_date.strftime(_DAY)),
        )  # fmt: skip
        out().print(escape("     " + " | ".join(filter(None, facts))))


def _planned(target: PlanTarget, indicator: Indicator | None) -> str:
    """What is enough; nothing for a target of words."""
    words = messages()
    if target.low is None:
        return ""
    if target.each and indicator is not None and indicator.kind is Kind.SHARE:
        return words.say("plans.planned", value=words.say("plans.each_yes", tier=_tier(target)))
    low, high = _number(target.low), _number(target.high)
    text = f"{low}–{high}" if high else f"≥ {low}"
    each = words.say("plans.each", tier=_tier(target)) if target.each else ""
    return words.say("plans.planned", value=" ".join(filter(None, (text, target.unit_vi, each))))


def _done(target: PlanTarget, indicator: Indicator | None) -> str:
    """What was done; the figure beside a target of words by its name; nothing where nothing is counted."""
    words = messages()
    if indicator is None:
        return ""
    missing = target.result == "no_data" or target.actual is None
    if target.low is None:
        value = words.say("value.not_reported") if missing else f"{_number(target.actual)} {_unit(indicator)}"
        name = indicator.name_vi if Language.chosen == "vi" else indicator.name_en
        return words.say("plans.reference", name=name, value=value)
    return words.say("plans.actual", value=words.say("value.not_reported") if missing else _actual(target))


def _tier(target: PlanTarget) -> str:
    return messages().say(f"tier.{target.bound_tier}")


def _unit(indicator: Indicator) -> str:
    """Unit of measure of a figure by itself: where the answer is yes or no, units that said yes are counted."""
    return messages().say("plans.units_yes") if indicator.kind is Kind.SHARE else indicator.unit_vi


def _actual(target: PlanTarget) -> str:
    if target.each:
        return messages().say(
            "plans.units", reached=target.units_reached, bound=target.units_bound, tier=_tier(target)
        )
    value = f"{_number(target.actual)} {target.unit_vi or ''}".strip()
    if target.base is None:
        return value
    return messages().say("plans.of", value=value, base=_number(target.base))


def _number(value: Decimal | None) -> str:
    """A number as people write it here: at most one decimal, none where it is whole."""
    if value is None:
        return ""
    return formats.number(value, 0 if value == value.to_integral_value() else 1)


def _print_tasks(tasks: Sequence[PlanTask]) -> None:
    words = messages()
    if not tasks:
        say("plans.no_tasks")
        return
    for agency, led in by_agency(tasks).items():
        rows = [
            (
                each.task, each.text, _state(each), _number(each.progress_pct),
                each.reports, each.due_date.strftime(_DAY) if each.due_date else "",
            )
            for each in led
        ]  # fmt: skip
        headers = headers_of("task", "task_text", "status", "progress", "reports", "until")
        print_table(headers, rows, agency or words.say("plans.no_agency"))
    overdue = [each for each in tasks if each.is_overdue]
    if not overdue:
        say("plans.nothing_overdue")
    for each in overdue:
        due = each.due_date.strftime(_DAY) if each.due_date else ""
        say(
            "plans.overdue",
            task=each.task,
            agency=each.lead_agency or each.unit_name,
            due=due,
            text=each.text,
        )


def _state(task: PlanTask) -> str:
    """The state told; where several reports speak of the task, how many are in which."""
    words = messages()
    if task.reports <= 1:
        return words.say(f"task_state.{task.state or 'none'}")
    return "; ".join(
        f"{words.say(f'task_state.{state}')}: {count}" for state, count in task.states.items() if count
    )


def register(plans_app: typer.Typer) -> None:
    """Add the commands of this module."""
    plans_app.command("status", help=help_of("plan_status"))(status)
