"""What a judgement says to people and to scripts.

Belongs here: the documented JSON of `ocop check` and `ocop run`. The sentences are the catalogue's
(`catalogue/findings.py`); return notices as documents are made by reporting.
"""

import ast
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TypedDict

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.findings import Item, finding_types
from ocop_pipeline.catalogue.repairs import repair_kinds
from ocop_pipeline.domain.findings import Finding, Repair, Severity, Verdict
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.inbox import display_name
from ocop_pipeline.intake.judge import Judgement
from ocop_pipeline.intake.tables import VIETNAM
from ocop_pipeline.warehouse.ledger import ArrivalRecord, RefusalRecord, Sighting, VerdictRecord


class FindingAnswer(TypedDict):
    """One finding. `sheet` and `cell` are empty where the whole file or sheet is meant.

    `args` holds what the sentences are made from: texts, and lists of things whole, of which a sentence tells a few.
    `reason` is what the sender wrote beside a warning; empty where nothing.
    """

    code: str
    severity: str
    sheet: str
    cell: str
    message_vi: str
    message_en: str
    args: dict[str, str | list[Item]]
    reason: str


class RepairAnswer(TypedDict):
    """Something read otherwise than it is written. `cell` is empty where many cells of the sheet are meant.

    `is_guess` says that it could mean something else; a finding at the same place then asks to confirm it.
    """

    code: str
    sheet: str
    cell: str
    before: str
    after: str
    is_guess: bool
    message_vi: str
    message_en: str


class Answer(TypedDict):
    """One file. What cannot be told is null; `verdict` is accepted, returned, set_aside or duplicate.

    `agency_name` and `received_on` (ISO day) are null for a file that was only checked. `not_run` are codes of the
    rules that had nothing earlier to compare the report with; null where it was not judged, or long ago.
    """

    file: str
    folder: str
    submission_id: str | None
    verdict: str
    form: str | None
    layout: str | None
    unit_id: str | None
    unit_name: str | None
    agency: str | None
    agency_name: str | None
    period: str | None
    received_on: str | None
    findings: list[FindingAnswer]
    repairs: list[RepairAnswer]
    not_run: list[str] | None


def answer(judgement: Judgement) -> Answer:
    """The judgement as plain values, ready for `json.dumps`."""
    identity = judgement.identity
    return Answer(
        file=judgement.display_name,
        folder=judgement.folder,
        submission_id=judgement.submission_id or None,
        verdict=str(judgement.verdict),
        form=identity.form if identity else None,
        layout=identity.layout if identity else None,
        unit_id=identity.unit_id if identity else None,
        unit_name=identity.unit_name if identity else None,
        agency=(identity.agency or None) if identity else None,
        agency_name=None,
        period=identity.period if identity else None,
        received_on=None,
        findings=[answer_finding(finding) for finding in judgement.findings],
        repairs=[_repair(each) for each in judgement.repairs],
        not_run=None if judgement.not_run is None else list(judgement.not_run),
    )


def is_settled(answer: Answer) -> bool:
    """Whether the sender has nothing to put right: accepted, known already, or taken apart into several reports."""
    errors = any(finding["severity"] == Severity.ERROR for finding in answer["findings"])
    return answer["verdict"] in (Verdict.ACCEPTED, Verdict.DUPLICATE) or (
        answer["verdict"] == Verdict.SET_ASIDE and bool(answer["findings"]) and not errors
    )


def together(answers: Sequence[Answer]) -> Answer:
    """One answer on a file that holds several reports: all findings, and of what is said only what holds for all."""
    first = answers[0]
    if len(answers) == 1:
        return first
    return Answer(
        **{
            **first,
            "unit_id": None,
            "unit_name": None,
            "agency": None,
            "agency_name": None,
            "findings": [finding for each in answers for finding in each["findings"]],
            "repairs": [repair for each in answers for repair in each["repairs"]],
        }
    )


def _repair(repair: Repair) -> RepairAnswer:
    kinds = repair_kinds()
    return RepairAnswer(
        code=repair.rule,
        sheet=repair.sheet,
        cell=repair.cell,
        before=repair.before,
        after=repair.after,
        is_guess=repair.is_guess,
        message_vi=kinds.message(repair, "vi"),
        message_en=kinds.message(repair, "en"),
    )


def answer_finding(finding: Finding) -> FindingAnswer:
    """A finding as plain values, with its sentences in both languages."""
    types = finding_types()
    return FindingAnswer(
        code=finding.code,
        severity=str(finding.severity),
        sheet=finding.sheet,
        cell=finding.cell,
        message_vi=types.message(finding, "vi"),
        message_en=types.message(finding, "en"),
        args=types.values(finding),
        reason=finding.reason,
    )


def recorded_answer(arrival: ArrivalRecord, verdict: VerdictRecord, catalogue: Catalogue) -> Answer:
    """The same for a file judged earlier, from what the ledger holds."""
    name = None
    if verdict.unit_id and verdict.period:
        name = catalogue.units.get(verdict.unit_id, Period.parse(verdict.period).end).full_name
    return Answer(
        file=arrival.display_name,
        folder=arrival.folder,
        submission_id=verdict.sha256,
        verdict=str(verdict.verdict),
        form=verdict.form or None,
        layout=verdict.layout or None,
        unit_id=verdict.unit_id or None,
        unit_name=name,
        agency=verdict.agency or None,
        agency_name=_agency_name(verdict, catalogue),
        period=verdict.period or None,
        received_on=arrival.received_at.astimezone(VIETNAM).date().isoformat(),
        findings=[answer_finding(finding) for finding in verdict.findings],
        repairs=[_repair(each) for each in verdict.repairs],
        not_run=None if verdict.not_run is None else list(verdict.not_run),
    )


def _agency_name(verdict: VerdictRecord, catalogue: Catalogue) -> str | None:
    return next((agency.name_vi for agency in catalogue.agencies if agency.code == verdict.agency), None)


def repeated_answer(sighting: Sighting) -> Answer:
    """A path that only repeats bytes received before."""
    return _bare(sighting.original, sighting.sha256, Verdict.DUPLICATE, [])


def refused_answer(refusal: RefusalRecord) -> Answer:
    """Something in the inbox that could not be taken."""
    finding = finding_types().make(refusal.code, **{name: str(value) for name, value in refusal.args.items()})
    return _bare(refusal.original, None, Verdict.SET_ASIDE, [answer_finding(finding)])


def _bare(
    original: str, submission_id: str | None, verdict: Verdict, findings: list[FindingAnswer]
) -> Answer:
    path = PurePosixPath(str(ast.literal_eval(original)))
    folder = "" if path.parent == PurePosixPath() else display_name(str(path.parent))
    return Answer(
        file=display_name(path.name),
        folder=folder,
        submission_id=submission_id,
        verdict=str(verdict),
        form=None,
        layout=None,
        unit_id=None,
        unit_name=None,
        agency=None,
        agency_name=None,
        period=None,
        received_on=None,
        findings=findings,
        repairs=[],
        not_run=None,
    )
