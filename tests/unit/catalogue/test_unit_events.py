"""The file of unit events: what is shipped, and what is refused with file and row."""

from collections import Counter
from datetime import date

import pytest

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.unit_events import UNIT_EVENT_COLUMNS, load_decrees, load_unit_events
from ocop_pipeline.catalogue.units import load_units
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.paths import CATALOGUE_DATA

SHIPPED = CATALOGUE_DATA / "unit_events.csv"


@pytest.fixture(scope="module")
def units():
    """The units of the data file, without any event."""
    return load_units()


def events_file(folder, *rows, name="unit_events.csv"):
    """A file of rows given as dicts; what they do not say is blank."""
    usual = {
        "event": "e1", "effective_date": "2027-01-01", "decree": "Nghị quyết 1", "decree_date": "2026-12-01",
        "source": "x", "confidence": "A",
    }  # fmt: skip
    lines = [",".join((usual | row).get(column, "") for column in UNIT_EVENT_COLUMNS) for row in rows]
    path = folder / name
    path.write_text("\n".join([",".join(UNIT_EVENT_COLUMNS), *lines]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("day", "cities", "wards"),
    [("2026-04-29", 6, 687), ("2026-04-30", 7, 697), ("2026-09-01", 8, 697), ("2026-09-20", 9, 709)],
)
def test_the_changes_of_2026(units, day, cities, wards):
    """Three provinces became cities and 22 communes wards; the number of units stays 34 and 3,321."""
    ledger, _ = load_unit_events(units, [SHIPPED])
    on = date.fromisoformat(day)
    provinces = Counter(unit.type for unit in ledger.units(on, Tier.PROVINCE))
    communes = Counter(unit.type for unit in ledger.units(on, Tier.COMMUNE))
    assert (provinces["thành phố"], communes["phường"]) == (cities, wards)
    assert (provinces.total(), communes.total()) == (34, 3321)


def test_every_province_of_2025_has_its_resolution(units):
    """Each of the 34 provinces names the resolution that changed its communes."""
    decrees = load_decrees([CATALOGUE_DATA / "unit_decrees.csv"])
    named = [each.province_code for each in decrees if each.tier is Tier.COMMUNE]
    assert sorted(named) == sorted(unit.code for unit in units.units(date(2025, 7, 1), Tier.PROVINCE))
    assert len({each.decree for each in decrees}) == len(decrees)


@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        ([{"change": "rename", "unit": "24958", "to_name": "A", "decree_date": ""}], 2, "'decree_date' is blank"),
        ([{"change": "rename", "unit": "24958", "to_name": "A", "decree_date": "31/12/2026"}], 2, "YYYY-MM-DD"),
        ([{"change": "melt", "unit": "24958"}], 2, "'change' must be one of"),
        (
            [{"change": "rename", "unit": "24958", "to_name": "A"},
             {"change": "rename", "unit": "24967", "to_name": "B", "decree": "Nghị quyết 2"}],
            3, "one day and one decree",
        ),
        (
            [{"change": "split", "unit": "24958", "to_code": code, "to_type": "xã", "to_name": "A", "share_area": "0.6"}
             for code in ("91", "92")],
            3, "make 1.2, not 1",
        ),
        ([{"change": "split", "unit": "24958", "to_code": "91", "share_area": "1.5"}], 2, "between 0 and 1"),
        ([{"change": "rename", "unit": "00000", "to_name": "A"}], 2, "no unit '00000' stands on 2026-12-31"),
        ([{"change": "move", "unit": "24958", "to_parent": "24958"}], 2, "of no higher tier"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_refused(units, tmp_path, rows, row, reason):
    """Malformed rows and impossible events are named by file and row; nothing is half loaded."""
    with pytest.raises(CatalogueError, match=reason) as caught:
        load_unit_events(units, [events_file(tmp_path, *rows)])
    assert (caught.value.file, caught.value.row) == ("unit_events.csv", row)


def test_one_event_in_two_files_is_refused(units, tmp_path):
    """An event stands in one file."""
    row = {"change": "rename", "unit": "24958", "to_name": "A"}
    other = {"change": "rename", "unit": "24967", "to_name": "B"}
    paths = [events_file(tmp_path, row), events_file(tmp_path, other, name="more.csv")]
    with pytest.raises(CatalogueError, match="stands in unit_events"):
        load_unit_events(units, paths)


def test_a_sites_events_are_added_to_the_shipped_ones(tmp_path):
    """A site's file of events does not replace ours: after it the cities of 2026 and its own change stand."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    events_file(folder, {"change": "rename", "unit": "24958", "to_name": "Đức Trọng Mới"})
    catalogue = load_catalogue(tmp_path)
    on = date(2027, 1, 1)
    assert catalogue.units.find_code("24958", on).full_name == "Xã Đức Trọng Mới"
    assert catalogue.units.find_code("24", on).full_name == "Thành phố Bắc Ninh"
    assert [event.event_id for event in catalogue.unit_events][-1] == "e1"
    assert len(catalogue.unit_events) == len(load_catalogue().unit_events) + 1


def test_a_faulty_file_of_a_site_is_named_by_its_path(tmp_path):
    """Ours and the site's file bear one name: the refusal says which of the two is meant."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    path = events_file(folder, {"change": "rename", "unit": "00000", "to_name": "A"})
    with pytest.raises(CatalogueError, match="no unit '00000'") as caught:
        load_catalogue(tmp_path)
    assert (caught.value.file, caught.value.row) == (str(path), 2)
