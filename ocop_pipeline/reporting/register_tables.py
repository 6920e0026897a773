"""Tables that count the register: how the stock moved, and the four families by unit, product group, type of producer.

Here: rows, columns and the notes under them. Not here: any sum; a total is the warehouse's own count, since producers
and products of two lines are counted once in it. Lists of products are in `register_lists`.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Block, Cell, Column, Row, RowKind, Table
from ocop_pipeline.reporting.group_series import DIMENSION, group_notes
from ocop_pipeline.reporting.readings import figure_id, read
from ocop_pipeline.reporting.register_data import Families
from ocop_pipeline.reporting.setting import Setting, amount_cell, count_cell, month_cell
from ocop_pipeline.reporting.wording import lower_first

_INDENT: Final = "\u00a0" * 4
_ENTERED: Final = ("first", "regained", "upgraded_in", "downgraded_in", "moved_in", "corrected_in")
_LEFT: Final = ("upgraded_out", "downgraded_out", "expired", "revoked", "moved_out", "corrected_out")
_SELDOM: Final = ("corrected_in", "corrected_out")
"""Columns of the balance that are printed only in a month that has a correction."""
_RECOGNISED: Final = ("month_recognised", "year_recognised")
_STARS: Final = {"valid_3": "3", "valid_4": "4", "valid_potential_5": "potential_5", "valid_5": "5"}
_ENDED: Final = ("now_expired", "now_revoked")
_COUNTED: Final = ("ever_recognised", *_STARS, "valid", *_ENDED, "producers")
"""What is counted as of the closing day, in the order of its columns, after what was recognised in the period."""
_OWN: Final = "place=own"
_TYPE: Final = "producer_type"


def balance_table(setting: Setting) -> list[Block]:
    """How the stock of valid products came from the month's beginning to its end, by star and in all."""
    label, moves = setting.label, setting.data.register.balance
    if not moves:
        return []
    corrected = any(getattr(move, name) for move in moves for name in _SELDOM)
    fields = [name for name in ("opening", *_ENTERED, *_LEFT, "closing") if corrected or name not in _SELDOM]
    columns = (
        Column("star", label("product_star"), width=1.7, row_header=True),
        *(
            Column(
                name, label(f"balance_{name}"), align="right",
                group=label("balance_in") if name in _ENTERED else label("balance_out") if name in _LEFT else "",
            )
            for name in fields
        ),
    )  # fmt: skip
    rows = [
        Row((Cell(setting.name("star", move.star)), *(count_cell(getattr(move, name)) for name in fields)))
        for move in moves
    ]
    total = (count_cell(sum(getattr(move, name) for move in moves)) for name in fields)
    rows.append(Row((Cell(label("balance_total")), *total), "total"))
    first, last = formats.short_date(setting.data.period.start), formats.short_date(setting.data.period.end)
    caption = label("balance_caption", first=first, last=last)
    return [Table(caption, columns, tuple(rows), (label("balance_note"),))]


def register_by_unit(setting: Setting) -> list[Block]:
    """The four families by the units directly below; one that never sent a register has words, no noughts."""
    data, label = setting.data, setting.label
    whole = _families(setting, data.unit.unit_id)
    units = [unit for unit in data.below if unit.parent_id == data.unit.unit_id]
    if whole is None or not units:
        return []
    rows = [_row(setting, "", data.unit.full_name, whole, data.unit.unit_id, kind="total")]
    for order, unit in enumerate(units, start=1):
        found = _families(setting, unit.unit_id)
        if found is None:
            silent = Cell(label("register_unknown"), span=len(_RECOGNISED) + len(_COUNTED))
            rows.append(Row((Cell(str(order)), Cell(unit.full_name), silent)))
        else:
            rows.append(_row(setting, str(order), unit.full_name, found, unit.unit_id))
    own = _families(setting, data.unit.unit_id, _OWN)
    if own is not None:
        rows.append(_row(setting, "", label("register_own"), own, data.unit.unit_id, _OWN))
    notes = (
        label("register_note", day=_day(setting)),
        label("register_unit_note", unit=lower_first(data.unit.full_name)),
    )
    return [_table(setting, "unit", rows, notes)]


def register_by_group(setting: Setting) -> list[Block]:
    """The four families by sector and, where the register tells them, by the groups below it."""
    data, label = setting.data, setting.label
    whole = _families(setting, data.unit.unit_id)
    if whole is None:
        return []
    rows = [_row(setting, "", label("register_total"), whole, data.unit.unit_id, kind="total")]
    below = {code: list(_group_rows(setting, code)) for code in data.register.groups}
    alone: RowKind = "subtotal" if any(below.values()) else "normal"
    shown = []
    for code, name in data.splits["SP01", DIMENSION]:
        sector = f"{DIMENSION}={code}"
        found = _families(setting, data.unit.unit_id, sector)
        if found is None and code not in below:
            continue
        kind: RowKind = "head" if below.get(code) else alone
        shown.append(sector)
        rows.append(_row(setting, "", name, found or _NONE, data.unit.unit_id, sector, kind))
        rows.extend(below.get(code, ()))
    notes = (label("register_group_note"), *group_notes(data.groups.year, shown, label))
    return [_table(setting, "group", rows, notes)]


def _group_rows(setting: Setting, code: str) -> Iterator[Row]:
    """The groups of a sector that have products, then what is told by sector alone.

    Nothing where the register tells no group, or the list has but one: it is the sector again.
    """
    data, sector = setting.data, f"{DIMENSION}={code}"
    groups = data.register.groups[code]
    lines = [
        (group, setting.name(DIMENSION, group))
        for group in groups
        if _families(setting, data.unit.unit_id, f"{sector};group_line={group}")
    ]
    if not lines or len(groups) == 1:
        return
    for group, name in (*lines, ("", setting.label("register_group_untold"))):
        breakdown = f"{sector};group_line={group}"
        found = _families(setting, data.unit.unit_id, breakdown)
        if found is not None:
            yield _row(setting, "", f"{_INDENT}{name}", found, data.unit.unit_id, breakdown)


def register_by_producer_type(setting: Setting) -> list[Block]:
    """The four families by type of producer; a producer written down as two types stands in both, once in the total."""
    data, label = setting.data, setting.label
    whole = _families(setting, data.unit.unit_id)
    if whole is None:
        return []
    rows = [_row(setting, "", label("register_total"), whole, data.unit.unit_id, kind="total")]
    for code, name in (*data.splits["CH01", _TYPE], ("", label("register_type_untold"))):
        breakdown = f"{_TYPE}={code}"
        found = _families(setting, data.unit.unit_id, breakdown)
        if found is not None or code:
            rows.append(_row(setting, "", name, found or _NONE, data.unit.unit_id, breakdown))
    return [_table(setting, "type", rows, (label("register_type_note"),))]


def former_districts_table(setting: Setting) -> list[Block]:
    """The four families by the ground of the former districts; nothing in months that had districts."""
    data, label = setting.data, setting.label
    if not data.register.former:
        return []
    fields = (*_RECOGNISED, *(name for name in _COUNTED if name != "producers"))
    rows = []
    for order, each in enumerate(data.register.former, start=1):
        name = label("former_district", name=lower_first(each.name)) if each.name else label("former_untold")
        communes = f"{each.communes} ({each.shared})" if each.shared else str(each.communes)
        cells = (
            tuple(count_cell(getattr(each.found, field)) for field in fields)
            if each.found
            else (Cell(label("register_unknown"), span=len(fields)),)
        )
        shown = (Cell(communes), count_cell(each.reported)) if each.name else (Cell(""), Cell(""))
        rows.append(Row((Cell(str(order)), Cell(name), *shown, *cells)))
    whole = _families(setting, data.unit.unit_id)
    if whole is not None:
        totals = (count_cell(getattr(whole, field)) for field in fields)
        rows.append(Row((Cell(""), Cell(label("register_total")), Cell(""), Cell(""), *totals), "total"))
    columns = (
        Column("order", label("order"), align="center", width=0.5),
        Column("name", label("former_by"), width=3.2, row_header=True),
        Column("communes", label("former_communes"), align="right", width=1.1),
        Column("reported", label("former_reported"), align="right", width=1.1),
        *_family_columns(setting, with_producers=False),
    )
    caption = label("former_caption", unit=lower_first(data.unit.full_name), day=_day(setting))
    return [Table(caption, columns, tuple(rows), (label("former_note"), label("former_shared_note")))]


_NONE: Final = Families(*[0] * 11)
"""A line of a split of which nothing was ever recognised, of a unit whose register is known."""


def _families(setting: Setting, unit_id: str, breakdown: str = "") -> Families | None:
    return setting.data.register.lines.get((unit_id, breakdown))


def _table(setting: Setting, by: str, rows: Sequence[Row], notes: Sequence[str]) -> Table:
    label, data = setting.label, setting.data
    numbered = by == "unit"
    columns = [
        Column("name", label(f"register_by_{by}"), width=3.2, row_header=True),
        *_family_columns(setting),
    ]
    if numbered:
        columns.insert(0, Column("order", label("order"), align="center", width=0.5))
    else:
        rows = [Row(row.cells[1:], row.kind) for row in rows]
    caption = label(f"register_caption_{by}", unit=lower_first(data.unit.full_name), day=_day(setting))
    return Table(caption, tuple(columns), tuple(rows), tuple(notes))


def _family_columns(setting: Setting, *, with_producers: bool = True) -> Iterator[Column]:
    label = setting.label
    columns = [
        *(
            Column(name, label(f"register_{name}"), group=label("register_recognised"), align="right")
            for name in _RECOGNISED
        ),
        Column("ever_recognised", label("register_ever"), align="right", width=1.1),
        *(
            Column(name, setting.name("star", star), group=label("register_valid"), align="right", width=0.9)
            for name, star in _STARS.items()
        ),
        Column(
            "valid", label("register_valid_total"), group=label("register_valid"), align="right", width=0.9
        ),
        *(
            Column(name, label(f"register_{name}"), group=label("register_ended"), align="right", width=0.9)
            for name in _ENDED
        ),
    ]
    yield from columns
    if with_producers:
        yield Column("producers", label("register_producers"), align="right", width=1.2)


def _row(
    setting: Setting,
    order: str,
    name: str,
    found: Families,
    unit_id: str,
    breakdown: str = "",
    kind: RowKind = "normal",
) -> Row:
    counts = (
        count_cell(getattr(found, field), _published(setting, unit_id, breakdown, field))
        for field in _COUNTED
    )
    return Row((Cell(order), Cell(name), *_recognised(setting, found, unit_id, breakdown), *counts), kind)


def _recognised(setting: Setting, found: Families, unit_id: str, breakdown: str) -> tuple[Cell, Cell]:
    """What was recognised in the month and in the year: the published figure with its state where there is one."""
    if breakdown == "" or (breakdown.startswith(DIMENSION) and ";" not in breakdown):
        reading = read(setting.data, "SP01", breakdown, unit_id)
        return month_cell(reading), amount_cell(reading.year, reading.year_state)
    return count_cell(found.month_recognised), count_cell(found.year_recognised)


def _published(setting: Setting, unit_id: str, breakdown: str, field: str) -> str:
    """The id of the published figure that a count is; blank for a count that is no indicator's."""
    key = setting.data.period.key
    sector_or_all = breakdown == "" or (breakdown.startswith(DIMENSION) and ";" not in breakdown)
    if field in ("ever_recognised", "valid") and sector_or_all:
        return figure_id(key, unit_id, "SP02" if field == "ever_recognised" else "SP03", breakdown)
    if field in _STARS and breakdown == "":
        return figure_id(key, unit_id, "SP03", f"star={_STARS[field]}")
    if field == "producers" and (
        breakdown == "" or breakdown.removeprefix(f"{_TYPE}=") not in ("", breakdown)
    ):
        return figure_id(key, unit_id, "CH01", breakdown)
    return ""


def _day(setting: Setting) -> str:
    return formats.short_date(setting.data.period.end)
