"""A mail server on loopback that does as it is told, and the parcels of the delivery tests.

All addresses end in .example, which nobody can own (RFC 2606).
"""

import datetime as dt
import email
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as ServerSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ocop_pipeline.catalogue.recipients import DocumentKind, RecipientList, Recipients
from ocop_pipeline.delivery.parcel import Parcel
from ocop_pipeline.settings import Mail, Settings, load_settings

HANOI = dt.timezone(dt.timedelta(hours=7))
NOW = dt.datetime(2026, 10, 20, 8, 30, tzinfo=HANOI)
USER, PASSWORD = "bao-cao", "mat-khau-9fK2x7Q"
SENDER = "ocop@so.example"
UNIT = "p68.2"
TITLE = "Báo cáo kết quả thực hiện Chương trình OCOP tháng 10 năm 2026 tỉnh Lâm Đồng"


@dataclass
class Received:
    """One mail a server has taken."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    over_tls: bool
    user: bytes | None


@dataclass
class Office:
    """An SMTP server's conduct, and what it has received. Replies: by recipient, then for the mail."""

    by_recipient: dict[str, str] = field(default_factory=dict)
    to_sender: str = ""
    to_mail: str = ""
    drop_at: str = ""
    before_answer: Callable[[], None] = lambda: None
    mails: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: ServerSession, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count connections (TLS begins with a second EHLO)."""
        self.connections += session.ssl is None
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: ServerSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a sender."""
        if self.to_sender:
            return self.to_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: ServerSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if self.drop_at == "rcpt":
            server.transport.abort()
        reply = self.by_recipient.get(address, "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: ServerSession, envelope: Envelope) -> str:  # noqa: N802
        """Take or refuse the mail, or keep it and vanish without an answer."""
        if not self.to_mail.startswith(("4", "5")):
            message = email.message_from_bytes(envelope.content, policy=default)
            login = session.auth_data
            self.mails.append(
                Received(
                    envelope.mail_from,
                    list(envelope.rcpt_tos),
                    message,
                    session.ssl is not None,
                    login.login if isinstance(login, LoginPassword) else None,
                )
            )
        self.before_answer()
        if self.drop_at == "answer":
            server.transport.abort()
        return self.to_mail or "250 2.0.0 OK: queued as A1B2"


def free_port() -> int:
    """A port on loopback that nobody uses just now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def opened(office: Office, **options: object) -> Iterator[Office]:
    """The office with its doors open; options are aiosmtpd's."""
    controller = Controller(office, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    office.port = controller.port
    try:
        yield office
    finally:
        controller.stop()


@contextmanager
def scripted(lines: Sequence[bytes], *, read_bytes: int = 0) -> Iterator[int]:
    """A server that answers each line it gets with the next of `lines`, reads on a little, and hangs up.

    Gives its port.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection), connection.makefile("rb") as stream:
                connection.sendall(lines[0])
                for line in lines[1:]:
                    stream.readline()
                    connection.sendall(line)
                stream.read(read_bytes)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def check_password(
    server: SMTP, session: ServerSession, envelope: Envelope, mechanism: str, login: LoginPassword
) -> AuthResult:
    """An authenticator that knows one user."""
    right = login.login == USER.encode() and login.password == PASSWORD.encode()
    return AuthResult(success=right, handled=right, auth_data=login)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1, made now: its file, and the server's side of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, private)
    return cert, context


def parcel(
    folder: Path,
    content: str = "một",
    *,
    names: Sequence[str] = ("bao-cao-thang.pdf", "bao-cao-thang.html"),
    title: str = TITLE,
    kind: DocumentKind = DocumentKind.REPORT,
    period: str = "2026-10",
) -> Parcel:
    """A parcel whose files say what they are."""
    digest = sha256(content.encode()).hexdigest()
    home = folder / "releases" / digest[:8]
    home.mkdir(parents=True, exist_ok=True)
    files = [home / name for name in names]
    for file in files:
        file.write_text(f"{file.name}: {content}\n.\n..chấm\n", encoding="utf-8")
    return Parcel(digest, period, UNIT, "tinh-lam-dong", "province_month", title, tuple(files), kind)


def settings(folder: Path, mail: Mail | None = None) -> Settings:
    """A deployment in a folder."""
    deployment = load_settings(folder / "site", folder / "state", environment={})
    return replace(deployment, deliveries=folder / "deliveries", mail=mail)


def plain(office: Office) -> Mail:
    """Mail settings without TLS or login, as for a relay on the same machine."""
    return Mail(host="127.0.0.1", port=office.port, sender=SENDER, starttls=False)


def secured(office: Office, password: str | None = PASSWORD) -> Mail:
    """Mail settings with STARTTLS and a login."""
    return Mail(host="127.0.0.1", port=office.port, sender=SENDER, user=USER, password=password)


def people(*addresses: str, kinds: Sequence[DocumentKind] = tuple(DocumentKind)) -> Recipients:
    """One list for the unit of the parcels."""
    return Recipients([RecipientList(UNIT, frozenset(kinds), addresses)])
