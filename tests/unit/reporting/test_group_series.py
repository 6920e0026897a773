"""Notes on figures by product group: where the list changed, which groups join, and lines of no group."""

from decimal import Decimal

import pytest

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.reporting.group_series import group_notes, group_series, is_idle
from ocop_pipeline.reporting.spec import load_spec

_ALL = ("product_group=food", "product_group=drink")


@pytest.fixture(scope="module")
def label():
    """The words of the province's report."""
    return load_spec("province_month").label


def _notes(period, breakdowns, label, *, compared=False):
    found = group_series(load_catalogue(), Period(period))
    return group_notes(found.last_year if compared else found.year, breakdowns, label)


@pytest.mark.parametrize("period", ["2023-03", "2023-12"])
def test_the_year_of_a_change_says_what_does_not_join(label, period):
    """The year to date of 2023 adds months of two lists: each broken group is named once, with its reason."""
    notes = _notes(period, _ALL, label)
    assert "24/02/2023" in notes[0]
    assert [note.count("“") for note in notes[1:]] == [2, 1, 1]
    assert "“Thực phẩm”, “Đồ uống”" in notes[1]
    assert "cà phê" in notes[1]
    assert "dụng cụ y tế" in notes[2]
    assert "“Sinh vật cảnh”" in notes[3]
    assert "không nối được" in notes[3]
    assert not any("thủ công" in note or note.endswith("..") for note in notes)


@pytest.mark.parametrize(
    ("period", "compared", "noted"),
    [
        ("2023-02", False, False),
        ("2024-01", False, False),
        ("2024-01", True, True),
        ("2024-12", True, True),
        ("2025-01", True, False),
        ("2018-01", True, False),
        ("2026-10", False, False),
        ("2026-10", True, False),
        ("2027-03", True, False),
    ],
)
def test_only_what_is_added_or_compared_is_noted(label, period, compared, noted):
    """Before the change, a year after it where nothing is compared, and over 22/05/2026 there is nothing to say."""
    assert bool(_notes(period, _ALL, label, compared=compared)) == noted


def test_a_table_without_groups_has_no_note(label):
    """Stars and kinds are no groups: their tables say nothing of lists."""
    assert _notes("2023-12", ("", "star=3", "producer_type=group"), label) == ()


def test_lines_of_no_group_are_explained_where_they_stand(label):
    """What the two lines mean is said under the table that has them, whatever the month."""
    assert _notes("2026-10", ("product_group=unknown",), label) == (label("group_note_unknown"),)
    both = _notes("2026-10", ("product_group=unknown", "product_group=unconverted"), label)
    assert both == (label("group_note_unconverted"), label("group_note_unknown"))


def test_lines_of_no_group_stand_only_where_there_are_products():
    """A group of nought is printed; the lines of products without one only where a span has any."""
    assert is_idle("product_group=unconverted", (Decimal(0), None))
    assert not is_idle("product_group=unconverted", (None, Decimal(2)))
    assert not is_idle("product_group=food", (Decimal(0), None))
