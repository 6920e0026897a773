"""The review list: what waits, what is meant, and how an answer is written down."""

from datetime import UTC, datetime

import pytest

from ocop_pipeline.register.book import Book, Places
from ocop_pipeline.register.identity import Names, identities
from ocop_pipeline.register.matching import KnownProduct, doubts
from ocop_pipeline.register.review import Review, decision
from ocop_pipeline.register.spelling import producer_key, product_key
from ocop_pipeline.warehouse.ledger import ListedName
from ocop_pipeline.warehouse.register import Listing
from tests.register_tables import BAO_THUAN, DINH_TRANG_THUONG, MUI_NE

HTX, CTY = "HTX Tân Hà", "Công ty Tân Hà"
NOW = datetime(2026, 10, 20, 8, tzinfo=UTC)


def _side(product, producer=HTX, unit=BAO_THUAN):
    return (f"{product} {producer} {unit}", product, producer, unit)


@pytest.fixture
def doubted(register, rows):
    """Three doubts, of which the second is the most certain."""
    register.doubt("aaa111", "product", _side("Gạo"), _side("Gạo thơm"), 0.86)
    register.doubt("aaa222", "producer", _side("", HTX), _side("", CTY), 0.99)
    register.doubt("bbb333", "product", _side("Trà", unit=MUI_NE), _side("Trà sen", unit=MUI_NE), 0.90)
    return rows()


def _answered(doubt, *, same=True, keep_right=False, why="một sản phẩm"):
    return decision(doubt, is_same=same, keep_right=keep_right, decided_by="Lan", reason=why, now=NOW)


def _by_id(review):
    return {each.doubt_id: each for each in review.waiting()}


def test_the_most_certain_comes_first(doubted, catalogue):
    """The list begins with the producers', because they settle products; then what is most alike."""
    review = Review(doubted, [], catalogue.names)
    assert [each.doubt_id for each in review.waiting()] == ["aaa222", "bbb333", "aaa111"]
    assert review.answered() == 0


def test_the_list_stands_in_the_order_of_the_proposals(register, rows, catalogue):
    """What people read and what the run keeps has one order: kind, likeness, place and name, never the id."""
    proposed = doubts(
        [
            KnownProduct(f"{name}{unit}", name, product_key(name), f"{maker}{unit}", maker,
                         producer_key(maker, catalogue.names).key, unit, "p68.2")
            for name, maker, unit in (
                ("Gạo thơm", HTX, BAO_THUAN), ("Gạo thom", HTX, BAO_THUAN), ("Mắc ca sấy", HTX, BAO_THUAN),
                ("Mac ca sấy", HTX, BAO_THUAN), ("Gạo thơm", "HTX Lộc Phát", MUI_NE),
                ("Gạo thom", "HTX Lộc Phat", MUI_NE),
            )
        ],
        (), catalogue.names,
    )  # fmt: skip
    alike = [each.similarity for each in proposed if each.kind == "product"]
    assert len(set(alike)) < len(alike)  # so that place and name decide
    for number, each in reversed(list(enumerate(proposed))):
        sides = (
            (each.left_id, each.left_product, each.left_producer, each.left_unit_id),
            (each.right_id, each.right_product, each.right_producer, each.right_unit_id),
        )
        register.doubt(f"{99 - number}", each.kind, *sides, each.similarity)
    found = Review(rows(), [], catalogue.names).waiting()
    assert [each.doubt_id for each in found] == [f"{99 - number}" for number in range(len(proposed))]
    assert found[0].name_kind == "producer"


def test_an_answer_takes_a_doubt_off_the_list_at_once(doubted, catalogue):
    """Same or different, in whatever spelling it was written down; the number of those waiting for a run is told."""
    found = _by_id(Review(doubted, [], catalogue.names))
    told = [_answered(found["aaa111"], keep_right=True), _answered(found["aaa222"], same=False)]
    review = Review(doubted, told, catalogue.names)
    assert [each.doubt_id for each in review.waiting()] == ["bbb333"]
    assert review.answered() == 2


def test_a_unit_sees_the_doubts_of_its_own_map(register, rows, catalogue):
    """A doubt about a commune that went into another one is the successor's to answer."""
    register.doubt("a", "product", _side("Gạo", unit=DINH_TRANG_THUONG), _side("Gạo thơm"), 0.9)
    register.doubt("b", "product", _side("Trà", unit=MUI_NE), _side("Trà sen", unit=MUI_NE), 0.9)
    places = Places(catalogue.units, NOW.date())
    review = Review(rows(), [], catalogue.names)
    assert [each.doubt_id for each in review.waiting(places.within(BAO_THUAN), places)] == ["a"]
    assert [each.doubt_id for each in review.waiting(places.within(MUI_NE), places)] == ["b"]


def test_a_beginning_means_all_that_begin_so(doubted, catalogue):
    """Nothing for a blank, several for a beginning of several, one for enough of it."""
    review = Review(doubted, [], catalogue.names)
    counts = {start: len(review.meant(start)) for start in ("", " ", "aaa", "AAA1", "x")}
    assert counts == {"": 0, " ": 0, "aaa": 2, "AAA1": 1, "x": 0}


def test_a_decision_can_be_named_to_change_it(doubted, rows, catalogue):
    """Once the run has taken a doubt off, its decision has an id of its own, the same for every later one."""
    doubt = _by_id(Review(doubted, [], catalogue.names))["aaa111"]
    told = [_answered(doubt), _answered(doubt, same=False, why="hai hồ sơ")]
    review = Review(
        lambda sql, values: [] if "register.doubts\n" in sql else doubted(sql, values), told, catalogue.names
    )
    first, second = review.decided
    assert first.decision_id == second.decision_id
    assert (first.stands, second.stands) == (False, True)
    ((meant,),) = [list(review.meant(second.decision_id[:8]).values())]
    assert {meant.left.name, meant.right.name} == {doubt.left.name, doubt.right.name}


def test_the_answer_makes_the_two_one_under_the_id_that_is_kept(register, rows, catalogue):
    """What is written down here, the next run turns into the identity asked for."""
    for name in ("Gạo", "Gạo thơm"):
        register.line(name, HTX, BAO_THUAN)
    register.doubt("a", "product", _side("Gạo"), _side("Gạo thơm"), 0.9)
    reader = rows()
    listed = {each.product_name: each for each in Book(reader, catalogue).listed}
    doubt = Review(reader, [], catalogue.names).waiting()[0]
    listings = [
        Listing(
            each.listed_product_id, each.listed_producer_id, each.unit_id, each.home_id, each.product_name,
            each.product_key, each.producer_name, each.producer_key, "",
        )
        for each in listed.values()
    ]  # fmt: skip
    names = Names(listings, product_key, lambda name: producer_key(name, catalogue.names).key)
    kept, other = (listed[name].listed_product_id for name in ("Gạo thơm", "Gạo"))
    assert identities([_answered(doubt, keep_right=True)], names) == [("product", other, kept)]
    assert identities([_answered(doubt)], names) == [("product", kept, other)]
    assert identities([_answered(doubt, same=False)], names) == []


def test_a_product_knows_the_decisions_and_doubts_about_it(register, rows, catalogue):
    """Only what concerns it, by any spelling; a producer's decision is not its product's."""
    product = register.line("Gạo", HTX, BAO_THUAN)
    register.line("Trà", HTX, BAO_THUAN)
    register.doubt("a", "product", (product, "Gạo", HTX, BAO_THUAN), _side("Gạo nếp"), 0.9)
    register.doubt("b", "product", _side("Trà"), _side("Trà sen"), 0.9)
    reader = rows()
    lines = [each for each in Book(reader, catalogue).listed if each.product_id == product]
    found = _by_id(Review(reader, [], catalogue.names))
    about = _answered(found["a"])
    spelled = decision(
        found["a"], is_same=False, keep_right=False, decided_by="Minh", reason="khác hồ sơ", now=NOW
    )
    review = Review(reader, [about, _answered(found["b"]), spelled], catalogue.names)
    assert [each.decision.decided_by for each in review.decisions_on("product", lines)] == ["Lan", "Minh"]
    assert review.decisions_on("producer", lines) == []
    assert review.doubts_of(product) == []
    assert [each.doubt_id for each in Review(reader, [], catalogue.names).doubts_of(product)] == ["a"]


def test_names_are_written_down_as_they_stand(doubted, catalogue):
    """A decision holds unit, producer and product of both sides as written, never ids."""
    doubt = _by_id(Review(doubted, [], catalogue.names))["bbb333"]
    told = _answered(doubt, keep_right=True)
    assert told.left == ListedName(MUI_NE, HTX, "Trà sen")
    assert told.right == ListedName(MUI_NE, HTX, "Trà")
    assert (told.name_kind, told.is_same, told.decided_by, told.decided_at) == ("product", True, "Lan", NOW)
