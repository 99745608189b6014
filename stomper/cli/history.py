"""The commands about earlier runs: `undo` and `runs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def undo(
    run: Annotated[str, typer.Argument(help="The run, as `stomper runs` and the commits' trailers name it.")],
    file: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Only commits that touch this file; repeatable.")
    ] = None,
    code: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Only commits that fixed this rule code or prefix; repeatable."),
    ] = None,
    agent: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only commits of this agent; repeatable.")
    ] = None,
) -> None:
    """Take back what a run landed, by reverting its commits.

    There is a revert for each of its commits on the current branch, or for none of them. They are known by what they say
    and change, also after a rebase or a cherry-pick. Merges and empty commits that name the run are left as they are.

    Exit code 0: taken back. 2: refused, because later commits build on it or files have uncommitted changes.
    """
    from stomper import progress
    from stomper.landing.undo import Wanted, undo
    from stomper.reports.terminal import plain_lines

    wanted = Wanted(run, tuple(file or ()), tuple(code or ()), tuple(agent or ()))
    with progress.listening(plain_lines(lambda line: sys.stderr.write(f"{line}\n"))):
        done = undo(Path.cwd(), wanted)
    for entry in done.reverts:
        sys.stdout.write(f"{entry.commit[:8]}  {entry.subject}\n")
    for words in done.passed_over:
        sys.stderr.write(f"{words}\n")


def runs() -> None:
    """List the last runs over this repository.

    For each its id, when it began and what it came to.
    """
    from stomper.git.repository import open_target
    from stomper.run.history import past
    from stomper.state.paths import home
    from stomper.state.store import Store

    for run_id, began, words in past(Store(home()), open_target(Path.cwd())):
        sys.stdout.write(f"{run_id}  {began}  {words}\n")
