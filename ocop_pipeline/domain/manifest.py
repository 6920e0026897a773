"""What a workbook carries hidden about itself: for whom and which month it was made, signed by the site that made it.

Belongs here: its fields, its signature and what they are worth. A good signature says that this site made the template
for that sender and month; it says nothing about the figures, which anybody may change. Where it stands in a workbook is
`templates`, what is made of it `intake`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

SHEET: Final = "_ocop"
"""Name of the very hidden sheet that holds it: a field and its text in each row."""
VERSION: Final = "1"
_SIGNATURE_DIGITS: Final = 32
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Manifest:
    """For whom a workbook was made.

    Attributes:
        form: Code of the form.
        layout: Code of its layout.
        unit_id: The reporting unit (for departments, their province).
        agency: Code of the department; empty for units.
        period: Key of the month.
        nonce: Tells this copy from every other.
    """

    form: str
    layout: str
    unit_id: str
    agency: str
    period: str
    nonce: str

    def signed(self, key: bytes) -> dict[str, str]:
        """Its fields as texts, with the signature."""
        fields = {"version": VERSION, **asdict(self)}
        return {**fields, "signature": _signature(fields, key)}


def verified(fields: Mapping[str, str], key: bytes) -> Manifest | None:
    """The manifest that some fields are, if this key signed them; None where anything is missing or was changed."""
    names = tuple(Manifest.__dataclass_fields__)
    own = {"version": fields.get("version", ""), **{name: fields.get(name, "") for name in names}}
    if own["version"] != VERSION or any(len(text) > _LONGEST for text in own.values()):
        return None
    if not hmac.compare_digest(_signature(own, key).encode(), fields.get("signature", "").encode()):
        return None
    return Manifest(**{name: own[name] for name in names})


def _signature(fields: Mapping[str, str], key: bytes) -> str:
    # Lengths before texts: no two sets of fields are signed alike.
    said = "".join(f"{name}={len(text)}:{text};" for name, text in sorted(fields.items()))
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE_DIGITS]
