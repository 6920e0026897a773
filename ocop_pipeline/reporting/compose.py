"""A report from its data: the specification's sections and annexes in order, as one document.

Here: putting the parts together and what the texts may speak of. Not here: queries (`gather`), tables
(`blocks`), sentences (templates), or writing files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ocop_pipeline.catalogue import Agency
from ocop_pipeline.domain.units import UnitVersion
from ocop_pipeline.reporting import formats, wording
from ocop_pipeline.reporting.blocks import BLOCKS
from ocop_pipeline.reporting.document import Annex, Block, Document, Heading, Letterhead, Signature
from ocop_pipeline.reporting.gather import ReportData, ReportStatus
from ocop_pipeline.reporting.lists import excerpt, substantive
from ocop_pipeline.reporting.readings import Direction, read
from ocop_pipeline.reporting.setting import Setting
from ocop_pipeline.reporting.spec import AnnexSpec, Issuer, ReportSpec, Section

_NEW_MINISTRY = date(2025, 3, 1)  # decree 35/2025/NĐ-CP of 25/02/2025
_DIGEST_SHOWN = 10


class SpecError(ValueError):
    """A specification names something that does not exist."""


def compose(data: ReportData, spec: ReportSpec, issuer: Issuer | None, as_of: date) -> Document:
    """Write a report.

    Args:
        data: Everything it prints.
        spec: What it consists of.
        issuer: The site's letterhead; None for the one the specification derives from the unit, marked as a
            sample.
        as_of: The day of the report: printed in its place-date line.

    Returns:
        The document. Equal arguments give equal documents.

    Raises:
        SpecError: the specification is not for this tier, or names an unknown block or indicator.
        WordingError: a template is wrong.
    """
    if str(data.unit.tier) not in spec.tiers:
        raise SpecError(f"report {spec.code} is for {', '.join(spec.tiers)}, not for {data.unit.full_name}")
    _check_names(data, spec)
    issuer = issuer or default_issuer(
        spec, data.unit, data.parent, data.agencies, data.map_day or data.period.end
    )
    annexes = _annexes(Setting(data, spec, {}))
    names = {
        annex.key: spec.label("annex", number=formats.roman(n))
        for n, (annex, _) in enumerate(annexes, start=1)
    }
    setting = Setting(data, spec, names)
    context = _context(setting, issuer)
    return Document(
        letterhead=Letterhead(
            issuing_body=issuer.issuing_body,
            symbol=issuer.symbol,
            place=issuer.place,
            parent_body=issuer.parent_body,
            issued=as_of,
        ),
        kind=spec.kind,
        summary=wording.line(spec.folders, spec.summary, context),
        body=_body(setting, context),
        signature=Signature(
            tuple(filter(None, (issuer.signer_authority, issuer.signer_title))), issuer.signer_name
        ),
        recipients=issuer.recipients,
        created=as_of,
        title=wording.line(spec.folders, spec.title, context),
        addressees=issuer.addressees,
        legal_bases=tuple(basis.text for basis in spec.legal_bases if basis.in_force(data.period.end)),
        annexes=tuple(
            Annex(wording.line(spec.folders, annex.title, context), blocks, annex.landscape)
            for annex, blocks in annexes
        ),
        map_note=spec.label("map_note", day=formats.short_date(data.map_day or data.period.end)),
        footnotes=(_source_note(setting),),
        running_mark=spec.label("sample_letterhead") if issuer.is_sample else "",
    )


def _check_names(data: ReportData, spec: ReportSpec) -> None:
    parts: tuple[Section | AnnexSpec, ...] = (*spec.sections, *spec.annexes)
    named = {block for part in parts for block in part.blocks}
    unknown = named - set(BLOCKS)
    if unknown:
        raise SpecError(
            f"report {spec.code}: unknown block {min(unknown)!r}; known: {', '.join(sorted(BLOCKS))}"
        )
    indicators = {column.indicator for table in spec.unit_tables for column in table.columns} - set(
        data.indicators
    )
    if indicators:
        raise SpecError(f"report {spec.code}: unknown indicator {min(indicators)!r}")


def _annexes(setting: Setting) -> list[tuple[AnnexSpec, tuple[Block, ...]]]:
    """The annexes that have something to show, with their blocks."""
    built = (
        (annex, tuple(block for name in annex.blocks for block in BLOCKS[name](setting)))
        for annex in setting.spec.annexes
    )
    return [(annex, blocks) for annex, blocks in built if blocks]


def _body(setting: Setting, context: Mapping[str, Any]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for section in setting.spec.sections:
        if section.heading:
            blocks.append(
                Heading(section.level, wording.line(setting.spec.folders, section.heading, context))
            )
        if section.text:
            blocks.extend(wording.paragraphs(setting.spec.folders, section.text, context))
        for name in section.blocks:
            blocks.extend(BLOCKS[name](setting))
    return tuple(blocks)


def _context(setting: Setting, issuer: Issuer) -> dict[str, Any]:
    """What the templates may speak of."""
    data = setting.data
    by_state = {
        state: [_sender(status) for status in data.statuses if status.status == state]
        for state in ("missing", "returned")
    }
    months = data.period.year_to_date()
    first = months.index(next(month for month in months if month.key == data.months[0].period))
    return {
        "unit_name": _in_sentence(data.unit),
        "issuer_name": issuer.name,
        "period": data.period,
        "next_period": data.period.next(),
        "map_day": data.map_day or data.period.end,
        "figure": lambda code, breakdown="": read(data, code, breakdown),
        "split": lambda code, dimension: data.splits[code, dimension],
        "share": wording.share,
        "coverage": data.coverage,
        "other_scope": any(
            read(data, code).month_change.direction is Direction.OTHER_SCOPE for code in data.indicators
        ),
        **by_state,
        "pending": by_state["missing"] + by_state["returned"],
        "late": [
            _sender(status) for status in data.statuses if status.status == "accepted" and status.is_late
        ],
        "months_published": len(data.months),
        "months_of_year": len(months),
        "first_month": data.months[0].period,
        "months_have_gaps": len(data.months) < len(months) - first,
        "annex": setting.annexes,
        "limits": setting.spec.limits,
        "plans": _plans(data),
        "remarks": lambda kind: _remarks(setting, kind),
    }


def _sender(status: ReportStatus) -> str:
    return status.sender


def _remarks(setting: Setting, kind: str) -> dict[str, int]:
    said, shown = len(substantive(setting, kind)), len(excerpt(setting, kind))
    return {"count": said, "shown": shown, "hidden": said - shown}


def _plans(data: ReportData) -> list[dict[str, Any]]:
    """Each plan with how many of its targets stand how; targets in words only are not measured."""
    plans = []
    for code in dict.fromkeys(target.plan for target in data.targets):
        targets = [target for target in data.targets if target.plan == code]
        counts = {
            result: sum(target.result == result for target in targets)
            for result in ("reached", "not_reached", "not_due", "no_data", "not_measured")
        }
        head = targets[0]
        plans.append(
            {"name": head.plan_name, "number": head.plan_number, "is_sample": head.is_sample, **counts}
            | {"measured": len(targets) - counts["not_measured"]}
        )
    return plans


def default_issuer(
    spec: ReportSpec, unit: UnitVersion, parent: UnitVersion | None, departments: Sequence[Agency], on: date
) -> Issuer:
    """Fill the specification's own letterhead for a unit, from the departments of a day; marked as a sample.

    Args:
        spec: The kind of report.
        unit: The unit.
        parent: The unit above it, if any.
        departments: The departments of the province on the day.
        on: The day.
    """
    named = [agency for agency in departments if agency.code in spec.department]
    agriculture = next((agency for agency in departments if agency.code.startswith("SNN")), None)
    ministry = "ministry" if on >= _NEW_MINISTRY else "ministry_before_2025_03"
    context = {
        "unit_name": _in_sentence(unit),
        "place": unit.name,
        "parent_name": _in_sentence(parent) if parent else "",
        "department_lines": _two_lines(named[0].name_vi if named else ""),
        "department_code": named[0].code if named else "",
        "parent_department_name": agriculture.name_vi if agriculture else "",
        "ministry": spec.label(ministry),
    }

    def filled(text: str) -> str:
        return "\n".join(wording.line(spec.folders, line, context) for line in text.split("\n"))

    blank = spec.letterhead
    return replace(
        blank,
        parent_body=filled(blank.parent_body),
        issuing_body=filled(blank.issuing_body),
        symbol=filled(blank.symbol),
        place=filled(blank.place),
        addressees=tuple(map(filled, blank.addressees)),
        recipients=tuple(map(filled, blank.recipients)),
    )


def _two_lines(name: str) -> tuple[str, str]:
    """Break a department's name where a letterhead breaks it: "Sở Nông nghiệp", "và Môi trường"."""
    first, joint, rest = name.partition(" và ")
    return first, f"{joint}{rest}".strip()


def _in_sentence(unit: UnitVersion) -> str:
    """A unit's name as in running text: "tỉnh Lâm Đồng"."""
    return f"{unit.type} {unit.name}"


def _source_note(setting: Setting) -> str:
    data = setting.data
    return setting.label(
        "source_note",
        month=formats.number(data.month_submissions),
        all=formats.number(len(data.submissions)),
        digest=data.catalogue_digest[:_DIGEST_SHOWN],
    )
