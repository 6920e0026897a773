"""Report text: Jinja templates in, paragraphs and bullets out, every figure still tied to its id.

Here: the environment, its filters and the reading of what it renders. Not here: which text stands where (the
report's specification), what the figures are, or any sentence (those are templates).

Templates are plain text: a blank line ends a paragraph, a line that begins with "- " is a bullet. Inside,
Jinja's autoescape separates our words from data: data can make neither a paragraph nor a bullet nor a figure.
A bare number is refused, so that every number goes through a filter of `formats`.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from ocop_pipeline.reporting import formats
from ocop_pipeline.reporting.document import Block, Bullets, Paragraph, Run, Text, legible
from ocop_pipeline.reporting.readings import Amount

_FIGURE: Final = re.compile(r'<f id="([^"]*)">(.*?)</f>')
_WHITE_SPACE: Final = re.compile(r"[ \n]+")
_BULLET: Final = "- "


class WordingError(ValueError):
    """A template printed something it must not; the message names the template."""


def paragraphs(templates: tuple[Path, ...], name: str, context: Mapping[str, Any]) -> list[Block]:
    """Render a template into blocks.

    Args:
        templates: Folders searched for the template, first found first taken.
        name: Its path below such a folder, for example "province_month/opening.txt.j2".
        context: What the template may use.

    Returns:
        Paragraphs and bullet lists, in order; none for a template that renders to nothing.

    Raises:
        WordingError: an undefined name, a number not written through a filter, a missing template.
    """
    rendered = _render(templates, name, context)
    blocks: list[Block] = []
    for chunk in re.split(r"\n\s*\n", rendered):
        blocks.extend(_blocks_of(chunk))
    return blocks


def line(templates: tuple[Path, ...], source: str, context: Mapping[str, Any]) -> str:
    """Render a one-line template given as text (a title, a heading) to plain text.

    Raises:
        WordingError: as `paragraphs`.
    """
    try:
        rendered = _environment(templates).from_string(source).render(context)
    except (jinja2.TemplateError, TypeError) as error:
        raise WordingError(f"{source!r}: {error}") from error
    return " ".join(html.unescape(_FIGURE.sub(r"\2", rendered)).split())


def _render(templates: tuple[Path, ...], name: str, context: Mapping[str, Any]) -> str:
    try:
        return _environment(templates).get_template(name).render(context)
    except (jinja2.TemplateError, TypeError) as error:
        raise WordingError(f"{name}: {error}") from error


def _blocks_of(chunk: str) -> Iterator[Block]:
    """Read one stretch without blank lines: neighbouring lines of running text are one paragraph."""
    lines = filter(None, map(str.strip, chunk.split("\n")))
    for is_list, group in groupby(lines, key=lambda each: each.startswith(_BULLET)):
        if is_list:
            yield Bullets(tuple(_runs(each.removeprefix(_BULLET)) for each in group))
        else:
            yield Paragraph(_runs(" ".join(group)))


def _runs(text: str) -> Text:
    """Split rendered text at its figures; text without any stays plain."""
    runs: list[Run] = []
    end = 0
    for match in _FIGURE.finditer(text):
        if text[end : match.start()]:
            runs.append(Run(html.unescape(text[end : match.start()])))
        runs.append(Run(html.unescape(match[2]), figure_id=html.unescape(match[1])))
        end = match.end()
    if not runs:
        return html.unescape(text)
    if text[end:]:
        runs.append(Run(html.unescape(text[end:])))
    return tuple(runs)


@cache
def _environment(templates: tuple[Path, ...]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "amount": amount,
        "bare": bare,
        "counted": counted,
        "percentage": percentage,
        "day": formats.short_date,
        "long_day": formats.long_date,
        "period_name": formats.period,
        "listed": listed,
        "lower_first": lower_first,
        "plain": formats.number,
        "points": lambda value: formats.number(value, 1),
    }
    return environment


def _finalize(value: Any) -> Any:
    """Let through our own markup; make data one legible line; refuse numbers that no filter has written."""
    if isinstance(value, jinja2.Undefined) or hasattr(value, "__html__"):
        return value
    if isinstance(value, str):
        return _WHITE_SPACE.sub(" ", legible(value))
    raise TypeError(f"{value!r} is printed without a filter")


def amount(value: Amount) -> Markup:
    """Write an amount with its unit, tied to its figure: "04 sản phẩm", "1.234,5 triệu đồng", "66,7%"."""
    if value.unit == "%":
        return _figure(value, formats.percent(value.value, trim=True))
    return _figure(value, f"{_number(value)} {value.unit}")


def bare(value: Amount) -> Markup:
    """Write an amount without its unit, tied to its figure."""
    return _figure(value, _number(value))


def _number(value: Amount) -> str:
    if value.unit not in formats.DECIMALS and value.value == value.value.to_integral_value():
        return formats.count(int(value.value))
    return formats.quantity(value.value, value.unit)


def _figure(value: Amount, text: str) -> Markup:
    return Markup('<f id="{}">{}</f>').format(value.figure_id, text)


def counted(value: int) -> str:
    """Write a count of our own (reports, names, targets): "04", "118", "0"."""
    return formats.count(value)


def percentage(value: Decimal | int) -> str:
    """Write a percentage: "66,7%", "100%"."""
    return formats.percent(value, trim=True)


def share(part: int, whole: int) -> str:
    """Write part of whole as a percentage that is 0% or 100% only when it is exactly so.

    Raises:
        ZeroDivisionError: the whole is nought.
    """
    exact = Decimal(part) * 100 / Decimal(whole)
    shown = formats.percent(exact, trim=True)
    if part < whole and shown == "100%":
        return formats.percent(Decimal("99.9"))
    return formats.percent(Decimal("0.1")) if part and shown == "0%" else shown


def lower_first(text: str) -> str:
    """Write a name as in the middle of a sentence; capitals that belong to it ("HTX", "UBND") stay."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def listed(names: Sequence[str], limit: int | None = None) -> str:
    """Write names as a list: "A; B; C" (names of departments hold commas); at most `limit` of them."""
    return "; ".join(names if limit is None else names[:limit])
