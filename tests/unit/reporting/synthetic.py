"""Published tables filled by rule instead of by a pipeline: a small province or the real one, any month.

Shared by the tests of this folder. Values follow from codes alone, so that the same call gives the same
tables; a parent's figure is made from its communes'. No test here, and no real person.
"""

import functools
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.catalogue.columns import load_columns
from ocop_pipeline.catalogue.tables import read_yaml
from ocop_pipeline.domain.indicators import Kind, Source
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.plans import Target
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.paths import CATALOGUE_DATA, SQL
from ocop_pipeline.warehouse.maps import restatement_rows, way_rows

LAM_DONG, OLD_LAM_DONG = "p68.2", "p68.1"
_READ = (
    "core.coverage",
    "core.kept_names",
    "core.product_status",
    "core.register_balance",
    "core.restated_values",
    "core.unit_ancestors",
    "staging.submissions",
    "marts.indicator_summary",
    "marts.report_status",
    "marts.recognised_products",
    "marts.register_summary",
    "marts.former_districts",
    "marts.remarks",
    "marts.plan_progress",
    "marts.task_progress",
)
_TYPES: Mapping[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(28,4)": pa.decimal128(28, 4),
}


def _schema(table: str, types: Mapping[str, str]) -> pa.Schema:
    """The columns of a published table, from its contract and the dictionary of columns."""
    contract = read_yaml(SQL / f"{table.replace('.', '/')}.yml")
    return pa.schema([(name, _TYPES[types[name]]) for name in contract["columns"]])


def _schemas() -> dict[str, pa.Schema]:
    types = {name: column.type for name, column in load_columns(CATALOGUE_DATA / "columns.csv").items()}
    return {table: _schema(table, types) for table in _READ}


TABLES = _schemas()
"""The published tables a report reads, as their contracts have them."""

Rows = list[dict[str, Any]]


@functools.cache
def catalogue() -> Catalogue:
    """The shipped catalogue, loaded once."""
    return load_catalogue()


class Marts:
    """Published tables in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        for table in TABLES:
            self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.split('.')[0]}")
            self.connection.register("incoming", TABLES[table].empty_table())
            self.connection.execute(f"CREATE TABLE {table} AS SELECT * FROM incoming")
        # One map for all months: nothing is carried from another.
        self.connection.execute("CREATE SCHEMA catalogue")
        for table, rows in (("restatements", restatement_rows(catalogue().units, ())),
                            ("unit_ways", way_rows(catalogue().units, ()))):  # fmt: skip
            self.connection.register("incoming", rows)
            self.connection.execute(f"CREATE TABLE catalogue.{table} AS SELECT * FROM incoming")

    def add(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows; columns left out are null."""
        self.connection.register("incoming", _arrow(TABLES[table], list(rows)))
        self.connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")

    def change(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run an UPDATE or DELETE, to make the case a test is about."""
        self.connection.execute(sql, values)

    def query(self, sql: str, values: Sequence[Any]) -> Rows:
        """Read as `gather` reads."""
        cursor = self.connection.execute(sql, values)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _arrow(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    unknown = {name for row in rows for name in row} - set(schema.names)
    if unknown:
        raise KeyError(f"the contract has no column {min(unknown)}")
    return pa.Table.from_pylist(
        [{name: _exact(value) for name, value in row.items()} for row in rows], schema
    )


def _exact(value: Any) -> Any:
    return value.quantize(Decimal("0.0001")) if isinstance(value, Decimal) else value


def number_for(*parts: str, below: int = 12) -> int:
    """A number that follows from text alone, spread evenly from 0 to `below` - 1."""
    return zlib.crc32("/".join(parts).encode()) % below


def fill(
    marts: Marts,
    unit_id: str,
    period: Period,
    *,
    missing: Collection[str] = (),
    communes: int | None = None,
    last_year: bool = True,
) -> list[UnitVersion]:
    """Publish a month of a unit and all below it.

    Args:
        marts: The tables.
        unit_id: The unit.
        period: The month.
        missing: Ids of the communes that sent nothing.
        communes: Keep only the first so many communes (of each district); all by default.
        last_year: Whether the same month of the year before is known, complete.

    Returns:
        The communes.
    """
    build = _Build(marts, unit_id, period, frozenset(missing), communes, last_year=last_year)
    build.run()
    return build.communes


class _Build:
    """One month of one unit."""

    def __init__(
        self,
        marts: Marts,
        unit_id: str,
        period: Period,
        missing: frozenset[str],
        limit: int | None,
        *,
        last_year: bool,
    ) -> None:
        units = catalogue().units
        self.marts, self.period, self.missing, self.last_year = marts, period, missing, last_year
        self.unit = units.get(unit_id, period.end)
        children = sorted(units.children(unit_id, period.end), key=lambda unit: unit.code)
        self.districts = [child for child in children if child.tier is Tier.DISTRICT]
        groups = [
            sorted(units.children(d.unit_id, period.end), key=lambda unit: unit.code) for d in self.districts
        ]
        groups = groups or [children]
        self.communes = [commune for group in groups for commune in group[:limit]]
        self.above = {
            commune.unit_id: [
                commune.unit_id,
                *([commune.parent_id or ""] if self.districts else []),
                unit_id,
            ]
            for commune in self.communes
        }
        if self.unit.tier is Tier.DISTRICT:
            self.above = {commune.unit_id: [commune.unit_id, unit_id] for commune in self.communes}

    def run(self) -> None:
        self._ancestors()
        self._status_and_coverage()
        self._figures()

    def _ancestors(self) -> None:
        key, rows = self.period.key, []
        for unit in [self.unit, *self.districts, *self.communes]:
            line = self.above.get(unit.unit_id, [unit.unit_id, self.unit.unit_id])
            for distance, ancestor in enumerate(dict.fromkeys(line)):
                rows.append({"period": key, "unit_id": unit.unit_id, "unit_tier": str(unit.tier),
                             "ancestor_id": ancestor, "ancestor_tier": "", "distance": distance})  # fmt: skip
        self.marts.add("core.unit_ancestors", rows)

    def _senders(self) -> list[tuple[str, UnitVersion, str, str]]:
        senders = [("OCOP-XA", commune, "", "") for commune in self.communes]
        senders += [("OCOP-HU", district, "", "") for district in self.districts]
        if self.unit.tier is Tier.DISTRICT:
            senders.append(("OCOP-HU", self.unit, "", ""))
        else:
            agencies = catalogue().agencies_on(self.period.end)
            senders += [("OCOP-TI", self.unit, agency.code, agency.name_vi) for agency in agencies]
        return senders

    def _status_and_coverage(self) -> None:
        key, statuses, counts = self.period.key, [], {}
        due = date(self.period.year, int(key[-2:]), 16)
        for form, unit, agency, agency_name in self._senders():
            sent = unit.unit_id not in self.missing
            late = sent and number_for("late", unit.unit_id, agency, below=40) == 1
            received = datetime(due.year, due.month, 18 if late else 15, 8) if sent else None  # noqa: DTZ001
            statuses.append({
                "period": key, "form": form, "unit_id": unit.unit_id, "agency": agency,
                "unit_name": unit.name, "unit_full_name": unit.full_name, "parent_id": unit.parent_id,
                "agency_name": agency_name or None,
                "status": "accepted" if sent else "missing", "due_date": due, "first_received_at": received,
                "first_accepted_at": received, "submissions_count": int(sent), "is_late": late,
                "has_returned_correction": False,
                "submission_id": f"{unit.unit_id}{agency}{key}" if sent else None,
            })  # fmt: skip
            for ancestor in self.above.get(unit.unit_id, [unit.unit_id, self.unit.unit_id]):
                tally = counts.setdefault(
                    (ancestor, form), {"expected": set(), "accepted": set(), "late": set()}
                )
                tally["expected"].add((unit.unit_id, agency))
                if sent:
                    tally["accepted"].add((unit.unit_id, agency))
                if late:
                    tally["late"].add((unit.unit_id, agency))
        self.marts.add("marts.report_status", statuses)
        self.marts.add("core.coverage", [
            {
                "period": key, "unit_id": ancestor, "form": form, "expected_count": len(tally["expected"]),
                "accepted_count": len(tally["accepted"]), "returned_count": 0,
                "missing_count": len(tally["expected"]) - len(tally["accepted"]),
                "late_count": len(tally["late"]),
            }
            for (ancestor, form), tally in counts.items()
        ])  # fmt: skip
        self.marts.add("staging.submissions", [
            {"submission_id": row["submission_id"], "period": key, "unit_id": row["unit_id"]}
            for row in statuses if row["submission_id"]
        ])  # fmt: skip

    def _figures(self) -> None:
        rows: Rows = []
        for code, breakdown in self._asked():
            rows.extend(self._rows(code, breakdown))
        self.marts.add("marts.indicator_summary", rows)

    def _asked(self) -> list[tuple[str, str]]:
        listed, on = catalogue(), self.period.end
        asked = dict.fromkeys((line.indicator, line.breakdown) for line in listed.lines("OCOP-XA", on))
        for indicator in listed.indicators.values():
            if indicator.source is Source.FORM and not set(indicator.forms) & {"OCOP-XA", "OCOP-TI"}:
                continue
            if indicator.code in ("DT03", "DT03A", "DT03B"):
                continue
            asked[indicator.code, ""] = None
            for split in indicator.breakdowns:
                asked |= {
                    (indicator.code, f"{split.dimension}={c}"): None
                    for c, _ in listed.codes_on(split.code_list, on)
                }
        return list(asked)

    def _value(self, commune: UnitVersion, code: str, breakdown: str) -> Decimal:
        indicator = catalogue().indicators[code]
        if indicator.kind is Kind.SHARE:
            return Decimal(number_for(commune.unit_id, code, below=8) > 0)
        scale = (
            900 if indicator.unit_vi == "triệu đồng" else {"lượt": 90, "người": 30}.get(indicator.unit_vi, 6)
        )
        value = Decimal(number_for(commune.unit_id, code, breakdown, below=scale))
        return value / 3 if breakdown else value + (scale // 3 if indicator.unit_vi != "sản phẩm" else 0)

    def _rows(self, code: str, breakdown: str) -> Rows:
        indicator = catalogue().indicators[code]
        if indicator.kind is Kind.RATIO:
            return self._ratio_rows(code)
        totals: dict[str, list[Decimal]] = {}
        expected: dict[str, int] = {}
        for commune in self.communes:
            for ancestor in self.above[commune.unit_id]:
                expected[ancestor] = expected.get(ancestor, 0) + 1
                if commune.unit_id not in self.missing:
                    value = self._value(commune, code, breakdown).quantize(Decimal(1))
                    totals.setdefault(ancestor, []).append(value)
        return [
            self._row(
                unit_id,
                code,
                breakdown,
                sum(totals.get(unit_id, []), Decimal(0)),
                (asked, len(totals.get(unit_id, []))),
            )
            for unit_id, asked in expected.items()
        ]

    def _ratio_rows(self, code: str) -> Rows:
        rows = []
        for unit_id in dict.fromkeys(unit for line in self.above.values() for unit in line):
            asked = [c for c in self.communes if unit_id in self.above[c.unit_id]]
            sent = [c for c in asked if c.unit_id not in self.missing]
            below = sum((Decimal(10 + number_for(c.unit_id, code, "all")) for c in sent), Decimal(0))
            part = sum((Decimal(5 + number_for(c.unit_id, code, "part", below=5)) for c in sent), Decimal(0))
            value = (part * 100 / below).quantize(Decimal("0.0001")) if below else Decimal(0)
            row = self._row(unit_id, code, "", value, (len(asked), len(sent)))
            row |= {"numerator": part, "denominator": below} if sent else {}
            row |= {"year_to_date_value": row["month_value"], "quarter_to_date_value": row["month_value"]}
            rows.append(row)
        return rows

    def _row(
        self, unit_id: str, code: str, breakdown: str, value: Decimal, counts: tuple[int, int]
    ) -> dict[str, Any]:
        asked, sent = counts
        flow = catalogue().indicators[code].kind is Kind.FLOW
        month_no = int(self.period.key[-2:])
        known = value if sent else None
        state = "number" if sent else "not_reported"
        last = (value * Decimal("0.9")).quantize(Decimal(1)) if self.last_year else None
        return {
            "period": self.period.key, "unit_id": unit_id, "indicator": code, "breakdown": breakdown,
            "month_value": known, "quarter_to_date_value": known,
            "year_to_date_value": known * month_no if flow and known is not None else known,
            "same_month_last_year_value": last, "expected_count": asked, "reported_count": sent,
            "month_state": state, "quarter_to_date_state": state, "year_to_date_state": state,
            "same_month_last_year_state": "number" if self.last_year else None, "nothing_count": 0,
            "blank_count": 0, "not_collected_count": 0, "year_to_date_expected_count": asked * month_no,
            "year_to_date_reported_count": sent * month_no,
            "same_month_last_year_expected_count": asked if self.last_year else None,
            "same_month_last_year_reported_count": asked if self.last_year else None,
        }  # fmt: skip


REMARKS: Mapping[str, Sequence[str]] = {
    "difficulties": (
        "Nguồn kinh phí hỗ trợ hạn chế, chủ thể khó tiếp cận vốn vay.",
        "Cán bộ phụ trách mới nhận nhiệm vụ sau sắp xếp, chưa được tập huấn.",
        "Không có",
        "Vùng nguyên liệu chưa ổn định; giá bao bì tăng.",
    ),
    "causes": ("Kế hoạch vốn giao chậm.", "Sau sắp xếp đơn vị hành chính, hồ sơ bàn giao chưa đầy đủ."),
    "proposals": ("Đề nghị tỉnh mở lớp tập huấn chấm điểm hồ sơ.", "không"),
    "next_tasks": ("Hoàn thiện hồ sơ 02 sản phẩm trình đánh giá đợt 2.",),
}


def add_remarks(marts: Marts, communes: Sequence[UnitVersion], period: Period, every: int = 3) -> None:
    """Let every so-many-th commune say something of each kind."""
    marts.add("marts.remarks", [
        {
            "period": period.key, "form": "OCOP-XA", "unit_id": unit.unit_id, "agency": "",
            "unit_name": unit.name, "unit_full_name": unit.full_name, "remark_kind": kind,
            "remark": said[number_for(unit.unit_id, kind, below=len(said))], "submission_id": unit.unit_id,
            "sheet": "BM04", "cell": f"C{row}",
        }
        for unit in communes[::every]
        for row, (kind, said) in enumerate(REMARKS.items())
    ])  # fmt: skip


def add_products(marts: Marts, communes: Sequence[UnitVersion], period: Period, count: int) -> None:
    """Let products be recognised within the month."""
    marts.add("marts.recognised_products", [
        {
            "period": period.key, "product_id": f"x{n}", "decision_date": period.start,
            "product_name": f"Cà phê bột {n}", "producer_name": f"Hợp tác xã Nông nghiệp số {n}",
            "producer_type": "cooperative", "product_group": "food",
            "unit_id": unit.unit_id, "unit_name": unit.name, "unit_full_name": unit.full_name,
            "star": ("3", "4")[n % 2], "recognition_kind": ("first", "upgrade", "again")[n % 3],
            "recognising_level": "province", "issuing_body": "UBND tỉnh Lâm Đồng",
            "decision_no": f"{100 + n}/QĐ-UBND",
            "expiry_date": date(period.start.year + 3, period.start.month, period.start.day),
            "submission_id": unit.unit_id, "sheet": "BM02", "cell": f"B{n}",
        }
        for n, unit in enumerate(communes[:count])
    ])  # fmt: skip


def add_line(marts: Marts, unit_id: str, period: Period, breakdown: str = "", **counts: int) -> None:
    """Publish the counts of one line of the register's annexes; what is left out is nought."""
    fields = (name for name in TABLES["marts.register_summary"].names if name.endswith("_count"))
    row = {"period": period.key, "unit_id": unit_id, "breakdown": breakdown, **dict.fromkeys(fields, 0)}
    row |= {f"{name}_count": count for name, count in counts.items()}
    marts.add("marts.register_summary", [row])


def add_registered(
    marts: Marts, unit_id: str, period: Period, name: str, expiry: date, **others: Any
) -> None:
    """Put a product into the register, with a certificate of three stars that is valid unless told otherwise."""
    marts.add("core.product_status", [
        {
            "period": period.key, "unit_id": unit_id, "product_id": name, "product_name": name,
            "producer_name": "Hợp tác xã Nông nghiệp số 1", "star": "3", "decision_no": "12/QĐ-UBND",
            "decision_date": date(expiry.year - 3, expiry.month, 1), "expiry_date": expiry,
            "certificate_state": "valid", **others,
        }
    ])  # fmt: skip


def add_plan(
    marts: Marts, code: str, unit_id: str, period: Period, results: Mapping[str, tuple[str, int | None]]
) -> None:
    """Publish how a plan of the catalogue stands: target -> (result, what was done)."""
    plan = catalogue().plans[code]
    head = {
        "period": period.key, "plan": plan.code, "unit_id": unit_id, "plan_number": plan.number,
        "plan_name_vi": plan.title_vi, "is_sample": plan.is_sample,
    }  # fmt: skip
    marts.add("marts.plan_progress", [
        head | {
            "target": target.code, "target_text_vi": target.text_vi, "indicator": target.indicator,
            "breakdown": target.breakdown, "shape": str(target.shape),
            "bound_tier": str(target.binds.tier) if target.binds.tier else "", "planned_low": target.low,
            "planned_high": target.high, "actual_value": None if done is None else Decimal(done),
            "achieved_pct": _achieved(target, done),
            "result": result, "units_bound_count": 124 if target.binds.tier else 1,
            "units_reached_count": done if target.binds.tier and done else 0, "expected_count": 1240,
            "reported_count": 0 if done is None else 1180, "due_date": plan.due_date(target),
            "unit_vi": target.unit_vi,
            "position": position,
        }
        for position, target in enumerate(plan.targets)
        for result, done in [results[target.code]]
    ])  # fmt: skip
    marts.add("marts.task_progress", [
        head | {
            "task": task.code, "task_text_vi": task.text_vi, "lead_agency": task.lead_agency,
            "due_date": task.due,
            "task_state": ("in_progress", "done", None)[position % 3],
            "progress_pct": (Decimal("66.5"), Decimal(100), None)[position % 3],
            "reports_count": (1, 1, 0)[position % 3], "position": position,
        }
        for position, task in enumerate(plan.tasks)
    ])  # fmt: skip


def _achieved(target: Target, done: int | None) -> Decimal | None:
    enough = Decimal(124) if target.binds.tier else target.low
    return Decimal(done) * 100 / enough if done is not None and enough else None


SAMPLE_2026: Mapping[str, tuple[str, int | None]] = {
    "M1": ("not_due", 98), "M2": ("reached", 71), "M3": ("not_due", 1630), "M4": ("reached", 160),
    "M5": ("not_due", 97), "M6": ("not_due", 55), "M7": ("not_due", 33), "M8": ("not_due", 62),
    "M9": ("no_data", None), "M10": ("not_reached", 118),
}  # fmt: skip

Query = Callable[[str, Sequence[Any]], Rows]
