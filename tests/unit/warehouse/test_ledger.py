"""The ledger: rows are added, never changed; readers do not wait; what was written is read back."""

import contextlib
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ocop_pipeline.domain.findings import Finding, Severity, Verdict
from ocop_pipeline.warehouse.ledger import (
    ArrivalRecord,
    DeliveryRecord,
    IssueRecord,
    Ledger,
    LedgerError,
    RefusalRecord,
    Sighting,
    VerdictRecord,
)

NOW = datetime(2026, 10, 20, 8, 30, tzinfo=timezone(timedelta(hours=7)))
A, B, C = "a" * 64, "b" * 64, "c" * 64


def arrival(sha256=A, name="x.xlsx"):
    """A file that arrived."""
    return ArrivalRecord(sha256, 10, NOW, NOW - timedelta(days=1), "inbox", "xã/tháng 10", name)


def sighting(sha256=A, path="'x.xlsx'"):
    """Where it was seen."""
    return Sighting(path, 10, 1_700_000_000_123_456_789, sha256, NOW)


def verdict(sha256=A, word=Verdict.ACCEPTED, unit="c1", period="2026-10", findings=()):
    """What became of it."""
    return VerdictRecord(
        sha256,
        NOW,
        word,
        "OCOP-XA",
        "xa-2026",
        unit,
        "",
        period,
        "rules",
        "catalogue",
        tuple(findings),
        "2026-10-15",
    )


@pytest.fixture
def ledger(tmp_path):
    """An open ledger with three arrivals."""
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as opened:
        opened.record_arrivals(
            [arrival(A), arrival(B, "y.xlsx"), arrival(C, "z.xlsx")], [sighting(A), sighting(B, "'y'")]
        )
        yield opened


def test_what_is_written_is_read_back(ledger):
    """Arrivals in their order, times in UTC, findings with their arguments."""
    assert [record.sha256 for record in ledger.arrivals()] == [A, B, C]
    first = ledger.arrivals({A})[0]
    assert first.received_at == NOW
    assert first.received_at.tzinfo is UTC
    assert (first.folder, first.sequence) == ("xã/tháng 10", 1)
    finding = Finding("NEGATIVE", Severity.ERROR, "BM01", "C7", {"value": "-1", "label": "Đường"})
    ledger.record_verdicts([verdict(findings=[finding])])
    assert ledger.latest_verdicts("2026-10")[0].findings == (finding,)
    assert ledger.latest_verdicts("2026-10")[0].reported_on == "2026-10-15"
    assert ledger.latest_verdicts("2026-09") == []


def test_a_scan_can_skip_what_was_seen(ledger):
    """Path, size and time of change to digest, as the scan asks for it."""
    seen = sighting()
    assert ledger.known_sightings()[seen.file_key] == A


def test_the_same_bytes_arrive_once_under_many_paths(ledger):
    """A second path is a sighting; a second arrival of the same digest is none."""
    ledger.record_arrivals([arrival(A, "again.xlsx")], [sighting(A, "'again.xlsx'"), sighting(A)])
    assert [record.display_name for record in ledger.arrivals({A})] == ["x.xlsx"]
    assert [seen.original for seen in ledger.sightings_of(A)] == ["'x.xlsx'", "'again.xlsx'"]


def test_unjudged_are_those_without_a_verdict(ledger):
    """What a stopped run left over is found again."""
    ledger.record_verdicts([verdict(B)])
    assert [record.sha256 for record in ledger.unjudged()] == [A, C]


def test_the_last_accepted_file_stands_for_a_duty(ledger):
    """A returned correction never hides what was accepted; an accepted one supersedes."""
    ledger.record_verdicts([verdict(A), verdict(B, Verdict.RETURNED)])
    assert [record.sha256 for record in ledger.current_submissions("2026-10")] == [A]
    ledger.record_verdicts([verdict(C)])
    assert [record.sha256 for record in ledger.current_submissions("2026-10")] == [C]
    assert [record.sha256 for record in ledger.latest_verdicts("2026-10")] == [A, B, C]


def test_judging_an_old_file_again_does_not_make_it_newer(ledger):
    """Files supersede in the order of their first verdicts."""
    sequences = ledger.record_verdicts([verdict(A, Verdict.RETURNED), verdict(B)])
    assert sequences == {A: 1, B: 2}
    assert ledger.record_verdicts([verdict(A)]) == {A: 1}
    assert [record.sha256 for record in ledger.current_submissions()] == [B]
    assert [record.verdict for record in ledger.verdicts_of(A)] == [Verdict.RETURNED, Verdict.ACCEPTED]


@pytest.mark.parametrize("table", ["arrivals", "sightings", "refusals", "verdicts", "issues", "deliveries"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_rows_cannot_be_changed_or_deleted(ledger, tmp_path, table, statement):
    """Not even by another program that opens the file."""
    ledger.record_refusals([RefusalRecord("'l'", "SYMLINK", {}, NOW)])
    ledger.record_verdicts([verdict()])
    ledger.record_issues([IssueRecord("2026-10", "p68.2", "month", 1, A, "m.json", NOW)])
    ledger.record_deliveries([DeliveryRecord(A, "folder", "out", "sent", NOW)])
    with (
        sqlite3.connect(tmp_path / "state" / "ledger.sqlite") as other,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        other.execute(statement.format(table))


def test_a_replacing_insert_is_refused_too(ledger):
    """REPLACE deletes the old row behind the back."""
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        ledger._connection.execute(
            "REPLACE INTO arrivals SELECT sequence, sha256, 99, received_at, modified_at, channel, folder, "
            "display_name FROM arrivals LIMIT 1"
        )


def test_a_batch_is_written_whole_or_not_at_all(ledger):
    """One bad record, and none of the batch is there."""
    with pytest.raises(sqlite3.IntegrityError):
        ledger.record_verdicts([verdict(A), verdict("d" * 64)])
    assert ledger.latest_verdicts() == []
    nowhere = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        ledger.record_arrivals([arrival("e" * 64), ArrivalRecord("f" * 64, 1, nowhere, NOW, "", "", "")], [])
    assert len(ledger.arrivals()) == 3


def test_a_refusal_is_written_once(ledger):
    """A link that stays in the inbox is not refused anew every minute."""
    refusal = RefusalRecord("'link'", "SYMLINK", {"limit": 3}, NOW)
    ledger.record_refusals([refusal])
    ledger.record_refusals([RefusalRecord("'link'", "SYMLINK", {"limit": 3}, NOW + timedelta(hours=1))])
    assert ledger.refusals() == [refusal]


def test_a_report_is_issued_once_under_a_number(ledger):
    """A second document of the same number is refused; a correction takes the next."""
    issue = IssueRecord("2026-10", "p68.2", "month", 1, A, "m.json", NOW)
    ledger.record_issues([issue])
    with pytest.raises(LedgerError, match="issued before"):
        ledger.record_issues([IssueRecord("2026-10", "p68.2", "month", 1, B, "m.json", NOW)])
    ledger.record_issues([IssueRecord("2026-10", "p68.2", "month", 2, B, "m.json", NOW)])
    assert [record.number for record in ledger.issues("2026-10", "p68.2")] == [1, 2]
    assert ledger.issues("2026-10", "p01.1") == []


def test_deliveries_are_kept_in_order_and_by_document(ledger):
    """Intent first, outcome after; a state that does not exist is refused."""
    entries = [
        DeliveryRecord(A, "smtp", "a@x", "intent", NOW),
        DeliveryRecord(A, "smtp", "a@x", "sent", NOW, "250"),
    ]
    ledger.record_deliveries([*entries, DeliveryRecord(B, "folder", "out", "unreached", NOW)])
    assert ledger.delivery_entries([A]) == entries
    assert len(ledger.delivery_entries()) == 3
    with pytest.raises(sqlite3.IntegrityError):
        ledger.record_deliveries([DeliveryRecord(A, "smtp", "a@x", "lost", NOW)])


def test_a_reader_does_not_wait_for_a_writer(ledger, tmp_path):
    """`status` is answered while a run writes, with what was committed before."""
    ledger._connection.execute("BEGIN IMMEDIATE")
    ledger._connection.execute(
        "INSERT INTO refusals (original, code, args, seen_at) VALUES ('x', 'GONE', '{}', '2026-01-01')"
    )
    with Ledger.open(tmp_path / "state" / "ledger.sqlite") as reader:
        assert reader.refusals() == []
        assert len(reader.arrivals()) == 3
    ledger._connection.execute("COMMIT")


def test_what_was_written_survives_the_death_of_the_process(tmp_path):
    """Killed right after writing, without closing: everything recorded is there."""
    program = (
        "import os, sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from ocop_pipeline.warehouse.ledger import ArrivalRecord, Ledger\n"
        "ledger = Ledger.open(Path(sys.argv[1])); now = datetime.now(UTC)\n"
        "ledger.record_arrivals([ArrivalRecord('a' * 64, 1, now, now, 'inbox', '', 'x')], [])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "ledger.sqlite"
    died = subprocess.run([sys.executable, "-c", program, str(path)], check=False)  # noqa: S603 - our own program
    assert died.returncode == -9
    with Ledger.open(path) as ledger:
        assert [record.sha256 for record in ledger.arrivals()] == [A]


def test_a_file_that_is_no_ledger_is_refused(tmp_path):
    """Neither another file nor a ledger of a later version is opened."""
    other = tmp_path / "other"
    other.write_bytes(b"not a database, certainly not one" * 10)
    with pytest.raises(LedgerError, match="other"):
        Ledger.open(other)
    later = tmp_path / "later.sqlite"
    with sqlite3.connect(later) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="newer version"):
        Ledger.open(later)


def test_a_ledger_from_before_untold_rules_is_read(tmp_path):
    """Verdicts of then do not say which rules had nothing to compare with; new ones do."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        ledger.record_arrivals([arrival()], [])
        ledger.record_verdicts([verdict()])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE verdicts DROP COLUMN not_run")
        connection.execute("PRAGMA user_version = 6")
    with Ledger.open(path) as ledger:
        ledger.record_verdicts([replace(verdict(), not_run=("STOCK_JUMPED",))])
        assert [each.not_run for each in ledger.verdicts_of(A)] == [None, ("STOCK_JUMPED",)]
