"""Who owes a report for a month, and which duties the plans in force give them.

Belongs here: reading the catalogue for senders. What they are sent is in `templates`, what they sent in `intake`, and
what counts as expected of them in `sql/core/expected_reports.sql`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ocop_pipeline.catalogue.calendar import Sender as Owing
from ocop_pipeline.catalogue.loading import Agency, Catalogue
from ocop_pipeline.domain.forms import Form
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.plans import Plan, Task
from ocop_pipeline.domain.units import Tier, UnitVersion, name_key


@dataclass(frozen=True, slots=True)
class Duty:
    """A task a plan gives a sender: code of the plan (blank for what every unit does), code and words of the task."""

    plan: str
    task: str
    text: str
    due: date | None = None


@dataclass(frozen=True)
class Sender:
    """Who reports on a form: a unit, or a department (`agency`, `agency_name`) of one.

    `around` holds the units above it and itself, by tier; `tasks` the duties that plans give it.
    """

    form: str
    unit: UnitVersion
    around: Mapping[Tier, UnitVersion]
    agency: str = ""
    agency_name: str = ""
    tasks: tuple[Duty, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells one sender from another."""
        return self.form, self.unit.unit_id, self.agency

    @property
    def name(self) -> str:
        """Its name: the department's, else the unit's in full."""
        return self.agency_name or self.unit.full_name


def senders_of(catalogue: Catalogue, provinces: Sequence[UnitVersion], month: Period) -> list[Sender]:
    """Everybody in some provinces who owes a report for a month, by province, form and unit."""
    return [
        sender
        for province in provinces
        for form in catalogue.forms.values()
        if form.in_force(month.end)
        for sender in _of(catalogue, form, province, month)
    ]


def deadline_of(catalogue: Catalogue, sender: Sender, month: Period) -> date:
    """The last day on which a sender is in time."""
    owing = Owing.DEPARTMENT if sender.agency else Owing(sender.unit.tier.value)
    return catalogue.calendar.deadline(owing, month)


def binds(catalogue: Catalogue, plan: Plan, around: Mapping[Tier, UnitVersion]) -> bool:
    """Whether a plan is that of a unit, or of one above it."""
    found = catalogue.units.find_code(plan.unit_code, plan.unit_on, plan.tier)
    return found is not None and plan.tier in around and around[plan.tier].unit_id == found.unit_id


def _of(catalogue: Catalogue, form: Form, province: UnitVersion, month: Period) -> Iterator[Sender]:
    units, on = catalogue.units, month.end
    tier = Tier(form.sender_tier)
    members = [province] if tier is Tier.PROVINCE else units.descendants(province.unit_id, on, tier)
    for unit in members:
        around = {above.tier: above for above in units.ancestors(unit.unit_id, on)} | {unit.tier: unit}
        if not form.by_agency:
            yield Sender(form.code, unit, around, tasks=_duties(catalogue, around, unit, month))
            continue
        agencies = catalogue.agencies_on(on)
        for agency in agencies:
            tasks = _duties(catalogue, around, unit, month, agencies, agency)
            yield Sender(form.code, unit, around, agency.code, agency.name_vi, tasks)


def _duties(
    catalogue: Catalogue,
    around: Mapping[Tier, UnitVersion],
    unit: UnitVersion,
    month: Period,
    agencies: Sequence[Agency] = (),
    agency: Agency | None = None,
) -> tuple[Duty, ...]:
    """The duties that the plans in force give a unit, or a department of it."""
    return tuple(
        Duty(plan.code, task.code, task.text_vi, task.due)
        for plan in catalogue.plans.values()
        if plan.covers(month) and binds(catalogue, plan, around)
        for task in plan.tasks
        if (task.binds.tier or plan.tier) == unit.tier
        and unit.unit_id not in _excepted(catalogue, plan, task)
        and (agency is None or agency == _in_charge(task, agencies))
    )


def _excepted(catalogue: Catalogue, plan: Plan, task: Task) -> set[str]:
    """Ids of the communes that need not do a task."""
    found = (catalogue.units.find_code(code, plan.unit_on, Tier.COMMUNE) for code in task.except_units)
    return {unit.unit_id for unit in found if unit is not None}


def _in_charge(task: Task, agencies: Sequence[Agency]) -> Agency | None:
    """The department that answers for a task.

    It leads it, else takes part; failing that (a plan may name one that owes no report) it is the first of the list,
    which is in charge of the Programme.
    """
    by_name = {name_key(agency.name_vi): agency for agency in agencies}
    named = (by_name.get(name_key(name or "")) for name in (task.lead_agency, *task.co_agencies))
    return next((agency for agency in named if agency is not None), agencies[0] if agencies else None)
