"""How written Vietnamese is folded before two spellings of one name are compared.

Here: what case, Unicode forms, look-alike letters, invisible characters, punctuation and the place of the tone
mark do to a text, and nothing that depends on whose name it is. Not here: type words of units (`units.py`), legal
forms and abbreviations of producers (the catalogue and the register).
"""

import re
import unicodedata

__all__ = ["decomposed", "tone_last", "without_accents", "words_of"]

_TONES = "\u0300\u0301\u0303\u0309\u0323"  # huyền, sắc, ngã, hỏi, nặng
_TONE = re.compile(f"[{_TONES}]")
_MARK = re.compile("[\u0300-\u036f]")
# Eth and African D look like Đ and come from keyboards and fonts that lack it.
_LOOKALIKES = str.maketrans({"Ð": "đ", "ð": "đ", "Ɖ": "đ", "ɖ": "đ"})


def decomposed(text: str) -> str:
    """Fold case, spaces, look-alikes of Đ and invisible characters away; diacritics stay, decomposed."""
    text = text.translate(_LOOKALIKES)
    if not text.isprintable():  # nearly every text is; format characters are not
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFD", " ".join(text.split()).casefold())


def without_accents(folded: str) -> str:
    """Take the diacritics off a decomposed text, with d for đ."""
    return _MARK.sub("", folded).replace("đ", "d")


def tone_last(word: str) -> str:
    """Move the tone mark of a decomposed syllable behind its letters: hòa and hoà become one.

    Vietnamese has one tone mark a syllable, and old and new orthography differ only in the vowel that carries
    it. Where a slip left several, their order does not matter either.
    """
    tones = _TONE.findall(word)
    return _TONE.sub("", word) + "".join(sorted(tones)) if tones else word


# --------------------------------------------------------- names of products and producers

# Letters of other alphabets that are printed like Latin ones; they come from keyboards, fonts and OCR.
_FOREIGN = str.maketrans(
    "АВЕКМНОРСТХаеорсухіЅѕΑΒΕΗΙΚΜΝΟΡΤΥΧΖο",
    "ABEKMHOPCTXaeopcyxiSsABEHIKMNOPTYXZo",
)
_SIGNS = _FOREIGN | str.maketrans(
    {
        "&": " và ",
        "＆": " và ",
        "\u2122": " ",  # trade mark and service mark would become the letters TM and SM
        "\u2120": " ",
        "\u00b4": "'",  # an acute accent alone would become a space with an accent
    }
)
_APOSTROPHE = "['`\u02b9\u02bb\u02bc\u2018\u2019\u2032]"
# The grapheme joiner and the variation selectors are invisible marks, no format characters.
_INVISIBLE = re.compile("[\u034f\ufe00-\ufe0f]")
# K'Ho, R'Lấp and Đạ K' Nàng are one word each; any other quotation mark ends a word.
_WITHIN = re.compile(
    rf"(?:(?<=[^\W\d_])|(?<=[\u0300-\u036f])){_APOSTROPHE}(?=[^\W\d_])"
    rf"|(?<=(?<![\w\u0300-\u036f])[^\W\d_]){_APOSTROPHE} (?=[^\W\d_])"
)
_WORD = re.compile(r"(\d+|(?:[^\W\d_][\u0300-\u036f]*)+)(\+(?![\w+]))?")


def words_of(text: str) -> tuple[str, ...]:
    """Split a name into the words that tell it from other names.

    Made equal: case; NFC, NFD and forms of letters that differ in looks only (full width, bold); letters of other
    alphabets that look like Latin ones; invisible characters; the place of the tone mark; all punctuation and
    spaces; "&" and "và"; a number joined to a word or apart from it (ST25, ST 25). A plus sign behind a word
    stays, because grade A+ is not grade A.

    Numbers stay as they are, zeros in front as well: 007 may be a brand, and "số 01" may or may not mean
    "số 1". Two names that differ in such zeros are for a person to judge.

    Args:
        text: A name as somebody wrote it.

    Returns:
        The words in order, decomposed, each tone mark at the end of its word. None for a text without a letter
        or digit. The words joined by spaces give the same words again.
    """
    text = unicodedata.normalize("NFC", text).translate(_SIGNS)
    text = decomposed(unicodedata.normalize("NFKC", text))
    text = _WITHIN.sub("", _INVISIBLE.sub("", text))
    # The tone mark goes behind the letters, not behind the plus sign: no letter would carry it there.
    return tuple(tone_last(word) + plus for word, plus in _WORD.findall(text))
