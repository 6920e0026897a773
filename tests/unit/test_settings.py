"""Whose folders a process works in: what is given by hand, the environment, the file, in that order."""

import os

import pytest

from ocop_pipeline.settings import load_settings, process_prepared


@pytest.fixture
def folders(tmp_path):
    """Two sites, and the state of the first, which lies elsewhere."""
    sites = [tmp_path / name for name in ("lai-chau", "lam-dong")]
    for site in sites:
        site.mkdir()
    return *sites, tmp_path / "var"


def test_the_environment_says_where_a_deployment_lies(folders):
    """A service's unit file names both folders."""
    site, _, state = folders
    settings = load_settings(environment={"OCOP_SITE": str(site), "OCOP_STATE": str(state)})
    assert (settings.site, settings.state) == (site, state)


def test_the_environments_state_goes_with_a_site_given_by_hand_where_it_names_no_other(folders):
    """`--site` repeats what the environment says, or the environment names only the state."""
    site, _, state = folders
    for environment in ({"OCOP_STATE": str(state)}, {"OCOP_STATE": str(state), "OCOP_SITE": str(site)}):
        assert load_settings(site, environment=environment).state == state


def test_another_site_given_by_hand_does_not_write_into_the_first_ones_state(folders):
    """Two provinces' submissions in one archive would be a wrong total for both."""
    site, other, state = folders
    settings = load_settings(other, environment={"OCOP_SITE": str(site), "OCOP_STATE": str(state)})
    assert settings.state == other / "state"


def test_what_is_given_by_hand_wins(folders):
    """`--state` is meant, whatever the environment says."""
    site, other, state = folders
    settings = load_settings(
        other, state, environment={"OCOP_SITE": str(site), "OCOP_STATE": str(site / "state")}
    )
    assert (settings.site, settings.state) == (other, state)


def test_a_run_leaves_the_environment_as_it_was(folders, monkeypatch):
    """What runs in this process after a month must not take its deployment for its own."""
    site, other, _ = folders
    monkeypatch.setenv("OCOP_SITE", str(other))
    with process_prepared(load_settings(site)):
        assert os.environ["OCOP_SITE"] == str(site)
        assert os.environ["OCOP_STATE"] == str(site / "state")
    assert os.environ["OCOP_SITE"] == str(other)
    assert "OCOP_STATE" not in os.environ
    assert "DAGSTER_HOME" not in os.environ
    monkeypatch.undo()
