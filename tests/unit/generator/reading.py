"""Reads generated workbooks back with openpyxl, by headers alone; shares no code with writer or intake."""

import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

from ocop_pipeline.domain.forms import Layout, LayoutSheet

NOTHING = ("không phát sinh", "-")


def fold(text: object) -> str:
    """Text for comparison: composed, lower case."""
    return unicodedata.normalize("NFC", str(text)).strip().lower()


class ReadBack:
    """One workbook, opened once."""

    def __init__(self, path: Path, layout: Layout) -> None:
        book = openpyxl.load_workbook(path, read_only=True)
        self.layout = layout
        self._sheets = {
            fold(sheet.title): list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets
        }
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def rows(self, part: str) -> list[dict[str, Any]]:
        """The rows of a table below its header, by field; the key column is the field "key"."""
        if part not in self._rows:
            wanted = self.layout.sheet(part)
            assert wanted is not None
            self._rows[part] = self._table(wanted)
        return self._rows[part]

    def _table(self, wanted: LayoutSheet) -> list[dict[str, Any]]:
        headers = {fold(header): name for name, header in wanted.columns}
        if wanted.key and fold(wanted.key) not in headers:
            headers[fold(wanted.key)] = "key"
        found: list[dict[str, Any]] = []
        columns: dict[int, str] = {}
        for row in self._sheets[fold(wanted.name)]:
            if columns:
                found.append({name: row[at] if at < len(row) else None for at, name in columns.items()})
                continue
            names = {at: headers[fold(text)] for at, text in enumerate(row) if fold(text) in headers}
            if len(names) == len(headers):
                columns = names
        assert columns, f"no header of {wanted.part} in {self.layout.code}"
        return found

    def figures(self) -> dict[tuple[str, str, str], Any]:
        """What stands in the grid and the funds, by (part, line code, field); blanks are left out."""
        found: dict[tuple[str, str, str], Any] = {}
        for part in ("grid", "funding"):
            for row in self.rows(part):
                key = None if row["key"] is None else str(row["key"])
                code = key if self.layout.line_keys is None else self.layout.line_keys.get((part, str(key)))
                for name, value in row.items():
                    if code is not None and value is not None and name in _FIGURES:
                        found[part, code, name] = value
        return found


_FIGURES = ("in_period", "closing", "planned", "disbursed", "settled")


def number(value: object) -> Decimal | None:
    """A figure as it counts: nothing to report is 0, yes is 1 and no is 0; None for blank."""
    if isinstance(value, str):
        words = {**dict.fromkeys(NOTHING, 0), "có": 1, "không": 0}
        return Decimal(words[fold(value)])
    return None if value is None else Decimal(str(value))
