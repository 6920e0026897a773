"""The blocks a report's specification can name.

Here: the closed list. Not here: how any of them is built.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ocop_pipeline.reporting.document import Block
from ocop_pipeline.reporting.grids import funding_table, indicator_table, other_map_banner, unit_tables
from ocop_pipeline.reporting.lists import (
    REMARK_KINDS,
    coverage_table,
    product_table,
    quotes,
    remark_tables,
    status_table,
)
from ocop_pipeline.reporting.place_maps import coverage_map, valid_map
from ocop_pipeline.reporting.progress import chart, plan_tables, sample_notice
from ocop_pipeline.reporting.register_lists import ended_table, lapsing_tables, valid_table
from ocop_pipeline.reporting.register_tables import (
    balance_table,
    former_districts_table,
    register_by_group,
    register_by_producer_type,
    register_by_unit,
)
from ocop_pipeline.reporting.setting import Setting

Builder = Callable[[Setting], list[Block]]


def _quotes_of(kind: str) -> Builder:
    return lambda setting: quotes(setting, kind)


BLOCKS: Final[Mapping[str, Builder]] = MappingProxyType(
    {
        "coverage_table": coverage_table,
        "status_table": status_table,
        "indicator_table": indicator_table,
        "funding_table": funding_table,
        "unit_tables": unit_tables,
        "plan_tables": plan_tables,
        "sample_notice": sample_notice,
        "other_map_banner": other_map_banner,
        "chart": chart,
        "product_table": product_table,
        "balance_table": balance_table,
        "register_by_unit": register_by_unit,
        "former_districts_table": former_districts_table,
        "register_by_group": register_by_group,
        "register_by_producer_type": register_by_producer_type,
        "ended_table": ended_table,
        "lapsing_tables": lapsing_tables,
        "valid_table": valid_table,
        "valid_map": valid_map,
        "coverage_map": coverage_map,
        "remark_tables": remark_tables,
        **{f"quotes_{kind}": _quotes_of(kind) for kind in REMARK_KINDS},
    }
)
"""Every block a specification may name. A builder gives no block where there is nothing to show."""
