"""Every SQL model as an asset: its tables as dependencies, its contract as checks, its lineage as metadata."""

from collections.abc import Iterator, Mapping

import dagster as dg

from assets.checks import check_results, check_specs
from assets.partitions import MONTHS
from ocop_pipeline.resources import Deployment, SecondJudging, tell
from ocop_pipeline.warehouse.models import SqlModel
from ocop_pipeline.warehouse.publish import AuditFailedError, publish
from ocop_pipeline.warehouse.window import set_months

RAW = {"submissions": dg.AssetKey(["raw", "submissions"]), "cells": dg.AssetKey(["raw", "cells"])}
"""The two assets of schema `raw`; what was told of an imported list, and what its lines mean, comes with them."""
_MADE_WITH = {"imports": "submissions", "import_lines": "cells"}
CATALOGUE = dg.AssetKey(["catalogue", "tables"])


def model_assets(models: Mapping[str, SqlModel]) -> list[dg.AssetsDefinition]:
    """One asset a model, in dependency order."""
    return [_asset(model, place, len(models)) for place, model in enumerate(models.values(), start=1)]


def asset_key(table: str) -> dg.AssetKey:
    """The asset that makes a table: the table's own name, or the asset that writes its schema."""
    schema, name = table.split(".")
    if schema == "raw":
        return RAW[_MADE_WITH.get(name, name)]
    if schema in ("catalogue", "meta"):
        return CATALOGUE
    return dg.AssetKey([schema, name])


def _asset(model: SqlModel, place: int, total: int) -> dg.AssetsDefinition:
    @dg.asset(
        key=asset_key(model.name),
        deps=sorted({asset_key(table) for table in model.dependencies}),
        partitions_def=MONTHS,
        group_name=model.schema,
        description=model.description,
        code_version=model.code_version,
        kinds={"duckdb", "sql"},
        metadata={"dagster/column_schema": _schema(model), "dagster/column_lineage": _lineage(model)},
        check_specs=check_specs(asset_key(model.name), model.contract),
    )
    def asset(
        context: dg.AssetExecutionContext, deployment: Deployment, second: SecondJudging
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        tell(model.name, place, total)
        connection = deployment.writer()
        try:
            done = publish(
                connection,
                model,
                set_months(connection, model.contract, context.partition_key),
                hand_over=second.judge.hand_over,
                run_id=context.run.run_id,
            )
        except AuditFailedError as failure:
            yield from check_results(asset_key(model.name), model.contract, failure.results)
            raise dg.Failure(str(failure), allow_retries=False) from failure
        yield dg.MaterializeResult(
            asset_key=asset_key(model.name),
            metadata={"dagster/row_count": done.rows, "seconds": round(done.seconds, 3)},
            check_results=list(check_results(asset_key(model.name), model.contract, done.results)),
        )

    return asset


def _schema(model: SqlModel) -> dg.TableSchema:
    columns = (
        dg.TableColumn(each.name, each.type, f"{each.meaning} ({each.label_vi})") for each in model.columns
    )
    return dg.TableSchema(list(columns))


def _lineage(model: SqlModel) -> dg.TableColumnLineage:
    deps = {}
    for column, sources in model.lineage.items():
        # Tables of one schema can share an asset, and a column name may then come twice.
        pairs = sorted({(asset_key(table), name) for table, name in sources})
        deps[column] = [dg.TableColumnDep(key, name) for key, name in pairs]
    return dg.TableColumnLineage({column: found for column, found in deps.items() if found})
