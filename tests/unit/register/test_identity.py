"""Decisions on names: what people said is one is one, whatever the order, and nothing else is."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.register.identity import Names, decided_pairs, identities
from ocop_pipeline.warehouse.ledger import Ledger, ListedName, NameDecision
from ocop_pipeline.warehouse.register import Listing

_AT = datetime(2026, 10, 20, 8, tzinfo=UTC)


def _listing(product, producer="HTX A", unit="c1", home=""):
    key = product.casefold()
    home = home or unit
    return Listing(
        f"product {key} of {producer} in {home}", f"{producer} in {home}", unit, home, product, key, producer,
        producer.casefold(), home,
    )  # fmt: skip


def _decision(left, right, *, same=True, kind="product"):
    return NameDecision(kind, left, right, same, "Lan", "một sản phẩm", _AT)


def _product(product, producer="HTX A", unit="c1"):
    return ListedName(unit, producer, product)


def _names(*listings):
    return Names(listings, str.casefold, str.casefold)


GAO, GAO_THOM, COM = (_listing(name) for name in ("Gạo", "Gạo thơm", "Cơm"))


def test_the_left_name_is_the_one_kept():
    """A decision names which of the two the product is known as from then on."""
    found = identities([_decision(_product("Gạo thơm"), _product("Gạo"))], _names(GAO, GAO_THOM))
    assert found == [("product", GAO.listed_product_id, GAO_THOM.listed_product_id)]


def test_decisions_reach_further_than_a_pair():
    """A is B and B is C: all three are one."""
    decisions = [
        _decision(_product("Gạo"), _product("Gạo thơm")),
        _decision(_product("Gạo thơm"), _product("Cơm")),
    ]
    found = identities(decisions, _names(GAO, GAO_THOM, COM))
    assert {(listed, known) for _, listed, known in found} == {
        (GAO_THOM.listed_product_id, GAO.listed_product_id),
        (COM.listed_product_id, GAO.listed_product_id),
    }


def test_the_latest_word_on_a_pair_counts():
    """A person may take a decision back."""
    decisions = [
        _decision(_product("Gạo"), _product("Gạo thơm")),
        _decision(_product("GẠO THƠM"), _product("gạo"), same=False),
    ]
    names = _names(GAO, GAO_THOM)
    assert identities(decisions, names) == []
    assert decided_pairs(decisions, names) == {frozenset((GAO.listed_product_id, GAO_THOM.listed_product_id))}


def test_a_decision_outlives_the_commune():
    """What was decided of a product of an old commune holds for it in the commune of today, by either name of place."""
    old = _listing("Gạo", unit="old", home="new")
    other = _listing("Gạo thơm", unit="new")
    for unit in ("old", "new"):
        decisions = [_decision(_product("Gạo", unit=unit), _product("Gạo thơm", unit="new"))]
        assert identities(decisions, _names(old, other)) == [
            ("product", other.listed_product_id, old.listed_product_id)
        ]


def test_a_decision_on_what_is_not_listed_waits():
    """A name that no register lists (any more) is no error: the decision takes effect when it is listed."""
    assert identities([_decision(_product("Gạo"), _product("Trà"))], _names(GAO)) == []


def test_merging_producers_leaves_products_alone():
    """Two producers said to be one: no product changes its id."""
    one, two = _listing("Gạo", "HTX A"), _listing("Gạo", "HTX NN A")
    left, right = ListedName("c1", "HTX A"), ListedName("c1", "HTX NN A")
    found = identities([_decision(left, right, kind="producer")], _names(one, two))
    assert found == [("producer", two.listed_producer_id, one.listed_producer_id)]


def test_a_transferred_product_is_one_along_the_chain():
    """Listed by the old producer, the next and the last: one product under its first id, whichever was known first."""
    names = _names(GAO, GAO_THOM, COM)
    ids = [each.listed_product_id for each in (GAO_THOM, COM, GAO)]
    chain = [("product", *pair) for pair in pairwise(ids)]
    for transfers in (chain, chain[::-1]):
        assert identities([], names, transfers) == sorted(("product", known, ids[0]) for known in ids[1:])


def test_a_product_that_comes_back_is_still_one():
    """From A to B and back to A: both listings are one, under one of the two ids."""
    ids = [GAO.listed_product_id, COM.listed_product_id]
    found = identities([], _names(GAO, COM), [("product", *ids), ("product", *ids[::-1])])
    assert found == [("product", max(ids), min(ids))]


def test_what_a_person_says_goes_before_a_transfer():
    """A person who says that a pair is two keeps it apart though a list reads as a transfer."""
    transfers = [("product", GAO.listed_product_id, COM.listed_product_id)]
    decisions = [_decision(_product("Gạo"), _product("Cơm"), same=False)]
    assert identities(decisions, _names(GAO, COM), transfers) == []


_PRODUCTS = st.sampled_from(("Gạo", "Gạo thơm", "Cơm", "Trà", "Nấm"))


@given(st.lists(st.tuples(_PRODUCTS, _PRODUCTS), max_size=8), st.randoms())
def test_the_order_of_decisions_on_different_pairs_is_irrelevant(pairs, chance):
    """The same words said in another order make the same groups."""
    names = _names(*(_listing(name) for name in ("Gạo", "Gạo thơm", "Cơm", "Trà", "Nấm")))
    pairs = list({frozenset(pair): pair for pair in pairs}.values())
    decisions = [_decision(_product(left), _product(right)) for left, right in pairs]
    shuffled = list(decisions)
    chance.shuffle(shuffled)
    assert identities(decisions, names) == identities(shuffled, names)


def test_the_ledger_keeps_decisions_as_they_were_written(tmp_path):
    """Names as they stand in the registers, in the order decided."""
    decision = _decision(_product("Gạo"), _product("Gạo thơm"))
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_name_decision(decision)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.name_decisions() == [decision]
