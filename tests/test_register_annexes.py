"""The annexes of a run month: whatever table prints a number of the register, it is the same number."""

from collections import Counter, defaultdict
from datetime import date

import pytest

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.reporting.document import Document, Mark, Table
from ocop_pipeline.reporting.issuing import report_document
from ocop_pipeline.warehouse.connection import open_reader, rows_reader
from tests.province import Province

PRODUCTS = (
    "ever_recognised",
    "valid_3",
    "valid_4",
    "valid_potential_5",
    "valid_5",
    "valid",
    "now_expired",
    "now_revoked",
)
"""Columns that count products; each product is in one line of every split, so the lines make the total."""
SPLITS = ("Sản phẩm theo đơn vị", "Sản phẩm theo nhóm", "Sản phẩm theo loại hình")


def _documents(done: Province, catalogue: Catalogue) -> dict[str, Document]:
    """The reports of a run month by the tier of their unit: the province's and the first district's."""
    made = {}
    for tier in ("province", "district"):
        units = [unit for unit in catalogue.units.units(done.period.end) if unit.tier == tier]
        units = [unit for unit in units if unit.code == "12" or _is_below(catalogue, unit, done)]
        if units:
            unit = min(units, key=lambda each: each.code)
            with open_reader(done.settings.warehouse) as connection:
                made[tier] = report_document(
                    rows_reader(connection),
                    catalogue,
                    done.settings,
                    unit.unit_id,
                    done.period,
                    date(2026, 10, 20),
                )
    return made


def _is_below(catalogue: Catalogue, unit, done: Province) -> bool:
    above = catalogue.units.ancestors(unit.unit_id, done.period.end)
    return unit.tier == "district" and any(each.code == "12" for each in above)


@pytest.fixture(scope="module")
def documents(province, three_tier_province, catalogue) -> dict[str, Document]:
    """A province of communes, one of districts, and a district."""
    three = _documents(three_tier_province, catalogue)
    two = _documents(province, catalogue)
    assert set(two) == {"province"}
    return {"communes": two["province"], "districts": three["province"], "district": three["district"]}


KINDS = ("communes", "districts", "district")


def _tables(document: Document) -> list[Table]:
    blocks = (*document.body, *(block for annex in document.annexes for block in annex.blocks))
    return [block for block in blocks if isinstance(block, Table)]


def _table(document: Document, caption: str) -> Table:
    (found,) = (table for table in _tables(document) if table.caption.startswith(caption))
    return found


def _rows(table: Table) -> list[dict[str, str]]:
    """The rows that have every column, by the column's key."""
    keys = [column.key for column in table.columns]
    return [
        {key: cell.mark.value if cell.mark else cell.text for key, cell in zip(keys, row.cells, strict=True)}
        for row in table.rows
        if len(row.cells) == len(keys)
    ]


def _number(text: str) -> int:
    return 0 if text == Mark.NOT_REPORTED.value else int(text.replace(".", ""))


def _total(rows: list[dict[str, str]], key: str) -> int:
    return sum(_number(row[key]) for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_has_one_value_in_the_whole_document(documents, kind):
    """SP01 to SP06 and CH01 print the same in the table of indicators, by unit and in the register's annexes."""
    printed = defaultdict(list)
    for table in _tables(documents[kind]):
        for row in table.rows:
            for cell in row.cells:
                if cell.figure_id:
                    printed[cell.figure_id].append(cell.mark.value if cell.mark else cell.text)
    assert {figure: texts for figure, texts in printed.items() if len(set(texts)) > 1} == {}
    again = Counter(
        figure.split("/")[2].partition("@")[0] for figure, texts in printed.items() if len(texts) > 1
    )
    assert all(again[code] for code in ("SP01", "SP02", "SP03", "SP06", "CH01")), again


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("caption", SPLITS)
def test_the_lines_make_the_total(documents, kind, caption):
    """Products and recognitions of all lines are those of the first row; producers are counted there, at most added."""
    table = _table(documents[kind], caption)
    # The groups below a sector (indented) are its parts, not further lines beside it.
    total, *lines = (row for row in _rows(table) if not row["name"].startswith("\u00a0"))
    for key in (*PRODUCTS, "month_recognised", "year_recognised"):
        assert _total(lines, key) == _number(total[key]), key
    producers = [_number(row["producers"]) for row in lines]
    assert max(producers) <= _number(total["producers"]) <= sum(producers)


@pytest.mark.parametrize("kind", KINDS)
def test_the_families_are_the_balance_and_the_lists(documents, kind):
    """What the balance closes with is what is valid, star by star, and so many products are listed."""
    document = documents[kind]
    valid = _rows(_table(document, SPLITS[0]))[0]
    closing = {row["star"]: row["closing"] for row in _rows(_table(document, "Biến động"))}
    for key, star in (("valid_3", "3 sao"), ("valid_4", "4 sao"), ("valid_5", "5 sao"), ("valid", "Cộng")):
        assert valid[key] == closing.get(star, "0")
    assert len(_rows(_table(document, "Sản phẩm còn hiệu lực"))) == _number(valid["valid"])
    ever = _number(valid["ever_recognised"])
    assert ever == sum(_number(valid[key]) for key in ("valid", "now_expired", "now_revoked"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_lapses_and_what_lapsed_is_listed_whole(documents, kind):
    """The three lists hold what SP06 counts, and the list of the month what the balance calls lapsed or revoked."""
    document = documents[kind]
    listed = 0
    captions = ("trong 3 tháng", "sau 3 tháng", "sau 6 tháng")
    for row, caption in zip(_rows(_table(document, "Sản phẩm sẽ hết hạn")), captions, strict=True):
        found = [
            table for table in _tables(document) if table.caption.startswith(f"Sản phẩm hết hạn {caption}")
        ]
        listed += sum(len(_rows(table)) for table in found)
        assert listed == _number(row["products"])
        assert listed == sum(_number(row[key]) for key in ("round_fits", "round_missed", "round_unknown"))
    moved = _rows(_table(document, "Biến động"))[-1]
    ended = [table for table in _tables(document) if table.caption.startswith("Sản phẩm hết hạn, bị thu hồi")]
    returned = _number(moved["regained"])
    counted = _number(moved["expired"]) + _number(moved["revoked"])
    assert counted - returned <= sum(len(_rows(table)) for table in ended) <= counted
