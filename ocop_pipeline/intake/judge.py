"""Judging a batch: all rules over all files of a month at once, findings joined back to each file.

Belongs here: running the rules set-wise, month by month, and verdicts. Does not: the rules themselves
(`sql/audits`), the tables they read (`tables`), reading files, or writing anything down (`process`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.findings import in_reading_order
from ocop_pipeline.domain.findings import Finding, Repair, Severity, Verdict
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.cells import TEXT
from ocop_pipeline.intake.extract import TEXT_END, Extract, LayoutSpec, ReadingSpec
from ocop_pipeline.intake.reasons import NOTE, with_reasons
from ocop_pipeline.intake.recognise import Identity
from ocop_pipeline.intake.tables import CELLS_SCHEMA, Candidate, LayoutBatch, submissions_table, texts
from ocop_pipeline.quality.needs import met_needs
from ocop_pipeline.quality.rules import Rule, load_rules, rules_not_run, run_rules
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.scratch import Published, Scratch, Spell, open_scratch

RULE_TABLES = ("units", "periods", "indicators", "code_items", "form_lines", "certificate_regimes")
"""The tables of schema `catalogue` that form rules read."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one file.

    Attributes:
        submission_id: SHA-256 of its bytes; empty where it could not be read at all.
        display_name: its name for people.
        folder: the folder it came in.
        verdict: accepted, returned, set_aside or duplicate.
        identity: whose report it is, where that could be told.
        findings: errors before warnings, then as they stand in the file.
        parts: of a workbook that was only checked and holds the reports of several units, theirs; what is taken in has
            a judgement a part instead.
        repairs: what was read otherwise than it is written, and how.
        not_run: codes of the rules that had nothing to compare the report with; None where it was not judged on its
            figures.
    """

    submission_id: str
    display_name: str
    folder: str
    verdict: Verdict
    identity: Identity | None
    findings: tuple[Finding, ...]
    parts: tuple["Judgement", ...] = ()
    repairs: tuple[Repair, ...] = ()
    not_run: tuple[str, ...] | None = None


_NO_NUMBER = frozenset({"MONEY_UNIT_UNCLEAR", "MONEY_TOO_LITTLE", "PERCENT_UNCLEAR"})
"""What makes a number none: to its sender it is one, and "a number is wanted" beside it would puzzle."""
_NUMBER_WANTED = frozenset({"NUMBER_EXPECTED", "PROGRESS_EXPECTED"})

Previous = Published
"""What the warehouse knows of earlier months, as Arrow tables with the columns of the core tables."""


@dataclass(frozen=True, slots=True)
class Judging:
    """Judgements in the order of the candidates, and the cells of all (schema `tables.CELLS_SCHEMA`)."""

    judgements: list[Judgement]
    cells: pa.Table = field(repr=False)


def judge(
    candidates: Sequence[Candidate],
    spec: ReadingSpec,
    catalogue: Catalogue,
    previous: Previous | None = None,
    rules: Sequence[Rule] | None = None,
    spell: Spell | None = None,
) -> Judging:
    """Judge a batch of files of any months.

    Most rules look at all months at once. Those that compare with earlier months take them in their order, so that
    what is accepted of one is the month before of the next. Errors return a file, warnings alone do not.

    Args:
        candidates: the files, in the order in which later ones supersede earlier ones.
        spec: what they were read by.
        catalogue: forms, units, code lists.
        previous: what is already published of earlier months.
        rules: the rules; all of `sql/audits` by default.
        spell: the key of a name in a register; by default names are told apart by all but case and spaces around.
    """
    if not candidates:
        return Judging([], pa.Table.from_batches([], CELLS_SCHEMA))
    rules = load_rules() if rules is None else rules
    months = _months(
        candidates,
        spec,
        reference_tables(catalogue, ("*",), {c.identity.period for c in candidates}, only=RULE_TABLES),
    )
    with open_scratch() as scratch:
        scratch.load_reference(months.reference)
        if previous is not None:
            scratch.load_previous(
                {
                    "core.indicator_values": previous.values,
                    "core.recognitions": previous.recognitions,
                    "core.certificates": previous.certificates,
                    "meta.usual_values": previous.usual,
                    "meta.usual_nearby": previous.nearby,
                }
            )
        loads = [_Load.of(month) for month in months.batches]
        _Load.together(loads).into(scratch)
        if spell is not None:
            scratch.spell(spell)
        found = run_rules(scratch.select_all, [rule for rule in rules if not rule.needs_earlier_months])
        in_turn = [rule for rule in rules if rule.needs_earlier_months]
        met: defaultdict[str, set[str]] = defaultdict(set)
        for load in loads:
            if len(loads) > 1:
                load.into(scratch)
            for submission_id, findings in run_rules(scratch.select_all, in_turn).items():
                found.setdefault(submission_id, []).extend(findings)
            for need, submission_ids in met_needs(scratch.select_all).items():
                met[need] |= submission_ids
            if load is not loads[-1]:
                scratch.remember(_standing(load.candidates, found))
    cells = pa.concat_tables([load.cells for load in loads])
    layouts = {layout.code: layout for layout in spec.layouts}
    return Judging(
        [
            replace(
                _judgement(candidate, found, layouts[candidate.extract.layout]),
                not_run=rules_not_run(rules, met, candidate.submission_id),
            )
            for candidate in candidates
        ],
        cells,
    )


def cells_of(candidates: Sequence[Candidate], spec: ReadingSpec) -> pa.Table:
    """Rows of raw.cells of any files, without judging them."""
    groups = _grouped(candidates)
    tables = [
        LayoutBatch(layout, groups[layout.code]).cells() for layout in spec.layouts if layout.code in groups
    ]
    return pa.concat_tables(tables) if tables else pa.Table.from_batches([], CELLS_SCHEMA)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Returned when anything is an error, else accepted."""
    errors = any(finding.severity is Severity.ERROR for finding in findings)
    return Verdict.RETURNED if errors else Verdict.ACCEPTED


@dataclass(frozen=True, slots=True)
class _Month:
    """The files of one month, with their tables."""

    period: str
    candidates: Sequence[Candidate]
    batches: Sequence[tuple[LayoutBatch, Mapping[tuple[str, str, str], Mapping[str, Any]]]]

    def submissions(self) -> pa.Table:
        month = Period.parse(self.period)
        table = submissions_table(self.candidates, {}, {}).drop_columns(["verdict"])
        for name, day in (("period_start", month.start), ("period_end", month.end)):
            table = table.append_column(name, pc.cast(texts([day.isoformat()] * table.num_rows), pa.date32()))
        return table

    def cells(self) -> pa.Table:
        return pa.concat_tables([batch.cells() for batch, _ in self.batches])

    def form_values(self) -> pa.Table:
        return pa.concat_tables([batch.form_values(self.period, lines) for batch, lines in self.batches])


@dataclass(frozen=True, slots=True)
class _Load:
    """The tables of one month, or of several together, ready for the rules."""

    periods: Sequence[str]
    candidates: Sequence[Candidate]
    submissions: pa.Table
    cells: pa.Table
    form_values: pa.Table

    @classmethod
    def of(cls, month: _Month) -> "_Load":
        """The tables of one month."""
        return cls([month.period], month.candidates, month.submissions(), month.cells(), month.form_values())

    @classmethod
    def together(cls, loads: Sequence["_Load"]) -> "_Load":
        """Several months as one; the columns are shared, not copied."""
        return cls(
            [period for load in loads for period in load.periods],
            [candidate for load in loads for candidate in load.candidates],
            pa.concat_tables([load.submissions for load in loads]),
            pa.concat_tables([load.cells for load in loads]),
            pa.concat_tables([load.form_values for load in loads]),
        )

    def into(self, scratch: Scratch) -> None:
        """Make these what the rules see."""
        scratch.load_batch(self.periods, self.submissions, self.cells, self.form_values)


@dataclass(frozen=True, slots=True)
class _Months:
    batches: Sequence[_Month]
    reference: Sequence[tuple[str, pa.Table]]


def _months(candidates: Sequence[Candidate], spec: ReadingSpec, reference: Iterable[Any]) -> _Months:
    tables = [(table.name, table.rows) for table in reference if table.name in RULE_TABLES]
    lines: defaultdict[tuple[str, str], dict[tuple[str, str, str], Mapping[str, Any]]] = defaultdict(dict)
    for line in dict(tables)["form_lines"].to_pylist():
        lines[line["form"], line["period"]][line["part"], line["line_code"], line["field"]] = line
    by_period: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_period[candidate.identity.period].append(candidate)
    months = []
    for period, batch in sorted(by_period.items()):
        groups = _grouped(batch)
        parts = [
            (LayoutBatch(layout, groups[layout.code]), lines[layout.form, period])
            for layout in spec.layouts
            if layout.code in groups
        ]
        months.append(_Month(period, batch, parts))
    return _Months(months, tables)


def _grouped(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Layout code -> its files."""
    groups: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.extract.layout].append(candidate)
    return groups


def _standing(candidates: Iterable[Candidate], found: Mapping[str, Sequence[Finding]]) -> list[str]:
    """The accepted files of a month; of several for one duty the last."""
    standing = {
        candidate.identity.duty: candidate.submission_id
        for candidate in candidates
        if verdict_of([*candidate.findings, *found.get(candidate.submission_id, ())]) is Verdict.ACCEPTED
    }
    return list(standing.values())


def _judgement(candidate: Candidate, found: Mapping[str, Sequence[Finding]], layout: LayoutSpec) -> Judgement:
    extract = candidate.extract
    unclear = {(each.sheet, each.cell) for each in candidate.findings if each.code in _NO_NUMBER}
    by_rules = [
        each
        for each in found.get(candidate.submission_id, ())
        if each.code not in _NUMBER_WANTED or (each.sheet, each.cell) not in unclear
    ]
    findings = in_reading_order([*candidate.findings, *by_rules], extract.sheet_names.values())
    if any(finding.severity is Severity.WARNING for finding in findings):
        findings = with_reasons(findings, extract.reasons, _notes(extract, layout))
    return Judgement(
        candidate.submission_id,
        candidate.file_name,
        candidate.folder,
        verdict_of(findings),
        candidate.identity,
        findings,
        repairs=extract.repairs,
    )


def _notes(extract: Extract, layout: LayoutSpec) -> dict[tuple[str, int], str]:
    """(sheet, row from 1) -> what stands in the column of notes."""
    texts = iter(extract.texts.split(TEXT_END))
    notes = {}
    for at, slot in enumerate(extract.slots):
        text = next(texts) if extract.has_text[at] else ""
        part, _, name = layout.slots[slot]
        if name == NOTE and text and extract.states[at] == TEXT:
            notes[extract.sheet_names[part], extract.rows[at]] = text
    return notes
