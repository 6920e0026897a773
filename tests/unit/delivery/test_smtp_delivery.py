"""Mail against a real server on loopback: who gets it, who does not, and that nobody gets it twice."""

import base64
import datetime as dt
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from post_office import (
    NOW,
    PASSWORD,
    SENDER,
    TITLE,
    USER,
    Office,
    certificate,
    check_password,
    free_port,
    opened,
    parcel,
    people,
    plain,
    scripted,
    secured,
    settings,
)

from ocop_pipeline.catalogue.recipients import DocumentKind, Recipients
from ocop_pipeline.delivery import Outcome, Receipt, deliver, pending_review, settle, smtp
from ocop_pipeline.delivery.record import NothingToSettleError, State
from ocop_pipeline.settings import Mail
from ocop_pipeline.warehouse.ledger import DeliveryRecord, Ledger

LAN, MAI = "lan@so.example", "mai@ubnd.example"
TEMPORARY = "451 4.7.1 try again later"


@pytest.fixture
def office() -> Iterator[Office]:
    """An open server that takes everything."""
    with opened(Office()) as doors:
        yield doors


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(tmp_path / "ledger.sqlite") as book:
        yield book


def by_mail(receipts: list[Receipt]) -> dict[str, Outcome]:
    """The outcome at each address."""
    return {r.recipient: r.outcome for r in receipts if r.channel == "smtp"}


def details(receipts: list[Receipt]) -> str:
    """Everything the mail receipts say."""
    return "\n".join(receipt.detail for receipt in receipts if receipt.channel == "smtp")


def later(days: float) -> dt.datetime:
    """A run after the first."""
    return NOW + dt.timedelta(days=days)


def test_a_list_gets_one_mail(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """All of a list get one and the same mail, with everybody in To, and each is on record."""
    receipts = deliver([parcel(tmp_path)], settings(tmp_path, plain(office)), ledger, people(LAN, MAI), NOW)
    (mail,) = office.mails
    assert mail.recipients == [LAN, MAI]
    assert mail.sender == SENDER
    assert [a.addr_spec for a in mail.message["To"].addresses] == [LAN, MAI]
    assert mail.message["Bcc"] is None
    assert by_mail(receipts) == {LAN: Outcome.SENT, MAI: Outcome.SENT}
    states = [(e.recipient, e.state) for e in ledger.delivery_entries() if e.channel == "smtp"]
    assert states == [(LAN, State.INTENT), (MAI, State.INTENT), (LAN, State.SENT), (MAI, State.SENT)]


def test_vietnamese_survives_the_journey(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """Subject, text and names of attachments arrive as written; files arrive byte by byte, dots included."""
    names = ("Báo cáo tháng 10-2026 (đính chính lần 1).pdf", "bao-cao.html")
    sent = parcel(tmp_path, names=names)
    deliver([sent], settings(tmp_path, plain(office)), ledger, people(LAN), NOW)
    message = office.mails[0].message
    assert message["Subject"] == TITLE
    text = message.get_body(("plain",)).get_content()
    assert "Kính gửi: Quý cơ quan" in text
    assert "kỳ báo cáo tháng 10 năm 2026" in text
    assert "$" not in text
    attached = list(message.iter_attachments())
    assert tuple(part.get_filename() for part in attached) == names
    assert [part.get_content_type() for part in attached] == ["application/pdf", "text/html"]
    assert [part.get_payload(decode=True) for part in attached] == [f.read_bytes() for f in sent.files]
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].endswith("@so.example>")


def test_a_second_run_sends_nothing(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """What was sent is not sent again, not even when the address is written in other letters."""
    for addresses in ((LAN, MAI), (LAN.upper(), MAI)):
        receipts = deliver(
            [parcel(tmp_path)], settings(tmp_path, plain(office)), ledger, people(*addresses), NOW
        )
    assert len(office.mails) == 1
    assert set(by_mail(receipts).values()) == {Outcome.ALREADY_SENT}
    assert office.connections == 1


def test_a_correction_is_another_document(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """A document with other content goes out to the same people."""
    for content in ("một", "hai"):
        deliver([parcel(tmp_path, content)], settings(tmp_path, plain(office)), ledger, people(LAN), NOW)
    first, second = office.mails
    assert first.message["Message-ID"] != second.message["Message-ID"]


def test_somebody_new_on_a_list_gets_it_too(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """The record is kept for each recipient: an address added later is served, the others are not again."""
    deploy = settings(tmp_path, plain(office))
    deliver([parcel(tmp_path)], deploy, ledger, people(LAN), NOW)
    receipts = deliver([parcel(tmp_path)], deploy, ledger, people(LAN, MAI), NOW)
    assert [mail.recipients for mail in office.mails] == [[LAN], [MAI]]
    assert by_mail(receipts) == {LAN: Outcome.ALREADY_SENT, MAI: Outcome.SENT}


def test_kinds_and_units_are_kept_apart(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """A return notice goes to those listed for notices only; without anybody it is skipped, and said so."""
    notice = parcel(tmp_path, kind=DocumentKind.RETURN_NOTICE)
    deploy = settings(tmp_path, plain(office))
    receipts = deliver([notice], deploy, ledger, people(LAN, kinds=[DocumentKind.REPORT]), NOW)
    assert by_mail(receipts) == {"": Outcome.SKIPPED}
    deliver([notice], deploy, ledger, people(MAI, kinds=[DocumentKind.RETURN_NOTICE]), NOW)
    assert office.mails[0].recipients == [MAI]
    assert "phiếu trả lại" in office.mails[0].message.get_body(("plain",)).get_content()


def test_without_mail_settings_people_are_skipped(tmp_path: Path, ledger: Ledger) -> None:
    """A site without [mail] gets its folder, and a receipt that says who was not mailed."""
    receipts = deliver([parcel(tmp_path)], settings(tmp_path), ledger, people(LAN), NOW)
    assert [(r.channel, r.outcome) for r in receipts] == [
        ("folder", Outcome.SENT),
        ("smtp", Outcome.SKIPPED),
    ]


def test_one_refused_recipient_does_not_stop_the_others(
    tmp_path: Path, office: Office, ledger: Ledger
) -> None:
    """550 is for good for that recipient alone: recorded, shown to a person, not tried again."""
    office.by_recipient[LAN] = "550 5.1.1 no such mailbox"
    deploy = settings(tmp_path, plain(office))
    receipts = deliver([parcel(tmp_path)], deploy, ledger, people(LAN, MAI), NOW)
    assert by_mail(receipts) == {LAN: Outcome.FAILED, MAI: Outcome.SENT}
    assert "no such mailbox" in details(receipts)
    assert not any(receipt.will_retry for receipt in receipts)
    office.by_recipient.clear()
    again = deliver([parcel(tmp_path)], deploy, ledger, people(LAN, MAI), later(1))
    assert by_mail(again) == {LAN: Outcome.FAILED, MAI: Outcome.ALREADY_SENT}
    assert len(office.mails) == 1
    assert [(item.recipient, item.state) for item in pending_review(ledger)] == [(LAN, State.FAILED)]


def test_after_a_full_refusal_the_next_mail_goes_through(
    tmp_path: Path, office: Office, ledger: Ledger
) -> None:
    """A mail refused for all its recipients leaves nothing behind in the session for the next one."""
    office.by_recipient[LAN] = "550 no"
    first = parcel(tmp_path, "một", kind=DocumentKind.RETURN_NOTICE)
    lists = Recipients(
        [
            *people(LAN, kinds=[DocumentKind.RETURN_NOTICE]).lists,
            *people(MAI, kinds=[DocumentKind.REPORT]).lists,
        ]
    )
    receipts = deliver(
        [first, parcel(tmp_path, "hai")], settings(tmp_path, plain(office)), ledger, lists, NOW
    )
    assert by_mail(receipts) == {LAN: Outcome.FAILED, MAI: Outcome.SENT}
    assert [mail.recipients for mail in office.mails] == [[MAI]]


@pytest.mark.parametrize("stage", ["sender", "recipient", "mail"])
def test_refused_for_the_time_being_is_tried_in_the_next_run(
    tmp_path: Path, office: Office, ledger: Ledger, stage: str
) -> None:
    """A 4xx at any step is no verdict: the next run sends, with the Message-ID it would have had."""
    if stage == "sender":
        office.to_sender = TEMPORARY
    elif stage == "recipient":
        office.by_recipient[LAN] = TEMPORARY
    else:
        office.to_mail = TEMPORARY
    deploy = settings(tmp_path, plain(office))
    (receipt,) = [
        r for r in deliver([parcel(tmp_path)], deploy, ledger, people(LAN), NOW) if r.channel == "smtp"
    ]
    assert (receipt.outcome, receipt.will_retry) == (Outcome.FAILED, True)
    assert "451" in receipt.detail
    assert pending_review(ledger) == []
    office.to_sender = office.to_mail = ""
    office.by_recipient.clear()
    assert by_mail(deliver([parcel(tmp_path)], deploy, ledger, people(LAN), later(0.1))) == {
        LAN: Outcome.SENT
    }
    assert len(office.mails) == 1


def test_trying_comes_to_an_end(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """After five refusals and four days it is given up and waits for a person; not after either alone."""
    office.by_recipient[LAN] = TEMPORARY
    deploy = settings(tmp_path, plain(office))
    retried = []
    for days in (0, 0.1, 0.2, 0.3, 0.4, 3.9, 4.0, 4.1):
        receipts = deliver([parcel(tmp_path)], deploy, ledger, people(LAN), later(days))
        retried.append(receipts[-1].will_retry)
    assert retried == [True] * 6 + [False] * 2
    assert "given up after 7 attempts" in receipts[-1].detail
    assert [item.recipient for item in pending_review(ledger)] == [LAN]


def test_months_apart_it_is_still_tried_five_times(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """A site that runs once a month does not give up at its second run."""
    office.by_recipient[LAN] = TEMPORARY
    deploy = settings(tmp_path, plain(office))
    runs = [deliver([parcel(tmp_path)], deploy, ledger, people(LAN), later(30 * n)) for n in range(5)]
    assert [receipts[-1].will_retry for receipts in runs] == [True, True, True, True, False]


def test_dropped_before_the_mail_is_tried_again(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """A connection that breaks among the recipients has sent nothing: the next run does."""
    office.drop_at = "rcpt"
    deploy = settings(tmp_path, plain(office))
    receipts = deliver([parcel(tmp_path)], deploy, ledger, people(LAN, MAI), NOW)
    assert all(receipt.will_retry for receipt in receipts if receipt.channel == "smtp")
    office.drop_at = ""
    deliver([parcel(tmp_path)], deploy, ledger, people(LAN, MAI), later(1))
    assert [mail.recipients for mail in office.mails] == [[LAN, MAI]]


def test_dropped_within_the_mail_is_tried_again(tmp_path: Path, ledger: Ledger) -> None:
    """A connection that breaks before the end of a long mail has sent nothing."""
    big = parcel(tmp_path)
    big.files[0].write_bytes(os.urandom(12_000_000))
    replies = [b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"]
    with scripted(replies, read_bytes=10_000) as port:
        mail = Mail(host="127.0.0.1", port=port, sender=SENDER, starttls=False)
        receipts = deliver([big], settings(tmp_path, mail), ledger, people(LAN), NOW)
    assert by_mail(receipts) == {LAN: Outcome.FAILED}
    assert receipts[-1].will_retry
    assert pending_review(ledger) == []


def test_a_lost_last_answer_is_uncertain(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """The server has the mail but its answer never came: not sent again by itself, listed for a person."""
    office.drop_at = "answer"
    deploy = settings(tmp_path, plain(office))
    assert by_mail(deliver([parcel(tmp_path)], deploy, ledger, people(LAN), NOW)) == {LAN: Outcome.UNCERTAIN}
    office.drop_at = ""
    for _ in range(2):
        again = deliver([parcel(tmp_path)], deploy, ledger, people(LAN), later(1))
        assert by_mail(again) == {LAN: Outcome.UNCERTAIN}
    assert len(office.mails) == 1
    (item,) = pending_review(ledger)
    assert (item.recipient, item.state, item.since) == (LAN, State.UNCERTAIN, NOW)


@pytest.mark.parametrize(("arrived", "mails"), [(True, 1), (False, 2)])
def test_a_person_settles_what_is_uncertain(
    tmp_path: Path, office: Office, ledger: Ledger, *, arrived: bool, mails: int
) -> None:
    """Found to have arrived it is never sent again; found not to have, the next run sends it once."""
    office.drop_at = "answer"
    deploy = settings(tmp_path, plain(office))
    deliver([parcel(tmp_path)], deploy, ledger, people(LAN), NOW)
    office.drop_at = ""
    (item,) = pending_review(ledger)
    settle(ledger, item, arrived=arrived, why="gọi điện hỏi văn thư", now=later(1))
    assert pending_review(ledger) == []
    for days in (2, 3):
        deliver([parcel(tmp_path)], deploy, ledger, people(LAN), later(days))
    assert len(office.mails) == mails
    with pytest.raises(NothingToSettleError):
        settle(ledger, item, arrived=False, why="lần nữa", now=later(4))
    assert "gọi điện hỏi văn thư" in [entry.detail for entry in ledger.delivery_entries()]


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from post_office import NOW, Office, parcel, people, plain, settings
from ocop_pipeline.delivery import deliver
from ocop_pipeline.warehouse.ledger import Ledger
folder = Path(sys.argv[2])
deliver([parcel(folder)], settings(folder, plain(Office(port=int(sys.argv[3])))),
        Ledger.open(folder / "ledger.sqlite"), people("lan@so.example"), NOW)
"""


def test_killed_between_intent_and_outcome(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """A process killed while the server takes the mail leaves "uncertain"; later runs send nothing."""
    child: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        while not child:
            time.sleep(0.01)
        child[0].send_signal(signal.SIGKILL)
        child[0].wait(10)

    office.before_answer = kill
    here = str(Path(__file__).parent)
    child.append(subprocess.Popen([sys.executable, "-c", CHILD, here, str(tmp_path), str(office.port)]))  # noqa: S603 - our own text
    assert child[0].wait(60) == -signal.SIGKILL
    assert [e.state for e in ledger.delivery_entries() if e.channel == "smtp"] == [State.INTENT]
    office.before_answer = lambda: None
    receipts = deliver([parcel(tmp_path)], settings(tmp_path, plain(office)), ledger, people(LAN), later(1))
    assert by_mail(receipts) == {LAN: Outcome.UNCERTAIN}
    assert len(office.mails) == 1
    (item,) = pending_review(ledger)
    assert (item.state, item.detail) == (State.UNCERTAIN, "interrupted while sending")


def test_runs_at_the_same_time_wait_for_each_other(tmp_path: Path, office: Office) -> None:
    """A run that starts while another is sending waits, and then finds the mail sent."""
    deploy, one = settings(tmp_path, plain(office)), parcel(tmp_path)

    def run() -> Outcome:
        with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
            return by_mail(deliver([one], deploy, ledger, people(LAN), NOW))[LAN]

    with ThreadPoolExecutor() as threads:
        second: list[Future[Outcome]] = []

        def start_another() -> None:
            if not second:
                second.append(threads.submit(run))
                time.sleep(0.3)  # long enough for it to read the ledger, if nothing kept it from doing so

        office.before_answer = start_another
        first = threads.submit(run)
        outcomes = [first.result(30), second[0].result(30)]
    assert outcomes == [Outcome.SENT, Outcome.ALREADY_SENT]
    assert len(office.mails) == 1


def test_a_line_with_a_dot_does_not_end_the_mail(office: Office) -> None:
    """Lines that begin with a dot arrive as they are, and what follows them too."""
    message = b"Subject: x\r\n\r\n.\r\n..a\r\n.b\r\nc\r\n"
    with smtp.Session(plain(office)) as session:
        session.send(message, [LAN], lambda _: None)
    assert office.mails[0].message.get_content() == ".\r\n..a\r\n.b\r\nc\r\n"


def test_nothing_is_sent_without_a_record(tmp_path: Path, office: Office) -> None:
    """When the intent cannot be written down, the mail does not leave."""

    class Full(Ledger):
        def record_deliveries(self, entries: Sequence[DeliveryRecord]) -> None:
            if any(entry.channel == "smtp" for entry in entries):
                raise OSError("disk full")
            super().record_deliveries(entries)

    deploy = settings(tmp_path, plain(office))
    with Full.open(tmp_path / "full.sqlite") as full, pytest.raises(OSError, match="disk full"):
        deliver([parcel(tmp_path)], deploy, full, people(LAN), NOW)
    assert office.mails == []


def test_an_unreachable_server_costs_one_attempt_a_run(
    tmp_path: Path, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody listens: one try for all parcels, one line in the ledger for each however often it is run."""
    mail = Mail(host="127.0.0.1", port=free_port(), sender=SENDER, starttls=False)
    parcels = [parcel(tmp_path, str(n), names=[f"b{n}.pdf"]) for n in range(3)]
    for run in range(10):
        receipts = deliver(parcels, settings(tmp_path, mail), ledger, people(LAN), later(run))
    assert [r.will_retry for r in receipts if r.channel == "smtp"] == [True] * 3
    assert "no connection" in details(receipts)
    assert len([e for e in ledger.delivery_entries() if e.channel == "smtp"]) == 3
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 10
    assert pending_review(ledger) == []


def test_a_server_that_always_breaks_off_is_left_alone(
    tmp_path: Path, office: Office, ledger: Ledger
) -> None:
    """After three broken connections running, the rest of the run waits for the next one."""
    office.drop_at = "rcpt"
    parcels = [parcel(tmp_path, str(n), names=[f"b{n}.pdf"]) for n in range(6)]
    receipts = deliver(parcels, settings(tmp_path, plain(office)), ledger, people(LAN), NOW)
    assert office.connections == 3
    assert all(r.will_retry for r in receipts if r.channel == "smtp")


def test_a_refused_sender_blames_nobody_else(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """553 for our own sender is a matter of the settings: once they are right, everything goes out."""
    office.to_sender = "553 5.7.1 sender not yours"
    deploy = settings(tmp_path, plain(office))
    receipts = deliver([parcel(tmp_path)], deploy, ledger, people(LAN), NOW)
    assert receipts[-1].will_retry
    assert "sender" in receipts[-1].detail
    office.to_sender = ""
    assert by_mail(deliver([parcel(tmp_path)], deploy, ledger, people(LAN), later(9))) == {LAN: Outcome.SENT}


def test_too_large_a_mail_is_not_attempted(tmp_path: Path, ledger: Ledger) -> None:
    """The limit a server announces is kept; both figures stand in the receipt."""
    with opened(Office(), data_size_limit=20_000) as small:
        big = parcel(tmp_path)
        big.files[0].write_bytes(bytes(40_000))
        receipts = deliver([big], settings(tmp_path, plain(small)), ledger, people(LAN), NOW)
    assert by_mail(receipts) == {LAN: Outcome.FAILED}
    assert "limit 20000" in receipts[-1].detail
    assert small.mails == []


def test_a_missing_file_stops_only_its_parcel(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """A file that cannot be read fails its own parcel, by name; the next parcel is delivered."""
    gone = parcel(tmp_path, "một")
    gone.files[0].unlink()
    parcels = [gone, parcel(tmp_path, "hai", names=["khac.pdf"])]
    receipts = deliver(parcels, settings(tmp_path, plain(office)), ledger, people(LAN), NOW)
    assert [r.outcome for r in receipts] == [Outcome.FAILED, Outcome.SENT] * 2
    assert "bao-cao-thang.pdf" in details(receipts)


# ------------------------------------------------------------------------------------------ TLS and login


@pytest.fixture
def safe_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A server that wants TLS, then a login; its certificate is trusted."""
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with opened(
        Office(),
        tls_context=context,
        require_starttls=True,
        authenticator=check_password,
        auth_required=True,
    ) as doors:
        yield doors


def test_login_over_starttls(tmp_path: Path, safe_office: Office, ledger: Ledger) -> None:
    """With a trusted certificate the mail goes over TLS, after a login."""
    receipts = deliver([parcel(tmp_path)], settings(tmp_path, secured(safe_office)), ledger, people(LAN), NOW)
    assert by_mail(receipts) == {LAN: Outcome.SENT}
    assert (safe_office.mails[0].over_tls, safe_office.mails[0].user) == (True, USER.encode())


def test_tls_from_the_first_byte(tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the port for it TLS begins with the connection, whatever the settings say about STARTTLS."""
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with opened(Office(), ssl_context=context, authenticator=check_password, auth_require_tls=False) as doors:
        monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORT", doors.port)
        receipts = deliver([parcel(tmp_path)], settings(tmp_path, secured(doors)), ledger, people(LAN), NOW)
    assert by_mail(receipts) == {LAN: Outcome.SENT}
    assert doors.mails[0].user == USER.encode()


def test_an_untrusted_certificate_gets_nothing(
    tmp_path: Path, safe_office: Office, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server nobody vouches for gets neither password nor mail."""
    monkeypatch.delenv("SSL_CERT_FILE")
    receipts = deliver([parcel(tmp_path)], settings(tmp_path, secured(safe_office)), ledger, people(LAN), NOW)
    assert "certificate not trusted" in details(receipts)
    assert receipts[-1].will_retry
    assert safe_office.mails == []


def test_a_server_without_starttls_gets_nothing(tmp_path: Path, office: Office, ledger: Ledger) -> None:
    """TLS is asked for and not offered: no mail in plain text instead."""
    mail = Mail(host="127.0.0.1", port=office.port, sender=SENDER)
    receipts = deliver([parcel(tmp_path)], settings(tmp_path, mail), ledger, people(LAN), NOW)
    assert by_mail(receipts) == {LAN: Outcome.FAILED}
    assert office.mails == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"starttls": False}, "over TLS only"),
        ({"password": None}, "OCOP_SMTP_PASSWORD"),
        ({"sender": "Sở NN <ocop@so.example>"}, "mail.sender"),
        ({"sender": "a@so.example\r\nRCPT TO:<x@y.example>"}, "mail.sender"),
    ],
)
def test_wrong_settings_are_named(
    tmp_path: Path, office: Office, ledger: Ledger, changed: dict[str, object], reason: str
) -> None:
    """Settings that cannot work are told by name, and the server is not even called."""
    mail = Mail(
        **(
            {"host": "127.0.0.1", "port": office.port, "sender": SENDER, "user": USER, "password": PASSWORD}
            | changed
        )
    )
    receipts = deliver([parcel(tmp_path)], settings(tmp_path, mail), ledger, people(LAN), NOW)
    assert reason in details(receipts)
    assert office.connections == 0


def secrets(password: str) -> list[str]:
    """A password as it might show up."""
    joined = f"\0{USER}\0{password}".encode()
    return [password, *(base64.b64encode(text).decode() for text in (password.encode(), joined))]


def test_the_password_shows_up_nowhere(
    tmp_path: Path, safe_office: Office, ledger: Ledger, caplog: pytest.LogCaptureFixture, capfd
) -> None:
    """Neither a refused nor an accepted login leaves the password in logs, receipts, ledger or output."""
    caplog.set_level(logging.DEBUG)
    told = ""
    for mail in (secured(safe_office, "sai-mat-khau"), secured(safe_office)):
        receipts = deliver([parcel(tmp_path)], settings(tmp_path, mail), ledger, people(LAN), NOW)
        told += f"{mail!r} {settings(tmp_path, mail)!r} {receipts!r}"
    assert "login refused (535)" in told
    assert by_mail(receipts) == {LAN: Outcome.SENT}
    # The server of the tests logs what it hears; ours and the standard library's lines are what counts.
    ours = [record for record in caplog.records if record.name != "mail.log"]
    assert [record.name for record in ours if record.name.startswith("ocop_pipeline.delivery")]
    told += (
        "".join(record.getMessage() for record in ours)
        + repr(ledger.delivery_entries())
        + "".join(capfd.readouterr())
    )
    for password in ("sai-mat-khau", PASSWORD):
        assert not [text for text in secrets(password) if text in told]


def test_a_server_that_repeats_the_password_is_not_quoted(
    tmp_path: Path, safe_office: Office, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    """What a server says is shown to people, unless it says our password."""
    safe_office.by_recipient[LAN] = f"550 I know you are {PASSWORD}"
    receipts = deliver([parcel(tmp_path)], settings(tmp_path, secured(safe_office)), ledger, people(LAN), NOW)
    assert receipts[-1].detail == "550 (not shown)"
    assert not [r for r in caplog.records if r.name != "mail.log" and PASSWORD in r.getMessage()]
