"""The fuzzer's promises on seventy inputs; `make fuzz-intake` sends ten thousand."""

from dataclasses import replace

import pytest

from benchmarks.fuzz_intake import FORMATS, Fuzzer, Tally
from benchmarks.independent import independent


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory) -> Fuzzer:
    """The sound files of one month, one a layout and format."""
    return Fuzzer(tmp_path_factory.mktemp("fuzz"), each=1, months=["2026-10"])


def test_spoiled_files_are_told_from_sound_ones(fuzzer):
    """Of seventy spoiled files none makes anything raise, hang or grow, or is accepted with other figures."""
    fuzzer.run(5, range(70))
    tally, fuzzer.tally = fuzzer.tally, Tally()
    assert tally.defects == []
    assert tally.crashes == []
    assert {kind for kind, _ in tally.outcomes} == set(FORMATS)
    assert tally.compared > 0
    assert 0 < tally.peak_kib < 512 * 1024


def test_a_figure_read_otherwise_is_found(fuzzer, monkeypatch):
    """The fuzzer can fail: where other programs see one more than we do, each place is told."""
    monkeypatch.setattr("benchmarks.fuzz_intake.independent", _one_more)
    fuzzer.run(5, range(20))
    assert any("places, misread" in line or "places, unseen" in line for line in fuzzer.tally.defects)


def _one_more(data, kind):
    return [
        replace(book, sheets=tuple(replace(sheet, rows=_raised(sheet.rows)) for sheet in book.sheets))
        for book in independent(data, kind)
    ]


def _raised(rows):
    return [[value + 1 if isinstance(value, float) else value for value in row] for row in rows]
