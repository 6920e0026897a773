"""Who receives the documents of which unit: the site's `recipients.yml`, read strictly or refused.

Here: the form of that file and what an e-mail address may look like. Not here: how anything is sent, or
what was (`ocop_pipeline/delivery`). The file holds addresses of people, so it lies with the site and never
in the catalogue.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from ocop_pipeline.catalogue.tables import Row, read_document
from ocop_pipeline.domain.units import Tier, UnitLedger

RECIPIENTS_FILE = "recipients.yml"

LONGEST_ADDRESS = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""
MOST_ADDRESSES = 100
"""RFC 5321, section 4.5.3.1.8: so many recipients of one message every server must take."""

_LONGEST_LOCAL_PART = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# No quoted local parts, comments, address literals or letters beyond ASCII: no office has such an address,
# and what cannot be written here cannot be smuggled into a header or an SMTP command.
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+")


class DocumentKind(StrEnum):
    """What kind of document a list of recipients is for."""

    REPORT = "report"
    RETURN_NOTICE = "return_notice"


@dataclass(frozen=True, slots=True)
class RecipientList:
    """People who receive one mail together, and see each other's address in it.

    Attributes:
        unit_id: The unit whose documents they receive.
        kinds: The kinds of document they receive.
        addresses: E-mail addresses, in the order of the file.
        addressee: How the mail addresses them ("Sở Nông nghiệp và Môi trường"); blank for the general form.
    """

    unit_id: str
    kinds: frozenset[DocumentKind]
    addresses: tuple[str, ...]
    addressee: str = ""


class Recipients:
    """The lists of a site."""

    def __init__(self, lists: Iterable[RecipientList] = ()) -> None:
        """Hold the lists, in the order of the file."""
        self.lists = tuple(lists)

    def of(self, unit_id: str, kind: DocumentKind) -> tuple[RecipientList, ...]:
        """The lists that receive documents of this kind about this unit; empty when nobody does."""
        return tuple(entry for entry in self.lists if entry.unit_id == unit_id and kind in entry.kinds)


def is_address(text: str) -> bool:
    """Whether a text is a plain ASCII e-mail address, such as ``vanthu@lamdong.example``.

    Anything with spaces, line breaks, commas, quotes or angle brackets is not.
    """
    match = _ADDRESS.fullmatch(text)
    return match is not None and len(text) <= LONGEST_ADDRESS and len(match["local"]) <= _LONGEST_LOCAL_PART


def load_recipients(site: Path, units: UnitLedger, today: date) -> Recipients:
    """Read a site's `recipients.yml`; a site without the file mails to nobody.

    Args:
        site: The site folder.
        units: Where unit codes are looked up.
        today: The day on which a code is understood that comes without ``on``.

    Raises:
        CatalogueError: with file, line and reason: an unknown field, unit, tier or kind; no address or one
            that is not written as an address; an address that would get the same document twice.
    """
    path = site / RECIPIENTS_FILE
    if not path.exists():
        return Recipients()
    document = read_document(path)
    document.only("recipients")
    seen: dict[tuple[str, DocumentKind, str], int] = {}
    lists = []
    for row in document.rows("recipients"):
        entry = _list(row, units, today)
        _refuse_second_copy(row, entry, seen)
        lists.append(entry)
    return Recipients(lists)


def _list(row: Row, units: UnitLedger, today: date) -> RecipientList:
    row.only("unit", "tier", "on", "receives", "addressee", "addresses")
    return RecipientList(
        unit_id=_unit_id(row, units, today),
        kinds=frozenset(_kinds(row)),
        addresses=tuple(_addresses(row)),
        addressee=row.optional("addressee") or "",
    )


def _unit_id(row: Row, units: UnitLedger, today: date) -> str:
    code, tier, on = row.text("unit"), Tier(row.choice("tier", tuple(Tier))), row.optional_date("on") or today
    unit = units.find_code(code, on, tier)
    if unit is None:
        raise row.error(
            f"no {tier} has the code {code} on {on}; for a unit of another time write a day of it, "
            "such as 'on: 2025-06-30'",
            "unit",
        )
    return unit.unit_id


def _kinds(row: Row) -> Iterator[DocumentKind]:
    names = row.texts("receives")
    if not names:
        raise row.error(f"'receives' is blank; write one or more of {', '.join(DocumentKind)}", "receives")
    for name in names:
        if name not in tuple(DocumentKind):
            raise row.error(f"'receives' may hold {', '.join(DocumentKind)}; not {name!r}", "receives")
        yield DocumentKind(name)


def _addresses(row: Row) -> Iterator[str]:
    addresses = row.texts("addresses")
    if not addresses:
        raise row.error("'addresses' is blank; a list must name somebody", "addresses")
    if len(addresses) > MOST_ADDRESSES:
        raise row.error(
            f"{len(addresses)} addresses; a mail may go to {MOST_ADDRESSES}, divide the list", "addresses"
        )
    for address in addresses:
        if not is_address(address):
            raise row.error(
                f"{address!r} is not an e-mail address; write it plainly, as ten@coquan.gov.vn", "addresses"
            )
        yield address


def _refuse_second_copy(
    row: Row, entry: RecipientList, seen: dict[tuple[str, DocumentKind, str], int]
) -> None:
    for kind in sorted(entry.kinds):
        for address in entry.addresses:
            key = (entry.unit_id, kind, address.casefold())
            if key in seen:
                raise row.error(
                    f"{address} already receives every {kind} of this unit (line {seen[key]})", "addresses"
                )
            seen[key] = row.number
