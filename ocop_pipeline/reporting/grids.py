"""Tables of figures: every indicator of the unit, its funds, and the main indicators of every unit below.

Here: rows, columns and the notes under them. Not here: any sum; a total is always the published figure of the
parent unit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from ocop_pipeline.domain.indicators import Indicator, Kind
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Block, Cell, Column, Notice, Row, RowKind, Table
from ocop_pipeline.reporting.gather import ReportData
from ocop_pipeline.reporting.group_series import group_notes, is_idle
from ocop_pipeline.reporting.readings import Amount, Change, LikeChange, Reading, State, read
from ocop_pipeline.reporting.setting import Setting, amount_cell, coverage_cell, month_cell
from ocop_pipeline.reporting.spec import UnitColumn, UnitTable
from ocop_pipeline.reporting.wording import lower_first

_INDENT: Final = "\u00a0" * 4
_FUNDING: Final = (("planned", "KP01"), ("disbursed", "KP02"), ("settled", "KP03"))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the indicator table: a figure, or the title of a split where `reading` is None."""

    text: str
    code: str = ""
    unit: str = ""
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class _Measure:
    """A column of figures in the indicator table, and the cell it gives a figure."""

    column: Column
    cell: Callable[[Reading], Cell]


def indicator_table(setting: Setting) -> list[Block]:
    """Every indicator with its parts: month, quarter and year to date, the year before, coverage."""
    data, label = setting.data, setting.label
    lines = [(indicator, list(_lines(setting, indicator))) for indicator in _asked(data)]
    readings = [line.reading for _, group in lines for line in group if line.reading]
    measures = _measures(setting, readings)
    rows: list[Row] = []
    for section, group in groupby(lines, key=lambda each: each[0].section):
        title = label("section", code=section, name=data.sections[section])
        rows.append(Row((Cell(title, span=len(measures) + 3),), "group"))
        rows.extend(_indicator_row(line, measures) for _, each in group for line in each)
    columns = (
        Column("code", label("code"), width=0.8),
        Column("indicator", label("indicator"), width=4.2, row_header=True),
        Column("measure", label("measure"), width=1.1),
        *(measure.column for measure in measures),
    )
    caption = label("indicator_caption", unit=lower_first(data.unit.full_name))
    return [Table(caption, columns, tuple(rows), _indicator_notes(setting, readings))]


def _asked(data: ReportData) -> Iterator[Indicator]:
    """The indicators something asks of this unit in this month, in their order, funding's cross left out."""
    for indicator in data.indicators.values():
        if data.summary(indicator.code) is not None:
            yield indicator


def _lines(setting: Setting, indicator: Indicator) -> Iterator[_Line]:
    data = setting.data
    # A share adds up to how many units said yes: what is counted then is units.
    unit = setting.label("share_unit") if indicator.kind is Kind.SHARE else indicator.unit_vi
    yield _Line(indicator.name_vi, indicator.code, unit, read(data, indicator.code))
    for split in indicator.breakdowns:
        parts = [
            (f"{split.dimension}={code}", name)
            for code, name in data.splits[indicator.code, split.dimension]
            if _is_line(data, indicator.code, f"{split.dimension}={code}")
        ]
        if not parts:
            continue
        key = f"dimension_{split.dimension}"
        yield _Line(_INDENT + setting.label(key if key in setting.spec.labels else "dimension"))
        for breakdown, name in parts:
            yield _Line(f"{_INDENT}- {name}", "", unit, read(data, indicator.code, breakdown))


def _is_line(data: ReportData, code: str, breakdown: str) -> bool:
    found = data.summary(code, breakdown)
    if found is None:
        return False
    return not is_idle(breakdown, (found.month, found.quarter, found.year, found.last_month, found.last_year))


def _measures(setting: Setting, readings: Sequence[Reading]) -> list[_Measure]:
    """The columns of figures; what is known of the year before has columns only where something is known."""
    data, label = setting.data, setting.label
    last, index, like = label("last_year"), label("index"), label("like_index")

    def column(key: str, header: str, group: str = "", width: float = 1.1) -> Column:
        return Column(key, header, group=group, align="right", width=width)

    def over_year(cell: Callable[[Reading], Cell]) -> Callable[[Reading], Cell]:
        return lambda reading: cell(reading) if has_spans(data, reading.code) else Cell()

    closing = [
        _Measure(
            column("last_month", label("month"), last),
            lambda r: _earlier_cell(r.last_month, r.last_month_state),
        ),
        _Measure(
            column("month_index", label("month"), index), lambda r: _index_cell(setting, r.month_change)
        ),
    ]
    spans = [
        _Measure(
            column("last_year", label("year"), last),
            over_year(lambda r: _earlier_cell(r.last_year, r.last_year_state)),
        ),
        _Measure(
            column("year_index", label("year"), index),
            over_year(lambda r: _index_cell(setting, r.year_change)),
        ),
    ]
    alike = [
        (
            [_Measure(column("month_like", label("month"), like, 1.2), lambda r: _like_cell(r.month_like))]
            if any(reading.month_like for reading in readings)
            else []
        ),
        (
            [
                _Measure(
                    column("year_like", label("year"), like, 1.2),
                    over_year(lambda r: _like_cell(r.year_like)),
                )
            ]
            if any(reading.year_like and has_spans(data, reading.code) for reading in readings)
            else []
        ),
    ]
    known = [
        closing if any(reading.last_month for reading in readings) else [],
        spans if any(reading.last_year and has_spans(data, reading.code) for reading in readings) else [],
    ]
    return [
        _Measure(column("month", label("month_or_closing"), width=1.25), month_cell),
        _Measure(
            column("quarter", label("quarter")), over_year(lambda r: amount_cell(r.quarter, r.quarter_state))
        ),
        _Measure(
            column("year", label("year"), width=1.2), over_year(lambda r: amount_cell(r.year, r.year_state))
        ),
        *(measures[0] for measures in known if measures),
        *(measures[1] for measures in known if measures),
        *(measure for measures in alike for measure in measures if _is_partial(readings)),
        _Measure(column("reports", label("reports")), coverage_cell),
    ]


def _indicator_row(line: _Line, measures: Sequence[_Measure]) -> Row:
    if line.reading is None:
        return Row((Cell(), Cell(line.text), Cell(span=len(measures) + 1)), "split")
    figures = tuple(measure.cell(line.reading) for measure in measures)
    return Row((Cell(line.code), Cell(line.text, emphasis=bool(line.code)), Cell(line.unit), *figures))


def _is_partial(readings: Sequence[Reading]) -> bool:
    """Whether any comparison is not of all reports in both years: only then do the same reporters say more."""
    changes = (change for each in readings for change in (each.month_change, each.year_change))
    return any(change.index is not None and not change.same_scope for change in changes)


def _like_cell(change: LikeChange | None) -> Cell:
    if change is None:
        return Cell()
    return Cell(f"{formats.number(change.index, 1)} ({formats.number(change.reporters)})")


def _indicator_notes(setting: Setting, readings: Sequence[Reading]) -> tuple[str, ...]:
    data, label = setting.data, setting.label
    notes = [label("indicator_note_coverage"), label("indicator_note_closing")]
    if not any(reading.last_month or reading.last_year for reading in readings):
        notes.append(label("indicator_note_no_last"))
    else:
        if _is_partial(readings):
            notes.append(label("indicator_note_scope"))
            if any(reading.month_like or reading.year_like for reading in readings):
                notes.append(label("indicator_note_like"))
        notes.append(label("indicator_note_last"))
    notes.extend(_restated_notes(setting, readings))
    compared = any(reading.last_month or reading.last_year for reading in readings)
    series = data.groups.last_year if compared else data.groups.year
    notes.extend(group_notes(series, (reading.breakdown for reading in readings), label))
    return (*notes, label("indicator_note_value", unit_code=data.unit.code, period=data.period.key))


def _restated_notes(setting: Setting, readings: Sequence[Reading]) -> Iterator[str]:
    """What was reported on another map, and how much of it is an estimate by which weight."""
    data, label = setting.data, setting.label
    if data.map_day is not None:
        yield label("other_map_note", day=formats.short_date(data.map_day))
    elif data.map_changes:
        days = ", ".join(map(formats.short_date, data.map_changes))
        yield label("restated_note", days=days, day=formats.short_date(data.period.end))
    else:
        return
    shares = [
        amount.estimated / amount.value
        for each in readings
        for amount in (each.month, each.year, each.last_month, each.last_year)
        if amount and amount.value
    ]
    if not any(shares):
        yield label("restated_note_exact")
        return
    weights = ", ".join(label(f"weight_{code}") for code in data.weights)
    yield label("restated_note_estimated", share=formats.percent(max(shares) * 100), weights=weights)


def other_map_banner(setting: Setting) -> list[Block]:
    """Say, before anything else, that the figures are on another map than the report that was released."""
    if setting.data.map_day is None:
        return []
    day = formats.short_date(setting.data.map_day)
    return [Notice(setting.label("other_map_banner", day=day), "warning")]


def has_spans(data: ReportData, code: str) -> bool:
    """Tell whether quarter and year to date say more than the closing value: flows and their ratios do."""
    indicator = data.indicators[code]
    if indicator.kind is Kind.RATIO and indicator.numerator:
        indicator = data.indicators[indicator.numerator]
    return indicator.kind is Kind.FLOW


def _earlier_cell(amount: Amount | None, state: State | None) -> Cell:
    """A figure of the year before, or its sign; blank where nothing is known of then, not even who was silent."""
    return Cell() if state is None else amount_cell(amount, state)


def _index_cell(setting: Setting, change: Change) -> Cell:
    if change.index is None:
        return Cell()
    text = formats.number(change.index, 1)
    return Cell(text if change.same_scope else f"{text}\u00a0{setting.label('other_scope_sign')}")


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
    caption = label("funding_caption", unit=lower_first(data.unit.full_name))
    return [Table(caption, columns, tuple(rows), (label("indicator_note_coverage"), label("funding_note")))]


def _any_funds(data: ReportData, breakdown: str) -> bool:
    return any((found := data.summary(code, breakdown)) is not None and found.month for _, code in _FUNDING)


def _funding_row(data: ReportData, text: str, breakdown: str, kind: RowKind) -> Row:
    readings = [read(data, code, breakdown) for _, code in _FUNDING]
    cells = (month_cell(reading) for reading in readings)
    return Row((Cell(text), *cells, coverage_cell(readings[0])), kind)


def unit_tables(setting: Setting) -> list[Block]:
    """The main indicators by unit below, in blocks of columns that fit their page."""
    below = setting.data.below
    if not below:
        return []
    districts = [unit for unit in below if unit.tier is Tier.DISTRICT]
    tables = setting.spec.unit_tables
    by_district = [_unit_table(setting, table, districts) for table in tables] if districts else []
    return [*by_district, *(_unit_table(setting, table, below) for table in tables)]


def _unit_table(setting: Setting, table: UnitTable, units: Sequence[UnitVersion]) -> Table:
    data, label = setting.data, setting.label
    shown = [
        column for column in table.columns if data.summary(column.indicator, column.breakdown) is not None
    ]
    columns = [
        Column("order", label("order"), align="center", width=0.5),
        Column("unit", label("unit"), width=2.7, row_header=True),
    ]
    for column in shown:
        columns.extend(_unit_columns(setting, column))
    rows = [
        _unit_row(setting, shown, data.unit, "", "total"),
        _unit_coverage_row(setting, shown),
        *_unit_rows(setting, shown, units),
    ]
    only_districts = all(unit.tier is Tier.DISTRICT for unit in units)
    key = "units_caption_districts" if only_districts else "units_caption"
    name = lower_first(data.unit.full_name)
    caption = label(key, title=table.caption, unit=name)
    return Table(caption, tuple(columns), tuple(rows), (label("units_note_total", unit=name),))


def _unit_columns(setting: Setting, column: UnitColumn) -> list[Column]:
    key = f"{column.indicator}.{column.breakdown}"
    if len(column.spans) == 1:
        return [Column(key, column.label, align="right")]
    return [
        Column(f"{key}.{span}", setting.label(span), group=column.label, align="right", width=0.95)
        for span in column.spans
    ]


def _unit_rows(
    setting: Setting, columns: Sequence[UnitColumn], units: Sequence[UnitVersion]
) -> Iterator[Row]:
    """A row per unit; above communes a district stands as their sum, and they are numbered anew in each."""
    order = 0
    heads = len({unit.tier for unit in units}) > 1
    for unit in units:
        if heads and unit.tier is Tier.DISTRICT:
            order = 0
            yield _unit_row(setting, columns, unit, "", "head")
        else:
            order += 1
            yield _unit_row(setting, columns, unit, str(order), "normal")


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
        return month_cell(reading)
    if span == "quarter":
        return amount_cell(reading.quarter, reading.quarter_state)
    return amount_cell(reading.year, reading.year_state)


def _unit_coverage_row(setting: Setting, columns: Sequence[UnitColumn]) -> Row:
    """How many reports stand behind each total; the year to date is made of as many monthly reports."""
    cells = [Cell(), Cell(setting.label("units_coverage"))]
    for column in columns:
        found = setting.data.summary(column.indicator, column.breakdown)
        for span in column.spans:
            counts = (found.reported, found.expected) if found else (0, 0)
            if found and span == "year":
                counts = (found.year_reported or 0, found.year_expected or 0)
            # Spaces around the stroke of the longer pair, so that it can break in a narrow column.
            stroke = " / " if span == "year" else "/"
            cells.append(Cell("" if span == "quarter" else stroke.join(map(formats.number, counts))))
    return Row(tuple(cells))
