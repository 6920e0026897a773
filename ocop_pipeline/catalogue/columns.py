"""The dictionary of warehouse columns: each name has one type, one meaning and one Vietnamese label.

Belongs here: loading `columns.csv`. Which table has which columns is the table's contract
(`quality/contracts.py`), how they are filled is its SQL.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ocop_pipeline.catalogue.tables import Row, read_csv, refuse_repeats

_FIELDS = ("column", "type", "unit", "label_vi", "meaning")
# Spelled as DuckDB itself reports them, so that a table's layout can be compared with its declaration.
_TYPES = ("VARCHAR", "BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP")
_DECIMAL_TYPE = re.compile(r"DECIMAL\(([1-9][0-9]?),([0-9][0-9]?)\)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MOST_DIGITS = 38


@dataclass(frozen=True, slots=True)
class Column:
    """One column name of the warehouse, with the same meaning wherever it stands.

    Attributes:
        name: The name, lower case with underscores.
        type: DuckDB type: VARCHAR, BOOLEAN, INTEGER, BIGINT, DOUBLE, DATE, TIMESTAMP or DECIMAL(p,s).
        meaning: What a value says, in English, one sentence.
        label_vi: What a reader of a report or of `ocop sql` is shown.
        unit: Unit of measure, blank where the column has none or each row names its own.
    """

    name: str
    type: str
    meaning: str
    label_vi: str
    unit: str = ""

    @property
    def scale(self) -> int | None:
        """Digits behind the point of a DECIMAL column, None for every other type."""
        found = _DECIMAL_TYPE.fullmatch(self.type)
        return int(found[2]) if found else None

    @property
    def is_numeric(self) -> bool:
        """Whether values of this column can be compared with numbers."""
        return self.scale is not None or self.type in ("INTEGER", "BIGINT", "DOUBLE")


def load_columns(path: Path) -> dict[str, Column]:
    """Name -> column, in the order of the file.

    Raises:
        CatalogueError: a name that is not lower case with underscores, an unknown type or field, a column
            without meaning or label.
    """
    rows = read_csv(path, _FIELDS)
    refuse_repeats(rows, "column")
    return {row.text("column"): _column(row) for row in rows}


def _column(row: Row) -> Column:
    name = row.text("column")
    if not _NAME.fullmatch(name):
        raise row.error(f"a column is named in lower case ASCII with underscores, not {name!r}", "column")
    return Column(
        name=name,
        type=_type(row),
        meaning=row.text("meaning"),
        label_vi=row.text("label_vi"),
        unit=row.optional("unit") or "",
    )


def _type(row: Row) -> str:
    written = row.text("type")
    found = _DECIMAL_TYPE.fullmatch(written)
    if written in _TYPES or (found and int(found[2]) <= int(found[1]) <= _MOST_DIGITS):
        return written
    raise row.error(f"unknown type {written!r}; one of {', '.join(_TYPES)} or DECIMAL(p,s)", "type")


def names_unknown(names: tuple[str, ...], columns: Mapping[str, Column]) -> tuple[str, ...]:
    """Those of `names` that the dictionary does not define, in their order."""
    return tuple(name for name in names if name not in columns)
