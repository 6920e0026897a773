"""Reports from published tables. Run this file with Python to write the golden text anew."""

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sample_report import pdf_pages, squeezed
from synthetic import (
    LAM_DONG,
    OLD_LAM_DONG,
    SAMPLE_2026,
    Marts,
    add_plan,
    add_products,
    add_remarks,
    catalogue,
    fill,
)

from ocop_pipeline.catalogue import CatalogueError
from ocop_pipeline.domain.indicators import Kind
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.reporting import wording
from ocop_pipeline.reporting.compose import SpecError, compose
from ocop_pipeline.reporting.document import Document, Mark, Notice, Table, to_data
from ocop_pipeline.reporting.gather import gather
from ocop_pipeline.reporting.html import write_html
from ocop_pipeline.reporting.paper import write_pdf
from ocop_pipeline.reporting.readings import Direction, State, compare, read
from ocop_pipeline.reporting.spec import Issuer, Section, load_issuer, load_spec

GOLDEN = Path(__file__).parent / "golden" / "small_province.txt"
OCTOBER, MAY = Period("2026-10"), Period("2025-05")
AS_OF = date(2026, 10, 20)


def small_province(**options) -> Marts:
    """Publish Lâm Đồng as if it had four communes, with a plan, products and remarks."""
    marts = Marts()
    communes = fill(marts, LAM_DONG, OCTOBER, communes=4, **options)
    add_plan(marts, "sample-lam-dong-2026", LAM_DONG, OCTOBER, SAMPLE_2026)
    add_products(marts, communes, OCTOBER, 2)
    add_remarks(marts, communes, OCTOBER, every=1)
    return marts


def report(
    marts: Marts, unit_id: str = LAM_DONG, period: Period = OCTOBER, code: str = "province_month"
) -> Document:
    """Compose the report of a unit with the letterhead derived from it."""
    spec = load_spec(code)
    return compose(gather(marts.query, catalogue(), unit_id, period, spec.unit_lines), spec, None, AS_OF)


def printed(document: Document) -> str:
    """Write a document for comparison: a line per block and per row, figures with their ids in brackets."""
    lines = []
    data = to_data(document)
    for annex in ({"title": data["summary"], "blocks": data["body"]}, *data["annexes"]):
        lines.append(f"== {annex['title']}")
        for block in annex["blocks"]:
            lines.extend(_printed_block(block))
    notes = [re.sub("danh mục [0-9a-f]{10}", "danh mục …", note) for note in data["footnotes"]]
    head = json.dumps(data["letterhead"], ensure_ascii=False)
    return (
        "\n".join([head, *data["addressees"], *data["legal_bases"], *lines, data["map_note"], *notes]) + "\n"
    )


def _printed_block(block: dict[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "table":
            yield f"-- {block['caption']}"
            yield from (" | ".join(cell["text"] for cell in row) for row in block["header"])
            for row in block["rows"]:
                yield f"{row['kind'][:2]} " + " | ".join(map(_with_id, row["cells"]))
            yield from block["notes"]
        case "bullets":
            yield from ("* " + "".join(map(_with_id, item)) for item in block["items"])
        case "paragraph":
            yield "".join(map(_with_id, block["runs"]))
        case kind:
            words = block.get("text") or block.get("alt") or " / ".join(block["lines"])
            yield f"{kind}: {words} {block.get('source', '')}".rstrip()


def _with_id(item: dict[str, Any]) -> str:
    return f"{item['text']}[{item['figure_id']}]" if item["figure_id"] else item["text"]


def golden_document() -> Document:
    """The document that is kept: four communes, one of them silent."""
    silent = sorted(unit.code for unit in catalogue().units.children(LAM_DONG, OCTOBER.end))[1]
    return report(small_province(missing=[f"c{silent}.2"]))


def tables(document: Document) -> Iterator[Table]:
    """Every table of a document, body first."""
    for blocks in (document.body, *(annex.blocks for annex in document.annexes)):
        yield from (block for block in blocks if isinstance(block, Table))


def text_of(document: Document) -> str:
    """Every word of a document on one line."""

    def words(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for item in value.values():
                yield from words(item)
        elif isinstance(value, list):
            if value and all(isinstance(item, dict) and "bold" in item and "text" in item for item in value):
                yield "".join(item["text"] for item in value)
                return
            for item in value:
                yield from words(item)

    return " ".join(words(to_data(document)))


def cells_of(document: Document, figure_id: str) -> list[str]:
    """What the document's tables print for a figure."""
    return [
        cell.mark.value if cell.mark else cell.text
        for table in tables(document)
        for row in table.rows
        for cell in row.cells
        if cell.figure_id == figure_id
    ]


# ----------------------------------------------------------------------------------------------- whole


def test_golden_document():
    """The small province's report is, letter for letter, the one that was read and kept."""
    assert printed(golden_document()) == GOLDEN.read_text(encoding="utf-8")


def test_equal_data_gives_equal_documents():
    """Composing twice from the same tables gives the same document."""
    assert golden_document() == golden_document()


def test_html_and_paper_print_the_same_figures():
    """Every figure of the document stands with its id and text in the HTML, and with its text on paper."""
    document = golden_document()
    html, paper = write_html(document), squeezed("".join(pdf_pages(write_pdf(document))))
    figures = {
        (cell.figure_id, cell.mark.value if cell.mark else cell.text)
        for table in tables(document)
        for row in table.rows
        for cell in row.cells
        if cell.figure_id
    }
    assert len(figures) > 300
    on_screen = {(match[1], match[2]) for match in re.finditer(r'data-figure="([^"]+)"[^>]*>([^<]*)<', html)}
    assert figures <= on_screen
    assert all(squeezed(text) in paper for _, text in figures)


def test_figures_in_sentences_can_be_walked_back():
    """A number in running text carries the id of the published figure it prints."""
    html = write_html(golden_document())
    assert re.search(r'data-figure="2026-10/p68.2/TT04">\d+ buổi<', html)
    assert re.search(r'data-figure="2026-10/p68.2/TT04@year">\d+ buổi<', html)


@pytest.mark.parametrize("code", ["province_month", "district_month"])
def test_every_template_named_exists_and_every_block_is_known(code):
    """A report's specification names only what is there."""
    spec = load_spec(code)
    for section in spec.sections:
        assert not section.text or any((folder / section.text).is_file() for folder in spec.folders)


# ------------------------------------------------------------------------------------- silence is not zero


def test_four_states_stay_apart():
    """Not reported, nothing to report, zero and not collected are printed by four different signs."""
    marts = small_province()
    codes = ("TT04", "TT05", "TT06", "DT01")
    for code, change in (
        ("TT04", "month_value = NULL, month_state = 'not_reported'"),
        ("TT05", "month_value = 0, month_state = 'nothing'"),
        ("TT06", "month_value = 0, month_state = 'number'"),
        ("DT01", "month_value = NULL, month_state = 'not_collected'"),
    ):
        set_total(marts, code, change)
    document = report(marts)
    marks = {
        row.cells[0].text: row.cells[3].mark
        for row in _indicator_rows(document)
        if row.cells[0].text in codes
    }
    assert marks == {
        "TT04": Mark.NOT_REPORTED,
        "TT05": Mark.NOTHING_TO_REPORT,
        "TT06": Mark.ZERO,
        "DT01": Mark.NOT_COLLECTED,
    }


def _indicator_rows(document: Document):
    return document.annexes[0].blocks[0].rows


def test_silent_commune_is_not_zero():
    """A commune that sent nothing has "…" in every column, never a number."""
    silent = sorted(unit.code for unit in catalogue().units.children(LAM_DONG, OCTOBER.end))[1]
    name = catalogue().units.get(f"c{silent}.2", OCTOBER.end).full_name
    rows = [
        row
        for block in golden_document().annexes[1].blocks
        for row in block.rows
        if any(cell.text == name for cell in row.cells)
    ]
    assert len(rows) == 3
    assert all(cell.mark is Mark.NOT_REPORTED for row in rows for cell in row.cells[2:])


def test_register_of_a_silent_commune_is_known_from_before():
    """A commune silent this month keeps its register's counts, noughts too, and what lapsed; one not known has none."""
    marts = small_province()
    commune = gather(marts.query, catalogue(), LAM_DONG, OCTOBER).below[0].unit_id
    silence = (
        "UPDATE marts.indicator_summary SET reported_count = 0, month_value = {}, month_state = '{}'"
        " WHERE unit_id = ? AND indicator {}"
    )
    kinds = "IN ('SP01', 'SP02', 'SP03', 'SP04', 'SP05', 'CH01')"
    marts.change(silence.format("NULL", "not_reported", kinds), [commune])
    unheard = report(marts)
    assert cells_of(unheard, f"2026-10/{commune}/SP03") == ["…"]
    marts.change(silence.format(0, "number", kinds), [commune])
    marts.change(silence.format(0, "not_reported", "IN ('SP01', 'SP05')"), [commune])
    known = report(marts)
    assert cells_of(known, f"2026-10/{commune}/SP03") == ["0"]
    assert cells_of(known, f"2026-10/{commune}/CH01") == ["0"]
    assert (
        read(gather(marts.query, catalogue(), LAM_DONG, OCTOBER), "SP04", "", commune).state is State.NUMBER
    )
    assert read(gather(marts.query, catalogue(), LAM_DONG, OCTOBER), "SP01", "", commune).state is (
        State.NOT_REPORTED
    )


def test_totals_are_the_published_ones_and_never_sums():
    """The total row prints the parent's own figure even where the rows below add up to another."""
    marts = small_province()
    set_total(marts, "SP03", "month_value = 777")
    assert set(cells_of(report(marts), "2026-10/p68.2/SP03")) == {"777"}


def test_every_total_prints_its_coverage():
    """Each total of the tables has its reports beside it; the body says from how many it is made."""
    document = golden_document()
    for row in _indicator_rows(document):
        if row.cells[0].text:
            assert row.kind == "group" or re.fullmatch(r"\d+/\d+", row.cells[-1].text)
    for table in document.annexes[1].blocks:
        counts = table.rows[1].cells[2:]
        assert all(re.fullmatch(r"[\d.]+ ?/ ?[\d.]+", cell.text) for cell in counts)
    assert "tổng hợp từ 3/4 xã" in text_of(document)


# ---------------------------------------------------------------------------------------------- sentences


def test_everyone_reported_on_time():
    """Where all reports came in time the report says so, and has no annex of who is missing."""
    marts = small_province()
    marts.change("UPDATE marts.report_status SET is_late = false")
    text = text_of(report(marts))
    assert "Tất cả đơn vị đã gửi báo cáo hợp lệ và đúng hạn." in text
    assert "Chưa gửi báo cáo" not in text
    assert "GỬI MUỘN" not in text


def test_missing_returned_and_late_are_named():
    """Who is missing, returned or late stands by name near the beginning."""
    marts = small_province()
    communes = [unit.unit_id for unit in gather(marts.query, catalogue(), LAM_DONG, OCTOBER).below][:3]
    for unit_id, change in zip(
        communes, ("status = 'missing'", "status = 'returned'", "is_late = true"), strict=True
    ):
        marts.change(f"UPDATE marts.report_status SET {change} WHERE unit_id = ?", [unit_id])
    names = [catalogue().units.get(unit_id, OCTOBER.end).full_name for unit_id in communes]
    text = text_of(report(marts))
    assert f"Chưa gửi báo cáo (01 đơn vị): {names[0]}." in text
    assert f"chưa gửi lại bản hợp lệ (01 đơn vị): {names[1]}." in text
    assert names[2] in text.partition("Gửi muộn")[2][:200]


def test_long_lists_of_names_are_cut_and_refer_to_the_annex():
    """Past the limit a sentence names no more, says how many are left, and where the list is."""
    marts = Marts()
    communes = sorted(unit.unit_id for unit in catalogue().units.children(LAM_DONG, OCTOBER.end))
    fill(marts, LAM_DONG, OCTOBER, missing=communes[:20])
    text = text_of(report(marts))
    assert "Chưa gửi báo cáo (20 đơn vị)" in text
    assert re.search(r"và 08 đơn vị khác \(danh sách tại Phụ lục [IV]+\)", text)


def set_total(marts: Marts, code: str, change: str) -> None:
    """Change the province's own total of an indicator."""
    marts.change(
        f"UPDATE marts.indicator_summary SET {change} WHERE unit_id = ? AND indicator = ? AND breakdown = ''",
        [LAM_DONG, code],
    )


def _sp01(marts: Marts, change: str) -> str:
    set_total(marts, "SP01", change)
    return text_of(report(marts))


def test_nothing_recognised_is_certain_only_when_all_reported():
    """That no product was recognised is said only of a complete month; else that none was seen so far."""
    assert "Trong tháng không có sản phẩm nào được công nhận (theo sổ sản phẩm)" in _sp01(
        small_province(), "month_value = 0"
    )
    partial = _sp01(small_province(), "month_value = 0, reported_count = 3")
    assert "Trong tháng chưa ghi nhận sản phẩm nào được công nhận (theo sổ sản phẩm)" in partial

    silent = _sp01(small_province(), "month_value = NULL, month_state = 'not_reported', reported_count = 0")
    assert "Chưa có báo cáo hay quyết định nào về sản phẩm được công nhận trong tháng." in silent


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "month_value = 50, same_month_last_year_value = 40",
            "; tăng 25% so với cùng kỳ năm trước (40 buổi)",
        ),
        (
            "month_value = 30, same_month_last_year_value = 40",
            "; giảm 25% so với cùng kỳ năm trước (40 buổi)",
        ),
        ("month_value = 40, same_month_last_year_value = 40", "; bằng cùng kỳ năm trước"),
        ("month_value = 40, same_month_last_year_value = 0", "; cùng kỳ năm trước không phát sinh"),
        ("month_value = 0, same_month_last_year_value = 40", "; cùng kỳ năm trước 40 buổi"),
        (
            "month_value = 50, same_month_last_year_value = 40, same_month_last_year_reported_count = 3",
            "; cùng kỳ năm trước 40 buổi (*)",
        ),
    ],
)
def test_comparison_with_last_year(change, said):
    """Growth is a number only between two complete figures with a base; nothing ever falls by 100%."""
    marts = small_province()
    set_total(marts, "TT04", change)
    text = text_of(report(marts))
    sentence = re.search(r"Hội nghị, buổi tuyên truyền: [^.]*(?:\.\d{3}[^.]*)*", text)
    assert sentence is not None
    assert said in sentence[0]
    assert "giảm 100%" not in text


def test_without_last_year_no_comparison_is_made():
    """Where nothing is known of the year before, no sentence mentions it and no column shows it."""
    document = report(small_province(last_year=False))
    assert "cùng kỳ" not in text_of(dataclasses.replace(document, annexes=()))
    assert all(column.group == "" for column in document.annexes[0].blocks[0].columns)


def _indicators(marts):
    return report(marts).annexes[0].blocks[0]


def test_growth_of_the_same_reporters_stands_beside_growth_that_is_not_of_one_scope():
    """Where not all reported in both years, the index of those who did is printed, and how many they are."""
    marts = small_province()
    set_total(
        marts, "TT04",
        "month_value = 50, same_month_last_year_value = 40, same_month_last_year_reported_count = 3,"
        " like_for_like_month_value = 33, like_for_like_month_last_year_value = 30,"
        " like_for_like_month_reporters_count = 2",
    )  # fmt: skip
    table = _indicators(marts)
    place = [column.key for column in table.columns].index("month_like")
    (row,) = (row for row in table.rows if row.cells[0].text == "TT04")
    assert row.cells[place].text == "110,0 (2)"
    assert any("cùng đơn vị" in note for note in table.notes)


def test_where_all_reported_both_times_there_is_one_index():
    """Growth of one scope needs no second column."""
    marts = small_province()
    marts.change(
        "UPDATE marts.indicator_summary SET same_month_last_year_reported_count = expected_count,"
        " reported_count = expected_count, like_for_like_month_value = 1,"
        " like_for_like_month_last_year_value = 1, like_for_like_month_reporters_count = 4"
    )
    assert "month_like" not in [column.key for column in _indicators(marts).columns]


def test_an_estimate_is_marked_and_its_share_and_weight_are_said():
    """What was shared out from a divided unit carries a sign; the note says how much at most, and by what."""
    marts = small_province()
    set_total(marts, "TT04", "same_month_last_year_value = 40, same_month_last_year_estimated_value = 10")
    marts.add(
        "core.restated_values",
        [
            {
                "period": OCTOBER.key,
                "month": "2025-05",
                "unit_id": LAM_DONG,
                "ways_count": 2,
                "weighed_by": code,
            }
            for code in ("equal", "products", "register")
        ],
    )
    table = _indicators(marts)
    (row,) = (row for row in table.rows if row.cells[0].text == "TT04")
    assert [cell.text for cell in row.cells if "≈" in cell.text] == ["≈\u00a040"]
    (note,) = (note for note in table.notes if note.startswith("≈"))
    assert "25,0%" in note
    assert "số sản phẩm ở mỗi phần" in note
    assert "chia đều" in note


def test_a_table_over_a_change_of_the_map_says_which_map_it_is_on():
    """Months before 01/07/2025 were reported by other units: the note names both days, and whether all is exact."""
    notes = " ".join(_indicators(small_province()).notes)
    assert "trước ngày 01/07/2025" in notes
    assert "địa giới ngày 14/10/2026" in notes
    assert "không có số nào phải ước tính" in notes


def test_incomplete_year_to_date_says_so():
    """A year to date made of fewer months than the year has is not passed off as the whole year."""
    assert "mới gồm 01/10 tháng có số liệu" in text_of(golden_document())
    marts = Marts()
    for month in OCTOBER.year_to_date():
        fill(marts, LAM_DONG, month, communes=1)
    assert "mới gồm" not in text_of(report(marts))


@pytest.mark.parametrize(
    ("now", "then", "kind", "direction", "size"),
    [
        (Decimal(6), Decimal(5), Kind.FLOW, Direction.UP, Decimal(20)),
        (Decimal(60), Decimal(50), Kind.RATIO, Direction.UP, Decimal(10)),
        (None, Decimal(5), Kind.FLOW, Direction.UNKNOWN, None),
        (Decimal(5), None, Kind.FLOW, Direction.UNKNOWN, None),
        (Decimal(5), Decimal(0), Kind.FLOW, Direction.FROM_NOTHING, None),
        (Decimal(0), Decimal(5), Kind.FLOW, Direction.TO_NOTHING, None),
        (Decimal(0), Decimal(0), Kind.FLOW, Direction.EQUAL, None),
    ],
)
def test_compare(now, then, kind, direction, size):
    """Ratios differ by percentage points, all else by per cent; a missing or empty side has no size."""
    change = compare(now, then, kind, same_scope=True)
    assert (change.direction, change.size) == (direction, size)


# ----------------------------------------------------------------------------------- plans and remarks


def test_sample_plan_is_marked_wherever_it_is_printed():
    """A made-up plan says so in the body, in its annex, over its tables, and on the chart."""
    document = golden_document()
    text = text_of(document)
    assert text.count("KẾ HOẠCH MẪU – chỉ để minh hoạ.") == 2
    plans = next(annex for annex in document.annexes if annex.title == "Thực hiện so với kế hoạch")
    captions = [block.caption for block in plans.blocks if isinstance(block, Table)]
    assert captions
    assert all("mẫu, chỉ để minh hoạ" in caption for caption in captions)
    # It is also no ground for duties of the next month.
    assert "mục tiêu chưa đạt của" not in text


def test_real_plan_is_not_marked():
    """A plan that exists is printed with its number and without the sample mark."""
    marts = Marts()
    fill(marts, LAM_DONG, OCTOBER, communes=2)
    targets = catalogue().plans["tu-ky-2022"].targets
    add_plan(marts, "tu-ky-2022", LAM_DONG, OCTOBER, {target.code: ("not_due", 3) for target in targets})
    text = text_of(report(marts))
    assert "minh hoạ" not in text
    assert catalogue().plans["tu-ky-2022"].title_vi in text


@pytest.mark.parametrize(("month", "is_said"), [("2022-12", True), ("2025-05", False)])
def test_a_later_map_is_said_over_the_plan_tables(month, is_said):
    """Units of 2022 stand on the map of early 2025: the annex of plans says so; units of 2025 are on their own."""
    marts, period = Marts(), Period(month)
    unit = catalogue().units.find_code("68", period.end, "province").unit_id
    fill(marts, unit, period, communes=2)
    targets = catalogue().plans["tu-ky-2022"].targets
    add_plan(marts, "tu-ky-2022", unit, period, {target.code: ("not_due", 3) for target in targets})
    document = report(marts, unit, period)
    plans = next(annex for annex in document.annexes if annex.title == "Thực hiện so với kế hoạch")
    notices = [block.text for block in plans.blocks if isinstance(block, Notice)]
    assert any("bản đồ đầu năm 2025" in text for text in notices) is is_said


def plan_tables_of(code):
    """The tables of targets and of tasks of a real plan, as a province in October 2026 would print them."""
    marts = Marts()
    fill(marts, LAM_DONG, OCTOBER, communes=2)
    targets = catalogue().plans[code].targets
    add_plan(marts, code, LAM_DONG, OCTOBER, {target.code: ("not_measured", 3) for target in targets})
    annex = next(each for each in report(marts).annexes if each.title == "Thực hiện so với kế hoạch")
    return [block for block in annex.blocks if isinstance(block, Table)]


def test_the_figure_beside_words_has_a_name_and_a_unit():
    """A target of words is not judged: its figure is named under the table and has its own unit of measure."""
    targets, _ = plan_tables_of("xuan-loc-2019")
    rows = {row.cells[0].text: [cell.text for cell in row.cells] for row in targets.rows}
    assert rows["M2.1"][2:5] == ["đơn vị", "không định lượng", "3"]
    assert rows["M2.2"][2:5] == ["người", "không định lượng", "3"]
    assert rows["M1.3"][2:4] == ["%", "≥ 100 ở mỗi xã"]
    assert rows["M1.2"][2:4] == ["có/không", "mọi xã đều có"]
    districts, _ = plan_tables_of("thua-thien-hue-2019-2020")
    planned = {row.cells[0].text: row.cells[3].text for row in districts.rows}
    assert planned == {
        "M1": "1 – 2 ở mỗi huyện",
        "M2": "≥ 1 ở mỗi huyện",
        "M3": "≥ 1 ở mỗi xã",
        "M4": "1 – 2 ở mỗi xã",
    }
    assert "M2.1 – Đã thành lập, kiện toàn ban điều hành; M2.2 – Cán bộ" in " ".join(targets.notes)


def test_columns_nobody_fills_are_left_out():
    """A plan that names no agency has no column of agencies, one without days no column of days, and says so."""
    _, undated = plan_tables_of("thua-thien-hue-2019-2020")
    _, unled = plan_tables_of("xuan-loc-2019")
    assert [column.key for column in undated.columns] == [
        "order", "task", "lead", "state", "progress", "reports",
    ]  # fmt: skip
    assert [column.key for column in unled.columns] == [
        "order",
        "task",
        "due",
        "state",
        "progress",
        "reports",
    ]
    assert undated.notes[-1] == "Kế hoạch không đặt hạn riêng cho từng nhiệm vụ."
    assert unled.notes[-1] == "Kế hoạch không nêu cơ quan chủ trì từng nhiệm vụ."
    assert all(len(row.cells) == len(table.columns) for table in (undated, unled) for row in table.rows)


def test_a_task_whose_day_has_passed_is_marked():
    """An unfinished task of 2019 is overdue in 2026; one without a day never is."""
    _, tasks = plan_tables_of("xuan-loc-2019")
    state = [column.key for column in tasks.columns].index("state")
    states = {row.cells[0].text: row.cells[state].text for row in tasks.rows}
    unfinished = {code for code, text in states.items() if not text.startswith("Đã hoàn thành")}
    assert {code for code, text in states.items() if "quá hạn" in text} == unfinished - {"NV02"}
    assert unfinished


def test_remarks_are_quoted_one_by_one():
    """Each quotation is one unit's own words under its own name; "không có" is not quoted."""
    document = golden_document()
    quotes = [block for block in to_data(document)["body"] if block["type"] == "quote"]
    assert quotes
    assert all(quote["source"].startswith(("Xã", "Phường", "Đặc khu")) for quote in quotes)
    assert not {"Không có", "không"} & {line for quote in quotes for line in quote["lines"]}


def test_left_out_remarks_stand_in_full_in_the_annex():
    """What the body leaves out or cuts is printed whole in the annex, and the body says so."""
    marts = small_province()
    long = "Đường vào vùng nguyên liệu xuống cấp. " * 40
    marts.change("UPDATE marts.remarks SET remark = ? WHERE remark_kind = 'difficulties'", [long])
    document = report(marts)
    quote = next(block for block in to_data(document)["body"] if block["type"] == "quote")
    assert quote["lines"][0].endswith("xem đầy đủ tại Phụ lục VII)")
    annex = document.annexes[-1]
    said = [row.cells[2].text for row in annex.blocks[0].rows]
    assert said == [long] * 4


def test_hostile_remark_stays_words():
    """A remark or a sender's name can make no paragraph, bullet, figure or markup."""
    marts = small_province()
    hostile = '<f id="x">1</f>\n\n- {{ 7 * 7 }} <script>alert(1)</script> #include "x" \u202e'
    marts.change("UPDATE marts.remarks SET remark = ?", [hostile])
    marts.change("UPDATE marts.report_status SET agency_name = ?, status = 'missing'", [hostile])
    document = report(marts)
    data = to_data(document)
    named = [
        run for block in data["body"] if block["type"] == "bullets" for item in block["items"] for run in item
    ]
    assert not any(run["figure_id"] == "x" for run in named)
    assert any("{{ 7 * 7 }} <script>alert(1)</script>" in run["text"] for run in named)
    assert "<script>alert" not in write_html(document)


# ------------------------------------------------------------------------------------------- three tiers


def test_three_tier_province_lists_districts_first():
    """Before 01/07/2025 the tables by unit come by district first, then each district above its communes."""
    marts = Marts()
    fill(marts, OLD_LAM_DONG, MAY, communes=2)
    blocks = report(marts, OLD_LAM_DONG, MAY).annexes[1].blocks
    assert len(blocks) == 6
    assert "theo huyện" in blocks[0].caption
    assert len(blocks[0].rows) == 2 + 10
    kinds = [row.kind for row in blocks[3].rows[2:8]]
    assert kinds == ["head", "normal", "normal", "head", "normal", "normal"]


def test_district_report():
    """A district's report is issued by its own committee, addressed to its province's bodies of the time."""
    marts = Marts()
    district = catalogue().units.children(OLD_LAM_DONG, MAY.end)[0]
    fill(marts, district.unit_id, MAY, communes=3)
    document = report(marts, district.unit_id, MAY, "district_month")
    data = to_data(document)
    assert data["letterhead"]["issuing_body"] == [
        "ỦY BAN NHÂN DÂN",
        f"{district.type} {district.name}".upper(),
    ]
    assert document.addressees == (
        "Ủy ban nhân dân tỉnh Lâm Đồng",
        "Sở Nông nghiệp và Môi trường tỉnh Lâm Đồng",
    )
    assert "KP04" in text_of(document)


def test_legal_bases_are_those_of_the_time():
    """The programme of 2021-2025 is cited for a month of 2025 and no longer for one of 2026."""
    marts = Marts()
    fill(marts, OLD_LAM_DONG, MAY, communes=1)
    assert len(report(marts, OLD_LAM_DONG, MAY).legal_bases) == 2
    assert len(golden_document().legal_bases) == 1


# ------------------------------------------------------------------------------------------ specification


def test_report_of_another_tier_is_refused():
    """A province's report cannot be composed for a district."""
    marts = Marts()
    district = catalogue().units.children(OLD_LAM_DONG, MAY.end)[0]
    fill(marts, district.unit_id, MAY, communes=1)
    with pytest.raises(SpecError, match="province"):
        report(marts, district.unit_id, MAY, "province_month")


def test_unknown_block_is_refused():
    """A specification that names no known block is refused with the names there are."""
    spec = load_spec("province_month")
    spec = dataclasses.replace(spec, sections=(Section("", 1, "", ("nonsense",)),))
    data = gather(small_province().query, catalogue(), LAM_DONG, OCTOBER)
    with pytest.raises(SpecError, match="nonsense"):
        compose(data, spec, None, AS_OF)


def test_unknown_report_is_refused(tmp_path):
    """A report that neither the site nor we have is an error that says where it was looked for."""
    with pytest.raises(FileNotFoundError, match="no_such_report"):
        load_spec("no_such_report", tmp_path)


def test_site_report_replaces_ours(tmp_path):
    """A site's own specification and texts of a report's name are taken before ours."""
    folder = tmp_path / "report_templates" / "province_month"
    folder.mkdir(parents=True)
    (folder / "closing.txt.j2").write_text("Lời kết của tỉnh.\n", encoding="utf-8")
    data = gather(small_province().query, catalogue(), LAM_DONG, OCTOBER)
    assert "Lời kết của tỉnh." in text_of(compose(data, load_spec("province_month", tmp_path), None, AS_OF))


LETTERHEAD = """
letterheads:
  - unit_code: "68"
    valid_from: 2025-07-01
    parent_body: UBND tỉnh Lâm Đồng
    issuing_body: Chi cục Phát triển nông thôn
    symbol: BC-CCPTNT
    place: Lâm Đồng
    signer_title: CHI CỤC TRƯỞNG
    addressees: [Sở Nông nghiệp và Môi trường]
    recipients: [Như trên, "Lưu: VT"]
"""


def test_site_letterhead(tmp_path):
    """A site's letterhead is printed as set and the report is then no sample."""
    path = tmp_path / "letterhead.yml"
    path.write_text(LETTERHEAD, encoding="utf-8")
    issuer = load_issuer(path, "68", OCTOBER.end)
    assert issuer is not None
    data = gather(small_province().query, catalogue(), LAM_DONG, OCTOBER)
    document = compose(data, load_spec("province_month"), issuer, AS_OF)
    assert (document.letterhead.symbol, document.running_mark) == ("BC-CCPTNT", "")
    assert golden_document().running_mark == "BẢN MẪU"
    assert load_issuer(path, "68", MAY.end) is None
    assert load_issuer(tmp_path / "none.yml", "68", OCTOBER.end) is None


def test_misspelt_letterhead_field_is_refused(tmp_path):
    """A field we do not know is refused with its line, not ignored."""
    path = tmp_path / "letterhead.yml"
    path.write_text(LETTERHEAD.replace("signer_title", "signer_titel"), encoding="utf-8")
    with pytest.raises(CatalogueError, match="signer_titel"):
        load_issuer(path, "68", OCTOBER.end)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ figures }}", "without a filter"),
        ("{{ nobody }}", "nobody"),
        ("{{ 'x' | number_of }}", "number_of"),
    ],
)
def test_wrong_template_is_refused(tmp_path, template, reason):
    """A bare number, an undefined name or an unknown filter stops the report."""
    (tmp_path / "t.txt.j2").write_text(template, encoding="utf-8")
    with pytest.raises(wording.WordingError, match=reason):
        wording.paragraphs((tmp_path,), "t.txt.j2", {"figures": 1234})


def test_no_label_is_left_over():
    """Every word in the labels is used somewhere: a label nobody prints is a mistake."""
    folder = Path(wording.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    made = (
        "balance_", "dimension_", "coverage_", "status_", "funding_", "plan_result_", "plan_tier_", "remark_caption_",
        "plan_caption", "plan_sample", "task_caption", "task_sample", "register_", "lapsing_",
        "weight_",
    )  # fmt: skip
    unused = [
        key for key in load_spec("province_month").labels if key not in code and not key.startswith(made)
    ]
    assert unused == []


def test_issuer_speaks_of_itself_on_one_line():
    """A name broken for the letterhead is whole in a sentence."""
    issuer = Issuer(
        "",
        "Sở Nông nghiệp\nvà Môi trường",
        "BC-SNNMT",
        "Lâm Đồng",
        "",
        "GIÁM ĐỐC",
        "",
        (),
        (),
        is_sample=False,
    )
    assert issuer.name == "Sở Nông nghiệp và Môi trường"


if __name__ == "__main__":
    GOLDEN.write_text(printed(golden_document()), encoding="utf-8")
