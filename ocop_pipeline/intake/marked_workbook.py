"""The sender's own workbook given back: what is wrong is coloured, a first sheet says what to do about it.

Here: the parts of an XLSX that have to change for it, and only those; every other part stays byte for byte, formulas
keep their results. Not here: what is wrong (the rules), in which words (`catalogue/findings.py`), when it is sent.
"""

import io
import posixpath
import re
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, unescape

from ocop_pipeline.intake.grid import Limits, RefusedFileError, address, column_index
from ocop_pipeline.intake.marked_cover import REFERENCE, Cover, Mark, cover_part
from ocop_pipeline.intake.marked_notes import (
    COMMENTS_TYPE,
    DRAWING_TYPE,
    Notes,
    are_ours,
    comments_part,
    drawing_part,
    link_element,
)
from ocop_pipeline.intake.marked_styles import ERROR, Styles
from ocop_pipeline.intake.package import Package, refuse_doctype
from ocop_pipeline.intake.sheetxml import sheet_parts
from ocop_pipeline.intake.xmlsplice import (
    NotSpliceableError,
    Splice,
    Tag,
    attribute,
    spliced,
    walk,
    with_attribute,
)

_WORKBOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_TYPES, _STYLES, _PROPERTIES = "[content_types].xml", "xl/styles.xml", "docprops/app.xml"
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_LONGEST_NAME: Final = 31
_OF_SHEET: Final = 2
_BEHIND_NOTES: Final = frozenset({
    "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst",
})  # fmt: skip
"""Elements of a sheet before which the format wants the link to its notes."""
_LINKS_BEGIN: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
)
_LINKS_END: Final = b"</Relationships>"
_ENTITIES: Final = {"&apos;": "'", "&quot;": '"'}
_MARKER: Final = "_ocop_can_sua"
_QUOTED: Final = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!")
_RELATIONS: Final = re.compile(r"http://.*/officeDocument/(?:2006/)?relationships")
"""The name space of links in its usual and in its strict form."""


def mark_workbook(data: bytes, marks: Sequence[Mark], cover: Cover, limits: Limits) -> bytes | None:
    """Colour the cells of a workbook and put a sheet in front that names them.

    Args:
        data: An XLSX that was read before.
        marks: What is to be put right, in the order in which people are told.
        cover: The first sheet.
        limits: As for reading.

    Returns:
        The workbook, or None where it is written in a way that cannot be changed without touching more.
    """
    try:
        return _Marking(data, limits).marked(marks, cover)
    except (NotSpliceableError, RefusedFileError, KeyError):
        return None


@dataclass
class _Row:
    """A row that has a mark: where its tag lies, the style of its blank cells, its cells."""

    number: int
    tag: Tag
    end: int = 0
    cells: list[tuple[int, Tag]] = field(default_factory=list)


class _Marking:
    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._package = Package(data, limits)
        for name in self._package.xml_names():
            refuse_doctype(self._package.part(name), name)
        self._changed: dict[str, bytes] = {}
        self._types: dict[str, str] = {}
        self._relations = self._kind_of_links().removesuffix("/worksheet")
        self._styles = Styles(self._package.part(_STYLES), keeps_background=self._keeps_background())

    def _keeps_background(self) -> bool:
        """Whether the unseen second colour of a fill is still the one we gave: LibreOffice writes one of its own."""
        return _PROPERTIES not in self._package.names or b"LibreOffice" not in self._package.part(_PROPERTIES)

    def marked(self, marks: Sequence[Mark], cover: Cover) -> bytes:
        parts = sheet_parts(self._package.part(_WORKBOOK), self._package.part(_LINKS))
        names = {name.casefold(): name for name in parts}
        by_part: defaultdict[str, dict[tuple[int, int], str]] = defaultdict(dict)
        notes: defaultdict[str, dict[tuple[int, int], str]] = defaultdict(dict)
        for mark in marks:
            place = REFERENCE.fullmatch(mark.cell)
            name = names.get(mark.sheet.casefold())
            if place and name:
                at = (int(place[2]), column_index(place[1]))
                cells = by_part[parts[name]]
                cells[at] = ERROR if ERROR in (mark.severity, cells.get(at)) else mark.severity
                said = notes[parts[name]].get(at)
                notes[parts[name]][at] = f"{said}\n{mark.message}" if said else mark.message
        book = _BookScan(self._package.part(_WORKBOOK))
        # A name alone shall not have a sheet of the sender's taken for ours.
        is_ours = book.marker_sheet.casefold().startswith(cover.name.casefold())
        earlier = parts.get(book.marker_sheet, "") if is_ours else ""
        for number, part in enumerate(sorted(set(parts.values()) - {earlier}), start=1):
            link = self._note(part, notes.get(part, {}), number)
            self._changed[part] = self._sheet(self._package.part(part), by_part.get(part, {}), link)
        if earlier:
            self._changed[earlier] = cover_part(marks, cover, names, self._styles)
            self._open(book, list(parts).index(book.marker_sheet))
        else:
            self._add_cover(book, marks, cover, names)
        self._changed[_STYLES] = self._styles.part()
        self._add_types()
        return self._packed()

    # ---------------------------------------------------------------------------------- one sheet

    def _sheet(self, part: bytes, wanted: Mapping[tuple[int, int], str], link: str) -> bytes:
        """A sheet with its marked cells coloured, and no longer the one that is open; `link` leads to new notes."""
        scan = _SheetScan({row for row, _ in wanted})
        walk(part, scan.seen, scan.ended)
        changes = [with_attribute(part, tag, "tabSelected", None) for tag in scan.views]
        by_row: defaultdict[int, dict[int, str]] = defaultdict(dict)
        for (line, column), severity in wanted.items():
            by_row[line][column] = severity
        new_rows: list[tuple[int, int, bytes]] = []
        for number, columns in sorted(by_row.items()):
            row = scan.rows.get(number)
            if row is None:
                new_rows.append((scan.place_of_row(number), number, self._new_row(scan, number, columns)))
            else:
                changes += self._row_changes(part, scan, row, columns)
        changes += self._put_rows(part, scan, new_rows)
        if link:
            changes.append(
                Splice(scan.notes_at, scan.notes_at, link_element(scan.prefix, self._relations, link))
            )
        return spliced(part, changes)

    def _note(self, part: str, notes: Notes, number: int) -> str:
        """Write the notes of a sheet.

        Returns:
            The id of the link that its part has to name; blank where it names one already, has notes of the sender's,
            or needs none.
        """
        folder, _, base = part.rpartition("/")
        links = f"{folder}/_rels/{base}.rels"
        seen = _Collected("Relationship", "Relationships")
        if links in self._package.names:
            walk(self._package.part(links), seen.seen, seen.ended)
        targets = {
            each.attributes["Type"].rpartition("/")[2]: posixpath.normpath(
                posixpath.join("/", folder, each.attributes["Target"])
            )
            .lower()
            .lstrip("/")
            for each in seen.tags
        }
        if "comments" in targets or "vmlDrawing" in targets:
            self._rewrite_notes(targets, notes, number)
            return ""
        if not notes:
            return ""
        parts = (f"xl/comments_can_sua{number}.xml", f"xl/drawings/can_sua{number}.vml")
        self._changed[parts[0]], self._changed[parts[1]] = comments_part(notes), drawing_part(notes, number)
        self._types |= {parts[0]: COMMENTS_TYPE, parts[1]: DRAWING_TYPE}
        put = "".join(
            f'<{seen.prefix}Relationship Id="rIdCanSua{kind}" Type={attribute(f"{self._relations}/{kind}")} '
            f"Target={attribute('/' + target)}/>"
            for kind, target in zip(("comments", "vmlDrawing"), parts, strict=True)
        ).encode()
        if links in self._package.names:
            self._changed[links] = spliced(self._package.part(links), [Splice(seen.end, seen.end, put)])
        else:
            self._changed[links] = _LINKS_BEGIN + put + _LINKS_END
        return "rIdCanSuavmlDrawing"

    def _rewrite_notes(self, targets: Mapping[str, str], notes: Notes, number: int) -> None:
        """Put new notes in the place of those of an earlier answer; the sender's own are left alone."""
        comments, drawing = targets.get("comments", ""), targets.get("vmlDrawing", "")
        if {comments, drawing} <= self._package.names and are_ours(self._package.part(comments)):
            self._changed[comments], self._changed[drawing] = (
                comments_part(notes),
                drawing_part(notes, number),
            )

    def _row_changes(
        self, part: bytes, scan: "_SheetScan", row: _Row, columns: Mapping[int, str]
    ) -> list[Splice]:
        there = dict(row.cells)
        found = [
            with_attribute(
                part, tag, "s", self._styles.marked(int(tag.attributes.get("s", 0)), columns[column])
            )
            for column, tag in row.cells
            if column in columns
        ]
        missing: defaultdict[int, list[bytes]] = defaultdict(list)
        for column in sorted(set(columns) - set(there)):
            after = next((tag.start for at, tag in row.cells if at > column), row.end)
            missing[after].append(self._cell(scan, row, row.number, column, columns[column]))
        if row.tag.alone and missing:
            opened = part[row.tag.start : row.tag.end].rstrip(b">").rstrip(b"/").rstrip() + b">"
            closing = f"</{row.tag.prefix}row>".encode()
            cells = b"".join(cell for each in missing.values() for cell in each)
            return [*found, Splice(row.tag.start, row.tag.end, opened + cells + closing)]
        return found + [Splice(at, at, b"".join(cells)) for at, cells in missing.items()]

    def _new_row(self, scan: "_SheetScan", number: int, columns: Mapping[int, str]) -> bytes:
        cells = b"".join(
            self._cell(scan, None, number, column, severity) for column, severity in sorted(columns.items())
        )
        return f'<{scan.prefix}row r="{number}">'.encode() + cells + f"</{scan.prefix}row>".encode()

    def _cell(self, scan: "_SheetScan", row: _Row | None, number: int, column: int, severity: str) -> bytes:
        """A cell that was not there, with the look its row or column gives blank cells."""
        style = scan.column_style(column)
        if row is not None and row.tag.attributes.get("customFormat") in ("1", "true"):
            style = int(row.tag.attributes.get("s", style))
        where = address(number - 1, column)
        return f'<{scan.prefix}c r="{where}" s="{self._styles.marked(style, severity)}"/>'.encode()

    @staticmethod
    def _put_rows(part: bytes, scan: "_SheetScan", rows: Sequence[tuple[int, int, bytes]]) -> list[Splice]:
        by_place: defaultdict[int, list[bytes]] = defaultdict(list)
        for place, _, row in rows:
            by_place[place].append(row)
        if scan.data is None or not scan.data.alone:
            return [Splice(at, at, b"".join(put)) for at, put in by_place.items()]
        opened = part[scan.data.start : scan.data.end].rstrip(b">").rstrip(b"/").rstrip() + b">"
        inside = b"".join(row for put in by_place.values() for row in put)
        closing = f"</{scan.prefix}sheetData>".encode()
        return [Splice(scan.data.start, scan.data.end, opened + inside + closing)] if rows else []

    # ------------------------------------------------------------------------------- the workbook

    def _open(self, book: "_BookScan", place: int) -> None:
        """Make a sheet that is there the one that is open."""
        changes = [with_attribute(book.part, tag, "activeTab", str(place)) for tag in book.views]
        self._changed[_WORKBOOK] = spliced(book.part, changes)

    def _add_cover(
        self, book: "_BookScan", marks: Sequence[Mark], cover: Cover, names: Mapping[str, str]
    ) -> None:
        """Put a sheet in front, with a hidden name by which it is known when it comes back."""
        part = book.part
        if book.sheets is None or not book.relations:
            raise NotSpliceableError("no sheets")
        name = _free_name(cover.name, names)
        target = self._free_part()
        link = self._link(target)
        sheet_id = max(book.ids, default=0) + 1
        put = (
            f'<{book.sheets.prefix}sheet name={attribute(name)} sheetId="{sheet_id}" '
            f"{book.relations}:id={attribute(link)}/>"
        )
        changes = [Splice(book.sheets.end, book.sheets.end, put.encode())]
        changes += [with_attribute(part, tag, "activeTab", "0") for tag in book.views]
        changes += [
            with_attribute(part, tag, "localSheetId", str(int(tag.attributes["localSheetId"]) + 1))
            for tag in book.local_names
        ]
        changes.append(book.marker(name))
        self._changed[_WORKBOOK] = spliced(part, changes)
        self._changed[target] = cover_part(marks, cover, names, self._styles)
        self._types[target] = _SHEET_TYPE

    def _free_part(self) -> str:
        numbers = range(1, len(self._package.names) + 2)
        found = (f"xl/worksheets/sheet{number}.xml" for number in numbers)
        return next(name for name in found if name not in self._package.names)

    def _kind_of_links(self) -> str:
        """The type of the relationships of sheets, which is written in two ways."""
        part, seen = self._package.part(_LINKS), _Collected("Relationship", "Relationships")
        walk(part, seen.seen, seen.ended)
        kinds = (each.attributes["Type"] for each in seen.tags)
        kind = next((each for each in kinds if each.endswith("/worksheet")), None)
        if kind is None:
            raise NotSpliceableError("no sheets")
        return kind

    def _link(self, target: str) -> str:
        """Add the relationship of a new sheet."""
        part, seen = self._package.part(_LINKS), _Collected("Relationship", "Relationships")
        walk(part, seen.seen, seen.ended)
        kind = f"{self._relations}/worksheet"
        taken = {each.attributes["Id"] for each in seen.tags}
        link = next(
            name for number in range(1, len(taken) + 2) if (name := f"rIdCanSua{number}") not in taken
        )
        put = (
            f"<{seen.prefix}Relationship Id={attribute(link)} Type={attribute(kind)} "
            f"Target={attribute('/' + target)}/>"
        )
        self._changed[_LINKS] = spliced(part, [Splice(seen.end, seen.end, put.encode())])
        return link

    def _add_types(self) -> None:
        part, seen = self._package.part(_TYPES), _Collected("Override", "Types")
        walk(part, seen.seen, seen.ended)
        put = "".join(
            f'<{seen.prefix}Override PartName={attribute("/" + target)} ContentType="{kind}"/>'
            for target, kind in self._types.items()
        )
        if put:
            self._changed[_TYPES] = spliced(part, [Splice(seen.end, seen.end, put.encode())])

    def _packed(self) -> bytes:
        """All parts in their order, the new one last; an unchanged part has the bytes it had."""
        target, left = io.BytesIO(), dict(self._changed)
        with zipfile.ZipFile(io.BytesIO(self._data)) as old, zipfile.ZipFile(target, "w") as new:
            for entry in old.infolist():
                name = entry.filename.lower()
                content = left.pop(name) if name in left else self._package.part(name)
                new.writestr(_entry(entry.filename, entry.date_time), content)
            for name, content in left.items():
                new.writestr(_entry(name, (1980, 1, 1, 0, 0, 0)), content)
        return target.getvalue()


def _entry(name: str, moment: tuple[int, int, int, int, int, int]) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, moment)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _free_name(wanted: str, names: Mapping[str, str]) -> str:
    """The name, or the first numbered one that no sheet bears."""
    tries = [wanted, *(f"{wanted} ({number})" for number in range(2, len(names) + 3))]
    return next(name for name in tries if name.casefold() not in names)[:_LONGEST_NAME]


class _Collected:
    """Tags of one name, and where the element around them ends."""

    def __init__(self, name: str, around: str) -> None:
        self._name, self._around = name, around
        self.tags: list[Tag] = []
        self.prefix, self.end = "", 0

    def seen(self, tag: Tag) -> None:
        if tag.name == self._name:
            self.tags.append(tag)
        elif tag.name == self._around:
            self.prefix = tag.prefix

    def ended(self, name: str, at: int) -> None:
        if name == self._around:
            self.end = at


class _BookScan:
    """What has to change in the workbook part for a sheet in front, and which sheet we put there before."""

    def __init__(self, part: bytes) -> None:
        self.part = part
        self.sheets: Tag | None = None
        self.relations = ""
        self.marker_sheet = ""
        self.ids: list[int] = []
        self.views: list[Tag] = []
        self.local_names: list[Tag] = []
        self._names: Tag | None = None
        self._marker: Tag | None = None
        self._after_sheets = 0
        walk(part, self.seen, self.ended)

    def seen(self, tag: Tag) -> None:
        match tag.name:
            case "workbook":
                spaces = (
                    (name, value) for name, value in tag.attributes.items() if _RELATIONS.fullmatch(value)
                )
                self.relations = next((name.removeprefix("xmlns:") for name, _ in spaces), "")
            case "sheets":
                self.sheets = tag
            case "sheet":
                self.ids.append(int(tag.attributes["sheetId"]))
            case "workbookView":
                self.views.append(tag)
            case "definedNames":
                self._names = tag
            case "definedName" if tag.attributes.get("name") == _MARKER:
                self._marker = tag
            case "definedName" if "localSheetId" in tag.attributes:
                self.local_names.append(tag)

    def ended(self, name: str, at: int) -> None:
        if name in ("sheets", "functionGroups", "externalReferences"):
            self._after_sheets = self.part.index(b">", at) + 1
        elif name == "definedName" and self._marker is not None and not self.marker_sheet:
            found = _QUOTED.match(
                unescape(self.part[self._marker.end : at].decode("utf-8", "replace"), _ENTITIES)
            )
            self.marker_sheet = (found[1] or found[2]).replace("''", "'") if found else ""

    def marker(self, sheet: str) -> Splice:
        """The hidden name by which the first sheet is known as ours."""
        prefix = self.sheets.prefix if self.sheets else ""
        where = escape("'" + sheet.replace("'", "''") + "'!$A$1")
        name = f'<{prefix}definedName name="{_MARKER}" hidden="1">{where}</{prefix}definedName>'.encode()
        if self._names is not None and not self._names.alone:
            return Splice(self._names.end, self._names.end, name)
        if self._names is not None:
            raise NotSpliceableError("an empty list of names")
        around = f"<{prefix}definedNames>".encode() + name + f"</{prefix}definedNames>".encode()
        return Splice(self._after_sheets, self._after_sheets, around)


class _SheetScan:
    """The rows of a sheet that have marks, and where others would stand."""

    def __init__(self, wanted: set[int]) -> None:
        self._wanted = wanted
        self.rows: dict[int, _Row] = {}
        self.views: list[Tag] = []
        self.data: Tag | None = None
        self.prefix = ""
        self._places: list[tuple[int, int]] = []
        self._columns: list[tuple[int, int, int]] = []
        self._row: _Row | None = None
        self._number = self._column = 0
        self._end = self._depth = 0
        self.notes_at = 0

    def seen(self, tag: Tag) -> None:
        self._depth += 1
        if self._depth == _OF_SHEET and tag.name in _BEHIND_NOTES and not self.notes_at:
            self.notes_at = tag.start
        match tag.name:
            case "sheetView" if "tabSelected" in tag.attributes:
                self.views.append(tag)
            case "col":
                bounds = (int(tag.attributes["min"]), int(tag.attributes["max"]))
                self._columns.append((*bounds, int(tag.attributes.get("style", 0))))
            case "sheetData":
                self.data, self.prefix = tag, tag.prefix
            case "row":
                self._begin_row(tag)
            case "c" if self._number:
                self._see_cell(tag)

    def _begin_row(self, tag: Tag) -> None:
        self._number = int(tag.attributes.get("r", self._number + 1))
        self._column = 0
        self._places.append((self._number, tag.start))
        self._row = _Row(self._number, tag) if self._number in self._wanted else None
        if self._row is not None:
            self.rows[self._number] = self._row

    def _see_cell(self, tag: Tag) -> None:
        place = REFERENCE.fullmatch(tag.attributes.get("r", ""))
        column = column_index(place[1]) if place else self._column
        self._column = column + 1
        if self._row is not None:
            self._row.cells.append((column, tag))

    def ended(self, name: str, at: int) -> None:
        self._depth -= 1
        if self._depth == 0 and not self.notes_at:
            self.notes_at = at
        if name == "row" and self._row is not None:
            self._row.end = at
        elif name == "sheetData":
            self._end = at

    def column_style(self, column: int) -> int:
        """The style of blank cells of a column, counted from 0."""
        return next((style for low, high, style in self._columns if low <= column + 1 <= high), 0)

    def place_of_row(self, number: int) -> int:
        """Where a row that is not there would begin."""
        return next((start for each, start in self._places if each > number), self._end)
