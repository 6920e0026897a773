"""From the template to the accepted report: filled in at random, spoiled, returned, put right where it is marked."""

import io
import random
from datetime import date

import openpyxl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from benchmarks.fault_kinds import KINDS, Sound
from benchmarks.filled_templates import KEY, computed, filled, reports, saved
from ocop_pipeline.domain.findings import Severity, Verdict
from ocop_pipeline.domain.forms import INFO
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.intake.answer import answer
from ocop_pipeline.intake.marked_answer import marked_answer
from ocop_pipeline.intake.process import check
from tests.unit.intake.filled import shipped, shipped_spec

TODAY = date(2026, 11, 22)
# Each example fills in several templates, which takes seconds: few are tried, `make fuzz` tries ten times as many, and
# none is made smaller, for a workbook's numbers say little about what is wrong with it.
_few = settings(max_examples=settings.default.max_examples // 25, phases=(Phase.explicit, Phase.generate))
# Faults by the cell. Those of a whole sheet or file have nothing to be put right, and the marks of a missing column or
# line of a form are no place for an answer.
BY_CELL = [
    kind for kind in KINDS if not kind.code.startswith(("MISSING_", "HEADER_", "SHEET_", "FORM_", "UNKNOWN_"))
]
_RED, _YELLOW = "FFF8C9C4", "FFFFF0B3"


def _templates(month, seed, chance, many):
    """Some filled in templates of a month, of every form that a province of the day has."""
    catalogue = shipped()
    provinces = sorted(unit.code for unit in catalogue.units.units(Period(month).end, Tier.PROVINCE))
    told = reports(catalogue, chance.choice(provinces), month, seed, 0.1)
    forms = sorted({each.sender.form for each in told})
    of_form = {form: [each for each in told if each.sender.form == form] for form in forms}
    chosen = [chance.choice(of_form[forms[at % len(forms)]]) for at in range(many)]
    chosen = list({each.sender.key: each for each in chosen}.values())
    return [filled(catalogue, each, chance, known=chance.random() < 0.5) for each in chosen]


def _judged(folder, files):
    paths = [folder / f"{at}.xlsx" for at in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return check(paths, shipped(), TODAY, key=KEY)


def _spoiled(data, chance):
    """The workbook with one to three faults on different sheets, and for each its code and place.

    A fault on the cover comes alone: of whom or when a report is not clear, nothing else is judged. Faults of one
    sheet may hide one another.
    """
    form = Sound.of(data, shipped_spec(), shipped(), chance)
    many, cover = chance.choice((1, 2, 3)), form.sheet(INFO)
    planted, before = [], data
    for kind in chance.sample(BY_CELL, len(BY_CELL)):
        place = kind.plant(form)
        taken = {sheet for _, (sheet, _) in planted}
        if place is None:
            continue
        if place[0] in taken or (taken and place[0] == cover):
            form.book = openpyxl.load_workbook(io.BytesIO(before))
            continue
        planted.append((kind.code, place))
        if len(planted) == many or place[0] == cover:
            break
        before = saved(form.book)
    return form.saved(), planted


def _put_right(marked, sound, cells):
    """The marked workbook with what stood there before in the cells that are marked, and only there."""
    book, was = (openpyxl.load_workbook(io.BytesIO(data)) for data in (marked, sound))
    for sheet, cell in cells:
        there = book[sheet][cell]
        assert there.fill.fgColor.rgb in (_RED, _YELLOW), (sheet, cell)
        there.value, there.number_format = was[sheet][cell].value, was[sheet][cell].number_format
        if all(
            each.value is None for each in was[sheet][there.row]
        ):  # a line that was added is taken out whole
            for each in book[sheet][there.row]:
                each.value = None
    return computed(saved(book))


_cases = given(
    month=st.sampled_from(("2024-03", "2024-12", "2025-05", "2025-06", "2025-07", "2026-01", "2026-10")),
    seed=st.integers(1, 10_000),
    number=st.integers(0, 2**32),
)


def test_there_are_forty_kinds_of_faults_by_the_cell():
    """What the round trip plants is no handful."""
    assert len(BY_CELL) >= 40


@_few
@_cases
def test_what_is_filled_in_within_the_rules_is_accepted(tmp_path_factory, month, seed, number):
    """A template of any form, unit and month, filled in at random within the rules, has no error."""
    chance = random.Random(number)  # noqa: S311 - repeatable, not secret
    files = _templates(month, seed, chance, 6)
    for judgement in _judged(tmp_path_factory.mktemp("sound"), files):
        assert judgement.verdict is Verdict.ACCEPTED, judgement.findings
        assert judgement.identity.period == month


@_few
@_cases
def test_what_is_put_right_where_it_is_marked_is_accepted(tmp_path_factory, month, seed, number):
    """Planted faults are found at their cells, the file is returned for errors, and marked cells alone need care."""
    chance = random.Random(number)  # noqa: S311 - repeatable, not secret
    folder = tmp_path_factory.mktemp("spoiled")
    sound = _templates(month, seed, chance, 4)
    spoiled = [_spoiled(data, chance) for data in sound]
    again = []
    for data, (faulty, planted), judged in zip(
        sound, spoiled, _judged(folder, [faulty for faulty, _ in spoiled]), strict=True
    ):
        assert planted
        found = {(each.code, each.sheet, each.cell): each.severity for each in judged.findings}
        assert {(code, *place) for code, place in planted} <= found.keys()
        if Severity.ERROR in found.values():
            assert judged.verdict in (Verdict.RETURNED, Verdict.SET_ASIDE)
        marked = marked_answer(faulty, answer(judged), shipped().template_words)
        again.append(_put_right(marked, data, sorted({(sheet, cell) for _, sheet, cell in found if cell})))
    for judged, (_, planted) in zip(_judged(folder, again), spoiled, strict=True):
        assert judged.verdict is Verdict.ACCEPTED, judged.findings
        assert not {(code, *place) for code, place in planted} & {
            (each.code, each.sheet, each.cell) for each in judged.findings
        }
