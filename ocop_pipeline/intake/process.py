"""One look into the inbox, from bytes to verdicts: archive, ledger, reading, recognising, judging.

Belongs here: the order of the steps and what each leaves behind when the process is killed after it. Does
not: the steps. The order is: bytes into the archive, arrivals into the ledger, verdicts into the ledger,
tables to the caller. A run that is stopped anywhere is made good by the next: what has arrived without a
verdict is judged then, and what has a verdict but is missing in the warehouse is read again from the archive
(`rebuild`).
"""

import hashlib
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.domain.findings import Finding, Verdict
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.archive import Archive, NotArchivedError
from ocop_pipeline.intake.cells import clean
from ocop_pipeline.intake.extract import Extract, ReadingSpec
from ocop_pipeline.intake.grid import MEBIBYTE, Unreadable, UnreadableCode
from ocop_pipeline.intake.inbox import Arrival, Refusal, Scan, display_name, scan
from ocop_pipeline.intake.judge import Judgement, Previous, cells_of, judge
from ocop_pipeline.intake.order import in_order
from ocop_pipeline.intake.parts import Part, PartOf, Parts, part_bytes, read_part, read_reports
from ocop_pipeline.intake.recognise import Identity, ToldSender, identify, identify_as
from ocop_pipeline.intake.register_import import restore
from ocop_pipeline.intake.review_queue import returned_by_review, sent_again
from ocop_pipeline.intake.sandbox import Item, read_many
from ocop_pipeline.intake.spec import reading_spec
from ocop_pipeline.intake.tables import CELLS_SCHEMA, Candidate, submissions_table
from ocop_pipeline.quality.rules import load_rules, rules_version
from ocop_pipeline.settings import Settings
from ocop_pipeline.templates.site_key import known_key
from ocop_pipeline.warehouse.ledger import ArrivalRecord, Ledger, RefusalRecord, Sighting, VerdictRecord
from ocop_pipeline.warehouse.reference import scope_units
from ocop_pipeline.warehouse.scratch import Spell

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""(what is being done, how many done, how many in all)."""
Result = Extract | Parts | Unreadable
"""What became of reading one file."""
PreviousOf = Callable[[Collection[str]], Previous]
"""Months whose published values are wanted -> what the warehouse holds of them."""

INBOX_CHANNEL, PART_CHANNEL = "inbox", "part"
HANDED_ON = 4 * MEBIBYTE
"""Files up to this size are read while the inbox is still being looked through; larger ones, which would pile up in
memory, from the archive afterwards."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one look into the inbox brought.

    Attributes:
        judgements: one a path that is new: accepted, returned, set aside or duplicate.
        refusals: everything in the inbox that was not taken, new or not.
        waiting: what is not complete yet; nothing is wrong with it.
        submissions: rows of raw.submissions for the accepted and returned files.
        cells: rows of raw.cells for the same.
        periods: months in which a file was accepted, in order: they have to be published again.
    """

    judgements: tuple[Judgement, ...]
    refusals: tuple[Refusal, ...]
    waiting: tuple[Refusal, ...]
    submissions: pa.Table = field(repr=False)
    cells: pa.Table = field(repr=False)
    periods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """Raw tables read again from the archive: files as they were judged, and imported lists by what was told of them.

    Attributes:
        submissions: rows of raw.submissions.
        cells: rows of raw.cells.
        imports: rows of raw.imports.
        import_lines: rows of raw.import_lines.
    """

    submissions: pa.Table = field(repr=False)
    cells: pa.Table = field(repr=False)
    imports: pa.Table = field(repr=False)
    import_lines: pa.Table = field(repr=False)

    @property
    def tables(self) -> dict[str, pa.Table]:
        """Table of schema `raw` -> its rows."""
        return {name: getattr(self, name) for name in ("submissions", "cells", "imports", "import_lines")}


def nothing_before(_months: Collection[str]) -> Previous:
    """A warehouse that knows no earlier month."""
    return Previous()


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def take_in(  # noqa: PLR0913 - the doors of the deployment, named one by one
    inbox: Path,
    archive: Archive,
    ledger: Ledger,
    catalogue: Catalogue,
    now: datetime,
    *,
    previous: PreviousOf = nothing_before,
    settle_seconds: float = 2.0,
    scope: Collection[str] | None = None,
    workers: int | None = None,
    trust_file_times: bool = False,
    spell: Spell | None = None,
    key: bytes | None = None,
    progress: Progress = no_progress,
) -> TakenIn:
    """Take in what is new in the inbox.

    Args:
        inbox: the drop folder; never written to.
        archive: keeps the bytes.
        ledger: keeps what happened.
        catalogue: forms, units, rules' lists.
        now: the present, with time zone.
        previous: what is published of earlier months.
        settle_seconds: how long a file must have been left alone to count as complete.
        scope: ids of the provinces served; None for all.
        workers: reading processes; as many as processors when None.
        trust_file_times: whether a file arrived when it was last changed (a share that stamps what is put
            there) and not when it was first seen.
        spell: as for `judge`.
        key: as for `identify`.
        progress: told about the reading of files.

    Raises:
        OSError: the inbox cannot be opened.
        LedgerError, SandboxError: the ledger cannot be written, or files cannot be read at all.
    """
    spec = reading_spec(catalogue)
    reading = _Reading(archive, catalogue, spec, now.date(), scope, workers, progress, key)
    look = Scan(inbox, settle_seconds, now, keeper=archive.batch(), known=ledger.known_sightings())
    told = ledger.told_senders()
    results = reading.read_arriving(look, {record.sha256 for record in ledger.arrivals()}, _count(inbox))
    found = look.finish()
    arrivals = [item for item in found if isinstance(item, Arrival)]
    refusals = [item for item in found if isinstance(item, Refusal)]
    duplicates = _record_arrivals(ledger, arrivals, now, trust_file_times=trust_file_times)
    refused = _record_refusals(ledger, [item for item in refusals if not item.waiting], now)

    unjudged = [*ledger.unjudged(), *(ledger.arrivals(told.keys()) if told else ())]
    results.update(reading.read([arrival for arrival in unjudged if arrival.sha256 not in results]))
    of_parts = _record_parts(archive, ledger, unjudged, results)
    if of_parts:
        results.update(of_parts)
        unjudged = [*ledger.unjudged(), *(ledger.arrivals(told.keys()) if told else ())]
    candidates, tied, set_aside = reading.recognise(unjudged, results, told)
    set_aside += [
        Judgement(
            each.submission_id,
            each.file_name,
            each.folder,
            Verdict.SET_ASIDE,
            each.identity,
            (*each.findings, finding),
        )
        for each, finding in tied
    ]
    judging = judge(candidates, spec, catalogue, previous(_months_before(candidates)), spell=spell)
    judgements = [*judging.judgements, *set_aside]
    sequences = _record_verdicts(ledger, catalogue, judgements, now)
    sent_back = {item.verdict.sha256 for item in returned_by_review(ledger)}
    ledger.record_verdicts(sent_again(ledger, files_of_parts(archive, ledger, only=sent_back), now))
    verdicts = {item.submission_id: str(item.verdict) for item in judging.judgements}
    logger.info(
        "took in %d files: %d accepted",
        len(judgements),
        sum(v == Verdict.ACCEPTED for v in verdicts.values()),
    )
    return TakenIn(
        judgements=(*judgements, *duplicates, *refused),
        refusals=tuple(item for item in refusals if not item.waiting),
        waiting=tuple(item for item in refusals if item.waiting),
        submissions=submissions_table(candidates, verdicts, sequences),
        cells=judging.cells,
        periods=tuple(
            sorted({c.identity.period for c in candidates if verdicts[c.submission_id] == Verdict.ACCEPTED})
        ),
    )


def check(
    paths: Sequence[Path],
    catalogue: Catalogue,
    today: date,
    *,
    previous: PreviousOf = nothing_before,
    scope: Collection[str] | None = None,
    workers: int | None = None,
    spell: Spell | None = None,
    key: bytes | None = None,
) -> list[Judgement]:
    """Judge files where they lie, writing nothing down: what `ocop check` shows a sender before sending.

    Files of one report of which nobody can tell the later are set aside as when they are received, but judged.

    Returns:
        One judgement a path, in their order; the second of two equal files is a duplicate. A workbook with the reports
        of several units has those of its parts.

    Raises:
        OSError: a path is no readable file.
    """
    spec = reading_spec(catalogue)
    arrivals: dict[str, ArrivalRecord] = {}
    items: list[Item[str]] = []
    digests = []
    for number, path in enumerate(paths):
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        digests.append(sha256)
        if sha256 not in arrivals:
            changed = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
            name = display_name(path.name)
            arrivals[sha256] = ArrivalRecord(sha256, len(data), changed, changed, "check", "", name, number)
            items.append(Item(sha256, data, path.name))
    reading = _Reading(None, catalogue, spec, today, scope, workers, no_progress, key)
    results: dict[str, Result] = dict(reading.read_items(items))
    of_file: dict[str, list[str]] = {}
    for arrival in list(arrivals.values()):
        for part in _parts_of(results[arrival.sha256]):
            told = _part_arrival(arrival, part, _part_data(arrival, part, ()))
            arrivals[told.sha256], results[told.sha256] = told, part.extract
            of_file.setdefault(arrival.sha256, []).append(told.sha256)
    ordered, tied, set_aside = reading.recognise(list(arrivals.values()), results)
    # Which of two drafts is the later one is no reason not to look at the figures of both.
    candidates = [*ordered, *(replace(each, findings=(*each.findings, finding)) for each, finding in tied)]
    judging = judge(candidates, spec, catalogue, previous(_months_before(candidates)), spell=spell)
    by_digest = {item.submission_id: item for item in (*judging.judgements, *set_aside)}
    for each, _ in tied:
        by_digest[each.submission_id] = replace(by_digest[each.submission_id], verdict=Verdict.SET_ASIDE)
    for sha256, parts in of_file.items():
        by_digest[sha256] = replace(by_digest[sha256], parts=tuple(by_digest[part] for part in parts))
    return list(_in_order_of(paths, digests, by_digest))


def rebuild(
    archive: Archive,
    ledger: Ledger,
    catalogue: Catalogue,
    *,
    only: Collection[str] | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Restored:
    """Read accepted and returned files again from the archive, with the verdicts they got, and all imported lists.

    With this a lost warehouse is made again, and one that misses what a stopped run had judged, or what was imported
    since, is completed.

    Args:
        archive: where the bytes are.
        ledger: whose they are and what became of them.
        catalogue: layouts and code lists.
        only: submissions wanted; all when None.
        workers: reading processes.
        progress: told about the reading of files.
    """
    spec = reading_spec(catalogue)
    names = {arrival.sha256: arrival for arrival in ledger.arrivals(only)}
    judged = {
        record.sha256: record
        for record in ledger.latest_verdicts()
        if record.sha256 in names and record.verdict in (Verdict.ACCEPTED, Verdict.RETURNED)
    }
    ordered = sorted(judged.values(), key=lambda record: record.sequence)
    reading = _Reading(archive, catalogue, spec, date.max, None, workers, progress)
    candidates = []
    results = dict(reading.read([names[record.sha256] for record in ordered]))
    for record in ordered:
        sha256, result = record.sha256, results[record.sha256]
        if not isinstance(result, Extract) or not result.layout:
            logger.error("archived file %s can no longer be read as it was judged", sha256)
            continue
        candidates.append(_candidate(names[sha256], _identity(record, result), result, record.findings))
    verdicts = {record.sha256: str(record.verdict) for record in ordered}
    sequences = {record.sha256: record.sequence for record in ordered}
    imported, lost = restore(archive, ledger, catalogue, only, workers)
    for submission_id in lost:
        logger.error("imported list %s can no longer be read as it was", submission_id)
    return Restored(
        submissions=pa.concat_tables(
            [submissions_table(candidates, verdicts, sequences), imported["submissions"]]
        ),
        cells=pa.concat_tables([cells_of(candidates, spec), imported["cells"]]),
        imports=imported["imports"],
        import_lines=imported["import_lines"],
    )


def files_of_parts(archive: Archive, ledger: Ledger, only: Collection[str] | None = None) -> dict[str, str]:
    """Digest of each part of a workbook of several reports -> digest of the workbook, as it was sent.

    Of the parts named in `only`, when given. A part that the archive does not have as it was stored is left out: its
    notice goes without the marked workbook.
    """
    found = {}
    for arrival in ledger.arrivals(only):
        if arrival.channel == PART_CHANNEL:
            try:
                found[arrival.sha256] = read_part(archive.read(arrival.sha256)).original
            except (OSError, NotArchivedError, ValueError, KeyError, TypeError):
                logger.exception("the archive has no part %s as it was stored", arrival.sha256)
    return found


def form_of(archive: Archive, arrival: ArrivalRecord, catalogue: Catalogue) -> str:
    """The form an archived file has, by its content; blank where it has none of ours or cannot be read."""
    reading = _Reading(archive, catalogue, reading_spec(catalogue), date.max, None, 1, no_progress)
    ((_, result),) = reading.read([arrival])
    forms = {layout.code: layout.form for layout in catalogue.layouts}
    return forms.get(result.layout, "") if isinstance(result, Extract) else ""


def waiting_periods(
    settings: Settings, catalogue: Catalogue, ledger: Ledger, now: datetime
) -> dict[str, str]:
    """What lies in the inbox, or was left over by a stopped run, and has not been judged.

    Returns:
        Digest -> key of the month it is about; empty where that cannot be told without judging it.
    """
    spec = reading_spec(catalogue)
    judged = {record.sha256 for record in ledger.arrivals()} - {record.sha256 for record in ledger.unjudged()}
    scope = scope_units(catalogue, settings.scope)
    key = known_key(settings)
    reading = _Reading(None, catalogue, spec, now.date(), scope, settings.workers, no_progress, key)
    waiting: dict[str, str] = {}
    found = scan(settings.inbox, settings.settle_seconds, now, known=ledger.known_sightings())
    items = {
        item.sha256: Item(item.sha256, item.path, item.display_name)
        for item in found
        if isinstance(item, Arrival) and item.sha256 not in judged
    }
    archive = Archive(settings.archive)
    for left in ledger.unjudged():
        items[left.sha256] = Item(left.sha256, archive.path(left.sha256), left.display_name)
    for sha256, result in reading.read_items(list(items.values())):
        if not isinstance(result, Extract):
            waiting[sha256] = ""
        for name, report in _reports(sha256, result):
            known = identify(report, catalogue, now.date(), scope, key).identity
            waiting[name] = known.period if known else ""
    return waiting


# --------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads files and tells whose they are."""

    archive: Archive | None
    catalogue: Catalogue
    spec: ReadingSpec
    today: date
    scope: Collection[str] | None
    workers: int | None
    progress: Progress
    key: bytes | None = None

    def recognise(
        self,
        arrivals: Sequence[ArrivalRecord],
        results: Mapping[str, Result],
        told: Mapping[str, ToldSender] = MappingProxyType({}),
    ) -> tuple[list[Candidate], list[tuple[Candidate, Finding]], list[Judgement]]:
        """Files whose sender and month are known, in the order of superseding; those of no clear order; the rest.

        Of files named in `told` a person said whose they are.
        """
        by_digest = {arrival.sha256: arrival for arrival in arrivals}
        candidates: list[Candidate] = []
        set_aside: list[Judgement] = []
        for sha256, arrival in by_digest.items():
            result = results[sha256]
            if isinstance(result, Unreadable):
                finding = finding_types().of_args(result.code.name, result.args)
                set_aside.append(_set_aside(arrival, None, (finding,)))
                continue
            if isinstance(result, Parts):
                names = ", ".join(clean(part.sheets[0]) for part in result.parts)
                finding = finding_types().make("SPLIT_INTO_PARTS", count=len(result.parts), sheets=names)
                set_aside.append(_set_aside(arrival, None, (finding,)))
                continue
            known = (
                identify_as(result, self.catalogue, told[sha256], self.today)
                if sha256 in told
                else identify(result, self.catalogue, self.today, self.scope, self.key)
            )
            if known.identity is None:
                set_aside.append(_set_aside(arrival, None, known.findings))
            else:
                candidates.append(_candidate(arrival, known.identity, result, known.findings))
        ordered, ambiguous = in_order(candidates, {sha: a.modified_at for sha, a in by_digest.items()})
        return ordered, ambiguous, set_aside

    def read_arriving(
        self, look: Iterable[tuple[Arrival, bytes]], known: Collection[str], total: int
    ) -> dict[str, Result]:
        """Read new files while the inbox is being looked through.

        What is read here counts only once the arrival is in the archive and in the ledger.

        Args:
            look: new files and their bytes, as they are seen.
            known: digests that have arrived before.
            total: files in the inbox, for the progress.
        """
        seen = set(known)

        def fresh() -> Iterator[Item[str]]:
            for arrival, data in look:
                if arrival.sha256 not in seen and len(data) <= HANDED_ON:
                    seen.add(arrival.sha256)
                    yield Item(arrival.sha256, data, arrival.display_name)

        return dict(self.read_items(fresh(), total))

    def read(self, arrivals: Sequence[ArrivalRecord]) -> Iterator[tuple[str, Result]]:
        """The archived files, each checked against its digest; those that are parts of a workbook last."""
        archive = self._archive()
        files = [arrival for arrival in arrivals if arrival.channel != PART_CHANNEL]
        yield from self.read_items(
            [Item(a.sha256, archive.path(a.sha256), a.display_name, a.sha256) for a in files]
        )
        yield from self._read_parts([arrival for arrival in arrivals if arrival.channel == PART_CHANNEL])

    def _read_parts(self, arrivals: Sequence[ArrivalRecord]) -> Iterator[tuple[str, Result]]:
        """Parts of workbooks, each workbook read once."""
        archive = self._archive()
        wanted: dict[str, list[tuple[str, PartOf]]] = {}
        names: dict[str, str] = {}
        for arrival in arrivals:
            try:
                part = read_part(archive.read(arrival.sha256))
            except (OSError, NotArchivedError, ValueError, KeyError, TypeError) as error:
                yield arrival.sha256, Unreadable(UnreadableCode.ARCHIVE_DAMAGED, {"detail": str(error)[:200]})
                continue
            wanted.setdefault(part.original, []).append((arrival.sha256, part))
            names[part.original] = arrival.display_name
        items = [Item(original, archive.path(original), names[original], original) for original in wanted]
        for original, result in self.read_items(items):
            for sha256, part in wanted[original]:
                yield sha256, _taken_out(result, part)

    def _archive(self) -> Archive:
        assert self.archive is not None  # noqa: S101 - only a check without archive hands items in
        return self.archive

    def read_items(
        self, items: Iterable[Item[str]], total: int | None = None
    ) -> Iterator[tuple[str, Result]]:
        """Read files in child processes; `total` where their number cannot be told from `items`."""
        known = len(items) if isinstance(items, Sequence) else 0
        results = read_many(items, transform=partial(read_reports, self.spec), workers=self.workers)
        for done, (key, result) in enumerate(results, start=1):
            yield key, result
            self.progress("reading", done, max(total or known, done))


def _taken_out(result: Result, part: PartOf) -> Extract | Unreadable:
    """What one part of a workbook says; a workbook no longer read as it was cannot tell."""
    found = result.of(part.sheets) if isinstance(result, Parts) else None
    if found is not None:
        return found
    gone = Unreadable(UnreadableCode.READER_CRASH, {"detail": f"no part {', '.join(part.sheets)}"})
    return result if isinstance(result, Unreadable) else gone


def _parts_of(result: Result) -> tuple[Part, ...]:
    return result.parts if isinstance(result, Parts) else ()


def _reports(sha256: str, result: Result) -> Iterator[tuple[str, Extract]]:
    """The reports in a file, each by the digest that names it."""
    if isinstance(result, Extract):
        yield sha256, result
    for part in _parts_of(result):
        yield hashlib.sha256(part_bytes(PartOf(sha256, part.sheets))).hexdigest(), part.extract


def _part_data(file: ArrivalRecord, part: Part, files: Collection[str]) -> bytes:
    """What stands for a part in the archive; where somebody sent these bytes as a file, a space makes them others."""
    data = part_bytes(PartOf(file.sha256, part.sheets))
    while hashlib.sha256(data).hexdigest() in files:
        data += b" "
    return data


def _part_arrival(file: ArrivalRecord, part: Part, data: bytes) -> ArrivalRecord:
    """A part of a workbook as an arrival of its own: it came when and where its workbook did."""
    return replace(
        file,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        channel=PART_CHANNEL,
        display_name=display_name(f"{file.display_name} › {clean(part.sheets[0])}"),
    )


def _count(inbox: Path) -> int:
    """How many files lie in the inbox, without opening any."""
    return sum(len(files) for _, _, files in os.walk(inbox))


def _candidate(
    arrival: ArrivalRecord, identity: Identity, result: Extract, findings: tuple[Finding, ...]
) -> Candidate:
    return Candidate(
        arrival.sha256, arrival.display_name, arrival.folder, arrival.received_at, identity, result, findings
    )


def _set_aside(arrival: ArrivalRecord, identity: Identity | None, findings: tuple[Finding, ...]) -> Judgement:
    return Judgement(
        arrival.sha256, arrival.display_name, arrival.folder, Verdict.SET_ASIDE, identity, findings
    )


def _identity(record: VerdictRecord, result: Extract) -> Identity:
    """Whose a file was when it was judged; a later catalogue does not change that."""
    reported = date.fromisoformat(record.reported_on) if record.reported_on else None
    return Identity(
        record.form, result.layout, record.unit_id, "", record.agency, record.period, reported_on=reported
    )


def _months_before(candidates: Iterable[Candidate]) -> set[str]:
    """The months that the rules compare these files with: of the same year, and the month before."""
    months: set[str] = set()
    for key in {candidate.identity.period for candidate in candidates}:
        period = Period(key)
        months |= {month.key for month in (*period.year_to_date(), period.previous())} - {key}
    return months


def _in_order_of(
    paths: Sequence[Path], digests: Sequence[str], by_digest: dict[str, Judgement]
) -> Iterator[Judgement]:
    first: dict[str, str] = {}
    for path, sha256 in zip(paths, digests, strict=True):
        name = display_name(path.name)
        if sha256 in first:
            finding = finding_types().make("DUPLICATE_FILE", first=first[sha256])
            yield Judgement(sha256, name, "", Verdict.DUPLICATE, by_digest[sha256].identity, (finding,))
        else:
            first[sha256] = name
            yield by_digest[sha256]


# ---------------------------------------------------------------------------------- writing down


def _record_arrivals(
    ledger: Ledger, arrivals: Sequence[Arrival], now: datetime, *, trust_file_times: bool
) -> list[Judgement]:
    """Write down what arrived; return the paths that only repeat bytes known already."""
    fresh = [arrival for arrival in arrivals if not arrival.seen_before]
    if not fresh:
        return []
    names = {record.sha256: record.display_name for record in ledger.arrivals({a.sha256 for a in fresh})}
    records: list[ArrivalRecord] = []
    duplicates: list[Judgement] = []
    for arrival in sorted(fresh, key=lambda arrival: (arrival.modified_at, arrival.original)):
        if arrival.sha256 in names:
            finding = finding_types().make("DUPLICATE_FILE", first=names[arrival.sha256])
            duplicates.append(
                Judgement(
                    arrival.sha256, arrival.display_name, arrival.folder, Verdict.DUPLICATE, None, (finding,)
                )
            )
            continue
        names[arrival.sha256] = arrival.display_name
        records.append(
            ArrivalRecord(
                sha256=arrival.sha256,
                size_bytes=arrival.size_bytes,
                received_at=min(now, arrival.modified_at) if trust_file_times else now,
                modified_at=arrival.modified_at,
                channel=INBOX_CHANNEL,
                folder=arrival.folder,
                display_name=arrival.display_name,
            )
        )
    sightings = [Sighting(a.original, a.size_bytes, a.modified_ns, a.sha256, now) for a in fresh]
    ledger.record_arrivals(records, sightings)
    return duplicates


def _record_parts(
    archive: Archive, ledger: Ledger, arrivals: Sequence[ArrivalRecord], results: Mapping[str, Result]
) -> dict[str, Result]:
    """Archive and write down the parts of workbooks that hold several reports.

    Returns:
        Digest of each part -> what it says. A run that is stopped before their verdicts finds them unjudged.
    """
    found: dict[str, Result] = {}
    records = []
    if not any(_parts_of(results[arrival.sha256]) for arrival in arrivals):
        return found
    files = {each.sha256 for each in ledger.arrivals() if each.channel != PART_CHANNEL}
    for arrival in arrivals:
        for part in _parts_of(results[arrival.sha256]):
            data = _part_data(arrival, part, files)
            archive.store(data)
            records.append(_part_arrival(arrival, part, data))
            found[records[-1].sha256] = part.extract
    if records:
        ledger.record_arrivals(records, ())
    return found


def _record_refusals(ledger: Ledger, refusals: Sequence[Refusal], now: datetime) -> list[Judgement]:
    """Write down what was not taken; return what is new among it."""
    if not refusals:
        return []
    known = {(record.original, record.code) for record in ledger.refusals()}
    ledger.record_refusals(RefusalRecord(r.original, r.reason.name, r.args, now) for r in refusals)
    return [
        Judgement(
            "", refusal.display_name, refusal.folder, Verdict.SET_ASIDE, None,
            (finding_types().of_args(refusal.reason.name, refusal.args),),
        )
        for refusal in refusals
        if (refusal.original, refusal.reason.name) not in known
    ]  # fmt: skip


def _record_verdicts(
    ledger: Ledger, catalogue: Catalogue, judgements: Sequence[Judgement], now: datetime
) -> dict[str, int]:
    if not judgements:
        return {}
    version = rules_version(load_rules())
    return ledger.record_verdicts(
        _verdict_record(item, now, version, catalogue.digest) for item in judgements
    )


def _verdict_record(judgement: Judgement, now: datetime, version: str, digest: str) -> VerdictRecord:
    whose: dict[str, Any] = dict.fromkeys(("form", "layout", "unit_id", "agency", "period"), "")
    reported = None
    if judgement.identity is not None:
        whose = {name: getattr(judgement.identity, name) for name in whose}
        reported = judgement.identity.reported_on
    return VerdictRecord(
        sha256=judgement.submission_id,
        judged_at=now,
        verdict=judgement.verdict,
        rules_version=version,
        catalogue_hash=digest,
        findings=judgement.findings,
        reported_on=reported.isoformat() if reported else None,
        repairs=judgement.repairs,
        not_run=judgement.not_run,
        **whose,
    )


__all__ = [
    "CELLS_SCHEMA",
    "PreviousOf",
    "Progress",
    "Restored",
    "TakenIn",
    "check",
    "files_of_parts",
    "form_of",
    "rebuild",
    "take_in",
    "waiting_periods",
]
