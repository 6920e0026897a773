"""The catalogue as tables, so that SQL can join it: schema `catalogue`.

Belongs here: turning loaded catalogue objects into rows. Does not: any figure, or anything received.
"""

import functools
import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.calendar import NoDeadlineError, Sender
from ocop_pipeline.catalogue.codelists import ALIASES, CodeItem
from ocop_pipeline.catalogue.group_mappings import UNCONVERTED, UNKNOWN_GROUP
from ocop_pipeline.catalogue.groups import GroupList
from ocop_pipeline.domain.forms import FormLine, Layout
from ocop_pipeline.domain.indicators import Indicator, Kind, Source
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.plans import Plan
from ocop_pipeline.domain.units import Tier, name_key
from ocop_pipeline.warehouse.maps import (
    former_district_rows,
    map_rows,
    place_rows,
    restatement_rows,
    way_rows,
)

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)
"""Stand for an open beginning and an open end, so that SQL can write BETWEEN."""

NATION = "*"
_GROUP = "product_group"
_MONTHS_FROM, _MONTHS_TO = Period.parse("2018-01"), Period.parse("2035-12")


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """A table of schema `catalogue`: its name and its rows as an Arrow table."""

    name: str
    rows: pa.Table


def scope_units(catalogue: Catalogue, scope: Sequence[str]) -> tuple[str, ...]:
    """Ids of the provinces a site serves, each with those it was made of over all changes; all units under `*`.

    Args:
        catalogue: The loaded catalogue.
        scope: Province codes of any date, or `*` for the country.

    Raises:
        ValueError: a code that no province ever had.
    """
    provinces = [unit for unit in catalogue.units.all_versions if unit.tier is Tier.PROVINCE]
    if NATION in scope:
        return tuple(
            sorted({unit.unit_id for unit in catalogue.units.all_versions if unit.tier is Tier.NATION})
        )
    found: dict[str, None] = {}
    for code in scope:
        holders = {unit.unit_id for unit in provinces if unit.code == code and unit.valid_to is None}
        holders = holders or {unit.unit_id for unit in provinces if unit.code == code}
        if not holders:
            raise ValueError(f"scope: no province ever had the code {code!r}")
        for unit_id in sorted(holders):
            found |= dict.fromkeys((unit_id, *sorted(catalogue.units.origins(unit_id))))
    return tuple(found)


def reference_tables(
    catalogue: Catalogue, scope: Sequence[str], months: Iterable[str], only: Collection[str] | None = None
) -> list[ReferenceTable]:
    """The tables of schema `catalogue`.

    Args:
        catalogue: The loaded catalogue.
        scope: As for `scope_units`.
        months: Keys of the months whose form lines are wanted (the run's months and those they are compared with).
        only: Names of the tables wanted; all by default.
    """
    wanted = tuple(Period.parse(month) for month in sorted(set(months)))
    builders: dict[str, Callable[[], pa.Table]] = {
        "units": lambda: _units(catalogue),
        "successions": lambda: _successions(catalogue),
        "maps": lambda: map_rows(catalogue.units),
        "restatements": lambda: restatement_rows(catalogue.units, wanted),
        "unit_ways": lambda: _unit_ways(catalogue, wanted),
        "former_districts": lambda: former_district_rows(catalogue.units, wanted),
        "unit_places": lambda: place_rows(catalogue.units),
        "scope": lambda: _table({"unit_id": pl.String}, [(unit,) for unit in scope_units(catalogue, scope)]),
        "agencies": lambda: _agencies(catalogue),
        "forms": lambda: _forms(catalogue),
        "periods": _periods,
        "spans": _spans,
        "deadlines": lambda: _deadlines(catalogue, wanted),
        "indicators": lambda: _indicators(catalogue),
        "breakdowns": lambda: _breakdowns(catalogue),
        "code_items": lambda: _code_items(catalogue),
        "group_lists": lambda: _group_lists(catalogue),
        "group_words": lambda: _group_words(catalogue),
        "group_conversions": lambda: _group_conversions(catalogue),
        "sector_changes": lambda: _sector_changes(catalogue),
        "certificate_regimes": lambda: _certificate_regimes(catalogue),
        "form_lines": lambda: _form_lines(catalogue, wanted),
        "register_lines": lambda: _register_lines(catalogue, wanted),
        "count_lines": lambda: _count_lines(catalogue, wanted),
        "asked_lines": lambda: _asked_lines(catalogue, wanted),
        "layout_gaps": lambda: _layout_gaps(catalogue, wanted),
        "plan_targets": lambda: _plan_targets(catalogue),
        "plan_exceptions": lambda: _plan_exceptions(catalogue),
        "plan_products": lambda: _plan_products(catalogue),
        "plan_tasks": lambda: _plan_tasks(catalogue),
    }
    return [ReferenceTable(name, build()) for name, build in builders.items() if only is None or name in only]


def _table(schema: dict[str, Any], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    # Built by Polars: building Arrow arrays from Python values makes pyarrow import pandas, a second for nothing.
    return pl.DataFrame(rows, schema=schema, orient="row").to_arrow()


@functools.lru_cache(maxsize=2)
def _units(catalogue: Catalogue) -> pa.Table:
    # Kept: folding 14,000 names costs more than everything else here, and a catalogue never changes once loaded.
    text = pl.String
    return _table(
        {
            "unit_id": text, "code": text, "tier": text, "type": text, "name": text, "full_name": text,
            "name_key": text, "parent_id": text, "valid_from": pl.Date, "valid_to": pl.Date,
            "latitude": pl.Float64, "longitude": pl.Float64,
        },
        [
            (
                u.unit_id, u.code, str(u.tier), u.type, u.name, u.full_name, name_key(u.name), u.parent_id,
                u.valid_from or FIRST_DAY, u.valid_to or LAST_DAY, u.latitude, u.longitude,
            )
            for u in catalogue.units.all_versions
        ],
    )  # fmt: skip


def _successions(catalogue: Catalogue) -> pa.Table:
    rows = [
        (s.predecessor_id, s.successor_id, s.effective_date, str(s.relation), s.is_default)
        for s in catalogue.units.all_successions
    ]
    text = pl.String
    schema = {"predecessor_id": text, "successor_id": text, "effective_date": pl.Date, "relation": text}
    return _table({**schema, "is_default": pl.Boolean}, rows)


def _unit_ways(catalogue: Catalogue, months: Sequence[Period]) -> pa.Table:
    asked = restatement_rows(catalogue.units, months).to_pylist()
    return way_rows(catalogue.units, {(row["from_map"], row["to_map"]) for row in asked})


def _agencies(catalogue: Catalogue) -> pa.Table:
    text, day = pl.String, pl.Date
    rows = [
        (a.code, a.tier, a.name_vi, a.valid_from or FIRST_DAY, a.valid_to or LAST_DAY)
        for a in catalogue.agencies
    ]
    return _table({"agency": text, "tier": text, "name_vi": text, "valid_from": day, "valid_to": day}, rows)


def _forms(catalogue: Catalogue) -> pa.Table:
    text, day = pl.String, pl.Date
    rows = [
        (f.code, f.name_vi, f.sender_tier, f.by_agency, f.valid_from or FIRST_DAY, f.valid_to or LAST_DAY)
        for f in catalogue.forms.values()
    ]
    schema = {"form": text, "name_vi": text, "sender_tier": text, "by_agency": pl.Boolean}
    return _table({**schema, "valid_from": day, "valid_to": day}, rows)


def _months() -> list[Period]:
    months = [_MONTHS_FROM]
    while months[-1] < _MONTHS_TO:
        months.append(months[-1].next())
    return months


def _periods() -> pa.Table:
    text, day, number = pl.String, pl.Date, pl.Int32
    rows = [
        (
            m.key,
            str(m.grain),
            m.start,
            m.end,
            m.year,
            int(m.key[5:7]),
            m.previous().key,
            m.same_last_year().key,
        )
        for m in _months()
    ]
    schema = {
        "period": text,
        "grain": text,
        "start_date": day,
        "end_date": day,
        "year": number,
        "month_no": number,
    }
    return _table({**schema, "previous_period": text, "same_last_year": text}, rows)


def _spans() -> pa.Table:
    rows: list[tuple[str, str, str, bool]] = []
    for month in _months():
        spans = {
            "month": (month,),
            "quarter_to_date": month.quarter_to_date(),
            "year_to_date": month.year_to_date(),
            "month_last_year": (month.same_last_year(),),
            "year_to_date_last_year": month.same_last_year().year_to_date(),
        }
        rows.extend(
            (month.key, span, m.key, m == months[-1]) for span, months in spans.items() for m in months
        )
    text = pl.String
    return _table({"period": text, "span": text, "month": text, "is_last": pl.Boolean}, rows)


def _deadlines(catalogue: Catalogue, months: Sequence[Period]) -> pa.Table:
    rows = []
    for month in months:
        for sender in Sender:
            try:
                rows.append((month.key, _sender_key(sender), catalogue.calendar.deadline(sender, month)))
            except NoDeadlineError:
                continue
    return _table({"period": pl.String, "sender": pl.String, "due_date": pl.Date}, rows)


def _sender_key(sender: Sender) -> str:
    return "agency" if str(sender) == "department" else str(sender)


def _indicators(catalogue: Catalogue) -> pa.Table:
    text, number = pl.String, pl.Int32
    rows = [
        (
            i.code, i.section, i.name_vi, i.name_en, str(i.kind), str(i.source), i.unit_vi, i.decimals, i.numerator,
            i.denominator, i.position, str(catalogue.restatement_weights[i.section]),
        )
        for i in catalogue.indicators.values()
    ]  # fmt: skip
    return _table(
        {
            "indicator": text, "section": text, "name_vi": text, "name_en": text, "kind": text, "source": text,
            "unit_vi": text, "decimals": number, "numerator": text, "denominator": text, "position": number,
            "restated_by": text,
        },
        rows,
    )  # fmt: skip


def _breakdowns(catalogue: Catalogue) -> pa.Table:
    text = pl.String
    rows = [
        (i.code, b.dimension, b.code_list, str(b.rule))
        for i in catalogue.indicators.values()
        for b in i.breakdowns
    ]
    return _table({"indicator": text, "dimension": text, "code_list": text, "part_rule": text}, rows)


def _code_items(catalogue: Catalogue) -> pa.Table:
    text, day = pl.String, pl.Date
    rows = [
        (item.list, item.code, item.name_vi, name_key(item.name_vi), item.stands_for,
         item.valid_from or FIRST_DAY, item.valid_to or LAST_DAY)
        for name in catalogue.code_lists.names
        for item in (*catalogue.code_lists.items(name), *_aliases(catalogue, name))
    ]  # fmt: skip
    rows += [
        ("product_group", group.code, group.name_vi, name_key(group.name_vi), None,
         group.valid_from or FIRST_DAY, group.valid_to or LAST_DAY)
        for group in catalogue.groups.all
    ]  # fmt: skip
    # Any level's wording -> the sector it belongs to, in the list of its time.
    rows += [
        ("product_sector", catalogue.groups.sector_of(group.code, group.valid_from or LAST_DAY).code, group.name_vi,
         name_key(group.name_vi), None, group.valid_from or FIRST_DAY, group.valid_to or LAST_DAY)
        for group in catalogue.groups.all
    ]  # fmt: skip
    schema = {"code_list": text, "code": text, "name_vi": text, "name_key": text, "stands_for": text}
    return _table({**schema, "valid_from": day, "valid_to": day}, rows)


def _dated_lists(catalogue: Catalogue) -> list[tuple[GroupList, tuple[date, date]]]:
    """Every list with its first and last day; the first one speaks for all days before it too."""
    lists = catalogue.groups.lists
    first_days = [FIRST_DAY, *(each.valid_from or FIRST_DAY for each in lists[1:])]
    return [(each, (day, each.valid_to or LAST_DAY)) for each, day in zip(lists, first_days, strict=True)]


def _group_lists(catalogue: Catalogue) -> pa.Table:
    """The lists of product groups by the days they are in force."""
    rows = [(each.version, *days) for each, days in _dated_lists(catalogue)]
    return _table({"list_version": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}, rows)


def _group_words(catalogue: Catalogue) -> pa.Table:
    """What every name of a line means on any day: the line, in the list of the day or the nearest that has it."""
    rows = []
    for _, days in _dated_lists(catalogue):
        for word in sorted({group.name_vi.lower() for group in catalogue.groups.all}):
            line = catalogue.groups.read(word, days[1])
            if line is not None:
                sector = catalogue.groups.path(line)[0].code
                rows.append((word, *days, line.list_version, line.code, sector))
    text, day = pl.String, pl.Date
    schema = {
        "word": text,
        "valid_from": day,
        "valid_to": day,
        "list_version": text,
        "code": text,
        "sector": text,
    }
    return _table(schema, rows)


def _group_conversions(catalogue: Catalogue) -> pa.Table:
    """What a line may be in a list: one certain row, down to the level that is certain, or several that are not."""
    rows: list[tuple[str | bool | None, ...]] = []
    for group in catalogue.groups.all:
        for each in catalogue.groups.lists:
            certain = catalogue.group_mappings.convert(group, each.version)
            lines = (certain,) if certain else catalogue.group_mappings.candidates(group, each.version)
            for line in lines:
                path = [*(step.code for step in catalogue.groups.path(line)), None, None][:3]
                rows.append((group.list_version, group.code, each.version, *path, certain is not None))
    text = pl.String
    return _table(
        {
            "list_version": text, "code": text, "to_list": text, "sector": text, "group_code": text,
            "set_code": text, "is_certain": pl.Boolean,
        },
        rows,
    )  # fmt: skip


def _sector_changes(catalogue: Catalogue) -> pa.Table:
    """What figures of a sector count as under a later list, where that is another code.

    Sums over months and comparisons with the year before need it: by then nobody knows which products a
    figure was of, so a sector without a certain successor is counted as not converted.
    """
    rows = []
    for (old, counted), (new, asked) in itertools.combinations(_dated_lists(catalogue), 2):
        sectors = [
            each for each in catalogue.groups.all if each.list_version == old.version and not each.parent_code
        ]
        for sector in sectors:
            found = catalogue.group_mappings.convert(sector, new.version)
            code = catalogue.groups.path(found)[0].code if found else UNCONVERTED
            if code != sector.code:
                rows.append((f"{_GROUP}={sector.code}", f"{_GROUP}={code}", *counted, *asked))
    text, day = pl.String, pl.Date
    return _table(
        {
            "breakdown": text, "as_breakdown": text, "valid_from": day, "valid_to": day, "asked_from": day,
            "asked_to": day,
        },
        rows,
    )  # fmt: skip


def _certificate_regimes(catalogue: Catalogue) -> pa.Table:
    """How long a recognition is worth by the day it was decided; every day has exactly one regime."""
    rows = [
        (r.code, r.valid_from or FIRST_DAY, r.valid_to or LAST_DAY, r.months, r.extension_days)
        for r in catalogue.certificates.regimes.all
    ]
    number, day = pl.Int32, pl.Date
    schema = {
        "code": pl.String,
        "valid_from": day,
        "valid_to": day,
        "months": number,
        "extension_days": number,
    }
    return _table(schema, rows)


def _aliases(catalogue: Catalogue, name: str) -> tuple[CodeItem, ...]:
    """Further wordings of a list, where it has any."""
    try:
        return catalogue.code_lists.items(f"{name}{ALIASES}")
    except KeyError:
        return ()


def _form_lines(catalogue: Catalogue, months: Sequence[Period]) -> pa.Table:
    text, number, flag = pl.String, pl.Int32, pl.Boolean
    rules = _part_rules(catalogue)
    rows = []
    for month in months:
        for form in catalogue.forms.values():
            if not form.in_force(month.end):
                continue
            for line in catalogue.lines(form.code, month.end):
                dimension = _dimension(line)
                indicator = catalogue.indicators[line.indicator]
                rows.append((
                    form.code, month.key, line.part, line.line_code, line.field, line.indicator, line.breakdown,
                    dimension, rules.get((line.indicator, dimension), "parts" if dimension == "funding" else ""),
                    _total_line(line), line.label_vi, line.unit_vi, line.value_type, line.required,
                    indicator.decimals, indicator.decimals == 0, line.position,
                ))  # fmt: skip
    return _table(
        {
            "form": text, "period": text, "part": text, "line_code": text, "field": text, "indicator": text,
            "breakdown": text, "dimension": text, "part_rule": text, "total_line_code": text, "label_vi": text,
            "unit_vi": text, "value_type": text, "required": flag, "decimals": number, "whole_number": flag,
            "position": number,
        },
        rows,
    )  # fmt: skip


def _part_rules(catalogue: Catalogue) -> dict[tuple[str, str], str]:
    return {(i.code, b.dimension): str(b.rule) for i in catalogue.indicators.values() for b in i.breakdowns}


def _dimension(line: FormLine) -> str:
    if not line.breakdown:
        return ""
    return "funding" if ";" in line.breakdown else line.breakdown.partition("=")[0]


def _total_line(line: FormLine) -> str:
    return line.line_code.removesuffix(f".{line.breakdown}") if line.breakdown else line.line_code


def _register_splits(catalogue: Catalogue, indicator: Indicator, month: Period) -> list[str]:
    """Codes in force on the closing day; of flows on any day of the year to date (district level, to 30/06/2025)."""
    year = month.year_to_date() if indicator.kind is Kind.FLOW else (month,)
    splits = [""]
    for split in indicator.breakdowns:
        # A product's group is that of the list in force on the closing day, whatever changed within the month.
        days = (month.end,) if split.dimension == _GROUP else (*(each.start for each in year), month.end)
        codes = dict.fromkeys(code for day in days for code, _ in catalogue.codes_on(split.code_list, day))
        splits += [f"{split.dimension}={code}" for code in codes]
        if split.dimension == _GROUP:
            # Products without a group of the day's list are counted too, or the parts would not make the total.
            splits += [f"{_GROUP}={code}" for code in (UNCONVERTED, UNKNOWN_GROUP)]
    return splits


def _register_lines(catalogue: Catalogue, months: Sequence[Period]) -> pa.Table:
    """Flows counted from the register, wanted at every tier even where they are nought."""
    rows = [
        (month.key, indicator.code, split)
        for month in months
        for indicator in catalogue.indicators.values()
        if indicator.source is Source.REGISTER and indicator.kind is Kind.FLOW
        for split in _register_splits(catalogue, indicator, month)
    ]
    text = pl.String
    return _table({"period": text, "indicator": text, "breakdown": text}, rows)


def _count_lines(catalogue: Catalogue, months: Sequence[Period]) -> pa.Table:
    """Distinct counts of the register, wanted at every tier even where they are nought."""
    rows = [
        (month.key, indicator.code, split)
        for month in months
        for indicator in catalogue.indicators.values()
        if indicator.source is Source.REGISTER and indicator.kind is Kind.DISTINCT
        for split in _register_splits(catalogue, indicator, month)
    ]
    text = pl.String
    return _table({"period": text, "indicator": text, "breakdown": text}, rows)


def _asked_lines(catalogue: Catalogue, months: Sequence[Period]) -> pa.Table:
    """What each form asks for, by indicator and breakdown: the denominators of coverage.

    `is_laid_out` says whether a layout in force on the month's last day has a place for it.
    """
    rows: dict[tuple[str, str, str, str], bool] = {}
    for month in months:
        for form in catalogue.forms.values():
            if form.in_force(month.end):
                has_place = [
                    _places(each)
                    for each in catalogue.layouts
                    if each.form == form.code and each.in_force(month.end)
                ]
                for line in catalogue.lines(form.code, month.end):
                    if catalogue.indicators[line.indicator].source is Source.FORM:
                        key = (month.key, form.code, line.indicator, line.breakdown)
                        rows[key] = rows.get(key, False) or any(has(line) for has in has_place)
    text = pl.String
    return _table(
        {"period": text, "form": text, "indicator": text, "breakdown": text, "is_laid_out": pl.Boolean},
        [(*key, is_laid_out) for key, is_laid_out in rows.items()],
    )


def _places(layout: Layout) -> Callable[[FormLine], bool]:
    """Tells whether a layout has a place for a value that its form asks for."""
    columns = {(sheet.part, name) for sheet in layout.sheets for name, _ in sheet.columns}
    codes = None if layout.line_keys is None else frozenset(layout.line_keys.values())
    return lambda line: (line.part, line.field) in columns and (codes is None or line.line_code in codes)


def _layout_gaps(catalogue: Catalogue, months: Sequence[Period]) -> pa.Table:
    """What a form asks for and a layout has no place for: what is not there was not collected, and not left out."""
    rows: dict[tuple[str, str, str, str], None] = {}
    for layout in catalogue.layouts:
        form, has = catalogue.forms[layout.form], _places(layout)
        for month in months:
            if form.in_force(month.end):
                for line in catalogue.lines(form.code, month.end):
                    if not has(line):
                        rows[layout.code, line.part, line.line_code, line.field] = None
    text = pl.String
    return _table({"layout": text, "part": text, "line_code": text, "field": text}, list(rows))


def _plan_unit(catalogue: Catalogue, plan: Plan) -> str:
    unit = catalogue.units.find_code(plan.unit_code, plan.unit_on, plan.tier)
    if unit is None:
        raise ValueError(f"plan {plan.code}: no unit had the code {plan.unit_code} on {plan.unit_on}")
    return unit.unit_id


def _plan_targets(catalogue: Catalogue) -> pa.Table:
    text, number, amount = pl.String, pl.Int32, pl.Decimal(28, 4)
    rows = [
        (
            plan.code, target.code, _plan_unit(catalogue, plan), plan.number, plan.title_vi, plan.is_sample,
            target.text_vi, target.indicator, target.breakdown, str(target.shape),
            str(target.measure) if target.measure else None, str(target.binds.tier or ""), target.low, target.high,
            target.base_indicator, target.unit_vi, plan.due_date(target), plan.years[0], plan.years[-1],
            f"{plan.years[0]}-01", position,
        )
        for plan in catalogue.plans.values()
        for position, target in enumerate(plan.targets, start=1)
    ]  # fmt: skip
    return _table(
        {
            "plan": text, "target": text, "unit_id": text, "plan_number": text, "plan_name_vi": text,
            "is_sample": pl.Boolean, "target_text_vi": text, "indicator": text, "breakdown": text, "shape": text,
            "measure": text, "bound_tier": text, "planned_low": amount, "planned_high": amount,
            "base_indicator": text, "unit_vi": text, "due_date": pl.Date, "first_year": number,
            "last_year": number, "first_month": text, "position": number,
        },
        rows,
    )  # fmt: skip


def _plan_exceptions(catalogue: Catalogue) -> pa.Table:
    rows = []
    for plan in catalogue.plans.values():
        for target in plan.targets:
            for code in target.except_units:
                unit = catalogue.units.find_code(code, plan.unit_on, target.binds.tier)
                if unit is None:
                    raise ValueError(f"plan {plan.code}: no unit had the code {code} on {plan.unit_on}")
                rows.append((plan.code, target.code, unit.unit_id))
    return _table({"plan": pl.String, "target": pl.String, "unit_id": pl.String}, rows)


def _plan_products(catalogue: Catalogue) -> pa.Table:
    rows = [
        (plan.code, target.code, name)
        for plan in catalogue.plans.values()
        for target in plan.targets
        for name in target.named_products
    ]
    return _table({"plan": pl.String, "target": pl.String, "product_name": pl.String}, rows)


def _plan_tasks(catalogue: Catalogue) -> pa.Table:
    text, number = pl.String, pl.Int32
    rows = [
        (
            plan.code, task.code, _plan_unit(catalogue, plan), plan.number, plan.title_vi, plan.is_sample,
            task.text_vi, task.lead_agency, task.due, plan.years[0], plan.years[-1], position,
        )
        for plan in catalogue.plans.values()
        for position, task in enumerate(plan.tasks, start=1)
    ]  # fmt: skip
    return _table(
        {
            "plan": text, "task": text, "unit_id": text, "plan_number": text, "plan_name_vi": text,
            "is_sample": pl.Boolean, "task_text_vi": text, "lead_agency": text, "due_date": pl.Date,
            "first_year": number, "last_year": number, "position": number,
        },
        rows,
    )  # fmt: skip
