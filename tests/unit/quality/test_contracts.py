"""Contracts: what a table's file may say, and what is refused with file, line and reason."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from ocop_pipeline.catalogue.columns import Column, load_columns
from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.quality.contracts import CheckSeverity, Contract, Refresh, load_contract

_TYPES = {
    "period": "VARCHAR",
    "unit_id": "VARCHAR",
    "state": "VARCHAR",
    "value": "DECIMAL(20,4)",
    "reports_count": "INTEGER",
    "share": "DOUBLE",
    "day": "DATE",
    "at": "TIMESTAMP",
    "is_late": "BOOLEAN",
}
DICTIONARY = {name: Column(name, kind, "meaning", "nhãn") for name, kind in _TYPES.items()}
_HEAD = f"grain: [period, unit_id]\nrefresh: by_period\ncolumns: [{', '.join(_TYPES)}]\n"


def _load(folder: Path, text: str) -> Contract:
    path = folder / "sql" / "core" / "figures.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_contract(path, DICTIONARY)


def _with_check(folder: Path, check: str) -> Contract:
    return _load(folder, f"{_HEAD}checks:\n  - {{{check}}}\n")


def test_a_contract_says_table_grain_refresh_and_columns(tmp_path):
    """The path names the table; grain, refresh and columns are read as written."""
    contract = _load(tmp_path, _HEAD)
    assert contract.table == "core.figures"
    assert contract.grain == ("period", "unit_id")
    assert contract.refresh is Refresh.BY_PERIOD
    assert contract.columns == tuple(_TYPES)


def test_a_grain_implies_not_null_and_unique(tmp_path):
    """Every column of the grain is never null and all are unique together, critically, before the rest."""
    checks = _load(tmp_path, _HEAD).checks
    assert [check.name for check in checks] == [
        "grain_not_null_period",
        "grain_not_null_unit_id",
        "grain_unique",
    ]
    assert {check.severity for check in checks} == {CheckSeverity.CRITICAL}
    assert checks[-1].arguments == {"column_list": ("period", "unit_id")}


def test_a_grain_of_one_column_is_unique_by_itself(tmp_path):
    """The compound expectation wants two columns; a single key uses the simple one."""
    contract = _load(tmp_path, "grain: [unit_id]\nrefresh: whole\ncolumns: [unit_id]\n")
    assert contract.checks[-1].expect == "column_values_to_be_unique"


def test_values_take_the_type_of_their_column(tmp_path):
    """A written value is compared as what the column holds, a decimal at the column's own scale."""
    written = {
        "column: value, min_value: 0.5": Decimal("0.5000"),
        "column: reports_count, min_value: 3": 3,
        "column: share, min_value: 0.5": 0.5,
        "column: day, min_value: 2026-10-14": dt.date(2026, 10, 14),
    }
    for check, expected in written.items():
        contract = _with_check(tmp_path, f"expect: column_values_to_be_between, {check}, severity: warning")
        found = contract.checks[-1].arguments["min_value"]
        assert (type(found), found) == (type(expected), expected)


def test_a_decimal_bound_has_the_scale_of_its_column(tmp_path):
    """1 against a DECIMAL(20,4) is 1.0000: no engine has to guess how to rescale it."""
    bounds = "expect: column_values_to_be_between, column: value, min_value: 1, severity: warning"
    assert str(_with_check(tmp_path, bounds).checks[-1].arguments["min_value"]) == "1.0000"


def test_words_yaml_would_read_as_truth_values_stay_words(tmp_path):
    """`no` in a set of states is the word, not a false."""
    contract = _with_check(
        tmp_path,
        "expect: column_values_to_be_in_set, column: state, value_set: [yes, no, ''], severity: critical",
    )
    assert contract.checks[-1].arguments["value_set"] == ("yes", "no", "")


def test_a_check_written_in_sql_carries_its_text(tmp_path):
    """`violations` names a file in audits/; its stem is the check's name."""
    audits = tmp_path / "sql" / "audits"
    audits.mkdir(parents=True)
    (audits / "too_many.sql").write_text("-- none\nSELECT 1 AS x WHERE FALSE\n", encoding="utf-8")
    check = _with_check(tmp_path, "violations: audits/too_many.sql, severity: warning").checks[-1]
    assert (check.name, check.expect, check.severity) == ("too_many", "", CheckSeverity.WARNING)
    assert check.violations.endswith("WHERE FALSE\n")


_BAD_CHECKS = (
    ("expect: column_values_to_be_nice, column: value", "not one of those both engines"),
    ("expect: column_values_to_not_be_null, column: nowhere", "not among the columns"),
    (
        "expect: column_values_to_not_be_null, column: value, severity: error",
        "must be one of critical, warning",
    ),
    ("expect: column_values_to_not_be_null, column: value, severity: ''", "'severity' is blank"),
    ("expect: column_values_to_not_be_null, column: value, mostly: 0.9", "unknown field 'mostly'"),
    ("expect: column_values_to_not_be_null", "needs 'column'"),
    ("expect: column_values_to_be_between, column: value", "needs 'min_value' or 'max_value'"),
    ("expect: column_values_to_be_between, column: value, min_value: few", "does not fit value"),
    ("expect: column_values_to_be_between, column: value, min_value: 0.00001", "does not fit"),
    ("expect: column_values_to_be_between, column: reports_count, min_value: 0.5", "does not fit"),
    ("expect: column_values_to_be_between, column: day, min_value: 14/10/2026", "does not fit"),
    ("expect: column_values_to_be_between, column: at, min_value: 2026-10-14", "numbers and dates"),
    ("expect: column_values_to_be_between, column: state, min_value: a", "numbers and dates"),
    ("expect: column_values_to_be_between, column: value, min_value: 0.1", "no exact float"),
    ("expect: column_values_to_be_between, column: day, min_value: 2026-02-30", "does not fit"),
    ("expect: column_values_to_be_between, column: value, min_value: 2, max_value: 1", "greater"),
    ("expect: column_values_to_be_in_set, column: is_late, value_set: [yes]", "does not fit"),
    ("expect: column_values_to_be_in_set, column: state, value_set: []", "must be a list"),
    ("expect: column_values_to_be_in_set, column: state, value_set: number", "must be a list"),
    ("expect: column_values_to_match_regex, column: state, regex: 'a+'", "for the whole text"),
    (r"expect: column_values_to_match_regex, column: state, regex: '^a\$'", "for the whole text"),
    ("expect: column_values_to_match_regex, column: state, regex: '^(a$'", "no regular expression"),
    ("expect: column_values_to_match_regex, column: value, regex: '^a$'", "for VARCHAR"),
    ("expect: column_value_lengths_to_be_between, column: state, min_value: -1", "at least 0"),
    ("expect: compound_columns_to_be_unique, column_list: [value]", "two columns at least"),
    (
        "expect: compound_columns_to_be_unique, column_list: [period, unit_id], severity: warning",
        "the same as grain",
    ),
    ("expect: column_pair_values_to_be_equal, column_A: day, column_B: value", "be compared"),
    ("violations: audits/nowhere.sql", "there is no audits/nowhere.sql"),
    ("violations: ../../etc/passwd", "is named audits/<name>.sql"),
    ("violations: audits/../core/figures.yml", "is named audits/<name>.sql"),
    ("expect: column_values_to_not_be_null, column: value, name: 'Giá trị'", "is named in lower"),
)


@pytest.mark.parametrize(("check", "reason"), _BAD_CHECKS)
def test_a_faulty_check_is_refused_with_file_and_line(tmp_path, check, reason):
    """No check is ignored or bent: it is refused, naming the file, the line and what would be right."""
    with pytest.raises(CatalogueError) as refused:
        _with_check(tmp_path, check if "severity" in check else f"{check}, severity: critical")
    assert reason in refused.value.reason
    assert (refused.value.file, refused.value.row) == ("figures.yml", 5)


_BAD_HEADS = {
    "grain: [period]\nrefresh: whole\ncolumns: [period, colour]\n": "not in the column dictionary: colour",
    "grain: [unit_id]\nrefresh: whole\ncolumns: [period]\n": "not among the columns of this table: unit_id",
    "grain: []\nrefresh: whole\ncolumns: [period]\n": "'grain' is blank",
    "grain: [period]\nrefresh: whole\ncolumns: [period, period]\n": "stands twice",
    "grain: [period]\nrefresh: daily\ncolumns: [period]\n": "must be one of whole, by_period",
    "grain: [unit_id]\nrefresh: by_period\ncolumns: [unit_id]\n": "has a column 'period'",
    "grain: [period]\nrefresh: whole\ncolumns: [period]\nowner: me\n": "unknown field 'owner'",
}


@pytest.mark.parametrize("text", _BAD_HEADS)
def test_a_faulty_contract_is_refused(tmp_path, text):
    """Grain, refresh and columns hold together, or nothing starts."""
    with pytest.raises(CatalogueError) as refused:
        _load(tmp_path, text)
    assert _BAD_HEADS[text] in refused.value.reason


def test_two_checks_of_one_name_are_refused_until_one_is_named(tmp_path):
    """Results are stored and shown by name, so a name stands once; `name` tells two apart."""
    bounds = "expect: column_values_to_be_between, column: value, severity: warning"
    text = _HEAD + f"checks:\n  - {{{bounds}, min_value: 0}}\n  - {{{bounds}, max_value: 9%s}}\n"
    with pytest.raises(CatalogueError, match="two checks are called"):
        _load(tmp_path, text % "")
    assert _load(tmp_path, text % ", name: value_is_small").checks[-1].name == "value_is_small"


_HEADER = "column,type,unit,label_vi,meaning\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("value,MONEY,,l,m", "unknown type 'MONEY'"),
        ('value,"DECIMAL(4,9)",,l,m', "unknown type"),
        ('value,"DECIMAL(39,2)",,l,m', "unknown type"),
        ("Value,DATE,,l,m", "lower case"),
        ("value,DATE,,l,", "'meaning' is blank"),
        ("value,DATE,,,m", "'label_vi' is blank"),
        ("value,DATE,,l,m,red", "6 values for 5 columns"),
        ("period,DATE,,l,m", "stands already in line 2"),
    ],
)
def test_a_faulty_column_is_refused(tmp_path, line, reason):
    """A column has a known type, a meaning and a label, and nothing else but a unit."""
    path = tmp_path / "columns.csv"
    path.write_text(f"{_HEADER}period,VARCHAR,,kỳ,m\n{line}\n", encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        load_columns(path)
    assert reason in refused.value.reason
    assert (refused.value.file, refused.value.row) == ("columns.csv", 3)


def test_columns_are_read_with_their_units(tmp_path):
    """Type, meaning, label and unit come through; a unit may be left out."""
    path = tmp_path / "columns.csv"
    path.write_text(
        f'{_HEADER}revenue,"DECIMAL(20,4)",million VND,Doanh thu,Sales.\nperiod,VARCHAR,,Kỳ,Month.\n',
        encoding="utf-8",
    )
    columns = load_columns(path)
    assert columns["revenue"] == Column("revenue", "DECIMAL(20,4)", "Sales.", "Doanh thu", "million VND")
    assert (columns["revenue"].scale, columns["period"].scale, columns["period"].unit) == (4, None, "")
