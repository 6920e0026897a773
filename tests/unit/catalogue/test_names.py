"""Legal forms and abbreviations of producers' names: what is shipped, and what is refused."""

from pathlib import Path

import pytest

from ocop_pipeline.catalogue.codelists import load_code_lists
from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.names import (
    ABBREVIATION_COLUMNS,
    AREAS,
    LEGAL_FORM_COLUMNS,
    load_name_words,
)
from ocop_pipeline.domain.units import name_key

TYPES = load_code_lists().codes("producer_type")
FORMS = [
    "cooperative,Hợp tác xã,cooperative,province,no,Nguồn,G",
    "cooperative,HTX,,,,Nguồn,S",
    "branch,Chi nhánh,enterprise,commune,yes,Nguồn,G",
]
SHORT = ["TNHH,trách nhiệm hữu hạn,form,Nguồn,G", "SX,sản xuất,name,Nguồn,G"]


def load(folder: Path, forms=(), short=()):
    """Load the small catalogue with lines added at the end."""
    paths = []
    for name, columns, lines in (
        ("legal_forms.csv", LEGAL_FORM_COLUMNS, [*FORMS, *forms]),
        ("name_abbreviations.csv", ABBREVIATION_COLUMNS, [*SHORT, *short]),
    ):
        path = folder / name
        path.write_text("\n".join([",".join(columns), *lines]) + "\n", encoding="utf-8")
        paths.append(path)
    return load_name_words(*paths, producer_types=TYPES)


def test_what_a_file_says(tmp_path):
    """The first line of a form is its full name with type and area, the others are wordings."""
    words = load(tmp_path)
    cooperative, branch = words.forms
    assert (cooperative.wordings, cooperative.producer_type) == (("Hợp tác xã", "HTX"), "cooperative")
    assert (cooperative.name_unique_within, cooperative.confidence) == ("province", "G")
    assert (cooperative.is_part, branch.is_part) == (False, True)
    assert words.form_abbreviations == {"TNHH": "trách nhiệm hữu hạn"}
    assert words.name_abbreviations == {"SX": "sản xuất"}


def test_shipped_forms_belong_to_the_types_of_the_code_list():
    """Every form has a type of the list, and no wording of the list of types is of another type's form."""
    words = load_name_words(producer_types=TYPES)
    assert {form.producer_type for form in words.forms} == set(TYPES)
    lists = load_code_lists()
    for form in words.forms:
        for wording in form.wordings:
            item = lists.find("producer_type", wording)
            code = None if item is None else (item.stands_for or f"producer_type.{item.code}").split(".")[1]
            assert code in (None, form.producer_type), (wording, name_key(wording))


def test_shipped_areas():
    """Told company forms are unique in the nation, cooperatives in a province, households in a commune."""
    areas = {form.code: form.name_unique_within for form in load_name_words().forms}
    assert [areas[code] for code in ("limited", "cooperative", "household_business")] == list(AREAS)
    assert {areas[code] for code in ("group", "establishment", "farm")} == {"commune"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("cooperative,Hợp tác xã kiểu mới,cooperative,,,Nguồn,G", "stand in line 2 already"),
        ("group,htx,group,commune,no,Nguồn,G", "spelled like the wording in line 3"),
        ("group,Tổ hợp tác,group,district,no,Nguồn,G", "must be one of nation, province, commune"),
        ("group,Tổ hợp tác,group,commune,,Nguồn,G", "'part' is blank"),
        ("group,Tổ hợp tác,club,commune,no,Nguồn,G", "unknown producer type 'club'"),
        ("group,Tổ hợp tác,,,,Nguồn,G", "'producer_type' is blank"),
        ("group,Tổ hợp tác,group,commune,no,Nguồn,X", "confidence"),
        ("group,Tổ hợp tác,group,commune,no,,G", "'source' is blank"),
    ],
)
def test_bad_forms(tmp_path, line, reason):
    """A form told twice or by halves is refused with file, line and reason."""
    with pytest.raises(CatalogueError, match=reason) as refused:
        load(tmp_path, forms=[line])
    assert (refused.value.file, refused.value.row) == ("legal_forms.csv", 5)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("SX,sản xuất khác,name,Nguồn,G", "stands already in line 3"),
        ("S-X,sản xuất,name,Nguồn,G", None),
        ("sx,sản xuất,name,Nguồn,G", "spelled like the abbreviation in line"),
        ("TAM,thương mại,name,Nguồn,G", "may be a word"),
        ("...,thương mại,name,Nguồn,G", "may be a word"),
        ("CSSX,cơ sở SX,name,Nguồn,G", "write it out"),
        ("TM,thương mại,product,Nguồn,G", "must be one of form, name"),
    ],
)
def test_bad_abbreviations(tmp_path, line, reason):
    """An abbreviation with two meanings, like a word, or abbreviated again is refused."""
    if reason is None:
        assert "S-X" in load(tmp_path, short=[line]).name_abbreviations
        return
    with pytest.raises(CatalogueError, match=reason) as refused:
        load(tmp_path, short=[line])
    assert refused.value.file == "name_abbreviations.csv"
