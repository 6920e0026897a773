"""By what a figure is shared out where its unit went several ways: one weight a section of indicators.

Here: loading `restatement_weights.csv`. Not here: the ways (`domain/restatement.py`) and the sharing (SQL). All weights
are assumptions of this software; a site that knows better replaces the file.
"""

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path

from ocop_pipeline.catalogue.tables import read_csv, refuse_repeats


class Weight(StrEnum):
    """What the parts of a divided unit are weighed by; where it is not known, they count equally."""

    PRODUCTS = "products"
    """Products of the register, by where they are on either map."""
    POPULATION = "population"
    """The share of the people, where the decree or the site tells it."""
    AREA = "area"
    """The share of the ground, where it is told."""
    EQUAL = "equal"
    """Every part the same."""


def load_restatement_weights(path: Path, sections: Collection[str]) -> dict[str, Weight]:
    """Section -> weight.

    Raises:
        CatalogueError: an unknown weight or section, a section twice or without a weight.
    """
    rows = read_csv(path, ("section", "weight", "reason", "confidence"))
    refuse_repeats(rows, "section")
    found = {}
    for row in rows:
        row.text("reason")
        row.confidence()
        found[row.choice("section", sections)] = Weight(row.choice("weight", [str(each) for each in Weight]))
    for section in sections:
        if section not in found:
            raise rows[-1].error(f"section {section} has no weight")
    return found
