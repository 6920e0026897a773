"""Return notices: what goes back to a sender whose file was returned or set aside.

Here: the notice as a document, and as plain text for a mail's body. Not here: the sentences of findings (they
come with the judgement) or the way they travel.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.catalogue.tables import read_document
from ocop_pipeline.domain.findings import Finding, Severity
from ocop_pipeline.paths import REPORT_TEMPLATES
from ocop_pipeline.reporting import formats, wording
from ocop_pipeline.reporting.document import (
    Block,
    Cell,
    Column,
    Data,
    Document,
    Letterhead,
    Row,
    Signature,
    Table,
    legible,
    to_data,
)
from ocop_pipeline.reporting.spec import Issuer

RECEIPT_DIGITS: Final = 10
_TELLING: Final = {"RETURNED_BY_REVIEW": "reason", "RETURNED_FILE_SENT_AGAIN": "sent"}
"""Findings of which an argument tells one notice from another: another reason, or sent on another day."""
RETURNED, SET_ASIDE = "returned", "set_aside"


@dataclass(frozen=True)
class NoticeSpec:
    """The words of a return notice (`report_templates/return_notice/notice.yml`)."""

    folders: tuple[Path, ...]
    kind: str
    symbol: str
    summary: str
    summary_unknown: str
    title: str
    addressee: str
    addressee_unknown: str
    opening: str
    closing: str
    recipients: tuple[str, ...]
    most_findings: int
    labels: Mapping[str, str]


def load_notice_spec(site: Path | None = None) -> NoticeSpec:
    """Read the words of a return notice; a site's own file replaces ours.

    Raises:
        CatalogueError: with file, line and reason.
    """
    folders = tuple(
        folder
        for folder in ((site / "report_templates") if site else None, REPORT_TEMPLATES)
        if folder is not None
    )
    name = "return_notice/notice.yml"
    row = read_document(next(path for folder in folders if (path := folder / name).is_file()))
    fields = (
        "kind",
        "symbol",
        "summary",
        "summary_unknown",
        "title",
        "addressee",
        "addressee_unknown",
        "opening",
        "closing",
    )
    row.only(*fields, "recipients", "most_findings", "labels")
    labels = row.row("labels")
    return NoticeSpec(
        folders=folders,
        recipients=row.texts("recipients"),
        most_findings=row.integer("most_findings", 1),
        labels={key: labels.text(key) for key in labels.cells},
        **{field: row.text(field) for field in fields},
    )


def receipt(submission_id: str | None) -> str:
    """Give the receipt number people quote: the first ten digits of the file's SHA-256, blank for none."""
    return (submission_id or "")[:RECEIPT_DIGITS]


def notice_id(answer: Mapping[str, Any]) -> str:
    """Name a return notice: by the file, whose report it was taken for, and what is wrong with it where.

    The same judgement on the same file is the same notice and reaches nobody twice; judged again with other
    findings it is another one. The sentences, the letterhead and the deadline are left out on purpose: a better
    wording must not send the notices of past years again.

    Args:
        answer: As for `compose_notice`, the findings with their `code`, and `form` and `agency` where known.

    Returns:
        64 hexadecimal digits.
    """
    findings = sorted(map(_said, answer["findings"]))
    identity = [answer.get(key) or "" for key in ("form", "unit_id", "agency", "period")]
    said = [answer["submission_id"], str(answer["verdict"]), *identity, findings]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _said(finding: Mapping[str, Any]) -> list[str]:
    """What is wrong where; with what else makes it another notice, such as a reviewer's words."""
    words = finding["args"].get(_TELLING[finding["code"]], "") if finding["code"] in _TELLING else ""
    return [
        finding["code"],
        str(finding["severity"]),
        finding["sheet"],
        finding["cell"],
        *filter(None, [words]),
    ]


def compose_notice(
    answer: Mapping[str, Any], spec: NoticeSpec, issuer: Issuer, as_of: date, due: date | None = None
) -> Document:
    """Write the return notice of one file.

    Args:
        answer: The judgement as `ocop check` gives it: `file`, `submission_id`, `verdict`, `unit_name`,
            `period`, `findings` (each `severity`, `sheet`, `cell`, `message_vi`, and `advice_vi` where there
            is one); where known also `agency_name`, the department that sent it, and `received_on`, a date.
            Names and texts in it may be anything: they are printed as what they are.
        spec: The words.
        issuer: Who sends it back.
        as_of: Day of the notice.
        due: Day the report is due; None when that is not known.

    Returns:
        The notice, for the HTML and PDF writers and for `write_text`.

    Raises:
        ValueError: the file was neither returned nor set aside.
    """
    if answer["verdict"] not in (RETURNED, SET_ASIDE):
        raise ValueError(f"no return notice for a file that was {answer['verdict']}")
    context = _context(answer, spec, issuer, due)
    summary = spec.summary if answer.get("period") else spec.summary_unknown
    return Document(
        letterhead=Letterhead(
            issuing_body=issuer.issuing_body,
            symbol=_symbol(spec.symbol, issuer.symbol),
            place=issuer.place,
            parent_body=issuer.parent_body,
            issued=as_of,
        ),
        kind=spec.kind,
        summary=wording.line(spec.folders, summary, context),
        body=(
            *wording.paragraphs(spec.folders, spec.opening, context),
            *_findings(answer, spec),
            *wording.paragraphs(spec.folders, spec.closing, context),
        ),
        signature=Signature(
            tuple(filter(None, (issuer.signer_authority, issuer.signer_title))), issuer.signer_name
        ),
        recipients=spec.recipients,
        created=as_of,
        title=wording.line(spec.folders, spec.title, context),
        addressees=(_addressee(answer, spec, context),),
    )


def _context(answer: Mapping[str, Any], spec: NoticeSpec, issuer: Issuer, due: date | None) -> dict[str, Any]:
    severities = [finding["severity"] for finding in answer["findings"]]
    period = answer.get("period") or ""
    return {
        "issuer_name": issuer.name,
        "file": answer["file"],
        "unit_name": answer.get("unit_name") or "",
        "received": answer.get("received_on"),
        "receipt": receipt(answer.get("submission_id")) or spec.labels["no_receipt"],
        "verdict": answer["verdict"],
        "period": period,
        "period_name": formats.period(period) if period else "",
        "errors": severities.count("error"),
        "warnings": severities.count("warning"),
        "due": due,
    }


def _addressee(answer: Mapping[str, Any], spec: NoticeSpec, context: Mapping[str, Any]) -> str:
    """A department by its own name, a unit through its committee, nobody known by a general word."""
    if answer.get("agency_name"):
        return str(answer["agency_name"])
    if answer.get("unit_name"):
        return wording.line(spec.folders, spec.addressee, context)
    return spec.addressee_unknown


def _symbol(kind: str, report_symbol: str) -> str:
    """Put the notice's kind before the body's own abbreviation: "BC-SNNMT" gives "PTL-SNNMT"."""
    return f"{kind}-{report_symbol.partition('-')[2] or report_symbol}"


def _findings(answer: Mapping[str, Any], spec: NoticeSpec) -> list[Block]:
    """Errors first, then warnings, each in the order of the answer: as they stand in the file."""
    found = sorted(answer["findings"], key=lambda finding: str(finding["severity"]) != "error")
    if not found:
        return []
    labels, shown = spec.labels, found[: spec.most_findings]
    columns = (
        Column("order", labels["order"], align="center", width=0.5),
        Column("severity", labels["severity"], width=0.9),
        Column("sheet", labels["sheet"], width=1.2),
        Column("cell", labels["cell"], align="center", width=0.7),
        Column("message", labels["message"], width=4.6, row_header=True),
    )
    rows = tuple(_finding_row(labels, order, finding) for order, finding in enumerate(shown, start=1))
    left_out = len(found) - len(shown)
    more = (labels["more"].format(count=formats.count(left_out)),) if left_out else ()
    return [Table(labels["caption"], columns, rows, (*more, labels["note"]))]


def _finding_row(labels: Mapping[str, str], order: int, finding: Mapping[str, Any]) -> Row:
    message = " ".join(filter(None, (_without_place(finding), finding.get("advice_vi"))))
    return Row((
        Cell(str(order)), Cell(labels[str(finding["severity"])]),
        Cell(finding["sheet"] or labels["whole_file"]), Cell(finding["cell"] or ""), Cell(message),
    ))  # fmt: skip


def _without_place(finding: Mapping[str, Any]) -> str:
    """The message without the sheet and cell it begins with: they have columns of their own."""
    severity = Severity(str(finding["severity"]))
    place = finding_types().place(Finding(finding["code"], severity, finding["sheet"], finding["cell"]))
    return str(finding["message_vi"]).removeprefix(f"{place}: ")


def write_text(document: Document) -> str:
    """Write a document as plain text, from the same data as its HTML and PDF.

    Args:
        document: A document; drawings are given in their words.

    Returns:
        Lines of legible text, a blank line between blocks; table rows with their columns' headers.
    """
    data = to_data(document)
    letterhead = data["letterhead"]
    sender = f"{letterhead['issuing_body_name']}\n{letterhead['place_and_date']}"
    title = f"{data['kind']}\n{data['summary']}"
    blocks = ["\n".join(_lines_of(block)) for block in data["body"]]
    return legible("\n\n".join([sender, title, "; ".join(data["addressees"]), *filter(None, blocks)])) + "\n"


def _lines_of(block: Data) -> Iterator[str]:
    match block["type"]:
        case "heading":
            yield block["text"]
        case "paragraph":
            yield _run_text(block["runs"])
        case "bullets":
            yield from (f"- {_run_text(item)}" for item in block["items"])
        case "quote":
            yield from block["lines"]
            yield f"({block['source']})"
        case "notice":
            yield from block["lines"]
        case "figure":
            yield block["alt"]
        case "table":
            yield from _table_lines(block)


def _run_text(runs: list[Data]) -> str:
    return "".join(run["text"] for run in runs).strip()


def _table_lines(table: Data) -> Iterator[str]:
    """Give each row as "header: text; header: text", which any screen and any mail program can show."""
    headers = [cell["text"] for cell in table["header"][-1]]
    numbered = table["columns"][0]["key"] == "order"
    yield f"{table['caption']}:"
    for row in table["rows"]:
        texts = [cell["text"] for cell in row["cells"]]
        # A row with spanning cells, or under a header of two rows, is given as its texts alone.
        named = zip(headers if len(headers) == len(texts) else [""] * len(texts), texts, strict=True)
        cells = [f"{header}: {text}" if header else text for header, text in named if text]
        yield f"{texts[0]}. " + "; ".join(cells[1:]) if numbered and texts[0] else "; ".join(cells)
    yield from table["notes"]
