"""What may be written in a cell: the limits, drop-down lists and hints of a template, from what the form asks for.

Belongs here: from a line or a column of a form to the data validation of its cells, in XlsxWriter's terms. They are a
help, not the judgement: whoever pastes past them is answered by the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.template_words import TemplateWords
from ocop_pipeline.domain.forms import FormLine
from ocop_pipeline.domain.periods import Period

FIRST_DAY: Final = date(2013, 1, 1)
"""A limit against slips of the year, no rule of law: the national programme is of 2018, some began earlier."""
_YEARS_AHEAD: Final = 10
_LONGEST_TITLE, _LONGEST_HINT = 32, 255
# Field of a row -> how it is written; a field that is not here takes any text.
ROW_FIELDS: Final[Mapping[str, str]] = {
    "product_group": "product_group", "producer_type": "producer_type", "current_star": "star", "first_star": "star",
    "second_star": "star", "task_state": "task_state", "expiry_date": "later day", "first_date": "day",
    "second_date": "day", "first_year": "year", "second_year": "year", "progress": "percent",
}  # fmt: skip
LISTS: Final = ("product_group", "producer_type", "star", "task_state")
"""The code lists that have drop-down lists, in the order of their columns."""


def list_items(catalogue: Catalogue, month: Period) -> dict[str, list[str]]:
    """The names in each drop-down list, as in force at the end of a month."""
    on = month.end
    groups = [group.name_vi for group in catalogue.groups.list_on(on) if group.level == "sector"]
    named = {name: [item.name_vi for item in catalogue.code_lists.items(name, on)] for name in LISTS[1:]}
    return {"product_group": groups, **named}


@dataclass(frozen=True, slots=True)
class Inputs:
    """Makes the data validations of one template.

    Attributes:
        words: The hints.
        ranges: Name of a drop-down list -> the formula of its cells.
        month: The month reported.
    """

    words: TemplateWords
    ranges: Mapping[str, str]
    month: Period

    def of_line(self, line: FormLine, cell: str) -> dict[str, Any]:
        """The validation of an answer in the grid or among the funds.

        Args:
            line: What is asked.
            cell: Its address, relative: the rule speaks of it.
        """
        title = f"{line.indicator} ({line.unit_vi})"
        if line.value_type == "yes_no":
            return self._rule("yes_no", title, {"validate": "list", "source": ["Có", "Không"]})
        kind = "number" if line.unit_vi == "triệu đồng" else "whole"
        whole = f",{cell}=INT({cell})" if kind == "whole" else ""
        words = ",".join(f'LOWER({cell})="{word}"' for word in self.words.nothing)
        formula = f"=IF(ISNUMBER({cell}),AND({cell}>=0{whole}),OR({words}))"
        return self._rule(kind, title, {"validate": "custom", "value": formula})

    def of_field(self, field: str, header: str) -> dict[str, Any] | None:
        """The validation of a column of rows; None where any text may stand."""
        kind = ROW_FIELDS.get(field)
        if kind is None:
            return None
        if kind in self.ranges:
            # A name the list lacks may be right: it is let through and asked about later.
            rule = {"validate": "list", "source": self.ranges[kind], "error_type": "warning"}
            return self._rule("choice", header, rule)
        last = self.month.end
        if kind == "later day":
            last = last.replace(year=last.year + _YEARS_AHEAD, day=1)
        if kind == "year":
            limits: dict[str, Any] = {"validate": "integer", "minimum": FIRST_DAY.year, "maximum": last.year}
            return self._rule("year", header, limits | {"criteria": "between"}, FIRST_DAY.year, last.year)
        if kind == "percent":
            share: dict[str, Any] = {"validate": "decimal", "minimum": 0, "maximum": 100}
            return self._rule("percent", header, share | {"criteria": "between"})
        days: dict[str, Any] = {"validate": "date", "minimum": _moment(FIRST_DAY), "maximum": _moment(last)}
        return self._rule(
            "day", header, days | {"criteria": "between"}, f"{FIRST_DAY:%d/%m/%Y}", f"{last:%d/%m/%Y}"
        )

    def _rule(
        self, kind: str, title: str, rule: dict[str, Any], first: object = "", last: object = ""
    ) -> dict[str, Any]:
        hint = self.words.inputs[kind].format(first=first, last=last)[:_LONGEST_HINT]
        said = {"input_title": title[:_LONGEST_TITLE], "input_message": hint}
        return {
            **said, "error_title": self.words.inputs["wrong"][:_LONGEST_TITLE], "error_message": hint, **rule,
        }  # fmt: skip


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - XLSX keeps no time zone
