"""Releases: issued once, corrected by a new one, never changed."""

import dataclasses
import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sample_report import small_report

from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.reporting import release as module
from ocop_pipeline.reporting.document import Document, Paragraph, Table
from ocop_pipeline.reporting.release import (
    Inputs,
    Place,
    Release,
    ReleaseError,
    content_hash,
    issue,
    latest,
    slug,
    unit_slug,
)
from ocop_pipeline.reporting.spec import load_spec

NOW = datetime(2026, 10, 20, 8, tzinfo=UTC)
INPUTS = Inputs(("b" * 64, "a" * 64), "c" * 64, "1.0+abc")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where the test's report goes."""
    return Place(
        tmp_path / "releases", "2026-10", "p68.2", "68-tinh-lam-dong", "province_month", "bao-cao-ocop"
    )


def issued(document: Document, place: Place, now: datetime = NOW) -> Release:
    """Issue with the words of the province's report."""
    return issue(document, place, INPUTS, labels=load_spec("province_month").labels, now=now)


def changed(document: Document, text: str = "Số liệu mới.") -> Document:
    """The same report saying something more."""
    return dataclasses.replace(document, body=(*document.body, Paragraph(text)))


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_first_release(place):
    """A first release has PDF, HTML and JSON under ASCII names, and a manifest that accounts for each."""
    release = issued(small_report(), place)
    assert (release.number, release.is_new) == (1, True)
    assert sorted(path.suffix for path in release.files) == [".html", ".json", ".pdf"]
    assert all(path.name.isascii() for path in release.files)
    manifest = json.loads(release.manifest.read_text(encoding="utf-8"))
    assert manifest["inputs"]["submissions"] == ["a" * 64, "b" * 64]
    assert manifest["supersedes"] is None
    for output in manifest["outputs"]:
        data = (release.folder / output["file"]).read_bytes()
        assert (output["bytes"], output["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_same_report_is_not_issued_again(place):
    """The same content, even on another day and from other notes, returns the release there is."""
    first = issued(small_report(), place)
    before = files_of(place.root)
    later = dataclasses.replace(
        small_report(),
        created=date(2026, 10, 25),
        letterhead=dataclasses.replace(small_report().letterhead, issued=date(2026, 10, 25)),
        footnotes=("Nguồn: 122 báo cáo.",),
    )
    again = issued(later, place, NOW + timedelta(days=5))
    assert (again.number, again.is_new, again.content_sha256) == (1, False, first.content_sha256)
    assert again.created == NOW
    assert files_of(place.root) == before


def test_changed_report_is_a_correction(place):
    """A changed report is the next release, says what it replaces, and leaves the one before untouched."""
    first = issued(small_report(), place)
    before = files_of(first.folder)
    second = issued(changed(small_report()), place, NOW + timedelta(days=1))
    assert (second.number, second.is_new) == (2, True)
    assert files_of(first.folder) == before
    page = next(path for path in second.files if path.suffix == ".html").read_text(encoding="utf-8")
    assert "BẢN ĐÍNH CHÍNH LẦN 1" in page
    assert "thay thế bản phát hành lần 1 ngày 20/10/2026" in page
    manifest = json.loads(second.manifest.read_text(encoding="utf-8"))
    assert manifest["supersedes"] == {"number": 1, "content_sha256": first.content_sha256}
    assert all("dinh-chinh-1" in path.name for path in second.files)


def test_correction_is_recognised_by_what_it_says(place):
    """A correction issued again is the same correction: its own mark does not make it new."""
    issued(small_report(), place)
    second = issued(changed(small_report()), place)
    again = issued(changed(small_report()), place)
    assert (again.number, again.is_new) == (second.number, False)


def test_going_back_is_a_correction_too(place):
    """A report that says again what the first one said is a third release: the second was published."""
    issued(small_report(), place)
    issued(changed(small_report()), place)
    assert issued(small_report(), place).number == 3


def test_nothing_half_written(place, monkeypatch):
    """When the disk refuses in the middle, no release and no remains are left, and the next try succeeds."""

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(module.os, "fsync", refuse)
        with pytest.raises(OSError, match="No space"):
            issued(small_report(), place)
    assert list(place.folder.iterdir()) == []
    assert issued(small_report(), place).number == 1


def test_two_at_once_never_share_a_number(place, monkeypatch):
    """Another process that takes the number meanwhile keeps it; ours looks again and finds its release."""
    real = module._place_whole
    rival: list[Release] = []

    def beaten(target: Path, files: dict[str, bytes]) -> bool:
        monkeypatch.setattr(module, "_place_whole", real)
        rival.append(issued(changed(small_report(), "Của tiến trình khác."), place))
        return real(target, files)

    monkeypatch.setattr(module, "_place_whole", beaten)
    ours = issued(small_report(), place)
    assert rival[0].number == 1
    assert (ours.number, ours.is_new) == (2, True)


def test_damaged_release_is_refused(place):
    """A release whose file was changed or lost is never passed off as issued; the message names the file."""
    release = issued(small_report(), place)
    page = next(path for path in release.files if path.suffix == ".html")
    page.write_text("khác", encoding="utf-8")
    with pytest.raises(ReleaseError, match=page.name):
        latest(place)
    page.unlink()
    with pytest.raises(ReleaseError, match="cannot be read"):
        issued(small_report(), place)


def test_leftovers_of_a_crash_are_not_releases(place):
    """A folder that a killed process left behind is not taken for a release."""
    (place.folder / ".partial-abc").mkdir(parents=True)
    assert latest(place) is None
    assert issued(small_report(), place).number == 1


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "tên", "a" * 90])
def test_unfit_folder_names_are_refused(tmp_path, name):
    """No name of a place can leave its folder or hide in it."""
    with pytest.raises(ReleaseError):
        Place(tmp_path, "2026-10", "p68.2", name, "province_month", "bao-cao")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tỉnh Lâm Đồng", "tinh-lam-dong"),
        ("Xã Đạ K'Nàng", "xa-da-k-nang"),
        ("Phường Xuân Hương - Đà Lạt", "phuong-xuan-huong-da-lat"),
        ("Xã Lộc Nga\u0323", "xa-loc-nga"),
        ("中", ""),
    ],
)
def test_slug(text, name):
    """A Vietnamese name becomes a plain one that any file system and mail program keeps."""
    assert slug(text) == name


def test_unit_folders_differ_though_names_repeat():
    """Two communes of one name have two folders: the code stands first."""
    folders = {
        unit_slug(
            UnitVersion(
                f"c{code}.2", code, Tier.COMMUNE, "xã", "Tân Thành", "Xã Tân Thành", "p68.2", None, None
            )
        )
        for code in ("24001", "24002")
    }
    assert folders == {"24001-xa-tan-thanh", "24002-xa-tan-thanh"}


def test_hash_sees_every_figure():
    """A single digit anywhere in a table makes another report."""
    document = small_report()
    table = next(block for block in document.annexes[0].blocks)
    row = table.rows[1]
    cells = (*row.cells[:2], dataclasses.replace(row.cells[2], text="13"), *row.cells[3:])
    rows = (table.rows[0], dataclasses.replace(row, cells=cells), *table.rows[2:])
    annex = dataclasses.replace(document.annexes[0], blocks=(dataclasses.replace(table, rows=rows),))
    other = dataclasses.replace(document, annexes=(annex, *document.annexes[1:]))
    assert content_hash(other) != content_hash(document)


def test_another_look_is_no_correction():
    """Other widths and kinds of rows, or a list left to the screen by now, do not change what the report says."""
    document = small_report()

    def restyled(block):
        if not isinstance(block, Table):
            return block
        columns = tuple(
            dataclasses.replace(column, width=column.width * 2, align="left") for column in block.columns
        )
        rows = tuple(dataclasses.replace(row, kind="total") for row in block.rows)
        return dataclasses.replace(block, columns=columns, rows=rows, on_paper="Xem bản điện tử.")

    annexes = tuple(
        dataclasses.replace(annex, blocks=tuple(map(restyled, annex.blocks)), landscape=not annex.landscape)
        for annex in document.annexes
    )
    other = dataclasses.replace(document, annexes=annexes, body=tuple(map(restyled, document.body)))
    assert other != document
    assert content_hash(other) == content_hash(document)
