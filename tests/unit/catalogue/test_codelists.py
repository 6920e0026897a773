"""The closed lists of answers: what is shipped, how a wording is recognised, what is refused."""

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from ocop_pipeline.catalogue.codelists import CODE_LIST_COLUMNS, load_code_lists
from ocop_pipeline.catalogue.errors import CatalogueError

SHIPPED = load_code_lists()
HEADER = ",".join(CODE_LIST_COLUMNS) + "\n"
STAR = "star,3,3 sao,3 stars,1,,,,QĐ 148,S\n"
FOUR = "star,4,4 sao,4 stars,2,,,,QĐ 148,S\n"


def load(folder: Path, rows: str) -> None:
    """Load a file of these rows."""
    path = folder / "code_lists.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    load_code_lists(path)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("star", ("3", "4", "potential_5", "5", "none")),
        ("recognition_kind", ("first", "upgrade", "again")),
        ("recognising_level", ("district", "province", "ministry")),
        ("producer_type", ("cooperative", "enterprise", "household", "group")),
        ("funding_source", ("central", "local", "credit", "own", "integrated", "other")),
        ("funding_content", ("propaganda", "training", "promotion", "production", "other")),
        ("trainee_mark", ("women", "ethnic_minority")),
        ("promotion_place", ("in_province", "out_of_province")),
        ("task_state", ("not_started", "in_progress", "done", "cancelled")),
        ("certificate_state", ("valid", "expired", "revoked")),
    ],
)
def test_shipped_lists(name: str, codes: tuple[str, ...]) -> None:
    """The lists the forms rest on hold exactly these codes, in print order."""
    assert SHIPPED.codes(name) == codes


def test_aliases_are_no_lists_of_their_own() -> None:
    """A list of aliases adds wordings to another list and is not offered as a list."""
    assert not [name for name in SHIPPED.names if name.endswith("_alias")]


@pytest.mark.parametrize(
    ("name", "wording", "code"),
    [
        ("producer_type", "HTX", "cooperative"),
        ("producer_type", "Hợp tác xã", "cooperative"),
        ("producer_type", "hợp  tác xã", "cooperative"),
        ("producer_type", "THT", "group"),
        ("producer_type", "Chi nhánh công ty", "enterprise"),
        ("producer_type", "HKD", "household"),
        ("producer_type", "Cơ sở sản xuất / Hộ kinh doanh", "household"),
        ("star", "3*", "3"),
        ("star", "4 SAO", "4"),
        ("star", "Tiềm năng 5 sao", "potential_5"),
        ("star", "5 sao tiềm năng", "potential_5"),
        ("recognition_kind", "Cấp lại", "again"),
        ("recognition_kind", "Lần đầu", "first"),
        ("sales_channel", "Siêu thị", "supermarket"),
        ("funding_source", "central", "central"),
    ],
)
def test_wordings_of_the_provinces_are_recognised(name: str, wording: str, code: str) -> None:
    """The raw wordings provinces use lead to the national classes, whatever case, spacing or Unicode form."""
    for form in ("NFC", "NFD"):
        item = SHIPPED.find(name, unicodedata.normalize(form, wording))
        assert item is not None
        assert (item.list, item.code) == (name, code)


def test_unknown_wordings_are_not_guessed() -> None:
    """A wording without a class gives None, also when only its diacritics are missing."""
    assert SHIPPED.find("producer_type", "Trang trại") is None
    assert SHIPPED.find("producer_type", "hop tac xa") is None
    assert SHIPPED.find("star", "HTX") is None


def test_district_level_ends_with_the_districts() -> None:
    """From 01/07/2025 a district can neither recognise nor evaluate; before, it can."""
    last, after = date(2025, 6, 30), date(2025, 7, 1)
    for name in ("recognising_level", "evaluation_level"):
        assert "district" in SHIPPED.codes(name, last)
        assert "district" not in SHIPPED.codes(name, after)
        assert SHIPPED.find(name, "Cấp huyện", last) is not None
        assert SHIPPED.find(name, "Cấp huyện", after) is None


def test_unknown_lists_and_codes_are_key_errors() -> None:
    """A misspelt list or code in the program fails loudly."""
    with pytest.raises(KeyError):
        SHIPPED.items("stars")
    with pytest.raises(KeyError):
        SHIPPED.item("star", "6")


@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        (STAR + STAR.replace("stars,1", "stars,2"), 3, "stands already in line 2"),
        (STAR + FOUR.replace("stars,2", "stars,1"), 3, "order 1 stands already"),
        (STAR + FOUR.replace("4 sao", "3 Sao"), 3, "would mean both star.3 and star.4"),
        (STAR.replace("star,3", "star,Ba"), 2, "'code' must be lower case"),
        (STAR.replace(",1,,", ",0,,"), 2, "at least 1"),
        (STAR.replace(",1,,", ",một,,"), 2, "whole number"),
        (STAR.replace("3 sao", ""), 2, "'name_vi' is blank"),
        (STAR.replace("QĐ 148", ""), 2, "'source' is blank"),
        (STAR.replace(",S\n", ",P\n"), 2, "'confidence' must be one of"),
        (STAR.replace(",1,,,,", ",1,,2026-02-01,2026-01-01,"), 2, "comes before"),
        (STAR.replace(",1,,", ",1,star.4,"), 2, "only a list named"),
        (STAR + "star_alias,a,Ba sao,three,1,,,,QĐ,S\n", 3, "must name an item of star"),
        (STAR + "star_alias,a,Ba sao,three,1,star.9,,,QĐ,S\n", 3, "must name an item of star"),
        (STAR + FOUR + "star_alias,a,3 sao,three,1,star.4,,,QĐ,S\n", 4, "would mean both star.3 and star.4"),
    ],
)
def test_bad_lists_are_refused(tmp_path: Path, rows: str, row: int, reason: str) -> None:
    """A code list that repeats, contradicts or does not say itself is refused at its line."""
    with pytest.raises(CatalogueError, match=reason) as caught:
        load(tmp_path, rows)
    assert (caught.value.file, caught.value.row) == ("code_lists.csv", row)
