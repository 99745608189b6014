"""How the help is laid out: the sections of flags, and what typer leaves in the way."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

FILES = "Which files"
ERRORS = "Which errors"
AGENTS = "Agents and tests"
LANDING = "Landing"
SETTINGS = "Settings"
OUTPUT = "Output"
_COMPLETION = "Shell completion"
_OF_TYPER = {"install_completion": _COMPLETION, "show_completion": _COMPLETION}


def example(command: str) -> str:
    """Return the last line of the help of a command."""
    return f"Example: `{command}`"


def _laid_out(params: list[Any]) -> list[Any]:
    """The parameters of a command, without the types of Python and with a section for each flag."""
    *own, help_flag = params
    for param in params:
        if param.param_type_name == "argument":
            param.display_type_rich = _no_type
        elif getattr(param, "is_flag", False):
            param.metavar = ""  # typer would write <bool>
        if param.name in _OF_TYPER:
            param.rich_help_panel = _OF_TYPER[param.name]
    if OUTPUT in {getattr(param, "rich_help_panel", None) for param in own}:
        help_flag.rich_help_panel = OUTPUT  # alone in a section, it would come before all others
    return params


def _no_type(**_: Any) -> str:
    return ""


class Command(TyperCommand):
    """A command whose help is laid out."""

    def get_params(self, ctx: Any) -> Any:
        """Return its parameters, in the order of the help."""
        return _laid_out(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose help is laid out."""

    def get_params(self, ctx: Any) -> Any:
        """Return its own parameters, in the order of the help."""
        return _laid_out(super().get_params(ctx))
