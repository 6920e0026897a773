"""The ledger: what arrived, what became of it, what was issued and sent. Rows are added, never changed.

A file of its own (SQLite) beside the warehouse, for two reasons: DuckDB locks its file to one process, and
`ocop status` must be readable while a run writes; and the warehouse must be rebuildable from archive, ledger
and catalogue, so none of the three may live in it. Belongs here: writing down and looking up. Does not:
deciding.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from ocop_pipeline.domain.findings import Finding, Repair, Severity, Verdict

FileKey = tuple[str, int, int]
"""Path below the inbox as a Python literal, size in bytes, time of last change in nanoseconds."""

_BUSY_SECONDS = 30.0
_SCHEMA_VERSION = 7
_TABLES = (
    "arrivals",
    "sightings",
    "refusals",
    "verdicts",
    "issues",
    "deliveries",
    "name_decisions",
    "imports",
    "withdrawals",
    "reviews",
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS arrivals (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
    size_bytes INTEGER NOT NULL,
    received_at TEXT NOT NULL,
    modified_at TEXT NOT NULL,
    channel TEXT NOT NULL,
    folder TEXT NOT NULL,
    display_name TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS sightings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    original TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES arrivals (sha256),
    seen_at TEXT NOT NULL,
    UNIQUE (original, size_bytes, modified_ns, sha256)
) STRICT;
CREATE TABLE IF NOT EXISTS refusals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    original TEXT NOT NULL,
    code TEXT NOT NULL,
    args TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    UNIQUE (original, code, args)
) STRICT;
CREATE TABLE IF NOT EXISTS verdicts (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL REFERENCES arrivals (sha256),
    judged_at TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'returned', 'set_aside')),
    form TEXT NOT NULL,
    layout TEXT NOT NULL,
    unit_id TEXT NOT NULL,
    agency TEXT NOT NULL,
    period TEXT NOT NULL,
    reported_on TEXT,
    rules_version TEXT NOT NULL,
    catalogue_hash TEXT NOT NULL,
    findings TEXT NOT NULL,
    repairs TEXT NOT NULL DEFAULT '[]',
    not_run TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS verdicts_by_file ON verdicts (sha256, sequence);
CREATE INDEX IF NOT EXISTS verdicts_by_period ON verdicts (period);
CREATE TABLE IF NOT EXISTS issues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    period TEXT NOT NULL,
    unit_id TEXT NOT NULL,
    report TEXT NOT NULL,
    number INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    manifest TEXT NOT NULL,
    issued_at TEXT NOT NULL,
    UNIQUE (period, unit_id, report, number)
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('intent', 'sent', 'uncertain', 'deferred', 'unreached', 'failed', 'released')),
    at TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_by_document ON deliveries (document_id);
CREATE TABLE IF NOT EXISTS name_decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name_kind TEXT NOT NULL CHECK (name_kind IN ('product', 'producer')),
    left_unit_id TEXT NOT NULL,
    left_producer TEXT NOT NULL,
    left_product TEXT NOT NULL,
    right_unit_id TEXT NOT NULL,
    right_producer TEXT NOT NULL,
    right_product TEXT NOT NULL,
    is_same INTEGER NOT NULL CHECK (is_same IN (0, 1)),
    decided_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS imports (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    submission_id TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    display_name TEXT NOT NULL,
    imported_at TEXT NOT NULL,
    form TEXT NOT NULL,
    period TEXT NOT NULL,
    unit_id TEXT NOT NULL,
    list_key TEXT NOT NULL,
    told TEXT NOT NULL,
    catalogue_hash TEXT NOT NULL,
    findings TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS withdrawals (
    submission_id TEXT PRIMARY KEY REFERENCES imports (submission_id),
    withdrawn_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    withdrawn_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS reviews (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL REFERENCES arrivals (sha256),
    decision TEXT NOT NULL CHECK (decision IN ('accept', 'return')),
    unit_id TEXT NOT NULL,
    agency TEXT NOT NULL,
    period TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    verdict_row INTEGER NOT NULL REFERENCES verdicts (sequence)
) STRICT;
"""
_LATEST = "v.sequence = (SELECT MAX(w.sequence) FROM verdicts AS w WHERE w.sha256 = v.sha256)"


class LedgerError(Exception):
    """The ledger cannot be opened or was written by a newer version; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ArrivalRecord:
    """Bytes that arrived, at their first sighting. `sequence` is the order of arrival; times are UTC."""

    sha256: str
    size_bytes: int
    received_at: datetime
    modified_at: datetime
    channel: str
    folder: str
    display_name: str
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A path under which bytes were seen. The same bytes under a second path are a duplicate, no arrival."""

    original: str
    size_bytes: int
    modified_ns: int
    sha256: str
    seen_at: datetime

    @property
    def file_key(self) -> FileKey:
        """What a scan compares to spare itself reading the file again."""
        return self.original, self.size_bytes, self.modified_ns


@dataclass(frozen=True, slots=True)
class RefusalRecord:
    """Something in the inbox that was not taken, and why."""

    original: str
    code: str
    args: Mapping[str, str | int]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """What became of a file, under which rules. Empty texts stand where it could not be told whose it is.

    `sequence` is the place of the file's first verdict among all verdicts, which is the order in which files
    supersede each other: judging an old file again does not make it newer. `not_run` are codes of the rules that had
    nothing earlier to compare the report with; None where nobody wrote that down.
    """

    sha256: str
    judged_at: datetime
    verdict: Verdict
    form: str
    layout: str
    unit_id: str
    agency: str
    period: str
    rules_version: str
    catalogue_hash: str
    findings: tuple[Finding, ...]
    reported_on: str | None = None
    sequence: int = 0
    repairs: tuple[Repair, ...] = ()
    not_run: tuple[str, ...] | None = None

    @property
    def duty(self) -> tuple[str, str, str, str]:
        """What only one accepted file can fulfil at a time: form, unit, department, month."""
        return self.form, self.unit_id, self.agency, self.period


@dataclass(frozen=True, slots=True)
class IssueRecord:
    """A document that was released: which report of which unit and period, and the digest of its content."""

    period: str
    unit_id: str
    report: str
    number: int
    sha256: str
    manifest: str
    issued_at: datetime


class DeliveryEntry(Protocol):
    """What delivery writes down: an intent before handing a document over, an outcome after it."""

    @property
    def document_id(self) -> str:
        """SHA-256 of the document."""

    @property
    def channel(self) -> str:
        """How it goes: "folder" or "smtp"."""

    @property
    def recipient(self) -> str:
        """The folder, or the address."""

    @property
    def state(self) -> str:
        """What happened: one of the states of the table `deliveries`."""

    @property
    def at(self) -> datetime:
        """When, with its time zone."""

    @property
    def detail(self) -> str:
        """Why, in a few words."""


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One entry on a delivery, as it was written down (see `DeliveryEntry`)."""

    document_id: str
    channel: str
    recipient: str
    state: str
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ListedName:
    """A product or producer as a register of a unit writes it; `product` is blank for a producer."""

    unit_id: str
    producer: str
    product: str = ""


@dataclass(frozen=True, slots=True)
class NameDecision:
    """What a person decided on two names: one and the same (then known as the left), or two.

    Written down as the names stood in the registers, never as ids: ids follow from spelling rules and from the map of
    today, and a decision must outlive both.
    """

    name_kind: str
    left: ListedName
    right: ListedName
    is_same: bool
    decided_by: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """A list that a person handed over with what they said of it.

    Attributes:
        submission_id: Names bytes and what was said of them together: the same file can be two imports.
        sha256: Digest of the archived bytes.
        display_name: Name of the file as it may be shown to people.
        imported_at: When.
        form: Form of the list.
        period: Month it counts from.
        unit_id: Unit that hands it over.
        list_key: Which list of the unit it is, empty for a register: kind, number and date of a decision. A later
            import of one form, unit, period and key takes the place of the earlier.
        told: What was said of the file, as texts; nothing of it can be read out of the file.
        catalogue_hash: The catalogue it was read with.
        findings: What was doubtful.
        sequence: Order of import.
    """

    submission_id: str
    sha256: str
    display_name: str
    imported_at: datetime
    form: str
    period: str
    unit_id: str
    list_key: str
    told: Mapping[str, str]
    catalogue_hash: str
    findings: tuple[Finding, ...]
    sequence: int = 0

    @property
    def duty(self) -> tuple[str, str, str, str]:
        """What only the latest import stands for."""
        return self.form, self.unit_id, self.period, self.list_key


@dataclass(frozen=True, slots=True)
class WithdrawalRecord:
    """An imported list that counts no more: who took it back, why and when."""

    submission_id: str
    withdrawn_by: str
    reason: str
    withdrawn_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """What a person decided on a file that waited for one.

    Attributes:
        sha256: The file.
        decision: "accept" or "return".
        decided_by: Who.
        reason: Why; blank where an acceptance needs none.
        decided_at: When. It is about the verdict that stood then; a later verdict is another matter.
        unit_id: Whose report it is, where that was in doubt and is told; else blank.
        agency: Which department's, for a form that departments send.
        period: Of which month, told with the unit.
    """

    sha256: str
    decision: str
    decided_by: str
    reason: str
    decided_at: datetime
    unit_id: str = ""
    agency: str = ""
    period: str = ""


class Ledger:
    """The ledger of one deployment. Use it as a context manager, from one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger, making it when it is not there.

        Raises:
            LedgerError: it is no ledger, was written by a newer version, or its folder cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(f"{path} cannot be opened as a ledger: {error}") from error
        try:
            _prepare(connection, path)
        except sqlite3.Error as error:
            connection.close()
            raise LedgerError(f"{path} cannot be opened as a ledger: {error}") from error
        except LedgerError:
            connection.close()
            raise
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------------------------- writing

    def record_arrivals(self, arrivals: Iterable[ArrivalRecord], sightings: Iterable[Sighting]) -> None:
        """Write down what arrived and under which paths, all or nothing; what is known is left as it is."""
        with self._transaction() as cursor:
            cursor.executemany(
                "INSERT INTO arrivals "
                "(sha256, size_bytes, received_at, modified_at, channel, folder, display_name) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [
                    (
                        a.sha256,
                        a.size_bytes,
                        _text(a.received_at),
                        _text(a.modified_at),
                        a.channel,
                        a.folder,
                        a.display_name,
                    )
                    for a in arrivals
                ],
            )
            cursor.executemany(
                "INSERT INTO sightings (original, size_bytes, modified_ns, sha256, seen_at) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(s.original, s.size_bytes, s.modified_ns, s.sha256, _text(s.seen_at)) for s in sightings],
            )

    def record_refusals(self, refusals: Iterable[RefusalRecord]) -> None:
        """Write down what was not taken; the same refusal of the same path once."""
        with self._transaction() as cursor:
            cursor.executemany(
                "INSERT INTO refusals (original, code, args, seen_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                [(r.original, r.code, _json(dict(r.args)), _text(r.seen_at)) for r in refusals],
            )

    def record_verdicts(self, verdicts: Iterable[VerdictRecord]) -> dict[str, int]:
        """Write verdicts down, all or nothing, in the order in which later files supersede earlier ones.

        Returns:
            Digest -> `VerdictRecord.sequence` of the files.
        """
        with self._transaction() as cursor:
            before = cursor.execute("SELECT COALESCE(MAX(sequence), 0) FROM verdicts").fetchone()[0]
            cursor.executemany(_INSERT_VERDICT, map(_verdict_row, verdicts))
            rows = cursor.execute(
                "SELECT sha256, MIN(sequence) FROM verdicts "
                "WHERE sha256 IN (SELECT sha256 FROM verdicts WHERE sequence > ?) GROUP BY sha256",
                (before,),
            )
            return dict(rows.fetchall())

    def record_issues(self, issues: Iterable[IssueRecord]) -> None:
        """Write down released documents.

        Raises:
            LedgerError: a report of this unit, period and number was issued before.
        """
        try:
            with self._transaction() as cursor:
                cursor.executemany(
                    "INSERT INTO issues (period, unit_id, report, number, sha256, manifest, issued_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (i.period, i.unit_id, i.report, i.number, i.sha256, i.manifest, _text(i.issued_at))
                        for i in issues
                    ],
                )
        except sqlite3.IntegrityError as error:
            raise LedgerError(f"issued before under the same number: {error}") from error

    def record_deliveries(self, entries: Sequence[DeliveryEntry]) -> None:
        """Write down what happened on deliveries, all or nothing; on disk when this returns."""
        with self._transaction() as cursor:
            cursor.executemany(
                "INSERT INTO deliveries (document_id, channel, recipient, state, at, detail) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (e.document_id, e.channel, e.recipient, str(e.state), _text(e.at), e.detail)
                    for e in entries
                ],
            )

    def record_name_decision(self, decision: NameDecision) -> None:
        """Write down what a person decided on two names; the latest decision on a pair counts."""
        names = (*astuple(decision.left), *astuple(decision.right))
        with self._transaction() as cursor:
            cursor.execute(
                "INSERT INTO name_decisions (name_kind, left_unit_id, left_producer, left_product, right_unit_id, "
                "right_producer, right_product, is_same, decided_by, reason, decided_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    decision.name_kind, *names, int(decision.is_same), decision.decided_by, decision.reason,
                    _text(decision.decided_at),
                ),
            )  # fmt: skip

    def record_imports(self, imports: Iterable[ImportRecord]) -> None:
        """Write down lists that were handed over, all or nothing.

        Raises:
            LedgerError: one of them was written down before.
        """
        try:
            with self._transaction() as cursor:
                cursor.executemany(
                    "INSERT INTO imports (submission_id, sha256, display_name, imported_at, form, period, unit_id, "
                    "list_key, told, catalogue_hash, findings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            i.submission_id, i.sha256, i.display_name, _text(i.imported_at), i.form, i.period,
                            i.unit_id, i.list_key, _json(dict(i.told)), i.catalogue_hash,
                            _findings_text(i.findings),
                        )
                        for i in imports
                    ],
                )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise LedgerError(f"imported before: {error}") from error

    def record_withdrawals(self, withdrawals: Iterable[WithdrawalRecord]) -> None:
        """Write down that imported lists count no more, all or nothing; the lists stay on record.

        Raises:
            LedgerError: one of them is unknown or was withdrawn before.
        """
        try:
            with self._transaction() as cursor:
                cursor.executemany(
                    "INSERT INTO withdrawals (submission_id, withdrawn_by, reason, withdrawn_at) VALUES (?, ?, ?, ?)",
                    [(w.submission_id, w.withdrawn_by, w.reason, _text(w.withdrawn_at)) for w in withdrawals],
                )
        except sqlite3.IntegrityError as error:
            raise LedgerError(f"cannot be withdrawn: {error}") from error

    def record_review(self, review: ReviewRecord, verdict: VerdictRecord | None = None) -> None:
        """Write down what a person decided on a file, with the verdict it leads to, if any; both or neither."""
        with self._transaction() as cursor:
            if verdict is not None:
                cursor.execute(_INSERT_VERDICT, _verdict_row(verdict))
            cursor.execute(
                "INSERT INTO reviews (sha256, decision, unit_id, agency, period, decided_by, reason, decided_at, "
                "verdict_row) SELECT ?, ?, ?, ?, ?, ?, ?, ?, MAX(sequence) FROM verdicts WHERE sha256 = ?",
                (
                    review.sha256, review.decision, review.unit_id, review.agency, review.period,
                    review.decided_by, review.reason, _text(review.decided_at), review.sha256,
                ),
            )  # fmt: skip

    # ------------------------------------------------------------------------------------- reading

    def known_sightings(self) -> dict[FileKey, str]:
        """File key -> digest of everything ever seen, for a scan to skip."""
        rows = self._connection.execute(
            "SELECT original, size_bytes, modified_ns, sha256 FROM sightings ORDER BY id"
        )
        return {(original, size, modified): sha256 for original, size, modified, sha256 in rows}

    def arrivals(self, digests: Collection[str] | None = None) -> list[ArrivalRecord]:
        """What arrived, in the order of arrival; of these digests only, when given."""
        rows = self._connection.execute(
            "SELECT sha256, size_bytes, received_at, modified_at, channel, folder, display_name, sequence "
            "FROM arrivals ORDER BY sequence"
        )
        wanted = None if digests is None else set(digests)
        return [
            ArrivalRecord(sha, size, _time(received), _time(modified), channel, folder, name, sequence)
            for sha, size, received, modified, channel, folder, name, sequence in rows
            if wanted is None or sha in wanted
        ]

    def unjudged(self) -> list[ArrivalRecord]:
        """What arrived and has no verdict yet: new, or left over from a run that was stopped."""
        rows = self._connection.execute(
            "SELECT a.sha256 FROM arrivals AS a "
            "WHERE NOT EXISTS (SELECT 1 FROM verdicts AS v WHERE v.sha256 = a.sha256)"
        )
        digests = {sha for (sha,) in rows}
        return self.arrivals(digests) if digests else []

    def latest_verdicts(self, period: str | None = None) -> list[VerdictRecord]:
        """The latest verdict on each file, in the order of verdicts; of one period only, when given."""
        return self._verdicts(_LATEST + (" AND v.period = ?" if period else ""), (period,) if period else ())

    def current_submissions(self, period: str | None = None) -> list[VerdictRecord]:
        """The accepted file that stands for each duty (form, unit, agency, period): the one accepted last."""
        standing: dict[tuple[str, str, str, str], VerdictRecord] = {}
        for verdict in sorted(self.latest_verdicts(period), key=lambda verdict: verdict.sequence):
            if verdict.verdict is Verdict.ACCEPTED:
                standing[verdict.duty] = verdict
        return sorted(standing.values(), key=lambda verdict: verdict.sequence)

    def verdicts_of(self, sha256: str) -> list[VerdictRecord]:
        """Every verdict ever passed on a file, oldest first."""
        return self._verdicts("v.sha256 = ?", (sha256,))

    def sightings_of(self, sha256: str) -> list[Sighting]:
        """Every path under which the bytes were seen, oldest first."""
        rows = self._connection.execute(
            "SELECT original, size_bytes, modified_ns, sha256, seen_at FROM sightings "
            "WHERE sha256 = ? ORDER BY id",
            (sha256,),
        )
        return [Sighting(path, size, modified, sha, _time(seen)) for path, size, modified, sha, seen in rows]

    def sightings(self) -> list[Sighting]:
        """Every path that was ever seen, oldest first."""
        rows = self._connection.execute(
            "SELECT original, size_bytes, modified_ns, sha256, seen_at FROM sightings ORDER BY id"
        )
        return [Sighting(path, size, modified, sha, _time(seen)) for path, size, modified, sha, seen in rows]

    def refusals(self) -> list[RefusalRecord]:
        """Everything that was not taken, oldest first."""
        rows = self._connection.execute("SELECT original, code, args, seen_at FROM refusals ORDER BY id")
        return [RefusalRecord(path, code, json.loads(args), _time(seen)) for path, code, args, seen in rows]

    def issues(self, period: str | None = None, unit_id: str | None = None) -> list[IssueRecord]:
        """Documents released, oldest first; of one period or unit only, when given."""
        rows = self._connection.execute(
            "SELECT period, unit_id, report, number, sha256, manifest, issued_at FROM issues "
            "WHERE (? IS NULL OR period = ?) AND (? IS NULL OR unit_id = ?) ORDER BY id",
            (period, period, unit_id, unit_id),
        )
        return [_issue(row) for row in rows]

    def delivery_entries(self, document_ids: Collection[str] | None = None) -> list[DeliveryRecord]:
        """The entries on these documents (None: on all), in the order they were written down."""
        rows = self._connection.execute(
            "SELECT document_id, channel, recipient, state, at, detail FROM deliveries ORDER BY id"
        )
        wanted = None if document_ids is None else set(document_ids)
        return [
            DeliveryRecord(document, channel, recipient, state, _time(at), detail)
            for document, channel, recipient, state, at, detail in rows
            if wanted is None or document in wanted
        ]

    def name_decisions(self) -> list[NameDecision]:
        """What was decided on names, oldest first."""
        rows = self._connection.execute(
            "SELECT name_kind, left_unit_id, left_producer, left_product, right_unit_id, right_producer, "
            "right_product, is_same, decided_by, reason, decided_at FROM name_decisions ORDER BY id"
        )
        return [
            NameDecision(
                kind, ListedName(*names[:3]), ListedName(*names[3:]), bool(same), who, why, _time(at)
            )
            for kind, *names, same, who, why, at in rows
        ]

    def imports(self, submission_ids: Collection[str] | None = None) -> list[ImportRecord]:
        """Lists that were handed over, oldest first; of these submissions only, when given."""
        rows = self._connection.execute(
            "SELECT submission_id, sha256, display_name, imported_at, form, period, unit_id, list_key, told, "
            "catalogue_hash, findings, sequence FROM imports ORDER BY sequence"
        )
        wanted = None if submission_ids is None else set(submission_ids)
        return [_import(row) for row in rows if wanted is None or row[0] in wanted]

    def withdrawals(self) -> dict[str, WithdrawalRecord]:
        """What was withdrawn, by submission."""
        rows = self._connection.execute(
            "SELECT submission_id, withdrawn_by, reason, withdrawn_at FROM withdrawals"
        )
        return {name: WithdrawalRecord(name, who, why, _time(at)) for name, who, why, at in rows}

    def reviews(self) -> list[ReviewRecord]:
        """What was decided on files, oldest first."""
        return self._reviews("TRUE")

    def reviewed(self) -> dict[str, ReviewRecord]:
        """File -> the last decision on it, where that is about the verdict that stands."""
        latest = "r.verdict_row = (SELECT MAX(v.sequence) FROM verdicts AS v WHERE v.sha256 = r.sha256)"
        return {review.sha256: review for review in self._reviews(latest)}

    def told_senders(self) -> dict[str, ReviewRecord]:
        """Files whose sender a person told and that were not judged since: they are to be judged again."""
        return {sha256: review for sha256, review in self.reviewed().items() if review.unit_id}

    def _reviews(self, where: str) -> list[ReviewRecord]:
        rows = self._connection.execute(
            "SELECT r.sha256, r.decision, r.decided_by, r.reason, r.decided_at, r.unit_id, r.agency, r.period "
            f"FROM reviews AS r WHERE {where} ORDER BY r.id"
        )
        return [
            ReviewRecord(sha256, decision, who, why, _time(at), *whose)
            for sha256, decision, who, why, at, *whose in rows
        ]

    def standing_imports(self) -> dict[tuple[str, str, str, str], ImportRecord]:
        """The list that counts for each duty: the one imported last and not withdrawn."""
        withdrawn = self.withdrawals()
        return {each.duty: each for each in self.imports() if each.submission_id not in withdrawn}

    # ------------------------------------------------------------------------------------- details

    def _verdicts(self, where: str, parameters: Sequence[Any]) -> list[VerdictRecord]:
        rows = self._connection.execute(
            "SELECT v.sha256, v.judged_at, v.verdict, v.form, v.layout, v.unit_id, v.agency, v.period, "
            "v.rules_version, v.catalogue_hash, v.findings, v.reported_on, "
            "(SELECT MIN(w.sequence) FROM verdicts AS w WHERE w.sha256 = v.sha256), v.repairs, v.not_run "
            f"FROM verdicts AS v WHERE {where} "
            "ORDER BY v.sequence",
            parameters,
        )
        return [_verdict(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        """One transaction: on disk when it ends, or not at all."""
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables and the triggers that keep every row as it was written."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        raise LedgerError(f"{path} was written by a newer version ({version}); update the program")
    # WAL: readers do not wait for the writer. FULL: what is written down is on disk, also after a power cut.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # So that REPLACE, which deletes, meets the triggers too.
    connection.execute("PRAGMA recursive_triggers = ON")
    if version == _SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    if 0 < version < 5:  # before what was read otherwise than written was kept
        connection.execute("ALTER TABLE verdicts ADD COLUMN repairs TEXT NOT NULL DEFAULT '[]'")
    if 0 < version < 7:  # before rules that could not be run were told
        connection.execute("ALTER TABLE verdicts ADD COLUMN not_run TEXT")
    for table in _TABLES:
        for verb in ("UPDATE", "DELETE"):
            connection.execute(
                f"CREATE TRIGGER IF NOT EXISTS no_{verb.lower()}_of_{table} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no {verb} of {table}'); END"
            )
    connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    connection.execute("COMMIT")


_INSERT_VERDICT = (
    "INSERT INTO verdicts (sha256, judged_at, verdict, form, layout, unit_id, agency, period, reported_on, "
    "rules_version, catalogue_hash, findings, repairs, not_run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _verdict_row(verdict: VerdictRecord) -> tuple[Any, ...]:
    return (
        verdict.sha256, _text(verdict.judged_at), str(verdict.verdict), verdict.form, verdict.layout, verdict.unit_id,
        verdict.agency, verdict.period, verdict.reported_on, verdict.rules_version, verdict.catalogue_hash,
        _findings_text(verdict.findings), _json([astuple(repair) for repair in verdict.repairs]),
        None if verdict.not_run is None else _json(verdict.not_run),
    )  # fmt: skip


def _verdict(row: Sequence[Any]) -> VerdictRecord:
    sha256, judged_at, verdict, form, layout, unit_id, agency, period = row[:8]
    rules_version, catalogue_hash, findings, reported_on, sequence, repairs, not_run = row[8:]
    return VerdictRecord(
        sha256, _time(judged_at), Verdict(verdict), form, layout, unit_id, agency, period, rules_version,
        catalogue_hash, _findings(findings), reported_on, sequence,
        tuple(Repair(*each) for each in json.loads(repairs)), None if not_run is None else tuple(json.loads(not_run)),
    )  # fmt: skip


def _import(row: Sequence[Any]) -> ImportRecord:
    submission_id, sha256, display_name, imported_at, form, period, unit_id, list_key = row[:8]
    told, catalogue_hash, findings, sequence = row[8:]
    return ImportRecord(
        submission_id, sha256, display_name, _time(imported_at), form, period, unit_id, list_key,
        json.loads(told), catalogue_hash, _findings(findings), sequence,
    )  # fmt: skip


def _issue(row: Sequence[Any]) -> IssueRecord:
    period, unit_id, report, number, sha256, manifest, issued_at = row
    return IssueRecord(period, unit_id, report, number, sha256, manifest, _time(issued_at))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _findings_text(findings: Iterable[Finding]) -> str:
    rows = ([f.code, str(f.severity), f.sheet, f.cell, f.args, *filter(None, [f.reason])] for f in findings)
    return _json(list(rows))


def _findings(text: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(code, Severity(severity), sheet, cell, args, *reason)
        for code, severity, sheet, cell, args, *reason in json.loads(text)
    )


def _text(moment: datetime) -> str:
    """UTC, to the microsecond; a time without zone is refused because nobody could tell what it means."""
    if moment.tzinfo is None:
        raise ValueError("the ledger keeps times with a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
