"""Published progress of plans is read as it was judged; what is overdue follows from the plan's date alone."""

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from ocop_pipeline.warehouse.figures import NotPublishedError
from ocop_pipeline.warehouse.progress import by_agency, newest_month, plan_targets, plan_tasks

_TABLES = """
    CREATE SCHEMA catalogue;
    CREATE SCHEMA marts;
    CREATE TABLE catalogue.periods AS SELECT '2019-12' AS period, DATE '2019-12-14' AS end_date;
    CREATE TABLE catalogue.units AS
        SELECT 'd1' AS unit_id, 'Huyện Một' AS full_name, 'district' AS tier,
            DATE '1900-01-01' AS valid_from, DATE '2025-06-30' AS valid_to;
    CREATE TABLE marts.report_status AS SELECT '2019-12' AS period;
    CREATE TABLE marts.plan_progress (
        period VARCHAR, plan VARCHAR, target VARCHAR, unit_id VARCHAR, plan_number VARCHAR, plan_name_vi VARCHAR,
        is_sample BOOLEAN, target_text_vi VARCHAR, indicator VARCHAR, breakdown VARCHAR, shape VARCHAR,
        bound_tier VARCHAR, planned_low DECIMAL(28, 4), planned_high DECIMAL(28, 4), base_value DECIMAL(28, 4),
        actual_value DECIMAL(28, 4), achieved_pct DECIMAL(28, 4), result VARCHAR, units_bound_count INTEGER,
        units_reached_count INTEGER, expected_count INTEGER, reported_count INTEGER, due_date DATE, unit_vi VARCHAR,
        position INTEGER);
    CREATE TABLE marts.task_progress (
        period VARCHAR, plan VARCHAR, task VARCHAR, unit_id VARCHAR, plan_number VARCHAR, plan_name_vi VARCHAR,
        is_sample BOOLEAN, task_text_vi VARCHAR, lead_agency VARCHAR, due_date DATE, task_state VARCHAR,
        progress_pct DECIMAL(28, 4), reports_count INTEGER, position INTEGER,
        not_started_count INTEGER, in_progress_count INTEGER, done_count INTEGER, cancelled_count INTEGER);
"""


@pytest.fixture
def warehouse():
    """Two plans of one district: own target and one for each commune; tasks with and without a date."""
    connection = duckdb.connect()
    connection.execute(_TABLES)
    head = ("2019-12", "a", "d1", "1/KH", "Kế hoạch A", False)

    def target(code, position, bound_tier, result, due):
        period, plan, unit, number, name, sample = head
        connection.execute(
            f"INSERT INTO marts.plan_progress VALUES ({', '.join('?' * 25)})",
            [period, plan, code, unit, number, name, sample, "ít nhất 03", "CT02", "", "at_least", bound_tier,
             Decimal(3), None, None, Decimal(2), Decimal("66.7"), result, 15, 2, 180, 168, due, "sản phẩm", position],
        )  # fmt: skip

    def task(plan, code, position, agency, due, state):
        connection.execute(
            f"INSERT INTO marts.task_progress VALUES ({', '.join('?' * 18)})",
            ["2019-12", plan, code, "d1", None, f"Kế hoạch {plan}", plan == "b", "làm", agency, due, state, None, 1,
             position, 3, 2, 1, 0],
        )  # fmt: skip

    target("M2", 2, "commune", "not_reached", date(2019, 12, 14))
    target("M1", 1, "", "not_due", date(2020, 12, 14))
    task("b", "NV01", 1, "Phòng B", None, "not_started")
    task("a", "NV01", 1, "Phòng B", date(2019, 12, 13), "in_progress")
    task("a", "NV02", 2, None, date(2019, 12, 13), "done")
    task("a", "NV03", 3, "Phòng A", date(2019, 12, 14), "not_started")
    task("a", "NV04", 4, "Phòng B", date(2019, 6, 1), None)
    task("a", "NV05", 5, "Phòng B", date(2019, 6, 1), "cancelled")
    yield connection
    connection.close()


def test_targets_come_in_the_plans_order_with_their_tier(warehouse):
    """A target of the plan's own unit has that unit's tier; one for each commune says commune and each."""
    first, second = plan_targets(warehouse, "2019-12")
    assert [(t.target, t.bound_tier, t.each) for t in (first, second)] == [
        ("M1", "district", False), ("M2", "commune", True),
    ]  # fmt: skip
    assert (second.actual, second.units_bound, second.units_reached) == (Decimal(2), 15, 2)
    assert (second.expected, second.reported, second.map_date) == (180, 168, date(2019, 12, 14))
    assert (first.is_missed, second.is_missed) == (False, True)


def test_a_task_says_how_many_reports_tell_each_state(warehouse):
    """One state hides how many units are late: the number of reports in each stands beside it."""
    task = plan_tasks(warehouse, "2019-12", "a")[0]
    assert task.states == {"not_started": 3, "in_progress": 2, "done": 1, "cancelled": 0}


def test_overdue_needs_a_date_that_has_passed_and_no_end(warehouse):
    """Not overdue: no date, the last day itself, done, cancelled. Silence about a task is no end of it."""
    tasks = plan_tasks(warehouse, "2019-12")
    assert [(task.plan, task.task) for task in tasks if task.is_overdue] == [("a", "NV01"), ("a", "NV04")]


def test_tasks_stand_under_who_leads_them(warehouse):
    """Agencies in the order in which the plan names them; tasks of nobody under a blank."""
    found = by_agency(plan_tasks(warehouse, "2019-12", "a"))
    assert {agency: [task.task for task in led] for agency, led in found.items()} == {
        "Phòng B": ["NV01", "NV04", "NV05"], "": ["NV02"], "Phòng A": ["NV03"],
    }  # fmt: skip


def test_one_plan_is_read_alone(warehouse):
    """A plan without targets has none, and no other plan's."""
    assert plan_targets(warehouse, "2019-12", "b") == []
    assert [task.plan for task in plan_tasks(warehouse, "2019-12", "b")] == ["b"]


def test_samples_come_last(warehouse):
    """A made-up plan stands after the real ones."""
    assert [task.plan for task in plan_tasks(warehouse, "2019-12")][-1] == "b"


def test_a_month_that_was_not_run_is_refused(warehouse):
    """No rows because nothing ran is not the same as no rows because no plan is in force."""
    with pytest.raises(NotPublishedError):
        plan_targets(warehouse, "2019-11")
    with pytest.raises(NotPublishedError):
        plan_tasks(warehouse, "2019-11")
    assert newest_month(warehouse) == "2019-12"
    warehouse.execute("DELETE FROM marts.report_status")
    with pytest.raises(NotPublishedError):
        newest_month(warehouse)
