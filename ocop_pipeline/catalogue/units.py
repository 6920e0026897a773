"""Load the administrative units of both eras from the catalogue's data file into a ledger, or refuse it.

Here is the form of the file: its parts, columns and types. What units may not contradict is the ledger's
business (ocop_pipeline/domain/units.py); how the file is made stands in scripts/build_units.py and where
its contents come from in the file's own ATTRIBUTION.txt.
"""

import csv
import gc
import io
import math
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import read_csv
from ocop_pipeline.domain.units import (
    Relation,
    Succession,
    Tier,
    UnitLedger,
    UnitLedgerError,
    UnitVersion,
    name_key,
)
from ocop_pipeline.paths import CATALOGUE_DATA

UNITS_CSV = "units.csv"
SUCCESSIONS_CSV = "successions.csv"
UNIT_COLUMNS = (
    "unit_id",
    "code",
    "tier",
    "type",
    "name",
    "full_name",
    "parent_id",
    "valid_from",
    "valid_to",
    "latitude",
    "longitude",
    "area_km2",
)
SUCCESSION_COLUMNS = ("predecessor_id", "successor_id", "effective_date", "relation", "is_default")
# Ours has 1.6 MB; a part this large is not a list of Vietnam's units.
_LARGEST_PART_BYTES = 32 * 1024 * 1024
_FIRST_DATA_ROW = 2
_TIERS = {tier.value: tier for tier in Tier}
_RELATIONS = {relation.value: relation for relation in Relation}
_FLAGS = {"true": True, "false": False}


OLD_MAP_FROM = date(2025, 1, 1)
"""The source has one map for all days before 01/07/2025, that of the first half of 2025 (docs/units.md)."""


def is_on_later_map(unit: UnitVersion, on: date) -> bool:
    """Whether a unit of a day stands on the map of a later date, because the source begins with that map."""
    return unit.valid_from is None and on < OLD_MAP_FROM


def load_units(path: Path = CATALOGUE_DATA / "units.zip") -> UnitLedger:
    """Read and check the units and their successions.

    Args:
        path: ZIP archive with `units.csv` and `successions.csv` (UTF-8, comma, header in the first row).
            Dates are ISO; a blank `valid_from` is an unknown beginning, a blank `valid_to` is in force.

    Returns:
        The ledger of about 14,000 versions, ready for use.

    Raises:
        CatalogueError: With part, row and reason, if the archive cannot be read, a row is malformed or the
            units contradict each other.
    """
    parts = _read_parts(path)
    with garbage_collection_paused():
        return _ledger(path.name, *parts)


def load_unit_aliases(path: Path) -> dict[str, str]:
    """Read the abbreviations and older spellings under which units are known.

    Returns:
        Key of the alias (`name_key`) -> the full name it stands for.

    Raises:
        CatalogueError: with file, row and reason: a blank name, or two rows of one alias.
    """
    found: dict[str, str] = {}
    for row in read_csv(path, ("alias", "name", "source", "confidence")):
        row.text("source")
        row.confidence()
        key = name_key(row.text("alias"))
        if key in found:
            raise row.error(f"{row.text('alias')} stands for {found[key]} already", "alias")
        found[key] = row.text("name")
    return found


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Spare the collector the walk over 25,000 new objects, none of which is garbage: it halves the load."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _ledger(archive: str, units_text: str, successions_text: str) -> UnitLedger:
    units_file = f"{archive}/{UNITS_CSV}"
    successions_file = f"{archive}/{SUCCESSIONS_CSV}"
    versions = [
        _version(units_file, row, cells) for row, cells in _rows(units_file, units_text, UNIT_COLUMNS)
    ]
    if not versions:
        raise CatalogueError(units_file, None, "no units")
    successions = [
        _succession(successions_file, row, cells)
        for row, cells in _rows(successions_file, successions_text, SUCCESSION_COLUMNS)
    ]
    try:
        return UnitLedger(versions, successions)
    except UnitLedgerError as error:
        file = units_file if error.table == "versions" else successions_file
        raise CatalogueError(file, error.position + _FIRST_DATA_ROW, error.reason) from error


def _read_parts(path: Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return _part(path.name, archive, UNITS_CSV), _part(path.name, archive, SUCCESSIONS_CSV)
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise CatalogueError(path.name, None, f"cannot be read as a ZIP archive: {error}") from error


def _part(archive_name: str, archive: zipfile.ZipFile, part: str) -> str:
    file = f"{archive_name}/{part}"
    try:
        # The declared size may lie; at most one byte over the limit is unpacked.
        with archive.open(part) as stream:
            data = stream.read(_LARGEST_PART_BYTES + 1)
        text = data.decode("utf-8")
    except KeyError:
        raise CatalogueError(file, None, "missing in the archive") from None
    except UnicodeDecodeError as error:
        raise CatalogueError(file, data[: error.start].count(b"\n") + 1, "not UTF-8 text") from error
    if len(data) > _LARGEST_PART_BYTES:
        raise CatalogueError(file, None, f"larger than {_LARGEST_PART_BYTES} bytes")
    if not unicodedata.is_normalized("NFC", text):
        row = next(
            n for n, line in enumerate(text.split("\n"), 1) if not unicodedata.is_normalized("NFC", line)
        )
        raise CatalogueError(file, row, "text is not in Unicode form NFC")
    return text


def _rows(file: str, text: str, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) of the data rows; the header and the number of cells are checked."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != columns:
            raise CatalogueError(file, 1, f"columns must be {','.join(columns)}; found {','.join(header)}")
        for row, cells in enumerate(reader, start=_FIRST_DATA_ROW):
            if len(cells) != len(columns):
                raise CatalogueError(file, row, f"{len(cells)} cells instead of {len(columns)}")
            yield row, cells
    except csv.Error as error:
        raise CatalogueError(file, reader.line_num, f"malformed CSV: {error}") from error


def _version(file: str, row: int, cells: list[str]) -> UnitVersion:
    unit_id, code, tier, type_, name, full_name, parent, first, last, latitude, longitude, area = cells
    if not (unit_id and code and type_ and name and full_name):
        raise CatalogueError(file, row, "unit_id, code, type, name and full_name must not be blank")
    if tier not in _TIERS:
        raise CatalogueError(file, row, f"tier {tier!r} is none of {', '.join(_TIERS)}")
    try:
        return UnitVersion(
            unit_id,
            code,
            _TIERS[tier],
            type_,
            name,
            full_name,
            parent or None,
            _day(first) if first else None,
            _day(last) if last else None,
            _degrees(latitude, 90) if latitude else None,
            _degrees(longitude, 180) if longitude else None,
            _square_kilometres(area) if area else None,
        )
    except ValueError as error:
        raise CatalogueError(file, row, str(error)) from error


def _succession(file: str, row: int, cells: list[str]) -> Succession:
    predecessor, successor, effective, relation, default = cells
    if relation not in _RELATIONS:
        raise CatalogueError(file, row, f"relation {relation!r} is none of {', '.join(_RELATIONS)}")
    if default not in _FLAGS:
        raise CatalogueError(file, row, f"is_default {default!r} is neither true nor false")
    try:
        return Succession(predecessor, successor, _day(effective), _RELATIONS[relation], _FLAGS[default])
    except ValueError as error:
        raise CatalogueError(file, row, str(error)) from error


@lru_cache(maxsize=64)  # fourteen thousand rows share two or three dates
def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date of the form 2025-07-01") from None
    if day.isoformat() != text:  # 20250701 and 2025-W27-2 are ISO dates too
        raise ValueError(f"{text!r} is not a date of the form 2025-07-01")
    return day


def _degrees(text: str, most: int) -> float:
    degrees = float(text)
    if -most <= degrees <= most:
        return degrees
    raise ValueError(f"{text} degrees are not between -{most} and {most}")


def _square_kilometres(text: str) -> float:
    area = float(text)
    if 0 <= area < math.inf:
        return area
    raise ValueError(f"{text} is not an area")
