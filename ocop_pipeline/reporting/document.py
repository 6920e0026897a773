"""The document model: what a report says, as frozen plain data, before any format.

Here: the dataclasses, the checks that make a wrong document impossible to build, and the one JSON every
writer reads (so that HTML and paper cannot disagree). Not here: reading figures, choosing words, markup,
files. All text in the model is plain text; it never holds markup.

The parts and their order follow decree 30/2020/NĐ-CP, appendix I, sections II (parts of a document) and
III (annexes).
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, Literal
from xml.etree import ElementTree as ET

from ocop_pipeline.reporting import formats

FORMAT_VERSION: Final = 1

Align = Literal["left", "right", "center"]
RowKind = Literal["normal", "subtotal", "total", "group", "split", "head"]
NoticeKind = Literal["information", "warning", "sample", "draft"]
Data = dict[str, Any]  # JSON-shaped: str, int, float, bool, None, lists and dicts of the same

# ---------------------------------------------------------------------------------------------- text

# What a published document may print: left-to-right letters, digits and signs that all four bundled
# faces have (a test renders every one). Everything else is printed as its code point, [U+4E2D].
REPERTOIRE: Final = (
    (0x0020, 0x007E), (0x00A0, 0x00AC), (0x00AE, 0x02FF),  # Latin of all kinds, spacing accents
    (0x0300, 0x036F),  # combining accents: Gia Rai, Ê Đê and Ra Glai letters that have no single code point
    (0x0386, 0x0386), (0x0388, 0x038A), (0x038C, 0x038C), (0x038E, 0x03A1), (0x03A3, 0x03FF),  # Greek
    (0x0400, 0x0482), (0x048A, 0x052F),  # Cyrillic
    (0x1E00, 0x1EFF),  # Vietnamese
    (0x2010, 0x2015), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026), (0x2030, 0x2030),
    (0x2032, 0x2033), (0x2039, 0x203A), (0x2044, 0x2044),  # dashes, quotation marks, … ‰
    (0x2070, 0x2071), (0x2074, 0x208E), (0x20AB, 0x20AC), (0x2116, 0x2116), (0x2122, 0x2122),  # ₫ € № ™
    (0x2153, 0x2154), (0x215B, 0x215E), (0x2190, 0x2195), (0x2212, 0x2212), (0x221A, 0x221A),
    (0x221E, 0x221E), (0x2248, 0x2248), (0x2260, 0x2260), (0x2264, 0x2265), (0x25A0, 0x25A1),
    (0x25B2, 0x25B2), (0x25BC, 0x25BC), (0x25CA, 0x25CB), (0x25CF, 0x25CF),
)  # fmt: skip

# Signs people paste that the faces lack, and what is printed instead. F0B7 and F0A7 are the private code
# points of a word processor's bullets; "5*" is how registers write five stars.
_SUBSTITUTES: Final = {
    **dict.fromkeys("\u2605\u2606\u2b50\u272d", "*"),
    **dict.fromkeys("\uf0b7\uf0a7\u2023\u25aa", "•"),
    **dict.fromkeys("\u2028\u2029\u0085\u000b\u000c\r", "\n"),
    **dict.fromkeys("\t\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u205f\u3000", " "),
    "\u202f": "\u00a0",
    # Nothing to print: soft hyphen, zero-width spaces and joiners, byte order mark, variation selectors.
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    **dict.fromkeys(map(chr, range(0xFE00, 0xFE10)), ""),
}
_REPLACED = re.compile(
    "[^\n" + "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in REPERTOIRE) + "]"
)
_STACKED = re.compile("(?<=[\u0300-\u036f])[\u0300-\u036f]|(?<![^\\W\\d_])[\u0300-\u036f]")
_WHITESPACE_RUN = re.compile(r"[ \n]+")


def _code_point(match: re.Match[str]) -> str:
    return "".join(f"[U+{ord(character):04X}]" for character in match.group())


def legible(text: str) -> str:
    r"""Turn any text that arrived into text that prints as what it is, in every format.

    Normalises to NFC; keeps what the faces can print; drops characters that print nothing; makes
    everything that could hide or reverse text visible as its code point, such as direction controls
    ("[U+202E]"), other control characters, and accents stacked or standing without a letter.

    Args:
        text: any string, even with lone surrogates.

    Returns:
        NFC text whose only control character is "\n".
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    text = _REPLACED.sub(lambda match: _SUBSTITUTES.get(match.group()) or _unprintable(match), text)
    return unicodedata.normalize("NFC", _STACKED.sub(_code_point, text))


def _unprintable(match: re.Match[str]) -> str:
    return "" if match.group() in _SUBSTITUTES else _code_point(match)


def _line(text: str) -> str:
    """Make text legible on one line (a non-breaking space stays what it is)."""
    return _WHITESPACE_RUN.sub(" ", legible(text)).strip(" ")


def _lines(text: str) -> list[str]:
    """Make text legible, one entry per line that says something."""
    return [line for line in map(_line, legible(text).split("\n")) if line]


def _punctuated(items: Sequence[str]) -> list[str]:
    """End each item with ";" and the last with ".", as the decree lists legal bases and recipients."""
    bare = [_line(item).rstrip(" ;.,") for item in items]
    return [f"{item}{'.' if place == len(bare) else ';'}" for place, item in enumerate(bare, start=1)]


# --------------------------------------------------------------------------------------------- parts


class Mark(StrEnum):
    """The four things that are not an ordinary figure, by the sign printed for each."""

    NOT_REPORTED = "…"
    NOTHING_TO_REPORT = "–"
    ZERO = "0"
    NOT_COLLECTED = "x"


@dataclass(frozen=True, slots=True)
class Letterhead:
    r"""Who issues the document, its number, place and day.

    Attributes:
        issuing_body: name as in running text, with a line break where the letterhead breaks it
            ("Ủy ban nhân dân\ntỉnh Lâm Đồng"); capitals are ours to make.
        symbol: kind and body, "BC-UBND".
        place: name in the place-date line.
        parent_body: the body above it, empty where there is none to name.
        number: sequence number, None until it is given.
        issued: day of issue, None until it is given.
    """

    issuing_body: str
    symbol: str
    place: str
    parent_body: str = ""
    number: int | None = None
    issued: date | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs.

    Attributes:
        capacity: authority and title, a line each ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH").
        name: full name without titles or degrees; empty while unsigned.
    """

    capacity: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style; `figure_id` names the published figure it prints, if it prints one."""

    text: str
    bold: bool = False
    italic: bool = False
    figure_id: str = ""

    def __post_init__(self) -> None:
        _check_figure_id(self.figure_id)


Text = str | tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 (I.), 2 (1.) or 3 (a)); the text carries its own number."""

    level: Literal[1, 2, 3]
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of running text."""

    content: Text


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short paragraphs."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """A unit's own words, exactly, with the unit named; line breaks are kept."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A statement that must not be overlooked: a draft, a sample, a gap in the figures."""

    text: str
    kind: NoticeKind = "information"


@dataclass(frozen=True, slots=True)
class PageBreak:
    """Start a new page on paper; a wider gap on the screen."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing: SVG of the small vocabulary `chart` and `dot_map` use, the same content in words, and a caption."""

    svg: str
    alt: str
    caption: str

    def __post_init__(self) -> None:
        _check_svg(self.svg)
        if not self.alt.strip():
            raise ValueError("a figure needs its content in words (alt)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        key: a name unique in the table.
        header: text of its header cell.
        group: text of the header cell above, shared by neighbouring columns with the same group.
        align: how its cells stand; figures stand right.
        width: share of the table's width, relative to the other columns.
        row_header: whether its cells name their row.
    """

    key: str
    header: str
    group: str = ""
    align: Align = "left"
    width: float = 1.0
    row_header: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: text already formatted, or one of the four marks.

    Attributes:
        text: what is printed; left empty when `mark` is given.
        span: columns it covers.
        emphasis: printed bold.
        mark: which of the four states this cell is in, when it is in one.
        figure_id: the published figure it prints, so that it can be walked back.
    """

    text: str = ""
    span: int = 1
    emphasis: bool = False
    mark: Mark | None = None
    figure_id: str = ""

    def __post_init__(self) -> None:
        _check_figure_id(self.figure_id)
        if self.mark is not None and self.text not in ("", self.mark.value):
            raise ValueError(f"a cell marked {self.mark.name} cannot print {self.text!r}")
        if self.span < 1:
            raise ValueError(f"a cell spans at least one column, not {self.span}")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells; `kind` says what it is.

    "group" is a group's title, "split" the title of the parts of the figure above it ("Theo hạng sao"), "head" a
    sum that stands above the rows it sums; none of them is left alone at the foot of a page.
    """

    cells: tuple[Cell, ...]
    kind: RowKind = "normal"


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Its header repeats on every page; the signs it uses are explained under it.

    Attributes:
        caption: what the table shows, with its unit of measure.
        columns: the columns, left to right.
        rows: the rows, top to bottom; the spans of each row add up to the number of columns.
        notes: lines under the table (coverage first).
        on_paper: the sentence printed in place of the rows on paper, for a list too long for it; the screen edition
            has the rows. Empty: both editions print them.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    on_paper: str = ""

    def __post_init__(self) -> None:
        keys = [column.key for column in self.columns]
        if not keys or len(set(keys)) != len(keys):
            raise ValueError(f"table {self.caption!r}: needs columns with distinct keys, has {keys}")
        if any(column.width <= 0 for column in self.columns):
            raise ValueError(f"table {self.caption!r}: a column's width must be positive")
        for place, row in enumerate(self.rows, start=1):
            width = sum(cell.span for cell in row.cells)
            if width != len(keys):
                raise ValueError(
                    f"table {self.caption!r}, row {place}: {width} columns instead of {len(keys)}"
                )


Block = Heading | Paragraph | Bullets | Quote | Table | Figure | Notice | PageBreak


@dataclass(frozen=True, slots=True)
class Annex:
    """An annex: numbered in Roman by its place, on pages of its own.

    Attributes:
        title: printed in capitals under "Phụ lục I".
        blocks: its content.
        landscape: whether its pages lie on the side.
        reference: the line "(Kèm theo …)"; composed from the letterhead when empty.
    """

    title: str
    blocks: tuple[Block, ...]
    landscape: bool = False
    reference: str = ""

    def __post_init__(self) -> None:
        _check_headings(self.blocks, f"annex {self.title!r}")


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Attributes:
        letterhead: who, number, place, day.
        kind: name of the kind of document as in running text ("Báo cáo").
        summary: the trích yếu under it.
        body: the text.
        signature: who signs.
        recipients: lines of "Nơi nhận", the archive line last; punctuation is ours to add.
        created: day of drafting; the date in the file's metadata.
        title: title in the file's metadata and the browser's tab.
        addressees: "Kính gửi", empty for none.
        legal_bases: "Căn cứ …" lines; punctuation is ours to add.
        annexes: the annexes, in order.
        map_note: which map of units the figures stand on.
        footnotes: further notes printed after the body.
        running_mark: words repeated on every page, such as "DỰ THẢO".
        language: ISO 639 code of the text ("vi").
    """

    letterhead: Letterhead
    kind: str
    summary: str
    body: tuple[Block, ...]
    signature: Signature
    recipients: tuple[str, ...]
    created: date
    title: str
    addressees: tuple[str, ...] = ()
    legal_bases: tuple[str, ...] = ()
    annexes: tuple[Annex, ...] = ()
    map_note: str = ""
    footnotes: tuple[str, ...] = ()
    running_mark: str = ""
    language: str = "vi"

    def __post_init__(self) -> None:
        _check_headings(self.body, "body")
        if not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"not a language code: {self.language!r}")
        if not self.title.strip():
            raise ValueError("a document needs a title for its metadata")


def paragraph(*parts: str | Run) -> Paragraph:
    """Build a paragraph from plain strings and styled runs, in order."""
    return Paragraph(tuple(Run(part) if isinstance(part, str) else part for part in parts))


def marked(mark: Mark, *, figure_id: str = "") -> Cell:
    """Build the cell for one of the four states that are not an ordinary figure."""
    return Cell(mark=mark, figure_id=figure_id)


# -------------------------------------------------------------------------------------------- checks

_FIGURE_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:|=,/@-]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SVG_NAMESPACE = "{http://www.w3.org/2000/svg}"
_SVG_ELEMENTS = frozenset({"svg", "g", "title", "desc", "rect", "line", "circle", "text", "tspan"})
_SVG_ATTRIBUTES = frozenset(
    {"x", "y", "x1", "y1", "x2", "y2", "dx", "dy", "cx", "cy", "r", "width", "height", "viewBox", "role"}
    | {"fill", "stroke", "stroke-width", "stroke-dasharray"}
    | {"font-family", "font-size", "font-weight", "text-anchor"}
)


def _check_figure_id(figure_id: str) -> None:
    if figure_id and not _FIGURE_ID.fullmatch(figure_id):
        raise ValueError(f"not the id of a figure: {figure_id!r}")


def _check_headings(blocks: Sequence[Block], where: str) -> None:
    """Refuse a heading that skips a level: a screen reader (PDF/UA) and a reader would both be lost."""
    previous = 0
    for block in blocks:
        if isinstance(block, Heading):
            if block.level > previous + 1:
                raise ValueError(
                    f"{where}: heading {block.text!r} skips from level {previous} to {block.level}"
                )
            previous = block.level


def _check_svg(svg: str) -> None:
    """Refuse any SVG that could load, run or expand something: only shapes and text pass."""
    if "<!" in svg or "<?" in svg:
        raise ValueError("a figure's SVG may not hold declarations, comments or instructions")
    try:
        root = ET.fromstring(svg)  # noqa: S314 - declarations, hence entities, were refused above
    except ET.ParseError as error:
        raise ValueError(f"a figure's SVG is not well-formed: {error}") from error
    for element in root.iter():
        name = element.tag.removeprefix(_SVG_NAMESPACE)
        strange = set(element.attrib) - _SVG_ATTRIBUTES
        if name not in _SVG_ELEMENTS or strange or any("url(" in value for value in element.attrib.values()):
            raise ValueError(
                f"a figure's SVG may not hold <{name}> with {sorted(strange) or 'such attributes'}"
            )


# ---------------------------------------------------------------------------------------------- JSON


def to_json(document: Document) -> str:
    """Write the document as the one JSON every writer reads.

    Equal documents give equal bytes. All text in it is legible (see `legible`), capitals, numbers and
    punctuation the decree asks for are in place, header rows are worked out: a writer only sets type.

    Args:
        document: the document.

    Returns:
        JSON text, keys in a fixed order, no escapes for Vietnamese letters.
    """
    return json.dumps(to_data(document), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_data(document: Document) -> Data:
    """Give the content of `to_json` as Python data."""
    letterhead = document.letterhead
    return {
        "format": FORMAT_VERSION,
        "language": document.language,
        "title": _line(document.title),
        "created": {
            "year": document.created.year,
            "month": document.created.month,
            "day": document.created.day,
        },
        "running_mark": _line(document.running_mark),
        "letterhead": {
            "parent_body": _line(letterhead.parent_body).upper(),
            "issuing_body": [line.upper() for line in _lines(letterhead.issuing_body)],
            "issuing_body_name": _line(letterhead.issuing_body),
            "number": _line(formats.document_number(letterhead.number, letterhead.symbol)),
            "place_and_date": _line(
                formats.place_and_date(letterhead.place, letterhead.issued, document.created)
            ),
        },
        "kind": _line(document.kind).upper(),
        "summary": _line(document.summary),
        "addressees": _addressees(document.addressees),
        "legal_bases": _punctuated(document.legal_bases),
        "body": [_block(block) for block in document.body],
        "map_note": _line(document.map_note),
        "footnotes": [_line(note) for note in document.footnotes],
        "signature": {
            "capacity": [_line(line).upper() for line in document.signature.capacity],
            "name": _line(document.signature.name),
        },
        "recipients": _punctuated(document.recipients),
        "annexes": [_annex(document, annex, place) for place, annex in enumerate(document.annexes, start=1)],
    }


def _addressees(addressees: Sequence[str]) -> list[str]:
    """One addressee stands bare after "Kính gửi:"; several are a punctuated list."""
    return [_line(addressees[0])] if len(addressees) == 1 else _punctuated(addressees)


def _annex(document: Document, annex: Annex, place: int) -> Data:
    return {
        "number": formats.roman(place),
        "title": _line(annex.title).upper(),
        "reference": _line(annex.reference or _reference(document)),
        # Tables are handed on without the rest: each annex that has any says on which map of units they are.
        "map_note": _line(document.map_note) if any(isinstance(each, Table) for each in annex.blocks) else "",
        "landscape": annex.landscape,
        "blocks": [_block(block) for block in annex.blocks],
    }


def _reference(document: Document) -> str:
    """Compose the line under an annex's title (decree 30/2020/NĐ-CP, appendix I, section III)."""
    letterhead = document.letterhead
    gap = "\u00a0" * 6
    number = formats.document_number(letterhead.number, letterhead.symbol)
    if letterhead.issued:
        day = formats.long_date(letterhead.issued)
    else:
        day = f"ngày{gap}tháng{gap}năm {document.created.year:04d}"
    return f"(Kèm theo {document.kind} số {number} {day} của {letterhead.issuing_body})"


def _block(block: Block) -> Data:  # noqa: PLR0911 - one return per kind of block is the plainest form
    match block:
        case Heading():
            return {"type": "heading", "level": block.level, "text": _line(block.text)}
        case Paragraph():
            return {"type": "paragraph", "runs": _runs(block.content)}
        case Bullets():
            return {"type": "bullets", "items": [_runs(item) for item in block.items]}
        case Quote():
            return {"type": "quote", "lines": _lines(block.text), "source": _line(block.source)}
        case Notice():
            return {"type": "notice", "kind": block.kind, "lines": _lines(block.text)}
        case Figure():
            return {
                "type": "figure",
                "svg": block.svg,
                "alt": _line(block.alt),
                "caption": _line(block.caption),
            }
        case Table():
            return _table(block)
        case PageBreak():
            return {"type": "page_break"}


def _runs(content: Text) -> list[Data]:
    """Give styled runs; white space between two runs is kept, line breaks become spaces."""
    runs = (Run(content),) if isinstance(content, str) else content
    return [
        {
            "text": _WHITESPACE_RUN.sub(" ", legible(run.text)),
            "bold": run.bold,
            "italic": run.italic,
            "figure_id": run.figure_id,
        }
        for run in runs
    ]


def _table(table: Table) -> Data:
    used = {cell.mark for row in table.rows for cell in row.cells}
    return {
        "type": "table",
        "caption": _line(table.caption),
        "columns": [
            {"key": c.key, "align": c.align, "width": c.width, "row_header": c.row_header}
            for c in table.columns
        ],
        "header": _header_rows(table.columns),
        "rows": [_row(table.columns, row) for row in table.rows],
        "notes": [_line(note) for note in table.notes],
        "on_paper": _line(table.on_paper),
        "legend": [{"sign": mark.value, "name": mark.name.lower()} for mark in Mark if mark in used],
    }


def _header_rows(columns: Sequence[Column]) -> list[list[Data]]:
    """Work out one header row, or two where columns share a group."""
    if not any(column.group for column in columns):
        return [[_header_cell(column.header) for column in columns]]
    upper: list[Data] = []
    lower: list[Data] = []
    for column in columns:
        if not column.group:
            upper.append(_header_cell(column.header, rows=2))
            continue
        group = _line(column.group)
        if lower and upper[-1]["group"] == group:
            upper[-1]["columns"] += 1
        else:
            upper.append(_header_cell(group, group=group))
        lower.append(_header_cell(column.header))
    return [upper, lower]


def _header_cell(text: str, rows: int = 1, group: str = "") -> Data:
    return {"text": _line(text), "columns": 1, "rows": rows, "group": group}


def _row(columns: Sequence[Column], row: Row) -> Data:
    return {"kind": row.kind, "cells": list(_cells(columns, row))}


def _cells(columns: Sequence[Column], row: Row) -> Iterator[Data]:
    """Give each cell the alignment of its column; a cell over several columns stands left."""
    place = 0
    for cell in row.cells:
        column = columns[place]
        yield {
            "text": cell.mark.value if cell.mark else _line(cell.text),
            "span": cell.span,
            "align": "left" if cell.span > 1 else column.align,
            "bold": cell.emphasis or row.kind not in ("normal", "split"),
            "row_header": column.row_header or (row.kind == "group" and place == 0),
            "mark": cell.mark.name.lower() if cell.mark else "",
            "figure_id": cell.figure_id,
        }
        place += cell.span
