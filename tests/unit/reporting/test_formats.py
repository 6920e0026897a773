"""Numbers, dates and periods as Vietnamese administrative documents write them."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.reporting import formats


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (7, 0, "7"),
        (999, 0, "999"),
        (1000, 0, "1.000"),
        (1234567, 0, "1.234.567"),
        (Decimal("1234.5"), 1, "1.234,5"),
        (Decimal("0.05"), 1, "0,1"),
        (Decimal("2.5"), 0, "3"),
        (Decimal("3.5"), 0, "4"),
        (Decimal("2.675"), 2, "2,68"),
        (Decimal("-2.5"), 0, "-3"),
        (Decimal("-0.04"), 1, "0,0"),
        (Decimal("-1234.56"), 1, "-1.234,6"),
        (Decimal("1E+3"), 0, "1.000"),
        (Decimal("123456789012345678901234567890.15"), 1, "123.456.789.012.345.678.901.234.567.890,2"),
    ],
)
def test_number(value, decimals, text):
    """Thousands take ".", decimals ",", halves round away from zero, at any magnitude."""
    assert formats.number(value, decimals) == text


@given(st.decimals(-(10**20), 10**20, allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_number_reads_back(value, decimals):
    """Reading the text back gives the value rounded half up, and nothing else."""
    text = formats.number(value, decimals)
    with localcontext() as context:
        context.prec = 80
        expected = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    assert Decimal(text.replace(".", "").replace(",", ".")) == expected


@pytest.mark.parametrize("value", [1.5, True, "3", None])
def test_number_refuses_inexact_values(value):
    """Only exact numbers are written: a float's rounding would surprise."""
    with pytest.raises(TypeError):
        formats.number(value)


@pytest.mark.parametrize(("value", "decimals"), [(Decimal("NaN"), 0), (Decimal("Infinity"), 0), (1, -1)])
def test_number_refuses_what_is_no_number(value, decimals):
    """What has no digits cannot be printed."""
    with pytest.raises(ValueError, match="cannot write"):
        formats.number(value, decimals)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12, "sản phẩm", "12"),
        (Decimal("12.00"), "sản phẩm", "12"),
        (Decimal("2.50"), "sản phẩm", "2,5"),
        (Decimal(1500), "người", "1.500"),
        (Decimal("1234.56"), "triệu đồng", "1.234,6"),
        (3, "triệu đồng", "3,0"),
        (Decimal("0.125"), "tỷ đồng", "0,13"),
        (Decimal("66.666"), "%", "66,7"),
    ],
)
def test_quantity(value, unit, text):
    """Money and shares have their unit's decimals; a counted thing is never rounded away."""
    assert formats.quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "trim", "text"),
    [
        (Decimal("66.666"), False, "66,7%"),
        (100, False, "100,0%"),
        (100, True, "100%"),
        (Decimal("82.50"), True, "82,5%"),
        (Decimal("0.04"), True, "0%"),
        (1000, True, "1.000%"),
    ],
)
def test_percent(value, trim, text):
    """A percentage carries its sign; running text drops a fraction of zeros, never a zero of the whole."""
    assert formats.percent(value, trim=trim) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (1, "01"), (9, "09"), (10, "10"), (1204, "1.204")])
def test_count(value, text):
    """Small counts have a leading zero in administrative text."""
    assert formats.count(value) == text


@pytest.mark.parametrize(
    ("day", "short", "long"),
    [
        (date(2026, 2, 5), "05/02/2026", "ngày 05 tháng 02 năm 2026"),
        (date(2026, 1, 31), "31/01/2026", "ngày 31 tháng 01 năm 2026"),
        (date(2026, 3, 9), "09/03/2026", "ngày 09 tháng 3 năm 2026"),
        (date(2026, 11, 14), "14/11/2026", "ngày 14 tháng 11 năm 2026"),
    ],
)
def test_dates(day, short, long):
    """Days below 10 and months 1 and 2 have a leading zero in the long form (decree 30/2020)."""
    assert formats.short_date(day) == short
    assert formats.long_date(day) == long


def test_place_and_date():
    """A comma follows the place; before the day of issue is known, day and month stay open."""
    drafted = date(2026, 11, 14)
    assert formats.place_and_date("Lâm Đồng", drafted, drafted) == "Lâm Đồng, ngày 14 tháng 11 năm 2026"
    open_line = formats.place_and_date("Lâm Đồng", None, drafted)
    assert open_line.split() == ["Lâm", "Đồng,", "ngày", "tháng", "năm", "2026"]


@pytest.mark.parametrize(
    ("sequence", "text"), [(5, "05/BC-UBND"), (10, "10/BC-UBND"), (1204, "1204/BC-UBND")]
)
def test_document_number(sequence, text):
    """A number below 10 has a leading zero and nothing is spaced (decree 30/2020)."""
    assert formats.document_number(sequence, "BC-UBND") == text


def test_document_number_not_given():
    """A number not yet given leaves room; no document is numbered below 1."""
    assert formats.document_number(None, "BC-UBND").strip() == "/BC-UBND"
    assert len(formats.document_number(None, "BC-UBND")) > len("/BC-UBND")
    with pytest.raises(ValueError, match="starts at 1"):
        formats.document_number(0, "BC-UBND")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("2026-09", "tháng 9 năm 2026"),
        ("2026-10", "tháng 10 năm 2026"),
        ("2026-Q3", "quý III năm 2026"),
        ("2026-H1", "6 tháng đầu năm 2026"),
        ("2026-H2", "6 tháng cuối năm 2026"),
        ("2026", "năm 2026"),
    ],
)
def test_period(key, text):
    """Each kind of period key has its Vietnamese name."""
    assert formats.period(key) == text


@pytest.mark.parametrize("key", ["2026-13", "2026-00", "2026-Q5", "2026-H3", "26", "", "2026-9", "2026-09x"])
def test_period_refuses_other_keys(key):
    """A key of no known shape is an error, never a guess."""
    with pytest.raises(ValueError, match="not a period key"):
        formats.period(key)


def test_window():
    """A window names both its days."""
    assert formats.window(date(2026, 10, 15), date(2026, 11, 14)) == "từ ngày 15/10/2026 đến ngày 14/11/2026"


def test_roman():
    """Annexes are numbered in Roman numerals."""
    numerals = [formats.roman(n) for n in (1, 2, 3, 4, 5, 6, 9, 10, 14, 39)]
    assert numerals == ["I", "II", "III", "IV", "V", "VI", "IX", "X", "XIV", "XXXIX"]
    for outside in (0, 40):
        with pytest.raises(ValueError, match="Roman"):
            formats.roman(outside)
