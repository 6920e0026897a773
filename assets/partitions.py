"""One set of months for every asset. Partitioned by period only: the unit is a column, never a partition."""

from datetime import date

import dagster as dg

from ocop_pipeline.domain.periods import Period

FIRST_MONTH = Period.parse("2018-01")


def month_keys(today: date) -> list[str]:
    """Month keys from the programme's first year to the end of next year."""
    months = [FIRST_MONTH]
    while months[-1].year <= today.year + 1:
        months.append(months[-1].next())
    return [month.key for month in months[:-1]]


# Keys are our own period keys: Dagster's monthly windows would name the month 15/09–14/10 after September.
MONTHS = dg.StaticPartitionsDefinition(month_keys(date.today()))  # noqa: DTZ011 - the calendar year is enough
