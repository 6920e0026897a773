"""Reads forms and layouts, and derives the lines each form asks for from the indicator list.

Belongs here: what is asked and where it may stand. Reading a workbook by a layout is `intake`.
"""

import csv
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import read_csv, read_yaml
from ocop_pipeline.domain.forms import FUNDING, GRID, Form, FormLine, Layout, LayoutSheet
from ocop_pipeline.domain.indicators import Indicator, Source

FUNDING_FIELDS = {"planned": "KP01", "disbursed": "KP02", "settled": "KP03"}
"""Columns of the funding sheet and the indicators they hold (BM03)."""

CodesOn = Callable[[str, date], tuple[tuple[str, str], ...]]
"""(code list, day) -> the (code, Vietnamese name) pairs in force, in their order."""

_SHEET_KINDS = ("pairs", "lines", "rows")


def load_forms(paths: Sequence[Path]) -> dict[str, Form]:
    """Code -> form, one file each.

    Raises:
        CatalogueError: a file without the keys of a form, or named otherwise than its code.
    """
    forms = {}
    for path in paths:
        data = read_yaml(path)
        sender = _need(data, "sender", dict, path)
        form = Form(
            code=_need(data, "code", str, path),
            name_vi=_need(data, "name_vi", str, path),
            name_en=_need(data, "name_en", str, path),
            sender_tier=_need(sender, "tier", str, path),
            by_agency=bool(sender.get("agencies", False)),
            valid_from=_day(data, "valid_from", path),
            valid_to=_day(data, "valid_to", path),
            parts=tuple(_need(data, "parts", list, path)),
        )
        if path.stem != form.code:
            raise CatalogueError(
                path.name, None, f"the file of form {form.code} must be named {form.code}.yml"
            )
        forms[form.code] = form
    return forms


def form_lines(
    form: Form, indicators: dict[str, Indicator], codes_on: CodesOn, on: date
) -> tuple[FormLine, ...]:
    """The values a form asks for on a day, in the order they are printed."""
    lines: list[FormLine] = []
    for indicator in indicators.values():
        if form.code in indicator.forms and indicator.code not in FUNDING_FIELDS.values():
            lines.extend(_grid_lines(form, indicator, codes_on, on))
    if FUNDING in form.parts:
        lines.extend(_funding_lines(form, indicators, codes_on, on))
    return tuple(lines)


def _grid_lines(form: Form, indicator: Indicator, codes_on: CodesOn, on: date) -> list[FormLine]:
    def line(breakdown: str, label: str, *, required: bool) -> FormLine:
        return FormLine(
            form=form.code, part=GRID, line_code=f"{indicator.code}.{breakdown}" if breakdown else indicator.code,
            field=indicator.measure, indicator=indicator.code, breakdown=breakdown, label_vi=label,
            unit_vi=indicator.unit_vi, value_type=indicator.value_type, required=required,
            depth=1 if breakdown else 0, section=indicator.section, position=indicator.position,
        )  # fmt: skip

    lines = [line("", indicator.name_vi, required=form.code in indicator.required_on)]
    for split in indicator.breakdowns:
        # A commune only counter-checks its register by star; the other splits of the register are ours to count.
        if indicator.source is Source.REGISTER and split.dimension != "star":
            continue
        lines.extend(
            line(f"{split.dimension}={code}", f"{indicator.name_vi}: {name}", required=False)
            for code, name in codes_on(split.code_list, on)
        )
    return lines


def _funding_lines(
    form: Form, indicators: dict[str, Indicator], codes_on: CodesOn, on: date
) -> list[FormLine]:
    cells: list[tuple[str, str]] = [("", "Tổng kinh phí")]
    for source, source_name in codes_on("funding_source", on):
        for content, content_name in codes_on("funding_content", on):
            cells.append((f"content={content};source={source}", f"{source_name}: {content_name}"))
    return [
        FormLine(
            form=form.code, part=FUNDING, line_code=f"KP.{breakdown}" if breakdown else "KP", field=field,
            indicator=code, breakdown=breakdown, label_vi=label, unit_vi=indicators[code].unit_vi,
            value_type="number", required=False, depth=1 if breakdown else 0,
            section=indicators[code].section, position=indicators[code].position,
        )
        for breakdown, label in cells
        for field, code in FUNDING_FIELDS.items()
    ]  # fmt: skip


def load_layouts(paths: Sequence[Path], forms: dict[str, Form]) -> tuple[Layout, ...]:
    """Every layout of every form, newest first.

    Raises:
        CatalogueError: an unknown form, part or sheet kind, a key column missing, or fewer than one layout for a
            form.
    """
    layouts = [_layout(path, forms) for path in paths]
    without = set(forms) - {layout.form for layout in layouts}
    if without:
        raise CatalogueError("layouts", None, f"form {min(without)} has no layout")
    return tuple(sorted(layouts, key=lambda layout: (layout.valid_to or date.max, layout.code), reverse=True))


def _layout(path: Path, forms: dict[str, Form]) -> Layout:
    data = read_yaml(path)
    form = _need(data, "form", str, path)
    if form not in forms:
        raise CatalogueError(path.name, None, f"layout of an unknown form {form!r}")
    lines = _need(data, "lines", str, path)
    layout = Layout(
        code=_need(data, "code", str, path),
        form=form,
        title=_need(data, "title", str, path),
        valid_from=_day(data, "valid_from", path),
        valid_to=_day(data, "valid_to", path),
        sheets=tuple(_sheet(sheet, forms[form], path) for sheet in _need(data, "sheets", list, path)),
        line_keys=None if lines == "by_code" else _line_keys(path.parent / lines),
    )
    missing = set(forms[form].parts) - {sheet.part for sheet in layout.sheets}
    if missing:
        raise CatalogueError(path.name, None, f"layout {layout.code} has no sheet for part {min(missing)}")
    return layout


def _sheet(data: dict[str, Any], form: Form, path: Path) -> LayoutSheet:
    part, kind = _need(data, "part", str, path), _need(data, "kind", str, path)
    if part not in form.parts or kind not in _SHEET_KINDS:
        raise CatalogueError(
            path.name, None, f"sheet of part {part!r}, kind {kind!r}: unknown to form {form.code}"
        )
    columns = _need(data, "fields" if kind == "pairs" else "columns", dict, path)
    if kind == "lines" and "key" not in data:
        raise CatalogueError(
            path.name, None, f"sheet of part {part}: lines need the header of their key column"
        )
    return LayoutSheet(
        part=part,
        name=_need(data, "name", str, path),
        kind=kind,
        columns=tuple(columns.items()),
        key=data.get("key"),
        anchor=data.get("anchor"),
        private=tuple(data.get("private", ())),
    )


def _line_keys(path: Path) -> dict[tuple[str, str], str]:
    keys: dict[tuple[str, str], str] = {}
    for row in read_csv(path, columns=("part", "key", "line_code", "label_vi")):
        at = (row.choice("part", (GRID, FUNDING)), row.text("key"))
        if at in keys:
            raise row.error(f"key {at[1]!r} stands twice in part {at[0]}")
        keys[at] = row.text("line_code")
    return keys


def write_line_keys(path: Path, lines: tuple[FormLine, ...]) -> None:
    """Write a numbered line map for a layout whose lines are named 1, 1.1, … (used once, then kept by hand)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("part", "key", "line_code", "label_vi"))
        for part in (GRID, FUNDING):
            whole = sub = 0
            for line in dict.fromkeys((x.line_code, x.label_vi, x.depth) for x in lines if x.part == part):
                whole, sub = (whole + 1, 0) if line[2] == 0 else (whole, sub + 1)
                key = f"{whole}.{sub}" if sub else str(whole)
                writer.writerow((part, key, line[0], line[1]))


def _need(data: dict[str, Any], key: str, kind: type, path: Path) -> Any:
    value = data.get(key)
    if not isinstance(value, kind):
        raise CatalogueError(path.name, None, f"{key}: expected {kind.__name__}, found {value!r}")
    return value


def _day(data: dict[str, Any], key: str, path: Path) -> date | None:
    value = data.get(key)
    if value is not None and not isinstance(value, date):
        raise CatalogueError(path.name, None, f"{key}: expected a date or null, found {value!r}")
    return value
