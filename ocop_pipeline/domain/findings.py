"""What a check says about a submission, to people and to machines.

Belongs here: the shapes. The closed list of codes with their sentences is `catalogue/data/findings.csv`.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """`error` returns a submission; `warning` accepts and flags it."""

    ERROR = "error"
    WARNING = "warning"


class Verdict(StrEnum):
    """What became of a file. Part of the documented JSON of `ocop check` and `ocop run`."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    SET_ASIDE = "set_aside"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, at one place. `args` fill the sentence of `code` and are plain text or numbers."""

    code: str
    severity: Severity
    sheet: str = ""
    cell: str = ""
    args: dict[str, str] = field(default_factory=dict)
