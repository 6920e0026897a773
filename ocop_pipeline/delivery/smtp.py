"""The SMTP channel: one session with the site's mail server, told apart step by step.

Belongs here: talking to the server, and what each of its answers means for each recipient. Does not: what
a mail says, who gets it, or remembering that they did.

The standard library's `sendmail` says "disconnected" wherever the line broke. Here it matters: broken
before the end of a mail, it has not been sent; broken while the server's last answer was due, nobody knows.
"""

import logging
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

from ocop_pipeline.catalogue.recipients import is_address
from ocop_pipeline.delivery.record import State
from ocop_pipeline.settings import Mail

logger = logging.getLogger(__name__)

IMPLICIT_TLS_PORT = 465
"""RFC 8314: on this port TLS begins with the connection."""
TIMEOUT_SECONDS = 60.0
LAST_ANSWER_SECONDS = 600.0
"""RFC 5321, section 4.5.3.2.6: a client that gives up earlier makes mails arrive twice."""
LARGEST_MAIL_BYTES = 25 * 1024 * 1024
"""As encoded. Larger mails are refused by most servers, whatever they announce."""

_LOST_IN_A_ROW = 3
_LONGEST_DETAIL = 200
_OK = 250
_GO_AHEAD = 354
_TOO_LARGE = 552
_DOT = re.compile(rb"^\.", re.MULTILINE)


class UnreachableError(Exception):
    """No mail can be handed over in this run; the message says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a mail at one recipient."""

    state: State
    detail: str = ""


class Session:
    """A connection to the mail server, opened when first needed and opened again when it broke."""

    def __init__(self, mail: Mail) -> None:
        """Prepare a session; nothing is connected yet."""
        self._mail = mail
        self._client: smtplib.SMTP | None = None
        self._lost = 0
        self._unreachable: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._client.quit()
            self._drop()

    def connect(self) -> None:
        """Make sure that there is a connection.

        Raises:
            UnreachableError: as `send`; the reason is kept, and the server not asked again in this session.
        """
        self._connected()

    def send(
        self, message: bytes, addresses: Sequence[str], about_to_send: Callable[[Sequence[str]], None]
    ) -> dict[str, Answer]:
        """Hand a mail over to the server, for several recipients.

        Args:
            message: The mail, lines ended by CR LF.
            addresses: The recipients of the envelope.
            about_to_send: Called with the addresses the server takes, before the first byte of the mail:
                from here on it may arrive.

        Returns:
            An answer for each address.

        Raises:
            UnreachableError: no connection, no trust, no login, or the sender is refused.
            Exception: whatever `about_to_send` raised; nothing has been sent.
        """
        client = self._connected()
        answers: dict[str, Answer] = {}
        try:
            self._envelope(client, len(message), addresses, answers)
            accepted = [address for address in addresses if address not in answers]
            if accepted:
                about_to_send(accepted)
                answers |= dict.fromkeys(accepted, self._hand_over(client, message))
            self._end(client, answers)
        except smtplib.SMTPException as error:
            logger.warning("Connection to %s lost: %s", self._mail.host, type(error).__name__)
            self._lost += 1
            self._drop()
            lost = Answer(State.DEFERRED, "connection lost before the mail was through")
            answers = {address: answers.get(address, lost) for address in addresses}
        return answers

    def _envelope(
        self, client: smtplib.SMTP, size: int, addresses: Sequence[str], answers: dict[str, Answer]
    ) -> None:
        """Name sender and recipients; those the server does not take get their answer."""
        options = [f"size={size}"] if client.has_extn("size") else []
        limit = _announced_limit(client)
        if size > limit:
            answers |= dict.fromkeys(addresses, Answer(State.FAILED, f"{size} bytes, limit {limit}"))
            return
        code, reply = client.mail(self._mail.sender, options)
        if code >= 500 and code != _TOO_LARGE:
            # The fault is in the settings, not with anybody who should get the mail.
            raise self._out_of_reach(f"sender {self._mail.sender} refused: {self._words(code, reply)}")
        if code != _OK:
            answers |= dict.fromkeys(addresses, self._refusal(code, reply))
            return
        for address in addresses:
            code, reply = client.rcpt(address)
            if not 200 <= code < 300:
                answers[address] = self._refusal(code, reply)

    def _hand_over(self, client: smtplib.SMTP, message: bytes) -> Answer:
        code, reply = client.docmd("DATA")
        if code != _GO_AHEAD:
            return self._refusal(code, reply)
        # Until the line with the single dot is out, a broken line means that nothing was sent.
        client.send(_DOT.sub(b"..", message) + b".\r\n")
        assert client.sock is not None  # noqa: S101 - send() has just used it
        client.sock.settimeout(LAST_ANSWER_SECONDS)
        try:
            code, reply = client.getreply()
        except smtplib.SMTPException:
            self._lost += 1
            self._drop()
            return Answer(State.UNCERTAIN, "connection lost after the mail, before the server's answer")
        client.sock.settimeout(TIMEOUT_SECONDS)
        if 200 <= code < 300:
            return Answer(State.SENT, self._words(code, reply))
        if code < 400:
            return Answer(State.UNCERTAIN, f"not understood: {self._words(code, reply)}")
        return self._refusal(code, reply)

    def _end(self, client: smtplib.SMTP, answers: dict[str, Answer]) -> None:
        """Leave no half-named envelope behind, nor a server that said it would close (421)."""
        if self._client is None:  # lost while its last answer was due
            return
        self._lost = 0
        if any(answer.state is State.DEFERRED for answer in answers.values()):
            self._drop()
        elif any(answer.state is not State.SENT for answer in answers.values()):
            with self._broken_means_drop():
                client.rset()

    @contextmanager
    def _broken_means_drop(self) -> Iterator[None]:
        try:
            yield
        except smtplib.SMTPException:
            self._drop()

    def _connected(self) -> smtplib.SMTP:
        if self._unreachable is not None:
            raise UnreachableError(self._unreachable)
        if self._lost >= _LOST_IN_A_ROW:
            raise self._out_of_reach(f"the server broke off {self._lost} times running")
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _connect(self) -> smtplib.SMTP:
        self._check_settings()
        try:
            client = self._greet()
        except ssl.SSLCertVerificationError as error:
            raise self._out_of_reach(f"certificate not trusted: {error.verify_message}") from error
        except (smtplib.SMTPException, OSError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise self._out_of_reach(f"no connection: {reason}") from error
        if self._mail.user:
            self._login(client)
        return client

    def _check_settings(self) -> None:
        mail = self._mail
        if not is_address(mail.sender):
            raise self._out_of_reach("mail.sender in the settings is not a plain e-mail address")
        if mail.user and not (mail.starttls or mail.port == IMPLICIT_TLS_PORT):
            raise self._out_of_reach("mail.user needs mail.starttls: a password is sent over TLS only")
        if mail.user and not mail.password:
            raise self._out_of_reach("mail.user is set, OCOP_SMTP_PASSWORD is not")

    def _greet(self) -> smtplib.SMTP:
        """Connect, and start TLS where it is asked for; a server without it is an error, never plain text."""
        mail = self._mail
        # Looking up this machine's own name may take seconds and tells a server nothing.
        own_name = mail.sender.rpartition("@")[2]
        if mail.port == IMPLICIT_TLS_PORT:
            return smtplib.SMTP_SSL(
                mail.host, mail.port, own_name, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        client = smtplib.SMTP(mail.host, mail.port, own_name, timeout=TIMEOUT_SECONDS)
        try:
            if mail.starttls:
                client.starttls(context=ssl.create_default_context())
            client.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError):
            client.close()
            raise
        return client

    def _login(self, client: smtplib.SMTP) -> None:
        """Log in. Neither the exception nor the server's words go further: either might hold the password."""
        try:
            client.login(self._mail.user or "", self._mail.password or "")
        except smtplib.SMTPAuthenticationError as error:
            reason = f"login refused ({error.smtp_code})"
        except smtplib.SMTPNotSupportedError:
            reason = "login not offered by the server"
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            reason = f"login failed ({type(error).__name__})"
        else:
            return
        client.close()
        raise self._out_of_reach(reason)

    def _out_of_reach(self, reason: str) -> UnreachableError:
        """Give the server up for this run."""
        self._drop()
        self._unreachable = f"{self._mail.host}:{self._mail.port}: {reason}"
        logger.error("Mail cannot be sent: %s", self._unreachable)
        return UnreachableError(self._unreachable)

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _refusal(self, code: int, reply: bytes) -> Answer:
        return Answer(State.FAILED if 500 <= code < 600 else State.DEFERRED, self._words(code, reply))

    def _words(self, code: int, reply: bytes) -> str:
        """The server's answer on one line, cut, and without our password should it repeat it."""
        text = " ".join(
            "".join(c if c.isprintable() else " " for c in reply.decode("utf-8", "replace")).split()
        )
        if self._mail.password and self._mail.password in text:
            text = "(not shown)"
        return f"{code} {text}"[:_LONGEST_DETAIL]


def _announced_limit(client: smtplib.SMTP) -> int:
    """The largest mail the server takes (RFC 1870), or our own limit if that is less or none is announced."""
    announced = client.esmtp_features.get("size", "")
    return (
        min(int(announced) or LARGEST_MAIL_BYTES, LARGEST_MAIL_BYTES)
        if announced.isdecimal()
        else LARGEST_MAIL_BYTES
    )
