"""Reads the forms of lists that are taken over once: the register of 22 columns, the list of a decision.

Kept apart from the forms of the reporting regime (`forms`): nothing here is expected of anybody, sent out or filled in,
so that no calendar, coverage or generator can ever count it. Reading a file by such a form is `intake`.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import CONFIDENCE, read_csv, read_yaml
from ocop_pipeline.domain.certificates import EventKind
from ocop_pipeline.domain.forms import ColumnGroup, ImportForm
from ocop_pipeline.paths import CATALOGUE_DATA

REGISTER_KIND, RECOGNITION_KIND = "register", "recognition"
"""Kinds of lists whose lines are recognitions; every other kind is an event (`domain.certificates.EventKind`)."""
EVENT_KINDS = (
    EventKind.NOT_RECOGNISED, EventKind.REVOCATION, EventKind.EXTENSION, EventKind.TRANSFER, EventKind.CORRECTION,
)  # fmt: skip
IMPORT_KINDS = (REGISTER_KIND, RECOGNITION_KIND, *(str(kind) for kind in EVENT_KINDS))

_TEXTS = ("code", "name_vi", "name_en", "source", "key", "anchor")
_LISTS = ("kinds", "carried", "private", "needs", "by_position", "groups")


@dataclass(frozen=True, slots=True)
class ListWords:
    """Words that lists use beside their values; all in lower case with their accents, NFC.

    Attributes:
        ditto: Say "as above".
        ditto_signs: Marks that say the same; compared as they are.
        commune: Types of units that begin a heading naming a commune.
        district: The same of a district.
        group: Begin a heading naming a product group.
        star_filler: Single words that may stand beside the star in a heading without changing what it says.
        count: What a heading counts: "(12 sản phẩm)".
    """

    ditto: frozenset[str]
    ditto_signs: frozenset[str]
    commune: frozenset[str]
    district: frozenset[str]
    group: frozenset[str]
    star_filler: frozenset[str]
    count: frozenset[str]


@cache
def list_words(path: Path = CATALOGUE_DATA / "list_words.csv") -> ListWords:
    """Read the words of lists.

    Raises:
        CatalogueError: a meaning that is none.
    """
    meanings = ("ditto", "ditto_sign", "commune", "district", "group", "star_filler", "count")
    found: dict[str, set[str]] = {meaning: set() for meaning in meanings}
    for row in read_csv(path, ("meaning", "text", "source")):
        text = unicodedata.normalize("NFC", row.text("text")).casefold()
        meaning = row.choice("meaning", meanings)
        found[meaning] |= set(text.split()) if meaning == "star_filler" else {text}
    found["ditto_signs"] = found.pop("ditto_sign")
    return ListWords(**{meaning: frozenset(texts) for meaning, texts in found.items()})


def load_import_forms(paths: Sequence[Path]) -> dict[str, ImportForm]:
    """Code -> form, one file each.

    Raises:
        CatalogueError: a missing key, an unknown kind, a kind of two forms, a wording that means two fields, a file
            named otherwise than its code.
    """
    forms: dict[str, ImportForm] = {}
    kinds: set[str] = set()
    for path in paths:
        form = _form(read_yaml(path), path)
        if twice := kinds & set(form.kinds):
            raise CatalogueError(path.name, None, f"kind {min(twice)} belongs to another form already")
        kinds |= set(form.kinds)
        forms[form.code] = form
    return forms


def _form(data: dict[str, Any], path: Path) -> ImportForm:
    texts = {name: _need(data, name, str, path) for name in _TEXTS}
    lists = {name: _need(data, name, list, path) for name in _LISTS}
    if path.stem != texts["code"]:
        raise CatalogueError(
            path.name, None, f"the file of form {texts['code']} must be named {texts['code']}.yml"
        )
    if str(data.get("confidence")) not in CONFIDENCE:
        raise CatalogueError(path.name, None, f"confidence: one of {', '.join(CONFIDENCE)}")
    if unknown := set(lists["kinds"]) - set(IMPORT_KINDS):
        raise CatalogueError(path.name, None, f"unknown kind {min(unknown)!r}")
    form = ImportForm(
        code=texts["code"],
        name_vi=texts["name_vi"],
        name_en=texts["name_en"],
        kinds=tuple(lists["kinds"]),
        key=texts["key"],
        anchor=texts["anchor"],
        carried=tuple(lists["carried"]),
        private=frozenset(lists["private"]),
        needs=tuple(tuple(fields) for fields in lists["needs"]),
        by_position=tuple(lists["by_position"]),
        columns=_wordings(_need(data, "columns", dict, path), path),
        groups=tuple(
            ColumnGroup(
                tuple(_need(group, "wordings", list, path)),
                _wordings(_need(group, "columns", dict, path), path),
            )
            for group in lists["groups"]
        ),
    )
    _check_fields(form, path)
    return form


def _wordings(columns: dict[str, Any], path: Path) -> tuple[tuple[str, str], ...]:
    """(wording, field) of every column; a wording may mean one field only."""
    found: dict[str, str] = {}
    for field, wordings in columns.items():
        for wording in wordings:
            if found.setdefault(wording, field) != field:
                raise CatalogueError(path.name, None, f"{wording!r} means both {found[wording]} and {field}")
    return tuple(found.items())


def _check_fields(form: ImportForm, path: Path) -> None:
    known = {*form.fields, *form.private}
    named = {form.key, form.anchor, *form.carried, *(field for fields in form.needs for field in fields)}
    if named - known:
        raise CatalogueError(path.name, None, f"field {min(named - known)!r} has no column")


def _need(data: dict[str, Any], key: str, kind: type, path: Path) -> Any:
    value = data.get(key)
    if not isinstance(value, kind):
        raise CatalogueError(path.name, None, f"{key}: expected {kind.__name__}, found {value!r}")
    return value
