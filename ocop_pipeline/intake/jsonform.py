"""Sheets given as JSON: the shape that docs/intake-safety.md describes, and nothing looser.

For programs that send what a person would type into a workbook. Addresses in findings are those the rows would
have in a workbook. What the values mean is not decided here.
"""

import json
import re
from datetime import date
from math import isfinite
from typing import Any, NoReturn

from ocop_pipeline.intake.grid import (
    CellError,
    CellValue,
    Limits,
    RefusedFileError,
    Sheet,
    UnreadableCode,
    Workbook,
    address,
)

_KEYS = frozenset(("sheets",))
_SHEET_KEYS = frozenset(("name", "hidden", "rows", "lines"))
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_json(text: str, limits: Limits) -> Workbook:
    """Read the sheets of a JSON text.

    Raises:
        RefusedFileError: CORRUPT_JSON (with what is wrong), TOO_MANY_CELLS, TOO_MANY_SHEETS or NO_SHEETS.
    """
    if sum(map(text.count, "[{,")) > 2 * limits.cells:  # counted before objects are made of them
        raise RefusedFileError(UnreadableCode.TOO_MANY_CELLS, sheet="", cell="", limit=limits.cells)
    try:
        found = json.loads(text, parse_int=float, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except RecursionError as error:
        raise _corrupt("nested too deeply") from error
    except ValueError as error:
        raise _corrupt(str(error)) from error
    if not isinstance(found, dict) or found.keys() != _KEYS or not isinstance(found["sheets"], list):
        raise _corrupt('expected an object with the one key "sheets", a list')
    if len(found["sheets"]) > limits.sheets:
        raise RefusedFileError(UnreadableCode.TOO_MANY_SHEETS, limit=limits.sheets)
    sheets = _sheets(found["sheets"], limits)
    if not any(sheet.rows for sheet in sheets):
        raise RefusedFileError(UnreadableCode.NO_SHEETS)
    return Workbook("json", sheets)


def _corrupt(detail: str) -> RefusedFileError:
    return RefusedFileError(UnreadableCode.CORRUPT_JSON, detail=detail[:500])


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _sheets(given: list[Any], limits: Limits) -> tuple[Sheet, ...]:
    sheets: list[Sheet] = []
    left = limits.cells
    for sheet in given:
        name = sheet.get("name") if isinstance(sheet, dict) else None
        if not isinstance(name, str) or not sheet.keys() <= _SHEET_KEYS:
            raise _corrupt("a sheet is an object with name, hidden and rows or lines")
        if name in [other.name for other in sheets]:
            raise _corrupt(f"two sheets of one name: {name}")
        raw = _rows(sheet, name)
        width = max(map(len, raw), default=0)
        left -= len(raw) * width
        if left < 0:
            cell = address(len(raw) - 1, width - 1)
            raise RefusedFileError(UnreadableCode.TOO_MANY_CELLS, sheet=name, cell=cell, limit=limits.cells)
        rows = [[_value(value, name) for value in row] + [None] * (width - len(row)) for row in raw]
        sheets.append(Sheet(name, sheet.get("hidden") is True, rows))
    return tuple(sheets)


def _rows(sheet: dict[str, Any], name: str) -> list[list[Any]]:
    if ("rows" in sheet) == ("lines" in sheet):
        raise _corrupt(f"{name}: give rows or lines, one of them")
    given = sheet.get("rows", sheet.get("lines"))
    kind = list if "rows" in sheet else dict
    if not isinstance(given, list) or not all(isinstance(row, kind) for row in given):
        raise _corrupt(f"{name}: rows is a list of lists, lines a list of objects")
    if kind is list:
        return given
    columns = list(dict.fromkeys(key for line in given for key in line))
    return [columns, *([line.get(column) for column in columns] for line in given)] if columns else []


def _value(value: Any, name: str) -> CellValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else CellError("#NUM!")
    if not isinstance(value, str):
        raise _corrupt(f"{name}: a cell is a text, a number, true, false or null")
    if _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value or None
