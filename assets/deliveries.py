"""Delivery as an asset: what was issued reaches the folder and the recipients, each once."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from assets.automation import TIME_ZONE
from assets.documents import NOTICES, REPORTS
from assets.partitions import MONTHS
from ocop_pipeline.catalogue.recipients import load_recipients
from ocop_pipeline.delivery import Parcel, deliver, release_id
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.reporting.issuing import read_issued
from ocop_pipeline.reporting.release import unit_slug
from ocop_pipeline.resources import Deployment, tell
from ocop_pipeline.warehouse.ledger import IssueRecord, Ledger


def delivery_asset() -> dg.AssetsDefinition:
    """The asset `delivery/outbox`."""

    @dg.asset(
        key=dg.AssetKey(["delivery", "outbox"]),
        deps=[REPORTS, NOTICES],
        partitions_def=MONTHS,
        group_name="delivery",
        description="Receipts of what was delivered; a re-run sends nothing twice.",
    )
    def outbox(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult[None]:
        settings, catalogue = deployment.settings, deployment.catalogue
        tell("delivery", 0, 1)
        now = datetime.now(ZoneInfo(TIME_ZONE))
        with Ledger.open(settings.ledger) as ledger:
            parcels = issued_parcels(ledger, deployment, context.partition_key)
            recipients = load_recipients(settings.site, catalogue.units, now.date())
            receipts = deliver(parcels, settings, ledger, recipients, now)
        tell("delivery", 1, 1)
        outcomes = Counter(f"{receipt.channel} {receipt.outcome}" for receipt in receipts)
        return dg.MaterializeResult(metadata={**outcomes, "parcels": len(parcels)})

    return outbox


def issued_parcels(ledger: Ledger, deployment: Deployment, period: str) -> list[Parcel]:
    """The latest release of every report of a month, ready to go."""
    latest: dict[tuple[str, str], IssueRecord] = {}
    for issue in ledger.issues(period):
        latest[issue.unit_id, issue.report] = issue
    parcels = []
    month = Period.parse(period)
    for issue in latest.values():
        unit = deployment.catalogue.units.get(issue.unit_id, month.end)
        issued = read_issued(deployment.settings.state / issue.manifest)
        parcels.append(
            Parcel(
                document_id=release_id(issue.sha256, issue.number),
                period=period,
                unit_id=issue.unit_id,
                unit_slug=unit_slug(unit),
                report=issue.report,
                title=issued.title,
                files=issued.files,
            )
        )
    return parcels
