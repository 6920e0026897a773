"""The rules of the forms: each finds its fault at its cell, passes what is sound, and has its sentences."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.findings import FORM, finding_types, load_findings, number_text
from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.domain.forms import FUNDING, GRID, TASKS
from ocop_pipeline.intake.extract import extract
from ocop_pipeline.intake.grid import CellError, Sheet, UnreadableCode, Workbook
from ocop_pipeline.intake.inbox import RefusalReason
from ocop_pipeline.intake.judge import Previous, judge
from ocop_pipeline.intake.recognise import identify
from ocop_pipeline.intake.tables import Candidate
from ocop_pipeline.paths import CATALOGUE_DATA, PACKAGE
from ocop_pipeline.quality.rules import RuleError, findings_page, load_rules, rules_version, run_rules
from tests.unit.intake.filled import PRODUCT, Filled, shipped, shipped_spec, sound

RECOGNISED = {
    (GRID, "SP01", "in_period"): 1,
    (GRID, "SP01.star=3", "in_period"): 1,
    (GRID, "SP03", "closing"): 1,
}
"""What the progress sheet says when the register holds `PRODUCT` alone."""


@dataclass
class Example:
    """A form that breaks a rule, where, and the nearest form that does not.

    `cell` is the address told; `args` some arguments of the finding; `previous` what the warehouse knows.
    """

    broken: dict[str, Any]
    cell: str | Callable[[Filled], str]
    args: dict[str, str]
    sound: dict[str, Any] = field(default_factory=dict)
    previous: Callable[[], Previous] | None = None
    change: Callable[[Workbook], Workbook] | None = None


def at(part: str, line: str, name: str) -> Callable[[Filled], str]:
    """The address of a line's cell."""
    return lambda form: form.address_of(part, line, name)


def values(**lines: Any) -> dict[str, Any]:
    """Changed values of the progress sheet: `TT04__in_period=3`."""
    return {
        "values": {
            (GRID, *key.replace("_star_", ".star=").split("__")): value for key, value in lines.items()
        }
    }


def product(**changes: Any) -> dict[str, Any]:
    """A form whose register holds one product, with changes."""
    return {"values": RECOGNISED, "register": [PRODUCT | changes]}


def funding(name: str, **lines: float) -> dict[str, Any]:
    """Changed totals and one part of a column of the funding sheet."""
    part = "KP.content=production;source=central"
    return {
        "values": {(FUNDING, {"total": "KP", "part": part}[key], name): value for key, value in lines.items()}
    }


def before(*rows: tuple[str, str, str, float]) -> Callable[[], Previous]:
    """What the ward reported earlier: (period, indicator, breakdown, value)."""

    def table() -> Previous:
        columns: dict[str, Any] = {
            "period": [row[0] for row in rows],
            "unit_id": ["c24778.2"] * len(rows),
            "agency": [""] * len(rows),
            "form": ["OCOP-XA"] * len(rows),
            "indicator": [row[1] for row in rows],
            "breakdown": [row[2] for row in rows],
            "value": [row[3] for row in rows],
            "state": ["number"] * len(rows),
        }
        return Previous(values=pa.table(columns))

    return table


def usually(indicator: str, usual: float, **told: float) -> Callable[[], Previous]:
    """What the ward reported in a year of months, in the middle and at the ends."""
    row = {"months_count": 12, "spread": usual / 10, "least": usual / 2, "largest": usual * 2} | told
    whose = {"unit_id": "c24778.2", "agency": "", "form": "OCOP-XA", "indicator": indicator, "usual": usual}
    return lambda: Previous(usual=pa.table({name: [value] for name, value in (whose | row).items()}))


def neighbours(indicator: str, usual: float, **told: float) -> Callable[[], Previous]:
    """What fifty communes of the province usually report."""
    row = {"units_count": 50, "spread": usual / 4, "least": 0.0, "largest": usual * 4} | told
    whose = {"parent_id": "p68.2", "agency": "", "form": "OCOP-XA", "indicator": indicator, "usual": usual}
    return lambda: Previous(nearby=pa.table({name: [value] for name, value in (whose | row).items()}))


def known_product(
    star: str, decided: date, name: str = "Cà phê Mây", producer: str = "HTX Mây"
) -> Callable[[], Previous]:
    """A recognition the warehouse knows."""
    columns = {
        "unit_id": ["c24778.2"], "product_name": [name], "producer_name": [producer], "star": [star],
        "decision_date": [decided],
    }  # fmt: skip
    return lambda: Previous(recognitions=pa.table(columns))


def uncomputed(book: Workbook) -> Workbook:
    """The workbook with a formula without result at D9 of the progress sheet."""
    grid = book.sheets[1]
    grid.rows[8][3] = None
    marked = Sheet(grid.name, False, grid.rows, uncomputed=frozenset({(8, 3)}))
    return Workbook("xlsx", (book.sheets[0], marked, *book.sheets[2:]))


def with_unknown_line(book: Workbook) -> Workbook:
    """The workbook with a line of its own below the progress sheet."""
    grid = book.sheets[1].rows
    grid.append((["ZZ1", "Thêm", "người", 5.0] + [None] * len(grid[2]))[: len(grid[2])])
    return book


_FILLED = {
    (GRID, line, name): float(number)
    for number, (line, name) in enumerate(
        [
            ("CD03", "closing"), ("TT01", "closing"), ("TT02", "closing"), ("TT04", "in_period"),
            ("TT05", "in_period"), ("CT01", "in_period"), ("CT03", "in_period"), ("CT04", "in_period"),
            ("CH03", "in_period"), ("CG01", "closing"), ("CL02", "closing"), ("CL03", "in_period"),
        ],
        start=1,
    )
}  # fmt: skip
_LAST_MONTH = [("2026-09", line, "", number) for (_, line, _), number in _FILLED.items()]
_LAST_MONTH += [("2026-09", "CT02", "", 0.0)]
_TASK = {"task_code": "NV1", "task_text": "Mở lớp tập huấn", "task_state": "Đang thực hiện"}

EXAMPLES: dict[str, Example] = {
    "CELL_ERROR": Example(
        values(TT04__in_period=CellError("#REF!")), at(GRID, "TT04", "in_period"), {"text": "#REF!"}
    ),
    "FORMULA_NOT_COMPUTED": Example({}, "D9", {}, change=uncomputed),
    "NUMBER_EXPECTED": Example(
        values(TT04__in_period="khoảng 20"),
        at(GRID, "TT04", "in_period"),
        {"line": "TT04", "text": "khoảng 20"},
        values(TT04__in_period="không phát sinh"),
    ),
    "YES_NO_EXPECTED": Example(
        values(CD01__closing="đang soạn"),
        at(GRID, "CD01", "closing"),
        {"line": "CD01", "text": "đang soạn"},
        values(CD01__closing="chưa"),
    ),
    "DATE_EXPECTED": Example(
        product(first_date="đầu năm"), "M4", {"text": "đầu năm"}, product(first_date="1/10/2026")
    ),
    "PROGRESS_EXPECTED": Example(
        {"tasks": [_TASK | {"progress": 4500}]},
        "D4",
        {"text": "4500"},
        {"tasks": [_TASK | {"progress": 45}]},
    ),
    "NEGATIVE": Example(
        values(TT05__in_period=-2), at(GRID, "TT05", "in_period"), {"value": "-2"}, values(TT05__in_period=0)
    ),
    "NOT_WHOLE": Example(
        values(TT05__in_period=2.5),
        at(GRID, "TT05", "in_period"),
        {"value": "2.5", "unit": "lượt"},
        values(XT06__in_period=2.5),
    ),
    "REQUIRED_BLANK": Example(
        values(TT04__in_period=None),
        at(GRID, "TT04", "in_period"),
        {"line": "TT04"},
        values(TT06__in_period=None),
    ),
    "TOTAL_NOT_PARTS": Example(
        funding("disbursed", total=100.02),
        at(FUNDING, "KP", "disbursed"),
        {"total": "100.02", "sum": "100"},
        funding("disbursed", total=100.01),
    ),
    "TOTAL_BLANK": Example(
        funding("settled", total=None, part=5),
        at(FUNDING, "KP", "settled"),
        {"sum": "5"},
        funding("settled", total=None),
    ),
    "PART_EXCEEDS_WHOLE": Example(
        values(TT01__closing=26),
        at(GRID, "TT01", "closing"),
        {"part": "26", "whole": "25", "whole_line": "TT02"},
        values(TT01__closing=25),
    ),
    "WRONG_COLUMN": Example(
        values(TT04__in_period=None, TT04__closing=3),
        at(GRID, "TT04", "closing"),
        {"line": "TT04", "value": "3"},
        values(TT04__in_period=3, TT04__closing=9),
    ),
    "YEAR_STOCK_FELL": Example(
        {},
        at(FUNDING, "KP", "disbursed"),
        {"value": "100", "before": "100.5", "before_period": "2026-08"},
        funding("disbursed", total=100.5, part=100.5),
        before(("2026-08", "KP02", "", 100.5)),
    ),
    "STOCK_JUMPED": Example(
        values(TT02__closing=250),
        at(GRID, "TT02", "closing"),
        {"value": "250", "before": "25"},
        values(TT02__closing=45),
        before(("2026-09", "TT02", "", 25.0)),
    ),
    "UNIT_SLIPPED": Example(
        values(KT01__in_period=150_000),
        at(GRID, "KT01", "in_period"),
        {"value": "150000", "usual": "150", "unit": "nghin_dong"},
        values(KT01__in_period=15_000),
        usually("KT01", 150.0),
    ),
    "FAR_FROM_USUAL": Example(
        values(TT05__in_period=900),
        at(GRID, "TT05", "in_period"),
        {"value": "900", "usual": "120", "whose": "usual_own"},
        values(TT05__in_period=230),
        usually("TT05", 120.0),
    ),
    "DISBURSED_OVER_PLAN": Example(
        funding("disbursed", total=150.6, part=150.6),
        at(FUNDING, "KP", "disbursed"),
        {"value": "150.6", "plan": "150.5"},
        funding("disbursed", total=100, part=100),
    ),
    "SETTLED_OVER_DISBURSED": Example(
        funding("settled", total=101, part=101),
        at(FUNDING, "KP", "settled"),
        {"value": "101", "disbursed": "100"},
        funding("settled", total=100, part=100),
    ),
    "REGISTER_GRID_MISMATCH": Example(
        {"register": [PRODUCT]},
        at(GRID, "SP01", "in_period"),
        {"grid": "0", "register": "1"},
        {"register": [PRODUCT | {"first_date": date(2026, 9, 14), "expiry_date": date(2029, 9, 14)}]},
    ),
    "VALID_STOCK_MISMATCH": Example(
        {},
        at(GRID, "SP03", "closing"),
        {"grid": "0", "register": "1"},
        values(SP03__closing=1),
        known_product("4", date(2023, 10, 15)),
    ),
    "REVOCATION_GRID_MISMATCH": Example(
        values(SP05__in_period=1),
        at(GRID, "SP05", "in_period"),
        {"grid": "1", "register": "0"},
        values(SP05__in_period=0),
    ),
    "CODE_NOT_IN_LIST": Example(
        product(current_star="6 sao"),
        "J4",
        {"text": "6 sao", "list": "star"},
        product(current_star="Hạng 3 sao"),
    ),
    "PRODUCT_NAME_MISSING": Example(product(product_name=None), "B4", {}, product()),
    "PRODUCER_MISSING": Example(product(producer_name=None), "E4", {"product": "Trà Lá Sương"}, product()),
    "PRODUCT_REPEATED": Example(
        {"register": [PRODUCT, PRODUCT | {"product_name": "TRÀ LÁ SƯƠNG "}]},
        "B5",
        {"producer": "HTX Lá Sương"},
        {"register": [PRODUCT, PRODUCT | {"product_name": "Bột Lá Sương"}]},
    ),
    "STAR_MISSING": Example(product(first_star=None), "L4", {"product": "Trà Lá Sương"}, product()),
    "DECISION_DATE_MISSING": Example(product(second_star="4 sao", current_star="4 sao"), "R4", {}, product()),
    "DECISION_DATE_FUTURE": Example(
        product(first_date=date(2026, 10, 15), expiry_date=date(2029, 10, 15)),
        "M4",
        {"day": "2026-10-15", "end": "2026-10-14"},
        product(first_date=date(2026, 10, 14), expiry_date=date(2029, 10, 14)),
    ),
    "DECISION_CONTRADICTED": Example(
        product(second_star="3 sao", second_date=date(2026, 10, 2), second_decision="QĐ 01"),
        "R4",
        {"day": "2026-10-02", "other_day": "2026-10-01", "other_cell": "M4", "other_decision": "01/QĐ-UBND"},
        product(
            second_star="4 sao",
            second_date=date(2026, 10, 2),
            second_decision="02/QĐ-UBND",
            current_star="4 sao",
        ),
    ),
    "RECOGNISED_TWICE": Example(
        product(second_star="3 sao", second_date=date(2026, 10, 2), second_decision="02/QĐ-UBND"),
        "R4",
        {"star": "star_3", "decision": "02/QĐ-UBND", "other_day": "2026-10-01"},
        product(
            first_date=date(2025, 10, 2),
            first_year=2025,
            second_star="3 sao",
            second_date=date(2026, 10, 2),
            second_decision="02/QĐ-UBND",
        ),
    ),
    "DECISION_TOLD_OTHERWISE": Example(
        product(),
        "M4",
        {"star": "star_3", "other_star": "star_4", "other_day": "2026-10-01"},
        product(first_date=date(2026, 9, 30)),
        known_product("4", date(2026, 10, 1), "Trà Lá Sương", "HTX Lá Sương"),
    ),
    "EXPIRY_BEFORE_DECISION": Example(
        product(expiry_date=date(2026, 10, 1)), "K4", {"expiry": "2026-10-01", "day": "2026-10-01"}, product()
    ),
    "EXPIRY_NOT_36_MONTHS": Example(
        product(expiry_date=date(2028, 10, 1)),
        "K4",
        {"expiry": "2028-10-01"},
        product(expiry_date=date(2029, 9, 30)),
    ),
    "YEAR_DISAGREES": Example(
        product(first_year=2025), "N4", {"year": "2025", "day": "2026-10-01"}, product()
    ),
    "STAR_DISAGREES": Example(
        product(current_star="4 sao"),
        "J4",
        {"current": "4 sao", "latest": "3 sao"},
        product(second_star="4 sao", second_date=date(2026, 10, 2), current_star="4 sao"),
    ),
    "COMMUNE_UNKNOWN": Example(
        product(commune_name="Xã Đơn Dương"),
        "F4",
        {"text": "Xã Đơn Dương"},
        product(commune_name="p. LÂM VIÊN-ĐÀ LẠT"),
    ),
    "COMMUNE_NOT_THEN": Example(
        product(commune_name="Phường 8"),
        "F4",
        {"text": "Phường 8", "day": "2026-10-01"},
        product(commune_name="Phường 8", first_date=date(2025, 6, 30)),
    ),
    "BODY_NOT_THEN": Example(
        product(first_body="UBND huyện Đức Trọng, tỉnh Lâm Đồng"),
        "P4",
        {"unit": "Huyện Đức Trọng", "last_day": "2025-06-30", "day": "2026-10-01"},
        product(first_body="UBND huyện Đức Trọng", first_date=date(2025, 6, 30)),
    ),
    "COPY_OF_LAST_MONTH": Example(
        {"values": _FILLED},
        "",
        {"count": "13"},
        {"values": _FILLED | {(GRID, "TT05", "in_period"): 99.0}},
        before(*_LAST_MONTH),
    ),
    "UNKNOWN_LINE": Example(
        {},
        lambda form: f"D{len(form.grids()['BM01 Tiến độ']) + 1}",
        {"line": "ZZ1", "value": "5"},
        change=with_unknown_line,
    ),
    "BREAKDOWN_MISSING": Example(
        values(TT06__in_period=5),
        at(GRID, "TT06", "in_period"),
        {"total": "5"},
        {"values": {(GRID, "TT06", "in_period"): 5, (GRID, "TT06.channel=press", "in_period"): 5}},
    ),
}


def findings(
    form: Filled, previous: Previous | None = None, change: Any = None, only: str = ""
) -> list[Finding]:
    """What all rules, or only one, find in a form."""
    book = form.workbook()
    found = extract(shipped_spec(), change(book) if change else book)
    known = identify(found, shipped(), date(2026, 11, 22))
    assert known.identity is not None, known.findings
    assert known.findings == ()
    candidate = Candidate("f" * 64, "x.xlsx", "", datetime(2026, 10, 20, tzinfo=UTC), known.identity, found)
    rules = [rule for rule in load_rules() if only in ("", rule.code)]
    judging = judge([candidate], shipped_spec(), shipped(), previous, rules)
    return list(judging.judgements[0].findings)


@pytest.mark.parametrize("code", [kind.code for kind in finding_types().of_scope(FORM)])
def test_a_rule_finds_its_fault_at_its_cell_and_passes_what_is_sound(code):
    """Every rule of the list has a form it refuses, with cell and arguments, and a near one it lets pass."""
    example = EXAMPLES[code]
    form = sound(shipped(), **example.broken)
    previous = example.previous() if example.previous else None
    mine = findings(form, previous, example.change, only=code)
    assert mine, f"{code} found nothing"
    cell = example.cell(form) if callable(example.cell) else example.cell
    told = next((finding for finding in mine if finding.cell == cell), None)
    assert told is not None, f"{code} at {[finding.cell for finding in mine]} instead of {cell}"
    assert example.args.items() <= told.args.items()
    assert told.severity is finding_types()[code].severity
    assert finding_types()[code].args <= told.args.keys()
    assert findings(sound(shipped(), **example.sound), previous, only=code) == []


def test_a_sound_form_has_nothing_to_be_told():
    """No rule finds anything in the form the others are changed from, nor with a product recognised."""
    assert findings(sound(shipped())) == []
    values_ = RECOGNISED | {(GRID, "SP03.star=3", "closing"): 1}
    assert findings(sound(shipped(), values=values_, register=[PRODUCT])) == []


def test_of_which_lines_may_overlap_but_not_exceed():
    """Women and ethnic minorities are "trong đó": each at most the total, together more than it."""
    trainees = {(GRID, "DT02", "in_period"): 10, (GRID, "DT02.group=producer", "in_period"): 10}
    marks = {(GRID, "DT02.mark=women", "in_period"): 8, (GRID, "DT02.mark=ethnic_minority", "in_period"): 7}
    assert findings(sound(shipped(), values=trainees | marks)) == []
    over = marks | {(GRID, "DT02.mark=women", "in_period"): 11}
    assert [finding.code for finding in findings(sound(shipped(), values=trainees | over))] == [
        "PART_EXCEEDS_WHOLE"
    ]


def test_the_wording_of_tasks_is_checked_too():
    """States of tasks come from a list; without accents they are known as well."""
    assert findings(sound(shipped(), tasks=[_TASK, _TASK | {"task_state": "Da hoan thanh"}])) == []
    found = findings(sound(shipped(), tasks=[_TASK | {"task_state": "sắp xong"}]))
    assert [(finding.code, finding.args["list"]) for finding in found] == [("CODE_NOT_IN_LIST", "task_state")]
    assert found[0].sheet == sound(shipped()).layout.sheet(TASKS).name


def test_a_year_begins_anew_for_cumulated_amounts():
    """What was cumulated last year is no bound for this year."""
    assert findings(sound(shipped()), before(("2025-12", "KP02", "", 900.0))()) == []


def test_a_product_of_a_dissolved_commune_keeps_its_place():
    """Registers older than July 2025 name communes that are gone; that is no error."""
    old = PRODUCT | {"commune_name": "Phường 8", "first_date": date(2025, 5, 5), "first_year": 2025}
    valid = {(GRID, line, "closing"): 1 for line in ("SP03", "SP03.star=3")}
    form = sound(shipped(), values=valid, register=[old | {"expiry_date": date(2028, 5, 5)}])
    assert findings(form) == []


def test_a_lapsed_certificate_is_not_valid_on_its_last_day_but_one_later():
    """36 months from 15/10/2023 end after 14/10/2026; from 14/10/2023 they end on it."""
    form = sound(shipped(), values={(GRID, "SP03", "closing"): 0})
    assert findings(form, known_product("3", date(2023, 10, 14))()) == []
    codes = [finding.code for finding in findings(form, known_product("3", date(2023, 10, 15))())]
    assert codes == ["VALID_STOCK_MISMATCH"]


def test_the_files_in_one_batch_do_not_mix():
    """Two files judged together are found what each is found alone."""
    catalogue, spec = shipped(), shipped_spec()
    forms = [sound(catalogue), sound(catalogue, values={(GRID, "TT01", "closing"): 26})]
    candidates = []
    for number, form in enumerate(forms):
        found = extract(spec, form.workbook())
        known = identify(found, catalogue, date(2026, 11, 22))
        assert known.identity is not None
        candidates.append(
            Candidate(str(number) * 64, "x", "", datetime(2026, 10, 20, tzinfo=UTC), known.identity, found)
        )
    judged = judge(candidates, spec, catalogue).judgements
    assert [[finding.code for finding in one.findings] for one in judged] == [[], ["PART_EXCEEDS_WHOLE"]]


# ------------------------------------------------------------------------------------- the lists


def test_every_finding_of_a_form_has_its_rule_and_every_rule_says_why():
    """The list and the folder agree; a rule's first comment says what it finds and names its source."""
    rules = load_rules()
    assert [rule.code for rule in rules] == [kind.code for kind in finding_types().of_scope(FORM)]
    assert all("Source:" in rule.description for rule in rules)
    assert EXAMPLES.keys() == {rule.code for rule in rules}


def test_every_reason_of_refusal_is_in_the_list():
    """Whatever the inbox and the reader can say, there is a sentence for it."""
    codes = {code.name for code in UnreadableCode} | {reason.name for reason in RefusalReason}
    assert codes <= {kind.code for kind in finding_types()}


def test_a_finding_without_its_file_is_refused(tmp_path):
    """A rule that is gone must not go unnoticed."""
    with pytest.raises(RuleError, match=r"cell_error\.sql"):
        load_rules(tmp_path)
    for rule in load_rules():
        (tmp_path / f"{rule.code.lower()}.sql").write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(RuleError, match="comment"):
        load_rules(tmp_path)


def test_the_version_of_the_rules_changes_with_any_of_them():
    """A verdict names the exact rules it was passed under."""
    rules = load_rules()
    assert rules_version(rules) == rules_version(load_rules())
    assert rules_version(rules) != rules_version(rules[1:])


def test_rows_of_a_rule_become_findings_once():
    """Equal rows are one finding; numbers lose needless digits, nothing else is changed."""
    rows = [("s", "T", "B10", '{"a":12.5000,"b":"01","c":null}')] * 2 + [("s", "T", "B9", "{}")]
    found = run_rules(lambda sqls: [rows for _ in sqls], load_rules()[:1])
    assert found == {
        "s": [
            Finding("CELL_ERROR", Severity.ERROR, "T", "B9", {}),
            Finding("CELL_ERROR", Severity.ERROR, "T", "B10", {"a": "12.5", "b": "01", "c": ""}),
        ]
    }


def test_the_page_of_findings_is_current():
    """docs/findings.md is what list and rules say today; write `findings_page()` to it when they change."""
    page = (PACKAGE.parent / "docs" / "findings.md").read_text(encoding="utf-8")
    assert page == findings_page()


def test_messages_name_place_fault_and_remedy():
    """In Vietnamese with Vietnamese numbers and days; in English without the remedy."""
    types = finding_types()
    finding = types.make("TOTAL_NOT_PARTS", "BM01", "C7", line="TT06", label="Tin, bài", total=1234.5, sum=12)
    assert types.message(finding) == (
        "Trang “BM01”, ô C7: Chỉ tiêu TT06 (Tin, bài) ghi 1.234,5, nhưng các dòng chi tiết cộng được 12. "
        "Kính đề nghị kiểm tra dòng tổng và các dòng chi tiết."
    )
    assert types.message(finding, "en") == (
        "Sheet “BM01”, cell C7: TT06 (Tin, bài) is 1,234.5, but its parts add up to 12."
    )
    dated = types.make("DECISION_DATE_FUTURE", day=date(2026, 10, 5), end=date(2026, 9, 14))
    assert "05/10/2026 sau ngày chốt số liệu 14/09/2026" in types.message(dated)


def test_text_of_a_workbook_cannot_reach_into_the_sentence():
    """Braces and endless texts in a cell are shown as they are, cut short."""
    types = finding_types()
    hostile = "{line.__class__}{0}" + "x" * 500
    message = types.message(types.make("NUMBER_EXPECTED", line="TT04", label="{label}", text=hostile))
    assert "{line.__class__}{0}" in message
    assert "({label})" in message
    assert len(message) < 500


def test_a_missing_argument_does_not_stop_a_run():
    """An ellipsis stands where a rule forgot a value."""
    types = finding_types()
    assert "“…”" in types.message(types.make("DUPLICATE_LINE"))


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ("1234.5", "1.234,5", "1,234.5"),
        ("-1234567", "-1.234.567", "-1,234,567"),
        ("0", "0", "0"),
        ("#REF!", "#REF!", "#REF!"),
        ("12.50", "12,5", "12.5"),
    ],
)
def test_numbers_are_written_the_readers_way(text, vi, en):
    """Point and comma change places; what is no number stays."""
    assert (number_text(text, "vi"), number_text(text, "en")) == (vi, en)


@pytest.mark.parametrize(
    "line",
    [
        "lower,error,file,a,a,a",
        "A,fatal,file,a,a,a",
        "A,error,row,a,a,a",
        "A,error,file,{0},a,a",
        "A,error,file,{a.b},a,a",
        "A,error,file,{a:x},a,a",
        "A,error,file,{a!r},a,a",
        "A,error,file,{a,a,a",
        "A,error,file,,a,a",
    ],
)
def test_a_bad_list_of_findings_is_refused(tmp_path, line):
    """With file and row, before anything runs."""
    path = tmp_path / "findings.csv"
    path.write_text(f"code,severity,scope,sentence_vi,sentence_en,advice_vi\n{line}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"findings\.csv:2"):
        load_findings(path, CATALOGUE_DATA / "finding_words.csv")


@pytest.mark.parametrize(
    ("value", "previous", "unit"),
    [
        (150_000, usually("KT01", 150.0), "nghin_dong"),
        (150_000_000, usually("KT01", 150.0), "dong"),
        (0.15, usually("KT01", 150.0), "ty_dong"),
        (0.9, usually("KT01", 150.0, least=1.0), ""),
        (15_000, usually("KT01", 150.0), ""),
        (150_000, usually("KT01", 150.0, months_count=2), ""),
        (150_000, neighbours("KT01", 150.0), "nghin_dong"),
        (150_000, neighbours("KT01", 150.0, units_count=4), ""),
        (150_000_000_000, usually("KT01", 150.0), ""),
        (0, usually("KT01", 150.0), ""),
    ],
)
def test_a_slip_of_the_unit_is_told_by_what_is_usual(value, previous, unit):
    """A thousand or a million times the usual amount, or as many times less; by neighbours where little is known."""
    form = sound(shipped(), values={(GRID, "KT01", "in_period"): value})
    told = findings(form, previous(), only="UNIT_SLIPPED")
    assert [finding.args["unit"] for finding in told] == ([unit] if unit else [])


@pytest.mark.parametrize(
    ("value", "previous", "is_far"),
    [
        (900, usually("TT05", 120.0), True),
        (900, usually("TT05", 120.0, largest=800.0), False),
        (900, usually("TT05", 120.0, months_count=5), False),
        (900, neighbours("TT05", 120.0), False),
        (9_000, neighbours("TT05", 120.0), True),
        (9_000, neighbours("TT05", 120.0, units_count=9), False),
        (2, usually("TT05", 120.0, least=110.0, largest=130.0, spread=1.0), True),
        (2, usually("TT05", 120.0, least=0.0), False),
        (8, usually("TT05", 1.0, spread=0.0, least=0.0, largest=2.0), False),
        (60, usually("TT05", 0.0, spread=0.0, least=0.0, largest=0.0), False),
        (3, usually("TT05", 0.0, spread=0.0, least=0.0, largest=0.0), False),
    ],
)
def test_a_flow_is_asked_about_when_it_is_beyond_all_that_was_seen(value, previous, is_far):
    """Six deviations from the median and beyond the season's peaks; counts of a few may move, steady ones too."""
    form = sound(shipped(), values={(GRID, "TT05", "in_period"): value})
    assert bool(findings(form, previous(), only="FAR_FROM_USUAL")) is is_far


def test_a_slip_is_told_once():
    """An amount in the wrong unit is no outlier besides."""
    form = sound(shipped(), values={(GRID, "KT01", "in_period"): 150_000})
    codes = [each.code for each in findings(form, usually("KT01", 150.0)())]
    assert codes.count("UNIT_SLIPPED") == 1
    assert "FAR_FROM_USUAL" not in codes
