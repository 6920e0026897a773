"""The annexes of the register: what is counted, what is listed, and what a long list does on paper."""

import dataclasses
from datetime import date

import pytest
from sample_report import pdf_pages, squeezed
from synthetic import LAM_DONG, OLD_LAM_DONG, TABLES, Marts, add_line, add_registered, catalogue, fill

from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.reporting.compose import compose
from ocop_pipeline.reporting.document import Document, Mark, Table
from ocop_pipeline.reporting.gather import gather
from ocop_pipeline.reporting.html import write_html
from ocop_pipeline.reporting.paper import write_pdf
from ocop_pipeline.reporting.spec import ReportSpec, load_spec

OCTOBER = Period("2026-10")
AS_OF = date(2026, 10, 20)


@pytest.fixture
def marts() -> Marts:
    """A province of four communes, the second of them silent; its register is empty so far."""
    made = Marts()
    fill(made, LAM_DONG, OCTOBER, communes=4, missing=[COMMUNES[1]])
    return made


COMMUNES = [
    unit.unit_id for unit in sorted(catalogue().units.children(LAM_DONG, OCTOBER.end), key=lambda u: u.code)
][:4]


def first_below(unit_id: str, period: Period) -> UnitVersion:
    """The first unit below another one, in the order of the report."""
    return min(catalogue().units.children(unit_id, period.end), key=lambda unit: unit.code)


def composed(
    marts: Marts,
    unit_id: str = LAM_DONG,
    period: Period = OCTOBER,
    spec: ReportSpec | None = None,
) -> Document:
    """The report on the published tables."""
    spec = spec or load_spec("province_month")
    return compose(gather(marts.query, catalogue(), unit_id, period, spec.unit_lines), spec, None, AS_OF)


def table_of(document: Document, caption: str) -> Table:
    """The one annexed table whose caption begins so."""
    (found,) = (
        block
        for annex in document.annexes
        for block in annex.blocks
        if isinstance(block, Table) and block.caption.startswith(caption)
    )
    return found


def texts(table: Table) -> list[list[str]]:
    """What a table prints, a list of cells a row."""
    return [[cell.mark.value if cell.mark else cell.text for cell in row.cells] for row in table.rows]


def column(table: Table, key: str) -> list[str]:
    """What one column prints, titles within the table left out."""
    place = [each.key for each in table.columns].index(key)
    return [row[place] for row in texts(table) if len(row) == len(table.columns)]


# ---------------------------------------------------------------------------------------------- balance


def _move(marts: Marts, star: str, **counts: int) -> None:
    """Publish a row of the balance; what is left out is nought."""
    names = (name for name in TABLES["core.register_balance"].names if name.endswith("_count"))
    row = {"period": OCTOBER.key, "unit_id": LAM_DONG, "star": star, **dict.fromkeys(names, 0)}
    marts.add("core.register_balance", [row | {f"{name}_count": count for name, count in counts.items()}])


def test_the_stock_is_balanced_on_paper(marts):
    """Each star's row goes from the beginning to the end; the last row adds the stars, which are apart."""
    _move(marts, "4", opening=5, upgraded_in=1, expired=2, closing=4)
    _move(marts, "3", opening=1200, first=3, upgraded_out=1, closing=1202)
    table = table_of(composed(marts), "Biến động")
    assert column(table, "star") == ["3 sao", "4 sao", "Cộng"]
    assert column(table, "opening") == ["1.200", "5", "1.205"]
    assert column(table, "closing") == ["1.202", "4", "1.206"]
    assert table.rows[-1].kind == "total"


def test_revocations_are_always_shown_and_corrections_where_there_are_any(marts):
    """A month without a revocation says nought; corrections have columns only in a month that has one."""
    _move(marts, "3", opening=4, closing=4)
    keys = [each.key for each in table_of(composed(marts), "Biến động").columns]
    assert "revoked" in keys
    assert not {"corrected_in", "corrected_out"} & set(keys)
    _move(marts, "4", opening=4, revoked=1, corrected_out=1, closing=2)
    table = table_of(composed(marts), "Biến động")
    assert column(table, "revoked") == ["0", "1", "1"]
    assert column(table, "corrected_out") == ["0", "1", "1"]
    assert column(table, "corrected_in") == ["0", "0", "0"]


# --------------------------------------------------------------------------------------------- families


def test_families_by_unit_with_a_total_that_is_counted(marts):
    """The first row is the unit's own count: two communes share a producer, and it is not added twice."""
    add_line(marts, LAM_DONG, OCTOBER, ever_recognised=9, valid_3=5, valid_4=1, valid=6, now_expired=2, now_revoked=1,
             producers=2)  # fmt: skip
    add_line(marts, COMMUNES[0], OCTOBER, ever_recognised=5, valid_3=4, valid=4, now_expired=1, producers=2)
    add_line(marts, COMMUNES[2], OCTOBER, ever_recognised=4, valid_3=1, valid_4=1, valid=2, now_expired=1,
             now_revoked=1, producers=1)  # fmt: skip
    add_line(marts, COMMUNES[3], OCTOBER)
    table = table_of(composed(marts), "Sản phẩm theo đơn vị")
    assert table.rows[0].kind == "total"
    assert column(table, "producers") == ["2", "2", "1", "0"]
    assert column(table, "ever_recognised") == ["9", "5", "4", "0"]
    assert column(table, "now_revoked") == ["1", "0", "1", "0"]


def test_a_unit_without_a_register_has_words_and_no_noughts(marts):
    """Silence is not nought: a unit nobody heard of has words, one whose register is known to be empty has noughts."""
    add_line(marts, LAM_DONG, OCTOBER, ever_recognised=1, valid_3=1, valid=1, producers=1)
    add_line(marts, COMMUNES[0], OCTOBER, ever_recognised=1, valid_3=1, valid=1, producers=1)
    add_line(marts, COMMUNES[1], OCTOBER)
    rows = texts(table_of(composed(marts), "Sản phẩm theo đơn vị"))
    assert rows[2][4:] == ["0"] * 9
    assert [row[2:] for row in rows[3:]] == [["Chưa có số liệu"]] * 2


def test_a_silent_unit_keeps_what_is_known_of_it(marts):
    """What a silent commune's register held before stands; what it recognised this month is not known."""
    add_line(marts, LAM_DONG, OCTOBER, ever_recognised=3, valid_3=3, valid=3, producers=1)
    add_line(marts, COMMUNES[1], OCTOBER, ever_recognised=3, valid_3=3, valid=3, producers=1)
    table = table_of(composed(marts), "Sản phẩm theo đơn vị")
    place = texts(table)[2]
    assert place[2] == Mark.NOT_REPORTED.value
    assert place[4] == "3"


def test_what_is_no_lower_units_stands_in_a_line_of_its_own(marts):
    """Products whose commune is not known are the province's own, so that the lines make the total."""
    add_line(marts, LAM_DONG, OCTOBER, ever_recognised=3, valid_3=3, valid=3, producers=1)
    add_line(marts, LAM_DONG, OCTOBER, "place=own", ever_recognised=3, valid_3=3, valid=3, producers=1)
    assert (
        texts(table_of(composed(marts), "Sản phẩm theo đơn vị"))[-1][1]
        == "Chưa xác định được đơn vị cấp dưới"
    )


def test_groups_stand_below_their_sector_where_the_register_tells_them(marts):
    """A sector is the sum above its groups and what is told by sector alone; one without products says nought."""
    add_line(marts, LAM_DONG, OCTOBER, ever_recognised=4, valid_3=4, valid=4, producers=3)
    for breakdown, count in (
        ("product_group=food", 3), ("product_group=food;group_line=food_tea", 2),
        ("product_group=food;group_line=", 1), ("product_group=unknown", 1), ("product_group=unknown;group_line=", 1),
    ):  # fmt: skip
        add_line(
            marts,
            LAM_DONG,
            OCTOBER,
            breakdown,
            ever_recognised=count,
            valid_3=count,
            valid=count,
            producers=1,
        )
    table = table_of(composed(marts), "Sản phẩm theo nhóm")
    names = [name.strip("\u00a0") for name in column(table, "name")]
    assert names[:4] == ["Tổng số", "Thực phẩm", "Chè", "Sổ sản phẩm không ghi đến nhóm"]
    assert names[4] == "Đồ uống"
    assert names[-1] == "Chưa rõ nhóm sản phẩm"
    assert "Chưa quy đổi được sang danh mục hiện hành" not in names
    assert column(table, "valid")[:5] == ["4", "3", "2", "1", "0"]
    assert [row.kind for row in table.rows[:5]] == ["total", "head", "normal", "normal", "subtotal"]


def test_a_sector_of_one_group_is_not_told_twice(marts):
    """Tourism has one group of the same name; without groups to stand above, sectors are plain rows."""
    add_line(marts, LAM_DONG, OCTOBER, ever_recognised=1, valid_3=1, valid=1, producers=1)
    for breakdown in ("product_group=tourism", "product_group=tourism;group_line=tourism_service"):
        add_line(marts, LAM_DONG, OCTOBER, breakdown, ever_recognised=1, valid_3=1, valid=1, producers=1)
    table = table_of(composed(marts), "Sản phẩm theo nhóm")
    assert sum("du lịch" in name for name in column(table, "name")) == 1
    assert {row.kind for row in table.rows[1:]} == {"normal"}


def test_a_change_of_the_list_within_the_year_is_noted():
    """In 2023 the list changed: the note under the table says which groups' year to date does not join."""
    may = Period("2023-05")
    marts = Marts()
    fill(marts, OLD_LAM_DONG, may, communes=1, last_year=False)
    add_line(marts, OLD_LAM_DONG, may, ever_recognised=1, valid_3=1, valid=1, producers=1)
    table = table_of(composed(marts, OLD_LAM_DONG, may), "Sản phẩm theo nhóm")
    assert any("24/02/2023" in note for note in table.notes)
    assert any("Sinh vật cảnh" in note and "không nối được" in note for note in table.notes)


def test_types_of_producers_with_those_the_register_does_not_tell(marts):
    """The four national types always stand; products of an untold type have a line where there are any."""
    add_line(marts, LAM_DONG, OCTOBER, ever_recognised=3, valid_3=3, valid=3, producers=2)
    add_line(
        marts,
        LAM_DONG,
        OCTOBER,
        "producer_type=cooperative",
        ever_recognised=3,
        valid_3=3,
        valid=3,
        producers=2,
    )
    table = table_of(composed(marts), "Sản phẩm theo loại hình")
    assert column(table, "name") == [
        "Tổng số", "Hợp tác xã", "Doanh nghiệp", "Cơ sở sản xuất, hộ kinh doanh", "Tổ hợp tác",
    ]  # fmt: skip
    assert column(table, "producers") == ["2", "2", "0", "0", "0"]
    add_line(marts, LAM_DONG, OCTOBER, "producer_type=", ever_recognised=1, now_expired=1)
    assert (
        column(table_of(composed(marts), "Sản phẩm theo loại hình"), "name")[-1]
        == "Sổ sản phẩm không ghi loại hình"
    )


def test_counts_that_are_published_can_be_walked_back(marts):
    """Recognised, ever, valid and producers are SP01, SP02, SP03 and CH01; a crossing of two splits is no figure."""
    add_line(marts, LAM_DONG, OCTOBER, ever_recognised=1, valid_3=1, valid=1, producers=1)
    add_line(
        marts, LAM_DONG, OCTOBER, "product_group=food", ever_recognised=1, valid_3=1, valid=1, producers=1
    )
    document = composed(marts)
    total, food = table_of(document, "Sản phẩm theo nhóm").rows[:2]
    head = f"2026-10/{LAM_DONG}"
    assert [cell.figure_id.removeprefix(head) for cell in total.cells[1:]] == [
        "/SP01", "/SP01@year", "/SP02", "/SP03/star=3", "/SP03/star=4", "/SP03/star=potential_5", "/SP03/star=5",
        "/SP03", "", "", "/CH01",
    ]  # fmt: skip
    assert [cell.figure_id.removeprefix(head) for cell in food.cells[1:]] == [
        "/SP01/product_group=food", "/SP01/product_group=food@year", "/SP02/product_group=food", "", "", "", "",
        "/SP03/product_group=food", "", "", "",
    ]  # fmt: skip
    by_type = table_of(document, "Sản phẩm theo loại hình").rows[1]
    assert by_type.cells[-1].figure_id == f"{head}/CH01/producer_type=cooperative"


def test_a_province_of_districts_is_counted_by_district():
    """In a three-tier month the rows are districts; each district's own report has its communes."""
    may = Period("2025-05")
    marts = Marts()
    fill(marts, OLD_LAM_DONG, may, communes=1)
    district = first_below(OLD_LAM_DONG, may)
    commune = first_below(district.unit_id, may)
    for unit_id in (OLD_LAM_DONG, district.unit_id, commune.unit_id):
        add_line(marts, unit_id, may, ever_recognised=1, valid_3=1, valid=1, producers=1)
    names = column(table_of(composed(marts, OLD_LAM_DONG, may), "Sản phẩm theo đơn vị"), "name")
    assert names[:2] == [catalogue().units.get(OLD_LAM_DONG, may.end).full_name, district.full_name]
    assert {unit.tier for unit in catalogue().units.children(OLD_LAM_DONG, may.end)} == {Tier.DISTRICT}
    marts = Marts()
    fill(marts, district.unit_id, may, communes=1)
    for unit_id in (district.unit_id, commune.unit_id):
        add_line(marts, unit_id, may, ever_recognised=1, valid_3=1, valid=1, producers=1)
    spec = load_spec("district_month")
    names = column(table_of(composed(marts, district.unit_id, may, spec), "Sản phẩm theo đơn vị"), "name")
    assert names[:2] == [district.full_name, commune.full_name]


def test_without_a_register_there_is_no_annex_of_it(marts):
    """A unit nobody listed a product for has no empty annex."""
    assert not any("SẢN PHẨM ĐẾN" in annex.title.upper() for annex in composed(marts).annexes)


# ------------------------------------------------------------------------------------------------ lists


def test_the_list_of_valid_products_is_by_unit_and_producer(marts):
    """Units in the order of the report, each with its count; within them producers, then products, by their letters."""
    later = date(2028, 5, 1)
    add_registered(marts, COMMUNES[2], OCTOBER, "Chè", later)
    add_registered(marts, COMMUNES[0], OCTOBER, "Ổi", later)
    add_registered(marts, COMMUNES[0], OCTOBER, "Đậu", later)
    add_registered(marts, COMMUNES[0], OCTOBER, "Xoài", later, producer_name="Cơ sở A")
    add_registered(marts, COMMUNES[0], OCTOBER, "Mật", date(2026, 9, 1), certificate_state="expired")
    table = table_of(composed(marts), "Sản phẩm còn hiệu lực")
    first, third = (catalogue().units.get(COMMUNES[n], OCTOBER.end).full_name for n in (0, 2))
    assert [row[0] for row in texts(table) if len(row) == 1] == [
        f"{first} (3 sản phẩm)",
        f"{third} (1 sản phẩm)",
    ]
    assert column(table, "name") == ["Xoài", "Đậu", "Ổi", "Chè"]
    assert column(table, "order") == ["1", "2", "3", "4"]


def test_what_lapses_soon_is_told_with_the_round_that_still_fits(marts):
    """A province's round of 30/12 fits what lapses on 31/12, none fits what lapses that very day or before."""
    for name, expiry in (
        ("Trước đợt", date(2026, 12, 30)), ("Kịp", date(2026, 12, 31)), ("Ba tháng", date(2027, 1, 14)),
        ("Sáu tháng", date(2027, 1, 15)), ("Một năm", date(2027, 10, 14)), ("Xa", date(2027, 10, 15)),
    ):  # fmt: skip
        add_registered(marts, COMMUNES[0], OCTOBER, name, expiry)
    document = composed(marts)
    counts = table_of(document, "Sản phẩm sẽ hết hạn")
    assert column(counts, "products") == ["3", "4", "5"]
    assert column(counts, "round_missed") == ["1", "1", "1"]
    assert column(counts, "round_fits") == ["2", "3", "4"]
    soon = table_of(document, "Sản phẩm hết hạn trong 3 tháng")
    assert column(soon, "name") == ["Trước đợt", "Kịp", "Ba tháng"]
    assert column(soon, "round") == ["không còn đợt nào theo lịch đã biết", "30/12/2026", "30/12/2026"]
    assert column(table_of(document, "Sản phẩm hết hạn sau 3 tháng"), "name") == ["Sáu tháng"]
    year = table_of(document, "Sản phẩm hết hạn sau 6 tháng")
    assert (column(year, "name"), column(year, "round")) == (["Một năm"], ["30/06/2027"])


def test_a_star_of_the_ministry_waits_for_its_rounds(marts):
    """Five stars are evaluated by the ministry, on 30/3 and 30/9; potential five by the province."""
    for star in ("5", "potential_5"):
        add_registered(marts, COMMUNES[0], OCTOBER, star, date(2027, 4, 15), star=star)
    table = table_of(composed(marts), "Sản phẩm hết hạn sau 6 tháng")
    rounds = dict(zip(column(table, "name"), column(table, "round"), strict=True))
    assert rounds == {"5": "30/03/2027", "potential_5": "30/12/2026"}


def test_before_the_rounds_had_days_none_is_said():
    """Before QĐ 26/2026 no decision names a day: the list says so instead of "none fits"."""
    may = Period("2024-05")
    marts = Marts()
    fill(marts, OLD_LAM_DONG, may, communes=1)
    district = first_below(OLD_LAM_DONG, may)
    commune = first_below(district.unit_id, may)
    add_registered(marts, commune.unit_id, may, "Chè", date(2024, 7, 1))
    table = table_of(composed(marts, OLD_LAM_DONG, may), "Sản phẩm hết hạn trong 3 tháng")
    assert column(table, "round") == ["chưa có lịch"]


def test_what_ended_within_the_month_is_listed_with_its_decision(marts):
    """Revoked products first, each with the decision that revoked it; what ended in another month is not there."""
    ends = {"Hết": date(2026, 10, 1), "Cũ": date(2026, 9, 14)}
    for name, day in ends.items():
        add_registered(marts, COMMUNES[0], OCTOBER, name, day, certificate_state="expired", ended_on=day)
    add_registered(marts, COMMUNES[3], OCTOBER, "Thu hồi", date(2028, 1, 1), certificate_state="revoked",
                   ended_on=date(2026, 10, 14), ending_decision_no="99/QĐ-UBND")  # fmt: skip
    table = table_of(composed(marts), "Sản phẩm hết hạn, bị thu hồi")
    assert column(table, "name") == ["Thu hồi", "Hết"]
    assert column(table, "reason") == ["Bị thu hồi", "Hết hạn"]
    assert column(table, "ended") == ["14/10/2026", "01/10/2026"]
    assert column(table, "ending") == ["99/QĐ-UBND", ""]


def test_a_month_without_a_revocation_has_no_column_for_its_decision(marts):
    """What lapsed by itself needs no decision: the column would be blank from top to bottom."""
    day = date(2026, 10, 1)
    add_registered(marts, COMMUNES[0], OCTOBER, "Hết", day, certificate_state="expired", ended_on=day)
    table = table_of(composed(marts), "Sản phẩm hết hạn, bị thu hồi")
    assert "ending" not in {each.key for each in table.columns}


def test_a_long_list_is_left_to_the_screen(marts):
    """Above the limit paper says how many there are and where; the page has them all. The most urgent stay."""
    for n in range(3):
        add_registered(marts, COMMUNES[0], OCTOBER, f"Chè gấp {n}", date(2027, 1, 1))
    for n in range(2):
        add_registered(marts, COMMUNES[0], OCTOBER, f"Chè xa {n}", date(2027, 9, 1))
    spec = load_spec("province_month")
    short = dataclasses.replace(spec, limits=dataclasses.replace(spec.limits, listed_on_paper=3))
    document = composed(marts, spec=short)
    paper = squeezed(" ".join(pdf_pages(write_pdf(document))))
    assert squeezed("Danh sách gồm 5 sản phẩm") in paper
    assert squeezed("Danh sách gồm 2 sản phẩm") in paper
    assert squeezed("Chè gấp 0") in paper
    assert squeezed("Chè xa 0") not in paper
    assert write_html(document).count("Chè xa 0") == 2
    assert squeezed("Chè xa 0") in squeezed(" ".join(pdf_pages(write_pdf(composed(marts, spec=spec)))))


def test_a_unit_continued_on_a_page_repeats_its_name(marts):
    """Nobody has to turn back to see whose products a page lists: its head has the columns and the unit."""
    for n in range(60):
        add_registered(marts, COMMUNES[0], OCTOBER, f"Chè {n:02}", date(2028, 1, 1))
    title = squeezed(catalogue().units.get(COMMUNES[0], OCTOBER.end).full_name + " (60 sản phẩm)")
    pages = [squeezed(page) for page in pdf_pages(write_pdf(composed(marts)))]
    listed = [page for page in pages if "chè" in page and "/qđ-ubnd" in page]
    assert len(listed) > 2
    assert all(title in page for page in listed)


def test_names_that_are_one_are_printed_as_the_one_kept(marts):
    """Lists of the annexes have the names kept of product and producer, whatever the latest decision calls them."""
    add_registered(marts, COMMUNES[0], OCTOBER, "Trà", date(2026, 12, 1), producer_id="p")
    marts.add(
        "core.kept_names",
        [
            {"name_kind": "product", "identity_id": "Trà", "kept_name": "Trà Lá Sương"},
            {"name_kind": "producer", "identity_id": "p", "kept_name": "HTX Lá Sương"},
        ],
    )
    gathered = gather(marts.query, catalogue(), LAM_DONG, OCTOBER, load_spec("province_month").unit_lines)
    names = [(each.product_name, each.producer_name) for each in gathered.register.valid]
    assert names == [("Trà Lá Sương", "HTX Lá Sương")]
    assert [each.product.product_name for each in gathered.register.lapsing] == ["Trà Lá Sương"]


def add_ground(marts: Marts, district: str, name: str, **told: int | None) -> None:
    """Publish the line of a former district of the province; what is left out is nought."""
    fields = (each for each in TABLES["marts.former_districts"].names if each.endswith("_count"))
    row = {
        "period": OCTOBER.key, "unit_id": LAM_DONG, "district_id": district, "district_name": name,
        **dict.fromkeys(fields, 0),
    }  # fmt: skip
    marts.add("marts.former_districts", [row | {f"{each}_count": count for each, count in told.items()}])


def test_families_by_the_ground_of_former_districts(marts):
    """By name, those that cannot be told last; silence has words; the total is the province's own count."""
    add_line(marts, LAM_DONG, OCTOBER, valid=7, valid_3=7, ever_recognised=7)
    silent = dict.fromkeys(
        (each.removesuffix("_count") for each in TABLES["marts.former_districts"].names[7:]), None
    )
    add_ground(
        marts,
        "d2.1",
        "Huyện Đơn Dương",
        communes=5,
        shared_communes=2,
        reported_communes=4,
        valid=4,
        valid_3=4,
    )
    add_ground(marts, "", "", valid=3, valid_3=3)
    add_ground(marts, "d1.1", "Thành phố Bảo Lộc", communes=3, **silent)
    table = table_of(composed(marts), "Sản phẩm theo địa bàn huyện cũ")
    shown = [[cell.text for cell in row.cells] for row in table.rows]
    assert [row[1] for row in shown] == [
        "Địa bàn huyện Đơn Dương cũ", "Địa bàn thành phố Bảo Lộc cũ", "Không xác định được huyện cũ", "Tổng số",
    ]  # fmt: skip
    assert shown[0][2:4] == ["5 (2)", "4"]
    assert table.rows[1].cells[3].mark is Mark.ZERO
    assert [shown[1][2], *shown[1][4:]] == ["3", "Chưa có số liệu"]
    assert shown[3][-3] == "7"


def test_a_month_with_districts_has_no_former_ones(marts):
    """Where nothing is published by former district, the annex has no such table."""
    add_line(marts, LAM_DONG, OCTOBER)
    captions = [
        block.caption
        for annex in composed(marts).annexes
        for block in annex.blocks
        if isinstance(block, Table)
    ]
    assert not any("huyện cũ" in caption for caption in captions)
