"""Writes drafted sheets to files: XLSX through XlsxWriter, and the one-file CSV of the exchange format.

Belongs here: styles, bytes, cell addresses. The same drafts give the same bytes.
"""

import csv
import io
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from ocop_pipeline.domain.forms import FUNDING, TASKS
from ocop_pipeline.templates.sheets import LINE_POINTS, Place, SheetDraft, Value

CREATED = datetime(2026, 1, 1)  # noqa: DTZ001 - XLSX keeps no time zone; fixed so that bytes repeat
_FONT = {"font_name": "Times New Roman", "font_size": 12, "valign": "vcenter"}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14, "align": "center"},
    "subtitle": {"italic": True, "align": "center"},
    "hint": {"italic": True, "font_size": 11, "font_color": "#444444"},
    "header": {"bold": True, "text_wrap": True, "align": "center", "bg_color": "#E7EEF5", "border": 1},
    "section": {"bold": True, "bg_color": "#F4F4F4"},
    "key": {"font_size": 9, "font_color": "#555555", "shrink": True},
    "label": {"text_wrap": True},
    "part_label": {"text_wrap": True, "indent": 1},
    "unit": {"align": "center"},
    "whole": {"num_format": "#,##0", "align": "right", "indent": 1},
    "money": {"num_format": "#,##0.00", "align": "right", "indent": 1},
    "date": {"num_format": "dd/mm/yyyy", "align": "center"},
    "word": {"align": "center"},
    "text": {},
    "wrap": {"text_wrap": True},
    "pair_label": {"bold": True, "text_wrap": True},
    "pair_value": {"text_wrap": True, "align": "left"},
    "pair_date": {"num_format": "dd/mm/yyyy", "align": "left"},
    "beside": {
        "num_format": "#,##0.##",
        "align": "right",
        "indent": 1,
        "font_color": "#666666",
        "italic": True,
    },
    "link": {"font_size": 9, "font_color": "#1F4E79", "shrink": True},
    "heading": {"bold": True, "font_size": 13},
}
"""What each style of a draft looks like; all share one font."""
_TO_FILL = {"locked": False, "bg_color": "#FFFBE6", "border": 1, "border_color": "#BFBFBF"}

_REGISTER_COLUMNS = 12
_A3, _A4 = 8, 9


class Formula(str):
    """A formula whose result was never computed, as scripts leave them."""

    __slots__ = ()


def addresses(drafts: Sequence[SheetDraft], *, as_csv: bool = False) -> dict[Place, tuple[str, str]]:
    """Sheet name and cell address of each answer, in the XLSX or in the CSV (lines count over sheets)."""
    found: dict[Place, tuple[str, str]] = {}
    before = 0
    for draft in drafts:
        for place, (row, column) in draft.places.items():
            found[place] = draft.name, xl_rowcol_to_cell(row + (before + 1 if as_csv else 0), column)
        before += 1 + _last_row(draft) + 1
    return found


def xlsx_bytes(drafts: Sequence[SheetDraft], *, decomposed: bool = False) -> bytes:
    """The drafts as an XLSX workbook.

    Args:
        drafts: The sheets.
        decomposed: Write all text in Unicode form NFD, as some systems do.
    """
    target = io.BytesIO()
    book = new_book(target)
    formats = Formats(book)
    for draft in drafts:
        write_draft(book, formats, draft, decomposed=decomposed)
    book.close()
    return target.getvalue()


def new_book(target: io.BytesIO) -> Any:
    """A workbook in memory in which a text is a text, whatever it begins with."""
    book = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties({"created": CREATED})
    return book


class Formats:
    """The formats of one workbook, each made when first used."""

    def __init__(self, book: Any) -> None:
        """Begin with none."""
        self._book = book
        self._made: dict[str, Any] = {}

    def __getitem__(self, style: str) -> Any:
        """The format of a style of `STYLES`."""
        if style not in self._made:
            self._made[style] = self._book.add_format(_FONT | STYLES[style])
        return self._made[style]

    def to_fill(self, style: str) -> Any:
        """The same for a cell that is to be filled in: unlocked where all others are locked."""
        name = f"{style} to fill"
        if name not in self._made:
            self._made[name] = self._book.add_format(_FONT | STYLES[style] | _TO_FILL)
        return self._made[name]

    def look(self, properties: dict[str, Any]) -> Any:
        """A format of these properties alone, as conditional formats use them."""
        name = str(sorted(properties.items()))
        if name not in self._made:
            self._made[name] = self._book.add_format(properties)
        return self._made[name]

    def border(self) -> Any:
        """The lines of a table."""
        if "border" not in self._made:
            self._made["border"] = self._book.add_format({"border": 1})
        return self._made["border"]


def write_draft(book: Any, formats: Formats, draft: SheetDraft, *, decomposed: bool = False) -> Any:
    """Write a sheet and give it back, so that more can be done to it."""
    sheet = book.add_worksheet(_text(draft.name, decomposed=decomposed))
    if draft.hidden:
        sheet.hide()
    sheet.set_default_row(LINE_POINTS)
    for column, width in draft.widths.items():
        sheet.set_column(column, column, width)
    for row, height in draft.heights.items():
        sheet.set_row(row, height)
    merged = {(first, left): (last, right) for first, left, last, right in draft.merges}
    for row, column, value, style in draft.cells:
        if (row, column) in merged:
            last, right = merged[row, column]
            if right > column or last > row:
                sheet.merge_range(row, column, last, right, "", formats[style])
        write_cell(sheet, row, column, value, formats[style], decomposed=decomposed)
    if draft.table:
        first, left, last, right = draft.table
        if draft.ruled:
            # One rule draws all lines of the table: styled blanks in every cell would double file and time.
            sheet.conditional_format(
                first, left, last, right, {"type": "formula", "criteria": "=TRUE", "format": formats.border()}
            )
        sheet.freeze_panes(first + 1, 0)
        sheet.repeat_rows(first)
    _page(sheet, draft)
    return sheet


def _page(sheet: Any, draft: SheetDraft) -> None:
    is_wide = len(draft.widths) >= _REGISTER_COLUMNS
    sheet.set_paper(_A3 if is_wide else _A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.6, right=0.4, top=0.6, bottom=0.6)
    if is_wide or draft.part in (TASKS, FUNDING):
        sheet.set_landscape()


def write_cell(
    sheet: Any, row: int, column: int, value: Value, style: Any, *, decomposed: bool = False
) -> None:
    """Write a value as what it is: a text is never taken for a formula or a link."""
    if isinstance(value, Formula):
        sheet.write_formula(row, column, value, style, "")
    elif isinstance(value, str):
        sheet.write_string(row, column, _text(value, decomposed=decomposed), style)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), style)  # noqa: DTZ001 - a day
    elif value is not None:
        sheet.write_number(row, column, value, style)


def _text(text: str, *, decomposed: bool) -> str:
    return unicodedata.normalize("NFD", text) if decomposed else text


def csv_bytes(drafts: Sequence[SheetDraft], *, vietnamese: bool = False, decomposed: bool = False) -> bytes:
    """The drafts as one CSV file: each sheet after a line ``[name]``, UTF-8 with a byte order mark.

    Args:
        drafts: The sheets.
        vietnamese: Semicolons between cells and a decimal comma, as Excel writes with Vietnamese settings;
            otherwise commas and a point.
        decomposed: Write all text in Unicode form NFD.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if vietnamese else ",", lineterminator="\r\n")
    for draft in drafts:
        writer.writerow([f"[{draft.name}]"])
        writer.writerows(_table(draft, "," if vietnamese else "."))
    return _text(text.getvalue(), decomposed=decomposed).encode("utf-8-sig")


def _last_row(draft: SheetDraft) -> int:
    return max((row for row, *_ in draft.cells), default=0)


def _table(draft: SheetDraft, point: str) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(_last_row(draft) + 1)]
    for row, column, value, _ in draft.cells:
        line = rows[row]
        if column >= len(line):
            line.extend([""] * (column + 1 - len(line)))
        line[column] = value if value.__class__ is str else _plain(value, point)
    return rows


def _plain(value: Value, point: str) -> str:
    if isinstance(value, Decimal):
        return str(value).replace(".", point)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return "" if value is None else str(value)
