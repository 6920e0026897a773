"""Answers in the structure of the European Statistical System's validation report, for other systems to read.

Source: M. van der Loo, O. ten Bosch, "Design of a generic machine-readable validation report structure", ESSnet ValiDat
Integration, version 1.0.0 (2017): a report is a list of results, each made of the event, the rule, the data and the
value ("1" satisfied, "0" not, "NA" could not be told). Reports can be joined and cut: every result stands by itself.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypedDict

from ocop_pipeline.catalogue.findings import FORM, FindingType, finding_types
from ocop_pipeline.intake.answer import Answer, FindingAnswer
from ocop_pipeline.quality.rules import load_rules
from ocop_pipeline.version import CODE_VERSION

SATISFIED, VIOLATED, UNTOLD = "1", "0", "NA"
_ACTOR: Final = f"ocop-pipeline {CODE_VERSION}"
_JUDGED: Final = ("accepted", "returned")


class Event(TypedDict):
    """The act of checking: when it was done (ISO 8601) and by which software."""

    time: str
    actor: str


class RuleTold(TypedDict):
    """A rule by its code in our list of findings, which is the language it is expressed in.

    `description` says in English what is wrong where it does not hold; `explanation`, of a violated rule, is what the
    sender is told in Vietnamese.
    """

    language: str
    expression: str
    severity: str
    description: str
    explanation: str


class DataTold(TypedDict):
    """The data a result is about. A key is ``form|period|unit|agency|sheet!cell``; what is not known of it is blank."""

    source: list[str]
    target: list[str]
    description: str


class Result(TypedDict):
    """One rule held against one piece of data."""

    id: str
    type: str
    event: Event
    rule: RuleTold
    data: DataTold
    value: str


def validation_report(answers: Iterable[Answer], now: datetime) -> list[Result]:
    """The report on some files.

    Args:
        answers: What became of them. A file that is a duplicate of another was not judged again and has no results.
        now: When, with its time zone.

    Returns:
        For each file a result "0" for every finding; then, for every rule of the forms without a finding, "1" where the
        file was judged on its figures and "NA" where it could not be, or where the rule compares with earlier months
        and there were none. Findings of reading have no "1": what could have gone wrong and did not is nothing a rule
        says.
    """
    event = Event(time=now.isoformat(timespec="seconds"), actor=_ACTOR)
    rules = finding_types().of_scope(FORM)
    return [result for answer in answers for result in _results(answer, event, rules)]


def _results(answer: Answer, event: Event, rules: Sequence[FindingType]) -> Iterator[Result]:
    if answer["verdict"] == "duplicate":
        return
    name = answer["submission_id"] or answer["file"]
    for number, (rule, data, value) in enumerate(_held(answer, rules), start=1):
        yield Result(id=f"{name}/{number}", type="validation", event=event, rule=rule, data=data, value=value)


def _held(answer: Answer, rules: Sequence[FindingType]) -> Iterator[tuple[RuleTold, DataTold, str]]:
    """Rule, data and value of each result: the findings, then the rules without one."""
    for finding in answer["findings"]:
        rule = _rule(finding_types()[finding["code"]], finding)
        yield rule, _data(answer, finding["sheet"], finding["cell"]), VIOLATED
    violated = {finding["code"] for finding in answer["findings"]}
    not_run = _not_run(answer)
    for kind in rules:
        if kind.code not in violated:
            is_run = answer["verdict"] in _JUDGED and kind.code not in not_run
            yield _rule(kind), _data(answer, "", ""), SATISFIED if is_run else UNTOLD


def _not_run(answer: Answer) -> Collection[str]:
    """Rules that had nothing to compare the report with; where nobody wrote that down, all that may not have had."""
    if answer["not_run"] is not None:
        return answer["not_run"]
    return [rule.code for rule in load_rules() if rule.need]


def _rule(kind: FindingType, finding: FindingAnswer | None = None) -> RuleTold:
    return RuleTold(
        language=f"{_ACTOR} findings",
        expression=kind.code,
        severity=str(kind.severity),
        description=finding["message_en"] if finding else kind.sentence_en,
        explanation=finding["message_vi"] if finding else "",
    )


def _data(answer: Answer, sheet: str, cell: str) -> DataTold:
    place = f"{sheet}!{cell}" if cell else sheet
    known = (answer["form"], answer["period"], answer["unit_id"], answer["agency"], place)
    key = "|".join(part or "" for part in known)
    return DataTold(source=[key], target=[key], description=answer["file"])
