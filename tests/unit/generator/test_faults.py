"""Planted faults stand where the truth says, and each kind can be planted."""

import unicodedata
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.generator import Options, Truth, generate
from ocop_pipeline.generator.faults import DEMO, FAULTS, ODDITIES, OLD_LAYOUT, WISHES
from tests.unit.generator.conftest import Country
from tests.unit.generator.reading import fold


@pytest.fixture(scope="module")
def every_kind(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Country:
    """A province with one of everything, in a month with many recognitions, and the month before."""
    wish = dict.fromkeys(WISHES, 1)
    options = Options("68", "2026-07", seed=5, history=("2026-06",), faults=wish)
    inbox = tmp_path_factory.mktemp("every_kind")
    return Country(options, inbox, generate(catalogue, options, inbox))


def cell(country: Country, kind: str) -> object:
    """What stands in the cell of a planted fault."""
    for file in country.truth.files:
        for fault in file.faults:
            if fault.kind == kind and not file.supersedes:
                return openpyxl.load_workbook(country.path(file.path))[fault.sheet][fault.cell].value
    raise LookupError(kind)


def test_each_kind_can_be_planted(every_kind: Country) -> None:
    """Every fault and oddity that can be wished for is planted, with the finding and verdict of its table."""
    truth = every_kind.truth
    assert truth.skipped == []
    planted = {fault.kind: (fault, file) for file in truth.files for fault in file.faults}
    for kind, row in FAULTS.items():
        if row.code:
            fault, file = planted[kind]
            assert (fault.code, fault.severity) == (row.code, row.severity.value)
            assert file.verdict == row.verdict.value
    shown = [oddity for file in truth.files for oddity in file.oddities]
    assert sorted(shown) == sorted([*ODDITIES, OLD_LAYOUT])


def test_findings_exist() -> None:
    """Every finding a fault must be given is in the closed list of findings, with the same severity."""
    known = finding_types()
    for fault in FAULTS.values():
        if fault.code:
            assert fault.code in known
            assert known[fault.code].severity is fault.severity


def test_oddities_are_accepted(every_kind: Country, demo: Country) -> None:
    """A report that only looks odd is accepted, without a planted fault."""
    for country in (every_kind, demo):
        odd = [file for file in country.truth.files if file.oddities]
        assert odd
        assert all(file.verdict == "accepted" and not file.faults for file in odd)


@pytest.mark.parametrize(
    ("kind", "is_so"),
    [
        ("text_in_number", lambda value: isinstance(value, str) and not value.isdecimal()),
        ("negative", lambda value: value == -2),
        ("required_blank", lambda value: value is None),
        ("wrong_total", lambda value: value >= 3),
        ("part_exceeds_whole", lambda value: value >= 5),
        ("register_mismatch", lambda value: value >= 2),
        ("stock_drop", lambda value: value > 0),
        ("star_unknown", lambda value: "sao" in str(value)),
        ("date_missing", lambda value: value is None),
        ("year_wrong", lambda value: 2018 < value < 2026),
        ("expiry_wrong", lambda value: value.year == 2029),
        ("uncomputed", lambda value: str(value).startswith("=")),
        ("unknown_unit_code", lambda value: value == "99999"),
        ("wrong_unit_code", lambda value: str(value).isdecimal() and len(value) == 5),
        ("future_period", lambda value: value == "07/2028"),
    ],
)
def test_the_fault_stands_in_its_cell(every_kind: Country, kind: str, is_so: object) -> None:
    """The cell the truth names holds the fault."""
    assert is_so(cell(every_kind, kind))  # type: ignore[operator]


def test_uncomputed_formula_has_no_value(every_kind: Country) -> None:
    """The formula carries no cached result: a reader of values finds the cell empty."""
    file = next(
        file for file in every_kind.truth.files for fault in file.faults if fault.kind == "uncomputed"
    )
    fault = file.faults[0]
    book = openpyxl.load_workbook(every_kind.path(file.path), data_only=True)
    assert book[fault.sheet][fault.cell].value is None


def file_of(truth: Truth, kind: str) -> str:
    """The file in which a fault is planted."""
    return next(file.path for file in truth.files for fault in file.faults if fault.kind == kind)


def test_damaged_files(every_kind: Country) -> None:
    """Broken files are broken as their kind says."""
    data = {
        kind: every_kind.path(file_of(every_kind.truth, kind)).read_bytes()
        for kind in ("truncated", "empty", "html_as_xls", "password", "unknown_form")
    }
    assert set(data["empty"]) <= {0}
    assert data["truncated"].startswith(b"PK")
    assert b"<table>" in data["html_as_xls"]
    assert data["password"].startswith(bytes.fromhex("D0CF11E0A1B11AE1"))
    assert "EncryptedPackage".encode("utf-16-le") in data["password"]
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(every_kind.path(file_of(every_kind.truth, "truncated")))
    assert file_of(every_kind.truth, "html_as_xls").endswith(".xls")
    book = openpyxl.load_workbook(every_kind.path(file_of(every_kind.truth, "unknown_form")))
    assert book.sheetnames == ["Sheet1"]


def test_duplicate_has_the_same_bytes(every_kind: Country) -> None:
    """The repeated file has another name and the bytes of a file sent before it."""
    second = next(file for file in every_kind.truth.files if file.verdict == "duplicate")
    first = next(
        file
        for file in every_kind.truth.files
        if file.unit_id == second.unit_id and file.period == second.period and file is not second
    )
    assert every_kind.path(first.path).read_bytes() == every_kind.path(second.path).read_bytes()
    assert first.sent_at < second.sent_at


def test_copied_figures_are_last_months(every_kind: Country) -> None:
    """The copy says what the month before said, figure for figure."""
    file = next(
        file for file in every_kind.truth.files for fault in file.faults if fault.kind == "copied_last_month"
    )
    sender = (file.form, file.unit_id, file.agency)
    assert every_kind.truth.values["2026-07"][sender] == every_kind.truth.values["2026-06"][sender]


def odd_file(country: Country, oddity: str) -> Path:
    """The file that shows an oddity."""
    return country.path(next(file.path for file in country.truth.files if oddity in file.oddities))


def test_oddities_show(every_kind: Country) -> None:
    """Each oddity is to be seen in the file."""
    names = openpyxl.load_workbook(odd_file(every_kind, "decomposed")).sheetnames
    assert any(unicodedata.normalize("NFC", name) != name for name in names)
    moved = openpyxl.load_workbook(odd_file(every_kind, "moved_header"))["BM01 Tiến độ"]
    assert moved["A1"].value is None
    assert fold(moved["B7"].value) == "mã"
    assert moved["B4"].value is not None
    hidden = openpyxl.load_workbook(odd_file(every_kind, "hidden_sheet")).worksheets[-1]
    assert hidden.sheet_state == "hidden"
    merged = openpyxl.load_workbook(odd_file(every_kind, "merged_producers"))["BM02 Sổ sản phẩm"]
    assert any(area.size["rows"] > 1 for area in merged.merged_cells.ranges)
    info = openpyxl.load_workbook(odd_file(every_kind, "dates_as_numbers"))["Thông tin chung"]
    assert any(
        isinstance(row[1].value, int) and row[1].value > 40000 for row in info.iter_rows() if row[1].value
    )
    shuffled = openpyxl.load_workbook(odd_file(every_kind, "moved_columns"))["BM01 Tiến độ"]
    issued = openpyxl.load_workbook(odd_file(every_kind, "hidden_sheet"))["BM01 Tiến độ"]
    headers = [[cell.value for cell in sheet[4]] for sheet in (shuffled, issued)]
    assert headers[0] != headers[1]
    assert set(headers[0]) == set(headers[1])
    assert "Thong tin" in openpyxl.load_workbook(odd_file(every_kind, OLD_LAYOUT)).sheetnames


def test_demonstration(demo: Country) -> None:
    """The demonstration has what its table promises, and every oddity at least twice."""
    verdicts = [file.verdict for file in demo.truth.files if file.period == "2026-10"]
    assert demo.truth.skipped == []
    assert verdicts.count("set_aside") == 3
    assert verdicts.count("duplicate") == 1
    assert 9 <= verdicts.count("returned") <= 13
    shown = [oddity for file in demo.truth.files for oddity in file.oddities]
    for oddity in (*ODDITIES, OLD_LAYOUT):
        assert shown.count(oddity) == DEMO[oddity] >= 2
