"""Why a figure is right though it was asked about: what a sender writes beside a warning, from cell to finding.

Belongs here: reading reasons out of a workbook, and giving them to the warnings they answer. Does not: what is asked
(the rules), or who approves (`ocop review`). An error is not reasoned away. Standard library only: the reading runs in
the reading children.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.intake.cells import fold, shown
from ocop_pipeline.intake.grid import CellValue, Sheet

LONGEST: Final = 500
MOST: Final = 2_000
NOTE: Final = "note"
"""The field of the column beside the figures in which a line's reason may stand."""
_HEADER_ROWS: Final = 30
_ROW: Final = re.compile(r"[A-Z]{1,3}([0-9]{1,7})")


class Reason(NamedTuple):
    """What was written on the first sheet of a marked workbook beside what was asked about a cell or a sheet."""

    sheet: str
    cell: str
    text: str


class ReasonHeaders(NamedTuple):
    """The first sheet of a marked workbook: how its name begins, and headers of three of its columns, all folded."""

    name: str
    sheet: str
    cell: str
    reason: str


def read_reasons(headers: ReasonHeaders, sheets: Sequence[Sheet]) -> tuple[Reason, ...]:
    """The reasons on the first sheet of a marked workbook that came back; none where there is no such sheet.

    It is known by its name and headers. Whoever makes one up only answers warnings about the own report with it.
    """
    for sheet in sheets:
        if fold(sheet.name).startswith(headers.name) and (found := _on_sheet(headers, sheet)):
            return found
    return ()


def _on_sheet(headers: ReasonHeaders, sheet: Sheet) -> tuple[Reason, ...]:
    rows = iter(sheet.rows)
    for _, row in zip(range(_HEADER_ROWS), rows, strict=False):
        columns = {fold(value): at for at, value in enumerate(row) if type(value) is str}
        if headers.sheet in columns and headers.cell in columns and headers.reason in columns:
            at = columns[headers.sheet], columns[headers.cell], columns[headers.reason]
            return tuple(_written(rows, at))[:MOST]
    return ()


def _written(rows: Iterable[Sequence[CellValue]], at: tuple[int, int, int]) -> Iterable[Reason]:
    for row in rows:
        sheet, cell, text = (shown(row[column]) for column in at)
        if is_reason(text):
            yield Reason(sheet, cell.upper(), text[:LONGEST])


def is_reason(text: str) -> bool:
    """Whether a text says anything: a dash, a number or a tick is no reason for whoever approves."""
    return sum(letter.isalpha() for letter in text) > 1


def with_reasons(
    findings: Iterable[Finding], reasons: Iterable[Reason], notes: Mapping[tuple[str, int], str]
) -> tuple[Finding, ...]:
    """Give each warning the reason that stands beside it.

    Args:
        findings: Of one file.
        reasons: From the first sheet; they come before notes, for they were written as an answer.
        notes: (sheet, row from 1) -> what stands in the column of notes of that line.

    Returns:
        The findings in their order; errors as they are.
    """
    by_place = {(reason.sheet, reason.cell): reason.text for reason in reasons}
    return tuple(
        replace(finding, reason=text)
        if finding.severity is Severity.WARNING and (text := _beside(finding, by_place, notes))
        else finding
        for finding in findings
    )


def _beside(
    finding: Finding, by_place: Mapping[tuple[str, str], str], notes: Mapping[tuple[str, int], str]
) -> str:
    row = _ROW.fullmatch(finding.cell)
    note = notes.get((finding.sheet, int(row[1])), "") if row else ""
    return by_place.get((finding.sheet, finding.cell)) or (note[:LONGEST] if is_reason(note) else "")
