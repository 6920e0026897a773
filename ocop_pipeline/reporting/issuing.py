"""From published figures to issued files: a unit's report, and the notices of returned files.

Belongs here: the order gather → compose → release. What is said and how it looks is in the modules it calls.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.calendar import NoDeadlineError, Sender
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.reporting.compose import compose, default_issuer
from ocop_pipeline.reporting.document import Document
from ocop_pipeline.reporting.gather import gather
from ocop_pipeline.reporting.html import write_html
from ocop_pipeline.reporting.notices import compose_notice, load_notice_spec, notice_id, receipt, write_text
from ocop_pipeline.reporting.query import Query
from ocop_pipeline.reporting.release import Inputs, Place, Release, issue, slug, unit_slug
from ocop_pipeline.reporting.spec import Issuer, load_issuer, load_spec
from ocop_pipeline.settings import Settings
from ocop_pipeline.version import CODE_VERSION

LETTERHEAD = "letterhead.yml"
FILE_NAME = "bao-cao-ocop"
REPORT_OF_TIER = {Tier.PROVINCE: "province_month", Tier.DISTRICT: "district_month"}
"""Which report a unit of a tier has."""
UNKNOWN_PERIOD = "khong-ro-ky"
"""Folder of the notices of files whose month could not be told."""
MARKED, MACHINES = ".xlsx", ".json"
"""Ends of the names of what is filed with a notice: the sender's workbook, and the answer for other systems."""
_SHORT_ID = 8


def report_document(
    query: Query,
    catalogue: Catalogue,
    settings: Settings,
    unit_id: str,
    period: Period,
    as_of: date,
    on_map: date | None = None,
) -> Document:
    """The report of a unit on a month, from published figures.

    Args:
        query: Runs a SELECT on the published warehouse, or on its view on another map (`warehouse.other_map`).
        catalogue: The catalogue the warehouse was built with.
        settings: Those of the deployment.
        unit_id: A unit of the month's closing day, or of `on_map`.
        period: The month.
        as_of: Day of the report.
        on_map: Day whose map the figures are on; None for the month's own. On another map the report has figures and
            register only, and says what it is.

    Raises:
        NoFiguresError: nothing is published for this unit and month.
        KeyError: the unit's tier has no report of its own.
    """
    unit = catalogue.units.get(unit_id, on_map or period.end)
    spec = load_spec(REPORT_OF_TIER[unit.tier], settings.site)
    data = gather(query, catalogue, unit_id, period, below=spec.unit_lines, on_map=on_map)
    if on_map is not None:
        return compose(data, spec.on_other_map(), spec.unsigned(unit.name), as_of)
    return compose(data, spec, load_issuer(settings.site / LETTERHEAD, unit.code, as_of), as_of)


def issue_report(
    query: Query, catalogue: Catalogue, settings: Settings, unit_id: str, period: Period, now: datetime
) -> Release:
    """Issue the report of a unit on a month: a new release where it says something new, else the last one.

    Raises:
        NoFiguresError: nothing is published for this unit and month.
        ReleaseError: the last release on disk is damaged.
    """
    unit = catalogue.units.get(unit_id, period.end)
    code = REPORT_OF_TIER[unit.tier]
    spec = load_spec(code, settings.site)
    data = gather(query, catalogue, unit_id, period, below=spec.unit_lines)
    issuer = load_issuer(settings.site / LETTERHEAD, unit.code, now.date())
    document = compose(data, spec, issuer, now.date())
    place = Place(
        root=settings.releases,
        period=period.key,
        unit_id=unit_id,
        unit_slug=unit_slug(unit),
        report=code,
        file_name=FILE_NAME,
    )
    inputs = Inputs(tuple(data.submissions), catalogue.digest, CODE_VERSION)
    return issue(document, place, inputs, labels=spec.labels, now=now)


@dataclass(frozen=True, slots=True)
class Issued:
    """What a manifest says of a release: its title and the files for people (PDF and page)."""

    title: str
    files: tuple[Path, ...]


def read_issued(manifest: Path) -> Issued:
    """Read a release's manifest.

    Raises:
        OSError, ValueError, KeyError: it is missing or no manifest.
    """
    data = json.loads(manifest.read_text(encoding="utf-8"))
    names = (output["file"] for output in data["outputs"])
    files = tuple(manifest.parent / name for name in names if name.endswith((".pdf", ".html")))
    return Issued(data["title"], files)


@dataclass(frozen=True, slots=True)
class FiledNotice:
    """A return notice among the files of a deployment.

    Attributes:
        document_id: 64 hexadecimal digits that name it and no other (`notice_id`).
        title: What people call it: its kind and the receipt number.
        page: Where its page lies once it is written.
    """

    document_id: str
    title: str
    page: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """What the sender gets: the page, the plain text beside it, and the own workbook marked where it could be."""
        texts = (self.page, self.page.with_suffix(".txt"))
        workbook = self.page.with_suffix(MARKED)
        return (*texts, workbook) if workbook.exists() else texts


def filed_notice(answer: Mapping[str, Any], kind: str, settings: Settings) -> FiledNotice:
    """Where the notice of a file lies, and its names; nothing is written.

    The names hold the receipt number and the beginning of the notice's id: nothing a sender called a file becomes a
    path of ours, and a file judged again has a notice beside the first one.

    Args:
        answer: The judgement, as for `compose_notice`.
        kind: What a notice is called (`NoticeSpec.kind`).
        settings: The deployment.
    """
    document_id, number = notice_id(answer), receipt(answer["submission_id"])
    parts = (slug(str(answer.get("unit_name") or "")), number, document_id[:_SHORT_ID])
    name = f"phieu-tra-lai-{'-'.join(filter(None, parts))}.html"
    return FiledNotice(
        document_id, f"{kind} {number}", settings.notices / (answer.get("period") or UNKNOWN_PERIOD) / name
    )


def _nothing(_: Mapping[str, Any]) -> Mapping[str, bytes]:
    """Nothing goes with a notice."""
    return {}


def file_notices(
    answers: Iterable[Mapping[str, Any]],
    catalogue: Catalogue,
    settings: Settings,
    now: datetime,
    enclosed: Callable[[Mapping[str, Any]], Mapping[str, bytes]] = _nothing,
) -> list[Path]:
    """Write the notice of each returned or set-aside file once, as a page and as plain text.

    Args:
        answers: What was judged, as for `compose_notice`.
        catalogue: The site's.
        settings: The deployment.
        now: The present.
        enclosed: Gives what else is filed with the notice of an answer, by the end of its name (`MARKED`, `MACHINES`).

    Returns:
        The pages, those written by an earlier run too.
    """
    spec = load_notice_spec(settings.site)
    issuers: dict[str, Issuer] = {}
    pages = []
    for answer in answers:
        filed = filed_notice(answer, spec.kind, settings)
        page = filed.page
        pages.append(page)
        if page.exists():
            continue
        province = _province(answer, catalogue, settings, now.date())
        if province.unit_id not in issuers:
            issuers[province.unit_id] = _notice_issuer(province, catalogue, settings, now.date())
        issuer = issuers[province.unit_id]
        received = answer.get("received_on")
        known = {**answer, "received_on": date.fromisoformat(received) if received else None}
        notice = compose_notice(known, spec, issuer, now.date(), _due(answer, catalogue))
        page.parent.mkdir(parents=True, exist_ok=True)
        for suffix, content in enclosed(answer).items():
            _write(page.with_suffix(suffix), content)
        _write(page.with_suffix(".txt"), write_text(notice))
        _write(page, write_html(notice))
    return pages


def _notice_issuer(province: UnitVersion, catalogue: Catalogue, settings: Settings, on: date) -> Issuer:
    """The province's letterhead: a notice goes out in the name of whoever issues the province's report."""
    given = load_issuer(settings.site / LETTERHEAD, province.code, on)
    if given is not None:
        return given
    above = catalogue.units.ancestors(province.unit_id, province.last_day if province.valid_to else on)
    spec = load_spec(REPORT_OF_TIER[Tier.PROVINCE], settings.site)
    return default_issuer(spec, province, above[0] if above else None, catalogue.agencies_on(on), on)


def _province(answer: Mapping[str, Any], catalogue: Catalogue, settings: Settings, on: date) -> UnitVersion:
    """The sender's province; where the sender could not be told, the first one the site serves."""
    units = catalogue.units
    if answer.get("unit_id") and answer.get("period"):
        end = Period.parse(answer["period"]).end
        line = (units.get(answer["unit_id"], end), *units.ancestors(answer["unit_id"], end))
        found = next((unit for unit in line if unit.tier is Tier.PROVINCE), None)
        if found is not None:
            return found
    codes = (units.find_code(code, on, Tier.PROVINCE) for code in settings.scope)
    return next((unit for unit in codes if unit), None) or units.units(on, Tier.PROVINCE)[0]


def _due(answer: Mapping[str, Any], catalogue: Catalogue) -> date | None:
    if not answer.get("period") or not answer.get("form"):
        return None
    form = catalogue.forms[answer["form"]]
    sender = Sender.DEPARTMENT if form.by_agency else Sender(form.sender_tier)
    try:
        return catalogue.calendar.deadline(sender, Period.parse(answer["period"]))
    except NoDeadlineError:
        return None


def _write(path: Path, content: str | bytes) -> None:
    """Whole or not at all: a reader of the folder never sees half a notice."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)
