"""What the lines of a list mean: which decision, which commune, which star; told apart decision by decision.

Belongs here: what a person tells of a file, and the lists a file holds once it is read by that. Does not: finding
lines in a sheet (`lists`), what a heading says (`headings`), what is doubtful about lines (`list_doubts`), keeping
them (`register_import`).
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.catalogue.imports import RECOGNITION_KIND, REGISTER_KIND, list_words
from ocop_pipeline.domain.certificates import EventKind, Level, star_of_score
from ocop_pipeline.domain.findings import Finding
from ocop_pipeline.domain.forms import ImportForm
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.intake.cells import BLANK, DAY, NUMBER, TEXT, clean, fold
from ocop_pipeline.intake.extract import TEXT_END, Extract
from ocop_pipeline.intake.grid import Unreadable, column_letters
from ocop_pipeline.intake.headings import COMMUNE, DISTRICT, GROUP, STAR, Heading, HeadingReader, reach
from ocop_pipeline.intake.lists import NO_PRODUCT, HeadingRow, LeftOut, ListExtract, OtherSheet, SheetExtract
from ocop_pipeline.intake.places import Place, Places

FIRST_PERIOD = "2018-01"
"""The first month of the warehouse; the programme began in May 2018 (QĐ 490/QĐ-TTg)."""
NO_DECISION, NO_DATE, OTHER_DECISION = "no_decision", "no_date", "other_decision"
DATE_NOT_COME, DATE_TOO_EARLY = "date_not_come", "date_too_early"
"""Further reasons why a line is left out, beside those of `lists`."""
_EVALUATIONS = (RECOGNITION_KIND, str(EventKind.NOT_RECOGNISED))
_SHOWN = 80
_COMMUNE_BODY = re.compile(r" (?:xã|phường|thị trấn|đặc khu) ")
_KINDS_OF_BODIES = {"tỉnh": Level.PROVINCE, "huyện": Level.DISTRICT}
"""How a body ends that says its level without a name: "UBND tỉnh"."""
_IS_TITLE = True
_STARS = ("current_star", "second_star", "first_star")
"""Fields that tell a star, the one that counts first."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says of a file; nothing of it can be read out of the file.

    Attributes:
        kind: `register`, `recognition`, or the kind of event all lines of the decision are of.
        unit_id: the unit whose list it is; a line without commune is kept there.
        listed_on: day of the map the communes are named on; None for the day of the decision.
        decision_no: number of the decision; blank where each line names its own.
        decided_on: its day; None where each line names it.
        issuing_body: who issued it.
        issuing_level: district, province or ministry; blank where the body tells.
        star: star of all lines that name none; blank for none.
        extended_to: of an extension: the new expiry of all lines that name none.
        extended_months: of an extension: months added; 0 for none told.
        extended_days: of an extension: days added; 0 for none told.
        new_producer: of a transfer: who gets all products of lines that name nobody.
        sheet: the sheet to read; blank for all that hold lines of the list.
    """

    kind: str
    unit_id: str
    listed_on: date | None = None
    decision_no: str = ""
    decided_on: date | None = None
    issuing_body: str = ""
    issuing_level: str = ""
    star: str = ""
    extended_to: date | None = None
    extended_months: int = 0
    extended_days: int = 0
    new_producer: str = ""
    sheet: str = ""

    def as_texts(self) -> dict[str, str]:
        """What was told, as the ledger keeps it; what was not told is left out."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: str(value) for name, value in values.items() if value}

    @classmethod
    def of_texts(cls, told: Mapping[str, str]) -> "Told":
        """What the ledger keeps, read again."""
        values: dict[str, Any] = dict(told)
        for name in ("listed_on", "decided_on", "extended_to"):
            if name in values:
                values[name] = date.fromisoformat(values[name])
        for name in ("extended_months", "extended_days"):
            if name in values:
                values[name] = int(values[name])
        return cls(**values)


class Cell(NamedTuple):
    """One cell of a line; `column` from 0, `number` only where the state says so.

    What a line has from a heading has its `source`: the area from the heading's cell down to the line.
    """

    state: int
    number: float
    text: str
    day: date | None
    column: int
    source: str = ""


Line = Mapping[str, Cell]
"""Field -> cell."""


@dataclass(frozen=True, slots=True)
class LineMeaning:
    """What a line means by the catalogue.

    Attributes:
        sheet: name of its sheet.
        row: its row in the sheet, from 1.
        line: its cells.
        place: the commune it names.
        new_place: the commune it says the product goes to; None where it names none.
        points_star: the star its points are worth; None where it has none or their classes are not known.
        star: its star as its text, its points or what was told have it; blank where none has.
    """

    sheet: str
    row: int
    line: Line = field(repr=False)
    place: Place
    new_place: Place | None
    points_star: str | None
    star: str

    def address(self, name: str) -> str:
        """Where a field stands; where it has no cell, the line's first."""
        return address_of(self.line, self.row, name)


@dataclass(frozen=True, slots=True)
class ListPart:
    """The cells of a list that stand in one sheet.

    Attributes:
        sheet: its name.
        extract: the cells.
        sources: position in the extract -> the area a value was taken from that a heading gives.
    """

    sheet: str
    extract: Extract = field(repr=False)
    sources: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class ReadList:
    """One list of a file: of a register all lines, else those of one decision.

    Attributes:
        told: what is known of it, the decision as the lines name it included.
        form: code of its form.
        period: month it counts from.
        list_key: see `ImportRecord.list_key`.
        level: level of the issuing body, told or by its name; blank where neither tells.
        parts: its cells, sheet by sheet.
        lines: what its lines mean.
        findings: what is doubtful about it; none before `list_doubts`.
        stars: how many lines are of each star; "" for those without one.
    """

    told: Told
    form: str
    period: str
    list_key: str
    level: str
    parts: tuple[ListPart, ...] = field(repr=False)
    lines: tuple[LineMeaning, ...] = field(repr=False)
    findings: tuple[Finding, ...]
    stars: Mapping[str, int]

    @property
    def communes_found(self) -> int:
        """Lines whose commune was found."""
        return sum(line.place.unit_id is not None for line in self.lines)


@dataclass(frozen=True, slots=True)
class SheetReading:
    """A sheet of a file that holds lines.

    Attributes:
        name: its name.
        header: address of the first cell of the header.
        columns: field -> letters of its column.
        by_position: whether the columns were told by their position only.
        unread: headers that were not understood.
        left_out: rows that are no lines of any list.
        headings: headings that speak for lines below them, from top to bottom.
    """

    name: str
    header: str
    columns: Mapping[str, str]
    by_position: bool = False
    unread: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    headings: tuple[Heading, ...] = ()


@dataclass(frozen=True, slots=True)
class FileReading:
    """A file, read.

    Attributes:
        sha256: digest of its bytes.
        display_name: its name for people.
        lists: what it holds; none when it is refused.
        refused: why it is refused; none when it is not.
        sheets: the sheets that were read.
        other_sheets: sheets that were not.
    """

    sha256: str
    display_name: str
    lists: tuple[ReadList, ...] = ()
    refused: tuple[Finding, ...] = ()
    sheets: tuple[SheetReading, ...] = ()
    other_sheets: tuple[OtherSheet, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything doubtful, list by list."""
        return tuple(finding for each in self.lists for finding in each.findings)

    @property
    def sheet(self) -> str:
        """The name of the first sheet read; blank where none was."""
        return self.sheets[0].name if self.sheets else ""

    @property
    def header(self) -> str:
        """The address of its header."""
        return self.sheets[0].header if self.sheets else ""

    @property
    def columns(self) -> Mapping[str, str]:
        """Its columns."""
        return self.sheets[0].columns if self.sheets else {}

    @property
    def by_position(self) -> bool:
        """Whether its columns were told by their position only."""
        return bool(self.sheets) and self.sheets[0].by_position

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The rows of all sheets that are no lines of any list."""
        return tuple(left for sheet in self.sheets for left in sheet.left_out)

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The headings of all sheets."""
        return tuple(heading for sheet in self.sheets for heading in sheet.headings)

    def sheet_by_sheet(self) -> Iterator["FileReading"]:
        """The same for each sheet alone; what was not read stands with the first."""
        for place, sheet in enumerate(self.sheets):
            yield replace(self, sheets=(sheet,), other_sheets=() if place else self.other_sheets)


class _Decision(NamedTuple):
    """Which decision lines belong to; blank and None where nothing tells."""

    number: str
    day: date | None


_Where = tuple[int, int]
"""Place of the sheet among those read, row of the line."""


class _Found(NamedTuple):
    """The lines of a file, and the headings that speak for those that have any."""

    lines: dict[_Where, dict[str, Cell]]
    above: dict[_Where, Mapping[str, Heading]]


class Reader:
    """Reads one file as one form, by what was told of it.

    Args:
        catalogue: units, words, rules of certificates.
        form: the form.
        told: what is said of the file.
        today: a list of a later day is refused.
        scope: ids of the provinces served; None for all.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        form: ImportForm,
        told: Told,
        today: date,
        scope: Collection[str] | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._form = form
        self._told = told
        self._today = today
        self._scope = scope
        self._map_day = told.listed_on or told.decided_on or today
        places = Places(catalogue.units, told.unit_id, self._map_day)
        self._headings = HeadingReader(
            catalogue,
            list_words(),
            lambda text: places.of(text, "", "", "").unit_id is not None,
            self._group_named,
        )

    def read(self, sha256: str, name: str, result: ListExtract | Unreadable) -> FileReading:
        """The lists of a file, or why it is refused.

        Args:
            sha256: digest of its bytes.
            name: its name for people.
            result: what a reading child returned.
        """
        empty = FileReading(sha256, name)
        if isinstance(result, Unreadable):
            return replace(empty, refused=(finding_types().of_args(result.code.name, result.args),))
        if not result.sheets:
            return replace(
                empty,
                refused=(_refusal("HEADER_NOT_FOUND", headers=", ".join(self._headers_needed())),),
                other_sheets=result.other_sheets,
            )
        told = _Found({}, {})
        sheets = [self._sheet(each, number, told) for number, each in enumerate(result.sheets)]
        groups, left_out = self._groups(told.lines)
        found = replace(
            empty,
            sheets=tuple(
                replace(each, left_out=_in_order((*each.left_out, *left_out[number])))
                for number, each in enumerate(sheets)
            ),
            other_sheets=result.other_sheets,
        )
        refused = self._refusals(found, groups)
        if refused:
            return replace(found, refused=refused)
        lists = [self._list(result.sheets, told, decision, rows) for decision, rows in groups.items()]
        return replace(found, lists=tuple(lists))

    def _sheet(self, sheet: SheetExtract, number: int, told: _Found) -> SheetReading:
        """A sheet with its headings understood; its lines are put into `told`."""
        lines = lines_of(sheet.extract, self._form.fields)
        column = min((at for _, at in sheet.columns), default=0)
        title = HeadingRow(_row_of(sheet.header), column, sheet.name, "", _IS_TITLE, LeftOut("", "", ""))
        found = reach(sheet.name, title, sheet.headings, lines, self._headings)
        nameless = {row: line for row, line in lines.items() if not text_of(line, "product_name")}
        for row, line in lines.items():
            if row in nameless:
                continue
            above = found.above.get(row)
            if above:
                told.above[number, row] = above
                self._fill(row, line, above)
            told.lines[number, row] = line
        left_out = (
            *(row.as_left_out for row in found.not_understood),
            *(_without_product(row, line) for row, line in nameless.items()),
        )
        return SheetReading(
            name=sheet.name,
            header=sheet.header,
            columns={each: column_letters(at) for each, at in sheet.columns},
            by_position=sheet.by_position,
            unread=sheet.unread,
            left_out=_in_order((*sheet.left_out, *left_out)),
            headings=tuple(found.headings),
        )

    def _fill(self, row: int, line: dict[str, Cell], above: Mapping[str, Heading]) -> None:
        """Give a line the star and group of its headings where it names none itself."""
        for kind, heading in above.items():
            if kind not in (STAR, GROUP):
                continue
            fields = (
                [name for name in _STARS if name in self._form.fields] if kind == STAR else ["product_group"]
            )
            own = next((name for name in fields if not _is_blank(line, name)), None)
            if own is None:
                value = (
                    self._catalogue.code_lists.item("star", heading.value).name_vi
                    if kind == STAR
                    else heading.value
                )
                line[self._star_field(line) if kind == STAR else "product_group"] = _cell_of(
                    heading, row, value
                )
                heading.filled.append(row)
            elif self._contradicts(heading, text_of(line, own)):
                heading.contradicted.append((row, address_of(line, row, own), text_of(line, own)))

    def _star_field(self, line: Line) -> str:
        """The field of a star that a heading gives: of the latest recognition told, else the star of now."""
        if "current_star" not in self._form.fields:
            return "first_star"
        told = (name for name in ("second", "first") if not _is_blank(line, f"{name}_date"))
        return next((f"{name}_star" for name in told), "current_star")

    def _contradicts(self, heading: Heading, text: str) -> bool:
        """Whether what a line says itself is certainly something else: another star, a group of another sector."""
        if heading.speaks_of == STAR:
            return self._star_of(text) not in ("", heading.value)
        groups = self._catalogue.groups
        own, other = groups.read(text, self._map_day), groups.read(heading.value, self._map_day)
        if own is None or other is None or own.list_version != other.list_version:
            return False
        return groups.path(own)[0].code != groups.path(other)[0].code

    def _headers_needed(self) -> list[str]:
        """For each set of fields the form needs, the header most people write."""
        grouped = [pair for group in self._form.groups for pair in group.columns]
        pairs = [*self._form.columns, *grouped]
        return [next(wording for wording, name in pairs if name in names) for names in self._form.needs]

    # ---------------------------------------------------------------------------------- decisions

    def _groups(
        self, lines: Mapping[_Where, Line]
    ) -> tuple[dict[_Decision, list[_Where]], defaultdict[int, list[LeftOut]]]:
        """Lines by the decision they belong to; and, by sheet, those that belong to none or to another than was told.

        A list of an evaluation that names decisions or days on its lines is believed line by line; what was told then
        only says which of them is meant. On the lines of other kinds such columns are those of the certificate
        concerned: the decision is always the one told.
        """
        left_out: defaultdict[int, list[LeftOut]] = defaultdict(list)
        if self._told.kind == REGISTER_KIND:
            return ({_Decision("", None): list(lines)} if lines else {}), left_out
        told = _Decision(decision_number(self._told.decision_no), self._told.decided_on)
        own = self._told.kind in _EVALUATIONS
        has_numbers = own and any(text_of(line, "first_decision") for line in lines.values())
        has_days = own and any(day_of(line, "first_date") for line in lines.values())
        groups: defaultdict[tuple[str, date | None], list[_Where]] = defaultdict(list)
        written: dict[tuple[str, date | None], _Decision] = {}
        for where, line in lines.items():
            number = decision_number(text_of(line, "first_decision")) if has_numbers else told.number
            day = day_of(line, "first_date") if has_days else told.day
            reason = ""
            if has_numbers and not number:
                reason = NO_DECISION
            elif has_days and day is None:
                reason = NO_DATE
            elif has_days and (beyond := self._beyond(day)):
                # One mistyped year is that line's; a day told for the whole list is refused (`_refusals`).
                reason = beyond
            elif _differs(number.upper(), told.number.upper()) or _differs(day, told.day):
                reason = OTHER_DECISION
            if reason:
                name = "first_decision" if reason in (NO_DECISION, OTHER_DECISION) else "first_date"
                left = LeftOut(
                    address_of(line, where[1], name), reason, text_of(line, "product_name")[:_SHOWN]
                )
                left_out[where[0]].append(left)
                continue
            key = (number.upper(), day)
            written.setdefault(key, _Decision(number, day))
            groups[key].append(where)
        return {written[key]: rows for key, rows in groups.items()}, left_out

    def _beyond(self, day: date | None) -> str:
        """Why a line's day can be none of a decision; blank where it can."""
        if day is None:
            return ""
        if day > self._today:
            return DATE_NOT_COME
        return DATE_TOO_EARLY if Period.of_date(day).key < FIRST_PERIOD else ""

    def _refusals(self, found: FileReading, groups: Iterable[_Decision]) -> tuple[Finding, ...]:
        """Why nothing of the file can be taken; none where it can."""
        decisions = list(groups)
        if not decisions:
            return (_refusal("NO_LINES", left_out=len(found.left_out)),)
        if self._told.kind != REGISTER_KIND and any(
            not each.number or each.day is None for each in decisions
        ):
            return (_refusal("DECISION_NOT_TOLD"),)
        for decision in decisions:
            day = self._day_of(decision)
            if day > self._today:
                return (_refusal("LIST_IN_FUTURE", day=day),)
            if Period.of_date(day).key < FIRST_PERIOD:
                return (_refusal("LIST_TOO_EARLY", day=day),)
            if not self._served(decision):
                versions = self._catalogue.units.versions(self._told.unit_id)
                return (
                    _refusal("UNIT_NOT_SERVED", unit=versions[-1].full_name, on=self._listed_on(decision)),
                )
        return ()

    def _day_of(self, decision: _Decision) -> date:
        """The day a list counts from: that of its decision; of a register the day it is of."""
        return decision.day or self._told.listed_on or self._today

    def _listed_on(self, decision: _Decision) -> date:
        return self._told.listed_on or self._day_of(decision)

    def _served(self, decision: _Decision) -> bool:
        """Whether the unit exists on the map of the list, in a province served."""
        on, units = self._listed_on(decision), self._catalogue.units
        if not any(version.in_force(on) for version in units.versions(self._told.unit_id)):
            return False
        above = {version.unit_id for version in units.ancestors(self._told.unit_id, on)}
        return self._scope is None or bool({self._told.unit_id, *above} & set(self._scope))

    # -------------------------------------------------------------------------------------- lists

    def _list(
        self, sheets: Sequence[SheetExtract], found: _Found, decision: _Decision, rows: Sequence[_Where]
    ) -> ReadList:
        day = self._day_of(decision)
        own = self._told.kind in _EVALUATIONS
        bodies = (text_of(found.lines[where], "first_body") for where in rows if own)
        told = replace(
            self._told,
            listed_on=self._listed_on(decision),
            decision_no=decision.number,
            decided_on=decision.day,
            issuing_body=self._told.issuing_body or next(filter(None, bodies), ""),
        )
        level = told.issuing_level or level_of_body(told.issuing_body, day, self._catalogue)
        finder = self._catalogue.unit_finder
        places = Places(self._catalogue.units, told.unit_id, told.listed_on or day, finder)
        meanings = tuple(
            self._meaning(sheets[number].name, row, found, (number, row), told, level, places)
            for number, row in rows
        )
        by_sheet: defaultdict[int, list[int]] = defaultdict(list)
        for number, row in rows:
            by_sheet[number].append(row)
        return ReadList(
            told=told,
            form=self._form.code,
            period=Period.of_date(day).key,
            list_key=""
            if told.kind == REGISTER_KIND
            else f"{told.kind} {decision.number.upper()} {decision.day}",
            level=level,
            parts=tuple(
                self._part(sheets[number], number, found, of_sheet) for number, of_sheet in by_sheet.items()
            ),
            lines=meanings,
            findings=(),
            stars=dict(Counter(meaning.star for meaning in meanings)),
        )

    def _part(self, sheet: SheetExtract, number: int, found: _Found, rows: Sequence[int]) -> ListPart:
        """The cells of some rows of a sheet, with what their headings give them."""
        given = [
            (row, slot, cell)
            for row in rows
            if (number, row) in found.above
            for slot, name in enumerate(self._form.fields)
            if (cell := found.lines[number, row].get(name)) is not None and cell.source
        ]
        extract, wanted = sheet.extract, frozenset(rows)
        if given or len(wanted) < len(set(extract.rows)):
            extract = _of_rows(extract, wanted, frozenset((row, slot) for row, slot, _ in given))
        first = len(extract.slots)
        return ListPart(
            sheet.name,
            _with_given(extract, given) if given else extract,
            {first + place: cell.source for place, (_, _, cell) in enumerate(given)},
        )

    def _meaning(
        self, sheet: str, row: int, found: _Found, where: _Where, told: Told, level: str, places: Places
    ) -> LineMeaning:
        line = found.lines[where]
        place = self._place(line, row, found.above.get(where, {}), places)
        points_star = self._points_star(number_of(line, "score"), told, level)
        written = next(filter(None, (text_of(line, name) for name in ("current_star", "first_star"))), "")
        star = self._star_of(written) if written else points_star or told.star
        new_commune = text_of(line, "new_commune_name")
        new_place = places.elsewhere(new_commune) if new_commune else None
        return LineMeaning(sheet, row, line, place, new_place, points_star, star)

    def _place(self, line: dict[str, Cell], row: int, above: Mapping[str, Heading], places: Places) -> Place:
        """The commune of a line, by its own words or by those of its headings."""
        days = tuple(filter(None, (day_of(line, "second_date"), day_of(line, "first_date"))))
        commune, district = above.get(COMMUNE), above.get(DISTRICT)
        if district is not None and _is_blank(line, "district_name"):
            line["district_name"] = _cell_of(district, row, district.value)
            district.filled.append(row)
        commune_name, commune_before, district_name = (
            text_of(line, name) for name in ("commune_name", "commune_before", "district_name")
        )
        place = places.of(commune_name, commune_before, district_name, text_of(line, "address"), days)
        if commune is None:
            return place
        of_heading = places.of(commune.value, "", district_name, "", days)
        if not (commune_name or commune_before) and place.unit_id is None:
            line["commune_name"] = _cell_of(commune, row, commune.value)
            commune.filled.append(row)
            return of_heading
        if place.unit_id is not None and of_heading.unit_id not in (None, place.unit_id):
            commune.contradicted.append((row, address_of(line, row, place.field), place.text))
        return place

    def _group_named(self, text: str) -> str:
        group = self._catalogue.groups.read(text, self._map_day)
        return group.name_vi if group is not None else ""

    def _points_star(self, score: Decimal | None, told: Told, level: str) -> str | None:
        if score is None or told.decided_on is None:
            return None
        regime = self._catalogue.certificates.regimes.on(told.decided_on)
        try:
            star = star_of_score(score, regime, Level(level) if level else None)
        except ValueError:
            return None
        return str(star) if star is not None else None

    def _star_of(self, wording: str) -> str:
        item = self._catalogue.code_lists.find("star", wording)
        return item.code if item is not None else ""


def decision_number(text: str) -> str:
    """The number of a decision without the blanks people put into it: "3981 / QĐ-UBND" is "3981/QĐ-UBND"."""
    return "".join(clean(text).split())


def level_of_body(body: str, on: date, catalogue: Catalogue) -> str:
    """The level of an issuing body by its name, on the map of its day; blank where the name does not tell.

    "UBND thành phố" may be of a province or a district (Đà Lạt, Huế until 2024): the list of units decides. Communes
    recognise under no regime: a body that is one has no level, whatever it names behind itself.
    """
    key = fold(body)
    if key.startswith("bo ") or "trung uong" in key:
        return str(Level.MINISTRY)
    words = clean(body).split()
    if _COMMUNE_BODY.search(f" {clean(body).casefold().replace('thị xã', 'huyện')} "):
        return ""
    if words and (of_kind := _KINDS_OF_BODIES.get(words[-1].casefold())):
        return str(of_kind)
    tails = [" ".join(words[at:]) for at in range(len(words))]
    for tier, level in ((Tier.PROVINCE, Level.PROVINCE), (Tier.DISTRICT, Level.DISTRICT)):
        if any(
            match.match == "exact" and match.unit.full_name.casefold() == tail.casefold()
            for tail in tails
            for match in catalogue.units.find_name(tail, on, tier=tier)
        ):
            return str(level)
    return ""


def lines_of(extract: Extract, names: Sequence[str]) -> dict[int, dict[str, Cell]]:
    """Row -> field -> cell, in the order of the sheet.

    Args:
        extract: the cells of a list.
        names: the fields, in the order of its slots.
    """
    lines: defaultdict[int, dict[str, Cell]] = defaultdict(dict)
    written = iter(extract.texts.split(TEXT_END))
    days = {at: date.fromordinal(day) for at, day in zip(extract.day_at, extract.days, strict=True)}
    columns = zip(
        extract.slots,
        extract.rows,
        extract.states,
        extract.numbers,
        extract.has_text,
        extract.columns,
        strict=True,
    )
    for at, (slot, row, state, number, has_text, column) in enumerate(columns):
        day = days.get(at) if state == DAY else None
        lines[row][names[slot]] = Cell(state, number, next(written) if has_text else "", day, column)
    return dict(lines)


def _without_product(row: int, line: Line) -> LeftOut:
    """A line that names no product: of nothing can be said that it was recognised."""
    said = (text for name in line if (text := text_of(line, name)))
    return LeftOut(address_of(line, row, "product_name"), NO_PRODUCT, " | ".join(said)[:_SHOWN])


def text_of(line: Line, name: str) -> str:
    """What a cell says as text; blank where it says nothing, is an error or a day."""
    cell = line.get(name)
    return cell.text if cell is not None and cell.state in (TEXT, NUMBER) else ""


def day_of(line: Line, name: str) -> date | None:
    """The day a cell names."""
    cell = line.get(name)
    return cell.day if cell is not None and cell.state == DAY else None


def number_of(line: Line, name: str) -> Decimal | None:
    """The number a cell holds."""
    cell = line.get(name)
    return Decimal(str(cell.number)) if cell is not None and cell.state == NUMBER else None


def address_of(line: Line, row: int, name: str) -> str:
    """Where a field of a line stands; where it has no cell, the line's first."""
    cell = line.get(name)
    if cell is not None and cell.source:
        return cell.source.partition(":")[0]
    column = cell.column if cell is not None else min(each.column for each in line.values())
    return f"{column_letters(column)}{row}"


def _of_rows(extract: Extract, rows: Collection[int], without: Collection[tuple[int, int]] = ()) -> Extract:
    """The cells of some rows, without those at some (row, slot)."""
    wanted = [
        at
        for at, (row, slot) in enumerate(zip(extract.rows, extract.slots, strict=True))
        if row in rows and (row, slot) not in without
    ]
    new_place = {old: new for new, old in enumerate(wanted)}
    with_text = [at for at, has in enumerate(extract.has_text) if has]
    written = dict(zip(with_text, extract.texts.split(TEXT_END), strict=False))
    days = [
        (new_place[at], day) for at, day in zip(extract.day_at, extract.days, strict=True) if at in new_place
    ]
    return replace(
        extract,
        slots=array("H", (extract.slots[at] for at in wanted)),
        rows=array("I", (extract.rows[at] for at in wanted)),
        columns=array("H", (extract.columns[at] for at in wanted)),
        states=bytes(extract.states[at] for at in wanted),
        numbers=array("d", (extract.numbers[at] for at in wanted)),
        has_text=bytes(extract.has_text[at] for at in wanted),
        texts=TEXT_END.join(written[at] for at in wanted if at in written),
        day_at=array("I", (at for at, _ in days)),
        days=array("i", (day for _, day in days)),
    )


def _with_given(extract: Extract, given: Sequence[tuple[int, int, Cell]]) -> Extract:
    """The cells and behind them those (row, slot, cell) that headings give."""
    cells = [cell for _, _, cell in given]
    texts = [extract.texts] if any(extract.has_text) else []
    return replace(
        extract,
        slots=extract.slots + array("H", (slot for _, slot, _ in given)),
        rows=extract.rows + array("I", (row for row, _, _ in given)),
        columns=extract.columns + array("H", (cell.column for cell in cells)),
        states=extract.states + bytes(cell.state for cell in cells),
        numbers=extract.numbers + array("d", (cell.number for cell in cells)),
        has_text=extract.has_text + b"\1" * len(cells),
        texts=TEXT_END.join([*texts, *(cell.text for cell in cells)]),
    )


def _cell_of(heading: Heading, row: int, text: str) -> Cell:
    """What a heading gives a line: it stands in the heading's cell and holds down to the line."""
    letters, column = heading.cell.rstrip("0123456789"), heading.column
    return Cell(TEXT, 0.0, text, None, column, f"{heading.cell}:{letters}{row}")


def _is_blank(line: Line, name: str) -> bool:
    cell = line.get(name)
    return cell is None or cell.state == BLANK


def _row_of(cell: str) -> int:
    return int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def _in_order(left_out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """From top to bottom."""
    return tuple(sorted(left_out, key=lambda left: _row_of(left.cell)))


def _differs(found: object, told: object) -> bool:
    return bool(told) and found != told


def _refusal(code: str, **args: object) -> Finding:
    return finding_types().make(code, "", "", **args)
