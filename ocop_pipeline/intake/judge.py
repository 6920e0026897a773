"""Judging a batch: all rules over all files of a month at once, findings joined back to each file.

Belongs here: turning extracts into tables, running the rules set-wise, verdicts. Does not: the rules themselves
(`sql/audits`), reading files, or writing anything down (`process`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.findings import Finding, Severity, Verdict
from ocop_pipeline.domain.forms import REGISTER, TASKS
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.cells import STATES
from ocop_pipeline.intake.extract import Extract, LayoutSpec, ReadingSpec
from ocop_pipeline.intake.grid import column_letters
from ocop_pipeline.intake.recognise import Identity
from ocop_pipeline.quality.rules import Rule, load_rules, run_rules
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.scratch import Scratch, open_scratch

CELLS_SCHEMA = pa.schema(
    [
        ("submission_id", pa.string()), ("period", pa.string()), ("part", pa.string()), ("line_key", pa.string()),
        ("field", pa.string()), ("sheet", pa.string()), ("cell", pa.string()), ("row_no", pa.int32()),
        ("state", pa.string()), ("number", pa.decimal128(20, 4)), ("text", pa.string()), ("day", pa.date32()),
    ]
)  # fmt: skip
"""Columns of raw.cells."""
SUBMISSIONS_SCHEMA = pa.schema(
    [
        ("submission_id", pa.string()), ("form", pa.string()), ("layout", pa.string()), ("unit_id", pa.string()),
        ("agency", pa.string()), ("period", pa.string()), ("verdict", pa.string()),
        ("received_at", pa.timestamp("us")), ("sequence", pa.int64()), ("file_name", pa.string()),
        ("reported_on", pa.date32()),
    ]
)  # fmt: skip
"""Columns of raw.submissions."""
RULE_TABLES = ("units", "periods", "indicators", "code_items", "form_lines")
"""The tables of schema `catalogue` that form rules read."""
_EPOCH = date(1970, 1, 1).toordinal()
_ROW_PARTS = (REGISTER, TASKS)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file whose sender and month are known, before the rules have seen it.

    Attributes:
        submission_id: SHA-256 of its bytes.
        file_name: its name for people.
        folder: the folder it came in, for people.
        received_at: when it arrived.
        identity: whose report it is.
        extract: its cells.
        findings: what reading and recognising found.
    """

    submission_id: str
    file_name: str
    folder: str
    received_at: datetime
    identity: Identity
    extract: Extract
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one file.

    Attributes:
        submission_id: SHA-256 of its bytes; empty where it could not be read at all.
        display_name: its name for people.
        folder: the folder it came in.
        verdict: accepted, returned, set_aside or duplicate.
        identity: whose report it is, where that could be told.
        findings: errors and warnings, those of reading first.
    """

    submission_id: str
    display_name: str
    folder: str
    verdict: Verdict
    identity: Identity | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Previous:
    """What the warehouse knows of earlier months, as Arrow tables with the columns of the core tables.

    Attributes:
        values: core.indicator_values of the same reporting year and the month before.
        recognitions: core.recognitions of the units concerned.
    """

    values: pa.Table | None = None
    recognitions: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Judging:
    """Judgements in the order of the candidates, and the cells of all of them (schema `CELLS_SCHEMA`)."""

    judgements: list[Judgement]
    cells: pa.Table = field(repr=False)


def judge(
    candidates: Sequence[Candidate],
    spec: ReadingSpec,
    catalogue: Catalogue,
    previous: Previous | None = None,
    rules: Sequence[Rule] | None = None,
) -> Judging:
    """Judge a batch of files of any months.

    Months are judged in their order, so that what is accepted of one is the month before of the next. Errors return
    a file, warnings alone do not.

    Args:
        candidates: the files, in the order in which later ones supersede earlier ones.
        spec: what they were read by.
        catalogue: forms, units, code lists.
        previous: what is already published of earlier months.
        rules: the rules; all of `sql/audits` by default.
    """
    cells = cells_table(candidates, spec)
    if not candidates:
        return Judging([], cells)
    rules = load_rules() if rules is None else rules
    found: dict[str, list[Finding]] = {}
    by_period = _by_period(candidates)
    with open_scratch() as scratch:
        tables = reference_tables(catalogue, ("*",), by_period)
        scratch.load_reference([(table.name, table.rows) for table in tables if table.name in RULE_TABLES])
        if previous is not None:
            scratch.load_previous(previous.values, previous.recognitions)
        for number, (period, batch) in enumerate(sorted(by_period.items()), start=1):
            found |= _judge_month(scratch, period, batch, cells, rules, remember=number < len(by_period))
    return Judging([_judgement(candidate, found) for candidate in candidates], cells)


def _by_period(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    groups: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.identity.period].append(candidate)
    return dict(groups)


def _judge_month(
    scratch: Scratch,
    period: str,
    batch: Sequence[Candidate],
    cells: pa.Table,
    rules: Sequence[Rule],
    *,
    remember: bool,
) -> dict[str, list[Finding]]:
    of_period = cells.filter(pc.equal(cells["period"], period)) if remember or len(set(cells["period"].unique())) > 1 else cells
    scratch.load_batch(period, _staging_submissions(period, batch), of_period)
    found = run_rules(scratch.select, rules)
    if remember:
        # Of several files for one duty the last accepted one stands.
        standing = {
            candidate.identity.duty: candidate.submission_id
            for candidate in batch
            if _verdict((*candidate.findings, *found.get(candidate.submission_id, ()))) is Verdict.ACCEPTED
        }
        scratch.remember(list(standing.values()))
    return found


def _staging_submissions(period: str, batch: Sequence[Candidate]) -> pa.Table:
    month = Period.parse(period)
    table = submissions_table(batch, {}, {})
    count = len(batch)
    table = table.append_column("period_start", pa.array([month.start] * count, pa.date32()))
    return table.append_column("period_end", pa.array([month.end] * count, pa.date32())).drop_columns(["verdict"])


def _judgement(candidate: Candidate, found: Mapping[str, Sequence[Finding]]) -> Judgement:
    findings = (*candidate.findings, *found.get(candidate.submission_id, ()))
    return Judgement(
        candidate.submission_id,
        candidate.file_name,
        candidate.folder,
        _verdict(findings),
        candidate.identity,
        findings,
    )


def _verdict(findings: Iterable[Finding]) -> Verdict:
    errors = any(finding.severity is Severity.ERROR for finding in findings)
    return Verdict.RETURNED if errors else Verdict.ACCEPTED


# ---------------------------------------------------------------------------------------- tables


def submissions_table(
    candidates: Sequence[Candidate], verdicts: Mapping[str, str], sequences: Mapping[str, int]
) -> pa.Table:
    """Rows of raw.submissions (schema `SUBMISSIONS_SCHEMA`).

    Args:
        candidates: the files.
        verdicts: submission_id -> verdict; null where unknown.
        sequences: submission_id -> order in which verdicts were written down.
    """
    rows = [
        (
            c.submission_id, c.identity.form, c.identity.layout, c.identity.unit_id, c.identity.agency,
            c.identity.period, verdicts.get(c.submission_id), c.received_at.astimezone(UTC).replace(tzinfo=None),
            sequences.get(c.submission_id), c.file_name, c.identity.reported_on,
        )
        for c in candidates
    ]  # fmt: skip
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(SUBMISSIONS_SCHEMA)
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, SUBMISSIONS_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SUBMISSIONS_SCHEMA)


def cells_table(candidates: Sequence[Candidate], spec: ReadingSpec) -> pa.Table:
    """Rows of raw.cells (schema `CELLS_SCHEMA`) of all candidates, built by the column, not by the cell."""
    layouts = {layout.code: layout for layout in spec.layouts}
    groups: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.extract.layout].append(candidate)
    tables = [_layout_cells(layouts[code], group) for code, group in groups.items()]
    return pa.concat_tables(tables) if tables else CELLS_SCHEMA.empty_table()


def _layout_cells(layout: LayoutSpec, group: Sequence[Candidate]) -> pa.Table:
    extracts = [candidate.extract for candidate in group]
    counts = [len(extract.slots) for extract in extracts]
    total = sum(counts)
    # Which file each cell belongs to: its number, repeated.
    owner = _joined(pa.uint32(), [number.to_bytes(4, "little") * n for number, n in enumerate(counts)], total)
    slots = _joined(pa.uint16(), [extract.slots.tobytes() for extract in extracts], total)
    rows = _joined(pa.uint32(), [extract.rows.tobytes() for extract in extracts], total)
    columns = _joined(pa.uint16(), [extract.columns.tobytes() for extract in extracts], total)
    states = _joined(pa.uint8(), [extract.states for extract in extracts], total)
    numbers = _joined(pa.float64(), [extract.numbers.tobytes() for extract in extracts], total)
    row_numbers = pc.cast(pc.add(pc.cast(rows, pa.int32()), 1), pa.int32())
    row_texts = pc.cast(row_numbers, pa.string())
    letters = pa.array([column_letters(n) for n in range((pc.max(columns).as_py() or 0) + 1)], pa.string())
    return pa.Table.from_arrays(
        [
            pa.array([candidate.submission_id for candidate in group], pa.string()).take(owner),
            pa.array([candidate.identity.period for candidate in group], pa.string()).take(owner),
            pa.array([part for part, _, _ in layout.slots], pa.string()).take(slots),
            _line_keys(layout, extracts, counts, slots, row_texts),
            pa.array([name for _, _, name in layout.slots], pa.string()).take(slots),
            _sheets(layout, extracts, owner, slots),
            pc.binary_join_element_wise(letters.take(columns), row_texts, ""),
            row_numbers,
            pa.array(STATES, pa.string()).take(states),
            pc.cast(pc.if_else(pc.is_finite(numbers), numbers, None), pa.decimal128(20, 4)),
            _sparse(pa.string(), [extract.texts for extract in extracts], counts),
            _sparse(pa.date32(), [[(at, day - _EPOCH) for at, day in e.days] for e in extracts], counts),
        ],
        schema=CELLS_SCHEMA,
    )


def _joined(kind: pa.DataType, pieces: Iterable[bytes], total: int) -> pa.Array:
    return pa.Array.from_buffers(kind, total, [None, pa.py_buffer(b"".join(pieces))])


def _sparse(kind: pa.DataType, values: Sequence[Iterable[tuple[int, object]]], counts: Sequence[int]) -> pa.Array:
    """Values at some positions of each file, null elsewhere."""
    column: list[object] = [None] * sum(counts)
    start = 0
    for pairs, count in zip(values, counts, strict=True):
        for at, value in pairs:
            column[start + at] = value
        start += count
    return pa.array(column, pa.int32()).cast(kind) if pa.types.is_date32(kind) else pa.array(column, kind)


def _line_keys(
    layout: LayoutSpec, extracts: Sequence[Extract], counts: Sequence[int], slots: pa.Array, row_texts: pa.Array
) -> pa.Array:
    """The line code; in tables of any length the row; on lines the form does not know what is written there."""
    is_row = pa.array([part in _ROW_PARTS for part, _, _ in layout.slots]).take(slots)
    keys = pc.if_else(is_row, row_texts, pa.array([key for _, key, _ in layout.slots], pa.string()).take(slots))
    if any(extract.keys for extract in extracts):
        keys = pc.coalesce(_sparse(pa.string(), [extract.keys for extract in extracts], counts), keys)
    return keys


def _sheets(layout: LayoutSpec, extracts: Sequence[Extract], owner: pa.Array, slots: pa.Array) -> pa.Array:
    """Each cell's sheet, as it is called in its own file."""
    parts = list(dict.fromkeys(part for part, _, _ in layout.slots))
    names = pa.array([extract.sheet_names.get(part, "") for extract in extracts for part in parts], pa.string())
    part_of_slot = pa.array([parts.index(part) for part, _, _ in layout.slots], pa.uint32()).take(slots)
    return names.take(pc.add(pc.multiply(owner, pa.scalar(len(parts), pa.uint32())), part_of_slot))
