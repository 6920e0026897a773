"""The sheet of explanations behind a form: how to fill it in, what expires, what each line counts, on what it rests.

Belongs here: what stands on that sheet, and in which row an indicator is explained. Its words are the catalogue's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.senders import Sender, deadline_of
from ocop_pipeline.domain.forms import REGISTER, FormLine
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.templates.sheets import Answers, SheetDraft, Value

_WIDTHS = (14.0, 44.0, 14.0, 30.0, 70.0)
EXPIRING_MONTHS = 6


@dataclass(frozen=True)
class Guide:
    """The sheet, and the row (from 0) in which each indicator is explained."""

    draft: SheetDraft
    rows: dict[str, int]


def guide(
    catalogue: Catalogue, sender: Sender, month: Period, lines: Sequence[FormLine], answers: Answers
) -> Guide:
    """Write the explanations for a sender and month."""
    sheet = _Sheet(catalogue, month)
    sheet.how(deadline_of(catalogue, sender, month))
    if catalogue.forms[sender.form].parts and REGISTER in catalogue.forms[sender.form].parts:
        sheet.expiring(answers)
    sheet.indicators(lines)
    sheet.basis()
    return Guide(sheet.draft, sheet.rows)


class _Sheet:
    def __init__(self, catalogue: Catalogue, month: Period) -> None:
        self._catalogue, self._month, self._words = catalogue, month, catalogue.template_words
        self.draft = SheetDraft("", self._words.guide_sheet, widths=dict(enumerate(_WIDTHS)))
        self.rows: dict[str, int] = {}
        self._row = 0

    def how(self, due: date) -> None:
        self._title(self._words.guide["title"], "title")
        for sentence in self._words.how:
            told = sentence.format(
                previous=self._words.previous, close=f"{self._month.end:%d/%m/%Y}", due=f"{due:%d/%m/%Y}"
            )
            self._sentence(told)
        self._row += 1

    def expiring(self, answers: Answers) -> None:
        """The certificates that have lapsed or will within half a year, by day."""
        day = _months_later(self._month.end, EXPIRING_MONTHS)
        found = [
            row
            for row in answers.rows.get(REGISTER, ())
            if isinstance(row["expiry_date"], date) and row["expiry_date"] <= day
        ]
        shown = f"{day:%d/%m/%Y}"
        self._title(self._words.guide["expiring"].format(day=shown), "heading")
        if not found:
            self._sentence(self._words.guide["expiring_none"].format(day=shown))
        else:
            self._line(self._words.expiring_headers, "header")
        for number, row in enumerate(sorted(found, key=lambda each: str(each["expiry_date"])), start=1):
            expiry = row["expiry_date"]
            until = f"{expiry:%d/%m/%Y}" if isinstance(expiry, date) else ""
            self._line(
                (number, row["product_name"], row["current_star"], until, row["producer_name"]), "wrap"
            )
        self._row += 1

    def indicators(self, lines: Sequence[FormLine]) -> None:
        self._title(self._words.guide["indicators"], "heading")
        self._line(self._words.indicator_headers, "header")
        for code in dict.fromkeys(line.indicator for line in lines):
            each = self._catalogue.indicators[code]
            self.rows[code] = self._row
            told = (code, each.name_vi, each.unit_vi, self._words.kinds[each.kind], each.definition_vi)
            self._line(told, "wrap")
        self._row += 1

    def basis(self) -> None:
        self._title(self._words.guide["basis"], "heading")
        for text in self._words.basis_on(self._month.end):
            self._sentence(text)

    def _title(self, text: str, style: str) -> None:
        self.draft.cells.append((self._row, 0, text, style))
        self.draft.merges.append((self._row, 0, self._row, len(_WIDTHS) - 1))
        self._row += 1

    def _sentence(self, text: str) -> None:
        self.draft.cells.append((self._row, 0, text, "wrap"))
        self.draft.merges.append((self._row, 0, self._row, len(_WIDTHS) - 1))
        self.draft.make_room(self._row, text, sum(_WIDTHS))
        self._row += 1

    def _line(self, values: Sequence[Value], style: str) -> None:
        for column, value in enumerate(values):
            self.draft.cells.append((self._row, column, value, style))
            self.draft.make_room(self._row, str(value or ""), _WIDTHS[column])
        self._row += 1


def _months_later(day: date, months: int) -> date:
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, min(day.day, 28))
