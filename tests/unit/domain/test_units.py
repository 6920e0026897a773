"""Laws of units in time, on small maps made by hand; the real map is tested with the catalogue."""

import unicodedata
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.domain.units import (
    Relation,
    Succession,
    Tier,
    UnitLedger,
    UnitLedgerError,
    UnitVersion,
    UnknownUnitError,
    accent_free_key,
    name_key,
)

OLD = date(2025, 6, 30)
NEW = date(2025, 7, 1)


def unit(unit_id, tier, full_name, parent, *span):
    """Make a version whose code is the digits of its id."""
    first, last = span or (None, None)
    types = ("Thị trấn", "Thành phố", "Phường", "Huyện", "Tỉnh", "Xã")
    type_ = next((word for word in types if full_name.startswith(f"{word} ")), "")
    return UnitVersion(
        unit_id=unit_id,
        code=unit_id.split(".")[0].lstrip("pdc"),
        tier=tier,
        type=type_.lower() or "quốc gia",
        name=full_name.removeprefix(type_).strip(),
        full_name=full_name,
        parent_id=parent,
        valid_from=first,
        valid_to=last,
    )


NATION = unit("VN", Tier.NATION, "Việt Nam", None)
PROVINCE = unit("p68.1", Tier.PROVINCE, "Tỉnh Lâm Đồng", "VN")
DISTRICT = unit("d678.1", Tier.DISTRICT, "Huyện Đức Trọng", "p68.1", None, OLD)
TOWN = unit("c24958.1", Tier.COMMUNE, "Thị trấn Liên Nghĩa", "d678.1", None, OLD)
VILLAGE = unit("c24967.1", Tier.COMMUNE, "Xã Phú Hội", "d678.1", None, OLD)
ALONE = unit("c24976.1", Tier.COMMUNE, "Xã Tà Hine", "d678.1", None, OLD)
MERGED = unit("c24958.2", Tier.COMMUNE, "Xã Đức Trọng", "p68.1", NEW, None)
ALONE_AFTER = unit("c24976.1", Tier.COMMUNE, "Phường Tà Hine", "p68.1", NEW, None)
MAP = (NATION, PROVINCE, DISTRICT, TOWN, VILLAGE, ALONE, MERGED, ALONE_AFTER)
LINKS = (
    Succession("c24958.1", "c24958.2", NEW, Relation.MERGED_INTO, is_default=True),
    Succession("c24967.1", "c24958.2", NEW, Relation.DIVIDED_INTO, is_default=True),
    Succession("c24967.1", "c24976.1", NEW, Relation.DIVIDED_INTO, is_default=False),
    Succession("c24976.1", "c24976.1", NEW, Relation.RENAMED, is_default=True),
)


@pytest.fixture
def ledger():
    """Give the hand-made map of one district before and after the reform."""
    return UnitLedger(MAP, LINKS)


def ids(versions):
    """Return the ids of versions in their order."""
    return [version.unit_id for version in versions]


class TestLookUp:
    """Questions about one unit on one day."""

    def test_a_code_means_something_only_with_a_date(self, ledger):
        """One code finds the old holder to the last old day and the new holder from the next day."""
        assert ledger.find_code("24958", OLD) is TOWN
        assert ledger.find_code("24958", NEW) is MERGED

    def test_unknown_code_and_wrong_tier_find_nothing(self, ledger):
        """A code nobody holds on the day, or only a unit of another tier, finds nothing."""
        assert ledger.find_code("99999", OLD) is None
        assert ledger.find_code("678", NEW) is None
        assert ledger.find_code("68", NEW, Tier.COMMUNE) is None
        assert ledger.find_code("68", NEW, Tier.PROVINCE) is PROVINCE

    def test_former_holders_of_a_code(self, ledger):
        """A lost code leads to its former holder, but a place never appears as its own predecessor."""
        assert ledger.held_code_before("24958", NEW) == (TOWN,)
        assert ledger.held_code_before("24958", OLD) == ()
        assert ledger.held_code_before("24976", NEW) == ()
        assert ledger.held_code_before("24967", NEW) == (VILLAGE,)

    def test_a_place_keeps_its_id_over_a_change_of_name(self, ledger):
        """The id of an unmerged, undivided commune gives its name of the day."""
        assert ledger.get("c24976.1", OLD).full_name == "Xã Tà Hine"
        assert ledger.get("c24976.1", NEW).full_name == "Phường Tà Hine"
        assert ledger.versions("c24976.1") == (ALONE, ALONE_AFTER)

    def test_unknown_unit_names_id_and_day(self, ledger):
        """Asking for a unit outside its life, or for none, says which unit and which day."""
        with pytest.raises(UnknownUnitError, match=r"c24958\.2.*2025-06-30"):
            ledger.get("c24958.2", OLD)
        with pytest.raises(KeyError):
            ledger.children("nowhere", OLD)
        with pytest.raises(UnknownUnitError):
            ledger.successors("nowhere")
        with pytest.raises(UnknownUnitError):
            ledger.versions("nowhere")


class TestHierarchy:
    """The tree of units on a day."""

    def test_four_tiers_before_three_after(self, ledger):
        """The way up has a district before the reform and none after it."""
        assert ids(ledger.ancestors("c24958.1", OLD)) == ["d678.1", "p68.1", "VN"]
        assert ids(ledger.ancestors("c24958.2", NEW)) == ["p68.1", "VN"]
        assert ledger.ancestors("VN", NEW) == ()

    def test_children_are_those_of_the_day(self, ledger):
        """Children follow the date of the question."""
        assert ids(ledger.children("p68.1", OLD)) == ["d678.1"]
        assert ids(ledger.children("p68.1", NEW)) == ["c24958.2", "c24976.1"]
        assert ledger.children("c24958.2", NEW) == ()

    def test_descendants_by_tier(self, ledger):
        """Descendants pass through the tiers between and can be confined to one tier."""
        assert ids(ledger.descendants("VN", OLD)) == ["p68.1", "d678.1", "c24958.1", "c24967.1", "c24976.1"]
        assert ids(ledger.descendants("VN", OLD, Tier.COMMUNE)) == ["c24958.1", "c24967.1", "c24976.1"]
        assert ledger.descendants("VN", NEW, Tier.DISTRICT) == ()

    def test_units_of_a_day(self, ledger):
        """All units of a day, or those of one tier, without those of other days."""
        assert len(ledger.units(OLD)) == 6
        assert ids(ledger.units(NEW)) == ["VN", "p68.1", "c24958.2", "c24976.1"]
        assert ids(ledger.units(OLD, Tier.DISTRICT)) == ["d678.1"]

    def test_successions_go_both_ways(self, ledger):
        """Each link is found from both of its ends, and an abolished district has none."""
        assert [link.successor_id for link in ledger.successors("c24967.1")] == ["c24958.2", "c24976.1"]
        assert [link.predecessor_id for link in ledger.predecessors("c24958.2")] == ["c24958.1", "c24967.1"]
        assert ledger.successors("d678.1") == ()
        assert ledger.all_successions == LINKS
        assert ledger.all_versions == MAP


def refused(versions=MAP, links=()):
    """Return the error a ledger of these rows is refused with."""
    with pytest.raises(UnitLedgerError) as caught:
        UnitLedger(versions, links)
    return caught.value


class TestRefusal:
    """A ledger that contradicts itself is not made, and the row at fault is named."""

    def test_span_that_ends_before_it_begins(self):
        """The last day of a version is not before its first day."""
        error = refused((NATION, replace(PROVINCE, valid_from=NEW, valid_to=OLD)))
        assert (error.table, error.position) == ("versions", 1)
        assert "ends before it begins" in error.reason

    def test_overlapping_versions_of_a_unit(self):
        """A unit stands in one version a day."""
        error = refused((*MAP, replace(MERGED, code="1", valid_from=date(2026, 1, 1))))
        assert error.position == len(MAP)
        assert "c24958.2 has two versions from 2026-01-01" in error.reason

    def test_the_same_row_twice(self):
        """A repeated row is refused at its second appearance."""
        assert refused((*MAP, replace(VILLAGE))).position == len(MAP)

    def test_code_held_twice_on_a_day(self):
        """A code has one holder a day, whatever the tiers."""
        error = refused((*MAP, unit("c678.9", Tier.COMMUNE, "Xã Khác", "d678.1", None, OLD)))
        assert "code 678 is held by two units (d678.1, c678.9)" in error.reason
        assert error.position == len(MAP)

    def test_code_passed_on_overnight_is_fine(self):
        """A code may go to another unit on the day after its holder ended."""
        assert UnitLedger((NATION, PROVINCE, DISTRICT, TOWN, MERGED)).find_code("24958", NEW) is MERGED

    def test_unknown_parent(self):
        """Every parent is on the map."""
        assert "p68.1 that is unknown" in refused((NATION, DISTRICT)).reason

    @pytest.mark.parametrize(
        ("first", "last"), [(None, None), (OLD, NEW), (NEW, NEW)], ids=["open", "a day over", "after"]
    )
    def test_parent_not_in_force_all_the_while(self, first, last):
        """A parent stands on every day its child stands."""
        child = unit("c00001.1", Tier.COMMUNE, "Xã Khác", "d678.1", first, last)
        assert "d678.1 that is not in force all the while" in refused((*MAP, child)).reason

    def test_parent_with_adjacent_versions_covers_its_child(self):
        """A parent that was renamed is in force without a gap; one that paused is not."""
        before = replace(PROVINCE, valid_to=OLD)
        after = replace(PROVINCE, full_name="Thành phố Lâm Đồng", valid_from=NEW)
        child = unit("c00001.1", Tier.COMMUNE, "Xã Khác", "p68.1")
        assert UnitLedger((NATION, after, before, child)).get("p68.1", NEW) is after
        late = replace(after, valid_from=NEW + timedelta(days=1))
        assert "not in force all the while" in refused((NATION, before, late, child)).reason

    def test_cycle_and_inverted_tiers(self):
        """A parent is of a higher tier, so no unit can be above itself."""
        first = unit("d001.1", Tier.DISTRICT, "Huyện A", "d002.1")
        second = unit("d002.1", Tier.DISTRICT, "Huyện B", "d001.1")
        assert "not of a higher tier" in refused((NATION, first, second)).reason
        itself = unit("d001.1", Tier.DISTRICT, "Huyện A", "d001.1")
        assert "not of a higher tier" in refused((NATION, itself)).reason

    def test_only_the_nation_has_no_parent(self):
        """A province without a parent and a nation with one are refused."""
        assert "has no parent" in refused((NATION, replace(PROVINCE, parent_id=None))).reason
        assert "has no parent" in refused((replace(NATION, parent_id="VN"),)).reason

    def test_unit_that_changes_its_tier(self):
        """A district that becomes a commune is another unit."""
        became = replace(DISTRICT, tier=Tier.COMMUNE, valid_from=NEW, valid_to=None)
        assert "changes its tier" in refused((NATION, PROVINCE, DISTRICT, became)).reason

    @pytest.mark.parametrize(
        ("link", "reason"),
        [
            (replace(LINKS[0], successor_id="c1.1"), "successor c1.1 is unknown"),
            (replace(LINKS[0], predecessor_id="c1.1"), "predecessor c1.1 is unknown"),
            (replace(LINKS[0], successor_id="d678.1"), "successor d678.1 is not in force on 2025-07-01"),
            (replace(LINKS[0], effective_date=OLD), "c24958.2 is not in force on 2025-06-30"),
            (replace(LINKS[0], effective_date=date(2025, 7, 2)), "c24958.1 is not in force on 2025-07-01"),
            (replace(LINKS[0], is_default=False), "must have one default"),
            (replace(LINKS[0], relation=Relation.DIVIDED_INTO), "relation divided_into"),
            (replace(LINKS[3], relation=Relation.MERGED_INTO), "succeeds itself"),
        ],
    )
    def test_bad_succession(self, link, reason):
        """A succession joins two units that stand on either side of its day and agrees with its relation."""
        error = refused(links=(link,))
        assert (error.table, error.position) == ("successions", 0)
        assert reason in error.reason

    def test_divided_unit_with_two_defaults_or_one_part_twice(self):
        """The parts of a divided unit are different units and one of them is the default."""
        both = (LINKS[1], replace(LINKS[2], is_default=True))
        assert "one default" in refused(links=both).reason
        assert "same successor twice" in refused(links=(LINKS[1], LINKS[1])).reason
        unsaid = (LINKS[1], replace(LINKS[2], relation=Relation.MERGED_INTO))
        assert "2 successor(s)" in refused(links=unsaid).reason


SAME_NAMES = [
    ("Hòa Bình", "Hoà Bình"),
    ("Thủy Nguyên", "Thuỷ Nguyên"),
    ("Lý Thường Kiệt", "LÝ THƯỜNG KIỆT"),
    ("Khánh Hòa", "khánh  hoà "),
    ("Xuân Thủy", "XUÂN THUỶ"),
    ("Đức Trọng", "\u00d0ức Trọng"),
    ("Đức Trọng", "xã Đức Trọng"),
    ("Đức Trọng", "X. Đức Trọng"),
    ("Đức Trọng", "Huyện\u00a0Đức Trọng"),
    ("Đà Lạt", "TP.Đà Lạt"),
    ("Đà Lạt", "tp Đà Lạt"),
    ("Gia Nghĩa", "TX Gia Nghĩa"),
    ("Liên Nghĩa", "TT. Liên Nghĩa"),
    ("Côn Đảo", "Đặc khu Côn Đảo"),
    ("1", "Phường 01"),
    ("1", "P.1"),
    ("1", "P1"),
    ("10", "Q10"),
    ("Bà Rịa - Vũng Tàu", "tỉnh Bà Rịa-Vũng Tàu"),
    ("Đắk R'Lấp", "huyện Đắk R\u2019lấp"),
    ("Đạ K'Nàng", "Đạ K' Nàng"),
    ("Ea H'leo", "Ea H\u00b4leo"),
    ("Phú Hội", "\ufeffPhú\u200b Hội"),
]

OTHER_NAMES = [
    ("Thanh Hòa", "Thạnh Hòa"),
    ("Long Trị", "Long Trị A"),
    ("Đa Kao", "Da Kao"),
    ("Hòa Bình", "Hoa Bình"),
    ("Phường 1", "Phường 10"),
    ("Tân Hòa", "Tân Hoa"),
]


class TestNameKey:
    """Spellings of a name that are the same, and those that are not."""

    @pytest.mark.parametrize(("one", "other"), SAME_NAMES)
    def test_spellings_of_one_name(self, one, other):
        """Case, tone-mark place, type word, punctuation and look-alike letters do not make another name."""
        assert name_key(one) == name_key(other)
        assert accent_free_key(one) == accent_free_key(other)

    @pytest.mark.parametrize(("one", "other"), OTHER_NAMES)
    def test_different_names(self, one, other):
        """Diacritics and numbers make another name."""
        assert name_key(one) != name_key(other)

    @given(st.text())
    def test_unicode_forms_never_matter(self, text):
        """Composed and decomposed forms of any text have the same key."""
        assert name_key(unicodedata.normalize("NFD", text)) == name_key(unicodedata.normalize("NFC", text))

    @pytest.mark.parametrize("text", ["Xã", "thị trấn", "TP.", "", "  - "])
    def test_type_word_alone_is_kept(self, text):
        """A text that is only a type word, or nothing, is not stripped to a key that matches everything."""
        assert name_key(text) == " ".join(name_key(text).split())
        assert bool(name_key(text)) == any(char.isalpha() for char in text)

    def test_accent_free(self):
        """Without diacritics đ is d."""
        assert accent_free_key("Xã Đức Trọng") == "duc trong"

    @pytest.mark.parametrize("name", ["Ea H'leo", "H Neng", "Pa Cheo", "Xá Nhè", "Quan Hoa", "Thanh Phố"])
    def test_name_that_begins_like_a_type_is_whole(self, name):
        """A first syllable that resembles a type word or an abbreviation stays part of the name."""
        assert len(name_key(name).split()) == 2


def commune(number, full_name, parent="d678.1"):
    """Make a commune of the old map."""
    return unit(f"c{number}.1", Tier.COMMUNE, full_name, parent, None, OLD)


NAMES = UnitLedger(
    (
        NATION,
        PROVINCE,
        DISTRICT,
        unit("d679.1", Tier.DISTRICT, "Huyện Yên Viên", "p68.1", None, OLD),
        commune("00001", "Thị trấn Yên Viên"),
        commune("00002", "Xã Yên Viên"),
        commune("00003", "Xã Hòa Bình"),
        commune("00004", "Xã Hoa Bình", "d679.1"),
        commune("00005", "Xã Xà Phiên"),
        commune("00006", "Xã Phiên"),
        MERGED,
    )
)


def found(text, on=OLD, **where):
    """Return id and kind of match of every unit found."""
    return [(match.unit.unit_id, match.match) for match in NAMES.find_name(text, on, **where)]


class TestFindName:
    """Every unit a text may mean, and nothing beyond."""

    def test_name_without_type_gives_all_candidates(self):
        """A bare name gives every unit of that name, of every tier."""
        assert found("yên viên") == [("d679.1", "exact"), ("c00001.1", "exact"), ("c00002.1", "exact")]
        assert found("Yên Viên", tier=Tier.COMMUNE) == [("c00001.1", "exact"), ("c00002.1", "exact")]

    def test_type_in_the_text_narrows(self):
        """A type word that a candidate bears leaves only the candidates of that type."""
        assert found("Xã Yên Viên") == [("c00002.1", "exact")]
        assert found("TT. Yên Viên") == [("c00001.1", "exact")]

    def test_wrong_type_does_not_hide_a_unit(self):
        """A type no candidate bears is disregarded: towns were written as communes and later became so."""
        assert found("Thị trấn Hòa Bình") == [("c00003.1", "exact")]

    def test_decomposed_and_old_spelling(self):
        """Decomposed letters and the other tone-mark place still match exactly."""
        assert found(unicodedata.normalize("NFD", "xã Hoà Bình")) == [("c00003.1", "exact")]

    def test_diacritics_first_then_without(self):
        """An exact match comes alone; without one, all names alike but for diacritics, marked so."""
        assert found("Hòa Bình") == [("c00003.1", "exact")]
        assert found("Hoa Binh") == [("c00003.1", "accent_free"), ("c00004.1", "accent_free")]

    def test_unaccented_type_word_may_be_a_name(self):
        """Unaccented "Xa Phien" may be Xã Phiên or the name Xà Phiên: both are given."""
        assert found("Xa Phien") == [("c00006.1", "accent_free"), ("c00005.1", "accent_free")]
        assert found("Xã Phien") == [("c00006.1", "accent_free")]

    def test_within_looks_below_a_unit(self):
        """Only units below the given one are considered, at any depth."""
        assert found("Hoa Binh", within="d679.1") == [("c00004.1", "accent_free")]
        assert found("Yên Viên", within="d679.1") == []
        assert len(found("Yên Viên", within="VN")) == 3
        with pytest.raises(UnknownUnitError):
            found("Yên Viên", NEW, within="d679.1")

    def test_the_day_decides(self):
        """Units of other days are not found."""
        assert found("Đức Trọng") == [("d678.1", "exact")]
        assert found("Đức Trọng", NEW) == [("c24958.2", "exact")]

    @pytest.mark.parametrize("text", ["", "   ", "Xã", "Không có nơi này", "'; DROP TABLE units --"])
    def test_no_candidate(self, text):
        """A text that names no unit gives nothing."""
        assert found(text) == []
