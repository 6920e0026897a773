"""Dot maps: every unit once, true distances, nothing that leaves the drawing."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from ocop_pipeline.reporting.dot_map import Dot, DotClass, dot_map

SVG = "{http://www.w3.org/2000/svg}"
CLASSES = (DotClass("Chưa có", "#ffffff", 3), DotClass("Có sản phẩm", "#1f3a5f", 5))


def draw(dots, classes=CLASSES):
    """Draw a map and read it back."""
    return ET.fromstring(dot_map(dots, classes, title="Bản đồ", far="Ngoài khung:"))  # noqa: S314 - ours


def drawn(drawing):
    """Name -> (x, y) of the dots, without those of the key."""
    circles = [circle for circle in drawing.iter(SVG + "circle") if circle.find(SVG + "title") is not None]
    return {
        circle.find(SVG + "title").text.split(":")[0]: (float(circle.get("cx")), float(circle.get("cy")))
        for circle in circles
    }


def row(count, latitude=12.0):
    """Dots side by side from west to east."""
    return [Dot(f"Xã {n}", latitude, 108 + n / 10, n % 2) for n in range(count)]


def test_every_unit_is_a_dot_and_counted_in_the_key():
    """The key adds up to the units."""
    drawing = draw(row(7))
    assert len(drawn(drawing)) == 7
    assert [text.text for text in drawing.iter(SVG + "text")][:2] == ["Chưa có: 4", "Có sản phẩm: 3"]


def test_equal_distances_are_equal():
    """Neighbours a tenth of a degree apart stand equally far apart, north is up and east is right."""
    places = drawn(draw([*row(5), Dot("Xã Bắc", 12.4, 108.0, 0)]))
    steps = [second - first for first, second in pairwise(sorted(places[f"Xã {n}"][0] for n in range(5)))]
    assert steps == pytest.approx([steps[0]] * 4, abs=0.2)
    assert places["Xã Bắc"][1] < places["Xã 0"][1]


def test_a_far_island_is_named_and_makes_no_speck_of_the_rest():
    """Trường Sa stands below the map with its dot; the mainland keeps its size."""
    near = drawn(draw(row(20)))
    drawing = draw([*row(20), Dot("Đặc khu Trường Sa", 8.6, 115.0, 1)])
    assert [text.text for text in drawing.iter(SVG + "text")][-2:] == ["Ngoài khung:", "Đặc khu Trường Sa"]
    assert {name: place for name, place in drawn(drawing).items() if name in near} == near


def test_hostile_names_stay_text():
    """A name with markup or control characters is shown, not run."""
    drawing = draw([Dot("<script>\u0007x", 12, 108, 0), Dot("B", 12.1, 108, 1)])
    assert "<script>[U+0007]x" in drawn(drawing)
    assert not list(drawing.iter(SVG + "script"))


def test_one_unit_and_equal_places_can_be_drawn():
    """A map of one dot, or of dots on one spot, divides by nothing."""
    assert len(drawn(draw([Dot("A", 12, 108, 0)]))) == 1
    assert len(drawn(draw([Dot("A", 12, 108, 0), Dot("B", 12, 108, 1)]))) == 2


def test_no_dots_or_a_class_that_is_not_there_are_refused():
    """There is no empty map, and no dot outside the key."""
    for dots in ([], [Dot("A", 12, 108, 2)]):
        with pytest.raises(ValueError, match="needs dots"):
            draw(dots)
