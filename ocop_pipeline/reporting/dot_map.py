"""Dot maps as SVG text: one dot a unit at its middle point, shaded by class, drawn for black-and-white paper first.

Here: projection, classes, key, scale and escaping. Not here: which units and which figures. There are no borders in the
catalogue, and none are drawn: the map shows where something is, not how far it reaches.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, radians
from statistics import median
from typing import Final
from xml.sax.saxutils import escape

from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import legible

WIDTH: Final = 480
_TALLEST: Final = 460
_MARGIN: Final = 14
_LINE: Final = 18
_TEXT_SIZE: Final = 13
_KM_PER_DEGREE: Final = 111.2
_FACES: Final = "Tinos, 'Times New Roman', serif"
_INK: Final = "#1f3a5f"
_FAR: Final = 4.0
"""A dot this many times farther from the middle than nine tenths of all others is named below the map, not drawn."""
_SCALES_KM: Final = (5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class DotClass:
    """One class of dots and how it looks; fills differ in darkness, so that they do without colour.

    Attributes:
        name: What it says ("chưa có sản phẩm").
        fill: Colour written #rrggbb.
        radius: In px.
    """

    name: str
    fill: str
    radius: float = 4.0


@dataclass(frozen=True, slots=True)
class Dot:
    """One unit.

    Attributes:
        name: Its full name, shown where the pointer rests.
        latitude, longitude: Its middle point in degrees.
        place: Its class, by place in the list of classes.
    """

    name: str
    latitude: float
    longitude: float
    place: int


def dot_map(dots: Sequence[Dot], classes: Sequence[DotClass], *, title: str, far: str) -> str:
    """Draw a map.

    Args:
        dots: At least one.
        classes: From the least to the most; the key shows each with its number of dots.
        title: Said for those who hear the page.
        far: Heading of the line that names dots too far out to be drawn.

    Returns:
        An SVG element, the same for the same input; all text in it is legible and escaped.

    Raises:
        ValueError: no dots, or a dot of a class that is not there.
    """
    if not dots or any(not 0 <= dot.place < len(classes) for dot in dots):
        raise ValueError("a dot map needs dots, each of a class of the key")
    near, outside = _near(dots)
    frame = _Frame(near)
    top = _LINE * len(classes) + _MARGIN
    parts = [f"<title>{_safe(title)}</title>", *_key(dots, classes)]
    # Small dots last: a dark dot never hides one that says something else.
    parts += [
        _circle(frame.x(dot), top + frame.y(dot), classes[dot.place], dot)
        for dot in sorted(near, key=lambda each: (-classes[each.place].radius, each.name))
    ]
    below = top + frame.height + _LINE
    parts += frame.scale_bar(below)
    if outside:
        below += _LINE
        parts.append(_text(_MARGIN, below, far))
        for dot in outside:
            below += _LINE
            parts.append(_circle(_MARGIN + 5, below - 4, classes[dot.place], dot))
            parts.append(_text(_MARGIN + 18, below, dot.name))
    height = int(below + _MARGIN)
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    faces = f'font-family="{_FACES}" font-size="{_TEXT_SIZE}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {faces} fill="#000000">{"".join(parts)}</svg>'


def _near(dots: Sequence[Dot]) -> tuple[list[Dot], list[Dot]]:
    """The dots that are drawn, and those too far out: Trường Sa would make a speck of the mainland."""
    middle = median(dot.latitude for dot in dots), median(dot.longitude for dot in dots)
    away = {dot: hypot(dot.latitude - middle[0], dot.longitude - middle[1]) for dot in dots}
    usual = sorted(away.values())[int(0.9 * (len(dots) - 1))]
    near = [dot for dot in dots if away[dot] <= _FAR * usual or not usual]
    return near, sorted((dot for dot in dots if dot not in set(near)), key=lambda dot: dot.name)


class _Frame:
    """Degrees to px: equal distances in both directions in the middle of the map."""

    def __init__(self, dots: Sequence[Dot]) -> None:
        self._west = min(dot.longitude for dot in dots)
        self._north = max(dot.latitude for dot in dots)
        tall = self._north - min(dot.latitude for dot in dots)
        self._squeeze = cos(radians(self._north - tall / 2))
        wide = (max(dot.longitude for dot in dots) - self._west) * self._squeeze
        room = WIDTH - 2 * _MARGIN
        self._px = min(room / wide if wide else room, _TALLEST / tall if tall else room)
        self._left = _MARGIN + (room - wide * self._px) / 2
        self.height = tall * self._px

    def x(self, dot: Dot) -> float:
        return self._left + (dot.longitude - self._west) * self._squeeze * self._px

    def y(self, dot: Dot) -> float:
        return (self._north - dot.latitude) * self._px

    def scale_bar(self, y: float) -> list[str]:
        """A length in kilometres, for a sense of size."""
        px_per_km = self._px / _KM_PER_DEGREE
        fitting = [km for km in _SCALES_KM if km * px_per_km <= WIDTH / 3]
        km = fitting[-1] if fitting else _SCALES_KM[0]
        length = min(km * px_per_km, float(WIDTH - 4 * _MARGIN))
        ends = f'x1="{_MARGIN}" y1="{y:.1f}" x2="{_MARGIN + length:.1f}" y2="{y:.1f}"'
        line = f'<line {ends} stroke="#444444" stroke-width="2"/>'
        return [line, _text(_MARGIN + length + 6, y + 4, f"{formats.number(km)} km")]


def _key(dots: Sequence[Dot], classes: Sequence[DotClass]) -> list[str]:
    counts = Counter(dot.place for dot in dots)
    parts = []
    for place, each in enumerate(classes):
        y = _MARGIN + place * _LINE
        parts.append(_circle(_MARGIN + 5, y - 4, each))
        parts.append(_text(_MARGIN + 18, y, f"{each.name}: {formats.number(counts[place])}"))
    return parts


def _circle(x: float, y: float, kind: DotClass, dot: Dot | None = None) -> str:
    shape = (
        f'cx="{x:.1f}" cy="{y:.1f}" r="{kind.radius:.1f}" fill="{kind.fill}" stroke="{_INK}" stroke-width="1"'
    )
    if dot is None:
        return f"<circle {shape}/>"
    return f"<circle {shape}><title>{_safe(dot.name)}: {_safe(kind.name)}</title></circle>"


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}">{_safe(text)}</text>'


def _safe(text: str) -> str:
    # legible() first: it removes the control characters XML cannot carry even as references.
    return escape(legible(text))
