"""Run the benchmarks and append a dated table to benchmarks/RESULTS.md.

Everything is a ratio measured in one run, median of at least five, because machines differ and are noisy: (a) intake
of 1,000 workbooks ÷ bare fastexcel reading of every sheet of the same files; (b) roll-up and marts of a province's
month ÷ one GROUP BY over the same rows; (c) PDF ÷ Typst compiling the same source with its data in hand; (d) a month
of Lâm Đồng from files to PDF, warm; (e) the same by a plain pandas and openpyxl script; (f) growth from 124 to 3,321
communes; (g) the register's tables of eight years made anew ÷ one scan of their events; (h) one month more of them ÷
the same scan; (i) the import of a register of 20,000 rows ÷ reading its workbook; (j) five years of all communes
carried to another map ÷ one GROUP BY of the same rows; (k) templates for a province ÷ XlsxWriter writing the same
cells; (l) one file received → its answer written; (m) a file of every commune of the country judged and answered ÷
bare reading.
"""

import argparse
import datetime as dt
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import answers, intake, month, paper, register, restatement, rollup

RESULTS = Path(__file__).with_name("RESULTS.md")
HEADER = "| date | machine | what | median | runs | target |\n|---|---|---|---|---|---|\n"

Measurement = tuple[str, list[float], str, str]
"""What was measured, the figures, their unit, the target."""

SUITES: dict[str, Callable[[Path, int], list[Measurement]]] = {
    "a": intake.measure,
    "b": rollup.measure,
    "c": paper.measure,
    "d": month.measure_month,
    "e": month.measure_script,
    "f": month.measure_growth,
    "g": register.measure,
    "h": register.measure_increment,
    "i": register.measure_import,
    "j": restatement.measure,
    "k": answers.measure_templates,
    "l": answers.measure_answers,
    "m": answers.measure_country,
}


def main() -> None:
    """Run the suites asked for, each in its own process so that memory figures are its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", default=list(SUITES), help="letters of the suites")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--inside", action="store_true", help="run here instead of in a process each")
    options = parser.parse_args()
    if not options.inside:
        for name in options.suites:
            command = [sys.executable, "-m", "benchmarks", name, "--runs", str(options.runs), "--inside"]
            subprocess.run(command, check=True)
        return
    for name in options.suites:
        with tempfile.TemporaryDirectory(prefix="ocop-bench-") as folder:
            report(name, SUITES[name](Path(folder), options.runs))


def report(name: str, measurements: Sequence[Measurement]) -> None:
    """Print a suite's figures and keep them."""
    if not RESULTS.exists():
        RESULTS.write_text("# Results\n\n" + HEADER, encoding="utf-8")
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    today = dt.datetime.now(dt.UTC).date()
    with RESULTS.open("a", encoding="utf-8") as file:
        for what, figures, unit, target in measurements:
            shown = ", ".join(f"{figure:.2f}" for figure in figures)
            median = statistics.median(figures)
            print(f"({name}) {what}: {median:.2f} {unit}  [{shown}]  target {target or 'none'}")
            file.write(
                f"| {today} | {machine} | ({name}) {what} | {median:.2f} {unit} | {shown} | {target} |\n"
            )


if __name__ == "__main__":
    main()
