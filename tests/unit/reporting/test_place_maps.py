"""The maps of communes: each is in the class its figure puts it in, is drawn once, and is said in words too."""

import re

import pytest
from synthetic import LAM_DONG, Marts, catalogue, fill

from ocop_pipeline.domain.periods import Period
from ocop_pipeline.reporting.compose import compose
from ocop_pipeline.reporting.document import Figure
from ocop_pipeline.reporting.gather import gather
from ocop_pipeline.reporting.html import write_html
from ocop_pipeline.reporting.paper import write_pdf
from ocop_pipeline.reporting.spec import load_spec

OCTOBER = Period("2026-10")
SPEC = load_spec("province_month")
COMMUNES = [
    unit.unit_id for unit in sorted(catalogue().units.children(LAM_DONG, OCTOBER.end), key=lambda u: u.code)
][:7]
VALID, SENT = "Sản phẩm còn hiệu lực theo đơn vị cấp xã", "Tình hình gửi báo cáo"


@pytest.fixture
def marts() -> Marts:
    """A province of seven communes, the last of them silent, with products from none to many."""
    made = Marts()
    fill(made, LAM_DONG, OCTOBER, communes=7, missing=COMMUNES[-1:])
    for unit_id, products in zip(COMMUNES, (0, 1, 4, 5, 19, 20), strict=False):
        made.change(
            "UPDATE marts.indicator_summary SET month_value = ?, nothing_count = 0, reported_count = 1"
            " WHERE unit_id = ? AND indicator = 'SP03' AND breakdown = ''",
            [products, unit_id],
        )
    return made


def maps(marts):
    """Caption -> map, of the report on the published tables."""
    data = gather(marts.query, catalogue(), LAM_DONG, OCTOBER, SPEC.unit_lines)
    document = compose(data, SPEC, None, OCTOBER.end)
    figures = [block for annex in document.annexes for block in annex.blocks if isinstance(block, Figure)]
    return document, {
        caption: each for each in figures for caption in (VALID, SENT) if each.caption.startswith(caption)
    }


def key(figure):
    """What the key of a map says."""
    return re.findall(r"<text [^>]*>([^<]*: \d+)</text>", figure.svg)


def test_products_put_a_commune_into_its_class(marts):
    """A class holds its least and its greatest number; silence is no nought."""
    _, found = maps(marts)
    assert key(found[VALID]) == [
        "Chưa có số liệu: 1", "Không có sản phẩm: 1", "Từ 1 đến 4 sản phẩm: 2", "Từ 5 đến 9 sản phẩm: 1",
        "Từ 10 đến 19 sản phẩm: 1", "Từ 20 sản phẩm trở lên: 1",
    ]  # fmt: skip


def test_coverage_puts_a_commune_into_its_class(marts):
    """Missing, returned and late communes are told apart; all others were in time."""
    marts.change("UPDATE marts.report_status SET status = 'returned' WHERE unit_id = ?", [COMMUNES[0]])
    marts.change(
        "UPDATE marts.report_status SET status = 'accepted', is_late = unit_id = ? WHERE unit_id IN (?, ?, ?, ?, ?)",
        [COMMUNES[1], *COMMUNES[1:6]],
    )
    _, found = maps(marts)
    assert key(found[SENT]) == [
        "Hợp lệ, đúng hạn: 4", "Hợp lệ, gửi muộn: 1", "Bị trả lại: 1", "Chưa gửi: 1",
    ]  # fmt: skip


def test_every_commune_is_one_dot_and_the_same_is_said_in_words(marts):
    """Beside the dots of the key there are as many as communes, and the alternative text has the key's numbers."""
    _, found = maps(marts)
    for figure in found.values():
        assert figure.svg.count("<circle") == len(COMMUNES) + len(key(figure))
        assert all(item.replace(": ", " ") in figure.alt for item in key(figure))


def test_maps_stand_on_paper_and_on_the_screen(marts):
    """The circles are in the vocabulary of both writers."""
    document, found = maps(marts)
    assert len(found) == 2
    assert write_html(document).count("data:image/svg+xml") >= 2
    assert write_pdf(document).startswith(b"%PDF")
