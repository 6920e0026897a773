"""A parcel as a mail: subject, text, attachments, and the headers that make it recognisable.

Belongs here: what the mail says and how it is encoded. Does not: to whom it goes on the wire (`smtp.py`);
the words are in `report_templates/mail/`.

All addresses of a list stand in "To". The list is what the site wrote as one circle of receivers ("Nơi
nhận"), where each office is meant to see who else has the document; "Bcc" would hide that and look like
junk to filters. People who must not see each other's address belong in lists of their own.
"""

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from string import Template

from ocop_pipeline.catalogue.recipients import RecipientList
from ocop_pipeline.delivery.parcel import Parcel
from ocop_pipeline.domain.periods import Period, PeriodError
from ocop_pipeline.paths import REPORT_TEMPLATES

# Seven bits: the mail passes any server unchanged, whatever it says it can do.
_POLICY = SMTP.clone(cte_type="7bit")
_TYPES = {
    ".pdf": ("application", "pdf"),
    ".html": ("text", "html"),
    ".txt": ("text", "plain"),
    ".xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
_FOR_MACHINES = (".json",)
_UNKNOWN_TYPE = ("application", "octet-stream")
_LONGEST_SUBJECT = 200
_SHORT_ID = 10


class UnreadableError(Exception):
    """A file of the parcel cannot be read; the message names it."""


def compose(parcel: Parcel, receivers: RecipientList, sender: str, now: datetime) -> bytes:
    """Write the mail that takes a parcel to a list of receivers.

    The Message-ID follows from the document and the list alone: when a mail is sent again after a refusal,
    a program that already has it can tell.

    Args:
        parcel: What is sent; its files are read.
        receivers: Who stands in "To", those who have it already included.
        sender: The address in "From".
        now: The moment, with its time zone; becomes "Date".

    Returns:
        The mail in bytes, lines ended by CR LF, as it goes to a server (dots not doubled yet).

    Raises:
        UnreadableError: a file cannot be read.
    """
    mail = EmailMessage(policy=_POLICY)
    title = _one_line(parcel.title)
    subject, text = _words(parcel, title, receivers, now)
    mail["From"] = sender
    mail["To"] = ", ".join(receivers.addresses)
    mail["Subject"] = subject[:_LONGEST_SUBJECT]
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = _message_id(parcel, receivers.addresses, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail["X-OCOP-Document"] = parcel.document_id
    mail.set_content(text, charset="utf-8")
    mail["Content-Language"] = "vi"  # of the text: goes with it when attachments make it a part
    for file in _for_people(parcel):
        _attach(mail, file)
    return mail.as_bytes()


def _for_people(parcel: Parcel) -> list[Path]:
    """The files that somebody can read."""
    return [file for file in parcel.files if file.suffix.lower() not in _FOR_MACHINES]


def _message_id(parcel: Parcel, addresses: Sequence[str], sender: str) -> str:
    delivery = "\n".join([parcel.document_id, "smtp", *sorted(address.casefold() for address in addresses)])
    return f"<{hashlib.sha256(delivery.encode()).hexdigest()[:40]}@{sender.rpartition('@')[2]}>"


def _words(parcel: Parcel, title: str, receivers: RecipientList, now: datetime) -> tuple[str, str]:
    """Subject and text, from the first line of the template and the rest."""
    filled = _template(parcel.kind).substitute(
        title=title,
        addressee=_one_line(receivers.addressee) or _general_words()["addressee"],
        period=_period(parcel.period),
        files="\n".join(f"- {file.name}" for file in _for_people(parcel)),
        sent_on=f"{now:%d/%m/%Y, %H:%M}",
        number=parcel.document_id[:_SHORT_ID],
    )
    subject, _, text = filled.partition("\n")
    return subject, text.lstrip("\n")


def _period(key: str) -> str:
    words = _general_words()
    try:
        return Template(words["period"]).substitute(period=Period.parse(key).label_vi())
    except PeriodError:  # a notice about a file whose period could not be read
        return words["unknown_period"]


@cache
def _general_words() -> dict[str, str]:
    words: dict[str, str] = json.loads((REPORT_TEMPLATES / "mail" / "words.json").read_text(encoding="utf-8"))
    return words


@cache
def _template(kind: str) -> Template:
    return Template((REPORT_TEMPLATES / "mail" / f"{kind}.txt").read_text(encoding="utf-8"))


def _one_line(text: str) -> str:
    """Text without line breaks, control and invisible characters, in composed letters."""
    visible = "".join(
        " " if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") else sign for sign in text
    )
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def _attach(mail: EmailMessage, file: Path) -> None:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{file} cannot be read: {error.strerror}") from error
    maintype, subtype = _TYPES.get(file.suffix.lower(), _UNKNOWN_TYPE)
    mail.add_attachment(
        data,
        maintype=maintype,
        subtype=subtype,
        filename=file.name,
        params={"charset": "utf-8"} if maintype == "text" else None,
    )
