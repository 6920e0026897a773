"""Intake as an asset: what is new in the drop folder becomes rows of schema `raw`, judged."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from assets.automation import TIME_ZONE
from assets.models import RAW
from assets.partitions import MONTHS
from ocop_pipeline.domain.findings import Severity, Verdict
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.judge import Judgement
from ocop_pipeline.intake.process import rebuild, take_in
from ocop_pipeline.intake.review_queue import returned_later
from ocop_pipeline.quality.rules import load_rules
from ocop_pipeline.register.spelling import speller
from ocop_pipeline.resources import Deployment, tell
from ocop_pipeline.templates.site_key import known_key
from ocop_pipeline.warehouse.ledger import Ledger
from ocop_pipeline.warehouse.raw import mark_returned_later, mark_withdrawn, missing_submissions, store_raw
from ocop_pipeline.warehouse.reference import scope_units
from ocop_pipeline.warehouse.scratch import published_before

_SEVERITY = {Severity.ERROR: dg.AssetCheckSeverity.ERROR, Severity.WARNING: dg.AssetCheckSeverity.WARN}
_STORED = (Verdict.ACCEPTED, Verdict.RETURNED)
_SHOWN = 20


def intake_assets() -> dg.AssetsDefinition:
    """`raw/submissions` and `raw/cells`, with one check a form rule.

    A failed check here means that files broke the rule: they went back to their senders (errors) or were accepted and
    flagged (warnings). It never stops the roll-up, which counts accepted files only.
    """
    rules = load_rules()

    @dg.multi_asset(
        name="intake",
        specs=[
            dg.AssetSpec(
                RAW["submissions"], group_name="raw", description="One row per recognised file, judged."
            ),
            dg.AssetSpec(
                RAW["cells"], group_name="raw", description="One row per cell of those files, typed."
            ),
        ],
        partitions_def=MONTHS,
        check_specs=[
            dg.AssetCheckSpec(rule.code.lower(), asset=RAW["cells"], description=rule.description)
            for rule in rules
        ],
    )
    def intake(
        context: dg.AssetExecutionContext, deployment: Deployment
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        settings = deployment.settings
        archive = Archive(settings.archive)
        settings.inbox.mkdir(parents=True, exist_ok=True)
        connection = deployment.writer()
        with Ledger.open(settings.ledger) as ledger:
            taken = take_in(
                settings.inbox, archive, ledger, deployment.catalogue, datetime.now(ZoneInfo(TIME_ZONE)),
                previous=lambda months: published_before(connection, months),
                settle_seconds=settings.settle_seconds,
                scope=scope_units(deployment.catalogue, settings.scope),
                workers=settings.workers,
                trust_file_times=settings.trust_file_times,
                spell=speller(deployment.catalogue.names),
                key=known_key(settings),
                progress=tell,
            )  # fmt: skip
            store_raw(connection, {"submissions": taken.submissions, "cells": taken.cells})
            # What an interrupted run had judged but not stored, and what was imported since, is read from the archive.
            kept = {each.sha256 for each in ledger.latest_verdicts() if each.verdict in _STORED}
            kept |= {each.submission_id for each in ledger.imports()}
            lost = missing_submissions(connection, kept)
            if lost:
                restored = rebuild(archive, ledger, deployment.catalogue, only=lost, workers=settings.workers)
                store_raw(connection, restored.tables)
            mark_withdrawn(connection, ledger.withdrawals())
            mark_returned_later(connection, returned_later(ledger))
        verdicts = Counter(str(judgement.verdict) for judgement in taken.judgements)
        context.log.info("took in %s; waiting: %s", dict(verdicts), len(taken.waiting))
        yield dg.MaterializeResult(
            asset_key=RAW["submissions"],
            metadata={**verdicts, "waiting": len(taken.waiting), "restored": len(lost)},
        )
        yield dg.MaterializeResult(
            asset_key=RAW["cells"], metadata={"dagster/row_count": taken.cells.num_rows}
        )
        places = _places(taken.judgements)
        for rule in rules:
            found = places[rule.code]
            yield dg.AssetCheckResult(
                asset_key=RAW["cells"],
                check_name=rule.code.lower(),
                passed=not found,
                severity=_SEVERITY[rule.severity],
                metadata={"violations": len(found), "sample": found[:_SHOWN]},
            )

    return intake


def _places(judgements: tuple[Judgement, ...]) -> defaultdict[str, list[str]]:
    """Finding code -> where it was found, as `file: sheet!cell`."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for judgement in judgements:
        for finding in judgement.findings:
            where = f"{finding.sheet}!{finding.cell}" if finding.cell else finding.sheet
            places[finding.code].append(f"{judgement.display_name}: {where}")
    return places
