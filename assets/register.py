"""The register's names as assets: how they are spelled one way, which people said are one, which may be.

Tables of schema `register`, made by Python because SQL cannot: the models before and after them are SQL.
"""

from collections import Counter

import dagster as dg

from assets.models import asset_key
from assets.partitions import MONTHS
from ocop_pipeline.register.identity import PRODUCER, PRODUCT, Names, identities
from ocop_pipeline.register.review_list import review_list
from ocop_pipeline.register.spelling import producer_key, product_key
from ocop_pipeline.resources import Deployment
from ocop_pipeline.warehouse.ledger import Ledger
from ocop_pipeline.warehouse.register import listings, store_register, transfers, written_names

_ROWS = "dagster/row_count"


def register_assets() -> list[dg.AssetsDefinition]:
    """The assets of this module."""
    return [_spellings(), _identities(), _doubts()]


def _spellings() -> dg.AssetsDefinition:
    @dg.asset(
        key=asset_key("register.spellings"),
        deps=[asset_key("staging.register_rows"), asset_key("staging.register_events")],
        partitions_def=MONTHS,
        group_name="register",
        kinds={"python"},
        description="One row per way a name is written: the key that all certain spellings of it share.",
    )
    def spellings(deployment: Deployment) -> dg.MaterializeResult[None]:
        connection, words = deployment.writer(), deployment.catalogue.names
        products, producers = written_names(connection)
        rows = [(PRODUCT, name, product_key(name), "", "") for name in products]
        for name in producers:
            spelled = producer_key(name, words)
            rows.append((PRODUCER, name, spelled.key, spelled.legal_form, spelled.name_unique_within))
        return dg.MaterializeResult(metadata={_ROWS: store_register(connection, "spellings", rows)})

    return spellings


def _identities() -> dg.AssetsDefinition:
    @dg.asset(
        key=asset_key("register.identities"),
        deps=[asset_key("core.listings")],
        partitions_def=MONTHS,
        group_name="register",
        kinds={"python"},
        description="One row per listed product or producer that a person, or a transfer, has said is another one.",
    )
    def known_as(deployment: Deployment) -> dg.MaterializeResult[None]:
        connection, words = deployment.writer(), deployment.catalogue.names
        with Ledger.open(deployment.settings.ledger) as ledger:
            decisions = ledger.name_decisions()
        names = Names(listings(connection), product_key, lambda name: producer_key(name, words).key)
        rows = identities(decisions, names, transfers(connection))
        return dg.MaterializeResult(
            metadata={_ROWS: store_register(connection, "identities", rows), "decisions": len(decisions)}
        )

    return known_as


def _doubts() -> dg.AssetsDefinition:
    @dg.asset(
        key=asset_key("register.doubts"),
        deps=[asset_key("register.identities")],
        partitions_def=MONTHS,
        group_name="register",
        kinds={"python"},
        description="One row per pair of products or producers that may be one (`ocop register review`).",
    )
    def doubtful(deployment: Deployment) -> dg.MaterializeResult[None]:
        connection, catalogue = deployment.writer(), deployment.catalogue
        with Ledger.open(deployment.settings.ledger) as ledger:
            rows = review_list(
                listings(connection), ledger.name_decisions(), catalogue, transfers(connection)
            )
        reasons = Counter(str(row[2]) for row in rows)
        return dg.MaterializeResult(metadata={_ROWS: store_register(connection, "doubts", rows), **reasons})

    return doubtful
