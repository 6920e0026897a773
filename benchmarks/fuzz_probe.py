"""What a reading child runs for the fuzzer: the reading itself, and how much memory the child has used so far.

Standard library and the intake only: children import it.
"""

from ocop_pipeline.intake.extract import Extract, ReadingSpec
from ocop_pipeline.intake.grid import Workbook
from ocop_pipeline.intake.parts import Parts, read_reports


def probe(spec: ReadingSpec, workbook: Workbook) -> tuple[Extract | Parts, int]:
    """What a workbook says, and the largest resident size this child has had, in KiB."""
    return read_reports(spec, workbook), _peak()


def _peak() -> int:
    # Not getrusage: its figure outlives exec and would be the parent's.
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib is dear to import here
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
