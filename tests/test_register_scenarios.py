"""What a province would ask of its register, from lists to figures: real lists, and a day of many lapses."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app
from ocop_pipeline.settings import load_settings
from ocop_pipeline.warehouse.connection import open_reader

PUBLIC = Path(__file__).parent / "data" / "public_lists"
_TYPES = {
    "Doanh nghiệp": "enterprise", "Hợp tác xã": "cooperative", "Hộ kinh doanh": "household",
    "Cơ sở sản xuất": "household",
}  # fmt: skip


def _site(folder, scope):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ocop.toml").write_text(f'scope = ["{scope}"]\nsettle_seconds = 0\n', encoding="utf-8")
    return folder


def _ocop(site, *arguments):
    return CliRunner().invoke(app, [*arguments, "--site", str(site)])


def _import(site, path, unit, on, *options):
    given = ["register", "import", str(path), "--unit", unit, "--on", on, "--kind", "recognition", *options]
    result = _ocop(site, *given, "--json")
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def _run(site, month):
    result = _ocop(site, "run", "--period", month, "--json")
    assert json.loads(result.stdout)["succeeded"], result.output


def _query(site, sql, *values):
    with open_reader(load_settings(site).warehouse) as connection:
        return connection.execute(sql, list(values)).fetchall()


# ------------------------------------------------------------------------------------- real lists


@pytest.fixture(scope="module")
def lists():
    """The lines of the three lists, read by the csv module alone; a blank star is the one that is told."""
    rows = []
    for name in ("dak-nong-2025-three-decisions", "duc-trong-2025-products", "lam-dong-2026-decision-3981"):
        with (PUBLIC / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows += [{**row, "star": row["star"] or "3"} for row in csv.DictReader(file)]
    return rows


@pytest.fixture(scope="module")
def lam_dong(tmp_path_factory):
    """Lâm Đồng with the three lists handed over as they are, and its month run."""
    site = _site(tmp_path_factory.mktemp("lists"), "68")
    told = {
        "dak-nong-2025-three-decisions": (),
        "duc-trong-2025-products": ("--decision", "1/QĐ-UBND", "--decided", "2025-03-10", "--body",
                                    "UBND huyện Đức Trọng", "--star", "3"),
        "lam-dong-2026-decision-3981": ("--body", "UBND tỉnh Lâm Đồng"),
    }  # fmt: skip
    for name, options in told.items():
        answer = _import(site, PUBLIC / f"{name}.csv", "68", "2026-08-10", *options)
        assert answer["left_out"] == []
    _run(site, "2026-09")
    return site


def _counted(site, indicator, unit_name="Tỉnh Lâm Đồng"):
    return {
        breakdown: int(value)
        for breakdown, value in _query(
            site,
            "SELECT c.breakdown, c.value FROM core.register_counts AS c "
            "JOIN catalogue.units AS u ON u.unit_id = c.unit_id AND u.full_name = ? "
            "AND DATE '2026-09-14' BETWEEN u.valid_from AND u.valid_to "
            "WHERE c.period = '2026-09' AND c.month = '2026-09' AND c.indicator = ? AND c.value > 0",
            unit_name, indicator,
        )
    }  # fmt: skip


def test_totals_by_star_are_those_of_the_lists(lam_dong, lists):
    """Products ever recognised and still valid, in all and by star: what a count of the lines gives."""
    stars = Counter(row["star"] for row in lists)
    expected = {"": len(lists)} | {f"star={star}": count for star, count in stars.items()}
    for indicator in ("SP02", "SP03"):
        found = _counted(lam_dong, indicator)
        assert {key: value for key, value in found.items() if key in ("", *expected)} == expected


def test_products_are_in_their_communes_of_today(lam_dong, lists):
    """Each commune has the products that the lists give it, and no other commune has any."""
    found = _query(
        lam_dong,
        "SELECT u.full_name, COUNT(*) FROM core.product_status AS s JOIN catalogue.units AS u "
        "ON u.unit_id = s.unit_id AND DATE '2026-09-14' BETWEEN u.valid_from AND u.valid_to "
        "WHERE s.period = '2026-09' GROUP BY u.full_name",
    )
    expected = Counter(row["commune_2025"].casefold() for row in lists)
    assert Counter({name.casefold(): count for name, count in found}) == expected


def test_producers_are_counted_once_each_by_type(lam_dong, lists):
    """A producer with several products is one; its type is the one the list gives."""
    producers = {row["entity_name"]: _TYPES[row["entity_type"]] for row in lists}
    expected = {"": len(producers)} | {
        f"producer_type={kind}": count for kind, count in Counter(producers.values()).items()
    }
    assert _counted(lam_dong, "CH01") == expected


def test_the_list_of_the_register_is_the_lists(lam_dong, lists):
    """`ocop register list` names every product of the lists, under its decision, and nothing else."""
    result = _ocop(lam_dong, "register", "list", "--unit", "68", "--on", "2026-09-14", "--json")
    products = json.loads(result.stdout)
    found = Counter((each["product_name"], each["producer_name"], each["star"]) for each in products)
    assert found == Counter((row["product_name"], row["entity_name"], row["star"]) for row in lists)


# --------------------------------------------------------------------------- forty-eight lapse, eight are renewed


_COMMUNES = ("Xã Bản Bo", "Xã Bình Lư", "Phường Tân Phong", "Xã Mường So")
_IN_TIME, _TOO_LATE = "3", "4"
"""Two lists of 48, told apart by stars: eight of the one were renewed before the lapse, eight of the other after."""


def _product_list(folder, name, numbers, star):
    """A decision's list of products of one star, named by numbers; product n is of commune n modulo 4."""
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["TT", "Tên sản phẩm", "Tên chủ thể", "Xã", "Hạng sao"])
        for place, number in enumerate(numbers, start=1):
            producer = f"HTX {star} sao số {number // 3}"
            writer.writerow(
                [place, f"Sản phẩm {star} sao số {number}", producer, _COMMUNES[number % 4], star]
            )
    return path


@pytest.fixture(scope="module")
def lapsed(tmp_path_factory):
    """Twice 48 products recognised on 20/08/2023, eight of each renewed, and the month of the lapse run."""
    site = _site(tmp_path_factory.mktemp("lapsed"), "12")
    for star, renewed_on in ((_IN_TIME, "2026-08-18"), (_TOO_LATE, "2026-08-25")):
        for name, numbers, day in (
            ("first", range(48), "2023-08-20"),
            ("again", range(0, 48, 6), renewed_on),
        ):
            decision = ("--decision", f"{name} {star}/QĐ", "--decided", day, "--body", "UBND tỉnh Lai Châu")
            _import(
                site, _product_list(site, f"{name}{star}.csv", numbers, star), "12", "2026-01-10", *decision
            )
    _run(site, "2026-09")
    return site


def _balance(site, star):
    columns = ("opening", "first", "regained", "expired", "revoked", "closing")
    named = ", ".join(f"b.{column}_count" for column in columns)
    sql = (
        f"SELECT {named} FROM core.register_balance AS b "
        "WHERE b.period = '2026-09' AND b.unit_id LIKE 'p12%' AND b.star = ?"
    )
    return dict(zip(columns, _query(site, sql, star)[0], strict=True))


def test_twelve_months_before_the_work_list_has_all_forty_eight(lapsed):
    """A year before the lapse every one of them is on the work list, with its day, and counted by commune."""
    asked = ("register", "expiring", "--unit", "12", "--on", "2025-08-20", "--within", "12", "--json")
    listed = json.loads(_ocop(lapsed, *asked).stdout)
    assert Counter(each["star"] for each in listed) == {_IN_TIME: 48, _TOO_LATE: 48}
    assert {each["expiry_date"] for each in listed} == {"2026-08-20"}
    by_commune = json.loads(_ocop(lapsed, *asked, "--by", "unit").stdout)
    assert sorted(max(part["count"] for part in each["counts"]) for each in by_commune) == [24] * 4


def test_forty_lapse_and_the_closing_stock_falls_by_forty(lapsed):
    """Eight were renewed in time and never left; the balance holds without anything entering."""
    assert _balance(lapsed, _IN_TIME) == {
        "opening": 48, "first": 0, "regained": 0, "expired": 40, "revoked": 0, "closing": 8,
    }  # fmt: skip


def test_renewed_too_late_is_lapsed_and_regained(lapsed):
    """All 48 lapsed, eight came back: two movements that a report shows, not one that hides them."""
    assert _balance(lapsed, _TOO_LATE) == {
        "opening": 48, "first": 0, "regained": 8, "expired": 48, "revoked": 0, "closing": 8,
    }  # fmt: skip


@pytest.mark.parametrize("tier", ["commune", "province"])
def test_lapses_of_the_month_are_those_of_the_balance(lapsed, tier):
    """SP04 as it is published, of the province and of its communes together, counts what the balance lost."""
    found = _query(
        lapsed,
        "SELECT i.breakdown, CAST(SUM(i.month_value) AS INTEGER) FROM marts.indicator_summary AS i "
        "JOIN core.unit_ancestors AS a ON a.period = i.period AND a.unit_id = i.unit_id AND a.distance = 0 "
        "WHERE i.indicator = 'SP04' AND i.period = '2026-09' AND a.unit_tier = ? "
        "AND i.month_value > 0 GROUP BY i.breakdown",
        tier,
    )
    assert dict(found) == {"": 88, f"star={_IN_TIME}": 40, f"star={_TOO_LATE}": 48}


def test_the_report_names_what_lapsed(lapsed):
    """The province's report of the month names products that lapsed, with their day."""
    pages = [path.read_text(encoding="utf-8") for path in load_settings(lapsed).releases.rglob("*.html")]
    assert any(re.search(r'data-figure="2026-09/p[^"/]+/SP04"[^>]*>88<', page) for page in pages)
    for number in (1, 47):
        assert any(f"Sản phẩm {_IN_TIME} sao số {number}<" in page and "20/08/2026" in page for page in pages)
