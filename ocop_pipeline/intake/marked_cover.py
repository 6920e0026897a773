"""The first sheet of a workbook that is given back: what is to be put right, each with a link to its cell.

Here: the sheet as a part of an XLSX, and the shapes of what it says. Not here: the words (`marked_answer`), the marked
cells themselves (`marked_workbook`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ocop_pipeline.intake.grid import address
from ocop_pipeline.intake.marked_styles import WARNING, Styles
from ocop_pipeline.intake.xmlsplice import attribute, text

REFERENCE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
"""The address of one cell."""
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WIDTHS: Final = (5, 11, 22, 8, 72, 34)
_MESSAGE, _REASON = 4, 5
_LETTERS_PER_WIDTH, _LINE_POINTS = 1.05, 15.0
_LONGEST_CELL: Final = 32_000


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to be put right. `sheet` and `cell` are empty where a whole sheet or the whole file is meant."""

    severity: str
    sheet: str
    cell: str
    message: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """What the first sheet says besides the marks.

    Attributes:
        name: Its name.
        lines: Sentences above the table.
        headers: Of the columns: number, kind, sheet, cell, what to do, the sender's reason.
        kinds: Severity -> its word.
    """

    name: str
    lines: Sequence[str]
    headers: Sequence[str]
    kinds: Mapping[str, str]


def cover_part(marks: Sequence[Mark], cover: Cover, names: Mapping[str, str], styles: Styles) -> bytes:
    """The first sheet: sentences, then a line a mark, each with a link to its cell."""
    rows = [
        _row(number, [(line, styles.title if number == 1 else styles.plain)], _lines(line, sum(_WIDTHS)))
        for number, line in enumerate(cover.lines, 1)
    ]
    first = len(rows) + 2
    rows.append(_row(first, [(header, styles.bold) for header in cover.headers]))
    links = []
    for number, mark in enumerate(marks, start=1):
        at = first + number
        sheet = names.get(mark.sheet.casefold())
        linked = bool(sheet and REFERENCE.fullmatch(mark.cell))
        if linked and sheet:
            where = "'" + sheet.replace("'", "''") + "'!" + mark.cell
            links.append(
                f'<hyperlink ref="D{at}" location={attribute(where)} display={attribute(mark.cell)}/>'
            )
        rows.append(
            _row(
                at,
                [
                    (str(number), styles.plain),
                    (cover.kinds[mark.severity], styles.of_severity[mark.severity]),
                    (mark.sheet, styles.plain),
                    (mark.cell, styles.link if linked else styles.plain),
                    (mark.message, styles.plain),
                    # Where a warning is answered; an error is not reasoned away.
                    (mark.reason, styles.of_severity[WARNING] if mark.severity == WARNING else styles.plain),
                ],
                max(
                    _lines(mark.message, _WIDTHS[_MESSAGE]),
                    _lines(mark.sheet, _WIDTHS[2]),
                    _lines(mark.reason, _WIDTHS[_REASON]),
                ),
            )
        )
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
        for at, width in enumerate(_WIDTHS, start=1)
    )
    last = address(0, len(_WIDTHS) - 1)[0]
    merged = "".join(
        f'<mergeCell ref="A{number}:{last}{number}"/>' for number in range(1, len(cover.lines) + 1)
    )
    merges = f'<mergeCells count="{len(cover.lines)}">{merged}</mergeCells>' if merged else ""
    hyperlinks = f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView tabSelected="1" workbookViewId="0"/></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{''.join(rows)}</sheetData>{merges}{hyperlinks}"
        '<pageMargins left="0.5" right="0.4" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/></worksheet>'
    ).encode()


def _lines(written: str, width: int) -> int:
    """Lines a text takes in a column: no program makes a row higher before somebody touches it."""
    return max(1, -(-len(written) // int(width * _LETTERS_PER_WIDTH)))


def _row(number: int, cells: Sequence[tuple[str, int]], lines: int = 1) -> str:
    written = "".join(
        f'<c r="{address(number - 1, column)}" s="{style}" t="inlineStr">'
        f'<is><t xml:space="preserve">{text(value[:_LONGEST_CELL])}</t></is></c>'
        for column, (value, style) in enumerate(cells)
    )
    return f'<row r="{number}" ht="{lines * _LINE_POINTS:.1f}" customHeight="1">{written}</row>'
