"""The `ocop` command: exit codes and the JSON that scripts depend on (docs/cli.md)."""

import json

import pytest
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app
from ocop_pipeline.paths import PACKAGE

runner = CliRunner()


def _run(*arguments, settings=None):
    site = ["--site", str(settings.site)] if settings else []
    return runner.invoke(app, [*map(str, arguments), *site])


def _json(*arguments, settings):
    result = _run(*arguments, "--json", settings=settings)
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout), result.exit_code


def _file(province, verdict):
    file = next(
        f
        for f in province.truth.files
        if f.verdict == verdict and f.period == "2026-10" and f.form == "OCOP-XA"
    )
    return province.settings.inbox / file.path, file


def test_check_accepts_a_sound_file(province):
    """A sound workbook is accepted with exit code 0 and says whose it is."""
    path, file = _file(province, "accepted")
    (answer,), code = _json("check", path, settings=province.settings)
    assert code == 0
    assert answer["verdict"] == "accepted"
    assert answer["unit_id"] == file.unit_id
    assert answer["period"] == "2026-10"


def test_check_names_the_cell(province):
    """A faulty workbook is returned with exit code 1, and the finding has sheet, cell and both languages."""
    path, file = _file(province, "returned")
    (answer,), code = _json("check", path, settings=province.settings)
    fault = file.faults[0]
    found = {(f["code"], f["sheet"], f["cell"]) for f in answer["findings"]}
    assert code == 1
    assert answer["verdict"] == "returned"
    assert (fault.code, fault.sheet, fault.cell) in found
    assert all(f["message_vi"] and f["message_en"] for f in answer["findings"])


def test_check_of_a_missing_file_is_a_usage_error(province):
    """Exit code 2 and one sentence, no traceback."""
    result = _run("check", province.settings.inbox / "khong-co.xlsx", settings=province.settings)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_value_gives_coverage_and_map(province):
    """A figure comes with kind, unit of measure, coverage and the day of its map."""
    figure, _ = _json(
        "value", "--unit", "12", "--period", "2026-10", "--indicator", "TT04", settings=province.settings
    )
    unit = figure["unit_id"]
    assert figure["value"] == province.truth.value("2026-10", unit, "TT04", "", "month")
    assert figure["kind"] == "flow"
    assert figure["coverage"]["reported"] < figure["coverage"]["expected"]
    assert figure["map"] == {"kind": "as-reported", "date": "2026-10-14"}


def test_values_below_and_cells_behind_add_up(province):
    """The units below with the unit's own reports, and the source cells, make the figure of a flow."""
    arguments = ("value", "--unit", "12", "--period", "2026-10", "--indicator", "TT04")
    figure, _ = _json(*arguments, settings=province.settings)
    cells, _ = _json(*arguments, "--by", "source", settings=province.settings)
    below, _ = _json(*arguments, "--by", "unit", settings=province.settings)
    own = sum(cell["value"] or 0 for cell in cells if cell["agency"])
    assert sum(cell["value"] or 0 for cell in cells) == figure["value"]
    assert sum(each["value"] or 0 for each in below) + own == figure["value"]
    assert all(cell["sheet"] and cell["cell"] for cell in cells if cell["value"] is not None)


def test_status_lists_every_expected_report(province):
    """Accepted, returned and missing make up what was expected."""
    rows, _ = _json("status", "--period", "2026-10", settings=province.settings)
    missing = {(row["form"], row["unit_id"]) for row in rows if row["status"] != "accepted"}
    assert len(rows) == len(province.truth.expected("2026-10"))
    assert missing == {(form, unit) for form, unit, _ in province.truth.missing("2026-10")}


@pytest.mark.parametrize(("file_format", "start"), [("pdf", b"%PDF"), ("html", b"<!"), ("json", b"{")])
def test_report_is_written(province, tmp_path, file_format, start):
    """A report is written from published figures in each format."""
    target = tmp_path / f"bao-cao.{file_format}"
    result = _run(
        "report", "--unit", "12", "--period", "2026-10", "--format", file_format, "--out", target,
        settings=province.settings,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert target.read_bytes().lower().startswith(start.lower())


def test_sql_reads_and_cannot_write(province):
    """A SELECT gives rows; a statement that writes is refused by the read-only connection."""
    rows, _ = _json(
        "sql", "--query", "SELECT COUNT(*) AS n FROM marts.report_status", settings=province.settings
    )
    assert rows[0]["n"] > 0
    assert (
        _run("sql", "--query", "DELETE FROM marts.report_status", settings=province.settings).exit_code != 0
    )


def test_doctor_looks_at_everything(province):
    """Every check of the machine passes on a machine that runs the tests."""
    rows, code = _json("doctor", settings=province.settings)
    assert code == 0
    assert {row["item"] for row in rows} >= {
        "python",
        "packages",
        "settings",
        "catalogue",
        "fonts",
        "folders",
    }


def test_no_delivery_waits_after_a_month_without_mail(province):
    """A site that mails nothing has nothing to settle: an empty list, exit code 0."""
    assert _json("deliveries", "list", settings=province.settings) == ([], 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--period", "2026-13"),
        ("value", "--unit", "12", "--period", "2026-10", "--indicator", "TT99"),
        ("value", "--unit", "Không Có", "--period", "2026-10", "--indicator", "TT04"),
        ("report", "--unit", "12", "--period", "2024-01"),
        ("status", "--period", "2019-01"),
        ("deliveries", "settle", "ab", "lan@so.example", "--why", "gọi điện", "--arrived"),
    ],
)
def test_wrong_arguments_are_said_in_a_sentence(province, arguments):
    """Exit code 2, a sentence on the error stream, no traceback."""
    result = _run(*arguments, settings=province.settings)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("status", "--period", "2026-13"), "“2026-13” không phải là một kỳ báo cáo"),
        (("run", "--period", "2026-Q3"), "cần một tháng"),
        (("report", "--unit", "12", "--period", "2026"), "cần một tháng"),
        (("status", "--period", "2031-05"), "Kỳ 2031-05 chưa được tổng hợp. Các kỳ đã tổng hợp: 20"),
        (("value", "--unit", "12", "--period", "2031-05", "--indicator", "TT04"), "chưa được tổng hợp"),
        (("report", "--unit", "12", "--period", "2031-05"), "chưa được tổng hợp"),
        (("plan", "status", "--period", "2031-05"), "chưa được tổng hợp"),
        (("value", "--unit", "12", "--period", "2026-10", "--indicator", "TT99"), "Không có chỉ tiêu “TT99”"),
        (
            ("value", "--unit", "12", "--period", "2026-10", "--indicator", "TT04", "--breakdown", "x"),
            "Không có số liệu công bố như vậy",
        ),
        (("report", "--unit", "Không Có", "--period", "2026-10"), "tên hoặc mã “Không Có”"),
        (("register", "list", "--on", "2026-02-30"), "“2026-02-30” không phải là một ngày có thật"),
        (("register", "expiring", "--on", "hôm nay"), "không phải là một ngày có thật"),
        (("register", "list", "--period", "tháng 10"), "không phải là một kỳ báo cáo"),
        (("units", "find", "x", "--on", "31/10/2026"), "không phải là một ngày có thật"),
        (("sql", "--query", "SELECT nope FROM marts.report_status"), "Câu lệnh SQL không chạy được"),
    ],
)
def test_a_wrong_question_is_answered_in_vietnamese(province, arguments, told):
    """What is wrong is said in the language of the user, with the words that were typed; exit code 2."""
    result = _run(*arguments, settings=province.settings)
    assert result.exit_code == 2, result.output
    assert told in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_a_commune_is_told_where_its_figures_are(province):
    """There is no report of a commune alone: the answer names the unit, and no word of the program's own."""
    unit = json.loads(
        _run("sql", "--json", "--query", "SELECT unit_id FROM marts.report_status WHERE form = 'OCOP-XA' LIMIT 1",
             settings=province.settings).stdout
    )[0]["unit_id"]  # fmt: skip
    result = _run("report", "--unit", unit, "--period", "2026-10", settings=province.settings)
    assert result.exit_code == 2
    assert "Không lập báo cáo riêng cho" in " ".join(result.stderr.split())
    assert "Tier" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--period", "2026-10"), ("report", "--unit", "12", "--period", "2026-10"), ("plan", "status"),
        ("register", "list"), ("register", "expiring"), ("sql", "--query", "SELECT 1"),
        ("value", "--unit", "12", "--period", "2026-10", "--indicator", "TT04"),
    ],
)  # fmt: skip
def test_a_site_without_a_run_says_what_to_run(tmp_path, arguments):
    """Before the first run every question is answered by the command that makes figures."""
    result = runner.invoke(app, [*arguments, "--site", str(tmp_path)])
    assert result.exit_code == 2, result.output
    assert "Chưa có kho số liệu" in " ".join(result.stderr.split())
    assert "ocop run --period" in " ".join(result.stderr.split())


def test_a_bad_settings_file_names_the_key(tmp_path):
    """An unknown key of ocop.toml is refused by name."""
    (tmp_path / "ocop.toml").write_text('scoop = ["68"]\n', encoding="utf-8")
    result = runner.invoke(app, ["units", "find", "68", "--site", str(tmp_path)])
    assert result.exit_code == 2
    assert "scoop" in result.output


def test_help_speaks_both_languages():
    """Every command is explained in Vietnamese and English, and the README names it."""
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    listed = runner.invoke(app, ["--help"]).output
    for command in (
        "demo",
        "run",
        "check",
        "status",
        "report",
        "value",
        "units",
        "sql",
        "doctor",
        "generate",
        "ui",
    ):
        assert command in listed
        assert f"ocop {command}" in readme
    assert "deliveries" in listed
    for command in ("list", "settle"):
        text = " ".join(runner.invoke(app, ["deliveries", command, "--help"]).output.split())
        assert "gửi lại" in text
        assert "again" in text
    for command in ("run", "check", "value"):
        text = runner.invoke(app, [command, "--help"]).output
        assert "Kỳ báo cáo" in text or "Kiểm tra" in text
        assert "/" in text
