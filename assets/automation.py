"""What starts a run: the monthly schedule and the watch on the drop folder. Both only ask; the job does the work."""

import hashlib
from datetime import date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import dagster as dg

from assets.partitions import MONTHS
from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.calendar import Sender
from ocop_pipeline.domain.periods import ADMINISTRATIVE, Period
from ocop_pipeline.intake.process import waiting_periods
from ocop_pipeline.resources import Deployment
from ocop_pipeline.settings import Settings
from ocop_pipeline.warehouse.ledger import Ledger

Job: TypeAlias = Any
"""What `define_asset_job` gives; Dagster keeps the name of its type to itself."""

TIME_ZONE = "Asia/Ho_Chi_Minh"
JOB_NAME = "monthly_report"
SENSOR_SECONDS = 60


def monthly_report_job() -> Job:
    """The whole way of a month, from the inbox to the delivered documents."""
    return dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all(),
        description="One month: inbox → ledger → warehouse → documents → delivery.",
    )


def monthly_schedule(job: Job, catalogue: Catalogue) -> dg.ScheduleDefinition:
    """Early on the day after the last sender's deadline, for the month that closed on the 14th."""
    rules = catalogue.calendar.deadlines.values()
    day = 1 + max(
        rule.day for rule in rules if rule.calendar == ADMINISTRATIVE.code and rule.sender != Sender.PROVINCE
    )

    @dg.schedule(
        job=job,
        name="monthly",
        cron_schedule=f"0 6 {day} * *",
        execution_timezone=TIME_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Rolls the closed month up once every sender's deadline is past.",
    )
    def monthly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        closed = closed_month(context.scheduled_execution_time.astimezone(ZoneInfo(TIME_ZONE)).date())
        return dg.RunRequest(run_key=f"monthly:{closed.key}", partition_key=closed.key)

    return monthly


def closed_month(today: date) -> Period:
    """The month whose figures have closed by a day (NĐ 09/2019/NĐ-CP, Điều 12)."""
    return Period.last_closed(today)


def folder_sensor(job: Job, settings: Settings) -> dg.SensorDefinition:
    """Asks for a run of every month that new files in the drop folder belong to."""

    @dg.sensor(
        job=job,
        name="inbox",
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Watches the drop folder ({settings.inbox.name}).",
    )
    def inbox(deployment: Deployment) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(ZoneInfo(TIME_ZONE))
        with Ledger.open(deployment.settings.ledger) as ledger:
            waiting = waiting_periods(deployment.settings, deployment.catalogue, ledger, now)
        if not waiting:
            return dg.SkipReason("nothing new in the drop folder")
        known = set(MONTHS.get_partition_keys())
        fallback = closed_month(now.date()).key
        by_month: dict[str, list[str]] = {}
        for submission_id, period in waiting.items():
            by_month.setdefault(period if period in known else fallback, []).append(submission_id)
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=_run_key(month, files), partition_key=month)
                for month, files in sorted(by_month.items())
            ]
        )

    return inbox


def _run_key(month: str, submission_ids: list[str]) -> str:
    """The same new files ask once, however often the folder is looked at."""
    digest = hashlib.sha256("".join(sorted(submission_ids)).encode()).hexdigest()
    return f"inbox:{month}:{digest[:16]}"
