"""The closed list of findings, and the sentences that tell people about them.

Belongs here: loading `findings.csv`, making a finding with its severity, filling its sentence, the order in which
people are told. Does not: deciding that something was found (intake, and the rules in `sql/audits`). All words for
people are in the data files.
"""

import json
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import Row, read_csv, refuse_repeats
from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.paths import CATALOGUE_DATA

FINDING_COLUMNS = ("code", "severity", "scope", "sentence_vi", "sentence_en", "advice_vi")
Language = Literal["vi", "en"]

FILE, FORM = "file", "form"
"""Scopes: found while receiving and reading a file; found by a rule in `sql/audits`."""
_CODE = string.ascii_uppercase + string.digits + "_"
_MISSING = "…"
_LONGEST_SHOWN = 200
_LONGEST_IN_LIST = 80
_SPEC = re.compile(r"[ndwmi]?|l[1-9][0-9]?")
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_AND_MORE, _ITEMS = "and_more", "items"

Item = dict[str, str]
"""One thing of a list among the arguments: plain texts by name; `say` names the word that tells of it."""


@dataclass(frozen=True, slots=True)
class FindingType:
    """One code of the list.

    Attributes:
        code: upper snake case, stable: scripts depend on it.
        severity: `error` returns a submission, `warning` flags it.
        scope: `file` or `form`, see above.
        sentence_vi: what is wrong, with ``{arg}`` places; ``{arg:n}`` is a number, ``{arg:d}`` a day, ``{arg:m}``
            a month, ``{arg:w}`` a word of `finding_words.csv`, ``{arg:i}`` the code of a line's indicator (its
            breakdown is told by the label), ``{arg:l5}`` a list of which at most five are told. A list that is null
            is not spoken of; one that is empty is (words `arg` and `arg_none`).
        sentence_en: the same in English.
        advice_vi: what the sender is asked to do.
    """

    code: str
    severity: Severity
    scope: str
    sentence_vi: str
    sentence_en: str
    advice_vi: str

    @property
    def args(self) -> frozenset[str]:
        """The names of the places in the sentences."""
        return frozenset(_places(self.sentence_vi) | _places(self.sentence_en))

    @property
    def lists(self) -> frozenset[str]:
        """The places that are lists."""
        places = {**_places(self.sentence_vi), **_places(self.sentence_en)}
        return frozenset(name for name, spec in places.items() if spec.startswith("l"))


class FindingTypes:
    """The list, and everything that is done with it."""

    def __init__(self, types: Mapping[str, FindingType], words: Mapping[str, tuple[str, str]]) -> None:
        """Take what `load_findings` has checked."""
        self._types = dict(types)
        self._words = dict(words)

    def __iter__(self) -> Iterator[FindingType]:
        return iter(self._types.values())

    def __contains__(self, code: object) -> bool:
        return code in self._types

    def __getitem__(self, code: str) -> FindingType:
        """The type of a code; KeyError when the list has none such."""
        return self._types[code]

    def of_scope(self, scope: str) -> tuple[FindingType, ...]:
        """The types of one scope, in the order of the file."""
        return tuple(kind for kind in self._types.values() if kind.scope == scope)

    def make(self, code: str, /, sheet: str = "", cell: str = "", **args: object) -> Finding:
        """A finding with the severity the list gives it; KeyError when the list has no such code."""
        texts = {name: plain(value) for name, value in args.items()}
        return Finding(code, self._types[code].severity, sheet, cell, texts)

    def of_args(self, code: str, args: Mapping[str, object]) -> Finding:
        """The same of the arguments of a refused file, which may name a sheet and a cell themselves."""
        rest = {name: value for name, value in args.items() if name not in ("sheet", "cell")}
        return self.make(code, str(args.get("sheet", "")), str(args.get("cell", "")), **rest)

    def message(self, finding: Finding, language: Language = "vi") -> str:
        """The place, what is wrong there and (in Vietnamese) what to do, as plain text on one line."""
        kind = self._types[finding.code]
        args = _Filling(finding.args, language, self._words)
        sentence = kind.sentence_vi if language == "vi" else kind.sentence_en
        parts = [_FORMATTER.vformat(sentence, (), args)]
        if language == "vi":
            parts.append(kind.advice_vi)
        place = self.place(finding, language)
        return f"{place}: {' '.join(parts)}" if place else " ".join(parts)

    def values(self, finding: Finding) -> dict[str, str | list[Item]]:
        """The arguments for machines: plain texts, and lists whole, however many of them the sentence tells."""
        lists = self._types[finding.code].lists
        return {name: _items(text) if name in lists else text for name, text in sorted(finding.args.items())}

    def place(self, finding: Finding, language: Language = "vi") -> str:
        """Where it was found, for people; empty when the whole file is meant."""
        if not finding.sheet:
            return ""
        texts = self._words["cell" if finding.cell else "sheet"]
        filling = _Filling({"sheet": finding.sheet, "cell": finding.cell}, language, self._words)
        return _FORMATTER.vformat(texts[0 if language == "vi" else 1], (), filling)


@cache
def finding_types() -> FindingTypes:
    """The shipped list, loaded once. A site does not edit it: each code belongs to code or SQL of ours."""
    return load_findings(CATALOGUE_DATA / "findings.csv", CATALOGUE_DATA / "finding_words.csv")


def load_findings(path: Path, words_path: Path) -> FindingTypes:
    """Read the list of findings and the words for places.

    Raises:
        CatalogueError: a repeated or ill-written code, an unknown severity or scope, or a sentence whose
            places are not well formed.
    """
    rows = read_csv(path, FINDING_COLUMNS)
    refuse_repeats(rows, "code")
    types = {kind.code: kind for kind in map(_finding_type, rows)}
    words = {
        row.code("word"): (row.text("text_vi"), row.text("text_en"))
        for row in read_csv(words_path, ("word", "text_vi", "text_en"))
    }
    needed = {"cell", "sheet", _AND_MORE}
    needed |= {word for kind in types.values() for name in kind.lists for word in (name, f"{name}_none")}
    if missing := sorted(needed - words.keys()):
        raise CatalogueError(words_path.name, None, f"{missing[0]!r} needs its words")
    return FindingTypes(types, words)


def in_reading_order(findings: Iterable[Finding], sheets: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Findings as somebody puts a file right: errors first, then sheet by sheet, from top to bottom.

    Args:
        findings: of one file, in any order; those at one place keep theirs.
        sheets: the sheets of the file in their order; others come before them, in the order of their first finding.
    """
    found = list(findings)
    known = list(dict.fromkeys(sheets))
    others = dict.fromkeys(finding.sheet for finding in found if finding.sheet not in known)
    place_of = {sheet: place for place, sheet in enumerate((*others, *known))}

    def key(finding: Finding) -> tuple[bool, bool, int, int, int, str]:
        row, letters = _row_and_column(finding.cell)
        warning = finding.severity is not Severity.ERROR
        return warning, bool(finding.sheet), place_of[finding.sheet], row, len(letters), letters

    return tuple(sorted(found, key=key))


def _row_and_column(cell: str) -> tuple[int, str]:
    found = _CELL.fullmatch(cell)
    return (int(found[2]), found[1]) if found else (0, "")


def _finding_type(row: Row) -> FindingType:
    code = row.text("code")
    if not code[0].isalpha() or any(letter not in _CODE for letter in code):
        raise row.error(f"code {code!r} must be upper case letters, digits and '_'", "code")
    kind = FindingType(
        code=code,
        severity=Severity(row.choice("severity", tuple(Severity))),
        scope=row.choice("scope", (FILE, FORM)),
        sentence_vi=row.text("sentence_vi"),
        sentence_en=row.text("sentence_en"),
        advice_vi=row.text("advice_vi"),
    )
    for name in ("sentence_vi", "sentence_en"):
        try:
            _places(row.text(name))
        except ValueError as error:
            raise row.error(f"{name}: {error}", name) from error
    return kind


def _places(sentence: str) -> dict[str, str]:
    """Name of each place -> how its value is written."""
    found: dict[str, str] = {}
    for _, name, spec, conversion in string.Formatter().parse(sentence):
        if name is None:
            continue
        if not name.isidentifier() or not _SPEC.fullmatch(spec or "") or conversion:
            raise ValueError(
                f"place {{{name}:{spec}}} must be {{name}}, or {{name:…}} with n, d, m, w, i, or l and how many"
            )
        found[name] = spec or ""
    return found


class _Filling(dict[str, "_Argument"]):
    """Arguments by name; one that a finding lacks shows as an ellipsis instead of stopping a whole run."""

    def __init__(
        self,
        args: Mapping[str, str],
        language: Language,
        words: Mapping[str, tuple[str, str]],
        longest: int = _LONGEST_SHOWN,
    ) -> None:
        super().__init__(
            {name: _Argument(name, text, language, words, longest) for name, text in args.items()}
        )
        self._language: Language = language
        self._words = words

    def __missing__(self, name: str) -> "_Argument":
        return _Argument(name, _MISSING, self._language, self._words)


class _Argument:
    """A value that knows how to be written as text, number, day or list in a language."""

    def __init__(
        self,
        name: str,
        text: str,
        language: Language,
        words: Mapping[str, tuple[str, str]],
        longest: int = _LONGEST_SHOWN,
    ) -> None:
        self._name = name
        self._text = text
        self._language: Language = language
        self._words = words
        self._longest = longest

    def __format__(self, spec: str) -> str:
        if spec in _WRITERS:
            return _WRITERS[spec](self._text, self._language)
        if spec.startswith("l"):
            return self._listed(int(spec[1:]))
        if spec == "w" and self._text in self._words:
            return self._word(self._text)
        text = self._text.partition(".")[0] if spec == "i" else self._text
        return text if len(text) <= self._longest else f"{text[: self._longest - 1]}…"

    def _word(self, word: str) -> str:
        return self._words[word][0 if self._language == "vi" else 1]

    def _listed(self, most: int) -> str:
        """The list as a sentence of its own, with a space before it; nothing where there is no list at all."""
        if self._text in ("", _MISSING):
            return ""
        found = _items(self._text)
        shown = [self._told(item) for item in found[:most]]
        if len(found) > most:
            more = _Filling({"count": str(len(found) - most)}, self._language, self._words)
            shown.append(_FORMATTER.vformat(self._word(_AND_MORE), (), more))
        # The items are put in last and are read no second time: braces in a product's name stay what they are.
        sentence = self._word(self._name if found else f"{self._name}_none")
        return f" {sentence.replace(f'{{{_ITEMS}}}', '; '.join(shown))}"

    def _told(self, item: Item) -> str:
        filling = _Filling(item, self._language, self._words, _LONGEST_IN_LIST)
        return _FORMATTER.vformat(self._word(item["say"]), (), filling)


class _Formatter(string.Formatter):
    """Takes every place from the mapping; places with attributes or indexes were refused when loading."""

    def get_value(self, key: int | str, _args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[str(key)]


_FORMATTER = _Formatter()


def plain(value: object) -> str:
    """A value as it travels in a finding: numbers with a point and no needless digits, days as YYYY-MM-DD.

    A list of things with names and values is one JSON text, each value written as here.
    """
    if value is None:
        return ""
    if isinstance(value, list):
        items = [{name: plain(part) for name, part in item.items()} for item in value]
        return json.dumps(items, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.isoformat() if isinstance(value, date) else str(value)


def number_text(text: str, language: Language = "vi") -> str:
    """A plain number as people write it: 1.234,5 in Vietnamese, 1,234.5 in English; other text as it is."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    written = plain(number)
    whole, _, fraction = written.lstrip("-").partition(".")
    groups = f"{int(whole or 0):,}"
    sign = "-" if number < 0 else ""
    if language == "vi":
        return sign + groups.replace(",", ".") + (f",{fraction}" if fraction else "")
    return sign + groups + (f".{fraction}" if fraction else "")


def _items(text: str) -> list[Item]:
    return json.loads(text) if text else []


def _month_text(text: str, language: Language) -> str:
    year, _, month = text.partition("-")
    return f"{month}/{year}" if language == "vi" and month else text


def _day_text(text: str, language: Language) -> str:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{day:%d/%m/%Y}" if language == "vi" else day.isoformat()


_WRITERS: Mapping[str, Callable[[str, Language], str]] = {"n": number_text, "d": _day_text, "m": _month_text}
"""How a place with this letter is written."""
