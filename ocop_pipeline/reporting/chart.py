"""Bar charts as SVG text, drawn for paper first: black and white, Vietnamese figures, nothing to load.

Here: geometry and escaping. Not here: which figures to show, or anything that needs a plotting library (the
whole vocabulary is rectangles, lines and text, which the document model checks).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from xml.sax.saxutils import escape

from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Mark, legible

WIDTH: Final = 480  # px on a phone-readable screen; 16 cm wide on A4 the text prints at about 12 pt
_TEXT_SIZE: Final = 13
_LINE: Final = 15
_LABEL_WIDTH: Final = 150
_BAR: Final = 11
_GAP: Final = 9
_FACES: Final = "Tinos, 'Times New Roman', serif"
_NARROW: Final = frozenset(" .,:;-()/'ijlfrtíìỉĩị")
_INK, _PAPER, _AXIS = "#1f3a5f", "#ffffff", "#444444"


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the chart.

    Attributes:
        label: what the bar stands for, such as a commune's name.
        value: the figure, or None when it was not reported.
        plan: what was planned, or None when there is no plan.
    """

    label: str
    value: Decimal | int | None
    plan: Decimal | int | None = None

    def __post_init__(self) -> None:
        if any(figure is not None and figure < 0 for figure in (self.value, self.plan)):
            raise ValueError(f"bar {self.label!r}: a bar chart has no place for negative figures")


def bar_chart(bars: Sequence[Bar], *, unit: str, value_name: str, plan_name: str = "") -> str:
    """Draw horizontal bars: a solid bar per figure and, where there is a plan, a hollow bar under it.

    Args:
        bars: top to bottom; at least one.
        unit: unit of the figures, which sets their decimals and stands in the key ("sản phẩm").
        value_name: what the solid bars show ("Thực hiện").
        plan_name: what the hollow bars show ("Kế hoạch"); needed when a bar has a plan.

    Returns:
        An SVG element, the same for the same input; all text in it is legible and escaped.

    Raises:
        ValueError: no bars, or plans without a name.
    """
    planned = any(bar.plan is not None for bar in bars)
    if not bars or (planned and not plan_name):
        raise ValueError("a bar chart needs at least one bar, and a name for its plans if it shows any")
    scale = _scale(bars, unit)
    top = 2 * _LINE if planned else _LINE + _GAP // 2
    parts = _key(unit, value_name, plan_name if planned else "")
    for bar in bars:
        height = _height(bar)
        parts += _bar(bar, unit, scale, top + _GAP / 2, height)
        top += height + _GAP
    parts.append(_line(_LABEL_WIDTH, 2 * _LINE if planned else _LINE + _GAP // 2, top))
    size = f'width="{WIDTH}" height="{top + 4}" viewBox="0 0 {WIDTH} {top + 4}"'
    faces = f'font-family="{_FACES}" font-size="{_TEXT_SIZE}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {faces} fill="#000000">{"".join(parts)}</svg>'


def _scale(bars: Sequence[Bar], unit: str) -> Decimal:
    """Give pixels per unit, leaving room for the widest figure; a chart of zeros has bars of no length."""
    figures = [figure for bar in bars for figure in (bar.value, bar.plan) if figure]
    if not figures:
        return Decimal(0)
    room = max(_width(formats.quantity(figure, unit)) for figure in figures) + 12
    return (WIDTH - _LABEL_WIDTH - Decimal(room)) / max(map(Decimal, figures))


def _height(bar: Bar) -> int:
    bars = _BAR if bar.plan is None else 2 * _BAR + 3
    return max(bars, _LINE * len(_wrapped(bar.label)))


def _bar(bar: Bar, unit: str, scale: Decimal, top: float, height: int) -> list[str]:
    labels = _wrapped(bar.label)
    first = top + (height - _LINE * len(labels)) / 2 + _LINE - 4
    parts = [_text(_LABEL_WIDTH - 8, first + _LINE * n, label, "end") for n, label in enumerate(labels)]
    bars = _BAR if bar.plan is None else 2 * _BAR + 3
    y = top + (height - bars) / 2
    figure = Mark.NOT_REPORTED.value if bar.value is None else formats.quantity(bar.value, unit)
    parts += _rectangle_and_figure(bar.value, figure, scale, y, solid=True)
    if bar.plan is not None:
        parts += _rectangle_and_figure(
            bar.plan, formats.quantity(bar.plan, unit), scale, y + _BAR + 3, solid=False
        )
    return parts


def _rectangle_and_figure(
    value: Decimal | int | None, figure: str, scale: Decimal, y: float, *, solid: bool
) -> list[str]:
    length = Decimal(value or 0) * scale
    parts = [_rectangle(_LABEL_WIDTH, y, length, solid=solid)] if length else []
    return [*parts, _text(_LABEL_WIDTH + 6 + length, y + _BAR - 1, figure, "start")]


def _key(unit: str, value_name: str, plan_name: str) -> list[str]:
    """Say what the bars show, above them."""
    parts = [_rectangle(_LABEL_WIDTH, 1, Decimal(18), solid=True)]
    if not plan_name:
        return [*parts, _text(_LABEL_WIDTH + 24, _BAR, f"{value_name} ({unit})", "start")]
    second = _LABEL_WIDTH + 50 + _width(value_name)
    parts.append(_text(_LABEL_WIDTH + 24, _BAR, value_name, "start"))
    parts.append(_rectangle(int(second), 1, Decimal(18), solid=False))
    parts.append(_text(second + 24, _BAR, f"{plan_name} ({unit})", "start"))
    return parts


def _wrapped(label: str) -> list[str]:
    """Break a label into lines that fit left of the bars; a single long word is cut with "…"."""
    lines = [""]
    for word in legible(label).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer) > _LABEL_WIDTH - 10:
            lines.append(word)
        else:
            lines[-1] = longer
    return [line if _width(line) <= _LABEL_WIDTH - 10 else _cut(line) for line in lines]


def _cut(line: str) -> str:
    while _width(line + "…") > _LABEL_WIDTH - 10:
        line = line[:-1]
    return line + "…"


def _width(text: str) -> float:
    """Estimate the width of text in px, on the wide side."""
    return _TEXT_SIZE * sum(map(_em, text))


def _em(character: str) -> float:
    """Give at least the width of a Vietnamese letter, digit or usual sign in the bundled regular face."""
    if character in "MW%—…":
        return 1.0
    if character.isupper() or character in "mw&":
        return 0.78
    return 0.34 if character in _NARROW else 0.57


def _rectangle(x: int, y: float, width: Decimal, *, solid: bool) -> str:
    fill = _INK if solid else _PAPER
    return (
        f'<rect x="{x}" y="{_px(y)}" width="{_px(width)}" height="{_BAR}" '
        f'fill="{fill}" stroke="{_INK}" stroke-width="1"/>'
    )


def _line(x: int, y1: float, y2: float) -> str:
    return f'<line x1="{x}" y1="{_px(y1)}" x2="{x}" y2="{_px(y2)}" stroke="{_AXIS}" stroke-width="1"/>'


def _text(x: float | Decimal, y: float, text: str, anchor: str) -> str:
    # legible() first: it removes the control characters XML cannot carry even as references.
    return f'<text x="{_px(x)}" y="{_px(y)}" text-anchor="{anchor}">{escape(legible(text))}</text>'


def _px(value: float | Decimal) -> str:
    """Write a coordinate with one decimal, so that equal charts are equal bytes."""
    return f"{value:.1f}"
