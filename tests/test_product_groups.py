"""Laws of groups over the list versions: SQL says what the pure functions say, and the groups make the total."""

from collections import defaultdict
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.catalogue.group_mappings import UNCONVERTED, UNKNOWN_GROUP
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.warehouse.raw import store_reference
from ocop_pipeline.warehouse.reference import reference_tables
from tests.source_tables import make_table, models

_CATALOGUE = load_catalogue()
_GROUPS, _MAPPINGS = _CATALOGUE.groups, _CATALOGUE.group_mappings
_REFERENCE = {"group_lists", "group_words", "group_conversions"}
_MONTHS = ("2022-05", "2023-03", "2024-10", "2026-10")
# Names that several lists share, ambiguous ones and unknown ones come more often than chance would have it.
_TELLING = (
    "Đồ uống",
    "Thực phẩm",
    "Thảo dược",
    "Trang thiết bị, dụng cụ y tế",
    "Cà phê, ca cao",
    "Chè",
    "Nhóm lạ",
)
_WORDS = st.sampled_from((*_TELLING, None)) | st.sampled_from(
    sorted({group.name_vi for group in _GROUPS.all})
)
_DAYS = st.integers(0, 365 * 8).map(lambda offset: date(2018, 6, 1) + timedelta(days=offset))
_REGISTERS = st.dictionaries(
    st.sampled_from("abcd"),
    st.lists(st.tuples(_DAYS, _WORDS), min_size=1, max_size=4, unique_by=lambda each: each[0]),
    min_size=1,
)
"""Product -> its decisions: a day and the wording beside it."""


@pytest.fixture(scope="module")
def connection():
    """A database with the reference tables of the shipped lists."""
    with duckdb.connect() as opened:
        tables = reference_tables(_CATALOGUE, ["68"], _MONTHS, _REFERENCE | {"count_lines"})
        store_reference(opened, {each.name: each.rows for each in tables})
        yield opened


def _line(word, day):
    return _GROUPS.read(word, day) if word else None


def _make(connection, name, given_rows, made=()):
    """Make the tables a model reads, all but those that are there, and give the rows of the model."""
    for table in models()[name].dependencies:
        if table.removeprefix("catalogue.") not in _REFERENCE | {"count_lines"} and table not in made:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
            make_table(connection, table, given_rows.get(table, ()))
    return connection.sql(models()[name].sql).fetchall()


def _registers(histories):
    lines = [(product, day, word) for product, told in sorted(histories.items()) for day, word in told]
    keys = [{"submission_id": str(place), "sheet": "S", "line_key": "1"} for place in range(len(lines))]
    rows = defaultdict(list)
    for key, (product, day, word) in zip(keys, lines, strict=True):
        line = _line(word, day)
        rows["core.listings"].append({**key, "listed_product_id": product})
        rows["staging.submissions"].append({"submission_id": key["submission_id"], "period_end": day})
        rows["staging.register_rows"].append({**key, "first_date": day})
        rows["staging.register_places"].append({**key, "product_group": word})
        rows["core.recognitions"].append(
            {"product_id": product, "decision_date": day, "unit_id": "c1",
             "group_list": line and line.list_version, "group_line": line and line.code}
        )  # fmt: skip
    return rows


def _group(own, told, version):
    """What a product is in a list, by the pure functions: what its line leaves open, narrowed by what is certain."""
    certain = [found for line in told if (found := _MAPPINGS.convert(line, version))]
    paths = [[each.code for each in _GROUPS.path(line)] for line in certain]
    if own is not None:
        converted = _MAPPINGS.convert(own, version)
        left_open = [converted] if converted else _MAPPINGS.candidates(own, version)
        wanted = [[each.code for each in _GROUPS.path(line)] for line in left_open]
        paths = [
            path for path in paths
            if any(all(a == b for a, b in zip(path, each, strict=False)) for each in wanted)
        ]  # fmt: skip
    sectors = {path[0] for path in paths}
    if len(sectors) == 1:
        return sectors.pop()
    return UNKNOWN_GROUP if own is None and not paths else UNCONVERTED


@settings(max_examples=60)
@given(word=_WORDS, day=_DAYS)
def test_a_wording_means_what_the_catalogue_says(connection, word, day):
    """The join of a wording and a day in SQL finds the line that reading the lists finds, and one at most."""
    found = connection.execute(
        "SELECT list_version, code, sector FROM catalogue.group_words"
        " WHERE word = LOWER(?) AND ? BETWEEN valid_from AND valid_to",
        [word, day],
    ).fetchall()
    line = _line(word, day)
    assert found == ([(line.list_version, line.code, _GROUPS.path(line)[0].code)] if line else [])


@settings(max_examples=60)
@given(histories=_REGISTERS)
def test_every_list_says_what_the_pure_functions_say(connection, histories):
    """For any register the group of each recognition in each list is that of the rules told in Python."""
    found = {
        (product, day, version): group
        for product, day, _, version, group, _ in _make(
            connection, "core.recognition_groups", _registers(histories)
        )
    }
    expected = {}
    for product, decisions in histories.items():
        told = [line for day, word in decisions if (line := _line(word, day))]
        for day, word in decisions:
            for each in _GROUPS.lists:
                expected[product, day, each.version] = _group(_line(word, day), told, each.version)
    assert found == expected


@settings(max_examples=40)
@given(histories=_REGISTERS, month=st.sampled_from(_MONTHS))
def test_the_groups_make_the_total(connection, histories, month):
    """For any mix of products, on the closing day of any month, the lines by group add up to the products."""
    end = Period(month).end
    version = _GROUPS.version_on(end)
    groups = _make(connection, "core.recognition_groups", _registers(histories))
    latest = {}
    for product, day, unit, listed, group, _ in sorted(groups):
        if listed == version and day <= end:
            latest[product] = {"period": month, "product_id": product, "unit_id": unit, "product_group": group,
                               "star": "3", "certificate_state": "valid", "expiry_date": date(2030, 1, 1)}  # fmt: skip
    counts = _make(
        connection,
        "core.register_counts",
        {
            "meta.run_periods": [{"period": month}],
            "catalogue.periods": [{"period": month, "end_date": end}],
            "core.product_status": list(latest.values()),
            "core.unit_ancestors": [
                {"period": month, "unit_id": "c1", "unit_tier": "commune", "ancestor_id": unit}
                for unit in ("c1", "p1")
            ],
        },
    )
    total, parts = defaultdict(int), defaultdict(int)
    for _, _, unit, indicator, breakdown, value in counts:
        if indicator in ("SP02", "SP03") and not breakdown:
            total[unit, indicator] = value
        elif indicator in ("SP02", "SP03") and breakdown.startswith("product_group="):
            parts[unit, indicator] += value or 0
    assert {key: value for key, value in total.items() if value is not None} == {
        (unit, indicator): len(latest) for unit in ("c1", "p1") for indicator in ("SP02", "SP03") if latest
    }
    assert all(parts[key] == (value or 0) for key, value in total.items())


def test_drinks_of_before_are_never_guessed(connection):
    """A product known as a drink of 2019 alone is unconverted today; a word of coffee on any line makes it food."""
    alone = {"a": [(date(2021, 5, 1), "Đồ uống")]}
    told = {"a": [(date(2021, 5, 1), "Đồ uống"), (date(2026, 6, 1), "Cà phê, ca cao")]}
    for histories, today in ((alone, UNCONVERTED), (told, "food")):
        rows = _make(connection, "core.recognition_groups", _registers(histories))
        found = {version: group for _, day, _, version, group, _ in rows if day == date(2021, 5, 1)}
        assert found == {"2019": "drink_2019", "2023": today, "2026": today}
