"""The corpus of dirty cells: what people write into one cell, and what it must be read as.

`tests/data/dirty_cells.csv`, a row a cell: `field` (what kind of place it stands in), `written` (with Python escapes
where invisible characters matter, `<none>` for an empty cell), `given` (what else stands in the file, as evidence), the
state and value it must have, the repairs that must be told (joined by +), and the findings.
"""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ocop_pipeline.catalogue.repairs import repair_kinds
from ocop_pipeline.domain.forms import FUNDING, GRID, REGISTER, TASKS
from ocop_pipeline.intake.cells import STATES
from ocop_pipeline.intake.evidence import GUESSES
from ocop_pipeline.intake.extract import TEXT_END, extract
from tests.unit.intake.filled import PRODUCT, Filled, shipped, shipped_spec, sound

CORPUS = Path(__file__).parents[2] / "data" / "dirty_cells.csv"
PLACES = {
    "count": (GRID, "TT04", "in_period"),
    "people": (GRID, "TT01", "closing"),
    "amount": (GRID, "KT01", "in_period"),
    "money": (FUNDING, "KP", "planned"),
    "yesno": (GRID, "CD01", "closing"),
    "percent": (TASKS, "", "progress"),
    "day": (REGISTER, "", "first_date"),
    "year": (REGISTER, "", "first_year"),
    "name": (REGISTER, "", "product_name"),
}


def _corpus():
    with CORPUS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _written(text):
    if text == "<none>":
        return None
    return text.encode().decode("unicode_escape") if "\\" in text else text


def _form(field, value, evidence):
    """A form with one dirty cell and the evidence of a row; other numbers are numbers and show nothing."""
    values = {key: 1.0 if isinstance(number, (int, float)) else number for key, number in NUMBERS.items()}
    register, tasks = [dict(PRODUCT)], [{"task_text": "Tập huấn", "progress": None}]
    part, line, name = PLACES[field]
    if part in (GRID, FUNDING):
        values[part, line, name] = value
    elif part == TASKS:
        tasks[0][name] = value
    else:
        register[0] |= {"first_date": None, "first_year": None, "expiry_date": None, name: value}
    for key, text in evidence.items():
        if key.startswith("date"):
            register.append({**PRODUCT, "first_date": text, "expiry_date": None})
        elif key.startswith("percent"):
            tasks.append({"task_text": "Hội nghị", "progress": text})
        elif key[:2] in ("KT", "XT"):
            values[GRID, key, "in_period"] = text
    return Filled(shipped(), "xa-2026", sound(shipped()).info, values=values, register=register, tasks=tasks)


NUMBERS = {key: value for key, value in sound(shipped()).values.items() if not isinstance(value, str)}


def _changed(form, book, evidence):
    """Headings, unit cells and captions of the evidence."""
    sheets = {sheet.name: sheet for sheet in book.sheets}
    money, grid = sheets["BM03 Kinh phí"], sheets["BM01 Tiến độ"]
    if "header" in evidence:
        _replace(money, "Kế hoạch năm", evidence["header"])
    for sheet in (money, grid):
        if "caption" in evidence:
            sheet.rows[1][0] = evidence["caption"]
    if "unit" in evidence:
        row = next(row for row in grid.rows if row[0] == "KT01")
        row[2] = evidence["unit"]
    assert form
    return book


def _replace(sheet, text, new):
    for row in sheet.rows:
        for column, value in enumerate(row):
            if value == text:
                row[column] = new


def _cells(found):
    """(part, line, field) -> state, number, text, day of the first cell there, and its place."""
    spec = shipped_spec()
    slots = next(layout.slots for layout in spec.layouts if layout.code == found.layout)
    texts = iter(found.texts.split(TEXT_END))
    days = dict(zip(found.day_at, found.days, strict=True))
    read = {}
    for at, slot in enumerate(found.slots):
        text = next(texts) if found.has_text[at] else ""
        place = found.rows[at], found.columns[at]
        day = date.fromordinal(days[at]) if at in days else None
        read.setdefault(slots[slot], (STATES[found.states[at]], found.numbers[at], text, day, place))
    return read


def _verdict(row):
    """What the cell of a row is read as: state, value, repairs and findings at it."""
    evidence = dict(each.split("=", 1) for each in row["given"].split(";")) if row["given"] else {}
    form = _form(row["field"], _written(row["written"]), evidence)
    found = extract(shipped_spec(), _changed(form, form.workbook(), evidence))
    state, number, text, day, (at_row, at_column) = _cells(found).get(
        PLACES[row["field"]], ("blank", 0.0, "", None, (0, 0))
    )
    cell = f"{_letters(at_column)}{at_row}"
    value = {"number": _plain(number), "day": day and day.isoformat(), "text": text}.get(state, "")
    repairs = "+".join(each.rule for each in found.repairs if each.cell == cell)
    findings = "+".join(each.code for each in found.findings if each.cell == cell)
    return state, value, repairs, findings


def _letters(column):
    return chr(65 + column) if column < 26 else f"A{chr(39 + column)}"


def _plain(number):
    return format(Decimal(repr(number)).normalize(), "f")


def test_every_dirty_cell_is_read_as_the_corpus_says():
    """State, value, repairs and findings of each; a text that is no number keeps what was written."""
    wrong = []
    for number, row in enumerate(_corpus(), start=2):
        state, value, repairs, findings = _verdict(row)
        told = row["value"] if row["value"] or state != "text" else value
        expected = (row["state"], told, row["repairs"], row["findings"])
        if (state, value, repairs, findings) != expected:
            wrong.append(f"line {number}: {dict(row)} was read as {(state, value, repairs, findings)}")
    assert not wrong, "\n".join([f"{len(wrong)} of {len(_corpus())}", *wrong])


def test_the_corpus_is_large_and_holds_each_repair():
    """At least 300 cells, none twice; every rule of the list of repairs comes out of one, and every guess is asked."""
    rows = _corpus()
    assert len(rows) >= 300
    assert len({(row["field"], row["written"], row["given"]) for row in rows}) == len(rows)
    assert {code for row in rows for code in row["repairs"].split("+") if code} == set(
        repair_kinds().sentences
    )
    assert set(GUESSES.values()) <= {code for row in rows for code in row["findings"].split("+")}


def _vietnamese(number):
    return f"{number:,}".translate(str.maketrans(",.", ".,"))


@given(
    st.decimals(min_value=0, max_value=10**9, places=1, allow_nan=False),
    st.sampled_from([str, "{:,}".format, _vietnamese, lambda n: str(n).replace(".", ",")]),
)
def test_a_number_written_any_way_comes_back_the_same(number, write):
    """With a decimal and any separators, a number can be read one way only, and is."""
    form = _form("amount", write(number), {})
    read = _cells(extract(shipped_spec(), form.workbook()))[PLACES["amount"]]
    assert read[:2] == ("number", float(number))


@given(
    st.integers(min_value=1, max_value=10**7),
    st.sampled_from([("đồng", 1), ("nghìn đồng", 10**3), ("tỷ", 10**9)]),
)
def test_money_in_words_is_converted_without_drift(amount, unit):
    """An amount and its unit are exactly so many đồng, told in triệu đồng to 100 đồng; too little is no number."""
    name, dong = unit
    form = _form("money", f"{amount} {name}", {})
    state, number, *_ = _cells(extract(shipped_spec(), form.workbook()))[PLACES["money"]]
    exact = (Decimal(amount * dong) / 10**6).quantize(Decimal("0.0001"))
    assert (state, number) == (("number", float(exact)) if exact else ("text", 0.0))
