"""Which commune a line of a list means: by its name or its address, on the map of the list or an earlier one.

Belongs here: asking the ledger of units and saying what it could not tell. Nothing is guessed: one unit answers to a
name, or none is taken and the candidates are shown.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ocop_pipeline.domain.restatement import ground_days
from ocop_pipeline.domain.standing import standing
from ocop_pipeline.domain.unit_finder import UnitFinder
from ocop_pipeline.domain.units import Tier, UnitLedger, UnitVersion

MISSING, UNKNOWN, AMBIGUOUS = "missing", "unknown", "ambiguous"
"""Why no commune was found: the line names none, nobody answers to the name, or several do."""
_ORDER = {MISSING: 0, UNKNOWN: 1, AMBIGUOUS: 2}
_ONE_DAY = timedelta(days=1)
_PARTS = re.compile(r"[,;]| [-–] ")
# Only parts that say what they are: "Thôn 10" or "Tân Phú" in an address may be a hamlet or a street.
_COMMUNE = re.compile(r"(?:xã|phường|thị trấn|đặc khu)\s|tt[. ]|[xp]\.|p\s?\d", re.IGNORECASE)
_DISTRICT = re.compile(r"(?:huyện|quận|thị xã|thành phố)\s|t[px][. ]|[hq]\.|q\s?\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """The commune of a line.

    Attributes:
        unit_id: the commune; None where it could not be told.
        doubt: why not (a constant of this module); blank where it was found.
        field: the field of the line that was read.
        text: the name that was looked for.
        candidates: units of that name, here or elsewhere, as people write them.
        since: of a name that only a later map than the list's has: the first day of that map; else None.
        shown: then the unit as people write it.
    """

    unit_id: str | None
    doubt: str = ""
    field: str = ""
    text: str = ""
    candidates: tuple[str, ...] = ()
    since: date | None = None
    shown: str = ""


class Places:
    """Communes of one unit, looked for by name.

    Args:
        units: the ledger.
        unit_id: the unit whose list it is; communes of units that went into it are its own before that day.
        listed_on: day of the map the list is written on.
        finder: reads a cell that says more than a name ("Tân Hà, huyện Lâm Hà"); None where a name alone counts, as in
            headings, which say much else.
    """

    def __init__(
        self, units: UnitLedger, unit_id: str, listed_on: date, finder: UnitFinder | None = None
    ) -> None:
        self._units = units
        self._finder = finder
        self._unit_id = unit_id
        self._listed_on = listed_on
        self._changed_on = max(ground_days(units), default=date.min)
        self._is_own = any(version.tier is Tier.COMMUNE for version in units.versions(unit_id))
        self._known: dict[tuple[date, tuple[str, str, str, str]], Place] = {}

    def of(
        self, commune: str, before: str, district: str, address: str, days: tuple[date, ...] = ()
    ) -> Place:
        """The commune of a line.

        Args:
            commune: name of the commune.
            before: its name before the last change of the map, where the list has both.
            district: name of its district.
            address: address of the producer; looked at where no name is given.
            days: days of decisions; names the map of the list does not have are looked for on the maps of these.
        """
        if self._is_own:
            return Place(self._unit_id)
        written = (commune, before, district, address)
        # Nearly every name is one of the list's own map; the other maps are looked at only then.
        doubt = self._on(self._listed_on, written)
        if doubt.unit_id is not None or doubt.doubt == AMBIGUOUS:
            return doubt
        for on in self._days(days)[1:]:
            place = self._on(on, written)
            if place.unit_id is not None:
                return place
            if place.doubt == AMBIGUOUS:
                # A map of another day may have one unit of the name only; taking that would be a guess.
                return place
            # The first doubt is shown, but rather an unknown name than none at all.
            if _ORDER[place.doubt] > _ORDER[doubt.doubt]:
                doubt = place
        if doubt.doubt != UNKNOWN:
            return doubt
        return self._of_later_map(doubt) or self._in_context(doubt, district)

    def elsewhere(self, commune: str) -> Place:
        """A commune a product goes to, wherever in the province of the unit.

        Args:
            commune: its name.
        """
        if self._is_own:
            above = self._units.ancestors(self._unit_id, self._listed_on)
            province = next((unit.unit_id for unit in above if unit.tier is Tier.PROVINCE), self._unit_id)
            return Places(self._units, province, self._listed_on, self._finder).of(commune, "", "", "")
        return self.of(commune, "", "", "")

    def _of_later_map(self, doubt: Place) -> Place | None:
        """The commune of a name that no map up to the list's day has, but a later one: a register typed anew.

        Only a name written as the unit is, and only where all later maps know one unit of it on the ground of the unit.
        """
        if self._finder is None:
            return None
        found: dict[str, tuple[date, UnitVersion]] = {}
        for first_day in ground_days(self._units):
            if first_day <= self._listed_on:
                continue
            for match in self._units.find_name(doubt.text, first_day, tier=Tier.COMMUNE):
                if match.match == "exact" and self._on_own_ground(match.unit.unit_id):
                    found.setdefault(match.unit.unit_id, (first_day, match.unit))
        if len(found) != 1:
            return None
        ((since, unit),) = found.values()
        return Place(
            unit.unit_id, field=doubt.field, text=doubt.text, since=since, shown=self._shown(unit, since)
        )

    def _on_own_ground(self, unit_id: str) -> bool:
        """Whether what stands for a later unit on the day of the list was the unit or below it."""
        then = standing(self._units, unit_id, self._listed_on).unit_id
        if then == self._unit_id:
            return True
        if not any(version.in_force(self._listed_on) for version in self._units.versions(then)):
            return False
        return any(each.unit_id == self._unit_id for each in self._units.ancestors(then, self._listed_on))

    def _in_context(self, doubt: Place, district: str) -> Place:
        """The commune of a cell that no map knows as a name: with units around it, by its code, of another day.

        One commune of the unit's own ground, of the day of the list or of another, is taken; of several none is.
        """
        if self._finder is None:
            return doubt
        around = [district] if district and self._finder.knows_area(district) else []
        text = ", ".join((doubt.text, *around))
        answer = self._finder.find(text, self._listed_on, within=self._unit_id, tier=Tier.COMMUNE)
        unit = answer.meant or (answer.ended.unit if answer.ended else None)
        if unit is not None:
            return Place(unit.unit_id, field=doubt.field, text=doubt.text)
        found = (*answer.standing, *answer.other_days)
        if not found:
            return doubt
        shown = tuple(self._shown(each.unit, each.on) for each in found)
        return Place(None, AMBIGUOUS, doubt.field, doubt.text, shown)

    def _on(self, on: date, written: tuple[str, str, str, str]) -> Place:
        """The commune of a line on one map; looked for once, because names come again on many lines."""
        key = (on, written)
        if key not in self._known:
            self._known[key] = self._find(on, written)
        return self._known[key]

    def _find(self, on: date, written: tuple[str, str, str, str]) -> Place:
        doubt = Place(None, MISSING, "address" if written[-1] else "")
        for field, text, district in self._names(on, *written):
            found = self._narrowed(self._communes(text, on), district, on)
            if len(found) == 1:
                return Place(found[0].unit_id, field=field, text=text)
            seen = self._doubt(field, text, found, on)
            if _ORDER[seen.doubt] > _ORDER[doubt.doubt]:
                doubt = seen
        return doubt

    def _days(self, days: Sequence[date]) -> list[date]:
        """The maps to look at: the list's own, those of its decisions, the last one before the last change."""
        last_map = (
            min(self._listed_on, self._changed_on - _ONE_DAY)
            if self._changed_on > date.min
            else self._listed_on
        )
        return list(
            dict.fromkeys([self._listed_on, *(day for day in days if day < self._listed_on), last_map])
        )

    def _names(
        self, on: date, commune: str, before: str, district: str, address: str
    ) -> Iterator[tuple[str, str, str]]:
        """(field, name, district) to look for on one map; of two names the one that is of that map."""
        if commune and before:
            old = on < self._changed_on
            yield ("commune_before", before, district) if old else ("commune_name", commune, "")
        elif commune or before:
            yield "commune_name" if commune else "commune_before", commune or before, district
        else:
            parts = [part.strip() for part in _PARTS.split(address)]
            districts = [part for part in parts if _DISTRICT.match(part)]
            for part in reversed(parts):
                if _COMMUNE.match(part):
                    yield "address", part, district or (districts[-1] if districts else "")

    def _areas(self, on: date) -> list[str]:
        """The unit and those that went into it, as far as they were there on a day."""
        return [
            unit_id
            for unit_id in sorted(self._units.origins(self._unit_id))
            if any(version.in_force(on) for version in self._units.versions(unit_id))
        ]

    def _communes(self, text: str, on: date) -> list[UnitVersion]:
        found = {
            match.unit.unit_id: match.unit
            for area in self._areas(on)
            for match in self._units.find_name(text, on, within=area, tier=Tier.COMMUNE)
        }
        return list(found.values())

    def _narrowed(self, found: list[UnitVersion], district: str, on: date) -> list[UnitVersion]:
        """Of several communes of one name those in the district named, where that is known and leaves some."""
        if len(found) < 2 or not district:
            return found
        named = {match.unit.unit_id for match in self._units.find_name(district, on, tier=Tier.DISTRICT)}
        return [unit for unit in found if unit.parent_id in named] or found

    def _doubt(self, field: str, text: str, found: Sequence[UnitVersion], on: date) -> Place:
        """Several communes of the unit answer to the name, or none; then those elsewhere are shown."""
        if found:
            return Place(None, AMBIGUOUS, field, text, tuple(self._shown(unit, on) for unit in found))
        elsewhere = self._units.find_name(text, on, tier=Tier.COMMUNE)
        return Place(None, UNKNOWN, field, text, tuple(self._shown(match.unit, on) for match in elsewhere))

    def _shown(self, unit: UnitVersion, on: date) -> str:
        above = [
            version.full_name
            for version in self._units.ancestors(unit.unit_id, on)
            if version.tier is not Tier.NATION
        ]
        return ", ".join([unit.full_name, *above])
