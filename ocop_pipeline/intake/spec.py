"""From the catalogue to what a reading child has to know: layouts folded and indexed, words for values.

Belongs here: translating. Nothing is read or judged. Runs in the parent, once a run.
"""

from collections.abc import Iterable
from datetime import date

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.imports import list_words
from ocop_pipeline.catalogue.tables import read_csv
from ocop_pipeline.domain.forms import FUNDING, GRID, INFO, REGISTER, REMARKS, TASKS, Layout, LayoutSheet
from ocop_pipeline.domain.indicators import PartRule
from ocop_pipeline.intake.amounts import MONEY
from ocop_pipeline.intake.cells import fold
from ocop_pipeline.intake.extract import UNKNOWN_LINE, LayoutSpec, LineSpec, ReadingSpec, SheetSpec, Words
from ocop_pipeline.intake.reasons import ReasonHeaders
from ocop_pipeline.paths import CATALOGUE_DATA

VALUE_FIELDS = {GRID: ("in_period", "closing"), FUNDING: ("planned", "disbursed", "settled")}
"""The columns of lines that hold values; the others say what a line is."""
PRODUCER_FIELDS = ("producer_name", "producer_type", "commune_name", "address")
"""What belongs to the producer in the register: merged over all products of one producer (F3)."""
_OPTIONAL = frozenset(
    ("label", "unit", "note", "address", "representative", "phone", "row_no", "commune_name", "first_year",
     "second_year", "first_body", "second_body", "result", "progress", "task_code")
)  # fmt: skip
_REGISTER_EVIDENCE = frozenset(
    ("current_star", "expiry_date", "first_star", "first_date", "first_decision", "second_star",
     "second_date", "second_decision")
)  # fmt: skip
_REGISTER_ADDRESSED = frozenset(
    ("product_name", "producer_name", "producer_type", "product_group", "current_star", "expiry_date",
     "first_star", "first_date", "second_star", "second_date")
)  # fmt: skip
_NAMES = frozenset(("row_no", "task_code", "task_text", "product_name", "producer_name", "commune_name"))
_TASK_EVIDENCE = frozenset(("task_state", "progress", "result"))


def reading_spec(catalogue: Catalogue) -> ReadingSpec:
    """Everything the reading children need, from the catalogue."""
    return ReadingSpec(
        tuple(_layout(catalogue, layout) for layout in catalogue.layouts),
        reading_words(),
        _reason_headers(catalogue),
    )


def _reason_headers(catalogue: Catalogue) -> ReasonHeaders:
    """How the first sheet of a marked workbook is known again."""
    words = catalogue.template_words
    _, _, sheet, cell, _, reason = map(fold, words.answer_headers)
    return ReasonHeaders(fold(words.answer["sheet"]), sheet, cell, reason)


def reading_words() -> Words:
    """Words that stand for a value, folded."""
    rows = read_csv(CATALOGUE_DATA / "cell_words.csv", columns=("meaning", "text", "source"))
    found: dict[str, set[str]] = {meaning: set() for meaning in ("nothing", "yes", "no", "total", "no_total")}
    for row in rows:
        meaning = row.choice("meaning", tuple(found))
        # How a total begins keeps its accents: "cộng" is not the first word of "công tác".
        found[meaning].add(
            row.text("text").casefold() if meaning.endswith("total") else fold(row.text("text"))
        )
    known = list_words()
    return Words(
        **{meaning: frozenset(texts) for meaning, texts in found.items()},
        ditto=frozenset(map(fold, known.ditto)),
        ditto_signs=known.ditto_signs,
    )


class _Slots:
    """Numbers the places of a layout in the order they are met."""

    def __init__(self) -> None:
        self.places: list[tuple[str, str, str]] = []

    def add(self, part: str, line_key: str, field: str) -> int:
        self.places.append((part, line_key, field))
        return len(self.places) - 1


def _layout(catalogue: Catalogue, layout: Layout) -> LayoutSpec:
    slots = _Slots()
    sheets = tuple(_sheet(catalogue, layout, sheet, slots) for sheet in layout.sheets)
    return LayoutSpec(
        layout.code, layout.form, fold(layout.form), fold(layout.title), sheets, tuple(slots.places)
    )


def _sheet(catalogue: Catalogue, layout: Layout, sheet: LayoutSheet, slots: _Slots) -> SheetSpec:
    # What is personal is not even looked for.
    texts = {name: text for name, text in sheet.columns if name not in sheet.private}
    headers: dict[str, str] = {}
    for name, text in texts.items():
        headers.setdefault(fold(text), name)
    if sheet.kind == "lines":
        return _lines_sheet(catalogue, layout, sheet, slots)
    key_field = headers.get(fold(sheet.key)) if sheet.key else None
    return SheetSpec(
        part=sheet.part,
        name=sheet.name,
        key=fold(sheet.name),
        kind=sheet.kind,
        headers=headers,
        texts=texts,
        required=frozenset(texts) - _OPTIONAL,
        key_field=key_field,
        slots={name: slots.add(sheet.part, name if sheet.kind == "pairs" else "", name) for name in texts},
        kinds={name: _kind(sheet.part, name) for name in texts},
        anchor=sheet.anchor,
        evidence={REGISTER: _REGISTER_EVIDENCE, TASKS: _TASK_EVIDENCE}.get(sheet.part, frozenset()),
        addressed=_REGISTER_ADDRESSED if sheet.part == REGISTER else frozenset(),
        carried=tuple(name for name in PRODUCER_FIELDS if name in texts) if sheet.part == REGISTER else (),
    )


def _kind(part: str, name: str) -> str:
    """How the cells of a field are read."""
    if part == REMARKS:
        return "paragraphs"
    if name.endswith(("_date", "reported_on")):
        return "day"
    if name == "progress":
        return "percent"
    if name.endswith("_year"):
        return "number"
    # A dash on a cover sheet, or a short name, is text and not an answer to "how many".
    return "text" if part == INFO or name in _NAMES else "words"


def _lines_sheet(catalogue: Catalogue, layout: Layout, sheet: LayoutSheet, slots: _Slots) -> SheetSpec:
    key_field = "key"
    lines = _lines(catalogue, layout, sheet.part, slots)
    texts = dict(sheet.columns)
    headers = {**{fold(text): name for name, text in sheet.columns}, fold(sheet.key or ""): key_field}
    fields = VALUE_FIELDS[sheet.part]
    return SheetSpec(
        part=sheet.part,
        name=sheet.name,
        key=fold(sheet.name),
        kind=sheet.kind,
        headers=headers,
        texts=texts,
        required=frozenset(fields),
        key_field=key_field,
        value_fields=fields,
        lines=lines,
        unknown=tuple(slots.add(sheet.part, UNKNOWN_LINE, name) for name in fields),
        totals=_totals(catalogue, layout, sheet.part, lines),
        kinds=dict.fromkeys(texts, "text"),
    )


def _lines(catalogue: Catalogue, layout: Layout, part: str, slots: _Slots) -> dict[str, LineSpec]:
    """Every line under its key as printed and under that key folded."""
    lines: dict[str, LineSpec] = {}
    for key, code in _line_keys(catalogue, layout, part):
        lines[key] = lines[fold(key)] = _line(catalogue, layout.form, (part, key, code), slots)
    return lines


def _totals(
    catalogue: Catalogue, layout: Layout, part: str, lines: dict[str, LineSpec]
) -> dict[int, frozenset[int]]:
    """Slots of the totals that the templates compute, and those of their parts in the same column."""
    keys = _line_keys(catalogue, layout, part)
    found: dict[int, frozenset[int]] = {}
    for key, total in keys:
        begin = _first_part(catalogue, part, total)
        parts = [lines[other].cells for other, code in keys if code.startswith(begin)]
        for at, (slot, asked) in enumerate(lines[key].cells):
            if parts and asked:
                found[slot] = frozenset(cells[at][0] for cells in parts)
    return found


def _first_part(catalogue: Catalogue, part: str, total: str) -> str:
    """How the line codes begin that add up to a total: those of its first breakdown into parts; of funds, all."""
    if part == FUNDING:
        return f"{total}."
    indicator = catalogue.indicators.get(total)
    splits = indicator.breakdowns if indicator else ()
    first = next((split.dimension for split in splits if split.rule is PartRule.PARTS), None)
    return f"{total}.{first}="


def _line_keys(catalogue: Catalogue, layout: Layout, part: str) -> list[tuple[str, str]]:
    """(text in the key column, line code) of every line the layout ever held."""
    if layout.line_keys is not None:
        return [(key, code) for (of_part, key), code in layout.line_keys.items() if of_part == part]
    codes: dict[str, None] = {}
    for day in change_days(catalogue):
        codes |= dict.fromkeys(
            line.line_code for line in catalogue.lines(layout.form, day) if line.part == part
        )
    return [(code, code) for code in codes]


def change_days(catalogue: Catalogue) -> list[date]:
    """Days that together see every line a form ever asked for: one in the validity of each code and group."""
    items = [item for name in catalogue.code_lists.names for item in catalogue.code_lists.items(name)]
    days = {day for day in _bounds(items) | _bounds(catalogue.groups.all) if day is not None}
    return sorted(days | {date.max})


def _bounds(items: Iterable[object]) -> set[date | None]:
    return {getattr(item, bound) for item in items for bound in ("valid_from", "valid_to")}


def _line(catalogue: Catalogue, form: str, line: tuple[str, str, str], slots: _Slots) -> LineSpec:
    part, key, code = line
    fields = VALUE_FIELDS[part]
    indicator = catalogue.indicators.get(code.split(".", maxsplit=1)[0])
    asked = fields if part == FUNDING or indicator is None else (indicator.measure,)
    return LineSpec(
        cells=tuple((slots.add(part, code, name), name in asked) for name in fields),
        note=slots.add(part, code, "note"),
        yes_no=indicator is not None and indicator.value_type == "yes_no",
        unit=MONEY if part == FUNDING or indicator is None else indicator.unit_vi,
        whole=part != FUNDING and indicator is not None and indicator.decimals == 0,
        required=key
        if indicator is not None and code == indicator.code and form in indicator.required_on
        else "",
    )
