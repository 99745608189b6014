"""The commands that show how Stomper works: `prompt`, `graph` and `version`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stomper import __version__
from stomper.cli import completion
from stomper.cli.options import AllowMissing, Checkers, Config, Ignore, Select, Set


def prompt(
    file: Annotated[str, typer.Argument(help="The file whose errors are to be repaired.")],
    select: Select = "",
    ignore: Ignore = "",
    checkers: Checkers = "",
    allow_missing_checker: AllowMissing = False,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="How to ask: `terse`, `rules`, `examples` or `context`. Default: as `fix` would.",
            autocompletion=completion.strategy,
        ),
    ] = "",
    config: Config = None,
    set_: Set = None,
) -> None:
    """Print what an agent would be told about a file. Calls nobody.

    It is the prompt for the first agent that reads prompts, with all errors of the file, also those that ruff would
    repair before that agent is asked. A template of your own in `.stomper/prompts/fix.md.j2` replaces Stomper's; advice
    about a rule goes into `.stomper/advice/TOOL/CODE.md`. Changes nothing.

    Exit code 0: printed. 1: there is nothing to repair in it. 2: a checker could not say.
    """
    given = {**locals(), "paths": [file], "land": "patch"}
    from stomper.checkers.verify import read_from
    from stomper.cli.parameters import parameters_of
    from stomper.run.open import open_session

    session = open_session(parameters_of(given), only_check=True)
    try:
        session.collect()
        jobs, _ = session.select()
        with session.pool.lease(session.base) as tree:
            for job in jobs:
                source = (read_from(tree.path, job.path) or b"").decode("utf-8", errors="replace")
                sys.stdout.write(session.prompt(job, source, tree.path, session.first_way(job)).text + "\n")
    finally:
        session.close()
    if not jobs:
        sys.stderr.write(f"nothing to repair in {file}\n")
    raise typer.Exit(0 if jobs else 1)


def graph() -> None:
    """Print the workflow as a Mermaid diagram."""
    from importlib.resources import files

    sys.stdout.write((files("stomper") / "reports" / "workflow.mmd").read_text(encoding="utf-8"))


def version() -> None:
    """Print Stomper's version."""
    sys.stdout.write(f"stomper {__version__}\n")
