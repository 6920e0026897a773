"""Documents as assets: the reports of a month, and the return notices."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import dagster as dg

from assets.automation import TIME_ZONE
from assets.models import RAW
from assets.parcels import notice_answers
from assets.partitions import MONTHS
from assets.second_judge import VERDICTS
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.intake.answer import Answer, together
from ocop_pipeline.intake.archive import Archive, NotArchivedError
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.intake.process import files_of_parts
from ocop_pipeline.intake.validation_report import validation_report
from ocop_pipeline.reporting.issuing import MACHINES, MARKED, REPORT_OF_TIER, file_notices, issue_report
from ocop_pipeline.resources import Deployment, tell
from ocop_pipeline.warehouse.connection import rows_reader
from ocop_pipeline.warehouse.figures import reporting_units
from ocop_pipeline.warehouse.ledger import IssueRecord, Ledger
from ocop_pipeline.warehouse.models import SqlModel, code_version
from ocop_pipeline.warehouse.window import mark_published

logger = logging.getLogger(__name__)

REPORTS = dg.AssetKey(["documents", "reports"])
NOTICES = dg.AssetKey(["documents", "return_notices"])
_CORE = ("coverage", "product_status", "register_balance")
_MARTS = (
    "indicator_summary",
    "report_status",
    "recognised_products",
    "register_summary",
    "remarks",
    "plan_progress",
    "task_progress",
)


def document_assets(models: Mapping[str, SqlModel]) -> list[dg.AssetsDefinition]:
    """The two assets of this module."""
    return [_reports(code_version(models)), _notices()]


def _reports(version: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=REPORTS,
        deps=[dg.AssetKey(["marts", name]) for name in _MARTS]
        + [dg.AssetKey(["core", name]) for name in _CORE]
        + [VERDICTS],
        partitions_def=MONTHS,
        group_name="documents",
        kinds={"pdf", "html"},
        description="The monthly report of every province in scope and, in three-tier months, of its districts.",
    )
    def reports(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult[None]:
        period = Period.parse(context.partition_key)
        now = datetime.now(ZoneInfo(TIME_ZONE))
        settings, catalogue = deployment.settings, deployment.catalogue
        records, paths, fresh = [], [], 0
        # Every model of the run stands: remember on what.
        mark_published(deployment.writer(), period.key, catalogue.digest + version)
        with deployment.reader() as connection:
            units = reporting_units(connection, period.key, [str(tier) for tier in REPORT_OF_TIER])
            for number, unit_id in enumerate(units, start=1):
                unit = catalogue.units.get(unit_id, period.end)
                tell(f"documents {unit.full_name}", number, len(units))
                code = REPORT_OF_TIER[unit.tier]
                release = issue_report(rows_reader(connection), catalogue, settings, unit_id, period, now)
                paths += [str(path) for path in release.files]
                if release.is_new:
                    fresh += 1
                    records.append(
                        IssueRecord(
                            period.key, unit_id, code, release.number, release.content_sha256,
                            str(release.manifest.relative_to(settings.state)), now,
                        )
                    )  # fmt: skip
        with Ledger.open(settings.ledger) as ledger:
            ledger.record_issues(records)
        return dg.MaterializeResult(metadata={"documents": paths, "new releases": fresh, "units": len(units)})

    return reports


def _notices() -> dg.AssetsDefinition:
    @dg.asset(
        key=NOTICES,
        deps=[RAW["submissions"]],
        partitions_def=MONTHS,
        group_name="documents",
        kinds={"html"},
        description="What goes back to the sender of a file that was returned or set aside, cell by cell.",
    )
    def return_notices(deployment: Deployment) -> dg.MaterializeResult[None]:
        now = datetime.now(ZoneInfo(TIME_ZONE))
        settings, catalogue = deployment.settings, deployment.catalogue
        archive = Archive(settings.archive)
        with Ledger.open(settings.ledger) as ledger:
            answers = [answer for _, answer in notice_answers(ledger, catalogue)]
            files = files_of_parts(archive, ledger)
        # Reports of several units in one workbook are marked in it together, or each answer would hide the others.
        of_file: dict[str, list[Answer]] = {}
        for answer in answers:
            if answer["verdict"] == Verdict.RETURNED:
                of_file.setdefault(_file(answer, files), []).append(answer)

        def enclosed(told: Mapping[str, Any]) -> dict[str, bytes]:
            answer = cast("Answer", told)
            report = json.dumps(validation_report([answer], now), ensure_ascii=False, indent=1)
            found = {MACHINES: report.encode()}
            # What was set aside may be no workbook at all: only what could be read and judged is opened again.
            if answer["verdict"] == Verdict.RETURNED:
                file = _file(answer, files)
                try:
                    data = archive.read(file)
                except (OSError, NotArchivedError):  # the notice must go out all the same
                    logger.exception("no marked workbook: the archive has no %s as it was stored", file)
                    return found
                marked = marked_answer(data, together(of_file[file]), catalogue.template_words)
                found |= {MARKED: marked} if marked is not None else {}
            return found

        written = file_notices(answers, catalogue, settings, now, enclosed)
        return dg.MaterializeResult(metadata={"notices": [str(path) for path in written]})

    return return_notices


def _file(answer: Answer, files: Mapping[str, str]) -> str:
    """The digest of the file a report came in."""
    submission_id = answer["submission_id"] or ""
    return files.get(submission_id, submission_id)
