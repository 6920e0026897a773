"""Fills in forms for the tests: sound by default, changed cell by cell, as a grid or a real workbook."""

import functools
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import xlsxwriter

from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.domain.forms import FUNDING, GRID, INFO, REGISTER, TASKS, Layout, LayoutSheet
from ocop_pipeline.intake.extract import ReadingSpec
from ocop_pipeline.intake.grid import Sheet, Workbook, address
from ocop_pipeline.intake.spec import reading_spec


@functools.cache
def shipped() -> Catalogue:
    """The shipped catalogue, loaded once a test process."""
    return load_catalogue()


@functools.cache
def shipped_spec() -> ReadingSpec:
    """What the reading children know of it."""
    return reading_spec(shipped())


LAM_DONG_WARD = ("24778", "Phường Lâm Viên - Đà Lạt", "Tỉnh Lâm Đồng")


@dataclass
class Filled:
    """One filled form. `values` holds (part, line code, field) -> value; `titles` moves the tables down."""

    catalogue: Catalogue
    layout_code: str
    info: dict[str, Any]
    on: date = date(2026, 10, 14)
    values: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    register: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    remarks: dict[str, Any] = field(default_factory=dict)
    lead_rows: Mapping[str, int] = field(default_factory=dict)
    extra_columns: int = 0
    without: tuple[str, ...] = ()
    footer: Mapping[str, list[list[Any]]] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """The layout it is written in."""
        return next(layout for layout in self.catalogue.layouts if layout.code == self.layout_code)

    def grids(self) -> dict[str, list[list[Any]]]:
        """Sheet name -> rows."""
        return {
            self.rename.get(sheet.part, sheet.name): self._rows(sheet)
            for sheet in self.layout.sheets
            if sheet.part not in self.without
        }

    def workbook(self) -> Workbook:
        """The grid as the reader would give it."""
        sheets = []
        for name, rows in self.grids().items():
            width = max(map(len, rows))
            padded = [
                [float(v) if type(v) is int else v for v in row] + [None] * (width - len(row)) for row in rows
            ]
            sheets.append(Sheet(name, False, padded))
        return Workbook("xlsx", tuple(sheets))

    def xlsx(self) -> bytes:
        """The bytes of a real workbook."""
        stream = io.BytesIO()
        book = xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
        for name, rows in self.grids().items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(number, column, value)
                    elif value is not None:
                        sheet.write(number, column, value)
        book.close()
        return stream.getvalue()

    def address_of(self, part: str, line: str, name: str) -> str:
        """Where a value stands: the address of a line's cell (part, line code, field) in this form."""
        sheet = self.layout.sheet(part)
        assert sheet is not None
        rows = self._rows(sheet)
        key = self._key_of(part, line)
        number = next(n for n, row in enumerate(rows) if row and row[0] == key)
        return address(number, 1 + [column for column, _ in sheet.columns].index(name))

    def register_cell(self, row: int, name: str) -> str:
        """Address of a field in the row-th (from 0) row of the register."""
        sheet = self.layout.sheet(REGISTER)
        assert sheet is not None
        header = self.lead_rows.get(REGISTER, 2)
        return address(header + 1 + row, [column for column, _ in sheet.columns].index(name))

    def _rows(self, sheet: LayoutSheet) -> list[list[Any]]:
        if sheet.kind == "pairs":
            given = self.info if sheet.part == INFO else self.remarks
            return [[self.layout.title], []] + [[text, given.get(name)] for name, text in sheet.columns]
        lead = [[f"Biểu {sheet.name}"]] + [[] for _ in range(self.lead_rows.get(sheet.part, 2) - 1)]
        extra = [f"Cột thêm {n}" for n in range(self.extra_columns)]
        table = self._line_rows(sheet) if sheet.kind == "lines" else self._table_rows(sheet)
        head = [sheet.key] if sheet.kind == "lines" else []
        return [
            *lead,
            [*extra, *head, *(text for _, text in sheet.columns)],
            *table,
            *self.footer.get(sheet.part, []),
        ]

    def _line_rows(self, sheet: LayoutSheet) -> list[list[Any]]:
        rows = []
        extra: list[Any] = [None] * self.extra_columns
        lines = {
            line.line_code: line
            for line in self.catalogue.lines(self.layout.form, self.on)
            if line.part == sheet.part
        }
        for code, line in lines.items():
            key = self._key_of(sheet.part, code)
            if key is None:
                continue
            label = {"label": line.label_vi, "unit": line.unit_vi}
            rows.append(
                [
                    *extra,
                    key,
                    *(
                        label.get(name, self.values.get((sheet.part, code, name)))
                        for name, _ in sheet.columns
                    ),
                ]
            )
        return rows

    def _key_of(self, part: str, code: str) -> str | None:
        if self.layout.line_keys is None:
            return code
        found = (key for (of, key), line in self.layout.line_keys.items() if of == part and line == code)
        return next(found, None)

    def _table_rows(self, sheet: LayoutSheet) -> list[list[Any]]:
        extra: list[Any] = [None] * self.extra_columns
        given = {REGISTER: self.register, TASKS: self.tasks}[sheet.part]
        return [
            [
                *extra,
                *(
                    row.get(name, number if name in ("row_no", "task_code") else None)
                    for name, _ in sheet.columns
                ),
            ]
            for number, row in enumerate(given, start=1)
        ]


SOUND_VALUES: dict[tuple[str, str, str], Any] = {
    (GRID, "CD01", "closing"): "có",
    (GRID, "CD02", "closing"): "Có",
    (GRID, "CD03", "closing"): 2,
    (GRID, "TT01", "closing"): 20,
    (GRID, "TT02", "closing"): 25,
    (GRID, "TT04", "in_period"): 3,
    (GRID, "TT05", "in_period"): 120,
    (GRID, "DT01", "in_period"): "không phát sinh",
    (GRID, "CT02", "in_period"): 0,
    (GRID, "SP01", "in_period"): 0,
    (GRID, "SP03", "closing"): 0,
    (FUNDING, "KP", "planned"): 150.5,
    (FUNDING, "KP", "disbursed"): 100,
    (FUNDING, "KP", "settled"): "-",
    (FUNDING, "KP.content=production;source=central", "planned"): 100,
    (FUNDING, "KP.content=training;source=local", "planned"): 50.5,
    (FUNDING, "KP.content=production;source=central", "disbursed"): 100,
}

PRODUCT: dict[str, Any] = {
    "product_name": "Trà Lá Sương",
    "product_group": "Thực phẩm",
    "producer_type": "HTX",
    "producer_name": "HTX Lá Sương",
    "commune_name": "Lâm Viên - Đà Lạt",
    "current_star": "3 sao",
    "expiry_date": date(2029, 10, 1),
    "first_star": "3 sao",
    "first_date": date(2026, 10, 1),
    "first_year": 2026,
    "first_decision": "01/QĐ-UBND",
    "first_body": "UBND tỉnh Lâm Đồng",
}


def sound(catalogue: Catalogue, layout: str = "xa-2026", **changes: Any) -> Filled:
    """A sound form of a ward of Lâm Đồng for October 2026."""
    code, name, province = LAM_DONG_WARD
    info = {
        "form": "OCOP-XA",
        "period": "10/2026",
        "issue_no": 1,
        "reported_on": date(2026, 10, 15),
        "unit_code": code,
        "unit_name": name,
        "province_name": province,
    }
    return Filled(
        catalogue,
        layout,
        info | changes.pop("info", {}),
        values=SOUND_VALUES | changes.pop("values", {}),
        **changes,
    )
