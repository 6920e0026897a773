"""Whose report a workbook is, and for which month: from what its cover sheet says and the catalogue knows.

Belongs here: form, period, unit, department, with all doubts spoken out. Does not: finding the cover sheet
(`extract`), judging figures (the rules), deciding between two files of one unit (`process`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from ocop_pipeline.catalogue import Agency, Catalogue
from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.domain.findings import Finding
from ocop_pipeline.domain.forms import Form
from ocop_pipeline.domain.manifest import Manifest, verified
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.unit_finder import Answer, Basis, Found
from ocop_pipeline.domain.units import Tier, UnitVersion, UnknownUnitError, accent_free_key, name_key
from ocop_pipeline.intake.cells import fold, read_day, read_number
from ocop_pipeline.intake.extract import Extract, InfoCell

_CODE_DIGITS = {Tier.PROVINCE: 2, Tier.DISTRICT: 3, Tier.COMMUNE: 5}
_NUMBERS = re.compile(r"[0-9]+")
_TWO_MONTHS = re.compile(r"[0-9]\s*[-–]\s*[0-9]+\s*/")  # "09-10/2026"
# Ten months ("10 tháng năm 2026") are not the tenth; what reaches from one to another is not one.
_NO_MONTH = re.compile(r"\b(?:quy|den|het|luy ke|dau|nua|tuan|[0-9]{1,2} thang(?! [0-9]{1,2}\b))\b")
_FIRST_YEAR, _LAST_YEAR = 2000, 2999
_MOST_CANDIDATES = 8
_NOWHERE = InfoCell("", None, "", "")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose report it is. Together form, unit, agency and period name the duty it fulfils.

    Attributes:
        form: code of the form.
        layout: code of the layout it is written in.
        unit_id: the reporting unit (for departments, their province).
        unit_name: its name in full, for people.
        agency: code of the department; empty for units.
        period: key of the month.
        issue_no: "Lần gửi" of the cover sheet; 0 where it says nothing.
        reported_on: the day the report bears, if any.
    """

    form: str
    layout: str
    unit_id: str
    unit_name: str
    agency: str
    period: str
    issue_no: int = 0
    reported_on: date | None = None

    @property
    def duty(self) -> tuple[str, str, str, str]:
        """(form, unit, agency, period): what only one accepted file can fulfil at a time."""
        return self.form, self.unit_id, self.agency, self.period


class ToldSender(Protocol):
    """What a person told of a file: whose report it is."""

    @property
    def unit_id(self) -> str:
        """The unit; of a department its province."""

    @property
    def agency(self) -> str:
        """Code of the department; blank for units."""

    @property
    def period(self) -> str:
        """Key of the month."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The identity (None where it cannot be told: the file is set aside) and what there is to say."""

    identity: Identity | None
    findings: tuple[Finding, ...]


def identify(
    extract: Extract,
    catalogue: Catalogue,
    today: date,
    scope: Collection[str] | None = None,
    key: bytes | None = None,
) -> Recognised:
    """Tell whose report an extract is.

    Args:
        extract: what a reading child returned.
        catalogue: forms, units and departments.
        today: the day of receipt; a month that begins later is not open yet.
        scope: ids of the provinces served; None for all.
        key: the site's, with which it signs the templates it sends out; None where it sends out none.

    Returns:
        The identity with findings on it. Without errors among them the report may be judged on its figures.
    """
    found = [finding_types().make(seen.code, seen.sheet, seen.cell, **seen.args) for seen in extract.findings]
    layout = next((layout for layout in catalogue.layouts if layout.code == extract.layout), None)
    if layout is None:
        return Recognised(None, tuple(found))
    made_for = verified(extract.manifest, key) if key else None
    cover = _Cover(extract, catalogue, catalogue.forms[layout.form], found, made_for)
    identity = cover.identify(layout.code, today, scope)
    if key and extract.manifest and made_for is None:
        cover.find("TEMPLATE_NOT_OURS")
    if identity is not None and made_for is not None:
        cover.check_template(identity, made_for)
    return Recognised(identity, tuple(cover.findings))


def identify_as(extract: Extract, catalogue: Catalogue, told: ToldSender, today: date) -> Recognised:
    """The identity of a report whose sender and month a person told; what its cover sheet says of them is not asked.

    Returns:
        No identity where the file has no form of ours, or the told unit sends none of that form in that month, which
        must have begun by today.
    """
    found = [finding_types().make(seen.code, seen.sheet, seen.cell, **seen.args) for seen in extract.findings]
    layout = next((layout for layout in catalogue.layouts if layout.code == extract.layout), None)
    if layout is None:
        return Recognised(None, tuple(found))
    month = Period.parse(told.period)
    form, on = catalogue.forms[layout.form], month.end
    try:
        unit = catalogue.units.get(told.unit_id, on)
    except UnknownUnitError:
        unit = None
    is_month_of_form = month.start <= today and form.in_force(on)
    if (
        unit is None
        or not is_month_of_form
        or unit.tier != Tier(form.sender_tier)
        or form.by_agency != bool(told.agency)
    ):
        found.append(finding_types().make("SENDER_TOLD_CANNOT_BE", form=form.code))
        return Recognised(None, tuple(found))
    reported = extract.info.get("reported_on", _NOWHERE).day
    return Recognised(
        Identity(
            form.code, layout.code, unit.unit_id, unit.full_name, told.agency, told.period,
            reported_on=date.fromordinal(reported) if reported else None,
        ),
        tuple(found),
    )  # fmt: skip


def read_period(cell: InfoCell) -> Period | None:
    """The month a cover sheet names: "10/2026", "tháng 10 năm 2026", "2026-10", "01/10/2026", a date cell."""
    if cell.day is not None:
        day = date.fromordinal(cell.day)
        return _month(day.year, day.month)
    text = fold(cell.text)
    numbers = [int(number) for number in _NUMBERS.findall(text)]
    if _NO_MONTH.search(text):
        return None
    if len(numbers) == 3:  # a day, or two months
        written = None if _TWO_MONTHS.search(cell.text) else read_day(cell.text)
        return _month(written.year, written.month) if written else None
    if len(numbers) != 2:
        return None
    if numbers[0] >= _FIRST_YEAR:
        return _month(numbers[0], numbers[1])
    return _month(numbers[1], numbers[0])


def _month(year: int, month: int) -> Period | None:
    known = _FIRST_YEAR <= year <= _LAST_YEAR and 1 <= month <= 12
    return Period(f"{year:04d}-{month:02d}") if known else None


def _told_by(made_for: Manifest, catalogue: Catalogue, info: Mapping[str, InfoCell]) -> dict[str, InfoCell]:
    """What a cover sheet leaves blank and the template it was made from knows."""
    period = Period.parse(made_for.period)
    try:
        code = catalogue.units.get(made_for.unit_id, period.end).code
    except UnknownUnitError:
        return {}
    known = {"period": period.key}
    if not any(info.get(name, _NOWHERE).text for name in ("unit_code", "unit_name")):
        known["unit_code"] = code
    agency = next((each.name_vi for each in catalogue.agencies if each.code == made_for.agency), "")
    if agency:
        known["agency_name"] = agency
    return {
        name: InfoCell(text, None, at.sheet, at.cell)
        for name, text in known.items()
        if not (at := info.get(name, _NOWHERE)).text and at.day is None
    }


class _Cover:
    """The cover sheet of one workbook, read step by step; each doubt becomes a finding."""

    def __init__(
        self,
        extract: Extract,
        catalogue: Catalogue,
        form: Form,
        findings: list[Finding],
        made_for: Manifest | None = None,
    ) -> None:
        self._info = extract.info
        self._catalogue = catalogue
        if made_for is not None and made_for.form == form.code:
            self._info = {**extract.info, **_told_by(made_for, catalogue, extract.info)}
        self._form = form
        self._tier = Tier(form.sender_tier)
        self.findings = findings

    def identify(self, layout: str, today: date, scope: Collection[str] | None) -> Identity | None:
        self._check_form_code()
        period = self._period()
        if period is None:
            return None
        unit = self._unit(period)
        agency = self._agency(period.end) if unit is not None and self._form.by_agency else None
        if unit is None or (self._form.by_agency and agency is None):
            return None
        if scope is not None and not self._served(unit, period.end, scope):
            self._find("OUT_OF_SCOPE", "unit_code", unit=self._place_of(unit, period.end))
            return None
        self._check_open(period, today)
        reported = self._cell("reported_on").day
        issue = read_number(self._cell("issue_no").text)
        return Identity(
            form=self._form.code,
            layout=layout,
            unit_id=unit.unit_id,
            unit_name=unit.full_name,
            agency=agency.code if agency else "",
            period=period.key,
            issue_no=int(issue.number) if issue and 0 < issue.number < 1000 else 0,
            reported_on=date.fromordinal(reported) if reported else None,
        )

    def find(self, code: str) -> None:
        """Say something of the whole file."""
        self.findings.append(finding_types().make(code, "", ""))

    def check_template(self, identity: Identity, made_for: Manifest) -> None:
        """Say where the workbook was made for another sender or month than its cover sheet says.

        Whoever fills in a neighbour's workbook, or last month's again, easily leaves something of it inside.
        """
        if (made_for.unit_id, made_for.agency) != (identity.unit_id, identity.agency):
            on = Period.parse(made_for.period).end
            where = "agency_name" if made_for.unit_id == identity.unit_id else "unit_code"
            self._find(
                "TEMPLATE_OF_OTHER_SENDER",
                where,
                made_for=self._sender_of(made_for, on),
                sender=self._told_sender(identity),
            )
        if made_for.period != identity.period:
            self._find("TEMPLATE_OF_OTHER_MONTH", "period", made_for=made_for.period, period=identity.period)

    def _sender_of(self, made_for: Manifest, on: date) -> str:
        name = self._agency_name(made_for.agency)
        try:
            unit = self._place_of(self._catalogue.units.get(made_for.unit_id, on), on)
        except UnknownUnitError:
            unit = made_for.unit_id
        return f"{name}, {unit}" if name else unit

    def _told_sender(self, identity: Identity) -> str:
        name = self._agency_name(identity.agency)
        return f"{name}, {identity.unit_name}" if name else identity.unit_name

    def _agency_name(self, code: str) -> str:
        return next((each.name_vi for each in self._catalogue.agencies if each.code == code), code)

    def _cell(self, name: str) -> InfoCell:
        return self._info.get(name, _NOWHERE)

    def _find(self, code: str, where: str, /, **args: object) -> None:
        cell = self._cell(where)
        self.findings.append(finding_types().make(code, cell.sheet, cell.cell, **args))

    # ------------------------------------------------------------------------------ form and month

    def _check_form_code(self) -> None:
        """A cover sheet that names another of our forms contradicts its own layout."""
        written = fold(self._cell("form").text)
        others = {fold(code) for code in self._catalogue.forms} - {fold(self._form.code)}
        if written in others:
            self._find("FORM_CODE_DISAGREES", "form", written=self._cell("form").text, form=self._form.code)

    def _period(self) -> Period | None:
        period = read_period(self._cell("period"))
        if period is None:
            self._find("PERIOD_UNREADABLE", "period", text=self._cell("period").text)
        elif not self._form.in_force(period.end):
            self._find("FORM_NOT_IN_FORCE", "period", form=self._form.code, period=period.key)
        return period

    def _check_open(self, period: Period, today: date) -> None:
        if period.start > today:
            self._find("PERIOD_NOT_OPEN", "period", period=period.key, start=period.start)

    # ---------------------------------------------------------------------------------------- unit

    def _unit(self, period: Period) -> UnitVersion | None:
        """The unit on the month's closing day: by its code, checked against its name, or by name alone."""
        on = period.end
        code = self._code()
        if not code:
            unit = self._by_name_alone(on)
            if unit is not None and unit == self._by_name(on).meant:
                self._find("UNIT_CODE_MISSING", "unit_code", unit=unit.full_name, unit_code=unit.code)
            return unit
        unit = self._catalogue.units.find_code(code, on, self._tier)
        if unit is None:
            return self._without_holder(code, on)
        meant = unit if self._named(unit, on) else self._mismatch(unit, code, on)
        if meant is not None:
            self._check_province(meant, on)
        return meant

    def _code(self) -> str:
        """The code with the leading zeros that a number cell loses."""
        text = self._cell("unit_code").text.replace(" ", "")
        text = text.removesuffix(".0")
        return text.zfill(_CODE_DIGITS[self._tier]) if text.isascii() and text.isdigit() else text

    def _named(self, unit: UnitVersion, on: date) -> bool:
        """Whether the name written is the unit's; no name contradicts nothing, missing accents may pass."""
        text = self._cell("unit_name").text
        if not text:
            return True
        keys = {name_key(unit.name), name_key(unit.full_name)}
        head = re.split(r"[,(]", text, maxsplit=1)[0]
        if name_key(text) in keys or name_key(head) in keys:
            return True
        if text.isascii() and accent_free_key(text) in {accent_free_key(unit.name), fold(unit.full_name)}:
            return True
        fitting = self._catalogue.unit_finder.find(text, on, tier=self._tier).standing
        return any(each.unit.unit_id == unit.unit_id and each.basis is Basis.NAME for each in fitting)

    def _mismatch(self, by_code: UnitVersion, code: str, on: date) -> UnitVersion | None:
        """Code and name name two units. The name decides whom to answer: a code is the easier slip."""
        answer = self._by_name(on)
        if answer.meant is None:
            former = self._catalogue.unit_finder.find(code, on, tier=self._tier).other_days
            both = [each for each in former if self._is_among(each, answer.other_days)]
            if both or answer.ended:
                # The unit is told by its name, and by the code it once had: it is no slip but an old list.
                return self._not_there(both[0] if both else answer.other_days[0], on, by_code)
        self._find(
            "UNIT_CODE_NAME_MISMATCH",
            "unit_code",
            code=code,
            by_code=self._place_of(by_code, on),
            name=self._cell("unit_name").text,
            by_name=self._place_of(answer.meant, on) if answer.meant else "",
        )
        return answer.meant or by_code

    @staticmethod
    def _is_among(found: Found, others: Sequence[Found]) -> bool:
        return any(found.unit.unit_id == other.unit.unit_id for other in others)

    def _without_holder(self, code: str, on: date) -> UnitVersion | None:
        """Nobody has the code on that day: a unit of another day, another tier's code, or no code at all."""
        former = self._catalogue.unit_finder.find(code, on, tier=self._tier).other_days
        if former:
            covering = self._not_there(former[0], on)
            return self._by_name(on).meant or covering
        self._find("UNIT_CODE_UNKNOWN", "unit_code", code=code)
        return self._by_name_alone(on)

    def _not_there(self, found: Found, on: date, by_code: UnitVersion | None = None) -> UnitVersion | None:
        """Say that a unit did not exist in the month, and which units its ground was in.

        Returns:
            Whom the file goes back to: the one unit that covers the place, or the one of several whose code is written;
            None where that would be a guess.
        """
        covering = (
            "; ".join(f"{each.full_name} ({each.code})" for each in found.covering[:_MOST_CANDIDATES]) or "–"
        )
        where = "unit_code" if self._cell("unit_code").text else "unit_name"
        unit, shown = found.unit, self._place_of(found.unit, found.on)
        if unit.last_day < on:
            self._find("UNIT_NOT_IN_FORCE", where, unit=shown, last_day=unit.last_day, successors=covering)
        else:
            self._find(
                "UNIT_NOT_YET", where, unit=shown, first_day=unit.first_day, on=on, predecessors=covering
            )
        if by_code is not None and by_code in found.covering:
            return by_code
        return found.covering[0] if len(found.covering) == 1 else None

    def _by_name_alone(self, on: date) -> UnitVersion | None:
        answer = self._by_name(on)
        if answer.meant is not None:
            return answer.meant
        if answer.ended is not None:
            return self._not_there(answer.ended, on)
        name = self._cell("unit_name").text
        fitting = (*answer.standing, *answer.other_days)
        if fitting:
            shown = "; ".join(self._place_of(each.unit, each.on) for each in fitting[:_MOST_CANDIDATES])
            self._find("UNIT_AMBIGUOUS", "unit_name", name=name, candidates=shown)
        else:
            self._find("UNIT_NOT_FOUND", "unit_name", name=name, code=self._cell("unit_code").text)
        return None

    def _by_name(self, on: date) -> Answer:
        """What the names of the cover sheet mean on a day: the unit's own and those above it, where such exist."""
        finder, name = self._catalogue.unit_finder, self._cell("unit_name").text
        if not name:
            return Answer("", on)
        above = (
            self._cell(field).text
            for field, tier in (("district_name", Tier.DISTRICT), ("province_name", Tier.PROVINCE))
            if tier is not self._tier
        )
        known = (text for text in above if text and finder.knows_area(text))
        return finder.find(", ".join((name, *known)), on, tier=self._tier)

    def _check_province(self, unit: UnitVersion, on: date) -> None:
        text = self._cell("province_name").text
        if not text or self._tier is Tier.PROVINCE:
            return
        province = self._province(unit, on)
        if province is not None and accent_free_key(text) != accent_free_key(province.name):
            self._find("PROVINCE_DISAGREES", "province_name", province=province.full_name, written=text)

    def _province(self, unit: UnitVersion, on: date) -> UnitVersion | None:
        above = self._catalogue.units.ancestors(unit.unit_id, on)
        return next((row for row in (unit, *above) if row.tier is Tier.PROVINCE), None)

    def _place_of(self, unit: UnitVersion, on: date) -> str:
        province = self._province(unit, on)
        if province is None or province.unit_id == unit.unit_id:
            return f"{unit.full_name} ({unit.code})"
        return f"{unit.full_name}, {province.full_name} ({unit.code})"

    def _served(self, unit: UnitVersion, on: date, scope: Collection[str]) -> bool:
        above: Sequence[UnitVersion] = self._catalogue.units.ancestors(unit.unit_id, on)
        return any(row.unit_id in scope for row in (unit, *above))

    # --------------------------------------------------------------------------------- department

    def _agency(self, on: date) -> Agency | None:
        """The department by its name, with or without its province behind it."""
        known = self._catalogue.agencies_on(on)
        written = fold(self._cell("agency_name").text)
        for agency in known:
            name = fold(agency.name_vi)
            if written in (name, fold(agency.code)) or written.startswith(name + " "):
                return agency
        names = "; ".join(agency.name_vi for agency in known)
        self._find("AGENCY_UNKNOWN", "agency_name", name=self._cell("agency_name").text, known=names)
        return None
