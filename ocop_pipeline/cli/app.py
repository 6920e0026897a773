"""The command tree and its entry point."""

import logging
import sys
from typing import Annotated

import typer

from ocop_pipeline.catalogue.messages import LANGUAGES, load_messages
from ocop_pipeline.cli import (
    deliveries,
    figures,
    machine,
    months,
    plans,
    register,
    register_import,
    register_imports,
    review,
    templates,
    unit_check,
    unit_parts,
    unit_rehearsal,
    units,
)
from ocop_pipeline.cli.console import Language, help_of, refuse
from ocop_pipeline.cli.usage import run

app = typer.Typer(
    name="ocop",
    help=help_of("app"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
units_app = typer.Typer(help=help_of("units"), no_args_is_help=True)
app.add_typer(units_app, name="units")
plans_app = typer.Typer(help=help_of("plan"), no_args_is_help=True)
app.add_typer(plans_app, name="plan")
months.register(app)
figures.register(app)
units.register(units_app)
unit_check.register(units_app)
unit_rehearsal.register(units_app)
unit_parts.register(units_app)
templates.register(app)
review.register(app)
deliveries.register(app)
register.register(app)
register_import.register(register.register_app)
register_imports.register(register.register_app)
machine.register(app)
plans.register(plans_app)


@app.callback()
def options(
    lang: Annotated[str, typer.Option("--lang", help=load_messages().both("help.option.lang"))] = LANGUAGES[
        0
    ],
) -> None:
    """Options of every command."""
    if lang not in LANGUAGES:
        raise refuse("help.option.lang")
    Language.chosen = lang


def main() -> None:
    """Run the command line. Output is UTF-8 whatever the locale, because names are Vietnamese."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    shown = logging.StreamHandler()
    shown.setLevel(logging.WARNING)  # of the handler, too: libraries lower their own loggers as they please
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", handlers=[shown])
    sys.exit(run(app))
