"""What is known about the generated country before any pipeline has seen it, and the sums that follow.

Belongs here: every figure an accepted file gives, every fault planted, and the totals computed from them by
the kind of each indicator, in plain Python. It shares no code with the roll-up it is compared with.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, TypeAlias

from ocop_pipeline.domain.certificates import add_months
from ocop_pipeline.domain.indicators import Indicator, Kind, Source
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.generator.figures import Key
from ocop_pipeline.generator.register import VALIDITY_MONTHS
from ocop_pipeline.generator.submission import DutyAnswer

Span = Literal["month", "quarter_to_date", "year_to_date", "month_last_year", "year_to_date_last_year"]
_LAST_YEAR: dict[str, Span] = {"month_last_year": "month", "year_to_date_last_year": "year_to_date"}
SenderKey: TypeAlias = tuple[str, str, str]
"""(form, unit id, agency or blank)."""

_COMMUNE_FORM = "OCOP-XA"
_REGISTER_FORMS = (_COMMUNE_FORM, "OCOP-HU")
"""Reports that carry a register of products."""
_RATIO_STEP = Decimal("0.0001")
_PERCENT = 100
_LIST_OF_2023 = date(2023, 2, 24)
_WIDEST_HORIZON = "12"


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """A fault in a file and the finding it must be given; no sheet and cell for the file as a whole."""

    kind: str
    code: str
    severity: str
    sheet: str = ""
    cell: str = ""


@dataclass(frozen=True, slots=True)
class FileTruth:
    """One file and what must become of it.

    Attributes:
        path: Below the inbox, with forward slashes.
        form: The form it is on, whatever its bytes came to be.
        layout: Code of the layout.
        unit_id: The unit that sent it.
        agency: The department that sent it, or blank.
        period: The month it was made for.
        verdict: What must become of it: accepted, returned, set_aside or duplicate.
        counts: Whether its values count: accepted, and not superseded by an accepted correction.
        faults: The faults planted in it.
        oddities: Harmless departures from the form as issued.
        supersedes: Path of the file it corrects, or blank.
        sent_at: ISO time with offset, the file's time of last change.
        late: Whether that is after the deadline.
    """

    path: str
    form: str
    layout: str
    unit_id: str
    agency: str
    period: str
    verdict: str
    counts: bool
    faults: tuple[PlantedFault, ...] = ()
    oddities: tuple[str, ...] = ()
    supersedes: str = ""
    sent_at: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class RecognitionTruth:
    """One recognition of a product."""

    star: str
    kind: str
    level: str
    body: str
    decision_no: str
    decision_date: date

    @property
    def expiry(self) -> date:
        """The day it lapses, 36 months after the decision."""
        return add_months(self.decision_date, VALIDITY_MONTHS)


@dataclass(frozen=True, slots=True)
class ProductTruth:
    """A product as the accepted files show it.

    Attributes:
        name: Product name, unique for its producer.
        producer: Producer name, unique in the country.
        producer_type: Code of its type.
        groups: Code of its product group in each month.
        homes: Unit id of its commune in each month.
        recognitions: The recognitions that accepted files have shown, oldest first.
    """

    name: str
    producer: str
    producer_type: str
    groups: Mapping[str, str]
    homes: Mapping[str, str]
    recognitions: tuple[RecognitionTruth, ...]

    def latest(self, on: date) -> RecognitionTruth | None:
        """The latest recognition decided up to a day."""
        known = [event for event in self.recognitions if event.decision_date <= on]
        return known[-1] if known else None


@dataclass
class Truth:
    """The country, known in full.

    Attributes:
        files: Every file written, in order of time.
        indicators: Kind, source, numerator, denominator by indicator.
        senders: Who is expected to report, by month.
        above: For each month, the units above each unit, itself first.
        values: The values of the files that count: by month and sender, value by (indicator, breakdown).
        duties: What the files that count say of the tasks of plans, by month and sender.
        products: The register as the files that count show it.
        skipped: Faults wished for that no report lent itself to.
    """

    files: list[FileTruth] = field(default_factory=list)
    indicators: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)
    senders: dict[str, list[SenderKey]] = field(default_factory=dict)
    above: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    values: dict[str, dict[SenderKey, dict[Key, Decimal]]] = field(default_factory=dict)
    duties: dict[str, dict[SenderKey, tuple[DutyAnswer, ...]]] = field(default_factory=dict)
    products: list[ProductTruth] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    _known: dict[str, set[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _told: dict[tuple[str, str], list[Period]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def expected(self, period: str, form: str | None = None) -> list[SenderKey]:
        """Who owes a report for a month, on one form or on any."""
        return [sender for sender in self.senders.get(period, []) if form in (None, sender[0])]

    def reported(self, period: str, form: str | None = None) -> list[SenderKey]:
        """Whose report for a month is accepted."""
        accepted = self.values.get(period, {})
        return [sender for sender in self.expected(period, form) if sender in accepted]

    def missing(self, period: str, form: str | None = None) -> list[SenderKey]:
        """Who has no accepted report for a month: sent nothing, or nothing that could be accepted."""
        accepted = self.values.get(period, {})
        return [sender for sender in self.expected(period, form) if sender not in accepted]

    def silent(self, period: str, form: str | None = None) -> list[SenderKey]:
        """Who sent no file at all for a month."""
        heard = {(file.form, file.unit_id, file.agency) for file in self.files if file.period == period}
        return [sender for sender in self.expected(period, form) if sender not in heard]

    def value(
        self, period: str, unit_id: str, indicator: str, breakdown: str = "", span: Span = "month"
    ) -> Decimal | None:
        """The right figure of a unit of any tier.

        Args:
            period: A month that has files.
            unit_id: A unit in force in it.
            indicator: Code of the indicator.
            breakdown: ``dimension=code``, or blank for the total.
            span: The month alone, or from the start of its quarter or reporting year up to it; or month or year to
                date of the year before, where the unit stood on the map of then.

        Returns:
            The figure: a sum, a count of units that answered yes, a count from the register, or a percentage
            with four decimals; None when nobody below gave a value.

        Raises:
            KeyError: an unknown indicator, a month without files, a unit outside the country of that month.
        """
        kind, source, numerator, denominator = self.indicators[indicator]
        if kind == Kind.FLOW and source == Source.REGISTER:
            return self._flow_of_register(period, unit_id, indicator, breakdown, span)
        if span in _LAST_YEAR:
            earlier = Period(period).same_last_year().key
            return self.value(earlier, unit_id, indicator, breakdown, _LAST_YEAR[span])
        if not any(unit_id in above for above in self.above[period].values()):
            raise KeyError(unit_id)
        months = [month.key for month in _months(Period(period), span)]
        if kind == Kind.RATIO:
            return self._ratio(months, unit_id, numerator, denominator, breakdown)
        if kind == Kind.DISTINCT:
            return Decimal(self._count(period, unit_id, indicator, breakdown))
        if kind != Kind.FLOW:
            months = months[-1:]
        return _sum(self._reported_sum(month, unit_id, indicator, breakdown) for month in months)

    def _below(self, period: str, unit_id: str) -> list[dict[Key, Decimal]]:
        """The values of each accepted report of the unit and of all below it."""
        above = self.above.get(period, {})
        return [
            values for sender, values in self.values.get(period, {}).items() if unit_id in above[sender[1]]
        ]

    def _reported_sum(self, period: str, unit_id: str, indicator: str, breakdown: str) -> Decimal | None:
        return _sum(values.get((indicator, breakdown)) for values in self._below(period, unit_id))

    def _ratio(
        self, months: list[str], unit_id: str, numerator: str, denominator: str, breakdown: str
    ) -> Decimal | None:
        if self.indicators[numerator][0] == Kind.DISTINCT:
            above = Decimal(self._count(months[-1], unit_id, numerator, breakdown))
            below = Decimal(self._count(months[-1], unit_id, denominator, breakdown))
            return _percent(above, below)
        if self.indicators[numerator][0] != Kind.FLOW:
            months = months[-1:]
        pairs = [
            (values[numerator, breakdown], values[denominator, breakdown])
            for month in months
            for values in self._below(month, unit_id)
            if (numerator, breakdown) in values and (denominator, breakdown) in values
        ]
        return _percent(
            sum((one for one, _ in pairs), Decimal(0)), sum((other for _, other in pairs), Decimal(0))
        )

    def _communes(self, period: str, unit_id: str) -> list[str]:
        above = self.above[period]
        return [sender[1] for sender in self.expected(period, _COMMUNE_FORM) if unit_id in above[sender[1]]]

    def _flow_of_register(
        self, period: str, unit_id: str, indicator: str, breakdown: str, span: Span
    ) -> Decimal | None:
        """Events of the span's months that any report up to the month told of, on the map of the month.

        None where no report up to then tells of the unit's register; nought where one does and nothing happened.
        """
        upto, above = Period(period), self.above[period]
        months = (
            _months(upto.same_last_year(), _LAST_YEAR[span]) if span in _LAST_YEAR else _months(upto, span)
        )
        homes = [each for each in self.products if unit_id in above.get(each.homes.get(period, ""), ())]
        happened = [
            (product, event)
            for product in homes
            for event in product.recognitions
            if any(self._happened(product, event, month, indicator) for month in months)
            and self._was_told(product, event, upto)
        ]
        if not happened and unit_id not in self._known_registers(upto):
            return None
        return Decimal(sum(_matches(breakdown, period, product, event) for product, event in happened))

    def _known_registers(self, month: Period) -> set[str]:
        """Units whose register is known at a month's end: they, or one below, reported or have a product told of."""
        if month.key not in self._known:
            above = self.above[month.key]
            heard = {
                sender[1]
                for period in self.values
                if Period(period) <= month
                for sender in self.reported(period)
                if not sender[2]
            }
            homes = {
                home
                for product in self.products
                if (home := product.homes.get(month.key)) is not None
                and any(self._was_told(product, event, month) for event in product.recognitions)
            }
            self._known[month.key] = {each for unit in heard | homes for each in above.get(unit, ())}
        return self._known[month.key]

    def _was_told(self, product: ProductTruth, event: RecognitionTruth, month: Period) -> bool:
        """Whether an accepted report up to a month told of it: the register of the commune or of its district."""
        return event.decision_date <= month.end and any(
            told <= month and event.decision_date <= told.end for told in self._told_in(product)
        )

    def _told_in(self, product: ProductTruth) -> list[Period]:
        """The months in which an accepted report carried the register the product stands in."""
        key = (product.producer, product.name)
        if key not in self._told:
            self._told[key] = [
                Period(told)
                for told, home in product.homes.items()
                if any(
                    sender[1] in (home, *self.above[told].get(home, ()))
                    for form in _REGISTER_FORMS
                    for sender in self.reported(told, form)
                )
            ]
        return self._told[key]

    @staticmethod
    def _happened(product: ProductTruth, event: RecognitionTruth, month: Period, indicator: str) -> bool:
        if indicator == "SP01":
            return month.contains(event.decision_date)
        if indicator == "SP05":
            return False  # the made-up register revokes nothing
        # Lapsed is what lapses in the month and was not recognised again by that day.
        return month.contains(event.expiry) and not any(
            event.decision_date < each.decision_date <= event.expiry for each in product.recognitions
        )

    def _count(self, period: str, unit_id: str, indicator: str, breakdown: str) -> int:
        """Things counted afresh for a unit: communes, products, producers, each once."""
        communes = set(self._communes(period, unit_id))
        if indicator == "SP07B":
            return len(communes)
        end = Period(period).end
        found = [
            (product, latest)
            for product in self.products
            if product.homes[period] in communes and (latest := product.latest(end)) is not None
        ]
        if indicator != "SP02":
            found = [(product, latest) for product, latest in found if latest.expiry > end]
        if indicator == "SP06":
            # The horizons are nested: the whole is the widest of them.
            months = int("".join(filter(str.isdigit, breakdown)) or _WIDEST_HORIZON)
            return sum(latest.expiry <= add_months(end, months) for _, latest in found)
        counted = [product for product, latest in found if _matches(breakdown, period, product, latest)]
        if indicator == "SP07A":
            return len({product.homes[period] for product in counted})
        if indicator == "CH01":
            return len({product.producer for product in counted})
        return len({(product.producer, product.name) for product in counted})

    def to_json(self) -> str:
        """Everything as one JSON document; `from_json` reads it back."""
        return json.dumps(
            {
                "files": [asdict(file) for file in self.files],
                "indicators": self.indicators,
                "senders": self.senders,
                "above": self.above,
                "values": [
                    [period, *sender, indicator, breakdown, str(value)]
                    for period, reports in self.values.items()
                    for sender, values in reports.items()
                    for (indicator, breakdown), value in (values or {("", ""): Decimal(0)}).items()
                ],
                "duties": [
                    [period, *sender, [astuple(answer) for answer in answers]]
                    for period, reports in self.duties.items()
                    for sender, answers in reports.items()
                ],
                "products": [asdict(product) for product in self.products],
                "skipped": self.skipped,
            },
            ensure_ascii=False,
            default=str,
        )

    @classmethod
    def from_json(cls, text: str) -> "Truth":
        """Read what `to_json` wrote."""
        data = json.loads(text)
        truth = cls(
            files=[_file(file) for file in data["files"]],
            indicators={code: (row[0], row[1], row[2], row[3]) for code, row in data["indicators"].items()},
            senders={
                period: [(row[0], row[1], row[2]) for row in rows] for period, rows in data["senders"].items()
            },
            above=data["above"],
            products=[_product(product) for product in data["products"]],
            skipped=data["skipped"],
        )
        for period, form, unit_id, agency, indicator, breakdown, value in data["values"]:
            values = truth.values.setdefault(period, {}).setdefault((form, unit_id, agency), {})
            if indicator:
                values[indicator, breakdown] = Decimal(value)
        for period, form, unit_id, agency, answers in data["duties"]:
            reports = truth.duties.setdefault(period, {})
            reports[form, unit_id, agency] = tuple(DutyAnswer(*answer) for answer in answers)
        return truth


def describe(indicators: Mapping[str, Indicator]) -> dict[str, tuple[str, str, str, str]]:
    """What the sums need to know of each indicator."""
    return {
        code: (
            indicator.kind.value,
            indicator.source.value,
            indicator.numerator or "",
            indicator.denominator or "",
        )
        for code, indicator in indicators.items()
    }


def _months(period: Period, span: Span) -> tuple[Period, ...]:
    if span == "quarter_to_date":
        return period.quarter_to_date()
    return period.year_to_date() if span == "year_to_date" else (period,)


def _sum(values: Iterator[Decimal | None]) -> Decimal | None:
    given = [value for value in values if value is not None]
    return sum(given, Decimal(0)) if given else None


def _percent(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    if not denominator:
        return None
    return (numerator * _PERCENT / denominator).quantize(_RATIO_STEP, ROUND_HALF_UP)


def _matches(breakdown: str, period: str, product: ProductTruth, event: RecognitionTruth) -> bool:
    """Whether a recognition of a product belongs to a part of the count."""
    if not breakdown:
        return True
    dimension, _, code = breakdown.partition("=")
    return code == {
        "star": event.star,
        "recognition_kind": event.kind,
        "recognising_level": event.level,
        "product_group": _group(product, period),
        "producer_type": product.producer_type,
    }.get(dimension)


def _group(product: ProductTruth, period: str) -> str:
    """The group a product counts under in a month's list.

    Registers written here tell the sector only. Before the list of 24/02/2023 drinks could be tea or coffee, foods
    since then: unless a later decision is listed under the newer list too, nobody knows which.
    """
    code = product.groups[period]
    if code != "drink" or any(each.decision_date >= _LIST_OF_2023 for each in product.recognitions):
        return code
    return "unconverted"


def _file(data: dict[str, Any]) -> FileTruth:
    faults = tuple(PlantedFault(**fault) for fault in data.pop("faults"))
    return FileTruth(faults=faults, oddities=tuple(data.pop("oddities")), **data)


def _product(data: dict[str, Any]) -> ProductTruth:
    events = tuple(
        RecognitionTruth(**{**event, "decision_date": date.fromisoformat(event["decision_date"])})
        for event in data.pop("recognitions")
    )
    return ProductTruth(recognitions=events, **data)
