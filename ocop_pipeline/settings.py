"""One frozen settings object: the site's file, then the environment. Nothing else reads `os.environ`.

Belongs here: where a deployment lies and whom it serves. Does not: anything a site edits as catalogue data.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTINGS_FILE = "ocop.toml"


class SettingsError(Exception):
    """The settings are missing or wrong; the message names the file, the key and what to write."""


@dataclass(frozen=True, slots=True)
class Mail:
    """SMTP delivery; absent from the settings, nothing is mailed. The password comes from OCOP_SMTP_PASSWORD."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """A deployment: a site folder (what people edit) and a state folder (what the pipeline writes).

    `scope` holds the codes of the provinces served (of any date; all their communes, districts and departments
    are expected to report); `*` stands for the whole country. `trust_file_times` says that the drop folder stamps what
    is put there, so that a file arrived when it was last changed; otherwise it arrived when it was first seen.
    """

    site: Path
    state: Path
    scope: tuple[str, ...]
    inbox: Path
    deliveries: Path
    workers: int
    settle_seconds: float
    trust_file_times: bool
    memory_limit: str
    mail: Mail | None

    @property
    def warehouse(self) -> Path:
        """The DuckDB file; can always be rebuilt from archive, ledger and catalogue."""
        return self.state / "warehouse.duckdb"

    @property
    def ledger(self) -> Path:
        """The append-only record of what arrived, was judged, issued and sent."""
        return self.state / "ledger.sqlite"

    @property
    def archive(self) -> Path:
        """Every file ever received, named by its SHA-256."""
        return self.state / "archive"

    @property
    def releases(self) -> Path:
        """Issued documents, one folder a period."""
        return self.state / "releases"

    @property
    def notices(self) -> Path:
        """Return notices, one folder a period."""
        return self.state / "notices"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own state: runs, event log, schedules."""
        return self.state / "dagster"


def load_settings(
    site: Path | None = None, state: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings of a deployment.

    Args:
        site: The site folder; default OCOP_SITE, else the working directory.
        state: The state folder; default OCOP_STATE (unless OCOP_SITE is another site), else the file's `state`, else
            `state` inside the site.
        environment: Stands in for the process environment (tests).

    Raises:
        SettingsError: the file is not TOML, has an unknown key, or a value of the wrong type.
    """
    env = os.environ if environment is None else environment
    usual = Path(env.get("OCOP_SITE", ".")).resolve()
    site = site.resolve() if site else usual
    data = _read(site / SETTINGS_FILE)
    reader = _Reader(site / SETTINGS_FILE, data)
    # OCOP_STATE belongs to OCOP_SITE: another site named by hand must not write into the first one's archive.
    of_another = "OCOP_SITE" in env and site != usual
    state_text = (None if of_another else env.get("OCOP_STATE")) or reader.text("state", "state")
    state = (state or site / state_text).resolve()
    settings = Settings(
        site=site,
        state=state,
        scope=reader.texts("scope", ("*",)),
        inbox=(site / reader.text("inbox", str(state / "inbox"))).resolve(),
        deliveries=(site / reader.text("deliveries", str(state / "deliveries"))).resolve(),
        workers=reader.integer("workers", 2),
        settle_seconds=float(reader.integer("settle_seconds", 2)),
        trust_file_times=reader.flag("trust_file_times", default=False),
        memory_limit=reader.text("memory_limit", "2GB"),
        mail=_mail(reader, env.get("OCOP_SMTP_PASSWORD")),
    )
    reader.refuse_rest()
    return settings


def environment_for_telemetry_off() -> dict[str, str]:
    """The variables that keep Dagster and Great Expectations from reporting usage; set before either is imported."""
    return {"DAGSTER_DISABLE_TELEMETRY": "1", "GX_ANALYTICS_ENABLED": "false"}


def prepare_process(settings: Settings) -> None:
    """Point Dagster at the state folder and switch telemetry off, for this process and its children."""
    os.environ.update(environment_for_telemetry_off())
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["OCOP_SITE"] = str(settings.site)
    os.environ["OCOP_STATE"] = str(settings.state)


@contextmanager
def process_prepared(settings: Settings) -> Iterator[None]:
    """As `prepare_process`, for as long as it is entered: what runs after must not take this for its own deployment."""
    before = dict(os.environ)
    prepare_process(settings)
    try:
        yield
    finally:
        for name in ("DAGSTER_HOME", "OCOP_SITE", "OCOP_STATE"):
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _mail(reader: "_Reader", password: str | None) -> Mail | None:
    table = reader.table("mail")
    if table is None:
        return None
    mail = Mail(
        host=table.text("host"),
        port=table.integer("port", 587),
        sender=table.text("sender"),
        user=table.text("user", "") or None,
        password=password,
        starttls=table.flag("starttls", default=True),
    )
    table.refuse_rest()
    return mail


class _Reader:
    """Takes typed keys out of a TOML table; whatever is left at the end is a mistake worth refusing."""

    def __init__(self, path: Path, data: dict[str, Any], prefix: str = "") -> None:
        self._path = path
        self._data = dict(data)
        self._prefix = prefix

    def text(self, key: str, default: str | None = None) -> str:
        return str(self._take(key, str, default))

    def integer(self, key: str, default: int) -> int:
        return int(self._take(key, int, default))

    def flag(self, key: str, *, default: bool) -> bool:
        return bool(self._take(key, bool, default))

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(item) for item in self._take(key, list, list(default)))

    def table(self, key: str) -> "_Reader | None":
        value = self._data.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise SettingsError(f"{self._path}: [{key}] must be a table")
        return _Reader(self._path, value, prefix=f"{key}.")

    def refuse_rest(self) -> None:
        if self._data:
            raise SettingsError(f"{self._path}: unknown key {self._prefix}{min(self._data)}")

    def _take(self, key: str, kind: type, default: Any) -> Any:
        value = self._data.pop(key, default)
        if value is None:
            raise SettingsError(f"{self._path}: {self._prefix}{key} is missing")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise SettingsError(f"{self._path}: {self._prefix}{key} must be {kind.__name__}, not {value!r}")
        return value
