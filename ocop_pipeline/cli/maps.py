"""The option --map: on which map of units a command shows its figures.

Belongs here: what the option means, and the warehouse opened on that map. How figures come there is
`warehouse.other_map`.
"""

import contextlib
from collections.abc import Iterator
from datetime import date
from typing import Annotated

import typer

from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli.console import Site, parse_day, require_run
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.warehouse.connection import Connection, open_reader
from ocop_pipeline.warehouse.figures import months_run
from ocop_pipeline.warehouse.other_map import on_map as figures_on_map

AS_REPORTED, TODAY = "as-reported", "today"
"""The maps that have a name; any other is the day it is of."""
MapOption = Annotated[str, typer.Option("--map", help=load_messages().both("help.option.map"))]


def map_day(on_map: str, month: Period) -> date:
    """The day whose map is asked for; refused where the text is no day."""
    if on_map == AS_REPORTED:
        return month.end
    if on_map == TODAY:
        return date.today()  # noqa: DTZ011 - a calendar day of whoever asks
    return parse_day(on_map)


@contextlib.contextmanager
def open_on_map(
    place: Site, month: Period, on_map: str, day: date, since: Period | None = None
) -> Iterator[Connection]:
    """The warehouse, or a view of it in which the month, and those run from `since` to it, are on another day's map."""
    with open_reader(place.settings.warehouse) as connection:
        run = months_run(connection)
        require_run(run, month)
        if on_map == AS_REPORTED:
            yield connection
            return
    months = [Period(each) for each in run if (since or month).key <= each <= month.key]
    with figures_on_map(place.settings.warehouse, place.catalogue, months, day) as connection:
        yield connection
