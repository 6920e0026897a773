"""A small report with every kind of block, and the means to read back what the writers wrote.

Shared by the tests of this folder. No test here, and no real person or phone number.
"""

import dataclasses
import io
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pypdf

from ocop_pipeline.reporting.chart import Bar, bar_chart
from ocop_pipeline.reporting.document import (
    Annex,
    Bullets,
    Cell,
    Column,
    Document,
    Figure,
    Heading,
    Letterhead,
    Mark,
    Notice,
    PageBreak,
    Paragraph,
    Quote,
    Row,
    Run,
    Signature,
    Table,
    marked,
    paragraph,
)

VIETNAMESE_LETTERS = "".join(
    unicodedata.normalize("NFC", base + tone)
    for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
) + ("đĐ")


def small_table() -> Table:
    """Build a table with grouped headers, all four marks, a group, a subtotal and a total."""
    columns = (
        Column("order", "TT", align="center", width=0.5),
        Column("unit", "Xã, phường", width=2.4, row_header=True),
        Column("month", "Trong kỳ", group="Sản phẩm được công nhận", align="right"),
        Column("total", "Lũy kế", group="Sản phẩm được công nhận", align="right"),
        Column("plan", "Kế hoạch", align="right"),
    )
    return Table(
        "Bảng 1. Sản phẩm OCOP được công nhận (sản phẩm)",
        columns,
        (
            Row((Cell("I. Địa bàn phía Bắc", span=5),), "group"),
            _row(
                "1",
                "Phường Ễ Ổ Ặ",
                Cell("12", figure_id="SP01.a"),
                Cell("1.204", figure_id="SP02.a"),
                Cell("10"),
            ),
            _row("2", "Xã Đạ Tẻh 2", marked(Mark.NOT_REPORTED), Cell("37"), Cell("5")),
            _row(
                "3",
                "Xã Cát Tiên 3",
                marked(Mark.NOTHING_TO_REPORT),
                marked(Mark.ZERO),
                marked(Mark.NOT_COLLECTED),
            ),
            Row((Cell("Cộng nhóm I", span=2), Cell("12"), Cell("1.241"), Cell("15")), "subtotal"),
            Row(
                (Cell("Tổng cộng", span=2), Cell("12", figure_id="SP01.b"), Cell("1.241"), Cell("15")),
                "total",
            ),
        ),
        notes=("Phủ số liệu: 2/3 đơn vị đã báo cáo.",),
    )


def _row(*cells: str | Cell) -> Row:
    return Row(tuple(Cell(cell) if isinstance(cell, str) else cell for cell in cells))


def small_report() -> Document:
    """Build a report that uses every part of the model once."""
    svg = bar_chart(
        [Bar("Phường Ễ Ổ Ặ", 12, 10), Bar("Xã Đạ Tẻh 2", None, 5)],
        unit="sản phẩm",
        value_name="Thực hiện",
        plan_name="Kế hoạch",
    )
    body = (
        Notice("Kế hoạch mẫu – chỉ để minh hoạ", "sample"),
        Paragraph("Báo cáo kết quả tháng 10."),
        Heading(1, "I. KẾT QUẢ THỰC HIỆN"),
        Heading(2, "1. Phát triển sản phẩm"),
        paragraph(
            "Trong kỳ công nhận ",
            Run("12", bold=True, figure_id="SP01.b"),
            " sản phẩm, ",
            Run("tăng", italic=True),
        ),
        small_table(),
        Figure(
            svg, "Phường Ễ Ổ Ặ: 12 trên 10; Xã Đạ Tẻh 2: chưa báo cáo", "Hình 1. Thực hiện so với kế hoạch"
        ),
        PageBreak(),
        Heading(1, "II. KHÓ KHĂN, KIẾN NGHỊ"),
        Quote("Đường vào vùng nguyên liệu xuống cấp.\nĐề nghị hỗ trợ.", "Xã Đạ Tẻh 2"),
        Bullets(("Tiếp tục tuyên truyền;", (Run("Hoàn thiện hồ sơ "), Run("04 sản phẩm", bold=True)))),
        Notice("Còn 01 đơn vị chưa báo cáo.", "warning"),
    )
    return Document(
        letterhead=Letterhead(
            "Ủy ban nhân dân\ntỉnh Lâm Đồng", "BC-UBND", "Lâm Đồng", "Chính phủ", 5, date(2026, 2, 5)
        ),
        kind="Báo cáo",
        summary="Kết quả thực hiện Chương trình mỗi xã một sản phẩm tháng 01 năm 2026",
        body=body,
        signature=Signature(("TM. Ủy ban nhân dân", "Chủ tịch"), "Họ và tên mẫu"),
        recipients=("Như trên", "Các sở, ngành;", "Lưu: VT, NN"),
        created=date(2026, 2, 4),
        title="Báo cáo OCOP tháng 01 năm 2026",
        addressees=("Bộ Nông nghiệp và Môi trường", "Văn phòng Điều phối nông thôn mới Trung ương"),
        legal_bases=("Căn cứ Nghị định số 09/2019/NĐ-CP", "Căn cứ Quyết định số 26/2026/QĐ-TTg"),
        annexes=(
            Annex("Biểu tổng hợp", (small_table(),), landscape=True),
            Annex(
                "Danh sách chưa báo cáo",
                (Heading(1, "1. Các xã"), Bullets(("Xã Đạ Tẻh 2",))),
                reference="(Tự đặt)",
            ),
        ),
        map_note="đơn vị hành chính từ ngày 01/7/2025",
        footnotes=("Chốt số liệu ngày 14/01/2026.",),
        running_mark="Dự thảo",
    )


_NOT_TEXT = {"svg", "key", "figure_id", "align", "language"}


def with_every_text(part: Any, replace: Callable[[str], str]) -> Any:
    """Give a copy of a document with every text in it replaced, wherever it stands."""
    if isinstance(part, Mark) or (isinstance(part, Cell) and part.mark):
        return part
    if isinstance(part, str):
        return replace(part)
    if isinstance(part, tuple):
        return tuple(with_every_text(item, replace) for item in part)
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        kept = _NOT_TEXT | ({"kind"} if isinstance(part, Row | Notice) else set())
        changes = {
            field.name: with_every_text(getattr(part, field.name), replace)
            for field in dataclasses.fields(part)
            if field.name not in kept and getattr(part, field.name) != ""
        }
        return dataclasses.replace(part, **changes)
    return part


class Page(HTMLParser):
    """What a browser would make of the HTML edition: its elements, ids, figures and text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.figures: dict[str, list[str]] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note the element, and the figure it prints."""
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag not in {"meta", "img", "hr", "link", "input", "br", "col"}:
            figure = attributes.get("data-figure", "")
            self._open.append((tag, figure))
            if figure:
                self.figures.setdefault(figure, []).append("")

    def handle_endtag(self, tag):
        """Close the innermost element, which must be this one: the file is well nested."""
        opened, _figure = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data):
        """Collect the text, but not the style sheet."""
        if any(tag == "style" for tag, _ in self._open):
            return
        self.text += data
        for _, figure in self._open:
            if figure:
                self.figures[figure][-1] += data.strip()

    def attributes(self, name: str) -> list[str]:
        """Give every value of an attribute, in order."""
        return [
            value
            for _, attributes in self.elements
            for key, value in attributes.items()
            if key == name and value
        ]


def pdf_reader(pdf: bytes) -> pypdf.PdfReader:
    """Open a PDF held in memory."""
    return pypdf.PdfReader(io.BytesIO(pdf))


def pdf_pages(pdf: bytes) -> list[str]:
    """Give the text of each page."""
    return [page.extract_text() for page in pdf_reader(pdf).pages]


def squeezed(text: str) -> str:
    """Drop white space, case and the invisible places to break: what lines and capitals change."""
    return re.sub(r"[\s\u200b]+", "", text).casefold()
