"""(b) Roll-up and marts of a province-month against DuckDB reading the same rows with one GROUP BY."""

import time
from pathlib import Path

from benchmarks.workloads import LAM_DONG, MONTH, deployment, fill
from ocop_pipeline.runs import run_month
from ocop_pipeline.warehouse.connection import open_writer
from ocop_pipeline.warehouse.models import discover
from ocop_pipeline.warehouse.publish import publish, set_run_periods

GROUP_BY = """
    SELECT v.period, a.ancestor_id, v.indicator, v.breakdown, SUM(v.value), COUNT(*)
    FROM core.indicator_values AS v
    JOIN core.unit_ancestors AS a ON a.period = v.period AND a.unit_id = v.unit_id
    GROUP BY ALL
"""


def measure(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Publish every core and mart model, and run the GROUP BY, in turn."""
    settings = deployment(folder, LAM_DONG)
    fill(settings, LAM_DONG)
    outcome = run_month(settings, MONTH)
    if not outcome.succeeded:
        raise RuntimeError(outcome.reason)
    models = [model for model in discover().values() if model.schema in ("core", "marts")]
    ratios, seconds = [], []
    with open_writer(settings.warehouse) as connection:
        set_run_periods(connection, (MONTH,))
        for _ in range(runs + 1):
            start = time.perf_counter()
            for model in models:
                publish(connection, model, (MONTH,))
            ours = time.perf_counter() - start
            start = time.perf_counter()
            connection.execute(GROUP_BY).fetchall()
            bare = time.perf_counter() - start
            ratios.append(ours / bare)
            seconds.append(ours)
    return [
        ("roll-up and marts with their audits ÷ one GROUP BY", ratios[1:], "×", "report"),
        ("roll-up and marts with their audits", seconds[1:], "s", ""),
    ]
