"""What a sender is told in the workbook itself: its findings as marks, and the words of the first sheet.

Here: from a judgement to marks and sentences. Not here: the parts of a workbook (`marked_workbook`).
"""

from typing import Final

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.grid import Limits
from ocop_pipeline.intake.judge import Judgement
from ocop_pipeline.intake.marked_cover import Cover, Mark
from ocop_pipeline.intake.marked_workbook import mark_workbook

RECEIPT_DIGITS: Final = 10
"""As on the return notice: the first digits of the file's SHA-256."""
_MOST_MARKS: Final = 2_000
_PACKAGE: Final = b"PK\x03\x04"


def marked_answer(
    data: bytes, judgement: Judgement, words: TemplateWords, limits: Limits | None = None
) -> bytes | None:
    """The sender's workbook with what is to be looked at again; None where nothing is, or it cannot be marked.

    Args:
        data: The file as it was sent.
        judgement: What became of it.
        words: The sentences of the first sheet.
        limits: As for reading; the usual ones by default.
    """
    if not judgement.findings or not data.startswith(_PACKAGE):
        return None
    findings = sorted(judgement.findings, key=lambda each: each.severity is not Severity.ERROR)
    marks = [
        Mark(str(each.severity), each.sheet, each.cell, _sentence(each)) for each in findings[:_MOST_MARKS]
    ]
    return mark_workbook(data, marks, _cover(judgement, words), limits or Limits())


def _sentence(finding: Finding) -> str:
    """The sentence without the place it begins with, which has columns of its own."""
    types = finding_types()
    return types.message(finding, "vi").removeprefix(f"{types.place(finding)}: ")


def _cover(judgement: Judgement, words: TemplateWords) -> Cover:
    said, identity = words.answer, judgement.identity
    lines = [said["title"]]
    if identity is not None:
        lines.append(
            said["whose"].format(name=identity.unit_name, period=Period.parse(identity.period).label_vi())
        )
    lines.append(said["receipt"].format(receipt=judgement.submission_id[:RECEIPT_DIGITS]))
    if all(each.severity is not Severity.ERROR for each in judgement.findings):
        lines.append(said["nothing_wrong"])
    lines.append(said["how"])
    kinds = {str(each): said[str(each)] for each in Severity}
    return Cover(said["sheet"], lines, words.answer_headers, kinds)
