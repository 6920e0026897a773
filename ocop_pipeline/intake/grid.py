"""What a file looks like once it is read: sheets of typed cells with addresses, or the reason it was refused.

Plain data only, no reading. Nothing here knows the forms, the units or the rules; standard library only,
because the reading children import it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell whose stored value is a spreadsheet error. Deliberately not a `str`: it is no text.

    Attributes:
        code: the error as the spreadsheet shows it, for example ``#REF!`` or ``#DIV/0!``.
    """

    code: str


# Numbers of an XLSX arrive as float (the format knows no integers); int is there for other sources.
CellValue = str | float | int | bool | date | datetime | CellError | None
Position = tuple[int, int]
"""Row and column of a cell in the file, both counted from 0."""
Area = tuple[int, int, int, int]
"""First row, first column, last row, last column of a rectangle, counted from 0, ends included."""


class UnreadableCode(Enum):
    """Why a file could not be read: a closed list. Text for people is made elsewhere from code and args."""

    EMPTY_FILE = "EMPTY_FILE"
    """The file has no byte, or nothing but blanks and NUL bytes (an upload that was never filled)."""
    TOO_LARGE_FILE = "TOO_LARGE_FILE"
    """The file itself is above `Limits.file_bytes`. Args: ``bytes``, ``limit``."""
    NOT_A_WORKBOOK = "NOT_A_WORKBOOK"
    """The bytes are something else: a picture, a letter, plain text. Args: ``found`` when recognised."""
    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    """A spreadsheet in a format that is not read (XML 2003): save as .xlsx. Args: ``found``."""
    OLD_XLS = "OLD_XLS"
    """A workbook of Excel 4 or older, whatever its file name says: save as .xlsx."""
    HTML_AS_XLS = "HTML_AS_XLS"
    """A web page that carries the name of a workbook, as many web systems export: save as .xlsx."""
    PASSWORD_PROTECTED = "PASSWORD_PROTECTED"  # noqa: S105 - the name of a reason, no secret
    """The content is encrypted: remove the password and send again."""
    TRUNCATED_ZIP = "TRUNCATED_ZIP"
    """The container (zip or OLE) is cut short or damaged, as by a broken upload: send again. Args: ``part``
    if known."""
    UNSAFE_ZIP = "UNSAFE_ZIP"
    """The container is built in a way no spreadsheet program builds it. Args: ``what``, ``part``."""
    ZIP_BOMB = "ZIP_BOMB"
    """The content unpacks to more than `Limits.unpacked_bytes` or has too many parts. Args: ``limit``."""
    TOO_MANY_CELLS = "TOO_MANY_CELLS"
    """One sheet, or all together, span more cells than the limit. Args: ``sheet``, ``cell``, ``limit``."""
    TOO_MANY_SHEETS = "TOO_MANY_SHEETS"
    """More sheets than `Limits.sheets`. Args: ``limit``."""
    XML_ENTITIES = "XML_ENTITIES"
    """A part of the workbook declares a DOCTYPE (the door to entity expansion). Args: ``part``."""
    CORRUPT_XML = "CORRUPT_XML"
    """A part of the workbook cannot be understood. Args: ``detail`` (the reader's words, in English)."""
    CORRUPT_CSV = "CORRUPT_CSV"
    """A CSV whose quotes do not close, so that rows would be swallowed. Args: ``line``."""
    CORRUPT_JSON = "CORRUPT_JSON"
    """JSON that is broken or not of the documented shape. Args: ``detail`` (in English)."""
    ENCODING_UNKNOWN = "ENCODING_UNKNOWN"
    """A text file in no encoding that makes sense of it (UTF-8, UTF-16, Windows): save as CSV UTF-8."""
    NO_SHEETS = "NO_SHEETS"
    """The workbook holds no sheet of cells, or no sheet has a single filled cell."""
    READER_CRASH = "READER_CRASH"
    """The reader broke down on this file. Ours to look at; the file stays archived. Args: ``detail``."""
    READER_TIMEOUT = "READER_TIMEOUT"
    """Reading took longer than `Limits.seconds`. Args: ``limit``."""
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    """Reading needed more than `Limits.memory_bytes`, or its result is above `Limits.answer_bytes`. Args:
    ``limit``."""
    ARCHIVE_DAMAGED = "ARCHIVE_DAMAGED"
    """The archived bytes no longer have their digest, or are gone. Never the sender's fault."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read, and why.

    Attributes:
        code: the reason, one of a closed list.
        args: what the text for people may need: numbers as int, names as they stand in the file.
    """

    code: UnreadableCode
    args: Mapping[str, str | int] = field(default_factory=dict)


class RefusedFileError(Exception):
    """Raised while reading, where a file is refused; `read_bytes` turns it into an `Unreadable`."""

    def __init__(self, code: UnreadableCode, **args: str | int) -> None:
        super().__init__(code, args)
        self.code = code
        self.args_for_people = args


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be before it is refused. A form of ours is 20 kB packed, 200 kB unpacked.

    Attributes:
        file_bytes: size of the file as it arrived.
        unpacked_bytes: size of all parts of a workbook once unpacked. A million formatted empty rows take
            about 75 MB and are still read; their cells do not count.
        entries: parts in one container.
        sheets: sheets in one workbook.
        cells: cells from A1 to the last filled cell, all sheets of a file together.
        seconds: time one file may take, by the clock and by the processor.
        memory_bytes: address space of a reading child (the whole process, about 150 MB of it before any
            file).
        answer_bytes: what one file may send back to the parent. A text stored once can be shown in every
            cell, so a small file can hold more text than the parent should ever see.
    """

    file_bytes: int = 20 * MEBIBYTE
    unpacked_bytes: int = 128 * MEBIBYTE
    entries: int = 2_000
    sheets: int = 200
    cells: int = 1_000_000
    seconds: int = 30
    memory_bytes: int = 1024 * MEBIBYTE
    answer_bytes: int = 32 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as a rectangle of values.

    Attributes:
        name: as in the file, untouched.
        hidden: hidden or "very hidden" in the workbook.
        rows: equally long rows, without the empty rows and columns at the end. An empty cell is None.
        first_row: row of ``rows[0]`` in the file, from 0 (always 0 in a workbook; in a CSV the line after the
            sheet's marker).
        first_col: column of ``rows[i][0]`` in the file, from 0.
        uncomputed: cells holding a formula without a stored result. Their value reads as None, yet the sender
            did not leave them blank. Positions in the file. In a CSV or JSON always empty; in an XLSB too, which
            has no mark for it; in an XLS only where the program that wrote it asks for calculation on load.
        formulas: cells whose value a formula gave, calculated or not. In a CSV or JSON always empty.
        merged: merged ranges; the value stands in the first cell only. Positions in the file. In a CSV, JSON or
            XLS of Excel 5 and 95 always empty: they cannot tell.
    """

    name: str
    hidden: bool
    rows: list[list[CellValue]]
    first_row: int = 0
    first_col: int = 0
    uncomputed: frozenset[Position] = frozenset()
    formulas: frozenset[Position] = frozenset()
    merged: tuple[Area, ...] = ()

    def address(self, i: int, j: int) -> str:
        """Address in the file of ``rows[i][j]``, for example ``B7``."""
        return address(self.first_row + i, self.first_col + j)


@dataclass(frozen=True, slots=True)
class Workbook:
    """A file that was read.

    Attributes:
        kind: the format the bytes turned out to be, whatever the name said.
        sheets: in the order of the file; chart and dialog sheets are left out.
        external_links: the workbook refers to other files. Never followed; the stored values are used.
    """

    kind: Literal["xlsx", "xlsb", "xls", "ods", "csv", "json"]
    sheets: tuple[Sheet, ...]
    external_links: bool = False


def column_letters(col: int) -> str:
    """Letters of a column counted from 0: 0 gives ``A``, 26 gives ``AA``."""
    letters = ""
    number = col + 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def column_index(letters: str) -> int:
    """Column counted from 0 of ASCII letters in either case: ``A`` gives 0, ``aa`` gives 26."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def address(row: int, col: int) -> str:
    """A1 address of a row and column counted from 0: (6, 1) gives ``B7``."""
    return f"{column_letters(col)}{row + 1}"
