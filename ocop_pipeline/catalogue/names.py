"""How producers' names are written: legal forms with their wordings, and abbreviations inside names.

Here: loading and checking `legal_forms.csv` and `name_abbreviations.csv`. Not here: what they make of a name, and
which names are therefore one (`register`).

Only what can mean one thing stands in the files. CN (công nghệ, công nghiệp, chăn nuôi), TP, DL, ĐT and the like have
several meanings: a name with one of them keeps it, and whether it is another name written out is for a person to say.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocop_pipeline.catalogue.tables import Row, read_csv, refuse_repeats
from ocop_pipeline.domain.spelling import without_accents, words_of
from ocop_pipeline.paths import CATALOGUE_DATA

LEGAL_FORM_COLUMNS = (
    "form",
    "wording",
    "producer_type",
    "name_unique_within",
    "part",
    "source",
    "confidence",
)
ABBREVIATION_COLUMNS = ("abbreviation", "stands_for", "place", "source", "confidence")

AREAS = ("nation", "province", "commune")
"""Areas in which one name of a legal form belongs to one producer, the widest first."""
_VOWELS = frozenset("aeiou")
_FORM, _NAME = "form", "name"


@dataclass(frozen=True, slots=True)
class LegalForm:
    """A legal form, or what stands in its place before a producer's own name.

    Attributes:
        code: Its code.
        wordings: How it is written; the first is the full name of the form.
        producer_type: The national class it counts in (code list `producer_type`).
        name_unique_within: One of `AREAS`. For a part of another body, only where that body's form is not told.
        is_part: Whether it is a part of another body (chi nhánh), whose own form follows.
        source: Where the area comes from.
        confidence: Mark of `tables.CONFIDENCE` for the area; the wordings have marks of their own in the file.
    """

    code: str
    wordings: tuple[str, ...]
    producer_type: str
    name_unique_within: str
    is_part: bool
    source: str
    confidence: str


@dataclass(frozen=True, eq=False)
class NameWords:
    """Everything known about the wording of producers' names.

    Attributes:
        forms: The legal forms in the order of the file.
        form_abbreviations: Abbreviation -> what it stands for, inside a legal form only.
        name_abbreviations: The same anywhere in a producer's name.
    """

    forms: tuple[LegalForm, ...]
    form_abbreviations: Mapping[str, str]
    name_abbreviations: Mapping[str, str]


def load_name_words(
    forms: Path = CATALOGUE_DATA / "legal_forms.csv",
    abbreviations: Path = CATALOGUE_DATA / "name_abbreviations.csv",
    producer_types: Collection[str] | None = None,
) -> NameWords:
    """Load and check both files.

    Args:
        forms: Legal forms: the first line of a form is its full name and says its type and area, the lines
            below it are other wordings and say nothing of the kind.
        abbreviations: Abbreviations.
        producer_types: The codes of producer types, to be checked against; None to leave that to somebody else.

    Raises:
        CatalogueError: a malformed row; a form without type or area, or told twice; a producer type that is not
            on the list; a wording or abbreviation that means two things; an abbreviation that could be a word of
            its own, or stands for words that are abbreviated again.
    """
    short = _abbreviations(read_csv(abbreviations, ABBREVIATION_COLUMNS))
    return NameWords(_forms(read_csv(forms, LEGAL_FORM_COLUMNS), producer_types), short[_FORM], short[_NAME])


def _forms(rows: Sequence[Row], producer_types: Collection[str] | None) -> tuple[LegalForm, ...]:
    wordings: dict[str, list[str]] = {}
    heads: dict[str, Row] = {}
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        code, wording = row.code("form"), row.text("wording")
        row.text("source")
        row.confidence()
        line = seen.setdefault(words_of(wording), row.number)
        if line != row.number:
            raise row.error(f"{wording!r} is spelled like the wording in line {line}", "wording")
        if code not in heads:
            heads[code] = row
        elif any(row.has(name) for name in ("producer_type", "name_unique_within", "part")):
            raise row.error(f"{code}: type, area and part stand in line {heads[code].number} already")
        wordings.setdefault(code, []).append(wording)
    return tuple(_form(row, wordings[code], producer_types) for code, row in heads.items())


def _form(row: Row, wordings: Sequence[str], producer_types: Collection[str] | None) -> LegalForm:
    kind = row.code("producer_type")
    if producer_types is not None and kind not in producer_types:
        raise row.error(f"unknown producer type {kind!r}", "producer_type")
    return LegalForm(
        code=row.code("form"),
        wordings=tuple(wordings),
        producer_type=kind,
        name_unique_within=row.choice("name_unique_within", AREAS),
        is_part=row.choice("part", ("yes", "no")) == "yes",
        source=row.text("source"),
        confidence=row.confidence(),
    )


def _abbreviations(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    refuse_repeats(rows, "abbreviation")
    found: dict[str, dict[str, str]] = {_FORM: {}, _NAME: {}}
    words = {words_of(row.text("abbreviation")): row.number for row in rows}
    if len(words) < len(rows):
        row = next(row for row in rows if words[words_of(row.text("abbreviation"))] != row.number)
        other = words[words_of(row.text("abbreviation"))]
        raise row.error(f"is spelled like the abbreviation in line {other}", "abbreviation")
    single = {word for each in words for word in each if len(each) == 1}
    for row in rows:
        short, full = row.text("abbreviation"), row.text("stands_for")
        row.text("source")
        row.confidence()
        # A syllable has a vowel: an abbreviation with none cannot be mistaken for a word of somebody's name. "và"
        # may join two abbreviations.
        letters = "".join(without_accents(word) for word in words_of(short) if word != "va\u0300")
        if not letters or _VOWELS.intersection(letters):
            raise row.error(f"{short!r} may be a word and not an abbreviation", "abbreviation")
        if single.intersection(words_of(full)):
            raise row.error(f"{full!r} holds an abbreviation; write it out", "stands_for")
        found[row.choice("place", (_FORM, _NAME))][short] = full
    return found
