"""The archive: every byte that ever arrived, under its SHA-256, never edited and never deleted here.

An object becomes visible by one rename, after its bytes are on disk, so a kill or a power cut at any point
leaves either the whole object or none. Not here: which file came from whom and when (the ledger), what is in
it.
"""

import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = "unfinished"
# Workbooks name people and telephone numbers: for the service and its group, not for everybody on the
# machine.
_OBJECT_MODE = 0o440
_FOLDER_MODE = 0o750


class NotArchivedError(LookupError):
    """There is no object with this digest."""


class ArchiveDamagedError(OSError):
    """An object no longer has the bytes it was stored with."""


class Archive:
    """A content-addressed store of files: ``<root>/ab/cdef…``, the digest cut after two letters."""

    def __init__(self, root: Path) -> None:
        """Open the archive, creating its folder if need be.

        Raises:
            OSError: the folder cannot be made.
        """
        self._root = root
        (root / _UNFINISHED).mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the object with this digest lies, or would lie.

        Raises:
            ValueError: not 64 lower-case hexadecimal digits.
        """
        if not _DIGEST.fullmatch(sha256):
            raise ValueError(f"not a SHA-256 digest: {sha256!r}")
        return self._root / sha256[:2] / sha256[2:]

    def __contains__(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def store(self, data: bytes) -> str:
        """Store one file and see it safely on disk.

        Returns:
            Its SHA-256, 64 lower-case hexadecimal digits. The same bytes twice are one object.

        Raises:
            OSError: it could not be stored, for example because the disk is full; nothing is left behind.
        """
        batch = self.batch()
        sha256 = batch.store(data)
        failures = batch.commit()
        if sha256 in failures:
            raise failures[sha256]
        return sha256

    def batch(self) -> "Batch":
        """Store many files and wait for the disk once, at the end."""
        return Batch(self, self._root / _UNFINISHED)

    def read(self, sha256: str) -> bytes:
        """The bytes stored under a digest, verified.

        Raises:
            ValueError: no digest.
            NotArchivedError: no such object.
            ArchiveDamagedError: the bytes on disk are not those that were stored.
        """
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotArchivedError(sha256) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ArchiveDamagedError(f"archived object {sha256} does not have its digest")
        return data

    def sweep(self, older_than_seconds: float, now: float) -> int:
        """Remove what interrupted runs left unfinished.

        Args:
            older_than_seconds: age from which no run can still be writing it.
            now: seconds since the epoch.

        Returns:
            How many were removed.
        """
        count = 0
        for leftover in (self._root / _UNFINISHED).iterdir():
            with suppress(FileNotFoundError):
                if leftover.stat().st_mtime < now - older_than_seconds:
                    leftover.unlink()
                    count += 1
        return count


class Batch:
    """Files written but not yet visible. `commit` sees them on disk, then makes them visible.

    All writing comes first and all waiting after it: the disk then works through one long queue instead of
    stopping for each of some thousand small files. A process that dies in between loses nothing, because the
    files are still in the inbox.
    """

    def __init__(self, archive: Archive, unfinished: Path) -> None:
        self._archive = archive
        self._unfinished = unfinished
        self._written: dict[str, Path] = {}

    def store(self, data: bytes) -> str:
        """Write one file.

        Returns:
            Its SHA-256; the object exists once `commit` has returned without naming it.

        Raises:
            OSError: it could not be written; nothing is left behind.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in self._written and not self._stands(sha256, len(data)):
            self._written[sha256] = self._write(sha256, data)
        return sha256

    def commit(self) -> Mapping[str, OSError]:
        """Wait for the disk and make the files visible.

        Returns:
            The digests that could not be stored, and why. All others are safe.
        """
        failures: dict[str, OSError] = {}
        folders: dict[Path, list[str]] = {}
        for sha256, temporary in self._written.items():
            try:
                _sync(temporary)
                folders.setdefault(self._publish(sha256, temporary), []).append(sha256)
            except OSError as error:
                _discard(temporary)
                failures[sha256] = error
        for folder, digests in folders.items():
            try:
                _sync(folder)
            except OSError as error:
                failures.update(dict.fromkeys(digests, error))
        self._written = {}
        for sha256, failure in failures.items():
            logger.error("Archiving %s failed: %s", sha256, failure)
        return failures

    def _stands(self, sha256: str, size: int) -> bool:
        """Whether the object is there with the right size; one that is not is written again."""
        try:
            return self._archive.path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def _write(self, sha256: str, data: bytes) -> Path:
        number, name = tempfile.mkstemp(prefix=f"{sha256}.", dir=self._unfinished)
        try:
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(number, rest) :]
                os.fchmod(number, _OBJECT_MODE)
            finally:
                os.close(number)
        except OSError:
            _discard(Path(name))
            raise
        return Path(name)

    def _publish(self, sha256: str, temporary: Path) -> Path:
        final = self._archive.path(sha256)
        if not final.parent.is_dir():
            final.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            _sync(final.parent.parent)
        temporary.replace(final)
        return final.parent


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _discard(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
