"""Reads the words and sizes of the generated country from `data/`, and draws from them repeatably.

Belongs here: loading and drawing. What is drawn for what is decided by the callers.
"""

import random
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ocop_pipeline.catalogue.tables import read_text

_DATA = Path(__file__).parent / "data"
_Item = TypeVar("_Item")


@cache
def words() -> dict[str, Any]:
    """The vocabulary: brands, goods, sentences, all invented."""
    return _read("vocabulary.yml")


@cache
def profiles() -> dict[str, Any]:
    """How large and how frequent figures are."""
    return _read("profiles.yml")


def dice(*parts: object) -> random.Random:
    """A source of chance that depends on `parts` alone, so that files do not depend on each other's order."""
    return random.Random("|".join(map(str, parts)))  # noqa: S311 - repeatable play, no secret


def pick(chance: random.Random, items: Sequence[_Item]) -> _Item:
    """One of the items, each as likely."""
    return items[int(chance.random() * len(items))]


def between(chance: random.Random, low: int, high: int) -> int:
    """A whole number from low to high, both included (`randint` is several times slower)."""
    return low + int(chance.random() * (high - low + 1))


def weighted(chance: random.Random, weights: Mapping[str, float]) -> str:
    """One of the keys, as likely as its weight."""
    point = chance.random() * sum(weights.values())
    for key, weight in weights.items():
        point -= weight
        if point < 0:
            return key
    return next(reversed(list(weights)))


def _read(name: str) -> dict[str, Any]:
    # Our own file: plain numbers such as 0.35 are wanted here, which the catalogue's reading keeps as text.
    value: dict[str, Any] = yaml.safe_load(read_text(_DATA / name))
    return value
