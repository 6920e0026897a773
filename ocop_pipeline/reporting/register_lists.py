"""Lists of the register: what is valid, what lapses soon, what ended within the month.

Here: rows in their order, and how long a list may be on paper. Not here: counts (`register_tables`), and which round
still fits (`register_data`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Block, Cell, Column, Row, Table
from ocop_pipeline.reporting.readings import figure_id
from ocop_pipeline.reporting.register_data import HORIZONS, Lapse, RegisteredProduct
from ocop_pipeline.reporting.setting import Setting, count_cell, day_text

_ROUNDS: Final = ("round_fits", "round_missed", "round_unknown")


def valid_table(setting: Setting) -> list[Block]:
    """Every product that is valid on the closing day, by unit and producer."""
    label, valid = setting.label, setting.data.register.valid
    if not valid:
        return []
    rows = _by_unit(setting, ((each, _cells(setting, each)) for each in valid))
    caption = label("valid_caption", day=_day(setting))
    table = Table(caption, _product_columns(setting), tuple(rows), (label("valid_note"),))
    return [_list(setting, table, len(valid))]


def lapsing_tables(setting: Setting) -> list[Block]:
    """What lapses within a year: how many and whether a round still fits, then the products, the most urgent first."""
    lapsing = setting.data.register.lapsing
    if not lapsing:
        return []
    blocks: list[Block] = [_lapsing_counts(setting, lapsing)]
    for months in HORIZONS:
        band = [each for each in lapsing if each.within_months == months]
        if band:
            by_now = sum(each.within_months <= months for each in lapsing)
            blocks.append(_list(setting, _lapsing_list(setting, band, months), by_now))
    return blocks


def _lapsing_counts(setting: Setting, lapsing: Sequence[Lapse]) -> Table:
    data, label = setting.data, setting.label
    columns = (
        Column("horizon", label("lapsing_horizon"), width=2.6, row_header=True),
        Column("products", label("lapsing_products"), align="right"),
        *(
            Column(key, label(f"lapsing_{key}"), group=label("lapsing_rounds"), align="right")
            for key in _ROUNDS
        ),
    )
    rows = []
    for months in HORIZONS:
        within = [each for each in lapsing if each.within_months <= months]
        breakdown = f"horizon=within_{months}_months"
        published = figure_id(data.period.key, data.unit.unit_id, "SP06", breakdown)
        by_round = [sum(_round_key(each) == key for each in within) for key in _ROUNDS]
        name = dict(data.splits["SP06", "horizon"])[breakdown.partition("=")[2]]
        rows.append(Row((Cell(name), count_cell(len(within), published), *map(count_cell, by_round))))
    notes = (label("lapsing_counts_note"), label("lapsing_round_note", day=_day(setting)))
    return Table(label("lapsing_counts_caption", day=_day(setting)), columns, tuple(rows), notes)


def _lapsing_list(setting: Setting, band: Sequence[Lapse], months: int) -> Table:
    label = setting.label
    columns = (
        *_product_columns(setting),
        Column("round", label("lapsing_round"), align="center", width=1.25),
    )

    rows = _by_unit(
        setting,
        ((each.product, (*_cells(setting, each.product), _round_text(setting, each))) for each in band),
    )
    caption = label(f"lapsing_caption_{months}", day=_day(setting))
    return Table(caption, columns, tuple(rows), (label("expiring_note"),))


def ended_table(setting: Setting) -> list[Block]:
    """The products that were revoked or lapsed within the month, and by which decision."""
    data, label = setting.data, setting.label
    ended = data.register.ended
    if not ended:
        return []
    revoked = any(each.ending_decision_no for each in ended)
    columns = (
        Column("order", label("order"), align="center", width=0.5),
        Column("name", label("product_name"), width=2.4, row_header=True),
        Column("producer", label("product_producer"), width=2.4),
        Column("unit", label("unit"), width=1.7),
        Column("star", label("product_star"), width=0.95),
        Column("decision", label("product_decision"), width=1.85),
        Column("date", label("product_date"), align="center", width=1.25),
        Column("ended", label("ended_on"), align="center", width=1.3),
        Column("reason", label("ended_reason"), width=1.15),
        *((Column("ending", label("ended_decision"), width=1.75),) if revoked else ()),
    )
    rows = tuple(
        Row((
            Cell(str(order)), Cell(each.product_name), Cell(each.producer_name), Cell(_unit_name(setting, each)),
            Cell(setting.name("star", each.star)), Cell(each.decision_no), Cell(day_text(each.decision_date)),
            Cell(day_text(each.ended_on)), Cell(setting.name("certificate_state", each.state)),
            *((Cell(each.ending_decision_no),) if revoked else ()),
        ))
        for order, each in enumerate(ended, start=1)
    )  # fmt: skip
    first, last = formats.short_date(data.period.start), formats.short_date(data.period.end)
    return [Table(label("ended_caption", first=first, last=last), columns, rows, (label("ended_note"),))]


def _product_columns(setting: Setting) -> tuple[Column, ...]:
    label = setting.label
    return (
        Column("order", label("order"), align="center", width=0.5),
        Column("name", label("product_name"), width=2.9, row_header=True),
        Column("producer", label("product_producer"), width=3.2),
        Column("star", label("product_star"), width=0.95),
        Column("decision", label("product_decision"), width=1.65),
        Column("date", label("product_date"), align="center", width=1.15),
        Column("expiry", label("product_expiry"), align="center", width=1.15),
    )


def _cells(setting: Setting, each: RegisteredProduct) -> tuple[str, ...]:
    days = day_text(each.decision_date), day_text(each.expiry_date)
    return (each.product_name, each.producer_name, setting.name("star", each.star), each.decision_no, *days)


def _by_unit(setting: Setting, lines: Iterable[tuple[RegisteredProduct, tuple[str, ...]]]) -> Iterator[Row]:
    """A title for each unit, which is repeated where its rows run on to another page, then its numbered rows.

    Args:
        setting: What the table is built from.
        lines: The products in their order, each with the texts of its row behind the number.
    """
    order = 0
    for unit, group in groupby(lines, key=lambda line: _unit_name(setting, line[0])):
        listed = [texts for _, texts in group]
        title = setting.label("list_unit", unit=unit, count=formats.number(len(listed)))
        yield Row((Cell(title, span=len(listed[0]) + 1),), "group")
        for texts in listed:
            order += 1
            yield Row((Cell(str(order)), *map(Cell, texts)))


def _unit_name(setting: Setting, each: RegisteredProduct) -> str:
    return setting.data.register.unit_names.get(each.unit_id) or setting.label("register_own")


def _list(setting: Setting, table: Table, by_now: int) -> Table:
    """Leave a list to the screen where all listed up to its end are too many for paper; a sentence there says so."""
    if by_now <= setting.spec.limits.listed_on_paper:
        return table
    listed = sum(row.kind == "normal" for row in table.rows)
    words = setting.label("list_on_screen", count=formats.number(listed))
    return replace(table, on_paper=words)


def _round_text(setting: Setting, each: Lapse) -> str:
    return day_text(each.round_date) or setting.label(f"lapsing_{_round_key(each)}_cell")


def _round_key(each: Lapse) -> str:
    if each.round_date:
        return "round_fits"
    return "round_missed" if each.round_known else "round_unknown"


def _day(setting: Setting) -> str:
    return formats.short_date(setting.data.period.end)
