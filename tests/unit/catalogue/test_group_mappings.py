"""Lines between the lists of 2019, 2023 and 2026: what converts, what does not, what a bad table is told."""

from datetime import date
from pathlib import Path

import pytest

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.group_mappings import (
    GROUP_MAPPING_COLUMNS,
    Joins,
    Relation,
    load_group_mappings,
)
from ocop_pipeline.catalogue.groups import PRODUCT_GROUP_COLUMNS, load_product_groups

GROUPS = load_product_groups()
SHIPPED = load_group_mappings(GROUPS)
IN_2019, IN_2023, IN_2026 = date(2022, 10, 14), date(2024, 10, 14), date(2026, 10, 14)

LISTS = (
    ",".join(PRODUCT_GROUP_COLUMNS)
    + """
old,eat,,sector,Ăn,Eat,,2019-01-01,2022-12-31,QĐ 1,A
old,drink,,sector,Uống,Drink,,2019-01-01,2022-12-31,QĐ 1,A
old,tea,drink,group,Trà,Tea,,2019-01-01,2022-12-31,QĐ 1,A
old,herb,,sector,Thuốc,Herbs,,2019-01-01,2022-12-31,QĐ 1,A
new,food,,sector,Thực phẩm,Food,,2023-01-01,,QĐ 2,A
new,liquid,,sector,Nước,Liquids,,2023-01-01,,QĐ 2,A
new,brew,food,group,Trà pha,Brews,,2023-01-01,,QĐ 2,A
new,bird,,sector,Chim,Birds,,2023-01-01,,QĐ 2,A
"""
)
HEADER = ",".join(GROUP_MAPPING_COLUMNS) + "\n"
SOUND = (
    "old,eat,new,food,same,2023-01-01,,QĐ,A\n"
    "old,drink,new,liquid,split,2023-01-01,Trà sang thực phẩm,QĐ,A\n"
    "old,drink,new,brew,moved,2023-01-01,Trà sang thực phẩm,QĐ,A\n"
    "old,tea,new,brew,moved,2023-01-01,Trà sang thực phẩm,QĐ,A\n"
    "old,herb,new,,ended,2023-01-01,Không còn,QĐ,A\n"
    "old,,new,bird,new,2023-01-01,Mới có,QĐ,A\n"
)


def _groups(tmp_path: Path):
    path = tmp_path / "product_groups.csv"
    path.write_text(LISTS, encoding="utf-8")
    return load_product_groups(path)


def _load(tmp_path: Path, rows: str):
    path = tmp_path / "group_mappings.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return load_group_mappings(_groups(tmp_path), path)


@pytest.mark.parametrize(
    ("code", "becomes"),
    [
        ("food_2019", "food"),
        ("food_coffee_2019", "food_coffee"),
        ("food_tea_leaf_2019", "food_tea_leaf"),
        ("drink_2019", None),
        ("drink_alcoholic_2019", "drink_alcoholic"),
        ("herb_2019", "medicinal"),
        ("herb_device_set_2019", None),
        ("textile_2019", "craft"),
        ("souvenir_2019", "craft"),
        ("food_raw_honey_2019", "food"),
        ("service_2019", "tourism"),
    ],
)
def test_lines_of_2019_today(code: str, becomes: str | None) -> None:
    """A line becomes the deepest line that holds all it may be; drinks told by the sector alone become none."""
    found = SHIPPED.convert(GROUPS.line("2019", code), "2026")
    assert (found.code if found else None) == becomes


def test_the_list_of_2023_converts_line_by_line() -> None:
    """QĐ 26/2026 kept all 49 lines of QĐ 148: each converts to the line of its code."""
    lines = GROUPS.list_on(IN_2023)
    assert len(lines) == 49
    for line in lines:
        found = SHIPPED.convert(line, "2026")
        assert found is not None
        assert (found.code, found.name_vi) == (line.code, line.name_vi)


@pytest.mark.parametrize(
    ("code", "was"),
    [
        ("medicinal", "herb_2019"),
        ("medicinal_remedy_set", "herb_remedy_set_2019"),
        ("tourism", "service_2019"),
        ("craft", None),
        ("craft_textile", "textile_cloth_2019"),
        ("craft_household_set", "souvenir_2019"),
        ("food", None),
        ("food_fresh", "food_fresh_2019"),
        ("food_raw_cereal", "food_raw_cereal_2019"),
        ("food_tea_leaf", None),
        ("food_coffee", None),
        ("drink", "drink_2019"),
        ("ornamental_flower", None),
    ],
)
def test_lines_of_today_in_2019(code: str, was: str | None) -> None:
    """A wording of a later list is read backwards only where all it may have been was in one line; tea was not."""
    found = SHIPPED.convert(GROUPS.line("2026", code), "2019")
    assert (found.code if found else None) == was


def test_every_line_stays_itself_in_its_list_and_over_2026() -> None:
    """Nothing is converted within a list, and the lists of 2023 and 2026 convert both ways line by line."""
    for line in GROUPS.all:
        assert SHIPPED.convert(line, line.list_version) == line
    for line in GROUPS.list_on(IN_2026):
        assert SHIPPED.convert(line, "2023") == GROUPS.line("2023", line.code)


@pytest.mark.parametrize(
    ("code", "joins", "word"),
    [
        ("food", Joins.PARTLY, "cà phê"),
        ("drink", Joins.PARTLY, "cà phê"),
        ("medicinal", Joins.PARTLY, "dụng cụ y tế"),
        ("craft", Joins.EXACT, ""),
        ("tourism", Joins.EXACT, ""),
        ("ornamental", Joins.NOT, "Sinh vật cảnh"),
        ("food_coffee", Joins.PARTLY, "cà phê"),
        ("food_coffee_set", Joins.EXACT, ""),
        ("food_raw", Joins.PARTLY, "mật ong"),
    ],
)
def test_series_over_2023(code: str, joins: Joins, word: str) -> None:
    """Unions of whole lines join; where a part came, went or ended the verdict says why, once."""
    found = SHIPPED.series(code, IN_2019, IN_2026)
    assert found.joins is joins
    assert len(found.reasons) == bool(word)
    assert word in "".join(found.reasons)
    assert found.since == (date(2023, 2, 24), date(2026, 5, 22))


def test_series_over_2026_and_within_a_list() -> None:
    """All sectors join over 22/05/2026 as far as is known; within one list nothing changes."""
    for line in GROUPS.list_on(IN_2026):
        found = SHIPPED.series(line.code, IN_2023, IN_2026)
        assert (found.joins, found.reasons, found.since) == (Joins.EXACT, (), (date(2026, 5, 22),))
        assert found.confidence != "S"
    within = SHIPPED.series("drink", date(2026, 6, 14), IN_2026)
    assert (within.joins, within.since, within.confidence) == (Joins.EXACT, (), "S")
    with pytest.raises(KeyError):
        SHIPPED.series("drink", date(2017, 1, 1), IN_2026)


def test_no_line_is_surer_than_its_lists() -> None:
    """No text prints a mapping: none is marked as seen, and one on a second-hand line is not above it."""
    order = "S2GIA"
    for each in SHIPPED.all:
        assert each.confidence != "S"
        for version, code in ((each.old_list, each.old_code), (each.new_list, each.new_code)):
            if code and GROUPS.line(version, code).confidence == "G":
                assert order.index(each.confidence) >= order.index("G")


def test_a_sound_table_is_read(tmp_path: Path) -> None:
    """The rows the refusals start from are themselves sound; a line told by its sector alone may be either."""
    found = _load(tmp_path, SOUND)
    groups = _groups(tmp_path)
    assert [each.relation for each in found.all] == [
        Relation.SAME, Relation.SPLIT, Relation.MOVED, Relation.MOVED, Relation.ENDED, Relation.NEW,
    ]  # fmt: skip
    assert [each.code for each in found.candidates(groups.line("old", "drink"), "new")] == ["liquid", "brew"]
    assert found.convert(groups.line("old", "drink"), "new") is None
    assert found.convert(groups.line("old", "tea"), "new") == groups.line("new", "brew")


@pytest.mark.parametrize(
    ("was", "now", "row", "reason"),
    [
        ("old,eat,new,food,same,2023-01-01,,QĐ,A\n", "", None, "line eat of list old has no row"),
        ("old,,new,bird,new,2023-01-01,Mới có,QĐ,A\n", "", None, "line bird of list new has no row"),
        ("new,food,same", "new,foods,same", 2, "list new has no line 'foods'"),
        ("old,eat,new", "old,meat,new", 2, "list old has no line 'meat'"),
        ("old,eat,new", "new,food,old", 2, "list old does not follow list new"),
        ("old,eat,new,food,same,2023", "old,eat,new,food,same,2024", 2, "in force from 2023-01-01"),
        ("food,same", "food,merged", 2, "merged does not go with 1 rows"),
        ("food,same", "food,split", 2, "the reason why a series breaks"),
        ("food,same,2023-01-01,", "food,split,2023-01-01,Vì sao", 2, "split does not go with 1 rows"),
        ("food,same,2023-01-01,", "food,moved,2023-01-01,Vì sao", 2, "moved does not lead to food"),
        ("old,tea,new,brew,moved,2023-01-01,Trà sang thực phẩm", "old,tea,new,brew,merged,2023-01-01,", 5,
         "merged does not lead to food"),
        ("old,tea,new,brew", "old,tea,new,bird", 5, "drink, to which tea belongs"),
        ("liquid,split,2023-01-01,Trà sang thực phẩm", "liquid,split,2023-01-01,", 3, "the reason why a series breaks"),
        ("new,,ended", "new,bird,ended", 6, "'new_code' is blank where the relation is ended"),
        ("old,,new,bird", "old,herb,new,bird", 7, "'old_code' is blank where the relation is new"),
        ("food,same", "food,equal", 2, "'relation' must be one of"),
        ("QĐ,A\nold,drink,new,l", "QĐ,sure\nold,drink,new,l", 2, "'confidence' must be one of"),
    ],
)  # fmt: skip
def test_bad_tables_are_refused(tmp_path: Path, was: str, now: str, row: int | None, reason: str) -> None:
    """Missing lines, unknown codes, wrong days and relations the rows belie are refused at their line."""
    assert was in SOUND
    with pytest.raises(CatalogueError, match=reason) as caught:
        _load(tmp_path, SOUND.replace(was, now, 1))
    assert (caught.value.file, caught.value.row) == ("group_mappings.csv", row)
