"""The compound file (OLE) that old workbooks and encrypted ones lie in: a small file system in sectors.

Here: the streams directly below its root, by name, each chain followed with its end in sight. Storages (macros,
embedded objects) are not entered. What a stream means is not decided here (`biff`). Layout: [MS-CFB].
"""

import struct
from typing import NamedTuple

from ocop_pipeline.intake.grid import Limits, RefusedFileError, UnreadableCode

_HEADER = struct.Struct("<8s16xHHHHH6x9I109I")
_ENTRY = struct.Struct("<64sHBx3I36xIQ")
_LAST_SECTOR = 0xFFFFFFFA  # numbers above it are marks: end of a chain, free, taken by the table itself
_NO_ENTRY = 0xFFFFFFFF
_STREAM, _ROOT = 2, 5
_MINI_SECTOR = 64


class _Entry(NamedTuple):
    name: bytes
    name_bytes: int
    kind: int
    left: int
    right: int
    child: int
    first: int
    size: int


class CompoundFile:
    """An opened compound file whose directory was found sound.

    Attributes:
        names: the streams directly below the root, in lower case.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        """Read header, sector table and directory.

        Args:
            data: the whole file.
            limits: its cap on entries.

        Raises:
            RefusedFileError: TRUNCATED_ZIP where numbers lead nowhere, UNSAFE_ZIP where a chain loops,
                ZIP_BOMB where there are too many entries.
        """
        self._data = memoryview(data)
        fields = self._header(data)
        directory, _, self._mini_cutoff, mini_table, mini_count, more, more_count = fields[:7]
        self._table = self._sector_table(fields[7:], more, more_count)
        entries = self._entries(directory, limits)
        self._streams = self._below_root(entries)
        self._mini_parts = (entries[0].first, mini_table, mini_count)
        self.names = frozenset(self._streams)

    def _header(self, data: bytes) -> tuple[int, ...]:
        try:
            fields = _HEADER.unpack_from(data)
        except struct.error as error:
            raise _damaged() from error
        shift, mini_shift = fields[4], fields[5]
        if shift not in (9, 12) or mini_shift != 6:
            raise _damaged()
        self._size = 1 << shift
        # The header takes the place of one sector; the last one may be cut short by programs that do not pad.
        self._count = max(0, -(-len(data) // self._size) - 1)
        return fields[8:]

    def _sector(self, number: int) -> memoryview:
        if number >= self._count:
            raise _damaged()
        start = (number + 1) * self._size
        return self._data[start : start + self._size]

    def _sector_table(self, first: tuple[int, ...], more: int, more_count: int) -> list[int]:
        """The table that says for every sector which one follows it."""
        parts = [number for number in first if number <= _LAST_SECTOR]
        seen: set[int] = set()
        while more <= _LAST_SECTOR and more_count:
            _note(more, seen)
            numbers = _numbers(self._sector(more))
            if len(numbers) < self._size // 4:
                raise _damaged()
            more = numbers.pop()
            parts += [number for number in numbers if number <= _LAST_SECTOR]
        if len(set(parts)) < len(parts):
            raise _looped()
        return [number for part in parts for number in _numbers(self._sector(part))]

    def _chain(self, start: int, size: int | None = None) -> bytes:
        """The bytes of a chain of sectors: `size` of them, or all until its end."""
        if size is not None and size > len(self._data):
            raise _damaged()
        pieces: list[memoryview] = []
        seen: set[int] = set()
        while start <= _LAST_SECTOR and (size is None or len(pieces) * self._size < size):
            _note(start, seen)
            pieces.append(self._sector(start))
            if start >= len(self._table):
                raise _damaged()
            start = self._table[start]
        found = b"".join(pieces)
        if size is not None and len(found) < size:
            raise _damaged()
        return found if size is None else found[:size]

    def _entries(self, start: int, limits: Limits) -> list[_Entry]:
        directory = self._chain(start)
        if len(directory) > limits.entries * _ENTRY.size:
            raise RefusedFileError(UnreadableCode.ZIP_BOMB, limit=limits.entries)
        whole = len(directory) // _ENTRY.size * _ENTRY.size
        entries = [_Entry(*fields) for fields in _ENTRY.iter_unpack(directory[:whole])]
        if not entries or entries[0].kind != _ROOT:
            raise _damaged()
        return entries

    def _below_root(self, entries: list[_Entry]) -> dict[str, tuple[int, int]]:
        """First sector and size of the streams below the root; what lies in storages is not looked at."""
        streams: dict[str, tuple[int, int]] = {}
        ahead = [entries[0].child]
        seen: set[int] = set()
        while ahead:
            number = ahead.pop()
            if number == _NO_ENTRY:
                continue
            _note(number, seen)
            if number >= len(entries):
                raise _damaged()
            entry = entries[number]
            if entry.kind == _STREAM:
                name = entry.name[: max(0, min(entry.name_bytes, 64) - 2)].decode("utf-16-le", "replace")
                # In files of small sectors the upper half of the size may hold anything ([MS-CFB] 2.6.1).
                size = entry.size & 0xFFFFFFFF if self._size == 512 else entry.size
                streams.setdefault(name.lower(), (entry.first, size))
            ahead += (entry.left, entry.right)
        return streams

    def stream(self, name: str) -> bytes:
        """The bytes of a stream below the root, by its name in lower case.

        Raises:
            KeyError: there is no such stream.
            RefusedFileError: TRUNCATED_ZIP or UNSAFE_ZIP, where its chain ends early, leads nowhere or loops.
        """
        start, size = self._streams[name]
        return self._mini_chain(start, size) if size < self._mini_cutoff else self._chain(start, size)

    def _mini_chain(self, start: int, size: int) -> bytes:
        holder, first, count = self._mini_parts
        minis = self._chain(holder)
        table = _numbers(self._chain(first)) if count else []
        found = bytearray()
        seen: set[int] = set()
        while start <= _LAST_SECTOR and len(found) < size:
            _note(start, seen)
            if start >= len(table):
                raise _damaged()
            found += minis[start * _MINI_SECTOR : (start + 1) * _MINI_SECTOR]
            start = table[start]
        if len(found) < size:
            raise _damaged()
        return bytes(found[:size])


def _numbers(sector: memoryview | bytes) -> list[int]:
    return list(struct.unpack_from(f"<{len(sector) // 4}I", sector))


def _note(number: int, seen: set[int]) -> None:
    if number in seen:
        raise _looped()
    seen.add(number)


def _damaged() -> RefusedFileError:
    return RefusedFileError(UnreadableCode.TRUNCATED_ZIP)


def _looped() -> RefusedFileError:
    return RefusedFileError(UnreadableCode.UNSAFE_ZIP, what="loop", part="")
