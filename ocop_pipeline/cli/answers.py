"""Answers written to a folder by `ocop check`: the marked workbook where one can be made, and the same as text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.intake.answer import Answer, together
from ocop_pipeline.intake.answer_text import answer_text
from ocop_pipeline.intake.marked_answer import marked_answer

MARKED, TEXT = ".xlsx", ".txt"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for one file: the text always, the marked workbook where one could be made."""

    text: Path
    marked: Path | None


def write_answers(
    told: Sequence[tuple[Path, Answer]], folder: Path, words: TemplateWords
) -> Mapping[Path, Written]:
    """Write the answers on the files that have findings; nothing is written over.

    Args:
        told: The files and what became of each; the parts of a workbook of several reports bear its path and are
            answered in it, together.
        folder: Where to; made when it is not there.
        words: The sentences around the findings.

    Returns:
        File -> what was written for it; a sound file has nothing, nor has a second copy of another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    of_file: dict[Path, list[Answer]] = {}
    for path, each in told:
        if each["findings"] and each["verdict"] != Verdict.DUPLICATE:
            of_file.setdefault(path, []).append(each)
    return {path: _write(path, answers, folder, words) for path, answers in of_file.items()}


def _write(path: Path, answers: Sequence[Answer], folder: Path, words: TemplateWords) -> Written:
    stem = _free(folder, path.stem)
    text = folder / f"{stem}{TEXT}"
    text.write_text("\n".join(answer_text(each, words) for each in answers), encoding="utf-8")
    marked = marked_answer(path.read_bytes(), together(answers), words)
    if marked is None:
        return Written(text, None)
    workbook = folder / f"{stem}{MARKED}"
    workbook.write_bytes(marked)
    return Written(text, workbook)


def _free(folder: Path, stem: str) -> str:
    """A name neither form of the answer has yet."""
    return next(
        name
        for name in _names(stem.removesuffix(".can-sua"))
        if not any((folder / f"{name}{suffix}").exists() for suffix in (MARKED, TEXT))
    )


def _names(stem: str) -> Iterator[str]:
    yield f"{stem}.can-sua"
    yield from (f"{stem}.can-sua-{number}" for number in range(2, 1000))
