"""What the help looks like: sections, examples that are right, and no more width than there is."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from stomper.cli import app

ROOT: Any = get_command(app)
LEARN = ROOT.commands["learn"]
COMMANDS = [*((ROOT, name) for name in ROOT.commands if name != "learn"), *((LEARN, name) for name in LEARN.commands)]
EACH = pytest.mark.parametrize(("group", "name"), COMMANDS, ids=[name for _, name in COMMANDS])


@pytest.mark.parametrize("width", ["80", "120"])
@pytest.mark.parametrize("words", [(), ("fix",), ("check",), ("deploy",), ("settings",)], ids=" ".join)
def test_it_fits(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], width: str) -> None:
    """No line is wider than the terminal, and no type of Python stands in it."""
    monkeypatch.setenv("COLUMNS", width)
    shown = CliRunner().invoke(app, [*words, "-h"]).output
    assert max(map(len, shown.splitlines())) <= int(width)
    assert [python for python in ("<bool>", "<str>", "<list[", "Annotated") if python in shown] == []


def test_every_command_is_in_a_section() -> None:
    """The sections come in the order of what people do, and no command stands beside them."""
    sections = list(dict.fromkeys(command.rich_help_panel for command in ROOT.commands.values()))
    assert sections == ["Repair", "Look", "Learn", "Operate"]


@pytest.mark.parametrize("name", ["fix", "check"])
def test_every_flag_is_in_a_section(name: str) -> None:
    """None of the many flags is in a heap of its own."""
    command = ROOT.commands[name]
    params = command.get_params(command.make_context(name, [], resilient_parsing=True))
    assert [param.name for param in params if param.name != "paths" and not param.rich_help_panel] == []


@EACH
def test_the_example_is_right(group: Any, name: str) -> None:
    """The help of each command ends with an example, which the command line accepts."""
    command = group.commands[name]
    words = shlex.split(command.epilog.removeprefix("Example: `").removesuffix("`").partition(" >")[0])
    own = ["stomper", "learn", name] if group is LEARN else ["stomper", name]
    assert words[: len(own)] == own
    command.make_context(name, words[len(own) :])
