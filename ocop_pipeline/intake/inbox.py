"""The drop folder: which files have arrived, which are not there yet, which cannot be taken.

Files are read here once, and exactly the bytes that were hashed are handed to the archive. The inbox is never
written to: senders may have it as a read-only share, and the ledger knows a file by its digest. Not here:
what is in a file, and who sent it.
"""

import errno
import hashlib
import logging
import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Protocol, TypeAlias

logger = logging.getLogger(__name__)

FileKey = tuple[str, int, int]
"""Original path (as in `Arrival.original`), size in bytes, time of last change in nanoseconds."""

LARGEST_TAKEN = 50 * 1024 * 1024
"""Bytes above which a file is not even archived: no form of ours comes near, and memory is shared."""
DEEPEST = 16
_NAME_LENGTH = 120
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a pipe must not hold us
_OPEN_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_TEMPORARY_STARTS = (".", "~$")
_TEMPORARY_ENDS = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", "~")
_SYSTEM_NAMES = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db"))
_NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_GONE = frozenset((errno.ENOENT, errno.ESTALE))


class RefusalReason(Enum):
    """Why something in the inbox was not taken. The first three come right by waiting."""

    TEMPORARY_FILE = "TEMPORARY_FILE"
    """A hidden or temporary file of an editor, an uploader or the operating system."""
    STILL_BEING_WRITTEN = "STILL_BEING_WRITTEN"
    """Changed a moment ago, or while it was being read. Taken at a later look."""
    GONE = "GONE"
    """Listed, but no longer there when it was opened."""
    SYMLINK = "SYMLINK"
    """A symbolic link to a file or folder. Never followed."""
    NOT_A_FILE = "NOT_A_FILE"
    """A pipe, socket or device."""
    TOO_LARGE = "TOO_LARGE"
    """Above the size that is taken. Args: ``bytes``, ``limit``."""
    TOO_DEEP = "TOO_DEEP"
    """A folder too many levels down; nothing in it was looked at. Args: ``limit``."""
    NO_PERMISSION = "NO_PERMISSION"
    """The file or folder may not be read."""
    READ_ERROR = "READ_ERROR"
    """Reading failed. Args: ``detail``."""
    ARCHIVE_FULL = "ARCHIVE_FULL"
    """There was no room in the archive. The file stays in the inbox and is taken at a later look."""
    ARCHIVE_FAILED = "ARCHIVE_FAILED"
    """The archive could not be written. The file stays in the inbox. Args: ``detail``."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that has arrived complete.

    Attributes:
        path: where it lies; its name may hold anything a file system allows.
        original: the path below the inbox as a Python literal: exact, printable ASCII-safe for odd bytes,
            storable.
        display_name: its name for people, see `display_name`.
        folder: the folders below the inbox it lies in, for people, joined by ``/``; empty at the top.
        size_bytes: its size.
        modified_at: time of last change, UTC.
        modified_ns: the same in nanoseconds since the epoch, as the file system gives it.
        sha256: digest of its bytes.
        seen_before: taken from the known files without opening it.
    """

    path: Path
    original: str
    display_name: str
    folder: str
    size_bytes: int
    modified_at: datetime
    modified_ns: int
    sha256: str
    seen_before: bool = False

    @property
    def file_key(self) -> FileKey:
        """What to remember together with `sha256`, so that the next look need not open the file."""
        return self.original, self.size_bytes, self.modified_ns


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something in the inbox that was not taken, and why. It stays where it is.

    Attributes:
        path: where it lies.
        original: as for an arrival.
        display_name: as for an arrival.
        folder: as for an arrival.
        reason: why.
        args: what the text for people may need.
    """

    path: Path
    original: str
    display_name: str
    folder: str
    reason: RefusalReason
    args: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def waiting(self) -> bool:
        """Whether time alone may cure it: nothing is wrong yet and nobody need be told."""
        return self.reason in (
            RefusalReason.TEMPORARY_FILE,
            RefusalReason.STILL_BEING_WRITTEN,
            RefusalReason.GONE,
        )


class Keeper(Protocol):
    """Where the bytes go; a batch of the archive is one."""

    def store(self, data: bytes) -> str:
        """Keep the bytes; return their SHA-256."""
        ...

    def commit(self) -> Mapping[str, OSError]:
        """Finish; return the digests that were not kept, and why."""
        ...


class DigestOnly:
    """A keeper that keeps nothing: for a look without an archive."""

    def store(self, data: bytes) -> str:
        """Return the SHA-256."""
        return hashlib.sha256(data).hexdigest()

    def commit(self) -> Mapping[str, OSError]:
        """Return nothing: nothing can have failed."""
        return {}


def scan(
    inbox: Path,
    settle_seconds: float,
    now: datetime,
    *,
    keeper: Keeper | None = None,
    known: Mapping[FileKey, str] | None = None,
    largest: int = LARGEST_TAKEN,
) -> list[Arrival | Refusal]:
    """Look through the inbox and its folders; arguments, results and errors as those of `Scan`."""
    look = Scan(inbox, settle_seconds, now, keeper=keeper, known=known, largest=largest)
    for _ in look:
        pass
    return look.finish()


class Scan:
    """One look through the inbox and its folders, file by file, so that others can work on what was seen so far.

    Args:
        inbox: the drop folder (it may itself be a link; what is in it may not).
        settle_seconds: how long a file must have been left alone to count as complete.
        now: the present, with time zone.
        keeper: takes the bytes of each new file, read once; committed by `finish`. None keeps nothing.
        known: digests of files seen before, by `Arrival.file_key`: those are not opened, only listed.
        largest: bytes above which a file is refused.
    """

    def __init__(
        self,
        inbox: Path,
        settle_seconds: float,
        now: datetime,
        *,
        keeper: Keeper | None = None,
        known: Mapping[FileKey, str] | None = None,
        largest: int = LARGEST_TAKEN,
    ) -> None:
        self._inbox = inbox
        self._look = _Look(settle_seconds, now.timestamp(), keeper or DigestOnly(), known or {}, largest)
        self._findings: list[Arrival | Refusal] = []

    def __iter__(self) -> Iterator[tuple[Arrival, bytes]]:
        """New files with their bytes, in the order of their paths. They are not yet safe in the keeper.

        Raises:
            OSError: the inbox itself cannot be opened.
        """
        with _opened(os.open(self._inbox, _OPEN_FOLDER & ~os.O_NOFOLLOW)) as number:
            for finding, data in _walk(self._look, number, self._inbox, ()):
                self._findings.append(finding)
                if data is not None and isinstance(finding, Arrival):
                    yield finding, data

    def finish(self) -> list[Arrival | Refusal]:
        """Commit the keeper.

        Returns:
            Every file and every refused folder, one each, in the order of their paths. An arrival is safe in the
            keeper.
        """
        failures = self._look.keeper.commit()
        return [_unless_failed(finding, failures) for finding in self._findings]


_Found: TypeAlias = tuple[Arrival | Refusal, bytes | None]
"""What stands at a place, and the bytes where they were read just now."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What stays the same during one look."""

    settle_seconds: float
    now: float
    keeper: Keeper
    known: Mapping[FileKey, str]
    largest: int


@dataclass(frozen=True, slots=True)
class _Place:
    """One directory entry and how to speak of it."""

    path: Path
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.names[-1]

    @property
    def original(self) -> str:
        return repr("/".join(self.names))

    @property
    def folder(self) -> str:
        return "/".join(map(display_name, self.names[:-1]))

    def refuse(self, reason: RefusalReason, **args: str | int) -> Refusal:
        return Refusal(self.path, self.original, display_name(self.name), self.folder, reason, args)

    def arrive(self, about: os.stat_result, sha256: str, *, seen_before: bool) -> Arrival:
        return Arrival(
            path=self.path,
            original=self.original,
            display_name=display_name(self.name),
            folder=self.folder,
            size_bytes=about.st_size,
            modified_at=datetime.fromtimestamp(about.st_mtime, UTC),
            modified_ns=about.st_mtime_ns,
            sha256=sha256,
            seen_before=seen_before,
        )


def _walk(look: _Look, number: int, folder: Path, names: tuple[str, ...]) -> Iterator[_Found]:
    """Go through one opened folder. What is below is opened relative to it: no link can be slipped in."""
    with os.scandir(number) as listing:
        entries = sorted(
            (entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in listing
        )
    for name, is_folder, is_link in entries:
        place = _Place(folder / name, (*names, name))
        try:
            if is_link:
                yield place.refuse(RefusalReason.SYMLINK), None
            elif is_folder:
                yield from _enter(look, number, place)
            else:
                yield _take(look, number, place)
        except OSError as error:
            yield _refuse_error(place, error), None


def _enter(look: _Look, parent: int, place: _Place) -> Iterator[_Found]:
    if len(place.names) > DEEPEST:
        yield place.refuse(RefusalReason.TOO_DEEP, limit=DEEPEST), None
    elif place.name.startswith("."):
        yield place.refuse(RefusalReason.TEMPORARY_FILE), None
    else:
        with _opened(os.open(place.name, _OPEN_FOLDER, dir_fd=parent)) as number:
            yield from _walk(look, number, place.path, place.names)


def _take(look: _Look, folder: int, place: _Place) -> _Found:
    if is_temporary(place.name):
        return place.refuse(RefusalReason.TEMPORARY_FILE), None
    about = os.stat(place.name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(about.st_mode):
        return place.refuse(RefusalReason.NOT_A_FILE), None
    # A time in the future is a sender's wrong clock: it says nothing, and would otherwise never be over.
    if 0 <= look.now - about.st_mtime < look.settle_seconds:
        return place.refuse(RefusalReason.STILL_BEING_WRITTEN), None
    seen = look.known.get((place.original, about.st_size, about.st_mtime_ns))
    if seen is not None:
        return place.arrive(about, seen, seen_before=True), None
    if about.st_size > look.largest:
        return place.refuse(RefusalReason.TOO_LARGE, bytes=about.st_size, limit=look.largest), None
    return _read(look, folder, place)


def _read(look: _Look, folder: int, place: _Place) -> _Found:
    with _opened(os.open(place.name, _OPEN_FILE, dir_fd=folder)) as number:
        before = os.fstat(number)
        if not stat.S_ISREG(before.st_mode):
            return place.refuse(RefusalReason.NOT_A_FILE), None
        data = _read_all(number, look.largest)
        after = os.fstat(number)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        data
    ) != after.st_size:
        return place.refuse(RefusalReason.STILL_BEING_WRITTEN), None
    try:
        sha256 = look.keeper.store(data)
    except OSError as error:
        reason, args = _why_unkept(error)
        return place.refuse(reason, **args), None
    return place.arrive(after, sha256, seen_before=False), data


def _read_all(number: int, largest: int) -> bytes:
    """The bytes of an opened file, but no more than one beyond the limit, whatever it grows to meanwhile."""
    pieces = []
    left = largest + 1
    while left > 0 and (piece := os.read(number, min(left, 1024 * 1024))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _refuse_error(place: _Place, error: OSError) -> Refusal:
    if error.errno in _GONE:
        return place.refuse(RefusalReason.GONE)
    if error.errno in (errno.EACCES, errno.EPERM):
        return place.refuse(RefusalReason.NO_PERMISSION)
    if error.errno in (errno.ELOOP, errno.ENOTDIR):  # became a link between listing and opening
        return place.refuse(RefusalReason.SYMLINK)
    logger.warning("Reading %s failed: %s", place.original, error.strerror)
    return place.refuse(RefusalReason.READ_ERROR, detail=error.strerror or "")


def _why_unkept(error: OSError) -> tuple[RefusalReason, dict[str, str | int]]:
    if error.errno in _NO_SPACE:
        return RefusalReason.ARCHIVE_FULL, {}
    return RefusalReason.ARCHIVE_FAILED, {"detail": error.strerror or ""}


def _unless_failed(finding: Arrival | Refusal, failures: Mapping[str, OSError]) -> Arrival | Refusal:
    if isinstance(finding, Arrival) and not finding.seen_before and finding.sha256 in failures:
        reason, args = _why_unkept(failures[finding.sha256])
        return Refusal(finding.path, finding.original, finding.display_name, finding.folder, reason, args)
    return finding


def is_temporary(name: str) -> bool:
    """Whether a name is one that editors, uploaders and operating systems give to files nobody sends."""
    lower = name.lower()
    return lower.startswith(_TEMPORARY_STARTS) or lower.endswith(_TEMPORARY_ENDS) or lower in _SYSTEM_NAMES


def display_name(name: str, length: int = _NAME_LENGTH) -> str:
    """A file name fit to be shown to people and stored: one line, NFC, no trickery, not too long.

    Args:
        name: as the file system gave it, undecodable bytes as surrogates.
        length: longest result, in characters; the middle is left out of longer ones.

    Returns:
        The name with control, direction-changing and undecodable characters replaced by U+FFFD and slashes by
        ``_``.
    """
    shown = "".join(map(_shown, unicodedata.normalize("NFC", name)))
    if len(shown) > length:
        tail = length // 3
        shown = f"{shown[: length - tail - 1]}…{shown[-tail:]}"
    return shown or "\ufffd"


def _shown(character: str) -> str:
    if character in "/\\":
        return "_"
    # Cc control, Cf format (direction marks, zero-width), Cs surrogate, Co private, Cn unassigned, Zl/Zp line
    # ends.
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return "\ufffd"
    return character


@contextmanager
def _opened(number: int) -> Iterator[int]:
    try:
        yield number
    finally:
        os.close(number)
