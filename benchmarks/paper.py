"""(c) Our PDF against Typst compiling the same source with its data already in hand."""

import json
import time
from datetime import datetime
from pathlib import Path

import typst

from benchmarks.workloads import LAM_DONG, MONTH, deployment, fill
from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.paths import REPORT_TEMPLATES
from ocop_pipeline.reporting.document import to_json
from ocop_pipeline.reporting.issuing import report_document
from ocop_pipeline.reporting.paper import STANDARDS, write_pdf
from ocop_pipeline.runs import TIME_ZONE, run_month
from ocop_pipeline.warehouse.connection import open_reader, rows_reader
from ocop_pipeline.warehouse.figures import reporting_units


def measure(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """From published marts to PDF bytes, and the bare compile of the same JSON, in turn."""
    settings = deployment(folder, LAM_DONG)
    fill(settings, LAM_DONG)
    outcome = run_month(settings, MONTH)
    if not outcome.succeeded:
        raise RuntimeError(outcome.reason)
    catalogue, period = load_catalogue(), Period(MONTH)
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[REPORT_TEMPLATES / "fonts"]
    )
    source = REPORT_TEMPLATES / "typst" / "document.typ"
    bare_compiler = typst.Compiler(source, root=REPORT_TEMPLATES, font_paths=fonts)
    ratios, whole, gathering = [], [], []
    with open_reader(settings.warehouse) as connection:
        (unit,) = reporting_units(connection, MONTH, ["province"])
        for number in range(runs + 1):
            # A day of its own each time: an unchanged document is compiled from memory, which measures nothing.
            as_of = datetime.now(TIME_ZONE).date().replace(day=number + 1)
            start = time.perf_counter()
            document = report_document(rows_reader(connection), catalogue, settings, unit, period, as_of)
            made = time.perf_counter()
            write_pdf(document)
            printed = time.perf_counter()
            data = to_json(document)
            changed = json.dumps(json.loads(data) | {"title": f"{number}"}, ensure_ascii=False)
            begin = time.perf_counter()
            bare_compiler.compile(
                sys_inputs={"document": changed}, format="pdf", pdf_standards=list(STANDARDS)
            )
            bare = time.perf_counter() - begin
            ratios.append((printed - made) / bare)
            whole.append((printed - start) / bare)
            gathering.append(made - start)
    return [
        ("PDF of the document ÷ Typst with data in hand", ratios[1:], "×", "at most 1.3"),
        ("from marts to PDF ÷ Typst with data in hand", whole[1:], "×", ""),
        ("gather and compose", gathering[1:], "s", ""),
    ]
