"""Nought, nothing to report, left blank, not reported and not collected: followed from the cell to the paper."""

import json
import re
from dataclasses import dataclass

import openpyxl
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app
from ocop_pipeline.reporting.document import Mark
from ocop_pipeline.warehouse.connection import open_reader
from tests.province import Province

MONTH, LAST_YEAR = "2026-10", "2025-10"
ASKED = "DT02"
"""Learners of the month: no commune must answer it, and the last column but one of its table by commune."""
COLUMNS = 12
"""Figures in a commune's row of that table."""
NEW = "XT05"
"""Products sold on platforms: the form of 2025 had no line for it."""


@dataclass(frozen=True)
class Way:
    """How a commune's answer goes: what is typed, and what is to be known of it at each step."""

    typed: tuple[str, ...]
    cell: str | None
    value: int | None
    state: str
    mark: Mark


WAYS = {
    "zero": Way(("0",), "number", 0, "number", Mark.ZERO),
    "nothing": Way(("không phát sinh", "không", "-", "–", "k"), "nothing", 0, "nothing", Mark.NOTHING_TO_REPORT),
    "blank": Way(("",), "blank", None, "not_reported", Mark.NOT_REPORTED),
    "silent": Way((), None, None, "not_reported", Mark.NOT_REPORTED),
}  # fmt: skip


def _value(province: Province, unit: str, *more: str) -> object:
    arguments = ["value", "--unit", unit, *more, "--json", "--site", str(province.settings.site)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def communes(province: Province) -> dict[str, tuple[str, str, str]]:
    """Kind of answer -> id, code and name of a commune that gave it; what is typed in its file bears it out."""
    sources = _value(province, "12", "--period", MONTH, "--indicator", ASKED, "--by", "source")
    files = {path.name: path for path in province.settings.inbox.rglob("*.xlsx")}
    found: dict[str, tuple[str, str, str]] = {}
    for each in (each for each in sources if not each["agency"] and each["file_name"] in files):
        kind = {"number": "zero"}.get(each["state"], each["state"])
        if kind in found or (kind == "zero" and each["value"] != 0):
            continue
        book = openpyxl.load_workbook(files[each["file_name"]], read_only=True)
        told = book[each["sheet"]][each["cell"]].value
        typed = "" if told is None else str(told).strip().lower()
        assert typed in WAYS[kind].typed
        found[kind] = (each["unit_id"], "", each["unit_name"])
    with open_reader(province.settings.warehouse) as connection:
        found["silent"] = connection.execute(
            "SELECT unit_id, '', unit_full_name FROM marts.report_status "
            "WHERE period = ? AND form = 'OCOP-XA' AND status = 'missing' ORDER BY unit_id",
            [MONTH],
        ).fetchone()
        codes = dict(connection.execute("SELECT unit_id, code FROM catalogue.units").fetchall())
    return {kind: (unit, codes[unit], name) for kind, (unit, _, name) in found.items()}


@pytest.fixture(scope="module")
def page(province: Province) -> str:
    """The province's report as a page."""
    (path,) = province.settings.releases.rglob("*.html")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def paper(province: Province, communes) -> dict[str, list[str]]:
    """Kind of answer -> what is printed in the commune's row of the table that ends with month and year of the line."""
    (path,) = province.settings.releases.rglob("*.pdf")
    rows: dict[str, list[str]] = {}
    for each in PdfReader(path).pages:
        text = " ".join(each.extract_text().split())
        for kind, (_, _, name) in communes.items():
            found = re.search(rf" {name}((?: (?:có|không|[0-9.,…–x]+)){{{COLUMNS}}})", text)
            if found is not None:
                rows.setdefault(kind, found[1].split())
        if len(rows) == len(communes):
            return rows
    return rows


@pytest.mark.parametrize("kind", WAYS)
def test_an_answer_stays_what_it_is_from_cell_to_paper(province, communes, page, paper, kind):
    """Four communes, four answers to one line: each is known as itself in every table, in JSON, on page and paper."""
    unit, code, _ = communes[kind]
    way = WAYS[kind]
    with open_reader(province.settings.warehouse) as connection:
        cells = connection.execute(
            "SELECT c.state FROM staging.cells AS c JOIN staging.submissions AS s USING (submission_id) "
            "WHERE s.unit_id = ? AND s.period = ? AND c.line_key = ? AND c.field = 'in_period'",
            [unit, MONTH, ASKED],
        ).fetchall()
        values = connection.execute(
            "SELECT state, value FROM core.indicator_values "
            "WHERE unit_id = ? AND period = ? AND indicator = ? AND breakdown = ''",
            [unit, MONTH, ASKED],
        ).fetchall()
    assert cells == ([] if way.cell is None else [(way.cell,)])
    assert values == ([] if way.cell is None else [(way.cell, way.value)])

    figure = _value(province, code, "--period", MONTH, "--indicator", ASKED)
    assert (figure["value"], figure["state"]) == (way.value, way.state)
    assert figure["coverage"] == {
        "expected": 1,
        "reported": int(kind in ("zero", "nothing")),
        "nothing": int(kind == "nothing"),
        "blank": int(kind == "blank"),
        "not_collected": 0,
    }

    printed = re.search(rf'data-figure="{MONTH}/{re.escape(unit)}/{ASKED}" class="[^"]*"[^>]*>([^<]*)<', page)
    assert printed is not None
    assert printed[1] == way.mark
    assert paper[kind][-2] == way.mark


def test_what_a_form_did_not_ask_for_is_not_collected(province, page):
    """A line that came with a later form is "x" in the year before, for the silent communes of then too."""
    figure = _value(province, "12", "--period", LAST_YEAR, "--indicator", NEW)
    assert (figure["value"], figure["state"]) == (None, "not_collected")
    assert figure["coverage"]["not_collected"] == figure["coverage"]["expected"] > 0
    assert _value(province, "12", "--period", MONTH, "--indicator", NEW)["state"] == "number"
    row = next(row for row in page.split("<tr") if f">{NEW}</td>" in row)
    assert re.search(rf'title="không thu thập">{Mark.NOT_COLLECTED}</td>', row)
