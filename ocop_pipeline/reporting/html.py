"""The screen edition: a document as one self-contained HTML file.

No server, no network, no script: styles and drawings travel inside, and a content security policy forbids
everything else. Here: loading the template and what HTML needs that the document does not say (anchors, the
table of contents, drawings as data). Not here: words, figures, or any markup made from data; Jinja escapes
every value.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any, Final

import jinja2

from ocop_pipeline.paths import REPORT_TEMPLATES
from ocop_pipeline.reporting.document import Data, Document, to_data

_FOLDER = REPORT_TEMPLATES / "html"
# A column of relative width 1 is never narrower than this; below it the table scrolls in its box. Tables of a
# few columns fit a phone.
_LEAST_EM: Final = 3.4
_LEAST_EM_OF_FEW: Final = 2.8
_FEW: Final = 6
_WIDE: Final = 9  # from this many columns on a table is set smaller


def write_html(document: Document) -> str:
    """Write the document as one HTML page.

    Args:
        document: the document.

    Returns:
        A whole HTML5 file as text, the same for the same document. Every printed figure that has an id
        carries it as `data-figure`, and as `id="figure-…"` where it first appears.
    """
    data = to_data(document)
    blocks = [*data["body"], *chain.from_iterable(annex["blocks"] for annex in data["annexes"])]
    _anchor(chain.from_iterable(map(_printed, blocks)))
    for block in blocks:
        if block["type"] == "table":
            _measure(block)
    return _template().render(document=data, contents=_contents(data), words=_words())


@cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = json.loads((REPORT_TEMPLATES / "words.json").read_text(encoding="utf-8"))
    return words


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["svg_address"] = _svg_address
    return environment.get_template("document.html.j2")


def _printed(block: Data) -> Iterator[Data]:
    """Give the runs and cells of a block, each of which may print a figure, in reading order."""
    match block["type"]:
        case "paragraph":
            yield from block["runs"]
        case "bullets":
            yield from chain.from_iterable(block["items"])
        case "table":
            for row in block["rows"]:
                yield from row["cells"]


def _anchor(printed: Iterator[Data]) -> None:
    """Give each figure's first appearance its id: an HTML id must be unique, a figure may be printed twice."""
    used: set[str] = set()
    for place in printed:
        figure_id = place["figure_id"]
        place["anchor"] = f"figure-{figure_id}" if figure_id and figure_id not in used else ""
        used.add(figure_id)


def _measure(table: Data) -> None:
    """Add what only the screen needs: widths of columns, and the classes of the table and its cells."""
    columns = table["columns"]
    total = sum(column["width"] for column in columns)
    table["shares"] = [f"{column['width'] / total:.1%}" for column in columns]
    least = _LEAST_EM_OF_FEW if len(columns) <= _FEW else _LEAST_EM
    table["least_width"] = f"{total * least:.1f}em"
    for cell in chain.from_iterable(table["header"]):
        cell["names_rows"] = False
    names = next((place for place, column in enumerate(columns) if column["row_header"]), len(columns))
    # Names at the left, at most behind a number, stay in sight while the figures scroll under them.
    looks = ("wide" if len(columns) >= _WIDE else "", "pinned" if names <= 1 else "")
    table["look"] = " ".join(filter(None, looks))
    place = 0
    for cell in table["header"][0]:
        cell["names_rows"] = place == names and cell["columns"] == 1
        place += cell["columns"]
    for row in table["rows"]:
        for cell in row["cells"]:
            words = (cell["align"], "bold" if cell["bold"] else "", "mark" if cell["mark"] else "")
            cell["class"] = " ".join(filter(None, words))


def _svg_address(svg: str) -> str:
    """Carry a drawing inside an image address: an image never runs anything, whatever it holds."""
    return "data:image/svg+xml;base64," + b64encode(svg.encode("utf-8")).decode("ascii")


def _contents(data: dict[str, Any]) -> list[dict[str, Any]]:
    """List the headings of levels 1 and 2 and the annexes, with the anchors the template gives them."""
    entries = [
        {"level": block["level"], "text": block["text"], "anchor": f"body-{place}"}
        for place, block in enumerate(data["body"], start=1)
        if block["type"] == "heading" and block["level"] <= 2
    ]
    entries += [
        {
            "level": 1,
            "text": f"{_words()['annex']} {annex['number']}. {annex['title']}",
            "anchor": f"annex-{place}",
        }
        for place, annex in enumerate(data["annexes"], start=1)
    ]
    return entries
