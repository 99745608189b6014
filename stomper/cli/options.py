"""The options that several commands share. How they become the parameters of a run is in parameters.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stomper.cli import completion
from stomper.cli.help_layout import ERRORS, FILES, OUTPUT, SETTINGS

Paths = Annotated[list[str] | None, typer.Argument(help="Files or folders to look at. Default: the whole repository.")]
Changed = Annotated[
    bool,
    typer.Option(
        "--changed",
        help="Only files with uncommitted changes, as they are now. Their fixes become patches.",
        rich_help_panel=FILES,
    ),
]
Staged = Annotated[
    bool,
    typer.Option(
        "--staged",
        help="Only files with staged changes, as they are staged. Their fixes become patches.",
        rich_help_panel=FILES,
    ),
]
OnDisk = Annotated[
    bool,
    typer.Option(
        "--on-disk",
        help="The files as they lie in the checkout, committed or not: for hooks that are given names. Their fixes become "
        "patches.",
        rich_help_panel=FILES,
    ),
]
Since = Annotated[
    str,
    typer.Option(
        metavar="COMMIT",
        help="Only files that differ from the merge base with this commit or branch (e.g. `origin/main`).",
        rich_help_panel=FILES,
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN", help="Only files that match this gitignore-style pattern; repeatable.", rich_help_panel=FILES
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN", help="No files that match this gitignore-style pattern; repeatable.", rich_help_panel=FILES
    ),
]
MaxFiles = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Stop after this many files; the rest are reported as left out (0: no limit).",
        rich_help_panel=FILES,
    ),
]
Select = Annotated[
    str,
    typer.Option(
        metavar="CODES",
        help="Only errors of these rule codes or prefixes, comma-separated (e.g. `F401,UP`).",
        rich_help_panel=ERRORS,
    ),
]
Ignore = Annotated[
    str,
    typer.Option(
        metavar="CODES", help="No errors of these rule codes or prefixes, comma-separated.", rich_help_panel=ERRORS
    ),
]
MaxErrors = Annotated[
    int | None,
    typer.Option(metavar="N", help="Select files until about this many errors are targeted.", rich_help_panel=ERRORS),
]
Checkers = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="Checkers to run, comma-separated: `ruff`, `mypy`, `pytest`, or the name of a table in the settings.",
        autocompletion=completion.checkers,
        rich_help_panel=ERRORS,
    ),
]
AllowMissing = Annotated[
    bool,
    typer.Option(
        "--allow-missing-checker",
        help="Go on without a checker that cannot run; its errors stay unknown.",
        rich_help_panel=ERRORS,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Read this settings file instead of the repository's.", rich_help_panel=SETTINGS),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override any setting (e.g. `max_attempts=3`); repeatable.",
        rich_help_panel=SETTINGS,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=OUTPUT)]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=PATH",
        help="Also write a report to a file, or to stdout (`-`): `json`, `sarif`, `junit`, `markdown` or `codequality`; "
        "repeatable.",
        rich_help_panel=OUTPUT,
    ),
]
NoCi = Annotated[
    bool,
    typer.Option(
        "--no-ci", help="On GitHub Actions, write no annotations and no step summary.", rich_help_panel=OUTPUT
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log, too.", rich_help_panel=OUTPUT)]
