"""What is known beforehand of a plan: which months it takes to show it, and what every target and task must say.

Belongs here: the sums of `Truth` held against the targets of a plan, in plain Python that shares nothing with the
models it is compared with. Not here: who sends what (`senders.py`) and the sums themselves (`truth.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.indicators import Kind
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.plans import Measure, Plan, Shape, Target, TaskState
from ocop_pipeline.domain.units import Tier, UnitVersion, name_key
from ocop_pipeline.generator.options import Options, OptionsError
from ocop_pipeline.generator.truth import Truth

_MONTHS = 12
_STEP = Decimal("0.0001")
_PERCENT = 100
_PACE = 0.2
"""The Programme of the plans' years was smaller than the one the profiles are made for."""
_PACES = {"trung-khanh-2023": 0.05}
"""A district that plans six products a year, not one in each commune: at the other pace it had thirty-five."""
_STATES = tuple(state.value for state in TaskState)


@dataclass(frozen=True, slots=True)
class TargetTruth:
    """What must come out for a target: the value (or the units that reach it, of how many), and the judgement."""

    target: str
    actual: Decimal | None
    units_bound: int
    units_reached: int
    result: str


@dataclass(frozen=True, slots=True)
class TaskTruth:
    """What must come out for a task: least advanced state (blank: nobody spoke of it), mean percent, reports."""

    task: str
    state: str
    progress: Decimal | None
    reports: int


def months_of(plan: Plan) -> list[Period]:
    """The months of a plan's years, in order."""
    return [Period(f"{year}-{month:02d}") for year in plan.years for month in range(1, _MONTHS + 1)]


def plan_options(
    catalogue: Catalogue, code: str, period: Period | None = None, *, seed: int = 1, workers: int = 1
) -> Options:
    """The country that shows a plan: the units it binds, for the fewest months its targets need.

    Every month from the plan's first is needed only where a target counts from the beginning of the plan; what stands
    at the end of a month (a stock, a share, the register: a sender's first list holds all it knows) needs that month.

    Args:
        catalogue: Plans and units.
        code: Code of the plan.
        period: The month to show it in; by default the plan's last.
        seed: As in `Options`.
        workers: As in `Options`.

    Raises:
        OptionsError: no plan has the code, or the month is not one of it.
    """
    if code not in catalogue.plans:
        raise OptionsError(f"no plan has the code {code!r}; there are {', '.join(catalogue.plans)}")
    plan = catalogue.plans[code]
    last = period or months_of(plan)[-1]
    if not plan.covers(last):
        raise OptionsError(f"plan {code} is for {plan.years[0]}-{plan.years[-1]}, not for {last.key}")
    counted = any(target.measure is Measure.CUMULATIVE for target in plan.targets)
    before = tuple(month.key for month in months_of(plan) if month < last) if counted else ()
    province = _province(catalogue, plan, last)
    return Options(
        province.code,
        last.key,
        seed=seed,
        history=before,
        faults="none",
        workers=workers,
        pace=_PACES.get(code, _PACE),
        plan=code,
    )


def _province(catalogue: Catalogue, plan: Plan, month: Period) -> UnitVersion:
    unit = plan_unit(catalogue, plan)
    around = (unit, *catalogue.units.ancestors(unit.unit_id, month.end))
    return next(each for each in around if each.tier is Tier.PROVINCE)


def plan_unit(catalogue: Catalogue, plan: Plan) -> UnitVersion:
    """The unit a plan binds, which the catalogue's check has found to exist."""
    unit = catalogue.units.find_code(plan.unit_code, plan.unit_on, plan.tier)
    if unit is None:
        raise OptionsError(f"plan {plan.code}: no unit had the code {plan.unit_code} on {plan.unit_on}")
    return unit


def target_truths(truth: Truth, catalogue: Catalogue, plan: Plan, period: Period) -> list[TargetTruth]:
    """What must come out for each target of a plan at the end of a month, in the plan's order."""
    reckoning = _Reckoning(truth, catalogue, plan, period)
    return [reckoning.target(target) for target in plan.targets]


def task_truths(truth: Truth, plan: Plan, period: Period) -> list[TaskTruth]:
    """What must come out for each task of a plan in a month, in the plan's order."""
    answers = [
        answer
        for answered in truth.duties.get(period.key, {}).values()
        for answer in answered
        if answer.plan == plan.code
    ]
    found = []
    for task in plan.tasks:
        told = [answer for answer in answers if answer.task == task.code]
        state = min((answer.state for answer in told), key=_STATES.index, default="")
        total = Decimal(sum(answer.progress for answer in told))
        mean = (total / len(told)).quantize(_STEP, ROUND_HALF_UP) if told else None
        found.append(TaskTruth(task.code, state, mean, len(told)))
    return found


class _Reckoning:
    def __init__(self, truth: Truth, catalogue: Catalogue, plan: Plan, period: Period) -> None:
        self._truth = truth
        self._catalogue = catalogue
        self._plan = plan
        self._period = period
        self._unit = plan_unit(catalogue, plan).unit_id
        self._ratios = {
            (ratio.numerator, ratio.denominator): code
            for code, ratio in catalogue.indicators.items()
            if ratio.kind is Kind.RATIO
        }

    def target(self, target: Target) -> TargetTruth:
        """What must come out for one target."""
        units = self._bound(target)
        values = [self._value(target, unit) for unit in units]
        reached = [value for value in values if value is not None and _enough(target, value)]
        actual = values[0] if self._is_of_one(target) else Decimal(len(reached))
        result = self._result(target, values, all_reached=len(reached) == len(units))
        return TargetTruth(target.code, actual, len(units), len(reached), result)

    @staticmethod
    def _is_of_one(target: Target) -> bool:
        """Whether one value is told: of the plan's unit, for words too that bind those below it."""
        return target.binds.tier is None or target.shape is Shape.QUALITATIVE

    def _bound(self, target: Target) -> list[str]:
        tier, on = target.binds.tier, self._period.end
        if tier is None or self._is_of_one(target):
            return [self._unit]
        below = self._catalogue.units.descendants(self._unit, on, tier)
        named = {
            self._catalogue.units.find_code(code, self._plan.unit_on, tier) for code in target.except_units
        }
        left_out = {unit.unit_id for unit in named if unit is not None}
        return [unit.unit_id for unit in below if unit.unit_id not in left_out]

    def _value(self, target: Target, unit: str) -> Decimal | None:
        truth, month = self._truth, self._period.key
        if target.indicator is None:
            return None
        if target.shape is Shape.NAMED_PRODUCTS:
            return Decimal(self._named(target.named_products, unit))
        if target.measure is Measure.OWN:
            reports = truth.values.get(month, {}).items()
            key = (target.indicator, target.breakdown)
            return _added([values[key] for sender, values in reports if sender[1] == unit and key in values])
        kind = self._catalogue.indicators[target.indicator].kind
        if target.measure is Measure.CUMULATIVE and kind is Kind.FLOW:
            months = [
                each.key for each in months_of(self._plan) if each.key in truth.senders and each.key <= month
            ]
            given = [truth.value(each, unit, target.indicator, target.breakdown) for each in months]
            return _added([value for value in given if value is not None])
        if target.shape is Shape.PERCENT_OF_BASE and kind is not Kind.RATIO:
            return self._percent(target, unit)
        return truth.value(month, unit, target.indicator, target.breakdown)

    def _percent(self, target: Target, unit: str) -> Decimal | None:
        truth, month, base = self._truth, self._period.key, target.base_indicator or ""
        ratio = self._ratios.get((target.indicator, base))
        if ratio is not None:
            return truth.value(month, unit, ratio, target.breakdown)
        value, whole = (
            truth.value(month, unit, target.indicator or "", target.breakdown),
            truth.value(month, unit, base),
        )
        if value is None or not whole:
            return None
        return (value * _PERCENT / whole).quantize(_STEP, ROUND_HALF_UP)

    def _named(self, names: Sequence[str], unit: str) -> int:
        """How many of the products a plan names have a valid certificate in a unit."""
        end, month = self._period.end, self._period.key
        valid = {
            name_key(product.name)
            for product in self._truth.products
            if unit in self._truth.above[month][product.homes[month]]
            and (latest := product.latest(end)) is not None
            and latest.expiry > end
        }
        return sum(name_key(name) in valid for name in names)

    def _result(self, target: Target, values: Sequence[Decimal | None], *, all_reached: bool) -> str:
        if target.shape is Shape.QUALITATIVE or target.low is None:
            return "not_measured"
        if all(value is None for value in values):
            return "no_data"
        if all_reached:
            return "reached"
        return "not_due" if self._plan.due_date(target) > self._period.end else "not_reached"


def _enough(target: Target, value: Decimal) -> bool:
    return target.low is not None and value >= target.low


def _added(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, Decimal(0)) if values else None
