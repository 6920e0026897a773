"""The answer as plain text and as a validation report: the same findings, for people and for machines."""

from datetime import UTC, datetime

import jsonschema
import pytest

from ocop_pipeline.catalogue.findings import FORM, finding_types
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.intake.answer import answer
from ocop_pipeline.intake.answer_text import answer_text
from ocop_pipeline.intake.judge import Judgement
from ocop_pipeline.intake.recognise import Identity
from ocop_pipeline.intake.validation_report import validation_report
from ocop_pipeline.quality.rules import load_rules

NOW = datetime(2026, 11, 3, 2, 30, tzinfo=UTC)
WHO = Identity("OCOP-XA", "OCOP-XA/2026", "c26740.2", "Phường Bình Dương", "", "2026-10")
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "type", "event", "rule", "data", "value"],
        "properties": {
            "id": TEXT,
            "type": {"enum": ["validation"]},
            "event": {
                "type": "object",
                "required": ["time", "actor"],
                "properties": {"time": TEXT, "actor": TEXT},
            },
            "rule": {
                "type": "object",
                "required": ["language", "expression", "severity"],
                "properties": {
                    "language": TEXT,
                    "expression": TEXT,
                    "severity": {"enum": ["information", "warning", "error"]},
                    "description": TEXT,
                    "explanation": TEXT,
                },
            },
            "data": {
                "type": "object",
                "required": ["source", "target"],
                "properties": {"source": TEXTS, "target": TEXTS, "description": TEXT},
            },
            "value": {"enum": ["0", "1", "NA"]},
        },
    },
}
"""What version 1.0.0 asks of a result of kind "validation"."""


def _answer(*findings, verdict=Verdict.RETURNED, identity=WHO, not_run=()):
    return answer(Judgement("ab" * 32, "bao-cao.xlsx", "", verdict, identity, findings, not_run=not_run))


@pytest.fixture
def found():
    """An error at a cell, a warning at another, an error about a sheet."""
    types = finding_types()
    return (
        types.make("NEGATIVE", "BM01 Tiến độ", "D12", line="CD03", label="Cán bộ", value=-1),
        types.make("COPY_OF_LAST_MONTH", "BM01 Tiến độ", "", count=30),
        types.make("MISSING_SHEET", "", "", part="register", name="BM02"),
    )


def test_the_report_has_the_published_structure(found):
    """Every result of every kind of file is valid against what version 1.0.0 of the structure asks."""
    answers = [
        _answer(*found),
        _answer(verdict=Verdict.ACCEPTED),
        _answer(found[2], verdict=Verdict.SET_ASIDE, identity=None),
    ]
    report = validation_report(answers, NOW)
    jsonschema.validate(report, SCHEMA)
    assert {each["event"]["time"] for each in report} == {"2026-11-03T02:30:00+00:00"}
    assert len({each["id"] for each in report[: len(report) // 3]}) == len(report) // 3


def test_every_finding_is_a_violated_rule_at_its_cell(found):
    """A finding is a result "0" with the key of its cell; each rule without one is satisfied, and told once."""
    report = validation_report([_answer(*found)], NOW)
    violated = [each for each in report if each["value"] == "0"]
    assert [(each["rule"]["expression"], each["rule"]["severity"]) for each in violated] == [
        ("NEGATIVE", "error"),
        ("COPY_OF_LAST_MONTH", "warning"),
        ("MISSING_SHEET", "error"),
    ]
    assert violated[0]["data"]["target"] == ["OCOP-XA|2026-10|c26740.2||BM01 Tiến độ!D12"]
    assert violated[0]["rule"]["explanation"].endswith("Kính đề nghị kiểm tra lại số liệu.")
    satisfied = [each["rule"]["expression"] for each in report if each["value"] == "1"]
    rules = [kind.code for kind in finding_types().of_scope(FORM)]
    assert sorted([*satisfied, "NEGATIVE", "COPY_OF_LAST_MONTH"]) == sorted(rules)


@pytest.mark.parametrize(
    ("not_run", "untold"),
    [
        ((), set()),
        (("STOCK_JUMPED",), {"STOCK_JUMPED"}),
        (None, {rule.code for rule in load_rules() if rule.need}),
    ],
)
def test_a_rule_without_anything_to_compare_with_is_not_said_to_hold(not_run, untold):
    """It is "NA"; of a file judged before that was written down, every rule that may have had nothing."""
    report = validation_report([_answer(verdict=Verdict.ACCEPTED, not_run=not_run)], NOW)
    assert {each["rule"]["expression"] for each in report if each["value"] == "NA"} == untold
    assert {each["value"] for each in report} == ({"1", "NA"} if untold else {"1"})


def test_what_was_not_judged_is_not_said_to_hold(found):
    """Of a file that could not be read no rule is satisfied; a duplicate was not looked at and has no results."""
    report = validation_report([_answer(found[2], verdict=Verdict.SET_ASIDE, identity=None)], NOW)
    assert {each["value"] for each in report} == {"0", "NA"}
    assert {each["data"]["target"][0] for each in report} == {"||||"}
    assert not validation_report([_answer(found[2], verdict=Verdict.DUPLICATE)], NOW)


def test_the_text_tells_whose_it_is_and_errors_before_warnings(catalogue, found):
    """The first lines name file, sender, month and receipt; each kind is counted and numbered from one."""
    lines = answer_text(_answer(*found), catalogue.template_words).splitlines()
    assert lines[1:4] == [
        "Tệp: bao-cao.xlsx",
        "Phường Bình Dương, tháng 10 năm 2026",
        "Số biên nhận: ababababab",
    ]
    assert lines[4:8] == ["", "Lỗi (2):", f"1. {_said(found[0])}", f"2. {_said(found[2])}"]
    assert lines[8:11] == ["", "Cảnh báo (1):", f"1. {_said(found[1])}"]


def test_the_text_of_a_file_without_errors_says_so(catalogue, found):
    """A file with warnings only is told that nothing has to be put right."""
    lines = answer_text(_answer(found[1], verdict=Verdict.ACCEPTED), catalogue.template_words).splitlines()
    assert "Không có lỗi phải sửa." in lines
    assert not any(line.startswith("Lỗi") and line.endswith(":") for line in lines)


def _said(finding):
    return finding_types().message(finding)
