"""The filled cells of one sheet while they are read, laid out as a grid only when their reach is known to be sane.

For the readers of cells that are our own (`biff`, `biff12`). What sizes a file claims is nowhere asked: only
cells that are there count.
"""

import re
from typing import NoReturn

from ocop_pipeline.intake.grid import (
    Area,
    CellValue,
    Limits,
    Position,
    RefusedFileError,
    Sheet,
    UnreadableCode,
    address,
)

RECORDS_PER_CELL = 4
"""So many records are read for every cell that is allowed: formatted empty cells, rows and notes take some."""
_NO_LETTER = re.compile("[\0\ufffe\uffff]")


class SparseSheet:
    """One sheet, filled cell by cell."""

    def __init__(self, name: str, limits: Limits, cells_left: int, *, hidden: bool = False) -> None:
        """Begin a sheet.

        Args:
            name: as in the file.
            limits: the cap on cells, for the refusal's wording.
            cells_left: how many cells the sheets before it leave of that cap.
            hidden: whether the workbook hides it.
        """
        self.name = name
        self.hidden = hidden
        self.uncomputed: set[Position] = set()
        self.formulas: set[Position] = set()
        self.merged: list[Area] = []
        self._limits = limits
        self._left = cells_left
        self._rows: dict[int, dict[int, CellValue]] = {}
        self._last_row = self._last_col = -1
        self._cleared = False

    @property
    def span(self) -> int:
        """Cells from A1 to the last filled one."""
        return (self._last_row + 1) * (self._last_col + 1)

    def put(self, row: int, col: int, value: CellValue) -> None:
        """Fill a cell; an empty text or None leaves it empty.

        Raises:
            RefusedFileError: TOO_MANY_CELLS, when the sheet reaches too far with it; CORRUPT_XML, when a text holds
                what is no letter in any writing: other bytes were taken for it.
        """
        if value is None or value == "":
            return
        if type(value) is str and _NO_LETTER.search(value):
            raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail=f"{address(row, col)} holds no text")
        if row > self._last_row or col > self._last_col:
            self._last_row, self._last_col = max(row, self._last_row), max(col, self._last_col)
            if self.span > self._left:
                self.refuse(self._last_row, self._last_col)
        cells = self._rows.get(row)
        if cells is None:
            cells = self._rows[row] = {}
        cells[col] = value

    def get(self, row: int, col: int) -> CellValue:
        """The value of a cell so far."""
        return self._rows.get(row, {}).get(col)

    def clear(self, row: int, col: int) -> None:
        """Empty a filled cell."""
        del self._rows[row][col]
        self._cleared = True

    def leave_uncomputed(self, row: int, col: int) -> None:
        """Note a formula without a stored result.

        Raises:
            RefusedFileError: TOO_MANY_CELLS, when the sheet reaches too far with it.
        """
        if (row + 1) * (col + 1) > self._left:
            self.refuse(row, col)
        self.uncomputed.add((row, col))

    def merge(self, area: Area) -> None:
        """Note a merged range.

        Raises:
            RefusedFileError: TOO_MANY_CELLS, when there are absurdly many.
        """
        self.merged.append(area)
        if len(self.merged) > self._limits.cells // 10:
            self.refuse(area[0], area[1])

    def refuse(self, row: int, col: int) -> NoReturn:
        """Refuse the sheet for its reach, naming a cell.

        Raises:
            RefusedFileError: TOO_MANY_CELLS, always.
        """
        raise RefusedFileError(
            UnreadableCode.TOO_MANY_CELLS, sheet=self.name, cell=address(row, col), limit=self._limits.cells
        )

    def finish(self) -> Sheet:
        """The sheet as a rectangle from A1."""
        if self._cleared:
            filled = {row: cells for row, cells in self._rows.items() if cells}
            self._last_row = max(filled, default=-1)
            self._last_col = max(map(max, filled.values()), default=-1)
        wide = self._last_col + 1
        rows: list[list[CellValue]] = []
        for number in range(self._last_row + 1):
            row: list[CellValue] = [None] * wide
            for col, value in self._rows.get(number, {}).items():
                row[col] = value
            rows.append(row)
        return Sheet(
            name=self.name,
            hidden=self.hidden,
            rows=rows,
            uncomputed=frozenset(self.uncomputed),
            formulas=frozenset(self.formulas),
            merged=tuple(self.merged),
        )


def refuse_repeated(names: list[str]) -> None:
    """Refuse two sheets of one name, as in an XLSX.

    Raises:
        RefusedFileError: CORRUPT_XML.
    """
    if len(set(names)) < len(names):
        raise RefusedFileError(UnreadableCode.CORRUPT_XML, detail="two sheets of one name")
