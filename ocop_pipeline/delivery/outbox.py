"""The outbox: parcels in, receipts out, nothing twice.

Belongs here: who gets what by which channel, and recording it in the right order. Does not: how a channel
works, or which documents there are.
"""

import fcntl
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from ocop_pipeline.catalogue.recipients import RecipientList, Recipients
from ocop_pipeline.delivery import folder
from ocop_pipeline.delivery.message import UnreadableError, compose
from ocop_pipeline.delivery.parcel import Outcome, Parcel, Receipt
from ocop_pipeline.delivery.record import Standing, Standings, State
from ocop_pipeline.delivery.smtp import Answer, Session, UnreachableError
from ocop_pipeline.settings import Mail, Settings
from ocop_pipeline.warehouse.ledger import DeliveryRecord, Ledger

logger = logging.getLogger(__name__)

FOLDER, SMTP = "folder", "smtp"

_OUTCOMES = {
    State.SENT: Outcome.SENT,
    State.INTENT: Outcome.UNCERTAIN,
    State.UNCERTAIN: Outcome.UNCERTAIN,
    State.DEFERRED: Outcome.FAILED,
    State.UNREACHED: Outcome.FAILED,
    State.FAILED: Outcome.FAILED,
}
_RETRIED = (State.DEFERRED, State.UNREACHED)


def deliver(
    parcels: Iterable[Parcel],
    settings: Settings,
    ledger: Ledger,
    recipients: Recipients,
    now: datetime,
) -> list[Receipt]:
    """Bring parcels to the delivery folder and to the people on the unit's lists, each once.

    What arrived in an earlier run is not sent again; what was refused for the time being is tried again;
    what is uncertain or refused for good waits for a person (`pending_review`). Runs at the same time wait
    for each other.

    Args:
        parcels: What to deliver.
        settings: Where the delivery folder lies and, where mail is sent, by which server.
        ledger: The record of deliveries.
        recipients: The lists of the site.
        now: The moment of delivery, with its time zone.

    Returns:
        A receipt for each parcel and recipient, the folder first.

    Raises:
        ValueError: `now` has no time zone.
        Exception: what the ledger raised, if it cannot be written: nothing is sent without a record.
    """
    if now.tzinfo is None:
        raise ValueError("the moment of delivery needs a time zone")
    parcels = list(parcels)
    with alone(settings.state):
        standings = Standings(ledger, {parcel.document_id for parcel in parcels})
        receipts = _to_folder(parcels, settings, standings, now)
        receipts += _to_people(parcels, settings.mail, standings, recipients, now)
    # Addresses are people's: they stand in the ledger, not in the log.
    counts = Counter(receipt.outcome for receipt in receipts)
    logger.info("Deliveries: %s", ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome))
    return receipts


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Wait until no other run delivers; the lock goes with the process, however that ends."""
    with _lock_file(state) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_under_way(state: Path) -> bool:
    """Whether a run is delivering at this moment."""
    with _lock_file(state) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _lock_file(state: Path) -> BinaryIO:
    state.mkdir(parents=True, exist_ok=True)
    return (state / "delivery.lock").open("ab")


def _to_folder(
    parcels: Sequence[Parcel], settings: Settings, standings: Standings, now: datetime
) -> list[Receipt]:
    """Place what is not there yet.

    No intent is recorded: placing a file is repeatable and can be looked at, so a run that was killed just
    does it again. Once recorded, a file that has been taken away stays away.
    """
    receipts = []
    entries = []
    for parcel in parcels:
        where = folder.address(parcel)
        if standings.standing(parcel.document_id, FOLDER, where).state is State.SENT:
            receipts.append(Receipt(parcel.document_id, FOLDER, where, Outcome.ALREADY_SENT))
            continue
        try:
            folder.place(parcel, settings.deliveries)
            answer = Answer(State.SENT)
        except folder.NotPlacedError as error:
            answer = Answer(State.UNREACHED, str(error))
        entries.append(DeliveryRecord(parcel.document_id, FOLDER, where, answer.state, now, answer.detail))
        receipts.append(_receipt(parcel, FOLDER, where, answer))
    standings.add(entries)
    return receipts


def _to_people(
    parcels: Sequence[Parcel], mail: Mail | None, standings: Standings, recipients: Recipients, now: datetime
) -> list[Receipt]:
    if mail is None:
        return [
            Receipt(parcel.document_id, SMTP, address, Outcome.SKIPPED, "the settings have no [mail]")
            for parcel in parcels
            for receivers in recipients.of(parcel.unit_id, parcel.kind)
            for address in receivers.addresses
        ]
    receipts: list[Receipt] = []
    with Session(mail) as session:
        for parcel in parcels:
            lists = recipients.of(parcel.unit_id, parcel.kind)
            if not lists:
                reason = f"recipients.yml names nobody for a {parcel.kind} of this unit"
                receipts.append(Receipt(parcel.document_id, SMTP, "", Outcome.SKIPPED, reason))
            for receivers in lists:
                receipts += _Mailing(parcel, receivers, standings, now).send(session, mail.sender)
    return receipts


@dataclass(frozen=True, slots=True)
class _Mailing:
    """One parcel on its way to one list."""

    parcel: Parcel
    receivers: RecipientList
    standings: Standings
    now: datetime

    def send(self, session: Session, sender: str) -> list[Receipt]:
        """Send to those of the list who are still open; a receipt for everybody."""
        outstanding = [address for address in self.receivers.addresses if self._may_go(address)]
        receipts = [self._earlier(a) for a in self.receivers.addresses if a not in outstanding]
        if outstanding:
            answers = self._answers(session, sender, outstanding)
            self.standings.add(self._entry(address, answer) for address, answer in answers.items())
            receipts += [_receipt(self.parcel, SMTP, *item) for item in answers.items()]
        return receipts

    def _may_go(self, address: str) -> bool:
        """Whether it is sent now: what is withheld, only where a person has decided that it is."""
        standing = self._standing(address)
        return standing.is_open and (not self.parcel.withheld or standing.state is State.RELEASED)

    def _answers(self, session: Session, sender: str, outstanding: Sequence[str]) -> dict[str, Answer]:
        try:
            session.connect()
            message = compose(self.parcel, self.receivers, sender, self.now)
            answers = session.send(message, outstanding, self._intend)
        except (UnreachableError, UnreadableError) as error:
            return dict.fromkeys(outstanding, Answer(State.UNREACHED, str(error)))
        return {address: self._bounded(address, answer) for address, answer in answers.items()}

    def _intend(self, addresses: Sequence[str]) -> None:
        self.standings.add(self._entry(address, Answer(State.INTENT)) for address in addresses)

    def _bounded(self, address: str, answer: Answer) -> Answer:
        """A refusal for the time being, or for good once it has been tried often and long enough."""
        standing = self._standing(address)
        if answer.state is State.DEFERRED and standing.is_exhausted(self.now):
            return Answer(State.FAILED, f"given up after {standing.attempts + 1} attempts: {answer.detail}")
        return answer

    def _earlier(self, address: str) -> Receipt:
        """The receipt of somebody to whom nothing is sent in this run."""
        last = self._standing(address).last
        if last is None or self._standing(address).is_open:
            return Receipt(self.parcel.document_id, SMTP, address, Outcome.SKIPPED, self.parcel.withheld)
        when = f"{last.at.astimezone(self.now.tzinfo):%Y-%m-%d %H:%M}"
        if last.state == State.SENT:
            return Receipt(self.parcel.document_id, SMTP, address, Outcome.ALREADY_SENT, when)
        detail = f"{when}: {last.detail or 'interrupted while sending'}"
        return Receipt(self.parcel.document_id, SMTP, address, _OUTCOMES[State(last.state)], detail)

    def _standing(self, address: str) -> Standing:
        return self.standings.standing(self.parcel.document_id, SMTP, address.casefold())

    def _entry(self, address: str, answer: Answer) -> DeliveryRecord:
        return DeliveryRecord(
            self.parcel.document_id, SMTP, address.casefold(), answer.state, self.now, answer.detail
        )


def _receipt(parcel: Parcel, channel: str, recipient: str, answer: Answer) -> Receipt:
    return Receipt(
        parcel.document_id,
        channel,
        recipient,
        _OUTCOMES[answer.state],
        answer.detail,
        will_retry=answer.state in _RETRIED,
    )
