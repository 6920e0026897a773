"""The code location: it loads, its graph is the one on paper, and it starts runs for the right month."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.checks import shown_name
from ocop_pipeline.definitions import build_definitions
from ocop_pipeline.quality.contracts import Check, CheckSeverity
from ocop_pipeline.settings import environment_for_telemetry_off, load_settings

GRAPH = Path(__file__).with_name("graph.txt")


@pytest.fixture(scope="module")
def definitions(tmp_path_factory, catalogue):
    """The whole graph on an empty deployment."""
    site = tmp_path_factory.mktemp("site")
    return build_definitions(load_settings(site, site / "state", {}), catalogue)


def _graph(definitions) -> str:
    lines = []
    graph = definitions.resolve_asset_graph()
    for key in sorted(graph.get_all_asset_keys(), key=lambda key: key.to_user_string()):
        node = graph.get(key)
        parents = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        checks = ", ".join(sorted(check.name for check in node.check_keys))
        lines.append(f"{key.to_user_string()} <- {parents or '-'} | {checks or '-'}")
    return "\n".join(lines) + "\n"


def test_the_graph_is_the_one_on_paper(definitions):
    """Assets, what they depend on and their checks; a change of wiring is a readable diff of graph.txt."""
    found = _graph(definitions)
    if os.environ.get("UPDATE_GRAPH"):
        GRAPH.write_text(found, encoding="utf-8")
    assert found == GRAPH.read_text(encoding="utf-8")


def test_checks_are_short_and_say_what_they_promise(definitions):
    """An operator reads each name on one line and a sentence beside it; a name stands once in an asset."""
    specs = [spec for asset in definitions.assets for spec in asset.check_specs]
    assert len({spec.key for spec in specs}) == len(specs) > 100
    assert max(len(spec.name) for spec in specs) <= 30
    assert not [spec.key for spec in specs if not (spec.description or "").endswith(".")]
    words = {spec.key.to_user_string(): spec.description for spec in specs}
    assert words["core/coverage:grain"].startswith("What one row is: period, unit_id, form.")
    assert words["core/coverage:expected_over_accepted"] == "expected_count is at least accepted_count."
    assert words["core/coverage:expected_count_between"] == "expected_count is at least 1."
    assert words["core/coverage:coverage_adds_up"].startswith(
        "No row may be found. Coverage rows whose parts do not"
    )


def test_a_name_that_a_contract_gives_is_kept():
    """Only the long default of an expectation is shortened; what a check is kept under does not change."""
    check = Check(
        "due_in_time", CheckSeverity.WARNING, "column_values_to_not_be_null", {"column": "due_date"}
    )
    assert shown_name(check) == "due_in_time"
    assert shown_name(replace(check, name=check.default_name)) == "due_date_not_null"
    assert check.default_name == "column_values_to_not_be_null_due_date"


def test_every_asset_is_partitioned_by_month(definitions):
    """By period only: the unit is a column, never a partition."""
    graph = definitions.resolve_asset_graph()
    partitions = {
        tuple(graph.get(key).partitions_def.get_partition_keys()) for key in graph.get_all_asset_keys()
    }
    assert len(partitions) == 1
    assert "2026-10" in partitions.pop()


def test_the_schedule_runs_the_month_that_closed(definitions):
    """Early after the last sender's deadline, Vietnamese time, for the month closed on the 14th."""
    schedule = definitions.resolve_schedule_def("monthly")
    assert schedule.execution_timezone == "Asia/Ho_Chi_Minh"
    context = dg.build_schedule_context(
        repository_def=definitions.get_repository_def(),
        scheduled_execution_time=datetime(2026, 10, 18, 23, 0, tzinfo=UTC),
    )
    (request,) = schedule.evaluate_tick(context).run_requests
    assert request.partition_key == "2026-10"


def test_models_carry_column_lineage(definitions):
    """Each column of a model names the columns it comes from."""
    metadata = definitions.resolve_asset_graph().get(dg.AssetKey(["marts", "indicator_summary"])).metadata
    lineage = metadata["dagster/column_lineage"].deps_by_column
    assert {dep.asset_key.to_user_string() for dep in lineage["month_value"]} >= {"core/rollups"}


def test_telemetry_is_off():
    """Neither Dagster nor Great Expectations reports anything to anybody."""
    assert environment_for_telemetry_off() == {
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }
