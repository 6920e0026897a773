"""The document model: what it refuses, what it makes legible, what its JSON says."""

import dataclasses
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_report import VIETNAMESE_LETTERS, small_report, small_table, with_every_text

from ocop_pipeline.reporting.document import (
    REPERTOIRE,
    Annex,
    Cell,
    Column,
    Figure,
    Heading,
    Letterhead,
    Mark,
    Row,
    Run,
    Table,
    legible,
    marked,
    to_data,
    to_json,
)


@pytest.mark.parametrize(
    ("arrived", "printed"),
    [
        ("Lâm Đồng", "Lâm Đồng"),
        (unicodedata.normalize("NFD", "Ễ Ổ Ặ đường"), "Ễ Ổ Ặ đường"),
        ("Ƀah Ơ\u0306", "Ƀah Ơ\u0306"),
        ("a\u202eb\u2066c", "a[U+202E]b[U+2066]c"),
        ("a\x00\x1b[0m", "a[U+0000][U+001B][0m"),
        ("a\u200bb\u00adc\ufeff\u200d", "abc"),
        ("5 ★ và 4⭐\ufe0f", "5 * và 4*"),
        ("\uf0b7 mục", "• mục"),
        ("中 😀", "[U+4E2D] [U+1F600]"),
        ("\ud800", "[U+D800]"),
        ("a\tb\u3000c\u2028d\r\ne", "a b c\nd\ne"),
        ("z\u0300\u0301\u0302", "z\u0300[U+0301][U+0302]"),
        ("1\u0300 \u0301", "1[U+0300] [U+0301]"),
        ("=HYPERLINK(1)\u00a0<b>*x*</b> #include $x$", "=HYPERLINK(1)\u00a0<b>*x*</b> #include $x$"),
    ],
)
def test_legible(arrived, printed):
    """What prints stays; what prints nothing goes; what could mislead or cannot print becomes visible."""
    assert legible(arrived) == printed


@given(st.text(alphabet=st.characters(), max_size=40))
def test_legible_text_is_printable(text):
    """Whatever arrives, the result is NFC, within the repertoire, and stays the same the second time."""
    printed = legible(text)
    assert unicodedata.is_normalized("NFC", printed)
    assert all(c == "\n" or any(first <= ord(c) <= last for first, last in REPERTOIRE) for c in printed)
    assert legible(printed) == printed


def test_vietnamese_letters_are_legible():
    """All 134 Vietnamese letters with marks, and both cases of the plain ones, print as themselves."""
    assert len({c for c in VIETNAMESE_LETTERS if not c.isascii()}) == 134
    assert legible(VIETNAMESE_LETTERS) == VIETNAMESE_LETTERS


def test_documents_are_frozen():
    """A document cannot be changed after it was built."""
    report = small_report()
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.summary = "khác"


def test_json_is_the_same_for_the_same_document():
    """Equal documents give equal JSON, and the JSON carries everything the model holds."""
    assert to_json(small_report()) == to_json(small_report())
    assert json.loads(to_json(small_report())) == to_data(small_report())
    seen: list[str] = []
    with_every_text(small_report(), lambda text: seen.append(text) or text)
    whole = to_json(small_report()).casefold()
    assert len(seen) > 60
    for line in "\n".join(seen).split("\n"):
        assert line.casefold().rstrip(";") in whole


def test_json_has_no_text_that_was_not_made_legible():
    """Every place of the model goes through `legible`: nothing that hides or reverses text gets past."""
    written = to_json(with_every_text(small_report(), lambda text: f"{text}\u202e\u0007"))
    assert "\u202e" not in written
    assert "\\u0007" not in written
    assert written.count("[U+202E]") >= 50


def test_letterhead_lines():
    """Bodies stand in capitals, the number is padded, the place-date line follows decree 30/2020."""
    head = to_data(small_report())["letterhead"]
    assert head == {
        "parent_body": "CHÍNH PHỦ",
        "issuing_body": ["ỦY BAN NHÂN DÂN", "TỈNH LÂM ĐỒNG"],
        "issuing_body_name": "Ủy ban nhân dân tỉnh Lâm Đồng",
        "number": "05/BC-UBND",
        "place_and_date": "Lâm Đồng, ngày 05 tháng 02 năm 2026",
    }


def test_lists_end_as_the_decree_asks():
    """Legal bases and recipients end with ";", the last with ".", whatever punctuation arrived."""
    data = to_data(small_report())
    assert data["recipients"] == ["Như trên;", "Các sở, ngành;", "Lưu: VT, NN."]
    assert [base[-1] for base in data["legal_bases"]] == [";", "."]
    assert [addressee[-1] for addressee in data["addressees"]] == [";", "."]


def test_one_addressee_stands_bare():
    """A single addressee follows "Kính gửi:" without punctuation."""
    report = dataclasses.replace(small_report(), addressees=("Bộ Nông nghiệp và Môi trường",))
    assert to_data(report)["addressees"] == ["Bộ Nông nghiệp và Môi trường"]


def test_annexes():
    """Annexes are numbered in Roman by their place and refer to the report they go with."""
    first, second = to_data(small_report())["annexes"]
    assert (first["number"], second["number"]) == ("I", "II")
    assert first["title"] == "BIỂU TỔNG HỢP"
    assert first["reference"] == (
        "(Kèm theo Báo cáo số 05/BC-UBND ngày 05 tháng 02 năm 2026 của Ủy ban nhân dân tỉnh Lâm Đồng)"
    )
    assert second["reference"] == "(Tự đặt)"


def test_open_reference_line():
    """Before number and day are known, the annex's reference line leaves room for them."""
    report = dataclasses.replace(small_report(), letterhead=Letterhead("Sở mẫu", "BC-SM", "Đà Lạt"))
    reference = to_data(report)["annexes"][0]["reference"]
    assert reference.split() == [
        *("(Kèm", "theo", "Báo", "cáo", "số", "/BC-SM"),
        *("ngày", "tháng", "năm", "2026", "của", "Sở", "mẫu)"),
    ]


def test_grouped_header():
    """Neighbouring columns of one group share a cell above; the others reach over both rows."""
    upper, lower = to_data(small_report())["annexes"][0]["blocks"][0]["header"]
    assert [(cell["text"], cell["columns"], cell["rows"]) for cell in upper] == [
        ("TT", 1, 2),
        ("Xã, phường", 1, 2),
        ("Sản phẩm được công nhận", 2, 1),
        ("Kế hoạch", 1, 2),
    ]
    assert [cell["text"] for cell in lower] == ["Trong kỳ", "Lũy kế"]


def test_same_group_name_apart_is_two_groups():
    """Only neighbours share a group: an ungrouped column between them parts it."""
    columns = (Column("a", "A", group="G"), Column("b", "B"), Column("c", "C", group="G"))
    table = Table("t", columns, ())
    annex = Annex("p", (table,))
    data = to_data(dataclasses.replace(small_report(), annexes=(annex,)))
    upper, lower = data["annexes"][0]["blocks"][0]["header"]
    assert [(cell["text"], cell["columns"]) for cell in upper] == [("G", 1), ("B", 1), ("G", 1)]
    assert [cell["text"] for cell in lower] == ["A", "C"]


def test_legend_lists_the_signs_used():
    """A table explains exactly the marks its cells are in; a plain "0" is a figure, not a mark."""
    annex = to_data(small_report())["annexes"][0]
    assert [(entry["sign"], entry["name"]) for entry in annex["blocks"][0]["legend"]] == [
        ("…", "not_reported"),
        ("–", "nothing_to_report"),
        ("0", "zero"),
        ("x", "not_collected"),
    ]
    plain = dataclasses.replace(small_table(), rows=(Row(tuple(Cell("0") for _ in range(5))),))
    report = dataclasses.replace(small_report(), annexes=(Annex("p", (plain,)),))
    assert to_data(report)["annexes"][0]["blocks"][0]["legend"] == []


def test_a_marked_cell_prints_its_sign():
    """A cell in one of the four states prints that state's sign and cannot print a figure."""
    assert marked(Mark.NOT_REPORTED, figure_id="SP01").mark is Mark.NOT_REPORTED
    with pytest.raises(ValueError, match="NOT_REPORTED"):
        Cell("0", mark=Mark.NOT_REPORTED)


@pytest.mark.parametrize(
    "cells",
    [(Cell("a"),), (Cell("a", span=3),), (Cell("a"), Cell("b"), Cell("c"))],
    ids=["short", "wide", "long"],
)
def test_rows_fill_their_table(cells):
    """A row whose cells do not add up to the table's columns is refused, with table and row."""
    with pytest.raises(ValueError, match=r"'Bảng', row 1: \d columns instead of 2"):
        Table("Bảng", (Column("a", "A"), Column("b", "B")), (Row(cells),))


def test_tables_need_distinct_positive_columns():
    """Columns have distinct keys and a width; a table has columns."""
    for columns in ((), (Column("a", "A"), Column("a", "B")), (Column("a", "A", width=0),)):
        with pytest.raises(ValueError, match="table 'Bảng'"):
            Table("Bảng", columns, ())
    with pytest.raises(ValueError, match="at least one column"):
        Cell("a", span=0)


def test_headings_do_not_skip_levels():
    """A heading that skips a level is refused, in the body and in annexes."""
    with pytest.raises(ValueError, match="skips from level 0 to 2"):
        Annex("p", (Heading(2, "1."),))
    with pytest.raises(ValueError, match="skips from level 1 to 3"):
        dataclasses.replace(small_report(), body=(Heading(1, "I."), Heading(3, "a)")))


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<image href="http://example.org/x.png"/>',
        '<rect onload="x()"/>',
        '<rect fill="url(http://example.org)"/>',
        "<foreignObject><p>x</p></foreignObject>",
        '<style>@import "x"</style>',
        '<a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="javascript:x">x</a>',
        "<!-- -->",
        "<g>",
    ],
)
def test_figures_hold_only_shapes_and_text(inside):
    """SVG that could load, run or hide anything is refused before it is in a document."""
    with pytest.raises(ValueError, match="SVG"):
        Figure(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>', "x", "x")


def test_figures_refuse_entities_and_need_words():
    """Entity declarations are refused unread; a figure without its content in words is refused."""
    with pytest.raises(ValueError, match="declarations"):
        Figure('<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "x", "x")
    with pytest.raises(ValueError, match="words"):
        Figure('<svg xmlns="http://www.w3.org/2000/svg"/>', " ", "x")


@pytest.mark.parametrize("figure_id", ['"><script>', "a b", "á", "-x"])
def test_figure_ids_are_plain(figure_id):
    """The id of a figure is a plain token, so that it can stand in any format."""
    with pytest.raises(ValueError, match="id of a figure"):
        Cell("1", figure_id=figure_id)
    with pytest.raises(ValueError, match="id of a figure"):
        Run("1", figure_id=figure_id)


def test_documents_need_a_title_and_a_language():
    """Without title or language no reader of the file, human or machine, knows what it is."""
    with pytest.raises(ValueError, match="title"):
        dataclasses.replace(small_report(), title=" ")
    with pytest.raises(ValueError, match="language"):
        dataclasses.replace(small_report(), language="tiếng Việt")
