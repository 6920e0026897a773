"""Return notices on their way: to the sender, once, whatever month is run; never for what has been corrected."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from post_office import NOW, Office, opened, plain
from sent_back import COMMUNE, PERIOD, PROVINCE, Deployment, wrong_total

from assets.parcels import known_parcels, notice_parcels
from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.delivery import Outcome, pending_review, release_id, settle
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.reporting.notices import notice_id
from ocop_pipeline.reporting.release import unit_slug
from ocop_pipeline.warehouse.ledger import IssueRecord, Ledger

NEXT_MONTH = "2026-11"


@pytest.fixture
def office() -> Iterator[Office]:
    """An open server that takes everything."""
    with opened(Office()) as doors:
        yield doors


@pytest.fixture
def site(tmp_path: Path, catalogue: Catalogue, office: Office) -> Iterator[Deployment]:
    """A deployment that mails through the office."""
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as ledger:
        yield Deployment(tmp_path, catalogue, ledger, plain(office))


def test_a_communes_notice_reaches_that_commune_once(site: Deployment, office: Office) -> None:
    """It goes to the commune's list for notices and to nobody else, in one mail however often months are run."""
    site.judge("sai")
    for period in (PERIOD, PERIOD, NEXT_MONTH):
        site.run(period)
    (mail,) = office.mails
    assert mail.recipients == [COMMUNE]
    text = mail.message.get_body(("plain",)).get_content()
    assert mail.message["Subject"].startswith("Phiếu trả lại ")
    assert mail.message["Subject"].endswith("(kỳ báo cáo tháng 10 năm 2026)")
    assert "Kính gửi: Quý cơ quan," in text
    page, plain_text = list(mail.message.iter_attachments())
    assert (page.get_content_type(), plain_text.get_content_type()) == ("text/html", "text/plain")
    for part in (page, plain_text):
        assert "bao-cao.xlsx" in part.get_content()
        assert "C9" in part.get_content()


def test_the_folder_has_every_notice(site: Deployment, office: Office) -> None:
    """A file that is nobody's has its notice in a folder of its own, and no mail is sent for it."""
    site.judge("sai")
    site.judge("không rõ", Verdict.SET_ASIDE, known=False)
    site.run()
    site.run(NEXT_MONTH)
    assert site.delivered() == {
        f"{PERIOD}/{unit_slug(site.commune)}": [".html", ".txt"],
        "khong-ro-ky/khong-ro-don-vi": [".html", ".txt"],
    }
    assert [mail.recipients for mail in office.mails] == [[COMMUNE]]


def test_a_file_judged_again_has_another_notice(site: Deployment, office: Office) -> None:
    """Other findings on the same file are another document; the same findings are the same one."""
    site.judge("sai")
    site.run()
    site.judge("sai")
    site.run()
    assert len(office.mails) == 1
    site.judge("sai", findings=[wrong_total("C9"), wrong_total("D12")])
    site.run()
    assert len(office.mails) == 2
    assert "D12" in list(office.mails[1].message.iter_attachments())[1].get_content()
    assert site.delivered() == {f"{PERIOD}/{unit_slug(site.commune)}": [".html", ".txt"] * 2}


def test_another_file_has_another_notice(site: Deployment, office: Office) -> None:
    """A correction with the very same mistakes is another file, and its sender is told so."""
    site.judge("sai")
    site.judge("vẫn sai")
    site.run()
    assert [mail.recipients for mail in office.mails] == [[COMMUNE]] * 2
    assert office.mails[0].message["Subject"] != office.mails[1].message["Subject"]


def test_sentences_do_not_name_a_notice() -> None:
    """A better wording sends nothing again; another cell or verdict is something else; order is nothing."""
    found = [{"code": code, "severity": "error", "sheet": "1", "cell": code} for code in ("A", "B")]
    answer = {"submission_id": "ab" * 32, "verdict": "returned", "period": PERIOD, "findings": found}
    worded = [finding | {"message_vi": "Kính đề nghị xem lại."} for finding in reversed(found)]
    assert notice_id(answer | {"findings": worded, "unit_name": "Xã A"}) == notice_id(answer)
    moved = [found[0], found[1] | {"cell": "Z9"}]
    others = [{"findings": moved}, {"verdict": "set_aside"}, {"unit_id": "p1.1"}, {"submission_id": "c" * 64}]
    reviewed = {"code": "RETURNED_BY_REVIEW", "severity": "error", "sheet": "", "cell": ""}
    others += [{"findings": [reviewed | {"args": {"reason": why}}]} for why in ("sai kỳ", "sai đơn vị")]
    assert len({notice_id(answer | other) for other in ({}, *others)}) == 7


def test_a_notice_that_could_not_go_goes_with_the_next_months_run(site: Deployment, office: Office) -> None:
    """Refused for the time being in one month's run, it is sent in another's."""
    office.by_recipient[COMMUNE] = "451 4.7.1 try again later"
    site.judge("sai")
    site.run()
    assert office.mails == []
    office.by_recipient.clear()
    site.run(NEXT_MONTH, day=21)
    assert [mail.recipients for mail in office.mails] == [[COMMUNE]]


def test_nobody_is_asked_for_what_they_have_sent(site: Deployment, office: Office) -> None:
    """Once a later file of the same report is accepted, the notice goes to the folder and is not mailed."""
    site.judge("sai")
    site.judge("đúng", Verdict.ACCEPTED, [])
    receipts = site.run()
    assert office.mails == []
    assert [r.outcome for r in receipts if r.channel == "folder"] == [Outcome.SENT]
    (skipped,) = [r for r in receipts if r.channel == "smtp"]
    assert (skipped.recipient, skipped.outcome) == (COMMUNE, Outcome.SKIPPED)
    assert "accepted" in skipped.detail


def test_a_faulty_correction_of_an_accepted_file_is_told(site: Deployment, office: Office) -> None:
    """A file accepted earlier does not silence the notice of a later one."""
    site.judge("đúng", Verdict.ACCEPTED, [])
    site.judge("sửa sai")
    site.run()
    assert [mail.recipients for mail in office.mails] == [[COMMUNE]]


def test_a_person_may_send_what_is_withheld(site: Deployment, office: Office) -> None:
    """What somebody decided to send again is sent, corrected meanwhile or not."""
    office.by_recipient[COMMUNE] = "550 5.1.1 no such mailbox"
    site.judge("sai")
    site.run()
    (item,) = pending_review(site.ledger)
    site.judge("đúng", Verdict.ACCEPTED, [])
    office.by_recipient.clear()
    site.run(day=21)
    assert office.mails == []
    settle(site.ledger, item, arrived=False, why="văn thư xã đề nghị gửi lại", now=NOW)
    site.run(day=22)
    assert [mail.recipients for mail in office.mails] == [[COMMUNE]]


def test_a_notice_that_was_never_written_is_not_a_failure(site: Deployment) -> None:
    """A file judged after the notices of a run were written has its notice in the next run."""
    site.judge("sai")
    (parcel,) = notice_parcels(site.ledger, site.catalogue, site.settings)
    assert not any(file.exists() for file in parcel.files)
    receipts = site.run()
    assert {r.outcome for r in receipts} == {Outcome.SENT}


def _issue(site: Deployment, number: int, title: str) -> str:
    """A report of the commune's province for October is on record and on disk; gives its document id."""
    unit_id = site.lists[-1].unit_id
    content = sha256(title.encode()).hexdigest()
    folder = site.settings.releases / f"{number:02d}"
    folder.mkdir(parents=True)
    (folder / f"bao-cao-{number}.pdf").write_bytes(b"%PDF-")
    manifest = {"title": title, "outputs": [{"file": f"bao-cao-{number}.pdf"}]}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    path = str((folder / "manifest.json").relative_to(site.settings.state))
    site.ledger.record_issues([IssueRecord(PERIOD, unit_id, "province_month", number, content, path, NOW)])
    return release_id(content, number)


def test_a_report_left_over_goes_with_the_next_months_run(site: Deployment, office: Office) -> None:
    """A report refused for the time being arrives although its month is not run again; then it rests."""
    _issue(site, 1, "Báo cáo tháng 10")
    office.by_recipient[PROVINCE] = "451 4.7.1 try again later"
    site.run()
    office.by_recipient.clear()
    for day in (21, 22):
        site.run(NEXT_MONTH, day=day)
    assert [mail.message["Subject"] for mail in office.mails] == ["Báo cáo tháng 10"]


def test_a_corrected_address_gets_what_the_wrong_one_did_not(site: Deployment, office: Office) -> None:
    """A person releases what a wrong address refused: the next run, of another month, serves who is listed now."""
    _issue(site, 1, "Báo cáo tháng 10")
    office.by_recipient[PROVINCE] = "550 5.1.1 no such mailbox"
    site.run()
    (item,) = pending_review(site.ledger)
    site.lists[-1] = replace(site.lists[-1], addresses=("moi@so.example",))
    settle(site.ledger, item, arrived=False, why="địa chỉ sai, đã sửa", now=NOW)
    for day in (21, 22):
        site.run(NEXT_MONTH, day=day)
    assert [mail.recipients for mail in office.mails] == [["moi@so.example"]]
    assert pending_review(site.ledger) == []


def test_of_other_months_only_what_is_left_over_goes(site: Deployment, office: Office) -> None:
    """A report nobody has begun to deliver is its own month's business, and a corrected one nobody's."""
    _issue(site, 1, "Báo cáo tháng 10")
    site.run(NEXT_MONTH)
    assert site.delivered() == {}
    office.by_recipient[PROVINCE] = "451 4.7.1 try again later"
    site.run()
    _issue(site, 2, "Báo cáo tháng 10 (đính chính)")
    office.by_recipient.clear()
    site.run(NEXT_MONTH, day=21)
    assert office.mails == []
    site.run(day=22)
    assert [mail.message["Subject"] for mail in office.mails] == ["Báo cáo tháng 10 (đính chính)"]


def test_a_lost_release_does_not_stop_the_next_month(site: Deployment, office: Office) -> None:
    """A release that was taken away while its mail was waiting is left; the rest of the run is delivered."""
    document = _issue(site, 1, "Báo cáo tháng 10")
    office.by_recipient[PROVINCE] = "451 4.7.1 try again later"
    site.run()
    (site.settings.releases / "01" / "manifest.json").unlink()
    site.judge("sai")
    site.run(NEXT_MONTH, day=21)
    assert [mail.recipients for mail in office.mails] == [[COMMUNE]]
    assert known_parcels(site.ledger, site.catalogue, site.settings, {document}) == {}
