"""Load what decrees change about units: one CSV row for each unit, or part of a unit, and where it goes.

Here: the form of the file. What a row may say, and what becomes of the map, is `domain/unit_events.py`'s business. The
shipped `unit_events.csv` holds the changes since the units' own data file was made; a site adds events of its own in a
file of the same name, and `ocop units rehearse` reads one before it goes live.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import Row, read_all, refuse_repeats
from ocop_pipeline.catalogue.units import garbage_collection_paused
from ocop_pipeline.domain.unit_events import ChangeKind, UnitChange, UnitEvent, UnitEventError, with_events
from ocop_pipeline.domain.units import Tier, UnitLedger, UnitLedgerError

UNIT_EVENT_COLUMNS = (
    "event",
    "effective_date",
    "decree",
    "decree_date",
    "change",
    "unit",
    "to_code",
    "to_tier",
    "to_type",
    "to_name",
    "to_parent",
    "share_population",
    "share_area",
    "source",
    "confidence",
)
DECREE_COLUMNS = ("tier", "province_code", "effective_date", "decree", "decree_date", "source", "confidence")
_SHARES = {"population": "share_population", "area": "share_area"}
_OF_EVENT = ("effective_date", "decree", "decree_date", "source", "confidence")


@dataclass(frozen=True, slots=True)
class Decree:
    """The decree behind the changes of one tier on one day, in one province or in all.

    Attributes:
        tier: Tier of the units it changes.
        province_code: Code of the province, on the new map, whose units it changes; None for all.
        effective_date: Day of the change.
        decree: Number as written.
        decree_date: Day on which it was signed.
        source: Where it was read.
        confidence: How sure it is (`tables.CONFIDENCE`).
    """

    tier: Tier
    province_code: str | None
    effective_date: date
    decree: str
    decree_date: date
    source: str
    confidence: str


def load_decrees(paths: Sequence[Path]) -> tuple[Decree, ...]:
    """Read the decrees behind the changes that the units' own data file holds, from ours and a site's file.

    Raises:
        CatalogueError: with file, row and reason.
    """
    rows = read_all(paths, DECREE_COLUMNS)
    refuse_repeats(rows, "tier", "province_code", "effective_date", "decree")
    return tuple(
        Decree(
            Tier(row.choice("tier", [str(tier) for tier in Tier])), row.optional("province_code"),
            row.date("effective_date"), row.text("decree"), row.date("decree_date"), row.text("source"),
            row.confidence(),
        )
        for row in rows
    )  # fmt: skip


def load_unit_events(ledger: UnitLedger, paths: Sequence[Path]) -> tuple[UnitLedger, tuple[UnitEvent, ...]]:
    """Read event files and add what they say to the units.

    Args:
        ledger: The units of the data file.
        paths: Files of events, in any order; an event stands in one of them.

    Returns:
        The ledger with all events, and the events in order of their days.

    Raises:
        CatalogueError: with file, row and reason: a malformed row, rows of one event that differ in its day or decree,
            a decree without a date, or an event the units contradict.
    """
    rows = read_all(paths, UNIT_EVENT_COLUMNS)
    of_event: dict[str, list[Row]] = {}
    for row in rows:
        of_event.setdefault(row.code("event"), []).append(row)
    events = [_event(event_id, group) for event_id, group in of_event.items()]
    try:
        with garbage_collection_paused():
            changed = with_events(ledger, events)
    except UnitEventError as error:
        raise of_event[error.event_id][error.position or 0].error(error.reason) from error
    except UnitLedgerError as error:
        raise CatalogueError(_names(paths), None, f"with these events {error.reason}") from error
    return changed, tuple(sorted(events, key=lambda event: (event.effective_date, event.event_id)))


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(path.name for path in paths)


def _event(event_id: str, rows: Sequence[Row]) -> UnitEvent:
    first = rows[0]
    for row in rows:
        if row.file != first.file:
            raise row.error(f"event {event_id} stands in {first.file} already", "event")
        for name in _OF_EVENT:
            if row.optional(name) != first.optional(name):
                raise row.error(
                    f"{name} differs from line {first.number}: an event has one day and one decree", name
                )
    return UnitEvent(
        event_id=event_id,
        effective_date=first.date("effective_date"),
        decree=first.text("decree"),
        decree_date=first.date("decree_date"),
        changes=tuple(_change(row) for row in rows),
        source=first.text("source"),
        confidence=first.confidence(),
    )


def _change(row: Row) -> UnitChange:
    tier = row.optional("to_tier")
    if tier is not None:
        row.choice("to_tier", [str(each) for each in Tier])
    return UnitChange(
        kind=ChangeKind(row.choice("change", [str(kind) for kind in ChangeKind])),
        unit=row.text("unit"),
        to_code=row.optional("to_code") or "",
        to_tier=Tier(tier) if tier else None,
        to_type=row.optional("to_type") or "",
        to_name=row.optional("to_name") or "",
        to_parent=row.optional("to_parent") or "",
        shares=dict(_shares(row)),
    )


def _shares(row: Row) -> Iterable[tuple[str, Decimal]]:
    for kind, column in _SHARES.items():
        share = row.optional_decimal(column)
        if share is None:
            continue
        if not 0 < share < 1:
            raise row.error(f"{column} must lie between 0 and 1, not {share}", column)
        yield kind, share
