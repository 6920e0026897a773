"""Lays a form out on sheets: titles, labels, headers, answers, each with its address.

Belongs here: from a layout and answers to cells with rows, columns and styles; without answers the result
is the form as a template to fill in. Files are written in `workbook.py`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.domain.forms import GRID, REGISTER, FormLine, Layout, LayoutSheet

Value: TypeAlias = str | int | Decimal | date | None
"""What an answer is, before it is a cell; blank where there is none."""
Place: TypeAlias = tuple[str, str, str]
"""(part, line, field): a line code, the number of a row counted from 0, or "" for pairs."""
LinePlace: TypeAlias = tuple[str, str, str]
"""(part, line code, field)."""

_EXCEL_EPOCH = date(1899, 12, 30)
_WIDTHS = {
    "label": 50, "unit": 11, "in_period": 13, "closing": 13, "note": 20, "row_no": 6, "product_name": 30,
    "product_group": 18, "producer_type": 16, "producer_name": 34, "commune_name": 20, "address": 16,
    "representative": 16, "phone": 13, "current_star": 12, "expiry_date": 12, "planned": 15, "disbursed": 15,
    "settled": 15, "task_code": 12, "task_text": 48, "task_state": 17, "progress": 12, "result": 36,
}  # fmt: skip
_WIDTH_OF_KEY, _WIDTH_OF_REST, _WIDTH_OF_PAIR = 24, 13, (30, 60)
_NUMERIC = frozenset({"whole", "money"})
_WRAPPED = frozenset({"header", "label", "part_label", "wrap", "pair_label", "pair_value"})
_LETTERS_PER_WIDTH = 1.15  # widths count digits, and most letters of Times are narrower
LINE_POINTS = 17.0
"""Height of one line of text."""

_MERGED = ("producer_type", "producer_name", "commune_name", "address")
_BLANK_ROWS = 20


@dataclass(frozen=True)
class Appearance:
    """How a sender's copy of the form departs from the form as issued. All of it is harmless.

    Attributes:
        top: Rows inserted above everything.
        left: Columns inserted before everything.
        shuffled: Seed of another order of the columns; None for the order as issued.
        extra_columns: Headers of columns of the sender's own behind the others.
        extra_value: What stands in the first of these beside every line that is no part of another.
        hidden_sheet: Name of a hidden sheet of lists that is added; blank for none.
        merged_producers: Products of one producer share merged cells; a blank means "same as above".
        dates: How dates are written: as dates, as bare serial numbers, or as text dd/mm/yyyy.
    """

    top: int = 0
    left: int = 0
    shuffled: int | None = None
    extra_columns: tuple[str, ...] = ()
    extra_value: str = ""
    hidden_sheet: str = ""
    merged_producers: bool = False
    dates: str = "date"


AS_ISSUED = Appearance()


@dataclass(slots=True)
class SheetDraft:
    """One sheet, ready to be written. Rows and columns count from 0.

    Attributes:
        cells: (row, column, value, style); a style is a name of `workbook.STYLES`.
        places: Row and column of each answer that may stand on this sheet.
        widths: Width of each column in characters.
        heights: Height in points of rows whose text needs more than one line.
        merges: (first row, first column, last row, last column) of cells shown as one.
        table: First row (the header), first column, last row, last column of the table, if there is one.
        columns: Field -> its column, of lines and rows.
        ruled: Whether the lines of the table are drawn for it; not where its cells have borders of their own.
    """

    part: str
    name: str
    cells: list[tuple[int, int, Value, str]] = field(default_factory=list)
    places: dict[Place, tuple[int, int]] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    table: tuple[int, int, int, int] | None = None
    hidden: bool = False
    columns: dict[str, int] = field(default_factory=dict)
    ruled: bool = True

    def make_room(self, row: int, text: str, width: float) -> None:
        """Make a row as high as a text needs that is wrapped into a column of a width in characters."""
        needed = LINE_POINTS * -(-len(text) // int(width * _LETTERS_PER_WIDTH))
        if needed > self.heights.get(row, LINE_POINTS):
            self.heights[row] = needed


@dataclass(frozen=True)
class Answers:
    """What is filled in. Nothing for a form as issued; `subtitle` then names no unit.

    Attributes:
        pairs: Text by part and field (general information, remarks).
        lines: Answer by (part, line code, field); what is not in it stands blank.
        rows: Rows by part (register, tasks), each a value by field.
        subtitle: Who reports on which month, below the title.
    """

    pairs: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    lines: Mapping[tuple[str, str, str], Value] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, Value]]] = field(default_factory=dict)
    subtitle: str = ""


def draft_sheets(
    layout: Layout,
    lines: Sequence[FormLine],
    words: TemplateWords,
    answers: Answers,
    appearance: Appearance = AS_ISSUED,
) -> list[SheetDraft]:
    """Lay a form out.

    Args:
        layout: The layout.
        lines: What the form asks for, in print order.
        words: Names of the sections of the grid, and the sentences that stand on a form.
        answers: What is filled in; `Answers()` makes a form with nothing in it.
        appearance: Departures from the form as issued.

    Returns:
        One draft for each sheet of the layout, in its order.
    """
    drafts = [_Drafting(layout, sheet, answers, appearance).draft(lines, words) for sheet in layout.sheets]
    if appearance.hidden_sheet:
        drafts.append(_hidden_lists(appearance.hidden_sheet, lines))
    return drafts


class _Drafting:
    def __init__(self, layout: Layout, sheet: LayoutSheet, answers: Answers, appearance: Appearance) -> None:
        self._layout, self._sheet, self._answers, self._appearance = layout, sheet, answers, appearance
        self._draft = SheetDraft(sheet.part, sheet.name)
        self._row = appearance.top
        self._left = appearance.left

    def draft(self, lines: Sequence[FormLine], words: TemplateWords) -> SheetDraft:
        if self._sheet.kind == "pairs":
            self._pairs()
        elif self._sheet.kind == "lines":
            self._lines(lines, words)
        else:
            self._rows()
        return self._draft

    def _put(self, column: int, value: Value, style: str) -> None:
        column += self._left
        self._draft.cells.append((self._row, column, value, style))
        if value.__class__ is str and style in _WRAPPED:
            self._draft.make_room(self._row, str(value), self._draft.widths.get(column, _WIDTH_OF_REST))

    def _heading(self, columns: int) -> None:
        """Title, unit and month, then a blank row."""
        for text, style in ((self._layout.title, "title"), (self._answers.subtitle, "subtitle")):
            self._put(0, text, style)
            self._draft.merges.append((self._row, self._left, self._row, self._left + columns - 1))
            self._row += 1
        self._row += 1

    def _answer(self, place: Place, column: int, value: Value, style: str) -> None:
        self._draft.places[place] = (self._row, self._left + column)
        if isinstance(value, date):
            value, style = self._date(value, style)
        elif isinstance(value, str) and style in _NUMERIC:
            style = "word"
        if value is not None and value != "":
            self._put(column, value, style)

    def _date(self, day: date, style: str) -> tuple[Value, str]:
        if self._appearance.dates == "text":
            return f"{day:%d/%m/%Y}", style
        if self._appearance.dates == "serial":
            return (day - _EXCEL_EPOCH).days, style
        return day, "pair_date" if style == "pair_value" else "date"

    def _pairs(self) -> None:
        self._heading(2)
        filled = self._answers.pairs.get(self._sheet.part, {})
        self._draft.widths = {self._left: _WIDTH_OF_PAIR[0], self._left + 1: _WIDTH_OF_PAIR[1]}
        first = self._row
        for name, label in self._sheet.columns:
            self._put(0, label, "pair_label")
            self._answer((self._sheet.part, "", name), 1, filled.get(name), "pair_value")
            self._row += 1
        self._draft.table = (first, self._left, self._row - 1, self._left + 1)

    def _columns(self) -> list[tuple[str, str]]:
        """(field, header) from left to right; the key column is the field "key" unless it has a name."""
        columns = list(self._sheet.columns)
        if self._sheet.key is not None and self._sheet.key not in [header for _, header in columns]:
            columns.insert(0, ("key", self._sheet.key))
        if self._appearance.shuffled is not None:
            random.Random(self._appearance.shuffled).shuffle(columns)  # noqa: S311 - repeatable play, no secret
        columns += [(f"extra{at}", header) for at, header in enumerate(self._appearance.extra_columns)]
        return columns

    def _header(self, columns: Sequence[tuple[str, str]]) -> dict[str, int]:
        for at, (name, header) in enumerate(columns):
            width = _WIDTH_OF_KEY if name == "key" and self._layout.line_keys is None else _WIDTH_OF_REST
            self._draft.widths[self._left + at] = _WIDTHS.get(name, width)
            self._put(at, header, "header")
        self._row += 1
        self._draft.columns = {name: self._left + at for at, (name, _) in enumerate(columns)}
        return {name: at for at, (name, _) in enumerate(columns)}

    def _lines(self, lines: Sequence[FormLine], words: TemplateWords) -> None:
        columns = self._columns()
        self._heading(len(columns))
        self._row -= 1
        self._put(0, words.hints[self._sheet.part], "hint")
        self._row += 1
        first = self._row
        at = self._header(columns)
        keys = self._keys()
        section = ""
        seen: set[str] = set()
        for line in lines:
            key = keys.get(line.line_code) if keys is not None else line.line_code
            if line.part != self._sheet.part or key is None:
                continue
            if line.line_code not in seen:
                if seen:
                    self._row += 1
                if self._sheet.part == GRID and line.section != section:
                    section = line.section
                    self._put(at["label"], f"{section}. {words.sections[section]}", "section")
                    self._row += 1
                seen.add(line.line_code)
                self._labels(line, key, at)
            value = self._answers.lines.get((line.part, line.line_code, line.field))
            style = "money" if line.unit_vi == "triệu đồng" else "whole"
            self._answer((line.part, line.line_code, line.field), at[line.field], value, style)
        self._draft.table = (first, self._left, self._row, self._left + len(columns) - 1)

    def _keys(self) -> dict[str, str] | None:
        """Line code to the text of its key column; None where that is the code itself."""
        if self._layout.line_keys is None:
            return None
        return {code: key for (part, key), code in self._layout.line_keys.items() if part == self._sheet.part}

    def _labels(self, line: FormLine, key: str, at: Mapping[str, int]) -> None:
        self._put(at["key"], key, "key")
        self._put(at["label"], line.label_vi, "part_label" if line.depth else "label")
        if "unit" in at:
            self._put(at["unit"], line.unit_vi, "unit")
        note = self._answers.lines.get((line.part, line.line_code, "note"))
        if note is not None:
            self._put(at["note"], note, "text")
        if "extra0" in at and not line.depth:
            self._put(at["extra0"], self._appearance.extra_value, "text")

    def _rows(self) -> None:
        columns = self._columns()
        self._heading(len(columns))
        first = self._row
        at = self._header(columns)
        filled = self._answers.rows.get(self._sheet.part, ())
        for number, row in enumerate(filled):
            merged = self._merged_above(filled, number)
            for name, column in at.items():
                value = number + 1 if name == "row_no" else row.get(name)
                style = "wrap" if isinstance(value, str) else "text"
                self._answer(
                    (self._sheet.part, str(number), name), column, None if name in merged else value, style
                )
            self._row += 1
        self._merge(filled, at, first + 1)
        blank = 0 if filled or self._answers.subtitle else _BLANK_ROWS
        self._draft.table = (
            first,
            self._left,
            max(self._row - 1, first) + blank,
            self._left + len(columns) - 1,
        )

    def _merged_above(self, rows: Sequence[Mapping[str, Value]], number: int) -> tuple[str, ...]:
        if self._sheet.part != REGISTER or not self._appearance.merged_producers or number == 0:
            return ()
        above, row = rows[number - 1], rows[number]
        return _MERGED if all(above.get(name) == row.get(name) for name in _MERGED) else ()

    def _merge(self, rows: Sequence[Mapping[str, Value]], at: Mapping[str, int], first: int) -> None:
        start = 0
        for number in range(1, len(rows) + 1):
            if number < len(rows) and self._merged_above(rows, number):
                continue
            if number - start > 1:
                self._draft.merges += [
                    (first + start, self._left + at[name], first + number - 1, self._left + at[name])
                    for name in _MERGED
                ]
            start = number


def _hidden_lists(name: str, lines: Sequence[FormLine]) -> SheetDraft:
    """A hidden sheet as people keep for drop-down lists; its figures must never be taken for answers."""
    draft = SheetDraft("", name, hidden=True)
    units = sorted({line.unit_vi for line in lines})
    draft.cells = [(row, 0, unit, "text") for row, unit in enumerate(units)]
    draft.cells += [(row, 1, row + 1, "text") for row in range(len(units))]
    return draft
