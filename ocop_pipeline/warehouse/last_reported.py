"""What is known of senders before a month: what they last reported, their products, how far their tasks are.

Belongs here: reading published tables for the workbooks that are sent out. Nothing private is in them: representatives
and telephones are never read out of the archived files.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

import duckdb

_VALUES = """
    SELECT v.unit_id, v.agency, v.form, v.period, v.indicator, v.breakdown, v.value, v.state
    FROM core.indicator_values AS v
    JOIN (
        SELECT form, unit_id, agency, MAX(period) AS period
        FROM core.indicator_values
        WHERE period < $month AND period >= $since AND list_contains($units, unit_id)
        GROUP BY form, unit_id, agency
    ) AS l ON l.form = v.form AND l.unit_id = v.unit_id AND l.agency = v.agency AND l.period = v.period
"""
# First and last recognition of every product that is not revoked, where it was at the last month run before.
_PRODUCTS = """
    WITH status AS (
        SELECT s.* FROM core.product_status AS s
        WHERE s.period = (SELECT MAX(p.period) FROM core.product_status AS p WHERE p.period < $month)
            AND s.certificate_state <> 'revoked'
    ),

    decided AS (
        SELECT
            r.product_id, r.decision_date, r.star, r.issuing_body, r.decision_no, r.submission_id, r.sheet, r.cell,
            ROW_NUMBER() OVER (PARTITION BY r.product_id ORDER BY r.decision_date) AS from_first,
            ROW_NUMBER() OVER (PARTITION BY r.product_id ORDER BY r.decision_date DESC) AS from_last
        FROM core.recognitions AS r
    )

    SELECT
        p.place_id AS unit_id, s.product_id, s.product_name, s.producer_name, s.producer_type, s.product_group, s.star,
        s.expiry_date, f.star, f.decision_date, f.decision_no, f.issuing_body, l.star, l.decision_date, l.decision_no,
        l.issuing_body, ANY_VALUE(a.text)
    FROM status AS s
    JOIN catalogue.unit_places AS p ON p.unit_id = s.unit_id AND $day BETWEEN p.valid_from AND p.valid_to
    JOIN decided AS f ON f.product_id = s.product_id AND f.from_first = 1
    JOIN decided AS l ON l.product_id = s.product_id AND l.from_last = 1
    LEFT JOIN raw.cells AS a
        ON a.submission_id = l.submission_id AND a.sheet = l.sheet AND a.field = 'address'
        AND a.row_no = TRY_CAST(regexp_extract(l.cell, '[0-9]+') AS INTEGER)
    WHERE list_contains($units, p.place_id)
    GROUP BY ALL
    ORDER BY p.place_id, s.producer_name, s.product_name, s.product_id
"""
_TASKS = """
    SELECT t.unit_id, t.agency, t.plan, t.task, t.task_state, t.progress_pct
    FROM core.task_reports AS t
    WHERE t.period < $month AND list_contains($units, t.unit_id)
    QUALIFY ROW_NUMBER() OVER (PARTITION BY t.unit_id, t.agency, t.plan, t.task ORDER BY t.period DESC) = 1
"""

Told = Decimal | Literal["nothing", "blank", "not_collected"]
"""A number (yes is 1), or why there is none: `core.indicator_values.state`."""
Figures = dict[tuple[str, str], Told]
"""(indicator, breakdown) -> what was told of it."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """A decision on a product: class, day, number, body."""

    star: str
    day: date
    decision: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A product of a unit's register. Type and group are codes; `last` is `first` where nothing was decided since."""

    name: str
    producer: str
    producer_type: str | None
    group: str | None
    star: str
    expiry: date | None
    first: Recognition
    last: Recognition
    address: str | None


@dataclass(frozen=True)
class Known:
    """What is known, by sender and unit.

    Attributes:
        values: (form, unit, agency) -> month last reported within a year, and its figures.
        products: Unit -> its products, by producer.
        tasks: (unit, agency, plan, task) -> code of the state, percent done where told.
    """

    values: Mapping[tuple[str, str, str], tuple[str, Figures]] = field(default_factory=dict)
    products: Mapping[str, list[KnownProduct]] = field(default_factory=dict)
    tasks: Mapping[tuple[str, str, str, str], tuple[str, Decimal | None]] = field(default_factory=dict)


def known_before(
    connection: duckdb.DuckDBPyConnection, units: Collection[str], month: str, since: str, day: date
) -> Known:
    """What is known of some units before a month; nothing where no month has been run.

    Args:
        connection: The warehouse.
        units: Their ids, on the map of `day`.
        month: Key of the month to be reported.
        since: Key of the first month that counts as "last reported".
        day: The last day of the month: products are listed where they are on it.
    """
    has_register = connection.execute(
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'core' "
        "AND table_name IN ('indicator_values', 'product_status', 'recognitions', 'task_reports')"
    ).fetchone()
    if has_register != (4,):
        return Known()
    wanted = {"month": month, "units": list(units)}
    values: dict[tuple[str, str, str], tuple[str, Figures]] = {}
    for unit, agency, form, period, indicator, breakdown, value, state in connection.execute(
        _VALUES, wanted | {"since": since}
    ).fetchall():
        values.setdefault((form, unit, agency), (period, {}))[1][indicator, breakdown] = (
            value if state == "number" else state
        )
    products: defaultdict[str, list[KnownProduct]] = defaultdict(list)
    for unit, _, name, producer, kind, group, star, expiry, *decided, address in connection.execute(
        _PRODUCTS, wanted | {"day": day}
    ).fetchall():
        first, last = Recognition(*decided[:4]), Recognition(*decided[4:])
        products[unit].append(KnownProduct(name, producer, kind, group, star, expiry, first, last, address))
    tasks = {
        (unit, agency, plan, task): (state, progress)
        for unit, agency, plan, task, state, progress in connection.execute(_TASKS, wanted).fetchall()
    }
    return Known(values, products, tasks)
