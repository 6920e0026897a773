"""How the commands about units take and tell them: the unit a person means, names, dates, and the shapes of the JSON.

Belongs here: what `units`, `unit_check` and `unit_rehearsal` share. Which unit a text means is the business of
`domain/unit_finder.py`.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.cli.console import Language, Site, candidates_of, messages, parse_day, refuse
from ocop_pipeline.domain.unit_events import UnitEvent
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.reporting.formats import number
from ocop_pipeline.runs import TIME_ZONE

NOTHING = "–"
_SHOWN = 12
_ENGLISH = str.maketrans(".,", ",.")


def chosen_day(text: str) -> date:
    """The day of `--on`; today when left out."""
    return parse_day(text) if text else datetime.now(TIME_ZONE).date()


def one_unit(place: Site, text: str, on: date) -> tuple[UnitVersion, date]:
    """The one unit a text means, and a day it stood: the day asked for, else one of the unit's own days.

    Unlike commands about figures, those about units answer for units of other days too. Refused where none fits, or
    several do.
    """
    answer = place.catalogue.unit_finder.find(text, on)
    if answer.meant is not None:
        return answer.meant, on
    if answer.ended is not None:
        return answer.ended.unit, answer.ended.on
    found = [each.unit for each in (*answer.standing, *answer.other_days)]
    if not found:
        raise refuse("units.none", unit=text, on=written(on))
    raise refuse("units.ambiguous", count=len(found), names=candidates_of(found))


def with_events(place: Site, file: Path, parts: Path | None = None) -> Catalogue:
    """The catalogue with a file of events more, and one that tells of the units they divide.

    The site's own file of events is in the catalogue already, and then so are its parts.

    Raises:
        typer.Exit: there is no such file.
        CatalogueError: a file is faulty; the error names row and reason.
    """
    for each in (file, parts):
        if each is not None and not each.is_file():
            raise refuse("error.no_file", file=each)
    own = place.settings.site / "catalogue" / "unit_events.csv"
    if own.is_file() and own.samefile(file):
        return place.catalogue
    return load_catalogue(place.settings.site, [file], [parts] if parts else [])


def written(day: date | None) -> str:
    """A day as people write it; blank for none."""
    return "" if day is None else day.strftime("%d/%m/%Y")


def exactly(value: Decimal | float | None) -> str:
    """A number with all its digits, as the chosen language writes it."""
    if value is None:
        return NOTHING
    exact = Decimal(str(value)).normalize()
    exponent = exact.as_tuple().exponent
    text = number(exact, max(0, -exponent) if isinstance(exponent, int) else 0)
    return text if Language.chosen == "vi" else text.translate(_ENGLISH)


def within(catalogue: Catalogue, unit: UnitVersion, on: date) -> str:
    """The units above one on a day of its own, the nation left out."""
    above = catalogue.units.ancestors(unit.unit_id, on)
    return ", ".join(each.full_name for each in above if each.tier is not Tier.NATION)


def listed(units: Iterable[UnitVersion]) -> str:
    """Names and codes of units; of many the first ones and how many more there are."""
    found = [f"{unit.full_name} ({unit.code})" for unit in units]
    if len(found) > _SHOWN:
        found[_SHOWN:] = [messages().say("units.and_more", count=len(found) - _SHOWN)]
    return "; ".join(found) or NOTHING


def short_json(unit: UnitVersion) -> dict[str, Any]:
    """A unit as it is referred to."""
    return {"unit_id": unit.unit_id, "code": unit.code, "tier": str(unit.tier), "name": unit.full_name}


def unit_json(catalogue: Catalogue, unit: UnitVersion, on: date) -> dict[str, Any]:
    """A unit as it is found, on a day of its own."""
    return {
        **short_json(unit),
        "within": within(catalogue, unit, on),
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
    }


def event_json(event: UnitEvent) -> dict[str, Any]:
    """An event with its decree."""
    return {
        "event": event.event_id,
        "effective_date": event.effective_date,
        "decree": event.decree,
        "decree_date": event.decree_date,
        "changes": len(event.changes),
        "confidence": event.confidence,
    }
