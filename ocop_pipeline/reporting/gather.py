"""Everything a report needs, read from the published tables once, as plain frozen data.

Here: the queries and the shapes they fill. Not here: words, rounding, comparison, layout; after `gather` no
SQL runs. It reads through a function, so that nothing here knows which engine answers.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from ocop_pipeline.catalogue import Agency, Catalogue
from ocop_pipeline.catalogue.forms import FUNDING_FIELDS
from ocop_pipeline.domain.forms import Form
from ocop_pipeline.domain.indicators import Indicator
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import UnitVersion
from ocop_pipeline.reporting.group_series import DIMENSION, STATES, GroupSeries, group_series
from ocop_pipeline.reporting.query import Query
from ocop_pipeline.reporting.register_data import RegisterData, gather_register

Key = tuple[str, str, str]
"""(unit_id, indicator, breakdown)."""

COMMUNE_FORM: Final = "OCOP-XA"
"""The form that carries the register: what is counted from the register is asked of its senders."""


class NoFiguresError(LookupError):
    """Nothing is published for this unit and month."""


@dataclass(frozen=True, slots=True)
class LikeForLike:
    """A figure and the same a year before, both of the reporters that gave it both times, and how many they are."""

    value: Decimal
    last_year: Decimal
    reporters: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One published figure of one unit over all spans, with the reports behind it.

    What was reported on another map of units is restated on the report's; `*_estimated` is what of it is an estimate.
    `*_state` is what there is to say of a span (`core.rollups.figure_state`); None where nothing is known of it.
    """

    month: Decimal | None
    quarter: Decimal | None
    year: Decimal | None
    last_month: Decimal | None
    last_year: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    expected: int
    reported: int
    nothing: int
    blank: int
    not_collected: int
    year_expected: int | None
    year_reported: int | None
    last_month_expected: int | None
    last_month_reported: int | None
    last_year_expected: int | None
    last_year_reported: int | None
    month_estimated: Decimal | None = None
    quarter_estimated: Decimal | None = None
    year_estimated: Decimal | None = None
    last_month_estimated: Decimal | None = None
    last_year_estimated: Decimal | None = None
    like_month: LikeForLike | None = None
    like_year: LikeForLike | None = None
    month_state: str | None = None
    quarter_state: str | None = None
    year_state: str | None = None
    last_month_state: str | None = None
    last_year_state: str | None = None


@dataclass(frozen=True, slots=True)
class FormCoverage:
    """How many reports of one form were asked of the unit and all below it, and what came of them."""

    form: str
    form_name: str
    by_agency: bool
    sender_tier: str
    expected: int
    accepted: int
    returned: int
    missing: int
    late: int


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """One expected report: who owes it, and what has come."""

    form: str
    unit_id: str
    agency: str
    unit_full_name: str
    agency_name: str
    status: str
    due_date: date | None
    first_received_at: datetime | None
    is_late: bool
    has_returned_correction: bool
    submission_id: str

    @property
    def sender(self) -> str:
        """Who owes the report, as people call it."""
        return self.agency_name or self.unit_full_name


@dataclass(frozen=True, slots=True)
class Recognition:
    """One product recognised within the month."""

    product_name: str
    producer_name: str
    producer_type: str
    product_group: str
    unit_full_name: str
    star: str
    recognition_kind: str
    issuing_body: str
    decision_no: str
    decision_date: date
    expiry_date: date | None


@dataclass(frozen=True, slots=True)
class Remark:
    """What a report said in its own words."""

    kind: str
    sender: str
    by_agency: bool
    text: str


@dataclass(frozen=True, slots=True)
class TargetProgress:
    """A target of a plan against what was done."""

    plan: str
    plan_number: str
    plan_name: str
    is_sample: bool
    target: str
    text: str
    indicator: str
    breakdown: str
    shape: str
    bound_tier: str
    planned_low: Decimal | None
    planned_high: Decimal | None
    base_value: Decimal | None
    actual_value: Decimal | None
    achieved_pct: Decimal | None
    result: str
    units_bound: int
    units_reached: int
    expected: int
    reported: int
    due_date: date | None
    unit: str


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """A duty of a plan as the reports of the month describe it."""

    plan: str
    plan_number: str
    plan_name: str
    is_sample: bool
    task: str
    text: str
    lead_agency: str
    due_date: date | None
    state: str
    progress_pct: Decimal | None
    reports: int
    states: tuple[tuple[str, int], ...]
    """How many reports tell each state that is told at all, the least advanced first."""


@dataclass(frozen=True, slots=True)
class MonthCoverage:
    """One month of the year to date that is in the warehouse."""

    period: str
    expected: int
    accepted: int


@dataclass(frozen=True)
class ReportData:
    """The content of one report on one unit and one month.

    Attributes:
        unit: The unit, as it stood on the last day of the month.
        parent: The unit above it, if any.
        period: The month.
        below: The units below it, districts each followed by their communes, in the order of their codes.
        months: The months of the year to date that are published for this unit, in order.
        indicators: The indicators of the catalogue by code, in their order.
        sections: Names of the indicators' sections by code.
        splits: (indicator, dimension) -> (code, name) pairs in force in the month; funding as `source` and
            `content`.
        names: (list, code) -> name, for every code a row may carry.
        groups: Which series by product group join over the spans the report adds up and compares.
        askers: Indicator -> the forms that ask for it in this month.
        agencies: Departments by the code and name of that time.
        summaries: Figures of the unit and of every unit below it.
        coverage: Per form.
        statuses: Every expected report of the unit and below.
        products: Products recognised within the month.
        register: The register: balance, counts of its annexes, products.
        remarks: What the reports said in their own words.
        targets: Targets of the plans that bind the unit.
        tasks: Duties of those plans.
        submissions: Ids of the accepted submissions behind the month and the year to date.
        month_submissions: How many of them are of the month itself.
        catalogue_digest: Names the exact catalogue.
        map_changes: Days since which some ground of the unit's belongs to another unit than in the earliest month the
            report compares with.
        map_day: Day whose map the figures are on, where that is not the month's own; None where it is.
        weights: By what figures of divided units were shared out for this report: codes of the list `weighed_by`.
    """

    unit: UnitVersion
    parent: UnitVersion | None
    period: Period
    below: tuple[UnitVersion, ...]
    months: tuple[MonthCoverage, ...]
    indicators: Mapping[str, Indicator]
    sections: Mapping[str, str]
    splits: Mapping[tuple[str, str], tuple[tuple[str, str], ...]]
    names: Mapping[tuple[str, str], str]
    groups: GroupSeries
    askers: Mapping[str, frozenset[str]]
    agencies: tuple[Agency, ...]
    summaries: Mapping[Key, Summary]
    coverage: tuple[FormCoverage, ...]
    statuses: tuple[ReportStatus, ...]
    products: tuple[Recognition, ...]
    register: RegisterData
    remarks: tuple[Remark, ...]
    targets: tuple[TargetProgress, ...]
    tasks: tuple[TaskProgress, ...]
    submissions: tuple[str, ...]
    month_submissions: int
    catalogue_digest: str
    map_changes: tuple[date, ...] = ()
    map_day: date | None = None
    weights: tuple[str, ...] = ()

    @cached_property
    def last_year(self) -> str:
        """Key of the same month of the year before."""
        return self.period.same_last_year().key

    def summary(self, indicator: str, breakdown: str = "", unit_id: str | None = None) -> Summary | None:
        """The figure of a unit (the report's own by default); None where nothing asks for it there."""
        return self.summaries.get((unit_id or self.unit.unit_id, indicator, breakdown))


def gather(
    query: Query,
    catalogue: Catalogue,
    unit_id: str,
    period: Period,
    below: Collection[tuple[str, str]] | None = None,
    on_map: date | None = None,
) -> ReportData:
    """Read everything a monthly report on a unit prints.

    Args:
        query: Runs a SELECT on the published warehouse.
        catalogue: The catalogue the warehouse was built with.
        unit_id: Our id of the unit.
        period: A month.
        below: (indicator, breakdown) pairs wanted of the units below (`ReportSpec.unit_lines`); all when
            None. A province has ten times more figures below it than its report prints.
        on_map: Day whose map the figures of `query` are on; None for the month's own (`warehouse.other_map`).

    Returns:
        The data, with nothing rounded and nothing added up here: each total is the warehouse's own.

    Raises:
        UnknownUnitError: no such unit on the last day of the month.
        NoFiguresError: nothing is published for the unit and month.
    """
    on = period.end
    map_day = on_map or on
    unit = catalogue.units.get(unit_id, map_day)
    coverage = _coverage(query, catalogue, unit_id, period)
    if not coverage:
        raise NoFiguresError(f"nothing is published for {unit.full_name} ({unit_id}) in {period.key}")
    above = catalogue.units.ancestors(unit_id, map_day)
    units_below = _below(query, catalogue, unit_id, period, map_day)
    names = _unit_names(units_below, unit_id)
    year_to_date = [month.key for month in period.year_to_date()]
    submissions = _submissions(query, unit_id, period, year_to_date)
    return ReportData(
        unit=unit,
        parent=above[0] if above else None,
        period=period,
        below=units_below,
        months=_months(query, unit_id, period, year_to_date),
        indicators=catalogue.indicators,
        sections={code: names[0] for code, names in catalogue.sections.items()},
        splits=_splits(catalogue, on),
        names=_names(catalogue, on),
        groups=group_series(catalogue, period),
        askers=_askers(catalogue, on),
        agencies=catalogue.agencies_on(on),
        summaries=_summaries(query, unit_id, period, below),
        coverage=coverage,
        statuses=_statuses(query, unit_id, period, names),
        products=_products(query, unit_id, period, names),
        register=gather_register(query, catalogue, unit_id, period, names),
        remarks=_remarks(query, unit_id, period, names),
        targets=_targets(query, unit_id, period),
        tasks=_tasks(query, unit_id, period),
        submissions=tuple(sorted(submission for submission, _ in submissions)),
        month_submissions=sum(month == period.key for _, month in submissions),
        catalogue_digest=catalogue.digest,
        map_changes=_map_changes(catalogue, {unit_id, *names}, period),
        map_day=on_map,
        weights=_weights(query, unit_id, period),
    )


def _map_changes(catalogue: Catalogue, unit_ids: Collection[str], period: Period) -> tuple[date, ...]:
    since = period.same_last_year().year_to_date()[0].end
    return tuple(
        sorted(
            {
                link.effective_date
                for link in catalogue.units.all_successions
                if since < link.effective_date <= period.end
                and link.successor_id in unit_ids
                and link.predecessor_id != link.successor_id
            }
        )
    )


def _weights(query: Query, unit_id: str, period: Period) -> tuple[str, ...]:
    rows = query(
        "SELECT DISTINCT v.weighed_by FROM core.restated_values AS v"
        " JOIN core.unit_ancestors AS a ON a.period = v.period AND a.unit_id = v.unit_id"
        " WHERE v.period = ? AND a.ancestor_id = ? AND v.ways_count > 1 AND v.weighed_by <> 'register'"
        " ORDER BY v.weighed_by",
        [period.key, unit_id],
    )
    return tuple(row["weighed_by"] for row in rows)


def _below(
    query: Query, catalogue: Catalogue, unit_id: str, period: Period, on: date
) -> tuple[UnitVersion, ...]:
    rows = query(
        "SELECT unit_id FROM core.unit_ancestors WHERE period = ? AND ancestor_id = ? AND distance > 0",
        [period.key, unit_id],
    )
    published = {row["unit_id"] for row in rows}
    return tuple(unit for unit in _tree(catalogue, unit_id, on) if unit.unit_id in published)


def _unit_names(below: Sequence[UnitVersion], unit_id: str) -> dict[str, str]:
    """Full names by id, in the units' order; two tiers down with the unit between: wards share names."""
    units = {unit.unit_id: unit for unit in below}
    names = {}
    for unit in below:
        between = units.get(unit.parent_id or "") if unit.parent_id != unit_id else None
        names[unit.unit_id] = (
            f"{unit.full_name}, {between.type} {between.name}" if between else unit.full_name
        )
    return names


def _tree(catalogue: Catalogue, unit_id: str, on: date) -> Iterator[UnitVersion]:
    """Every unit below, each followed by what is below it, in the order of codes."""
    for child in sorted(catalogue.units.children(unit_id, on), key=lambda unit: unit.code):
        yield child
        yield from _tree(catalogue, child.unit_id, on)


def _splits(catalogue: Catalogue, on: date) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    splits = {
        (indicator.code, split.dimension): catalogue.codes_on(split.code_list, on)
        for indicator in catalogue.indicators.values()
        for split in indicator.breakdowns
    }
    # Products without a group of the day's list stand beside the groups, or the parts would not make the total.
    residues = catalogue.codes_on(STATES, on)
    splits = {key: (*codes, *residues) if key[1] == DIMENSION else codes for key, codes in splits.items()}
    for code in FUNDING_FIELDS.values():
        splits[code, "source"] = catalogue.codes_on("funding_source", on)
        splits[code, "content"] = catalogue.codes_on("funding_content", on)
    return splits


def _names(catalogue: Catalogue, on: date) -> dict[tuple[str, str], str]:
    lists = (
        "star",
        "recognition_kind",
        "recognising_level",
        "producer_type",
        "task_state",
        "certificate_state",
    )
    names = {(name, item.code): item.name_vi for name in lists for item in catalogue.code_lists.items(name)}
    # What reports count as recognised again has a name of its own in the list of products.
    names |= {
        ("recognition_kind", item.code): item.name_vi for item in catalogue.code_lists.items("register_event")
    }
    # Groups of older lists too: a decision stands in the list of its own day.
    names |= {(DIMENSION, group.code): group.name_vi for group in catalogue.groups.all}
    names |= {(DIMENSION, group.code): group.name_vi for group in catalogue.groups.list_on(on)}
    names |= {(DIMENSION, code): name for code, name in catalogue.codes_on(STATES, on)}
    return names


def _askers(catalogue: Catalogue, on: date) -> dict[str, frozenset[str]]:
    askers: dict[str, set[str]] = {}
    for form in catalogue.forms.values():
        if form.in_force(on):
            for line in catalogue.lines(form.code, on):
                askers.setdefault(line.indicator, set()).add(form.code)
    asked = {code: frozenset(forms) for code, forms in askers.items()}
    register = {
        indicator.code: frozenset({COMMUNE_FORM})
        for indicator in catalogue.indicators.values()
        if str(indicator.source) == "register"
    }
    known = asked | register
    ratios = {
        indicator.code: next(
            (
                forms
                for part in (indicator.denominator, indicator.numerator)
                if (forms := known.get(part or ""))
            ),
            frozenset(),
        )
        for indicator in catalogue.indicators.values()
        if str(indicator.kind) == "ratio"
    }
    return known | ratios


def _coverage(query: Query, catalogue: Catalogue, unit_id: str, period: Period) -> tuple[FormCoverage, ...]:
    rows = query(
        "SELECT form, expected_count, accepted_count, returned_count, missing_count, late_count"
        " FROM core.coverage WHERE unit_id = ? AND period = ?",
        [unit_id, period.key],
    )
    by_form = {row["form"]: row for row in rows}
    return tuple(
        FormCoverage(
            form.code, form.name_vi, form.by_agency, form.sender_tier, row["expected_count"],
            row["accepted_count"], row["returned_count"], row["missing_count"], row["late_count"],
        )
        for form in _forms(catalogue)
        if (row := by_form.get(form.code)) is not None
    )  # fmt: skip


def _forms(catalogue: Catalogue) -> list[Form]:
    """The forms in the order of the coverage table: the higher tier first, departments last."""
    return sorted(catalogue.forms.values(), key=lambda each: (each.by_agency, each.code == COMMUNE_FORM))


# Of units that went into the one, each with all below it: none whose own superior went there too.
_MONTHS_PUBLISHED = """
    WITH holders AS (
        SELECT p.period, COALESCE(y.unit_id, ?) AS unit_id
        FROM (SELECT DISTINCT period FROM core.coverage WHERE period IN ({months})) AS p
        LEFT JOIN catalogue.restatements AS r ON r.period = ? AND r.month = p.period AND r.month <> r.period
        LEFT JOIN catalogue.unit_ways AS y ON y.from_map = r.from_map AND y.to_map = r.to_map AND y.target_id = ?
        WHERE (r.period IS NULL OR y.unit_id IS NOT NULL) AND NOT EXISTS (
            SELECT 1
            FROM core.unit_ancestors AS a
            JOIN catalogue.unit_ways AS z ON z.unit_id = a.ancestor_id AND z.target_id = ?
            WHERE z.from_map = r.from_map AND z.to_map = r.to_map
                AND a.period = p.period AND a.unit_id = y.unit_id AND a.distance > 0
        )
    )

    SELECT
        c.period, CAST(SUM(c.expected_count) AS INTEGER) AS expected_count,
        CAST(SUM(c.accepted_count) AS INTEGER) AS accepted_count
    FROM core.coverage AS c
    JOIN holders AS h ON h.period = c.period AND h.unit_id = c.unit_id
    GROUP BY c.period
    ORDER BY c.period
"""


def _months(query: Query, unit_id: str, period: Period, months: Sequence[str]) -> tuple[MonthCoverage, ...]:
    """The months published of the unit; of a month on another map, those of the units that went into it."""
    rows = query(
        _MONTHS_PUBLISHED.format(months=_places(months)), [unit_id, *months, period.key, unit_id, unit_id]
    )
    return tuple(MonthCoverage(row["period"], row["expected_count"], row["accepted_count"]) for row in rows)


def _submissions(query: Query, unit_id: str, period: Period, months: Sequence[str]) -> list[tuple[str, str]]:
    """The reports behind the figures: of the unit, of those below it, and of those that went into them since."""
    rows = query(
        "SELECT DISTINCT s.submission_id, s.period FROM staging.submissions AS s"
        " LEFT JOIN catalogue.restatements AS r ON r.period = ? AND r.month = s.period"
        " LEFT JOIN catalogue.unit_ways AS y"
        " ON y.from_map = r.from_map AND y.to_map = r.to_map AND y.unit_id = s.unit_id"
        " JOIN core.unit_ancestors AS a ON a.period = ? AND a.unit_id = COALESCE(y.target_id, s.unit_id)"
        f" WHERE a.ancestor_id = ? AND s.period IN ({_places(months)})",
        [period.key, period.key, unit_id, *months],
    )
    return [(row["submission_id"], row["period"]) for row in rows]


def _summaries(
    query: Query, unit_id: str, period: Period, below: Collection[tuple[str, str]] | None
) -> dict[Key, Summary]:
    """Figures of the unit and all below."""
    wanted, values = "TRUE", []
    if below is not None:
        pairs = ", ".join("(?, ?)" for _ in below)
        wanted = f"a.distance = 0 OR (s.indicator, s.breakdown) IN ({pairs})" if pairs else "a.distance = 0"
        values = [value for pair in below for value in pair]
    rows = query(
        "SELECT s.unit_id, s.indicator, s.breakdown, s.month_value, s.quarter_to_date_value,"
        " s.year_to_date_value, s.same_month_last_year_value, s.year_to_date_last_year_value,"
        " s.numerator, s.denominator, s.month_state, s.quarter_to_date_state, s.year_to_date_state,"
        " s.same_month_last_year_state, s.year_to_date_last_year_state,"
        " s.expected_count, s.reported_count, s.nothing_count, s.blank_count, s.not_collected_count,"
        " s.year_to_date_expected_count, s.year_to_date_reported_count,"
        " s.same_month_last_year_expected_count, s.same_month_last_year_reported_count,"
        " s.year_to_date_last_year_expected_count, s.year_to_date_last_year_reported_count,"
        " s.month_estimated_value, s.quarter_to_date_estimated_value, s.year_to_date_estimated_value,"
        " s.same_month_last_year_estimated_value,"
        " s.year_to_date_last_year_estimated_value,"
        " s.like_for_like_month_value, s.like_for_like_month_last_year_value, s.like_for_like_month_reporters_count,"
        " s.like_for_like_year_to_date_value, s.like_for_like_year_to_date_last_year_value,"
        " s.like_for_like_year_to_date_reporters_count"
        " FROM marts.indicator_summary AS s"
        " JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id"
        f" WHERE s.period = ? AND a.ancestor_id = ? AND ({wanted})",
        [period.key, unit_id, *values],
    )
    return {(row["unit_id"], row["indicator"], row["breakdown"]): _summary(row) for row in rows}


def _summary(row: Mapping[str, Any]) -> Summary:
    return Summary(
        month=row["month_value"],
        quarter=row["quarter_to_date_value"],
        year=row["year_to_date_value"],
        last_month=row["same_month_last_year_value"],
        last_year=row["year_to_date_last_year_value"],
        numerator=row["numerator"],
        denominator=row["denominator"],
        expected=row["expected_count"] or 0,
        reported=row["reported_count"] or 0,
        nothing=row["nothing_count"] or 0,
        blank=row["blank_count"] or 0,
        not_collected=row["not_collected_count"] or 0,
        year_expected=row["year_to_date_expected_count"],
        year_reported=row["year_to_date_reported_count"],
        last_month_expected=row["same_month_last_year_expected_count"],
        last_month_reported=row["same_month_last_year_reported_count"],
        last_year_expected=row["year_to_date_last_year_expected_count"],
        last_year_reported=row["year_to_date_last_year_reported_count"],
        month_estimated=row["month_estimated_value"],
        quarter_estimated=row["quarter_to_date_estimated_value"],
        year_estimated=row["year_to_date_estimated_value"],
        last_month_estimated=row["same_month_last_year_estimated_value"],
        last_year_estimated=row["year_to_date_last_year_estimated_value"],
        like_month=_like_for_like(row, "month"),
        like_year=_like_for_like(row, "year_to_date"),
        month_state=row["month_state"],
        quarter_state=row["quarter_to_date_state"],
        year_state=row["year_to_date_state"],
        last_month_state=row["same_month_last_year_state"],
        last_year_state=row["year_to_date_last_year_state"],
    )


def _like_for_like(row: Mapping[str, Any], span: str) -> LikeForLike | None:
    value, last_year = row[f"like_for_like_{span}_value"], row[f"like_for_like_{span}_last_year_value"]
    if value is None or last_year is None:
        return None
    return LikeForLike(value, last_year, row[f"like_for_like_{span}_reporters_count"])


def _statuses(
    query: Query, unit_id: str, period: Period, names: Mapping[str, str]
) -> tuple[ReportStatus, ...]:
    """Every expected report: the unit's own and its departments' first, then the units in their order."""
    rows = query(
        "SELECT s.form, s.unit_id, s.agency, s.unit_full_name, s.agency_name, s.status, s.due_date,"
        " s.first_received_at, s.is_late, s.has_returned_correction, s.submission_id"
        " FROM marts.report_status AS s"
        " JOIN core.unit_ancestors AS a ON a.period = s.period AND a.unit_id = s.unit_id"
        " WHERE s.period = ? AND a.ancestor_id = ?"
        " ORDER BY s.agency, s.form",
        [period.key, unit_id],
    )
    order = {each: place for place, each in enumerate(names)}
    return tuple(
        ReportStatus(
            row["form"], row["unit_id"], row["agency"] or "",
            names.get(row["unit_id"], row["unit_full_name"]), row["agency_name"] or "", row["status"],
            row["due_date"], row["first_received_at"], bool(row["is_late"]),
            bool(row["has_returned_correction"]), row["submission_id"] or "",
        )
        for row in sorted(rows, key=lambda each: order.get(each["unit_id"], -1))
    )  # fmt: skip


def _products(
    query: Query, unit_id: str, period: Period, names: Mapping[str, str]
) -> tuple[Recognition, ...]:
    rows = query(
        "SELECT p.unit_id, p.product_name, p.producer_name, p.producer_type, p.product_group,"
        " p.unit_full_name, p.star, p.recognition_kind, p.issuing_body, p.decision_no, p.decision_date,"
        " p.expiry_date"
        " FROM marts.recognised_products AS p"
        " JOIN core.unit_ancestors AS a ON a.period = p.period AND a.unit_id = p.unit_id"
        " WHERE p.period = ? AND a.ancestor_id = ?"
        " ORDER BY p.decision_date, p.decision_no, p.unit_id, p.product_name, p.product_id",
        [period.key, unit_id],
    )
    return tuple(
        Recognition(
            row["product_name"] or "", row["producer_name"] or "", row["producer_type"] or "",
            row["product_group"] or "", names.get(row["unit_id"], row["unit_full_name"]) or "",
            row["star"] or "", row["recognition_kind"] or "", row["issuing_body"] or "",
            row["decision_no"] or "", row["decision_date"], row["expiry_date"],
        )
        for row in rows
    )  # fmt: skip


def _remarks(query: Query, unit_id: str, period: Period, names: Mapping[str, str]) -> tuple[Remark, ...]:
    """What was said: departments, then the units from the higher tier down, each in the order of its id."""
    rows = query(
        "SELECT m.unit_id, m.remark_kind, m.remark, m.agency, m.agency_name, m.unit_full_name"
        " FROM marts.remarks AS m"
        " JOIN core.unit_ancestors AS a ON a.period = m.period AND a.unit_id = m.unit_id"
        " WHERE m.period = ? AND a.ancestor_id = ?"
        " ORDER BY a.distance, m.agency, m.unit_id, m.sheet, m.cell",
        [period.key, unit_id],
    )
    return tuple(
        Remark(
            row["remark_kind"],
            row["agency_name"] or names.get(row["unit_id"], row["unit_full_name"]) or "",
            bool(row["agency"]),
            row["remark"],
        )
        for row in rows
    )


def _targets(query: Query, unit_id: str, period: Period) -> tuple[TargetProgress, ...]:
    rows = query(
        "SELECT plan, plan_number, plan_name_vi, is_sample, target, target_text_vi, indicator, breakdown,"
        " shape, bound_tier, planned_low, planned_high, base_value, actual_value, achieved_pct, result,"
        " units_bound_count, units_reached_count, expected_count, reported_count, due_date, unit_vi"
        " FROM marts.plan_progress WHERE period = ? AND unit_id = ? ORDER BY is_sample, plan, position",
        [period.key, unit_id],
    )
    return tuple(
        TargetProgress(
            row["plan"], row["plan_number"] or "", row["plan_name_vi"], bool(row["is_sample"]), row["target"],
            row["target_text_vi"], row["indicator"] or "", row["breakdown"] or "", row["shape"],
            row["bound_tier"] or "", row["planned_low"], row["planned_high"], row["base_value"],
            row["actual_value"], row["achieved_pct"], row["result"], row["units_bound_count"] or 0,
            row["units_reached_count"] or 0,
            row["expected_count"] or 0, row["reported_count"] or 0, row["due_date"], row["unit_vi"] or "",
        )
        for row in rows
    )  # fmt: skip


_TASK_STATES: Final = ("not_started", "in_progress", "done", "cancelled")


def _tasks(query: Query, unit_id: str, period: Period) -> tuple[TaskProgress, ...]:
    rows = query(
        "SELECT plan, plan_number, plan_name_vi, is_sample, task, task_text_vi, lead_agency, due_date,"
        " task_state, progress_pct, reports_count,"
        " not_started_count, in_progress_count, done_count, cancelled_count"
        " FROM marts.task_progress WHERE period = ? AND unit_id = ? ORDER BY is_sample, plan, position",
        [period.key, unit_id],
    )
    return tuple(
        TaskProgress(
            row["plan"], row["plan_number"] or "", row["plan_name_vi"], bool(row["is_sample"]), row["task"],
            row["task_text_vi"], row["lead_agency"] or "", row["due_date"], row["task_state"] or "",
            row["progress_pct"], row["reports_count"] or 0,
            tuple((each, row[f"{each}_count"]) for each in _TASK_STATES if row[f"{each}_count"]),
        )
        for row in rows
    )  # fmt: skip


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" for _ in values)
