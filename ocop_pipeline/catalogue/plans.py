"""Loading plans: what a unit has bound itself, or the units below it, to reach and to do.

Here: reading one YAML file a plan and refusing what cannot be measured or looked up. Not here: the plans
themselves (`data/plans/`, and the site's own) and their comparison with what was reached.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import Row, read_document, refuse_repeats
from ocop_pipeline.domain.indicators import Indicator, Source
from ocop_pipeline.domain.plans import Binding, Measure, Plan, Recurrence, Shape, Target, Task
from ocop_pipeline.domain.units import Tier, UnitLedger, name_key
from ocop_pipeline.paths import CATALOGUE_DATA

PLAN_FILES = tuple(sorted((CATALOGUE_DATA / "plans").glob("*.yml")))
"""The plans that travel with the package."""

CodesOfList = Callable[[str], Collection[str]]
"""Name of a code list -> all its codes."""

_PLAN_FIELDS = (
    "code", "is_sample", "title_vi", "number", "date", "published", "issuing_body_vi", "unit", "years",
    "scope_vi", "basis_vi", "source", "confidence", "notes", "targets", "tasks",
)  # fmt: skip
_TARGET_FIELDS = (
    "code", "text_vi", "slips", "shape", "indicator", "breakdown", "measure", "low", "high", "base_indicator",
    "unit_vi", "binds", "except_units", "named_products", "due", "confidence", "note",
)  # fmt: skip
_TASK_FIELDS = (
    "code", "text_vi", "slips", "lead_agency", "co_agencies", "binds", "except_units", "recurrence", "due",
    "indicators",
)  # fmt: skip
_ITEM_CODE = re.compile(r"[A-Z][A-Z0-9.]*")
_BREAKDOWN = re.compile(r"[a-z_]+=[a-z0-9_]+(;[a-z_]+=[a-z0-9_]+)*")
_YEAR = re.compile(r"20[0-9]{2}")
_WHOLE = Decimal(100)

SAMPLE_TITLE = "KẾ HOẠCH MẪU"
"""Stands in the title of every plan that is made up for demonstration."""


def load_plans(paths: Iterable[Path], known_indicators: Collection[str]) -> tuple[Plan, ...]:
    """Load and check plans, one file each, named as its code.

    Args:
        paths: The files.
        known_indicators: Codes of the indicators that can be measured.

    Returns:
        The plans in the order of `paths`.

    Raises:
        CatalogueError: an unknown field, indicator, shape or binding; a number that the shape lacks or does
            not want; a breakdown not written ``dimension=code``; a repeated code; a file of another name.
    """
    plans: dict[str, Plan] = {}
    for path in paths:
        plan = _plan(read_document(path), frozenset(known_indicators))
        if plan.code != path.stem:
            raise CatalogueError(path.name, 1, f"the file of plan {plan.code} must be named {plan.code}.yml")
        if plan.code in plans:
            raise CatalogueError(path.name, 1, f"plan {plan.code} is in another file already")
        plans[plan.code] = plan
    return tuple(plans.values())


def check_plans(
    plans: Iterable[Plan], units: UnitLedger, indicators: Mapping[str, Indicator], codes_of: CodesOfList
) -> None:
    """Check plans against the rest of the catalogue.

    Raises:
        CatalogueError: a code that names no unit of that tier and name on that day; a target or task that
            binds units of which the plan's unit has none; an excepted commune that is not below it; a
            breakdown the indicator does not have; an indicator without a value of a unit's own.
    """
    for plan in plans:
        below = _check_unit(plan, units)
        bound: tuple[Target | Task, ...] = (*plan.targets, *plan.tasks)
        for item in bound:
            strangers = set(item.except_units) - below[Tier.COMMUNE]
            if strangers:
                raise _plan_error(plan, f"{item.code}: {min(strangers)} is no commune below the plan's unit")
        for target in plan.targets:
            _check_own(plan, target, indicators)
            for part in target.breakdown.split(";") if target.breakdown else ():
                _check_breakdown(plan, target, part, indicators, codes_of)


def _check_unit(plan: Plan, units: UnitLedger) -> dict[Tier, set[str]]:
    unit = units.find_code(plan.unit_code, plan.unit_on, plan.tier)
    if unit is None:
        raise _plan_error(plan, f"no {plan.tier} has the code {plan.unit_code} on {plan.unit_on}")
    expected = plan.unit_map_name_vi or plan.unit_name_vi
    if name_key(unit.full_name) != name_key(expected):
        raise _plan_error(
            plan, f"code {plan.unit_code} is {unit.full_name} on {plan.unit_on}, not {expected}"
        )
    below = {
        tier: {found.code for found in units.descendants(unit.unit_id, plan.unit_on, tier)}
        for tier in (Tier.DISTRICT, Tier.COMMUNE)
    }
    bound = [(item.code, item.binds.tier) for item in plan.targets]
    bound += [(item.code, item.binds.tier) for item in plan.tasks]
    for code, tier in bound:
        if tier is not None and not below[tier]:
            raise _plan_error(plan, f"{code} binds every {tier}, but {unit.full_name} has none")
    return below


def _check_own(plan: Plan, target: Target, indicators: Mapping[str, Indicator]) -> None:
    """Only what a form asks for has a value in a unit's own report: no ratio, nothing counted from registers."""
    if target.measure is Measure.OWN and indicators[target.indicator or ""].source is not Source.FORM:
        raise _plan_error(plan, f"{target.code}: no report of a unit gives {target.indicator} as its own")


def _check_breakdown(
    plan: Plan, target: Target, part: str, indicators: Mapping[str, Indicator], codes_of: CodesOfList
) -> None:
    dimension, _, code = part.partition("=")
    splits = {split.dimension: split.code_list for split in indicators[target.indicator or ""].breakdowns}
    if dimension not in splits or code not in codes_of(splits[dimension]):
        raise _plan_error(plan, f"{target.code}: indicator {target.indicator} has no part {part}")


def _plan_error(plan: Plan, reason: str) -> CatalogueError:
    return CatalogueError(f"{plan.code}.yml", None, reason)


def _plan(document: Row, known: frozenset[str]) -> Plan:
    document.only(*_PLAN_FIELDS)
    unit = document.row("unit")
    unit.only("code", "name_vi", "map_name_vi", "tier", "on")
    targets, tasks = document.rows("targets"), document.rows("tasks")
    if not targets and not tasks:
        raise document.error("a plan has at least one target or task")
    refuse_repeats((*targets, *tasks), "code")
    return Plan(
        code=document.code("code"),
        is_sample=_is_sample(document),
        title_vi=document.text("title_vi"),
        number=document.optional("number"),
        issued=document.optional_date("date"),
        published=document.optional_date("published"),
        issuing_body_vi=document.text("issuing_body_vi"),
        unit_code=unit.text("code"),
        unit_name_vi=unit.text("name_vi"),
        unit_map_name_vi=unit.optional("map_name_vi"),
        tier=Tier(unit.choice("tier", tuple(Tier))),
        unit_on=unit.date("on"),
        years=_years(document),
        scope_vi=document.text("scope_vi"),
        basis_vi=document.texts("basis_vi"),
        source=document.text("source"),
        confidence=document.confidence(),
        notes=document.texts("notes"),
        targets=tuple(_target(row, known) for row in targets),
        tasks=tuple(_task(row, known) for row in tasks),
    )


def _is_sample(document: Row) -> bool:
    is_sample = document.flag("is_sample")
    if is_sample and SAMPLE_TITLE not in document.text("title_vi"):
        raise document.error(f"the title of a sample must say {SAMPLE_TITLE!r}", "title_vi")
    return is_sample


def _years(document: Row) -> tuple[int, ...]:
    years = document.texts("years")
    for year in years:
        if not _YEAR.fullmatch(year):
            raise document.error(f"'years' must be a list of years from 2000 to 2099, not {year!r}", "years")
    numbers = tuple(int(year) for year in years)
    if not numbers or numbers != tuple(range(numbers[0], numbers[0] + len(numbers))):
        raise document.error("'years' must be one year or more that follow each other", "years")
    return numbers


def _target(row: Row, known: frozenset[str]) -> Target:
    row.only(*_TARGET_FIELDS)
    indicator, base = row.optional("indicator"), row.optional("base_indicator")
    for name, code in (("indicator", indicator), ("base_indicator", base)):
        _check_indicator(row, name, code, known)
    measure = row.choice("measure", tuple(Measure)) if row.has("measure") else None
    target = Target(
        code=_item_code(row),
        text_vi=row.text("text_vi"),
        slips=_slips(row),
        shape=Shape(row.choice("shape", tuple(Shape))),
        indicator=indicator,
        breakdown=_breakdown(row),
        measure=Measure(measure) if measure else None,
        low=row.optional_decimal("low"),
        high=row.optional_decimal("high"),
        base_indicator=base,
        unit_vi=row.optional("unit_vi"),
        binds=Binding(row.choice("binds", tuple(Binding))),
        except_units=row.texts("except_units"),
        named_products=row.texts("named_products"),
        due=row.optional_date("due"),
        confidence=row.confidence(),
        note=row.optional("note"),
    )
    _check_fields(row, target)
    _check_numbers(row, target)
    return target


def _check_fields(row: Row, target: Target) -> None:
    """Refuse a field the shape or the binding lacks, or one it has no use for."""
    measured = target.shape is not Shape.QUALITATIVE
    for name in ("low", "measure", "unit_vi"):
        _needs(row, name, wanted=measured)
    _needs(row, "high", wanted=target.shape is Shape.RANGE)
    _needs(row, "base_indicator", wanted=target.shape is Shape.PERCENT_OF_BASE)
    _needs(row, "named_products", wanted=target.shape is Shape.NAMED_PRODUCTS)
    _needs(row, "except_units", wanted=target.binds is Binding.EACH_COMMUNE_EXCEPT_NAMED)
    if measured and target.indicator is None:
        raise row.error("'indicator' is blank: a target with a number must be measurable", "indicator")
    if target.breakdown and target.indicator is None:
        raise row.error("a breakdown needs an indicator", "breakdown")


def _check_numbers(row: Row, target: Target) -> None:
    if target.low is not None and target.low <= 0:
        raise row.error("'low' must be more than 0", "low")
    if target.low is not None and target.high is not None and target.high <= target.low:
        raise row.error(f"'high' must be more than 'low' ({target.low})", "high")
    if target.shape is Shape.PERCENT_OF_BASE and target.low is not None and target.low > _WHOLE:
        raise row.error(f"{target.low} percent of a base is more than the whole", "low")
    if target.shape is Shape.NAMED_PRODUCTS and target.low != len(target.named_products):
        raise row.error(f"'low' is {target.low}, but {len(target.named_products)} products are named", "low")
    if target.shape is Shape.EACH_UNIT_AT_LEAST and target.binds is Binding.SELF:
        raise row.error("'each_unit_at_least' must bind each unit of a tier", "binds")


def _needs(row: Row, name: str, *, wanted: bool) -> None:
    if wanted and not row.has(name):
        raise row.error(f"{name!r} is blank, but this kind of target or task needs it", name)
    if not wanted and row.has(name):
        raise row.error(f"{name!r} has no meaning for this kind of target or task", name)


def _task(row: Row, known: frozenset[str]) -> Task:
    row.only(*_TASK_FIELDS)
    if row.has("due") and row.has("recurrence"):
        raise row.error("a task is either due on a day or recurs", "due")
    indicators = row.texts("indicators")
    for code in indicators:
        _check_indicator(row, "indicators", code, known)
    binds = Binding(row.choice("binds", tuple(Binding)))
    _needs(row, "except_units", wanted=binds is Binding.EACH_COMMUNE_EXCEPT_NAMED)
    recurrence = row.choice("recurrence", tuple(Recurrence)) if row.has("recurrence") else None
    return Task(
        code=_item_code(row),
        text_vi=row.text("text_vi"),
        slips=_slips(row),
        lead_agency=row.optional("lead_agency"),
        co_agencies=row.texts("co_agencies"),
        binds=binds,
        except_units=row.texts("except_units"),
        recurrence=Recurrence(recurrence) if recurrence else None,
        due=row.optional_date("due"),
        indicators=indicators,
    )


def _item_code(row: Row) -> str:
    code = row.text("code")
    if not _ITEM_CODE.fullmatch(code):
        raise row.error(
            f"'code' must be capitals, digits and dots such as M1.2 or NV03, not {code!r}", "code"
        )
    return code


def _slips(row: Row) -> tuple[str, ...]:
    slips = row.texts("slips")
    for slip in slips:
        if slip not in row.text("text_vi"):
            raise row.error(f"the slip {slip!r} is not in 'text_vi'", "slips")
    return slips


def _breakdown(row: Row) -> str:
    breakdown = row.optional("breakdown") or ""
    if breakdown and not _BREAKDOWN.fullmatch(breakdown):
        raise row.error(f"'breakdown' must be dimension=code joined by ';', not {breakdown!r}", "breakdown")
    return breakdown


def _check_indicator(row: Row, name: str, code: str | None, known: frozenset[str]) -> None:
    if code is not None and code not in known:
        raise row.error(f"unknown indicator {code!r}", name)
