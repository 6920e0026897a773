"""The fuzzer's promises on a hundred inputs; `make fuzz-intake` sends ten thousand."""

from benchmarks.fuzz_intake import FORMATS, Fuzzer


def test_spoiled_files_are_told_apart_from_sound_ones(tmp_path):
    """A hundred spoiled files: nothing raises, hangs or grows, and no figure is accepted that the file does not say."""
    fuzzer = Fuzzer(tmp_path, each=1)
    fuzzer.run(5, range(100))
    tally = fuzzer.tally
    assert tally.defects == []
    assert tally.crashes == []
    assert {kind for kind, _ in tally.outcomes} == set(FORMATS)
    assert tally.compared > 0
    assert 0 < tally.peak_kib < 512 * 1024


def test_a_figure_read_otherwise_is_found(tmp_path, monkeypatch):
    """The fuzzer can fail: where another program sees other figures, each place is told."""
    fuzzer = Fuzzer(tmp_path, each=1)
    monkeypatch.setattr("benchmarks.fuzz_intake.independent", _with_one_more)
    fuzzer.run(5, range(100))
    assert any("places, misread" in line or "places, unseen" in line for line in fuzzer.tally.defects)


def _with_one_more(data, kind):
    from dataclasses import replace

    from benchmarks.independent import independent

    book = independent(data, kind)
    other = [
        replace(sheet, rows=[[v + 1 if type(v) is float else v for v in row] for row in sheet.rows])
        for sheet in book.sheets
    ]
    return replace(book, sheets=tuple(other))
