"""Changes of type after the reform (provinces to cities, communes to wards) change names and no figure.

A unit that became a city or a ward has several versions and a link to itself. The same reports are published with the
events of 2026 and without them; every table has to say the same, but for what units are called.
"""

import dataclasses
import datetime as dt
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from ocop_pipeline.catalogue.units import load_units
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.warehouse.models import discover
from ocop_pipeline.warehouse.publish import publish, set_run_periods
from ocop_pipeline.warehouse.raw import store_raw, store_reference
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.register import prepare_register, store_register

_OLD, _NEW = "2025-05", "2026-10"
_SCOPE = ("75", "22")
_SENDERS = {
    _OLD: (
        # Two communes of today's Phường Trảng Bom, one of Phường Lộc Ninh, a district of Quảng Ninh.
        ("OCOP-XA", "c26248.1"), ("OCOP-XA", "c26263.1"), ("OCOP-XA", "c25270.1"), ("OCOP-HUYEN", "Quảng Ninh"),
    ),
    _NEW: (("OCOP-XA", "c26248.2"), ("OCOP-XA", "c26368.2"), ("OCOP-XA", "c25270.2"), ("OCOP-XA", "Quảng Ninh")),
}  # fmt: skip
_NAMES = {"unit_name", "unit_full_name", "full_name"}
"""Columns that show what a unit is called."""


@pytest.fixture(scope="module")
def published(catalogue):
    """The same reports with the events of 2026 and without: name of the catalogue -> connection."""
    without = dataclasses.replace(catalogue, units=load_units(), unit_events=())
    with duckdb.connect() as first, duckdb.connect() as second:
        yield {"with": _publish(first, catalogue), "without": _publish(second, without)}


def _publish(connection, catalogue):
    tables = reference_tables(catalogue, _SCOPE, tuple(_SENDERS))
    store_reference(connection, {each.name: each.rows for each in tables})
    store_raw(connection, _reports(connection, catalogue))
    prepare_register(connection)
    names = [("product", name, name.lower(), "", "") for _, name in _products(catalogue)]
    store_register(
        connection, "spellings", [*names, ("producer", "HTX An", "hợp tác xã an", "cooperative", "province")]
    )
    set_run_periods(connection, tuple(_SENDERS))
    for model in discover().values():
        publish(connection, model, tuple(_SENDERS))
    return connection


def _senders(catalogue, period):
    """(form, unit id) of who reports a month; of Quảng Ninh the first district, then the first commune."""
    day = dt.date.fromisoformat(f"{period}-14")
    province = catalogue.units.find_code("22", day)
    for form, unit in _SENDERS[period]:
        if unit == "Quảng Ninh":
            tier = Tier.DISTRICT if period == _OLD else Tier.COMMUNE
            yield form, catalogue.units.descendants(province.unit_id, day, tier)[0].unit_id
        else:
            yield form, unit


def _products(catalogue):
    """(unit id, name) of the one product each sender of the old map lists."""
    return [(unit, f"Sản phẩm {place}") for place, (_, unit) in enumerate(_senders(catalogue, _OLD))]


def _reports(connection, catalogue):
    submissions, cells = [], []
    listed = dict(_products(catalogue))
    for period in _SENDERS:
        for form, unit in _senders(catalogue, period):
            sent = f"{len(submissions):064x}"
            received = dt.datetime.fromisoformat(f"{period}-15T08:00:00")
            submissions.append(
                (sent, form, unit, "", period, "accepted", received, len(submissions), "báo cáo.xlsx")
            )
            asked = connection.execute(
                "SELECT part, line_code, field FROM catalogue.form_lines "
                "WHERE form = ? AND period = ? AND value_type <> 'yes_no' ORDER BY ALL",
                [form, period],
            ).fetchall()
            cells += [
                (sent, period, part, line, field, part, f"D{row}", row, "number", Decimal(row), None, None)
                for row, (part, line, field) in enumerate(asked, start=5)
            ]
            if unit in listed:
                cells += _line(sent, period, listed[unit])
    text, number = pl.String, pl.Int64
    first = {
        "submission_id": text, "form": text, "unit_id": text, "agency": text, "period": text, "verdict": text,
        "received_at": pl.Datetime("us"), "sequence": number, "file_name": text,
    }  # fmt: skip
    second = {
        **dict.fromkeys(("submission_id", "period", "part", "line_key", "field", "sheet", "cell"), text),
        "row_no": pl.Int32, "state": text, "number": pl.Decimal(20, 4), "text": text, "day": pl.Date,
    }  # fmt: skip
    return {
        "submissions": pl.DataFrame(submissions, schema=first, orient="row").to_arrow(),
        "cells": pl.DataFrame(cells, schema=second, orient="row").to_arrow(),
    }


def _line(sent, period, product):
    """A register's line: three stars of March 2025, valid on both closing days."""
    texts = {
        "product_name": product, "producer_name": "HTX An", "producer_type": "Hợp tác xã", "product_group": "Đồ uống",
        "first_star": "3 sao", "first_body": "UBND tỉnh",
    }  # fmt: skip
    found = [
        (sent, period, "register", "7", field, "BM02", f"{chr(66 + column)}7", 7, "text", None, text, None)
        for column, (field, text) in enumerate(texts.items())
    ]
    day = dt.date(2025, 3, 20)
    return [*found, (sent, period, "register", "7", "first_date", "BM02", "I7", 7, "day", None, None, day)]


def _rows(connection, table):
    columns = [name for name, *_ in connection.sql(f"DESCRIBE {table}").fetchall() if name not in _NAMES]
    shown = ", ".join(f'"{name}"' for name in columns)
    return connection.sql(f"SELECT {shown} FROM {table} ORDER BY ALL").to_arrow_table()


@pytest.mark.parametrize("table", sorted(discover()))
def test_no_row_is_doubled_and_no_figure_changes(published, table):
    """A table has the same rows whether its units have one version after the reform or several."""
    assert _rows(published["with"], table) == _rows(published["without"], table)


def test_the_reports_are_in_the_tables(published):
    """The comparison above is about something: figures on both maps, and every product once in its commune of today."""
    connection = published["with"]
    products = connection.execute(
        "SELECT e.product_name, u.full_name FROM core.product_status AS s "
        "JOIN core.recognitions AS e ON e.product_id = s.product_id "
        "JOIN catalogue.units AS u ON u.unit_id = s.unit_id AND DATE '2026-10-14' BETWEEN u.valid_from AND u.valid_to "
        "WHERE s.period = ? AND s.certificate_state = 'valid' ORDER BY e.product_name",
        [_NEW],
    ).fetchall()
    assert products == [
        ("Sản phẩm 0", "Phường Trảng Bom"), ("Sản phẩm 1", "Phường Trảng Bom"), ("Sản phẩm 2", "Phường Lộc Ninh"),
        ("Sản phẩm 3", "Thành phố Quảng Ninh"),
    ]  # fmt: skip
    for period in _SENDERS:
        [(count,)] = connection.execute(
            "SELECT COUNT(*) FROM core.rollups WHERE period = ? AND span = 'year_to_date' AND value > 0",
            [period],
        ).fetchall()
        assert count > 100
