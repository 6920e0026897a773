"""The demonstration: a made-up Lâm Đồng, and the comparison of what the pipeline found with what was planted."""

import ast
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.cli.console import say
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.generator import Options, Truth, generate
from ocop_pipeline.settings import Settings, load_settings
from ocop_pipeline.warehouse.connection import open_reader
from ocop_pipeline.warehouse.ledger import Ledger

PROVINCE = "68"
RECENT_MONTHS = 3
_SETTINGS = """\
# A demonstration: every figure is made up. `ocop demo` writes this folder anew each time.
scope = ["{province}"]
# The generator stamps its files with the day on which a commune would have sent them.
trust_file_times = true
settle_seconds = 0
"""
_MARK = ".ocop-demo"


@dataclass
class Comparison:
    """How the warehouse and the ledger compare with what the generator knew."""

    figures: int = 0
    wrong_figures: list[str] = field(default_factory=list)
    faults: int = 0
    missed_faults: list[str] = field(default_factory=list)
    wrong_verdicts: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not (self.wrong_figures or self.missed_faults or self.wrong_verdicts)

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return {
            "figures": self.figures,
            "wrong_figures": self.wrong_figures,
            "faults": self.faults,
            "missed_faults": self.missed_faults,
            "wrong_verdicts": self.wrong_verdicts,
            "agrees": self.agrees,
        }


def prepare_site(site: Path) -> Settings:
    """An empty demonstration site; an earlier one is removed, any other folder is left alone."""
    if site.exists() and any(site.iterdir()) and not (site / _MARK).exists():
        raise SystemExit(f"{site} is not a demonstration folder; name another with --site")
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    (site / _MARK).touch()
    write_settings(site, PROVINCE)
    return load_settings(site, site / "state")


def write_settings(site: Path, province: str) -> None:
    """Let a demonstration serve one province, by its code."""
    (site / "ocop.toml").write_text(_SETTINGS.format(province=province), encoding="utf-8")


def history(period: Period, *, full_year: bool) -> tuple[str, ...]:
    """The months whose files lie in the inbox beside the month's own.

    The same month of the year before, and either every month of the year so far or, so that the demonstration takes
    half a minute, the last three: the province began with the software then, and its report says how many months its
    year-to-date figures hold.
    """
    months = [month.key for month in period.year_to_date() if month != period]
    return (period.same_last_year().key, *(months if full_year else months[-RECENT_MONTHS:]))


def fill_inbox(
    catalogue: Catalogue,
    settings: Settings,
    period: Period,
    seed: int,
    progress: Callable[[int, int], None],
    *,
    full_year: bool,
) -> Truth:
    """Write the inbox: the month as workbooks with planted faults, the months before as sound CSV files."""
    months = history(period, full_year=full_year)
    options = Options(PROVINCE, period.key, seed=seed, history=months, workers=settings.workers)
    return generate_inbox(catalogue, settings, options, progress)


def generate_inbox(
    catalogue: Catalogue, settings: Settings, options: Options, progress: Callable[[int, int], None]
) -> Truth:
    """Write the inbox of a demonstration; the truth about it lies in the site as truth.json."""
    settings.inbox.mkdir(parents=True, exist_ok=True)
    truth = generate(catalogue, options, settings.inbox, progress)
    (settings.site / "truth.json").write_text(truth.to_json(), encoding="utf-8")
    return truth


def compare(settings: Settings, truth: Truth, period: Period) -> Comparison:
    """Compare every figure of the month above the communes, every verdict and every planted fault."""
    comparison = Comparison()
    _compare_figures(settings, truth, period, comparison)
    _compare_files(settings, truth, comparison)
    return comparison


def _compare_figures(settings: Settings, truth: Truth, period: Period, comparison: Comparison) -> None:
    sql = """
        SELECT t.unit_id, t.indicator, t.breakdown, t.span, t.value
        FROM core.rollups AS t
        JOIN core.unit_ancestors AS a ON a.period = t.period AND a.unit_id = t.unit_id AND a.distance = 0
        WHERE t.period = ? AND a.unit_tier <> 'commune'"""
    with open_reader(settings.warehouse) as connection:
        rows = connection.execute(sql, [period.key]).fetchall()
    for unit_id, indicator, breakdown, span, value in rows:
        known = truth.value(period.key, unit_id, indicator, breakdown, span)
        comparison.figures += 1
        if _differ(known, value):
            comparison.wrong_figures.append(f"{unit_id} {indicator} {breakdown} {span}: {value}, not {known}")


def _differ(known: Decimal | None, found: Decimal | None) -> bool:
    return (known is None) != (found is None) or (known is not None and found is not None and known != found)


def _compare_files(settings: Settings, truth: Truth, comparison: Comparison) -> None:
    with Ledger.open(settings.ledger) as ledger:
        digests = {
            str(ast.literal_eval(sighting.original)): sighting.sha256 for sighting in ledger.sightings()
        }
        verdicts = {verdict.sha256: verdict for verdict in ledger.latest_verdicts()}
    for file in truth.files:
        if file.verdict == "duplicate":
            continue  # the same bytes carry the verdict of their first arrival
        verdict = verdicts.get(digests.get(file.path, ""))
        if verdict is None or str(verdict.verdict) != file.verdict:
            comparison.wrong_verdicts.append(
                f"{file.path}: {verdict and verdict.verdict}, not {file.verdict}"
            )
            continue
        found = {(finding.code, finding.sheet, finding.cell) for finding in verdict.findings}
        for fault in file.faults:
            comparison.faults += 1
            if (fault.code, fault.sheet, fault.cell) not in found:
                comparison.missed_faults.append(f"{file.path}: {fault.code} {fault.sheet}!{fault.cell}")


def print_comparison(comparison: Comparison) -> None:
    """Say how the comparison came out."""
    if comparison.wrong_figures:
        say("demo.truth_bad", count=len(comparison.wrong_figures), example=comparison.wrong_figures[0])
    else:
        say("demo.truth_ok", count=comparison.figures)
    wrong = [*comparison.missed_faults, *comparison.wrong_verdicts]
    if wrong:
        say(
            "demo.faults_bad",
            found=comparison.faults - len(comparison.missed_faults),
            count=comparison.faults,
            example=wrong[0],
        )
    else:
        say("demo.faults_ok", count=comparison.faults)
