"""Plans against what was done: targets, tasks, the notice of a sample, the chart.

Here: how a target of each shape is shown. Not here: whether it is reached (the warehouse judges that).
"""

from collections.abc import Sequence
from decimal import Decimal

from ocop_pipeline.catalogue.units import is_on_later_map
from ocop_pipeline.domain.plans import is_overdue
from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.chart import Bar, bar_chart
from ocop_pipeline.reporting.document import Block, Cell, Column, Figure, Mark, Notice, Row, Table, marked
from ocop_pipeline.reporting.gather import TargetProgress, TaskProgress
from ocop_pipeline.reporting.readings import Amount, State, read
from ocop_pipeline.reporting.setting import Setting, amount_cell, day_text

_YES_NO = "yes_no"


def plan_tables(setting: Setting) -> list[Block]:
    """Each plan in force: its targets and tasks, with a notice where the plan is a sample."""
    bound: tuple[TargetProgress | TaskProgress, ...] = (*setting.data.targets, *setting.data.tasks)
    plans = list(dict.fromkeys(each.plan for each in bound))
    blocks: list[Block] = []
    for plan in plans:
        targets = [each for each in setting.data.targets if each.plan == plan]
        tasks = [each for each in setting.data.tasks if each.plan == plan]
        if targets:
            blocks.append(_target_table(setting, targets))
        if tasks:
            blocks.append(_task_table(setting, tasks))
    return [*sample_notice(setting), *_map_notice(setting), *blocks] if blocks else []


def _map_notice(setting: Setting) -> list[Block]:
    """Say that the units compared are those of a later map than the plan's, where the catalogue has no older one."""
    if not is_on_later_map(setting.data.unit, setting.data.period.end):
        return []
    return [
        Notice(setting.label("plan_map_notice", day=formats.short_date(setting.data.period.end)), "warning")
    ]


def sample_notice(setting: Setting) -> list[Block]:
    """Say prominently that a plan is made up, where one is."""
    plans: tuple[TargetProgress | TaskProgress, ...] = (*setting.data.targets, *setting.data.tasks)
    if not any(each.is_sample for each in plans):
        return []
    return [Notice(setting.label("sample_plan_notice"), "sample")]


def _plan_caption(setting: Setting, kind: str, each: TargetProgress | TaskProgress) -> str:
    plan = each.plan_name
    if each.plan_number:
        plan = setting.label("plan_number", plan=plan, number=each.plan_number)
    if each.is_sample:
        return setting.label("plan_sample" if kind == "plan" else f"{kind}_sample", plan=plan)
    return setting.label(f"{kind}_caption", plan=plan)


def _target_table(setting: Setting, targets: Sequence[TargetProgress]) -> Table:
    label = setting.label
    columns = (
        Column("order", label("order"), align="center", width=0.7),
        Column("target", label("plan_target"), width=4.6, row_header=True),
        Column("measure", label("measure"), width=1.1),
        Column("planned", label("plan_planned"), align="right", width=2.2),
        Column("actual", label("plan_actual"), align="right", width=2.1),
        Column("achieved", label("plan_achieved"), align="right", width=0.95),
        Column("reports", label("reports"), align="right", width=1.4),
        Column("due", label("plan_due"), align="center", width=1.3),
        Column("result", label("plan_result"), width=1.6),
    )
    rows = tuple(_target_row(setting, target) for target in targets)
    notes = (label("plan_note"), *setting.year_note(), *_reference_note(setting, targets))
    return Table(_plan_caption(setting, "plan", targets[0]), columns, rows, notes)


def _reference_note(setting: Setting, targets: Sequence[TargetProgress]) -> list[str]:
    """Name the figures that stand beside targets of words: they are to be read, not judged."""
    indicators = setting.data.indicators
    items = [
        setting.label("plan_reference_item", target=each.target, name=indicators[each.indicator].name_vi)
        for each in targets
        if each.planned_low is None and each.indicator in indicators
    ]
    return [setting.label("plan_reference", items="; ".join(items))] if items else []


def _target_row(setting: Setting, target: TargetProgress) -> Row:
    data = setting.data
    address = f"{data.period.key}/{data.unit.unit_id}/plan/{target.plan}/{target.target}"
    achieved = Cell() if target.achieved_pct is None else Cell(formats.number(target.achieved_pct, 1))
    return Row((
        Cell(target.target), Cell(target.text), Cell(_unit(setting, target)), Cell(_planned(setting, target)),
        _actual_cell(setting, target, address), achieved,
        Cell(_coverage(target)),
        Cell(day_text(target.due_date)), Cell(setting.label(f"plan_result_{target.result}")),
    ))  # fmt: skip


def _unit(setting: Setting, target: TargetProgress) -> str:
    """Unit of measure as the plan has it; of the figure beside a target of words, units where they say yes or no."""
    indicator = setting.data.indicators.get(target.indicator)
    if target.planned_low is not None or indicator is None:
        return target.unit
    return setting.label("plan_units_yes") if indicator.value_type == _YES_NO else indicator.unit_vi


def _coverage(target: TargetProgress) -> str:
    if not target.expected:
        return ""
    return f"{formats.number(target.reported)}/{formats.number(target.expected)}"


def _planned(setting: Setting, target: TargetProgress) -> str:
    if target.planned_low is None:
        return setting.label("plan_words")
    low = _as_set(target.planned_low)
    tier = _tier(setting, target)
    if target.planned_high is not None:
        high = _as_set(target.planned_high)
        return setting.label("plan_range_each" if tier else "plan_range", low=low, high=high, tier=tier)
    if not tier:
        return setting.label("plan_at_least", low=low)
    indicator = setting.data.indicators.get(target.indicator)
    yes_no = indicator is not None and indicator.value_type == _YES_NO
    return setting.label("plan_each_yes" if yes_no else "plan_each", low=low, tier=tier)


def _tier(setting: Setting, target: TargetProgress) -> str:
    """What the units bound one by one are called; blank where the plan's own unit is."""
    return setting.label(f"plan_tier_{target.bound_tier}") if target.bound_tier else ""


def _as_set(value: Decimal) -> str:
    """Write a planned number with the digits it was set with: 60 %, not 60,0 %."""
    return formats.quantity(value, "")


def _actual_cell(setting: Setting, target: TargetProgress, address: str) -> Cell:
    if target.actual_value is None or (target.expected and not target.reported):
        return marked(Mark.NOT_REPORTED, figure_id=address) if target.indicator else Cell()
    if target.bound_tier and target.planned_low is not None:
        reached, bound = map(formats.number, (target.units_reached, target.units_bound))
        tier = _tier(setting, target)
        return Cell(setting.label("plan_units", reached=reached, bound=bound, tier=tier), figure_id=address)
    return amount_cell(Amount(target.actual_value, target.unit, address), State.NUMBER)


def _task_table(setting: Setting, tasks: Sequence[TaskProgress]) -> Table:
    """The duties; without the columns of who leads and by when where a plan names nobody and no day."""
    label = setting.label
    led, dated = (any(each.lead_agency for each in tasks), any(each.due_date for each in tasks))
    columns = (
        Column("order", label("order"), align="center", width=0.7),
        Column("task", label("task_text"), width=4.8, row_header=True),
        *((Column("lead", label("task_lead"), width=2.4),) if led else ()),
        *((Column("due", label("plan_due"), align="center", width=1.2),) if dated else ()),
        Column("state", label("task_state"), width=1.4),
        Column("progress", label("task_progress"), align="right", width=0.9),
        Column("reports", label("task_reports"), align="right", width=0.9),
    )
    rows = tuple(
        Row((
            Cell(task.task), Cell(task.text),
            *((Cell(task.lead_agency),) if led else ()),
            *((Cell(day_text(task.due_date)),) if dated else ()),
            Cell(_state(setting, task)),
            Cell("" if task.progress_pct is None else formats.number(task.progress_pct, 1)),
            Cell(formats.number(task.reports)),
        ))
        for task in tasks
    )  # fmt: skip
    notes = [label("task_note")]
    notes += [] if led else [label("task_no_lead")]
    notes += [] if dated else [label("task_no_due")]
    return Table(_plan_caption(setting, "task", tasks[0]), columns, rows, tuple(notes))


def _state(setting: Setting, task: TaskProgress) -> str:
    """The state told, of several reports how many tell which; and that the day has passed."""
    state = setting.name("task_state", task.state) or setting.label("task_none")
    if task.reports > 1:
        told = (f"{setting.name('task_state', each)}: {formats.number(count)}" for each, count in task.states)
        state = "; ".join(told) or state
    if not is_overdue(task.due_date, setting.data.period.end, task.state):
        return state
    return setting.label("task_overdue", state=state)


def chart(setting: Setting) -> list[Block]:
    """One chart: the first plan with measured targets, and what was done; without one, products by star."""
    return _plan_chart(setting) or _valid_chart(setting)


def _plan_chart(setting: Setting) -> list[Block]:
    label = setting.label
    measured = [
        each for each in setting.data.targets if each.achieved_pct is not None and each.result != "no_data"
    ]
    if not measured:
        return []
    bars = [
        Bar(
            label("chart_plan_bar", code=each.target, name=setting.data.indicators[each.indicator].name_vi),
            each.achieved_pct,
            Decimal(100),
        )
        for each in measured
        if each.plan == measured[0].plan
    ]
    caption = label("chart_plan_caption", plan=measured[0].plan_name)
    svg = bar_chart(bars, unit="%", value_name=label("chart_plan_value"), plan_name=label("chart_plan_plan"))
    return [Figure(svg, _alternative(setting, caption, bars, "%"), caption)]


def _valid_chart(setting: Setting) -> list[Block]:
    data, label = setting.data, setting.label
    readings = [read(data, "SP03", f"star={code}") for code, _ in data.splits.get(("SP03", "star"), ())]
    bars = [Bar(each.name, each.month.value if each.month else None) for each in readings]
    if not any(bar.value for bar in bars):
        return []
    unit = data.indicators["SP03"].unit_vi
    caption = label("chart_valid_caption", day=formats.short_date(data.period.end))
    svg = bar_chart(bars, unit=unit, value_name=label("chart_valid_value"))
    return [Figure(svg, _alternative(setting, caption, bars, unit), caption)]


def _alternative(setting: Setting, caption: str, bars: Sequence[Bar], unit: str) -> str:
    items = (
        setting.label(
            "chart_alt_item",
            label=bar.label,
            value=Mark.NOT_REPORTED.value if bar.value is None else formats.quantity(bar.value, unit),
        )
        for bar in bars
    )
    return setting.label("chart_alt", caption=caption, items="; ".join(items))
