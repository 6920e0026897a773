"""Judging a batch: verdicts, months in their order, and the tables that go on to the warehouse."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from ocop_pipeline import paths
from ocop_pipeline.domain.findings import Finding, Severity, Verdict
from ocop_pipeline.domain.forms import FUNDING, GRID, REGISTER
from ocop_pipeline.intake.extract import extract
from ocop_pipeline.intake.judge import Previous, cells_of, judge, verdict_of
from ocop_pipeline.intake.recognise import identify
from ocop_pipeline.intake.tables import (
    CELLS_SCHEMA,
    FORM_VALUES_SCHEMA,
    Candidate,
    LayoutBatch,
    submissions_table,
)
from ocop_pipeline.warehouse.reference import reference_tables
from tests.unit.intake.filled import PRODUCT, shipped, shipped_spec, sound

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def candidate(number=0, findings=(), layout="xa-2026", **changes):
    """A form of the ward, ready to be judged."""
    found = extract(shipped_spec(), sound(shipped(), layout, **changes).workbook())
    known = identify(found, shipped(), date(2026, 11, 22))
    assert known.identity is not None
    return Candidate(
        f"{number:064x}", f"{number}.xlsx", "", NOW, known.identity, found, (*known.findings, *findings)
    )


def judged(*candidates):
    """(verdict, codes without repetition) of each."""
    judging = judge(list(candidates), shipped_spec(), shipped())
    return [
        (str(one.verdict), list(dict.fromkeys(finding.code for finding in one.findings)))
        for one in judging.judgements
    ]


def less(amount):
    """Another cumulated disbursement."""
    part = "KP.content=production;source=central"
    return {(FUNDING, line, "disbursed"): amount for line in ("KP", part)}


def test_errors_return_and_warnings_do_not():
    """One error is enough; any number of warnings is let pass."""
    error = Finding("NEGATIVE", Severity.ERROR)
    warning = Finding("STOCK_JUMPED", Severity.WARNING)
    assert verdict_of([]) is Verdict.ACCEPTED
    assert verdict_of([warning, warning]) is Verdict.ACCEPTED
    assert verdict_of([warning, error]) is Verdict.RETURNED


def test_findings_of_reading_count_and_come_first():
    """What was wrong with the shape of a file returns it as the rules do."""
    shape = Finding("MISSING_COLUMN", Severity.ERROR, "BM01")
    assert judged(candidate(findings=[shape], values={(GRID, "TT01", "closing"): 26})) == [
        ("returned", ["MISSING_COLUMN", "PART_EXCEEDS_WHOLE"])
    ]


def test_an_earlier_month_of_the_same_run_is_the_month_before():
    """Months are judged in their order, whatever the order of the files."""
    september = candidate(1, info={"period": "09/2026"})
    october = candidate(2, values=less(99))
    assert judged(october, september) == [("returned", ["YEAR_STOCK_FELL"]), ("accepted", [])]


def test_rules_that_compare_are_told_where_nothing_is_known():
    """The first month known of a sender has nothing to be held against; the next one has the month before."""
    both = [candidate(0, info={"period": "09/2026"}), candidate(1)]
    september, october = judge(both, shipped_spec(), shipped()).judgements
    compared = {"COPY_OF_LAST_MONTH", "STOCK_JUMPED", "YEAR_STOCK_FELL"}
    assert compared <= set(september.not_run)
    assert not compared & set(october.not_run)
    assert {"FAR_FROM_USUAL", "UNIT_SLIPPED"} <= set(october.not_run)
    assert "TOTAL_NOT_PARTS" not in september.not_run


@pytest.mark.parametrize(
    ("months", "missing"), [(2, {"UNIT_SLIPPED", "FAR_FROM_USUAL"}), (4, {"FAR_FROM_USUAL"}), (6, set())]
)
def test_what_is_usual_takes_some_months(months, missing):
    """As many as each rule asks for."""
    only = candidate(0)
    usual = pa.table({
        "unit_id": [only.identity.unit_id], "agency": [""], "form": ["OCOP-XA"], "indicator": ["SP01"],
        "months_count": pa.array([months], pa.int32()), "usual": [3.0], "spread": [1.0], "least": [1.0],
        "largest": [9.0],
    })  # fmt: skip
    (found,) = judge([only], shipped_spec(), shipped(), Previous(usual=usual)).judgements
    assert set(found.not_run) & {"UNIT_SLIPPED", "FAR_FROM_USUAL"} == missing


def test_a_returned_month_is_no_month_before():
    """What was not accepted binds nobody."""
    bad = {(GRID, "TT01", "closing"): 26}
    september = candidate(1, info={"period": "09/2026"}, values=bad)
    assert judged(september, candidate(2, values=less(99))) == [
        ("returned", ["PART_EXCEEDS_WHOLE"]),
        ("accepted", []),
    ]


def test_of_two_accepted_files_of_a_month_the_later_one_is_the_month_before():
    """A correction in the same run replaces what it corrects."""
    first = candidate(1, info={"period": "09/2026"})
    second = candidate(2, info={"period": "09/2026"}, values=less(50))
    october = candidate(3, values=less(99))
    assert [verdict for verdict, _ in judged(first, second, october)] == ["accepted"] * 3
    assert judged(second, first, october)[2] == ("returned", ["YEAR_STOCK_FELL"])


def test_an_empty_batch_is_no_trouble():
    """Nothing new in the inbox."""
    judging = judge([], shipped_spec(), shipped())
    assert (judging.judgements, judging.cells.num_rows) == ([], 0)
    assert judging.cells.schema == CELLS_SCHEMA
    assert submissions_table([], {}, {}).num_rows == 0


def test_cells_carry_address_state_and_typed_values():
    """One row a cell, as raw.cells wants it: decimals exact, days as days, lines by code, rows by number."""
    one = candidate(7, values={(GRID, "XT06", "in_period"): 1234.565}, register=[PRODUCT])
    rows = cells_of([one], shipped_spec()).to_pylist()
    by_place = {(row["part"], row["line_key"], row["field"]): row for row in rows}
    where = sound(shipped()).address_of(GRID, "XT06", "in_period")
    assert by_place[GRID, "XT06", "in_period"] == {
        "submission_id": one.submission_id, "period": "2026-10", "part": "grid", "line_key": "XT06",
        "field": "in_period", "sheet": "BM01 Tiến độ", "cell": where, "row_no": int(where[1:]),
        "state": "number", "number": Decimal("1234.5650"), "text": None, "day": None,
    }  # fmt: skip
    assert by_place[REGISTER, "4", "first_date"]["day"] == date(2026, 10, 1)
    assert by_place[REGISTER, "4", "first_date"]["row_no"] == 4
    assert by_place[GRID, "DT01", "in_period"]["number"] is None
    assert by_place[GRID, "DT01", "in_period"]["state"] == "nothing"
    assert len({(row["sheet"], row["cell"]) for row in rows}) == len(rows)


def test_unknown_lines_keep_the_key_they_were_written_under():
    """So that the finding can name the line."""
    one = candidate()
    found = one.extract
    slots = shipped_spec().layouts[0].slots
    slot = next(number for number, place in enumerate(slots) if place[:2] == (GRID, "?"))
    found.slots[10] = slot
    kept = replace(one, extract=replace(found, keys=((10, "?ZZ1"),)))
    assert cells_of([kept], shipped_spec()).to_pylist()[10]["line_key"] == "?ZZ1"


@pytest.mark.parametrize("layout", ["xa-2026", "xa-2025"])
def test_the_fast_form_values_are_those_of_the_model(layout):
    """What intake builds column by column equals what `sql/staging/form_values.sql` selects."""
    on = date(2025, 12, 14)
    batch = [
        candidate(1, layout=layout, on=on, info={"period": "12/2025"}, register=[PRODUCT]),
        candidate(
            2, layout=layout, on=on, info={"period": "12/2025"}, values={(GRID, "TT04", "in_period"): "x"}
        ),
    ]
    reference = {table.name: table.rows for table in reference_tables(shipped(), ("*",), ["2025-12"])}
    lines = {
        (line["part"], line["line_code"], line["field"]): line
        for line in reference["form_lines"].to_pylist()
        if line["form"] == "OCOP-XA"
    }
    spec = next(one for one in shipped_spec().layouts if one.code == layout)
    fast = LayoutBatch(spec, batch).form_values("2025-12", lines)
    assert fast.schema == FORM_VALUES_SCHEMA
    with duckdb.connect() as connection:
        for schema in ("staging", "catalogue", "meta"):
            connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute("CREATE TABLE meta.run_periods AS SELECT '2025-12' AS period")
        tables = {
            "staging.submissions": submissions_table(batch, {}, {}),
            "staging.cells": cells_of(batch, shipped_spec()),
            "catalogue.form_lines": reference["form_lines"],
        }
        for name, rows in tables.items():
            connection.register("given", rows)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        model = (paths.SQL / "staging" / "form_values.sql").read_text(encoding="utf-8")
        slow = sorted(
            map(repr, connection.execute(f"SELECT {', '.join(fast.column_names)} FROM ({model})").fetchall())
        )
    assert sorted(repr(tuple(row.values())) for row in fast.to_pylist()) == slow
    assert len(slow) > 200


def test_judging_does_not_import_pandas():
    """A second of import time that pyarrow takes silently for converting Python values."""
    program = (
        "import sys; from tests.unit.intake.test_judge import candidate, judged\n"
        "assert judged(candidate(1), candidate(2, info={'period': '09/2026'}))\n"
        "sys.exit('pandas' in sys.modules)"
    )
    root = paths.PACKAGE.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)  # noqa: S603 - our own program
    assert done.returncode == 0


def test_arrival_is_kept_as_vietnamese_clock_time():
    """Early on the day after the deadline in Viet Nam is late, though it is still the day before in UTC."""
    arrived = datetime(2026, 10, 15, 22, 30, tzinfo=UTC)
    late = replace(candidate(), received_at=arrived)
    (stored,) = submissions_table([late], {}, {}).column("received_at").to_pylist()
    assert stored == datetime(2026, 10, 16, 5, 30)  # noqa: DTZ001 - clock time without a zone
