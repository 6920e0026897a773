"""The register as a book to look things up in: who has which certificate on a day, and what lapses when.

Belongs here: reading published tables into plain data, as of any day. What a certificate is worth on a day is read from
the products' history (`core.product_history`: the clock of `domain/certificates.py`, by the events up to that day) and
not from a month's publication. Does not: doubts about names and decisions on them (`review.py`), printing.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.certificates import (
    RECOGNITIONS,
    CertificateState,
    EventKind,
    Level,
    Star,
    add_months,
    next_round,
)
from ocop_pipeline.domain.spelling import decomposed, without_accents
from ocop_pipeline.domain.standing import standing
from ocop_pipeline.domain.units import UnitLedger, UnitVersion, UnknownUnitError
from ocop_pipeline.register.identity import PRODUCER, PRODUCT
from ocop_pipeline.register.spelling import producer_key, product_key
from ocop_pipeline.warehouse.figures import NoRegisterError

Rows = Callable[[str, Sequence[Any]], Sequence[Mapping[str, Any]]]
"""A SELECT with `?` places and their values in; rows as mappings by column name out."""

HORIZONS: Final = (3, 6, 12)
"""Months in which the work list of lapsing certificates is divided."""
STATES: Final = (CertificateState.VALID, CertificateState.EXPIRED, CertificateState.REVOKED)
SHORTEST_ID: Final = 4
"""Fewest characters that are taken for the beginning of an id: fewer fit too many."""

_ONE_DAY = timedelta(days=1)
_NEEDED = frozenset(
    (
        "core.recognitions",
        "core.recognition_groups",
        "core.product_events",
        "core.product_history",
        "core.certificates",
        "core.producers",
        "core.listings",
        "core.kept_names",
        "register.identities",
        "register.doubts",
    )
)
_HEX = frozenset("0123456789abcdef")
_PLACE_IN_DAY: Final = {
    EventKind.CORRECTION: 0, EventKind.EXTENSION: 1, EventKind.REVOCATION: 2, EventKind.NOT_RECOGNISED: 3,
    **dict.fromkeys(RECOGNITIONS, 4), EventKind.TRANSFER: 5,
}  # fmt: skip
"""In which order the events of one day count."""
_MAY_BE_IDLE: Final = frozenset({EventKind.CORRECTION, EventKind.EXTENSION, EventKind.REVOCATION})
_ABOUT_TERM: Final = RECOGNITIONS | {EventKind.CORRECTION, EventKind.EXTENSION}
"""The kinds that give or change an expiry."""
# What a day finds: the row of each product's history that lasts over it, with the recognition behind it. What a
# correction says should never have been recognised is not among them.
_STANDING = """
    SELECT
        h.product_id, h.home_id, h.decision_date, h.star, h.expiry_date, h.ending_kind, h.ended_on,
        h.ending_decision_no, h.producer_id, h.producer_name, e.product_name,
        CASE WHEN h.producer_id = e.producer_id THEN e.producer_type ELSE o.producer_type END AS producer_type,
        g.product_group, e.unit_id, e.recognising_level, e.issuing_body, e.decision_no, e.submission_id, e.sheet,
        e.cell, s.file_name
    FROM core.product_history AS h
    JOIN core.recognitions AS e
        ON e.product_id = h.product_id AND e.decision_date = h.decision_date AND e.unit_id = h.listed_unit_id
    LEFT JOIN core.producers AS o ON o.producer_id = h.producer_id
    LEFT JOIN core.recognition_groups AS g
        ON g.product_id = e.product_id AND g.decision_date = e.decision_date AND g.unit_id = e.unit_id
        AND g.list_version = ?
    LEFT JOIN raw.submissions AS s ON s.submission_id = e.submission_id
    WHERE h.event_date <= ? AND COALESCE(h.next_event_date > ?, TRUE)
        AND COALESCE(h.ending_kind, 'revocation') = 'revocation'
"""
# Everything told of a product, recognitions and the rest, and what the certificate was worth after it and before.
_TOLD = """
    SELECT
        t.product_id, t.kind, t.star, t.decision_date, t.decision_no, t.issuing_body, t.level, t.producer_id,
        t.producer_name, t.unit_id, t.submission_id, t.sheet, t.cell, s.file_name, t.new_unit_id,
        h.expiry_date, h.star AS star_after, h.ending_kind, h.event_date = t.decision_date AS is_new,
        b.expiry_date AS expiry_before, b.star AS star_before, b.ending_kind AS ending_before
    FROM (
        SELECT
            e.product_id, c.recognition_kind AS kind, e.star, e.decision_date, e.decision_no, e.issuing_body,
            e.recognising_level AS level, e.producer_id, e.producer_name, e.unit_id, e.submission_id, e.sheet, e.cell,
            NULL AS new_unit_id
        FROM core.recognitions AS e
        JOIN core.certificates AS c ON c.product_id = e.product_id AND c.decision_date = e.decision_date
        UNION ALL
        SELECT
            product_id, event_kind, star, event_date, decision_no, issuing_body, issuing_level,
            COALESCE(new_producer_id, producer_id),
            CASE WHEN new_producer_id IS NULL THEN producer_name ELSE new_producer_name END, unit_id,
            submission_id, sheet, cell, new_unit_id
        FROM core.product_events
    ) AS t
    LEFT JOIN core.product_history AS h
        ON h.product_id = t.product_id AND h.event_date <= t.decision_date
        AND COALESCE(h.next_event_date > t.decision_date, TRUE)
    LEFT JOIN core.product_history AS b
        ON b.product_id = t.product_id AND b.next_event_date = h.event_date
    LEFT JOIN raw.submissions AS s ON s.submission_id = t.submission_id
    WHERE t.product_id = ?
    ORDER BY t.decision_date, t.submission_id, t.sheet, t.cell, t.unit_id
"""
_HOMES = """
    SELECT product_id, home_id, LIST(DISTINCT unit_id) AS unit_ids
    FROM (
        SELECT product_id, home_id, unit_id FROM core.recognitions
        UNION
        SELECT product_id, new_home_id, COALESCE(new_unit_id, new_home_id)
        FROM core.product_events
        WHERE event_kind = 'transfer' AND new_home_id IS NOT NULL
    )
    GROUP BY product_id, home_id
"""
_LISTED = """
    SELECT
        COALESCE(product.identity_id, l.listed_product_id) AS product_id,
        COALESCE(producer.identity_id, l.listed_producer_id) AS producer_id,
        l.listed_product_id, l.listed_producer_id, l.unit_id, l.home_id, l.product_name, l.product_key,
        COALESCE(l.producer_name, '') AS producer_name, l.producer_key, COUNT(*) AS line_count
    FROM core.listings AS l
    LEFT JOIN register.identities AS product
        ON product.name_kind = 'product' AND product.listed_id = l.listed_product_id
    LEFT JOIN register.identities AS producer
        ON producer.name_kind = 'producer' AND producer.listed_id = l.listed_producer_id
    GROUP BY ALL
    ORDER BY ALL
"""


_KEPT = "SELECT name_kind, identity_id, kept_name FROM core.kept_names"


@dataclass(frozen=True, slots=True)
class Source:
    """The line of a file that tells of an event, and the unit it was listed for, by its name when it was decided."""

    unit_id: str
    unit_name: str
    submission_id: str
    file: str | None
    sheet: str | None
    cell: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A product with its certificate, as of a day.

    Attributes:
        product_name, producer_name: As the latest decision by the day has them; where people said that several names
            are one, the name that was kept.
        product_group: Sector of the list in force on the day; `unconverted` or `unknown` where none is certain.
        unit_id, unit_name: Where it is on the map of the day.
        star: As recognised last, or as corrected.
        decision_no, decision_date, issuing_body, recognising_level: Of the latest recognition by the day.
        expiry_date: First day without validity, by the term and what extensions and corrections made of it.
        state: What the certificate is worth at the end of the day.
        ended_on: First day it is worth nothing, its expiry or the day it was revoked; None while it is valid.
        ending_decision_no: Number of the decision that revoked it; None where it was not revoked.
        source: One line that tells of the decision.
    """

    product_id: str
    product_name: str
    producer_id: str
    producer_name: str | None
    producer_type: str | None
    product_group: str | None
    unit_id: str
    unit_name: str
    star: Star
    decision_no: str | None
    decision_date: date
    issuing_body: str | None
    recognising_level: str | None
    expiry_date: date
    state: CertificateState
    ended_on: date | None
    ending_decision_no: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries are wanted; what is left out is not asked.

    `product_group` is a sector of the day's list, or what stands for none.
    """

    unit_id: str | None = None
    state: CertificateState | None = None
    star: Star | None = None
    product_group: str | None = None
    producer_type: str | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether an entry of the unit is wanted."""
        asked = (
            (self.state, entry.state),
            (self.star, entry.star),
            (self.product_group, entry.product_group),
            (self.producer_type, entry.producer_type),
        )
        return all(wanted in (None, found) for wanted, found in asked)


@dataclass(frozen=True, slots=True)
class Lapse:
    """A valid certificate that lapses soon.

    Attributes:
        within_months: The shortest of `HORIZONS` it lapses in; the months asked for where none reaches so far.
        level: Who evaluates a product of this star under the rules of the day; None where that is not known.
        round_date: The last evaluation round that still fits; None when there is none.
        round_known: Whether the catalogue has dated rounds of that level for the time left: None of `round_date`
            then means that none fits any more, else that no day is known.
    """

    entry: Entry
    within_months: int
    level: Level | None
    round_date: date | None
    round_known: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a product's history.

    Attributes:
        kind: As `domain.certificates.EventKind`.
        star: The star given; of a correction the right one, `none` where there should have been no recognition or
            was none; None where the event is about no star.
        expiry_date: First day without validity as the event leaves it; None where there is no certificate, or
            the event is not about one.
        unit_id, unit_name: The unit that lists it and stood on that day; None where only a later unit does. Of a
            transfer to another commune that commune.
        producer_id, producer_name: Whose it was then; of a transfer the new one.
        has_effect: Whether it changed anything: an extension after the lapse does not, nor does a revocation of
            what was no longer valid.
        sources: A line of every unit that tells of it.
    """

    kind: str
    star: str | None
    decision_date: date
    decision_no: str | None
    issuing_body: str | None
    recognising_level: str | None
    expiry_date: date | None
    unit_id: str | None
    unit_name: str | None
    producer_id: str
    producer_name: str | None
    has_effect: bool
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One way a product is written in the registers of one unit, in how many lines of files that count."""

    product_id: str
    producer_id: str
    listed_product_id: str
    listed_producer_id: str
    unit_id: str
    home_id: str
    product_name: str
    product_key: str
    producer_name: str
    producer_key: str
    line_count: int

    def id_of(self, kind: str) -> str:
        """The id of its product or producer."""
        return self.product_id if kind == PRODUCT else self.producer_id


@dataclass(frozen=True, slots=True)
class Hit:
    """A product or producer that a text may mean. A product's `name` is its own, a producer has no `producer_name`."""

    kind: str
    identity: str
    name: str
    producer_name: str | None
    unit_id: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a text means: `certain` by id or by a spelling of the name, else `similar` ones, which only resemble it."""

    certain: tuple[Hit, ...]
    similar: tuple[Hit, ...]


class Places:
    """Where products are on the map of a day; the rule of `sql/core/product_places.sql`, for any day."""

    def __init__(self, units: UnitLedger, on: date) -> None:
        self._units, self._on = units, on
        self._known: dict[frozenset[str], str] = {}

    def of(self, unit_ids: Iterable[str]) -> str:
        """The unit a product is of that these units list.

        The unit that lists it, else what stands for one that did on the day (`domain/standing.py`); where nothing of
        it is known, the first that listed it.
        """
        listed = frozenset(unit_ids)
        if listed not in self._known:
            self._known[listed] = self._found(listed)
        return self._known[listed]

    def within(self, unit_id: str) -> frozenset[str]:
        """The ids of a unit and of all units below it on the day; raises UnknownUnitError."""
        below = self._units.descendants(unit_id, self._on)
        return frozenset((unit_id, *(unit.unit_id for unit in below)))

    def name(self, unit_id: str) -> str:
        """Its full name on the day; of a unit that does not stand then, the last one it had; its id when unknown."""
        versions = self._versions(unit_id)
        standing = [unit for unit in versions if unit.in_force(self._on)] or list(versions[-1:])
        return standing[0].full_name if standing else unit_id

    def code(self, unit_id: str) -> str:
        """Its official code, for sorting."""
        versions = self._versions(unit_id)
        return versions[-1].code if versions else ""

    def stands(self, unit_id: str) -> bool:
        """Whether it is on the map of the day."""
        return any(unit.in_force(self._on) for unit in self._versions(unit_id))

    def _found(self, listed: Collection[str]) -> str:
        standing_for = [standing(self._units, each, self._on) for each in listed if self._versions(each)]
        if not standing_for:
            return min(listed)
        return min(standing_for, key=lambda each: (each.choice, each.unit_id)).unit_id

    def _versions(self, unit_id: str) -> tuple[UnitVersion, ...]:
        try:
            return self._units.versions(unit_id)
        except UnknownUnitError:  # the catalogue may have lost a unit since
            return ()


class Book:
    """Reads the register out of the published tables."""

    def __init__(self, rows: Rows, catalogue: Catalogue) -> None:
        """Open the book.

        Raises:
            NoRegisterError: no run has made the register yet.
        """
        self._rows, self._catalogue = rows, catalogue
        require_register(rows)

    def entries(self, on: date, selection: Selection | None = None) -> list[Entry]:
        """The products recognised by a day, by unit, producer and name.

        Args:
            on: The day; what was decided later says nothing about it.
            selection: What is wanted; everything when None.

        Raises:
            UnknownUnitError: the unit does not stand on that day.
        """
        wanted, places = selection or Selection(), Places(self._catalogue.units, on)
        within = places.within(wanted.unit_id) if wanted.unit_id is not None else None
        found = [
            entry
            for entry in self._entries(places, on)
            if wanted.takes(entry) and (within is None or entry.unit_id in within)
        ]
        return sorted(found, key=lambda entry: _by_unit(entry, places))

    def expiring(self, on: date, months: int, unit_id: str | None = None) -> list[Lapse]:
        """What is valid on a day and lapses within months of it, by unit, producer and day.

        Args:
            on: The day; a certificate that lapses the very day is worth nothing at its end and not among them.
            months: How far to look; the last day is that many months later.
            unit_id: Only its products and those below it.
        """
        valid = self.entries(on, Selection(unit_id, CertificateState.VALID))
        last, places = add_months(on, months), Places(self._catalogue.units, on)
        soon = [self._lapse(entry, on, months) for entry in valid if entry.expiry_date <= last]
        return sorted(soon, key=lambda lapse: (*_by_unit(lapse.entry, places)[:3], lapse.entry.expiry_date))

    def history(self, product_id: str) -> list[Happening]:
        """Everything that happened to a product, oldest first; on one day recognitions before transfers."""
        told: defaultdict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
        for row in self._rows(_TOLD, [product_id]):
            kind, star = row["kind"], row["star"]
            number = "" if kind in RECOGNITIONS else row["decision_no"] or ""
            told[
                row["decision_date"], _PLACE_IN_DAY[kind], Star(star).rank if star else 0, number, kind
            ].append(row)
        return [self._happening(told[key]) for key in sorted(told)]

    def entry_of(self, product_id: str, on: date) -> Entry | None:
        """One product as of a day; None when it was not recognised by then."""
        places = Places(self._catalogue.units, on)
        return next(iter(self._entries(places, on, "h.product_id = ?", product_id)), None)

    def entries_of(self, producer_id: str, on: date) -> list[Entry]:
        """The products that are a producer's as of a day."""
        places = Places(self._catalogue.units, on)
        entries = self._entries(places, on, "h.producer_id = ?", producer_id)
        return sorted(entries, key=lambda entry: _by_unit(entry, places))

    @cached_property
    def listed(self) -> tuple[Listed, ...]:
        """Every way products are written, unit by unit, in a fixed order."""
        return tuple(Listed(**row) for row in self._rows(_LISTED, []))

    def find(self, text: str, on: date) -> Found:
        """The products and producers that a text means.

        Args:
            text: The beginning of an id, or a name in any spelling.
            on: Day on whose map units are named.
        """
        certain = self._hits(lambda each, kind: self._is_meant(each, kind, text), on)
        if certain:
            return Found(certain, ())
        wanted = _loose(text)
        similar = self._hits(lambda each, kind: wanted in _loose(_name(each, kind)), on) if wanted else ()
        return Found((), similar)

    @cached_property
    def _listed_at(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """(product, commune of today) -> the units that list it there, or that it was transferred to."""
        return {(row["product_id"], row["home_id"]): tuple(row["unit_ids"]) for row in self._rows(_HOMES, [])}

    def _entries(self, places: Places, on: date, condition: str = "TRUE", *values: str) -> list[Entry]:
        """The entries of the products that fit a condition, in no order."""
        version = self._catalogue.groups.version_on(on) or ""
        rows = self._rows(f"{_STANDING} AND {condition}", [version, on, on, *values])
        return [self._entry(row, places, on) for row in rows]

    def _entry(self, row: Mapping[str, Any], places: Places, on: date) -> Entry:
        unit_id = places.of(self._listed_at[row["product_id"], row["home_id"]])
        state = CertificateState.VALID if row["expiry_date"] > on else CertificateState.EXPIRED
        if row["ending_kind"]:
            state = CertificateState.REVOKED
        ended_on = row["ended_on"] if row["ending_kind"] else row["expiry_date"]
        producer = self._name_of(PRODUCER, row["producer_id"], row["producer_name"] or "")
        return Entry(
            product_id=row["product_id"],
            product_name=self._name_of(PRODUCT, row["product_id"], row["product_name"]),
            producer_id=row["producer_id"],
            producer_name=producer or None,
            producer_type=row["producer_type"],
            product_group=row["product_group"],
            unit_id=unit_id,
            unit_name=places.name(unit_id),
            star=Star(row["star"]),
            decision_no=row["decision_no"],
            decision_date=row["decision_date"],
            issuing_body=row["issuing_body"],
            recognising_level=row["recognising_level"],
            expiry_date=row["expiry_date"],
            state=state,
            ended_on=None if state is CertificateState.VALID else ended_on,
            ending_decision_no=row["ending_decision_no"],
            source=self._source(row),
        )

    @cached_property
    def _kept(self) -> dict[tuple[str, str], str]:
        """(kind, id) -> the name kept, of what people said is one."""
        return {(row["name_kind"], row["identity_id"]): row["kept_name"] for row in self._rows(_KEPT, [])}

    def _name_of(self, kind: str, identity: str, written: str) -> str:
        """The name of a product or producer: as written, unless another one was kept for it."""
        return self._kept.get((kind, identity), written)

    def _lapse(self, entry: Entry, on: date, months: int) -> Lapse:
        rules = self._catalogue.certificates
        level = rules.regimes.on(on).levels.get(entry.star)
        horizon = next((each for each in HORIZONS if entry.expiry_date <= add_months(on, each)), months)
        if level is None:
            return Lapse(entry, min(horizon, months), None, None, round_known=False)
        last = entry.expiry_date - _ONE_DAY
        known = any(
            held.level is level
            and (held.valid_from or date.min) <= last
            and on <= (held.valid_to or date.max)
            for held in rules.rounds
        )
        fits = next_round(rules.rounds, entry.expiry_date, on, level)
        return Lapse(entry, min(horizon, months), level, fits, known)

    def _happening(self, rows: Sequence[Mapping[str, Any]]) -> Happening:
        first = rows[0]
        places = Places(self._catalogue.units, first["decision_date"])
        standing = (row["unit_id"] for row in rows if places.stands(row["unit_id"]))
        unit_id = first["new_unit_id"] or next(standing, None)
        return Happening(
            kind=first["kind"],
            star=first["star"],
            decision_date=first["decision_date"],
            decision_no=first["decision_no"],
            issuing_body=first["issuing_body"],
            recognising_level=first["level"],
            expiry_date=first["expiry_date"] if first["kind"] in _ABOUT_TERM else None,
            unit_id=unit_id,
            unit_name=places.name(unit_id) if unit_id else None,
            producer_id=first["producer_id"],
            producer_name=first["producer_name"],
            has_effect=first["kind"] not in _MAY_BE_IDLE or _changed(first),
            sources=tuple(self._source(row) for row in rows),
        )

    def _source(self, row: Mapping[str, Any]) -> Source:
        name = Places(self._catalogue.units, row["decision_date"]).name(row["unit_id"])
        return Source(row["unit_id"], name, row["submission_id"], row["file_name"], row["sheet"], row["cell"])

    def _is_meant(self, each: Listed, kind: str, text: str) -> bool:
        start = text.strip().lower()
        if len(start) >= SHORTEST_ID and _HEX.issuperset(start):
            ids = (
                (each.product_id, each.listed_product_id)
                if kind == PRODUCT
                else (each.producer_id, each.listed_producer_id)
            )
            if any(known.startswith(start) for known in ids):
                return True
        if kind == PRODUCT:
            return bool(key := product_key(text)) and each.product_key == key
        key = producer_key(text, self._catalogue.names).key
        return bool(key) and each.producer_key == key

    def _hits(self, is_meant: Callable[[Listed, str], bool], on: date) -> tuple[Hit, ...]:
        found: dict[tuple[str, str], list[Listed]] = {}
        for each in self.listed:
            for kind in (PRODUCT, PRODUCER):
                if is_meant(each, kind):
                    found.setdefault((kind, each.id_of(kind)), []).append(each)
        places = Places(self._catalogue.units, on)
        hits = []
        for (kind, identity), lines in found.items():
            home = places.of({each.home_id for each in lines})
            name = self._name_of(kind, identity, _name(lines[0], kind))
            owner = self._name_of(PRODUCER, lines[0].producer_id, lines[0].producer_name) or None
            owner = owner if kind == PRODUCT else None
            hits.append(Hit(kind, identity, name, owner, home, places.name(home)))
        return tuple(sorted(hits, key=lambda hit: (hit.kind, hit.name, hit.unit_name, hit.identity)))


def require_register(rows: Rows) -> None:
    """Refuse a warehouse in which no run has made the register.

    Raises:
        NoRegisterError: in that case; names what is missing.
    """
    tables = rows("SELECT schema_name || '.' || table_name AS name FROM duckdb_tables()", [])
    if missing := _NEEDED - {row["name"] for row in tables}:
        raise NoRegisterError(missing)


def _changed(row: Mapping[str, Any]) -> bool:
    """Whether the certificate is another one after an event of its day than before it."""
    after = (row["expiry_date"], row["star_after"], row["ending_kind"])
    return bool(row["is_new"]) and after != (row["expiry_before"], row["star_before"], row["ending_before"])


def _by_unit(entry: Entry, places: Places) -> tuple[str, str, str, str, str]:
    return (
        places.code(entry.unit_id),
        entry.unit_id,
        entry.producer_name or "",
        entry.product_name,
        entry.product_id,
    )


def _name(each: Listed, kind: str) -> str:
    return each.product_name if kind == PRODUCT else each.producer_name


def _loose(text: str) -> str:
    """A text for finding what resembles it: without accents and case."""
    return without_accents(decomposed(text))
