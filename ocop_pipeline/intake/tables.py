"""Extracts as Arrow tables: raw.submissions, raw.cells, and the form values the rules read.

Belongs here: building columns for a whole batch at once. Texts that repeat (ids, sheets, lines, states) travel as
dictionaries whose indexes are taken over from the extracts as they are: a thousand files are then a few dozen
buffers and no Python object per cell. Does not: deciding anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ocop_pipeline.domain.findings import Finding
from ocop_pipeline.domain.forms import REGISTER, TASKS
from ocop_pipeline.intake.cells import STATES
from ocop_pipeline.intake.extract import Extract, LayoutSpec
from ocop_pipeline.intake.grid import column_letters
from ocop_pipeline.intake.recognise import Identity

_WORD = pa.dictionary(pa.int32(), pa.string())
_NUMBER = pa.decimal128(20, 4)

SUBMISSIONS_SCHEMA = pa.schema(
    [
        ("submission_id", pa.string()), ("form", pa.string()), ("layout", pa.string()), ("unit_id", pa.string()),
        ("agency", pa.string()), ("period", pa.string()), ("verdict", pa.string()),
        ("received_at", pa.timestamp("us")), ("sequence", pa.int64()), ("file_name", pa.string()),
        ("reported_on", pa.date32()),
    ]
)  # fmt: skip
"""Columns of raw.submissions; times are UTC."""
CELLS_SCHEMA = pa.schema(
    [
        ("submission_id", _WORD), ("period", _WORD), ("part", _WORD), ("line_key", pa.string()), ("field", _WORD),
        ("sheet", _WORD), ("cell", pa.string()), ("row_no", pa.int32()), ("state", _WORD), ("number", _NUMBER),
        ("text", pa.string()), ("day", pa.date32()),
    ]
)  # fmt: skip
"""Columns of raw.cells."""
_LINE_WORDS = ("part", "line_code", "field", "indicator", "breakdown", "dimension", "part_rule", "total_line_code", "value_type")
_LINE_FLAGS = ("required", "whole_number")
FORM_VALUES_SCHEMA = pa.schema(
    [("period", _WORD), ("submission_id", _WORD), ("form", _WORD), ("unit_id", _WORD), ("agency", _WORD)]
    + [(name, _WORD) for name in _LINE_WORDS]
    + [(name, pa.bool_()) for name in _LINE_FLAGS]
    + [("sheet", _WORD), ("cell", pa.string()), ("state", _WORD), ("value", _NUMBER)]
)
"""Columns of staging.form_values (`sql/staging/form_values.sql` says what they mean)."""
_EPOCH = date(1970, 1, 1).toordinal()
_ROW_PARTS = (REGISTER, TASKS)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file whose sender and month are known, before the rules have seen it.

    Attributes:
        submission_id: SHA-256 of its bytes.
        file_name: its name for people.
        folder: the folder it came in, for people.
        received_at: when it arrived.
        identity: whose report it is.
        extract: its cells.
        findings: what reading and recognising found.
    """

    submission_id: str
    file_name: str
    folder: str
    received_at: datetime
    identity: Identity
    extract: Extract
    findings: tuple[Finding, ...] = ()


def submissions_table(
    candidates: Sequence[Candidate], verdicts: Mapping[str, str], sequences: Mapping[str, int]
) -> pa.Table:
    """Rows of raw.submissions (schema `SUBMISSIONS_SCHEMA`).

    Args:
        candidates: the files.
        verdicts: submission_id -> verdict; null where unknown.
        sequences: submission_id -> place in the order in which files supersede each other.
    """
    rows = [
        (
            c.submission_id, c.identity.form, c.identity.layout, c.identity.unit_id, c.identity.agency,
            c.identity.period, verdicts.get(c.submission_id), c.received_at.astimezone(UTC).replace(tzinfo=None),
            sequences.get(c.submission_id), c.file_name, c.identity.reported_on,
        )
        for c in candidates
    ]  # fmt: skip
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(SUBMISSIONS_SCHEMA)
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, SUBMISSIONS_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SUBMISSIONS_SCHEMA)


class LayoutBatch:
    """The cells of files of one layout, as shared columns. The order of cells is that of the files.

    Args:
        layout: their layout.
        group: the files.
    """

    def __init__(self, layout: LayoutSpec, group: Sequence[Candidate]) -> None:
        self._layout = layout
        self._group = group
        self._extracts = [candidate.extract for candidate in group]
        self._counts = [len(extract.slots) for extract in self._extracts]
        # Which file each cell belongs to: its number, repeated.
        owners = (number.to_bytes(4, "little") * count for number, count in enumerate(self._counts))
        self._owner = self._joined(pa.int32(), owners)
        slots = self._joined(pa.uint16(), (extract.slots.tobytes() for extract in self._extracts))
        self._slot = pc.cast(slots, pa.int32())

    def cells(self) -> pa.Table:
        """Rows of raw.cells (schema `CELLS_SCHEMA`)."""
        columns = [
            self._of_owner([candidate.submission_id for candidate in self._group]),
            self._of_owner([candidate.identity.period for candidate in self._group]),
            self._of_slot([part for part, _, _ in self._layout.slots]),
            self._line_keys(),
            self._of_slot([name for _, _, name in self._layout.slots]),
            self._sheets,
            self._addresses,
            self._row_numbers,
            self._states,
            self._numbers,
            self._sparse(pa.string(), [extract.texts for extract in self._extracts]),
            self._sparse(pa.date32(), [[(at, day - _EPOCH) for at, day in e.days] for e in self._extracts]),
        ]
        return pa.Table.from_arrays(columns, schema=CELLS_SCHEMA)

    def form_values(self, period: str, lines: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> pa.Table:
        """Rows of staging.form_values for the files of one period.

        Args:
            period: the month of all files of this batch.
            lines: (part, line code, field) -> row of catalogue.form_lines of their form in that month.
        """
        of_slot = [lines.get(slot) for slot in self._layout.slots]
        asked = pa.array([line is not None for line in of_slot]).take(self._slot)
        form = self._layout.form
        states = self._states
        nought = pc.equal(states.indices, STATES.index("nothing"))
        values = pc.if_else(nought, pa.scalar(Decimal(0), _NUMBER), self._numbers)
        valued = pa.array([state in ("number", "nothing") for state in STATES]).take(states.indices)
        columns = [
            self._of_owner([period] * len(self._group)),
            self._of_owner([candidate.submission_id for candidate in self._group]),
            self._of_owner([form] * len(self._group)),
            self._of_owner([candidate.identity.unit_id for candidate in self._group]),
            self._of_owner([candidate.identity.agency for candidate in self._group]),
            *(self._of_slot([line[name] if line else None for line in of_slot]) for name in _LINE_WORDS),
            *(pa.array([bool(line and line[name]) for line in of_slot]).take(self._slot) for name in _LINE_FLAGS),
            self._sheets,
            self._addresses,
            states,
            pc.if_else(valued, values, pa.scalar(None, _NUMBER)),
        ]
        return pa.Table.from_arrays(columns, schema=FORM_VALUES_SCHEMA).filter(asked)

    # ------------------------------------------------------------------------------ shared columns

    @cached_property
    def _states(self) -> pa.DictionaryArray:
        codes = self._joined(pa.uint8(), (extract.states for extract in self._extracts))
        return pa.DictionaryArray.from_arrays(pc.cast(codes, pa.int32()), pa.array(STATES, pa.string()))

    @cached_property
    def _numbers(self) -> pa.Array:
        floats = self._joined(pa.float64(), (extract.numbers.tobytes() for extract in self._extracts))
        return pc.cast(pc.if_else(pc.is_finite(floats), floats, None), _NUMBER)

    @cached_property
    def _row_numbers(self) -> pa.Array:
        rows = self._joined(pa.uint32(), (extract.rows.tobytes() for extract in self._extracts))
        return pc.add(pc.cast(rows, pa.int32()), pa.scalar(1, pa.int32()))

    @cached_property
    def _row_texts(self) -> pa.Array:
        return pc.cast(self._row_numbers, pa.string())

    @cached_property
    def _addresses(self) -> pa.Array:
        columns = self._joined(pa.uint16(), (extract.columns.tobytes() for extract in self._extracts))
        widest = pc.max(columns).as_py() or 0
        letters = pa.array([column_letters(number) for number in range(widest + 1)], pa.string())
        return pc.binary_join_element_wise(letters.take(columns), self._row_texts, "")

    @cached_property
    def _sheets(self) -> pa.DictionaryArray:
        """Each cell's sheet, as it is called in its own file."""
        parts = list(dict.fromkeys(part for part, _, _ in self._layout.slots))
        names = [extract.sheet_names.get(part, "") for extract in self._extracts for part in parts]
        part_of_slot = pa.array([parts.index(part) for part, _, _ in self._layout.slots], pa.int32())
        at = pc.add(pc.multiply(self._owner, pa.scalar(len(parts), pa.int32())), part_of_slot.take(self._slot))
        return pa.DictionaryArray.from_arrays(at, pa.array(names, pa.string()))

    def _line_keys(self) -> pa.Array:
        """The line code; in tables of any length the row; on a line the form does not know what is written there."""
        slots = self._layout.slots
        is_row = pa.array([part in _ROW_PARTS for part, _, _ in slots]).take(self._slot)
        keys = pc.if_else(is_row, self._row_texts, pa.array([key for _, key, _ in slots], pa.string()).take(self._slot))
        if any(extract.keys for extract in self._extracts):
            keys = pc.coalesce(self._sparse(pa.string(), [extract.keys for extract in self._extracts]), keys)
        return keys

    # ------------------------------------------------------------------------------------ building

    def _of_owner(self, texts: Sequence[str]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(self._owner, pa.array(texts, pa.string()))

    def _of_slot(self, texts: Sequence[str | None]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(self._slot, pa.array(texts, pa.string()))

    def _joined(self, kind: pa.DataType, pieces: Iterable[bytes]) -> pa.Array:
        return pa.Array.from_buffers(kind, sum(self._counts), [None, pa.py_buffer(b"".join(pieces))])

    def _sparse(self, kind: pa.DataType, values: Sequence[Iterable[tuple[int, object]]]) -> pa.Array:
        """Values at some positions of each file, null elsewhere."""
        column: list[object] = [None] * sum(self._counts)
        start = 0
        for pairs, count in zip(values, self._counts, strict=True):
            for at, value in pairs:
                column[start + at] = value
            start += count
        return pa.array(column, pa.int32()).cast(kind) if pa.types.is_date32(kind) else pa.array(column, kind)
