"""The paper edition: decree 30/2020/NĐ-CP's page, and the same words and figures as the screen."""

import dataclasses
import hashlib
import re
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise
from pathlib import Path

import pypdf
import pytest
import typst
from sample_report import (
    VIETNAMESE_LETTERS,
    Page,
    pdf_pages,
    pdf_reader,
    small_report,
    small_table,
    squeezed,
    with_every_text,
)

from ocop_pipeline.reporting import paper
from ocop_pipeline.reporting.document import (
    REPERTOIRE,
    Annex,
    Bullets,
    Cell,
    Figure,
    Heading,
    Notice,
    Paragraph,
    Quote,
    Row,
    Run,
    paragraph,
    to_data,
)
from ocop_pipeline.reporting.html import write_html

A4 = (595, 842)
SIGNS = "₫–…≥≤×"
STYLES = [(bold, italic) for bold in (False, True) for italic in (False, True)]
HOSTILE = (
    "<script>alert(1)</script>",
    "#include <x> #panic(1)",
    '#image("/etc/passwd")',
    "$x^2$ $ y $",
    "*bold* _it_ `raw`",
    "@ref <label> ~ -- --- ...",
    "// c /* c */",
    "\\u{41} \\ \\#",
    "= H\u00a01 - item + item / t: d",
    "[x](y) {z} \"q\" 'q'",
    "https://example.org/a?b=c&d",
    "a\u202eb",
)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """Print the small report once."""
    return paper.write_pdf(small_report())


def fonts(reader: pypdf.PdfReader) -> dict[str, bool]:
    """Give the fonts of a file and whether each is embedded."""
    objects = pypdf.PdfWriter(clone_from=reader)._objects
    descriptors = [
        thing for thing in objects if isinstance(thing, dict) and thing.get("/Type") == "/FontDescriptor"
    ]
    return {d["/FontName"].split("+")[-1]: any(key.startswith("/FontFile") for key in d) for d in descriptors}


def test_pages_are_a4(pdf):
    """Pages are A4, on the side only in annexes that ask for it."""
    sizes = [tuple(round(side) for side in page.mediabox[2:]) for page in pdf_reader(pdf).pages]
    assert sizes == [A4, A4, A4[::-1], A4]


def test_margins(pdf):
    """No text begins outside the decree's margins: 30 mm left, 15 mm right."""
    millimetre = 72 / 25.4
    for number, page in enumerate(pdf_reader(pdf).pages):
        placed: list[tuple[float, float]] = []

        def note(text, cm, tm, _font, _size, placed=placed):
            if text.strip():
                placed.append((tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]))

        page.extract_text(visitor_text=note)
        width, height = (float(side) for side in page.mediabox[2:])
        body = [(x, y) for x, y in placed if min(y, height - y) > 18 * millimetre]
        assert len(body) > 3, number
        assert min(x for x, _ in body) >= 30 * millimetre - 1
        assert max(x for x, _ in body) <= width - 15 * millimetre


def test_fonts_are_tinos_and_embedded(pdf):
    """Only the bundled faces are used, charts included, and all are in the file."""
    used = fonts(pdf_reader(pdf))
    assert set(used) == {"Tinos", "Tinos-Bold", "Tinos-Italic", "Tinos-BoldItalic"}
    assert all(used.values())
    assert paper.faces() == ["Tinos"]


def test_file_is_tagged_and_archivable(pdf):
    """The file declares PDF/A-2a and PDF/UA-1, is tagged, and has language, title and date."""
    reader = pdf_reader(pdf)
    root = reader.trailer["/Root"]
    assert bool(root["/MarkInfo"]["/Marked"])
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "vi"
    assert reader.metadata["/Title"] == "Báo cáo OCOP tháng 01 năm 2026"
    assert reader.metadata["/CreationDate"].startswith("D:20260204")
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp


def test_bookmarks(pdf):
    """Headings and annexes are the file's bookmarks."""
    titles = [entry["/Title"] for entry in pdf_reader(pdf).outline if not isinstance(entry, list)]
    assert titles == [
        "I. KẾT QUẢ THỰC HIỆN",
        "II. KHÓ KHĂN, KIẾN NGHỊ",
        "Phụ lục I BIỂU TỔNG HỢP",
        "Phụ lục II DANH SÁCH CHƯA BÁO CÁO",
    ]


def test_same_document_same_bytes(pdf):
    """Equal documents give equal files, in this process and in a fresh one."""
    assert paper.write_pdf(small_report()) == pdf
    code = (
        "import hashlib, sample_report; from ocop_pipeline.reporting.paper import write_pdf; "
        "print(hashlib.sha256(write_pdf(sample_report.small_report())).hexdigest())"
    )
    folders = f"{Path(__file__).parent}:{Path(paper.__file__).parents[2]}"
    fresh = subprocess.run(  # noqa: S603 - this interpreter, our own code
        [sys.executable, "-c", code], env={"PYTHONPATH": folders}, capture_output=True, text=True, check=True
    )
    assert fresh.stdout.strip() == hashlib.sha256(pdf).hexdigest()


def test_text_is_composed(pdf):
    """The file's text is in composed Vietnamese letters, as searched and copied text should be."""
    text = "\n".join(pdf_pages(pdf))
    assert unicodedata.is_normalized("NFC", text)
    for line in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Phường Ễ Ổ Ặ"):
        assert line in text


def test_order_of_the_first_page(pdf):
    """Letterhead, number, place and day, kind, summary, addressees, bases: in the decree's order."""
    first = squeezed(pdf_pages(pdf)[0])
    parts = (
        "Chính phủ",
        "tỉnh Lâm Đồng",
        "Việt Nam",
        "Hạnh phúc",
        "Số: 05/BC-UBND",
        "Lâm Đồng, ngày 05 tháng 02 năm 2026",
        "BÁO CÁO",
        "Kết quả thực hiện Chương trình",
        "Kính gửi:",
        "Căn cứ Nghị định",
        "I. KẾT QUẢ THỰC HIỆN",
    )
    places = [first.find(squeezed(part)) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_page_numbers():
    """Pages count from 1 in the body and in each annex; the first page of each shows no number."""
    long_table = dataclasses.replace(small_table(), rows=tuple(small_table().rows[1:4]) * 40)
    annex = Annex("Biểu dài", (long_table,), landscape=True)
    report = dataclasses.replace(
        small_report(),
        body=tuple(Paragraph("Nội dung báo cáo. " * 60) for _ in range(20)),
        annexes=(annex, annex),
        running_mark="",
    )
    reader = pdf_reader(paper.write_pdf(report))
    shown = [_first_line(page.extract_text()) for page in reader.pages]
    labels = list(reader.page_labels)
    starts = [place for place, label in enumerate(labels) if label == "1"]
    assert len(starts) == 3
    for place, label in enumerate(labels):
        assert (shown[place] == label) == (place not in starts), (place, shown[place])
    assert all(int(after) in (1, int(before) + 1) for before, after in pairwise(labels))


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0].strip()


def test_header_rows_repeat():
    """A table over several pages has its header, both rows, on each of them."""
    rows = tuple(
        Row((Cell(str(n)), Cell(f"Xã số {n}"), Cell("1"), Cell("2"), Cell("3"))) for n in range(1, 125)
    )
    annex = Annex("Biểu 124 dòng", (dataclasses.replace(small_table(), rows=rows),), landscape=True)
    pages = pdf_pages(paper.write_pdf(dataclasses.replace(small_report(), body=(), annexes=(annex,))))[1:]
    assert len(pages) > 3
    for page in pages:
        assert "Xã, phường" in page
        assert "Trong kỳ" in page
    assert "Xã số 124" in pages[-1]


def _grouped_rows() -> tuple[Row, ...]:
    """Build groups of 6 to 17 rows, each after its title and the title of a split, or a sum above its rows."""
    rows = []
    for group in range(1, 13):
        rows.append(Row((Cell(f"Nhóm {group}.", span=5),), "group"))
        rows.append(Row((Cell(), Cell(f"Chia {group}."), Cell(span=3)), "split" if group % 2 else "head"))
        rows += [
            Row((Cell(str(n)), Cell(f"Xã {group}.{n}"), Cell("1"), Cell("2"), Cell("3")))
            for n in range(5 + group)
        ]
    return tuple(rows)


def test_titles_within_a_table_are_never_alone_at_the_foot():
    """No page ends with a group's title, a split's or a sum above its rows; the rows begin under it."""
    report = dataclasses.replace(
        small_report(), body=(dataclasses.replace(small_table(), rows=_grouped_rows(), notes=()),), annexes=()
    )
    # Lines of text before the table move the foot of the page through the rows.
    for lead in range(6):
        moved = dataclasses.replace(report, body=(*[Paragraph("Một dòng.")] * lead, *report.body))
        pages = pdf_pages(paper.write_pdf(moved))
        assert len(pages) > 3
        for page in pages:
            last = page.strip().split("\n")[-1]
            assert "Nhóm" not in last
            assert "Chia" not in last


def test_group_titles_are_repeated_where_their_rows_run_on():
    """A page that goes on with a group's rows says whose they are, but no title stands over a closing sum."""
    rows = tuple(Row((Cell(str(n)), Cell(f"Xã {n}"), Cell("1"), Cell("2"), Cell("3"))) for n in range(100))
    titled = (Row((Cell("Ngân sách địa phương", span=5),), "group"), *rows)
    total = Row((Cell("Tổng cộng", span=2), Cell("1"), Cell("2"), Cell("3")), "total")
    for last, repeated in (((), True), ((total,), False)):
        table = dataclasses.replace(small_table(), rows=(*titled, *last))
        pages = pdf_pages(
            paper.write_pdf(dataclasses.replace(small_report(), body=(), annexes=(Annex("Biểu", (table,)),)))
        )
        assert len(pages) > 3
        assert "Ngân sách địa phương" in pages[1]
        assert all(("Ngân sách địa phương" in page) is repeated for page in pages[2:])


def test_short_tables_stay_whole():
    """A table of a few rows is on one page with its caption and notes, wherever the text before it ends."""
    table = dataclasses.replace(small_table(), caption="Bảng ngắn")
    for lead in range(16, 30):
        body = (*[Paragraph("Một dòng.")] * lead, table)
        pages = pdf_pages(paper.write_pdf(dataclasses.replace(small_report(), body=body, annexes=())))
        page = next(page for page in pages if "Bảng ngắn" in page)
        assert "Phường Ễ Ổ Ặ" in page
        assert "Tổng cộng" in page
        assert "chưa báo cáo" in page


def test_the_signature_is_never_alone():
    """The page that is signed carries the report's last paragraph."""
    for lead in range(10, 26):
        body = (*[Paragraph("Một dòng.")] * lead, Paragraph("Trên đây là báo cáo."))
        pages = pdf_pages(paper.write_pdf(dataclasses.replace(small_report(), body=body, annexes=())))
        signed = next(page for page in pages if "Họ và tên mẫu" in page)
        assert "Trên đây là báo cáo." in signed


def test_headings_are_never_alone_at_the_foot():
    """No page ends with a heading, wherever the text before it happens to end."""
    body = []
    for n in range(1, 60):
        body += [
            Heading(1, f"MỤC {n}."),
            Heading(2, f"TIỂU MỤC {n}."),
            Paragraph("Nội dung báo cáo. " * (n * 7 % 50 + 3)),
        ]
    pages = pdf_pages(paper.write_pdf(dataclasses.replace(small_report(), body=tuple(body), annexes=())))
    assert len(pages) > 8
    for page in pages:
        assert "MỤC" not in page.strip().split("\n")[-1]


def test_signature_block_stays_whole():
    """Recipients and signature are never parted by a page."""
    for paragraphs in range(1, 40, 3):
        body = (Paragraph("Nội dung báo cáo. " * 12),) * paragraphs
        pages = pdf_pages(paper.write_pdf(dataclasses.replace(small_report(), body=body, annexes=())))
        assert any("Nơi nhận:" in page and "Họ và tên mẫu" in page for page in pages)


def test_all_vietnamese_letters_print_in_four_styles():
    """All 134 letters with marks and the signs of our field come back from the paper in each style."""
    letters = " ".join(re.findall(".{12}", VIETNAMESE_LETTERS)) + f" {VIETNAMESE_LETTERS[-2:]} {SIGNS}"
    body = tuple(paragraph(Run(letters, bold=bold, italic=italic)) for bold, italic in STYLES)
    text = re.sub(
        r"\s+", "", "".join(pdf_pages(paper.write_pdf(dataclasses.replace(small_report(), body=body))))
    )
    assert text.count(re.sub(r"\s+", "", letters)) == 4


def test_the_whole_repertoire_prints_in_four_styles():
    """Every character `legible` lets through has a glyph in each face (Typst refuses a PDF/A without one)."""
    characters = [chr(code) for first, last in REPERTOIRE for code in range(first, last + 1)]
    text = " ".join(f"a{c}" if unicodedata.combining(c) else c for c in characters)
    body = tuple(paragraph(Run(text, bold=bold, italic=italic)) for bold, italic in STYLES)
    assert len(pdf_pages(paper.write_pdf(dataclasses.replace(small_report(), body=body)))) >= 4


@pytest.mark.parametrize("turn", range(len(HOSTILE)))
def test_text_never_becomes_markup(turn):
    """Hostile text in every place of the document is printed letter for letter, on paper as on the screen."""
    tokens: dict[str, str] = {}

    def hostile(text: str) -> str:
        place = len(tokens)
        return tokens.setdefault(text, f"{HOSTILE[(place + turn) % len(HOSTILE)]}~{place}~")

    body = tuple(block for block in small_report().body if not isinstance(block, Figure))
    report = with_every_text(dataclasses.replace(small_report(), body=body), hostile)
    printed = squeezed("".join(pdf_pages(paper.write_pdf(report))))
    on_screen = squeezed(Page(write_html(report)).text)
    del tokens[small_report().title]
    assert len(tokens) > 35
    for token in tokens.values():
        wanted = squeezed(token.replace("\u202e", "[U+202E]"))
        assert wanted in on_screen
        assert wanted in printed


def test_paper_and_screen_print_the_same_figures(pdf):
    """Every row of every table reads the same on paper and on the screen."""
    screen = squeezed(Page(write_html(small_report())).text)
    printed = squeezed("".join(pdf_pages(pdf)))
    data = to_data(small_report())
    blocks = [*data["body"], *(block for annex in data["annexes"] for block in annex["blocks"])]
    rows = [row for block in blocks if block["type"] == "table" for row in block["rows"]]
    assert len(rows) == 12
    for row in rows:
        line = squeezed("".join(cell["text"] for cell in row["cells"]))
        assert printed.count(line) == screen.count(line) == 2, line


def test_a_drawing_taller_than_a_page_is_made_to_fit():
    """A figure never runs off the page: a very tall chart is scaled to fit."""
    figure = next(block for block in small_report().body if isinstance(block, Figure))
    tall = re.sub(r'height="\d+" viewBox="0 0 480 \d+"', 'height="4000" viewBox="0 0 480 4000"', figure.svg)
    assert tall != figure.svg
    report = dataclasses.replace(small_report(), body=(dataclasses.replace(figure, svg=tall),), annexes=())
    assert 1 <= len(pdf_pages(paper.write_pdf(report))) <= 3


def test_long_words_and_long_texts_stay_on_the_page():
    """Neither an endless word nor a text longer than a page loses a letter or leaves the page."""
    word, text = "đ" * 300, "Ổ dài " * 1200
    rows = (Row((Cell("1"), Cell(word), Cell("2"), Cell("3"), Cell("4"))), *small_table().rows)
    long_row = Row((Cell("9"), Cell(text), Cell("2"), Cell("3"), Cell("4")))
    table = dataclasses.replace(small_table(), rows=(*rows, long_row))
    body = (Heading(1, word), Paragraph(word), Quote(text, word), Notice(word), Bullets((word,)), table)
    report = dataclasses.replace(small_report(), body=body, annexes=(), running_mark="")
    pages = pdf_pages(paper.write_pdf(report))
    whole = re.sub(r"[\s\u200b]+", "", "".join(re.sub(r"^\s*\d+\s", "", page) for page in pages))
    assert len(pages) > 4
    assert whole.count(word) == 6
    assert whole.count("Ổdài") == 2400


def test_figures_are_never_folded():
    """A figure is one word on paper: it can be searched and copied whole."""
    figure = "1.234.567.890,12"
    cells = (Cell("1"), Cell("Xã mẫu"), Cell(figure), Cell(figure), Cell(figure))
    wide = tuple(dataclasses.replace(column, width=1) for column in small_table().columns)
    table = dataclasses.replace(small_table(), columns=wide, rows=(Row(cells),))
    annex = Annex("Số lớn", (table,), landscape=True)
    text = "".join(pdf_pages(paper.write_pdf(dataclasses.replace(small_report(), body=(), annexes=(annex,)))))
    assert text.count(figure) == 3


def test_numbers_of_decisions_break_after_their_signs_only():
    """In a column too narrow for it, a decision's number breaks after "/" or "-", never inside the office's letters."""
    number = "2429/QĐ-BNNPTNT"
    cells = (Cell("1"), Cell("Xã mẫu"), Cell(number), Cell(number), Cell(number))
    table = dataclasses.replace(small_table(), rows=(Row(cells),))
    report = dataclasses.replace(small_report(), body=(table,), annexes=())
    text = "".join(pdf_pages(paper.write_pdf(report)))
    assert number not in text.replace("\u200b", "")
    assert text.count("BNNPTNT") == 3
    assert "".join(text.replace("\u200b", "").split()).count(number) == 3


def test_threads_do_not_mix_documents():
    """Documents printed at the same time each come out as their own."""
    reports = [dataclasses.replace(small_report(), summary=f"Bản số {n}", annexes=()) for n in range(6)]
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(paper.write_pdf, reports))
    for n, file in enumerate(files):
        assert f"Bản số {n}" in pdf_pages(file)[0]


def test_typst_refusals_name_the_document(monkeypatch):
    """When Typst refuses, the error says which document and why."""
    monkeypatch.setattr(paper, "_compiler", lambda: typst.Compiler(input=b'#panic("broken template")'))
    with pytest.raises(paper.PaperError, match=r"'Báo cáo OCOP tháng 01 năm 2026'.*broken template"):
        paper.write_pdf(small_report())


def test_the_date_in_the_file_is_the_documents(pdf):
    """The file's bytes follow the day of drafting, not the clock."""
    later = paper.write_pdf(dataclasses.replace(small_report(), created=date(2026, 2, 5)))
    assert later != pdf
    assert pdf_reader(later).metadata["/CreationDate"].startswith("D:20260205")
