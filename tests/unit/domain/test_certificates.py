"""The certificate clock: terms, states on a day, rounds, stars of points, and the balance of a period."""

import dataclasses
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.domain.certificates import (
    RECOGNISED,
    RECOGNITIONS,
    Balance,
    CertificateState,
    Event,
    EventKind,
    Flow,
    Level,
    Life,
    Place,
    Regime,
    Regimes,
    Round,
    Star,
    StarClass,
    add_months,
    advance,
    balance,
    classify,
    idle_events,
    life_at,
    movements,
    next_round,
    relocations,
    round_days,
    score_contradicts,
    standing,
    star_of_score,
    state_at,
    state_of,
)

ONE_DAY = timedelta(days=1)
CLASSES = tuple(
    StarClass(rank, Decimal(low), Decimal(high))
    for rank, low, high in ((5, 90, 100), (4, 70, 90), (3, 50, 70), (2, 30, 50), (1, 0, 30))
)
OLD = Regime("old", "A", None, date(2025, 12, 31), 36, None, {}, {}, (), "s", "A")
NEW = Regime("new", "B", date(2026, 1, 1), None, 36, 180, {Star.FIVE: Level.MINISTRY}, {}, CLASSES, "s", "A")
REGIMES = Regimes([OLD, NEW])
SHORT = Regimes([OLD, dataclasses.replace(NEW, months=24)])

DAY = date(2023, 5, 20)
LAPSE = date(2026, 5, 20)
"""The expiry of a recognition of `DAY`."""


def recognised(day: date, star: str = "3", unit: str = "a", product: str = "p") -> Event:
    """A recognition; which kind it is follows from the history."""
    return Event(product, EventKind.FIRST, day, Star(star), unit)


def event(kind: str, day: date, **fields: object) -> Event:
    """Any event of the product p."""
    return Event("p", EventKind(kind), day, **fields)  # type: ignore[arg-type]


def counted(history: list[Event], start: date, end: date, **where: object) -> dict[str, int]:
    """The columns of a balance that are not 0, after checking that it balances."""
    found = balance(history, start, end, REGIMES, **where)  # type: ignore[arg-type]
    assert found.difference == 0
    return {name: count for name, count in dataclasses.asdict(found).items() if count}


# --- the term -------------------------------------------------------------------------------------------------


def test_months_are_added_as_the_warehouse_adds_them() -> None:
    """The expiry of every day of twelve years is what DuckDB gives for the decision's day + INTERVAL 36 MONTH."""
    rows = duckdb.sql(
        "SELECT CAST(d AS DATE), CAST(d + INTERVAL 36 MONTH AS DATE), CAST(d + INTERVAL 13 MONTH AS DATE)"
        " FROM range(DATE '2018-05-07', DATE '2030-05-07', INTERVAL 1 DAY) AS t(d)"
    ).fetchall()
    assert len(rows) == 4383
    assert [(day, REGIMES.expiry(day), add_months(day, 13)) for day, *_ in rows] == rows


@pytest.mark.parametrize(
    ("decided", "expires"),
    [
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2021, 2, 28), date(2024, 2, 28)),
        (date(2023, 8, 31), date(2026, 8, 31)),
        (date(9998, 1, 1), date.max),
    ],
)
def test_ends_of_months(decided: date, expires: date) -> None:
    """A day the later month lacks becomes its last day; the last of a month stays where it is."""
    assert REGIMES.expiry(decided) == expires


def test_the_regime_of_the_decision_decides_the_term() -> None:
    """A term of 24 months from 2026 on leaves the certificates of 2025 their 36."""
    assert SHORT.expiry(date(2025, 12, 31)) == date(2028, 12, 31)
    assert SHORT.expiry(date(2026, 1, 1)) == date(2028, 1, 1)


@pytest.mark.parametrize(
    ("extensions", "expires"),
    [
        ([], LAPSE),
        ([date(2026, 5, 19)], LAPSE + timedelta(days=180)),
        ([LAPSE], LAPSE + timedelta(days=180)),
        ([date(2026, 5, 1), date(2026, 5, 1)], LAPSE + timedelta(days=180)),
        ([date(2026, 6, 1), date(2026, 5, 1)], LAPSE + timedelta(days=360)),
        ([LAPSE + ONE_DAY], LAPSE),
        ([date(2025, 12, 31)], LAPSE),
        ([DAY], LAPSE),
    ],
)
def test_an_extension_adds_what_its_own_regime_grants(extensions: list[date], expires: date) -> None:
    """180 days where granted, once a day, in any order; nothing after the lapse or before extensions existed."""
    assert REGIMES.expiry(DAY, extensions) == expires


def test_no_extension_comes_with_its_recognition() -> None:
    """Decided on one day, an extension can only mean the certificate before: the new one has its plain term."""
    day = date(2026, 2, 1)
    assert REGIMES.expiry(day, [day]) == date(2029, 2, 1)
    assert standing([event("extension", day), recognised(day)], day, REGIMES).expires == date(2029, 2, 1)


def test_an_unknown_regime_is_an_error() -> None:
    """No regime stands in for one that is not there."""
    assert REGIMES.get("new") is NEW
    with pytest.raises(KeyError, match="qd0"):
        REGIMES.get("qd0")


# --- states ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (DAY - ONE_DAY, CertificateState.NONE),
        (DAY, CertificateState.VALID),
        (LAPSE - ONE_DAY, CertificateState.VALID),
        (LAPSE, CertificateState.EXPIRED),
    ],
)
def test_the_last_valid_day_is_the_one_before_the_expiry(day: date, state: CertificateState) -> None:
    """Valid at the end of the day of decision; no longer at the end of the day of expiry."""
    assert state_at([recognised(DAY)], day, REGIMES) is state
    assert (standing([recognised(DAY)], day, REGIMES) is not None) is (state is CertificateState.VALID)


@pytest.mark.parametrize("star", RECOGNISED)
def test_kinds_of_recognition(star: Star) -> None:
    """More stars are an upgrade, fewer a downgrade, as many again; potential 5 stands between 4 and 5."""
    assert classify(None, star) is classify(Star.NONE, star) is EventKind.FIRST
    assert classify(star, star) is EventKind.AGAIN
    assert classify(star, Star.NONE) is EventKind.NOT_RECOGNISED
    for higher in RECOGNISED[RECOGNISED.index(star) + 1 :]:
        assert classify(star, higher) is EventKind.UPGRADE
        assert classify(higher, star) is EventKind.DOWNGRADE


def test_a_recognition_needs_a_star_and_a_refusal_has_none() -> None:
    """What contradicts itself is no event."""
    with pytest.raises(ValueError, match="needs a recognised star"):
        event("first", DAY, star=Star.NONE)
    with pytest.raises(ValueError, match="and yet 4"):
        event("not_recognised", DAY, star=Star.FOUR)


def test_an_evaluation_without_recognition_gives_and_takes_nothing() -> None:
    """A product evaluated but not recognised has no certificate; one in force stays in force."""
    refused = event("not_recognised", DAY + ONE_DAY, star=Star.NONE)
    assert state_at([refused], LAPSE, REGIMES) is CertificateState.NONE
    assert standing([recognised(DAY), refused], DAY + ONE_DAY, REGIMES).star is Star.THREE
    assert movements([refused], REGIMES) == ()


def test_a_noted_expiry_does_not_move_the_clock() -> None:
    """The clock decides, not somebody's note: the note of another day is for a finding."""
    noted = [recognised(DAY), event("expiry", date(2024, 1, 1))]
    assert state_at(noted, date(2024, 1, 1), REGIMES) is CertificateState.VALID


def test_revocation_ends_and_recognition_begins_anew() -> None:
    """Revoked from the day of the decision on, beyond its expiry too, until recognised again."""
    history = [recognised(DAY), event("revocation", date(2024, 3, 1))]
    assert state_at(history, date(2024, 2, 29), REGIMES) is CertificateState.VALID
    assert state_at(history, date(2024, 3, 1), REGIMES) is CertificateState.REVOKED
    assert state_at(history, date(2030, 1, 1), REGIMES) is CertificateState.REVOKED
    history.append(recognised(date(2025, 1, 1), "4"))
    assert standing(history, date(2025, 1, 1), REGIMES).expires == date(2028, 1, 1)


def test_what_takes_the_place_of_a_certificate_supersedes_it() -> None:
    """Each certificate has its own fate: superseded only if it was still valid when the next one came."""
    first, upgrade = recognised(DAY), recognised(date(2024, 1, 10), "4")
    after_lapse = recognised(date(2027, 2, 1), "4")
    history = [after_lapse, upgrade, first]
    assert state_of(first, history, date(2024, 1, 9), REGIMES) is CertificateState.VALID
    assert state_of(first, history, date(2024, 1, 10), REGIMES) is CertificateState.SUPERSEDED
    assert state_of(first, history, date(2030, 1, 1), REGIMES) is CertificateState.SUPERSEDED
    assert state_of(upgrade, history, date(2024, 1, 9), REGIMES) is CertificateState.NONE
    assert state_of(upgrade, history, date(2027, 2, 1), REGIMES) is CertificateState.EXPIRED
    assert state_of(after_lapse, history, date(2027, 2, 1), REGIMES) is CertificateState.VALID
    twice = [first, recognised(DAY, "4")]
    assert state_of(first, twice, DAY, REGIMES) is CertificateState.SUPERSEDED
    assert state_of(twice[1], twice, DAY, REGIMES) is CertificateState.VALID
    for star in ("3", "potential_5"):
        both = [dataclasses.replace(recognised(DAY, star), decision_no=f"9{star}"), recognised(DAY, "4")]
        assert standing(both, DAY, REGIMES).star is max(Star(star), Star.FOUR, key=lambda one: one.rank)


def test_an_extension_moves_the_expiry_of_what_is_in_force() -> None:
    """By the days of its regime, or to the day it names; never nearer."""
    later = date(2026, 9, 1)
    granted = event("extension", date(2026, 5, 1))
    named = event("extension", date(2026, 5, 1), expires=later)
    assert standing([granted, recognised(DAY)], DAY + ONE_DAY, REGIMES).expires == LAPSE
    assert standing([granted, recognised(DAY)], LAPSE, REGIMES).expires == LAPSE + timedelta(days=180)
    assert standing([recognised(DAY), named], LAPSE, REGIMES).expires == later
    sooner = event("extension", date(2026, 5, 1), expires=date(2026, 5, 2))
    assert state_at([recognised(DAY), sooner], LAPSE - ONE_DAY, REGIMES) is CertificateState.VALID


def test_a_correction_holds_from_its_own_day() -> None:
    """It puts star or term right, or undoes a recognition that was none; days before it keep what was known."""
    right = date(2024, 6, 1)
    star = [recognised(DAY), event("correction", right, star=Star.FOUR)]
    assert standing(star, right - ONE_DAY, REGIMES).star is Star.THREE
    assert standing(star, right, REGIMES).star is Star.FOUR
    assert standing(star, right, REGIMES).expires == LAPSE
    term = [recognised(DAY), event("correction", right, expires=date(2026, 3, 20))]
    assert state_at(term, date(2026, 3, 20), REGIMES) is CertificateState.EXPIRED
    terms = [event("correction", right, expires=date(2026, month, 1)) for month in (3, 4)]
    for order in (terms, terms[::-1]):
        assert standing([recognised(DAY), *order], right, REGIMES).expires == date(2026, 4, 1)
    undone = [recognised(DAY), event("correction", right, star=Star.NONE)]
    assert state_at(undone, right, REGIMES) is CertificateState.NONE
    revoked = [event("revocation", DAY + ONE_DAY), *undone]
    assert state_at(revoked, right, REGIMES) is CertificateState.REVOKED


def test_what_finds_nothing_to_act_on_is_shown() -> None:
    """Late extensions, extensions of unknown length, revocations of the lapsed, corrections of the revoked."""
    idle = [
        event("extension", LAPSE + ONE_DAY),
        event("revocation", LAPSE + ONE_DAY),
        event("extension", date(2024, 1, 1)),
        event("correction", DAY - ONE_DAY, star=Star.FOUR),
    ]
    acting = [recognised(DAY), event("extension", date(2025, 1, 1), expires=LAPSE), event("expiry", LAPSE)]
    assert set(idle_events(idle + acting, REGIMES)) == set(idle)
    revoked = event("revocation", date(2024, 1, 1))
    beyond = event("correction", date(2024, 2, 1), star=Star.FOUR)
    assert idle_events([recognised(DAY), revoked, beyond], REGIMES) == (beyond,)


# --- points and rounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "star"),
    [
        ("100", "potential_5"),
        ("90", "potential_5"),
        ("89.99", "4"),
        ("70", "4"),
        ("69.9", "3"),
        ("50", "3"),
        ("49.99", "none"),
        ("0", "none"),
    ],
)
def test_stars_of_points(points: str, star: str) -> None:
    """90, 70 and 50 points begin a class; no fraction falls between two."""
    assert star_of_score(Decimal(points), NEW) is Star(star)
    assert not score_contradicts(Decimal(points), Star(star), NEW)


def test_five_stars_are_the_ministrys() -> None:
    """Ninety points are 5 stars only for the body that recognises these, potential 5 for every other."""
    assert star_of_score(Decimal(91), NEW, Level.MINISTRY) is Star.FIVE
    assert star_of_score(Decimal(91), NEW, Level.PROVINCE) is Star.POTENTIAL_FIVE
    assert not score_contradicts(Decimal(91), Star.FIVE, NEW)
    assert score_contradicts(Decimal(91), Star.FOUR, NEW)
    assert score_contradicts(Decimal(71), Star.THREE, NEW)


def test_points_that_cannot_be() -> None:
    """Points outside the scale are refused; where no classes are known nothing is said."""
    for points in ("-0.1", "100.5"):
        with pytest.raises(ValueError, match="from 0 to 100"):
            star_of_score(Decimal(points), NEW)
    assert star_of_score(Decimal(1000), OLD) is None
    assert not score_contradicts(Decimal(20), Star.FIVE, OLD)


ROUNDS = [
    Round("new", level, month, 30, date(2026, 5, 22), None)
    for level, month in (
        (Level.PROVINCE, 6),
        (Level.PROVINCE, 12),
        (Level.MINISTRY, 3),
        (Level.MINISTRY, 9),
    )
]


@pytest.mark.parametrize(
    ("expiry", "today", "level", "fits"),
    [
        (date(2027, 5, 20), date(2026, 11, 22), Level.PROVINCE, date(2026, 12, 30)),
        (date(2027, 5, 20), date(2026, 11, 22), Level.MINISTRY, date(2027, 3, 30)),
        (date(2028, 5, 20), date(2026, 11, 22), Level.PROVINCE, date(2027, 12, 30)),
        (date(2026, 12, 30), date(2026, 11, 22), Level.PROVINCE, None),
        (date(2026, 12, 31), date(2026, 12, 30), Level.PROVINCE, date(2026, 12, 30)),
        (date(2026, 12, 31), date(2026, 12, 31), Level.PROVINCE, None),
        (date(2026, 11, 1), date(2026, 11, 22), Level.PROVINCE, None),
        (date(2026, 6, 1), date(2025, 1, 1), Level.PROVINCE, None),
        (date(2026, 8, 1), date(2025, 1, 1), Level.PROVINCE, date(2026, 6, 30)),
        (date(2027, 5, 20), date(2026, 11, 22), Level.DISTRICT, None),
    ],
)
def test_the_last_round_that_fits(expiry: date, today: date, level: Level, fits: date | None) -> None:
    """Before the expiry, from today on, of the level asked, and only where the law names a day."""
    assert next_round(ROUNDS, expiry, today, level) == fits


def test_days_of_rounds() -> None:
    """They are listed in order over years, none before the regime that set them: its absence is no day."""
    province = round_days(ROUNDS, Level.PROVINCE, date(2020, 1, 1), date(2027, 6, 30))
    assert province == (date(2026, 6, 30), date(2026, 12, 30), date(2027, 6, 30))
    assert round_days(ROUNDS, Level.MINISTRY, date(2026, 1, 1), date(2026, 5, 21)) == ()


# --- the balance, case by case --------------------------------------------------------------------------------

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
WINTER = (date(2026, 1, 1), date(2026, 3, 31))


def test_recognised_and_lapsed() -> None:
    """The first recognition comes in on its day, the lapse goes out on the day of expiry."""
    history = [recognised(DAY)]
    assert counted(history, DAY, DAY) == {"first": 1, "closing": 1}
    assert counted(history, DAY + ONE_DAY, LAPSE - ONE_DAY) == {"opening": 1, "closing": 1}
    assert counted(history, LAPSE, LAPSE) == {"opening": 1, "expired": 1}


@pytest.mark.parametrize("renewed", [date(2026, 2, 1), LAPSE - ONE_DAY, LAPSE])
def test_a_renewal_in_time_moves_nothing(renewed: date) -> None:
    """Recognised again before the expiry or on its very day: the product never left."""
    assert counted([recognised(DAY), recognised(renewed)], *YEAR) == {"opening": 1, "closing": 1}


def test_an_upgrade_moves_from_star_to_star() -> None:
    """Out of the one, into the other; in the row of all stars nothing moves."""
    history = [recognised(DAY), recognised(date(2026, 2, 1), "4")]
    assert counted(history, *YEAR, star=Star.THREE) == {"opening": 1, "upgraded_out": 1}
    assert counted(history, *YEAR, star=Star.FOUR) == {"upgraded_in": 1, "closing": 1}
    assert counted(history, *YEAR) == {"opening": 1, "closing": 1}
    down = [recognised(DAY, "4"), recognised(date(2026, 2, 1))]
    assert counted(down, *YEAR, star=Star.THREE) == {"downgraded_in": 1, "closing": 1}
    assert counted(down, *YEAR, star=Star.FOUR) == {"opening": 1, "downgraded_out": 1}


def test_an_upgrade_after_the_lapse_is_a_return() -> None:
    """What had lapsed is not upgraded: it lapsed from its star and returned with another."""
    history = [recognised(DAY), recognised(LAPSE + ONE_DAY, "4")]
    assert counted(history, *YEAR, star=Star.THREE) == {"opening": 1, "expired": 1}
    assert counted(history, *YEAR, star=Star.FOUR) == {"returned": 1, "closing": 1}
    assert counted(history, *YEAR) == {"opening": 1, "expired": 1, "returned": 1, "closing": 1}


def test_an_upgrade_on_the_day_of_expiry_is_an_upgrade() -> None:
    """The decision of that day found the certificate valid at the end of the day before."""
    history = [recognised(DAY), recognised(LAPSE, "4")]
    assert counted(history, *YEAR, star=Star.FOUR) == {"upgraded_in": 1, "closing": 1}


def test_an_extension_puts_the_lapse_off() -> None:
    """An extended certificate lapses on its new day only; one extended too late has lapsed."""
    extended = [recognised(DAY), event("extension", LAPSE)]
    assert counted(extended, date(2026, 1, 1), date(2026, 11, 15)) == {"opening": 1, "closing": 1}
    assert counted(extended, date(2026, 11, 16), date(2026, 11, 16)) == {"opening": 1, "expired": 1}
    late = [recognised(DAY), event("extension", LAPSE + ONE_DAY)]
    assert counted(late, *YEAR) == {"opening": 1, "expired": 1}


def test_revoked_and_recognised_again() -> None:
    """It goes out as revoked and comes back as returned; both on one day are no movement."""
    revoked = event("revocation", date(2026, 2, 1))
    history = [recognised(DAY), revoked, recognised(date(2026, 3, 1))]
    assert counted(history, *YEAR) == {"opening": 1, "revoked": 1, "returned": 1, "closing": 1}
    same_day = [recognised(DAY), revoked, recognised(date(2026, 2, 1))]
    assert counted(same_day, *YEAR) == {"opening": 1, "closing": 1}
    on_expiry = [recognised(DAY), event("revocation", LAPSE)]
    assert counted(on_expiry, *YEAR) == {"opening": 1, "revoked": 1}
    after = [recognised(DAY), event("revocation", LAPSE + ONE_DAY)]
    assert counted(after, *YEAR) == {"opening": 1, "expired": 1}


def test_a_transfer_between_units() -> None:
    """Out of one commune, into the other; within the province nothing moves. Another producer moves nothing."""
    history = [recognised(DAY), event("transfer", date(2026, 2, 1), unit_id="b", producer_id="new")]
    assert counted(history, *WINTER, units={"a"}) == {"opening": 1, "transferred_out": 1}
    assert counted(history, *WINTER, units={"b"}) == {"transferred_in": 1, "closing": 1}
    assert counted(history, *WINTER, units={"a", "b"}) == {"opening": 1, "closing": 1}
    assert standing(history, date(2026, 2, 1), REGIMES).producer_id == "new"


def test_a_lapsed_product_that_moves_is_in_nobodys_stock() -> None:
    """A transfer after the lapse counts nowhere, but the return happens in the new commune."""
    history = [
        recognised(DAY),
        event("transfer", date(2026, 6, 1), unit_id="b"),
        event("again", date(2026, 7, 1), star=Star.THREE),
    ]
    assert counted(history, *YEAR, units={"a"}) == {"opening": 1, "expired": 1}
    assert counted(history, *YEAR, units={"b"}) == {"returned": 1, "closing": 1}


def test_moved_and_upgraded_on_one_day() -> None:
    """First it moves with its old star, then it is upgraded where it went, so that every row balances."""
    history = [
        recognised(DAY),
        event("transfer", date(2026, 2, 1), unit_id="b"),
        recognised(date(2026, 2, 1), "4"),
    ]
    assert counted(history, *YEAR, units={"a"}, star=Star.THREE) == {"opening": 1, "transferred_out": 1}
    assert counted(history, *YEAR, units={"b"}, star=Star.THREE) == {"transferred_in": 1, "upgraded_out": 1}
    assert counted(history, *YEAR, units={"b"}, star=Star.FOUR) == {"upgraded_in": 1, "closing": 1}


def test_a_change_of_the_map_moves_products() -> None:
    """Products of the old commune, valid or not, are of the new one from its first day; others stay."""
    day = date(2025, 7, 1)
    history = [recognised(DAY), recognised(DAY, unit="c", product="q"), recognised(LAPSE, product="late")]
    moved = relocations(history, day, {"a": "b"}, REGIMES)
    assert moved == (Event("p", EventKind.TRANSFER, day, unit_id="b"),)
    history += moved
    assert counted(history, day, day, units={"a"}) == {"opening": 1, "transferred_out": 1}
    assert counted(history, day, day, units={"b"}) == {"transferred_in": 1, "closing": 1}
    assert counted(history, day, day, units={"c"}) == {"opening": 1, "closing": 1}


def test_corrections_have_columns_of_their_own() -> None:
    """A figure put right is neither an upgrade nor a revocation nor a lapse."""
    right = date(2026, 2, 1)
    star = [recognised(DAY), event("correction", right, star=Star.FOUR)]
    assert counted(star, *YEAR, star=Star.THREE) == {"opening": 1, "corrected_out": 1}
    assert counted(star, date(2026, 1, 1), right, star=Star.FOUR) == {"corrected_in": 1, "closing": 1}
    undone = [recognised(DAY), event("correction", right, star=Star.NONE)]
    assert counted(undone, *YEAR) == {"opening": 1, "corrected_out": 1}
    shorter = [recognised(DAY), event("correction", right, expires=date(2026, 1, 1))]
    assert counted(shorter, *YEAR) == {"opening": 1, "corrected_out": 1}
    revived = [recognised(DAY), event("correction", date(2026, 7, 1), expires=date(2027, 1, 20))]
    assert counted(revived, *YEAR) == {"opening": 1, "expired": 1, "corrected_in": 1, "closing": 1}


def test_an_event_reported_late_moves_the_period_of_its_decision() -> None:
    """The balance of a period is by day of decision, with all that is known when it is asked."""
    known = [recognised(DAY)]
    assert counted(known, *WINTER) == {"opening": 1, "closing": 1}
    known.append(event("revocation", date(2026, 2, 1)))
    assert counted(known, *WINTER) == {"opening": 1, "revoked": 1}


def test_forty_eight_lapse_and_eight_were_renewed() -> None:
    """Of 48 certificates of one day 8 are renewed: the stock falls by 40, and 12 months before 48 were in sight."""
    history = [recognised(DAY, product=f"p{number}") for number in range(48)]
    history += [recognised(date(2026, 4, 10), product=f"p{number}") for number in range(8)]
    history += [recognised(date(2026, 1, 5), product="other")]
    year_before = add_months(LAPSE, -12)
    seen = [life for p in range(48) if (life := standing(of(history, f"p{p}"), year_before, REGIMES))]
    assert sum(life.expires <= add_months(year_before, 12) for life in seen) == 48
    assert counted(history, date(2026, 5, 1), date(2026, 5, 31)) == {
        "opening": 49,
        "expired": 40,
        "closing": 9,
    }


def test_rows_of_a_table_add_up() -> None:
    """A sum of rows keeps what moved between them on both sides, and balances as they do."""
    total = Balance(opening=2, upgraded_out=1, closing=1) + Balance(upgraded_in=1, closing=1)
    assert total == Balance(opening=2, upgraded_in=1, upgraded_out=1, closing=2)
    assert total.difference == 0
    assert Balance(opening=48, closing=9).difference == 39


# --- laws -----------------------------------------------------------------------------------------------------

UNITS = ("a", "b", "c")
_STARTS = [date(2022, 1, 31), date(2023, 2, 28), date(2024, 2, 29), date(2026, 1, 1), date(2026, 7, 1)]
_TURNS = [REGIMES.expiry(day) for day in _STARTS] + [REGIMES.expiry(_STARTS[1], [date(2026, 1, 15)])]
# Few days, most of them a start, an expiry or beside one, so that decisions meet on the days where rules turn.
days = st.builds(
    lambda day, shift: day + timedelta(days=shift),
    st.sampled_from(_STARTS + _TURNS),
    st.sampled_from([-1, 0, 0, 0, 1, 15]),
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Any event of one of three products in one of three communes."""
    kind = draw(st.sampled_from([*RECOGNITIONS, *RECOGNITIONS, *EventKind]))
    star = None
    if kind in RECOGNITIONS:
        star = draw(st.sampled_from(RECOGNISED))
    elif kind is EventKind.CORRECTION:
        star = draw(st.sampled_from([None, *Star]))
    return Event(
        product_id=draw(st.sampled_from(["p", "q", "r"])),
        kind=kind,
        day=draw(days),
        star=star,
        unit_id=draw(st.sampled_from(UNITS if kind in RECOGNITIONS else ("", *UNITS))),
        expires=draw(st.none() | days) if kind in {EventKind.EXTENSION, EventKind.CORRECTION} else None,
        decision_no=draw(st.sampled_from(["", "1/QĐ"])),
    )


histories = st.lists(events(), max_size=9)
starred = st.none() | st.sampled_from(RECOGNISED)
places = st.none() | st.sets(st.sampled_from(UNITS)).map(frozenset)


def of(history: list[Event], product: str) -> list[Event]:
    """The events of one product."""
    return [found for found in history if found.product_id == product]


def turning_days(history: list[Event]) -> list[date]:
    """Every day on which anything could change."""
    found = {moment.day for moment in history} | {m.expires for m in history if m.expires}
    found |= {REGIMES.expiry(moment.day) for moment in history}
    for moment in history:
        found.add(life_at(of(history, moment.product_id), moment.day, REGIMES).expires)
    return sorted(day for day in found if day > date.min)


@given(histories, days, days, starred, places)
def test_the_identity_holds(
    history: list[Event], one: date, other: date, star: Star | None, units: frozenset[str] | None
) -> None:
    """Opening and all that entered, less all that left, is the closing: any history, period, star and unit."""
    start, end = sorted([one, other])
    assert balance(history, start, end, REGIMES, star, units).difference == 0


@given(histories, days, days, st.data())
def test_order_and_repeats_do_not_matter(
    history: list[Event], one: date, other: date, data: st.DataObject
) -> None:
    """The same events in any order, some of them twice, give the same balance, states and movements."""
    again = data.draw(st.lists(st.sampled_from(history), max_size=4)) if history else []
    shuffled = data.draw(st.permutations(history + again))
    start, end = sorted([one, other])
    assert balance(shuffled, start, end, REGIMES) == balance(history, start, end, REGIMES)
    for product in ("p", "q", "r"):
        assert life_at(of(shuffled, product), end, REGIMES) == life_at(of(history, product), end, REGIMES)
        assert movements(of(shuffled, product), REGIMES) == movements(of(history, product), REGIMES)


same_day = st.builds(
    Event,
    product_id=st.just("p"),
    kind=st.sampled_from([*RECOGNITIONS, EventKind.TRANSFER]),
    day=st.just(DAY),
    star=st.just(Star.THREE),
    unit_id=st.sampled_from(UNITS),
    producer_id=st.sampled_from(["", "x", "y"]),
    decision_no=st.sampled_from(["", "1/QĐ"]),
)


@given(st.lists(same_day, min_size=2, max_size=4), st.data())
def test_of_equals_on_one_day_arrival_does_not_choose(history: list[Event], data: st.DataObject) -> None:
    """Where decisions of one day contradict each other in commune, producer or number, one always stands."""
    shuffled = data.draw(st.permutations(history))
    assert life_at(shuffled, DAY, REGIMES) == life_at(history, DAY, REGIMES)


@given(histories, days)
def test_one_decision_reported_in_two_ways_is_one(history: list[Event], day: date) -> None:
    """A decision reported again without its number, or under another kind of recognition, changes no state."""
    other_kind = dict.fromkeys(RECOGNITIONS, EventKind.AGAIN)
    again = [
        dataclasses.replace(found, decision_no="", kind=other_kind.get(found.kind, found.kind))
        for found in history
    ]
    for product in ("p", "q", "r"):
        alone, twice = of(again, product), of(history + again, product)
        assert state_at(twice, day, REGIMES) is state_at(alone, day, REGIMES)


@given(histories, st.lists(days, max_size=3))
def test_from_scratch_and_step_by_step(history: list[Event], cuts: list[date]) -> None:
    """A product's life taken up at any day and led on is the one told from the beginning."""
    for product in ("p", "q", "r"):
        events_of = of(history, product)
        life, last = Life(), date.min
        for cut in sorted({*cuts, date.max}):
            life = advance(life, [found for found in events_of if last < found.day <= cut], REGIMES)
            last = cut
            assert life == life_at(events_of, cut, REGIMES)


@given(histories, days)
def test_a_later_event_never_changes_an_earlier_day(history: list[Event], day: date) -> None:
    """What is decided after a day says nothing about it, neither of the product nor of its certificates."""
    known = [found for found in history if found.day <= day]
    assert {p: state_at(of(history, p), day, REGIMES) for p in "pqr"} == {
        p: state_at(of(known, p), day, REGIMES) for p in "pqr"
    }
    for found in known:
        if found.kind in RECOGNITIONS:
            mine = of(history, found.product_id)
            assert state_of(found, mine, day, REGIMES) is state_of(
                found, of(known, found.product_id), day, REGIMES
            )


@given(histories, st.tuples(days, days, days), starred, places)
def test_adjacent_periods_chain(
    history: list[Event], three: tuple[date, date, date], star: Star | None, units: frozenset[str] | None
) -> None:
    """The closing of a period is the opening of the next, and the movements of both are those of the whole."""
    start, middle, end = sorted(three)
    first = balance(history, start, middle, REGIMES, star, units)
    second = balance(history, middle + ONE_DAY, max(end, middle + ONE_DAY), REGIMES, star, units)
    whole = balance(history, start, max(end, middle + ONE_DAY), REGIMES, star, units)
    assert first.closing == second.opening
    assert (first.opening, second.closing) == (whole.opening, whole.closing)
    both = dataclasses.replace(first + second, opening=whole.opening, closing=whole.closing)
    assert both == whole


@given(histories, days, days, places)
def test_rows_of_stars_add_up_to_the_row_of_all(
    history: list[Event], one: date, other: date, units: frozenset[str] | None
) -> None:
    """Over all stars what is upgraded in is what is upgraded out (downgraded likewise); the rest is the whole's."""
    start, end = sorted([one, other])
    total = sum((balance(history, start, end, REGIMES, star, units) for star in RECOGNISED), start=Balance())
    whole = balance(history, start, end, REGIMES, None, units)
    assert total.upgraded_in == total.upgraded_out
    assert total.downgraded_in == total.downgraded_out
    assert whole.upgraded_in == whole.downgraded_in == 0
    for column in ("opening", "first", "returned", "expired", "revoked", "closing"):
        assert getattr(total, column) == getattr(whole, column)
    assert total.corrected_in - total.corrected_out == whole.corrected_in - whole.corrected_out


@given(histories, days, days, starred)
def test_rows_of_communes_add_up_to_the_provinces(
    history: list[Event], one: date, other: date, star: Star | None
) -> None:
    """Over all communes what is transferred in is what is transferred out, and the rest is the province's."""
    start, end = sorted([one, other])
    total = sum((balance(history, start, end, REGIMES, star, {unit}) for unit in UNITS), start=Balance())
    whole = balance(history, start, end, REGIMES, star, set(UNITS))
    assert total.transferred_in == total.transferred_out
    assert whole.transferred_in == whole.transferred_out == 0
    assert dataclasses.replace(total, transferred_in=0, transferred_out=0) == whole


@given(histories)
def test_movements_are_the_differences_of_days(history: list[Event]) -> None:
    """Day by day the movements lead from where a product stood to where it stands, and there are no others."""
    for product in ("p", "q", "r"):
        mine = of(history, product)
        by_day: dict[date, list[tuple[Place | None, Place | None]]] = {}
        for moved in movements(mine, REGIMES):
            by_day.setdefault(moved.day, []).append((moved.source, moved.target))
        for day in turning_days(mine):
            before, after = (standing(mine, at, REGIMES) for at in (day - ONE_DAY, day))
            path = by_day.pop(day, [])
            ends = (before and before.place(), after and after.place())
            assert (path[0][0], path[-1][1]) == ends if path else ends[0] == ends[1]
            assert all(left[1] == right[0] for left, right in pairwise(path))
        assert by_day == {}


@given(histories)
def test_a_product_is_first_recognised_once(history: list[Event]) -> None:
    """In all its life a product enters as first at most once, and before it returns or is moved."""
    for product in ("p", "q", "r"):
        flows = [moved.flow for moved in movements(of(history, product), REGIMES)]
        assert Counter(flows)[Flow.FIRST] == bool(flows)
        assert flows[:1] in ([], [Flow.FIRST])


@given(st.lists(st.builds(recognised, days, st.sampled_from(RECOGNISED)), max_size=6), days)
def test_recognitions_alone_are_judged_as_the_warehouse_does(history: list[Event], day: date) -> None:
    """The latest recognition decided by the day is in force while its 36 months end after it (product_status.sql)."""
    decided = [found.day for found in history if found.day <= day]
    expected = CertificateState.NONE
    if decided:
        valid = add_months(max(decided), 36) > day
        expected = CertificateState.VALID if valid else CertificateState.EXPIRED
    assert state_at(history, day, REGIMES) is expected
