"""A sender's workbook for a month: the form laid out, with limits, lists, sums, explanations and its hidden manifest.

Belongs here: putting these together. What may be written where is `inputs`, what is explained `guide`, what is already
filled in `contents`.
"""

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from xlsxwriter.utility import quote_sheetname, xl_col_to_name, xl_rowcol_to_cell

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.senders import Sender
from ocop_pipeline.domain.forms import FUNDING, GRID, INFO, REGISTER, TASKS, FormLine, Layout
from ocop_pipeline.domain.indicators import PartRule
from ocop_pipeline.domain.manifest import SHEET, Manifest
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.templates.contents import beside, contents
from ocop_pipeline.templates.guide import EXPIRING_MONTHS, Guide, guide
from ocop_pipeline.templates.inputs import LISTS, Inputs, list_items
from ocop_pipeline.templates.sheets import AS_ISSUED, Answers, LinePlace, SheetDraft, Value, draft_sheets
from ocop_pipeline.templates.workbook import Formats, new_book, write_cell, write_draft
from ocop_pipeline.warehouse.last_reported import Known

_BLANK_ROWS: Final = {REGISTER: 40, TASKS: 10}
"""Rows to be filled in below those that are there."""
_LOCKED: Final = frozenset(
    {"form", "period", "unit_code", "unit_name", "agency_name", "district_name", "province_name"}
)
"""Fields of the cover sheet that are told by the site; the others are the sender's."""
_STYLES: Final = {"expiry_date": "date", "first_date": "date", "second_date": "date", "progress": "whole"}
_DAYS_OF_MONTH: Final = 30.5
_WIDTH_BESIDE: Final = 15
_A4: Final = 9
"""As spreadsheets number paper sizes."""
_LATE, _SOON = {"bg_color": "#F8CBAD"}, {"bg_color": "#FFE699"}
# What a protected sheet still lets its user do: nothing here can move a label.
_ALLOWED: Final = {
    "format_cells": True, "format_columns": True, "format_rows": True, "select_locked_cells": True,
    "select_unlocked_cells": True,
}  # fmt: skip
_ROWS_ALLOWED: Final = {"insert_rows": True, "delete_rows": True, "sort": True, "autofilter": True}


def layout_for(catalogue: Catalogue, form: str, month: Period) -> Layout:
    """The layout in which a form is sent out for a month: the newest in force."""
    return next(
        layout
        for layout in catalogue.layouts
        if layout.form == form
        and (layout.valid_from or date.min) <= month.end <= (layout.valid_to or date.max)
    )


def template(
    catalogue: Catalogue, sender: Sender, month: Period, known: Known, key: bytes, nonce: str
) -> bytes:
    """Make the workbook a sender fills in.

    Args:
        catalogue: The site's.
        sender: Who reports.
        month: Which month.
        known: What is known of it before.
        key: The site's, which signs the manifest.
        nonce: Tells this copy from every other; the same one gives the same bytes.

    Returns:
        An XLSX.
    """
    layout = layout_for(catalogue, sender.form, month)
    return _Template(catalogue, sender, month, known, layout).made(key, nonce)


@dataclass
class _Template:
    catalogue: Catalogue
    sender: Sender
    month: Period
    known: Known
    layout: Layout

    def __post_init__(self) -> None:
        keys = self.layout.line_keys
        room = None if keys is None else {(part, code) for (part, _), code in keys.items()}
        self.lines: tuple[FormLine, ...] = tuple(
            line
            for line in self.catalogue.lines(self.sender.form, self.month.end)
            if room is None or (line.part, line.line_code) in room
        )
        self.answers: Answers = contents(self.catalogue, self.sender, self.month, self.known)
        self.beside: dict[LinePlace, Value] = beside(self.catalogue, self.sender, self.known, self.lines)
        self.guide: Guide = guide(self.catalogue, self.sender, self.month, self.lines, self.answers)
        self.inputs = Inputs(self.catalogue.template_words, self._ranges(), self.month)

    def made(self, key: bytes, nonce: str) -> bytes:
        target = io.BytesIO()
        book = new_book(target)
        formats = Formats(book)
        words = self.catalogue.template_words
        for draft in draft_sheets(self.layout, self.lines, words, self.answers, AS_ISSUED):
            self._place_beside(draft)
            if draft.part in _BLANK_ROWS and draft.table:
                first, left, last, right = draft.table
                draft.table = (first, left, last + _BLANK_ROWS[draft.part], right)
                # LibreOffice shows one of two rules that meet: the colours of certificates come first.
                draft.ruled = False
            sheet = write_draft(book, formats, draft)
            self._dress(sheet, formats, draft)
            _print_on_a4(sheet, draft)
        explained = write_draft(book, formats, self.guide.draft)
        explained.set_landscape()
        _print_on_a4(explained, self.guide.draft)
        explained.protect("", _ALLOWED)
        self._write_lists(book, formats)
        _write_manifest(book, self._manifest(nonce).signed(key))
        book.close()
        return target.getvalue()

    def _manifest(self, nonce: str) -> Manifest:
        sender = self.sender
        return Manifest(
            sender.form, self.layout.code, sender.unit.unit_id, sender.agency, self.month.key, nonce
        )

    # ---------------------------------------------------------------------------------------- sheets

    def _dress(self, sheet: Any, formats: Formats, draft: SheetDraft) -> None:
        values = {(row, column): value for row, column, value, _ in draft.cells}
        if draft.part in (GRID, FUNDING):
            self._dress_lines(sheet, formats, draft)
        elif draft.part in _BLANK_ROWS:
            self._dress_rows(sheet, formats, draft, values)
        else:
            for (_, _, name), (row, column) in draft.places.items():
                if draft.part != INFO or name not in _LOCKED:
                    style = "pair_date" if name == "reported_on" else "pair_value"
                    write_blank_or(sheet, row, column, values.get((row, column)), formats.to_fill(style))
        sheet.protect("", _ALLOWED | (_ROWS_ALLOWED if draft.part in _BLANK_ROWS else {}))

    def _dress_lines(self, sheet: Any, formats: Formats, draft: SheetDraft) -> None:
        sums = self._sums(draft)
        keys = {code: key for (_, key), code in (self.layout.line_keys or {}).items()}
        link = f"internal:{quote_sheetname(self.catalogue.template_words.guide_sheet)}!A"
        asked: dict[int, list[tuple[int, FormLine]]] = defaultdict(list)
        for line in self.lines:
            place = (line.part, line.line_code, line.field)
            if place not in draft.places:
                continue
            row, column = draft.places[place]
            style = (
                "word"
                if line.value_type == "yes_no"
                else "money"
                if line.unit_vi == "triệu đồng"
                else "whole"
            )
            if place in sums:
                sheet.write_formula(row, column, sums[place], formats.to_fill(style), "")
            else:
                sheet.write_blank(row, column, None, formats.to_fill(style))
            asked[column].append((row, line))
            # The key leads to the explanation; a label that did so would not wrap in LibreOffice.
            at, written = draft.columns["key"], keys.get(line.line_code, line.line_code)
            sheet.write_url(row, at, f"{link}{self.guide.rows[line.indicator] + 1}", formats["link"], written)
            if "note" in draft.columns:
                sheet.write_blank(row, draft.columns["note"], None, formats.to_fill("wrap"))
        for column, places in asked.items():
            self._limit(sheet, column, sorted(places, key=itemgetter(0)))

    def _limit(self, sheet: Any, column: int, places: Sequence[tuple[int, FormLine]]) -> None:
        """Limit what may be written in a column: one rule for the lines of an indicator that follow one another.

        A rule of its own for each cell would double the time that a workbook takes to write.
        """
        runs = groupby(enumerate(places), key=lambda each: (each[1][0] - each[0], *_asked(each[1][1])))
        for _, run in runs:
            rows = [(row, line) for _, (row, line) in run]
            (first, line), (last, _) = rows[0], rows[-1]
            rule = self.inputs.of_line(line, xl_rowcol_to_cell(first, column))
            sheet.data_validation(first, column, last, column, rule)

    def _sums(self, draft: SheetDraft) -> dict[LinePlace, str]:
        """Formulas of the totals whose parts are all on the sheet.

        Blank while any part is and none is a number: blank is not nought. Where every part says that there is nothing,
        so does the total; whoever answered all lines has no blank left to be returned for.
        """
        found = {}
        nothing = self.catalogue.template_words.nothing[0]
        for line in self.lines:
            place = (line.part, line.line_code, line.field)
            if line.breakdown or place not in draft.places:
                continue
            parts = [
                xl_rowcol_to_cell(*draft.places[each.part, each.line_code, each.field])
                for each in self._parts(line)
            ]
            if parts:
                cells = ",".join(parts)
                without_numbers = f'IF(COUNTA({cells})={len(parts)},"{nothing}","")'
                found[place] = f"=IF(COUNT({cells})=0,{without_numbers},SUM({cells}))"
        return found

    def _parts(self, total: FormLine) -> list[FormLine]:
        """The lines that add up to a total: those of its first breakdown into parts; of funds, all."""
        parts = [line for line in self.lines if line.indicator == total.indicator and line.breakdown]
        if total.part == FUNDING:
            return parts
        splits = self.catalogue.indicators[total.indicator].breakdowns
        first = next((split.dimension for split in splits if split.rule is PartRule.PARTS), None)
        return [line for line in parts if line.breakdown.startswith(f"{first}=")]

    def _dress_rows(
        self, sheet: Any, formats: Formats, draft: SheetDraft, values: Mapping[tuple[int, int], Value]
    ) -> None:
        first, _, last, _ = draft.table or (0, 0, 0, 0)
        columns = draft.columns
        headers = dict(next(sheet for sheet in self.layout.sheets if sheet.part == draft.part).columns)
        for name, column in columns.items():
            style = _STYLES.get(name, "wrap")
            for row in range(first + 1, last + 1):
                # Blank rows are not numbered beforehand: a number alone would be a product without a name.
                write_blank_or(sheet, row, column, values.get((row, column)), formats.to_fill(style))
            rule = self.inputs.of_field(name, headers.get(name, ""))
            if rule is not None:
                sheet.data_validation(first + 1, column, last, column, rule)
        if draft.part == REGISTER:
            self._mark_expiring(sheet, formats, columns["expiry_date"], first + 1, last)

    def _mark_expiring(self, sheet: Any, formats: Formats, column: int, first: int, last: int) -> None:
        """Colour certificates that have lapsed at the close of the month, and those that will within half a year."""
        cell = xl_rowcol_to_cell(first, column)
        close = f"DATE({self.month.end:%Y,%-m,%-d})"
        for look, rule in (
            (_LATE, f"=AND(ISNUMBER({cell}),{cell}<={close})"),
            (_SOON, f"=AND(ISNUMBER({cell}),{cell}<={close}+{EXPIRING_MONTHS * _DAYS_OF_MONTH:.0f})"),
        ):
            sheet.conditional_format(
                first, column, last, column,
                {"type": "formula", "criteria": rule, "format": formats.look(look), "stop_if_true": True},
            )  # fmt: skip

    def _place_beside(self, draft: SheetDraft) -> None:
        """Put what was last reported behind the table, a column for each column of figures that has any."""
        if draft.part not in (GRID, FUNDING) or draft.table is None:
            return
        first, left, last, right = draft.table
        told = {place: value for place, value in self.beside.items() if place[0] == draft.part}
        sheet = next(each for each in self.layout.sheets if each.part == draft.part)
        words = self.catalogue.template_words
        silent = (words.previous_blank, words.previous_not_asked)
        answered = {place[2] for place, value in told.items() if value not in silent}
        fields = [name for name, _ in sheet.columns if name in answered]
        for at, name in enumerate(fields, start=right + 1):
            header = words.previous if len(fields) == 1 else f"{words.previous}: {dict(sheet.columns)[name]}"
            draft.cells.append((first, at, header, "header"))
            draft.widths[at] = _WIDTH_BESIDE
            draft.make_room(first, header, _WIDTH_BESIDE)
            for place, value in told.items():
                if place[2] == name and place in draft.places:
                    draft.cells.append((draft.places[place][0], at, value, "beside"))
        draft.table = (first, left, last, right + len(fields))

    # ----------------------------------------------------------------------------------------- lists

    def _ranges(self) -> dict[str, str]:
        sheet = quote_sheetname(self.catalogue.template_words.lists_sheet)
        items = list_items(self.catalogue, self.month)
        return {
            name: f"={sheet}!${xl_col_to_name(at)}$2:${xl_col_to_name(at)}${len(items[name]) + 1}"
            for at, name in enumerate(LISTS)
        }

    def _write_lists(self, book: Any, formats: Formats) -> None:
        sheet = book.add_worksheet(self.catalogue.template_words.lists_sheet)
        for column, (name, items) in enumerate(list_items(self.catalogue, self.month).items()):
            for row, text in enumerate((name, *items)):
                sheet.write_string(row, column, text, formats["text"])
        sheet.protect("", _ALLOWED)
        sheet.hide()


def _asked(line: FormLine) -> tuple[str, str, str]:
    """What decides which answers are allowed, and what is said of them."""
    return line.indicator, line.value_type, line.unit_vi


def write_blank_or(sheet: Any, row: int, column: int, value: Value, style: Any) -> None:
    """Write a value, or a blank cell that keeps its look."""
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    else:
        write_cell(sheet, row, column, value, style)


def _print_on_a4(sheet: Any, draft: SheetDraft) -> None:
    """Every office has A4: the register, too wide for one page, takes two that both begin with the product's name."""
    sheet.set_paper(_A4)
    if draft.part == REGISTER:
        sheet.fit_to_pages(2, 0)
        sheet.repeat_columns(0, draft.columns["product_name"])


def _write_manifest(book: Any, fields: Mapping[str, str]) -> None:
    sheet = book.add_worksheet(SHEET)
    for row, (name, text) in enumerate(fields.items()):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, text)
    sheet.protect("", _ALLOWED)
    sheet.very_hidden()
