"""Spoils sound files of every form and format, sends them through the real intake, and holds it to its promises.

    python -m benchmarks.fuzz_intake --inputs 10000 --seed 1 --keep DIR

Input number n of a seed is always the same: one to three mutations (`mutations`) of a file of the generator, in
each format of `FORMATS`. Each goes through the reading children (`sandbox`, here capped at 512 MiB of address
space and five seconds) and through `process.check` (recognising, rules, verdict); every fifth is also answered
(sentences, text, marked workbook). Every eighth file a child reads is an untouched original, which must still
read as it did.

What is held:

- nothing raises in this process; a file that is not accepted has a finding with a sentence;
- no file takes over five seconds of processor time, or ten by the clock (READER_TIMEOUT), or over 512 MiB
  (OUT_OF_MEMORY): the address space is capped; the largest resident size of a child, asked at each workbook it
  could read, is shown;
- what dies or breaks down in a child is a finding READER_CRASH; each is listed, because a named reason would be better;
- **no figure of an accepted file is another than the file says.** Compared is every place of the form: part,
  line, field and address, with its state, number, text and day; blank places count as absent. The file read by
  other programs (`independent`: openpyxl and the bare XML, calamine and the bare XML for ODS, xlrd, pyxlsb, the
  standard library for CSV and JSON; one of them must agree) is put through the same recognition of tables and
  cells; a place where they differ and at whose cell nothing is told (a finding or a repair, or one about its whole
  sheet) is a defect: *misread* where the intake's value differs from the original's too, *unseen* where the intake
  still reads the original's value and the other program another value (not none: cells under a wrong namespace are
  no cells to some programs). Where no other program can read an accepted file, each difference from the original is
  a defect (*alone*). Places read as an error or as uncomputed are told by rules and left out. What the programs
  agree on is what the file says: an honest edit, whoever made it.

Not held: that the other program is right. A defect is looked into by hand.
"""

import argparse
import io
import os
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from benchmarks.fuzz_probe import probe
from benchmarks.independent import UnreadableElsewhereError, independent
from benchmarks.mutations import mutations
from ocop_pipeline.catalogue import Catalogue, load_catalogue
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.generator import Options, generate
from ocop_pipeline.intake.answer import answer
from ocop_pipeline.intake.answer_text import answer_text
from ocop_pipeline.intake.cells import STATES
from ocop_pipeline.intake.extract import TEXT_END, Extract, ReadingSpec
from ocop_pipeline.intake.grid import (
    MEBIBYTE,
    CellValue,
    Limits,
    Sheet,
    Unreadable,
    UnreadableCode,
    Workbook,
    address,
)
from ocop_pipeline.intake.judge import Judgement
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.intake.parts import Parts, read_reports
from ocop_pipeline.intake.process import check
from ocop_pipeline.intake.sandbox import Item, read_many
from ocop_pipeline.intake.spec import reading_spec
from ocop_pipeline.intake.workbook import read_bytes
from tests.unit.intake import writers

TODAY: Final = date(2026, 11, 5)
SECONDS: Final = 5
LIMITS: Final = Limits(seconds=SECONDS, memory_bytes=512 * MEBIBYTE)
PIECE: Final = 200
MONTHS: Final = ("2026-10", "2025-05", "2025-10", "2024-05")
"""Months in which every form and every layout, today's and older, is sent."""
_CONTROL: Final = 7
_ANSWERED: Final = 5
_SMALLEST: Final = 16
_TOLD: Final = frozenset(("blank", "uncomputed", "error"))

Place = tuple[str, str, str, int, int]
"""Part, line, field, row and column."""
Value = tuple[str, float, str, int]
"""State, number, text, day."""


# ------------------------------------------------------------------------------------- sound files


@dataclass(frozen=True)
class Original:
    """A sound file and what it says."""

    name: str
    kind: str
    layout: str
    data: bytes
    figures: dict[Place, Value]


def originals(
    catalogue: Catalogue, spec: ReadingSpec, folder: Path, each: int = 2, months: Sequence[str] = MONTHS
) -> list[Original]:
    """Up to `each` files a layout, in every format; all are accepted as they are.

    Raises:
        RuntimeError: a sound file is not accepted.
    """
    seen: Counter[str] = Counter()
    found = []
    for month in months:
        generate(catalogue, Options("68", month, faults="none", share=0.02), folder / month)
        for path in sorted((folder / month).rglob("*.xlsx")):
            book = read_bytes(path.read_bytes(), path.name)
            extract = read_reports(spec, book) if isinstance(book, Workbook) else None
            if not isinstance(book, Workbook) or not isinstance(extract, Extract):
                raise TypeError(f"{path.name} does not read")
            seen[extract.layout] += 1
            if seen[extract.layout] <= each:
                found += [_original(path, kind, book, spec, folder) for kind in FORMATS]
    paths = [folder / original.name for original in found]
    for number, path in enumerate(paths):
        _stamp(path, number)
    judgements = check(paths, catalogue, TODAY, workers=2)
    refused = [
        (each.display_name, [(f.code, f.sheet, f.cell) for f in each.findings])
        for each in judgements
        if each.verdict is not Verdict.ACCEPTED
    ]
    if refused:
        raise RuntimeError(f"sound files are not accepted: {refused[:3]}")
    return found


def _stamp(path: Path, number: int) -> None:
    """Files on one unit and month come one after the other, or nobody could tell which is the later."""
    os.utime(path, (1_793_000_000 + 10 * number,) * 2)


def _original(path: Path, kind: str, book: Workbook, spec: ReadingSpec, folder: Path) -> Original:
    data = FORMATS[kind](path.read_bytes(), book.sheets)
    name = f"{path.parent.name[:20]}-{path.stem}-{len(data)}.{kind}"
    (folder / name).write_bytes(data)
    read = read_bytes(data, name)
    extract = read_reports(spec, read) if isinstance(read, Workbook) else read
    if not isinstance(extract, Extract) or not extract.layout:
        raise TypeError(f"{name} does not read: {extract}")
    return Original(name, kind, extract.layout, data, figures(extract, spec))


def _as_it_is(data: bytes, _: Sequence[Sheet]) -> bytes:
    return data


def _with_macros(data: bytes, _: Sequence[Sheet]) -> bytes:
    target = io.BytesIO()
    plain = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    macros = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for name in source.namelist():
            part = source.read(name)
            copy.writestr(zipfile.ZipInfo(name), part.replace(plain, macros), zipfile.ZIP_DEFLATED)
        copy.writestr(zipfile.ZipInfo("xl/vbaProject.bin"), b"\xd0\xcf\x11\xe0" + bytes(508))
    return target.getvalue()


def _ods(_: bytes, sheets: Sequence[Sheet]) -> bytes:
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    tables = "".join(
        f"<table:table table:name={quoteattr(sheet.name)}>"
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in sheet.rows)
        + "</table:table>"
        for sheet in sheets
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr(zipfile.ZipInfo("META-INF/manifest.xml"), "<manifest/>", zipfile.ZIP_DEFLATED)
        content = (
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}><office:body><office:spreadsheet>'
            f"{tables}</office:spreadsheet></office:body></office:document-content>"
        )
        package.writestr(zipfile.ZipInfo("content.xml"), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _ods_cell(value: CellValue) -> str:
    if value is None:
        return '<table:table-cell table:number-columns-repeated="1"/>'
    shown, kind = escape(_written(value)), "string"
    if isinstance(value, date):
        kind = f'date" office:date-value="{value:%Y-%m-%d}'
    elif isinstance(value, float):
        kind = f'float" office:value="{shown}'
    return f'<table:table-cell office:value-type="{kind}"><text:p>{shown}</text:p></table:table-cell>'


def _csv(_: bytes, sheets: Sequence[Sheet]) -> bytes:
    lines = []
    for sheet in sheets:
        lines.append(f"[{sheet.name}]")
        lines += [";".join(map(_quoted, row)) for row in sheet.rows]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _quoted(value: CellValue) -> str:
    text = f"{value:%d/%m/%Y}" if isinstance(value, date) else _written(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set('";\r\n') else text


def _json(_: bytes, sheets: Sequence[Sheet]) -> bytes:
    def plain(value: CellValue) -> object:
        return f"{value:%Y-%m-%d}" if isinstance(value, date) else value

    import json  # noqa: PLC0415 - the name is this function's own elsewhere

    rows = [
        {"name": sheet.name, "rows": [[plain(value) for value in row] for row in sheet.rows]}
        for sheet in sheets
    ]
    return json.dumps({"sheets": rows}, ensure_ascii=False).encode()


def _written(value: CellValue) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)


def _xls(_: bytes, sheets: Sequence[Sheet]) -> bytes:
    return writers.xls({sheet.name: list(_records(sheet)) for sheet in sheets})


def _records(sheet: Sheet) -> Iterator[bytes]:
    for at, row in enumerate(sheet.rows):
        for column, value in enumerate(row):
            if isinstance(value, date):
                yield writers.number8(at, column, (value - date(1899, 12, 30)).days, writers.DAY)
            elif isinstance(value, float):
                yield writers.number8(at, column, value)
            elif value is not None:
                yield writers.label(at, column, str(value))


def _xlsb(_: bytes, sheets: Sequence[Sheet]) -> bytes:
    return writers.xlsb(sheets, every=1)  # the other program does not read texts that stand in cells


FORMATS: Final[dict[str, Callable[[bytes, Sequence[Sheet]], bytes]]] = {
    "xlsx": _as_it_is, "xlsm": _with_macros, "xlsb": _xlsb, "xls": _xls, "ods": _ods, "csv": _csv, "json": _json,
}  # fmt: skip
"""Format -> how a sound file of it is made from a sound XLSX and its sheets. A format added here needs a reader in
`independent` and a line in `mutations.mutations`."""


# ------------------------------------------------------------------------------------- what a file says


def figures(extract: Extract, spec: ReadingSpec) -> dict[Place, Value]:
    """Every place that is not blank, with all it says."""
    layout = next((each for each in spec.layouts if each.code == extract.layout), None)
    if layout is None:
        return {}
    texts = iter(extract.texts.split(TEXT_END))
    days = dict(zip(extract.day_at, extract.days, strict=True))
    found: dict[Place, Value] = {}
    columns = zip(
        extract.slots,
        extract.rows,
        extract.columns,
        extract.states,
        extract.numbers,
        extract.has_text,
        strict=True,
    )
    for at, (slot, row, column, state, number, has_text) in enumerate(columns):
        text = next(texts) if has_text else ""
        if STATES[state] != "blank":
            found[(*layout.slots[slot], row, column)] = STATES[state], number, text, days.get(at, 0)
    for name, cell in extract.info.items():
        # A day is the same day however its cell shows it.
        found["info", name, "", 0, 0] = "text", 0.0, "" if cell.day else cell.text, cell.day or 0
    return found


# ------------------------------------------------------------------------------------- the inputs


@dataclass(frozen=True)
class Mutant:
    """A spoiled file; untouched where it has no mutations."""

    number: int
    original: Original
    kinds: tuple[str, ...]
    data: bytes

    @property
    def name(self) -> str:
        """Its file name."""
        return f"{self.number:06d}.{self.original.kind}"


def mutants(sound: Sequence[Original], seed: int, numbers: range) -> Iterator[Mutant]:
    """The inputs of these numbers; each depends on the seed and its number alone."""
    for number in numbers:
        chance = random.Random(f"{seed}/{number}")  # noqa: S311 - repeatable, not secret
        kind = list(FORMATS)[number % len(FORMATS)]
        original = chance.choice([each for each in sound if each.kind == kind])
        ways = mutations(kind)
        kinds = tuple(chance.choices(list(ways), k=chance.choice((1, 1, 1, 2, 3))))
        data = original.data
        for name in kinds:
            data = ways[name](data, chance) if len(data) >= _SMALLEST else data
        yield Mutant(number, original, kinds, data)


# ------------------------------------------------------------------------------------- the run


@dataclass
class Tally:
    """What became of the inputs.

    Attributes:
        outcomes: (format, outcome) -> inputs.
        of_mutation: (first mutation, outcome) -> inputs.
        defects: what breaks a promise, each with the number of its input.
        crashes: inputs the reader broke down on, with its words.
        peak_kib: largest resident size of a child.
        compared: accepted files that another program could read, too.
        inputs: how many.
    """

    inputs: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    of_mutation: Counter[tuple[str, str]] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    peak_kib: int = 0
    compared: int = 0

    def defect(self, mutant: Mutant, what: str) -> None:
        """Note a broken promise."""
        self.defects.append(f"{mutant.name} ({mutant.original.layout}; {', '.join(mutant.kinds)}): {what}")


class Fuzzer:
    """The originals and what is needed to judge."""

    def __init__(self, folder: Path, each: int = 2, months: Sequence[str] = MONTHS) -> None:
        """Make the sound files in a folder."""
        self.catalogue = load_catalogue()
        self.spec = reading_spec(self.catalogue)
        self.sound = originals(self.catalogue, self.spec, folder / "sound", each, months)
        self.folder = folder
        self.tally = Tally()

    def run(self, seed: int, numbers: range) -> None:
        """Send the inputs of these numbers through the intake."""
        made = list(mutants(self.sound, seed, numbers))
        read = self._read(made)
        judged = self._judge(made)
        for mutant in made:
            self.tally.inputs += 1
            outcome = self._outcome(mutant, read[mutant.number], judged.get(mutant.number))
            self.tally.outcomes[mutant.original.kind, outcome] += 1
            self.tally.of_mutation[mutant.kinds[0], outcome] += 1

    def _read(self, made: Sequence[Mutant]) -> dict[int, Extract | Parts | Unreadable]:
        """Through the children, an untouched original behind every seven."""
        items: list[Item[Mutant]] = []
        for at, mutant in enumerate(made, start=1):
            items.append(Item(mutant, mutant.data, mutant.name))
            if at % _CONTROL == 0:
                control = Mutant(-1, mutant.original, (), mutant.original.data)
                items.append(Item(control, control.data, control.name))
        found: dict[int, Extract | Parts | Unreadable] = {}
        for mutant, result in read_many(items, transform=partial(probe, self.spec), workers=2, limits=LIMITS):
            said, peak = result if isinstance(result, tuple) else (result, 0)
            self.tally.peak_kib = max(self.tally.peak_kib, peak)
            if mutant.kinds:
                found[mutant.number] = said
            elif not isinstance(said, Extract) or figures(said, self.spec) != mutant.original.figures:
                self.tally.defect(mutant, "an untouched file read behind spoiled ones reads otherwise")
        return found

    def _judge(self, made: Sequence[Mutant]) -> dict[int, Judgement]:
        """The verdicts; where the judging raises, the file that makes it raise is found."""
        paths = []
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            for mutant in made:
                path = Path(folder, mutant.name)
                path.write_bytes(mutant.data)
                _stamp(path, mutant.number)
                paths.append(path)
            try:
                judgements = check(paths, self.catalogue, TODAY, workers=2)
            except Exception as error:  # noqa: BLE001 - that nothing raises here is what is held
                if len(made) == 1:
                    self.tally.defect(
                        made[0], f"the judging raised {type(error).__name__}: {str(error)[:300]}"
                    )
                    return {}
                half = len(made) // 2
                return self._judge(made[:half]) | self._judge(made[half:])
        return {mutant.number: judgement for mutant, judgement in zip(made, judgements, strict=True)}

    def _outcome(
        self, mutant: Mutant, said: Extract | Parts | Unreadable, judgement: Judgement | None
    ) -> str:
        if judgement is None:
            return "the judging raised"
        if judgement.verdict is not Verdict.ACCEPTED and not judgement.findings:
            self.tally.defect(mutant, f"{judgement.verdict} without a finding")
        if mutant.number % _ANSWERED == 0:
            self._answer(mutant, judgement)
        if isinstance(said, Unreadable):
            self._note_breakdown(mutant, said)
            return said.code.name
        if judgement.verdict is Verdict.ACCEPTED and isinstance(said, Extract):
            return self._compare(mutant, said, judgement)
        codes = (
            sorted({each.code for each in judgement.findings})
            if judgement.verdict != Verdict.RETURNED
            else []
        )
        return f"{judgement.verdict} {codes[0] if codes else ''}".strip()

    def _answer(self, mutant: Mutant, judgement: Judgement) -> None:
        start = time.monotonic()
        try:
            said = answer(judgement)
            answer_text(said, self.catalogue.template_words)
            if judgement.identity is not None:
                marked_answer(mutant.data, said, self.catalogue.template_words)
        except Exception as error:  # noqa: BLE001 - that nothing raises here is what is held
            self.tally.defect(mutant, f"the answer raised {type(error).__name__}: {str(error)[:300]}")
        if time.monotonic() - start > SECONDS:
            self.tally.defect(mutant, f"the answer took {time.monotonic() - start:.1f} s")

    def _note_breakdown(self, mutant: Mutant, said: Unreadable) -> None:
        if said.code is UnreadableCode.READER_CRASH:
            self.tally.crashes.append(
                f"{mutant.name} ({', '.join(mutant.kinds)}): {str(said.args.get('detail'))[:200]}"
            )
        if said.code in (UnreadableCode.READER_TIMEOUT, UnreadableCode.OUT_OF_MEMORY):
            self.tally.defect(mutant, f"{said.code.name} at the cap of five seconds and 512 MiB")

    def _compare(self, mutant: Mutant, said: Extract, judgement: Judgement) -> str:
        """Whether what was accepted is what the file says."""
        ours, before = figures(said, self.spec), mutant.original.figures
        told = {(each.sheet, each.cell) for each in judgement.findings}
        told |= {(each.sheet, each.cell) for each in judgement.repairs}
        try:
            programs = independent(mutant.data, mutant.original.kind)
        except UnreadableElsewhereError:
            if ours == before:
                return "accepted, as the original"
            self._differences(mutant, said, ours, [before], before, told, "alone")
            return "accepted, read by nobody else"
        self.tally.compared += 1
        elsewhere = [read_reports(self.spec, book) for book in programs]
        theirs = [figures(each, self.spec) for each in elsewhere if isinstance(each, Extract)]
        self._differences(mutant, said, ours, theirs, before, told, "")
        return "accepted, as the original" if ours == before else "accepted, edited"

    def _differences(
        self, mutant: Mutant, said: Extract, ours: dict[Place, Value], theirs: Sequence[dict[Place, Value]],
        before: dict[Place, Value], told: set[tuple[str, str]], name: str,
    ) -> None:  # fmt: skip
        found = []
        for place in sorted(ours.keys() | {place for each in theirs for place in each}):
            mine, others = ours.get(place), [each.get(place) for each in theirs]
            sheet, cell = said.sheet_names.get(place[0], ""), address(place[3] - 1, place[4])
            if any(_same(mine, other) for other in others) or (mine and mine[0] in _TOLD):
                continue
            kept = _same(mine, before.get(place))
            if (sheet, cell) in told or (sheet, "") in told or (kept and None in others):
                continue
            kind = name or ("unseen" if kept else "misread")
            found.append(f"{kind} {place}: {mine} not {others}, was {before.get(place)}")
        if found:
            self.tally.defect(mutant, f"{len(found)} places, {found[0][:400]}")


def _same(mine: Value | None, other: Value | None) -> bool:
    """Numbers and days are compared as such, however they were written."""
    if mine and other and mine[0] == other[0] and mine[0] in ("number", "day"):
        return (mine[1], mine[3]) == (other[1], other[3])
    return mine == other


def main() -> None:
    """Run and print; ends with 1 where a promise was broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input, to go on in pieces")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="stop after so long, at the end of a piece"
    )
    parser.add_argument("--keep", type=Path, help="folder for the inputs that broke a promise or the reader")
    options = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ocop-fuzz-") as folder:
        fuzzer = Fuzzer(Path(folder))
        last = options.first + options.inputs
        for first in range(options.first, last, PIECE):
            fuzzer.run(options.seed, range(first, min(first + PIECE, last)))
            print(
                f"{fuzzer.tally.inputs} inputs, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True
            )
            if time.monotonic() - start > options.minutes * 60:
                break
        if options.keep:
            _keep(fuzzer, options.seed, options.keep)
    _show(fuzzer.tally, time.monotonic() - start)
    sys.exit(bool(fuzzer.tally.defects))


def _keep(fuzzer: Fuzzer, seed: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for line in (*fuzzer.tally.defects, *fuzzer.tally.crashes):
        name = line.split(" ", 1)[0]
        if name[0].isdigit():
            number = int(name.partition(".")[0])
            (mutant,) = mutants(fuzzer.sound, seed, range(number, number + 1))
            (folder / name).write_bytes(mutant.data)
            (folder / f"original-{name}").write_bytes(mutant.original.data)


def _show(tally: Tally, seconds: float) -> None:
    kinds = list(FORMATS)
    print(
        f"{tally.inputs} inputs in {seconds:.0f} s; children's largest resident size {tally.peak_kib / 1024:.0f} MiB;"
    )
    print(f"{tally.compared} accepted files compared with another program's reading")
    print("| outcome | " + " | ".join(kinds) + " | all |\n|---|" + "---:|" * (len(kinds) + 1))
    totals = Counter[str]()
    for (_, outcome), count in tally.outcomes.items():
        totals[outcome] += count
    for outcome, total in totals.most_common():
        print(
            f"| {outcome} | "
            + " | ".join(str(tally.outcomes[kind, outcome]) for kind in kinds)
            + f" | {total} |"
        )
    for title, found in (("Broken promises", tally.defects), ("Breakdowns in a child", tally.crashes)):
        print(f"{title}: {len(found)}")
        for line in found[:200]:
            print(f"- {line}")


if __name__ == "__main__":
    main()
