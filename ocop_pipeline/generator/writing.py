"""Writes the files that were prepared, in this process or in several, and says where their faults stand.

Belongs here: from an `Outgoing` to bytes on the disk with their time. Nothing here decides what is written.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.domain.forms import FormLine
from ocop_pipeline.generator.damage import DAMAGES
from ocop_pipeline.generator.faults import Outgoing, Planted
from ocop_pipeline.generator.truth import PlantedFault
from ocop_pipeline.templates.sheets import SheetDraft, draft_sheets
from ocop_pipeline.templates.workbook import addresses, csv_bytes, xlsx_bytes

Progress = Callable[[int, int], None]
"""Called with files written and files in all."""

POOL_FROM = 200
"""Fewer files than this are written sooner in one process than others take to start."""

_CHUNK = 16


@dataclass(frozen=True)
class Printing:
    """What every file of a run needs to be laid out; handed once to each writing process."""

    inbox: Path
    lines: Mapping[tuple[str, date], tuple[FormLine, ...]]
    words: TemplateWords


def write_all(
    printing: Printing, outgoing: Sequence[Outgoing], workers: int, told: Callable[[int], None]
) -> list[tuple[PlantedFault, ...]]:
    """Write files, each with its time of last change.

    Args:
        printing: What all have in common.
        outgoing: The files, those repeated by others before these.
        workers: Processes to use when there are `POOL_FROM` files or more.
        told: Called with the number of files written so far.

    Returns:
        The faults of each file with the sheet and cell where they stand, in the order of `outgoing`.
    """
    found = []
    for number, faults in enumerate(_run(printing, outgoing, workers), start=1):
        found.append(faults)
        told(number)
    for item in outgoing:
        if item.same_as:
            _copy(printing.inbox, item)
    return found


def _run(
    printing: Printing, outgoing: Sequence[Outgoing], workers: int
) -> Iterator[tuple[PlantedFault, ...]]:
    if workers == 1 or len(outgoing) < POOL_FROM:
        yield from (_write(printing, item) for item in outgoing)
        return
    # Never fork: a parent that has used Polars or DuckDB has threads that a forked child would wait for.
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (printing,)) as pool:
        yield from pool.map(_write_in_child, outgoing, chunksize=_CHUNK)


_printing: list[Printing] = []


def _start(printing: Printing) -> None:
    _printing.append(printing)


def _write_in_child(item: Outgoing) -> tuple[PlantedFault, ...]:
    return _write(_printing[-1], item)


def _write(printing: Printing, item: Outgoing) -> tuple[PlantedFault, ...]:
    submission = item.submission
    drafts = draft_sheets(
        submission.layout,
        printing.lines[submission.form, submission.period.end],
        printing.words,
        submission.answers(),
        item.appearance,
    )
    if not item.same_as:
        _store(printing.inbox / item.path, _bytes(item, drafts), item.sent_at.timestamp())
    return tuple(_located(item, drafts))


def _bytes(item: Outgoing, drafts: Sequence[SheetDraft]) -> bytes:
    if item.file_format == "csv":
        # Half of the senders have a computer set to Vietnamese; told apart by something that never changes.
        vietnamese = sum(item.sender.unit.code.encode()) % 2 == 1
        data = csv_bytes(drafts, vietnamese=vietnamese, decomposed=item.decomposed)
    else:
        data = xlsx_bytes(drafts, decomposed=item.decomposed)
    return DAMAGES[item.damage](data) if item.damage else data


def _store(path: Path, data: bytes, moment: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (moment, moment))


def _copy(inbox: Path, item: Outgoing) -> None:
    _store(inbox / item.path, (inbox / item.same_as).read_bytes(), item.sent_at.timestamp())


def _located(item: Outgoing, drafts: Sequence[SheetDraft]) -> Iterator[PlantedFault]:
    at = addresses(drafts, as_csv=item.file_format == "csv") if item.planted else {}
    names = {draft.part: draft.name for draft in drafts}
    for planted in item.planted:
        yield PlantedFault(planted.kind, planted.code, planted.severity, *_address(planted, at, names))


def _address(
    planted: Planted, at: Mapping[tuple[str, str, str], tuple[str, str]], names: Mapping[str, str]
) -> tuple[str, str]:
    """Sheet and cell; the sheet alone for a fault of a whole sheet, nothing for one of the file."""
    if planted.place is None:
        return "", ""
    return at.get(planted.place) or (names[planted.place[0]], "")
