"""From the grid of a workbook to the cells of a form: its layout, and what stands in each cell that matters.

Belongs here: finding layout, tables, columns and lines by their texts, wherever they were moved to. Does not:
who sent it and whether it may be (`recognise`), whether the values are right (the rules). Runs in the reading
children, so: standard library only, everything picklable, and little work per cell.
"""

import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import isfinite
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ocop_pipeline.domain.findings import Repair
from ocop_pipeline.domain.forms import INFO, REGISTER, REMARKS
from ocop_pipeline.domain.manifest import SHEET as MANIFEST
from ocop_pipeline.intake.amounts import (
    MONEY,
    Amount,
    Foreign,
    caption_unit,
    foreign_unit,
    header_unit,
    money_scale,
    read_amount,
)
from ocop_pipeline.intake.cells import (
    BLANK,
    DAY,
    ERROR,
    LARGEST_NUMBER,
    LONGEST_TEXT,
    NO,
    NOTHING,
    NUMBER,
    TEXT,
    UNCOMPUTED,
    YES,
    begins_with,
    clean,
    fold,
    is_dash,
    read_day,
    read_number,
    says_nothing,
    shown,
)
from ocop_pipeline.intake.encodings import Change, is_strange, repaired
from ocop_pipeline.intake.evidence import Evidence, encoding_repairs, written
from ocop_pipeline.intake.grid import CellError, CellValue, Sheet, Workbook, address
from ocop_pipeline.intake.reasons import Reason, ReasonHeaders

HEADER_ROWS: Final = 30
"""A table's header is looked for in this many rows from the top of its sheet."""
INFO_ROWS: Final = 80
"""Labels of a cover sheet are looked for in this many rows."""
NONE: Final = 0.0
"""Stands in `Extract.numbers` where the cell has no number; its state says so."""
TEXT_END: Final = "\x1f"
"""Separates texts in `Extract.texts`; cleaning a text removes it, being white space to Python."""
UNKNOWN_LINE: Final = "?"
"""Line key of slots for lines the form does not know; the key as written travels in `Extract.keys`."""

# A layout is recognised when at least this share of its signs is found; between equals nobody guesses.
_RECOGNISED = 0.5
_SHEET_POINTS, _TITLE_POINTS, _FORM_POINTS = 2, 2, 3
# A sheet under another name is taken for a part of the form when it shows this share of the part's headers.
_SHEET_BY_CONTENT = 0.6
_MANIFEST_ROWS, _MANIFEST_TEXT = 12, 200
_LONGEST_CAPTION = 120
_MOST_REPEATED = 5
_ROWS_OF_UNITS = 2
_LONGEST_DITTO = 12
_COLUMN_NUMBERS = re.compile(r"\(?\s*(?:[0-9]{1,2}|[a-zA-Z])\s*\)?")
_BEFORE_BRACKET = re.compile(r"[(\[:]")
# A header that adds these is another column than the form's: "Trong kỳ (lũy kế từ đầu năm)", "Cuối kỳ (tháng trước)".
_CUMULATED = re.compile(r"\b(?:luy ke|cong don|dau nam|ca nam)\b")
_EARLIER = re.compile(r"\b(?:cung ky|(?:ky|thang|nam|quy) truoc)\b")
_IN_PERIOD = "trong ky"


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A line of a grid: for each value column its slot and whether the form asks for it there.

    `required` is the line's key as printed where the line must not be missing, else empty. `unit` is its unit of
    measure; `whole` says that only whole numbers make sense.
    """

    cells: tuple[tuple[int, bool], ...]
    note: int
    yes_no: bool
    required: str = ""
    unit: str = ""
    whole: bool = False

    def asks(self, names: Sequence[str], wanted: Collection[str]) -> bool:
        """Whether the form asks for a value here in any of some columns; `names` are those of `cells`."""
        return any(asked and name in wanted for name, (_, asked) in zip(names, self.cells, strict=True))


_NO_LINE = LineSpec((), 0, yes_no=False)
_PERCENT = LineSpec((), 0, yes_no=False, unit="%")


@dataclass(frozen=True, slots=True)
class SheetSpec:
    """One sheet of a layout, ready for finding things in it. All dictionary keys are folded texts.

    Attributes:
        part: part of the form it holds.
        name: its name in the layout, for people.
        key: folded name.
        kind: ``pairs``, ``lines`` or ``rows``.
        headers: folded header (or label) -> field.
        texts: field -> header as printed, for people.
        required: fields without which the sheet cannot be read.
        key_field: field of the column that names or numbers the lines; None for pairs.
        value_fields: the value columns of lines, in the order of `LineSpec.cells`.
        lines: line key, as printed and folded -> its slots.
        unknown: slots of an unknown line, one a value column.
        totals: slots that our templates fill with a formula -> those of the parts it adds up, on the same sheet.
        slots: field -> slot (pairs and rows).
        kinds: field -> how its cells are read: ``text``, ``paragraphs``, ``number``, ``percent``, ``day``, ``words``
            (a text where a dash or "không" means that there is nothing).
        anchor: field without which a row is no row.
        evidence: fields one of which shows that a row without a number is a row all the same.
        addressed: fields that give a cell even when blank, so that a finding has a place to point to.
        carried: fields that a blank cell takes from the row above where the first of them is blank (merged
            cells).
    """

    part: str
    name: str
    key: str
    kind: str
    headers: dict[str, str]
    texts: dict[str, str]
    required: frozenset[str]
    key_field: str | None = None
    value_fields: tuple[str, ...] = ()
    lines: dict[str, LineSpec] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()
    totals: dict[int, frozenset[int]] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    anchor: str | None = None
    evidence: frozenset[str] = frozenset()
    addressed: frozenset[str] = frozenset()
    carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LayoutSpec:
    """One layout. `slots` gives (part, line key, field) of every place a value can stand."""

    code: str
    form: str
    form_key: str
    title_key: str
    sheets: tuple[SheetSpec, ...]
    slots: tuple[tuple[str, str, str], ...]

    @property
    def points(self) -> int:
        """The signs by which it can be known, weighted."""
        labels = sum(len(sheet.headers) for sheet in self.sheets if sheet.part == INFO)
        return _SHEET_POINTS * len(self.sheets) + labels + _TITLE_POINTS + _FORM_POINTS


@dataclass(frozen=True, slots=True)
class Words:
    """Folded words that stand for a value: nothing to report, yes, no.

    With their accents: how a total row begins, and how what only looks like one; and how "as above" is said, in folded
    words and in signs as they are.
    """

    nothing: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]
    total: frozenset[str]
    no_total: frozenset[str]
    ditto: frozenset[str]
    ditto_signs: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReadingSpec:
    """All a reading child has to know of the catalogue."""

    layouts: tuple[LayoutSpec, ...]
    words: Words
    reasons: ReasonHeaders


class Seen(NamedTuple):
    """A finding of this stage: what was seen where, in plain picklable values."""

    code: str
    sheet: str
    cell: str
    args: dict[str, str]


class InfoCell(NamedTuple):
    """What a cover sheet says under one label; `day` as a proleptic ordinal."""

    text: str
    day: int | None
    sheet: str
    cell: str


@dataclass(frozen=True, slots=True)
class Extract:
    """What a workbook says, in columns of equal length: one entry a cell.

    Attributes:
        layout: code of the layout; empty when none was recognised.
        sheet_names: part -> name of its sheet in this file.
        info: the cover sheet, by field.
        findings: what is wrong with sheets, columns and lines.
        slots: position in the layout's `slots`.
        rows: row of the cell, from 1.
        columns: column of the cell, from 0.
        states: position in `cells.STATES`, one byte a cell.
        numbers: the number; nought where there is none.
        has_text: one byte a cell: 1 where it has a text.
        texts: these texts in the order of the cells, joined by `TEXT_END`: one string travels faster than many.
        day_at: positions of the cells that are days.
        days: these days, as proleptic ordinals.
        keys: (position, line key as written) of cells on unknown lines.
        manifest: what the hidden sheet of a template says of it, unchecked; empty where there is none.
        repairs: what was written otherwise than asked for, and how it was read.
        reasons: what the sender wrote beside warnings on the first sheet of a marked workbook.
    """

    layout: str
    sheet_names: dict[str, str]
    info: dict[str, InfoCell]
    findings: tuple[Seen, ...]
    slots: "array[int]"
    rows: "array[int]"
    columns: "array[int]"
    states: bytes
    numbers: "array[float]"
    has_text: bytes
    texts: str
    day_at: "array[int]"
    days: "array[int]"
    keys: tuple[tuple[int, str], ...]
    manifest: dict[str, str] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    reasons: tuple[Reason, ...] = ()


def extract(spec: ReadingSpec, workbook: Workbook) -> Extract:
    """Read the cells of a form out of a workbook.

    Args:
        spec: the layouts known (see `spec.reading_spec`).
        workbook: the sheets of one file.

    Returns:
        The cells with their places. When no layout was recognised, or several equally well, it is empty but
        for one finding that says what was seen.
    """
    found = _extract(spec, workbook, {})
    texts = (*found.sheet_names.values(), *(cell.text for cell in found.info.values()))
    # Sound files, nearly all of them, are not searched cell by cell for legacy encodings.
    if not found.layout or found.findings or is_strange(found.texts) or is_strange(TEXT_END.join(texts)):
        workbook, changes = repaired(workbook)
        return _extract(spec, workbook, changes) if changes else found
    return found


def _extract(spec: ReadingSpec, workbook: Workbook, changes: dict[tuple[str, int, int], Change]) -> Extract:
    """Read a workbook in which some texts were in a legacy encoding."""
    layout, places, findings = recognise_layout(spec.layouts, workbook)
    reading = Reading(spec.words, findings, is_template=_keeps_formulas(workbook))
    if layout is not None:
        for sheet_spec in layout.sheets:
            sheet = places.get(sheet_spec.part)
            if sheet is None:
                reading.find("MISSING_SHEET", "", "", part=sheet_spec.part, name=sheet_spec.name)
            else:
                reading.read(sheet, sheet_spec)
    if changes:
        reading.tell_encodings(changes, layout.slots if layout else ())
    return reading.finish(layout.code if layout else "", _manifest(workbook))


def _keeps_formulas(workbook: Workbook) -> bool:
    """Whether it is a template of ours, in a format in which its totals can be live."""
    return workbook.kind not in ("csv", "json") and any(sheet.name == MANIFEST for sheet in workbook.sheets)


def _manifest(workbook: Workbook) -> dict[str, str]:
    """The fields of the hidden sheet that a template carries; whoever made them up is told by the signature."""
    sheet = next((each for each in workbook.sheets if each.name == MANIFEST), None)
    rows = sheet.rows[:_MANIFEST_ROWS] if sheet is not None else ()
    return {
        row[0][:_MANIFEST_TEXT]: shown(row[1])[:_MANIFEST_TEXT]
        for row in rows
        if len(row) > 1 and type(row[0]) is str and row[1] is not None
    }


# --------------------------------------------------------------------------------- which layout


def recognise_layout(
    layouts: Sequence[LayoutSpec], workbook: Workbook
) -> tuple[LayoutSpec | None, dict[str, Sheet], list[Seen]]:
    """Find the layout that explains a workbook best, by its sheets and the texts in them.

    The name of the file plays no part.

    Returns:
        The layout (None when too little of any was found, or two are found equally well), the sheet of each
        part, and the finding that says why there is no layout.
    """
    looked = _Looked(workbook.sheets)
    ranked = _rank(layouts, looked, by_content=False)
    if not ranked or not ranked[0].certain or _is_tied(ranked):
        ranked = _rank(layouts, looked, by_content=True)
    if not ranked or ranked[0].share < _RECOGNISED:
        names = ", ".join(filter(None, (clean(sheet.name) for sheet in workbook.sheets[:12]))) or "–"
        nearest = f"{ranked[0].layout.code} {ranked[0].share:.0%}" if ranked else ""
        return None, {}, [Seen("FORM_UNRECOGNISED", "", "", {"sheets": names, "nearest": nearest})]
    if _is_tied(ranked):
        best = (ranked[0].points, ranked[0].share)
        codes = ", ".join(match.layout.code for match in ranked if (match.points, match.share) == best)
        return None, {}, [Seen("FORM_AMBIGUOUS", "", "", {"layouts": codes})]
    return ranked[0].layout, ranked[0].places, []


class _Match(NamedTuple):
    """How well a layout explains a workbook: points of the signs found, and their share of all its signs."""

    layout: LayoutSpec
    points: int
    share: float
    certain: bool
    places: dict[str, Sheet]


class _Looked:
    """The sheets of a workbook, and what was read of them while looking, so that it is read once."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self.sheets = sheets
        self.by_name: dict[str, Sheet] = {}
        # Of two sheets of one name the first visible one.
        for sheet in sorted(sheets, key=lambda sheet: sheet.hidden):
            self.by_name.setdefault(fold(sheet.name), sheet)
        self._texts: dict[int, frozenset[str]] = {}

    def texts(self, sheet: Sheet) -> frozenset[str]:
        """The folded texts of the upper part of a sheet."""
        found = self._texts.get(id(sheet))
        if found is None:
            cells = (value for row in sheet.rows[:INFO_ROWS] for value in row if type(value) is str)
            found = frozenset(key for value in cells for key in label_keys(value))
            self._texts[id(sheet)] = found
        return found


def label_keys(text: str) -> tuple[str, ...]:
    """The folded text of a label, and that of its part before a bracket or colon."""
    head = _BEFORE_BRACKET.split(text, maxsplit=1)[0]
    return (fold(text),) if len(head) == len(text) else (fold(text), fold(head))


def _rank(layouts: Sequence[LayoutSpec], looked: _Looked, *, by_content: bool) -> list[_Match]:
    matches = [_match(layout, looked, by_content=by_content) for layout in layouts]
    return sorted(matches, key=lambda match: (match.points, match.share), reverse=True)


def _is_tied(ranked: Sequence[_Match]) -> bool:
    """Whether two layouts explain the workbook equally well."""
    return len(ranked) > 1 and (ranked[0].points, ranked[0].share) == (ranked[1].points, ranked[1].share)


def _match(layout: LayoutSpec, looked: _Looked, *, by_content: bool) -> _Match:
    places = {spec.part: looked.by_name[spec.key] for spec in layout.sheets if spec.key in looked.by_name}
    if by_content:
        _place_by_content(layout, looked, places)
    points = _SHEET_POINTS * len(places)
    labels = 0
    info = next((spec for spec in layout.sheets if spec.part == INFO), None)
    cover = places.get(INFO)
    if info is not None and cover is not None:
        texts = looked.texts(cover)
        labels = len(texts & info.headers.keys())
        points += (
            labels + _TITLE_POINTS * (layout.title_key in texts) + _FORM_POINTS * (layout.form_key in texts)
        )
    certain = len(places) == len(layout.sheets) and info is not None and 2 * labels > len(info.headers)
    return _Match(layout, points, points / layout.points, certain, places)


def _place_by_content(layout: LayoutSpec, looked: _Looked, places: dict[str, Sheet]) -> None:
    """Find sheets that were given another name by the headers and labels in them."""
    taken = {id(sheet) for sheet in places.values()}
    for spec in layout.sheets:
        if spec.part in places or not spec.headers:
            continue
        rest = [sheet for sheet in looked.sheets if id(sheet) not in taken]
        shares = [
            (len(looked.texts(sheet) & spec.headers.keys()) / len(spec.headers), sheet) for sheet in rest
        ]
        share, sheet = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        if sheet is not None and share >= _SHEET_BY_CONTENT:
            places[spec.part] = sheet
            taken.add(id(sheet))


# ------------------------------------------------------------------------------------ the tables


class _Table(NamedTuple):
    """Where a table stands in its sheet: header row and column of each field, positions in `Sheet.rows`."""

    header: int
    columns: dict[str, int]


def find_table(rows: Sequence[Sequence[CellValue]], spec: SheetSpec) -> _Table | None:
    """Find the row with most of a table's headers; None when no row has the key column and another."""
    best: dict[str, int] = {}
    at = -1
    for number, row in enumerate(rows[:HEADER_ROWS]):
        columns = _header_columns(row, spec.headers)
        if len(columns) > len(best) and spec.key_field in columns:
            best, at = columns, number
            if len(best) == len(spec.headers):
                break
    if len(best) < 2:
        return None
    return _with_second_row(rows, spec, _Table(at, best))


def _with_second_row(rows: Sequence[Sequence[CellValue]], spec: SheetSpec, table: _Table) -> _Table:
    """A header of two rows, the key merged over both, where one row alone has not all that is required."""
    if spec.required <= table.columns.keys():
        return table
    columns, header = dict(table.columns), table.header
    for near in (table.header + 1, table.header - 1):
        if not 0 <= near < len(rows) or rows[near][columns[spec.key_field or ""]] is not None:
            continue
        for name, column in _header_columns(rows[near], spec.headers).items():
            if name not in columns and column not in columns.values():
                columns[name], header = column, max(header, near)
    return _Table(header, columns)


def _header_columns(row: Sequence[CellValue], headers: dict[str, str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for number, name in _named_columns(row, headers):
        columns.setdefault(name, number)
    return columns


def _named_columns(row: Sequence[CellValue], headers: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The columns of a row that a header names, from left to right, and the field each is."""
    for number, value in enumerate(row):
        if type(value) is not str:
            continue
        name = headers.get(fold(value))
        if name is None and ("(" in value or ":" in value or "[" in value):
            head = _BEFORE_BRACKET.split(value, maxsplit=1)[0]
            name = None if _says_other_figures(head, value) else headers.get(fold(head))
        if name is not None:
            yield number, name


def _says_other_figures(head: str, header: str) -> bool:
    """Whether what a header adds to its head makes it the header of other figures than the form asks for."""
    added = fold(header[len(head) :])
    return bool(_EARLIER.search(added) or (fold(head) == _IN_PERIOD and _CUMULATED.search(added)))


def _says_more(rows: Sequence[Sequence[CellValue]], table: _Table, first: int, again: int) -> bool:
    """Whether a column says anything below its header that an earlier one of the same name does not say."""
    return any(
        shown(row[again]) not in ("", shown(row[first])) and row[again] != row[first]
        for row in rows[table.header + 1 :]
    )


def is_numbering(row: Sequence[CellValue]) -> bool:
    """Whether a row only numbers the columns: (1) (2) (3), or A B 1 2."""
    filled = [shown(value) for value in row if value is not None]
    return (
        len(filled) > 1
        and all(_COLUMN_NUMBERS.fullmatch(text) for text in filled)
        and len(set(filled)) == len(filled)
    )


class Reading:
    """The cells of one workbook while they are collected."""

    def __init__(self, words: Words, findings: Iterable[Seen], *, is_template: bool = False) -> None:
        self._words = words
        self._is_template = is_template
        self._findings = list(findings)
        self._sheet_names: dict[str, str] = {}
        self._info: dict[str, InfoCell] = {}
        self._info_days: dict[int, str] = {}
        # (slot, row, column, state, number) of each cell; texts and days by position in this list.
        self._cells: list[tuple[int, int, int, int, float]] = []
        self._texts: list[tuple[int, str]] = []
        self._days: list[tuple[int, int]] = []
        self._keys: list[tuple[int, str]] = []
        self._sheet = ""
        self._evidence = Evidence(self._cells, self._texts, self._days, self.find)
        self._repairs: list[Repair] = []

    def find(self, code: str, sheet: str, cell: str, /, **args: str) -> None:
        """Note something wrong with the shape of the workbook."""
        self._findings.append(Seen(code, sheet, cell, args))

    def read(self, sheet: Sheet, spec: SheetSpec) -> None:
        """Take the cells of one part of the form from its sheet."""
        self._sheet = self._sheet_names[spec.part] = clean(sheet.name)
        if spec.kind == "pairs":
            self._read_pairs(sheet, spec)
            return
        table = find_table(sheet.rows, spec)
        if table is None:
            self.find(
                "HEADER_NOT_FOUND", clean(sheet.name), "", headers=", ".join(list(spec.texts.values())[:6])
            )
            return
        missing = [
            spec.texts[name] for name in spec.texts if name in spec.required and name not in table.columns
        ]
        for header in missing:
            self.find("MISSING_COLUMN", clean(sheet.name), sheet.address(table.header, 0), header=header)
        table = self._without_repeated(sheet, spec, table)
        first = table.header + 1
        if first < len(sheet.rows) and is_numbering(sheet.rows[first]):
            first += 1
        if spec.kind == "lines":
            begin = len(self._cells)
            self._read_lines(sheet, spec, table, first)
            if self._is_template:
                self._tell_typed_over(sheet, spec, begin)
        else:
            self._read_rows(sheet, spec, table, first)

    def _tell_typed_over(self, sheet: Sheet, spec: SheetSpec, begin: int) -> None:
        """Totals of our template that are no formula any more: each, or the sheet where none is left.

        Whoever knows a total only, and none of its parts, is asked to write over the formula.
        """
        cells = self._cells[begin:]
        told = {slot for slot, _, _, state, _ in cells if state == NUMBER}
        live = {
            (row - 1, column): (row - 1, column) in sheet.formulas
            for slot, row, column, state, _ in cells
            if state == NUMBER and not told.isdisjoint(spec.totals.get(slot, ()))
        }
        typed = [position for position, is_live in live.items() if not is_live]
        if len(typed) == len(live) > 1:  # a program that keeps no formulas, or all pasted as values
            self.find("SUMS_TYPED_OVER", clean(sheet.name), "")
            return
        for position in typed:
            self.find("SUM_TYPED_OVER", clean(sheet.name), address(*position))

    def _without_repeated(self, sheet: Sheet, spec: SheetSpec, table: _Table) -> _Table:
        """The table without columns whose header stands twice over different things: neither is known to be meant."""
        repeated = [
            (name, column)
            for column, name in _named_columns(sheet.rows[table.header], spec.headers)
            if column != table.columns.get(name, column)
            and _says_more(sheet.rows, table, table.columns[name], column)
        ]
        if not repeated:
            return table
        name, column = repeated[0]
        self.find(
            "DUPLICATE_COLUMN",
            clean(sheet.name),
            sheet.address(table.header, column),
            headers=", ".join(
                f"“{shown(sheet.rows[table.header][at])[:60]}”" for at in dict(repeated).values()
            ),
            first=sheet.address(table.header, table.columns[name]),
        )
        unclear = {each for each, _ in repeated} - {spec.key_field, spec.anchor}
        return _Table(table.header, {each: at for each, at in table.columns.items() if each not in unclear})

    def finish(self, layout: str, manifest: dict[str, str] | None = None) -> Extract:
        """All that was collected."""
        self._repairs += self._evidence.settle()
        self._settle_info()
        self._refuse_huge()
        slots, rows, columns, states, numbers = zip(*self._cells, strict=True) if self._cells else ((),) * 5
        has_text = bytearray(len(slots))
        for at, _ in self._texts:
            has_text[at] = 1
        return Extract(
            layout=layout,
            sheet_names=self._sheet_names,
            info=self._info,
            findings=tuple(self._findings),
            slots=array("H", slots),
            rows=array("I", rows),
            columns=array("H", columns),
            states=bytes(states),
            numbers=array("d", numbers),
            has_text=bytes(has_text),
            texts=TEXT_END.join([text for _, text in self._texts]),
            day_at=array("I", [at for at, _ in self._days]),
            days=array("i", [day for _, day in self._days]),
            keys=tuple(self._keys),
            manifest=manifest or {},
            repairs=tuple(self._repairs),
        )

    def _settle_info(self) -> None:
        """What the cover sheet says of days as they were settled with all others of the file."""
        days = dict(self._days) if self._info_days and self._repairs else {}
        for at, name in self._info_days.items():
            if at in days:
                self._info[name] = self._info[name]._replace(day=days[at])

    def tell_encodings(
        self, changes: dict[tuple[str, int, int], Change], slots: Sequence[tuple[str, str, str]]
    ) -> None:
        """Tell of texts that were in a legacy encoding."""
        found = encoding_repairs(changes, self._cells, lambda slot: self._sheet_names.get(slots[slot][0], ""))
        self._repairs += map(self._evidence.told, found)

    def _refuse_huge(self) -> None:
        """What is too large to be kept exactly is no number, but the text that stood there."""
        numbers = list(map(itemgetter(4), self._cells))
        # The sum is a number unless one of them is none (NaN), which maximum and minimum may overlook.
        if isfinite(sum(numbers)) and max(map(abs, numbers), default=NONE) < LARGEST_NUMBER:
            return
        huge = [at for at, number in enumerate(numbers) if not abs(number) < LARGEST_NUMBER]
        for at in huge:
            slot, row, column, _, number = self._cells[at]
            self._cells[at] = (slot, row, column, TEXT, NONE)
            self._texts.append((at, repr(number)))
        self._texts[:] = sorted(dict(self._texts).items())

    # ------------------------------------------------------------------------------------- cells

    def _put(self, slot: int, row: int, column: int, state: int, number: float = NONE) -> int:
        self._cells.append((slot, row + 1, column, state, number))
        return len(self._cells) - 1

    def _put_number(
        self, slot: int, row: int, column: int, value: CellValue, line: LineSpec = _NO_LINE
    ) -> None:
        """A cell that should hold a number, or yes or no."""
        state, number, text, day = self._read_value(value, yes_no=line.yes_no)
        if state == TEXT and not line.yes_no and day is None:
            how = read_amount(text, line.unit)
            if how is not None:
                self._put_amount(self._put(slot, row, column, NUMBER, how.number), text, how, line)
                return
        at = self._put(slot, row, column, state, number)
        if text:
            self._texts.append((at, text))
        if state == BLANK and text:
            self.find("ANSWER_IS_DASH", self._sheet, address(row, column), text=text)
        if day is not None:
            self._days.append((at, day.toordinal()))
        if state == NUMBER and type(value) is str:
            self._evidence.number(at, self._sheet, read_number(text), whole=line.whole)

    def _put_amount(self, at: int, text: str, how: Amount, line: LineSpec) -> None:
        """A number with words around it, which is told."""
        self._texts.append((at, text))
        self._evidence.changed(at, self._sheet, how.rule, text)
        self._evidence.number(at, self._sheet, how, whole=line.whole)

    def _put_money(
        self,
        slot: int,
        row: int,
        column: int,
        value: CellValue,
        scale: Decimal | Foreign | None,
        line: LineSpec,
    ) -> None:
        """Money where header or unit cell name another unit than the form; None where the two disagree."""
        at = len(self._cells)
        self._put_number(slot, row, column, value, line)
        _, _, _, state, number = self._cells[at]
        # What the cell itself says of its unit comes first.
        if state == NUMBER and number and not self._evidence.is_changed(at):
            self._evidence.rescale(at, self._sheet, scale, value if type(value) is str else written(number))

    def _read_value(self, value: CellValue, *, yes_no: bool) -> tuple[int, float, str, date | None]:
        if isinstance(value, CellError):
            return ERROR, NONE, _error_text(value), None
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not yes_no:
            return NUMBER, float(value), "", None
        if isinstance(value, date):
            return DAY, NONE, shown(value), read_day(value)
        text = shown(value)
        if not text:
            return BLANK, NONE, "", None
        state, number = self._read_answer(text) if yes_no else self._read_count(text)
        return state, number, text, None

    def _read_count(self, text: str) -> tuple[int, float]:
        how = read_number(text)
        if how is not None:
            return NUMBER, how.number
        return (NOTHING if says_nothing(text, self._words.nothing) else TEXT), NONE

    def _read_answer(self, text: str) -> tuple[int, float]:
        """An answer yes or no; 1 and 0, true and false are answers too."""
        key = fold(text)
        if key in self._words.yes or key in ("1", "true"):
            return YES, 1.0
        if key in self._words.no or key in ("0", "false"):
            return NO, 0.0
        # A dash says that there is nothing to write: nobody knows whether that is a no.
        return (BLANK if is_dash(text) else TEXT), NONE

    def _put_typed(self, kind: str, slot: int, row: int, column: int, value: CellValue) -> None:
        """A cell of a row or pair, read the way its field asks for."""
        if isinstance(value, CellError):
            self._texts.append((self._put(slot, row, column, ERROR), _error_text(value)))
            return
        text = _paragraphs(value) if kind == "paragraphs" and isinstance(value, str) else shown(value)
        if not text:
            self._put(slot, row, column, BLANK)
        elif kind == "number":
            self._put_number(slot, row, column, value)
        elif kind == "percent":
            self._put_number(slot, row, column, value, _PERCENT)
            if self._cells[-1][3] == NUMBER and not (isinstance(value, str) and "%" in value):
                self._evidence.percent(len(self._cells) - 1, self._sheet)
        elif kind != "text" and says_nothing(text, self._words.nothing):
            self._texts.append((self._put(slot, row, column, NOTHING), text))
        elif kind == "day":
            self._put_day(slot, row, column, value, text)
        else:
            self._texts.append((self._put(slot, row, column, TEXT), text))

    def _put_day(self, slot: int, row: int, column: int, value: CellValue, text: str) -> None:
        day = read_day(value)
        if day is None:
            self._texts.append((self._put(slot, row, column, TEXT), text))
        else:
            at = self._put(slot, row, column, DAY)
            self._days.append((at, day.toordinal()))
            if type(value) is str:
                self._evidence.day(at, self._sheet, text)

    # ------------------------------------------------------------------------------------- pairs

    def _read_pairs(self, sheet: Sheet, spec: SheetSpec) -> None:
        seen: set[str] = set()
        for number, row in enumerate(sheet.rows[:INFO_ROWS]):
            for column, value in enumerate(row):
                if type(value) is not str:
                    continue
                name = spec.headers.get(fold(value))
                if name is not None and name not in seen:
                    seen.add(name)
                    beside = _value_beside(row, column, spec)
                    if spec.part == REMARKS:
                        beside = self._whole_remark(sheet, spec, (number, column), beside)
                    self._put_pair(sheet, spec, name, (number, *beside))
                elif name is None and ":" in value:
                    head, _, tail = value.partition(":")
                    name = spec.headers.get(fold(head))
                    if name is not None and name not in seen:
                        seen.add(name)
                        inside = (column, tail.strip()) if tail.strip() else _value_beside(row, column, spec)
                        if spec.part == REMARKS and not tail.strip():
                            inside = self._whole_remark(sheet, spec, (number, column), inside)
                        self._put_pair(sheet, spec, name, (number, *inside))

    def _whole_remark(
        self, sheet: Sheet, spec: SheetSpec, label: tuple[int, int], beside: tuple[int, CellValue]
    ) -> tuple[int, CellValue]:
        """A remark with what stands further right and in the rows below, up to a blank row or the next label.

        A text under its label is the remark where nothing stands beside; else nobody knows what it belongs to.
        """
        number, column = label
        at, first = beside
        said = [] if first is None else [value for value in sheet.rows[number][at:] if value is not None]
        for below, row in enumerate(sheet.rows[number + 1 : INFO_ROWS], start=number + 1):
            if not any(value is not None for value in row) or _has_label(row, spec):
                break
            if row[column] is not None and said:
                self.find("REMARK_NOT_READ", clean(sheet.name), sheet.address(below, column))
                break
            said += [value for value in row[column:] if value is not None]
        if not said or said == [first]:
            return beside
        return at, "\n".join(value if isinstance(value, str) else shown(value) for value in said)

    def _put_pair(self, sheet: Sheet, spec: SheetSpec, name: str, at: tuple[int, int, CellValue]) -> None:
        number, at_column, value = at
        row, column = sheet.first_row + number, sheet.first_col + at_column
        slot = spec.slots[name]
        if value is None and (row, column) in sheet.uncomputed:
            self._put(slot, row, column, UNCOMPUTED)
        else:
            self._put_typed(spec.kinds[name], slot, row, column, value)
        if spec.part == INFO:
            day = (
                read_day(value)
                if not isinstance(value, (str, float, int)) or spec.kinds[name] == "day"
                else None
            )
            if spec.kinds[name] == "day":
                self._info_days[len(self._cells) - 1] = name
            text = shown(value)
            self._info[name] = InfoCell(
                text, day.toordinal() if day else None, clean(sheet.name), address(row, column)
            )

    # ------------------------------------------------------------------------------------- lines

    def _read_lines(  # noqa: C901, PLR0912 - sees every cell of every file: calls would double its time
        self, sheet: Sheet, spec: SheetSpec, table: _Table, first: int
    ) -> None:
        """Lines with a key. This loop sees every line of every file: the usual cell has the shortest way."""
        columns = [table.columns.get(name, -1) for name in spec.value_fields]
        key_column = table.columns[spec.key_field or ""]
        note_column = table.columns.get("note", -1)
        first_row, first_col, uncomputed = sheet.first_row, sheet.first_col, sheet.uncomputed
        unit_column = table.columns.get("unit", -1)
        scales = _header_units(sheet.rows, table, spec)
        cells = self._cells
        lines: dict[Any, LineSpec] = spec.lines  # any cell value can be looked up
        seen: set[int] = set()
        repeated: list[int] = []
        for number in range(first, len(sheet.rows)):
            row = sheet.rows[number]
            line = lines.get(row[key_column])
            if line is None or line.note in seen:
                line = self._line(lines, row[key_column], seen)
            if line is None:
                if any(column >= 0 and row[column] is not None for column in columns):
                    self._unknown_line(sheet, spec, number, row[key_column], columns)
                continue
            if line.note in seen:
                repeated.append(number)
                continue
            seen.add(line.note)
            at_row = first_row + number
            if line.unit == MONEY and (scales or (unit_column >= 0 and row[unit_column] != MONEY)):
                written = row[unit_column] if unit_column >= 0 else None
                self._put_money_line(
                    sheet, line, at_row, row, columns, _line_scales(scales, written, columns)
                )
                if note_column >= 0 and row[note_column] is not None:
                    self._put_typed("text", line.note, at_row, first_col + note_column, row[note_column])
                continue
            for column, (slot, asked) in zip(columns, line.cells, strict=True):
                if column < 0:
                    continue
                value = row[column]
                if type(value) is float and not line.yes_no:
                    cells.append((slot, at_row + 1, first_col + column, NUMBER, value))
                elif value is not None:
                    self._put_number(slot, at_row, first_col + column, value, line)
                elif uncomputed and (at_row, first_col + column) in uncomputed:
                    self._put(slot, at_row, first_col + column, UNCOMPUTED)
                elif asked:
                    cells.append((slot, at_row + 1, first_col + column, BLANK, NONE))
            if note_column >= 0 and row[note_column] is not None:
                self._put_typed("text", line.note, at_row, first_col + note_column, row[note_column])

        self._tell_repeated(sheet, repeated, key_column)
        self._check_merged(sheet, spec, table, first)
        missed = {line.required: None for line in lines.values() if line.required and line.note not in seen}
        for key in missed:
            self.find("MISSING_LINE", clean(sheet.name), "", line=key)

    def _check_merged(self, sheet: Sheet, spec: SheetSpec, table: _Table, first: int) -> None:
        """Tell of one figure in a cell merged over several lines: what each of them has nobody knows."""
        rows, key_column = sheet.rows, table.columns[spec.key_field or ""]
        at = {
            name: sheet.first_col + table.columns[name] for name in spec.value_fields if name in table.columns
        }
        for top, left, low, right in sheet.merged:
            begin, end = top - sheet.first_row, min(low - sheet.first_row + 1, len(rows))
            fields = {name for name, column in at.items() if left <= column <= right}
            if not fields or begin < first or end - begin < 2 or left < sheet.first_col:
                continue
            lines = [self._line(spec.lines, rows[number][key_column], set()) for number in range(begin, end)]
            asking = [line for line in lines if line is not None and line.asks(spec.value_fields, fields)]
            if len(asking) > 1 and rows[begin][left - sheet.first_col] is not None:
                cells = f"{address(top, left)}:{address(low, right)}"
                self.find("MERGED_OVER_LINES", clean(sheet.name), address(top, left), cells=cells)

    def _put_money_line(
        self,
        sheet: Sheet,
        line: LineSpec,
        at_row: int,
        row: Sequence[CellValue],
        columns: Sequence[int],
        scales: Sequence[Decimal | Foreign | None],
    ) -> None:
        """A line of money in a table that names a unit of money of its own."""
        for column, (slot, asked), scale in zip(columns, line.cells, scales, strict=True):
            if column < 0:
                continue
            at_column = sheet.first_col + column
            value = row[column]
            if value is not None and scale == 1:
                self._put_number(slot, at_row, at_column, value, line)
            elif value is not None:
                self._put_money(slot, at_row, at_column, value, scale, line)
            elif sheet.uncomputed and (at_row, at_column) in sheet.uncomputed:
                self._put(slot, at_row, at_column, UNCOMPUTED)
            elif asked:
                self._put(slot, at_row, at_column, BLANK)

    def _line(self, lines: dict[str, LineSpec], key: CellValue, seen: set[int]) -> LineSpec | None:
        if key is None:
            return None
        if type(key) is str:
            return lines.get(fold(key))
        text = shown(key)
        line = lines.get(fold(text))
        # A number 1.10 typed as a number is stored as 1.1: met a second time it is the tenth, not the first
        # again.
        if line is not None and line.note in seen and "." in text:
            return lines.get(fold(text + "0"), line)
        return line

    def _tell_repeated(self, sheet: Sheet, repeated: Sequence[int], key_column: int) -> None:
        """Tell of lines that stand twice: one by one, or of a whole table below its first line."""
        keys = [(number, clean(shown(sheet.rows[number][key_column]))) for number in repeated]
        if len(keys) > _MOST_REPEATED:
            number, key = keys[0]
            place = sheet.address(number, key_column)
            self.find("TABLE_REPEATED", clean(sheet.name), place, line=key, count=str(len(keys)))
            return
        for number, key in keys:
            self.find("DUPLICATE_LINE", clean(sheet.name), sheet.address(number, key_column), line=key)

    def _unknown_line(
        self, sheet: Sheet, spec: SheetSpec, number: int, key: CellValue, columns: Sequence[int]
    ) -> None:
        """A row with numbers under a key the form does not know: kept, so that a rule can point to it."""
        row = sheet.rows[number]
        told = shown(key) or next((clean(value) for value in row if type(value) is str), "")
        for column, slot in zip(columns, spec.unknown, strict=True):
            value = row[column] if column >= 0 else None
            if isinstance(value, (int, float)) or (isinstance(value, str) and read_number(value) is not None):
                self._put_number(slot, sheet.first_row + number, sheet.first_col + column, value)
                self._keys.append((len(self._cells) - 1, f"{UNKNOWN_LINE}{told[:60]}"))

    # -------------------------------------------------------------------------------------- rows

    def _read_rows(self, sheet: Sheet, spec: SheetSpec, table: _Table, first: int) -> None:
        at = table.columns
        fields = [
            Field(at[name], spec.slots[name], spec.kinds[name], name in spec.addressed)
            for name in spec.slots
            if name in at
        ]
        evidence = [at[name] for name in spec.evidence if name in at]
        carried = [at[name] for name in spec.carried if name in at]
        anchor, key = at.get(spec.anchor or ""), at.get(spec.key_field or "")
        said_once = [each.column for each in fields if each.column not in (anchor, key)]
        above: Sequence[CellValue] = ()
        header = sheet.rows[table.header]
        for number in range(first, len(sheet.rows)):
            row: Sequence[CellValue] = sheet.rows[number]
            if anchor is not None and row[anchor] == header[anchor] and row[anchor]:
                continue  # the header again, as on every page of a long register
            filled = any(row[column] is not None for column in evidence)
            name = None if anchor is None else row[anchor]
            if not (filled or name) or not self._is_row(
                name, None if key is None else row[key], spec, filled=filled
            ):
                continue
            if above:
                row = self._without_dittos(row, above, said_once)
            if carried and above:
                row = carry(sheet, carried, number, row, above)
            above = row
            self._put_row(sheet, fields, sheet.first_row + number, row)

    def _without_dittos(
        self, row: Sequence[CellValue], above: Sequence[CellValue], columns: Sequence[int]
    ) -> Sequence[CellValue]:
        """A row in which "nt" and ditto marks say what stands above them: no producer is called so."""
        words = self._words
        said = [
            column
            for column in columns
            if type(value := row[column]) is str
            and len(value) <= _LONGEST_DITTO
            and (clean(value) in words.ditto_signs or fold(value) in words.ditto)
        ]
        if not said:
            return row
        filled = list(row)
        for column in said:
            filled[column] = above[column]
        return filled

    def _is_row(self, name: CellValue, number: CellValue, spec: SheetSpec, *, filled: bool) -> bool:
        """Whether a row is one of the table's: numbered and filled, or filled as only such a row is.

        In the registers of provinces only numbered rows are products; totals and footers carry no number.
        """
        if type(number) is float:
            return True
        key = shown(number)
        is_number = key and read_number(key.rstrip(".")) is not None
        if spec.part == REGISTER and is_number:
            return True
        if not (filled or (key and spec.part != REGISTER)):
            return False
        return not (self._is_total(shown(name)) or self._is_total(key))

    def _put_row(
        self, sheet: Sheet, fields: Sequence["Field"], at_row: int, row: Sequence[CellValue]
    ) -> None:
        """The cells of one row; texts, which most of them are, have the shortest way."""
        cells, texts, nothing, first_col = self._cells, self._texts, self._words.nothing, sheet.first_col
        for column, slot, kind, addressed in fields:
            value = row[column]
            if type(value) is str and (kind == "words" or kind == "text"):  # noqa: PLR1714 - twice as fast so
                text = clean(value)
                if text:
                    state = NOTHING if kind == "words" and says_nothing(text, nothing) else TEXT
                    texts.append((len(cells), text))
                    cells.append((slot, at_row + 1, first_col + column, state, NONE))
                elif addressed:
                    cells.append((slot, at_row + 1, first_col + column, BLANK, NONE))
            elif value is not None:
                self._put_typed(kind, slot, at_row, first_col + column, value)
            elif sheet.uncomputed and (at_row, first_col + column) in sheet.uncomputed:
                self._put(slot, at_row, first_col + column, UNCOMPUTED)
            elif addressed:
                cells.append((slot, at_row + 1, first_col + column, BLANK, NONE))

    def _is_total(self, text: str) -> bool:
        words = self._words
        return any(begins_with(text, word) for word in words.total) and not any(
            begins_with(text, word) for word in words.no_total
        )


class Field(NamedTuple):
    """Where a field of a row stands, its slot, how its cells are read, and whether it has a place when blank."""

    column: int
    slot: int
    kind: str
    addressed: bool


def carry(
    sheet: Sheet, carried: Sequence[int], number: int, row: Sequence[CellValue], above: Sequence[CellValue]
) -> Sequence[CellValue]:
    """A row whose cells of the entity, merged over several products, are filled from the row above.

    A blank producer with nothing told of it means the same producer as above, with all that belongs to it; any single
    cell inside a merged range takes the range's value. The cell keeps its own address, which lies in the merged range.
    Where its kind or place is told and its name is not, the name was forgotten: it is not the one above.
    """
    blank = [column for column in carried if row[column] is None and above[column] is not None]
    if not blank:
        return row
    same = all(row[column] is None for column in carried)
    at_row = sheet.first_row + number
    filled = list(row)
    for column in blank:
        at = sheet.first_col + column
        if same or any(
            top <= at_row <= low and left <= at <= right for top, left, low, right in sheet.merged
        ):
            filled[column] = above[column]
    return filled


def _header_units(
    rows: Sequence[Sequence[CellValue]], table: _Table, spec: SheetSpec
) -> tuple[Decimal | Foreign | None, ...]:
    """For each value column the unit its header names, the row below or a caption above; empty where none does."""
    caption = None
    for row in rows[: table.header]:
        for value in row:
            if type(value) is str and len(value) < _LONGEST_CAPTION:
                caption = caption_unit(value) or caption
    found = tuple(
        (_column_unit(rows, table, spec, table.columns[name]) or caption) if name in table.columns else None
        for name in spec.value_fields
    )
    return found if any(each is not None for each in found) else ()


def _column_unit(
    rows: Sequence[Sequence[CellValue]], table: _Table, spec: SheetSpec, column: int
) -> Decimal | Foreign | None:
    """The unit that a column's header names, or a cell that stands below it and in no line."""
    key_column = table.columns[spec.key_field or ""]
    below = rows[table.header + 1 : table.header + 1 + _ROWS_OF_UNITS]
    texts = [rows[table.header][column], *(row[column] for row in below if row[key_column] is None)]
    units = (header_unit(text) or _unit_alone(text) for text in texts if type(text) is str)
    return next((unit for unit in units if unit is not None), None)


def _unit_alone(text: str) -> Decimal | Foreign | None:
    """The unit of a cell with nothing else in it."""
    return money_scale(text) or foreign_unit(text)


def _line_scales(
    units: Sequence[Decimal | Foreign | None], written: CellValue, columns: Sequence[int]
) -> tuple[Decimal | Foreign | None, ...]:
    """For each value column what its numbers are multiplied by; None where header and unit cell disagree.

    A unit cell that names no đồng says what the whole line is in: dollars, or tonnes. One that names đồng is believed
    over a caption or header of counts, which are meant for the other lines of the table.
    """
    own = money_scale(written) if type(written) is str else None
    if own is None and type(written) is str and (fold(written) or foreign_unit(written)):
        return (Foreign(clean(written), is_currency=False),) * len(columns)
    found: list[Decimal | Foreign | None] = []
    for unit in units or [None] * len(columns):
        if isinstance(unit, Foreign):
            found.append(unit if own is None or unit.is_currency else own)
        elif unit is not None and own is not None and unit != own:
            found.append(None)
        else:
            found.append(unit or own or Decimal(1))
    return tuple(found)


def _has_label(row: Sequence[CellValue], spec: SheetSpec) -> bool:
    """Whether a row has a label of the form, with or without its value behind a colon."""
    texts = (value for value in row if type(value) is str)
    return any(key in spec.headers for text in texts for key in (fold(text), fold(text.partition(":")[0])))


def _value_beside(row: Sequence[CellValue], label: int, spec: SheetSpec) -> tuple[int, CellValue]:
    """Column and value of the first filled cell right of a label, unless another label comes first."""
    for column in range(label + 1, len(row)):
        value = row[column]
        if value is not None:
            if type(value) is str and fold(value) in spec.headers:
                break
            return column, value
    return label + 1, None


def _error_text(error: CellError) -> str:
    """What an error shows; never empty, because a cell marked as having a text must have one."""
    return clean(error.code) or "#"


def _paragraphs(text: str) -> str:
    lines = (clean(line) for line in text[:LONGEST_TEXT].splitlines())
    return "\n".join(line for line in lines if line)
