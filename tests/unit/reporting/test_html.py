"""The screen edition. Run this file with Python to write the golden page anew after a wanted change."""

import dataclasses
import re
from itertools import pairwise
from pathlib import Path

import pytest
from sample_report import Page, small_report, small_table, squeezed, with_every_text

from ocop_pipeline.paths import REPORT_TEMPLATES
from ocop_pipeline.reporting.document import Annex, Paragraph, to_data
from ocop_pipeline.reporting.html import write_html

GOLDEN = Path(__file__).parent / "golden" / "small_report.html"

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    "{{ 7 * 7 }}{% raw %}",
    '=HYPERLINK("http://example.org")',
    "&lt;b&gt; &amp;",
    "a\u202eb",
    "</style><style>*{display:none}</style>",
    "javascript:alert(1)",
)


def without_styles(html: str) -> str:
    """Leave the style sheet out of the golden page: it is read by eye, not by letter."""
    return re.sub(r"<style>.*?</style>", "<style></style>", html, flags=re.DOTALL)


def test_golden_page():
    """The small report's page is, letter for letter, the one that was looked at and kept."""
    assert without_styles(write_html(small_report())) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("turn", range(len(HOSTILE)))
def test_text_never_becomes_markup(turn):
    """Hostile text in every place of the document stays text: same elements, no new attributes."""
    tokens: dict[str, str] = {}

    def hostile(text: str) -> str:
        place = len(tokens)
        return tokens.setdefault(text, f"{HOSTILE[(place + turn) % len(HOSTILE)]}~{place}~")

    report = with_every_text(small_report(), lambda text: text.replace("\n", " "))
    plain, page = Page(write_html(report)), Page(write_html(with_every_text(report, hostile)))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert [attributes.keys() for _, attributes in page.elements] == [
        attributes.keys() for _, attributes in plain.elements
    ]
    shown = squeezed(page.text + " ".join(page.attributes("alt")))
    assert len(tokens) > 40
    for token in tokens.values():
        assert squeezed(token.replace("\u202e", "[U+202E]")) in shown


def test_nothing_is_loaded_or_run():
    """The page needs no network and runs nothing: every address is a fragment or an image inside it."""
    page = Page(write_html(small_report()))
    assert {"script", "link", "iframe", "object", "form", "base"}.isdisjoint(tag for tag, _ in page.elements)
    assert all(address.startswith("#") for address in page.attributes("href"))
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.attributes("src"))
    assert not [key for _, attributes in page.elements for key in attributes if key.startswith("on")]
    policy = next(value for value in page.attributes("content") if "default-src" in value)
    assert "default-src 'none'" in policy
    styles = (REPORT_TEMPLATES / "html" / "document.css").read_text(encoding="utf-8")
    assert "url(" not in styles
    assert "@import" not in styles


def test_anchors():
    """Ids are unique, and every link, label and contents entry leads to one of them."""
    page = Page(write_html(small_report()))
    ids = page.attributes("id")
    assert len(set(ids)) == len(ids)
    targets = [address.removeprefix("#") for address in page.attributes("href")] + page.attributes(
        "aria-labelledby"
    )
    assert set(targets) <= set(ids)
    contents = [address for address in page.attributes("href") if address != "#main"]
    assert len(contents) == 3 + 2  # headings of levels 1 and 2 in the body, and the annexes


def test_every_figure_can_be_walked_back():
    """A printed figure carries its id wherever it stands, and an anchor where it first stands."""
    page = Page(write_html(small_report()))
    assert page.figures == {
        "SP01.b": ["12", "12", "12"],
        "SP01.a": ["12", "12"],
        "SP02.a": ["1.204", "1.204"],
    }
    assert {"figure-SP01.a", "figure-SP01.b", "figure-SP02.a"} <= set(page.attributes("id"))


def test_tables_are_readable_aloud():
    """Header cells say what they head, and a table is labelled by its caption."""
    page = Page(write_html(small_report()))
    scopes = [attributes.get("scope") for tag, attributes in page.elements if tag == "th"]
    assert set(scopes) == {"col", "colgroup", "row", "rowgroup"}
    tables = [attributes for tag, attributes in page.elements if tag == "table"]
    assert all(attributes["aria-labelledby"].endswith("-caption") for attributes in tables)


def test_columns_keep_the_documents_widths():
    """The screen gives columns the shares of the width the document asks for, and all of it."""
    page = Page(write_html(dataclasses.replace(small_report(), body=(small_table(),), annexes=())))
    shares = [attributes["style"] for tag, attributes in page.elements if tag == "col"]
    widths = [float(share.removeprefix("width: ").removesuffix("%")) for share in shares]
    asked = [column.width for column in small_table().columns]
    assert widths == [pytest.approx(100 * width / sum(asked), abs=0.05) for width in asked]


def test_only_names_at_the_left_stay_in_sight():
    """The column that names the rows is pinned with its own header, unless it stands behind others."""
    table = small_table()
    report = dataclasses.replace(small_report(), body=(table,), annexes=())
    pinned = [attributes for tag, attributes in Page(write_html(report)).elements if tag == "table"]
    assert pinned[0]["class"] == "pinned"
    assert '<th scope="col" class="names" rowspan="2">Xã, phường</th>' in write_html(report)
    columns = [dataclasses.replace(column, row_header=False) for column in table.columns]
    columns[4] = dataclasses.replace(columns[4], row_header=True)
    behind = dataclasses.replace(table, columns=tuple(columns))
    html = write_html(dataclasses.replace(report, body=(behind,)))
    assert all("class" not in attributes for tag, attributes in Page(html).elements if tag == "table")


def test_a_page_without_contents_has_no_column_for_them():
    """A short document without headings and annexes has the page's whole width."""
    short = dataclasses.replace(small_report(), body=(small_table(),), annexes=())
    assert "page" in Page(write_html(short)).attributes("class")
    assert "page with-contents" in Page(write_html(small_report())).attributes("class")
    assert not [tag for tag, _ in Page(write_html(short)).elements if tag == "nav"]


def test_headings_do_not_skip_levels():
    """The page has one h1, and no heading is more than one level below the one before."""
    levels = [
        int(tag[1]) for tag, _ in Page(write_html(small_report())).elements if re.fullmatch(r"h[1-6]", tag)
    ]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_marks_are_explained():
    """Under a table stand its coverage and the meaning of each sign it uses, and no other."""
    bare = dataclasses.replace(small_report(), body=(), annexes=(Annex("p", (small_table(),)),))
    text = Page(write_html(bare)).text
    assert "Phủ số liệu: 2/3 đơn vị đã báo cáo." in text
    for meaning in ("… chưa báo cáo", "– không phát sinh", "0 bằng không", "x không thu thập"):
        assert meaning in text
    without = dataclasses.replace(small_table(), rows=small_table().rows[:2])
    assert (
        "chưa báo cáo"
        not in Page(write_html(dataclasses.replace(bare, annexes=(Annex("p", (without,)),)))).text
    )


def test_empty_parts_leave_no_trace():
    """A report without addressees, bases, annexes, notes and marks has no empty shells for them."""
    report = dataclasses.replace(
        small_report(), addressees=(), legal_bases=(), annexes=(), map_note="", footnotes=(), running_mark=""
    )
    page = Page(write_html(report))
    classes = set(page.attributes("class"))
    assert classes.isdisjoint(
        {"addressees", "legal-bases", "annex landscape", "annex", "notes", "running-mark"}
    )
    assert to_data(report)["annexes"] == []


def test_contrast():
    """Every pair of text and ground colours in use has a contrast of at least 4.5 to 1 (WCAG 2.1 AA)."""
    styles = (REPORT_TEMPLATES / "html" / "document.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", styles))
    grounds = ("ground", "sheet", "accent-soft")
    pairs = [(text, ground) for text in ("ink", "soft", "accent") for ground in grounds] + [
        ("warn", "warn-soft")
    ]
    for text, ground in pairs:
        lighter, darker = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (text, ground)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(without_styles(write_html(small_report())), encoding="utf-8")


def test_every_annex_with_a_table_says_its_map():
    """A table handed on alone says on which map of units it is; an annex of words has no map."""
    report = dataclasses.replace(
        small_report(), map_note="đơn vị ngày 14/10/2026.",
        annexes=(Annex("Bảng", (small_table(),)), Annex("Lời", (Paragraph("Không có bảng."),))),
    )  # fmt: skip
    assert Page(write_html(report)).text.count("đơn vị ngày 14/10/2026.") == 2
    told = [annex["map_note"] for annex in to_data(report)["annexes"]]
    assert told == ["đơn vị ngày 14/10/2026.", ""]
