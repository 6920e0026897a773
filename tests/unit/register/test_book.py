"""The book: what stands on any day follows from the events up to it, and a name means what is written, or several."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocop_pipeline.domain.certificates import CertificateState, Star
from ocop_pipeline.register.book import Book, Places, Selection
from ocop_pipeline.warehouse.figures import NotPublishedError
from tests.register_tables import BAO_THUAN, DINH_TRANG_THUONG, MUI_NE, PROVINCE, Register

HTX = "HTX Nông nghiệp Tân Hà"
OTHER = "Công ty Tân Hà"
OLD_PROVINCE = "p68.1"
OLD_MAP, NEW_MAP = dt.date(2025, 6, 30), dt.date(2025, 7, 1)


def _day(text):
    return dt.date.fromisoformat(text)


def _state(book, day, **wanted):
    return [
        (each.product_name, each.star, each.state) for each in book.entries(_day(day), Selection(**wanted))
    ]


def test_the_state_of_any_day_follows_from_the_events(register, rows, catalogue):
    """Valid to the day before the expiry, expired from it on, valid again with the next star; none before the first."""
    register.line(
        "Gạo", HTX, BAO_THUAN, [("first", "3", "2022-03-10", "1/QĐ"), ("upgrade", "4", "2025-05-20", "2/QĐ")]
    )
    book = Book(rows(), catalogue)
    assert _state(book, "2022-03-09") == []
    assert _state(book, "2022-03-10") == [("Gạo", "3", "valid")]
    assert _state(book, "2025-03-09") == [("Gạo", "3", "valid")]
    assert _state(book, "2025-03-10") == [("Gạo", "3", "expired")]
    assert _state(book, "2025-05-20") == [("Gạo", "4", "valid")]
    assert _state(book, "2028-05-20") == [("Gạo", "4", "expired")]


def test_an_entry_says_what_was_decided_and_where_it_is_written(register, rows, catalogue):
    """Number, date, body, level, expiry and the cell are those of the latest decision by the day."""
    product = register.line(
        "Gạo", HTX, BAO_THUAN,
        [("first", "3", "2022-03-10", "1/QĐ", "district"), ("upgrade", "4", "2025-05-20", "2/QĐ")],
    )  # fmt: skip
    book = Book(rows(), catalogue)
    before, after = (book.entry_of(product, _day(day)) for day in ("2025-05-19", "2026-01-01"))
    assert (before.decision_no, before.recognising_level, before.expiry_date) == (
        "1/QĐ", "district", _day("2025-03-10"),
    )  # fmt: skip
    assert (after.decision_no, after.decision_date, after.expiry_date) == (
        "2/QĐ", _day("2025-05-20"), _day("2028-05-20"),
    )  # fmt: skip
    assert (after.source.file, after.source.sheet, after.source.cell) == ("so.xlsx", "BM02", "M1")
    assert book.entry_of(product, _day("2021-01-01")) is None


def test_of_two_stars_decided_on_one_day_the_highest_stands(register, rows, catalogue):
    """Two registers disagree on the star of one decision: 5 stars stand above potential 5, whatever the spelling."""
    product = register.line("Gạo", HTX, BAO_THUAN, [("first", "potential_5", "2025-01-10", "1/QĐ")], file="a")
    register.line("Gạo", HTX, MUI_NE, [("first", "5", "2025-01-10", "1/QĐ")], as_id=product, file="b")
    book = Book(rows(), catalogue)
    assert book.entry_of(product, _day("2026-01-01")).star is Star.FIVE
    assert [each.star for each in book.history(product)] == ["potential_5", "5"]


def test_a_product_is_where_the_map_of_the_day_has_it(register, rows, catalogue):
    """A certificate outlives its commune: from the day of the new map on it is the successor's, in today's province."""
    register.line("Gạo", HTX, DINH_TRANG_THUONG, [("first", "3", "2024-03-10", "1/QĐ")])
    book = Book(rows(), catalogue)
    assert [each.unit_id for each in book.entries(OLD_MAP)] == [DINH_TRANG_THUONG]
    assert [each.unit_id for each in book.entries(NEW_MAP, Selection(PROVINCE))] == [BAO_THUAN]
    assert book.entries(NEW_MAP, Selection(MUI_NE)) == []


def test_a_product_that_only_todays_commune_lists_is_asked_for_on_the_old_map(register, rows, catalogue):
    """Nothing falls off an earlier map: it is in what held its commune then, the old district or province."""
    register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2024-03-10", "1/QĐ")])
    book = Book(rows(), catalogue)
    (entry,) = book.entries(OLD_MAP)
    chain = (entry.unit_id, *(each.unit_id for each in catalogue.units.ancestors(entry.unit_id, OLD_MAP)))
    assert OLD_PROVINCE in chain
    assert [each.product_id for each in book.entries(OLD_MAP, Selection(OLD_PROVINCE))] == [entry.product_id]


def test_a_district_hands_its_products_to_the_province(catalogue):
    """A product known only by its district is, after the districts, the province's; a unit nobody knows stays."""
    places = Places(catalogue.units, NEW_MAP)
    assert places.of({"d678.1"}) == PROVINCE
    assert places.of({"c.unknown"}) == "c.unknown"
    assert places.of({DINH_TRANG_THUONG, MUI_NE}) == MUI_NE


def test_what_is_asked_for_is_all_that_is_given(register, rows, catalogue):
    """State, star, sector and kind of producer each leave out what does not fit."""
    register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2022-01-10", "1/QĐ")])
    register.line("Trà", HTX, BAO_THUAN, [("first", "4", "2025-01-10", "2/QĐ")])
    book = Book(rows(), catalogue)
    day = "2026-01-01"
    assert [name for name, *_ in _state(book, day)] == ["Gạo", "Trà"]
    assert [name for name, *_ in _state(book, day, state=CertificateState.EXPIRED)] == ["Gạo"]
    assert [name for name, *_ in _state(book, day, star=Star.FOUR)] == ["Trà"]
    assert _state(book, day, state=CertificateState.REVOKED) == []
    assert _state(book, day, product_group="beverage") == _state(book, day, producer_type="household") == []
    assert len(_state(book, day, product_group="food", producer_type="cooperative")) == 2


def test_a_sector_is_read_in_the_list_of_the_day(register, rows, catalogue):
    """A product has the group of the list in force on the day asked, and is found by that one only."""
    register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2022-01-10", "1/QĐ")])
    book = Book(rows(), catalogue)
    for day, sector in (("2022-05-01", "food_2019"), ("2023-02-23", "food_2019"), ("2023-02-24", "food")):
        assert [each.product_group for each in book.entries(_day(day))] == [sector]
    assert len(_state(book, "2022-05-01", product_group="food_2019")) == 1
    assert _state(book, "2023-02-24", product_group="food_2019") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    days=st.lists(st.dates(dt.date(2019, 9, 1), dt.date(2026, 9, 1)), min_size=1, max_size=5, unique=True),
    on=st.dates(dt.date(2019, 1, 1), dt.date(2029, 12, 31)),
    order=st.randoms(use_true_random=False),
)
def test_order_and_later_events_are_irrelevant(catalogue, days, on, order):
    """A day's answer is the same in any order of arrival and without what was decided later."""
    import duckdb

    from ocop_pipeline.warehouse.connection import rows_reader
    from tests.register_tables import fill

    def answer(told):
        register = Register()
        for day in told:
            number = day.isoformat()
            register.line("Gạo", HTX, BAO_THUAN, [("again", "3", number.replace("02-29", "02-28"), number)])
        with duckdb.connect() as connection:
            fill(connection, register, {})
            book = Book(rows_reader(connection), catalogue)
            return [(each.state, each.decision_no, each.expiry_date) for each in book.entries(on)]

    shuffled = list(days)
    order.shuffle(shuffled)
    assert answer(sorted(days)) == answer(shuffled) == answer([day for day in sorted(days) if day <= on])


# ------------------------------------------------------------------------------------ work list


def test_the_work_list_ends_where_the_months_end(register, rows, catalogue):
    """What lapses on the last day asked for is listed, what lapses a day later or today is not."""
    for product, day in (("A", "2023-10-14"), ("B", "2023-10-15"), ("C", "2024-01-14"), ("D", "2024-01-15")):
        register.line(product, HTX, BAO_THUAN, [("first", "3", day, "1/QĐ")])
    book = Book(rows(), catalogue)
    found = book.expiring(_day("2026-10-14"), 3)
    assert [(each.entry.product_name, each.within_months) for each in found] == [("B", 3), ("C", 3)]
    assert [each.entry.product_name for each in book.expiring(_day("2026-10-13"), 3)] == ["A", "B"]


def test_the_work_list_is_divided_by_3_6_and_12_months(register, rows, catalogue):
    """Each line stands in the shortest horizon it lapses in; beyond 12 months in that asked for."""
    for product, day in (("A", "2023-11-01"), ("B", "2024-03-01"), ("C", "2024-09-01"), ("D", "2024-12-01")):
        register.line(product, HTX, BAO_THUAN, [("first", "3", day, "1/QĐ")])
    found = Book(rows(), catalogue).expiring(_day("2026-10-14"), 18)
    assert [each.within_months for each in found] == [3, 6, 12, 18]


def test_the_last_round_that_fits_is_told_or_why_none_is(register, rows, catalogue):
    """The province's round before the expiry, the ministry's for 5 stars; told apart: none fits, no day is known."""
    for product, star, day in (
        ("A", "3", "2024-01-10"),  # lapses 10/01/2027: the province's round of 30/12/2026
        ("B", "5", "2024-04-15"),  # 15/04/2027: the ministry's of 30/03/2027
        ("C", "4", "2023-11-20"),  # 20/11/2026: no round between
    ):
        register.line(product, HTX, BAO_THUAN, [("first", star, day, "1/QĐ")])
    book = Book(rows(), catalogue)
    found = {each.entry.product_name: each for each in book.expiring(_day("2026-10-14"), 12)}
    assert found["A"].round_date == _day("2026-12-30")
    assert found["B"].round_date == _day("2027-03-30")
    assert (found["C"].round_date, found["C"].round_known) == (None, True)
    (early,) = book.expiring(_day("2025-12-01"), 12)
    assert (early.entry.product_name, early.round_date) == ("C", _day("2026-06-30"))


def test_no_round_is_made_up_before_the_law_named_one(register, rows, catalogue):
    """A certificate that lapsed before the rounds of 2026 began has no dated round."""
    register.line("A", HTX, DINH_TRANG_THUONG, [("first", "3", "2021-01-10", "1/QĐ")])
    (found,) = Book(rows(), catalogue).expiring(_day("2023-10-14"), 12)
    assert (found.round_date, found.round_known) == (None, False)


def test_forty_eight_lapse_and_eight_were_renewed(register, rows, catalogue):
    """Of 48 that lapse on one day 8 are renewed before: the list showed 48 a year earlier, the stock falls by 40."""
    for number in range(48):
        events = [("first", "3", "2023-10-01", "1/QĐ")]
        if number < 8:
            events.append(("again", "3", "2026-09-01", "2/QĐ"))
        register.line(f"Sản phẩm {number}", HTX, BAO_THUAN, events)
    book = Book(rows(), catalogue)
    valid = Selection(state=CertificateState.VALID)
    assert len(book.expiring(_day("2025-10-01"), 12)) == 48
    assert len(book.expiring(_day("2026-09-15"), 3)) == 40
    assert [len(book.entries(_day(day), valid)) for day in ("2026-09-30", "2026-10-01")] == [48, 8]


# ------------------------------------------------------------------------------------ looking up


def test_any_certain_spelling_of_a_name_is_the_name(register, rows, catalogue):
    """Case, the place of the tone mark, decomposed letters and HTX for Hợp tác xã find the one that is meant."""
    import unicodedata

    product = register.line("Trà hoà tan", HTX, BAO_THUAN, [("first", "3", "2025-01-10", "1/QĐ")])
    book = Book(rows(), catalogue)
    for text in ("trà HÒA tan", unicodedata.normalize("NFD", "Trà hòa  tan"), product[:6], product.upper()):
        (hit,) = book.find(text, NEW_MAP).certain
        assert (hit.kind, hit.identity, hit.producer_name) == ("product", product, HTX)
    (hit,) = book.find("Hợp tác xã nông nghiệp Tân Hà", NEW_MAP).certain
    assert (hit.kind, hit.name, hit.producer_name) == ("producer", HTX, None)


def test_one_name_of_two_products_is_two_hits(register, rows, catalogue):
    """Two producers with one product name are two; nothing is picked."""
    register.line("Gạo", HTX, BAO_THUAN)
    register.line("Gạo", "HTX Nông nghiệp Bảo Thuận", BAO_THUAN)
    found = Book(rows(), catalogue).find("gạo", NEW_MAP)
    assert len(found.certain) == 2
    assert found.similar == ()


def test_what_only_resembles_a_name_is_never_certain(register, rows, catalogue):
    """Without diacritics or with a part of the name there are similar ones only, be it a single one."""
    register.line("Gạo thơm", HTX, BAO_THUAN)
    book = Book(rows(), catalogue)
    for text in ("gao thom", "Gạo"):
        found = book.find(text, NEW_MAP)
        assert found.certain == ()
        assert [hit.name for hit in found.similar] == ["Gạo thơm"]
    assert book.find("cà phê", NEW_MAP) == book.find("...", NEW_MAP) == book.find(" ", NEW_MAP)
    assert book.find("cà phê", NEW_MAP).similar == ()


def test_too_short_a_beginning_of_an_id_is_none(register, rows, catalogue):
    """Three characters of an id are no id."""
    product = register.line("Gạo", HTX, BAO_THUAN)
    book = Book(rows(), catalogue)
    assert book.find(product[:3], NEW_MAP).certain == ()
    assert len(book.find(product[:4], NEW_MAP).certain) == 1


def test_a_merged_product_is_found_by_the_id_and_name_it_had(register, rows, catalogue):
    """What people said is one is one hit with all its spellings, by its old id and name too."""
    kept = register.line("Gạo thơm", HTX, BAO_THUAN, [("first", "3", "2022-01-10", "1/QĐ")])
    other = register.line("Gạo thom", HTX, BAO_THUAN, [("again", "3", "2025-01-05", "2/QĐ")], as_id="")
    register.rows["core.recognitions"][-1]["product_id"] = kept
    merged = [{"name_kind": "product", "listed_id": other, "identity_id": kept}]
    book = Book(rows(register_identities=merged), catalogue)
    for text in (other[:8], "Gạo thom", "Gạo thơm"):
        (hit,) = book.find(text, NEW_MAP).certain
        assert hit.identity == kept
    assert [each.decision_no for each in book.history(kept)] == ["1/QĐ", "2/QĐ"]
    assert {each.product_name for each in book.listed if each.product_id == kept} == {"Gạo thơm", "Gạo thom"}


def test_a_merged_name_is_shown_as_it_was_kept(register, rows, catalogue):
    """Not the latest decision's spelling but the kept name, as its own registers write it most often."""
    kept = register.line("Gạo Thơm", HTX, BAO_THUAN, [("first", "3", "2022-01-10", "1/QĐ")])
    for _ in range(2):
        register.line("Gạo thơm", HTX, BAO_THUAN)
    other = register.line("Gạo thom", OTHER, BAO_THUAN, [("again", "3", "2025-01-05", "2/QĐ")], as_id=kept)
    owner, other_owner = (register.rows["core.listings"][place]["listed_producer_id"] for place in (0, -1))
    register.rows["core.recognitions"][-1]["producer_id"] = owner
    merged = [
        {"name_kind": "product", "listed_id": register.rows["core.listings"][-1]["listed_product_id"],
         "identity_id": kept},
        {"name_kind": "producer", "listed_id": other_owner, "identity_id": owner},
    ]  # fmt: skip
    assert other == kept
    book = Book(rows(register_identities=merged), catalogue)
    (entry,) = book.entries(NEW_MAP)
    assert (entry.product_name, entry.producer_name, entry.decision_no) == ("Gạo thơm", HTX, "2/QĐ")
    assert {hit.name for hit in book.find("Gạo thom", NEW_MAP).certain} == {"Gạo thơm"}


def test_without_a_merge_the_latest_spelling_is_shown(register, rows, catalogue):
    """A product nobody merged bears the name of its latest decision, however often an older spelling stands."""
    register.line("GẠO THƠM", HTX, BAO_THUAN, [("first", "3", "2022-01-10", "1/QĐ")])
    register.line("GẠO THƠM", HTX, BAO_THUAN)
    register.line("Gạo thơm", HTX, BAO_THUAN, [("again", "3", "2025-01-05", "2/QĐ")])
    (entry,) = Book(rows(), catalogue).entries(NEW_MAP)
    assert entry.product_name == "Gạo thơm"


def test_a_history_names_the_unit_of_its_day_and_every_line(register, rows, catalogue):
    """An event told by the old commune and by its successor is one, of the old one on its day, with both cells."""
    product = register.line(
        "Gạo",
        HTX,
        DINH_TRANG_THUONG,
        [("first", "3", "2023-03-10", "1/QĐ")],
        home_id=BAO_THUAN,
        file="cu.xlsx",
    )
    register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2023-03-10", "1/QĐ")], file="moi.xlsx")
    (event,) = Book(rows(), catalogue).history(product)
    assert (event.unit_id, event.unit_name) == (DINH_TRANG_THUONG, "Xã Đinh Trang Thượng")
    assert [(source.file, source.cell) for source in event.sources] == [("cu.xlsx", "M1"), ("moi.xlsx", "M2")]


def test_a_unit_that_did_not_stand_then_is_not_told(register, rows, catalogue):
    """A decision of 2023 listed by a commune of today only: its unit on that day is not known, its source is."""
    product = register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2023-03-10", "1/QĐ")])
    (event,) = Book(rows(), catalogue).history(product)
    assert (event.unit_id, event.unit_name) == (None, None)
    assert [source.unit_id for source in event.sources] == [BAO_THUAN]


def test_a_revocation_ends_a_certificate_on_its_day(register, rows, catalogue):
    """Valid to the day before, revoked from the decision on, with its number; after a new recognition valid again."""
    product = register.line(
        "Gạo", HTX, BAO_THUAN, [("first", "3", "2025-01-10", "1/QĐ"), ("again", "3", "2027-05-01", "3/QĐ")]
    )
    register.event("revocation", product, "2026-02-01", "9/QĐ")
    book = Book(rows(), catalogue)
    before, after = (book.entry_of(product, _day(day)) for day in ("2026-01-31", "2026-02-01"))
    assert (before.state, before.ended_on, before.ending_decision_no) == ("valid", None, None)
    assert (after.state, after.ended_on, after.ending_decision_no) == ("revoked", _day("2026-02-01"), "9/QĐ")
    assert after.expiry_date == _day("2028-01-10")
    assert book.expiring(_day("2027-04-14"), 12) == []
    assert book.entry_of(product, _day("2027-05-01")).state is CertificateState.VALID


def test_an_extension_is_on_the_work_list_by_its_new_day(register, rows, catalogue):
    """The list of what lapses knows the expiry that an extension set, and nothing of one decided later."""
    product = register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2023-10-20", "1/QĐ")])
    register.event("extension", product, "2026-10-01", "2/QĐ", extended_to="2027-02-01")
    book = Book(rows(), catalogue)
    assert [each.entry.expiry_date for each in book.expiring(_day("2026-09-30"), 3)] == [_day("2026-10-20")]
    assert book.expiring(_day("2026-10-01"), 3) == []
    assert [each.entry.expiry_date for each in book.expiring(_day("2026-11-01"), 3)] == [_day("2027-02-01")]


def test_a_corrected_product_is_what_it_should_have_been_from_that_day(register, rows, catalogue):
    """Another star from the day of the correction on; one that should never have been recognised is gone from it on."""
    star = register.line("Gạo", HTX, BAO_THUAN, [("first", "4", "2025-01-10", "1/QĐ")])
    never = register.line("Trà", HTX, BAO_THUAN, [("first", "4", "2025-01-10", "1/QĐ")])
    register.event("correction", star, "2025-06-01", "2/QĐ", star="3", corrected_expiry="2027-01-10")
    register.event("correction", never, "2025-06-01", "2/QĐ", star="none")
    book = Book(rows(), catalogue)
    assert [book.entry_of(star, _day(day)).star for day in ("2025-05-31", "2025-06-01")] == ["4", "3"]
    assert book.entry_of(star, _day("2025-06-01")).expiry_date == _day("2027-01-10")
    assert book.entry_of(never, _day("2025-05-31")).state is CertificateState.VALID
    assert book.entry_of(never, _day("2025-06-01")) is None
    assert [(each.kind, each.star) for each in book.history(never)] == [
        ("first", "4"),
        ("correction", "none"),
    ]


def test_a_product_goes_with_its_transfer(register, rows, catalogue):
    """From the day of the transfer on it is the new producer's and in the new commune, whoever lists it; not before."""
    product = register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2025-01-10", "1/QĐ")])
    register.event(
        "transfer", product, "2025-08-01", "2/QĐ", new_producer_id="new", new_producer_name="Công ty Mới",
        home_id=BAO_THUAN, new_home_id=MUI_NE, new_unit_id=MUI_NE,
    )  # fmt: skip
    book = Book(rows(), catalogue)
    before, after = (book.entry_of(product, _day(day)) for day in ("2025-07-31", "2025-08-01"))
    assert (before.unit_id, before.producer_name) == (BAO_THUAN, HTX)
    assert (after.unit_id, after.producer_name, after.decision_no) == (MUI_NE, "Công ty Mới", "1/QĐ")
    assert [each.product_id for each in book.entries_of("new", _day("2025-08-01"))] == [product]
    assert book.entries_of("new", _day("2025-07-31")) == []
    assert book.entries(_day("2025-08-01"), Selection(BAO_THUAN)) == []
    last = book.history(product)[-1]
    assert (last.kind, last.unit_id, last.producer_name) == ("transfer", MUI_NE, "Công ty Mới")


def test_what_found_nothing_to_act_on_is_marked(register, rows, catalogue):
    """An extension after the lapse and a revocation of the lapsed changed nothing, one in time did."""
    product = register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2023-10-20", "1/QĐ")])
    register.event("extension", product, "2026-10-20", "2/QĐ", extended_months=1)
    register.event("extension", product, "2026-11-21", "3/QĐ", extended_months=1)
    register.event("revocation", product, "2026-11-22", "4/QĐ")
    register.event("not_recognised", product, "2026-11-23", "5/QĐ", star="none")
    told = [(each.kind, each.has_effect) for each in Book(rows(), catalogue).history(product)]
    assert told == [
        ("first", True), ("extension", True), ("extension", False), ("revocation", False), ("not_recognised", True),
    ]  # fmt: skip


def test_a_warehouse_without_a_register_says_so(catalogue):
    """No traceback of an engine: what is missing is named."""
    with pytest.raises(NotPublishedError, match=r"core\.recognitions"):
        Book(lambda *_: [], catalogue)


def test_a_product_is_its_producers_of_the_day(register, rows, catalogue):
    """A product that went to another producer is the first one's before that decision and the second one's after."""
    register.line("Gạo", HTX, BAO_THUAN, [("first", "3", "2022-03-10", "1/QĐ")], as_producer="one")
    product = register.rows["core.recognitions"][0]["product_id"]
    register.line(
        "Gạo",
        "HTX Bảo Thuận",
        BAO_THUAN,
        [("again", "3", "2025-03-01", "2/QĐ")],
        as_id=product,
        as_producer="two",
    )
    book = Book(rows(), catalogue)
    owners = {
        day: [owner for owner in ("one", "two") if book.entries_of(owner, _day(day))]
        for day in ("2022-03-09", "2025-02-28", "2025-03-01")
    }
    assert owners == {"2022-03-09": [], "2025-02-28": ["one"], "2025-03-01": ["two"]}
