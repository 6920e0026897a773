"""Strict reading of the catalogue's small data files: CSV tables and YAML documents.

Here: bytes to rows of checked text, and the typed accessors every loader shares. Not here: what any
particular file means. Both kinds of file give the same `Row`, so that a loader reads a cell of a table
and a field of a document alike, and every refusal names file, line and reason.

YAML's own guesses at types would turn the unit code ``047`` into 39 and the answer ``no`` into false.
`read_document` therefore reads text only, and a field becomes a number or a date when the loader asks for
one; `read_yaml` gives plain values and guesses only where no guess can be wrong.
"""

import csv
import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from ocop_pipeline.catalogue.errors import CatalogueError

Value: TypeAlias = "str | Row | tuple[Value, ...]"

CONFIDENCE = {
    "S": "seen in the text named as the source",
    "2": "second-hand: read in somebody else's copy of the text",
    "G": "general knowledge, not checked against a text",
    "I": "inference",
    "A": "assumption of this software, to be replaced by the site",
}
"""How sure a fact of the catalogue is; a mark is carried over as found and never promoted."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLAIN_TAGS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_FLAGS = {"true": True, "false": False}
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""The reader in C where PyYAML was built with it: ten times as fast, same nodes and lines."""
_NOTHING = ("", "null", "~")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, or one mapping of a YAML document.

    Attributes:
        file: Name of the file it was read from.
        number: Line in that file, counted from 1.
        cells: Text by column or field name; in YAML also nested rows and lists. Blank means absent.
        lines: Line of each field, where the fields stand on lines of their own (YAML).
    """

    file: str
    number: int
    cells: Mapping[str, Value]
    lines: Mapping[str, int]

    def error(self, reason: str, name: str | None = None) -> CatalogueError:
        """An error at this row, or at the line of the field `name`."""
        line = self.lines.get(name, self.number) if name else self.number
        return CatalogueError(self.file, line, reason)

    def has(self, name: str) -> bool:
        """Whether the cell is there and not blank."""
        return self.cells.get(name, "") not in ("", ())

    def only(self, *names: str) -> None:
        """Refuse a field that is none of `names`: a misspelt field must not be silently ignored."""
        for name in self.cells:
            if name not in names:
                raise self.error(f"unknown field {name!r}; known here: {', '.join(names)}", name)

    def optional(self, name: str) -> str | None:
        """The text of a cell, None when it is blank or absent."""
        value = self.cells.get(name, "")
        if not isinstance(value, str):
            raise self.error(f"{name!r} must be a single value", name)
        return value or None

    def text(self, name: str) -> str:
        """The text of a cell that must not be blank."""
        value = self.optional(name)
        if value is None:
            raise self.error(f"{name!r} is blank", name)
        return value

    def code(self, name: str) -> str:
        """A short code: lower case ASCII letters, digits, ``_``, ``-``; a letter or digit first."""
        value = self.text(name)
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", value):
            raise self.error(
                f"{name!r} must be lower case ASCII letters, digits, '_' or '-', not {value!r}", name
            )
        return value

    def optional_date(self, name: str) -> dt.date | None:
        """A date written YYYY-MM-DD, None when blank."""
        value = self.optional(name)
        if value is None:
            return None
        if not _ISO_DATE.fullmatch(value):
            raise self.error(f"{name!r} must be a date written YYYY-MM-DD, not {value!r}", name)
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise self.error(f"{name!r} is no date of the calendar: {value!r}", name) from error

    def date(self, name: str) -> dt.date:
        """A date written YYYY-MM-DD that must not be blank."""
        self.text(name)
        value = self.optional_date(name)
        assert value is not None  # noqa: S101 - text() has just refused the blank
        return value

    def optional_integer(self, name: str, low: int | None = None, high: int | None = None) -> int | None:
        """A whole number in plain digits between `low` and `high` inclusive, None when blank."""
        value = self.optional(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value):
            raise self.error(f"{name!r} must be a whole number in plain digits, not {value!r}", name)
        number = int(value)
        if (low is not None and number < low) or (high is not None and number > high):
            raise self.error(f"{name!r} must be {_range_text(low, high)}, not {number}", name)
        return number

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> int:
        """A whole number in plain digits between `low` and `high` inclusive, never blank."""
        self.text(name)
        value = self.optional_integer(name, low, high)
        assert value is not None  # noqa: S101 - text() has just refused the blank
        return value

    def optional_decimal(self, name: str) -> Decimal | None:
        """A number with a decimal point (never a comma, no thousands marks), None when blank."""
        value = self.optional(name)
        if value is None:
            return None
        if not _DECIMAL.fullmatch(value):
            raise self.error(f"{name!r} must be a number such as 12 or 12.5, not {value!r}", name)
        try:
            return Decimal(value)
        except InvalidOperation as error:  # pragma: no cover - the pattern admits only what Decimal reads
            raise self.error(f"{name!r} is no number: {value!r}", name) from error

    def decimal(self, name: str) -> Decimal:
        """A number with a decimal point that must not be blank."""
        self.text(name)
        value = self.optional_decimal(name)
        assert value is not None  # noqa: S101 - text() has just refused the blank
        return value

    def flag(self, name: str) -> bool:
        """``true`` or ``false``, in these letters."""
        return self.choice(name, tuple(_FLAGS)) == "true"

    def choice(self, name: str, options: Collection[str]) -> str:
        """One of the given words (the members of a `StrEnum` serve as they are)."""
        value = self.text(name)
        if value not in [str(option) for option in options]:
            shown = ", ".join(str(option) for option in options)
            raise self.error(f"{name!r} must be one of {shown}; not {value!r}", name)
        return value

    def confidence(self) -> str:
        """The column ``confidence``: how sure the fact is (see `CONFIDENCE`)."""
        return self.choice("confidence", tuple(CONFIDENCE))

    def validity(self) -> tuple[dt.date | None, dt.date | None]:
        """The columns ``valid_from`` and ``valid_to`` (both inclusive, blank is open), in that order.

        Raises:
            CatalogueError: when the span ends before it begins.
        """
        first, last = self.optional_date("valid_from"), self.optional_date("valid_to")
        if first and last and last < first:
            raise self.error(f"valid_to {last} comes before valid_from {first}", "valid_to")
        return first, last

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts (YAML); empty when the field is blank or absent."""
        values = self._list(name)
        for value in values:
            if not isinstance(value, str) or not value:
                raise self.error(f"{name!r} must be a list of texts", name)
        return tuple(value for value in values if isinstance(value, str))

    def row(self, name: str) -> "Row":
        """A nested mapping (YAML) that must be there."""
        value = self.cells.get(name, "")
        if not isinstance(value, Row):
            raise self.error(f"{name!r} must be a group of fields", name)
        return value

    def rows(self, name: str) -> tuple["Row", ...]:
        """A list of nested mappings (YAML); empty when the field is blank or absent."""
        values = self._list(name)
        for value in values:
            if not isinstance(value, Row):
                raise self.error(f"{name!r} must be a list of groups of fields", name)
        return tuple(value for value in values if isinstance(value, Row))

    def _list(self, name: str) -> tuple[Value, ...]:
        value = self.cells.get(name, "")
        if value == "":
            return ()
        if not isinstance(value, tuple):
            raise self.error(f"{name!r} must be a list", name)
        return value


def read_csv(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read a comma-separated table whose header must be exactly `columns`, in that order.

    Args:
        path: The file: UTF-8 in NFC (a byte order mark is allowed), one record a line.
        columns: The names of the header.

    Returns:
        One row a record, in file order; `Row.number` is the line in the file (the header is line 1).

    Raises:
        CatalogueError: unreadable file, wrong encoding or form, wrong header, a blank, repeated, short or
            long line, spaces around a value, control or invisible characters.
    """
    lines = read_text(path).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise CatalogueError(path.name, 1, "the file is empty")
    header = _cells_of(path.name, 1, lines[0])
    if header != list(columns):
        raise CatalogueError(
            path.name, 1, f"the header must be {','.join(columns)}; found {','.join(header)}"
        )
    seen: dict[str, int] = {}
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            raise CatalogueError(path.name, number, "blank line")
        if line in seen:
            raise CatalogueError(path.name, number, f"the same line as line {seen[line]}")
        seen[line] = number
        values = _cells_of(path.name, number, line)
        if len(values) != len(header):
            raise CatalogueError(path.name, number, f"{len(values)} values for {len(header)} columns")
        rows.append(Row(path.name, number, dict(zip(header, values, strict=True)), {}))
    return rows


def read_all(paths: Sequence[Path], columns: Sequence[str]) -> list[Row]:
    """The rows of several tables of one form; where two bear one name, as ours and a site's, the whole path names each.

    Raises:
        CatalogueError: as `read_csv`.
    """
    names = [path.name for path in paths]
    return [
        replace(row, file=str(path)) if names.count(path.name) > 1 else row
        for path in paths
        for row in read_csv(path, columns)
    ]


def read_document(path: Path) -> Row:
    """Read a YAML document whose top is a mapping, every scalar as text, every field with its line.

    Raises:
        CatalogueError: as `read_yaml`.
    """
    value = _row_value(path.name, _compose(path))
    assert isinstance(value, Row)  # noqa: S101 - a mapping node gives a row
    return value


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML document whose top is a mapping, as plain dicts, lists, texts and a few plain values.

    An unquoted scalar becomes None (blank, ``null`` or ``~``), a bool (``true``, ``false``), an int (digits
    without leading zero) or a date (YYYY-MM-DD). Everything else stays text: ``047``, ``no``, ``2026-10``.

    Raises:
        CatalogueError: unreadable file, wrong encoding or form, bad syntax, a repeated field, a tag, an
            alias (both have no use here and a long record of abuse), a top level that is no mapping.
    """
    value = _plain_value(path.name, _compose(path))
    assert isinstance(value, dict)  # noqa: S101 - a mapping node gives a dict
    return value


def read_text(path: Path) -> str:
    r"""The text of a data file, lines ended by ``\n``.

    Raises:
        CatalogueError: when the file cannot be read, is not UTF-8 or not in form NFC, or holds control or
            invisible formatting characters (which would make two texts that look alike differ).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CatalogueError(path.name, None, f"cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogueError(path.name, data.count(b"\n", 0, error.start) + 1, "not UTF-8") from error
    text = text.replace("\r\n", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        if not unicodedata.is_normalized("NFC", line):
            raise CatalogueError(path.name, number, "Vietnamese letters are decomposed; write them in NFC")
        for character in line:
            if unicodedata.category(character) in ("Cc", "Cf"):
                raise CatalogueError(
                    path.name, number, f"control or invisible character U+{ord(character):04X}"
                )
    return text


def refuse_repeats(rows: Iterable[Row], *names: str) -> None:
    """Refuse two rows of one file with the same values in all of `names`."""
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(row.optional(name) or "" for name in names)
        if key in seen:
            shown = ", ".join(f"{name} {value}" for name, value in zip(names, key, strict=True))
            raise row.error(f"{shown} stands already in line {seen[key]}", names[0])
        seen[key] = row.number


def _cells_of(file: str, number: int, line: str) -> list[str]:
    try:
        records = list(csv.reader([line], strict=True))
    except csv.Error as error:
        raise CatalogueError(file, number, f"not a CSV line: {error}") from error
    values = records[0] if records else []
    for value in values:
        if value != value.strip():
            raise CatalogueError(file, number, f"spaces around {value!r}")
    return values


def _compose(path: Path) -> yaml.MappingNode:
    text = read_text(path)
    try:
        node = yaml.compose(text, Loader=_LOADER)
        if not isinstance(node, yaml.MappingNode):
            raise CatalogueError(path.name, 1, "the document must be a group of fields")
        _check_node(path.name, node, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise CatalogueError(
            path.name, mark.line + 1 if mark else None, f"not YAML: {error.problem}"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise CatalogueError(path.name, None, f"not YAML: {error}") from error
    return node


def _check_node(file: str, node: yaml.Node, seen: set[int]) -> None:
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise CatalogueError(file, line, "an alias (*name) is not allowed; write the value out")
    seen.add(id(node))
    if node.tag not in _PLAIN_TAGS:
        raise CatalogueError(file, line, f"a tag is not allowed: {node.tag}")
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_node(file, item, seen)
    if isinstance(node, yaml.MappingNode):
        names: dict[str, int] = {}
        for key, value in node.value:
            _check_name(file, key, names)
            _check_node(file, key, seen)
            _check_node(file, value, seen)


def _check_name(file: str, key: yaml.Node, names: dict[str, int]) -> None:
    line = key.start_mark.line + 1
    if not isinstance(key, yaml.ScalarNode) or not key.value:
        raise CatalogueError(file, line, "the name of a field must be a text")
    if key.value in names:
        raise CatalogueError(file, line, f"field {key.value!r} stands already in line {names[key.value]}")
    names[key.value] = line


def _row_value(file: str, node: yaml.Node) -> Value:
    if isinstance(node, yaml.MappingNode):
        cells = {key.value: _row_value(file, value) for key, value in node.value}
        lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}
        return Row(file, node.start_mark.line + 1, cells, lines)
    if isinstance(node, yaml.SequenceNode):
        return tuple(_row_value(file, item) for item in node.value)
    text = str(node.value).strip()
    return "" if _is_plain(node) and text in _NOTHING else text


def _plain_value(file: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain_value(file, value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain_value(file, item) for item in node.value]
    text = str(node.value)
    return _scalar(file, node.start_mark.line + 1, text) if _is_plain(node) else text


def _scalar(file: str, line: int, text: str) -> str | bool | int | dt.date | None:
    if text in _NOTHING:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _ISO_DATE.fullmatch(text):
        return text
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise CatalogueError(file, line, f"no date of the calendar: {text}") from error


def _is_plain(node: yaml.Node) -> bool:
    """Whether a scalar stands without quotes; a quoted one is always meant as text."""
    return isinstance(node, yaml.ScalarNode) and not node.style


def _range_text(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f"from {low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}"
