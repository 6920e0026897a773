"""The register in SQL against the pure functions of `domain/certificates.py`: any history, any order of arrival."""

from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.domain.certificates import (
    CertificateState,
    Event,
    EventKind,
    Star,
    balance,
    standing,
    state_at,
)
from ocop_pipeline.domain.periods import Period
from tests.source_tables import make_table, models

_MADE = (
    "core.listings", "core.recognitions", "core.product_places", "core.certificates", "core.product_status",
    "core.register_balance",
)  # fmt: skip
_COMMUNE, _PROVINCE, _MONTHS = "c1", "p1", tuple(Period(f"2026-{month:02d}") for month in (8, 9, 10))
_STARS = ("3", "4", "potential_5", "5")
_FIRST_DAY, _DAYS = date(2019, 9, 1), 365 * 7 + 60

_HISTORIES = st.dictionaries(
    st.sampled_from(("Gạo", "Trà", "Nấm", "Mật ong")),
    st.lists(
        st.tuples(st.integers(0, _DAYS), st.sampled_from(_STARS)),
        min_size=1,
        max_size=4,
        unique_by=lambda each: each[0],
    ),
    min_size=1,
)
"""Product -> its decisions: days after the first one, and a star; no two of a product on one day."""


@pytest.fixture(scope="module")
def regimes():
    """The regimes of the shipped catalogue."""
    return load_catalogue().certificates.regimes


def _day(offset):
    return _FIRST_DAY + timedelta(days=offset)


def _tables(histories, order, repeats, merged=()):
    """Publish the register of one commune; gives (status rows, balance rows).

    Each decision is a line in a report of its own; `order` shuffles the arrivals, `repeats` sends some twice.
    """
    lines = [
        (product, *decision) for product, decisions in sorted(histories.items()) for decision in decisions
    ]
    lines += [lines[each % len(lines)] for each in repeats]
    sequence = list(range(len(lines)))
    order.shuffle(sequence)
    reports = [f"s{number}" for number in range(len(lines))]
    given_rows = {
        "meta.run_periods": [{"period": month.key} for month in _MONTHS],
        "catalogue.periods": [
            {"period": month.key, "start_date": month.start, "end_date": month.end} for month in _MONTHS
        ],
        "catalogue.units": [
            {"unit_id": unit, "tier": tier, "parent_id": parent, "full_name": unit, "valid_from": date(1900, 1, 1),
             "valid_to": date(9999, 12, 31)}
            for unit, tier, parent in ((_COMMUNE, "commune", _PROVINCE), (_PROVINCE, "province", "vn"))
        ],
        "core.unit_ancestors": [
            {"period": month.key, "unit_id": _COMMUNE, "unit_tier": "commune", "ancestor_id": unit}
            for month in _MONTHS for unit in (_COMMUNE, _PROVINCE)
        ],
        "staging.submissions": [
            {"submission_id": report, "form": "OCOP-XA", "unit_id": _COMMUNE, "sequence": place}
            for report, place in zip(reports, sequence, strict=True)
        ],
        "staging.register_places": [
            {"submission_id": report, "sheet": "S", "line_key": "1", "unit_id": _COMMUNE} for report in reports
        ],
        "staging.register_rows": [
            {"period": _MONTHS[-1].key, "submission_id": report, "sheet": "S", "line_key": "1",
             "product_name": product, "producer_name": f"HTX {product}", "first_star_code": star,
             "first_date": _day(offset), "first_cell": "M5"}
            for report, (product, offset, star) in zip(reports, lines, strict=True)
        ],
        "register.spellings": [
            row for product in histories for row in (
                {"name_kind": "product", "name": product, "spelling_key": product},
                {"name_kind": "producer", "name": f"HTX {product}", "spelling_key": product,
                 "name_unique_within": "commune"},
            )
        ],
        "register.identities": merged,
    }  # fmt: skip
    with duckdb.connect() as connection:
        needed = {table for name in _MADE for table in models()[name].dependencies} - set(_MADE)
        for table in sorted(needed):
            make_table(connection, table, given_rows.get(table, ()))
        for name in _MADE:
            connection.execute(f"CREATE TABLE {name} AS {models()[name].sql}")
        status = connection.execute(
            "SELECT period, product_name, star, certificate_state, decision_date FROM core.product_status ORDER BY ALL"
        ).fetchall()
        moves = connection.execute("SELECT * FROM core.register_balance ORDER BY ALL").fetchall()
        ids = connection.execute("SELECT DISTINCT producer_id FROM core.product_status").fetchall()
    return status, moves, len(ids)


def _events(histories):
    return [
        Event(product, EventKind.FIRST, _day(offset), Star(star), unit_id=_COMMUNE)
        for product, decisions in histories.items()
        for offset, star in decisions
    ]


_few = settings(max_examples=10, deadline=None)


@_few
@given(_HISTORIES, st.randoms(), st.lists(st.integers(0, 9), max_size=3))
def test_the_order_of_arrival_and_repeats_change_nothing(histories, order, repeats):
    """Lines sent in another order, or twice, give the same status and the same balance."""

    class Unshuffled:
        def shuffle(self, _):
            """Keep the order."""

    assert _tables(histories, order, repeats) == _tables(histories, Unshuffled(), ())


@_few
@given(_HISTORIES, st.randoms())
def test_the_status_is_what_the_rules_say(regimes, histories, order):
    """Month by month, product by product: star and state are those of the pure functions."""
    status, _, _ = _tables(histories, order, ())
    events = _events(histories)
    for month in _MONTHS:
        found = {product: (star, state) for period, product, star, state, _ in status if period == month.key}
        for product in histories:
            own = [event for event in events if event.product_id == product]
            state = state_at(own, month.end, regimes)
            if state is CertificateState.NONE:
                assert product not in found
                continue
            assert found[product][1] == str(state)
            if (life := standing(own, month.end, regimes)) is not None:
                assert found[product][0] == str(life.star)


@_few
@given(_HISTORIES, st.randoms())
def test_the_balance_is_what_the_rules_say(regimes, histories, order):
    """Opening, closing and every movement of a star equal those of the pure functions, and they add up."""
    _, moves, _ = _tables(histories, order, ())
    columns = [column.name for column in models()["core.register_balance"].columns]
    rows = {(row[0], row[1], row[2]): dict(zip(columns, row, strict=True)) for row in moves}
    for month in _MONTHS:
        for star in _STARS:
            expected = balance(_events(histories), month.start, month.end, regimes, Star(star))
            row = rows.get((month.key, _PROVINCE, star), dict.fromkeys(columns, 0))
            assert (row["opening_count"], row["closing_count"]) == (expected.opening, expected.closing)
            assert expected.difference == 0
            entered = (
                row["first_count"]
                + row["regained_count"]
                + row["upgraded_in_count"]
                + row["downgraded_in_count"]
            )
            left = row["upgraded_out_count"] + row["downgraded_out_count"] + row["expired_count"]
            assert row["closing_count"] == row["opening_count"] + entered - left


@_few
@given(_HISTORIES, st.randoms())
def test_merging_producers_never_changes_product_counts(histories, order):
    """Whoever is said to be one producer: the status of products and the balance stay."""
    status, moves, producers = _tables(histories, order, ())
    with duckdb.connect() as connection:
        ids = [
            connection.execute("SELECT MD5(?)", [f"{_COMMUNE}|{product}"]).fetchone()[0]
            for product in histories
        ]
    merged = [{"name_kind": "producer", "listed_id": listed, "identity_id": ids[0]} for listed in ids[1:]]
    again, moves_again, fewer = _tables(histories, order, (), merged)
    assert (again, moves_again) == (status, moves)
    assert fewer <= producers
    assert fewer <= 1
