"""The folder channel: files appear whole, once, where they belong, and replace nothing."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from post_office import NOW, parcel, settings

from ocop_pipeline.catalogue.recipients import DocumentKind, Recipients
from ocop_pipeline.delivery import Outcome, Parcel, ParcelError, Receipt, deliver
from ocop_pipeline.delivery.record import State
from ocop_pipeline.warehouse.ledger import Ledger

NOBODY = Recipients()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(tmp_path / "ledger.sqlite") as book:
        yield book


def run(folder: Path, ledger: Ledger, *parcels: Parcel) -> list[Receipt]:
    """Deliver without mail."""
    return deliver(parcels, settings(folder), ledger, NOBODY, NOW)


def standing_files(folder: Path) -> dict[str, bytes]:
    """Every file below the delivery folder, hidden ones included."""
    root = folder / "deliveries"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}


def test_files_go_to_period_and_unit(tmp_path: Path, ledger: Ledger) -> None:
    """Each file lies under its period and unit with its own name and bytes, readable; nothing else does."""
    sent = parcel(tmp_path)
    (receipt,) = run(tmp_path, ledger, sent)
    assert (receipt.recipient, receipt.outcome) == ("2026-10/tinh-lam-dong", Outcome.SENT)
    expected = {f"2026-10/tinh-lam-dong/{file.name}": file.read_bytes() for file in sent.files}
    assert standing_files(tmp_path) == expected
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "deliveries").rglob("*.pdf")}
    assert modes == {0o644 & ~_umask()}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_taken_away_does_not_come_back(tmp_path: Path, ledger: Ledger) -> None:
    """Whoever collects the files is not given them again by the next run."""
    sent = parcel(tmp_path)
    run(tmp_path, ledger, sent)
    for file in (tmp_path / "deliveries").rglob("bao-cao*"):
        file.unlink()
    (receipt,) = run(tmp_path, ledger, sent)
    assert receipt.outcome is Outcome.ALREADY_SENT
    assert standing_files(tmp_path) == {}
    assert [entry.state for entry in ledger.delivery_entries()] == [State.SENT]


def _written(path):
    """Which file it is and when it was written; the time of the last reading may pass meanwhile."""
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def test_what_stands_already_is_not_written_again(tmp_path: Path, ledger: Ledger) -> None:
    """A run that died before recording is repeated: files that are there are left, missing ones added."""
    sent = parcel(tmp_path)
    run(tmp_path, ledger, sent)
    first, second = sorted((tmp_path / "deliveries").rglob("bao-cao*"))
    before = _written(first)
    second.unlink()
    (receipt,) = run(tmp_path, Ledger.open(tmp_path / "lost.sqlite"), sent)
    assert receipt.outcome is Outcome.SENT
    assert _written(first) == before
    assert second.exists()


def test_a_different_file_is_never_replaced(tmp_path: Path, ledger: Ledger) -> None:
    """A file of the same name with other bytes stays; the receipt names it; moved away, delivery goes on."""
    target = tmp_path / "deliveries" / "2026-10" / "tinh-lam-dong" / "bao-cao-thang.pdf"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"somebody's own")
    for _ in range(3):
        (receipt,) = run(tmp_path, ledger, parcel(tmp_path))
    assert (receipt.outcome, receipt.will_retry) == (Outcome.FAILED, True)
    assert str(target) in receipt.detail
    assert target.read_bytes() == b"somebody's own"
    assert len(ledger.delivery_entries()) == 1
    target.rename(tmp_path / "moved")
    (receipt,) = run(tmp_path, ledger, parcel(tmp_path))
    assert receipt.outcome is Outcome.SENT


@pytest.mark.parametrize(
    "name", ["2026-10", "2026-10/tinh-lam-dong", "2026-10/tinh-lam-dong/bao-cao-thang.pdf"]
)
def test_links_are_not_followed(tmp_path: Path, ledger: Ledger, name: str) -> None:
    """No link below the delivery folder, be it folder or file, leads a copy elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "deliveries" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere / "file" if name.endswith("pdf") else elsewhere)
    (receipt,) = run(tmp_path, ledger, parcel(tmp_path))
    assert receipt.outcome is Outcome.FAILED
    assert "link" in receipt.detail
    assert list(elsewhere.iterdir()) == []


def test_a_link_to_the_same_bytes_is_no_copy(tmp_path: Path, ledger: Ledger) -> None:
    """A link could point elsewhere tomorrow: even one to the very same bytes is refused."""
    sent = parcel(tmp_path)
    folder = tmp_path / "deliveries" / "2026-10" / "tinh-lam-dong"
    folder.mkdir(parents=True)
    (folder / sent.files[0].name).symlink_to(sent.files[0])
    (receipt,) = run(tmp_path, ledger, sent)
    assert receipt.outcome is Outcome.FAILED


def test_an_unfinished_copy_as_a_link_is_not_written_through(tmp_path: Path, ledger: Ledger) -> None:
    """A link planted under the name of the unfinished copy is removed, and what it points to untouched."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder = tmp_path / "deliveries" / "2026-10" / "tinh-lam-dong"
    folder.mkdir(parents=True)
    (folder / ".bao-cao-thang.pdf.part").symlink_to(victim)
    (receipt,) = run(tmp_path, ledger, parcel(tmp_path))
    assert receipt.outcome is Outcome.SENT
    assert victim.read_bytes() == b"mine"
    assert not any(name.endswith(".part") for name in standing_files(tmp_path))


def test_the_delivery_folder_itself_may_be_a_link(tmp_path: Path, ledger: Ledger) -> None:
    """Where the deliveries lie is the site's choice, a mounted share under a link included."""
    (tmp_path / "share").mkdir()
    (tmp_path / "deliveries").symlink_to(tmp_path / "share")
    (receipt,) = run(tmp_path, ledger, parcel(tmp_path))
    assert receipt.outcome is Outcome.SENT


def test_a_pipe_under_the_name_does_not_hang(tmp_path: Path, ledger: Ledger) -> None:
    """Something that is no regular file is a different file."""
    folder = tmp_path / "deliveries" / "2026-10" / "tinh-lam-dong"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "bao-cao-thang.pdf")
    (receipt,) = run(tmp_path, ledger, parcel(tmp_path))
    assert (receipt.outcome, receipt.will_retry) == (Outcome.FAILED, True)


def test_a_full_disk_leaves_nothing_half_done(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When bytes do not reach the disk, no file appears; the next run delivers; other parcels go on."""
    real, calls = os.fsync, []

    def full(number: int) -> None:
        calls.append(number)
        if Path(f"/proc/self/fd/{number}").readlink().name == ".mot.pdf.part":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(number)

    monkeypatch.setattr(os, "fsync", full)
    one, two = parcel(tmp_path, "1", names=["mot.pdf"]), parcel(tmp_path, "2", names=["hai.pdf"])
    receipts = run(tmp_path, ledger, one, two)
    assert [receipt.outcome for receipt in receipts] == [Outcome.FAILED, Outcome.SENT]
    assert "No space left" in receipts[0].detail
    assert list(standing_files(tmp_path)) == ["2026-10/tinh-lam-dong/hai.pdf"]
    monkeypatch.setattr(os, "fsync", real)
    outcomes = [receipt.outcome for receipt in run(tmp_path, ledger, one, two)]
    assert outcomes == [Outcome.SENT, Outcome.ALREADY_SENT]


def test_a_share_without_hard_links_is_served(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network shares know no hard links: the file arrives by renaming instead."""

    def unknown(*_: object, **__: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "link", unknown)
    sent = parcel(tmp_path)
    (receipt,) = run(tmp_path, ledger, sent)
    assert receipt.outcome is Outcome.SENT
    assert sorted(standing_files(tmp_path).values()) == sorted(file.read_bytes() for file in sent.files)


def test_a_file_that_appears_meanwhile_is_kept(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and publishing somebody else takes the name: theirs stays."""
    real = os.link

    def late(source: str, name: str, **where: int) -> None:
        target = os.open(name, os.O_WRONLY | os.O_CREAT, dir_fd=where["dst_dir_fd"])
        os.write(target, b"theirs")
        os.close(target)
        real(source, name, **where)

    monkeypatch.setattr(os, "link", late)
    (receipt,) = run(tmp_path, ledger, parcel(tmp_path, names=["mot.pdf"]))
    assert receipt.outcome is Outcome.FAILED
    assert standing_files(tmp_path) == {"2026-10/tinh-lam-dong/mot.pdf": b"theirs"}


@pytest.mark.parametrize(
    "name",
    [
        "../x.pdf", "a/b.pdf", ".hidden.pdf", "..", "", "a\0.pdf", "a\n.pdf", "a\u202egpj.pdf", "CON.pdf",
        "nul", "a.pdf ", "a.", "a:b.pdf", "a\\b.pdf", "-rf", "a*.pdf",
        "Bo\u0301 ca\u0301o.pdf", "к.pdf", "x" * 201,
    ],
)  # fmt: skip
def test_hostile_file_names_cannot_be_parcelled(tmp_path: Path, name: str) -> None:
    """Names with separators, controls, hidden or reserved meanings are refused before anything is written."""

    class Named(type(tmp_path)):
        name = ""

    file = Named(tmp_path)
    file.name = name
    with pytest.raises(ParcelError):
        Parcel("0" * 64, "2026-10", "p68.2", "lam-dong", "r", "Báo cáo", (file,))


@pytest.mark.parametrize(
    "slug", ["", "..", ".", "a/b", "/etc", "a\0b", "tỉnh", "a b", "-a", "a\n", "aux", "x" * 101]
)
def test_hostile_folder_names_cannot_be_parcelled(tmp_path: Path, slug: str) -> None:
    """Period and unit are plain ASCII slugs, so a parcel never leaves the delivery folder."""
    file = tmp_path / "a.pdf"
    for period, unit in ((slug, "lam-dong"), ("2026-10", slug)):
        with pytest.raises(ParcelError):
            Parcel("0" * 64, period, "p68.2", unit, "r", "Báo cáo", (file,))


@pytest.mark.parametrize(
    "changed",
    [
        {"document_id": "abc"},
        {"document_id": "G" * 64},
        {"title": " \n"},
        {"files": ()},
        {"files": (Path("a/x.pdf"), Path("b/X.PDF"))},
    ],
)
def test_incomplete_parcels_are_refused(changed: dict[str, object]) -> None:
    """A parcel has a digest, a title and files that do not hide each other."""
    sound = {
        "document_id": "0" * 64,
        "period": "2026-10",
        "unit_id": "c1.1",
        "unit_slug": "xa-c1.1",
        "report": "return_notice",
        "title": "Phiếu trả lại",
        "files": (Path("a.pdf"),),
        "kind": DocumentKind.RETURN_NOTICE,
    }
    Parcel(**sound)
    with pytest.raises(ParcelError):
        Parcel(**(sound | changed))


def test_the_moment_needs_a_time_zone(tmp_path: Path, ledger: Ledger) -> None:
    """A record without a time zone could not be read later; such a moment is refused."""
    with pytest.raises(ValueError, match="time zone"):
        deliver([parcel(tmp_path)], settings(tmp_path), ledger, NOBODY, NOW.replace(tzinfo=None))
