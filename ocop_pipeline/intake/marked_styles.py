"""The styles of a workbook that is given back, and those of its marked cells: each the cell's own with another ground.

Here: the styles part of an XLSX. A mark keeps the ground it covers as its unseen background colour, so that a workbook
that comes back can be cleared of old marks. Not here: which cells are marked (`marked_workbook`).
"""

import re
from typing import Final

from ocop_pipeline.intake.xmlsplice import NotSpliceableError, Splice, Tag, spliced, walk, with_attribute

ERROR, WARNING = "error", "warning"
_COLOURS: Final = {ERROR: "FFF8C9C4", WARNING: "FFFFF0B3"}
_SOLID: Final = re.compile(rb"patternType\s*=\s*[\"']solid[\"']")
_GROUND: Final = re.compile(rb"<(?:\w+:)?fgColor\s[^>]*rgb\s*=\s*[\"']([0-9A-Fa-f]{8})[\"']")
_COVERED: Final = re.compile(rb"<(?:\w+:)?bgColor\s[^>]*rgb\s*=\s*[\"']([0-9A-Fa-f]{8})[\"']")


class Styles:
    """The styles of a workbook, and those of marked cells: each the cell's own with another ground."""

    def __init__(self, part: bytes, *, keeps_background: bool = True) -> None:
        """Read the part.

        Args:
            part: The styles.
            keeps_background: Whether the background colours of marks are still those we gave them.

        Raises:
            NotSpliceableError: it is not written as styles are.
        """
        self._part = part
        self._fills, self._fonts, self._formats = (_Listed(name) for name in ("fills", "fonts", "cellXfs"))
        walk(part, self._seen, self._ended)
        self._made: dict[tuple[int, str], int] = {}
        self._grounds: dict[tuple[str, str], int] = {}
        self._clear(keeps_background=keeps_background)
        prefix = self._formats.prefix
        looks = (
            '<{p}b/><{p}sz val="14"/>',
            '<{p}b/><{p}sz val="11"/>',
            '<{p}sz val="11"/>',
            '<{p}u/><{p}sz val="11"/><{p}color rgb="FF1F4E79"/>',
        )
        title, bold, plain, link = (
            self._fonts.add(
                f'<{prefix}font>{look.format(p=prefix)}<{prefix}name val="Times New Roman"/></{prefix}font>'
            )
            for look in looks
        )
        self.title, self.bold = self._own(title, wrap=False), self._own(bold, wrap=True)
        self.plain, self.link = self._own(plain, wrap=True), self._own(link, wrap=True)
        self.of_severity = {
            name: self._own(plain, wrap=True, fill=self._ground(name, "")) for name in _COLOURS
        }

    def _clear(self, *, keeps_background: bool) -> None:
        """Give every cell marked before the ground it had, or none where that cannot be told."""
        for number, fill in enumerate(self._fills.own):
            ground = _ground_of(fill)
            if ground in _COLOURS.values():
                covered = _COVERED.search(fill) if keeps_background else None
                self._fills.replace(number, self._fill(covered[1].decode() if covered else "", ""))

    def _fill(self, colour: str, covered: str) -> str:
        """A fill of one colour that remembers another; no fill where there is no colour."""
        prefix = self._fills.prefix
        if not colour:
            return f'<{prefix}fill><{prefix}patternFill patternType="none"/></{prefix}fill>'
        background = f'rgb="{covered}"' if covered else 'indexed="64"'
        return (
            f'<{prefix}fill><{prefix}patternFill patternType="solid"><{prefix}fgColor rgb="{colour}"/>'
            f"<{prefix}bgColor {background}/></{prefix}patternFill></{prefix}fill>"
        )

    def _ground(self, severity: str, covered: str) -> int:
        key = (severity, covered)
        if key not in self._grounds:
            self._grounds[key] = self._fills.add(self._fill(_COLOURS[severity], covered))
        return self._grounds[key]

    def _seen(self, tag: Tag) -> None:
        for each in (self._fills, self._fonts, self._formats):
            each.see(tag, self._part)

    def _ended(self, name: str, at: int) -> None:
        for each in (self._fills, self._fonts, self._formats):
            each.see_end(name, at)

    def _own(self, font: int, *, wrap: bool, fill: int = 0) -> int:
        prefix = self._formats.prefix
        aligned = (
            f'<{prefix}alignment vertical="top"{" wrapText=" + chr(34) + "1" + chr(34) if wrap else ""}/>'
        )
        return self._formats.add(
            f'<{prefix}xf numFmtId="0" fontId="{font}" fillId="{fill}" borderId="0" xfId="0" applyFont="1" '
            f'applyFill="1" applyAlignment="1">{aligned}</{prefix}xf>'
        )

    def marked(self, style: int, severity: str) -> str:
        """The number of a style with the ground of a severity."""
        key = (style, severity)
        if key not in self._made:
            own = self._formats.own[style] if style < len(self._formats.own) else self._formats.own[0]
            tag = _first_tag(own)
            fills, fill = self._fills.own, int(tag.attributes.get("fillId", 0))
            ground = self._ground(severity, _ground_of(fills[fill]) if fill < len(fills) else "")
            looked = spliced(own, [with_attribute(own, tag, "fillId", str(ground))])
            looked = spliced(looked, [with_attribute(looked, _first_tag(looked), "applyFill", "1")])
            self._made[key] = self._formats.add(looked.decode())
        return str(self._made[key])

    def part(self) -> bytes:
        """The styles with all that was added."""
        return spliced(
            self._part,
            [
                change
                for each in (self._fills, self._fonts, self._formats)
                for change in each.changes(self._part)
            ],
        )


def _ground_of(fill: bytes) -> str:
    """The colour of a solid fill; blank for any other, and for one that is a colour of the theme."""
    found = _GROUND.search(fill) if _SOLID.search(fill) else None
    return found[1].decode().upper() if found else ""


def _first_tag(element: bytes) -> Tag:
    found: list[Tag] = []
    walk(element, found.append, lambda _name, _at: None)
    return found[0]


class _Listed:
    """A list in the styles: its elements as they are written, and what is added behind them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tag: Tag | None = None
        self._end = 0
        self._depth = 0
        self._spans: list[tuple[int, int]] = []
        self._open: Tag | None = None
        self._part = b""
        self._added: list[bytes] = []
        self._replaced: dict[int, bytes] = {}
        self.prefix = ""

    def see(self, tag: Tag, part: bytes) -> None:
        if tag.name == self._name and self._tag is None:
            self._tag, self.prefix, self._part = tag, tag.prefix, part
        elif self._tag is not None and not self._end:
            if self._depth == 0:
                self._open = tag
            self._depth += 1

    def see_end(self, name: str, at: int) -> None:
        if self._tag is None or self._end:
            return
        if self._depth == 0 and name == self._name:
            self._end = at
            return
        self._depth -= 1
        if self._depth == 0 and self._open is not None:
            end = self._open.end if self._open.alone else self._part.index(b">", at) + 1
            self._spans.append((self._open.start, end))

    @property
    def own(self) -> list[bytes]:
        """The elements that were there, those replaced as they are now."""
        spans = enumerate(self._spans)
        return [self._replaced.get(number, self._part[start:end]) for number, (start, end) in spans]

    def replace(self, number: int, element: str) -> None:
        """Write an element anew."""
        self._replaced[number] = element.encode()

    def add(self, element: str) -> int:
        """Put an element behind the others; its number."""
        if self._tag is None or self._tag.alone:
            raise NotSpliceableError(f"no {self._name}")
        self._added.append(element.encode())
        return len(self._spans) + len(self._added) - 1

    def changes(self, part: bytes) -> list[Splice]:
        """What to change in the part."""
        if self._tag is None:
            raise NotSpliceableError(f"no {self._name}")
        count = with_attribute(part, self._tag, "count", str(len(self._spans) + len(self._added)))
        replaced = [Splice(*self._spans[number], element) for number, element in self._replaced.items()]
        return [count, *replaced, Splice(self._end, self._end, b"".join(self._added))]
