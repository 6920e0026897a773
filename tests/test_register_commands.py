"""`ocop register`: exit codes, the JSON that scripts depend on (docs/cli.md), and what is published."""

import json
from datetime import date

import duckdb
import pytest
from typer.testing import CliRunner

from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli.app import app
from ocop_pipeline.domain.certificates import CertificateState, EventKind, Level
from ocop_pipeline.register.book import STATES
from ocop_pipeline.register.matching import Reason
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.ledger import Ledger, ListedName
from tests.register_tables import BAO_THUAN, MUI_NE, Register, fill

HTX, OTHER = "HTX Nông nghiệp Tân Hà", "HTX Nông nghiệp Bảo Thuận"
ENTRY = {
    "product_id", "product_name", "producer_id", "producer_name", "producer_type", "product_group", "unit_id",
    "unit_name", "star", "decision_no", "decision_date", "issuing_body", "recognising_level", "expiry_date", "state",
    "ended_on", "ending_decision_no", "source",
}  # fmt: skip
SOURCE = {"unit_id", "unit_name", "submission_id", "file", "sheet", "cell"}
NAME = {"product_name", "producer_name", "unit_id", "unit_name"}


@pytest.fixture
def folder(tmp_path):
    """A deployment with a small register: two products of two producers, and one doubt about each kind."""
    (tmp_path / "ocop.toml").write_text('scope = ["68"]\n', encoding="utf-8")
    state = tmp_path / "state"
    with Ledger.open(state / "ledger.sqlite"):
        pass
    register = Register()
    register.line(
        "Gạo thơm",
        HTX,
        BAO_THUAN,
        [("first", "3", "2021-01-10", "1/QĐ"), ("upgrade", "4", "2024-01-10", "2/QĐ")],
    )
    register.line("Gạo thom", HTX, BAO_THUAN, [("first", "3", "2022-01-10", "3/QĐ")])
    register.line("Trà [b]xanh[/b]", OTHER, MUI_NE, [("first", "5", "2025-01-10", "4/QĐ", "ministry")])
    register.line("Trà [b]xanh[/b]", HTX, BAO_THUAN)
    names = ("Gạo thơm", HTX, BAO_THUAN), ("Gạo thom", HTX, BAO_THUAN)
    ids = [row["listed_product_id"] for row in register.rows["core.listings"]]
    register.doubt("d1aa", "product", (ids[0], *names[0]), (ids[1], *names[1]), 0.95)
    register.doubt("d2bb", "producer", ("x", "", HTX, BAO_THUAN), ("y", "", OTHER, MUI_NE), 0.90)
    with duckdb.connect(state / "warehouse.duckdb") as connection:
        fill(connection, register, {})
    return tmp_path


def _run(folder, *arguments, lang="vi"):
    place = ["--site", str(folder), "--state", str(folder / "state")]
    return CliRunner().invoke(app, ["--lang", lang, "register", *arguments, *place], env={"COLUMNS": "300"})


def _json(folder, *arguments, code=0):
    result = _run(folder, *arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def _waiting(folder):
    return [each["doubt_id"] for each in json.loads(_run(folder, "review", "--json").stdout)]


def test_list_has_its_documented_shape(folder):
    """Every key of docs/cli.md and no other; days are ISO texts, the source names file, sheet and cell."""
    found = _json(folder, "list", "--on", "2026-10-14", "--unit", "68")
    assert [set(each) for each in found] == [ENTRY] * 3
    assert {key for each in found for key in each["source"]} == SOURCE
    (product,) = [each for each in found if each["product_name"] == "Gạo thơm"]
    assert (product["star"], product["decision_date"], product["expiry_date"], product["state"]) == (
        "4", "2024-01-10", "2027-01-10", "valid",
    )  # fmt: skip
    assert (product["source"]["file"], product["source"]["cell"]) == ("so.xlsx", "M1")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--certificate", "expired"), {"Gạo thom"}),
        (("--certificate", "valid"), {"Gạo thơm", "Trà [b]xanh[/b]"}),
        (("--certificate", "revoked"), set()),
        (("--star", "5 sao"), {"Trà [b]xanh[/b]"}),
        (("--star", "3"), {"Gạo thom"}),
        (("--unit", "Phường Mũi Né"), {"Trà [b]xanh[/b]"}),
        (("--group", "Thực phẩm", "--producer-type", "HTX"), {"Gạo thơm", "Gạo thom", "Trà [b]xanh[/b]"}),
        (("--producer-type", "enterprise"), set()),
    ],
)
def test_list_is_narrowed_by_codes_and_wordings(folder, arguments, names):
    """Each option takes the code or the Vietnamese wording and leaves out what does not fit."""
    found = _json(folder, "list", "--on", "2026-10-14", *arguments)
    assert {each["product_name"] for each in found} == names


def test_a_period_means_its_last_day(folder):
    """The month of January 2025 closes on the 14th: the decision of the 10th is in, that of 2022 has lapsed."""
    by_period = _json(folder, "list", "--period", "2025-01")
    assert by_period == _json(folder, "list", "--on", "2025-01-14")
    assert {each["product_name"]: each["state"] for each in by_period}["Gạo thom"] == "expired"


def test_the_table_tells_the_valid_from_the_lapsed(folder):
    """People see the totals by state, in both languages, and names are text, never markup."""
    vietnamese = _run(folder, "list", "--on", "2026-10-14")
    assert vietnamese.exit_code == 0
    assert "còn hiệu lực: 2; hết hạn: 1; bị thu hồi: 0" in vietnamese.stdout
    assert "Trà [b]xanh[/b]" in vietnamese.stdout
    assert "valid: 2; expired: 1; revoked: 0" in _run(folder, "list", "--on", "2026-10-14", lang="en").stdout
    assert "thu hồi" in _run(folder, "list", "--certificate", "revoked").stdout.splitlines()[-1]


def test_show_gives_a_product_with_its_history(folder):
    """One name is one product: names, events with sources, state today, decisions and doubts, all keys there."""
    answer = _json(folder, "show", "GẠO THƠM")
    assert (answer["producer"], answer["candidates"]) == (None, [])
    product = answer["product"]
    assert set(product) == {"kind", "id", "name", "on", "names", "decisions", "doubts", "entry", "history"}
    assert [(each["kind"], each["star"], each["decision_no"]) for each in product["history"]] == [
        ("first", "3", "1/QĐ"), ("upgrade", "4", "2/QĐ"),
    ]  # fmt: skip
    assert set(product["entry"]) == ENTRY
    assert [set(each) for event in product["history"] for each in event["sources"]] == [SOURCE, SOURCE]
    assert set(product["names"][0]) == {*NAME, "line_count"}
    assert [each["doubt_id"] for each in product["doubts"]] == ["d1aa"]
    assert _json(folder, "show", product["id"][:10])["product"] == product


def test_what_is_no_recognition_is_told_too(folder):
    """Extended, transferred, revoked: the table says what stands since when, and which event changed nothing."""
    state = folder / "state" / "warehouse.duckdb"
    register = Register()
    product = register.line("Mắm", HTX, BAO_THUAN, [("first", "3", "2023-10-01", "1/QĐ")])
    register.event("extension", product, "2026-09-01", "2/QĐ", extended_days=180)
    register.event(
        "transfer", product, "2026-09-02", "3/QĐ", new_producer_id="new", new_producer_name="Công ty Mới"
    )
    register.event("revocation", product, "2026-10-01", "4/QĐ-UBND")
    register.event("extension", product, "2026-10-05", "5/QĐ", extended_days=180)
    state.unlink()
    with duckdb.connect(state) as connection:
        fill(connection, register, {})
    (entry,) = _json(folder, "list", "--on", "2026-10-14", "--certificate", "revoked")
    assert (entry["expiry_date"], entry["ended_on"], entry["ending_decision_no"], entry["producer_name"]) == (
        "2027-03-30", "2026-10-01", "4/QĐ-UBND", "Công ty Mới",
    )  # fmt: skip
    (before,) = _json(folder, "list", "--on", "2026-09-30")
    assert (before["state"], before["ended_on"], before["ending_decision_no"]) == ("valid", None, None)
    assert (
        "bị thu hồi từ 01/10/2026 (Quyết định số 4/QĐ-UBND)"
        in _run(folder, "list", "--on", "2026-10-14").stdout
    )
    history = _json(folder, "show", "mắm")["product"]["history"]
    assert [(each["kind"], each["star"], each["expiry_date"], each["has_effect"]) for each in history] == [
        ("first", "3", "2026-10-01", True), ("extension", None, "2027-03-30", True),
        ("transfer", None, None, True), ("revocation", None, None, True),
        ("extension", None, "2027-03-30", False),
    ]  # fmt: skip
    shown = _run(folder, "show", "mắm").stdout
    assert "gia hạn (không làm thay đổi giấy chứng nhận)" in shown
    assert "bị thu hồi từ 01/10/2026" in shown.splitlines()[-1]
    assert _json(folder, "expiring", "--on", "2026-10-14", "--within", "12") == []


def test_show_gives_a_producer_with_its_products(folder):
    """A producer's name, with its legal form spelled out, gives what it has today and what is doubted."""
    answer = _json(folder, "show", "Hợp tác xã Nông nghiệp Tân Hà")
    producer = answer["producer"]
    assert answer["product"] is None
    assert {each["product_name"] for each in producer["products"]} == {"Gạo thơm", "Gạo thom"}
    assert {each["product_name"] for each in producer["names"]} == {"Gạo thơm", "Gạo thom", "Trà [b]xanh[/b]"}


@pytest.mark.parametrize(("text", "count"), [("Trà [b]xanh[/b]", 2), ("gao thom", 2), ("khoai", 0)])
def test_show_never_guesses(folder, text, count):
    """Several, similar or no hits: exit code 1 and the candidates."""
    answer = _json(folder, "show", text, code=1)
    assert (answer["product"], answer["producer"], len(answer["candidates"])) == (None, None, count)
    for each in answer["candidates"]:
        assert set(each) == {"kind", "identity", "name", "producer_name", "unit_id", "unit_name"}
    assert _run(folder, "show", text).exit_code == 1


def test_a_product_without_a_dated_recognition_is_shown_too(folder):
    """What is listed without a date has no history and no state; nothing is made up."""
    rows = _json(folder, "show", "Trà [b]xanh[/b]", code=1)["candidates"]
    identity = next(each["identity"] for each in rows if each["producer_name"] == HTX)
    product = _json(folder, "show", identity)["product"]
    assert (product["entry"], product["history"]) == (None, [])
    assert _run(folder, "show", identity).exit_code == 0


def test_expiring_gives_the_work_list(folder):
    """What lapses with months left and the round that fits; days of rounds come from the catalogue."""
    (lapse,) = _json(folder, "expiring", "--on", "2026-10-14", "--within", "3")
    assert set(lapse) == {*ENTRY, "within_months", "evaluation_level", "round_date", "round_known"}
    assert (lapse["product_name"], lapse["expiry_date"], lapse["within_months"]) == (
        "Gạo thơm",
        "2027-01-10",
        3,
    )
    assert (lapse["evaluation_level"], lapse["round_date"], lapse["round_known"]) == (
        "province", "2026-12-30", True,
    )  # fmt: skip
    assert _json(folder, "expiring", "--on", "2026-10-14", "--unit", MUI_NE) == []
    assert "30/12/2026" in _run(folder, "expiring", "--on", "2026-10-14").stdout
    assert "chưa biết ngày" in _run(folder, "expiring", "--on", "2024-12-01").stdout


@pytest.mark.parametrize("by", ["unit", "producer"])
def test_expiring_is_counted_by_whom_it_concerns(folder, by):
    """By commune or producer: counts of each horizon as far as asked, the first expiry, the round that still fits."""
    asked = ("expiring", "--on", "2026-10-14", "--within", "12")
    (line,), (found,) = _json(folder, *asked), _json(folder, *asked, "--by", by)
    assert set(found) == {
        f"{by}_id", f"{by}_name", "units", "counts", "first_expiry", "next_round", "too_late", "undated",
    }  # fmt: skip
    assert (found[f"{by}_id"], found[f"{by}_name"]) == (line[f"{by}_id"], line[f"{by}_name"])
    assert found["units"] == [{"unit_id": BAO_THUAN, "unit_name": line["unit_name"]}]
    assert found["counts"] == [{"within_months": months, "count": 1} for months in (3, 6, 12)]
    assert (found["first_expiry"], found["next_round"]) == ("2027-01-10", "2026-12-30")
    assert (found["too_late"], found["undated"]) == (0, 0)
    said = _run(folder, "expiring", "--on", "2026-10-14", "--within", "6", "--by", by).stdout
    assert "30/12/2026" in said
    assert "(3 tháng: 1; 6 tháng: 1)" in said
    assert _json(folder, "expiring", "--on", "2026-10-14", "--unit", MUI_NE, "--by", by) == []


def test_review_waits_with_exit_code_1(folder):
    """Producers first, then the most certain, both sides with names and units; a unit sees its own."""
    found = _json(folder, "review", code=1)[::-1]
    assert [each["doubt_id"] for each in found] == ["d1aa", "d2bb"]
    assert set(found[0]) == {"doubt_id", "kind", "reason", "similarity", "left", "right"}
    assert set(found[0]["left"]) == {"id", *NAME}
    assert found[1]["left"]["product_name"] is None
    assert [each["doubt_id"] for each in _json(folder, "review", "--unit", MUI_NE, code=1)] == ["d2bb"]
    assert "95%" in _run(folder, "review").stdout


def test_a_decision_is_written_down_and_the_list_gets_shorter(folder):
    """The ledger has the names as written, the kept one on the left; when nothing waits the exit code is 0."""
    said = _run(
        folder, "review", "decide", "d1", "--same", "--keep", "right", "--by", "Lan", "--why", "gõ thiếu dấu"
    )
    assert said.exit_code == 0, said.output
    assert "lần chạy tới" in said.stdout
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        (told,) = ledger.name_decisions()
    assert told.left == ListedName(BAO_THUAN, HTX, "Gạo thom")
    assert told.right == ListedName(BAO_THUAN, HTX, "Gạo thơm")
    assert (told.is_same, told.decided_by, told.reason) == (True, "Lan", "gõ thiếu dấu")
    assert _waiting(folder) == ["d2bb"]
    arguments = ("--different", "--by", "Lan", "--why", "hai đơn vị")
    assert _run(folder, "review", "decide", "d2bb", *arguments).exit_code == 0
    assert _json(folder, "review") == []
    (shown,) = _json(folder, "show", "Gạo thơm")["product"]["decisions"]
    assert set(shown) == {
        "decision_id", "kind", "verdict", "kept", "other", "decided_by", "reason", "decided_at", "stands",
    }  # fmt: skip
    assert (shown["verdict"], shown["kept"]["product_name"], shown["stands"]) == ("same", "Gạo thom", True)
    assert "Lan" in _run(folder, "show", "Gạo thơm").stdout


def test_a_decision_can_be_taken_back(folder):
    """By the number of the decision; the latest counts and both are shown."""
    why = ("--by", "Lan", "--why", "xem lại hồ sơ")
    _run(folder, "review", "decide", "d1aa", "--same", *why)
    (shown,) = _json(folder, "show", "Gạo thơm")["product"]["decisions"]
    assert _run(folder, "review", "decide", shown["decision_id"][:10], "--different", *why).exit_code == 0
    first, second = _json(folder, "show", "Gạo thơm")["product"]["decisions"]
    assert [(each["verdict"], each["stands"]) for each in (first, second)] == [
        ("same", False),
        ("different", True),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--on", "2026-02-30"),
        ("list", "--on", "2026-10-14", "--period", "2026-10"),
        ("list", "--period", "2026-13"),
        ("list", "--certificate", "lapsed"),
        ("list", "--star", "none"),
        ("list", "--star", "6"),
        ("list", "--group", "vũ khí"),
        ("list", "--producer-type", "phòng ban"),
        ("list", "--unit", "Không Có"),
        ("expiring", "--within", "0"),
        ("expiring", "--within", "37"),
        ("expiring", "--by", "province"),
        ("review", "--unit", "Không Có"),
        ("review", "decide", "d1aa", "--by", "Lan", "--why", "x"),
        ("review", "decide", "d1aa", "--same", "--different", "--by", "Lan", "--why", "x"),
        ("review", "decide", "d1aa", "--different", "--keep", "left", "--by", "Lan", "--why", "x"),
        ("review", "decide", "d1aa", "--same", "--keep", "up", "--by", "Lan", "--why", "x"),
        ("review", "decide", "d1aa", "--same", "--by", " ", "--why", "x"),
        ("review", "decide", "d1aa", "--same", "--by", "Lan", "--why", " "),
        ("review", "decide", "d", "--same", "--by", "Lan", "--why", "x"),
        ("review", "decide", "zz", "--same", "--by", "Lan", "--why", "x"),
    ],
)
def test_wrong_arguments_are_said_in_a_sentence(folder, arguments):
    """Exit code 2, no traceback, and nothing written down."""
    result = _run(folder, *arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        assert ledger.name_decisions() == []


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("expiring",), ("review",)])
def test_a_warehouse_without_a_register_is_said(folder, command):
    """Before the first run, or with a warehouse of an older version: a sentence and exit code 2."""
    (folder / "state" / "warehouse.duckdb").unlink()
    assert _run(folder, *command).exit_code == 2
    with duckdb.connect(folder / "state" / "warehouse.duckdb") as connection:
        connection.execute("CREATE TABLE other (x INTEGER)")
    result = _run(folder, *command)
    assert result.exit_code == 2
    assert "core.listings" in result.output


def test_everything_that_can_be_told_has_words():
    """Each state, level, kind of event and reason has a sentence in both languages."""
    keys = [
        *(f"register.state.{each}" for each in STATES),
        *(f"register.level.{each}" for each in Level),
        *(f"register.event.{each}" for each in EventKind),
        *(f"register.reason.{each}" for each in Reason),
    ]
    for language in ("vi", "en"):
        assert all(load_messages(language).say(key) for key in keys)


def test_the_list_equals_what_was_published(province):
    """On a closing day every product has the state, star, unit, sector and decision of `core.product_status`."""
    place = ["--site", str(province.settings.site), "--state", str(province.settings.state)]
    for period in ("2025-10", "2026-10"):
        result = CliRunner().invoke(app, ["register", "list", "--period", period, "--json", *place])
        with open_reader(province.settings.warehouse) as connection:
            published = connection.execute(
                "SELECT product_id, producer_id, product_group, unit_id, star, decision_date, expiry_date, "
                "certificate_state FROM core.product_status WHERE period = ?",
                [period],
            ).fetchall()
        listed = {
            (
                each["product_id"], each["producer_id"], each["product_group"], each["unit_id"], each["star"],
                date.fromisoformat(each["decision_date"]), date.fromisoformat(each["expiry_date"]), each["state"],
            )
            for each in json.loads(result.stdout)
        }  # fmt: skip
        assert listed == set(published)
        assert {row[-1] for row in published} == {CertificateState.VALID, CertificateState.EXPIRED}
