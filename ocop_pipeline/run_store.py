"""Dagster's own records in SQLite, with its connections kept open for as long as the instance lives.

Belongs here: how Dagster's files are opened. The tables, the files and what stands in them are Dagster's, so that its
own storage reads what this one wrote, and the other way round.

Dagster makes a new SQLAlchemy engine for every statement: no statement is ever compiled twice from a cache, and each
costs opening and closing the file. A month writes some 500 events; with engines kept that is about a second of the run
in place of seven. Named in `dagster.yaml` (`storage: custom`).
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as db
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)
from dagster._serdes import ConfigurableClassData

_KEPT = 8
"""Files open at once: the index, the run going on, and the runs somebody looks at."""


class _Engines:
    """One engine a file, made when first asked for; the one not used for longest goes first."""

    def __init__(self) -> None:
        self._engines: dict[str, db.Engine] = {}

    def get(self, url: str) -> db.Engine:
        engine = self._engines.pop(url, None) or _engine(url)
        self._engines[url] = engine
        while len(self._engines) > _KEPT:
            self._engines.pop(next(iter(self._engines))).dispose()
        return engine

    def dispose(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()


def _engine(url: str) -> db.Engine:
    engine = db.create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
    # The files are in WAL mode: a power cut may lose the last lines of Dagster's log, never break it. Our own ledger,
    # which must not lose anything, is another file.
    db.event.listen(engine, "connect", _relax)
    return engine


def _relax(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


class EventLog(SqliteEventLogStorage):
    """Dagster's event log in a file a run, and an index."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = _Engines()
        super().__init__(base_dir, inst_data)

    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[db.Connection]:
        with self._db_lock:
            engine = self._engines.get(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table (Dagster asks before every event of an asset)."""
        engine = self._engines.get(self.conn_string_for_shard(INDEX_SHARD_NAME))
        with engine.connect() as connection:
            return bool(engine.dialect.has_table(connection, table_name))

    def dispose(self) -> None:
        """Close every file."""
        super().dispose()
        self._engines.dispose()


class Runs(SqliteRunStorage):
    """Dagster's table of runs."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = _Engines()
        super().__init__(conn_string, inst_data)

    @contextlib.contextmanager
    def connect(self) -> Iterator[db.Connection]:
        """A transaction on the table of runs."""
        with self._engines.get(self._conn_string).begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        super().dispose()
        self._engines.dispose()


class SiteStorage(DagsterSqliteStorage):
    """What `dagster.yaml` names; `base_dir` is DAGSTER_HOME, the files lie where Dagster's own storage puts them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Not the parent's: it would open its own three files first.
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]
        self.base_dir = base_dir
        self._inst_data = inst_data
        self._event_log_storage = EventLog(_event_logs_directory(base_dir))
        self._run_storage = Runs.from_local(_runs_directory(base_dir))
        self._schedule_storage = SqliteScheduleStorage.from_local(_schedule_directory(base_dir))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> "SiteStorage":
        """Made from the lines of `dagster.yaml`; the parent's would make the parent."""
        return cls.from_local(str(config_value["base_dir"]), inst_data)
