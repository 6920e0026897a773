"""How names are folded to words: what makes no other name, and what does."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.domain.spelling import words_of

SAME = [
    ("Hòa Bình", "HOÀ BÌNH"),
    ("Khỏe", "Khoẻ"),
    ("Đức", "Ðức"),
    ("Ðường thốt nốt", "đường   thốt\u00a0nốt"),
    ("Nấm\u200b hương", "\ufeffNấm hương"),
    ("Cà-phê (rang xay)", "cà phê rang xay"),
    ("“Sương Mai”", "Sương Mai"),
    ("Trà 'Sen vàng' túi", "Trà Sen vàng túi"),
    ("Cà phê K'Ho", "Cà phê K\u2019 Ho"),
    ("Đắk R'Lấp", "đắk rlấp"),
    ("Ê'Đê", "êđê"),
    ("SX & TM", "SX và TM"),
    ("SX&TM", "SX và TM"),
    ("Gạo ST25", "Gạo ST-25"),
    ("Gạo ST25", "Gạo ST 25"),
    ("Mật ong 500ml", "Mật ong 500 ml"),
    ("ＨＴＸ Thanh Đức", "HTX Thanh Đức"),
    ("НТХ Thanh Đức", "HTX Thanh Đức"),
    ("Nấm Tâm Phúc™", "Nấm Tâm Phúc"),
    ("Nấm Tâm Phúc®", "Nấm Tâm Phúc"),
]
OTHER = [
    ("Bánh dừa", "Bánh dứa"),
    ("Đa", "Da"),
    ("Trà 007", "Trà 7"),
    ("Rượu 1,5 lít", "Rượu 15 lít"),
    ("Gạo loại A+", "Gạo loại A"),
    ("Cà phê", "Càphê"),
    ("Mì gạo", "Mỳ gạo"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_name(one, other):
    """Case, Unicode form, looks, spaces, punctuation and the place of the tone mark make no other name."""
    assert words_of(one) == words_of(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_names(one, other):
    """Diacritics, letters, zeros in front, decimal commas and a grade's plus sign make another name."""
    assert words_of(one) != words_of(other)


@pytest.mark.parametrize("text", ["", " \t", "-", "…", "“”", "™", "\u0301"])
def test_nothing_to_read(text):
    """A text without letter or digit has no words."""
    assert words_of(text) == ()


@given(st.text())
def test_unicode_forms_never_matter(text):
    """Composed and decomposed forms of any text have the same words."""
    assert words_of(unicodedata.normalize("NFD", text)) == words_of(unicodedata.normalize("NFC", text))


@given(st.text())
def test_words_are_stable(text):
    """The words of a name, written out in either form, have no other words."""
    words = words_of(text)
    for form in ("NFC", "NFD"):
        assert words_of(unicodedata.normalize(form, " ".join(words))) == words
