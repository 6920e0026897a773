"""What a published figure says before it becomes words: its state, its amounts, what it compares with.

Here: the four states (silence is not zero), the ids that walk a figure back, and the rule of comparison. Not
here: SQL, sentences, layout.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from ocop_pipeline.domain.indicators import Indicator, Kind, Source
from ocop_pipeline.reporting.document import Mark
from ocop_pipeline.reporting.gather import COMMUNE_FORM, LikeForLike, ReportData, Summary

_HUNDRED: Final = Decimal(100)


class State(StrEnum):
    """What there is to say about a figure."""

    NUMBER = "number"
    NOTHING = "nothing"
    """Every report that gave the figure wrote "không phát sinh"."""
    NOT_REPORTED = "not_reported"
    """No report gave the figure."""
    NOT_COLLECTED = "not_collected"
    """No form in use asks for it."""

    @property
    def mark(self) -> Mark | None:
        """The sign printed for the state; None for a number."""
        return {
            State.NOTHING: Mark.NOTHING_TO_REPORT,
            State.NOT_REPORTED: Mark.NOT_REPORTED,
            State.NOT_COLLECTED: Mark.NOT_COLLECTED,
        }.get(self)


class Direction(StrEnum):
    """How a figure stands against the same month of the year before."""

    UNKNOWN = "unknown"
    """One of the two is missing: nothing may be said."""
    OTHER_SCOPE = "other_scope"
    """Not every report gave both: the two are not of the same scope."""
    EQUAL = "equal"
    UP = "up"
    DOWN = "down"
    FROM_NOTHING = "from_nothing"
    """It was nought: no percentage exists."""
    TO_NOTHING = "to_nothing"
    """It is nought now: said in words, "down by 100%" reads as a slip."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number ready to be printed: exact value, unit of measure, and the figure it can be walked back to.

    `estimated` is what of the value was shared out from units that have been divided since.
    """

    value: Decimal
    unit: str
    figure_id: str
    estimated: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Change:
    """A comparison with the year before.

    Attributes:
        direction: What may be said.
        size: By how much: per cent, for percentages percentage points; None where no number may be given.
        index: The figure as a percentage of the earlier one; None where the earlier one is missing or nought.
        same_scope: Whether both figures come from all reports asked for, and equally many of them.
    """

    direction: Direction
    size: Decimal | None = None
    index: Decimal | None = None
    same_scope: bool = False


@dataclass(frozen=True, slots=True)
class LikeChange:
    """The figure of the reporters that gave it in both years, as a percentage of the earlier one (`index`)."""

    index: Decimal
    reporters: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of one unit, with everything a sentence or a row says about it.

    Attributes:
        code: Code of the indicator.
        breakdown: The part meant, blank for the total.
        name: Name of the indicator, or of the part.
        kind: How it adds up.
        unit: Unit of measure.
        state: What there is to say for the month.
        figure_id: Under which the month's figure can be asked for, also where it is one of the four signs.
        month, quarter, year, last_month, last_year: The amounts that exist.
        numerator, denominator: The two parts of a ratio.
        expected, reported: Reports that were asked for the figure, and that gave it.
        by_communes: Whether only communes are asked for it.
        month_change, year_change: Comparisons with the year before.
        month_like, year_like: The same on the reporters of both years; None where nothing is known.
        quarter_state, year_state: What there is to say for the quarter and the year to date.
        last_month_state, last_year_state: The same for the year before; None where nothing is known of it.
        from_register: Whether it is counted from the register, which knows of units silent this month too: the
            reports asked and received then tell how fresh it is, not what it is made of.
    """

    code: str
    breakdown: str
    name: str
    kind: Kind
    unit: str
    state: State
    figure_id: str
    month: Amount | None
    quarter: Amount | None
    year: Amount | None
    last_month: Amount | None
    last_year: Amount | None
    numerator: Amount | None
    denominator: Amount | None
    expected: int
    reported: int
    by_communes: bool
    month_change: Change
    year_change: Change
    quarter_state: State
    year_state: State
    last_month_state: State | None = None
    last_year_state: State | None = None
    from_register: bool = False
    month_like: LikeChange | None = None
    year_like: LikeChange | None = None

    @property
    def complete(self) -> bool:
        """Whether every report that was asked gave the figure."""
        return self.reported == self.expected > 0

    @property
    def is_nought(self) -> bool:
        """Whether it is known to be 0, or reported as nothing."""
        return self.state is State.NOTHING or (self.month is not None and self.month.value == 0)


def read(data: ReportData, code: str, breakdown: str = "", unit_id: str | None = None) -> Reading:
    """Read one figure.

    Args:
        data: The report's data.
        code: Code of an indicator.
        breakdown: `dimension=code` pairs joined by `;`, blank for the total.
        unit_id: The unit; the report's own by default.

    Returns:
        The reading; of state `NOT_COLLECTED` where no form asks the unit for the figure.

    Raises:
        KeyError: the catalogue has no such indicator.
    """
    indicator = data.indicators[code]
    unit_id = unit_id or data.unit.unit_id
    summary = data.summary(code, breakdown, unit_id)
    amounts = _Amounts(data, indicator, breakdown, unit_id)
    state = state_of(summary.month_state) if summary else State.NOT_COLLECTED
    shown = summary if state is State.NUMBER else None
    return Reading(
        code=code,
        breakdown=breakdown,
        name=split_name(data, code, breakdown) if breakdown else indicator.name_vi,
        kind=indicator.kind,
        unit=indicator.unit_vi,
        state=state,
        figure_id=figure_id(data.period.key, unit_id, code, breakdown),
        month=amounts.of(shown.month if shown else None, "month", shown.month_estimated if shown else None),
        quarter=amounts.of(
            summary.quarter if summary else None, "quarter", summary.quarter_estimated if summary else None
        ),
        year=amounts.of(
            summary.year if summary else None, "year", summary.year_estimated if summary else None
        ),
        last_month=amounts.earlier(summary, "last_month"),
        last_year=amounts.earlier(summary, "last_year"),
        numerator=amounts.part("numerator", indicator.numerator, shown),
        denominator=amounts.part("denominator", indicator.denominator, shown),
        expected=summary.expected if summary else 0,
        reported=summary.reported if summary else 0,
        by_communes=data.askers.get(code) == frozenset({COMMUNE_FORM}),
        month_change=_month_change(summary, indicator, state),
        year_change=_year_change(summary, indicator),
        quarter_state=state_of(summary.quarter_state) if summary else State.NOT_COLLECTED,
        year_state=state_of(summary.year_state) if summary else State.NOT_COLLECTED,
        last_month_state=_state_then(summary.last_month_state if summary else None),
        last_year_state=_state_then(summary.last_year_state if summary else None),
        from_register=_from_register(data, indicator),
        month_like=_like(summary.like_month if summary else None, indicator),
        year_like=_like(summary.like_year if summary else None, indicator),
    )


def _from_register(data: ReportData, indicator: Indicator) -> bool:
    counted = data.indicators[indicator.numerator] if indicator.numerator else indicator
    return counted.source is Source.REGISTER


def state_of(told: str | None) -> State:
    """What there is to say of a span, as published; of a span that no form asks for it there is no row.

    Args:
        told: `core.rollups.figure_state`, None where nothing is published.
    """
    return State(told) if told else State.NOT_COLLECTED


def _state_then(told: str | None) -> State | None:
    return State(told) if told else None


def split_name(data: ReportData, code: str, breakdown: str) -> str:
    """Name a part of an indicator; parts of several dimensions are joined by commas."""
    names = []
    for pair in breakdown.split(";"):
        dimension, _, item = pair.partition("=")
        names.append(dict(data.splits.get((code, dimension), ())).get(item, item))
    return ", ".join(names)


def figure_id(period: str, unit_id: str, code: str, breakdown: str = "", span: str = "month") -> str:
    """Write the id under which a printed figure can be asked for: `2026-10/p68.2/SP01/star=3@year`."""
    place = "/".join(filter(None, (period, unit_id, code, breakdown.replace(";", ","))))
    return place if span == "month" else f"{place}@{span}"


@dataclass(frozen=True, slots=True)
class _Amounts:
    data: ReportData
    indicator: Indicator
    breakdown: str
    unit_id: str

    def of(
        self, value: Decimal | None, span: str = "month", estimated: Decimal | None = None
    ) -> Amount | None:
        return self._amount(value, self.data.period.key, self.indicator, span, estimated)

    def earlier(self, summary: Summary | None, name: Literal["last_month", "last_year"]) -> Amount | None:
        if summary is None:
            return None
        value, estimated, span = (
            (summary.last_month, summary.last_month_estimated, "month")
            if name == "last_month"
            else (summary.last_year, summary.last_year_estimated, "year")
        )
        return self._amount(value, self.data.last_year, self.indicator, span, estimated)

    def part(
        self, name: Literal["numerator", "denominator"], code: str | None, summary: Summary | None
    ) -> Amount | None:
        """A part of the ratio: added over the reports that gave both, so not that indicator's own total."""
        if code is None or summary is None:
            return None
        value = summary.numerator if name == "numerator" else summary.denominator
        return self._amount(value, self.data.period.key, self.data.indicators[code], name)

    def _amount(
        self,
        value: Decimal | None,
        period: str,
        measured: Indicator,
        span: str,
        estimated: Decimal | None = None,
    ) -> Amount | None:
        if value is None:
            return None
        address = figure_id(period, self.unit_id, self.indicator.code, self.breakdown, span)
        return Amount(value, measured.unit_vi, address, estimated or Decimal(0))


def _like(found: LikeForLike | None, indicator: Indicator) -> LikeChange | None:
    if found is None or not found.last_year or indicator.kind is Kind.RATIO:
        return None
    return LikeChange(found.value * _HUNDRED / found.last_year, found.reporters)


def _month_change(summary: Summary | None, indicator: Indicator, state: State) -> Change:
    if summary is None or state not in (State.NUMBER, State.NOTHING):
        return Change(Direction.UNKNOWN)
    now = (summary.expected, summary.reported)
    then = (summary.last_month_expected, summary.last_month_reported)
    return compare(
        summary.month, summary.last_month, indicator.kind, same_scope=_complete(*now) and now == then
    )


def _year_change(summary: Summary | None, indicator: Indicator) -> Change:
    if summary is None:
        return Change(Direction.UNKNOWN)
    now = (summary.year_expected, summary.year_reported)
    then = (summary.last_year_expected, summary.last_year_reported)
    return compare(
        summary.year, summary.last_year, indicator.kind, same_scope=_complete(*now) and now == then
    )


def _complete(expected: int | None, reported: int | None) -> bool:
    return bool(expected) and expected == reported


def compare(now: Decimal | None, then: Decimal | None, kind: Kind, *, same_scope: bool) -> Change:
    """Compare two figures.

    Args:
        now: The figure, None when missing.
        then: The earlier figure, None when missing.
        kind: Its kind: ratios differ by percentage points, all else by per cent.
        same_scope: Whether both come from all reports asked for, and equally many of them. Where some are
            missing they may be different ones, so that the two are not of the same scope.

    Returns:
        What may be said; the index also across scopes, for tables that mark it so.
    """
    if now is None or then is None:
        return Change(Direction.UNKNOWN)
    index = now * _HUNDRED / then if then and kind is not Kind.RATIO else None
    if not same_scope:
        return Change(Direction.OTHER_SCOPE, index=index)
    if now == then:
        return Change(Direction.EQUAL, index=index, same_scope=True)
    if then == 0:
        return Change(Direction.FROM_NOTHING, same_scope=True)
    if now == 0:
        return Change(Direction.TO_NOTHING, index=index, same_scope=True)
    size = abs(now - then) if kind is Kind.RATIO else abs(now - then) * _HUNDRED / then
    return Change(Direction.UP if now > then else Direction.DOWN, size, index, same_scope=True)
