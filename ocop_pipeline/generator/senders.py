"""Who reports in a month, and when and under what name they send a file.

Belongs here: the part of the country that is invented, and its habits of sending. Who owes a report is
`catalogue.senders`; what they say is in `submission.py`.
"""

import random
import re
from collections import Counter
from datetime import date, datetime, time, timedelta, timezone

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.senders import Sender, binds, deadline_of, senders_of
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.plans import Plan
from ocop_pipeline.domain.units import Tier, UnitVersion, accent_free_key, name_key
from ocop_pipeline.generator.options import NATION_CODE, Options, OptionsError
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
        return senders_of(self._catalogue, self.provinces(month), month)

    def is_below(self, plan: Plan, unit: UnitVersion, on: date) -> bool:
        """Whether a unit is that of a plan, or below it."""
        above = {above.tier: above for above in self._catalogue.units.ancestors(unit.unit_id, on)}
        return binds(self._catalogue, plan, above | {unit.tier: unit})

    def takes_part(self, sender: Sender) -> bool:
        """Whether a sender sends at all: it is bound by the plan asked for, and of communes only a share sends."""
        plan = self._catalogue.plans.get(self._options.plan)
        if plan is not None and not binds(self._catalogue, plan, sender.around):
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
        return deadline_of(self._catalogue, sender, month)

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
