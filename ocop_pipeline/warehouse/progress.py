"""Published progress of plans: targets against what was done, tasks with their state: what `ocop plan status` answers.

Belongs here: reading the two marts and the units they are of. What is reached is judged in the models; who is late,
by the due date of the plan and the closing day of the month, is said here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from ocop_pipeline.domain.plans import is_overdue
from ocop_pipeline.warehouse.figures import NotPublishedError

NOT_REACHED = "not_reached"

_TARGETS = """
    SELECT
        t.plan, t.plan_number, t.plan_name_vi, t.is_sample, t.unit_id, u.full_name, u.tier, t.target, t.target_text_vi,
        t.indicator, t.breakdown, t.shape, COALESCE(NULLIF(t.bound_tier, ''), u.tier), t.bound_tier <> '', t.unit_vi,
        t.planned_low, t.planned_high, t.base_value, t.actual_value, t.achieved_pct, t.result, t.units_bound_count,
        t.units_reached_count, t.expected_count, t.reported_count, t.due_date, p.end_date
    FROM marts.plan_progress AS t
    JOIN catalogue.periods AS p ON p.period = t.period
    JOIN catalogue.units AS u ON u.unit_id = t.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
    WHERE t.period = $period AND ($plan IS NULL OR t.plan = $plan)
    ORDER BY t.is_sample, t.plan, t.position
"""

_TASKS = """
    SELECT
        t.plan, t.plan_number, t.plan_name_vi, t.is_sample, t.unit_id, u.full_name, u.tier, t.task, t.task_text_vi,
        COALESCE(t.lead_agency, ''), t.task_state, t.progress_pct, t.reports_count, t.due_date, p.end_date,
        t.not_started_count, t.in_progress_count, t.done_count, t.cancelled_count
    FROM marts.task_progress AS t
    JOIN catalogue.periods AS p ON p.period = t.period
    JOIN catalogue.units AS u ON u.unit_id = t.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
    WHERE t.period = $period AND ($plan IS NULL OR t.plan = $plan)
    ORDER BY t.is_sample, t.plan, t.position
"""


_TASK_REPORTS = """
    SELECT
        e.plan, e.task, e.unit_id, u.full_name, COALESCE(g.name_vi, ''), e.task_state, e.progress_pct, t.due_date,
        p.end_date, e.submission_id
    FROM core.task_reports AS e
    JOIN marts.task_progress AS t ON t.period = e.period AND t.plan = e.plan AND t.task = e.task
    JOIN catalogue.periods AS p ON p.period = e.period
    JOIN catalogue.units AS u ON u.unit_id = e.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
    LEFT JOIN catalogue.agencies AS g ON g.agency = e.agency
    WHERE e.period = $period AND UPPER(e.task) = UPPER($task) AND ($plan IS NULL OR e.plan = $plan)
    ORDER BY
        t.is_sample, e.plan,
        CASE e.task_state WHEN 'not_started' THEN 1 WHEN 'in_progress' THEN 2 WHEN 'done' THEN 4 WHEN 'cancelled' THEN 5
            ELSE 3 END,
        u.code, e.agency
"""


@dataclass(frozen=True, slots=True)
class PlanTarget:
    """A target of a plan in force, at the end of a month.

    Attributes:
        bound_tier: Tier of the units whose value must reach it.
        each: Whether it binds every unit of that tier; `actual` then counts those that reach it, `base` all of them
            (a target of words has one value, that of the plan's own unit).
        low, high: What is planned, in `unit_vi`; None for a target of words.
        base: What a percentage is of; None where there is none.
        actual: What was done, in `unit_vi`; None when no report gave it.
        achieved_pct: `actual` of what is enough, in percent.
        result: reached, not_reached, not_due, no_data or not_measured.
        expected, reported: Reports from which the value was expected, and those that gave it.
        map_date: Day of the map of units the value is on.
    """

    plan: str
    plan_number: str | None
    plan_name: str
    is_sample: bool
    unit_id: str
    unit_name: str
    tier: str
    target: str
    text: str
    indicator: str | None
    breakdown: str
    shape: str
    bound_tier: str
    each: bool
    unit_vi: str | None
    low: Decimal | None
    high: Decimal | None
    base: Decimal | None
    actual: Decimal | None
    achieved_pct: Decimal | None
    result: str
    units_bound: int
    units_reached: int
    expected: int | None
    reported: int | None
    due_date: date
    map_date: date

    @property
    def is_missed(self) -> bool:
        """Whether it is due and not reached."""
        return self.result == NOT_REACHED


@dataclass(frozen=True, slots=True)
class PlanTask:
    """A task of a plan in force, as the reports of a month describe it.

    Attributes:
        lead_agency: Who is in charge, as the plan names it; blank where it names nobody.
        state: Least advanced state told: not_started, in_progress, done or cancelled; None when nobody spoke of it.
        progress_pct: Mean of the percentages told.
        reports: Reports that spoke of it.
        due_date: None where the plan sets none.
        as_of: Closing day of the month.
        not_started, in_progress, done, cancelled: Reports that tell each state (a report's least advanced line).
    """

    plan: str
    plan_number: str | None
    plan_name: str
    is_sample: bool
    unit_id: str
    unit_name: str
    tier: str
    task: str
    text: str
    lead_agency: str
    state: str | None
    progress_pct: Decimal | None
    reports: int
    due_date: date | None
    as_of: date
    not_started: int
    in_progress: int
    done: int
    cancelled: int

    @property
    def states(self) -> dict[str, int]:
        """How many reports tell each state, the least advanced first."""
        return {
            "not_started": self.not_started, "in_progress": self.in_progress, "done": self.done,
            "cancelled": self.cancelled,
        }  # fmt: skip

    @property
    def is_overdue(self) -> bool:
        """Whether the plan's own date has passed and no report says it is finished. No date, never overdue."""
        return is_overdue(self.due_date, self.as_of, self.state)


@dataclass(frozen=True, slots=True)
class TaskReport:
    """What one report of a month says of a task.

    Attributes:
        unit_id, unit_name: Who reported, by the name on the closing day.
        agency: Name of the department that reported; blank for the unit itself.
        state: not_started, in_progress, done or cancelled; None where the report names the task without a state.
        progress_pct: As told, in percent; None where it is not.
        due_date: None where the plan sets none.
        as_of: Closing day of the month.
    """

    plan: str
    task: str
    unit_id: str
    unit_name: str
    agency: str
    state: str | None
    progress_pct: Decimal | None
    due_date: date | None
    as_of: date
    submission_id: str

    @property
    def is_overdue(self) -> bool:
        """Whether the plan's own date has passed and this report does not say it is finished."""
        return is_overdue(self.due_date, self.as_of, self.state)


def newest_month(connection: duckdb.DuckDBPyConnection) -> str:
    """Key of the newest month that has been run.

    Raises:
        NotPublishedError: none has.
    """
    row = connection.execute("SELECT MAX(period) FROM marts.report_status").fetchone()
    if row is None or row[0] is None:
        raise NotPublishedError("no month has been run")
    return str(row[0])


def plan_targets(
    connection: duckdb.DuckDBPyConnection, period: str, plan: str | None = None
) -> list[PlanTarget]:
    """Every target of the plans in force, or of one of them, in the order of the plans."""
    _published(connection, period)
    rows = connection.execute(_TARGETS, {"period": period, "plan": plan}).fetchall()
    return [PlanTarget(*row) for row in rows]


def plan_tasks(connection: duckdb.DuckDBPyConnection, period: str, plan: str | None = None) -> list[PlanTask]:
    """Every task of the plans in force, or of one of them, in the order of the plans."""
    _published(connection, period)
    rows = connection.execute(_TASKS, {"period": period, "plan": plan}).fetchall()
    return [PlanTask(*row) for row in rows]


def task_reports(
    connection: duckdb.DuckDBPyConnection, period: str, task: str, plan: str | None = None
) -> list[TaskReport]:
    """What each report says of a task, of every plan in force that has one of that code, or of one plan.

    Returns:
        The reports in the order of plan, state (least advanced first, untold last) and code of the unit.
    """
    _published(connection, period)
    rows = connection.execute(_TASK_REPORTS, {"period": period, "plan": plan, "task": task}).fetchall()
    return [TaskReport(*row) for row in rows]


def by_agency(tasks: Iterable[PlanTask]) -> dict[str, list[PlanTask]]:
    """Tasks by who leads them, in the order in which the plans first name them; those of nobody under a blank."""
    found: dict[str, list[PlanTask]] = {}
    for task in tasks:
        found.setdefault(task.lead_agency, []).append(task)
    return found


def _published(connection: duckdb.DuckDBPyConnection, period: str) -> None:
    """Refuse a month that has not been run: a month without plans has no rows either.

    Raises:
        NotPublishedError: the month has not been run.
    """
    if not connection.execute(
        "SELECT 1 FROM marts.report_status WHERE period = ? LIMIT 1", [period]
    ).fetchone():
        raise NotPublishedError(f"no month {period} has been run")
