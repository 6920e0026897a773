"""Changes in an XML part that leave every other byte as it is.

Here: finding tags by their place in the bytes, changing their attributes, putting pieces in. Not here: what the tags of
a workbook mean (`marked_workbook`).
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

_TAG: Final = re.compile(rb"<[^\s/>]+(?:\s+[^\s=/>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UTF_8: Final = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml(?![^>]*encoding)[^>]*\?>|<\?xml[^>]*encoding=[\"']utf-8[\"'][^>]*\?>|<(?!\?))",
    re.IGNORECASE,
)


class NotSpliceableError(Exception):
    """A part is not written as parts usually are; whoever asked leaves it alone."""


class Tag(NamedTuple):
    """A start tag: its name without prefix, its attributes, and where its bytes lie."""

    name: str
    attributes: dict[str, str]
    start: int
    end: int
    alone: bool
    prefix: str


class Splice(NamedTuple):
    """Bytes to be put in the place of others; nothing is taken away where start and end are one."""

    start: int
    end: int
    put: bytes


Seen = Callable[[Tag], None]
Ended = Callable[[str, int], None]


def walk(part: bytes, seen: Seen, ended: Ended) -> None:
    """Tell of every tag of a part in UTF-8, as it begins and as it ends (name without prefix, place of the end tag).

    Raises:
        NotSpliceableError: another encoding, or no well-formed XML.
    """
    if not _UTF_8.match(part):
        raise NotSpliceableError("not UTF-8")
    parser = expat.ParserCreate("UTF-8")

    def start(name: str, attributes: dict[str, str]) -> None:
        at = parser.CurrentByteIndex
        tag = _TAG.match(part, at)
        if tag is None:
            raise NotSpliceableError(f"an unusual tag at {at}")
        prefix, _, local = name.rpartition(":")
        seen(Tag(local, attributes, at, tag.end(), tag[0].endswith(b"/>"), f"{prefix}:" if prefix else ""))

    def end(name: str) -> None:
        ended(name.rpartition(":")[2], parser.CurrentByteIndex)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(part, True)
    except (expat.ExpatError, ValueError) as error:
        raise NotSpliceableError(str(error)) from error


def spliced(part: bytes, changes: Iterable[Splice]) -> bytes:
    """The part with the changes made; they may touch, not overlap."""
    pieces, at = [], 0
    for change in sorted(changes, key=lambda each: (each.start, each.end)):
        if change.start < at:
            raise NotSpliceableError("two changes in one place")
        pieces += [part[at : change.start], change.put]
        at = change.end
    return b"".join([*pieces, part[at:]])


def with_attribute(part: bytes, tag: Tag, name: str, value: str | None) -> Splice:
    """A start tag with an attribute set, or taken away where the value is None."""
    text = part[tag.start : tag.end]
    plain = re.sub(rb"\s+" + re.escape(name.encode()) + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", text)
    if value is None:
        return Splice(tag.start, tag.end, plain)
    head = plain.removesuffix(b">").removesuffix(b"/").rstrip()
    closing = b"/>" if tag.alone else b">"
    return Splice(tag.start, tag.end, head + f" {name}={quoteattr(value)}".encode() + closing)


def text(value: str) -> str:
    """A text as it may stand between tags: escaped, without what XML cannot hold."""
    return escape(_ILLEGAL.sub("", value))


def attribute(value: str) -> str:
    """A text as it may stand as an attribute, in its quotation marks."""
    return quoteattr(_ILLEGAL.sub("", value))
