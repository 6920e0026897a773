"""(d) a month from files to PDF, (e) the same by a plain script, (f) growth from a province to the country."""

import functools
import multiprocessing
import resource
import shutil
import time
from pathlib import Path

from benchmarks.plain_script import plain_month
from benchmarks.workloads import LAM_DONG, MONTH, deployment, fill
from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.generator import NATION_CODE
from ocop_pipeline.runs import run_month
from ocop_pipeline.settings import Settings

MIB = 1024


def measure_month(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """A month of Lâm Đồng through Dagster, warm: files in the inbox, PDF and HTML out, Great Expectations included."""
    settings = deployment(folder, LAM_DONG)
    fill(settings, LAM_DONG)
    first = _fresh_run(settings)
    seconds = [_fresh_run(settings) for _ in range(runs)]
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    return [
        ("a month of Lâm Đồng, files to PDF, warm", seconds, "s", "at most 10"),
        ("the first of these, imports included", [first], "s", ""),
        ("peak memory of that process", [own], "MiB", "under 1024"),
        ("peak memory of the second judge beside it", [_peak_of_children()], "MiB", ""),
    ]


def _peak_of_children() -> float:
    """MiB that the largest child still running has used at most (Linux)."""
    peaks = [0]
    for child in multiprocessing.active_children():
        status = Path(f"/proc/{child.pid}/status").read_text(encoding="ascii")
        peaks += [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    return max(peaks) / MIB


@functools.cache
def _catalogue() -> Catalogue:
    return load_catalogue()


def _fresh_run(settings: Settings) -> float:
    """Seconds of one run on an empty state with the inbox full."""
    for path in (settings.warehouse, settings.ledger, *settings.state.glob("ledger.sqlite-*")):
        path.unlink(missing_ok=True)
    for folder in (settings.archive, settings.releases, settings.notices, settings.deliveries):
        shutil.rmtree(folder, ignore_errors=True)
    start = time.perf_counter()
    outcome = run_month(settings, MONTH, catalogue=_catalogue())
    seconds = time.perf_counter() - start
    if not outcome.succeeded:
        raise RuntimeError(outcome.reason)
    return seconds


def measure_script(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """The indicator sheet of the same month summed by pandas and openpyxl, as a user would write it."""
    settings = deployment(folder, LAM_DONG)
    fill(settings, LAM_DONG)
    files = sorted(settings.inbox.rglob("*.xlsx"))
    plain_month(files)
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        plain_month(files)
        seconds.append(time.perf_counter() - start)
    return [("pandas and openpyxl: read and sum only, no checks, no report", seconds, "s", "comparison")]


def measure_growth(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Seconds per commune for the country over seconds per commune for a province; above 1 is worse than linear."""
    province = deployment(folder / "province", LAM_DONG)
    fill(province, LAM_DONG)
    country = deployment(folder / "country", "*")
    fill(country, NATION_CODE)
    _fresh_run(province)
    small = [_fresh_run(province) for _ in range(runs)]
    large = [_fresh_run(country)]
    counts = (len(list(province.inbox.rglob("*.xlsx"))), len(list(country.inbox.rglob("*.xlsx"))))
    growth = [(large[0] / counts[1]) / (each / counts[0]) for each in small]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    return [
        (f"seconds a file at {counts[1]} files ÷ at {counts[0]}", growth, "×", "at most 1"),
        (f"whole month at {counts[1]} files, 34 reports", large, "s", ""),
        ("peak memory at that size", [memory], "MiB", ""),
    ]
