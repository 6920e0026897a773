"""The shipped map of both eras, and the refusal of a bad data file."""

import zipfile
from collections import Counter
from datetime import date

import pytest

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.units import SUCCESSION_COLUMNS, UNIT_COLUMNS, load_units
from ocop_pipeline.domain.units import Relation, Tier, name_key
from ocop_pipeline.paths import CATALOGUE_DATA

OLD = date(2025, 6, 30)
NEW = date(2025, 7, 1)


@pytest.fixture(scope="module")
def ledger():
    """Load the shipped units once."""
    return load_units()


def name(ledger, unit_id, on):
    """Return the full name of a unit on a day."""
    return ledger.get(unit_id, on).full_name


class TestCounts:
    """The official numbers of units."""

    def test_before_the_reform(self, ledger):
        """To 30/06/2025: 63 provinces, 696 districts, 10,035 communes."""
        counts = Counter(unit.tier for unit in ledger.units(OLD))
        assert counts == {Tier.NATION: 1, Tier.PROVINCE: 63, Tier.DISTRICT: 696, Tier.COMMUNE: 10035}

    def test_after_the_reform(self, ledger):
        """From 01/07/2025: 34 provinces (6 of them cities), 3,321 communes = 2,621 + 687 + 13."""
        communes = Counter(unit.type for unit in ledger.units(NEW, Tier.COMMUNE))
        assert communes == {"xã": 2621, "phường": 687, "đặc khu": 13}
        provinces = Counter(unit.type for unit in ledger.units(NEW, Tier.PROVINCE))
        assert provinces == {"tỉnh": 28, "thành phố": 6}
        assert ledger.units(NEW, Tier.DISTRICT) == ()

    def test_relations(self, ledger):
        """442 communes were divided; 2,907 new ones are unions of whole old units; 132 communes stayed."""
        links = [link for link in ledger.all_successions if not link.predecessor_id.startswith("p")]
        divided = {link.predecessor_id for link in links if link.relation is Relation.DIVIDED_INTO}
        assert len(divided) == 442
        new = {unit.unit_id for unit in ledger.units(NEW, Tier.COMMUNE)}
        assert len(new - {link.successor_id for link in links if link.predecessor_id in divided}) == 2907
        assert sum(link.predecessor_id == link.successor_id for link in links) == 132


class TestPlaces:
    """Places known from official texts."""

    @pytest.mark.parametrize(
        ("code", "before", "after"),
        [
            ("00004", "Phường Trúc Bạch", "Phường Ba Đình"),
            ("26740", "Phường Bến Nghé", "Phường Sài Gòn"),
        ],
    )
    def test_recycled_code(self, ledger, code, before, after):
        """A recycled commune code finds two places, told apart by the day."""
        old, new = ledger.find_code(code, OLD), ledger.find_code(code, NEW)
        assert (old.full_name, new.full_name) == (before, after)
        assert (old.unit_id, new.unit_id) == (f"c{code}.1", f"c{code}.2")
        assert ledger.held_code_before(code, NEW) == (old,)

    def test_lam_dong(self, ledger):
        """Province 68 is Lâm Đồng before and another, larger Lâm Đồng of three old provinces after."""
        old, new = ledger.find_code("68", OLD), ledger.find_code("68", NEW)
        assert old.full_name == new.full_name == "Tỉnh Lâm Đồng"
        assert (old.unit_id, new.unit_id) == ("p68.1", "p68.2")
        parts = {name(ledger, link.predecessor_id, OLD) for link in ledger.predecessors(new.unit_id)}
        assert parts == {"Tỉnh Lâm Đồng", "Tỉnh Bình Thuận", "Tỉnh Đắk Nông"}
        assert len(ledger.children(new.unit_id, NEW)) == 124

    def test_unmerged_province_keeps_its_id(self, ledger):
        """Cao Bằng was not merged: one id and one version on both sides of the reform."""
        assert ledger.find_code("04", OLD) is ledger.find_code("04", NEW)

    def test_eleven_provinces_were_not_merged(self, ledger):
        """Resolution 202/2025/QH15: 11 of the 34 provinces stayed as they were."""
        same = set(ledger.units(OLD, Tier.PROVINCE)) & set(ledger.units(NEW, Tier.PROVINCE))
        assert len(same) == 11

    def test_divided_commune_has_one_default(self, ledger):
        """Hòa Liên (Hòa Vang, Đà Nẵng) went to two wards, one of which stands for it by default."""
        (match,) = ledger.find_name("xã Hòa Liên", OLD, within=ledger.find_code("48", OLD).unit_id)
        links = ledger.successors(match.unit.unit_id)
        names = {name(ledger, link.successor_id, NEW): link.is_default for link in links}
        assert names == {"Phường Hải Vân": False, "Phường Liên Chiểu": True}

    @pytest.mark.parametrize(
        ("district", "commune", "successor"),
        [
            ("Tây Ninh", "Phường 4", "Phường Tân Ninh"),
            ("Tân An", "Phường 4", "Phường Long An"),
            ("Sa Đéc", "Phường 4", "Phường Sa Đéc"),
            ("Vĩnh Bảo", "Xã Hòa Bình", "Xã Nguyễn Bỉnh Khiêm"),
        ],
    )
    def test_homonyms_are_kept_apart(self, ledger, district, commune, successor):
        """A commune is not succeeded by the successor of its namesake in another district."""
        (above,) = ledger.find_name(district, OLD, tier=Tier.DISTRICT)
        (match,) = ledger.find_name(commune, OLD, within=above.unit.unit_id)
        links = ledger.successors(match.unit.unit_id)
        assert [name(ledger, link.successor_id, NEW) for link in links] == [successor]

    def test_most_codes_were_recycled(self, ledger):
        """3,184 codes passed to another place, always one that took over a part of the former holder."""
        recycled = [
            (before, unit)
            for unit in ledger.units(NEW, Tier.COMMUNE)
            if (before := ledger.find_code(unit.code, OLD)) and before.unit_id != unit.unit_id
        ]
        assert len(recycled) == 3184
        assert sum(name_key(old.name) != name_key(new.name) for old, new in recycled) == 1792
        for old, new in recycled:
            assert new.unit_id in {link.successor_id for link in ledger.successors(old.unit_id)}

    def test_island_districts_became_special_zones(self, ledger):
        """The five districts without communes are succeeded by special zones; other districts by nothing."""
        successors = {}
        for district in ledger.units(OLD, Tier.DISTRICT):
            for link in ledger.successors(district.unit_id):
                successors[district.full_name] = name(ledger, link.successor_id, NEW)
        assert successors == {
            "Huyện Bạch Long Vĩ": "Đặc khu Bạch Long Vĩ",
            "Huyện Cồn Cỏ": "Đặc khu Cồn Cỏ",
            "Huyện Hoàng Sa": "Đặc khu Hoàng Sa",
            "Huyện Lý Sơn": "Đặc khu Lý Sơn",
            "Huyện Côn Đảo": "Đặc khu Côn Đảo",
        }

    def test_names_are_ambiguous_in_fact(self, ledger):
        """The bare name Tân Thành stands for 34 communes, and all are given."""
        matches = ledger.find_name("Tân Thành", OLD, tier=Tier.COMMUNE)
        assert len(matches) == 34
        assert {match.unit.name for match in matches} == {"Tân Thành"}


class TestWholeness:
    """Nothing is lost or counted twice over the reform."""

    def test_every_old_commune_has_a_successor(self, ledger):
        """No commune of the old map ends without one."""
        assert all(ledger.successors(unit.unit_id) for unit in ledger.units(OLD, Tier.COMMUNE))

    def test_every_new_commune_has_a_predecessor(self, ledger):
        """No commune of the new map comes from nowhere, and none from another province's parts only."""
        for unit in ledger.units(NEW, Tier.COMMUNE):
            assert ledger.predecessors(unit.unit_id)

    def test_successors_lie_in_the_successor_of_the_province(self, ledger):
        """A commune's successors lie in the province that succeeded the commune's province."""
        heir = {link.predecessor_id: link.successor_id for link in ledger.all_successions}
        for unit in ledger.units(OLD, Tier.COMMUNE):
            province = ledger.ancestors(unit.unit_id, OLD)[1]
            for link in ledger.successors(unit.unit_id):
                assert ledger.get(link.successor_id, NEW).parent_id == heir[province.unit_id]

    @pytest.mark.parametrize("day", [date(2018, 5, 7), OLD, NEW, date(2026, 11, 22)])
    def test_one_parent_a_day(self, ledger, day):
        """Every unit of a day hangs on the nation by exactly one way."""
        below = Counter(unit.unit_id for unit in ledger.descendants("VN", day))
        assert set(below.values()) == {1}
        assert len(below) + 1 == len(ledger.units(day))

    def test_full_name_is_type_and_name(self, ledger):
        """The full name is the type followed by the name, in every row."""
        for unit in ledger.all_versions[1:]:
            assert unit.full_name == f"{unit.type.capitalize()} {unit.name}"

    def test_every_unit_is_found_by_its_own_name(self, ledger):
        """The full name of a unit finds it in its province, and only units of its name and type with it."""
        for unit in ledger.units(NEW, Tier.COMMUNE):
            matches = ledger.find_name(unit.full_name, NEW, within=unit.parent_id)
            assert [match.unit for match in matches] == [unit]

    def test_coordinates_lie_in_the_country(self, ledger):
        """All but the nation and 51 distrusted units have coordinates, all in the country.

        Middle points lie between 6 and 24 degrees north, 102 and 118 east, islands included.
        """
        placed = [unit for unit in ledger.all_versions if unit.latitude is not None]
        assert len(placed) == len(ledger.all_versions) - 52
        for unit in placed:
            assert 6 < unit.latitude < 24
            assert 102 < unit.longitude < 118


UNITS = [
    ["VN", "VN", "nation", "quốc gia", "Việt Nam", "Việt Nam", "", "", "", "", "", ""],
    ["p01.1", "01", "province", "thành phố", "Hà Nội", "Thành phố Hà Nội", "VN", "", "", "21.0", "105.7", ""],
]


def archive(
    tmp_path, units=UNITS, successions=(), header=UNIT_COLUMNS, parts=("units.csv", "successions.csv")
):
    """Write a data file of the given rows."""
    tables = {
        "units.csv": [header, *units],
        "successions.csv": [SUCCESSION_COLUMNS, *successions],
    }
    path = tmp_path / "units.zip"
    with zipfile.ZipFile(path, "w") as target:
        for part in parts:
            target.writestr(part, "".join(",".join(row) + "\n" for row in tables[part]))
    return path


def changed(column, value, row=1):
    """Return the sample rows with one cell changed."""
    rows = [list(cells) for cells in UNITS]
    rows[row][UNIT_COLUMNS.index(column)] = value
    return rows


def refusal(path):
    """Return the error a data file is refused with."""
    with pytest.raises(CatalogueError) as caught:
        load_units(path)
    return caught.value


class TestRefusal:
    """A bad file is refused with part, row and reason."""

    def test_sound_sample_loads(self, tmp_path):
        """The sample the other tests spoil is itself accepted."""
        assert load_units(archive(tmp_path)).find_code("01", NEW).name == "Hà Nội"

    @pytest.mark.parametrize(
        ("column", "value", "reason"),
        [
            ("unit_id", "", "must not be blank"),
            ("full_name", "", "must not be blank"),
            ("tier", "county", "tier 'county' is none of"),
            ("valid_from", "01/07/2025", "is not a date"),
            ("valid_from", "20250701", "is not a date"),
            ("valid_to", "2025-06-31", "is not a date"),
            ("latitude", "north", "could not convert"),
            ("latitude", "91", "not between -90 and 90"),
            ("longitude", "nan", "not between -180 and 180"),
            ("area_km2", "-1", "not an area"),
            ("area_km2", "inf", "not an area"),
            ("parent_id", "p02.1", "is unknown"),
            ("name", "Ha\u0300 Nội", "NFC"),
            ("code", "VN", "code VN is held by two"),
            ("name", '"Hà Nội', "malformed CSV"),
        ],
    )
    def test_bad_cell(self, tmp_path, column, value, reason):
        """A cell that cannot be right is refused with its row, counted from the header."""
        error = refusal(archive(tmp_path, changed(column, value)))
        assert (error.file, error.row) == ("units.zip/units.csv", 3)
        assert reason in error.reason
        assert str(error).startswith("units.zip/units.csv:3: ")

    def test_bad_succession_row(self, tmp_path):
        """A bad succession is refused in its own part."""
        good = ["p01.1", "p01.1", "2025-07-01", "continues", "true"]
        assert load_units(archive(tmp_path, successions=[good])).successors("p01.1")
        for column, value, reason in [
            (3, "annexed", "relation 'annexed' is none of"),
            (4, "yes", "neither true nor false"),
            (2, "soon", "is not a date"),
            (1, "p02.1", "successor p02.1 is unknown"),
        ]:
            row = [*good[:column], value, *good[column + 1 :]]
            error = refusal(archive(tmp_path, successions=[row]))
            assert (error.file, error.row) == ("units.zip/successions.csv", 2)
            assert reason in error.reason

    def test_wrong_columns_and_short_rows(self, tmp_path):
        """Columns are exactly those expected, in order, and every row has all of them."""
        swapped = (UNIT_COLUMNS[1], UNIT_COLUMNS[0], *UNIT_COLUMNS[2:])
        assert refusal(archive(tmp_path, header=swapped)).row == 1
        assert "11 cells instead of 12" in refusal(archive(tmp_path, [UNITS[0][:-1]])).reason

    def test_missing_part_and_no_units(self, tmp_path):
        """Both parts are there and the map is not empty."""
        assert "missing" in refusal(archive(tmp_path, parts=("units.csv",))).reason
        assert refusal(archive(tmp_path, [])).reason == "no units"

    def test_not_an_archive(self, tmp_path):
        """A file that is no ZIP archive, is cut off or is absent is refused as a whole."""
        path = tmp_path / "units.zip"
        assert refusal(path).row is None
        path.write_bytes(b"not a zip")
        assert "ZIP" in refusal(path).reason
        whole = (CATALOGUE_DATA / "units.zip").read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        assert "ZIP" in refusal(path).reason
        path.write_bytes(whole[:5000] + b"\0" * 64 + whole[5064:])
        assert "ZIP" in refusal(path).reason

    def test_text_that_is_not_utf8(self, tmp_path):
        """Bytes of another encoding are refused with the row they stand in."""
        path = tmp_path / "units.zip"
        with zipfile.ZipFile(path, "w") as target:
            target.writestr("units.csv", ",".join(UNIT_COLUMNS).encode() + b"\nVN,\xd0\xff")
            target.writestr("successions.csv", ",".join(SUCCESSION_COLUMNS))
        error = refusal(path)
        assert (error.row, error.reason) == (2, "not UTF-8 text")


def test_attribution_travels_with_the_data():
    """The source's licence notice is inside the data file, as the licence demands."""
    with zipfile.ZipFile(CATALOGUE_DATA / "units.zip") as data:
        notice = data.read("ATTRIBUTION.txt").decode()
    assert "Copyright (c) 2025 Tran Ngoc Minh Hieu" in notice
    assert "The above copyright notice and this permission notice shall be included" in notice
    assert "vietnamadminunits 1.0.4" in notice
