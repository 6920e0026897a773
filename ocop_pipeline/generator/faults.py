"""What goes wrong on purpose, and the harmless oddities that must not count as wrong.

Belongs here: one table of faults with the finding each must be given, one of oddities, and how each is
planted in the content of a report. Who is chosen, and faults that need a second file, are in `country.py`.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.senders import Sender
from ocop_pipeline.domain.certificates import add_months
from ocop_pipeline.domain.findings import Severity, Verdict
from ocop_pipeline.domain.forms import FUNDING, GRID, INFO, REGISTER, FormLine, Layout
from ocop_pipeline.domain.indicators import PartRule, Source
from ocop_pipeline.generator.damage import DAMAGES
from ocop_pipeline.generator.register import Product
from ocop_pipeline.generator.submission import Submission
from ocop_pipeline.generator.wording import pick, words
from ocop_pipeline.templates.sheets import AS_ISSUED, Appearance, Place, Value
from ocop_pipeline.templates.workbook import Formula


@dataclass
class Planted:
    """A fault in a file: its kind, the finding it must be given, and where."""

    kind: str
    code: str
    severity: str
    place: Place | None


@dataclass
class Outgoing:
    """One file about to be sent.

    Attributes:
        path: Below the inbox, with forward slashes.
        sent_at: Becomes the time of last change of the file.
        damage: Kind in `damage.DAMAGES` that is done to its bytes; blank for none.
        supersedes: Path of the file it corrects.
        same_as: Path of the file whose bytes it repeats.
    """

    sender: Sender
    submission: Submission
    path: str
    sent_at: datetime
    file_format: str = "xlsx"
    appearance: Appearance = AS_ISSUED
    decomposed: bool = False
    damage: str = ""
    verdict: Verdict = Verdict.ACCEPTED
    planted: list[Planted] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)
    supersedes: str = ""
    same_as: str = ""


@dataclass(frozen=True)
class Scene:
    """What a fault may look at: the report itself, that of the month before, the other senders."""

    catalogue: Catalogue
    outgoing: Outgoing
    previous: Submission | None
    others: Sequence[Sender]
    chance: random.Random

    @property
    def submission(self) -> Submission:
        """The report about to be sent."""
        return self.outgoing.submission

    @property
    def end(self) -> date:
        """The closing day of its month."""
        return self.submission.period.end

    @property
    def asked(self) -> tuple[FormLine, ...]:
        """The lines of its form."""
        return self.catalogue.lines(self.submission.form, self.submission.period.end)


Plant: TypeAlias = Callable[[Scene], Place | None]
"""Changes the report and says where; None when this report does not lend itself to the fault."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault: the finding it must be given, what becomes of the file, and how it is planted.

    `plant` is None where the fault is one of the file or of its time; `code` is blank where nothing is found.
    """

    kind: str
    code: str
    severity: Severity
    verdict: Verdict
    plant: Plant | None = None


# ------------------------------------------------------------------------------------ faults of content


def _wrong_total(scene: Scene) -> Place | None:
    splits = [
        (line.line_code, line.field)
        for line in scene.asked
        if line.part == GRID and not line.breakdown and _adds_up(scene, line)
    ]
    if not splits:
        return None
    place = (GRID, *pick(scene.chance, splits))
    scene.submission.lines[place] = _number(scene.submission, place) + 3
    return place


def _adds_up(scene: Scene, line: FormLine) -> bool:
    """Whether a total and at least one of its parts stand in the report as numbers."""
    indicator = scene.catalogue.indicators[line.indicator]
    place = (line.part, line.line_code, line.field)
    if indicator.source is not Source.FORM or indicator.decimals or not _number(scene.submission, place):
        return False
    return any(
        split.rule is PartRule.PARTS
        and any(
            _number(scene.submission, (part.part, part.line_code, part.field))
            for part in scene.asked
            if part.indicator == line.indicator and part.breakdown.startswith(f"{split.dimension}=")
        )
        for split in indicator.breakdowns
    )


def _part_exceeds_whole(scene: Scene) -> Place | None:
    ratios = [
        (indicator.numerator, indicator.denominator)
        for indicator in scene.catalogue.indicators.values()
        if indicator.numerator and (GRID, indicator.numerator, "closing") in scene.submission.lines
    ]
    if not ratios:
        return None
    part, whole = pick(scene.chance, ratios)
    place = (GRID, str(part), "closing")
    scene.submission.lines[place] = _number(scene.submission, (GRID, str(whole), "closing")) + 5
    return place


def _text_in_number(scene: Scene) -> Place | None:
    place = _single_figure(scene)
    if place is not None:
        scene.submission.lines[place] = pick(scene.chance, words()["form_words"]["vague_numbers"])
    return place


def _negative(scene: Scene) -> Place | None:
    place = _single_figure(scene)
    if place is not None:
        scene.submission.lines[place] = Decimal(-2)
    return place


def _single_figure(scene: Scene) -> Place | None:
    """A whole number above zero that no other line depends on."""
    bound = {
        code
        for indicator in scene.catalogue.indicators.values()
        for code in (indicator.numerator, indicator.denominator)
    }
    places = [
        (GRID, line.line_code, line.field)
        for line in scene.asked
        if line.part == GRID
        and line.value_type == "number"
        and line.indicator not in bound
        and not scene.catalogue.indicators[line.indicator].breakdowns
        and not scene.catalogue.indicators[line.indicator].decimals
        and scene.catalogue.indicators[line.indicator].source is Source.FORM
        and _number(scene.submission, (GRID, line.line_code, line.field))
    ]
    return pick(scene.chance, places) if places else None


def _required_blank(scene: Scene) -> Place | None:
    places = [
        (GRID, line.line_code, line.field)
        for line in scene.asked
        if line.required and not scene.catalogue.indicators[line.indicator].breakdowns
    ]
    place = pick(scene.chance, [place for place in places if place in scene.submission.lines] or [None])
    if place is not None:
        del scene.submission.lines[place]
    return place


def _register_mismatch(scene: Scene) -> Place | None:
    total, star = (GRID, "SP01", "in_period"), (GRID, "SP01.star=3", "in_period")
    if total not in scene.submission.lines:
        return None
    for place in (total, star):
        scene.submission.lines[place] = _number(scene.submission, place) + 2
    return total


def _wrong_code(scene: Scene) -> Place | None:
    others = [other for other in scene.others if other.unit.code != scene.submission.unit.code]
    if not others:
        return None
    scene.submission.pairs[INFO]["unit_code"] = pick(scene.chance, others).unit.code
    return INFO, "", "unit_code"


def _unknown_code(scene: Scene) -> Place | None:
    scene.submission.pairs[INFO]["unit_code"] = "99999"
    return INFO, "", "unit_code"


def _future_period(scene: Scene) -> Place | None:
    month = scene.submission.period
    scene.submission.pairs[INFO]["period"] = f"{month.end.month:02d}/{month.year + 2}"
    return INFO, "", "period"


def _star_unknown(scene: Scene) -> Place | None:
    star = pick(scene.chance, words()["form_words"]["unknown_stars"])
    return _in_register(scene, "current_star", lambda _: star)


def _date_missing(scene: Scene) -> Place | None:
    return _in_register(scene, "{slot}_date", lambda _: None)


def _year_wrong(scene: Scene) -> Place | None:
    return _in_register(scene, "{slot}_year", lambda product: product.recognitions[0].decision_date.year - 1)


def _expiry_wrong(scene: Scene) -> Place | None:
    # One month too late: too little to change whether a certificate of this year is valid or about to lapse.
    return _in_register(
        scene, "expiry_date", lambda product: add_months(product.known(scene.end)[-1].expiry, 1)
    )


def _in_register(scene: Scene, name: str, change: Callable[[Product], Value]) -> Place | None:
    """Change one cell of a product recognised in the month itself; `{slot}` is its first or second."""
    month = scene.submission.period
    for number, product in enumerate(scene.submission.products):
        events = product.known(month.end)
        if month.contains(events[-1].decision_date):
            column = name.format(slot=("first", "second")[len(events) - 1])
            scene.submission.rows[REGISTER][number][column] = change(product)
            return REGISTER, str(number), column
    return None


def _stock_drop(scene: Scene) -> Place | None:
    """Less disbursed than a month ago, although the year's disbursements only accumulate."""
    before, now = scene.previous, scene.submission
    if before is None or before.period.year != now.period.year:
        return None
    for place in list(now.lines):
        part, code, name = place
        if part != FUNDING or name != "disbursed" or code == "KP":
            continue
        was = _number(before, place)
        if was > 1 and _number(now, place):
            total = (FUNDING, "KP", "disbursed")
            now.lines[total] = _number(now, total) - _number(now, place) + was - 1
            now.lines[place] = was - 1
            return place
    return None


def _uncomputed(scene: Scene) -> Place | None:
    place = _single_figure(scene)
    if place is not None:
        scene.submission.lines[place] = Formula("=2+3")
    return place


def _copied(scene: Scene) -> Place | None:
    """Last month's figures again; where a product was recognised in either month, the register would tell."""
    before, now = scene.previous, scene.submission
    sp01 = (GRID, "SP01", "in_period")
    if before is None or before.layout is not now.layout or now.rows[REGISTER]:
        return None
    if _number(before, sp01) or _number(now, sp01) or before.lines == now.lines:
        return None
    now.lines = dict(before.lines)
    return GRID, "", ""


def _number(submission: Submission, place: Place) -> Decimal:
    value = submission.lines.get(place)
    return Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)


def _sound(
    kind: str, code: str = "", severity: Severity = Severity.WARNING, plant: Plant | None = None
) -> Fault:
    return Fault(kind, code, severity, Verdict.ACCEPTED, plant)


def _returned(kind: str, code: str, plant: Plant) -> Fault:
    return Fault(kind, code, Severity.ERROR, Verdict.RETURNED, plant)


def _set_aside(kind: str, code: str, plant: Plant | None = None) -> Fault:
    return Fault(kind, code, Severity.ERROR, Verdict.SET_ASIDE, plant)


FAULTS: dict[str, Fault] = {
    fault.kind: fault
    for fault in (
        # What the report says. Those that need something recognised in the month come first.
        _returned("star_unknown", "CODE_NOT_IN_LIST", _star_unknown),
        _returned("date_missing", "DECISION_DATE_MISSING", _date_missing),
        _sound("expiry_wrong", "EXPIRY_NOT_36_MONTHS", plant=_expiry_wrong),
        _sound("year_wrong", "YEAR_DISAGREES", plant=_year_wrong),
        _sound("copied_last_month", "COPY_OF_LAST_MONTH", plant=_copied),
        _returned("wrong_total", "TOTAL_NOT_PARTS", _wrong_total),
        _returned("part_exceeds_whole", "PART_EXCEEDS_WHOLE", _part_exceeds_whole),
        _returned("text_in_number", "NUMBER_EXPECTED", _text_in_number),
        _returned("required_blank", "REQUIRED_BLANK", _required_blank),
        _returned("negative", "NEGATIVE", _negative),
        _returned("register_mismatch", "REGISTER_GRID_MISMATCH", _register_mismatch),
        _returned("stock_drop", "YEAR_STOCK_FELL", _stock_drop),
        _returned("uncomputed", "FORMULA_NOT_COMPUTED", _uncomputed),
        _returned("wrong_unit_code", "UNIT_CODE_NAME_MISMATCH", _wrong_code),
        _returned("future_period", "PERIOD_NOT_OPEN", _future_period),
        _returned("unknown_unit_code", "UNIT_CODE_UNKNOWN", _unknown_code),
        # What the file is.
        _set_aside("truncated", "TRUNCATED_ZIP"),
        _set_aside("empty", "EMPTY_FILE"),
        _set_aside("html_as_xls", "HTML_AS_XLS"),
        _set_aside("password", "PASSWORD_PROTECTED"),
        _set_aside("unknown_form", "FORM_UNRECOGNISED"),
        # What is sent, and when: planted by the country itself.
        _sound("missing"),
        _sound("late"),
        _sound("corrected"),
        _sound("corrected_bad"),
        Fault("duplicate_bytes", "DUPLICATE_FILE", Severity.WARNING, Verdict.DUPLICATE),
    )
}
"""Every kind of fault, by its name in `Options.faults`."""


def plant(fault: Fault, scene: Scene) -> bool:
    """Plant a fault of content or of bytes in a report; False when the report does not lend itself to it."""
    place = None
    if fault.plant is not None:
        place = fault.plant(scene)
        if place is None:
            return False
    elif fault.kind in DAMAGES:
        scene.outgoing.damage = fault.kind
        if fault.kind == "html_as_xls":
            scene.outgoing.path = f"{scene.outgoing.path.rpartition('.')[0]}.xls"
    scene.outgoing.verdict = fault.verdict
    if fault.code:
        scene.outgoing.planted.append(Planted(fault.kind, fault.code, fault.severity.value, place))
    return True


# ------------------------------------------------------------------------------------ harmless oddities

Oddity: TypeAlias = Callable[[Scene], bool]
"""Changes how a report looks, never what it says; False when the report does not lend itself to it."""

_TONE_PAIR = re.compile(r"(?<![qQ])([ouOU])([\u0300\u0301\u0303\u0309\u0323])([aeyAEY])(?!\w)")


def other_tone_place(text: str) -> str:
    """Hòa as Hoà, Thủy as Thuỷ: the tone mark on the second of the last two vowels."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _TONE_PAIR.sub(r"\1\3\2", decomposed))


def _tones(scene: Scene) -> bool:
    info = scene.submission.pairs[INFO]
    changed = {name: other_tone_place(value) for name, value in info.items() if isinstance(value, str)}
    if changed["unit_name"] == info["unit_name"]:
        return False
    info |= changed
    return True


def _looks(**changes: object) -> Oddity:
    def change(scene: Scene) -> bool:
        scene.outgoing.appearance = replace(scene.outgoing.appearance, **changes)  # type: ignore[arg-type]
        return True

    return change


def _shuffled(scene: Scene) -> bool:
    return _looks(shuffled=scene.chance.randrange(1, 1000))(scene)


def _decomposed(scene: Scene) -> bool:
    scene.outgoing.decomposed = True
    return True


def _merged(scene: Scene) -> bool:
    names = [row["producer_name"] for row in scene.submission.rows[REGISTER]]
    return len(set(names)) < len(names) and _looks(merged_producers=True)(scene)


ODDITIES: dict[str, Oddity] = {
    "merged_producers": _merged,
    "tone_place": _tones,
    "decomposed": _decomposed,
    "moved_header": _looks(top=3, left=1),
    "moved_columns": _shuffled,
    "extra_columns": _looks(
        extra_columns=tuple(words()["form_words"]["extra_columns"]),
        extra_value=words()["form_words"]["extra_value"],
    ),
    "hidden_sheet": _looks(hidden_sheet=words()["form_words"]["hidden_sheet"]),
    "dates_as_text": _looks(dates="text"),
    "dates_as_numbers": _looks(dates="serial"),
}
"""Every oddity, the choosiest first. Zero, blank and the words for nothing vary in sound reports anyhow."""


def older_layout(layouts: Sequence[Layout], current: Layout) -> Layout | None:
    """The layout of the same form before the current one, which some still use; None when there is none."""
    older = [
        layout
        for layout in layouts
        if layout.form == current.form
        and layout.valid_to is not None
        and (current.valid_from is None or layout.valid_to < current.valid_from)
    ]
    return max(older, key=lambda layout: str(layout.valid_to)) if older else None


OLD_LAYOUT = "old_layout"
"""The oddity of a sender who still uses the layout before; the report is written on it to begin with."""

_CHOOSY = ("star_unknown", "date_missing", "expiry_wrong", "year_wrong", "merged_producers", "tone_place")
WISHES: tuple[str, ...] = tuple(dict.fromkeys((*_CHOOSY, *FAULTS, *ODDITIES, OLD_LAYOUT)))
"""Everything that can be wished for, in the order of planting: what few reports lend themselves to first."""

DEMO: dict[str, int] = {
    "star_unknown": 1, "date_missing": 1, "expiry_wrong": 1, "year_wrong": 1, "copied_last_month": 1,
    "stock_drop": 1,
    "wrong_total": 1, "part_exceeds_whole": 1, "text_in_number": 1, "required_blank": 1, "negative": 1,
    "register_mismatch": 1, "uncomputed": 1, "wrong_unit_code": 1,
    "truncated": 1, "html_as_xls": 1, "password": 1,
    "missing": 5, "late": 3, "corrected": 2, "corrected_bad": 1, "duplicate_bytes": 1,
    OLD_LAYOUT: 4, **dict.fromkeys(ODDITIES, 3),
}  # fmt: skip
"""The demonstration, for a province of `DEMO_COMMUNES` communes."""

DEMO_COMMUNES = 124


def wanted(wish: str | Mapping[str, int], communes: int) -> dict[str, int]:
    """How many of each fault and oddity to plant.

    Args:
        wish: See `Options.faults`; the demonstration is scaled to the number of communes.
        communes: Communes of the country.

    Raises:
        KeyError: a kind that does not exist.
    """
    if wish == "none":
        return {}
    if isinstance(wish, str):
        scale = communes / DEMO_COMMUNES
        least = int(communes >= DEMO_COMMUNES / 2)
        return {kind: max(round(count * scale), least) for kind, count in DEMO.items()}
    unknown = set(wish) - set(WISHES)
    if unknown:
        raise KeyError(f"nothing to plant is called {min(unknown)!r}; there are {', '.join(WISHES)}")
    return dict(wish)
