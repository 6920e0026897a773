"""What is handed to the outbox, and what it gives back.

Belongs here: the two shapes and which names a parcel may bear. Does not: sending anything, or remembering it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ocop_pipeline.catalogue.recipients import DocumentKind

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SLUG = re.compile(r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*")
_LONGEST_SLUG = 100
# Latin letters with every Vietnamese one: a name is read the way it is written, on any disk and in any
# mail program.
_LETTER = r"A-Za-z0-9\u00c0-\u024f\u1ea0-\u1ef9"
_FILE_NAME = re.compile(rf"[{_LETTER}](?:[{_LETTER} ,()+._-]*[{_LETTER})])?")
_LONGEST_NAME_BYTES = 200
"""Leaves room for the mark of an unfinished copy within the 255 bytes of a file system."""
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def release_id(content_sha256: str, number: int) -> str:
    """The document id of a numbered release.

    The number belongs to it: a report corrected from A to B and back to A says the same as the first one, yet
    people who hold B must get it.

    Args:
        content_sha256: Digest of what the document says.
        number: Number of the release, from 1.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(f"{content_sha256}/{number}".encode()).hexdigest()


class ParcelError(ValueError):
    """A parcel that must not be delivered; the message says which part of it is wrong."""


class Outcome(StrEnum):
    """What became of a parcel at one recipient."""

    SENT = "sent"
    ALREADY_SENT = "already_sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One document with its files, ready to go.

    Attributes:
        document_id: 64 hexadecimal digits that name this document and no other (`release_id`): the same one
            reaches nobody twice; a correction is another one.
        period: Key of the period ("2026-10"); also the name of a folder.
        unit_id: Our id of the unit it is about; its recipients are looked up by it. Blank where a file
            could not be told to be of any unit.
        unit_slug: Name of the unit's folder.
        report: Code of the report ("province_month"), or of the notice.
        title: What the document is called, in Vietnamese; becomes the subject of a mail.
        files: The files, each with a name that no other file of the parcel has. All go to the folder; those
            for machines (JSON) are not mailed.
        kind: Report or return notice.
        withheld: Why nobody is to be mailed any more, for the operator; blank when people are. It goes to the
            folder all the same.
    """

    document_id: str
    period: str
    unit_id: str
    unit_slug: str
    report: str
    title: str
    files: tuple[Path, ...]
    kind: DocumentKind = DocumentKind.REPORT
    withheld: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be delivered safely.

        Raises:
            ParcelError: an id that is no digest, a folder or file name that is not a plain one, a blank
                title, no file.
        """
        if not _DIGEST.fullmatch(self.document_id):
            raise ParcelError(f"document id {self.document_id!r} is no SHA-256")
        for part, slug in (("period", self.period), ("unit slug", self.unit_slug)):
            if not _SLUG.fullmatch(slug) or len(slug) > _LONGEST_SLUG or _DEVICES.fullmatch(slug):
                raise ParcelError(f"{part} {slug!r} cannot name a folder")
        if not self.title.strip():
            raise ParcelError("a document needs a title")
        _check_files(file.name for file in self.files)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a parcel at one recipient, in this run.

    Attributes:
        document_id: Of the parcel.
        channel: "folder" or "smtp".
        recipient: The folder (relative to the delivery folder) or the address; blank when there is nobody.
        outcome: What became of it.
        detail: Why, for the operator; never a password.
        will_retry: It failed, and the next run tries again.
    """

    document_id: str
    channel: str
    recipient: str
    outcome: Outcome
    detail: str = ""
    will_retry: bool = False


def _check_files(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not _is_plain(name):
            raise ParcelError(f"file name {name!r} is not a plain one")
        if name.casefold() in seen:
            raise ParcelError(f"two files are called {name!r}")
        seen.add(name.casefold())
    if not seen:
        raise ParcelError("a parcel needs at least one file")


def _is_plain(name: str) -> bool:
    return (
        _FILE_NAME.fullmatch(name) is not None
        and unicodedata.is_normalized("NFC", name)
        and len(name.encode()) <= _LONGEST_NAME_BYTES
        and not _DEVICES.fullmatch(name)
    )
