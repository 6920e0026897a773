"""What is sent: who, how many files, the same every time, readable by anybody."""

import hashlib
import time
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
import python_calamine

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.generator import Options, OptionsError, Truth, generate, writing
from tests.unit.generator.conftest import Country

SMALL = Options("12", "2026-03", share=0.3, history=("2026-01",), faults={"wrong_total": 1, "late": 1})


def digests(inbox: Path) -> dict[str, tuple[str, float]]:
    """Digest and time of last change of every file below a folder."""
    return {
        str(path.relative_to(inbox)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime)
        for path in sorted(inbox.rglob("*"))
        if path.is_file()
    }


def test_same_options_same_bytes(catalogue: Catalogue, tmp_path: Path) -> None:
    """The same options give the same bytes, names and times of files, and the same truth."""
    first = generate(catalogue, SMALL, tmp_path / "a")
    second = generate(catalogue, SMALL, tmp_path / "b")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert first.to_json() == second.to_json()


def test_another_seed_another_country(catalogue: Catalogue, tmp_path: Path) -> None:
    """Another seed gives other figures."""
    other = Options(**{**vars(SMALL), "seed": 2})
    first = generate(catalogue, SMALL, tmp_path / "a")
    second = generate(catalogue, other, tmp_path / "b")
    assert first.values != second.values


def test_processes_write_the_same(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several writing processes write what one would."""
    generate(catalogue, SMALL, tmp_path / "one")
    monkeypatch.setattr(writing, "POOL_FROM", 1)
    generate(catalogue, Options(**{**vars(SMALL), "workers": 2}), tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_every_file_is_in_the_truth(demo: Country) -> None:
    """The inbox holds the files of the truth and no others, none twice."""
    paths = [file.path for file in demo.truth.files]
    assert len(paths) == len(set(paths))
    assert set(paths) == set(digests(demo.inbox))


def test_numbers_of_files(demo: Country, catalogue: Catalogue) -> None:
    """Everybody expected sends one file, less the silent, more the corrections and repetitions."""
    last = [file for file in demo.truth.files if file.period == "2026-10"]
    extra = [file for file in last if file.supersedes or file.verdict == "duplicate"]
    expected = demo.truth.expected("2026-10")
    silent = demo.truth.silent("2026-10")
    assert len([sender for sender in expected if sender[0] == "OCOP-XA"]) == 124
    assert len([sender for sender in expected if sender[0] == "OCOP-TI"]) == 3
    assert len(silent) == 5
    assert len(extra) == 4
    assert len(last) == len(expected) - len(silent) + len(extra)


def test_districts_report_while_they_exist(three_tiers: Country, demo: Country) -> None:
    """Districts report to mid-2025 and not after; the province of one code is another unit by then."""
    assert len(three_tiers.truth.expected("2025-05", "OCOP-HU")) == 10
    assert demo.truth.expected("2026-10", "OCOP-HU") == []
    before = {sender[1] for sender in three_tiers.truth.expected("2025-05", "OCOP-TI")}
    after = {sender[1] for sender in demo.truth.expected("2026-10", "OCOP-TI")}
    assert len(before) == len(after) == 1
    assert before != after


def test_history_over_the_reform(catalogue: Catalogue, tmp_path: Path) -> None:
    """Months before the reform are told by the three old provinces, their communes and districts."""
    options = Options("68", "2025-07", share=0.02, history=("2025-06",), faults="none")
    truth = generate(catalogue, options, tmp_path)
    before = {sender[1] for sender in truth.expected("2025-06", "OCOP-TI")}
    assert len(before) == 3
    old = catalogue.units.units(Period("2025-06").end, Tier.COMMUNE)
    assert {file.unit_id for file in truth.files if file.form == "OCOP-XA" and file.period == "2025-06"} <= {
        unit.unit_id for unit in old
    }
    assert all(set(product.homes) == {"2025-06", "2025-07"} for product in truth.products)


def test_share_of_communes(three_tiers: Country) -> None:
    """Of the communes about the share wished for sends; the others are expected and silent."""
    expected = three_tiers.truth.expected("2025-05", "OCOP-XA")
    silent = three_tiers.truth.silent("2025-05", "OCOP-XA")
    assert 0.15 < 1 - len(silent) / len(expected) < 0.45


def test_every_sound_workbook_opens(demo: Country) -> None:
    """Every workbook that is not broken on purpose opens in two independent readers, with the same sheets."""
    for file in demo.truth.files:
        if file.path.endswith(".xlsx") and file.verdict != "set_aside":
            path = demo.path(file.path)
            names = openpyxl.load_workbook(path, read_only=True).sheetnames
            assert python_calamine.CalamineWorkbook.from_path(path).sheet_names == names
            assert len(names) >= 5


def test_file_times(demo: Country) -> None:
    """A file's time of last change is the one of the truth, in Vietnam's hours; the planted ones are late."""
    late = {file.unit_id for file in demo.truth.files if file.late and not file.supersedes}
    assert len(late) >= 3
    for file in demo.truth.files:
        sent = datetime.fromisoformat(file.sent_at)
        assert demo.path(file.path).stat().st_mtime == sent.timestamp()
        assert sent.utcoffset() == timedelta(hours=7)
        assert sent.date() > Period(file.period).end


def test_order_of_corrections(demo: Country) -> None:
    """A correction is newer than what it corrects; accepted, it alone counts; returned, the first does."""
    by_path = {file.path: file for file in demo.truth.files}
    seconds = [file for file in demo.truth.files if file.supersedes]
    assert len(seconds) == 3
    for second in seconds:
        first = by_path[second.supersedes]
        assert first.sent_at < second.sent_at
        assert first.verdict == "accepted"
        assert (first.counts, second.counts) == (second.verdict != "accepted", second.verdict == "accepted")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"province_code": "00"}, "province"),
        ({"faults": {"arson": 1}}, "arson"),
        ({"history": ("2026-11",)}, "before"),
        ({"history": ("2026-09", "2026-09")}, "before"),
        ({"share": 0}, "share"),
        ({"spread": 1}, "spread"),
        ({"workers": 0}, "workers"),
        ({"period": "2026-Q3"}, "months"),
    ],
)
def test_impossible_wishes(
    catalogue: Catalogue, tmp_path: Path, options: dict[str, object], word: str
) -> None:
    """A wish that cannot be met is refused with the reason, and no file is written."""
    with pytest.raises(OptionsError, match=word):
        generate(catalogue, Options(**{"province_code": "68", "period": "2026-10", **options}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_progress_reaches_its_end(catalogue: Catalogue, tmp_path: Path) -> None:
    """Progress never falls and ends with all files written."""
    told: list[tuple[int, int]] = []
    truth = generate(catalogue, SMALL, tmp_path, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, len(truth.files) + 1))
    assert told[-1] == (len(truth.files), len(truth.files))


def test_truth_survives_json(demo: Country) -> None:
    """The truth read back from JSON is the truth."""
    again = Truth.from_json(demo.truth.to_json())
    assert again == demo.truth


def test_speed(catalogue: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the time per file of both formats; it is a report, only the number of files is asserted."""
    for file_format in ("xlsx", "csv"):
        options = Options("12", "2026-03", history=("2026-02",), faults="none", history_format=file_format)
        started = time.process_time()
        truth = generate(catalogue, options, tmp_path / file_format)
        spent = (time.process_time() - started) / len(truth.files)
        with capsys.disabled():
            print(f"[{spent * 1000:.1f} ms a file, half of them {file_format}]", end=" ")  # noqa: T201 - the report
        assert len(truth.files) == 2 * len(truth.expected("2026-03"))
