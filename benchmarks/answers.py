"""What goes out: templates and answers.

(k) Templates for a province against XlsxWriter writing the same cells; (l) a file received → its answer written;
(m) a file of every commune of the country judged and answered against bare reading of the same files.
"""

import io
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import xlsxwriter

from benchmarks.intake import bare_reading
from benchmarks.workloads import LAM_DONG, MONTH, deployment
from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.catalogue.senders import Sender, senders_of
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.generator import NATION_CODE, Options, generate
from ocop_pipeline.intake.answer import answer
from ocop_pipeline.intake.answer_text import answer_text
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.intake.process import check
from ocop_pipeline.templates.template import template
from ocop_pipeline.warehouse.last_reported import Known

TODAY = date(2026, 10, 20)
KEY = b"k" * 32
RETURNED = 60
COMMUNES = 3_321
FAULTY = 166
"""Five in a hundred of the communes' files."""


def measure_templates(_: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """The workbooks of a province's communes, and the same cells written plainly, in turn."""
    catalogue, month = load_catalogue(), Period(MONTH)
    province = catalogue.units.find_code(LAM_DONG, month.end, Tier.PROVINCE)
    if province is None:
        raise RuntimeError("no such province")
    communes = [each for each in senders_of(catalogue, [province], month) if each.unit.tier is Tier.COMMUNE]
    sheets = [_cells(template(catalogue, each, month, Known(), KEY, "n")) for each in communes]
    ratios, seconds = [], []
    for _run in range(runs):
        bare = _plainly(sheets)
        ours = _templates(catalogue, communes, month)
        ratios.append(ours / bare)
        seconds.append(ours)
    return [
        (f"templates of {len(communes)} communes ÷ XlsxWriter writing the same cells", ratios, "×", ""),
        (f"templates of {len(communes)} communes", seconds, "s", ""),
    ]


def _templates(catalogue: Catalogue, communes: Sequence[Sender], month: Period) -> float:
    start = time.perf_counter()
    for sender in communes:
        template(catalogue, sender, month, Known(), KEY, "n")
    return time.perf_counter() - start


def _cells(data: bytes) -> list[list[tuple[int, int, object]]]:
    """Sheet by sheet the filled cells of a template."""
    import openpyxl  # noqa: PLC0415 - only this benchmark reads workbooks so

    book = openpyxl.load_workbook(io.BytesIO(data))
    return [
        [
            (cell.row - 1, cell.column - 1, cell.value)
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        ]
        for sheet in book.worksheets
    ]


def _plainly(books: Sequence[Sequence[Sequence[tuple[int, int, object]]]]) -> float:
    start = time.perf_counter()
    for sheets in books:
        book = xlsxwriter.Workbook(io.BytesIO(), {"in_memory": True})
        for cells in sheets:
            sheet = book.add_worksheet()
            for row, column, value in cells:
                sheet.write(row, column, value)
        book.close()
    return time.perf_counter() - start


def measure_answers(folder: Path, _: int) -> list[tuple[str, list[float], str, str]]:
    """One file after another, each as if it came alone: read, recognised, judged, its marked workbook made."""
    settings, catalogue = deployment(folder, LAM_DONG), load_catalogue()
    options = Options(LAM_DONG, MONTH, faults={"wrong_total": RETURNED}, workers=2)
    truth = generate(catalogue, options, settings.inbox)
    returned = [
        each.path for each in truth.files if each.verdict == "returned" and each.path.endswith(".xlsx")
    ]
    seconds = [_answered(settings.inbox / path, catalogue) for path in returned]
    warm = sorted(seconds[1:])
    p95 = warm[int(0.95 * (len(warm) - 1))]
    what = f"one file received → answer written, warm, {len(warm)} files"
    return [(f"{what}: median", [warm[len(warm) // 2]], "s", ""), (f"{what}: p95", [p95], "s", "under 1")]


def _answered(path: Path, catalogue: Catalogue) -> float:
    start = time.perf_counter()
    (judgement,) = check([path], catalogue, TODAY, workers=1)
    if marked_answer(path.read_bytes(), answer(judgement), catalogue.template_words) is None:
        raise RuntimeError(f"{path.name} was not marked")
    return time.perf_counter() - start


def measure_country(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """The files of all communes in one look: read, recognised, judged, and each finding written for its sender.

    A file with findings is answered by its marked workbook, or by the short text where it cannot be marked.
    """
    catalogue = load_catalogue()
    options = Options(NATION_CODE, MONTH, faults={"wrong_total": FAULTY}, workers=2)
    truth = generate(catalogue, options, folder)
    files = [folder / each.path for each in truth.files if each.form == "OCOP-XA"]
    files = [path for path in files if path.suffix == ".xlsx"]
    if len(files) < COMMUNES:
        raise RuntimeError(f"only {len(files)} communes' workbooks were generated")
    ratios, reading, judging, answering = [], [], [], []
    bare_reading(files)
    for _ in range(min(runs, 3)):
        bare = bare_reading(files)
        judged, answered, written = _country_answered(files, catalogue)
        reading.append(bare)
        judging.append(judged)
        answering.append(answered)
        ratios.append((judged + answered) / bare)
    what = f"{len(files)} files judged and {written} answered"
    return [
        (f"{what} ÷ bare fastexcel", ratios, "×", ""),
        (f"{what}: reading and judging", judging, "s", ""),
        (f"{what}: answers written", answering, "s", ""),
        (f"{len(files)} files read barely by fastexcel", reading, "s", ""),
    ]


def _country_answered(files: Sequence[Path], catalogue: Catalogue) -> tuple[float, float, int]:
    """Seconds of judging, seconds of answering, and how many answers were written."""
    start = time.perf_counter()
    judgements = check(files, catalogue, TODAY, workers=2)
    judged = time.perf_counter()
    written = 0
    for path, judgement in zip(files, judgements, strict=True):
        if judgement.findings:
            said = answer(judgement)
            if marked_answer(path.read_bytes(), said, catalogue.template_words) is None:
                answer_text(said, catalogue.template_words)
            written += 1
    if written < FAULTY:
        raise RuntimeError(f"{written} files had findings, {FAULTY} should have")
    return judged - start, time.perf_counter() - judged, written
