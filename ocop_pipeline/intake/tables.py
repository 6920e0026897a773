"""Extracts as Arrow tables: raw.submissions, raw.cells, and the form values the rules read.

Belongs here: building columns for a whole batch at once. Texts that repeat (ids, sheets, lines, states)
travel as dictionaries whose indexes are taken over from the extracts as they are: a thousand files are then a
few dozen buffers and no Python object per cell. Does not: deciding anything.

Nothing here hands pyarrow a Python value to convert (`pa.array`, `pa.scalar`): that makes it import pandas,
which takes a second. Columns come from buffers and from the string builder.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from ocop_pipeline.domain.findings import Finding
from ocop_pipeline.domain.forms import REGISTER, TASKS
from ocop_pipeline.intake.cells import STATES
from ocop_pipeline.intake.extract import TEXT_END, Extract, LayoutSpec
from ocop_pipeline.intake.grid import column_letters
from ocop_pipeline.intake.recognise import Identity

_WORD = pa.dictionary(pa.int32(), pa.string())
_NUMBER = pa.decimal128(20, 4)

SUBMISSIONS_SCHEMA = pa.schema(
    [
        ("submission_id", pa.string()), ("form", pa.string()), ("layout", pa.string()),
        ("unit_id", pa.string()), ("agency", pa.string()), ("period", pa.string()), ("verdict", pa.string()),
        ("received_at", pa.timestamp("us")), ("sequence", pa.int64()), ("file_name", pa.string()),
        ("reported_on", pa.date32()),
    ]
)  # fmt: skip
"""Columns of raw.submissions; times are Vietnamese clock time, because due dates are Vietnamese days."""
CELLS_SCHEMA = pa.schema(
    [
        ("submission_id", _WORD), ("period", _WORD), ("part", _WORD), ("line_key", _WORD),
        ("field", _WORD), ("sheet", _WORD), ("cell", _WORD), ("row_no", pa.int32()), ("state", _WORD),
        ("number", _NUMBER),
        ("text", pa.string()), ("day", pa.date32()),
    ]
)  # fmt: skip
"""Columns of raw.cells."""
_LINE_WORDS = (
    "part", "line_code", "field", "indicator", "breakdown", "dimension", "part_rule", "total_line_code",
    "value_type",
)  # fmt: skip
_LINE_FLAGS = ("required", "whole_number")
FORM_VALUES_SCHEMA = pa.schema(
    [("period", _WORD), ("submission_id", _WORD), ("form", _WORD), ("unit_id", _WORD), ("agency", _WORD)]
    + [(name, _WORD) for name in _LINE_WORDS]
    + [(name, pa.bool_()) for name in _LINE_FLAGS]
    + [("sheet", _WORD), ("cell", _WORD), ("state", _WORD), ("value", _NUMBER)]
)
"""Columns of staging.form_values (`sql/staging/form_values.sql` says what they mean)."""
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - clock time, like what is counted from it
_FIRST_DAY = _EPOCH.toordinal()
_NUMERIC, _COUNTED = ("number", "yes", "no"), ("number", "nothing")
_COLUMNS = 1 << 14
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
        sequences: submission_id -> place in the order in which files supersede each other; 0 where unknown.
    """
    identities = [candidate.identity for candidate in candidates]
    received = array("q", (_microseconds(candidate.received_at) for candidate in candidates))
    places = array("q", (sequences.get(candidate.submission_id, 0) for candidate in candidates))
    days = [identity.reported_on.isoformat() if identity.reported_on else None for identity in identities]
    columns = [
        texts([candidate.submission_id for candidate in candidates]),
        texts([identity.form for identity in identities]),
        texts([identity.layout for identity in identities]),
        texts([identity.unit_id for identity in identities]),
        texts([identity.agency for identity in identities]),
        texts([identity.period for identity in identities]),
        texts([verdicts.get(candidate.submission_id) for candidate in candidates]),
        _plain(pa.timestamp("us"), received.tobytes(), len(received)),
        _plain(pa.int64(), places.tobytes(), len(places)),
        texts([candidate.file_name for candidate in candidates]),
        pc.cast(texts(days), pa.date32()),
    ]
    return pa.Table.from_arrays(columns, schema=SUBMISSIONS_SCHEMA)


def texts(values: Iterable[str | None]) -> pa.Array:
    """A column of texts; None is null."""
    builder = pa.lib.StringBuilder()
    builder.append_values(values)
    return builder.finish()


def _microseconds(moment: datetime) -> int:
    since = moment.astimezone(VIETNAM).replace(tzinfo=None) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _plain(kind: pa.DataType, data: bytes, length: int) -> pa.Array:
    return pa.Array.from_buffers(kind, length, [None, pa.py_buffer(data)])


def _number(value: int) -> pa.Scalar:
    return _plain(pa.int64(), value.to_bytes(8, "little"), 1)[0]


def _flags(values: Sequence[bool]) -> pa.Array:
    return pc.cast(_plain(pa.uint8(), bytes(values), len(values)), pa.bool_())


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
        self._owner = self._repeated(range(len(group)))
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
            self._values(_NUMERIC),
            self._texts(),
            self._days(),
        ]
        return pa.Table.from_arrays(columns, schema=CELLS_SCHEMA)

    def form_values(self, period: str, lines: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> pa.Table:
        """Rows of staging.form_values for the files of one period.

        Args:
            period: the month of all files of this batch.
            lines: (part, line code, field) -> row of catalogue.form_lines of their form in that month.
        """
        of_slot = [lines.get(slot) for slot in self._layout.slots]
        columns = [
            self._of_owner([period] * len(self._group)),
            self._of_owner([candidate.submission_id for candidate in self._group]),
            self._of_owner([self._layout.form] * len(self._group)),
            self._of_owner([candidate.identity.unit_id for candidate in self._group]),
            self._of_owner([candidate.identity.agency for candidate in self._group]),
            *(self._of_slot([line[name] if line else None for line in of_slot]) for name in _LINE_WORDS),
            *(
                _flags([bool(line and line[name]) for line in of_slot]).take(self._slot)
                for name in _LINE_FLAGS
            ),
            self._sheets,
            self._addresses,
            self._states,
            self._values(_COUNTED),
        ]
        asked = _flags([line is not None for line in of_slot]).take(self._slot)
        return pa.Table.from_arrays(columns, schema=FORM_VALUES_SCHEMA).filter(asked)

    # ------------------------------------------------------------------------------ shared columns

    @cached_property
    def _state_codes(self) -> pa.Array:
        return pc.cast(self._joined(pa.uint8(), (extract.states for extract in self._extracts)), pa.int32())

    @cached_property
    def _states(self) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(self._state_codes, texts(STATES))

    def _values(self, states: Sequence[str]) -> pa.Array:
        """The number of each cell that is in one of these states; "không phát sinh" is nought."""
        return pc.if_else(self._known(states), self._numbers, self._numbers)

    def _known(self, states: Sequence[str]) -> pa.Array:
        """True for cells in one of these states, else null: as a condition null, unlike false, gives null."""
        known = pc.cast(texts(["1" if state in states else None for state in STATES]), pa.bool_())
        return known.take(self._state_codes)

    @cached_property
    def _numbers(self) -> pa.Array:
        floats = self._joined(pa.float64(), (extract.numbers.tobytes() for extract in self._extracts))
        return pc.cast(floats, _NUMBER)

    @cached_property
    def _row_numbers(self) -> pa.Array:
        return pc.cast(
            self._joined(pa.uint32(), (extract.rows.tobytes() for extract in self._extracts)), pa.int32()
        )

    @cached_property
    def _addresses(self) -> pa.DictionaryArray:
        """Addresses repeat from file to file: each is written out once."""
        columns = self._joined(pa.uint16(), (extract.columns.tobytes() for extract in self._extracts))
        # Rows of a sheet end at 1,048,576 = 2^20, its columns at 16,384 = 2^14; in a CSV rows may go on.
        places = pc.dictionary_encode(
            pc.add(
                pc.multiply(pc.cast(self._row_numbers, pa.int64()), _number(_COLUMNS)),
                pc.cast(columns, pa.int64()),
            )
        )
        row = pc.divide(places.dictionary, _number(_COLUMNS))
        column = pc.subtract(places.dictionary, pc.multiply(row, _number(_COLUMNS)))
        lettered = pc.dictionary_encode(column)
        letters = texts([column_letters(each) for each in lettered.dictionary.to_pylist()])
        nothing_between = texts([""])[0]  # a Python value would make pyarrow import pandas
        written = pc.binary_join_element_wise(
            letters.take(lettered.indices), pc.cast(row, pa.string()), nothing_between
        )
        return pa.DictionaryArray.from_arrays(places.indices, written)

    @cached_property
    def _sheets(self) -> pa.DictionaryArray:
        """Each cell's sheet, as it is called in its own file."""
        parts = list(dict.fromkeys(part for part, _, _ in self._layout.slots))
        names = [extract.sheet_names.get(part, "") for extract in self._extracts for part in parts]
        part_of_slot = array("i", (parts.index(part) for part, _, _ in self._layout.slots))
        first = self._repeated(range(0, len(names), len(parts)))
        at = pc.add(first, _plain(pa.int32(), part_of_slot.tobytes(), len(part_of_slot)).take(self._slot))
        return pa.DictionaryArray.from_arrays(at, texts(names))

    def _texts(self) -> pa.Array:
        """The n-th cell with a text has the n-th text; cells without one have the null put before them all."""
        filled = [extract.texts for extract in self._extracts if extract.texts]
        values = texts([None, *TEXT_END.join(filled).split(TEXT_END)] if filled else [None])
        has_text = pc.cast(self._joined(pa.uint8(), (e.has_text for e in self._extracts)), pa.int32())
        return values.take(pc.multiply(pc.cumulative_sum(has_text), has_text))

    def _days(self) -> pa.Array:
        numbers = array("i", bytes(4 * sum(self._counts)))
        start = 0
        for extract, count in zip(self._extracts, self._counts, strict=True):
            for at, day in zip(extract.day_at, extract.days, strict=True):
                numbers[start + at] = day - _FIRST_DAY
            start += count
        days = _plain(pa.date32(), numbers.tobytes(), len(numbers))
        condition = self._known(("day",))
        return pc.if_else(condition, days, days)

    def _line_keys(self) -> pa.DictionaryArray:
        """The line code; in tables of any length the row; on unknown lines what is written there."""
        slots = self._layout.slots
        rows = pc.dictionary_encode(self._row_numbers)
        words = pa.concat_arrays([texts([key for _, key, _ in slots]), pc.cast(rows.dictionary, pa.string())])
        is_row = _flags([part in _ROW_PARTS for part, _, _ in slots]).take(self._slot)
        of_row = pc.add(pc.cast(rows.indices, pa.int64()), _number(len(slots)))
        at = pc.cast(pc.if_else(is_row, of_row, pc.cast(self._slot, pa.int64())), pa.int32())
        keys = pa.DictionaryArray.from_arrays(at, words)
        if any(extract.keys for extract in self._extracts):
            keys = pc.dictionary_encode(pc.coalesce(self._unknown_keys(), pc.cast(keys, pa.string())))
        return keys

    # ------------------------------------------------------------------------------------ building

    def _repeated(self, numbers: Iterable[int]) -> pa.Array:
        """One number a file, repeated for each of its cells."""
        pieces = (
            number.to_bytes(4, "little") * count for number, count in zip(numbers, self._counts, strict=True)
        )
        return self._joined(pa.int32(), pieces)

    def _of_owner(self, values: Sequence[str]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(self._owner, texts(values))

    def _of_slot(self, values: Sequence[str | None]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(self._slot, texts(values))

    def _joined(self, kind: pa.DataType, pieces: Iterable[bytes]) -> pa.Array:
        return _plain(kind, b"".join(pieces), sum(self._counts))

    def _unknown_keys(self) -> pa.Array:
        column: list[str | None] = [None] * sum(self._counts)
        start = 0
        for extract, count in zip(self._extracts, self._counts, strict=True):
            for at, key in extract.keys:
                column[start + at] = key
            start += count
        return texts(column)
