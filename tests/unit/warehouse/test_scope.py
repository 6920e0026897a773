"""Which units a site serves."""

import pytest

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.catalogue.unit_events import UNIT_EVENT_COLUMNS
from ocop_pipeline.warehouse.reference import NATION, scope_units

_TODAY = {"p68.2", "p60.1", "p67.1", "p68.1"}


def test_a_province_is_served_with_what_it_was_made_of(catalogue):
    """Lâm Đồng of today is served with Bình Thuận, Đắk Nông and the Lâm Đồng before; so are their months of old."""
    assert set(scope_units(catalogue, ["68"])) == _TODAY
    assert scope_units(catalogue, [NATION]) == ("VN",)
    with pytest.raises(ValueError, match="'00'"):
        scope_units(catalogue, ["00"])


def test_a_province_is_served_over_several_changes(tmp_path):
    """After one more merger the code of the new province still reaches the provinces of early 2025."""
    fixed = {
        "event": "e1", "effective_date": "2027-01-01", "decree": "Nghị quyết 1", "decree_date": "2026-12-01",
        "change": "merge", "to_code": "98", "to_type": "tỉnh", "to_name": "Mới", "source": "x", "confidence": "A",
    }  # fmt: skip
    rows = [{**fixed, "unit": "68"}, {**fixed, "unit": "56"}]
    lines = [",".join(row.get(column, "") for column in UNIT_EVENT_COLUMNS) for row in rows]
    path = tmp_path / "e.csv"
    path.write_text("\n".join([",".join(UNIT_EVENT_COLUMNS), *lines]) + "\n", encoding="utf-8")
    then = load_catalogue(more_events=[path])
    assert set(scope_units(then, ["98"])) >= {"p98.1", "p56.2", *_TODAY}
