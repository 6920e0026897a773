"""The review queue: files that were judged and wait for a person, and what a person decided on them.

Belongs here: which files wait and why, the decisions with their effect in the ledger. Does not: showing them (`ocop
review`), judging (`judge`). Nothing is changed in the past: a decision is a row of its own, and an accepted report that
is returned gets a further verdict, which the next run goes by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.domain.findings import Finding, Severity, Verdict
from ocop_pipeline.intake.tables import VIETNAM
from ocop_pipeline.warehouse.ledger import ArrivalRecord, Ledger, ReviewRecord, VerdictRecord

ACCEPT, RETURN = "accept", "return"
BY_REVIEW: Final = "RETURNED_BY_REVIEW"
SENT_AGAIN: Final = "RETURNED_FILE_SENT_AGAIN"
_OF_REVIEW: Final = frozenset((BY_REVIEW, SENT_AGAIN))
_CODE_OFF: Final = "UNIT_CODE_NAME_MISMATCH"
_GUESSED: Final = "_GUESSED"
_SENDER_DOUBTS: Final = frozenset((
    "UNIT_NOT_FOUND", "UNIT_AMBIGUOUS", "UNIT_CODE_UNKNOWN", "UNIT_NOT_IN_FORCE", "UNIT_NOT_YET", "AGENCY_UNKNOWN",
    "PERIOD_UNREADABLE", "AMBIGUOUS_ORDER", "SENDER_TOLD_CANNOT_BE",
))  # fmt: skip


class Kind(StrEnum):
    """Why a file waits, the most pressing first: whose it is, what a cell means, whether a figure is right."""

    SENDER = "sender"
    REPAIR = "repair"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that waits for a person.

    Attributes:
        kind: Why.
        verdict: What became of it so far.
        arrival: When and how it came.
        doubts: What is to be decided on: the warnings of an accepted report, or the errors about its sender.
    """

    kind: Kind
    verdict: VerdictRecord
    arrival: ArrivalRecord
    doubts: tuple[Finding, ...]

    @property
    def answered(self) -> int:
        """How many of the doubts the sender gave a reason for."""
        return sum(bool(finding.reason) for finding in self.doubts)


class ReviewError(ValueError):
    """A decision that cannot be: `code` names the message."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def waiting(ledger: Ledger) -> list[Waiting]:
    """Files that wait: the most pressing kind first, then as they came.

    An accepted report waits while it is the one that counts for its duty and has warnings nobody accepted; a file that
    was set aside because nobody could tell whose it is, or which of two is later, until somebody tells or lets it be.
    A report that is returned for its unit's code alone, while name and province mean one unit, waits too: its sender
    may send it again, or a person says whose it is.
    """
    arrivals = {arrival.sha256: arrival for arrival in ledger.arrivals()}
    decided = ledger.reviewed()
    found = [
        Waiting(kind, verdict, arrivals[verdict.sha256], doubts)
        for verdict, kind, doubts in _doubtful(ledger)
        if verdict.sha256 not in decided
    ]
    order = list(Kind)
    return sorted(found, key=lambda each: (order.index(each.kind), each.arrival.sequence))


def _doubtful(ledger: Ledger) -> list[tuple[VerdictRecord, Kind, tuple[Finding, ...]]]:
    found = []
    standing = ledger.current_submissions()
    for verdict in standing:
        warnings = tuple(each for each in verdict.findings if each.severity is Severity.WARNING)
        if warnings:
            guessed = any(each.code.endswith(_GUESSED) for each in warnings)
            found.append((verdict, Kind.REPAIR if guessed else Kind.WARNING, warnings))
    for verdict in ledger.latest_verdicts():
        doubts = tuple(each for each in verdict.findings if each.code in _SENDER_DOUBTS)
        if verdict.verdict is Verdict.SET_ASIDE and doubts:
            found.append((verdict, Kind.SENDER, doubts))
        elif _is_for_code_alone(verdict) and not any(_overtakes(each, verdict) for each in standing):
            found.append((verdict, Kind.SENDER, _errors(verdict)))
    return found


def _errors(verdict: VerdictRecord) -> tuple[Finding, ...]:
    return tuple(each for each in verdict.findings if each.severity is Severity.ERROR)


def _is_for_code_alone(verdict: VerdictRecord) -> bool:
    """Whether a report is returned for nothing but its unit's code, and all else on its cover means one unit."""
    errors = _errors(verdict)
    return (
        verdict.verdict is Verdict.RETURNED
        and [each.code for each in errors] == [_CODE_OFF]
        and bool(errors[0].args.get("by_name"))
        and all(each.code != "PROVINCE_DISAGREES" for each in verdict.findings)
    )


def _overtakes(later: VerdictRecord, verdict: VerdictRecord) -> bool:
    """Whether an accepted report came after this one for the same duty."""
    return later.duty == verdict.duty and later.sequence > verdict.sequence


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, why and when; with the sender's unit, department and month where these are told."""

    decided_by: str
    reason: str
    decided_at: datetime
    unit_id: str = ""
    agency: str = ""
    period: str = ""


def accept(ledger: Ledger, item: Waiting, decision: Decision) -> None:
    """Let a report count as it is, or say whose it is: the next run then judges it as that unit's.

    A report that a review returned counts again.

    Raises:
        ReviewError: `review.sender_needed` where the sender is in doubt and not told, `review.sender_known` where it
            is not in doubt.
    """
    is_told = bool(decision.unit_id and decision.period)
    if is_told != (item.kind is Kind.SENDER):
        raise ReviewError("review.sender_known" if is_told else "review.sender_needed")
    ledger.record_review(_record(item, ACCEPT, decision), _restored(item, decision.decided_at))


def _restored(item: Waiting, now: datetime) -> VerdictRecord | None:
    """The verdict that stood before a review returned the report."""
    if item.verdict.verdict is not Verdict.RETURNED:
        return None
    findings = tuple(each for each in item.verdict.findings if each.code not in _OF_REVIEW)
    return replace(item.verdict, verdict=Verdict.ACCEPTED, judged_at=now, findings=findings)


def send_back(ledger: Ledger, item: Waiting, decision: Decision) -> None:
    """Return a report: from the next run on it counts no more, and its sender is told why.

    An earlier accepted report of the same duty counts again. A file that was set aside was never counted and may be
    nobody's; it just waits no longer.
    """
    if item.verdict.verdict is Verdict.SET_ASIDE:
        ledger.record_review(_record(item, RETURN, decision))
        return
    finding = finding_types().make(BY_REVIEW, reason=decision.reason)
    verdict = replace(
        item.verdict,
        verdict=Verdict.RETURNED,
        judged_at=decision.decided_at,
        findings=(finding, *item.verdict.findings),
    )
    ledger.record_review(_record(item, RETURN, decision), verdict)


def _record(item: Waiting, what: str, decision: Decision) -> ReviewRecord:
    return ReviewRecord(
        item.verdict.sha256, what, decision.decided_by, decision.reason, decision.decided_at, decision.unit_id,
        decision.agency, decision.period,
    )  # fmt: skip


def returned_later(ledger: Ledger) -> list[str]:
    """Accepted reports that a person returned: they may stand in published figures."""
    return [verdict.sha256 for verdict in _returned(ledger) if _was_accepted(verdict)]


def returned_by_review(ledger: Ledger) -> list[Waiting]:
    """All that a person returned, as it can be accepted again; what never was accepted needs its sender told."""
    arrivals = {arrival.sha256: arrival for arrival in ledger.arrivals()}
    return [
        Waiting(
            Kind.WARNING if _was_accepted(verdict) else Kind.SENDER,
            verdict,
            arrivals[verdict.sha256],
            verdict.findings,
        )
        for verdict in _returned(ledger)
    ]


def is_returned(verdict: VerdictRecord) -> bool:
    """Whether a person returned it."""
    return verdict.verdict is Verdict.RETURNED and any(each.code == BY_REVIEW for each in verdict.findings)


def _returned(ledger: Ledger) -> list[VerdictRecord]:
    # Looking through the verdicts of all years is spared where nobody ever returned anything.
    if all(review.decision != RETURN for review in ledger.reviews()):
        return []
    return [verdict for verdict in ledger.latest_verdicts() if is_returned(verdict)]


def _was_accepted(verdict: VerdictRecord) -> bool:
    """Whether a report that a person returned had no error before."""
    return all(each.code in _OF_REVIEW for each in _errors(verdict))


def sent_again(ledger: Ledger, files: Mapping[str, str], now: datetime) -> list[VerdictRecord]:
    """Reports that a person returned and whose very bytes came once more since: verdicts that say so to the sender.

    Told by what the ledger holds, so that a run that was stopped is made good by the next; what was said of a day is
    not said again.

    Args:
        ledger: What was seen, judged and decided.
        files: Digest of each part of a workbook of several reports -> digest of the workbook, which is what is sent.
        now: When it is judged.

    Returns:
        For each such report the verdict to be written down; it stays returned.
    """
    decided = {each.sha256: each for each in ledger.reviews() if each.decision == RETURN}
    found = []
    for verdict in _returned(ledger):
        review = decided[verdict.sha256]
        seen = ledger.sightings_of(files.get(verdict.sha256, verdict.sha256))
        days = [_day(each.seen_at) for each in seen if each.seen_at > review.decided_at]
        told = [each for each in verdict.findings if each.code == SENT_AGAIN]
        if days and not any(each.args["sent"] == max(days).isoformat() for each in told):
            again = finding_types().make(
                SENT_AGAIN, sent=max(days), returned=_day(review.decided_at), reason=review.reason
            )
            others = (each for each in verdict.findings if each.code != SENT_AGAIN)
            found.append(replace(verdict, judged_at=now, findings=(again, *others)))
    return found


def _day(moment: datetime) -> date:
    return moment.astimezone(VIETNAM).date()


def decisions_on(reviews: Sequence[ReviewRecord], sha256: str) -> list[ReviewRecord]:
    """What was decided on a file before, oldest first."""
    return [review for review in reviews if review.sha256 == sha256]


def by_kind(items: Sequence[Waiting]) -> Mapping[Kind, int]:
    """How many wait, of each kind."""
    return {kind: sum(item.kind is kind for item in items) for kind in Kind}
