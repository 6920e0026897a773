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
class Repair:
    """Something written otherwise than asked for, and how it was read.

    Attributes:
        sheet: its sheet.
        cell: its cell; empty where many cells of the sheet are meant.
        rule: code of `catalogue/data/repairs.csv`.
        before: what was written.
        after: what was understood.
        is_guess: it could mean something else; then a finding asks to confirm it.
    """

    sheet: str
    cell: str
    rule: str
    before: str
    after: str
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, at one place.

    Attributes:
        code: of the closed list.
        severity: as the list says.
        sheet: its sheet; empty where the whole file is meant.
        cell: its cell; empty where the whole sheet is meant.
        args: fill the sentence of the code; plain text or numbers.
        reason: what the sender wrote beside a warning that stands; it travels to whoever approves.
    """

    code: str
    severity: Severity
    sheet: str = ""
    cell: str = ""
    args: dict[str, str] = field(default_factory=dict)
    reason: str = ""
