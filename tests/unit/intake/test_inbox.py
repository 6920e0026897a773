"""The drop folder: what is taken, what waits, what is refused, and that nothing else happens."""

import errno
import hashlib
import os
import socket
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.intake import inbox as inbox_module
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.inbox import Arrival, Refusal, RefusalReason, display_name, is_temporary, scan
from tests.unit.intake import hostile

REASON = RefusalReason
NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
OLD = NOW - timedelta(hours=1)


@pytest.fixture
def inbox(tmp_path) -> Path:
    """An empty drop folder."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def put(path: Path | bytes, data: bytes = b"data", changed: datetime = OLD) -> None:
    """Leave a file in the inbox, last changed at some time."""
    if isinstance(path, Path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:  # noqa: PTH123 - byte paths are wanted here
        file.write(data)
    os.utime(path, (changed.timestamp(), changed.timestamp()))


def look(inbox: Path, **options) -> list[Arrival | Refusal]:
    """One look, half a minute after which a file counts as complete."""
    return scan(inbox, 30, NOW, **options)


def reasons(findings: list[Arrival | Refusal]) -> dict[str, RefusalReason | None]:
    """Reason by name shown; None for an arrival."""
    return {f.display_name: getattr(f, "reason", None) for f in findings}


def test_arrivals_are_archived_byte_for_byte(inbox, tmp_path):
    """Each file of the inbox and its folders arrives once, in order, and its bytes are archived."""
    put(inbox / "b.xlsx", b"two")
    put(inbox / "a.xlsx", b"one")
    put(inbox / "Xã Tân Hà" / "tháng 10" / "c.xlsx", b"three")
    archive = Archive(tmp_path / "archive")
    found = look(inbox, keeper=archive.batch())
    assert [(f.display_name, f.folder, f.size_bytes) for f in found] == [
        ("c.xlsx", "Xã Tân Hà/tháng 10", 5),
        ("a.xlsx", "", 3),
        ("b.xlsx", "", 3),
    ]
    assert [archive.read(f.sha256) for f in found] == [b"three", b"one", b"two"]
    assert {f.modified_at for f in found} == {OLD}


def test_inbox_is_left_as_it_is(inbox, tmp_path):
    """Looking changes nothing in the inbox: senders may have it as a read-only share."""
    put(inbox / "x" / "a.xlsx")
    before = [(p, p.stat().st_mtime_ns, p.stat().st_mode) for p in sorted(inbox.rglob("*"))]
    look(inbox, keeper=Archive(tmp_path / "archive").batch())
    assert [(p, p.stat().st_mtime_ns, p.stat().st_mode) for p in sorted(inbox.rglob("*"))] == before


def test_same_bytes_twice_are_two_arrivals_of_one_object(inbox):
    """Two files with the same bytes both arrive, with one digest."""
    put(inbox / "a.xlsx")
    put(inbox / "sub" / "a (1).xlsx")
    assert len({f.sha256 for f in look(inbox)}) == 1
    assert len(look(inbox)) == 2


def test_known_files_are_not_opened(inbox, monkeypatch):
    """A file with the path, size and time of a known one is listed from memory; a changed one is read."""
    put(inbox / "a.xlsx", b"one")
    put(inbox / "b.xlsx", b"two")
    first = look(inbox)
    known = {f.file_key: f.sha256 for f in first}
    put(inbox / "b.xlsx", b"TWO", OLD + timedelta(seconds=1))
    opened = []
    read = inbox_module._read
    monkeypatch.setattr(inbox_module, "_read", lambda *args: (opened.append(args[2].name), read(*args))[1])
    second = look(inbox, known=known)
    assert opened == ["b.xlsx"]
    assert [(f.sha256, f.seen_before) for f in second] == [
        (first[0].sha256, True),
        (hashlib.sha256(b"TWO").hexdigest(), False),
    ]


# --- waiting


@pytest.mark.parametrize(
    "name",
    [
        "~$bao-cao.xlsx",
        ".~lock.a.xlsx#",
        ".DS_Store",
        "Thumbs.db",
        "a.xlsx.part",
        "a.xlsx.crdownload",
        "A.TMP",
        "a.xlsx~",
    ],
)
def test_temporary_files_wait_and_are_reported(inbox, name):
    """Files of editors, uploaders and systems are neither taken nor lost: they are reported as waiting."""
    put(inbox / name)
    put(inbox / "a.xlsx")
    refusal, arrival = sorted(look(inbox), key=lambda f: isinstance(f, Arrival))
    assert refusal.reason is REASON.TEMPORARY_FILE
    assert refusal.waiting
    assert arrival.display_name == "a.xlsx"
    assert is_temporary(name)


def test_hidden_folders_are_reported_not_entered(inbox):
    """A hidden folder (of a synchronising program) is reported once."""
    put(inbox / ".sync" / "a.xlsx")
    assert reasons(look(inbox)) == {".sync": REASON.TEMPORARY_FILE}


@pytest.mark.parametrize(("age", "taken"), [(0, False), (29, False), (31, True), (-5000, True)])
def test_fresh_files_settle_first(inbox, age, taken):
    """A file is taken once it was left alone long enough; a time in the future is a wrong clock."""
    put(inbox / "a.xlsx", changed=NOW - timedelta(seconds=age))
    (found,) = look(inbox)
    assert isinstance(found, Arrival) is taken
    assert taken or (found.reason is REASON.STILL_BEING_WRITTEN and found.waiting)


@pytest.mark.parametrize("grows", [True, False])
def test_file_changed_while_it_was_read_waits(inbox, tmp_path, monkeypatch, grows):
    """A file that grows or is rewritten while it is read is left for the next look and not kept."""
    put(inbox / "a.xlsx", b"first half")
    put(inbox / "b.xlsx", b"other")
    read_all = inbox_module._read_all

    def change_meanwhile(number, largest):
        data = read_all(number, largest)
        if data == b"first half":
            with (inbox / "a.xlsx").open("ab" if grows else "r+b") as file:
                file.write(b"SECOND")
        return data

    monkeypatch.setattr(inbox_module, "_read_all", change_meanwhile)
    archive = Archive(tmp_path / "archive")
    found = look(inbox, keeper=archive.batch())
    assert reasons(found) == {"a.xlsx": REASON.STILL_BEING_WRITTEN, "b.xlsx": None}
    assert hashlib.sha256(b"first half").hexdigest() not in archive


def test_file_that_vanishes_waits(inbox, monkeypatch):
    """A file taken away between listing and opening is reported as gone, and the others go on."""
    put(inbox / "a.xlsx")
    put(inbox / "b.xlsx")
    take = inbox_module._take

    def remove_first(look_, folder, place):
        if place.name == "a.xlsx":
            place.path.unlink()
        return take(look_, folder, place)

    monkeypatch.setattr(inbox_module, "_take", remove_first)
    assert reasons(look(inbox)) == {"a.xlsx": REASON.GONE, "b.xlsx": None}


# --- refused


def test_links_are_never_followed(inbox, tmp_path):
    """Links to files and folders, also dead and circular ones, are refused and lead to no reading."""
    put(tmp_path / "secret" / "passwd", b"secret")
    (inbox / "file.xlsx").symlink_to(tmp_path / "secret" / "passwd")
    (inbox / "folder").symlink_to(tmp_path / "secret")
    (inbox / "dead.xlsx").symlink_to(tmp_path / "nowhere")
    (inbox / "circle").symlink_to(inbox)
    put(inbox / "a.xlsx")
    archive = Archive(tmp_path / "archive")
    found = look(inbox, keeper=archive.batch())
    assert reasons(found) == {
        **dict.fromkeys(["file.xlsx", "folder", "dead.xlsx", "circle"], REASON.SYMLINK),
        "a.xlsx": None,
    }
    assert hashlib.sha256(b"secret").hexdigest() not in archive


@pytest.mark.parametrize("what", ["file", "folder"])
def test_link_slipped_in_after_the_listing_is_not_followed(inbox, tmp_path, monkeypatch, what):
    """Also a link put in place of a file or folder after it was looked at leads nowhere."""
    put(tmp_path / "secret" / "a.xlsx", b"secret")
    put(inbox / "sub" / "a.xlsx")
    put(inbox / "z.xlsx")

    def swap(place):
        if place.name == ("a.xlsx" if what == "file" else "sub"):
            place.path.rename(tmp_path / "moved")
            place.path.symlink_to(tmp_path / "secret" / ("a.xlsx" if what == "file" else ""))

    name = "_read" if what == "file" else "_enter"
    original = getattr(inbox_module, name)
    monkeypatch.setattr(inbox_module, name, lambda *args: (swap(args[2]), original(*args))[1])
    archive = Archive(tmp_path / "archive")
    found = look(inbox, keeper=archive.batch())
    assert reasons(found) == {("a.xlsx" if what == "file" else "sub"): REASON.SYMLINK, "z.xlsx": None}
    assert hashlib.sha256(b"secret").hexdigest() not in archive


def test_pipes_and_sockets_are_refused_without_waiting(inbox):
    """What is no regular file is refused; a pipe without a writer does not hold the look up."""
    os.mkfifo(inbox / "pipe.xlsx")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(inbox / "s.xlsx"))
        put(inbox / "a.xlsx")
        assert reasons(look(inbox)) == {
            "pipe.xlsx": REASON.NOT_A_FILE,
            "s.xlsx": REASON.NOT_A_FILE,
            "a.xlsx": None,
        }


def test_huge_files_are_refused_unread(inbox):
    """A file above the limit is refused by its size."""
    put(inbox / "film.xlsx")
    with (inbox / "film.xlsx").open("r+b") as file:
        file.truncate(10 << 40)
    os.utime(inbox / "film.xlsx", (OLD.timestamp(), OLD.timestamp()))
    put(inbox / "a.xlsx")
    found = {f.display_name: f for f in look(inbox)}
    assert found["film.xlsx"].reason is REASON.TOO_LARGE
    assert found["film.xlsx"].args["bytes"] == 10 << 40
    assert isinstance(found["a.xlsx"], Arrival)


def test_deep_folders_are_refused(inbox):
    """Folders in folders without end are refused at one level, and the others go on."""
    deep = inbox
    for _ in range(60):
        deep = deep / "d"
    put(deep / "a.xlsx")
    put(inbox / "z.xlsx")
    assert sorted(reasons(look(inbox)).values(), key=str) == [None, REASON.TOO_DEEP]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_files_without_permission_are_refused(inbox):
    """A file that may not be read is refused; the others go on."""
    put(inbox / "a.xlsx")
    (inbox / "a.xlsx").chmod(0)
    put(inbox / "b.xlsx")
    assert reasons(look(inbox)) == {"a.xlsx": REASON.NO_PERMISSION, "b.xlsx": None}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errno.EACCES, REASON.NO_PERMISSION),
        (errno.EIO, REASON.READ_ERROR),
        (errno.ESTALE, REASON.GONE),
        (errno.ELOOP, REASON.SYMLINK),
    ],
)
def test_errors_of_one_file_are_its_own(inbox, monkeypatch, error, reason):
    """Whatever goes wrong with one file is its reason; the others are taken."""
    put(inbox / "a.xlsx")
    put(inbox / "b.xlsx")
    real = os.open

    def failing(path, *args, **options):
        if path == "a.xlsx":
            raise OSError(error, os.strerror(error))
        return real(path, *args, **options)

    monkeypatch.setattr(os, "open", failing)
    assert reasons(look(inbox)) == {"a.xlsx": reason, "b.xlsx": None}


# --- archive trouble


def test_full_disk_keeps_the_file_in_the_inbox(inbox, tmp_path, monkeypatch):
    """Where the archive is full, the file stays and is refused so; smaller ones are still taken."""
    put(inbox / "a.xlsx", b"x" * 1000)
    put(inbox / "b.xlsx", b"small")
    archive = Archive(tmp_path / "archive")
    write = os.write

    def nearly_full(fd, data):
        if len(data) > 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", nearly_full)
    assert reasons(look(inbox, keeper=archive.batch())) == {"a.xlsx": REASON.ARCHIVE_FULL, "b.xlsx": None}
    monkeypatch.undo()
    assert (inbox / "a.xlsx").read_bytes() == b"x" * 1000
    found = look(inbox, keeper=archive.batch())
    assert [archive.read(f.sha256) for f in found] == [b"x" * 1000, b"small"]


@pytest.mark.parametrize(
    ("error", "reason"), [(errno.ENOSPC, REASON.ARCHIVE_FULL), (errno.EIO, REASON.ARCHIVE_FAILED)]
)
def test_what_the_disk_did_not_keep_has_not_arrived(inbox, tmp_path, monkeypatch, error, reason):
    """An error that shows only when the disk is waited for turns the arrival into a refusal."""
    put(inbox / "a.xlsx", b"bad")
    put(inbox / "b.xlsx", b"good")
    bad, sync = hashlib.sha256(b"bad").hexdigest(), os.fsync

    def fail_for_bad(fd):
        if bad in str(Path(f"/proc/self/fd/{fd}").readlink()):
            raise OSError(error, os.strerror(error))
        sync(fd)

    monkeypatch.setattr(os, "fsync", fail_for_bad)
    found = look(inbox, keeper=Archive(tmp_path / "archive").batch())
    assert reasons(found) == {"a.xlsx": reason, "b.xlsx": None}
    assert not found[0].waiting


# --- names


def test_nasty_names_arrive_and_are_shown_harmless(inbox):
    """Undecodable, controlling, misleading and very long names are taken; one clean line is shown."""
    long = "Báo cáo " + "rất dài " * 24 + ".xlsx"
    names = [
        b"b\xe1o c\xe1o.xlsx",
        b"a\nb\x1b[31m.xlsx",
        "gia\u202excod.xlsx".encode(),
        b"x..\\..\\etc.xlsx",
        b"=cmd().xlsx",
        long.encode()[:250] + b".xlsx",
    ]
    for i, name in enumerate(names):
        put(os.fsencode(inbox) + b"/" + name, bytes([i]))
    found = look(inbox)
    assert len(found) == len(names)
    assert all(isinstance(f, Arrival) for f in found)
    for f in found:
        assert f.display_name.isprintable()
        assert len(f.display_name) <= 120
        assert "/" not in f.display_name
        assert "\\" not in f.display_name
        assert f.original.encode("utf-8").isascii() or f.original.isprintable()
        assert f.path.read_bytes() in {bytes([i]) for i in range(len(names))}
    assert len({f.original for f in found}) == len(names)


def test_display_name_of_300_characters_keeps_both_ends():
    """A name of 300 characters is shortened in the middle: both ends can be read."""
    shown = display_name("đầu" + "x" * 292 + ".xlsx")
    assert len(shown) == 120
    assert shown.startswith("đầux")
    assert shown.endswith("x.xlsx")
    assert "…" in shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a\r\nb.xlsx", "a\ufffd\ufffdb.xlsx"),
        ("gia\u202exslx.exe", "gia\ufffdxslx.exe"),
        ("Tân Hà.xlsx", "Tân Hà.xlsx"),
        (unicodedata.normalize("NFD", "Đạ Tẻh.xlsx"), "Đạ Tẻh.xlsx"),
        ("b\udce1o.xlsx", "b\ufffdo.xlsx"),
        ("", "\ufffd"),
    ],
)
def test_display_name(name, shown):
    """People see a name composed, on one line, without tricks."""
    assert display_name(name) == shown


@given(st.text(st.characters(), max_size=400))
def test_display_name_is_always_fit_to_show_and_store(name):
    """Whatever a file is called, what is shown is short, printable, storable and no path."""
    shown = display_name(name)
    assert 0 < len(shown) <= 120
    assert not set(shown) & set("/\\\r\n\t\x00")
    assert shown.encode("utf-8").decode() == shown
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in shown)


def test_scan_reads_real_workbooks_into_the_archive(inbox, tmp_path):
    """From the drop folder to the archive, a workbook stays the same file."""
    book = hostile.sound()
    put(inbox / "xa.xlsx", book)
    archive = Archive(tmp_path / "archive")
    (found,) = look(inbox, keeper=archive.batch())
    assert archive.read(found.sha256) == book


def test_missing_inbox_is_an_error(tmp_path):
    """An inbox that is not there is a wrong setting, not an empty month."""
    with pytest.raises(FileNotFoundError):
        scan(tmp_path / "nowhere", 30, NOW)
