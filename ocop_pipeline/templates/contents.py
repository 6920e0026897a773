"""What is already filled in on the workbook a sender gets: who and which month, its register, its tasks.

Belongs here: from what is known of a sender to the answers on its form. Figures of the month are never filled in:
those of the month before stand beside, to compare with.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.senders import Sender
from ocop_pipeline.domain.forms import INFO, REGISTER, TASKS, FormLine
from ocop_pipeline.domain.indicators import Kind
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier
from ocop_pipeline.templates.sheets import Answers, LinePlace, Value
from ocop_pipeline.warehouse.last_reported import Known, KnownProduct, Recognition


def contents(catalogue: Catalogue, sender: Sender, month: Period, known: Known) -> Answers:
    """The answers that stand on a sender's form before it is sent out."""
    products = known.products.get(sender.unit.unit_id, ()) if sender.unit.tier is Tier.COMMUNE else ()
    return Answers(
        pairs={INFO: _information(sender, month)},
        rows={
            REGISTER: [_register_row(catalogue, sender, month, product) for product in products],
            TASKS: list(_tasks(catalogue, sender, known)),
        },
        subtitle=catalogue.template_words.subtitle.format(name=sender.name, period=month.label_vi()),
    )


def beside(
    catalogue: Catalogue, sender: Sender, known: Known, lines: Iterable[FormLine]
) -> dict[LinePlace, Value]:
    """What the sender last reported for each line of which something stands from month to month: not for flows.

    Nought, nothing to report, what was left blank and what was not asked for look different.
    """
    words = catalogue.template_words
    signs = {
        "nothing": words.nothing[0],
        "blank": words.previous_blank,
        "not_collected": words.previous_not_asked,
    }
    _, figures = known.values.get(sender.key, ("", {}))
    found = {}
    for line in lines:
        indicator = catalogue.indicators[line.indicator]
        value = figures.get((line.indicator, line.breakdown))
        if value is not None and indicator.kind is not Kind.FLOW:
            yes_no = line.value_type == "yes_no"
            found[line.part, line.line_code, line.field] = (
                signs[value]
                if isinstance(value, str)
                else ("Không", "Có")[bool(value)]
                if yes_no
                else _plain(value)
            )
    return found


def last_month(sender: Sender, known: Known) -> str:
    """Key of the month the sender last reported, within a year; blank where there is none."""
    return known.values.get(sender.key, ("", {}))[0]


def _plain(value: Decimal) -> Value:
    return int(value) if value == value.to_integral_value() else value


def _information(sender: Sender, month: Period) -> dict[str, Value]:
    unit, around = sender.unit, sender.around
    found: dict[str, Value] = {
        "form": sender.form,
        "period": f"{month.months[-1].end:%m/%Y}",
        "unit_code": unit.code,
        "unit_name": unit.full_name,
        "agency_name": sender.agency_name,
    }
    for name, tier in (("district_name", Tier.DISTRICT), ("province_name", Tier.PROVINCE)):
        if tier in around:
            found[name] = around[tier].full_name
    return found


def _register_row(
    catalogue: Catalogue, sender: Sender, month: Period, product: KnownProduct
) -> Mapping[str, Value]:
    groups = {group.code: group.name_vi for group in catalogue.groups.all if group.level == "sector"}
    groups |= {
        group.code: group.name_vi for group in catalogue.groups.list_on(month.end) if group.level == "sector"
    }
    row: dict[str, Value] = {
        "product_name": product.name,
        "product_group": groups.get(product.group or ""),
        "producer_type": product.producer_type
        and catalogue.code_lists.item("producer_type", product.producer_type).name_vi,
        "producer_name": product.producer,
        "commune_name": sender.unit.full_name,
        "address": product.address,
        "current_star": _star(catalogue, product.star),
        "expiry_date": product.expiry,
        **_decision(catalogue, "first", product.first),
    }
    return row if product.last == product.first else row | _decision(catalogue, "second", product.last)


def _decision(catalogue: Catalogue, slot: str, decided: Recognition) -> dict[str, Value]:
    return {
        f"{slot}_star": _star(catalogue, decided.star),
        f"{slot}_date": decided.day,
        f"{slot}_year": decided.day.year,
        f"{slot}_decision": decided.decision,
        f"{slot}_body": decided.body,
    }


def _star(catalogue: Catalogue, code: str) -> str:
    return catalogue.code_lists.item("star", code).name_vi


def _tasks(catalogue: Catalogue, sender: Sender, known: Known) -> Iterable[Mapping[str, Value]]:
    for duty in sender.tasks:
        state, progress = known.tasks.get(
            (sender.unit.unit_id, sender.agency, duty.plan, duty.task), ("", None)
        )
        yield {
            "task_code": duty.task,
            "task_text": duty.text,
            "task_state": catalogue.code_lists.item("task_state", state).name_vi if state else None,
            "progress": None if progress is None else _plain(progress),
        }
