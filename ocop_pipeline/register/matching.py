"""Which products and which producers may be one although their names differ: the list a person reviews.

Belongs here: proposing pairs, each with its reason. Does not: merging anything (only what people decided is merged),
what is certainly one name (`spelling.py`), the decisions. This is the one module that knows rapidfuzz.

The list has to stay short enough to be read, so a pair needs more than a high similarity. Names of products differ in
one word as a rule, and that word is the product: "nấm hương tươi" and "nấm hương khô" are alike to 88 percent and are
two. A pair is proposed when its differences can be slips of writing (diacritics, spaces, word order, one letter in a
long word) or leavings-out (the producer's brand, a trade word), never when each name has a real word of its own.
"""

import functools
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise
from typing import TypeVar

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from ocop_pipeline.catalogue.names import NameWords
from ocop_pipeline.domain.spelling import without_accents
from ocop_pipeline.register.spelling import ProducerKey, producer_key

__all__ = ["Doubt", "KnownProduct", "Reason", "doubts"]

PRODUCT, PRODUCER = "product", "producer"

LIKE = 85.0
"""Least similarity of two names, in percent of their letters (Indel), accents left out and words in any order."""
LIKE_WITH_MORE = 90.0
"""The same where one of the names has a whole word more."""
SLIP_LETTERS = 4
"""Least length of the longer of two words that differ in one letter by a slip: shorter ones differ on purpose (sen,
sâm)."""
SLIP_PRODUCERS = 2
"""Most producers in whose names a misspelt word stands. A word that more of them use is a word (hương, sương)."""
WORDS_OF_A_NAME = 2
"""Words a producer's own name needs before it says anything in another place or as the beginning of another name."""
WORDS_WITHOUT_FORM = 3
"""Words it needs where the legal form differs and the two are in different communes."""
MOST_PLACES = 4
"""A name found in more places than these is a common one; only a product of the same name makes it a doubt."""
SHORT_LETTERS = range(2, 7)
"""Letters of an abbreviation."""

_VOWELS = frozenset("aeiouy")


class Reason(StrEnum):
    """Why two may be one."""

    SIMILAR_NAME = "similar_name"
    """The names differ in what may be slips or words left out."""
    ABBREVIATION = "abbreviation"
    """One name has the initials of words that stand in the other."""
    LEGAL_FORM_DIFFERS = "legal_form_differs"
    """The names are the same but for the legal form."""
    SAME_NAME_ELSEWHERE = "same_name_elsewhere"
    """The same name in two places, and nothing says that it belongs to one producer in both."""
    SAME_PRODUCT_TWO_PRODUCERS = "same_product_two_producers"
    """One product name, listed by two producers who may be one or of whom one gave the product its name."""


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A product as the register knows it.

    Attributes:
        product_id: Its id. Several rows may have one id: spellings a person has said to be one.
        product_name: Its name as written.
        product_key: `spelling.product_key` of it.
        producer_id: Id of its producer.
        producer_name: The producer's name as written; "" where none is told.
        producer_key: `spelling.producer_key` of it; "" where none is told.
        home_id: Its commune of today.
        province_id: The province of that.
    """

    product_id: str
    product_name: str
    product_key: str
    producer_id: str
    producer_name: str
    producer_key: str
    home_id: str
    province_id: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two products, or two producers, that may be one.

    Attributes:
        kind: "product" or "producer".
        reason: Why.
        similarity: Of the two keys with their diacritics, from 0 to 1, words in any order; rounded to 4 places.
        left_id: Id of the one whose place and name come first.
        left_product: Its name; "" for a producer.
        left_producer: Name of the producer.
        left_unit_id: Its commune; of a producer with several, the first by id.
        right_id: The other one.
        right_product: The same for it.
        right_producer: The same for it.
        right_unit_id: The same for it.
    """

    kind: str
    reason: Reason
    similarity: float
    left_id: str
    left_product: str
    left_producer: str
    left_unit_id: str
    right_id: str
    right_product: str
    right_producer: str
    right_unit_id: str

    @property
    def pair(self) -> frozenset[str]:
        """The two ids; how a decision on the pair is recognised."""
        return frozenset((self.left_id, self.right_id))


def doubts(
    products: Iterable[KnownProduct], decided: Collection[frozenset[str]], words: NameWords
) -> list[Doubt]:
    """Propose the pairs of products and of producers that a person should look at.

    Producers are compared within a commune, and within a province where both names are unique at least there;
    products within their commune, and beyond it those of producers who may be one. What has the same id is one
    already. The order of `products` does not matter.

    Args:
        products: All products of the register.
        decided: Pairs of ids (of products or of producers) a person has decided on, either way. They do not come
            back, and two producers said to be two do not make their products doubtful.
        words: The wordings of the catalogue.

    Returns:
        Producers first (deciding on them settles many products), the most similar first; each pair once.
    """
    known = sorted(set(products), key=_order)
    settled = frozenset(decided)
    producers = _producers(known, words)
    slips = _Slips(known)
    found = _Found(settled)
    _propose_producers(producers, slips, found)
    _propose_products(known, producers, slips, found)
    return found.sorted()


# ------------------------------------------------------------------------------------------ names


@dataclass(frozen=True, slots=True, eq=False)
class _Name:
    """A key made ready for comparison: without accents, y as i, numbers without zeros in front."""

    words: tuple[str, ...]
    marks: tuple[str, ...]
    """Numbers and single letters: what tells grades, sizes and models apart."""

    text: str
    """The words as they stand."""
    ordered: str
    """The words in alphabetical order."""
    joined: str
    """The words without spaces between them."""


@functools.lru_cache(maxsize=1 << 16)
def _name(key: str) -> _Name:
    loose = without_accents(unicodedata.normalize("NFD", key)).replace("y", "i")
    words = tuple(word.lstrip("0") or "0" if word.isdecimal() else word for word in loose.split())
    marks = sorted(word for word in words if len(word) == 1 or word[0].isdecimal() or word.endswith("+"))
    return _Name(words, tuple(marks), " ".join(words), " ".join(sorted(words)), "".join(words))


def _similarity(one: str, other: str) -> float:
    """How similar two keys look, from 0 to 1; 1 for the same words only."""
    one, other = (unicodedata.normalize("NFD", key) for key in (one, other))
    return round(max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other)) / 100, 4)


class _Slips:
    """Tells slips of writing from other words, by how many producers use a word."""

    def __init__(self, known: Iterable[KnownProduct]) -> None:
        users: defaultdict[str, set[str]] = defaultdict(set)
        for row in known:
            for word in (*_name(row.product_key).words, *_name(row.producer_key).words):
                users[word].add(row.producer_id)
        self._common = {word for word, producers in users.items() if len(producers) > SLIP_PRODUCERS}

    def may_separate(self, one: _Name, other: _Name) -> bool:
        """Whether slips of writing, or one word left out, can be all that two names differ in."""
        if one.joined == other.joined:
            return True
        if one.marks != other.marks:
            return False
        likeness = max(
            fuzz.ratio(one.text, other.text, score_cutoff=LIKE),
            fuzz.ratio(one.ordered, other.ordered, score_cutoff=LIKE),
        )
        if likeness < LIKE:
            return False
        fewer, more = sorted(_left_over(one.words, other.words), key=lambda words: (len(words), words))
        if "".join(fewer) == "".join(more):
            return True
        enough = LIKE if len(fewer) == len(more) else LIKE_WITH_MORE
        return likeness >= enough and all(self._takes_slip_of(word, more) for word in fewer)

    def _takes_slip_of(self, word: str, candidates: list[str]) -> bool:
        """Whether one of the words is this one but for a letter; that one is used up."""
        for candidate in candidates:
            if self._are_words(word, candidate) or max(len(word), len(candidate)) < SLIP_LETTERS:
                continue
            if OSA.distance(word, candidate, score_cutoff=1) <= 1:
                candidates.remove(candidate)
                return True
        return False

    def _are_words(self, one: str, other: str) -> bool:
        return one in self._common and other in self._common


def _left_over(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of each that the other does not have, in their order."""
    mine, theirs = Counter(one), Counter(other)
    return list((mine - theirs).elements()), list((theirs - mine).elements())


def _abbreviates(short: Sequence[str], full: Sequence[str]) -> bool:
    """Whether a name is another one with some of its words as initials: "cn" for "chăn nuôi"."""
    place, used = 0, False
    for word in short:
        if place < len(full) and word == full[place]:
            place += 1
            continue
        span = full[place : place + len(word)]
        is_short = len(word) in SHORT_LETTERS and not _VOWELS.intersection(word)
        if not is_short or "".join(each[0] for each in span) != word:
            return False
        place, used = place + len(word), True
    return used and place == len(full)


# -------------------------------------------------------------------------------------- producers


@dataclass(slots=True, eq=False)
class _Producer:
    """A producer under one of its keys, with everything it is compared by."""

    producer_id: str
    name: str
    key: ProducerKey
    homes: list[str]
    provinces: list[str]
    product_keys: set[str]

    @property
    def is_wide(self) -> bool:
        """Whether its name belongs to one producer in more than a commune."""
        return self.key.name_unique_within != "commune"

    @property
    def bare(self) -> _Name:
        return _name(self.key.bare)

    @property
    def own(self) -> _Name:
        return _name(self.key.own)


_Pair = tuple[_Producer, _Producer]
_Couple = tuple[KnownProduct, KnownProduct]


def _producers(known: Sequence[KnownProduct], words: NameWords) -> list[_Producer]:
    """The producers in a fixed order, each once for each of its keys."""
    found = []
    for (producer_id, key), rows in _grouped(known, lambda row: (row.producer_id, row.producer_key)).items():
        if key:
            found.append(
                _Producer(
                    producer_id,
                    min(row.producer_name for row in rows),
                    producer_key(key, words),
                    sorted({row.home_id for row in rows}),
                    sorted({row.province_id for row in rows}),
                    {row.product_key for row in rows},
                )
            )
    return sorted(found, key=lambda each: (each.homes, each.name, each.key.key, each.producer_id))


def _propose_producers(producers: Sequence[_Producer], slips: _Slips, found: "_Found") -> None:
    # One pair may have several reasons: the first one proposed stands, the surest first.
    for one, other in _same_names(producers):
        found.add_producers(Reason.SAME_NAME_ELSEWHERE, one, other)
    for block in _blocks(producers, lambda each: each.homes):
        for one, other in combinations(block, 2):
            reason = _reason_nearby(one, other, slips)
            if reason is not None:
                found.add_producers(reason, one, other)
    for block in _blocks([each for each in producers if each.is_wide], lambda each: each.provinces):
        for reason, one, other in _far_pairs(block, slips):
            found.add_producers(reason, one, other)


def _same_names(producers: Sequence[_Producer]) -> Iterator[_Pair]:
    """Producers of one key in places between which the name need not be one producer's."""
    for group in _grouped(producers, lambda each: each.key.key).values():
        is_telling = group[0].is_wide and len(group) <= MOST_PLACES
        for one, other in combinations(group, 2):
            if is_telling or one.product_keys & other.product_keys:
                yield one, other


def _reason_nearby(one: _Producer, other: _Producer, slips: _Slips) -> Reason | None:
    """Why two producers of one commune may be one; None where nothing says so."""
    if one.key.key == other.key.key:
        return Reason.SAME_NAME_ELSEWHERE
    if one.key.bare == other.key.bare:
        return Reason.LEGAL_FORM_DIFFERS
    names = one.bare.words, other.bare.words
    if _abbreviates(*names) or _abbreviates(*reversed(names)):
        return Reason.ABBREVIATION
    own = one.own.words, other.own.words
    if (
        _is_end_of(*own)
        or _is_end_of(*reversed(own))
        or any(slips.may_separate(*names) for names in ((one.own, other.own), (one.bare, other.bare)))
    ):
        return Reason.SIMILAR_NAME
    return None


def _is_end_of(short: Sequence[str], full: Sequence[str]) -> bool:
    """Whether a name of enough words stands at the beginning or end of another one, or is it."""
    length = len(short)
    if length < WORDS_OF_A_NAME and length < len(full):
        return False
    return tuple(short) in (tuple(full[:length]), tuple(full[-length:]))


def _far_pairs(block: Sequence[_Producer], slips: _Slips) -> Iterator[tuple[Reason, _Producer, _Producer]]:
    """Pairs of one province, all with names that are unique at least there."""
    for group in _grouped(block, lambda each: each.key.bare).values():
        if len(group[0].own.words) >= WORDS_WITHOUT_FORM:
            for one, other in combinations(group, 2):
                yield Reason.LEGAL_FORM_DIFFERS, one, other
    for group in _grouped(block, lambda each: each.key.legal_form).values():
        named = [each for each in group if len(each.own.words) >= WORDS_OF_A_NAME]
        for one, other in _alike(named, lambda each: each.bare):
            if one.key.key != other.key.key and slips.may_separate(one.bare, other.bare):
                yield Reason.SIMILAR_NAME, one, other


# --------------------------------------------------------------------------------------- products


def _propose_products(
    known: Sequence[KnownProduct], producers: Sequence[_Producer], slips: _Slips, found: "_Found"
) -> None:
    tied = found.producer_pairs()
    for rows in _grouped(known, lambda row: (row.producer_id, row.product_key)).values():
        for one, other in combinations(rows, 2):
            found.add_products(Reason.SAME_NAME_ELSEWHERE, one, other)
    for one, other in _of_tied_producers(known, tied):
        found.add_products(Reason.SAME_PRODUCT_TWO_PRODUCERS, one, other)
    owners = _Owners(producers, tied)
    for block in _grouped(known, lambda row: row.home_id).values():
        for one, other in _candidates(block, owners):
            reason = _reason_in_commune(one, other, owners, slips)
            if reason is not None:
                found.add_products(reason, one, other)


def _candidates(block: Sequence[KnownProduct], owners: "_Owners") -> Iterator[_Couple]:
    """The pairs of a commune worth a look; some of them twice."""
    yield from _alike(block, lambda row: _name(row.product_key))
    for rows in _grouped(block, lambda row: _name(row.product_key).joined).values():
        yield from combinations(rows, 2)
    for rows in _grouped(block, lambda row: (row.producer_id, owners.without_brand(row))).values():
        yield from combinations(rows, 2)


def _reason_in_commune(
    one: KnownProduct, other: KnownProduct, owners: "_Owners", slips: _Slips
) -> Reason | None:
    """Why two products of one commune may be one; None where nothing says so."""
    names = _name(one.product_key), _name(other.product_key)
    if one.producer_id == other.producer_id:
        core = owners.without_brand(one)
        is_one = bool(core) and core == owners.without_brand(other)
        return Reason.SIMILAR_NAME if is_one or slips.may_separate(*names) else None
    if not owners.may_share(one, other):
        return None
    if one.product_key == other.product_key:
        return Reason.SAME_PRODUCT_TWO_PRODUCERS
    return Reason.SIMILAR_NAME if slips.may_separate(*names) else None


def _of_tied_producers(known: Sequence[KnownProduct], tied: Collection[frozenset[str]]) -> Iterator[_Couple]:
    """Products of one name, wherever, whose producers may be one."""
    of_producer = _grouped(known, lambda row: row.producer_id)
    for pair in tied:
        left, right = sorted(pair)
        by_key = _grouped(of_producer[right], lambda row: row.product_key)
        for one in of_producer[left]:
            for other in by_key.get(one.product_key, ()):
                yield one, other


class _Owners:
    """What producers' names say about whose product one is."""

    def __init__(self, producers: Iterable[_Producer], tied: Collection[frozenset[str]]) -> None:
        self._tied = tied
        self._brands: defaultdict[str, set[str]] = defaultdict(set)
        self._bearers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for producer in producers:
            self._brands[producer.producer_id].update(producer.own.words)
            for two in pairwise(producer.own.words):
                self._bearers[two].add(producer.producer_id)

    def without_brand(self, row: KnownProduct) -> tuple[str, ...]:
        """The words of a product's name that are not in its producer's own name, in alphabetical order."""
        brand = self._brands.get(row.producer_id, set())
        return tuple(sorted(word for word in _name(row.product_key).words if word not in brand))

    def may_share(self, one: KnownProduct, other: KnownProduct) -> bool:
        """Whether a product name that two producers of a commune list may be one product.

        Two producers with one product name are two, as a rule. It may be one product where the producers may be
        one, where a producer is missing, or where both names bear two words in a row of the own name of one of the
        two, and of nobody else: a brand has one bearer, a place name has many.
        """
        pair = frozenset((one.producer_id, other.producer_id))
        if pair in self._tied or not one.producer_key or not other.producer_key:
            return True
        common = set(pairwise(_name(one.product_key).words)) & set(pairwise(_name(other.product_key).words))
        return any(two in self._bearers and self._bearers[two] <= pair for two in common)


# ---------------------------------------------------------------------------------------- blocks

_Item = TypeVar("_Item")
_Key = TypeVar("_Key", bound=Hashable)


def _grouped(items: Iterable[_Item], key: Callable[[_Item], _Key]) -> dict[_Key, list[_Item]]:
    groups: defaultdict[_Key, list[_Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def _blocks(
    producers: Iterable[_Producer], places: Callable[[_Producer], Iterable[str]]
) -> Iterator[list[_Producer]]:
    """The producers of each place that has several."""
    found: defaultdict[str, list[_Producer]] = defaultdict(list)
    for producer in producers:
        for place in places(producer):
            found[place].append(producer)
    return (found[place] for place in sorted(found) if len(found[place]) > 1)


def _alike(items: Sequence[_Item], name: Callable[[_Item], _Name]) -> Iterator[tuple[_Item, _Item]]:
    """The pairs whose names reach `LIKE`; the comparison of all with all is rapidfuzz's own loop."""
    names = [name(item) for item in items]
    # A slip in a first letter takes a word to another place in the alphabet: the order as written is tried too.
    texts, ordered = [each.text for each in names], [each.ordered for each in names]
    for place, item in enumerate(items):
        found: set[int] = set()
        for spelled in (texts, ordered):
            found.update(
                step
                for _, _, step in process.extract(
                    spelled[place], spelled[place + 1 :], scorer=fuzz.ratio, score_cutoff=LIKE, limit=None
                )
            )
        for step in sorted(found):
            yield item, items[place + 1 + step]


def _order(row: KnownProduct) -> tuple[str, ...]:
    return (
        row.home_id, row.producer_name, row.product_name, row.product_id, row.producer_id, row.province_id,
        row.producer_key, row.product_key,
    )  # fmt: skip


class _Found:
    """The doubts collected; the first reason given for a pair stands."""

    def __init__(self, settled: frozenset[frozenset[str]]) -> None:
        self._settled = settled
        self._doubts: dict[tuple[str, frozenset[str]], Doubt] = {}

    def producer_pairs(self) -> set[frozenset[str]]:
        """The producers found so far that may be one."""
        return {pair for kind, pair in self._doubts if kind == PRODUCER}

    def add_producers(self, reason: Reason, one: _Producer, other: _Producer) -> None:
        similarity = _similarity(one.key.key, other.key.key)
        sides = sorted((each.homes[0], each.name, "", each.producer_id) for each in (one, other))
        self._add(PRODUCER, reason, similarity, sides)

    def add_products(self, reason: Reason, one: KnownProduct, other: KnownProduct) -> None:
        similarity = _similarity(one.product_key, other.product_key)
        sides = sorted(
            (each.home_id, each.producer_name, each.product_name, each.product_id) for each in (one, other)
        )
        self._add(PRODUCT, reason, similarity, sides)

    def sorted(self) -> list[Doubt]:
        return sorted(
            self._doubts.values(),
            key=lambda each: (
                each.kind == PRODUCT, -each.similarity, each.left_unit_id, each.left_producer, each.left_product,
                each.right_unit_id, each.right_producer, each.right_product, each.left_id, each.right_id,
            ),
        )  # fmt: skip

    def _add(
        self, kind: str, reason: Reason, similarity: float, sides: Sequence[tuple[str, str, str, str]]
    ) -> None:
        (left_unit, left_producer, left_product, left), (right_unit, right_producer, right_product, right) = (
            sides
        )
        pair = frozenset((left, right))
        if left == right or pair in self._settled:
            return
        doubt = Doubt(
            kind, reason, similarity, left, left_product, left_producer, left_unit, right, right_product,
            right_producer, right_unit,
        )  # fmt: skip
        self._doubts.setdefault((kind, pair), doubt)
