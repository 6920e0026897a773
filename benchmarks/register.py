"""The register: (g) its tables of eight years made anew, (h) one month more, (i) the import of a list.

(g) and (h) are measured against one scan of the same events, (i) against the bare reader of workbooks. Only the
register's own tables are timed, with their checks; what else they read (units, the indicators they are held against) is
published before. A run that finds anything new publishes every month in which somebody reported: that is (g) for a
province with workbooks of eight years, and near (h) for one that took its old years over as lists.
"""

import io
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb
import xlsxwriter
from python_calamine import CalamineWorkbook

from benchmarks.workloads import LAM_DONG
from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.list_reading import Told
from ocop_pipeline.intake.register_import import keep, read_file
from ocop_pipeline.register.identity import Names, identities
from ocop_pipeline.runs import TIME_ZONE
from ocop_pipeline.warehouse.connection import open_writer
from ocop_pipeline.warehouse.ledger import Ledger
from ocop_pipeline.warehouse.models import SqlModel, discover
from ocop_pipeline.warehouse.publish import publish, set_run_periods
from ocop_pipeline.warehouse.raw import prepare_raw, store_reference
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.register import listings, prepare_register, store_register, transfers
from ocop_pipeline.warehouse.window import months_written

PRODUCTS, ROWS = 20_000, 20_000
ON = date(2026, 10, 14)
FIRST, LAST = Period.parse("2018-11"), Period.parse("2026-10")
FIGURES = "2025-01"
"""The first month of which figures of reports are made."""
MEMORY = "2GB"
"""What a deployment has unless told otherwise."""
MODELS = frozenset((
    "core.listings", "core.kept_names", "core.evaluations", "core.product_events", "core.producers",
    "core.recognitions", "core.recognition_groups", "core.product_history", "core.product_changes",
    "core.certificates", "core.product_places",
    "core.product_status", "core.restated_places", "core.register_movements", "core.register_balance",
    "core.register_known", "core.register_flow_products", "core.register_flows", "core.register_counts",
    "marts.recognised_products",
    "marts.register_summary",
))  # fmt: skip
_HEADER = (
    "TT", "Tên sản phẩm", "Nhóm sản phẩm", "Loại hình kinh doanh của chủ thể", "Tên chủ thể", "Xã/phường", "Địa chỉ",
    "Người đại diện", "Điện thoại", "Hạng sao hiện tại", "Ngày hết hạn", "Đánh giá lần 1", "", "", "", "",
    "Đánh giá lần 2 / nâng hạng", "", "", "", "", "Ghi chú",
)  # fmt: skip
_SCAN = "SELECT unit_id, star, DATE_TRUNC('month', day), kind, COUNT(*) FROM events GROUP BY ALL"
# Three events a product, spread evenly over 2,921 days to the end of the last month: recognised, recognised again about
# three years later (before or after the certificate ran out), and then recognised once more or something else. Before
# the change of units the commune of the day told of it.
_EVENTS = """
    CREATE TABLE events AS
    SELECT
        e.product, e.day, CASE WHEN e.day < DATE '2025-07-01' THEN u.before_id ELSE u.unit_id END AS unit_id,
        CASE WHEN (e.product + e.place) % 3 = 0 THEN '4' ELSE '3' END AS star,
        CASE
            WHEN e.place < 2 OR e.product % 10 > 3 THEN 'recognition'
            ELSE ['extension', 'revocation', 'transfer', 'correction'][e.product % 10 + 1]
        END AS kind
    FROM (
        SELECT
            p.product, k.place,
            DATE '2018-11-01' + CAST(k.place * 1000 + (p.product * 37 + k.place * 131) % 921 AS INTEGER) AS day
        FROM RANGE(CAST(? AS BIGINT)) AS p(product)
        CROSS JOIN RANGE(3) AS k(place)
    ) AS e
    JOIN communes AS u ON u.place = e.product % (SELECT COUNT(*) FROM communes)
"""
_COMMUNES = """
    CREATE TABLE communes AS
    SELECT t.place, t.unit_id, COALESCE(MIN(s.predecessor_id), t.unit_id) AS before_id
    FROM today AS t
    LEFT JOIN catalogue.successions AS s
        ON s.successor_id = t.unit_id AND s.is_default AND s.effective_date = DATE '2025-07-01'
    GROUP BY t.place, t.unit_id
"""
_FILE = "CONCAT(e.unit_id, STRFTIME(e.day, '%Y-%m'), e.kind)"
_MONTH = "STRFTIME(e.day, '%Y-%m') AS period"
_KEYS = f"{_MONTH}, {_FILE} AS submission_id, 'S' AS sheet, CAST(e.product AS VARCHAR) AS line_key"
_NAMES = "CONCAT('Sản phẩm ', e.product) AS product_name, CONCAT('HTX ', e.product // 4) AS producer_name"
_ROWS = {
    "staging.submissions": f"""
        SELECT DISTINCT {_FILE} AS submission_id, e.unit_id, '' AS agency,
            CASE WHEN e.kind = 'recognition' THEN 'OCOP-XA' ELSE 'DS-QD' END AS form,
            {_MONTH}, LAST_DAY(e.day) AS period_end, HASH({_FILE}) % 1000000007 AS sequence
        FROM events AS e""",
    "staging.register_places": f"""
        SELECT {_KEYS}, e.unit_id, ['Cây cảnh', 'Chè tươi, chế biến', 'Hoa'][e.product % 3 + 1] AS product_group
        FROM events AS e""",
    "staging.register_rows": f"""
        SELECT {_KEYS}, {_NAMES}, CONCAT('B', e.product) AS product_cell, CONCAT('M', e.product) AS first_cell,
            'province' AS issuing_level,
            CASE WHEN e.kind = 'recognition' THEN e.star END AS first_star_code,
            CASE WHEN e.kind = 'recognition' THEN e.day END AS first_date
        FROM events AS e""",
    "staging.register_events": f"""
        SELECT {_KEYS}, e.unit_id, {_NAMES}, CONCAT('B', e.product) AS cell, e.kind AS event_kind,
            e.day AS event_date, CONCAT(e.day, e.kind) AS decision_no,
            CASE WHEN e.kind = 'transfer' THEN CONCAT('HTX mới ', e.product // 4) END AS new_producer_name,
            CASE WHEN e.kind = 'correction' THEN '3' END AS corrected_star
        FROM events AS e WHERE e.kind <> 'recognition'""",
}  # fmt: skip
"""Staged table -> its rows: what was decided on a product in a month stands in one file of its commune."""


def measure(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Publish the register's models for all months but the last, none of their tables there, beside the scan."""
    months = _months()[:-1]
    ratios, seconds = [], []
    with _eight_years(folder) as (connection, models):
        for _ in range(runs + 1):
            _drop(connection, models)
            bare = _seconds(lambda: connection.execute(_SCAN).fetchall())
            ours = _seconds(lambda: _publish(connection, models, months))
            ratios.append(ours / bare)
            seconds.append(ours)
    what = f"register of {len(months)} months, 20,000 products, 60,000 events"
    return [
        (f"{what} ÷ one scan of the events", ratios[1:], "×", "report"),
        (f"{what}, with audits", seconds[1:], "s", ""),
    ]


def measure_increment(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Publish the register's models for the last month once its events have come, beside the scan of all events."""
    months = _months()
    ratios, seconds = [], []
    with _eight_years(folder) as (connection, models):
        for table in _ROWS:
            connection.execute(f"CREATE TABLE late_{_name(table)} AS FROM {table} WHERE period = '{LAST}'")
        lines = _count(connection, "late_register_rows")
        for _ in range(runs + 1):
            for table in _ROWS:
                connection.execute(f"DELETE FROM {table} WHERE period = '{LAST}'")
            _publish(connection, models, months[:-1])
            for table in _ROWS:
                connection.execute(f"INSERT INTO {table} FROM late_{_name(table)}")
            bare = _seconds(lambda: connection.execute(_SCAN).fetchall())
            ours = _seconds(lambda: _publish(connection, models, months[-1:]))
            ratios.append(ours / bare)
            seconds.append(ours)
    what = f"one month more of that register, {lines} events"
    return [
        (f"{what} ÷ one scan of all events", ratios[1:], "×", "report"),
        (f"{what}, with audits", seconds[1:], "s", ""),
    ]


def measure_import(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Read and keep a register of 20,000 rows as an import does, and read it with the bare reader."""
    catalogue = load_catalogue()
    data = _workbook([unit.full_name for unit in _communes(catalogue)])
    told = Told("register", _province(catalogue).unit_id, listed_on=ON)
    ratios, seconds = [], []
    state = folder / "state"
    for _ in range(runs + 1):
        bare = _seconds(
            lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
        )
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir()
        ours = _seconds(lambda: _take_over(catalogue, data, told, state))
        ratios.append(ours / bare)
        seconds.append(ours)
    return [
        ("import of a register of 20,000 rows ÷ calamine reading its workbook", ratios[1:], "×", "report"),
        ("import of a register of 20,000 rows", seconds[1:], "s", ""),
    ]


def _months() -> tuple[str, ...]:
    months = [FIRST]
    while months[-1] != LAST:
        months.append(months[-1].next())
    return tuple(month.key for month in months)


@contextmanager
def _eight_years(folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[SqlModel, ...]]]:
    """A warehouse with the events staged and everything the register's models read; and these models in order."""
    found = discover()
    with open_writer(folder / "warehouse.duckdb", MEMORY) as connection:
        _stage(connection, load_catalogue(), found)
        _surround(connection, found.values())
        yield connection, tuple(model for model in found.values() if model.name in MODELS)


def _publish(
    connection: duckdb.DuckDBPyConnection, models: Iterable[SqlModel], months: tuple[str, ...]
) -> None:
    """Publish models for a run of these months, which is for the last of them."""
    for model in models:
        chosen = months_written(model.contract.months, months[-1], months)
        set_run_periods(connection, chosen)
        publish(connection, model, chosen)


def _drop(connection: duckdb.DuckDBPyConnection, models: Iterable[SqlModel]) -> None:
    for model in models:
        connection.execute(f"DROP TABLE {model.name}")


def _stage(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, models: Mapping[str, SqlModel]
) -> None:
    """Sources of every model, empty but for the catalogue, the staged events and what Python makes of names."""
    prepare_raw(connection)
    prepare_register(connection)
    tables = reference_tables(catalogue, (LAM_DONG,), _months())
    store_reference(connection, {table.name: table.rows for table in tables})
    connection.execute("CREATE TABLE today (place INTEGER, unit_id VARCHAR)")
    rows = [[place, unit.unit_id] for place, unit in enumerate(_communes(catalogue))]
    connection.executemany("INSERT INTO today VALUES (?, ?)", rows)
    connection.execute(_COMMUNES)
    connection.execute(_EVENTS, [PRODUCTS])
    connection.execute("CREATE SCHEMA IF NOT EXISTS staging")
    for model in models.values():
        if model.schema == "staging":
            columns = ", ".join(f"{each.name} {each.type}" for each in model.columns)
            connection.execute(f"CREATE TABLE {model.name} ({columns})")
    for table, select in _ROWS.items():
        connection.execute(f"INSERT INTO {table} BY NAME {select}")
    store_register(connection, "spellings", _spellings(connection))
    _publish(connection, [models["core.listings"]], _months())
    names = Names(listings(connection), str, str)
    store_register(connection, "identities", identities([], names, transfers(connection)))


def _surround(connection: duckdb.DuckDBPyConnection, models: Iterable[SqlModel]) -> None:
    """Publish every model once, what the register's summary is held against among them.

    The run of (g)'s last month comes first, then that of one month more. Tables that are not the register's are made
    from the year before on, as far as its year to date reaches back: nothing timed reads earlier months of them.
    """
    made = [model for model in models if model.schema in ("core", "marts")]
    for months in (_months()[:-1], _months()[-1:]):
        late = tuple(month for month in months if month >= FIGURES)
        for model in made:
            whole = model.name in MODELS or model.name == "core.unit_ancestors"
            _publish(connection, [model], months if whole else late)


def _spellings(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    names = connection.execute(
        "SELECT DISTINCT 'product', product_name FROM staging.register_rows UNION "
        "SELECT 'producer', producer_name FROM staging.register_rows UNION "
        "SELECT 'producer', new_producer_name FROM staging.register_events WHERE new_producer_name IS NOT NULL"
    ).fetchall()
    return [(kind, name, name, "", "province" if kind == "producer" else "") for kind, name in names]


def _name(table: str) -> str:
    return table.split(".")[1]


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.sql(f"SELECT COUNT(*) FROM {table}").fetchall()[0][0])


def _province(catalogue: Catalogue) -> UnitVersion:
    found = catalogue.units.find_code(LAM_DONG, ON)
    if found is None:
        raise RuntimeError(f"no province {LAM_DONG} on {ON}")
    return found


def _communes(catalogue: Catalogue) -> tuple[UnitVersion, ...]:
    return catalogue.units.descendants(_province(catalogue).unit_id, ON, Tier.COMMUNE)


def _workbook(communes: list[str]) -> bytes:
    """A register of 22 columns as provinces keep it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet("Sổ")
        page.write_row("A3", _HEADER)
        for first in (11, 16):
            page.write_row(
                3, first, ["Hạng sao", "Ngày công nhận", "Năm công nhận", "Số quyết định", "Cơ quan ban hành"]
            )
        for n in range(ROWS):
            day = date(2024, n % 12 + 1, n % 28 + 1)
            page.write_row(4 + n, 0, [
                n + 1, f"Sản phẩm {n}", "Thực phẩm", "Hợp tác xã", f"HTX {n // 4}", communes[n % len(communes)], "", "",
                "", "3 sao", "", "3 sao", day.strftime("%d/%m/%Y"), 2024, f"{n % 900}/QĐ-UBND", "UBND tỉnh Lâm Đồng",
            ])  # fmt: skip
    return out.getvalue()


def _take_over(catalogue: Catalogue, data: bytes, told: Told, state: Path) -> None:
    reading = read_file(data, "so.xlsx", told, catalogue, ON)
    with Ledger.open(state / "ledger.sqlite") as ledger:
        keep(reading, data, Archive(state / "archive"), ledger, catalogue, datetime.now(TIME_ZONE))
    if sum(len(each.lines) for each in reading.lists) != ROWS:
        raise RuntimeError("lines were lost")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
