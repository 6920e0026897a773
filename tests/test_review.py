"""The review queue: what waits for a person, what is decided, and what a decision does to the next run."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from assets.parcels import notice_answers
from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.cli.app import app
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.domain.forms import FUNDING, GRID
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.process import rebuild, take_in
from ocop_pipeline.intake.review_queue import Decision, returned_later, send_back, waiting
from ocop_pipeline.reporting.notices import notice_id
from ocop_pipeline.settings import load_settings
from ocop_pipeline.warehouse.ledger import Ledger
from tests.unit.intake.filled import sound

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
OVER = {
    (FUNDING, "KP.content=production;source=central", "disbursed"): 120.5,
    (FUNDING, "KP", "disbursed"): 120.5,
}
WHY = "Đã có quyết định bổ sung"


class Desk:
    """A site whose inbox takes forms, and the command line over it."""

    def __init__(self, root, catalogue):
        self.site, self.catalogue = root, catalogue
        self.settings = load_settings(root)
        self.settings.inbox.mkdir(parents=True)
        self._files = 0

    def send(self, **changes):
        """Put a form into the inbox and look; the digests of what was judged, with their verdicts."""
        self._files += 1
        path = self.settings.inbox / f"bc-{self._files}.xlsx"
        path.write_bytes(sound(self.catalogue, **changes).xlsx())
        return self.look()

    def send_again(self, sha256, hours=0):
        """Put the very bytes into the inbox once more, under another name, and look."""
        self._files += hours
        data = Archive(self.settings.archive).read(sha256)
        (self.settings.inbox / f"gui-lai-{self._files}.xlsx").write_bytes(data)
        return self.look()

    def give_back(self, sha256, why):
        """What `ocop review return` does, at the hour of the looks."""
        with self.ledger() as ledger:
            (item,) = [each for each in waiting(ledger) if each.verdict.sha256 == sha256]
            send_back(ledger, item, Decision("Lan", why, self.now()))

    def notices(self):
        """The ids of the notices of files that stand as returned or set aside."""
        with self.ledger() as ledger:
            return [notice_id(answer) for _, answer in notice_answers(ledger, self.catalogue)]

    def now(self):
        """An hour later with every file."""
        return NOW + timedelta(hours=self._files)

    def look(self):
        """One look into the inbox."""
        with self.ledger() as ledger:
            taken = take_in(
                self.settings.inbox, Archive(self.settings.archive), ledger, self.catalogue,
                self.now(), workers=1, settle_seconds=-1e9,
            )  # fmt: skip
        return {each.submission_id: str(each.verdict) for each in taken.judgements}

    def ledger(self):
        """The ledger, opened."""
        return Ledger.open(self.settings.ledger)

    def run(self, *words, language="vi"):
        """A command of `ocop review`."""
        asked = ["review", *words, "--site", str(self.site)]
        return CliRunner().invoke(app, ["--lang", language, *asked] if language != "vi" else asked)

    def list(self, *words):
        """What waits, as JSON."""
        return json.loads(self.run("list", *words, "--json").stdout)

    def standing(self):
        """Digests of the reports that count."""
        with self.ledger() as ledger:
            return [each.sha256 for each in ledger.current_submissions()]


@pytest.fixture
def desk(tmp_path, catalogue):
    """An empty site."""
    return Desk(tmp_path, catalogue)


def test_an_accepted_report_with_warnings_waits_with_the_senders_reason(desk):
    """It counts at once; the list tells how many points wait and how many the sender answered."""
    ((sha256, verdict),) = desk.send(
        values={**OVER, (FUNDING, "KP.content=production;source=central", "note"): WHY}
    ).items()
    assert verdict == "accepted"
    assert desk.standing() == [sha256]
    (item,) = desk.list()
    assert (item["kind"], item["submission_id"]) == ("warning", sha256)
    assert item["doubts"] == sum(each["severity"] == "warning" for each in item["findings"]) > 0
    assert item["answered"] == 1
    assert desk.run("list").exit_code == 1
    shown = desk.run("show", sha256[:10])
    assert WHY in shown.stdout
    assert desk.list("--kind", "repair") == []
    assert desk.list("--period", "2026-09") == []
    assert len(desk.list("--province", "68")) == 1
    assert desk.list("--province", "01") == []


def test_accepted_it_waits_no_longer_and_who_and_why_are_kept(desk):
    """The decision is on record with the report; a sound report never waits."""
    ((sha256, _),) = desk.send(values=OVER).items()
    refused = desk.run("accept", sha256[:10], "--by", " ")
    assert refused.exit_code == 2
    assert desk.run("accept", sha256[:10], "--by", "Lan", "--reason", WHY).exit_code == 0
    assert desk.list() == []
    with desk.ledger() as ledger:
        (review,) = ledger.reviews()
        assert (review.decision, review.decided_by, review.reason) == ("accept", "Lan", WHY)
        assert len(ledger.verdicts_of(sha256)) == 1
    desk.send(info={"unit_code": "24787", "unit_name": None})
    assert desk.list() == []


def test_a_guess_is_told_apart(desk):
    """A number that could mean two things makes the report wait as a guess, before those with plain warnings."""
    desk.send(values=OVER)
    desk.send(info={"unit_code": "24787", "unit_name": None}, values={(FUNDING, "KP", "settled"): "1.234"})
    assert [item["kind"] for item in desk.list()] == ["repair", "warning"]


def test_returned_it_counts_no_more_and_the_earlier_report_counts_again(desk):
    """A report that is returned leaves the figures, what it had replaced comes back; its sender is told why."""
    ((first, _),) = desk.send().items()
    ((second, _),) = desk.send(values=OVER).items()
    assert desk.standing() == [second]
    told = desk.run("return", second[:10], "--by", "Lan", "--reason", "Kinh phí vượt kế hoạch")
    assert told.exit_code == 0, told.output
    assert desk.standing() == [first]
    with desk.ledger() as ledger:
        verdict = ledger.verdicts_of(second)[-1]
        assert verdict.verdict is Verdict.RETURNED
        assert verdict.findings[0].code == "RETURNED_BY_REVIEW"
        assert verdict.findings[0].args == {"reason": "Kinh phí vượt kế hoạch"}
        assert returned_later(ledger) == [second]
        restored = rebuild(Archive(desk.settings.archive), ledger, desk.catalogue, workers=1)
    verdicts = dict(
        zip(
            restored.submissions["submission_id"].to_pylist(),
            restored.submissions["verdict"].to_pylist(),
            strict=True,
        )
    )
    assert verdicts == {first: "accepted", second: "returned"}
    assert desk.list() == []
    assert desk.run("return", second[:10], "--by", "Lan", "--reason", "x").exit_code == 2


def test_a_return_by_mistake_is_taken_back(desk):
    """Accepted again, the report stands as before, without the reviewer's finding."""
    ((sha256, _),) = desk.send(values=OVER).items()
    desk.run("return", sha256[:10], "--by", "Lan", "--reason", "nhầm")
    assert desk.standing() == []
    assert desk.run("accept", sha256[:10], "--by", "Lan", "--reason", "nhầm").exit_code == 0
    assert desk.standing() == [sha256]
    with desk.ledger() as ledger:
        assert "RETURNED_BY_REVIEW" not in [each.code for each in ledger.verdicts_of(sha256)[-1].findings]
        assert returned_later(ledger) == []
    assert desk.list() == []


def test_the_same_file_sent_again_after_a_return_is_answered(desk):
    """It stays returned and the sender hears why, once for each day it is sent on; the next looks say nothing new."""
    ((sha256, _),) = desk.send(values=OVER).items()
    desk.give_back(sha256, "Kinh phí vượt kế hoạch")
    first = desk.notices()
    desk.look()
    assert desk.notices() == first
    assert desk.send_again(sha256, hours=1) == {sha256: "duplicate"}
    second = desk.notices()
    with desk.ledger() as ledger:
        verdict = ledger.verdicts_of(sha256)[-1]
        assert len(ledger.sightings_of(sha256)) == 2
    assert verdict.verdict is Verdict.RETURNED
    assert [each.code for each in verdict.findings[:2]] == ["RETURNED_FILE_SENT_AGAIN", "RETURNED_BY_REVIEW"]
    assert (
        finding_types()
        .message(verdict.findings[0])
        .startswith("Tệp gửi lại ngày 01/11/2026 giống hệt tệp đã bị trả lại ngày 01/11/2026 với ý kiến")
    )
    assert len(second) == 1
    assert second != first
    desk.look()
    desk.send_again(sha256, hours=1)
    assert desk.notices() == second
    desk.send_again(sha256, hours=24)
    assert desk.notices() not in (first, second)
    assert desk.standing() == []
    assert desk.list() == []


def test_sent_again_and_then_accepted_it_counts(desk):
    """What was said of the second sending is taken back with the return."""
    ((sha256, _),) = desk.send(values=OVER).items()
    desk.give_back(sha256, "nhầm")
    desk.send_again(sha256, hours=1)
    assert desk.run("accept", sha256[:10], "--by", "Lan", "--reason", "nhầm").exit_code == 0
    desk.look()
    assert desk.standing() == [sha256]
    with desk.ledger() as ledger:
        codes = {each.code for each in ledger.verdicts_of(sha256)[-1].findings}
    assert not codes & {"RETURNED_BY_REVIEW", "RETURNED_FILE_SENT_AGAIN"}


def test_a_report_of_nobody_known_is_given_to_a_unit(desk):
    """Told whose it is and of which month, the file is judged by the next look; until then it is no one's."""
    ((sha256, verdict),) = desk.send(info={"unit_code": None, "unit_name": "Xã Không Có Thật"}).items()
    assert verdict == "set_aside"
    (item,) = desk.list()
    assert item["kind"] == "sender"
    assert desk.run("accept", sha256[:10], "--by", "Lan").exit_code == 2
    wrong = desk.run("accept", sha256[:10], "--by", "Lan", "--unit", "68", "--period", "2026-10")
    assert wrong.exit_code == 2
    assert "không gửi biểu OCOP-XA" in wrong.output
    told = desk.run("accept", sha256[:10], "--by", "Lan", "--unit", "24787", "--period", "2026-10")
    assert told.exit_code == 0, told.output
    assert desk.list() == []
    assert desk.standing() == []
    assert desk.look() == {sha256: "accepted"}
    assert desk.look() == {}
    with desk.ledger() as ledger:
        (standing,) = ledger.current_submissions()
        assert (standing.sha256, standing.period) == (sha256, "2026-10")
        assert desk.catalogue.units.get(standing.unit_id, NOW.date()).code == "24787"


CODE_OFF = {"info": {"unit_code": "24787"}}


def test_a_report_with_another_units_code_waits_and_counts_for_nobody(desk):
    """Its sender is asked to put the code right; meanwhile a person may say whose it is, by name and not by default."""
    ((sha256, verdict),) = desk.send(**CODE_OFF).items()
    assert verdict == "returned"
    (item,) = desk.list()
    assert (item["kind"], item["unit_name"], item["doubts"]) == ("sender", "Phường Lâm Viên - Đà Lạt", 1)
    assert desk.standing() == []
    assert len(desk.notices()) == 1
    refused = desk.run("accept", sha256[:10], "--by", "Lan")
    assert refused.exit_code == 2
    assert "--unit" in refused.output
    told = desk.run("accept", sha256[:10], "--by", "Lan", "--unit", "24778", "--reason", "gọi điện xác nhận")
    assert told.exit_code == 0, told.output
    assert desk.look() == {sha256: "accepted"}
    assert desk.standing() == [sha256]
    assert desk.list() == []
    assert desk.notices() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"info": {"unit_code": "24787", "unit_name": "Xã Không Có Thật"}},
        {"info": {"unit_code": "24787", "province_name": "Hà Nội"}},
        {**CODE_OFF, "values": {(GRID, "TT01", "closing"): 26}},
    ],
)
def test_a_code_that_is_not_all_that_is_wrong_is_the_senders_to_mend(desk, changes):
    """Where name and province do not mean one unit, or figures are wrong too, it is returned and nothing waits."""
    ((_, verdict),) = desk.send(**changes).items()
    assert verdict == "returned"
    assert desk.list() == []


def test_a_wrong_code_waits_no_longer_once_the_sender_mended_it(desk):
    """A later accepted report of the same unit and month leaves nothing to decide."""
    desk.send(**CODE_OFF)
    desk.send()
    assert desk.list() == []


def test_a_wrong_code_can_be_returned_with_words_and_given_to_a_unit_after_all(desk):
    """The sender hears the reason; accepting it later needs its unit and judges it anew."""
    ((sha256, _),) = desk.send(**CODE_OFF).items()
    desk.give_back(sha256, "không phải báo cáo của phường")
    assert desk.list() == []
    desk.send_again(sha256, hours=1)
    assert desk.list() == []
    with desk.ledger() as ledger:
        assert returned_later(ledger) == []
        codes = [each.code for each in ledger.verdicts_of(sha256)[-1].findings]
    assert codes == ["RETURNED_FILE_SENT_AGAIN", "RETURNED_BY_REVIEW", "UNIT_CODE_NAME_MISMATCH"]
    assert desk.run("accept", sha256[:10], "--by", "Lan").exit_code == 2
    assert desk.run("accept", sha256[:10], "--by", "Lan", "--unit", "24778").exit_code == 0
    assert desk.look() == {sha256: "accepted"}


def test_a_file_is_given_to_units_served_here_only(desk):
    """A unit of another province, of another time, or a month to come is refused, and the file goes on waiting."""
    (desk.site / "ocop.toml").write_text('scope = ["68"]\n', encoding="utf-8")
    ((sha256, _),) = desk.send(info={"unit_code": None, "unit_name": "Xã Không Có Thật"}).items()
    for unit, period, words in (
        ("00004", "2026-10", "không thuộc địa bàn"),
        (
            "Xã Tân Hà, huyện Lâm Hà, tỉnh Lâm Đồng",
            "2026-10",
            "không có trên bản đồ hành chính ngày 14/10/2026",
        ),
        ("24787", "2999-01", "chưa bắt đầu"),
    ):
        refused = desk.run("accept", sha256[:10], "--by", "Lan", "--unit", unit, "--period", period)
        assert refused.exit_code == 2, refused.output
        assert words in " ".join(refused.output.split())
    assert len(desk.list()) == 1
    assert (
        desk.run("accept", sha256[:10], "--by", "Lan", "--unit", "24787", "--period", "2026-10").exit_code
        == 0
    )


@pytest.mark.parametrize("is_later", [True, False])
def test_a_file_given_to_a_unit_that_has_reported_is_a_submission_like_any_other(desk, is_later):
    """The person is told of the report that counts; of the two the one that came later counts."""
    nobody = {"info": {"unit_code": None, "unit_name": "Xã Không Có Thật"}}
    sent = [desk.send(**changes) for changes in (({}, nobody) if is_later else (nobody, {}))]
    (unknown,) = (sha256 for each in sent for sha256, verdict in each.items() if verdict == "set_aside")
    (known,) = desk.standing()
    told = desk.run("accept", unknown[:10], "--by", "Lan", "--unit", "24778", "--period", "2026-10")
    assert told.exit_code == 0, told.output
    words = " ".join(told.output.split())
    assert known[:10] in words
    assert ("sẽ thay báo cáo đó" in words, "vẫn được tính" in words) == (is_later, not is_later)
    assert desk.look() == {unknown: "accepted"}
    assert desk.standing() == [unknown if is_later else known]


def test_a_report_of_nobody_known_can_be_let_be(desk):
    """Returned, it waits no longer; it was never counted, and its first verdict stands."""
    ((sha256, _),) = desk.send(info={"unit_code": None, "unit_name": "Xã Không Có Thật"}).items()
    assert desk.run("return", sha256[:10], "--by", "Lan", "--reason", "gửi nhầm").exit_code == 0
    assert desk.list() == []
    assert desk.look() == {}
    with desk.ledger() as ledger:
        assert len(ledger.verdicts_of(sha256)) == 1


def test_a_replaced_report_leaves_the_queue(desk):
    """Once a later report of the duty counts, nobody has to decide on the earlier one."""
    desk.send(values=OVER)
    desk.send(values={(GRID, "TT04", "in_period"): 4})
    assert desk.list() == []


def test_ids_are_told_apart(desk):
    """An id that is too short, unknown or means several is refused, in words."""
    ((sha256, _),) = desk.send(values=OVER).items()
    assert desk.run("show", sha256[:3]).exit_code == 2
    assert desk.run("show", "zzzzzz").exit_code == 2
    (shown,) = [json.loads(desk.run("show", sha256[:10], "--json").stdout)]
    assert shown["decisions"] == []
