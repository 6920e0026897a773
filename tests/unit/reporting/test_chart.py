"""Bar charts: true lengths, escaped text, nothing that leaves the drawing."""

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from ocop_pipeline.reporting.chart import WIDTH, Bar, bar_chart
from ocop_pipeline.reporting.document import Figure

SVG = "{http://www.w3.org/2000/svg}"


def draw(bars, unit="sản phẩm", plan_name="Kế hoạch"):
    """Draw a chart and read it back."""
    return ET.fromstring(bar_chart(bars, unit=unit, value_name="Thực hiện", plan_name=plan_name))  # noqa: S314 - ours


def lengths(drawing):
    """Give the lengths of the bars, top to bottom, solid ones true."""
    bars = [r for r in drawing.iter(SVG + "rect") if float(r.get("y")) > 20]
    return [(r.get("fill") != "#ffffff", float(r.get("width"))) for r in bars]


def test_bars_are_proportional():
    """The length of a bar is its figure, on one scale for figures and plans."""
    drawing = draw([Bar("A", 10, 20), Bar("B", 5)])
    (solid_a, value_a), (solid_plan, plan_a), (solid_b, value_b) = lengths(drawing)
    assert (solid_a, solid_plan, solid_b) == (True, False, True)
    assert plan_a == pytest.approx(2 * value_a, abs=0.2)
    assert value_b == pytest.approx(value_a / 2, abs=0.2)


def test_silence_and_zero_differ():
    """A figure not reported prints "…", a zero prints "0"; neither draws a bar."""
    drawing = draw([Bar("A", None), Bar("B", 0), Bar("C", 4)])
    texts = [text.text for text in drawing.iter(SVG + "text")]
    assert texts[1:] == ["A", "…", "B", "0", "C", "4"]
    assert len(lengths(drawing)) == 1


def test_chart_of_nothing_but_zeros():
    """Zeros alone draw no bar and divide by nothing."""
    assert lengths(draw([Bar("A", 0, 0)])) == []


def test_figures_are_vietnamese():
    """Figures are written with their unit's decimals and separators; the unit stands in the key."""
    drawing = draw([Bar("A", Decimal("1234.56"))], unit="triệu đồng")
    texts = [text.text for text in drawing.iter(SVG + "text")]
    assert texts == ["Thực hiện (triệu đồng)", "A", "1.234,6"]


@pytest.mark.parametrize("hostile", ['<script>x</script>&"', "a\x00\u202eb", "]]>"])
def test_text_is_escaped(hostile):
    """No label becomes markup: the chart stays well-formed and passes the model's check."""
    svg = bar_chart([Bar(hostile, 1)], unit=hostile, value_name=hostile)
    Figure(svg, "x", "x")
    texts = "".join("".join(text.itertext()) for text in ET.fromstring(svg).iter(SVG + "text"))  # noqa: S314 - ours
    assert "\u202e" not in texts
    assert "script" not in svg or "<script>" in texts


def test_everything_stays_inside():
    """No bar, figure or long label leaves the drawing, at the widest estimate of its letters."""
    bars = [
        Bar(
            "Phường Xuân Hương - Đà Lạt và các xã lân cận của địa bàn cũ",
            Decimal("123456789.5"),
            1,
        ),
        Bar("W" * 60, 1),
    ]
    drawing = draw(bars, unit="triệu đồng")
    for text in drawing.iter(SVG + "text"):
        width = 13 * 0.8 * len(text.text) if text.text.isupper() else 13 * 0.52 * len(text.text)
        x = float(text.get("x"))
        first, last = (x - width, x) if text.get("text-anchor") == "end" else (x, x + width)
        assert first > -15
        assert last < WIDTH + 1
    assert all(float(r.get("y")) < float(drawing.get("height")) for r in drawing.iter(SVG + "rect"))


def test_the_same_figures_give_the_same_drawing():
    """A chart is deterministic to the byte."""
    bars = [Bar("A", Decimal(1) / 3), Bar("B", 7, 9)]
    first = bar_chart(bars, unit="%", value_name="x", plan_name="y")
    assert first == bar_chart(list(bars), unit="%", value_name="x", plan_name="y")


def test_refusals():
    """No bars, plans without a name and negative figures are refused."""
    with pytest.raises(ValueError, match="at least one bar"):
        draw([])
    with pytest.raises(ValueError, match="name for its plans"):
        draw([Bar("A", 1, 2)], plan_name="")
    with pytest.raises(ValueError, match="negative"):
        Bar("A", -1)
