"""The review list: what is proposed among listings, and what a decision does to it."""

from datetime import UTC, date, datetime

import pytest

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.register.review_list import review_list
from ocop_pipeline.register.spelling import producer_key, product_key
from ocop_pipeline.warehouse.ledger import ListedName, NameDecision
from ocop_pipeline.warehouse.register import Listing

_TODAY = date(2026, 10, 14)
_AT = datetime(2026, 10, 20, 8, tzinfo=UTC)
ONE, OTHER = "HTX Nông nghiệp Thanh Đức", "HTX Nông nghiêp Thanh Đức"


@pytest.fixture(scope="module")
def catalogue():
    """The shipped catalogue."""
    return load_catalogue()


def _listing(catalogue, home, product, producer):
    key = producer_key(producer, catalogue.names).key
    return Listing(
        f"product {product} {producer}", f"producer {producer}", home, home, product, product_key(product),
        producer, key, home,
    )  # fmt: skip


@pytest.fixture
def home(catalogue):
    """A commune of Lâm Đồng."""
    return catalogue.units.children("p68.2", _TODAY)[0].unit_id


@pytest.fixture
def listings(catalogue, home):
    """One cooperative that two lines spell in ways nobody can be certain of, and a company beside it."""
    return [
        _listing(catalogue, home, "Gạo thơm Thanh Đức", ONE),
        _listing(catalogue, home, "Gạo thơm Thanh Đức", OTHER),
        _listing(catalogue, home, "Nấm linh chi", "Công ty TNHH Phương Linh"),
    ]


def _decision(home, *, same, kind="producer"):
    product = "Gạo thơm Thanh Đức" if kind == "product" else ""
    left, right = ListedName(home, ONE, product), ListedName(home, OTHER, product)
    return NameDecision(kind, left, right, same, "Lan", "gọi điện hỏi xã", _AT)


def test_what_may_be_one_is_listed_with_names_and_place(catalogue, home, listings):
    """A producer that lost a mark in one line is a doubt; its product, one name by two, is another."""
    rows = review_list(listings, [], catalogue)
    assert {row[1] for row in rows} == {"producer", "product"}
    producer = next(row for row in rows if row[1] == "producer")
    assert {producer[6], producer[10]} == {ONE, OTHER}
    assert (producer[7], producer[11]) == (home, home)
    assert 0 < producer[3] <= 1


def test_what_a_transfer_made_one_is_no_doubt(catalogue, listings):
    """One product listed by the producer before and after its transfer is not asked about; the producers still are."""
    pair = ("product", listings[0].listed_product_id, listings[1].listed_product_id)
    rows = review_list(listings, [], catalogue, [pair])
    assert {row[1] for row in rows} == {"producer"}


@pytest.mark.parametrize("same", [True, False])
def test_what_was_decided_does_not_come_back(catalogue, home, listings, same):
    """Whatever the person said, the pair is off the list; the order of the lines is irrelevant."""
    decisions = [_decision(home, same=same, kind=kind) for kind in ("producer", "product")]
    assert review_list(listings, decisions, catalogue) == []
    assert review_list(listings[::-1], decisions, catalogue) == []


def test_a_doubt_keeps_its_id(catalogue, listings):
    """The id a person notes today names the same doubt tomorrow, in whatever order lines arrive."""
    first = {row[0]: row for row in review_list(listings, [], catalogue)}
    again = {row[0]: row for row in review_list(listings[::-1], [], catalogue)}
    assert first == again
    assert len(first) == 2
