"""What a sender is told in the workbook itself: the findings as marks, and the words of the first sheet.

Here: from an answer to marks and sentences. Not here: the parts of a workbook (`marked_workbook`).
"""

from typing import Final

from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.domain.findings import Severity
from ocop_pipeline.intake.answer import Answer
from ocop_pipeline.intake.answer_text import opening, without_place
from ocop_pipeline.intake.grid import MEBIBYTE, Limits
from ocop_pipeline.intake.marked_cover import Cover, Mark
from ocop_pipeline.intake.marked_workbook import mark_workbook

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
        Mark(each["severity"], each["sheet"], each["cell"], without_place(each), each["reason"])
        for each in findings[:_MOST_MARKS]
    ]
    return mark_workbook(data, marks, _cover(answer, words), limits)


def _cover(answer: Answer, words: TemplateWords) -> Cover:
    said = words.answer
    kinds = {str(each): said[str(each)] for each in Severity}
    return Cover(said["sheet"], [*opening(answer, words), said["how"]], words.answer_headers, kinds)
