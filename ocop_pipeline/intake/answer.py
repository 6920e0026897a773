"""What a judgement says to people and to scripts.

Belongs here: the documented JSON of `ocop check` and `ocop run`. The sentences are the catalogue's
(`catalogue/findings.py`); return notices as documents are made by reporting.
"""

from typing import TypedDict

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.domain.findings import Finding
from ocop_pipeline.intake.judge import Judgement


class FindingAnswer(TypedDict):
    """One finding. `sheet` and `cell` are empty where the whole file or sheet is meant."""

    code: str
    severity: str
    sheet: str
    cell: str
    message_vi: str
    message_en: str


class Answer(TypedDict):
    """One file. What cannot be told is null; `verdict` is accepted, returned, set_aside or duplicate."""

    file: str
    folder: str
    submission_id: str | None
    verdict: str
    form: str | None
    layout: str | None
    unit_id: str | None
    unit_name: str | None
    agency: str | None
    period: str | None
    findings: list[FindingAnswer]


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
        period=identity.period if identity else None,
        findings=[answer_finding(finding) for finding in judgement.findings],
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
    )
