"""What a plan (kế hoạch) binds its units to: targets to be measured and tasks to be done.

Here: the shapes a target can have, whom it binds, and the little arithmetic that needs no data. Not here:
which plans exist (`catalogue/data/plans/`), and the values reached (the warehouse).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ocop_pipeline.domain.periods import ADMINISTRATIVE, Calendar, Period
from ocop_pipeline.domain.units import Tier


class Shape(StrEnum):
    """How a target says what is enough."""

    AT_LEAST = "at_least"
    """At least `low` (ít nhất, phấn đấu)."""
    RANGE = "range"
    """From `low` to `high` (01-02 sản phẩm); reached from `low` on."""
    PERCENT_OF_BASE = "percent_of_base"
    """At least `low` percent of a base."""
    NAMED_PRODUCTS = "named_products"
    """All products of a list; `low` is how many."""
    EACH_UNIT_AT_LEAST = "each_unit_at_least"
    """Every unit it binds reaches at least `low` (1 stands for yes)."""
    QUALITATIVE = "qualitative"
    """No number in the source; none is made up."""


class Measure(StrEnum):
    """Which value of the indicator is compared."""

    IN_PERIOD = "in_period"
    """The value of the reported period alone."""
    CUMULATIVE = "cumulative"
    """The sum from the first day of the plan's first year to the end of the period."""
    CLOSING = "closing"
    """The value at the end of the period (stocks, ratios, counts of a register)."""
    OWN = "own"
    """The value in the bound unit's own reports of the period, without those of the units below it."""


class Binding(StrEnum):
    """Whose value must reach the target, or who must do the task."""

    SELF = "self"
    EACH_DISTRICT = "each:district"
    EACH_COMMUNE = "each:commune"
    EACH_COMMUNE_EXCEPT_NAMED = "each:commune_except_named"

    @property
    def tier(self) -> Tier | None:
        """The tier of the units bound below the plan's own unit; None when it binds that unit itself."""
        if self is Binding.SELF:
            return None
        return Tier.DISTRICT if self is Binding.EACH_DISTRICT else Tier.COMMUNE


class TaskState(StrEnum):
    """How far a task is, from the least to the most advanced."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


class Recurrence(StrEnum):
    """How a task repeats."""

    YEARLY = "yearly"
    """Hằng năm."""
    PERIODIC = "periodic"
    """Định kỳ theo quy định."""
    CONTINUOUS = "continuous"
    """Thường xuyên."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a plan, in the words of the plan and as something that can be measured.

    Attributes:
        code: Unique within the plan.
        text_vi: The sentence of the plan, letter by letter.
        slips: Passages of `text_vi` that are slips of the source, kept as written.
        shape: How it says what is enough.
        indicator: Code of the indicator compared; None only where nothing is counted (qualitative).
        breakdown: The part of the indicator meant, ``dimension=code`` joined by ``;``; blank for the total.
        measure: Which value of the indicator is compared; None when qualitative.
        low: The least that is enough, in `unit_vi` (percent for `PERCENT_OF_BASE`).
        high: The upper end of a range.
        base_indicator: What a percentage is taken of. Where `indicator` is itself a ratio this is its
            denominator and the ratio is compared as it stands; else 100 × indicator ÷ base is.
        unit_vi: Unit of measure, as printed.
        binds: Whose value must reach it.
        except_units: Codes of the communes it does not bind (`EACH_COMMUNE_EXCEPT_NAMED`).
        named_products: The products of `NAMED_PRODUCTS`.
        due: The day by which it must be reached; None means the end of the plan (`Plan.due_date`).
        confidence: Mark of the reading: S the words say so, I what they are taken to mean.
        note: What a reader of the comparison should know.
    """

    code: str
    text_vi: str
    slips: tuple[str, ...]
    shape: Shape
    indicator: str | None
    breakdown: str
    measure: Measure | None
    low: Decimal | None
    high: Decimal | None
    base_indicator: str | None
    unit_vi: str | None
    binds: Binding
    except_units: tuple[str, ...]
    named_products: tuple[str, ...]
    due: date | None
    confidence: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """One duty a plan assigns.

    Attributes:
        code: Unique within the plan; what a report of progress refers to.
        text_vi: The words of the plan, letter by letter.
        slips: Passages of `text_vi` that are slips of the source, kept as written.
        lead_agency: Who is in charge, as the plan names it; None where it names nobody.
        co_agencies: Who takes part.
        binds: Whether the plan's unit must do it (through the lead agency) or each unit below.
        except_units: Codes of the communes that need not (`EACH_COMMUNE_EXCEPT_NAMED`).
        recurrence: How it repeats; None for a task done once.
        due: The day by which it must be done; None where the plan sets none.
        indicators: Indicators in which its progress shows.
    """

    code: str
    text_vi: str
    slips: tuple[str, ...]
    lead_agency: str | None
    co_agencies: tuple[str, ...]
    binds: Binding
    except_units: tuple[str, ...]
    recurrence: Recurrence | None
    due: date | None
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of one unit.

    Attributes:
        code: Our own short name.
        is_sample: Whether it is made up for demonstration; whatever prints it must say so.
        title_vi: What it is called.
        number: Number and symbol; None where the source gives none.
        issued: Day of issue; None where the source gives none.
        published: Day of the page that reports it.
        issuing_body_vi: Who issued it.
        unit_code: Official code of the unit it binds, as of `unit_on`.
        unit_name_vi: Full name of that unit, as the plan has it.
        unit_map_name_vi: Its full name in our map of that day, where that differs (the map knows one
            snapshot for all days before July 2025).
        tier: Tier of that unit.
        unit_on: Day on which `unit_code` is to be looked up (codes were recycled).
        years: Reporting years it is for, in order.
        scope_vi: What it sets out to do, in its own words.
        basis_vi: The documents it rests on.
        source: Where its text was read.
        confidence: How sure the text is.
        notes: What is uncertain or odd about it.
        targets: Its targets, in order; may be none.
        tasks: Its tasks, in order; may be none.
    """

    code: str
    is_sample: bool
    title_vi: str
    number: str | None
    issued: date | None
    published: date | None
    issuing_body_vi: str
    unit_code: str
    unit_name_vi: str
    unit_map_name_vi: str | None
    tier: Tier
    unit_on: date
    years: tuple[int, ...]
    scope_vi: str
    basis_vi: tuple[str, ...]
    source: str
    confidence: str
    notes: tuple[str, ...]
    targets: tuple[Target, ...]
    tasks: tuple[Task, ...]

    def covers(self, period: Period) -> bool:
        """Whether the plan is in force in a period: the period's reporting year is one of its years."""
        return period.year in self.years

    def due_date(self, target: Target, calendar: Calendar = ADMINISTRATIVE) -> date:
        """The day by which a target must be reached: its own, else the close of the plan's last year."""
        return target.due or Period(str(self.years[-1]), calendar).end

    def first_day(self, calendar: Calendar = ADMINISTRATIVE) -> date:
        """The day from which cumulative values count: the first of the plan's first reporting year."""
        return Period(str(self.years[0]), calendar).start


def is_overdue(due: date | None, as_of: date, state: str | None) -> bool:
    """Whether a task's own day has passed and nobody says that it is finished.

    Args:
        due: The day by which it must be done; None where the plan sets none, and then it is never overdue.
        as_of: Closing day of the month that tells its state.
        state: The least advanced `TaskState` told; None when no report speaks of it.
    """
    return due is not None and due < as_of and state not in (TaskState.DONE, TaskState.CANCELLED)
