"""Forms, their lines and their layouts: what is asked, and how a workbook lays it out.

Belongs here: the shapes only. The forms themselves are data (`catalogue/data/forms`, `layouts`).
Layouts are plain and picklable: they travel to the processes that read workbooks.
"""

from dataclasses import dataclass
from datetime import date

GRID, REGISTER, FUNDING, TASKS, REMARKS, INFO = "grid", "register", "funding", "tasks", "remarks", "info"


@dataclass(frozen=True, slots=True)
class FormLine:
    """One value that a form asks for: where it stands (`part`, `line_code`, `field`) and what it means.

    `breakdown` is empty for a total, else `dimension=code` pairs joined by `;` in the order of their names.
    """

    form: str
    part: str
    line_code: str
    field: str
    indicator: str
    breakdown: str
    label_vi: str
    unit_vi: str
    value_type: str
    required: bool
    depth: int
    section: str
    position: int


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the reporting regime: who sends it and between which days it is in force."""

    code: str
    name_vi: str
    name_en: str
    sender_tier: str
    by_agency: bool
    valid_from: date | None
    valid_to: date | None
    parts: tuple[str, ...]

    def in_force(self, on: date) -> bool:
        """Whether the form is asked for on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class LayoutSheet:
    """One sheet of a layout.

    `kind` is `pairs` (label, value beside it), `lines` (a keyed line per form line) or `rows` (a table of any
    length). `columns` maps our field to the header text (for pairs: to the label text). `key` is the header of
    the column that names the line; `anchor` the field without which a row is no row; `private` fields are
    personal data and are never read out of the archived file.
    """

    part: str
    name: str
    kind: str
    columns: tuple[tuple[str, str], ...]
    key: str | None = None
    anchor: str | None = None
    private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """How a form is laid out.

    `line_keys` maps (part, text in the key column) to a line code; None means the text is the line code itself.
    """

    code: str
    form: str
    title: str
    valid_from: date | None
    valid_to: date | None
    sheets: tuple[LayoutSheet, ...]
    line_keys: dict[tuple[str, str], str] | None

    def sheet(self, part: str) -> LayoutSheet | None:
        """The sheet that holds a part of the form, if the layout has it."""
        return next((sheet for sheet in self.sheets if sheet.part == part), None)
