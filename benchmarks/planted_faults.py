"""Faults planted in random sound workbooks: caught at their cell, missed, and what is found in sound ones.

Run by `make faults`; writes the table `benchmarks/FAULTS.md`. Sound workbooks are generated for communes all over the
country. Each kind of fault is planted in some of them, one at a time; the file is judged, then only the cells that were
named are given back what stood there, and it is judged again: it must have no error left, and not that finding.
"""

import argparse
import io
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl

from benchmarks.fault_kinds import KINDS, WHOLE, WHOLE_FILE, Kind, Place, Sound
from benchmarks.workloads import workbooks
from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.domain.findings import Severity
from ocop_pipeline.intake.judge import Judgement
from ocop_pipeline.intake.process import check
from ocop_pipeline.intake.spec import reading_spec

TABLE = Path(__file__).with_name("FAULTS.md")
TODAY = date(2026, 11, 22)
_CHUNK = 200


@dataclass
class Count:
    """What became of one kind."""

    name: str
    code: str
    planted: int = 0
    caught: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Tried:
    """One planted fault: where it must be found, the file with it, and the file as it was."""

    place: Place
    faulty: bytes
    sound: bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant, judge, repair, judge, and write the table; 1 when anything is missed or wrongly found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sound", type=int, default=1000, help="sound workbooks that must have no error")
    parser.add_argument("--each", type=int, default=10, help="faults planted of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ocop-faults-") as folder:
        root = Path(folder)
        paths = workbooks(root / "sound", options.sound)
        false = _false_errors(paths)
        counts = [_try(kind, paths, options.each, options.seed, root / "tried") for kind in KINDS]
        counts += [_damage(name, paths[: options.each], root / "tried") for name in WHOLE]
    table = _table(counts, len(paths), false)
    TABLE.write_text(table, encoding="utf-8")
    sys.stdout.write(f"{table}\n{time.perf_counter() - started:.0f} s\n")
    missed = any(count.planted == 0 or count.caught < count.planted for count in counts)
    return int(
        bool(false)
        or missed
        or any(count.accepted < count.planted for count in counts if count.accepted >= 0)
    )


def _judged(files: Sequence[bytes], folder: Path) -> list[Judgement]:
    """Judge files, in the order given."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Judgement] = []
    for start in range(0, len(files), _CHUNK):
        paths = []
        for number, data in enumerate(files[start : start + _CHUNK]):
            paths.append(folder / f"{number}.xlsx")
            paths[-1].write_bytes(data)
        found += check(paths, load_catalogue(), TODAY)
    return found


def _false_errors(paths: Sequence[Path]) -> dict[str, int]:
    """Code -> how many errors there are in sound workbooks."""
    found: dict[str, int] = {}
    for start in range(0, len(paths), _CHUNK):
        for judgement in check(paths[start : start + _CHUNK], load_catalogue(), TODAY):
            for finding in judgement.findings:
                if finding.severity is Severity.ERROR:
                    found[finding.code] = found.get(finding.code, 0) + 1
    return found


def _try(kind: Kind, paths: Sequence[Path], each: int, seed: int, folder: Path) -> Count:
    chance = random.Random(f"{seed} {kind.name}")  # noqa: S311 - a choice of files
    catalogue = load_catalogue()
    spec = reading_spec(catalogue)
    tried: list[Tried] = []
    for path in chance.sample(list(paths), len(paths)):
        if len(tried) == each:
            break
        form = Sound.of(path.read_bytes(), spec, catalogue, chance)
        place = kind.plant(form)
        if place is not None:
            tried.append(Tried(place, form.saved(), form.data))
    count = Count(kind.name, kind.code, len(tried))
    judged = _judged([each.faulty for each in tried], folder)
    repaired = [_repaired(item, judgement) for item, judgement in zip(tried, judged, strict=True)]
    again = _judged(repaired, folder)
    for item, before, after in zip(tried, judged, again, strict=True):
        count.caught += _is_at(kind.code, item.place, before)
        count.accepted += _is_clean(kind.code, item.place, after)
    return count


def _is_at(code: str, place: Place, judgement: Judgement) -> bool:
    """Whether the finding is there, at its cell."""
    return any(
        each.code == code and place in (WHOLE_FILE, (each.sheet, each.cell)) for each in judgement.findings
    )


def _repaired(item: Tried, judgement: Judgement) -> bytes:
    """The faulty file with what stood there before in the cells that were named, and only in them.

    Where a sheet or the whole file is named there is no cell to be put right, and the sound file is sent again.
    """
    cells = {(each.sheet, each.cell) for each in judgement.findings if each.cell}
    structure = any(not each.cell or each.code == "MISSING_COLUMN" for each in judgement.findings)
    if structure:
        return item.sound
    faulty = openpyxl.load_workbook(io.BytesIO(item.faulty))
    sound = openpyxl.load_workbook(io.BytesIO(item.sound))
    for sheet, cell in cells:
        if sheet in faulty.sheetnames and sheet in sound.sheetnames:
            faulty[sheet][cell].value = sound[sheet][cell].value
            faulty[sheet][cell].number_format = sound[sheet][cell].number_format
            _drop_added(faulty[sheet], sound[sheet], cell)
    target = io.BytesIO()
    faulty.save(target)
    return target.getvalue()


def _drop_added(faulty: Any, sound: Any, cell: str) -> None:
    """A whole line that was added is taken out whole, as a person would."""
    row = faulty[cell].row
    if all(each.value is None for each in sound[row]):
        for each in faulty[row]:
            each.value = None


def _is_clean(code: str, place: Place, judgement: Judgement) -> bool:
    """Whether nothing is left of the fault, and no error."""
    errors = any(each.severity is Severity.ERROR for each in judgement.findings)
    return not errors and not _is_at(code, place, judgement)


def _damage(name: str, paths: Sequence[Path], folder: Path) -> Count:
    code, change = WHOLE[name]
    judged = [_judged([change(path.read_bytes())], folder)[0] for path in paths]
    caught = sum(_is_at(code, WHOLE_FILE, each) for each in judged)
    return Count(name, code, len(paths), caught, len(paths))


def _table(counts: Sequence[Count], sound: int, false: dict[str, int]) -> str:
    summary = f"{sum(false.values())} false errors{f' ({false})' if false else ''}"
    head = f"""# Planted faults

Made by `make faults`. {len(counts)} kinds; {sound} sound workbooks of communes and departments all over the country:
{summary}. "Put right" counts the files that are accepted once only the cells that were named have what stood there;
where a sheet or the whole file is named, the sound file.

| fault | finding | planted | caught at its cell | missed | put right |
|---|---|---|---|---|---|
"""
    rows = [
        (each.name, f"`{each.code}`", each.planted, each.caught, each.planted - each.caught, each.accepted)
        for each in counts
    ]
    return head + "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


if __name__ == "__main__":
    raise SystemExit(main())
