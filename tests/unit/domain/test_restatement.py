"""Figures on another map: nothing is lost, whole units stay exact, and no order of events matters."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.domain.restatement import (
    Way,
    direction,
    equally,
    ground_days,
    restated,
    shared_out,
    ways,
)
from ocop_pipeline.domain.unit_events import ChangeKind, UnitChange, UnitEvent, with_events
from ocop_pipeline.domain.units import Tier, UnitLedger, UnitVersion

FIRST_DAY = date(2025, 1, 1)
LAST_DAY = date(2035, 1, 1)


def unit(unit_id, code, tier, parent, name):
    """A unit in force from the beginning."""
    kind = {Tier.NATION: "nước", Tier.PROVINCE: "tỉnh", Tier.COMMUNE: "xã"}[tier]
    return UnitVersion(unit_id, code, tier, kind, name, f"{kind.capitalize()} {name}", parent, None, None)


def country(communes=6):
    """Two provinces with communes A, B, C … by turns."""
    provinces = [unit(f"p0{n}.1", f"0{n}", Tier.PROVINCE, "VN", f"Tỉnh {n}") for n in (1, 2)]
    below = [
        unit(f"c1000{n}.1", f"1000{n}", Tier.COMMUNE, f"p0{n % 2 + 1}.1", f"Xã {n}") for n in range(communes)
    ]
    return UnitLedger([unit("VN", "VN", Tier.NATION, None, "Việt Nam"), *provinces, *below])


def event(number, changes, day=None):
    """An event of the year `number` after the first."""
    effective = day or date(2026 + number, 1, 1)
    return UnitEvent(f"e{number}", effective, f"Nghị quyết {number}", effective, tuple(changes))


def merge(units, code, parent="01"):
    """Rows of a merger of units into a new one."""
    return [
        UnitChange(
            ChangeKind.MERGE, each, to_code=code, to_type="xã", to_name=f"Mới {code}", to_parent=parent
        )
        for each in units
    ]


def split(whole, codes, shares=()):
    """Rows of a division into new units."""
    return [
        UnitChange(
            ChangeKind.SPLIT, whole, to_code=code, to_type="xã", to_name=f"Mới {code}",
            shares={"population": shares[place]} if shares else {},
        )
        for place, code in enumerate(codes)
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------- laws


@st.composite
def histories(draw):
    """A country and events of up to four years: mergers, divisions, transfers and new names, at random."""
    ledger, events, next_code = country(), [], 20000
    for number in range(draw(st.integers(0, 4))):
        day = date(2026 + number, 1, 1)
        now = with_events(ledger, events)
        standing = sorted(each.code for each in now.units(day - timedelta(days=1), Tier.COMMUNE))
        kind = draw(st.sampled_from(["merge", "split", "transfer", "rename"]))
        changes = []
        if kind == "merge" and len(standing) > 1:
            chosen = draw(st.lists(st.sampled_from(standing), min_size=2, max_size=3, unique=True))
            changes = merge(chosen, str(next_code))
        elif kind == "split":
            changes = split(draw(st.sampled_from(standing)), [str(next_code), str(next_code + 1)])
        elif kind == "transfer" and len(standing) > 1:
            giver, taker = draw(st.lists(st.sampled_from(standing), min_size=2, max_size=2, unique=True))
            told = {"to_type": "xã", "to_parent": "02"}
            changes = [
                UnitChange(ChangeKind.TRANSFER, giver, to_code=giver, to_name="Còn lại", **told),
                UnitChange(ChangeKind.TRANSFER, giver, to_code=taker, to_name="Rộng hơn", **told),
                UnitChange(ChangeKind.MERGE, taker, to_code=taker, to_name="Rộng hơn", **told),
            ]
        elif kind == "rename":
            changes = [
                UnitChange(ChangeKind.RENAME, draw(st.sampled_from(standing)), to_name=f"Tên {number}")
            ]
        if changes:
            events.append(event(number, changes))
        next_code += 2
    return ledger, events


DAYS = st.dates(FIRST_DAY, LAST_DAY)


def figures_of(ledger, day, draw_seed):
    """A figure for every commune of a day, from a seed."""
    units = sorted(each.unit_id for each in ledger.units(day, Tier.COMMUNE))
    return {each: Decimal((draw_seed * (place + 3) * 37) % 101 - 20) for place, each in enumerate(units)}


@given(histories(), DAYS, DAYS, st.integers(1, 1000))
def test_totals_are_the_same_on_every_map(history, since, until, seed):
    """Whatever happened, and in whichever direction, all figures together make what they made."""
    ledger = with_events(*history)
    figures = figures_of(ledger, since, seed)
    found = restated(figures, ways(ledger, since, until))
    assert sum((each.value for each in found.values()), Decimal(0)) == sum(figures.values())
    assert set(found) <= {each.unit_id for each in ledger.units(until, Tier.COMMUNE)}


@given(histories(), DAYS, st.integers(1, 1000))
def test_restating_to_the_same_day_is_the_identity(history, day, seed):
    """On its own map every figure is what was reported, and no estimate."""
    ledger = with_events(*history)
    figures = figures_of(ledger, day, seed)
    found = restated(figures, ways(ledger, day, day))
    assert {unit_id: each.value for unit_id, each in found.items()} == figures
    assert not any(each.estimated for each in found.values())


@given(histories(), st.randoms(), DAYS, DAYS)
def test_the_order_of_events_is_irrelevant(history, order, since, until):
    """Events loaded in another order give the same units, links and ways."""
    ledger, events = history
    shuffled = list(events)
    order.shuffle(shuffled)
    one, other = with_events(ledger, events), with_events(ledger, shuffled)
    assert Counter(map(repr, one.all_versions)) == Counter(map(repr, other.all_versions))
    assert Counter(map(repr, one.all_successions)) == Counter(map(repr, other.all_successions))
    assert ways(one, since, until) == ways(other, since, until)


@given(histories(), DAYS, DAYS, st.integers(1, 1000))
def test_whole_units_stay_exact(history, since, until, seed):
    """A target reached by whole units only has their sum, and nothing estimated; shares always make 1."""
    ledger = with_events(*history)
    figures = figures_of(ledger, since, seed)
    ways_of = ways(ledger, since, until)
    found = restated(figures, ways_of)
    for target, each in found.items():
        sources = [
            source for source, of_unit in ways_of.items() if any(way.target_id == target for way in of_unit)
        ]
        if all(len(ways_of[source]) == 1 for source in sources):
            assert each.value == sum(figures[source] for source in sources)
            assert each.estimated == 0
    assert all(sum(way.share for way in of_unit) == 1 for of_unit in ways_of.values())


@given(
    st.decimals(-1000, 1000, places=2),
    st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any),
)
def test_parts_are_whole_steps_and_make_the_figure(figure, weights):
    """A figure shared out loses nothing, and each part lies less than one step from its exact share."""
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    parts = shared_out(figure, shares, 2)
    assert sum(parts) == figure
    for part, share in zip(parts, shares, strict=True):
        assert abs(Fraction(part) - Fraction(figure) * share) < Fraction(1, 100)


# ------------------------------------------------------------------------------------------ cases


def test_a_union_adds_and_a_division_shares():
    """4, 6 and 5 make 15 after a merger, not the last of them; half of 7 is 4 and 3."""
    merged = with_events(country(3), [event(0, merge(["10000", "10001", "10002"], "20000"))])
    figures = dict(zip(["c10000.1", "c10001.1", "c10002.1"], map(Decimal, (4, 6, 5)), strict=True))
    found = restated(figures, ways(merged, FIRST_DAY, LAST_DAY))
    assert [(each.value, each.estimated) for each in found.values()] == [(15, 0)]

    divided = with_events(country(1), [event(0, split("10000", ["20000", "20001"]))])
    found = restated({"c10000.1": Decimal(7)}, ways(divided, FIRST_DAY, LAST_DAY))
    assert [(each.value, each.estimated) for each in found.values()] == [(4, 4), (3, 3)]


def test_told_shares_weigh():
    """Where the decree tells the share of the people, a figure weighed by them follows it."""
    rows = split("10000", ["20000", "20001"], (Decimal("0.75"), Decimal("0.25")))
    ledger = with_events(country(1), [event(0, rows)])

    def by_population(link):
        return Fraction(link.shares.get("population", 1))

    assert [way.share for way in ways(ledger, FIRST_DAY, LAST_DAY, by_population)["c10000.1"]] == [
        Fraction(3, 4), Fraction(1, 4),
    ]  # fmt: skip
    assert {way.share for way in ways(ledger, FIRST_DAY, LAST_DAY, equally)["c10000.1"]} == {Fraction(1, 2)}


def test_a_new_name_draws_no_new_map():
    """A rename is no change of the ground, and leads nowhere else."""
    ledger = with_events(country(2), [event(0, [UnitChange(ChangeKind.RENAME, "10000", to_name="Khác")])])
    assert ground_days(ledger) == ()
    assert ways(ledger, FIRST_DAY, LAST_DAY)["c10000.1"] == (Way("c10000.1", Fraction(1)),)


def test_directions():
    """A union may be carried forward, a clean division backward, a transfer of a part neither way."""
    told = {"to_type": "xã", "to_parent": "01"}
    ledger = with_events(
        country(6),
        [
            event(0, merge(["10000", "10001"], "20000")),
            event(1, split("10002", ["20001", "20002"])),
            event(
                2,
                [
                    UnitChange(ChangeKind.TRANSFER, "10003", to_code="10003", to_name="Còn", **told),
                    UnitChange(ChangeKind.TRANSFER, "10003", to_code="10004", to_name="Rộng", **told),
                    UnitChange(ChangeKind.MERGE, "10004", to_code="10004", to_name="Rộng", **told),
                ],
            ),
            event(3, [UnitChange(ChangeKind.RENAME, "10005", to_name="Khác")]),
        ],
    )
    found = {
        (link.predecessor_id, link.successor_id): direction(ledger, link) for link in ledger.all_successions
    }
    assert found == {
        ("c10000.1", "c20000.1"): "forward",
        ("c10001.1", "c20000.1"): "forward",
        ("c10002.1", "c20001.1"): "backward",
        ("c10002.1", "c20002.1"): "backward",
        ("c10003.1", "c10003.2"): "backward",
        ("c10003.1", "c10004.2"): "none",
        ("c10004.1", "c10004.2"): "forward",
        ("c10005.1", "c10005.1"): "both",
    }


def test_more_digits_than_the_unit_has_are_refused():
    """Half a product cannot be shared out in whole products."""
    with pytest.raises(ValueError, match="more than 0 digits"):
        shared_out(Decimal("0.5"), [Fraction(1, 2), Fraction(1, 2)])
