"""The strict reading of catalogue files: what is refused, and where the refusal points."""

import pickle
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

from ocop_pipeline.catalogue.errors import CatalogueError
from ocop_pipeline.catalogue.tables import Row, read_csv, read_document, read_yaml, refuse_repeats

COLUMNS = ("code", "name", "amount")


class Colour(StrEnum):
    """Three words for the tests of `choice`."""

    RED = "red"
    GREEN = "green"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file of exactly these bytes."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def row(**cells: str) -> Row:
    """A row as `read_csv` would give it, in line 7."""
    return Row("t.csv", 7, cells, {})


def test_csv_rows_know_their_line(tmp_path: Path) -> None:
    """Each record comes with its text and its line in the file; quoted commas and quotes are text."""
    path = write(tmp_path, "t.csv", 'code,name,amount\na,"Rau, củ ""sạch""",1\nb,Chè,\n')
    rows = read_csv(path, COLUMNS)
    assert [(found.number, found.text("name")) for found in rows] == [(2, 'Rau, củ "sạch"'), (3, "Chè")]
    assert rows[1].optional("amount") is None


def test_files_as_spreadsheets_save_them_are_read(tmp_path: Path) -> None:
    """A byte order mark and Windows line ends are no fault."""
    path = write(tmp_path, "t.csv", "\ufeffcode,name,amount\r\na,Chè,1\r\n")
    assert read_csv(path, COLUMNS)[0].text("name") == "Chè"


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", 1, "empty"),
        ("code,amount,name\na,1,Chè\n", 1, "header must be code,name,amount"),
        ("code,name\na,Chè\n", 1, "header must be"),
        ("code,name,amount\na,Chè,1\n\nb,Gạo,2\n", 3, "blank line"),
        ("code,name,amount\na,Chè,1\nb,Gạo,2\na,Chè,1\n", 4, "same line as line 2"),
        ("code,name,amount\na,Chè\n", 2, "2 values for 3 columns"),
        ("code,name,amount\na,Chè,1,2\n", 2, "4 values for 3 columns"),
        ("code,name,amount\na, Chè,1\n", 2, "spaces around"),
        ('code,name,amount\na,"Chè,1\nb,x,2\n', 2, "not a CSV line"),
        ('code,name,amount\na,"Chè"x,1\n', 2, "not a CSV line"),
        ("code,name,amount\na,Che\u0300,1\n", 2, "NFC"),
        ("code,name,amount\na,Ch\u200bè,1\n", 2, r"U\+200B"),
        ("code,name,amount\na,\u202eChè,1\n", 2, r"U\+202E"),
        ("code,name,amount\na,Chè\t,1\n", 2, r"U\+0009"),
        ("code,name,amount\na,Ch\x00,1\n", 2, r"U\+0000"),
        ("code,name,amount\na,Chè,1\n".encode() + b"b,\xff,2\n", 3, "not UTF-8"),
        ("code,name,amount\na,Chè,1\n".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_bad_tables_are_refused_with_line_and_reason(
    tmp_path: Path, content: str | bytes, line: int, reason: str
) -> None:
    """Whatever is wrong with a table is refused, never repaired, naming file, line and reason."""
    path = write(tmp_path, "t.csv", content)
    with pytest.raises(CatalogueError, match=reason) as caught:
        read_csv(path, COLUMNS)
    assert (caught.value.file, caught.value.row) == ("t.csv", line)
    assert str(caught.value).startswith(f"t.csv:{line}: ")


def test_a_missing_file_is_a_catalogue_error(tmp_path: Path) -> None:
    """A file that cannot be read is named; there is no line to name."""
    with pytest.raises(CatalogueError, match=r"^gone\.csv: cannot be read") as caught:
        read_csv(tmp_path / "gone.csv", COLUMNS)
    assert caught.value.row is None


def test_accessors_give_typed_values() -> None:
    """Each accessor gives its type, and None only where blank is allowed."""
    cells = row(d="2026-10-14", i="-12", n="12.50", w="red", f="true", c="khu_a-1", blank="")
    assert cells.date("d") == date(2026, 10, 14)
    assert cells.integer("i") == -12
    assert cells.decimal("n") == Decimal("12.50")
    assert Colour(cells.choice("w", tuple(Colour))) is Colour.RED
    assert cells.flag("f") is True
    assert cells.code("c") == "khu_a-1"
    blank = [cells.optional_date("blank"), cells.optional_integer("blank"), cells.optional_decimal("blank")]
    assert blank == [None, None, None]


@pytest.mark.parametrize(
    ("accessor", "value"),
    [
        ("text", ""), ("date", ""), ("integer", ""), ("decimal", ""),
        ("date", "14/10/2026"), ("date", "2026-02-30"), ("date", "2026-1-1"), ("date", "20261014"),
        ("integer", "1.0"), ("integer", "1 000"), ("integer", "01"), ("integer", "１"), ("integer", "+1"),
        ("decimal", "1,5"), ("decimal", "1e3"), ("decimal", "NaN"), ("decimal", ".5"),
        ("decimal", "Infinity"),
        ("flag", "True"), ("flag", "yes"), ("code", "Đà"), ("code", "A"), ("code", "a b"),
        ("confidence", "X"),
    ],
)  # fmt: skip
def test_accessors_refuse_what_is_not_their_type(accessor: str, value: str) -> None:
    """A cell of another form is refused with its row; nothing is guessed from local number habits."""
    name = "confidence" if accessor == "confidence" else "x"
    cells = row(**{name: value})
    with pytest.raises(CatalogueError, match=name) as caught:
        getattr(cells, accessor)(*([] if accessor == "confidence" else [name]))
    assert caught.value.row == 7


def test_numbers_outside_their_range_are_refused() -> None:
    """The bounds of an integer are part of its type, and inclusive."""
    assert row(x="28").integer("x", 1, 28) == 28
    with pytest.raises(CatalogueError, match="from 1 to 28"):
        row(x="29").integer("x", 1, 28)


def test_a_validity_that_ends_before_it_begins_is_refused() -> None:
    """valid_to may be the day of valid_from, not before it."""
    assert row(valid_from="2026-01-01", valid_to="2026-01-01").validity() == (
        date(2026, 1, 1),
        date(2026, 1, 1),
    )
    with pytest.raises(CatalogueError, match="comes before"):
        row(valid_from="2026-01-02", valid_to="2026-01-01").validity()


def test_repeated_keys_name_both_lines(tmp_path: Path) -> None:
    """A repeated key is refused at its second line, naming the first."""
    path = write(tmp_path, "t.csv", "code,name,amount\na,Chè,1\na,Gạo,2\n")
    with pytest.raises(CatalogueError, match="code a stands already in line 2") as caught:
        refuse_repeats(read_csv(path, COLUMNS), "code")
    assert caught.value.row == 3


def test_documents_are_read_as_text(tmp_path: Path) -> None:
    """YAML's guesses do not happen: 047 keeps its zero, no stays no, 2026-10 stays a key."""
    path = write(
        tmp_path,
        "t.yml",
        "unit: 047\nanswer: no\nperiod: 2026-10\nblank:\nnull_too: null\nlist: [1, x]\nrows:\n  - a: 1\n",
    )
    document = read_document(path)
    assert document.text("unit") == "047"
    assert document.text("answer") == "no"
    assert document.text("period") == "2026-10"
    assert document.optional("blank") is None
    assert document.optional("null_too") is None
    assert document.texts("list") == ("1", "x")
    assert document.rows("rows")[0].integer("a") == 1
    assert document.rows("rows")[0].number == 8


def test_plain_reading_guesses_only_where_no_guess_can_be_wrong(tmp_path: Path) -> None:
    """Plain values become null, bool, int and date; codes with zeros, yes/no and quoted text stay text."""
    path = write(
        tmp_path,
        "t.yml",
        'a: 12\nb: true\nc: null\nd: 2026-10-14\ne: 047\nf: no\ng: "12"\nh: {i: [1, ~]}\n'
        "j: 1_000\nk: 12:30\n",
    )
    assert read_yaml(path) == {
        "a": 12,
        "b": True,
        "c": None,
        "d": date(2026, 10, 14),
        "e": "047",
        "f": "no",
        "g": "12",
        "h": {"i": [1, None]},
        "j": "1_000",
        "k": "12:30",
    }


@pytest.mark.parametrize("read", [read_document, read_yaml])
@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands already in line 1"),
        ("x:\n  - a: 1\n    a: 2\n", 3, "stands already"),
        ("a: &x [1]\nb: *x\n", 1, "alias"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "tag"),
        ("a: !!int 1\n", 1, "tag"),
        ("- a\n- b\n", 1, "group of fields"),
        ("", 1, "group of fields"),
        ("a: [1\nb: 2\n", 2, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("[a, b]: 1\n", 1, "name of a field"),
        ("a: Che\u0300\n", 1, "NFC"),
    ],
)
def test_bad_documents_are_refused_with_line_and_reason(
    tmp_path: Path, read: object, content: str, line: int, reason: str
) -> None:
    """Repeated fields, aliases, tags, second documents and bad syntax are refused in both readings."""
    assert callable(read)
    with pytest.raises(CatalogueError, match=reason) as caught:
        read(write(tmp_path, "t.yml", content))
    assert (caught.value.file, caught.value.row) == ("t.yml", line)


def test_a_date_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A plain scalar in the form of a date must be one."""
    with pytest.raises(CatalogueError, match="2026-02-30"):
        read_yaml(write(tmp_path, "t.yml", "a: 2026-02-30\n"))


def test_deep_nesting_is_refused_not_crashed_on(tmp_path: Path) -> None:
    """A document nested beyond reason is a catalogue error, not a crash."""
    with pytest.raises(CatalogueError):
        read_yaml(write(tmp_path, "t.yml", "a: " + "[" * 20000 + "]" * 20000))


def test_fields_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    """A list where a text is wanted, a text where rows are wanted, an unknown field: each is named."""
    document = read_document(write(tmp_path, "t.yml", "a: [1]\nb: text\nc:\n  d: 1\n"))
    for wrong in (
        lambda: document.text("a"),
        lambda: document.rows("b"),
        lambda: document.texts("b"),
        lambda: document.row("b"),
        lambda: document.rows("a"),
        lambda: document.only("a", "b"),
    ):
        with pytest.raises(CatalogueError):
            wrong()
    assert document.row("c").integer("d") == 1


def test_the_error_survives_a_worker_process() -> None:
    """A catalogue error keeps its parts through pickling."""
    error = pickle.loads(pickle.dumps(CatalogueError("t.csv", 3, "blank")))  # noqa: S301 - our own bytes
    assert (error.file, error.row, error.reason, str(error)) == ("t.csv", 3, "blank", "t.csv:3: blank")
