"""What entries of the ledger add up to."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from post_office import NOW

from ocop_pipeline.delivery.record import Standing, Standings, State, pending_review
from ocop_pipeline.warehouse.ledger import DeliveryRecord, Ledger

DOCUMENT = "ab" * 32


def entry(state: str, hours: float = 0, detail: str = "") -> DeliveryRecord:
    """An entry about one mail to one address."""
    return DeliveryRecord(DOCUMENT, "smtp", "lan@so.example", state, NOW + dt.timedelta(hours=hours), detail)


@pytest.mark.parametrize(
    ("states", "is_open", "waits"),
    [
        ([], True, False),
        (["intent"], False, True),
        (["intent", "sent"], False, False),
        (["intent", "uncertain"], False, True),
        (["intent", "deferred"], True, False),
        (["unreached"], True, False),
        (["failed"], False, True),
        (["failed", "released"], True, False),
        (["intent", "released", "intent", "sent"], False, False),
    ],
)
def test_the_last_entry_decides(tmp_path: Path, states: list[str], *, is_open: bool, waits: bool) -> None:
    """Every history leaves a delivery open, done, or waiting for a person; never two of these."""
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        for hour, state in enumerate(states):
            ledger.record_deliveries([entry(state, hour)])
        standing = Standings(ledger).standing(DOCUMENT, "smtp", "lan@so.example")
        assert standing.is_open is is_open
        assert bool(pending_review(ledger)) is waits


def test_the_ledger_knows_every_state_and_no_other(tmp_path: Path) -> None:
    """What delivery can say, the ledger can keep."""
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_deliveries([entry(state) for state in State])
        assert [kept.state for kept in ledger.delivery_entries([DOCUMENT])] == list(State)
        assert ledger.delivery_entries(["cd" * 32]) == []
        with pytest.raises(sqlite3.IntegrityError):
            ledger.record_deliveries([entry("lost")])


def test_a_person_starts_the_count_afresh() -> None:
    """After somebody released a delivery, it has as many attempts as a new one."""
    standing = Standing()
    for hour in range(6):
        standing = standing.after(entry("deferred", hour * 24))
    assert standing.is_exhausted(NOW + dt.timedelta(days=6))
    released = standing.after(entry("released", 200))
    assert (released.attempts, released.since) == (0, None)


def test_what_waits_is_listed_oldest_first(tmp_path: Path) -> None:
    """A person sees first what has waited longest, with the reason."""
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        newer = DeliveryRecord("cd" * 32, "smtp", "mai@so.example", "failed", NOW, "550 no such mailbox")
        ledger.record_deliveries([newer, entry("intent", -24)])
        listed = [(item.recipient, item.state, item.detail) for item in pending_review(ledger)]
    assert listed == [
        ("lan@so.example", State.UNCERTAIN, "interrupted while sending"),
        ("mai@so.example", State.FAILED, "550 no such mailbox"),
    ]
