"""Forms, their lines and their layouts: what is asked, and how a workbook lays it out.

Belongs here: the shapes only. The forms themselves are data (`catalogue/data/forms`, `layouts`, `imports`).
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

    def in_force(self, on: date) -> bool:
        """Whether the layout is the one to use on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """Columns under one heading: the wordings of the heading, and (wording, field) of the columns below it."""

    wordings: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ImportForm:
    """A list that a person hands over once; no calendar expects it and no unit sends it.

    Attributes:
        code: Its code, beside those of `Form`.
        name_vi: Its name.
        name_en: The same in English.
        kinds: What its lines can tell of: a register, or one kind of event.
        key: Field of the column that numbers the lines.
        anchor: Field without which a line names no product.
        carried: Fields merged over several lines; the first decides whether a line belongs to the one above.
        private: Fields that are personal data and are never read out of the archived file.
        needs: Of each of these sets of fields one must have a column.
        by_position: Fields of the columns A, B, … where no header is known; empty where it is never so read.
        columns: (wording of a header, field).
        groups: Headings over several columns.
    """

    code: str
    name_vi: str
    name_en: str
    kinds: tuple[str, ...]
    key: str
    anchor: str
    carried: tuple[str, ...]
    private: frozenset[str]
    needs: tuple[tuple[str, ...], ...]
    by_position: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    groups: tuple[ColumnGroup, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that is read, in the order of the columns."""
        every = [
            *self.by_position,
            *(field for _, field in self.columns),
            *(field for group in self.groups for _, field in group.columns),
        ]
        return tuple(field for field in dict.fromkeys(every) if field not in self.private)
