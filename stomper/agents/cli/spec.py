"""A row of the table of coding agents: how one is started, what it is given and how it answers.

These words are replaced in `argv`, `end`, `variables` and `files`: {file}, {prompt_file}, {state} (the folder of the call),
{model}, {plain_model} (as the settings have it), {base_url}, {turns}, {budget}, {key} (the name of the variable that holds
the key), and in `files` {prompt}."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from stomper.agents.cli.output import Reading

Need = Literal["key", "login", "model", "base_url", "budget"]


@dataclass(frozen=True)
class Extra:
    """What is added where something is set: a key found or a login in its place, a model, an address, a limit of money."""

    argv: tuple[str, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """A row of the table."""

    title: str
    executable: str
    install: str
    keys: tuple[str, ...]
    """The variables that may hold its key; the first is the usual one."""
    argv: tuple[str, ...]
    reading: Reading
    tried: str = ""
    """The version whose behaviour was measured; empty for a row written from its documentation."""
    when: Mapping[Need, Extra] = field(default_factory=dict)
    end: tuple[str, ...] = ()
    """After the arguments of the settings."""
    prompt: Literal["stdin", "file"] = "stdin"
    variables: Mapping[str, object] = field(default_factory=dict)
    hands_on: tuple[str, ...] = ()
    """What of the caller's environment it gets beside its keys, where that is set."""
    files: Mapping[str, object] = field(default_factory=dict)
    """Written in the state folder first: text as it is, anything else as JSON."""
    logins: Mapping[str, str] = field(default_factory=dict)
    """Where in HOME its login lies, and where in the state folder it looks for it."""
    litter: tuple[str, ...] = ()
    """Patterns of what it leaves in the worktree: removed, or put back if it was there."""
    names: Callable[[str, bool], str] = lambda model, _: model
    """How it wants to have a model named; with an address of the user's own when the second is true."""
    own_key: str = ""
    """The variable for the key of an address of the user's own, where it is another than the first."""
    model_from: str = ""
    """For one that cannot choose a model itself: the variable that names it where the settings do not."""
