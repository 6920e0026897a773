"""Maps of the communes: where valid products are, and whose report of the month has come.

Here: which class a commune is in, and the map's words. Not here: any count, and how dots are drawn (`dot_map`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Block, Figure
from ocop_pipeline.reporting.dot_map import Dot, DotClass, dot_map
from ocop_pipeline.reporting.gather import COMMUNE_FORM
from ocop_pipeline.reporting.readings import State, read
from ocop_pipeline.reporting.setting import Setting
from ocop_pipeline.reporting.wording import lower_first

_VALID: Final = "SP03"
_STEPS: Final = (0, 1, 5, 10, 20)
"""The least number of valid products of each class, the same every month, so that months can be laid side by side."""
_UNKNOWN: Final = DotClass("map_unknown", "#ffffff", 2.0)
_VALID_LOOKS: Final = (
    ("#ffffff", 4.0),
    ("#c6d4e6", 4.5),
    ("#8fabcf", 5.5),
    ("#4a76ad", 6.5),
    ("#1f3a5f", 8.0),
)
_COVERAGE: Final = (
    DotClass("map_accepted", "#ffffff", 3.0),
    DotClass("map_late", "#c6d4e6", 4.0),
    DotClass("map_returned", "#7092bd", 5.5),
    DotClass("map_missing", "#1f3a5f", 6.5),
)
"""What is wanting is dark and large: that is what the map is looked at for."""
_FEWEST: Final = 3
"""Fewer places than this make no map."""


@dataclass(frozen=True, slots=True)
class _Map:
    """One map: its caption, its classes from the least to the most, and the class of each commune."""

    caption: str
    classes: Sequence[DotClass]
    place: Callable[[UnitVersion], int | None]


def valid_map(setting: Setting) -> list[Block]:
    """A dot a commune, by how many products are valid there on the closing day; unknown where it never reported."""
    label = setting.label
    names = [
        label("map_none"),
        *(label("map_range", low=low, high=high - 1) for low, high in pairwise(_STEPS[1:])),
    ]
    names.append(label("map_at_least", low=_STEPS[-1]))
    known = [DotClass(name, *looks) for name, looks in zip(names, _VALID_LOOKS, strict=True)]
    unknown = DotClass(label(_UNKNOWN.name), _UNKNOWN.fill, _UNKNOWN.radius)

    def place(commune: UnitVersion) -> int:
        reading = read(setting.data, _VALID, "", commune.unit_id)
        if reading.month is None or reading.state is not State.NUMBER:
            return 1 if reading.state is State.NOTHING else 0
        return sum(reading.month.value >= low for low in _STEPS)

    caption = label("map_valid_caption", unit=_unit(setting), day=_day(setting))
    return _figure(setting, _Map(caption, (unknown, *known), place))


def coverage_map(setting: Setting) -> list[Block]:
    """A dot a commune, by whether its report of the month is there, on time, or was returned."""
    label = setting.label
    order = {each.name.removeprefix("map_"): place for place, each in enumerate(_COVERAGE)}
    states = {
        status.unit_id: "late" if status.status == "accepted" and status.is_late else status.status
        for status in setting.data.statuses
        if status.form == COMMUNE_FORM
    }
    classes = [DotClass(label(each.name), each.fill, each.radius) for each in _COVERAGE]
    caption = label(
        "map_coverage_caption", unit=_unit(setting), period=formats.period(setting.data.period.key)
    )
    return _figure(
        setting, _Map(caption, classes, lambda commune: order.get(states.get(commune.unit_id, "")))
    )


def _figure(setting: Setting, drawn: _Map) -> list[Block]:
    """Draw a map; communes of no class are not asked, those without coordinates are counted in the caption."""
    placed = [
        (commune, place)
        for commune in setting.data.below
        if commune.tier is Tier.COMMUNE and (place := drawn.place(commune)) is not None
    ]
    dots = [
        Dot(commune.full_name, commune.latitude, commune.longitude, place)
        for commune, place in placed
        if commune.latitude is not None and commune.longitude is not None
    ]
    if len(dots) < _FEWEST:
        return []
    caption = drawn.caption
    if len(dots) < len(placed):
        caption += " " + setting.label("map_unplaced", count=len(placed) - len(dots))
    counts = Counter(place for _, place in placed)
    items = (
        setting.label("chart_alt_item", label=each.name, value=formats.number(counts[place]))
        for place, each in enumerate(drawn.classes)
    )
    svg = dot_map(dots, drawn.classes, title=drawn.caption, far=setting.label("map_far"))
    return [Figure(svg, setting.label("chart_alt", caption=drawn.caption, items="; ".join(items)), caption)]


def _unit(setting: Setting) -> str:
    return lower_first(setting.data.unit.full_name)


def _day(setting: Setting) -> str:
    return formats.short_date(setting.data.period.end)
