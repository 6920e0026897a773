"""The Dagster code location: the one file that knows everybody.

Belongs here: putting assets, checks, jobs, schedule and sensor together for one deployment. Nothing is computed.
"""

import dagster as dg

from assets.automation import folder_sensor, monthly_report_job, monthly_schedule
from assets.deliveries import delivery_asset
from assets.documents import document_assets
from assets.models import model_assets
from assets.reference import reference_asset
from assets.register import register_assets
from assets.second_judge import second_judge_asset
from assets.submissions import intake_assets
from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.resources import Deployment, SecondJudging, share_catalogue
from ocop_pipeline.settings import Settings, load_settings, prepare_process
from ocop_pipeline.warehouse.models import discover


def build_definitions(settings: Settings, catalogue: Catalogue | None = None) -> dg.Definitions:
    """The whole graph for one deployment; tests build it on a temporary one."""
    catalogue = catalogue or load_catalogue(settings.site)
    share_catalogue(settings.site, catalogue)
    models = discover()
    job = monthly_report_job()
    return dg.Definitions(
        assets=[
            intake_assets(),
            reference_asset(models),
            *model_assets(models),
            *register_assets(),
            second_judge_asset(models),
            *document_assets(models),
            delivery_asset(),
        ],
        jobs=[job],
        schedules=[monthly_schedule(job, catalogue)],
        sensors=[folder_sensor(job, settings)],
        resources={
            "deployment": Deployment(site=str(settings.site), state=str(settings.state)),
            "second": SecondJudging(),
        },
        # One run at a time in one process: DuckDB has one writer, and a subprocess an asset costs seconds each.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location of `workspace.yaml`: the deployment named by OCOP_SITE and OCOP_STATE."""
    settings = load_settings()
    prepare_process(settings)
    return build_definitions(settings)
