"""What every test may use: the shipped catalogue, and two provinces that have been run once a session."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from ocop_pipeline.catalogue import Catalogue, load_catalogue
from tests.province import Province, run_province

# One commit has one verdict: laws are tried on the same examples each time. `make fuzz` looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("fuzz", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("repeatable")

# Lai Châu has the fewest communes of today's provinces (38); its map of early 2025 had three tiers.
SMALL_PROVINCE = "12"


# What says whose folders a process works in; no test may find the developer's, nor those of a test before it.
_OF_A_DEPLOYMENT = ("DAGSTER_HOME", "OCOP_SITE", "OCOP_STATE")


def pytest_configure() -> None:
    """Forget the deployment of the shell the tests are started from."""
    for name in _OF_A_DEPLOYMENT:
        os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def _leaves_no_deployment() -> Iterator[None]:
    """A test that left its folders in the environment would have the next one write into them: it fails, and alone."""
    yield
    left = [name for name in _OF_A_DEPLOYMENT if os.environ.pop(name, None) is not None]
    assert not left, f"left in the environment: {', '.join(left)}"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    return load_catalogue()


@pytest.fixture(scope="session")
def province(catalogue, tmp_path_factory) -> Province:
    """A two-tier month with planted faults and two months of history."""
    folder = tmp_path_factory.mktemp("province")
    faults = {
        "missing": 2, "late": 1, "corrected": 1, "corrected_bad": 1, "wrong_total": 1, "text_in_number": 1,
        "wrong_unit_code": 1, "register_mismatch": 1, "duplicate_bytes": 1, "truncated": 1, "uncomputed": 1,
    }  # fmt: skip
    history = ("2025-10", "2026-09")
    return run_province(catalogue, folder, SMALL_PROVINCE, "2026-10", faults=faults, history=history)


@pytest.fixture(scope="session")
def three_tier_province(catalogue, tmp_path_factory) -> Province:
    """A month of early 2025, when districts reported too."""
    folder = tmp_path_factory.mktemp("three_tiers")
    faults = {"missing": 2, "wrong_total": 1}
    return run_province(catalogue, folder, SMALL_PROVINCE, "2025-05", faults=faults, share=0.6)


def pytest_unconfigure() -> None:
    """Take Hypothesis's clock off the garbage collector, which would hold it, and all it refers to, beyond the modules.

    DuckDB's binding then reports its own types and functions as leaked at exit, hundreds of lines after a good run.
    """
    gc.callbacks.clear()
