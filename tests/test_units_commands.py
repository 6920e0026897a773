"""`ocop units`: what the commands answer about units in time, and what events would change."""

import hashlib
import json
import sys
from decimal import Decimal

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.catalogue.unit_events import UNIT_EVENT_COLUMNS
from ocop_pipeline.catalogue.unit_parts import COLUMNS as PART_COLUMNS
from ocop_pipeline.cli import console
from ocop_pipeline.cli.app import app
from ocop_pipeline.warehouse.connection import open_reader

runner = CliRunner()
_GIVERS = ("c03388.2", "c03405.2", "c03408.2")
"""Phường Đoàn Kết, Xã Tả Lèng and Phường Tân Phong of Lai Châu."""


@pytest.fixture(autouse=True)
def _one_catalogue(monkeypatch, catalogue):
    """Sites without files of their own share one catalogue."""

    def load(site):
        return load_catalogue(site) if (site / "catalogue").is_dir() else catalogue

    monkeypatch.setattr(console, "load_catalogue", load)


@pytest.fixture
def site(tmp_path):
    """A deployment that has run nothing."""
    (tmp_path / "ocop.toml").write_text('scope = ["68"]\n', encoding="utf-8")
    return tmp_path


def _run(*arguments, site):
    return runner.invoke(app, ["units", *map(str, arguments), "--site", str(site)])


def _json(*arguments, site):
    result = _run(*arguments, "--json", site=site)
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout), result.exit_code


def _events(folder, *rows):
    """A file of one event; what a row does not say is blank."""
    usual = {
        "event": "e1", "effective_date": "2027-01-01", "decree": "Nghị quyết 1", "decree_date": "2026-12-01",
        "source": "x", "confidence": "A",
    }  # fmt: skip
    lines = [",".join((usual | row).get(column, "") for column in UNIT_EVENT_COLUMNS) for row in rows]
    path = folder / "thay-doi.csv"
    path.write_text("\n".join([",".join(UNIT_EVENT_COLUMNS), *lines]) + "\n", encoding="utf-8")
    return path


def _divided(folder, **told):
    """Two communes of Lai Châu take a third one in, 60 and 40 percent of its people."""
    first, second = {"to_code": "90001"}, {"to_code": "90002"}
    return _events(
        folder,
        {"change": "merge", "unit": "03388", **first, "to_type": "phường", "to_name": "Đoàn Kết Mới", **told},
        {"change": "transfer", "unit": "03405", **first, "share_population": "0.6", **told},
        {"change": "transfer", "unit": "03405", **second, "to_type": "phường", "to_name": "Tân Phong Mới",
         "share_population": "0.4", **told},
        {"change": "merge", "unit": "03408", **second, **told},
    )  # fmt: skip


# --------------------------------------------------------------------------------------- answering


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [("00004", "Phường Trúc Bạch", "Phường Ba Đình"), ("26740", "Phường Bến Nghé", "Phường Sài Gòn")],
)
def test_a_recycled_code_means_two_communes_by_date(site, code, old, new):
    """The code finds its holder of the day, and the other one is told beside it."""
    for day, name, other in (("2025-06-30", old, new), ("2025-07-01", new, old)):
        found, exit_code = _json("find", code, "--on", day, site=site)
        assert exit_code == 0
        assert [each["name"] for each in found["units"]] == [name]
        assert found["meant"] == found["units"][0]["unit_id"]
        assert [each["name"] for each in found["other_days"]] == [other]
        shown, _ = _json("show", code, "--on", day, site=site)
        assert (shown["full_name"], shown["code_elsewhen"][0]["name"]) == (name, other)


def test_ambiguity_is_told_and_nothing_is_taken(site):
    """Several communes of a name: exit code 1, all of them with what covers their ground; a name nobody bore too."""
    found, exit_code = _json("find", "xã Tân Hà", "--on", "2026-10-14", site=site)
    assert (exit_code, found["meant"], found["units"]) == (1, None, [])
    assert len(found["other_days"]) == 4
    assert all(each["covering"] for each in found["other_days"])
    one, exit_code = _json("find", "Tân Hà", "--within", "huyện Lâm Hà", "--on", "2025-06-30", site=site)
    assert (exit_code, one["meant"]) == (0, "c24916.1")
    nothing, exit_code = _json("find", "Không Có Nơi Này", site=site)
    assert (exit_code, nothing["units"], nothing["other_days"]) == (1, [], [])
    assert _run("show", "xã Tân Hà", site=site).exit_code == 2


def test_a_unit_is_shown_with_all_that_is_known(site):
    """A province of today: where it lies, what is below, by which decree since when, out of what."""
    shown, _ = _json("show", "Lâm Đồng", "--on", "2026-10-14", site=site)
    assert (shown["unit_id"], shown["tier"], shown["type"]) == ("p68.2", "province", "tỉnh")
    assert shown["below"] == {"commune": 124}
    assert [each["name"] for each in shown["above"]] == ["Việt Nam"]
    assert (shown["valid_from"], shown["valid_to"]) == ("2025-07-01", None)
    assert shown["began_by"]["decree"] == "Nghị quyết 202/2025/QH15"
    assert {each["unit_id"] for each in shown["came_from"]} == {"p60.1", "p67.1", "p68.1"}
    ended, _ = _json("show", "huyện Đức Trọng", "--on", "2026-10-14", site=site)
    assert (ended["on"], ended["valid_to"], ended["below"]) == ("2025-06-30", "2025-06-30", {"commune": 15})
    assert "c24958.2" in {each["unit_id"] for each in ended["became"]}


def test_a_units_history_goes_over_several_changes(site):
    """Trảng Bom: a union of four in 2025, a ward in 2026; each step with decree and direction of figures."""
    told, _ = _json("history", "Trảng Bom, Đồng Nai", site=site)
    assert [each["name"] for each in told["versions"]] == ["Xã Trảng Bom", "Phường Trảng Bom"]
    *unions, ward = told["changes"]
    assert [each["before"]["code"] for each in unions] == ["26248", "26263", "26290", "26293"]
    for each in unions:
        assert (each["day"], each["relation"], each["carries"]) == ("2025-07-01", "merged_into", "forward")
        assert (each["is_exact_forward"], each["is_exact_backward"]) == (True, False)
        assert each["decree"]["decree"] == "Nghị quyết 1662/NQ-UBTVQH15"
    assert (ward["day"], ward["relation"], ward["carries"]) == ("2026-04-30", "renamed", "both")
    assert ward["decree"]["decree"] == "Nghị quyết 237/NQ-UBTVQH16"
    assert [each["name"] for each in told["code_elsewhen"]] == ["Thị trấn Trảng Bom"]


def test_other_commands_name_what_a_former_unit_is_now(province):
    """A figure of a commune that is no more is not guessed: its successors are named, exit code 2."""
    arguments = ["value", "--unit", "huyện Than Uyên", "--period", "2026-10", "--indicator", "TT04"]
    result = runner.invoke(app, [*arguments, "--site", str(province.settings.site)])
    assert result.exit_code == 2
    assert "Huyện Than Uyên không có vào ngày 14/10/2026" in " ".join(result.output.split())
    assert "Xã Than Uyên" in result.output


# ---------------------------------------------------------------------------------------- checking


def test_check_counts_and_compares(site, tmp_path):
    """The reform in numbers, each counted two ways; an event of a file is counted with the rest."""
    found, exit_code = _json("check", site=site)
    forward, backward = found["carried"]
    assert exit_code == 0
    assert (forward["whole"], forward["kept"], forward["estimated"]) == (2907, 132, 414)
    assert (backward["kept"], backward["estimated"]) == (132, 9903)
    assert all(each["agrees"] for each in found["carried"])
    assert [era["first_day"] for era in found["eras"]] == [
        None,
        "2025-07-01",
        "2026-04-30",
        "2026-09-01",
        "2026-09-20",
    ]
    assert found["eras"][0]["counts"]["commune"] == {"xã": 7692, "phường": 1726, "thị trấn": 617}
    more, exit_code = _json("check", _divided(tmp_path), site=site)
    assert (exit_code, len(more["events"])) == (0, len(found["events"]) + 1)
    assert [each["estimated"] for each in more["carried"]] == [414, 9903, 2, 3]


@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        # Its communes would have no unit above them.
        ([{"change": "split", "unit": "12", "to_code": code, "to_type": "tỉnh", "to_name": f"Lai {code}"}
          for code in ("97", "98")], 2, "no unit above it"),
        ([{"change": "split", "unit": "03388", "to_code": code, "to_type": "xã", "to_name": f"Lai {code}",
           "share_area": "0.6"} for code in ("90001", "90002")], 3, "make 1.2, not 1"),
        # A province below its own commune.
        ([{"change": "move", "unit": "12", "to_parent": "03388"}], 2, "of no higher tier"),
        ([{"change": "rename", "unit": "03388", "to_name": "Khác", "decree_date": ""}], 2, "decree_date"),
    ],
)  # fmt: skip
def test_faulty_events_are_refused_with_file_and_row(site, tmp_path, rows, row, reason):
    """No parent, shares that make no whole, a cycle, a decree without a date: a finding of check, refused elsewhere."""
    path = _events(tmp_path, *rows)
    found, exit_code = _json("check", path, site=site)
    assert (exit_code, found["file"], found["row"]) == (1, path.name, row)
    assert reason in found["reason"]
    refused = _run("rehearse", path, site=site)
    assert refused.exit_code == 2
    assert f"{path.name}:{row}" in refused.output


def test_a_sites_own_events_are_checked_where_they_lie(site):
    """The site's file is in force: it is not added a second time, and nothing is left to rehearse."""
    folder = site / "catalogue"
    folder.mkdir()
    path = _divided(folder).rename(folder / "unit_events.csv")
    found, exit_code = _json("check", path, site=site)
    assert (exit_code, [each["event"] for each in found["events"]][-1]) == (0, "e1")
    assert _run("rehearse", path, site=site).exit_code == 2
    path.write_text(path.read_text(encoding="utf-8").replace("0.4", "0.5"), encoding="utf-8")
    broken = _run("check", site=site)
    assert broken.exit_code == 2
    assert "unit_events.csv:4" in "".join(broken.output.split())


@pytest.mark.parametrize("command", ["check", "rehearse"])
def test_a_missing_file_is_an_error_of_use(site, command):
    """Exit code 2 and one sentence."""
    result = _run(command, site / "khong-co.csv", site=site)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


# -------------------------------------------------------------------------------------- rehearsing


def _warehouse_rows(province, sql):
    with open_reader(province.settings.warehouse) as connection:
        return connection.execute(sql).fetchall()


def test_a_rehearsal_tells_units_and_reports(province, tmp_path):
    """Three communes become two: one report less a month, the plan and documents of the province untouched."""
    found, exit_code = _json("rehearse", _divided(tmp_path), site=province.settings.site)
    assert exit_code == 0
    assert found["months"] == {"first": "2027-01", "published": []}
    assert [each["before"]["unit_id"] for each in found["units"]["ended"]] == list(_GIVERS)
    assert [each["after"]["name"] for each in found["units"]["new"]] == [
        "Phường Đoàn Kết Mới",
        "Phường Tân Phong Mới",
    ]
    assert [len(each["elsewhere"]) for each in found["units"]["ended"]] == [1, 2, 1]
    expected = {each["form"]: (each["before"], each["after"]) for each in found["expected"]}
    assert expected == {"OCOP-TI": (3, 3), "OCOP-XA": (38, 37)}
    assert (found["plans"], found["documents"], found["reports"]) == ([], [], [])


def test_a_rehearsal_loses_nothing_and_says_what_is_estimated(province, tmp_path):
    """Flows of the two new communes make what the three reported; a third of each is what the divided one had."""
    found, _ = _json("rehearse", _divided(tmp_path), "--indicator", "KT01", "--indicator", "SP03",
                     site=province.settings.site)  # fmt: skip
    figures = found["figures"]
    assert figures["period"] == "2026-10"
    units = ", ".join(f"'{unit}'" for unit in _GIVERS)
    revenue = dict(
        _warehouse_rows(
            province,
            "SELECT unit_id, SUM(value) FROM core.indicator_values WHERE period = '2026-10' AND indicator = 'KT01' "
            f"AND breakdown = '' AND unit_id IN ({units}) AND value IS NOT NULL GROUP BY unit_id",
        )
    )
    products = dict(
        _warehouse_rows(
            province,
            "SELECT unit_id, COUNT(DISTINCT product_id) FROM core.product_status WHERE period = '2026-10' "
            f"AND certificate_state = 'valid' AND unit_id IN ({units}) GROUP BY unit_id",
        )
    )
    for code, held in (("KT01", revenue), ("SP03", products)):
        rows = [each for each in figures["rows"] if each["indicator"] == code]
        assert len(rows) == 2
        assert sum(Decimal(str(each["after"])) for each in rows) == sum(held.values())
        divided = held.get("c03405.2", 0)
        assert divided > 0
        assert sum(Decimal(str(each["estimated"])) for each in rows) == divided
        assert {each["weighed_by"] for each in rows} == {"equal"}
        assert all(each["before"] is None for each in rows)


def test_a_rehearsal_shares_out_by_the_parts_it_is_given(province, tmp_path):
    """People of the parts given with the events win over the decree's; without them an untold unit counts equally."""
    events = _divided(tmp_path)
    untold = tmp_path / "untold.csv"
    untold.write_text(
        events.read_text(encoding="utf-8").replace("0.6", "").replace("0.4", ""), encoding="utf-8"
    )
    parts = tmp_path / "parts.csv"
    rows = [f"2027-01-01,03405,,{code},,{people},,x,A" for code, people in (("90001", 1), ("90002", 2))]
    parts.write_text("\n".join([",".join(PART_COLUMNS), *rows]) + "\n", encoding="utf-8")

    def rehearsed(file, *more):
        found, _ = _json("rehearse", file, "--indicator", "TT05", *more, site=province.settings.site)
        rows = found["figures"]["rows"]
        weights = {each["weighed_by"] for each in rows}
        return weights, [each["estimated"] for each in rows], sum(each["after"] for each in rows)

    by_decree, equally = rehearsed(events), rehearsed(untold)
    by_people = rehearsed(untold, "--parts", parts)
    assert [found[0] for found in (by_decree, equally, by_people)] == [
        {"population"},
        {"equal"},
        {"population"},
    ]
    assert by_people[1][0] < by_people[1][1] < 3 * by_people[1][0]
    assert by_people[2] == equally[2] == by_decree[2]
    assert rehearsed(events, "--parts", parts) == by_people
    refused = _run("rehearse", untold, "--parts", tmp_path / "none.csv", site=province.settings.site)
    assert refused.exit_code == 2


def test_a_rehearsal_of_a_published_month_names_what_is_published_again(province, tmp_path):
    """Two provinces become one in a month that is out already: month, document and both reports are named."""
    path = _events(
        tmp_path,
        {"change": "merge", "unit": "12", "to_code": "98", "to_type": "tỉnh", "to_name": "Tây Bắc"},
        {"change": "merge", "unit": "11", "to_code": "98"},
    )
    path.write_text(
        path.read_text("utf-8").replace("2027-01-01", "2026-10-01").replace("2026-12-01", "2026-09-01"),
        "utf-8",
    )
    before = hashlib.sha256(province.settings.warehouse.read_bytes()).hexdigest()
    found, _ = _json("rehearse", path, site=province.settings.site)
    assert found["months"] == {"first": "2026-10", "published": ["2026-10"]}
    assert [(each["what"], each["unit"]["name"]) for each in found["reports"]] == [
        ("ends", "Tỉnh Điện Biên"), ("ends", "Tỉnh Lai Châu"), ("begins", "Tỉnh Tây Bắc"),
    ]  # fmt: skip
    assert {(each["period"], each["report"]) for each in found["documents"]} == {
        ("2026-10", "province_month")
    }
    expected = {(each["province"]["name"], each["form"]): each["after"] for each in found["expected"]}
    assert expected["Tỉnh Tây Bắc", "OCOP-XA"] == 38 + 45
    figures = {(each["unit"]["name"], each["indicator"]): each for each in found["figures"]["rows"]}
    assert found["figures"]["period"] == "2026-09"
    for code in ("SP03", "CH01", "KT01"):
        ends, begins = figures["Tỉnh Lai Châu", code], figures["Tỉnh Tây Bắc", code]
        assert ends["before"] == begins["after"]
        assert (ends["after"], begins["before"], begins["estimated"]) == (None, None, 0)
    assert hashlib.sha256(province.settings.warehouse.read_bytes()).hexdigest() == before


def test_a_rehearsal_without_a_warehouse_tells_the_rest(site, tmp_path):
    """A plan of the year binds one commune less; figures are not told where nothing is published."""
    path = _events(
        tmp_path,
        {
            "change": "merge",
            "unit": "24958",
            "to_code": "90001",
            "to_type": "phường",
            "to_name": "Đức Trọng Mới",
        },
        {"change": "merge", "unit": "24967", "to_code": "90001"},
    )
    text = (
        path.read_text(encoding="utf-8")
        .replace("2027-01-01", "2026-11-20")
        .replace("2026-12-01", "2026-11-01")
    )
    path.write_text(text, encoding="utf-8")
    found, _ = _json("rehearse", path, site=site)
    assert found["figures"] == {"period": None, "rows": []}
    plan = next(each for each in found["plans"] if each["plan"] == "sample-lam-dong-2026")
    assert (plan["ends"], plan["is_sample"], plan["communes"]) == (False, True, {"before": 124, "after": 123})
    assert "chưa so sánh được số liệu" in _run("rehearse", path, site=site).output


def test_what_cannot_be_carried_is_refused(site, catalogue, tmp_path):
    """An unknown indicator, and a share, which does not add up over units: exit code 2."""
    share = next(each.code for each in catalogue.indicators.values() if each.kind == "ratio")
    for code in ("SP99", share):
        result = _run("rehearse", _divided(tmp_path), "--indicator", code, site=site)
        assert result.exit_code == 2
        assert code in result.output


# ----------------------------------------------------------------------------------- the terminal


def test_the_other_language_writes_numbers_its_own_way(site, monkeypatch):
    """2,907 unions in English, 2.907 in Vietnamese: one could be read as less than three."""
    monkeypatch.setattr(console.Language, "chosen", console.Language.chosen)
    english = runner.invoke(app, ["--lang", "en", "units", "check", "--site", str(site)]).output
    vietnamese = runner.invoke(app, ["--lang", "vi", "units", "check", "--site", str(site)]).output
    assert "2,907" in english
    assert "2.907" not in english
    assert "2.907" in vietnamese


@pytest.mark.parametrize(
    "arguments",
    [
        ("find", "xã Tân Hà"),
        ("find", "00004"),
        ("show", "Lâm Đồng"),
        ("history", "Trảng Bom"),
        ("check",),
        ("rehearse",),
    ],
)
def test_answers_fit_a_narrow_terminal(province, tmp_path, monkeypatch, arguments):
    """On 80 columns no line is longer, and nothing is cut off: where a table is too wide there is a list."""
    monkeypatch.setattr(
        console, "out", lambda: Console(file=sys.stdout, force_terminal=True, width=80, color_system=None)
    )
    files = [_divided(tmp_path)] if arguments == ("rehearse",) else []
    output = _run(*arguments, *files, site=province.settings.site).output
    lines = output.splitlines()
    assert len(lines) > 4
    assert max(map(len, lines)) <= 80
    assert "…" not in output


def test_the_list_of_divided_units_can_be_filled_in_and_read(site, tmp_path_factory):
    """`units parts` writes a line for every part; filled in and put into the catalogue, history tells the shares."""
    out = tmp_path_factory.mktemp("parts") / "parts.csv"
    written = _run("parts", "--province", "68", "--out", out, site=site)
    assert written.exit_code == 0, written.output
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 5
    again = _run("parts", "--province", "68", "--out", out, site=site)
    assert again.exit_code == 2
    filled = [
        line.replace(",,,,", f",{people},,Chi cục Thống kê,S")
        for line, people in zip(lines[1:3], (1, 3), strict=True)
    ]
    (site / "catalogue").mkdir()
    (site / "catalogue" / "unit_parts.csv").write_text(
        "\n".join([lines[0], *filled, *lines[3:]]), encoding="utf-8-sig"
    )
    unit = f"c{lines[1].split(',')[1]}.1"
    history, _ = _json("history", unit, site=site)
    assert [change["shares"] for change in history["changes"]] == [{"population": 0.25}, {"population": 0.75}]
    assert [change["share_sources"] for change in history["changes"]] == [
        {"population": "Chi cục Thống kê"}
    ] * 2
    assert "Tỷ lệ theo dân số: Chi cục Thống kê." in _run("history", unit, site=site).output
    checked, _ = _json("check", site=site)
    assert checked["divided"] == [{"day": "2025-07-01", "units": 442, "told": {"population": 1, "area": 0}}]
    assert "đã biết số dân các phần của 1 đơn vị" in " ".join(_run("check", site=site).output.split())
