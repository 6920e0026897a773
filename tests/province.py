"""One small province run from files to documents, shared by the tests that look at what came of it."""

from dataclasses import dataclass
from pathlib import Path

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.generator import Options, Truth, generate
from ocop_pipeline.runs import RunOutcome, run_month
from ocop_pipeline.settings import Settings, load_settings


@dataclass(frozen=True)
class Province:
    """A deployment that has run one month, and what the generator knew beforehand."""

    settings: Settings
    truth: Truth
    outcome: RunOutcome
    period: Period


def run_province(catalogue: Catalogue, folder: Path, code: str, month: str, **wishes) -> Province:
    """Generate a province's inbox in a fresh deployment and run the month."""
    site = folder / "site"
    site.mkdir(parents=True)
    (site / "ocop.toml").write_text(
        f'scope = ["{code}"]\ntrust_file_times = true\nsettle_seconds = 0\n', encoding="utf-8"
    )
    settings = load_settings(site, site / "state", {})
    settings.inbox.mkdir(parents=True)
    truth = generate(catalogue, Options(code, month, **wishes), settings.inbox)
    return Province(settings, truth, run_month(settings, month), Period(month))
