"""Decisions that recognise nothing, from the list handed over to what the register says on any day."""

import csv
import json

import pytest
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app
from ocop_pipeline.settings import load_settings
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.scratch import published_before

_PRODUCER, _NEW = "HTX Nông nghiệp Tân Hà", "Công ty TNHH Hạt Mới"
_PRODUCTS = ("Gạo", "Trà", "Nấm", "Mắm", "Rượu", "Bún")
_HEADERS = {
    "product_name": "Tên sản phẩm", "producer_name": "Chủ thể", "commune_name": "Xã", "first_star": "Hạng sao",
    "extended_to": "Gia hạn đến", "new_producer_name": "Chủ thể mới",
}  # fmt: skip


def _ocop(site, *arguments):
    return CliRunner().invoke(app, [*arguments, "--site", str(site)])


def _hand_over(site, kind, decided, number, lines):
    """Take over the list of a decision: (product, producer, star, extended to, new producer) a line."""
    path = site / f"{kind}-{number}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["TT", *_HEADERS.values()])
        for row, (product, producer, *rest) in enumerate(lines, start=1):
            writer.writerow([row, product, producer, "Bảo Thuận", *rest])
    result = _ocop(
        site, "register", "import", str(path), "--unit", "68", "--on", decided, "--kind", kind, "--decided", decided,
        "--decision", f"{number}/QĐ-UBND", "--body", "UBND tỉnh Lâm Đồng", "--json",
    )  # fmt: skip
    assert result.exit_code in (0, 1), result.output
    (taken,) = json.loads(result.stdout)["lists"]
    assert (taken["state"], taken["lines"]) == ("new", len(lines))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Six products recognised in October 2023 and what was decided of them since; the month of October 2026 run."""
    folder = tmp_path_factory.mktemp("events")
    (folder / "ocop.toml").write_text('scope = ["68"]\nsettle_seconds = 0\n', encoding="utf-8")
    told = {name: (name, _PRODUCER, "", "", "") for name in _PRODUCTS}
    _hand_over(
        folder, "recognition", "2023-10-01", 1, [(name, _PRODUCER, "4 sao", "", "") for name in _PRODUCTS]
    )
    _hand_over(folder, "revocation", "2026-09-20", 2, [told["Trà"]])
    _hand_over(folder, "extension", "2026-09-21", 3, [("Nấm", _PRODUCER, "", "01/04/2027", ""), told["Bún"]])
    _hand_over(folder, "transfer", "2026-09-22", 4, [("Mắm", _PRODUCER, "", "", _NEW)])
    _hand_over(folder, "correction", "2026-09-23", 5, [("Rượu", _PRODUCER, "3 sao", "", "")])
    # Listed by the new producer: the same product.
    _hand_over(folder, "recognition", "2026-09-30", 6, [("Mắm", _NEW, "4 sao", "", "")])
    result = _ocop(folder, "run", "--period", "2026-10", "--json")
    assert json.loads(result.stdout)["succeeded"], result.output
    return folder


def _query(site, sql):
    with open_reader(load_settings(site).warehouse) as connection:
        return connection.execute(sql).fetchall()


def _listed(site, day):
    result = _ocop(site, "register", "list", "--unit", "68", "--on", day, "--json")
    return {each["product_name"]: each for each in json.loads(result.stdout)}


def test_every_decision_counts_from_its_own_day(site):
    """Before it nothing is known of it, from it on state, star, expiry and producer are what it made of them."""
    before, after = _listed(site, "2026-09-19"), _listed(site, "2026-09-30")
    assert {each["state"] for each in before.values()} == {"valid"}
    assert {each["star"] for each in before.values()} == {"4"}
    assert {each["expiry_date"] for each in before.values()} == {"2026-10-01"}
    assert {each["producer_name"] for each in before.values()} == {_PRODUCER}
    seen = {
        name: (each["state"], each["star"], each["expiry_date"], each["producer_name"])
        for name, each in after.items()
    }
    assert seen == {
        "Gạo": ("valid", "4", "2026-10-01", _PRODUCER),
        "Trà": ("revoked", "4", "2026-10-01", _PRODUCER),
        "Nấm": ("valid", "4", "2027-04-01", _PRODUCER),
        "Mắm": ("valid", "4", "2029-09-30", _NEW),
        "Rượu": ("valid", "3", "2026-10-01", _PRODUCER),
        # An extension that names no term has the 180 days of QĐ 26/2026.
        "Bún": ("valid", "4", "2027-03-30", _PRODUCER),
    }
    assert (after["Trà"]["ended_on"], after["Trà"]["ending_decision_no"]) == ("2026-09-20", "2/QĐ-UBND")


def test_the_balance_of_the_month_accounts_for_every_product(site):
    """Six at the beginning; one revoked, two lapsed, one with another star, one renewed by its new producer in time."""
    rows = _query(
        site,
        "SELECT star, opening_count, corrected_in_count, corrected_out_count, expired_count, revoked_count, "
        "first_count, regained_count, closing_count FROM core.register_balance AS b "
        "JOIN catalogue.units AS u ON u.unit_id = b.unit_id AND u.full_name = 'Tỉnh Lâm Đồng' "
        "AND DATE '2026-10-14' BETWEEN u.valid_from AND u.valid_to WHERE period = '2026-10' ORDER BY star",
    )
    assert rows == [("3", 0, 1, 0, 1, 0, 0, 0, 0), ("4", 6, 0, 1, 1, 1, 0, 0, 3)]


def test_a_history_tells_all_of_it(site):
    """`register show` names the transfer with its new producer, one product under both names of its producer."""
    result = json.loads(_ocop(site, "register", "show", "Mắm", "--json").stdout)["product"]
    assert [(each["kind"], each["producer_name"], each["decision_no"]) for each in result["history"]] == [
        ("first", _PRODUCER, "1/QĐ-UBND"), ("transfer", _NEW, "4/QĐ-UBND"), ("again", _NEW, "6/QĐ-UBND"),
    ]  # fmt: skip
    assert {each["producer_name"] for each in result["names"]} == {_PRODUCER, _NEW}
    assert result["doubts"] == []


def _doubts(site, number, decided, lines):
    """What is doubted of a recognition's list that is only looked at: (code, cell, what is known), doubts of cells."""
    path = site / f"again-{number}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["TT", *_HEADERS.values()])
        writer.writerows([row, *line[:2], "Bảo Thuận", *line[2:]] for row, line in enumerate(lines, start=1))
    result = _ocop(
        site, "register", "import", str(path), "--unit", "68", "--on", decided, "--kind", "recognition", "--decided",
        decided, "--decision", f"{number}/QĐ-UBND", "--body", "UBND tỉnh Lâm Đồng", "--dry-run", "--json",
    )  # fmt: skip
    (read,) = json.loads(result.stdout)["lists"]
    return [(each["code"], each["cell"], each["args"]) for each in read["findings"]]


def test_a_list_told_otherwise_than_known_is_doubted(site):
    """A known decision with another star is shown at its cell; a star that was put right, or the same, is not."""
    told = [
        ("Gạo", _PRODUCER, "3 sao"),
        ("TRÀ", "Hợp tác xã Nông nghiệp Tân Hà", "4 sao"),
        ("Rượu", _PRODUCER, "3 sao"),
    ]
    ((code, cell, args),) = _doubts(site, 1, "2023-10-01", told)
    assert (code, cell) == ("DECISION_TOLD_OTHERWISE", "E2")
    assert (args["star"], args["other_star"], args["other_day"]) == ("star_3", "star_4", "2023-10-01")


def test_a_second_recognition_within_a_year_of_a_known_one_is_doubted(site):
    """A list is held against what the register knows; a product nobody knew, or another star, is no second claim."""
    told = [("Gạo", _PRODUCER, "4 sao"), ("Gạo nếp", _PRODUCER, "4 sao"), ("Nấm", _PRODUCER, "3 sao")]
    ((code, cell, args),) = _doubts(site, 9, "2024-09-30", told)
    assert (code, cell) == ("RECOGNISED_TWICE", "E2")
    assert (args["other_day"], args["other_decision"]) == ("2023-10-01", "1/QĐ-UBND")
    assert _doubts(site, 9, "2024-10-01", told) == []


def test_what_rules_are_told_of_certificates_has_their_end(site):
    """A revoked certificate is worth nothing from the day of its revocation on, one put right has the right star."""
    with open_reader(load_settings(site).warehouse) as connection:
        known = published_before(connection, ())
    recognitions, certificates = known.recognitions, known.certificates
    names = {row["product_id"]: row["product_name"] for row in recognitions.to_pylist()}
    known = {
        names[row["product_id"]]: row for row in certificates.to_pylist() if row["decision_date"].year == 2023
    }
    assert {
        name: (row["star"], str(row["expiry_date"]), row["ending_kind"]) for name, row in known.items()
    } == {
        "Gạo": ("4", "2026-10-01", None),
        "Trà": ("4", "2026-09-20", "revocation"),
        "Nấm": ("4", "2027-04-01", None),
        "Mắm": ("4", "2026-10-01", None),
        "Rượu": ("3", "2026-10-01", None),
        "Bún": ("4", "2027-03-30", None),
    }
