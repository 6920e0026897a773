"""Which listed products and producers are one, by what people have decided.

Belongs here: applying decisions to what the registers list, those of people on names and those that transfer a
product. Certain spellings share a key already (`spelling.py`); proposing what may be one is `matching.py`. Nothing is
merged here that no person and no transfer has said to be one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from ocop_pipeline.warehouse.ledger import ListedName, NameDecision
from ocop_pipeline.warehouse.register import Listing

PRODUCT, PRODUCER = "product", "producer"
KeyOf = Callable[[str], str]


class Names:
    """Finds the listed ids that a name as written stands for."""

    def __init__(self, listings: Iterable[Listing], product_key: KeyOf, producer_key: KeyOf) -> None:
        self._product_key, self._producer_key = product_key, producer_key
        self._found: defaultdict[tuple[str, str, str, str], set[str]] = defaultdict(set)
        for each in listings:
            for unit_id in {each.unit_id, each.home_id}:
                self._found[PRODUCER, unit_id, each.producer_key, ""].add(each.listed_producer_id)
                self._found[PRODUCT, unit_id, each.producer_key, each.product_key].add(each.listed_product_id)

    def ids(self, kind: str, name: ListedName) -> set[str]:
        """The listed ids of a name; none where no register that counts lists it (any more)."""
        producer = self._producer_key(name.producer) if name.producer else ""
        product = self._product_key(name.product) if kind == PRODUCT else ""
        return self._found.get((kind, name.unit_id, producer, product), set())


def identities(
    decisions: Sequence[NameDecision], names: Names, transfers: Iterable[tuple[str, str, str]] = ()
) -> list[tuple[str, str, str]]:
    """What the decisions make of the listed ids.

    Args:
        decisions: Oldest first; the latest on a pair counts.
        names: What is listed.
        transfers: Kind and listed ids before and after a transfer. What a person has said of a pair goes before it.

    Returns:
        (kind, listed id, id of the one it is known as), for ids that are known as another one only, sorted. Deciding
        that A is B and B is C makes all three one, known as A; which of two came first is irrelevant, what was said
        last of the same pair is not.
    """
    standing: dict[tuple[str, frozenset[str]], tuple[str, str, bool]] = {
        (kind, frozenset((before, after))): (before, after, True)
        for kind, before, after in sorted(transfers, reverse=True)
    }
    for decision in decisions:
        for left in names.ids(decision.name_kind, decision.left):
            for right in names.ids(decision.name_kind, decision.right):
                if left != right:
                    pair = (decision.name_kind, frozenset((left, right)))
                    standing[pair] = (left, right, decision.is_same)
    groups = _Groups()
    for (kind, _), (left, right, is_same) in sorted(standing.items(), key=lambda item: item[1]):
        if is_same:
            groups.join((kind, left), (kind, right))
    kept = {(kind, left) for (kind, _), (left, _, same) in standing.items() if same}
    given_up = {(kind, right) for (kind, _), (_, right, same) in standing.items() if same}
    return sorted(groups.merged(preferred=[kept - given_up, kept]))


def decided_pairs(decisions: Iterable[NameDecision], names: Names) -> set[frozenset[str]]:
    """The pairs of listed ids a person has decided on, either way."""
    return {
        frozenset((left, right))
        for decision in decisions
        for left in names.ids(decision.name_kind, decision.left)
        for right in names.ids(decision.name_kind, decision.right)
        if left != right
    }


_Node = tuple[str, str]


class _Groups:
    """Connected sets of ids."""

    def __init__(self) -> None:
        self._parent: dict[_Node, _Node] = {}

    def join(self, left: _Node, right: _Node) -> None:
        self._parent[self._root(right)] = self._root(left)

    def _root(self, node: _Node) -> _Node:
        while self._parent.setdefault(node, node) != node:
            node = self._parent[node]
        return node

    def merged(self, preferred: Sequence[set[_Node]]) -> Iterable[tuple[str, str, str]]:
        """(kind, id, id it is known as): of a group the first id of the first of these sets that has one of it."""
        members: defaultdict[_Node, list[_Node]] = defaultdict(list)
        for node in self._parent:
            members[self._root(node)].append(node)
        for group in members.values():
            kept = min(group, key=lambda node: (*(node not in better for better in preferred), node))
            yield from ((kind, listed, kept[1]) for kind, listed in group if listed != kept[1])
