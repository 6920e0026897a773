"""Invents the figures of one reporting unit month by month, so that each month fits the one before.

Belongs here: sizes, splits and their arithmetic (parts make totals, a part never exceeds its whole, funds
only grow within a year). How a figure is written into a cell is in `submission.py`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from ocop_pipeline.domain.forms import FUNDING, FormLine
from ocop_pipeline.domain.indicators import Indicator, Kind, PartRule, Source
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.generator.wording import between, dice, pick, profiles

Key: TypeAlias = tuple[str, str]
"""(indicator, breakdown)."""

_PLANNED, _DISBURSED, _SETTLED = "KP01", "KP02", "KP03"
_MID_YEAR = 7


@dataclass(frozen=True)
class Asked:
    """What a form asks for in a month, arranged for inventing answers."""

    totals: tuple[Indicator, ...]
    splits: Mapping[str, tuple[tuple[PartRule, str, tuple[str, ...]], ...]]
    funding_cells: tuple[str, ...]

    @classmethod
    def of(cls, lines: Sequence[FormLine], indicators: Mapping[str, Indicator]) -> "Asked":
        """Arrange the lines of a form; register figures are not invented here but counted."""
        totals = [
            indicators[line.indicator]
            for line in lines
            if not line.breakdown
            and line.part != FUNDING
            and indicators[line.indicator].source is Source.FORM
        ]
        splits: dict[str, list[tuple[PartRule, str, tuple[str, ...]]]] = {}
        for indicator in totals:
            for split in indicator.breakdowns:
                prefix = f"{split.dimension}="
                found = tuple(
                    line.breakdown
                    for line in lines
                    if line.indicator == indicator.code and line.breakdown.startswith(prefix)
                )
                splits.setdefault(indicator.code, []).append((split.rule, split.code_list, found))
        cells = tuple(
            dict.fromkeys(line.breakdown for line in lines if line.part == FUNDING and line.breakdown)
        )
        # Parts first: a stock that is a part of another one needs that one's size.
        whole_first = sorted(totals, key=lambda indicator: "of" in _profile("stocks", indicator.code))
        return cls(tuple(whole_first), {code: tuple(found) for code, found in splits.items()}, cells)


@dataclass
class Figures:
    """The running figures of one unit. `advance` is called for the months asked for, in order.

    Attributes:
        identity: What makes this unit's chance its own: seed, unit, agency, form.
        size: Factor on all sizes: how large the unit is, and its tier.
        only: The indicators it answers at all; None for every one.
        pace: Factor on the chance that something happens in a month.
    """

    identity: tuple[object, ...]
    size: float
    only: frozenset[str] | None = None
    pace: float = 1.0
    _stocks: dict[str, float] = field(default_factory=dict)
    _plan: dict[str, int] = field(default_factory=dict)
    _spent: dict[str, int] = field(default_factory=dict)
    _settled: dict[str, int] = field(default_factory=dict)
    _accounted: Period | None = None

    def advance(self, month: Period, asked: Asked, products: int) -> dict[Key, Decimal]:
        """The figures of the next month.

        Args:
            month: The month, later than that of the last call.
            asked: What the form asks for.
            products: Valid products of the unit, for figures that depend on them.

        Returns:
            Value by (indicator, breakdown); yes is 1 and no 0; money in million đồng with two decimals.
        """
        chance = dice(*self.identity, month.key)
        values: dict[Key, Decimal] = {}
        for indicator in asked.totals:
            if self.only is not None and indicator.code not in self.only:
                continue
            total = self._total(indicator, chance, values, products)
            values[indicator.code, ""] = _decimal(total, indicator.decimals)
            for rule, code_list, breakdowns in asked.splits.get(indicator.code, ()):
                weights = self._weights(indicator, code_list, breakdowns, chance)
                parts = (
                    split(total, weights) if rule is PartRule.PARTS else _some_of(total, breakdowns, chance)
                )
                for breakdown, part in zip(breakdowns, parts, strict=True):
                    values[indicator.code, breakdown] = _decimal(part, indicator.decimals)
        if self.only is None or _PLANNED in self.only:
            values |= self._funding(month, asked.funding_cells)
        return values

    def _total(
        self, indicator: Indicator, chance: random.Random, values: Mapping[Key, Decimal], products: int
    ) -> int:
        """A figure in its smallest unit (hundredths of a million đồng for money)."""
        unit = int(10**indicator.decimals)
        if indicator.kind is Kind.SHARE:
            return self._answer(indicator.code, chance)
        profile = _profile("flows" if indicator.kind is Kind.FLOW else "stocks", indicator.code)
        if indicator.kind is Kind.FLOW:
            return self._flow(profile, unit, chance, values, products)
        return self._stock(indicator.code, profile, chance, values, products) * unit

    def _flow(
        self,
        profile: Mapping[str, Any],
        unit: int,
        chance: random.Random,
        values: Mapping[Key, Decimal],
        products: int,
    ) -> int:
        per = profile.get("per")
        times = products if per == "products" else int(values.get((per, ""), 0)) if per else 1
        if not times or chance.random() >= profile.get("chance", 1 / self.pace) * self.pace:
            return 0
        # What comes per meeting or product needs no size: its base has it already.
        size = 1.0 if per else self.size
        low, high = profile["low"] * unit, profile["high"] * unit
        return sum(max(1, round(size * between(chance, low, high))) for _ in range(times))

    def _stock(
        self,
        code: str,
        profile: Mapping[str, Any],
        chance: random.Random,
        values: Mapping[Key, Decimal],
        products: int,
    ) -> int:
        low, high = profile["low"], profile["high"]
        if "of" in profile:
            whole = products if profile["of"] == "products" else int(values.get((profile["of"], ""), 0))
            part = self._stocks.get(code) or low + (high - low) * dice(*self.identity, code).random()
            self._stocks[code] = min(1.0, part + 0.01 * chance.random())
            return int(whole * self._stocks[code])
        if code not in self._stocks:
            first = between(dice(*self.identity, code), low, high)
            self._stocks[code] = max(low, round(first * (self.size if high > 5 else 1)))
        elif chance.random() < profile["drift"]:
            self._stocks[code] = max(low, self._stocks[code] + pick(chance, (-1, 1, 1)))
        return int(self._stocks[code])

    def _answer(self, code: str, chance: random.Random) -> int:
        profile = profiles()["shares"].get(code, profiles()["shares"]["default"])
        if code not in self._stocks:
            self._stocks[code] = float(dice(*self.identity, code).random() < profile["low"])
        elif chance.random() < profile["drift"]:
            self._stocks[code] = 1.0
        return int(self._stocks[code])

    def _weights(
        self, indicator: Indicator, code_list: str, breakdowns: Sequence[str], chance: random.Random
    ) -> list[float]:
        """How a total is shared out: at random for a flow, always alike for a stock, which moves slowly."""
        source = chance if indicator.kind is Kind.FLOW else dice(*self.identity, indicator.code, code_list)
        favoured = profiles()["weights"].get(code_list, {})
        return [
            favoured.get(breakdown.partition("=")[2], 1 / (position + 1)) * source.random()
            for position, breakdown in enumerate(breakdowns)
        ]

    def _funding(self, month: Period, cells: Sequence[str]) -> dict[Key, Decimal]:
        """The funds of the year up to a month, whichever months were asked for before."""
        for each in month.year_to_date():
            if self._accounted is None or each > self._accounted:
                self._account(each, cells)
        values: dict[Key, Decimal] = {}
        for cell in self._plan:
            values[_PLANNED, cell] = _decimal(self._plan[cell], 2)
            values[_DISBURSED, cell] = _decimal(self._spent[cell], 2)
            values[_SETTLED, cell] = _decimal(self._settled[cell], 2)
        for code in (_PLANNED, _DISBURSED, _SETTLED):
            values[code, ""] = sum((values[code, cell] for cell in self._plan), Decimal("0.00"))
        return values

    def _account(self, month: Period, cells: Sequence[str]) -> None:
        """What a month adds to the year's funds."""
        profile = profiles()["funding"]
        chance = dice(*self.identity, "funding", month.key)
        if self._accounted is None or self._accounted.year != month.year:
            self._new_year(month.year, cells)
        for cell in self._plan:
            if month.end.month == _MID_YEAR and chance.random() < profile["more_in_july"]:
                self._plan[cell] += self._plan[cell] // 10
            rate = (
                profile["monthly_low"] + (profile["monthly_high"] - profile["monthly_low"]) * chance.random()
            )
            self._settled[cell] = max(self._settled[cell], int(self._spent[cell] * profile["settled"]))
            self._spent[cell] = min(self._plan[cell], self._spent[cell] + int(self._plan[cell] * rate))
        self._accounted = month

    def _new_year(self, year: int, cells: Sequence[str]) -> None:
        profile = profiles()["funding"]
        chance = dice(*self.identity, "funding", year)
        used = sorted(chance.sample(range(len(cells)), min(profile["cells"], len(cells))))
        self._plan = {
            cells[at]: round(self.size * between(chance, profile["low"], profile["high"])) * 100
            for at in used
        }
        self._spent = dict.fromkeys(self._plan, 0)
        self._settled = dict.fromkeys(self._plan, 0)


def split(total: int, weights: Sequence[float]) -> list[int]:
    """Share a whole number out by weights so that the parts add up to it exactly (largest remainders)."""
    whole = sum(weights)
    if not whole:
        return [total if position == 0 else 0 for position in range(len(weights))]
    exact = [total * weight / whole for weight in weights]
    parts = [int(value) for value in exact]
    most_left = sorted(range(len(parts)), key=lambda at: parts[at] - exact[at])
    for at in most_left[: total - sum(parts)]:
        parts[at] += 1
    return parts


def _some_of(total: int, breakdowns: Sequence[str], chance: random.Random) -> list[int]:
    """Parts that may overlap: each at most the total ("trong đó")."""
    return [int(total * (0.1 + 0.6 * chance.random())) for _ in breakdowns]


def _profile(kind: str, code: str) -> Mapping[str, Any]:
    known: dict[str, dict[str, Any]] = profiles()[kind]
    profile: dict[str, Any] = known.get(code, known["default"])
    return profile


def _decimal(smallest: int, decimals: int) -> Decimal:
    return Decimal(smallest).scaleb(-decimals) if decimals else Decimal(smallest)
