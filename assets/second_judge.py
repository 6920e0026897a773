"""The second judge's verdicts as an asset: what Great Expectations found in the month's rows of every table."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import dagster as dg

from assets.checks import suite_result, suite_specs
from assets.models import asset_key
from assets.partitions import MONTHS
from ocop_pipeline.resources import Deployment, SecondJudging, tell
from ocop_pipeline.warehouse.models import SqlModel
from ocop_pipeline.warehouse.publish import Judge, Stamp, record_results

VERDICTS = dg.AssetKey(["audits", "great_expectations"])


def second_judge_asset(models: Mapping[str, SqlModel]) -> dg.AssetsDefinition:
    """The asset `audits/great_expectations`, with one check a table; a critical finding stops the documents.

    Tables are handed over as they are published and judged beside the run; here the verdicts are waited for. The
    fast path has judged the same contracts before, so a finding here alone is a fault of ours.
    """

    @dg.asset(
        key=VERDICTS,
        deps=[asset_key(name) for name in models],
        partitions_def=MONTHS,
        group_name="audits",
        kinds={"greatexpectations"},
        description="What Great Expectations found in the month's rows of every published table.",
        check_specs=suite_specs(VERDICTS, models),
    )
    def great_expectations(
        context: dg.AssetExecutionContext, deployment: Deployment, second: SecondJudging
    ) -> Iterator[dg.MaterializeResult[None]]:
        tell("Great Expectations", 0, 1)
        verdicts = second.judge.verdicts()
        now = datetime.now(UTC)
        for table, results in verdicts.items():
            stamp = Stamp(context.run.run_id, now, table, (context.partition_key,), Judge.GREAT_EXPECTATIONS)
            record_results(deployment.writer(), stamp, results)
        tell("Great Expectations", 1, 1)
        yield dg.MaterializeResult(
            metadata={"tables": len(verdicts), "expectations": sum(map(len, verdicts.values()))},
            check_results=[suite_result(VERDICTS, table, results) for table, results in verdicts.items()],
        )

    return great_expectations
