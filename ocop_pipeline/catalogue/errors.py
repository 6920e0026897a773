"""The one error of a bad catalogue. Which rules a file has to keep stands in the module that loads it."""


class CatalogueError(Exception):
    """A catalogue file is refused.

    Attributes:
        file: Name of the file, for a part of an archive "archive/part".
        row: Line or row of the file, counted from 1 with the header; None where the whole file is meant.
        reason: What is wrong and, where it helps, what would be right.
    """

    def __init__(self, file: str, row: int | None, reason: str) -> None:
        self.file = file
        self.row = row
        self.reason = reason
        super().__init__(file, row, reason)

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        return f"{place}: {self.reason}"
