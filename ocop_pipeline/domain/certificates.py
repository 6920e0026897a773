"""The certificate clock: how long a recognition is worth, what stands on a day, how the stock of a period moves.

Here: the regimes and rounds as shapes, events of a product, their states on any day, and the balance of a set of
products over a period. Not here: which regimes exist (`catalogue/certificates.py`), which products are the same, and
where events come from (the warehouse). Everything is a pure function of a set of events: order and repeats are
irrelevant, and an event decided after a day says nothing about that day. `docs/register.md` holds the definitions.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Final

_ONE_DAY = timedelta(days=1)


class Star(StrEnum):
    """What a product was ranked as; `NONE` is evaluated but not recognised (1 or 2 stars, or no result)."""

    THREE = "3"
    FOUR = "4"
    POTENTIAL_FIVE = "potential_5"
    FIVE = "5"
    NONE = "none"

    @property
    def rank(self) -> int:
        """Its place from low to high: potential 5 stands between 4 and 5."""
        return _RANKS[self]


_RANKS: Final = {Star.NONE: 0, Star.THREE: 3, Star.FOUR: 4, Star.POTENTIAL_FIVE: 5, Star.FIVE: 6}
RECOGNISED: Final = (Star.THREE, Star.FOUR, Star.POTENTIAL_FIVE, Star.FIVE)
"""The stars that come with a certificate, from low to high."""


class Level(StrEnum):
    """The level of the body that evaluates and recognises."""

    DISTRICT = "district"
    PROVINCE = "province"
    MINISTRY = "ministry"


class EventKind(StrEnum):
    """What happened to a product or its certificate."""

    FIRST = "first"
    """Recognised for the first time (mới)."""
    UPGRADE = "upgrade"
    """Recognised with more than it last had (nâng hạng)."""
    DOWNGRADE = "downgrade"
    """Recognised with less than it last had (hạ hạng)."""
    AGAIN = "again"
    """Recognised with what it last had (công nhận lại)."""
    EXTENSION = "extension"
    """The term of the certificate in force was made longer (gia hạn)."""
    EXPIRY = "expiry"
    """Somebody noted that it lapsed (hết hạn). Kept as a note: the clock decides."""
    REVOCATION = "revocation"
    """The certificate was withdrawn (thu hồi)."""
    TRANSFER = "transfer"
    """The product went to another unit, another producer, or both."""
    CORRECTION = "correction"
    """A decision put an earlier one right (đính chính), from its own day on."""
    NOT_RECOGNISED = "not_recognised"
    """Evaluated without a recognition (không đạt); a certificate in force stays in force."""


RECOGNITIONS: Final = frozenset({EventKind.FIRST, EventKind.UPGRADE, EventKind.DOWNGRADE, EventKind.AGAIN})
"""The kinds that give a new certificate."""


class CertificateState(StrEnum):
    """What a certificate is worth at the end of a day."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    """Valid until a later recognition (upgrade, downgrade, again) took its place; never the state of a product."""
    NONE = "none"
    """Never recognised by that day, or found by a correction not to have been."""


@dataclass(frozen=True, slots=True)
class StarClass:
    """One class of points (hạng): from `low` up to but not including `high`; the highest includes its `high`."""

    rank: int
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Regime:
    """The rules of one decision of the Prime Minister, by the day a product's recognition was decided.

    Attributes:
        code: Short name.
        decision: The decision, in Vietnamese.
        valid_from: First day; None for the earliest.
        valid_to: Last day, inclusive; None while in force.
        months: How long a recognition is worth.
        extension_days: How long one extension is; None where no extension is known.
        levels: Who recognises a star; a star is missing where that is not known.
        parts: Points of the parts A, B and C of the evaluation; empty where not known.
        classes: The classes of points, the highest first; empty where not known.
        source: Where it was read.
        confidence: How sure it is (`catalogue/tables.py`).
    """

    code: str
    decision: str
    valid_from: date | None
    valid_to: date | None
    months: int
    extension_days: int | None
    levels: Mapping[Star, Level]
    parts: Mapping[str, Decimal]
    classes: tuple[StarClass, ...]
    source: str
    confidence: str

    def in_force(self, on: date) -> bool:
        """Whether a decision of that day falls under it."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


class Regimes:
    """All regimes; they follow each other without gap or overlap, so that every day has exactly one."""

    def __init__(self, regimes: Sequence[Regime]) -> None:
        """Hold regimes that the catalogue has checked."""
        self.all: tuple[Regime, ...] = tuple(regimes)

    def on(self, decision_date: date) -> Regime:
        """The regime a decision of that day falls under."""
        return next(regime for regime in self.all if regime.in_force(decision_date))

    def get(self, code: str) -> Regime:
        """The regime of a code.

        Raises:
            KeyError: when there is none.
        """
        found = next((regime for regime in self.all if regime.code == code), None)
        if found is None:
            raise KeyError(code)
        return found

    def expiry(self, decision_date: date, extensions: Iterable[date] = ()) -> date:
        """The first day on which a certificate is worth nothing any more.

        A certificate is valid at the end of a day while its expiry lies after that day: one decided on
        20/05/2023 has the expiry 20/05/2026, its last valid day is 19/05/2026. So counts
        `sql/core/product_status.sql`.

        Args:
            decision_date: Day of the recognition; its regime sets the months.
            extensions: Days on which an extension was decided; each adds the days its own regime grants.
                One that came after the expiry, not after the decision, or under a regime that
                grants none, adds nothing.
        """
        expires = add_months(decision_date, self.on(decision_date).months)
        for day in sorted(set(extensions)):
            if decision_date < day <= expires:
                expires = add_days(expires, self.on(day).extension_days or 0)
        return expires


@dataclass(frozen=True, slots=True)
class Round:
    """A yearly day by which a level holds an evaluation round, under the regime in force on that day."""

    regime: str
    level: Level
    month: int
    day: int
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing decided about one product.

    Attributes:
        product_id: The product.
        kind: What happened. Of the four kinds of recognition any may stand for any other: which it is follows
            from the history (`classify`), not from what somebody wrote.
        day: Day of the decision.
        star: Of a recognition: its star. Of a correction: the right star, `Star.NONE` when there should have
            been no recognition, None when the star was right.
        unit_id: Commune of the product on that day; of a transfer the new one; empty when it stays.
        producer_id: The same for the producer.
        expires: Of an extension or correction: the expiry it sets, read as that of `Regimes.expiry`; None
            when an extension grants what its regime grants, or a correction leaves the term alone.
        months, days: Of an extension without such a day: what it adds to the expiry it finds; both 0 when it
            grants what its regime grants. Not both.
        decision_no: Number of the decision as written.
    """

    product_id: str
    kind: EventKind
    day: date
    star: Star | None = None
    unit_id: str = ""
    producer_id: str = ""
    expires: date | None = None
    decision_no: str = ""
    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        """Refuse a recognition without a recognised star, and the reverse.

        Raises:
            ValueError: in these cases; such input is a finding before it is an event.
        """
        if self.kind in RECOGNITIONS and self.star not in RECOGNISED:
            raise ValueError(f"a recognition ({self.kind}) needs a recognised star, not {self.star}")
        if self.kind is EventKind.NOT_RECOGNISED and self.star in RECOGNISED:
            raise ValueError(f"not recognised, and yet {self.star}")
        if self.months and self.days:
            raise ValueError("an extension adds months or days, not both")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a product with a valid certificate is counted."""

    unit_id: str
    star: Star


@dataclass(frozen=True, slots=True)
class Life:
    """All that matters of a product's events up to a day; the next day's events go on from here.

    Attributes:
        recognition: The latest recognition; None when there was none.
        star: Its star, as corrected.
        expires: Its expiry, with extensions and corrections.
        ended: What ended it before its term, `REVOCATION` or `CORRECTION`; None when nothing did.
        unit_id: Commune of the product.
        producer_id: Producer of the product.
    """

    recognition: Event | None = None
    star: Star = Star.NONE
    expires: date = date.min
    ended: EventKind | None = None
    unit_id: str = ""
    producer_id: str = ""

    def in_force(self, day: date) -> bool:
        """Whether the certificate is valid at the end of a day (not before the last event)."""
        return self.recognition is not None and self.ended is None and day < self.expires

    def met_on(self, day: date) -> bool:
        """Whether decisions of a day find it valid: whether it was at the end of the day before.

        A renewal, extension or revocation decided on the very day of the expiry therefore comes in time.
        """
        return self.recognition is not None and self.ended is None and day <= self.expires

    def place(self) -> Place:
        """Where it is counted while it is valid."""
        return Place(self.unit_id, self.star)

    def state(self, day: date) -> CertificateState:
        """The state of the product at the end of a day (not before the last event)."""
        if self.recognition is None or self.ended is EventKind.CORRECTION:
            return CertificateState.NONE
        if self.ended is not None:
            return CertificateState.REVOKED
        return CertificateState.VALID if self.in_force(day) else CertificateState.EXPIRED


class Flow(StrEnum):
    """Why a product enters or leaves a set of valid products."""

    FIRST = "first"
    """Recognised, never having been before."""
    RETURNED = "returned"
    """Recognised after its certificate had lapsed or been revoked, whatever its stars then and now."""
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    TRANSFERRED = "transferred"
    """To another unit: by a transfer, or because a new decision names another commune."""
    CORRECTED = "corrected"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of where a product is counted; `source` None is entering, `target` None is leaving."""

    product_id: str
    day: date
    flow: Flow
    source: Place | None
    target: Place | None


@dataclass(frozen=True, slots=True)
class Balance:
    """The stock of valid products of a set of places over a period, and what moved it; all counts of products."""

    opening: int = 0
    first: int = 0
    returned: int = 0
    upgraded_in: int = 0
    upgraded_out: int = 0
    downgraded_in: int = 0
    downgraded_out: int = 0
    transferred_in: int = 0
    transferred_out: int = 0
    corrected_in: int = 0
    corrected_out: int = 0
    expired: int = 0
    revoked: int = 0
    closing: int = 0

    @property
    def entered(self) -> int:
        """All that came in."""
        changed = self.upgraded_in + self.downgraded_in + self.transferred_in + self.corrected_in
        return self.first + self.returned + changed

    @property
    def left(self) -> int:
        """All that went out."""
        changed = self.upgraded_out + self.downgraded_out + self.transferred_out + self.corrected_out
        return self.expired + self.revoked + changed

    @property
    def difference(self) -> int:
        """What the identity opening + entered - left = closing is off by; anything but 0 is an error."""
        return self.opening + self.entered - self.left - self.closing

    def __add__(self, other: "Balance") -> "Balance":
        """The sum of two rows of one table; what moved from one row to the other stays visible on both sides."""
        return Balance(**{name: getattr(self, name) + getattr(other, name) for name in _COLUMNS})


_COLUMNS = tuple(column.name for column in fields(Balance))
_ONE_WAY = frozenset({Flow.FIRST, Flow.RETURNED, Flow.EXPIRED, Flow.REVOKED})


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it has no such day.

    As ``+ INTERVAL n MONTH`` in the warehouse: 29/02/2024 and 36 months give 28/02/2027, and the last of a
    month does not stay the last (28/02/2021 gives 28/02/2024). Beyond the year 9999 it is the last day there is.
    """
    years, zero_based = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, zero_based + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def add_days(day: date, days: int) -> date:
    """The day so many days later, at most the last there is."""
    return day + timedelta(days=min(days, (date.max - day).days))


def round_days(rounds: Iterable[Round], level: Level, first: date, last: date) -> tuple[date, ...]:
    """The days of a level's evaluation rounds between two days, both inclusive, in order.

    A round counts only on days on which its regime is in force; where the law named no day there is none.
    """
    days = (
        date(year, held.month, held.day)
        for held in rounds
        if held.level is level
        for year in range(max(first.year, (held.valid_from or first).year), last.year + 1)
        if (held.valid_from or date.min) <= date(year, held.month, held.day) <= (held.valid_to or date.max)
    )
    return tuple(sorted(day for day in days if first <= day <= last))


def next_round(rounds: Iterable[Round], expiry: date, today: date, level: Level) -> date | None:
    """The last evaluation round that still fits: not before today, and while the certificate is still valid.

    Args:
        rounds: The rounds of the catalogue.
        expiry: As given by `Regimes.expiry`; the round's day lies before it.
        today: The day it is asked; a round of this day still fits.
        level: Who evaluates.

    Returns:
        The day of the round. None when none fits, or when no day is known: `round_days` tells them apart.
    """
    if expiry <= today:
        return None
    return max(round_days(rounds, level, today, expiry - _ONE_DAY), default=None)


def star_of_score(score: Decimal, regime: Regime, level: Level | None = None) -> Star | None:
    """The star that points are worth.

    The highest class is 5 stars only for the body that recognises these; for every other it is potential 5.

    Args:
        score: Points in all.
        regime: The regime of the decision.
        level: The level of the body that gave them, where known.

    Returns:
        The star; None where the regime's classes are not known.

    Raises:
        ValueError: for points below nought or above the highest class.
    """
    if not regime.classes:
        return None
    if not regime.classes[-1].low <= score <= regime.classes[0].high:
        raise ValueError(
            f"{score} points: there are from {regime.classes[-1].low} to {regime.classes[0].high}"
        )
    rank = next(found.rank for found in regime.classes if found.low <= score)
    if rank == 5:
        final = level is not None and level is regime.levels.get(Star.FIVE)
        return Star.FIVE if final else Star.POTENTIAL_FIVE
    return {4: Star.FOUR, 3: Star.THREE}.get(rank, Star.NONE)


def score_contradicts(score: Decimal, star: Star, regime: Regime) -> bool:
    """Whether no body could have given this star for these points; False where the classes are not known.

    Raises:
        ValueError: as `star_of_score`.
    """
    possible = {star_of_score(score, regime, level) for level in (None, *Level)}
    return None not in possible and star not in possible


def classify(previous: Star | None, star: Star) -> EventKind:
    """Which kind of recognition a star is after the star last recognised, in force still or not.

    Args:
        previous: Star of the recognition before; None (or `Star.NONE`) when there was none.
        star: The star given now.
    """
    if star is Star.NONE:
        return EventKind.NOT_RECOGNISED
    if previous is None or previous is Star.NONE:
        return EventKind.FIRST
    if star is previous:
        return EventKind.AGAIN
    return EventKind.UPGRADE if star.rank > previous.rank else EventKind.DOWNGRADE


def advance(life: Life, events: Iterable[Event], regimes: Regimes) -> Life:
    """One product's life after further events, all decided on later days than those it holds."""
    for day, today in _by_day(events):
        life = _after_day(life, day, today, regimes)
    return life


def life_at(events: Iterable[Event], day: date, regimes: Regimes) -> Life:
    """One product's life at the end of a day, whatever else is known to have been decided later."""
    return advance(Life(), (event for event in events if event.day <= day), regimes)


def state_at(events: Iterable[Event], day: date, regimes: Regimes) -> CertificateState:
    """The state of one product at the end of a day: valid, expired, revoked or none."""
    return life_at(events, day, regimes).state(day)


def standing(events: Iterable[Event], day: date, regimes: Regimes) -> Life | None:
    """What is in force of one product at the end of a day, with star, expiry and unit; None when nothing is."""
    life = life_at(events, day, regimes)
    return life if life.in_force(day) else None


def state_of(event: Event, events: Collection[Event], day: date, regimes: Regimes) -> CertificateState:
    """The state of the certificate that one recognition of a product gave, at the end of a day.

    Args:
        event: A recognition.
        events: All events of its product.
        day: The day asked for; before the decision the state is none.
        regimes: The regimes.
    """
    if event.day > day:
        return CertificateState.NONE
    others = [other for other in events if other.kind in RECOGNITIONS and event.day <= other.day <= day]
    if any(other.day == event.day and _rank(other) > _rank(event) for other in others):
        return CertificateState.SUPERSEDED
    following = min((other.day for other in others if other.day > event.day), default=None)
    state = state_at(events, day if following is None else following - _ONE_DAY, regimes)
    return CertificateState.SUPERSEDED if following and state is CertificateState.VALID else state


def idle_events(events: Collection[Event], regimes: Regimes) -> tuple[Event, ...]:
    """Extensions, revocations and corrections of one product that find nothing to act on: each is a finding.

    An extension after the expiry, or one without an expiry under a regime that grants none; a revocation of
    what has lapsed or was never recognised; a correction of what was revoked or never recognised.
    """
    return tuple(
        event for event in sorted(dict.fromkeys(events), key=_order) if _is_idle(event, events, regimes)
    )


def movements(events: Iterable[Event], regimes: Regimes) -> tuple[Movement, ...]:
    """Every change of where one product is counted, by day, the lapse that is still to come included.

    Days are compared by how they end: what one day's decisions do and undo is no movement.
    """
    found: list[Movement] = []
    life, last = Life(), date.min
    for day, today in _by_day(events):
        found += _lapse(life, last, day)
        later = _after_day(life, day, today, regimes)
        found += _changes(life, later, day, today)
        life, last = later, day
    return (*found, *_lapse(life, last, None))


def balance(
    events: Iterable[Event],
    start: date,
    end: date,
    regimes: Regimes,
    star: Star | None = None,
    units: Collection[str] | None = None,
) -> Balance:
    """The stock of valid products over a period and what moved it, by the day of decision.

    Opening and closing are counted from the states of all products, the columns between from their movements:
    that both agree (`Balance.difference` is 0) is a check, not a definition.

    Args:
        events: Events of any products.
        start: First day of the period; the opening is the stock at the end of the day before.
        end: Last day, inclusive.
        regimes: The regimes.
        star: Only products with this star; None for all of them, where a change of star moves nothing.
        units: Communes whose products are counted; None for all. A move between two of them moves nothing.
    """
    counts = dict.fromkeys(_COLUMNS, 0)

    def counted(place: Place | None) -> bool:
        return (
            place is not None
            and (star is None or place.star is star)
            and (units is None or place.unit_id in units)
        )

    for history in _by_product(events):
        for column, day in (("opening", start - _ONE_DAY), ("closing", end)):
            life = standing(history, day, regimes)
            counts[column] += life is not None and counted(life.place())
        for moved in movements(history, regimes):
            inward, outward = counted(moved.target), counted(moved.source)
            if start <= moved.day <= end and inward != outward:
                counts[_column(moved.flow, inward=inward)] += 1
    return Balance(**counts)


def relocations(
    events: Iterable[Event], day: date, moves: Mapping[str, str], regimes: Regimes
) -> tuple[Event, ...]:
    """The transfers a change of the map makes of products that were in one of its units the day before.

    Args:
        events: Events of any products.
        day: First day of the new map.
        moves: Old unit and the one it went into. Of a divided unit no product can be moved so: which part it
            lies in is a fact of the product.
        regimes: The regimes.
    """
    lives = (life_at(history, day - _ONE_DAY, regimes) for history in _by_product(events))
    return tuple(
        Event(life.recognition.product_id, EventKind.TRANSFER, day, unit_id=moves[life.unit_id])
        for life in lives
        if life.recognition is not None and life.unit_id in moves
    )


def _column(flow: Flow, *, inward: bool) -> str:
    return flow.value if flow in _ONE_WAY else f"{flow.value}_{'in' if inward else 'out'}"


def _by_product(events: Iterable[Event]) -> Iterable[list[Event]]:
    histories: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        histories[event.product_id].append(event)
    return histories.values()


def _by_day(events: Iterable[Event]) -> Iterator[tuple[date, list[Event]]]:
    ordered = sorted(dict.fromkeys(events), key=_order)
    for day, today in groupby(ordered, key=lambda event: event.day):
        yield day, list(today)


def _order(event: Event) -> tuple[date, int, str, str, str, date, str, int, int]:
    """Total order on content, so that arrival decides nothing; of the recognitions of a day the highest is last."""
    return (
        event.day,
        event.star.rank if event.star else -1,
        event.decision_no,
        event.unit_id,
        event.producer_id,
        event.expires or date.min,
        event.kind.value,
        event.months,
        event.days,
    )


def _rank(event: Event) -> int:
    return event.star.rank if event.star else 0


def _after_day(life: Life, day: date, today: Sequence[Event], regimes: Regimes) -> Life:
    """The life at the end of a day from that of the day before and the day's events.

    In this order whatever the hour: a new certificate outlives the withdrawal of the old one, and where a
    product is at the end of the day its transfer says.
    """

    def of_kind(*kinds: EventKind) -> list[Event]:
        return [event for event in today if event.kind in kinds]

    life = _corrected(life, of_kind(EventKind.CORRECTION))
    if life.met_on(day):
        extended = _extended(life.expires, of_kind(EventKind.EXTENSION), regimes)
        revoked = EventKind.REVOCATION if of_kind(EventKind.REVOCATION) else None
        life = replace(life, expires=max((life.expires, *extended)), ended=revoked)
    for event in of_kind(*RECOGNITIONS):
        life = _recognised(_moved(life, event), event, regimes)
    for event in of_kind(EventKind.TRANSFER):
        life = _moved(life, event)
    return life


def _recognised(life: Life, event: Event, regimes: Regimes) -> Life:
    star = event.star or Star.NONE  # an event refuses a recognition without a star
    return replace(life, recognition=event, star=star, expires=regimes.expiry(event.day), ended=None)


def _corrected(life: Life, corrections: Sequence[Event]) -> Life:
    """The latest certificate as it should have been; one that was revoked is beyond correction.

    Several of one day are one: no recognition if any says so, else the highest star and the latest expiry.
    """
    if life.recognition is None or life.ended is not None:
        return life
    stars = [event.star for event in corrections if event.star]
    if Star.NONE in stars:
        return replace(life, ended=EventKind.CORRECTION)
    days = [event.expires for event in corrections if event.expires]
    return replace(
        life,
        star=max(stars, key=lambda star: star.rank, default=life.star),
        expires=max(days, default=life.expires),
    )


def _extended(expires: date, extensions: Iterable[Event], regimes: Regimes) -> Iterator[date]:
    """The expiry each extension of one day sets. Several of a day are one, reported more than once."""
    for event in extensions:
        granted = event.days or (0 if event.months else regimes.on(event.day).extension_days or 0)
        yield event.expires or add_days(add_months(expires, event.months), granted)


def _moved(life: Life, event: Event) -> Life:
    return replace(
        life, unit_id=event.unit_id or life.unit_id, producer_id=event.producer_id or life.producer_id
    )


def _lapse(life: Life, last: date, before: date | None) -> list[Movement]:
    """The lapse between the last event's day and the next one's; on the next one's own day it is not sure yet."""
    if life.recognition is None or not life.in_force(last) or (before and life.expires >= before):
        return []
    return [Movement(life.recognition.product_id, life.expires, Flow.EXPIRED, life.place(), None)]


def _changes(life: Life, later: Life, day: date, today: Sequence[Event]) -> list[Movement]:
    """What one day's events moved: from the end of the day before to the end of this one."""
    product_id = today[0].product_id
    source = life.place() if life.met_on(day) else None
    target = later.place() if later.in_force(day) else None
    recognised = any(event.kind in RECOGNITIONS for event in today)
    if source is None and target is None:
        return []
    if source is None:
        return [Movement(product_id, day, _entrance(life, recognised=recognised), None, target)]
    if target is None:
        return [Movement(product_id, day, _exit(life, later), source, None)]
    found = []
    between = Place(target.unit_id, source.star)
    if between != source:
        found.append(Movement(product_id, day, Flow.TRANSFERRED, source, between))
    if between != target:
        raised = Flow.UPGRADED if target.star.rank > source.star.rank else Flow.DOWNGRADED
        found.append(Movement(product_id, day, raised if recognised else Flow.CORRECTED, between, target))
    return found


def _entrance(life: Life, *, recognised: bool) -> Flow:
    if not recognised:
        return Flow.CORRECTED
    return Flow.FIRST if life.recognition is None else Flow.RETURNED


def _exit(life: Life, later: Life) -> Flow:
    if later.ended is EventKind.REVOCATION:
        return Flow.REVOKED
    corrected = later.ended is not None or later.expires != life.expires
    return Flow.CORRECTED if corrected else Flow.EXPIRED


def _is_idle(event: Event, events: Iterable[Event], regimes: Regimes) -> bool:
    if event.kind not in {EventKind.EXTENSION, EventKind.REVOCATION, EventKind.CORRECTION}:
        return False
    life = advance(Life(), (other for other in events if other.day < event.day), regimes)
    if event.kind is EventKind.CORRECTION:
        return life.recognition is None or life.ended is not None
    unknown = (
        event.kind is EventKind.EXTENSION
        and event.expires is None
        and not event.months
        and not event.days
        and regimes.on(event.day).extension_days is None
    )
    return unknown or not life.met_on(event.day)
