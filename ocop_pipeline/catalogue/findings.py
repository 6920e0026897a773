"""The closed list of findings, and the sentences that tell people about them.

Belongs here: loading `findings.csv`, making a finding with its severity, filling its sentence. Does not:
deciding that something was found (intake, and the rules in `sql/audits`). All words for people are in the
data files.
"""

import string
from collections.abc import Iterator, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class FindingType:
    """One code of the list.

    Attributes:
        code: upper snake case, stable: scripts depend on it.
        severity: `error` returns a submission, `warning` flags it.
        scope: `file` or `form`, see above.
        sentence_vi: what is wrong, with ``{arg}`` places; ``{arg:n}`` is a number, ``{arg:d}`` a day,
            ``{arg:w}`` a word of `finding_words.csv`.
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
    if not {"cell", "sheet"} <= words.keys():
        raise CatalogueError(words_path.name, None, "the places 'cell' and 'sheet' need their words")
    return FindingTypes(types, words)


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


def _places(sentence: str) -> set[str]:
    found = set()
    for _, name, spec, conversion in string.Formatter().parse(sentence):
        if name is None:
            continue
        if not name.isidentifier() or spec not in ("", "n", "d", "w") or conversion:
            raise ValueError(
                f"place {{{name}:{spec}}} must be {{name}}, {{name:n}}, {{name:d}} or {{name:w}}"
            )
        found.add(name)
    return found


class _Filling(dict[str, "_Argument"]):
    """Arguments by name; one that a finding lacks shows as an ellipsis instead of stopping a whole run."""

    def __init__(
        self, args: Mapping[str, str], language: Language, words: Mapping[str, tuple[str, str]]
    ) -> None:
        super().__init__({name: _Argument(text, language, words) for name, text in args.items()})
        self._language: Language = language
        self._words = words

    def __missing__(self, name: str) -> "_Argument":
        return _Argument(_MISSING, self._language, self._words)


class _Argument:
    """A value that knows how to be written as text, number or day in a language."""

    def __init__(self, text: str, language: Language, words: Mapping[str, tuple[str, str]]) -> None:
        self._text = text
        self._language = language
        self._words = words

    def __format__(self, spec: str) -> str:
        if spec == "n":
            return number_text(self._text, self._language)
        if spec == "d":
            return _day_text(self._text, self._language)
        if spec == "w" and self._text in self._words:
            return self._words[self._text][0 if self._language == "vi" else 1]
        text = self._text
        return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


class _Formatter(string.Formatter):
    """Takes every place from the mapping; places with attributes or indexes were refused when loading."""

    def get_value(self, key: int | str, _args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[str(key)]


_FORMATTER = _Formatter()


def plain(value: object) -> str:
    """A value as it travels in a finding: numbers with a point and no needless digits, days as YYYY-MM-DD."""
    if value is None:
        return ""
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


def _day_text(text: str, language: Language) -> str:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{day:%d/%m/%Y}" if language == "vi" else day.isoformat()
