"""The cells of an old workbook (XLS): the records of its one stream, as Excel 5 to 2003 wrote them.

Read here and not by the cell reader, because that one trusts what records claim: how many texts follow, how far a
sheet reaches. Here every length is held against the bytes there are, and only cells that are there count. Formulas
are not run, their stored results are used; links, names, drawings and macros are stepped over.
The container is `compound`; layout of the records: [MS-XLS], for Excel 5 the same without Unicode.
"""

import codecs
import struct
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ocop_pipeline.intake.grid import (
    CellError,
    Limits,
    Position,
    RefusedFileError,
    Sheet,
    UnreadableCode,
    Workbook,
)
from ocop_pipeline.intake.lost_texts import Doubt, doubt_of, gives_number, settle
from ocop_pipeline.intake.serials import ERRORS, Shown, builtin_format, format_shows, number_of_rk, value_of
from ocop_pipeline.intake.sparse import RECORDS_PER_CELL, SparseSheet, refuse_repeated

_BOF, _EOF, _CONTINUE = 0x0809, 0x000A, 0x003C
_FILEPASS, _CODEPAGE, _DATE_MODE = 0x002F, 0x0042, 0x0022
_BOUNDSHEET, _FORMAT, _XF, _SST = 0x0085, 0x041E, 0x00E0, 0x00FC
_SUPBOOK, _EXTERNSHEET, _WRITER = 0x01AE, 0x0017, 0x005C
_NUMBER, _RK, _MULRK, _BOOLERR = 0x0203, 0x027E, 0x00BD, 0x0205
_LABEL, _RSTRING, _LABELSST = 0x0204, 0x00D6, 0x00FD
_FORMULA, _STRING, _MERGED = 0x0006, 0x0207, 0x00E5
_BIFF5, _BIFF8 = 0x0500, 0x0600
_WORKSHEET = 0
_VISIBLE = 0x3
# Kinds of records, charts included: what is above is no record but damage, what is below are the cells of Excel 2.
_FIRST_KIND, _LAST_KIND = 0x0006, 0x10FF
_LAST_COL = 255
_INTERNAL_BOOKS = (b"\x01\x04", b"\x01\x3a")  # this workbook, functions of add-ins
_CALCULATE_ON_LOAD = 0x2
_LIBREOFFICE = b"\x04\x00\x00Calc  "
_HEAD = struct.Struct("<HH")
_CELL = struct.Struct("<HHH")
_DOUBLE = struct.Struct("<d")
_PACKED = struct.Struct("<HI")
_AREA = struct.Struct("<4H")


def read_biff(stream: bytes, limits: Limits) -> Workbook:
    """Read the sheets of a workbook's stream.

    Args:
        stream: the stream ``Workbook`` (Excel 97 to 2003) or ``Book`` (Excel 5 and 95).
        limits: caps on cells and sheets.

    Raises:
        RefusedFileError: PASSWORD_PROTECTED, OLD_XLS (older than Excel 5), CORRUPT_XML, TOO_MANY_CELLS,
            TOO_MANY_SHEETS or NO_SHEETS.
    """
    try:
        return _Reader(stream, limits).read()
    except (struct.error, IndexError) as error:
        raise _corrupt(f"a record is shorter than its content: {error}") from error


@dataclass(slots=True)
class _Told:
    """What the workbook tells once for all its sheets.

    Attributes:
        unicode: texts are Unicode (Excel 97 and later), else in `codec`.
        codec: Python's name of the code page.
        from_1904: days are counted from 1904.
        formats: what written number formats show, by their number.
        cell_formats: number of the number format, by cell format.
        texts: the shared texts.
        sheets: where each begins, whether it is hidden, its kind and name.
        linked: another file is referred to.
        loses_texts: LibreOffice wrote it, which stores nought for some texts (`lost_texts`).
    """

    unicode: bool = True
    codec: str = "cp1252"
    from_1904: bool = False
    formats: dict[int, Shown] = field(default_factory=dict)
    cell_formats: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    sheets: list[tuple[int, bool, int, str]] = field(default_factory=list)
    linked: bool = False
    loses_texts: bool = False


class _Reader:
    """Goes through the records of the workbook once, then through those of each sheet."""

    def __init__(self, stream: bytes, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._records_left = limits.cells * RECORDS_PER_CELL
        self._told = _Told()
        self._shows: list[Shown] = []

    def read(self) -> Workbook:
        """The workbook."""
        self._read_globals()
        told = self._told
        self._shows = [told.formats.get(number, builtin_format(number)) for number in told.cell_formats]
        refuse_repeated([name for *_, name in told.sheets])
        if len(told.sheets) > self._limits.sheets:
            raise RefusedFileError(UnreadableCode.TOO_MANY_SHEETS, limit=self._limits.sheets)
        sheets: list[Sheet] = []
        left = self._limits.cells
        for start, hidden, kind, name in told.sheets:
            if kind == _WORKSHEET:
                sheet = SparseSheet(name, self._limits, left, hidden=hidden)
                self._read_sheet(sheet, start, self._end(start))
                left -= sheet.span
                sheets.append(sheet.finish())
        if not any(sheet.rows or sheet.uncomputed for sheet in sheets):
            raise RefusedFileError(UnreadableCode.NO_SHEETS)
        return Workbook("xls", tuple(sheets), told.linked)

    def _end(self, start: int) -> int:
        """Where the next sheet begins, so that no byte is read for two of them."""
        starts = [other for other, *_ in self._told.sheets if other >= start]
        if starts.count(start) > 1:
            raise _corrupt("two sheets in one place")
        return min((other for other in starts if other > start), default=len(self._stream))

    def _records(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Kind, begin and end of the records from one BOF to its EOF, without those of charts in it."""
        stream, at, depth, left = self._stream, start, 0, self._records_left
        head = _HEAD.unpack_from
        while at + 4 <= end:
            kind, size = head(stream, at)
            if not _FIRST_KIND <= kind <= _LAST_KIND:
                raise _corrupt(f"a record of kind {kind:#x}")
            begin = at + 4
            at = begin + size
            left -= 1
            if at > end or left < 0:
                break
            if kind == _BOF:
                depth += 1
            elif depth == 0:
                raise _corrupt("a sheet does not begin where it should")
            elif kind == _EOF:
                depth -= 1
                if depth == 0:
                    self._records_left = left
                    return
            if depth == 1:
                yield kind, begin, at
        if left < 0:
            raise RefusedFileError(UnreadableCode.TOO_MANY_CELLS, sheet="", cell="", limit=self._limits.cells)
        raise _corrupt("the records do not end where they should")

    def _read_globals(self) -> None:
        told, shared = self._told, list[bytes]()
        handlers: dict[int, Callable[[bytes], None]] = {
            _BOF: self._begin,
            _CODEPAGE: self._code_page,
            _BOUNDSHEET: self._bound_sheet,
            _FORMAT: self._format,
            _XF: lambda data: told.cell_formats.append(int.from_bytes(data[2:4], "little")),
            _SUPBOOK: self._linked_book,
            _EXTERNSHEET: self._linked_sheet,
        }
        last = 0
        for kind, begin, end in self._records(0, len(self._stream)):
            data = self._stream[begin:end]
            if kind == _FILEPASS:
                raise RefusedFileError(UnreadableCode.PASSWORD_PROTECTED)
            if kind == _CONTINUE:
                if last == _SST:
                    shared.append(data)
                continue
            last = kind
            if kind == _DATE_MODE:
                told.from_1904 = data[:2] == b"\1\0"
            elif kind == _WRITER:
                told.loses_texts = told.unicode and data.startswith(_LIBREOFFICE)
            elif kind == _SST:
                shared = [data]
            elif kind in handlers:
                handlers[kind](data)
        if shared:
            told.texts = _shared_texts(shared, self._limits)

    def _begin(self, data: bytes) -> None:
        version = int.from_bytes(data[:2], "little")
        if version not in (_BIFF5, _BIFF8):
            raise RefusedFileError(UnreadableCode.OLD_XLS)
        self._told.unicode = version == _BIFF8

    def _code_page(self, data: bytes) -> None:
        page = int.from_bytes(data[:2], "little")
        name = "mac_roman" if page in (10000, 32768) else f"cp{page}"
        try:
            self._told.codec = codecs.lookup(name).name
        except LookupError:
            self._told.codec = "cp1252"

    def _bound_sheet(self, data: bytes) -> None:
        start = int.from_bytes(data[:4], "little")
        name = self._text(data[6:], 1).replace("\0", "")
        self._told.sheets.append((start, bool(data[4] & _VISIBLE), data[5], name))

    def _format(self, data: bytes) -> None:
        code = self._text(data[2:], 2 if self._told.unicode else 1)
        self._told.formats[int.from_bytes(data[:2], "little")] = format_shows(code)

    def _linked_book(self, data: bytes) -> None:
        self._told.linked = self._told.linked or data[2:4] not in _INTERNAL_BOOKS

    def _linked_sheet(self, data: bytes) -> None:
        # Before Unicode: a name of a sheet; 1 in front says that a file is named, too.
        if not self._told.unicode and data[1:2] == b"\1":
            self._told.linked = True

    def _text(self, data: bytes, length_bytes: int) -> str:
        """A text that lies in one record: its length, a byte of flags where it is Unicode, its letters."""
        length = int.from_bytes(data[:length_bytes], "little")
        if self._told.unicode:
            if (
                data[length_bytes] & ~1
            ):  # [MS-XLS] 2.5.294: reserved, and to some programs a sign of more to come
                raise _corrupt("a text with marks that none has")
            return _Pieces([data], length_bytes + 1).letters(length, wide=bool(data[length_bytes] & 1))
        letters = data[length_bytes : length_bytes + length]
        if len(letters) < length:
            raise _corrupt("a text is longer than its record")
        return unicodedata.normalize("NFC", letters.decode(self._told.codec, "replace"))

    def _read_sheet(self, sheet: SparseSheet, start: int, end: int) -> None:
        cells = _Cells(sheet, self._told, self._shows)
        handlers: dict[int, Callable[[bytes], None]] = {
            _NUMBER: cells.number,
            _RK: cells.rk,
            _MULRK: cells.several_rk,
            _BOOLERR: cells.bool_or_error,
            _LABELSST: cells.shared_text,
            _LABEL: lambda data: cells.text(data, self._text(data[6:], 2)),
            _FORMULA: cells.formula,
            _MERGED: cells.merged,
        }
        handlers[_RSTRING] = handlers[_LABEL]
        result: list[bytes] = []
        for kind, begin, stop in self._records(start, end):
            if kind == _STRING:
                result = [self._stream[begin:stop]]
            elif kind == _CONTINUE and result:
                result.append(self._stream[begin:stop])
            else:
                if result:
                    cells.result_text(self._result_text(result))
                    result = []
                handler = handlers.get(kind)
                if handler:
                    handler(self._stream[begin:stop])
        if result:
            cells.result_text(self._result_text(result))
        cells.finish(self._limits)

    def _result_text(self, pieces: list[bytes]) -> str:
        if not self._told.unicode:
            return self._text(pieces[0], 2)
        length = int.from_bytes(pieces[0][:2], "little")
        return _Pieces(pieces, 3).letters(length, wide=bool(pieces[0][2] & 1)) if length else ""


class _Cells:
    """Puts what the records of one sheet hold into its cells."""

    def __init__(self, sheet: SparseSheet, told: _Told, shows: list[Shown]) -> None:
        self._sheet = sheet
        self._told = told
        self._shows = shows
        self._last_formula = (0, 0)
        self._promised: set[Position] = set()
        self._doubts: dict[Position, Doubt] = {}

    def _place(self, data: bytes) -> tuple[int, int, int]:
        """Row, column and format of the cell that a record begins with; each must be there, and not be filled."""
        row, col, cell_format = _CELL.unpack_from(data)
        self._check(row, col, cell_format)
        return row, col, cell_format

    def _check(self, row: int, col: int, cell_format: int) -> None:
        if col > _LAST_COL or (self._shows and cell_format >= len(self._shows)):
            raise _corrupt(f"column {col}, format {cell_format}")
        if self._sheet.get(row, col) is not None:
            raise _corrupt(f"row {row}, column {col} is there twice")

    def _put_number(self, row: int, col: int, cell_format: int, number: float) -> None:
        shows = self._shows[cell_format] if self._shows else Shown.NUMBER
        self._sheet.put(row, col, value_of(number, shows, from_1904=self._told.from_1904))

    def number(self, data: bytes) -> None:
        """A number in eight bytes."""
        row, col, cell_format = self._place(data)
        self._put_number(row, col, cell_format, _DOUBLE.unpack_from(data, 6)[0])

    def rk(self, data: bytes) -> None:
        """A number in four bytes."""
        row, col, cell_format = self._place(data)
        self._put_number(row, col, cell_format, number_of_rk(int.from_bytes(data[6:10], "little")))

    def several_rk(self, data: bytes) -> None:
        """Numbers of four bytes side by side; the record's length tells how many, and so does its last column."""
        row, first = _HEAD.unpack_from(data)
        count, rest = divmod(len(data) - 6, 6)
        if rest or first + count - 1 != int.from_bytes(data[-2:], "little"):
            raise _corrupt("a row of numbers that does not end where it says")
        for offset, (cell_format, packed) in enumerate(_PACKED.iter_unpack(data[4 : 4 + 6 * count])):
            self._check(row, first + offset, cell_format)
            self._put_number(row, first + offset, cell_format, number_of_rk(packed))

    def bool_or_error(self, data: bytes) -> None:
        """Yes, no or an error."""
        row, col, _ = self._place(data)
        value = CellError(ERRORS.get(data[6], "#VALUE!")) if data[7] else bool(data[6])
        self._sheet.put(row, col, value)

    def text(self, data: bytes, text: str) -> None:
        """A text that stands in the record itself."""
        row, col, _ = self._place(data)
        self._sheet.put(row, col, text)

    def shared_text(self, data: bytes) -> None:
        """A text by its number in the shared texts."""
        row, col, _ = self._place(data)
        number = int.from_bytes(data[6:10], "little")
        if number >= len(self._told.texts):
            raise _corrupt("a cell names a text that is not there")
        self._sheet.put(row, col, self._told.texts[number])

    def formula(self, data: bytes) -> None:
        """A formula's stored result; a text follows in a record of its own.

        Programs that cannot calculate store nought or nothing and ask for calculation on load (a bit that is
        nought in what Excel writes, [MS-XLS] 2.4.127), or an empty text for a sum, or promise a text that does
        not follow: such a result says nothing and is told as uncomputed.
        """
        row, col, cell_format = self._place(data)
        self._last_formula = (row, col)
        self._sheet.formulas.add((row, col))
        size = int.from_bytes(data[20:22], "little")
        tokens = data[22 : 22 + size] if self._told.unicode else b""
        result, marks = data[6:14], int.from_bytes(data[14:16], "little")
        is_number = result[6:8] != b"\xff\xff"
        number = _DOUBLE.unpack(result)[0] if is_number else 0.0
        is_blank = not is_number and result[0] == 3
        asks = marks & _CALCULATE_ON_LOAD and not number and (is_number or is_blank)
        if asks or (is_blank and gives_number(tokens)):
            self._sheet.leave_uncomputed(row, col)
        elif is_number:
            self._put_number(row, col, cell_format, number)
            doubt = doubt_of(tokens) if self._told.loses_texts and not number else None
            if doubt and self._sheet.get(row, col) == 0:  # and no day
                self._doubts[row, col] = doubt
        elif result[0] == 0:
            self._promised.add((row, col))
        elif result[0] == 1:
            self._sheet.put(row, col, bool(result[2]))
        elif result[0] == 2:
            self._sheet.put(row, col, CellError(ERRORS.get(result[2], "#VALUE!")))

    def result_text(self, text: str) -> None:
        """The text that the last formula gave."""
        self._promised.discard(self._last_formula)
        self._sheet.put(*self._last_formula, text)

    def finish(self, limits: Limits) -> None:
        """Look again at results that say nothing, when all cells are filled."""
        for row, col in self._promised:
            self._sheet.leave_uncomputed(row, col)
        if self._doubts:
            settle(self._sheet, self._doubts, limits.cells)

    def merged(self, data: bytes) -> None:
        """Merged ranges."""
        count = int.from_bytes(data[:2], "little")
        for first_row, last_row, first_col, last_col in _AREA.iter_unpack(data[2 : 2 + 8 * count]):
            self._sheet.merge((first_row, first_col, last_row, last_col))


class _Pieces:
    """Bytes that lie in a record and in those that continue it."""

    def __init__(self, pieces: list[bytes], start: int) -> None:
        self._pieces = pieces
        self._number = 0
        self._piece = pieces[0]
        self._at = start

    def letters(self, length: int, *, wide: bool) -> str:
        """So many letters; a record that continues them begins with a byte of flags of its own."""
        found: list[str] = []
        while True:
            size = 2 if wide else 1
            taken = self._piece[self._at : self._at + length * size]
            taken = taken[: len(taken) // size * size]
            found.append(taken.decode("utf-16-le" if wide else "latin-1", "replace"))
            self._at += len(taken)
            length -= len(taken) // size
            if not length:
                return "".join(found)
            self._next()
            wide = bool(self._piece[0] & 1)
            self._at = 1

    def take(self, count: int) -> bytes:
        """So many bytes that are not divided."""
        if self._at >= len(self._piece):
            self._next()
        taken = self._piece[self._at : self._at + count]
        self._at += count
        return taken

    def skip(self, count: int) -> None:
        """Step over bytes, wherever they are divided."""
        while count > len(self._piece) - self._at:
            count -= len(self._piece) - self._at
            self._next()
        self._at += count

    def _next(self) -> None:
        self._number += 1
        if self._number >= len(self._pieces):
            raise _corrupt("a text is longer than its records")
        self._piece = self._pieces[self._number]
        self._at = 0


def _shared_texts(pieces: list[bytes], limits: Limits) -> list[str]:
    """The shared texts ([MS-XLS] 2.4.265); their formatting and pronunciation are stepped over."""
    count = int.from_bytes(pieces[0][4:8], "little")
    if count * 3 > sum(map(len, pieces)):
        raise _corrupt("more texts than there is room for")
    if count > limits.cells:
        raise RefusedFileError(UnreadableCode.TOO_MANY_CELLS, sheet="", cell="", limit=limits.cells)
    source = _Pieces(pieces, 8)
    texts = []
    for _ in range(count):
        head = source.take(3)
        flags = head[2]
        runs = int.from_bytes(source.take(2), "little") if flags & 0x8 else 0
        more = int.from_bytes(source.take(4), "little") if flags & 0x4 else 0
        texts.append(source.letters(int.from_bytes(head[:2], "little"), wide=bool(flags & 1)))
        source.skip(4 * runs + more)
    return texts


def _corrupt(detail: str) -> RefusedFileError:
    return RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"Workbook: {detail}")
