"""The invented register: who makes which product, and when it was recognised by whom.

Belongs here: the history of products from 2020 on, by the rules of each regime. Which of them a report lists,
and what is counted from them, is decided elsewhere.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from ocop_pipeline.domain.certificates import add_months
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitLedger, UnitVersion, name_key
from ocop_pipeline.generator.wording import between, dice, pick, profiles, weighted, words

VALIDITY_MONTHS = 36
"""Decision 148/QĐ-TTg and 26/2026/QĐ-TTg: a recognition is worth 36 months from the day of the decision."""

DISTRICTS_RECOGNISE = (date(2023, 1, 1), date(2025, 6, 30))
"""Decision 148/QĐ-TTg let districts recognise three stars; the tier ended on 30/06/2025."""

MINISTRY_RENAMED = date(2025, 3, 1)
"""Decree 35/2025/NĐ-CP: the ministry of agriculture became that of agriculture and environment."""

_NEXT_STAR = {"3": "4", "4": "potential_5", "potential_5": "5"}
_SAFE_LAST_DAY = 28


@dataclass(frozen=True, slots=True)
class Producer:
    """A producer; its name is unique in the generated country."""

    name: str
    brand: str
    type: str
    wording: str


@dataclass(frozen=True, slots=True)
class Recognition:
    """One decision on one product."""

    star: str
    kind: str
    level: str
    body: str
    decision_no: str
    decision_date: date
    expiry: date


@dataclass(slots=True)
class Product:
    """A product with its at most two recognitions, as many as the register form has room for.

    `homes` are the ids of its commune, one for each map, the earlier first.
    """

    name: str
    producer: Producer
    sector: str
    address: str
    homes: tuple[str, ...]
    recognitions: list[Recognition] = field(default_factory=list)

    def known(self, on: date) -> list[Recognition]:
        """The recognitions decided up to a day."""
        return [event for event in self.recognitions if event.decision_date <= on]

    def home(self, ledger: UnitLedger, on: date) -> UnitVersion:
        """Its commune on the map of a day."""
        for unit_id in self.homes:
            for version in ledger.versions(unit_id):
                if version.in_force(on):
                    return version
        raise LookupError(f"{self.name} has no commune on {on}")


def invent_register(
    ledger: UnitLedger, communes: Sequence[UnitVersion], last: Period, seed: int, pace: float = 1.0
) -> list[Product]:
    """Invent the products of communes from 2020 to the month `last`.

    Args:
        ledger: The units of all times.
        communes: Communes in force on the last day of `last`, in a fixed order.
        last: The last month in which something is recognised.
        seed: Same seed, same products.
        pace: How often something is recognised, as a factor on the usual chances.

    Returns:
        The products, those of one commune together and in the order of their first recognition.
    """
    return _Inventor(ledger, last, seed, pace=pace).products(communes)


def invent_named(
    ledger: UnitLedger,
    communes: Sequence[UnitVersion],
    names: Sequence[str],
    months: Sequence[Period],
    seed: int,
) -> list[Product]:
    """Invent the products that a plan names, most of them recognised within its months.

    Args:
        ledger: The units of all times.
        communes: Where they are made; a product that ends in a commune's name is made there.
        names: The products' names.
        months: The months in which they may be recognised, in order.
        seed: Same seed, same products.

    Returns:
        Those that are recognised.
    """
    inventor = _Inventor(ledger, months[-1], seed, months)
    return [product for name in names if (product := inventor.named(name, communes)) is not None]


class _Inventor:
    def __init__(
        self,
        ledger: UnitLedger,
        last: Period,
        seed: int,
        months: Sequence[Period] | None = None,
        pace: float = 1.0,
    ) -> None:
        self._pace = pace
        self._ledger = ledger
        self._seed = seed
        self._profile = profiles()["register"]
        first_year = min(self._profile["first_year"], last.year)
        self._months = list(months or _months(Period(f"{first_year}-01"), last))
        self._ends = [month.end.month for month in self._months]
        self._names: set[str] = set()
        self._taken: dict[Producer, set[str]] = {}
        self._days: dict[tuple[str, str], date] = {}
        self._bodies: dict[tuple[tuple[str, ...], date, bool], tuple[str, str]] = {}

    def products(self, communes: Sequence[UnitVersion]) -> list[Product]:
        found: list[Product] = []
        neighbours: list[Producer] = []
        for commune in communes:
            chance = dice(self._seed, "register", commune.unit_id)
            homes = self._homes(commune, chance)
            own: list[Producer] = []
            for index in self._entries(chance):
                producer, home = self._producer(commune, own, neighbours, chance), pick(chance, homes)
                for _ in range(between(chance, 1, self._profile["most_at_once"])):
                    product = self._product(producer, home, chance)
                    self._recognise(product, index, chance)
                    if product.recognitions:
                        found.append(product)
            # Only a company's name is one producer's wherever it stands (catalogue/data/legal_forms.csv).
            neighbours = [producer for producer in own if producer.type == "enterprise"] or neighbours
        return found

    def named(self, name: str, communes: Sequence[UnitVersion]) -> Product | None:
        """A product of a given name with its only recognition; None for one that fails its evaluation."""
        chance = dice(self._seed, "named", name)
        native = [unit for unit in communes if name_key(name).endswith(name_key(unit.name))]
        commune = pick(chance, native or communes)
        if chance.random() >= self._profile["named_recognised"]:
            return None
        full = name[0].upper() + name[1:]
        producer, address = self._new_producer(commune, chance), pick(chance, words()["address"])
        product = Product(full, producer, "food", address, (commune.unit_id,))
        at, star = between(chance, 0, len(self._months) - 1), pick(chance, ("3", "4"))
        product.recognitions.append(self._decide(product, at, star, "first"))
        return product

    def _homes(self, commune: UnitVersion, chance: random.Random) -> list[tuple[str, ...]]:
        came_from = {link.predecessor_id for link in self._ledger.predecessors(commune.unit_id)}
        # A change of type or name links a commune to itself: that is where it came from only when nothing else is.
        before = sorted(came_from - {commune.unit_id}) or sorted(came_from)
        chance.shuffle(before)
        return [(unit_id, commune.unit_id) for unit_id in before] or [(commune.unit_id,)]

    def _entries(self, chance: random.Random) -> list[int]:
        """Positions of the months in which something new is recognised."""
        if chance.random() < self._profile["dormant_communes"]:
            return []
        zeal = self._pace * (0.4 + 1.2 * chance.random())
        busy = dict.fromkeys(self._profile["busy_months"], self._profile["busy_entry"])
        usual = self._profile["entry"]
        return [
            index for index, month in enumerate(self._ends) if chance.random() < zeal * busy.get(month, usual)
        ]

    def _producer(
        self, commune: UnitVersion, own: list[Producer], neighbours: list[Producer], chance: random.Random
    ) -> Producer:
        # A producer may work in two communes: such a one must not be counted twice above them.
        if neighbours and chance.random() < self._profile["shared_producer"]:
            return pick(chance, neighbours)
        if own and chance.random() < 0.5:
            return pick(chance, own)
        own.append(self._new_producer(commune, chance))
        return own[-1]

    def _new_producer(self, commune: UnitVersion, chance: random.Random) -> Producer:
        kind = weighted(chance, self._profile["producer_types"])
        while True:
            brand = f"{pick(chance, words()['brand_first'])} {pick(chance, words()['brand_second'])}"
            name = f"{pick(chance, words()['producer_prefix'][kind])} {brand} {commune.name}"
            if name not in self._names:
                self._names.add(name)
                return Producer(name, brand, kind, pick(chance, words()["producer_wording"][kind]))

    def _product(self, producer: Producer, homes: tuple[str, ...], chance: random.Random) -> Product:
        sector = weighted(chance, self._profile["goods"])
        taken = self._taken.setdefault(producer, set())
        plain = name = f"{pick(chance, words()['goods'][sector])} {producer.brand}"
        number = 2
        while name in taken:
            name, number = f"{plain} loại {number}", number + 1
        taken.add(name)
        # One workshop in a commune: products of one producer there may share merged cells in a register.
        address = pick(dice(self._seed, producer.name, *homes), words()["address"])
        return Product(name, producer, sector, address, homes)

    def _recognise(self, product: Product, index: int, chance: random.Random) -> None:
        star = weighted(chance, self._profile["stars"])
        first = self._decide(product, index, star, "first")
        product.recognitions.append(first)
        if chance.random() < self._profile["renewal"]:
            self._again(product, index + between(chance, 33, 35), star, "again")
        elif chance.random() < self._profile["upgrade"] * VALIDITY_MONTHS or star == "potential_5":
            self._again(product, index + between(chance, 8, 24), _NEXT_STAR[star], "upgrade")

    def _again(self, product: Product, index: int, star: str, kind: str) -> None:
        if index < len(self._months):
            product.recognitions.append(self._decide(product, index, star, kind))

    def _decide(self, product: Product, index: int, star: str, kind: str) -> Recognition:
        month = self._months[index]
        day = self._day(self._body(product, star, month.start)[1], month)
        level, body = self._body(product, star, day)  # in the month of a reform not the body of its first day
        suffix = "QĐ-UBND"
        if level == "ministry":
            suffix = "QĐ-BNNPTNT" if day < MINISTRY_RENAMED else "QĐ-BNNMT"
        number = between(dice(self._seed, "decision", body, day), 101, 3999)
        expiry = add_months(day, VALIDITY_MONTHS)
        return Recognition(star, kind, level, body, f"{number}/{suffix}", day, expiry)

    def _body(self, product: Product, star: str, day: date) -> tuple[str, str]:
        """Who recognised this star on that day (decisions 1048, 148, 1489, 26/2026)."""
        if star == "5":
            old = day < MINISTRY_RENAMED
            return "ministry", f"Bộ Nông nghiệp và {'Phát triển nông thôn' if old else 'Môi trường'}"
        by_district = star == "3" and DISTRICTS_RECOGNISE[0] <= day <= DISTRICTS_RECOGNISE[1]
        key = (product.homes, day, by_district)
        if key not in self._bodies:
            home = product.home(self._ledger, day)
            above = {unit.tier: unit for unit in self._ledger.ancestors(home.unit_id, day)}
            tier = Tier.DISTRICT if by_district and Tier.DISTRICT in above else Tier.PROVINCE
            name = above[tier].full_name
            self._bodies[key] = (tier.value, f"UBND {name[0].lower()}{name[1:]}")
        return self._bodies[key]

    def _day(self, body: str, month: Period) -> date:
        """The day of a body's one round of decisions in a month.

        Never within three days of the month's ends or after the 28th, so that no certificate lapses on a
        closing day, where one day's difference in reading would decide a count.
        """
        key = (body, month.key)
        if key not in self._days:
            chance = dice(self._seed, "round", *key)
            day = month.start + timedelta(days=between(chance, 3, (month.end - month.start).days - 3))
            self._days[key] = day.replace(day=min(day.day, _SAFE_LAST_DAY))
        return self._days[key]


def _months(first: Period, last: Period) -> list[Period]:
    months = [first]
    while months[-1] < last:
        months.append(months[-1].next())
    return months


def current(product: Product, on: date) -> Recognition | None:
    """The recognition in force or last in force on a day: the latest decided by then."""
    known = product.known(on)
    return known[-1] if known else None


def is_valid(product: Product, on: date) -> bool:
    """Whether its certificate outlasts a day."""
    latest = current(product, on)
    return latest is not None and latest.expiry > on


def events_between(products: Iterable[Product], start: date, end: date) -> list[tuple[Product, Recognition]]:
    """The recognitions decided from one day to another, both included."""
    return [
        (product, event)
        for product in products
        for event in product.recognitions
        if start <= event.decision_date <= end
    ]
