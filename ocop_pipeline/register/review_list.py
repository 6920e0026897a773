"""The rows of the review list: what may be one, among what is listed and not decided.

Belongs here: putting listings, decisions and proposals together. Does not: proposing (`matching.py`), or showing the
list to people (`review.py`).
"""

import functools
import hashlib
from collections.abc import Sequence

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.register.identity import PRODUCER, PRODUCT, Names, decided_pairs, identities
from ocop_pipeline.register.matching import Doubt, KnownProduct, doubts
from ocop_pipeline.register.spelling import producer_key, product_key
from ocop_pipeline.warehouse.ledger import NameDecision
from ocop_pipeline.warehouse.register import Listing

_ID_DIGITS = 16


def review_list(
    listings: Sequence[Listing],
    decisions: Sequence[NameDecision],
    catalogue: Catalogue,
    transfers: Sequence[tuple[str, str, str]] = (),
) -> list[tuple[str, str, str, float, str, str, str, str, str, str, str, str]]:
    """Rows of `register.doubts`, in its order of columns; what people have decided on is left out.

    So is what a transfer has made one (`transfers` as for `identities`).
    A doubt's id follows from the two ids it is about: it stays while they stay.
    """
    words = catalogue.names
    names = Names(listings, product_key, lambda name: producer_key(name, words).key)
    known_as = {
        (kind, listed): identity for kind, listed, identity in identities(decisions, names, transfers)
    }

    def known(kind: str, listed: str) -> str:
        return known_as.get((kind, listed), listed)

    province = functools.cache(lambda unit_id: _province(catalogue, unit_id))
    products = [
        KnownProduct(
            known(PRODUCT, each.listed_product_id), each.product_name, each.product_key,
            known(PRODUCER, each.listed_producer_id), each.producer_name, each.producer_key, each.home_id,
            province(each.home_id),
        )
        for each in listings
    ]  # fmt: skip
    decided = {
        frozenset(known(kind, listed) for listed in pair)
        for pair in decided_pairs(decisions, names)
        for kind in (PRODUCT, PRODUCER)
    }
    return [_row(doubt) for doubt in doubts(products, decided, words)]


def _province(catalogue: Catalogue, unit_id: str) -> str:
    """The province a unit is (or was last) in; the unit itself where there is none above it."""
    above = catalogue.units.ancestors(unit_id, catalogue.units.versions(unit_id)[-1].last_day)
    return next((unit.unit_id for unit in above if unit.tier is Tier.PROVINCE), unit_id)


def _row(doubt: Doubt) -> tuple[str, str, str, float, str, str, str, str, str, str, str, str]:
    pair = "|".join((doubt.kind, *sorted((doubt.left_id, doubt.right_id))))
    return (
        hashlib.sha256(pair.encode()).hexdigest()[:_ID_DIGITS], doubt.kind, str(doubt.reason), doubt.similarity,
        doubt.left_id, doubt.left_product, doubt.left_producer, doubt.left_unit_id,
        doubt.right_id, doubt.right_product, doubt.right_producer, doubt.right_unit_id,
    )  # fmt: skip
