"""Delivery as an asset: what was issued or sent back reaches the folder and the recipients, each once."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from assets.automation import TIME_ZONE
from assets.documents import NOTICES, REPORTS
from assets.parcels import parcels_of_run
from assets.partitions import MONTHS
from ocop_pipeline.catalogue.recipients import load_recipients
from ocop_pipeline.delivery import deliver
from ocop_pipeline.resources import Deployment, tell
from ocop_pipeline.warehouse.ledger import Ledger


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
            parcels = parcels_of_run(ledger, catalogue, settings, context.partition_key)
            recipients = load_recipients(settings.site, catalogue.units, now.date())
            receipts = deliver(parcels, settings, ledger, recipients, now)
        tell("delivery", 1, 1)
        outcomes = Counter(f"{receipt.channel} {receipt.outcome}" for receipt in receipts)
        return dg.MaterializeResult(metadata={**outcomes, "parcels": len(parcels)})

    return outbox
