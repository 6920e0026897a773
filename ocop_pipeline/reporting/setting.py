"""What every block is built from, and the cells all tables share.

Here: a report's data beside its words, and how one figure stands in a cell. Not here: any table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Cell, Mark, marked
from ocop_pipeline.reporting.gather import ReportData
from ocop_pipeline.reporting.readings import Amount, Reading, State
from ocop_pipeline.reporting.spec import ReportSpec

ESTIMATED: Final = "≈"
"""Before a figure of which some part was shared out from units that have been divided since; a note says how much."""


@dataclass(frozen=True)
class Setting:
    """What a block is built from.

    Attributes:
        data: The report's data.
        spec: The kind of report.
        annexes: Key of each annex that is printed -> what the text calls it ("Phụ lục IV").
    """

    data: ReportData
    spec: ReportSpec
    annexes: Mapping[str, str]

    def label(self, key: str, **values: object) -> str:
        """A word of the report."""
        return self.spec.label(key, **values)

    def year_note(self) -> tuple[str, ...]:
        """Say where the year to date is made of fewer months than the year has; nothing where it is whole."""
        months, known = len(self.data.period.year_to_date()), len(self.data.months)
        if known == months:
            return ()
        return (self.label("year_note", known=formats.count(known), months=formats.count(months)),)

    def name(self, code_list: str, code: str) -> str:
        """Name of a code; the code itself where the list does not know it, blank for blank."""
        return self.data.names.get((code_list, code), code)


def month_cell(reading: Reading) -> Cell:
    """Print a reading's month, or the sign of its state; either can be asked for by its id."""
    if reading.month is None or reading.state.mark is not None:
        return marked(reading.state.mark or Mark.NOT_REPORTED, figure_id=reading.figure_id)
    return amount_cell(reading.month, reading.state)


def amount_cell(amount: Amount | None, state: State) -> Cell:
    """Print an amount, or the sign of the state that stands in its place."""
    if amount is None or state.mark is not None:
        return marked(state.mark or Mark.NOT_REPORTED, figure_id=amount.figure_id if amount else "")
    if amount.value == 0:
        return marked(Mark.ZERO, figure_id=amount.figure_id)
    text = formats.quantity(amount.value, amount.unit)
    return Cell(f"{ESTIMATED}\u00a0{text}" if amount.estimated else text, figure_id=amount.figure_id)


def count_cell(value: int, figure_id: str = "") -> Cell:
    """Print a count of the register; one that is published as a figure goes with its id."""
    if value == 0:
        return marked(Mark.ZERO, figure_id=figure_id)
    return Cell(formats.number(value), figure_id=figure_id)


def coverage_cell(reading: Reading) -> Cell:
    """Print how many reports gave a figure, of how many that were asked."""
    return Cell(f"{formats.number(reading.reported)}/{formats.number(reading.expected)}")


def day_text(day: date | None) -> str:
    """Write a date as dd/mm/yyyy, a missing one as nothing."""
    return formats.short_date(day) if day else ""
