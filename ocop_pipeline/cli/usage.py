"""What a mistyped command is answered: which option or command is wrong, in the language of all other answers.

The library that reads the command line says it in English only. Here: its closed set of errors in our words. Not here:
what a command itself refuses (`console.refuse`).
"""

import re
from collections.abc import Callable
from typing import Any

import typer
from typer.exceptions import TyperException

from ocop_pipeline.cli.console import USAGE, refuse


def run(app: typer.Typer) -> int:
    """Run the command line.

    Returns:
        The exit code; 2 when the command line itself is wrong, which is said on stderr.
    """
    try:
        return int(app(standalone_mode=False, prog_name="ocop") or 0)
    except typer.Abort:
        return 1
    except TyperException as error:
        explain(error)
        return USAGE


def explain(error: Any) -> None:
    """Say what is wrong with the command line.

    Args:
        error: One of the errors of the library: a missing or bad parameter, an unknown option, an option without its
            value, an unknown command, too many arguments.
    """
    command = error.ctx.command_path if getattr(error, "ctx", None) else "ocop"
    key, arguments = next(found for tell in _TELLERS if (found := tell(error)) is not None)
    refuse(key, **arguments)
    refuse("error.see_help", command=command)


_Told = tuple[str, dict[str, object]] | None


def _parameter(error: Any) -> _Told:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return None
    is_option = parameter.param_type_name == "option"
    name = parameter.opts[0] if is_option else parameter.metavar or parameter.name.upper()
    if not error.message:
        return "error.option_missing", {"name": name}
    return "error.option_value", {"name": name, "help": getattr(parameter, "help", None) or ""}


def _option(error: Any) -> _Told:
    name = getattr(error, "option_name", None)
    if name is None:
        return None
    if not hasattr(error, "possibilities"):
        return "error.option_empty", {"name": name}
    near = ", ".join(error.possibilities or ())
    return (
        ("error.option_near", {"name": name, "near": near})
        if near
        else ("error.option_unknown", {"name": name})
    )


def _command(error: Any) -> _Told:
    found = re.fullmatch(r"No such command '(?P<name>.*)'\..*", error.message, re.DOTALL)
    return ("error.command_unknown", {"name": found["name"]}) if found else None


def _arguments(error: Any) -> _Told:
    found = re.fullmatch(r"Got unexpected extra argument.*\((?P<names>.*)\)", error.message, re.DOTALL)
    return ("error.arguments_extra", {"names": found["names"]}) if found else None


def _anything(error: Any) -> _Told:
    return "error.usage", {"reason": error.format_message()}


_TELLERS: tuple[Callable[[Any], _Told], ...] = (_parameter, _option, _command, _arguments, _anything)
