"""What a decree does to units, and what is refused: each fault at its row."""

from datetime import date
from decimal import Decimal

import pytest

from ocop_pipeline.domain.unit_events import ChangeKind, UnitChange, UnitEvent, UnitEventError, with_events
from ocop_pipeline.domain.units import Relation, Tier, UnitLedger, UnitVersion

EVE, DAY = date(2026, 12, 31), date(2027, 1, 1)


def unit(unit_id, code, tier, kind, name, parent):
    """A unit in force from the beginning."""
    return UnitVersion(unit_id, code, tier, kind, name, f"{kind.capitalize()} {name}", parent, None, None)


def land():
    """A province with a district of two communes, and a second province with one commune."""
    return UnitLedger(
        [
            unit("VN", "VN", Tier.NATION, "nước", "Việt Nam", None),
            unit("p01.1", "01", Tier.PROVINCE, "tỉnh", "An", "VN"),
            unit("p02.1", "02", Tier.PROVINCE, "tỉnh", "Bình", "VN"),
            unit("d001.1", "001", Tier.DISTRICT, "huyện", "Đảo", "p01.1"),
            unit("c10001.1", "10001", Tier.COMMUNE, "xã", "Một", "d001.1"),
            unit("c10002.1", "10002", Tier.COMMUNE, "xã", "Hai", "d001.1"),
            unit("c10003.1", "10003", Tier.COMMUNE, "xã", "Ba", "p02.1"),
        ]
    )


def change(kind, of, **told):
    """One row."""
    return UnitChange(ChangeKind(kind), of, **told)


def event(*rows, **told):
    """One event of these rows."""
    return UnitEvent(
        **{"event_id": "e", "effective_date": DAY, "decree": "1/NQ", "decree_date": EVE, "changes": rows}
        | told
    )


MERGE = {"to_code": "10001", "to_type": "phường", "to_name": "Mới", "to_parent": "02"}


def test_what_keeps_its_ground_keeps_its_id():
    """A new name, type, code and parent on one day make one new version, and a link of the unit to itself."""
    rows = (
        change("rename", "10003", to_name="Tư"),
        change("retype", "10003", to_type="phường"),
        change("recode", "10003", to_code="10009"),
        change("move", "10003", to_parent="01"),
    )
    after = with_events(land(), [event(*rows)])
    now = after.get("c10003.1", DAY)
    assert (now.full_name, now.code, now.parent_id) == ("Phường Tư", "10009", "p01.1")
    assert after.get("c10003.1", EVE).full_name == "Xã Ba"
    assert after.find_code("10003", DAY) is None
    (link,) = after.successors("c10003.1")
    assert (link.successor_id, link.relation, link.event_id) == ("c10003.1", Relation.RENAMED, "e")


def test_a_merger_makes_a_new_unit_even_under_an_old_code():
    """The union is another place: its id is new, and the code means it from the day on."""
    after = with_events(
        land(), [event(change("merge", "10001", **MERGE), change("merge", "c10003.1", to_code="10001"))]
    )
    assert after.find_code("10001", EVE).unit_id == "c10001.1"
    union = after.find_code("10001", DAY)
    assert (union.unit_id, union.full_name, union.parent_id) == ("c10001.2", "Phường Mới", "p02.1")
    assert {link.predecessor_id for link in after.predecessors("c10001.2")} == {"c10001.1", "c10003.1"}
    assert {link.relation for link in after.predecessors("c10001.2")} == {Relation.MERGED_INTO}


def test_the_largest_part_is_the_default():
    """Where shares are told, the largest part is what is meant when nothing tells more."""
    rows = [
        change("split", "10003", to_code=code, to_type="xã", to_name=code, shares={"area": Decimal(share)})
        for code, share in (("10010", "0.3"), ("10011", "0.7"))
    ]
    after = with_events(land(), [event(*rows)])
    assert [link.successor_id for link in after.successors("c10003.1") if link.is_default] == ["c10011.1"]


def test_a_tier_ends_and_what_was_below_hangs_higher():
    """Without districts their communes belong to the province; an island district goes on as a commune."""
    rows = (
        change("abolish_tier", "district"),
        change("promote", "001", to_code="10012", to_tier=Tier.COMMUNE, to_type="đặc khu", to_name="Đảo"),
    )
    after = with_events(land(), [event(rows[0])])
    assert after.get("c10001.1", DAY).parent_id == "p01.1"
    assert after.units(DAY, Tier.DISTRICT) == ()
    bare = UnitLedger([each for each in land().all_versions if each.parent_id != "d001.1"])
    island = with_events(bare, [event(*rows)]).find_code("10012", DAY)
    assert (island.full_name, island.parent_id) == ("Đặc khu Đảo", "p01.1")


def test_merged_provinces_keep_their_communes():
    """What is below a unit that goes wholly into another follows it."""
    told = {"to_code": "01", "to_type": "tỉnh", "to_name": "An Bình"}
    after = with_events(land(), [event(change("merge", "01", **told), change("merge", "02", to_code="01"))])
    union = after.find_code("01", DAY).unit_id
    assert after.get("c10003.1", DAY).parent_id == after.get("d001.1", DAY).parent_id == union


@pytest.mark.parametrize(
    ("rows", "position", "reason"),
    [
        ([change("rename", "99999", to_name="x")], 0, "no unit '99999' stands"),
        ([change("rename", "10001")], 0, "to_name is missing"),
        ([change("rename", "10001", to_name="x", to_type="xã")], 0, "to_type belongs to no rename"),
        ([change("rename", "10001", to_name="x"), change("rename", "c10001.1", to_name="y")], 1, "two values"),
        ([change("merge", "10001", **MERGE)], 0, "nothing else goes to 10001"),
        ([change("merge", "10001"), change("merge", "10002", to_code="10001")], 0, "to_code is missing"),
        ([change("split", "10001", **MERGE)], 0, "goes 1 way"),
        (
            [change("split", "10003", to_code=code, to_type="xã", to_name="x", shares={"area": Decimal("0.4")})
             for code in ("1", "2")],
            1, "make 0.8, not 1",
        ),
        (
            [change("split", "10003", to_code="1", to_type="xã", to_name="x", shares={"area": Decimal("0.4")}),
             change("split", "10003", to_code="2", to_type="xã", to_name="x")],
            1, "for some parts only",
        ),
        (
            [change("split", "02", to_code=code, to_type="tỉnh", to_name="x", to_parent="VN") for code in ("03", "04")],
            0, "Xã Ba \\(10003\\) would have no unit above it",
        ),
        ([change("move", "10001", to_parent="10002")], 0, "of no higher tier"),
        ([change("move", "10003", to_parent="09")], 0, "would have no unit above it"),
        ([change("recode", "10003", to_code="10001")], 0, "held by two units"),
        ([change("abolish_tier", "province of old")], 0, "is no tier"),
        ([change("promote", "10003", to_code="2", to_type="x", to_name="x")], 0, "and a to_tier"),
        ([change("merge", "10001", **MERGE), change("merge", "10002", to_code="10001"),
          change("rename", "10001", to_name="x")], 2, "merged or divided on the same day"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(rows, position, reason):
    """A fault is told with its row, though it show in the resulting map only."""
    with pytest.raises(UnitEventError, match=reason) as caught:
        with_events(land(), [event(*rows)])
    assert caught.value.position == position


def test_days_that_cannot_be():
    """No event lies before the last change that is known, and no decree after its own effect."""
    after = with_events(land(), [event(change("rename", "10003", to_name="Tư"))])
    with pytest.raises(UnitEventError, match="is not after 2027-01-01"):
        with_events(after, [event(change("rename", "10003", to_name="Năm"), event_id="f")])
    with pytest.raises(UnitEventError, match="later than what it changes"):
        with_events(land(), [event(change("rename", "10003", to_name="x"), decree_date=date(2027, 1, 2))])
    with pytest.raises(UnitEventError, match="two events have this name"):
        with_events(land(), [event(change("rename", "10003", to_name="x"))] * 2)
