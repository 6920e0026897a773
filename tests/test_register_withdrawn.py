"""A list taken back, and handed over again; a list of then that names a commune of today."""

import csv
import json
from datetime import date

import pytest
from typer.testing import CliRunner

from ocop_pipeline import paths
from ocop_pipeline.cli.app import app
from ocop_pipeline.cli.register_imports import say_next
from ocop_pipeline.settings import load_settings
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.ledger import Ledger

_HEADER = ("TT", "Tên sản phẩm", "Chủ thể", "Xã", "Hạng sao")


def _ocop(site, *arguments):
    return CliRunner().invoke(app, [*arguments, "--site", str(site)])


def _hand_over(site, number, decided, rows, kind="recognition"):
    path = site / f"{number}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_HEADER, *([at, *row] for at, row in enumerate(rows, start=1))])
    result = _ocop(
        site, "register", "import", str(path), "--unit", "68", "--on", decided, "--kind", kind, "--decided", decided,
        "--decision", f"{number}/QĐ-UBND", "--body", "UBND tỉnh Lâm Đồng", "--json",
    )  # fmt: skip
    assert result.exit_code in (0, 1), result.output
    (read,) = json.loads(result.stdout)["lists"]
    return read


def _run(site):
    result = _ocop(site, "run", "--period", "2026-10", "--json")
    assert json.loads(result.stdout)["succeeded"], result.output


def _listed(site, unit="68", on="2026-10-14"):
    result = _ocop(site, "register", "list", "--unit", unit, "--on", on, "--json")
    return {each["product_name"] for each in json.loads(result.stdout)}


def _states(site):
    result = _ocop(site, "register", "imports", "--json")
    return [(each["decision_no"], each["state"]) for each in json.loads(result.stdout)]


@pytest.fixture
def site(tmp_path):
    """A site of Lâm Đồng with nothing in it."""
    (tmp_path / "ocop.toml").write_text('scope = ["68"]\nsettle_seconds = 0\n', encoding="utf-8")
    return tmp_path


def test_a_withdrawn_list_leaves_the_next_figures_and_comes_back(site):
    """Withdrawn by its decision it counts no more from the next run on; imported anew it does."""
    ward = "Phường Xuân Hương - Đà Lạt"
    told = _hand_over(site, 1, "2024-03-20", [("Trà", "HTX Một", ward, "4 sao")])
    assert [each["code"] for each in told["findings"]] == ["PLACE_OF_LATER_MAP"]
    first = _hand_over(site, 2, "2024-05-20", [("Mắm", "HTX Hai", "Xã Bảo Thuận", "3 sao")])
    _run(site)
    assert _listed(site) == {"Trà", "Mắm"}
    # Named after the ward of today, it is of that ward today, and was of the city the ward came from.
    assert _listed(site, ward) == _listed(site, "Thành phố Đà Lạt", "2024-06-30") == {"Trà"}

    told = _ocop(site, "register", "withdraw", "2/QĐ-UBND", "--by", "Văn phòng", "--reason", "nhập nhầm")
    assert told.exit_code == 0, told.output
    assert "ocop run --period" in told.stdout
    assert _states(site) == [("1/QĐ-UBND", "stands"), ("2/QĐ-UBND", "withdrawn")]
    with Ledger.open(load_settings(site).ledger) as ledger:
        (record,) = ledger.withdrawals().values()
        assert (record.submission_id, record.withdrawn_by, record.reason) == (
            first["submission_id"], "Văn phòng", "nhập nhầm",
        )  # fmt: skip
        assert len(ledger.imports()) == 2
    assert _ocop(site, "register", "withdraw", "2/QĐ-UBND", "--by", "a", "--reason", "b").exit_code == 2
    _run(site)
    assert _listed(site) == {"Trà"}

    again = _hand_over(site, 2, "2024-05-20", [("Mắm", "HTX Hai", "Xã Bảo Thuận", "3 sao")])
    assert again["state"] == "new"
    _hand_over(site, 3, "2026-09-20", [("Không Có", "HTX Ba", "Xã Bảo Thuận", "")], kind="revocation")
    assert _states(site)[1:3] == [("2/QĐ-UBND", "withdrawn"), ("2/QĐ-UBND", "stands")]
    _run(site)
    assert _listed(site) == {"Trà", "Mắm"}
    with open_reader(load_settings(site).warehouse) as connection:
        audit = (paths.SQL / "audits" / "event_without_product.sql").read_text(encoding="utf-8")
        (found,) = connection.execute(audit).fetchall()
    assert (found[0], found[2], found[4]) == ("EVENT_WITHOUT_PRODUCT", "3/QĐ-UBND", "Không Có")


def test_what_is_handed_over_names_the_run_that_takes_it_in(capsys):
    """The last closed month or the list's own, whichever is later; issued months need a new version."""
    say_next(["2026-08", "2026-09"], {"2026-07", "2026-09", "2026-08"}, date(2026, 10, 20))
    told = capsys.readouterr().out
    assert "ocop run --period 2026-10" in told
    assert ("08/2026, 09/2026" in told, "07/2026" in told) == (True, False)
    say_next(["2026-11"], {"2026-10"}, date(2026, 10, 20))
    told = capsys.readouterr().out
    assert "ocop run --period 2026-11" in told
    assert "10/2026" not in told
