"""Faults planted in random sound workbooks: caught at their cell, missed, and what is found in sound ones.

Run by `make faults`; writes the table `benchmarks/FAULTS.md`. Half of the sound workbooks are as generated for communes
and departments all over the country; the other half are templates as they are sent out, filled in
(`filled_templates`), of every form, on either side of July 2025. Each kind of fault is planted in some of both, one
at a time; the file is judged, then only the cells that were named are given back what stood there, and it is judged
again: it must have no error left, and not that finding.
"""

import argparse
import io
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl

from benchmarks.fault_kinds import KINDS, WHOLE, WHOLE_FILE, Kind, Place, Sound
from benchmarks.filled_templates import KEY, computed, filled, reports, saved
from benchmarks.workloads import workbooks
from ocop_pipeline.catalogue import load_catalogue
from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.domain.findings import Severity
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.intake.judge import Judgement
from ocop_pipeline.intake.process import check
from ocop_pipeline.intake.spec import reading_spec

TABLE = Path(__file__).with_name("FAULTS.md")
TODAY = date(2026, 11, 22)
_PLACES = ("68", "01", "44", "96", "08", "25", "79", "38")
_MONTHS = ("2026-10", "2025-05", "2025-07", "2024-03", "2026-01", "2025-06")
"""Provinces and months of the templates: before July 2025 districts report, and communes by older layouts."""
_SHARE = 0.2
_SENT = "sent"


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
    """One planted fault: whose neighbours the file has, where it must be found, the file with it and as it was."""

    group: str
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
        sent = _templates(root / _SENT, options.sound - options.sound // 2, options.seed)
        paths = [*workbooks(root / "sound", options.sound // 2), *sent.files]
        false = _false_findings(paths)
        counts = [_try(kind, paths, options.each, options.seed, root / "tried") for kind in KINDS]
        counts += [_damage(name, paths[: options.each], root / "tried") for name in WHOLE]
    table = _table(counts, len(paths), sent, false)
    TABLE.write_text(table, encoding="utf-8")
    sys.stdout.write(f"{table}\n{time.perf_counter() - started:.0f} s\n")
    errors = sum(each for (_, severity), each in false.items() if severity is Severity.ERROR)
    missed = any(count.planted == 0 or count.caught < count.planted for count in counts)
    return int(
        bool(errors)
        or missed
        or any(count.accepted < count.planted for count in counts if count.accepted >= 0)
    )


@dataclass
class Sent:
    """Templates filled in, and of what they are."""

    files: list[Path] = field(default_factory=list)
    forms: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    months: set[str] = field(default_factory=set)


def _templates(folder: Path, count: int, seed: int) -> Sent:
    """So many templates, filled in, as many of each month as there are."""
    catalogue, chance, sent = load_catalogue(), random.Random(seed), Sent()  # noqa: S311 - repeatable, not secret
    for number, month in enumerate(_MONTHS):
        wanted = (count - len(sent.files)) // (len(_MONTHS) - number)
        told = [
            each
            for province in _PLACES
            if catalogue.units.find_code(province, Period(month).end, Tier.PROVINCE)
            for each in reports(catalogue, province, month, seed, _SHARE)
        ]
        if len(told) < wanted:
            raise RuntimeError(f"only {len(told)} reports in {month}")
        for report in chance.sample(told, wanted):
            path = folder / month / f"{len(sent.files)}.xlsx"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(filled(catalogue, report, chance, known=chance.random() < 0.5))
            sent.files.append(path)
            sent.forms.add(report.sender.form)
            sent.units.add(report.sender.unit.unit_id)
            sent.months.add(month)
    return sent


def _group(path: Path) -> str:
    """What a file is judged together with: each month of each source is an invented country of its own.

    Judged with others, its register would be held against products of another country.
    """
    return f"{path.parents[1].name}/{path.parent.name}"


def _judged(files: Sequence[tuple[str, bytes]], folder: Path) -> list[Judgement]:
    """Judge files, each in its group, in the order given."""
    found: dict[int, Judgement] = {}
    by_group: dict[str, list[int]] = {}
    for number, (group, data) in enumerate(files):
        path = folder / f"{number}.xlsx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        by_group.setdefault(group, []).append(number)
    for numbers in by_group.values():
        paths = [folder / f"{number}.xlsx" for number in numbers]
        found |= zip(numbers, check(paths, load_catalogue(), TODAY, key=KEY), strict=True)
    return [found[number] for number in range(len(files))]


def _false_findings(paths: Sequence[Path]) -> Counter[tuple[str, Severity]]:
    """How many findings there are in sound workbooks, by code and severity."""
    found = Counter[tuple[str, Severity]]()
    for group in sorted({_group(path) for path in paths}):
        together = [path for path in paths if _group(path) == group]
        for judgement in check(together, load_catalogue(), TODAY, key=KEY):
            found.update((finding.code, finding.severity) for finding in judgement.findings)
    return found


def _try(kind: Kind, paths: Sequence[Path], each: int, seed: int, folder: Path) -> Count:
    chance = random.Random(f"{seed} {kind.name}")  # noqa: S311 - a choice of files
    catalogue = load_catalogue()
    spec = reading_spec(catalogue)
    tried: list[Tried] = []
    for path in _drawn(paths, chance):
        if len(tried) == each:
            break
        form = Sound.of(path.read_bytes(), spec, catalogue, chance)
        place = kind.plant(form)
        if place is not None:
            tried.append(Tried(_group(path), place, form.saved(), form.data))
    count = Count(kind.name, kind.code, len(tried))
    judged = _judged([(item.group, item.faulty) for item in tried], folder)
    repaired = [(item.group, _repaired(item, found)) for item, found in zip(tried, judged, strict=True)]
    again = _judged(repaired, folder)
    for item, before, after in zip(tried, judged, again, strict=True):
        count.caught += _is_at(kind.code, item.place, before)
        count.accepted += _is_clean(kind.code, item.place, after)
    return count


def _drawn(paths: Sequence[Path], chance: random.Random) -> list[Path]:
    """The files in the order in which they are tried: of both sources in turn, of one month first."""
    generated = [path for path in paths if path.parents[1].name != _SENT]
    months = sorted({path.parent.name for path in paths if path.parents[1].name == _SENT})
    chance.shuffle(generated)
    chance.shuffle(months)
    sent = [
        path
        for month in months
        for path in chance.sample(list(paths), len(paths))
        if (path.parents[1].name, path.parent.name) == (_SENT, month)
    ]
    return [path for both in zip_longest(generated, sent) for path in both if path is not None]


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
    return computed(saved(faulty))


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
    judged = [_judged([("", change(path.read_bytes()))], folder)[0] for path in paths]
    caught = sum(_is_at(code, WHOLE_FILE, each) for each in judged)
    again = _judged([(_group(path), path.read_bytes()) for path in paths], folder)
    return Count(name, code, len(paths), caught, sum(_is_clean(code, WHOLE_FILE, each) for each in again))


def _table(counts: Sequence[Count], sound: int, sent: Sent, false: Mapping[tuple[str, Severity], int]) -> str:
    errors = sum(each for (_, severity), each in false.items() if severity is Severity.ERROR)
    warnings = sum(false.values()) - errors
    head = f"""# Planted faults

Made by `make faults`. {len(counts)} kinds; {sound} sound workbooks: {len(sent.files)} are templates as sent out and
filled in ({len(sent.forms)} forms, {len(sent.units)} units, {len(sent.months)} months), the others as generated for
communes and departments all over the country. In the sound ones: {errors} errors, {warnings} warnings.

"False" counts findings of that code in the sound workbooks. "Put right" counts the files that are accepted once only
the cells that were named have what stood there; where a sheet or the whole file is named, the sound file.

| fault | finding | severity | planted | caught at its cell | missed | false | put right |
|---|---|---|---:|---:|---:|---:|---:|
"""
    by_code = Counter[str]()
    for (code, _), many in false.items():
        by_code[code] += many
    rows = [
        (each.name, f"`{each.code}`", finding_types()[each.code].severity, each.planted, each.caught,
         each.planted - each.caught, by_code[each.code], each.accepted)
        for each in counts
    ]  # fmt: skip
    return head + "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


if __name__ == "__main__":
    raise SystemExit(main())
