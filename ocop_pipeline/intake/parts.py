"""Reports of several units in one workbook: telling them apart, and naming each.

Belongs here: finding the sheets of each report, and the few bytes that stand for a part in the archive. Does not:
reading a report (`extract`), or writing anything down (`process`). Finding runs in the reading children: standard
library only.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ocop_pipeline.domain.forms import INFO
from ocop_pipeline.intake.cells import clean, fold
from ocop_pipeline.intake.extract import (
    Extract,
    LayoutSpec,
    ReadingSpec,
    Seen,
    extract,
    find_table,
    label_keys,
)
from ocop_pipeline.intake.grid import Sheet, Workbook
from ocop_pipeline.intake.reasons import read_reasons

MOST_PARTS: Final = 100
_COVER_ROWS: Final = 20
_SENDER: Final = ("unit_code", "unit_name", "agency_code", "agency_name")
_BETWEEN: Final = " -–—_.,:;()[]#"


class Part(NamedTuple):
    """One report of several: the names of its sheets, its cover sheet first, and what it says."""

    sheets: tuple[str, ...]
    extract: Extract


@dataclass(frozen=True, slots=True)
class Parts:
    """The reports of a workbook that holds those of several senders, in the order of their cover sheets."""

    parts: tuple[Part, ...]

    def of(self, sheets: Sequence[str]) -> Extract | None:
        """What the report on these sheets says; None where no part has exactly these."""
        return next((part.extract for part in self.parts if part.sheets == tuple(sheets)), None)


def read_reports(spec: ReadingSpec, workbook: Workbook) -> Extract | Parts:
    """Read the report of a workbook, or those of several senders.

    Several there are when more than one visible cover sheet of a layout has sheets of its own, told by the order of the
    sheets or by what their names have beside the form's, and each names another sender. An old copy of one's own sheets
    is no second report.

    Returns:
        One report, with a finding for each visible sheet that bears the name of a part of the form, or has its columns,
        and was not read; or the parts. Where nobody can tell which sheets belong together, a report without cells and
        with one finding.
    """
    reasons = read_reasons(spec.reasons, workbook.sheets)
    found = _read(spec, workbook)
    if not reasons:
        return found
    if isinstance(found, Parts):
        return Parts(
            tuple(part._replace(extract=replace(part.extract, reasons=reasons)) for part in found.parts)
        )
    return replace(found, reasons=reasons)


def _read(spec: ReadingSpec, workbook: Workbook) -> Extract | Parts:
    copied: set[str] = set()
    labels: dict[str, set[str]] = {}
    for layout in spec.layouts:
        covers = _covers(layout, workbook.sheets, labels)
        if len(covers) < 2:
            continue
        groups = [group for group in _groups(layout, workbook.sheets, covers) if len(group) > 1]
        if not groups or len(groups) > MOST_PARTS:
            return _unclear(spec, workbook, covers)
        found = [_part(spec, workbook, group) for group in groups]
        if len(found) > 1 and _senders_differ(found):
            return Parts(tuple(found))
        if len(groups) == 1 and _name_other_senders(spec, workbook, covers):
            # The sheets are one unit's and the covers several units': a guess gives figures to the wrong one.
            return _unclear(spec, workbook, covers)
        copied |= {sheet.name for group in groups for sheet in group} if len(groups) > 1 else set()
    return _one(spec, workbook, copied)


def _part(spec: ReadingSpec, workbook: Workbook, group: Sequence[Sheet]) -> Part:
    return Part(tuple(sheet.name for sheet in group), extract(spec, replace(workbook, sheets=tuple(group))))


def _senders_differ(parts: Sequence[Part]) -> bool:
    """Whether each part was recognised and names a sender, none the same."""
    senders = [_sender(part.extract) for part in parts if part.extract.layout]
    return len(senders) == len(parts) == len(set(senders)) and all(any(sender) for sender in senders)


def _name_other_senders(spec: ReadingSpec, workbook: Workbook, covers: Sequence[Sheet]) -> bool:
    """Whether covers, each read by itself, name more than one sender."""
    alone = (extract(spec, replace(workbook, sheets=(cover,))) for cover in covers)
    return len({sender for each in alone if any(sender := _sender(each))}) > 1


def _sender(found: Extract) -> tuple[str, ...]:
    """What a cover says of whose report it is, as far as it is compared."""
    return tuple(fold(found.info[name].text) for name in _SENDER if name in found.info)


# --------------------------------------------------------------------------- which sheets belong together


def _covers(layout: LayoutSpec, sheets: Sequence[Sheet], known: dict[str, set[str]]) -> list[Sheet]:
    """The visible sheets with most labels of the layout's cover; looked for only where there can be two.

    `known` keeps the labels of sheets from one layout to the next.
    """
    info = next((part for part in layout.sheets if part.part == INFO), None)
    visible = [sheet for sheet in sheets if not sheet.hidden]
    if info is None:
        return []
    named = [sheet for sheet in visible if info.key in fold(sheet.name)]
    if len(named) < 2 and len(visible) <= len(layout.sheets):
        return []
    labels = info.headers.keys()
    for sheet in visible:
        if sheet.name not in known:
            known[sheet.name] = _labels(sheet)
    return [sheet for sheet in visible if 2 * len(known[sheet.name] & labels) > len(labels)]


def _labels(sheet: Sheet) -> set[str]:
    texts = (value for row in sheet.rows[:_COVER_ROWS] for value in row if type(value) is str)
    return {key for text in texts for key in label_keys(text)}


def _groups(layout: LayoutSpec, sheets: Sequence[Sheet], covers: Sequence[Sheet]) -> list[list[Sheet]]:
    """The sheets of each cover, that first: by what stands in their names beside the form's, else by their order."""
    visible = [sheet for sheet in sheets if not sheet.hidden]
    return _by_name(layout, visible, covers) or _by_order(visible, covers)


def _by_name(layout: LayoutSpec, sheets: Sequence[Sheet], covers: Sequence[Sheet]) -> list[list[Sheet]]:
    """Groups like "Thông tin chung (2)", "BM01 Tiến độ (2)"; none where a name fits no cover, or two are one part."""
    groups: dict[str, list[Sheet]] = {}
    for cover in covers:
        beside = _beside(layout, cover)
        if beside is None or beside[1] in groups:
            return []
        groups[beside[1]] = [cover]
    taken: set[tuple[str, str]] = set()
    for sheet in sheets:
        beside = _beside(layout, sheet)
        if beside is None or any(sheet is cover for cover in covers):
            continue
        if beside[1] not in groups or beside in taken:
            return []
        taken.add(beside)
        groups[beside[1]].append(sheet)
    return list(groups.values())


def _beside(layout: LayoutSpec, sheet: Sheet) -> tuple[str, str] | None:
    """The part of the form a sheet is named after, and the rest of its name; None where it is named after none."""
    name = fold(sheet.name)
    parts = [part for part in layout.sheets if part.key in name]
    if not parts:
        return None
    longest = max(parts, key=lambda part: len(part.key))
    return longest.part, name.replace(longest.key, " ", 1).strip(_BETWEEN)


def _by_order(sheets: Sequence[Sheet], covers: Sequence[Sheet]) -> list[list[Sheet]]:
    """Each cover with the sheets up to the next; none where sheets stand before the first."""
    groups: list[list[Sheet]] = []
    for sheet in sheets:
        if any(sheet is cover for cover in covers):
            groups.append([sheet])
        elif groups:
            groups[-1].append(sheet)
        else:
            return []
    return groups


# ------------------------------------------------------------------------------------- one report


def _one(spec: ReadingSpec, workbook: Workbook, copied: Collection[str] = ()) -> Extract:
    """The one report, with a word on each visible sheet that looks like part of the form and was not read.

    `copied` are the sheets of several reports of one sender, whatever their names: a copied cover whose unit was not
    changed may hide another unit's figures.
    """
    found = extract(spec, workbook)
    layout = next((each for each in spec.layouts if each.code == found.layout), None)
    if layout is None or len(workbook.sheets) <= len(found.sheet_names):
        return found
    left = tuple(_left_out(layout, workbook.sheets, set(found.sheet_names.values()), copied))
    return replace(found, findings=(*found.findings, *left)) if left else found


def _left_out(
    layout: LayoutSpec, sheets: Sequence[Sheet], read: set[str], copied: Collection[str]
) -> Iterator[Seen]:
    for sheet in sheets:
        name = clean(sheet.name)
        if sheet.hidden or not sheet.rows or name in read:
            continue
        if sheet.name in copied or _beside(layout, sheet) is not None or _holds_table(layout, sheet):
            yield Seen("SHEET_NOT_READ", name, "", {})


def _holds_table(layout: LayoutSpec, sheet: Sheet) -> bool:
    """Whether a sheet has all columns of a part of the form that hold figures: it may be the one that is meant."""
    tables = ((part, find_table(sheet.rows, part)) for part in layout.sheets if part.key_field)
    return any(table is not None and part.required <= table.columns.keys() for part, table in tables)


def _unclear(spec: ReadingSpec, workbook: Workbook, covers: Sequence[Sheet]) -> Extract:
    """A report without cells that says why: no sheet may be given to the wrong commune."""
    names = ", ".join(clean(cover.name) for cover in covers)
    nothing = extract(spec, replace(workbook, sheets=()))
    seen = Seen("SEVERAL_REPORTS", "", "", {"count": str(len(covers)), "sheets": names})
    return replace(nothing, findings=(seen,))


# -------------------------------------------------------------------------------- parts in the archive


class PartOf(NamedTuple):
    """What the archive holds for a part: the digest of the workbook it is in, and its sheets."""

    original: str
    sheets: tuple[str, ...]


def part_bytes(part: PartOf) -> bytes:
    """The bytes that stand for a part in the archive; their digest names it, and always the same one."""
    told = {"part_of": part.original, "sheets": part.sheets}
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()


def read_part(data: bytes) -> PartOf:
    """What `part_bytes` wrote.

    Raises:
        ValueError, KeyError, TypeError: it did not.
    """
    told = json.loads(data)
    return PartOf(str(told["part_of"]), tuple(map(str, told["sheets"])))
