"""The product groups of 2019, 2023 and 2026: which list answers on a day, and what is refused."""

import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.groups import PRODUCT_GROUP_COLUMNS, Level, load_product_groups

SHIPPED = load_product_groups()
HEADER = ",".join(PRODUCT_GROUP_COLUMNS) + "\n"
SECTOR = "2026,food,,sector,Thực phẩm,Food,,2026-05-22,,QĐ 26,2\n"
GROUP = "2026,tea,food,group,Chè,Tea,,2026-05-22,,QĐ 26,2\n"
SET = "2026,tea_leaf,tea,set,Chè tươi,Tea leaf,Bộ A; Bộ B,2026-05-22,,QĐ 26,2\n"

IN_2019, IN_2023, IN_2026 = date(2021, 1, 1), date(2024, 1, 1), date(2026, 10, 14)


def test_sizes_of_the_lists() -> None:
    """All have six sectors; 2023 and 2026 have 17 groups and 26 sets (QĐ 26/2026, Phụ lục I).

    That of 2019 has the 16 groups and 26 sets of QĐ 1048, Phụ lục I, and the name QĐ 781 gave tourism.
    """
    sizes = Counter((group.list_version, group.level) for group in SHIPPED.all)
    assert sizes == {
        ("2019", Level.SECTOR): 6,
        ("2019", Level.GROUP): 17,
        ("2019", Level.SET): 27,
        ("2023", Level.SECTOR): 6,
        ("2023", Level.GROUP): 17,
        ("2023", Level.SET): 26,
        ("2026", Level.SECTOR): 6,
        ("2026", Level.GROUP): 17,
        ("2026", Level.SET): 26,
    }


@pytest.mark.parametrize(
    ("on", "version"),
    [
        (date(2018, 5, 6), None),
        (date(2018, 5, 7), "2019"),
        (date(2023, 2, 23), "2019"),
        (date(2023, 2, 24), "2023"),
        (date(2026, 5, 21), "2023"),
        (date(2026, 5, 22), "2026"),
        (date.max, "2026"),
    ],
)
def test_the_day_decides_the_list(on: date, version: str | None) -> None:
    """Each list is in force from the day of its decision to the day before the next one's."""
    assert SHIPPED.version_on(on) == version
    assert {group.list_version for group in SHIPPED.list_on(on)} == ({version} if version else set())


def test_confidence_is_never_promoted() -> None:
    """Of the list of 2023 the sectors and first eight sets were seen; that of 2026 is second-hand."""
    seen = [group for group in SHIPPED.list_on(IN_2023) if group.confidence == "S"]
    assert Counter(group.level for group in seen) == {Level.SECTOR: 6, Level.GROUP: 3, Level.SET: 8}
    assert not [group for group in SHIPPED.list_on(IN_2026) if group.confidence == "S"]
    assert {group.level for group in SHIPPED.list_on(IN_2019) if group.confidence == "S"} == {Level.SECTOR}


def test_ministries() -> None:
    """Each set of 2026 has its ministries, several where the decision names several."""
    water = SHIPPED.get("drink_soft_water", IN_2026)
    cereal = SHIPPED.get("food_processed_cereal", IN_2026)
    assert water.lead_ministries == ("Bộ Y tế",)
    assert cereal.lead_ministries == ("Bộ Nông nghiệp và Môi trường", "Bộ Công Thương")
    before = SHIPPED.get("food_processed_cereal", IN_2023)
    assert before.lead_ministries[0] == "Bộ Nông nghiệp và Phát triển nông thôn"


@pytest.mark.parametrize(
    ("name", "on", "code"),
    [
        ("Thực phẩm", IN_2026, "food"),
        ("THỰC PHẨM", IN_2026, "food"),
        ("I. Thực phẩm", IN_2023, "food"),
        ("Nhóm: Đồ uống có cồn", IN_2026, "drink_alcoholic"),
        ("1. Nhóm: Gia vị", IN_2026, "food_seasoning"),
        ("Thịt, thuỷ sản, trứng, sữa tươi", IN_2026, "food_fresh_animal"),
        ("Hoa", IN_2026, "ornamental_flower_set"),
        ("Thảo dược", IN_2019, "herb_2019"),
        ("Thực phẩm", IN_2019, "food_2019"),
    ],
)
def test_names_are_found_as_people_write_them(name: str, on: date, code: str) -> None:
    """Case, numbering, "Nhóm:", tone-mark placement and Unicode form do not matter."""
    for form in ("NFC", "NFD"):
        found = SHIPPED.find(unicodedata.normalize(form, name), on)
        assert found is not None
        assert found.code == code


def test_names_of_another_list_are_not_found() -> None:
    """A name of 2019 means nothing in 2026, a bare word nothing at all: no guess is made."""
    assert SHIPPED.find("Thảo dược", IN_2026) is None
    assert SHIPPED.find("Thực", IN_2026) is None
    assert SHIPPED.find("Thuc pham", IN_2026) is None
    assert SHIPPED.find("Thực phẩm", date(2018, 1, 1)) is None


@pytest.mark.parametrize(
    ("name", "on", "version", "code"),
    [
        ("Thực phẩm", IN_2019, "2019", "food_2019"),
        ("Sinh vật cảnh", IN_2019, "2023", "ornamental"),
        ("Thảo dược", IN_2026, "2019", "herb_2019"),
        ("Thịt, trứng, sữa tươi", IN_2023, "2019", "food_fresh_animal_2019"),
    ],
)
def test_a_wording_of_another_list_is_read(name: str, on: date, version: str, code: str) -> None:
    """A wording is read in the list of its day, else in the nearest later list, else in the nearest earlier one."""
    found = SHIPPED.read(name, on)
    assert found is not None
    assert (found.list_version, found.code) == (version, code)
    assert SHIPPED.read("Đồ vật", on) is None


def test_tea_and_coffee_are_food_from_2023() -> None:
    """Tea and coffee belong to the sector of food in the lists of 2023 and 2026."""
    for on in (IN_2023, IN_2026):
        for code in ("food_tea_leaf", "food_coffee_set"):
            assert SHIPPED.sector_of(code, on).code == "food"


def test_lists_of_2019_and_2023_share_no_code() -> None:
    """Series do not join over 2023 by accident; over 2026 they do, code by code."""
    codes = {on: {group.code for group in SHIPPED.list_on(on)} for on in (IN_2019, IN_2023, IN_2026)}
    assert not codes[IN_2019] & codes[IN_2023]
    assert codes[IN_2023] == codes[IN_2026]


def test_every_line_leads_up_to_a_sector() -> None:
    """Following parents from any line ends at a sector of the same list."""
    for on in (IN_2019, IN_2023, IN_2026):
        for group in SHIPPED.list_on(on):
            assert SHIPPED.sector_of(group.code, on).level is Level.SECTOR


@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        (SECTOR + SECTOR.replace("Food", "Foods"), 3, "stands already in line 2"),
        (SECTOR.replace("food,,sector", "food,drink,sector"), 2, "a sector has no parent"),
        (GROUP, 2, "must be a sector above it"),
        (GROUP + SECTOR, 2, "must be a sector above it"),
        (SECTOR + SET, 3, "must be a group above it"),
        (SECTOR + SET.replace(",tea,set", ",food,set"), 3, "must be a group above it"),
        (SECTOR.replace("sector", "ngành"), 2, "'level' must be one of"),
        (SECTOR + GROUP + SET.replace("Bộ A; Bộ B", ""), 4, "lead ministry"),
        (SECTOR + GROUP.replace("Tea,,", "Tea,Bộ A,"), 3, "lead ministry"),
        (SECTOR + GROUP.replace("2026-05-22", "2026-06-01"), 3, "over the same days"),
        (SECTOR + SECTOR.replace("2026,", "2027,", 1), 3, "in force together"),
        (SECTOR + GROUP + SET.replace("Chè tươi", "thực phẩm"), 4, "in another branch"),
        (SECTOR.replace("2026-05-22,", "2026-05-22,2026-01-01"), 2, "comes before"),
        (SECTOR.replace(",2\n", ",seen\n"), 2, "'confidence' must be one of"),
    ],
)
def test_bad_groups_are_refused(tmp_path: Path, rows: str, row: int, reason: str) -> None:
    """A tree with a missing parent, two names for one thing or overlapping lists is refused at its line."""
    path = tmp_path / "product_groups.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(CatalogueError, match=reason) as caught:
        load_product_groups(path)
    assert (caught.value.file, caught.value.row) == ("product_groups.csv", row)


def test_a_sound_tree_is_read(tmp_path: Path) -> None:
    """The rows the refusals start from are themselves sound."""
    path = tmp_path / "product_groups.csv"
    path.write_text(HEADER + SECTOR + GROUP + SET, encoding="utf-8")
    groups = load_product_groups(path)
    assert [group.code for group in groups.list_on(IN_2026)] == ["food", "tea", "tea_leaf"]
    assert groups.get("tea_leaf", IN_2026).lead_ministries == ("Bộ A", "Bộ B")
