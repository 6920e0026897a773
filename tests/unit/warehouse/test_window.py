"""Which months a run publishes, and which it only stages because a list counts from them."""

from types import SimpleNamespace

import duckdb
import pytest

from ocop_pipeline.quality.contracts import Months
from ocop_pipeline.warehouse.publish import set_run_periods
from ocop_pipeline.warehouse.raw import prepare_raw
from ocop_pipeline.warehouse.window import (
    RunMonths,
    known_months,
    mark_published,
    months_written,
    run_months,
    set_months,
    set_window,
)

VERSION = "v1"


@pytest.fixture
def connection():
    """A warehouse nothing was sent to."""
    with duckdb.connect() as opened:
        prepare_raw(opened)
        yield opened


def _sent(connection, submission_id, period, *, is_list=False, verdict="accepted"):
    connection.execute(
        "INSERT INTO raw.submissions BY NAME SELECT ? AS submission_id, ? AS period, ? AS verdict",
        [submission_id, period, verdict],
    )
    if is_list:
        connection.execute(
            "INSERT INTO raw.imports BY NAME SELECT ? AS submission_id, ? AS period", [submission_id, period]
        )


def _contract(table, months=Months.WINDOW):
    return SimpleNamespace(table=table, months=months)


def test_lists_of_eight_years_are_staged_and_no_month_of_theirs_is_published(connection):
    """Taking over old decisions makes no month in which reports would be missing, last year's included."""
    for year in range(2018, 2026):
        _sent(connection, f"qd-{year}", f"{year}-06", is_list=True)
    assert run_months(connection, "2026-11", VERSION) == RunMonths(
        ("2026-11",), tuple(f"{year}-06" for year in range(2018, 2026))
    )
    assert known_months(connection, "2026-11") == ("2025-11", "2026-11")


def test_a_month_with_reports_is_published_whatever_lists_it_has(connection):
    """A list in a month somebody reported in moves that month's figures; one report is enough."""
    _sent(connection, "report", "2025-06")
    _sent(connection, "qd-1", "2025-06", is_list=True)
    _sent(connection, "qd-2", "2025-07", is_list=True)
    _sent(connection, "returned", "2025-08", verdict="returned")
    _sent(connection, "later", "2026-12", is_list=True)
    assert run_months(connection, "2026-11", VERSION) == RunMonths(
        ("2025-06", "2025-11", "2026-11"), ("2025-07",)
    )


def test_a_new_list_of_an_old_month_publishes_the_months_with_reports_again(connection):
    """An event decided years ago moves every stock since, so what stands is published anew; once only."""
    _sent(connection, "report", "2026-09")
    run_months(connection, "2026-10", VERSION)
    mark_published(connection, "2026-10", VERSION)
    assert run_months(connection, "2026-10", VERSION) == RunMonths(("2026-10",))
    _sent(connection, "qd-2019", "2019-05", is_list=True)
    assert run_months(connection, "2026-10", VERSION) == RunMonths(("2026-09", "2026-10"), ("2019-05",))


def test_only_staging_is_written_for_months_of_lists(connection):
    """Models of staging read the lines of all months, the others make the published months alone."""
    set_window(connection, RunMonths(("2025-11", "2026-10", "2026-11"), ("2019-05",)))
    staged = set_months(connection, _contract("staging.register_rows"), "2026-11")
    assert staged == ("2019-05", "2025-11", "2026-10", "2026-11")
    assert set_months(connection, _contract("core.expected_reports"), "2026-11") == (
        "2025-11",
        "2026-10",
        "2026-11",
    )
    target = set_months(connection, _contract("marts.report_status", Months.TARGET), "2026-11")
    assert target == ("2025-11", "2026-11")
    stored = connection.execute("SELECT period FROM meta.run_periods ORDER BY 1").fetchall()
    assert stored == [("2025-11",), ("2026-11",)]


def test_a_table_of_the_target_finds_the_year_before_each_of_its_months():
    """What the target's months are compared with is made as well, where the run has it; other months are not."""
    window = ("2023-11", "2024-10", "2024-11", "2025-11", "2026-10", "2026-11")
    assert months_written(Months.COMPARED, "2026-11", window) == ("2024-11", "2025-11", "2026-11")
    assert months_written(Months.COMPARED, "2026-11", ("2026-11",)) == ("2026-11",)
    assert months_written(Months.TARGET, "2026-11", window) == ("2025-11", "2026-11")
    assert months_written(Months.WINDOW, "2026-11", window) == window


def test_the_planner_knows_how_few_months_a_run_has(connection):
    """However often the months were set before, no deleted ones are counted: joins begin with them."""
    for _ in range(50):
        set_run_periods(connection, ["2026-10", "2026-11"])
    plan = connection.execute("EXPLAIN SELECT * FROM meta.run_periods").fetchall()[0][1]
    assert "~2 rows" in plan
