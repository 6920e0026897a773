"""What a sender is told in the workbook itself: the findings as marks, and the words of the first sheet.

Here: from an answer to marks and sentences. Not here: the parts of a workbook (`marked_workbook`).
"""

from typing import Final

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.answer import Answer, FindingAnswer
from ocop_pipeline.intake.grid import MEBIBYTE, Limits
from ocop_pipeline.intake.marked_cover import Cover, Mark
from ocop_pipeline.intake.marked_workbook import mark_workbook

RECEIPT_DIGITS: Final = 10
"""As on the return notice: the first digits of the file's SHA-256."""
LIMITS: Final = Limits(unpacked_bytes=32 * MEBIBYTE)
"""A hundred and fifty times a form of ours: what is larger is answered by the notice alone."""
_MOST_MARKS: Final = 2_000
_PACKAGE: Final = b"PK\x03\x04"


def marked_answer(data: bytes, answer: Answer, words: TemplateWords, limits: Limits = LIMITS) -> bytes | None:
    """The sender's workbook with what is to be looked at again; None where nothing is, or it cannot be marked.

    Args:
        data: The file as it was sent; one that was read before.
        answer: What became of it.
        words: The sentences of the first sheet.
        limits: Larger files are not marked.
    """
    if not answer["findings"] or not data.startswith(_PACKAGE) or b"vbaProject.bin" in data:
        return None  # nobody is sent macros by us, their own neither
    findings = sorted(answer["findings"], key=lambda each: each["severity"] != Severity.ERROR)
    marks = [
        Mark(each["severity"], each["sheet"], each["cell"], _sentence(each))
        for each in findings[:_MOST_MARKS]
    ]
    return mark_workbook(data, marks, _cover(answer, words), limits)


def _sentence(finding: FindingAnswer) -> str:
    """The sentence without the place it begins with, which has columns of its own."""
    where = Finding(finding["code"], Severity(finding["severity"]), finding["sheet"], finding["cell"])
    return finding["message_vi"].removeprefix(f"{finding_types().place(where)}: ")


def _cover(answer: Answer, words: TemplateWords) -> Cover:
    said = words.answer
    lines = [said["title"]]
    name = answer["agency_name"] or answer["unit_name"]
    if name and answer["period"]:
        lines.append(said["whose"].format(name=name, period=Period.parse(answer["period"]).label_vi()))
    lines.append(said["receipt"].format(receipt=(answer["submission_id"] or "")[:RECEIPT_DIGITS]))
    if all(each["severity"] != Severity.ERROR for each in answer["findings"]):
        lines.append(said["nothing_wrong"])
    lines.append(said["how"])
    kinds = {str(each): said[str(each)] for each in Severity}
    return Cover(said["sheet"], lines, words.answer_headers, kinds)
