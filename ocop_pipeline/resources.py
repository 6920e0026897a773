"""Thin Dagster resources: where the deployment lies and the one door to its warehouse.

Belongs here: handing rooms their folders, the catalogue and a connection. Does not: any thinking.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.settings import Settings, load_settings
from ocop_pipeline.warehouse.connection import open_reader, open_writer

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

    @contextlib.contextmanager
    def writer(self) -> Iterator[Any]:
        """The one writing connection; runs are one at a time, so nobody waits."""
        settings = self.settings
        settings.state.mkdir(parents=True, exist_ok=True)
        with open_writer(settings.warehouse, settings.memory_limit) as connection:
            yield connection

    @contextlib.contextmanager
    def reader(self) -> Iterator[Any]:
        """A reading connection."""
        with open_reader(self.settings.warehouse, self.settings.memory_limit) as connection:
            yield connection
