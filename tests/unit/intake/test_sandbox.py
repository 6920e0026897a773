"""Reading many files in children: no file hurts us or stops the others."""

import hashlib
import itertools
import os
import sys
import types
from dataclasses import replace

import pytest

from ocop_pipeline.intake import sandbox
from ocop_pipeline.intake.sandbox import CHUNK, Item, SandboxError, read_many
from ocop_pipeline.intake.workbook import Limits, Unreadable, UnreadableCode, Workbook
from tests.unit.intake import hostile, hostile_formats, transforms

CODE = UnreadableCode
LIMITS = Limits()
QUICK = replace(LIMITS, seconds=1)


def ordering(*orders: str) -> list[Item[int]]:
    """Items whose first cell is an order."""
    return [Item(i, hostile.sound({"A": [[order]]}), f"{i}.xlsx") for i, order in enumerate(orders)]


def test_results_keep_the_order_of_the_items(tmp_path):
    """Each key comes back once, with its own result, in the order given, from bytes or from paths."""
    items = []
    for i in range(5 * CHUNK + 3):
        data = hostile.sound({"A": [[f"số {i}"]]})
        source = tmp_path / str(i)
        source.write_bytes(data)
        items.append(Item(i, data if i % 2 else source, "a.xlsx", hashlib.sha256(data).hexdigest()))
    results = list(read_many(items, transform=transforms.first_cell, workers=2))
    assert results == [(i, f"số {i}") for i in range(len(items))]


def test_without_transform_the_workbook_comes_back():
    """The whole grid travels back unchanged where no transform is given."""
    ((key, book),) = read_many([Item("k", hostile.uncomputed(), "a.xlsx")])
    assert key == "k"
    assert isinstance(book, Workbook)
    assert book.sheets[0].uncomputed == {(0, 1), (0, 2), (1, 2), (1, 4)}


BAD = {
    "empty": (lambda: b"", CODE.EMPTY_FILE),
    "truncated": (hostile.truncated, CODE.TRUNCATED_ZIP),
    "password": (lambda: hostile.compound("EncryptedPackage"), CODE.PASSWORD_PROTECTED),
    "looping xls": (hostile_formats.looping_chain, CODE.UNSAFE_ZIP),
    "html": (hostile.html, CODE.HTML_AS_XLS),
    "declared bomb": (hostile.declared_bomb, CODE.ZIP_BOMB),
    "lying bomb": (hostile.lying_bomb, CODE.ZIP_BOMB),
    "entities": (hostile.entities, CODE.XML_ENTITIES),
    "two extremes": (hostile.two_extremes, CODE.TOO_MANY_CELLS),
    "hidden extremes": (hostile.hidden_extremes, CODE.CORRUPT_XML),
    "damaged": (hostile.bad_crc, CODE.TRUNCATED_ZIP),
}


def test_neighbours_of_bad_files_are_read():
    """Between sound files, every bad file gets its own reason and every sound file its content."""
    items, expected = [], []
    for name, (make, code) in BAD.items():
        items += [
            Item(f"before {name}", hostile.sound({"A": [[name]]}), "a.xlsx"),
            Item(name, make(), "b.xlsx"),
        ]
        expected += [(f"before {name}", name), (name, code)]
    items.append(Item("last", hostile.sound({"A": [["last"]]}), "a.xlsx"))
    expected.append(("last", "last"))
    results = [
        (key, result.code if isinstance(result, Unreadable) else result)
        for key, result in read_many(items, transform=transforms.first_cell)
    ]
    assert results == expected


def test_million_empty_rows_and_uncomputed_cells_are_no_reason_to_refuse():
    """Clumsy is not hostile: such files are read within the limits of a child."""
    items = [
        Item("rows", hostile.million_empty_rows(), "a.xlsx"),
        Item("links", hostile.external_links(), "b.xlsx"),
    ]
    results = dict(read_many(items))
    assert results["rows"].sheets[0].rows == [[7.0, None], [None, "x"]]
    assert results["links"].external_links


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("abort", CODE.READER_CRASH),
        ("exit", CODE.READER_CRASH),
        ("raise", CODE.READER_CRASH),
        ("unpicklable", CODE.READER_CRASH),
        ("spin", CODE.READER_TIMEOUT),
        ("sleep", CODE.READER_TIMEOUT),
        ("grow", CODE.OUT_OF_MEMORY),
    ],
)
def test_whatever_happens_in_a_child_costs_one_file(order, code, monkeypatch):
    """A file on which the child dies, hangs or runs out of memory is named; its neighbours are read."""
    monkeypatch.setattr(sandbox, "_SLACK_SECONDS", 0.5)
    results = list(
        read_many(ordering("a", "b", order, "c", order, "d"), transform=transforms.obey, limits=QUICK)
    )
    shown = [result.code if isinstance(result, Unreadable) else result for _, result in results]
    assert shown == ["a", "b", code, "c", code, "d"]
    assert [key for key, _ in results] == list(range(6))


@pytest.mark.parametrize(("length", "cells"), [(30_000, 2_000), (30_000, 60_000)])
def test_text_multiplied_by_reference_does_not_reach_the_parent(length, cells):
    """A small file that unfolds to 60 MB or 1.8 GB of text stays in its child; its neighbour is read."""
    items = [Item(0, hostile.multiplied_text(length, cells), "a.xlsx"), Item(1, hostile.sound(), "b.xlsx")]
    (_, first), (_, second) = read_many(items)
    assert first.code is CODE.OUT_OF_MEMORY
    assert isinstance(second, Workbook)


def test_an_exception_in_a_transform_says_where():
    """The reason names the exception and its place, so that a slip of ours can be found."""
    ((_, result),) = read_many(ordering("raise"), transform=transforms.obey)
    assert "transforms.py:" in result.args["detail"]
    assert "ValueError: no such form" in result.args["detail"]


def test_death_is_blamed_after_a_second_try_alone(tmp_path):
    """A file during which a child died is read again in a fresh one, and its result counts."""
    order = f"once {tmp_path / 'marker'}"
    results = list(read_many(ordering("a", order, "b"), transform=transforms.obey))
    assert results == [(0, "a"), (1, order), (2, "b")]


def test_noise_and_nothing_are_no_answers():
    """What a library prints does not mix with the answers, and None is a result like any other."""
    results = list(read_many(ordering("print", "none", "a"), transform=transforms.obey))
    assert results == [(0, "print"), (1, None), (2, "a")]


def test_children_are_confined_and_light(monkeypatch):
    """A child has no environment, no core dump, a cap on memory and time, and none of the heavy libraries."""
    monkeypatch.setenv("SMTP_PASSWORD", "secret")
    ((_, seen),) = read_many(ordering("a"), transform=transforms.surroundings)
    assert set(seen["environment"]) <= {"LC_CTYPE"}
    assert seen["memory"] == LIMITS.memory_bytes
    assert seen["core"] == 0
    assert seen["processor"]
    heavy = {
        "dagster",
        "duckdb",
        "polars",
        "pyarrow",
        "numpy",
        "pandas",
        "yaml",
        "subprocess",
        "multiprocessing",
    }
    assert heavy.isdisjoint(seen["modules"])


def test_archived_bytes_are_verified_by_the_child(tmp_path):
    """Bytes that no longer have their digest, or are gone, are our fault and never the sender's."""
    path = tmp_path / "object"
    path.write_bytes(hostile.sound())
    items = [Item(0, path, "a.xlsx", "0" * 64), Item(1, tmp_path / "gone", "b.xlsx"), Item(2, path, "c.xlsx")]
    codes = [getattr(result, "code", None) for _, result in read_many(items)]
    assert codes == [CODE.ARCHIVE_DAMAGED, CODE.ARCHIVE_DAMAGED, None]


def test_too_large_a_path_is_not_read(tmp_path):
    """A file above the cap is refused by its size, without its bytes in memory."""
    path = tmp_path / "huge.xlsx"
    with path.open("wb") as file:
        file.truncate(10 << 40)  # ten tebibytes, all of them a hole
    ((_, result),) = read_many([Item(0, path, "huge.xlsx")])
    assert result.code is CODE.TOO_LARGE_FILE


@pytest.fixture
def started(monkeypatch):
    """The children started during a test."""
    children = []

    class Recorded(sandbox._Child):
        def __init__(self, *args):
            super().__init__(*args)
            children.append(self._process.pid)

    monkeypatch.setattr(sandbox, "_Child", Recorded)
    return children


def is_alive(pid: int) -> bool:
    """Whether a process of this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_few_files_use_one_child(started):
    """A handful of files is not worth more than one child, and none is left when all are read."""
    assert len(list(read_many(ordering(*"abcd"), workers=4))) == 4
    assert len(started) == 1
    assert not any(map(is_alive, started))


def test_no_items_no_children(started):
    """Nothing to read starts nothing."""
    assert list(read_many([])) == []
    assert started == []


def test_input_is_consumed_as_needed_and_children_end_with_the_reader(started):
    """An endless input can be read from, and closing the reader ends its children, even those at work."""
    taken = 0

    def endless():
        nonlocal taken
        data = hostile.sound({"A": [["a"]]})
        for i in itertools.count():
            taken += 1
            yield Item(i, data, "a.xlsx")

    results = read_many(endless(), transform=transforms.obey, workers=2)
    assert next(results) == (0, "a")
    results.close()
    assert taken <= 6 * CHUNK
    assert not any(map(is_alive, started))


def test_closing_does_not_wait_for_a_hanging_file(started):
    """A reader that is closed while a child hangs comes back at once."""
    orders = ["a"] * CHUNK + ["sleep"] * CHUNK
    results = read_many(ordering(*orders), transform=transforms.obey, workers=1)
    assert next(results) == (0, "a")
    results.close()
    assert not any(map(is_alive, started))


def test_a_transform_that_cannot_be_imported_is_our_error(monkeypatch):
    """A transform the children cannot import is reported as such, not blamed on the files."""
    module = types.ModuleType("only_here")
    exec("def transform(book): return 1", module.__dict__)  # noqa: S102 - a module that is in no file
    monkeypatch.setitem(sys.modules, "only_here", module)
    with pytest.raises(SandboxError, match="only_here"):
        list(read_many(ordering("a"), transform=module.transform))
    with pytest.raises(SandboxError, match="top-level"):
        list(read_many(ordering("a"), transform=lambda _: 1))
