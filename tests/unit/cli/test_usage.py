"""Mistyped commands: the sentence names what is wrong, in the language asked for, and the exit code is 2."""

import sys

import pytest

from ocop_pipeline.cli.app import main
from ocop_pipeline.cli.console import Language


@pytest.fixture(autouse=True)
def _own_language(monkeypatch):
    """A language chosen here is gone after the test."""
    monkeypatch.setattr(Language, "chosen", Language.chosen)


def _said(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["ocop", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code, " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["value"], "Lệnh còn thiếu --period. Cách dùng: ocop value --help"),
        (["units", "find"], "Lệnh còn thiếu TEXT. Cách dùng: ocop units find --help"),
        (["status", "--period"], "Sau --period cần ghi giá trị."),
        (["plan", "status", "--bogus"], "Không có tùy chọn --bogus. Cách dùng: ocop plan status --help"),
        (["value", "--periode"], "Không có tùy chọn --periode; gần giống: --period"),
        (["register", "expiring", "--within", "999"], "Giá trị của --within không dùng được."),
        (["nosuch"], "Không có lệnh “nosuch”. Cách dùng: ocop --help"),
        (["status", "--period", "2026-10", "5"], "Thừa tham số: 5."),
        (["--lang", "en", "status"], "--period is missing. Usage: ocop status --help"),
    ],
)
def test_a_mistyped_command_is_answered_in_words(monkeypatch, capsys, arguments, said):
    """Each error of the library that reads the command line has a sentence of ours."""
    code, answer = _said(monkeypatch, capsys, *arguments)
    assert code == 2
    assert said in answer


def test_help_and_refusals_keep_their_codes(monkeypatch, capsys):
    """Help is no error; what a command refuses itself is one of usage."""
    assert _said(monkeypatch, capsys, "status", "--help")[0] == 0
    assert _said(monkeypatch, capsys, "status", "--period", "2026-13")[0] == 2
