"""What some rules of the forms need besides the report: without it they cannot find anything, and that says nothing.

Belongs here: telling for each report of a batch what of this is there. Does not: the rules (`sql/audits`), which name
their need in their first comment ("-- Needs: the month before.").
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

SelectAll = Callable[[Sequence[str]], Iterable[Iterable[Sequence[Any]]]]

_USUAL = """
SELECT DISTINCT v.submission_id
FROM staging.form_values AS v
JOIN catalogue.periods AS p ON p.period = v.period
JOIN catalogue.units AS u ON u.unit_id = v.unit_id AND p.end_date BETWEEN u.valid_from AND u.valid_to
LEFT JOIN meta.usual_values AS own
    ON own.unit_id = v.unit_id AND own.agency = v.agency AND own.form = v.form AND own.indicator = v.indicator
    AND own.months_count >= {months}
LEFT JOIN meta.usual_nearby AS near
    ON near.parent_id = u.parent_id AND near.agency = v.agency AND near.form = v.form AND near.indicator = v.indicator
    AND near.units_count >= {units}
WHERE COALESCE(own.usual, near.usual) IS NOT NULL
"""
NEEDS: Final[Mapping[str, str]] = {
    "the month before": """
SELECT DISTINCT s.submission_id
FROM staging.submissions AS s
JOIN catalogue.periods AS p ON p.period = s.period
JOIN core.indicator_values AS e
    ON e.period = p.previous_period AND e.unit_id = s.unit_id AND e.agency = s.agency AND e.form = s.form
WHERE e.state = 'number'
""",
    "an earlier month of the year": """
SELECT DISTINCT s.submission_id
FROM staging.submissions AS s
JOIN catalogue.periods AS p ON p.period = s.period
JOIN catalogue.periods AS earlier ON earlier.year = p.year AND earlier.period < p.period
JOIN core.indicator_values AS e
    ON e.period = earlier.period AND e.unit_id = s.unit_id AND e.agency = s.agency AND e.form = s.form
WHERE e.state IN ('number', 'nothing')
""",
    "three months, or five neighbours, that tell what is usual": _USUAL.format(months=3, units=5),
    "six months, or ten neighbours, that tell what is usual": _USUAL.format(months=6, units=10),
    "recognitions known before": """
SELECT DISTINCT s.submission_id
FROM staging.submissions AS s
JOIN core.recognitions AS e ON e.unit_id = s.unit_id
""",
}
"""What a rule can need -> a SELECT of the reports (submission_id) for which it is there."""


def met_needs(select_all: SelectAll) -> dict[str, set[str]]:
    """What is there for the reports of the batch: need -> their submission_ids."""
    answers = select_all(list(NEEDS.values()))
    return {need: {str(row[0]) for row in rows} for need, rows in zip(NEEDS, answers, strict=True)}
