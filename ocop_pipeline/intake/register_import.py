"""Lists that a person hands over once: an old register of 22 columns, or the list of a decision.

Belongs here: the order of the steps (read in the sandbox, tell, doubt, keep) and what is stored of them, now or when
the warehouse is made again. Does not: finding the list in a sheet (`lists`), what its lines mean (`list_reading`), what
is doubtful (`list_doubts`), the forms (`catalogue.imports`), what the lines come to (the SQL models).

A list is never returned to anybody: what is doubtful is shown and kept with the import, and every line that was not
taken is named with its cell. Only a file without a list, or without the decision it belongs to, is refused.
"""

import gc
import hashlib
import json
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.catalogue.imports import list_words
from ocop_pipeline.domain.findings import Finding, Verdict
from ocop_pipeline.domain.forms import REGISTER, ImportForm
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.cells import fold
from ocop_pipeline.intake.extract import LayoutSpec, SheetSpec
from ocop_pipeline.intake.judge import Previous
from ocop_pipeline.intake.list_doubts import (
    early_extensions,
    file_doubts,
    line_doubts,
    recognised_twice,
    rule_doubts,
    unknown_products,
    with_findings,
)
from ocop_pipeline.intake.list_reading import FileReading, LineMeaning, ListPart, Reader, ReadList, Told
from ocop_pipeline.intake.lists import HeaderGroup, ListSpec, read_list
from ocop_pipeline.intake.places import AMBIGUOUS
from ocop_pipeline.intake.recognise import Identity
from ocop_pipeline.intake.sandbox import Item, read_many
from ocop_pipeline.intake.spec import reading_words
from ocop_pipeline.intake.tables import CELLS_SCHEMA, Candidate, LayoutBatch, submissions_table, texts
from ocop_pipeline.warehouse.ledger import ImportRecord, Ledger
from ocop_pipeline.warehouse.scratch import Spell

_DAYS = frozenset(("expiry_date", "first_date", "second_date", "extended_to"))
_NUMBERS = frozenset(("first_year", "second_year", "score", "score_a", "score_b", "score_c"))
_NAMES = frozenset(
    (
        "row_no",
        "product_name",
        "producer_name",
        "new_producer_name",
        "commune_name",
        "commune_before",
        "new_commune_name",
    )
)
_ADDRESSED = frozenset(
    ("product_name", "producer_name", "producer_type", "product_group", "current_star", "expiry_date",
     "first_star", "first_decision", "first_date", "second_star", "second_date", "score", "new_producer_name",
     "extended_to", "new_commune_name")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """One import in the ledger; not `fresh` where it stood there already."""

    record: ImportRecord
    fresh: bool


# --------------------------------------------------------------------------------------- the doors


def read_file(
    data: bytes,
    name: str,
    told: Told,
    catalogue: Catalogue,
    today: date,
    scope: Collection[str] | None = None,
    *,
    previous: Previous | None = None,
    spell: Spell | None = None,
) -> FileReading:
    """Read a list in the sandbox and say what is doubtful about it; nothing is written down.

    Args:
        data: the bytes of the file, taken to be hostile.
        name: its name as it may be shown to people.
        told: what is said of it.
        catalogue: forms, units, words, rules of certificates.
        today: a list of a later month is refused.
        scope: ids of the provinces served; None for all.
        previous: the recognitions and certificates known; without them no line is compared with any.
        spell: the key of a name; by default names are told apart by all but case and spaces around.

    Raises:
        SandboxError: files cannot be read at all.
    """
    form = form_of(catalogue, told.kind)
    sha256 = hashlib.sha256(data).hexdigest()
    item = Item(sha256, data, name, sha256)
    ((_, result),) = read_many([item], transform=partial(read_list, list_spec(form, told.sheet)), workers=1)
    with _uncollected():
        reading = Reader(catalogue, form, told, today, scope).read(sha256, name, result)
        return reading if reading.refused else _doubted(reading, catalogue, previous, spell)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave out the search for reference cycles while hundreds of thousands of cells are made, which have none.

    It takes a fifth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def keep(
    reading: FileReading, data: bytes, archive: Archive, ledger: Ledger, catalogue: Catalogue, now: datetime
) -> list[Kept]:
    """Archive the bytes, then write the lists down; what stands in the ledger already is left as it is.

    Args:
        reading: from `read_file`, not refused.
        data: the bytes it was read from.
        archive: keeps the bytes.
        ledger: keeps what was told.
        catalogue: its digest is noted.
        now: the present, with time zone.

    Raises:
        ValueError: the file was refused.
        OSError: the archive cannot take it.
        LedgerError: the ledger cannot be written.
    """
    if reading.refused:
        raise ValueError(f"{reading.display_name} was refused: {reading.refused[0].code}")
    known = ledger.imports()
    standing = ledger.standing_imports()
    drafts = [_record(reading, each, known, catalogue.digest, now) for each in reading.lists]
    fresh = [draft for draft in drafts if not _same(standing.get(draft.duty), draft)]
    if fresh:
        archive.store(data)
        ledger.record_imports(fresh)
    written = {
        record.submission_id: record for record in ledger.imports({each.submission_id for each in fresh})
    }
    return [
        Kept(written[draft.submission_id], fresh=True)
        if draft.submission_id in written
        else Kept(standing[draft.duty], fresh=False)
        for draft in drafts
    ]


def restore(
    archive: Archive,
    ledger: Ledger,
    catalogue: Catalogue,
    only: Collection[str] | None = None,
    workers: int | None = None,
) -> tuple[dict[str, pa.Table], list[str]]:
    """Read imported files again from the archive: what of them stands in the warehouse.

    Args:
        archive: where the bytes are.
        ledger: what was told of them.
        catalogue: forms, units, words.
        only: submissions wanted; all when None.
        workers: reading processes.

    Returns:
        The tables of schema `raw` by name, and the submissions that can no longer be read.
    """
    kept: list[tuple[ImportRecord, ReadList]] = []
    lost: list[str] = []
    wanted: defaultdict[tuple[str, str], list[ImportRecord]] = defaultdict(list)
    for record in ledger.imports(only):
        wanted[record.form, record.told.get("sheet", "")].append(record)
    for (code, sheet), records in wanted.items():
        form = catalogue.imports[code]
        names = {record.sha256: record.display_name for record in records}
        items = [Item(sha, archive.path(sha), name, sha) for sha, name in names.items()]
        transform = partial(read_list, list_spec(form, sheet))
        results = dict(read_many(items, transform=transform, workers=workers))
        for record in records:
            reader = Reader(catalogue, form, Told.of_texts(record.told), date.max)
            found = reader.read(record.sha256, record.display_name, results[record.sha256]).lists
            if len(found) == 1:
                kept.append((record, found[0]))
            else:
                lost.append(record.submission_id)
    return import_tables(sorted(kept, key=lambda pair: pair[0].sequence), catalogue), lost


def form_of(catalogue: Catalogue, kind: str) -> ImportForm:
    """The form of a kind of list. Raises KeyError when there is none."""
    form = next((form for form in catalogue.imports.values() if kind in form.kinds), None)
    if form is None:
        raise KeyError(kind)
    return form


def list_spec(form: ImportForm, sheet: str = "") -> ListSpec:
    """What a reading child has to know of a form; `sheet` names the sheet wanted."""
    headers: dict[str, str] = {}
    for wording, name in _all_wordings(form):
        if name not in form.private:
            headers.setdefault(fold(wording), name)
    table = SheetSpec(
        part=REGISTER, name=form.name_vi, key=fold(form.name_vi), kind="rows", headers=headers,
        texts={name: wording for wording, name in reversed(form.columns)},
        required=frozenset(), key_field=form.key, anchor=form.anchor, carried=form.carried,
        slots={name: at for at, name in enumerate(form.fields)},
        kinds={name: _kind(name) for name in form.fields},
        addressed=_ADDRESSED,
    )  # fmt: skip
    groups = tuple(
        HeaderGroup(
            frozenset(map(fold, group.wordings)), {fold(wording): name for wording, name in group.columns}
        )
        for group in form.groups
    )
    layout = LayoutSpec(
        form.code,
        form.code,
        fold(form.code),
        "",
        (table,),
        tuple((REGISTER, "", name) for name in form.fields),
    )
    needs = tuple(frozenset(names) for names in form.needs)
    words = list_words()
    units, group_starts = (
        tuple(f"{word}{behind}" for word in sorted(found) for behind in (" ", ":"))
        for found in (words.commune | words.district, words.group)
    )
    return ListSpec(
        layout,
        groups,
        needs,
        form.by_position,
        reading_words(),
        ditto=frozenset(map(fold, words.ditto)),
        ditto_signs=words.ditto_signs,
        heading_starts=(*units, *group_starts),
        unit_starts=units,
        sheet=fold(sheet),
    )


def import_tables(kept: Sequence[tuple[ImportRecord, ReadList]], catalogue: Catalogue) -> dict[str, pa.Table]:
    """Rows of the tables of schema `raw` for imports, by the table's name."""
    named = [(record.submission_id, each) for record, each in kept]
    candidates = [_candidate(record, each, each.parts[0]) for record, each in kept]
    groups: defaultdict[str, list[tuple[Candidate, ListPart]]] = defaultdict(list)
    for record, each in kept:
        groups[record.form] += [(_candidate(record, each, part), part) for part in each.parts]
    cells = [
        _with_sources(
            LayoutBatch(list_spec(catalogue.imports[form]).layout, [each for each, _ in group]).cells(),
            [part for _, part in group],
        )
        for form, group in groups.items()
    ]
    return {
        "submissions": submissions_table(
            candidates,
            # What was withdrawn is marked once it is stored (`raw.mark_withdrawn`).
            {candidate.submission_id: str(Verdict.ACCEPTED) for candidate in candidates},
            {record.submission_id: record.sequence for record, _ in kept},
        ),
        "cells": pa.concat_tables(cells) if cells else pa.Table.from_batches([], CELLS_SCHEMA),
        "imports": _imports_table(named),
        "import_lines": _import_lines_table(named),
    }


def _doubted(
    reading: FileReading, catalogue: Catalogue, previous: Previous | None, spell: Spell | None
) -> FileReading:
    """The reading with what is doubtful about each list; what concerns the whole file stands with the first."""
    epoch = datetime.fromtimestamp(0).astimezone()
    drafts = [_record(reading, each, (), catalogue.digest, epoch) for each in reading.lists]
    tables = import_tables(list(zip(drafts, reading.lists, strict=True)), catalogue)
    by_rules = rule_doubts(reading.lists, tables["submissions"], tables, catalogue, previous, spell)
    of_sheets = [found for each in reading.sheet_by_sheet() for found in file_doubts(each)]
    of_sheets += _doubts_of_headings(reading)
    of_file = [of_sheets, *([] for _ in reading.lists[1:])]
    lists = [
        with_findings(
            each,
            [
                *first,
                *ruled,
                *twice,
                *_doubts_of_lines(each, catalogue),
                *unknown_products(each, previous, spell),
                *early_extensions(each, previous, spell, catalogue),
            ],
        )
        for each, first, ruled, twice in zip(
            reading.lists, of_file, by_rules, recognised_twice(reading.lists, spell), strict=True
        )
    ]
    return replace(reading, lists=tuple(lists))


def _doubts_of_headings(reading: FileReading) -> Iterator[Finding]:
    """Lines that say something else than their heading, and headings that tell another number of lines."""
    make = finding_types().make
    for heading in reading.headings:
        if heading.count_differs:
            yield make(
                "HEADING_COUNT_DIFFERS", heading.sheet, heading.cell,
                heading=heading.text, told=heading.told, found=len(heading.rows),
            )  # fmt: skip
        for _, cell, text in heading.contradicted:
            yield make(
                "HEADING_CONTRADICTED", heading.sheet, cell,
                text=text, heading=heading.text, heading_cell=heading.cell,
            )  # fmt: skip


def _doubts_of_lines(read: ReadList, catalogue: Catalogue) -> Iterator[Finding]:
    """What is doubtful about single lines, sheet by sheet."""
    for part in read.parts:
        of_sheet = replace(read, lines=tuple(line for line in read.lines if line.sheet == part.sheet))
        yield from line_doubts(of_sheet, part.sheet, catalogue)
        for line in of_sheet.lines:
            yield from _doubts_of_new_place(line)


def _doubts_of_new_place(line: LineMeaning) -> Iterator[Finding]:
    place = line.new_place
    if place is None or not place.doubt:
        return
    where = line.address("new_commune_name")
    if place.doubt == AMBIGUOUS:
        names = "; ".join(place.candidates)
        yield finding_types().make("UNIT_AMBIGUOUS", line.sheet, where, name=place.text, candidates=names)
    else:
        yield finding_types().make("COMMUNE_UNKNOWN", line.sheet, where, text=place.text)


def _kind(name: str) -> str:
    """How the cells of a field are read."""
    if name in _DAYS:
        return "day"
    if name in _NUMBERS:
        return "number"
    return "text" if name in _NAMES else "words"


def _all_wordings(form: ImportForm) -> list[tuple[str, str]]:
    """(header, field): those of single columns, then those of groups with their heading before or behind."""
    grouped = [
        (text, name)
        for group in form.groups
        for heading in group.wordings
        for wording, name in group.columns
        for text in (f"{heading} {wording}", f"{wording} {heading}")
    ]
    return [*form.columns, *grouped]


# ----------------------------------------------------------------------------------- what is stored


def _record(
    reading: FileReading, read: ReadList, known: Iterable[ImportRecord], digest: str, now: datetime
) -> ImportRecord:
    told = read.told.as_texts()
    content = (reading.sha256, read.form, read.period, read.list_key, sorted(told.items()))
    # What stood once and was superseded may be handed over again; it is another import then.
    repeats = sum(
        content == (each.sha256, each.form, each.period, each.list_key, sorted(each.told.items()))
        for each in known
    )
    name = hashlib.sha256(json.dumps([*content, repeats], ensure_ascii=False).encode()).hexdigest()
    return ImportRecord(
        name, reading.sha256, reading.display_name, now, read.form, read.period, read.told.unit_id, read.list_key,
        told, digest, read.findings,
    )  # fmt: skip


def _same(standing: ImportRecord | None, draft: ImportRecord) -> bool:
    return standing is not None and (standing.sha256, dict(standing.told)) == (draft.sha256, dict(draft.told))


def _with_sources(cells: pa.Table, parts: Sequence[ListPart]) -> pa.Table:
    """Rows of raw.cells where what a heading gives a line stands in the area from the heading down to the line."""
    if not any(part.sources for part in parts):
        return cells
    places = cells["cell"].combine_chunks()
    codes = array("i", bytes(places.indices.buffers()[1])[: 4 * len(places)])
    words: list[str | None] = places.dictionary.to_pylist()
    first = 0
    for part in parts:
        for at, source in part.sources.items():
            codes[first + at] = len(words)
            words.append(source)
        first += len(part.extract.slots)
    indices = pa.Array.from_buffers(pa.int32(), len(codes), [None, pa.py_buffer(codes.tobytes())])
    column = pa.DictionaryArray.from_arrays(indices, texts(words))
    return cells.set_column(cells.schema.get_field_index("cell"), CELLS_SCHEMA.field("cell"), column)


def _candidate(record: ImportRecord, read: ReadList, part: ListPart) -> Candidate:
    told = read.told
    identity = Identity(
        record.form,
        record.form,
        record.unit_id,
        "",
        "",
        record.period,
        reported_on=told.decided_on or told.listed_on,
    )
    return Candidate(
        record.submission_id,
        record.display_name,
        "",
        record.imported_at,
        identity,
        part.extract,
        read.findings,
    )


def _imports_table(ids: Sequence[tuple[str, ReadList]]) -> pa.Table:
    text, day, number = pl.String, pl.Date, pl.Int32
    schema: dict[str, Any] = {
        "submission_id": text, "period": text, "list_key": text, "event_kind": text, "decision_no": text,
        "decision_date": day, "issuing_body": text, "issuing_level": text, "told_star": text, "extended_to": day,
        "extended_months": number, "extended_days": number, "new_producer_name": text,
    }  # fmt: skip
    rows = [
        (
            submission_id, each.period, each.list_key, each.told.kind, each.told.decision_no or None,
            each.told.decided_on, each.told.issuing_body or None, each.level or None, each.told.star or None,
            each.told.extended_to, each.told.extended_months or None, each.told.extended_days or None,
            each.told.new_producer or None,
        )
        for submission_id, each in ids
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row").to_arrow()


def _import_lines_table(ids: Sequence[tuple[str, ReadList]]) -> pa.Table:
    names = ("submission_id", "period", "sheet", "line_key", "unit_id", "points_star", "new_unit_id")
    rows = [
        (
            submission_id,
            each.period,
            line.sheet,
            str(line.row),
            line.place.unit_id,
            line.points_star,
            line.new_place.unit_id if line.new_place else None,
        )
        for submission_id, each in ids
        for line in each.lines
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").to_arrow()
