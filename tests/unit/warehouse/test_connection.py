"""Opening the warehouse: doors closed, and a refusal that says who and why."""

import os
import subprocess
import sys

import duckdb
import pytest

from ocop_pipeline.warehouse.connection import (
    WarehouseBusyError,
    WarehouseError,
    WarehouseMissingError,
    open_reader,
    open_writer,
)

_HOLD = """
import sys
from pathlib import Path
from ocop_pipeline.warehouse.connection import open_reader, open_writer
with open_writer(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    """A warehouse file with one row."""
    file = tmp_path / "warehouse.duckdb"
    with open_writer(file) as connection:
        connection.execute("CREATE SCHEMA core")
        connection.execute("CREATE TABLE core.figures AS SELECT 1 AS value")
    return file


def test_what_a_writer_wrote_a_reader_reads(path):
    """The file outlives its connection; readers may be several."""
    with open_reader(path) as one, open_reader(path) as other:
        assert one.execute("SELECT value FROM core.figures").fetchall() == [(1,)]
        assert other.execute("SELECT value FROM core.figures").fetchall() == [(1,)]


def test_a_reader_cannot_write(path):
    """Reading is read-only in the engine, not by good manners."""
    with open_reader(path) as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("DELETE FROM core.figures")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "COPY core.figures TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/other.duckdb' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SELECT getenv('HOME')",
    ],
)
@pytest.mark.parametrize("opening", [open_reader, open_writer])
def test_no_statement_reaches_a_file_the_network_or_the_settings(path, opening, sql):
    """Whatever text gets into a statement, it can neither name a path nor open the doors again."""
    with opening(path) as connection, pytest.raises(duckdb.Error):
        connection.execute(sql.format(folder=path.parent)).fetchall()
    assert sorted(each.name for each in path.parent.iterdir()) == ["warehouse.duckdb"]


def test_a_python_variable_is_no_table(path):
    """A table name never resolves to whatever a variable of that name holds."""
    figures = {"value": [1]}
    with open_writer(path) as connection, pytest.raises(duckdb.Error, match="does not exist"):
        connection.execute("SELECT * FROM figures").fetchall()
    assert figures


def test_times_are_vietnamese(path):
    """Dates are cut at midnight in Việt Nam, wherever the server stands."""
    with open_reader(path), open_reader(path) as connection:  # the second shares the first one's settings
        sql = "SELECT CAST(TIMESTAMPTZ '2026-10-14 18:30:00+00' AS DATE)"
        assert str(connection.execute(sql).fetchone()[0]) == "2026-10-15"


def test_a_large_sort_spills_beside_the_file(path):
    """The memory limit holds with files closed: the engine's own spilling is not external access."""
    with open_writer(path, memory_limit="120MB", threads=1) as connection:
        connection.execute(
            "CREATE TABLE core.sorted AS SELECT md5(CAST(n AS VARCHAR)) AS a, md5(CAST(-n AS VARCHAR)) AS b "
            "FROM range(2000000) AS t(n) ORDER BY a"
        )
        assert connection.execute("SELECT COUNT(*) FROM core.sorted").fetchone() == (2000000,)
    assert [each.name for each in path.parent.iterdir()] == ["warehouse.duckdb"]


@pytest.mark.parametrize("opening", [open_reader, open_writer])
def test_a_held_file_says_by_whom(path, opening):
    """While another process writes, opening fails at once and names that process."""
    holder = subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "open\n"
        with (
            pytest.raises(WarehouseBusyError, match=rf"in use by process {holder.pid} \(python"),
            opening(path),
        ):
            pass
    finally:
        holder.communicate("")
    with opening(path) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_reading_while_this_process_writes_is_refused_in_words(path):
    """One process cannot hold the file both ways, and is told so."""
    with open_writer(path), pytest.raises(WarehouseBusyError, match="in this process"), open_reader(path):
        pass


def test_a_missing_file_is_no_empty_warehouse(tmp_path):
    """Reading never makes a file; the message says what does."""
    with pytest.raises(WarehouseMissingError, match="first run"), open_reader(tmp_path / "none.duckdb"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_refused(tmp_path):
    """A file that is no warehouse stays as it is and is named."""
    other = tmp_path / "notes.txt"
    other.write_text("not a warehouse " * 400)
    before = other.read_bytes()
    with pytest.raises(WarehouseError, match=r"notes\.txt cannot be opened"), open_writer(other):
        pass
    assert other.read_bytes() == before


def test_a_missing_folder_is_refused(tmp_path):
    """The state folder is made by whoever owns it, not by opening a file in it."""
    with pytest.raises(WarehouseError, match="cannot be opened"), open_writer(tmp_path / "no" / "w.duckdb"):
        pass


def test_the_connection_is_closed_when_the_work_fails(path):
    """An error inside leaves no lock behind."""
    with pytest.raises(RuntimeError), open_writer(path):
        raise RuntimeError
    with open_reader(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM core.figures").fetchone() == (1,)
    assert os.access(path, os.R_OK)
