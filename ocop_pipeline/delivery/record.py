"""What the ledger says about a delivery, and what follows from it.

Belongs here: the entries, how they add up to a standing, and how a person settles what the machine cannot
know. Does not: sending; the tables the entries are kept in (`warehouse/ledger.py`).

A mail server's last answer can be lost, and then nobody knows whether the mail is on its way. So the
intent is recorded before the mail is handed over and the outcome after it. An intent without an outcome is
"uncertain": it is not sent again by itself (people would get a report twice) but listed until somebody has
looked.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ocop_pipeline.warehouse.ledger import DeliveryRecord, Ledger

FEWEST_ATTEMPTS = 5
"""A refusal for the time being is tried again at least this often."""
GIVE_UP_AFTER = timedelta(days=4)
"""And at least this long (RFC 5321, section 4.5.4.1: four to five days)."""


class State(StrEnum):
    """What an entry of the ledger says happened."""

    INTENT = "intent"
    """About to be handed over."""
    SENT = "sent"
    """The server, or the folder, has it."""
    UNCERTAIN = "uncertain"
    """Handed over, and the answer was lost."""
    DEFERRED = "deferred"
    """Refused for the time being, for this recipient or this mail."""
    UNREACHED = "unreached"
    """Nobody got as far as this recipient: no connection, no login, no disk."""
    FAILED = "failed"
    """Refused for good, or given up."""
    RELEASED = "released"
    """A person has decided that it is to be sent again."""


Key = tuple[str, str, str]
"""Document, channel, recipient."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What all entries of one key come to.

    Attributes:
        last: The last entry; None when there is none.
        attempts: How often it was refused for the time being, since the beginning or since a person
            released it.
        since: When it was first so refused.
    """

    last: DeliveryRecord | None = None
    attempts: int = 0
    since: datetime | None = None

    @property
    def state(self) -> State | None:
        """The state of the last entry."""
        return State(self.last.state) if self.last else None

    @property
    def is_open(self) -> bool:
        """Whether it may be sent now."""
        return self.state in (None, State.DEFERRED, State.UNREACHED, State.RELEASED)

    def after(self, entry: DeliveryRecord) -> "Standing":
        """The standing with one more entry."""
        if entry.state == State.DEFERRED:
            return Standing(entry, self.attempts + 1, self.since or entry.at)
        if entry.state == State.RELEASED:
            return Standing(entry)
        return Standing(entry, self.attempts, self.since)

    def is_exhausted(self, now: datetime) -> bool:
        """Whether one more refusal for the time being is one too many."""
        since = self.since or now
        return self.attempts + 1 >= FEWEST_ATTEMPTS and now - since >= GIVE_UP_AFTER


class Standings:
    """The standings of some documents, kept in step with the ledger."""

    def __init__(self, ledger: Ledger, document_ids: Collection[str] | None = None) -> None:
        """Read what the ledger knows of these documents (None: of all)."""
        self._ledger = ledger
        self._standings: dict[Key, Standing] = {}
        self._keep(ledger.delivery_entries(document_ids))

    def standing(self, document_id: str, channel: str, recipient: str) -> Standing:
        """What is known of one delivery."""
        return self._standings.get((document_id, channel, recipient), Standing())

    def add(self, entries: Iterable[DeliveryRecord]) -> None:
        """Record entries in one step.

        That nobody could be reached is recorded when it begins and when its reason changes, not at every
        run: the ledger only ever grows.
        """
        news = [entry for entry in entries if not self._is_known(entry)]
        if news:
            self._ledger.record_deliveries(news)
            self._keep(news)

    def undecided(self) -> list[Standing]:
        """What a person has to look at: uncertain or failed."""
        return [
            standing
            for standing in self._standings.values()
            if standing.state in (State.INTENT, State.UNCERTAIN, State.FAILED)
        ]

    def unfinished(self) -> frozenset[str]:
        """The documents that were on their way to somebody and are to be tried again."""
        return frozenset(
            standing.last.document_id
            for standing in self._standings.values()
            if standing.last and standing.is_open
        )

    def _is_known(self, entry: DeliveryRecord) -> bool:
        last = self.standing(entry.document_id, entry.channel, entry.recipient).last
        return (
            entry.state == State.UNREACHED
            and last is not None
            and (last.state, last.detail) == (entry.state, entry.detail)
        )

    def _keep(self, entries: Iterable[DeliveryRecord]) -> None:
        for entry in entries:
            key = (entry.document_id, entry.channel, entry.recipient)
            self._standings[key] = self._standings.get(key, Standing()).after(entry)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A delivery that waits for a person.

    Attributes:
        document_id: SHA-256 of the document.
        channel: "smtp" (a folder can be looked into, so nothing of it is uncertain).
        recipient: The address, in lower case.
        state: `State.UNCERTAIN` or `State.FAILED`.
        since: When it came to that.
        detail: Why.
    """

    document_id: str
    channel: str
    recipient: str
    state: State
    since: datetime
    detail: str


class NothingToSettleError(LookupError):
    """This delivery does not wait for anybody."""


def pending_review(ledger: Ledger, *, under_way: bool = False) -> list[Undecided]:
    """Everything that will not be sent again by itself and did not surely arrive, oldest first.

    Args:
        ledger: The record.
        under_way: A run is delivering at this moment (`is_under_way`): a mail of which only the intent is on record
            is then being sent, and left out.
    """
    entries = [
        standing.last
        for standing in Standings(ledger).undecided()
        if standing.last and not (under_way and standing.state is State.INTENT)
    ]
    waiting = [
        Undecided(
            entry.document_id,
            entry.channel,
            entry.recipient,
            State.FAILED if entry.state == State.FAILED else State.UNCERTAIN,
            entry.at,
            entry.detail if entry.state != State.INTENT else "interrupted while sending",
        )
        for entry in entries
    ]
    return sorted(waiting, key=lambda item: (item.since, item.document_id, item.recipient))


def unfinished(ledger: Ledger) -> frozenset[str]:
    """The ids of documents that somebody still has to get: tried in vain for the time being, or released."""
    return Standings(ledger).unfinished()


def settle(ledger: Ledger, delivery: Undecided, *, arrived: bool, why: str, now: datetime) -> None:
    """Record what a person found out about a delivery that waited for it.

    Args:
        ledger: The record.
        delivery: An item of `pending_review`.
        arrived: True: it did arrive, never send it again. False: send it in the next run.
        why: Who says so, and from where ("bà Lan, văn thư, gọi điện").
        now: The moment, with its time zone.

    Raises:
        NothingToSettleError: it has been settled or sent meanwhile.
    """
    standings = Standings(ledger, [delivery.document_id])
    standing = standings.standing(delivery.document_id, delivery.channel, delivery.recipient)
    if standing not in standings.undecided():
        raise NothingToSettleError(f"{delivery.recipient}: nothing to settle, it stands at {standing.state}")
    state = State.SENT if arrived else State.RELEASED
    standings.add(
        [DeliveryRecord(delivery.document_id, delivery.channel, delivery.recipient, state, now, why)]
    )
