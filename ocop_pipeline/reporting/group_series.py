"""What a report says of figures by product group where the list of groups changed within what it compares.

Here: the notes under a table. Not here: whether a series joins (`catalogue.group_mappings`), and the figures,
which the warehouse has converted already.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.group_mappings import UNCONVERTED, UNKNOWN_GROUP, Joins, Series
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.reporting import formats

DIMENSION: Final = "product_group"
STATES: Final = "product_group_state"
"""The code list that names what products without a group of the day's list are counted as."""
_RESIDUES: Final = {
    f"{DIMENSION}={UNCONVERTED}": "group_note_unconverted",
    f"{DIMENSION}={UNKNOWN_GROUP}": "group_note_unknown",
}
_VERDICTS: Final = {Joins.PARTLY: "group_note_partly", Joins.NOT: "group_note_not"}


@dataclass(frozen=True, slots=True)
class NamedSeries:
    """A sector of the list in force on the closing day, with the verdict on its series."""

    name: str
    series: Series


@dataclass(frozen=True, slots=True)
class GroupSeries:
    """The verdicts a monthly report needs, one for each sector; none where the list did not change.

    Attributes:
        year: From the first month of the year to date.
        last_year: From the first month of the same span of the year before.
    """

    year: tuple[NamedSeries, ...] = ()
    last_year: tuple[NamedSeries, ...] = ()


def group_series(catalogue: Catalogue, period: Period) -> GroupSeries:
    """Look up what joins over the spans a month is added to and compared with."""
    return GroupSeries(
        _since(catalogue, period.year_to_date()[0].end, period.end),
        _since(catalogue, period.same_last_year().year_to_date()[0].end, period.end),
    )


def _since(catalogue: Catalogue, since: date, until: date) -> tuple[NamedSeries, ...]:
    groups = catalogue.groups
    if groups.version_on(since) in (None, groups.version_on(until)):
        return ()
    sectors = (group for group in groups.list_on(until) if group.parent_code is None)
    return tuple(
        NamedSeries(each.name_vi, catalogue.group_mappings.series(each.code, since, until))
        for each in sectors
    )


def is_idle(breakdown: str, values: Iterable[object]) -> bool:
    """Whether a line is of products without a group and there are none: such a line is not printed."""
    return breakdown in _RESIDUES and not any(values)


def group_notes(
    found: Sequence[NamedSeries], breakdowns: Iterable[str], label: Callable[..., str]
) -> tuple[str, ...]:
    """The notes under a table that shows figures by group.

    Args:
        found: The verdicts over the widest span the table shows.
        breakdowns: The breakdowns it has lines of.
        label: Gives a word of the report with its places filled; keys begin with ``group_note_``.

    Returns:
        Whole sentences: that the list changed and which groups join in part or not at all, with the reason, then
        what a line of unconverted products means. None where the table has no groups, and none on a change over
        which every series joins.
    """
    shown = {breakdown for breakdown in breakdowns if breakdown.startswith(f"{DIMENSION}=")}
    notes = []
    broken = sorted(
        (each for each in found if each.series.joins is not Joins.EXACT),
        key=lambda each: (each.series.joins is Joins.NOT, each.series.reasons),
    )
    if shown and broken:
        days = ", ".join(formats.short_date(day) for day in broken[0].series.since)
        notes.append(label("group_note_change", days=days))
        for (joins, reasons), alike in groupby(
            broken, key=lambda each: (each.series.joins, each.series.reasons)
        ):
            names = ", ".join(f"“{each.name}”" for each in alike)
            notes.append(label(_VERDICTS[joins], groups=names, reason="; ".join(reasons)))
    notes += [label(key) for breakdown, key in _RESIDUES.items() if breakdown in shown]
    return tuple(notes)
