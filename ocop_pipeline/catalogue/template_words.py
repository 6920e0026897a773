"""What stands on the workbooks sent out to be filled in, or given back, besides the form: `template_words.yml`.

Belongs here: loading these sentences. Where they stand is `templates`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import read_yaml

_GUIDE: Final = ("title", "expiring", "expiring_none", "indicators", "basis")
_INPUTS: Final = ("number", "whole", "yes_no", "percent", "day", "year", "choice", "text", "wrong")
_ANSWER: Final = (
    "sheet", "title", "whose", "receipt", "how", "how_elsewhere", "file", "group", "repairs", "nothing_wrong", "reason",
    "error", "warning",
)  # fmt: skip
_HEADERS, _ANSWER_HEADERS = 5, 6
_SEEN: Final = "S"
"""Mark of a document whose text was seen (`tables.CONFIDENCE`); of others one has only heard."""


@dataclass(frozen=True, slots=True)
class Basis:
    """A document on which the report rests, in force between two days; `is_read` where its source was seen."""

    text: str
    valid_from: date
    valid_to: date | None
    is_read: bool


@dataclass(frozen=True)
class TemplateWords:
    """The sentences.

    Attributes:
        sections: Code -> Vietnamese name of a section of the grid.
        hints: Part of the form -> how it is filled in, printed above its table.
        previous: Header of the column with what was reported the month before.
        previous_blank, previous_not_asked: What stands in it where the line was left blank, or was not asked for.
        lists_sheet, guide_sheet: Names of the sheets of codes and of explanations.
        guide: Titles on the sheet of explanations.
        how: How to fill in, a sentence each.
        expiring_headers, indicator_headers: Headers of its two tables.
        kinds: Kind of indicator -> what is counted.
        basis: What the report rests on; ask `basis_on`.
        inputs: Kind of cell -> what may be written in it; `wrong` heads the refusal of anything else.
        nothing: Words that say "nothing to report", as they may be written in place of a number.
        subtitle: Who reports on which month.
        answer: What the first sheet of a workbook says that is given back marked, and the plain text of an answer.
        answer_headers: The headers of its table: number, severity, sheet, cell, what to do, the sender's reason.
    """

    sections: Mapping[str, str]
    hints: Mapping[str, str]
    previous: str
    previous_blank: str
    previous_not_asked: str
    lists_sheet: str
    guide_sheet: str
    guide: Mapping[str, str]
    how: tuple[str, ...]
    expiring_headers: tuple[str, ...]
    indicator_headers: tuple[str, ...]
    kinds: Mapping[str, str]
    basis: tuple[Basis, ...]
    inputs: Mapping[str, str]
    nothing: tuple[str, ...]
    subtitle: str
    answer: Mapping[str, str]
    answer_headers: tuple[str, ...]

    def basis_on(self, on: date) -> list[str]:
        """The documents in force on a day, oldest first, without those known only second-hand."""
        return [
            each.text
            for each in self.basis
            if each.is_read and each.valid_from <= on and (each.valid_to is None or on <= each.valid_to)
        ]


def load_template_words(path: Path, sections: Mapping[str, str], kinds: Collection[str]) -> TemplateWords:
    """Read the sentences.

    Args:
        path: The file.
        sections: Code -> name of every section.
        kinds: The kinds of indicator that a form asks for.

    Raises:
        CatalogueError: a sentence is missing.
    """
    data = read_yaml(path)
    guide = _texts(path, data, "guide", _GUIDE)
    return TemplateWords(
        sections=sections,
        hints=_texts(path, data, "hints", ("grid", "funding")),
        previous=_text(path, data, "previous"),
        previous_blank=_text(path, data, "previous_blank"),
        previous_not_asked=_text(path, data, "previous_not_asked"),
        lists_sheet=_text(path, data, "lists_sheet"),
        guide_sheet=_text(path, data, "guide_sheet"),
        guide=guide,
        how=_list(path, data["guide"], "how"),
        expiring_headers=_list(path, data["guide"], "expiring_headers", _HEADERS),
        indicator_headers=_list(path, data["guide"], "indicator_headers", _HEADERS),
        kinds=_texts(path, data, "kinds", kinds),
        basis=tuple(_basis(path, each) for each in data.get("basis") or ()),
        inputs=_texts(path, data, "inputs", _INPUTS),
        nothing=_list(path, data, "nothing"),
        subtitle=_text(path, data, "subtitle"),
        answer=_texts(path, data, "answer", _ANSWER),
        answer_headers=_list(path, data, "answer_headers", _ANSWER_HEADERS),
    )


def _text(path: Path, data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise CatalogueError(path.name, None, f"{key}: expected a sentence, found {value!r}")
    return value


def _texts(path: Path, data: Mapping[str, Any], key: str, wanted: Collection[str]) -> dict[str, str]:
    inner = data.get(key)
    if not isinstance(inner, dict):
        raise CatalogueError(path.name, None, f"{key}: expected sentences by name, found {inner!r}")
    return {name: _text(path, inner, name) for name in wanted}


def _basis(path: Path, data: Any) -> Basis:
    if not isinstance(data, dict) or not isinstance(data.get("valid_from"), date):
        raise CatalogueError(
            path.name, None, f"basis: expected text, valid_from, valid_to, confidence in {data!r}"
        )
    valid_to = data.get("valid_to")
    if valid_to is not None and not isinstance(valid_to, date):
        raise CatalogueError(path.name, None, f"basis: valid_to: expected a date or null, found {valid_to!r}")
    text = _text(path, data, "text")
    return Basis(text, data["valid_from"], valid_to, _text(path, data, "confidence") == _SEEN)


def _list(path: Path, data: Mapping[str, Any], key: str, count: int | None = None) -> tuple[str, ...]:
    value = data.get(key)
    if not isinstance(value, list) or (count and len(value) != count):
        raise CatalogueError(path.name, None, f"{key}: expected a list of sentences, found {value!r}")
    return tuple(str(each) for each in value)
