"""The closed list of repairs: what intake reads otherwise than it is written, and the sentences that tell of it.

Belongs here: loading `repairs.csv` and filling a sentence. Does not: repairing (`intake/evidence.py`, `encodings.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from ocop_pipeline.catalogue.findings import Language, finding_types
from ocop_pipeline.catalogue.tables import read_csv, refuse_repeats
from ocop_pipeline.domain.findings import Finding, Repair, Severity
from ocop_pipeline.paths import CATALOGUE_DATA

REPAIR_COLUMNS: Final = ("code", "sentence_vi", "sentence_en")
_PLACES: Final = ("{before}", "{after}")


@dataclass(frozen=True, slots=True)
class RepairKinds:
    """Code -> its sentences, Vietnamese and English, with the places ``{before}`` and ``{after}``."""

    sentences: Mapping[str, tuple[str, str]]

    def message(self, repair: Repair, language: Language = "vi") -> str:
        """Where it was, what was written and how it is read, as plain text on one line; KeyError for no such rule."""
        sentence = self.sentences[repair.rule][language == "en"]
        # What was written may hold braces: it is put in, never read as a sentence.
        first, rest = sentence.split("{before}")
        middle, last = rest.split("{after}")
        text = f"{first}{repair.before}{middle}{repair.after}{last}"
        place = finding_types().place(
            Finding(repair.rule, Severity.WARNING, repair.sheet, repair.cell), language
        )
        return f"{place}: {text}" if place else text


@cache
def repair_kinds() -> RepairKinds:
    """The shipped list, loaded once. A site does not edit it: each code belongs to code of ours."""
    return load_repairs(CATALOGUE_DATA / "repairs.csv")


def load_repairs(path: Path) -> RepairKinds:
    """Read the list of repairs.

    Raises:
        CatalogueError: a repeated code, or a sentence without its two places in their order.
    """
    rows = read_csv(path, REPAIR_COLUMNS)
    refuse_repeats(rows, "code")
    for row in rows:
        for column in ("sentence_vi", "sentence_en"):
            text = row.text(column)
            at = [text.find(place) for place in _PLACES]
            if not 0 <= at[0] < at[1] or any(text.count(place) > 1 for place in _PLACES):
                raise row.error("a sentence has {before}, then {after}, each once", column)
    return RepairKinds({row.code("code"): (row.text("sentence_vi"), row.text("sentence_en")) for row in rows})
