"""What a generated country is asked to be: province, months, seed, share of communes, faults.

Belongs here: the wishes and their checks. How they are met is in the other modules of this package.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ocop_pipeline.domain.periods import Grain, Period

NATION_CODE = "VN"
"""Stands for every province of the day instead of one code."""

FaultWish = Literal["demo", "none"] | Mapping[str, int]


class OptionsError(ValueError):
    """Options that no country can be generated from; the message says what to write instead."""


@dataclass(frozen=True)
class Options:
    """The country wanted.

    Attributes:
        province_code: Official code of a province on the closing day of `period`, or `VN` for all of them.
        period: The month under test (`2026-10`); its files are XLSX and carry the faults.
        seed: The same seed and options give the same bytes.
        share: Share of the communes that send anything at all, more than 0 and at most 1.
        history: Earlier months, whose files are all sound.
        faults: `demo`, `none`, or how many of each kind of `faults.FAULTS`.
        history_format: Format of the earlier months; CSV is the faster to write.
        spread: How far units differ in size: the figures of a unit are multiplied by something between
            1 - spread and 1 + spread.
        workers: Processes that write files; one writes them in this process.
        pace: How often things happen: factor on the chances of a month's activities and recognitions.
        plan: Code of a plan: only the units and departments it binds send anything, all others are silent, and
            the products it names exist. Blank for everybody.
    """

    province_code: str
    period: str
    seed: int = 1
    share: float = 1.0
    history: tuple[str, ...] = ()
    faults: FaultWish = "demo"
    history_format: Literal["csv", "xlsx"] = "csv"
    spread: float = 0.4
    workers: int = 1
    pace: float = 1.0
    plan: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be generated.

        Raises:
            OptionsError: a period that is no month, a history that is not wholly before it, a share or spread
                out of range.
        """
        months = [Period(key) for key in (*self.history, self.period)]
        if any(month.grain is not Grain.MONTH for month in months):
            raise OptionsError("period and history are months such as 2026-10")
        if len(set(months)) != len(months) or any(month.start >= months[-1].start for month in months[:-1]):
            raise OptionsError("history must name months before the period, each once")
        if not 0 < self.share <= 1:
            raise OptionsError("share must be more than 0 and at most 1")
        if not 0 <= self.spread < 1:
            raise OptionsError("spread must be at least 0 and less than 1")
        if self.pace <= 0:
            raise OptionsError("pace must be more than 0")
        if self.workers < 1:
            raise OptionsError("workers must be at least 1")

    @property
    def months(self) -> tuple[Period, ...]:
        """All months that get files, the earliest first."""
        return tuple(sorted(Period(key) for key in (*self.history, self.period)))
