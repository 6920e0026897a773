"""What a sender is told, as plain text: the form of the answer that any screen shows and any mail carries.

Here: from an answer to lines. Not here: the findings' own sentences (`answer`), the marked workbook (`marked_answer`).
"""

from collections.abc import Iterator

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.answer import Answer, FindingAnswer
from ocop_pipeline.intake.cells import visible

RECEIPT_DIGITS = 10
"""As on the return notice: the first digits of the file's SHA-256."""


def answer_text(answer: Answer, words: TemplateWords) -> str:
    """The answer on one file as lines of text.

    Whose it is, its receipt, then errors before warnings, sheet by sheet, and what was read otherwise than written.

    Args:
        answer: What became of the file.
        words: The sentences around the findings; the same as on the first sheet of a marked workbook.
    """
    return visible("\n".join(_lines(answer, words))) + "\n"


def opening(answer: Answer, words: TemplateWords) -> list[str]:
    """The lines that any form of the answer begins with: title, whose report, receipt."""
    said = words.answer
    lines = [said["title"]]
    name = answer["agency_name"] or answer["unit_name"]
    if name and answer["period"]:
        lines.append(said["whose"].format(name=name, period=Period.parse(answer["period"]).label_vi()))
    lines.append(said["receipt"].format(receipt=(answer["submission_id"] or "")[:RECEIPT_DIGITS]))
    if all(each["severity"] != Severity.ERROR for each in answer["findings"]):
        lines.append(said["nothing_wrong"])
    return lines


def without_place(finding: FindingAnswer) -> str:
    """The sentence without the place it begins with, where that is said beside it."""
    where = Finding(finding["code"], Severity(finding["severity"]), finding["sheet"], finding["cell"])
    return finding["message_vi"].removeprefix(f"{finding_types().place(where)}: ")


def _lines(answer: Answer, words: TemplateWords) -> Iterator[str]:
    title, *rest = opening(answer, words)
    yield title
    yield words.answer["file"].format(file=answer["file"])
    yield from rest
    for severity in Severity:
        found = [each for each in answer["findings"] if each["severity"] == severity]
        if found:
            yield ""
            yield words.answer["group"].format(kind=words.answer[str(severity)], count=len(found))
        for number, each in enumerate(found, start=1):
            yield f"{number}. {each['message_vi']}"
            if each["reason"]:
                yield f"   {words.answer['reason'].format(reason=each['reason'])}"
    # A guess is among the findings already.
    sure = [each for each in answer["repairs"] if not each["is_guess"]]
    if sure:
        yield ""
        yield words.answer["group"].format(kind=words.answer["repairs"], count=len(sure))
    for number, repair in enumerate(sure, start=1):
        yield f"{number}. {repair['message_vi']}"
    if answer["findings"]:
        yield ""
        yield words.answer["how_elsewhere"]
