"""Answers written to a folder by `ocop check`: the marked workbook where one can be made, and the same as text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.intake.answer import Answer
from ocop_pipeline.intake.answer_text import answer_text
from ocop_pipeline.intake.marked_answer import marked_answer

MARKED, TEXT = ".xlsx", ".txt"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for one file: the text always, the marked workbook where one could be made."""

    text: Path
    marked: Path | None


def write_answers(
    files: Sequence[Path], answers: Sequence[Answer], folder: Path, words: TemplateWords
) -> Mapping[Path, Written]:
    """Write the answers on the files that have findings; nothing is written over.

    Args:
        files: The files as they were given.
        answers: What became of each, in the same order.
        folder: Where to; made when it is not there.
        words: The sentences around the findings.

    Returns:
        File -> what was written for it; a sound file has nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for path, each in zip(files, answers, strict=True):
        if not each["findings"]:
            continue
        stem = _free(folder, path.stem)
        text, marked = folder / f"{stem}{TEXT}", marked_answer(path.read_bytes(), each, words)
        text.write_text(answer_text(each, words), encoding="utf-8")
        workbook = folder / f"{stem}{MARKED}" if marked is not None else None
        if workbook is not None and marked is not None:
            workbook.write_bytes(marked)
        written[path] = Written(text, workbook)
    return written


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
