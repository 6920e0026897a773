"""`ocop deliveries`: what waits for a person, and what a person says about it (docs/cli.md)."""

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from post_office import NOW, Office, opened, plain
from sent_back import COMMUNE, PERIOD, Deployment
from typer.testing import CliRunner, Result

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.cli.app import app
from ocop_pipeline.warehouse.ledger import DeliveryRecord, Ledger

REFUSED = "550 5.1.1 no such mailbox"


@pytest.fixture
def office() -> Iterator[Office]:
    """A server that knows nobody at the commune's address."""
    with opened(Office(by_recipient={COMMUNE: REFUSED})) as doors:
        yield doors


@pytest.fixture
def site(tmp_path: Path, catalogue: Catalogue, office: Office) -> Iterator[Deployment]:
    """A deployment whose commune has a faulty file."""
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        deployment = Deployment(tmp_path, catalogue, ledger, plain(office))
        deployment.settings.site.mkdir()
        deployment.judge("sai")
        yield deployment


def ocop(site: Deployment, *arguments: str, lang: str = "vi") -> Result:
    """Run a command of the group."""
    place = ["--site", str(site.settings.site), "--state", str(site.settings.state)]
    return CliRunner().invoke(app, ["--lang", lang, "deliveries", *arguments, *place], env={"COLUMNS": "240"})


def waiting(site: Deployment) -> list[dict[str, object]]:
    """The documented JSON."""
    result = ocop(site, "list", "--json")
    listed = json.loads(result.stdout)
    assert result.exit_code == (1 if listed else 0)
    return listed


def settle(site: Deployment, number: object, *arguments: str, why: str = "gọi điện") -> Result:
    """Settle what waits at the commune's address."""
    return ocop(site, "settle", str(number), COMMUNE, "--why", why, *arguments)


def test_what_waits_is_listed_with_what_it_is(site: Deployment) -> None:
    """The JSON names document, unit, recipient, what happened and since when; the exit code is 1."""
    assert waiting(site) == []
    site.run()
    (item,) = waiting(site)
    document = item.pop("document_id")
    assert isinstance(document, str)
    assert len(document) == 64
    assert str(item.pop("title")).startswith("Phiếu trả lại ")
    assert item == {
        "kind": "return_notice",
        "period": PERIOD,
        "unit_id": site.commune.unit_id,
        "unit_name": site.commune.full_name,
        "channel": "smtp",
        "recipient": COMMUNE,
        "state": "failed",
        "since": "2026-10-20T08:30:00+07:00",
        "detail": REFUSED,
    }


def test_people_read_it_in_their_language(site: Deployment) -> None:
    """The table says in Vietnamese or English what waits and how to settle it; with nothing waiting, so."""
    assert "Không có việc gửi nào đang chờ" in ocop(site, "list").output
    site.run()
    vietnamese, english = ocop(site, "list"), ocop(site, "list", lang="en")
    assert vietnamese.exit_code == english.exit_code == 1
    assert "không gửi được" in vietnamese.output
    assert "not delivered" in english.output
    for text in (vietnamese.output, english.output):
        assert COMMUNE in text
        assert REFUSED in text
        assert site.commune.full_name in text
        assert "ocop deliveries settle" in text


def test_a_document_that_no_longer_stands_is_listed_too(site: Deployment) -> None:
    """Nothing that waits is hidden: what a document was may be unknown, its number and recipient are not."""
    site.ledger.record_deliveries([DeliveryRecord("ef" * 32, "smtp", "lan@so.example", "uncertain", NOW)])
    (item,) = waiting(site)
    assert (item["document_id"], item["state"]) == ("ef" * 32, "uncertain")
    assert [item[key] for key in ("kind", "title", "period", "unit_id", "unit_name")] == [None] * 5
    assert "efefefefef" in ocop(site, "list").output


def test_what_arrived_is_never_sent_again(site: Deployment, office: Office) -> None:
    """`--arrived` ends it, by the beginning of the number; who said so is on record."""
    site.run()
    (item,) = waiting(site)
    result = settle(site, str(item["document_id"])[:6].upper(), "--arrived", why="bà Lan, văn thư")
    assert result.exit_code == 0, result.output
    assert waiting(site) == []
    office.by_recipient.clear()
    site.run(day=21)
    assert office.mails == []
    assert site.ledger.delivery_entries()[-1].detail == "bà Lan, văn thư"


def test_what_is_released_goes_with_the_next_run(site: Deployment, office: Office) -> None:
    """`--send-again` takes it off the list and the next run, of whatever month, sends it once."""
    site.run()
    (item,) = waiting(site)
    assert settle(site, item["document_id"], "--send-again").exit_code == 0
    assert waiting(site) == []
    office.by_recipient.clear()
    for day in (21, 22):
        site.run("2026-11", day=day)
    assert [mail.recipients for mail in office.mails] == [[COMMUNE]]


@pytest.mark.parametrize(
    ("number", "arguments", "why", "said"),
    [
        ("", ["--arrived"], "gọi điện", "Không có việc gửi nào"),
        ("zz", ["--arrived"], "gọi điện", "Không có việc gửi nào"),
        ("ef", [], "gọi điện", "một trong hai"),
        ("ef", ["--arrived", "--send-again"], "gọi điện", "một trong hai"),
        ("ef", ["--arrived"], " ", "--why"),
        ("ef", ["--arrived"], "gọi điện", "2 việc gửi"),
    ],
)
def test_a_settlement_that_is_not_clear_is_refused(
    site: Deployment, number: str, arguments: list[str], why: str, said: str
) -> None:
    """No number, no decision, two, no reason, more than one delivery meant: exit code 2, nothing is recorded."""
    twice = [DeliveryRecord(f"ef{n}" + "0" * 61, "smtp", COMMUNE, "failed", NOW) for n in (1, 2)]
    site.ledger.record_deliveries(twice)
    result = settle(site, number, *arguments, why=why)
    assert result.exit_code == 2
    assert said in result.output
    assert len(site.ledger.delivery_entries()) == 2


def test_what_was_settled_waits_no_more(site: Deployment) -> None:
    """Settling a second time is refused with exit code 2."""
    site.run()
    (item,) = waiting(site)
    codes = [settle(site, item["document_id"], "--arrived").exit_code for _ in range(2)]
    assert codes == [0, 2]


def test_a_mail_being_sent_does_not_wait_for_anybody(site: Deployment) -> None:
    """While a run delivers, an intent alone is a mail under way; once no run does, it was interrupted."""
    site.ledger.record_deliveries([DeliveryRecord("ef" * 32, "smtp", COMMUNE, "intent", NOW)])
    with (site.settings.state / "delivery.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert waiting(site) == []
    (item,) = waiting(site)
    assert (item["state"], item["detail"]) == ("uncertain", "interrupted while sending")


def test_a_folder_without_ledger_is_a_mistyped_one(tmp_path: Path) -> None:
    """Exit code 2 and the path, rather than the false comfort that nothing waits; nothing is written there."""
    result = CliRunner().invoke(app, ["deliveries", "list", "--site", str(tmp_path)])
    assert result.exit_code == 2
    assert "ledger.sqlite" in result.output.replace("\n", "")
    assert list(tmp_path.iterdir()) == []
