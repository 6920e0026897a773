"""`ocop register import` from a file to the tables of a run: exit codes, JSON, what a run and a rebuild make of it."""

import csv
import json

import pytest
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app
from ocop_pipeline.settings import load_settings
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.ledger import Ledger

HEADER = ["TT", "Sản phẩm", "Chủ thể", "Địa chỉ", "Điểm"]
DECISION = ["--decision", "15/QĐ-UBND", "--decided", "2025-07-21", "--body", "UBND tỉnh Lâm Đồng"]
LIST_KEYS = {
    "submission_id", "state", "form", "kind", "unit_id", "period", "decision_no", "decided_on", "issuing_body",
    "level", "lines", "communes_found", "stars", "findings",
}  # fmt: skip
FILE_KEYS = {"file", "sha256", "sheets", "left_out", "other_sheets", "refused", "lists"}
SHEET_KEYS = {"name", "columns", "by_position", "unread_columns", "headings"}


@pytest.fixture
def folder(tmp_path):
    """A deployment that has never run."""
    (tmp_path / "ocop.toml").write_text('scope = ["68"]\nsettle_seconds = 0\n', encoding="utf-8")
    return tmp_path


def _write(folder, name, *lines, header=HEADER):
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *lines])
    return path


def _import(folder, path, *options, kind="recognition", on="2025-07-21"):
    arguments = ["register", "import", str(path), "--unit", "68", "--on", on, "--kind", kind, *options]
    return CliRunner().invoke(app, [*arguments, "--site", str(folder)])


def _imports(folder):
    with Ledger.open(load_settings(folder).ledger) as ledger:
        return ledger.imports()


def _query(folder, sql):
    with open_reader(load_settings(folder).warehouse) as connection:
        return connection.execute(sql).fetchall()


def _run(folder):
    result = CliRunner().invoke(app, ["run", "--period", "2025-09", "--site", str(folder), "--json"])
    assert json.loads(result.stdout)["succeeded"], result.stdout
    return json.loads(result.stdout)


def _valid_on(folder, day):
    """Names of the products that `ocop register list` gives as valid at the end of a day."""
    options = ["register", "list", "--unit", "68", "--on", day, "--site", str(folder), "--json"]
    products = json.loads(CliRunner().invoke(app, options).stdout)
    return sorted(product["product_name"] for product in products if product["state"] == "valid")


TRA = ["1", "Trà atisô", "HTX Một", "thôn 2, xã Lạc Dương", "71"]
BUN = ["2", "Bún khô", "HTX Một", "thôn 2, xã Lạc Dương", "52,5"]


def test_an_import_is_written_down_once_and_shown_as_documented(folder):
    """Exit code 0, the documented JSON, one record in the ledger however often the file is handed over."""
    path = _write(folder, "ds.csv", TRA, BUN)
    first, again = (_import(folder, path, *DECISION, "--json") for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0)
    answer = json.loads(first.stdout)
    assert set(answer) == FILE_KEYS
    assert set(answer["lists"][0]) == LIST_KEYS
    (sheet,) = answer["sheets"]
    assert set(sheet) == SHEET_KEYS
    assert sheet["columns"]["score"] == "E"
    assert answer["lists"][0]["stars"] == {"3": 1, "4": 1}
    assert answer["lists"][0]["communes_found"] == 2
    assert [json.loads(each.stdout)["lists"][0]["state"] for each in (first, again)] == ["new", "known"]
    assert len(_imports(folder)) == 1


def test_one_decision_is_not_taken_over_for_the_province_of_then_and_for_that_of_today(folder):
    """It would count twice: the answer names the list that is there and how to replace it."""
    decided = ["--decision", "15/QĐ-UBND", "--decided", "2025-06-10", "--body", "UBND tỉnh Lâm Đồng"]
    path = _write(folder, "ds.csv", TRA)
    assert _import(folder, path, *decided, on="2025-06-20").exit_code in (0, 1)
    again = _import(folder, path, *decided, on="2026-10-01")
    assert again.exit_code == 2
    assert "--on 2025-06-20" in " ".join(again.output.split())
    assert "Lâm Đồng" in again.output
    assert len(_imports(folder)) == 1
    assert _import(folder, _write(folder, "ds2.csv", TRA, BUN), *decided, on="2025-06-20").exit_code in (0, 1)
    assert len(_imports(folder)) == 2


def test_a_dry_run_writes_nothing(folder):
    """What was read is shown; neither archive nor ledger is touched."""
    result = _import(folder, _write(folder, "ds.csv", TRA), *DECISION, "--dry-run", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["lists"][0]["state"] == "not_written"
    assert not (folder / "state").exists()


def test_doubts_give_exit_code_1_and_are_printed_with_their_cell(folder):
    """A list with doubts is recorded all the same; the person sees each place."""
    path = _write(
        folder, "ds.csv", TRA, ["2", "Bún", "HTX Một", "thôn 3", "không rõ"], ["", "Tổng cộng", "", "", ""]
    )
    result = _import(folder, path, *DECISION)
    assert result.exit_code == 1
    for text in ("E3", "D3", "B4", "không rõ", "dòng cộng"):
        assert text in result.output
    assert len(_imports(folder)) == 1


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ([], "recognition"),
        (["--decision", "1/QĐ"], "recognition"),
        ([*DECISION, "--until", "2026-01-01"], "recognition"),
        ([*DECISION, "--star", "6"], "recognition"),
        ([*DECISION, "--level", "commune"], "recognition"),
        ([*DECISION, "--producer", "HTX Hai"], "extension"),
        ([*DECISION, "--star", "3"], "revocation"),
        ([*DECISION, "--months", "121"], "extension"),
        ([*DECISION, "--days", "-1"], "extension"),
        ([*DECISION, "--days", "3661"], "extension"),
        (DECISION, "register"),
        (DECISION, "expiry"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(folder, options, kind):
    """A missing decision, an unknown word, another kind's option, a slip of the pen: exit code 2, nothing recorded."""
    result = _import(folder, _write(folder, "ds.csv", TRA), *options, kind=kind)
    assert result.exit_code == 2
    assert result.output.strip()
    assert not (folder / "state" / "ledger.sqlite").exists()


def test_a_file_that_is_not_there_is_a_usage_error(folder):
    """The name is said back."""
    result = _import(folder, folder / "khong-co.csv", *DECISION)
    assert result.exit_code == 2
    assert "khong-co.csv" in "".join(result.output.split())  # a long path is broken to the terminal's width


def test_a_run_counts_what_was_imported_and_a_rebuilt_warehouse_the_same(folder):
    """Recognitions and events come out of imports, corrected ones once; no coverage knows them; a rebuild is equal."""
    wrong = _write(folder, "sai.csv", TRA, ["2", "Bún khô", "HTX Một", "thôn 2, xã Lạc Dương", "90"])
    right = _write(folder, "dung.csv", TRA, BUN)
    assert _import(folder, wrong, *DECISION).exit_code == 0
    assert _import(folder, right, *DECISION).exit_code == 0
    second = ["--decision", "16/QĐ-UBND", "--decided", "2025-07-22", "--body", "UBND tỉnh Lâm Đồng"]
    other = _write(folder, "khac.csv", ["1", "Miến", "HTX Hai", "", "60"])
    assert _import(folder, other, *second).exit_code == 1
    revoked = ["--decision", "20/QĐ-UBND", "--decided", "2025-08-20", "--body", "UBND tỉnh Lâm Đồng"]
    assert _import(folder, _write(folder, "thu-hoi.csv", TRA), *revoked, kind="revocation").exit_code == 0
    outcome = _run(folder)
    recognised = (
        "SELECT product_name, star, decision_no, decision_date, unit_id FROM core.recognitions ORDER BY ALL"
    )
    events = "SELECT product_name, event_kind, decision_no, unit_id, cell FROM staging.register_events"
    found = _query(folder, recognised)
    assert [(name, star, number) for name, star, number, *_ in found] == [
        ("Bún khô", "3", "15/QĐ-UBND"), ("Miến", "3", "16/QĐ-UBND"), ("Trà atisô", "4", "15/QĐ-UBND"),
    ]  # fmt: skip
    assert found[1][-1] == "p68.2"  # named no commune: kept at the unit that handed it over
    assert [row[:3] for row in _query(folder, events)] == [("Trà atisô", "revocation", "20/QĐ-UBND")]
    assert {line["form"] for line in outcome["coverage"]} == {"OCOP-XA", "OCOP-TI"}
    assert _query(folder, "SELECT COUNT(*) FROM core.report_status WHERE form NOT LIKE 'OCOP-%'") == [(0,)]
    assert not [check for check in outcome["failed_checks"] if "unexpected" in check]
    for table in ("core.expected_reports", "core.product_status", "core.rollups"):
        # The months of the decisions are staged and no more: nobody was asked to report in them.
        assert _query(folder, f"SELECT DISTINCT period FROM {table}") == [("2025-09",)], table
    assert _valid_on(folder, "2025-07-20") == []
    assert _valid_on(folder, "2025-07-21") == ["Bún khô", "Trà atisô"]
    assert _valid_on(folder, "2025-07-22") == ["Bún khô", "Miến", "Trà atisô"]
    tables = ("staging.register_rows", "staging.register_events", "staging.submissions", "core.recognitions")
    before = {table: _query(folder, f"SELECT * FROM {table} ORDER BY ALL") for table in tables}
    load_settings(folder).warehouse.unlink()
    _run(folder)
    assert {table: _query(folder, f"SELECT * FROM {table} ORDER BY ALL") for table in tables} == before
