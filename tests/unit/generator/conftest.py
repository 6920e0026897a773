"""One catalogue and a few small countries, generated once for all tests of this folder."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.generator import Options, Truth, generate
from tests.unit.generator.reading import ReadBack


@dataclass(frozen=True)
class Country:
    """A generated country with what is known of it."""

    options: Options
    inbox: Path
    truth: Truth = field(repr=False)
    opened: dict[str, ReadBack] = field(default_factory=dict, repr=False)

    def path(self, name: str) -> Path:
        """The file of a path in the truth."""
        return self.inbox / name


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    return load_catalogue()


def _country(catalogue: Catalogue, inbox: Path, options: Options) -> Country:
    return Country(options, inbox, generate(catalogue, options, inbox))


@pytest.fixture(scope="session")
def demo(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Country:
    """Lâm Đồng of 124 communes in October 2026 with the faults of the demonstration, and the month before."""
    options = Options("68", "2026-10", history=("2026-09",))
    return _country(catalogue, tmp_path_factory.mktemp("demo"), options)


@pytest.fixture(scope="session")
def three_tiers(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Country:
    """A third of the communes of the old Lâm Đồng, with its districts, in April and May 2025, all sound."""
    options = Options("68", "2025-05", share=0.3, history=("2025-04",), faults="none", history_format="xlsx")
    return _country(catalogue, tmp_path_factory.mktemp("three_tiers"), options)
