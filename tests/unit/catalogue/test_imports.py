"""Forms of lists that are taken over once: what the loader refuses, and that no calendar can meet them."""

import pytest
import yaml

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.imports import IMPORT_KINDS, load_import_forms
from ocop_pipeline.paths import CATALOGUE_DATA

SHIPPED = sorted((CATALOGUE_DATA / "imports").glob("*.yml"))


def test_every_kind_of_list_has_one_form(catalogue):
    """Whatever a person may hand over, exactly one form reads it."""
    kinds = [kind for form in catalogue.imports.values() for kind in form.kinds]
    assert sorted(kinds) == sorted(IMPORT_KINDS)


def test_no_form_of_the_reporting_regime_is_an_import(catalogue):
    """What is expected of units and what is handed over once never share a code."""
    assert not set(catalogue.imports) & set(catalogue.forms)


def test_personal_data_is_no_field(catalogue):
    """Representatives and telephones are never read out of a list."""
    for form in catalogue.imports.values():
        assert not {"representative", "phone"} & set(form.fields)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "DS-XX"}, "must be named"),
        ({"kinds": ["register", "expiry"]}, "unknown kind 'expiry'"),
        ({"confidence": "sure"}, "confidence"),
        ({"anchor": None}, "anchor: expected str"),
        ({"carried": ["nobody"]}, "'nobody' has no column"),
        ({"columns": {"product_name": ["Tên"], "producer_name": ["Tên"]}}, "means both"),
    ],
)
def test_a_form_that_contradicts_itself_is_refused(tmp_path, change, words):
    """A missing key, an unknown kind or field, a header of two meanings: the file and the reason are said."""
    path = tmp_path / "SO-22.yml"
    data = yaml.safe_load((CATALOGUE_DATA / "imports" / "SO-22.yml").read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(data | change, allow_unicode=True), encoding="utf-8")
    with pytest.raises(CatalogueError, match=words):
        load_import_forms([path])


def test_one_kind_of_two_forms_is_refused(tmp_path):
    """A kind names its form: two would be a guess."""
    data = yaml.safe_load(SHIPPED[0].read_text(encoding="utf-8"))
    path = tmp_path / "DS-2.yml"
    path.write_text(yaml.safe_dump(data | {"code": "DS-2"}, allow_unicode=True), encoding="utf-8")
    with pytest.raises(CatalogueError, match="another form already"):
        load_import_forms([SHIPPED[0], path])
