"""What is counted, and how each count may be added up.

Belongs here: the kinds of indicator and what each allows. Does not: values, SQL, or which indicators
exist (that is `catalogue/data/indicators.csv`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How values of an indicator combine over units and over the months of a period."""

    FLOW = "flow"
    """Adds over units and months."""
    STOCK = "stock"
    """Adds over units; over months the last one stands."""
    YEAR_STOCK = "year_stock"
    """A stock that starts anew each year: cumulative since the year began (luỹ kế từ đầu năm)."""
    SHARE = "share"
    """Units that answered yes, of those that answered; over months the last answer stands."""
    RATIO = "ratio"
    """Never added or averaged: recomputed from numerator and denominator at every tier."""
    DISTINCT = "distinct"
    """Counted afresh at every tier (from the register or the list of units), never added."""


class Source(StrEnum):
    """Where the values that enter the totals come from."""

    FORM = "form"
    REGISTER = "register"
    COMPUTED = "computed"


class PartRule(StrEnum):
    """What the lines of a breakdown must satisfy against their total."""

    PARTS = "parts"
    """The parts add up to the total."""
    OF_WHICH = "of_which"
    """Each part is at most the total; parts may overlap ("trong đó")."""
    NESTED = "nested"
    """Each part contains the one before (expiring in 3, 6, 12 months)."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One way an indicator is split: `dimension=code` for each code of a list on the period's last day."""

    dimension: str
    code_list: str
    rule: PartRule


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of the indicator list; `unit_vi` is the unit of measure, `decimals` the digits it is kept to."""

    code: str
    section: str
    name_vi: str
    name_en: str
    kind: Kind
    value_type: str
    unit_vi: str
    decimals: int
    breakdowns: tuple[Breakdown, ...]
    forms: tuple[str, ...]
    required_on: tuple[str, ...]
    source: Source
    numerator: str | None
    denominator: str | None
    definition_vi: str
    confidence: str
    position: int

    @property
    def measure(self) -> str:
        """The column of the form this indicator is written in: `in_period` for flows, else `closing`."""
        return "in_period" if self.kind is Kind.FLOW else "closing"
