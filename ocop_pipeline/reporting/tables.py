"""The blocks a report's specification can name: tables, charts, quotes and notices, built from a report's data.

Here: which rows and columns, and the notes under them. Not here: where a block stands (the specification), words
(labels), or any sum: a total is always the published figure of the parent unit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType
from typing import Final

from ocop_pipeline.domain.indicators import Indicator, Kind
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.chart import Bar, bar_chart
from ocop_pipeline.reporting.document import (
    Block,
    Cell,
    Column,
    Figure,
    Mark,
    Notice,
    Quote,
    Row,
    RowKind,
    Table,
    marked,
)
from ocop_pipeline.reporting.gather import (
    COMMUNE_FORM,
    Remark,
    ReportData,
    ReportStatus,
    TargetProgress,
    TaskProgress,
)
from ocop_pipeline.reporting.readings import Amount, Change, Direction, Reading, State, read
from ocop_pipeline.reporting.spec import ReportSpec, UnitColumn, UnitTable

REMARK_KINDS: Final = ("difficulties", "causes", "next_tasks", "proposals")
_INDENT: Final = "\u00a0" * 4
_FUNDING: Final = (("planned", "KP01"), ("disbursed", "KP02"), ("settled", "KP03"))


@dataclass(frozen=True)
class Setting:
    """What a block is built from.

    Attributes:
        data: The report's data.
        spec: The kind of report.
        annexes: Key of each annex that is printed -> what the text calls it ("Phụ lục IV").
    """

    data: ReportData
    spec: ReportSpec
    annexes: Mapping[str, str]

    def label(self, key: str, **values: object) -> str:
        """A word of the report."""
        return self.spec.label(key, **values)

    def name(self, code_list: str, code: str) -> str:
        """Name of a code; the code itself where the list does not know it, blank for blank."""
        return self.data.names.get((code_list, code), code)


# ----------------------------------------------------------------------------------------- single cells


def amount_cell(amount: Amount | None, state: State) -> Cell:
    """Print an amount, or the sign of the state that stands in its place."""
    if amount is None or state.mark is not None:
        return marked(state.mark or Mark.NOT_REPORTED, figure_id=amount.figure_id if amount else "")
    if amount.value == 0:
        return marked(Mark.ZERO, figure_id=amount.figure_id)
    return Cell(formats.quantity(amount.value, amount.unit), figure_id=amount.figure_id)


def coverage_cell(reading: Reading) -> Cell:
    """Print how many reports gave a figure, of how many that were asked."""
    return Cell(f"{formats.number(reading.reported)}/{formats.number(reading.expected)}")


def _day(day: date | None) -> str:
    return formats.short_date(day) if day else ""


# ------------------------------------------------------------------------------------------- coverage


def coverage_table(setting: Setting) -> list[Block]:
    """How many reports of each form came, and what became of them."""
    label = setting.label
    columns = (
        Column("form", label("coverage_form"), width=3.2, row_header=True),
        *(
            Column(key, label(f"coverage_{key}"), align="right")
            for key in ("expected", "accepted", "returned", "missing", "late")
        ),
        Column("share", label("share_pct"), align="right"),
    )
    rows = tuple(
        Row((
            Cell(form.form_name), *(
                Cell(formats.number(count))
                for count in (form.expected, form.accepted, form.returned, form.missing, form.late)
            ),
            Cell(formats.number(Decimal(form.accepted) * 100 / form.expected, 1)),
        ))
        for form in setting.data.coverage
    )  # fmt: skip
    return [Table(label("coverage_caption"), columns, rows, (label("coverage_note"),))]


def status_table(setting: Setting) -> list[Block]:
    """Everyone whose report is missing, returned or late."""
    label = setting.label
    owed = [(status, key) for status in setting.data.statuses if (key := _status_key(status))]
    if not owed:
        return []
    columns = (
        Column("order", label("order"), align="center", width=0.5),
        Column("unit", label("unit"), width=2.6, row_header=True),
        Column("form", label("status_form"), width=1.1),
        Column("state", label("status_state"), width=1.6),
        Column("due", label("status_due"), align="center", width=1.1),
        Column("received", label("status_received"), align="center", width=1.1),
    )
    rows = tuple(
        Row((
            Cell(str(order)), Cell(status.sender), Cell(status.form), Cell(label(f"status_{key}")),
            Cell(_day(status.due_date)),
            Cell(_day(status.first_received_at.date() if status.first_received_at else None)),
        ))
        for order, (status, key) in enumerate(owed, start=1)
    )  # fmt: skip
    return [Table(label("status_caption"), columns, rows)]


def _status_key(status: ReportStatus) -> str:
    if status.status in ("missing", "returned"):
        return status.status
    if status.is_late:
        return "late"
    return "correction" if status.has_returned_correction else ""


# ----------------------------------------------------------------------------------------- indicators


def indicator_table(setting: Setting) -> list[Block]:
    """Every indicator of the unit with its parts: month, quarter and year to date, the year before, coverage."""
    data, label = setting.data, setting.label
    readings = [(indicator, list(_lines(setting, indicator))) for indicator in _asked(data)]
    with_last = any(
        line.reading.last_month or line.reading.last_year
        for _, lines in readings
        for line in lines
        if line.reading
    )
    rows: list[Row] = []
    for section, group in groupby(readings, key=lambda each: each[0].section):
        title = label("section", code=section, name=data.sections[section])
        rows.append(Row((Cell(title, span=len(_indicator_columns(setting, with_last=with_last))),), "group"))
        rows.extend(
            _indicator_row(setting, line, with_last=with_last) for _, lines in group for line in lines
        )
    caption = label("indicator_caption", unit=data.unit.full_name)
    columns = _indicator_columns(setting, with_last=with_last)
    return [Table(caption, columns, tuple(rows), _indicator_notes(setting, with_last=with_last))]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the indicator table: a figure, or the title of a split where `reading` is None."""

    text: str
    code: str = ""
    reading: Reading | None = None


def _asked(data: ReportData) -> Iterator[Indicator]:
    """The indicators something asks of this unit in this month, in their order, funding's cross left out."""
    for indicator in data.indicators.values():
        if data.summary(indicator.code) is not None:
            yield indicator


def _lines(setting: Setting, indicator: Indicator) -> Iterator[_Line]:
    data = setting.data
    yield _Line(indicator.name_vi, indicator.code, read(data, indicator.code))
    for split in indicator.breakdowns:
        parts = [
            (f"{split.dimension}={code}", name)
            for code, name in data.splits[indicator.code, split.dimension]
            if data.summary(indicator.code, f"{split.dimension}={code}") is not None
        ]
        if not parts:
            continue
        key = f"dimension_{split.dimension}"
        yield _Line(_INDENT + setting.label(key if key in setting.spec.labels else "dimension"))
        for breakdown, name in parts:
            yield _Line(f"{_INDENT}- {name}", "", read(data, indicator.code, breakdown))


def _indicator_columns(setting: Setting, *, with_last: bool) -> tuple[Column, ...]:
    label = setting.label
    last, index = label("last_year"), label("index")
    return (
        Column("code", label("code"), width=0.75),
        Column("indicator", label("indicator"), width=4.2, row_header=True),
        Column("measure", label("measure"), width=1.1),
        Column("month", label("month_or_closing"), align="right", width=1.25),
        Column("quarter", label("quarter"), align="right", width=1.1),
        Column("year", label("year"), align="right", width=1.2),
        *(
            (
                Column("last_month", label("month"), group=last, align="right", width=1.1),
                Column("last_year", label("year"), group=last, align="right", width=1.2),
                Column("month_index", label("month"), group=index, align="right", width=1.05),
                Column("year_index", label("year"), group=index, align="right", width=1.05),
            )
            if with_last
            else ()
        ),
        Column("reports", label("reports"), align="right", width=1.05),
    )


def _indicator_row(setting: Setting, line: _Line, *, with_last: bool) -> Row:
    if line.reading is None:
        return Row((Cell(), Cell(line.text), Cell(span=9 if with_last else 5)))
    reading = line.reading
    spans = has_spans(setting.data, reading.code)
    earlier = (
        _earlier_cell(reading.last_month),
        _earlier_cell(reading.last_year if spans else None),
        _index_cell(setting, reading.month_change),
        _index_cell(setting, reading.year_change if spans else Change(Direction.UNKNOWN)),
    )
    emphasis = bool(line.code)
    cells = (
        Cell(line.code), Cell(line.text, emphasis=emphasis), Cell(reading.unit),
        amount_cell(reading.month, reading.state),
        amount_cell(reading.quarter, reading.year_state) if spans else Cell(),
        amount_cell(reading.year, reading.year_state) if spans else Cell(),
        *(earlier if with_last else ()),
        coverage_cell(reading),
    )  # fmt: skip
    return Row(cells)


def has_spans(data: ReportData, code: str) -> bool:
    """Tell whether quarter and year to date say something the closing value does not (flows and their ratios)."""
    indicator = data.indicators[code]
    if indicator.kind is Kind.RATIO and indicator.numerator:
        indicator = data.indicators[indicator.numerator]
    return indicator.kind is Kind.FLOW


def _earlier_cell(amount: Amount | None) -> Cell:
    return amount_cell(amount, State.NUMBER) if amount else Cell()


def _index_cell(setting: Setting, change: Change) -> Cell:
    if change.index is None:
        return Cell()
    text = formats.number(change.index, 1)
    return Cell(text if change.same_scope else f"{text}\u00a0{setting.label('other_scope_sign')}")


def _indicator_notes(setting: Setting, *, with_last: bool) -> tuple[str, ...]:
    data, label = setting.data, setting.label
    last = (
        (label("indicator_note_scope"), label("indicator_note_last"))
        if with_last
        else (label("indicator_note_no_last"),)
    )
    return (
        label("indicator_note_coverage"),
        label("indicator_note_closing"),
        *last,
        label("indicator_note_value", unit_code=data.unit.code, period=data.period.key),
    )


def funding_table(setting: Setting) -> list[Block]:
    """Funds by source and content: planned, disbursed, settled since the year began."""
    data, label = setting.data, setting.label
    if data.summary("KP01") is None:
        return []
    columns = (
        Column("item", label("funding_item"), width=4, row_header=True),
        *(Column(key, label(f"funding_{key}"), align="right", width=1.3) for key, _ in _FUNDING),
        Column("reports", label("reports"), align="right", width=1.1),
    )
    rows = [_funding_row(data, label("funding_total"), "", "total")]
    for source, source_name in data.splits["KP01", "source"]:
        lines = [
            _funding_row(data, f"{_INDENT}{content_name}", f"content={content};source={source}", "normal")
            for content, content_name in data.splits["KP01", "content"]
            if _any_funds(data, f"content={content};source={source}")
        ]
        if lines:
            rows.append(Row((Cell(source_name, span=len(columns)),), "group"))
            rows.extend(lines)
    caption = label("funding_caption", unit=data.unit.full_name)
    return [Table(caption, columns, tuple(rows), (label("indicator_note_coverage"), label("funding_note")))]


def _any_funds(data: ReportData, breakdown: str) -> bool:
    return any((found := data.summary(code, breakdown)) is not None and found.month for _, code in _FUNDING)


def _funding_row(data: ReportData, text: str, breakdown: str, kind: RowKind) -> Row:
    readings = [read(data, code, breakdown) for _, code in _FUNDING]
    cells = (amount_cell(reading.month, reading.state) for reading in readings)
    return Row((Cell(text), *cells, coverage_cell(readings[0])), kind)


# ------------------------------------------------------------------------------------- table by unit


def unit_tables(setting: Setting) -> list[Block]:
    """The main indicators by unit below, in blocks of columns that fit their page."""
    if not setting.data.below:
        return []
    return [_unit_table(setting, table) for table in setting.spec.unit_tables]


def _unit_table(setting: Setting, table: UnitTable) -> Table:
    data, label = setting.data, setting.label
    shown = [
        column for column in table.columns if data.summary(column.indicator, column.breakdown) is not None
    ]
    columns = [
        Column("order", label("order"), align="center", width=0.55),
        Column("unit", label("unit"), width=2.3, row_header=True),
    ]
    for column in shown:
        columns.extend(_unit_columns(setting, column))
    rows = [
        _unit_row(setting, shown, data.unit, "", "total"),
        _unit_coverage_row(setting, shown),
        *_unit_rows(setting, shown),
    ]
    caption = label("units_caption", title=table.caption, unit=data.unit.full_name)
    return Table(caption, tuple(columns), tuple(rows), (label("units_note_total", unit=data.unit.full_name),))


def _unit_columns(setting: Setting, column: UnitColumn) -> list[Column]:
    key = f"{column.indicator}.{column.breakdown}"
    if len(column.spans) == 1:
        return [Column(key, column.label, align="right")]
    return [
        Column(f"{key}.{span}", setting.label(span), group=column.label, align="right", width=0.95)
        for span in column.spans
    ]


def _unit_rows(setting: Setting, columns: Sequence[UnitColumn]) -> Iterator[Row]:
    """A row per unit; districts stand as sums over their communes, which are numbered anew in each."""
    order = 0
    for unit in setting.data.below:
        is_commune = unit.tier is Tier.COMMUNE
        order = order + 1 if is_commune else 0
        yield _unit_row(
            setting, columns, unit, str(order) if is_commune else "", "normal" if is_commune else "subtotal"
        )


def _unit_row(
    setting: Setting, columns: Sequence[UnitColumn], unit: UnitVersion, order: str, kind: RowKind
) -> Row:
    cells = [Cell(order), Cell(unit.full_name)]
    for column in columns:
        reading = read(setting.data, column.indicator, column.breakdown, unit.unit_id)
        cells.extend(
            _span_cell(setting, reading, span, single=unit.tier is Tier.COMMUNE) for span in column.spans
        )
    return Row(tuple(cells), kind)


def _span_cell(setting: Setting, reading: Reading, span: str, *, single: bool) -> Cell:
    if single and reading.kind is Kind.SHARE and reading.month is not None and reading.state is State.NUMBER:
        return Cell(setting.label("yes" if reading.month.value else "no"), figure_id=reading.month.figure_id)
    if span == "month":
        return amount_cell(reading.month, reading.state)
    return amount_cell(reading.quarter if span == "quarter" else reading.year, reading.year_state)


def _unit_coverage_row(setting: Setting, columns: Sequence[UnitColumn]) -> Row:
    """How many reports stand behind each total; the year to date is made of as many monthly reports."""
    cells = [Cell(), Cell(setting.label("units_coverage"))]
    for column in columns:
        found = setting.data.summary(column.indicator, column.breakdown)
        for span in column.spans:
            counts = (found.reported, found.expected) if found else (0, 0)
            if found and span == "year":
                counts = (found.year_reported or 0, found.year_expected or 0)
            cells.append(Cell("" if span == "quarter" else "/".join(map(formats.number, counts))))
    return Row(tuple(cells))


# -------------------------------------------------------------------------------------------- plans


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
    return [*sample_notice(setting), *blocks] if blocks else []


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
        Column("order", label("order"), align="center", width=0.6),
        Column("target", label("plan_target"), width=4.6, row_header=True),
        Column("measure", label("measure"), width=1.1),
        Column("planned", label("plan_planned"), align="right", width=1.5),
        Column("actual", label("plan_actual"), align="right", width=1.5),
        Column("achieved", label("plan_achieved"), align="right", width=0.9),
        Column("reports", label("reports"), align="right", width=1.2),
        Column("due", label("plan_due"), align="center", width=1.15),
        Column("result", label("plan_result"), width=1.2),
    )
    rows = tuple(_target_row(setting, target) for target in targets)
    return Table(_plan_caption(setting, "plan", targets[0]), columns, rows, (label("plan_note"),))


def _target_row(setting: Setting, target: TargetProgress) -> Row:
    data = setting.data
    address = f"{data.period.key}/{data.unit.unit_id}/plan/{target.plan}/{target.target}"
    achieved = Cell() if target.achieved_pct is None else Cell(formats.number(target.achieved_pct, 1))
    return Row((
        Cell(target.target), Cell(target.text), Cell(target.unit), Cell(_planned(setting, target)),
        _actual_cell(setting, target, address), achieved,
        Cell(f"{formats.number(target.reported)}/{formats.number(target.expected)}" if target.expected else ""),
        Cell(_day(target.due_date)), Cell(setting.label(f"plan_result_{target.result}")),
    ))  # fmt: skip


def _planned(setting: Setting, target: TargetProgress) -> str:
    if target.planned_low is None:
        return setting.label("plan_words")
    unit = target.unit
    low = formats.quantity(target.planned_low, unit)
    if target.planned_high is not None:
        return setting.label("plan_range", low=low, high=formats.quantity(target.planned_high, unit))
    return setting.label("plan_each" if target.bound_tier else "plan_at_least", low=low)


def _actual_cell(setting: Setting, target: TargetProgress, address: str) -> Cell:
    if target.actual_value is None or (target.expected and not target.reported):
        return marked(Mark.NOT_REPORTED, figure_id=address) if target.indicator else Cell()
    if target.bound_tier:
        reached, bound = map(formats.number, (target.units_reached, target.units_bound))
        return Cell(setting.label("plan_units", reached=reached, bound=bound), figure_id=address)
    return amount_cell(Amount(target.actual_value, target.unit, address), State.NUMBER)


def _task_table(setting: Setting, tasks: Sequence[TaskProgress]) -> Table:
    label = setting.label
    columns = (
        Column("order", label("order"), align="center", width=0.6),
        Column("task", label("task_text"), width=4.8, row_header=True),
        Column("lead", label("task_lead"), width=2.4),
        Column("due", label("plan_due"), align="center", width=1.15),
        Column("state", label("task_state"), width=1.4),
        Column("progress", label("task_progress"), align="right", width=0.9),
        Column("reports", label("task_reports"), align="right", width=0.9),
    )
    rows = tuple(
        Row((
            Cell(task.task), Cell(task.text), Cell(task.lead_agency), Cell(_day(task.due_date)),
            Cell(setting.name("task_state", task.state) or label("task_none")),
            Cell("" if task.progress_pct is None else formats.number(task.progress_pct, 1)),
            Cell(formats.number(task.reports)),
        ))
        for task in tasks
    )  # fmt: skip
    return Table(_plan_caption(setting, "task", tasks[0]), columns, rows, (label("task_note"),))


def chart(setting: Setting) -> list[Block]:
    """One chart: what was done against the first plan with measured targets; without one, products by star."""
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


# ------------------------------------------------------------------------------- products and remarks


def product_table(setting: Setting) -> list[Block]:
    """The products recognised within the month."""
    data, label = setting.data, setting.label
    if not data.products:
        return []
    columns = (
        Column("order", label("order"), align="center", width=0.5),
        Column("name", label("product_name"), width=2.6, row_header=True),
        Column("producer", label("product_producer"), width=2.6),
        Column("unit", label("unit"), width=1.5),
        Column("group", label("product_group"), width=1.6),
        Column("star", label("product_star"), width=0.9),
        Column("kind", label("product_kind"), width=1.2),
        Column("decision", label("product_decision"), width=1.5),
        Column("date", label("product_date"), align="center", width=1.15),
        Column("body", label("product_body"), width=1.6),
        Column("expiry", label("product_expiry"), align="center", width=1.15),
    )
    rows = tuple(
        Row((
            Cell(str(order)), Cell(each.product_name), Cell(each.producer_name), Cell(each.unit_full_name),
            Cell(setting.name("product_group", each.product_group)), Cell(setting.name("star", each.star)),
            Cell(setting.name("recognition_kind", each.recognition_kind)), Cell(each.decision_no),
            Cell(_day(each.decision_date)), Cell(each.issuing_body), Cell(_day(each.expiry_date)),
        ))
        for order, each in enumerate(data.products, start=1)
    )  # fmt: skip
    first, last = formats.short_date(data.period.start), formats.short_date(data.period.end)
    return [Table(label("product_caption", first=first, last=last), columns, rows, _product_notes(setting))]


def _product_notes(setting: Setting) -> tuple[str, ...]:
    communes = next((each for each in setting.data.coverage if each.form == COMMUNE_FORM), None)
    if communes is None:
        return ()
    counts = {"accepted": formats.number(communes.accepted), "expected": formats.number(communes.expected)}
    return (setting.label("product_note", **counts),)


def substantive(setting: Setting, kind: str) -> list[Remark]:
    """The remarks of one kind that say something; "không có" says there is nothing to say."""
    empty = set(setting.label("no_remark").split("|"))
    return [
        remark
        for remark in setting.data.remarks
        if remark.kind == kind and remark.text.casefold().strip(" .,;:!-\n") not in empty | {""}
    ]


def excerpt(setting: Setting, kind: str) -> list[Remark]:
    """The remarks the body quotes: the first of each different wording, up to the limit."""
    seen: set[str] = set()
    chosen = []
    for remark in substantive(setting, kind):
        wording = " ".join(remark.text.casefold().split()).rstrip(" .;")
        if wording not in seen:
            seen.add(wording)
            chosen.append(remark)
    return chosen[: setting.spec.limits.quotes]


def quotes(setting: Setting, kind: str) -> list[Block]:
    """Quote the units' own words, each under its own name; a long one is cut and says so."""
    return [Quote(_cut(setting, remark.text), remark.sender) for remark in excerpt(setting, kind)]


def _cut(setting: Setting, text: str) -> str:
    limit = setting.spec.limits.quote_letters
    annex = setting.annexes.get("remarks")
    if len(text) <= limit or annex is None:
        return text
    return text[:limit].rsplit(maxsplit=1)[0] + setting.label("remark_cut", annex=annex)


def remark_tables(setting: Setting) -> list[Block]:
    """All remarks in full, if the body had to leave out or cut any."""
    limit = setting.spec.limits.quote_letters
    by_kind = {kind: substantive(setting, kind) for kind in REMARK_KINDS}
    whole = all(
        len(said) == len(excerpt(setting, kind)) and all(len(remark.text) <= limit for remark in said)
        for kind, said in by_kind.items()
    )
    if whole:
        return []
    return [_remark_table(setting, kind, said) for kind, said in by_kind.items() if said]


def _remark_table(setting: Setting, kind: str, said: Sequence[Remark]) -> Table:
    label = setting.label
    columns = (
        Column("order", label("order"), align="center", width=0.5),
        Column("unit", label("unit"), width=1.8, row_header=True),
        Column("text", label("remark_text"), width=5),
    )
    rows = tuple(
        Row((Cell(str(order)), Cell(remark.sender), Cell(remark.text)))
        for order, remark in enumerate(said, start=1)
    )
    return Table(label(f"remark_caption_{kind}"), columns, rows)


Builder = Callable[[Setting], list[Block]]


def _quotes_of(kind: str) -> Builder:
    return lambda setting: quotes(setting, kind)


BLOCKS: Final[Mapping[str, Builder]] = MappingProxyType(
    {
        "coverage_table": coverage_table,
        "status_table": status_table,
        "indicator_table": indicator_table,
        "funding_table": funding_table,
        "unit_tables": unit_tables,
        "plan_tables": plan_tables,
        "sample_notice": sample_notice,
        "chart": chart,
        "product_table": product_table,
        "remark_tables": remark_tables,
        **{f"quotes_{kind}": _quotes_of(kind) for kind in REMARK_KINDS},
    }
)
"""Every block a specification may name. A builder gives no block where there is nothing to show."""
