"""Kinds of faults that are planted in sound workbooks as they lie, by the cell: what a person does to a form.

Each kind changes an opened workbook and says at which cell the fault must be found. The workbook is changed as a
spreadsheet program would change it; nothing here knows how a rule finds anything.
"""

import io
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import openpyxl

from benchmarks.filled_templates import computed, saved
from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.forms import FUNDING, GRID, INFO, REGISTER, REMARKS, TASKS
from ocop_pipeline.domain.indicators import PartRule
from ocop_pipeline.intake.extract import Extract, LayoutSpec, ReadingSpec, extract
from ocop_pipeline.intake.grid import Workbook, address
from ocop_pipeline.intake.workbook import read_bytes

Place = tuple[str, str]
"""Sheet and cell; the cell is blank where a whole sheet is meant, both where the whole file is."""
WHOLE_FILE: Place = ("", "")


@dataclass
class Sound:
    """A sound workbook: its bytes, what is where in it, and an opened copy to change."""

    data: bytes
    catalogue: Catalogue
    chance: random.Random
    layout: LayoutSpec
    found: Extract
    book: Any = field(init=False)

    def __post_init__(self) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(self.data))
        self.places: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
        for slot, row, column in zip(self.found.slots, self.found.rows, self.found.columns, strict=True):
            self.places.setdefault(self.layout.slots[slot], []).append((row, column + 1))

    @classmethod
    def of(cls, data: bytes, spec: ReadingSpec, catalogue: Catalogue, chance: random.Random) -> "Sound":
        """Open a workbook that is read without a finding."""
        book = read_bytes(data, "x.xlsx")
        if not isinstance(book, Workbook):
            raise TypeError(f"not readable: {book}")
        found = extract(spec, book)
        layout = next(each for each in spec.layouts if each.code == found.layout)
        return cls(data, catalogue, chance, layout, found)

    def sheet(self, part: str) -> str:
        """The name of the sheet of a part."""
        return self.found.sheet_names[part]

    def at(self, part: str, line: str, name: str, row: int = 0) -> tuple[Any, Place] | None:
        """A cell and its place; None where the form has none such. `row` counts lines of a register from 0."""
        places = self.places.get((part, line, name), [])
        if row >= len(places):
            return None
        number, column = places[row]
        sheet = self.sheet(part)
        return self.book[sheet].cell(number, column), (sheet, address(number - 1, column - 1))

    def put(self, part: str, line: str, name: str, value: object, row: int = 0) -> Place | None:
        """Write a value; where it stands."""
        found = self.at(part, line, name, row)
        if found is None:
            return None
        cell, place = found
        cell.value = value
        if isinstance(value, str):
            cell.data_type = {"#": "e", "=": "f"}.get(value[0], "s")
        return place

    def number(self, part: str, line: str, name: str) -> float | None:
        """The number that stands there."""
        found = self.at(part, line, name)
        value = self._seen(*found) if found else None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    @cached_property
    def _results(self) -> Any:
        return openpyxl.load_workbook(io.BytesIO(self.data), data_only=True)

    def _seen(self, cell: Any, place: Place) -> Any:
        """What a cell shows: of a formula its result."""
        return self._results[place[0]][place[1]].value if cell.data_type == "f" else cell.value

    def info(self, name: str, value: object) -> Place | None:
        """Write a value of the cover sheet."""
        cell = self.found.info.get(name)
        if cell is None or not cell.cell:
            return None
        self.book[cell.sheet][cell.cell].value = value
        return cell.sheet, cell.cell

    def recognised(self) -> int | None:
        """A line of the register with a first recognition and no second."""
        rows = self.places.get((REGISTER, "", "first_date"), [])
        for at in range(len(rows)):
            first, second = self.at(REGISTER, "", "first_date", at), self._on_row(at, "second_date")
            if first and isinstance(first[0].value, datetime | date) and not second:
                return at
        return None

    def on_row(self, at: int, name: str, value: object) -> Place | None:
        """Write a field of the line of the register whose first recognition is the at-th."""
        column = self._column(name)
        if column is None:
            return None
        row = self.places[REGISTER, "", "first_date"][at][0]
        cell = self.book[self.sheet(REGISTER)].cell(row, column)
        cell.value = value
        return self.sheet(REGISTER), address(row - 1, column - 1)

    def value_on_row(self, at: int, name: str) -> Any:
        """What a field of that line holds."""
        column = self._column(name)
        row = self.places[REGISTER, "", "first_date"][at][0]
        return self.book[self.sheet(REGISTER)].cell(row, column).value if column else None

    def _on_row(self, at: int, name: str) -> object:
        return self.value_on_row(at, name)

    def _column(self, name: str) -> int | None:
        places = self.places.get((REGISTER, "", name))
        if places:
            return places[0][1]
        part = next(sheet for sheet in self.layout.sheets if sheet.part == REGISTER)
        for row in self.book[self.sheet(REGISTER)].iter_rows(max_row=10):
            for cell in row:
                if cell.value == part.texts.get(name):
                    return int(cell.column)
        return None

    def lines(self, part: str) -> list[tuple[str, str]]:
        """(line code, field) of the numbers above nought on a grid."""
        return [
            (line, name)
            for (of, line, name) in self.places
            if of == part and name != "note" and (self.number(part, line, name) or 0) > 0
        ]

    def saved(self) -> bytes:
        """The changed workbook, its totals computed anew."""
        return computed(saved(self.book))


COMMUNES = "OCOP-XA"
Plant = Callable[[Sound], Place | None]


@dataclass(frozen=True)
class Kind:
    """A kind of fault: the finding it must be given, and how it is planted; None where a form does not lend itself."""

    name: str
    code: str
    plant: Plant


def _single(form: Sound) -> tuple[str, str] | None:
    """A count above nought that no other line adds up to or is held against."""
    plain = [
        (line, name)
        for line, name in form.lines(GRID)
        if line in ("TT05", "XT01", "XT02", "XT03", "TT04", "CD03")
    ]
    return form.chance.choice(plain) if plain else None


def _write(value: object) -> Plant:
    """Write something over a count."""

    def plant(form: Sound) -> Place | None:
        place = _single(form)
        return form.put(GRID, *place, value) if place else None

    return plant


def _blank(form: Sound) -> Place | None:
    required = [
        (line, name)
        for line, name in form.lines(GRID)
        if line in _ASKED and form.layout.form in form.catalogue.indicators[line].required_on
    ]
    return form.put(GRID, *form.chance.choice(required), None) if required else None


_ASKED = ("CD03", "TT01", "TT02", "TT04", "TT05", "SP03")


def _total(form: Sound) -> tuple[str, str] | None:
    """A total whose parts are filled in."""
    for line, name in form.lines(GRID):
        indicator = form.catalogue.indicators.get(line)
        splits = indicator.breakdowns if indicator else ()
        split = next((each for each in splits if each.rule is PartRule.PARTS), None)
        if split and any(
            code.startswith(f"{line}.{split.dimension}=") and (form.number(GRID, code, name) or 0) > 0
            for code, _ in form.lines(GRID)
        ):
            return line, name
    return None


def _total_more(form: Sound) -> Place | None:
    place = _total(form)
    number = form.number(GRID, *place) if place else None
    return form.put(GRID, *place, number + 7) if place and number is not None else None


def _total_blank(form: Sound) -> Place | None:
    place = _total(form)
    return form.put(GRID, *place, None) if place else None


def _part_over_whole(form: Sound) -> Place | None:
    whole = form.number(GRID, "TT02", "closing")
    return form.put(GRID, "TT01", "closing", whole + 3) if whole is not None else None


def _wrong_column(form: Sound) -> Place | None:
    flows = [line for line, name in form.lines(GRID) if (line, name) in _UNASKED]
    found = form.at(GRID, form.chance.choice(flows), "in_period") if flows else None
    if found is None:
        return None
    cell, (sheet, _) = found
    columns = {name: places[0][1] for (part, _, name), places in form.places.items() if part == GRID}
    if "closing" not in columns:
        return None
    other = form.book[sheet].cell(cell.row, columns["closing"])
    other.value, cell.value = cell.value, None
    return sheet, other.coordinate


_UNASKED = {(line, "in_period") for line in ("XT01", "XT02", "XT03", "KT01")}


def _unknown_line(form: Sound) -> Place | None:
    sheet = form.book[form.sheet(GRID)]
    found = (places for (part, _, name), places in form.places.items() if (part, name) == (GRID, "in_period"))
    row, column = sheet.max_row + 1, next(found)[0][1]
    sheet.cell(row, 1).value = "ZZ99"
    sheet.cell(row, column).value = 5
    return form.sheet(GRID), address(row - 1, column - 1)


def _money(name: str, over: str) -> Plant:
    """More in one column of the funding sheet's total and its part than in the one before."""

    def plant(form: Sound) -> Place | None:
        parts = [line for line, field_ in form.lines(FUNDING) if field_ == over and line != "KP"]
        most = form.number(FUNDING, "KP", over)
        if not parts or most is None or form.at(FUNDING, "KP", name) is None:
            return None
        part = parts[0]
        if form.at(FUNDING, part, name) is None:
            return None
        gone = form.number(FUNDING, part, name) or 0.0
        total = form.number(FUNDING, "KP", name) or 0.0
        more = most - total + 10
        form.put(FUNDING, part, name, round(gone + more, 2))
        return form.put(FUNDING, "KP", name, round(total + more, 2))

    return plant


def _register(name: str, value: object) -> Plant:
    """Write something into the register line of a recognised product."""

    def plant(form: Sound) -> Place | None:
        at = form.recognised()
        return form.on_row(at, name, value) if at is not None else None

    return plant


def _future(form: Sound) -> Place | None:
    at = form.recognised()
    return form.on_row(at, "first_date", datetime(2031, 5, 20)) if at is not None else None  # noqa: DTZ001 - a cell


def _year(form: Sound) -> Place | None:
    at = form.recognised()
    if at is None or not isinstance(form.value_on_row(at, "first_year"), int | float):
        return None
    return form.on_row(at, "first_year", int(form.value_on_row(at, "first_year")) - 2)


def _expiry(days: int) -> Plant:
    """An expiry so many days from the decision."""

    def plant(form: Sound) -> Place | None:
        at = form.recognised()
        if at is None or not isinstance(form.value_on_row(at, "expiry_date"), datetime):
            return None
        return form.on_row(at, "expiry_date", form.value_on_row(at, "first_date") + timedelta(days=days))

    return plant


def _star_otherwise(form: Sound) -> Place | None:
    at = form.recognised()
    star = str(form.value_on_row(at, "current_star") or "") if at is not None else ""
    if at is None or not star.startswith(("3", "4")):
        return None
    return form.on_row(at, "current_star", "4 sao" if star.startswith("3") else "3 sao")


def _repeated(form: Sound) -> Place | None:
    at = form.recognised()
    if at is None:
        return None
    sheet = form.book[form.sheet(REGISTER)]
    row = form.places[REGISTER, "", "first_date"][at][0]
    last = max(place[0] for place in form.places[REGISTER, "", "product_name"]) + 1
    for column in range(1, sheet.max_column + 1):
        sheet.cell(last, column).value = sheet.cell(row, column).value
    sheet.cell(last, 1).value = last
    name = form.places[REGISTER, "", "product_name"][0][1]
    return form.sheet(REGISTER), address(last - 1, name - 1)


def _recognitions(form: Sound) -> Place | None:
    number = form.number(GRID, "SP01", "in_period")
    return form.put(GRID, "SP01", "in_period", number + 4) if number is not None else None


def _valid(form: Sound) -> Place | None:
    number = form.number(GRID, "SP03", "closing")
    star = next((line for line, _ in form.lines(GRID) if line.startswith("SP03.star=")), None)
    if not number or star is None:
        return None
    form.put(GRID, star, "closing", (form.number(GRID, star, "closing") or 0) + 5)
    return form.put(GRID, "SP03", "closing", number + 5)


def _without_sheet(form: Sound) -> Place:
    del form.book[form.sheet(FUNDING)]
    return WHOLE_FILE


def _without_column(form: Sound) -> Place | None:
    part = next(sheet for sheet in form.layout.sheets if sheet.part == GRID)
    header = _header(form, GRID, part.texts["in_period"])
    if header is None:
        return None
    header.value = "Cột khác"
    return form.sheet(GRID), address(header.row - 1, 0)


def _without_header(form: Sound) -> Place | None:
    part = next(sheet for sheet in form.layout.sheets if sheet.part == FUNDING)
    for text in (*part.texts.values(), *(str(key) for key in part.headers)):
        header = _header(form, FUNDING, text)
        if header is not None:
            header.value = None
    sheet = form.book[form.sheet(FUNDING)]
    for row in sheet.iter_rows(max_row=8):
        for cell in row:
            if cell.value in ("Mã", "STT", "TT"):
                cell.value = None
    return form.sheet(FUNDING), ""


def _header(form: Sound, part: str, text: str) -> Any:
    for row in form.book[form.sheet(part)].iter_rows(max_row=12):
        for cell in row:
            if cell.value == text:
                return cell
    return None


def _without_line(form: Sound) -> Place | None:
    found = form.at(GRID, "CD03", "closing")
    if found is None or form.layout.form != COMMUNES:
        return None
    form.book[form.sheet(GRID)].delete_rows(found[0].row)
    return form.sheet(GRID), ""


def _share(form: Sound) -> Place | None:
    """A fraction of one where another task is told in per cent."""
    others = form.places.get((TASKS, "", "progress"), [])[1:]
    values = [form.book[form.sheet(TASKS)].cell(*each).value for each in others]
    if not any(isinstance(value, int | float) and value > 1 for value in values):
        return None
    return form.put(TASKS, "", "progress", 0.45)


def _task(name: str, value: object) -> Plant:
    """Write something into the first line of the tasks."""

    def plant(form: Sound) -> Place | None:
        return form.put(TASKS, "", name, value) if TASKS in form.found.sheet_names else None

    return plant


def _two_ways(form: Sound) -> Place | None:
    """A text that is 1.234 or 1,234 triệu đồng, where no other text of the file tells which the sender means."""
    telling = re.compile(r"\d[.,]\d")
    texts = (cell.value for sheet in form.book for row in sheet.iter_rows() for cell in row)
    told = any(isinstance(text, str) and telling.search(text) for text in texts)
    return None if told else form.put(FUNDING, "KP", "planned", "1.234")


def _typed_over(form: Sound) -> Place | None:
    """A live total of a template replaced by the number it shows; of those there are more left."""
    live = [
        (line, name)
        for (part, line, name) in form.places
        if part == GRID and (found := form.at(GRID, line, name)) and found[0].data_type == "f"
    ]
    shown = [place for place in live if form.number(GRID, *place) is not None]
    if len(shown) < 2:
        return None
    place = form.chance.choice(shown)
    return form.put(GRID, *place, form.number(GRID, *place))


def _remark(form: Sound) -> Place | None:
    """A heading of one's own below the last remark; what stands beside it is nobody's."""
    said = [row for (part, _, _), places in form.places.items() if part == REMARKS for row, _ in places]
    sheet = form.book[form.sheet(REMARKS)]
    last = max(said, default=0)
    if not last or sheet.cell(last, 2).value is None or any(cell.value for cell in sheet[last + 1]):
        return None
    sheet.cell(last + 1, 1).value, sheet.cell(last + 1, 2).value = "Ý kiến khác", "Mở lớp tập huấn"
    return form.sheet(REMARKS), address(last, 0)


def _second_sheet(form: Sound) -> Place:
    copy = form.book.copy_worksheet(form.book[form.sheet(GRID)])
    copy.title = f"{form.sheet(GRID)} (2)"
    return copy.title, ""


def _cover(name: str, value: object) -> Plant:
    """Write something on the cover sheet of a commune's form."""
    return lambda form: form.info(name, value) if form.layout.form == COMMUNES else None


KINDS: tuple[Kind, ...] = (
    Kind("words in a count", "NUMBER_EXPECTED", _write("khoảng 20")),
    Kind("a range in a count", "NUMBER_EXPECTED", _write("20-30")),
    Kind("a sum as text", "NUMBER_EXPECTED", _write("10+5")),
    Kind("another unit of measure", "NUMBER_EXPECTED", _write("3 tấn")),
    Kind("a question mark", "NUMBER_EXPECTED", _write("?")),
    Kind("a date in a count", "NUMBER_EXPECTED", _write(datetime(2026, 10, 2))),  # noqa: DTZ001 - a cell
    Kind("a negative count", "NEGATIVE", _write(-4)),
    Kind("a fraction of a count", "NOT_WHOLE", _write(2.5)),
    Kind("an error cell #REF!", "CELL_ERROR", _write("#REF!")),
    Kind("an error cell #N/A", "CELL_ERROR", _write("#N/A")),
    Kind("a formula without result", "FORMULA_NOT_COMPUTED", _write("=1+2")),
    Kind("a required figure blank", "REQUIRED_BLANK", _blank),
    Kind("a total blank", "TOTAL_BLANK", _total_blank),
    Kind("a total that is not its parts", "TOTAL_NOT_PARTS", _total_more),
    Kind("a part above its whole", "PART_EXCEEDS_WHOLE", _part_over_whole),
    Kind("a figure in the wrong column", "WRONG_COLUMN", _wrong_column),
    Kind(
        "yes or no answered otherwise",
        "YES_NO_EXPECTED",
        lambda form: form.put(GRID, "CD01", "closing", "đang làm"),
    ),
    Kind("a line of one's own", "UNKNOWN_LINE", _unknown_line),
    Kind("more disbursed than planned", "DISBURSED_OVER_PLAN", _money("disbursed", "planned")),
    Kind("more settled than disbursed", "SETTLED_OVER_DISBURSED", _money("settled", "disbursed")),
    Kind(
        "money that can be read two ways",
        "NUMBER_GUESSED",
        _two_ways,
    ),
    Kind("no name of a product", "PRODUCT_NAME_MISSING", _register("product_name", None)),
    Kind("no producer", "PRODUCER_MISSING", _register("producer_name", None)),
    Kind("a product twice", "PRODUCT_REPEATED", _repeated),
    Kind("a decision without a star", "STAR_MISSING", _register("first_star", None)),
    Kind("a star outside the list", "CODE_NOT_IN_LIST", _register("first_star", "6 sao")),
    Kind("a group outside the list", "CODE_NOT_IN_LIST", _register("product_group", "Máy móc")),
    Kind("a producer of no kind", "CODE_NOT_IN_LIST", _register("producer_type", "Câu lạc bộ bay")),
    Kind("a decision without a date", "DECISION_DATE_MISSING", _register("first_date", None)),
    Kind("a decision in the future", "DECISION_DATE_FUTURE", _future),
    Kind("a month instead of a day", "DATE_EXPECTED", _register("first_date", "tháng 6 năm 2026")),
    Kind("a day that is none", "DATE_EXPECTED", _register("first_date", "31/02/2026")),
    Kind("an expiry before the decision", "EXPIRY_BEFORE_DECISION", _expiry(-30)),
    Kind("an expiry of another term", "EXPIRY_NOT_36_MONTHS", _expiry(500)),
    Kind("a year that is not the date's", "YEAR_DISAGREES", _year),
    Kind("a star that is not the latest", "STAR_DISAGREES", _star_otherwise),
    Kind("more recognised than the register", "REGISTER_GRID_MISMATCH", _recognitions),
    Kind("more valid than the register", "VALID_STOCK_MISMATCH", _valid),
    Kind("a state of a task outside the list", "CODE_NOT_IN_LIST", _task("task_state", "bay mất")),
    Kind("a share where others are per cent", "PERCENT_UNCLEAR", _share),
    Kind("a month that is none", "PERIOD_UNREADABLE", _cover("period", "quý III")),
    Kind("a month not begun", "PERIOD_NOT_OPEN", _cover("period", "12/2031")),
    Kind("a code of no unit", "UNIT_CODE_UNKNOWN", _cover("unit_code", "99999")),
    Kind("the code of another unit", "UNIT_CODE_NAME_MISMATCH", _cover("unit_code", "00004")),
    Kind("the code of another form", "FORM_CODE_DISAGREES", _cover("form", "OCOP-TI")),
    Kind("a sheet gone", "MISSING_SHEET", _without_sheet),
    Kind("a column gone", "MISSING_COLUMN", _without_column),
    Kind("the headers gone", "HEADER_NOT_FOUND", _without_header),
    Kind("a required line gone", "MISSING_LINE", _without_line),
    Kind("a live total typed over", "SUM_TYPED_OVER", _typed_over),
    Kind("a remark beside no heading", "REMARK_NOT_READ", _remark),
    Kind("a second sheet of one name", "SHEET_NOT_READ", _second_sheet),
)

_FILES: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "half a file": ("TRUNCATED_ZIP", lambda data: data[: len(data) // 2]),
    "an empty file": ("EMPTY_FILE", lambda _data: b""),
    "a web page": (
        "HTML_AS_XLS",
        lambda _data: b"<html><body><table><tr><td>1</td></tr></table></body></html>",
    ),
    "a picture": ("NOT_A_WORKBOOK", lambda _data: b"\x89PNG\r\n\x1a\n" + bytes(200)),
    "another form": ("FORM_UNRECOGNISED", lambda _data: "Họ tên;Số\nA;1\n".encode()),
}
"""What is done to a whole file: name -> code, and the new bytes. There is nothing to be put right in it."""
WHOLE = _FILES
__all__ = ["INFO", "KINDS", "WHOLE", "WHOLE_FILE", "Kind", "Place", "Sound"]
