"""What one report says, before it is laid out: the answers of one unit to one form for one month.

Belongs here: the content of a report and how people write it (nothing, 0, a dash; dates; names). Where it
stands on a sheet is in `sheets.py`; what is wrong with it on purpose is in `faults.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.senders import Duty, Sender
from ocop_pipeline.domain.forms import GRID, INFO, REGISTER, REMARKS, TASKS, FormLine, Layout
from ocop_pipeline.domain.indicators import Kind
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.generator.figures import Key
from ocop_pipeline.generator.register import Product
from ocop_pipeline.generator.wording import between, dice, pick, weighted, words
from ocop_pipeline.templates.sheets import Answers, LinePlace, Value

_MONTHS_OF_YEAR = 12
_GENERAL_DUTIES = 6


@dataclass(frozen=True, slots=True)
class DutyAnswer:
    """What a report says of a task of a plan: code of the state, percent done."""

    plan: str
    task: str
    state: str
    progress: int


@dataclass
class Submission:
    """The content of one report.

    Attributes:
        pairs: Text by part and field (general information, remarks).
        lines: Answer by (part, line code, field); what is not in it stands blank.
        rows: Rows by part (register, tasks), each a value by field.
        products: The products behind the register rows, in the same order.
        duties: What its rows on tasks of plans say.
    """

    form: str
    layout: Layout
    period: Period
    unit: UnitVersion
    agency: str
    pairs: dict[str, dict[str, Value]]
    lines: dict[LinePlace, Value]
    rows: dict[str, list[dict[str, Value]]]
    products: list[Product] = field(default_factory=list)
    duties: tuple[DutyAnswer, ...] = ()

    def answers(self) -> Answers:
        """What it fills into the form."""
        name = self.pairs["info"].get("agency_name") or self.unit.full_name
        return Answers(self.pairs, self.lines, self.rows, f"{name}, {self.period.label_vi()}")


@dataclass(frozen=True, slots=True)
class Listed:
    """A product in a register, with the names of its commune and group as the sender writes them."""

    product: Product
    commune_name: str
    group_name: str


def write_submission(
    catalogue: Catalogue,
    sender: Sender,
    layout: Layout,
    month: Period,
    figures: Mapping[Key, Decimal],
    register: Sequence[Listed],
    seed: int,
) -> Submission:
    """Write a sound report.

    Args:
        catalogue: What the form asks for and the names of codes.
        sender: Who reports.
        layout: How the form will be laid out; lines it lacks are left out.
        month: The month reported.
        figures: The figures, those counted from the register included.
        register: What its register lists this month.
        seed: The country's seed.

    Returns:
        The content, consistent in itself.
    """
    hand = _Hand(catalogue, sender, month, seed)
    lines = lines_of(layout, catalogue.lines(sender.form, month.end))
    pairs = {INFO: hand.information(), REMARKS: hand.remarks()}
    written = hand.lines(lines, figures)
    rows = [hand.register_row(entry) for entry in register]
    answers = hand.duties()
    return Submission(
        form=sender.form,
        layout=layout,
        period=month,
        unit=sender.unit,
        agency=sender.agency,
        pairs=pairs,
        lines=written,
        rows={REGISTER: rows, TASKS: [hand.task_row(duty, answer) for duty, answer in answers]},
        products=[entry.product for entry in register],
        duties=tuple(answer for _, answer in answers if answer.plan),
    )


def reported(submission: Submission, lines: Iterable[FormLine]) -> dict[Key, Decimal]:
    """The values a report gives, as they count: nothing to report is 0, a blank or a text no value at all."""
    values: dict[Key, Decimal] = {}
    nothing = words()["nothing"]
    for line in lines:
        written = submission.lines.get((line.part, line.line_code, line.field))
        if isinstance(written, int | Decimal):
            values[line.indicator, line.breakdown] = Decimal(written)
        elif line.value_type == "yes_no" and written in _ANSWERS:
            values[line.indicator, line.breakdown] = Decimal(_ANSWERS.index(str(written)) % 2)
        elif written in nothing:
            values[line.indicator, line.breakdown] = Decimal(0)
    return values


_ANSWERS = ("Không", "Có", "không", "có")


class _Hand:
    """The hand that fills in one report, with habits of its own."""

    def __init__(self, catalogue: Catalogue, sender: Sender, month: Period, seed: int) -> None:
        self._catalogue = catalogue
        self._sender = sender
        self._month = month
        self._chance = dice(seed, "hand", *sender.key, month.key)
        chance = self._chance
        nothing: str = pick(chance, words()["nothing"])
        zeros: tuple[Value, ...] = (0, 0, 0, nothing)
        parts: tuple[Value, ...] = (0, None, None, "-")
        self._zero, self._zero_part = pick(chance, zeros), pick(chance, parts)
        self._blank_optional = chance.random() < 0.25
        self._case = pick(chance, (0, 0, 2))

    def information(self) -> dict[str, Value]:
        """The general information: who, which month, when drawn up."""
        unit, around = self._sender.unit, self._sender.around
        last = self._month.months[-1].end
        text = pick(self._chance, words()["form_words"]["period_texts"])
        found: dict[str, Value] = {
            "form": self._sender.form,
            "period": text.format(month=last.month, year=self._month.year),
            "issue_no": 1,
            "reported_on": last + timedelta(days=1),
            "unit_code": unit.code,
            "unit_name": unit.full_name,
            "agency_name": self._sender.agency_name,
        }
        for name, tier in (("district_name", Tier.DISTRICT), ("province_name", Tier.PROVINCE)):
            if tier in around:
                found[name] = pick(self._chance, (around[tier].full_name, around[tier].name))
        return found

    def lines(self, lines: Sequence[FormLine], figures: Mapping[Key, Decimal]) -> dict[LinePlace, Value]:
        """The grid and the funds."""
        written: dict[LinePlace, Value] = {}
        for line in lines:
            value = figures.get((line.indicator, line.breakdown))
            if value is None:
                continue
            answer = self._answer(line, value, figures[line.indicator, ""])
            if answer is not None:
                written[line.part, line.line_code, line.field] = answer
        if self._chance.random() < 0.3 and written:
            part, code, _ = pick(self._chance, list(written))
            written[part, code, "note"] = pick(self._chance, words()["notes"])
        return written

    def _answer(self, line: FormLine, value: Decimal, total: Decimal) -> Value:
        if line.value_type == "yes_no":
            return _ANSWERS[self._case + int(value)]
        if value:
            return value
        indicator = self._catalogue.indicators[line.indicator]
        if line.breakdown:
            return self._zero_part if total else None
        if indicator.kind is not Kind.FLOW or line.required:
            return self._zero
        return None if self._blank_optional else self._zero

    def register_row(self, entry: Listed) -> dict[str, Value]:
        """One product as it stands in the register on the closing day; person and telephone stay blank."""
        product = entry.product
        events = product.known(self._month.end)
        latest = events[-1]
        row: dict[str, Value] = {
            "product_name": product.name,
            "product_group": entry.group_name,
            "producer_type": product.producer.wording,
            "producer_name": product.producer.name,
            "commune_name": entry.commune_name,
            "address": product.address,
            "current_star": self._star(latest.star),
            "expiry_date": latest.expiry,
        }
        for slot, event in zip(("first", "second"), events, strict=False):
            row[f"{slot}_star"] = self._star(event.star)
            row[f"{slot}_date"] = event.decision_date
            row[f"{slot}_year"] = event.decision_date.year
            row[f"{slot}_decision"] = event.decision_no
            row[f"{slot}_body"] = event.body
        return row

    def _star(self, star: str) -> Value:
        if star.isdecimal() and self._case:
            return int(star)
        return self._catalogue.code_lists.item("star", star).name_vi

    def duties(self) -> list[tuple[Duty, DutyAnswer]]:
        """How far the duties of plans are, else those every unit has: the later in the year, the further."""
        general = enumerate(words()["tasks"][:_GENERAL_DUTIES], start=1)
        duties = self._sender.tasks or tuple(Duty("", str(at), text) for at, text in general)
        return [(duty, self._answer_on(duty)) for duty in duties]

    def _answer_on(self, duty: Duty) -> DutyAnswer:
        chance, passed = self._chance, self._month.end.month / _MONTHS_OF_YEAR
        state = weighted(chance, {"not_started": 1.03 - passed, "in_progress": 0.8, "done": 2 * passed})
        progress = {"not_started": 0, "done": 100}.get(state, between(chance, 2, 18) * 5)
        return DutyAnswer(duty.plan, duty.task, state, progress)

    def task_row(self, duty: Duty, answer: DutyAnswer) -> dict[str, Value]:
        """One task as it stands in the list of duties."""
        return {
            "task_code": duty.task,
            "task_text": duty.text,
            "task_state": self._catalogue.code_lists.item("task_state", answer.state).name_vi,
            "progress": answer.progress,
            "result": pick(self._chance, words()["task_results"][answer.state]),
        }

    def remarks(self) -> dict[str, Value]:
        """Difficulties and proposals, in three of five reports."""
        chance = self._chance
        if chance.random() >= 0.6:
            return {}
        return {
            name: " ".join(chance.sample(words()[name], between(chance, 1, 2)))
            for name in ("difficulties", "causes", "proposals", "next_tasks")
        }


def lines_of(layout: Layout, lines: Sequence[FormLine]) -> tuple[FormLine, ...]:
    """The lines a layout has room for, of those its form asks for."""
    if layout.line_keys is None:
        return tuple(lines)
    kept = {(part, code) for (part, _), code in layout.line_keys.items()}
    return tuple(line for line in lines if (line.part, line.line_code) in kept)


def copy_of(submission: Submission) -> Submission:
    """The same content, to be changed without changing the first."""
    return replace(
        submission,
        pairs={part: dict(pairs) for part, pairs in submission.pairs.items()},
        lines=dict(submission.lines),
        rows={part: [dict(row) for row in rows] for part, rows in submission.rows.items()},
        products=list(submission.products),
    )


def revise(submission: Submission) -> None:
    """Make a correction of a report: two more awareness meetings than first reported, with 37 people."""
    for code, more in (("TT04", 2), ("TT05", 37)):
        place = (GRID, code, "in_period")
        value = submission.lines.get(place)
        submission.lines[place] = more + (Decimal(value) if isinstance(value, int | Decimal) else Decimal(0))
