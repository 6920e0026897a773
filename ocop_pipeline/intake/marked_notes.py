"""Notes at the marked cells of a workbook that is given back: what is wrong, where the eye is.

Here: the two parts of an XLSX that hold the notes of a sheet, and whether those that are there are ours. A sheet on
which the sender has notes of its own gets none: the first sheet tells the same.
"""

import re
from collections.abc import Mapping
from typing import Final

from ocop_pipeline.intake.grid import address
from ocop_pipeline.intake.xmlsplice import attribute, text

AUTHOR: Final = "OCOP (phiếu trả lại)"
"""By whom our notes are; a part with another author besides is the sender's."""
COMMENTS_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
DRAWING_TYPE: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_AUTHORS: Final = re.compile(r"<(?:\w+:)?author>([^<]*)</(?:\w+:)?author>")
_LONGEST: Final = 2_000
_HEIGHT, _WIDTH = 6, 4
Notes = Mapping[tuple[int, int], str]
"""(row from 1, column from 0) -> what is said there."""


def are_ours(comments: bytes) -> bool:
    """Whether all notes of a sheet are those of an earlier answer."""
    authors = {found.strip() for found in _AUTHORS.findall(comments.decode("utf-8", "replace"))}
    return authors <= {AUTHOR, ""} and AUTHOR in authors


def comments_part(notes: Notes) -> bytes:
    """The texts of the notes of a sheet."""
    written = "".join(
        f'<comment ref="{address(row - 1, column)}" authorId="0"><text><t xml:space="preserve">'
        f"{text(said[:_LONGEST])}</t></text></comment>"
        for (row, column), said in sorted(notes.items())
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<comments xmlns="{_MAIN}"><authors><author>{text(AUTHOR)}</author></authors>'
        f"<commentList>{written}</commentList></comments>"
    ).encode()


def drawing_part(notes: Notes, sheet: int) -> bytes:
    """The boxes of the notes of a sheet, unseen until the pointer is on their cell. `sheet` tells sheets apart."""
    shapes = "".join(
        _shape(sheet * 10_000 + number, row, column)
        for number, (row, column) in enumerate(sorted(notes), start=1)
    )
    return (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel"><v:shapetype id="_x0000_t202" coordsize="21600,21600" '
        f'o:spt="202" path="m,l,21600r21600,l21600,xe"/>{shapes}</xml>'
    ).encode()


def _shape(number: int, row: int, column: int) -> str:
    anchor = f"{column + 1}, 10, {max(row - 2, 0)}, 5, {column + 1 + _WIDTH}, 10, {row - 2 + _HEIGHT}, 5"
    return (
        f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;visibility:hidden" '
        'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><x:ClientData ObjectType="Note">'
        f"<x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill>"
        f"<x:Row>{row - 1}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
    )


def link_element(prefix: str, relations: str, link: str) -> bytes:
    """The element by which a sheet names the boxes of its notes."""
    return f"<{prefix}legacyDrawing xmlns:r={attribute(relations)} r:id={attribute(link)}/>".encode()
