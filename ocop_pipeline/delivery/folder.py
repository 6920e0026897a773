"""The folder channel: copies of documents under `<deliveries>/<period>/<unit>/`, each whole or not there.

Belongs here: placing files safely where other people and programs may read and write too. Does not:
deciding what goes there, or remembering that it went.
"""

import errno
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ocop_pipeline.delivery.parcel import Parcel

logger = logging.getLogger(__name__)

_FOLDER_MODE = 0o755
_FILE_MODE = 0o644
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class NotPlacedError(Exception):
    """A document could not be placed in the folder; the message names the file and what stands in its way."""


def address(parcel: Parcel) -> str:
    """The folder a parcel goes to, relative to the delivery folder."""
    return f"{parcel.period}/{parcel.unit_slug}"


def place(parcel: Parcel, deliveries: Path) -> None:
    """Copy the files of a parcel to its folder; a file that stands there with the same bytes is left alone.

    Doing it again after an interruption completes what is missing. Every file appears under its name only
    when its bytes are on disk. No link below the delivery folder is followed (the folder itself may be
    one: that is the site's choice).

    Raises:
        NotPlacedError: a different file has the name, a link stands in the way, or the disk refuses.
    """
    where = deliveries / address(parcel)
    try:
        deliveries.mkdir(parents=True, exist_ok=True)
        with _folder(deliveries, parcel) as folder:
            for file in parcel.files:
                _place_file(file, folder, where)
            os.fsync(folder)
    except OSError as error:
        raise NotPlacedError(f"{where}: {error.strerror or error}") from error


@contextmanager
def _folder(deliveries: Path, parcel: Parcel) -> Iterator[int]:
    """The open folder of a parcel: reached step by step, so that no step can be a link."""
    number = os.open(deliveries, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in (parcel.period, parcel.unit_slug):
            number = _step(number, name, deliveries)
        yield number
    finally:
        os.close(number)


def _step(parent: int, name: str, deliveries: Path) -> int:
    """Enter a folder, making it if need be; gives up the parent for it."""
    with suppress(FileExistsError):
        os.mkdir(name, _FOLDER_MODE, dir_fd=parent)
        os.fsync(parent)
    try:
        child = os.open(name, _OPEN_FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise NotPlacedError(
                f"{deliveries}: {name} is a link or a file where a folder should be; remove it"
            ) from error
        raise
    os.close(parent)
    return child


def _place_file(file: Path, folder: int, where: Path) -> None:
    data = file.read_bytes()
    if _stands(data, file.name, folder, where):
        return
    unfinished = f".{file.name}.part"
    with suppress(FileNotFoundError):  # left by a run that was killed
        os.unlink(unfinished, dir_fd=folder)
    try:
        _write(data, unfinished, folder)
        _publish(unfinished, file.name, folder, where)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished, dir_fd=folder)


def _stands(data: bytes, name: str, folder: int, where: Path) -> bool:
    """Whether the file is there already.

    Raises:
        NotPlacedError: something else is.
    """
    try:
        number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotPlacedError(f"{where / name} is a link; remove it") from error
        raise
    with os.fdopen(number, "rb") as stream:
        status = os.fstat(stream.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size == len(data) and stream.read() == data:
            return True
    raise NotPlacedError(f"{where / name} is there already and differs; move it away to have it delivered")


def _write(data: bytes, name: str, folder: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, _FILE_MODE, dir_fd=folder), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _publish(unfinished: str, name: str, folder: int, where: Path) -> None:
    """Give a finished copy its name.

    A link is refused where the name has been taken meanwhile; a rename would replace what is there.
    """
    try:
        os.link(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError as error:
        raise NotPlacedError(f"{where / name} has just been put there by somebody else") from error
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        logger.debug("No hard links in %s: renaming", where)
        os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
