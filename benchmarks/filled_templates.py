"""Templates as senders fill them in: whatever their form, unit and month, at random and within the rules.

Here: the answers of a generated report written into the open cells of the workbook that was sent out, and the totals
computed as a spreadsheet program does on saving. Not here: faults (`fault_kinds`), judging (`planted_faults`).
"""

import io
import random
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import openpyxl

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.senders import Sender
from ocop_pipeline.domain.forms import REGISTER, REMARKS, TASKS
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.generator import Options, sound_reports
from ocop_pipeline.generator.register import Product
from ocop_pipeline.generator.submission import Submission, lines_of, reported
from ocop_pipeline.templates.contents import contents
from ocop_pipeline.templates.sheets import AS_ISSUED, SheetDraft, Value, draft_sheets
from ocop_pipeline.templates.template import layout_for, template
from ocop_pipeline.warehouse.last_reported import Figures, Known, KnownProduct, Recognition

KEY: Final = b"k" * 32
"""Signs the manifests, as a site's key does."""
_HABITS: Final = 0.1
_TOTAL = re.compile(r'IF\(COUNT\(([A-Z0-9,]+)\)=0,IF\(COUNTA\(\1\)=[0-9]+,"[^"]*",""\),SUM\(\1\)\)')
_FORMULA_CELL = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"([^<>]*)><f>IF\(COUNT\(([A-Z0-9,]+)\)=0,IF\(COUNTA[^"<]*"([^"<]*)"[^<]*</f>'
    rb"(?:<v ?/>|<v>[^<]*</v>)</c>"
)
_TYPE = re.compile(rb' t="[a-z]+"')


@dataclass(frozen=True)
class Report:
    """What a sender says of a month, and of the month before where it reported then."""

    sender: Sender
    month: Period
    said: Submission
    before: Submission | None = None


def reports(catalogue: Catalogue, province: str, month: str, seed: int, share: float = 0.05) -> list[Report]:
    """What some senders of a province say in a month, each with what it said in the month before."""
    period = Period(month)
    earlier = period.previous().key
    # Two countries of one seed, not two months of one: there the register of the second month is what is new in it.
    said, before = (
        sound_reports(catalogue, Options(province, key, seed=seed, share=share, faults="none"))[key]
        for key in (month, earlier)
    )
    last = {sender.key: told for sender, told in before}
    return [Report(sender, period, told, last.get(sender.key)) for sender, told in said]


def filled(catalogue: Catalogue, report: Report, chance: random.Random, *, known: bool) -> bytes:
    """The workbook a sender gets, filled in with what it says.

    Args:
        catalogue: The site's.
        report: Who, which month, what.
        chance: Decides in which of the ways that must be understood a number is written.
        known: Whether the site knew what was reported the month before: the workbook then comes with last values, a
            register and tasks.
    """
    sender, month, said = report.sender, report.month, report.said
    told = _known(catalogue, report) if known and report.before else Known()
    data = template(catalogue, sender, month, told, KEY, f"{chance.getrandbits(64):016x}")
    layout = layout_for(catalogue, sender.form, month)
    lines = lines_of(layout, catalogue.lines(sender.form, month.end))
    drafts = draft_sheets(
        layout, lines, catalogue.template_words, contents(catalogue, sender, month, told), AS_ISSUED
    )
    book = openpyxl.load_workbook(io.BytesIO(data))
    for draft in drafts:
        sheet = book[draft.name]
        if draft.part in (REGISTER, TASKS):
            _fill_rows(sheet, draft, said.rows.get(draft.part, ()))
        elif any(line.part == draft.part for line in lines):
            _fill_lines(sheet, draft, said, chance)
        else:
            _fill_pairs(sheet, draft, said)
    return computed(saved(book))


def saved(book: Any) -> bytes:
    """The bytes of an opened workbook."""
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


# -------------------------------------------------------------------------------------------- the answers


def _fill_pairs(sheet: Any, draft: SheetDraft, said: Submission) -> None:
    open_fields = None if draft.part == REMARKS else ("issue_no", "reported_on")
    for (_, _, name), (row, column) in draft.places.items():
        if open_fields is None or name in open_fields:
            sheet.cell(row + 1, column + 1).value = said.pairs.get(draft.part, {}).get(name)


def _fill_rows(sheet: Any, draft: SheetDraft, rows: Sequence[Mapping[str, Value]]) -> None:
    """The table is written anew: who keeps a register reads it through, from the first line to the last."""
    first, _, last, _ = draft.table or (0, 0, 0, 0)
    for at in range(max(last - first, len(rows))):
        row = rows[at] if at < len(rows) else {}
        for name, column in draft.columns.items():
            cell = sheet.cell(first + 2 + at, column + 1)
            cell.value = at + 1 if name == "row_no" and row else row.get(name)


def _fill_lines(sheet: Any, draft: SheetDraft, said: Submission, chance: random.Random) -> None:
    totals = {place: cell for place, cell in draft.places.items() if _parts(sheet, cell)}
    summed = {name for cell in totals.values() for name in _parts(sheet, cell)}
    for place, at in draft.places.items():
        cell = sheet.cell(at[0] + 1, at[1] + 1)
        if place not in totals and not cell.protection.locked:
            value = said.lines.get(place)
            cell.value = value if cell.coordinate in summed else _habit(value, chance)
    for place, at in totals.items():
        _fill_parts(sheet, _parts(sheet, at), said.lines.get(place))


def _fill_parts(sheet: Any, parts: Sequence[str], total: Value) -> None:
    """A total of nought shows only where its parts say nought: blank parts leave it blank."""
    if total is not None and not any(_is_number(sheet[name].value) for name in parts):
        for name in parts:
            sheet[name].value = 0


def _habit(value: Value, chance: random.Random) -> Value:
    """Another way to write the same number, one time in ten."""
    if chance.random() >= _HABITS or not isinstance(value, int | Decimal) or value != int(value):
        return value
    ways: list[Value] = [f" {value} ", f"{int(value):02}", f"{int(value)},0", f"{int(value)}"]
    return chance.choice(ways if value else [*ways, "không phát sinh", "-", "Không"])


def _parts(sheet: Any, at: tuple[int, int]) -> list[str]:
    """The cells that a live total adds up; none where the cell holds no such formula."""
    formula = sheet.cell(at[0] + 1, at[1] + 1).value
    found = _TOTAL.fullmatch(formula[1:]) if isinstance(formula, str) and formula.startswith("=") else None
    return found[1].split(",") if found else []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


# ------------------------------------------------------------------------------------------- the totals


def computed(data: bytes) -> bytes:
    """The same workbook with the result of every live total, as a spreadsheet program stores it on saving."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for name in source.namelist():
            part = source.read(name)
            number = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", name)
            if number:
                part = _with_results(part, book.worksheets[int(number[1]) - 1])
            copy.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _with_results(part: bytes, sheet: Any) -> bytes:
    def result(found: re.Match[bytes]) -> bytes:
        parts = [sheet[name].value for name in found[3].decode().split(",")]
        numbers = [Decimal(str(part)) for part in parts if _is_number(part)]
        nothing = b"" if None in parts else found[4]
        kind, shown = (b"", str(sum(numbers)).encode()) if numbers else (b' t="str"', nothing)
        formula = found[0][found[0].index(b"<f>") : found[0].index(b"</f>") + 4]
        head = b'<c r="' + found[1] + b'"' + _TYPE.sub(b"", found[2]) + kind
        return head + b">" + formula + b"<v>" + shown + b"</v></c>"

    return _FORMULA_CELL.sub(result, part)


# -------------------------------------------------------------------------------- what the site knew


def _known(catalogue: Catalogue, report: Report) -> Known:
    """What the report of the month before told the site."""
    sender, before = report.sender, report.before
    if before is None:
        return Known()
    lines = catalogue.lines(sender.form, before.period.end)
    values: Figures = {key: Decimal(value) for key, value in reported(before, lines).items()}
    unit = sender.unit.unit_id
    products = [_product(product, before.period.end) for product in before.products]
    tasks = {
        (unit, sender.agency, duty.plan, duty.task): (duty.state, Decimal(duty.progress))
        for duty in before.duties
    }
    return Known({sender.key: (before.period.key, values)}, {unit: products}, tasks)


def _product(product: Product, on: date) -> KnownProduct:
    events = product.known(on)
    decided = [
        Recognition(event.star, event.decision_date, event.decision_no, event.body)
        for event in (events[0], events[-1])
    ]
    return KnownProduct(
        product.name, product.producer.name, product.producer.type, product.sector, events[-1].star, events[-1].expiry,
        decided[0], decided[-1], product.address,
    )  # fmt: skip
