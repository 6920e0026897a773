"""The catalogue as tables, and the window of the run: what every model stands on."""

import dagster as dg

from assets.models import CATALOGUE, RAW
from assets.partitions import MONTHS
from ocop_pipeline.resources import Deployment
from ocop_pipeline.warehouse.models import SqlModel, code_version
from ocop_pipeline.warehouse.raw import store_reference
from ocop_pipeline.warehouse.reference import reference_tables
from ocop_pipeline.warehouse.window import known_months, run_months, set_window


def reference_asset(models: dict[str, SqlModel]) -> dg.AssetsDefinition:
    """The asset `catalogue/tables`; `models` give the version of the code that the figures stand on."""
    version = code_version(models)

    @dg.asset(
        key=CATALOGUE,
        deps=list(RAW.values()),
        partitions_def=MONTHS,
        group_name="catalogue",
        kinds={"duckdb"},
        description="Units, forms, indicators, calendar and plans as tables, and the months this run publishes.",
    )
    def tables(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult[None]:
        catalogue = deployment.catalogue
        connection = deployment.writer()
        months = run_months(connection, context.partition_key, catalogue.digest + version)
        known = known_months(connection, context.partition_key)
        tables = reference_tables(catalogue, deployment.settings.scope, known)
        rows = {table.name: table.rows for table in tables}
        store_reference(connection, rows)
        set_window(connection, months)
        return dg.MaterializeResult(
            metadata={
                "months": list(months.published),
                "months of lists only": list(months.listed),
                "catalogue": catalogue.digest[:12],
                "dagster/row_count": sum(table.num_rows for table in rows.values()),
            }
        )

    return tables
