"""The review list: which products or producers may be one, and what people decided on them.

Belongs here: the doubts that still wait, finding the one that is meant, turning an answer into a decision for the
ledger. Does not: proposing doubts (`matching.py`), applying decisions (`identity.py`): both happen in a run.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ocop_pipeline.catalogue.names import NameWords
from ocop_pipeline.register.book import Listed, Places, Rows, require_register
from ocop_pipeline.register.identity import PRODUCT, Names
from ocop_pipeline.register.spelling import producer_key, product_key
from ocop_pipeline.warehouse.ledger import ListedName, NameDecision
from ocop_pipeline.warehouse.register import Listing

_DOUBTS = """
    SELECT
        doubt_id, name_kind, reason, similarity, left_id, left_product, left_producer, left_unit_id,
        right_id, right_product, right_producer, right_unit_id
    FROM register.doubts
    ORDER BY
        name_kind = 'product', similarity DESC, left_unit_id, left_producer, left_product, right_unit_id,
        right_producer, right_product, left_id, right_id
"""
"""In the order in which they are proposed (`matching.doubts`)."""
Pair = frozenset[tuple[str, str, str, str]]
"""(kind, unit, key of the producer, key of the product) of both sides."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two names: as a register of the unit writes it. `identity` is the id it has now, "" where not told."""

    identity: str
    name: ListedName


@dataclass(frozen=True, slots=True)
class OpenDoubt:
    """Two products, or producers, that may be one, and why (`matching.Reason`); `similarity` from 0 to 1."""

    doubt_id: str
    name_kind: str
    reason: str
    similarity: float
    left: Side
    right: Side


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision of the ledger with the id it can be named by; `stands` is False where a later one replaced it."""

    decision_id: str
    decision: NameDecision
    stands: bool


class Review:
    """The doubts of the register beside the decisions of the ledger."""

    def __init__(self, rows: Rows, decisions: Sequence[NameDecision], words: NameWords) -> None:
        """Read the doubts.

        Args:
            rows: Reads the warehouse.
            decisions: All of the ledger, oldest first.
            words: The wordings of the catalogue.

        Raises:
            NotPublishedError: no run has made the register yet.
        """
        require_register(rows)
        self._words = words
        self._proposed = [_doubt(row) for row in rows(_DOUBTS, [])]
        pairs = [self._pair(each.name_kind, each.left, each.right) for each in decisions]
        last = {pair: place for place, pair in enumerate(pairs)}
        self.decided = tuple(
            Decided(_id(pair), decision, last[pair] == place)
            for place, (pair, decision) in enumerate(zip(pairs, decisions, strict=True))
        )
        self._answered = set(pairs)

    def waiting(self, within: frozenset[str] | None = None, places: Places | None = None) -> list[OpenDoubt]:
        """The doubts nobody has decided on: producers' first, because deciding on them settles many products'.

        Then the most alike first, then by place and name.

        Args:
            within: Ids of units; a doubt is among them when one of its sides is of one of them.
            places: Where the units of doubts are on the map; with `within`.
        """
        found = [each for each in self._proposed if not self._is_answered(each)]
        if within is None or places is None:
            return found
        return [
            each
            for each in found
            if any(places.of({side.name.unit_id}) in within for side in (each.left, each.right))
        ]

    def answered(self) -> int:
        """Doubts decided on since they were proposed: the next run takes them off the list."""
        return sum(self._is_answered(each) for each in self._proposed)

    def meant(self, start: str) -> dict[str, OpenDoubt]:
        """What the beginning of an id may mean: doubts, answered or not, and decisions that stand.

        One pair is one, whether it is named by its doubt or by a decision on it.
        """
        start = start.strip().lower()
        if not start:
            return {}
        found: dict[str, OpenDoubt] = {}
        for each in self._proposed:
            if each.doubt_id.startswith(start):
                found[_id(self._pair_of(each))] = each
        for decided in self.decided:
            if decided.stands and decided.decision_id.startswith(start):
                decision = decided.decision
                sides = Side("", decision.left), Side("", decision.right)
                found.setdefault(
                    decided.decision_id, OpenDoubt(decided.decision_id, decision.name_kind, "", 0.0, *sides)
                )
        return found

    def doubts_of(self, identity: str) -> list[OpenDoubt]:
        """The doubts that wait and concern a product or producer."""
        return [each for each in self.waiting() if identity in (each.left.identity, each.right.identity)]

    def decisions_on(self, kind: str, lines: Iterable[Listed]) -> list[Decided]:
        """The decisions on a product or producer, oldest first, by the ways it is listed."""
        names = Names([_listing(each) for each in lines], product_key, self._producer_key)
        return [
            each
            for each in self.decided
            if each.decision.name_kind == kind
            and (names.ids(kind, each.decision.left) or names.ids(kind, each.decision.right))
        ]

    def _is_answered(self, doubt: OpenDoubt) -> bool:
        return self._pair_of(doubt) in self._answered

    def _pair_of(self, doubt: OpenDoubt) -> Pair:
        return self._pair(doubt.name_kind, doubt.left.name, doubt.right.name)

    def _pair(self, kind: str, left: ListedName, right: ListedName) -> Pair:
        return frozenset(
            (
                kind,
                name.unit_id,
                self._producer_key(name.producer) if name.producer else "",
                product_key(name.product) if kind == PRODUCT else "",
            )
            for name in (left, right)
        )

    def _producer_key(self, name: str) -> str:
        return producer_key(name, self._words).key


def decision(
    doubt: OpenDoubt, *, is_same: bool, keep_right: bool, decided_by: str, reason: str, now: datetime
) -> NameDecision:
    """What a person answered, for the ledger: names as they are written, the one that is kept on the left."""
    left, right = doubt.left.name, doubt.right.name
    if keep_right:
        left, right = right, left
    return NameDecision(doubt.name_kind, left, right, is_same, decided_by, reason, now)


def _doubt(row: Any) -> OpenDoubt:
    sides = [
        Side(
            row[f"{side}_id"],
            ListedName(row[f"{side}_unit_id"], row[f"{side}_producer"] or "", row[f"{side}_product"] or ""),
        )
        for side in ("left", "right")
    ]
    return OpenDoubt(row["doubt_id"], row["name_kind"], row["reason"], row["similarity"], sides[0], sides[1])


def _listing(each: Listed) -> Listing:
    return Listing(
        each.listed_product_id, each.listed_producer_id, each.unit_id, each.home_id, each.product_name,
        each.product_key, each.producer_name, each.producer_key, "",
    )  # fmt: skip


def _id(pair: Pair) -> str:
    text = "\n".join("\t".join(side) for side in sorted(pair))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
