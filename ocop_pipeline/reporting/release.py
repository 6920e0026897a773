"""Releases: a report as it was issued, its files and what they were made from, never changed afterwards.

Here: when a report is a new release, how it is marked as a correction, and how it reaches the disk whole or
not at all. Not here: what it says, or who receives it.

A release lies in `<root>/<period>/<unit>/<report>/<number>/`, with a manifest beside its files.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from ocop_pipeline.domain.units import UnitVersion
from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Document, Notice, to_json
from ocop_pipeline.reporting.html import write_html
from ocop_pipeline.reporting.paper import write_pdf

MANIFEST: Final = "manifest.json"
MANIFEST_FORMAT: Final = 1
_UNDATED: Final = date(2000, 1, 1)
_NUMBER: Final = re.compile(r"[0-9]{2,6}")
_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_ATTEMPTS: Final = 5


class ReleaseError(RuntimeError):
    """A release on disk is damaged, or a name is not fit for a folder; the message says which."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the releases of one report on one unit and period lie.

    Attributes:
        root: The folder of all releases.
        period: Key of the period.
        unit_id: Our id of the unit.
        unit_slug: Its folder (see `unit_slug`).
        report: Code of the report.
        file_name: Beginning of the file names, plain ASCII.
    """

    root: Path
    period: str
    unit_id: str
    unit_slug: str
    report: str
    file_name: str

    def __post_init__(self) -> None:
        for part in (self.period, self.unit_slug, self.report, self.file_name):
            if not _SAFE.fullmatch(part):
                raise ReleaseError(f"{part!r} is not fit to name a folder or file")

    @property
    def folder(self) -> Path:
        """The folder that holds the releases by their numbers."""
        return self.root / self.period / self.unit_slug / self.report


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a report was made from: ids of the submissions, digest of the catalogue, version of the code."""

    submissions: tuple[str, ...]
    catalogue_digest: str
    code_version: str


@dataclass(frozen=True, slots=True)
class Release:
    """One issued report.

    Attributes:
        number: 1 for the first; every later one corrects the one before.
        content_sha256: Names what it says, without the day and the notes on sources.
        folder: Where it lies.
        files: Its documents, the manifest not among them.
        created: When it was issued.
        is_new: Whether the call that returned it issued it.
    """

    number: int
    content_sha256: str
    folder: Path
    files: tuple[Path, ...]
    created: datetime
    is_new: bool

    @property
    def manifest(self) -> Path:
        """The manifest beside its files."""
        return self.folder / MANIFEST


def slug(text: str) -> str:
    """Write Vietnamese text as a name of plain lower-case ASCII: "Tỉnh Lâm Đồng" gives "tinh-lam-dong"."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def unit_slug(unit: UnitVersion) -> str:
    """Name a unit's folder; names repeat in the country, so the code goes first: "68-tinh-lam-dong"."""
    return f"{unit.code}-{slug(unit.full_name)}".strip("-")


_LOOKS = frozenset(
    (
        "align",
        "bold",
        "emphasis",
        "figure_id",
        "italic",
        "key",
        "landscape",
        "on_paper",
        "row_header",
        "span",
        "svg",
        "width",
    )
)
"""Fields of the document's data that change its looks (or its links), never what it says."""


def content_hash(document: Document) -> str:
    """Hash what a document says.

    The days of drafting and issue and the notes on its sources are left out: the same report of another day,
    or of a corrected workbook that changes no figure, is the same report. So is how it looks: a newer program that
    draws a wider column issues no correction.

    Returns:
        SHA-256 in hexadecimal.
    """
    letterhead = replace(document.letterhead, issued=None)
    bare = replace(document, created=_UNDATED, letterhead=letterhead, footnotes=())
    said = json.dumps(_said(json.loads(to_json(bare))), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _said(data: Any) -> Any:
    """A document's data without what only says how it looks."""
    if isinstance(data, list):
        return [_said(item) for item in data]
    if isinstance(data, dict):
        looks = _LOOKS | {"kind"} if "cells" in data else _LOOKS  # the kind of a row is how it is set
        return {name: _said(value) for name, value in data.items() if name not in looks}
    return data


def latest(place: Place) -> Release | None:
    """Find the last release, its files checked against its manifest.

    Raises:
        ReleaseError: a file of it is missing or was changed, or its manifest cannot be read.
    """
    folder = place.folder
    numbers = (
        [int(entry.name) for entry in folder.glob("*") if _NUMBER.fullmatch(entry.name)]
        if folder.is_dir()
        else []
    )
    return _read(folder / f"{max(numbers):02d}") if numbers else None


def issue(
    document: Document, place: Place, inputs: Inputs, *, labels: Mapping[str, str], now: datetime
) -> Release:
    """Issue a report: write its HTML, PDF and JSON with a manifest, unless the last release says the same.

    Args:
        document: The report.
        place: Which report this is, and where it goes.
        inputs: What it was made from.
        labels: The words `correction_mark` and `correction_notice`.
        now: The time of issue, with its time zone.

    Returns:
        The release: a new one, or the last one where it says the same.

    Raises:
        ReleaseError: the last release on disk is damaged.
        PaperError: the PDF could not be set.
        OSError: the disk refused; no half release is left.
    """
    content = content_hash(document)
    for _ in range(_ATTEMPTS):
        before = latest(place)
        if before and before.content_sha256 == content:
            return before
        issued = _write(_corrected(document, before, labels), place, inputs, (content, before, now))
        if issued:
            return issued
    raise ReleaseError(f"{place.folder}: another process keeps issuing this report")


def _corrected(document: Document, before: Release | None, labels: Mapping[str, str]) -> Document:
    """Mark a correction on every page and say at the top what it replaces."""
    if before is None:
        return document
    mark = labels["correction_mark"].format(number=before.number)
    notice = labels["correction_notice"].format(
        number=before.number, replaced=before.number, day=formats.short_date(before.created.date())
    )
    running = " – ".join(filter(None, (document.running_mark, mark)))
    return replace(document, running_mark=running, body=(Notice(notice, "warning"), *document.body))


def _write(
    document: Document,
    place: Place,
    inputs: Inputs,
    history: tuple[str, Release | None, datetime],
) -> Release | None:
    """Write into a hidden folder and rename it; None when somebody else took the number meanwhile."""
    content, before, now = history
    number = before.number + 1 if before else 1
    stem = f"{place.file_name}-{place.period}-{place.unit_slug}" + (
        f"-dinh-chinh-{number - 1}" if before else ""
    )
    files = {
        f"{stem}.pdf": write_pdf(document),
        f"{stem}.html": write_html(document).encode(),
        f"{stem}.json": to_json(document).encode(),
    }
    manifest = {
        "format": MANIFEST_FORMAT,
        "report": place.report,
        "unit_id": place.unit_id,
        "period": place.period,
        "number": number,
        "created": now.isoformat(timespec="seconds"),
        "title": document.title,
        "content_sha256": content,
        "supersedes": {"number": before.number, "content_sha256": before.content_sha256} if before else None,
        "inputs": {"submissions": sorted(inputs.submissions), "catalogue_digest": inputs.catalogue_digest},
        "code_version": inputs.code_version,
        "outputs": [
            {"file": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
        ],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    target = place.folder / f"{number:02d}"
    if not _place_whole(target, {**files, MANIFEST: text.encode()}):
        return None
    return Release(number, content, target, tuple(target / name for name in files), now, is_new=True)


def _place_whole(target: Path, files: Mapping[str, bytes]) -> bool:
    """Make a folder with these files appear at once; False when it is there already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        for name, data in files.items():
            with (partial / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        partial.chmod(0o755)  # mkdtemp closes the folder to everyone else
        try:
            partial.rename(target)
        except OSError:
            if target.exists():
                return False
            raise
        _sync(target.parent)
        return True
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(folder: Path) -> Release:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        release = Release(
            number=manifest["number"],
            content_sha256=manifest["content_sha256"],
            folder=folder,
            files=tuple(folder / output["file"] for output in manifest["outputs"]),
            created=datetime.fromisoformat(manifest["created"]),
            is_new=False,
        )
        _check(folder, manifest["outputs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"release {folder} cannot be read: {error}; restore it from a copy") from error
    return release


def _check(folder: Path, outputs: Sequence[Mapping[str, Any]]) -> None:
    for output in outputs:
        path = folder / output["file"]
        if hashlib.sha256(path.read_bytes()).hexdigest() != output["sha256"]:
            raise ReleaseError(f"{path} was changed after it was issued; restore it from a copy")
