"""Who reports in a month, and when and under what name they send a file.

Belongs here: reading the catalogue for senders, deadlines and duties. What they say is in `submission.py`.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone

from ocop_pipeline.catalogue import Agency, Catalogue
from ocop_pipeline.catalogue.calendar import Sender as Owing
from ocop_pipeline.domain.forms import Form
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.plans import Plan, Task
from ocop_pipeline.domain.units import Tier, UnitVersion, accent_free_key, name_key
from ocop_pipeline.generator.options import NATION_CODE, Options, OptionsError
from ocop_pipeline.generator.submission import Duty, Sender
from ocop_pipeline.generator.wording import between, dice, pick, words

VIETNAM = timezone(timedelta(hours=7))
_OFFICE_HOURS = (time(7, 30), time(16, 30))
_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|]')


class Senders:
    """The senders of the province (or country) that `options` name.

    Raises:
        OptionsError: no plan has the code that `options` name.
    """

    def __init__(self, catalogue: Catalogue, options: Options) -> None:
        if options.plan and options.plan not in catalogue.plans:
            raise OptionsError(f"no plan has the code {options.plan!r}")
        self._catalogue = catalogue
        self._options = options
        self._last = options.months[-1]

    def provinces(self, month: Period) -> list[UnitVersion]:
        """The provinces on the map of a month: those of the last month, or what they came from.

        Raises:
            OptionsError: when no province has the code on the closing day of the last month.
        """
        units, code = self._catalogue.units, self._options.province_code
        if code == NATION_CODE:
            return list(units.units(month.end, Tier.PROVINCE))
        province = units.find_code(code, self._last.end, Tier.PROVINCE)
        if province is None:
            raise OptionsError(f"no province has the code {code!r} on {self._last.end}")
        ids = units.origins(province.unit_id)
        return [unit for unit in units.units(month.end, Tier.PROVINCE) if unit.unit_id in ids]

    def communes(self, month: Period) -> list[UnitVersion]:
        """All communes of those provinces."""
        units = self._catalogue.units
        return [
            commune
            for province in self.provinces(month)
            for commune in units.descendants(province.unit_id, month.end, Tier.COMMUNE)
        ]

    def expected(self, month: Period) -> list[Sender]:
        """Everybody who owes a report for a month."""
        return [
            sender
            for province in self.provinces(month)
            for form in self._catalogue.forms.values()
            if form.in_force(month.end)
            for sender in self._of(form, province, month)
        ]

    def _of(self, form: Form, province: UnitVersion, month: Period) -> Iterator[Sender]:
        units, on = self._catalogue.units, month.end
        tier = Tier(form.sender_tier)
        members = [province] if tier is Tier.PROVINCE else units.descendants(province.unit_id, on, tier)
        for unit in members:
            around = {above.tier: above for above in units.ancestors(unit.unit_id, on)} | {unit.tier: unit}
            if not form.by_agency:
                yield Sender(form.code, unit, around, tasks=self._duties(around, unit, month))
                continue
            agencies = self._catalogue.agencies_on(on)
            for agency in agencies:
                tasks = self._duties(around, unit, month, agencies, agency)
                yield Sender(form.code, unit, around, agency.code, agency.name_vi, tasks)

    def _duties(
        self,
        around: Mapping[Tier, UnitVersion],
        unit: UnitVersion,
        month: Period,
        agencies: Sequence[Agency] = (),
        agency: Agency | None = None,
    ) -> tuple[Duty, ...]:
        """The duties that the plans in force give a unit, or a department of it."""
        return tuple(
            Duty(plan.code, task.code, task.text_vi)
            for plan in self._catalogue.plans.values()
            if plan.covers(month) and self._binds(plan, around)
            for task in plan.tasks
            if (task.binds.tier or plan.tier) == unit.tier
            and unit.unit_id not in self._excepted(plan, task)
            and (agency is None or agency == _in_charge(task, agencies))
        )

    def _excepted(self, plan: Plan, task: Task) -> set[str]:
        """Ids of the communes that need not do a task."""
        found = (
            self._catalogue.units.find_code(code, plan.unit_on, Tier.COMMUNE) for code in task.except_units
        )
        return {unit.unit_id for unit in found if unit is not None}

    def _binds(self, plan: Plan, around: Mapping[Tier, UnitVersion]) -> bool:
        found = self._catalogue.units.find_code(plan.unit_code, plan.unit_on, plan.tier)
        return found is not None and plan.tier in around and around[plan.tier].unit_id == found.unit_id

    def is_below(self, plan: Plan, unit: UnitVersion, on: date) -> bool:
        """Whether a unit is that of a plan, or below it."""
        above = {above.tier: above for above in self._catalogue.units.ancestors(unit.unit_id, on)}
        return self._binds(plan, above | {unit.tier: unit})

    def takes_part(self, sender: Sender) -> bool:
        """Whether a sender sends at all: it is bound by the plan asked for, and of communes only a share sends."""
        plan = self._catalogue.plans.get(self._options.plan)
        if plan is not None and not self._binds(plan, sender.around):
            return False
        if sender.unit.tier is not Tier.COMMUNE:
            return True
        return dice(self._options.seed, "share", sender.unit.unit_id).random() < self._options.share

    def commune_names(self, month: Period) -> dict[str, tuple[str, ...]]:
        """How people write each commune, by its id: in full, and without type if none shares the name."""
        communes = self.communes(month)
        bearers = Counter(name_key(unit.name) for unit in communes)
        return {
            unit.unit_id: (unit.full_name, unit.name)
            if bearers[name_key(unit.name)] == 1
            else (unit.full_name,)
            for unit in communes
        }

    def deadline(self, sender: Sender, month: Period) -> date:
        """The last day on which a sender is in time."""
        owing = Owing.DEPARTMENT if sender.agency else Owing(sender.unit.tier.value)
        return self._catalogue.calendar.deadline(owing, month)

    def time(self, sender: Sender, month: Period, chance: random.Random, *, days_late: int = 0) -> datetime:
        """A moment in office hours between the close and the deadline, or so many days after it."""
        first, last = month.end + timedelta(days=1), self.deadline(sender, month)
        day = last + timedelta(days=days_late)
        if not days_late:
            day = first + timedelta(days=between(chance, 0, (last - first).days))
        start = datetime.combine(day, _OFFICE_HOURS[0], VIETNAM)
        seconds = (datetime.combine(day, _OFFICE_HOURS[1], VIETNAM) - start).seconds
        return start + timedelta(seconds=between(chance, 0, seconds))

    def path(self, sender: Sender, month: Period, suffix: str, chance: random.Random) -> str:
        """A file name as people give them, in the folder of the month."""
        unit = sender.unit
        name = sender.agency_name or unit.full_name
        text = pick(chance, words()["form_words"]["file_names"]).format(
            code=f"{unit.code}{'-' if sender.agency else ''}{sender.agency}",
            name=name,
            plain=accent_free_key(name).title().replace(" ", ""),
            year=month.year,
            month=month.end.month,
            suffix="",
        )
        return f"{month.key}/{_NO_FILE_NAME.sub('-', text)}.{suffix}"


def _in_charge(task: Task, agencies: Sequence[Agency]) -> Agency | None:
    """The department that answers for a task.

    It leads it, else takes part; failing that (a plan may name one that owes no report) it is the first of the list,
    which is in charge of the Programme.
    """
    by_name = {name_key(agency.name_vi): agency for agency in agencies}
    named = (by_name.get(name_key(name or "")) for name in (task.lead_agency, *task.co_agencies))
    return next((agency for agency in named if agency is not None), agencies[0] if agencies else None)
