"""The work list of lapsing certificates, told by commune or by producer.

Belongs here: counting the lines of `Book.expiring` by whom they concern. Does not: which certificates lapse and which
round still fits (`book.py`), printing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ocop_pipeline.domain.certificates import add_months
from ocop_pipeline.register.book import HORIZONS, Lapse


class By(StrEnum):
    """What the lines of the work list are counted by."""

    UNIT = "unit"
    """The commune a product is in on the map of the day."""
    PRODUCER = "producer"
    """The producer, once, in however many communes."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What lapses in one commune, or of one producer.

    Attributes:
        identity: Id of the unit or of the producer.
        name: Its name; of a producer that no line names, "".
        units: (id, name) of the communes its products are in, in the order of the list.
        counts: (months, products that lapse within them); each horizon contains the one before.
        first_expiry: The first day on which one of them is without validity.
        next_round: The first of the days of evaluation rounds that still fit one of them; None when there is none.
        too_late: Products for which no dated round fits any more.
        undated: Products of which the catalogue knows no dated round.
    """

    identity: str
    name: str
    units: tuple[tuple[str, str], ...]
    counts: tuple[tuple[int, int], ...]
    first_expiry: date
    next_round: date | None
    too_late: int
    undated: int


_KEY: dict[By, Callable[[Lapse], tuple[str, str]]] = {
    By.UNIT: lambda each: (each.entry.unit_id, each.entry.unit_name),
    By.PRODUCER: lambda each: (each.entry.producer_id, each.entry.producer_name or ""),
}


def horizons(months: int) -> tuple[int, ...]:
    """The months that are counted when so many are asked for: those of the work list below, and the number itself."""
    return (*(each for each in HORIZONS if each < months), months)


def counts(lapses: Iterable[Lapse], on: date, months: int) -> tuple[tuple[int, int], ...]:
    """How many certificates lapse within each horizon, the nearer ones contained in the farther."""
    days = [each.entry.expiry_date for each in lapses]
    return tuple((each, sum(day <= add_months(on, each) for day in days)) for each in horizons(months))


def workloads(lapses: Iterable[Lapse], by: By, on: date, months: int) -> list[Workload]:
    """The work list by commune or by producer, in the order in which they first stand in it.

    Args:
        lapses: Lines of the work list (`Book.expiring`), by unit and producer.
        by: What is counted by.
        on: The day the list is of.
        months: How far it looks.
    """
    found: defaultdict[str, list[Lapse]] = defaultdict(list)
    for each in lapses:
        found[_KEY[by](each)[0]].append(each)
    return [_workload(identity, lines, by, on, months) for identity, lines in found.items()]


def _workload(identity: str, lines: Sequence[Lapse], by: By, on: date, months: int) -> Workload:
    return Workload(
        identity=identity,
        name=next((name for _, name in map(_KEY[by], lines) if name), ""),
        units=tuple(dict.fromkeys(map(_KEY[By.UNIT], lines))),
        counts=counts(lines, on, months),
        first_expiry=min(each.entry.expiry_date for each in lines),
        next_round=min((each.round_date for each in lines if each.round_date), default=None),
        too_late=sum(each.round_known and each.round_date is None for each in lines),
        undated=sum(not each.round_known for each in lines),
    )
