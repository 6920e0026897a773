"""What the benchmarks run on: generated provinces and fresh deployments."""

from pathlib import Path

from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.generator import NATION_CODE, Options, Truth, generate
from ocop_pipeline.settings import Settings, load_settings

LAM_DONG = "68"
MONTH = "2026-10"


def deployment(folder: Path, scope: str) -> Settings:
    """A fresh site and state folder."""
    site = folder / "site"
    site.mkdir(parents=True)
    text = f'scope = ["{scope}"]\ntrust_file_times = true\nsettle_seconds = 0\n'
    (site / "ocop.toml").write_text(text, encoding="utf-8")
    settings = load_settings(site, site / "state", {})
    settings.inbox.mkdir(parents=True)
    return settings


def fill(settings: Settings, code: str, month: str = MONTH, share: float = 1.0) -> Truth:
    """Write one sound month of a province, or of the country under `VN`, into an inbox."""
    return generate(
        load_catalogue(), Options(code, month, faults="none", share=share, workers=2), settings.inbox
    )


def workbooks(folder: Path, count: int) -> list[Path]:
    """At least `count` sound workbooks of communes; exactly that many of them are given."""
    folder.mkdir(parents=True)
    generate(
        load_catalogue(), Options(NATION_CODE, MONTH, faults="none", share=count / 3000, workers=2), folder
    )
    found = sorted(path for path in folder.rglob("*.xlsx"))
    if len(found) < count:
        raise RuntimeError(f"only {len(found)} workbooks were generated")
    for surplus in found[count:]:
        surplus.unlink()
    return found[:count]
