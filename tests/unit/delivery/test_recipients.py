"""The site's recipients.yml: what it may say, and that a mistake in it is told with its line."""

import re
from datetime import date
from email.headerregistry import Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.recipients import (
    MOST_ADDRESSES,
    DocumentKind,
    Recipients,
    is_address,
    load_recipients,
)
from ocop_pipeline.catalogue.units import load_units
from ocop_pipeline.settings import load_settings

UNITS = load_units()
TODAY = date(2026, 10, 20)
SOUND = """\
recipients:
  - unit: 68
    tier: province
    receives: [report, return_notice]
    addressee: Sở Nông nghiệp và Môi trường
    addresses:
      - vanthu@so.example
      - Lan.Nguyen+ocop@so.example
  - unit: 672
    tier: district
    on: 2025-05-31
    receives: [report]
    addresses: [vanthu@dalat.example]
"""


def load(folder: Path, text: str) -> Recipients:
    """The lists of a site with this file."""
    (folder / "recipients.yml").write_text(text, encoding="utf-8")
    return load_recipients(folder, UNITS, TODAY)


def test_lists_are_found_by_unit_and_kind(tmp_path: Path) -> None:
    """A unit's documents go to its lists of that kind; other units and kinds have none."""
    recipients = load(tmp_path, SOUND)
    (entry,) = recipients.of("p68.2", DocumentKind.RETURN_NOTICE)
    assert entry.addresses == ("vanthu@so.example", "Lan.Nguyen+ocop@so.example")
    assert entry.addressee == "Sở Nông nghiệp và Môi trường"
    assert recipients.of("p68.1", DocumentKind.REPORT) == ()
    assert recipients.of("", DocumentKind.REPORT) == ()


def test_a_unit_of_another_time_needs_its_day(tmp_path: Path) -> None:
    """Codes are read on the day `on`, by default today: districts are found only with a day of their time."""
    (entry,) = load(tmp_path, SOUND).of("d672.1", DocumentKind.REPORT)
    assert entry.kinds == {DocumentKind.REPORT}
    with pytest.raises(
        CatalogueError, match=r"recipients\.yml:9: no district has the code 672 on 2026-10-20"
    ):
        load(tmp_path, SOUND.replace("    on: 2025-05-31\n", ""))


def test_a_site_without_the_file_mails_to_nobody(tmp_path: Path) -> None:
    """The file is the site's choice; without it there are no lists."""
    assert load_recipients(tmp_path, UNITS, TODAY).lists == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("unit: 68", "unit: 99", 2, "no province has the code 99"),
        ("unit: 68\n", "unit:\n", 2, "'unit' is blank"),
        ("tier: province", "tier: commune", 2, "no commune has the code 68"),
        ("tier: province", "tier: tinh", 3, "'tier' must be one of"),
        ("[report, return_notice]", "[]", 4, "'receives' is blank"),
        ("[report, return_notice]", "[report, notices]", 4, "not 'notices'"),
        ("    addressee", "    adressee", 5, "unknown field 'adressee'"),
        ("vanthu@so.example", "vanthu", 6, "'vanthu' is not an e-mail address"),
        ("vanthu@so.example", '"a@so.example, b@so.example"', 6, "is not an e-mail address"),
        ("vanthu@so.example", '"Lan <lan@so.example>"', 6, "is not an e-mail address"),
        ("vanthu@so.example", '"a@so.example\\r\\nBcc: b@x.example"', 6, "is not an e-mail address"),
        ("vanthu@so.example", "LAN.nguyen+ocop@SO.example", 6, "already receives every report"),
        ("[vanthu@dalat.example]", "", 13, "'addresses' is blank"),
        ("on: 2025-05-31", "on: 31/05/2025", 11, "must be a date"),
        ("recipients:", "lists:", 1, "unknown field 'lists'"),
        ("recipients:", "recipients: [", None, "not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, reason: str
) -> None:
    """A file with any mistake is refused whole, with file, line and reason."""
    assert old in SOUND
    with pytest.raises(CatalogueError) as refusal:
        load(tmp_path, SOUND.replace(old, new, 1))
    assert refusal.value.file == "recipients.yml"
    assert reason in refusal.value.reason
    if line is not None:
        assert refusal.value.row == line


def test_the_documented_examples_are_sound(tmp_path: Path) -> None:
    """What docs/delivery.md shows can be copied: both files load."""
    page = (Path(__file__).parents[3] / "docs" / "delivery.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(yaml|toml)\n(.*?)```", page, re.DOTALL))
    assert len(load(tmp_path, blocks["yaml"]).lists) == 3
    (tmp_path / "ocop.toml").write_text(blocks["toml"], encoding="utf-8")
    mail = load_settings(tmp_path, environment={"OCOP_SMTP_PASSWORD": "x"}).mail
    assert mail is not None
    assert is_address(mail.sender)


def test_the_same_address_in_a_second_list_is_refused(tmp_path: Path) -> None:
    """Two lists of a unit that share an address and a kind would send twice."""
    again = "  - {unit: 68, tier: province, receives: [return_notice], addresses: [VanThu@so.example]}\n"
    with pytest.raises(CatalogueError, match=r"recipients\.yml:14: .* every return_notice .*line 2"):
        load(tmp_path, SOUND + again)


def test_a_list_is_no_longer_than_servers_take(tmp_path: Path) -> None:
    """A hundred recipients of one mail is what every server must take (RFC 5321); more is refused."""
    names = [f"      - a{n}@so.example" for n in range(MOST_ADDRESSES + 1)]
    head = "recipients:\n  - unit: 68\n    tier: province\n    receives: [report]\n    addresses:\n"
    assert len(load(tmp_path, head + "\n".join(names[:-1])).lists[0].addresses) == MOST_ADDRESSES
    with pytest.raises(CatalogueError, match="divide the list"):
        load(tmp_path, head + "\n".join(names))


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a@b", "@so.example", "a@", "a@so..example", ".a@so.example", "a.@so.example",
        "a b@so.example", "a@so.example ", "a@-so.example", "a@[127.0.0.1]", '"a"@so.example',
        "a@so.example\n", "a@sở.example",
        "lân@so.example", "a@so.example>", "a" * 65 + "@so.example",
        "a@" + "b" * 64 + ".example",
        "a@" + ".".join(["b" * 60] * 5),
    ],
)  # fmt: skip
def test_what_is_not_an_address(text: str) -> None:
    """Nothing but plain ASCII addresses within the lengths of RFC 5321."""
    assert not is_address(text)


@given(st.text(st.characters(codec="ascii"), max_size=40) | st.emails())
def test_an_address_is_safe_in_headers_and_commands(text: str) -> None:
    """What passes as an address is one address to the standard library too, and needs no quoting."""
    if is_address(text):
        assert Address(addr_spec=text).addr_spec == text
        assert not set(text) & set(' \r\n\t<>,;:"()[]\\')
