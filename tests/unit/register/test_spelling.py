"""Keys of names: which spellings are certainly one product or producer, and which are not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.names import LegalForm, NameWords, load_name_words
from ocop_pipeline.register.spelling import producer_key, product_key

WORDS = load_name_words()

ONE_PRODUCT = [
    ("Bechamp Coffee Hòa Tan Nấm Linh Chi", "BECHAMP COFFEE HOÀ TAN NẤM LINH CHI"),
    ("Nấm Fresh Cordyceps Vietnam (Nấm tươi)", "Nấm Fresh Cordyceps Vietnam ( nấm tươi )"),
    ("Khoai Khoái sấy giòn vị tôm nướng", "“Khoai Khoái” sấy giòn, vị tôm nướng."),
    ("Rượu Tryvat 49", "Rượu Tryvat-49"),
    ("Bộ ấm & chén", "Bộ ấm và chén"),
]
TWO_PRODUCTS = [
    ("Nấm hương Phú Thịnh tươi", "Nấm hương Phú Thịnh khô"),
    ("Bánh dừa", "Bánh dứa"),
    ("Trà SX", "Trà sản xuất"),
    ("Gạo 05", "Gạo 5"),
    ("Mật ong loại A", "Mật ong loại B"),
]
ONE_PRODUCER = [
    ("HTX Thanh Đức", "Hợp tác xã THANH ĐỨC"),
    ("H.T.X Thanh Đức", "hợp tác xã Thanh Ðức"),
    ("Hợp tác xã Nông nghiệp và Dịch vụ Long Việt", "HTX NN DV Long Việt"),
    ("Hợp tác xã Nông nghiệp và Dịch vụ Long Việt", "HTX NN&DV Long Việt"),
    ("Công ty TNHH TM XNK Sachi Thịnh Phát", "Cty TNHH Thương mại - Xuất nhập khẩu Sachi Thịnh Phát"),
    ("Công ty TNHH SX TM DV Sao Mai", "C.ty trách nhiệm hữu hạn SXTMDV Sao Mai"),
    ("Công ty TNHH MTV Sao Mai", "TNHH một thành viên Sao Mai"),
    ("Công ty TNHH 1 TV Sao Mai", "Cty TNHH MTV Sao Mai"),
    ("CTCP Viên Sơn", "Công ty Cổ phần Viên Sơn"),
    ("Công ty CP ĐT&PT Viên Sơn", "Công ty cổ phần đầu tư và phát triển Viên Sơn"),
    ("DNTN Viên Sơn", "Doanh nghiệp tư nhân Viên Sơn"),
    ("THT Sao Mai", "Tổ hợp tác Sao Mai"),
    ("HKD Sao Mai", "Hộ kinh doanh: Sao Mai"),
    ("Hộ KD cá thể Sao Mai", "Hộ kinh doanh Sao Mai"),
    ("Hộ SX-KD Sao Mai", "Hộ sản xuất và kinh doanh Sao Mai"),
    ("CSSX Sao Mai", "Cơ sở sản xuất Sao Mai"),
    ("CS SX Sao Mai", "Cơ sở sản xuất Sao Mai"),
    ("Liên hiệp HTX Sao Mai", "Liên hiệp các hợp tác xã Sao Mai"),
    ("Chi nhánh Công ty TNHH Nông Nghiệp Ceres", "Chi nhánh Cty TNHH NN Ceres"),
]
TWO_PRODUCERS = [
    ("HTX Thanh Đức", "Công ty Thanh Đức"),
    ("HTX Thanh Đức", "Thanh Đức"),
    ("Công ty TNHH Sao Mai", "Công ty TNHH MTV Sao Mai"),
    ("Công ty TNHH Nông Nghiệp Ceres", "Chi nhánh Công ty TNHH Nông Nghiệp Ceres"),
    ("HTX Thanh Đức", "HTX Thanh Đúc"),
    ("HTX CN Sao Mai", "HTX Công nghệ Sao Mai"),
    ("HTX Mây và Sóng", "HTX Mây Sóng"),
    ("HTX Dịch vụ Sao Mai", "HTX Sao Mai"),
]


@pytest.mark.parametrize(("one", "other"), ONE_PRODUCT)
def test_one_product_spelled_twice(one, other):
    """Case, tone-mark place, punctuation and "&" make no other product."""
    assert product_key(one) == product_key(other)


@pytest.mark.parametrize(("one", "other"), TWO_PRODUCTS)
def test_two_products(one, other):
    """Another word, mark or number is another product, and nothing is written out in a product's name."""
    assert product_key(one) != product_key(other)


@pytest.mark.parametrize(("one", "other"), ONE_PRODUCER)
def test_one_producer_spelled_twice(one, other):
    """Wordings of a legal form, abbreviations and "và" between trade words make no other producer."""
    assert producer_key(one, WORDS) == producer_key(other, WORDS)


@pytest.mark.parametrize(("one", "other"), TWO_PRODUCERS)
def test_two_producers(one, other):
    """Another legal form, a branch, a name of its own or an ambiguous abbreviation is another producer."""
    assert producer_key(one, WORDS).key != producer_key(other, WORDS).key


@pytest.mark.parametrize(
    ("name", "form", "area"),
    [
        ("Cty TNHH Seagull", "limited", "nation"),
        ("HTX Seagull", "cooperative", "province"),
        ("Công ty Seagull", "company", "province"),
        ("HKD Seagull", "household_business", "commune"),
        ("Seagull", "", "commune"),
        ("Chi nhánh CTCP Seagull", "branch", "nation"),
        ("Chi nhánh HTX Seagull", "branch", "province"),
        ("Chi nhánh Seagull", "branch", "commune"),
    ],
)
def test_form_and_area(name, form, area):
    """The form at the beginning says where a name is one producer's; a branch bears its company's name."""
    key = producer_key(name, WORDS)
    assert (key.legal_form, key.name_unique_within) == (form, area)
    assert key.bare == key.own == "seagull"


def test_scope_is_the_unit_of_the_area():
    """A name unique in the nation is joined with no unit, others with their province or commune."""
    scopes = [producer_key(f"{form} An", WORDS).scope("c1", "p1") for form in ("CTCP", "HTX", "THT")]
    assert scopes == ["", "p1", "c1"]


def test_bare_and_own_names():
    """The bare name has no legal form, however many were written; the own name no trade words either."""
    key = producer_key("HKD Cơ sở SX & CB Nông sản Sao Mai", WORDS)
    assert key.legal_form == "household_business"
    assert key.bare == product_key("chế biến nông sản Sao Mai")
    assert key.own == product_key("Sao Mai")
    assert producer_key("HTX Nông nghiệp", WORDS).own == product_key("nông nghiệp")


@pytest.mark.parametrize("name", ["HTX", "Hợp tác xã", "Công ty", "Cơ sở"])
def test_form_without_a_name(name):
    """A name that is nothing but a legal form has no form: it says nothing about an area."""
    key = producer_key(name, WORDS)
    assert (key.legal_form, key.key) == ("", key.bare)


@pytest.mark.parametrize("name", ["", "  ", "-", "…"])
def test_nothing_written(name):
    """A name without letter or digit has an empty key."""
    assert product_key(name) == producer_key(name, WORDS).key == ""


def test_a_wording_of_two_forms_is_refused():
    """A site's wording that means two forms once its abbreviations are written out stops with both codes."""
    forms = tuple(
        LegalForm(code, (wording,), "group", "commune", is_part=False, source="x", confidence="G")
        for code, wording in (("one", "Tổ SX"), ("two", "Tổ sản xuất"))
    )
    with pytest.raises(CatalogueError, match="one and two"):
        producer_key("Tổ SX An", NameWords(forms, {}, {"SX": "sản xuất"}))


# ------------------------------------------------------------------------------------------- laws

_FORMS = [wording for form in WORDS.forms for wording in form.wordings]
_SYLLABLES = [
    "Hòa",
    "hoà",
    "Thủy",
    "thuỷ",
    "SX",
    "TM",
    "và",
    "&",
    "NN",
    "Đức",
    "St25",
    "007",
    "K'Ho",
    "An",
    "A+",
]
NAMES = st.lists(st.sampled_from([*_FORMS, *_SYLLABLES, *WORDS.name_abbreviations]), max_size=6).map(" ".join)
ANY = st.one_of(NAMES, st.text(max_size=30))


@given(ANY)
def test_a_key_is_its_own_key(text):
    """The key of a key is that key, with the same form and area; it is in NFC."""
    key = producer_key(text, WORDS)
    assert producer_key(key.key, WORDS) == key
    assert product_key(product_key(text)) == product_key(text)
    assert unicodedata.is_normalized("NFC", key.key + product_key(text))


@given(ANY)
def test_unicode_form_is_no_difference(text):
    """Composed or decomposed, a name has one key."""
    one, other = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert producer_key(one, WORDS) == producer_key(other, WORDS)
    assert product_key(one) == product_key(other)


@given(NAMES)
def test_case_is_no_difference(text):
    """In capitals or not, a name has one key."""
    assert producer_key(text.upper(), WORDS) == producer_key(text.lower(), WORDS)
    assert product_key(text.upper()) == product_key(text.lower())


OLD_AND_NEW = [
    ("hòa", "hoà"),
    ("khỏe", "khoẻ"),
    ("thủy", "thuỷ"),
    ("lóa", "loá"),
    ("tọa", "toạ"),
    ("xõa", "xoã"),
]


@given(st.lists(st.sampled_from(OLD_AND_NEW), min_size=1, max_size=5))
def test_place_of_the_tone_mark_is_no_difference(pairs):
    """Old and new orthography of any syllables have one key."""
    one, other = (" ".join(pair[side] for pair in pairs) for side in (0, 1))
    assert product_key(one) == product_key(other)
    assert producer_key(f"HTX {one}", WORDS) == producer_key(f"hợp tác xã {other}", WORDS)


@given(
    st.lists(st.sampled_from(["Nấm", "hương", "Phú", "Thịnh", "SX", "TM", "25"]), min_size=1, max_size=6),
    st.lists(
        st.sampled_from([" ", "  ", " - ", "-", ", ", " (", ") ", "/", " “", "” ", "_", "\u200b ", ": "]),
        min_size=7,
    ),
)
def test_punctuation_between_words_is_no_difference(words, signs):
    """Whatever signs stand between, before and behind the words, the key is the same."""
    text = "".join(sign + word for sign, word in zip(signs, words, strict=False)) + signs[-1]
    assert product_key(text) == product_key(" ".join(words))
    assert producer_key(f"HTX {text}", WORDS) == producer_key(" ".join(["HTX", *words]), WORDS)


@given(st.sampled_from(_FORMS), st.sampled_from(_FORMS))
def test_wordings_of_one_form_and_no_other(one, other):
    """Two wordings give one key exactly where they are wordings of one form."""
    form_of = {wording: form.code for form in WORDS.forms for wording in form.wordings}
    same = producer_key(f"{one} Seagull", WORDS).key == producer_key(f"{other} Seagull", WORDS).key
    assert same == (form_of[one] == form_of[other])
