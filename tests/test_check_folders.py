"""`ocop check` over folders and many files: what is looked at, what is said of each, and what is summed up."""

import json
import os

import pytest
from typer.testing import CliRunner

from ocop_pipeline.cli.app import app
from ocop_pipeline.domain.forms import GRID
from tests.unit.intake.filled import sound

BAD = {(GRID, "TT01", "closing"): 26}
OTHER = {"unit_code": "24787", "unit_name": None}
CHANGED = (1_790_000_000, 1_790_000_000)


@pytest.fixture
def run(tmp_path):
    """The command, for a site without a warehouse."""
    (tmp_path / "site").mkdir()

    def check(*words):
        return CliRunner().invoke(app, ["check", *map(str, words), "--site", str(tmp_path / "site")])

    return check


@pytest.fixture
def folder(tmp_path, catalogue):
    """A folder with a sound report, a copy of it below, a faulty one of another unit, and what is no report."""
    below = tmp_path / "bao-cao" / "xa-b"
    below.mkdir(parents=True)
    good = sound(catalogue).xlsx()
    (below.parent / "a.xlsx").write_bytes(good)
    (below / "a.xlsx").write_bytes(good)
    (below / "b.xlsx").write_bytes(sound(catalogue, info=OTHER, values=BAD).xlsx())
    (below / "~$b.xlsx").write_bytes(b"x")
    (below.parent / ".an").mkdir()
    (below.parent / ".an" / "c.xlsx").write_bytes(b"x")
    return below.parent


def test_a_folder_is_all_files_in_it_and_below(run, folder):
    """Each file once with its folder, hidden and temporary ones left out; the exit code is that of the files."""
    result = run(folder, "--json")
    assert result.exit_code == 1
    assert [(each["folder"], each["file"], each["verdict"]) for each in json.loads(result.stdout)] == [
        ("", "a.xlsx", "accepted"),
        ("xa-b", "a.xlsx", "duplicate"),
        ("xa-b", "b.xlsx", "returned"),
    ]
    (folder / "xa-b" / "b.xlsx").unlink()
    assert run(folder).exit_code == 0


def test_many_files_are_summed_up(run, folder):
    """The last line says how many of each; one file needs no sum."""
    lines = run(folder).stdout.splitlines()
    assert any(line.startswith("xa-b/b.xlsx: ") for line in lines)
    assert lines[-1].startswith("Đã kiểm tra 3 tệp: được nhận: 1; ")
    assert "Đã kiểm tra" not in run(folder / "a.xlsx").stdout


def test_an_answer_is_written_for_what_has_to_be_mended_only(run, folder, tmp_path):
    """A second copy of a sound file has nothing to be put right."""
    result = run(folder, "--annotate", tmp_path / "out")
    assert result.exit_code == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.can-sua.txt", "b.can-sua.xlsx"]


def test_an_empty_folder_is_a_usage_error(run, tmp_path):
    """In words that name it, like a file that is not there."""
    (tmp_path / "trong").mkdir()
    for name in ("trong", "khong-co"):
        result = run(tmp_path / name)
        assert result.exit_code == 2
        assert name in result.output


def test_figures_of_drafts_of_unclear_order_are_judged_too(run, tmp_path, catalogue):
    """Two drafts of one report: none can be taken, and all that is wrong in each is told."""
    for name, values in (("mot.xlsx", {}), ("hai.xlsx", BAD)):
        path = tmp_path / "nhap" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(sound(catalogue, values=values).xlsx())
        os.utime(path, CHANGED)
    answers = json.loads(run(tmp_path / "nhap", "--json").stdout)
    assert [
        (each["file"], each["verdict"], {found["code"] for found in each["findings"]}) for each in answers
    ] == [
        ("hai.xlsx", "set_aside", {"AMBIGUOUS_ORDER", "PART_EXCEEDS_WHOLE"}),
        ("mot.xlsx", "set_aside", {"AMBIGUOUS_ORDER"}),
    ]
