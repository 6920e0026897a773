"""A month's run in this process, through Dagster, so that it stands in the UI afterwards.

Belongs here: the instance, the call, what came of it. What a run does is in `assets/`.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.settings import Settings, prepare_process, process_prepared

TIME_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

# Written once into DAGSTER_HOME and then the site's own: telemetry and sign-up window off, one
# run at a time (one DuckDB writer).
_INSTANCE = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
storage:
  custom:
    module: ocop_pipeline.run_store
    class: SiteStorage
    config:
      base_dir:
        env: DAGSTER_HOME
"""


# Events go to the instance, where the UI shows them; on the terminal they would bury the progress bar.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What came of a run.

    Attributes:
        run_id: Dagster's id of it.
        period: Month key.
        succeeded: Whether every step ran; a file returned to its sender is no failure.
        reason: Why not, in one line; blank when it succeeded.
        failed_checks: `asset: check` of every check that did not pass, warnings included.
        started: When it began, Vietnamese time.
    """

    run_id: str
    period: str
    succeeded: bool
    reason: str
    failed_checks: tuple[str, ...]
    started: datetime


def prepare_instance(settings: Settings) -> None:
    """Make DAGSTER_HOME ready and this process one of the deployment's, telemetry off before Dagster is imported."""
    prepare_process(settings)
    _write_instance(settings)


def _write_instance(settings: Settings) -> None:
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(_INSTANCE, encoding="utf-8")


def run_month(
    settings: Settings,
    period: str,
    progress: Callable[[str, int, int], None] | None = None,
    catalogue: Catalogue | None = None,
) -> RunOutcome:
    """Run the whole way of a month here and now.

    Args:
        settings: The deployment.
        period: Month key.
        progress: Told (step, done, steps) as the run goes on.
        catalogue: The deployment's, where it is loaded already.
    """
    with process_prepared(settings):
        _write_instance(settings)
        return _run(settings, period, progress, catalogue)


def _run(
    settings: Settings,
    period: str,
    progress: Callable[[str, int, int], None] | None,
    catalogue: Catalogue | None,
) -> RunOutcome:
    import dagster as dg  # noqa: PLC0415 - over a second; only runs pay it

    from assets.automation import JOB_NAME  # noqa: PLC0415 - imports dagster
    from ocop_pipeline.definitions import build_definitions  # noqa: PLC0415 - imports dagster
    from ocop_pipeline.resources import progress_to  # noqa: PLC0415 - imports dagster

    started = datetime.now(TIME_ZONE)
    listening = progress_to(progress) if progress else contextlib.nullcontext()
    with dg.DagsterInstance.get() as instance, listening:
        job = build_definitions(settings, catalogue).resolve_job_def(JOB_NAME)
        result = job.execute_in_process(
            instance=instance, partition_key=period, run_config=_QUIET, raise_on_error=False
        )
    return RunOutcome(
        run_id=result.run_id,
        period=period,
        succeeded=result.success,
        reason="" if result.success else _reason(result),
        failed_checks=tuple(_failed_checks(result)),
        started=started,
    )


def _reason(result: Any) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause or error if error else None
            return f"{event.step_key}: {cause.message.strip().splitlines()[0] if cause else 'failed'}"
    return "the run failed before its first step"


def _failed_checks(result: Any) -> list[str]:
    return [
        f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}"
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
    ]


def workspace_arguments() -> list[str]:
    """What tells `dagster dev` where the code location is: the checkout's workspace, else the installed module."""
    workspace = Path(__file__).resolve().parent.parent / "workspace.yaml"
    return ["-w", str(workspace)] if workspace.is_file() else ["-m", "ocop_pipeline.definitions"]
