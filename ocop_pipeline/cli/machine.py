"""Commands about the machine: doctor, ui."""

import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.catalogue.messages import load_messages
from ocop_pipeline.cli.console import (
    FINDINGS,
    FINE,
    JsonOption,
    SiteOption,
    StateOption,
    help_of,
    messages,
    open_site,
    print_json,
    print_table,
)
from ocop_pipeline.paths import REPORT_TEMPLATES
from ocop_pipeline.settings import Settings, load_settings, process_prepared
from ocop_pipeline.warehouse.connection import WarehouseMissingError, open_reader

_PACKAGES = (
    "dagster",
    "dagster-webserver",
    "duckdb",
    "polars",
    "great-expectations",
    "python-calamine",
    "typst",
)
_LOWEST_PYTHON = (3, 11)
FONT, STYLES = "Tinos", ("Regular", "Bold", "Italic", "BoldItalic")


def doctor(*, as_json: JsonOption = False, site: SiteOption = None, state: StateOption = None) -> None:
    """Look at everything a run needs; exit code 1 when something needs a look."""
    rows = [_try(key, check, site, state) for key, check in _CHECKS.items()]
    if as_json:
        print_json([{"item": key, "ok": ok, "detail": detail} for key, ok, detail in rows])
    else:
        words = messages()
        print_table(
            [words.say("column.item"), words.say("column.status"), words.say("column.what")],
            [
                (words.say(f"doctor.{key}"), words.say("doctor.ok" if ok else "doctor.bad"), detail)
                for key, ok, detail in rows
            ],
        )
    raise typer.Exit(FINE if all(ok for _, ok, _ in rows) else FINDINGS)


def _try(
    key: str, check: Callable[[Settings], str], site: Path | None, state: Path | None
) -> tuple[str, bool, str]:
    try:
        return key, True, check(load_settings(site, state))
    except Exception as error:  # noqa: BLE001 - a check that fails in any way is a thing to look at
        return key, False, f"{type(error).__name__}: {error}"


def _python(_: Settings) -> str:
    if sys.version_info < _LOWEST_PYTHON:
        raise RuntimeError(f"Python {platform.python_version()}: at least 3.11 is needed")
    return platform.python_version()


def _packages(_: Settings) -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)


def _settings(settings: Settings) -> str:
    mail = f"{settings.mail.host}:{settings.mail.port}" if settings.mail else "-"
    return f"{settings.site}; scope {', '.join(settings.scope)}; mail {mail}"


def _catalogue(settings: Settings) -> str:
    catalogue = load_catalogue(settings.site)
    return f"{len(catalogue.indicators)} indicators, {len(catalogue.plans)} plans, {catalogue.digest[:12]}"


def _fonts(_: Settings) -> str:
    from ocop_pipeline.reporting.paper import faces  # noqa: PLC0415 - loads the printer

    files = sorted(path.stem for path in (REPORT_TEMPLATES / "fonts").glob("*.ttf"))
    if FONT not in faces() or len(files) < len(STYLES):
        raise RuntimeError(f"{FONT} is incomplete: {', '.join(files) or 'no file'}")
    return ", ".join(files)


def _folders(settings: Settings) -> str:
    def usable(folder: Path) -> Iterator[str]:
        while not folder.exists():
            folder = folder.parent
        if not os.access(folder, os.W_OK):
            yield str(folder)

    refused = [
        name for folder in (settings.state, settings.inbox, settings.deliveries) for name in usable(folder)
    ]
    if refused:
        raise PermissionError(f"not writable: {', '.join(refused)}")
    return f"{settings.state}; {settings.inbox}"


def _warehouse(settings: Settings) -> str:
    try:
        with open_reader(settings.warehouse) as connection:
            row = connection.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchone()
            return f"{row[0] if row else 0} tables"
    except WarehouseMissingError:
        return "-"


def _telemetry(settings: Settings) -> str:
    with process_prepared(settings):
        if os.environ.get("DAGSTER_DISABLE_TELEMETRY") != "1":  # pragma: no cover - entering sets it
            raise RuntimeError("Dagster's telemetry is on")
    return "Dagster, Great Expectations"


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "packages": _packages,
    "settings": _settings,
    "catalogue": _catalogue,
    "fonts": _fonts,
    "folders": _folders,
    "warehouse": _warehouse,
    "telemetry": _telemetry,
}


def ui(
    port: Annotated[int, typer.Option("--port", help=load_messages().both("help.option.port"))] = 3000,
    *,
    site: SiteOption = None,
    state: StateOption = None,
) -> None:
    """Become `dagster dev` on loopback, for this deployment."""
    from ocop_pipeline.runs import prepare_instance, workspace_arguments  # noqa: PLC0415 - only this command

    place = open_site(site, state)
    prepare_instance(place.settings)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        *workspace_arguments(),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("doctor", help=help_of("doctor"))(doctor)
    app.command("ui", help=help_of("ui"))(ui)
