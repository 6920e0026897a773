"""Opening the warehouse file: one writer, or readers while nobody writes.

Belongs here: how DuckDB is configured and what a refused opening means. Nothing here knows a table.

Text from outside can never become a path or a download: the engine's own access to files is off, nothing is
installed or loaded by itself, and the configuration is locked before the connection is handed out.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

Connection = duckdb.DuckDBPyConnection
"""What rooms that know no engine call a connection."""

TIME_ZONE = "Asia/Ho_Chi_Minh"
_CLOSED_DOORS = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
}
_HOLDER = re.compile(r"held in (?P<program>.*?) \(PID (?P<pid>[0-9]+)\)(?: by user (?P<user>[^.\s]+))?")


class WarehouseError(Exception):
    """The warehouse file cannot be opened; the message says why and what to do."""


class WarehouseBusyError(WarehouseError):
    """Another process (or another connection of this one) holds the file."""


class WarehouseMissingError(WarehouseError):
    """There is no warehouse file yet."""

    def __init__(self, path: Path) -> None:
        """Keep the path, for whoever says it in other words."""
        super().__init__(f"{path} does not exist yet; the first run makes it")
        self.path = path


class QueryError(WarehouseError):
    """A query that somebody typed cannot be run; the message is the engine's, in one line."""


def typed_query(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of a query that somebody typed.

    Raises:
        QueryError: the engine refuses it.
    """
    try:
        result = connection.execute(sql)
        return [column[0] for column in result.description or ()], result.fetchall()
    except duckdb.Error as error:
        raise QueryError(" ".join(str(error).partition("\n\nLINE ")[0].split())) from error


@contextlib.contextmanager
def open_writer(
    path: Path, memory_limit: str = "2GB", threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one writing connection; the file is made when it is not there.

    Args:
        path: The warehouse file; its folder must exist.
        memory_limit: What DuckDB may use before it spills beside the file, such as "2GB".
        threads: Worker threads; DuckDB's own choice when None.

    Raises:
        WarehouseBusyError: another process has it open; names that process.
        WarehouseError: the folder is missing, the file is no warehouse or was written by a newer version.
    """
    with _opened(path, memory_limit, threads, read_only=False) as connection:
        yield connection


@contextlib.contextmanager
def open_reader(
    path: Path, memory_limit: str = "2GB", threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that cannot write; several may be open, but none while a writer is.

    Raises:
        WarehouseMissingError: there is no such file.
        WarehouseBusyError, WarehouseError: as `open_writer`.
    """
    if not path.exists():
        raise WarehouseMissingError(path)
    with _opened(path, memory_limit, threads, read_only=True) as connection:
        yield connection


@contextlib.contextmanager
def open_overlay(path: Path, name: str, memory_limit: str = "2GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory with the file beside it, to be read as `name`; nothing can be written to the file.

    Raises:
        WarehouseMissingError, WarehouseBusyError, WarehouseError: as `open_reader`.
    """
    if not path.exists():
        raise WarehouseMissingError(path)
    # Access to files is closed below: to attach this one is the last thing that needs it.
    config: dict[str, str | bool | int | float | list[str]] = {
        **_CLOSED_DOORS, "enable_external_access": True, "memory_limit": memory_limit,
    }  # fmt: skip
    with contextlib.closing(duckdb.connect(":memory:", config=config)) as connection:
        quoted = str(path).replace("'", "''")
        try:
            connection.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")
        except (duckdb.IOException, duckdb.ConnectionException, duckdb.SerializationException) as error:
            raise _explained(path, error) from error
        connection.execute("SET enable_external_access = false")
        _settle(connection)
        yield connection


@contextlib.contextmanager
def _opened(
    path: Path, memory_limit: str, threads: int | None, *, read_only: bool
) -> Iterator[duckdb.DuckDBPyConnection]:
    config: dict[str, str | bool | int | float | list[str]] = {**_CLOSED_DOORS, "memory_limit": memory_limit}
    if threads is not None:
        config["threads"] = threads
    try:
        connection = duckdb.connect(path, read_only=read_only, config=config)
    except (duckdb.IOException, duckdb.ConnectionException, duckdb.SerializationException) as error:
        raise _explained(path, error) from error
    try:
        _settle(connection)
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def reading_only(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One snapshot of the file, in which nothing can be written, on a connection that otherwise could."""
    connection.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def rows_reader(
    connection: duckdb.DuckDBPyConnection,
) -> Callable[[str, Sequence[Any]], list[dict[str, Any]]]:
    """A function from SQL with `?` places and their values to rows as mappings, for rooms that know no engine."""

    def rows(sql: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
        result = connection.execute(sql, list(parameters))
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    return rows


def _settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Set the time zone, then lock; connections of one process to one file share both."""
    locked = connection.execute("SELECT current_setting('lock_configuration')").fetchone()
    if locked != (True,):
        # Not among the options of opening: the zone's extension is loaded only once a database is open.
        connection.execute(f"SET GLOBAL TimeZone = '{TIME_ZONE}'")
        connection.execute("SET lock_configuration = true")


def _explained(path: Path, error: duckdb.Error) -> WarehouseError:
    text = str(error).partition("\n")[0]
    if "Could not set lock" in text:
        return WarehouseBusyError(f"{path} is in use by {_holder(text)}; wait until it has finished")
    if isinstance(error, duckdb.ConnectionException):
        return WarehouseBusyError(f"{path} is already open in this process in another way")
    return WarehouseError(f"{path} cannot be opened as a warehouse: {text}")


def _holder(text: str) -> str:
    found = _HOLDER.search(text)
    if not found:
        return "another process"
    user = f" of user {found['user']}" if found["user"] else ""
    return f"process {found['pid']} ({Path(found['program']).name}){user}"
