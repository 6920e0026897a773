"""The mail itself: what a hostile title or name can do to it (nothing), and what stays the same."""

import email
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from post_office import NOW, SENDER, TITLE, UNIT, parcel

from ocop_pipeline.catalogue.recipients import DocumentKind, RecipientList
from ocop_pipeline.delivery import release_id
from ocop_pipeline.delivery.message import compose

LIST = RecipientList(UNIT, frozenset(DocumentKind), ("lan@so.example", "mai@so.example"), "Sở Nông nghiệp")
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-OCOP-Document", "MIME-Version",
    "Content-Type",
}  # fmt: skip


def read(message: bytes) -> EmailMessage:
    """What a mail program makes of it."""
    return email.message_from_bytes(message, policy=default)


@given(st.text(min_size=1).filter(str.strip))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_no_title_can_add_a_header(tmp_path: Path, text: str) -> None:
    """Whatever a title holds, the mail has its own headers, To and attachments, and a subject of one line."""
    message = compose(parcel(tmp_path, title=f"A\r\nBcc: x@y.example\n\n{text}"), LIST, SENDER, NOW)
    mail = read(message)
    assert set(mail.keys()) == HEADERS
    assert mail["To"] == "lan@so.example, mai@so.example"
    assert "\n" not in mail["Subject"]
    assert mail["Subject"].startswith("A Bcc: x@y.example")
    assert len(list(mail.iter_attachments())) == 2


def test_invisible_signs_do_not_reach_the_subject(tmp_path: Path) -> None:
    """Controls and direction marks, which make a text read otherwise than it is, are dropped."""
    title = "Phiếu\x07 trả\u202e lại\u2028 \u200bbáo ca\u0301o"
    assert (
        read(compose(parcel(tmp_path, title=title), LIST, SENDER, NOW))["Subject"] == "Phiếu trả lại báo cáo"
    )


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_the_words_of_each_kind(tmp_path: Path, kind: DocumentKind) -> None:
    """Each kind of document has its text: addressed, naming files and number, with nothing left unfilled."""
    sent = parcel(tmp_path, kind=kind)
    mail = read(compose(sent, LIST, SENDER, NOW))
    text = mail.get_body(("plain",)).get_content()
    assert mail["Subject"].startswith(TITLE)
    for part in (
        "Kính gửi: Sở Nông nghiệp,",
        "- bao-cao-thang.pdf",
        "tháng 10 năm 2026",
        "20/10/2026, 08:30",
    ):
        assert part in text
    assert sent.document_id[:10] in text
    assert "$" not in text


def test_an_unreadable_period_is_said_to_be_unknown(tmp_path: Path) -> None:
    """A notice about a file whose period could not be read does not invent one."""
    sent = parcel(tmp_path, kind=DocumentKind.RETURN_NOTICE, period="chua-ro")
    assert "chưa rõ kỳ báo cáo" in read(compose(sent, LIST, SENDER, NOW)).get_body().get_content()


def test_the_same_delivery_has_the_same_message_id(tmp_path: Path) -> None:
    """The Message-ID depends on document and list only: not on the day, nor on the order of the list."""
    turned = RecipientList(UNIT, LIST.kinds, LIST.addresses[::-1])
    later = NOW.replace(day=25)
    ids = {
        read(compose(parcel(tmp_path), LIST, SENDER, NOW))["Message-ID"],
        read(compose(parcel(tmp_path), turned, SENDER, later))["Message-ID"],
    }
    assert len(ids) == 1
    other = RecipientList(UNIT, LIST.kinds, LIST.addresses[:1])
    assert read(compose(parcel(tmp_path), other, SENDER, NOW))["Message-ID"] not in ids
    assert read(compose(parcel(tmp_path, "hai"), LIST, SENDER, NOW))["Message-ID"] not in ids


def test_a_mail_passes_any_server(tmp_path: Path) -> None:
    """Seven-bit lines of at most 998 characters, ended by CR LF (RFC 5321): no server has to change it."""
    names = ["Báo cáo tháng 10 năm 2026 của Ủy ban nhân dân tỉnh Lâm Đồng (đính chính lần 12).pdf"]
    message = compose(parcel(tmp_path, names=names, title=TITLE * 5), LIST, SENDER, NOW)
    assert message.isascii()
    assert message.endswith(b"\r\n")
    lines = message.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in lines)
    assert [part.get_filename() for part in read(message).iter_attachments()] == names


def test_files_for_machines_are_not_mailed(tmp_path: Path) -> None:
    """The document's JSON goes to the folder with the rest; people get what they can read."""
    sent = parcel(tmp_path, names=["b.pdf", "b.html", "b.json"])
    mail = read(compose(sent, LIST, SENDER, NOW))
    assert [part.get_filename() for part in mail.iter_attachments()] == ["b.pdf", "b.html"]
    assert "b.json" not in mail.get_body(("plain",)).get_content()


def test_a_report_corrected_back_is_another_document() -> None:
    """The id of a document holds its release number: A, then B, then A again are three documents."""
    ids = [release_id(content, number) for number, content in enumerate(("aa", "bb", "aa"), start=1)]
    assert len(set(ids)) == 3
    assert release_id("aa", 1) == ids[0]
