"""Vietnamese in legacy encodings: TCVN3 (ABC) and VNI typed with old fonts, and UTF-8 read as Windows-1252.

Belongs here: telling such text from sound text, and what it says in Unicode. Proof is the Vietnamese syllable: a
text is converted only when every word that would change becomes a possible syllable, which foreign names do not.
Runs in the reading children: standard library only, and next to nothing for a sound file.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from ocop_pipeline.intake.grid import CellValue, Workbook

TCVN3, VNI, MOJIBAKE = "tcvn3", "vni", "mojibake"
NAMES: Final = {TCVN3: "TCVN3 (ABC)", VNI: "VNI", MOJIBAKE: "UTF-8 / Windows-1252"}
_FILE_SHOWS: Final = 3
"""So many texts that can be nothing else show what the whole file was typed in."""

_T3_CODES = "¡¢£¤¥¦§¨©ª«¬\u00ad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ"
_T3_LETTERS = "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
_T3 = dict(zip(_T3_CODES, _T3_LETTERS, strict=True))

_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_ROUND = {"â": "", "á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_SHORT = {"ê": "", "é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_ALONE = {"ô": "ơ", "ö": "ư", "ñ": "đ", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "í": "í", "ì": "ì"}


def _vni_table() -> dict[str, str]:
    table = dict(_ALONE)
    for vowel in "aeouyôö":
        for code, tone in _TONES.items():
            table[vowel + code] = unicodedata.normalize("NFC", _ALONE.get(vowel, vowel) + tone)
    for vowel in "aeo":
        for code, tone in _ROUND.items():
            table[vowel + code] = unicodedata.normalize("NFC", vowel + "\u0302" + tone)
    for code, tone in _SHORT.items():
        table["a" + code] = unicodedata.normalize("NFC", "a\u0306" + tone)
    capitals = {code.upper(): letter.upper() for code, letter in table.items()}
    mixed = {code[0].upper() + code[1]: letter.upper() for code, letter in table.items() if len(code) > 1}
    return {**capitals, **mixed, **table}


_VNI = _vni_table()
_VNI_CODES = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))

# Latin-1 letters and signs that sound Vietnamese never has; each stands for a letter in TCVN3 or VNI.
_STRANGE = frozenset("¡¢£¤¥¦§¨©ª«¬\u00ad®µ¶·¸¹»¼½¾ÄÅÆÇËÎÏÑÖ×ØÜÞßÛäåæçëîïñö÷øûüþÿ")
_CAPITAL_INSIDE = re.compile("[a-z\u00df-\u00ff][À-Þ]")
_SUSPECT = re.compile(f"[{''.join(sorted(_STRANGE))}]|{_CAPITAL_INSIDE.pattern}")
_WORD = re.compile(r"[^\s0-9,;:()\[\]/\\\"?!_+=<>|“”–.\-]+")
_INITIALS = re.compile("[A-ZĐ]{2,6}")  # "QĐ", "HĐND"
_LONGEST = 20_000

_RIMES = frozenset(
    """a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en eng eo ep et
    ê êch êm ên ênh êp êt êu i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu o oa oac oach oai oam oan oang
    oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong oong ooc op ot ô ôc ôi ôm ôn ông ôp ôt
    ơ ơi ơm ơn ơp ơt u ua uc ui um un ung up ut uân uâng uât uây uê uêch uênh uôc uôi uôm uôn uông uôt uơ uy uya uych
    uynh uyêt uyên uyt uyu uyn uyp ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu y yêm yên yêng yêt yêu
    """.split()  # noqa: SIM905 - so many short words are read more easily without quotes
)
_ONSET = re.compile(r"ngh|ng|nh|ph|th|tr|ch|gh|gi|kh|qu|[bcdđghklmnprstvx]|")
_TONE_MARKS = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


@lru_cache(maxsize=1 << 13)
def is_syllable(word: str) -> bool:
    """Whether a word, in any case, can be a syllable of Vietnamese with its tone."""
    parts = unicodedata.normalize("NFD", word.lower())
    tones = _TONE_MARKS.findall(parts)
    if len(tones) > 1 or any(mark > "\u0323" for mark in parts if unicodedata.combining(mark)):
        return False
    base = unicodedata.normalize("NFC", _TONE_MARKS.sub("", parts))
    onset = _ONSET.match(base)
    begin = onset[0] if onset else ""
    rime = base[len(begin) :]
    if rime not in _RIMES and not (begin == "gi" and base[1:] in _RIMES):
        return False
    return not base.endswith(("c", "ch", "p", "t")) or tones in (["\u0301"], ["\u0323"])


def is_strange(text: str) -> bool:
    """Whether a text, or many joined, has letters that Vietnamese in Unicode never has, or where it never has them.

    Foreign names have some too; what is strange is looked at, not changed.
    """
    return not text.isascii() and _SUSPECT.search(text) is not None


class Decoded(NamedTuple):
    """A text in Unicode, the encoding it was in, and how many of its words can be nothing else."""

    text: str
    rule: str
    evidence: int


def unscrambled(text: str) -> str | None:
    """UTF-8 that was read as Windows-1252 ("Sáº£n pháº©m"); None for any other text."""
    try:
        data = b"".join(_byte(letter) for letter in text)
        found = data.decode("utf-8")
    except (UnicodeError, ValueError):
        return None
    return found if found != text and found.isprintable() and any(c > "\u00bf" for c in found) else None


def _byte(letter: str) -> bytes:
    return letter.encode("latin-1") if letter <= "\u00ff" else letter.encode("cp1252")


def decoded(text: str) -> tuple[Decoded, ...]:
    """What a text says in each legacy encoding in which all its words are possible; usually none."""
    return () if text.isascii() or len(text) > _LONGEST else _decoded(text)


@lru_cache(maxsize=1 << 12)
def _decoded(text: str) -> tuple[Decoded, ...]:
    sound = unscrambled(text)
    if sound is not None:
        return (Decoded(sound, MOJIBAKE, _FILE_SHOWS),)
    if any(letter > "\u00ff" and letter not in "“”‘’–—…" for letter in text):
        return ()
    found = (_try(text, TCVN3, _of_tcvn3), _try(text, VNI, _of_vni))
    return tuple(each for each in found if each is not None)


def _of_tcvn3(word: str) -> str:
    return "".join(_T3.get(letter, letter) for letter in word)


def _of_vni(word: str) -> str:
    return _VNI_CODES.sub(lambda code: _VNI[code[0]], word)


def _try(text: str, rule: str, convert: Callable[[str], str]) -> Decoded | None:
    evidence = end = 0
    pieces: list[str] = []
    capitals = _is_upper(text)
    for found in _WORD.finditer(text):
        word = found[0]
        if word.isascii():
            continue
        new = convert(word)
        if rule == TCVN3 and (capitals or _is_upper(word)):
            new = new.upper()  # capitals with a tone have no code of their own: the font draws them
        if not is_syllable(new) and not _INITIALS.fullmatch(new):
            return None
        strange = not _STRANGE.isdisjoint(word) or _CAPITAL_INSIDE.search(word) is not None
        evidence += (
            strange
            and len(word) > 1
            and not _INITIALS.fullmatch(new)
            and any(c.isascii() and c.isalpha() for c in word)
        )
        pieces += text[end : found.start()], new
        end = found.end()
    return Decoded("".join(pieces) + text[end:], rule, evidence) if pieces else None


def _is_upper(text: str) -> bool:
    letters = [letter for letter in text if letter.isascii() and letter.isalpha()]
    return len(letters) > 1 and all(letter.isupper() for letter in letters)


class Change(NamedTuple):
    """A text that was converted."""

    before: str
    after: str
    rule: str
    is_guess: bool


def _has_unicode(text: str) -> bool:
    """Whether a text has letters that only Vietnamese in Unicode has."""
    return any("\u0102" <= letter <= "\u1ef9" and letter.isalpha() for letter in text)


class Changes:
    """What to make of the texts of one file; usually nothing."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Weigh all texts of a file together."""
        foreign = [text for text in texts if not text.isascii()]
        self._shown = ""
        self.none = not any(map(is_strange, foreign))
        if self.none:
            return
        sound = sum(_has_unicode(text) for text in foreign)
        votes = {TCVN3: 0, VNI: 0}
        for text in foreign:
            readings = [each for each in decoded(text) if each.evidence]
            if len(readings) == 1 and readings[0].rule in votes:
                votes[readings[0].rule] += 1
        best = max(votes, key=lambda rule: votes[rule])
        if votes[best] >= _FILE_SHOWS and votes[best] > 4 * min(votes.values()):
            self._shown = best
        # What could be sound too is read as the rest of the file, and asked about where some of it is sound.
        self._most = 4 * sound < votes[best]
        self._all = not sound

    def of(self, text: str) -> Change | None:
        """The change of one text; None when it stays as it is."""
        readings = decoded(text)
        if not readings:
            return None
        if readings[0].rule == MOJIBAKE:
            return Change(text, readings[0].text, MOJIBAKE, is_guess=False)
        for each in readings:
            if each.rule == self._shown and (each.evidence or self._most):
                return Change(text, each.text, each.rule, is_guess=not (each.evidence or self._all))
        if self._shown:
            return None
        sure = [each for each in readings if each.evidence]
        if len(sure) == 1 and sure[0].evidence > 1:
            return Change(text, sure[0].text, sure[0].rule, is_guess=True)
        return None


def repaired(workbook: Workbook) -> tuple[Workbook, dict[tuple[str, int, int], Change]]:
    """A workbook in Unicode, and what was changed at (sheet name, row, column) of the file, from 0.

    Row -1 stands for the name of a sheet. A sound workbook comes back as it is.
    """
    texts = {value for sheet in workbook.sheets for row in sheet.rows for value in row if type(value) is str}
    changes = Changes(texts)
    texts |= {sheet.name for sheet in workbook.sheets}
    if changes.none:
        return workbook, {}
    new = {text: change for text in texts if (change := changes.of(text)) is not None}
    if not new:
        return workbook, {}
    found: dict[tuple[str, int, int], Change] = {}
    sheets = []
    for sheet in workbook.sheets:
        name = new[sheet.name].after if sheet.name in new else sheet.name
        if sheet.name in new:
            found[name, -1, -1] = new[sheet.name]
        rows: list[list[CellValue]] = []
        for number, row in enumerate(sheet.rows):
            hits = [at for at, value in enumerate(row) if type(value) is str and value in new]
            if hits:
                row = list(row)  # noqa: PLW2901 - a copy of the same row
                for at in hits:
                    change = new[str(row[at])]
                    row[at] = change.after
                    found[name, sheet.first_row + number, sheet.first_col + at] = change
            rows.append(row)
        sheets.append(replace(sheet, name=name, rows=rows))
    return replace(workbook, sheets=tuple(sheets)), found
