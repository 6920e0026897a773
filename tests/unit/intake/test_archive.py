"""The archive: whole objects or none, never edited, verified when read."""

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.intake.archive import Archive, ArchiveDamagedError, NotArchivedError


@pytest.fixture
def archive(tmp_path) -> Archive:
    """An empty archive."""
    return Archive(tmp_path / "archive")


def opened_as(number: int) -> str:
    """The path a file was opened by."""
    return str(Path(f"/proc/self/fd/{number}").readlink())


def objects(root: Path) -> list[Path]:
    """Everything visible in the archive."""
    return sorted(p for p in root.rglob("*") if p.is_file() and "unfinished" not in p.parts)


def leftovers(root: Path) -> list[Path]:
    """Everything unfinished in the archive."""
    return sorted((root / "unfinished").iterdir())


def test_stored_bytes_are_read_back_under_their_digest(archive, tmp_path):
    """An object lies under its SHA-256 and comes back byte for byte."""
    data = os.urandom(100_000)
    sha256 = archive.store(data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert archive.path(sha256) == tmp_path / "archive" / sha256[:2] / sha256[2:]
    assert archive.read(sha256) == data
    assert sha256 in archive
    assert leftovers(tmp_path / "archive") == []


@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_survive(tmp_path_factory, data):
    """Any bytes, none included, are stored and read back."""
    archive = Archive(tmp_path_factory.mktemp("archive"))
    assert archive.read(archive.store(data)) == data


def test_same_bytes_twice_are_one_object(archive, tmp_path):
    """Storing again what is there writes nothing."""
    first = archive.store(b"abc")
    before = archive.path(first).stat()
    assert archive.store(b"abc") == first
    assert archive.path(first).stat() == before
    assert len(objects(tmp_path / "archive")) == 1


def test_objects_are_read_only_and_not_for_everybody(archive):
    """No one may change an object, and others on the machine may not read it."""
    mode = stat.S_IMODE(archive.path(archive.store(b"abc")).stat().st_mode)
    assert mode == 0o440


def test_read_verifies(archive):
    """Bytes that were changed on disk are not handed out."""
    sha256 = archive.store(b"abc")
    path = archive.path(sha256)
    path.chmod(0o600)
    path.write_bytes(b"abd")
    with pytest.raises(ArchiveDamagedError, match=sha256):
        archive.read(sha256)


def test_missing_object_is_named(archive):
    """Asking for what was never stored is an error of its own."""
    with pytest.raises(NotArchivedError):
        archive.read("0" * 64)
    assert "0" * 64 not in archive


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "0" * 65])
def test_only_a_digest_is_an_address(archive, digest):
    """Nothing but 64 lower-case hexadecimal digits makes a path."""
    with pytest.raises(ValueError, match="not a SHA-256"):
        archive.path(digest)


def test_cut_object_is_written_again(archive):
    """An object cut short (a disk repaired after a crash) is replaced when the whole one arrives again."""
    sha256 = archive.store(b"abcdef")
    path = archive.path(sha256)
    path.chmod(0o600)
    path.write_bytes(b"abc")
    assert archive.store(b"abcdef") == sha256
    assert archive.read(sha256) == b"abcdef"


def test_batch_is_invisible_until_committed(archive, tmp_path):
    """Before the commit no object is visible; after it all are, and nothing unfinished is left."""
    batch = archive.batch()
    digests = [batch.store(bytes([i]) * 10) for i in range(20)]
    assert not any(digest in archive for digest in digests)
    assert batch.commit() == {}
    assert all(digest in archive for digest in digests)
    assert leftovers(tmp_path / "archive") == []


def test_bytes_are_on_disk_before_they_are_visible(archive, monkeypatch):
    """Each object is synced before its rename, and the folder after it."""
    events = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append(opened_as(fd)), sync(fd))[1])
    monkeypatch.setattr(
        Path, "replace", lambda self, to: (events.append(f"rename {self}"), replace(self, to))[1]
    )
    sha256 = archive.store(b"abc")
    renamed = next(i for i, event in enumerate(events) if event.startswith("rename "))
    temporary = events[renamed].removeprefix("rename ")
    assert temporary in events[:renamed]
    assert str(archive.path(sha256).parent) in events[renamed + 1 :]


def failing_after(count: int, error: int):
    """An `os.write` that fails from some call on, having written half of what it was given before."""
    write, calls = os.write, []

    def half_write(fd, data):
        calls.append(fd)
        if len(calls) > count:
            raise OSError(error, os.strerror(error))
        return write(fd, data[: max(1, len(data) // 2)])

    return half_write


def test_full_disk_leaves_nothing_half(archive, tmp_path, monkeypatch):
    """Where the disk fills up in the middle of a file, it is reported and nothing of it stays."""
    monkeypatch.setattr(os, "write", failing_after(2, errno.ENOSPC))
    with pytest.raises(OSError, match="No space") as caught:
        archive.store(b"x" * 1000)
    assert caught.value.errno == errno.ENOSPC
    assert objects(tmp_path / "archive") == leftovers(tmp_path / "archive") == []
    monkeypatch.undo()
    assert archive.read(archive.store(b"x" * 1000)) == b"x" * 1000


def test_real_limit_on_file_size(tmp_path):
    """The kernel refusing to write more (here by a limit on file size) is an error of that file alone."""
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom ocop_pipeline.intake.archive import Archive\n"
        "archive = Archive(Path(sys.argv[1]))\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    archive.store(b'x' * 5000)\nexcept OSError as error:\n    print(error.errno)\n"
        "print(archive.store(b'small'))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(errno.EFBIG), hashlib.sha256(b"small").hexdigest()]
    assert leftovers(tmp_path) == []


def test_failure_at_the_end_names_its_files_only(archive, monkeypatch, tmp_path):
    """Where the disk reports an error only when waited for, that file fails and the others are stored."""
    batch = archive.batch()
    good, bad = batch.store(b"good"), batch.store(b"bad")
    sync = os.fsync

    def fail_for_bad(fd):
        if bad in opened_as(fd):
            raise OSError(errno.EIO, "Input/output error")
        sync(fd)

    monkeypatch.setattr(os, "fsync", fail_for_bad)
    assert list(batch.commit()) == [bad]
    assert good in archive
    assert bad not in archive
    assert leftovers(tmp_path / "archive") == []


KILLED = """
import os, signal, sys
from pathlib import Path
from ocop_pipeline.intake import archive
store = archive.Archive(Path(sys.argv[1]))
count, at = 0, int(sys.argv[2])
def counted(function):
    def call(*args, **options):
        global count
        count += 1
        if count > at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **options)
    return call
for name in ("write", "fsync", "fchmod", "close"):
    setattr(os, name, counted(getattr(os, name)))
Path.replace = counted(Path.replace)
batch = store.batch()
for i in range(3):
    batch.store(bytes([65 + i]) * 3000)
batch.commit()
"""


def test_kill_at_any_point_leaves_whole_objects_or_none(tmp_path):
    """Killed before any of its system calls, a run leaves whole objects only, and the next stores all."""
    finished = False
    for at in range(40):
        root = tmp_path / str(at)
        done = subprocess.run([sys.executable, "-c", KILLED, str(root), str(at)], check=False)  # noqa: S603 - ours
        for path in objects(root):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name
        archive = Archive(root)
        assert archive.read(archive.store(b"A" * 3000)) == b"A" * 3000
        if done.returncode == 0:
            finished = True
            break
        assert done.returncode == -signal.SIGKILL
    assert finished, "the run never came to its end: more points to try"
    assert len(objects(root)) == 3


def test_sweep_removes_old_leftovers_only(archive, tmp_path):
    """What interrupted runs left is removed once no run can still be writing it."""
    archive.batch().store(b"abandoned")
    (left,) = leftovers(tmp_path / "archive")
    now = left.stat().st_mtime
    assert archive.sweep(3600, now + 3599) == 0
    assert archive.sweep(3600, now + 3601) == 1
    assert leftovers(tmp_path / "archive") == []


def test_storing_the_same_at_the_same_time(archive, tmp_path):
    """Many writers of the same bytes end with one whole object."""
    with ThreadPoolExecutor(8) as threads:
        digests = set(threads.map(archive.store, [b"same" * 1000] * 40))
    assert len(digests) == len(objects(tmp_path / "archive")) == 1
    assert archive.read(digests.pop()) == b"same" * 1000
