"""What the cell reader cannot tell: looked up in the XML of the sheets themselves.

The reader gives an empty text for an error cell and for a formula that was never calculated, and it lays a
sheet out as a full rectangle however far apart two cells are. So each sheet part is searched for those three
things, and for merged ranges. Sheets as the usual programs write them are searched with a few regular
expressions (tens of microseconds); anything written otherwise goes through a real XML parser, to the same
result.
"""

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET
from xml.parsers import expat

from ocop_pipeline.intake.grid import (
    Area,
    CellError,
    Position,
    RefusedFileError,
    UnreadableCode,
    column_index,
)

# A cell element that is not ``<c r="XY1234"``: reference first, at most column ZZ and row 9999. Other
# elements whose names start with c go on with a letter. Starting with two literal bytes makes this search
# five times faster.
_UNUSUAL_CELL = re.compile(rb'<c(?! r="[A-Z]{1,2}[0-9]{1,4}"[ />]|[a-zA-Z])')
# The same with any reference, and no attribute that could pass for the end of the tag.
_STRANGE_CELL = re.compile(rb'<c(?! r="[A-Z]{1,3}[0-9]{1,7}"(?: [a-z]+="\w*")*/?>|[a-zA-Z])')
_PREFIXED_CELL = re.compile(rb":c[\s/>]")
_OPEN_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: [a-z]+="\w*")*>')
_FORMULA = re.compile(rb"<f[\s/>]")
_ERROR_TYPE = b' t="e"'
_TEXT_TYPE = b' t="str"'
_CELL_REFERENCE = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_RESULT = re.compile(rb"<v(?: [^>]*)?>([^<]+)</v>")
_INLINE_TEXT = re.compile(rb"<is[\s>]")
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
# `sheet` and `Relationship` elements as the usual programs write them.
_USUAL_SHEET = re.compile(
    rb'<sheet name="([^"<>]*)" sheetId="[0-9]+"(?: state="[a-zA-Z]+")? r:id="([^"<>]*)" ?/>'
)
_USUAL_LINK = re.compile(rb'<Relationship Id="([^"<>]*)" Type="[^"<>]*" Target="([^"<>]*)" ?/>')
# A text by a number that is none (the reader shows the first text of the workbook instead), and a text in place whose
# value stands where a number would (the reader shows nothing).
_NO_INDEX = re.compile(rb""" t=["']s["'][^<>]*><v>(?!(?:[0-9]{1,9})?</v>)""")
# A number that is none (the reader shows it as a text, or as nothing). Blanks and noughts left out are none of it.
_NO_NUMBER = re.compile(
    rb'<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?(?: t="n")?><v>(?!(?:[-+0-9.eE\s]*|-?INF|NaN)</v>)'
)
_NUMBER = re.compile(r"[-+0-9.eE\s]*|-?INF|NaN", re.ASCII)
_MISPLACED = re.compile(rb"""inlineStr["'][^<>]*>\s*<v[\s>]""")
_INLINE = b"inlineStr"
_CLAIMED_TEXTS = re.compile(rb"""[cC]ount\s*=\s*["'][ +]*([0-9]+)""")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


@dataclass(slots=True)
class SheetMarks:
    """What was found in one sheet part. Positions are rows and columns from 0.

    Attributes:
        uncomputed: formula cells without a stored result.
        formulas: formula cells.
        errors: error cells and their error.
        merged: merged ranges.
        last: last row and last column that hold a filled cell, where the sheet reaches beyond row 9999 or
            column ZZ or is written unusually; None where that is excluded and the reader may be asked.
    """

    uncomputed: set[Position] = field(default_factory=set)
    formulas: set[Position] = field(default_factory=set)
    errors: dict[Position, CellError] = field(default_factory=dict)
    merged: list[Area] = field(default_factory=list)
    last: Position | None = None


def is_sheet(part: bytes, *, plain: bool) -> bool:
    """Whether an XML part (UTF-8 or UTF-16) holds a grid of cells, by whatever name it goes."""
    return b"sheetData" in part or (not plain and b"s\0h\0e\0e\0t\0D\0a\0t\0a" in part)


def refuse_false_count(texts: bytes) -> None:
    """Refuse a list of texts that says it holds more than it can: the reader reserves room for as many as are claimed.

    Args:
        texts: the part ``xl/sharedStrings.xml``.

    Raises:
        RefusedFileError: CORRUPT_XML.
    """
    root = texts[: texts.find(b">", texts.find(b"sst"))].replace(b"\0", b"")  # without the noughts of UTF-16
    for claimed in _CLAIMED_TEXTS.findall(root):
        if len(claimed) > 9 or int(claimed) > len(texts):  # the shortest text takes five bytes
            raise RefusedFileError(
                UnreadableCode.CORRUPT_XML, detail=f"{claimed[:20].decode()} texts claimed"
            )


def scan_sheet(part: bytes, *, plain: bool) -> SheetMarks:
    """Search one sheet part.

    Args:
        part: the XML.
        plain: whether `package.is_plain` found it so. Not asked again here: on a usual sheet the time goes
            into passes over its bytes, so there are few.

    Raises:
        RefusedFileError: CORRUPT_XML, from the slow way only.
    """
    plain = plain and not _PREFIXED_CELL.search(part) and _is_closed(part)
    if plain and not _UNUSUAL_CELL.search(part):
        return _scan_usual(part)
    if plain and not _STRANGE_CELL.search(part):
        marks = _scan_usual(part)
        marks.last = _last_open_cell(part)
        return marks
    return _parse(part)


def _is_closed(part: bytes) -> bool:
    """Whether no tag of a value is missing and no tag runs into the next: the reader skips such cells in silence."""
    return b'"<' not in part and part.count(b"<v>") + part.count(b"<v ") == part.count(b"</v>")


def _scan_usual(part: bytes) -> SheetMarks:
    if _NO_INDEX.search(part) or _NO_NUMBER.search(part) or (_INLINE in part and _MISPLACED.search(part)):
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail="a text where none can be")
    marks = SheetMarks()
    grid_end = part.rfind(b"</sheetData>")
    if grid_end < 0:  # an empty grid, or a closing tag written in some other way
        grid_end = len(part)
    if part.find(b"<f", 0, grid_end) >= 0:
        for found in _FORMULA.finditer(part, 0, grid_end):
            start, end = _cell_around(part, found.start())
            marks.formulas.add(_position(part, start))
            if not _has_result(part[start:end]):
                marks.uncomputed.add(_position(part, start))
    at = part.find(_ERROR_TYPE)
    while at >= 0:
        _mark_error(part, at, marks)
        at = part.find(_ERROR_TYPE, at + 1)
    # The schema puts merged ranges behind the grid.
    marks.merged = [_area(*found.groups()) for found in _MERGED.finditer(part, grid_end)]
    return marks


def _mark_error(part: bytes, at: int, marks: SheetMarks) -> None:
    start, end = _cell_around(part, at)
    tag_end = part.find(b">", start)
    if not start < at < tag_end or part[tag_end - 1 : tag_end] == b"/":
        return  # the same letters in a text, or a cell without content
    code = _RESULT.search(part, start, end)
    if code:
        marks.errors[_position(part, start)] = CellError(code[1].decode(errors="replace"))


def _cell_around(part: bytes, at: int) -> tuple[int, int]:
    end = part.find(b"</c>", at)
    return max(part.rfind(b"<c ", 0, at + 1), 0), len(part) if end < 0 else end


def _has_result(cell: bytes) -> bool:
    # A formula that yields an empty text is stored as t="str" with an empty <v>: calculated, and empty.
    tag = cell[: cell.find(b">")]
    return bool(_RESULT.search(cell) or (_TEXT_TYPE in tag and b"<v" in cell) or _INLINE_TEXT.search(cell))


def _position(part: bytes, start: int) -> Position:
    found = _CELL_REFERENCE.match(part, start)
    if not found:
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail="a formula or an error outside any cell")
    return int(found[2]) - 1, column_index(found[1].decode())


def _area(first_col: bytes, first_row: bytes, last_col: bytes, last_row: bytes) -> Area:
    return (
        int(first_row) - 1,
        column_index(first_col.decode()),
        int(last_row) - 1,
        column_index(last_col.decode()),
    )


def _last_open_cell(part: bytes) -> Position:
    """Furthest row and column of cells that have content (a self-closed cell has a style at most)."""
    columns: set[bytes] = set()
    rows: set[bytes] = set()
    for found in _OPEN_CELL.finditer(part):
        # Kept as written: a row is read as a number once, not with every cell.
        columns.add(found[1])
        rows.add(found[2])
    last_row = max((int(row) - 1 for row in rows), default=0)
    last_col = max((column_index(letters.decode()) for letters in columns), default=0)
    return max(last_row, 0), last_col


class _SheetParser:
    """The slow way: the same findings from a real XML parser, for any prefix, quoting, order or encoding."""

    def __init__(self) -> None:
        self.marks = SheetMarks(last=(0, 0))
        self._row = self._col = -1
        self._text: list[str] | None = None
        self._type = ""
        self._value = ""
        self._has_formula = self._has_value = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Handle an opening tag."""
        name = tag.rpartition(":")[2]
        if name == "row":
            row = attributes.get("r", "")
            self._row = int(row) - 1 if row.isdecimal() else self._row + 1
            self._col = -1
        elif name == "c":
            self._open_cell(attributes)
        elif name == "f":
            self._has_formula = True
        elif name in ("v", "t"):
            if name == "v" and self._type == "inlineStr":
                raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail="a text where none can be")
            self._has_value = True
            self._text = []
        elif name == "mergeCell":
            ends = _REFERENCE.findall(attributes.get("ref", ""))
            if len(ends) == 2:
                (col1, row1), (col2, row2) = ends
                self.marks.merged.append(_area(col1.encode(), row1.encode(), col2.encode(), row2.encode()))

    def _open_cell(self, attributes: dict[str, str]) -> None:
        written = attributes.get("r")
        reference = _REFERENCE.fullmatch(written or "")
        if written is not None and not reference:
            # The reader takes AAAAAA1 at its word and lays out twelve million columns.
            raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"a cell at {written[:20]!r}")
        if reference:
            self._row, self._col = int(reference[2]) - 1, column_index(reference[1])
        else:
            self._col += 1
        self._type = attributes.get("t", "")
        self._value = ""
        self._has_formula = self._has_value = False

    def refuse_cdata(self) -> None:
        """No program writes one into a grid, and the reader leaves it out: 14 and a section of 5 would read as 14."""
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail="a CDATA section")

    def text(self, data: str) -> None:
        """Handle character data."""
        if self._text is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        """Handle a closing tag."""
        name = tag.rpartition(":")[2]
        if name in ("v", "t") and self._text is not None:
            self._value += "".join(self._text)
            self._text = None
        elif name == "c":
            self._close_cell()

    def _close_cell(self) -> None:
        here = (self._row, self._col)
        is_index = not self._value or (self._value.isascii() and self._value.isdecimal())
        is_number = _NUMBER.fullmatch(self._value) is not None
        if (self._type == "s" and not is_index) or (self._type in ("", "n") and not is_number):
            raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail="a text where none can be")
        empty_text = self._type in ("str", "inlineStr") and self._has_value
        if self._has_formula:
            self.marks.formulas.add(here)
            if not self._value and not empty_text:
                self.marks.uncomputed.add(here)
        if self._type == "e" and self._value:
            self.marks.errors[here] = CellError(self._value)
        if self._has_value:
            last_row, last_col = self.marks.last or (0, 0)
            self.marks.last = (max(last_row, here[0]), max(last_col, here[1]))


def _parse(part: bytes) -> SheetMarks:
    handler = _SheetParser()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.StartCdataSectionHandler = handler.refuse_cdata
    try:
        parser.Parse(part, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=str(error)) from error
    return handler.marks


def sheet_parts(workbook: bytes, relations: bytes) -> dict[str, str]:
    """Which part holds which sheet.

    Args:
        workbook: the part ``xl/workbook.xml``, already found to be without DOCTYPE.
        relations: the part ``xl/_rels/workbook.xml.rels``, likewise.

    Returns:
        Part name in lower case, by sheet name.

    Raises:
        RefusedFileError: CORRUPT_XML.
    """
    usual = _usual_sheet_parts(workbook, relations)
    if usual is not None:
        return usual
    try:
        targets = {
            relation.get("Id", ""): part_name(relation.get("Target", ""))
            for relation in ET.fromstring(relations)  # noqa: S314 - parts with a DOCTYPE were refused before
        }
        sheets = ET.fromstring(workbook).iter()  # noqa: S314 - as above
        return {
            sheet.get("name", ""): targets.get(_relation_id(sheet), "")
            for sheet in sheets
            if sheet.tag.rpartition("}")[2] == "sheet"
        }
    except (ET.ParseError, ValueError, LookupError) as error:
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"xl/workbook.xml: {error}") from error


def _usual_sheet_parts(workbook: bytes, relations: bytes) -> dict[str, str] | None:
    """The same by two regular expressions, a tenth of the time; None where either part is written unusually.

    Unusual is whatever the expressions do not account for: an entity, a comment, another order of attributes, a
    prefix, another encoding.
    """
    if any(sign in part for part in (workbook, relations) for sign in (b"&", b"<!")):
        return None
    sheets, links = _USUAL_SHEET.findall(workbook), _USUAL_LINK.findall(relations)
    if not sheets or len(sheets) != workbook.count(b"sheetId=") or len(links) != relations.count(b"Target="):
        return None
    try:
        targets = {key: part_name(target.decode("utf-8")) for key, target in links}
        return {name.decode("utf-8"): targets.get(key, "") for name, key in sheets}
    except UnicodeDecodeError:
        return None


def part_name(target: str) -> str:
    """Name in lower case of the part that a relation of the workbook points to."""
    target = target.replace("\\", "/").lower()
    return target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"


def _relation_id(sheet: ET.Element) -> str:
    # Two namespaces are in use for this attribute (transitional and strict), one local name.
    return next((value for key, value in sheet.items() if key.endswith("}id")), "")
