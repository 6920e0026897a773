"""Return notices: what goes back with a file that was not taken in."""

import html
import re
from datetime import date

import pytest
from sample_report import pdf_pages, squeezed

from ocop_pipeline.reporting.document import Table, to_data
from ocop_pipeline.reporting.html import write_html
from ocop_pipeline.reporting.notices import compose_notice, load_notice_spec, receipt, write_text
from ocop_pipeline.reporting.paper import write_pdf
from ocop_pipeline.reporting.spec import Issuer

ISSUER = Issuer(
    parent_body="UBND tỉnh Lâm Đồng",
    issuing_body="Sở Nông nghiệp\nvà Môi trường",
    symbol="BC-SNNMT",
    place="Lâm Đồng",
    signer_authority="",
    signer_title="GIÁM ĐỐC",
    signer_name="",
    addressees=(),
    recipients=(),
    is_sample=True,
)
AS_OF, DUE = date(2026, 10, 15), date(2026, 10, 16)
SHA = "0123456789abcdef" * 4


def finding(
    severity: str = "error", sheet: str = "BM01", cell: str = "D12", message: str = "Ô cần số."
) -> dict:
    """One finding as the judgement gives it."""
    return {
        "code": "NUMBER_EXPECTED", "severity": severity, "sheet": sheet, "cell": cell, "message_vi": message,
        "message_en": "A number is expected.",
    }  # fmt: skip


def answer(**changes) -> dict:
    """A returned file of a commune with an error and a warning."""
    return {
        "file": "bao cao thang 10.xlsx", "submission_id": SHA, "verdict": "returned", "form": "OCOP-XA",
        "unit_id": "c24787.2", "unit_name": "Xã Đức Trọng", "period": "2026-10",
        "findings": [finding("warning", cell="D30", message="Số bằng đúng tháng trước."), finding()],
    } | changes  # fmt: skip


def notice(**changes):
    """The notice of such a file."""
    return compose_notice(answer(**changes), load_notice_spec(), ISSUER, AS_OF, DUE)


def test_notice_says_what_where_and_what_to_do():
    """A notice names the file, the receipt, each finding with its cell, errors first, and the due day."""
    document = notice()
    text = write_text(document)
    assert "tệp “bao cao thang 10.xlsx”" in text
    assert "số biên nhận 0123456789" in text
    assert "còn 01 lỗi và 01 điểm cần xem lại" in text
    assert text.index("Ô: D12") < text.index("Ô: D30")
    assert "Hạn gửi báo cáo: ngày 16/10/2026." in text
    assert "Về việc báo cáo tháng 10 năm 2026 chưa được tiếp nhận" in text
    assert document.addressees == ("Ủy ban nhân dân xã Đức Trọng",)


def test_department_is_addressed_by_its_own_name():
    """A department's file goes back to the department, not to the province it reports for."""
    document = notice(unit_name="Tỉnh Lâm Đồng", agency_name="Sở Công Thương")
    assert document.addressees == ("Sở Công Thương",)


def test_file_that_is_nobodys():
    """A file whose sender, form and month are unknown is answered without any of them."""
    document = notice(
        verdict="set_aside", form=None, unit_id=None, unit_name=None, period=None, submission_id=None,
        findings=[finding(sheet="", cell="", message="Tệp không có nội dung.")],
    )  # fmt: skip
    text = write_text(document)
    assert document.addressees == ("Đơn vị gửi tệp",)
    assert "số biên nhận chưa cấp" in text
    assert "chưa xác định được" in text
    assert "cả tệp" in text
    assert "None" not in text


def test_accepted_file_has_no_return_notice():
    """Only what was returned or set aside is sent back."""
    with pytest.raises(ValueError, match="accepted"):
        notice(verdict="accepted")


def test_three_formats_say_the_same():
    """Every finding stands in HTML, on paper and in the plain text alike."""
    document = notice()
    page = html.unescape(re.sub(r"<[^>]+>", " ", write_html(document)))
    paper, text = squeezed("".join(pdf_pages(write_pdf(document)))), write_text(document)
    table = next(block for block in document.body if isinstance(block, Table))
    for row in table.rows:
        for cell in row.cells[1:]:
            assert cell.text in page
            assert squeezed(cell.text) in paper
            assert cell.text in text


HOSTILE = '"><script>alert(1)</script>\n- {{ 7*7 }} #include "x" =HYPERLINK("http://a") \u202egpj.exe'


def test_hostile_names_and_cells_stay_text():
    """A file name or a cell's text can make neither markup nor a bullet, and hides nothing."""
    document = notice(file=HOSTILE, unit_name=HOSTILE, findings=[finding(sheet=HOSTILE, message=HOSTILE)])
    page, text = write_html(document), write_text(document)
    assert "<script>alert" not in page
    assert "{{ 7*7 }}" in html.unescape(page)
    assert "\u202e" not in page + text
    assert "[U+202E]" in text
    bullets = [block for block in to_data(document)["body"] if block["type"] == "bullets"]
    assert len(bullets) == 1
    assert not any("7*7" in run["text"] for item in bullets[0]["items"] for run in item)
    assert write_pdf(document).startswith(b"%PDF")


def test_long_list_is_cut_and_says_so():
    """A notice prints so many findings and says how many are left."""
    spec = load_notice_spec()
    found = [finding(cell=f"D{row}") for row in range(spec.most_findings + 7)]
    table = next(block for block in notice(findings=found).body if isinstance(block, Table))
    assert len(table.rows) == spec.most_findings
    assert table.notes[0].startswith("Còn 07 điểm khác")


def test_receipt_number():
    """The receipt is the first ten digits of the file's digest; without one there is none."""
    assert receipt(SHA) == "0123456789"
    assert receipt(None) == ""


def test_notice_has_its_own_symbol():
    """A notice is numbered among notices, in the name of the same body."""
    assert notice().letterhead.symbol == "PTL-SNNMT"


def test_notice_ends_each_sentence_of_the_table_with_its_severity():
    """Errors and warnings are told apart in words, not by colour."""
    table = next(block for block in notice().body if isinstance(block, Table))
    assert [row.cells[1].text for row in table.rows] == ["Lỗi", "Cảnh báo"]


def test_a_place_is_told_once():
    """Sheet and cell have columns of their own; the message does not begin with them again."""
    told = finding(message="Trang “BM01”, ô D12: Ô cần số.")
    table = next(block for block in notice(findings=[told]).body if isinstance(block, Table))
    assert [cell.text for cell in table.rows[0].cells[2:]] == ["BM01", "D12", "Ô cần số."]
