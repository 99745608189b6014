"""What a checker is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from stomper.config.settings import CheckerSettings
from stomper.environment.python import Environment
from stomper.errors import CheckerError
from stomper.models import Diagnostic
from stomper.system import processes
from stomper.system.processes import Finished

# Of a command line; what a system has room for is a megabyte at least. Each name has a pointer and an end beside it.
_ARGV_BYTES, _EACH_BYTES = 250_000, 11


@dataclass(frozen=True)
class CheckerContext:
    """What every checker is made from. *cache* is a folder of the run's own, outside every worktree; what lies in
    *lasting* is there again in the next run over the same repository, and no other run uses it now."""

    name: str
    settings: CheckerSettings
    environment: Environment
    timeout_s: float
    cache: Path
    lasting: Path
    test_command: str = ""
    select: tuple[str, ...] = ()
    """The codes that the run is to aim at; empty for all."""


class Checker(Protocol):
    """Runs one tool and reads what it says."""

    name: str
    whole_program: bool
    """Whether a verdict about one file needs the run over all of them."""

    def describe(self) -> tuple[str, str]:
        """(version, where it was found). Raises CheckerError when it is missing."""
        ...

    def check(self, tree: Path, paths: Sequence[str] = ()) -> list[Diagnostic]:
        """The errors in *tree*, or in *paths* of it, with paths relative to it. Raises CheckerError: never guess."""
        ...


@runtime_checkable
class Noting(Protocol):
    """A checker that may have something to say of how it is set up."""

    def note(self, tree: Path) -> str:
        """Return what people are to know of how *tree* is checked, in a line; empty where it is as they expect."""
        ...


def relative(tree: Path, name: str) -> str:
    """*name* as the tool spelled it, relative to *tree* as git spells it. Raises CheckerError for a path outside."""
    # Not resolve(): a file behind a link is the link's name to git.
    path = Path(os.path.normpath(tree / name))
    try:
        return path.relative_to(tree).as_posix()
    except ValueError:
        try:
            return path.resolve().relative_to(tree.resolve()).as_posix()
        except ValueError:
            raise CheckerError(f"a checker reported {name}, which is outside the tree it was given") from None


def in_argv(paths: Sequence[str]) -> list[Sequence[str]]:
    """*paths* in parts that have room on a command line."""
    parts: list[Sequence[str]] = []
    start = size = 0
    for number, path in enumerate(paths):
        size += len(os.fsencode(path)) + _EACH_BYTES
        if size > _ARGV_BYTES and number > start:
            parts.append(paths[start:number])
            start, size = number, len(os.fsencode(path)) + _EACH_BYTES
    return [*parts, paths[start:]] if paths else parts


def run_program(context: CheckerContext, tree: Path) -> Finished:
    """Run the configured `command` in *tree*. Linters end with all kinds of small codes; what they print is the judge.

    Raises CheckerError when it is missing, timed out, printed too much, or ended like something that never ran."""
    command = context.environment.in_place(context.settings.command)
    environment = context.environment.tool_variables(tree)
    try:
        done = processes.run(command, cwd=tree, timeout_s=context.timeout_s, env=environment)
    except processes.ProgramMissing as error:
        raise CheckerError(f"checker {context.name}: {error}") from None
    refuse(context.name, done, context.timeout_s, range(126))
    return done


def refuse(name: str, done: Finished, timeout_s: float, allowed: Sequence[int]) -> None:
    """Raise CheckerError when *done* is no verdict: timed out, too much output, or an exit code that is not allowed."""
    if done.timed_out:
        raise CheckerError(
            f"{name} took more than {timeout_s:g} s: raise checker_timeout_s or [checkers.{name}] timeout_s"
        )
    if done.overflowed:
        raise CheckerError(f"{name} printed more than can be read: narrow it with [checkers.{name}] args")
    if done.returncode not in allowed:
        raise CheckerError(f"{name} failed with exit code {done.returncode}: {done.complaint or 'it said nothing'}")
