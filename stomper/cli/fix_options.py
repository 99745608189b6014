"""The options that `fix` alone has: who repairs, what proves it, and where it goes."""

from __future__ import annotations

from typing import Annotated

import typer

from stomper.cli import completion
from stomper.cli.help_layout import AGENTS, LANDING

Agents = Annotated[
    str,
    typer.Option(
        "--agents",
        "--agent",
        metavar="NAMES",
        help="Agents to try, in order, comma-separated (e.g. `ruff,claude`).",
        autocompletion=completion.agents,
        rich_help_panel=AGENTS,
    ),
]
MaxParallelFiles = Annotated[
    int | None, typer.Option(metavar="N", help="Repair this many files at once.", rich_help_panel=AGENTS)
]
TestValidation = Annotated[
    str,
    typer.Option(
        metavar="WHEN",
        help="When tests run: `full` (whole suite for each file), `quick` (affected tests for each file), `final` "
        "(once, on the combined result), `none`.",
        autocompletion=completion.test_validation,
        rich_help_panel=AGENTS,
    ),
]
TestCommand = Annotated[
    str,
    typer.Option(
        metavar="COMMAND",
        help="How to run the tests, without a shell (e.g. `python -m pytest tests`).",
        rich_help_panel=AGENTS,
    ),
]
Land = Annotated[
    str,
    typer.Option(
        metavar="WHERE",
        help="Where proven fixes go: `commit` (on the current branch), `branch` (a new one), `patch` (files only), "
        "`pr` (pull requests).",
        autocompletion=completion.land,
        rich_help_panel=LANDING,
    ),
]
AllowUnproven = Annotated[
    bool,
    typer.Option(
        "--allow-unproven",
        help="Land also fixes with less evidence than they need (e.g. a model's change of logic, and no tests).",
        rich_help_panel=LANDING,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Prove the fixes, print them as diffs on stdout, land nothing.", rich_help_panel=LANDING
    ),
]
