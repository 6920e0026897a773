"""Every figure walks back to its cells: a small province, published by the real models, is traced."""

import datetime as dt
import itertools
import random
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.warehouse.models import discover
from ocop_pipeline.warehouse.publish import publish, set_run_periods
from ocop_pipeline.warehouse.raw import store_raw, store_reference
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.register import prepare_register, store_register
from ocop_pipeline.warehouse.trace import UntraceableError, trace

_PROVINCE, _MONTHS = "68", ("2026-09", "2026-10")
_FORM, _SILENT = "OCOP-XA", 1
_COMMUNES = """
    SELECT c.unit_id, p.unit_id
    FROM catalogue.units AS c
    JOIN catalogue.units AS p ON p.unit_id = c.parent_id
    WHERE c.tier = 'commune' AND p.code = ?
        AND c.valid_to = DATE '9999-12-31' AND p.valid_to = DATE '9999-12-31'
    ORDER BY c.code LIMIT 3
"""
_ASKED = """
    SELECT part, line_code, field, value_type FROM catalogue.form_lines
    WHERE form = ? AND period = ? ORDER BY part, line_code, field
"""
_REGISTER = {  # product -> star, day of its decision
    "Cà phê": ("4 sao", dt.date(2026, 9, 20)),
    "Trà ô long": ("3 sao", dt.date(2026, 8, 30)),
    "Sầu riêng": ("3 sao", dt.date(2023, 9, 16)),
}


@pytest.fixture(scope="module")
def warehouse():
    """Three communes of Lâm Đồng report two months; one of them is silent in September."""
    catalogue = load_catalogue()
    models = discover()
    with duckdb.connect() as connection:
        reference = {each.name: each.rows for each in reference_tables(catalogue, [_PROVINCE], _MONTHS)}
        store_reference(connection, reference)
        communes = connection.execute(_COMMUNES, [_PROVINCE]).fetchall()
        store_raw(connection, _reports(connection, [commune for commune, _ in communes]))
        prepare_register(connection)
        spelled = [("product", name, name.lower(), "", "") for name in _REGISTER]
        spelled.append(("producer", "HTX Tân Hà", "hợp tác xã tân hà", "cooperative", "province"))
        store_register(connection, "spellings", spelled)
        set_run_periods(connection, _MONTHS)
        for model in models.values():
            publish(connection, model, _MONTHS)
        connection.execute(
            "CREATE TEMP TABLE own AS SELECT ? AS province, ? AS commune", [communes[0][1], communes[0][0]]
        )
        yield connection


def _reports(connection, communes):
    chance = random.Random(20261014)  # noqa: S311 - figures of a made-up country
    submissions, cells = [], []
    for place, (period, commune) in enumerate(itertools.product(_MONTHS, communes)):
        if period == _MONTHS[0] and commune == communes[_SILENT]:
            continue
        sent = f"{place:064x}"
        received = dt.datetime.fromisoformat(f"{period}-15T08:00:00")
        submissions.append(
            (sent, _FORM, commune, "", period, "accepted", received, place, f"báo cáo {place}.xlsx")
        )
        asked = connection.execute(_ASKED, [_FORM, period]).fetchall()
        for row, (part, line, field, value_type) in enumerate(asked, start=5):
            state = chance.choice(
                ("yes", "no") if value_type == "yes_no" else ("number", "number", "nothing", "blank")
            )
            number = Decimal(chance.randrange(0, 999)) if state == "number" else None
            cells.append((sent, period, part, line, field, part, f"D{row}", row, state, number, None, None))
        if commune != communes[2]:
            cells += _register(sent, period)
    text, keys = pl.String, ("submission_id", "form", "unit_id", "agency", "period", "verdict")
    first = {
        **dict.fromkeys(keys, text),
        "received_at": pl.Datetime("us"),
        "sequence": pl.Int64,
        "file_name": text,
    }
    names = ("submission_id", "period", "part", "line_key", "field", "sheet", "cell")
    second = {**dict.fromkeys(names, text), "row_no": pl.Int32, "state": text, "number": pl.Decimal(20, 4),
              "text": text, "day": pl.Date}  # fmt: skip
    return {
        "submissions": pl.DataFrame(submissions, schema=first, orient="row").to_arrow(),
        "cells": pl.DataFrame(cells, schema=second, orient="row").to_arrow(),
    }


def _register(sent, period):
    found = []
    for row, (product, (star, day)) in enumerate(_REGISTER.items(), start=7):
        texts = {"product_name": product, "producer_name": "HTX Tân Hà", "producer_type": "Hợp tác xã",
                 "product_group": "Đồ uống", "first_star": star, "first_body": "UBND tỉnh"}  # fmt: skip
        for column, (field, text) in enumerate(texts.items()):
            place = f"{chr(66 + column)}{row}"
            found.append(
                (sent, period, "register", str(row), field, "BM02", place, row, "text", None, text, None)
            )
        found.append(
            (sent, period, "register", str(row), "first_date", "BM02", f"I{row}", row, "day", None, None, day)
        )
    return found


def _own(connection, column):
    return connection.execute(f"SELECT {column} FROM own").fetchone()[0]


def _figures(connection, unit_id, span, where):
    return connection.execute(
        "SELECT t.indicator, t.breakdown, t.value, t.numerator, t.denominator, i.numerator, i.denominator "
        "FROM core.rollups AS t JOIN catalogue.indicators AS i ON i.indicator = t.indicator "
        f"WHERE t.period = ? AND t.unit_id = ? AND t.span = ? AND {where} ORDER BY t.indicator, t.breakdown",
        [_MONTHS[1], unit_id, span],
    ).fetchall()


def _sum(cells):
    values = [each.value for each in cells if each.value is not None]
    return sum(values, Decimal(0)) if values else None


# All figures of one place, a sample of the others: a figure takes some 20 ms to trace.
_PLACES = [("province", "year_to_date", 1), ("province", "month", 5), ("commune", "month", 5)]


@pytest.mark.parametrize(("unit", "span", "step"), _PLACES)
def test_the_cells_of_a_reported_figure_add_up_to_it(warehouse, unit, span, step):
    """For every flow, stock and share the cells' values make the published figure, to the last digit."""
    unit_id = _own(warehouse, unit)
    figures = _figures(warehouse, unit_id, span, "i.kind <> 'ratio' AND i.source = 'form'")
    assert sum(1 for figure in figures if figure[2]) > 20
    for indicator, breakdown, value, *_ in figures[::step]:
        cells = trace(warehouse, unit_id, _MONTHS[1], indicator, breakdown, span)
        assert _sum(cells) == value, (indicator, breakdown)


def test_the_cells_of_a_ratio_are_those_of_reports_that_gave_both_parts(warehouse):
    """Numerator and denominator of every ratio are the sums of their cells."""
    unit_id = _own(warehouse, "province")
    figures = _figures(warehouse, unit_id, "month", "i.kind = 'ratio' AND i.denominator NOT LIKE 'SP%'")
    assert sum(1 for figure in figures if figure[3] is not None) >= 3
    for indicator, breakdown, _, numerator, denominator, above, below in figures:
        cells = trace(warehouse, unit_id, _MONTHS[1], indicator, breakdown)
        assert _sum(each for each in cells if each.indicator == above) == numerator, indicator
        assert _sum(each for each in cells if each.indicator == below) == denominator, indicator


@pytest.mark.parametrize(("unit", "span", "step"), _PLACES)
def test_the_lines_of_a_register_count_are_what_was_counted(warehouse, unit, span, step):
    """Products recognised, ever recognised, valid, lapsing: one line of the register for each one counted."""
    unit_id = _own(warehouse, unit)
    where = "t.indicator IN ('SP01', 'SP02', 'SP03', 'SP04', 'SP06')"
    figures = _figures(warehouse, unit_id, span, where)
    assert sum(1 for figure in figures if figure[2]) > 5
    for indicator, breakdown, value, *_ in figures[::step]:
        cells = trace(warehouse, unit_id, _MONTHS[1], indicator, breakdown, span)
        assert len(cells) == value, (indicator, breakdown)


def test_a_source_cell_says_file_sheet_cell_and_silence(warehouse):
    """Each cell leads to its place in its file; a report that said nothing is shown, not left out."""
    cells = trace(warehouse, _own(warehouse, "province"), _MONTHS[1], "TT04", "", "year_to_date")
    assert [each.period for each in cells] == ["2026-09", "2026-09", "2026-10", "2026-10", "2026-10"]
    for each in cells:
        sql = "SELECT state, number FROM raw.cells WHERE submission_id = ? AND sheet = ? AND cell = ?"
        state, number = warehouse.execute(sql, [each.submission_id, each.sheet, each.cell]).fetchone()
        assert (each.state, each.value) == (state, 0 if state == "nothing" else number)
        assert each.file_name.startswith("báo cáo")
        assert each.unit_name


def test_a_register_line_says_which_product(warehouse):
    """The cell is where the decision stands, and the product is named."""
    cells = trace(warehouse, _own(warehouse, "commune"), _MONTHS[1], "SP01", "star=4")
    assert [(each.sheet, each.cell, each.product_name, each.state) for each in cells] == [
        ("BM02", "I7", "Cà phê", "counted")
    ]


@pytest.mark.parametrize(
    ("indicator", "period", "span"),
    [("XX99", "2026-10", "month"), ("TT04", "2026-13", "month"), ("TT04", "2026-10", "decade")],
)
def test_an_unknown_figure_is_refused(warehouse, indicator, period, span):
    """A mistyped code is an error, never an empty list that looks like silence."""
    with pytest.raises(UntraceableError, match="there is no"):
        trace(warehouse, _own(warehouse, "province"), period, indicator, "", span)
