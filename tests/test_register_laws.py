"""The register in SQL against the pure functions of `domain/certificates.py`: any history, any order of arrival.

Histories hold everything that can happen to a product. Registers tell of it as they do in life: recognitions in lines
of monthly workbooks, by the producer and commune of the day, everything else in lists of decisions; lines are repeated,
old decisions are listed again by whoever has the product later, and nothing arrives in order.
"""

import functools
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.domain.certificates import (
    RECOGNITIONS,
    CertificateState,
    Event,
    EventKind,
    Star,
    balance,
    life_at,
    state_of,
)
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.register.identity import Names, identities
from ocop_pipeline.warehouse.reference import FIRST_DAY, LAST_DAY
from ocop_pipeline.warehouse.register import listings, store_register, transfers
from tests.source_tables import make_table, models

_BEFORE = ("core.listings",)
_AFTER = (
    "core.evaluations", "core.product_events", "core.producers", "core.recognitions", "core.product_history",
    "core.product_changes", "core.certificates", "core.product_places",
    "core.product_status", "core.register_movements",
    "core.register_balance", "core.register_flow_products", "core.register_flows",
)  # fmt: skip
_COMMUNES, _PROVINCE = ("c1", "c2"), "p1"
_MONTHS = tuple(Period(f"2026-{month:02d}") for month in (8, 9, 10))
_STARS = ("3", "4", "potential_5", "5")
_PRODUCTS = ("Gạo", "Trà", "Nấm", "Mật ong")
_FIRST_DAY, _DAYS = date(2019, 9, 1), 365 * 7 + 60
_LAST = (_MONTHS[-1].end - _FIRST_DAY).days
_COLUMNS = {
    "opening": "opening_count", "first": "first_count", "returned": "regained_count",
    "upgraded_in": "upgraded_in_count", "upgraded_out": "upgraded_out_count",
    "downgraded_in": "downgraded_in_count", "downgraded_out": "downgraded_out_count",
    "transferred_in": "moved_in_count", "transferred_out": "moved_out_count",
    "corrected_in": "corrected_in_count", "corrected_out": "corrected_out_count",
    "expired": "expired_count", "revoked": "revoked_count", "closing": "closing_count",
}  # fmt: skip
"""Column of the pure balance -> column of core.register_balance."""

# Days come near each other and near the ends of certificates more often than chance would have them.
_TERMS = st.sampled_from((0, 1, 1095, 1096, 1097, 180, 1276))
_OFFSETS = st.one_of(
    st.integers(0, _DAYS),
    st.integers(_LAST - 95, _LAST),
    st.builds(
        lambda end, term, slip: max(0, end - term + slip),
        st.integers(_LAST - 95, _LAST),
        _TERMS,
        st.integers(-2, 2),
    ),
)
_THINGS = st.one_of(
    st.tuples(st.just("recognition"), st.sampled_from(_STARS)),
    st.tuples(st.just("recognition"), st.sampled_from(_STARS)),
    st.tuples(st.just("not_recognised")),
    st.tuples(st.just("revocation")),
    st.tuples(
        st.just("extension"),
        st.one_of(
            st.just({}), st.builds(lambda n: {"months": n}, st.integers(1, 24)),
            st.builds(lambda n: {"days": n}, st.integers(1, 400)), st.builds(lambda n: {"to": n}, _OFFSETS),
        ),
    ),
    st.tuples(
        st.just("transfer"),
        st.sampled_from(({"producer": "B"}, {"producer": "C"}, {"producer": "A"}, {"unit": "c2"}, {"unit": "c1"},
                         {"producer": "B", "unit": "c2"})),
    ),
    st.tuples(
        st.just("correction"),
        st.one_of(
            st.builds(lambda star: {"star": star}, st.sampled_from((*_STARS, "none"))),
            st.builds(lambda n: {"to": n}, _OFFSETS),
            st.builds(lambda star, n: {"star": star, "to": n}, st.sampled_from(_STARS), _OFFSETS),
        ),
    ),
)  # fmt: skip
_HISTORIES = st.dictionaries(
    st.sampled_from(_PRODUCTS),
    st.lists(
        st.tuples(_OFFSETS, _THINGS), min_size=1, max_size=8, unique_by=lambda each: (each[0], each[1][0])
    ),
    min_size=1,
)
"""Product -> what happened to it: days after the first one, a kind and what it sets; no kind twice on a day."""


@dataclass(frozen=True)
class Line:
    """A line of a register or list: whose product it names, and the event it tells of."""

    product: str
    producer: str
    unit: str
    event: Event
    told: tuple = ()
    new_producer: str | None = None
    new_unit: str | None = None


@functools.cache
def _regimes():
    return load_catalogue().certificates.regimes


@pytest.fixture(scope="module")
def regimes():
    """The regimes of the shipped catalogue."""
    return _regimes()


def _day(offset):
    return _FIRST_DAY + timedelta(days=offset)


def _lines(histories):
    """What happened as lines: each names the product by the producer and the commune it has at the time."""
    lines = []
    for product, history in sorted(histories.items()):
        producer, unit = "A", "c1"
        # On one day a transfer comes last, as in life; two decisions of one kind there are none.
        for offset, (kind, *what) in sorted(
            history, key=lambda each: (each[0], each[1][0] == "transfer", str(each[1]))
        ):
            sets = what[0] if what else {}
            event = _event(product, kind, _day(offset), sets, producer, unit)
            moved = sets if kind == "transfer" else {}
            lines.append(
                Line(product, producer, unit, event, (kind, sets), moved.get("producer"), moved.get("unit"))
            )
            producer, unit = moved.get("producer", producer), moved.get("unit", unit)
        lines += _listed_again(lines, product, producer, unit)
    return lines


def _listed_again(lines, product, producer, unit):
    """Old recognitions in the register of whoever has the product in the end, where the place or name is another."""
    return [
        replace(line, producer=producer, unit=unit)
        for line in lines
        if line.product == product
        and line.told[0] == "recognition"
        and (line.producer, line.unit) != (producer, unit)
    ]


def _event(product, kind, day, sets, producer, unit):
    if kind == "recognition":
        return Event(product, EventKind.FIRST, day, Star(sets), unit_id=unit, producer_id=producer)
    expires = _day(sets["to"]) if "to" in sets else None
    return Event(
        product, EventKind(kind), day, Star(sets["star"]) if "star" in sets else None, unit_id=sets.get("unit", ""),
        producer_id=sets.get("producer", ""), expires=expires, months=sets.get("months", 0), days=sets.get("days", 0),
    )  # fmt: skip


def _events(lines):
    """The events of lines, those that are listed again left out: they say nothing new."""
    found = {}
    for line in lines:
        found.setdefault((line.product, line.event.day, line.told[0]), line.event)
    return list(found.values())


class Tables:
    """The register's models made of lines that arrive in some order."""

    def __init__(self, lines, order=None, repeats=(), merged=()):
        lines = [*lines, *(lines[each % len(lines)] for each in repeats if lines)]
        sequence = list(range(len(lines)))
        if order is not None:
            order.shuffle(sequence)
        with duckdb.connect() as connection:
            self._make(connection, _given(lines, sequence), merged)
            self.status = self._rows(connection, "core.product_status")
            self.balance = self._rows(connection, "core.register_balance")
            self.flows = self._rows(connection, "core.register_flows")
            self.certificates = self._rows(connection, "core.certificates")
            self.listed = listings(connection)

    def _make(self, connection, given_rows, merged):
        made = {*_BEFORE, *_AFTER}
        needed = {table for name in made for table in models()[name].dependencies} - made
        for table in sorted(needed):
            make_table(connection, table, given_rows.get(table, ()))
        for name in _BEFORE:
            connection.execute(f"CREATE TABLE {name} AS {models()[name].sql}")
        names = Names(listings(connection), str, str)
        rows = [*identities([], names, transfers(connection)), *merged]
        store_register(connection, "identities", rows)
        for name in _AFTER:
            connection.execute(f"CREATE TABLE {name} AS {models()[name].sql}")

    def _rows(self, connection, table):
        columns = [column.name for column in models()[table].columns]
        chosen = [name for name in columns if name not in ("product_id", "listed_unit_id")]
        if table == "core.certificates":
            chosen = columns
        rows = connection.execute(f"SELECT {', '.join(chosen)} FROM {table} ORDER BY ALL").fetchall()
        return [dict(zip(chosen, row, strict=True)) for row in rows]

    def facts(self):
        """Everything but which of several alike files a row names, and the ids."""
        return self.status, self.balance, self.flows


def _given(lines, sequence):
    """The rows of all source tables: every line a file of its own."""
    files = [f"s{number}" for number in range(len(lines))]
    placed = list(zip(files, lines, sequence, strict=True))
    always = {"valid_from": FIRST_DAY, "valid_to": LAST_DAY}
    key = {"sheet": "S", "line_key": "1"}
    producers = {name for line in lines for name in (line.producer, line.new_producer) if name}
    return {
        "meta.run_periods": [{"period": month.key} for month in _MONTHS],
        "catalogue.periods": [
            {"period": month.key, "start_date": month.start, "end_date": month.end} for month in _MONTHS
        ],
        "catalogue.spans": [
            {"period": month.key, "span": "year_to_date", "month": each.key, "is_last": each == month}
            for month in _MONTHS for each in _MONTHS if each <= month
        ],
        "catalogue.units": [
            {"unit_id": unit, "tier": tier, "parent_id": parent, "full_name": unit, **always}
            for unit, tier, parent in (
                *((unit, "commune", _PROVINCE) for unit in _COMMUNES), (_PROVINCE, "province", "vn")
            )
        ],
        "catalogue.unit_places": [
            {"unit_id": unit, "place_id": unit, "choice": 1, **always} for unit in (*_COMMUNES, _PROVINCE)
        ],
        "catalogue.certificate_regimes": [
            {"code": each.code, "valid_from": each.valid_from or FIRST_DAY, "valid_to": each.valid_to or LAST_DAY,
             "months": each.months, "extension_days": each.extension_days}
            for each in _regimes().all
        ],
        "core.unit_ancestors": [
            {"period": month.key, "unit_id": unit, "unit_tier": "commune", "ancestor_id": above}
            for month in _MONTHS for unit in _COMMUNES for above in (unit, _PROVINCE)
        ],
        "staging.submissions": [
            {"submission_id": file, "form": _form(line), "unit_id": line.unit, "sequence": place}
            for file, line, place in placed
        ],
        "staging.register_places": [{"submission_id": file, **key, "unit_id": line.unit} for file, line, _ in placed],
        "staging.register_rows": [
            {"period": _MONTHS[-1].key, "submission_id": file, **key, "product_name": line.product,
             "producer_name": line.producer, "product_cell": "B5", **_columns(line)}
            for file, line, _ in placed
        ],
        "staging.register_events": [
            {"period": _MONTHS[-1].key, "submission_id": file, **key, "cell": "B5", "event_kind": line.told[0],
             "event_date": line.event.day, "decision_no": f"{line.event.day}/{line.told[0]}",
             "new_producer_name": line.new_producer, "new_unit_id": line.new_unit, **_sets(line)}
            for file, line, _ in placed if _form(line) == "DS-QD"
        ],
        "register.spellings": [
            *({"name_kind": "product", "name": name, "spelling_key": name} for name in _PRODUCTS),
            *({"name_kind": "producer", "name": name, "spelling_key": name, "name_unique_within": "commune"}
              for name in sorted(producers)),
        ],
    }  # fmt: skip


def _form(line):
    if line.told[0] == "recognition":
        return "OCOP-XA"
    # Half of what was not recognised stands in registers, half in lists.
    return "OCOP-XA" if line.told[0] == "not_recognised" and line.event.day.day % 2 else "DS-QD"


def _columns(line):
    if _form(line) == "DS-QD":
        return {}
    star = str(line.event.star or Star.NONE)
    return {"first_star_code": star, "first_date": line.event.day, "first_cell": "M5"}


def _sets(line):
    event, kind = line.event, line.told[0]
    if kind == "extension":
        return {
            "extended_to": event.expires,
            "extended_months": event.months or None,
            "extended_days": event.days or None,
        }
    if kind == "correction":
        return {"corrected_star": event.star and str(event.star), "corrected_expiry": event.expires}
    return {}


# Making the tables of one history takes a quarter of a second: a tenth of the examples of any profile.
_few = settings(max_examples=settings.default.max_examples // 10)


@_few
@given(_HISTORIES, st.randoms(), st.lists(st.integers(0, 9), max_size=3))
def test_the_order_of_arrival_and_repeats_change_nothing(histories, order, repeats):
    """Lines sent in another order, or twice, give the same status, balance and flows."""
    lines = _lines(histories)
    first, again = Tables(lines), Tables(lines, order, repeats)
    for one, other in zip(first.facts(), again.facts(), strict=True):
        assert [_told(row) for row in one] == [_told(row) for row in other]


def _told(row):
    return {name: value for name, value in row.items() if name not in ("submission_id", "sheet", "cell")}


@_few
@given(_HISTORIES, st.randoms())
def test_the_status_is_what_the_rules_say(regimes, histories, order):
    """Month by month, product by product: state, star, expiry, unit and producer are those of the pure functions."""
    lines = _lines(histories)
    tables, events = Tables(lines, order), _events(lines)
    names = {each.listed_producer_id: each.producer_name for each in tables.listed}
    for month in _MONTHS:
        found = {row["product_name"]: row for row in tables.status if row["period"] == month.key}
        for product in histories:
            life = life_at([event for event in events if event.product_id == product], month.end, regimes)
            state = life.state(month.end)
            if state is CertificateState.NONE:
                assert product not in found
                continue
            row = found[product]
            assert row["certificate_state"] == str(state)
            assert (row["star"], row["expiry_date"]) == (str(life.star), life.expires)
            assert (row["unit_id"], row["producer_name"]) == (life.unit_id, life.producer_id)
            assert names.get(row["producer_id"], life.producer_id) == life.producer_id
            assert (row["ended_on"] is None) == (state is CertificateState.VALID)
            assert (row["ending_decision_no"] is not None) == (state is CertificateState.REVOKED)


@_few
@given(_HISTORIES, st.randoms())
def test_the_balance_is_what_the_rules_say(regimes, histories, order):
    """Every column of every star and unit equals that of the pure functions, and they add up."""
    lines = _lines(histories)
    tables, events = Tables(lines, order), _events(lines)
    rows = {(row["period"], row["unit_id"], row["star"]): row for row in tables.balance}
    nothing = dict.fromkeys(_COLUMNS.values(), 0)
    for month in _MONTHS:
        for star in _STARS:
            for unit, communes in (*((each, (each,)) for each in _COMMUNES), (_PROVINCE, _COMMUNES)):
                expected = balance(events, month.start, month.end, regimes, Star(star), communes)
                row = rows.get((month.key, unit, star), nothing)
                assert expected.difference == 0
                assert {name: row[column] for name, column in _COLUMNS.items()} == {
                    name: getattr(expected, name) for name in _COLUMNS
                }


@_few
@given(_HISTORIES)
def test_lapses_and_revocations_are_those_of_the_balance(histories):
    """SP04 and SP05 of a month, in all and by star, are its balance's columns, told in it or in a later month."""
    tables = Tables(_lines(histories))
    flows = {
        (row["period"], row["month"], row["unit_id"], row["indicator"], row["breakdown"]): row["events_count"]
        for row in tables.flows
    }
    for month, told_in in ((month, told_in) for told_in in _MONTHS for month in _MONTHS if month <= told_in):
        for unit in (*_COMMUNES, _PROVINCE):
            rows = [row for row in tables.balance if (row["period"], row["unit_id"]) == (month.key, unit)]
            for indicator, column in (("SP04", "expired_count"), ("SP05", "revoked_count")):
                key = (told_in.key, month.key, unit, indicator)
                for row in rows:
                    assert flows.get((*key, f"star={row['star']}"), 0) == row[column]
                assert flows.get((*key, ""), 0) == sum(row[column] for row in rows)


@_few
@given(_HISTORIES, st.integers(0, _DAYS))
def test_a_day_is_the_same_told_from_the_beginning_or_led_on(histories, cut):
    """What is decided after a month's end changes nothing in the month, and nothing before it."""
    last = max(_day(cut), _MONTHS[0].end)
    known = max(month.key for month in _MONTHS if month.end <= last)
    early = {
        product: [each for each in history if _day(each[0]) <= last] for product, history in histories.items()
    }
    whole, part = Tables(_lines(histories)), Tables(_lines(early))
    for one, other in zip(whole.facts()[:2], part.facts()[:2], strict=True):
        until = [[_told(row) for row in rows if row["period"] <= known] for rows in (one, other)]
        assert until[0] == until[1]


@_few
@given(_HISTORIES)
def test_every_certificate_is_what_the_rules_say(regimes, histories):
    """A certificate that its register calls replaced, or that ended early, is that by the pure functions too."""
    lines = _lines(histories)
    tables, events = Tables(lines), _events(lines)
    days = {row["decision_date"] for row in tables.certificates}
    assert days == {event.day for event in events if event.kind in RECOGNITIONS}
    far = max((row["expiry_date"] for row in tables.certificates), default=_FIRST_DAY) + timedelta(days=1)
    by_state = {CertificateState.SUPERSEDED: 0, CertificateState.REVOKED: 0, CertificateState.NONE: 0}
    for event in events:
        if event.kind in RECOGNITIONS:
            own = [other for other in events if other.product_id == event.product_id]
            state = state_of(event, own, max(far, *(other.day for other in own)), regimes)
            by_state[state] = by_state.get(state, 0) + 1
    ended = [row["ending_kind"] for row in tables.certificates]
    assert ended.count("revocation") == by_state[CertificateState.REVOKED]
    assert ended.count("correction") == by_state[CertificateState.NONE]


@_few
@given(_HISTORIES, st.randoms())
def test_merging_producers_never_changes_product_counts(histories, order):
    """Whoever is said to be one producer: the status of products and the balance stay."""
    lines = _lines(histories)
    tables = Tables(lines, order)
    ids = sorted({each.listed_producer_id for each in tables.listed})
    again = Tables(lines, order, merged=[("producer", listed, ids[0]) for listed in ids[1:]])
    kept = ("period", "product_name", "star", "certificate_state", "unit_id", "expiry_date")
    assert [[row[name] for name in kept] for row in again.status] == [
        [row[name] for name in kept] for row in tables.status
    ]
    assert again.balance == tables.balance
