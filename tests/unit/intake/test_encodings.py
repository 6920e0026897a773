"""Legacy encodings: a form typed in TCVN3 or VNI is read, sound text of any kind is never touched."""

from dataclasses import replace

import pytest

from ocop_pipeline.domain.forms import GRID
from ocop_pipeline.intake.cells import clean
from ocop_pipeline.intake.encodings import MOJIBAKE, TCVN3, VNI, Changes, decoded, is_strange, repaired
from ocop_pipeline.intake.extract import TEXT_END, extract
from tests.unit.intake.filled import PRODUCT, shipped_spec, sound

# What the old fonts draw for the letters of these words, typed out from the tables of the two encodings.
WORDS = {
    "Sản phẩm": ("S¶n phÈm", "Saûn phaåm"),
    "Chương trình": ("Ch\u00ad¬ng tr×nh", "Chöông trình"),
    "mỗi xã một sản phẩm": ("mçi x· mét s¶n phÈm", "moãi xaõ moät saûn phaåm"),
    "Hợp tác xã": ("Hîp t¸c x·", "Hôïp taùc xaõ"),
    "Được công nhận": ("§\u00adîc c«ng nhËn", "Ñöôïc coâng nhaän"),
    "Thực phẩm": ("Thùc phÈm", "Thöïc phaåm"),
    "đặc sản quý hiếm": ("®Æc s¶n quý hiÕm", "ñaëc saûn quyù hieám"),
}


@pytest.mark.parametrize(("text", "written"), WORDS.items())
def test_words_typed_with_old_fonts_are_known(text, written):
    """Each of the words, in either encoding, can be nothing else than itself."""
    for rule, old in zip((TCVN3, VNI), written, strict=True):
        assert (text, rule) in [(clean(each.text), each.rule) for each in decoded(old)]


def test_utf_8_read_as_windows_1252_is_known():
    """Vietnamese garbled on its way is made whole again, for sure."""
    for text in ("Sản phẩm trà", "Hợp tác xã Lâm Viên", "Đặc sản"):
        garbled = "".join(
            bytes([byte]).decode("cp1252", "replace")
            if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
            else chr(byte)
            for byte in text.encode()
        )
        assert [(each.text, each.rule) for each in decoded(garbled)] == [(text, MOJIBAKE)]


def test_no_name_of_a_unit_is_touched(catalogue):
    """No name of the thirteen thousand units of both maps looks like legacy text, alone or all together."""
    names = {version.full_name for version in catalogue.units.all_versions}
    names |= {version.name for version in catalogue.units.all_versions}
    assert len(names) > 10_000
    assert [name for name in names if is_strange(name)] == []
    assert Changes(names).none


def test_foreign_names_among_vietnamese_ones_stay_as_they_are(catalogue):
    """Letters of other languages stand in sound files; nothing is changed and nothing asked."""
    names = [
        "Müller & Söhne",
        "São Tomé Cacao",
        "Crème brûlée",
        "Jalapeño",
        "Ångström",
        "Façade",
        "Šumava",
        "Køge",
    ]
    for name in names:
        found = extract(
            shipped_spec(), sound(catalogue, register=[{**PRODUCT, "product_name": name}]).workbook()
        )
        assert found.repairs == ()
        assert found.findings == ()
        assert name in found.texts.split(TEXT_END)


@pytest.mark.parametrize("rule", [TCVN3, VNI])
def test_a_whole_form_in_an_old_encoding_is_read_as_the_sound_one(catalogue, rule):
    """Labels, headers and values typed with an old font: the same cells, and the sheets' repairs are told."""
    form = sound(catalogue, register=[PRODUCT])
    book = form.workbook()
    old = replace(
        book,
        sheets=tuple(
            replace(sheet, rows=[[_typed(value, rule) for value in row] for row in sheet.rows])
            for sheet in book.sheets
        ),
    )
    plain, found = extract(shipped_spec(), book), extract(shipped_spec(), old)
    assert found.layout == plain.layout == "xa-2026"
    assert (found.slots, found.states, found.numbers) == (plain.slots, plain.states, plain.numbers)
    assert found.texts == plain.texts
    assert {each.rule for each in found.repairs} == {rule}
    told = {(each.before, each.after) for each in found.repairs if each.cell}
    assert (_typed("Trà Lá Sương", rule), "Trà Lá Sương") in told
    assert not any(each.is_guess for each in found.repairs)
    assert found.findings == ()


def test_a_sound_workbook_is_handed_back_itself(catalogue):
    """Nothing is copied where nothing is changed."""
    book = sound(catalogue, values={(GRID, "TT01", "note"): "Cơ Ho, Ê Đê – 20 m²"}).workbook()
    same, changes = repaired(book)
    assert same is book
    assert changes == {}


def _typed(value, rule):
    """A text as an old font would have it; letters that have no code of their own in it stay."""
    if not isinstance(value, str):
        return value
    table = _TYPED[rule]
    return "".join(table.get(letter, letter) for letter in value)


def _tables():
    marks = {"": 0, "\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
    assert len(marks) == 6
    from ocop_pipeline.intake.encodings import _T3, _VNI

    tcvn3 = {letter: code for code, letter in _T3.items()}
    # Capitals with a tone have no code of their own: the font for capitals draws the small letter large.
    tcvn3 |= {letter.upper(): code for letter, code in list(tcvn3.items()) if letter.upper() not in tcvn3}
    vni = {letter: code for code, letter in _VNI.items()}
    return {TCVN3: tcvn3, VNI: vni}


_TYPED = _tables()
