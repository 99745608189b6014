"""Calls of git's plumbing, for where bytes and speed matter: it is light to import, and knows nothing of the repository."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stomper.errors import RepositoryError
from stomper.git import command_line
from stomper.system import processes

TIMEOUT_S = 600.0
AS_PATCH = (
    "--patch", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
    "--ignore-submodules=none",
)  # fmt: skip
"""For plumbing, which `diff.noprefix` and the like do not change: a patch that `git apply` takes, byte for byte."""
WHOLE_INDEX = ("-c", "core.splitIndex=false", "-c", "index.sparse=false")
"""For writing a copy of the user's index: else a shared index, or the trees of a sparse one, would be written into their
`.git`."""


def git(
    arguments: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    ok: Iterable[int] = (0,),
) -> bytes:
    """Run git and return its stdout. Raises RepositoryError with git's own words for an exit code not in *ok*."""
    done = attempt(arguments, cwd=cwd, stdin=stdin, env=env)
    if done.returncode not in ok or done.timed_out:
        raise RepositoryError(f"git {_verb(arguments)} failed in {cwd}: {done.complaint or f'exit {done.returncode}'}")
    return done.stdout


def attempt(
    arguments: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> processes.Finished:
    """Run git and return how it ended, for a caller that reads that itself. Raises RepositoryError when it says too much."""
    argv = command_line.command(arguments)
    full_env = {**command_line.environment(), **(env or {})}
    done = processes.run(argv, cwd=cwd, timeout_s=timeout_s, env=full_env, stdin=stdin)
    if done.overflowed:
        raise RepositoryError(f"git {_verb(arguments)} printed more than {processes.CAPTURE_LIMIT >> 20} MB in {cwd}")
    return done


def _verb(arguments: Sequence[str]) -> str:
    """Which of git's commands it is, after the configuration that is given with it."""
    return _verb(arguments[2:]) if arguments[0] == "-c" else arguments[0]


def text(arguments: Sequence[str], *, cwd: Path, ok: Iterable[int] = (0,)) -> str:
    """Like git(), as one stripped line of text."""
    return os.fsdecode(git(arguments, cwd=cwd, ok=ok)).strip()


def names(listing: bytes) -> list[str]:
    """The names of a `-z` listing, as git spells them."""
    return [os.fsdecode(name) for name in listing.split(b"\0") if name]
