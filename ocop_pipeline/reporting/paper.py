"""The paper edition: a document as PDF, set by Typst from the document's JSON.

Here: the one compiler of the process and the standards the file keeps. Not here: layout (that is
`report_templates/typst/document.typ`) or words. Typst sees only the bundled Tinos faces, no system fonts and
no network; data reaches it as JSON and is never markup.
"""

import datetime as dt
from functools import cache
from threading import Lock
from typing import Final

import typst

from ocop_pipeline.paths import REPORT_TEMPLATES
from ocop_pipeline.reporting.document import Document, to_json

# PDF/A-2a: archivable, text readable by machines; PDF/UA-1: readable with a screen reader.
STANDARDS: Final = ("a-2a", "ua-1")

_FONTS = REPORT_TEMPLATES / "fonts"
_TEMPLATE = REPORT_TEMPLATES / "typst" / "document.typ"
_ONE_AT_A_TIME = Lock()  # a compiler keeps the inputs of its last run; two threads would mix documents


class PaperError(RuntimeError):
    """Typst refused the document; the message says where and why."""


def write_pdf(document: Document) -> bytes:
    """Set the document as PDF/A-2a and PDF/UA-1.

    Equal documents give equal bytes: the file's date is the document's day of drafting, not the clock.

    Args:
        document: the document.

    Returns:
        The PDF file.

    Raises:
        PaperError: Typst could not set it (a defect of ours or a damaged installation, not of the data).
    """
    drafted = dt.datetime.combine(document.created, dt.time(), tzinfo=dt.UTC)
    try:
        with _ONE_AT_A_TIME:
            pdf = _compiler().compile(
                format="pdf",
                sys_inputs={"document": to_json(document)},
                pdf_standards=list(STANDARDS),
                timestamp=drafted,
            )
    except typst.TypstError as error:
        raise PaperError(
            f"{document.title!r} could not be set: {error.diagnostic or error.message}"
        ) from error
    if not isinstance(pdf, bytes):
        raise PaperError(f"{document.title!r}: Typst gave {type(pdf).__name__} instead of one PDF file")
    return pdf


@cache
def _compiler() -> typst.Compiler:
    """Start the process's one compiler (0.1 s); it keeps the faces and the template in memory."""
    faces = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_FONTS)])
    return typst.Compiler(input=str(_TEMPLATE), root=str(REPORT_TEMPLATES), font_paths=faces)


def faces() -> list[str]:
    """Name the families the paper edition can set type in (an installation has exactly "Tinos")."""
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_FONTS)])
    return sorted(set(found.families()))
