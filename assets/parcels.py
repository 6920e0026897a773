"""What there is to deliver: issued reports and return notices, as parcels.

Belongs here: which documents go with a run. Does not: sending them (`ocop_pipeline/delivery`), or Dagster: the
command line asks here which document waits for a person.
"""

import logging
from collections.abc import Collection, Iterator

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.recipients import DocumentKind
from ocop_pipeline.delivery import Parcel, release_id, unfinished
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import UnitVersion
from ocop_pipeline.intake.answer import Answer, is_settled, recorded_answer
from ocop_pipeline.reporting.issuing import UNKNOWN_PERIOD, filed_notice, read_issued
from ocop_pipeline.reporting.notices import load_notice_spec
from ocop_pipeline.reporting.release import unit_slug
from ocop_pipeline.settings import Settings
from ocop_pipeline.warehouse.ledger import IssueRecord, Ledger, VerdictRecord

logger = logging.getLogger(__name__)

RETURN_NOTICE = "return_notice"
UNKNOWN_UNIT = "khong-ro-don-vi"
"""Folder of the notices of files whose sender could not be told."""
_ANSWERED = (Verdict.RETURNED, Verdict.SET_ASIDE)
_OVERTAKEN = "a later file of the same report has been accepted"


def parcels_of_run(ledger: Ledger, catalogue: Catalogue, settings: Settings, period: str) -> list[Parcel]:
    """Everything that goes with a run: the month's reports, what is left over from other months, every notice.

    Left over are reports whose delivery was begun and is to be tried again; a month may not be run again, and its
    report must arrive all the same. Notices go with the run of any month, because a file is often judged in the run
    of another month than its own. What has arrived is known to the outbox, which sends nothing twice.

    Raises:
        OSError, ValueError, KeyError: the manifest of a report of this month is missing or none.
    """
    left_over = unfinished(ledger)
    reports = []
    for issue in _latest(ledger.issues()):
        if issue.period == period:
            reports.append(report_parcel(issue, catalogue, settings))
        elif release_id(issue.sha256, issue.number) in left_over:
            reports += _left_over(issue, catalogue, settings)
    # A notice is written before it is delivered; one that is not there yet goes with the next run.
    notices = notice_parcels(ledger, catalogue, settings)
    return [*reports, *(parcel for parcel in notices if all(file.exists() for file in parcel.files))]


def known_parcels(
    ledger: Ledger, catalogue: Catalogue, settings: Settings, document_ids: Collection[str]
) -> dict[str, Parcel]:
    """Document id -> parcel, of these ids; those of documents that no longer stand are left out.

    No longer standing are a notice whose file has been judged otherwise since, and a report whose release was taken
    away.
    """
    reports = [
        parcel
        for issue in ledger.issues()
        if release_id(issue.sha256, issue.number) in document_ids
        for parcel in _left_over(issue, catalogue, settings)
    ]
    parcels = [*reports, *notice_parcels(ledger, catalogue, settings)]
    return {parcel.document_id: parcel for parcel in parcels if parcel.document_id in document_ids}


def report_parcel(issue: IssueRecord, catalogue: Catalogue, settings: Settings) -> Parcel:
    """The parcel of an issued report.

    Raises:
        OSError, ValueError, KeyError: its manifest is missing or none.
    """
    issued = read_issued(settings.state / issue.manifest)
    return Parcel(
        document_id=release_id(issue.sha256, issue.number),
        period=issue.period,
        unit_id=issue.unit_id,
        unit_slug=unit_slug(catalogue.units.get(issue.unit_id, Period.parse(issue.period).end)),
        report=issue.report,
        title=issued.title,
        files=issued.files,
    )


def notice_parcels(ledger: Ledger, catalogue: Catalogue, settings: Settings) -> list[Parcel]:
    """The parcels of the notices of all files that stand as returned or set aside, in the order of arrival.

    A notice asks its sender for a corrected file. Where that has been accepted already, the notice goes to the folder
    and is not mailed: nobody shall be asked for what they have sent.
    """
    kind = load_notice_spec(settings.site).kind
    accepted = {verdict.duty: verdict.sequence for verdict in ledger.current_submissions()}
    parcels = []
    for verdict, answer in notice_answers(ledger, catalogue):
        notice = filed_notice(answer, kind, settings)
        unit = _unit(answer, catalogue)
        parcels.append(
            Parcel(
                document_id=notice.document_id,
                period=verdict.period or UNKNOWN_PERIOD,
                unit_id=verdict.unit_id,
                unit_slug=unit_slug(unit) if unit else UNKNOWN_UNIT,
                report=RETURN_NOTICE,
                title=notice.title,
                files=notice.files,
                kind=DocumentKind.RETURN_NOTICE,
                withheld=_OVERTAKEN if accepted.get(verdict.duty, 0) > verdict.sequence else "",
            )
        )
    return parcels


def notice_answers(ledger: Ledger, catalogue: Catalogue) -> Iterator[tuple[VerdictRecord, Answer]]:
    """Every file that stands as returned or set aside: its verdict, and what is said of it.

    A workbook that was taken apart has nothing to be put right itself: its parts are answered.
    """
    arrivals = {record.sha256: record for record in ledger.arrivals()}
    for verdict in ledger.latest_verdicts():
        if verdict.verdict in _ANSWERED:
            answer = recorded_answer(arrivals[verdict.sha256], verdict, catalogue)
            if not is_settled(answer):
                yield verdict, answer


def _latest(issues: list[IssueRecord]) -> list[IssueRecord]:
    """The last release of each report: an earlier one has been corrected and is not sent any more."""
    return list({(issue.period, issue.unit_id, issue.report): issue for issue in issues}.values())


def _left_over(issue: IssueRecord, catalogue: Catalogue, settings: Settings) -> list[Parcel]:
    """The parcel of another month's report; a release that was taken away must not stop this month's run."""
    try:
        return [report_parcel(issue, catalogue, settings)]
    except (OSError, ValueError, KeyError):
        logger.warning("The release %s cannot be read; its deliveries stay unfinished", issue.manifest)
        return []


def _unit(answer: Answer, catalogue: Catalogue) -> UnitVersion | None:
    """The sender as of the file's month; as it is known last where the month could not be told."""
    unit_id, period = answer["unit_id"], answer["period"]
    if not unit_id:
        return None
    if period:
        return catalogue.units.get(unit_id, Period.parse(period).end)
    return catalogue.units.versions(unit_id)[-1]
