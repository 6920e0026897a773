"""(g) The register's tables of eight years, and one month of them, ÷ a scan of the events; (h) an import ÷ reading."""

import io
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import xlsxwriter
from python_calamine import CalamineWorkbook

from benchmarks.workloads import LAM_DONG
from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.intake.list_reading import Told
from ocop_pipeline.intake.register_import import read_file
from ocop_pipeline.quality.contracts import Months
from ocop_pipeline.register.identity import Names, identities
from ocop_pipeline.warehouse.models import SqlModel, discover
from ocop_pipeline.warehouse.publish import publish, set_run_periods
from ocop_pipeline.warehouse.raw import prepare_raw, store_reference
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.register import listings, prepare_register, store_register, transfers

PRODUCTS, ROWS = 20_000, 20_000
ON = date(2026, 10, 14)
FIRST, LAST = Period.parse("2018-11"), Period.parse("2026-10")
MODELS = (
    "core.unit_ancestors", "core.listings", "core.evaluations", "core.product_events", "core.producers",
    "core.recognitions", "core.recognition_groups", "core.product_history", "core.certificates",
    "core.product_places", "core.product_status", "core.restated_places", "core.register_movements",
    "core.register_balance", "core.register_flow_products", "core.register_flows", "core.register_counts",
)  # fmt: skip
_HEADER = (
    "TT", "Tên sản phẩm", "Nhóm sản phẩm", "Loại hình kinh doanh của chủ thể", "Tên chủ thể", "Xã/phường", "Địa chỉ",
    "Người đại diện", "Điện thoại", "Hạng sao hiện tại", "Ngày hết hạn", "Đánh giá lần 1", "", "", "", "",
    "Đánh giá lần 2 / nâng hạng",
)  # fmt: skip
_STAGED = (
    "staging.submissions",
    "staging.register_rows",
    "staging.register_places",
    "staging.register_events",
)
_SCAN = "SELECT unit_id, star, DATE_TRUNC('month', day), kind, COUNT(*) FROM events GROUP BY ALL"
# Three events a product: recognised, recognised again three years later, and two years after that something else.
_EVENTS = f"""
    CREATE TABLE events AS
    SELECT
        p.product, k.place, u.unit_id,
        DATE '2018-11-01'
            + CAST(p.product * 37 % 700 + k.place * 1000 + p.product * 13 % 90 * k.place AS INTEGER) AS day,
        CASE WHEN (p.product + k.place) % 3 = 0 THEN '4' ELSE '3' END AS star,
        CASE
            WHEN k.place < 2 OR p.product % 10 > 3 THEN 'recognition'
            ELSE ['extension', 'revocation', 'transfer', 'correction'][p.product % 10 + 1]
        END AS kind
    FROM RANGE({PRODUCTS}) AS p(product)
    CROSS JOIN RANGE(3) AS k(place)
    JOIN communes AS u ON u.place = p.product % (SELECT COUNT(*) FROM communes)
"""
_FILE = "CONCAT(e.unit_id, STRFTIME(e.day, '%Y-%m'), e.kind)"
_KEYS = f"{_FILE} AS submission_id, 'S' AS sheet, CAST(e.product AS VARCHAR) AS line_key"
_NAMES = "CONCAT('Sản phẩm ', e.product) AS product_name, CONCAT('HTX ', e.product // 4) AS producer_name"
_ROWS = {
    "staging.submissions": f"""
        SELECT DISTINCT {_FILE} AS submission_id, e.unit_id, '' AS agency,
            CASE WHEN e.kind = 'recognition' THEN 'OCOP-XA' ELSE 'DS-QD' END AS form,
            STRFTIME(e.day, '%Y-%m') AS period, HASH({_FILE}) % 1000000007 AS sequence
        FROM events AS e""",
    "staging.register_places": f"SELECT '2026-10' AS period, {_KEYS}, e.unit_id FROM events AS e",
    "staging.register_rows": f"""
        SELECT '2026-10' AS period, {_KEYS}, {_NAMES}, CONCAT('B', e.product) AS product_cell,
            CONCAT('M', e.product) AS first_cell,
            CASE WHEN e.kind = 'recognition' THEN e.star END AS first_star_code,
            CASE WHEN e.kind = 'recognition' THEN e.day END AS first_date
        FROM events AS e""",
    "staging.register_events": f"""
        SELECT '2026-10' AS period, {_KEYS}, e.unit_id, {_NAMES}, CONCAT('B', e.product) AS cell, e.kind AS event_kind,
            e.day AS event_date, CONCAT(e.day, e.kind) AS decision_no,
            CASE WHEN e.kind = 'transfer' THEN CONCAT('HTX mới ', e.product // 4) END AS new_producer_name,
            CASE WHEN e.kind = 'correction' THEN '3' END AS corrected_star
        FROM events AS e WHERE e.kind <> 'recognition'""",
}  # fmt: skip


def measure(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Publish the register's models for all months, then for the last one, each beside the scan."""
    del folder  # in memory: what is measured is the work, not the disk
    months = [FIRST]
    while months[-1] != LAST:
        months.append(months[-1].next())
    keys = tuple(month.key for month in months)
    found = discover()
    whole, part, seconds, month_seconds = [], [], [], []
    with duckdb.connect() as connection:
        _fill(connection, load_catalogue(), keys, found)
        for _ in range(runs + 1):
            bare = _seconds(lambda: connection.execute(_SCAN).fetchall())
            full = _seconds(lambda: _publish(connection, found, keys))
            increment = _seconds(lambda: _publish(connection, found, keys[-1:]))
            whole.append(full / bare)
            part.append(increment / bare)
            seconds.append(full)
            month_seconds.append(increment)
    what = "20,000 products, 60,000 events"
    return [
        (f"register of 96 months, {what} ÷ one scan of the events", whole[1:], "×", "report"),
        ("register of 96 months, with audits", seconds[1:], "s", ""),
        ("one month more ÷ one scan of the events", part[1:], "×", "report"),
        ("one month more, with audits", month_seconds[1:], "s", ""),
    ]


def measure_import(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Read a register of 20,000 rows as an import does, and with the bare reader."""
    del folder
    catalogue = load_catalogue()
    data = _workbook([unit.full_name for unit in _communes(catalogue)])
    told = Told("register", _province(catalogue).unit_id, listed_on=ON)
    ratios, seconds = [], []
    for _ in range(runs + 1):
        bare = _seconds(
            lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
        )
        ours = _seconds(lambda: _read(catalogue, data, told))
        ratios.append(ours / bare)
        seconds.append(ours)
    return [
        ("import of a register of 20,000 rows ÷ calamine reading its workbook", ratios[1:], "×", "report"),
        ("import of a register of 20,000 rows", seconds[1:], "s", ""),
    ]


def _publish(
    connection: duckdb.DuckDBPyConnection, models: dict[str, SqlModel], months: tuple[str, ...]
) -> None:
    for name in MODELS:
        model = models[name]
        chosen = months[-1:] if model.contract.months is Months.TARGET else months
        set_run_periods(connection, chosen)
        publish(connection, model, chosen)


def _fill(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    months: tuple[str, ...],
    models: dict[str, SqlModel],
) -> None:
    """Source tables, and the identities as a run makes them."""
    prepare_raw(connection)
    prepare_register(connection)
    tables = reference_tables(catalogue, (LAM_DONG,), months)
    store_reference(connection, {table.name: table.rows for table in tables})
    connection.execute("CREATE TABLE communes (place INTEGER, unit_id VARCHAR)")
    rows = [[place, unit.unit_id] for place, unit in enumerate(_communes(catalogue))]
    connection.executemany("INSERT INTO communes VALUES (?, ?)", rows)
    connection.execute(_EVENTS)
    connection.execute("CREATE SCHEMA IF NOT EXISTS staging")
    for table in _STAGED:
        columns = ", ".join(f"{each.name} {each.type}" for each in models[table].columns)
        connection.execute(f"CREATE TABLE {table} ({columns})")
        connection.execute(f"INSERT INTO {table} BY NAME {_ROWS[table]}")
    store_register(connection, "spellings", _spellings(connection))
    set_run_periods(connection, months)
    publish(connection, models["core.unit_ancestors"], months)
    publish(connection, models["core.listings"], months)
    names = Names(listings(connection), str, str)
    store_register(connection, "identities", identities([], names, transfers(connection)))


def _spellings(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    names = connection.execute(
        "SELECT DISTINCT 'product', product_name FROM staging.register_rows UNION "
        "SELECT 'producer', producer_name FROM staging.register_rows UNION "
        "SELECT 'producer', new_producer_name FROM staging.register_events WHERE new_producer_name IS NOT NULL"
    ).fetchall()
    return [(kind, name, name, "", "province" if kind == "producer" else "") for kind, name in names]


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


def _read(catalogue: Catalogue, data: bytes, told: Told) -> None:
    reading = read_file(data, "so.xlsx", told, catalogue, ON)
    if sum(len(each.lines) for each in reading.lists) != ROWS:
        raise RuntimeError("lines were lost")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
