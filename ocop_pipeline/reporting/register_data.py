"""What a report reads of the register: the balance, the counts of its annexes, and the products themselves.

Here: the queries and the shapes they fill. Not here: words and tables (`register_tables`, `register_lists`), and any
count, which the warehouse has made. What a certificate is worth is read, not decided; only the evaluation round that
still fits is looked up by the clock's own rule (`domain/certificates.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.certificates import Level, Star, add_months, next_round
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.spelling import decomposed, without_accents
from ocop_pipeline.reporting.query import Query

HORIZONS: Final = (3, 6, 12)
"""Months in which the list of lapsing certificates is divided; `SP06` has a part for each."""
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StockMovement:
    """How the stock of valid products of one star came from the month's beginning to its end, in products."""

    star: str
    opening: int
    first: int
    regained: int
    upgraded_in: int
    upgraded_out: int
    downgraded_in: int
    downgraded_out: int
    expired: int
    revoked: int
    corrected_in: int
    corrected_out: int
    moved_in: int
    moved_out: int
    closing: int


@dataclass(frozen=True, slots=True)
class Families:
    """The four families of one line: recognised in the period, ever, valid by star, no longer valid; in products.

    `month_recognised` and `year_recognised` are recognitions; `producers` are those with a valid product.
    """

    month_recognised: int
    year_recognised: int
    ever_recognised: int
    valid_3: int
    valid_4: int
    valid_potential_5: int
    valid_5: int
    valid: int
    now_expired: int
    now_revoked: int
    producers: int


@dataclass(frozen=True, slots=True)
class FormerDistrict:
    """The ground of a former district within a province, and the four families of the products on it.

    Attributes:
        name: Full name as it was; blank for products of which no former district can be told.
        communes: Communes of today on its ground.
        shared: Of these, those with ground of several former districts.
        reported: Of these, those with an accepted report of the month.
        found: Its products; None where no commune on it ever sent a register. Producers are not counted.
    """

    name: str
    communes: int
    shared: int
    reported: int
    found: Families | None


@dataclass(frozen=True, slots=True)
class RegisteredProduct:
    """One product as of the closing day, with its latest certificate.

    Attributes:
        unit_id: The unit it is of on that day.
        star: As recognised last.
        expiry_date: First day without validity, extensions included.
        state: valid, expired or revoked.
        ended_on: First day it was worth nothing; None while it is valid.
        ending_decision_no: Number of the decision that revoked it; blank where none did.
    """

    product_name: str
    producer_name: str
    unit_id: str
    star: str
    decision_no: str
    decision_date: date
    expiry_date: date
    state: str
    ended_on: date | None
    ending_decision_no: str


@dataclass(frozen=True, slots=True)
class Lapse:
    """A valid product whose certificate lapses soon.

    Attributes:
        within_months: The shortest of `HORIZONS` it lapses in.
        round_date: The last evaluation round that still fits; None when there is none.
        round_known: Whether the catalogue has dated rounds for the time left: None of `round_date` then means that none
            fits any more, else that no day is known.
    """

    product: RegisteredProduct
    within_months: int
    round_date: date | None
    round_known: bool


@dataclass(frozen=True, slots=True)
class RegisterData:
    """What a report on one unit and month says of its register.

    Attributes:
        balance: How the stock of valid products moved, by star, in the order of the stars.
        lines: (unit, breakdown) -> counts, of the unit and all below it; a unit whose register was never sent has none.
        groups: Sector -> the groups below it, in the list of the closing day and its order.
        valid: The valid products by unit, producer and name.
        ended: The products that lapsed or were revoked within the month, revoked ones first.
        lapsing: The valid products that lapse within the longest horizon, by unit and producer, soonest first.
        unit_names: Unit below -> its name as it is printed, in the order in which units are printed.
        former: The former districts of a province by name, after the districts ended; those that cannot be told last.
    """

    balance: tuple[StockMovement, ...]
    lines: Mapping[tuple[str, str], Families]
    groups: Mapping[str, tuple[str, ...]]
    valid: tuple[RegisteredProduct, ...]
    ended: tuple[RegisteredProduct, ...]
    lapsing: tuple[Lapse, ...]
    unit_names: Mapping[str, str]
    former: tuple[FormerDistrict, ...] = ()


def gather_register(
    query: Query, catalogue: Catalogue, unit_id: str, period: Period, unit_names: Mapping[str, str]
) -> RegisterData:
    """Read all of the register that a monthly report on a unit prints.

    Args:
        query: Runs a SELECT on the published warehouse.
        catalogue: The catalogue the warehouse was built with.
        unit_id: Our id of the unit.
        period: A month.
        unit_names: The units below with their names, in the order in which they are printed.
    """
    places = {below_id: place for place, below_id in enumerate(unit_names)}
    products = sorted(
        _products(query, unit_id, period),
        key=lambda each: (
            places.get(each.unit_id, -1), _in_order(each.producer_name), _in_order(each.product_name),
            each.decision_date, each.decision_no,
        ),
    )  # fmt: skip
    valid = tuple(each for each in products if each.state == "valid")
    return RegisterData(
        balance=_balance(query, catalogue, unit_id, period),
        lines=_lines(query, unit_id, period),
        groups=_groups(catalogue, period.end),
        valid=valid,
        ended=tuple(
            sorted((each for each in products if each.ended_on), key=lambda each: each.state == "expired")
        ),
        lapsing=_lapsing(valid, catalogue, period.end, places),
        unit_names=unit_names,
        former=_former(query, unit_id, period),
    )


def _in_order(name: str) -> tuple[str, str]:
    """A name's place in an alphabetical list: its letters first, their accents and capitals after."""
    return without_accents(decomposed(name.casefold())), name


def _balance(query: Query, catalogue: Catalogue, unit_id: str, period: Period) -> tuple[StockMovement, ...]:
    rows = query(
        "SELECT star, opening_count, first_count, regained_count, upgraded_in_count, upgraded_out_count,"
        " downgraded_in_count, downgraded_out_count, expired_count, revoked_count, corrected_in_count,"
        " corrected_out_count, moved_in_count, moved_out_count, closing_count"
        " FROM core.register_balance WHERE period = ? AND unit_id = ?",
        [period.key, unit_id],
    )
    by_star = {row["star"]: StockMovement(*row.values()) for row in rows}
    return tuple(by_star[code] for code, _ in catalogue.codes_on("star", period.end) if code in by_star)


def _lines(query: Query, unit_id: str, period: Period) -> dict[tuple[str, str], Families]:
    """Every line of the unit itself; of the units below it the totals alone."""
    rows = query(
        "SELECT s.unit_id, s.breakdown, s.month_recognised_count, s.year_recognised_count, s.ever_recognised_count,"
        " s.valid_3_count, s.valid_4_count, s.valid_potential_5_count, s.valid_5_count, s.valid_count,"
        " s.now_expired_count, s.now_revoked_count, s.producers_count"
        " FROM marts.register_summary AS s"
        " JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id"
        " WHERE s.period = ? AND a.ancestor_id = ? AND (a.distance = 0 OR s.breakdown = '')",
        [period.key, unit_id],
    )
    return {(row["unit_id"], row["breakdown"]): Families(*list(row.values())[2:]) for row in rows}


def _former(query: Query, unit_id: str, period: Period) -> tuple[FormerDistrict, ...]:
    rows = query(
        "SELECT district_name, communes_count, shared_communes_count, reported_communes_count,"
        " month_recognised_count, year_recognised_count, ever_recognised_count, valid_3_count, valid_4_count,"
        " valid_potential_5_count, valid_5_count, valid_count, now_expired_count, now_revoked_count"
        " FROM marts.former_districts WHERE period = ? AND unit_id = ?",
        [period.key, unit_id],
    )
    found = []
    for row in rows:
        name, communes, shared, reported, *counts = row.values()
        families = None if counts[0] is None else Families(*[*counts, 0])
        found.append(FormerDistrict(name, communes, shared, reported, families))
    return tuple(sorted(found, key=lambda each: (not each.name, _in_order(each.name))))


def _groups(catalogue: Catalogue, on: date) -> dict[str, tuple[str, ...]]:
    listed = catalogue.groups.list_on(on)
    return {
        sector.code: tuple(group.code for group in listed if group.parent_code == sector.code)
        for sector in listed
        if sector.parent_code is None
    }


def _products(query: Query, unit_id: str, period: Period) -> list[RegisteredProduct]:
    rows = query(
        "SELECT COALESCE(n.kept_name, s.product_name) AS product_name,"
        " COALESCE(o.kept_name, s.producer_name) AS producer_name, s.unit_id, s.star, s.decision_no, s.decision_date,"
        " s.expiry_date, s.certificate_state, s.ended_on, s.ending_decision_no FROM core.product_status AS s"
        " LEFT JOIN core.kept_names AS n ON n.name_kind = 'product' AND n.identity_id = s.product_id"
        " LEFT JOIN core.kept_names AS o ON o.name_kind = 'producer' AND o.identity_id = s.producer_id"
        " JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id"
        " WHERE s.period = ? AND a.ancestor_id = ?"
        " AND (s.certificate_state = 'valid' OR s.ended_on BETWEEN ? AND ?)"
        " ORDER BY s.product_id",
        [period.key, unit_id, period.start, period.end],
    )
    return [_product(row) for row in rows]


def _product(row: Mapping[str, Any]) -> RegisteredProduct:
    return RegisteredProduct(
        row["product_name"] or "", row["producer_name"] or "", row["unit_id"], row["star"], row["decision_no"] or "",
        row["decision_date"], row["expiry_date"], row["certificate_state"], row["ended_on"],
        row["ending_decision_no"] or "",
    )  # fmt: skip


def _lapsing(
    valid: Sequence[RegisteredProduct], catalogue: Catalogue, on: date, places: Mapping[str, int]
) -> tuple[Lapse, ...]:
    ends = {months: add_months(on, months) for months in HORIZONS}
    soon = [each for each in valid if each.expiry_date <= ends[HORIZONS[-1]]]
    soon.sort(
        key=lambda each: (
            places.get(each.unit_id, -1), _in_order(each.producer_name), each.expiry_date,
            _in_order(each.product_name),
        )
    )  # fmt: skip
    return tuple(
        Lapse(
            each,
            next(months for months in HORIZONS if each.expiry_date <= ends[months]),
            *_round(each, catalogue, on),
        )
        for each in soon
    )


def _round(product: RegisteredProduct, catalogue: Catalogue, on: date) -> tuple[date | None, bool]:
    """The round that still fits, asked of the level that evaluates the star today; and whether any day is known."""
    rules = catalogue.certificates
    level: Level | None = rules.regimes.on(on).levels.get(Star(product.star))
    if level is None:
        return None, False
    last = product.expiry_date - _ONE_DAY
    known = any(
        held.level is level and (held.valid_from or date.min) <= last and on <= (held.valid_to or date.max)
        for held in rules.rounds
    )
    return next_round(rules.rounds, product.expiry_date, on, level), known
