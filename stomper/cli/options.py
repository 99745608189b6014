"""The options that several commands share. How they become the parameters of a run is in asked.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stomper.cli import completion

Paths = Annotated[list[str] | None, typer.Argument(help="Files or folders to look at. Default: the whole repository.")]
Changed = Annotated[
    bool, typer.Option("--changed", help="Only files with uncommitted changes, as they are now; fixes become patches.")
]
Staged = Annotated[
    bool, typer.Option("--staged", help="Only files with staged changes, as they are staged; fixes become patches.")
]
Since = Annotated[str, typer.Option(help="Only files that differ from the merge base with this commit or branch.")]
Select = Annotated[str, typer.Option(help="Aim only at these codes or prefixes, comma-separated.")]
Ignore = Annotated[str, typer.Option(help="Do not aim at these codes or prefixes, comma-separated.")]
Include = Annotated[
    list[str] | None, typer.Option(help="Only files that match this gitignore-style pattern; repeatable.")
]
Exclude = Annotated[list[str] | None, typer.Option(help="No file that matches this pattern; repeatable.")]
MaxFiles = Annotated[int | None, typer.Option(help="Repair at most so many files; the rest is counted as left out.")]
MaxErrors = Annotated[int | None, typer.Option(help="Take files until so many errors are reached.")]
Checkers = Annotated[
    str,
    typer.Option(
        help="The checkers to run, comma-separated: ruff, mypy, pytest, or a table's name.",
        autocompletion=completion.checkers,
    ),
]
AllowMissing = Annotated[bool, typer.Option("--allow-missing-checker", help="Go on without a checker that cannot run.")]
Config = Annotated[Path | None, typer.Option(help="Read the settings from this file instead of the target's.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Override any setting: key=value; repeatable.")]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=PATH",
        help="Also write a report to a file, `-` for stdout: json, sarif, junit, markdown or codequality; repeatable.",
    ),
]
NoCi = Annotated[bool, typer.Option("--no-ci", help="On GitHub Actions, write no annotations and no step summary.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log too.")]
