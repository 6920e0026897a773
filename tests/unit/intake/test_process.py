"""One look into the inbox after another: every path ends somewhere, nothing is lost, nothing counts twice."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.domain.forms import GRID
from ocop_pipeline.intake import process
from ocop_pipeline.intake.answer import answer
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.extract import extract
from ocop_pipeline.intake.order import in_order
from ocop_pipeline.intake.process import check, rebuild, take_in, waiting_periods
from ocop_pipeline.intake.recognise import identify
from ocop_pipeline.intake.tables import Candidate
from ocop_pipeline.quality.rules import load_rules
from ocop_pipeline.settings import load_settings
from ocop_pipeline.warehouse.ledger import Ledger
from tests.unit.intake.filled import shipped, shipped_spec, sound

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SENT = datetime(2026, 10, 16, 8, tzinfo=UTC)
BAD = {(GRID, "TT01", "closing"): 26}


class Site:
    """An inbox, an archive and a ledger in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.archive = Archive(root / "archive")
        self.ledger_path = root / "ledger.sqlite"
        self.catalogue: Catalogue = shipped()

    def put(self, name, data, sent=SENT):
        """Put a file into the inbox, as sent at some time."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (sent.timestamp(), sent.timestamp()))
        return path

    def look(self, **options):
        """One look; the ledger is opened and closed as a run does."""
        with Ledger.open(self.ledger_path) as ledger:
            return take_in(self.inbox, self.archive, ledger, self.catalogue, NOW, workers=1, **options)

    def standing(self):
        """Digests that stand for their duties."""
        with Ledger.open(self.ledger_path) as ledger:
            return [record.sha256 for record in ledger.current_submissions()]


@pytest.fixture
def site(tmp_path):
    """An empty site."""
    return Site(tmp_path)


def form(**changes):
    """The bytes of a form of the ward."""
    return sound(shipped(), **changes).xlsx()


def verdicts(taken):
    """File -> verdict and codes."""
    return {
        judgement.display_name: (str(judgement.verdict), [finding.code for finding in judgement.findings])
        for judgement in taken.judgements
    }


def plain(table):
    """A table without dictionaries, in an order of its own."""
    names = table.column_names
    columns = [
        table[name].cast(pa.string()) if pa.types.is_dictionary(table[name].type) else table[name]
        for name in names
    ]
    keys = [(name, "ascending") for name in names if name in ("submission_id", "sheet", "cell")]
    return pa.table(columns, names=names).sort_by(keys)


def test_every_path_ends_accepted_returned_set_aside_duplicate_or_waiting(site):
    """One look at an inbox with everything in it; nothing stops the others."""
    data = form()
    site.put("good.xlsx", data)
    site.put("xã/again.xlsx", data, SENT + timedelta(hours=1))
    site.put("bad.xlsx", form(values=BAD, info={"unit_code": "24787", "unit_name": None}))
    site.put("junk.xlsx", b"PK\x03\x04 cut off")
    site.put("other.csv", "[Danh bạ]\nTên;Số\nA;1\n".encode())
    site.put("fresh.xlsx", form(info={"period": "09/2026"}), NOW - timedelta(seconds=1))
    site.put("~$good.xlsx", b"x")
    (site.inbox / "link.xlsx").symlink_to(site.inbox / "good.xlsx")
    taken = site.look()
    assert verdicts(taken) == {
        "good.xlsx": ("accepted", []),
        "again.xlsx": ("duplicate", ["DUPLICATE_FILE"]),
        "bad.xlsx": ("returned", ["PART_EXCEEDS_WHOLE"]),
        "junk.xlsx": ("set_aside", ["TRUNCATED_ZIP"]),
        "other.csv": ("set_aside", ["FORM_UNRECOGNISED"]),
        "link.xlsx": ("set_aside", ["SYMLINK"]),
    }
    assert sorted(refusal.display_name for refusal in taken.waiting) == ["fresh.xlsx", "~$good.xlsx"]
    assert taken.periods == ("2026-10",)
    assert sorted(taken.submissions["verdict"].to_pylist()) == ["accepted", "returned"]
    assert set(taken.cells["submission_id"].to_pylist()) == set(
        taken.submissions["submission_id"].to_pylist()
    )


def test_a_second_look_finds_nothing_new(site):
    """What the ledger knows is neither read nor told again."""
    site.put("good.xlsx", form())
    site.put("junk.xlsx", b"junk")
    (site.inbox / "link.xlsx").symlink_to("good.xlsx")
    assert len(site.look().judgements) == 3
    again = site.look()
    assert again.judgements == ()
    assert (again.submissions.num_rows, again.cells.num_rows, again.periods) == (0, 0, ())
    assert [refusal.display_name for refusal in again.refusals] == ["link.xlsx"]


def test_the_same_bytes_later_under_another_name_change_nothing(site):
    """A duplicate is noted with the name it first came under; the duty stands as it stood."""
    data = form()
    site.put("first.xlsx", data)
    site.look()
    standing = site.standing()
    site.put("second.xlsx", data, SENT + timedelta(days=2))
    taken = site.look()
    assert verdicts(taken) == {"second.xlsx": ("duplicate", ["DUPLICATE_FILE"])}
    assert taken.judgements[0].findings[0].args == {"first": "first.xlsx"}
    assert site.standing() == standing
    assert site.look().judgements == ()


def test_a_correction_supersedes_only_once_it_is_accepted(site):
    """A faulty correction leaves the first file standing; a sound one takes its place."""
    site.put("1.xlsx", form())
    first = site.look().judgements[0].submission_id
    site.put("2.xlsx", form(values=BAD), SENT + timedelta(days=1))
    assert verdicts(site.look()) == {"2.xlsx": ("returned", ["PART_EXCEEDS_WHOLE"])}
    assert site.standing() == [first]
    site.put("3.xlsx", form(values={(GRID, "TT04", "in_period"): 4}), SENT + timedelta(days=2))
    third = site.look().judgements[0].submission_id
    assert site.standing() == [third]


def test_a_correction_in_the_same_look_supersedes_by_its_time(site):
    """Whatever the names sort like, the file changed later is later."""
    site.put("a-newer.xlsx", form(values={(GRID, "TT04", "in_period"): 4}), SENT + timedelta(hours=1))
    site.put("b-older.xlsx", form())
    taken = site.look()
    newer = next(one.submission_id for one in taken.judgements if one.display_name == "a-newer.xlsx")
    assert site.standing() == [newer]
    order = dict(
        zip(
            taken.submissions["submission_id"].to_pylist(),
            taken.submissions["sequence"].to_pylist(),
            strict=True,
        )
    )
    assert order[newer] == max(order.values())


def test_two_files_of_one_moment_are_both_set_aside(site):
    """Nobody can tell which is newer, so neither counts; each names the other."""
    site.put("a.xlsx", form())
    site.put("b.xlsx", form(values={(GRID, "TT04", "in_period"): 4}), SENT + timedelta(milliseconds=900))
    taken = site.look()
    assert verdicts(taken) == {name: ("set_aside", ["AMBIGUOUS_ORDER"]) for name in ("a.xlsx", "b.xlsx")}
    assert {one.findings[0].args["other"] for one in taken.judgements} == {"a.xlsx", "b.xlsx"}
    assert site.standing() == []
    assert taken.submissions.num_rows == 0


def test_the_number_of_the_issue_settles_files_of_one_moment(site):
    """The second "Lần gửi" comes after the first, even where its file is a moment older."""
    site.put("a.xlsx", form(info={"issue_no": 2}))
    site.put("b.xlsx", form(info={"issue_no": 1}), SENT + timedelta(milliseconds=900))
    taken = site.look()
    second = next(one.submission_id for one in taken.judgements if one.display_name == "a.xlsx")
    assert [str(one.verdict) for one in taken.judgements] == ["accepted", "accepted"]
    assert site.standing() == [second]


def test_files_of_different_units_at_one_moment_do_not_meet(site):
    """Ambiguity is a matter of one duty only."""
    site.put("a.xlsx", form())
    site.put("b.xlsx", form(info={"period": "09/2026"}))
    assert {verdict for verdict, _ in verdicts(site.look()).values()} == {"accepted"}


def test_order_is_by_moments_and_issue_numbers():
    """Three files: two of one moment with numbers, one later; and a pair nobody can order."""
    found = extract(shipped_spec(), sound(shipped()).workbook())
    known = identify(found, shipped(), date(2026, 11, 22)).identity
    assert known is not None

    def file(name, issue):
        return Candidate(name, name, "", NOW, replace(known, issue_no=issue), found)

    times = {"late": SENT + timedelta(hours=1), "two": SENT, "one": SENT + timedelta(milliseconds=1)}
    ordered, ambiguous = in_order([file("late", 1), file("two", 2), file("one", 1)], times)
    assert [one.submission_id for one in ordered] == ["one", "two", "late"]
    assert ambiguous == []
    ordered, ambiguous = in_order([file("two", 1), file("one", 1), file("late", 1)], times)
    assert [one.submission_id for one in ordered] == ["late"]
    assert sorted(one.submission_id for one, _ in ambiguous) == ["one", "two"]


@pytest.mark.parametrize("step", ["_record_arrivals", "reading_spec", "judge", "_record_verdicts"])
def test_a_run_killed_at_any_step_is_made_good_by_the_next(site, monkeypatch, step):
    """Neither lost nor repeated: after the next look all is as if nothing had happened."""
    site.put("a.xlsx", form())
    site.put("b.xlsx", form(values=BAD, info={"period": "09/2026"}))

    def killed(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(process, step, killed)
        with pytest.raises(KeyboardInterrupt):
            site.look()
    taken = site.look()
    assert verdicts(taken) == {"a.xlsx": ("accepted", []), "b.xlsx": ("returned", ["PART_EXCEEDS_WHOLE"])}
    assert taken.cells.num_rows > 400
    assert site.look().judgements == ()


def test_a_run_killed_after_its_verdicts_is_completed_from_the_archive(site):
    """The caller had no time to store the tables: they are read again, equal, and with their verdicts."""
    site.put("a.xlsx", form())
    site.put("b.xlsx", form(values=BAD, info={"period": "09/2026"}))
    site.put("junk.xlsx", b"junk")
    taken = site.look()
    for path in site.inbox.iterdir():
        path.unlink()
    with Ledger.open(site.ledger_path) as ledger:
        restored = rebuild(site.archive, ledger, site.catalogue, workers=1)
        one = taken.submissions["submission_id"].to_pylist()[:1]
        part = rebuild(site.archive, ledger, site.catalogue, only=one, workers=1)
    assert plain(restored.submissions).equals(plain(taken.submissions))
    assert plain(restored.cells).equals(plain(taken.cells))
    assert part.submissions["submission_id"].to_pylist() == one


def test_what_was_judged_before_is_compared_with_later(site):
    """The months wanted of the warehouse are those of the year and the month before."""
    asked = []

    def previous(months):
        asked.append(sorted(months))
        return process.Previous()

    site.put("a.xlsx", form(info={"period": "01/2026"}))
    site.look(previous=previous)
    site.put("b.xlsx", form(info={"period": "03/2026"}))
    site.look(previous=previous)
    assert asked == [["2025-12"], ["2026-01", "2026-02"]]


def test_what_lies_outside_the_area_served_is_set_aside(site):
    """Kept, told, and never counted."""
    site.put("a.xlsx", form())
    assert verdicts(site.look(scope=("p01.1",))) == {"a.xlsx": ("set_aside", ["OUT_OF_SCOPE"])}


def test_the_reader_reports_its_progress(site):
    """One step a file, up to all of them."""
    told = []
    for month in (7, 8, 9):
        site.put(f"{month}.xlsx", form(info={"period": f"{month}/2026"}))
    site.look(progress=lambda what, done, total: told.append((what, done, total)))
    assert told == [("reading", 1, 3), ("reading", 2, 3), ("reading", 3, 3)]


def test_the_month_of_waiting_files_is_known_before_they_are_judged(site, tmp_path):
    """So that a sensor starts the right month; nothing is written down by asking."""
    site.put("a.xlsx", form(info={"period": "09/2026"}))
    site.put("junk.xlsx", b"junk")
    (tmp_path / "ocop.toml").write_text(f'scope = ["68"]\ninbox = "{site.inbox}"\n', encoding="utf-8")
    settings = load_settings(tmp_path, tmp_path, {})
    with Ledger.open(site.ledger_path) as ledger:
        waiting = waiting_periods(settings, site.catalogue, ledger, NOW)
        assert sorted(waiting.values()) == ["", "2026-09"]
        assert ledger.arrivals() == []
    site.look()
    with Ledger.open(site.ledger_path) as ledger:
        assert waiting_periods(settings, site.catalogue, ledger, NOW) == {}


def test_checking_files_writes_nothing_down(tmp_path):
    """What a sender sees before sending: one answer a path, in their order."""
    good, bad, copy, junk = (tmp_path / name for name in ("good.xlsx", "bad.xlsx", "copy.xlsx", "junk.xls"))
    good.write_bytes(form())
    copy.write_bytes(good.read_bytes())
    bad.write_bytes(form(values=BAD, info={"period": "09/2026"}))
    junk.write_bytes(b"<html><table></table></html>")
    found = check([bad, good, copy, junk], shipped(), date(2026, 11, 22), workers=1)
    assert [(one.display_name, one.verdict) for one in found] == [
        ("bad.xlsx", Verdict.RETURNED),
        ("good.xlsx", Verdict.ACCEPTED),
        ("copy.xlsx", Verdict.DUPLICATE),
        ("junk.xls", Verdict.SET_ASIDE),
    ]
    assert sorted(tmp_path.iterdir()) == sorted([good, bad, copy, junk])
    with pytest.raises(FileNotFoundError):
        check([tmp_path / "none.xlsx"], shipped(), date(2026, 11, 22), workers=1)


def test_the_answer_is_the_documented_json(tmp_path):
    """Scripts depend on these names; sentences come in both languages with their place."""
    path = tmp_path / "bad.xlsx"
    path.write_bytes(form(values=BAD))
    found = answer(check([path], shipped(), date(2026, 11, 22), workers=1)[0])
    finding = found.pop("findings")[0]
    digest = found.pop("submission_id")
    assert len(digest or "") == 64
    assert found == {
        "file": "bad.xlsx", "folder": "", "verdict": "returned", "form": "OCOP-XA", "layout": "xa-2026",
        "unit_id": "c24778.2", "unit_name": "Phường Lâm Viên - Đà Lạt", "agency": None, "agency_name": None,
        "period": "2026-10", "received_on": None, "repairs": [],
        "not_run": [rule.code for rule in load_rules() if rule.need],
    }  # fmt: skip
    assert finding.keys() == {
        "code",
        "severity",
        "sheet",
        "cell",
        "message_vi",
        "message_en",
        "args",
        "reason",
    }
    assert (finding["code"], finding["severity"]) == ("PART_EXCEEDS_WHOLE", "error")
    assert finding["message_vi"].startswith(f"Trang “BM01 Tiến độ”, ô {finding['cell']}: Chỉ tiêu TT01")
    assert finding["message_en"].startswith(f"Sheet “BM01 Tiến độ”, cell {finding['cell']}: TT01")
    junk = tmp_path / "junk.xlsx"
    junk.write_bytes(b"")
    nothing = answer(check([junk], shipped(), date(2026, 11, 22), workers=1)[0])
    assert (nothing["verdict"], nothing["form"], nothing["unit_id"], nothing["period"]) == (
        "set_aside",
        None,
        None,
        None,
    )
