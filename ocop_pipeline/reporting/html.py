"""The screen edition: a document as one self-contained HTML file.

No server, no network, no script: styles and drawings travel inside, and a content security policy forbids
everything else. Here: loading the template and what HTML needs that the document does not say (anchors, the
table of contents, drawings as data). Not here: words, figures, or any markup made from data; Jinja escapes
every value.
"""

import json
from base64 import b64encode
from functools import cache
from typing import Any

import jinja2

from ocop_pipeline.paths import REPORT_TEMPLATES
from ocop_pipeline.reporting.document import Document, to_json

_FOLDER = REPORT_TEMPLATES / "html"


class _Anchors:
    """Hands out each figure's id once: an HTML id must be unique, a figure may be printed twice."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def first(self, figure_id: str) -> str:
        """Give the anchor at the figure's first appearance, "" at every later one."""
        if figure_id in self._used:
            return ""
        self._used.add(figure_id)
        return f"figure-{figure_id}"


def write_html(document: Document) -> str:
    """Write the document as one HTML page.

    Args:
        document: the document.

    Returns:
        A whole HTML5 file as text, the same for the same document. Every printed figure that has an id
        carries it as `data-figure`, and as `id="figure-…"` where it first appears.
    """
    data = json.loads(to_json(document))
    return _template().render(
        document=data,
        contents=_contents(data),
        words=_words(),
        anchors=_Anchors(),
    )


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
