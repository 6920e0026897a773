"""Thin Dagster resources: where the deployment lies, the one door to its warehouse, the second judge.

Belongs here: handing rooms their folders, the catalogue and a connection. Does not: any thinking.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.quality.second_judge import SecondJudge
from ocop_pipeline.settings import Settings, load_settings
from ocop_pipeline.warehouse.connection import open_writer, reading_only

Progress = Callable[[str, int, int], None]
"""(what is being done, how many done, how many in all)."""

_listeners: list[Progress] = []


@contextlib.contextmanager
def progress_to(listener: Progress) -> Iterator[None]:
    """Tell a listener of the steps of a run in this process (the command line's progress bar)."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(what: str, done: int, total: int) -> None:
    """Report progress to whoever listens."""
    for listener in _listeners:
        listener(what, done, total)


_catalogues: dict[Path, Catalogue] = {}


def share_catalogue(site: Path, catalogue: Catalogue) -> None:
    """Let this process's deployments use a catalogue that is loaded already."""
    _catalogues[site] = catalogue


class Deployment(dg.ConfigurableResource[Any]):
    """The site and state folders of a deployment; everything else follows from them."""

    site: str
    state: str
    _run: contextlib.ExitStack = PrivateAttr(default_factory=contextlib.ExitStack)
    _connection: Any = PrivateAttr(default=None)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's signature
        """Let go of the warehouse file at the end of a run."""
        self._connection = None
        self._run.close()

    @property
    def settings(self) -> Settings:
        """The frozen settings."""
        return load_settings(Path(self.site), Path(self.state))

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue, read once a process: an edit takes effect when the code location is reloaded."""
        site = Path(self.site)
        if site not in _catalogues:
            _catalogues[site] = load_catalogue(site)
        return _catalogues[site]

    def writer(self) -> Any:
        """The one writing connection; opened when first wanted and kept to the end of the run.

        Runs are one at a time, so nobody waits; opening the file for each of 24 tables would cost seconds.
        """
        if self._connection is None:
            settings = self.settings
            settings.state.mkdir(parents=True, exist_ok=True)
            self._connection = self._run.enter_context(open_writer(settings.warehouse, settings.memory_limit))
        return self._connection

    @contextlib.contextmanager
    def reader(self) -> Iterator[Any]:
        """The run's connection, for reading only: nothing in the block can change a figure."""
        connection = self.writer()
        with reading_only(connection):
            yield connection


class SecondJudging(dg.ConfigurableResource[Any]):
    """The process that judges published tables beside the run."""

    _judge: SecondJudge = PrivateAttr(default_factory=SecondJudge)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's signature
        """Begin its import with the run."""
        self._judge.start()

    @property
    def judge(self) -> SecondJudge:
        """Where rows are handed over and verdicts collected."""
        return self._judge
