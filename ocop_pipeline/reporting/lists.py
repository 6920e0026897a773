"""Tables of names and words: who reported, what was recognised, what the units said.

Here: rows in their order, and what is left out of the body. Not here: figures of indicators (`grids`), plans
(`progress`), the register (`register_tables`, `register_lists`).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Block, Cell, Column, Quote, Row, Table
from ocop_pipeline.reporting.gather import COMMUNE_FORM, Remark, ReportStatus
from ocop_pipeline.reporting.setting import Setting, day_text

REMARK_KINDS: Final = ("difficulties", "causes", "next_tasks", "proposals")


def coverage_table(setting: Setting) -> list[Block]:
    """How many reports of each form came, and what became of them."""
    label = setting.label
    columns = (
        Column("form", label("coverage_form"), width=3.2, row_header=True),
        *(
            Column(key, label(f"coverage_{key}"), align="right")
            for key in ("expected", "accepted", "returned", "missing", "late")
        ),
        Column("share", label("share_pct"), align="right"),
    )
    rows = tuple(
        Row((
            Cell(form.form_name), *(
                Cell(formats.number(count))
                for count in (form.expected, form.accepted, form.returned, form.missing, form.late)
            ),
            Cell(formats.number(Decimal(form.accepted) * 100 / form.expected, 1)),
        ))
        for form in setting.data.coverage
    )  # fmt: skip
    return [Table(label("coverage_caption"), columns, rows, (label("coverage_note"),))]


def status_table(setting: Setting) -> list[Block]:
    """Everyone whose report is missing, returned or late."""
    label = setting.label
    owed = [(status, key) for status in setting.data.statuses if (key := _status_key(status))]
    if not owed:
        return []
    columns = (
        Column("order", label("order"), align="center", width=0.5),
        Column("unit", label("unit"), width=2.8, row_header=True),
        Column("form", label("status_form"), width=1.15),
        Column("state", label("status_state"), width=1.6),
        Column("due", label("status_due"), align="center", width=1.2),
        Column("received", label("status_received"), align="center", width=1.2),
    )
    rows = tuple(
        Row((
            Cell(str(order)), Cell(status.sender), Cell(status.form), Cell(label(f"status_{key}")),
            Cell(day_text(status.due_date)),
            Cell(day_text(status.first_received_at.date() if status.first_received_at else None)),
        ))
        for order, (status, key) in enumerate(owed, start=1)
    )  # fmt: skip
    return [Table(label("status_caption"), columns, rows)]


def _status_key(status: ReportStatus) -> str:
    if status.status in ("missing", "returned"):
        return status.status
    if status.is_late:
        return "late"
    return "correction" if status.has_returned_correction else ""


def product_table(setting: Setting) -> list[Block]:
    """The products recognised within the month."""
    data, label = setting.data, setting.label
    if not data.products:
        return []
    columns = (
        Column("order", label("order"), align="center", width=0.5),
        Column("name", label("product_name"), width=2.5, row_header=True),
        Column("producer", label("product_producer"), width=2.7),
        Column("unit", label("unit"), width=1.75),
        Column("group", label("product_group"), width=1.4),
        Column("star", label("product_star"), width=0.9),
        Column("kind", label("product_kind"), width=1.75),
        Column("decision", label("product_decision"), width=1.5),
        Column("date", label("product_date"), align="center", width=1.35),
        Column("body", label("product_body"), width=1.6),
        Column("expiry", label("product_expiry"), align="center", width=1.35),
    )
    rows = tuple(
        Row((
            Cell(str(order)), Cell(each.product_name), Cell(each.producer_name), Cell(each.unit_full_name),
            Cell(setting.name("product_group", each.product_group)), Cell(setting.name("star", each.star)),
            Cell(setting.name("recognition_kind", each.recognition_kind)), Cell(each.decision_no),
            Cell(day_text(each.decision_date)), Cell(each.issuing_body), Cell(day_text(each.expiry_date)),
        ))
        for order, each in enumerate(data.products, start=1)
    )  # fmt: skip
    first, last = formats.short_date(data.period.start), formats.short_date(data.period.end)
    return [Table(label("product_caption", first=first, last=last), columns, rows, _product_notes(setting))]


def _product_notes(setting: Setting) -> tuple[str, ...]:
    communes = next((each for each in setting.data.coverage if each.form == COMMUNE_FORM), None)
    if communes is None:
        return ()
    counts = {"accepted": formats.number(communes.accepted), "expected": formats.number(communes.expected)}
    return (setting.label("product_note", **counts),)


def substantive(setting: Setting, kind: str) -> list[Remark]:
    """The remarks of one kind that say something; "không có" says there is nothing to say."""
    empty = set(setting.label("no_remark").split("|"))
    return [
        remark
        for remark in setting.data.remarks
        if remark.kind == kind and remark.text.casefold().strip(" .,;:!-\n") not in empty | {""}
    ]


def excerpt(setting: Setting, kind: str) -> list[Remark]:
    """The remarks the body quotes: the first of each different wording, up to the limit."""
    seen: set[str] = set()
    chosen = []
    for remark in substantive(setting, kind):
        wording = " ".join(remark.text.casefold().split()).rstrip(" .;")
        if wording not in seen:
            seen.add(wording)
            chosen.append(remark)
    return chosen[: setting.spec.limits.quotes]


def quotes(setting: Setting, kind: str) -> list[Block]:
    """Quote the units' own words, each under its own name; a long one is cut and says so."""
    return [Quote(_cut(setting, remark.text), remark.sender) for remark in excerpt(setting, kind)]


def _cut(setting: Setting, text: str) -> str:
    limit = setting.spec.limits.quote_letters
    annex = setting.annexes.get("remarks")
    if len(text) <= limit or annex is None:
        return text
    return text[:limit].rsplit(maxsplit=1)[0] + setting.label("remark_cut", annex=annex)


def remark_tables(setting: Setting) -> list[Block]:
    """All remarks in full, if the body had to leave out or cut any."""
    limit = setting.spec.limits.quote_letters
    by_kind = {kind: substantive(setting, kind) for kind in REMARK_KINDS}
    whole = all(
        len(said) == len(excerpt(setting, kind)) and all(len(remark.text) <= limit for remark in said)
        for kind, said in by_kind.items()
    )
    if whole:
        return []
    return [_remark_table(setting, kind, said) for kind, said in by_kind.items() if said]


def _remark_table(setting: Setting, kind: str, said: Sequence[Remark]) -> Table:
    label = setting.label
    columns = (
        Column("order", label("order"), align="center", width=0.5),
        Column("unit", label("unit"), width=1.8, row_header=True),
        Column("text", label("remark_text"), width=5),
    )
    rows = tuple(
        Row((Cell(str(order)), Cell(remark.sender), Cell(remark.text)))
        for order, remark in enumerate(said, start=1)
    )
    return Table(label(f"remark_caption_{kind}"), columns, rows)
