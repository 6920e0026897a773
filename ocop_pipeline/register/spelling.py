"""The key of a name: what all certain spellings of it share.

Belongs here: what is certain, and nothing else. Case, form of Unicode, the place of the tone mark, punctuation and
spaces make no other name; nor, in a producer's name, do the wordings and abbreviations of the catalogue. Diacritics
count, and a legal form is spelled one way but never left out: "HTX Thanh Đức" and "Công ty Thanh Đức" are two. Not
here: what may be one name and needs a person (`matching.py`).
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.names import LegalForm, NameWords
from ocop_pipeline.domain.spelling import words_of

__all__ = ["ProducerKey", "producer_key", "product_key", "speller"]

_UNTOLD_AREA = "commune"
"""Where a name tells no legal form, two of the same name are one producer in one commune only."""

Words = tuple[str, ...]

_AND = "va\u0300"  # "và", with its tone mark at the end as in every key


@dataclass(frozen=True, slots=True)
class ProducerKey:
    """A producer's name, spelled the one way.

    Attributes:
        key: For comparison only, not fit to be shown; in NFC. Begins with the full name of the legal form, where one
            is told. Empty for a name without a letter or digit.
        legal_form: Code of the legal form (`legal_forms.csv`); "" where none is told.
        name_unique_within: "nation", "province" or "commune": where this name belongs to one producer.
        bare: The key without the legal form; of "Hộ kinh doanh Cơ sở sản xuất An" it is "an". Never empty unless
            the key is.
        own: `bare` without the trade words in it (nông nghiệp, dịch vụ, sản xuất …), or `bare` where nothing
            would be left.
    """

    key: str
    legal_form: str
    name_unique_within: str
    bare: str
    own: str

    def scope(self, commune: str, province: str) -> str:
        """What the key has to be joined with to be one producer: the id of that unit, "" for the nation."""
        return {"nation": "", "province": province, "commune": commune}[self.name_unique_within]


@functools.lru_cache(maxsize=1 << 16)  # every name of the nation's registers; asked for again each month
def product_key(text: str) -> str:
    """Return the key under which two spellings of one product's name are the same.

    What is made equal is told at `words_of`. Nothing is abbreviated or left out: "Trà ST" is not "Trà sản xuất".

    Args:
        text: The name as somebody wrote it.

    Returns:
        An opaque key in NFC, for comparison only. Empty for a name without a letter or digit.
    """
    return _key(words_of(text))


@functools.lru_cache(maxsize=1 << 16)
def producer_key(text: str, words: NameWords) -> ProducerKey:
    """Return the key under which two spellings of one producer's name are the same.

    Beyond what `words_of` makes equal: the wordings of a legal form at the beginning of the name (HTX, Cty TNHH MTV),
    the catalogue's abbreviations as whole words (SX, TM, DV), "và" between two trade words ("SX và TM", "SX, TM")
    and the plus sign. By Luật Doanh nghiệp 2020, Điều 41, khoản 2, điểm đ no two enterprises may have names that
    differ in "&", "và", ".", ",", "+", "-" or "_" only; "và" elsewhere stays, because it can be part of a name.

    Args:
        text: The name as somebody wrote it.
        words: The wordings of the catalogue.

    Returns:
        The key and what it is made of.

    Raises:
        CatalogueError: a wording that, written out, means two legal forms.
    """
    lexicon = _lexicon(words)
    return _read(lexicon, lexicon.written_out(word.rstrip("+") for word in words_of(text)))


def speller(words: NameWords) -> Callable[[str, str], str]:
    """Return the key of a name by its kind, `product` or `producer`, for those who know no more of names."""
    return lambda kind, name: product_key(name) if kind == "product" else producer_key(name, words).key


def _key(words: Iterable[str]) -> str:
    # In NFC, as every text that is stored: a file or library that normalises on the way leaves the key as it is.
    return unicodedata.normalize("NFC", " ".join(words))


def _read(lexicon: "_Lexicon", words: Words) -> ProducerKey:
    form, bare = lexicon.split(words)
    if form is None:
        return ProducerKey(_key(words), "", _UNTOLD_AREA, _key(words), _key(lexicon.own(words)))
    full = lexicon.full_names[form.code]
    if (*full, *bare) != words:  # written out, it may read as a longer form: "TNHH" + "một thành viên"
        return _read(lexicon, lexicon.written_out((*full, *bare)))
    area = form.name_unique_within
    if form.is_part:
        whole = _read(lexicon, bare)
        words = (*full, *words_of(whole.key))
        area = whole.name_unique_within if whole.legal_form else area
    while (inner := lexicon.split(bare))[0] is not None:
        bare = inner[1]
    return ProducerKey(_key(words), form.code, area, _key(bare), _key(lexicon.own(bare)))


class _Lexicon:
    """The wordings of the catalogue as words, ready to be looked up."""

    def __init__(self, words: NameWords) -> None:
        short = _table(words.name_abbreviations)
        self._in_names = _Phrases(short)
        self._in_forms = _Phrases({**short, **_table(words.form_abbreviations)})
        self._trades = _Phrases({**dict.fromkeys(short.values(), ()), (_AND,): ()})
        trades = (
            "|".join(sorted({" ".join(full) for full in short.values()}, key=len, reverse=True)) or "(?!)"
        )
        self._joined = re.compile(rf"(?<![^ ])({trades}) {_AND} (?=(?:{trades})(?![^ ]))")
        self.full_names: dict[str, Words] = {}
        self._forms: dict[Words, LegalForm] = {}
        for form in words.forms:
            for wording in form.wordings:
                spelled = self.written_out(words_of(wording))
                self.full_names.setdefault(form.code, spelled)
                other = self._forms.setdefault(self._in_forms.replaced(spelled)[0], form)
                if other is not form:
                    raise CatalogueError(
                        "legal_forms.csv", None, f"{wording!r} would mean both {other.code} and {form.code}"
                    )
        self._longest = max(map(len, self._forms), default=0)
        starts = {form[0] for form in self._forms}
        self._first_words = starts | self._in_forms.first_words(starts)

    def written_out(self, words: Iterable[str]) -> Words:
        """Words with abbreviations written out, and no "và" between two trade words."""
        full = self._in_names.replaced(tuple(words))[0]
        return tuple(self._joined.sub(r"\1 ", " ".join(full)).split()) if _AND in full else full

    def split(self, words: Words) -> tuple[LegalForm | None, Words]:
        """The longest legal form at the beginning, and the words behind it.

        A name that is nothing but a legal form is no legal form: somebody may be called so.
        """
        if not words or words[0] not in self._first_words:
            return None, words
        expanded, ends = self._in_forms.replaced(words[: self._longest])
        for length in range(min(self._longest, len(expanded)), 0, -1):
            form = self._forms.get(expanded[:length])
            end = ends[length - 1]
            if form is not None and end is not None and end < len(words):
                return form, words[end:]
        return None, words

    def own(self, bare: Words) -> Words:
        """The words that are no trade words; all, where there are no others."""
        return self._trades.replaced(bare)[0] or bare


@functools.lru_cache(maxsize=8)  # one catalogue a run; tests have several
def _lexicon(words: NameWords) -> _Lexicon:
    return _Lexicon(words)


def _table(abbreviations: Mapping[str, str]) -> dict[Words, Words]:
    return {words_of(short): words_of(full) for short, full in abbreviations.items()}


class _Phrases:
    """Phrases and what stands in their place; the longest one counts."""

    def __init__(self, table: Mapping[Words, Words]) -> None:
        self._table = table
        self._lengths: dict[str, list[int]] = {}
        for phrase in sorted(table, key=len, reverse=True):
            self._lengths.setdefault(phrase[0], []).append(len(phrase))

    def replaced(self, words: Words) -> tuple[Words, list[int | None]]:
        """Replace every phrase.

        Returns:
            The words, and for each the number of given words used up with it; None inside what stands in the
            place of a phrase, where nothing can be cut.
        """
        if self._lengths.keys().isdisjoint(words):
            return words, list(range(1, len(words) + 1))
        found: list[str] = []
        ends: list[int | None] = []
        place = 0
        while place < len(words):
            length = self._length_at(words, place) if words[place] in self._lengths else 0
            put = self._table[words[place : place + length]] if length else (words[place],)
            place += length or 1
            found += put
            ends += [None] * (len(put) - 1) + [place] * bool(put)
        return tuple(found), ends

    def first_words(self, of: Collection[str]) -> set[str]:
        """The words that begin a phrase in whose place stands something that begins with one of these words."""
        return {phrase[0] for phrase, put in self._table.items() if put and put[0] in of}

    def _length_at(self, words: Words, place: int) -> int:
        """Words of the longest phrase that begins at a place; 0 where none does."""
        lengths = self._lengths[words[place]]
        return next((n for n in lengths if words[place : place + n] in self._table), 0)
