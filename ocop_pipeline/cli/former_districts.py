"""A province's figure by the ground of its former districts: `ocop value --by former-district`.

Belongs here: which districts those are, and how they are named. The figures are those of the map of their last day
(`warehouse.other_map`): exact where a commune's ground was in one district, else shared out and marked as estimated.
"""

from dataclasses import replace
from datetime import date

from ocop_pipeline.cli.console import Site, messages, refuse
from ocop_pipeline.cli.maps import open_on_map
from ocop_pipeline.domain.former_districts import last_district_day
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.warehouse import figures

BY = "former-district"


def figures_by_former_district(
    place: Site, unit: str, month: Period, indicator: str, breakdown: str, span: str
) -> tuple[list[figures.Figure], tuple[str, ...], date]:
    """The figure of every former district whose ground came to a province.

    Returns:
        The figures by code of the old provinces and districts; by what estimated parts were shared out; the day of the
        map. Refused where the unit is no province, or the month had districts.
    """
    units = place.catalogue.units
    province, eve = place.unit(unit, month), last_district_day(units)
    if province.tier is not Tier.PROVINCE or eve is None or month.end <= eve:
        raise refuse("error.former_district", unit=province.full_name, period=month.key)
    origins = units.origins(province.unit_id)
    old = [each for each in units.units(eve, Tier.PROVINCE) if each.unit_id in origins]
    found: list[figures.Figure] = []
    weights: set[str] = set()
    with open_on_map(place, month, eve.isoformat(), eve) as connection:
        for each in sorted(old, key=_code):
            below = figures.by_child(connection, each.unit_id, month.key, indicator, breakdown, span)
            found += [replace(one, unit_name=_ground(one.unit_name), map_date=eve) for one in below]
            weights |= set(figures.weights(connection, each.unit_id, month.key, indicator, breakdown))
    return found, tuple(sorted(weights)), eve


def _code(unit: UnitVersion) -> str:
    return unit.code


def _ground(name: str) -> str:
    return messages().say("former_district", name=f"{name[:1].lower()}{name[1:]}")
