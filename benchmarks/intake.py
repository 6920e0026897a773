"""(a) Intake of 1,000 workbooks against bare fastexcel reading of every sheet of the same files."""

import shutil
import time
from datetime import datetime
from pathlib import Path

import fastexcel

from benchmarks.workloads import workbooks
from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.intake.archive import Archive
from ocop_pipeline.intake.process import take_in
from ocop_pipeline.runs import TIME_ZONE
from ocop_pipeline.warehouse.connection import open_writer
from ocop_pipeline.warehouse.ledger import Ledger
from ocop_pipeline.warehouse.raw import store_raw

COUNT = 1_000


def measure(folder: Path, runs: int) -> list[tuple[str, list[float], str, str]]:
    """Bare reading and whole intake in turn, as a ratio each time."""
    files = workbooks(folder / "inbox", COUNT)
    catalogue = load_catalogue()
    ratios, seconds = [], []
    bare_reading(files)
    take_all_in(folder, catalogue)
    for _ in range(runs):
        bare = bare_reading(files)
        ours = take_all_in(folder, catalogue)
        ratios.append(ours / bare)
        seconds.append(ours)
    return [
        (f"intake of {COUNT} workbooks ÷ bare fastexcel", ratios, "×", "at most 3"),
        (f"intake of {COUNT} workbooks", seconds, "s", ""),
    ]


def bare_reading(files: list[Path]) -> float:
    """Seconds to read every sheet of every file as text, in one process, doing nothing with it."""
    start = time.perf_counter()
    for path in files:
        reader = fastexcel.read_excel(path)
        for name in reader.sheet_names:
            reader.load_sheet(name, header_row=None, dtypes="string").to_arrow()
    return time.perf_counter() - start


def take_all_in(folder: Path, catalogue: Catalogue) -> float:
    """Seconds from a full inbox to archive, ledger, verdicts and rows in the warehouse."""
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    start = time.perf_counter()
    with Ledger.open(state / "ledger.sqlite") as ledger, open_writer(state / "w.duckdb") as connection:
        now = datetime.now(TIME_ZONE)
        taken = take_in(
            folder / "inbox", Archive(state / "archive"), ledger, catalogue, now, settle_seconds=0, workers=2
        )
        store_raw(connection, {"submissions": taken.submissions, "cells": taken.cells})
    seconds = time.perf_counter() - start
    accepted = sum(judgement.verdict == "accepted" for judgement in taken.judgements)
    if accepted != COUNT:
        raise RuntimeError(f"{accepted} of {COUNT} sound workbooks were accepted")
    return seconds
