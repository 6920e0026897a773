"""The rules of the forms: each a SELECT in `sql/audits` that returns offending cells, declared once.

Belongs here: loading rules, running them, turning their rows into findings. The same text judges a batch of
arrivals and audits the warehouse; who runs it is told by the `select` handed in, so no database is known
here.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ocop_pipeline import paths
from ocop_pipeline.catalogue.findings import FILE, FORM, FindingTypes, finding_types, plain
from ocop_pipeline.catalogue.repairs import repair_kinds
from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.quality.needs import NEEDS

SelectAll = Callable[[Sequence[str]], Iterable[Iterable[Sequence[Any]]]]
"""Runs SELECTs, in any order, and gives the rows of each."""

_COMMENT = re.compile(r"\A(?:--[^\n]*\n)+")
_NEEDS = re.compile(r"^-- Needs: (.+)\.$", re.MULTILINE)
_COLUMNS = "submission_id, sheet, cell, args"


class RuleError(Exception):
    """The rules and the list of findings do not fit together."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        code: the finding it makes.
        severity: as the list of findings says.
        description: the first comment of its file: what it finds and the source of the rule.
        sql: the SELECT; returns submission_id, sheet, cell and args (a JSON object as text).
        need: what has to be known besides the report, as its comment names it (`needs.NEEDS`); blank for most.
    """

    code: str
    severity: Severity
    description: str
    sql: str
    need: str = ""

    @property
    def needs_earlier_months(self) -> bool:
        """Whether it compares a month with what was accepted of earlier ones, so that months must be judged in turn."""
        return " core." in self.sql


def load_rules(folder: Path | None = None, types: FindingTypes | None = None) -> tuple[Rule, ...]:
    """Every rule of the forms, in the order of the list of findings.

    Args:
        folder: where the SQL files are; ours by default. Other files in it (audits of tables) are left alone.
        types: the list of findings; ours by default.

    Raises:
        RuleError: a finding of scope `form` has no file, a file does not begin with a comment, or names a need that is
            none.
    """
    folder = folder or paths.SQL / "audits"
    return tuple(
        _load(folder / f"{kind.code.lower()}.sql", kind.code, kind.severity)
        for kind in (types or finding_types()).of_scope(FORM)
    )


def _load(path: Path, code: str, severity: Severity) -> Rule:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RuleError(f"finding {code} has no rule: {path.name} is missing in {path.parent}") from error
    comment = _COMMENT.match(text)
    if comment is None:
        raise RuleError(f"{path.name}: the first line must be a comment that says what the rule finds")
    need = _NEEDS.search(comment[0])
    if need is not None and need[1] not in NEEDS:
        raise RuleError(f"{path.name}: needs {need[1]!r}, which is none of: {'; '.join(NEEDS)}")
    description = " ".join(line.removeprefix("--").strip() for line in comment[0].splitlines())
    return Rule(code, severity, description, text[comment.end() :].strip(), need[1] if need else "")


def rules_version(rules: Iterable[Rule]) -> str:
    """Names the exact rules a verdict was passed under: SHA-256 over their codes, severities and texts."""
    sha = hashlib.sha256()
    for rule in rules:
        sha.update(f"{rule.code}\0{rule.severity}\0{rule.sql}\0".encode())
    return sha.hexdigest()


def rules_not_run(
    rules: Iterable[Rule], met: Mapping[str, Collection[str]], submission_id: str
) -> tuple[str, ...]:
    """Codes of the rules that had nothing to hold a report against.

    Args:
        rules: the rules.
        met: need -> reports for which it is there (`needs.met_needs`).
        submission_id: the report.
    """
    return tuple(rule.code for rule in rules if rule.need and submission_id not in met[rule.need])


def run_rules(select_all: SelectAll, rules: Sequence[Rule]) -> dict[str, list[Finding]]:
    """Run rules over whatever `staging` and `catalogue` tables `select_all` sees.

    Args:
        select_all: runs any number of SQL texts, in any order, and gives the rows of each.
        rules: the rules.

    Returns:
        submission_id -> findings, in the order of the rules, then of sheet and cell. A rule that finds the
        same cell twice for the same reason counts once.
    """
    found: dict[str, list[Finding]] = {}
    answers = select_all([f"SELECT {_COLUMNS} FROM ({rule.sql})" for rule in rules])
    for rule, answer in zip(rules, answers, strict=True):
        rows = {(str(a), b or "", c or "", d or "{}") for a, b, c, d in answer}
        for submission_id, sheet, cell, args in sorted(rows, key=_place):
            finding = Finding(rule.code, rule.severity, sheet, cell, _args(args))
            found.setdefault(submission_id, []).append(finding)
    return found


def findings_page(rules: Iterable[Rule] | None = None, types: FindingTypes | None = None) -> str:
    """The page `docs/findings.md`: every code, what people are told, and what each rule rests on."""
    types = types or finding_types()
    described = {rule.code: rule.description for rule in (load_rules() if rules is None else rules)}
    lines = [_PAGE_HEAD]
    for title, scope in (("Rules of the forms", FORM), ("Receiving and reading", FILE)):
        lines += [
            "",
            f"## {title}",
            "",
            "| Code | Severity | Told (vi) | Told (en) |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| `{kind.code}` | {kind.severity} | {kind.sentence_vi} {kind.advice_vi} | {kind.sentence_en} |"
            for kind in types.of_scope(scope)
        ]
    lines += [
        "",
        "## Repairs",
        "",
        _REPAIRS_HEAD,
        "",
        "| Code | Told (vi) | Told (en) |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{code}` | {vi} | {en} |" for code, (vi, en) in repair_kinds().sentences.items()]
    lines += ["", "## What each rule finds, and its source", ""]
    lines += [f"- `{code}`: {text}" for code, text in described.items()]
    return "\n".join(lines) + "\n"


_PAGE_HEAD = """# Findings

The closed list of what can be found in a submission. An error returns it, a warning accepts and flags it.
Scripts may depend on the codes. `{name}` stands for text, `{name:n}` for a number, `{name:d}` for a day, `{name:m}`
for a month, `{name:w}` for a word of a list, `{name:i}` for the code of an indicator, `{name:l5}` for a list of which
at most five are told in the sentence and all in `args` of `ocop check --json`. Findings of a file are told errors
first, then sheet by sheet from top to bottom. This page is made from `ocop_pipeline/catalogue/data/findings.csv` and
the comments in `sql/audits/`."""


_REPAIRS_HEAD = """What is read otherwise than it is written. A repair that is sure is told and needs no answer;
one that is a guess is a warning besides (`…_GUESSED`). The list is `ocop_pipeline/catalogue/data/repairs.csv`."""


def _place(row: tuple[str, str, str, str]) -> tuple[str, str, int, str, str]:
    submission_id, sheet, cell, args = row
    return submission_id, sheet, len(cell), cell, args


def _args(text: str) -> dict[str, str]:
    values = json.loads(text, parse_float=Decimal)
    return {name: plain(value) for name, value in values.items()}
