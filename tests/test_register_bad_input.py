"""Bad input to the register, both ways in: each fault a finding at its own cell, no line and no value lost."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app
from ocop_pipeline.domain.forms import GRID, REGISTER
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.process import rebuild, take_in
from ocop_pipeline.settings import load_settings
from ocop_pipeline.warehouse.ledger import Ledger
from tests.unit.intake.filled import PRODUCT, shipped, sound

SHEET = "BM02 Sổ sản phẩm"
UPGRADE = {
    "current_star": "4 sao", "second_star": "4 sao", "second_date": date(2026, 10, 5), "second_year": 2026,
    "second_decision": "88/QĐ-UBND", "second_body": "UBND tỉnh Lâm Đồng", "expiry_date": date(2029, 10, 5),
}  # fmt: skip
OTHER = PRODUCT | {"product_name": "Bột Lá Sương"}
# What is wrong with the register of one workbook -> its lines, the finding it must be given and where.
BM02 = {
    "a star without a day": ([PRODUCT | {"first_date": None}], "DECISION_DATE_MISSING", "M4"),
    "a decision with neither star nor day": (
        [PRODUCT | UPGRADE | {"current_star": "3 sao", "second_star": None, "second_date": None, "expiry_date": None}],
        "DECISION_DATE_MISSING",
        "R4",
    ),
    "a month is no day": ([PRODUCT | {"first_date": "T10/2026"}], "DATE_EXPECTED", "M4"),
    "a year is no day": ([PRODUCT | {"first_date": "năm 2026"}], "DATE_EXPECTED", "M4"),
    "six stars": ([PRODUCT | {"first_star": "6 sao"}], "CODE_NOT_IN_LIST", "L4"),
    "a number of stars": ([PRODUCT | {"current_star": 3.5}], "CODE_NOT_IN_LIST", "J4"),
    "an expiry on the day of the decision": (
        [PRODUCT | {"expiry_date": date(2026, 10, 1)}], "EXPIRY_BEFORE_DECISION", "K4",
    ),
    "an expiry before the only decision, in the second slot": (
        [PRODUCT | UPGRADE | {"first_star": None, "first_date": None, "first_year": None, "first_decision": None,
                              "first_body": None, "expiry_date": date(2026, 10, 4)}],
        "EXPIRY_BEFORE_DECISION",
        "K4",
    ),
    "a commune that had ended": ([PRODUCT | {"commune_name": "Phường 8"}], "COMMUNE_NOT_THEN", "F4"),
    "a commune of elsewhere": ([PRODUCT | {"commune_name": "Xã Đơn Dương"}], "COMMUNE_UNKNOWN", "F4"),
    "a district that had ended decides": (
        [PRODUCT | {"first_body": "UBND huyện Đức Trọng"}], "BODY_NOT_THEN", "P4",
    ),
    "one decision on two days": (
        [PRODUCT | UPGRADE | {"second_decision": "01 / QĐ-UBND"}], "DECISION_CONTRADICTED", "R4",
    ),
    "one decision with two stars, on two lines": (
        [OTHER, PRODUCT, PRODUCT | {"current_star": "4 sao", "first_star": "4 sao"}], "DECISION_CONTRADICTED", "M6",
    ),
    "two decisions of one day": (
        [PRODUCT, PRODUCT | {"first_decision": "02/QĐ-UBND"}], "DECISION_CONTRADICTED", "M5",
    ),
    "two decisions claim the same upgrade": (
        [PRODUCT | {"first_date": date(2025, 1, 2), "first_year": 2025} | UPGRADE,
         PRODUCT | {"first_date": date(2025, 1, 2), "first_year": 2025} | UPGRADE
         | {"second_date": date(2026, 9, 20), "second_decision": "77/QĐ-UBND", "expiry_date": date(2029, 9, 20)}],
        "RECOGNISED_TWICE",
        "R4",
    ),
    "the same in another spelling": (
        [PRODUCT | {"product_name": "Trà Hòa Bình"}, PRODUCT | {"product_name": "trà Hoà Bình", "producer_name":
                                                                "Hợp tác xã Lá Sương"}],
        "PRODUCT_REPEATED",
        "B5",
    ),
}  # fmt: skip
WARNINGS = {"COMMUNE_NOT_THEN", "COMMUNE_UNKNOWN", "BODY_NOT_THEN", "RECOGNISED_TWICE", "PRODUCT_REPEATED"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A deployment of one province that has never run."""
    site = tmp_path_factory.mktemp("bad_input")
    (site / "ocop.toml").write_text('scope = ["68"]\nsettle_seconds = 0\n', encoding="utf-8")
    return site


def _workbook(number, lines, **values):
    """A ward's report with this register; `SP01__in_period=3` changes a figure of the grid, `_star_4` its star."""
    grid = {(GRID, *key.replace("_star_", ".star=").split("__")): value for key, value in values.items()}
    return sound(shipped(), info={"issue_no": number}, values=grid, register=lines).xlsx()


def _check(folder, *files):
    """The answers of `ocop check --json`, in the order of the files."""
    result = CliRunner().invoke(app, ["check", "--json", *map(str, files), "--site", str(folder)])
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def answers(folder):
    """What `ocop check` says of each bad workbook."""
    files = []
    for number, (lines, _, _) in enumerate(BM02.values(), start=1):
        files.append(folder / f"{number}.xlsx")
        files[-1].write_bytes(_workbook(number, lines))
    return dict(zip(BM02, _check(folder, *files), strict=True))


@pytest.mark.parametrize("case", BM02)
def test_a_bad_line_of_a_monthly_register_is_found_at_its_cell(answers, case):
    """`ocop check` names the fault, its cell and both languages; contradictions return the file, doubts flag it."""
    _, code, cell = BM02[case]
    found = [each for each in answers[case]["findings"] if each["code"] == code]
    assert [(each["sheet"], each["cell"]) for each in found] == [(SHEET, cell)]
    assert found[0]["severity"] == ("warning" if code in WARNINGS else "error")
    assert found[0]["message_vi"].startswith(f"Trang “{SHEET}”, ô {cell}: ")
    assert "…" not in found[0]["message_vi"] + found[0]["message_en"]


def test_nothing_of_a_bad_register_is_lost(folder):
    """All lines of a returned register stand in raw.cells, values that no list knows as they were written."""
    inbox, place = folder / "inbox", folder / "taken"
    inbox.mkdir()
    lines = [line for lines, _, _ in BM02.values() for line in lines]
    (inbox / "so.xlsx").write_bytes(_workbook(1, lines))
    with Ledger.open(place / "ledger.sqlite") as ledger:
        taken = take_in(
            inbox, Archive(place / "archive"), ledger, shipped(), datetime(2026, 11, 20, tzinfo=UTC),
            settle_seconds=0, workers=1,
        )  # fmt: skip
    assert [str(each.verdict) for each in taken.judgements] == ["returned"]
    kept = {
        (cell["row_no"], cell["field"]): cell for cell in taken.cells.to_pylist() if cell["part"] == REGISTER
    }
    for row, line in enumerate(lines, start=4):
        for field, value in line.items():
            assert _value(kept.get((row, field))) in _shown(value), (row, field)
    told = {(each.code, each.cell) for each in taken.judgements[0].findings}
    assert {("DATE_EXPECTED", "M7"), ("CODE_NOT_IN_LIST", "L8"), ("CODE_NOT_IN_LIST", "J9")} <= told


def _value(cell):
    """What a kept cell says."""
    return (
        None
        if cell is None
        else next((v for v in (cell["text"], cell["day"], cell["number"]) if v is not None), None)
    )


def _shown(value):
    """What may stand for a value in raw.cells."""
    return (value, str(value)) if not isinstance(value, int) else (Decimal(value),)


# --------------------------------------------------------------------------- grid against register


def test_the_products_behind_a_mismatch_are_named(folder):
    """SP01 and SP03 are told with both numbers, what is counted, what is near: a few in the sentence, all in `args`."""
    later = OTHER | {"first_date": date(2026, 10, 16), "expiry_date": date(2029, 10, 16)}
    lapsed = OTHER | {
        "product_name": "Mứt {0}", "first_date": date(2023, 9, 20), "first_year": 2023, "first_decision": None,
        "expiry_date": date(2026, 9, 20),
    }  # fmt: skip
    many = [PRODUCT | {"product_name": f"Bánh số {number}"} for number in range(1, 8)]
    path = folder / "grid.xlsx"
    path.write_bytes(
        _workbook(
            1, [PRODUCT, later, lapsed, *many], SP01__in_period=9, SP01_star_3__in_period=8, SP03__closing=9
        )
    )
    (answer,) = _check(folder, path)
    told = {each["code"]: each for each in answer["findings"]}
    recognised, valid = told["REGISTER_GRID_MISMATCH"], told["VALID_STOCK_MISMATCH"]
    assert (
        "ghi 9, nhưng sổ sản phẩm có 8 lượt công nhận từ ngày 15/09/2026 đến ngày 14/10/2026."
        in recognised["message_vi"]
    )
    assert len(recognised["args"]["decided"]) == 8
    assert "; và 3 mục khác." in recognised["message_vi"]
    assert [(each["product"], each["say"], each["cell"]) for each in recognised["args"]["near"]] == [
        ("Bột Lá Sương", "decided_later", "M5")
    ]
    assert (
        "“Bột Lá Sương” của HTX Lá Sương (3 sao, quyết định 01/QĐ-UBND ngày 16/10/2026: sau kỳ báo cáo)"
        in (recognised["message_vi"])
    )
    assert "còn 8 sản phẩm hiệu lực" in valid["message_vi"]
    assert (
        "“Mứt {0}” của HTX Lá Sương (3 sao, quyết định không ghi số ngày 20/09/2023: hết hạn từ ngày 20/09/2026)"
        in (valid["message_vi"])
    )
    assert {each["say"] for each in valid["args"]["not_valid"]} == {"decided_later", "lapsed"}


def test_where_the_register_has_more_its_products_are_named_and_nothing_else(folder):
    """A grid that forgot a product is shown the product; what lies outside the window would only confuse."""
    earlier = OTHER | {"first_date": date(2026, 9, 10), "expiry_date": date(2029, 9, 10)}
    path = folder / "less.xlsx"
    path.write_bytes(_workbook(1, [PRODUCT, earlier], SP03__closing=2, SP03_star_3__closing=2))
    (answer,) = _check(folder, path)
    (found,) = [each for each in answer["findings"] if each["code"] == "REGISTER_GRID_MISMATCH"]
    assert found["args"]["near"] == []
    assert (
        "Sổ đang tính: “Trà Lá Sương” của HTX Lá Sương (3 sao, quyết định 01/QĐ-UBND ngày 01/10/2026)."
        in (found["message_vi"])
    )
    assert "Bột" not in found["message_vi"]


def test_months_are_compared_by_the_keys_of_names(folder):
    """A product written otherwise than last month is the same; its decision told otherwise is a doubt at its cell."""
    september, october = folder / "09.xlsx", folder / "10.xlsx"
    known = PRODUCT | {
        "product_name": "Trà Hòa Bình", "first_date": date(2026, 9, 1), "expiry_date": date(2029, 9, 1),
    }  # fmt: skip
    again = known | {
        "product_name": "TRÀ HOÀ BÌNH", "producer_name": "Hợp tác xã Lá Sương", "first_star": "4 sao",
        "current_star": "4 sao",
    }  # fmt: skip
    valid = {(GRID, line, "closing"): 1 for line in ("SP03", "SP03.star=3")}
    first = sound(
        shipped(),
        info={"period": "09/2026"},
        values=valid | {(GRID, "SP01", "in_period"): 1},
        register=[known],
    )
    september.write_bytes(first.xlsx())
    october.write_bytes(_workbook(1, [again], SP03__closing=1, SP03_star_4__closing=1))
    answers = _check(folder, october, september)
    assert [(each["code"], each["cell"]) for each in answers[0]["findings"]] == [
        ("DECISION_TOLD_OTHERWISE", "M4")
    ]
    assert answers[0]["verdict"] == "accepted"
    assert answers[0]["findings"][0]["args"]["other_star"] == "star_3"


def test_findings_are_told_in_the_order_people_work(folder):
    """Errors first, then sheet by sheet from top to bottom; the label tells a line's breakdown, not its code."""
    path = folder / "order.xlsx"
    values = {"TT06.channel=website__in_period": "vài", "TT05__in_period": -1, "TT01__closing": 26}
    path.write_bytes(_workbook(1, [PRODUCT | {"commune_name": "Phường 8", "first_star": "6 sao"}], **values))
    (answer,) = _check(folder, path)
    found = answer["findings"]
    assert [each["severity"] for each in found] == sorted(each["severity"] for each in found)
    errors = [(each["sheet"], int(each["cell"][1:])) for each in found if each["severity"] == "error"]
    assert errors == sorted(errors)
    assert {sheet for sheet, _ in errors} == {"BM01 Tiến độ", SHEET}
    messages = " ".join(each["message_vi"] for each in found)
    assert (
        "Chỉ tiêu TT06 (Tin, bài, phóng sự, lượt phát thanh: Cổng, trang thông tin điện tử) ghi “vài”"
        in messages
    )
    assert "channel=" not in messages


# ------------------------------------------------------------------------ lists that are imported

HEADER = [
    "TT", "Tên sản phẩm", "Nhóm sản phẩm", "Loại hình chủ thể", "Tên chủ thể", "Xã/phường", "Hạng sao hiện tại",
    "Ngày hết hạn", "Lần 1 Hạng sao", "Lần 1 Ngày công nhận", "Lần 1 Số quyết định", "Lần 1 Cơ quan ban hành",
    "Lần 2 Hạng sao", "Lần 2 Ngày công nhận", "Lần 2 Số quyết định",
]  # fmt: skip


def _row(number, name, **changes):
    """A sound line of an old register, with changes."""
    fields = {
        "group": "Thực phẩm", "form": "HTX", "producer": "HTX Lá Sương", "commune": "Xã Đức Trọng", "star": "3 sao",
        "expiry": "05/08/2028", "first": "3 sao", "day": "05/08/2025", "decision": f"{number}/QĐ-UBND",
        "body": "UBND tỉnh Lâm Đồng", "second": "", "second_day": "", "second_decision": "",
    } | changes  # fmt: skip
    return [str(number), name, *fields.values()]


def _file(folder, name, header, rows):
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([header, *rows])
    path = folder / name
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def _import(folder, path, *options):
    """The JSON of `ocop register import`; what is doubtful never keeps a list out."""
    arguments = ["register", "import", str(path), "--unit", "68", "--on", "2026-10-01", "--json", *options]
    result = CliRunner().invoke(app, [*arguments, "--site", str(folder)])
    assert result.exit_code == 1, result.output
    return json.loads(result.stdout)


def _cells(folder):
    """raw.cells of all imports, read again from the archive: (file's line, field) -> cell."""
    settings = load_settings(folder)
    with Ledger.open(settings.ledger) as ledger:
        found = rebuild(Archive(settings.archive), ledger, shipped(), workers=1).cells.to_pylist()
    return {(cell["submission_id"], cell["row_no"], cell["field"]): cell for cell in found}


def test_an_old_register_with_every_fault_is_kept_whole(folder):
    """Each fault of an imported register has its cell; every line and every value is kept all the same."""
    bad = [
        _row(1, "Trà một", day=""),
        _row(2, "Trà hai", star="6 sao", first="6 sao"),
        _row(3, "Trà ba", expiry="05/08/2025"),
        _row(4, "Trà bốn", commune="Xã Liên Nghĩa Đông"),
        _row(5, "Trà năm", commune="Xã Phú Hội", day="05/08/2026", expiry="05/08/2029"),
        _row(6, "Trà sáu", second="3 sao", second_day="05/08/2026", second_decision="60/QĐ-UBND", expiry="05/08/2029"),
        _row(7, "Trà bảy", second="4 sao", second_day="06/08/2025", second_decision="QĐ 7", star="4 sao"),
        _row(8, "Trà tám", day="T6/2023"),
        _row(9, "Trà chín", body="UBND huyện Đức Trọng"),
    ]  # fmt: skip
    answer = _import(folder, _file(folder, "so.csv", HEADER, bad))
    (read,) = answer["lists"]
    assert read["lines"] == len(bad)
    assert answer["left_out"] == []
    found = {(each["code"], each["cell"]) for each in read["findings"]}
    assert {
        ("DECISION_DATE_MISSING", "J2"), ("CODE_NOT_IN_LIST", "G3"), ("CODE_NOT_IN_LIST", "I3"),
        ("EXPIRY_BEFORE_DECISION", "H4"), ("PLACE_UNKNOWN", "F5"), ("COMMUNE_NOT_THEN", "F6"),
        ("DECISION_CONTRADICTED", "N8"), ("DATE_EXPECTED", "J9"), ("BODY_NOT_THEN", "L10"),
    } <= found  # fmt: skip
    # A year to the day apart is no second claim of the same upgrade.
    assert ("RECOGNISED_TWICE", "N7") not in found
    kept = _cells(folder)
    names = {at[1]: cell["text"] for at, cell in kept.items() if at[2] == "product_name"}
    assert set(names.values()) >= {line[1] for line in bad}
    assert kept[read["submission_id"], 9, "first_date"]["text"] == "T6/2023"
    assert kept[read["submission_id"], 3, "first_star"]["text"] == "6 sao"


DECIDED = ("--kind", "recognition", "--decision", "15/QĐ-UBND", "--decided", "2026-08-05")


def test_a_list_whose_points_and_stars_contradict_each_other(folder):
    """Points are read by the regime of the decision's day; star and points are both kept, the doubt has its cell."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Điểm", "Hạng sao"]
    rows = [
        ["1", "Bún một", "HTX Một", "Xã Đức Trọng", "95", "4 sao"],
        ["2", "Bún hai", "HTX Một", "Xã Đức Trọng", "69,9", "4 sao"],
        ["3", "Bún ba", "HTX Một", "Xã Đức Trọng", "70", "4 sao"],
        ["4", "Bún bốn", "HTX Một", "Xã Đức Trọng", "101", "5 sao"],
        ["5", "Bún năm", "HTX Một", "Xã Đức Trọng", "80", "bốn rưỡi"],
    ]
    path = _file(folder, "diem.csv", header, rows)
    (read,) = _import(folder, path, *DECIDED, "--body", "UBND tỉnh Lâm Đồng")["lists"]
    assert {(each["code"], each["cell"]) for each in read["findings"]} == {
        ("SCORE_CONTRADICTS_STAR", "E2"), ("SCORE_CONTRADICTS_STAR", "E3"), ("SCORE_OUT_OF_RANGE", "E5"),
        ("CODE_NOT_IN_LIST", "F6"), ("LEVEL_BELOW_STAR", "F5"),
    }  # fmt: skip
    assert read["lines"] == len(rows)
    kept = {at[1:]: cell for at, cell in _cells(folder).items() if at[0] == read["submission_id"]}
    assert kept[2, "score"]["number"] == Decimal(95)
    assert (kept[2, "first_star"]["text"], kept[6, "first_star"]["text"]) == ("4 sao", "bốn rưỡi")
    # Before QĐ 1048/QĐ-TTg provinces had scales of their own, which are not known.
    old = ("--kind", "recognition", "--decision", "3/QĐ-UBND", "--decided", "2019-08-20", "--dry-run")
    (read,) = _import(folder, path, *old)["lists"]
    assert not [each for each in read["findings"] if each["code"].startswith("SCORE_CONTRADICTS")]


def test_an_extension_ends_after_it_was_decided(folder):
    """An extension to a day that has passed extends nothing: a doubt at that cell, the line is kept."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Gia hạn đến"]
    rows = [
        ["1", "Bún một", "HTX Một", "Xã Đức Trọng", "05/08/2026"],
        ["2", "Bún hai", "HTX Một", "Xã Đức Trọng", "06/08/2026"],
    ]
    options = ("--kind", "extension", *DECIDED[2:])
    (read,) = _import(folder, _file(folder, "gia-han.csv", header, rows), *options)["lists"]
    # Where other tests of this module have run a month first, the products are known to no register.
    found = [
        (each["code"], each["cell"]) for each in read["findings"] if each["code"] != "EVENT_WITHOUT_PRODUCT"
    ]
    assert found == [("EXPIRY_BEFORE_DECISION", "E2")]
    assert read["lines"] == 2


def test_lines_of_one_decision_that_claim_it_twice(folder):
    """The same product on two lines of one list with two stars: shown at the later line, both are kept."""
    header = ["TT", "Sản phẩm", "Chủ thể", "Xã", "Hạng sao"]
    rows = [
        [number, "Bún một", "HTX Một", "Xã Đức Trọng", star]
        for number, star in (("1", "3 sao"), ("2", "4 sao"))
    ]
    decided = ("--kind", "recognition", "--decision", "16/QĐ-UBND", "--decided", "2026-08-06")
    (read,) = _import(folder, _file(folder, "hai-dong.csv", header, rows), *decided)["lists"]
    assert {each["code"] for each in read["findings"]} == {"DECISION_CONTRADICTED", "PRODUCT_REPEATED"}
    assert {each["cell"][1:] for each in read["findings"]} == {"3"}
    assert read["lines"] == 2
